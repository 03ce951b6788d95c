//! Distances between the rows of one segment, as builds take them: by codes where these are products, exact for L1.
//!
//! Squared Euclidean distance serves three metrics: L2, cosine on unit vectors, and inner product after the reduction of
//! Bachrach et al. (2014), <https://doi.org/10.1145/2645710.2645741>: each vector gets one more component that brings all to the
//! same length, so that the nearest by Euclid are those of the greatest inner product. Searches do without that component,
//! because a query has zero there.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use crate::vector::graph::walk::Terrain;
use crate::vector::rows::aligned_vectors::VectorRows;
use crate::vector::rows::distance::{Metric, l2_norm};
use crate::vector::rows::kernels;
use crate::vector::rows::quantized_vectors::Codes;

/// The distances of rows from each other. They are symmetric to the last bit, never negative and never NaN.
pub struct RowDistances<'a> {
    pub rows: &'a VectorRows,
    /// None for L1.
    pub codes: Option<&'a Codes>,
    /// For inner product, the component each row lacks to the length of the longest. Empty for the other metrics.
    pub lacking: Vec<f32>,
    /// For inner product, whether some row is much shorter than the longest.
    pub lengths_differ: bool,
}

/// The share of the longest row's squared length that a row may lack for it to count as long as that one: what rounding to 16 bits
/// takes of unit vectors is far below it.
const LACKING_SHARE_MAX: f64 = 1.0 / 64.0;

impl<'a> RowDistances<'a> {
    pub fn new(rows: &'a VectorRows, codes: Option<&'a Codes>, metric: Metric) -> RowDistances<'a> {
        let (lacking, lengths_differ) = match metric {
            Metric::InnerProduct => lacking_lengths(rows),
            _ => (Vec::new(), false),
        };
        let codes = codes.filter(|_| metric != Metric::L1);
        RowDistances { rows, codes, lacking, lengths_differ }
    }

    /// The distance of two rows: squared and approximate by codes, exact otherwise.
    #[inline(always)]
    pub fn between(&self, a: u32, b: u32) -> f32 {
        match self.codes {
            Some(codes) => codes.l2_squared(a, b) + self.lacking_squared(a, b),
            None => self.exact(a, b),
        }
        .min(f32::MAX)
    }

    /// The exact distance of two rows, for L1.
    #[inline(always)]
    pub fn exact(&self, a: u32, b: u32) -> f32 {
        let distance = kernels::l1(self.rows.padded(a), self.rows.padded(b));
        // Sums of huge components overflow. `min` takes the number where the other one is NaN.
        distance.min(f32::MAX)
    }

    /// What the lacking components add to the distance of two rows.
    #[inline(always)]
    fn lacking_squared(&self, a: u32, b: u32) -> f32 {
        match (self.lacking.get(a as usize), self.lacking.get(b as usize)) {
            (Some(x), Some(y)) => (x - y) * (x - y),
            _ => 0.0,
        }
    }

    /// The component that a row lacks.
    #[inline(always)]
    pub fn lacking(&self, row: u32) -> f32 {
        if self.lacking.is_empty() { 0.0 } else { self.lacking[row as usize] }
    }

    /// The factor by which a kept link must be nearer, for distances of which that factor is one of lengths.
    pub fn factor(&self, of_lengths: f32) -> f32 {
        if self.codes.is_some() { of_lengths * of_lengths } else { of_lengths }
    }
}

/// The rows of a segment seen from one of them.
pub struct SeenFrom<'a, D> {
    pub distance: &'a D,
    pub node: u32,
}

impl<D: Fn(u32, u32) -> f32> Terrain for SeenFrom<'_, D> {
    fn closeness(&self, node: u32) -> f32 {
        (self.distance)(self.node, node)
    }

    fn is_live(&self, _node: u32) -> bool {
        true
    }

    fn prefetch(&self, _node: u32) {}
}

/// For each row, the component that brings it to the length of the longest, and whether one of them is large.
fn lacking_lengths(rows: &VectorRows) -> (Vec<f32>, bool) {
    let squares: Vec<f64> = (0u32..).take(rows.len()).map(|row| l2_norm(rows.vector(row)).powi(2)).collect();
    let greatest = squares.iter().copied().fold(0.0, f64::max);
    let least = squares.iter().copied().fold(greatest, f64::min);
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
    let lacking = squares.iter().map(|square| (greatest - square).max(0.0).sqrt() as f32).collect();
    (lacking, greatest - least > greatest * LACKING_SHARE_MAX)
}
