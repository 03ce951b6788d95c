//! The table of all locks: one look under one mutex where nobody else wants the row.
//!
//! A row is known by a hash of its key with 128 bits under secret seeds: two rows of one hash would wait for each other without
//! need, and nothing else. Whoever finds its row taken waits in the row's queue, in the order of arrival, but for one that holds
//! the row already and wants it more strongly: that goes first. A lock is handed over under the mutex by whoever gives it up.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::db::locks::deadlock::{Deadlock, find_circle};
use crate::db::locks::lock_mode::LockMode;
use crate::error::{Error, ErrorKind, Result};
use crate::model::CollectionId;

/// Most locks of all transactions together. One takes 48 bytes, and 16 more of its transaction.
pub(crate) const LOCKS_MAX: usize = 4_000_000;
/// Most transactions that wait for locks; more connections than that are not let in.
pub(crate) const WAITERS_MAX: usize = 65_536;
/// Locks that are given up before others may look at the table again.
const RELEASED_AT_ONCE: usize = 256;

/// A row, or a value of a unique index, that can be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LockKey {
    low: u64,
    high: u64,
}

/// A transaction as the table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockOwner {
    /// Never given twice.
    pub transaction: u64,
    /// The connection that it belongs to; 0 where it belongs to none.
    pub connection: i32,
}

/// What came of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockAnswer {
    /// It is held now and was not before.
    Taken,
    /// It was held already, in this mode or in a stronger one.
    Held,
    /// It was held in a weaker mode.
    Strengthened,
    /// Somebody else is in the way.
    Busy,
}

/// All locks of a database.
#[derive(Debug, Default)]
pub(crate) struct LockTable {
    low: RandomState,
    high: RandomState,
    next_transaction: AtomicU64,
    table: Mutex<LockedRows>,
}

/// What the mutex guards.
#[derive(Debug, Default)]
pub(super) struct LockedRows {
    pub rows: HashMap<LockKey, LockedRow, BuildHasherDefault<HashOfKey>>,
    /// What each transaction that waits is waiting for.
    pub waits: HashMap<u64, LockKey>,
}

#[derive(Debug)]
pub(super) struct LockedRow {
    pub collection: CollectionId,
    pub first: Holder,
    /// Where more than one holds it or waits for it.
    pub crowd: Option<Box<Crowd>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub owner: LockOwner,
    pub mode: LockMode,
}

#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Those besides the first.
    pub holders: Vec<Holder>,
    pub queue: VecDeque<Waiter>,
}

#[derive(Debug)]
pub(super) struct Waiter {
    pub wanted: Holder,
    pub since: SystemTime,
    /// Told when it holds the lock.
    granted: Option<oneshot::Sender<()>>,
}

/// The hash of a key that is one.
#[derive(Debug, Default)]
pub(super) struct HashOfKey(u64);

impl Hasher for HashOfKey {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = self.0.rotate_left(32) ^ half;
    }
}

impl LockTable {
    /// What a key of a collection, or the values of a unique index, are locked by.
    pub fn key(&self, collection: CollectionId, bytes: &[u8]) -> LockKey {
        let place = (collection.0, bytes);
        LockKey { low: self.low.hash_one(place), high: self.high.hash_one(place) }
    }

    /// A transaction that has no lock yet.
    pub fn new_owner(&self, connection: i32) -> LockOwner {
        LockOwner { transaction: 1 + self.next_transaction.fetch_add(1, Ordering::Relaxed), connection }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, LockedRows> {
        self.table.lock()
    }

    /// Takes a lock where nobody is in the way.
    ///
    /// # Errors
    /// 53200 above [`LOCKS_MAX`].
    pub fn take(
        &self,
        owner: LockOwner,
        key: LockKey,
        (collection, mode): (CollectionId, LockMode),
    ) -> Result<LockAnswer> {
        self.table.lock().take(Holder { owner, mode }, key, collection)
    }

    /// Waits for a lock: what it gives back is told once it is held, and `None` where it is by now; and what it was before.
    ///
    /// # Errors
    /// 40P01 where those in the way wait, over any number of others, for this transaction; 53200 above [`WAITERS_MAX`].
    pub fn wait(
        &self,
        owner: LockOwner,
        key: LockKey,
        (collection, mode): (CollectionId, LockMode),
    ) -> Result<(Option<oneshot::Receiver<()>>, LockAnswer)> {
        let mut table = self.table.lock();
        let wanted = Holder { owner, mode };
        let answer = table.take(wanted, key, collection)?;
        if answer != LockAnswer::Busy {
            return Ok((None, answer));
        }
        let is_held = table.rows.get(&key).is_some_and(|row| row.mode_of(owner.transaction).is_some());
        if table.waits.len() >= WAITERS_MAX {
            return Err(out_of_room("wait for locks", WAITERS_MAX));
        }
        let (granted, told) = oneshot::channel();
        table.enqueue(key, Waiter { wanted, since: SystemTime::now(), granted: Some(granted) });
        if let Some(circle) = find_circle(&table, owner.transaction) {
            table.leave(key, owner.transaction);
            return Err(Deadlock(circle).into());
        }
        Ok((Some(told), if is_held { LockAnswer::Strengthened } else { LockAnswer::Taken }))
    }

    /// Gives up waiting; a lock that was granted meanwhile stays.
    pub fn leave(&self, owner: LockOwner, key: LockKey) {
        self.table.lock().leave(key, owner.transaction);
    }

    /// Gives up locks; those that are not held are passed over.
    pub fn release(&self, owner: LockOwner, keys: &[LockKey]) {
        for some in keys.chunks(RELEASED_AT_ONCE) {
            let mut table = self.table.lock();
            some.iter().for_each(|key| table.release(*key, owner.transaction));
        }
    }
}

impl LockedRows {
    fn take(&mut self, wanted: Holder, key: LockKey, collection: CollectionId) -> Result<LockAnswer> {
        let count = self.rows.len();
        let row = match self.rows.entry(key) {
            std::collections::hash_map::Entry::Vacant(_) if count >= LOCKS_MAX => {
                return Err(out_of_room("are held", LOCKS_MAX));
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(LockedRow { collection, first: wanted, crowd: None });
                return Ok(LockAnswer::Taken);
            }
            std::collections::hash_map::Entry::Occupied(row) => row.into_mut(),
        };
        Ok(row.take(wanted))
    }

    fn enqueue(&mut self, key: LockKey, waiter: Waiter) {
        let Some(row) = self.rows.get_mut(&key) else { return };
        let transaction = waiter.wanted.owner.transaction;
        let is_held = row.mode_of(transaction).is_some();
        let queue = &mut row.crowd.get_or_insert_default().queue;
        if is_held {
            queue.push_front(waiter)
        } else {
            queue.push_back(waiter)
        }
        self.waits.insert(transaction, key);
    }

    fn leave(&mut self, key: LockKey, transaction: u64) {
        if self.waits.remove(&transaction).is_none() {
            return;
        }
        if let Some(row) = self.rows.get_mut(&key) {
            if let Some(crowd) = &mut row.crowd {
                crowd.queue.retain(|waiter| waiter.wanted.owner.transaction != transaction);
            }
            row.hand_over(&mut self.waits);
        }
    }

    fn release(&mut self, key: LockKey, transaction: u64) {
        let Some(row) = self.rows.get_mut(&key) else { return };
        if row.crowd.is_none() {
            if row.first.owner.transaction == transaction {
                self.rows.remove(&key);
            }
            return;
        }
        if !row.give_up(transaction) {
            self.rows.remove(&key);
            return;
        }
        row.hand_over(&mut self.waits);
    }
}

impl LockedRow {
    pub fn holders(&self) -> impl Iterator<Item = &Holder> {
        std::iter::once(&self.first).chain(self.crowd.iter().flat_map(|crowd| &crowd.holders))
    }

    pub fn queue(&self) -> impl Iterator<Item = &Waiter> {
        self.crowd.iter().flat_map(|crowd| &crowd.queue)
    }

    fn mode_of(&self, transaction: u64) -> Option<LockMode> {
        self.holders().find(|holder| holder.owner.transaction == transaction).map(|holder| holder.mode)
    }

    /// Whether somebody who holds the row is in the way of this.
    fn is_blocked(&self, wanted: Holder) -> bool {
        self.holders().any(|holder| {
            holder.owner.transaction != wanted.owner.transaction && holder.mode.conflicts_with(wanted.mode)
        })
    }

    fn take(&mut self, wanted: Holder) -> LockAnswer {
        let held = self.mode_of(wanted.owner.transaction);
        if held.is_some_and(|held| held >= wanted.mode) {
            return LockAnswer::Held;
        }
        // Whoever came before and waits is not overtaken, unless the row is held already.
        let waits = held.is_none() && self.queue().any(|waiter| waiter.wanted.mode.conflicts_with(wanted.mode));
        if waits || self.is_blocked(wanted) {
            return LockAnswer::Busy;
        }
        self.hold(wanted);
        if held.is_some() { LockAnswer::Strengthened } else { LockAnswer::Taken }
    }

    fn hold(&mut self, wanted: Holder) {
        let is_it = |holder: &&mut Holder| holder.owner.transaction == wanted.owner.transaction;
        let others = self.crowd.iter_mut().flat_map(|crowd| &mut crowd.holders);
        match std::iter::once(&mut self.first).chain(others).find(is_it) {
            Some(holder) => holder.mode = holder.mode.max(wanted.mode),
            None => self.crowd.get_or_insert_default().holders.push(wanted),
        }
    }

    /// Takes a holder out, or one that waits; whether anybody is left. Where only waiters are, the first of them holds the row next.
    fn give_up(&mut self, transaction: u64) -> bool {
        let Some(crowd) = &mut self.crowd else { return self.first.owner.transaction != transaction };
        crowd.holders.retain(|holder| holder.owner.transaction != transaction);
        crowd.queue.retain(|waiter| waiter.wanted.owner.transaction != transaction);
        if self.first.owner.transaction != transaction {
            return true;
        }
        if let Some(holder) = crowd.holders.pop() {
            self.first = holder;
            return true;
        }
        // Nobody holds it: whoever is first in the queue does now, and is told by `hand_over`.
        match crowd.queue.front() {
            Some(waiter) => {
                self.first = waiter.wanted;
                true
            }
            None => false,
        }
    }

    /// Gives the row to those who wait and that nobody is in the way of any more, in their order.
    fn hand_over(&mut self, waits: &mut HashMap<u64, LockKey>) {
        loop {
            let first = self.queue().next().map(|waiter| waiter.wanted);
            let Some(wanted) = first.filter(|wanted| !self.is_blocked(*wanted)) else { break };
            self.hold(wanted);
            let Some(waiter) = self.crowd.as_mut().and_then(|crowd| crowd.queue.pop_front()) else { break };
            waits.remove(&wanted.owner.transaction);
            if let Some(granted) = waiter.granted {
                // Fails where it has stopped waiting: then it gives the lock up with its others.
                granted.send(()).ok();
            }
        }
        if self.crowd.as_ref().is_some_and(|crowd| crowd.holders.is_empty() && crowd.queue.is_empty()) {
            self.crowd = None;
        }
    }
}

fn out_of_room(what: &str, most: usize) -> Error {
    Error::new(ErrorKind::OutOfMemory, "out of shared memory")
        .with_detail(format!("More than {most} transactions' locks {what}."))
        .with_hint("Lock fewer rows in one transaction, or end transactions that hold many.")
}
