//! What a KNIRVQL statement says, as plain data.
//!
//! The tree holds what was written and resolves nothing: paths are not columns yet, parameters have no types. Text that
//! may be a secret is marked as such by the parser ([`AstText::secret`]); neither `Debug` nor `Display` ever shows it.

use std::fmt;

use crate::error::{Error, Result};
use crate::expr::Arithmetic;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub enum KnirvqlStatement {
    GetMemory(GetMemory),
    GetAuth { condition: Condition },
    SetAuth { key: Bindable<AstText>, value: Bindable<AstText> },
    SetMemory(SetMemory),
    UpdateMemory(UpdateMemory),
    Delete(Delete),
    Stage(AstStage),
    Revert(Revert),
    CreateNetwork { network: String, options: Vec<NetworkOption> },
    JoinNetwork { network: String, addresses: Vec<String>, options: Vec<NetworkOption> },
    LeaveNetwork { network: String },
    AlterNetwork { network: String, change: NetworkChange },
    AttachCollection { collection: String, network: String, options: Vec<NetworkOption> },
    DetachCollection { collection: String, network: String },
    Sync { network: Option<String> },
    Show(Show),
    Describe { collection: String },
    Help { topic: Option<String> },
    Explain { analyze: bool, statement: Box<KnirvqlStatement> },
}

/// GET MEMORY; COUNT MEMORY is one of `count(*)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetMemory {
    /// The wanted columns; empty means all, of groups what they are grouped by and how many entries they have.
    pub fields: Vec<AstField>,
    pub collection: Option<String>,
    pub condition: Option<Condition>,
    pub similar: Option<Similar>,
    /// What groups are grouped by.
    pub groups: Vec<Path>,
    pub order: Vec<OrderKey>,
    pub limit: Option<Bindable<u64>>,
    pub offset: Option<Bindable<u64>>,
}

/// One column of FIELDS or RETURNING.
#[derive(Clone, Debug, PartialEq)]
pub enum AstField {
    All,
    Named {
        value: AstFieldValue,
        /// What AS calls it.
        name: Option<String>,
    },
}

/// What a column of a result shows, or an order is by.
#[derive(Clone, Debug, PartialEq)]
pub enum AstFieldValue {
    Path(Path),
    Aggregate(AstAggregate),
}

/// An aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct AstAggregate {
    pub function: AstAggregateFunction,
    pub is_distinct: bool,
    /// `None` for `*`.
    pub path: Option<Path>,
}

/// What is computed of the entries of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AstAggregateFunction {
    Count,
    Sum,
    Average,
    Min,
    Max,
}

/// SIMILAR TO with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    pub vector: VectorSource,
    pub metric: Option<AstMetric>,
    /// The greatest distance of a result.
    pub within: Option<Bindable<f64>>,
    /// The width of the search.
    pub ef: Option<Bindable<u64>>,
}

/// Where the vector of SIMILAR TO comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum VectorSource {
    Components(Vec<f32>),
    Parameter(u16),
    /// The vector of the entry with this id.
    Entry(Bindable<AstText>),
}

/// The distance of USING.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AstMetric {
    Cosine,
    L2,
    InnerProduct,
    L1,
}

/// One key of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderKey {
    pub value: AstFieldValue,
    pub descending: bool,
}

/// SET MEMORY and INSERT MEMORY.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetMemory {
    pub collection: Option<String>,
    pub mode: SetMode,
    /// At least one.
    pub entries: Vec<AstEntry>,
    /// What RETURNING shows; empty where nothing is shown.
    pub returning: Vec<AstField>,
}

/// What becomes of an entry that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetMode {
    /// The named parts are replaced.
    #[default]
    Parts,
    /// The named facts and parts are replaced.
    Merge,
    /// Nothing of it stays.
    Replace,
    /// The statement fails.
    Insert,
    /// It stays as it is.
    InsertIfAbsent,
}

/// The parts of an entry that were named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AstEntry {
    /// A text, a number or a parameter.
    pub id: Option<Literal>,
    pub metadata: Option<Bindable<serde_json::Map<String, serde_json::Value>>>,
    pub vector: Option<Bindable<Vec<f32>>>,
    pub blob: Option<Bindable<Vec<u8>>>,
}

/// UPDATE MEMORY.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateMemory {
    pub collection: Option<String>,
    pub assignments: Vec<Assignment>,
    pub unset: Vec<Path>,
    pub condition: Condition,
    /// What RETURNING shows; empty where nothing is shown.
    pub returning: Vec<AstField>,
}

/// A part or a place with its new value.
#[derive(Clone, Debug, PartialEq)]
pub enum Assignment {
    /// `None` for NULL.
    Vector(Option<Bindable<Vec<f32>>>),
    /// `None` for NULL.
    Blob(Option<Bindable<Vec<u8>>>),
    Path(Path, AstExpression),
}

/// A value that is computed of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum AstExpression {
    Literal(Literal),
    /// An object or an array.
    Json(serde_json::Value),
    Path(Path),
    Arithmetic {
        operator: Arithmetic,
        left: Box<AstExpression>,
        right: Box<AstExpression>,
    },
    /// Of two or more.
    Coalesce(Vec<AstExpression>),
}

/// DELETE.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// MEMORY or AUTH, where one was written.
    pub entry_type: Option<AstEntryType>,
    pub collection: Option<String>,
    pub condition: Condition,
    /// What RETURNING shows; empty where nothing is shown.
    pub returning: Vec<AstField>,
}

/// The two types of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AstEntryType {
    Memory,
    Auth,
}

/// STAGE and UNSTAGE.
#[derive(Clone, Debug, PartialEq)]
pub struct AstStage {
    /// False for UNSTAGE.
    pub staged: bool,
    pub collection: Option<String>,
    pub condition: Condition,
    pub network: Option<String>,
    /// Of STAGE: only what would leave is shown.
    pub dry_run: bool,
}

/// REVERT.
#[derive(Clone, Debug, PartialEq)]
pub struct Revert {
    pub collection: Option<String>,
    pub condition: Condition,
}

/// What ALTER NETWORK changes.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkChange {
    /// By its id.
    RemovePeer(String),
    /// `None` for a random one.
    RotateSecret(Option<AstText>),
    /// By its id.
    AddOwner(String),
    DropOwner(String),
    ExcusePeer(String),
    RevertPeer {
        peer: String,
        /// A time as SQL writes it.
        since: String,
    },
    /// Rights to the entries of a collection.
    Collection {
        collection: String,
        options: Vec<NetworkOption>,
    },
    /// Another device of the same person, by its id.
    LinkPeer(String),
    UnlinkPeer(String),
    AllowDrop,
    Set(Vec<NetworkOption>),
}

/// One `name = value` of WITH or SET; the name is in lower case.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkOption {
    pub name: String,
    /// Never null and never a parameter.
    pub value: Literal,
}

/// What SHOW lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    Networks,
    Peers,
    Sync,
    Collections,
}

/// A condition. `And` and `Or` hold at least two members.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        path: Path,
        operator: AstComparison,
        value: Literal,
    },
    In {
        path: Path,
        values: Vec<Literal>,
    },
    /// One of the values that a GET of one field gives.
    InQuery {
        path: Path,
        query: Box<GetMemory>,
    },
    IsNull {
        path: Path,
        negated: bool,
    },
}

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AstComparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Contains,
    StartsWith,
    Matches,
}

/// A column, or a place inside one. Equal paths are written the same way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    pub root: String,
    pub steps: Vec<Step>,
}

/// One level down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Field(String),
    /// Counted from 0.
    Index(u32),
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is no `i64`, as a numeral that is finite as an `f64`, so that decimals lose nothing.
    Number(String),
    Text(AstText),
    /// `$n`, counted from 1.
    Parameter(u16),
}

/// A value that a parameter may stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum Bindable<T> {
    Value(T),
    /// `$n`, counted from 1.
    Parameter(u16),
}

/// A text that may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AstText {
    pub value: String,
    /// Neither `Debug` nor `Display` shows the value.
    pub secret: bool,
}

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

impl AstText {
    /// A text that may be shown.
    pub fn open(value: impl Into<String>) -> Self {
        AstText { value: value.into(), secret: false }
    }

    /// A text that must not be shown.
    pub fn secret(value: impl Into<String>) -> Self {
        AstText { value: value.into(), secret: true }
    }
}

impl NetworkOption {
    /// An option by its name in any case. Under a name that speaks of a secret the value is one.
    ///
    /// # Errors
    /// 42601 for a secret that is no text: its number would be shown.
    pub fn new(name: &str, mut value: Literal) -> Result<Self> {
        let name = name.to_ascii_lowercase();
        let is_secret = ["secret", "pass", "key", "token"].iter().any(|word| name.contains(word));
        match &mut value {
            Literal::Text(text) => text.secret |= is_secret,
            _ if is_secret => {
                let error = Error::syntax(format!("the option {name} takes a text"), None);
                return Err(error.with_hint("Put the value in quotes."));
            }
            _ => {}
        }
        Ok(NetworkOption { name, value })
    }
}

impl fmt::Debug for AstText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str(REDACTED) } else { write!(f, "{:?}", self.value) }
    }
}

impl<T> Bindable<T> {
    /// The number of the parameter, where there is one.
    pub fn parameter(&self) -> Option<u16> {
        match self {
            Bindable::Value(_) => None,
            Bindable::Parameter(number) => Some(*number),
        }
    }
}

impl Path {
    /// A path of one name.
    pub fn column(name: impl Into<String>) -> Self {
        Path { root: name.into(), steps: Vec::new() }
    }
}
