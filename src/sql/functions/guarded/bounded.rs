//! DataFusion's functions whose results may be far larger than their arguments, measured before they are called.
//!
//! `replace`, `regexp_replace`, `array_repeat` and their like multiply: a text of a megabyte and a replacement of ten kilobytes
//! make ten gigabytes within one call, which nothing interrupts and no account sees. Their results are bounded from above by
//! the arguments first, cheaply, and counted (`growth`) where there is no room for the bound: a long text that makes little is
//! no reason to refuse it.

use std::sync::Arc;

use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::error::Result;
use crate::expr::{CALL_BYTES_MAX, too_large};
use crate::model::Reservation;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::guarded::growth::{Growth, GrowthArguments, Measure};
use crate::sql::functions::guarded::wrapped::{Around, wrapped};

/// The names of the functions that are measured; `register` wraps them.
const MEASURED: [(&str, Growth); 9] = [
    ("string_to_array", Growth::Split),
    ("array_append", Growth::Sum),
    ("array_prepend", Growth::Sum),
    ("array_concat", Growth::Sum),
    ("replace", Growth::Replace),
    ("array_repeat", Growth::Copies),
    ("array_resize", Growth::Copies),
    ("range", Growth::Series),
    ("generate_series", Growth::Series),
];

/// Measures a call before it is made.
#[derive(Debug)]
struct Bounded(Growth);

/// The measured forms of those functions that `find` knows.
pub fn bounded(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Vec<ScalarUDF> {
    MEASURED.into_iter().filter_map(|(name, growth)| Some(wrapped(find(name)?, Bounded(growth)))).collect()
}

impl Bounded {
    /// Takes memory for what a call makes: as much as it can be at most, or where that is too much, as much as it is.
    ///
    /// # Errors
    /// 54000 for more than a call may make, 53200 where the statement's account has no memory for it.
    fn take(&self, name: &str, arguments: &GrowthArguments<'_>) -> Result<Option<Reservation>> {
        let taken = |measure: Measure| {
            let most = self.0.bytes(arguments, measure)?.filter(|most| *most <= CALL_BYTES_MAX);
            let most = most.ok_or_else(|| too_large(name, CALL_BYTES_MAX))?;
            arguments.context.map(|context| context.results.making(most)).transpose()
        };
        taken(Measure::Bound).or_else(|_| taken(Measure::Count))
    }
}

impl Around for Bounded {
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let options = Arc::clone(&arguments.config_options);
        let context = ReadContext::of(&options);
        let measured = GrowthArguments { values: &arguments.args, rows: arguments.number_rows, context };
        let taken = self.take(function.name(), &measured).map_err(to_datafusion)?;
        let result = function.invoke_with_args(arguments)?;
        drop(taken);
        if let Some(context) = context {
            context.results.charge(function.name(), &result).map_err(to_datafusion)?;
        }
        Ok(result)
    }
}
