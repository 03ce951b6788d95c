//! What the joins, sorts and aggregates of one statement hold, taken from the account of its connection.
//!
//! Operators say what they keep. Batches on their way between them, copies and buffers that double are measured where one of
//! them asks for more, and what nobody has accounted for is taken as well.
//!
//! Operators that can go on in files are refused more once they hold their part, so that what cannot has room beside them.

use std::fmt;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use crate::error::Result;
use crate::model::{MemoryAccount, Reservation, allocated_by_group};
use crate::sql::arrow::errors::{exhausted, to_datafusion};

/// Bytes that are taken from the account at a time.
const BYTES_TAKEN: usize = 256 * 1024;

/// One part in so many of the server's budget is what operators of a statement hold before they write files.
const IN_MEMORY_PART: usize = 4;

/// The memory of a statement's operators.
#[derive(Debug)]
pub struct AccountPool {
    account: MemoryAccount,
    /// Bytes that operators which can write files hold together, at most, each as much as the others; `None` where there are no files.
    spillable_max: Option<usize>,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// What the operators hold.
    bytes: usize,
    /// How many operators there are that can write files.
    spilling: usize,
    /// What is taken for it. Less than they hold only where one of them had to grow and could not be refused.
    memory: Reservation,
}

impl AccountPool {
    /// `spills` says that operators may write files.
    pub fn new(account: &MemoryAccount, spills: bool) -> AccountPool {
        let spillable_max = spills.then_some(account.budget_bytes() / IN_MEMORY_PART);
        let held = Held { bytes: 0, spilling: 0, memory: account.nothing() };
        AccountPool { account: account.clone(), spillable_max, held: Mutex::new(held) }
    }

    /// Bytes that an operator may hold, which has as much as the others that can write files; `None` for one that cannot.
    fn part_of(&self, reservation: &MemoryReservation, spilling: usize) -> Option<usize> {
        let most = self.spillable_max.filter(|_| reservation.consumer().can_spill())?;
        Some(most / spilling.max(1))
    }
}

/// Takes what the threads of this session hold beyond what is accounted for.
///
/// # Errors
/// 53200 where the account has no more.
pub fn cover_measured(account: &MemoryAccount) -> Result<()> {
    allocated_by_group().map_or(Ok(()), |measured| account.cover(measured))
}

impl Held {
    /// # Errors
    /// 53200 where the account has no more; what is held counts all the same.
    fn grow(&mut self, bytes: usize, account: &MemoryAccount) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.memory.bytes() {
            return Ok(());
        }
        self.memory.resize(self.bytes.saturating_add(BYTES_TAKEN))?;
        cover_measured(account)
    }

    fn shrink(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        let kept = if self.bytes == 0 { 0 } else { self.bytes.saturating_add(BYTES_TAKEN) };
        drop(self.memory.split_above(kept));
    }
}

impl fmt::Display for AccountPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for AccountPool {
    fn name(&self) -> &str {
        "account"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.held.lock().spilling += 1;
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            let mut held = self.held.lock();
            held.spilling = held.spilling.saturating_sub(1);
        }
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        // Whoever grows so cannot be refused, and the next one that asks is.
        self.held.lock().grow(additional, &self.account).ok();
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.held.lock().shrink(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> datafusion::error::Result<()> {
        let mut held = self.held.lock();
        let part = self.part_of(reservation, held.spilling);
        let wanted = reservation.size().saturating_add(additional);
        // One that holds nothing has nothing to write.
        if reservation.size() > 0
            && let Some(most) = part.filter(|most| wanted > *most)
        {
            return Err(DataFusionError::ResourcesExhausted(format!("{wanted} of {most} bytes in memory are wanted")));
        }
        held.grow(additional, &self.account).map_err(|error| {
            held.shrink(additional);
            let detail = error.detail().unwrap_or_default();
            match part {
                Some(_) => DataFusionError::ResourcesExhausted(detail.to_string()),
                // Not the kind that operators know: they would copy what they hold to hand it on, and have no files to write it to.
                None => to_datafusion(exhausted(detail)),
            }
        })
    }

    fn reserved(&self) -> usize {
        self.held.lock().bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Budget;
    use crate::sql::arrow::errors::from_datafusion;

    #[test]
    fn operators_take_from_the_account_and_give_back() {
        let budget = Budget::new(10 << 20, 1);
        let pool: Arc<dyn MemoryPool> = Arc::new(AccountPool::new(&budget.account(), false));
        let sort = MemoryConsumer::new("sort").register(&pool);
        sort.try_grow(1 << 20).unwrap();
        assert!(budget.bytes() >= 1 << 20);
        let error = from_datafusion(sort.try_grow(20 << 20).unwrap_err());
        assert_eq!(error.sqlstate(), "53200");
        assert!(error.detail().is_some_and(|detail| detail.contains("more are wanted")), "{error}");
        assert_eq!(pool.reserved(), 1 << 20);
        sort.grow(20 << 20);
        assert!(sort.try_grow(1).is_err(), "what could not be refused counts");
        drop(sort);
        assert_eq!((pool.reserved(), budget.bytes()), (0, 0));
    }

    #[test]
    fn operators_that_can_write_files_are_told_to() {
        let budget = Budget::new(16 << 20, 1);
        let pool: Arc<dyn MemoryPool> = Arc::new(AccountPool::new(&budget.account(), true));
        let sort = MemoryConsumer::new("sort").with_can_spill(true).register(&pool);
        let join = MemoryConsumer::new("join").register(&pool);
        sort.try_grow(3 << 20).unwrap();
        let refused = sort.try_grow(2 << 20).unwrap_err();
        assert!(matches!(refused, DataFusionError::ResourcesExhausted(_)), "{refused}");
        join.try_grow(5 << 20).unwrap();
        sort.shrink(2 << 20);
        sort.try_grow(3 << 20).unwrap();
        drop((sort, join));
        assert_eq!((pool.reserved(), budget.bytes()), (0, 0));
    }
}
