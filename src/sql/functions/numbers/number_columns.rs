//! Columns of numbers of any exact type, read one by one as what they are.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, Int16Type, Int32Type, Int64Type};

use crate::error::Result;
use crate::sql::arrow::reading::{decimal, readable, value_at};
use crate::sql::arrow::types::type_of;
use crate::types::{ColumnType, Numeric, Value};

/// A column whose values are numbers, or the texts of some.
pub struct NumberColumn {
    array: ArrayRef,
    ty: ColumnType,
}

/// How the values of a column lie in it.
enum Layout<'a> {
    Int2(&'a PrimitiveArray<Int16Type>),
    Int4(&'a PrimitiveArray<Int32Type>),
    Int8(&'a PrimitiveArray<Int64Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>, i8),
    Text(&'a StringArray),
    Other(&'a ArrayRef, &'a ColumnType),
}

impl NumberColumn {
    /// # Errors
    /// As [`readable`].
    pub fn new(array: &ArrayRef, field: &Field) -> Result<NumberColumn> {
        Ok(NumberColumn { array: readable(array)?, ty: type_of(field) })
    }

    /// A column of which only the type in Arrow is known.
    ///
    /// # Errors
    /// As [`readable`].
    pub fn of_array(array: &ArrayRef) -> Result<NumberColumn> {
        NumberColumn::new(array, &Field::new("", array.data_type().clone(), true))
    }

    pub fn len(&self) -> usize {
        self.array.len()
    }

    fn layout(&self) -> Layout<'_> {
        match self.array.data_type() {
            DataType::Int16 => Layout::Int2(self.array.as_primitive()),
            DataType::Int32 => Layout::Int4(self.array.as_primitive()),
            DataType::Int64 => Layout::Int8(self.array.as_primitive()),
            DataType::Decimal128(_, scale) => Layout::Decimal(self.array.as_primitive(), *scale),
            DataType::Utf8 => Layout::Text(self.array.as_string()),
            _ => Layout::Other(&self.array, &self.ty),
        }
    }

    /// The number of a row; `None` where it is NULL.
    ///
    /// # Errors
    /// 22P02 and 22003 for a text that is no numeric; what the cast of another value says.
    pub fn at(&self, row: usize) -> Result<Option<Numeric>> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        Ok(match self.layout() {
            Layout::Int2(numbers) => Some(Numeric::from(i64::from(numbers.value(row)))),
            Layout::Int4(numbers) => Some(Numeric::from(i64::from(numbers.value(row)))),
            Layout::Int8(numbers) => Some(Numeric::from(numbers.value(row))),
            Layout::Decimal(digits, scale) => Some(decimal(digits.value(row), scale)?),
            Layout::Text(texts) => Some(texts.value(row).parse()?),
            Layout::Other(array, ty) => match value_at(array, row, ty)?.cast(&ColumnType::Numeric(None), true)? {
                Value::Numeric(number) => Some(number),
                _ => None,
            },
        })
    }
}
