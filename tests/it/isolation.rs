//! What transactions of several sessions see of one another and wait for, after the scenarios of PostgreSQL's isolation tester.
//!
//! In the scripts of `tests/golden/isolation` each statement has the session in front of it that sends it. One that is in the queue
//! of a lock when the others have come to rest shows as waiting, and its answer comes below the step that let it go on, in the
//! order of the sessions' names. The answers are PostgreSQL 18's; where this server knowingly answers otherwise, a comment begins
//! with `# differs:`. `ISOLATION_SERVER`, an address of a server with trust, runs the scripts there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Client, Reply};
use crate::harness::Server;
use crate::{golden, psql};

/// How often a statement without an answer is looked at.
const LOOK_EACH: Duration = Duration::from_millis(2);
/// Longest time a statement may neither answer nor wait for a lock.
const STEP_SECONDS_MAX: u64 = 60;

macro_rules! scripts {
    ($($name:ident),* $(,)?) => {
        const SCRIPTS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            run_script(stringify!($name));
        })*
    };
}

scripts!(deadlocks, inserts, merge, read_committed, repeatable_read, row_locks, serializable);

/// One session, whose client lives on a thread of its own so that others go on while it waits.
struct Session {
    pid: i32,
    texts: Option<Sender<String>>,
    replies: Receiver<Reply>,
    /// The statement without an answer.
    waiting: Option<String>,
    thread: Option<JoinHandle<()>>,
}

impl Session {
    fn open(address: SocketAddr) -> Session {
        let mut client = Client::connect(address);
        let pid = client.pid();
        let (texts, next) = mpsc::channel::<String>();
        let (answers, replies) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Ok(text) = next.recv() {
                if answers.send(client.query(&text)).is_err() {
                    return;
                }
            }
        });
        Session { pid, texts: Some(texts), replies, waiting: None, thread: Some(thread) }
    }

    /// The answer, or `None` where it waits for a lock.
    fn rest(&mut self, control: &mut Client) -> Option<Reply> {
        let began = Instant::now();
        loop {
            match self.replies.recv_timeout(LOOK_EACH) {
                Ok(reply) => return Some(reply),
                Err(RecvTimeoutError::Disconnected) => panic!("a session has lost its server"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let waits =
                format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {} AND wait_event_type = 'Lock'", self.pid);
            if control.value(&waits) == "1" {
                return None;
            }
            assert!(
                began.elapsed() < Duration::from_secs(STEP_SECONDS_MAX),
                "{:?} neither answers nor waits",
                self.waiting
            );
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.texts = None;
        if self.waiting.is_none()
            && let Some(thread) = self.thread.take()
        {
            thread.join().ok();
        }
    }
}

struct Sessions {
    address: SocketAddr,
    control: Client,
    all: BTreeMap<String, Session>,
}

impl Sessions {
    /// Sends a statement of a session; what comes of it, and of those that waited.
    fn step(&mut self, step: &str) -> String {
        let (name, text) = step.split_once(": ").expect("a session stands before its statement");
        let address = self.address;
        let session = self.all.entry(name.to_string()).or_insert_with(|| Session::open(address));
        assert!(session.waiting.is_none(), "{name} waits and is given {text}");
        session.waiting = Some(text.to_string());
        session.texts.as_ref().expect("it is open").send(text.to_string()).expect("its thread lives");
        let mut output = String::new();
        match session.rest(&mut self.control) {
            Some(reply) => {
                session.waiting = None;
                output.push_str(&shown(text, &reply));
            }
            None => output.push_str("<waiting ...>\n"),
        }
        let has_begun_to_wait = self.all.get(name).is_some_and(|session| session.waiting.is_some());
        // Whoever goes on may let others go on. Which of them is seen first is a matter of chance.
        let mut gone_on = BTreeMap::new();
        let mut is_moving = true;
        while std::mem::take(&mut is_moving) {
            for (other, session) in self.all.iter_mut().filter(|(other, _)| *other != name || !has_begun_to_wait) {
                let Some(text) = session.waiting.clone() else { continue };
                if let Some(reply) = session.rest(&mut self.control) {
                    session.waiting = None;
                    is_moving = true;
                    gone_on.insert(other.clone(), shown(&text, &reply));
                }
            }
        }
        for (other, answer) in gone_on {
            write!(output, "{other} goes on:\n{answer}").expect("text grows");
        }
        output
    }
}

/// The answer without what differs from run to run.
fn shown(text: &str, reply: &Reply) -> String {
    let mut shown = String::new();
    let mut number = false;
    for word in psql::show(text, reply).split_inclusive([' ', ';', '.', '\n']) {
        let (bare, rest) = word.split_at(word.len() - usize::from(word.ends_with([' ', ';', '.', '\n'])));
        shown.push_str(if number && bare.bytes().all(|byte| byte.is_ascii_digit()) { "N" } else { bare });
        shown.push_str(rest);
        number = matches!(bare.to_ascii_lowercase().as_str(), "process" | "transaction");
    }
    shown
}

fn run_script(name: &str) {
    let elsewhere = std::env::var("ISOLATION_SERVER").ok();
    let server = elsewhere.is_none().then(Server::start);
    let address = match (&server, elsewhere) {
        (Some(server), _) => server.address,
        (None, elsewhere) => elsewhere.unwrap_or_default().parse().expect("ISOLATION_SERVER is an address"),
    };
    let mut sessions = Sessions { address, control: Client::connect(address), all: BTreeMap::new() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/isolation").join(name).with_extension("sql");
    golden::check(&path, |step| sessions.step(step));
}

#[test]
fn every_script_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/isolation");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, SCRIPTS);
}

#[test]
fn waiting_ends_with_its_time() {
    let server = Server::start();
    let (mut holder, mut other) = (server.client(), server.client());
    holder.run("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)");
    holder.run("BEGIN; UPDATE t SET n = 1 WHERE id = 1");
    other.run("SET lock_timeout = '5ms'");
    for text in
        ["UPDATE t SET n = 2 WHERE id = 1", "DELETE FROM t", "SELECT n FROM t FOR SHARE", "INSERT INTO t VALUES (1, 2)"]
    {
        let failure = other.error(text);
        assert_eq!(
            (failure.code.as_str(), failure.message.as_str()),
            ("55P03", "canceling statement due to lock timeout")
        );
    }
    other.run("RESET lock_timeout; SET statement_timeout = '5ms'");
    let failure = other.error("UPDATE t SET n = 2 WHERE id = 1");
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("57014", "canceling statement due to statement timeout")
    );
    other.run("RESET statement_timeout");
    holder.run("COMMIT");
    assert_eq!(other.run("UPDATE t SET n = n + 1 WHERE id = 1"), "UPDATE 1");
    assert_eq!(holder.value("SELECT n FROM t"), "2");
}
