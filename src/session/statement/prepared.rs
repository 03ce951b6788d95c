//! Prepared statements: parsed and planned once, run by each Execute.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::db::NamedStatement;
use crate::metrics::StatementKind;
use crate::model::{OutputColumn, Reservation};
use crate::session::statement::script::{HIDDEN, Parsed};
use crate::sql;
use crate::statement::Planned;
use crate::types::ColumnType;
use crate::types::limits::{STATEMENT_BLANKS_MAX, STATEMENT_TOKENS_MAX};

/// Bytes of memory that a statement takes besides its text and its parts.
const STATEMENT_BYTES: usize = 2 * 1024;
/// Bytes that each expression and value takes in the tree and in the plan, as measured on long lists of literals.
const PART_BYTES: usize = 500;
/// Bytes that a statement takes for each byte of its text: the text, and the values in it.
const TEXT_FACTOR: usize = 3;
/// Of these, what the tree takes by itself.
const TREE_PART_BYTES: usize = 250;
const TREE_TEXT_FACTOR: usize = 2;
/// Bytes that each token takes while a text is read, as measured.
const TOKEN_BYTES: usize = 160;
/// How much the plan takes more while it is made than afterwards: the tree with its names and types found, and the plan before
/// its types are settled.
const PLANNING_COPIES: usize = 2;

/// Bytes of memory that reading a text takes, by estimate: the text itself, its tokens, and the trees. What has more tokens
/// than a statement may have is refused before it is cut into them.
pub(in crate::session) fn parsing_bytes(text: &str) -> usize {
    let sql::TokenCounts { blanks, others } = sql::count_tokens(text);
    let tokens = (blanks + others).min(STATEMENT_TOKENS_MAX + STATEMENT_BLANKS_MAX);
    TREE_TEXT_FACTOR * text.len() + TOKEN_BYTES * tokens
}

/// Bytes of memory that the trees of a text take, by estimate.
pub(in crate::session) fn tree_bytes(script: &[Parsed]) -> usize {
    let bytes = |parsed: &Parsed| TREE_TEXT_FACTOR * parsed.text.len() + TREE_PART_BYTES * parsed.tree.parts();
    script.iter().map(bytes).sum()
}

/// Bytes of memory that planning a statement takes for a while, by estimate.
pub(in crate::session) fn planning_bytes(parsed: &Parsed) -> usize {
    PLANNING_COPIES * (parsed.text.len() + PART_BYTES * parsed.tree.parts())
}

/// A prepared statement.
pub struct Prepared {
    /// The type of each parameter, `$1` first.
    pub parameters: Vec<ColumnType>,
    /// The columns of the result; `None` where there is none.
    pub columns: Option<Arc<[OutputColumn]>>,
    /// The wire keeps its encoded form of `columns` here: in text format, in binary format.
    pub descriptions: [OnceLock<Bytes>; 2],
    /// Of which kind it is; `None` for an empty statement.
    pub(in crate::session) kind: Option<StatementKind>,
    /// `None` for an empty statement.
    pub(in crate::session) parsed: Option<Parsed>,
    plan: Mutex<Arc<Planned>>,
    /// The text without secrets.
    pub(in crate::session) shown: Arc<str>,
    /// How often it was executed.
    pub(in crate::session) runs: Arc<AtomicU64>,
    /// What it takes of the session's memory.
    _memory: Reservation,
}

impl Prepared {
    /// The kind of the statement, in one word; `None` for an empty one.
    pub fn kind_name(&self) -> Option<&'static str> {
        self.kind.map(StatementKind::name)
    }

    /// Bytes of memory that the prepared form of a statement takes, by estimate, besides what is taken for its tree already.
    pub(in crate::session) fn bytes_of(parsed: &Parsed) -> usize {
        let bytes = STATEMENT_BYTES + TEXT_FACTOR * parsed.text.len() + PART_BYTES * parsed.tree.parts();
        if parsed.memory.is_some() { bytes - tree_bytes(std::slice::from_ref(parsed)) } else { bytes }
    }

    pub(in crate::session) fn new(parsed: Option<Parsed>, plan: Planned, memory: Reservation) -> Self {
        let shown = parsed.as_ref().map_or_else(|| "".into(), Parsed::shown);
        Prepared {
            parameters: plan.parameters.clone(),
            columns: plan.columns.clone(),
            descriptions: Default::default(),
            kind: plan.body.kind(),
            parsed,
            plan: Mutex::new(Arc::new(plan)),
            shown,
            runs: Arc::default(),
            _memory: memory,
        }
    }

    /// The plan that it was executed with last, or prepared with.
    pub(in crate::session) fn plan(&self) -> Arc<Planned> {
        Arc::clone(&self.plan.lock())
    }

    /// Keeps a plan for the Executes to come.
    pub(in crate::session) fn keep_plan(&self, plan: &Arc<Planned>) {
        *self.plan.lock() = Arc::clone(plan);
    }

    /// Its text as the client sent it, which may hold secrets.
    pub fn text(&self) -> &str {
        self.parsed.as_ref().map_or("", |parsed| &parsed.text)
    }

    /// Whether its text is not shown.
    pub(in crate::session) fn is_secret(&self) -> bool {
        self.parsed.as_ref().is_some_and(Parsed::is_secret)
    }

    /// As `pg_prepared_statements` shows it; `statement` prepared it where its own text did not.
    pub(in crate::session) fn named(&self, statement: Option<Arc<str>>) -> NamedStatement {
        let is_from_sql = statement.is_some();
        let results = self.columns.as_ref().map(|columns| columns.iter().map(|column| column.ty.clone()).collect());
        NamedStatement {
            statement: statement.unwrap_or_else(|| Arc::clone(&self.shown)),
            prepared: SystemTime::now(),
            parameters: self.parameters.clone(),
            results,
            is_from_sql,
            runs: Arc::clone(&self.runs),
        }
    }

    /// Shows nothing of its text.
    pub(in crate::session) fn hide(&mut self) {
        self.shown = HIDDEN.into();
    }

    pub(in crate::session) fn ends_transaction(&self) -> bool {
        self.parsed.as_ref().is_none_or(|parsed| parsed.tree.ends_transaction())
    }
}
