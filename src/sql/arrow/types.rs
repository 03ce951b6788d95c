//! How the types of the SQL surface map to Arrow's, both ways.
//!
//! Where Arrow's type alone does not tell the column type, the field's metadata does (`nebulus.type`, the name that SQL
//! shows), so that a plain column keeps its type through joins, sorts and subqueries.
//!
//! A declared `numeric` of up to 38 digits is Arrow's decimal. Any other one is the text that it shows, which no value is too long
//! for; it is compared by the keys that `functions/numbers/number_functions.rs` makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::common::metadata::FieldMetadata;

use crate::types::{ColumnType, EnumType, RangeKind};

/// Metadata key that names the column type.
pub const TYPE_KEY: &str = "nebulus.type";
/// Metadata key of columns that `*` does not show.
pub const HIDDEN_KEY: &str = "nebulus.hidden";
/// What the names of all types begin with whose values are numbers of any length.
const NUMERIC_NAME: &str = "numeric";
/// The Arrow type of values of enumerated types.
pub const ENUM_POSITIONS: DataType = DataType::Duration(TimeUnit::Nanosecond);
/// The Arrow type of ranges and multiranges.
const RANGE_BYTES: DataType = DataType::LargeBinary;
/// Digits of Arrow's 128-bit decimal.
pub const NUMERIC_PRECISION: u8 = 38;

/// The Arrow type that values of a column type are computed with.
pub fn data_type_of(ty: &ColumnType) -> DataType {
    match ty {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int2 => DataType::Int16,
        ColumnType::Int4 => DataType::Int32,
        ColumnType::Int8 => DataType::Int64,
        ColumnType::Oid => DataType::UInt32,
        ColumnType::Float4 => DataType::Float32,
        ColumnType::Float8 => DataType::Float64,
        ColumnType::Numeric(declared) => match declared.and_then(decimal_of) {
            Some((precision, scale)) => DataType::Decimal128(precision, scale),
            None => DataType::Utf8,
        },
        ColumnType::Text
        | ColumnType::Varchar(_)
        | ColumnType::Char(_)
        | ColumnType::Json
        | ColumnType::Jsonb
        | ColumnType::Uuid
        | ColumnType::Name
        | ColumnType::CatalogChar
        | ColumnType::Jsonpath
        | ColumnType::Sparsevec(_)
        | ColumnType::Bit(_)
        | ColumnType::Varbit(_)
        | ColumnType::TsVector
        | ColumnType::TsQuery
        | ColumnType::Reg(_) => DataType::Utf8,
        // Under a type that nothing else has: the bytes say which range it is of, and stand in the order of the values.
        ColumnType::Range(_) | ColumnType::Multirange(_) => RANGE_BYTES,
        ColumnType::Bytea => DataType::Binary,
        ColumnType::Date => DataType::Date32,
        ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        // Positions, under a type that no other values have and that the planner takes for no number or text.
        ColumnType::Enum(_) => ENUM_POSITIONS,
        ColumnType::Vector(_) | ColumnType::Halfvec(_) => DataType::new_list(DataType::Float32, true),
        ColumnType::Array(element) => DataType::new_list(data_type_of(element), true),
        ColumnType::Int2Vector => DataType::new_list(DataType::Int16, true),
        ColumnType::OidVector => DataType::new_list(DataType::UInt32, true),
        ColumnType::Void | ColumnType::Unknown => DataType::Utf8,
    }
}

/// Precision and scale of the Arrow type that holds all numbers of a declared `numeric`, where there is one.
pub fn decimal_of((precision, scale): (u16, i16)) -> Option<(u8, i8)> {
    let (precision, scale) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    let is_held = precision <= NUMERIC_PRECISION && u8::try_from(scale).is_ok_and(|scale| scale <= precision);
    is_held.then_some((precision, scale))
}

/// A field of that type, with the metadata that brings the type back.
pub fn field_of(name: &str, ty: &ColumnType, nullable: bool) -> Field {
    let field = Field::new(name, data_type_of(ty), nullable);
    if is_plain(ty) { field } else { field.with_metadata(HashMap::from([(TYPE_KEY.to_string(), ty.spelled())])) }
}

/// Whether the values of a field are numbers as texts.
pub fn is_number_text(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        && field.metadata().get(TYPE_KEY).is_some_and(|name| name.starts_with(NUMERIC_NAME))
}

/// A field of that type that `*` does not show.
pub fn hidden_field_of(name: &str, ty: &ColumnType) -> Field {
    let field = field_of(name, ty, true);
    let mut metadata = field.metadata().clone();
    metadata.insert(HIDDEN_KEY.to_string(), "true".to_string());
    field.with_metadata(metadata)
}

pub fn is_hidden(field: &Field) -> bool {
    field.metadata().contains_key(HIDDEN_KEY)
}

/// The metadata that a literal of that type carries.
pub fn metadata_of(ty: &ColumnType) -> Option<FieldMetadata> {
    if is_plain(ty) {
        None
    } else {
        Some(FieldMetadata::from(std::collections::BTreeMap::from([(TYPE_KEY.to_string(), ty.spelled())])))
    }
}

/// The column type of a field: from its metadata where they agree with its Arrow type, else from that type.
pub fn type_of(field: &Field) -> ColumnType {
    if is_number_text(field) {
        return ColumnType::Numeric(None);
    }
    if let Some(name) = field.metadata().get(TYPE_KEY)
        && let Ok(ty) = ColumnType::parse(name)
        && same_family(&data_type_of(&ty), field.data_type())
    {
        return deepened(ty, field.data_type());
    }
    from_data_type(field.data_type())
}

/// An array's type with the dimensions that only the Arrow type tells.
fn deepened(ty: ColumnType, data_type: &DataType) -> ColumnType {
    let ColumnType::Array(element) = ty else { return ty };
    match data_type {
        DataType::List(inner) | DataType::LargeList(inner) | DataType::FixedSizeList(inner, _) => {
            let is_deeper = |ty: &DataType| matches!(ty, DataType::List(_) | DataType::LargeList(_));
            if is_deeper(inner.data_type()) && !is_deeper(&data_type_of(&element)) {
                ColumnType::Array(Box::new(deepened(ColumnType::Array(element), inner.data_type())))
            } else {
                ColumnType::Array(Box::new(deepened(*element, inner.data_type())))
            }
        }
        _ => ColumnType::Array(element),
    }
}

/// Whether the Arrow type alone leads back to the type.
fn is_plain(ty: &ColumnType) -> bool {
    matches!(
        ty,
        ColumnType::Bool
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Text
            | ColumnType::Bytea
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::TimestampTz
            | ColumnType::Interval
            | ColumnType::Oid
    )
}

/// Metadata outlives some functions that change the type (`max(varchar)` stays, `length(varchar)` does not).
fn same_family(expected: &DataType, actual: &DataType) -> bool {
    let is_text = |ty: &DataType| matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_list =
        |ty: &DataType| matches!(ty, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _));
    expected == actual || (is_text(expected) && is_text(actual)) || (is_list(expected) && is_list(actual))
}

fn from_data_type(data_type: &DataType) -> ColumnType {
    match data_type {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => ColumnType::Int2,
        DataType::UInt16 | DataType::Int32 => ColumnType::Int4,
        DataType::UInt32 => ColumnType::Oid,
        DataType::Int64 => ColumnType::Int8,
        DataType::UInt64 => ColumnType::Int8,
        DataType::Float16 | DataType::Float32 => ColumnType::Float4,
        DataType::Float64 => ColumnType::Float8,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            ColumnType::Numeric(None)
        }
        DataType::Binary | DataType::BinaryView | DataType::FixedSizeBinary(_) => ColumnType::Bytea,
        // Which one it is, its values say.
        DataType::LargeBinary => ColumnType::Range(RangeKind::Int4),
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Time32(_) | DataType::Time64(_) => ColumnType::Time,
        DataType::Timestamp(_, None) => ColumnType::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnType::TimestampTz,
        DataType::Duration(TimeUnit::Nanosecond) => ColumnType::Enum(EnumType::unresolved(0)),
        DataType::Interval(_) | DataType::Duration(_) => ColumnType::Interval,
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            match element.data_type() {
                DataType::Float32 => ColumnType::Vector(None),
                _ => ColumnType::Array(Box::new(type_of(element))),
            }
        }
        DataType::Dictionary(_, values) => from_data_type(values),
        _ => ColumnType::Text,
    }
}

/// A nullable element field as Arrow's list builders make it.
pub fn list_element(ty: &ColumnType) -> Arc<Field> {
    Arc::new(Field::new_list_field(data_type_of(ty), true))
}
