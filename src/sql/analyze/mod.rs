//! The one walk over a query before it is planned: names are resolved, `*` is written out, types are found, and every operator is
//! written as what it stands for. A binder takes its place.

pub(super) mod access;
pub(super) mod aggregates;
pub(super) mod analyzer;
pub(super) mod arithmetic;
pub(super) mod binary;
pub(super) mod calls;
pub(super) mod casts;
pub(super) mod components;
pub(super) mod declared_type;
pub(super) mod expressions;
pub(super) mod from;
pub(super) mod from_functions;
pub(super) mod index_expressions;
pub(super) mod joins;
pub(super) mod jsonb;
pub(super) mod kept_meaning;
pub(super) mod literals;
pub(super) mod numbers;
pub(super) mod outer_aggregates;
pub(super) mod overloads;
pub(super) mod patterns;
pub(super) mod query_forms;
pub(super) mod recursion;
pub(super) mod row_comparisons;
pub(super) mod scope;
pub(super) mod select;
pub(super) mod set_operations;
pub(super) mod shadowed_names;
pub(super) mod shown;
pub(super) mod special_calls;
pub(super) mod times;
pub(super) mod unify;
pub(super) mod views;
pub(super) mod whole_rows;
pub(super) mod windows;
