//! Writes conditions as SQL with parameters, and as KNIRVQL with literals. Names are quoted; nothing that a caller gives becomes a
//! word of a statement.
//!
//! Negations are pushed down to the comparisons, so that what is neither true nor false (a missing fact) is found by neither, in
//! both languages alike.

use serde_json::{Value, json};
use tokio_postgres::types::{ToSql, Type};

use crate::error::{Error, Result};
use crate::filter::{Comparison, Condition, Field, Filter, Root, Step};

/// The column of the facts.
pub(crate) const FACTS: &str = "metadata";

/// The words that may not open a path of KNIRVQL.
const RESERVED: [&str; 15] = [
    "and", "false", "for", "in", "is", "like", "limit", "not", "null", "offset", "or", "order", "similar", "true",
    "where",
];

/// The values of a statement, in the order of their `$n`.
#[derive(Default)]
pub(crate) struct Parameters(Vec<(Box<dyn ToSql + Sync + Send>, Type)>);

impl Parameters {
    /// Takes a value and gives its placeholder.
    pub(crate) fn add(&mut self, value: impl ToSql + Sync + Send + 'static, ty: Type) -> String {
        self.0.push((Box::new(value), ty));
        format!("${}", self.0.len())
    }

    pub(crate) fn json(&mut self, value: Value) -> String {
        self.add(value, Type::JSONB)
    }

    pub(crate) fn text(&mut self, value: impl Into<String>) -> String {
        self.add(value.into(), Type::TEXT)
    }

    /// As the driver takes them.
    pub(crate) fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.0.iter().map(|(value, ty)| (value.as_ref() as &(dyn ToSql + Sync), ty.clone())).collect()
    }
}

/// A name in SQL's quotes.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in the single quotes of both languages, in which nothing but they themselves has a meaning.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The condition in SQL.
pub(crate) fn to_sql(filter: &Filter, parameters: &mut Parameters) -> Result<String> {
    sql(&filter.0, true, parameters)
}

/// The condition in KNIRVQL, which the server evaluates inside of a nearest-neighbour search; nothing for everything.
pub(crate) fn to_knirvql(filter: &Filter) -> Result<Option<String>> {
    if filter.0 == Condition::Everything { Ok(None) } else { knirvql(&filter.0, true).map(Some) }
}

fn joined(parts: &[Condition], is_all: bool, mut write: impl FnMut(&Condition) -> Result<String>) -> Result<String> {
    let written = parts.iter().map(&mut write).collect::<Result<Vec<_>>>()?;
    Ok(format!("({})", written.join(if is_all { " AND " } else { " OR " })))
}

fn sql(condition: &Condition, wanted: bool, parameters: &mut Parameters) -> Result<String> {
    let negation = if wanted { "" } else { "NOT " };
    Ok(match condition {
        Condition::Everything => wanted.to_string(),
        Condition::All(parts) | Condition::Any(parts) => {
            let is_all = matches!(condition, Condition::All(_));
            if parts.is_empty() {
                return Ok((is_all == wanted).to_string());
            }
            joined(parts, is_all == wanted, |part| sql(part, wanted, parameters))?
        }
        Condition::Not(inner) => sql(inner, !wanted, parameters)?,
        Condition::Compare(field, comparison, value) => {
            let comparison = if wanted { *comparison } else { comparison.opposite() };
            compared(field, comparison, value, parameters)?
        }
        Condition::IsNull(field) => format!("{} IS {negation}NULL", text_of(field)),
        Condition::Like(field, pattern) => format!("{negation}({} LIKE {})", text_of(field), parameters.text(pattern)),
        Condition::StartsWith(field, prefix) => {
            format!("{negation}starts_with({}, {})", text_of(field), parameters.text(prefix))
        }
        Condition::Matches(field, pattern) => format!("{negation}({} ~ {})", text_of(field), parameters.text(pattern)),
        Condition::Contains(field, value) => {
            let part = if value.is_object() || value.is_array() { value.clone() } else { json!([value]) };
            let test = format!("{} @> {}", json_of(field), parameters.json(part));
            if wanted { test } else { format!("({} IS NOT NULL AND NOT {test})", text_of(field)) }
        }
    })
}

fn compared(field: &Field, comparison: Comparison, value: &Value, parameters: &mut Parameters) -> Result<String> {
    let symbol = comparison.symbol();
    if let (Root::Column(name), []) = (&field.root, field.steps.as_slice()) {
        let value = match value {
            Value::String(text) => parameters.text(text),
            Value::Bool(value) => parameters.add(*value, Type::BOOL),
            Value::Number(number) => format!("{}::numeric", parameters.text(number.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(no_scalar(value)),
        };
        return Ok(format!("{} {symbol} {value}", identifier(name)));
    }
    let (text, json) = (text_of(field), json_of(field));
    let kind = match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(no_scalar(value)),
    };
    Ok(match (comparison, value) {
        // The text first, which is what indexes on facts are for; then the type.
        (Comparison::Equal, Value::String(wanted)) => {
            format!("({text} = {} AND jsonb_typeof({json}) = 'string')", parameters.text(wanted))
        }
        (Comparison::Equal, _) => format!("{json} = {}", parameters.json(value.clone())),
        (Comparison::Differs, _) => format!("({text} IS NOT NULL AND {json} <> {})", parameters.json(value.clone())),
        (_, Value::String(wanted)) => {
            format!("(jsonb_typeof({json}) = '{kind}' AND {text} {symbol} {})", parameters.text(wanted))
        }
        _ => format!("(jsonb_typeof({json}) = '{kind}' AND {json} {symbol} {})", parameters.json(value.clone())),
    })
}

fn no_scalar(value: &Value) -> Error {
    Error::input(format!(
        "{value} cannot be compared with: a text, a number or a truth value can; is_null() finds what is missing"
    ))
}

fn step(step: &Step) -> String {
    match step {
        Step::Name(name) => literal(name),
        Step::Place(place) => place.to_string(),
    }
}

/// The value of a field in SQL, a fact as JSON.
pub(crate) fn json_of(field: &Field) -> String {
    let root = match &field.root {
        Root::Column(name) => identifier(name),
        Root::Facts => FACTS.to_string(),
    };
    field.steps.iter().fold(root, |text, next| format!("{text}->{}", step(next)))
}

/// The value of a field in SQL, a fact as its text.
fn text_of(field: &Field) -> String {
    match field.steps.split_last() {
        None => json_of(field),
        Some((last, before)) => {
            let inner = Field { root: field.root.clone(), steps: before.to_vec() };
            format!("{}->>{}", json_of(&inner), step(last))
        }
    }
}

fn knirvql(condition: &Condition, wanted: bool) -> Result<String> {
    let negation = if wanted { "" } else { "NOT " };
    Ok(match condition {
        // No entry is without an id.
        Condition::Everything => format!("id IS {}NULL", if wanted { "NOT " } else { "" }),
        Condition::All(parts) | Condition::Any(parts) => {
            let is_all = matches!(condition, Condition::All(_));
            if parts.is_empty() {
                return knirvql(&Condition::Everything, is_all == wanted);
            }
            joined(parts, is_all == wanted, |part| knirvql(part, wanted))?
        }
        Condition::Not(inner) => knirvql(inner, !wanted)?,
        Condition::Compare(field, comparison, value) => {
            let comparison = if wanted { *comparison } else { comparison.opposite() };
            format!("{} {} {}", path(field)?, comparison.symbol(), knirvql_value(value)?)
        }
        Condition::IsNull(field) => format!("{} IS {negation}NULL", path(field)?),
        Condition::Like(field, pattern) => format!("{} {negation}LIKE {}", path(field)?, literal(pattern)),
        Condition::StartsWith(field, prefix) => format!("{} {negation}STARTS WITH {}", path(field)?, literal(prefix)),
        Condition::Matches(field, pattern) => format!("{} {negation}MATCHES {}", path(field)?, literal(pattern)),
        Condition::Contains(field, value) => {
            if value.is_object() || value.is_array() {
                return Err(Error::input(
                    "in a search of the nearest, contains() takes one element, no object and no array",
                ));
            }
            format!("{} {negation}CONTAINS {}", path(field)?, knirvql_value(value)?)
        }
    })
}

fn knirvql_value(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(literal(text)),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(no_scalar(value)),
    }
}

/// A path in KNIRVQL, whose first name is written without quotes.
fn path(field: &Field) -> Result<String> {
    let root = match &field.root {
        Root::Facts => FACTS,
        Root::Column(name) => {
            let is_plain = name
                .chars()
                .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
            if name.is_empty()
                || !is_plain
                || name.starts_with(|first: char| first.is_ascii_digit())
                || RESERVED.contains(&name.as_str())
            {
                return Err(Error::input(format!(
                    "the column {name:?} has a name that a search of the nearest cannot compare"
                )));
            }
            name.as_str()
        }
    };
    Ok(field.steps.iter().fold(root.to_string(), |text, next| match next {
        Step::Name(name) => format!("{text}.{}", literal(name)),
        Step::Place(place) => format!("{text}[{place}]"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{all, fact, id};

    fn both(filter: Filter) -> (String, String) {
        let sql = to_sql(&filter, &mut Parameters::default());
        (sql.unwrap_or_default(), to_knirvql(&filter).ok().flatten().unwrap_or_default())
    }

    #[test]
    fn what_a_caller_gives_stays_inside_of_quotes_and_parameters() {
        let (sql, knirvql) = both(fact("it's").at("\"x\"").eq("a' OR 'b"));
        assert_eq!(sql, r#"(metadata->'it''s'->>'"x"' = $1 AND jsonb_typeof(metadata->'it''s'->'"x"') = 'string')"#);
        assert_eq!(knirvql, r#"metadata.'it''s'.'"x"' = 'a'' OR ''b'"#);
        assert!(to_knirvql(&crate::column("a b").eq(1)).is_err());
    }

    #[test]
    fn negations_reach_the_comparisons() {
        let (sql, knirvql) = both(!(fact("n").gt(3) & (id().eq("a") | fact("t").index(0).is_null())));
        assert_eq!(
            sql,
            "((jsonb_typeof(metadata->'n') = 'number' AND metadata->'n' <= $1) OR (\"id\" <> $2 AND metadata->'t'->>0 IS NOT NULL))"
        );
        assert_eq!(knirvql, "(metadata.'n' <= 3 OR (id <> 'a' AND metadata.'t'[0] IS NOT NULL))");
        assert_eq!(both(fact("n").is_in(Vec::<i64>::new())).0, "false");
        assert_eq!(both(all() & fact("n").exists()).0, "metadata->>'n' IS NOT NULL");
    }
}
