//! Log lines on standard error, as text or JSON.
//!
//! Standard output belongs to the ready line. What is logged never holds a statement's text or a value.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::LogFormat;
use crate::error::{Error, ErrorKind, Result};

/// Libraries that log statements with their values at lower levels, secrets among them.
const WITHHELD: [&str; 2] = ["sqlparser=warn", "datafusion=warn"];

/// Starts logging for the whole process.
///
/// # Errors
/// F0000 for a filter that cannot be understood.
pub fn start_logging(format: LogFormat, filter: &str) -> Result<()> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Configuration, format!("log filter \"{filter}\": {error}"))
            .with_hint("Use error, warn, info, debug or trace, also by module: info,nebulusdb::db=debug.")
    };
    let mut filter = EnvFilter::try_new(filter).map_err(|error| wrong(&error))?;
    for directive in WITHHELD {
        filter = filter.add_directive(directive.parse().map_err(|error: ParseError| wrong(&error))?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| Error::internal(error.to_string()))
}
