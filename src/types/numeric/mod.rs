//! `numeric` as PostgreSQL has it: NaN, the infinities, and decimals of up to 131,072 digits before and 16,383 behind the
//! point, each with the digits that it shows.
//!
//! `number` holds the value and its order, `digits` powers of ten and counts of digits, `rounding` what cuts digits away;
//! `text`, `floats` and `bytes` are its other forms; `arithmetic` and `transcendental` compute, with the digits that PostgreSQL's
//! `numeric.c` chooses. No operation takes more than a bounded time: its inputs have bounded digits, and its result is refused
//! (22003) before it is computed where it would have more.

mod arithmetic;
mod buckets;
mod bytes;
mod digits;
mod floats;
mod integers;
mod number;
mod rounding;
mod statistics;
mod text;
mod transcendental;

pub use buckets::width_bucket;
pub(super) use floats::{compare_with_float, float_of_numeric, numeric_of_float};
pub use integers::{factorial, greatest_common_divisor, least_common_multiple};
pub use number::{Numeric, NumericPart};
pub(super) use rounding::apply_modifier;
pub use statistics::{Deviation, deviation};
pub(super) use text::{expand_exponent, parse_numeric, write_numeric};

#[cfg(test)]
mod tests;
