//! `forget`: deletes memories, those of given keys at once, those of a condition after their number was confirmed.

use serde_json::json;

use crate::error::Result;
use crate::mcp::answer::{Answer, answer};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::collection::ToolCollection;
use crate::mcp::condition::condition;
use crate::mcp::pool::ConnectionLease;
use crate::mcp::recall::keys_of;
use crate::mcp::statement::{literal, rows, run};

/// Keys that are shown of what a condition would delete.
const SHOWN_MAX: usize = 20;
/// The greatest number that can be confirmed.
pub(super) const CONFIRMED_MAX: u64 = 1_000_000_000;

/// Deletes memories, or says what it would delete.
///
/// # Errors
/// 22023 for arguments, and what the server says.
pub(super) async fn forget(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<Answer> {
    let collection = ToolCollection::of(arguments, lease).await?;
    let Some(chosen) = condition(arguments, &collection)? else {
        return Err(refused("nothing says what to forget")
            .with_hint("Give key or keys, or facts or where. There is no way to forget everything at once."));
    };
    let confirmed = arguments.count("confirm_count", 0..=CONFIRMED_MAX)?;
    let delete = format!("DELETE MEMORY IN {} WHERE {chosen}", collection.in_knirvql());
    let is_by_key = !arguments.keys()?.is_empty();
    if is_by_key && confirmed.is_none() {
        let count = run(lease, &delete).await?;
        return Ok(forgotten(&collection, count));
    }
    run(lease, "BEGIN").await?;
    let count = count_of(&collection, &chosen, lease).await?;
    match confirmed {
        Some(confirmed) if confirmed == count => {
            run(lease, &delete).await?;
            run(lease, "COMMIT").await?;
            Ok(forgotten(&collection, count))
        }
        _ => {
            let keys = keys_of(&collection, &chosen, SHOWN_MAX, lease).await?;
            let why = match confirmed {
                Some(confirmed) => format!("{count} memories match now, not the {confirmed} that were confirmed. "),
                None => String::new(),
            };
            Ok(answer([
                ("forgotten", json!(0)),
                ("matching", json!(count)),
                ("some_of_their_keys", json!(keys)),
                (
                    "next",
                    json!(format!(
                        "{why}Nothing was forgotten. To forget these {count}, call forget again with the same arguments and confirm_count = {count}."
                    )),
                ),
            ]))
        }
    }
}

fn forgotten(collection: &ToolCollection, count: u64) -> Answer {
    let note = "Peers keep what was posted to them before; recall shows it no more here.";
    answer([
        ("collection", json!(collection.name)),
        ("forgotten", json!(count)),
        ("note", if count == 0 { json!("no memory matched") } else { json!(note) }),
    ])
}

/// How many entries fulfil a condition.
///
/// # Errors
/// What the server says.
pub(super) async fn count_of(collection: &ToolCollection, condition: &str, lease: &ConnectionLease) -> Result<u64> {
    let keys = format!("GET MEMORY FIELDS {} IN {} WHERE {condition}", collection.key, collection.in_knirvql());
    let counted = rows(lease, &format!("SELECT count(*) FROM knirvql({})", literal(&keys))).await?;
    let count = counted.into_iter().flatten().flatten().next();
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}
