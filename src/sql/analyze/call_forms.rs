//! What a call becomes once the types of its arguments are known.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, DataType, Expr, Function, FunctionArg, FunctionArguments, ObjectName, Value as Literal,
};

use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::casts::{is_forgotten, keep_type};
use crate::sql::analyze::from_functions::is_series_of_int4;
use crate::sql::analyze::numerics::{is_numeric, makes_array};
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{
    BYTES_LENGTH, BYTES_PART, BYTES_REVERSED, BYTES_TRIMMED, MULTIRANGE_PARTS, NAMED, NUMBER_SERIES, REGEXP_MATCHES,
    SAME_SHAPE, SERIES_END, form_by_row, function_types, plain_form,
};
use crate::sql::parse::names::exact;
use crate::sql::parse::trees::number_of;
use crate::sql::parse::visit::has_expression;
use crate::sql::parse::{names, operators};
use crate::sql::relational::engine;
use crate::types::ColumnType;

/// A call as the planner takes it, where its type or its name would be lost; its type.
pub fn finished(
    expr: &mut Expr,
    name: &str,
    types: &[Option<ColumnType>],
    ty: Option<ColumnType>,
) -> Option<ColumnType> {
    let Expr::Function(function) = expr else { return ty };
    if let (true, Some(Some(ColumnType::Halfvec(_)))) = (matches!(plain_form(name), "avg" | "sum"), types.first()) {
        let half = ColumnType::Halfvec(None);
        *expr = operators::call(&cast_name(&half), vec![expr.clone()]);
        return Some(half);
    }
    if plain_form(name) == "array_agg" && matches!(types.first(), Some(Some(ColumnType::Array(_)))) {
        *expr = operators::call(SAME_SHAPE, vec![expr.clone()]);
        if ty.as_ref().is_some_and(|ty| ty.enumerated().is_some()) {
            keep_type(expr, ty.as_ref());
        }
        return ty;
    }
    let is_gathered = plain_form(name) == "array_agg" && function.over.is_none();
    let is_lost = |element: &&ColumnType| is_forgotten(element) || **element == ColumnType::Float4;
    let bases = || types.iter().flatten().map(ColumnType::base);
    let numeric = bases().find(|element| **element == ColumnType::Numeric(None));
    let forgotten = numeric.or_else(|| bases().find(is_lost)).cloned();
    if let (true, Some(element)) = (makes_array(name) || is_gathered, forgotten) {
        let array = ColumnType::Array(Box::new(element));
        keep_type(expr, Some(&array));
        return Some(array);
    }
    let enumerated = types.iter().flatten().find_map(ColumnType::enumerated).filter(|_| makes_array(name));
    if let Some(enumerated) = enumerated {
        let array = ColumnType::Array(Box::new(ColumnType::Enum(Arc::clone(enumerated))));
        keep_type(expr, Some(&array));
        return Some(array);
    }
    if let ("array_max" | "array_min", Some(Some(ColumnType::Array(element)))) = (name, types.first())
        && element.enumerated().is_some()
    {
        let element = element.as_ref().clone();
        keep_type(expr, Some(&element));
        return Some(element);
    }
    if engine::is_aggregate(name) || function.over.is_some() {
        name_casts(function);
    }
    if name == "unnest" || ty.as_ref().is_some_and(|ty| ty.enumerated().is_some()) {
        keep_type(expr, ty.as_ref());
    }
    ty
}

/// Chooses the form of a function that is for the types of its arguments; the type of the result.
pub fn form_of_types(function: &mut Function, name: &str, types: &mut [Option<ColumnType>]) -> Option<ColumnType> {
    match (name, types.first_mut()) {
        ("length" | "octet_length", Some(Some(ColumnType::Bytea))) => {
            function.name = ObjectName::from(vec![exact(BYTES_LENGTH)]);
        }
        ("reverse" | "substr" | "substring" | "btrim" | "ltrim" | "rtrim", Some(Some(ColumnType::Bytea))) => {
            let trimmed = BYTES_TRIMMED.iter().find(|(plain, _)| *plain == name).map(|(_, of_bytes)| *of_bytes);
            let of_bytes = trimmed.unwrap_or(if name == "reverse" { BYTES_REVERSED } else { BYTES_PART });
            function.name = ObjectName::from(vec![exact(of_bytes)]);
            return Some(ColumnType::Bytea);
        }
        ("unnest", Some(Some(ty @ ColumnType::Multirange(_)))) => {
            if let (FunctionArguments::List(list), Some(kind)) = (&mut function.args, ty.ranged())
                && let Some(argument) = list.args.first_mut().and_then(plain_argument)
            {
                *argument = operators::call(MULTIRANGE_PARTS, vec![argument.clone()]);
                *ty = ColumnType::Array(Box::new(ColumnType::Range(kind)));
            }
        }
        // The elements of all dimensions are rows.
        ("unnest", Some(Some(array))) => {
            if let FunctionArguments::List(list) = &mut function.args
                && let Some(argument) = list.args.first_mut().and_then(plain_argument)
                && !is_rows_of_lists(argument)
            {
                while let Some(inner) = array.element().filter(|inner| matches!(inner, ColumnType::Array(_))) {
                    *argument = operators::call("flatten", vec![argument.clone()]);
                    *array = inner;
                }
            }
        }
        _ => {}
    }
    function_types::result(name, types)
}

/// Functions that PostgreSQL has for `float8` alone; the planner would compute with `float4`.
const FLOAT8_FUNCTIONS: [&str; 30] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "ceiling", "cos", "cosh", "cot",
    "degrees", "exp", "floor", "ln", "log", "log10", "pow", "power", "radians", "round", "sign", "sin", "sinh", "sqrt",
    "tan", "tanh", "trunc",
];

/// Makes `float8` of each `float4` that such a function is given.
pub fn widen_floats(function: &mut Function, name: &str, types: &mut [Option<ColumnType>]) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    if !FLOAT8_FUNCTIONS.contains(&name) {
        return;
    }
    for (argument, ty) in list.args.iter_mut().filter_map(plain_argument).zip(types) {
        if *ty == Some(ColumnType::Float4) {
            *argument = native_cast(argument.clone(), DataType::DoublePrecision);
            *ty = Some(ColumnType::Float8);
        }
    }
}

/// Whether what is unnested has a list in each row.
fn is_rows_of_lists(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if names::last_part(&function.name).as_deref() == Some(REGEXP_MATCHES))
}

/// Names the type of what an aggregate or a window computes of casts: the planner tells its columns by names in which casts
/// do not appear, and finds one twice in `sum(a), sum(a::numeric)`.
fn name_casts(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    for argument in list.args.iter_mut().filter_map(plain_argument) {
        let mut types = Vec::new();
        has_expression(argument, |part| {
            if let Expr::Cast { data_type, .. } = part {
                types.push(data_type.to_string());
            }
            false
        });
        if !types.is_empty() {
            let name = Expr::value(Literal::SingleQuotedString(types.join(" ")));
            *argument = operators::call(NAMED, vec![argument.clone(), name]);
        }
    }
}

/// What a series is that is not one of bigints, and the type of its elements.
pub fn series_form(function: &Function, name: &str, types: &[Option<ColumnType>]) -> Option<(Expr, ColumnType)> {
    if name != "generate_series" {
        return None;
    }
    let mut series = function.clone();
    if is_series_of_int4(types) {
        let integers = ArrayElemTypeDef::SquareBracket(Box::new(DataType::Int(None)), None);
        return Some((native_cast(Expr::Function(series), DataType::Array(integers)), ColumnType::Int4));
    }
    types.iter().any(|ty| is_numeric(ty.as_ref())).then(|| {
        series.name = ObjectName::from(vec![exact(NUMBER_SERIES)]);
        (Expr::Function(series), ColumnType::Numeric(None))
    })
}

/// Has the end of a series of numbers checked: the list that it becomes must fit the memory.
pub fn bound_series(arguments: &mut [FunctionArg], types: &[Option<ColumnType>]) {
    let is_integers = types.iter().all(|ty| ty.as_ref().is_some_and(ColumnType::is_integer));
    let given: Vec<Expr> = arguments.iter_mut().filter_map(plain_argument).map(|argument| argument.clone()).collect();
    if let (true, 2 | 3, Some(end)) = (is_integers, given.len(), arguments.get_mut(1).and_then(plain_argument)) {
        *end = operators::call(SERIES_END, given);
    }
}

/// The form of `lag` and its like whose offset, default or number may be another one for each row; `None` where they are literals.
pub fn form_of_rows(function: &mut Function, name: &str) -> Option<&'static str> {
    let form = form_by_row(name).filter(|_| function.over.is_some())?;
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let first = usize::from(name != "ntile");
    let mut behind = list.args.iter_mut().filter_map(plain_argument).skip(first);
    let is_number = |argument: &Expr| matches!(number_of(argument), Some((_, false)));
    let is_literal = |argument: &Expr| matches!(argument, Expr::Value(value) if value.value != Literal::Null);
    let is_constant = match (behind.next(), behind.next()) {
        (None, _) => true,
        (Some(number), None) => is_number(number),
        (Some(number), Some(default)) => is_number(number) && is_literal(default),
    };
    (!is_constant).then_some(form)
}
