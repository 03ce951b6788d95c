//! Messages from the client, cut out of the byte stream and read field by field.
//!
//! The declared length of a message is checked before a byte of its body is waited for, and memory grows with what arrives,
//! not with what is announced. Beyond a few kilobytes it is taken from the server's budget for its clients; a message for
//! which there is none, and a statement over its limit, is read to its end and thrown away, so that the stream keeps its order.
//! pgwire's decoders are not used here: they panic on bodies that are cut off, and take text that is not UTF-8 for empty.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{MemoryAccount, Reservation};
use crate::sql::statement_too_long;
use crate::types::limits::STATEMENT_BYTES_MAX;

/// Bytes of a message's type and length.
const HEADER_BYTES: usize = 5;
/// Bytes of a startup message's length.
const LENGTH_BYTES: usize = 4;
/// Room made before each read.
const READ_BYTES: usize = 8 * 1024;
/// Most bytes of one read.
const READ_BYTES_MAX: usize = 64 * 1024;
/// Bytes that a connection may hold without taking them from the budget: what ordinary statements are made of.
const BYTES_FREE: usize = 2 * READ_BYTES_MAX;
/// An empty buffer that has grown beyond this is given back.
const BUFFER_BYTES_KEPT: usize = 1024 * 1024;

/// Bytes of a Parse message besides its statement: its name and the types of its parameters.
const PARSE_BYTES_MAX: usize = 1024 * 1024;

/// One message.
pub(in crate::pg) struct Frame {
    pub tag: u8,
    pub body: Bytes,
    /// Why the body was thrown away.
    pub refused: Option<Error>,
    /// The memory that it takes, until it is dropped.
    _memory: Option<Reservation>,
}

/// What has arrived and was not read yet.
pub(in crate::pg) struct ClientInput {
    buffer: BytesMut,
    /// Largest message, in bytes, its length field included.
    bytes_max: usize,
    /// What the buffer takes from the budget; `None` before anybody has logged in, when messages are small.
    memory: Option<Reservation>,
    thrown: Option<Thrown>,
}

/// A message for which there was no memory.
struct Thrown {
    tag: u8,
    /// Bytes of it that have not come yet.
    left: usize,
    error: Error,
}

impl ClientInput {
    pub fn new(bytes_max: usize) -> Self {
        ClientInput { buffer: BytesMut::with_capacity(READ_BYTES), bytes_max, memory: None, thrown: None }
    }

    /// From now on messages may be so long, and take memory from an account.
    pub fn allow(&mut self, bytes_max: usize, account: &MemoryAccount) {
        self.bytes_max = bytes_max;
        self.memory = Some(account.nothing());
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The type of the next message, where its first byte has arrived.
    pub fn next_tag(&self) -> Option<u8> {
        self.buffer.first().copied().filter(|_| self.thrown.is_none())
    }

    /// The next message, if it has arrived whole.
    ///
    /// # Errors
    /// 08P01 for an impossible length, 54000 for one over the limit. The stream has lost its order then.
    pub fn take(&mut self) -> Result<Option<Frame>> {
        if self.thrown.is_some() {
            return Ok(self.take_thrown());
        }
        let Some(header) = self.buffer.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let [tag, a, b, c, d] = *header;
        let length = self.check_length(i32::from_be_bytes([a, b, c, d]), LENGTH_BYTES)?;
        let total = length + 1;
        if let Some(error) = over_statement(tag, length).filter(|_| self.memory.is_some()) {
            self.thrown = Some(Thrown { tag, left: total, error });
            return Ok(self.take_thrown());
        }
        if self.buffer.len() < total {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(total).freeze();
        body.advance(HEADER_BYTES);
        let rest = beyond_free(self.buffer.len());
        let memory = self.memory.as_mut().filter(|memory| memory.bytes() > 0).map(|memory| memory.split_above(rest));
        Ok(Some(Frame { tag, body, refused: None, _memory: memory }))
    }

    fn take_thrown(&mut self) -> Option<Frame> {
        let thrown = self.thrown.as_mut()?;
        let come = thrown.left.min(self.buffer.len());
        self.buffer.advance(come);
        thrown.left -= come;
        if thrown.left > 0 {
            return None;
        }
        let Thrown { tag, error, .. } = self.thrown.take()?;
        Some(Frame { tag, body: Bytes::new(), refused: Some(error), _memory: None })
    }

    /// Gives up the message that is coming, whose beginning lies in the buffer; the error where none lies there.
    fn throw(&mut self, error: Error) -> std::io::Result<()> {
        let header = self.buffer.first_chunk::<HEADER_BYTES>().map(|[tag, a, b, c, d]| (*tag, [*a, *b, *c, *d]));
        let total =
            header.and_then(|(_, length)| usize::try_from(i32::from_be_bytes(length)).ok()).map(|length| length + 1);
        let left = total.and_then(|total| total.checked_sub(self.buffer.len())).filter(|left| *left > 0);
        let (Some((tag, _)), Some(left)) = (header, left) else {
            return Err(std::io::Error::new(std::io::ErrorKind::OutOfMemory, error));
        };
        self.buffer = BytesMut::with_capacity(READ_BYTES);
        self.memory.iter_mut().for_each(|memory| drop(memory.split_above(0)));
        self.thrown = Some(Thrown { tag, left, error });
        Ok(())
    }

    /// The next startup message, which has no type, if it has arrived whole.
    ///
    /// # Errors
    /// 08P01 for an impossible length, 54000 for one over the limit.
    pub fn take_startup(&mut self) -> Result<Option<Bytes>> {
        let Some(header) = self.buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let total = self.check_length(i32::from_be_bytes(*header), 2 * LENGTH_BYTES)?;
        if self.buffer.len() < total {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(total).freeze();
        body.advance(LENGTH_BYTES);
        Ok(Some(body))
    }

    /// Reads what the client has sent; false at the end of the stream.
    ///
    /// # Errors
    /// That of the stream; `OutOfMemory` where there is no memory, and the buffer holds no beginning of a message that could be
    /// given up.
    pub async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<bool> {
        if self.buffer.is_empty() && self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = BytesMut::with_capacity(READ_BYTES);
        }
        let wanted = beyond_free(self.buffer.len() + READ_BYTES_MAX);
        if let Some(memory) = self.memory.as_mut().filter(|memory| memory.bytes() != wanted)
            && let Err(error) = memory.resize(wanted)
        {
            self.throw(error)?;
        }
        if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 2 {
            self.buffer.reserve(READ_BYTES);
        }
        Ok(stream.read_buf(&mut (&mut self.buffer).limit(READ_BYTES_MAX)).await? > 0)
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

/// Why a message of that length cannot hold a statement: what is refused for its length is so before it is read.
fn over_statement(tag: u8, length: usize) -> Option<Error> {
    let most = match tag {
        b'Q' => STATEMENT_BYTES_MAX + LENGTH_BYTES + 1,
        b'P' => STATEMENT_BYTES_MAX + PARSE_BYTES_MAX,
        _ => return None,
    };
    (length > most).then(|| statement_too_long(length - LENGTH_BYTES - 1))
}

/// What of so many bytes is taken from the budget.
fn beyond_free(bytes: usize) -> usize {
    bytes.saturating_sub(BYTES_FREE)
}

/// Reads the fields of a message's body.
pub(in crate::pg) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `count` bytes.
    ///
    /// # Errors
    /// 08P01 where fewer are left.
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

    /// A byte.
    ///
    /// # Errors
    /// As [`Fields::take`].
    pub fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A signed 16-bit number.
    ///
    /// # Errors
    /// As [`Fields::take`].
    pub fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// An unsigned 16-bit count.
    ///
    /// # Errors
    /// As [`Fields::take`].
    pub fn count(&mut self) -> Result<usize> {
        self.array().map(u16::from_be_bytes).map(usize::from)
    }

    /// A signed 32-bit number.
    ///
    /// # Errors
    /// As [`Fields::take`].
    pub fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// An unsigned 32-bit number.
    ///
    /// # Errors
    /// As [`Fields::take`].
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A text that ends with a NUL.
    ///
    /// # Errors
    /// 08P01 where there is no NUL, 22021 for bytes that are not UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(cut_off)?;
        let bytes = self.take(end)?;
        self.take(1)?;
        utf8(bytes)
    }

    /// Bytes behind a 32-bit length; `None` for NULL.
    ///
    /// # Errors
    /// 08P01 for a negative length, and for one that is more than what is left.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| cut_off())?).map(Some),
        }
    }

    /// Refuses a message that goes on after its last field.
    ///
    /// # Errors
    /// 08P01 where it does.
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
    use crate::model::Budget;

    fn input(bytes: &[u8]) -> ClientInput {
        ClientInput { buffer: BytesMut::from(bytes), bytes_max: 100, memory: None, thrown: None }
    }

    /// What is read of a message of `bytes` bytes and one that follows, with a budget.
    async fn read(bytes: usize, budget: &std::sync::Arc<Budget>) -> (Frame, Frame, ClientInput) {
        let mut sent = vec![b'x'; bytes];
        sent[..HEADER_BYTES].copy_from_slice(&[&b"Q"[..], &u32::try_from(bytes - 1).unwrap().to_be_bytes()].concat());
        sent.extend_from_slice(b"S\0\0\0\x04");
        let mut input = ClientInput::new(100);
        input.allow(1_000_000, &budget.account());
        let mut frames = Vec::new();
        let mut stream = &sent[..];
        while frames.len() < 2 {
            match input.take().unwrap() {
                Some(frame) => frames.push(frame),
                None => assert!(input.fill(&mut stream).await.unwrap()),
            }
            assert!(budget.bytes() <= budget.bytes_max());
        }
        let second = frames.pop().unwrap();
        (frames.pop().unwrap(), second, input)
    }

    #[tokio::test]
    async fn a_long_message_takes_memory_until_it_is_dropped() {
        let budget = Budget::new(600_000, 10);
        let (long, _, _input) = read(300_000, &budget).await;
        assert!(long.refused.is_none() && long.body.len() == 300_000 - HEADER_BYTES);
        assert!(budget.bytes() >= 300_000 - BYTES_FREE);
        drop(long);
        assert!(budget.bytes() <= READ_BYTES_MAX);
        let (short, ..) = read(100_000, &budget).await;
        assert!(short.refused.is_none());
    }

    #[tokio::test]
    async fn a_message_without_memory_is_thrown_away_and_the_next_one_is_read() {
        let budget = Budget::new(600_000, 10);
        let (long, next, input) = read(900_000, &budget).await;
        assert_eq!((long.tag, long.body.len()), (b'Q', 0));
        assert_eq!(long.refused.unwrap().sqlstate(), "53200");
        assert_eq!((next.tag, input.is_empty()), (b'S', true));
        assert_eq!(budget.bytes(), 0);
    }

    #[tokio::test]
    async fn a_statement_over_its_limit_is_thrown_away_as_it_comes() {
        let budget = Budget::new(600_000, 10);
        for tag in [b'Q', b'P'] {
            let length = STATEMENT_BYTES_MAX + PARSE_BYTES_MAX + 1;
            let header = [&[tag][..], &u32::try_from(length).unwrap().to_be_bytes()].concat();
            let body = tokio::io::repeat(b'x').take(u64::try_from(length - LENGTH_BYTES).unwrap());
            let mut sent = AsyncReadExt::chain(&header[..], body).chain(&b"S\0\0\0\x04"[..]);
            let mut input = ClientInput::new(100);
            input.allow(2 * length, &budget.account());
            let refused = loop {
                if let Some(frame) = input.take().unwrap() {
                    break frame;
                }
                assert!(input.fill(&mut sent).await.unwrap());
                assert!(input.buffer.capacity() <= 2 * READ_BYTES_MAX && budget.bytes() <= READ_BYTES_MAX);
            };
            assert_eq!((refused.tag, refused.refused.unwrap().sqlstate()), (tag, "54000"));
            while input.is_empty() {
                assert!(input.fill(&mut sent).await.unwrap());
            }
            assert_eq!(input.take().unwrap().unwrap().tag, b'S');
        }
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
