//! `nebulusdb export` and `nebulusdb import`.

#![expect(
    clippy::print_stderr,
    reason = "a command speaks to the person who ran it; standard output may be the export"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::progress::bar;
use crate::client::{ClientSession, url_or_near};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::{self, ExportFormat, ExportOptions, ImportOptions, OnKeyConflict, TransferSource};

/// The options of `nebulusdb export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The collection, and the file, which must not be there; without a collection all are exported. - is standard output.
    /// Secrets are in no export
    #[arg(value_names = ["COLLECTION", "FILE"], num_args = 1..=2, required = true)]
    places: Vec<PathBuf>,
    /// How to write it; by default as the file's name ends, and otherwise jsonl
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,
    /// The server; without it the one of this user's data directory. A missing password is taken from NEBULUSDB_PASSWORD, or from
    /// the file that a first start has left
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    url: Option<String>,
}

/// What an import comes from that is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportSource {
    /// A table of a PostgreSQL server with pgvector
    Pgvector,
}

/// The options of `nebulusdb import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// A file of JSON lines or Parquet, - for JSON lines from standard input; with --from, the URL of the other server
    #[arg(value_name = "FILE|URL")]
    place: PathBuf,
    /// Another source than a file
    #[arg(long, value_enum, requires = "table")]
    from: Option<ImportSource>,
    /// The table of the other server, in its schema public
    #[arg(long, requires = "from")]
    table: Option<String>,
    /// Import into this collection; memory takes any rows: their key as id, the first vector, and all else as facts
    #[arg(long)]
    collection: Option<String>,
    /// What becomes of rows whose key is there already
    #[arg(long, value_enum, default_value_t = OnKeyConflict::Fail)]
    on_conflict: OnKeyConflict,
    /// The server; without it the one of this user's data directory. A missing password is taken from NEBULUSDB_PASSWORD, or from
    /// the file that a first start has left
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    url: Option<String>,
}

/// Exports, and says on standard error how much.
pub(crate) async fn export(args: &ExportArgs) -> Result<ExitCode> {
    let (collection, file) = match args.places.as_slice() {
        [file] => (None, file),
        [collection, file] => (Some(collection.to_string_lossy().into_owned()), file),
        _ => return Err(Error::new(ErrorKind::Configuration, "there is no file to export to")),
    };
    let is_parquet = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let by_name = if is_parquet { ExportFormat::Parquet } else { ExportFormat::Jsonl };
    let options = ExportOptions { collection, format: args.format.unwrap_or(by_name), file: file.clone() };
    let session = ClientSession::connect(&url_or_near(args.url.as_deref())).await?;
    let bar = bar("exporting {bar:40} {pos}/{len} rows, {per_sec}, {eta} left")?;
    let exported = transfer::export(&session, &options, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    let (collections, rows) = exported.await?;
    bar.finish_and_clear();
    let plural = if collections == 1 { "" } else { "s" };
    eprintln!("exported {rows} rows of {collections} collection{plural}; secrets are in no export");
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Imports, and says on standard error how much.
pub(crate) async fn import(args: &ImportArgs) -> Result<ExitCode> {
    let mut source = match (&args.from, &args.table) {
        (Some(ImportSource::Pgvector), Some(table)) => {
            TransferSource::connect(&args.place.to_string_lossy(), table).await?
        }
        _ => TransferSource::open(&args.place)?,
    };
    let options = ImportOptions { collection: args.collection.clone(), on_conflict: args.on_conflict };
    let session = ClientSession::connect(&url_or_near(args.url.as_deref())).await?;
    let bar = bar("importing {bar:40} {percent}%, {msg} rows, {eta} left")?;
    let imported = transfer::import(&session, &mut source, &options, |(done, total), rows| {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(rows.to_string());
    });
    let rows = imported.await?;
    bar.finish_and_clear();
    eprintln!("imported {rows} rows");
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}
