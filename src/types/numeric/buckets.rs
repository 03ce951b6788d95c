//! `width_bucket` of numerics.

use num_bigint::BigInt;

use crate::error::{Error, ErrorKind, Result};
use crate::types::numeric::arithmetic::aligned;
use crate::types::numeric::number::Numeric;

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidBuckets, message)
}

/// The bucket of a histogram between two bounds that an operand falls into, from 1; 0 and `count + 1` are outside.
///
/// # Errors
/// 2201G for no buckets, for bounds that are equal or infinite, and for NaN; 22003 for more buckets than an `integer` counts.
pub fn width_bucket(operand: &Numeric, low: &Numeric, high: &Numeric, count: i32) -> Result<i32> {
    if count <= 0 {
        return Err(refused("count must be greater than zero"));
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(refused("operand, lower bound, and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(refused("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(refused("lower bound cannot equal upper bound"));
    }
    let is_rising = low < high;
    let outside =
        || count.checked_add(1).ok_or_else(|| Error::new(ErrorKind::NumericOutOfRange, "integer out of range"));
    if (is_rising && operand < low) || (!is_rising && operand > low) {
        return Ok(0);
    }
    if (is_rising && operand >= high) || (!is_rising && operand <= high) {
        return outside();
    }
    let (from_low, width, _) = aligned(&operand.minus(low)?, &high.minus(low)?);
    let passed = from_low * BigInt::from(count) / width;
    let bucket = i32::try_from(&passed).ok().and_then(|passed| passed.checked_add(1));
    bucket.map_or_else(outside, Ok)
}
