//! Ends of a server, wanted and unwanted: what was acknowledged is there afterwards, what was not is whole or absent.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use nebulusdb::store::{Batch, Key, Store, StoreOptions};

use crate::client::Client;
use crate::harness::{Launch, Server, run_program};

const ROUNDS: usize = 3;
const WRITERS: usize = 4;
/// Rows that one statement of the load inserts.
const PARTS: usize = 5;
/// Acknowledged statements after which a round's server is killed.
const STATEMENTS_BEFORE_KILL: usize = 120;
/// A restart replays a log and loads graphs of a few hundred rows.
const RESTART_MAX: Duration = Duration::from_secs(20);

#[test]
fn a_killed_server_has_every_acknowledged_row() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let mut acknowledged = Vec::new();
    let mut attempted = Vec::new();
    for round in 0..ROUNDS {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        if round == 0 {
            client.run("CREATE TABLE load (batch int, part int, word text, v vector(4), PRIMARY KEY (batch, part))");
            client.run("CREATE INDEX load_v ON load USING hnsw (v vector_l2_ops)");
        }
        check_load(&mut client, &acknowledged, &attempted);
        drop(client);
        let (report, reports) = mpsc::channel();
        let address = server.address;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let report = report.clone();
                std::thread::spawn(move || write_until_the_end(Client::connect(address), round, writer, &report))
            })
            .collect();
        drop(report);
        let mut acknowledged_now = 0;
        while acknowledged_now < STATEMENTS_BEFORE_KILL {
            match reports.recv_timeout(Duration::from_secs(60)).expect("the load goes on") {
                Report::Attempted(batch) => attempted.push(batch),
                Report::Acknowledged(batch) => {
                    acknowledged.push(batch);
                    acknowledged_now += 1;
                }
            }
        }
        server.kill();
        for report in reports {
            match report {
                Report::Attempted(batch) => attempted.push(batch),
                Report::Acknowledged(batch) => acknowledged.push(batch),
            }
        }
        writers.into_iter().for_each(|writer| writer.join().expect("a writer ends with its connection"));
    }
    let server = Launch::on(&data).start();
    assert!(server.ready_after < RESTART_MAX, "{:?}", server.ready_after);
    check_load(&mut server.client(), &acknowledged, &attempted);
    assert!(server.stop().success());
    check_is_sound(&data);
}

enum Report {
    Attempted(usize),
    Acknowledged(usize),
}

/// Inserts batch after batch, and tells of each before it is sent and after it was acknowledged.
fn write_until_the_end(mut client: Client, round: usize, writer: usize, report: &mpsc::Sender<Report>) {
    for step in 0.. {
        let batch = (round * WRITERS + writer) * 100_000 + step;
        let rows =
            (0..PARTS).map(|part| format!("({batch}, {part}, '{}', '{}')", word_of(batch, part), vector_of(batch)));
        report.send(Report::Attempted(batch)).expect("the test listens");
        let insert = format!("INSERT INTO load VALUES {}", rows.collect::<Vec<_>>().join(", "));
        let reply = client.send_query(&insert).and_then(|()| client.read_reply());
        match reply {
            Ok(reply) if reply.failure().is_none() => {
                report.send(Report::Acknowledged(batch)).expect("the test listens");
            }
            Ok(reply) => panic!("{:?}", reply.failure()),
            Err(_) => return,
        }
    }
}

fn word_of(batch: usize, part: usize) -> String {
    format!("{batch}-{part}-").repeat(20)
}

fn vector_of(batch: usize) -> String {
    format!("[{}, {}, {}, 1]", batch % 97, batch % 89, batch / 100_000)
}

fn check_load(client: &mut Client, acknowledged: &[usize], attempted: &[usize]) {
    let rows = client.rows("SELECT batch, part, word, v FROM load ORDER BY batch, part");
    let mut found = std::collections::BTreeMap::<usize, usize>::new();
    for row in &rows {
        let [batch, part] =
            [0, 1].map(|column| row[column].as_ref().expect("a key").parse::<usize>().expect("a number"));
        assert_eq!(row[2].as_deref(), Some(word_of(batch, part).as_str()));
        assert_eq!(row[3].as_deref(), Some(vector_of(batch).replace(' ', "").as_str()));
        *found.entry(batch).or_default() += 1;
    }
    for batch in acknowledged {
        assert_eq!(found.get(batch), Some(&PARTS), "batch {batch} was acknowledged");
    }
    for (batch, parts) in &found {
        assert_eq!(*parts, PARTS, "batch {batch} is there in part");
        assert!(attempted.contains(batch), "batch {batch} was never sent");
    }
    // The index knows what the table knows: the nearest to a row's own vector lies at distance 0.
    for batch in acknowledged.iter().rev().take(10) {
        let nearest = format!("SELECT v <-> '{0}' FROM load ORDER BY v <-> '{0}' LIMIT 1", vector_of(*batch));
        assert_eq!(client.value(&nearest), "0");
    }
}

fn check_is_sound(data: &Path) {
    let output = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("sound"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_killed_server_gives_no_number_twice() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let mut last = [0, 0, 0];
    for round in 0..ROUNDS {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        if round == 0 {
            client.run("CREATE SEQUENCE plain; CREATE SEQUENCE down INCREMENT -3");
            client.run("CREATE TABLE drawn (id bigint PRIMARY KEY DEFAULT nextval('plain'), own serial)");
        }
        // More than is reserved at once.
        for _ in 0..40 {
            let numbers: [i64; 3] = [
                number(&mut client, "SELECT nextval('plain')"),
                -number(&mut client, "SELECT nextval('down')"),
                number(&mut client, "INSERT INTO drawn DEFAULT VALUES RETURNING own"),
            ];
            assert!(numbers.iter().zip(last).all(|(number, last)| *number > last), "{numbers:?} after {last:?}");
            last = numbers;
        }
        // Neither does what was drawn in a transaction that never ended come again.
        client.run("BEGIN");
        last[0] = number(&mut client, "SELECT nextval('plain')");
        if round % 2 == 0 {
            server.kill();
        } else {
            drop(client);
            assert!(server.stop().success());
        }
    }
}

fn number(client: &mut Client, statement: &str) -> i64 {
    client.value(statement).parse().expect("a number")
}

#[test]
fn a_stopped_server_comes_back_with_everything() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE point (id bigserial PRIMARY KEY, kind text, v vector(3))");
    let rows = (0..800).map(|number: usize| {
        let vector = format!("[{},{},{}]", number % 29, number % 31, number % 37);
        vec![Some(["odd", "even"][number % 2].to_string()), Some(vector)]
    });
    assert_eq!(client.run_each("INSERT INTO point (kind, v) VALUES ($1, $2)", rows).failure(), None);
    client.run("CREATE INDEX point_v ON point USING hnsw (v vector_cosine_ops)");
    client.run("CREATE INDEX point_kind ON point (kind)");
    client.run("DELETE FROM point WHERE id % 5 = 0");
    client.run(r#"INSERT INTO memory (id, metadata) VALUES ('m', '{"a": [1, 2.50]}')"#);
    client.run(r#"SET AUTH key = "token" value = "hidden""#);
    let questions = [
        "SELECT * FROM point ORDER BY id",
        "SELECT count(*) FROM point WHERE kind = 'odd'",
        "SELECT id, v <=> '[3,4,5]' FROM point WHERE kind = 'even' ORDER BY v <=> '[3,4,5]', id LIMIT 10",
        "SELECT * FROM memory",
        "SELECT oid, relname FROM pg_class WHERE relname LIKE 'point%' ORDER BY relname",
        "GET AUTH WHERE key = 'token'",
        "EXPLAIN SELECT id FROM point ORDER BY v <=> '[3,4,5]' LIMIT 10",
    ];
    let answers: Vec<_> = questions.iter().map(|question| client.rows(question)).collect();
    // An idle connection and an open transaction must not hold up the end.
    let mut open = server.client();
    open.run("BEGIN; INSERT INTO point (kind) VALUES ('never committed')");
    let status = server.stop();
    assert_eq!(status.code(), Some(0), "{status}");
    let server = Launch::on(&data).start();
    assert!(server.ready_after < RESTART_MAX, "{:?}", server.ready_after);
    let mut client = server.client();
    for (question, answer) in questions.iter().zip(&answers) {
        assert_eq!(&client.rows(question), answer, "{question}");
    }
    let next: i64 = client.value("INSERT INTO point (kind) VALUES ('later') RETURNING id").parse().expect("a number");
    assert!(next > 800, "a sequence never goes back, this was {next}");
    assert!(server.stop().success());
    check_is_sound(&data);
}

#[test]
fn a_stop_lets_a_commit_finish() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE line (id int PRIMARY KEY, word text)");
    client.send_query("INSERT INTO line SELECT n, 'word' FROM generate_series(1, 20000) AS n").expect("it is sent");
    server.terminate();
    let reply = client.read_reply();
    assert_eq!(server.stop_after_signal().code(), Some(0));
    let acknowledged = reply.is_ok_and(|reply| reply.failure().is_none());
    let server = Launch::on(&data).start();
    let count = server.client().value("SELECT count(*) FROM line");
    if acknowledged {
        assert_eq!(count, "20000");
    } else {
        assert!(count == "0" || count == "20000", "a statement is whole or absent: {count}");
    }
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let server = Server::start();
    let said = Launch::on(&server.data).try_start().err().expect("the directory is taken");
    assert!(said.contains(&*server.data.to_string_lossy()), "it names the directory: {said}");
    assert!(said.contains("in use") || said.contains("another"), "{said}");
    server.client().run("CREATE TABLE still_here (id int PRIMARY KEY); INSERT INTO still_here VALUES (1)");
    assert_eq!(server.client().value("SELECT count(*) FROM still_here"), "1");
}

#[test]
fn a_directory_of_a_newer_format_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    assert!(Launch::on(&data).start().stop().success());
    let store = Store::open(&data, &StoreOptions::default()).expect("the store opens");
    let mut batch = Batch::new();
    batch.put(&Key::Meta("format"), b"4711");
    store.write(batch).expect("the format is written");
    store.close();
    drop(store);
    let said = Launch::on(&data).try_start().err().expect("the format is newer");
    assert!(said.contains("4711"), "it names the format: {said}");
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(!check.status.success());
    assert!(String::from_utf8_lossy(&check.stderr).contains("4711"));
}

#[test]
fn graphs_that_are_gone_or_damaged_are_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE point (id int PRIMARY KEY, v vector(2))");
    let rows = (0..600)
        .map(|number: usize| vec![Some(number.to_string()), Some(format!("[{},{}]", number % 25, number / 25))]);
    assert_eq!(client.run_each("INSERT INTO point VALUES ($1, $2)", rows).failure(), None);
    client.run("CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops)");
    let nearest = "SELECT id FROM point ORDER BY v <-> '[3.1,4.2]', id LIMIT 3";
    let answer = client.rows(nearest);
    assert!(server.stop().success());
    let graphs: Vec<_> = std::fs::read_dir(data.join("vectors"))
        .expect("a stop saves the graphs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    assert!(!graphs.is_empty(), "a stop saves the graphs");
    for graph in &graphs {
        let mut bytes = std::fs::read(graph).expect("a graph");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(graph, bytes).expect("it is damaged");
    }
    let server = Launch::on(&data).start();
    assert_eq!(server.client().rows(nearest), answer, "a damaged graph");
    assert!(server.stop().success());
    std::fs::remove_dir_all(data.join("vectors")).expect("the graphs go");
    let server = Launch::on(&data).start();
    assert_eq!(server.client().rows(nearest), answer, "a missing graph");
}
