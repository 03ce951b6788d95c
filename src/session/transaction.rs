//! A session's transaction: none, implicit, or a block between BEGIN and its end.
//!
//! Outside of a block each statement is a transaction of its own, except that statements sent together (a multi-statement
//! text, or several Executes before one Sync) share an implicit one, as in PostgreSQL.

use crate::db::{Isolation, ReadView, Transaction};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::session::isolation::level_of;
use crate::session::session::Session;
use crate::session::settings::SettingsMark;
use crate::session::transaction_mark::TransactionMark;
use crate::sql::release_advisory_locks;

/// Most savepoints of one transaction.
const SAVEPOINTS_MAX: usize = 10_000;

/// What ReadyForQuery says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    Idle,
    InTransaction,
    /// After an error: only its end is accepted.
    Failed,
}

/// The open transaction.
pub(super) enum OpenTransaction {
    None,
    Implicit(Box<Transaction>),
    Block(Box<Block>),
}

/// A transaction between BEGIN and its end.
pub(super) struct Block {
    pub transaction: Transaction,
    pub is_failed: bool,
    pub is_read_only: bool,
    /// A statement has read or written something in it.
    pub has_run: bool,
    settings_before: SettingsMark,
    savepoints: Vec<NamedSavepoint>,
}

struct NamedSavepoint {
    name: String,
    mark: TransactionMark,
}

/// What BEGIN and SET TRANSACTION choose; `None` keeps the default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Modes {
    pub is_read_only: Option<bool>,
    pub isolation: Option<&'static str>,
}

impl Session {
    pub fn status(&self) -> TransactionStatus {
        match &self.open {
            OpenTransaction::None | OpenTransaction::Implicit(_) => TransactionStatus::Idle,
            OpenTransaction::Block(block) if block.is_failed => TransactionStatus::Failed,
            OpenTransaction::Block(_) => TransactionStatus::InTransaction,
        }
    }

    /// Whether something is open that reads from one moment: a transaction, or a portal.
    pub fn holds_snapshot(&self) -> bool {
        !matches!(self.open, OpenTransaction::None) || self.portals.hold_snapshot()
    }

    /// What the next statement reads. `is_alone`: no other statement belongs to its implicit transaction.
    pub(super) fn view(&mut self, is_alone: bool) -> ReadView {
        match &mut self.open {
            OpenTransaction::None if is_alone => self.database.view(),
            OpenTransaction::None => {
                let transaction = Box::new(self.new_transaction(self.default_isolation()));
                let view = transaction.view().clone();
                self.open = OpenTransaction::Implicit(transaction);
                view
            }
            OpenTransaction::Implicit(transaction) => {
                if transaction.isolation() == Isolation::ReadCommitted {
                    transaction.refresh();
                }
                transaction.view().clone()
            }
            OpenTransaction::Block(block) => {
                block.begin_statement();
                block.transaction.view().clone()
            }
        }
    }

    /// A statement has come to its end.
    pub(super) fn has_run(&mut self) {
        if let OpenTransaction::Block(block) = &mut self.open {
            block.has_run = true;
        }
    }

    /// Whether a statement that is run again sees what was committed since: nothing was written yet, and in a block nothing was read
    /// or it is READ COMMITTED.
    pub(super) fn can_look_again(&self) -> bool {
        match &self.open {
            OpenTransaction::None => true,
            OpenTransaction::Implicit(transaction) => transaction.is_read_only(),
            OpenTransaction::Block(block) => block.transaction.is_read_only() && block.is_refreshed(),
        }
    }

    /// Lets the statement that is run again see what was committed since, where it can.
    pub(super) fn looks_again(&mut self) -> bool {
        let can_look_again = self.can_look_again();
        match &mut self.open {
            OpenTransaction::Implicit(transaction) if can_look_again => transaction.refresh(),
            OpenTransaction::Block(block) if can_look_again => block.transaction.refresh(),
            OpenTransaction::None | OpenTransaction::Implicit(_) | OpenTransaction::Block(_) => can_look_again,
        }
    }

    /// What a statement is planned with; opens nothing.
    pub(super) fn planning_view(&self) -> ReadView {
        match &self.open {
            OpenTransaction::None => self.database.view(),
            OpenTransaction::Implicit(transaction) => transaction.view().clone(),
            OpenTransaction::Block(block) => block.transaction.view().clone(),
        }
    }

    /// Whether a transaction, or the session for those to come, has forbidden itself to write.
    pub(super) fn is_read_only(&self) -> bool {
        match &self.open {
            OpenTransaction::Block(block) => block.is_read_only,
            OpenTransaction::None | OpenTransaction::Implicit(_) => {
                self.settings.effective().get("default_transaction_read_only").is_ok_and(is_on)
            }
        }
    }

    /// The transaction that a statement writes in; `None` when the statement is one by itself.
    pub(super) fn writing(&mut self, is_alone: bool) -> Option<&mut Transaction> {
        if matches!(self.open, OpenTransaction::None) && !is_alone {
            self.open = OpenTransaction::Implicit(Box::new(self.new_transaction(self.default_isolation())));
        }
        match &mut self.open {
            OpenTransaction::Block(block) => block.begin_statement(),
            OpenTransaction::Implicit(transaction) if transaction.isolation() == Isolation::ReadCommitted => {
                transaction.refresh();
            }
            OpenTransaction::None | OpenTransaction::Implicit(_) => {}
        }
        self.open_transaction()
    }

    /// The transaction that is open.
    pub(super) fn open_transaction(&mut self) -> Option<&mut Transaction> {
        match &mut self.open {
            OpenTransaction::None => None,
            OpenTransaction::Implicit(transaction) => Some(transaction),
            OpenTransaction::Block(block) => Some(&mut block.transaction),
        }
    }

    pub(super) fn begin(&mut self, modes: Modes) -> Result<()> {
        let mut transaction = match std::mem::replace(&mut self.open, OpenTransaction::None) {
            OpenTransaction::Block(block) => {
                self.open = OpenTransaction::Block(block);
                self.warn(ErrorKind::ActiveTransaction, "there is already a transaction in progress");
                return self.set_modes(modes);
            }
            OpenTransaction::Implicit(transaction) => *transaction,
            OpenTransaction::None => self.new_transaction(Isolation::ReadCommitted),
        };
        let settings_before = self.settings.take_before();
        let effective = self.settings.effective();
        let is_read_only = effective.get("default_transaction_read_only").is_ok_and(is_on);
        let isolation = effective.get("default_transaction_isolation")?.to_string();
        transaction.isolate(Isolation::of_setting(&isolation));
        self.open = OpenTransaction::Block(Box::new(Block {
            transaction,
            is_failed: false,
            is_read_only,
            has_run: false,
            settings_before,
            savepoints: Vec::new(),
        }));
        let isolation = modes.isolation.unwrap_or(&isolation).to_string();
        self.settings.set("transaction_isolation", &isolation, true)?;
        self.set_modes(modes)
    }

    /// SET TRANSACTION, and the modes of BEGIN.
    ///
    /// # Errors
    /// 25001 for another isolation, or the right to write, when a query has run or a savepoint stands.
    pub(super) fn set_modes(&mut self, modes: Modes) -> Result<()> {
        let OpenTransaction::Block(block) = &mut self.open else {
            self.warn(ErrorKind::NoActiveTransaction, "SET TRANSACTION can only be used in transaction blocks");
            return Ok(());
        };
        if let Some(isolation) = modes.isolation {
            if isolation != self.settings.effective().get("transaction_isolation")? {
                block.check_isolation()?;
            }
            self.settings.set("transaction_isolation", isolation, true)?;
            block.transaction.isolate(Isolation::of_setting(isolation));
        }
        if let Some(is_read_only) = modes.is_read_only {
            if block.is_read_only && !is_read_only {
                block.check_read_write()?;
            }
            block.is_read_only = is_read_only;
        }
        let shown = if block.is_read_only { "on" } else { "off" };
        self.settings.set("transaction_read_only", shown, true)
    }

    /// COMMIT: its tag, which is ROLLBACK after an error.
    pub(super) async fn commit(&mut self, is_chained: bool) -> Result<&'static str> {
        let modes = self.chained_modes(is_chained)?;
        let tag = match std::mem::replace(&mut self.open, OpenTransaction::None) {
            OpenTransaction::None => {
                self.warn(ErrorKind::NoActiveTransaction, "there is no transaction in progress");
                self.settings.commit();
                "COMMIT"
            }
            OpenTransaction::Implicit(transaction) => {
                self.warn(ErrorKind::NoActiveTransaction, "there is no transaction in progress");
                self.settle_implicit(*transaction).await?;
                "COMMIT"
            }
            OpenTransaction::Block(block) => {
                if block.is_failed {
                    self.settings.go_back(&block.settings_before);
                    self.portals.roll_back();
                    self.listening.roll_back();
                    self.release_locks();
                    "ROLLBACK"
                } else {
                    if let Err(error) = self.settle(block.transaction).await {
                        self.settings.go_back(&block.settings_before);
                        return Err(error);
                    }
                    self.settings.commit();
                    "COMMIT"
                }
            }
        };
        if let Some(modes) = modes {
            self.begin(modes)?;
        }
        Ok(tag)
    }

    pub(super) fn rollback(&mut self, is_chained: bool) -> Result<()> {
        let modes = self.chained_modes(is_chained)?;
        match std::mem::replace(&mut self.open, OpenTransaction::None) {
            OpenTransaction::None | OpenTransaction::Implicit(_) => {
                self.warn(ErrorKind::NoActiveTransaction, "there is no transaction in progress");
                self.settings.roll_back_implicit();
            }
            OpenTransaction::Block(block) => self.settings.go_back(&block.settings_before),
        }
        self.portals.roll_back();
        self.listening.roll_back();
        self.release_locks();
        if let Some(modes) = modes {
            self.begin(modes)?;
        }
        Ok(())
    }

    /// The modes that AND CHAIN takes over.
    fn chained_modes(&self, is_chained: bool) -> Result<Option<Modes>> {
        match &self.open {
            _ if !is_chained => Ok(None),
            OpenTransaction::Block(block) => Ok(Some(Modes {
                is_read_only: Some(block.is_read_only),
                isolation: Some(level_of(self.settings.effective().get("transaction_isolation")?)?),
            })),
            OpenTransaction::None | OpenTransaction::Implicit(_) => Err(Error::new(
                ErrorKind::NoActiveTransaction,
                "COMMIT AND CHAIN and ROLLBACK AND CHAIN can only be used in transaction blocks",
            )),
        }
    }

    pub(super) fn savepoint(&mut self, name: &str) -> Result<()> {
        let mark = self.mark();
        let block = self.block("SAVEPOINT")?;
        if block.savepoints.len() >= SAVEPOINTS_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("more than {SAVEPOINTS_MAX} savepoints in one transaction"),
            )
            .with_hint("RELEASE savepoints that are no longer needed."));
        }
        block.savepoints.extend(mark.map(|mark| NamedSavepoint { name: name.to_string(), mark }));
        Ok(())
    }

    pub(super) fn release(&mut self, name: &str) -> Result<()> {
        let block = self.block("RELEASE SAVEPOINT")?;
        let position = block.find(name)?;
        block.savepoints.truncate(position);
        Ok(())
    }

    pub(super) fn rollback_to(&mut self, name: &str) -> Result<()> {
        let block = self.block("ROLLBACK TO SAVEPOINT")?;
        let position = block.find(name)?;
        block.savepoints.truncate(position + 1);
        block.is_failed = false;
        let Some(mark) = block.savepoints.last().map(|last| last.mark.clone()) else { return Ok(()) };
        self.go_back(&mark);
        Ok(())
    }

    fn block(&mut self, statement: &str) -> Result<&mut Block> {
        match &mut self.open {
            OpenTransaction::Block(block) => Ok(block),
            OpenTransaction::None | OpenTransaction::Implicit(_) => Err(Error::new(
                ErrorKind::NoActiveTransaction,
                format!("{statement} can only be used in transaction blocks"),
            )),
        }
    }

    /// The end of an implicit transaction: Sync, or the last statement of a text.
    ///
    /// # Errors
    /// What its commit fails with; nothing of it remains then.
    pub async fn end_implicit(&mut self) -> Result<()> {
        if matches!(self.open, OpenTransaction::None) && self.listening.is_waiting() {
            // A statement by itself that did not write has sent something, or listens.
            self.open = OpenTransaction::Implicit(Box::new(self.new_transaction(self.default_isolation())));
        }
        match std::mem::replace(&mut self.open, OpenTransaction::None) {
            OpenTransaction::None => {
                self.settings.commit();
                Ok(())
            }
            OpenTransaction::Implicit(transaction) => self.settle_implicit(*transaction).await,
            block @ OpenTransaction::Block(_) => {
                self.open = block;
                Ok(())
            }
        }
    }

    /// Commits an implicit transaction, and with it the settings it has changed.
    async fn settle_implicit(&mut self, transaction: Transaction) -> Result<()> {
        let settled = self.settle(transaction).await;
        match settled {
            Ok(()) => self.settings.commit(),
            Err(_) => self.settings.roll_back_implicit(),
        }
        settled
    }

    /// Commits: first what its cursors WITH HOLD have left to read, since that can fail.
    async fn settle(&mut self, transaction: Transaction) -> Result<()> {
        let stored = self.portals.store_held().await;
        self.release_locks();
        let committed = match stored {
            Ok(()) => {
                self.portals.close_others();
                self.commit_transaction(transaction).await
            }
            Err(error) => {
                self.listening.roll_back();
                Err(error)
            }
        };
        match committed {
            Ok(()) => {
                self.portals.commit();
                Ok(())
            }
            Err(error) => {
                self.portals.roll_back();
                Err(error)
            }
        }
    }

    /// A statement failed: its implicit transaction is rolled back, a block waits for its end.
    pub fn fail(&mut self) {
        self.stop_clock();
        match &mut self.open {
            OpenTransaction::None => {
                self.settings.roll_back_implicit();
                self.listening.roll_back();
            }
            OpenTransaction::Implicit(_) => {
                self.open = OpenTransaction::None;
                self.settings.roll_back_implicit();
                self.listening.roll_back();
                self.portals.roll_back();
                self.release_locks();
            }
            OpenTransaction::Block(block) => block.fail(),
        }
    }

    pub(super) fn release_locks(&self) {
        release_advisory_locks(self.activity.id(), true);
    }

    /// Those of the session, too.
    pub(super) fn release_all_locks(&self) {
        release_advisory_locks(self.activity.id(), true);
        release_advisory_locks(self.activity.id(), false);
    }

    /// Tells what a commit has left to be done later.
    pub(super) fn warn_unfinished(&mut self, unfinished: Vec<Error>) {
        self.notify(unfinished.into_iter().map(Notice::warning));
    }

    pub(super) fn warn(&mut self, kind: ErrorKind, text: &str) {
        self.notify([Notice::warning(Error::new(kind, text))]);
    }
}

impl Block {
    /// Whether a statement that begins sees what was committed before it.
    fn is_refreshed(&self) -> bool {
        self.transaction.isolation() == Isolation::ReadCommitted || !self.has_run
    }

    /// Lets a statement see what it is to see.
    fn begin_statement(&mut self) {
        if self.is_refreshed() {
            self.transaction.refresh();
        }
    }

    /// A statement has failed. What was done since the last savepoint goes, and with it what was locked.
    fn fail(&mut self) {
        self.is_failed = true;
        self.transaction.unlock_since(self.savepoints.last().map(|last| &last.mark.savepoint));
    }

    fn check_isolation(&self) -> Result<()> {
        let when = if self.has_run {
            "must be called before any query"
        } else if !self.savepoints.is_empty() {
            "must not be called in a subtransaction"
        } else {
            return Ok(());
        };
        let message = format!("SET TRANSACTION ISOLATION LEVEL {when}");
        Err(Error::new(ErrorKind::ActiveTransaction, message).with_hint("Name the level with BEGIN."))
    }

    fn check_read_write(&self) -> Result<()> {
        let message = if !self.savepoints.is_empty() {
            "cannot set transaction read-write mode inside a read-only transaction"
        } else if self.has_run {
            "transaction read-write mode must be set before any query"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::ActiveTransaction, message))
    }

    fn find(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|savepoint| savepoint.name == name)
            .ok_or_else(|| Error::new(ErrorKind::InvalidSavepoint, format!("savepoint \"{name}\" does not exist")))
    }
}

fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "yes" | "1")
}

pub(super) fn read_only() -> Error {
    Error::new(ErrorKind::ReadOnlyTransaction, "cannot write in a read-only transaction")
        .with_hint("BEGIN READ WRITE, or SET default_transaction_read_only = off.")
}
