//! Statements about roles and privileges: what they say, and how it is read.

mod grant_reader;
pub(in crate::sql) mod role_reader;
pub(in crate::sql) mod role_text;
mod token_reader;
