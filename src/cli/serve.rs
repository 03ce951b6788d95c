//! `nebulusdb serve`.

use std::process::ExitCode;

use crate::config::{Flags, Options};
use crate::error::Result;
use crate::server;

/// Stack of a worker: statements nested as deeply as the parser's limit allows must fit. Untouched pages cost nothing.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// Serves until a signal.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let options = Options::resolve(flags)?;
    let log = server::start_logging(options.log_format, &options.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("nebulus-worker")
        .thread_stack_size(STACK_BYTES)
        .build()?;
    runtime.block_on(server::run(flags, options, log))?;
    Ok(ExitCode::SUCCESS)
}
