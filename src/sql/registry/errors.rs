//! What PostgreSQL says where it finds no operator, function or type.

use crate::error::{Error, ErrorKind};
use crate::sql::registry::functions::CallArguments;
use crate::sql::registry::polymorphic::Unbound;
use crate::sql::registry::tables::type_entry;
use crate::types::{ColumnType, EnumType};

/// The name of a type without a modifier, as errors show it.
pub fn type_name(oid: u32) -> String {
    match ColumnType::from_oid(oid) {
        Some(ColumnType::Char(_)) => "character".to_string(),
        Some(ColumnType::Bit(_)) => "bit".to_string(),
        Some(ColumnType::Array(element)) => format!("{}[]", type_name(element.oid())),
        Some(ty) => ty.to_string(),
        None => match EnumType::name_of(oid) {
            Some(name) => name,
            None => type_entry(oid).map_or_else(|| oid.to_string(), |entry| entry.name.to_string()),
        },
    }
}

fn names(types: &[u32]) -> String {
    types.iter().map(|ty| type_name(*ty)).collect::<Vec<_>>().join(", ")
}

fn operation(name: &str, left: Option<u32>, right: u32) -> String {
    left.map_or_else(
        || format!("{name} {}", type_name(right)),
        |left| format!("{} {name} {}", type_name(left), type_name(right)),
    )
}

pub fn undefined_operator(name: &str, left: Option<u32>, right: u32) -> Error {
    let message = format!("operator does not exist: {}", operation(name, left, right));
    let hint = match left {
        Some(_) => "No operator matches the given name and argument types. You might need to add explicit type casts.",
        None => "No operator matches the given name and argument type. You might need to add an explicit type cast.",
    };
    Error::new(ErrorKind::UndefinedFunction, message).with_hint(hint)
}

pub fn ambiguous_operator(name: &str, left: Option<u32>, right: u32) -> Error {
    let message = format!("operator is not unique: {}", operation(name, left, right));
    Error::new(ErrorKind::AmbiguousFunction, message)
        .with_hint("Could not choose a best candidate operator. You might need to add explicit type casts.")
}

/// 42883 for a call of a function that does not exist, or not for arguments of those types.
pub fn undefined_function(name: &str, types: &[u32]) -> Error {
    undefined(name, &names(types))
}

fn undefined(name: &str, arguments: &str) -> Error {
    Error::new(ErrorKind::UndefinedFunction, format!("function {name}({arguments}) does not exist"))
        .with_hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

pub fn undefined_call(name: &str, call: &CallArguments<'_>) -> Error {
    undefined(name, &arguments(call))
}

pub fn ambiguous_function(name: &str, call: &CallArguments<'_>) -> Error {
    Error::new(ErrorKind::AmbiguousFunction, format!("function {name}({}) is not unique", arguments(call)))
        .with_hint("Could not choose a best candidate function. You might need to add explicit type casts.")
}

/// The arguments of a call, with the names of those that have one.
fn arguments(call: &CallArguments<'_>) -> String {
    let positional = call.types.len().saturating_sub(call.names.len());
    let named = call.names.iter().map(|name| format!("{name} => "));
    let prefixes = std::iter::repeat_n(String::new(), positional).chain(named);
    let shown = prefixes.zip(&call.types).map(|(prefix, ty)| format!("{prefix}{}", type_name(*ty)));
    shown.collect::<Vec<_>>().join(", ")
}

pub fn cannot_convert(of: &str, from: u32, to: u32) -> Error {
    let message = format!("{of} could not convert type {} to {}", type_name(from), type_name(to));
    Error::new(ErrorKind::CannotCoerce, message)
}

pub fn unbound(why: Unbound) -> Error {
    match why {
        Unbound::NoArray(element) => {
            let message = format!("could not find array type for data type {}", type_name(element));
            Error::new(ErrorKind::UndefinedObject, message)
        }
        Unbound::Unknown | Unbound::Contradiction => {
            let message = "could not determine polymorphic type because input has type unknown";
            Error::new(ErrorKind::DatatypeMismatch, message)
        }
    }
}
