//! The last steps of every build: the graph is made one piece and measured.

use super::connect::connect;
use super::graph::Graph;
use super::leaves::tiles::Kernel;
use super::progress::{BuildPhase, BuildReport};
use super::recall::recall;
use super::row_distance::RowDistances;
use crate::error::Result;
use crate::vector::workers::Workers;

/// A graph and what was measured of it.
pub struct BuiltGraph {
    pub graph: Graph,
    /// The share of the ten nearest that walks find (see `recall`).
    pub recall: f64,
}

/// Makes a graph of the first `nodes` rows one piece and measures it.
///
/// # Errors
/// 57014 when the build is to stop, XX000 where the system gives no threads.
pub fn finish(
    mut graph: Graph,
    nodes: usize,
    distances: &RowDistances<'_>,
    kernel: Kernel,
    workers: Workers,
    report: &mut BuildReport<'_>,
) -> Result<BuiltGraph> {
    report.begin(BuildPhase::Checks, nodes)?;
    let added = connect(&mut graph, |a, b| distances.between(a, b), &mut |rows| report.done(rows))?;
    let recall = recall(&graph, nodes, distances, kernel, workers, report)?;
    tracing::debug!(nodes, added, recall, "a graph was made one piece");
    Ok(BuiltGraph { graph, recall })
}
