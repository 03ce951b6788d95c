//! Expressions over one row: one typed tree for both languages, below the database.
//!
//! A WHERE takes three steps here. A language makes an [`Expr`] of its own tree, once a statement (`knirvql/filter`,
//! `sql/read/lower_filter`, `sql/relational/pushdown`, `sql/write/row_compiler`). Each Execute compiles it with the parameters
//! at hand ([`Program::compile`]): constants are looked at once, patterns become regular expressions, and what access paths
//! are chosen by can be asked for ([`Program::conjuncts`]). Then it runs on each row ([`RowAccess`]): on an entry's bytes in
//! the store, or on a row of values.
//!
//! Functions are entries of one registry ([`Function`]) whose bodies work on values, so that any of them runs here.

mod compile;
mod computed_key;
mod conditions;
mod display;
mod functions;
mod operators;
mod parameter_types;
mod patterns;
mod program;
#[cfg(test)]
mod program_tests;
mod row;
mod row_expression;
mod tree;

pub use computed_key::ComputedKey;
pub use conditions::{CompiledCondition, ConditionShape};
pub use functions::{
    Body, CALL_BYTES_MAX, Function, Invocation, Parameter, StatementContext, Volatility, check_call_bytes, int_of,
    text_of, too_large, undefined,
};
pub use operators::{Arithmetic, Comparison, Test};
pub use parameter_types::{ParameterTypes, unmodified};
pub use patterns::compile_regex;
pub use program::{Environment, Program, no_condition};
pub use row::{RowAccess, ValueRow};
pub use row_expression::RowExpression;
pub use tree::{Expr, Operand, PathBase, PathResult, Scalar};
