//! What COMMIT promises: a block is there whole or not at all, its indexes included, whatever others do meanwhile and
//! whenever the server dies. And ON CONFLICT, which decides about a key however many clients bring it at once.

use std::path::Path;
use std::sync::{Arc, Barrier};

use nebulusdb::model::{Collection, CollectionId, IndexKind};
use nebulusdb::store::{Batch, Key, KeyRange, Store, StoreOptions};

use crate::client::{Answer, Client};
use crate::harness::{Launch, Server, run_program};

/// Clients that write the same key at once.
const CLIENTS: usize = 16;

#[test]
fn a_block_whose_index_finds_duplicates_leaves_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE log (id int PRIMARY KEY); CREATE TABLE d (id int PRIMARY KEY, u int)");
    client.run("INSERT INTO d VALUES (1, 7), (2, 7)");
    client.run("BEGIN; INSERT INTO log VALUES (1); CREATE TABLE made (a int); INSERT INTO d VALUES (3, 8)");
    let failure = client.error("CREATE UNIQUE INDEX d_u ON d (u)");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("23505", "could not create unique index \"d_u\""));
    assert_eq!(failure.detail.as_deref(), Some("Key (u)=(7) is duplicated."));
    assert_eq!(client.run("COMMIT"), "ROLLBACK");
    assert_eq!(client.value("SELECT count(*) FROM log"), "0");
    assert_eq!(client.value("SELECT count(*) FROM d"), "2");
    assert_eq!(client.error("SELECT * FROM made").code, "42P01");
    assert_eq!(indexes_of(&mut client, "d"), ["d_pkey"]);
    // Another connection sees the same.
    assert_eq!(server.client().value("SELECT count(*) FROM log"), "0");
}

#[test]
fn a_commit_that_takes_too_long_leaves_nothing() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a text)");
    client.run("BEGIN; INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 50000) n");
    client.run("SET LOCAL statement_timeout = '1ms'");
    assert_eq!(client.error("COMMIT").code, "57014");
    assert_eq!(client.value("SELECT count(*) FROM t"), "0");
    assert_eq!(server.client().value("SELECT count(*) FROM t"), "0");
    client.run("INSERT INTO t VALUES (1, 'again')");
}

#[test]
fn a_commit_that_finds_duplicates_of_others_leaves_nothing() {
    let server = Server::start();
    let (mut first, mut other) = (server.client(), server.client());
    first.run("CREATE TABLE log (id int PRIMARY KEY); CREATE TABLE d (id int PRIMARY KEY, u int)");
    first.run("INSERT INTO d VALUES (1, 1), (2, 2)");
    first.run("BEGIN; INSERT INTO log VALUES (1); CREATE TABLE made (a int)");
    first.run("CREATE UNIQUE INDEX d_u ON d (u); INSERT INTO d VALUES (3, 3)");
    // Nobody else has to keep to an index that is not committed.
    other.run("INSERT INTO d VALUES (11, 1); UPDATE d SET u = 20 WHERE id = 2");
    let failure = first.error("COMMIT");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("23505", "could not create unique index \"d_u\""));
    assert_eq!(failure.detail.as_deref(), Some("Key (u)=(1) is duplicated."));
    assert_eq!(first.query("SELECT 1").status, 'I');
    for client in [&mut first, &mut other] {
        assert_eq!(client.value("SELECT count(*) FROM log"), "0");
        assert_eq!(client.column("SELECT u FROM d ORDER BY u"), ["1", "1", "20"]);
        assert_eq!(client.error("SELECT * FROM made").code, "42P01");
        assert_eq!(indexes_of(client, "d"), ["d_pkey"]);
    }
    // The own new row and one of somebody else.
    first.run("DELETE FROM d WHERE id = 11");
    first.run("BEGIN; INSERT INTO d VALUES (4, 40); CREATE UNIQUE INDEX d_u ON d (u)");
    other.run("INSERT INTO d VALUES (12, 40)");
    assert_eq!(first.error("COMMIT").code, "23505");
    assert_eq!(first.column("SELECT id FROM d ORDER BY id"), ["1", "2", "12"]);
    first.run("CREATE UNIQUE INDEX d_u ON d (u)");
    assert_eq!(other.error("INSERT INTO d VALUES (13, 40)").code, "23505");
}

#[test]
fn an_index_follows_what_others_commit_while_its_block_is_open() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let (mut first, mut other) = (server.client(), server.client());
    first.run("CREATE TABLE t (id int PRIMARY KEY, a int, u int)");
    first.run("INSERT INTO t SELECT n, n % 10, n FROM generate_series(1, 5000) AS n");
    first.run(
        "BEGIN; CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_u ON t (u); INSERT INTO t VALUES (7000, 77, 7000)",
    );
    // The block's own snapshot does not hold the index's entries.
    assert_eq!(first.value("SELECT count(*) FROM t WHERE a = 3"), "500");
    assert_eq!(first.value("SELECT count(*) FROM t WHERE a = 77"), "1");
    other.run("DELETE FROM t WHERE id = 13; UPDATE t SET a = 77 WHERE id = 23; INSERT INTO t VALUES (6000, 77, 6000)");
    // A duplicate that is gone again before the commit is none.
    other.run("INSERT INTO t VALUES (6001, 0, 1)");
    other.run("UPDATE t SET u = 6001 WHERE id = 6001");
    other.run("UPDATE t SET u = -1 WHERE u = 4");
    first.run("COMMIT");
    assert!(first.column("EXPLAIN SELECT id FROM t WHERE a = 77").concat().contains("t_a"));
    assert_eq!(first.column("SELECT id FROM t WHERE a = 77 ORDER BY id"), ["23", "6000", "7000"]);
    assert_eq!(first.value("SELECT count(*) FROM t WHERE a = 3"), "498");
    assert_eq!(other.error("INSERT INTO t VALUES (6002, 0, -1)").code, "23505");
    other.run("INSERT INTO t VALUES (6002, 0, 4)");
    // What a block has built and not committed leaves no trace.
    first.run("BEGIN; CREATE INDEX gone ON t (a); SAVEPOINT s; CREATE UNIQUE INDEX gone_too ON t (u); ROLLBACK TO s");
    first.run("CREATE INDEX gone_again ON t (u); DROP INDEX gone_again; ROLLBACK");
    first.run("BEGIN; CREATE INDEX dropped ON t (a); DROP INDEX dropped; CREATE INDEX kept ON t (a); COMMIT");
    assert_eq!(indexes_of(&mut first, "t"), ["kept", "t_a", "t_pkey", "t_u"]);
    assert!(server.stop().success());
    check_is_sound(&data);
}

#[test]
fn indexes_that_are_built_among_writers_are_sound() {
    const STATEMENTS: usize = 60;
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a int, u int)");
    client.run("INSERT INTO t SELECT n, n % 7, n FROM generate_series(1, 3000) AS n");
    all_at_once(&server, |number, client| {
        for step in 0..STATEMENTS {
            let id = (number * 271 + step * 53) % 4000;
            if number < 4 {
                let (name, end) = (format!("built_{number}"), if step % 3 == 0 { "ROLLBACK" } else { "COMMIT" });
                let (kind, column) = if number % 2 == 0 { ("UNIQUE INDEX", "u") } else { ("INDEX", "a, u") };
                // Another client may have changed the table's definition, or have the value twice: then nothing stays.
                if step % 10 == 0 {
                    client.query(&format!("BEGIN; CREATE {kind} {name} ON t ({column}); {end}"));
                    client.query("ROLLBACK");
                    if step < 40 {
                        client.query(&format!("DROP INDEX IF EXISTS {name}"));
                    }
                }
                continue;
            }
            let reply = match step % 3 {
                0 => client.query(&format!("DELETE FROM t WHERE id = {id}")),
                1 => client.query(&format!("UPDATE t SET a = {step}, u = -u WHERE id = {id}")),
                _ => client.query(&format!(
                    "INSERT INTO t VALUES ({id}, {step}, {id}) ON CONFLICT (id) DO UPDATE SET u = excluded.u"
                )),
            };
            let code = reply.failure().map_or("", |failure| failure.code.as_str()).to_string();
            assert!(code.is_empty() || code == "23505", "{reply:?}");
        }
    });
    client.run("DROP INDEX IF EXISTS built_0; CREATE INDEX built_last ON t (a)");
    let by_index = client.rows("SELECT id, u FROM t WHERE a = 3 ORDER BY id");
    let by_scan = client.rows("SELECT id, u FROM t WHERE a + 0 = 3 ORDER BY id");
    assert_eq!(by_index, by_scan);
    assert!(server.stop().success());
    check_is_sound(&data);
}

#[test]
fn definitions_of_other_tables_do_not_disturb_a_commit() {
    let server = Server::start();
    let (mut first, mut other) = (server.client(), server.client());
    first.run("CREATE TABLE t (id int PRIMARY KEY, u int); INSERT INTO t VALUES (1, 1)");
    first.run("BEGIN; CREATE TABLE mine (a int); CREATE UNIQUE INDEX t_u ON t (u)");
    other.run("CREATE TABLE other (a int UNIQUE); ALTER TABLE other ADD COLUMN b int");
    first.run("COMMIT");
    // The same name, and the same table.
    first.run("BEGIN; CREATE TABLE same (a int)");
    other.run("CREATE TABLE same (b int)");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("BEGIN; CREATE INDEX named ON t (u)");
    other.run("CREATE INDEX named ON other (b)");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("BEGIN; CREATE INDEX t_u_2 ON t (u)");
    other.run("ALTER TABLE t ADD COLUMN w int");
    assert_eq!(first.error("COMMIT").code, "40001");
    assert_eq!(indexes_of(&mut first, "t"), ["t_pkey", "t_u"]);
    assert_eq!(first.rows("SELECT b FROM same").len(), 0);
}

#[test]
fn a_block_decides_about_the_duplicates_it_finds() {
    let server = Server::start();
    let (mut first, mut other) = (server.client(), server.client());
    first.run("CREATE TABLE d (id int PRIMARY KEY, u int); INSERT INTO d VALUES (1, 7), (2, 7), (3, NULL), (4, NULL)");
    first.run("BEGIN; DELETE FROM d WHERE id = 2; CREATE UNIQUE INDEX d_u ON d (u)");
    first.run("SAVEPOINT s");
    assert_eq!(first.error("INSERT INTO d VALUES (5, 7)").message, DUPLICATE);
    first.run("ROLLBACK TO s; INSERT INTO d VALUES (5, 8), (6, NULL)");
    assert_eq!(first.error("UPDATE d SET u = 8 WHERE id = 1").message, DUPLICATE);
    first.run("ROLLBACK TO s; INSERT INTO d VALUES (5, 9); COMMIT");
    assert_eq!(first.column("SELECT id FROM d ORDER BY id"), ["1", "3", "4", "5"]);
    assert_eq!(other.error("INSERT INTO d VALUES (6, 7)").message, DUPLICATE);
    // One that the block resolves by giving a row another value, and one that it does not.
    first.run("CREATE TABLE e (id int PRIMARY KEY, u int); INSERT INTO e VALUES (1, 1), (2, 1), (3, 1)");
    first.run("BEGIN; UPDATE e SET u = id");
    first.run("CREATE UNIQUE INDEX e_u ON e (u); COMMIT");
    first.run("DROP INDEX e_u; UPDATE e SET u = 1; BEGIN; UPDATE e SET u = 2 WHERE id = 2");
    assert_eq!(first.error("CREATE UNIQUE INDEX e_u ON e (u)").code, "23505");
    first.run("ROLLBACK");
}

const DUPLICATE: &str = "duplicate key value violates unique constraint \"d_u\"";

#[test]
fn a_server_killed_while_an_index_is_built_starts_without_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE big (id int PRIMARY KEY, u int); CREATE TABLE word (id int PRIMARY KEY)");
    client
        .run("INSERT INTO big SELECT n, n FROM generate_series(1, 20000) AS n; INSERT INTO big VALUES (20001, 20000)");
    assert!(server.stop().success());
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let server = Launch::on(&data).start();
        let (mut builder, mut other) = (server.client(), server.client());
        assert_eq!(other.value("SELECT count(*) FROM big"), "20001");
        let build = format!("BEGIN; CREATE TABLE beside_{round} (a int); CREATE UNIQUE INDEX big_u ON big (u); COMMIT");
        builder.send_query(&build).expect("it is sent");
        for step in 0..round {
            other.run(&format!("CREATE TABLE made_{round}_{step} (a int); INSERT INTO word VALUES ({round}{step})"));
            acknowledged.push(format!("made_{round}_{step}"));
        }
        server.kill();
    }
    check_is_sound(&data);
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(indexes_of(&mut client, "big"), ["big_pkey"]);
    assert_eq!(client.value("SELECT count(*) FROM big"), "20001");
    assert_eq!(client.value("SELECT count(*) FROM word"), acknowledged.len().to_string());
    for table in &acknowledged {
        assert_eq!(client.value(&format!("SELECT count(*) FROM {table}")), "0");
    }
    client.run("DELETE FROM big WHERE id = 20001; CREATE UNIQUE INDEX big_u ON big (u)");
    assert_eq!(client.error("INSERT INTO big VALUES (20001, 20000)").code, "23505");
    assert!(server.stop().success());
    check_is_sound(&data);
}

/// As servers before left it that put an index into the catalog first and filled it afterwards.
#[test]
fn an_index_that_cannot_be_filled_does_not_keep_a_server_from_starting() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run(
        "CREATE TABLE twice (id int PRIMARY KEY, u int, w text); INSERT INTO twice VALUES (1, 5, 'a'), (2, 5, 'b')",
    );
    client.run("CREATE INDEX twice_u ON twice (u); CREATE INDEX twice_w ON twice (w)");
    client.run("CREATE TABLE once (id int PRIMARY KEY, u int); INSERT INTO once VALUES (1, 5), (2, 6)");
    client.run("CREATE INDEX once_u ON once (u)");
    let table = |client: &mut Client, name: &str| {
        let oid: u32 = client.value(&format!("SELECT '{name}'::regclass::oid")).parse().expect("a number");
        CollectionId(oid - CollectionId(0).oid())
    };
    let tables = [table(&mut client, "twice"), table(&mut client, "once")];
    assert!(server.stop().success());
    let store = Store::open(&data, &StoreOptions::default()).expect("the store opens");
    let mut batch = Batch::new();
    for id in tables {
        let json = store.snapshot().get(&Key::Collection(id)).expect("it is read").expect("the table").to_vec();
        let mut collection: Collection = serde_json::from_slice(&json).expect("a collection");
        let index = collection.indexes.first_mut().expect("its index");
        if let IndexKind::Ordered { unique, .. } = &mut index.kind {
            *unique = true;
        }
        batch.delete_range(&KeyRange::index(index.id));
        batch.put(&Key::Meta(&format!("building:{}", index.id.0)), &[]);
        batch.put(&Key::Collection(id), &serde_json::to_vec(&collection).expect("it is written"));
    }
    // One that no catalog names.
    batch.put(&Key::Meta("building:9999"), &[]);
    batch.put(&Key::Index(CollectionId(9999), b"left over"), &[]);
    store.write(batch).expect("the catalog is written");
    store.close();
    drop(store);
    let server = Launch::on(&data).start();
    let log = server.log();
    assert!(log.contains("an index that cannot be filled is invalid") && log.contains("twice_u"), "{log}");
    let mut client = server.client();
    assert_eq!(indexes_of(&mut client, "twice"), ["twice_pkey", "twice_u", "twice_w"]);
    let invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid";
    assert_eq!(client.column(invalid), ["twice_u"]);
    assert_eq!(client.column("SELECT w FROM twice WHERE u = 5 ORDER BY id"), ["a", "b"]);
    assert_eq!(indexes_of(&mut client, "once"), ["once_pkey", "once_u"]);
    assert_eq!(client.value("SELECT id FROM once WHERE u = 6"), "2");
    assert_eq!(client.error("INSERT INTO once VALUES (3, 6)").code, "23505");
    assert!(server.stop().success());
    check_is_sound(&data);
    // The second start has nothing left to do.
    assert!(Launch::on(&data).start().stop().success());
}

/// Runs `work` in each of as many connections as there are clients, all at the same time.
fn all_at_once<T: Send + 'static>(
    server: &Server,
    work: impl Fn(usize, &mut Client) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let (start, work) = (Arc::new(Barrier::new(CLIENTS)), Arc::new(work));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (mut client, start, work) = (server.client(), Arc::clone(&start), Arc::clone(&work));
            std::thread::spawn(move || {
                start.wait();
                work(number, &mut client)
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("a client ends")).collect()
}

#[test]
fn on_conflict_decides_however_many_clients_bring_a_key() {
    const ROUNDS: usize = 10;
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE counter (id bigserial PRIMARY KEY, u text UNIQUE, n int)");
    client.run("CREATE TABLE plain (u text UNIQUE, n int)");
    let tags = all_at_once(&server, |_, client| {
        let mut tags = Vec::new();
        for round in 0..ROUNDS {
            for table in ["counter", "plain"] {
                let values = format!("INSERT INTO {table} (u, n) VALUES ('{round}', 1) ON CONFLICT (u)");
                tags.push(client.run(&format!("{values} DO UPDATE SET n = {table}.n + 1")));
                let other = values.replace("VALUES ('", "VALUES ('other ");
                tags.push(client.run(&other.replace("ON CONFLICT (u)", "ON CONFLICT DO NOTHING")));
            }
        }
        tags
    });
    let inserted = tags.iter().flatten().filter(|tag| *tag == "INSERT 0 1").count();
    assert_eq!(inserted, 2 * ROUNDS * (CLIENTS + 1), "each upsert, and one of each DO NOTHING");
    for table in ["counter", "plain"] {
        let counted = client.column(&format!("SELECT n FROM {table} WHERE u NOT LIKE 'other%'"));
        assert_eq!(counted, vec![CLIENTS.to_string(); ROUNDS], "{table}");
        assert_eq!(client.value(&format!("SELECT count(*) FROM {table}")), (2 * ROUNDS).to_string());
    }
}

#[test]
fn another_unique_index_than_on_conflict_names_still_refuses() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE two (id bigserial PRIMARY KEY, u int UNIQUE, v int UNIQUE)");
    let codes = all_at_once(&server, |number, client| {
        let insert = format!("INSERT INTO two (u, v) VALUES ({number}, 1) ON CONFLICT (u) DO UPDATE SET v = 2");
        client.query(&insert).failure().map(|failure| (failure.code.clone(), failure.message.clone()))
    });
    let refused: Vec<_> = codes.into_iter().flatten().collect();
    assert_eq!(refused.len(), CLIENTS - 1);
    let expected = "duplicate key value violates unique constraint \"two_v_key\"";
    assert!(refused.iter().all(|(code, message)| code == "23505" && message == expected), "{refused:?}");
}

#[test]
fn many_rows_keep_their_unique_values() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE bulk (id int PRIMARY KEY, u int UNIQUE, a int); CREATE INDEX bulk_a ON bulk (a)");
    assert_eq!(client.run("INSERT INTO bulk SELECT n, n, n FROM generate_series(1, 20000) AS n"), "INSERT 0 20000");
    assert_eq!(client.run("UPDATE bulk SET u = u + 100000, a = 0 WHERE id > 10000"), "UPDATE 10000");
    assert_eq!(client.error("UPDATE bulk SET u = 7 WHERE id > 19990").code, "23505");
    let failure = client.error("INSERT INTO bulk SELECT n, n % 15000, n FROM generate_series(30001, 50000) AS n");
    assert_eq!(failure.code, "23505");
    assert_eq!(
        client.value("SELECT count(*) || ' ' || count(DISTINCT u) || ' ' || sum(a) FROM bulk"),
        "20000 20000 50005000"
    );
    // In one block: every row is found by its own new values, and no longer by its old ones.
    client.run("BEGIN; UPDATE bulk SET u = u + 1000000, a = id + 5");
    client.run("INSERT INTO bulk SELECT n, n, 3 FROM generate_series(60001, 62000) AS n");
    assert_eq!(client.column("SELECT id FROM bulk WHERE u = 1000005"), ["5"]);
    assert_eq!(client.value("SELECT count(*) FROM bulk WHERE u = 5"), "0");
    assert_eq!(client.value("SELECT count(*) FROM bulk WHERE a = 3"), "2000");
    assert_eq!(client.column("SELECT id FROM bulk WHERE a BETWEEN 6 AND 8 ORDER BY id"), ["1", "2", "3"]);
    assert_eq!(client.column("SELECT id FROM bulk WHERE u IN (61000, 61000, 62000) ORDER BY id"), ["61000", "62000"]);
    client.run("COMMIT");
    assert_eq!(client.value("SELECT count(*) FROM bulk WHERE a = 3"), "2000");
    assert_eq!(client.value("SELECT count(DISTINCT u) FROM bulk"), "22000");
}

#[test]
fn an_index_serves_a_list_that_repeats_values() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE r (id int PRIMARY KEY, a int); CREATE INDEX r_a ON r (a)");
    client.run("INSERT INTO r SELECT n, 1 FROM generate_series(1, 6000) AS n; INSERT INTO r VALUES (7000, 2)");
    assert_eq!(client.value("SELECT count(*) FROM r WHERE a IN (1, 1, 2)"), "6001");
    let reply = client.run_with("SELECT count(*) FROM r WHERE a IN ($1::int, $2::int, $3::int)", &["1", "1", "2"]);
    let Some(Answer::Rows { rows, .. }) = reply.answers.last() else { panic!("{reply:?}") };
    assert_eq!(rows[0][0].as_deref(), Some("6001"));
}

fn indexes_of(client: &mut Client, table: &str) -> Vec<String> {
    client.column(&format!("SELECT indexname FROM pg_indexes WHERE tablename = '{table}' ORDER BY indexname"))
}

#[test]
fn an_index_that_its_own_block_drops_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE m (a int); INSERT INTO m VALUES (1)");
    client
        .run("BEGIN; INSERT INTO m VALUES (2); CREATE INDEX i ON m (a); UPDATE m SET a = a + 1; DROP INDEX i; COMMIT");
    client.run(
        "BEGIN; CREATE INDEX j ON m (a); ALTER TABLE m ADD COLUMN b int UNIQUE; ALTER TABLE m DROP CONSTRAINT m_b_key; COMMIT",
    );
    assert_eq!(client.column("SELECT a FROM m WHERE a > 1 ORDER BY a"), ["2", "3"]);
    client.run("ALTER TABLE m ADD PRIMARY KEY (a)");
    assert_eq!(client.column("SELECT a FROM m ORDER BY a"), ["2", "3"]);
    drop(client);
    assert!(server.stop().success());
    check_is_sound(&data);
}

fn check_is_sound(data: &Path) {
    let output = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("sound"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_lone_client_commits_where_it_is_served() {
    const COMMITS: u64 = 200;
    // With one processor there is one thread for all connections, which must not wait for the disk.
    let has_other_workers = std::thread::available_parallelism().is_ok_and(|threads| threads.get() > 1);
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE); INSERT INTO t VALUES (1, 0), (2, -1)");
    // Threads have names of 15 bytes.
    let before = server.waits_of("nebulus-committ");
    for _ in 0..COMMITS {
        client.run("UPDATE t SET a = a + 1 WHERE id = 1");
    }
    let waits = server.waits_of("nebulus-committ") - before;
    assert_eq!(waits < COMMITS / 2, has_other_workers, "the committer waited {waits} times for {COMMITS} commits");
    // Those of many go through its queue, and through its lock: none is lost, and none is refused for what is not so.
    let done = all_at_once(&server, |number, client| {
        (0..25).filter(|_| client.query("UPDATE t SET a = a + 1 WHERE id = 1").failure().is_none()).count()
            + usize::from(client.query(&format!("INSERT INTO t VALUES ({}, -2)", number + 10)).failure().is_none())
    });
    let total = client.value("SELECT a FROM t WHERE id = 1").parse::<usize>().expect("a number");
    assert_eq!(client.value("SELECT count(*) FROM t WHERE a = -2"), "1", "one of all may have it");
    assert_eq!(total as u64, COMMITS + done.iter().sum::<usize>() as u64 - 1);
}
