//! Portals of the wire and cursors of SQL under one set of names, as PostgreSQL 18 has them.

use crate::client::{Client, put_message, put_parse};
use crate::harness::Server;
use crate::wire::shape;

/// The query of most portals here.
const FIVE: &str = "SELECT g FROM generate_series(1, 5) g";

/// One thing that a client sends.
enum Step<'a> {
    /// A simple query.
    Query(&'a str),
    /// Parse and Bind of a statement to a portal.
    Bind(&'a str, &'a str),
    Execute(&'a str, i32),
    Describe(&'a str),
    Close(&'a str),
    Sync,
}

/// What the server answers to steps up to each `Sync` and each query, as [`shape`] writes it.
fn play(client: &mut Client, steps: &[Step]) -> Vec<String> {
    let (mut answers, mut messages) = (Vec::new(), Vec::new());
    for step in steps {
        let named = |before: &str, name: &str| format!("{before}{name}\0").into_bytes();
        let is_end = match step {
            Step::Query(text) => {
                put_message(&mut messages, b'Q', &named("", text));
                true
            }
            Step::Bind(portal, text) => {
                put_parse(&mut messages, text);
                let mut body = named("", portal);
                body.extend_from_slice(&[0; 7]);
                put_message(&mut messages, b'B', &body);
                false
            }
            Step::Execute(portal, rows_max) => {
                let mut body = named("", portal);
                body.extend_from_slice(&rows_max.to_be_bytes());
                put_message(&mut messages, b'E', &body);
                false
            }
            Step::Describe(portal) => {
                put_message(&mut messages, b'D', &named("P", portal));
                false
            }
            Step::Close(portal) => {
                put_message(&mut messages, b'C', &named("P", portal));
                false
            }
            Step::Sync => {
                put_message(&mut messages, b'S', &[]);
                true
            }
        };
        if is_end {
            client.write(&std::mem::take(&mut messages)).expect("sent");
            answers.push(shape(client));
        }
    }
    answers
}

fn check(server: &Server, steps: &[Step], expected: &[&str]) {
    let mut client = server.client();
    client.run("BEGIN");
    assert_eq!(play(&mut client, steps), expected);
}

#[test]
fn fetch_reads_on_in_a_portal_of_the_wire() {
    use Step::{Bind, Describe, Execute, Query, Sync};
    let server = Server::start();
    let steps = [
        Bind("p", FIVE),
        Sync,
        Query("FETCH 2 FROM p"),
        Execute("p", 1),
        Sync,
        Query("FETCH ALL FROM p"),
        Query("FETCH 1 FROM p"),
        Execute("p", 0),
        Sync,
        Query("SELECT * FROM pg_cursors WHERE name = 'p' AND NOT is_holdable"),
        Query("CLOSE p"),
        Execute("p", 0),
        Sync,
    ];
    let expected = [
        "1 2 ZT",
        "T D2 C:FETCH 2 ZT",
        "D1 s ZT",
        "T D2 C:FETCH 2 ZT",
        "T C:FETCH 0 ZT",
        "C:SELECT 0 ZT",
        "T D1 C:SELECT 1 ZT",
        "C:CLOSE CURSOR ZT",
        "E:34000 ZE",
    ];
    check(&server, &steps, &expected);
    let steps = [Bind("p", FIVE), Execute("p", 2), Sync, Query("FETCH 2 FROM p"), Execute("p", 0), Sync];
    check(&server, &steps, &["1 2 D2 s ZT", "T D2 C:FETCH 2 ZT", "D1 C:SELECT 1 ZT"]);
    let cursor = Query("DECLARE c CURSOR FOR SELECT g FROM generate_series(1, 5) g");
    let steps = [cursor, Describe("c"), Execute("c", 2), Execute("c", 2), Sync, Query("FETCH ALL FROM c")];
    check(&server, &steps, &["C:DECLARE CURSOR ZT", "T D2 s D2 s ZT", "T D1 C:FETCH 1 ZT"]);
}

#[test]
fn a_name_is_that_of_one_portal() {
    use Step::{Bind, Close, Execute, Query, Sync};
    let server = Server::start();
    let cursor = || Query("DECLARE c CURSOR FOR SELECT 1");
    check(&server, &[cursor(), Bind("c", FIVE), Sync], &["C:DECLARE CURSOR ZT", "1 E:42P03 ZE"]);
    check(&server, &[Bind("c", FIVE), Sync, cursor()], &["1 2 ZT", "E:42P03 ZE"]);
    let steps = [Bind("p", FIVE), Sync, Query("CLOSE ALL"), Execute("p", 0), Sync];
    check(&server, &steps, &["1 2 ZT", "C:CLOSE CURSOR ALL ZT", "E:34000 ZE"]);
    let steps = [cursor(), Close("c"), Sync, Query("FETCH 1 FROM c")];
    check(&server, &steps, &["C:DECLARE CURSOR ZT", "3 ZT", "E:34000 ZE"]);
}

#[test]
fn a_portal_ends_with_what_it_was_opened_in() {
    use Step::{Bind, Execute, Query, Sync};
    let server = Server::start();
    let steps = [Bind("p", FIVE), Bind("", "COMMIT"), Execute("", 0), Execute("p", 0), Sync];
    check(&server, &steps, &["1 2 1 2 C:COMMIT E:34000 ZI"]);
    let steps = [Query("SAVEPOINT s"), Bind("p", FIVE), Sync, Query("ROLLBACK TO SAVEPOINT s"), Execute("p", 0), Sync];
    check(&server, &steps, &["C:SAVEPOINT ZT", "1 2 ZT", "C:ROLLBACK ZT", "E:34000 ZE"]);
    let steps = [Bind("p", FIVE), Execute("p", 1), Sync, Query("SELECT nothing"), Execute("p", 0), Sync];
    check(&server, &steps, &["1 2 D1 s ZT", "E:42703 ZE", "E:25P02 ZE"]);
    let mut client = server.client();
    assert_eq!(play(&mut client, &[Bind("p", FIVE), Sync, Execute("p", 0), Sync]), ["1 2 ZI", "E:34000 ZI"]);
    let held = Query("DECLARE h CURSOR WITH HOLD FOR SELECT g FROM generate_series(1, 5) g");
    let steps = [held, Bind("h", FIVE), Sync, Execute("h", 2), Sync, Query("CLOSE ALL"), Execute("h", 0), Sync];
    let expected = ["C:DECLARE CURSOR ZI", "1 E:42P03 ZI", "D2 s ZI", "C:CLOSE CURSOR ALL ZI", "E:34000 ZI"];
    assert_eq!(play(&mut client, &steps), expected);
}

#[test]
fn fetch_takes_the_rows_that_a_statement_gives() {
    use Step::{Bind, Query, Sync};
    let server = Server::start();
    server.client().run("CREATE TABLE t (a int)");
    let steps = [Bind("p", "INSERT INTO t VALUES (1) RETURNING a"), Sync, Query("FETCH 1 FROM p")];
    check(&server, &steps, &["1 2 ZT", "T D1 C:FETCH 1 ZT"]);
    check(&server, &[Bind("p", "SHOW timezone"), Sync, Query("FETCH 1 FROM p")], &["1 2 ZT", "T D1 C:FETCH 1 ZT"]);
    // PostgreSQL says XX000: unsupported portal strategy.
    let steps = [Bind("p", "INSERT INTO t VALUES (1)"), Sync, Query("FETCH 1 FROM p")];
    check(&server, &steps, &["1 2 ZT", "E:0A000 ZE"]);
}

#[test]
fn the_tag_of_a_statement_that_gives_rows_counts_those_of_the_last_step() {
    use Step::{Bind, Execute, Sync};
    let server = Server::start();
    server.client().run("CREATE TABLE t (a int)");
    let insert = "INSERT INTO t SELECT g FROM generate_series(1, 5) g RETURNING a";
    let steps = [Bind("p", insert), Execute("p", 2), Execute("p", 2), Execute("p", 2), Sync];
    check(&server, &steps, &["1 2 D2 s D2 s D1 C:INSERT 0 1 ZT"]);
    let steps = [Bind("p", insert), Execute("p", 5), Execute("p", 5), Sync];
    check(&server, &steps, &["1 2 D5 s C:INSERT 0 0 ZT"]);
    check(&server, &[Bind("p", insert), Execute("p", 0), Sync], &["1 2 D5 C:INSERT 0 5 ZT"]);
}
