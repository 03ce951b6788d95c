//! Casts with PostgreSQL's meaning, as functions of the planner.
//!
//! DataFusion's own casts write `1.0` for `1::float8::text`, cut instead of rounding, and know no vector, jsonb or
//! interval text. A cast that differs is planned as a function whose name is the target type (`$cast:vector(3)`) and runs
//! on [`Value::cast`], the one home of conversions.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::expr::{StatementContext, check_call_bytes};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::types::{data_type_of, field_of, type_of};
use crate::sql::arrow::values::{array_bytes, array_of};
use crate::types::{ColumnType, TextStyle, Value};

/// What the names of cast functions begin with.
const PREFIX: &str = "$cast:";

/// The name under which a cast to `ty` is planned.
pub fn cast_name(ty: &ColumnType) -> String {
    format!("{PREFIX}{}", ty.spelled())
}

/// The type that a function of that name casts to, if it is a cast.
pub fn cast_target(name: &str) -> Option<ColumnType> {
    ColumnType::parse(name.strip_prefix(PREFIX)?).ok()
}

/// The cast function of that name.
pub fn cast_function(name: &str) -> Option<Arc<ScalarUDF>> {
    let ty = cast_target(name)?;
    Some(Arc::new(ScalarUDF::from(CastTo {
        name: name.to_string(),
        ty,
        signature: Signature::any(1, Volatility::Immutable),
    })))
}

#[derive(Debug)]
struct CastTo {
    name: String,
    ty: ColumnType,
    signature: Signature,
}

impl CastTo {
    /// The target with as many dimensions as the array that is cast: those of a value are not its type's.
    fn of_dimensions(&self, from: Option<&ColumnType>) -> ColumnType {
        from.map_or_else(|| self.ty.clone(), |from| self.ty.with_dimensions_of(from))
    }
}

impl PartialEq for CastTo {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CastTo {}

impl Hash for CastTo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for CastTo {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> datafusion::error::Result<DataType> {
        Ok(data_type_of(&self.ty))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> datafusion::error::Result<FieldRef> {
        let from = arguments.arg_fields.first().map(|field| type_of(field));
        Ok(Arc::new(field_of(&self.name, &self.of_dimensions(from.as_ref()), true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> datafusion::error::Result<ColumnarValue> {
        let (Some(argument), Some(field)) = (arguments.args.first(), arguments.arg_fields.first()) else {
            return Err(DataFusionError::Internal("a cast has no argument".to_string()));
        };
        let from = type_of(field);
        if self.ty.enumerated().is_none() && from.enumerated().is_some_and(|ty| !ty.is_resolved()) {
            return Err(DataFusionError::Internal("a label is read of a value without its type".to_string()));
        }
        let is_scalar = matches!(argument, ColumnarValue::Scalar(_));
        let rows = if is_scalar { 1 } else { arguments.number_rows };
        let array = readable(&argument.to_array(rows)?).map_err(to_datafusion)?;
        let context = ReadContext::of(&arguments.config_options);
        let style = context.map_or(TextStyle::CANONICAL, StatementContext::style);
        let cast = |row| value_at(&array, row, &from).and_then(|value: Value| value.cast_in(style, &self.ty, true));
        let (mut values, mut held) = (Vec::with_capacity(array.len()), 0_usize);
        for row in 0..array.len() {
            let value = cast(row).map_err(to_datafusion)?;
            held = held.saturating_add(array_bytes(&value));
            check_call_bytes("cast", held).map_err(to_datafusion)?;
            values.push(value);
        }
        let array = array_of(&self.of_dimensions(Some(&from)), &values).map_err(to_datafusion)?;
        if is_scalar {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
        } else {
            Ok(ColumnarValue::Array(array))
        }
    }
}
