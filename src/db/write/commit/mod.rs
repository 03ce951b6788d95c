//! The commit: the one `committer` verifies and encodes each write set (`encoder`), and what peers sent (`entry_states`,
//! `hidden_values`), as changes of entries. `entry_change` is their one way into the group that waits for the same fsync (`commit_group`).

pub(in crate::db) mod blob_counts;
pub(in crate::db) mod catalog_changes;
pub(in crate::db) mod commit_group;
pub(in crate::db) mod commit_queue;
pub(in crate::db) mod commit_terms;
pub(in crate::db) mod committer;
pub(in crate::db) mod encoder;
pub(in crate::db) mod entry_change;
pub(in crate::db) mod entry_states;
pub(in crate::db) mod feed_draft;
pub(in crate::db) mod hidden_values;
pub(in crate::db) mod last_changes;
pub(in crate::db) mod reference_checks;
