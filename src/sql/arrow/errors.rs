//! What DataFusion and Arrow report, as the errors PostgreSQL would give.
//!
//! Most mistakes are found by `analyze` before the planner sees a statement, with a position. What is left is recognised
//! by the error's variant, then by its words; only what nothing recognises is a defect of this program (XX000).

use std::any::Any;

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use tokio::task::JoinError;

use crate::error::{Error, ErrorKind};
use crate::types::regex_error;

/// Our own error on its way through DataFusion.
pub fn to_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

pub fn from_datafusion(error: DataFusionError) -> Error {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => from_datafusion(*inner),
        DataFusionError::Shared(shared) => from_shared(&shared),
        DataFusionError::Collection(mut errors) => match errors.pop() {
            Some(first) => from_datafusion(first),
            None => Error::internal("an empty collection of errors"),
        },
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => match other.downcast::<DataFusionError>() {
                Ok(inner) => from_datafusion(*inner),
                Err(other) => foreign(&other.to_string()),
            },
        },
        DataFusionError::ArrowError(inner, _) => from_arrow(*inner),
        DataFusionError::SchemaError(inner, _) => schema_error(&inner),
        DataFusionError::SQL(inner, _) => Error::syntax(format!("syntax error: {inner}"), None),
        DataFusionError::NotImplemented(message) => not_implemented(&message),
        DataFusionError::Plan(message) => planning(&message),
        DataFusionError::Execution(message) => execution(&message),
        DataFusionError::ResourcesExhausted(message) => exhausted(&message),
        DataFusionError::IoError(error) => io_error(error),
        DataFusionError::ObjectStore(error) => Error::new(ErrorKind::Io, error.to_string()),
        DataFusionError::Configuration(message) => Error::new(ErrorKind::InvalidParameterValue, message),
        DataFusionError::ExecutionJoin(error) => from_join(*error),
        DataFusionError::Internal(message) | DataFusionError::Substrait(message) | DataFusionError::Ffi(message) => {
            known_mistake(&message).unwrap_or_else(|| {
                let first = message.lines().next().unwrap_or("");
                Error::internal(format!("the planner failed: {first}"))
            })
        }
    }
}

/// What became of a task that did not come to its end.
pub fn from_join(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => from_panic(panic.as_ref()),
        Err(_) => Error::internal("the statement's work was given up"),
    }
}

/// What a client is told of a panic. Arrow panics where 32-bit offsets do not reach: that is a limit, not a defect.
pub fn from_panic(panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let message = message.unwrap_or("");
    if ["offset overflow", "capacity overflow"].iter().any(|part| message.to_ascii_lowercase().contains(part)) {
        return Error::new(ErrorKind::LimitExceeded, "the values of one batch of rows are too large together")
            .with_detail("They have at most 2 GiB.")
            .with_hint("Make shorter values, or filter the rows earlier.");
    }
    tracing::error!("a statement ran into a defect of the server and was ended");
    Error::internal("the statement ran into a defect of the server")
        .with_hint("Nothing of the statement remains. Please report the defect.")
}

/// An error of a library below the planner.
fn foreign(message: &str) -> Error {
    if is_about_regex(message) { regex_error(message) } else { Error::internal(message) }
}

fn is_about_regex(message: &str) -> bool {
    message.contains("regex parse error") || message.contains("Compiled regex exceeds size limit")
}

/// An error that several readers share cannot be taken apart by value.
fn from_shared(error: &DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => foreign(&inner.to_string()),
        },
        DataFusionError::ArrowError(inner, _) => arrow_error(inner),
        DataFusionError::SchemaError(inner, _) => schema_error(inner),
        DataFusionError::NotImplemented(message) => not_implemented(message),
        DataFusionError::Plan(message) => planning(message),
        DataFusionError::Execution(message) => execution(message),
        DataFusionError::ResourcesExhausted(message) => exhausted(message),
        other => Error::internal(other.to_string()),
    }
}

pub fn from_arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => match other.downcast::<DataFusionError>() {
                Ok(inner) => from_datafusion(*inner),
                Err(other) => foreign(&other.to_string()),
            },
        },
        other => arrow_error(&other),
    }
}

/// How the message begins of a statement that wants to write more to files than all may.
const FILES_ARE_FULL: &str = "The used disk space during the spilling process has exceeded";

fn io_error(error: std::io::Error) -> Error {
    if error.to_string().contains(FILES_ARE_FULL) { files_are_full() } else { Error::from(error) }
}

fn files_are_full() -> Error {
    Error::new(ErrorKind::OutOfMemory, "the room for files that statements go on in is used up")
        .with_hint("Filter or aggregate earlier, add a LIMIT, or start the server with a larger memory_mb.")
}

fn arrow_error(error: &ArrowError) -> Error {
    match error {
        ArrowError::IoError(message, _) if message.contains(FILES_ARE_FULL) => files_are_full(),
        ArrowError::DivideByZero => Error::new(ErrorKind::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(detail) => {
            Error::new(ErrorKind::NumericOutOfRange, "value out of range").with_detail(detail.clone())
        }
        ArrowError::OffsetOverflowError(_) | ArrowError::MemoryError(_) => exhausted(&error.to_string()),
        ArrowError::CastError(message) | ArrowError::ParseError(message) => conversion(message),
        ArrowError::ComputeError(message) | ArrowError::InvalidArgumentError(message) => execution(message),
        ArrowError::NotYetImplemented(message) => not_implemented(message),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => foreign(&inner.to_string()),
        },
        other => foreign(&other.to_string()),
    }
}

fn schema_error(error: &SchemaError) -> Error {
    match error {
        SchemaError::AmbiguousReference { field } => {
            Error::new(ErrorKind::AmbiguousColumn, format!("column reference \"{}\" is ambiguous", field.name))
        }
        SchemaError::FieldNotFound { field, .. } => {
            let name = match &field.relation {
                Some(relation) => format!("{}.{}", relation.table(), field.name),
                None => format!("\"{}\"", field.name),
            };
            Error::new(ErrorKind::UndefinedColumn, format!("column {name} does not exist"))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(ErrorKind::DuplicateColumn, format!("column \"{name}\" specified more than once"))
        }
    }
}

fn not_implemented(message: &str) -> Error {
    if let Some(error) = mistaken_argument(message) {
        return error;
    }
    if message.contains("ScalarSubquery") || message.contains("OuterReferenceColumn") {
        return Error::unsupported(
            "this subquery refers to the outer query in a way that is not offered",
            "Compare with the outer query by = only, or write a join with GROUP BY.",
        );
    }
    Error::unsupported(
        first_line(message),
        "The section \"SQL\" of COMPAT.md lists what PostgreSQL has and this server has not.",
    )
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("").trim().to_string()
}

/// The planner's words for frequent mistakes, in PostgreSQL's.
fn known_mistake(message: &str) -> Option<Error> {
    let between = |start: &str, end: &str| message.split_once(start)?.1.split_once(end).map(|(inside, _)| inside);
    if message.contains("must appear in the GROUP BY clause") {
        let column = between("column \"", "\"")?;
        let text =
            format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function");
        return Some(Error::new(ErrorKind::Grouping, text));
    }
    if message.contains("Aggregate functions are not allowed in the WHERE clause") {
        return Some(Error::new(ErrorKind::Grouping, "aggregate functions are not allowed in WHERE"));
    }
    if message.contains("Aggregate function calls cannot be nested") {
        return Some(Error::new(ErrorKind::Grouping, "aggregate function calls cannot be nested"));
    }
    if message.contains("Window function calls cannot be nested") {
        return Some(Error::new(ErrorKind::Windowing, "window function calls cannot be nested"));
    }
    if message.contains("to grouping function is not in grouping columns") {
        let text = "arguments to GROUPING must be grouping expressions of the associated query level";
        return Some(Error::new(ErrorKind::Grouping, text));
    }
    if message.contains("subquery should only return one column") {
        return Some(Error::syntax("subquery must return only one column", None));
    }
    if is_about_regex(message) {
        return Some(regex_error(message));
    }
    if let Some(error) = mistaken_argument(message) {
        return Some(error);
    }
    if let Some(operands) = between("Cannot coerce arithmetic expression ", " to valid types") {
        let text = format!("operator does not exist: {}", column_type_names(operands));
        let hint = "No operator matches the given name and argument types. You might need to add explicit type casts.";
        return Some(Error::new(ErrorKind::UndefinedFunction, text).with_hint(hint));
    }
    let is_call = ["user-defined coercion failed", "arguments but received", "failed to match any signature"]
        .iter()
        .any(|part| message.contains(part));
    let name = between("Function '", "'").filter(|_| is_call)?;
    let hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
    let text = match between(&format!("'{name}("), ")'") {
        Some(types) => {
            // The form of a function that takes an array has the function's name behind a sign of ours.
            let name = name.trim_start_matches('$');
            format!("function {name}({}) does not exist", column_type_names(types))
        }
        None => format!("function {name} does not exist for arguments of these types"),
    };
    Some(Error::new(ErrorKind::UndefinedFunction, text).with_hint(hint))
}

/// Arguments that the planner refuses as it comes to them, with PostgreSQL's words and SQLSTATE.
const MISTAKEN_ARGUMENTS: &[(&str, ErrorKind, &str)] = &[
    ("LIMIT must be >= 0", ErrorKind::InvalidLimit, "LIMIT must not be negative"),
    ("OFFSET must be >=", ErrorKind::InvalidOffset, "OFFSET must not be negative"),
    ("frame offsets for ROWS", ErrorKind::InvalidFrame, "frame starting offset must not be negative"),
    ("Step cannot be zero", ErrorKind::InvalidParameterValue, "step size cannot equal zero"),
    ("Int16Array overflow on abs", ErrorKind::NumericOutOfRange, "smallint out of range"),
    ("Int32Array overflow on abs", ErrorKind::NumericOutOfRange, "integer out of range"),
    ("Int64Array overflow on abs", ErrorKind::NumericOutOfRange, "bigint out of range"),
    ("integer overflow in GCD", ErrorKind::NumericOutOfRange, "bigint out of range"),
    ("integer overflow in LCM", ErrorKind::NumericOutOfRange, "bigint out of range"),
    ("square root of a negative", ErrorKind::InvalidPower, "cannot take square root of a negative number"),
    ("zero raised to a negative", ErrorKind::InvalidPower, "zero raised to a negative power is undefined"),
    ("factorial of a negative", ErrorKind::NumericOutOfRange, "factorial of a negative number is undefined"),
    ("negative count not allowed", ErrorKind::InvalidSubstring, "negative substring length not allowed"),
    ("overlay start position must", ErrorKind::InvalidSubstring, "negative substring length not allowed"),
    ("field position must not be", ErrorKind::InvalidParameterValue, "field position must not be zero"),
    ("NTILE requires a positive", ErrorKind::InvalidNtile, "argument of ntile must be greater than zero"),
    ("DATE_BIN stride must be", ErrorKind::DatetimeOutOfRange, "stride must be greater than zero"),
    ("Order by index starts at 1", ErrorKind::InvalidColumnReference, "ORDER BY position 0 is not in select list"),
    (
        "For SELECT DISTINCT, ORDER BY",
        ErrorKind::InvalidColumnReference,
        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
    ),
];
/// What stands before and behind a value in the planner's message, and before and behind it in PostgreSQL's.
const MISTAKEN_VALUES: &[(&str, &str, ErrorKind, &str, &str)] = &[
    (
        "out of bounds, specified: ",
        ",",
        ErrorKind::InvalidColumnReference,
        "ORDER BY position ",
        " is not in select list",
    ),
    ("column with position ", " in", ErrorKind::InvalidColumnReference, "GROUP BY position ", " is not in select list"),
    ("date_trunc granularity: '", "'", ErrorKind::InvalidParameterValue, "unit \"", "\" not recognized"),
    ("Date part '", "' not supported", ErrorKind::InvalidParameterValue, "unit \"", "\" not recognized"),
    ("built-in encoding named '", "'", ErrorKind::InvalidParameterValue, "unrecognized encoding: \"", "\""),
    ("decode value using hex: ", "\n", ErrorKind::InvalidParameterValue, "invalid hexadecimal data: ", ""),
    ("decode value using base64: ", "\n", ErrorKind::InvalidParameterValue, "invalid base64 data: ", ""),
];

fn mistaken_argument(message: &str) -> Option<Error> {
    if let Some((_, kind, text)) = MISTAKEN_ARGUMENTS.iter().find(|(part, ..)| message.contains(part)) {
        return Some(Error::new(*kind, *text));
    }
    for (before, behind, kind, start, end) in MISTAKEN_VALUES {
        if let Some((_, rest)) = message.split_once(before) {
            let value = rest.split_once(behind).map_or(rest, |(value, _)| value);
            return Some(Error::new(*kind, format!("{start}{}{end}", value.trim())));
        }
    }
    if let Some((_, given)) = message.split_once("Percentile value must be between 0.0 and 1.0 inclusive, ") {
        let given = given.split(' ').next().unwrap_or("");
        let text = format!("percentile value {given} is not between 0 and 1");
        return Some(Error::new(ErrorKind::NumericOutOfRange, text));
    }
    None
}

/// A text in which each `Decimal128(3, 1)` is a `Decimal`, one word.
fn without_scales(text: &str) -> String {
    let mut parts = text.split("Decimal");
    let mut joined = parts.next().unwrap_or_default().to_string();
    for part in parts {
        joined.push_str("Decimal");
        joined.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    joined
}

/// A text with Arrow's names of types replaced by SQL's.
fn column_type_names(text: &str) -> String {
    let name = |word: &str| match word {
        "Boolean" => "boolean",
        "Int16" => "smallint",
        "Int32" => "integer",
        "Int64" => "bigint",
        "Float32" => "real",
        "Float64" => "double precision",
        "Utf8" | "Utf8View" | "LargeUtf8" => "text",
        "Binary" => "bytea",
        "Date32" => "date",
        "Duration(ns)" => "anyenum",
        "Null" => "unknown",
        "Decimal" => "numeric",
        _ => "",
    };
    let text = without_scales(text);
    let words = text.split_inclusive([' ', ',']).map(|part| {
        let word = part.trim_end_matches([' ', ',']);
        let list = word.strip_prefix("List(").and_then(|inner| inner.strip_suffix(')'));
        match (name(list.unwrap_or(word)), list) {
            ("", _) => part.to_string(),
            (known, None) => part.replacen(word, known, 1),
            (known, Some(_)) => part.replacen(word, &format!("{known}[]"), 1),
        }
    });
    words.collect()
}

fn planning(message: &str) -> Error {
    if let Some(error) = known_mistake(message) {
        return error;
    }
    let lower = message.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    let kind = if has("invalid function") || has("no function matches") || has("failed to coerce arguments") {
        ErrorKind::UndefinedFunction
    } else if has("must appear in the group by")
        || has("aggregate") && has("must")
        || has("not in group by")
        || has("aggregate functions are not allowed")
        || has("could not be resolved from available columns")
    {
        ErrorKind::Grouping
    } else if has("table") && has("not found") {
        ErrorKind::UndefinedTable
    } else if has("ambiguous reference") {
        ErrorKind::AmbiguousColumn
    } else if has("no field named") || has("does not exist in the schema") {
        ErrorKind::UndefinedColumn
    } else if has("not unique") || has("unique expression names") || has("specified more than once") {
        ErrorKind::DuplicateColumn
    } else if has("cannot coerce")
        || has("cannot infer common argument type")
        || has("cannot get result type")
        || has("there isn't result type")
        || has("incompatible")
        || has("can't be evaluated")
        || has("cannot cast")
        || has("unsupported cast")
    {
        ErrorKind::DatatypeMismatch
    } else if has("placeholder") || has("parameter") {
        ErrorKind::UndefinedParameter
    } else if has("unsupported") || has("not supported") || has("not implemented") || has("physical plan does not") {
        return not_implemented(message);
    } else {
        ErrorKind::Syntax
    };
    Error::new(kind, first_line(message))
}

fn execution(message: &str) -> Error {
    if let Some(error) = known_mistake(message) {
        return error;
    }
    let lower = message.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("divide by zero") || has("division by zero") {
        return Error::new(ErrorKind::DivisionByZero, "division by zero");
    }
    if has("more than one row") || has("scalar subquery") {
        let text = "more than one row returned by a subquery used as an expression";
        return Error::new(ErrorKind::Cardinality, text);
    }
    let kind = if has("overflow") || has("out of range") || has("too large") {
        ErrorKind::NumericOutOfRange
    } else if has("regular expression") || has("regex") {
        ErrorKind::InvalidRegex
    } else if has("cast") || has("parse") || has("parsing") {
        return conversion(message);
    } else if has("not supported") || has("unsupported") || has("not implemented") {
        return not_implemented(message);
    } else {
        ErrorKind::DataException
    };
    Error::new(kind, first_line(message))
}

fn conversion(message: &str) -> Error {
    let lower = message.to_ascii_lowercase();
    let kind = if lower.contains("overflow") || lower.contains("out of range") || lower.contains("can't cast value") {
        ErrorKind::NumericOutOfRange
    } else if lower.contains("timestamp") || lower.contains("date") || lower.contains("time") {
        ErrorKind::InvalidDatetimeFormat
    } else {
        ErrorKind::InvalidTextRepresentation
    };
    Error::new(kind, first_line(message))
}

/// An operator may not have the memory that it wants; the message says how much that is.
pub fn exhausted(message: &str) -> Error {
    Error::new(ErrorKind::OutOfMemory, "the server's memory for its clients is used up")
        .with_detail(first_line(message))
        .with_hint("Filter or aggregate earlier, add a LIMIT, or start the server with a larger memory_mb.")
}
