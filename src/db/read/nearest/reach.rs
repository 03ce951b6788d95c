//! How far away rows may be: the bounds of `distance < constant` and WITHIN.

use std::cmp::Ordering;

use crate::db::read::nearest::neighbour::compare_distances;
use crate::db::read::query::Nearest;
use crate::error::Result;
use crate::types::{ColumnType, Value};

/// The bounds of a distance, with their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct DistanceReach {
    bounds: Vec<BoundValue>,
}

#[derive(Clone, Copy, Debug)]
struct BoundValue {
    /// `None` is NULL, within which nothing lies.
    distance: Option<f64>,
    is_strict: bool,
}

impl DistanceReach {
    /// The bounds of a bound search.
    ///
    /// # Errors
    /// 22003 for one that is no double.
    pub fn of(nearest: &Nearest) -> Result<DistanceReach> {
        let bounds = nearest.within.iter().map(|within| {
            let distance = match within.distance.bind(&[])?.cast(&ColumnType::Float8, false)? {
                Value::Float8(distance) => Some(if distance.is_nan() { f64::NAN } else { distance }),
                _ => None,
            };
            Ok(BoundValue { distance, is_strict: within.is_strict })
        });
        Ok(DistanceReach { bounds: bounds.collect::<Result<_>>()? })
    }

    /// Whether a distance is in reach; every lesser one is then, too. Numbers stand to one another as PostgreSQL's do, NaN above
    /// all others.
    pub fn holds(&self, distance: f64) -> bool {
        self.bounds.iter().all(|bound| match compare_distances(Some(distance), bound.distance) {
            Ordering::Less => bound.distance.is_some(),
            Ordering::Equal => !bound.is_strict,
            Ordering::Greater => false,
        })
    }

    /// Whether a row with this distance, or with none, is in reach.
    pub fn holds_row(&self, distance: Option<f64>) -> bool {
        distance.map_or(!self.is_bounded(), |distance| self.holds(distance))
    }

    pub fn is_bounded(&self) -> bool {
        !self.bounds.is_empty()
    }

    /// Whether nothing can be in reach.
    pub fn is_nothing(&self) -> bool {
        self.bounds.iter().any(|bound| bound.distance.is_none())
    }

    /// Whether rows with the distance NaN are in reach, which an index need not hold.
    pub fn holds_nan(&self) -> bool {
        self.is_bounded() && self.holds(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(bounds: &[(Option<f64>, bool)]) -> DistanceReach {
        let bounds =
            bounds.iter().map(|(distance, is_strict)| BoundValue { distance: *distance, is_strict: *is_strict });
        DistanceReach { bounds: bounds.collect() }
    }

    #[test]
    fn bounds_compare_as_floats_do() {
        let below = reach(&[(Some(1.0), true)]);
        assert!(below.holds(0.9) && !below.holds(1.0) && !below.holds(f64::NAN) && !below.holds_row(None));
        let at_most = reach(&[(Some(1.0), false), (Some(2.0), true)]);
        assert!(at_most.holds(1.0) && !at_most.holds(1.5));
        let zero = reach(&[(Some(0.0), false)]);
        assert!(zero.holds(-0.0) && zero.holds(0.0) && !reach(&[(Some(0.0), true)]).holds(-0.0));
        let nan = reach(&[(Some(f64::NAN), false)]);
        assert!(nan.holds(f64::NAN) && nan.holds_nan() && nan.holds(f64::INFINITY));
        let below_nan = reach(&[(Some(f64::NAN), true)]);
        assert!(!below_nan.holds(f64::NAN) && below_nan.holds(f64::INFINITY) && !below_nan.holds_nan());
        let null = reach(&[(None, false)]);
        assert!(null.is_nothing() && !null.holds(0.0) && !null.holds_row(None));
        assert!(reach(&[]).holds_row(None) && !reach(&[]).is_bounded() && !reach(&[]).holds_nan());
    }
}
