//! Where a part begins and ends, and which of two such places comes first (`range_cmp_bounds` of PostgreSQL).

use std::cmp::Ordering;

use crate::types::Value;

/// The end of a part that has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Of the type that the bounds of the range have, and not NULL.
    pub value: Value,
    /// Whether the value itself belongs to the part.
    pub is_inclusive: bool,
}

/// A place on the line of values: a bound that is there, seen from the part that it bounds, or where none is.
#[derive(Clone, Copy, Debug)]
pub enum BoundPlace<'a> {
    /// Before all values.
    Least,
    /// Just before (-1), at (0) or just behind (1) a value.
    At(&'a Value, i8),
    /// Behind all values.
    Greatest,
}

impl<'a> BoundPlace<'a> {
    /// Where a part begins that has this lower bound.
    pub fn of_lower(bound: Option<&'a Bound>) -> BoundPlace<'a> {
        bound.map_or(BoundPlace::Least, |bound| BoundPlace::At(&bound.value, i8::from(!bound.is_inclusive)))
    }

    /// Where a part ends that has this upper bound.
    pub fn of_upper(bound: Option<&'a Bound>) -> BoundPlace<'a> {
        bound.map_or(BoundPlace::Greatest, |bound| BoundPlace::At(&bound.value, -i8::from(!bound.is_inclusive)))
    }

    pub fn compare(&self, other: &BoundPlace<'_>) -> Ordering {
        match (self, other) {
            (BoundPlace::Least, BoundPlace::Least) | (BoundPlace::Greatest, BoundPlace::Greatest) => Ordering::Equal,
            (BoundPlace::Least, _) | (_, BoundPlace::Greatest) => Ordering::Less,
            (BoundPlace::Greatest, _) | (_, BoundPlace::Least) => Ordering::Greater,
            (BoundPlace::At(value, side), BoundPlace::At(other, other_side)) => {
                compare_values(value, other).then(side.cmp(other_side))
            }
        }
    }
}

/// The order of two values of the type of the bounds.
pub fn compare_values(left: &Value, right: &Value) -> Ordering {
    // Values of one of the six types, none of them NULL, always have an order.
    left.compare(right).unwrap_or(Ordering::Equal)
}
