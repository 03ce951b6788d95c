//! A server of one's own: started over a data directory, on a free port of this machine, ended with the program.
//!
//! The server is watched by a shell that holds a pipe to this process: when this process ends, in whatever way, the pipe closes and
//! the server gets SIGTERM. So no server outlives its program and keeps the data directory locked, and no temporary one is left.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::connection::password_in;
use crate::error::{Error, Result};

const READY_SECONDS_MAX: u64 = 60;
const STOP_SECONDS_MAX: u64 = 30;
/// So much of what the server said is in an error.
const LAST_WORDS_BYTES: usize = 2000;
const LOG_FILE: &str = "embedded.log";

/// Its arguments are the temporary directory or nothing, the log, and the command.
const WATCH: &str = r#"
temporary=$1; log=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- 2>>"$log" &
server=$!
{ cat <&3; kill -TERM "$server"; } >/dev/null 2>&1 &
exec </dev/null 3<&-
wait "$server"; status=$?
[ -z "$temporary" ] || rm -rf -- "$temporary"
exit $status
"#;

/// How a server of one's own is started. It needs a POSIX system.
#[derive(Clone, Debug, Default)]
pub struct Embedded {
    data_dir: Option<PathBuf>,
    program: Option<PathBuf>,
    password: Option<String>,
    arguments: Vec<OsString>,
}

impl Embedded {
    /// Over a data directory, which is made where there is none. Another server over it is an error: connect to that one.
    pub fn over(data_dir: impl Into<PathBuf>) -> Self {
        Embedded { data_dir: Some(data_dir.into()), ..Self::default() }
    }

    /// Over a new directory that is removed at the end.
    #[must_use]
    pub fn temporary() -> Self {
        Self::default()
    }

    /// The server's program, instead of `NEBULUSDB_BIN` or the one on `PATH`.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// The password that a first start sets, instead of a random one.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// A further argument of `nebulusdb serve`.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts it and waits until it accepts connections.
    ///
    /// Returns [`Error::Embedded`] with the server's last words when it does not.
    pub(crate) async fn start(self) -> Result<Server> {
        let program = find_program(self.program.as_deref())?;
        let temporary = if self.data_dir.is_none() { Some(temporary_directory()?) } else { None };
        let data_dir = self.data_dir.clone().or_else(|| temporary.clone()).unwrap_or_default();
        make_directory(&data_dir)?;
        let log = data_dir.join(LOG_FILE);
        let log_start = std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(WATCH).arg("nebulusdb-watch");
        command.arg(temporary.as_deref().unwrap_or(Path::new(""))).arg(&log).arg(&program).arg("serve");
        command
            .arg("--data-dir")
            .arg(&data_dir)
            .args(["--listen", "127.0.0.1:0", "--admin", "off"])
            .args(&self.arguments);
        // What the surroundings say of another server is not meant for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("NEBULUSDB_") || name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Some(password) = &self.password {
            command.env("NEBULUSDB_PASSWORD", password);
        }
        // A Ctrl-C at this program's terminal is not meant for the server, which ends when the program does.
        command.process_group(0);
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Embedded(format!("{} cannot be run by /bin/sh: {error}", program.display())))?;
        match timeout(Duration::from_secs(READY_SECONDS_MAX), ready_line(&mut shell)).await {
            Ok(Ok(url)) => {
                let password = self.password.or_else(|| password_in(&data_dir.join("keys")));
                Ok(Server { url, password, data_dir, shell })
            }
            Ok(Err(said)) => {
                Err(Error::Embedded(format!("the server did not start{said}{}", last_words(&log, log_start))))
            }
            Err(_) => Err(Error::Embedded(format!(
                "the server was not ready after {READY_SECONDS_MAX} seconds{}",
                last_words(&log, log_start)
            ))),
        }
    }
}

/// A server that runs. It ends when this is dropped, or in order by `stop`.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) password: Option<String>,
    pub(crate) data_dir: PathBuf,
    shell: Child,
}

impl Server {
    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.shell.stdin.take());
        match timeout(Duration::from_secs(STOP_SECONDS_MAX), self.shell.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Error::Embedded(format!("the server ended with {status}"))),
            Ok(Err(error)) => Err(Error::Embedded(format!("the server cannot be waited for: {error}"))),
            Err(_) => Err(Error::Embedded(format!("the server did not end within {STOP_SECONDS_MAX} seconds"))),
        }
    }
}

/// The server's program: the argument, `NEBULUSDB_BIN`, or one on `PATH`.
///
/// Returns [`Error::Embedded`] that names the places where there is none.
pub fn find_program(chosen: Option<&Path>) -> Result<PathBuf> {
    let from_environment = std::env::var_os("NEBULUSDB_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
    for (named, place) in [(chosen.map(Path::to_path_buf), "program()"), (from_environment, "NEBULUSDB_BIN")] {
        if let Some(program) = named {
            if program.is_file() {
                return Ok(program);
            }
            return Err(Error::Embedded(format!("{place} names {}, which is no file", program.display())));
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join("nebulusdb")).find(|program| program.is_file()).ok_or_else(
        || {
            Error::Embedded(
                "no program nebulusdb is on PATH: name one by Embedded::program() or NEBULUSDB_BIN".to_string(),
            )
        },
    )
}

/// Reads the address out of the server's first line.
async fn ready_line(shell: &mut Child) -> std::result::Result<String, String> {
    let Some(output) = shell.stdout.take() else { return Err(": its output is not piped".to_string()) };
    let mut output = BufReader::new(output);
    let mut line = String::new();
    let read = output.read_line(&mut line).await.map_err(|error| format!(": {error}"))?;
    if read == 0 {
        let status = shell.wait().await.map_err(|error| format!(": {error}"))?;
        return Err(format!(" ({status})"));
    }
    match line.trim_end().strip_prefix("ready ") {
        Some(url) if url.starts_with("postgresql://") => {
            // Whatever it says later is read and dropped, so that it never waits for this program.
            tokio::spawn(async move {
                let mut rest = [0; 4096];
                while output.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            });
            Ok(url.to_string())
        }
        _ => Err(format!(": the program said {:?} where a server says that it is ready", line.trim_end())),
    }
}

fn temporary_directory() -> Result<PathBuf> {
    let directory = std::env::temp_dir().join(format!("nebulusdb-{}", uuid::Uuid::now_v7()));
    make_directory(&directory)?;
    Ok(directory)
}

fn make_directory(directory: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .map_err(|error| Error::Embedded(format!("the data directory {} cannot be used: {error}", directory.display())))
}

/// What the server wrote to its log in this start.
fn last_words(log: &Path, start: u64) -> String {
    let Ok(bytes) = std::fs::read(log) else { return String::new() };
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let said = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).trim().to_string();
    let from = said.len().saturating_sub(LAST_WORDS_BYTES);
    let from = (from..said.len()).find(|at| said.is_char_boundary(*at)).unwrap_or(said.len());
    match said.get(from..) {
        Some(end) if !end.is_empty() => format!(": {end}"),
        _ => String::new(),
    }
}
