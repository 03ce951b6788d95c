//! What is said on a blob stream, between the proof and the bytes. Pure.
//!
//! ```text
//! asker  -> holder   hash (32)  offset (u64, big-endian)
//! holder -> asker    1  size (u64, big-endian)      or  0: not here      or  2: busy, ask again later
//! holder -> asker    the bytes from offset on, in frames of at most BLOB_FRAME_BYTES; then the stream ends
//! ```
//!
//! Each line is a sealed frame or several. "Not here" is the answer for a blob that is missing, for one that no public entry
//! of the network refers to, and for an offset beyond its end: they are not to be told apart.

use crate::error::{Error, ErrorKind, Result};
use crate::store::BlobHash;

/// Bytes of a blob in one frame, at most.
pub const BLOB_FRAME_BYTES: usize = 512 * 1024;
/// Longest frame before the bytes.
pub const BLOB_TALK_BYTES_MAX: usize = REQUEST_BYTES;
const REQUEST_BYTES: usize = 40;
const NOT_HERE: u8 = 0;
const FOUND: u8 = 1;
const BUSY: u8 = 2;

/// Asks for the bytes of a blob from an offset on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRequest {
    pub hash: BlobHash,
    pub offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobAnswer {
    NotHere,
    /// The size of the whole blob in bytes.
    Found {
        size: u64,
    },
    Busy,
}

impl BlobRequest {
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.hash.as_bytes());
        buffer.extend_from_slice(&self.offset.to_be_bytes());
    }

    /// # Errors
    /// 08P01 for bytes that are no request.
    pub fn decode(bytes: &[u8]) -> Result<BlobRequest> {
        let malformed = || Error::new(ErrorKind::ProtocolViolation, "a request for a blob cannot be read");
        let (hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(malformed)?;
        let offset = <[u8; 8]>::try_from(rest).map_err(|_| malformed())?;
        Ok(BlobRequest { hash: BlobHash::from_bytes(*hash), offset: u64::from_be_bytes(offset) })
    }
}

impl BlobAnswer {
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        match self {
            BlobAnswer::NotHere => buffer.push(NOT_HERE),
            BlobAnswer::Busy => buffer.push(BUSY),
            BlobAnswer::Found { size } => {
                buffer.push(FOUND);
                buffer.extend_from_slice(&size.to_be_bytes());
            }
        }
    }

    /// # Errors
    /// 08P01 for bytes that are no answer.
    pub fn decode(bytes: &[u8]) -> Result<BlobAnswer> {
        let malformed = || Error::new(ErrorKind::ProtocolViolation, "an answer about a blob cannot be read");
        match bytes.split_first().ok_or_else(malformed)? {
            (&NOT_HERE, []) => Ok(BlobAnswer::NotHere),
            (&BUSY, []) => Ok(BlobAnswer::Busy),
            (&FOUND, size) => {
                let size = <[u8; 8]>::try_from(size).map_err(|_| malformed())?;
                Ok(BlobAnswer::Found { size: u64::from_be_bytes(size) })
            }
            _ => Err(malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(hash: [u8; 32], offset: u64, size: u64) {
            let request = BlobRequest { hash: BlobHash::from_bytes(hash), offset };
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            prop_assert_eq!(BlobRequest::decode(&bytes).unwrap(), request);
            prop_assert!(bytes.len() <= BLOB_TALK_BYTES_MAX);
            for answer in [BlobAnswer::NotHere, BlobAnswer::Busy, BlobAnswer::Found { size }] {
                let mut bytes = Vec::new();
                answer.encode(&mut bytes);
                prop_assert_eq!(BlobAnswer::decode(&bytes).unwrap(), answer);
            }
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(request) = BlobRequest::decode(&bytes) {
                let mut again = Vec::new();
                request.encode(&mut again);
                prop_assert_eq!(&again, &bytes);
            }
            if let Ok(answer) = BlobAnswer::decode(&bytes) {
                let mut again = Vec::new();
                answer.encode(&mut again);
                prop_assert_eq!(&again, &bytes);
            }
        }
    }
}
