//! Definitions inside a transaction: what makes, changes and drops relations, their columns and rules, schemas, types, sequences, roles.

pub(in crate::db) mod check_constraints;
pub(in crate::db) mod column_rules;
pub(in crate::db) mod columns;
pub(in crate::db) mod comments;
pub(in crate::db) mod constraints;
pub(in crate::db) mod ddl;
pub(in crate::db) mod dimensions;
pub(in crate::db) mod domains;
pub(in crate::db) mod foreign_key_rules;
pub(in crate::db) mod roles;
pub(in crate::db) mod schemas;
pub(in crate::db) mod sequence_definitions;
pub(in crate::db) mod temporary;
pub(in crate::db) mod user_types;
pub(in crate::db) mod views;
