//! Values that are computed ahead of where they are asked for, as keys of joins: an error is NULL, not the statement's end.
//!
//! [`attempt`] marks such a value while a statement is planned. When its parameters are bound, a value that can fail becomes
//! a function that hides it from the optimiser ([`attempted`]) and evaluates it by halves of a batch where the whole fails;
//! the mark is taken from the others.
//!
//! A value that the optimiser must not look into, and whose error is one, is a function in the same way ([`computed`]).

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, OnceLock};

use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;

use crate::sql::planner::semantics::lazy::{Hidden, batch, compile};

/// The name of the mark.
const MARK: &str = "$attempt";
/// The name of the function that hides a value.
const ATTEMPTED: &str = "attempted";
/// The same of one whose error is an error.
const COMPUTED: &str = "computed";

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(Attempt { part: None, signature: Signature::any(1, Volatility::Immutable) }))
});

/// A value whose error is NULL.
pub fn attempt(value: Expr) -> Expr {
    match value {
        Expr::Column(_) | Expr::Literal(..) | Expr::Placeholder(_) | Expr::OuterReferenceColumn(..) => value,
        value => Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&FUNCTION), vec![value])),
    }
}

/// The value that a mark stands on.
pub fn marked(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::ScalarFunction(function) if function.name() == MARK => function.args.first(),
        _ => None,
    }
}

/// The function that computes a hidden value of type `field`, NULL where it fails.
pub fn attempted(hidden: Hidden, field: FieldRef) -> Expr {
    hiding(hidden, field, true)
}

/// The function that computes a hidden value of type `field`.
pub fn computed(hidden: Hidden, field: FieldRef) -> Expr {
    hiding(hidden, field, false)
}

fn hiding(hidden: Hidden, field: FieldRef, is_attempt: bool) -> Expr {
    let Hidden { parts, inputs, signature } = hidden;
    let part = parts.into_iter().next().map(|part| Part { part, field, is_attempt, compiled: OnceLock::new() });
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(Attempt { part, signature })), inputs))
}

/// Whether a function hides a part that is compiled for the statement that runs.
pub fn is_attempt(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<Attempt>().is_some()
}

#[derive(Debug)]
struct Attempt {
    /// None for the mark, whose value is its argument.
    part: Option<Part>,
    signature: Signature,
}

#[derive(Debug)]
struct Part {
    part: Expr,
    field: FieldRef,
    is_attempt: bool,
    /// Made by the first batch.
    compiled: OnceLock<Vec<Arc<dyn PhysicalExpr>>>,
}

impl Attempt {
    fn expr(&self) -> Option<&Expr> {
        self.part.as_ref().map(|part| &part.part)
    }

    fn identity(&self) -> (Option<&Expr>, Option<bool>) {
        (self.expr(), self.part.as_ref().map(|part| part.is_attempt))
    }
}

impl PartialEq for Attempt {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Attempt {}

impl Hash for Attempt {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl ScalarUDFImpl for Attempt {
    fn name(&self) -> &str {
        match &self.part {
            None => MARK,
            Some(part) if part.is_attempt => ATTEMPTED,
            Some(_) => COMPUTED,
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (&self.part, types.first()) {
            (Some(part), _) => Ok(part.field.data_type().clone()),
            (None, Some(ty)) => Ok(ty.clone()),
            (None, None) => Err(lacks_argument()),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match &self.part {
            Some(part) => Ok(Arc::clone(&part.field)),
            None => arguments.arg_fields.first().cloned().ok_or_else(lacks_argument),
        }
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        let part = self.expr().map_or_else(String::new, ToString::to_string);
        Ok(format!("{}: {part} of {}", self.name(), arguments.join(", ")))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(part) = &self.part else { return arguments.args.into_iter().next().ok_or_else(lacks_argument) };
        let compiled = match part.compiled.get() {
            Some(compiled) => compiled,
            None => {
                let parts = std::slice::from_ref(&part.part);
                let compiled = compile(parts, &arguments.arg_fields, &arguments.config_options)?;
                part.compiled.get_or_init(|| compiled)
            }
        };
        let expr = compiled.first().ok_or_else(lacks_argument)?;
        let input = batch(&arguments, arguments.number_rows)?;
        if !part.is_attempt {
            return Ok(ColumnarValue::Array(expr.evaluate(&input)?.into_array(arguments.number_rows)?));
        }
        Ok(ColumnarValue::Array(by_halves(expr, &input, part.field.data_type())?))
    }
}

fn lacks_argument() -> DataFusionError {
    DataFusionError::Internal("a value is attempted without one".to_string())
}

/// The values of an expression, NULL for the rows on which it fails.
fn by_halves(expr: &Arc<dyn PhysicalExpr>, rows: &RecordBatch, ty: &DataType) -> Result<ArrayRef> {
    let count = rows.num_rows();
    match expr.evaluate(rows).and_then(|value| value.into_array(count)) {
        Ok(values) => Ok(values),
        Err(_) if count <= 1 => Ok(new_null_array(ty, count)),
        Err(_) => {
            let half = count / 2;
            let first = by_halves(expr, &rows.slice(0, half), ty)?;
            let second = by_halves(expr, &rows.slice(half, count - half), ty)?;
            Ok(concat(&[first.as_ref(), second.as_ref()])?)
        }
    }
}
