//! How far indexes are built, as the catalog says it: what a killed server goes on with, what cannot be built and waits for
//! REINDEX, and that nobody's commit pays for it.

use std::path::Path;
use std::time::{Duration, Instant};

use nebulusdb::model::{CollectionId, ColumnId};
use nebulusdb::store::{Batch, Key, KeyRange, Store, StoreOptions, encode_key};
use nebulusdb::types::Value;

use crate::client::Client;
use crate::harness::{Launch, Server, run_program};

/// Longest wait for a graph in the background.
const BUILT_MAX: Duration = Duration::from_secs(120);
const DIMENSION: usize = 24;
/// Vectors of the first try, and how often twice as many are tried before the machine is too fast for the test.
const ROWS: usize = 1_000;
const TRIES: usize = 7;

/// The vector of a row: none is like another.
fn vector_of(row: usize) -> String {
    let mut seed = row as u64 + 1;
    let components = (0..DIMENSION).map(|_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{}", (seed >> 40) % 1_000)
    });
    format!("[{}]", components.collect::<Vec<_>>().join(","))
}

/// `valid,ready` of an index, where there is one.
fn state(client: &mut Client, index: &str) -> Option<String> {
    let sought = format!(
        "SELECT i.indisvalid::text || ',' || i.indisready::text FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = '{index}'"
    );
    client.column(&sought).pop()
}

fn wait_until_valid(client: &mut Client, index: &str) {
    let patience = Instant::now() + BUILT_MAX;
    while state(client, index).as_deref() != Some("true,true") {
        assert!(Instant::now() < patience, "{index} is {:?}", state(client, index));
    }
}

fn plan_of(client: &mut Client, query: &str) -> String {
    client.column(&format!("EXPLAIN {query}")).join("\n")
}

/// A table whose index is being built, by the client that is given back: it has not been answered yet.
fn being_built(server: &Server) -> Client {
    let mut client = server.client();
    client.run(&format!("CREATE TABLE point (id int PRIMARY KEY, v vector({DIMENSION}))"));
    let mut rows = 0;
    for _ in 0..TRIES {
        let more = rows.max(ROWS);
        let new = (rows..rows + more).map(|row| vec![Some(row.to_string()), Some(vector_of(row))]);
        assert_eq!(client.run_each("INSERT INTO point VALUES ($1, $2)", new).failure(), None);
        rows += more;
        let mut builder = server.client();
        builder.send_query("CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops)").expect("it is sent");
        loop {
            match state(&mut client, "point_v").as_deref() {
                None => {}
                Some("false,true") => return builder,
                Some("true,true") => break,
                Some(other) => panic!("an index that is being built is {other}"),
            }
        }
        assert_eq!(builder.read_reply().expect("the index is built").failure(), None);
        client.run("DROP INDEX point_v");
    }
    panic!("{rows} vectors are in a graph before anybody can look");
}

#[test]
fn a_graph_that_a_kill_interrupts_goes_on_after_the_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let builder = being_built(&server);
    let mut client = server.client();
    client.run(&format!("INSERT INTO point VALUES (-1, '{}')", vector_of(77_777)));
    server.kill();
    drop(builder);
    let server = Launch::on(&data).start();
    let mut client = server.client();
    let nearest = |row| format!("SELECT id FROM point ORDER BY v <-> '{}' LIMIT 1", vector_of(row));
    assert_eq!(client.value(&nearest(77_777)), "-1", "whether it is built by now or not");
    client.run(&format!("INSERT INTO point VALUES (-2, '{}')", vector_of(88_888)));
    wait_until_valid(&mut client, "point_v");
    assert!(plan_of(&mut client, &nearest(1)).contains("Vector Index Scan using point_v"));
    for (row, id) in [(77_777, "-1"), (88_888, "-2"), (5, "5"), (900, "900")] {
        assert_eq!(client.value(&nearest(row)), id);
    }
    assert!(server.stop().success());
    let server = Launch::on(&data).start();
    assert_eq!(state(&mut server.client(), "point_v").as_deref(), Some("true,true"), "it was saved");
}

#[test]
fn a_definition_changes_while_an_index_of_its_table_is_built() {
    let server = Server::start();
    let mut builder = being_built(&server);
    let mut client = server.client();
    let mut other = server.client();
    client.run("BEGIN; ALTER TABLE point ADD COLUMN note text DEFAULT 'none'");
    let was_building = state(&mut other, "point_v");
    assert!(!plan_of(&mut other, "SELECT id FROM point ORDER BY v <-> '[1]' LIMIT 1").contains("point_v"));
    assert_eq!(was_building.as_deref(), Some("false,true"), "the change begins before the index is built");
    assert_eq!(builder.read_reply().expect("the index is built").failure(), None);
    assert_eq!(state(&mut other, "point_v").as_deref(), Some("true,true"));
    client.run("COMMIT");
    assert_eq!(
        state(&mut other, "point_v").as_deref(),
        Some("true,true"),
        "the definition of before takes nothing back"
    );
    assert_eq!(other.value("SELECT note FROM point WHERE id = 1"), "none");
}

/// The collection of a table, by its OID.
fn collection_of(client: &mut Client, table: &str) -> CollectionId {
    let oid: u32 = client.value(&format!("SELECT '{table}'::regclass::oid")).parse().expect("a number");
    CollectionId(oid - CollectionId(0).oid())
}

fn key_of(id: i32) -> Vec<u8> {
    let mut key = Vec::new();
    encode_key(&[Value::Int4(id)], &mut key).expect("a key");
    key
}

fn change_store(data: &Path, change: impl FnOnce(&Store, &mut Batch)) {
    let store = Store::open(data, &StoreOptions::default()).expect("nobody has it");
    let mut batch = Batch::new();
    change(&store, &mut batch);
    store.write(batch).expect("it is written");
    store.close();
}

#[test]
fn a_graph_that_cannot_be_built_is_invalid_until_reindex() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE point (id int PRIMARY KEY, v vector(2))");
    client.run("INSERT INTO point SELECT n, ('[' || n || ',1]')::vector FROM generate_series(1, 50) AS n");
    let collection = collection_of(&mut client, "point");
    assert!(server.stop().success());
    change_store(&data, |_, batch| batch.put(&Key::Vector(collection, ColumnId(1), &key_of(7)), &[1, 2, 3]));
    let server = Launch::on(&data).start();
    let mut client = server.client();
    let reply = client.query("CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops)");
    let told = reply.notices.first().expect("the client is warned");
    assert_eq!((told.severity.as_str(), told.code.as_str()), ("WARNING", "XX001"), "{told:?}");
    assert!(told.hint.as_deref().is_some_and(|hint| hint.contains("REINDEX INDEX")), "{told:?}");
    assert_eq!(state(&mut client, "point_v").as_deref(), Some("false,false"));
    let nearest = "SELECT id FROM point WHERE id > 10 ORDER BY v <-> '[30.2,1]' LIMIT 1";
    assert!(!plan_of(&mut client, nearest).contains("point_v"));
    assert_eq!(client.value(nearest), "30");
    client.run("INSERT INTO point VALUES (51, '[51,1]')");
    assert!(server.stop().success());
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(state(&mut client, "point_v").as_deref(), Some("false,false"), "a restart tries nothing by itself");
    client.run("DELETE FROM point WHERE id = 7");
    assert_eq!(client.run("REINDEX INDEX point_v"), "REINDEX");
    assert_eq!(state(&mut client, "point_v").as_deref(), Some("true,true"));
    assert!(plan_of(&mut client, nearest).contains("Vector Index Scan using point_v"));
    assert_eq!(client.value(nearest), "30");
    assert_eq!(client.value("SELECT id FROM point ORDER BY v <-> '[60,1]' LIMIT 1"), "51");
}

#[test]
fn a_unique_index_over_equal_values_is_invalid_until_reindex() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run(
        "CREATE TABLE word (id int PRIMARY KEY, text text UNIQUE); INSERT INTO word VALUES (1, 'one'), (2, 'two')",
    );
    let collection = collection_of(&mut client, "word");
    assert!(server.stop().success());
    change_store(&data, |store, batch| {
        let snapshot = store.snapshot();
        let record = snapshot.get(&Key::Entry(collection, &key_of(1))).expect("it is read").expect("an entry");
        batch.put(&Key::Entry(collection, &key_of(3)), &record);
    });
    let check = |more: &[&str]| {
        let output = run_program(&[&["check", "--data-dir", &data.to_string_lossy()], more].concat());
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (_, told) = check(&["--repair"]);
    assert!(told.contains("index word_text_key on word is invalid"), "{told}");
    let (is_sound, told) = check(&[]);
    assert!(is_sound, "{told}");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(state(&mut client, "word_text_key").as_deref(), Some("false,false"));
    assert_eq!(client.column("SELECT id FROM word WHERE text = 'one' ORDER BY id"), ["1", "3"]);
    client.run("INSERT INTO word VALUES (4, 'two')");
    let conflict = client.error("INSERT INTO word VALUES (5, 'two') ON CONFLICT (text) DO NOTHING");
    assert_eq!(conflict.code, "42P10", "{conflict:?}");
    let conflict =
        client.error("INSERT INTO word VALUES (5, 'two') ON CONFLICT ON CONSTRAINT word_text_key DO NOTHING");
    assert_eq!(conflict.code, "42P10", "{conflict:?}");
    assert_eq!(client.error("REINDEX INDEX word_text_key").code, "23505");
    assert_eq!(state(&mut client, "word_text_key").as_deref(), Some("false,false"));
    client.run("DELETE FROM word WHERE id IN (3, 4)");
    assert_eq!(client.run("REINDEX TABLE word"), "REINDEX");
    assert_eq!(state(&mut client, "word_text_key").as_deref(), Some("true,true"));
    assert_eq!(client.error("INSERT INTO word VALUES (6, 'two')").code, "23505");
    assert!(plan_of(&mut client, "SELECT id FROM word WHERE text = 'two'").contains("Index Scan using word_text_key"));
    client.run("INSERT INTO word VALUES (7, 'two') ON CONFLICT (text) DO NOTHING");
    assert!(server.stop().success());
    let (is_well, told) = check(&[]);
    assert!(is_well, "{told}");
    change_store(&data, |store, _| {
        let snapshot = store.snapshot();
        let mut metas = snapshot.scan(&KeyRange::metas());
        while let Some((name, _)) = metas.next().expect("it is read") {
            assert!(!String::from_utf8_lossy(name).starts_with("building:"), "the mark went with the old index");
        }
    });
}
