//! KNIRVQL, the database's own query language: text in, statement out, statement lowered to the query that SQL meets too.
//!
//! One statement's way: `session` asks [`is_knirvql`] which language a text is in and splits texts at [`statement_end`];
//! [`parse`] first scans for limits (`scan`), then runs the parser that pest derives from `grammar/knirvql.pest`
//! (`grammar`), builds the tree (`parse`, `condition`, `literal` into `ast`) or says in words what is wrong (`report`).
//! [`parameters`] tells where each `$n` stands. The tree prints itself in canonical form (`print`), with secrets redacted.
//! [`lower`] then looks names up in the catalog (`resolve`), gives parameters their types, and yields an [`KnirvqlAction`]: a
//! [`Query`](crate::db::Query), or what is to be written or deleted (`filter`, `memory_write`), or what is to be done about
//! networks (`lower_network`, `network_options`, `address`), for `session` to execute.
//!
//! Guarantees: no text makes the parser panic or exhaust the stack; errors carry the 1-based character position; no error,
//! `Debug` or `Display` shows a secret of an AUTH statement or of a network.

mod address;
mod ast;
mod condition;
mod dispatch;
mod filter;
mod grammar;
mod literal;
mod lower;
mod lower_network;
mod memory_write;
mod network_options;
mod parameters;
mod parse;
mod print;
mod report;
mod resolve;
mod scan;
mod shape;

pub use ast::{
    AstComparison, AstEntryType, AstMetric, AstStage, AstText, Bindable, Condition, Delete, GetMemory,
    KnirvqlStatement, Literal, NetworkChange, NetworkOption, OrderKey, Path, REDACTED, Revert, SetMemory, Show,
    Similar, Step, VectorSource,
};
pub use dispatch::{is_knirvql, statement_end};
pub use lower::{KnirvqlAction, LoweredStatement, Selection, lower};
pub use lower_network::NetworkWrite;
pub use memory_write::{EntryParts, MemoryWrite};
pub use parameters::{ParameterPlace, ParameterRole, parameters};
pub use parse::parse;
pub use scan::words;
pub use shape::shape;
