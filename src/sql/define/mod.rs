//! Data definition: CREATE, ALTER and DROP of tables, indexes and what there is one fixed kind of.

pub(super) mod alter;
pub(super) mod check;
pub(super) mod comment;
pub(super) mod computed;
pub(super) mod definition;
pub(super) mod domain;
pub(super) mod drawn_default;
pub(super) mod drop;
pub(super) mod foreign_key;
pub(super) mod identity;
pub(super) mod index;
pub(super) mod index_keys;
pub(super) mod like;
pub(super) mod materialized_view;
pub(super) mod needs;
pub(super) mod new_column;
mod one_row;
pub(super) mod reindex;
pub(super) mod retype;
pub(super) mod roles;
pub(super) mod schema;
pub(super) mod sequence;
pub(super) mod sequence_numbers;
pub(super) mod table;
pub(super) mod user_type;
pub(super) mod view;
