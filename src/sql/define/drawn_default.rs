//! Defaults that are the next number of a sequence: `nextval('s')`. They are kept as the sequence itself, whatever its name becomes; in
//! other expressions sequences stay what they are called.

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Literal,
};

use crate::db::SequenceUses;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Column, DefaultValue, RelationName};
use crate::sql::analyze::literals::string_of;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::pg_catalog::{Object, check_database, find_class, path_of, view_query, written_name};
use crate::sql::write::column_defaults::kept_default_tree;
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

/// What is wrong with the type of a default; as in PostgreSQL without a place in the text.
pub fn of_default(error: &Error) -> Error {
    let message = error.message().replacen("but expression is", "but default expression is", 1);
    Error::new(ErrorKind::DatatypeMismatch, message).with_hint("You will need to rewrite or cast the expression.")
}

/// The sequence made by itself of which a default is the next number, with or without a cast to regclass.
///
/// # Errors
/// 42P01 for a sequence that is not there.
fn drawn_sequence(expr: &Expr, context: &PlanContext<'_>) -> Result<Option<CollectionId>> {
    let Some(name) = sequence_of_call(expr) else { return Ok(None) };
    let catalog = context.view.catalog();
    check_database(&name, &context.settings.database)?;
    let Some(oid) = find_class(catalog, &path_of(context), &name) else {
        return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist")));
    };
    match Object::find(catalog, oid) {
        Some(Object::OwnSequence(sequence)) => Ok(Some(sequence.id)),
        Some(Object::Sequence(..)) | None => Ok(None),
        Some(other) => Err(Error::new(ErrorKind::WrongObjectType, format!("\"{}\" is not a sequence", other.name()))),
    }
}

/// Whether a default is the next number of the column's own sequence.
pub fn draws_own(expr: &Expr, table: &Collection, position: usize, context: &PlanContext<'_>) -> bool {
    let catalog = context.view.catalog();
    let oid = sequence_of_call(expr).and_then(|name| find_class(catalog, &path_of(context), &name));
    let found = oid.and_then(|oid| Object::find(catalog, oid));
    matches!(found, Some(Object::Sequence(collection, own)) if collection.id == table.id && own == position)
}

/// The text by which a call of `nextval` alone names its sequence.
fn sequence_of_call(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    argument_of_call(expr, &["nextval"]).filter(|_| list.args.len() == 1)
}

/// The text that is the first argument of a call of one of several functions, with or without a cast to regclass.
fn argument_of_call(expr: &Expr, functions: &[&str]) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_ascii_lowercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = list.args.first()? else { return None };
    if !functions.contains(&name.trim_start_matches("pg_catalog.")) {
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

/// What names a sequence in an expression that is kept as its text: defaults that are more than its next number, and views.
pub fn uses_of(sequence: &RelationName, context: &PlanContext<'_>) -> SequenceUses {
    let catalog = context.view.catalog();
    let names_it = |part: &Expr| {
        let found = argument_of_call(part, &["nextval", "currval", "setval"])
            .and_then(|name| find_class(catalog, &path_of(context), &name).and_then(|oid| Object::find(catalog, oid)));
        found.is_some_and(|object| object.relation() == *sequence)
    };
    let mut uses = SequenceUses::default();
    for collection in catalog.collections() {
        for column in &collection.columns {
            let Some(DefaultValue::Expression(text)) = &column.default else { continue };
            if may_name_sequence(text) && kept_default_tree(text).is_ok_and(|expr| has_expression(&expr, names_it)) {
                uses.defaults.push((collection.id, column.id));
            }
        }
    }
    for view in catalog.all_views().filter(|view| may_name_sequence(&view.query)) {
        if view_query(view).is_ok_and(|query| has_expression(&query, names_it)) {
            uses.views.push(view.id);
        }
    }
    uses
}

/// Whether a text is worth reading for the sequences in it.
fn may_name_sequence(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["nextval", "currval", "setval"].iter().any(|name| text.contains(name))
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
