//! Threads for relational work: each session has its own few, so that no statement waits behind another one's.
//!
//! A plan may compute for long, sleep, or wait for a lock inside of any expression. It does so on the threads of its session's
//! lane and holds up nobody else: between lanes the operating system shares the cores out, as it does between the processes
//! of PostgreSQL. Lanes are made when a session first needs one and go on to another session afterwards. Reading the rows of a
//! plan looks at the cancel flag: the client is answered at once, and the plan is dropped where it next yields.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::FutureExt;
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::db::{Cancel, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Allocated;
use crate::sql::arrow::errors::{from_join, from_panic};
use crate::sql::relational::sending::send_rows;
use crate::types::ColumnType;

/// Threads of a lane: one for each partition that a plan is split into.
const THREADS_PER_LANE: usize = 2;
/// Further threads of a lane that read chunks of rows, none of which waits for anybody.
const READERS_PER_LANE_MAX: usize = 4;
/// Most lanes of the server: far more than connections are served by default.
const LANES_MAX: usize = 1024;
/// Lanes without a session that are kept for the next ones.
const LANES_RESTING_MAX: usize = 8;
/// As that of the connections' threads: nested expressions must fit. Untouched pages cost nothing.
const STACK_BYTES: usize = 32 * 1024 * 1024;

static LANES: LazyLock<Mutex<Lanes>> = LazyLock::new(Mutex::default);

/// All lanes of the server.
#[derive(Default)]
struct Lanes {
    /// By the number of their session.
    taken: HashMap<i32, Arc<Lane>>,
    /// Without a session; some may still end what was given up.
    resting: Vec<Arc<Lane>>,
}

/// The threads of one session.
struct Lane {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    /// Plans that are running or being read.
    plans: AtomicUsize,
    /// What its threads have allocated since it was last idle.
    allocated: Allocated,
}

impl Lane {
    fn new() -> Result<Lane> {
        let allocated = Allocated::default();
        let counted = allocated.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS_PER_LANE)
            .max_blocking_threads(READERS_PER_LANE_MAX)
            .enable_time()
            .thread_name("nebulus-query")
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(move || counted.join())
            .on_thread_stop(Allocated::leave)
            .build()
            .map_err(|error| Error::new(ErrorKind::Io, format!("threads for a query cannot be started: {error}")))?;
        Ok(Lane { runtime: Some(runtime), plans: AtomicUsize::new(0), allocated })
    }

    fn runtime(&self) -> Result<&Runtime> {
        self.runtime.as_ref().ok_or_else(|| Error::internal("a lane has no threads"))
    }

    /// Whether something runs that belongs to no plan any more: it was given up and has not noticed.
    fn is_stuck(&self) -> bool {
        self.plans.load(Ordering::Acquire) == 0 && !self.is_idle()
    }

    fn is_idle(&self) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.metrics().num_alive_tasks() == 0)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // Waiting for the threads is not possible on an async thread; a computation that was given up ends by itself.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Lanes {
    /// The lane of a session: its own, one that rests, or a new one.
    fn of(&mut self, session: i32) -> Result<Arc<Lane>> {
        if let Some(lane) = self.taken.get(&session) {
            if !lane.is_stuck() {
                return Ok(Arc::clone(lane));
            }
            self.give_back(session);
        }
        let lane = match self.resting.iter().position(|lane| lane.is_idle()) {
            Some(position) => self.resting.swap_remove(position),
            None if self.taken.len() + self.resting.len() < LANES_MAX => Arc::new(Lane::new()?),
            None => {
                return Err(Error::new(
                    ErrorKind::TooManyConnections,
                    format!("relational statements run on {LANES_MAX} lanes of threads already"),
                )
                .with_hint("Close connections that are not used."));
            }
        };
        self.taken.insert(session, Arc::clone(&lane));
        Ok(lane)
    }

    fn give_back(&mut self, session: i32) {
        let Some(lane) = self.taken.remove(&session) else { return };
        if self.resting.len() >= LANES_RESTING_MAX {
            // Rather one that is free at once is kept.
            match self.resting.iter().position(|other| !other.is_idle()) {
                Some(position) if lane.is_idle() => drop(self.resting.swap_remove(position)),
                _ => return,
            }
        }
        self.resting.push(lane);
    }
}

/// Gives up the threads of a session that ends.
pub fn release_workers(session: i32) {
    LANES.lock().give_back(session);
}

/// The work of one plan on its session's lane. Dropping it ends the work.
pub struct QueryWork {
    lane: Arc<Lane>,
    /// Set with the statement's flag, and when the work is dropped.
    cancel: Cancel,
    task: Option<AbortHandle>,
}

impl QueryWork {
    /// Work for a session, with a flag that is a part of its statement's.
    ///
    /// # Errors
    /// 58030 when the system has no threads left, 53300 when too many sessions hold some.
    pub fn new(session: i32, cancel: &Cancel) -> Result<QueryWork> {
        let lane = LANES.lock().of(session)?;
        if lane.plans.fetch_add(1, Ordering::AcqRel) == 0 && lane.is_idle() {
            // What is alive of earlier statements is kept by others: plans that were prepared, rows that were sent.
            lane.allocated.reset();
        }
        Ok(QueryWork { lane, cancel: cancel.part(), task: None })
    }

    /// What the plan's functions and scans have to look at.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Computes something on the lane.
    ///
    /// # Errors
    /// Its own; 57014 and 57P01 when the statement is cancelled, however long the computation goes on; XX000 where it panics.
    pub async fn compute<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let task = self.lane.runtime()?.spawn(work);
        self.task = Some(task.abort_handle());
        self.cancel.guard(async { task.await.map_err(from_join)? }).await
    }

    /// Runs a plan; `types` are those of its columns.
    ///
    /// # Errors
    /// XX000 where the lane is gone.
    pub fn rows(
        mut self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        types: Vec<ColumnType>,
    ) -> Result<RowStream> {
        let (sender, rows) = RowStream::channel(&self.cancel);
        let cancel = self.cancel.clone();
        let task = self.lane.runtime()?.spawn(async move {
            let sending = AssertUnwindSafe(send_rows(plan, context, &types, &sender, &cancel));
            if let Err(panic) = sending.catch_unwind().await {
                let error = from_panic(panic.as_ref());
                drop(panic);
                sender.send(Err(error)).await;
            }
            sender.finish().await;
        });
        self.task = Some(task.abort_handle());
        Ok(rows.ending(self))
    }
}

impl Drop for QueryWork {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(task) = &self.task {
            task.abort();
        }
        self.lane.plans.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::DataType;
    use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// A session's number that no other test has.
    const SESSION: i32 = -77;

    async fn rows_of_plan(session: i32, sql: &str, cancel: &Cancel) -> RowStream {
        let context = SessionContext::new();
        let function = |_: &[ColumnarValue]| panic!("a function that panics");
        context.register_udf(create_udf("fall", vec![], DataType::Int32, Volatility::Volatile, Arc::new(function)));
        let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        let types = vec![ColumnType::Int8; plan.schema().fields().len()];
        QueryWork::new(session, cancel).unwrap().rows(plan, context.task_ctx(), types).unwrap()
    }

    #[tokio::test]
    async fn a_plan_that_panics_ends_with_an_error() {
        let sql = "select fall() from (values (1), (2)) as t(a)";
        let rows = rows_of_plan(SESSION, sql, &Cancel::new()).await;
        assert_eq!(rows.collect().await.unwrap_err().sqlstate(), "XX000");
        let sql = "select count(fall()) from (values (1), (2)) as t(a) group by a";
        let rows = rows_of_plan(SESSION, sql, &Cancel::new()).await;
        assert_eq!(rows.collect().await.unwrap_err().sqlstate(), "XX000");
        let rows = rows_of_plan(SESSION, "select 1", &Cancel::new()).await;
        assert_eq!(rows.collect().await.unwrap().0, [vec![crate::types::Value::Int8(1)]]);
    }

    #[tokio::test]
    async fn what_was_given_up_and_goes_on_holds_up_nobody() {
        let cancel = Cancel::new();
        let (entered_sender, entered) = std::sync::mpsc::channel();
        let (leave, leaving) = std::sync::mpsc::channel::<()>();
        let mut stuck = QueryWork::new(SESSION - 1, &cancel).unwrap();
        let lane = Arc::clone(&stuck.lane);
        let computing = tokio::spawn(async move {
            let computed = stuck.compute(async move {
                entered_sender.send(()).unwrap();
                leaving.recv().ok();
                Ok(())
            });
            computed.await
        });
        tokio::task::spawn_blocking(move || entered.recv().unwrap()).await.unwrap();
        cancel.cancel();
        assert_eq!(computing.await.unwrap().unwrap_err().sqlstate(), "57014");
        let next = QueryWork::new(SESSION - 1, &Cancel::new()).unwrap();
        assert!(!Arc::ptr_eq(&lane, &next.lane), "the session has other threads");
        drop(leave);
    }
}
