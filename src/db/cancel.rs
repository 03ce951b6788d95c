//! The flag that stops a running statement: a cancel request, a timeout, a closed connection or a shutdown sets it, long
//! loops check it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// A cloneable cancellation flag. All clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicU8>);

const RUNNING: u8 = 0;
const REQUESTED: u8 = 1;
const TIMED_OUT: u8 = 2;
const SHUTTING_DOWN: u8 = 3;

impl Cancel {
    pub fn new() -> Self {
        Cancel::default()
    }

    /// The owner asked for it.
    pub fn cancel(&self) {
        self.0.store(REQUESTED, Ordering::Relaxed);
    }

    /// `statement_timeout` ran out.
    pub fn time_out(&self) {
        self.0.store(TIMED_OUT, Ordering::Relaxed);
    }

    pub fn shut_down(&self) {
        self.0.store(SHUTTING_DOWN, Ordering::Relaxed);
    }

    /// Clears the flag before the next statement; a shutdown stays.
    pub fn reset(&self) {
        if self.0.load(Ordering::Relaxed) != SHUTTING_DOWN {
            self.0.store(RUNNING, Ordering::Relaxed);
        }
    }

    /// # Errors
    /// 57014 once the statement was cancelled or timed out, 57P01 once the server goes down.
    pub fn check(&self) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            RUNNING => Ok(()),
            TIMED_OUT => Err(Error::new(ErrorKind::QueryCanceled, "canceling statement due to statement timeout")),
            SHUTTING_DOWN => {
                Err(Error::new(ErrorKind::Shutdown, "terminating connection due to administrator command"))
            }
            _ => Err(Error::new(ErrorKind::QueryCanceled, "canceling statement due to user request")),
        }
    }
}
