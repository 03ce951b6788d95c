//! DataFusion as this server uses it: one prepared base for all statements, and names resolved by our own catalog.
//!
//! The base holds configuration, functions and rules and is made once. A statement clones it, which copies pointers, and
//! adds what it reads. What its operators hold is taken from the account of its connection; a query that needs more fails, the
//! server does not.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::DateTime;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, TableReference};
use datafusion::datasource::{cte_worktable::CteWorkTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, Volatility, WindowUDF,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{Query, Statement};

use crate::error::Result;
use crate::sql::arrow::arithmetic_functions::arithmetic_function;
use crate::sql::arrow::cast_functions::cast_function;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::memory_pool::AccountPool;
use crate::sql::arrow::types::field_of;
use crate::sql::functions;
use crate::sql::functions::{exclusion_marker, number_function};
use crate::sql::planner::semantics::copies::with_copies_counted;
use crate::sql::planner::semantics::exclusions::with_exclusions;
use crate::sql::planner::semantics::grouping_sets::with_fresh_groups;
use crate::sql::planner::semantics::join_keys::optimizer_rules;
use crate::sql::planner::semantics::late_columns::with_late_columns;
use crate::sql::planner::semantics::varying_calls::with_varying_calls;
use crate::sql::planner::subqueries::mark_joins::with_mark_joins;
use crate::sql::planner::subqueries::quantified::quantified_function;
use crate::sql::registry::FunctionKind;
use crate::sql::relational::collection_table::StatementTable;
use crate::sql::relational::like_rule::LikeRule;
use crate::sql::relational::nearest_rule::NearestRule;
use crate::sql::relational::row_order_rule::RowOrderRule;
use crate::sql::relational::spill::{disk_manager, reads_secrets};
use crate::types::ColumnType;
use crate::types::limits::ROWS_PER_CHUNK;

/// Partitions that one statement's work is split into.
const PARTITIONS: usize = 2;

/// Bytes that a sort takes beforehand, to merge what it has written to files.
const SORT_MERGE_BYTES: usize = 1024 * 1024;

static BASE: LazyLock<Result<SessionState>> = LazyLock::new(build);

fn build() -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_target_partitions(PARTITIONS)
        .with_batch_size(ROWS_PER_CHUNK)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_collect_statistics(false);
    let options = config.options_mut();
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.collect_spans = false;
    // PostgreSQL's names and order of NULLs.
    options.sql_parser.enable_ident_normalization = true;
    options.execution.sort_spill_reservation_bytes = SORT_MERGE_BYTES;
    options.execution.time_zone = Some("UTC".to_string());
    // Only whether NULL can come differs between them, where tests such as IS UNKNOWN become functions.
    options.execution.skip_physical_aggregate_schema_check = true;
    // Rows of scans, series and sorted subqueries keep their order; `row_order_rule` does the rest.
    options.optimizer.enable_round_robin_repartition = false;
    options.sql_parser.enable_subquery_sort_elimination = false;
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(from_datafusion)?;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_optimizer_rules(optimizer_rules())
        .with_optimizer_rule(Arc::new(NearestRule))
        .with_optimizer_rule(Arc::new(LikeRule))
        .with_physical_optimizer_rules(physical_rules())
        .build();
    functions::register(&mut state)?;
    Ok(state)
}

/// The rule of DataFusion that finds the columns of a condition in the node below by their names alone, where two of a join may
/// share one. Conditions stand where they belong by then, and no scan of ours takes more of them.
const FILTER_PUSHDOWN: &str = "FilterPushdown";

/// DataFusion's rules behind our own, which its first rule has to see.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = vec![Arc::new(RowOrderRule)];
    rules.extend(PhysicalOptimizer::new().rules.into_iter().filter(|rule| !rule.name().starts_with(FILTER_PUSHDOWN)));
    rules
}

fn base() -> Result<&'static SessionState> {
    BASE.as_ref().map_err(Clone::clone)
}

/// The state of one statement.
///
/// # Errors
/// What making the base reported, the same for every statement: a defect.
pub fn state(context: ReadContext) -> Result<SessionState> {
    let mut state = base()?.clone();
    state.config_mut().options_mut().extensions.insert(context);
    // Dates and times of now are those of the transaction, not of the base.
    let began = ReadContext::of(state.config_options()).map(|context| context.view.began());
    let options = Arc::clone(state.config_options());
    state.execution_props_mut().mark_start_execution(options);
    state.execution_props_mut().query_execution_start_time = began.and_then(DateTime::from_timestamp_micros);
    Ok(state)
}

/// The state of what belongs to no statement: nothing of it may ask for a view, settings or the time.
///
/// # Errors
/// As [`state`].
pub fn bare_state() -> Result<SessionState> {
    base().cloned()
}

/// What a plan of the statement runs in: its operators take their memory from the account of its connection, and write files where
/// that is not enough.
///
/// # Errors
/// As [`disk_manager`].
pub fn task_context(state: &SessionState, plan: &Arc<dyn ExecutionPlan>) -> Result<TaskContext> {
    let mut runtime = RuntimeEnv::clone(state.runtime_env());
    let context = ReadContext::of(state.config_options());
    let account = context.map(|context| context.settings.memory.clone()).unwrap_or_default();
    let spills = !reads_secrets(plan)?;
    if let Some(context) = context.filter(|_| spills) {
        runtime.disk_manager = disk_manager(&context.view)?;
    }
    runtime.memory_pool = Arc::new(AccountPool::new(&account, spills && context.is_some()));
    Ok(TaskContext::from(state).with_runtime(Arc::new(runtime)))
}

/// Whether a function of that name exists, of whichever kind.
pub fn is_function(name: &str) -> bool {
    base().is_ok_and(|state| {
        state.scalar_functions().contains_key(name)
            || state.aggregate_functions().contains_key(name)
            || state.window_functions().contains_key(name)
            || state.higher_order_functions().contains_key(name)
            || arithmetic_function(name).is_some()
            || cast_function(name).is_some()
            || quantified_function(name).is_some()
            || exclusion_marker(name).is_some()
            || matches!(name, "unnest" | "grouping")
    })
}

/// A function as the planner knows it.
#[derive(Clone, Debug)]
pub struct PlannedFunction {
    pub name: String,
    pub kind: FunctionKind,
    pub volatility: Volatility,
}

/// All functions that a statement may call but in FROM alone, in order of name. Those that only rewrites use have names that
/// no statement can write, and are left out.
pub fn planned_functions() -> Vec<PlannedFunction> {
    let Ok(state) = base() else { return Vec::new() };
    let function = |name: &str, kind, volatility| PlannedFunction { name: name.to_string(), kind, volatility };
    let scalars = state.scalar_functions().iter();
    let mut all: Vec<PlannedFunction> =
        scalars.map(|(name, udf)| function(name, FunctionKind::Scalar, udf.signature().volatility)).collect();
    let higher = state.higher_order_functions().keys();
    all.extend(higher.map(|name| function(name, FunctionKind::Scalar, Volatility::Immutable)));
    let aggregates = state.aggregate_functions().iter();
    all.extend(aggregates.map(|(name, udf)| function(name, FunctionKind::Aggregate, udf.signature().volatility)));
    let windows = state.window_functions().iter();
    all.extend(windows.map(|(name, udf)| function(name, FunctionKind::Window, udf.signature().volatility)));
    all.extend(["unnest", "grouping"].map(|name| function(name, FunctionKind::Scalar, Volatility::Immutable)));
    all.retain(|function| function.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    // An aggregate may be called over a window as well.
    all.dedup_by(|a, b| a.name == b.name);
    all
}

/// Whether the name is an aggregate.
pub fn is_aggregate(name: &str) -> bool {
    base().is_ok_and(|state| state.aggregate_functions().contains_key(name))
}

/// Whether the name is a function that is called without parentheses.
pub fn is_keyword_function(name: &str) -> bool {
    matches!(
        name,
        "current_user"
            | "session_user"
            | "user"
            | "current_role"
            | "current_catalog"
            | "current_schema"
            | "current_date"
            | "current_time"
            | "current_timestamp"
            | "localtime"
            | "localtimestamp"
    ) && is_function(name)
}

/// The logical plan of an analysed query, its types settled. Parameters without a type get none here.
///
/// # Errors
/// What the planner finds wrong with the query: 42803 for a column outside of GROUP BY, 42883 and 42804 for types, 42601,
/// 0A000 for a form that it does not plan; XX000 for what it cannot explain.
pub fn logical_plan(
    query: &Query,
    tables: &BTreeMap<String, StatementTable>,
    parameters: &[Option<ColumnType>],
    state: &SessionState,
) -> Result<LogicalPlan> {
    let names = Names { state, tables };
    let fields: Vec<Option<FieldRef>> =
        parameters.iter().map(|ty| ty.as_ref().map(|ty| Arc::new(field_of("", ty, true)))).collect();
    let mut planner = PlannerContext::new().with_prepare_param_data_types(fields);
    let statement = Statement::Query(Box::new(query.clone()));
    let plan =
        SqlToRel::new(&names).sql_statement_to_plan_with_context(statement, &mut planner).map_err(from_datafusion)?;
    let plan = with_varying_calls(plan, state).and_then(with_copies_counted).and_then(with_late_columns);
    let plan = plan.and_then(with_mark_joins).map_err(from_datafusion)?;
    if parameters.iter().any(Option::is_none) {
        return Ok(plan);
    }
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {});
    plan.and_then(with_exclusions).and_then(|plan| with_fresh_groups(plan, state)).map_err(from_datafusion)
}

/// What the planner may know by name.
struct Names<'a> {
    state: &'a SessionState,
    tables: &'a BTreeMap<String, StatementTable>,
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> datafusion::error::Result<Arc<dyn TableSource>> {
        match self.tables.get(name.table()) {
            Some(StatementTable::Collection(table)) => Ok(provider_as_source(Arc::new(table.clone()))),
            Some(StatementTable::Other(table)) => Ok(provider_as_source(Arc::clone(table))),
            None => Err(DataFusionError::Plan(format!("table '{}' not found", name.table()))),
        }
    }

    fn get_table_function_source(
        &self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> datafusion::error::Result<Arc<dyn TableSource>> {
        let function = self
            .state
            .table_functions()
            .get(name)
            .ok_or_else(|| DataFusionError::Plan(format!("Invalid function: {name} returns no rows")))?;
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(self.state.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        let schema = DFSchema::empty();
        let arguments = arguments
            .into_iter()
            .map(|argument| simplifier.coerce(argument, &schema).and_then(|argument| simplifier.simplify(argument)))
            .collect::<datafusion::error::Result<Vec<_>>>()?;
        let table = function.create_table_provider_with_args(TableFunctionArgs::new(&arguments, self.state))?;
        Ok(provider_as_source(table))
    }

    fn create_cte_work_table(
        &self,
        name: &str,
        schema: datafusion::arrow::datatypes::SchemaRef,
    ) -> datafusion::error::Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let known = self.state.scalar_functions().get(name).cloned();
        known
            .or_else(|| arithmetic_function(name))
            .or_else(|| number_function(name))
            .or_else(|| cast_function(name))
            .or_else(|| quantified_function(name))
            .or_else(|| exclusion_marker(name))
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- functions: written by the tests (UPDATE_GOLDEN=1) -->\n";
    const END: &str = "<!-- end of functions -->";
    /// Characters of a line of the page.
    const LINE_CHARACTERS: usize = 120;

    #[test]
    fn the_page_lists_the_functions() {
        let mut lines = vec![String::new()];
        for name in planned_functions().into_iter().map(|function| function.name) {
            let line = lines.last_mut().unwrap();
            let piece = format!("`{name}`");
            if line.is_empty() {
                line.push_str(&piece);
            } else if line.len() + piece.len() + 1 < LINE_CHARACTERS {
                line.push(' ');
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("COMPAT.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (listed, behind) = rest.split_once(END).unwrap();
        let wanted = lines.join("\n") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{behind}")).unwrap();
        } else {
            assert_eq!(listed, wanted, "the functions in COMPAT.md are others: UPDATE_GOLDEN=1 writes them");
        }
    }
}
