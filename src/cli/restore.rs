//! `nebulusdb restore`: a new data directory of a backup.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use indicatif::HumanBytes;

use crate::backup::{BackupPlace, BackupProgress, Repository, RestoreTarget};
use crate::cli::progress::watched;
use crate::config::{PlaceFlags, StorePaths};
use crate::db::{RestoredNode, restore_backup};
use crate::error::Result;

/// The options of `nebulusdb restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The folder of backups; or s3://BUCKET/PREFIX, in builds with S3
    #[arg(value_name = "DIR|URL")]
    place: PathBuf,
    /// The backup; without it, the latest
    #[arg(long, value_name = "ID")]
    at: Option<String>,
    #[command(flatten)]
    target: PlaceFlags,
}

/// Restores a backup and says what is left to do.
pub(crate) fn run(args: &RestoreArgs) -> Result<ExitCode> {
    let paths = StorePaths::resolve(&args.target.clone().into())?;
    let target = RestoreTarget {
        data_directory: std::path::absolute(&paths.data_directory)?,
        key_directory: std::path::absolute(&paths.key_directory)?,
    };
    let repository = Repository::open(&BackupPlace::of_argument(&args.place)?)?;
    let manifest = repository.find(args.at.as_deref())?;
    let progress = Arc::new(BackupProgress::new(|| Ok(())));
    let restore = || restore_backup(&repository, &manifest, &target, &progress);
    let RestoredNode { peer_id, is_successor } = watched("restoring", &progress, restore)?;
    let mut out = std::io::stdout().lock();
    let (files, size, place) =
        (manifest.files.len(), HumanBytes(manifest.bytes()), target.data_directory.display().to_string());
    writeln!(out, "restored backup {} to {place}: {files} files, {size}, all as they were", manifest.id)?;
    writeln!(out, "It is another node from now on, {peer_id}, in the place of {}.", manifest.origin)?;
    if is_successor {
        writeln!(
            out,
            "The old node's key is in the backup: in its networks the new one is the author of what it wrote."
        )?;
    } else {
        writeln!(
            out,
            "The old node's key is not in the backup: what the old one posted is somebody else's to the new one. To edit it"
        )?;
        writeln!(out, "as its author, link another device of yours: ALTER NETWORK … LINK PEER, on both.")?;
    }
    if manifest.has_keys {
        writeln!(out, "The vault's key is restored as well, to {}.", target.key_directory.display())?;
    } else {
        writeln!(
            out,
            "The vault's key is not in the backup: before you start it, copy vault.*.key (or vault.*.json and"
        )?;
        writeln!(out, "the passphrase) of the old node to {}.", target.key_directory.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
