//! The configuration file: the same options by the same names, in TOML.
//!
//! A file is read as a whole: everything that is wrong with it is found at once, each with its line.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::nearest::nearest;
use crate::config::{LogFormat, Problem, Switch, TlsMode};
use crate::error::{Error, ErrorKind, Result};

/// Longest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The file with every option, each with what it is for and its default, all commented out.
pub const DEFAULT_FILE: &str = include_str!("nebulusdb.toml");

macro_rules! file_options {
    ($($name:ident: $kind:ty,)*) => {
        /// What one layer of the configuration says; `None` for what it leaves to the next.
        #[derive(Clone, Debug, Default)]
        pub struct FileOptions {
            $(pub $name: Option<$kind>,)*
        }

        impl FileOptions {
            /// The names of all options.
            pub const NAMES: &[&str] = &[$(stringify!($name),)*];

            /// Takes a value for a name; `None` where there is no such option.
            fn set(&mut self, name: &str, value: toml::Value) -> Option<std::result::Result<(), toml::de::Error>> {
                match name {
                    $(stringify!($name) => Some(value.try_into().map(|value| self.$name = Some(value))),)*
                    _ => None,
                }
            }

            /// What this layer says, and of the rest what the other one says.
            #[must_use]
            pub fn or(self, other: FileOptions) -> FileOptions {
                FileOptions { $($name: self.$name.or(other.$name),)* }
            }

            /// The value of an option as a line of the file would have it; `None` where this layer has none.
            pub fn shown(&self, name: &str) -> Option<String> {
                match name {
                    $(stringify!($name) => self.$name.as_ref().map(shown),)*
                    _ => None,
                }
            }
        }
    };
}

file_options! {
    data_dir: PathBuf,
    key_dir: PathBuf,
    vault_passphrase_file: PathBuf,
    cache_mb: usize,
    listen: String,
    trust_local: bool,
    p2p_listen: Vec<String>,
    admin: String,
    tls_cert: PathBuf,
    tls_key: PathBuf,
    tls: TlsMode,
    fsync: Switch,
    max_connections: usize,
    login_time_max_s: u64,
    idle_transaction_max_s: u64,
    memory_mb: usize,
    slow_statement_ms: u64,
    log_format: LogFormat,
    log: String,
}

/// A value in TOML; one that TOML cannot say, such as a path that is no Unicode, as it is.
fn shown<T: serde::Serialize + std::fmt::Debug>(value: &T) -> String {
    toml::Value::try_from(value).map_or_else(|_| format!("{value:?}"), |value| value.to_string())
}

/// A file with the lines of its options.
#[derive(Debug, Default)]
pub struct ReadFile {
    pub options: FileOptions,
    /// Everything that is wrong with its form.
    pub problems: Vec<Problem>,
    lines: Vec<(String, usize)>,
}

impl ReadFile {
    /// Reads a text.
    pub fn parse(text: &str) -> ReadFile {
        let mut file = ReadFile::default();
        let line_at = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        let table: std::collections::BTreeMap<Spanned<String>, Spanned<toml::Value>> = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map(|span| line_at(span.start));
                file.problems.push(Problem { line, ..Problem::new(error.message().trim_end()) });
                return file;
            }
        };
        let mut table: Vec<_> = table.into_iter().collect();
        table.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in table {
            let line = line_at(name.span().start);
            let name = name.into_inner();
            match file.options.set(&name, value.into_inner()) {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    let text = format!("{name}: {}", error.message().trim_end());
                    file.problems.push(Problem { line: Some(line), ..Problem::new(text) });
                }
                None => {
                    let hint = nearest(&name, FileOptions::NAMES).map(|near| format!("Did you mean {near}?"));
                    let problem = Problem::new(format!("there is no option \"{name}\""));
                    file.problems.push(Problem { line: Some(line), hint, ..problem });
                }
            }
            file.lines.push((name, line));
        }
        file
    }

    /// Reads a file.
    ///
    /// # Errors
    /// F0000 when it cannot be read at all.
    pub fn read(path: &Path) -> Result<ReadFile> {
        let wrong = |reason: String| {
            Error::new(ErrorKind::Configuration, format!("configuration file {}: {reason}", path.display()))
        };
        let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if length > FILE_BYTES_MAX {
            return Err(wrong(format!("it has {length} bytes, allowed are {FILE_BYTES_MAX}")));
        }
        Ok(ReadFile::parse(&std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?))
    }

    /// The line of an option; `None` where it does not stand in the file.
    pub fn line_of(&self, name: &str) -> Option<usize> {
        self.lines.iter().find(|(known, _)| known == name).map(|(_, line)| *line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_found_with_its_line() {
        let file = ReadFile::parse("# x\ncahce_mb = 64\nlisten = 5433\n\n[admin]\nhost = \"x\"\n");
        let said: Vec<String> = file.problems.iter().map(Problem::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].starts_with("line 2: there is no option \"cahce_mb\". Did you mean cache_mb?"), "{said:?}");
        assert!(said[1].starts_with("line 3: listen: ") && said[1].contains("string"), "{said:?}");
        assert!(said[2].starts_with("line 5: admin: "), "{said:?}");
        assert!(ReadFile::parse("listen = \"a").problems[0].to_string().starts_with("line 1: "));
        assert!(ReadFile::parse("log = \"info\"\nlog = \"warn\"").problems[0].to_string().starts_with("line 2: "));
    }

    #[test]
    fn the_default_file_names_every_option_once_in_order_and_can_be_read() {
        assert!(ReadFile::parse(DEFAULT_FILE).problems.is_empty());
        let options = DEFAULT_FILE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.split_once(" = ").is_some_and(|(name, _)| FileOptions::NAMES.contains(&name)));
        let all: Vec<&str> = options.collect();
        let names: Vec<&str> = all.iter().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
        assert_eq!(names, FileOptions::NAMES);
        let file = ReadFile::parse(&all.join("\n"));
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        assert!(FileOptions::NAMES.iter().all(|name| file.options.shown(name).is_some()));
    }
}
