//! The rows of a plan on their way from its thread to their reader.
//!
//! A plan gives batches of any size. They are cut into chunks that are bounded in rows and bytes, and what a batch and its
//! chunks take is reserved from the account of the statement, once for each of them: a client that does not read holds what
//! its account has, and a statement that wants more ends with an error. What the statement's functions have made for the batch
//! is accounted by `functions/results.rs`, as long as it is alive.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;

use crate::db::{Cancel, HeldRows, Row, RowSender, rows_bytes};
use crate::error::Result;
use crate::model::limits::{CHUNK_BYTES_MAX, ROWS_PER_CHUNK};
use crate::model::{ColumnType, MemoryAccount, Reservation};
use crate::sql::arrow_values::{readable, value_at};
use crate::sql::context::ReadContext;
use crate::sql::errors::from_datafusion;
use crate::sql::functions::Results;

/// Sends the rows of a plan, until its end, an error, or nobody listens.
pub async fn send_rows(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    types: &[ColumnType],
    sender: &RowSender,
    cancel: &Cancel,
) {
    let statement = ReadContext::of(context.session_config().options());
    let account = statement.map(|statement| statement.settings.memory.clone()).unwrap_or_default();
    let results = statement.map(|statement| statement.results.clone()).unwrap_or_default();
    let mut stream = match execute_stream(plan, context) {
        Ok(stream) => stream,
        Err(error) => {
            sender.send(Err(from_datafusion(error))).await;
            return;
        }
    };
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(from_datafusion).and_then(|batch| Batch::new(&batch, &account, &results));
        let is_sent = match batch {
            Ok(batch) => batch.send(types, sender, cancel, &account).await,
            Err(error) => {
                sender.send(Err(error)).await;
                false
            }
        };
        if !is_sent {
            return;
        }
        results.settle();
    }
}

/// A batch that a plan gave, while its rows are sent.
struct Batch {
    columns: Vec<ArrayRef>,
    rows: usize,
    /// Rows of it that make a chunk.
    rows_per_chunk: usize,
    /// What it takes besides what its functions have accounted for.
    _memory: Reservation,
}

impl Batch {
    fn new(batch: &RecordBatch, account: &MemoryAccount, results: &Results) -> Result<Batch> {
        let (mut bytes, mut accounted) = (0_usize, 0_usize);
        for column in batch.columns() {
            let own = slice_bytes(column);
            bytes = bytes.saturating_add(own);
            if results.knows(column) {
                accounted = accounted.saturating_add(own);
            }
        }
        let memory = account.reserve(bytes - accounted)?;
        let columns = batch.columns().iter().map(readable).collect::<Result<Vec<_>>>()?;
        let rows = batch.num_rows();
        let rows_per_chunk = (CHUNK_BYTES_MAX / (bytes / rows.max(1)).max(1)).clamp(1, ROWS_PER_CHUNK);
        Ok(Batch { columns, rows, rows_per_chunk, _memory: memory })
    }

    /// Sends its rows in chunks; whether the reader wants more. A batch may be of any size: a list that is spread out comes as
    /// one.
    async fn send(self, types: &[ColumnType], sender: &RowSender, cancel: &Cancel, account: &MemoryAccount) -> bool {
        for start in (0..self.rows).step_by(self.rows_per_chunk) {
            let end = self.rows.min(start + self.rows_per_chunk);
            let chunk = cancel.check().and_then(|()| self.chunk(start..end, types, account));
            let is_last = chunk.is_err();
            if !sender.send(chunk).await || is_last {
                return false;
            }
        }
        true
    }

    fn chunk(&self, places: Range<usize>, types: &[ColumnType], account: &MemoryAccount) -> Result<HeldRows> {
        let row =
            |at| self.columns.iter().zip(types).map(|(column, ty)| value_at(column, at, ty)).collect::<Result<Row>>();
        let rows = places.map(row).collect::<Result<Vec<Row>>>()?;
        let memory = account.reserve(rows_bytes(&rows))?;
        Ok((rows, memory))
    }
}

/// Bytes of what an array shows, which may be a part of what it stands on.
fn slice_bytes(array: &ArrayRef) -> usize {
    let data = array.to_data();
    let views = match array.data_type() {
        // What views point at is counted whole.
        DataType::Utf8View | DataType::BinaryView => data.buffers().iter().skip(1).map(Buffer::len).sum(),
        _ => 0_usize,
    };
    data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size()).saturating_add(views)
}
