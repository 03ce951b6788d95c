//! Sequences that stop at a limit while they are read, so that a length from outside never decides what is set aside.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Elements set aside before any has been read.
const RESERVED_MAX: usize = 16;

/// Reads at most `MAX` elements; more is an error.
pub(crate) fn bounded<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    bounded_by_weight::<D, T, MAX>(deserializer, |_| 0, 0)
}

/// Reads at most `MAX` elements that weigh no more than `weight_max` together.
pub(crate) fn bounded_by_weight<'de, D, T, const MAX: usize>(
    deserializer: D,
    weigh: fn(&T) -> usize,
    weight_max: usize,
) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Bounded::<T, MAX> { weigh, weight_max, elements: PhantomData })
}

struct Bounded<T, const MAX: usize> {
    /// What an element counts for besides itself.
    weigh: fn(&T) -> usize,
    weight_max: usize,
    elements: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(RESERVED_MAX));
        let mut weight: usize = 0;
        while let Some(element) = sequence.next_element()? {
            if elements.len() == MAX {
                return Err(A::Error::custom(format_args!("more than {MAX} elements")));
            }
            weight = weight.saturating_add((self.weigh)(&element));
            if weight > self.weight_max {
                return Err(A::Error::custom(format_args!("the elements hold more than {}", self.weight_max)));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}
