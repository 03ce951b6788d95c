//! `nebulusdb serve`.

use std::process::ExitCode;

use crate::config::{Flags, Options};
use crate::error::Result;
use crate::server;

/// Serves until a signal.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let options = Options::resolve(flags)?;
    server::start_logging(options.log_format, &options.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("nebulus-worker").build()?;
    runtime.block_on(server::run(options))?;
    Ok(ExitCode::SUCCESS)
}
