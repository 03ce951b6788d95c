//! The list of all functions, and their registration with the planner.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::execution::FunctionRegistry;

use crate::error::Result;
use crate::expr::Function;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::functions::array_removal::array_removal;
use crate::sql::functions::bounded::bounded;
use crate::sql::functions::checked_floats::checked_floats;
use crate::sql::functions::expand_array::expand_array;
use crate::sql::functions::first_extremes::first_extremes;
use crate::sql::functions::kept::kept;
use crate::sql::functions::number_aggregates::{CheckedSum, Extreme};
use crate::sql::functions::number_lists::number_lists;
use crate::sql::functions::number_totals::number_aggregates;
use crate::sql::functions::same_shape::same_shape;
use crate::sql::functions::scalar::scalar_function;
use crate::sql::functions::text_concat::text_concat;
use crate::sql::functions::variances::variances;
use crate::sql::functions::vector_aggregates::VectorAggregate;
use crate::sql::functions::{
    advisory, angles, array_bounds, array_sets, arrays_made, bits, blobs, bytes, catalog, counterparts, decimals,
    dimensions, distances, enums, full_text, gathered, json, json_access, json_constructed, json_make, json_paths,
    json_records, json_sets, json_texts, networks, notifications, ordered_arrays, patterns, random, regexps, rights,
    sequences, session, sparse_vectors, strings, texts, time, time_arithmetic, time_bins, time_fields, time_make,
    time_overlaps, time_series, vectors,
};

static DEFINITIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let mut all = row_functions();
    all.extend(array_functions());
    all
});

/// Functions that run row by row.
fn row_functions() -> Vec<Function> {
    let groups = [
        advisory::definitions(),
        angles::definitions(),
        array_bounds::definitions(),
        array_sets::definitions(),
        arrays_made::definitions(),
        bits::definitions(),
        blobs::definitions(),
        bytes::definitions(),
        catalog::definitions(),
        counterparts::definitions(),
        decimals::definitions(),
        dimensions::definitions(),
        enums::definitions(),
        full_text::definitions(),
        json::definitions(),
        json_constructed::definitions(),
        json_make::definitions(),
        json_paths::definitions(),
        json_records::definitions(),
        json_sets::definitions(),
        json_texts::definitions(),
        networks::definitions(),
        notifications::definitions(),
        ordered_arrays::definitions(),
        patterns::definitions(),
        random::definitions(),
        regexps::definitions(),
        rights::definitions(),
        sequences::definitions(),
        session::definitions(),
        sparse_vectors::definitions(),
        strings::definitions(),
        texts::definitions(),
        time::definitions(),
        time_arithmetic::definitions(),
        time_bins::definitions(),
        time_fields::definitions(),
        time_make::definitions(),
        time_overlaps::definitions(),
        time_series::definitions(),
        vectors::definitions(),
    ];
    let mut all: Vec<Function> = groups.into_iter().flatten().collect();
    let over_arrays: Vec<Function> = all.iter().filter_map(Function::over_array).collect();
    all.extend(over_arrays);
    all
}

/// Functions that the planner runs on arrays.
fn array_functions() -> Vec<Function> {
    distances::definitions().into_iter().chain(json_access::definitions()).collect()
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
    let row_functions = [text_concat(), expand_array(), same_shape()].into_iter().chain(kept());
    for function in distances::distances().into_iter().chain(json_access::accessors()).chain(row_functions) {
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
    for aggregate in gathered::aggregates() {
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
