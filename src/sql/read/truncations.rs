//! `date_trunc` and `date_bin` as functions of expressions below the planner, one for each type of timestamp.

use std::sync::LazyLock;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Function, Invocation, Parameter};
use crate::types::{ColumnType, Interval, TimeUnit, Value};

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

/// Microseconds of a day.
const MICROS_PER_DAY: i64 = 86_400_000_000;

static BINS_WITHOUT_ZONE: LazyLock<Function> = LazyLock::new(|| bins(ColumnType::Timestamp));
static BINS_WITH_ZONE: LazyLock<Function> = LazyLock::new(|| bins(ColumnType::TimestampTz));

fn bins(ty: ColumnType) -> Function {
    Function::new("date_bin", &[Parameter::Any, Parameter::Any, Parameter::Any], ty, binned)
}

/// `date_bin(stride, value, origin)`; `None` for a stride, an origin or a type that the planner has to look at.
pub fn date_bin(stride: Value, value: Expr, origin: Value) -> Option<Expr> {
    let ty = value.ty();
    let function: &'static Function = match ty {
        ColumnType::Timestamp => &BINS_WITHOUT_ZONE,
        ColumnType::TimestampTz => &BINS_WITH_ZONE,
        _ => return None,
    };
    let Value::Interval(stride) = stride.cast(&ColumnType::Interval, true).ok()? else { return None };
    stride_micros(stride).filter(|micros| *micros > 0)?;
    let origin = origin.cast(&ty, true).ok().filter(is_finite)?;
    let (stride, origin) = (Expr::constant(Value::Interval(stride)), Expr::constant(origin));
    Some(Expr::Call { function, arguments: vec![stride, value, origin] })
}

fn is_finite(time: &Value) -> bool {
    matches!(time, Value::Timestamp(micros) | Value::TimestampTz(micros) if !matches!(*micros, i64::MIN | i64::MAX))
}

/// The length of a stride without months.
fn stride_micros(stride: Interval) -> Option<i64> {
    let days = i64::from(stride.days).checked_mul(MICROS_PER_DAY)?;
    days.checked_add(stride.micros).filter(|_| stride.months == 0)
}

fn binned(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Interval(stride), time, origin] = arguments else {
        return Err(Error::internal("date_bin lacks an argument"));
    };
    let stride = stride_micros(*stride).filter(|micros| *micros > 0);
    let stride = stride.ok_or_else(|| Error::internal("date_bin has no such stride"))?;
    if !is_finite(time) {
        return Ok(time.clone());
    }
    match (time, origin) {
        (Value::Timestamp(micros), Value::Timestamp(origin)) => bin(*micros, stride, *origin).map(Value::Timestamp),
        (Value::TimestampTz(micros), Value::TimestampTz(origin)) => {
            bin(*micros, stride, *origin).map(Value::TimestampTz)
        }
        (time, _) => Err(Error::internal(format!("a {} is put into a bin", time.column_type()))),
    }
}

/// The beginning of the bin that a moment lies in.
fn bin(micros: i64, stride: i64, origin: i64) -> Result<i64> {
    let out_of_range = || Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range");
    let distance = micros.checked_sub(origin).ok_or_else(out_of_range)?;
    let begin = distance.checked_sub(distance.rem_euclid(stride)).ok_or_else(out_of_range)?;
    begin.checked_add(origin).ok_or_else(out_of_range)
}
