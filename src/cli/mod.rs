//! The command line: what `nebulusdb` does, one file a command.

mod check;
mod client;
mod command;
mod demo_load;
mod health;
mod query;
mod serve;
mod sync_status;
mod table;
mod vault;

pub use command::main;
