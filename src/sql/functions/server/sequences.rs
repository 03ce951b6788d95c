//! `nextval`, `currval`, `lastval` and `setval`. Numbers are drawn at once and for good, whatever becomes of the transaction.

use crate::db::{Catalog, SchemaPlace, SearchPath};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bool, Int, Object};
use crate::expr::{Function, Invocation, int_of};
use crate::model::{Permission, Sequence, SequenceCount};
use crate::sql::arrow::context::{ReadContext, context_of};
use crate::sql::pg_catalog::{self, sequence_of};
use crate::statement::{check_usage, permission_denied};
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let number = || ColumnType::Int8;
    vec![
        Function::new("nextval", &[Object], number(), |invocation, arguments| {
            let context = writing(invocation)?;
            let sequence = allowed(context, arguments, &[Permission::Usage, Permission::Update])?;
            context.view.draw(&sequence).map(Value::Int8)
        })
        .volatile(),
        Function::new("currval", &[Object], number(), |invocation, arguments| {
            let context = context_of(invocation)?;
            let sequence = allowed(context, arguments, &[Permission::Usage, Permission::Select])?;
            context.view.drawn().of(sequence.place()).map(Value::Int8).ok_or_else(|| {
                let message = format!("currval of sequence \"{}\" is not yet defined in this session", sequence.name);
                Error::new(ErrorKind::NotInPrerequisiteState, message)
            })
        })
        .volatile(),
        Function::new("lastval", &[], number(), |invocation, _| {
            let last = context_of(invocation)?.view.drawn().last();
            last.map(|(_, number)| Value::Int8(number)).ok_or_else(|| {
                Error::new(ErrorKind::NotInPrerequisiteState, "lastval is not yet defined in this session")
            })
        })
        .volatile(),
        Function::new("setval", &[Object, Int, Bool], number(), |invocation, arguments| {
            let context = writing(invocation)?;
            let sequence = allowed(context, arguments, &[Permission::Update])?;
            let Some(number) = int_of(arguments, 1) else { return Ok(Value::Null) };
            let is_called = !matches!(arguments.get(2), Some(Value::Bool(false)));
            context.view.set_sequence(&sequence, number, is_called)?;
            Ok(Value::Int8(number))
        })
        .optional(1)
        .volatile(),
        Function::new("pg_sequence_last_value", &[Object], number(), |invocation, arguments| {
            let count = counted(invocation, arguments)?;
            Ok(if count.is_called { Value::Int8(count.last) } else { Value::Null })
        })
        .volatile(),
        // Columns of the one row of `pg_get_sequence_data`: a sequence lies in no page.
        Function::new("$sequence_value", &[Object], list(ColumnType::Int8), |invocation, arguments| {
            let count = counted(invocation, arguments)?;
            Ok(Value::Array(Box::new(ColumnType::Int8), vec![Value::Int8(count.last)]))
        })
        .volatile(),
        Function::new("$sequence_is_called", &[Object], list(ColumnType::Bool), |invocation, arguments| {
            let count = counted(invocation, arguments)?;
            Ok(Value::Array(Box::new(ColumnType::Bool), vec![Value::Bool(count.is_called)]))
        })
        .volatile(),
        Function::new("$sequence_page", &[Object], list(ColumnType::Text), |_, _| {
            Ok(Value::Array(Box::new(ColumnType::Text), vec![Value::Null]))
        })
        .volatile(),
    ]
}

fn list(element: ColumnType) -> ColumnType {
    ColumnType::Array(Box::new(element))
}

/// How far the sequence has come that the first argument names.
fn counted(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<SequenceCount> {
    let context = context_of(invocation)?;
    let sequence = allowed(context, arguments, &[Permission::Usage, Permission::Select])?;
    context.view.sequence_count(&sequence)
}

/// The context of a function that changes a sequence.
///
/// # Errors
/// 25006 in a transaction that is only to read.
fn writing<'a>(invocation: &Invocation<'a>) -> Result<&'a ReadContext> {
    let context = context_of(invocation)?;
    if context.settings.get("transaction_read_only").is_ok_and(|value| value == "on") {
        let message = format!("cannot execute {}() in a read-only transaction", invocation.name);
        return Err(Error::new(ErrorKind::ReadOnlyTransaction, message));
    }
    Ok(context)
}

/// The sequence that the first argument names, where one of these privileges is held on it.
///
/// # Errors
/// 42501; as [`named`].
fn allowed(context: &ReadContext, arguments: &[Value], wanted: &[Permission]) -> Result<Sequence> {
    let sequence = named(context, arguments)?;
    let (catalog, who) = (context.view.catalog(), context.settings.identity().current);
    if who.is_bootstrap() {
        return Ok(sequence);
    }
    check_usage(catalog, who, SchemaPlace::Stored(sequence.schema))?;
    let held = catalog.permissions(who, sequence.acl_target());
    match wanted.iter().any(|permission| held.has(*permission)) {
        true => Ok(sequence),
        false => Err(permission_denied("sequence", &sequence.name)),
    }
}

/// The sequence that the first argument names.
fn named(context: &ReadContext, arguments: &[Value]) -> Result<Sequence> {
    let catalog = context.view.catalog();
    let path = SearchPath::of(&context.settings, catalog);
    let written = arguments.first().cloned().unwrap_or_default();
    // What most calls name costs no look at everything that there is.
    if let Value::Text(name) = &written
        && let Some(sequence) = plainly_named(name, &path, catalog)
    {
        return Ok(sequence);
    }
    let oid = match &written {
        Value::Text(name) => {
            pg_catalog::check_database(name, &context.settings.database)?;
            pg_catalog::find_class(catalog, &path, name)
        }
        other => other.as_i64().and_then(|oid| u32::try_from(oid).ok()),
    };
    let object = oid.and_then(|oid| pg_catalog::Object::find(catalog, oid));
    let Some(object) = object else {
        let message = match &written {
            Value::Text(name) => format!("relation \"{name}\" does not exist"),
            other => format!("could not open relation with OID {}", other.to_text()),
        };
        return Err(Error::new(ErrorKind::UndefinedTable, message));
    };
    sequence_of(&object).ok_or_else(|| {
        let kinds = match object.kind_name() {
            "index" => "indexes",
            "view" => "views",
            _ => "tables",
        };
        Error::new(ErrorKind::WrongObjectType, format!("cannot open relation \"{}\"", object.name()))
            .with_detail(format!("This operation is not supported for {kinds}."))
    })
}

/// The sequence that was made by itself of a name that is written in small letters, without quotes.
fn plainly_named(name: &str, path: &SearchPath, catalog: &Catalog) -> Option<Sequence> {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    if !name.bytes().all(is_plain) || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (schema, plain) = match name.split_once('.') {
        Some((schema, plain)) => (Some(schema), plain),
        None => (None, name),
    };
    match pg_catalog::find_by_path(schema, plain, path, catalog)? {
        pg_catalog::Meant::Stored(relation) => catalog.sequence(&relation).map(|sequence| sequence.as_ref().clone()),
        pg_catalog::Meant::System(_) => None,
    }
}
