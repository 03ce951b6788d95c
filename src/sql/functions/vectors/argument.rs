//! Vectors among a function's arguments: lists of `f32` read in place, or text that is parsed.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, ListArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float32Type};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::ColumnarValue;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Parameter, undefined};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::data_type_of;
use crate::types::parse_vector;

/// One vector argument for all rows of a batch.
pub enum VectorArgument {
    Constant(Option<Arc<[f32]>>),
    Lists(ListArray, Float32Array),
    Texts(StringArray),
}

impl VectorArgument {
    pub fn new(argument: &ColumnarValue) -> DataFusionResult<VectorArgument> {
        match argument {
            ColumnarValue::Array(array) => VectorArgument::of_array(array),
            ColumnarValue::Scalar(scalar) => {
                let one = VectorArgument::of_array(&scalar.to_array_of_size(1)?)?;
                let vector = one.get(0).map_err(to_datafusion)?;
                Ok(VectorArgument::Constant(vector.map(|vector| Arc::from(vector.as_ref()))))
            }
        }
    }

    fn of_array(array: &ArrayRef) -> DataFusionResult<VectorArgument> {
        let target = Parameter::Vector.column_type();
        match array.data_type() {
            DataType::Utf8 => Ok(VectorArgument::Texts(array.as_string::<i32>().clone())),
            DataType::List(element) if *element.data_type() == DataType::Float32 => {
                let lists = array.as_list::<i32>().clone();
                let components = lists.values().as_primitive::<Float32Type>().clone();
                Ok(VectorArgument::Lists(lists, components))
            }
            _ => VectorArgument::of_array(&cast(array, &data_type_of(&target))?),
        }
    }

    /// The vector of a row; `None` for NULL.
    ///
    /// # Errors
    /// 22P02, 22003, 22000 and 54000 as [`parse_vector`], XX000 for a list without bounds.
    pub fn get(&self, row: usize) -> Result<Option<Cow<'_, [f32]>>> {
        match self {
            VectorArgument::Constant(vector) => Ok(vector.as_deref().map(Cow::Borrowed)),
            VectorArgument::Texts(texts) if texts.is_null(row) => Ok(None),
            VectorArgument::Texts(texts) => {
                parse_vector(texts.value(row)).map(|vector| Some(Cow::Owned(vector.to_vec())))
            }
            VectorArgument::Lists(lists, _) if lists.is_null(row) => Ok(None),
            VectorArgument::Lists(lists, components) => {
                let offsets = lists.value_offsets();
                let bounds = offsets
                    .get(row)
                    .zip(offsets.get(row + 1))
                    .and_then(|(start, end)| Some(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?));
                let vector = bounds.and_then(|bounds| components.values().get(bounds));
                vector.map(|vector| Some(Cow::Borrowed(vector))).ok_or_else(|| Error::internal("a list without bounds"))
            }
        }
    }

    pub fn is_constant(&self) -> bool {
        matches!(self, VectorArgument::Constant(_))
    }
}

/// The types that vector arguments are cast to: text stays, any list of numbers becomes one of `f32`.
pub fn coerce_vectors(name: &str, count: usize, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    let vector = Parameter::Vector.column_type();
    let coerced = types.iter().map(|from| match from {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Some(DataType::Utf8),
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _)
            if element.data_type().is_numeric() || *element.data_type() == DataType::Null =>
        {
            Some(data_type_of(&vector))
        }
        _ => None,
    });
    match coerced.collect::<Option<Vec<_>>>() {
        Some(coerced) if coerced.len() == count => Ok(coerced),
        _ => Err(to_datafusion(undefined(name, &vec![vector; types.len()]))),
    }
}

/// Refuses two vectors of different dimensions.
///
/// # Errors
/// 22000, with both numbers.
pub fn same_dimension(a: &[f32], b: &[f32]) -> Result<()> {
    same_dimension_of("vector", a, b)
}

/// As [`same_dimension`], for vectors of the type of that name.
///
/// # Errors
/// 22000, with both numbers.
pub fn same_dimension_of(name: &str, a: &[f32], b: &[f32]) -> Result<()> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::DataException, format!("different {name} dimensions {} and {}", a.len(), b.len())))
}
