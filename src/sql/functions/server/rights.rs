//! Functions that ask who may do what: `has_table_privilege` and its like, and whether relations can be written.
//!
//! They answer from what the door looks at that statements come through. Nobody writes catalogs, and a session from which secrets are
//! hidden has no rights on them. What everybody may read, the role `public` may as well.

use crate::db::{Catalog, SchemaPlace, SearchPath};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Int, Object, Oid, TextArray};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::model::{AclTarget, ObjectAcl, ObjectKind, Permission, PermissionSet, RoleId};
use crate::sql::arrow::context::context_of;
use crate::sql::pg_catalog;
use crate::types::{ColumnType, Value};

/// Privileges on tables, on columns and on sequences, as PostgreSQL names them.
const OF_TABLES: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
const OF_COLUMNS: &[&str] = &["SELECT", "INSERT", "UPDATE", "REFERENCES"];
const OF_SEQUENCES: &[&str] = &["USAGE", "SELECT", "UPDATE"];
const OF_SCHEMAS: &[&str] = &["CREATE", "USAGE"];
const OF_DATABASES: &[&str] = &["CREATE", "TEMPORARY", "TEMP", "CONNECT"];
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
        bool_of("has_database_privilege", 3, database_privilege),
        bool_of("has_function_privilege", 3, server_privilege),
        bool_of("has_type_privilege", 3, server_privilege),
        bool_of("has_language_privilege", 3, server_privilege),
        bool_of("has_tablespace_privilege", 3, server_privilege),
        bool_of("has_parameter_privilege", 3, server_privilege),
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

/// Who is asked about: a role, or PUBLIC.
type Asked = Option<RoleId>;

/// The arguments without the role that may stand before them, and who it is; whoever asks where none does.
fn asked_of<'a>(invocation: &Invocation<'_>, arguments: &'a [Value], least: usize) -> Result<(Asked, &'a [Value])> {
    match arguments.split_first() {
        Some((role, rest)) if arguments.len() > least => Ok((grantee(invocation, role)?, rest)),
        _ => Ok((Some(context_of(invocation)?.settings.identity().current), arguments)),
    }
}

/// # Errors
/// 42704 for a name that is nobody's.
fn grantee(invocation: &Invocation<'_>, role: &Value) -> Result<Asked> {
    let catalog = context_of(invocation)?.view.catalog();
    let Value::Text(name) = role else {
        let oid = role.as_i64().and_then(|oid| u32::try_from(oid).ok()).unwrap_or_default();
        return Ok((oid != 0).then(|| RoleId::of_oid(oid)));
    };
    match name.as_ref() {
        "public" => Ok(None),
        name => catalog.expect_role(name).map(|role| Some(role.id)),
    }
}

/// The privileges in a list such as `select, update with grant option`, each with whether it is to be handed on.
///
/// # Errors
/// 22023 for one that objects of this kind do not have.
fn privileges(list: &str, known: &[&'static str]) -> Result<Vec<(Permission, bool)>> {
    let read = |part: &str| {
        let upper = part.trim().to_ascii_uppercase();
        let plain = upper.strip_suffix(GRANT_OPTION).or_else(|| upper.strip_suffix(ADMIN_OPTION));
        let name = plain.unwrap_or(&upper);
        let found = Permission::of(name).filter(|found| known.contains(&found.name()) || known.contains(&name));
        found.map(|found| (found, plain.is_some())).ok_or_else(|| unrecognized(part, known))
    };
    list.split(',').map(read).collect()
}

fn unrecognized(word: &str, known: &[&str]) -> Error {
    let message = format!("unrecognized privilege type: \"{}\"", word.trim());
    Error::new(ErrorKind::InvalidParameterValue, message).with_hint(format!("There are {} here.", known.join(", ")))
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

/// Whether one of the privileges is held on a relation, or may be handed on.
fn holds(
    invocation: &Invocation<'_>,
    who: Asked,
    object: &pg_catalog::Object,
    asked: &[(Permission, bool)],
) -> Result<Value> {
    let view = &context_of(invocation)?.view;
    let held = pg_catalog::permissions_on(view, object, who);
    let grantable = match (pg_catalog::target_of(object), who) {
        (Some(target), Some(who)) => view.catalog().grantable(who, target),
        _ => PermissionSet::NONE,
    };
    let is_held = |(permission, to_grant): &(Permission, bool)| {
        held.has(*permission) && (!to_grant || grantable.has(*permission))
    };
    Ok(Value::Bool(asked.iter().any(is_held)))
}

/// Whether one of the privileges is held on what is no relation, or may be handed on.
fn holds_on(invocation: &Invocation<'_>, who: Asked, target: AclTarget, asked: &[(Permission, bool)]) -> Result<Value> {
    let catalog = context_of(invocation)?.view.catalog();
    let held = pg_catalog::permissions(catalog, who, target);
    let grantable = who.map_or(PermissionSet::NONE, |who| catalog.grantable(who, target));
    let is_held = |(permission, to_grant): &(Permission, bool)| {
        held.has(*permission) && (!to_grant || grantable.has(*permission))
    };
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
    let context = context_of(invocation)?;
    if matches!(object, pg_catalog::Object::MemoryFacts) {
        // Its columns are not told to whoever may not read them.
        let held = pg_catalog::permissions_on(&context.view, &object, Some(context.settings.identity().current));
        if held.is_empty() {
            return Ok(Value::Bool(false));
        }
    }
    let columns = pg_catalog::columns(&object, &context.view);
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

/// Everybody may look into the schemas of the system, but for that of networks; nobody makes anything in them.
fn schema_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (who, arguments) = asked_of(invocation, arguments, 2)?;
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    let path = SearchPath::of(&context.settings, catalog);
    let name = match arguments.first() {
        Some(Value::Text(name)) => {
            let oid = pg_catalog::find_namespace(catalog, &path, name)?;
            pg_catalog::namespace_name(catalog, oid)
        }
        other => {
            let oid = other.and_then(Value::as_i64).and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0);
            pg_catalog::namespace_name(catalog, oid)
        }
    };
    let asked = privileges(text_of(arguments, 1), OF_SCHEMAS)?;
    match catalog.schema(&name, path.own()) {
        Some(SchemaPlace::Stored(schema)) => match Catalog::schema_object(schema) {
            Some(object) => holds_on(invocation, who, AclTarget::whole(ObjectKind::Schema, object), &asked),
            None => Ok(Value::Bool(true)),
        },
        Some(SchemaPlace::System(schema)) => {
            let is_open = schema != "nebulus" || who.is_some_and(|who| catalog.is_superuser(who));
            let uses = |(permission, to_grant): &(Permission, bool)| {
                *permission == Permission::Usage && is_open && (!to_grant || who == Some(RoleId::BOOTSTRAP))
            };
            Ok(Value::Bool(asked.iter().any(uses)))
        }
        None => Ok(Value::Null),
    }
}

fn database_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (who, arguments) = asked_of(invocation, arguments, 2)?;
    let context = context_of(invocation)?;
    if let Some(Value::Text(name)) = arguments.first()
        && **name != *context.settings.database
    {
        let message = format!("database \"{name}\" does not exist");
        return Err(Error::new(ErrorKind::UndefinedDatabase, message));
    }
    let asked = privileges(text_of(arguments, 1), OF_DATABASES)?;
    holds_on(invocation, who, AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE), &asked)
}

/// Privileges on what belongs to the server: everybody runs its functions and uses its types and languages, the rest is for
/// superusers.
fn server_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (who, arguments) = asked_of(invocation, arguments, 2)?;
    let catalog = context_of(invocation)?.view.catalog();
    let is_superuser = who.is_some_and(|who| catalog.is_superuser(who));
    let list = text_of(arguments, 1);
    let is_open = match invocation.name {
        "has_function_privilege" => {
            privileges(list, &["EXECUTE"])?;
            true
        }
        "has_tablespace_privilege" => {
            privileges(list, &["CREATE"])?;
            false
        }
        "has_parameter_privilege" => {
            let known = ["SET", "ALTER SYSTEM"];
            let unknown = list.split(',').find(|word| !known.contains(&word.trim().to_ascii_uppercase().as_str()));
            if let Some(word) = unknown {
                return Err(unrecognized(word, &known));
            }
            false
        }
        _ => {
            privileges(list, &["USAGE"])?;
            true
        }
    };
    Ok(Value::Bool(is_superuser || is_open))
}

/// `pg_has_role`: USAGE is whether privileges are inherited, SET whether SET ROLE leads there, MEMBER whether it is a member at all.
fn role_privilege(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (user, arguments) = asked_of(invocation, arguments, 2)?;
    let role = arguments.first().map_or(Ok(None), |role| grantee(invocation, role))?;
    let catalog = context_of(invocation)?.view.catalog();
    let (Some(user), Some(role)) = (user, role) else {
        return Err(Error::new(ErrorKind::UndefinedObject, "role \"public\" does not exist"));
    };
    let mut is_held = false;
    for word in text_of(arguments, 1).split(',') {
        let upper = word.trim().to_ascii_uppercase();
        let plain = upper.strip_suffix(GRANT_OPTION).or_else(|| upper.strip_suffix(ADMIN_OPTION));
        is_held |= match (plain.unwrap_or(&upper), plain.is_some()) {
            ("USAGE" | "MEMBER" | "SET", true) => catalog.administers(user, role),
            ("USAGE", false) => catalog.acts_for(user, role),
            ("MEMBER", false) => catalog.is_superuser(user) || catalog.is_member(user, role),
            ("SET", false) => catalog.may_become(user, role),
            _ => return Err(unrecognized(word, &["USAGE", "MEMBER", "SET"])),
        };
    }
    Ok(Value::Bool(is_held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_privileges_are_read_as_postgresql_reads_them() {
        let asked = privileges(" select ,Update WITH grant OPTION", OF_TABLES).unwrap();
        assert_eq!(asked, [(Permission::Select, false), (Permission::Update, true)]);
        for (list, message) in [("", "\"\""), ("select insert", "\"select insert\""), ("truncate", "\"truncate\"")] {
            let refused = privileges(list, OF_COLUMNS).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
            assert!(refused.message().ends_with(message), "{refused}");
        }
    }
}
