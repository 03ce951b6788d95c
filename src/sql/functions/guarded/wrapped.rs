//! A function of DataFusion with something around its calls.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// What is done around the calls of a function.
pub trait Around: fmt::Debug + Send + Sync + 'static {
    /// Calls the function, or fails in its place.
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue>;
}

/// A function that is called through something around it; in all else it is the function itself.
#[derive(Debug)]
struct Wrapped<A> {
    inner: Arc<ScalarUDF>,
    around: A,
}

/// The function under its own name, with something around its calls.
pub fn wrapped(inner: Arc<ScalarUDF>, around: impl Around) -> ScalarUDF {
    ScalarUDF::from(Wrapped { inner, around })
}

/// What stands around a function follows from its name.
impl<A> PartialEq for Wrapped<A> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<A> Eq for Wrapped<A> {}

impl<A> Hash for Wrapped<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

/// Rewriting a call (`simplify`) is left out: it would put the function itself into the place of this one.
impl<A: Around> ScalarUDFImpl for Wrapped<A> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        self.around.call(&self.inner, arguments)
    }
}
