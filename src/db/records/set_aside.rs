//! Names of the records of what of an origin was not taken, and why.

use crate::model::PeerId;

/// Names of the records of deltas that were set aside.
pub(crate) const SET_ASIDE: &str = "set_aside/";

pub(crate) fn set_aside_name(origin: &PeerId, seq: u64) -> String {
    format!("{SET_ASIDE}{origin}/{seq:020}")
}
