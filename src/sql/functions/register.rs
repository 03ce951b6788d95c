//! The list of all functions, and their registration with the planner.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::execution::FunctionRegistry;

use crate::error::Result;
use crate::expr::Function;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::functions::aggregates::number_aggregates::{CheckedSum, Extreme};
use crate::sql::functions::aggregates::number_totals::number_aggregates;
use crate::sql::functions::aggregates::variances::variances;
use crate::sql::functions::aggregates::vector_aggregates::VectorAggregate;
use crate::sql::functions::arrays::expand::expand_array;
use crate::sql::functions::arrays::number_lists::number_lists;
use crate::sql::functions::arrays::removal::array_removal;
use crate::sql::functions::guarded::bounded::bounded;
use crate::sql::functions::guarded::checked_floats::checked_floats;
use crate::sql::functions::internal::domain_value::domain_value;
use crate::sql::functions::internal::kept::kept;
use crate::sql::functions::internal::same_shape::same_shape;
use crate::sql::functions::numbers::first_extremes::first_extremes;
use crate::sql::functions::scalar::scalar_function;
use crate::sql::functions::texts::concat::text_concat;
use crate::sql::functions::windows::by_row::functions_by_row;
use crate::sql::functions::{aggregates, arrays, counterparts, json, numbers, ranges, server, texts, times, vectors};

static DEFINITIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let mut all = row_functions();
    all.extend(array_functions());
    all
});

/// The descriptions of functions that run row by row, file by file.
const ROW_FUNCTIONS: [fn() -> Vec<Function>; 42] = [
    aggregates::ordered_arrays::definitions,
    arrays::bounds::definitions,
    arrays::dimensions::definitions,
    arrays::made::definitions,
    arrays::sets::definitions,
    counterparts::definitions,
    json::constructed::definitions,
    json::json::definitions,
    json::make::definitions,
    json::paths::definitions,
    json::records::definitions,
    json::sets::definitions,
    json::texts::definitions,
    numbers::angles::definitions,
    numbers::decimals::definitions,
    numbers::random::definitions,
    ranges::definitions,
    server::advisory::definitions,
    server::blobs::definitions,
    server::catalog::definitions,
    server::networks::definitions,
    server::notifications::definitions,
    server::rights::definitions,
    server::sequences::definitions,
    server::session::definitions,
    texts::bits::definitions,
    texts::bytes::definitions,
    texts::enums::definitions,
    texts::full_text::definitions,
    texts::patterns::definitions,
    texts::regexps::definitions,
    texts::spellings::definitions,
    texts::strings::definitions,
    times::arithmetic::definitions,
    times::bins::definitions,
    times::clocks::definitions,
    times::fields::definitions,
    times::make::definitions,
    times::overlaps::definitions,
    times::series::definitions,
    vectors::sparse::definitions,
    vectors::vectors::definitions,
];

/// Functions that run row by row.
fn row_functions() -> Vec<Function> {
    let mut all: Vec<Function> = ROW_FUNCTIONS.iter().flat_map(|definitions| definitions()).collect();
    let over_arrays: Vec<Function> = all.iter().filter_map(Function::over_array).collect();
    all.extend(over_arrays);
    all
}

/// Functions that the planner runs on arrays.
fn array_functions() -> Vec<Function> {
    vectors::distances::definitions().into_iter().chain(json::access::definitions()).collect()
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let named = |function: &'static Function| {
        std::iter::once(function.name).chain(function.aliases.iter().copied()).map(move |name| (name, function))
    };
    DEFINITIONS.iter().flat_map(named).collect()
});

/// The function of a name.
pub fn function(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// Every scalar function that this server adds.
pub fn definitions() -> Vec<Function> {
    DEFINITIONS.clone()
}

/// Adds everything to a state that has DataFusion's own functions already; ours win over those of the same name.
///
/// # Errors
/// What the registry says where an aggregate of DataFusion is missing, or where it takes no functions.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for function in bounded(|name| registry.udf(name).ok()) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for function in checked_floats(|name| registry.udf(name).ok()) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for function in first_extremes(|name| registry.udf(name).ok()) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    if let Some(function) = array_removal(|name| registry.udf(name).ok()) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for function in number_lists(|name| registry.udf(name).ok()) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for definition in row_functions() {
        registry.register_udf(Arc::new(scalar_function(definition))).map_err(from_datafusion)?;
    }
    let row_functions = [text_concat(), expand_array(), same_shape(), domain_value()].into_iter().chain(kept());
    for function in vectors::distances::distances().into_iter().chain(json::access::accessors()).chain(row_functions) {
        registry.register_udf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for name in ["avg", "sum"] {
        let numbers = registry.udaf(name).map_err(from_datafusion)?;
        let numbers = Arc::new(CheckedSum::over(numbers));
        registry.register_udaf(Arc::new(VectorAggregate::over(numbers))).map_err(from_datafusion)?;
    }
    for name in ["min", "max"] {
        let inner = registry.udaf(name).map_err(from_datafusion)?;
        registry.register_udaf(Arc::new(Extreme::over(inner))).map_err(from_datafusion)?;
    }
    for aggregate in number_aggregates() {
        registry.register_udaf(Arc::new(aggregate)).map_err(from_datafusion)?;
    }
    for aggregate in variances(|name| registry.udaf(name).ok()) {
        registry.register_udaf(Arc::new(aggregate)).map_err(from_datafusion)?;
    }
    for function in functions_by_row() {
        registry.register_udwf(Arc::new(function)).map_err(from_datafusion)?;
    }
    for aggregate in aggregates::gathered::aggregates() {
        registry.register_udaf(Arc::new(aggregate)).map_err(from_datafusion)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_taken_twice() {
        let mut seen = HashSet::new();
        for definition in definitions() {
            for name in std::iter::once(definition.name).chain(definition.aliases.iter().copied()) {
                assert!(seen.insert(name), "{name}");
            }
        }
    }
}
