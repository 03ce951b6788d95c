//! A planned SELECT: prepared once, run by each Execute.
//!
//! Planning analyses the tree and then takes the shortest way: rows of constants, one query of `db`, or DataFusion. What
//! was planned holds for the catalog it was planned with; a statement that runs after the schema changed is planned again.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::ParamValues;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::sql::sqlparser::ast::Query as SqlQuery;

use crate::db::{Cancel, Catalog, Query, ReadView, Row, RowStream, Settings};
use crate::error::{Error, Result};
use crate::expr::{ParameterTypes, Scalar};
use crate::model::OutputColumn;
use crate::sql::analyze::analyzer::{Analysis, analyze};
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::arrow::context::{PlanContext, QueryFunction, ReadContext};
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::types::{metadata_of, type_of};
use crate::sql::arrow::values::scalar_of;
use crate::sql::functions::backend_pid;
use crate::sql::read::apart::apart;
use crate::sql::read::lower_query::{LoweredQuery, lower};
use crate::sql::relational::collection_table::StatementTable;
use crate::sql::relational::engine;
use crate::sql::relational::physical::{physical_plan, take_for_planning};
use crate::sql::relational::query_scan::{QUERY_SCAN, check_digits};
use crate::sql::relational::worker_threads::QueryWork;
use crate::types::{ColumnType, Value};

/// A planned query.
#[derive(Clone)]
pub struct ReadPlan {
    columns: Arc<[OutputColumn]>,
    source: Source,
    statement: Arc<Statement>,
}

/// What planning started from, to plan again when the schema has changed.
struct Statement {
    query: SqlQuery,
    text: String,
    types: Vec<ColumnType>,
    query_function: Option<Arc<QueryFunction>>,
    catalog: Arc<Catalog>,
}

#[derive(Clone)]
enum Source {
    Rows(Arc<[Vec<Scalar>]>),
    Short(Arc<Query>),
    Planned(Arc<Planned>),
}

struct Planned {
    plan: LogicalPlan,
    constants: Vec<(Value, ColumnType)>,
    is_cacheable: bool,
}

/// Plans a query. Types that it gives parameters are kept in `parameters`; those that nothing gives a type become text.
///
/// # Errors
/// What PostgreSQL reports of an undefined or ambiguous name, a mistyped literal, an operator that does not exist.
pub fn plan_query(query: &SqlQuery, parameters: &mut ParameterTypes, context: &PlanContext<'_>) -> Result<ReadPlan> {
    let first_constant = parameters.len();
    let analysis = analyze(query, parameters, context)?;
    let statement = |parameters: &ParameterTypes| {
        Arc::new(Statement {
            query: query.clone(),
            text: context.text.to_string(),
            types: parameters.finish(),
            query_function: context.query_function.cloned(),
            catalog: Arc::clone(context.view.catalog()),
        })
    };
    if let Some(lowered) = lower(&analysis, first_constant, parameters) {
        let (source, types) = match lowered {
            LoweredQuery::Rows { rows, types } => (Source::Rows(rows.into()), types),
            LoweredQuery::Query { query, types } => (Source::Short(Arc::new(query)), types),
        };
        let columns = analysis.columns.iter().zip(types).map(|(column, ty)| output_column(column, ty)).collect();
        return Ok(ReadPlan { columns, source, statement: statement(parameters) });
    }
    let Analysis { query, columns, constants, tables, is_cacheable } = analysis;
    let plan = planned(query, tables, &constants, parameters, context)?;
    let columns = planned_columns(&columns, &plan);
    let source = Source::Planned(Arc::new(Planned { plan, constants, is_cacheable }));
    Ok(ReadPlan { columns, source, statement: statement(parameters) })
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
            let types: Vec<_> = (0..given.len())
                .map(|position| given.get(position).cloned())
                .chain(constants.iter().cloned())
                .collect();
            if let Ok(plan) = engine::logical_plan(&query, &tables, &types, &state)
                && let Ok(fields) = plan.get_parameter_fields()
            {
                for position in 0..given.len() {
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

fn planned_columns(columns: &[ScopeColumn], plan: &LogicalPlan) -> Arc<[OutputColumn]> {
    let fields = plan.schema().fields();
    if fields.len() == columns.len() {
        return columns
            .iter()
            .zip(fields.iter())
            .map(|(column, field)| output_column(column, type_of(field)))
            .collect();
    }
    fields.iter().map(|field| OutputColumn::computed(field.name().clone(), type_of(field))).collect()
}

fn output_column(column: &ScopeColumn, ty: ColumnType) -> OutputColumn {
    let (table_oid, attribute) = column.origin.unwrap_or((0, 0));
    OutputColumn { name: column.name.clone(), ty, table_oid, attribute }
}

impl ReadPlan {
    pub fn columns(&self) -> Arc<[OutputColumn]> {
        Arc::clone(&self.columns)
    }

    /// Whether `db` runs the query without a planner.
    pub fn is_short(&self) -> bool {
        !matches!(self.source, Source::Planned(_))
    }

    /// Runs the query in a view of the data. `parameters` has a value for each parameter.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, and what its cast to the parameter's type reports; as [`plan_query`] where tables
    /// changed since, 0A000 where the result has other columns then; 58030 where an entry has to be fetched first; as
    /// `QueryWork::new` and `physical_plan`. What the rows fail with, the stream says.
    pub async fn execute(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<RowStream> {
        let source = self.current(view, settings, cancel)?;
        match &source {
            Source::Rows(rows) => {
                let bind = |row: &Vec<Scalar>| row.iter().map(|scalar| scalar.bind(parameters)).collect();
                Ok(RowStream::from_rows(rows.iter().map(bind).collect::<Result<Vec<Row>>>()?))
            }
            Source::Short(query) => {
                Ok(RowStream::from_cursor(view.query(query.bind(parameters)?, settings, cancel)?))
            }
            Source::Planned(planned) => {
                let mut work = QueryWork::new(backend_pid(settings), cancel)?;
                let state = engine::state(ReadContext::new(view, settings, work.cancel().clone()))?;
                let (physical, context) = self.physical(planned, parameters, state, &mut work).await?;
                let types = self.columns.iter().map(|column| column.ty.clone()).collect();
                work.rows(physical, context, types)
            }
        }
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
        let source = self.current(view, settings, cancel)?;
        match &source {
            Source::Rows(rows) if rows.len() == 1 => Ok(vec!["Result".to_string()]),
            Source::Rows(_) => Ok(vec!["Values Scan".to_string()]),
            Source::Short(query) => view.explain(&query.bind(parameters)?, settings),
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
        let Source::Planned(planned) = self.current(view, settings, cancel)? else {
            return self.explain(view, parameters, settings, cancel).await;
        };
        let mut work = QueryWork::new(backend_pid(settings), cancel)?;
        let state = engine::state(ReadContext::new(view, settings, work.cancel().clone()))?;
        let (physical, _) = self.physical(&planned, parameters, state, &mut work).await?;
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
    pub fn is_nearest(&self) -> bool {
        matches!(&self.source, Source::Short(query) if query.nearest.is_some())
    }

    /// The source for the view's catalog: the prepared one, or one planned anew.
    fn current(&self, view: &ReadView, settings: &Settings, cancel: &Cancel) -> Result<Source> {
        let catalog = view.catalog();
        let is_current = match &self.source {
            Source::Rows(_) => true,
            Source::Short(query) => {
                catalog.collection_by_id(query.collection.id).is_some_and(|now| Arc::ptr_eq(now, &query.collection))
            }
            Source::Planned(planned) => planned.is_cacheable && Arc::ptr_eq(catalog, &self.statement.catalog),
        };
        if is_current {
            return Ok(self.source.clone());
        }
        let types: Vec<_> = self.statement.types.iter().cloned().map(Some).collect();
        let mut parameters = ParameterTypes::new(&types, types.len());
        let context = PlanContext {
            view,
            settings,
            text: &self.statement.text,
            query_function: self.statement.query_function.as_ref(),
            cancel,
        };
        let plan = plan_query(&self.statement.query, &mut parameters, &context)?;
        let same = |a: &OutputColumn, b: &OutputColumn| a.ty == b.ty;
        if plan.columns.len() != self.columns.len()
            || !plan.columns.iter().zip(self.columns.iter()).all(|(a, b)| same(a, b))
        {
            return Err(Error::changed_result());
        }
        Ok(plan.source)
    }

    /// The plan with these parameters, made on the session's lane: it computes what is constant, which may take long.
    async fn physical(
        &self,
        planned: &Arc<Planned>,
        parameters: &[Value],
        state: SessionState,
        work: &mut QueryWork,
    ) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
        let constants = planned.constants.iter().map(|(value, _)| value);
        take_for_planning(&state, parameters.iter().chain(constants).map(Value::bytes).fold(0, usize::saturating_add))?;
        let mut values = Vec::with_capacity(parameters.len() + planned.constants.len());
        let types = self.statement.types.iter();
        let given =
            parameters.iter().zip(types).map(|(value, ty)| value.clone().cast(ty, false).map(|value| (value, ty)));
        for pair in given {
            let (value, ty) = pair?;
            if *ty == ColumnType::Numeric(None) {
                check_digits(&value)?;
            }
            values.push(ScalarAndMetadata::new(scalar_of(&value, ty)?, metadata_of(ty)));
        }
        let planned = Arc::clone(planned);
        work.compute(async move {
            for (value, ty) in &planned.constants {
                values.push(ScalarAndMetadata::new(scalar_of(value, ty)?, metadata_of(ty)));
            }
            let plan = planned.plan.clone();
            let plan = if values.is_empty() {
                plan
            } else {
                plan.replace_params_with_values(&ParamValues::List(values)).map_err(from_datafusion)?
            };
            physical_plan(plan, state).await
        })
        .await
    }
}
