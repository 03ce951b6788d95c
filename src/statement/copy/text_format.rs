//! The text and CSV formats of COPY: bytes to fields and back (PostgreSQL documentation, COPY, "File Formats").
//!
//! A record may arrive in any number of pieces. Nothing is planned or looked up here.

use bytes::{BufMut, BytesMut};

use crate::error::{Error, ErrorKind, Result};
use crate::statement::copy::options::{CopyFormat, CopyOptions};
use crate::types::limits::MESSAGE_BYTES_MAX;
use crate::types::{TextStyle, Value};

/// Cuts a stream of bytes into records. A newline ends one, unless it is escaped or stands inside quotes.
#[derive(Default)]
pub struct Records {
    buffer: Vec<u8>,
    /// Where the next record begins, and how far it was looked through.
    start: usize,
    scanned: usize,
    in_quotes: bool,
    is_escaped: bool,
    is_over: bool,
}

impl Records {
    /// # Errors
    /// 54000 for a record over the limit of a message.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        if self.buffer.len() + bytes.len() > 2 * MESSAGE_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("a row of COPY is longer than {MESSAGE_BYTES_MAX} bytes"),
            ));
        }
        if !self.is_over {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// The next whole record without its newline; with `at_end` what is left counts as one.
    pub fn next(&mut self, options: &CopyOptions, at_end: bool) -> Option<&[u8]> {
        if self.is_over {
            return None;
        }
        let is_csv = options.format == CopyFormat::Csv;
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        let mut end = None;
        for (at, byte) in rest.iter().enumerate() {
            if self.is_escaped {
                self.is_escaped = false;
            } else if *byte == b'\n' && !self.in_quotes {
                end = Some(self.scanned + at);
                break;
            } else if !is_csv {
                self.is_escaped = *byte == b'\\';
            } else if self.in_quotes && *byte == options.escape && options.escape != options.quote {
                self.is_escaped = true;
            } else if *byte == options.quote {
                self.in_quotes = !self.in_quotes;
            }
        }
        let (start, end) = match end {
            Some(end) => {
                let start = std::mem::replace(&mut self.start, end + 1);
                self.scanned = end + 1;
                (start, end)
            }
            None => {
                self.scanned = self.buffer.len();
                if !at_end || self.start == self.buffer.len() {
                    return None;
                }
                (std::mem::replace(&mut self.start, self.buffer.len()), self.buffer.len())
            }
        };
        let record = self.buffer.get(start..end).unwrap_or_default();
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record == b"\\." {
            self.is_over = true;
            return None;
        }
        Some(record)
    }

    /// Whether the data ended inside quotes.
    pub fn is_unterminated(&self) -> bool {
        self.in_quotes
    }
}

/// Takes a record apart; `None` is NULL.
///
/// # Errors
/// 22021 for bytes that are no UTF-8, 22P04 for quotes that do not close.
pub fn read_fields(record: &[u8], options: &CopyOptions, fields: &mut Vec<Option<String>>) -> Result<()> {
    fields.clear();
    match options.format {
        CopyFormat::Csv => read_csv_fields(record, options, fields),
        _ => read_text_fields(record, options, fields),
    }
}

fn read_text_fields(record: &[u8], options: &CopyOptions, fields: &mut Vec<Option<String>>) -> Result<()> {
    let mut rest = record;
    loop {
        let end = field_end(rest, options.delimiter);
        let raw = rest.get(..end).unwrap_or(rest);
        fields.push(if raw == options.null.as_bytes() { None } else { Some(utf8(unescaped(raw))?) });
        match rest.get(end + 1..) {
            Some(after) if end < rest.len() => rest = after,
            _ => return Ok(()),
        }
    }
}

/// Where the field ends: at the next delimiter without a backslash before it.
fn field_end(rest: &[u8], delimiter: u8) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.iter().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if *byte == b'\\' {
            is_escaped = true;
        } else if *byte == delimiter {
            return at;
        }
    }
    rest.len()
}

fn unescaped(raw: &[u8]) -> Vec<u8> {
    if !raw.contains(&b'\\') {
        return raw.to_vec();
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escape) = bytes.next() else {
            out.push(b'\\');
            break;
        };
        let digit = |byte: Option<&u8>, radix: u32| byte.and_then(|byte| char::from(*byte).to_digit(radix));
        match escape {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'0'..=b'7' => {
                let mut code = u32::from(escape - b'0');
                for _ in 0..2 {
                    let Some(value) = digit(bytes.peek(), 8) else { break };
                    code = code * 8 + value;
                    bytes.next();
                }
                out.push(u8::try_from(code & 0xff).unwrap_or(0));
            }
            b'x' if digit(bytes.peek(), 16).is_some() => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some(value) = digit(bytes.peek(), 16) else { break };
                    code = code * 16 + value;
                    bytes.next();
                }
                out.push(u8::try_from(code).unwrap_or(0));
            }
            other => out.push(other),
        }
    }
    out
}

fn read_csv_fields(record: &[u8], options: &CopyOptions, fields: &mut Vec<Option<String>>) -> Result<()> {
    let mut field = Vec::new();
    let (mut in_quotes, mut was_quoted) = (false, false);
    let mut bytes = record.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_quotes {
            let next_is_special = bytes.peek().is_some_and(|next| *next == options.quote || *next == options.escape);
            if byte == options.escape && next_is_special {
                field.extend(bytes.next());
            } else if byte == options.quote {
                in_quotes = false;
            } else {
                field.push(byte);
            }
        } else if byte == options.delimiter {
            fields.push(csv_field(std::mem::take(&mut field), was_quoted, fields.len(), options)?);
            was_quoted = false;
        } else if byte == options.quote {
            in_quotes = true;
            was_quoted = true;
        } else {
            field.push(byte);
        }
    }
    if in_quotes {
        return Err(Error::new(ErrorKind::BadCopyFormat, "unterminated CSV quoted field"));
    }
    fields.push(csv_field(field, was_quoted, fields.len(), options)?);
    Ok(())
}

fn csv_field(field: Vec<u8>, was_quoted: bool, column: usize, options: &CopyOptions) -> Result<Option<String>> {
    let can_be_null = if was_quoted { options.force_null.has(column) } else { !options.force_not_null.has(column) };
    if can_be_null && field == options.null.as_bytes() {
        return Ok(None);
    }
    utf8(field).map(Some)
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let bad = error.as_bytes().get(error.utf8_error().valid_up_to()).copied().unwrap_or(0);
        Error::new(ErrorKind::InvalidEncoding, format!("invalid byte sequence for encoding \"UTF8\": 0x{bad:02x}"))
    })
}

/// Appends one line with its newline.
pub fn write_line<'a>(
    values: impl IntoIterator<Item = &'a Value>,
    options: &CopyOptions,
    style: &TextStyle,
    out: &mut BytesMut,
) {
    let mut text = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.put_u8(options.delimiter);
        }
        if value.is_null() {
            out.extend_from_slice(options.null.as_bytes());
            continue;
        }
        text.clear();
        style.write(value, &mut text);
        match options.format {
            CopyFormat::Csv => write_csv(&text, options.force_quote.has(at), options, out),
            _ => write_escaped(&text, options, out),
        }
    }
    out.put_u8(b'\n');
}

fn write_escaped(text: &[u8], options: &CopyOptions, out: &mut BytesMut) {
    for byte in text {
        let escape = match *byte {
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            b'\\' => b'\\',
            byte if byte == options.delimiter => byte,
            byte => {
                out.put_u8(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escape]);
    }
}

fn write_csv(text: &[u8], in_quotes: bool, options: &CopyOptions, out: &mut BytesMut) {
    let is_special = |byte: &u8| matches!(*byte, b'\n' | b'\r') || *byte == options.delimiter || *byte == options.quote;
    if !in_quotes && text != options.null.as_bytes() && text != b"\\." && !text.iter().any(is_special) {
        out.extend_from_slice(text);
        return;
    }
    out.put_u8(options.quote);
    for byte in text {
        if *byte == options.quote || *byte == options.escape {
            out.put_u8(options.escape);
        }
        out.put_u8(*byte);
    }
    out.put_u8(options.quote);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::copy::options::Forced;

    fn options(format: CopyFormat) -> CopyOptions {
        let is_csv = format == CopyFormat::Csv;
        CopyOptions {
            format,
            delimiter: if is_csv { b',' } else { b'\t' },
            null: if is_csv { String::new() } else { "\\N".to_string() },
            header: false,
            quote: b'"',
            escape: b'"',
            force_quote: Forced::None,
            force_not_null: Forced::None,
            force_null: Forced::None,
        }
    }

    /// All fields of a text that arrives in pieces of `size` bytes; NULL shows as `<null>`.
    fn fields(text: &str, format: CopyFormat, size: usize) -> Vec<Vec<String>> {
        let options = options(format);
        let mut records = Records::default();
        let (mut all, mut row) = (Vec::new(), Vec::new());
        let mut take = |records: &mut Records, at_end| {
            while let Some(record) = records.next(&options, at_end) {
                read_fields(record, &options, &mut row).unwrap();
                all.push(row.iter().map(|field| field.clone().unwrap_or_else(|| "<null>".to_string())).collect());
            }
        };
        for piece in text.as_bytes().chunks(size) {
            records.push(piece).unwrap();
            take(&mut records, false);
        }
        take(&mut records, true);
        all
    }

    #[test]
    fn text_is_read_whatever_its_pieces() {
        let text = "1\ta\\tb\\n\\x41\\101\\\\\t\\N\n2\t\\\n\té\r\n3\t\t";
        let expected = [vec!["1", "a\tb\nAA\\", "<null>"], vec!["2", "\n", "é"], vec!["3", "", ""]];
        for size in [1, 2, 3, 7, 100] {
            assert_eq!(fields(text, CopyFormat::Text, size), expected, "pieces of {size}");
        }
        assert_eq!(fields("1\n\\.\nrubbish\n", CopyFormat::Text, 3), [["1"]]);
        assert!(fields("", CopyFormat::Text, 1).is_empty());
        assert_eq!(fields("\n", CopyFormat::Text, 1), [[""]]);
    }

    #[test]
    fn csv_is_read_whatever_its_pieces() {
        let text = "1,\"a,\"\"b\"\"\nc\",\n2,\"\",x\r\n";
        let expected = [vec!["1", "a,\"b\"\nc", "<null>"], vec!["2", "", "x"]];
        for size in [1, 2, 5, 100] {
            assert_eq!(fields(text, CopyFormat::Csv, size), expected, "pieces of {size}");
        }
        let mut row = Vec::new();
        let error = read_fields(b"1,\"x", &options(CopyFormat::Csv), &mut row).unwrap_err();
        assert_eq!(error.message(), "unterminated CSV quoted field");
        assert_eq!(read_fields(b"\xff", &options(CopyFormat::Csv), &mut row).unwrap_err().sqlstate(), "22021");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let values = [
            Value::text("a\tb\\\n,\"x\""),
            Value::Null,
            Value::text(""),
            Value::text("\\N"),
            Value::text("\\."),
            Value::Int4(-7),
        ];
        for format in [CopyFormat::Text, CopyFormat::Csv] {
            let mut out = BytesMut::new();
            write_line(&values, &options(format), TextStyle::CANONICAL, &mut out);
            let text = std::str::from_utf8(&out).unwrap();
            let expected: Vec<String> = values
                .iter()
                .map(|value| if value.is_null() { "<null>".to_string() } else { value.to_text() })
                .collect();
            assert_eq!(fields(text, format, 4), [expected], "{text}");
        }
    }
}
