//! Sparse vectors: the values of pgvector's `sparsevec(n)`.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::{SPARSE_DIMENSION_MAX, SPARSE_ELEMENTS_MAX};

/// A vector of which only the components other than 0 are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseVector {
    dimension: u32,
    /// 0-based places, each greater than the one before.
    places: Box<[u32]>,
    /// As many finite components, none of them 0.
    components: Box<[f32]>,
}

impl SparseVector {
    /// A vector of components by 0-based places in any order; those that are 0 are left out.
    ///
    /// # Errors
    /// 22000 for a dimension of 0, a place beyond it or one that comes twice, and a component that is not finite; 54000 above
    /// [`SPARSE_DIMENSION_MAX`] and [`SPARSE_ELEMENTS_MAX`].
    pub fn new(dimension: u32, mut elements: Vec<(u32, f32)>) -> Result<SparseVector> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::DataException, message));
        check_dimension(i64::from(dimension))?;
        if elements.len() > SPARSE_ELEMENTS_MAX {
            let message = format!("sparsevec cannot have more than {SPARSE_ELEMENTS_MAX} non-zero elements");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        elements.sort_by_key(|(place, _)| *place);
        if elements.iter().any(|(place, _)| *place >= dimension) {
            return wrong("sparsevec index out of bounds");
        }
        if elements.iter().zip(elements.iter().skip(1)).any(|((a, _), (b, _))| a == b) {
            return wrong("sparsevec indices must not contain duplicates");
        }
        if elements.iter().any(|(_, component)| component.is_nan()) {
            return wrong("NaN not allowed in sparsevec");
        }
        if elements.iter().any(|(_, component)| component.is_infinite()) {
            return wrong("infinite value not allowed in sparsevec");
        }
        elements.retain(|(_, component)| *component != 0.0);
        let (places, components): (Vec<u32>, Vec<f32>) = elements.into_iter().unzip();
        Ok(SparseVector { dimension, places: places.into(), components: components.into() })
    }

    /// What is not 0 of a vector.
    ///
    /// # Errors
    /// As [`SparseVector::new`].
    pub fn of_dense(components: &[f32]) -> Result<SparseVector> {
        let dimension = u32::try_from(components.len()).unwrap_or(u32::MAX);
        let elements = (0..dimension).zip(components.iter().copied()).filter(|(_, component)| *component != 0.0);
        SparseVector::new(dimension, elements.collect())
    }

    /// All its components; the caller has checked that the dimension is one of a `vector`.
    pub fn to_dense(&self) -> Arc<[f32]> {
        let mut components = vec![0.0; usize::try_from(self.dimension).unwrap_or(0)];
        for (place, component) in self.elements() {
            if let Some(slot) = usize::try_from(place).ok().and_then(|place| components.get_mut(place)) {
                *slot = component;
            }
        }
        components.into()
    }

    pub fn dimension(&self) -> u32 {
        self.dimension
    }

    /// How many components are not 0.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The components that are not 0 with their 0-based places, in order.
    pub fn elements(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.places.iter().copied().zip(self.components.iter().copied())
    }

    /// The components of both at each place where one of them has one.
    pub fn zip<'a>(&'a self, other: &'a SparseVector) -> impl Iterator<Item = (f32, f32)> + 'a {
        let (mut left, mut right) = (self.elements().peekable(), other.elements().peekable());
        std::iter::from_fn(move || {
            let order = match (left.peek(), right.peek()) {
                (Some((a, _)), Some((b, _))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            let a = if order.is_le() { left.next().map_or(0.0, |(_, component)| component) } else { 0.0 };
            let b = if order.is_ge() { right.next().map_or(0.0, |(_, component)| component) } else { 0.0 };
            Some((a, b))
        })
    }

    /// The order of pgvector: component by component, the zeros too, then by dimension.
    pub fn compare(&self, other: &SparseVector) -> Ordering {
        let order = self.zip(other).map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne());
        order.unwrap_or_else(|| self.dimension.cmp(&other.dimension))
    }
}

/// Refuses a dimension that no sparse vector has.
///
/// # Errors
/// 22000 for less than 1, 54000 above [`SPARSE_DIMENSION_MAX`].
pub fn check_dimension(dimension: i64) -> Result<()> {
    if dimension < 1 {
        return Err(Error::new(ErrorKind::DataException, "sparsevec must have at least 1 dimension"));
    }
    if dimension > i64::from(SPARSE_DIMENSION_MAX) {
        let message = format!("sparsevec cannot have more than {SPARSE_DIMENSION_MAX} dimensions");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(())
}
