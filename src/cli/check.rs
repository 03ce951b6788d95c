//! `nebulusdb check`: reads everything in a data directory and says what is wrong.

use std::io::Write;
use std::process::ExitCode;

use crate::config::{StoreFlags, StorePaths};
use crate::error::Result;
use crate::store::{Store, StoreOptions};

/// Verifies the store without changing it; the exit status is 1 when something is wrong.
pub(crate) fn run(flags: &StoreFlags) -> Result<ExitCode> {
    let paths = StorePaths::resolve(flags)?;
    let options = StoreOptions { read_only: true, cache_bytes: paths.cache_bytes, sync: true };
    let store = Store::open(&paths.data_directory, &options)?;
    let report = store.check()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} collections, {} entries, {} vectors, {} index entries; {} keys with {} bytes read",
        report.collections, report.entries, report.vectors, report.index_entries, report.keys, report.bytes
    )?;
    for problem in &report.problems {
        writeln!(out, "problem: {problem}")?;
    }
    match report.problem_count {
        0 => writeln!(out, "sound")?,
        count => writeln!(out, "{count} problems")?,
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
