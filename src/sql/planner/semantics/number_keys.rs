//! Keys of numbers that are texts to the planner, beside exact numbers that are none.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable};

use crate::sql::arrow::types::is_number_text;
use crate::sql::functions::numeric_key;

/// The key of a number beside one that is a text, of what the planner has made a text only for that.
///
/// # Errors
/// XX000 for what is no number: texts of numbers are compared with nothing else.
pub fn number_key(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let number = match expr {
        Expr::Cast(Cast { expr, field }) if *field.data_type() == DataType::Utf8 => *expr,
        other => other,
    };
    let ty = number.get_type(schema)?;
    let is_exact = ty.is_integer() || matches!(ty, DataType::Decimal128(..) | DataType::Null);
    let key = if is_exact || is_number_text(&number.to_field(schema)?.1) { numeric_key(number.clone()) } else { None };
    key.ok_or_else(|| DataFusionError::Internal(format!("a number is compared with {number}, which is of type {ty}")))
}
