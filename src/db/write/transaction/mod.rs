//! A transaction: its snapshot with its own writes over it, the rows that it has locked, and what is checked of a row when it is
//! written.

pub(in crate::db) mod computed_columns;
pub(in crate::db) mod constraint_timing;
mod foreign_key_errors;
pub(in crate::db) mod foreign_keys;
pub(in crate::db) mod moved_entry;
pub(in crate::db) mod row_fields;
pub(in crate::db) mod row_locking;
pub(in crate::db) mod savepoint;
pub(in crate::db) mod secrets;
pub(in crate::db) mod sequences;
pub(in crate::db) mod transaction;
pub(in crate::db) mod unique;
