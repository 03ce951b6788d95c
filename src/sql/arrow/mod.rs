//! Arrow and DataFusion seen from the SQL surface: types, values, errors, casts and arithmetic, the context and memory of a statement.

pub(super) mod arithmetic_functions;
pub(super) mod cast_functions;
pub(super) mod column_arrays;
pub(super) mod context;
pub(super) mod errors;
pub(super) mod memory_pool;
pub(super) mod range_values;
pub(super) mod reading;
pub(super) mod results;
pub(super) mod types;
pub(super) mod values;
pub(super) mod walks;
