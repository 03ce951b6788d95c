//! Sequences that stop at a limit while they are read, so that a length from outside never decides what is set aside.
//!
//! Where the elements of a sequence hold sequences themselves, the limit of one times that of the other may be a hundred
//! times what a frame's bytes are: a number takes one byte on the wire and eight or sixteen here. Those are weighed together.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::{Delta, PeerId, Run};
use crate::sync::message::{
    CLOCK_PAIRS_MAX, COLLECTIONS_MAX, COLUMNS_PER_MESSAGE_MAX, CollectionSchema, DELTAS_PER_MESSAGE_MAX, DIGESTS_MAX,
    RUN_DELTAS_MAX, RUNS_MAX, WireDigest,
};

/// Elements set aside before any has been read.
const RESERVED_MAX: usize = 16;

/// Reads at most `MAX` elements; more is an error.
pub(crate) fn bounded<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Bounded::<T, MAX> { weigh: |_| 0, weight_max: 0, elements: PhantomData })
}

/// Reads the runs of a message: with a bounded number of deltas each, and all together.
pub(crate) fn bounded_runs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Run>, D::Error> {
    let (weigh, weight_max) = (|run: &BoundedRun| run.deltas.len(), DELTAS_PER_MESSAGE_MAX);
    let runs =
        deserializer.deserialize_seq(Bounded::<BoundedRun, RUNS_MAX> { weigh, weight_max, elements: PhantomData })?;
    Ok(runs.into_iter().map(|run| Run { origin: run.origin, deltas: run.deltas }).collect())
}

/// Reads digests whose clocks have a bounded number of parts together.
pub(crate) fn bounded_digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WireDigest>, D::Error> {
    let (weigh, weight_max) = (|digest: &WireDigest| digest.clock.len(), CLOCK_PAIRS_MAX);
    deserializer.deserialize_seq(Bounded::<WireDigest, DIGESTS_MAX> { weigh, weight_max, elements: PhantomData })
}

/// Reads collections with a bounded number of columns together.
pub(crate) fn bounded_schemas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CollectionSchema>, D::Error> {
    let weigh = |schema: &CollectionSchema| schema.columns.len() + schema.primary_key.len();
    let weight_max = COLUMNS_PER_MESSAGE_MAX;
    deserializer.deserialize_seq(Bounded::<CollectionSchema, COLLECTIONS_MAX> {
        weigh,
        weight_max,
        elements: PhantomData,
    })
}

/// [`Run`] as it is written, field by field.
#[derive(Deserialize)]
struct BoundedRun {
    origin: PeerId,
    #[serde(deserialize_with = "bounded::<_, _, RUN_DELTAS_MAX>")]
    deltas: Vec<Delta>,
}

struct Bounded<T, const MAX: usize> {
    /// What an element counts for besides itself.
    weigh: fn(&T) -> usize,
    weight_max: usize,
    elements: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(RESERVED_MAX));
        let mut weight = 0;
        while let Some(element) = sequence.next_element()? {
            if elements.len() == MAX {
                return Err(A::Error::custom(format_args!("more than {MAX} elements")));
            }
            weight += (self.weigh)(&element);
            if weight > self.weight_max {
                return Err(A::Error::custom(format_args!("the elements hold more than {}", self.weight_max)));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

#[cfg(test)]
#[path = "bounded_tests.rs"]
mod tests;
