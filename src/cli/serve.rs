//! `nebulusdb serve`.

#[cfg(target_os = "linux")]
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use crate::config::{Flags, Options};
use crate::error::Result;
use crate::server;

/// Stack of a worker: statements nested as deeply as the parser's limit allows must fit. Untouched pages cost nothing.
const STACK_BYTES: usize = 32 * 1024 * 1024;
/// Threads for work that blocks, besides one for each connection.
const BLOCKING_THREADS: usize = 512;
/// How long what still runs on them is waited for when everything else has ended.
const END_TIME_MAX: Duration = Duration::from_millis(200);

/// Serves until a signal.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let options = Options::resolve(flags)?;
    let log = server::start_logging(options.log_format, &options.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("nebulus-worker")
        .thread_stack_size(STACK_BYTES)
        // Whoever writes or plans for long holds one, and each connection may.
        .max_blocking_threads(BLOCKING_THREADS + options.max_connections)
        .build()?;
    let served = runtime.block_on(server::run(flags, options, log));
    // The store is closed. A computation that could not be interrupted is not waited for.
    runtime.shutdown_timeout(END_TIME_MAX);
    served?;
    leave()
}

/// Ends the process. What computes still may hold a snapshot of the store, whose library takes its locks apart as soon as the
/// process runs its handlers of an exit: they are left out, since everything is closed and written by now.
#[cfg(target_os = "linux")]
fn leave() -> Result<ExitCode> {
    std::io::stdout().flush()?;
    // SAFETY: it takes no pointer and does not return; what was to be written is written.
    unsafe { libc::_exit(0) }
}

#[cfg(not(target_os = "linux"))]
fn leave() -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
