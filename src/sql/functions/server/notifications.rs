//! Functions about channels: `pg_notify` and what tells of them. The session that runs the query sends when it commits.

use crate::error::Result;
use crate::expr::Parameter::Text;
use crate::expr::{Function, Invocation, text_of};
use crate::sql::arrow::context::context_of;
use crate::sql::functions::server::session::backend_pid;
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let channels = ColumnType::Array(Box::new(ColumnType::Text));
    vec![
        Function::new("pg_notify", &[Text, Text], ColumnType::Void, notify).volatile().with_nulls(),
        Function::new("pg_listening_channels", &[], channels, |invocation, _| {
            let channels = context_of(invocation)?.settings.notifications.channels();
            Ok(Value::Array(Box::new(ColumnType::Text), channels.iter().map(|name| Value::text(&**name)).collect()))
        })
        .stable(),
        Function::new("pg_notification_queue_usage", &[], ColumnType::Float8, |invocation, _| {
            Ok(Value::Float8(context_of(invocation)?.view.notification_queue_usage()))
        })
        .volatile(),
    ]
}

/// A channel that is NULL has no name, a text that is NULL is empty, as in PostgreSQL.
fn notify(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let context = context_of(invocation)?;
    // What runs on for a statement that has ended sends nothing.
    context.cancel.check()?;
    let sender = backend_pid(&context.settings);
    context.settings.notifications.send(sender, text_of(arguments, 0), text_of(arguments, 1))?;
    Ok(Value::text(""))
}
