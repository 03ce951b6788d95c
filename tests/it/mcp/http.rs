//! `/mcp` over HTTP: who is let in, sessions, and that the tools are those of standard input and output.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Launch, Server, run_program};
use crate::health::page_of;
use crate::mcp::agent::{Called, called};
use crate::tls::{self, Certificate};

const PASSWORD: &str = "correct horse";

/// An answer over HTTP.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The message in a stream of events.
    fn message(&self) -> Value {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        let messages: Vec<Value> = data.filter_map(|data| serde_json::from_str(data).ok()).collect();
        messages.into_iter().next_back().unwrap_or_else(|| panic!("{} no message: {}", self.status, self.body))
    }
}

fn start() -> (tempfile::TempDir, Server, SocketAddr) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut launch = Launch::on(&directory.path().join("data")).with(&["--admin", "127.0.0.1:0"]);
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), PASSWORD.to_string()));
    let server = launch.start();
    let address = page_of(&server);
    (directory, server, address)
}

/// Runs a statement as the owner.
fn owner(server: &Server, statement: &str) {
    let url = format!("postgresql://nebulus:{}@{}/nebulus", PASSWORD.replace(' ', "%20"), server.address);
    let output = run_program(&["query", "--url", &url, statement]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn basic(password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("nebulus:{password}")))
}

/// One request; `headers` beside those that every client of the protocol sends.
fn send(address: SocketAddr, method: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the port is served");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    let mut request = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    request.push_str("Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    headers.iter().for_each(|header| request.push_str(&format!("{header}\r\n")));
    // Who refuses a long body need not read it.
    let sent = stream.write_all(format!("{request}\r\n{body}").as_bytes());
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{sent:?} {read:?} {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_string(), body: body.to_string() }
}

fn hello() -> String {
    let params =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string()
}

/// Begins a session; the header that names it.
fn begin(address: SocketAddr, authorization: &str) -> String {
    let answer = send(address, "POST", &[authorization], &hello());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.message()["result"]["serverInfo"]["name"], "nebulusdb");
    let session = format!("Mcp-Session-Id: {}", answer.header("mcp-session-id").expect("a session"));
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    assert_eq!(send(address, "POST", &[authorization, &session], &initialized).status, 202);
    session
}

fn call(address: SocketAddr, headers: &[&str], tool: &str, arguments: &Value) -> Called {
    let params = json!({"name": tool, "arguments": arguments});
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    let answer = send(address, "POST", headers, &request.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    called(&answer.message())
}

#[test]
fn agents_are_served_where_everybody_else_has_to_use_tls() {
    let directory = tempfile::tempdir().expect("a directory");
    Certificate::write(directory.path());
    let server = tls::start(directory.path(), &["--tls", "require", "--admin", "127.0.0.1:0"]);
    let (address, agent) = (page_of(&server), basic(tls::PASSWORD));
    assert_eq!(send(address, "POST", &[&basic("not it")], &hello()).status, 401);
    let session = begin(address, &agent);
    let found = call(address, &[&agent, &session], "query", &json!({"statement": "SELECT 1 AS one"}));
    assert!(!found.is_error, "{}", found.text);
}

#[test]
fn tools_work_over_http() {
    let (_directory, server, address) = start();
    owner(&server, "SET AUTH key = 'api' value = 'hush-hush'");
    let (first, second) = (basic(PASSWORD), format!("Authorization: Bearer nebulus:{PASSWORD}"));
    let (one, two) = (begin(address, &first), begin(address, &second));
    assert_ne!(one, two);
    let written = call(address, &[&first, &one], "remember", &json!({"key": "a", "text": "over HTTP"}));
    assert!(!written.is_error, "{}", written.text);
    let recalled = call(address, &[&second, &two], "recall", &json!({"words": "http"}));
    assert_eq!(recalled.value["memories"][0]["key"], "a");
    for statement in ["DELETE FROM memory", "SELECT * FROM auth", "GET AUTH WHERE key = 'api'"] {
        let refused = call(address, &[&first, &one], "query", &json!({"statement": statement}));
        assert!(refused.is_error && !refused.text.contains("hush"), "{}", refused.text);
    }
    assert_eq!(send(address, "DELETE", &[&first, &one], "").status, 202);
    let request = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    assert_eq!(send(address, "POST", &[&first, &one], &request).status, 404, "the session has ended");
    assert_eq!(send(address, "POST", &[&second, &two], &request).status, 200);
    assert!(server.stop().success());
}

#[test]
fn the_door_asks_who_comes_and_where_from() {
    let (_directory, _server, address) = start();
    let none = send(address, "POST", &[], &hello());
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Basic realm=\"nebulusdb\"")));
    for wrong in [basic("wrong"), "Authorization: Basic %%".to_string(), "Authorization: Bearer eve:x".to_string()] {
        let answer = send(address, "POST", &[&wrong], &hello());
        assert_eq!(answer.status, 401, "{wrong}: {}", answer.body);
        assert!(!answer.body.contains("wrong"), "{}", answer.body);
    }
    let right = basic(PASSWORD);
    for forged in ["Host: evil.example", "Host: localhost.evil.example:9433", "Host: "] {
        assert_eq!(send(address, "POST", &[&right, forged], &hello()).status, 403, "{forged}");
    }
    for forged in ["Origin: http://evil.example", "Origin: null", "Origin: http://localhost"] {
        assert_eq!(send(address, "POST", &[&right, forged], &hello()).status, 403, "{forged}");
    }
    let own = format!("Origin: http://{address}");
    assert_eq!(send(address, "POST", &[&right, &own], &hello()).status, 200);
    assert_eq!(send(address, "POST", &[&right, "Mcp-Session-Id: made-up"], &hello()).status, 404);
    let long = "x".repeat(2 * 1024 * 1024);
    assert_eq!(send(address, "POST", &[&right], &long).status, 413);
}

#[test]
fn a_session_answers_to_who_began_it() {
    let (_directory, server, address) = start();
    let old = basic(PASSWORD);
    let session = begin(address, &old);
    owner(&server, "ALTER ROLE nebulus PASSWORD 'another horse'");
    let new = basic("another horse");
    let request = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    assert_eq!(send(address, "POST", &[&new, &session], &request).status, 404);
    assert_eq!(send(address, "GET", &[&new, &session], "").status, 404);
    let own = begin(address, &new);
    assert_eq!(send(address, "POST", &[&new, &own], &request).status, 200);
}

#[test]
fn sessions_are_bounded() {
    let (_directory, _server, address) = start();
    let authorization = basic(PASSWORD);
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let answer = send(address, "POST", &[&authorization], &hello());
        statuses.push(answer.status);
        if answer.status != 200 {
            assert!(answer.body.contains("sessions are open"), "{}", answer.body);
        }
    }
    assert!(statuses[..20].iter().all(|status| *status == 200) && statuses[29] == 503, "{statuses:?}");
}
