//! The catalog: which collections, indexes, networks and roles exist, and the changes that make the next one of it.

mod by_name;
pub(super) mod catalog;
pub(super) mod catalog_change;
pub(super) mod roles;
pub(super) mod row_ids;
pub(super) mod schemas;
pub(super) mod search_path;
pub(super) mod sequences;
pub(super) mod user_types;
pub(super) mod view_rules;
