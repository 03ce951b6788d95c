//! JSON lines: a line that describes a collection, then a line for each of its rows.
//!
//! ```text
//! {"nebulusdb":{"format":1,"collection":"memory","columns":[{"name":"id","type":"text","not_null":true}, …],"primary_key":["id"]}}
//! {"id":"call-17","metadata":{"kind":"call"},"vector":[0.2,0.9],"blob":"dGhlIHJlY29yZGluZw=="}
//! ```
//!
//! A column that is NULL is left out. Facts stand as they are, numbers that JSON has as numbers, vectors as lists, bytes in
//! base64, and everything else as the text that PostgreSQL writes. A file without the first line is read as well, when the
//! collection is named and is there.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::store::file_error;
use crate::transfer::content::{TransferRow, refused, write_string};
use crate::transfer::json_split::members;
use crate::transfer::shape::TableShape;
use crate::transfer::source::SourcePiece;

const FORMAT: u32 = 1;
/// Rows that are read at once.
pub(super) const ROWS_MAX: usize = 250;
/// Bytes of rows that are read at once, but for the last row.
pub(super) const BYTES_MAX: usize = 4 << 20;
/// Longest line, in bytes: a blob at its limit in base64, and its facts.
const LINE_BYTES_MAX: u64 = 512 << 20;

#[derive(Serialize, Deserialize)]
struct Heading {
    nebulusdb: Description,
}

#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    #[serde(flatten)]
    shape: TableShape,
}

/// The line that describes a collection.
pub(super) fn heading(shape: &TableShape) -> Result<String> {
    let heading = Heading { nebulusdb: Description { format: FORMAT, shape: shape.clone() } };
    serde_json::to_string(&heading).map_err(|error| Error::internal(error.to_string()))
}

/// The collection that a line describes; `None` for a line that is a row.
pub(super) fn shape_of(line: &str) -> Result<Option<TableShape>> {
    if !line.starts_with("{\"nebulusdb\"") {
        return Ok(None);
    }
    let heading: Heading = serde_json::from_str(line)
        .map_err(|error| refused(&format!("the description of a collection cannot be read: {error}")))?;
    if heading.nebulusdb.format > FORMAT {
        let format = heading.nebulusdb.format;
        return Err(Error::new(
            ErrorKind::Configuration,
            format!("the file has format {format}, this program reads up to {FORMAT}"),
        ));
    }
    heading.nebulusdb.shape.check()?;
    Ok(Some(heading.nebulusdb.shape))
}

/// Writes rows.
pub(super) struct JsonWriter<W: Write> {
    out: W,
    line: String,
}

impl<W: Write> JsonWriter<W> {
    pub fn new(out: W) -> JsonWriter<W> {
        JsonWriter { out, line: String::new() }
    }

    /// Writes the line that describes a collection; its rows follow.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written.
    pub fn begin(&mut self, shape: &TableShape) -> Result<()> {
        writeln!(self.out, "{}", heading(shape)?)?;
        Ok(())
    }

    /// Writes a row.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written.
    pub fn write(&mut self, shape: &TableShape, row: &TransferRow) -> Result<()> {
        self.line.clear();
        self.line.push('{');
        write_members(shape, row, &mut self.line);
        self.line.push_str("}\n");
        self.out.write_all(self.line.as_bytes())?;
        Ok(())
    }

    /// Writes what is left in buffers, and gives back where it went.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Appends what is not NULL, with commas between.
pub(super) fn write_members(shape: &TableShape, row: &TransferRow, out: &mut String) {
    let mut is_first = true;
    for (column, content) in shape.columns.iter().zip(row) {
        let Some(content) = content else { continue };
        if !std::mem::replace(&mut is_first, false) {
            out.push(',');
        }
        write_string(&column.name, out);
        out.push(':');
        column.class().write_json(content, out);
    }
}

/// The error with the place in a file where it was found.
pub(super) fn placed(error: &Error, place: &str) -> Error {
    let mut placed = Error::new(error.kind(), format!("{place}: {}", error.message()));
    if let Some(detail) = error.detail() {
        placed = placed.with_detail(detail);
    }
    if let Some(hint) = error.hint() {
        placed = placed.with_hint(hint);
    }
    placed
}

/// Reads rows.
pub struct JsonReader {
    input: Box<dyn BufRead>,
    name: String,
    /// Of the file; 0 where it is not known.
    bytes: u64,
    read: u64,
    line_number: u64,
    line_bytes_max: u64,
    shape: Option<TableShape>,
    /// A description that was read behind rows of another collection.
    waiting: Option<TableShape>,
}

impl JsonReader {
    /// # Errors
    /// 58030 naming the file.
    pub fn open(path: &Path) -> Result<JsonReader> {
        let (input, bytes): (Box<dyn BufRead>, u64) = if path == Path::new("-") {
            (Box::new(BufReader::new(std::io::stdin())), 0)
        } else {
            let file = File::open(path).map_err(|error| file_error(path, error))?;
            let bytes = file.metadata().map_err(|error| file_error(path, error))?.len();
            (Box::new(BufReader::new(file)), bytes)
        };
        let name = path.display().to_string();
        Ok(JsonReader::new(input, name, bytes))
    }

    fn new(input: Box<dyn BufRead>, name: String, bytes: u64) -> JsonReader {
        let line_bytes_max = LINE_BYTES_MAX;
        JsonReader { input, name, bytes, read: 0, line_number: 0, line_bytes_max, shape: None, waiting: None }
    }

    /// The collection of a file that does not describe one.
    pub fn expect(&mut self, shape: TableShape) {
        self.shape = Some(shape);
    }

    pub fn progress(&self) -> (u64, u64) {
        (self.read, self.bytes)
    }

    /// The next collection or rows; `None` at the end.
    ///
    /// # Errors
    /// Naming the line: 22P02 for one that is no such row, 54000 for one longer than `LINE_BYTES_MAX`, 22021 for one that is not
    /// UTF-8; 42703 for an unknown column; 22023
    /// for the description of no collection; F0000 for one of a newer format, and rows without any; 58030 where it cannot be
    /// read.
    pub fn next_piece(&mut self) -> Result<Option<SourcePiece>> {
        if let Some(shape) = self.waiting.take() {
            self.shape = Some(shape.clone());
            return Ok(Some(SourcePiece::Table(shape)));
        }
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < ROWS_MAX && bytes < BYTES_MAX {
            let Some(line) = self.line()? else { break };
            bytes += line.len();
            match shape_of(&line).map_err(|error| self.at_line(&error))? {
                Some(shape) if rows.is_empty() => {
                    self.shape = Some(shape.clone());
                    return Ok(Some(SourcePiece::Table(shape)));
                }
                Some(shape) => {
                    self.waiting = Some(shape);
                    break;
                }
                None => rows.push(self.row(&line).map_err(|error| self.at_line(&error))?),
            }
        }
        Ok((!rows.is_empty()).then_some(SourcePiece::Rows(rows)))
    }

    /// The next line that is not empty.
    fn line(&mut self) -> Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            let count = self.input.by_ref().take(self.line_bytes_max + 1).read_until(b'\n', &mut line);
            let count = count.map_err(|error| {
                Error::new(ErrorKind::Io, format!("cannot read {}, line {}: {error}", self.name, self.line_number + 1))
            })?;
            if count == 0 {
                return Ok(None);
            }
            self.line_number += 1;
            self.read += count as u64;
            if count as u64 > self.line_bytes_max {
                let message = format!("it is longer than {} bytes", self.line_bytes_max);
                return Err(self.at_line(&Error::new(ErrorKind::LimitExceeded, message)));
            }
            let line = String::from_utf8(line).map_err(|error| {
                let message = format!("it is not UTF-8 from byte {} on", error.utf8_error().valid_up_to() + 1);
                self.at_line(&Error::new(ErrorKind::InvalidEncoding, message))
            })?;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn row(&self, line: &str) -> Result<TransferRow> {
        let Some(shape) = &self.shape else {
            return Err(Error::new(ErrorKind::Configuration, "the file does not say of which collection its rows are")
                .with_hint("Name one that is there with --collection."));
        };
        let mut row: TransferRow = vec![None; shape.columns.len()];
        for (name, json) in members(line)? {
            let place = shape.place(&name);
            let (Some(column), Some(content)) =
                (place.and_then(|at| shape.columns.get(at)), place.and_then(|at| row.get_mut(at)))
            else {
                return Err(Error::new(
                    ErrorKind::UndefinedColumn,
                    format!("there is no column \"{name}\" in collection \"{}\"", shape.collection),
                ));
            };
            let read = column.class().read_json(json);
            *content = read.map_err(|error| refused(&format!("column \"{name}\": {}", error.message())))?;
        }
        Ok(row)
    }

    fn at_line(&self, error: &Error) -> Error {
        placed(error, &format!("{}, line {}", self.name, self.line_number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_over_the_limit_is_told_as_one_wherever_it_is_cut() {
        let read = |text: &'static [u8]| {
            let mut reader = JsonReader::new(Box::new(text), "f".to_string(), 0);
            reader.line_bytes_max = 8;
            reader.line()
        };
        assert_eq!(read(b"1234567\n").unwrap().as_deref(), Some("1234567\n"));
        assert_eq!(read(b"12345678").unwrap().as_deref(), Some("12345678"));
        for text in ["123456789".as_bytes(), "12345678é".as_bytes(), "12345678\n".as_bytes()] {
            let error = read(text).unwrap_err();
            assert_eq!((error.sqlstate(), error.message()), ("54000", "f, line 1: it is longer than 8 bytes"));
        }
        let error = read(b"123\xff").unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22021", "f, line 1: it is not UTF-8 from byte 4 on"));
    }
}
