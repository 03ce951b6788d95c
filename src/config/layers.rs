//! The layers that options come from: flags and variables, the file, the defaults.

use std::path::PathBuf;

use directories::ProjectDirs;

use crate::config::file::{FileOptions, ReadFile};
use crate::config::flags::Flags;
use crate::config::options::Options;
use crate::config::problem::Problem;
use crate::error::{Error, ErrorKind, Result};

/// What each layer says.
#[derive(Debug)]
pub struct Layers {
    /// What flags and variables say.
    pub flags: FileOptions,
    pub file: ReadFile,
    /// Where the file lies; `None` where there is none.
    pub path: Option<PathBuf>,
}

impl Layers {
    /// Reads the file that the flags name, or the one at the usual place where there is one.
    ///
    /// # Errors
    /// F0000 for a file that cannot be read at all. What is wrong inside of it is told by [`Layers::options`].
    pub fn read(flags: &Flags) -> Result<Layers> {
        let usual = || ProjectDirs::from("", "", "nebulusdb").map(|dirs| dirs.config_dir().join("nebulusdb.toml"));
        let path = flags.store.place.config.clone().or_else(|| usual().filter(|path| path.exists()));
        let file = path.as_deref().map(ReadFile::read).transpose()?.unwrap_or_default();
        Ok(Layers { flags: flags.options(), file, path })
    }

    /// What the layers say together.
    pub fn chosen(&self) -> FileOptions {
        self.flags.clone().or(self.file.options.clone())
    }

    /// The options of a server.
    ///
    /// # Errors
    /// Everything that is wrong with them, what is wrong with the form of the file first.
    pub fn options(&self) -> std::result::Result<Options, Vec<Problem>> {
        let options = Options::of(&self.chosen());
        match options {
            Ok(options) if self.file.problems.is_empty() => Ok(options),
            Ok(_) => Err(self.file.problems.clone()),
            Err(problems) => Err(self
                .file
                .problems
                .iter()
                .cloned()
                .chain(problems.into_iter().map(|problem| self.placed(problem)))
                .collect()),
        }
    }

    /// A problem with the line of its option, where that is in the file and no flag says otherwise.
    pub fn placed(&self, problem: Problem) -> Problem {
        let Some(option) = problem.option.filter(|option| self.flags.shown(option).is_none()) else { return problem };
        Problem { line: self.file.line_of(option), ..problem }
    }

    /// The error of a server that does not start for these problems.
    pub fn error(&self, problems: Vec<Problem>) -> Error {
        let count = problems.len();
        let mut problems = problems.into_iter();
        let Some(first) = problems.next() else {
            return Error::internal("a configuration without problems is refused");
        };
        let message = match (&self.path, first.line) {
            (Some(path), Some(line)) => format!("configuration file {}, line {line}: {}", path.display(), first.text),
            (Some(path), None) if first.option.is_none() => {
                format!("configuration file {}: {}", path.display(), first.text)
            }
            _ => first.text,
        };
        let mut error = Error::new(ErrorKind::Configuration, message);
        if count > 1 {
            let others: Vec<String> = problems.map(|problem| problem.to_string()).collect();
            error = error.with_detail(others.join("; "));
        }
        match first.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
