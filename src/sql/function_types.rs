//! Types of functions' arguments and results, as far as they are needed before planning: for parameters and literals.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::ColumnType;
use crate::sql::functions::{self, Definition, ELEMENTS, plain_form};
use crate::sql::operators::distance_metric;

static DEFINITIONS: LazyLock<HashMap<&'static str, Definition>> = LazyLock::new(|| {
    let mut by_name = HashMap::new();
    for definition in functions::definitions() {
        for alias in definition.aliases {
            by_name.insert(*alias, definition.clone());
        }
        by_name.insert(definition.name, definition);
    }
    by_name
});

/// Functions whose arguments share one type, which is also their result's.
pub fn takes_constants(name: &str) -> bool {
    matches!(name, "coalesce" | "nullif" | "greatest" | "least" | "nvl" | "ifnull")
}

/// Functions that look at their literals while they are planned: those stay as they were written.
pub fn is_read_by_planner(name: &str) -> bool {
    !DEFINITIONS.contains_key(name) && !is_vector_function(name)
}

fn is_vector_function(name: &str) -> bool {
    distance_metric(name).is_some()
        || matches!(
            name,
            "inner_product" | "negative_inner_product" | "vector_dims" | "vector_norm" | "l2_normalize" | "subvector"
        )
}

/// The type of an argument without a type of its own.
pub fn parameter(name: &str, position: usize) -> Option<ColumnType> {
    if is_vector_function(name) && (position == 0 || name != "subvector") {
        return Some(ColumnType::Vector(None));
    }
    if let Some(definition) = DEFINITIONS.get(name) {
        let parameter = definition.parameter(position)?;
        let is_open = matches!(
            parameter,
            functions::Parameter::Any | functions::Parameter::AnyArray | functions::Parameter::Object
        );
        return (!is_open).then(|| parameter.column_type());
    }
    Some(match (name, position) {
        ("round" | "trunc", 1) | ("left" | "right" | "lpad" | "rpad" | "repeat" | "chr", 1) => ColumnType::Int8,
        ("substr" | "substring" | "split_part", 2) | ("substr" | "substring", 1) => ColumnType::Int8,
        ("abs" | "ceil" | "floor" | "sqrt" | "exp" | "ln" | "log" | "power" | "pow" | "round" | "to_timestamp", _) => {
            ColumnType::Float8
        }
        ("date_trunc" | "date_part", 1) => ColumnType::TimestampTz,
        ("generate_series" | "range" | "lag" | "lead" | "nth_value" | "ntile", 1) => ColumnType::Int8,
        ("generate_series" | "range", _) => ColumnType::Int8,
        ("sum" | "avg", 0) => ColumnType::Float8,
        ("coalesce" | "nullif" | "greatest" | "least" | "min" | "max" | "count" | "array_agg" | "array_has", _) => {
            return None;
        }
        _ => ColumnType::Text,
    })
}

/// The type of a call's result, `None` where only the planner knows.
pub fn result(name: &str, arguments: &[Option<ColumnType>]) -> Option<ColumnType> {
    if distance_metric(name).is_some() || matches!(name, "inner_product" | "vector_norm") {
        return Some(ColumnType::Float8);
    }
    if let Some(definition) = DEFINITIONS.get(name) {
        return match definition.returns {
            ColumnType::Unknown | ColumnType::Void => None,
            ref ty => Some(ty.clone()),
        };
    }
    let first = arguments.first().cloned().flatten();
    Some(match plain_form(name) {
        "count" | "row_number" | "rank" | "dense_rank" => ColumnType::Int8,
        "length" | "char_length" | "character_length" | "octet_length" | "strpos" | "ascii" => ColumnType::Int4,
        "lower" | "upper" | "trim" | "btrim" | "ltrim" | "rtrim" | "replace" | "left" | "right" | "lpad" | "rpad"
        | "repeat" | "reverse" | "initcap" | "concat" | "concat_ws" | "split_part" | "substr" | "substring"
        | "translate" | "md5" | "regexp_replace" | "chr" | "overlay" => ColumnType::Text,
        "starts_with" | "ends_with" | "bool_and" | "bool_or" | "array_has" => ColumnType::Bool,
        "now" | "current_timestamp" | "to_timestamp" => ColumnType::TimestampTz,
        "current_date" => ColumnType::Date,
        "current_time" => ColumnType::Time,
        "random" | "sqrt" | "exp" | "ln" | "log" | "power" | "pow" | "pi" | "sin" | "cos" | "tan" | "date_part"
        | "stddev" | "variance" | "avg" => ColumnType::Float8,
        "sum" => match first? {
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => ColumnType::Int8,
            ColumnType::Numeric(_) => ColumnType::Numeric(None),
            ColumnType::Float4 | ColumnType::Float8 => ColumnType::Float8,
            _ => return None,
        },
        "unnest" => return first.and_then(|ty| ty.element()),
        ELEMENTS | "min" | "max" | "first_value" | "last_value" | "nth_value" | "lag" | "lead" => return first,
        "date_trunc" => return arguments.get(1).cloned().flatten(),
        "abs" | "ceil" | "floor" | "round" | "trunc" => return first,
        "string_agg" if first == Some(ColumnType::Bytea) => ColumnType::Bytea,
        "string_agg" => ColumnType::Text,
        "array_agg" => ColumnType::Array(Box::new(first?)),
        _ => return None,
    })
}
