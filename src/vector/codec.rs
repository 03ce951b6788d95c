//! Numbers and arrays to and from a file, hashed on the way.
//!
//! Lengths that are read are not believed: memory is taken as the bytes arrive, so that a damaged length ends in an error
//! and not in an allocation.

use std::io::{Read, Write};

use crate::error::{Error, ErrorKind, Result};

/// Bytes moved at once.
const PIECE_BYTES: usize = 256 * 1024;

/// Writes and hashes.
pub struct FileOutput<W> {
    writer: W,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl<W: Write> FileOutput<W> {
    pub fn new(writer: W) -> FileOutput<W> {
        FileOutput { writer, hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(PIECE_BYTES) }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// 53100 and 58030 where the file cannot be written.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.drain()?;
        }
        Ok(())
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    /// As [`FileOutput::bytes`].
    pub fn u32(&mut self, value: u32) -> Result<()> {
        self.bytes(&value.to_le_bytes())
    }

    /// A number of 64 bits.
    ///
    /// # Errors
    /// As [`FileOutput::bytes`].
    pub fn u64(&mut self, value: u64) -> Result<()> {
        self.bytes(&value.to_le_bytes())
    }

    /// A length or count, which fits 32 bits.
    ///
    /// # Errors
    /// 54000 above `u32::MAX`; as [`FileOutput::bytes`].
    pub fn count(&mut self, value: usize) -> Result<()> {
        let narrow = u32::try_from(value).map_err(|_| {
            Error::new(
                ErrorKind::LimitExceeded,
                format!("a vector index file holds counts up to {}, not {value}", u32::MAX),
            )
        })?;
        self.u32(narrow)
    }

    /// Components, without their count.
    ///
    /// # Errors
    /// As [`FileOutput::bytes`].
    pub fn f32s(&mut self, values: &[f32]) -> Result<()> {
        self.buffer.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self.bytes(&[])
    }

    /// Ends the file with the hash of all that was written.
    ///
    /// # Errors
    /// As [`FileOutput::bytes`].
    pub fn finish(mut self) -> Result<()> {
        self.drain()?;
        self.writer.write_all(self.hasher.finalize().as_bytes())?;
        self.writer.flush()?;
        Ok(())
    }

    fn drain(&mut self) -> Result<()> {
        self.hasher.update(&self.buffer);
        self.writer.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads and hashes.
pub struct FileInput<R> {
    reader: R,
    hasher: blake3::Hasher,
    /// Read but not yet handed out: `buffer[at..]`.
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> FileInput<R> {
    pub fn new(reader: R) -> FileInput<R> {
        FileInput { reader, hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(PIECE_BYTES), at: 0 }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// XX001 where the file ends before, 58030 where it cannot be read.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A number of 64 bits.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A length or count.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn count(&mut self) -> Result<usize> {
        Ok(self.u32()? as usize)
    }

    /// A position or length within a file.
    ///
    /// # Errors
    /// XX001 where the processor has no such address; as [`FileInput::array`].
    pub fn position(&mut self) -> Result<usize> {
        usize::try_from(self.u64()?).map_err(|_| corrupted("a length beyond all memory"))
    }

    /// So many bytes.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn blob(&mut self, length: usize) -> Result<Vec<u8>> {
        self.pieces::<1, u8>(length, |[byte]| byte)
    }

    /// So many numbers of 32 bits.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn u32s(&mut self, count: usize) -> Result<Vec<u32>> {
        self.pieces(count, u32::from_le_bytes)
    }

    /// So many numbers of 64 bits.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn u64s(&mut self, count: usize) -> Result<Vec<u64>> {
        self.pieces(count, u64::from_le_bytes)
    }

    /// So many components.
    ///
    /// # Errors
    /// As [`FileInput::array`].
    pub fn f32s(&mut self, count: usize) -> Result<Vec<f32>> {
        self.pieces(count, f32::from_le_bytes)
    }

    /// Refuses a file whose hash is not that of its content, or that goes on after it.
    ///
    /// # Errors
    /// XX001 for either; as [`FileInput::array`].
    pub fn finish(mut self) -> Result<()> {
        // The hash covers what was handed out, not what was read ahead.
        let expected = self.hasher.finalize();
        let found: [u8; blake3::OUT_LEN] = self.array()?;
        if expected != blake3::Hash::from_bytes(found) {
            return Err(corrupted("its checksum is wrong"));
        }
        if self.at < self.buffer.len() || self.reader.read(&mut [0])? > 0 {
            return Err(corrupted("it goes on after its end"));
        }
        Ok(())
    }

    fn pieces<const N: usize, T>(&mut self, count: usize, decode: impl Fn([u8; N]) -> T + Copy) -> Result<Vec<T>> {
        let mut values = Vec::new();
        let mut left = count;
        while left > 0 {
            let piece = left.min(PIECE_BYTES / N);
            let (words, _) = self.take(piece * N)?.as_chunks::<N>();
            values.extend(words.iter().map(|word| decode(*word)));
            left -= piece;
        }
        Ok(values)
    }

    /// The next `length` bytes, at most [`PIECE_BYTES`].
    fn take(&mut self, length: usize) -> Result<&[u8]> {
        if self.buffer.len() - self.at < length {
            self.buffer.drain(..self.at);
            self.at = 0;
            let missing = length.max(PIECE_BYTES) - self.buffer.len();
            self.reader.by_ref().take(missing as u64).read_to_end(&mut self.buffer)?;
        }
        let taken = self.buffer.get(self.at..self.at + length).ok_or_else(|| corrupted("it ends too early"))?;
        self.hasher.update(taken);
        self.at += length;
        Ok(taken)
    }
}

/// An index file that cannot be used.
pub fn corrupted(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupted, format!("vector index file is damaged: {reason}"))
        .with_hint("the index is built again from the stored vectors")
}
