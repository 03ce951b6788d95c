//! A KNIRVGRAPH endpoint on loopback that keeps what it is sent, accepts it or refuses it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest wait for a client.
const IDLE_SECONDS_MAX: u64 = 60;

struct Shared {
    /// Whole requests, head and body.
    requests: Mutex<Vec<Vec<u8>>>,
    /// 200 accepts; everything else refuses with that status.
    status: AtomicU16,
    is_over: AtomicBool,
}

pub struct GraphEndpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl GraphEndpoint {
    pub fn start() -> GraphEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared =
            Shared { requests: Mutex::default(), status: AtomicU16::new(200), is_over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let endpoint = GraphEndpoint { address, shared: Arc::clone(&shared) };
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
        endpoint
    }

    pub fn url(&self) -> String {
        format!("http://{}/graph", self.address)
    }

    /// 200 accepts; everything else refuses with that status.
    pub fn answer_with(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }

    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.shared.requests.lock().expect("no test panics in it").clone()
    }

    /// Bodies of the requests.
    pub fn transactions(&self) -> Vec<serde_json::Value> {
        let body = |request: &Vec<u8>| {
            let end = request.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
            serde_json::from_slice(&request[end + 4..]).expect("a transaction is JSON")
        };
        self.requests().iter().map(body).collect()
    }
}

impl Drop for GraphEndpoint {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener, which looks at the flag.
        TcpStream::connect(self.address).ok();
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(IDLE_SECONDS_MAX)))?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut head)? == 0 {
                return Ok(());
            }
        }
        let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let size = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; size.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let id = serde_json::from_slice::<serde_json::Value>(&body).map(|json| json["id"].clone()).unwrap_or_default();
        shared.requests.lock().expect("no test panics in it").push([head, body].concat());
        let status = shared.status.load(Ordering::Relaxed);
        let answer = match status {
            200 => format!("{{\"status\":\"accepted\",\"tx_id\":{id}}}"),
            _ => "{\"error\":\"refused\"}".to_string(),
        };
        let length = answer.len();
        let answer = format!("HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\n\r\n{answer}");
        reader.get_mut().write_all(answer.as_bytes())?;
    }
}
