//! The configuration file: the same options by the same names, in TOML.
//!
//! A file is read as a whole: everything that is wrong with it is found at once, each with its line.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::flags::{LogFormat, Switch, TlsMode};
use crate::config::problem::Problem;
use crate::error::{Error, ErrorKind, Result};
use crate::types::nearest;

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
    otlp_endpoint: String,
}

/// Options that stand in a section of their own: its name, and theirs.
const SECTIONS: [(&str, &[&str]); 1] = [("telemetry", &["otlp_endpoint"])];

/// The section of an option; `None` for most, which stand at the top.
pub fn section_of(option: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(_, options)| options.contains(&option)).map(|(section, _)| *section)
}

/// What to do about a file that cannot be read as TOML.
const SYNTAX_HINT: &str = "A line is written as listen = \"127.0.0.1:5433\", with texts in quotes.";

/// The message of a value that cannot be, without this program's names of types.
fn in_plain_words(message: &str) -> String {
    let (text, wanted) = message.rsplit_once("expected ").unwrap_or((message, ""));
    match wanted {
        "u16" | "u32" | "u64" | "usize" => format!("{text}expected a whole number"),
        _ => message.to_string(),
    }
}

/// The options of a table with the places where they stand.
type Table = std::collections::BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// The sections of a file; what else is in it is left alone.
#[derive(Default, serde::Deserialize)]
struct Sections {
    #[serde(default)]
    telemetry: Table,
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
        let table: Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map(|span| line_at(span.start));
                let problem = Problem::new(error.message().trim_end().replace('\n', ", ")).with_hint(SYNTAX_HINT);
                file.problems.push(Problem { line, ..problem });
                return file;
            }
        };
        let mut table: Vec<_> = table.into_iter().collect();
        table.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in table {
            let line = line_at(name.span().start);
            let name = name.into_inner();
            let is_section = SECTIONS.iter().any(|(section, _)| *section == name) && value.get_ref().is_table();
            if !is_section {
                file.take(None, name, value.into_inner(), line);
            }
        }
        // With the places of what is in them. What cannot be read as a section was told above.
        let sections: Sections = toml::from_str(text).unwrap_or_default();
        for (name, value) in sections.telemetry {
            let line = line_at(name.span().start);
            file.take(Some("telemetry"), name.into_inner(), value.into_inner(), line);
        }
        file
    }

    /// Takes an option that stands in a section, or in none.
    fn take(&mut self, section: Option<&str>, name: String, value: toml::Value, line: usize) {
        let wrong = |text: String, hint| Problem { line: Some(line), hint, ..Problem::new(text) };
        if FileOptions::NAMES.contains(&name.as_str()) && section_of(&name) != section {
            let place = section_of(&name).map_or("above all sections".to_string(), |section| format!("in [{section}]"));
            self.problems.push(wrong(format!("{name} stands {place}"), None));
        } else {
            match self.options.set(&name, value) {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    self.problems.push(wrong(format!("{name}: {}", in_plain_words(error.message().trim_end())), None));
                }
                None => {
                    let hint = nearest(&name, FileOptions::NAMES).map(|near| format!("Did you mean {near}?"));
                    self.problems.push(wrong(format!("there is no option \"{name}\""), hint));
                }
            }
        }
        self.lines.push((name, line));
    }

    /// Reads a file.
    ///
    /// # Errors
    /// F0000 when it cannot be read at all.
    pub fn read(path: &Path) -> Result<ReadFile> {
        let wrong = |reason: String| {
            Error::new(ErrorKind::Configuration, format!("configuration file {}: {reason}", path.display()))
        };
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::InvalidData => wrong("it is no UTF-8 text".to_string()),
            _ => wrong(error.to_string())
                .with_hint("Name a file that can be read; `nebulusdb config default` prints one with every option."),
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(wrong(format!("it has {length} bytes, allowed are {FILE_BYTES_MAX}")));
        }
        Ok(ReadFile::parse(&std::fs::read_to_string(path).map_err(unreadable)?))
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
    fn a_section_holds_its_own_options_and_no_others() {
        let file = ReadFile::parse("log = \"info\"\n[telemetry]\notlp_endpoint = \"http://127.0.0.1:4318\"\n");
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        assert_eq!(file.options.otlp_endpoint.as_deref(), Some("http://127.0.0.1:4318"));
        assert_eq!(file.line_of("otlp_endpoint"), Some(3));
        let file = ReadFile::parse("otlp_endpoint = \"x\"\n\n[telemetry]\nlog = \"info\"\notlp_endpont = \"y\"\n");
        let said: Vec<String> = file.problems.iter().map(Problem::to_string).collect();
        assert_eq!(
            said,
            [
                "line 1: otlp_endpoint stands in [telemetry]",
                "line 4: log stands above all sections",
                "line 5: there is no option \"otlp_endpont\". Did you mean otlp_endpoint?"
            ]
        );
        let said = |text: &str| ReadFile::parse(text).problems[0].to_string();
        assert_eq!(said("cache_mb = \"x\""), "line 1: cache_mb: invalid type: string \"x\", expected a whole number");
        assert!(said("listen = 127.0.0.1:0").contains("with texts in quotes"), "{}", said("listen = 127.0.0.1:0"));
        assert!(ReadFile::parse("telemetry = 3").problems[0].to_string().contains("no option \"telemetry\""));
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
        let file = ReadFile::parse(&all.join("\n").replace("otlp_endpoint", "[telemetry]\notlp_endpoint"));
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        assert!(FileOptions::NAMES.iter().all(|name| file.options.shown(name).is_some()));
    }
}
