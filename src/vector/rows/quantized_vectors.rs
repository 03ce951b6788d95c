//! Vectors in one byte a component: what walks and builds compare, a quarter of the memory traffic of the vectors.
//!
//! Each row is centred on the mean of its segment, which changes no order and spends the few bits on what tells rows
//! apart, and scaled so that its greatest component uses the whole byte. The rows a walk found are then ordered by the
//! vectors themselves, so a code decides where a walk goes and never what is returned first. How far a code is from its row is
//! known, which bounds the error of every closeness (by Cauchy and Schwarz): rows that cannot be among the nearest need no look
//! at their vectors. L1 does not split into products: its codes have one scale for all rows of a segment, so that absolute differences of
//! bytes are what is added up, and their error is that of both codes together (by the triangle inequality).

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::code_kernels::{self, CodeRows, LINE, QueryBytes};
use super::difference_kernels::difference_rows;
use super::distance::Metric;
use super::kernels::{self, OFFSET};
use crate::error::Result;
use crate::vector::mapped::flat_array::{FlatArray, PlainBytes};
use crate::vector::rows::aligned_vectors::{VectorRows, order_of, out_of_memory};

/// Greatest magnitude of a component of a code and of an encoded query, without its offset.
const CODE_MAX: f32 = 127.0;

/// Roundings of a sum of `f32` besides one for every 32 components, and of the few steps around it: twice what happens.
const ROUNDINGS: f32 = 64.0;
const LANES: f32 = 32.0;

/// Lengths are sums of `f32` themselves: by so much they may be too short.
const LENGTH_SLACK: f32 = 1.0 + 1.0 / 1024.0;

pub struct Codes {
    metric: Metric,
    dimension: usize,
    stride: usize,
    /// Bytes skipped at the start of `codes`, so that row 0 starts at a cache line.
    start: usize,
    codes: FlatArray<u8>,
    shapes: FlatArray<CodeShape>,
    mean: FlatArray<f32>,
}

/// What a code leaves out of its row.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CodeShape {
    /// By which a component of the code is multiplied.
    scale: f32,
    /// The squared length of the centred row.
    square: f32,
    /// Its length.
    length: f32,
    /// How far the code lies from the centred row.
    residual: f32,
}

// SAFETY: four numbers of the same size, without padding, and every pattern of their bytes is a value.
unsafe impl PlainBytes for CodeShape {}

/// A query in the scale of one segment's codes.
pub struct QueryCode {
    bytes: QueryBytes,
    /// For L1, the code with the offset of the rows' codes; empty for the others.
    raised: Vec<u8>,
    /// By which a sum of products is multiplied, with the metric's own factor and sign.
    scale: f32,
    /// What the mean contributes to the closeness of every row.
    constant: f32,
    /// How many times the length of a row, and the residual of a row, the closeness by codes may be off.
    per_length: f32,
    per_residual: f32,
    /// How much else it may be off.
    rounding: f32,
    /// How many times the square of a row's length.
    per_square: f32,
    /// How many times the closeness itself.
    per_closeness: f32,
}

/// The approximate closeness of a row, and how far off the exact one is at most.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    pub closeness: f32,
    pub error: f32,
}

impl Estimate {
    /// The least order that the row may have; that of nearly everything where nothing is known.
    #[inline(always)]
    pub fn least_order(self) -> u32 {
        let least = self.closeness - self.error;
        if least.is_nan() { 0 } else { order_of(least) }
    }

    /// The greatest order that it may have.
    #[inline(always)]
    pub fn greatest_order(self) -> u32 {
        order_of(self.closeness + self.error)
    }
}

impl Codes {
    /// Encodes all rows.
    ///
    /// # Errors
    /// 53200 where the system has no memory for it.
    pub fn of(rows: &VectorRows, metric: Metric) -> Result<Codes> {
        let dimension = rows.dimension();
        let stride = code_length(dimension);
        let mut codes: Vec<u8> = Vec::new();
        let bytes = stride.saturating_mul(rows.len()).saturating_add(LINE);
        codes.try_reserve_exact(bytes).map_err(|_| out_of_memory(rows.len(), dimension))?;
        let start = codes.as_ptr().align_offset(LINE).min(LINE);
        codes.resize(start, OFFSET);
        let mean = mean_of(rows);
        let shapes = Vec::with_capacity(rows.len());
        let (codes, mean) = (codes.into(), FlatArray::from(mean));
        let mut encoded = Codes { metric, dimension, stride, start, codes, shapes: FlatArray::Owned(shapes), mean };
        let mut centred = Vec::with_capacity(dimension);
        let common_scale = (metric == Metric::L1).then(|| common_scale_of(rows, &encoded.mean));
        for row in (0u32..).take(rows.len()) {
            let scale = rows.unit_scale(row);
            centred.clear();
            centred.extend(rows.vector(row).iter().zip(&*encoded.mean).map(|(x, mean)| x * scale - mean));
            match common_scale {
                Some(scale) => encoded.push_with_scale(&centred, scale),
                None => encoded.push(&centred),
            }
        }
        Ok(encoded)
    }

    /// Adds a row whose code has the scale of all others.
    fn push_with_scale(&mut self, centred: &[f32], scale: f32) {
        let begin = self.codes.len();
        kernels::encode(centred, 1.0 / scale, self.codes.to_mut());
        let residual = difference_to_code(centred, &self.codes[begin..], scale);
        self.shapes.to_mut().push(CodeShape { scale, square: 0.0, length: 0.0, residual });
        self.codes.to_mut().resize(self.start + self.shapes.len() * self.stride, OFFSET);
    }

    fn push(&mut self, centred: &[f32]) {
        let scale = scale_for(centred, CODE_MAX);
        let begin = self.codes.len();
        kernels::encode(centred, 1.0 / scale, self.codes.to_mut());
        let square = kernels::dot(centred, centred);
        let residual = kernels::distance_to_code(centred, &self.codes[begin..], scale);
        let (length, residual) = (self.length_of(square), self.length_of(residual));
        self.shapes.to_mut().push(CodeShape { scale, square, length, residual });
        self.codes.to_mut().resize(self.start + self.shapes.len() * self.stride, OFFSET);
    }

    /// A bound of the length whose square was added up in `f32`, where small terms vanish.
    fn length_of(&self, square: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let vanished = self.dimension as f32 * f32::MIN_POSITIVE;
        (square + vanished).sqrt() * LENGTH_SLACK
    }

    /// The codes of these rows, side by side.
    pub fn gather(&self, rows: &[u32]) -> Codes {
        let mut codes: Vec<u8> = Vec::with_capacity(rows.len() * self.stride + LINE);
        let start = codes.as_ptr().align_offset(LINE).min(LINE);
        codes.resize(start, OFFSET);
        rows.iter().for_each(|row| codes.extend_from_slice(self.code_rows().row(*row)));
        let shapes: Vec<CodeShape> = rows.iter().map(|row| self.shapes[*row as usize]).collect();
        let (codes, shapes, mean) = (codes.into(), shapes.into(), self.mean.clone());
        Codes { metric: self.metric, dimension: self.dimension, stride: self.stride, start, codes, shapes, mean }
    }

    /// Codes of a file; `None` where there are not as many as shapes, or the mean is of another dimension.
    pub fn stored(
        metric: Metric,
        dimension: usize,
        codes: FlatArray<u8>,
        shapes: FlatArray<CodeShape>,
        mean: FlatArray<f32>,
    ) -> Option<Codes> {
        let stride = code_length(dimension);
        let is_whole = Some(codes.len()) == stride.checked_mul(shapes.len()) && mean.len() == dimension;
        is_whole.then_some(Codes { metric, dimension, stride, start: 0, codes, shapes, mean })
    }

    /// How many rows are encoded.
    pub fn rows(&self) -> usize {
        self.shapes.len()
    }

    /// All codes, what they leave out and the mean, as a file has them.
    pub fn parts(&self) -> (&[u8], &[CodeShape], &[f32]) {
        (self.code_rows().bytes, &self.shapes, &self.mean)
    }

    /// Encodes a query for comparison with these rows.
    pub fn encode(&self, query: &[f32]) -> QueryCode {
        if self.metric == Metric::L1 {
            return self.encode_for_differences(query);
        }
        // A mean subtracted from the rows alone shifts every inner product alike; a difference needs it on both sides.
        let is_difference = self.metric == Metric::L2;
        let centred: Vec<f32> = match is_difference {
            true => query.iter().zip(&*self.mean).map(|(x, mean)| x - mean).collect(),
            false => query.to_vec(),
        };
        let scale = scale_for(&centred, CODE_MAX);
        let mut narrow: Vec<i8> = Vec::with_capacity(self.stride);
        let inverse = 1.0 / scale;
        narrow.extend(centred.iter().map(|x| kernels::nearest_i8(x * inverse)));
        let residual: f32 = centred.iter().zip(&narrow).map(|(x, code)| (x - f32::from(*code) * scale).powi(2)).sum();
        narrow.resize(self.stride, 0);
        let square = kernels::dot(&centred, &centred);
        let (length, residual) = (self.length_of(square), self.length_of(residual));
        let of_mean = self.length_of(kernels::dot(&self.mean, &self.mean));
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let unit = f32::EPSILON * (self.dimension as f32 / LANES + ROUNDINGS);
        let factor = if is_difference { -2.0 } else { -1.0 };
        QueryCode {
            bytes: QueryBytes::new(narrow),
            raised: Vec::new(),
            per_closeness: 0.0,
            scale: factor * scale,
            constant: if is_difference { square } else { -kernels::dot(query, &self.mean) },
            per_length: -factor * residual + unit * (length + of_mean),
            per_residual: -factor * (length + residual),
            rounding: unit * (length * length * 2.0 + length * of_mean) + f32::MIN_POSITIVE * LANES * LANES,
            per_square: if is_difference { 2.0 * unit } else { 0.0 },
        }
    }

    /// As [`Codes::encode`] for L1: in the scale of the rows, and cut off where the query goes beyond them.
    fn encode_for_differences(&self, query: &[f32]) -> QueryCode {
        let centred: Vec<f32> = query.iter().zip(&*self.mean).map(|(x, mean)| x - mean).collect();
        let scale = self.shapes.first().map_or(1.0, |shape| shape.scale);
        let farthest = CODE_MAX * scale;
        let within: Vec<f32> = centred.iter().map(|x| x.clamp(-farthest, farthest)).collect();
        let mut raised = Vec::with_capacity(self.stride);
        kernels::encode(&within, 1.0 / scale, &mut raised);
        let residual = difference_to_code(&centred, &raised, scale);
        raised.resize(self.stride, OFFSET);
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let unit = f32::EPSILON * (self.dimension as f32 / LANES + ROUNDINGS);
        QueryCode {
            bytes: QueryBytes::new(Vec::new()),
            raised,
            scale: 1.0,
            constant: 0.0,
            per_length: 0.0,
            per_residual: 1.0 + unit,
            rounding: residual * (1.0 + unit) + f32::MIN_POSITIVE * LANES * LANES,
            per_square: 0.0,
            per_closeness: unit,
        }
    }

    /// Appends an approximate closeness for each of these rows: smaller is nearer.
    #[inline]
    pub fn estimate(&self, query: &QueryCode, rows: &[u32], sums: &mut Vec<i32>, into: &mut Vec<Estimate>) {
        for row in rows {
            kernels::prefetch(&self.shapes[*row as usize..=*row as usize]);
        }
        sums.clear();
        match self.metric {
            Metric::L1 => difference_rows(&query.raised, self.code_rows(), rows, sums),
            _ => code_kernels::dot_rows(&query.bytes, self.code_rows(), rows, sums),
        }
        let is_difference = self.metric == Metric::L2;
        into.extend(rows.iter().zip(sums).map(|(row, sum)| {
            let shape = self.shapes[*row as usize];
            let square = if is_difference { shape.square } else { 0.0 };
            let closeness = query.constant + (square + query.scale * shape.scale * kernels::to_f32(*sum));
            let error = query.per_length * shape.length + query.per_residual * shape.residual;
            let error = error + query.rounding + query.per_square * shape.square;
            Estimate { closeness, error: error + query.per_closeness * closeness.abs() }
        }));
    }

    /// The approximate squared Euclidean distance of two rows (of unit length, for cosine).
    #[inline(always)]
    pub fn l2_squared(&self, a: u32, b: u32) -> f32 {
        let (x, y) = (self.shapes[a as usize], self.shapes[b as usize]);
        let codes = self.code_rows();
        let product = x.scale * y.scale * kernels::to_f32(code_kernels::dot_codes(codes.row(a), codes.row(b)));
        (x.square + y.square - 2.0 * product).max(0.0)
    }

    /// The scale of a row's code and the squared length of the centred row.
    #[inline(always)]
    pub fn shape(&self, row: u32) -> (f32, f32) {
        let shape = self.shapes[row as usize];
        (shape.scale, shape.square)
    }

    /// A row's code, its components raised by [`OFFSET`], with its padding of zeros.
    #[inline(always)]
    pub fn code(&self, row: u32) -> &[u8] {
        self.code_rows().row(row)
    }

    #[inline(always)]
    fn code_rows(&self) -> CodeRows<'_> {
        CodeRows { bytes: &self.codes[self.start..], stride: self.stride }
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        self.codes.heap_bytes() + self.shapes.heap_bytes() + self.mean.heap_bytes()
    }
}

/// Bytes of a code with its padding.
pub fn code_length(dimension: usize) -> usize {
    dimension.next_multiple_of(LINE)
}

/// The factor that brings the greatest component to `greatest`; never zero.
fn scale_for(vector: &[f32], greatest: f32) -> f32 {
    let largest = vector.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    (largest / greatest).clamp(f32::MIN_POSITIVE, f32::MAX)
}

/// The factor that brings the greatest component of all centred rows into a byte.
fn common_scale_of(rows: &VectorRows, mean: &[f32]) -> f32 {
    let scales = (0u32..).take(rows.len()).map(|row| {
        let centred: Vec<f32> = rows.vector(row).iter().zip(mean).map(|(x, mean)| x - mean).collect();
        scale_for(&centred, CODE_MAX)
    });
    scales.fold(f32::MIN_POSITIVE, f32::max)
}

/// A bound of the sum of absolute differences between a centred vector and its code, what centring has rounded counted in.
#[expect(clippy::cast_possible_truncation, reason = "a bound, made greater than it is rounded to")]
fn difference_to_code(centred: &[f32], code: &[u8], scale: f32) -> f32 {
    let decoded = |byte: &u8| f64::from(i16::from(*byte) - i16::from(OFFSET)) * f64::from(scale);
    let difference = |(x, byte): (&f32, &u8)| (f64::from(*x) - decoded(byte)).abs() + f64::from(x.abs() * f32::EPSILON);
    let sum: f64 = centred.iter().zip(code).map(difference).sum();
    sum as f32 * LENGTH_SLACK + f32::MIN_POSITIVE
}

/// The mean row (of rows brought to unit length, for cosine).
fn mean_of(rows: &VectorRows) -> Vec<f32> {
    let mut sums = vec![0f64; rows.dimension()];
    for row in (0u32..).take(rows.len()) {
        let scale = f64::from(rows.unit_scale(row));
        for (sum, x) in sums.iter_mut().zip(rows.vector(row)) {
            *sum += f64::from(*x) * scale;
        }
    }
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a mean is rounded to f32")]
    sums.iter().map(|sum| (sum / rows.len().max(1) as f64) as f32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vector::rows::aligned_vectors::QueryVector;

    fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
        (1usize..70, 2usize..30, -3i32..4, prop::bool::ANY).prop_flat_map(
            |(dimension, count, exponent, has_outliers)| {
                let scale = 10f32.powi(exponent);
                let component = (-1f32..1.0, 0u8..40).prop_map(move |(x, die)| match die {
                    0 => 0.0,
                    1 if has_outliers => x * scale * 1_000.0,
                    _ => (x + 0.5) * scale,
                });
                prop::collection::vec(prop::collection::vec(component, dimension), count)
            },
        )
    }

    proptest! {
        #[test]
        fn no_row_is_farther_from_its_estimate_than_that_says(vectors in vectors()) {
            let (query, vectors) = vectors.split_last().expect("there are two");
            for metric in Metric::ALL {
                let mut rows = VectorRows::with_capacity(metric, query.len(), vectors.len()).unwrap();
                vectors.iter().filter(|row| row.iter().any(|x| *x != 0.0)).for_each(|row| rows.push(row));
                let codes = Codes::of(&rows, metric).unwrap();
                let numbers: Vec<u32> = (0u32..).take(rows.len()).collect();
                let (mut sums, mut estimates) = (Vec::new(), Vec::new());
                codes.estimate(&codes.encode(query), &numbers, &mut sums, &mut estimates);
                let seen = QueryVector::new(metric, query);
                for (row, estimate) in numbers.iter().zip(&estimates) {
                    let exact = rows.closeness(&seen, *row);
                    prop_assert!((exact - estimate.closeness).abs() <= estimate.error, "{}: {} of {:?}", metric, exact, estimate);
                    prop_assert!((estimate.least_order()..=estimate.greatest_order()).contains(&order_of(exact)));
                }
            }
        }

        #[test]
        fn the_error_of_differences_is_a_step_for_each_component(vectors in vectors()) {
            let (query, vectors) = vectors.split_last().expect("there are two");
            let mut rows = VectorRows::with_capacity(Metric::L1, query.len(), vectors.len()).unwrap();
            vectors.iter().chain([query]).for_each(|row| rows.push(row));
            let codes = Codes::of(&rows, Metric::L1).unwrap();
            let (mut sums, mut estimates) = (Vec::new(), Vec::new());
            codes.estimate(&codes.encode(query), &[0], &mut sums, &mut estimates);
            // Half a step for each of both codes, and what is lost to rounding.
            let step = codes.shapes[0].scale;
            prop_assert!(estimates[0].error <= step * query.len() as f32 * 1.1 + 1e-4 * estimates[0].closeness + 1e-6);
        }
    }
}
