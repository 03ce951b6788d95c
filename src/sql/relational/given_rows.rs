//! Rows that a part of a statement gave, as a table for the parts behind it: RETURNING of `WITH x AS (INSERT …)`.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::model::OutputColumn;
use crate::sql::arrow::types::field_of;
use crate::sql::arrow::values::array_of;
use crate::types::{ColumnType, Value};

/// A table whose rows are put in before each run of the statement that reads it.
#[derive(Debug)]
pub struct GivenRows {
    schema: SchemaRef,
    types: Vec<ColumnType>,
    batch: Mutex<RecordBatch>,
}

impl GivenRows {
    /// A table without rows.
    pub fn new(columns: &[OutputColumn]) -> GivenRows {
        let fields: Vec<_> = columns.iter().map(|column| field_of(&column.name, &column.ty, true)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let types = columns.iter().map(|column| column.ty.clone()).collect();
        GivenRows { batch: Mutex::new(RecordBatch::new_empty(Arc::clone(&schema))), schema, types }
    }

    /// Puts these rows in the place of those that were there.
    ///
    /// # Errors
    /// XX000 for rows of another width; as [`array_of`].
    pub fn put(&self, rows: &[Vec<Value>]) -> Result<()> {
        let null = Value::Null;
        let columns = self.types.iter().enumerate();
        let arrays = columns.map(|(at, ty)| array_of(ty, rows.iter().map(|row| row.get(at).unwrap_or(&null))));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let batch = if arrays.is_empty() || rows.is_empty() {
            RecordBatch::new_empty(Arc::clone(&self.schema))
        } else {
            RecordBatch::try_new(Arc::clone(&self.schema), arrays)
                .map_err(|error| Error::internal(format!("rows of WITH: {error}")))?
        };
        *self.batch.lock() = batch;
        Ok(())
    }
}

#[async_trait]
impl TableProvider for GivenRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let batch = self.batch.lock().clone();
        let scan = MemorySourceConfig::try_new_exec(&[vec![batch]], self.schema(), projection.cloned())?;
        Ok(scan)
    }
}
