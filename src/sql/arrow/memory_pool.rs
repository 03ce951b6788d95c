//! What the joins, sorts and aggregates of one statement hold, taken from the account of its connection.
//!
//! Operators say what they keep. Batches on their way between them, copies and buffers that double are measured where one of
//! them asks for more, and what nobody has accounted for is taken as well.

use std::fmt;

use datafusion::execution::memory_pool::{MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use crate::error::Result;
use crate::model::{MemoryAccount, Reservation, allocated_by_group};
use crate::sql::arrow::errors::{exhausted, to_datafusion};

/// Bytes that are taken from the account at a time.
const BYTES_TAKEN: usize = 256 * 1024;

/// The memory of a statement's operators.
#[derive(Debug)]
pub struct AccountPool {
    account: MemoryAccount,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// What the operators hold.
    bytes: usize,
    /// What is taken for it. Less than they hold only where one of them had to grow and could not be refused.
    memory: Reservation,
}

impl AccountPool {
    pub fn new(account: &MemoryAccount) -> AccountPool {
        AccountPool { account: account.clone(), held: Mutex::new(Held { bytes: 0, memory: account.nothing() }) }
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

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        // Whoever grows so cannot be refused, and the next one that asks is.
        self.held.lock().grow(additional, &self.account).ok();
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.held.lock().shrink(shrink);
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> datafusion::error::Result<()> {
        let mut held = self.held.lock();
        held.grow(additional, &self.account).map_err(|error| {
            held.shrink(additional);
            // Not the kind that operators know: they would copy what they hold to hand it on, and there are no files to write it to.
            to_datafusion(exhausted(error.detail().unwrap_or_default()))
        })
    }

    fn reserved(&self) -> usize {
        self.held.lock().bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::memory_pool::MemoryConsumer;

    use super::*;
    use crate::model::Budget;
    use crate::sql::arrow::errors::from_datafusion;

    #[test]
    fn operators_take_from_the_account_and_give_back() {
        let budget = Budget::new(10 << 20, 1);
        let pool: Arc<dyn MemoryPool> = Arc::new(AccountPool::new(&budget.account()));
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
}
