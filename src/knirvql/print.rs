//! Writes statements in canonical form: what EXPLAIN, activity views and logs show.
//!
//! Parsing the canonical form gives the same statement again, except for secrets, in whose place `"[redacted]"` stands.

use std::fmt::{self, Display, Formatter, Write};

use crate::knirvql::ast::{
    AstComparison, AstMetric, AstStage, AstText, Bindable, Condition, KnirvqlStatement, Literal, NetworkChange,
    NetworkOption, Path, REDACTED, Revert, Show, Similar, Step, VectorSource,
};

impl Display for KnirvqlStatement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            KnirvqlStatement::GetMemory(get) => get.fmt(f),
            KnirvqlStatement::GetAuth { condition } => write!(f, "GET AUTH WHERE {condition}"),
            KnirvqlStatement::SetAuth { key, value } => write!(f, "SET AUTH key = {key} value = {value}"),
            KnirvqlStatement::SetMemory(set) => set.fmt(f),
            KnirvqlStatement::UpdateMemory(update) => update.fmt(f),
            KnirvqlStatement::Delete(delete) => delete.fmt(f),
            KnirvqlStatement::Stage(stage) => stage.fmt(f),
            KnirvqlStatement::Revert(revert) => revert.fmt(f),
            KnirvqlStatement::CreateNetwork { network, options } => {
                write!(f, "CREATE NETWORK {}{}", Quoted(network), With(options))
            }
            KnirvqlStatement::JoinNetwork { network, addresses, options } => {
                write!(f, "JOIN NETWORK {} AT ", Quoted(network))?;
                comma_separated(f, addresses.iter().map(|address| Quoted(address)))?;
                With(options).fmt(f)
            }
            KnirvqlStatement::LeaveNetwork { network } => write!(f, "LEAVE NETWORK {}", Quoted(network)),
            KnirvqlStatement::AlterNetwork { network, change } => {
                write!(f, "ALTER NETWORK {} {change}", Quoted(network))
            }
            KnirvqlStatement::AttachCollection { collection, network, options } => {
                let (name, network, options) = (Name(collection), Quoted(network), With(options));
                write!(f, "ATTACH COLLECTION {name} TO NETWORK {network}{options}")
            }
            KnirvqlStatement::DetachCollection { collection, network } => {
                write!(f, "DETACH COLLECTION {} FROM NETWORK {}", Name(collection), Quoted(network))
            }
            KnirvqlStatement::Sync { network: None } => f.write_str("SYNC"),
            KnirvqlStatement::Sync { network: Some(network) } => write!(f, "SYNC NETWORK {}", Quoted(network)),
            KnirvqlStatement::Show(show) => write!(f, "SHOW {show}"),
            KnirvqlStatement::Describe { collection } => write!(f, "DESCRIBE {}", Name(collection)),
            KnirvqlStatement::Help { topic: None } => f.write_str("HELP"),
            KnirvqlStatement::Help { topic: Some(topic) } => write!(f, "HELP {topic}"),
            KnirvqlStatement::Explain { analyze, statement } => {
                write!(f, "EXPLAIN {}{statement}", if *analyze { "ANALYZE " } else { "" })
            }
        }
    }
}

impl Display for Similar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SIMILAR TO ")?;
        match &self.vector {
            VectorSource::Components(components) => Components(components).fmt(f)?,
            VectorSource::Parameter(number) => write!(f, "${number}")?,
            VectorSource::Entry(id) => write!(f, "ENTRY {id}")?,
        }
        if let Some(metric) = self.metric {
            write!(f, " USING {metric}")?;
        }
        match &self.within {
            Some(Bindable::Value(distance)) => write!(f, " WITHIN {}", Float(*distance))?,
            Some(Bindable::Parameter(number)) => write!(f, " WITHIN ${number}")?,
            None => {}
        }
        if let Some(ef) = &self.ef {
            write!(f, " WITH (ef = {ef})")?;
        }
        Ok(())
    }
}

impl Display for AstStage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verb = if self.staged { "STAGE" } else { "UNSTAGE" };
        write!(f, "{verb} MEMORY{} WHERE {}", In(self.collection.as_deref()), self.condition)?;
        if let Some(network) = &self.network {
            write!(f, " FOR NETWORK {}", Quoted(network))?;
        }
        f.write_str(if self.dry_run { " DRY RUN" } else { "" })
    }
}

impl Display for Revert {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "REVERT MEMORY{} WHERE {}", In(self.collection.as_deref()), self.condition)
    }
}

impl Display for NetworkChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            NetworkChange::RemovePeer(peer) => write!(f, "REMOVE PEER {}", Quoted(peer)),
            NetworkChange::AddOwner(peer) => write!(f, "ADD OWNER {}", Quoted(peer)),
            NetworkChange::DropOwner(peer) => write!(f, "DROP OWNER {}", Quoted(peer)),
            NetworkChange::ExcusePeer(peer) => write!(f, "EXCUSE PEER {}", Quoted(peer)),
            NetworkChange::RevertPeer { peer, since } => {
                write!(f, "REVERT PEER {} SINCE {}", Quoted(peer), Quoted(since))
            }
            NetworkChange::Collection { collection, options } => {
                write!(f, "ALTER COLLECTION {} SET {}", Name(collection), OptionList(options))
            }
            NetworkChange::LinkPeer(peer) => write!(f, "LINK PEER {}", Quoted(peer)),
            NetworkChange::UnlinkPeer(peer) => write!(f, "UNLINK PEER {}", Quoted(peer)),
            NetworkChange::AllowDrop => f.write_str("ALLOW DROP"),
            NetworkChange::RotateSecret(None) => f.write_str("ROTATE SECRET"),
            NetworkChange::RotateSecret(Some(secret)) => write!(f, "ROTATE SECRET {secret}"),
            NetworkChange::Set(options) => write!(f, "SET {}", OptionList(options)),
        }
    }
}

impl Display for Show {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Show::Networks => "NETWORKS",
            Show::Peers => "PEERS",
            Show::Sync => "SYNC",
            Show::Collections => "COLLECTIONS",
        })
    }
}

impl Display for AstMetric {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AstMetric::Cosine => "cosine",
            AstMetric::L2 => "l2",
            AstMetric::InnerProduct => "ip",
            AstMetric::L1 => "l1",
        })
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Or(members) => joined(f, members, " OR ", |member| matches!(member, Condition::Or(_))),
            Condition::And(members) => {
                joined(f, members, " AND ", |member| matches!(member, Condition::Or(_) | Condition::And(_)))
            }
            Condition::Not(inner) => match **inner {
                Condition::Or(_) | Condition::And(_) => write!(f, "NOT ({inner})"),
                _ => write!(f, "NOT {inner}"),
            },
            Condition::Compare { path, operator, value } => write!(f, "{path} {operator} {value}"),
            Condition::In { path, values } => {
                write!(f, "{path} IN (")?;
                comma_separated(f, values)?;
                f.write_str(")")
            }
            Condition::InQuery { path, query } => write!(f, "{path} IN ({query})"),
            Condition::IsNull { path, negated } => write!(f, "{path} IS {}NULL", if *negated { "NOT " } else { "" }),
        }
    }
}

fn joined(
    f: &mut Formatter<'_>,
    members: &[Condition],
    separator: &str,
    needs_parentheses: impl Fn(&Condition) -> bool,
) -> fmt::Result {
    for (position, member) in members.iter().enumerate() {
        if position > 0 {
            f.write_str(separator)?;
        }
        if needs_parentheses(member) { write!(f, "({member})") } else { write!(f, "{member}") }?;
    }
    Ok(())
}

impl Display for AstComparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AstComparison::Equal => "=",
            AstComparison::NotEqual => "!=",
            AstComparison::Less => "<",
            AstComparison::LessOrEqual => "<=",
            AstComparison::Greater => ">",
            AstComparison::GreaterOrEqual => ">=",
            AstComparison::Like => "LIKE",
            AstComparison::Contains => "CONTAINS",
            AstComparison::StartsWith => "STARTS WITH",
            AstComparison::Matches => "MATCHES",
        })
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Field(name) if is_plain_word(name) => write!(f, ".{name}"),
            Step::Field(name) => write!(f, ".{}", Quoted(name)),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Boolean(value) => value.fmt(f),
            Literal::Integer(value) => value.fmt(f),
            Literal::Number(numeral) => f.write_str(numeral),
            Literal::Text(text) => text.fmt(f),
            Literal::Parameter(number) => write!(f, "${number}"),
        }
    }
}

impl Display for AstText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Quoted(if self.secret { REDACTED } else { &self.value }).fmt(f)
    }
}

impl<T: Display> Display for Bindable<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Bindable::Value(value) => value.fmt(f),
            Bindable::Parameter(number) => write!(f, "${number}"),
        }
    }
}

/// ` IN collection`, or nothing.
pub(super) struct In<'a>(pub Option<&'a str>);

impl Display for In<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(collection) => write!(f, " IN {}", Name(collection)),
            None => Ok(()),
        }
    }
}

/// ` WITH (…)`, or nothing.
struct With<'a>(&'a [NetworkOption]);

impl Display for With<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " WITH {}", OptionList(self.0)) }
    }
}

/// `(…)`
struct OptionList<'a>(&'a [NetworkOption]);

impl Display for OptionList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        comma_separated(f, self.0)?;
        f.write_str(")")
    }
}

impl Display for NetworkOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.value)
    }
}

/// The name of a collection: bare where it reads back as it is.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lower = !self.0.contains(|character: char| character.is_ascii_uppercase());
        if lower && is_plain_word(self.0) && !is_reserved(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

/// The words of the grammar's rule `reserved`.
fn is_reserved(word: &str) -> bool {
    const RESERVED: [&str; 15] = [
        "AND", "FALSE", "FOR", "IN", "IS", "LIKE", "LIMIT", "NOT", "NULL", "OFFSET", "ORDER", "OR", "SIMILAR", "TRUE",
        "WHERE",
    ];
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

fn is_plain_word(name: &str) -> bool {
    name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && name.chars().all(|character| character == '_' || character.is_ascii_alphanumeric())
}

/// Text in double quotes, with JSON's escapes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// The components of a vector.
pub(super) struct Components<'a>(pub &'a [f32]);

impl Display for Components<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        comma_separated(f, self.0.iter().map(|component| Float(*component)))?;
        f.write_str("]")
    }
}

/// A number in the fewest digits that read back as the same number.
struct Float<T>(T);

impl<T: fmt::Debug> Display for Float<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = format!("{:?}", self.0);
        f.write_str(digits.strip_suffix(".0").unwrap_or(&digits))
    }
}

pub(super) fn json_object(f: &mut Formatter<'_>, members: &serde_json::Map<String, serde_json::Value>) -> fmt::Result {
    f.write_str("{")?;
    for (position, (key, value)) in members.iter().enumerate() {
        write!(f, "{}{}: ", if position > 0 { ", " } else { "" }, Quoted(key))?;
        json_value(f, value)?;
    }
    f.write_str("}")
}

/// Recursion ends: the parser bounds the nesting.
pub(super) fn json_value(f: &mut Formatter<'_>, value: &serde_json::Value) -> fmt::Result {
    match value {
        serde_json::Value::Object(members) => json_object(f, members),
        serde_json::Value::Array(elements) => {
            f.write_str("[")?;
            for (position, element) in elements.iter().enumerate() {
                f.write_str(if position > 0 { ", " } else { "" })?;
                json_value(f, element)?;
            }
            f.write_str("]")
        }
        serde_json::Value::String(text) => Quoted(text).fmt(f),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => write!(f, "{value}"),
    }
}

pub(super) fn comma_separated(f: &mut Formatter<'_>, items: impl IntoIterator<Item = impl Display>) -> fmt::Result {
    for (position, item) in items.into_iter().enumerate() {
        f.write_str(if position > 0 { ", " } else { "" })?;
        item.fmt(f)?;
    }
    Ok(())
}
