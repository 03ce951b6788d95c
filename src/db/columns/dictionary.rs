//! The distinct values of a column, by codes that stay.

use std::collections::HashMap;

use crate::types::{ALLOCATION_BYTES, Value};

/// Distinct values of a dictionary, at most.
pub(crate) const DICTIONARY_VALUES_MAX: usize = 1 << 16;

/// The distinct values of a column. Two that differ in a single bit have codes of their own; values of several kinds may be in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnDictionary {
    values: Vec<Value>,
    /// By the bytes that tell values apart.
    codes: HashMap<Box<[u8]>, u32>,
    bytes: usize,
}

impl ColumnDictionary {
    /// How many values there are: codes are below it.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn value(&self, code: u32) -> Option<&Value> {
        self.values.get(code as usize)
    }

    /// All values, in order of their codes.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The code of a value, where it is in the dictionary.
    pub fn code(&self, value: &Value) -> Option<u32> {
        self.codes.get(identity(value).as_slice()).copied()
    }

    /// The code of a value, which is put in where it is new; `None` where there is no room for it.
    pub fn take_in(&mut self, value: &Value) -> Option<u32> {
        let identity = identity(value);
        if let Some(code) = self.codes.get(identity.as_slice()) {
            return Some(*code);
        }
        let code = u32::try_from(self.values.len()).ok().filter(|_| !self.is_full())?;
        self.bytes += value.held_bytes() + identity.len() + ALLOCATION_BYTES + size_of::<(Box<[u8]>, u32)>();
        self.values.push(value.clone());
        self.codes.insert(identity.into(), code);
        Some(code)
    }

    /// Whether it has room for so many more values.
    pub fn has_room(&self, more: usize) -> bool {
        self.values.len() + more <= DICTIONARY_VALUES_MAX
    }

    /// Whether it has no room for another value.
    pub fn is_full(&self) -> bool {
        self.values.len() >= DICTIONARY_VALUES_MAX
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Bytes that are the same for the same value and no other.
fn identity(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    value.hash_bytes(&mut |part| bytes.extend_from_slice(part));
    bytes
}
