//! pgvector's functions on sparse vectors.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Function;
use crate::expr::Parameter::Sparse;
use crate::types::{ColumnType, SparseVector, Value};

/// Bytes that are in the order of the vectors that they are of.
pub const SPARSE_SORT_KEY: &str = "$sparsevec_sort_key";

/// The function of sparse vectors for one of that name; `None` where there is none.
pub fn sparse_form(name: &str) -> Option<&'static str> {
    match name {
        "l2_distance" => Some("$sparsevec_l2_distance"),
        "inner_product" => Some("$sparsevec_inner_product"),
        "vector_negative_inner_product" => Some("sparsevec_negative_inner_product"),
        "cosine_distance" => Some("$sparsevec_cosine_distance"),
        "l1_distance" => Some("$sparsevec_l1_distance"),
        "l2_norm" => Some("$sparsevec_l2_norm"),
        "l2_normalize" => Some("$sparsevec_l2_normalize"),
        _ => None,
    }
}

pub fn definitions() -> Vec<Function> {
    let pair = [Sparse, Sparse];
    vec![
        Function::new("$sparsevec_l2_distance", &pair, ColumnType::Float8, |_, arguments| {
            measured(arguments, |a, b| sum(a, b, |a, b| (a - b) * (a - b)).sqrt())
        }),
        Function::new("$sparsevec_inner_product", &pair, ColumnType::Float8, |_, arguments| {
            measured(arguments, inner_product)
        }),
        Function::new("sparsevec_negative_inner_product", &pair, ColumnType::Float8, |_, arguments| {
            measured(arguments, |a, b| -inner_product(a, b))
        }),
        Function::new("$sparsevec_cosine_distance", &pair, ColumnType::Float8, |_, arguments| {
            measured(arguments, |a, b| {
                // As pgvector: NaN where one of them has no direction.
                let similarity = inner_product(a, b) / (inner_product(a, a) * inner_product(b, b)).sqrt();
                if similarity.is_nan() { similarity } else { 1.0 - similarity.clamp(-1.0, 1.0) }
            })
        }),
        Function::new("$sparsevec_l1_distance", &pair, ColumnType::Float8, |_, arguments| {
            measured(arguments, |a, b| sum(a, b, |a, b| (a - b).abs()))
        }),
        Function::new("$sparsevec_l2_norm", &[Sparse], ColumnType::Float8, |_, arguments| {
            let vector = sparse_of(arguments, 0)?;
            Ok(Value::Float8(inner_product(vector, vector).sqrt()))
        }),
        Function::new("$sparsevec_l2_normalize", &[Sparse], ColumnType::Sparsevec(None), |_, arguments| {
            normalized(sparse_of(arguments, 0)?)
        }),
        Function::new(SPARSE_SORT_KEY, &[Sparse], ColumnType::Bytea, |_, arguments| {
            Ok(Value::Bytea(sort_key(sparse_of(arguments, 0)?).into()))
        }),
    ]
}

fn sparse_of(arguments: &[Value], position: usize) -> Result<&SparseVector> {
    match arguments.get(position) {
        Some(Value::Sparse(vector)) => Ok(vector),
        _ => Err(Error::new(ErrorKind::DatatypeMismatch, "a sparse vector is wanted")),
    }
}

fn measured(arguments: &[Value], measure: fn(&SparseVector, &SparseVector) -> f64) -> Result<Value> {
    let (a, b) = (sparse_of(arguments, 0)?, sparse_of(arguments, 1)?);
    if a.dimension() != b.dimension() {
        let message = format!("different sparsevec dimensions {} and {}", a.dimension(), b.dimension());
        return Err(Error::new(ErrorKind::DataException, message));
    }
    Ok(Value::Float8(measure(a, b)))
}

/// A negative component is less than the 0 that others may have there, and the less the earlier it comes; a positive one is
/// greater. Between them is the end, behind which comes the dimension.
fn sort_key(vector: &SparseVector) -> Vec<u8> {
    const NEGATIVE: u8 = 0;
    const END: u8 = 1;
    const POSITIVE: u8 = 2;
    let mut key = Vec::new();
    for (place, component) in vector.elements() {
        if component > 0.0 {
            key.push(POSITIVE);
            key.extend_from_slice(&(u32::MAX - place).to_be_bytes());
            key.extend_from_slice(&component.to_bits().to_be_bytes());
        } else {
            key.push(NEGATIVE);
            key.extend_from_slice(&place.to_be_bytes());
            key.extend_from_slice(&(!component.to_bits()).to_be_bytes());
        }
    }
    key.push(END);
    key.extend_from_slice(&vector.dimension().to_be_bytes());
    key
}

fn sum(a: &SparseVector, b: &SparseVector, of: fn(f64, f64) -> f64) -> f64 {
    a.zip(b).map(|(a, b)| of(f64::from(a), f64::from(b))).fold(0.0, |sum, term| sum + term)
}

fn inner_product(a: &SparseVector, b: &SparseVector) -> f64 {
    sum(a, b, |a, b| a * b)
}

#[expect(clippy::cast_possible_truncation, reason = "components are f32 by definition")]
fn normalized(vector: &SparseVector) -> Result<Value> {
    let norm = inner_product(vector, vector).sqrt();
    let scaled = |(place, component): (u32, f32)| (place, (f64::from(component) / norm) as f32);
    Ok(Value::Sparse(Arc::new(SparseVector::new(vector.dimension(), vector.elements().map(scaled).collect())?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors() -> impl Strategy<Value = SparseVector> {
        let element = (0_u32..6, prop::sample::select(vec![-2.0_f32, -1.5, 0.0, 0.5, 3.0]));
        (6_u32..8, prop::collection::vec(element, 0..5)).prop_map(|(dimension, mut elements)| {
            elements.sort_by_key(|(place, _)| *place);
            elements.dedup_by_key(|(place, _)| *place);
            SparseVector::new(dimension, elements).unwrap()
        })
    }

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_the_vectors(a in vectors(), b in vectors()) {
            prop_assert_eq!(sort_key(&a).cmp(&sort_key(&b)), a.compare(&b));
        }

        #[test]
        fn distances_are_those_of_all_components(a in vectors(), b in vectors()) {
            if a.dimension() == b.dimension() {
                let (left, right) = (a.to_dense(), b.to_dense());
                let expected = crate::vector::Metric::L2.distance(&left, &right);
                let arguments = [Value::Sparse(Arc::new(a)), Value::Sparse(Arc::new(b))];
                let found = measured(&arguments, |a, b| sum(a, b, |a, b| (a - b) * (a - b)).sqrt()).unwrap();
                let Value::Float8(found) = found else { panic!("no number") };
                prop_assert!((found - expected).abs() < 1e-9);
            }
        }
    }
}
