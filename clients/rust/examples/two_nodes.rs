//! Two nodes on this machine: one shares what it staged, the other hears of it.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::time::Duration;

use nebulusdb_client::{Change, Database, Embedded, Entry, Options, Result, fact};
use serde_json::{Value, json};

/// Longest wait for something to come from the other node.
const WAIT: Duration = Duration::from_secs(60);

async fn node() -> Result<Database> {
    Database::embedded(Embedded::temporary().argument("--p2p-listen").argument("/ip4/127.0.0.1/tcp/0")).await
}

#[tokio::main]
async fn main() -> Result<()> {
    let (ada, ben) = (node().await?, node().await?);
    ada.networks().create("team", Some("correct horse battery"), Options::new()).await?;
    ada.networks().attach("memory", "team").await?;

    let mut events = ada.subscribe_to_networks(Some("team")).await?;
    let addresses = loop {
        let addresses = ada.networks().node().await?.addresses;
        if !addresses.is_empty() {
            break addresses;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    ben.networks().join("team", &addresses, "correct horse battery", Options::new()).await?;
    ben.networks().attach("memory", "team").await?;
    while let Some(event) = events.next_within(WAIT).await {
        println!("ada: {}", event.event);
        if event.event == "peer:connected" {
            break;
        }
    }

    let mut changes = ben.subscribe("memory").await?;
    ada.memory().insert(&Entry::new(json!({"topic": "weather", "text": "It rains in Bergen"})).id("rain")).await?;
    ada.memory().insert(&Entry::new(json!({"topic": "me", "text": "Nobody else reads this"})).id("diary")).await?;
    ada.memory().stage(fact("topic").eq("weather")).await?;
    ada.networks().sync(Some("team")).await?;

    if let Some(Change::Entry { id, .. }) = changes.next_within(WAIT).await {
        println!("ben: {} came", id.unwrap_or_default());
    }
    for found in ben.memory().find(nebulusdb_client::all()).fetch::<Value>().await? {
        println!("ben has {}: {}", found.id, found.facts);
    }
    ben.close().await?;
    ada.close().await
}
