//! `nebulusdb check`: reads everything in a data directory and says what is wrong; with `--repair` makes anew what follows from
//! the rest.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::given::GivenArgument;
use crate::config::{StoreFlags, StorePaths};
use crate::db::{RepairReport, repair};
use crate::error::{ErrorKind, Result};
use crate::store::{BlobStore, CheckReport, Store, StoreOptions};

/// The options of `nebulusdb check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Make indexes, counts, lists of facts, marks of the stage and graphs anew from the entries, while no server runs
    #[arg(long)]
    repair: bool,
    /// Read the blobs as well, and compare each with the hash that it is called by
    #[arg(long)]
    blobs: bool,
    #[command(flatten)]
    store: StoreFlags,
}

/// Verifies the store, and changes it only with `--repair`; the exit status is 1 when something is wrong at the end.
pub(crate) fn run(args: &CheckArgs, given: &GivenArgument<'_>) -> Result<ExitCode> {
    if !args.repair {
        let hint = "A check reads no secrets and needs no keys. Leave it out, or add --repair.";
        given.refuse(&["key_dir", "vault_passphrase_file"], "without --repair", hint)?;
    }
    let paths = StorePaths::resolve(&args.store)?;
    let mut report = check(&paths)?;
    tell(&report)?;
    let are_blobs_sound = !args.blobs || check_blobs(&paths)?;
    if args.repair {
        tell_repair(&repair(&paths.database(true)?)?)?;
        report = check(&paths)?;
        tell(&report)?;
    }
    if !report.is_sound() {
        writeln!(std::io::stdout(), "{}", advice(args.repair))?;
    }
    Ok(if report.is_sound() && are_blobs_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(paths: &StorePaths) -> Result<CheckReport> {
    let options = StoreOptions { read_only: true, cache_bytes: paths.cache_bytes, sync: true };
    Store::open(&paths.data_directory, &options)?.check()
}

/// Reads the blobs that are here, and says which are not what they are called; whether all are.
fn check_blobs(paths: &StorePaths) -> Result<bool> {
    let directory = paths.data_directory.join("blobs");
    let mut out = std::io::stdout().lock();
    // A node that never had one has no directory of them, and a check makes none.
    let blobs = if directory.exists() { Some(BlobStore::open_directory(directory)?) } else { None };
    let files = blobs.as_ref().map(BlobStore::files).transpose()?.unwrap_or_default();
    let (mut bytes, mut damaged) = (0, 0);
    for (hash, path, size) in &files {
        bytes += size;
        match blobs.as_ref().map_or(Ok(()), |blobs| blobs.verify(hash)) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::Corrupted | ErrorKind::Io) => {
                damaged += 1;
                writeln!(out, "problem: {}: {error}", path.display())?;
            }
            Err(error) => return Err(error),
        }
    }
    writeln!(out, "{} blobs with {bytes} bytes read, {damaged} of them damaged", files.len())?;
    Ok(damaged == 0)
}

fn tell(report: &CheckReport) -> Result<()> {
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
        1 => writeln!(out, "1 problem")?,
        count => writeln!(out, "{count} problems")?,
    }
    Ok(())
}

/// What to do about problems.
fn advice(was_repaired: bool) -> &'static str {
    if was_repaired {
        "What is left is damage of what was written itself: `nebulusdb restore` makes a data directory of a backup."
    } else {
        "`nebulusdb check --repair` makes anew what follows from the entries; entries themselves come back from a backup, by \
         `nebulusdb restore`."
    }
}

fn tell_repair(report: &RepairReport) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for index in &report.indexes {
        writeln!(out, "repair: filled index {index} anew")?;
    }
    for index in &report.invalid_indexes {
        writeln!(
            out,
            "repair: index {index} is invalid, since it cannot be filled: it is unique and values are there twice"
        )?;
    }
    for (count, what) in [
        (report.stray_indexes, "indexes that no collection has are removed"),
        (report.stray_vectors, "vectors that no entry has are removed"),
        (report.blob_counts, "counts of blobs are set right"),
        (report.public_blob_counts, "counts of shared blobs are set right"),
        (report.fact_lists, "lists of facts are made anew"),
        (report.stage_marks, "marks of the stage are set right"),
        (report.stray_proofs, "proofs of entries that are not there are removed"),
        (report.graphs, "saved graphs are removed: the next start builds them"),
    ] {
        if count > 0 {
            writeln!(out, "repair: {count} {what}")?;
        }
    }
    Ok(())
}
