//! Defaults that are the next number of a sequence: `nextval('s')`. They are kept as the sequence itself, whatever its name becomes; in
//! other expressions sequences stay what they are called.

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Literal,
};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, Column, DefaultValue};
use crate::sql::analyze::literals::string_of;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::visit::change_expressions;
use crate::sql::pg_catalog::{Object, find_class, path_of, written_name};
use crate::sql::write::write_target::is_assignable;
use crate::types::ColumnType;

/// The default of a column where it is a call of `nextval` alone, and of a sequence that was made by itself.
///
/// # Errors
/// 42P01 and 42809 for a sequence that is not there or none, 42804 for a column of another type.
pub fn drawn_default(expr: &Expr, column: &Column, context: &PlanContext<'_>) -> Result<Option<DefaultValue>> {
    let Some(sequence) = drawn_sequence(expr, context)? else { return Ok(None) };
    if is_assignable(&ColumnType::Int8, &column.ty) {
        return Ok(Some(DefaultValue::Drawn(sequence)));
    }
    let (name, ty) = (&column.name, &column.ty);
    let message = format!("column \"{name}\" is of type {ty} but default expression is of type bigint");
    let hint = "You will need to rewrite or cast the expression.";
    Err(Error::new(ErrorKind::DatatypeMismatch, message).with_hint(hint))
}

/// The sequence made by itself of which a default is the next number, with or without a cast to regclass.
///
/// # Errors
/// 42P01 for a sequence that is not there.
fn drawn_sequence(expr: &Expr, context: &PlanContext<'_>) -> Result<Option<CollectionId>> {
    let Some(name) = sequence_of_call(expr) else { return Ok(None) };
    let catalog = context.view.catalog();
    let Some(oid) = find_class(catalog, &path_of(context), &name) else {
        return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist")));
    };
    match Object::find(catalog, oid) {
        Some(Object::OwnSequence(sequence)) => Ok(Some(sequence.id)),
        Some(Object::Sequence(..)) | None => Ok(None),
        Some(other) => Err(Error::new(ErrorKind::WrongObjectType, format!("\"{}\" is not a sequence", other.name()))),
    }
}

/// The text by which a call of `nextval` alone names its sequence.
fn sequence_of_call(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_ascii_lowercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else { return None };
    if !matches!(name.as_str(), "nextval" | "pg_catalog.nextval") {
        return None;
    }
    let literal = match argument {
        Expr::Cast { expr, data_type: DataType::Regclass, .. } => expr.as_ref(),
        other => other,
    };
    match literal {
        Expr::Value(value) => string_of(&value.value).map(ToString::to_string),
        _ => None,
    }
}

/// Has what a default says of sequences outside of `public` name their schemas, so that it means the same whatever the path of who
/// writes.
pub fn qualify_sequences(expr: &mut Expr, context: &PlanContext<'_>) {
    let (catalog, path) = (context.view.catalog(), path_of(context));
    change_expressions(expr, |part| {
        let Expr::Function(function) = part else { return };
        let name = function.name.to_string().to_ascii_lowercase();
        let is_about_sequences = matches!(name.trim_start_matches("pg_catalog."), "nextval" | "currval" | "setval");
        let FunctionArguments::List(list) = &mut function.args else { return };
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) = list.args.first_mut() else { return };
        let literal = match argument {
            Expr::Cast { expr, data_type: DataType::Regclass, .. } => expr.as_mut(),
            other => other,
        };
        let Expr::Value(value) = literal else { return };
        let Some(written) = string_of(&value.value).filter(|_| is_about_sequences) else { return };
        let found = find_class(catalog, &path, written).and_then(|oid| Object::find(catalog, oid));
        if let Some(relation) = found.map(|object| object.relation()).filter(|relation| !relation.schema.is_public()) {
            value.value = Literal::SingleQuotedString(written_name(&relation, catalog));
        }
    });
}
