//! After a failed write, the store stops writing: what the disk holds is then uncertain until a write succeeds again.
//!
//! Reads go on. Once in a while a refused write tries the disk with a small write of its own; when that is durable, the
//! poison is lifted and the refused write goes through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// Time between two attempts at the disk while it fails.
const ATTEMPT_INTERVAL: Duration = Duration::from_secs(1);

/// Whether the store may write.
#[derive(Default)]
pub(super) struct Poison {
    /// Read before every write, without the lock.
    poisoned: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

struct Failure {
    error: Error,
    next_attempt: Instant,
}

impl Poison {
    /// Refuses while the last write failed, unless it is time to try and `attempt` succeeds.
    pub(in crate::store) fn check(&self, now: Instant, attempt: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.poisoned.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut failure = self.failure.lock();
        let Some(known) = failure.as_mut() else {
            return Ok(());
        };
        if now < known.next_attempt {
            return Err(refusal(&known.error));
        }
        match attempt() {
            Ok(()) => {
                tracing::info!("writing works again");
                *failure = None;
                self.poisoned.store(false, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                known.next_attempt = now + ATTEMPT_INTERVAL;
                known.error = error;
                Err(refusal(&known.error))
            }
        }
    }

    /// Why the store does not write now.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.lock().as_ref().map(|failure| failure.error.clone())
    }

    /// Remembers a failed write and gives the error that its client is told.
    pub(in crate::store) fn record(&self, now: Instant, error: Error) -> Error {
        tracing::error!(%error, "a write failed; writes are refused until one succeeds");
        let told = refusal(&error);
        *self.failure.lock() = Some(Failure { error, next_attempt: now + ATTEMPT_INTERVAL });
        self.poisoned.store(true, Ordering::Release);
        told
    }
}

fn refusal(error: &Error) -> Error {
    let hint = match error.kind() {
        // RocksDB resumes when the free space holds its largest write buffer, 64 MiB; it looks every five seconds.
        ErrorKind::DiskFull => {
            "Free at least 100 MiB on the disk of the data directory; writes then resume by themselves. Reads go on."
        }
        ErrorKind::Shutdown => return error.clone(),
        _ => "Check the disk of the data directory and restart the server if writes do not resume. Reads go on.",
    };
    let mut refusal = Error::new(error.kind(), error.message()).with_hint(hint);
    if let Some(detail) = error.detail() {
        refusal = refusal.with_detail(detail);
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Error {
        Error::new(ErrorKind::DiskFull, "no space left")
    }

    #[test]
    fn healthy_store_never_attempts() {
        Poison::default().check(Instant::now(), || panic!("attempted")).unwrap();
    }

    #[test]
    fn refuses_until_an_attempt_succeeds() {
        let poison = Poison::default();
        let start = Instant::now();
        let told = poison.record(start, full());
        assert_eq!(told.kind(), ErrorKind::DiskFull);
        assert!(told.hint().unwrap().contains("resume"));

        let early = poison.check(start, || panic!("attempted too early")).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::DiskFull);

        let later = start + ATTEMPT_INTERVAL;
        let failed = poison.check(later, || Err(Error::new(ErrorKind::Io, "gone"))).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Io);
        poison.check(later, || panic!("attempted too early")).unwrap_err();

        poison.check(later + ATTEMPT_INTERVAL, || Ok(())).unwrap();
        poison.check(later, || panic!("attempted after recovery")).unwrap();
    }
}
