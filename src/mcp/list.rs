//! `list`: what there is: collections with their facts, and networks with their members.

use serde_json::{Value, json};

use crate::error::Result;
use crate::mcp::answer::{Answer, answer};
use crate::mcp::arguments::ToolArguments;
use crate::mcp::collection::COLLECTION_DEFAULT;
use crate::mcp::json::json_of;
use crate::mcp::pool::ConnectionLease;
use crate::mcp::statement::{Bounds, literal, name, read_one, rows, run};

pub(super) const SUBJECTS: [&str; 3] = ["all", "collections", "networks"];
/// Collections that are described.
const COLLECTIONS_MAX: usize = 100;
/// Columns and facts of a collection that are named.
const NAMES_MAX: usize = 200;
const NETWORKS: &str = "SELECT name, collections, connected_peers, total_peers, staged, last_sync, last_error, leaving \
    FROM nebulus.networks ORDER BY name";
const PEERS: &str = "SELECT network, peer_id, connected, behind_deltas, last_seen, removed FROM nebulus.peers \
    ORDER BY network, peer_id";
const STAGED: &str = "SELECT network, collection, count(*) AS staged FROM nebulus.staged GROUP BY 1, 2 ORDER BY 1, 2";

/// Lists collections, networks, or both.
///
/// # Errors
/// 22023 for arguments, and what the server says.
pub(super) async fn list(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Answer> {
    let subject = arguments.choice("what", &SUBJECTS)?;
    run(lease, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut listed = Answer::new();
    if subject != "networks" {
        listed.extend(collections(lease).await?);
    }
    if subject != "collections" {
        listed.extend(networks(lease).await?);
    }
    Ok(listed)
}

/// The collections.
///
/// # Errors
/// What the server says.
pub(super) async fn collections(lease: &ConnectionLease) -> Result<Answer> {
    let all = rows(lease, "SHOW COLLECTIONS").await?;
    let mut described = Vec::new();
    for row in all.iter().take(COLLECTIONS_MAX) {
        let mut values = row.iter().map(|value| value.as_deref().unwrap_or_default());
        let (own, entry_type) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        described.push(Value::Object(describe(own, entry_type, lease).await?));
    }
    let left_out = all.len().saturating_sub(COLLECTIONS_MAX);
    let cut = if left_out > 0 { json!(format!("{left_out} collections were left out")) } else { Value::Null };
    Ok(answer([("collections", Value::Array(described)), ("cut", cut)]))
}

/// One collection: how many entries it has, and what can be asked of them.
///
/// # Errors
/// What the server says.
pub(super) async fn describe(collection: &str, entry_type: &str, lease: &ConnectionLease) -> Result<Answer> {
    if entry_type == "AUTH" {
        return Ok(answer([
            ("name", json!(collection)),
            ("holds", json!("secrets, encrypted; they never leave this machine")),
        ]));
    }
    let count = rows(lease, &format!("SELECT count(*) FROM {}", name(collection))).await?;
    let count = count.into_iter().flatten().flatten().next().and_then(|count| count.parse::<i64>().ok());
    let declared = columns(collection, lease).await?;
    // The view of facts has the key as well.
    let facts = match collection {
        COLLECTION_DEFAULT => {
            columns("memory_facts", lease).await?.into_iter().filter(|(name, _)| name != "id").collect()
        }
        _ => Vec::new(),
    };
    let facts = if facts.is_empty() { Value::Null } else { named(facts) };
    Ok(answer([("name", json!(collection)), ("entries", json!(count)), ("columns", named(declared)), ("facts", facts)]))
}

async fn columns(collection: &str, lease: &ConnectionLease) -> Result<Vec<(String, String)>> {
    let text = format!(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relname = {} AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped \
         ORDER BY a.attnum LIMIT {NAMES_MAX}",
        literal(collection)
    );
    let found = rows(lease, &text).await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let mut values = row.into_iter().map(Option::unwrap_or_default);
            (values.next().unwrap_or_default(), values.next().unwrap_or_default())
        })
        .collect())
}

fn named(columns: Vec<(String, String)>) -> Value {
    Value::Object(columns.into_iter().map(|(name, ty)| (name, Value::from(ty))).collect())
}

/// The networks, their members, and what waits to be posted.
///
/// # Errors
/// What the server says.
pub(super) async fn networks(lease: &ConnectionLease) -> Result<Answer> {
    let node = rows(lease, "SELECT peer_id FROM nebulus.node").await?.into_iter().flatten().flatten().next();
    Ok(answer([
        ("this_node", json!(node)),
        ("networks", objects(NETWORKS, lease).await?),
        ("members", objects(PEERS, lease).await?),
        ("staged", objects(STAGED, lease).await?),
    ]))
}

async fn objects(text: &str, lease: &ConnectionLease) -> Result<Value> {
    let read = read_one(lease, text, Bounds { rows: 1_000, bytes: 1024 * 1024 }).await?;
    let object = |row: &Vec<Option<String>>| {
        let members = read.columns.iter().zip(row);
        Value::Object(members.map(|((name, ty), value)| (name.clone(), json_of(value.as_deref(), ty))).collect())
    };
    Ok(Value::Array(read.rows.iter().map(object).collect()))
}
