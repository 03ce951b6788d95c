//! From names to columns and from literals to typed constants, for one collection.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, ParameterTypes, PathBase, PathResult, Scalar};
use crate::knirvql::ast::{AstText, Literal, Path, Step};
use crate::model::{Collection, CollectionKind, SystemColumn};
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};

/// What a path names, with the type of its values; [`ColumnType::Unknown`] where every entry may have another one.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedStatement {
    pub operand: Operand,
    pub ty: ColumnType,
}

/// The column or the place in `metadata` that a path names.
///
/// The first name is looked up as it is written, then in lower case. In a table, `metadata.x` is the declared column x where
/// there is one; in a MEMORY collection facts and columns keep apart.
///
/// # Errors
/// 42703 for a name that the collection does not have, 42804 for a part of something that has no parts.
pub fn resolve(collection: &Collection, path: &Path) -> Result<ResolvedStatement> {
    let lower = path.root.to_ascii_lowercase();
    let name = if collection.column(&path.root).is_some() { &path.root } else { &lower };
    if let Some(position) = collection.column(name) {
        return column(collection, position, path, &path.steps);
    }
    match collection.system_column(name) {
        Some(SystemColumn::Metadata) if collection.kind == CollectionKind::Auth => Err(undefined(collection, path)),
        Some(SystemColumn::Metadata) if !path.steps.is_empty() => fact(collection, path),
        Some(system) if path.steps.is_empty() => {
            Ok(ResolvedStatement { operand: Operand::System(system), ty: system.ty() })
        }
        Some(system) => Err(no_parts(path, system.name(), &system.ty())),
        None => Err(undefined(collection, path)),
    }
}

/// A declared column, or a part of a JSON column.
fn column(collection: &Collection, position: usize, path: &Path, steps: &[Step]) -> Result<ResolvedStatement> {
    let Some(column) = collection.columns.get(position) else {
        return Err(undefined(collection, path));
    };
    if steps.is_empty() {
        return Ok(ResolvedStatement { operand: Operand::Column(position), ty: column.ty.clone() });
    }
    match column.ty {
        ColumnType::Json | ColumnType::Jsonb => Ok(part(PathBase::Column(position), steps)),
        _ => Err(no_parts(path, &column.name, &column.ty)),
    }
}

/// A fact of a table: a declared column, or an undeclared fact.
fn fact(collection: &Collection, path: &Path) -> Result<ResolvedStatement> {
    if let Some((Step::Field(name), rest)) = path.steps.split_first()
        && let Some(position) = collection.column(name)
    {
        return column(collection, position, path, rest);
    }
    Ok(part(PathBase::Facts, &path.steps))
}

fn part(base: PathBase, steps: &[Step]) -> ResolvedStatement {
    let path = steps.iter().map(|step| match step {
        Step::Field(name) => PathStep::Key(name.clone()),
        Step::Index(index) => PathStep::Index(i64::from(*index)),
    });
    let operand = Operand::Path { base, path: path.collect(), result: PathResult::Typed };
    ResolvedStatement { operand, ty: ColumnType::Unknown }
}

fn undefined(collection: &Collection, path: &Path) -> Error {
    let error = Error::new(ErrorKind::UndefinedColumn, format!("column \"{}\" does not exist", path.root));
    match collection.kind {
        CollectionKind::Auth => error.with_hint("An AUTH entry has a key and a value."),
        CollectionKind::Memory | CollectionKind::Table if path.root.eq_ignore_ascii_case("distance") => {
            error.with_hint("The distance is known after SIMILAR TO: limit it with WITHIN.")
        }
        CollectionKind::Memory | CollectionKind::Table => {
            error.with_hint(format!("A fact is named by its path: metadata.{path}."))
        }
    }
}

/// 22023 for a MEMORY statement that names a collection of AUTH entries.
pub fn of_auth(name: &str) -> Error {
    let message = format!("the collection \"{name}\" holds AUTH entries");
    Error::new(ErrorKind::InvalidParameterValue, message).with_hint("Use GET AUTH, SET AUTH and DELETE AUTH.")
}

fn no_parts(path: &Path, column: &str, ty: &ColumnType) -> Error {
    Error::new(ErrorKind::DatatypeMismatch, format!("{path} names a part of \"{column}\", which is {ty}"))
        .with_hint("Only jsonb and json have parts.")
}

/// The parameter `$number` in a place of this type. A parameter of no declared type takes it. Text is read as the type of the
/// place; any other declared type stays where it is compared with a number or with a fact. Floats become decimals beside
/// decimals, integers and facts, which are decimals too: 0.1 is to equal 0.1.
pub fn parameter(parameters: &mut ParameterTypes, number: u16, wanted: &ColumnType) -> Scalar {
    let position = usize::from(number.saturating_sub(1));
    let fallback = if *wanted == ColumnType::Unknown { ColumnType::Text } else { wanted.clone() };
    parameters.suggest(position, &fallback);
    let Some(known) = parameters.get(position) else { return Scalar::Parameter(position, fallback) };
    let is_float = |ty: &ColumnType| matches!(ty, ColumnType::Float4 | ColumnType::Float8);
    let stays = !known.is_text() && (*wanted == ColumnType::Unknown || known.is_number() && wanted.is_number());
    let ty = match stays {
        true if is_float(known) && !is_float(wanted) => ColumnType::Numeric(None),
        true => known.clone(),
        false => fallback,
    };
    Scalar::Parameter(position, ty)
}

/// A literal as a constant to compare with, or store in, a place of type `ty`.
///
/// # Errors
/// 42804 for a literal of another kind; what reading the type gives for a text that is not in its form.
pub fn scalar(literal: &Literal, ty: &ColumnType, parameters: &mut ParameterTypes) -> Result<Scalar> {
    let free = *ty == ColumnType::Unknown;
    let value = match literal {
        Literal::Parameter(number) => return Ok(parameter(parameters, *number, ty)),
        Literal::Null => Value::Null,
        Literal::Text(text) => text_value(text, ty)?,
        Literal::Boolean(truth) if free || *ty == ColumnType::Bool => Value::Bool(*truth),
        Literal::Integer(number) if free || ty.is_number() => Value::Int8(*number),
        Literal::Number(numeral) if free || ty.is_number() => number_value(numeral, ty)?,
        Literal::Boolean(_) | Literal::Integer(_) | Literal::Number(_) => {
            let message = format!("{literal} does not fit where {ty} is wanted");
            return Err(Error::new(ErrorKind::DatatypeMismatch, message).with_hint("Put the value in quotes."));
        }
    };
    Ok(Scalar::Value(value))
}

fn text_value(text: &AstText, ty: &ColumnType) -> Result<Value> {
    if ty.is_text() {
        return Ok(Value::text(text.value.as_str()));
    }
    Value::parse_text(ty, &text.value).map_err(|error| match text.secret {
        true => Error::new(error.kind(), format!("a text cannot be read as {ty}")),
        false => error,
    })
}

/// A numeral: a decimal, but double precision beside floating-point columns and where a decimal has too few digits.
fn number_value(numeral: &str, ty: &ColumnType) -> Result<Value> {
    let is_float = matches!(ty, ColumnType::Float4 | ColumnType::Float8);
    match Value::parse_text(&ColumnType::Numeric(None), numeral) {
        Ok(value) if !is_float => Ok(value),
        _ => Value::parse_text(&ColumnType::Float8, numeral),
    }
}
