//! KNIRVQL, the database's own query language: text in, statement out, statement lowered to the query that SQL meets too.
//!
//! One statement's way: `session` asks [`is_knirvql`] which language a text is in and splits texts at [`statement_end`];
//! [`parse`] first scans for limits (`scan`), then runs the parser that pest derives from `grammar/knirvql.pest`
//! (`grammar`), builds the tree (`parse`, `condition`, `literal` into `ast`) or says in words what is wrong (`report`).
//! [`parameters`] tells where each `$n` stands. The tree prints itself in canonical form (`print`), with secrets redacted.
//! [`lower`] then looks names up in the catalog (`resolve`), gives parameters their types, and yields a
//! [`Planned`](crate::statement::Planned) for `session` to run: a [`Query`](crate::db::Query), a change of entries (`memory_write`,
//! `secret_write`, `selected_change`), or a command on networks (`lower_network`, `network_options`, `address`).
//!
//! Guarantees: no text makes the parser panic or exhaust the stack; errors carry the 1-based character position; no error,
//! `Debug` or `Display` shows a secret of an AUTH statement or of a network.

mod address;
mod assigned;
mod ast;
mod condition;
mod describe;
mod dispatch;
mod fact_functions;
mod filter;
mod grammar;
mod groups;
mod json_place;
mod lists;
mod literal;
mod lower;
mod lower_get;
mod lower_network;
mod memory_update;
mod memory_upsert;
mod memory_write;
mod network_options;
mod network_rows;
mod parameters;
mod parse;
mod parse_entries;
mod parse_values;
mod print;
mod print_entries;
mod report;
mod resolve;
mod returned;
mod scan;
mod secret_write;
mod selected_change;
mod shape;
mod stage_preview;
mod synopses;

pub use ast::{
    Assignment, AstAggregate, AstAggregateFunction, AstComparison, AstEntry, AstEntryType, AstExpression, AstField,
    AstFieldValue, AstMetric, AstStage, AstText, Bindable, Condition, Delete, GetMemory, KnirvqlStatement, Literal,
    NetworkChange, NetworkOption, OrderKey, Path, REDACTED, Revert, SetMemory, SetMode, Show, Similar, Step,
    UpdateMemory, VectorSource,
};
pub use dispatch::{is_knirvql, statement_end};
pub use lower::{LoweredGet, lower, lower_get};
pub use lower_network::SYNC_COLUMNS;
pub use memory_upsert::MemoryUpsert;
pub use memory_write::{EntryParts, MemoryWrite};
pub use network_rows::NetworkRows;
pub use parameters::{ParameterPlace, ParameterRole, parameters};
pub use parse::{parse, parse_condition};
pub use scan::words;
pub use secret_write::SecretWrite;
pub use selected_change::{SelectedChange, SelectedVerb, Selection};
