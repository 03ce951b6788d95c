//! A Parquet file as a source: one of our own, with all its types, or anybody's whose columns have a counterpart here.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, NaiveTime};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row as ParquetRow};
use parquet::schema::types::Type;

use crate::error::{Error, ErrorKind, Result};
use crate::store::file_error;
use crate::transfer::content::{Content, TransferRow};
use crate::transfer::json_lines::{BYTES_MAX, ROWS_MAX, placed, shape_of};
use crate::transfer::parquet_writer::{DESCRIPTION, failed};
use crate::transfer::shape::{ColumnShape, TableShape};
use crate::transfer::source::SourcePiece;

/// How a Parquet file begins.
const MAGIC: &[u8; 4] = b"PAR1";

/// Reads a file.
pub struct ParquetReader {
    rows: RowIter<'static>,
    name: String,
    shape: TableShape,
    /// Columns of points in time that the library reads as numbers, with how many of their units a second has.
    moments: HashMap<String, i64>,
    is_begun: bool,
    count: u64,
    read: u64,
}

impl ParquetReader {
    /// `None` for a file that is no Parquet.
    ///
    /// # Errors
    /// 58030 for a file that cannot be read, 0A000 for a column without counterpart.
    pub fn open(path: &Path) -> Result<Option<ParquetReader>> {
        if path == Path::new("-") {
            return Ok(None);
        }
        let named = |error| file_error(path, error);
        let mut start = Vec::new();
        File::open(path).map_err(named)?.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(named)?;
        if start != MAGIC {
            return Ok(None);
        }
        let name = path.display().to_string();
        let wrong =
            |error| Error::new(ErrorKind::Corrupted, format!("{name} cannot be read: {}", failed(error).message()));
        let file = SerializedFileReader::new(File::open(path).map_err(named)?).map_err(wrong)?;
        let metadata = file.metadata().file_metadata();
        let described = metadata.key_value_metadata().into_iter().flatten();
        let described = described.filter(|pair| pair.key == DESCRIPTION).find_map(|pair| pair.value.as_deref());
        let shape = match described {
            Some(text) => shape_of(text)?,
            None => None,
        };
        let (shape, moments) = match shape {
            Some(shape) => (shape, HashMap::new()),
            None => (foreign(metadata.schema())?, moments(metadata.schema())),
        };
        let count = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let rows = RowIter::from_file_into(Box::new(file));
        Ok(Some(ParquetReader { rows, name, shape, moments, is_begun: false, count, read: 0 }))
    }

    pub fn progress(&self) -> (u64, u64) {
        (self.read, self.count)
    }

    /// The collection, then its rows; `None` at the end.
    ///
    /// # Errors
    /// Naming the row: XX001 for one that cannot be read, 42703 for a column without description, 22000 for a time that no
    /// calendar has, 0A000 for a structure or a list of anything but numbers.
    pub fn next_piece(&mut self) -> Result<Option<SourcePiece>> {
        if !std::mem::replace(&mut self.is_begun, true) {
            return Ok(Some(SourcePiece::Table(self.shape.clone())));
        }
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < ROWS_MAX && bytes < BYTES_MAX {
            let Some(row) = self.rows.next() else { break };
            let at_row = |error: &Error| placed(error, &format!("{}, row {}", self.name, self.read + 1));
            let row =
                row.map_err(|error| at_row(&Error::new(ErrorKind::Corrupted, failed(error).message().to_string())))?;
            let row = self.row(row).map_err(|error| at_row(&error))?;
            bytes += row.iter().flatten().map(size).sum::<usize>();
            rows.push(row);
            self.read += 1;
        }
        Ok((!rows.is_empty()).then_some(SourcePiece::Rows(rows)))
    }

    fn row(&self, row: ParquetRow) -> Result<TransferRow> {
        let mut contents: TransferRow = vec![None; self.shape.columns.len()];
        for (name, field) in row.into_columns() {
            let place = self.shape.place(&name).and_then(|at| contents.get_mut(at));
            let place = place.ok_or_else(|| {
                Error::new(ErrorKind::UndefinedColumn, format!("column \"{name}\" is in no description of the file"))
            })?;
            *place = match (field, self.moments.get(&name)) {
                (Field::Long(time), Some(per_second)) => Some(Content::Text(local_time(time, *per_second, &name)?)),
                (field, _) => content(&name, field)?,
            };
        }
        Ok(contents)
    }
}

fn size(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.len(),
        Content::Bytes(bytes) => bytes.len(),
    }
}

/// A value as PostgreSQL reads it.
fn content(name: &str, field: Field) -> Result<Option<Content>> {
    let text = match field {
        Field::Null => return Ok(None),
        Field::Bytes(bytes) => return Ok(Some(Content::Bytes(bytes.data().to_vec()))),
        Field::Str(text) => text,
        Field::Bool(value) => value.to_string(),
        Field::Byte(value) => value.to_string(),
        Field::Short(value) => value.to_string(),
        Field::Int(value) => value.to_string(),
        Field::Long(value) => value.to_string(),
        Field::UByte(value) => value.to_string(),
        Field::UShort(value) => value.to_string(),
        Field::UInt(value) => value.to_string(),
        Field::ULong(value) => value.to_string(),
        Field::Float16(value) => float(f64::from(value), value.to_string()),
        Field::Float(value) => float(f64::from(value), value.to_string()),
        Field::Double(value) => float(value, value.to_string()),
        Field::Decimal(_) => field.to_string(),
        Field::Date(days) => {
            let seconds = i64::from(days) * 86_400;
            let date = DateTime::from_timestamp(seconds, 0).ok_or_else(|| out_of_range(name))?;
            date.format("%Y-%m-%d").to_string()
        }
        Field::TimeMillis(time) => time_of_day(i64::from(time) * 1_000).ok_or_else(|| out_of_range(name))?,
        Field::TimeMicros(time) => time_of_day(time).ok_or_else(|| out_of_range(name))?,
        Field::TimestampMillis(time) => moment(DateTime::from_timestamp_millis(time), name)?,
        Field::TimestampMicros(time) => moment(DateTime::from_timestamp_micros(time), name)?,
        Field::ListInternal(list) => {
            let elements = list.elements().iter().map(|element| match content(name, element.clone())? {
                Some(Content::Text(text)) => Ok(text),
                _ => Err(unsupported(name, "a list of other things than numbers")),
            });
            format!("[{}]", elements.collect::<Result<Vec<String>>>()?.join(","))
        }
        Field::Group(_) | Field::MapInternal(_) => return Err(unsupported(name, "a structure")),
    };
    Ok(Some(Content::Text(text)))
}

fn float(value: f64, written: String) -> String {
    match value {
        value if value == f64::INFINITY => "Infinity".to_string(),
        value if value == f64::NEG_INFINITY => "-Infinity".to_string(),
        _ => written,
    }
}

fn time_of_day(micros: i64) -> Option<String> {
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok()?;
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1_000).ok()?;
    Some(NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?.format("%H:%M:%S%.6f").to_string())
}

fn moment(time: Option<DateTime<chrono::Utc>>, name: &str) -> Result<String> {
    Ok(time.ok_or_else(|| out_of_range(name))?.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string())
}

fn out_of_range(name: &str) -> Error {
    Error::new(ErrorKind::DataException, format!("column \"{name}\" has a time that no calendar has"))
}

fn unsupported(name: &str, what: &str) -> Error {
    Error::unsupported(format!("column \"{name}\" is {what}"), "Leave it out of the file, or write it as JSON text.")
}

/// Whether a column holds points in time that are not of UTC.
fn is_local(field: &Type) -> bool {
    matches!(field.get_basic_info().logical_type_ref(), Some(LogicalType::Timestamp(time)) if !time.is_adjusted_to_u_t_c)
}

/// A point in time as it stands there.
fn local_time(time: i64, per_second: i64, name: &str) -> Result<String> {
    let nanos = time.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let nanos = u32::try_from(nanos).map_err(|_| out_of_range(name))?;
    let moment = DateTime::from_timestamp(time.div_euclid(per_second), nanos).ok_or_else(|| out_of_range(name))?;
    Ok(moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// The columns of points in time that have no older name for what they are: those of nanoseconds.
fn moments(schema: &Type) -> HashMap<String, i64> {
    let unit = |field: &Type| match field.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(time)) if field.get_basic_info().converted_type() == ConvertedType::NONE => {
            Some(match time.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            })
        }
        _ => None,
    };
    schema.get_fields().iter().filter_map(|field| Some((field.name().to_string(), unit(field)?))).collect()
}

/// The shape of a file that somebody else wrote; it names no collection.
fn foreign(schema: &Type) -> Result<TableShape> {
    let (moments, mut columns) = (moments(schema), Vec::new());
    for field in schema.get_fields() {
        let name = field.name();
        let converted = field.get_basic_info().converted_type();
        let type_name = if field.is_group() {
            match converted {
                ConvertedType::LIST => "vector",
                _ => return Err(unsupported(name, "a structure")),
            }
        } else {
            match (field.get_physical_type(), converted) {
                (_, ConvertedType::DECIMAL) => "numeric",
                (_, ConvertedType::DATE) => "date",
                (_, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => "time without time zone",
                (Physical::INT64, _) if is_local(field) => "timestamp without time zone",
                (_, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS) | (Physical::INT96, _) => {
                    "timestamp with time zone"
                }
                (_, ConvertedType::UINT_64) => "numeric",
                (_, ConvertedType::UINT_32) => "bigint",
                (Physical::BOOLEAN, _) => "boolean",
                (Physical::INT32, _) => "integer",
                (Physical::INT64, _) if moments.contains_key(name) => "timestamp with time zone",
                (Physical::INT64, _) => "bigint",
                (Physical::FLOAT, _) => "real",
                (Physical::DOUBLE, _) => "double precision",
                (Physical::BYTE_ARRAY, ConvertedType::UTF8 | ConvertedType::ENUM) => "text",
                (Physical::BYTE_ARRAY, ConvertedType::JSON) => "jsonb",
                (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, _) => "bytea",
            }
        };
        columns.push(ColumnShape::new(name, type_name));
    }
    Ok(TableShape { collection: String::new(), columns, primary_key: Vec::new(), indexes: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_leaves_its_hint_and_detail() {
        let error = placed(&unsupported("tags", "a structure").with_detail("It has two fields."), "f, row 3");
        assert_eq!((error.sqlstate(), error.message()), ("0A000", "f, row 3: column \"tags\" is a structure"));
        assert_eq!(error.detail(), Some("It has two fields."));
        assert_eq!(error.hint(), Some("Leave it out of the file, or write it as JSON text."));
    }
}
