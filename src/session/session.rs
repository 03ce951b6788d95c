//! A session: the state of one connection behind the wire.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::db::{ActivityHandle, ActivityState, Cancel, Database, ListedStatement, Query, ReadView, Sought};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::knirvql;
use crate::model::{MemoryAccount, OutputColumn, Reservation};
use crate::session::listen::SessionChannels;
use crate::session::nesting::StatementNesting;
use crate::session::portals::Portals;
use crate::session::settings::SessionSettings;
use crate::session::statement::prepared::{Prepared, parsing_bytes, planning_bytes, tree_bytes};
use crate::session::statement::script::{Parsed, parse_script};
use crate::session::statement::timing::SlowLog;
use crate::session::transaction::{OpenTransaction, TransactionStatus};
use crate::settings::Settings;
use crate::sql;
use crate::statement::{BinaryCodec, Planned, Planning, QueryFunction};
use crate::types::ColumnType;

/// Most named prepared statements of one session.
const STATEMENTS_MAX: usize = 10_000;
/// Texts of more bytes than this are parsed and planned where nobody has to wait for them.
const SHORT_TEXT_BYTES_MAX: usize = 8 * 1024;

/// One connection's session.
///
/// Its methods lie by subject in the files of this folder: a connection has one transaction, one set of portals and one of settings, and
/// every kind of statement may change each of them.
pub struct Session {
    pub(super) database: Database,
    pub(super) settings: SessionSettings,
    pub(super) open: OpenTransaction,
    /// What the present statement has asked other members for.
    pub(super) sought: Option<Arc<Sought>>,
    /// What was gathered for a transaction that could not see it, and when.
    pub(super) gathered: Option<(Arc<Sought>, Instant)>,
    statements: HashMap<String, Named>,
    unnamed: Option<Arc<Prepared>>,
    pub(super) portals: Portals,
    pub(super) listening: SessionChannels,
    /// What the client is told before the present statement is reported complete, or failed.
    notices: Vec<Notice>,
    pub(super) cancel: Cancel,
    pub(super) activity: ActivityHandle,
    clock: Option<StatementClock>,
    pub(super) nesting: StatementNesting,
    /// Bytes of what DO has raised and the client was not told yet.
    pub(super) raised_bytes: usize,
    /// The clock has run since the statement was prepared; executing it belongs to the same statement.
    is_prepared: bool,
    pub(super) codec: BinaryCodec,
    /// What the session may hold of the server's memory.
    pub(super) memory: MemoryAccount,
    query_function: Arc<QueryFunction>,
    pub(super) slow_log: SlowLog,
}

/// A prepared statement under a name.
struct Named {
    prepared: Arc<Prepared>,
    _listed: ListedStatement,
}

/// What a session is given by the wire.
pub struct Entrance {
    /// The flag that cancel requests set.
    pub cancel: Cancel,
    pub activity: ActivityHandle,
    /// The wire's binary forms.
    pub codec: BinaryCodec,
    pub memory: MemoryAccount,
    pub slow_log: SlowLog,
}

/// Ends a statement that runs too long.
pub(super) struct StatementClock(JoinHandle<()>);

impl Drop for StatementClock {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// A session of a user who is let in, in the database `name`.
    pub fn new(database: Database, (user, name): (&str, &str), entrance: Entrance) -> Session {
        let Entrance { cancel, activity, codec, memory, slow_log } = entrance;
        let mut settings = Settings::new(user, name);
        settings.backend_id = activity.id();
        settings.memory = memory.clone();
        settings.notifications.charge_to(&memory);
        let listening = SessionChannels::new(settings.notifications.clone(), &memory);
        Session {
            database: database.for_session(),
            settings: SessionSettings::new(settings),
            open: OpenTransaction::None,
            sought: None,
            gathered: None,
            statements: HashMap::new(),
            unnamed: None,
            portals: Portals::default(),
            listening,
            notices: Vec::new(),
            cancel,
            activity,
            clock: None,
            nesting: StatementNesting::default(),
            raised_bytes: 0,
            is_prepared: false,
            codec,
            memory,
            query_function: Arc::new(knirvql_query),
            slow_log,
        }
    }

    /// Takes some of what the session may hold of the server's memory.
    ///
    /// # Errors
    /// 53200 when there is no more.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation> {
        self.memory.reserve(bytes)
    }

    pub fn settings(&self) -> &Settings {
        self.settings.effective()
    }

    /// True once the connection is to end.
    pub fn end(&self) -> watch::Receiver<bool> {
        self.activity.end()
    }

    pub fn idle_timeout(&self) -> Option<Duration> {
        self.settings.idle_timeout()
    }

    pub fn has_news(&self) -> bool {
        !self.notices.is_empty() || self.settings.has_news()
    }

    /// Tells the client something besides the result, unless `client_min_messages` says that it does not listen.
    pub(super) fn notify(&mut self, notices: impl IntoIterator<Item = Notice>) {
        let least = self.settings.effective().least_severity();
        self.notices.extend(notices.into_iter().filter(|notice| notice.severity >= least));
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.raised_bytes = 0;
        std::mem::take(&mut self.notices)
    }

    pub fn take_changed_settings(&mut self) -> Vec<(String, String)> {
        if !self.settings.has_news() {
            return Vec::new();
        }
        self.introduce();
        self.settings.take_changed()
    }

    /// Others see the name of the application that the client has set.
    pub fn introduce(&self) {
        self.activity.name_application(self.settings().get("application_name").unwrap_or_default());
    }

    /// Prepares the one statement of a text.
    ///
    /// # Errors
    /// 42601 for more than one, 25P02 in a failed transaction, and what planning finds.
    pub fn prepare(&mut self, text: &str, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        self.start_clock();
        let prepared = self.prepare_text(text, types);
        self.stop_clock();
        prepared
    }

    fn prepare_text(&mut self, text: &str, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        let mut script = self.parse(text)?;
        match (script.pop(), script.is_empty()) {
            (None, _) => Ok(Arc::new(Prepared::new(None, Planned::empty(), self.memory.nothing()))),
            (Some(parsed), true) => {
                let before = parsed.characters_before;
                self.prepare_statement(&parsed, types).map_err(|error| match error.position() {
                    Some(position) => error.with_position(position + before),
                    None => error,
                })
            }
            (Some(_), false) => Err(Error::syntax("cannot insert multiple commands into a prepared statement", None)
                .with_hint("Prepare each statement by itself.")),
        }
    }

    /// Parses a text with any number of statements.
    ///
    /// # Errors
    /// Those of [`parse_script`]; 57014 and 57P01 when it takes too long.
    pub fn parse_script(&mut self, text: &str) -> Result<Vec<Parsed>> {
        self.start_clock();
        let script = self.parse(text);
        self.stop_clock();
        script
    }

    fn parse(&self, text: &str) -> Result<Vec<Parsed>> {
        if text.len() <= SHORT_TEXT_BYTES_MAX {
            return parse_script(text);
        }
        let mut memory = self.memory.reserve(parsing_bytes(text))?;
        let owned = text.to_string();
        let (mut script, memory) = sql::apart(text.len(), &self.cancel, move || {
            let script = parse_script(&owned)?;
            drop(owned);
            memory.resize(tree_bytes(&script))?;
            Ok((script, Arc::new(memory)))
        })?;
        script.iter_mut().for_each(|parsed| parsed.memory = Some(Arc::clone(&memory)));
        Ok(script)
    }

    /// Prepares a statement of [`Session::parse_script`], to be executed at once: its clock runs from here.
    ///
    /// # Errors
    /// 25P02 in a failed transaction, 53200 without memory for the plan, 57014 and 57P01 when it is stopped, and what planning
    /// finds.
    pub fn prepare_parsed(&mut self, parsed: &Parsed, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        self.start_clock();
        self.is_prepared = true;
        self.prepare_statement(parsed, types)
    }

    /// Prepares a statement while the clock of another one runs, or none.
    pub(super) fn prepare_statement(&mut self, parsed: &Parsed, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        if self.status() == TransactionStatus::Failed && !parsed.tree.ends_transaction() {
            return Err(in_failed_transaction());
        }
        let memory = self.memory.reserve(Prepared::bytes_of(parsed))?;
        let mut plan = self.plan(parsed, types, &self.planning_view())?;
        self.complete_columns(&mut plan)?;
        let mut prepared = Prepared::new(Some(parsed.clone()), plan, memory);
        if parsed.tree.executes().is_some_and(|name| self.statement(&name).is_ok_and(|named| named.is_secret())) {
            // Its arguments are what the named statement keeps secret.
            prepared.hide();
        }
        Ok(Arc::new(prepared))
    }

    pub(super) fn plan(&self, parsed: &Parsed, types: &[Option<ColumnType>], view: &ReadView) -> Result<Planned> {
        let text_bytes = parsed.text.len();
        // Taken before anything is planned, and kept by whoever plans, even where nobody waits for it any more.
        let memory = match text_bytes {
            0..=SHORT_TEXT_BYTES_MAX => self.memory.nothing(),
            _ => self.memory.reserve(planning_bytes(parsed))?,
        };
        let (parsed, types, view) = (parsed.clone(), types.to_vec(), view.clone());
        let settings = Arc::clone(self.settings.effective());
        let query_function = Arc::clone(&self.query_function);
        let cancel = self.cancel.clone();
        let plan = move || {
            let planning = Planning {
                view: &view,
                settings: &settings,
                text: &parsed.text,
                cancel: &cancel,
                query_function: &query_function,
                column_defaults: sql::plan_column_defaults,
            };
            parsed.tree.plan(&types, &planning)
        };
        if text_bytes <= SHORT_TEXT_BYTES_MAX {
            return plan();
        }
        sql::apart(text_bytes, &self.cancel, move || {
            let planned = plan();
            drop(memory);
            planned
        })
    }

    /// The plan of a statement for a view: the one it was prepared with, or a new one after something changed that it depends on.
    ///
    /// # Errors
    /// 0A000 when the columns of the result are others now; what planning finds.
    pub(super) fn current_plan(&self, prepared: &Prepared, view: &ReadView) -> Result<Arc<Planned>> {
        let plan = prepared.plan();
        // An empty statement touches nothing.
        let Some(parsed) = &prepared.parsed else { return Ok(plan) };
        if plan.is_current(self.settings.effective(), view.catalog()) {
            plan.check_access(self.settings.effective(), view.catalog())?;
            return Ok(plan);
        }
        let types: Vec<_> = prepared.parameters.iter().cloned().map(Some).collect();
        let mut fresh = self.plan(parsed, &types, view)?;
        self.complete_columns(&mut fresh)?;
        if !is_same_result(prepared.columns.as_deref(), fresh.columns.as_deref()) {
            return Err(Error::changed_result());
        }
        fresh.check_access(self.settings.effective(), view.catalog())?;
        let fresh = Arc::new(fresh);
        prepared.keep_plan(&fresh);
        Ok(fresh)
    }

    /// # Errors
    /// 42P05 for a name that is taken.
    pub fn check_statement_name(&self, name: &str) -> Result<()> {
        if !name.is_empty() && self.statements.contains_key(name) {
            return Err(Error::new(
                ErrorKind::DuplicatePreparedStatement,
                format!("prepared statement \"{name}\" already exists"),
            )
            .with_hint("DEALLOCATE it, or close it, first."));
        }
        Ok(())
    }

    /// Keeps a statement under its name; the unnamed one replaces the one before. `is_from_sql`: the statement that runs
    /// prepared it.
    ///
    /// # Errors
    /// As [`Session::check_statement_name`]; 54000 above `STATEMENTS_MAX`.
    pub fn keep_statement(&mut self, name: &str, prepared: Arc<Prepared>, is_from_sql: bool) -> Result<()> {
        if name.is_empty() {
            self.unnamed = Some(prepared);
            return Ok(());
        }
        self.check_statement_name(name)?;
        if self.statements.len() >= STATEMENTS_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("more than {STATEMENTS_MAX} prepared statements in one connection"),
            )
            .with_hint("DEALLOCATE those that are no longer needed."));
        }
        let listed = prepared.named(is_from_sql.then(|| self.activity.statement()));
        let listed = self.activity.list_statement(name, listed);
        self.statements.insert(name.to_string(), Named { prepared, _listed: listed });
        Ok(())
    }

    /// # Errors
    /// 26000 when there is none of that name.
    pub fn statement(&self, name: &str) -> Result<&Arc<Prepared>> {
        let found = if name.is_empty() {
            self.unnamed.as_ref()
        } else {
            self.statements.get(name).map(|named| &named.prepared)
        };
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::UndefinedPreparedStatement,
                if name.is_empty() {
                    "unnamed prepared statement does not exist".to_string()
                } else {
                    format!("prepared statement \"{name}\" does not exist")
                },
            )
        })
    }

    pub fn drop_statement(&mut self, name: &str) {
        if name.is_empty() {
            self.unnamed = None;
        } else {
            self.statements.remove(name);
        }
    }

    pub(super) fn drop_all_statements(&mut self) {
        self.unnamed = None;
        self.statements.clear();
    }

    /// # Errors
    /// 25P02 in a failed transaction, except for what ends it.
    pub fn check_allowed(&self, prepared: &Prepared) -> Result<()> {
        match self.status() {
            TransactionStatus::Failed if !prepared.ends_transaction() => Err(in_failed_transaction()),
            _ => Ok(()),
        }
    }

    /// A statement begins, or goes on after its portal was suspended: earlier cancel requests do not count for it.
    pub fn start(&mut self, prepared: &Prepared) {
        if !std::mem::take(&mut self.is_prepared) {
            self.start_clock();
        }
        prepared.runs.fetch_add(1, Ordering::Relaxed);
        self.activity.run(&prepared.shown);
    }

    /// As [`Session::start`], for what is shown as this text.
    pub(super) fn begin_statement(&mut self, shown: &Arc<str>) {
        self.start_clock();
        self.activity.run(shown);
    }

    /// From now on cancel requests and the timeout count for what comes next.
    fn start_clock(&mut self) {
        self.is_prepared = false;
        self.cancel.reset();
        self.clock = self.settings.statement_timeout().map(|timeout| {
            let cancel = self.cancel.clone();
            StatementClock(tokio::spawn(async move {
                tokio::time::sleep(timeout).await;
                cancel.time_out();
            }))
        });
    }

    /// The clock that runs, which goes on until it is dropped.
    pub(super) fn take_clock(&mut self) -> Option<StatementClock> {
        self.clock.take()
    }

    pub(super) fn stop_clock(&mut self) {
        self.clock = None;
    }

    /// The connection waits for its client.
    pub fn rest(&mut self) {
        self.is_prepared = false;
        self.nesting = StatementNesting::default();
        self.stop_clock();
        if self.status() == TransactionStatus::Idle {
            self.portals.close_others();
        }
        self.activity.rest(match self.status() {
            TransactionStatus::Idle => ActivityState::Idle,
            TransactionStatus::InTransaction => ActivityState::IdleInTransaction,
            TransactionStatus::Failed => ActivityState::IdleInFailedTransaction,
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What still runs for it, runs for nobody.
        self.cancel.leave();
        self.release_all_locks();
        sql::release_workers(self.activity.id());
        self.leave_temporary();
    }
}

/// What SQL's table function `knirvql('GET …')` reads.
fn knirvql_query(text: &str, view: &ReadView) -> Result<(Query, Vec<OutputColumn>)> {
    match knirvql::lower_get(&knirvql::parse(text)?, view.catalog())? {
        Some(lowered) if lowered.parameters.is_empty() => Ok((lowered.query, lowered.columns)),
        Some(_) => Err(Error::unsupported(
            "parameters inside of knirvql('…') are not supported",
            "Filter with WHERE outside of it, or send the KNIRVQL statement by itself.",
        )),
        None => Err(Error::unsupported(
            "knirvql('…') takes a GET statement",
            "Send other KNIRVQL statements by themselves.",
        )),
    }
}

fn is_same_result(before: Option<&[OutputColumn]>, now: Option<&[OutputColumn]>) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => {
            before.len() == now.len()
                && before.iter().zip(now).all(|(before, now)| before.name == now.name && before.ty == now.ty)
        }
        _ => false,
    }
}

pub(super) fn in_failed_transaction() -> Error {
    Error::new(
        ErrorKind::InFailedTransaction,
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}
