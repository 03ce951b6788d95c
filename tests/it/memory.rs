//! The one budget for what clients make the server hold: results that nobody reads, cursors that are read in part, sorts, and
//! statements that are refused before they are read.

use std::net::SocketAddr;

use nebulusdb::types::limits::{NUMBER_CHARACTERS_MAX, STATEMENT_BLANKS_MAX, STATEMENT_BYTES_MAX};

use crate::client::{Client, put_parse};
use crate::harness::{Launch, Server};
use crate::health::{get, number, page_of};

/// The server's budget.
const MEMORY_MB: &str = "64";
const BUDGET_BYTES: u64 = 64 * 1024 * 1024;
/// Clients that together want more than the budget, each of them less.
const CLIENTS: usize = 16;
/// Rows of a megabyte each, which nobody reads.
const LONG_ROWS: &str = "SELECT repeat('x', 1000000) FROM generate_series(1, 1000)";

fn start() -> (tempfile::TempDir, Server, SocketAddr) {
    let directory = tempfile::tempdir().expect("a directory");
    let launch = Launch::on(&directory.path().join("data"));
    let server = launch.with(&["--admin", "127.0.0.1:0", "--memory-mb", MEMORY_MB]).start();
    let page = page_of(&server);
    (directory, server, page)
}

fn held(page: SocketAddr) -> u64 {
    number(&get(page, "/metrics").1, "nebulusdb_client_memory_bytes")
}

/// Waits until the server has noticed what its clients have done.
fn wait_until_held(page: SocketAddr, is_so: impl Fn(u64) -> bool) {
    for _ in 0..20_000 {
        if is_so(held(page)) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the clients hold {} bytes", held(page));
}

#[test]
fn results_that_nobody_reads_are_in_the_budget() {
    let (_directory, server, page) = start();
    let mut silent: Vec<Client> = Vec::new();
    let before = held(page);
    let mut client = server.client();
    client.send_query(LONG_ROWS).expect("it is sent");
    wait_until_held(page, |bytes| bytes > before + 4_000_000);
    silent.push(client);
    for _ in 1..CLIENTS {
        let mut client = server.client();
        client.send_query(LONG_ROWS).expect("it is sent");
        silent.push(client);
        assert!(held(page) <= BUDGET_BYTES);
        // Short statements go on beside them.
        assert_eq!(server.client().value("SELECT sum(n) FROM generate_series(1, 4) n"), "10");
    }
    drop(silent);
    wait_until_held(page, |bytes| bytes <= before);
    assert_eq!(server.client().value(&format!("SELECT count(*) FROM ({LONG_ROWS}) t")), "1000");
}

#[test]
fn cursors_that_are_read_in_part_hold_what_is_counted() {
    let (_directory, server, page) = start();
    let before = held(page);
    let mut open: Vec<Client> = Vec::new();
    let declare = format!("BEGIN; DECLARE c CURSOR FOR {LONG_ROWS}; FETCH 1 FROM c");
    let refused = loop {
        assert!(open.len() < CLIENTS, "{CLIENTS} cursors hold {} bytes", held(page));
        let mut client = server.client();
        let reply = client.query(&declare);
        if let Some(failure) = reply.failure() {
            break failure.clone();
        }
        open.push(client);
        assert!(held(page) <= BUDGET_BYTES);
    };
    assert_eq!(refused.code, "53200");
    assert!(!open.is_empty());
    drop(open);
    wait_until_held(page, |bytes| bytes <= before);
}

#[test]
fn what_one_statement_makes_is_in_the_budget() {
    let (_directory, server, page) = start();
    let before = held(page);
    let mut client = server.client();
    for text in [
        // What functions make for one batch.
        "SELECT length(repeat('x', 100000 + n::int)) FROM generate_series(1, 1000) n",
        "SELECT length(replace(repeat('x', 10000 + n::int), 'x', 'yyyy')) FROM generate_series(1, 1000) n",
        "SELECT length(a || a || a || a || a) FROM (SELECT repeat('x', 8000 + n::int) a FROM generate_series(1, 1000) n) t",
        "SELECT repeat('x', 60000 + n::int) FROM generate_series(1, 1000) n",
        // What a join of the planner holds.
        "SELECT count(*) FROM (SELECT repeat('x', 1000) || n AS t FROM generate_series(1, 100000) n) a \
         JOIN (SELECT repeat('x', 1000) || n AS t FROM generate_series(1, 100000) n) b ON a.t = b.t",
    ] {
        assert_eq!(client.error(text).code, "53200", "{text}");
        assert_eq!(client.value("SELECT 1"), "1");
    }
    client.run("CREATE TABLE t (id int PRIMARY KEY, a text)");
    for from in [1, 26, 51, 76] {
        client
            .run(&format!("INSERT INTO t SELECT n, repeat('x', 500000) FROM generate_series({from}, {}) n", from + 24));
    }
    // A sort holds its rows; a scan in the order of the key does not.
    assert_eq!(client.error("SELECT a FROM t ORDER BY a, id").code, "53200");
    assert_eq!(client.column("SELECT a FROM t ORDER BY id").len(), 100);
    client.run("BEGIN; DECLARE c CURSOR FOR SELECT a FROM t ORDER BY id");
    assert_eq!(client.error("FETCH 100 FROM c").code, "53200");
    client.run("ROLLBACK");
    drop(client);
    wait_until_held(page, |bytes| bytes <= before);
}

/// Of numbers, each of which is an expression of the plan.
fn long_list(numbers: usize) -> String {
    let list: Vec<String> = (0..numbers).map(|number| (number * 7).to_string()).collect();
    format!("SELECT repeat('x', 1000) FROM generate_series(1, 1000000) n WHERE n NOT IN ({})", list.join(","))
}

#[test]
fn what_a_long_statement_is_made_of_is_in_the_budget() {
    let (_directory, server, page) = start();
    let before = held(page);
    let text = long_list(8_000);
    let mut silent: Vec<Client> = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = server.client();
        client.send_query(&text).expect("it is sent");
        silent.push(client);
        assert!(held(page) <= BUDGET_BYTES);
    }
    // Its text, its tree and its plan, of those that are served.
    wait_until_held(page, |bytes| bytes > before + 10_000_000);
    assert_eq!(server.client().value("SELECT sum(n) FROM generate_series(1, 4) n"), "10");
    assert!(held(page) <= BUDGET_BYTES);
    drop(silent);
    wait_until_held(page, |bytes| bytes <= before);
    // One that is too long for all there is, is refused before it is planned, and the connection goes on.
    let mut client = server.client();
    let refused = client.error(&long_list(200_000));
    assert_eq!(refused.code, "53200");
    assert!(refused.hint.is_some_and(|hint| hint.contains("memory_mb")));
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn a_long_text_of_which_little_is_made_is_no_reason_to_refuse_it() {
    let (_directory, server, _) = start();
    let mut client = server.client();
    for text in [
        // At most these would make 200 MB.
        "SELECT length(regexp_replace(repeat('a', 1000000), 'b', repeat('c', 200), 'g'))",
        "SELECT length(replace(repeat('a', 1000000), 'b', repeat('c', 200)))",
        "SELECT length(replace(repeat('a', 1000000), 'a', 'b'))",
    ] {
        assert_eq!(client.value(text), "1000000", "{text}");
    }
    assert_eq!(client.error("SELECT length(replace(repeat('a', 1000000), 'a', repeat('c', 200)))").code, "53200");
}

#[test]
fn statements_over_their_limits_leave_the_connection_usable() {
    let server = Server::start();
    let mut client = server.client();
    let long = format!("SELECT 1 /*{}*/", "x".repeat(STATEMENT_BYTES_MAX + 2 * 1024 * 1024));
    assert_eq!(client.error(&long).code, "54000");
    assert_eq!(client.value("SELECT 1"), "1");
    let mut parse = Vec::new();
    put_parse(&mut parse, &long);
    client.write(&parse).expect("it is sent");
    client.send(b'S', &[]).expect("it is sent");
    let reply = client.read_reply().expect("an answer");
    assert_eq!(reply.failure().expect("it is refused").code, "54000");
    assert_eq!(client.value("SELECT 1"), "1");
    assert_eq!(client.error(&format!("SELECT 1{}", "0".repeat(NUMBER_CHARACTERS_MAX))).code, "22003");
    assert_eq!(client.error(&format!("SELECT 1{}", " ".repeat(STATEMENT_BLANKS_MAX + 1))).code, "54000");
    let comment = format!("SELECT 1 /*{}*/", " ".repeat(STATEMENT_BLANKS_MAX + 1));
    assert_eq!(client.value(&comment), "1");
}
