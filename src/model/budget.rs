//! One budget of bytes for everything that clients make the server hold: messages that have not come to their end, prepared
//! statements, portals, cursors, and what open transactions have written.
//!
//! Each connection has an account, from which reservations are made as things grow. An account gets at most [`SHARE`] times
//! what then remains free for all: one alone may have three quarters of the budget, and however many are greedy, whoever comes
//! next still gets a quarter of what each of them holds (the dynamic thresholds of Choudhury and Hahne, "Dynamic Queue Length Thresholds
//! for Shared-Memory Packet Switches", 1998). What is dropped is free again at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// How much more than what remains free one account may hold.
const SHARE: usize = 3;

/// The bytes that all accounts share.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    bytes: AtomicUsize,
}

/// What one connection holds. Clones are the same account.
#[derive(Clone, Debug)]
pub struct MemoryAccount(Arc<Account>);

#[derive(Debug)]
struct Account {
    budget: Arc<Budget>,
    bytes: AtomicUsize,
}

/// Bytes taken from the budget; dropping it gives them back.
#[derive(Debug)]
pub struct Reservation {
    account: MemoryAccount,
    bytes: usize,
}

impl Budget {
    /// A budget of `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Arc<Budget> {
        Arc::new(Budget { bytes_max, bytes: AtomicUsize::new(0) })
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
        MemoryAccount(Arc::new(Account { budget: Arc::clone(self), bytes: AtomicUsize::new(0) }))
    }
}

impl MemoryAccount {
    /// Takes bytes from the budget.
    ///
    /// # Errors
    /// 53200 when they are more than this account may have now.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation> {
        let mut reservation = Reservation { account: self.clone(), bytes: 0 };
        reservation.resize(bytes)?;
        Ok(reservation)
    }

    /// A reservation of nothing, to be grown.
    pub fn nothing(&self) -> Reservation {
        Reservation { account: self.clone(), bytes: 0 }
    }

    fn take(&self, wanted: usize) -> Result<()> {
        let Account { budget, bytes: own } = &*self.0;
        let held = own.load(Ordering::Relaxed);
        let taken = budget.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            let after = taken.checked_add(wanted).filter(|after| *after <= budget.bytes_max)?;
            let is_fair = held.saturating_add(wanted) <= (budget.bytes_max - after).saturating_mul(SHARE);
            is_fair.then_some(after)
        });
        match taken {
            Ok(_) => {
                own.fetch_add(wanted, Ordering::Relaxed);
                Ok(())
            }
            Err(taken) => Err(Error::new(ErrorKind::OutOfMemory, "the server's memory for its clients is used up")
                .with_detail(format!(
                    "{wanted} bytes more are wanted. This connection holds {held}, all hold {taken} of {} bytes.",
                    budget.bytes_max
                ))
                .with_hint(
                    "Send less at once, close statements and cursors that are no longer needed, commit in smaller steps, \
                     or start the server with a larger memory_mb.",
                )),
        }
    }

    fn give_back(&self, bytes: usize) {
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.0.budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
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
            Some(more) => self.account.take(more)?,
            None => self.account.give_back(self.bytes - bytes),
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
            self.account.give_back(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_gets_three_quarters_and_gives_them_back() {
        let budget = Budget::new(1000);
        let account = budget.account();
        let mut held = account.reserve(750).unwrap();
        let error = account.reserve(1).unwrap_err();
        assert_eq!(error.sqlstate(), "53200");
        assert!(error.detail().unwrap().contains("holds 750, all hold 750 of 1000"), "{error}");
        assert!(held.resize(751).is_err());
        assert_eq!(held.bytes(), 750);
        held.resize(10).unwrap();
        let part = held.split_above(4);
        assert_eq!((held.bytes(), part.bytes(), budget.bytes()), (4, 6, 10));
        drop(held);
        assert_eq!(budget.bytes(), 6);
        drop(part);
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn whoever_comes_next_still_gets_a_share() {
        let budget = Budget::new(1_000_000);
        let mut all: Vec<Reservation> = (0..9).map(|_| budget.account().nothing()).collect();
        while all.iter_mut().any(|held| held.resize(held.bytes() + 100).is_ok()) {}
        let most = all.iter().map(Reservation::bytes).max().unwrap();
        assert!(budget.bytes() < 1_000_000 && most < 120_000, "{most}");
        assert!(budget.account().reserve(most / 5).is_ok());
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let account = Budget::new(10).account();
        let held = account.reserve(3).unwrap();
        assert!(account.reserve(usize::MAX).is_err());
        assert_eq!(held.bytes(), 3);
    }
}
