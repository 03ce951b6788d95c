//! Vectors side by side in one aligned array, and queries prepared to be compared with them.
//!
//! A row is padded with zeros to a multiple of 16 components and starts at a cache line, so that the kernels run over
//! whole registers and touch no line twice. Padding adds nothing to any of the distances.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::distance::{Metric, l2_norm};
use super::kernels;
use crate::error::{Error, ErrorKind, Result};
use crate::vector::mapped::checked_chunks::CheckedChunks;
use crate::vector::mapped::flat_array::FlatArray;

/// Components in a cache line of 64 bytes.
const LINE: usize = 16;

/// Components that a kernel adds up side by side, and the roundings of a sum besides its additions in a row.
const LANES: usize = 32;
const STEPS: usize = 32;

/// Vectors of one dimension, numbered from 0.
pub struct VectorRows {
    dimension: usize,
    stride: usize,
    /// Components skipped at the start of `components`, so that row 0 starts at a cache line.
    start: usize,
    len: usize,
    components: FlatArray<f32>,
    /// For [`Metric::Cosine`], the reciprocal length of each row, by which an inner product becomes a cosine.
    scales: FlatArray<f32>,
    /// For [`Metric::InnerProduct`], the length of the longest row.
    longest: f64,
    metric: Metric,
    /// Where the components lie in a file, what is known of their soundness.
    chunks: Option<CheckedChunks>,
}

/// Vectors as a file has them, padded, with what belongs to them.
pub struct StoredVectors {
    pub components: FlatArray<f32>,
    pub scales: FlatArray<f32>,
    pub longest: f64,
    pub chunks: CheckedChunks,
}

impl VectorRows {
    /// Room for exactly `capacity` rows; memory the system does not have is an error, not an abort.
    ///
    /// # Errors
    /// 53200 where the system has no memory for them.
    pub fn with_capacity(metric: Metric, dimension: usize, capacity: usize) -> Result<VectorRows> {
        let stride = padded_length(dimension);
        let wanted = stride
            .checked_mul(capacity)
            .and_then(|components| components.checked_add(LINE))
            .ok_or_else(|| out_of_memory(capacity, dimension))?;
        let mut components: Vec<f32> = Vec::new();
        components.try_reserve_exact(wanted).map_err(|_| out_of_memory(capacity, dimension))?;
        // `align_offset` may decline to answer; rows are then correct but not aligned.
        let start = components.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        components.resize(start, 0.0);
        let scales = Vec::with_capacity(if metric == Metric::Cosine { capacity } else { 0 });
        let (components, scales) = (components.into(), scales.into());
        Ok(VectorRows { dimension, stride, start, len: 0, components, scales, longest: 0.0, metric, chunks: None })
    }

    /// Rows of a file; `None` where there are not as many.
    pub fn stored(metric: Metric, dimension: usize, len: usize, stored: StoredVectors) -> Option<VectorRows> {
        let StoredVectors { components, scales, longest, chunks } = stored;
        let stride = padded_length(dimension);
        let scales_wanted = if metric == Metric::Cosine { len } else { 0 };
        let is_whole = Some(components.len()) == stride.checked_mul(len) && scales.len() == scales_wanted;
        let chunks = Some(chunks);
        is_whole.then_some(VectorRows { dimension, stride, start: 0, len, components, scales, longest, metric, chunks })
    }

    /// Appends a vector of the right dimension.
    pub fn push(&mut self, vector: &[f32]) {
        debug_assert_eq!(vector.len(), self.dimension);
        if self.metric == Metric::Cosine {
            self.scales.to_mut().push(reciprocal(l2_norm(vector)));
        }
        if self.metric == Metric::InnerProduct {
            self.longest = self.longest.max(l2_norm(vector));
        }
        self.len += 1;
        let components = self.components.to_mut();
        components.extend_from_slice(vector);
        components.resize(self.start + self.len * self.stride, 0.0);
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// For [`Metric::InnerProduct`], the length of the longest row.
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// The vector without padding.
    pub fn vector(&self, row: u32) -> &[f32] {
        &self.padded(row)[..self.dimension]
    }

    /// The vector with its padding, as queries are compared with it.
    #[inline(always)]
    pub fn padded(&self, row: u32) -> &[f32] {
        let at = self.start + row as usize * self.stride;
        if let Some(chunks) = &self.chunks {
            chunks.check(at * size_of::<f32>()..(at + self.stride) * size_of::<f32>());
        }
        &self.components[at..at + self.stride]
    }

    /// Asks the processor to bring a row into its cache.
    #[inline(always)]
    pub fn prefetch(&self, row: u32) {
        let at = self.start + row as usize * self.stride;
        kernels::prefetch(&self.components[at..at + self.stride]);
    }

    /// All rows with their padding, as a file has them.
    pub fn components(&self) -> &[f32] {
        &self.components[self.start..self.start + self.len * self.stride]
    }

    /// For [`Metric::Cosine`], the reciprocal length of each row.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Whether a row was read from a file that did not hold what had been written to it.
    pub fn is_damaged(&self) -> bool {
        self.chunks.as_ref().is_some_and(CheckedChunks::is_damaged)
    }

    /// A number that orders rows by their distance to the query: smaller is nearer.
    #[inline(always)]
    pub fn closeness(&self, query: &QueryVector, row: u32) -> f32 {
        let vector = self.padded(row);
        match self.metric {
            Metric::L2 => kernels::l2_squared(&query.padded, vector),
            Metric::InnerProduct => -kernels::dot(&query.padded, vector),
            Metric::Cosine => -kernels::dot(&query.padded, vector) * self.scales[row as usize],
            Metric::L1 => kernels::l1(&query.padded, vector),
        }
    }

    /// The factor that brings a row to unit length where the metric wants that.
    #[inline(always)]
    pub fn unit_scale(&self, row: u32) -> f32 {
        self.scales.get(row as usize).copied().unwrap_or(1.0)
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        self.components.heap_bytes() + self.scales.heap_bytes()
    }
}

impl Clone for VectorRows {
    /// A copy with the same room, aligned anew.
    fn clone(&self) -> VectorRows {
        assert!(self.chunks.is_none(), "rows of a file are never copied as a whole: they may be damaged");
        let capacity = (self.components.heap_bytes() / size_of::<f32>()).saturating_sub(LINE) / self.stride.max(1);
        let mut components: Vec<f32> = Vec::with_capacity(capacity * self.stride + LINE);
        let start = components.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        components.resize(start, 0.0);
        components.extend_from_slice(self.components());
        VectorRows {
            dimension: self.dimension,
            stride: self.stride,
            start,
            len: self.len,
            components: components.into(),
            scales: self.scales.clone(),
            longest: self.longest,
            metric: self.metric,
            chunks: None,
        }
    }
}

/// Components of a row with its padding.
pub fn padded_length(dimension: usize) -> usize {
    dimension.next_multiple_of(LINE)
}

/// A vector to search for, padded like the rows it is compared with.
pub struct QueryVector {
    metric: Metric,
    dimension: usize,
    padded: Vec<f32>,
}

impl QueryVector {
    pub fn new(metric: Metric, vector: &[f32]) -> QueryVector {
        let mut padded = vector.to_vec();
        padded.resize(vector.len().next_multiple_of(LINE), 0.0);
        QueryVector { metric, dimension: vector.len(), padded }
    }

    pub fn vector(&self) -> &[f32] {
        &self.padded[..self.dimension]
    }

    /// By how much the closeness of rows may be wrong, none of them longer than `longest`.
    pub fn rounding(&self, longest: f64) -> Rounding {
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let (components, operations) = (self.dimension as f64, (self.padded.len() / LANES + STEPS) as f64);
        let unit = f64::from(f32::EPSILON) / 2.0 * operations;
        let underflow = components * f64::from(f32::MIN_POSITIVE);
        match self.metric {
            Metric::L2 | Metric::L1 => Rounding { relative: unit, absolute: underflow },
            Metric::InnerProduct => {
                Rounding { relative: 0.0, absolute: unit * l2_norm(self.vector()) * longest + underflow }
            }
            Metric::Cosine => Rounding { relative: 0.0, absolute: unit * l2_norm(self.vector()) + underflow },
        }
    }

    /// The exact distance to a vector.
    pub fn distance(&self, vector: &[f32]) -> f64 {
        self.metric.distance(self.vector(), vector)
    }
}

/// How wrong a closeness may be: sums of `f32` are rounded. A sum of `n` products is off by at most `n` units of rounding of
/// the sum of their magnitudes (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1), which for an inner
/// product is at most the product of both lengths.
#[derive(Clone, Copy)]
pub struct Rounding {
    /// As a share of the closeness.
    relative: f64,
    absolute: f64,
}

impl Rounding {
    /// The greatest order of a row that may be as near as one of this order.
    pub fn border(self, order: u32) -> u32 {
        let closeness = f64::from(closeness_of(order));
        #[expect(clippy::cast_possible_truncation, reason = "a bound, made one step greater than it is rounded to")]
        let greatest = (closeness + 2.5 * (self.relative * closeness.abs() + self.absolute)) as f32;
        order_of(greatest.next_up()).max(order)
    }
}

/// Maps a closeness to an integer of the same order, with NaN last, so that it can share one word with a row number.
#[inline(always)]
pub fn order_of(closeness: f32) -> u32 {
    if closeness.is_nan() {
        return u32::MAX;
    }
    let bits = closeness.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The closeness that [`order_of`] gives this order.
fn closeness_of(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 0 { !order } else { order & !(1 << 31) })
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn reciprocal(length: f64) -> f32 {
    (1.0 / length).min(f64::from(f32::MAX)) as f32
}

/// Refused for want of memory.
pub fn out_of_memory(rows: usize, dimension: usize) -> Error {
    Error::new(
        ErrorKind::OutOfMemory,
        format!("not enough memory for a vector index of {rows} vectors of {dimension} dimensions"),
    )
}
