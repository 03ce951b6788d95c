//! The commands and their dispatch.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::given::GivenArgument;
use crate::cli::{
    backup, check, config, demo_load, health, mcp, query, restore, serve, shell, sync_status, transfer, vault,
};
use crate::config::Flags;
use crate::error::Result;

/// A local-first database for memories: facts, vectors, blobs and secrets behind PostgreSQL's wire protocol.
#[derive(Parser)]
#[command(name = "nebulusdb", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a data directory until SIGTERM
    Serve(Box<Flags>),
    /// Run statements on a server and print their results
    Query(query::QueryArgs),
    /// Type statements, with history and completion
    Shell(shell::ShellArgs),
    /// Show a server's networks, their peers and what waits to be posted
    SyncStatus(sync_status::SyncStatusArgs),
    /// Serve an agent over standard input and output (MCP), as a client of a server
    Mcp(mcp::McpArgs),
    /// Ask a server's health page; the exit status is 0 when it is well
    Health(health::HealthArgs),
    /// Open a data directory read-only and verify everything in it; with --repair, make anew what can be made of the rest
    Check(Box<check::CheckArgs>),
    /// Print, explain and check the configuration
    Config(config::ConfigArgs),
    /// Back up a running server, or with --offline a data directory
    Backup(Box<backup::BackupArgs>),
    /// Make a data directory of a backup
    Restore(Box<restore::RestoreArgs>),
    /// Write collections into a file, as JSON lines or Parquet
    Export(transfer::ExportArgs),
    /// Insert what is in a file, or in a table of a PostgreSQL server with pgvector
    Import(transfer::ImportArgs),
    /// Look after the key of the AUTH entries, while no server runs
    Vault(vault::VaultArgs),
    /// Load the demo's sample into a server
    #[command(hide = true)]
    DemoLoad(demo_load::DemoLoadArgs),
}

impl Command {
    /// Whether it is a command that prints and keeps nothing: it may end when nobody reads any more.
    fn prints(&self) -> bool {
        matches!(self, Command::Query(_) | Command::SyncStatus(_) | Command::Config(_) | Command::Health(_))
    }
}

/// Runs the command line. Errors go to standard error; the exit status is 1 then.
pub fn main() -> ExitCode {
    close_new_files();
    let matches = Arguments::command().get_matches();
    let command = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments.command,
        Err(error) => error.exit(),
    };
    let given = GivenArgument::of(&matches);
    if command.prints() {
        end_with_the_reader();
    }
    let result = match command {
        Command::Serve(flags) => serve::run(&flags),
        Command::Check(arguments) => check::run(&arguments, &given),
        Command::Backup(arguments) => backup::run(&arguments, &given),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Vault(arguments) => vault::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Query(arguments) => block_on(query::run(&arguments)),
        Command::Mcp(arguments) => block_on(mcp::run(&arguments)),
        Command::Shell(arguments) => block_on(shell::run(&arguments)),
        Command::SyncStatus(arguments) => block_on(sync_status::run(&arguments)),
        Command::Export(arguments) => block_on(transfer::export(&arguments)),
        Command::Import(arguments) => block_on(transfer::import(&arguments)),
        Command::DemoLoad(arguments) => block_on(demo_load::run(&arguments)).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        let mut text = format!("nebulusdb: {}\n", error.message());
        for (label, part) in [("detail", error.detail()), ("hint", error.hint())] {
            if let Some(part) = part {
                text.push_str(&format!("{label}: {part}\n"));
            }
        }
        // Nobody is left to tell when standard error is gone.
        drop(std::io::stderr().write_all(text.as_bytes()));
        ExitCode::FAILURE
    })
}

/// Whatever this process makes is for its user alone, also what libraries make.
fn close_new_files() {
    // SAFETY: umask only exchanges a number that belongs to the process; it cannot fail, and no other thread runs yet.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::umask(0o077);
    }
}

/// Ends this process without a word when whoever reads what it prints goes away, as in `nebulusdb query … | head`. Writes to sockets
/// ask for no signal.
fn end_with_the_reader() {
    // SAFETY: no other thread runs yet, and the default action runs no code of this process.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
