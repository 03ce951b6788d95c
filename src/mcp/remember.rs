//! `remember`: writes one memory.

use serde_json::{Map, Value, json};

use crate::error::{ErrorKind, Result};
use crate::mcp::answer::{Answer, answer};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::collection::{FACTS, ToolCollection};
use crate::mcp::pool::ConnectionLease;
use crate::mcp::statement::{StatementText, name, rows, run, run_with};

/// Longest object of facts, in bytes as text.
pub(super) const FACTS_BYTES_MAX: usize = 1024 * 1024;
/// Longest text, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Longest blob, in bytes.
pub(super) const BLOB_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The fact that a text is.
const TEXT_FACT: &str = "text";
/// How often a write is tried again that another client's came before.
const CONFLICT_RETRIES_MAX: u32 = 10;

/// What is to be written.
struct Memory {
    collection: ToolCollection,
    key: String,
    facts: Option<Map<String, Value>>,
    vector: Option<String>,
    blob: Option<String>,
    /// The facts are added to those that are there.
    is_merged: bool,
}

/// Writes a memory.
///
/// # Errors
/// 22023 for arguments, and what the server says.
pub(super) async fn remember(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Answer> {
    let memory = Memory::of(arguments, lease).await?;
    let mut attempt = 0;
    let is_new = loop {
        match memory.write(lease).await {
            Err(error) if error.kind() == ErrorKind::SerializationFailure && attempt < CONFLICT_RETRIES_MAX => {
                attempt += 1;
                run(lease, "ROLLBACK").await?;
            }
            written => break written?,
        }
    };
    let done = match (is_new, memory.is_merged) {
        (true, _) => "a new memory was written",
        (false, true) => {
            "the memory of this key was there: the given facts were added to its own, other given parts replaced"
        }
        (false, false) => "the memory of this key was there: the given parts were replaced",
    };
    Ok(answer([
        ("key", json!(memory.key)),
        ("collection", json!(memory.collection.name)),
        ("is_new", json!(is_new)),
        ("done", json!(done)),
        ("privacy", json!("It is private to this machine until it is shared with the tool share.")),
    ]))
}

impl Memory {
    async fn of(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Memory> {
        let collection = ToolCollection::of(arguments, lease).await?;
        let mut facts = arguments.object("facts", FACTS_BYTES_MAX)?.cloned();
        if let Some(text) = arguments.text("text", TEXT_BYTES_MAX)? {
            let facts = facts.get_or_insert_with(Map::new);
            if facts.contains_key(TEXT_FACT) {
                return Err(
                    refused("facts has a fact \"text\", and text is given beside it").with_hint("Give it once.")
                );
            }
            facts.insert(TEXT_FACT.to_string(), Value::from(text));
        }
        let (vector, blob) = (arguments.vector("vector")?, arguments.blob("blob_base64", BLOB_BYTES_MAX)?);
        if facts.is_none() && vector.is_none() && blob.is_none() {
            return Err(refused("there is nothing to remember").with_hint("Give facts, text, vector or blob_base64."));
        }
        if facts.is_some() {
            collection.check_facts()?;
        }
        let key = match arguments.name("key")? {
            Some(key) => {
                collection.key_literal(key)?;
                key.to_string()
            }
            None => collection.new_key()?,
        };
        let is_merged = arguments.flag("merge")?;
        if is_merged && !arguments.has("key") {
            return Err(refused("merge adds facts to a memory, and no key says to which").with_hint("Give its key."));
        }
        Ok(Memory { collection, key, facts, vector, blob, is_merged })
    }

    /// One transaction; whether the memory is new.
    async fn write(&self, lease: &ConnectionLease) -> Result<bool> {
        // What is written hangs on what was there: a newer version is a conflict, not a row to write over.
        run(lease, "BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let Memory { collection, key, .. } = self;
        let (table, column, literal) = (collection.in_sql(), name(&collection.key), collection.key_literal(key)?);
        let there = rows(lease, &format!("SELECT 1 FROM {table} WHERE {column} = {literal}")).await?;
        let is_new = there.is_empty();
        let mut facts = self.facts.as_ref();
        if let Some(added) = facts.filter(|_| self.is_merged && !is_new) {
            let text =
                format!("UPDATE {table} SET {FACTS} = coalesce({FACTS}, '{{}}') || $1 WHERE {column} = {literal}");
            run_with(lease, &text, &[StatementText(Value::Object(added.clone()).to_string())]).await?;
            facts = None;
        }
        let mut text = format!("SET MEMORY IN {} id = $1", collection.in_knirvql());
        let mut values = vec![StatementText(key.clone())];
        let facts = facts.map(|facts| Value::Object(facts.clone()).to_string());
        for (part, value) in [(FACTS, facts.as_ref()), ("vector", self.vector.as_ref()), ("blob", self.blob.as_ref())] {
            if let Some(value) = value {
                values.push(StatementText(value.clone()));
                text.push_str(&format!(" {part} = ${}", values.len()));
            }
        }
        if values.len() > 1 {
            run_with(lease, &text, &values).await?;
        }
        run(lease, "COMMIT").await?;
        Ok(is_new)
    }
}
