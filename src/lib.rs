//! NebulusDB: a local-first, peer-to-peer database for memories.
//!
//! Modules in order of rank; each imports only from those above it in this list. `ARCHITECTURE.md` walks one INSERT and one
//! nearest SELECT through them.

pub mod defence;
pub mod error;
pub mod health;
pub mod metrics;

pub mod types;

pub mod expr;
pub mod model;
pub mod telemetry;

pub mod merge;
pub mod vector;

pub mod settings;
pub mod store;

pub mod backup;

pub mod db;

pub mod statement;

pub mod knirvql;
pub mod sql;
pub mod sync;

pub mod session;

pub mod admin;
pub mod pg;

pub mod config;

pub mod client;

pub mod console;
pub mod mcp;
pub mod transfer;

pub mod server;

pub mod cli;
