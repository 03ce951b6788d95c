//! Threads of their own for relational work, so that a statement that computes for long keeps no connection waiting.
//!
//! A plan runs on these threads and hands its batches over a bounded channel. Whoever reads them looks at the cancel flag
//! meanwhile: the client is answered at once, and the plan is dropped where it next yields.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// Batches that wait to be read.
const BATCHES_WAITING_MAX: usize = 2;
/// As that of the connections' threads: nested expressions must fit. Untouched pages cost nothing.
const STACK_BYTES: usize = 32 * 1024 * 1024;

static WORKERS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("nebulus-query")
        .thread_stack_size(STACK_BYTES)
        .build()
});

/// The batches of a running plan. Dropping it ends the plan.
pub struct Batches {
    receiver: mpsc::Receiver<DataFusionResult<RecordBatch>>,
    plan: JoinHandle<()>,
}

impl Batches {
    /// The next batch; `None` at the end.
    pub async fn next(&mut self) -> Option<DataFusionResult<RecordBatch>> {
        self.receiver.recv().await
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.plan.abort();
    }
}

/// Starts a plan.
///
/// # Errors
/// 58030 when the system has no threads left.
pub fn run(plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<Batches> {
    let workers = WORKERS.as_ref().map_err(|error| {
        Error::new(crate::error::ErrorKind::Io, format!("threads for queries cannot be started: {error}"))
    })?;
    let (sender, receiver) = mpsc::channel(BATCHES_WAITING_MAX);
    let plan = workers.spawn(async move {
        let mut stream = match execute_stream(plan, context) {
            Ok(stream) => stream,
            Err(error) => return send(&sender, Err(error)).await,
        };
        while let Some(batch) = stream.next().await {
            let is_last = batch.is_err();
            send(&sender, batch).await;
            if is_last || sender.is_closed() {
                return;
            }
        }
    });
    Ok(Batches { receiver, plan })
}

/// Hands over a batch; a reader that has gone away needs none.
async fn send(sender: &mpsc::Sender<DataFusionResult<RecordBatch>>, batch: Result<RecordBatch, DataFusionError>) {
    drop(sender.send(batch).await);
}
