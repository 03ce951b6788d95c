//! `nebulusdb shell`: statements in either language, typed one after the other, with history, completion, and the place of an
//! error marked.
//!
//! A line that begins with a backslash is a command of the shell. Ctrl-C gives up what is being typed, or cancels what runs;
//! Ctrl-D leaves. What mentions secrets is not written into the history file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use tokio_postgres::SimpleQueryMessage;

use crate::cli::completion::Words;
use crate::cli::output::Format;
use crate::cli::query::read;
use crate::cli::runner::{Printing, run_text};
use crate::client::{ClientSession, url_or_near};
use crate::error::{Error, ErrorKind, Result};
use crate::session::is_complete;

/// Statements that the history remembers.
const HISTORY_ENTRIES_MAX: usize = 2000;
/// A longer statement is not remembered.
const HISTORY_ENTRY_BYTES_MAX: usize = 16 * 1024;
/// Words that may stand beside a secret.
const SECRET_WORDS: [&str; 3] = ["auth", "password", "secret"];
/// What stands before a statement that is typed.
const PROMPT: &str = "nebulus> ";

const HELP: &str = "  statement;            KNIRVQL or SQL, over as many lines as you like
  \\d [name]             the collections, or the columns of one
  \\format FORMAT        table, csv, json, jsonl or plain
  \\timing               say how long each statement takes, or stop saying so
  \\i FILE               run the statements of a file
  \\? \\q                 this text; leave (Ctrl-D, too)";

/// The options of `nebulusdb shell`.
#[derive(Debug, clap::Args)]
pub struct ShellArgs {
    /// The server; by default the one that holds the data directory. A missing password is taken from NEBULUSDB_PASSWORD
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// Cut cells longer than this many characters
    #[arg(long, value_name = "CHARS")]
    pub width: Option<usize>,
}

/// What a line asks of the shell.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Nothing,
    Statements(&'a str),
    Describe(Option<&'a str>),
    Format(&'a str),
    Timing,
    Include(&'a str),
    Help,
    Quit,
    Unknown(&'a str),
}

impl Line<'_> {
    fn of(text: &str) -> Line<'_> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim().trim_end_matches(';');
        match word {
            "" => Line::Nothing,
            "\\q" | "exit" | "quit" | "exit;" | "quit;" => Line::Quit,
            "\\?" | "\\h" | "help" | "help;" => Line::Help,
            "\\d" | "\\dt" => Line::Describe(Some(rest).filter(|name| !name.is_empty())),
            "\\format" => Line::Format(rest),
            "\\timing" => Line::Timing,
            "\\i" => Line::Include(rest),
            _ if word.starts_with('\\') => Line::Unknown(word),
            _ => Line::Statements(text),
        }
    }
}

/// Whether Enter runs what is typed; otherwise it begins another line.
fn is_over(typed: &str) -> bool {
    match Line::of(typed) {
        // An empty line ends what would never be complete, so that the server says what is wrong with it.
        Line::Statements(text) => is_complete(text) || typed.ends_with("\n"),
        _ => true,
    }
}

/// What the line editor asks while a statement is typed.
struct Assistant {
    words: Words,
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_over(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.words.complete(line, position))
    }
}

struct Shell {
    session: ClientSession,
    printing: Printing,
    says_time: bool,
    words: Words,
}

/// Reads statements from the terminal and runs them until it is left.
///
/// # Errors
/// When there is no terminal, or the server cannot be reached.
pub async fn run(args: &ShellArgs) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        let error = Error::new(ErrorKind::Configuration, "the shell needs a terminal");
        return Err(error.with_hint("read a script by: nebulusdb query < statements.sql"));
    }
    let session = ClientSession::connect(&url_or_near(args.url.as_deref())).await?;
    let printing = Printing { format: Format::Table, width_max: args.width };
    let mut shell = Shell { session, printing, says_time: false, words: Words::default() };
    shell.learn_names().await;
    let file = history_file();
    let mut editor = editor(&shell.words, file.as_deref()).map_err(terminal_failed)?;
    println!("NebulusDB {}; \\? for help, a statement ends with ;", env!("CARGO_PKG_VERSION"));
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => {
                editor.add_history_entry(line.as_str()).map_err(terminal_failed)?;
                if let Some(file) = &file {
                    remember(file, &line);
                }
                if !shell.take(&line).await? {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(terminal_failed(error)),
        }
    }
    shell.session.close().await?;
    Ok(ExitCode::SUCCESS)
}

impl Shell {
    /// Does what a line says; false when that is to leave.
    async fn take(&mut self, line: &str) -> Result<bool> {
        match Line::of(line) {
            Line::Nothing => {}
            Line::Quit => return Ok(false),
            Line::Help => println!("{HELP}"),
            Line::Unknown(word) => eprintln!("there is no {word}; \\? lists what there is"),
            Line::Statements(text) => self.run(text).await?,
            Line::Describe(None) => self.run("SHOW COLLECTIONS").await?,
            Line::Describe(Some(name)) => self.describe(name).await?,
            Line::Include(path) => match read(Path::new(path)) {
                Ok(text) => self.run(&text).await?,
                Err(error) => eprintln!("{}", error.message()),
            },
            Line::Timing => {
                self.says_time = !self.says_time;
                println!("Timing is {}.", if self.says_time { "on" } else { "off" });
            }
            Line::Format(name) => match clap::ValueEnum::from_str(name, true) {
                Ok(format) => {
                    self.printing.format = format;
                    println!("Format is {}.", name.to_lowercase());
                }
                Err(_) => eprintln!("\"{name}\" is no format: table, csv, json, jsonl or plain"),
            },
        }
        Ok(true)
    }

    /// Runs statements; Ctrl-C cancels them.
    async fn run(&mut self, text: &str) -> Result<()> {
        let started = Instant::now();
        {
            let running = run_text(&self.session, text, self.printing);
            tokio::pin!(running);
            loop {
                tokio::select! {
                    outcome = &mut running => {
                        outcome?;
                        break;
                    }
                    pressed = tokio::signal::ctrl_c() => {
                        pressed?;
                        // What cannot be cancelled has ended by itself.
                        drop(self.session.canceller().cancel().await);
                    }
                }
            }
        }
        if self.says_time {
            println!("Time: {:.3} ms", started.elapsed().as_secs_f64() * 1000.0);
        }
        if self.session.client.is_closed() {
            return Err(Error::new(ErrorKind::Io, "the server has closed the connection"));
        }
        let opens_with =
            |word: &&str| text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if ["CREATE", "ALTER", "DROP"].iter().any(opens_with) {
            self.learn_names().await;
        }
        Ok(())
    }

    async fn describe(&mut self, name: &str) -> Result<()> {
        let name = name.replace('\'', "''");
        self.run(&format!(
            "SELECT column_name, CASE data_type WHEN 'USER-DEFINED' THEN udt_name ELSE data_type END AS data_type, is_nullable, \
             column_default FROM information_schema.columns WHERE table_name = '{name}' ORDER BY ordinal_position"
        ))
        .await
    }

    /// Asks the server for the names of collections and columns, to complete them; without them there are fewer words.
    async fn learn_names(&mut self) {
        let names = "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', 'nebulus') \
                     UNION SELECT column_name FROM information_schema.columns WHERE table_schema IN ('public', 'nebulus')";
        if let Ok(messages) = self.session.client.simple_query(names).await {
            let names = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_string),
                _ => None,
            });
            self.words.learn(names.collect());
        }
    }
}

/// The editor with the history of earlier shells. It is kept in memory: [`remember`] writes the file, since it leaves out
/// secrets.
fn editor(words: &Words, file: Option<&Path>) -> rustyline::Result<Editor<Assistant, MemHistory>> {
    let config = Config::builder().max_history_size(HISTORY_ENTRIES_MAX)?.completion_type(CompletionType::List).build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(Assistant { words: words.clone() }));
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    for line in text.lines() {
        editor.add_history_entry(line.replace("\\n", "\n"))?;
    }
    Ok(editor)
}

fn terminal_failed(error: ReadlineError) -> Error {
    Error::new(ErrorKind::Io, format!("the terminal: {error}"))
}

/// Where statements are remembered; nowhere when there is no place for it.
fn history_file() -> Option<PathBuf> {
    let folder = directories::ProjectDirs::from("", "", "nebulusdb")?;
    let folder = folder.state_dir().unwrap_or_else(|| folder.data_local_dir()).to_path_buf();
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Appends a statement to the history file, on one line, unless it may hold a secret. A file that cannot be written is no
/// reason to stop.
fn remember(file: &Path, line: &str) {
    let small = line.to_lowercase();
    let is_secret = SECRET_WORDS.iter().any(|word| small.contains(word));
    if is_secret || line.trim().is_empty() || line.len() > HISTORY_ENTRY_BYTES_MAX {
        return;
    }
    if let Ok(mut file) = File::options().create(true).append(true).open(file) {
        drop(writeln!(file, "{}", line.trim_end().replace('\n', "\\n")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_they_ask_for() {
        assert_eq!(Line::of("  \\d memory;"), Line::Describe(Some("memory")));
        assert_eq!(Line::of("\\d"), Line::Describe(None));
        assert_eq!(Line::of("\\dt"), Line::Describe(None), "as psql's users type it");
        assert_eq!(Line::of("\\format json"), Line::Format("json"));
        assert_eq!(Line::of("exit"), Line::Quit);
        assert_eq!(Line::of("\\x"), Line::Unknown("\\x"));
        assert_eq!(Line::of("SELECT 1; "), Line::Statements("SELECT 1;"));
        assert_eq!(Line::of(" \n"), Line::Nothing);
    }

    #[test]
    fn secrets_are_not_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("history");
        for line in
            ["SELECT 1;", "SET AUTH key = \"k\" value = \"hush\";", "ALTER USER nebulus PASSWORD 'hush';", "SELECT\n2;"]
        {
            remember(&file, line);
        }
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "SELECT 1;\nSELECT\\n2;\n");
    }
}
