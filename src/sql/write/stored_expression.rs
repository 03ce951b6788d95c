//! Expressions over one row that definitions keep as text: conditions, generated values, keys of indexes.
//!
//! What the language of [`expr::Expr`](crate::expr::Expr) has becomes a program of it. The rest is planned once as a projection of
//! one row, whose compiled steps are run on a batch of that row: no statement, view or thread of its own is needed for it, so
//! nothing in it may depend on them.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::MemTable;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column as PlanColumn, DFSchema};
use datafusion::datasource::provider_as_source;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, Volatility};
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Statement};

use crate::db::{Cancel, ReadView};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, Environment, Operand, ParameterTypes, RowAccess, RowExpression, Scalar, no_condition};
use crate::model::Collection;
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::arrow::errors::{from_datafusion, to_datafusion};
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::types::{field_of, metadata_of, type_of};
use crate::sql::arrow::values::{array_of, scalar_of};
use crate::sql::arrow::walks::TreeWalks;
use crate::sql::functions::{DOMAIN_VALUE, function};
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::parse::parse;
use crate::sql::parse::visit::change_expressions;
use crate::sql::read::read_plan::RowForm;
use crate::sql::relational::engine;
use crate::sql::relational::physical::optimized_plan;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::write_target::WritePlace;
use crate::statement::PlanNotes;
use crate::types::{ColumnType, Value, quote_identifier};

/// What a stored expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredUse {
    /// A condition; of what, for messages.
    Condition(&'static str),
    /// A value for the column at a position.
    Column(usize),
    /// A value of its own type.
    Value,
}

/// A compiled expression, and the type of its values.
pub struct CompiledExpression {
    pub expression: Arc<dyn RowExpression>,
    pub ty: ColumnType,
    /// Whether a row has the same value whenever it is computed.
    pub is_immutable: bool,
}

/// The tree of an expression that a definition keeps as text.
///
/// # Errors
/// XX001 for a text that is no expression.
pub fn stored_expression(text: &str) -> Result<Expr> {
    let damaged = || Error::new(ErrorKind::Corrupted, format!("a stored expression cannot be read: {text}"));
    let Some(Statement::Query(query)) = parse(&format!("SELECT {text}")).map_err(|_| damaged())?.statement else {
        return Err(damaged());
    };
    let SetExpr::Select(select) = *query.body else { return Err(damaged()) };
    match select.projection.into_iter().next() {
        Some(SelectItem::UnnamedExpr(expr)) => Ok(expr),
        _ => Err(damaged()),
    }
}

/// The text of a stored expression after a column got another name.
///
/// # Errors
/// As [`stored_expression`].
pub fn renamed(text: &str, from: &str, to: &str) -> Result<String> {
    let mut expr = stored_expression(text)?;
    change_expressions(&mut expr, |part| {
        if let Expr::Identifier(ident) = part
            && folded(ident) == from
        {
            *ident = if quote_identifier(to) == to { Ident::new(to) } else { exact(to) };
        }
    });
    Ok(expr.to_string())
}

/// Compiles the text of an expression over the rows of a collection, for whoever writes rows.
///
/// # Errors
/// As [`stored_expression`] and [`compile_expression`].
pub fn compile_stored(view: &ReadView, collection: &Collection, text: &str) -> Result<Arc<dyn RowExpression>> {
    let (settings, cancel, notes) = (Settings::default(), Cancel::new(), PlanNotes::default());
    let context = PlanContext {
        view,
        settings: &settings,
        text: "",
        query_function: None,
        cancel: &cancel,
        notes: &notes,
        given: &[],
        refreshed: None,
    };
    Ok(compile_expression(&stored_expression(text)?, StoredUse::Value, collection, &context)?.expression)
}

/// Compiles an expression over the rows of a collection.
///
/// # Errors
/// What PostgreSQL reports of names, types and operators; 42804 for a condition that is not of type boolean; 0A000 for what only a
/// statement can compute.
pub fn compile_expression(
    expr: &Expr,
    what_for: StoredUse,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<CompiledExpression> {
    let mut parameters = ParameterTypes::default();
    let mut compiler = Compiler::new(collection, &collection.name, Visible::Row, &mut parameters, context);
    let small = match what_for {
        StoredUse::Condition(of) => compiler.try_condition(expr, of)?.map(|condition| (condition, ColumnType::Bool)),
        StoredUse::Column(position) => compiler
            .try_assign(expr, WritePlace::Column(position))?
            .map(|value| (value, WritePlace::Column(position).ty(collection))),
        StoredUse::Value => compiler.typed(expr)?.and_then(|typed| Some((typed.expression, typed.ty?))),
    };
    if let Some((small, ty)) = small {
        let expression: Arc<dyn RowExpression> = Arc::from(small.for_rows()?);
        let is_immutable = expression.program().is_some();
        return Ok(CompiledExpression { expression, ty, is_immutable });
    }
    compiler.hard.clear();
    compiler.plan_later(expr);
    let Some(plan) = compiler.finish()? else { return Err(Error::internal("an expression was not planned")) };
    let planned = PlannedExpression::new(&plan, collection)?;
    let ty = planned.ty.clone();
    if let StoredUse::Condition(of) = what_for
        && ty != ColumnType::Bool
    {
        return Err(no_condition(of, &ty));
    }
    Ok(CompiledExpression { expression: Arc::new(planned), ty, is_immutable: true })
}

/// An expression of the planner, ready to run on one row after the other.
#[derive(Debug)]
struct PlannedExpression {
    /// The columns that it reads, by their positions in the row.
    inputs: Vec<(usize, ColumnType)>,
    schema: SchemaRef,
    /// One projection after the other; the first reads the inputs, and the last gives the value.
    steps: Vec<Step>,
    ty: ColumnType,
}

#[derive(Debug)]
struct Step {
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    /// Of what it gives.
    schema: SchemaRef,
}

impl PlannedExpression {
    fn new(row: &RowPlan, collection: &Collection) -> Result<PlannedExpression> {
        let inputs = row.columns_read();
        let inputs = inputs.into_iter().map(|position| (position, WritePlace::Column(position).ty(collection)));
        let inputs: Vec<(usize, ColumnType)> = inputs.collect();
        let fields = inputs.iter().enumerate().map(|(at, (_, ty))| field_of(&input_name(at), ty, true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let state = row_state()?;
        let value = value_of(row, inputs.len())?;
        check_steady(&value)?;
        let table = MemTable::try_new(Arc::clone(&schema), vec![Vec::new()]).map_err(from_datafusion)?;
        let plan = LogicalPlanBuilder::scan("row", provider_as_source(Arc::new(table)), None)
            .and_then(|scan| scan.project(vec![value.alias("value")]))
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let steps = steps_of(&optimized_plan(plan, &state)?, &schema, &state)?;
        let last = steps.last().map_or(&schema, |step| &step.schema);
        let ty = last.fields().first().map_or(ColumnType::Unknown, |field| type_of(field));
        Ok(PlannedExpression { inputs, schema, steps, ty })
    }
}

impl RowExpression for PlannedExpression {
    fn value(&self, _: &Environment<'_>, row: &dyn RowAccess) -> Result<Value> {
        let mut arrays = Vec::with_capacity(self.inputs.len());
        for (position, ty) in &self.inputs {
            arrays.push(array_of(ty, [&row.value(&Operand::Column(*position))?])?);
        }
        let one_row = RecordBatchOptions::new().with_row_count(Some(1));
        let made = |schema: &SchemaRef, arrays| {
            RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &one_row)
                .map_err(|error| Error::internal(format!("a row does not fit its expression: {error}")))
        };
        let mut batch = made(&self.schema, arrays)?;
        for step in &self.steps {
            let values = step.expressions.iter().map(|expression| expression.evaluate(&batch)?.into_array(1));
            let values = values.collect::<datafusion::error::Result<Vec<_>>>().map_err(from_datafusion)?;
            batch = made(&step.schema, values)?;
        }
        match batch.columns().first() {
            Some(values) => value_at(&readable(values)?, 0, &self.ty),
            None => Err(Error::internal("an expression gave no value")),
        }
    }
}

fn input_name(at: usize) -> String {
    format!("c{at}")
}

/// A state of the planner for what belongs to no statement.
fn row_state() -> Result<SessionState> {
    // The rules that take a scan of no rows for a result of none would leave nothing of the expression.
    let state = engine::bare_state()?;
    let rules = state.optimizers().iter().filter(|rule| rule.name() != "propagate_empty_relation").cloned().collect();
    Ok(SessionStateBuilder::new_from_existing(state).with_optimizer_rules(rules).build())
}

/// The planned expression over columns in the place of its parameters.
fn value_of(row: &RowPlan, inputs: usize) -> Result<PlanExpr> {
    let (expr, constants): (PlanExpr, &[(Value, ColumnType)]) = match row.query().row_form() {
        Some(RowForm::Scalars([scalar])) => match scalar {
            Scalar::Parameter(position, _) => return Ok(column(*position)),
            Scalar::Value(value) => return literal(value, &value.column_type()),
        },
        Some(RowForm::Planned(LogicalPlan::Projection(projection), constants)) => {
            match (projection.expr.as_slice(), projection.input.as_ref()) {
                ([expr], LogicalPlan::EmptyRelation(_)) => (expr.clone().unalias(), constants),
                _ => return Err(not_of_one_row()),
            }
        }
        _ => return Err(not_of_one_row()),
    };
    let replaced = expr.map_up(|part| match &part {
        PlanExpr::Placeholder(Placeholder { id, .. }) => {
            let number = id.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
            let position = number.and_then(|number| number.checked_sub(1));
            match position {
                Some(position) if position < inputs => Ok(Transformed::yes(column(position))),
                Some(position) => match constants.get(position - inputs) {
                    Some((value, ty)) => match literal(value, ty) {
                        Ok(literal) => Ok(Transformed::yes(literal)),
                        Err(error) => Err(to_datafusion(error)),
                    },
                    None => Ok(Transformed::no(part)),
                },
                None => Ok(Transformed::no(part)),
            }
        }
        _ => Ok(Transformed::no(part)),
    });
    replaced.map(|replaced| replaced.data).map_err(from_datafusion)
}

fn column(position: usize) -> PlanExpr {
    PlanExpr::Column(PlanColumn::new(Some("row"), input_name(position)))
}

fn literal(value: &Value, ty: &ColumnType) -> Result<PlanExpr> {
    Ok(PlanExpr::Literal(scalar_of(value, ty)?, metadata_of(ty)))
}

fn not_of_one_row() -> Error {
    Error::unsupported(
        "this expression is not offered where a definition keeps it",
        "Columns of the row, constants, operators and functions of them are.",
    )
}

/// # Errors
/// 0A000 for a function that asks the statement or the moment.
fn check_steady(expr: &PlanExpr) -> Result<()> {
    let mut named = None;
    let walked = expr.each_part(|part| {
        if let PlanExpr::ScalarFunction(call) = part
            && call.func.signature().volatility != Volatility::Immutable
            && function(call.func.name()).is_none_or(|function| function.volatility != expr::Volatility::Styled)
        {
            named = Some(call.func.name().to_string());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_err(from_datafusion)?;
    match named {
        None => Ok(()),
        Some(name) if name == DOMAIN_VALUE => Err(Error::unsupported(
            "a cast to a domain is not offered where a definition keeps it",
            "Cast to the type below the domain.",
        )),
        Some(name) => Err(Error::unsupported(
            format!("{name}() in an expression of this form is not offered where a definition keeps it"),
            "now() and its like are compared with columns directly; other functions may only look at their arguments.",
        )),
    }
}

/// The projections of a plan from the scan upwards, compiled.
fn steps_of(plan: &LogicalPlan, inputs: &SchemaRef, state: &SessionState) -> Result<Vec<Step>> {
    let mut projections = Vec::new();
    let mut next = plan;
    let scan = loop {
        match next {
            LogicalPlan::Projection(projection) => {
                projections.push(projection);
                next = projection.input.as_ref();
            }
            LogicalPlan::TableScan(scan) => break scan,
            _ => return Err(not_of_one_row()),
        }
    };
    let planning = PhysicalPlanningContext::default();
    // The scan gives all inputs in their order: it must not have been told to leave some out.
    let all = scan.projected_schema.fields().len() == inputs.fields().len();
    let mut steps = Vec::new();
    if !all {
        let taken = scan.projected_schema.fields().iter().map(|field| {
            let column = PlanExpr::Column(PlanColumn::new(Some("row"), field.name()));
            let schema = DFSchema::try_from_qualified_schema("row", inputs)?;
            create_physical_expr(&column, &schema, state.execution_props(), &planning)
        });
        let expressions = taken.collect::<datafusion::error::Result<Vec<_>>>().map_err(from_datafusion)?;
        steps.push(Step { expressions, schema: Arc::new(scan.projected_schema.as_arrow().clone()) });
    }
    for projection in projections.into_iter().rev() {
        let (input, props) = (projection.input.schema(), state.execution_props());
        let compiled = projection.expr.iter().map(|expr| create_physical_expr(expr, input, props, &planning));
        let expressions = compiled.collect::<datafusion::error::Result<Vec<_>>>().map_err(from_datafusion)?;
        steps.push(Step { expressions, schema: Arc::new(projection.schema.as_arrow().clone()) });
    }
    Ok(steps)
}
