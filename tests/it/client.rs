//! A small blocking client of the wire protocol that shows everything a server says: tags, types, notices, error fields.
//!
//! It stands on the standard library alone, so that tests can also send what no well-behaved driver sends. Every read is
//! bounded in time. It knows no passwords: servers under test let loopback in, tests of passwords use a real driver.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for any answer.
const ANSWER_SECONDS_MAX: u64 = 120;
const PROTOCOL_VERSION: i32 = 196_608;

/// An error or a notice with the fields a client can use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub severity: String,
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub position: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub type_oid: u32,
}

/// A row in text form; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// What came back for one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Rows { columns: Vec<Column>, rows: Vec<Row>, tag: String },
    Done { tag: String },
    Empty,
    Failed(Failure),
}

/// What came back for one query message, up to ReadyForQuery.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub answers: Vec<Answer>,
    pub notices: Vec<Failure>,
    /// `I`, `T` or `E`.
    pub status: char,
}

/// A message of NOTIFY, or of the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub sender: i32,
    pub channel: String,
    pub payload: String,
}

/// A connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    notifications: VecDeque<Notification>,
    pub parameters: BTreeMap<String, String>,
    /// Process id and secret for a cancel request.
    pub backend_key: Vec<u8>,
}

impl Client {
    /// Connects as nebulus without a password.
    pub fn connect(address: SocketAddr) -> Client {
        Client::connect_as(address, "nebulus", "nebulus").expect("the server lets loopback in")
    }

    #[expect(clippy::result_large_err, reason = "a test's client; errors are as rare as they are large")]
    pub fn connect_as(address: SocketAddr, user: &str, database: &str) -> Result<Client, Failure> {
        Client::connect_with(address, &["user", user, "database", database, "client_encoding", "UTF8"])
    }

    /// Connects with these names and values in the startup message.
    #[expect(clippy::result_large_err, reason = "a test's client; errors are as rare as they are large")]
    pub fn connect_with(address: SocketAddr, parameters: &[&str]) -> Result<Client, Failure> {
        let mut client = Client::open(address).expect("a server listens");
        let mut startup = PROTOCOL_VERSION.to_be_bytes().to_vec();
        for text in parameters {
            put_text(&mut startup, text);
        }
        startup.push(0);
        client.send_untagged(&startup).expect("startup is sent");
        loop {
            let (kind, body) = client.read_message().expect("the server answers a startup");
            match kind {
                b'R' => assert_eq!(number(&body), 0, "the server wants a password"),
                b'S' => {
                    let texts = texts(&body);
                    client.parameters.insert(texts[0].clone(), texts[1].clone());
                }
                b'K' => client.backend_key = body,
                b'Z' => return Ok(client),
                b'E' => return Err(failure(&body)),
                _ => {}
            }
        }
    }

    /// A connection that has not said anything yet.
    pub fn open(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))?;
        stream.set_write_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))?;
        let notifications = VecDeque::new();
        Ok(Client {
            stream: BufReader::new(stream),
            notifications,
            parameters: BTreeMap::new(),
            backend_key: Vec::new(),
        })
    }

    /// Sends a text as one simple query.
    pub fn query(&mut self, text: &str) -> Reply {
        self.send_query(text).expect("the query is sent");
        self.read_reply().expect("the server answers")
    }

    pub fn send_query(&mut self, text: &str) -> io::Result<()> {
        let mut body = Vec::with_capacity(text.len() + 1);
        put_text(&mut body, text);
        self.send(b'Q', &body)
    }

    /// Runs statements that must all succeed; the tag of the last one.
    pub fn run(&mut self, text: &str) -> String {
        let reply = self.query(text);
        let tags = reply.answers.into_iter().map(|answer| match answer {
            Answer::Rows { tag, .. } | Answer::Done { tag } => tag,
            Answer::Empty => String::new(),
            Answer::Failed(failure) => panic!("{}\n{failure:?}", shortened(text)),
        });
        tags.fold(String::new(), |_, tag| tag)
    }

    /// The rows of a query that must succeed.
    pub fn rows(&mut self, text: &str) -> Vec<Row> {
        match self.query(text).answers.pop() {
            Some(Answer::Rows { rows, .. }) => rows,
            other => panic!("{}\n{other:?}", shortened(text)),
        }
    }

    /// The first column of all rows; NULL is `NULL`.
    pub fn column(&mut self, text: &str) -> Vec<String> {
        let first = |row: Row| row.into_iter().next().flatten().unwrap_or_else(|| "NULL".to_string());
        self.rows(text).into_iter().map(first).collect()
    }

    /// The only value of a query.
    pub fn value(&mut self, text: &str) -> String {
        let mut values = self.column(text);
        assert_eq!(values.len(), 1, "{}", shortened(text));
        values.remove(0)
    }

    /// The error of a statement that must fail.
    pub fn error(&mut self, text: &str) -> Failure {
        match self.query(text).answers.pop() {
            Some(Answer::Failed(failure)) => failure,
            other => panic!("{}\nshould have failed: {other:?}", shortened(text)),
        }
    }

    /// Runs a statement once for every row of text parameters, all in one implicit transaction.
    pub fn run_each(&mut self, text: &str, rows: impl IntoIterator<Item = Row>) -> Reply {
        let mut messages = Vec::new();
        put_parse(&mut messages, text);
        for row in rows {
            put_bind(&mut messages, &row);
            put_message(&mut messages, b'E', &[0, 0, 0, 0, 0]);
        }
        put_message(&mut messages, b'S', &[]);
        self.write(&messages).expect("the statement is sent");
        self.read_reply().expect("the server answers")
    }

    /// Runs a statement with text parameters by the extended protocol.
    pub fn run_with(&mut self, text: &str, parameters: &[&str]) -> Reply {
        let mut messages = Vec::new();
        put_parse(&mut messages, text);
        put_bind(&mut messages, &parameters.iter().map(|each| Some((*each).to_string())).collect::<Vec<_>>());
        put_message(&mut messages, b'D', &[b'P', 0]);
        put_message(&mut messages, b'E', &[0, 0, 0, 0, 0]);
        put_message(&mut messages, b'S', &[]);
        self.write(&messages).expect("the statement is sent");
        self.read_reply().expect("the server answers")
    }

    pub fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let mut message = Vec::with_capacity(body.len() + 5);
        put_message(&mut message, kind, body);
        self.write(&message)
    }

    /// A message without a type, as startup and cancel requests are.
    pub fn send_untagged(&mut self, body: &[u8]) -> io::Result<()> {
        let mut message = length(body.len() + 4).to_vec();
        message.extend_from_slice(body);
        self.write(&message)
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub fn read_message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; size - 4];
        self.stream.read_exact(&mut body)?;
        Ok((head[0], body))
    }

    /// What came before the last ReadyForQuery on channels that are listened to, each as `channel payload`.
    pub fn heard(&mut self) -> Vec<String> {
        self.notifications.drain(..).map(|each| format!("{} {}", each.channel, each.payload)).collect()
    }

    /// The next message on a channel that is listened to, whether it has come already or not.
    pub fn hear(&mut self) -> Notification {
        loop {
            if let Some(notification) = self.notifications.pop_front() {
                return notification;
            }
            let (kind, body) = self.read_message().expect("a notification comes");
            match kind {
                b'A' => self.notifications.push_back(notification(&body)),
                b'N' => {}
                other => panic!("{} came in place of a notification", char::from(other)),
            }
        }
    }

    /// The process id that others know it by.
    pub fn pid(&self) -> i32 {
        number(&self.backend_key)
    }

    /// The error that ends the connection.
    pub fn read_end(&mut self) -> Failure {
        loop {
            let (kind, body) = self.read_message().expect("the server says why");
            if kind == b'E' {
                return failure(&body);
            }
        }
    }

    /// Reads to the next ReadyForQuery.
    pub fn read_reply(&mut self) -> io::Result<Reply> {
        let mut reply = Reply::default();
        let mut columns: Option<Vec<Column>> = None;
        let mut rows = Vec::new();
        loop {
            let (kind, body) = self.read_message()?;
            match kind {
                b'T' => columns = Some(described(&body)),
                b'D' => rows.push(data_row(&body)),
                b'C' => {
                    let tag = texts(&body).remove(0);
                    reply.answers.push(match columns.take() {
                        Some(columns) => Answer::Rows { columns, rows: std::mem::take(&mut rows), tag },
                        None => Answer::Done { tag },
                    });
                }
                b'I' => reply.answers.push(Answer::Empty),
                b'E' => {
                    (columns, rows) = (None, Vec::new());
                    reply.answers.push(Answer::Failed(failure(&body)));
                }
                b'N' => reply.notices.push(failure(&body)),
                b'A' => self.notifications.push_back(notification(&body)),
                b'S' => {
                    let texts = texts(&body);
                    self.parameters.insert(texts[0].clone(), texts[1].clone());
                }
                b'Z' => {
                    reply.status = char::from(body[0]);
                    return Ok(reply);
                }
                _ => {}
            }
        }
    }
}

impl Reply {
    /// The first error.
    pub fn failure(&self) -> Option<&Failure> {
        self.answers.iter().find_map(|answer| match answer {
            Answer::Failed(failure) => Some(failure),
            _ => None,
        })
    }
}

pub fn put_message(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&length(body.len() + 4));
    out.extend_from_slice(body);
}

/// Parse of the unnamed statement, with no parameter types given.
pub fn put_parse(out: &mut Vec<u8>, text: &str) {
    let mut body = vec![0];
    put_text(&mut body, text);
    body.extend_from_slice(&[0, 0]);
    put_message(out, b'P', &body);
}

/// Bind of the unnamed portal to the unnamed statement, everything as text.
pub fn put_bind(out: &mut Vec<u8>, parameters: &[Option<String>]) {
    let mut body = vec![0, 0, 0, 0];
    body.extend_from_slice(&u16::try_from(parameters.len()).expect("few parameters").to_be_bytes());
    for parameter in parameters {
        match parameter {
            None => body.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(text) => {
                body.extend_from_slice(&length(text.len()));
                body.extend_from_slice(text.as_bytes());
            }
        }
    }
    body.extend_from_slice(&[0, 0]);
    put_message(out, b'B', &body);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a message below 4 GiB").to_be_bytes()
}

fn number(bytes: &[u8]) -> i32 {
    i32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}

/// The zero-terminated texts of a message.
fn texts(body: &[u8]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the server speaks UTF-8");
    body.split(|byte| *byte == 0).map(text).collect()
}

fn notification(body: &[u8]) -> Notification {
    let mut texts = texts(&body[4..]).into_iter();
    let mut next = || texts.next().expect("two texts");
    Notification { sender: number(body), channel: next(), payload: next() }
}

fn failure(body: &[u8]) -> Failure {
    let mut failure = Failure::default();
    for field in texts(body).iter().filter(|field| !field.is_empty()) {
        let (kind, text) = field.split_at(1);
        let text = text.to_string();
        match kind {
            "V" => failure.severity = text,
            "C" => failure.code = text,
            "M" => failure.message = text,
            "D" => failure.detail = Some(text),
            "H" => failure.hint = Some(text),
            "P" => failure.position = text.parse().ok(),
            _ => {}
        }
    }
    failure
}

fn described(body: &[u8]) -> Vec<Column> {
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == 0).expect("a name ends");
        let name = String::from_utf8(rest[..end].to_vec()).expect("a name is UTF-8");
        let type_oid = number(&rest[end + 7..]).cast_unsigned();
        columns.push(Column { name, type_oid });
        rest = &rest[end + 19..];
    }
    columns
}

fn data_row(body: &[u8]) -> Row {
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut row = Vec::new();
    for _ in 0..count {
        let size = number(rest);
        rest = &rest[4..];
        row.push(usize::try_from(size).ok().map(|size| {
            let (value, after) = rest.split_at(size);
            rest = after;
            String::from_utf8(value.to_vec()).expect("text values are UTF-8")
        }));
    }
    row
}

/// The beginning of a statement, for messages.
fn shortened(text: &str) -> String {
    text.chars().take(400).collect()
}
