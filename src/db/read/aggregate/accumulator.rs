//! What is kept of the values that an aggregate has seen, for one group.
//!
//! Values may come one by one or summed up already: what columns count and add reaches a group at once, and is the same.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::db::read::aggregate::query::{AggregateFunction, BoundCall};
use crate::db::read::aggregate::sums::DecimalSum;
use crate::error::{Error, ErrorKind, Result};
use crate::types::{ALLOCATION_BYTES, ColumnType, Numeric, Value};

/// The state of one aggregate of one group.
#[derive(Debug)]
pub(super) enum Accumulator {
    Count(u64),
    /// The keys of values that were seen (`group_key::encode`).
    Distinct(HashSet<Box<[u8]>>),
    Integers {
        sum: i128,
        count: u64,
    },
    Decimals(DecimalSum),
    Floats {
        sum: f64,
        count: u64,
    },
    /// The least or the greatest value; NULL of none.
    Extreme(Value),
}

impl Accumulator {
    /// # Errors
    /// XX000 for a type that the aggregate does not take, a defect of who made the query.
    pub fn new(call: &BoundCall) -> Result<Accumulator> {
        let ty = call.argument.as_ref().map(|argument| &argument.ty);
        Ok(match (call.function, ty) {
            (AggregateFunction::Count, _) => Accumulator::Count(0),
            (AggregateFunction::CountDistinct, Some(_)) => Accumulator::Distinct(HashSet::new()),
            (AggregateFunction::Min | AggregateFunction::Max, Some(_)) => Accumulator::Extreme(Value::Null),
            (_, Some(ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)) => {
                Accumulator::Integers { sum: 0, count: 0 }
            }
            (_, Some(ColumnType::Numeric(_))) => Accumulator::Decimals(DecimalSum::default()),
            // What changes no value that it is added to.
            (_, Some(ColumnType::Float4 | ColumnType::Float8)) => Accumulator::Floats { sum: -0.0, count: 0 },
            (function, _) => return Err(Error::internal(format!("{} of such values is added up", function.name()))),
        })
    }

    /// Takes a value that is not NULL and of the argument's type.
    ///
    /// # Errors
    /// 22003 for a sum that goes beyond its type.
    pub fn add(&mut self, call: &BoundCall, value: Value) -> Result<()> {
        match self {
            Accumulator::Count(count) => *count = count.saturating_add(1),
            Accumulator::Distinct(_) => return Err(Error::internal("different values are told by their keys")),
            Accumulator::Integers { .. } => {
                let number = value.as_i64().ok_or_else(|| no_number(&value))?;
                self.add_integers(i128::from(number), 1)?;
            }
            Accumulator::Decimals(sum) => match value {
                Value::Numeric(number) => sum.add(&number)?,
                other => return Err(no_number(&other)),
            },
            Accumulator::Floats { sum, count } => {
                *sum = plus(*sum, float_of(&value)?)?;
                *count = count.saturating_add(1);
            }
            Accumulator::Extreme(best) => {
                let wanted = if call.function == AggregateFunction::Min { Ordering::Less } else { Ordering::Greater };
                // Of equal ones that differ in what they show, PostgreSQL has the last.
                if best.is_null() || best.compare(&value) != Some(wanted) {
                    *best = value;
                }
            }
        }
        Ok(())
    }

    /// Takes a value that is not NULL so many times.
    ///
    /// # Errors
    /// As [`Accumulator::add`].
    pub fn add_times(&mut self, call: &BoundCall, value: Value, times: u64) -> Result<()> {
        match self {
            Accumulator::Count(_) => self.add_count(times),
            Accumulator::Integers { .. } => {
                let number = i128::from(value.as_i64().ok_or_else(|| no_number(&value))?);
                let sum = number.checked_mul(i128::from(times)).ok_or_else(integers_out_of_range)?;
                self.add_integers(sum, times)?;
            }
            Accumulator::Decimals(sum) => match value {
                Value::Numeric(number) => sum.add_times(&number, times)?,
                other => return Err(no_number(&other)),
            },
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
            Accumulator::Floats { .. } => {
                let number = float_of(&value)?;
                let product = number * times as f64;
                if product.is_infinite() && number.is_finite() {
                    return Err(out_of_range("value out of range: overflow"));
                }
                self.add_floats(product, times)?;
            }
            Accumulator::Distinct(_) | Accumulator::Extreme(_) => self.add(call, value)?,
        }
        Ok(())
    }

    /// Counts so many values or entries.
    pub fn add_count(&mut self, more: u64) {
        if let Accumulator::Count(count) = self {
            *count = count.saturating_add(more);
        }
    }

    /// Takes what `count` integers sum up to.
    ///
    /// # Errors
    /// 22003 for more than 38 digits.
    pub fn add_integers(&mut self, more: i128, more_values: u64) -> Result<()> {
        if let Accumulator::Integers { sum, count } = self {
            *sum = sum.checked_add(more).ok_or_else(integers_out_of_range)?;
            *count = count.saturating_add(more_values);
        }
        Ok(())
    }

    /// Takes what `count` integers or decimals with so many digits behind the point sum up to.
    ///
    /// # Errors
    /// As [`Accumulator::add_integers`].
    pub fn add_exact(&mut self, mantissa: i128, scale: u32, more_values: u64) -> Result<()> {
        match self {
            Accumulator::Decimals(sum) => sum.add_many(mantissa, scale, more_values),
            other => other.add_integers(mantissa, more_values),
        }
    }

    /// Takes what so many floats sum up to.
    ///
    /// # Errors
    /// 22003 where two sums have no finite one.
    pub fn add_floats(&mut self, more: f64, more_values: u64) -> Result<()> {
        if let Accumulator::Floats { sum, count } = self {
            *sum = plus(*sum, more)?;
            *count = count.saturating_add(more_values);
        }
        Ok(())
    }

    /// Takes a key of a value; the bytes that it takes where there was none like it.
    pub fn add_key(&mut self, key: &[u8]) -> usize {
        match self {
            Accumulator::Distinct(keys) if !keys.contains(key) => {
                keys.insert(key.into());
                size_of::<Box<[u8]>>() + ALLOCATION_BYTES + key.len()
            }
            _ => 0,
        }
    }

    /// Bytes that it holds beside itself and beside keys, which were counted when they came.
    pub fn held_bytes(&self) -> usize {
        match self {
            Accumulator::Extreme(value) => value.held_bytes().saturating_sub(size_of::<Value>()),
            Accumulator::Decimals(_) => size_of::<(u32, i128)>() + ALLOCATION_BYTES,
            _ => 0,
        }
    }

    /// The result.
    ///
    /// # Errors
    /// 22003 for a result that its type does not hold.
    pub fn result(&self, call: &BoundCall) -> Result<Value> {
        let is_average = call.function == AggregateFunction::Average;
        Ok(match self {
            Accumulator::Count(count) => counted(*count)?,
            Accumulator::Distinct(keys) => counted(keys.len() as u64)?,
            Accumulator::Integers { count: 0, .. } | Accumulator::Floats { count: 0, .. } => Value::Null,
            Accumulator::Integers { sum, count } if is_average => {
                Value::Numeric(Numeric::from(*sum).over(&Numeric::from(*count))?)
            }
            Accumulator::Integers { sum, .. } => match call.result {
                ColumnType::Int8 => Value::Int8(i64::try_from(*sum).map_err(|_| out_of_range("bigint out of range"))?),
                _ => Value::Numeric(Numeric::from(*sum)),
            },
            Accumulator::Decimals(sum) => {
                let result = if is_average { sum.average()? } else { sum.sum()? };
                result.map_or(Value::Null, Value::Numeric)
            }
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
            Accumulator::Floats { sum, count } if is_average => Value::float8(sum / *count as f64),
            Accumulator::Floats { sum, .. } => match call.result {
                ColumnType::Float4 => float4_of(*sum)?,
                _ => Value::float8(*sum),
            },
            Accumulator::Extreme(value) => value.clone(),
        })
    }
}

/// A sum of `real`, which is added up in double precision.
#[expect(clippy::cast_possible_truncation, reason = "the nearest real is meant")]
fn float4_of(sum: f64) -> Result<Value> {
    let small = sum as f32;
    if small.is_infinite() && sum.is_finite() {
        return Err(out_of_range("value out of range: overflow"));
    }
    Ok(Value::float4(small))
}

fn counted(count: u64) -> Result<Value> {
    i64::try_from(count).map(Value::Int8).map_err(|_| out_of_range("bigint out of range"))
}

fn out_of_range(message: &str) -> Error {
    Error::new(ErrorKind::NumericOutOfRange, message)
}

/// More than 2^64 integers of the largest kind would have to be added up.
fn integers_out_of_range() -> Error {
    out_of_range("value overflows numeric format")
}

fn no_number(value: &Value) -> Error {
    Error::internal(format!("a value of type {} is added up", value.column_type()))
}

fn float_of(value: &Value) -> Result<f64> {
    match value {
        Value::Float4(number) => Ok(f64::from(*number)),
        Value::Float8(number) => Ok(*number),
        other => Err(no_number(other)),
    }
}

/// # Errors
/// 22003 where two numbers have no finite sum.
pub(super) fn plus(sum: f64, value: f64) -> Result<f64> {
    let result = sum + value;
    if result.is_infinite() && sum.is_finite() && value.is_finite() {
        return Err(out_of_range("value out of range: overflow"));
    }
    Ok(result)
}
