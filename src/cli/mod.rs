//! The command line: what `nebulusdb` does, one file a command.

mod check;
mod command;
mod completion;
mod config;
mod demo_load;
mod health;
mod mcp;
mod output;
mod query;
mod runner;
mod serve;
mod shell;
mod sync_status;
mod table;
mod vault;

pub use command::main;
