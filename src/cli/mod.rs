//! The command line: what `nebulusdb` does, one file a command.

mod backup;
mod check;
mod command;
mod completion;
mod config;
mod demo_load;
mod given;
mod health;
mod mcp;
mod output;
mod progress;
mod query;
mod restore;
mod runner;
mod serve;
mod shell;
mod sync_status;
mod table;
mod transfer;
mod vault;

pub use command::main;
