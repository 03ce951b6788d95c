//! The page for supervisors and scrapers: what it counts, and that nobody holds it up.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::harness::{Launch, Server};

/// Clients of the page that say nothing.
const SILENT: usize = 20;
/// More of them than the page has places.
const SILENT_MANY: usize = 300;

fn start() -> (tempfile::TempDir, Server, SocketAddr) {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Launch::on(&directory.path().join("data")).with(&["--admin", "127.0.0.1:0"]).start();
    let address = page_of(&server);
    (directory, server, address)
}

/// Where a server that was started with a page has it.
pub fn page_of(server: &Server) -> SocketAddr {
    let log = server.log();
    let address = log.lines().find_map(|line| line.split_once("health and metrics page")?.1.split("address=").nth(1));
    address.unwrap_or_else(|| panic!("no address: {log}")).trim().parse().expect("an address")
}

/// The status line and the body of a page.
pub fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("the page is served");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().expect("a status").to_string(), body.to_string())
}

/// A figure of the metrics.
pub fn number(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}:\n{page}")).parse().expect("a number")
}

#[test]
fn what_is_counted_has_happened() {
    let (_directory, server, address) = start();
    let before = get(address, "/metrics").1;
    let mut client = server.client();
    client.run("SELECT 1; SELECT 2");
    client.run_with("SELECT $1::text", &["x"]);
    client.error("SELECT nothing");
    let after = get(address, "/metrics").1;
    let grown = |name: &str| number(&after, name) - number(&before, name);
    assert_eq!(grown("nebulusdb_connections_total"), 1);
    assert_eq!(grown("nebulusdb_statements_total"), 3);
    assert_eq!(grown("nebulusdb_errors_total"), 1);
    assert_eq!(grown("nebulusdb_clients"), 1);
    assert!(number(&after, "nebulusdb_client_memory_bytes_max") > 0);
}

#[test]
fn silent_clients_hold_nobody_up() {
    let (_directory, _server, address) = start();
    let mut silent: Vec<TcpStream> =
        (0..SILENT).map(|_| TcpStream::connect(address).expect("the page is served")).collect();
    assert_eq!(get(address, "/healthz"), ("HTTP/1.1 200 OK".to_string(), "ok\n".to_string()));
    for stream in &mut silent {
        stream.set_nonblocking(true).expect("a socket");
        let read = stream.read(&mut [0]);
        assert!(matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock), "answered behind them: {read:?}");
    }
    assert_eq!(get(address, "/nothing").0, "HTTP/1.1 404 Not Found");
}

/// Whether the page has closed a connection that it did not answer.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    match stream.read(&mut [0]) {
        Ok(0) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
        Ok(_) => panic!("an answer to nothing"),
    }
}

#[test]
fn more_silent_clients_than_places_are_sent_away_for_those_that_ask() {
    let (_directory, _server, address) = start();
    let connect = || TcpStream::connect(address).expect("the page is served");
    let mut silent: Vec<TcpStream> = (0..SILENT_MANY).map(|_| connect()).collect();
    assert_eq!(get(address, "/healthz").1, "ok\n");
    assert_eq!(get(address, "/metrics").0, "HTTP/1.1 200 OK");
    assert!(is_closed(&mut silent[0]), "the oldest has gone");
    let open = silent.iter_mut().rev().map(is_closed).take_while(|closed| !closed).count();
    assert!(open > SILENT_MANY % 64, "the newest have not: nobody waited for their time to be over: {open}");
}
