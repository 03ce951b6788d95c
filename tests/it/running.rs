//! What a running statement may do to others, and what ends it: waits, cancels, clients that go away, limits, the end of the
//! server.

use std::net::SocketAddr;

use crate::client::{Answer, Client};
use crate::harness::Server;

/// The code of a cancel request.
const CANCEL_REQUEST: i32 = 80_877_102;
/// More than a machine has threads for relational work.
const WAITING: usize = 12;

fn cancel(address: SocketAddr, backend_key: &[u8]) {
    let mut request = Client::open(address).expect("a server listens");
    let mut body = CANCEL_REQUEST.to_be_bytes().to_vec();
    body.extend_from_slice(backend_key);
    request.send_untagged(&body).expect("the request is sent");
    // The server closes without an answer.
    assert!(request.read_message().is_err());
}

fn sqlstate(client: &mut Client, text: &str) -> String {
    client.error(text).code
}

#[test]
fn statements_that_wait_hold_up_nobody() {
    let server = Server::start();
    let mut holder = server.client();
    holder.run("SELECT pg_advisory_lock(1)");
    let mut waiting: Vec<Client> = (0..WAITING).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send_query("SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1)").expect("it is sent");
    }
    let mut sleeping: Vec<Client> = (0..WAITING).map(|_| server.client()).collect();
    for client in &mut sleeping {
        client
            .send_query("SELECT pg_sleep(3600) FROM generate_series(1, 2) UNION ALL SELECT pg_sleep(3600)")
            .expect("it is sent");
    }
    for _ in 0..20 {
        let count = "SELECT count(*) FROM generate_series(1, 100) a JOIN generate_series(1, 50) b ON a = b";
        assert_eq!(holder.value(count), "50");
        assert_eq!(server.client().value("SELECT sum(n) FROM generate_series(1, 4) n"), "10");
    }
    assert_eq!(holder.value("SELECT pg_advisory_unlock(1)"), "t");
    for client in &mut waiting {
        let reply = client.read_reply().expect("the lock comes round");
        assert!(reply.failure().is_none(), "{reply:?}");
    }
    for client in &sleeping {
        cancel(server.address, &client.backend_key);
    }
    for client in &mut sleeping {
        let reply = client.read_reply().expect("it is cancelled");
        assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    }
}

#[test]
fn statements_that_wait_for_rows_hold_up_nobody() {
    let server = Server::start();
    let mut holder = server.client();
    holder.run("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)");
    holder.run("BEGIN; UPDATE t SET n = 1000 WHERE id = 1");
    let mut waiting: Vec<Client> = (0..WAITING).map(|_| server.client()).collect();
    for (at, client) in waiting.iter_mut().enumerate() {
        // One finds its row by the key, one by a scan that leaves the async threads, one by the planner.
        let condition = ["id = 1", "n >= 0", "id IN (SELECT max(id) FROM t)"][at % 3];
        client.send_query(&format!("UPDATE t SET n = n + 1 WHERE {condition}")).expect("it is sent");
    }
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let all = WAITING.to_string();
    while server.client().value(blocked) != all {
        let count = "SELECT count(*) FROM generate_series(1, 100) a JOIN generate_series(1, 50) b ON a = b";
        assert_eq!(server.client().value(count), "50");
    }
    assert_eq!(server.client().value("SELECT count(*) FROM pg_locks WHERE NOT granted"), all);
    let last = waiting.last_mut().expect("some wait");
    cancel(server.address, &last.backend_key);
    let reply = last.read_reply().expect("it is cancelled");
    assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    holder.run("COMMIT");
    for client in waiting.iter_mut().take(WAITING - 1) {
        let reply = client.read_reply().expect("its turn comes");
        assert!(reply.failure().is_none(), "{reply:?}");
    }
    assert_eq!(holder.value("SELECT n FROM t"), (1000 + WAITING - 1).to_string());
    assert_eq!(holder.value("SELECT count(*) FROM pg_locks"), "0");
}

#[test]
fn a_client_that_goes_away_ends_its_statement() {
    let server = Server::start();
    let mut stays = server.client();
    stays.run("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 5) n");
    for (lock, text) in [
        "SELECT pg_sleep(3600)",
        "SELECT pg_advisory_lock(100)",
        "UPDATE t SET a = pg_sleep(3600)::text WHERE id > 2",
        "COPY (SELECT pg_sleep(3600)) TO STDOUT",
        // What lies behind it must not hide that the client has gone.
        "SELECT pg_sleep(3600); SELECT 1; SELECT 2",
    ]
    .iter()
    .enumerate()
    {
        stays.run("SELECT pg_advisory_lock(100)");
        let mut goes = server.client();
        goes.run(&format!("SELECT pg_advisory_lock({lock})"));
        goes.send_query(text).expect("it is sent");
        drop(goes);
        // Given up with its session.
        stays.run(&format!("SELECT pg_advisory_lock({lock})"));
        stays.run("SELECT pg_advisory_unlock_all()");
    }
}

#[test]
fn every_wait_ends_with_the_timeout() {
    let server = Server::start();
    let mut holder = server.client();
    holder.run("SELECT pg_advisory_lock(1)");
    let mut client = server.client();
    client
        .run("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 50) n");
    client.run("SET statement_timeout = '100ms'");
    for text in [
        "SELECT pg_sleep(3600)",
        "SELECT id, pg_sleep(3600) FROM t",
        "SELECT id FROM t WHERE pg_sleep(3600) IS NOT NULL",
        "SELECT count(*) FROM t GROUP BY pg_sleep(3600)::text",
        "SELECT a.id FROM t a JOIN t b ON a.id = b.id AND pg_sleep(3600)::text = b.a",
        "INSERT INTO t SELECT 100 + id, pg_sleep(3600)::text FROM t",
        "INSERT INTO t VALUES (1000, pg_sleep(3600)::text)",
        "UPDATE t SET a = pg_sleep(3600)::text",
        "DELETE FROM t WHERE pg_sleep(3600) IS NOT NULL",
        "COPY (SELECT pg_sleep(3600) FROM t) TO STDOUT",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_advisory_xact_lock(1) FROM t",
        "EXPLAIN ANALYZE SELECT pg_sleep(3600)",
    ] {
        assert_eq!(sqlstate(&mut client, text), "57014", "{text}");
    }
    client.run("SET statement_timeout = 0");
    assert_eq!(client.value("SELECT count(*) FROM t WHERE a = 'x'"), "50");
}

#[test]
fn long_computations_hold_up_no_short_one_and_are_cancelled() {
    let server = Server::start();
    let mut long: Vec<Client> = (0..6).map(|_| server.client()).collect();
    let text = "SELECT sum(a.n * b.n) FROM generate_series(1, 1000000) a(n), generate_series(1, 1000000) b(n)";
    for client in &mut long {
        client.send_query(text).expect("it is sent");
    }
    for _ in 0..5 {
        assert_eq!(server.client().value("SELECT count(*) FROM generate_series(1, 1000) n WHERE n % 2 = 0"), "500");
    }
    for client in &long {
        cancel(server.address, &client.backend_key);
    }
    for client in &mut long {
        let reply = client.read_reply().expect("it is cancelled");
        assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    }
}

#[test]
fn changes_of_a_large_table_hold_up_nobody_and_are_cancelled() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT n FROM generate_series(1, 50000) n");
    let mut changing: Vec<Client> = (0..WAITING).map(|_| server.client()).collect();
    for client in &mut changing {
        client.send_query("ALTER TABLE t ADD COLUMN a int DEFAULT 7").expect("it is sent");
    }
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'ALTER%'";
    let all = WAITING.to_string();
    assert!((0..10_000).any(|_| client.value(running) == all), "nobody else is served before some of them have ended");
    for client in &changing {
        cancel(server.address, &client.backend_key);
    }
    for client in &mut changing {
        let reply = client.read_reply().expect("it is cancelled");
        assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    }
}

#[test]
fn results_that_no_memory_holds_are_refused_and_change_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, n int)");
    for text in [
        "SELECT length(string_agg(repeat('x', 10000000), ',')) FROM generate_series(1, 220)",
        "INSERT INTO t SELECT 1, length(string_agg(repeat('x', 10000000), ',')) FROM generate_series(1, 220)",
        "INSERT INTO t VALUES (1, (SELECT length(string_agg(repeat('x', 10000000), ',')) FROM generate_series(1, 220)))",
        "SELECT length(regexp_replace(repeat('a', 1000000), 'a', repeat('b', 10000), 'g'))",
        "SELECT length(replace(repeat('a', 1000000), 'a', repeat('b', 10000)))",
        "SELECT length(concat(r, r, r, r, r, r, r, r, r, r, r, r, r, r, r, r, r)) FROM (SELECT repeat('x', 16000000) AS r) AS s",
        "SELECT length(s || s) FROM (SELECT r || r || r || r || r || r || r || r || r AS s FROM (SELECT repeat('x', 16000000) AS r) AS a) AS b",
        "SELECT array_length(array_repeat('a', 1000000000), 1)",
        "SELECT length(array_to_string(array_repeat('a', 1000000), repeat('b', 10000)))",
        "SELECT length(format(repeat('%1$s', 1000), repeat('x', 10000000)))",
    ] {
        // What aggregates hold is in the budget, which ends before a text may be no longer.
        let code = if text.contains("string_agg") { "53200" } else { "54000" };
        assert_eq!(sqlstate(&mut client, text), code, "{text}");
    }
    assert_eq!(client.value("SELECT count(*) FROM t"), "0");
    // What fits is computed, however many rows there are.
    assert_eq!(client.value("SELECT sum(length(repeat('x', 10000000))) FROM generate_series(1, 220)"), "2200000000");
    assert_eq!(client.value("SELECT length(regexp_replace(repeat('a', 100000), 'a', 'bbb', 'g'))"), "300000");
}

#[test]
fn wide_statements_are_refused_and_long_lists_are_not() {
    let server = Server::start();
    let mut client = server.client();
    let columns = |count: usize| format!("SELECT {}", vec!["1"; count].join(","));
    assert_eq!(client.rows(&columns(1664)).len(), 1);
    assert_eq!(sqlstate(&mut client, &columns(1665)), "54011");
    assert_eq!(sqlstate(&mut client, &columns(100_000)), "54011");
    assert_eq!(sqlstate(&mut client, &columns(400_000)), "53200", "the budget does not hold its plan");
    assert_eq!(sqlstate(&mut client, &columns(600_000)), "54000");
    assert_eq!(sqlstate(&mut client, &format!("SELECT concat({})", vec!["'a'"; 101].join(","))), "54023");
    let numbers: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    assert_eq!(client.value(&format!("SELECT 99999 IN ({})", numbers.join(","))), "t");
    let found = format!("SELECT count(*) FROM generate_series(99990, 100010) n WHERE n IN ({})", numbers.join(","));
    assert_eq!(client.value(&found), "10");
}

#[test]
fn planning_ends_with_the_timeout() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET statement_timeout = '1ms'");
    let numbers: Vec<String> = (0..200_000).map(|n| n.to_string()).collect();
    let text = format!("SELECT n FROM generate_series(1, 10) n WHERE n IN ({})", numbers.join(","));
    assert_eq!(sqlstate(&mut client, &text), "57014");
    let reply = client.run_with(&text, &[]);
    assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    client.run("SET statement_timeout = 0");
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn a_stop_ends_running_statements_and_closes_the_store() {
    let server = Server::start();
    let _idle = server.client();
    let mut busy = server.client();
    busy.run("CREATE TABLE t (id int PRIMARY KEY)");
    busy.run("BEGIN; INSERT INTO t VALUES (1)");
    busy.send_query("SELECT pg_sleep(5), 'it has slept'").expect("it is sent");
    server.terminate();
    let (kind, _) = std::iter::repeat_with(|| busy.read_message().expect("the client is told"))
        .find(|(kind, _)| *kind == b'E' || *kind == b'C')
        .expect("messages go on");
    assert_eq!(char::from(kind), 'E', "the statement is ended");
    assert!(server.stop_after_signal().success());
}

#[test]
fn an_answer_is_read_in_full_behind_a_slow_scan() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a text)");
    client.run("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n");
    // Many results that nobody reads on hold no threads that others need.
    client.run("BEGIN");
    for number in 0..40 {
        client.run(&format!("DECLARE c{number} CURSOR FOR SELECT a.id, b.a FROM t a JOIN t b ON a.id = b.id"));
        client.run(&format!("FETCH 1 FROM c{number}"));
    }
    assert_eq!(client.value("SELECT count(*) FROM t a JOIN t b ON a.id = b.id"), "20000");
    match client.query("FETCH ALL FROM c7").answers.pop() {
        Some(Answer::Rows { rows, .. }) => assert_eq!(rows.len(), 19_999),
        other => panic!("{other:?}"),
    }
}
