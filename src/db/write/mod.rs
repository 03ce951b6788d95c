//! Writing: from a transaction's write set to one durable batch.
//!
//! `transaction` checks rows and keeps them (`ddl`, `columns`, `column_rules`, `dimensions`, `unique`, `moved_entry`, `sequences` are its parts); the
//! one `committer` thread verifies and encodes each set (`encoder`), and what peers sent (`entry_states`, `hidden_values`), as
//! changes of entries. `entry_change` is their one way into the group that waits for the same fsync (`commit_group`): indexes of all
//! kinds follow there (`secondary_index`: `ordered_indexes`, `vector_graphs`). New ones are filled in steps (`backfill`,
//! `index_builds`).

pub(super) mod backfill;
pub(super) mod blob_counts;
pub(super) mod catalog_changes;
pub(super) mod column_rules;
pub(super) mod columns;
pub(super) mod commit_group;
pub(super) mod commit_terms;
pub(super) mod committer;
pub(super) mod ddl;
pub(super) mod dimensions;
pub(super) mod encoder;
pub(super) mod entry_change;
pub(super) mod entry_facts;
pub(super) mod entry_states;
pub(super) mod feed_draft;
pub(super) mod hidden_values;
pub(super) mod index_build;
pub(super) mod moved_entry;
pub(super) mod ordered_indexes;
pub(super) mod row_locking;
pub(super) mod secondary_index;
pub(super) mod secrets;
pub(super) mod sequences;
pub(super) mod transaction;
pub(super) mod unique;
pub(super) mod vector_graphs;
