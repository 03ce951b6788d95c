//! Writing: from a transaction's write set to one durable batch.
//!
//! `transaction` checks rows and keeps them (`ddl`, `columns`, `column_rules`, `constraints`, `check_constraints`, `foreign_keys`,
//! `computed_columns`, `dimensions`, `unique`, `row_fields`, `moved_entry`, `sequences`, `views`, `schemas`, `user_types`,
//! `temporary`, `comments`, `roles` are its parts); the
//! one `committer` thread verifies and encodes each set (`encoder`), and what peers sent (`entry_states`, `hidden_values`), as
//! changes of entries. `entry_change` is their one way into the group that waits for the same fsync (`commit_group`): indexes of all
//! kinds follow there (`secondary_index`: `ordered_indexes`, `vector_graphs`). New ones are filled in steps (`backfill`,
//! `index_builds`).

pub(super) mod backfill;
pub(super) mod blob_counts;
pub(super) mod catalog_changes;
pub(super) mod check_constraints;
pub(super) mod column_rules;
pub(super) mod columns;
pub(super) mod comments;
pub(super) mod commit_group;
pub(super) mod commit_queue;
pub(super) mod commit_terms;
pub(super) mod committer;
pub(super) mod computed_columns;
pub(super) mod constraint_timing;
pub(super) mod constraints;
pub(super) mod ddl;
pub(super) mod dimensions;
pub(super) mod encoder;
pub(super) mod entry_change;
pub(super) mod entry_states;
pub(super) mod feed_draft;
pub(super) mod foreign_key_rules;
pub(super) mod foreign_keys;
pub(super) mod hidden_values;
pub(super) mod index_build;
pub(super) mod last_changes;
pub(super) mod moved_entry;
pub(super) mod ordered_indexes;
pub(super) mod reference_checks;
pub(super) mod roles;
pub(super) mod row_fields;
pub(super) mod row_locking;
pub(super) mod savepoint;
pub(super) mod schemas;
pub(super) mod secondary_index;
pub(super) mod secrets;
pub(super) mod sequence_definitions;
pub(super) mod sequences;
pub(super) mod temporary;
pub(super) mod transaction;
pub(super) mod unique;
pub(super) mod user_types;
pub(super) mod vector_graphs;
pub(super) mod views;
