//! `nebulusdb vault rotate`: a new key for all secrets.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::{StoreFlags, StorePaths, read_passphrase};
use crate::db::rotate_vault;
use crate::error::Result;
use crate::store::KeySource;

#[derive(Args)]
pub(crate) struct VaultArgs {
    #[command(subcommand)]
    command: VaultCommand,
}

#[derive(Subcommand)]
enum VaultCommand {
    /// Encrypt all secrets under a new key; the old one is removed when everything is durable
    Rotate {
        #[command(flatten)]
        store: Box<StoreFlags>,
        /// File with the passphrase of the new key; without it, the new key is a random one in a file
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// Runs a vault command.
pub(crate) fn run(arguments: &VaultArgs) -> Result<ExitCode> {
    let VaultCommand::Rotate { store, new_passphrase_file } = &arguments.command;
    let options = StorePaths::resolve(store)?.database(true)?;
    let source = match new_passphrase_file {
        None => KeySource::File,
        Some(path) => read_passphrase(path)?,
    };
    let count = rotate_vault(&options, &source)?;
    writeln!(std::io::stdout(), "{count} secrets are under a new key")?;
    Ok(ExitCode::SUCCESS)
}
