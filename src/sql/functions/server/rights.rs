//! Functions that ask who may do what: `has_table_privilege` and its like, and whether relations can be written.
//!
//! There is one owner, who may do with tables what can be done with them at all. Nobody writes views and catalogs, and a
//! session from which secrets are hidden has no rights on them. What everybody may read, the role `public` may as well.

use crate::db::SearchPath;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Int, Object, Oid, TextArray};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::sql::arrow::context::context_of;
use crate::sql::pg_catalog::{self, Grantee};
use crate::types::{ColumnType, Value};

/// Privileges on tables, on columns and on sequences, as PostgreSQL names them.
const OF_TABLES: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
const OF_COLUMNS: &[&str] = &["SELECT", "INSERT", "UPDATE", "REFERENCES"];
const OF_SEQUENCES: &[&str] = &["USAGE", "SELECT", "UPDATE"];
const OF_SCHEMAS: &[&str] = &["CREATE", "USAGE"];
/// How a privilege is written that may be handed on.
const GRANT_OPTION: &str = " WITH GRANT OPTION";
const ADMIN_OPTION: &str = " WITH ADMIN OPTION";
/// `pg_relation_is_updatable` of what takes INSERT, UPDATE and DELETE: bits by the numbers of PostgreSQL's commands.
const ALL_EVENTS: i32 = (1 << 3) | (1 << 2) | (1 << 4);

pub fn definitions() -> Vec<Function> {
    let bool_of = |name: &'static str, arguments: usize, body| {
        Function::new(name, &vec![Any; arguments], ColumnType::Bool, body).optional(1).stable()
    };
    vec![
        bool_of("has_table_privilege", 3, table_privilege),
        bool_of("has_any_column_privilege", 3, table_privilege),
        bool_of("has_sequence_privilege", 3, table_privilege),
        bool_of("has_column_privilege", 4, column_privilege),
        bool_of("has_schema_privilege", 3, schema_privilege),
        bool_of("has_database_privilege", 3, owner_privilege),
        bool_of("has_function_privilege", 3, owner_privilege),
        bool_of("has_type_privilege", 3, owner_privilege),
        bool_of("has_language_privilege", 3, owner_privilege),
        bool_of("has_tablespace_privilege", 3, owner_privilege),
        bool_of("has_parameter_privilege", 3, owner_privilege),
        bool_of("pg_has_role", 3, role_privilege),
        // No table has policies.
        Function::new("row_security_active", &[Any], ColumnType::Bool, |invocation, arguments| {
            Ok(relation(invocation, arguments.first())?.map_or(Value::Null, |_| Value::Bool(false)))
        })
        .stable(),
        Function::new("pg_relation_is_updatable", &[Object, Bool], ColumnType::Int4, |invocation, arguments| {
            let is_writable = relation(invocation, arguments.first())?.is_some_and(|object| object.is_writable());
            Ok(Value::Int4(if is_writable { ALL_EVENTS } else { 0 }))
        })
        .stable(),
        Function::new("pg_column_is_updatable", &[Object, Int, Bool], ColumnType::Bool, |invocation, arguments| {
            // System columns have numbers below one.
            let is_column = int_of(arguments, 1).is_some_and(|number| number > 0);
            let object = relation(invocation, arguments.first())?;
            Ok(Value::Bool(is_column && object.is_some_and(|object| object.is_writable())))
        })
        .stable(),
        Function::new("acldefault", &[Any, Oid], ColumnType::Array(Box::new(ColumnType::Text)), |_, _| Ok(Value::Null)),
        Function::new("aclexplode", &[TextArray], ColumnType::Array(Box::new(ColumnType::Text)), |_, _| {
            Ok(Value::Null)
        }),
    ]
}

/// The arguments without the role that may stand before them, and who it is; the owner where none does.
fn asked_of<'a>(invocation: &Invocation<'_>, arguments: &'a [Value], least: usize) -> Result<(Grantee, &'a [Value])> {
    match arguments.split_first() {
        Some((role, rest)) if arguments.len() > least => Ok((grantee(invocation, role)?, rest)),
        _ => Ok((Grantee::Owner, arguments)),
    }
}

/// # Errors
/// 42704 for a name that is nobody's.
fn grantee(invocation: &Invocation<'_>, role: &Value) -> Result<Grantee> {
    let Value::Text(name) = role else {
        let is_owner = role.as_i64() == Some(i64::from(pg_catalog::OWNER_OID));
        return Ok(if is_owner { Grantee::Owner } else { Grantee::Public });
    };
    match name.as_ref() {
        name if name == context_of(invocation)?.settings.user => Ok(Grantee::Owner),
        "public" => Ok(Grantee::Public),
        name => Err(Error::new(ErrorKind::UndefinedObject, format!("role \"{name}\" does not exist"))),
    }
}

/// The privileges in a list such as `select, update with grant option`, each with whether it is to be handed on.
///
/// # Errors
/// 22023 for one that objects of this kind do not have.
fn privileges(list: &str, known: &[&'static str]) -> Result<Vec<(&'static str, bool)>> {
    let read = |part: &str| {
        let upper = part.trim().to_ascii_uppercase();
        let plain = upper.strip_suffix(GRANT_OPTION).or_else(|| upper.strip_suffix(ADMIN_OPTION));
        let name = plain.unwrap_or(&upper);
        let found = known.iter().find(|known| **known == name).map(|name| (*name, plain.is_some()));
        found.ok_or_else(|| {
            let message = format!("unrecognized privilege type: \"{}\"", part.trim());
            Error::new(ErrorKind::InvalidParameterValue, message)
                .with_hint(format!("There are {} here.", known.join(", ")))
        })
    };
    list.split(',').map(read).collect()
}

/// The relation of an OID or a name; `None` for a number that nothing has.
///
/// # Errors
/// 42P01 for a name that nothing has.
fn relation(invocation: &Invocation<'_>, argument: Option<&Value>) -> Result<Option<pg_catalog::Object>> {
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    let oid = match argument {
        Some(Value::Text(name)) => Some(
            pg_catalog::find_class(catalog, &SearchPath::of(&context.settings, catalog), name)
                .ok_or_else(|| Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist")))?,
        ),
        other => other.and_then(Value::as_i64).and_then(|number| u32::try_from(number).ok()),
    };
    Ok(oid.and_then(|oid| pg_catalog::Object::find(catalog, oid)))
}

/// Whether one of the privileges is among those of a relation; those to hand on are the owner's alone.
fn holds(
    invocation: &Invocation<'_>,
    grantee: Grantee,
    object: &pg_catalog::Object,
    asked: &[(&'static str, bool)],
) -> Result<Value> {
    let held = object.privileges(grantee, context_of(invocation)?.view.hides_secrets());
    let is_held = |(name, to_grant): &(&str, bool)| held.contains(name) && (!to_grant || grantee == Grantee::Owner);
    Ok(Value::Bool(asked.iter().any(is_held)))
}

fn table_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (grantee, arguments) = asked_of(invocation, arguments, 2)?;
    let known = match invocation.name {
        "has_sequence_privilege" => OF_SEQUENCES,
        "has_any_column_privilege" => OF_COLUMNS,
        _ => OF_TABLES,
    };
    let object = relation(invocation, arguments.first())?;
    let asked = privileges(text_of(arguments, 1), known)?;
    let Some(object) = object else { return Ok(Value::Null) };
    if invocation.name == "has_sequence_privilege" && object.kind() != "S" {
        let message = format!("\"{}\" is not a sequence", object.name());
        return Err(Error::new(ErrorKind::WrongObjectType, message));
    }
    holds(invocation, grantee, &object, &asked)
}

fn column_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (grantee, arguments) = asked_of(invocation, arguments, 3)?;
    let object = relation(invocation, arguments.first())?;
    let asked = privileges(text_of(arguments, 2), OF_COLUMNS)?;
    let Some(object) = object else { return Ok(Value::Null) };
    let columns = pg_catalog::columns(&object, &context_of(invocation)?.view);
    match arguments.get(1) {
        Some(Value::Text(name)) if !columns.iter().any(|(column, ..)| *column == **name) => {
            let message = format!("column \"{name}\" of relation \"{}\" does not exist", object.name());
            Err(Error::new(ErrorKind::UndefinedColumn, message))
        }
        Some(Value::Text(_)) => holds(invocation, grantee, &object, &asked),
        number => {
            let number = number.and_then(Value::as_i64).and_then(|number| usize::try_from(number).ok());
            if number.is_some_and(|number| (1..=columns.len()).contains(&number)) {
                holds(invocation, grantee, &object, &asked)
            } else {
                Ok(Value::Null)
            }
        }
    }
}

/// Everybody may look into every schema; nobody makes anything in those of the system.
fn schema_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (grantee, arguments) = asked_of(invocation, arguments, 2)?;
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    let schema = match arguments.first() {
        Some(Value::Text(name)) => {
            pg_catalog::find_namespace(catalog, &SearchPath::of(&context.settings, catalog), name)?
        }
        other => other.and_then(Value::as_i64).and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0),
    };
    let takes_tables = grantee == Grantee::Owner && pg_catalog::takes_relations(catalog, schema);
    let asked = privileges(text_of(arguments, 1), OF_SCHEMAS)?;
    Ok(Value::Bool(asked.iter().any(|(name, to_grant)| {
        let is_held = *name == "USAGE" || takes_tables;
        is_held && (!to_grant || grantee == Grantee::Owner)
    })))
}

/// Privileges on what belongs to the server: all are the owner's.
fn owner_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (grantee, arguments) = asked_of(invocation, arguments, 2)?;
    let known: &[&'static str] = match invocation.name {
        "has_database_privilege" => &["CREATE", "TEMPORARY", "TEMP", "CONNECT"],
        "has_function_privilege" => &["EXECUTE"],
        "has_tablespace_privilege" => &["CREATE"],
        "has_parameter_privilege" => &["SET", "ALTER SYSTEM"],
        _ => &["USAGE"],
    };
    privileges(text_of(arguments, 1), known)?;
    Ok(Value::Bool(grantee == Grantee::Owner))
}

/// `pg_has_role`: the one role is its own member, and `public` is nobody's.
fn role_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (user, arguments) = asked_of(invocation, arguments, 2)?;
    let role = arguments.first().map_or(Ok(Grantee::Public), |role| grantee(invocation, role))?;
    privileges(text_of(arguments, 1), &["USAGE", "MEMBER", "SET"])?;
    Ok(Value::Bool(user == Grantee::Owner && role == Grantee::Owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_privileges_are_read_as_postgresql_reads_them() {
        let asked = privileges(" select ,Update WITH grant OPTION", OF_TABLES).unwrap();
        assert_eq!(asked, [("SELECT", false), ("UPDATE", true)]);
        for (list, message) in [("", "\"\""), ("select insert", "\"select insert\""), ("truncate", "\"truncate\"")] {
            let refused = privileges(list, OF_COLUMNS).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
            assert!(refused.message().ends_with(message), "{refused}");
        }
    }
}
