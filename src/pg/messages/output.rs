//! Messages to the client, gathered in one buffer and written with one system call.
//!
//! Messages of every statement are encoded by hand, straight into the buffer; rare ones with pgwire's types. The buffer is
//! flushed when the client waits for it, or when it has grown to a named size, so that a slow client slows its own query
//! down and a large result never lies in memory. Where a single row is larger than that, the buffer is taken from the server's
//! budget for its clients.

use bytes::{BufMut, Bytes, BytesMut};
use pgwire::messages::Message;
use pgwire::messages::copy::{CopyInResponse, CopyOutResponse};
use pgwire::messages::data::{FieldDescription, ParameterDescription, RowDescription};
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use pgwire::messages::startup::{Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::{Error, ErrorKind, Notice, Result};
use crate::metrics;
use crate::model::{MemoryAccount, Notification, OutputColumn, Reservation};
use crate::pg::codec::encode::{encode_binary, encode_text};
use crate::pg::messages::report::{fields_of, without_nul};
use crate::session::{Formats, TransactionStatus};
use crate::types::limits::RESULT_COLUMNS_MAX;
use crate::types::{ColumnType, TextStyle, Value};

/// Bytes that are gathered before they are written without being asked for.
pub(super) const FLUSH_BYTES: usize = 64 * 1024;
/// An empty buffer that has grown beyond this is given back.
const BUFFER_BYTES_KEPT: usize = 1024 * 1024;
/// A buffer that has not grown beyond this takes nothing from the budget.
const BUFFER_BYTES_FREE: usize = 256 * 1024;
/// Bytes of an empty buffer.
const BUFFER_BYTES: usize = FLUSH_BYTES / 8;

pub(in crate::pg) const PARSE_COMPLETE: u8 = b'1';
pub(in crate::pg) const BIND_COMPLETE: u8 = b'2';
pub(in crate::pg) const CLOSE_COMPLETE: u8 = b'3';
pub(in crate::pg) const PORTAL_SUSPENDED: u8 = b's';
pub(in crate::pg) const NO_DATA: u8 = b'n';
pub(in crate::pg) const EMPTY_QUERY: u8 = b'I';
pub(in crate::pg) const COPY_DONE: u8 = b'c';

/// What waits to be written.
/// Its methods are one a message.
pub(in crate::pg) struct ClientOutput {
    buffer: BytesMut,
    /// What the buffer takes from the budget; `None` before anybody has logged in, when messages are small.
    memory: Option<Reservation>,
    /// Rows that the last statement which ended well told of.
    rows_told: Option<u64>,
}

impl ClientOutput {
    pub fn new() -> Self {
        ClientOutput { buffer: BytesMut::with_capacity(BUFFER_BYTES), memory: None, rows_told: None }
    }

    /// From now on long rows take memory from an account.
    pub fn account(&mut self, account: &MemoryAccount) {
        self.memory = Some(account.nothing());
    }

    pub fn is_full(&self) -> bool {
        self.buffer.len() >= FLUSH_BYTES
    }

    /// Writes everything.
    ///
    /// # Errors
    /// That of the stream.
    pub async fn flush(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        if !self.buffer.is_empty() {
            stream.write_all(&self.buffer).await?;
            self.buffer.clear();
            self.shrink(BUFFER_BYTES_KEPT);
        }
        stream.flush().await
    }

    /// Gives back what a buffer has grown beyond so many bytes.
    fn shrink(&mut self, bytes_kept: usize) {
        if self.buffer.capacity() > bytes_kept {
            let kept = BytesMut::from(&self.buffer[..]);
            self.buffer = if kept.is_empty() { BytesMut::with_capacity(BUFFER_BYTES) } else { kept };
            self.memory.iter_mut().for_each(|memory| drop(memory.split_above(0)));
        }
    }

    /// Makes room for a message that may be long.
    ///
    /// # Errors
    /// 53200 when there is no memory for it; the buffer is as it was.
    fn make_room(&mut self, bytes: usize) -> Result<()> {
        let wanted = self.buffer.len().saturating_add(bytes);
        if wanted <= BUFFER_BYTES_FREE || wanted <= self.buffer.capacity() {
            return Ok(());
        }
        if let Some(memory) = &mut self.memory {
            memory.resize(wanted)?;
        }
        self.buffer.reserve(bytes);
        Ok(())
    }

    /// Takes what the buffer has grown to from the budget; where there is none, everything from `start` on is dropped.
    fn charge(&mut self, start: usize) -> Result<()> {
        let bytes = self.buffer.capacity();
        let Some(memory) = &mut self.memory else { return Ok(()) };
        if bytes <= BUFFER_BYTES_FREE || bytes <= memory.bytes() {
            return Ok(());
        }
        if let Err(error) = memory.resize(bytes) {
            self.buffer.truncate(start);
            self.shrink(BUFFER_BYTES_FREE);
            return Err(error);
        }
        Ok(())
    }

    /// A message without a body.
    pub fn empty(&mut self, tag: u8) {
        self.buffer.put_u8(tag);
        self.buffer.put_i32(4);
    }

    pub fn encoded(&mut self, message: &Bytes) {
        self.buffer.put_slice(message);
    }

    pub fn ready(&mut self, status: TransactionStatus) {
        self.buffer.put_u8(b'Z');
        self.buffer.put_i32(5);
        self.buffer.put_u8(match status {
            TransactionStatus::Idle => b'I',
            TransactionStatus::InTransaction => b'T',
            TransactionStatus::Failed => b'E',
        });
    }

    /// A statement has ended well.
    pub fn command_complete(&mut self, tag: std::fmt::Arguments<'_>) {
        metrics::STATEMENTS.add(1);
        let start = self.begin(b'C');
        // Writing into a growing buffer does not fail.
        if std::fmt::Write::write_fmt(&mut self.buffer, tag).is_ok() {
            // By the number at the end of its tag.
            let number = self.buffer.rsplit(|byte| *byte == b' ').next();
            self.rows_told = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            self.buffer.put_u8(0);
        }
        self.end(start);
    }

    /// Rows that the last statement which ended well told of; `None` where it tells of none.
    pub fn rows_told(&self) -> Option<u64> {
        self.rows_told
    }

    /// One row. On an error the buffer is as it was.
    ///
    /// # Errors
    /// 54011 for too many columns, 53200 for a long row for which there is no memory, and what a value cannot be sent for.
    pub fn data_row(
        &mut self,
        row: &[Value],
        columns: &[OutputColumn],
        formats: &Formats,
        style: &TextStyle,
    ) -> Result<()> {
        self.make_room(row.iter().map(Value::bytes).fold(0, usize::saturating_add))?;
        let start = self.begin(b'D');
        let fields = i16::try_from(columns.len()).map_err(|_| too_many_columns(columns.len()))?;
        self.buffer.put_i16(fields);
        for (position, column) in columns.iter().enumerate() {
            let value = row.get(position).unwrap_or(&Value::Null);
            let encoded = if formats.is_binary(position) {
                encode_binary(value, &column.ty, &mut self.buffer)
            } else {
                encode_text(value, &column.ty, style, &mut self.buffer)
            };
            if let Err(error) = encoded {
                self.buffer.truncate(start);
                return Err(error);
            }
        }
        self.end(start);
        self.charge(start)
    }

    /// A piece of a COPY.
    ///
    /// # Errors
    /// 53200 for a long one for which there is no memory; the buffer is as it was.
    pub fn copy_data(&mut self, data: &[u8]) -> Result<()> {
        self.make_room(data.len().saturating_add(FLUSH_BYTES))?;
        let start = self.begin(b'd');
        self.buffer.put_slice(data);
        self.end(start);
        self.charge(start)
    }

    /// A message of NOTIFY, or of the server itself.
    pub fn notification(&mut self, notification: &Notification) {
        let start = self.begin(b'A');
        self.buffer.put_i32(notification.sender);
        for text in [&notification.channel, &notification.payload] {
            self.buffer.put_slice(without_nul(text).as_bytes());
            self.buffer.put_u8(0);
        }
        self.end(start);
    }

    /// A statement has ended with an error.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn error(&mut self, severity: &str, error: &Error) -> Result<()> {
        metrics::ERRORS.add(1);
        self.message(&ErrorResponse::new(fields_of(severity, error.sqlstate(), error)))
    }

    /// An error that ends the connection, with a SQLSTATE of the connection's own.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn fatal(&mut self, sqlstate: &str, error: &Error) -> Result<()> {
        self.message(&ErrorResponse::new(fields_of("FATAL", sqlstate, error)))
    }

    /// A notice or a warning.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn notice(&mut self, notice: &Notice) -> Result<()> {
        let Notice { severity, report } = notice;
        self.message(&NoticeResponse::new(fields_of(severity.name(), report.sqlstate(), report)))
    }

    /// The value that a setting has now.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn parameter_status(&mut self, name: &str, value: &str) -> Result<()> {
        self.message(&ParameterStatus::new(name.to_string(), value.to_string()))
    }

    /// A step of logging in.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn authentication(&mut self, message: &Authentication) -> Result<()> {
        self.message(message)
    }

    /// What the client cancels its statements by.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn backend_key(&mut self, id: i32, secret: &[u8]) -> Result<()> {
        self.message(&BackendKeyData::new(id, SecretKey::Bytes(Bytes::copy_from_slice(secret))))
    }

    /// The version of the protocol that is spoken, and the options of the client's that are not known.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn negotiate(&mut self, version: i32, unknown: Vec<String>) -> Result<()> {
        self.message(&NegotiateProtocolVersion::new(version, unknown))
    }

    /// The types of a statement's parameters.
    ///
    /// # Errors
    /// XX000 where the message cannot be encoded.
    pub fn parameter_description(&mut self, types: &[ColumnType]) -> Result<()> {
        self.message(&ParameterDescription::new(types.iter().map(ColumnType::oid).collect()))
    }

    /// Asks for the data of a COPY.
    ///
    /// # Errors
    /// 54011 for more columns than a 16-bit number counts, XX000 where the message cannot be encoded.
    pub fn copy_in(&mut self, is_binary: bool, columns: usize) -> Result<()> {
        let (format, formats, columns) = copy_formats(is_binary, columns)?;
        self.message(&CopyInResponse::new(format, columns, formats))
    }

    /// Announces the data of a COPY.
    ///
    /// # Errors
    /// 54011 for more columns than a 16-bit number counts, XX000 where the message cannot be encoded.
    pub fn copy_out(&mut self, is_binary: bool, columns: usize) -> Result<()> {
        let (format, formats, columns) = copy_formats(is_binary, columns)?;
        self.message(&CopyOutResponse::new(format, columns, formats))
    }

    fn message(&mut self, message: &impl Message) -> Result<()> {
        encode(message, &mut self.buffer)
    }

    /// Opens a message; the length is filled in by [`ClientOutput::end`].
    fn begin(&mut self, tag: u8) -> usize {
        let start = self.buffer.len();
        self.buffer.put_u8(tag);
        self.buffer.put_i32(0);
        start
    }

    fn end(&mut self, start: usize) {
        // A row's fields are bounded by the limits of entries and blobs, far below 2 GiB.
        let length = i32::try_from(self.buffer.len() - start - 1).unwrap_or(i32::MAX);
        if let Some(slot) = self.buffer.get_mut(start + 1..start + 5) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
    }
}

/// A whole RowDescription message, to be kept with its statement.
pub(in crate::pg) fn row_description(columns: &[OutputColumn], formats: &Formats) -> Result<Bytes> {
    if columns.len() > RESULT_COLUMNS_MAX {
        return Err(too_many_columns(columns.len()));
    }
    let fields = columns.iter().enumerate().map(|(position, column)| {
        FieldDescription::new(
            without_nul(&column.name),
            column.table_oid.cast_signed(),
            column.attribute,
            column.ty.oid(),
            column.ty.length(),
            column.ty.modifier(),
            i16::from(formats.is_binary(position)),
        )
    });
    let mut buffer = BytesMut::new();
    encode(&RowDescription::new(fields.collect()), &mut buffer)?;
    Ok(buffer.freeze())
}

fn encode(message: &impl Message, buffer: &mut BytesMut) -> Result<()> {
    let start = buffer.len();
    message.encode(buffer).map_err(|error| {
        buffer.truncate(start);
        Error::internal(format!("a message cannot be encoded: {error}"))
    })
}

fn too_many_columns(count: usize) -> Error {
    Error::new(ErrorKind::TooManyColumns, format!("a result has {count} columns, allowed are {RESULT_COLUMNS_MAX}"))
}

fn copy_formats(is_binary: bool, columns: usize) -> Result<(i8, Vec<i16>, i16)> {
    let count = i16::try_from(columns).map_err(|_| too_many_columns(columns))?;
    Ok((i8::from(is_binary), vec![i16::from(is_binary); columns], count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_length_and_its_fields_in_their_formats() {
        let columns = [OutputColumn::computed("a", ColumnType::Int4), OutputColumn::computed("b", ColumnType::Text)];
        let mut output = ClientOutput::new();
        let row = [Value::Int4(7), Value::Null];
        output.data_row(&row, &columns, &Formats::Each(vec![true, false]), TextStyle::CANONICAL).unwrap();
        assert_eq!(&output.buffer[..], b"D\0\0\0\x12\0\x02\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff");
    }

    #[test]
    fn errors_carry_their_fields() {
        let mut output = ClientOutput::new();
        let error = Error::syntax("bad\0thing", Some(8)).with_hint("do");
        output.error("ERROR", &error).unwrap();
        let text = String::from_utf8_lossy(&output.buffer).replace('\0', "|");
        assert!(text.ends_with("SERROR|VERROR|C42601|Mbad\u{FFFD}thing|Hdo|P8||"), "{text}");
        let mut output = ClientOutput::new();
        let error = Error::new(ErrorKind::UniqueViolation, "twice").of_constraint("t", "t_pkey");
        output.error("ERROR", &error).unwrap();
        let text = String::from_utf8_lossy(&output.buffer).replace('\0', "|");
        assert!(text.ends_with("C23505|Mtwice|spublic|tt|nt_pkey||"), "{text}");
    }
}
