//! `recall`: memories by facts, by words in facts, by a vector that the caller gives; and entries as agents are shown them.
//!
//! First the keys are found, then their entries are read, both in one READ ONLY transaction.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::mcp::answer::{Answer, DATA_NOTICE, answer, fill};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::collection::{FACTS, ToolCollection};
use crate::mcp::condition::{condition, words};
use crate::mcp::json::{json_of, shorten};
use crate::mcp::pool::ConnectionLease;
use crate::mcp::statement::{Bounds, literal, name, read_one, rows, run};

pub(super) const LIMIT_DEFAULT: u64 = 10;
pub(super) const LIMIT_MAX: u64 = 100;
/// The distances of KNIRVQL with the operators that SQL has for them.
pub(super) const METRICS: [&str; 4] = ["cosine", "l2", "ip", "l1"];
const OPERATORS: [(&str, &str); 4] = [("cosine", "<=>"), ("l2", "<->"), ("ip", "<#>"), ("l1", "<+>")];
/// Most characters of one text of an entry that are shown, and most elements of a list.
const TEXT_CHARS_MAX: usize = 20_000;
/// The most that is read of entries before they are shortened.
const ENTRIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is looked for.
struct Search {
    condition: Option<String>,
    words: Vec<String>,
    vector: Option<String>,
    metric: &'static str,
    within: Option<f64>,
    limit: u64,
    offset: u64,
}

/// A key that was found, with its distance where a vector was given.
pub(super) struct FoundEntry {
    pub key: String,
    pub distance: Option<f64>,
}

/// Recalls memories.
///
/// # Errors
/// 22023 for arguments, and what the server says.
pub(super) async fn recall(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Answer> {
    if arguments.has("text") {
        return Err(refused("this server makes no embeddings yet, so it cannot look for the meaning of a text")
            .with_hint(
                "Give words, which are looked for in the facts, or the vector of the text from the model that made the \
             stored vectors.",
            ));
    }
    run(lease, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let collection = ToolCollection::of(arguments, lease).await?;
    let search = Search::of(arguments, &collection)?;
    let mut found = search.find(&collection, lease).await?;
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let (memories, left_out) = fill(entries(&collection, &found, arguments.flag("with_vector")?, lease).await?);
    let mut cut = Vec::new();
    if left_out > 0 {
        cut.push(format!("{left_out} found memories were left out: the answer would be too long; ask for fewer"));
    }
    if has_more {
        cut.push(format!("there are more than {limit}: narrow the search, or go on with offset"));
    }
    Ok(answer([
        ("notice", if memories.is_empty() { Value::Null } else { json!(DATA_NOTICE) }),
        ("collection", json!(collection.name)),
        ("found", json!(memories.len())),
        ("memories", Value::Array(memories)),
        ("cut", if cut.is_empty() { Value::Null } else { json!(cut) }),
    ]))
}

impl Search {
    fn of(arguments: &ToolArguments, collection: &ToolCollection) -> Result<Search> {
        let vector = arguments.vector("vector")?;
        let within = arguments.number("within")?;
        if vector.is_none() && (within.is_some() || arguments.has("metric")) {
            return Err(refused("metric and within measure from a vector, and none is given")
                .with_hint("Give a vector, or leave them out."));
        }
        if vector.is_some() && collection.vector().is_none() {
            return Err(refused(format!("the entries of {:?} have no vectors", collection.name)));
        }
        let search = Search {
            condition: condition(arguments, collection)?,
            words: words(arguments)?,
            vector,
            metric: arguments.choice("metric", &METRICS)?,
            within,
            limit: arguments.count("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT),
            offset: arguments.count("offset", 0..=1_000_000)?.unwrap_or(0),
        };
        if !search.words.is_empty() {
            collection.check_facts()?;
        }
        Ok(search)
    }

    /// The keys, one more than wanted where there are more: nearest first, or newest first.
    async fn find(&self, collection: &ToolCollection, lease: &ConnectionLease) -> Result<Vec<FoundEntry>> {
        let text = if self.words.is_empty() { self.in_knirvql(collection) } else { self.in_sql(collection)? };
        let found = rows(lease, &text).await?;
        Ok(found
            .into_iter()
            .filter_map(|row| {
                let mut values = row.into_iter();
                let key = values.next().flatten()?;
                Some(FoundEntry { key, distance: values.next().flatten().and_then(|distance| distance.parse().ok()) })
            })
            .collect())
    }

    /// The search in the language in which a filter is looked at inside of a search by vectors.
    fn in_knirvql(&self, collection: &ToolCollection) -> String {
        let mut text = format!("GET MEMORY FIELDS {}", collection.key);
        if self.vector.is_some() {
            text.push_str(", distance");
        }
        text.push_str(&format!(" IN {}", collection.in_knirvql()));
        if let Some(condition) = &self.condition {
            text.push_str(&format!(" WHERE {condition}"));
        }
        match &self.vector {
            Some(vector) => {
                text.push_str(&format!(" SIMILAR TO {vector} USING {}", self.metric));
                if let Some(within) = self.within {
                    text.push_str(&format!(" WITHIN {within}"));
                }
            }
            None => text.push_str(" ORDER BY _timestamp DESC"),
        }
        format!("{text} LIMIT {} OFFSET {}", self.limit + 1, self.offset)
    }

    /// The search where words are looked for, which KNIRVQL has no words for: in the text of all facts.
    fn in_sql(&self, collection: &ToolCollection) -> Result<String> {
        let key = name(&collection.key);
        let mut conditions: Vec<String> =
            self.words.iter().map(|word| format!("{FACTS}::text ILIKE {}", literal(&pattern(word)))).collect();
        if let Some(condition) = &self.condition {
            let keys = format!("GET MEMORY FIELDS {} IN {} WHERE {condition}", collection.key, collection.in_knirvql());
            conditions.push(format!("{key} IN (SELECT {key} FROM knirvql({}))", literal(&keys)));
        }
        let mut output = format!("{key}::text");
        let mut order = "_timestamp DESC".to_string();
        if let (Some(vector), Some(column)) = (&self.vector, collection.vector()) {
            let operator = OPERATORS.iter().find(|(metric, _)| *metric == self.metric).map(|(_, operator)| *operator);
            let operator = operator.ok_or_else(|| Error::internal("a metric without an operator"))?;
            let column = name(column);
            order = format!("{column} {operator} {}", literal(vector));
            output.push_str(&format!(", {order} AS distance"));
            conditions.push(format!("{column} IS NOT NULL"));
            if let Some(within) = self.within {
                conditions.push(format!("{order} <= {within}"));
            }
        }
        Ok(format!(
            "SELECT {output} FROM {} WHERE {} ORDER BY {order} LIMIT {} OFFSET {}",
            collection.in_sql(),
            conditions.join(" AND "),
            self.limit + 1,
            self.offset
        ))
    }
}

/// The pattern of LIKE for a word anywhere. A word with a quote is written in JSON's way there.
fn pattern(word: &str) -> String {
    let in_json = Value::from(word).to_string();
    let inner = in_json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(word);
    format!("%{}%", inner.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Entries as agents are shown them, in the order of their keys; those that are not there are left out.
///
/// # Errors
/// What the server says.
pub(super) async fn entries(
    collection: &ToolCollection,
    found: &[FoundEntry],
    with_vector: bool,
    lease: &ConnectionLease,
) -> Result<Vec<Value>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let own = rows(lease, "SELECT peer_id FROM nebulus.node").await?;
    let own = own.into_iter().flatten().flatten().next().unwrap_or_default();
    let mut outputs =
        vec![format!("{}::text", name(&collection.key)), "_peer_id".into(), "_timestamp".into(), "_stage".into()];
    outputs.extend(collection.columns.iter().filter(|(_, ty)| with_vector || ty != "vector").map(|(own, _)| name(own)));
    let keys: Vec<String> = found.iter().map(|found| found.key.clone()).collect();
    let keys = keys.iter().map(|key| collection.key_literal(key)).collect::<Result<Vec<String>>>()?;
    let (outputs, keys) = (outputs.join(", "), keys.join(", "));
    let text = format!("SELECT {outputs} FROM {} WHERE {} IN ({keys})", collection.in_sql(), name(&collection.key));
    let read = read_one(lease, &text, Bounds { rows: found.len(), bytes: ENTRIES_BYTES_MAX }).await?;
    let mut by_key: HashMap<String, Value> = HashMap::new();
    for row in &read.rows {
        let value = |at: usize| row.get(at).and_then(Option::as_deref);
        let columns = read.columns.iter().enumerate().skip(4);
        let columns = columns.map(|(at, (column, ty))| (column.as_str(), json_of(value(at), ty))).collect();
        let key = value(0).unwrap_or_default().to_string();
        let entry = entry(collection, (&key, value(1).unwrap_or_default(), &own), value(2), value(3), columns);
        by_key.insert(key, entry);
    }
    Ok(found
        .iter()
        .filter_map(|found| {
            let mut entry = by_key.remove(&found.key)?;
            if let (Some(distance), Some(members)) = (found.distance, entry.as_object_mut()) {
                members.insert("distance".to_string(), json!(distance));
            }
            Some(entry)
        })
        .collect())
}

/// One entry. `key`, the peer that wrote it last, and this node; when; its stage; its columns.
fn entry(
    collection: &ToolCollection,
    (key, peer, own): (&str, &str, &str),
    time: Option<&str>,
    stage: Option<&str>,
    mut columns: HashMap<&str, Value>,
) -> Value {
    let mut facts = match columns.remove(FACTS) {
        Some(Value::Object(facts)) => facts,
        _ => serde_json::Map::new(),
    };
    for declared in collection.declared_facts() {
        if let Some(value) = columns.remove(declared).filter(|value| !value.is_null()) {
            facts.insert(declared.to_string(), value);
        }
    }
    let mut facts = Value::Object(facts);
    let is_shortened = shorten(&mut facts, TEXT_CHARS_MAX);
    let blob = columns.remove("blob_size").filter(|size| !size.is_null());
    let vector = collection.vector().and_then(|vector| columns.remove(vector)).unwrap_or_default();
    let written_by = if peer == own {
        json!({"peer": peer, "own": true, "who": "this node"})
    } else {
        json!({"peer": peer, "own": false, "who": "another peer of the network"})
    };
    Value::Object(answer([
        ("key", json!(key)),
        ("facts", facts),
        ("facts_cut", if is_shortened { json!("long texts or lists were cut") } else { Value::Null }),
        ("vector", vector),
        ("blob_bytes", blob.unwrap_or_default()),
        ("written_by", written_by),
        ("written_at", time.map_or(Value::Null, Value::from)),
        ("staged", if stage.is_some() { json!(true) } else { Value::Null }),
    ]))
}

/// The keys of the entries that fulfil a condition, at most so many, in order of time.
///
/// # Errors
/// What the server says.
pub(super) async fn keys_of(
    collection: &ToolCollection,
    condition: &str,
    limit: usize,
    lease: &ConnectionLease,
) -> Result<Vec<String>> {
    let text = format!(
        "GET MEMORY FIELDS {} IN {} WHERE {condition} ORDER BY _timestamp DESC LIMIT {limit}",
        collection.key,
        collection.in_knirvql()
    );
    Ok(rows(lease, &text).await?.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_patterns_of_themselves() {
        assert_eq!(pattern("50%_x"), "%50\\%\\_x%");
        assert_eq!(pattern("say\"so\""), "%say\\\\\"so\\\\\"%");
    }
}
