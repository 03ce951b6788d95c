//! `share`: marks memories for the network of their collection, takes marks away, and posts what is marked.
//!
//! Nothing is marked before its number was confirmed, after the call that shows what will leave this machine.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::mcp::answer::{Answer, answer, fill, notices};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::collection::ToolCollection;
use crate::mcp::condition::{condition, one_of};
use crate::mcp::forget::CONFIRMED_MAX;
use crate::mcp::pool::ConnectionLease;
use crate::mcp::recall::{FoundEntry, entries, keys_of};
use crate::mcp::statement::{literal, rows, run};

pub(super) const ACTIONS: [&str; 3] = ["stage", "unstage", "post"];
/// Most memories of one call.
const SHARED_MAX: usize = 1_000;
/// Most entries on a stage that a call posts.
const STAGED_MAX: usize = 10_000;
/// Memories that are shown in full before they leave.
const SHOWN_MAX: usize = 25;

/// A network that a collection is attached to.
struct Network {
    name: String,
    connected: String,
    members: String,
}

/// Stages, unstages or posts memories, or shows what would leave.
///
/// # Errors
/// 22023 for arguments, and what the server says.
pub(super) async fn share(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Answer> {
    let action = arguments.choice("action", &ACTIONS)?;
    let collection = ToolCollection::of(arguments, lease).await?;
    let network = network_of(&collection, lease).await?;
    if let Some(wanted) = arguments.name("network")?
        && network.as_ref().is_none_or(|network| network.name != wanted)
    {
        let attached = network.map_or("no network".to_string(), |network| format!("the network {:?}", network.name));
        return Err(refused(format!("{:?} is attached to {attached}, not to {wanted:?}", collection.name))
            .with_hint("Entries go to the network of their collection. The tool list shows which that is."));
    }
    let chosen = condition(arguments, &collection)?;
    let confirmed = arguments.count("confirm_count", 0..=CONFIRMED_MAX)?;
    match (action, chosen) {
        ("post", None) => {
            let staged = staged(&collection, lease).await?;
            if staged.is_empty() {
                return Ok(answer([("posted", json!(0)), ("note", json!("nothing is staged in this collection"))]));
            }
            if confirmed != Some(staged.len() as u64) {
                return preview(&collection, network.as_ref(), action, (&staged, confirmed), lease).await;
            }
            posted(&collection, network.as_ref(), staged.len(), lease).await
        }
        (_, None) => {
            Err(refused(format!("nothing says what to {action}")).with_hint("Give key or keys, or facts or where."))
        }
        ("unstage", Some(chosen)) => {
            let text = format!("UNSTAGE MEMORY IN {} WHERE {chosen}", collection.in_knirvql());
            let count = run(lease, &text).await?;
            Ok(answer([("unstaged", json!(count)), ("server_says", notices(lease.take_notices()))]))
        }
        (_, Some(chosen)) => {
            run(lease, "BEGIN").await?;
            let keys = keys_of(&collection, &chosen, SHARED_MAX + 1, lease).await?;
            if keys.len() > SHARED_MAX {
                return Err(
                    refused(format!("more than {SHARED_MAX} memories match")).with_hint("Narrow the condition.")
                );
            }
            if keys.is_empty() {
                return Ok(answer([("matching", json!(0)), ("note", json!("no memory matched; nothing was staged"))]));
            }
            if confirmed != Some(keys.len() as u64) {
                return preview(&collection, network.as_ref(), action, (&keys, confirmed), lease).await;
            }
            let text = format!("STAGE MEMORY IN {} WHERE {}", collection.in_knirvql(), one_of(&collection, &keys)?);
            let count = run(lease, &text).await?;
            run(lease, "COMMIT").await?;
            if action == "post" {
                return posted(&collection, network.as_ref(), keys.len(), lease).await;
            }
            Ok(answer([
                ("staged", json!(count)),
                ("network", json!(network.as_ref().map(|network| network.name.as_str()))),
                ("what_happens", json!(what_happens(network.as_ref()))),
                ("server_says", notices(lease.take_notices())),
            ]))
        }
    }
}

/// What would leave this machine, and to whom.
async fn preview(
    collection: &ToolCollection,
    network: Option<&Network>,
    action: &str,
    (keys, confirmed): (&[String], Option<u64>),
    lease: &ConnectionLease,
) -> Result<Answer> {
    let shown: Vec<FoundEntry> =
        keys.iter().take(SHOWN_MAX).map(|key| FoundEntry { key: key.clone(), distance: None }).collect();
    let (shown, _) = fill(entries(collection, &shown, false, lease).await?);
    let (named, left_out) = fill(keys.iter().map(|key| json!(key)).collect());
    let count = keys.len();
    let why = match confirmed {
        Some(confirmed) => format!("{count} memories match now, not the {confirmed} that were confirmed. "),
        None => String::new(),
    };
    let parts = if collection.vector().is_some() {
        "Of each memory its key, all of its facts, its vector, its blob (fetched by members when they read it), this node's \
         peer id and the time."
    } else {
        "Of each memory its key, all of its columns and facts, this node's peer id and the time."
    };
    Ok(answer([
        ("shared", json!(0)),
        ("matching", json!(count)),
        ("would_leave", json!(parts)),
        ("to", json!(receivers(network))),
        ("keys", Value::Array(named)),
        ("keys_cut", if left_out > 0 { json!(format!("{left_out} more keys")) } else { Value::Null }),
        ("memories", Value::Array(shown)),
        (
            "next",
            json!(format!(
                "{why}Nothing has left. If the owner wants these {count} shared, call share again with the same arguments and confirm_count = {count}. What was posted cannot be taken back from those who have read it; action = \"{action}\"."
            )),
        ),
    ]))
}

/// Posts now what is staged, and waits for what the members say.
async fn posted(
    collection: &ToolCollection,
    network: Option<&Network>,
    count: usize,
    lease: &ConnectionLease,
) -> Result<Answer> {
    let Some(network) = network else {
        return Ok(answer([
            ("staged", json!(count)),
            ("posted", json!(0)),
            ("what_happens", json!(what_happens(None))),
        ]));
    };
    let text = format!("SELECT nebulus_sync({})", literal(&network.name));
    let report = rows(lease, &text).await?.into_iter().flatten().flatten().next().unwrap_or_default();
    let report: Value = serde_json::from_str(&report)
        .map_err(|error| Error::internal(format!("the report of a sync is no JSON: {error}")))?;
    let waiting = staged(collection, lease).await?.len();
    Ok(answer([
        ("network", json!(network.name)),
        ("chosen", json!(count)),
        ("posted", report.get("posted").cloned().unwrap_or_default()),
        ("members_reached", report.get("peers").cloned().unwrap_or_default()),
        ("still_staged", json!(waiting)),
        ("server_says", notices(lease.take_notices())),
    ]))
}

fn receivers(network: Option<&Network>) -> String {
    match network {
        Some(Network { name, connected, members }) => {
            format!("all members of the network {name:?}: {members} with this node, {connected} of them connected now")
        }
        None => {
            "nobody yet: the collection is attached to no network, and what is staged waits until it is".to_string()
        }
    }
}

fn what_happens(network: Option<&Network>) -> String {
    match network {
        Some(Network { name, .. }) => {
            format!(
                "The next sync, mostly within a second, posts them to the network {name:?}. Until then unstage takes them off."
            )
        }
        None => "They wait: the owner has attached the collection to no network (ATTACH COLLECTION … TO NETWORK …)."
            .to_string(),
    }
}

async fn network_of(collection: &ToolCollection, lease: &ConnectionLease) -> Result<Option<Network>> {
    let text = format!(
        "SELECT name, connected_peers, total_peers FROM nebulus.networks WHERE {} = ANY(collections)",
        literal(&collection.name)
    );
    Ok(rows(lease, &text).await?.into_iter().next().map(|row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        Network { name: next(), connected: next(), members: next() }
    }))
}

/// The keys of what is on the stage of a collection.
async fn staged(collection: &ToolCollection, lease: &ConnectionLease) -> Result<Vec<String>> {
    let text = format!(
        "SELECT id FROM nebulus.staged WHERE collection = {} ORDER BY id LIMIT {}",
        literal(&collection.name),
        STAGED_MAX + 1
    );
    let keys: Vec<String> =
        rows(lease, &text).await?.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
    if keys.len() > STAGED_MAX {
        return Err(refused(format!("more than {STAGED_MAX} entries are staged"))
            .with_hint("Let the owner post them: SYNC, or the next sync of the network."));
    }
    Ok(keys)
}
