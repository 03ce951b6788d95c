//! The client of NebulusDB, a local-first, peer-to-peer database for memories: entries with facts, embedding vectors and blobs,
//! shared with networks of peers only where their owner says so.
//!
//! ```no_run
//! use nebulusdb_client::{Database, Embedded, Entry, fact};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Note {
//!     text: String,
//!     source: String,
//!     pages: u32,
//! }
//!
//! # async fn run() -> nebulusdb_client::Result<()> {
//! let db = Database::embedded(Embedded::over("./memories")).await?; // a server of this program's own
//! let memory = db.memory();
//! let note = Note { text: "Bloom filters may lie".into(), source: "web".into(), pages: 3 };
//! memory.insert(&Entry::new(note).id("bloom").vector([0.9, 0.1, 0.0])).await?;
//! for found in memory.nearest([0.9, 0.2, 0.0]).filter(fact("source").eq("web")).limit(2).fetch::<Note>().await? {
//!     println!("{:?} {}", found.distance, found.facts.text);
//! }
//! db.close().await
//! # }
//! ```
//!
//! | Module | What it knows |
//! |---|---|
//! | [`Database`], [`Transaction`] | a connection, and statements that happen together or not at all |
//! | [`Collection`], [`Find`], [`Nearest`] | entries: writing them, finding them by facts and by likeness |
//! | [`Filter`], [`Field`], [`Update`] | conditions and changes |
//! | [`Networks`] | networks of peers |
//! | [`Subscription`] | changes as they happen |
//! | [`Embedded`] | a server of one's own |
//!
//! It is thin: what SQL or KNIRVQL can do is left to the server, and [`Database::client`] is tokio-postgres' own client for the rest.

mod changes;
mod collection;
mod compile;
mod connection;
mod database;
mod embedded;
mod entry;
mod error;
mod filter;
mod networks;
mod search;
mod secrets;
mod update;

pub use changes::{Change, NetworkEvent, Operation, Subscription};
pub use collection::Collection;
pub use database::{Database, Transaction};
pub use embedded::{Embedded, find_program};
pub use entry::{Entry, Found};
pub use error::{Error, Result};
pub use filter::{Field, Filter, all, column, fact, id};
pub use networks::{NetworkStats, Networks, NodeInfo, Options, PeerInfo, SyncReport, SyncState};
pub use search::{Find, Metric, Nearest};
pub use secrets::Secrets;
pub use update::Update;

/// The driver below, for what this crate has no words for.
pub use tokio_postgres;

/// The programs of README.md, which are compiled by the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
