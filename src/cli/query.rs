//! `nebulusdb query`: runs statements, from the command line, files or standard input, and prints their results, so that psql
//! is not needed to look.
//!
//! Each text goes by the simple query protocol, in either language. Notices and errors go to standard error. It stops at the
//! first error with exit status 1.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::output::Format;
use crate::cli::runner::{Printing, run_text};
use crate::client::{ClientSession, url_or_near};
use crate::error::{Error, ErrorKind, Result};

/// The options of `nebulusdb query`.
#[derive(Debug, clap::Args)]
pub struct QueryArgs {
    /// Statements to run, one after the other, in KNIRVQL or SQL; without any, and without --file, standard input is read
    pub statements: Vec<String>,
    /// Run the statements of this file, before those given here; - is standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// The server; by default the one that holds the data directory. A missing password is taken from NEBULUSDB_PASSWORD
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// Cut cells longer than this many characters
    #[arg(long, value_name = "CHARS")]
    pub width: Option<usize>,
    /// How to print results
    #[arg(long, short, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub output: Format,
    /// The same as --output plain
    #[arg(long, conflicts_with_all = ["width", "output"])]
    pub plain: bool,
}

/// Runs the statements; the exit status is 0 when all of them succeeded.
///
/// # Errors
/// F0000 for no statement, and for `--width` beside another output than tables; 58030 where a file cannot be read or standard
/// output not written; as `Session::connect`. A statement that fails is shown and makes the exit status.
pub async fn run(args: &QueryArgs) -> Result<ExitCode> {
    let mut texts = args.file.iter().map(|path| read(path)).collect::<Result<Vec<String>>>()?;
    texts.extend(args.statements.iter().cloned());
    if texts.is_empty() {
        if std::io::stdin().is_terminal() {
            let error = Error::new(ErrorKind::Configuration, "no statement was given");
            return Err(error.with_hint("write: nebulusdb query \"SHOW COLLECTIONS\", or: nebulusdb shell"));
        }
        texts.push(read(Path::new("-"))?);
    }
    let format = if args.plain { Format::Plain } else { args.output };
    if args.width.is_some() && format != Format::Table {
        let error = Error::new(ErrorKind::Configuration, "--width has no effect on any output but tables");
        return Err(error.with_hint("Leave it out, or --output with it."));
    }
    let printing = Printing { format, width_max: args.width };
    let session = ClientSession::connect(&url_or_near(args.url.as_deref())).await?;
    for text in &texts {
        if !run_text(&session, text, printing).await? {
            return Ok(ExitCode::FAILURE);
        }
    }
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// The text of a file, or of standard input.
pub(super) fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    match outcome {
        Ok(_) => Ok(text),
        Err(error) => Err(Error::new(ErrorKind::Io, format!("cannot read {}: {error}", path.display()))),
    }
}
