//! Vectors in one byte a component: what walks and builds compare, a quarter of the memory traffic of the vectors.
//!
//! Each row is centred on the mean of its segment, which changes no order and spends the few bits on what tells rows
//! apart, and scaled so that its greatest component uses the whole byte. The rows a walk found are then ordered by the
//! vectors themselves, so a code decides where a walk goes and never what is returned first. How far a code is from its row is
//! known, which bounds the error of every closeness (by Cauchy and Schwarz): rows that cannot be among the nearest need no look
//! at their vectors. L1 has no codes, since its distance does not split into products.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::code_kernels::{self, CodeRows, LINE, QueryBytes};
use super::distance::Metric;
use super::kernels::{self, OFFSET};
use crate::error::Result;
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
    codes: Vec<u8>,
    shapes: Vec<Shape>,
    mean: Vec<f32>,
}

/// What a code leaves out of its row.
#[derive(Clone, Copy)]
struct Shape {
    /// By which a component of the code is multiplied.
    scale: f32,
    /// The squared length of the centred row.
    square: f32,
    /// Its length.
    length: f32,
    /// How far the code lies from the centred row.
    residual: f32,
}

/// A query in the scale of one segment's codes.
pub struct QueryCode {
    bytes: QueryBytes,
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
    /// Encodes all rows; none for L1.
    ///
    /// # Errors
    /// 53200 where the system has no memory for it.
    pub fn of(rows: &VectorRows, metric: Metric) -> Result<Option<Codes>> {
        if metric == Metric::L1 {
            return Ok(None);
        }
        let dimension = rows.dimension();
        let stride = dimension.next_multiple_of(LINE);
        let mut codes: Vec<u8> = Vec::new();
        let bytes = stride.saturating_mul(rows.len()).saturating_add(LINE);
        codes.try_reserve_exact(bytes).map_err(|_| out_of_memory(rows.len(), dimension))?;
        let start = codes.as_ptr().align_offset(LINE).min(LINE);
        codes.resize(start, OFFSET);
        let mean = mean_of(rows);
        let shapes = Vec::with_capacity(rows.len());
        let mut encoded = Codes { metric, dimension, stride, start, codes, shapes, mean };
        let mut centred = Vec::with_capacity(dimension);
        for row in (0u32..).take(rows.len()) {
            let scale = rows.unit_scale(row);
            centred.clear();
            centred.extend(rows.vector(row).iter().zip(&encoded.mean).map(|(x, mean)| x * scale - mean));
            encoded.push(&centred);
        }
        Ok(Some(encoded))
    }

    fn push(&mut self, centred: &[f32]) {
        let scale = scale_for(centred, CODE_MAX);
        let begin = self.codes.len();
        kernels::encode(centred, 1.0 / scale, &mut self.codes);
        let square = kernels::dot(centred, centred);
        let residual = kernels::distance_to_code(centred, &self.codes[begin..], scale);
        let (length, residual) = (self.length_of(square), self.length_of(residual));
        self.shapes.push(Shape { scale, square, length, residual });
        self.codes.resize(self.start + self.shapes.len() * self.stride, OFFSET);
    }

    /// A bound of the length whose square was added up in `f32`, where small terms vanish.
    fn length_of(&self, square: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let vanished = self.dimension as f32 * f32::MIN_POSITIVE;
        (square + vanished).sqrt() * LENGTH_SLACK
    }

    /// The codes of these rows, side by side.
    pub fn gather(&self, rows: &[u32]) -> Codes {
        let mut gathered = Codes {
            metric: self.metric,
            dimension: self.dimension,
            stride: self.stride,
            start: 0,
            codes: Vec::with_capacity(rows.len() * self.stride + LINE),
            shapes: rows.iter().map(|row| self.shapes[*row as usize]).collect(),
            mean: self.mean.clone(),
        };
        gathered.start = gathered.codes.as_ptr().align_offset(LINE).min(LINE);
        gathered.codes.resize(gathered.start, OFFSET);
        rows.iter().for_each(|row| gathered.codes.extend_from_slice(self.code_rows().row(*row)));
        gathered
    }

    /// Encodes a query for comparison with these rows.
    pub fn encode(&self, query: &[f32]) -> QueryCode {
        // A mean subtracted from the rows alone shifts every inner product alike; a difference needs it on both sides.
        let is_difference = self.metric == Metric::L2;
        let centred: Vec<f32> = match is_difference {
            true => query.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect(),
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
            scale: factor * scale,
            constant: if is_difference { square } else { -kernels::dot(query, &self.mean) },
            per_length: -factor * residual + unit * (length + of_mean),
            per_residual: -factor * (length + residual),
            rounding: unit * (length * length * 2.0 + length * of_mean) + f32::MIN_POSITIVE * LANES * LANES,
            per_square: if is_difference { 2.0 * unit } else { 0.0 },
        }
    }

    /// Appends an approximate closeness for each of these rows: smaller is nearer.
    #[inline]
    pub fn estimate(&self, query: &QueryCode, rows: &[u32], sums: &mut Vec<i32>, into: &mut Vec<Estimate>) {
        for row in rows {
            kernels::prefetch(&self.shapes[*row as usize..=*row as usize]);
        }
        sums.clear();
        code_kernels::dot_rows(&query.bytes, self.code_rows(), rows, sums);
        let is_difference = self.metric == Metric::L2;
        into.extend(rows.iter().zip(sums).map(|(row, sum)| {
            let shape = self.shapes[*row as usize];
            let square = if is_difference { shape.square } else { 0.0 };
            let closeness = query.constant + (square + query.scale * shape.scale * kernels::to_f32(*sum));
            let error = query.per_length * shape.length + query.per_residual * shape.residual;
            Estimate { closeness, error: error + query.rounding + query.per_square * shape.square }
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

    pub fn bytes(&self) -> usize {
        self.codes.capacity() + self.shapes.capacity() * size_of::<Shape>() + self.mean.len() * size_of::<f32>()
    }
}

/// The factor that brings the greatest component to `greatest`; never zero.
fn scale_for(vector: &[f32], greatest: f32) -> f32 {
    let largest = vector.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    (largest / greatest).clamp(f32::MIN_POSITIVE, f32::MAX)
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
