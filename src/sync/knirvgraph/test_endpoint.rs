//! A KNIRVGRAPH endpoint for tests, on a free port of loopback: it keeps what it was sent and behaves as told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// Longest wait for a client, and longest silence.
const IDLE_SECONDS_MAX: u64 = 20;

/// What it does with a request.
#[derive(Clone, Debug)]
pub(super) enum EndpointBehaviour {
    Accept,
    /// A status with a body.
    Answer(u16, String),
    /// A status with one more header.
    Header(u16, &'static str),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, until the client has gone.
    Silence,
    /// Accepts, with a body of that many bytes.
    Huge(usize),
}

/// What it was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointRequest {
    /// The request line and all headers.
    pub head: String,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Script {
    requests: Mutex<Vec<EndpointRequest>>,
    /// For the next requests, one each; then it accepts.
    next: Mutex<VecDeque<EndpointBehaviour>>,
    /// For all other requests.
    otherwise: Mutex<Option<EndpointBehaviour>>,
    is_over: AtomicBool,
}

pub(super) struct TestEndpoint {
    address: SocketAddr,
    script: Arc<Script>,
}

impl TestEndpoint {
    pub fn start() -> TestEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that hangs up ends its connection, not the endpoint.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &shared)).ok());
            }
        });
        TestEndpoint { address, script }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Behaves so once each, before it goes on as otherwise.
    pub fn then(&self, behaviours: impl IntoIterator<Item = EndpointBehaviour>) {
        self.script.next.lock().extend(behaviours);
    }

    pub fn otherwise(&self, behaviour: EndpointBehaviour) {
        *self.script.otherwise.lock() = Some(behaviour);
    }

    pub fn requests(&self) -> Vec<EndpointRequest> {
        self.script.requests.lock().clone()
    }

    /// Ids of the transactions it was sent, in order.
    pub fn ids(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.json()["id"].as_str().unwrap().to_string()).collect()
    }
}

impl EndpointRequest {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Drop for TestEndpoint {
    fn drop(&mut self) {
        self.script.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener, which looks at the flag.
        TcpStream::connect(self.address).ok();
    }
}

fn serve(stream: TcpStream, script: &Script) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(IDLE_SECONDS_MAX)))?;
    stream.set_write_timeout(Some(Duration::from_secs(IDLE_SECONDS_MAX)))?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        let id = serde_json::from_slice::<serde_json::Value>(&request.body)
            .ok()
            .and_then(|json| json["id"].as_str().map(str::to_string))
            .unwrap_or_default();
        script.requests.lock().push(request);
        let behaviour = script.next.lock().pop_front();
        let behaviour = behaviour.or_else(|| script.otherwise.lock().clone()).unwrap_or(EndpointBehaviour::Accept);
        let accepted = format!(r#"{{"status":"accepted","tx_id":"{id}"}}"#);
        let stream = reader.get_mut();
        match behaviour {
            EndpointBehaviour::Accept => answer(stream, 200, "", &accepted)?,
            EndpointBehaviour::Answer(status, body) => answer(stream, status, "", &body)?,
            EndpointBehaviour::Header(status, header) => answer(stream, status, header, "")?,
            EndpointBehaviour::Raw(bytes) => return stream.write_all(&bytes),
            EndpointBehaviour::Silence => {
                stream.read_exact(&mut [0])?;
                return Ok(());
            }
            EndpointBehaviour::Huge(size) => {
                let padding = " ".repeat(size.saturating_sub(accepted.len()));
                answer(stream, 200, "", &(accepted + &padding))?;
            }
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<EndpointRequest>> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let size = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|size| size.trim().to_string()))
        .map_or(0, |size| size.parse().unwrap());
    let mut body = vec![0; size];
    reader.read_exact(&mut body)?;
    Ok(Some(EndpointRequest { head, body }))
}

fn answer(stream: &mut TcpStream, status: u16, header: &str, body: &str) -> std::io::Result<()> {
    let end = if header.is_empty() { "" } else { "\r\n" };
    let head = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n{header}{end}\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
