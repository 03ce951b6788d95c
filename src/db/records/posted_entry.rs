//! When this node has posted an entry to a network, as it is stored: what has left it, entry by entry.

use crate::error::{Error, ErrorKind, Result};

/// The last posting of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostedEntry {
    /// Milliseconds since 1970, by the clock here.
    pub at_ms: u64,
    /// Of its delta, before it was sealed for the wire.
    pub bytes: u64,
}

impl PostedEntry {
    pub fn to_bytes(self) -> Vec<u8> {
        [self.at_ms.to_le_bytes(), self.bytes.to_le_bytes()].concat()
    }

    /// Reads what [`PostedEntry::to_bytes`] wrote; what a later version adds behind it is left alone.
    ///
    /// # Errors
    /// XX001 for bytes that are cut off.
    pub fn from_bytes(bytes: &[u8]) -> Result<PostedEntry> {
        let damaged = || Error::new(ErrorKind::Corrupted, "the record of a posted entry cannot be read");
        let (at_ms, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let (size, _) = rest.split_first_chunk().ok_or_else(damaged)?;
        Ok(PostedEntry { at_ms: u64::from_le_bytes(*at_ms), bytes: u64::from_le_bytes(*size) })
    }
}
