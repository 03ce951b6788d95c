//! `date_trunc` as a function of expressions below the planner, one for each type of timestamp.

use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::expr::{Expr, Function, Invocation, Parameter};
use crate::types::{ColumnType, TimeUnit, Value};

static WITHOUT_ZONE: LazyLock<Function> = LazyLock::new(|| truncation(ColumnType::Timestamp));
static WITH_ZONE: LazyLock<Function> = LazyLock::new(|| truncation(ColumnType::TimestampTz));

fn truncation(ty: ColumnType) -> Function {
    Function::new("date_trunc", &[Parameter::Text, Parameter::Any], ty, truncated)
}

/// `date_trunc(unit, value)`; `None` for a unit or a type that the planner has to look at.
pub fn date_trunc(unit: &str, value: Expr) -> Option<Expr> {
    TimeUnit::named(unit)?;
    let function: &'static Function = match value.ty() {
        ColumnType::Timestamp => &WITHOUT_ZONE,
        ColumnType::TimestampTz => &WITH_ZONE,
        _ => return None,
    };
    Some(Expr::Call { function, arguments: vec![Expr::constant(Value::text(unit)), value] })
}

fn truncated(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Text(unit), time] = arguments else { return Err(Error::internal("date_trunc lacks an argument")) };
    let unit = TimeUnit::named(unit).ok_or_else(|| Error::internal("date_trunc has no such unit"))?;
    match time {
        Value::Timestamp(micros) => unit.beginning(*micros).map(Value::Timestamp),
        Value::TimestampTz(micros) => unit.beginning(*micros).map(Value::TimestampTz),
        other => Err(Error::internal(format!("a {} is cut down", other.column_type()))),
    }
}
