//! Making a graph: `hnsw_rs` finds the neighbours, the result is frozen into flat arrays.
//!
//! `hnsw_rs` wants distances that are never negative or NaN. Squared Euclidean distance serves three metrics: L2, cosine
//! on unit vectors, and inner product after the reduction of Bachrach et al. (2014),
//! <https://doi.org/10.1145/2645710.2645741>: each vector gets one more component that brings all to the same length, so
//! that the nearest by Euclid are those of the greatest inner product. Searches do without that component, because a
//! query has zero there. The distances are those of the codes; L1 has none and compares vectors.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::sync::Arc;

use anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::connect::connect;
use super::graph::Graph;
use super::parameters::Parameters;
use crate::error::{Error, ErrorKind, Result};
use crate::vector::rows::aligned_vectors::VectorRows;
use crate::vector::rows::distance::{Metric, l2_norm};
use crate::vector::rows::kernels;
use crate::vector::rows::quantized_vectors::Codes;
use crate::vector::workers;

/// Rows inserted between two reports of progress.
const REPORT_ROWS: usize = 4096;

/// Layers `hnsw_rs` may use, its own maximum.
const LAYERS_MAX: usize = 16;

/// How far a build has come, in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
}

/// The distance given to `hnsw_rs`, between row numbers: it moves four bytes a point where it would copy whole vectors.
#[derive(Clone)]
struct RowDistance<'a> {
    rows: &'a VectorRows,
    codes: Option<&'a Codes>,
    /// For inner product, the component each row lacks to the length of the longest.
    lacking: Arc<[f32]>,
}

impl Distance<u32> for RowDistance<'_> {
    #[inline(always)]
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        let (&[a], &[b]) = (a, b) else {
            return f32::MAX;
        };
        let mut distance = match self.codes {
            Some(codes) => codes.l2_squared(a, b),
            None => kernels::l1(self.rows.padded(a), self.rows.padded(b)),
        };
        if let (Some(x), Some(y)) = (self.lacking.get(a as usize), self.lacking.get(b as usize)) {
            distance += (x - y) * (x - y);
        }
        // Sums of huge components overflow; `hnsw_rs` panics on NaN.
        if distance.is_finite() { distance } else { f32::MAX }
    }
}

/// Builds the graph of the first `nodes` rows, which are distinct; every node leads to every other one. `progress` is told
/// now and then and stops the build by returning false.
///
/// # Errors
/// 57014 when `progress` stops it, XX000 where the system gives no threads.
pub fn build_graph(
    rows: &VectorRows,
    nodes: usize,
    codes: Option<&Codes>,
    metric: Metric,
    parameters: Parameters,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Graph> {
    let total = nodes;
    let lacking = if metric == Metric::InnerProduct { lacking_lengths(rows).into() } else { Arc::from([]) };
    let distance = RowDistance { rows, codes, lacking };
    let hnsw = Hnsw::new(parameters.m, total, LAYERS_MAX, parameters.ef_construction, distance.clone());
    let order = shuffled(total);
    let workers = workers::pool()?;
    let mut done = 0;
    for batch in order.chunks(REPORT_ROWS) {
        let batch: Vec<(&[u32], usize)> = batch.iter().map(|row| (std::slice::from_ref(row), *row as usize)).collect();
        workers.install(|| hnsw.parallel_insert_slice(&batch));
        done += batch.len();
        if !progress(Progress { done, total }) {
            return Err(Error::new(ErrorKind::QueryCanceled, "building the vector index was stopped"));
        }
    }
    let mut graph = freeze(&hnsw, total, parameters.m);
    drop(hnsw);
    let added = connect(&mut graph, |a, b| distance.eval(&[a], &[b]));
    tracing::debug!(nodes, added, "a graph was made one piece");
    Ok(graph)
}

/// For each row, the component that brings it to the length of the longest.
fn lacking_lengths(rows: &VectorRows) -> Vec<f32> {
    let squares: Vec<f64> = (0u32..).take(rows.len()).map(|row| l2_norm(rows.vector(row)).powi(2)).collect();
    let greatest = squares.iter().copied().fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
    squares.iter().map(|square| (greatest - square).max(0.0).sqrt() as f32).collect()
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
fn freeze(hnsw: &Hnsw<'_, u32, RowDistance<'_>>, rows: usize, degree: usize) -> Graph {
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
