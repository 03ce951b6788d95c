//! The threads that build graphs: as many as there are cores, and of low priority, so that statements and peers are served
//! first while an index grows.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Niceness of the threads: the kernel gives them about a tenth of a core that a thread of normal priority wants too.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 10;

/// The pool of this process.
///
/// # Errors
/// When the system gives no threads.
pub fn pool() -> Result<&'static ThreadPool> {
    static POOL: OnceLock<std::result::Result<ThreadPool, String>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let builder = ThreadPoolBuilder::new().thread_name(|number| format!("graph-{number}"));
        builder.start_handler(|_| make_way()).build().map_err(|error| error.to_string())
    });
    pool.as_ref().map_err(|reason| Error::internal(format!("no threads for building graphs: {reason}")))
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
