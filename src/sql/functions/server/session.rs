//! Functions that tell of the session and the server.

use std::time::{Duration, Instant};

use crate::db::{Activity, SearchPath};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Int, Oid, Text};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::model::RoleId;
use crate::settings::Settings;
use crate::sql::arrow::context::context_of;
use crate::types::{ColumnType, Value};

/// What `version()` answers. Clients read PostgreSQL's version from it.
const SERVER_VERSION: &str = concat!("PostgreSQL 18.0 (NebulusDB ", env!("CARGO_PKG_VERSION"), "), 64-bit");

/// How often it is looked whether a connection has ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

pub fn definitions() -> Vec<Function> {
    let mut all = of_roles();
    all.extend(of_session());
    all
}

/// Functions that tell who the session is.
fn of_roles() -> Vec<Function> {
    let name = ColumnType::Name;
    vec![
        Function::new("current_user", &[], name.clone(), |invocation, _| {
            let context = context_of(invocation)?;
            Ok(Value::text(context.view.catalog().role_name(context.settings.identity().current)))
        })
        .stable()
        .alias(&["current_role", "user"]),
        Function::new("session_user", &[], name.clone(), |invocation, _| {
            let context = context_of(invocation)?;
            Ok(Value::text(context.view.catalog().role_name(context.settings.identity().session)))
        })
        .stable(),
        Function::new("system_user", &[], ColumnType::Text, |invocation, _| {
            Ok(Value::text(context_of(invocation)?.settings.user.as_str()))
        })
        .stable(),
        Function::new("pg_get_userbyid", &[Oid], ColumnType::Name, |invocation, arguments| {
            let oid = int_of(arguments, 0).and_then(|oid| u32::try_from(oid).ok()).unwrap_or_default();
            let role = context_of(invocation)?
                .view
                .catalog()
                .role_by_id(RoleId::of_oid(oid))
                .filter(|role| role.id.oid() == oid);
            Ok(Value::text(role.map_or_else(|| format!("unknown (OID={oid})"), |role| role.name.clone())))
        })
        .stable(),
    ]
}

fn of_session() -> Vec<Function> {
    let name = ColumnType::Name;
    vec![
        Function::new("version", &[], ColumnType::Text, |_, _| Ok(Value::text(SERVER_VERSION))),
        Function::new("current_database", &[], name.clone(), |invocation, _| {
            Ok(Value::text(context_of(invocation)?.settings.database.as_str()))
        })
        .stable()
        .alias(&["current_catalog"]),
        Function::new("current_schema", &[], name.clone(), current_schema).stable(),
        Function::new("current_schemas", &[Bool], ColumnType::Array(Box::new(name)), current_schemas).stable(),
        Function::new("current_setting", &[Text, Bool], ColumnType::Text, current_setting).optional(1).stable(),
        Function::new("set_config", &[Text, Text, Bool], ColumnType::Text, |_, _| {
            Err(Error::unsupported(
                "set_config() within a larger query is not offered",
                "Use SET, or SELECT set_config(…) by itself.",
            ))
        })
        .volatile()
        .with_nulls(),
        Function::new("pg_backend_pid", &[], ColumnType::Int4, |invocation, _| {
            Ok(Value::Int4(backend_pid(&context_of(invocation)?.settings)))
        })
        .stable(),
        Function::new("pg_cancel_backend", &[Int], ColumnType::Bool, |invocation, arguments| {
            let number = number_of(arguments);
            check_signal(invocation, number, "cancel query")?;
            Ok(Value::Bool(activity(invocation)?.cancel(number)))
        })
        .volatile(),
        Function::new("pg_terminate_backend", &[Int, Int], ColumnType::Bool, terminate).optional(1).volatile(),
        Function::new("pg_is_in_recovery", &[], ColumnType::Bool, |_, _| Ok(Value::Bool(false))).stable(),
        Function::new("pg_is_wal_replay_paused", &[], ColumnType::Bool, |_, _| Ok(Value::Bool(false))).stable(),
        Function::new("inet_server_addr", &[], ColumnType::Text, |_, _| Ok(Value::Null)).stable(),
        Function::new("inet_client_addr", &[], ColumnType::Text, |_, _| Ok(Value::Null)).stable(),
        Function::new("inet_server_port", &[], ColumnType::Int4, |_, _| Ok(Value::Null)).stable(),
        Function::new("inet_client_port", &[], ColumnType::Int4, |_, _| Ok(Value::Null)).stable(),
        Function::new("pg_postmaster_start_time", &[], ColumnType::TimestampTz, |_, _| Ok(Value::Null)).stable(),
        Function::new("pg_conf_load_time", &[], ColumnType::TimestampTz, |_, _| Ok(Value::Null)).stable(),
        Function::new("txid_current", &[], ColumnType::Int8, |_, _| Ok(Value::Int8(1)))
            .stable()
            .alias(&["pg_current_xact_id"]),
        Function::new("txid_current_if_assigned", &[], ColumnType::Int8, |_, _| Ok(Value::Null))
            .stable()
            .alias(&["pg_current_xact_id_if_assigned"]),
        Function::new("pg_typeof", &[Any], ColumnType::Text, |invocation, _| {
            let name = invocation.types.first().unwrap_or(&ColumnType::Unknown).base_name();
            Ok(Value::text(name))
        })
        .with_nulls(),
        Function::new("pg_encoding_to_char", &[Int], ColumnType::Name, |_, arguments| {
            Ok(Value::text(if arguments.first().and_then(Value::as_i64) == Some(6) { "UTF8" } else { "" }))
        }),
        Function::new("pg_char_to_encoding", &[Text], ColumnType::Int4, |_, arguments| {
            let is_utf8 = matches!(text_of(arguments, 0).to_ascii_lowercase().as_str(), "utf8" | "unicode");
            Ok(Value::Int4(if is_utf8 { 6 } else { -1 }))
        }),
        Function::new("pg_client_encoding", &[], ColumnType::Name, |_, _| Ok(Value::text("UTF8"))).stable(),
        Function::new("getdatabaseencoding", &[], ColumnType::Name, |_, _| Ok(Value::text("UTF8"))).stable(),
    ]
}

/// Refuses to end what another role's connection runs to whoever does not act for it.
///
/// # Errors
/// 42501.
fn check_signal(invocation: &Invocation<'_>, number: i32, what: &str) -> Result<()> {
    let context = context_of(invocation)?;
    let (catalog, who) = (context.view.catalog(), context.settings.identity().current);
    let Some(role) = context.view.activity().role_of(number) else { return Ok(()) };
    let denied = |detail: &str| {
        let message = format!("permission denied to {what}");
        Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail.to_string()))
    };
    if catalog.is_superuser(role) && !catalog.is_superuser(who) {
        return denied("Only roles with the SUPERUSER attribute may end what roles with the SUPERUSER attribute run.");
    }
    match catalog.acts_for(who, role) {
        true => Ok(()),
        false => denied("Only roles with privileges of the role whose it is may end what it runs."),
    }
}

fn activity<'a>(invocation: &Invocation<'a>) -> Result<&'a Activity> {
    Ok(context_of(invocation)?.view.activity())
}

/// The number of a connection; one that none has for what is none.
fn number_of(arguments: &[Value]) -> i32 {
    int_of(arguments, 0).and_then(|number| i32::try_from(number).ok()).unwrap_or(0)
}

/// `pg_terminate_backend(pid, timeout)`: the timeout, in milliseconds, is how long it is waited for the connection's end.
fn terminate(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let timeout = int_of(arguments, 1).unwrap_or(0);
    let Ok(timeout) = u64::try_from(timeout).map(Duration::from_millis) else {
        return Err(Error::new(ErrorKind::NumericOutOfRange, "\"timeout\" must not be negative"));
    };
    let (activity, number) = (activity(invocation)?, number_of(arguments));
    check_signal(invocation, number, "terminate process")?;
    let is_there = activity.terminate(number);
    if !is_there || timeout.is_zero() {
        return Ok(Value::Bool(is_there));
    }
    let since = Instant::now();
    while activity.is_connected(number) {
        if since.elapsed() >= timeout {
            return Ok(Value::Bool(false));
        }
        context_of(invocation)?.cancel.check()?;
        std::thread::sleep(LOOK_INTERVAL);
    }
    Ok(Value::Bool(true))
}

/// The schema that relations are made in; NULL where `search_path` names none that is there.
fn current_schema(invocation: &Invocation<'_>, _: &[Value]) -> Result<Value> {
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    let place = SearchPath::of(&context.settings, catalog).creation();
    Ok(place.map_or(Value::Null, |place| Value::text(catalog.place_name(place))))
}

/// The schemas that names are looked for in, with those that `search_path` does not name where the argument says so.
fn current_schemas(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let context = context_of(invocation)?;
    let catalog = context.view.catalog();
    let path = SearchPath::of(&context.settings, catalog);
    let places = if arguments.first() == Some(&Value::Bool(true)) { path.places() } else { path.named() };
    let names = places.iter().map(|place| Value::text(catalog.place_name(*place)));
    Ok(Value::Array(Box::new(ColumnType::Name), names.collect()))
}

fn current_setting(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let missing_ok = arguments.get(1) == Some(&Value::Bool(true));
    match context_of(invocation)?.settings.shown(text_of(arguments, 0)) {
        Ok(value) => Ok(Value::text(value)),
        Err(error) if missing_ok && error.kind() == ErrorKind::UndefinedObject => Ok(Value::Null),
        Err(error) => Err(error),
    }
}

/// The number by which a client would cancel this session.
pub fn backend_pid(settings: &Settings) -> i32 {
    settings.backend_id
}
