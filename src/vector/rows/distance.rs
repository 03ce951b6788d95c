//! The four distances of pgvector, exact, and the names they go by.
//!
//! These are the values a user sees: sums are taken in `f64`, so that they do not depend on the processor. The index
//! walks on the `f32` kernels and takes its final distances from here. What is not a number or has the wrong dimension
//! is refused before it gets here ([`check_vector`], [`check_finite`]).

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// Components a vector may have: pgvector's limit of storage. pgvector indexes 2,000 of them, this server all.
pub const DIMENSION_MAX: usize = 16_000;

/// How far apart two vectors are; each has an operator of pgvector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// `<->`, Euclidean distance.
    L2,
    /// `<#>`, the negated inner product.
    InnerProduct,
    /// `<=>`, one minus the cosine of the angle; NaN where a vector is zero.
    Cosine,
    /// `<+>`, the sum of absolute differences.
    L1,
}

impl Metric {
    pub const ALL: [Metric; 4] = [Metric::L2, Metric::InnerProduct, Metric::Cosine, Metric::L1];

    /// The exact distance of two vectors of equal dimension. Where there is none it is the NaN above all numbers: the
    /// processor's own has its sign set and would sort below them.
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        let distance = match self {
            Metric::L2 => sum(a, b, |x, y| (x - y) * (x - y)).sqrt(),
            Metric::InnerProduct => -inner_product(a, b),
            Metric::Cosine => {
                let scale = (inner_product(a, a) * inner_product(b, b)).sqrt();
                1.0 - (inner_product(a, b) / scale).clamp(-1.0, 1.0)
            }
            Metric::L1 => sum(a, b, |x, y| (x - y).abs()),
        };
        if distance.is_nan() { f64::NAN } else { distance }
    }

    /// The number of the metric in files.
    pub fn code(self) -> u32 {
        match self {
            Metric::L2 => 0,
            Metric::InnerProduct => 1,
            Metric::Cosine => 2,
            Metric::L1 => 3,
        }
    }

    /// The name in KNIRVQL's `USING` clause.
    pub fn name(self) -> &'static str {
        match self {
            Metric::L2 => "l2",
            Metric::InnerProduct => "ip",
            Metric::Cosine => "cosine",
            Metric::L1 => "l1",
        }
    }

    /// pgvector's operator.
    pub fn operator(self) -> &'static str {
        match self {
            Metric::L2 => "<->",
            Metric::InnerProduct => "<#>",
            Metric::Cosine => "<=>",
            Metric::L1 => "<+>",
        }
    }

    /// pgvector's operator class, as in `USING hnsw (column vector_l2_ops)`.
    pub fn operator_class(self) -> &'static str {
        match self {
            Metric::L2 => "vector_l2_ops",
            Metric::InnerProduct => "vector_ip_ops",
            Metric::Cosine => "vector_cosine_ops",
            Metric::L1 => "vector_l1_ops",
        }
    }

    /// The metric of an operator, if it is one of pgvector's.
    pub fn from_operator(operator: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.operator() == operator)
    }
}

/// What the names of operator classes begin with: of vectors, and of those of halves.
const WHOLES: &str = "vector_";
const HALVES: &str = "halfvec_";

impl FromStr for Metric {
    type Err = Error;

    /// Reads a short name or an operator class of whole vectors or halves, in any case.
    fn from_str(text: &str) -> Result<Metric> {
        let of_halves = text.get(..HALVES.len()).is_some_and(|start| start.eq_ignore_ascii_case(HALVES));
        let class = if of_halves {
            format!("{WHOLES}{}", text.get(HALVES.len()..).unwrap_or_default())
        } else {
            text.to_string()
        };
        Metric::ALL
            .into_iter()
            .find(|metric| {
                metric.name().eq_ignore_ascii_case(text) || metric.operator_class().eq_ignore_ascii_case(&class)
            })
            .ok_or_else(|| {
                Error::new(ErrorKind::UndefinedObject, format!("distance metric \"{text}\" does not exist")).with_hint(
                    "use cosine, l2, ip or l1, or vector_cosine_ops, vector_l2_ops, vector_ip_ops or vector_l1_ops",
                )
            })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The inner product of two vectors of equal dimension.
pub fn inner_product(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |x, y| x * y)
}

/// The Euclidean length of a vector.
pub fn l2_norm(vector: &[f32]) -> f64 {
    inner_product(vector, vector).sqrt()
}

/// Refuses components that are NaN or infinite, in pgvector's words.
///
/// # Errors
/// 22000 for NaN and infinity.
pub fn check_finite(vector: &[f32]) -> Result<()> {
    match vector.iter().find(|component| !component.is_finite()) {
        None => Ok(()),
        Some(component) if component.is_nan() => Err(Error::new(ErrorKind::DataException, "NaN not allowed in vector")),
        Some(_) => Err(Error::new(ErrorKind::DataException, "infinite value not allowed in vector")),
    }
}

/// Refuses a dimension of zero or above [`DIMENSION_MAX`], and components that are not finite.
///
/// # Errors
/// 22000 for no component; 54000 above [`DIMENSION_MAX`]; as [`check_finite`].
pub fn check_vector(vector: &[f32]) -> Result<()> {
    if vector.is_empty() {
        return Err(Error::new(ErrorKind::DataException, "vector must have at least 1 dimension"));
    }
    if vector.len() > DIMENSION_MAX {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("vector cannot have more than {DIMENSION_MAX} dimensions, this one has {}", vector.len()),
        ));
    }
    check_finite(vector)
}

/// Refuses a vector whose dimension is not the wanted one, naming both.
///
/// # Errors
/// 22000 for another dimension.
pub fn check_dimension(vector: &[f32], dimension: usize) -> Result<()> {
    if vector.len() == dimension {
        return Ok(());
    }
    Err(Error::new(ErrorKind::DataException, format!("expected {dimension} dimensions, not {}", vector.len())))
}

/// Sums `term` over pairs of components in `f64`, eight sums at a time so that the loop vectorises.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0f64; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += term(f64::from(x[lane]), f64::from(y[lane]));
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| term(f64::from(*x), f64::from(*y))).sum();
    sums.iter().sum::<f64>() + rest
}
