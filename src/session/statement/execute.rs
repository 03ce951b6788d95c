//! Executing a prepared statement.
//!
//! A read takes a view, binds and reads; nothing is opened or committed for it. A write that stands alone is a transaction of
//! its own: it is committed before it answers, and run again when somebody else changed its entries first. Work that may
//! scan leaves the async threads.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::task::block_in_place;

use crate::db::{Cancel, ReadView, RowStream, Sought, Transaction};
use crate::error::{Absent, Error, ErrorKind, Result};
use crate::metrics::StatementKind;
use crate::model::{NetworkId, OutputColumn};
use crate::session::session::Session;
use crate::session::statement::outcome::{ResultRows, StatementOutcome, cancellable};
use crate::session::statement::prepared::Prepared;
use crate::session::transaction::{OpenTransaction, read_only};
use crate::statement::{CommandTag, Planned, ReadRun, RowSource, RowsTag, Statement, WriteRun, Written};
use crate::types::Value;

/// How often a statement that is a transaction by itself is run again after a conflict. Each time somebody else has
/// committed, so this ends; the bound is for one client that always comes too late.
const CONFLICT_RETRIES_MAX: u32 = 1_000;

/// How often a definition comes too late before it takes its turn; one that looks at every entry of a table does so the first time.
const PATIENCE: u32 = 16;

/// How often one statement fetches entries and is run again: it may name them in several places.
const FETCHES_PER_STATEMENT_MAX: u32 = 16;

/// How long what was gathered for a transaction that could not see it counts as gathered for the next such ones. It stays
/// for a minute at least.
const GATHERED_AGE_MAX: Duration = Duration::from_secs(30);

impl Session {
    /// Executes a statement. `is_alone`: it is a transaction by itself, since Sync or the end of the text comes next.
    ///
    /// # Errors
    /// Whatever the statement fails with; the caller then calls [`Session::fail`].
    pub async fn execute(
        &mut self,
        prepared: &Arc<Prepared>,
        parameters: Vec<Value>,
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        self.start(prepared);
        self.check_allowed(prepared)?;
        self.execute_started(prepared, parameters, is_alone).await
    }

    /// Executes a statement that has been started, or that belongs to one.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub(super) async fn execute_started(
        &mut self,
        prepared: &Arc<Prepared>,
        parameters: Vec<Value>,
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let mut fetches = 0;
        let before = self.listening.mark();
        // Whoever can see what comes now asks anew.
        let recent = self.gathered.as_ref().filter(|(_, at)| at.elapsed() < GATHERED_AGE_MAX && !self.can_look_again());
        self.sought = recent.map(|(sought, _)| Arc::clone(sought));
        loop {
            let result = self.execute_once(prepared, &parameters, is_alone).await;
            match &result {
                // The code of DO is not run again: its statements fetch for themselves.
                Err(_) if prepared.plan().is_code() => return result,
                Err(error) if fetches < FETCHES_PER_STATEMENT_MAX => match error.absent() {
                    Some(absent) => {
                        self.listening.go_back(before);
                        self.fetch_absent(absent).await?;
                    }
                    None => return result,
                },
                Ok(_) => {
                    if !matches!(prepared.plan().body, Statement::Empty | Statement::Session(_)) {
                        self.has_run();
                    }
                    return result;
                }
                Err(_) => return result,
            }
            fetches += 1;
        }
    }

    pub(in crate::session) async fn execute_once(
        &mut self,
        prepared: &Arc<Prepared>,
        parameters: &[Value],
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let plan = prepared.plan();
        self.authorise(&plan)?;
        if plan.body.as_change().is_some() {
            let current = |session: &Session, view: &ReadView| session.current_plan(prepared, view);
            let written = self.change(current, parameters, is_alone).await?;
            return Ok(match &prepared.columns {
                Some(columns) => self.outcome_of_rows(columns, written),
                None => StatementOutcome::Done { tag: written.tag },
            });
        }
        let view = if plan.body.reads() { self.view(is_alone) } else { self.planning_view() };
        let view = view.knowing(self.sought.as_ref());
        let plan = self.current_plan(prepared, &view)?;
        let settings = Arc::clone(self.settings.effective());
        let cancel = self.cancel.clone();
        let run = ReadRun { view: &view, parameters, settings: &settings, cancel: &cancel };
        match &plan.body {
            Statement::Empty => Ok(StatementOutcome::Empty),
            Statement::Read(source) => self.read(&**source, &plan, run).await,
            Statement::Explain(explain) => self.read(explain, &plan, run).await,
            // Boxed: EXECUTE comes back here.
            Statement::Session(command) => {
                self.nesting.enter()?;
                let outcome = Box::pin(self.command(command, plan.columns.as_ref(), run, is_alone)).await;
                self.nesting.leave();
                outcome
            }
            Statement::Network(call) => Box::pin(self.call_network(call, run, is_alone)).await,
            Statement::CopyIn(copy) => Ok(self.copy_in(copy, is_alone)),
            Statement::CopyOut(copy) => self.copy_out(copy, run).await,
            Statement::Sync(network) => {
                let counts = self.sync(*network, is_alone).await?;
                let rows = vec![counts.into_iter().map(Value::Int8).collect()];
                let columns = plan.columns.clone().unwrap_or_default();
                let tag = CommandTag::of("SYNC");
                Ok(self.outcome_of_rows(&columns, Written { tag, rows: rows.into() }))
            }
            Statement::Change(_) => Err(Error::internal("a statement has become one that changes something")),
        }
    }

    /// Whether this session may run a statement now. It may do anything to any object that the statement touches; what a
    /// transaction or a session has forbidden itself is writing.
    fn authorise(&self, planned: &Planned) -> Result<()> {
        match planned.body.writes() && self.is_read_only() {
            true => Err(read_only()),
            false => Ok(()),
        }
    }

    /// Brings entries here that a statement names and other members hold, so that it can be run again and see them.
    ///
    /// # Errors
    /// 58030 where nobody that holds one answered; 40001 where the transaction goes on seeing what it saw before.
    async fn fetch_absent(&mut self, absent: &Absent) -> Result<()> {
        let mut sought = self.sought.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        cancellable(self.database.fetch_absent(absent, &mut sought), &self.cancel).await?;
        let sought = self.sought.insert(Arc::new(sought)).clone();
        if self.looks_again() {
            return Ok(());
        }
        if absent.keys.is_none() {
            let gathered = Sought { nowhere: BTreeSet::new(), gathered: sought.gathered.clone() };
            self.gathered = Some((Arc::new(gathered), Instant::now()));
        }
        let error = "could not serialize access: an entry was fetched that this transaction cannot see";
        Err(Error::new(ErrorKind::SerializationFailure, error)
            .with_hint("Run the transaction again: the entry is here now. READ COMMITTED sees it at once."))
    }

    /// Posts what is staged and waits for what the connected members say: networks, deltas posted, peers, deltas received.
    ///
    /// # Errors
    /// 25001 inside a transaction: what it staged is not there for anybody else before its end.
    pub(super) async fn sync(&mut self, network: Option<NetworkId>, is_alone: bool) -> Result<[i64; 4]> {
        if !is_alone || !matches!(self.open, OpenTransaction::None) {
            let error = Error::new(ErrorKind::ActiveTransaction, "SYNC cannot run inside a transaction block");
            return Err(error.with_hint("End the transaction, and send SYNC by itself."));
        }
        let report = cancellable(self.database.request_sync(network), &self.cancel).await?;
        self.notify(report.notices);
        self.stop_clock();
        let counts = [report.networks, report.posted, report.peers, report.received];
        Ok(counts.map(|count| i64::try_from(count).unwrap_or(i64::MAX)))
    }

    fn outcome_of_rows(&self, columns: &Arc<[OutputColumn]>, written: Written) -> StatementOutcome {
        let rows = ResultRows::new(Arc::clone(columns), RowStream::from_gathered(written.rows), &self.cancel);
        StatementOutcome::Rows { rows, tag: RowsTag::Fixed(written.tag) }
    }

    async fn read(&self, source: &dyn RowSource, plan: &Planned, run: ReadRun<'_>) -> Result<StatementOutcome> {
        let stream = cancellable(source.open(run), &self.cancel).await?;
        let columns = plan.columns.clone().unwrap_or_default();
        Ok(StatementOutcome::Rows { rows: ResultRows::new(columns, stream, &self.cancel), tag: source.tag() })
    }

    /// Runs a statement that changes something, as `plan` gives it for a view: in the open transaction, or in one of its own
    /// that is committed before it answers, and run again with what others have committed where they came first.
    pub(super) async fn change(
        &mut self,
        plan: impl Fn(&Session, &ReadView) -> Result<Arc<Planned>>,
        parameters: &[Value],
        is_alone: bool,
    ) -> Result<Written> {
        let settings = Arc::clone(self.settings.effective());
        let cancel = self.cancel.clone();
        let sought = self.sought.clone();
        if self.writing(is_alone).is_some() {
            let plan = plan(self, &self.planning_view())?;
            let Some(transaction) = self.open_transaction() else {
                return Err(Error::internal("a transaction has vanished"));
            };
            transaction.know(sought.as_ref());
            let run = run_change(&plan, WriteRun::new(transaction, parameters, &settings, &cancel));
            let written = cancellable(run, &cancel).await;
            let written = written.and_then(|written| end_statement(transaction, &cancel).map(|()| written));
            let catalog = Arc::clone(transaction.catalog());
            let written = written.map_err(|error| plan.shown_error(error, &settings, &catalog));
            let notices = transaction.take_notices();
            self.notify(notices);
            self.stop_clock();
            return written;
        }
        let (mut attempt, mut turn) = (0, None);
        let before = self.listening.mark();
        loop {
            let mut transaction = self.new_transaction(self.lone_isolation());
            transaction.know(sought.as_ref());
            transaction.hold(turn.as_ref());
            let plan = plan(self, transaction.view())?;
            let run = run_change(&plan, WriteRun::new(&mut transaction, parameters, &settings, &cancel));
            let written = cancellable(run, &cancel).await;
            let written = written.and_then(|written| end_statement(&mut transaction, &cancel).map(|()| written));
            let notices = transaction.take_notices();
            let changed = transaction.changed_collection();
            let committed = match written {
                Ok(written) => self.commit_transaction(transaction).await.map(|()| written),
                Err(error) => Err(error),
            };
            match committed {
                Ok(written) => {
                    self.notify(notices);
                    self.stop_clock();
                    return Ok(written);
                }
                Err(error) if is_conflict(&error) && attempt < CONFLICT_RETRIES_MAX => {
                    attempt += 1;
                    self.listening.go_back(before);
                    cancel.check()?;
                    if let (None, Some(collection), true) = (&turn, changed, attempt >= patience(&plan)) {
                        let taken = async { Ok(self.database.take_turn(collection).await) };
                        turn = Some(cancellable(taken, &cancel).await?);
                    }
                }
                Err(error) => {
                    self.notify(notices);
                    let catalog = self.database.catalog();
                    return Err(plan.shown_error(error, &settings, &catalog));
                }
            }
        }
    }
}

/// Looks at the references of what a statement has written, off the async threads: it may scan.
///
/// # Errors
/// As [`Transaction::end_statement`].
pub(super) fn end_statement(transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
    match transaction.has_open_references() {
        true => block_in_place(|| transaction.end_statement(cancel)),
        false => Ok(()),
    }
}

/// Whether others were in the way, so that a transaction may succeed when it is run again.
fn is_conflict(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::SerializationFailure | ErrorKind::Deadlock)
}

/// How often a statement comes too late before it takes its turn. Those that lock their rows never do: whoever has one of them may be
/// waiting for the turn.
fn patience(plan: &Planned) -> u32 {
    match plan.body.as_change() {
        Some(change) if change.rewrites() => 1,
        Some(change) if change.kind() == StatementKind::Define => PATIENCE,
        Some(_) | None => u32::MAX,
    }
}

/// Runs a statement that changes something, off the async threads where it may take long.
async fn run_change(plan: &Planned, run: WriteRun<'_>) -> Result<Written> {
    let Some(change) = plan.body.as_change() else {
        return Err(Error::internal("a statement has become one that changes nothing"));
    };
    if change.is_short() {
        return change.execute(run).await;
    }
    // The thread is another's while the statement waits for a lock, or for what the planner's threads compute.
    let mut work = block_in_place(|| change.execute(run));
    poll_fn(|context| block_in_place(|| work.poll_unpin(context))).await
}
