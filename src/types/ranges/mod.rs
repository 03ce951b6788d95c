//! Ranges and multiranges of PostgreSQL: what lies between two bounds, and several such parts in one value.
//!
//! Six ranges and six multiranges are one thing over the type of their bounds ([`RangeKind`]): a bound holds a value of that type,
//! and whatever is asked of ranges is asked of the places of their bounds (`bound`). `range` is one part with its laws,
//! `multirange` a list of parts that neither overlap nor touch, `range_text` and `multirange_text` their texts. A value is
//! always in the form that PostgreSQL calls canonical: of whole numbers and dates the lower bound belongs to it and the upper does not.
//!
//! `ordered_bytes` is how a value lies in records, keys and columns of the planner: bytes that say of which type they are, and
//! stand in the order of the values, so that whoever compares, groups, sorts or hashes them needs to know nothing of ranges. Equal
//! ranges of numbers may be written with other digits (`[1.0,2)` and `[1,2)`), so these stand behind everything else, and where
//! equality is asked for the bytes without them are taken.

pub(crate) mod bound;
pub(crate) mod kind;
pub(crate) mod multirange;
pub(crate) mod multirange_text;
pub(crate) mod ordered_bytes;
pub(crate) mod range;
pub(crate) mod range_text;
#[cfg(test)]
mod tests;
