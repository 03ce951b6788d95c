//! The wire protocol as a client meets it: portals, cancelling, timeouts, failed transactions, and what no driver sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{Answer, Client, put_bind, put_message, put_parse};
use crate::harness::Server;

/// Rows of a result that does not fit into any buffer on its way.
const MANY_ROWS: usize = 200_000;
/// A statement that runs far longer than any test waits.
const LONG_STATEMENT: &str = "SELECT count(*) FROM generate_series(1, 100000) a(x), generate_series(1, 100000) b(x) \
                              WHERE a.x * b.x = -1";

fn execute(rows_max: i32) -> Vec<u8> {
    let mut body = vec![0];
    body.extend_from_slice(&rows_max.to_be_bytes());
    body
}

/// Types of the messages up to ReadyForQuery, runs of DataRow as `D<count>`, and the last command tag.
pub fn shape(client: &mut Client) -> String {
    let (mut shape, mut rows) = (Vec::new(), 0);
    loop {
        let (kind, body) = client.read_message().expect("the server answers");
        if kind == b'D' {
            rows += 1;
            continue;
        }
        if rows > 0 {
            shape.push(format!("D{}", std::mem::take(&mut rows)));
        }
        match kind {
            b'C' => shape.push(format!("C:{}", String::from_utf8_lossy(&body[..body.len() - 1]))),
            b'E' => {
                let text = String::from_utf8_lossy(&body);
                let code = text.split('\0').find_map(|field| field.strip_prefix('C')).unwrap_or_default();
                shape.push(format!("E:{code}"));
            }
            b'Z' => {
                shape.push(format!("Z{}", char::from(body[0])));
                return shape.join(" ");
            }
            kind => shape.push(char::from(kind).to_string()),
        }
    }
}

fn is_up(server: &Server) {
    assert_eq!(server.client().value("SELECT 1"), "1");
}

#[test]
fn a_portal_is_suspended_and_resumed() {
    let server = Server::start();
    let mut client = server.client();
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT * FROM generate_series(1, 5)");
    put_bind(&mut messages, &[]);
    for _ in 0..3 {
        put_message(&mut messages, b'E', &execute(2));
    }
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "1 2 D2 s D2 s D1 C:SELECT 1 ZI");
    // The portal ended with its transaction.
    let mut messages = Vec::new();
    put_message(&mut messages, b'E', &execute(2));
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "E:34000 ZI");
}

#[test]
fn a_portal_lives_as_long_as_its_block() {
    let server = Server::start();
    let mut client = server.client();
    client.run("BEGIN");
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT * FROM generate_series(1, 5)");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &execute(2));
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "1 2 D2 s ZT");
    let mut messages = Vec::new();
    put_message(&mut messages, b'E', &execute(0));
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "D3 C:SELECT 3 ZT");
}

#[test]
fn a_portal_of_an_open_name_is_a_duplicate_cursor() {
    let server = Server::start();
    let mut client = server.client();
    client.run("BEGIN");
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT 1");
    for _ in 0..2 {
        // Portal p of the unnamed statement, without parameters and formats.
        put_message(&mut messages, b'B', b"p\0\0\0\0\0\0\0\0");
    }
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "1 2 E:42P03 ZE");
}

#[test]
fn a_negative_row_limit_means_all_rows() {
    let server = Server::start();
    let mut client = server.client();
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT * FROM generate_series(1, 5)");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &execute(-7));
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "1 2 D5 C:SELECT 5 ZI");
}

#[test]
fn errors_skip_to_sync() {
    let server = Server::start();
    let mut client = server.client();
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT nonsense");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &execute(0));
    put_parse(&mut messages, "SELECT 1");
    put_message(&mut messages, b'S', &[]);
    put_parse(&mut messages, "SELECT 2");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &execute(0));
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "E:42703 ZI");
    assert_eq!(shape(&mut client), "1 2 D1 C:SELECT 1 ZI");
}

#[test]
fn statements_of_one_text_are_one_transaction() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int8 PRIMARY KEY, n int4)");
    client.send_query("INSERT INTO t VALUES (1, 1); SELECT n FROM t; INSERT INTO t VALUES (1, 2)").unwrap();
    assert_eq!(shape(&mut client), "C:INSERT 0 1 T D1 C:SELECT 1 E:23505 ZI");
    assert_eq!(client.value("SELECT count(*) FROM t"), "0");
    client.send_query("INSERT INTO t VALUES (1, 1); ; SELECT n FROM t; GET MEMORY LIMIT 1").unwrap();
    assert_eq!(shape(&mut client), "C:INSERT 0 1 T D1 C:SELECT 1 T C:SELECT 0 ZI");
    assert_eq!(client.value("SELECT count(*) FROM t"), "1");
    // Nothing runs when any of it is no statement.
    client.send_query("INSERT INTO t VALUES (2, 2); SELEC 1").unwrap();
    assert_eq!(shape(&mut client), "E:42601 ZI");
    client.send_query("").unwrap();
    assert_eq!(shape(&mut client), "I ZI");
    assert_eq!(client.value("SELECT count(*) FROM t"), "1");
}

#[test]
fn a_pipeline_is_one_transaction_until_sync() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int8 PRIMARY KEY)");
    let row = |id: &str| vec![Some(id.to_string())];
    let reply = client.run_each("INSERT INTO t VALUES ($1)", [row("1"), row("2"), row("1"), row("3")]);
    assert_eq!(reply.failure().map(|failure| failure.code.as_str()), Some("23505"));
    assert_eq!(client.value("SELECT count(*) FROM t"), "0");
    let reply = client.run_each("INSERT INTO t VALUES ($1)", [row("1"), row("2")]);
    assert!(reply.failure().is_none());
    assert_eq!(client.value("SELECT count(*) FROM t"), "2");
}

#[test]
fn a_failed_transaction_waits_for_its_end() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.query("BEGIN").status, 'T');
    client.run("CREATE TABLE t (id int8 PRIMARY KEY)");
    client.run("SAVEPOINT a");
    assert_eq!(client.query("SELECT nonsense").status, 'E');
    assert_eq!(client.error("SELECT 1").code, "25P02");
    assert_eq!(client.run_with("SELECT 1", &[]).failure().unwrap().code, "25P02");
    client.run("ROLLBACK TO SAVEPOINT a");
    assert_eq!(client.value("SELECT count(*) FROM t"), "0");
    assert_eq!(client.query("SELECT 1/0").status, 'E');
    assert_eq!(client.run("COMMIT"), "ROLLBACK");
    assert_eq!(client.error("SELECT * FROM t").code, "42P01");
    assert_eq!(client.query("SELECT 1").status, 'I');
}

#[test]
fn transactions_have_their_modes() {
    let server = Server::start();
    let (mut one, mut other) = (server.client(), server.client());
    one.run("CREATE TABLE t (id int8 PRIMARY KEY, n int4)");
    one.run("BEGIN READ ONLY");
    assert_eq!(one.error("INSERT INTO t VALUES (1, 1)").code, "25006");
    one.run("ROLLBACK");
    for (level, seen) in [("REPEATABLE READ", "0"), ("READ COMMITTED", "1")] {
        one.run("DELETE FROM t");
        one.run(&format!("BEGIN ISOLATION LEVEL {level}"));
        assert_eq!(one.value("SELECT count(*) FROM t"), "0");
        other.run("INSERT INTO t VALUES (1, 1)");
        assert_eq!(one.value("SELECT count(*) FROM t"), seen, "{level}");
        one.run("COMMIT");
    }
    one.run("BEGIN ISOLATION LEVEL SERIALIZABLE");
    assert_eq!(one.query("BEGIN").notices[0].code, "25001");
    assert_eq!(one.value("SELECT n FROM t WHERE id = 1"), "1");
    other.run("UPDATE t SET n = 6 WHERE id = 1");
    one.run("INSERT INTO t VALUES (2, 2)");
    assert_eq!(one.error("COMMIT").code, "40001");
    assert_eq!(one.value("SELECT n FROM t"), "6");
    assert_eq!(one.query("COMMIT").notices[0].code, "25P01");
}

#[test]
fn settings_follow_their_transaction() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET application_name = 'a'");
    assert_eq!(client.parameters["application_name"], "a");
    client.run("BEGIN");
    client.run("SET LOCAL application_name = 'b'");
    assert_eq!(client.value("SHOW application_name"), "b");
    client.run("COMMIT");
    assert_eq!(client.parameters["application_name"], "a");
    client.run("BEGIN; SET application_name = 'c'; ROLLBACK");
    assert_eq!(client.value("SHOW application_name"), "a");
    assert_eq!(client.error("SHOW nonsense").code, "42704");
    assert_eq!(client.error("SET nonsense = 1").code, "42704");
}

#[test]
fn prepared_statements_notice_a_changed_table() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int8 PRIMARY KEY, n int4); INSERT INTO t VALUES (1, 1)");
    client.run("PREPARE all_of AS SELECT * FROM t; PREPARE one AS SELECT n FROM t WHERE id = $1");
    assert_eq!(client.value("EXECUTE one(1)"), "1");
    client.run("ALTER TABLE t ADD COLUMN m int4");
    assert_eq!(client.value("EXECUTE one(1)"), "1");
    assert_eq!(client.error("EXECUTE all_of").code, "0A000");
    assert_eq!(client.error("PREPARE one AS SELECT 1").code, "42P05");
    client.run("DEALLOCATE ALL");
    assert_eq!(client.error("EXECUTE one(1)").code, "26000");
}

#[test]
fn a_cancel_request_stops_a_statement() {
    let server = Server::start();
    let mut client = server.client();
    let key = client.backend_key.clone();
    client.send_query(LONG_STATEMENT).unwrap();
    let address = server.address;
    // A request may come before the statement has begun and then does not count, so it is repeated until it took.
    let (done_sender, done) = std::sync::mpsc::channel::<()>();
    let canceller = std::thread::spawn(move || {
        while done.recv_timeout(Duration::from_millis(20)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let mut request = 80_877_102_i32.to_be_bytes().to_vec();
            request.extend_from_slice(&key);
            Client::open(address).unwrap().send_untagged(&request).unwrap();
        }
    });
    let reply = client.read_reply().unwrap();
    drop(done_sender);
    canceller.join().unwrap();
    assert_eq!(reply.failure().unwrap().code, "57014");
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn a_foreign_secret_cancels_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let mut request = 80_877_102_i32.to_be_bytes().to_vec();
    request.extend_from_slice(&client.backend_key[..4]);
    request.extend_from_slice(&[0, 0, 0, 0]);
    let mut canceller = Client::open(server.address).unwrap();
    canceller.send_untagged(&request).unwrap();
    assert!(canceller.read_message().is_err());
    assert_eq!(client.value("SELECT count(*) FROM generate_series(1, 1000)"), "1000");
}

#[test]
fn statements_and_idle_transactions_have_timeouts() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET statement_timeout = '100ms'");
    let began = Instant::now();
    let failure = client.error(LONG_STATEMENT);
    assert_eq!((failure.code.as_str(), began.elapsed() < Duration::from_secs(20)), ("57014", true));
    assert!(failure.message.contains("statement timeout"), "{failure:?}");
    client.run("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '50ms'");
    client.run("BEGIN");
    let (kind, body) = client.read_message().unwrap();
    assert_eq!(kind, b'E');
    assert!(String::from_utf8_lossy(&body).contains("C25P03"));
    assert!(client.read_message().is_err());
}

#[test]
fn a_long_series_heeds_the_timeout() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET statement_timeout = '200ms'");
    for text in [
        "SELECT count(*) FROM generate_series(1, 20000000000)",
        "SELECT generate_series(1, 20000000000)",
        "SELECT sum(n) FROM generate_series(1, 20000000000) AS g(n) WHERE n % 7 = 3",
    ] {
        let began = Instant::now();
        // Rows that were sent before the timeout are no answer.
        let failure = client.query(text).failure().cloned().expect("it does not end in time");
        assert_eq!((failure.code.as_str(), began.elapsed() < Duration::from_secs(5)), ("57014", true), "{text}");
    }
}

#[test]
fn a_large_result_streams_and_a_broken_pipe_stops_it() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(
        client.rows(&format!("SELECT x, repeat('x', 100) FROM generate_series(1, {MANY_ROWS}) g(x)")).len(),
        MANY_ROWS
    );
    client
        .send_query("SELECT a.x, repeat('x', 1000) FROM generate_series(1, 10000) a(x), generate_series(1, 10000) b(x)")
        .unwrap();
    for _ in 0..10 {
        client.read_message().unwrap();
    }
    drop(client);
    is_up(&server);
    assert!(server.stop().success(), "the abandoned result does not hold up the end of the server");
}

#[test]
fn oversized_and_malformed_messages_end_only_their_connection() {
    let server = Server::start();
    for (message, code) in [
        (&b"Q\x7f\xff\xff\xff"[..], "54000"),
        (b"Q\0\0\0\x03", "08P01"),
        (b"\x01\0\0\0\x04", "08P01"),
        (b"p\0\0\0\x04", "08P01"),
    ] {
        let mut client = server.client();
        client.write(message).unwrap();
        let (kind, body) = client.read_message().unwrap();
        assert_eq!(kind, b'E', "{message:?}");
        assert!(String::from_utf8_lossy(&body).contains(&format!("C{code}")), "{message:?}");
        assert!(client.read_message().is_err(), "{message:?}");
    }
    // A body that is cut off inside of a well-formed message costs the statement, not the connection.
    let mut client = server.client();
    for (kind, body) in [(b'B', &b"\0\0\0\x09"[..]), (b'P', b"x"), (b'D', b""), (b'E', b"\0\0"), (b'C', b"Z\0")] {
        let mut messages = Vec::new();
        put_message(&mut messages, kind, body);
        put_message(&mut messages, b'S', &[]);
        client.write(&messages).unwrap();
        assert!(shape(&mut client).starts_with("E:"), "{}", char::from(kind));
    }
    client.send(b'Q', b"SELECT 1").unwrap();
    assert_eq!(shape(&mut client), "E:08P01 ZI");
    is_up(&server);
}

#[test]
fn invalid_utf8_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    client.send(b'Q', b"SELECT '\xff\xfe'\0").unwrap();
    assert_eq!(shape(&mut client), "E:22021 ZI");
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT $1::text");
    put_message(&mut messages, b'B', b"\0\0\0\0\0\x01\0\0\0\x02\xc3\x28\0\0");
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).unwrap();
    assert_eq!(shape(&mut client), "1 E:22021 ZI");
    assert_eq!(client.value("SELECT 'ä'"), "ä");
}

#[test]
fn garbage_at_startup_is_refused() {
    let server = Server::start();
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\0\0\0\0",
        b"\x16\x03\x01\x02\x00\x01",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x08\0\x02\0\0",
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // The connection may also be reset, since not all that was sent was read.
        if stream.read_to_end(&mut answer).is_ok() {
            assert!(answer.is_empty() || answer[0] == b'E', "{garbage:?}: {answer:?}");
        }
    }
    for (user, database, code) in [("nebulus", "other", "3D000"), ("other", "nebulus", "28000")] {
        assert_eq!(Client::connect_as(server.address, user, database).err().unwrap().code, code);
    }
    is_up(&server);
}

#[test]
fn newer_protocols_are_negotiated() {
    let server = Server::start();
    let mut client = Client::open(server.address).unwrap();
    let mut startup = ((3_i32 << 16) | 9999).to_be_bytes().to_vec();
    startup.extend_from_slice(b"user\0nebulus\0_pq_.future\0on\0\0");
    client.send_untagged(&startup).unwrap();
    let (kind, body) = client.read_message().unwrap();
    assert_eq!((kind, &body[..8]), (b'v', &b"\0\x03\0\x02\0\0\0\x01"[..]));
    assert!(body.ends_with(b"_pq_.future\0"));
    loop {
        match client.read_message().unwrap() {
            (b'K', body) => assert_eq!(body.len(), 36, "a long secret"),
            (b'Z', _) => break,
            _ => {}
        }
    }
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn cursors_read_on() {
    let server = Server::start();
    let mut client = server.client();
    client.run("BEGIN");
    client.run("DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 5)");
    assert_eq!(client.column("FETCH 2 FROM c"), ["1", "2"]);
    assert_eq!(client.column("FETCH ALL FROM c"), ["3", "4", "5"]);
    assert!(client.column("FETCH NEXT FROM c").is_empty());
    client.run("CLOSE c");
    assert_eq!(client.error("FETCH NEXT FROM c").code, "34000");
    client.run("ROLLBACK");
}

#[test]
fn a_second_result_of_many_clients_is_its_own() {
    let server = Server::start();
    server.client().run("CREATE TABLE t (id int8 PRIMARY KEY, n int4)");
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let mut client = server.client();
            std::thread::spawn(move || {
                for id in 0..50 {
                    // The same row from all sides: conflicts are retried inside the server.
                    client.run("INSERT INTO t VALUES (0, 1) ON CONFLICT (id) DO UPDATE SET n = t.n + 1");
                    let reply = client.query(&format!("SELECT {writer} * 1000 + {id}"));
                    let Some(Answer::Rows { rows, .. }) = reply.answers.first() else { panic!("{reply:?}") };
                    assert_eq!(rows[0][0].as_deref(), Some((writer * 1000 + id).to_string().as_str()));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(server.client().value("SELECT n FROM t"), "400");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_streams_prepares_and_copies() {
    let server = Server::start();
    let mut client = server.driver().await;
    client.batch_execute("CREATE TABLE t (id int8 PRIMARY KEY, name text)").await.unwrap();
    let insert = client.prepare("INSERT INTO t VALUES ($1, $2)").await.unwrap();
    for id in 0..10_i64 {
        client.execute(&insert, &[&id, &format!("name {id}")]).await.unwrap();
    }
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT id, name FROM t ORDER BY id", &[]).await.unwrap();
    assert_eq!(transaction.query_portal(&portal, 4).await.unwrap().len(), 4);
    assert_eq!(transaction.query_portal(&portal, 4).await.unwrap().len(), 4);
    let rest = transaction.query_portal(&portal, 4).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [8, 9]);
    transaction.rollback().await.unwrap();
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    let mut sink = std::pin::pin!(sink);
    futures::SinkExt::send(&mut sink, bytes::Bytes::from_static(b"10\tten\n11\t\\N\n")).await.unwrap();
    assert_eq!(sink.as_mut().finish().await.unwrap(), 2);
    let row = client.query_one("SELECT count(*), count(name) FROM t", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (12, 11));
    let wrong = client.query_one("SELECT id FROM t WHERE id = $1", &[&"text"]).await;
    assert!(wrong.is_err());
    assert_eq!(client.query_one("SELECT 1::int4", &[]).await.unwrap().get::<_, i32>(0), 1);
}
