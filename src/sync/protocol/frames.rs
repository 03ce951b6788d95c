//! Sealed frames on a stream: whole messages in, whole messages out.

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::protocol::proof::SecretKey;
use crate::sync::protocol::seal::{HEADER_BYTES, Opener, Sealer, TAG_BYTES, begin_frame, body_length};

/// Bytes of small frames that go out in one piece.
const BUFFER_BYTES: usize = 128 * 1024;
/// A buffer that a large frame has made larger than this is given back. A page of a snapshot is a little over a MiB.
const BUFFER_BYTES_KEPT: usize = 5 * 256 * 1024;

/// Seals and writes frames.
pub struct FrameWriter<W> {
    stream: W,
    sealer: Sealer,
    buffer: Vec<u8>,
}

/// Reads and opens frames.
pub struct FrameReader<R> {
    stream: R,
    opener: Opener,
}

/// A frame whose length is known and whose bytes are still to be read.
#[derive(Clone, Copy)]
pub struct FrameHeader {
    header: [u8; HEADER_BYTES],
    sealed_bytes: usize,
}

impl FrameHeader {
    /// Bytes of the message in it.
    pub fn bytes(&self) -> usize {
        self.sealed_bytes.saturating_sub(TAG_BYTES)
    }

    /// The header as it came, which [`Opener::open`] wants.
    pub fn raw(&self) -> [u8; HEADER_BYTES] {
        self.header
    }
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    pub fn new(stream: W, key: &SecretKey) -> Self {
        FrameWriter { stream, sealer: Sealer::new(key), buffer: Vec::new() }
    }

    /// Seals one message, which `fill` appends to the buffer it is given. Small ones go out together, with the next
    /// [`flush`](FrameWriter::flush) at the latest.
    ///
    /// # Errors
    /// That of `fill`; 54000 for a message over the limit; 58030 when the stream is gone.
    pub async fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let start = begin_frame(&mut self.buffer);
        let sealed = fill(&mut self.buffer).and_then(|()| self.sealer.seal(&mut self.buffer, start));
        if let Err(error) = sealed {
            self.buffer.truncate(start);
            return Err(error);
        }
        if self.buffer.len() >= BUFFER_BYTES {
            self.push().await?;
        }
        Ok(())
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// 58030 when the stream is gone.
    pub async fn flush(&mut self) -> Result<()> {
        self.push().await?;
        Ok(self.stream.flush().await?)
    }

    /// Says that nothing more will come.
    ///
    /// # Errors
    /// 58030 when the stream is gone.
    pub async fn close(mut self) -> Result<()> {
        self.push().await?;
        Ok(self.stream.close().await?)
    }

    /// The stream and the sealer, for frames that are sealed elsewhere.
    pub fn into_parts(self) -> (W, Sealer) {
        (self.stream, self.sealer)
    }

    async fn push(&mut self) -> Result<()> {
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        if self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        Ok(())
    }
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub fn new(stream: R, key: &SecretKey) -> Self {
        FrameReader { stream, opener: Opener::new(key) }
    }

    /// The length of the next message; `None` where the peer has closed the stream between two frames.
    ///
    /// # Errors
    /// 08P01 for a length that no frame has, 58030 when the stream is gone.
    pub async fn header(&mut self) -> Result<Option<FrameHeader>> {
        read_header(&mut self.stream).await
    }

    /// The message that the header announced.
    ///
    /// # Errors
    /// 08P01 for bytes that are no frame of this stream, 58030 when the stream is gone.
    pub async fn body(&mut self, header: FrameHeader) -> Result<Vec<u8>> {
        let mut body = read_sealed(&mut self.stream, header).await?;
        self.opener.open(header.header, &mut body)?;
        Ok(body)
    }

    /// The next message, which must not be longer than `bytes_max`.
    ///
    /// # Errors
    /// Those of [`body`](FrameReader::body), and 08P01 for the end of the stream or a longer message.
    pub async fn short(&mut self, bytes_max: usize) -> Result<Vec<u8>> {
        let refused = |message: &str| Error::new(ErrorKind::ProtocolViolation, message);
        let header = self.header().await?.ok_or_else(|| refused("the stream ended early"))?;
        if header.bytes() > bytes_max {
            return Err(refused("a frame is too long"));
        }
        self.body(header).await
    }

    /// The stream and the opener, for frames that are read by [`read_header`] and [`read_sealed`] and opened elsewhere.
    pub fn into_parts(self) -> (R, Opener) {
        (self.stream, self.opener)
    }
}

/// The length of the next frame; `None` at the end of the stream.
///
/// # Errors
/// 08P01 for a length that no frame has, 58030 when the stream is gone.
pub async fn read_header<R: AsyncRead + Unpin>(stream: &mut R) -> Result<Option<FrameHeader>> {
    let mut header = [0; HEADER_BYTES];
    let (first, rest) = header.split_at_mut(1);
    if stream.read(first).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(rest).await?;
    Ok(Some(FrameHeader { header, sealed_bytes: body_length(header)? }))
}

/// The sealed bytes of a frame.
///
/// # Errors
/// 58030 when the stream is gone.
pub async fn read_sealed<R: AsyncRead + Unpin>(stream: &mut R, header: FrameHeader) -> Result<Vec<u8>> {
    let mut body = vec![0; header.sealed_bytes];
    stream.read_exact(&mut body).await?;
    Ok(body)
}
