//! The SQL/JSON path language of `jsonpath` (PostgreSQL's documentation, section 9.16.2; its `jsonpath.c` and `jsonpath_exec.c`).
//!
//! `lexer` and `parser` read a path into a tree of `syntax`, `display` writes it as PostgreSQL prints it. `execute` hands the items
//! that a path finds to whoever asks, one after the other and no further than is wanted; `predicates`, `methods`, `operators`
//! and `times` are its parts.

mod display;
mod execute;
mod items;
mod lexer;
mod methods;
mod operators;
mod parser;
mod predicates;
mod syntax;
mod times;

pub use execute::{Execution, PathFailure};
pub use items::Item;
pub use syntax::JsonPath;
pub use times::PathZone;
