//! Sequences that stop at a limit while they are read, so that a length from outside never decides what is set aside.
//!
//! Where the elements of a sequence hold sequences themselves, the limit of one times that of the other may be a hundred
//! times what a frame's bytes are: a number takes one byte on the wire and eight or sixteen here. Those are weighed together.

use serde::{Deserialize, Deserializer};

pub(crate) use crate::model::bounded;
use crate::model::{Delta, PeerId, Run, bounded_by_weight};
use crate::sync::protocol::message::{
    CLOCK_PAIRS_MAX, COLLECTIONS_MAX, COLUMNS_PER_MESSAGE_MAX, CollectionSchema, DELTAS_PER_MESSAGE_MAX, DIGESTS_MAX,
    RUN_DELTAS_MAX, RUNS_MAX, WireDigest,
};

/// Reads the runs of a message: with a bounded number of deltas each, and all together.
pub(crate) fn bounded_runs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Run>, D::Error> {
    let (weigh, weight_max) = (|run: &BoundedRun| run.deltas.len(), DELTAS_PER_MESSAGE_MAX);
    let runs = bounded_by_weight::<D, BoundedRun, RUNS_MAX>(deserializer, weigh, weight_max)?;
    Ok(runs.into_iter().map(|run| Run { origin: run.origin, deltas: run.deltas }).collect())
}

/// Reads digests whose clocks have a bounded number of parts together.
pub(crate) fn bounded_digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WireDigest>, D::Error> {
    let (weigh, weight_max) = (|digest: &WireDigest| digest.clock.len(), CLOCK_PAIRS_MAX);
    bounded_by_weight::<D, WireDigest, DIGESTS_MAX>(deserializer, weigh, weight_max)
}

/// Reads collections with a bounded number of columns together.
pub(crate) fn bounded_schemas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CollectionSchema>, D::Error> {
    let weigh = |schema: &CollectionSchema| schema.columns.len() + schema.primary_key.len();
    let weight_max = COLUMNS_PER_MESSAGE_MAX;
    bounded_by_weight::<D, CollectionSchema, COLLECTIONS_MAX>(deserializer, weigh, weight_max)
}

/// [`Run`] as it is written, field by field.
#[derive(Deserialize)]
struct BoundedRun {
    origin: PeerId,
    #[serde(deserialize_with = "bounded::<_, _, RUN_DELTAS_MAX>")]
    deltas: Vec<Delta>,
}

#[cfg(test)]
#[path = "bounded_seq_tests.rs"]
mod tests;
