//! The threads that make columns of large collections while statements go on without them.

use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::db::state::cancel::Cancel;

/// Threads that run at the same time; more work is refused.
const THREADS_MAX: usize = 2;

/// Threads that end with the database.
#[derive(Default)]
pub(crate) struct Fillers {
    /// Set when the database stops.
    stop: Cancel,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Fillers {
    /// Does work on a thread of its own; false where it is not done, since the database stops, enough threads are at work, or the
    /// system gives none.
    pub fn run(&self, work: impl FnOnce(&Cancel) + Send + 'static) -> bool {
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        if threads.len() >= THREADS_MAX || self.stop.check().is_err() {
            return false;
        }
        let stop = self.stop.clone();
        match std::thread::Builder::new().name("nebulus-columns".to_string()).spawn(move || work(&stop)) {
            Ok(thread) => {
                threads.push(thread);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "no thread to make columns on; entries are read one by one");
                false
            }
        }
    }

    /// Ends all work and waits for it.
    pub fn stop(&self) {
        self.stop.shut_down();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that made columns had panicked");
            }
        }
    }
}
