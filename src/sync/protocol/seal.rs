//! Sealed frames: what two members write to each other once they have proved themselves. Pure: bytes in, bytes out.
//!
//! ```text
//! frame: length of what follows (u32, big-endian)  ciphertext  tag (16)
//! ```
//!
//! AES-256-GCM (NIST SP 800-38D) with the frame's number as nonce and the length as associated data. Each direction of each
//! stream has a key of its own, made from fresh nonces, so no number is ever used twice with one key, and a frame that is
//! replayed, dropped, reordered, cut short or from another stream does not open. A stream ends long before its numbers do;
//! the next one has new keys.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::protocol::proof::SecretKey;

/// Most bytes in one frame: a message of 4 MiB and what its encoding adds.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024 + 256 * 1024;
/// Bytes of the length before each frame.
pub const HEADER_BYTES: usize = 4;
/// Bytes of the tag behind each frame.
pub const TAG_BYTES: usize = 16;
/// Frames of one key. With [`FRAME_BYTES_MAX`] that stays below the 2^48 blocks after which collisions become likely.
const FRAMES_MAX: u64 = 1 << 28;

/// Seals the frames of one direction of a stream.
pub struct Sealer {
    /// `None` for a key of the wrong length, which [`SecretKey`] cannot be: nothing is sealed with it.
    cipher: Option<LessSafeKey>,
    next: u64,
}

/// Opens the frames that a [`Sealer`] with the same key sealed, in their order.
pub struct Opener {
    cipher: Option<LessSafeKey>,
    next: u64,
}

/// Makes room for the length of a frame at the end of `buffer`, where the plaintext is then appended; where it begins.
pub fn begin_frame(buffer: &mut Vec<u8>) -> usize {
    let start = buffer.len();
    buffer.resize(start + HEADER_BYTES, 0);
    start
}

impl Sealer {
    pub fn new(key: &SecretKey) -> Sealer {
        Sealer { cipher: cipher(key), next: 0 }
    }

    /// Seals in place the frame that [`begin_frame`] began at `start` and that ends with the buffer.
    ///
    /// # Errors
    /// 54000 for a frame over [`FRAME_BYTES_MAX`] and once the key is used up: the stream has to be replaced.
    pub fn seal(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        let frame = buffer.get_mut(start..).and_then(|frame| frame.split_at_mut_checked(HEADER_BYTES));
        let Some((header, plaintext)) = frame else {
            return Err(Error::internal("a frame has no room for its length"));
        };
        let length = sealed_length(plaintext.len())?;
        header.copy_from_slice(&length);
        let nonce = take_nonce(&mut self.next)?;
        let cannot = || Error::internal("a frame cannot be sealed");
        let cipher = self.cipher.as_ref().ok_or_else(cannot)?;
        let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(length), plaintext).map_err(|_| cannot())?;
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
    }
}

impl Opener {
    pub fn new(key: &SecretKey) -> Opener {
        Opener { cipher: cipher(key), next: 0 }
    }

    /// Opens in place what followed a header; the plaintext remains.
    ///
    /// # Errors
    /// 08P01 for anything but the next frame of this stream: nothing after it can be trusted.
    pub fn open(&mut self, header: [u8; HEADER_BYTES], body: &mut Vec<u8>) -> Result<()> {
        if body.len() != body_length(header)? {
            return Err(broken("a frame is cut short"));
        }
        let nonce = take_nonce(&mut self.next)?;
        let does_not_open = || broken("a frame does not open");
        let cipher = self.cipher.as_ref().ok_or_else(does_not_open)?;
        let plaintext = cipher.open_in_place(nonce, Aad::from(header), body).map_err(|_| does_not_open())?;
        let end = plaintext.len();
        body.truncate(end);
        Ok(())
    }
}

/// How many bytes follow this header: looked at before anything is set aside for them.
///
/// # Errors
/// 08P01 for a length that no frame has.
pub fn body_length(header: [u8; HEADER_BYTES]) -> Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(header)).map_err(|_| broken("a frame is too long"))?;
    if length < TAG_BYTES {
        return Err(broken("a frame is too short"));
    }
    if length > FRAME_BYTES_MAX + TAG_BYTES {
        return Err(broken("a frame is too long"));
    }
    Ok(length)
}

fn sealed_length(plaintext: usize) -> Result<[u8; HEADER_BYTES]> {
    let length = u32::try_from(plaintext + TAG_BYTES).ok().filter(|_| plaintext <= FRAME_BYTES_MAX);
    length.map(u32::to_be_bytes).ok_or_else(|| {
        let message = format!("a message to a peer has {plaintext} bytes, the limit is {FRAME_BYTES_MAX}");
        Error::new(ErrorKind::LimitExceeded, message)
    })
}

fn cipher(key: &SecretKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.as_slice()).ok().map(LessSafeKey::new)
}

/// The next number, as a nonce.
fn take_nonce(next: &mut u64) -> Result<Nonce> {
    if *next >= FRAMES_MAX {
        return Err(Error::new(ErrorKind::LimitExceeded, "a stream has used up its key"));
    }
    let mut nonce = [0; NONCE_LEN];
    let (_, number) = nonce.split_at_mut(4);
    number.copy_from_slice(&next.to_be_bytes());
    *next += 1;
    Ok(Nonce::assume_unique_for_key(nonce))
}

fn broken(message: &str) -> Error {
    Error::new(ErrorKind::ProtocolViolation, message)
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
