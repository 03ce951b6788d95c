//! At which level of isolation the transactions of a session run.

use crate::db::{Isolation, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::session::session::Session;

impl Session {
    /// A transaction of this connection.
    pub(super) fn new_transaction(&self, isolation: Isolation) -> Transaction {
        let mut transaction = self.database.begin_for(&self.memory, self.activity.id());
        transaction.isolate(isolation);
        transaction
    }

    /// What a statement that is a transaction by itself sees of others: it waits for them and is run again, whatever blocks do.
    pub(super) fn lone_isolation(&self) -> Isolation {
        match self.default_isolation() {
            Isolation::Serializable => Isolation::Serializable,
            Isolation::ReadCommitted | Isolation::RepeatableRead => Isolation::ReadCommitted,
        }
    }

    /// What several statements that are sent together see of others.
    pub(super) fn default_isolation(&self) -> Isolation {
        let name = self.settings.effective().get("default_transaction_isolation");
        Isolation::of_setting(name.unwrap_or_default())
    }
}

/// The level of isolation of that name.
///
/// # Errors
/// 22023 for another name.
pub(super) fn level_of(name: &str) -> Result<&'static str> {
    match name {
        "read uncommitted" => Ok("read uncommitted"),
        "read committed" => Ok("read committed"),
        "repeatable read" => Ok("repeatable read"),
        "serializable" => Ok("serializable"),
        _ => Err(Error::new(ErrorKind::InvalidParameterValue, format!("there is no isolation level \"{name}\""))),
    }
}
