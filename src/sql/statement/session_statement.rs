//! Statements about the session rather than the data: transactions, settings, prepared statements, cursors.
//!
//! This file reads what they ask for; `session` does it.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    CloseCursor, ContextModifier, DateTimeField, Declare, DiscardObject, Expr, FetchDirection, Ident, LockTableMode,
    ObjectName, Reset, Set, SetSessionAuthorizationParamKind, Statement, TransactionAccessMode,
    TransactionIsolationLevel, TransactionMode, Value as Literal, ValueWithSpan,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::sql::analyze::declared_type::declared_type;
use crate::sql::analyze::literals::string_of;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::parse::ParsedStatement;
use crate::sql::parse::rewrite_tokens::CONSTRAINTS;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::unread;
use crate::sql::pg_catalog;
use crate::sql::read::read_plan::plan_query;
use crate::statement::{CursorFetch, Discard, RowSource, SessionCommand, TransactionModes};
use crate::types::quote_identifier;

/// Plans a statement about the session; `None` when it is none.
///
/// # Errors
/// 42601 for a form that is not PostgreSQL's, 0A000 for one that is not offered, 42704 for a role or a type that does not
/// exist, 22023 for a count of FETCH that is none; as [`plan_query`] for DECLARE and EXECUTE.
pub fn plan_session_command(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Option<SessionCommand>> {
    let control = match statement {
        Statement::StartTransaction { modes, begin, .. } => SessionCommand::Begin {
            modes: transaction_modes(modes),
            tag: if *begin { "BEGIN" } else { "START TRANSACTION" },
        },
        Statement::Commit { chain, .. } => SessionCommand::Commit { chain: *chain },
        Statement::Rollback { savepoint: Some(name), .. } => SessionCommand::RollbackTo(folded(name)),
        Statement::Rollback { chain, savepoint: None } => SessionCommand::Rollback { chain: *chain },
        Statement::Savepoint { name } => SessionCommand::Savepoint(folded(name)),
        Statement::ReleaseSavepoint { name } => SessionCommand::Release(folded(name)),
        Statement::Set(set) => plan_set(set, context)?,
        Statement::Reset(reset) => match &reset.reset {
            Reset::ALL => SessionCommand::Reset(None),
            Reset::ConfigurationParameter(name) => SessionCommand::Reset(Some(setting_name(name))),
        },
        Statement::ShowVariable { variable } => plan_show(variable),
        Statement::ShowTables { .. } => SessionCommand::Show("tables".to_string()),
        Statement::ShowDatabases { .. } => SessionCommand::Show("databases".to_string()),
        Statement::ShowSchemas { .. } => SessionCommand::Show("schemas".to_string()),
        Statement::Discard { object_type } => SessionCommand::Discard(match object_type {
            DiscardObject::ALL => Discard::All,
            DiscardObject::PLANS => Discard::Plans,
            DiscardObject::SEQUENCES => Discard::Sequences,
            DiscardObject::TEMP => Discard::Temp,
        }),
        Statement::Lock(lock) => lock_table(lock.lock_mode.as_ref())?,
        Statement::Vacuum(vacuum) if !vacuum.reindex && !vacuum.recluster => SessionCommand::NoOp("VACUUM"),
        Statement::Analyze(_) => SessionCommand::NoOp("ANALYZE"),
        Statement::LISTEN { channel } => SessionCommand::Listen(channel_name(channel)?),
        Statement::UNLISTEN { channel } => {
            let is_all = channel.quote_style.is_none() && channel.value == "*";
            SessionCommand::Unlisten(if is_all { None } else { Some(channel_name(channel)?) })
        }
        Statement::NOTIFY { channel, payload } => {
            SessionCommand::Notify { channel: channel_name(channel)?, payload: payload.clone().unwrap_or_default() }
        }
        other => return plan_named(other, parameters, context),
    };
    Ok(Some(control))
}

/// Prepared statements and cursors.
fn plan_named(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Option<SessionCommand>> {
    let control = match statement {
        Statement::Prepare { name, data_types, statement } => SessionCommand::Prepare {
            name: folded(name),
            parameter_types: data_types
                .iter()
                .map(|data_type| declared_type(data_type, context).map(|declared| declared.ty))
                .collect::<Result<_>>()?,
            text: context.text.into(),
            statement: Arc::new(ParsedStatement {
                statement: Some(statement.as_ref().clone()),
                parameters: parameters.count(),
            }),
        },
        Statement::Execute { name: Some(name), parameters: arguments, .. } => SessionCommand::Execute {
            name: last_part(name).unwrap_or_default(),
            arguments: match arguments.is_empty() {
                true => None,
                false => {
                    let plan = plan_query(&select_of(arguments.clone())?, parameters, context)?;
                    Some(Box::new(plan) as Box<dyn RowSource>)
                }
            },
        },
        Statement::Deallocate { name, .. } => SessionCommand::Deallocate(unless_all(name)),
        Statement::Declare { stmts } => plan_declare(stmts, parameters, context)?,
        Statement::Fetch { name, direction, into: None, .. } => {
            SessionCommand::Fetch { cursor: folded(name), fetch: plan_fetch(direction)? }
        }
        Statement::Fetch { name, direction, .. } => {
            SessionCommand::Move { cursor: folded(name), fetch: plan_fetch(direction)? }
        }
        Statement::Close { cursor } => SessionCommand::CloseCursor(match cursor {
            CloseCursor::All => None,
            CloseCursor::Specific { name } => Some(folded(name)),
        }),
        _ => return Ok(None),
    };
    Ok(Some(control))
}

fn channel_name(name: &Ident) -> Result<String> {
    match name.quote_style {
        Some('\'') => Err(Error::syntax(format!("syntax error at or near \"'{}'\"", name.value), None)
            .with_hint("A channel has a name, not a text: LISTEN jobs, or LISTEN \"changes:memory\".")),
        _ => Ok(folded(name)),
    }
}

fn unless_all(name: &Ident) -> Option<String> {
    let is_all = name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all");
    (!is_all).then(|| folded(name))
}

/// LOCK TABLE in a mode that lets others write: readers have their snapshots, and rows are locked one by one.
fn lock_table(mode: Option<&LockTableMode>) -> Result<SessionCommand> {
    match mode {
        Some(LockTableMode::AccessShare | LockTableMode::RowShare | LockTableMode::RowExclusive) => {
            Ok(SessionCommand::NoOpInTransaction("LOCK TABLE"))
        }
        mode => {
            let mode = mode.unwrap_or(&LockTableMode::AccessExclusive);
            Err(Error::unsupported(
                format!("LOCK TABLE in {mode} mode is not offered"),
                "Lock rows by SELECT ... FOR UPDATE, or take an advisory lock.",
            ))
        }
    }
}

fn transaction_modes(modes: &[TransactionMode]) -> TransactionModes {
    let mut result = TransactionModes::default();
    for mode in modes {
        match mode {
            TransactionMode::AccessMode(mode) => {
                result.read_only = Some(matches!(mode, TransactionAccessMode::ReadOnly));
            }
            TransactionMode::IsolationLevel(level) => {
                result.isolation = Some(match level {
                    TransactionIsolationLevel::ReadUncommitted => "read uncommitted",
                    TransactionIsolationLevel::ReadCommitted => "read committed",
                    TransactionIsolationLevel::RepeatableRead | TransactionIsolationLevel::Snapshot => {
                        "repeatable read"
                    }
                    TransactionIsolationLevel::Serializable => "serializable",
                });
            }
        }
    }
    result
}

fn plan_set(set: &Set, context: &PlanContext<'_>) -> Result<SessionCommand> {
    unread::set(set)?;
    let assigned = |name: String, value, local| Ok(SessionCommand::Set { name, value, local });
    match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let local = matches!(scope, Some(ContextModifier::Local));
            let name = setting_name(variable);
            if name == CONSTRAINTS {
                return constraints(values, context);
            }
            let value = setting_value(&name, values)?;
            assigned(name, value, local)
        }
        Set::SetTimeZone { local, value } => {
            assigned("timezone".to_string(), setting_value("timezone", std::slice::from_ref(value))?, *local)
        }
        Set::SetNames { charset_name, .. } => {
            assigned("client_encoding".to_string(), Some(charset_name.value.clone()), false)
        }
        Set::SetNamesDefault {} => assigned("client_encoding".to_string(), None, false),
        Set::SetTransaction { modes, session, .. } => {
            Ok(SessionCommand::SetTransaction { modes: transaction_modes(modes), session: *session })
        }
        Set::SetRole { role_name, context_modifier } => {
            let local = matches!(context_modifier, Some(ContextModifier::Local));
            let role = role_name.as_ref().map_or_else(|| "none".to_string(), folded);
            assigned("role".to_string(), Some(role), local)
        }
        Set::SetSessionAuthorization(change) => {
            let local = matches!(change.scope, ContextModifier::Local);
            let user = match &change.kind {
                SetSessionAuthorizationParamKind::Default => None,
                SetSessionAuthorizationParamKind::User(name) => Some(folded(name)),
            };
            assigned("session_authorization".to_string(), user, local)
        }
        Set::ParenthesizedAssignments { .. } | Set::MultipleAssignments { .. } | Set::SetSessionParam(_) => {
            Err(Error::syntax("this form of SET is not PostgreSQL's", None).with_hint("SET name = value"))
        }
    }
}

/// SET CONSTRAINTS: when they are checked, and the names of some.
fn constraints(values: &[Expr], context: &PlanContext<'_>) -> Result<SessionCommand> {
    let Some((Expr::Identifier(timing), names)) = values.split_first() else {
        return Err(Error::syntax("SET CONSTRAINTS lacks DEFERRED or IMMEDIATE", None));
    };
    let name = |value: &Expr| match value {
        Expr::Identifier(name) => Ok(folded(name)),
        Expr::CompoundIdentifier(parts) => {
            let name = ObjectName::from(parts.clone());
            pg_catalog::check_schema(&name, context)?;
            Ok(last_part(&name).unwrap_or_default())
        }
        other => Err(Error::syntax(format!("syntax error at or near \"{other}\""), None)),
    };
    let names = names.iter().map(name).collect::<Result<Vec<_>>>()?;
    Ok(SessionCommand::SetConstraints {
        names: (!names.is_empty()).then_some(names),
        is_deferred: timing.value.eq_ignore_ascii_case("deferred"),
    })
}

fn setting_name(name: &ObjectName) -> String {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
    parts.join(".")
}

/// The value as the setting keeps it; `None` for DEFAULT.
fn setting_value(name: &str, values: &[Expr]) -> Result<Option<String>> {
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Expr::Identifier(ident) if ident.quote_style.is_none() => match ident.value.to_ascii_lowercase().as_str() {
                "default" => return Ok(None),
                "local" if name == "timezone" => return Ok(None),
                _ => texts.push(ident.value.clone()),
            },
            // A list of names keeps the quotes that its reader needs.
            Expr::Identifier(ident) if name == "search_path" => texts.push(quote_identifier(&ident.value)),
            // As in PostgreSQL, a string is one name, whatever is in it.
            Expr::Value(value) if name == "search_path" && string_of(&value.value).is_some() => {
                texts.push(quote_identifier(string_of(&value.value).unwrap_or_default()));
            }
            Expr::Identifier(ident) => texts.push(ident.value.clone()),
            Expr::Value(value) => texts.push(match &value.value {
                Literal::Boolean(true) => "on".to_string(),
                Literal::Boolean(false) => "off".to_string(),
                literal => string_of(literal).map_or_else(|| literal.to_string(), str::to_string),
            }),
            // `INTERVAL '+05:30' HOUR TO MINUTE`: east of UTC, where a text by itself has the signs of POSIX.
            Expr::Interval(interval) => {
                let is_hours = interval.leading_field == Some(DateTimeField::Hour) && interval.last_field.is_none();
                let (text, unit) = (interval.value.to_string(), if is_hours { " hours" } else { "" });
                texts.push(format!("interval '{}{unit}'", text.trim_matches('\'')));
            }
            other => texts.push(other.to_string()),
        }
    }
    Ok(Some(texts.join(", ")))
}

fn plan_show(variable: &[Ident]) -> SessionCommand {
    let words: Vec<String> = variable.iter().map(folded).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["all"] => SessionCommand::ShowAll,
        ["time", "zone"] => SessionCommand::Show("timezone".to_string()),
        ["transaction", "isolation", "level"] => SessionCommand::Show("transaction_isolation".to_string()),
        ["session", "authorization"] | ["authorization"] => SessionCommand::Show("session_authorization".to_string()),
        _ => SessionCommand::Show(words.join(".")),
    }
}

fn plan_declare(
    list: &[Declare],
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<SessionCommand> {
    let [Declare { names, for_query: Some(query), hold, scroll, .. }] = list else {
        return Err(Error::syntax("DECLARE makes one cursor", None).with_hint("DECLARE name CURSOR FOR SELECT ..."));
    };
    let [name] = names.as_slice() else {
        return Err(Error::syntax("DECLARE makes one cursor", None));
    };
    list.iter().try_for_each(unread::declare)?;
    let query = plan_query(query, parameters, context)?;
    let (name, columns, hold) = (folded(name), query.columns(), *hold == Some(true));
    let scroll = *scroll == Some(true);
    Ok(SessionCommand::DeclareCursor { name, query: Box::new(query), columns, hold, scroll })
}

fn plan_fetch(direction: &FetchDirection) -> Result<CursorFetch> {
    let forward = |count: i64| match u64::try_from(count) {
        Ok(count) => CursorFetch::Forward(count),
        Err(_) => CursorFetch::Backward(count.unsigned_abs()),
    };
    Ok(match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => CursorFetch::Forward(1),
        FetchDirection::Count { limit } | FetchDirection::Forward { limit: Some(limit) } => forward(count(limit)?),
        FetchDirection::Prior | FetchDirection::Backward { limit: None } => CursorFetch::Backward(1),
        FetchDirection::Backward { limit: Some(limit) } => forward(count(limit)?.saturating_neg()),
        FetchDirection::First => CursorFetch::Absolute(1),
        FetchDirection::Last => CursorFetch::Absolute(-1),
        FetchDirection::Absolute { limit } => CursorFetch::Absolute(count(limit)?),
        FetchDirection::Relative { limit } => CursorFetch::Relative(count(limit)?),
        FetchDirection::All | FetchDirection::ForwardAll => CursorFetch::ForwardAll,
        FetchDirection::BackwardAll => CursorFetch::BackwardAll,
    })
}

fn count(limit: &ValueWithSpan) -> Result<i64> {
    let text = limit.value.to_string();
    text.parse().map_err(|_| {
        Error::new(ErrorKind::InvalidParameterValue, format!("FETCH takes a whole number of rows, not {text}"))
    })
}
