//! Rows of one collection as a Parquet file: booleans, integers, floats, bytes and JSON as such, vectors as lists of floats,
//! everything else as the text that PostgreSQL writes. What the collection looks like stands in the file's metadata.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::content::{Content, TransferRow, TypeClass};
use crate::transfer::json_lines::heading;
use crate::transfer::shape::{ColumnShape, TableShape};

/// The name under which the description of the collection stands in the file.
pub(super) const DESCRIPTION: &str = "nebulusdb";
/// Rows that are written together, at most.
const GROUP_ROWS_MAX: usize = 20_000;
/// Bytes of them, but for the last row.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// Keeps what the system refused first: the library tells of some of its errors in words only.
struct WatchedOutput<W> {
    out: W,
    refused: Arc<OnceLock<io::ErrorKind>>,
}

impl<W: Write> WatchedOutput<W> {
    fn noted<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.refused.get_or_init(|| error.kind());
            }
        })
    }
}

impl<W: Write> Write for WatchedOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.noted(flushed)
    }
}

/// Writes a file.
pub(super) struct ParquetWriter<W: Write + Send> {
    file: SerializedFileWriter<WatchedOutput<W>>,
    refused: Arc<OnceLock<io::ErrorKind>>,
    shape: TableShape,
    rows: Vec<TransferRow>,
    bytes: usize,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file of a collection's rows.
    ///
    /// # Errors
    /// 58030 for a schema that Parquet does not take; 53100 and 58030 where the file cannot be written.
    pub fn new(out: W, shape: &TableShape) -> Result<ParquetWriter<W>> {
        let fields = shape.columns.iter().map(field).collect::<parquet::errors::Result<Vec<TypePtr>>>();
        let fields = fields.map_err(failed)?;
        let schema = Type::group_type_builder("collection").with_fields(fields).build().map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(vec![KeyValue::new(DESCRIPTION.to_string(), heading(shape)?)]))
            .build();
        let refused = Arc::new(OnceLock::new());
        let out = WatchedOutput { out, refused: Arc::clone(&refused) };
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed);
        let file = file.map_err(|error| of_system(error, &refused))?;
        Ok(ParquetWriter { file, refused, shape: shape.clone(), rows: Vec::new(), bytes: 0 })
    }

    /// Takes a row; rows are written by groups.
    ///
    /// # Errors
    /// 53100 and 58030 where a group cannot be written, XX000 for a value that is not of its column's type.
    pub fn write(&mut self, row: TransferRow) -> Result<()> {
        let bytes = row.iter().flatten().map(|content| match content {
            Content::Text(text) => text.len(),
            Content::Bytes(bytes) => bytes.len(),
        });
        self.bytes += bytes.sum::<usize>();
        self.rows.push(row);
        if self.rows.len() >= GROUP_ROWS_MAX || self.bytes >= GROUP_BYTES_MAX { self.write_group() } else { Ok(()) }
    }

    /// Writes the last group and the end of the file, and gives back where it went.
    ///
    /// # Errors
    /// As [`ParquetWriter::write`].
    pub fn finish(mut self) -> Result<W> {
        self.write_group()?;
        let ended = self.file.into_inner().map_err(failed);
        ended.map(|watched| watched.out).map_err(|error| of_system(error, &self.refused))
    }

    fn write_group(&mut self) -> Result<()> {
        let written = self.write_rows();
        written.map_err(|error| of_system(error, &self.refused))
    }

    fn write_rows(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group().map_err(failed)?;
        for (at, column) in self.shape.columns.iter().enumerate() {
            let Some(mut writer) = group.next_column().map_err(failed)? else {
                return Err(Error::internal("the Parquet file has fewer columns than the collection"));
            };
            let contents: Vec<Option<&Content>> = rows.iter().map(|row| row.get(at).and_then(Option::as_ref)).collect();
            write_column(column, &contents, &mut writer)?;
            writer.close().map_err(failed)?;
        }
        group.close().map(drop).map_err(failed)
    }
}

/// How a column stands in the schema; all may be NULL.
fn field(column: &ColumnShape) -> parquet::errors::Result<TypePtr> {
    let primitive = |physical, converted| {
        Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_converted_type(converted)
            .build()
    };
    let built = match column.class() {
        TypeClass::Bool => primitive(Physical::BOOLEAN, ConvertedType::NONE),
        TypeClass::Integer => primitive(Physical::INT32, ConvertedType::NONE),
        TypeClass::BigInteger => primitive(Physical::INT64, ConvertedType::NONE),
        TypeClass::Float => primitive(Physical::FLOAT, ConvertedType::NONE),
        TypeClass::Double => primitive(Physical::DOUBLE, ConvertedType::NONE),
        TypeClass::Json => primitive(Physical::BYTE_ARRAY, ConvertedType::JSON),
        TypeClass::Bytes => primitive(Physical::BYTE_ARRAY, ConvertedType::NONE),
        TypeClass::Text => primitive(Physical::BYTE_ARRAY, ConvertedType::UTF8),
        TypeClass::Vector => {
            let element = Type::primitive_type_builder("element", Physical::FLOAT);
            let element = element.with_repetition(Repetition::REQUIRED).build()?;
            let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
            let list = list.with_fields(vec![Arc::new(element)]).build()?;
            Type::group_type_builder(&column.name)
                .with_repetition(Repetition::OPTIONAL)
                .with_converted_type(ConvertedType::LIST)
                .with_fields(vec![Arc::new(list)])
                .build()
        }
    };
    built.map(Arc::new)
}

fn write_column(
    column: &ColumnShape,
    contents: &[Option<&Content>],
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    match column.class() {
        TypeClass::Bool => write_values::<BoolType>(column, contents, writer, |text| match text {
            "t" | "true" => Some(true),
            "f" | "false" => Some(false),
            _ => None,
        }),
        TypeClass::Integer => write_values::<Int32Type>(column, contents, writer, |text| text.parse().ok()),
        TypeClass::BigInteger => write_values::<Int64Type>(column, contents, writer, |text| text.parse().ok()),
        TypeClass::Float => write_values::<FloatType>(column, contents, writer, |text| text.parse().ok()),
        TypeClass::Double => write_values::<DoubleType>(column, contents, writer, |text| text.parse().ok()),
        TypeClass::Json | TypeClass::Text | TypeClass::Bytes => {
            let bytes = |content: &Content| match content {
                Content::Text(text) => ByteArray::from(text.as_bytes().to_vec()),
                Content::Bytes(bytes) => ByteArray::from(bytes.clone()),
            };
            let values: Vec<ByteArray> = contents.iter().flatten().map(|content| bytes(content)).collect();
            let levels: Vec<i16> = contents.iter().map(|content| i16::from(content.is_some())).collect();
            let written = writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None);
            written.map(drop).map_err(failed)
        }
        TypeClass::Vector => write_vectors(column, contents, writer),
    }
}

fn write_values<T: DataType>(
    column: &ColumnShape,
    contents: &[Option<&Content>],
    writer: &mut SerializedColumnWriter<'_>,
    parse: impl Fn(&str) -> Option<T::T>,
) -> Result<()> {
    let values = contents.iter().flatten().map(|content| match content {
        Content::Text(text) => parse(text).ok_or_else(|| unreadable(column, text)),
        Content::Bytes(_) => Err(unreadable(column, "bytes")),
    });
    let values = values.collect::<Result<Vec<T::T>>>()?;
    let levels: Vec<i16> = contents.iter().map(|content| i16::from(content.is_some())).collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None).map(drop).map_err(failed)
}

/// A list has two levels below it: 0 no list, 1 an empty one, 2 an element; an element that goes on with a list repeats.
fn write_vectors(
    column: &ColumnShape,
    contents: &[Option<&Content>],
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    let (mut values, mut defined, mut repeated) = (Vec::<f32>::new(), Vec::<i16>::new(), Vec::<i16>::new());
    for content in contents {
        let text = match content {
            None => {
                defined.push(0);
                repeated.push(0);
                continue;
            }
            Some(Content::Text(text)) => text.as_str(),
            Some(Content::Bytes(_)) => return Err(unreadable(column, "bytes")),
        };
        let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let inner = inner.ok_or_else(|| unreadable(column, text))?;
        for (at, component) in inner.split(',').enumerate() {
            values.push(component.trim().parse().map_err(|_| unreadable(column, text))?);
            defined.push(2);
            repeated.push(i16::from(at > 0));
        }
    }
    let written = writer.typed::<FloatType>().write_batch(&values, Some(&defined), Some(&repeated));
    written.map(drop).map_err(failed)
}

fn unreadable(column: &ColumnShape, text: &str) -> Error {
    Error::internal(format!("column {} has \"{text}\", which is no {}", column.name, column.type_name))
}

pub(super) fn failed(error: ParquetError) -> Error {
    Error::new(ErrorKind::Io, format!("Parquet: {error}"))
}

/// The error of the library, of the kind of what the system refused underneath.
fn of_system(error: Error, refused: &OnceLock<io::ErrorKind>) -> Error {
    match refused.get() {
        Some(kind) if error.kind() == ErrorKind::Io => Error::new(ErrorKind::from(*kind), error.message()),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so many bytes left.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_one_wherever_the_file_ends() {
        let columns = vec![ColumnShape::new("id", "text")];
        let shape = TableShape { collection: "t".to_string(), columns, primary_key: Vec::new(), indexes: Vec::new() };
        let written = |bytes: usize| -> Result<Disk> {
            let mut writer = ParquetWriter::new(Disk(bytes), &shape)?;
            // More than the buffer of the library holds, and nothing that compresses.
            let mut state = 1_u64;
            for _ in 0..2_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                writer.write(vec![Some(Content::Text(state.to_string()))])?;
            }
            writer.finish()
        };
        let needed = 1 << 20;
        let left = written(needed).unwrap().0;
        for bytes in [0, 1, 9_000, needed - left - 1] {
            let error = written(bytes).map(drop).unwrap_err();
            assert_eq!(error.sqlstate(), "53100", "{bytes} bytes left: {error}");
        }
    }
}
