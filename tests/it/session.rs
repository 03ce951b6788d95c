//! What a session is told and what it is refused: settings of the startup message, and the error by which a driver knows
//! that its prepared statement is stale.

use crate::client::{Client, put_message, put_parse};
use crate::harness::Server;

const PROTOCOL_VERSION: i32 = 196_608;

/// Sends a startup message with settings; the fields of the error, or the reported settings.
fn start(server: &Server, settings: &[(&str, &str)]) -> Result<Vec<(String, String)>, Vec<String>> {
    let mut client = Client::open(server.address).expect("a server listens");
    let mut startup = PROTOCOL_VERSION.to_be_bytes().to_vec();
    let identity = [("user", "nebulus"), ("database", "nebulus")];
    for text in identity.iter().chain(settings).flat_map(|(name, value)| [name, value]) {
        startup.extend_from_slice(text.as_bytes());
        startup.push(0);
    }
    startup.push(0);
    client.send_untagged(&startup).expect("startup is sent");
    let mut reported = Vec::new();
    loop {
        let (kind, body) = client.read_message().expect("the server answers");
        let texts: Vec<String> =
            body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into()).collect();
        match kind {
            b'S' => reported.push((texts[0].clone(), texts[1].clone())),
            b'E' => return Err(texts),
            b'Z' => return Ok(reported),
            _ => {}
        }
    }
}

fn refusal(server: &Server, settings: &[(&str, &str)]) -> String {
    let fields = start(server, settings).expect_err("the connection is refused");
    fields.iter().find_map(|field| field.strip_prefix('C')).expect("an SQLSTATE").to_string()
}

#[test]
fn settings_of_the_startup_message_are_obeyed_or_refused() {
    let server = Server::start();
    for (settings, sqlstate) in [
        (&[("DateStyle", "nonsense")][..], "22023"),
        (&[("options", "-c datestyle=SQL,German")], "22023"),
        (&[("standard_conforming_strings", "off")], "0A000"),
        (&[("TimeZone", "nonsense")], "22023"),
        (&[("nonsense", "1")], "42704"),
    ] {
        assert_eq!(refusal(&server, settings), sqlstate, "{settings:?}");
    }
}

/// What pgjdbc, libpq, psycopg and node-postgres send.
#[test]
fn drivers_start_as_ever() {
    let server = Server::start();
    let jdbc = [
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO"),
        ("TimeZone", "Europe/Berlin"),
        ("extra_float_digits", "2"),
        ("application_name", "PostgreSQL JDBC Driver"),
    ];
    let reported = start(&server, &jdbc).expect("pgjdbc connects");
    let told = |name: &str| reported.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(
        (told("TimeZone"), told("DateStyle")),
        (Some("Europe/Berlin"), Some("ISO, MDY")),
        "it is told what is used"
    );
    for settings in [
        &[("options", "-c datestyle=SQL,DMY -c intervalstyle=iso_8601 -c TimeZone=Europe/Berlin")][..],
        &[("timezone", "europe/berlin"), ("bytea_output", "escape")],
        &[("timezone", "UTC"), ("datestyle", "iso, mdy"), ("geqo", "off")],
        &[("client_encoding", "'utf-8'"), ("application_name", "node")],
        &[("options", "-c search_path=public -c statement_timeout=5s -c enable_seqscan=off")],
        &[("extra_float_digits", "3"), ("IntervalStyle", "postgres")],
    ] {
        assert!(start(&server, settings).is_ok(), "{settings:?}");
    }
}

#[test]
fn a_stale_statement_is_known_by_its_routine() {
    let server = Server::start();
    let (mut reader, mut other) = (server.client(), server.client());
    other.run("CREATE TABLE growing (id int PRIMARY KEY)");
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT * FROM growing");
    put_message(&mut messages, b'S', &[]);
    reader.write(&messages).expect("sent");
    reader.read_reply().expect("parsed");
    other.run("ALTER TABLE growing ADD COLUMN more text");
    let mut messages = Vec::new();
    crate::client::put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &[0, 0, 0, 0, 0]);
    put_message(&mut messages, b'S', &[]);
    reader.write(&messages).expect("sent");
    let body = loop {
        let (kind, body) = reader.read_message().expect("the server answers");
        assert_ne!(kind, b'Z', "the stale statement is refused");
        if kind == b'E' {
            break body;
        }
    };
    let fields: Vec<&[u8]> = body.split(|byte| *byte == 0).collect();
    assert!(fields.contains(&&b"C0A000"[..]) && fields.contains(&&b"RRevalidateCachedQuery"[..]), "{body:?}");
}

#[test]
fn a_bound_pattern_has_an_escape_too() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE file (id int PRIMARY KEY, name text)");
    client.run("INSERT INTO file VALUES (1, 'a_b'), (2, 'axb'), (3, '100%')");
    for (pattern, count) in [("a/_b", "1"), ("a_b", "2"), ("%/%", "1"), ("%", "3")] {
        let reply = client.run_with("SELECT count(*) FROM file WHERE name LIKE $1 ESCAPE '/'", &[pattern]);
        assert_eq!(crate::psql::show("", &reply).lines().nth(2).map(str::trim), Some(count), "{pattern}");
    }
    let failure = |reply: crate::client::Reply| reply.failure().expect("a failure").code.clone();
    assert_eq!(failure(client.run_with("SELECT name LIKE $1 ESCAPE '/' FROM file", &["a/"])), "22025");
    assert_eq!(failure(client.run_with("SELECT id FROM file WHERE name LIKE $1 ESCAPE $2", &["a", "xy"])), "22025");
}

#[test]
fn lock_timeout_ends_the_wait_for_a_lock() {
    let server = Server::start();
    let (mut holder, mut waiter) = (server.client(), server.client());
    holder.rows("SELECT pg_advisory_lock(4711)");
    waiter.run("SET lock_timeout = 1");
    assert_eq!(waiter.error("SELECT pg_advisory_lock(4711)").code, "55P03");
}

#[test]
fn named_statements_of_both_kinds_are_listed() {
    let server = Server::start();
    let mut client = server.client();
    client.run("PREPARE quick AS SELECT 1");
    let mut parse = b"driver_1\0SELECT $1 || 'x' AS longer\0\0\0".to_vec();
    client.send(b'P', &parse).expect("it is sent");
    parse = b"\0SELECT 'unnamed'\0\0\0".to_vec();
    client.send(b'P', &parse).expect("it is sent");
    client.send(b'S', &[]).expect("it is sent");
    assert!(client.read_reply().expect("an answer").failure().is_none());
    let listed = "SELECT name || ' ' || from_sql || ' ' || parameter_types::text || ' ' || statement \
                  FROM pg_prepared_statements ORDER BY name";
    assert_eq!(
        client.column(listed),
        ["driver_1 false {text} SELECT $1 || 'x' AS longer", "quick true {} PREPARE quick AS SELECT 1"]
    );
    assert_eq!(server.client().value("SELECT count(*) FROM pg_prepared_statements"), "0");
    client.send(b'C', b"Sdriver_1\0").expect("it is sent");
    client.send(b'S', &[]).expect("it is sent");
    client.read_reply().expect("an answer");
    assert_eq!(client.value("SELECT string_agg(name, ',') FROM pg_prepared_statements"), "quick");
}

/// Two statements that are made to execute one another end with an error, and the server goes on.
#[test]
fn a_statement_that_executes_itself_ends() {
    let server = Server::start();
    let mut client = server.client();
    for (kind, body) in [
        (b'P', &b"one\0SELECT 1\0\0\0"[..]),
        (b'P', b"two\0EXECUTE one\0\0\0"),
        (b'C', b"Sone\0"),
        (b'P', b"one\0EXECUTE two\0\0\0"),
        (b'S', b""),
    ] {
        client.send(kind, body).expect("it is sent");
    }
    assert!(client.read_reply().expect("an answer").failure().is_none());
    assert_eq!(client.error("EXECUTE one").code, "54001");
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn statements_and_connections_are_ended_by_their_number() {
    let server = Server::start();
    let (mut owner, mut other) = (server.client(), server.client());
    let number = other.pid();
    let wait_until_it_sleeps = |owner: &mut Client| {
        let state = format!("SELECT state || ' ' || query FROM pg_stat_activity WHERE pid = {number}");
        while owner.value(&state) != "active SELECT pg_sleep(600)" {
            std::thread::yield_now();
        }
    };
    other.send_query("SELECT pg_sleep(600)").expect("it is sent");
    wait_until_it_sleeps(&mut owner);
    assert_eq!(owner.value(&format!("SELECT pg_cancel_backend({number})")), "t");
    let reply = other.read_reply().expect("an answer");
    assert_eq!(reply.failure().expect("it is cancelled").code, "57014");
    // One that rests, and one that runs something.
    assert_eq!(owner.value(&format!("SELECT pg_terminate_backend({number}, 60000)")), "t");
    assert_eq!(other.read_end().code, "57P01");
    let mut other = server.client();
    let number = other.pid();
    other.send_query("SELECT pg_sleep(600)").expect("it is sent");
    assert_eq!(owner.value(&format!("SELECT pg_terminate_backend({number}, 60000)")), "t");
    assert_eq!(other.read_end().code, "57P01");
    assert_eq!(owner.value("SELECT pg_cancel_backend(2000000000)"), "f");
    assert_eq!(owner.value("SELECT pg_terminate_backend(2000000000)"), "f");
    assert_eq!(owner.error("SELECT pg_terminate_backend(1, -1)").code, "22003");
    owner.send_query("SELECT pg_terminate_backend(pg_backend_pid())").expect("it is sent");
    assert_eq!(owner.read_end().code, "57P01");
}
