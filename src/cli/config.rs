//! `nebulusdb config`: the file with every option, what counts now, and what is wrong with a file.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::{DEFAULT_FILE, FileOptions, Flags, Layers, Options, PlaceFlags, section_of};
use crate::error::{Error, ErrorKind, Result};
use crate::server;

/// The options of `nebulusdb config`.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print a configuration file with every option, commented out
    Default,
    /// Print the options that count with these flags, and where each comes from
    Show(Box<Flags>),
    /// Say everything that is wrong with a configuration file; the exit status is 1 then
    Check {
        /// The file; by default the one that the server reads
        #[arg(env = "NEBULUSDB_CONFIG")]
        file: Option<PathBuf>,
    },
}

/// Runs a command about the configuration.
pub(crate) fn run(arguments: &ConfigArgs) -> Result<ExitCode> {
    match &arguments.command {
        ConfigCommand::Default => {
            std::io::stdout().write_all(DEFAULT_FILE.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        ConfigCommand::Show(flags) => show(flags),
        ConfigCommand::Check { file } => check(file.clone()),
    }
}

/// The options, a line each, as a file would have them.
fn show(flags: &Flags) -> Result<ExitCode> {
    let layers = Layers::read(flags)?;
    if let Err(problems) = layers.options() {
        return Err(layers.error(problems));
    }
    let defaults = Options::defaults();
    let mut out = std::io::stdout().lock();
    match &layers.path {
        Some(path) => writeln!(out, "# file: {}", path.display())?,
        None => writeln!(out, "# there is no file")?,
    }
    let mut section = None;
    for name in FileOptions::NAMES {
        if section_of(name) != section {
            section = section_of(name);
            section.map_or(Ok(()), |section| writeln!(out, "[{section}]"))?;
        }
        if let Some(value) = layers.flags.shown(name) {
            writeln!(out, "{name} = {value}  # flag or variable")?;
        } else if let Some(value) = layers.file.options.shown(name) {
            writeln!(out, "{name} = {value}  # file")?;
        } else if let Some(value) = defaults.shown(name) {
            writeln!(out, "{name} = {value}  # default")?;
        } else {
            writeln!(out, "# {name} is not set")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that is wrong with a file, a line each; what flags and variables say does not count.
fn check(file: Option<PathBuf>) -> Result<ExitCode> {
    let place = PlaceFlags { config: file, ..PlaceFlags::default() };
    let layers = Layers::read(&Flags { store: place.into(), ..Flags::default() })?;
    let Some(path) = &layers.path else {
        return Err(Error::new(ErrorKind::Configuration, "there is no configuration file at the usual place")
            .with_hint("Name one; `nebulusdb config default` prints one to begin with."));
    };
    let mut problems = layers.options().err().unwrap_or_default();
    problems.extend(server::problems_of(&layers.file.options).into_iter().map(|problem| layers.placed(problem)));
    problems.sort_by_key(|problem| problem.line);
    let mut out = std::io::stdout().lock();
    for problem in &problems {
        writeln!(out, "{}: {problem}", path.display())?;
    }
    match problems.len() {
        0 => writeln!(out, "{}: ok", path.display())?,
        1 => writeln!(out, "1 problem")?,
        count => writeln!(out, "{count} problems")?,
    }
    let is_sound = problems.is_empty();
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
