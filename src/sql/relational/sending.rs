//! The rows of a plan on their way from its thread to their reader.
//!
//! A plan gives batches of any size. They are cut into chunks that are bounded in rows and bytes, and what a batch and its
//! chunks take is reserved from the account of the statement, once for each of them: a client that does not read holds what
//! its account has, and a statement that wants more ends with an error. What the statement's functions have made for the batch
//! is accounted by `sql/arrow/results.rs`, as long as it is alive.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;

use crate::db::{Cancel, Row, RowSender, rows_bytes};
use crate::error::Result;
use crate::model::{MemoryAccount, Reservation, handing_over};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::memory_pool::cover_measured;
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::results::Results;
use crate::types::ColumnType;
use crate::types::limits::{CHUNK_BYTES_MAX, ROWS_PER_CHUNK};

/// What a plan that runs takes by itself, with the threads it runs on, as measured.
const PLAN_BYTES: usize = 1024 * 1024;
/// How often and after which time memory is asked for again: work that was given up ends where it next yields.
const RESERVE_RETRIES: usize = 200;
const RESERVE_RETRY_AFTER: Duration = Duration::from_millis(5);

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
    let _plan_memory = match reserve(&account, PLAN_BYTES, cancel).await {
        Ok(memory) => memory,
        Err(error) => {
            sender.send(Err(error)).await;
            return;
        }
    };
    let mut stream = match execute_stream(plan, context) {
        Ok(stream) => stream,
        Err(error) => {
            sender.send(Err(from_datafusion(error))).await;
            return;
        }
    };
    let _covered = Covered(&account);
    while let Some(batch) = stream.next().await {
        let batch = match batch {
            Ok(batch) => reserve(&account, bytes_to_account(&batch, &results), cancel)
                .await
                .and_then(|memory| Batch::new(&batch, memory))
                .and_then(|batch| cover_measured(&account).map(|()| batch)),
            Err(error) => Err(from_datafusion(error)),
        };
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

/// Gives back what was covered of a plan once it ends.
struct Covered<'a>(&'a MemoryAccount);

impl Drop for Covered<'_> {
    fn drop(&mut self) {
        self.0.uncover();
    }
}

/// Takes memory from an account. What was given up a moment ago, as by the statement before, is waited for shortly.
async fn reserve(account: &MemoryAccount, bytes: usize, cancel: &Cancel) -> Result<Reservation> {
    for _ in 0..RESERVE_RETRIES {
        if let Ok(memory) = account.reserve(bytes) {
            return Ok(memory);
        }
        cancel.check()?;
        tokio::time::sleep(RESERVE_RETRY_AFTER).await;
    }
    account.reserve(bytes)
}

/// Bytes of a batch that its functions have not accounted for.
fn bytes_to_account(batch: &RecordBatch, results: &Results) -> usize {
    let columns = batch.columns().iter().filter(|column| !results.knows(column));
    columns.map(slice_bytes).fold(0, usize::saturating_add)
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
    fn new(batch: &RecordBatch, memory: Reservation) -> Result<Batch> {
        let columns = batch.columns().iter().map(readable).collect::<Result<Vec<_>>>()?;
        let bytes = columns.iter().map(slice_bytes).fold(0, usize::saturating_add);
        let rows = batch.num_rows();
        let rows_per_chunk = (CHUNK_BYTES_MAX / (bytes / rows.max(1)).max(1)).clamp(1, ROWS_PER_CHUNK);
        Ok(Batch { columns, rows, rows_per_chunk, _memory: memory })
    }

    /// Sends its rows in chunks; whether the reader wants more. A batch may be of any size: a list that is spread out comes as
    /// one.
    async fn send(self, types: &[ColumnType], sender: &RowSender, cancel: &Cancel, account: &MemoryAccount) -> bool {
        for start in (0..self.rows).step_by(self.rows_per_chunk) {
            let end = self.rows.min(start + self.rows_per_chunk);
            let chunk = match cancel.check().and_then(|()| handing_over(|| self.chunk(start..end, types))) {
                Ok(rows) => reserve(account, rows_bytes(&rows), cancel).await.map(|memory| (rows, memory)),
                Err(error) => Err(error),
            };
            let is_last = chunk.is_err();
            if !sender.send(chunk).await || is_last {
                return false;
            }
        }
        true
    }

    fn chunk(&self, places: Range<usize>, types: &[ColumnType]) -> Result<Vec<Row>> {
        let row =
            |at| self.columns.iter().zip(types).map(|(column, ty)| value_at(column, at, ty)).collect::<Result<Row>>();
        places.map(row).collect()
    }
}

/// Bytes of what an array shows, which may be a part of what it stands on.
fn slice_bytes(array: &ArrayRef) -> usize {
    if let Some(list) = array.as_list_opt::<i32>() {
        // Of the elements only those of these rows.
        let places = list.value_offsets();
        let place = |at: Option<&i32>| at.and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
        let (start, end) = (place(places.first()), place(places.last()));
        let elements = list.values().slice(start, end.saturating_sub(start));
        return size_of_val(places).saturating_add(slice_bytes(&elements));
    }
    let data = array.to_data();
    let views = match array.data_type() {
        // What views point at is counted whole.
        DataType::Utf8View | DataType::BinaryView => data.buffers().iter().skip(1).map(Buffer::len).sum(),
        _ => 0_usize,
    };
    data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size()).saturating_add(views)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int32Array, ListArray, StringArray, StringViewArray};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn only_what_an_array_shows_is_counted() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1000); 100]));
        assert!((1000..1100).contains(&slice_bytes(&texts.slice(7, 1))), "{}", slice_bytes(&texts.slice(7, 1)));
        let lists = (0..100).map(|_| Some(vec![Some(1); 1000]));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
        assert!((4000..4200).contains(&slice_bytes(&lists.slice(7, 1))), "{}", slice_bytes(&lists.slice(7, 1)));
        let views: ArrayRef = Arc::new(StringViewArray::from(vec!["x".repeat(1000); 100]));
        assert!(slice_bytes(&views) >= 100_000);
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1; 100]));
        assert_eq!(slice_bytes(&numbers.slice(0, 10)), 40);
    }
}
