//! The leaf of physical plans: a query of `db`, its rows turned into Arrow batches.
//!
//! Each chunk is read on a blocking thread, one ahead of the reader: a reader that is slow holds a batch, and no thread. A
//! reader that goes away or a cancelled statement stops the scan at its next chunk.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::TryStreamExt;

use crate::db::{BoundQuery, Cursor, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::memory_pool::cover_measured;
use crate::sql::arrow::types::NUMERIC_SCALE;
use crate::sql::arrow::values::array_of;
use crate::types::{ColumnType, Value};

/// A batch that is being read, and where the scan goes on after it; `None` at its end.
type Reading = SpawnedTask<datafusion::error::Result<Option<(RecordBatch, Cursor)>>>;

/// The name of a [`QueryScan`] among the steps of a plan; its description holds no value.
pub const QUERY_SCAN: &str = "QueryScan";

#[derive(Clone)]
pub struct QueryScan {
    query: Arc<BoundQuery>,
    types: Arc<[ColumnType]>,
    context: ReadContext,
    properties: Arc<PlanProperties>,
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
        QueryScan { query: Arc::new(query), types: types.into(), context, properties: Arc::new(properties) }
    }

    /// Reads the next chunk, or the first one where there is no cursor yet.
    fn read_on(&self, cursor: Option<Cursor>) -> Reading {
        let scan = self.clone();
        SpawnedTask::spawn_blocking(move || {
            let context = &scan.context;
            let mut cursor = match cursor {
                Some(cursor) => cursor,
                None => {
                    let query = Arc::clone(&scan.query);
                    context.view.query(query, &context.settings, &context.cancel)
                }
                .map_err(to_datafusion)?,
            };
            // Operators may keep rows and account for none of them.
            cover_measured(&scan.context.settings.memory).map_err(to_datafusion)?;
            let Some(rows) = cursor.next_chunk().map_err(to_datafusion)? else { return Ok(None) };
            let batch = batch_of(&rows, &scan.types, &scan.schema())?;
            Ok(Some((batch, cursor)))
        })
    }

    /// How `db` will run the query, one step a line.
    ///
    /// # Errors
    /// As `ReadView::explain`.
    pub fn describe(&self) -> Result<Vec<String>> {
        self.context.view.explain(&self.query, &self.context.settings)
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

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> datafusion::error::Result<SendableRecordBatchStream> {
        if partition != 0 {
            return Err(DataFusionError::Internal(format!("a scan has one partition, not {partition}")));
        }
        // Fewer than a chunk has where the statement's constants are large.
        let rows_max = context.session_config().batch_size().max(1);
        let scan = self.clone();
        let first = scan.read_on(None);
        let batches = futures::stream::try_unfold((scan, Some(first)), |(scan, reading)| async move {
            let Some(reading) = reading else { return Ok::<_, DataFusionError>(None) };
            let read = reading.join().await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?;
            Ok(read?.map(|(batch, cursor)| {
                let next = scan.read_on(Some(cursor));
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
/// As [`check_digits`] and [`array_of`].
pub fn batch_of(rows: &[Row], types: &[ColumnType], schema: &SchemaRef) -> datafusion::error::Result<RecordBatch> {
    let null = Value::Null;
    let columns = types
        .iter()
        .enumerate()
        .map(|(position, ty)| {
            let values = || rows.iter().map(|row| row.get(position).unwrap_or(&null));
            if *ty == ColumnType::Numeric(None) {
                values().try_for_each(check_digits)?;
            }
            array_of(ty, values())
        })
        .collect::<Result<Vec<_>>>()
        .map_err(to_datafusion)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// Refuses a number of type numeric without precision with more digits than are computed with: it would come out rounded.
///
/// # Errors
/// 22003 above `NUMERIC_SCALE` digits after the point.
pub fn check_digits(value: &Value) -> Result<()> {
    match value {
        Value::Numeric(number) if number.normalize().scale() > u32::from(NUMERIC_SCALE.unsigned_abs()) => {
            let message = format!("{number} has more than {NUMERIC_SCALE} digits after the point");
            Err(Error::new(ErrorKind::NumericOutOfRange, message)
                .with_detail("A column of type numeric without precision is computed with that many.")
                .with_hint("Declare the column as numeric(precision, scale)."))
        }
        _ => Ok(()),
    }
}
