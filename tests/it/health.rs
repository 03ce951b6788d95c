//! The page for supervisors and scrapers: what it counts, and that nobody holds it up.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::full_disk::SmallDisk;
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

/// Where a server that was started with a page has it. Its log goes on from that of servers before it.
pub fn page_of(server: &Server) -> SocketAddr {
    let log = server.log();
    let mut lines = log.lines().rev();
    let address = lines.find_map(|line| line.split_once("health and metrics page")?.1.split("address=").nth(1));
    address.unwrap_or_else(|| panic!("no address: {log}")).trim().parse().expect("an address")
}

/// The status line and the body of a page.
pub fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("the page is served");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request is sent");
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

/// Before the first flush everything lies in the log: that is on disk as well.
#[test]
fn the_store_is_as_large_as_its_files_from_the_beginning() {
    let (_directory, server, address) = start();
    let store_bytes = || number(&get(address, "/metrics").1, "nebulusdb_store_bytes");
    let before = store_bytes();
    assert!(before > 0);
    let mut client = server.client();
    client.run("CREATE TABLE large (id int PRIMARY KEY, body text)");
    client.run("INSERT INTO large SELECT i, repeat(md5(i::text), 1024) FROM generate_series(1, 64) AS g(i)");
    assert!(store_bytes() >= before + 64 * 32 * 1024, "{before}, {}", store_bytes());
    let told: u64 = client.value("SELECT pg_database_size(current_database())").parse().expect("a number");
    assert!(told >= before + 64 * 32 * 1024, "{told}");
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

/// What the page answers to a request as it stands.
fn answer(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the page is served");
    stream.write_all(request.as_bytes()).expect("a request is sent");
    let mut answer = Vec::new();
    // Where it was refused before it was read, the connection may end with a reset behind the answer.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn requests_are_bounded_and_a_connection_serves_several() {
    let (_directory, _server, address) = start();
    let two = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let both = answer(address, two);
    assert!(both.starts_with("HTTP/1.1 200 OK") && both.contains("\r\n\r\nready\nHTTP/1.1 200 OK"), "{both}");
    assert!(both.ends_with("\r\n\r\nok\n"), "{both}");
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024));
    assert!(answer(address, &long).starts_with("HTTP/1.1 431 "));
    let large = "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n";
    assert!(answer(address, large).starts_with("HTTP/1.1 413 "));
    let other = "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(answer(address, other).starts_with("HTTP/1.1 405 "));
    assert_eq!(get(address, "/healthz").1, "ok\n");
}

#[test]
fn latencies_are_counted_by_kind_and_nothing_of_a_users_is_shown() {
    let (_directory, server, address) = start();
    let before = get(address, "/metrics").1;
    let mut client = server.client();
    client.run("CREATE TABLE hushbook (id int PRIMARY KEY, hushtitle text, v vector(2))");
    client.run("CREATE INDEX hushindex ON hushbook USING hnsw (v vector_l2_ops)");
    client.run("INSERT INTO hushbook VALUES (1, 'hush', '[1,2]'), (2, 'hush', '[2,1]')");
    client.run_with("SELECT id FROM hushbook ORDER BY v <-> $1 LIMIT 1", &["[1,1]"]);
    client.run("GET MEMORY SIMILAR TO [1, 2] LIMIT 1");
    client.run("UPDATE hushbook SET hushtitle = 'x' WHERE id = 1; DELETE FROM hushbook WHERE id = 2");
    client.error("SELECT 1 / (id - id) FROM hushbook");
    let after = get(address, "/metrics").1;
    let grown = |name: &str| number(&after, name) - number(&before, name);
    for (kind, count) in [("define", 2), ("insert", 1), ("nearest", 2), ("update", 1), ("delete", 1), ("select", 1)] {
        assert_eq!(grown(&format!("nebulusdb_statement_seconds_count{{kind=\"{kind}\"}}")), count, "{kind}");
        let all = format!("nebulusdb_statement_seconds_bucket{{kind=\"{kind}\",le=\"+Inf\"}}");
        assert_eq!(grown(&all), count, "{kind}");
    }
    assert_eq!(grown("nebulusdb_nearest_seconds_count"), 2);
    assert!(grown("nebulusdb_commit_seconds_count") >= 4);
    assert_eq!(grown("nebulusdb_batch_write_seconds_count"), grown("nebulusdb_batches_total"));
    // MEMORY has one from the start.
    assert_eq!((number(&after, "nebulusdb_graphs"), number(&after, "nebulusdb_graphs_building")), (2, 0));
    assert!(number(&after, "nebulusdb_graph_vectors") >= 1);
    assert!(number(&after, "nebulusdb_disk_free_bytes") > 0);
    assert!(number(&after, "process_resident_memory_bytes") > 1024 * 1024);
    for name in ["nebulusdb_ready", "nebulusdb_healthy"] {
        assert_eq!(number(&after, name), 1, "{name}");
    }
    for name in ["nebulusdb_sync_behind_deltas", "nebulusdb_sync_peers", "nebulusdb_sync_quarantined"] {
        assert_eq!(number(&after, name), 0, "{name}");
    }
    assert!(!after.contains("hush"), "{after}");
}

#[test]
fn a_disk_without_room_is_no_healthy_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let test = "a_disk_without_room_is_no_healthy_one";
    let Some(disk) = SmallDisk::mount(test, &directory.path().join("disk"), 640) else { return };
    let server = Launch::on(&disk.0.join("data")).with(&["--admin", "127.0.0.1:0"]).start();
    let address = page_of(&server);
    assert_eq!(get(address, "/healthz").1, "ok\n");
    disk.fill();
    let (status, body) = get(address, "/healthz");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(body.contains("disk: ") && body.contains("free some space"), "{body}");
    assert_eq!(number(&get(address, "/metrics").1, "nebulusdb_healthy"), 0);
    assert_eq!(get(address, "/readyz").1, "ready\n", "it still serves");
}

/// Two nodes of one machine: the second one goes on without pages, unless it was told where to have them.
#[test]
fn a_taken_port_costs_the_pages_only_where_nobody_chose_it() {
    let directory = tempfile::tempdir().expect("a directory");
    // Where this fails, somebody else has the port, which is as good.
    let _taken = TcpListener::bind("127.0.0.1:8433");
    let mut launch = Launch::on(&directory.path().join("data"));
    launch.has_default_pages = true;
    let server = launch.start();
    let log = server.log();
    assert!(log.contains("this node has no health and metrics page") && log.contains("--admin HOST:PORT"), "{log}");
    assert_eq!(server.client().value("SELECT 1"), "1");
    drop(server);
    let refused = Launch::on(&directory.path().join("data")).with(&["--admin", "127.0.0.1:8433"]).try_start();
    let said = refused.err().expect("a place that somebody chose is another matter");
    assert!(said.contains("cannot listen on 127.0.0.1:8433") && said.contains("with --admin"), "{said}");
}
