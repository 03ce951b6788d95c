//! Full text as PostgreSQL has it: `tsvector`, `tsquery`, how texts become them, whether they match and how well.
//!
//! `vector` and `query` are the values, `vector_text` and `query_text` their text forms, `wire` their binary ones. `matching` says
//! whether a document matches a query, `ranking` how well. `parser` finds the tokens of a text, `configuration` says what lexemes they
//! become, `document` makes documents and queries of texts.

pub(super) mod configuration;
pub mod document;
pub mod matching;
mod names;
pub(super) mod parser;
pub mod query;
pub mod query_text;
pub mod ranking;
mod stop_words;
#[cfg(test)]
mod tests;
pub mod vector;
pub(super) mod vector_text;
pub mod wire;
