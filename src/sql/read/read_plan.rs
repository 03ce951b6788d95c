//! A planned SELECT: prepared once, run by each Execute.
//!
//! Planning analyses the tree and then takes the shortest way: rows of constants, one query of `db` (of entries or of groups), or DataFusion. What the plan
//! holds for is noted: nothing, one collection, the catalog, or the moment where a table is made of what is there then.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

use datafusion::common::ParamValues;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::sql::sqlparser::ast::Query as SqlQuery;

use crate::db::{AggregateQuery, Cancel, Query, ReadView, Row, RowStream};
use crate::error::{Error, Result};
use crate::expr::{ParameterTypes, Scalar};
use crate::metrics::StatementKind;
use crate::model::OutputColumn;
use crate::settings::Settings;
use crate::sql::analyze::analyzer::{Analysis, analyze};
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::arrow::context::{PlanContext, ReadContext};
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::types::{metadata_of, type_of};
use crate::sql::arrow::values::scalar_of;
use crate::sql::functions::backend_pid;
use crate::sql::planner::subqueries::domain::is_steady;
use crate::sql::read::apart::apart;
use crate::sql::read::element_parameters::element_parameters;
use crate::sql::read::kept_plan::KeptPlan;
use crate::sql::read::lower_query::{LoweredQuery, lower};
use crate::sql::read::with_queries::check_with_queries;
use crate::sql::relational::collection_table::StatementTable;
use crate::sql::relational::engine;
use crate::sql::relational::physical::{optimized_plan, plan_bytes, runnable_plan, take_for_planning};
use crate::sql::relational::query_scan::QUERY_SCAN;
use crate::sql::relational::worker_threads::QueryWork;
use crate::statement::{DependsOn, ReadRun, RowSource, Work, at_once, later};
use crate::types::{ColumnType, Value};

/// A planned query.
#[derive(Clone)]
pub struct ReadPlan {
    columns: Arc<[OutputColumn]>,
    source: Source,
    /// The types of its parameters.
    types: Arc<[ColumnType]>,
}

#[derive(Clone)]
enum Source {
    Rows(Arc<[Vec<Scalar>]>),
    Short(Arc<Query>),
    Groups(Arc<AggregateQuery>),
    Planned(Arc<Relational>),
}

struct Relational {
    plan: LogicalPlan,
    constants: Vec<(Value, ColumnType)>,
    /// Positions of parameters of which the elements alone count.
    elements_of: Vec<usize>,
    kept: KeptPlan,
}

/// What a query of one row without a table is made of.
pub enum RowForm<'a> {
    /// Constants and parameters.
    Scalars(&'a [Scalar]),
    /// A logical plan, with the values of the parameters behind the query's own.
    Planned(&'a LogicalPlan, &'a [(Value, ColumnType)]),
}

/// Plans a query. Types that it gives parameters are kept in `parameters`; those that nothing gives a type become text.
///
/// # Errors
/// What PostgreSQL reports of an undefined or ambiguous name, a mistyped literal, an operator that does not exist.
pub fn plan_query(query: &SqlQuery, parameters: &mut ParameterTypes, context: &PlanContext<'_>) -> Result<ReadPlan> {
    let first_constant = parameters.count();
    let analysis = analyze(query, parameters, context)?;
    if let Some(lowered) = lower(&analysis, first_constant, parameters) {
        let (source, types) = match lowered {
            LoweredQuery::Rows { rows, types } => (Source::Rows(rows.into()), types),
            LoweredQuery::Query { query, types } => {
                context.notes.depend_on(DependsOn::Collections(vec![Arc::clone(&query.collection)]));
                (Source::Short(Arc::new(query)), types)
            }
            LoweredQuery::Groups { query, types } => {
                context.notes.depend_on(DependsOn::Collections(vec![Arc::clone(&query.scan.collection)]));
                (Source::Groups(Arc::new(query)), types)
            }
        };
        let columns = analysis.columns.iter().zip(types);
        let columns = columns.map(|(column, ty)| output_column(column, shown_type(column.ty.as_ref(), ty))).collect();
        return Ok(ReadPlan { columns, source, types: parameters.finish().into() });
    }
    let Analysis { query, columns, constants, tables, is_cacheable, with_names } = analysis;
    context.notes.depend_on(match is_cacheable {
        true => DependsOn::Catalog(Arc::clone(context.view.catalog())),
        false => DependsOn::Moment,
    });
    let plan = planned(query, tables, &constants, parameters, context)?;
    check_with_queries(&plan, &with_names)?;
    let constants = read_constants(constants, first_constant, &plan)?;
    let columns = planned_columns(&columns, &plan);
    let types: Arc<[ColumnType]> = parameters.finish().into();
    let elements_of = element_parameters(&plan, &types)?;
    let source = Source::Planned(Arc::new(Relational { plan, constants, elements_of, kept: KeptPlan::default() }));
    Ok(ReadPlan { columns, source, types })
}

/// The logical plan; parameters that the walk gave no type are typed by the planner.
fn planned(
    query: SqlQuery,
    tables: BTreeMap<String, StatementTable>,
    constants: &[(Value, ColumnType)],
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<LogicalPlan> {
    let state = engine::state(ReadContext::new(context.view, context.settings, context.cancel.clone()))?;
    let constants: Vec<_> = constants.iter().map(|(_, ty)| Some(ty.clone())).collect();
    let mut given = parameters.clone();
    let (plan, given) = apart(0, context.cancel, move || {
        if given.has_unknown() {
            let types: Vec<_> = (0..given.count())
                .map(|position| given.get(position).cloned())
                .chain(constants.iter().cloned())
                .collect();
            if let Ok(plan) = engine::logical_plan(&query, &tables, &types, &state)
                && let Ok(fields) = plan.get_parameter_fields()
            {
                for position in 0..given.count() {
                    if let Some(Some(field)) = fields.get(&format!("${}", position + 1)) {
                        given.suggest(position, &type_of(field));
                    }
                }
            }
        }
        let types: Vec<_> = given.finish().into_iter().map(Some).chain(constants).collect();
        Ok((engine::logical_plan(&query, &tables, &types, &state)?, given))
    })?;
    *parameters = given;
    Ok(plan)
}

/// The constants with NULL in the place of those that the plan reads no more: a literal that became one of another type.
fn read_constants(
    mut constants: Vec<(Value, ColumnType)>,
    first: usize,
    plan: &LogicalPlan,
) -> Result<Vec<(Value, ColumnType)>> {
    if constants.is_empty() {
        return Ok(constants);
    }
    let read = plan.get_parameter_names().map_err(from_datafusion)?;
    for (position, (value, _)) in constants.iter_mut().enumerate() {
        if !read.contains(&format!("${}", first + position + 1)) {
            *value = Value::Null;
        }
    }
    Ok(constants)
}

fn planned_columns(columns: &[ScopeColumn], plan: &LogicalPlan) -> Arc<[OutputColumn]> {
    let fields = plan.schema().fields();
    if fields.len() == columns.len() {
        return columns
            .iter()
            .zip(fields.iter())
            .map(|(column, field)| output_column(column, shown_type(column.ty.as_ref(), type_of(field))))
            .collect();
    }
    fields.iter().map(|field| OutputColumn::computed(field.name().clone(), type_of(field))).collect()
}

/// The type that a result's column is told to have: where the planner computes values of several types alike, the walk knows which.
fn shown_type(known: Option<&ColumnType>, planned: ColumnType) -> ColumnType {
    use ColumnType::{Array, Char, Int2, Int4, Int8, Json, Jsonb, Multirange, Name, Range, Text, Varchar};
    match (known, planned) {
        (Some(Array(known)), Array(planned)) => Array(Box::new(shown_type(Some(known), *planned))),
        // Of an element the planner does not know which one it is.
        (Some(known @ (Range(_) | Multirange(_))), Range(_) | Multirange(_)) => known.clone(),
        // The one that the planner has tells the length, too.
        (Some(known), planned) if discriminant(known) == discriminant(&planned) => planned,
        // Of floats the planner makes vectors.
        (Some(known @ Array(element)), ColumnType::Vector(_)) if **element == ColumnType::Float4 => known.clone(),
        (
            Some(known @ (Text | Varchar(_) | Char(_) | Name | Json | Jsonb)),
            Text | Varchar(_) | Char(_) | Name | Json | Jsonb,
        )
        | (Some(known @ (Int2 | Int4 | Int8)), Int2 | Int4 | Int8) => known.clone(),
        (_, planned) => planned,
    }
}

fn output_column(column: &ScopeColumn, ty: ColumnType) -> OutputColumn {
    let (table_oid, attribute) = column.origin.unwrap_or((0, 0));
    OutputColumn { name: column.name.clone(), ty, table_oid, attribute }
}

impl ReadPlan {
    pub fn columns(&self) -> Arc<[OutputColumn]> {
        Arc::clone(&self.columns)
    }

    /// What the query is made of, where it reads no table and gives one row as it is written.
    pub fn row_form(&self) -> Option<RowForm<'_>> {
        match &self.source {
            Source::Rows(rows) => rows.first().map(|row| RowForm::Scalars(row)),
            Source::Short(_) | Source::Groups(_) => None,
            Source::Planned(planned) => Some(RowForm::Planned(&planned.plan, &planned.constants)),
        }
    }

    /// Whether the query is known to yield the same rows whenever it runs with the same parameters over the same entries.
    pub fn is_steady(&self) -> bool {
        match &self.source {
            Source::Rows(_) => true,
            Source::Short(_) | Source::Groups(_) => false,
            Source::Planned(planned) => is_steady(&planned.plan),
        }
    }

    /// Whether `db` runs the query without a planner.
    #[cfg(test)]
    pub fn is_short(&self) -> bool {
        !matches!(self.source, Source::Planned(_))
    }

    /// Runs the query in a view of the data. `parameters` has a value for each parameter.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, and what its cast to the parameter's type reports; 58030 where an entry has to be fetched first; as
    /// `QueryWork::new`, `optimized_plan` and `runnable_plan`. What the rows fail with, the stream says.
    pub async fn execute(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<RowStream> {
        let planned = match self.open_short(view, parameters, settings, cancel) {
            Ok(opened) => return opened,
            Err(planned) => planned,
        };
        let mut work = QueryWork::new(backend_pid(settings), cancel)?;
        let state = engine::state(ReadContext::new(view, settings, work.cancel().clone()))?;
        let (physical, context) = self.physical(planned, parameters, state, &mut work).await?;
        let types = self.columns.iter().map(|column| column.ty.clone()).collect();
        work.rows(physical, context, types)
    }

    /// Opens what needs no planner; otherwise what the planner takes.
    fn open_short(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> std::result::Result<Result<RowStream>, &Arc<Relational>> {
        let bind = |row: &Vec<Scalar>| row.iter().map(|scalar| scalar.bind(parameters)).collect();
        let query = match &self.source {
            Source::Rows(rows) => {
                return Ok(rows.iter().map(bind).collect::<Result<Vec<Row>>>().map(RowStream::from_rows));
            }
            Source::Short(query) => query,
            Source::Groups(query) => {
                let cursor = query
                    .bind(&view.environment(parameters, settings))
                    .and_then(|query| view.aggregate(query, settings, cancel));
                return Ok(cursor.map(RowStream::from_groups));
            }
            Source::Planned(planned) => return Err(planned),
        };
        let cursor =
            query.bind(&view.environment(parameters, settings)).and_then(|query| view.query(query, settings, cancel));
        Ok(cursor.map(RowStream::from_cursor))
    }

    /// The steps of the query with these parameters, outermost first, as EXPLAIN shows them.
    ///
    /// # Errors
    /// As [`ReadPlan::execute`].
    pub async fn explain(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Vec<String>> {
        match &self.source {
            Source::Rows(rows) if rows.len() == 1 => Ok(vec!["Result".to_string()]),
            Source::Rows(_) => Ok(vec!["Values Scan".to_string()]),
            Source::Short(query) => view.explain(&query.bind(&view.environment(parameters, settings))?, settings),
            Source::Groups(query) => view.explain_aggregate(query, parameters, settings),
            Source::Planned(planned) => {
                let mut work = QueryWork::new(backend_pid(settings), cancel)?;
                let state = engine::state(ReadContext::new(view, settings, work.cancel().clone()))?;
                let (physical, _) = self.physical(planned, parameters, state, &mut work).await?;
                Ok(displayable(physical.as_ref()).indent(false).to_string().lines().map(str::to_string).collect())
            }
        }
    }

    /// As [`ReadPlan::explain`], without the values of the statement: of what the planner makes, the names of the steps.
    ///
    /// # Errors
    /// As [`ReadPlan::execute`].
    pub async fn steps(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Vec<String>> {
        let Source::Planned(planned) = &self.source else {
            return self.explain(view, parameters, settings, cancel).await;
        };
        let mut work = QueryWork::new(backend_pid(settings), cancel)?;
        let state = engine::state(ReadContext::new(view, settings, work.cancel().clone()))?;
        let (physical, _) = self.physical(planned, parameters, state, &mut work).await?;
        let mut lines = Vec::new();
        let mut open = vec![(0, &physical)];
        while let Some((depth, plan)) = open.pop() {
            // A scan says what it does without values.
            let line = if plan.name() == QUERY_SCAN {
                displayable(plan.as_ref()).one_line().to_string().trim_end().to_string()
            } else {
                plan.name().to_string()
            };
            lines.push(format!("{:indent$}{line}", "", indent = 2 * depth));
            open.extend(plan.children().into_iter().rev().map(|child| (depth + 1, child)));
        }
        Ok(lines)
    }

    /// Whether it is a search for the nearest rows.
    fn is_nearest(&self) -> bool {
        matches!(&self.source, Source::Short(query) if query.nearest.is_some())
    }

    /// The plan with these parameters, made on the session's lane: it computes what is constant, which may take long.
    async fn physical(
        &self,
        planned: &Arc<Relational>,
        parameters: &[Value],
        state: SessionState,
        work: &mut QueryWork,
    ) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
        let constants = planned.constants.iter().map(|(value, _)| value);
        take_for_planning(&state, parameters.iter().chain(constants).map(Value::bytes).fold(0, usize::saturating_add))?;
        let mut values = Vec::with_capacity(parameters.len() + planned.constants.len());
        let types = self.types.iter();
        let given =
            parameters.iter().zip(types).map(|(value, ty)| value.clone().cast(ty, false).map(|value| (value, ty)));
        for (position, pair) in given.enumerate() {
            let (value, ty) = pair?;
            let value = if planned.elements_of.contains(&position) { value.flattened() } else { value };
            values.push(ScalarAndMetadata::new(scalar_of(&value, ty)?, metadata_of(ty)));
        }
        let planned = Arc::clone(planned);
        let parameters = parameters.to_vec();
        work.compute(async move {
            let settings = ReadContext::of(state.config_options()).map(|context| Arc::clone(&context.settings));
            let settings = settings.ok_or_else(|| Error::internal("a statement is planned outside of its context"))?;
            if let Some(plan) = planned.kept.of(&parameters, &settings) {
                return runnable_plan(plan, state).await;
            }
            for (value, ty) in &planned.constants {
                values.push(ScalarAndMetadata::new(scalar_of(value, ty)?, metadata_of(ty)));
            }
            let plan = planned.plan.clone();
            let plan = if values.is_empty() {
                plan
            } else {
                plan.replace_params_with_values(&ParamValues::List(values)).map_err(from_datafusion)?
            };
            let bytes = plan_bytes(&plan)?;
            let optimized = optimized_plan(plan, &state)?;
            planned.kept.keep(&parameters, &settings, &planned.plan, (&optimized, bytes));
            runnable_plan(optimized, state).await
        })
        .await
    }
}

impl RowSource for ReadPlan {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        match self.open_short(run.view, run.parameters, run.settings, run.cancel) {
            Ok(opened) => at_once(opened),
            Err(_) => later(self.execute(run.view, run.parameters, run.settings, run.cancel)),
        }
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(ReadPlan::explain(self, run.view, run.parameters, run.settings, run.cancel))
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(ReadPlan::steps(self, run.view, run.parameters, run.settings, run.cancel))
    }

    fn kind(&self) -> StatementKind {
        if self.is_nearest() { StatementKind::Nearest } else { StatementKind::Select }
    }
}
