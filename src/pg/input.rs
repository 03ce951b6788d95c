//! Messages from the client, cut out of the byte stream and read field by field.
//!
//! The declared length of a message is checked before a byte of its body is waited for, and memory grows with what arrives,
//! not with what is announced. pgwire's decoders are not used here: they panic on bodies that are cut off, and take
//! text that is not UTF-8 for empty.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Error, ErrorKind, Result};

/// Bytes of a message's type and length.
const HEADER_BYTES: usize = 5;
/// Bytes of a startup message's length.
const LENGTH_BYTES: usize = 4;
/// Room made before each read.
const READ_BYTES: usize = 8 * 1024;
/// An empty buffer that has grown beyond this is given back.
const BUFFER_BYTES_KEPT: usize = 1024 * 1024;

/// One message.
pub(super) struct Frame {
    pub tag: u8,
    pub body: Bytes,
}

/// What has arrived and was not read yet.
pub(super) struct Input {
    buffer: BytesMut,
    /// Largest message, in bytes, its length field included.
    bytes_max: usize,
}

impl Input {
    pub fn new(bytes_max: usize) -> Self {
        Input { buffer: BytesMut::with_capacity(READ_BYTES), bytes_max }
    }

    pub fn allow(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The type of the next message, where its first byte has arrived.
    pub fn next_tag(&self) -> Option<u8> {
        self.buffer.first().copied()
    }

    /// The next message, if it has arrived whole.
    ///
    /// # Errors
    /// 08P01 for an impossible length, 54000 for one over the limit. The stream has lost its order then.
    pub fn take(&mut self) -> Result<Option<Frame>> {
        let Some(header) = self.buffer.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let [tag, a, b, c, d] = *header;
        let total = self.check_length(i32::from_be_bytes([a, b, c, d]), LENGTH_BYTES)? + 1;
        if self.buffer.len() < total {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(total).freeze();
        bytes::Buf::advance(&mut body, HEADER_BYTES);
        Ok(Some(Frame { tag, body }))
    }

    /// The next startup message, which has no type, if it has arrived whole.
    pub fn take_startup(&mut self) -> Result<Option<Bytes>> {
        let Some(header) = self.buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let total = self.check_length(i32::from_be_bytes(*header), 2 * LENGTH_BYTES)?;
        if self.buffer.len() < total {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(total).freeze();
        bytes::Buf::advance(&mut body, LENGTH_BYTES);
        Ok(Some(body))
    }

    /// Reads what the client has sent; false at the end of the stream.
    pub async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<bool> {
        if self.buffer.is_empty() && self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = BytesMut::with_capacity(READ_BYTES);
        }
        if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 2 {
            self.buffer.reserve(READ_BYTES);
        }
        Ok(stream.read_buf(&mut self.buffer).await? > 0)
    }

    fn check_length(&self, length: i32, least: usize) -> Result<usize> {
        match usize::try_from(length) {
            Ok(length) if length >= least && length <= self.bytes_max => Ok(length),
            Ok(length) if length >= least => Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("message of {length} bytes is over the limit of {}", self.bytes_max),
            )
            .with_hint("Send it in several smaller messages.")),
            _ => Err(Error::new(ErrorKind::ProtocolViolation, format!("invalid message length {length}"))),
        }
    }
}

/// Reads the fields of a message's body.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or_else(cut_off)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.0 = tail;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// An unsigned 16-bit count.
    pub fn count(&mut self) -> Result<usize> {
        self.array().map(u16::from_be_bytes).map(usize::from)
    }

    pub fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A text that ends with a NUL.
    pub fn text(&mut self) -> Result<&'a str> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(cut_off)?;
        let bytes = self.take(end)?;
        self.take(1)?;
        utf8(bytes)
    }

    /// Bytes behind a 32-bit length; `None` for NULL.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| cut_off())?).map(Some),
        }
    }

    pub fn finish(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::ProtocolViolation, "invalid message format")) }
    }
}

/// # Errors
/// 22021 naming the first byte that is not UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let shown: Vec<String> =
            bytes.iter().skip(error.valid_up_to()).take(4).map(|byte| format!("0x{byte:02x}")).collect();
        Error::new(
            ErrorKind::InvalidEncoding,
            format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")),
        )
    })
}

fn cut_off() -> Error {
    Error::new(ErrorKind::ProtocolViolation, "insufficient data left in message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: &[u8]) -> Input {
        Input { buffer: BytesMut::from(bytes), bytes_max: 100 }
    }

    #[test]
    fn messages_are_cut_at_their_length() {
        let mut two = input(b"Q\0\0\0\x06a\0S\0\0\0\x04X\0\0");
        let query = two.take().unwrap().unwrap();
        assert_eq!((query.tag, &query.body[..]), (b'Q', &b"a\0"[..]));
        assert_eq!(two.next_tag(), Some(b'S'));
        assert_eq!(two.take().unwrap().unwrap().tag, b'S');
        assert!(two.take().unwrap().is_none());
    }

    #[test]
    fn lengths_are_checked_before_the_body_arrives() {
        let refused = |bytes: &[u8]| input(bytes).take().err().unwrap().sqlstate();
        assert_eq!(refused(b"Q\x7f\xff\xff\xff"), "54000");
        assert_eq!(refused(b"Q\0\0\0\x65"), "54000");
        assert!(input(b"Q\0\0\0\x64").take().unwrap().is_none());
        for length in [&b"Q\0\0\0\0"[..], b"Q\0\0\0\x03", b"Q\xff\xff\xff\xff"] {
            assert_eq!(refused(length), "08P01");
        }
        assert_eq!(input(b"\0\0\0\x07").take_startup().err().unwrap().sqlstate(), "08P01");
    }

    #[test]
    fn fields_that_are_cut_off_are_errors() {
        assert_eq!(Fields(b"abc").text().unwrap_err().sqlstate(), "08P01");
        assert_eq!(Fields(b"a\xffc\0").text().unwrap_err().sqlstate(), "22021");
        assert_eq!(Fields(b"\0\0\0\x05abcd").value().unwrap_err().sqlstate(), "08P01");
        assert_eq!(Fields(b"\xff\xff\xff\xfe").value().unwrap_err().sqlstate(), "08P01");
        assert_eq!(Fields(b"\xff\xff\xff\xff").value().unwrap(), None);
        assert_eq!(Fields(b"\0").i16().unwrap_err().sqlstate(), "08P01");
    }
}
