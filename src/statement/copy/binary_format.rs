//! The binary format of COPY: a signature, then rows of counted fields (PostgreSQL documentation, COPY, "Binary Format").

use bytes::{BufMut, BytesMut};

use crate::error::{Error, ErrorKind, Result};
use crate::statement::copy::copy_plan::BinaryCodec;
use crate::types::limits::MESSAGE_BYTES_MAX;
use crate::types::{ColumnType, Value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Bit 16 said that rows carry OIDs; bits 16 to 31 are critical.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

/// Cuts a stream of bytes into rows.
#[derive(Default)]
pub struct BinaryRows {
    buffer: Vec<u8>,
    start: usize,
    has_header: bool,
    is_over: bool,
}

impl BinaryRows {
    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// 54000 where more than twice `MESSAGE_BYTES_MAX` would wait for the end of their row.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.len() + bytes.len() > 2 * MESSAGE_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("a row of COPY is longer than {MESSAGE_BYTES_MAX} bytes"),
            ));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole row: the values of columns of `types`; `None` until more bytes come.
    ///
    /// # Errors
    /// 22P04 for a header, a count of fields or a length that is not the format's; what `codec` says of a field.
    pub fn next(&mut self, types: &[ColumnType], codec: BinaryCodec) -> Result<Option<Vec<Value>>> {
        let mut rest = Reader { bytes: self.buffer.get(self.start..).unwrap_or_default(), taken: 0 };
        if !self.has_header {
            let Some(()) = rest.header()? else { return Ok(None) };
            self.has_header = true;
            self.start += rest.taken;
            return self.next(types, codec);
        }
        if self.is_over {
            return Ok(None);
        }
        let Some(count) = rest.i16() else { return Ok(None) };
        if count == -1 {
            self.is_over = true;
            return Ok(None);
        }
        if usize::try_from(count).ok() != Some(types.len()) {
            return Err(malformed(format!("row field count is {count}, expected {}", types.len())));
        }
        let mut values = Vec::with_capacity(types.len());
        for ty in types {
            let Some(length) = rest.i32() else { return Ok(None) };
            if length == -1 {
                values.push(Value::Null);
                continue;
            }
            let length = usize::try_from(length).map_err(|_| malformed("invalid field size".to_string()))?;
            let Some(bytes) = rest.take(length) else { return Ok(None) };
            values.push((codec.decode)(ty, bytes)?);
        }
        self.start += rest.taken;
        Ok(Some(values))
    }

    /// # Errors
    /// 22P04 when the data stopped in the middle.
    pub fn finish(&self) -> Result<()> {
        if self.is_over || (self.has_header && self.start == self.buffer.len()) {
            return Ok(());
        }
        Err(malformed("unexpected EOF in COPY data".to_string()))
    }
}

fn malformed(message: String) -> Error {
    Error::new(ErrorKind::BadCopyFormat, message)
}

struct Reader<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        self.taken += length;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn header(&mut self) -> Result<Option<()>> {
        let Some(signature) = self.take(SIGNATURE.len()) else { return Ok(None) };
        if signature != SIGNATURE {
            return Err(malformed("COPY file signature not recognized".to_string()));
        }
        let (Some(flags), Some(extension)) = (self.i32(), self.i32()) else { return Ok(None) };
        if flags.cast_unsigned() & CRITICAL_FLAGS != 0 {
            return Err(malformed("unrecognized critical flags in COPY file header".to_string()));
        }
        let length = usize::try_from(extension).map_err(|_| malformed("invalid COPY file header".to_string()))?;
        Ok(self.take(length).map(|_| ()))
    }
}

pub fn write_header(out: &mut BytesMut) {
    out.extend_from_slice(SIGNATURE);
    out.put_i32(0);
    out.put_i32(0);
}

/// Appends a row: how many fields it has, then each with its length.
///
/// # Errors
/// 54000 for a value of 2 GiB or more, XX000 for more columns than the format counts; what `codec` says of a value.
pub fn write_row(values: &[Value], types: &[ColumnType], codec: BinaryCodec, out: &mut BytesMut) -> Result<()> {
    let count = i16::try_from(types.len()).map_err(|_| Error::internal("a row has too many columns"))?;
    out.put_i16(count);
    let mut encoded = BytesMut::new();
    for (value, ty) in values.iter().zip(types) {
        if value.is_null() {
            out.put_i32(-1);
            continue;
        }
        encoded.clear();
        (codec.encode)(value, ty, &mut encoded)?;
        let length = i32::try_from(encoded.len()).map_err(|_| {
            Error::new(ErrorKind::LimitExceeded, format!("a value of {} bytes is too long", encoded.len()))
        })?;
        out.put_i32(length);
        out.extend_from_slice(&encoded);
    }
    Ok(())
}

pub fn write_trailer(out: &mut BytesMut) {
    out.put_i16(-1);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: BinaryCodec = BinaryCodec {
        decode: |_, bytes| Ok(Value::text(String::from_utf8_lossy(bytes).into_owned())),
        encode: |value, _, out| {
            value.write_text(out);
            Ok(())
        },
    };

    #[test]
    fn what_is_written_is_read_back_in_any_pieces() {
        let types = [ColumnType::Text, ColumnType::Text];
        let rows = [vec![Value::text("a"), Value::Null], vec![Value::text(""), Value::text("é")]];
        let mut out = BytesMut::new();
        write_header(&mut out);
        for row in &rows {
            write_row(row, &types, CODEC, &mut out).unwrap();
        }
        write_trailer(&mut out);
        for size in [1, 3, 1000] {
            let mut reader = BinaryRows::default();
            let mut read = Vec::new();
            for piece in out.chunks(size) {
                reader.push(piece).unwrap();
                while let Some(row) = reader.next(&types, CODEC).unwrap() {
                    read.push(row);
                }
            }
            assert_eq!(read, rows, "pieces of {size}");
            reader.finish().unwrap();
        }
    }

    #[test]
    fn rubbish_is_refused() {
        let mut reader = BinaryRows::default();
        reader.push(b"1\ta\n2\tb\n3\tccccccc").unwrap();
        assert_eq!(reader.next(&[ColumnType::Text], CODEC).unwrap_err().sqlstate(), "22P04");
        let mut reader = BinaryRows::default();
        reader.push(b"PGC").unwrap();
        assert!(reader.next(&[ColumnType::Text], CODEC).unwrap().is_none());
        assert!(reader.finish().is_err());
    }
}
