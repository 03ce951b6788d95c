//! What is done to DataFusion's plans between binding and running, so that they mean what PostgreSQL means.
//!
//! `subqueries` joins correlated subqueries and gives IN, ANY, ALL and EXISTS three truth values; `semantics` puts right what
//! the plan would compute otherwise: guards of what can fail, keys of comparison, constants, sorts. Both are pure functions from a
//! plan to a plan; `relational` calls them in their order (`engine` the logical ones, `physical` the last).

pub(super) mod semantics;
pub(super) mod subqueries;
