//! A session: the state of one connection behind the wire.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::db::{Cancel, Database, Query, ReadView, Settings, Sought};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::knirvql;
use crate::model::{ColumnType, OutputColumn};
use crate::session::activity::ActivityHandle;
use crate::session::cursor::Cursor;
use crate::session::prepared::{Plan, Prepared, Work};
use crate::session::script::{Language, Parsed, parse_script};
use crate::session::settings::SessionSettings;
use crate::session::transaction::{Open, TransactionStatus};
use crate::sql::{self, BinaryCodec, QueryFunction};

/// Most named prepared statements of one session.
const STATEMENTS_MAX: usize = 10_000;
/// The setting that tells `pg_backend_pid()` the connection's number.
const BACKEND_SETTING: &str = "nebulus.backend_pid";

/// One connection's session.
pub struct Session {
    pub(super) database: Database,
    pub(super) settings: SessionSettings,
    pub(super) open: Open,
    /// What the present statement has asked other members for.
    pub(super) sought: Option<Arc<Sought>>,
    /// What was gathered for a transaction that could not see it, and when.
    pub(super) gathered: Option<(Arc<Sought>, Instant)>,
    statements: HashMap<String, Arc<Prepared>>,
    unnamed: Option<Arc<Prepared>>,
    pub(super) cursors: HashMap<String, Cursor>,
    /// What the client is told before the present statement is reported complete, or failed.
    notices: Vec<Notice>,
    pub(super) cancel: Cancel,
    pub(super) activity: ActivityHandle,
    clock: Option<Clock>,
    pub(super) codec: BinaryCodec,
    query_function: Arc<QueryFunction>,
}

/// Ends a statement that runs too long.
struct Clock(JoinHandle<()>);

impl Drop for Clock {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// A session of a user who is let in, in the database `name`. `cancel` is the flag that cancel requests set, `codec` the
    /// wire's binary forms.
    pub fn new(
        database: Database,
        (user, name): (&str, &str),
        cancel: Cancel,
        activity: ActivityHandle,
        codec: BinaryCodec,
    ) -> Session {
        let mut settings = Settings::new(user, name);
        // A custom setting with a number cannot fail; the session works without it.
        if let Err(error) = settings.set(BACKEND_SETTING, &activity.id().to_string()) {
            tracing::debug!(%error, "a session has no number");
        }
        Session {
            database,
            settings: SessionSettings::new(settings),
            open: Open::None,
            sought: None,
            gathered: None,
            statements: HashMap::new(),
            unnamed: None,
            cursors: HashMap::new(),
            notices: Vec::new(),
            cancel,
            activity,
            clock: None,
            codec,
            query_function: Arc::new(knirvql_query),
        }
    }

    /// A setting of the startup message.
    ///
    /// # Errors
    /// As SET, except that a time zone this server does not show is left at UTC, with a warning: drivers send theirs unasked.
    pub fn set_at_startup(&mut self, name: &str, value: &str) -> Result<()> {
        match self.settings.set_initial(name, value) {
            Err(error) if name.eq_ignore_ascii_case("timezone") => {
                self.notify([Notice::warning(error)]);
                Ok(())
            }
            result => result,
        }
    }

    pub fn settings(&self) -> &Settings {
        self.settings.effective()
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
        self.notices.extend(notices.into_iter().filter(|notice| least.is_some_and(|least| notice.severity >= least)));
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub fn take_changed_settings(&mut self) -> Vec<(String, String)> {
        if self.settings.has_news() { self.settings.take_changed() } else { Vec::new() }
    }

    /// Prepares the one statement of a text.
    ///
    /// # Errors
    /// 42601 for more than one, 25P02 in a failed transaction, and what planning finds.
    pub fn prepare(&mut self, text: &str, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        let mut script = parse_script(text)?;
        match (script.pop(), script.is_empty()) {
            (None, _) => {
                let plan = Plan { catalog: self.database.catalog(), work: Work::Nothing };
                Ok(Arc::new(Prepared::new(None, plan)))
            }
            (Some(parsed), true) => {
                let before = parsed.characters_before;
                self.prepare_parsed(&parsed, types).map_err(|error| match error.position() {
                    Some(position) => error.with_position(position + before),
                    None => error,
                })
            }
            (Some(_), false) => Err(Error::syntax("cannot insert multiple commands into a prepared statement", None)
                .with_hint("Prepare each statement by itself.")),
        }
    }

    /// Prepares a statement of [`parse_script`].
    pub fn prepare_parsed(&mut self, parsed: &Parsed, types: &[Option<ColumnType>]) -> Result<Arc<Prepared>> {
        if self.status() == TransactionStatus::Failed && !parsed.ends_transaction() {
            return Err(in_failed_transaction());
        }
        let mut plan = self.plan(parsed, types, &self.planning_view())?;
        self.complete_columns(&mut plan.work)?;
        Ok(Arc::new(Prepared::new(Some(parsed.clone()), plan)))
    }

    pub(super) fn plan(&self, parsed: &Parsed, types: &[Option<ColumnType>], view: &ReadView) -> Result<Plan> {
        let work = match &parsed.language {
            Language::Sql(statement) => {
                let context = sql::PlanContext {
                    view,
                    settings: self.settings.effective(),
                    text: &parsed.text,
                    query_function: Some(&self.query_function),
                };
                Work::Sql(sql::plan(statement, types, &context)?)
            }
            Language::Knirvql(statement) => Work::Knirvql(knirvql::lower(statement, view.catalog(), types)?),
        };
        Ok(Plan { catalog: Arc::clone(view.catalog()), work })
    }

    /// The plan of a statement for a view: the one it was prepared with, or a new one after the catalog changed.
    ///
    /// # Errors
    /// 0A000 when the columns of the result are others now; what planning finds.
    pub(super) fn current_plan(&self, prepared: &Prepared, view: &ReadView) -> Result<Arc<Plan>> {
        let plan = Arc::clone(&prepared.plan.lock());
        let Some(parsed) = &prepared.parsed else { return Ok(plan) };
        if Arc::ptr_eq(&plan.catalog, view.catalog()) {
            return Ok(plan);
        }
        let types: Vec<_> = prepared.parameters.iter().cloned().map(Some).collect();
        let mut fresh = self.plan(parsed, &types, view)?;
        self.complete_columns(&mut fresh.work)?;
        if !is_same_result(prepared.columns.as_deref(), fresh.work.columns().as_deref()) {
            return Err(Error::unsupported(
                "cached plan must not change result type",
                "The tables of this prepared statement have changed: prepare it again.",
            ));
        }
        let fresh = Arc::new(fresh);
        *prepared.plan.lock() = Arc::clone(&fresh);
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

    /// Keeps a statement under its name; the unnamed one replaces the one before.
    pub fn keep_statement(&mut self, name: &str, prepared: Arc<Prepared>) -> Result<()> {
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
        self.statements.insert(name.to_string(), prepared);
        Ok(())
    }

    /// # Errors
    /// 26000 when there is none of that name.
    pub fn statement(&self, name: &str) -> Result<&Arc<Prepared>> {
        let found = if name.is_empty() { self.unnamed.as_ref() } else { self.statements.get(name) };
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
        self.begin_statement(&prepared.shown);
    }

    /// As [`Session::start`], for what is shown as this text.
    pub(super) fn begin_statement(&mut self, shown: &Arc<str>) {
        self.cancel.reset();
        self.activity.run(shown);
        self.clock = self.settings.statement_timeout().map(|timeout| {
            let cancel = self.cancel.clone();
            Clock(tokio::spawn(async move {
                tokio::time::sleep(timeout).await;
                cancel.time_out();
            }))
        });
    }

    pub(super) fn stop_clock(&mut self) {
        self.clock = None;
    }

    /// The connection waits for its client.
    pub fn rest(&mut self) {
        self.stop_clock();
        self.activity.rest();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.release_all_locks();
    }
}

/// What SQL's table function `knirvql('GET …')` reads.
fn knirvql_query(text: &str, view: &ReadView) -> Result<(Query, Vec<OutputColumn>)> {
    let lowered = knirvql::lower(&knirvql::parse(text)?, view.catalog(), &[])?;
    match (lowered.action, lowered.columns) {
        (knirvql::Action::Read(query), Some(columns)) if lowered.parameters.is_empty() => {
            Ok((*query, columns.to_vec()))
        }
        (knirvql::Action::Read(_), _) => Err(Error::unsupported(
            "parameters inside of knirvql('…') are not supported",
            "Filter with WHERE outside of it, or send the KNIRVQL statement by itself.",
        )),
        _ => Err(Error::unsupported(
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
