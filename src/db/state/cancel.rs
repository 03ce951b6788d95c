//! The flag that stops a running statement: a cancel request, a timeout, a client that went away or a shutdown sets it, long
//! loops check it, and whoever waits gives up when it is set.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How often what waits looks at the flag.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A cloneable cancellation flag. All clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    state: Arc<AtomicU8>,
    /// The flag of the work that this is a part of.
    outer: Option<Arc<Cancel>>,
}

/// Who waits for a commit, and for what is made after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommitClient {
    /// `None` where no connection does.
    pub connection: Option<i32>,
    /// Set when it is given up.
    pub cancel: Cancel,
}

const RUNNING: u8 = 0;
const REQUESTED: u8 = 1;
const TIMED_OUT: u8 = 2;
/// From here on a state stays, whatever comes after it.
const SHUTTING_DOWN: u8 = 3;
const GONE: u8 = 4;

impl Cancel {
    pub fn new() -> Self {
        Cancel::default()
    }

    /// A flag for a part of the work: it is set with this one, or by itself when only the part is to end.
    #[must_use]
    pub fn part(&self) -> Cancel {
        Cancel { state: Arc::default(), outer: Some(Arc::new(self.clone())) }
    }

    /// The owner asked for it.
    pub fn cancel(&self) {
        self.raise(REQUESTED);
    }

    /// `statement_timeout` ran out.
    pub fn time_out(&self) {
        self.raise(TIMED_OUT);
    }

    pub fn shut_down(&self) {
        self.raise(SHUTTING_DOWN);
    }

    /// The client has gone: nobody waits for an answer.
    pub fn leave(&self) {
        self.raise(GONE);
    }

    /// Clears the flag before the next statement; a shutdown stays, and so does the absence of a client.
    pub fn reset(&self) {
        let running = |state| (state < SHUTTING_DOWN).then_some(RUNNING);
        // Fails where the state is one that stays.
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, running).ok();
    }

    fn raise(&self, state: u8) {
        self.state.fetch_max(state, Ordering::Relaxed);
    }

    /// # Errors
    /// 57014 once the statement was cancelled or timed out, 57P01 once the server goes down, 08006 once the client has gone.
    pub fn check(&self) -> Result<()> {
        match self.state.load(Ordering::Relaxed) {
            RUNNING => self.outer.as_ref().map_or(Ok(()), |outer| outer.check()),
            TIMED_OUT => Err(Error::new(ErrorKind::QueryCanceled, "canceling statement due to statement timeout")),
            SHUTTING_DOWN => {
                Err(Error::new(ErrorKind::Shutdown, "terminating connection due to administrator command"))
            }
            GONE => Err(Error::new(ErrorKind::ConnectionLost, "connection to client lost")),
            _ => Err(Error::new(ErrorKind::QueryCanceled, "canceling statement due to user request")),
        }
    }

    /// Waits for work, and gives it up when the flag is set.
    ///
    /// # Errors
    /// Those of the work, or [`Cancel::check`]'s.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        // Most work is done at once; only what waits needs the clock.
        if let Poll::Ready(done) = futures::poll!(work.as_mut()) {
            return done;
        }
        loop {
            tokio::select! {
                biased;
                done = work.as_mut() => return done,
                () = tokio::time::sleep(CHECK_INTERVAL) => self.check()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_connection_outlasts_what_ends_a_statement() {
        let sqlstate = |cancel: &Cancel| cancel.check().err().map(|error| error.sqlstate());
        let cancel = Cancel::new();
        cancel.time_out();
        cancel.cancel();
        assert_eq!(cancel.check().unwrap_err().message(), "canceling statement due to statement timeout");
        cancel.reset();
        assert_eq!(sqlstate(&cancel), None);
        cancel.shut_down();
        cancel.cancel();
        cancel.reset();
        assert_eq!(sqlstate(&cancel), Some("57P01"));
        cancel.leave();
        cancel.reset();
        assert_eq!(sqlstate(&cancel), Some("08006"));
    }

    #[test]
    fn a_part_ends_with_the_whole_and_alone() {
        let whole = Cancel::new();
        let (one, other) = (whole.part(), whole.part().part());
        one.cancel();
        assert!(one.check().is_err() && other.check().is_ok() && whole.check().is_ok());
        whole.cancel();
        assert!(other.check().is_err());
    }

    #[tokio::test]
    async fn what_waits_is_given_up() {
        let cancel = Cancel::new();
        assert_eq!(cancel.guard(async { Ok(1) }).await.unwrap(), 1);
        cancel.cancel();
        let never = cancel.guard(std::future::pending::<Result<()>>()).await;
        assert_eq!(never.unwrap_err().sqlstate(), "57014");
    }
}
