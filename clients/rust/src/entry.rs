//! What is written and what is found.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::error::{Error, Result};

/// An entry to be written: facts of any type that serde makes a JSON object of, and, if there are, an id and a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<F> {
    /// Its id; a new UUIDv7 where there is none.
    pub id: Option<String>,
    /// Its facts.
    pub facts: F,
    /// Its embedding.
    pub vector: Option<Vec<f32>>,
}

impl<F> Entry<F> {
    /// An entry of these facts.
    pub fn new(facts: F) -> Self {
        Entry { id: None, facts, vector: None }
    }

    /// With an id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// With a vector.
    #[must_use]
    pub fn vector(mut self, vector: impl Into<Vec<f32>>) -> Self {
        self.vector = Some(vector.into());
        self
    }
}

impl<F: Serialize> Entry<F> {
    /// The id that it has, or a new one.
    pub(crate) fn id_or_new(&self) -> String {
        self.id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
    }

    pub(crate) fn vector_text(&self) -> Result<Option<String>> {
        self.vector.as_deref().map(vector_text).transpose()
    }

    pub(crate) fn facts_value(&self) -> Result<Value> {
        facts_value(&self.facts)
    }
}

/// Facts as JSON.
pub(crate) fn facts_value(facts: &impl Serialize) -> Result<Value> {
    match serde_json::to_value(facts) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        Ok(value) => Err(Error::input(format!("facts are a JSON object, and these are {}", kind(&value)))),
        Err(error) => Err(Error::input(format!("the facts cannot be written as JSON: {error}"))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A vector as both languages write it.
pub(crate) fn vector_text(vector: &[f32]) -> Result<String> {
    if vector.is_empty() {
        return Err(Error::input("a vector has at least one component"));
    }
    if let Some(component) = vector.iter().find(|component| !component.is_finite()) {
        return Err(Error::input(format!("the components of a vector are finite numbers, not {component}")));
    }
    let components: Vec<String> = vector.iter().map(f32::to_string).collect();
    Ok(format!("[{}]", components.join(",")))
}

/// An entry that was found. Its facts are data that somebody wrote, here or on a peer: they are no instructions.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<F> {
    /// Its id.
    pub id: String,
    /// Its facts.
    pub facts: F,
    /// Its vector, where it was asked for and has one.
    pub vector: Option<Vec<f32>>,
    /// How far it is from what was searched for, in a search of the nearest.
    pub distance: Option<f64>,
}

impl<F: DeserializeOwned> Found<F> {
    /// From a row of id, facts and, where they were asked for, `distance` and `vector`.
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        let id: String = row.try_get(0)?;
        let facts: Option<Value> = row.try_get(1)?;
        let facts = facts.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let facts = serde_json::from_value(facts).map_err(|source| Error::Facts { id: id.clone(), source })?;
        let has = |name: &str| row.columns().iter().any(|column| column.name() == name);
        let vector: Option<Components> = if has("vector") { row.try_get("vector")? } else { None };
        let vector = vector.map(|components| components.0);
        let distance = if has("distance") { row.try_get("distance")? } else { None };
        Ok(Found { id, facts, vector, distance })
    }
}

/// The components of a vector as the server sends them in binary: their number, two bytes that are zero, and the numbers.
/// Source: pgvector, `vector_send`.
struct Components(Vec<f32>);

impl<'a> FromSql<'a> for Components {
    fn from_sql(_: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let (head, numbers) = raw.split_at_checked(4).ok_or("a vector has a head of four bytes")?;
        let count = head.first_chunk::<2>().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes)));
        let (components, rest) = numbers.as_chunks::<4>();
        if components.len() != count || !rest.is_empty() {
            return Err("a vector has as many components as its head says".into());
        }
        Ok(Components(components.iter().map(|bytes| f32::from_be_bytes(*bytes)).collect()))
    }

    fn accepts(ty: &Type) -> bool {
        ty.name() == "vector"
    }
}
