//! The threads that build graphs: as many as there are cores. What a client waits for has the priority of everything else; what
//! goes on in the background makes way for statements and peers.

use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Niceness of threads in the background: the kernel gives them about a tenth of a core that a thread of normal priority wants
/// too.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 10;

/// How often a build is asked whether it is to stop.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Counts a thread out, even where its work panics: the scope then passes that on.
struct AtEnd<'a>(&'a Mutex<usize>, &'a Condvar);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.1.notify_all();
    }
}

/// Who waits for a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A client.
    Foreground,
    /// Nobody.
    Background,
}

/// How many threads a build takes, and of which priority.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    threads: usize,
    priority: Priority,
}

impl Workers {
    /// As many as there are cores.
    pub fn new(priority: Priority) -> Workers {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Workers { threads, priority }
    }

    /// As many as told.
    #[cfg(test)]
    pub fn of(threads: usize) -> Workers {
        Workers { threads, priority: Priority::Foreground }
    }

    /// Runs `work` on every part, each thread with a memory of its own, and ends when all are done. Which thread takes which part
    /// is left to chance, so that parts have their results in places of their own. The calling thread waits, and asks `check`
    /// every [`CHECK_INTERVAL`]: where that fails, no further part is taken.
    ///
    /// # Errors
    /// What `check` says; XX000 where the system gives no thread.
    pub fn run<P, M>(
        self,
        parts: impl Iterator<Item = P> + Send,
        memory: impl Fn() -> M + Sync,
        work: impl Fn(&mut M, P) + Sync,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let parts = Mutex::new(Some(parts));
        let (running, ended) = (Mutex::new(0usize), Condvar::new());
        let take = || {
            let _end = AtEnd(&running, &ended);
            if self.priority == Priority::Background {
                make_way();
            }
            let mut memory = memory();
            loop {
                let part = parts.lock().as_mut().and_then(Iterator::next);
                let Some(part) = part else { break };
                work(&mut memory, part);
            }
        };
        std::thread::scope(|scope| {
            for number in 0..self.threads {
                *running.lock() += 1;
                let thread = std::thread::Builder::new().name(format!("graph-{number}"));
                let Err(error) = thread.spawn_scoped(scope, take) else { continue };
                *running.lock() -= 1;
                if number == 0 {
                    return Err(no_threads(&error.to_string()));
                }
                // Fewer do as well.
                tracing::debug!(%error, number, "a graph is built on fewer threads");
            }
            let mut outcome = Ok(());
            let mut left = running.lock();
            while *left > 0 {
                let waited = ended.wait_for(&mut left, CHECK_INTERVAL);
                if waited.timed_out() && outcome.is_ok() {
                    outcome = check();
                    if outcome.is_err() {
                        *parts.lock() = None;
                    }
                }
            }
            outcome
        })?;
        check()
    }

    /// The pool on which `hnsw_rs` spreads its work.
    ///
    /// # Errors
    /// XX000 where the system gives no threads.
    pub fn pool(self) -> Result<&'static ThreadPool> {
        static FOREGROUND: OnceLock<std::result::Result<ThreadPool, String>> = OnceLock::new();
        static BACKGROUND: OnceLock<std::result::Result<ThreadPool, String>> = OnceLock::new();
        let (pool, start): (_, fn(usize)) = match self.priority {
            Priority::Foreground => (&FOREGROUND, |_| ()),
            Priority::Background => (&BACKGROUND, |_| make_way()),
        };
        let pool = pool.get_or_init(|| {
            let builder = ThreadPoolBuilder::new().thread_name(|number| format!("graph-{number}"));
            builder.start_handler(start).build().map_err(|error| error.to_string())
        });
        pool.as_ref().map_err(|reason| no_threads(reason))
    }
}

fn no_threads(reason: &str) -> Error {
    Error::internal(format!("no threads for building graphs: {reason}"))
}

/// Lowers the priority of the calling thread.
#[cfg(target_os = "linux")]
fn make_way() {
    // SAFETY: takes numbers and touches no memory. With Linux, 0 is the calling thread and not the whole process.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if result != 0 {
        tracing::debug!(error = %std::io::Error::last_os_error(), "building graphs at normal priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn make_way() {}
