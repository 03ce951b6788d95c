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
    deserializer.deserialize_seq(Bounded::<T, MAX>(PhantomData))
}

struct Bounded<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(RESERVED_MAX));
        while let Some(element) = sequence.next_element()? {
            if elements.len() == MAX {
                return Err(A::Error::custom(format_args!("more than {MAX} elements")));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}
