//! The types, operators, functions, aggregates and casts that a statement may use, and how PostgreSQL chooses among them
//! (PostgreSQL documentation, chapter 10, "Type Conversion").
//!
//! `tables` holds them as PostgreSQL's catalogs do, by OID, read from the files beside it: `types.txt`, `operators.txt`,
//! `functions.txt`, `casts.txt`. They have what PostgreSQL has of a name and not only what this server runs, since whatever
//! there is takes part in the choice; `offered` knows what of it is here, and `pg_catalog` lists just that.
//!
//! A choice goes by pure functions over OIDs: `operators` and `functions` gather the forms of a name and leave the choice to
//! `candidates`, which asks `coercions` whether a value of one type may stand for another, and `polymorphic` what
//! `anyelement` and its like stand for. `common_type` finds the type of CASE, UNION and ARRAY. `errors` says what failed in
//! PostgreSQL's words.
//!
//! **To add a function** that PostgreSQL has: give `functions.txt` one line for each of its forms, from `pg_proc`
//! (`tests/differential/registry.py` writes them for a name that is listed once). One that PostgreSQL lacks needs no line: it
//! is listed as its definition in `functions` describes it. **An operator or a cast** has its line already; take it off the
//! list in `offered` once the server runs it. **A type** needs one if PostgreSQL lacks it.

mod candidates;
mod coercions;
mod common_type;
mod errors;
mod functions;
mod offered;
mod operators;
mod polymorphic;
#[cfg(test)]
mod resolution_tests;
mod tables;

pub use common_type::common_type;
pub use errors::{type_name, undefined_function};
pub use functions::{CallArguments, ResolvedFunction, resolve_function};
pub use offered::{PSEUDO_TYPES, is_offered_operator, is_offered_type, is_run};
pub use operators::resolve_operator;
pub use tables::{
    AggregateKind, CastEntry, FunctionEntry, FunctionKind, OperatorEntry, casts, forms, functions, operators,
    type_entry, type_named,
};
