//! `nebulusdb backup`: of a running server, by a statement that the server carries out; of a data directory that nobody has
//! open; and what there is in a folder of backups.

use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{HumanBytes, ProgressBar};
use serde_json::json;
use tokio_postgres::SimpleQueryMessage;

use crate::backup::{BackupOptions, BackupPlace, BackupProgress, BackupReport, Repository};
use crate::cli::command::block_on;
use crate::cli::given::GivenArgument;
use crate::cli::progress::{BAR_INTERVAL, bytes_bar, watched};
use crate::cli::table::Table;
use crate::client::{ClientSession, Route, failure, route, route_to_holder, url_or_near};
use crate::config::{ARGUMENTS_OF_PLACE, StoreFlags, StorePaths};
use crate::db::back_up_offline;
use crate::error::{Error, ErrorKind, Result};

const PROGRESS: &str = "SELECT backup_total, backup_streamed FROM pg_stat_progress_basebackup";

/// The options of `nebulusdb backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The folder of backups, on the server's machine, which is made where there is none; or s3://BUCKET/PREFIX, in builds with
    /// S3, with the server's own AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL
    #[arg(value_name = "DIR|URL")]
    place: PathBuf,
    /// List the backups in the folder
    #[arg(long, conflicts_with_all = ["verify", "keep", "with_keys", "offline"])]
    list: bool,
    /// Read a whole backup, the latest or that of --at, and compare it with its hashes
    #[arg(long, conflicts_with_all = ["keep", "with_keys", "offline"])]
    verify: bool,
    /// The backup that --verify reads
    #[arg(long, value_name = "ID", requires = "verify")]
    at: Option<String>,
    /// Keep so many backups, this one included, and remove older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Put the vault's key and the node's own into the backup: whoever has it can read all secrets and post as this node then
    #[arg(long)]
    with_keys: bool,
    /// Back up a data directory that no server has open; without it, --data-dir names the server that holds the directory
    #[arg(long)]
    offline: bool,
    /// The server; without it the one of this user's data directory. A missing password is taken from NEBULUSDB_PASSWORD, or from
    /// the file that a first start has left
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    url: Option<String>,
    #[command(flatten)]
    store: StoreFlags,
}

/// Makes a backup, or lists or verifies those that there are.
pub(crate) fn run(args: &BackupArgs, given: &GivenArgument<'_>) -> Result<ExitCode> {
    refuse_idle(args, given)?;
    let place = BackupPlace::of_argument(&args.place)?.absolute()?;
    if args.list {
        return list(&place);
    }
    if args.verify {
        return verify(&place, args.at.as_deref());
    }
    let options = BackupOptions {
        with_keys: args.with_keys,
        keep: args.keep.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
    };
    let report = if args.offline {
        let paths = StorePaths::resolve(&args.store)?;
        let database = paths.database(true)?;
        let progress = Arc::new(BackupProgress::new(|| Ok(())));
        watched("backing up", &progress, || back_up_offline(&database, &place, &options, &progress))?
    } else {
        block_on(back_up_online(&route_to_server(args, given)?, &place, &options))?
    };
    tell(&report)
}

/// Refuses options that were typed and mean nothing for this backup.
fn refuse_idle(args: &BackupArgs, given: &GivenArgument<'_>) -> Result<()> {
    if args.list || args.verify {
        let what = if args.list { "beside --list" } else { "beside --verify" };
        let hint = "The folder of backups alone is read. Leave it out.";
        given.refuse(&ARGUMENTS_OF_PLACE, what, hint)?;
        return given.refuse(&["vault_passphrase_file", "cache_mb", "url"], what, hint);
    }
    if args.offline {
        return given.refuse(
            &["url"],
            "beside --offline",
            "Name the directory with --data-dir, or the server with --url.",
        );
    }
    if given.has("url") {
        let hint = "--url names the server already. Leave it out, or back up the directory itself with --offline.";
        given.refuse(&ARGUMENTS_OF_PLACE, "beside --url", hint)?;
    }
    let hint = "It is the server that opens its store. Leave it out, or add --offline where no server runs.";
    given.refuse(&["vault_passphrase_file", "cache_mb"], "on the backup of a running server", hint)
}

/// The way to the server that is meant: the one of the URL, the one that holds the directory, or the one near this user.
fn route_to_server(args: &BackupArgs, given: &GivenArgument<'_>) -> Result<Route> {
    if given.has("url") || !given.has_place() {
        return route(&url_or_near(args.url.as_deref()));
    }
    route_to_holder(&args.store.place)?.ok_or_else(|| {
        let message = match &args.store.place.data_dir {
            Some(directory) => format!("no server is known to hold the data directory {}", directory.display()),
            None => "no server is known to hold the data directory".to_string(),
        };
        Error::new(ErrorKind::Configuration, message)
            .with_hint("Add --offline where no server runs; or name the server with --url.")
    })
}

fn tell(report: &BackupReport) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let size = HumanBytes;
    writeln!(
        out,
        "backup {}: {} files, {}; {} files, {} of them new",
        report.id,
        report.files,
        size(report.bytes),
        report.new_files,
        size(report.new_bytes)
    )?;
    if report.has_keys {
        writeln!(
            out,
            "The vault's key and the node's own are in it: whoever has this folder can read all secrets, and sign"
        )?;
        writeln!(out, "as this node. Keep it as one.")?;
    } else {
        writeln!(
            out,
            "The vault's key is not in it. Keep a copy of the server's key directory elsewhere: nothing opens"
        )?;
        writeln!(
            out,
            "a restored backup without it. The node's own key is not in it either: what is restored is not the"
        )?;
        writeln!(out, "author of what this node has posted.")?;
    }
    for id in &report.removed {
        writeln!(out, "removed backup {id}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn back_up_online(route: &Route, place: &BackupPlace, options: &BackupOptions) -> Result<BackupReport> {
    let place = match place {
        BackupPlace::Folder(folder) => folder.to_str().map(str::to_string).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("the path {} is no UTF-8", folder.display()))
        })?,
        bucket => bucket.to_string(),
    };
    let mut asked = json!({"with_keys": options.with_keys});
    if let (Some(keep), Some(object)) = (options.keep, asked.as_object_mut()) {
        object.insert("keep".to_string(), keep.into());
    }
    let session = ClientSession::through(route).await?;
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let statement = format!("SELECT nebulus_backup({}, {})", quoted(&place), quoted(&asked.to_string()));
    let bar = bytes_bar("backing up")?;
    let watching = watch(route, &bar);
    let backing_up = session.client.simple_query(&statement);
    let answer = tokio::select! {
        answer = backing_up => answer,
        failed = watching => return Err(failed),
    };
    bar.finish_and_clear();
    let rows = answer.map_err(|error| failure(&error))?;
    let json = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let report = serde_json::from_str(json.unwrap_or_default())
        .map_err(|error| Error::internal(format!("the server's report of the backup cannot be read: {error}")))?;
    session.close().await?;
    Ok(report)
}

/// Moves the bar by what the server shows of its backup, and never ends but with an error.
async fn watch(route: &Route, bar: &ProgressBar) -> Error {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let Err(error) = move_bar(route, bar).await;
    error
}

async fn move_bar(route: &Route, bar: &ProgressBar) -> Result<Infallible> {
    let session = ClientSession::through(route).await?;
    loop {
        let row = session.client.query_opt(PROGRESS, &[]).await.map_err(|error| failure(&error))?;
        if let Some(row) = row {
            let count = |column: usize| row.try_get(column).map(|count: i64| u64::try_from(count).unwrap_or(0));
            bar.set_length(count(0).map_err(|error| failure(&error))?);
            bar.set_position(count(1).map_err(|error| failure(&error))?);
        }
        tokio::time::sleep(BAR_INTERVAL).await;
    }
}

fn list(place: &BackupPlace) -> Result<ExitCode> {
    let repository = Repository::open(place)?;
    let columns = ["backup", "made", "files", "size", "keys", "node"].map(str::to_string).to_vec();
    let mut table = Table { columns, rows: Vec::new() };
    let mut is_sound = true;
    for (id, manifest) in repository.list()? {
        let cells = match manifest {
            Ok(manifest) => vec![
                id,
                manifest.made.clone(),
                manifest.files.len().to_string(),
                HumanBytes(manifest.bytes()).to_string(),
                if manifest.has_keys { "yes" } else { "no" }.to_string(),
                manifest.origin,
            ],
            Err(error) => {
                is_sound = false;
                vec![id, error.message().to_string()]
            }
        };
        let mut row: Vec<Option<String>> = cells.into_iter().map(Some).collect();
        row.resize(table.columns.len(), None);
        table.rows.push(row);
    }
    std::io::stdout().write_all(table.aligned(None).as_bytes())?;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify(place: &BackupPlace, at: Option<&str>) -> Result<ExitCode> {
    let repository = Repository::open(place)?;
    let manifest = repository.find(at)?;
    let progress = Arc::new(BackupProgress::new(|| Ok(())));
    let problems = watched("verifying", &progress, || repository.verify(&manifest, &progress))?;
    let mut out = std::io::stdout().lock();
    for problem in &problems {
        writeln!(out, "problem: {problem}")?;
    }
    let (files, bytes) = (manifest.files.len(), HumanBytes(manifest.bytes()));
    let (count, unit) = (problems.len(), if problems.len() == 1 { "problem" } else { "problems" });
    writeln!(out, "backup {}: {files} files, {bytes} read, {count} {unit}", manifest.id)?;
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
