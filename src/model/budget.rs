//! One budget of bytes for everything that clients make the server hold: messages that have not come to their end, prepared
//! statements, portals, cursors, what open transactions have written, and what statements have computed and not sent yet.
//!
//! Each connection has an account, from which reservations are made as things grow. A part of the budget is divided among the
//! accounts, so that each has its own whatever the others do. The rest is common: an account gets at most [`SHARE`] times what
//! then remains of it (the dynamic thresholds of Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet
//! Switches", 1998), so that one alone may have most of it, and the next one something. What is dropped is free at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// One part in so many is divided among the accounts.
const DIVIDED_PART: usize = 4;
/// How much more than what remains of the common part one account may have of it.
const SHARE: usize = 3;

/// The bytes that all accounts share.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    /// What each account has for itself.
    own_max: usize,
    common_max: usize,
    common: AtomicUsize,
    /// All that is taken.
    bytes: AtomicUsize,
}

/// What one connection holds. Clones are the same account.
#[derive(Clone, Debug)]
pub struct MemoryAccount(Arc<Account>);

#[derive(Debug)]
struct Account {
    budget: Arc<Budget>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    /// What of it no reservation stands for: memory that was measured and that nobody has accounted for.
    covering: usize,
}

/// Bytes taken from the budget; dropping it gives them back.
#[derive(Debug)]
pub struct Reservation {
    account: MemoryAccount,
    bytes: usize,
}

impl Budget {
    /// A budget of `bytes_max` bytes for at most so many accounts at a time.
    pub fn new(bytes_max: usize, accounts_max: usize) -> Arc<Budget> {
        let own_max = bytes_max / DIVIDED_PART / accounts_max.max(1);
        let common_max = bytes_max - own_max * accounts_max;
        let (common, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Budget { bytes_max, own_max, common_max, common, bytes })
    }

    /// Bytes that are taken.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// An account that holds nothing yet.
    pub fn account(self: &Arc<Self>) -> MemoryAccount {
        MemoryAccount(Arc::new(Account { budget: Arc::clone(self), held: Mutex::default() }))
    }

    /// What of an account's bytes is of the common part.
    fn common_of(&self, bytes: usize) -> usize {
        bytes.saturating_sub(self.own_max)
    }
}

/// An account of a budget without a bound, for work that belongs to no client.
impl Default for MemoryAccount {
    fn default() -> Self {
        Budget::new(usize::MAX, 1).account()
    }
}

impl MemoryAccount {
    /// Bytes that all accounts of its budget may hold together.
    pub fn budget_bytes(&self) -> usize {
        self.0.budget.bytes_max
    }

    /// Takes bytes from the budget.
    ///
    /// # Errors
    /// 53200 when they are more than this account may have now.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation> {
        let mut reservation = self.nothing();
        reservation.resize(bytes)?;
        Ok(reservation)
    }

    /// A reservation of nothing, to be grown.
    pub fn nothing(&self) -> Reservation {
        Reservation { account: self.clone(), bytes: 0 }
    }

    /// Makes the account hold at least what was measured of the work that it stands for, whatever the reservations come to.
    /// What this adds to them is given back where the next measure is less, or with [`MemoryAccount::uncover`].
    ///
    /// # Errors
    /// 53200 when it is more than this account may have now.
    pub fn cover(&self, measured: usize) -> Result<()> {
        let mut held = self.0.held.lock();
        let covering = measured.saturating_sub(held.bytes - held.covering);
        match covering.checked_sub(held.covering) {
            Some(more) => self.take(&mut held, more)?,
            None => {
                let less = held.covering - covering;
                self.give_back(&mut held, less);
            }
        }
        held.covering = covering;
        Ok(())
    }

    /// Gives back what was covered: the work has come to its end.
    pub fn uncover(&self) {
        let mut held = self.0.held.lock();
        let covering = std::mem::take(&mut held.covering);
        self.give_back(&mut held, covering);
    }

    fn take(&self, held: &mut Held, wanted: usize) -> Result<()> {
        let budget = &self.0.budget;
        let (before, after) = (budget.common_of(held.bytes), budget.common_of(held.bytes.saturating_add(wanted)));
        let taken = budget.common.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            let sum = taken.checked_add(after - before).filter(|sum| *sum <= budget.common_max)?;
            let is_fair = after == before || after <= (budget.common_max - sum).saturating_mul(SHARE);
            is_fair.then_some(sum)
        });
        if taken.is_err() {
            let text = "the server's memory for its clients is used up";
            let (all, most) = (budget.bytes(), budget.bytes_max);
            return Err(Error::new(ErrorKind::OutOfMemory, text)
                .with_detail(format!(
                    "{wanted} bytes more are wanted. This connection holds {}, all hold {all} of {most} bytes.",
                    held.bytes
                ))
                .with_hint(
                    "Send less at once, close statements and cursors that are no longer needed, commit in smaller steps, \
                     or start the server with a larger memory_mb.",
                ));
        }
        held.bytes += wanted;
        budget.bytes.fetch_add(wanted, Ordering::Relaxed);
        Ok(())
    }

    fn give_back(&self, held: &mut Held, bytes: usize) {
        let budget = &self.0.budget;
        let common = budget.common_of(held.bytes) - budget.common_of(held.bytes - bytes);
        held.bytes -= bytes;
        budget.common.fetch_sub(common, Ordering::Relaxed);
        budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Reservation {
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes more bytes, or gives some back.
    ///
    /// # Errors
    /// 53200 when they are more than the account may have now; the reservation is as before then.
    pub fn resize(&mut self, bytes: usize) -> Result<()> {
        match bytes.checked_sub(self.bytes) {
            Some(0) => {}
            Some(more) => self.account.take(&mut self.account.0.held.lock(), more)?,
            None => self.account.give_back(&mut self.account.0.held.lock(), self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Parts everything above `bytes` from this reservation.
    #[must_use]
    pub fn split_above(&mut self, bytes: usize) -> Reservation {
        let above = self.bytes.saturating_sub(bytes);
        self.bytes -= above;
        Reservation { account: self.account.clone(), bytes: above }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.account.give_back(&mut self.account.0.held.lock(), self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_gets_most_of_it_and_gives_it_back() {
        // 250 are divided among ten accounts.
        let budget = Budget::new(1000, 10);
        let account = budget.account();
        let mut held = account.reserve(25 + 562).unwrap();
        let error = account.reserve(1).unwrap_err();
        assert_eq!(error.sqlstate(), "53200");
        assert!(error.detail().unwrap().contains("holds 587, all hold 587 of 1000"), "{error}");
        assert!(held.resize(588).is_err());
        assert_eq!(held.bytes(), 587);
        held.resize(10).unwrap();
        let part = held.split_above(4);
        assert_eq!((held.bytes(), part.bytes(), budget.bytes()), (4, 6, 10));
        drop(held);
        assert_eq!(budget.bytes(), 6);
        drop(part);
        assert_eq!((budget.bytes(), budget.common.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn however_greedy_the_others_are_each_has_its_own() {
        let budget = Budget::new(1_000_000, 10);
        let mut greedy: Vec<Reservation> = (0..9).map(|_| budget.account().nothing()).collect();
        for held in &mut greedy {
            while held.resize(held.bytes() + 100).is_ok() {}
        }
        assert!(budget.bytes() <= 1_000_000);
        let last = budget.account();
        assert!(last.reserve(25_000).is_ok(), "its own");
        assert!(last.reserve(50_000).is_err());
        greedy.truncate(1);
        assert!(last.reserve(100_000).is_ok(), "what was dropped is free");
    }

    #[test]
    fn what_was_measured_is_covered_beyond_the_reservations() {
        let budget = Budget::new(1000, 1);
        let account = budget.account();
        let held = account.reserve(100).unwrap();
        account.cover(300).unwrap();
        assert_eq!(budget.bytes(), 300);
        let more = account.reserve(50).unwrap();
        account.cover(300).unwrap();
        assert_eq!(budget.bytes(), 300, "what is accounted for is not covered");
        assert_eq!(account.cover(5000).unwrap_err().sqlstate(), "53200");
        assert_eq!(budget.bytes(), 300);
        drop((held, more));
        assert_eq!(budget.bytes(), 150, "the next measure covers more");
        account.cover(10).unwrap();
        assert_eq!(budget.bytes(), 10);
        account.uncover();
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let account = Budget::new(10, 1).account();
        let held = account.reserve(3).unwrap();
        assert!(account.reserve(usize::MAX).is_err());
        assert_eq!(held.bytes(), 3);
    }
}
