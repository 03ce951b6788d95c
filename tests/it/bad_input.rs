//! Bad input gets a clear error and loses nothing: after each attempt the server answers and the data is as it was.

use nebulusdb::types::limits::{ENTRY_BYTES_MAX, JSON_DEPTH_MAX, STATEMENT_BYTES_MAX};
use tokio_postgres::NoTls;

use crate::client::{Client, put_bind, put_message, put_parse};
use crate::harness::{Launch, Server};

/// A server with one table of two rows, which every test leaves as they are.
fn start() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, body jsonb, v vector(3))");
    client.run(r#"INSERT INTO item VALUES (1, 'one', '{"a": 1}', '[1,2,3]'), (2, 'two', NULL, NULL)"#);
    (server, client)
}

/// The server still answers, on this connection and on a new one, and nothing was written.
fn check_unharmed(server: &Server, client: &mut Client) {
    assert_eq!(client.value("SELECT count(*) FROM item"), "2");
    assert_eq!(
        server.client().rows("SELECT id, name, body, v FROM item ORDER BY id")[0][3].as_deref(),
        Some("[1,2,3]")
    );
}

#[test]
fn wrong_vectors_name_what_is_wrong() {
    let (server, mut client) = start();
    for (vector, wanted) in [
        ("[1,2]", "expected 3 dimensions, not 2"),
        ("[1,2,3,4]", "expected 3 dimensions, not 4"),
        ("[1,NaN,3]", "NaN not allowed in vector"),
        ("[1,Infinity,3]", "infinite value not allowed in vector"),
        ("[1,-inf,3]", "infinite value not allowed in vector"),
    ] {
        let by_text = client.error(&format!("INSERT INTO item VALUES (3, 'three', NULL, '{vector}')"));
        let reply = client.run_with("INSERT INTO item (id, name, v) VALUES (3, 'three', $1)", &[vector]);
        let by_parameter = reply.failure().expect("it fails").clone();
        let update = client.error(&format!("UPDATE item SET v = '{vector}' WHERE id = 1"));
        for failure in [by_text, by_parameter, update] {
            assert_eq!((failure.code.as_str(), failure.message.as_str()), ("22000", wanted), "{vector}");
        }
    }
    let memory = client.query("SET MEMORY id = 'a' vector = [1,2,3]; SET MEMORY id = 'b' vector = [1,2]");
    let failure = memory.failure().expect("memory has taken its dimension from the first vector");
    assert_eq!(failure.code, "22000");
    assert!(failure.message.contains('3') && failure.message.contains('2'), "{failure:?}");
    check_unharmed(&server, &mut client);
}

#[test]
fn wrong_vectors_in_binary_form_are_refused() {
    let (server, mut client) = start();
    let floats = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let image = |dimension: u16, unused: u16, numbers: &[f32]| {
        [&dimension.to_be_bytes()[..], &unused.to_be_bytes()[..], &floats(numbers)].concat()
    };
    for (bytes, code) in [
        (image(2, 0, &[1.0, 2.0]), "22000"),
        (image(3, 0, &[1.0, f32::NAN, 2.0]), "22000"),
        (image(3, 0, &[1.0, f32::INFINITY, 2.0]), "22000"),
        (image(3, 0, &[1.0, 2.0]), "22P03"),
        (image(3, 0, &[1.0, 2.0, 3.0, 4.0]), "22P03"),
        (image(u16::MAX, 0, &[1.0]), "22P03"),
        (vec![0], "22P03"),
    ] {
        let mut messages = Vec::new();
        put_parse(&mut messages, "UPDATE item SET v = $1 WHERE id = 1");
        let mut bind = vec![0, 0, 0, 1, 0, 1, 0, 1];
        bind.extend_from_slice(&u32::try_from(bytes.len()).expect("short").to_be_bytes());
        bind.extend_from_slice(&bytes);
        bind.extend_from_slice(&[0, 0]);
        put_message(&mut messages, b'B', &bind);
        put_message(&mut messages, b'E', &[0; 5]);
        put_message(&mut messages, b'S', &[]);
        client.write(&messages).expect("it is sent");
        let reply = client.read_reply().expect("an answer");
        let failure = reply.failure().unwrap_or_else(|| panic!("{bytes:?} was taken"));
        let expected = [code, if code == "22P03" { "08P01" } else { code }];
        assert!(expected.contains(&failure.code.as_str()), "{bytes:?}: {failure:?}");
    }
    check_unharmed(&server, &mut client);
}

#[test]
fn wrong_json_is_refused() {
    let (server, mut client) = start();
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for text in ["{", "{\"a\":}", "nul", "[1,]", "\"open", "01", "{\"a\": 1} 2", "", "\"\\ud800\""] {
        for failure in [
            client.error(&format!("UPDATE item SET body = '{text}' WHERE id = 1")),
            client.run_with("UPDATE item SET body = $1 WHERE id = 1", &[text]).failure().expect("it fails").clone(),
        ] {
            assert_eq!(failure.code, "22P02", "{text}: {failure:?}");
        }
    }
    client.run(&format!("SELECT '{}'::jsonb", nested(JSON_DEPTH_MAX)));
    for depth in [JSON_DEPTH_MAX + 1, 100_000, 3_000_000] {
        let failure = client.error(&format!("SELECT '{}'::jsonb", nested(depth)));
        assert!(failure.code.starts_with("54"), "{depth}: {failure:?}");
        let reply = client.run_with("UPDATE item SET body = $1 WHERE id = 1", &[&nested(depth)]);
        assert!(reply.failure().is_some_and(|failure| failure.code.starts_with("54")), "{depth}");
    }
    check_unharmed(&server, &mut client);
}

#[test]
fn deep_nesting_of_queries_is_refused_and_survived() {
    let (server, mut client) = start();
    let around = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    for depth in [200, 5_000, 200_000] {
        let mut texts = vec![
            format!("SELECT {}", around("(", "1", ")", depth)),
            format!("SELECT {}1", "- ".repeat(depth)),
            format!("SELECT {}true", "NOT ".repeat(depth)),
            format!("SELECT {}", around("abs(", "1", ")", depth)),
            format!("SELECT {}", around("ARRAY[", "1", "]", depth)),
            around("SELECT * FROM (", "SELECT 1", ") AS a", depth),
            around("SELECT (", "SELECT 1", ")", depth),
            format!("SELECT {}", around("abs(", "1 1", ")", depth)),
            format!("SELECT id FROM item WHERE {}", around("(", "id = 1", ")", depth)),
            format!("SELECT {}", around("CASE WHEN true THEN ", "1", " END", depth)),
            format!("GET MEMORY WHERE {}", around("(", "a = 1", ")", depth)),
            format!("GET MEMORY WHERE {} a = 1", "NOT ".repeat(depth)),
            format!("EXPLAIN {}SELECT 1", "EXPLAIN ".repeat(depth)),
        ];
        if depth > 1_000 {
            texts.push(format!("SELECT 1{}", " + 1".repeat(depth)));
            texts.push(format!("SELECT id FROM item WHERE id = 1{}", " OR id = 1".repeat(depth)));
            texts.push(format!("SELECT 1{}", " UNION SELECT 1".repeat(depth)));
        }
        for text in texts {
            let reply = client.query(&text);
            let failure = reply.failure().unwrap_or_else(|| panic!("{} was taken", &text[..60]));
            assert!(
                matches!(failure.code.as_str(), "54000" | "54001" | "42601"),
                "{} x {depth}: {failure:?}",
                &text[..40]
            );
            assert!(failure.message.len() < 9_000, "an error does not repeat the statement");
        }
        check_unharmed(&server, &mut client);
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let (server, mut client) = start();
    let mut messages = Vec::new();
    put_parse(&mut messages, "UPDATE item SET name = $1 WHERE id = 1");
    put_message(&mut messages, b'B', b"\0\0\0\0\0\x01\0\0\0\x02\xc3\x28\0\0");
    put_message(&mut messages, b'E', &[0; 5]);
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).expect("it is sent");
    assert_eq!(client.read_reply().expect("an answer").failure().expect("it fails").code, "22021");
    let mut messages = Vec::new();
    put_parse(&mut messages, "UPDATE item SET name = $1 WHERE id = 1");
    put_bind(&mut messages, &[Some("a\0b".to_string())]);
    put_message(&mut messages, b'E', &[0; 5]);
    put_message(&mut messages, b'S', &[]);
    client.write(&messages).expect("it is sent");
    assert_eq!(client.read_reply().expect("an answer").failure().expect("a NUL").code, "22021");
    check_unharmed(&server, &mut client);
}

#[test]
fn sizes_over_a_limit_are_refused_by_name() {
    let (server, mut client) = start();
    let long = "x".repeat(ENTRY_BYTES_MAX + 1);
    let reply = client.run_with("UPDATE item SET name = $1 WHERE id = 1", &[&long]);
    let failure = reply.failure().expect("an entry over the limit").clone();
    assert_eq!(failure.code, "54000", "{failure:?}");
    assert!(failure.message.contains(&ENTRY_BYTES_MAX.to_string()), "it names the limit: {failure:?}");
    let statement = format!("SELECT '{}'", "x".repeat(STATEMENT_BYTES_MAX));
    assert_eq!(client.error(&statement).code, "54000");
    let key = "k".repeat(9_000);
    client.run("CREATE TABLE word (id text PRIMARY KEY)");
    assert_eq!(client.error(&format!("INSERT INTO word VALUES ('{key}')")).code, "54000");
    let columns = (0..1700).map(|number| format!("c{number} int")).collect::<Vec<_>>().join(", ");
    assert!(client.error(&format!("CREATE TABLE wide ({columns})")).code.starts_with("54"));
    let vector = format!("[{}]", vec!["1"; 16_001].join(","));
    assert!(client.error(&format!("SELECT '{vector}'::vector")).code.starts_with("54"));
    check_unharmed(&server, &mut client);
}

#[test]
fn bits_of_many_rows_that_no_memory_holds_are_refused() {
    let (server, mut client) = start();
    for of in ["n::bit(83886080)", "B'1' || n::bit(83886000)", "n::bit(83886080)::text"] {
        let failure = client.error(&format!("SELECT count({of}) FROM generate_series(1, 1000) n"));
        assert_eq!(failure.code, "54000", "{of}: {failure:?}");
    }
    assert_eq!(client.value("SELECT length(7::bit(83886080))"), "83886080");
    check_unharmed(&server, &mut client);
}

#[test]
fn a_broken_pipe_in_a_result_stops_the_work() {
    let (server, mut client) = start();
    for _ in 0..8 {
        let mut reader = server.client();
        reader.send_query("SELECT n, repeat('x', 1000) FROM generate_series(1, 2000000) AS n").expect("it is sent");
        reader.read_message().expect("the answer begins");
        drop(reader);
    }
    let mut half = server.client();
    half.send_query("INSERT INTO item SELECT n, 'x' FROM generate_series(10, 12) AS n; SELECT pg_sleep(30)")
        .expect("it is sent");
    drop(half);
    check_unharmed(&server, &mut client);
    assert!(server.stop().success(), "nothing hangs on a lost client");
}

#[test]
fn wrong_names_types_and_keys_change_nothing() {
    let (server, mut client) = start();
    for (text, code) in [
        ("SELECT * FROM nowhere", "42P01"),
        ("INSERT INTO nowhere VALUES (1)", "42P01"),
        ("GET MEMORY IN nowhere", "42P01"),
        ("GET MEMORY IN nowhere SIMILAR TO [1] LIMIT 1", "42P01"),
        ("SELECT nothing FROM item", "42703"),
        ("UPDATE item SET nothing = 1", "42703"),
        ("INSERT INTO item (id, nothing) VALUES (3, 1)", "42703"),
        ("DELETE FROM item WHERE nothing = 1", "42703"),
        ("INSERT INTO item VALUES (1, 'again')", "23505"),
        ("UPDATE item SET id = 2 WHERE id = 1", "23505"),
        ("INSERT INTO item VALUES (3, NULL)", "23502"),
        ("INSERT INTO item VALUES ('x', 'y')", "22P02"),
        ("INSERT INTO item VALUES (99999999999, 'y')", "22003"),
        ("INSERT INTO item VALUES (3, 'y', '{}', 5)", "42804"),
        ("UPDATE item SET id = 'x'", "22P02"),
        ("SELECT id FROM item ORDER BY v <-> '[1,2]' LIMIT 1", "22000"),
        ("GET MEMORY IN item SIMILAR TO [1, 2] LIMIT 1", "22000"),
        ("GET MEMORY WHERE", "42601"),
        ("SELECT 1; INSERT INTO item VALUES (3, 'c'); SELECT 1/0", "22012"),
        ("CREATE NETWORK x WITH (nothing = 1)", "22023"),
        ("SYNC NETWORK nowhere", "42704"),
        ("CREATE TABLE item (id int)", "42P07"),
        ("CREATE INDEX ON item USING hnsw (name vector_l2_ops)", "42804"),
        ("CREATE INDEX ON item USING hnsw (v nothing_ops)", "42704"),
        ("CREATE INDEX ON item USING hnsw (v vector_l2_ops) WITH (m = 1)", "22023"),
        ("SET hnsw.ef_search = 0", "22023"),
    ] {
        let reply = client.query(text);
        let failure = reply.failure().unwrap_or_else(|| panic!("{text} was taken"));
        assert_eq!(failure.code, code, "{text}: {failure:?}");
        assert!(!failure.message.is_empty());
    }
    check_unharmed(&server, &mut client);
}

#[test]
fn a_wrong_password_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut launch = Launch::on(&directory.path().join("data"));
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), "correct horse".to_string()));
    let server = launch.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let address = format!("host=127.0.0.1 port={} dbname=nebulus", server.address.port());
        for (user, password) in
            [("nebulus", "wrong"), ("nebulus", ""), ("nobody", "correct horse"), ("nebulus", "correct hors")]
        {
            let refused = tokio_postgres::connect(&format!("{address} user={user} password='{password}'"), NoTls).await;
            let error = refused.err().unwrap_or_else(|| panic!("{user} with {password} was let in"));
            if let Some(error) = error.as_db_error() {
                assert_eq!(error.code().code(), "28P01");
                assert!(!error.message().contains("correct horse"));
            }
        }
        let (client, connection) =
            tokio_postgres::connect(&format!("{address} user=nebulus password='correct horse'"), NoTls)
                .await
                .expect("the right password");
        tokio::spawn(connection);
        let row = client.query_one("SELECT current_user::text", &[]).await.expect("an answer");
        assert_eq!(row.get::<_, String>(0), "nebulus");
    });
    let log = server.log();
    assert!(!log.contains("correct horse"), "no password in the log");
}

#[test]
fn a_first_start_leaves_a_password_for_its_owner() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let mut launch = Launch::on(&data);
    launch.trust_local = false;
    let server = launch.start();
    let file = data.join("keys/password");
    assert!(server.log().contains(&*file.to_string_lossy()), "the log says where it lies: {}", server.log());
    let password = std::fs::read_to_string(&file).expect("the password");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(server.address.port())
            .user("nebulus")
            .dbname("nebulus")
            .password(password.trim_end());
        let (client, connection) = config.connect(NoTls).await.expect("the password is right");
        tokio::spawn(connection);
        client.simple_query("SELECT 1").await.expect("an answer");
    });
    assert!(!server.log().contains(password.trim_end()), "no password in the log");
}

#[test]
fn a_broken_certificate_keeps_the_server_from_starting() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("broken.pem");
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n").expect("a file");
    let path = path.to_string_lossy().into_owned();
    let data = directory.path().join("data");
    for arguments in [vec!["--tls-cert", &path, "--tls-key", &path], vec!["--tls-cert", &path]] {
        let said = Launch::on(&data).with(&arguments).try_start().err().expect("it never falls back to plaintext");
        assert!(!said.is_empty());
    }
    let missing = ["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.pem"];
    let said = Launch::on(&data).with(&missing).try_start().err().expect("it never falls back to plaintext");
    assert!(said.contains("/nonexistent.pem"), "{said}");
}

#[test]
fn errors_quote_no_more_than_shows_what_is_meant() {
    let (server, mut client) = start();
    let long = "x".repeat(1_000_000);
    for (text, code) in [
        (format!("SELECT \"{long}\" FROM item"), "42703"),
        (format!("SELECT * FROM \"{long}\""), "42P01"),
        (format!("SELECT {long}(1)"), "42883"),
        (format!("SELECT '{long}'::int"), "22P02"),
        (format!("SELECT {long} {long} {long} FROM"), "42601"),
    ] {
        let failure = client.error(&text);
        assert_eq!(failure.code, code);
        assert!(failure.message.contains("xxxx") && failure.message.len() < 9_000, "{} bytes", failure.message.len());
    }
    check_unharmed(&server, &mut client);
}
