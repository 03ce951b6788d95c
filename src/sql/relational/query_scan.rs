//! The leaf of physical plans: a query of `db`, its rows turned into Arrow batches.
//!
//! Each chunk is read on a blocking thread, one ahead of the reader: a reader that is slow holds a batch, and no thread. A
//! reader that goes away or a cancelled statement stops the scan at its next chunk.
//!
//! Where all that is wanted lies in columns in memory, batches are made of those, and the planner is told how many rows there are
//! and what they lie between.

use std::fmt;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Statistics;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::TryStreamExt;

use crate::db::{BoundQuery, ColumnScan, ColumnValues, Cursor, Row, ScanSummary};
use crate::error::Result;
use crate::model::CollectionKind;
use crate::sql::arrow::column_arrays::array_of_column;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::memory_pool::cover_measured;
use crate::sql::arrow::values::{array_of, scalar_of};
use crate::types::{ColumnType, Value};

/// A batch that is being read, and where the scan goes on after it; `None` at its end.
type Reading = SpawnedTask<datafusion::error::Result<Option<(RecordBatch, Source)>>>;

/// Rows that are copied from columns at a time; they are handed on in parts.
const COLUMN_BATCH_ROWS: usize = 8192;

/// Where a scan goes on.
enum Source {
    Rows(Box<Cursor>),
    Columns(Box<ColumnScan>),
}

/// The name of a [`QueryScan`] among the steps of a plan; its description holds no value.
pub const QUERY_SCAN: &str = "QueryScan";

#[derive(Clone)]
pub struct QueryScan {
    query: Arc<BoundQuery>,
    types: Arc<[ColumnType]>,
    context: ReadContext,
    properties: Arc<PlanProperties>,
    statistics: Arc<OnceLock<Arc<Statistics>>>,
}

impl QueryScan {
    /// `types` are those of the query's outputs, as `schema` shows them.
    pub fn new(query: BoundQuery, types: Vec<ColumnType>, schema: SchemaRef, context: ReadContext) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let (query, properties) = (Arc::new(query), Arc::new(properties));
        QueryScan { query, types: types.into(), context, properties, statistics: Arc::default() }
    }

    /// Reads the next chunk, or the first one where nothing is open yet.
    fn read_on(&self, source: Option<Source>) -> Reading {
        let scan = self.clone();
        SpawnedTask::spawn_blocking(move || {
            let source = match source {
                Some(source) => source,
                None => scan.open().map_err(to_datafusion)?,
            };
            // Operators may keep rows and account for none of them.
            cover_measured(&scan.context.settings.memory).map_err(to_datafusion)?;
            Ok(match source {
                Source::Rows(mut cursor) => match cursor.next_chunk().map_err(to_datafusion)? {
                    Some(rows) => Some((batch_of(&rows, &scan.types, &scan.schema())?, Source::Rows(cursor))),
                    None => None,
                },
                Source::Columns(mut columns) => match columns.next_batch(COLUMN_BATCH_ROWS).map_err(to_datafusion)? {
                    Some((rows, values)) => {
                        let batch = batch_of_columns(rows, values, &scan.types, &scan.schema())?;
                        Some((batch, Source::Columns(columns)))
                    }
                    None => None,
                },
            })
        })
    }

    fn open(&self) -> Result<Source> {
        let ReadContext { view, settings, cancel, .. } = &self.context;
        if let Some(columns) = view.column_scan(&self.query, &self.types, settings, cancel)? {
            return Ok(Source::Columns(Box::new(columns)));
        }
        view.query(Arc::clone(&self.query), settings, cancel).map(|cursor| Source::Rows(Box::new(cursor)))
    }

    /// What is known of the rows, once for all who ask.
    fn statistics(&self) -> Arc<Statistics> {
        let known = self.statistics.get_or_init(|| {
            let ReadContext { view, settings, cancel, .. } = &self.context;
            // What it fails with, reading says.
            let summary = view.scan_summary(&self.query, &self.types, settings, cancel).ok().flatten();
            Arc::new(match summary {
                Some(summary) => statistics_of(&summary, &self.types, &self.schema()),
                None => Statistics::new_unknown(&self.schema()),
            })
        });
        Arc::clone(known)
    }

    /// Whether it reads secrets.
    pub fn reads_secrets(&self) -> bool {
        self.query.collection.kind == CollectionKind::Auth
    }

    /// How `db` will run the query, one step a line.
    ///
    /// # Errors
    /// As `ReadView::explain`.
    pub fn describe(&self) -> Result<Vec<String>> {
        let ReadContext { view, settings, cancel, .. } = &self.context;
        match view.explain_column_scan(&self.query, settings, cancel)? {
            Some(lines) => Ok(lines),
            None => view.explain(&self.query, settings),
        }
    }
}

impl fmt::Debug for QueryScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryScan({})", self.query.collection.name)
    }
}

impl DisplayAs for QueryScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.describe() {
            Ok(lines) => {
                let steps: Vec<&str> = lines.iter().map(|line| line.trim().trim_start_matches("-> ").trim()).collect();
                f.write_str(&steps.join("; "))
            }
            Err(_) => write!(f, "Scan on {}", self.query.collection.name),
        }
    }
}

impl ExecutionPlan for QueryScan {
    fn name(&self) -> &str {
        QUERY_SCAN
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> datafusion::error::Result<TreeNodeRecursion>,
    ) -> datafusion::error::Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> datafusion::error::Result<Arc<Statistics>> {
        Ok(self.statistics())
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> datafusion::error::Result<SendableRecordBatchStream> {
        if partition != 0 {
            return Err(DataFusionError::Internal(format!("a scan has one partition, not {partition}")));
        }
        // Fewer than a chunk has where the statement's constants are large.
        // As long as those that are made of rows, since which of equal rows a sort with a limit keeps depends on it.
        let rows_max = context.session_config().batch_size().max(1);
        let scan = self.clone();
        let first = scan.read_on(None);
        let batches = futures::stream::try_unfold((scan, Some(first)), |(scan, reading)| async move {
            let Some(reading) = reading else { return Ok::<_, DataFusionError>(None) };
            let read = reading.join().await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?;
            Ok(read?.map(|(batch, source)| {
                let next = scan.read_on(Some(source));
                (batch, (scan, Some(next)))
            }))
        });
        let parts = batches.map_ok(move |batch: RecordBatch| {
            let starts: Vec<usize> = (0..batch.num_rows()).step_by(rows_max).collect();
            let part = move |start: usize| {
                Ok::<_, DataFusionError>(batch.slice(start, rows_max.min(batch.num_rows() - start)))
            };
            futures::stream::iter(starts.into_iter().map(part))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), parts.try_flatten())))
    }
}

/// Rows as a batch.
///
/// # Errors
/// As [`array_of`].
pub fn batch_of(rows: &[Row], types: &[ColumnType], schema: &SchemaRef) -> datafusion::error::Result<RecordBatch> {
    let null = Value::Null;
    let columns = types
        .iter()
        .enumerate()
        .map(|(position, ty)| array_of(ty, rows.iter().map(|row| row.get(position).unwrap_or(&null))))
        .collect::<Result<Vec<_>>>()
        .map_err(to_datafusion)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// Values that lie side by side as a batch.
fn batch_of_columns(
    rows: usize,
    values: Vec<ColumnValues>,
    types: &[ColumnType],
    schema: &SchemaRef,
) -> datafusion::error::Result<RecordBatch> {
    let arrays = values.into_iter().zip(types).map(|(values, ty)| array_of_column(values, ty));
    let arrays = arrays.collect::<Result<Vec<_>>>().map_err(to_datafusion)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

/// What the planner is told: counts are exact, bounds are estimates, as rows that are left out may have been the least.
fn statistics_of(summary: &ScanSummary, types: &[ColumnType], schema: &SchemaRef) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Exact(summary.rows);
    let known = statistics.column_statistics.iter_mut().zip(&summary.outputs).zip(types);
    for ((column, output), ty) in known {
        if let Some(nulls) = output.nulls {
            column.null_count = Precision::Exact(nulls);
        }
        if let Some((least, greatest)) = &output.bounds
            && let (Ok(least), Ok(greatest)) = (scalar_of(least, ty), scalar_of(greatest, ty))
        {
            column.min_value = Precision::Inexact(least);
            column.max_value = Precision::Inexact(greatest);
        }
    }
    statistics
}
