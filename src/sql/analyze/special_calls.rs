//! Calls that the planner means differently from PostgreSQL, put right behind the walk over their arguments.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, Expr, Function, FunctionArg, FunctionArguments, Value as Literal,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::binary::binary;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::dimensions::array_call;
use crate::sql::analyze::json_constructors::{constructed, json_call};
use crate::sql::analyze::jsonb::{by_value, sort_key};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::ordered_sets::ordered_set;
use crate::sql::analyze::ranges::range_call;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{
    DATE_OF_TEXT, INTERVAL_BYTES, INTERVAL_OF_BYTES, INTERVAL_TRUNC, JSON_KEY, MOMENT_OF_LOCAL, NUMERIC_KEY,
    ROUND_FLOAT, TIMESTAMP_BIN, TIMESTAMP_OF_EPOCH, TIMESTAMP_OF_TEXT, TIMESTAMP_SERIES, TIMESTAMP_TRUNC,
    TIMESTAMPTZ_BIN, TIMESTAMPTZ_SERIES, TIMESTAMPTZ_TRUNC,
};
use crate::sql::parse::operators::call;
use crate::sql::parse::spellings::COLUMNS;
use crate::sql::parse::trees::number_of;
use crate::sql::rewrite::rewrite::record_columns;
use crate::types::ColumnType;

/// What RETURNING of MERGE takes for a column.
pub const MERGE_ACTION: &str = "merge_action";

/// What a call stands for whose arguments were not walked yet; `None` for a call that stays.
///
/// # Errors
/// 0A000 for all columns of what is not read as a relation, 42601 for `merge_action()` outside of its place; as [`constructed`] and [`ordered_set`].
pub fn stands_for(function: &Function, name: &str) -> Result<Option<Expr>> {
    if name == COLUMNS {
        let message = "all columns of the value of such a function cannot be shown here";
        return Err(Error::unsupported(message, "Call it in FROM, and name its columns."));
    }
    if name == MERGE_ACTION {
        let message = "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command";
        return Err(Error::syntax(message, None));
    }
    // They stand in FROM, or are the one such call of a select list.
    if record_columns(name).is_some() {
        let message = format!("{name}() as one of several expressions of rows is not offered");
        return Err(Error::unsupported(message, "Call it in FROM, and name its columns."));
    }
    if let Some(made) = range_call(function, name) {
        return Ok(Some(made));
    }
    match constructed(function, name)? {
        None => ordered_set(function, name),
        made => Ok(made),
    }
}

/// What a call by that name becomes, and its type; `None` for a call that stays.
///
/// # Errors
/// 22016 for an argument that the function cannot take, 42883 for times that it does not take; as [`json_call`].
pub fn special_call(
    function: &mut Function,
    name: &str,
    types: &[Option<ColumnType>],
) -> Result<Option<(Expr, ColumnType)>> {
    if let Some(json) = json_call(function, name, types)? {
        return Ok(Some(json));
    }
    if let Some(array) = array_call(function, name, types)? {
        return Ok(Some(array));
    }
    let has = |ty: &ColumnType| types.iter().flatten().any(|known| known == ty);
    let is_small = |ty: &Option<ColumnType>| matches!(ty, Some(ColumnType::Int2 | ColumnType::Int4));
    Ok(match name {
        "min" | "max" | "greatest" | "least" if has(&ColumnType::Interval) => {
            for argument in arguments(function) {
                *argument = call(INTERVAL_BYTES, vec![argument.clone()]);
            }
            let extreme = call(INTERVAL_OF_BYTES, vec![Expr::Function(function.clone())]);
            Some((extreme, ColumnType::Interval))
        }
        "enum_first" | "enum_last" | "enum_range" => of_labels(function, name, types),
        "nullif" => types.first().cloned().flatten().and_then(|ty| nullif_by_key(function, ty)),
        "date_trunc" | "date_bin" | "generate_series" => time_call(name, types)
            .map(|(name, ty)| (call(name, arguments(function).map(|argument| argument.clone()).collect()), ty)),
        // The planner's own steps in UTC, and counts other parts of intervals.
        "range" if has_time(types) => {
            let message = "function range() does not exist for times";
            return Err(Error::new(ErrorKind::UndefinedFunction, message).with_hint("Use generate_series()."));
        }
        // Their texts are those of the session's style, which aggregates do not know.
        _ if is_json_aggregate(name) => {
            style_json(function, name, types);
            None
        }
        "timezone" => zone_call(function, types),
        // The planner counts nanoseconds, which end in 2262.
        "to_timestamp" if matches!(types, [Some(ty)] if ty.is_number()) => {
            let seconds = arguments(function).next().map(|argument| argument.clone());
            seconds.map(|seconds| (call(TIMESTAMP_OF_EPOCH, vec![seconds]), ColumnType::TimestampTz))
        }
        "round" if matches!(types, [Some(ColumnType::Float4 | ColumnType::Float8)]) => {
            let number = arguments(function).next().map(|argument| argument.clone());
            number.map(|number| (call(ROUND_FLOAT, vec![number]), ColumnType::Float8))
        }
        // The planner has formats of its own.
        "to_timestamp" | "to_date" if types.len() == 2 => {
            let given: Vec<Expr> = arguments(function).map(|argument| argument.clone()).collect();
            Some(if name == "to_date" {
                (call(DATE_OF_TEXT, given), ColumnType::Date)
            } else {
                (call(TIMESTAMP_OF_TEXT, given), ColumnType::TimestampTz)
            })
        }
        // Of a negative number they show as many digits as its type has; the planner takes every literal for a bigint.
        "to_hex" | "to_oct" | "to_bin" if matches!(types, [ty] if is_small(ty)) => {
            for argument in arguments(function) {
                *argument = call(&cast_name(&ColumnType::Int4), vec![argument.clone()]);
            }
            None
        }
        // The planner computes them in 64 bits.
        "gcd" | "lcm" if !types.is_empty() && types.iter().all(is_small) => {
            let narrow = call(&cast_name(&ColumnType::Int4), vec![Expr::Function(function.clone())]);
            Some((narrow, ColumnType::Int4))
        }
        // The planner counts without a sign.
        "cardinality" | "array_position" => {
            Some((native_cast(Expr::Function(function.clone()), DataType::Int(None)), ColumnType::Int4))
        }
        "nth_value" => {
            let position = arguments(function).nth(1).and_then(|argument| number_of(argument).map(is_positive));
            if position == Some(false) {
                let message = "argument of nth_value must be greater than zero";
                return Err(Error::new(ErrorKind::InvalidWindowArgument, message));
            }
            None
        }
        _ => None,
    })
}

/// `nullif` of values that are equal where their keys are.
fn nullif_by_key(function: &mut Function, ty: ColumnType) -> Option<(Expr, ColumnType)> {
    let key = sort_key(Some(&ty)).or_else(|| is_numeric(Some(&ty)).then_some(NUMERIC_KEY))?;
    Some((nullif(function, key)?, ty))
}

/// A function of labels, whose texts become values of the type of its arguments.
fn of_labels(function: &Function, name: &str, types: &[Option<ColumnType>]) -> Option<(Expr, ColumnType)> {
    let ty = types.iter().flatten().find(|ty| matches!(ty, ColumnType::Enum(_))).cloned()?;
    let ty = if name == "enum_range" { ColumnType::Array(Box::new(ty)) } else { ty };
    Some((call(&cast_name(&ty), vec![Expr::Function(function.clone())]), ty))
}

/// Makes texts of what JSON aggregates gather, where the session's style says how.
fn style_json(function: &mut Function, name: &str, types: &[Option<ColumnType>]) {
    let written = if name.starts_with("jsonb") { "to_jsonb" } else { "to_json" };
    for (position, (argument, ty)) in arguments(function).zip(types).enumerate() {
        let is_key = name.contains("object_agg") && position == 0;
        if ty.as_ref().is_some_and(has_style) {
            *argument = call(if is_key { JSON_KEY } else { written }, vec![argument.clone()]);
        }
    }
}

/// Whether it gathers rows in JSON.
fn is_json_aggregate(name: &str) -> bool {
    let gathers = name.strip_prefix("jsonb").or_else(|| name.strip_prefix("json"));
    gathers.is_some_and(|name| name.starts_with("_agg") || name.starts_with("_object_agg"))
}

/// `timezone`: of one argument in the zone of the session.
fn zone_call(function: &mut Function, types: &[Option<ColumnType>]) -> Option<(Expr, ColumnType)> {
    let given: Vec<Expr> = arguments(function).map(|argument| argument.clone()).collect();
    match (given.as_slice(), types) {
        ([time], [Some(ColumnType::Timestamp)]) => {
            Some((call(&cast_name(&ColumnType::TimestampTz), vec![time.clone()]), ColumnType::TimestampTz))
        }
        ([time], [_]) => Some((call(&cast_name(&ColumnType::Timestamp), vec![time.clone()]), ColumnType::Timestamp)),
        (_, [_, Some(ColumnType::Timestamp)]) => Some((call(MOMENT_OF_LOCAL, given), ColumnType::TimestampTz)),
        _ => None,
    }
}

fn arguments(function: &mut Function) -> impl Iterator<Item = &mut Expr> {
    let list: &mut [FunctionArg] = match &mut function.args {
        FunctionArguments::List(list) => list.args.as_mut_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &mut [],
    };
    list.iter_mut().filter_map(plain_argument)
}

/// What stands for functions of times that the planner computes in UTC and in nanoseconds, and the type of the result.
fn time_call(name: &str, types: &[Option<ColumnType>]) -> Option<(&'static str, ColumnType)> {
    let list = |ty| ColumnType::Array(Box::new(ty));
    let is_local = types.iter().flatten().all(|ty| *ty != ColumnType::TimestampTz);
    Some(match (name, types) {
        ("date_trunc", [_, Some(ColumnType::Timestamp)]) => (TIMESTAMP_TRUNC, ColumnType::Timestamp),
        ("date_trunc", [_, Some(ColumnType::Interval)]) => (INTERVAL_TRUNC, ColumnType::Interval),
        ("date_trunc", [_, _] | [_, _, _]) => (TIMESTAMPTZ_TRUNC, ColumnType::TimestampTz),
        ("date_bin", [_, Some(ColumnType::Timestamp), Some(ColumnType::Timestamp)]) => {
            (TIMESTAMP_BIN, ColumnType::Timestamp)
        }
        ("date_bin", [_, _, _]) => (TIMESTAMPTZ_BIN, ColumnType::TimestampTz),
        ("generate_series", [_, _, _] | [_, _, _, _]) if has_time(types) && is_local => {
            (TIMESTAMP_SERIES, list(ColumnType::Timestamp))
        }
        ("generate_series", [_, _, _] | [_, _, _, _]) if has_time(types) => {
            (TIMESTAMPTZ_SERIES, list(ColumnType::TimestampTz))
        }
        _ => return None,
    })
}

fn has_time(types: &[Option<ColumnType>]) -> bool {
    types.iter().flatten().any(|ty| matches!(ty, ColumnType::Timestamp | ColumnType::TimestampTz))
}

/// Whether values of the type are shown in the style of a session.
fn has_style(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::TimestampTz
        | ColumnType::Interval
        | ColumnType::Float4
        | ColumnType::Float8
        | ColumnType::Bytea => true,
        ColumnType::Array(element) => has_style(element),
        _ => false,
    }
}

fn is_positive((digits, is_negative): (&str, bool)) -> bool {
    !is_negative && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit))
}

/// `nullif` of values that are compared by their sort keys.
fn nullif(function: &mut Function, key: &str) -> Option<Expr> {
    let mut both = arguments(function).map(|argument| argument.clone());
    let (first, second) = (both.next()?, both.next()?);
    let (mut left, mut right) = (first.clone(), second);
    by_value(&mut left, key);
    by_value(&mut right, key);
    let are_equal = CaseWhen { condition: binary(left, BinaryOperator::Eq, right), result: Expr::value(Literal::Null) };
    Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![are_equal],
        else_result: Some(Box::new(first)),
    })
}
