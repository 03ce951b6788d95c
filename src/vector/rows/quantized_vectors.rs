//! Vectors in one byte a component: what walks and builds compare, a quarter of the memory traffic of the vectors.
//!
//! Each row is centred on the mean of its segment, which changes no order and spends the few bits on what tells rows
//! apart, and scaled so that its greatest component uses the whole byte. The rows a walk found are then ordered by the
//! vectors themselves, so a code decides where a walk goes and never what is returned first. L1 has no codes, since its
//! distance does not split into products.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::distance::Metric;
use super::kernels;
use crate::error::Result;
use crate::vector::rows::aligned_vectors::{VectorRows, out_of_memory};

/// Bytes in a cache line, where a row starts; rows are padded to a multiple of it with zeros.
const LINE: usize = 64;

/// Greatest magnitude of a component of a code.
const CODE_MAX: f32 = 127.0;

/// Greatest magnitude of a component of an encoded query, where the sum of products leaves room for it.
const QUERY_MAX: f32 = 4095.0;

pub struct Codes {
    metric: Metric,
    stride: usize,
    /// Bytes skipped at the start of `codes`, so that row 0 starts at a cache line.
    start: usize,
    codes: Vec<i8>,
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
}

/// A query in the scale of one segment's codes.
pub struct QueryCode {
    components: Vec<i16>,
    scale: f32,
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
        let stride = rows.dimension().next_multiple_of(LINE);
        let mut codes: Vec<i8> = Vec::new();
        let bytes = stride.saturating_mul(rows.len()).saturating_add(LINE);
        codes.try_reserve_exact(bytes).map_err(|_| out_of_memory(rows.len(), rows.dimension()))?;
        let start = codes.as_ptr().align_offset(LINE).min(LINE);
        codes.resize(start, 0);
        let mean = mean_of(rows);
        let mut encoded = Codes { metric, stride, start, codes, shapes: Vec::with_capacity(rows.len()), mean };
        let mut centred = Vec::with_capacity(rows.dimension());
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
        self.shapes.push(Shape { scale, square: kernels::dot(centred, centred) });
        kernels::encode(centred, 1.0 / scale, &mut self.codes);
        self.codes.resize(self.start + self.shapes.len() * self.stride, 0);
    }

    /// Encodes a query for comparison with these rows.
    pub fn encode(&self, query: &[f32]) -> QueryCode {
        // A mean subtracted from the rows alone shifts every inner product alike; a difference needs it on both sides.
        let centred: Vec<f32> = match self.metric {
            Metric::L2 => query.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect(),
            Metric::InnerProduct | Metric::Cosine | Metric::L1 => query.to_vec(),
        };
        #[expect(clippy::cast_precision_loss, reason = "a bound, which may be rounded")]
        let room = (i32::MAX / 2) as f32 / (CODE_MAX * self.stride as f32);
        let scale = scale_for(&centred, QUERY_MAX.min(room));
        let inverse = 1.0 / scale;
        let mut components: Vec<i16> = centred.iter().map(|x| kernels::nearest_i16(x * inverse)).collect();
        components.resize(self.stride, 0);
        QueryCode { components, scale }
    }

    /// A number that orders rows by their approximate distance to the query: smaller is nearer.
    #[inline(always)]
    pub fn closeness(&self, query: &QueryCode, row: u32) -> f32 {
        let shape = self.shapes[row as usize];
        let product =
            query.scale * shape.scale * kernels::to_f32(kernels::dot_query(&query.components, self.code(row)));
        match self.metric {
            Metric::L2 => shape.square - 2.0 * product,
            Metric::InnerProduct | Metric::Cosine | Metric::L1 => -product,
        }
    }

    /// The approximate squared Euclidean distance of two rows (of unit length, for cosine).
    #[inline(always)]
    pub fn l2_squared(&self, a: u32, b: u32) -> f32 {
        let (x, y) = (self.shapes[a as usize], self.shapes[b as usize]);
        let product = x.scale * y.scale * kernels::to_f32(kernels::dot_codes(self.code(a), self.code(b)));
        (x.square + y.square - 2.0 * product).max(0.0)
    }

    /// The scale of a row's code and the squared length of the centred row.
    #[inline(always)]
    pub fn shape(&self, row: u32) -> (f32, f32) {
        let shape = self.shapes[row as usize];
        (shape.scale, shape.square)
    }

    /// A row's code, with its padding of zeros.
    #[inline(always)]
    pub fn code(&self, row: u32) -> &[i8] {
        let at = self.start + row as usize * self.stride;
        &self.codes[at..at + self.stride]
    }

    /// Asks for what a comparison with this row will read.
    #[inline(always)]
    pub fn prefetch(&self, row: u32) {
        kernels::prefetch(self.code(row));
        kernels::prefetch(&self.shapes[row as usize..=row as usize]);
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
