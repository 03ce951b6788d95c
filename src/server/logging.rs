//! Log lines on standard error, as text or JSON.
//!
//! Standard output belongs to the ready line. What is logged never holds a statement's text or a value.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::config::LogFormat;
use crate::console::LogLines;
use crate::error::{Error, ErrorKind, Result};

/// Libraries that log statements with their values at lower levels, secrets among them.
const WITHHELD: [&str; 2] = ["sqlparser=warn", "datafusion=warn"];

/// Warnings of libraries about what is no trouble: a network that has met nobody yet.
const NEEDLESS: &str = "libp2p_kad=error";

/// What the modules of this program are called in the log.
const PROGRAM: &str = "nebulusdb";

/// What is logged, which can be changed while the server runs.
pub struct LogFilter {
    change: Box<dyn Fn(EnvFilter) -> Result<()> + Send + Sync>,
    /// What was logged last.
    pub lines: LogLines,
}

impl LogFilter {
    /// From now on this is logged.
    ///
    /// # Errors
    /// F0000 for a filter that cannot be understood; the one before stays.
    pub fn change(&self, filter: &str) -> Result<()> {
        (self.change)(read_filter(filter)?)
    }
}

/// Starts logging for the whole process.
///
/// # Errors
/// F0000 for a filter that cannot be understood.
pub fn start_logging(format: LogFormat, filter: &str) -> Result<LogFilter> {
    let lines = LogLines::default();
    let kept = lines.clone();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(read_filter(filter)?)
        .with_writer(std::io::stderr.and(move || kept.entry()))
        // Standard error may lie on a disk that is full: to tell of it there would panic, in the middle of what was logging.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    let failed = |error: &dyn std::fmt::Display| Error::internal(format!("logging: {error}"));
    let (started, change): (_, Box<dyn Fn(EnvFilter) -> Result<()> + Send + Sync>) = match format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            (builder.try_init(), Box::new(move |filter| handle.reload(filter).map_err(|error| failed(&error))))
        }
        LogFormat::Json => {
            let builder = builder.json().with_filter_reloading();
            let handle = builder.reload_handle();
            (builder.try_init(), Box::new(move |filter| handle.reload(filter).map_err(|error| failed(&error))))
        }
    };
    started.map_err(|error| failed(&error))?;
    Ok(LogFilter { change, lines })
}

/// # Errors
/// F0000 for a filter that cannot be understood.
pub(super) fn read_filter(filter: &str) -> Result<EnvFilter> {
    let own = own_levels(filter);
    let wrong = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Configuration, format!("log filter \"{filter}\": {error}"))
            .with_hint("Use error, warn, info, debug or trace, also by module: info,nebulusdb::db=debug.")
    };
    let mut read = EnvFilter::try_new(&own).map_err(|error| wrong(&error))?;
    for directive in WITHHELD {
        read = read.add_directive(directive.parse().map_err(|error: ParseError| wrong(&error))?);
    }
    Ok(read)
}

/// The filter in which a level without a module is this program's: libraries warn, unless the filter names them.
fn own_levels(filter: &str) -> String {
    let is_talkative = |part: &str| part.parse::<LevelFilter>().is_ok_and(|level| level > LevelFilter::WARN);
    let parts = filter.split(',').map(|part| match part.trim() {
        level if is_talkative(level) => format!("warn,{NEEDLESS},{PROGRAM}={level}"),
        other => other.to_string(),
    });
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_the_programs_own() {
        for (filter, wanted) in [
            ("info", "warn,libp2p_kad=error,nebulusdb=info"),
            ("error", "error"),
            ("debug, libp2p_swarm=info", "warn,libp2p_kad=error,nebulusdb=debug,libp2p_swarm=info"),
            ("off", "off"),
            ("nebulusdb::db=trace", "nebulusdb::db=trace"),
        ] {
            assert_eq!(own_levels(filter), wanted);
            assert!(read_filter(filter).is_ok(), "{filter}");
        }
        assert!(read_filter("loud").is_ok_and(|read| read.to_string().contains("loud")), "a module of that name");
        assert!(read_filter("info,nebulusdb=loud").is_err());
    }
}
