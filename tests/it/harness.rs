//! Starts and stops the real server, each test its own, on a free port and a data directory of its own.
//!
//! Nothing waits by sleeping: a server is up when it prints its `ready` line, and down when its process has ended.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;

/// Longest wait for the `ready` line, with all tests of the machine running at once.
const READY_SECONDS_MAX: u64 = 60;
/// Longest wait for the end of a process after SIGTERM.
const STOP_SECONDS_MAX: u64 = 60;

/// How a server is started.
pub struct Launch {
    pub data: PathBuf,
    pub trust_local: bool,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Whether it has its pages where it likes to, unless an argument says where.
    pub has_default_pages: bool,
    /// The network namespace that it runs in; `None` for this machine's own.
    pub namespace: Option<String>,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub data: PathBuf,
    /// How long it took from the start of the process to the `ready` line.
    pub ready_after: Duration,
    /// Keeps a directory that was made for this server.
    directory: Option<TempDir>,
}

impl Launch {
    pub fn on(data: &Path) -> Launch {
        Launch {
            data: data.to_path_buf(),
            trust_local: true,
            arguments: Vec::new(),
            environment: Vec::new(),
            has_default_pages: false,
            namespace: None,
        }
    }

    pub fn with(mut self, arguments: &[&str]) -> Launch {
        self.arguments.extend(arguments.iter().map(|each| (*each).to_string()));
        self
    }

    /// The server, or what it said on standard error before it gave up.
    pub fn try_start(self) -> Result<Server, String> {
        let log_path = log_path(&self.data);
        let log = File::options().create(true).append(true).open(&log_path).expect("the log can be written");
        let before = std::fs::metadata(&log_path).map_or(0, |metadata| metadata.len());
        let mut command = program_in(self.namespace.as_deref());
        command.arg("serve").arg("--data-dir").arg(&self.data);
        if !self.arguments.iter().any(|argument| argument == "--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !self.has_default_pages && !self.arguments.iter().any(|argument| argument == "--admin") {
            command.args(["--admin", "off"]);
        }
        if self.trust_local {
            command.arg("--trust-local");
        }
        command.args(&self.arguments).envs(self.environment);
        let started = Instant::now();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("the server can be started");
        let mut out = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let (line_sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|size| size > 0) {
                if line_sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let Ok(line) = lines.recv_timeout(Duration::from_secs(READY_SECONDS_MAX)) else {
            child.kill().ok();
            child.wait().expect("the server ends");
            let said = std::fs::read(&log_path).unwrap_or_default();
            let start = usize::try_from(before).expect("a short log");
            return Err(String::from_utf8_lossy(&said[start..]).into_owned());
        };
        let ready_after = started.elapsed();
        let address = line
            .strip_prefix("ready postgresql://nebulus@")
            .and_then(|rest| rest.trim_end().strip_suffix("/nebulus"))
            .unwrap_or_else(|| panic!("not a ready line: {line}"));
        let address = address.parse().expect("the ready line names an address");
        Ok(Server { child, address, data: self.data, ready_after, directory: None })
    }

    pub fn start(self) -> Server {
        self.try_start().unwrap_or_else(|said| panic!("the server did not start:\n{said}"))
    }
}

impl Server {
    /// A server on a fresh directory that lets loopback in.
    pub fn start() -> Server {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut server = Launch::on(&directory.path().join("data")).start();
        server.directory = Some(directory);
        server
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// A real driver's connection.
    pub async fn driver(&self) -> tokio_postgres::Client {
        let text = format!("host=127.0.0.1 port={} user=nebulus dbname=nebulus", self.address.port());
        let (client, connection) = tokio_postgres::connect(&text, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }

    /// What it wrote to standard error, and every server before it on the same directory.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(log_path(&self.data)).expect("there is a log")).into_owned()
    }

    /// SIGTERM, and the exit status.
    pub fn stop(self) -> ExitStatus {
        self.terminate();
        self.stop_after_signal()
    }

    /// The exit status of a server that was told to end.
    pub fn stop_after_signal(mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        let (done_sender, done) = mpsc::channel();
        let id = self.child.id();
        std::thread::scope(|scope| {
            // A process cannot be waited for with a limit: when the limit is over, this thread ends it.
            scope.spawn(move || {
                if done.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_err() {
                    signal(id, "KILL");
                }
            });
            let status = self.child.wait().expect("the server ends");
            done_sender.send(()).ok();
            status
        })
    }

    /// How often a thread of the server has waited for something.
    #[cfg(target_os = "linux")]
    pub fn waits_of(&self, thread: &str) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("the server runs");
        let of_thread = threads
            .filter_map(|thread| Some(thread.ok()?.path()))
            .find(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim_end() == thread));
        let status = std::fs::read_to_string(of_thread.expect("the thread runs").join("status")).expect("it has one");
        let waits = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        waits.expect("Linux counts them").trim().parse().expect("a count")
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        signal(self.child.id(), "HUP");
    }

    pub fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }

    /// SIGKILL, as a crash would end it.
    pub fn kill(mut self) {
        self.child.kill().expect("the server runs");
        self.child.wait().expect("the server ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The program under test, with an environment that no variable of the machine disturbs.
pub fn program() -> Command {
    program_in(None)
}

/// Where the program lies.
pub fn program_path() -> &'static str {
    env!("CARGO_BIN_EXE_nebulusdb")
}

/// The program, run in a network namespace.
pub fn program_in(namespace: Option<&str>) -> Command {
    let path = program_path();
    let mut command = match namespace {
        None => Command::new(path),
        // `ip netns exec` becomes the program, so that its process id is the server's.
        Some(namespace) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", namespace, path]);
            command
        }
    };
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NEBULUSDB_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command of the program to its end.
pub fn run_program(arguments: &[&str]) -> Output {
    program().args(arguments).stdin(Stdio::null()).output().expect("the program runs")
}

/// The log lies beside the data, so that searching the data for a secret does not find the log.
fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().expect("sh runs");
    assert!(sent.success(), "the server had ended before {name}");
}
