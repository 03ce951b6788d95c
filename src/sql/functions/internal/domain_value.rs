//! `$domain(value, number)`: the value, or an error where it is none of the domain of that number. Casts to domains end with it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::db::SearchPath;
use crate::error::Error;
use crate::model::CollectionId;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::{from_datafusion, to_datafusion};
use crate::sql::arrow::reading::{readable, value_at};

pub const DOMAIN_VALUE: &str = "$domain";

/// The function of this file.
pub fn domain_value() -> ScalarUDF {
    // What its conditions are may change from one statement to the next.
    ScalarUDF::from(DomainValue { signature: Signature::any(2, Volatility::Stable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DomainValue {
    signature: Signature,
}

impl ScalarUDFImpl for DomainValue {
    fn name(&self) -> &str {
        DOMAIN_VALUE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(lacks_arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let value = arguments.arg_fields.first().ok_or_else(lacks_arguments)?;
        Ok(Arc::new(value.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut given = arguments.args.into_iter();
        let (Some(value), Some(number)) = (given.next(), given.next()) else { return Err(lacks_arguments()) };
        let ColumnarValue::Scalar(ScalarValue::Int64(Some(number))) = number else { return Err(lacks_arguments()) };
        let Some(context) = ReadContext::of(&arguments.config_options) else {
            let error = Error::unsupported(
                "a cast to a domain is not offered where a definition keeps it",
                "Cast to the type below the domain.",
            );
            return Err(to_datafusion(error));
        };
        let number = u32::try_from(number).map_err(|_| lacks_arguments())?;
        check(&value, CollectionId(number), context).map_err(to_datafusion)?;
        Ok(value)
    }
}

fn check(value: &ColumnarValue, number: CollectionId, context: &ReadContext) -> crate::error::Result<()> {
    let catalog = context.view.catalog();
    let found = catalog.user_type_by_id(number).filter(|ty| ty.domain.is_some());
    let Some(ty) = found else { return Err(Error::internal("a domain is gone that a plan casts to")) };
    let base = ty.column_type();
    let shown = catalog.shown_type(ty, Some(&SearchPath::of(&context.settings, catalog)));
    let array = value.to_array(1).map_err(from_datafusion)?;
    let array = readable(&array)?;
    for row in 0..array.len() {
        let value = value_at(&array, row, &base)?;
        let value = if value.is_of(&base) { value } else { value.cast(&base, false)? };
        context.view.check_domain(ty, &shown, &value)?;
    }
    Ok(())
}

fn lacks_arguments() -> DataFusionError {
    DataFusionError::Internal(format!("{DOMAIN_VALUE} has a value and the number of a domain"))
}
