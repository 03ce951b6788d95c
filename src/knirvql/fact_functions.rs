//! What the language does with facts, whose type is another one in each entry: functions over JSON, for its own expressions.

use std::sync::LazyLock;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Function, Invocation, Operand, Parameter, PathBase, PathResult, text_of};
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value, json_text_of_value};

/// A fact, with JSON's null for a missing one: the language does not tell them apart.
static PRESENT: LazyLock<Function> =
    LazyLock::new(|| Function::new("$present", &[Parameter::Json], ColumnType::Jsonb, present));
/// A fact where it is a number, NULL where it is something else.
static IF_NUMBER: LazyLock<Function> =
    LazyLock::new(|| Function::new("$if_number", &[Parameter::Json], ColumnType::Numeric(None), if_number));
/// A fact as a number; the second argument is its path, for the error.
static NUMBER: LazyLock<Function> =
    LazyLock::new(|| Function::new("$number", &[Parameter::Json, Parameter::Text], ColumnType::Numeric(None), number));
/// A value as JSON.
static JSON: LazyLock<Function> = LazyLock::new(|| Function::new("$json", &[Parameter::Any], ColumnType::Jsonb, json));

/// A place in facts or in a JSON column as JSON.
pub fn json_field(base: PathBase, path: Vec<PathStep>) -> Expr {
    Expr::Field(Operand::Path { base, path, result: PathResult::Json }, ColumnType::Jsonb)
}

/// JSON that is NULL where it is JSON's null.
pub fn present_json(json: Expr) -> Expr {
    Expr::Call { function: &PRESENT, arguments: vec![json] }
}

/// The number that JSON is; NULL where it is something else.
pub fn number_among(json: Expr) -> Expr {
    Expr::Call { function: &IF_NUMBER, arguments: vec![json] }
}

/// The number that JSON is; an error that names `path` where it is something else.
pub fn number_at(json: Expr, path: &str) -> Expr {
    Expr::Call { function: &NUMBER, arguments: vec![json, Expr::constant(Value::text(path))] }
}

/// A value as JSON; NULL stays NULL.
pub fn as_json(value: Expr) -> Expr {
    Expr::Call { function: &JSON, arguments: vec![value] }
}

fn present(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    Ok(match arguments.first() {
        Some(Value::Json(text)) if &**text != "null" => Value::Json(text.clone()),
        _ => Value::Null,
    })
}

fn if_number(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    match arguments.first() {
        Some(Value::Json(text)) if jsonb::type_name(text) == "number" => {
            Value::parse_text(&ColumnType::Numeric(None), text)
        }
        _ => Ok(Value::Null),
    }
}

fn number(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    match arguments.first() {
        Some(Value::Json(text)) if !matches!(jsonb::type_name(text), "number" | "null") => {
            let (path, kind) = (text_of(arguments, 1), jsonb::type_name(text));
            let article = if matches!(kind, "array" | "object") { "an" } else { "a" };
            let message = format!("{path} is {article} {kind} in an entry, and only numbers are computed with");
            Err(Error::new(ErrorKind::InvalidParameterValue, message)
                .with_hint(format!("Leave such entries out by the condition, e.g. {path} >= 0.")))
        }
        _ => if_number(invocation, arguments),
    }
}

fn json(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    Ok(match arguments.first() {
        None | Some(Value::Null) => Value::Null,
        Some(Value::Json(text)) => Value::Json(text.clone()),
        // Divisions give digits that say nothing.
        Some(Value::Numeric(number)) => Value::Json(json_text_of_value(&Value::Numeric(number.normalized()))),
        Some(other) => Value::Json(json_text_of_value(other)),
    })
}
