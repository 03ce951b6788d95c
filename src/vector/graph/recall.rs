//! How much of what is near a finished graph finds: measured after every build, on rows of its own.
//!
//! A hundred nodes, evenly spread, are searched for in the graph and among all nodes, by the distances that the graph was built
//! with. The share of the ten nearest that a walk of a fixed width finds says whether the graph is good for its data. It does not
//! say what the codes lose against the vectors, which the vectors themselves make up for in a search.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::leaves::all_pairs::LeafNeighbour;
use super::leaves::gathered::GatheredRows;
use super::leaves::tiles::Kernel;
use crate::error::Result;
use crate::vector::graph::graph::Graph;
use crate::vector::graph::progress::BuildReport;
use crate::vector::graph::row_distance::{RowDistances, SeenFrom};
use crate::vector::graph::walk::{GraphWalk, nearest_seeds};
use crate::vector::workers::Workers;

/// Nodes that are searched for.
const QUERIES: usize = 100;

/// Neighbours of each that are to be found.
const NEAREST: usize = 10;

/// Width of the walks.
pub const EF: usize = 64;

/// Nodes that one task compares with all queries.
const NODES_PER_TASK: usize = 4096;

/// The share of the nearest that walks in a graph of the first `nodes` rows find, between 0 and 1; 1 where there is nothing to find.
///
/// # Errors
/// XX000 where the system gives no threads, 57014 when the build is to stop.
pub fn recall(
    graph: &Graph,
    nodes: usize,
    distances: &RowDistances<'_>,
    kernel: Kernel,
    workers: Workers,
    report: &mut BuildReport<'_>,
) -> Result<f64> {
    let count = nodes.min(QUERIES);
    let queries: Vec<u32> = (0..count).filter_map(|at| u32::try_from(at * nodes / count).ok()).collect();
    let nearest = exact(&queries, nodes, distances, kernel, workers, report)?;
    let between = |a: u32, b: u32| distances.between(a, b);
    let mut walk = GraphWalk::default();
    let (mut found, mut wanted) = (0usize, 0usize);
    for (query, nearest) in queries.iter().zip(&nearest) {
        let Some(farthest) = nearest.last() else { continue };
        let terrain = SeenFrom { distance: &between, node: *query };
        let starts = nearest_seeds(graph, |seed| between(*query, seed));
        walk.start_at(&starts, nodes, &terrain);
        walk.widen(graph, EF, &terrain);
        let others = walk.nearest().map(|met| met.node).filter(|node| node != query);
        let met = others.filter(|node| between(*query, *node) <= farthest.distance);
        found += met.count().min(nearest.len());
        wanted += nearest.len();
        walk.reset();
    }
    report.check()?;
    #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
    let share = if wanted == 0 { 1.0 } else { found as f64 / wanted as f64 };
    Ok(share)
}

/// The nearest of each query among all other nodes.
fn exact(
    queries: &[u32],
    nodes: usize,
    distances: &RowDistances<'_>,
    kernel: Kernel,
    workers: Workers,
    report: &mut BuildReport<'_>,
) -> Result<Vec<Vec<LeafNeighbour>>> {
    let mut stretches: Vec<Vec<Vec<LeafNeighbour>>> = vec![Vec::new(); nodes.div_ceil(NODES_PER_TASK)];
    let memory = || (GatheredRows::new(distances, kernel), Vec::new());
    workers.run(
        stretches.iter_mut().enumerate(),
        memory,
        |(gathered, matrix), (stretch, nearest)| {
            let stretch = stretch * NODES_PER_TASK..((stretch + 1) * NODES_PER_TASK).min(nodes);
            gathered.gather(stretch.filter_map(|node| u32::try_from(node).ok()));
            let width = gathered.width();
            matrix.resize(width, 0.0);
            for query in queries {
                gathered.measure_one(*query, matrix);
                let others = gathered.ids().iter().zip(matrix.iter()).filter(|(node, _)| *node != query);
                nearest.push(least(others.map(|(node, distance)| LeafNeighbour { distance: *distance, node: *node })));
            }
        },
        &mut || report.check(),
    )?;
    let of = |at: usize| least(stretches.iter().filter_map(|nearest| nearest.get(at)).flatten().copied());
    Ok((0..queries.len()).map(of).collect())
}

/// The nearest of some, in order.
fn least(neighbours: impl Iterator<Item = LeafNeighbour>) -> Vec<LeafNeighbour> {
    let mut nearest: Vec<LeafNeighbour> = Vec::with_capacity(NEAREST + 1);
    for neighbour in neighbours {
        if nearest.len() == NEAREST && nearest[NEAREST - 1].order() <= neighbour.order() {
            continue;
        }
        let at = nearest.partition_point(|other| other.order() < neighbour.order());
        nearest.insert(at, neighbour);
        nearest.truncate(NEAREST);
    }
    nearest
}
