//! Executing a prepared statement.
//!
//! A read takes a view, binds and reads; nothing is opened or committed for it. A write that stands alone is a transaction of
//! its own: it is committed before it answers, and run again when somebody else changed its entries first. Work that may
//! scan leaves the async threads.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::db::{Cancel, Gathered, ReadView, Row, RowStream, Settings, Sought, Transaction};
use crate::error::{Absent, Error, ErrorKind, Result};
use crate::knirvql;
use crate::model::OutputColumn;
use crate::session::session::Session;
use crate::session::statement::knirvql_run;
use crate::session::statement::knirvql_run::KnirvqlRun;
use crate::session::statement::outcome::{ResultRows, RowsTag, StatementOutcome, cancellable};
use crate::session::statement::prepared::{Prepared, PreparedPlan, PreparedWork};
use crate::session::transaction::OpenTransaction;
use crate::sql::SqlAction;
use crate::types::Value;

/// How often a statement that is a transaction by itself is run again after a conflict. Each time somebody else has
/// committed, so this ends; the bound is for one client that always comes too late.
const CONFLICT_RETRIES_MAX: u32 = 1_000;

/// How often one statement fetches entries and is run again: it may name them in several places.
const FETCHES_PER_STATEMENT_MAX: u32 = 16;

/// How long what was gathered for a transaction that could not see it counts as gathered for the next such ones. It stays
/// for a minute at least.
const GATHERED_AGE_MAX: Duration = Duration::from_secs(30);

/// What a statement did that ran inside a transaction.
pub(super) struct WrittenStatement {
    pub tag: String,
    pub rows: Gathered,
}

/// How a statement has to be run.
enum Kind {
    Nothing,
    Read,
    Write,
    Control,
    Copy,
    Sync,
}

fn kind(work: &PreparedWork) -> Kind {
    match work {
        PreparedWork::Nothing => Kind::Nothing,
        PreparedWork::Knirvql(lowered) => match &lowered.action {
            knirvql::KnirvqlAction::Sync(_) => Kind::Sync,
            action if knirvql_run::writes(action) => Kind::Write,
            _ => Kind::Read,
        },
        PreparedWork::Sql(planned) => match &planned.action {
            SqlAction::Empty => Kind::Nothing,
            SqlAction::Read(_) => Kind::Read,
            SqlAction::Write(_) | SqlAction::Define(_) => Kind::Write,
            SqlAction::Control(_) => Kind::Control,
            SqlAction::CopyIn(_) | SqlAction::CopyOut(_) => Kind::Copy,
            SqlAction::Explain(explain) => match explain.writes() {
                true => Kind::Write,
                false => Kind::Read,
            },
        },
    }
}

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
        let mut fetches = 0;
        let before = self.listening.mark();
        // Whoever can see what comes now asks anew.
        let recent = self.gathered.as_ref().filter(|(_, at)| at.elapsed() < GATHERED_AGE_MAX && !self.can_look_again());
        self.sought = recent.map(|(sought, _)| Arc::clone(sought));
        loop {
            let result = self.execute_once(prepared, &parameters, is_alone).await;
            match &result {
                Err(error) if fetches < FETCHES_PER_STATEMENT_MAX => match error.absent() {
                    Some(absent) => {
                        self.listening.go_back(before);
                        self.fetch_absent(absent).await?;
                    }
                    None => return result,
                },
                Ok(_) => {
                    if !matches!(kind(&prepared.plan.lock().work), Kind::Nothing | Kind::Control) {
                        self.has_run();
                    }
                    return result;
                }
                Err(_) => return result,
            }
            fetches += 1;
        }
    }

    async fn execute_once(
        &mut self,
        prepared: &Arc<Prepared>,
        parameters: &[Value],
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let kind = kind(&prepared.plan.lock().work);
        match kind {
            Kind::Nothing => Ok(StatementOutcome::Empty),
            Kind::Read => {
                let view = self.view(is_alone).knowing(self.sought.as_ref());
                let plan = self.current_plan(prepared, &view)?;
                self.read(&plan, prepared.columns.as_ref(), &view, parameters).await
            }
            Kind::Write => {
                let written = self.write(prepared, parameters, is_alone).await?;
                self.stop_clock();
                Ok(match &prepared.columns {
                    Some(columns) => self.outcome_of_rows(columns, written),
                    None => StatementOutcome::Done { tag: written.tag },
                })
            }
            Kind::Control => {
                let plan = Arc::clone(&prepared.plan.lock());
                // Boxed: EXECUTE comes back here.
                Box::pin(self.control(&plan, parameters.to_vec(), is_alone)).await
            }
            Kind::Copy => self.copy(prepared, parameters, is_alone).await,
            Kind::Sync => {
                let row = self.sync(prepared, is_alone).await?;
                self.stop_clock();
                let columns = prepared.columns.clone().unwrap_or_else(|| Arc::from([]));
                Ok(self.outcome_of_rows(&columns, WrittenStatement { tag: "SYNC".to_string(), rows: vec![row].into() }))
            }
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
    async fn sync(&mut self, prepared: &Prepared, is_alone: bool) -> Result<Row> {
        if !is_alone || !matches!(self.open, OpenTransaction::None) {
            let error = Error::new(ErrorKind::ActiveTransaction, "SYNC cannot run inside a transaction block");
            return Err(error.with_hint("End the transaction, and send SYNC by itself."));
        }
        // Posting writes, which a session may have forbidden itself.
        self.writing(is_alone)?;
        let plan = self.current_plan(prepared, &self.planning_view())?;
        let PreparedWork::Knirvql(knirvql::LoweredStatement { action: knirvql::KnirvqlAction::Sync(network), .. }) =
            &plan.work
        else {
            return Err(Error::internal("no SYNC"));
        };
        let report = cancellable(self.database.request_sync(*network), &self.cancel).await?;
        self.notify(report.notices);
        let counts = [report.networks, report.posted, report.peers, report.received];
        Ok(counts.into_iter().map(|count| Value::Int8(i64::try_from(count).unwrap_or(i64::MAX))).collect())
    }

    fn outcome_of_rows(&self, columns: &Arc<[OutputColumn]>, written: WrittenStatement) -> StatementOutcome {
        let rows = ResultRows::new(Arc::clone(columns), RowStream::from_gathered(written.rows), &self.cancel);
        StatementOutcome::Rows { rows, tag: RowsTag::Fixed(written.tag) }
    }

    async fn read(
        &self,
        plan: &PreparedPlan,
        columns: Option<&Arc<[OutputColumn]>>,
        view: &ReadView,
        parameters: &[Value],
    ) -> Result<StatementOutcome> {
        let settings = self.settings.effective();
        let stream = match &plan.work {
            PreparedWork::Sql(planned) => match &planned.action {
                SqlAction::Read(plan) => {
                    cancellable(plan.execute(view, parameters, settings, &self.cancel), &self.cancel).await?
                }
                SqlAction::Explain(explain) => {
                    let lines = explain.run(view, parameters, settings, &self.cancel);
                    RowStream::from_rows(cancellable(lines, &self.cancel).await?)
                }
                _ => return Err(Error::internal("this statement reads nothing")),
            },
            PreparedWork::Knirvql(lowered) => self.read_knirvql(&lowered.action, view, parameters)?,
            PreparedWork::Nothing => return Ok(StatementOutcome::Empty),
        };
        let columns = columns.cloned().unwrap_or_else(|| Arc::from([]));
        let word = match &plan.work {
            PreparedWork::Sql(planned) if matches!(planned.action, SqlAction::Explain(_)) => {
                return Ok(StatementOutcome::Rows {
                    rows: ResultRows::new(columns, stream, &self.cancel),
                    tag: RowsTag::Fixed("EXPLAIN".to_string()),
                });
            }
            _ => "SELECT",
        };
        Ok(StatementOutcome::Rows { rows: ResultRows::new(columns, stream, &self.cancel), tag: RowsTag::Counted(word) })
    }

    fn read_knirvql(
        &self,
        action: &knirvql::KnirvqlAction,
        view: &ReadView,
        parameters: &[Value],
    ) -> Result<RowStream> {
        let settings = self.settings.effective();
        match action {
            knirvql::KnirvqlAction::Read(query) => {
                let cursor = view.query(query.bind(parameters)?, settings, &self.cancel)?;
                Ok(RowStream::from_cursor(cursor))
            }
            knirvql::KnirvqlAction::Rows(rows) => Ok(RowStream::from_rows(rows.clone())),
            knirvql::KnirvqlAction::NetworkRows { table, positions } => {
                let rows = block_in_place(|| knirvql_run::network_rows(view, *table, positions))?;
                Ok(RowStream::from_rows(rows))
            }
            knirvql::KnirvqlAction::Explain { analyze, inner } => {
                let lines = if *analyze {
                    let mut transaction = self.database.begin_for(&self.memory);
                    let mut run =
                        KnirvqlRun { transaction: &mut transaction, parameters, settings, cancel: &self.cancel };
                    block_in_place(|| knirvql_run::explain_analyze(&mut run, &inner.action))?
                } else {
                    knirvql_run::explain(&inner.action, view, parameters, settings)?
                };
                Ok(RowStream::from_rows(lines.into_iter().map(|line| vec![Value::text(line)]).collect()))
            }
            _ => Err(Error::internal("this statement reads nothing")),
        }
    }

    async fn write(&mut self, prepared: &Prepared, parameters: &[Value], is_alone: bool) -> Result<WrittenStatement> {
        let settings = Arc::clone(self.settings.effective());
        let cancel = self.cancel.clone();
        let sought = self.sought.clone();
        if self.writing(is_alone)?.is_some() {
            let plan = self.current_plan(prepared, &self.planning_view())?;
            let Some(transaction) = self.writing(is_alone)? else {
                return Err(Error::internal("a transaction has vanished"));
            };
            transaction.know(sought.as_ref());
            let run = run_write(&plan.work, transaction, parameters, &settings, &cancel);
            let written = cancellable(run, &cancel).await;
            let notices = transaction.take_notices();
            self.notify(notices);
            return written;
        }
        let mut attempt = 0;
        let before = self.listening.mark();
        loop {
            let mut transaction = self.database.begin_for(&self.memory);
            transaction.know(sought.as_ref());
            let plan = self.current_plan(prepared, transaction.view())?;
            let run = run_write(&plan.work, &mut transaction, parameters, &settings, &cancel);
            let written = cancellable(run, &cancel).await;
            let notices = transaction.take_notices();
            let committed = match written {
                Ok(written) => self.commit_transaction(transaction).await.map(|()| written),
                Err(error) => {
                    self.notify(notices);
                    return Err(error);
                }
            };
            match committed {
                Ok(written) => {
                    self.notify(notices);
                    return Ok(written);
                }
                Err(error) if error.kind() == ErrorKind::SerializationFailure && attempt < CONFLICT_RETRIES_MAX => {
                    attempt += 1;
                    self.listening.go_back(before);
                    cancel.check()?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Runs a statement that writes, in a transaction.
async fn run_write(
    work: &PreparedWork,
    transaction: &mut Transaction,
    parameters: &[Value],
    settings: &Settings,
    cancel: &Cancel,
) -> Result<WrittenStatement> {
    match work {
        PreparedWork::Sql(planned) => match &planned.action {
            SqlAction::Write(plan) => {
                let run = plan.execute(transaction, parameters, settings, cancel);
                let written = if plan.is_short() { run.await? } else { off_the_async_threads(run)? };
                Ok(WrittenStatement { tag: written.tag, rows: written.rows })
            }
            SqlAction::Define(definition) => {
                // It may look at every entry of a table, or write it.
                let tag = off_the_async_threads(definition.execute(transaction, parameters, settings, cancel))?;
                Ok(WrittenStatement { tag, rows: Gathered::default() })
            }
            SqlAction::Explain(explain) => {
                let rows = off_the_async_threads(explain.run_writing(transaction, parameters, settings, cancel))?;
                Ok(WrittenStatement { tag: "EXPLAIN".to_string(), rows: rows.into() })
            }
            _ => Err(Error::internal("this statement writes nothing")),
        },
        PreparedWork::Knirvql(lowered) => {
            let mut run = KnirvqlRun { transaction, parameters, settings, cancel };
            match &lowered.action {
                knirvql::KnirvqlAction::Explain { inner, .. } => {
                    let lines = block_in_place(|| knirvql_run::explain_analyze(&mut run, &inner.action))?;
                    let rows: Vec<Row> = lines.into_iter().map(|line| vec![Value::text(line)]).collect();
                    Ok(WrittenStatement { tag: "EXPLAIN".to_string(), rows: rows.into() })
                }
                action if knirvql_run::is_long(action) => {
                    let tag = block_in_place(|| run.write(action))?;
                    Ok(WrittenStatement { tag, rows: Gathered::default() })
                }
                action => Ok(WrittenStatement { tag: run.write(action)?, rows: Gathered::default() }),
            }
        }
        PreparedWork::Nothing => Err(Error::internal("an empty statement writes nothing")),
    }
}

/// Runs work that may take long where it does not hold up other connections: the thread's other tasks move to another one.
pub(super) fn off_the_async_threads<T>(work: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(work))
}
