//! Statements about the session itself: transactions, settings, prepared statements, cursors.

use std::sync::Arc;

use tokio::task::block_in_place;

use crate::db::{Cancel, CursorKind, OWNER, Row, RowStream};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::OutputColumn;
use crate::session::identity::{SESSION_AUTHORIZATION, is_of_identity};
use crate::session::isolation::level_of;
use crate::session::session::Session;
use crate::session::settings::SessionSettings;
use crate::session::statement::outcome::{ResultRows, StatementOutcome, cancellable};
use crate::session::statement::script::Parsed;
use crate::session::transaction::{Modes, OpenTransaction, TransactionStatus};
use crate::settings::{SettingValue, Settings};
use crate::statement::{
    CommandTag, Discard, Planned, ReadRun, RowSource, RowsTag, SecretText, SessionCommand, SettingCall, Statement,
    TransactionModes, make_verifier,
};
use crate::types::Value;

impl From<&TransactionModes> for Modes {
    fn from(modes: &TransactionModes) -> Self {
        Modes { is_read_only: modes.read_only, isolation: modes.isolation }
    }
}

impl Session {
    /// The columns that only the session knows: those of FETCH and EXECUTE.
    ///
    /// # Errors
    /// 34000 for a cursor and 26000 for a statement that is not there.
    pub(in crate::session) fn complete_columns(&self, planned: &mut Planned) -> Result<()> {
        match &planned.body {
            Statement::Session(SessionCommand::Fetch { cursor, .. }) => {
                planned.columns = Some(self.cursor_columns(cursor)?);
            }
            Statement::Session(SessionCommand::Execute { name, .. }) => {
                planned.columns = self.statement(name)?.columns.clone();
            }
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each statement about the session")]
    pub(super) async fn command(
        &mut self,
        command: &SessionCommand,
        columns: Option<&Arc<[OutputColumn]>>,
        run: ReadRun<'_>,
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let word = match command {
            SessionCommand::Begin { modes, tag } => {
                self.begin(modes.into())?;
                tag
            }
            SessionCommand::Commit { chain } => self.commit(*chain).await?,
            SessionCommand::Rollback { chain } => {
                self.rollback(*chain)?;
                "ROLLBACK"
            }
            SessionCommand::Savepoint(name) => done("SAVEPOINT", self.savepoint(name))?,
            SessionCommand::Release(name) => done("RELEASE", self.release(name))?,
            SessionCommand::RollbackTo(name) => done("ROLLBACK", self.rollback_to(name))?,
            SessionCommand::SetTransaction { modes, session } => {
                if *session {
                    self.set_defaults(modes)?;
                } else {
                    self.set_modes(modes.into())?;
                }
                "SET"
            }
            SessionCommand::Set { name, value: Some(value), local } => {
                self.warn_local(*local, is_alone);
                done("SET", self.set(name, value, *local))?
            }
            SessionCommand::Set { name, value: None, local } => {
                self.warn_local(*local, is_alone);
                done("SET", self.reset(name, *local))?
            }
            SessionCommand::SetConstraints { names, is_deferred } => {
                self.set_constraints(names.as_deref(), *is_deferred, run.cancel)?;
                "SET CONSTRAINTS"
            }
            SessionCommand::Do(block) => {
                self.run_code(block, is_alone).await?;
                "DO"
            }
            SessionCommand::Reset(Some(name)) => done("RESET", self.reset(name, false))?,
            SessionCommand::Reset(None) => {
                self.changing().reset_all();
                "RESET"
            }
            SessionCommand::Show(_) | SessionCommand::ShowAll => return self.show(command, columns),
            SessionCommand::Configure(calls) => return self.configure(calls, columns),
            SessionCommand::Discard(what) => self.discard(*what).await?,
            SessionCommand::Prepare { name, parameter_types, text, statement } => {
                let types: Vec<_> = parameter_types.iter().cloned().map(Some).collect();
                self.check_statement_name(name)?;
                // Its positions are those of the whole text.
                let (text, tree) = (Arc::clone(text), Arc::clone(statement));
                let parsed = Parsed { characters_before: 0, text, tree, memory: None };
                let prepared = self.prepare_statement(&parsed, &types)?;
                done("PREPARE", self.keep_statement(name, prepared, true))?
            }
            SessionCommand::Execute { name, arguments } => {
                return self.execute_named(name, arguments.as_deref(), run, is_alone).await;
            }
            SessionCommand::Deallocate(Some(name)) => {
                self.statement(name)?;
                self.drop_statement(name);
                "DEALLOCATE"
            }
            SessionCommand::Deallocate(None) => {
                self.drop_all_statements();
                "DEALLOCATE ALL"
            }
            SessionCommand::DeclareCursor { name, query, columns, hold, scroll } => {
                let kind = CursorKind { is_held: *hold, is_scrollable: *scroll };
                self.declare((name, kind), &**query, columns, run, is_alone).await?;
                "DECLARE CURSOR"
            }
            SessionCommand::Fetch { cursor, fetch } => return self.fetch(cursor, *fetch).await,
            SessionCommand::Move { cursor, fetch } => {
                let moved = self.pass(cursor, *fetch).await?;
                return Ok(StatementOutcome::Done { tag: CommandTag::counted("MOVE", moved) });
            }
            SessionCommand::CloseCursor(Some(name)) => done("CLOSE CURSOR", self.close_cursor(name))?,
            SessionCommand::CloseCursor(None) => {
                self.portals.clear();
                "CLOSE CURSOR ALL"
            }
            SessionCommand::SetPassword { role, password } => {
                done("ALTER ROLE", self.set_password(role, password.as_ref()))?
            }
            SessionCommand::Listen(channel) => done("LISTEN", self.listen(channel, is_alone))?,
            SessionCommand::Unlisten(channel) => done("UNLISTEN", self.unlisten(channel.as_deref(), is_alone))?,
            SessionCommand::Notify { channel, payload } => done("NOTIFY", self.send(channel, payload, is_alone))?,
            SessionCommand::NoOpInTransaction(tag) => {
                if self.status() == TransactionStatus::Idle {
                    return Err(outside_of_block(tag));
                }
                tag
            }
            SessionCommand::NoOp(tag) => tag,
        };
        Ok(StatementOutcome::Done { tag: CommandTag::of(word) })
    }

    /// SET CONSTRAINTS.
    ///
    /// # Errors
    /// As [`Transaction::set_constraints`].
    fn set_constraints(&mut self, names: Option<&[String]>, is_deferred: bool, cancel: &Cancel) -> Result<()> {
        let Some(transaction) = self.open_transaction() else {
            self.warn(ErrorKind::NoActiveTransaction, "SET CONSTRAINTS can only be used in transaction blocks");
            return Ok(());
        };
        transaction.set_constraints(names, is_deferred, cancel)
    }

    fn set(&mut self, name: &str, value: &str, is_local: bool) -> Result<()> {
        match name {
            "transaction_isolation" => {
                let mut read = Settings::clone(self.settings.effective());
                read.set(name, value)?;
                let isolation = level_of(read.get(name)?)?;
                self.set_own_modes(Modes { isolation: Some(isolation), is_read_only: None })
            }
            "transaction_read_only" => {
                let mut read = Settings::clone(self.settings.effective());
                read.set(name, value)?;
                let is_read_only = read.get(name)? == "on";
                self.set_own_modes(Modes { isolation: None, is_read_only: Some(is_read_only) })
            }
            name if is_of_identity(name) => self.set_identity(name, Some(value), is_local),
            _ => self.changing().set(name, value, is_local),
        }
    }

    fn reset(&mut self, name: &str, is_local: bool) -> Result<()> {
        match is_of_identity(name) {
            true => self.set_identity(name, None, is_local),
            false => self.changing().reset(name, is_local),
        }
    }

    /// As `changing`, for the room that knows who the session is.
    pub(in crate::session) fn changing_settings(&mut self) -> &mut SessionSettings {
        self.changing()
    }

    /// The settings, to be changed by the transaction that is open, or by the one that this statement is.
    fn changing(&mut self) -> &mut SessionSettings {
        if !matches!(self.open, OpenTransaction::Block(_)) {
            self.settings.begin_implicit();
        }
        &mut self.settings
    }

    /// SET LOCAL in a transaction of its own ends before anybody sees it.
    fn warn_local(&mut self, is_local: bool, is_alone: bool) {
        if is_local && is_alone && matches!(self.open, OpenTransaction::None) && !self.settings.is_implicit() {
            self.warn(ErrorKind::NoActiveTransaction, "SET LOCAL can only be used in transaction blocks");
        }
    }

    /// The settings that tell of the transaction: outside of a block they end with the statement that sets them.
    fn set_own_modes(&mut self, modes: Modes) -> Result<()> {
        match self.open {
            OpenTransaction::Block(_) => self.set_modes(modes),
            OpenTransaction::None | OpenTransaction::Implicit(_) => Ok(()),
        }
    }

    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    fn set_defaults(&mut self, modes: &TransactionModes) -> Result<()> {
        if let Some(isolation) = modes.isolation {
            self.changing().set("default_transaction_isolation", isolation, false)?;
        }
        if let Some(is_read_only) = modes.read_only {
            let value = if is_read_only { "on" } else { "off" };
            self.changing().set("default_transaction_read_only", value, false)?;
        }
        Ok(())
    }

    fn show(&self, command: &SessionCommand, columns: Option<&Arc<[OutputColumn]>>) -> Result<StatementOutcome> {
        let settings = self.settings.effective();
        let rows = match command {
            SessionCommand::Show(name) => vec![vec![Value::text(settings.shown(name)?)]],
            _ => {
                let described = |each: SettingValue<'_>| {
                    let about = each.setting.map_or("", |setting| setting.effect.description());
                    let shown = each.setting.map_or_else(|| each.value.to_string(), |known| known.shown(each.value));
                    vec![Value::text(each.name), Value::text(shown), Value::text(about)]
                };
                settings.all().into_iter().map(described).collect()
            }
        };
        let rows = ResultRows::new(columns.cloned().unwrap_or_default(), RowStream::from_rows(rows), &self.cancel);
        Ok(StatementOutcome::Rows { rows, tag: RowsTag::Fixed(CommandTag::of("SHOW")) })
    }

    fn configure(&mut self, calls: &[SettingCall], columns: Option<&Arc<[OutputColumn]>>) -> Result<StatementOutcome> {
        let mut row = Vec::with_capacity(calls.len());
        for call in calls {
            if let Some((value, is_local)) = &call.change {
                self.set(&call.name, value, *is_local)?;
            }
            row.push(Value::text(self.settings.effective().shown(&call.name)?));
        }
        let rows = ResultRows::new(columns.cloned().unwrap_or_default(), RowStream::from_rows(vec![row]), &self.cancel);
        Ok(StatementOutcome::Rows { rows, tag: RowsTag::Counted("SELECT") })
    }

    async fn discard(&mut self, what: Discard) -> Result<&'static str> {
        Ok(match what {
            Discard::All if self.status() != TransactionStatus::Idle => {
                return Err(Error::new(
                    ErrorKind::ActiveTransaction,
                    "DISCARD ALL cannot run inside a transaction block",
                ));
            }
            Discard::All => {
                self.drop_all_statements();
                self.portals.clear();
                self.changing().reset_all();
                self.set_identity(SESSION_AUTHORIZATION, None, false)?;
                self.release_all_locks();
                self.unlisten(None, true)?;
                self.discard_temporary().await?;
                self.database.drawn().forget();
                "DISCARD ALL"
            }
            // Plans are kept with their statements and are made anew when they are stale.
            Discard::Plans => "DISCARD PLANS",
            Discard::Sequences => {
                self.database.drawn().forget();
                "DISCARD SEQUENCES"
            }
            Discard::Temp => {
                self.discard_temporary().await?;
                "DISCARD TEMP"
            }
        })
    }

    async fn execute_named(
        &mut self,
        name: &str,
        arguments: Option<&dyn RowSource>,
        run: ReadRun<'_>,
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let prepared = Arc::clone(self.statement(name)?);
        let row = match arguments {
            None => Vec::new(),
            Some(arguments) => one_row(arguments, run).await?,
        };
        if row.len() != prepared.parameters.len() {
            return Err(Error::syntax(format!("wrong number of parameters for prepared statement \"{name}\""), None)
                .with_detail(format!("Expected {} parameters but got {}.", prepared.parameters.len(), row.len())));
        }
        let style = Arc::clone(self.settings.effective().text_style());
        let present = self.present_types(&prepared.parameters);
        let types = present.as_deref().unwrap_or(&prepared.parameters);
        let cast = row.into_iter().zip(types).map(|(value, ty)| value.cast_in(&style, ty, false));
        let values = cast.collect::<Result<Vec<Value>>>()?;
        Box::pin(self.execute(&prepared, values, is_alone)).await
    }

    async fn declare(
        &mut self,
        (name, kind): (&str, CursorKind),
        query: &dyn RowSource,
        columns: &Arc<[OutputColumn]>,
        run: ReadRun<'_>,
        is_alone: bool,
    ) -> Result<()> {
        if !kind.is_held && is_alone && matches!(self.open, OpenTransaction::None) {
            return Err(outside_of_block("DECLARE CURSOR"));
        }
        let stream = cancellable(query.open(run), &self.cancel).await?;
        let rows = ResultRows::new(Arc::clone(columns), stream, &self.cancel);
        self.open_cursor(name, rows, kind)?;
        self.has_run();
        if matches!(self.open, OpenTransaction::None) {
            // A statement by itself is a transaction that commits with it.
            if let Err(error) = self.portals.store_held().await {
                self.portals.roll_back();
                return Err(error);
            }
            self.portals.commit();
        }
        Ok(())
    }

    fn set_password(&mut self, role: &str, password: Option<&SecretText>) -> Result<()> {
        let who = self.current_role();
        if !self.planning_view().catalog().is_superuser(who) {
            let error = Error::new(ErrorKind::InsufficientPrivilege, "permission denied to alter role");
            let detail = "Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute.";
            return Err(error.with_detail(detail));
        }
        if role != OWNER {
            return Err(Error::new(ErrorKind::UndefinedObject, format!("role \"{role}\" does not exist")));
        }
        let Some(password) = password.filter(|password| !password.expose().is_empty()) else {
            return Err(Error::unsupported("the owner always has a password", "Give a new one."));
        };
        let database = self.database.clone();
        block_in_place(|| database.set_password(&make_verifier(password.expose())?))?;
        let notice = match database.remove_password_file() {
            Ok(None) => return Ok(()),
            Ok(Some(path)) => {
                Notice::new(format!("the file {} held the password before this one and is removed", path.display()))
            }
            Err(error) => Notice::warning(error),
        };
        self.notify([notice]);
        Ok(())
    }
}

fn done(word: &'static str, result: Result<()>) -> Result<&'static str> {
    result.map(|()| word)
}

/// The row of a source that gives one.
pub(super) async fn one_row(source: &dyn RowSource, run: ReadRun<'_>) -> Result<Row> {
    let (rows, _memory) = source.open(run).await?.collect().await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

fn outside_of_block(statement: &str) -> Error {
    Error::new(ErrorKind::NoActiveTransaction, format!("{statement} can only be used in transaction blocks"))
        .with_hint("BEGIN a transaction first.")
}
