//! The locks that one transaction holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::db::locks::lock_mode::LockMode;
use crate::db::locks::lock_table::{LockAnswer, LockKey, LockOwner, LockTable};
use crate::error::{Error, ErrorKind, Result};
use crate::model::CollectionId;

/// What is done about a row that somebody else has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusyRow {
    /// It is waited for.
    Wait,
    /// 55P03: NOWAIT.
    Refuse,
    /// The statement goes on without it: SKIP LOCKED.
    Skip,
}

/// The locks of a transaction. Dropping it gives them up.
#[derive(Debug)]
pub(crate) struct RowLocks {
    table: Arc<LockTable>,
    connection: i32,
    /// Known to the table from its first lock on.
    owner: Option<LockOwner>,
    /// In the order in which they were taken.
    held: Vec<LockKey>,
}

/// A place in the queue of a lock; dropping it gives the place up.
#[derive(Debug)]
struct Waiting<'a> {
    table: &'a LockTable,
    owner: LockOwner,
    key: LockKey,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.table.leave(self.owner, self.key);
    }
}

impl RowLocks {
    /// No lock yet, for a transaction of this connection; 0 where it belongs to none.
    pub fn new(table: &Arc<LockTable>, connection: i32) -> RowLocks {
        RowLocks { table: Arc::clone(table), connection, owner: None, held: Vec::new() }
    }

    fn owner(&mut self) -> LockOwner {
        let (table, connection) = (&self.table, self.connection);
        *self.owner.get_or_insert_with(|| table.new_owner(connection))
    }

    /// Takes a lock where nobody is in the way; whether it has it.
    ///
    /// # Errors
    /// 53200 where all transactions together hold too many.
    pub fn try_take(&mut self, place: (CollectionId, &[u8]), mode: LockMode) -> Result<bool> {
        let key = self.table.key(place.0, place.1);
        let owner = self.owner();
        let answer = self.table.take(owner, key, (place.0, mode))?;
        if answer == LockAnswer::Taken {
            self.held.push(key);
        }
        Ok(answer != LockAnswer::Busy)
    }

    /// Waits for a lock, which takes no thread. Whoever stops waiting leaves the queue.
    ///
    /// # Errors
    /// 40P01 for the last of a circle of transactions that wait for one another, 55P03 after `patience`, 53200.
    pub async fn wait(
        &mut self,
        place: (CollectionId, &[u8]),
        mode: LockMode,
        patience: Option<Duration>,
    ) -> Result<()> {
        let key = self.table.key(place.0, place.1);
        let owner = self.owner();
        let (granted, answer) = self.table.wait(owner, key, (place.0, mode))?;
        if answer == LockAnswer::Taken {
            // Whatever becomes of the waiting, what is granted is given up with the rest.
            self.held.push(key);
        }
        let Some(granted) = granted else { return Ok(()) };
        let waiting = Waiting { table: &self.table, owner, key };
        let told = told(granted, patience).await;
        drop(waiting);
        told
    }

    /// A point to give locks up to.
    pub fn mark(&self) -> usize {
        self.held.len()
    }

    /// Gives up what was taken since a mark.
    pub fn release_to(&mut self, mark: usize) {
        if self.held.len() <= mark {
            return;
        }
        let later = self.held.split_off(mark);
        if let Some(owner) = self.owner {
            self.table.release(owner, &later);
        }
    }
}

async fn told(granted: oneshot::Receiver<()>, patience: Option<Duration>) -> Result<()> {
    let answer = match patience {
        None => granted.await,
        Some(patience) => match tokio::time::timeout(patience, granted).await {
            Ok(answer) => answer,
            Err(_) => return Err(Error::new(ErrorKind::LockNotAvailable, "canceling statement due to lock timeout")),
        },
    };
    answer.map_err(|_| Error::internal("a transaction was forgotten in the queue of a lock"))
}

impl Drop for RowLocks {
    fn drop(&mut self) {
        self.release_to(0);
    }
}
