//! The runs of a message, with bounds on everything in them.

use serde::{Deserialize, Deserializer};

pub(crate) use crate::model::bounded;
use crate::model::{Delta, PeerId, Run};
use crate::sync::message::{RUN_DELTAS_MAX, RUNS_MAX};

/// Reads the runs of a message, each with a bounded number of deltas.
pub(crate) fn bounded_runs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Run>, D::Error> {
    let runs = bounded::<D, BoundedRun, RUNS_MAX>(deserializer)?;
    Ok(runs.into_iter().map(|run| Run { origin: run.origin, deltas: run.deltas }).collect())
}

/// [`Run`] as it is written, field by field.
#[derive(Deserialize)]
struct BoundedRun {
    origin: PeerId,
    #[serde(deserialize_with = "bounded::<_, _, RUN_DELTAS_MAX>")]
    deltas: Vec<Delta>,
}
