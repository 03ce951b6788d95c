//! Boolean operators and CASE as one function that evaluates its parts on the rows that reach them.
//!
//! To the planner it is a function of the columns that its parts read. The parts are expressions over those columns, which
//! no rule sees. They run on shrinking batches: AND drops the rows of a false part before the next one, OR those of a true
//! one. A part that fails is put off behind the others: its error is reported only when rows are left on which no other
//! part decides, so that the order in which guards are written does not matter.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::{cast, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use crate::sql::arrow::walks::TreeWalks;
use crate::sql::planner::semantics::float_keys::{KeySides, keyed};

/// What a lazy function does with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LazyKind {
    /// AND of WHERE: a part that is unknown drops a row as well.
    Conditions,
    And,
    Or,
    /// Conditions and results in turn; a last one by itself is ELSE.
    Case,
}

/// Expressions over the arguments of a function that hides them from the planner.
pub struct Hidden {
    pub parts: Vec<Expr>,
    /// The function's arguments.
    pub inputs: Vec<Expr>,
    pub signature: Signature,
}

/// A call of the lazy function over an input.
///
/// # Errors
/// As [`hide`].
pub fn lazy(kind: LazyKind, parts: Vec<Expr>, schema: &DFSchema, state: &SessionState) -> Result<Expr> {
    let Hidden { parts, inputs, signature } = hide(parts, schema, state)?;
    let function = Lazy { kind, parts, signature, compiled: OnceLock::new() };
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), inputs)))
}

/// Hides expressions over an input. The optimiser does not see them again, so they are simplified here.
///
/// # Errors
/// What the simplifier reports of a part that it cannot type, or of a literal that it casts: 22P02, 22003 and the like.
pub fn hide(parts: Vec<Expr>, schema: &DFSchema, state: &SessionState) -> Result<Hidden> {
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::clone(state.config_options()))
        .with_query_execution_start_time(state.execution_props().query_execution_start_time)
        .build();
    let simplifier = ExprSimplifier::new(context);
    let mut inputs: Vec<Expr> = Vec::new();
    let mut hidden = Vec::with_capacity(parts.len());
    let mut is_volatile = false;
    for part in parts {
        is_volatile |= part.is_volatile();
        // As around the optimiser: constants have keys before it computes with them, and what it makes of calls has them, too.
        let part = simplifier.simplify(keyed(part, schema, KeySides::Constants)?.data)?;
        let part = simplifier.simplify(keyed(part, schema, KeySides::All)?.data)?;
        let part = part.map_down(|node| {
            if !is_input(&node) {
                return Ok(Transformed::no(node));
            }
            let position = inputs.iter().position(|input| *input == node).unwrap_or_else(|| {
                inputs.push(node);
                inputs.len() - 1
            });
            let column = Expr::Column(Column::new_unqualified(name_of(position)));
            Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
        })?;
        hidden.push(part.data);
    }
    let volatility = if is_volatile { Volatility::Volatile } else { Volatility::Immutable };
    let signature = match inputs.len() {
        0 => Signature::nullary(volatility),
        count => Signature::any(count, volatility),
    };
    Ok(Hidden { parts: hidden, inputs, signature })
}

/// What is evaluated outside: columns, and what only its plan can compute.
fn is_input(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Column(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::ScalarSubquery(_)
            | Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::SetComparison(_)
            | Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
    )
}

fn name_of(position: usize) -> String {
    format!("$input{position}")
}

/// Whether a function hides parts that are compiled for the statement that runs.
pub fn is_lazy(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<Lazy>().is_some()
}

#[derive(Debug)]
struct Lazy {
    kind: LazyKind,
    parts: Vec<Expr>,
    signature: Signature,
    /// Made by the first batch.
    compiled: OnceLock<Vec<Arc<dyn PhysicalExpr>>>,
}

impl PartialEq for Lazy {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.parts == other.parts
    }
}

impl Eq for Lazy {}

impl Hash for Lazy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.parts.hash(state);
    }
}

impl ScalarUDFImpl for Lazy {
    fn name(&self) -> &str {
        match self.kind {
            LazyKind::Conditions => "lazy_filter",
            LazyKind::And => "lazy_and",
            LazyKind::Or => "lazy_or",
            LazyKind::Case => "lazy_case",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let parts: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(format!("{}: {} of {}", self.name(), parts.join(", "), arguments.join(", ")))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let parts = match self.compiled.get() {
            Some(parts) => parts,
            None => {
                let parts = compile(&self.parts, &arguments.arg_fields, &arguments.config_options)?;
                self.compiled.get_or_init(|| parts)
            }
        };
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant && !arguments.args.is_empty() { 1 } else { arguments.number_rows };
        let input = Input { batch: batch(&arguments, rows)?, parts };
        let truths = match self.kind {
            LazyKind::Case => input.case()?,
            LazyKind::Conditions | LazyKind::And | LazyKind::Or => input.decided(self.kind)?,
        };
        let array = BooleanArray::from(truths);
        if is_constant && rows == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(array)))
    }
}

/// Hidden expressions, ready for batches of their inputs.
///
/// # Errors
/// What the planner says of an expression that it cannot run.
pub fn compile(
    parts: &[Expr],
    inputs: &[FieldRef],
    options: &Arc<ConfigOptions>,
) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let schema = DFSchema::try_from(input_schema(inputs))?;
    let mut properties = ExecutionProps::new();
    properties.mark_start_execution(Arc::clone(options));
    let context = PhysicalPlanningContext::default();
    parts.iter().map(|part| create_physical_expr(part, &schema, &properties, &context)).collect()
}

fn input_schema(inputs: &[FieldRef]) -> Schema {
    let fields = inputs.iter().enumerate().map(|(position, input)| {
        let field = Field::new(name_of(position), input.data_type().clone(), true);
        field.with_metadata(input.metadata().clone())
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// The arguments of a call as the rows that hidden expressions read.
///
/// # Errors
/// None but a defect: arguments of other lengths or types than the call says.
pub fn batch(arguments: &ScalarFunctionArgs, rows: usize) -> Result<RecordBatch> {
    let columns = arguments.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(input_schema(&arguments.arg_fields));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}

/// A batch, and the expressions that are evaluated on rows of it.
struct Input<'a> {
    batch: RecordBatch,
    parts: &'a [Arc<dyn PhysicalExpr>],
}

impl Input<'_> {
    /// The truth of a part on some rows.
    fn truths(&self, part: usize, rows: &[u32]) -> Result<Vec<Option<bool>>> {
        let expr = self
            .parts
            .get(part)
            .ok_or_else(|| DataFusionError::Internal("a lazy function lacks a part".to_string()))?;
        let value = if rows.len() == self.batch.num_rows() {
            expr.evaluate(&self.batch)?
        } else {
            expr.evaluate(&take_record_batch(&self.batch, &UInt32Array::from(rows.to_vec()))?)?
        };
        let array = cast(&value.into_array(rows.len())?, &DataType::Boolean)?;
        Ok(array.as_boolean().iter().collect())
    }

    fn all_rows(&self) -> Result<Vec<u32>> {
        let count = u32::try_from(self.batch.num_rows());
        let count = count.map_err(|_| DataFusionError::Internal("a batch of more than 2^32 rows".to_string()))?;
        Ok((0..count).collect())
    }

    /// AND or OR: rows leave with the first part that decides.
    fn decided(&self, kind: LazyKind) -> Result<Vec<Option<bool>>> {
        let decisive = kind == LazyKind::Or;
        let mut rows = self.all_rows()?;
        let mut truths = vec![Some(!decisive); rows.len()];
        let mut waiting: VecDeque<usize> = (0..self.parts.len()).collect();
        let (mut error, mut failures) = (None, 0);
        while let Some(part) = waiting.pop_front() {
            if rows.is_empty() {
                break;
            }
            let values = match self.truths(part, &rows) {
                Ok(values) => values,
                Err(failure) => {
                    waiting.push_back(part);
                    failures += 1;
                    // All that is left has failed on the same rows.
                    if failures >= waiting.len() {
                        return Err(error.unwrap_or(failure));
                    }
                    error.get_or_insert(failure);
                    continue;
                }
            };
            let before = rows.len();
            let mut values = values.into_iter();
            rows.retain(|row| {
                let value = values.next().flatten();
                let is_decided = value == Some(decisive) || (value.is_none() && kind == LazyKind::Conditions);
                if let (true, Some(truth)) = (is_decided || value.is_none(), truths.get_mut(*row as usize)) {
                    *truth = value;
                }
                !is_decided
            });
            if rows.len() < before {
                (error, failures) = (None, 0);
            }
        }
        Ok(truths)
    }

    /// CASE: conditions on the rows that none before took, results on the rows of theirs.
    fn case(&self) -> Result<Vec<Option<bool>>> {
        let mut rows = self.all_rows()?;
        let mut truths = vec![None; rows.len()];
        let mut part = 0;
        while part < self.parts.len() && !rows.is_empty() {
            let is_else = part + 1 == self.parts.len();
            let mut taken = Vec::new();
            if is_else {
                std::mem::swap(&mut taken, &mut rows);
            } else {
                let mut values = self.truths(part, &rows)?.into_iter();
                rows.retain(|row| {
                    let is_taken = values.next().flatten() == Some(true);
                    if is_taken {
                        taken.push(*row);
                    }
                    !is_taken
                });
                part += 1;
            }
            if !taken.is_empty() {
                for (row, value) in taken.iter().zip(self.truths(part, &taken)?) {
                    if let Some(truth) = truths.get_mut(*row as usize) {
                        *truth = value;
                    }
                }
            }
            part += 1;
        }
        Ok(truths)
    }
}
