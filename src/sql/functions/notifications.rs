//! Functions about channels: `pg_notify` and what tells of them. The session that runs the query sends when it commits.

use crate::error::Result;
use crate::sql::functions::definition::Parameter::Text;
use crate::sql::functions::definition::{Invocation, SqlFunction, text_of};
use crate::sql::functions::session::backend_pid;
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<SqlFunction> {
    let channels = ColumnType::Array(Box::new(ColumnType::Text));
    vec![
        SqlFunction::new("pg_notify", &[Text, Text], ColumnType::Void, notify).volatile().with_nulls(),
        SqlFunction::new("pg_listening_channels", &[], channels, |invocation, _| {
            let channels = invocation.context()?.settings.notifications.channels();
            Ok(Value::Array(Box::new(ColumnType::Text), channels.iter().map(|name| Value::text(&**name)).collect()))
        })
        .stable(),
        SqlFunction::new("pg_notification_queue_usage", &[], ColumnType::Float8, |invocation, _| {
            Ok(Value::Float8(invocation.context()?.view.notification_queue_usage()))
        })
        .volatile(),
    ]
}

/// A channel that is NULL has no name, a text that is NULL is empty, as in PostgreSQL.
fn notify(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let context = invocation.context()?;
    // What runs on for a statement that has ended sends nothing.
    context.cancel.check()?;
    let sender = backend_pid(&context.settings);
    context.settings.notifications.send(sender, text_of(arguments, 0), text_of(arguments, 1))?;
    Ok(Value::text(""))
}
