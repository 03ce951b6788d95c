//! The first minutes: a server of one's own, entries, both searches, a transaction.
//!
//! `cargo run --example first_minutes`; the program `nebulusdb` is on PATH, or `NEBULUSDB_BIN` names it.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use nebulusdb_client::{Database, Embedded, Entry, Result, Update, fact};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    text: String,
    source: String,
    pages: u32,
}

fn note(text: &str, source: &str, pages: u32) -> Note {
    Note { text: text.into(), source: source.into(), pages }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut db = Database::embedded(Embedded::temporary()).await?;
    let memory = db.memory();

    memory.insert(&Entry::new(note("Bloom filters may lie", "web", 3)).id("bloom").vector([0.9, 0.1, 0.0])).await?;
    memory
        .insert_batch(&[
            Entry::new(note("Cuckoo filters can forget", "mail", 10)).id("cuckoo").vector([0.8, 0.3, 0.1]),
            Entry::new(note("Skip lists climb towers", "web", 14)).id("skip").vector([0.0, 0.2, 0.9]),
        ])
        .await?;

    for found in memory.nearest([0.9, 0.2, 0.0]).filter(fact("source").eq("web")).limit(2).fetch::<Note>().await? {
        println!("{:.3} {}", found.distance.unwrap_or_default(), found.facts.text);
    }

    memory.update(fact("pages").gt(5), &Update::new().increase("pages", 1).add_to_set("tags", "long")).await?;
    for found in memory.find(fact("tags").contains("long")).order_by_descending("pages").fetch::<Note>().await? {
        println!("{} has {} pages", found.id, found.facts.pages);
    }

    let transaction = db.transaction().await?;
    transaction.memory().delete(fact("source").eq("mail")).await?;
    transaction.memory().insert(&Entry::new(note("Tries branch by letters", "book", 21)).id("trie")).await?;
    transaction.commit().await?;
    println!("{} entries", db.memory().count(nebulusdb_client::all()).await?);
    db.close().await
}
