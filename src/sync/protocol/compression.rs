//! Compressed parts of messages, by Zstandard (RFC 8878). Pure: bytes in, bytes out.
//!
//! ```text
//! compressed part: its length when it is expanded (u32, little-endian)  one frame of Zstandard
//! ```
//!
//! Each part stands for itself, so that nothing of one message shows in the length of another. The length is looked at before
//! memory is set aside, and what expands to another one is refused: a part cannot be a bomb.

use crate::error::{Error, ErrorKind, Result};

/// The fastest of the usual levels: a link is rarely slower than it.
const LEVEL: i32 = 1;
/// Bytes of the length before the frame.
const LENGTH_BYTES: usize = 4;
/// Shorter parts are sent as they are.
const PART_BYTES_MIN: usize = 1024;
/// Of longer parts so many bytes from the middle are tried first: embeddings and pictures hardly get smaller.
const SAMPLE_BYTES: usize = 16 * 1024;

/// A part as it is sent compressed; `None` where that would save less than an eighth.
pub fn compress(part: &[u8]) -> Option<Vec<u8>> {
    if part.len() < PART_BYTES_MIN {
        return None;
    }
    if part.len() > 2 * SAMPLE_BYTES {
        let from = part.len() / 2;
        let sample = part.get(from..from.saturating_add(SAMPLE_BYTES))?;
        squeeze(sample)?;
    }
    squeeze(part)
}

fn squeeze(part: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(part.len()).ok()?;
    // What does not fit into so little room is not worth it, and is given up on the way.
    let room = part.len().saturating_sub(part.len() / 8).checked_sub(LENGTH_BYTES)?;
    let mut out = vec![0; LENGTH_BYTES + room];
    let (head, body) = out.split_at_mut_checked(LENGTH_BYTES)?;
    head.copy_from_slice(&length.to_le_bytes());
    let written = zstd::bulk::compress_to_buffer(part, body, LEVEL).ok()?;
    out.truncate(LENGTH_BYTES + written);
    Some(out)
}

/// The bytes that a compressed part says it expands to; 0 where it says nothing.
pub fn expanded_bytes(part: &[u8]) -> usize {
    part.first_chunk().map_or(0, |length| usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX))
}

/// The part that was compressed, of `bytes_max` bytes at most.
///
/// # Errors
/// 08P01 for what says that it is longer, and for what does not expand to what it says.
pub fn expand(part: &[u8], bytes_max: usize) -> Result<Vec<u8>> {
    let bytes = expanded_bytes(part);
    if bytes > bytes_max {
        return Err(refused("a compressed part of a message is too long"));
    }
    let body = part.get(LENGTH_BYTES..).ok_or_else(|| refused("a compressed part of a message is too short"))?;
    let mut out = vec![0; bytes];
    match zstd::bulk::decompress_to_buffer(body, &mut out) {
        Ok(written) if written == bytes => Ok(out),
        // The library's own words may quote what it read.
        _ => Err(refused("a compressed part of a message does not expand to what it says")),
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::ProtocolViolation, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that do not get smaller.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn what_repeats_gets_small_and_comes_back() {
        for bytes in [PART_BYTES_MIN, 2 * SAMPLE_BYTES, 1_000_000] {
            let text: Vec<u8> = b"the same again and again. ".iter().copied().cycle().take(bytes).collect();
            let part = compress(&text).unwrap();
            assert!(part.len() < bytes / 10, "{bytes} bytes became {}", part.len());
            assert_eq!(expanded_bytes(&part), bytes);
            assert_eq!(expand(&part, bytes).unwrap(), text);
        }
    }

    #[test]
    fn what_gets_no_smaller_is_left_alone() {
        assert!(compress(&[7; PART_BYTES_MIN - 1]).is_none(), "too short to be worth it");
        for bytes in [PART_BYTES_MIN, 5_000, 1_000_000] {
            assert!(compress(&noise(bytes)).is_none());
        }
    }

    #[test]
    fn a_part_that_lies_about_its_length_is_refused_before_memory_is_set_aside() {
        let part = compress(&[7; 100_000]).unwrap();
        assert!(expand(&part, 99_999).is_err(), "longer than is allowed");
        for length in [0, 99_999, 100_001, u32::MAX] {
            let mut lie = part.clone();
            lie[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
            let error = expand(&lie, 200_000).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ProtocolViolation);
        }
        for cut in 0..part.len() {
            assert!(expand(&part[..cut], 200_000).is_err(), "cut behind {cut}");
        }
        assert!(expand(&noise(5_000), 1 << 20).is_err());
    }
}
