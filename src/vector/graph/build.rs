//! Making a graph: `hnsw_rs` inserts row by row what is small, leaves make what is large; the result is one piece in flat arrays,
//! and measured.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::built::{BuiltGraph, finish};
use super::graph::Graph;
use super::leaves::build::{LeafPlan, by_leaves};
use super::leaves::tiles::Kernel;
use super::parameters::Parameters;
use super::progress::{BuildPhase, BuildReport, Progress};
use super::row_distance::RowDistances;
use crate::error::Result;
use crate::vector::rows::aligned_vectors::VectorRows;
use crate::vector::rows::distance::Metric;
use crate::vector::rows::quantized_vectors::Codes;
use crate::vector::workers::Workers;

/// Nodes from which a graph is built by leaves: more than a tail has when it is due, so that `hnsw_rs` builds what is sealed out
/// of it and leaves what is merged or made at once. Sentence embeddings of 384 dimensions on two busy cores took by `hnsw_rs` and
/// by leaves .26 and .15 s at 1,024 rows, .75 and .21 at 2,048, 1.8 and .21 at 4,096, 30 and 2.5 at 16,000.
const LEAF_BUILD_NODES_MIN: usize = 4096;

/// Rows that `hnsw_rs` inserts between two reports of progress: a fraction of a second also where they are long.
const REPORT_ROWS: usize = 256;

/// Layers `hnsw_rs` may use, its own maximum.
const LAYERS_MAX: usize = 16;

/// The distance given to `hnsw_rs`, between row numbers: it moves four bytes a point where it would copy whole vectors.
#[derive(Clone)]
struct PointDistance<'a>(&'a RowDistances<'a>);

impl Distance<u32> for PointDistance<'_> {
    #[inline(always)]
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        match (a, b) {
            (&[a], &[b]) => self.0.between(a, b),
            _ => f32::MAX,
        }
    }
}

/// The recall of leaves below which rows are inserted one by one as well, and the better graph stays. Rows on a line, closer than
/// codes tell apart, have .95 (12,000 of them) and .86 (30,000) by leaves and .999 and .979 by insertion; embeddings have .98 by
/// leaves; rows without any order .91 by leaves and .75 by insertion (8,000 of 384 dimensions).
const RECALL_DOUBTED: f64 = 0.96;

/// Nodes beyond which that is not tried: it would take minutes.
const INSERTED_AGAIN_MAX: usize = 250_000;

/// Builds the graph of the first `nodes` rows, which are distinct; every node leads to every other one. `progress` is told
/// now and then and stops the build by returning false.
///
/// # Errors
/// 57014 when `progress` stops it, 53200 where the system has no memory for it, XX000 where it gives no threads.
pub fn build_graph(
    rows: &VectorRows,
    nodes: usize,
    codes: Option<&Codes>,
    metric: Metric,
    parameters: Parameters,
    workers: Workers,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<BuiltGraph> {
    let distances = RowDistances::new(rows, codes, metric);
    let report = &mut BuildReport::new(progress);
    // Crowds of near duplicates of different lengths, as inner products have them, lose too many links in leaves: walks among 5,000
    // such rows found .83 of what was near.
    let mut by_leaves_found = None;
    if nodes >= LEAF_BUILD_NODES_MIN && !distances.lengths_differ {
        let built = by_leaves(&distances, Kernel::best(), nodes, LeafPlan::of(parameters), workers, report)?;
        if built.recall >= RECALL_DOUBTED || nodes > INSERTED_AGAIN_MAX {
            return Ok(built);
        }
        tracing::info!(nodes, recall = built.recall, "a graph finds little, and is built once more row by row");
        by_leaves_found = Some(built);
    }
    let graph = insert_all(&distances, nodes, parameters, workers, report)?;
    let inserted = finish(graph, nodes, &distances, Kernel::best(), workers, report)?;
    Ok(by_leaves_found.filter(|built| built.recall >= inserted.recall).unwrap_or(inserted))
}

/// Inserts row by row.
fn insert_all(
    distances: &RowDistances<'_>,
    nodes: usize,
    parameters: Parameters,
    workers: Workers,
    report: &mut BuildReport<'_>,
) -> Result<Graph> {
    report.begin(BuildPhase::Neighbours, nodes)?;
    let distance = PointDistance(distances);
    let hnsw = Hnsw::new(parameters.m, nodes, LAYERS_MAX, parameters.ef_construction, distance);
    let order = shuffled(nodes);
    let pool = workers.pool()?;
    let mut done = 0;
    for batch in order.chunks(REPORT_ROWS) {
        let batch: Vec<(&[u32], usize)> = batch.iter().map(|row| (std::slice::from_ref(row), *row as usize)).collect();
        pool.install(|| hnsw.parallel_insert_slice(&batch));
        done += batch.len();
        report.done(done)?;
    }
    Ok(freeze(&hnsw, nodes, parameters.m))
}

/// All row numbers in a fixed order that spreads neighbours in the input apart: rows that arrive sorted by topic would
/// otherwise grow clusters that lose their links to the rest.
fn shuffled(rows: usize) -> Vec<u32> {
    let count = rows as u64;
    let mut step = (count * 618 / 1000) | 1;
    while count > 1 && greatest_common_divisor(step, count) != 1 {
        step += 2;
    }
    (0..count).filter_map(|at| u32::try_from(at * step % count).ok()).collect()
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Copies the links out of `hnsw_rs` into flat arrays.
fn freeze(hnsw: &Hnsw<'_, u32, PointDistance<'_>>, rows: usize, degree: usize) -> Graph {
    let points = hnsw.get_point_indexation();
    let mut lists: Vec<Vec<Vec<u32>>> = vec![Vec::new(); rows];
    for point in points {
        let height = point.get_point_id().0 as usize + 1;
        let node = point.get_origin_id();
        let layers = point.get_neighborhood_id().into_iter().take(height).map(|neighbours| {
            let ids = neighbours.iter().map(|neighbour| neighbour.d_id).filter(|id| *id != node);
            ids.filter_map(|id| u32::try_from(id).ok()).collect()
        });
        lists[node] = layers.collect();
    }
    Graph::from_lists(&lists, degree)
}
