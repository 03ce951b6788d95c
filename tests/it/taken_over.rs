//! Stores of older formats. Where a server is killed while it takes one over, whatever the moment, the next start ends what was begun.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nebulusdb::db::{Clock, Database, DatabaseOptions};
use nebulusdb::store::{KeySource, encode_key};
use nebulusdb::types::Value;

use crate::harness::{Launch, program, run_program};

/// Changes of the files of a data directory after which a server is killed.
const KILLS: [usize; 6] = [1, 3, 6, 10, 15, 20];
/// The longest that a server is watched before it is killed whatever it has done.
const WATCHED_MAX: Duration = Duration::from_secs(30);
/// Every server of these tests listens for peers on ports of its own.
const LISTEN: [&str; 4] = ["--p2p-listen", "/ip4/127.0.0.1/tcp/0", "--cache-mb", "32"];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("its rights");
    for entry in fs::read_dir(from).expect("the fixture").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("its rights");
        }
    }
}

/// What can be seen of a folder from outside: names and lengths of its files.
fn looks(folder: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    // Files come and go meanwhile.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => found.extend(looks(&entry.path())),
            Ok(metadata) => found.push((entry.path(), metadata.len())),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// Starts a server and kills it once its files have changed so often, or it is ready.
fn start_and_kill(data: &Path, changes: usize) {
    let mut command = program();
    command.arg("serve").arg("--data-dir").arg(data).args(["--listen", "127.0.0.1:0", "--admin", "off"]).args(LISTEN);
    let mut before = looks(data);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("the server can be started");
    let (started, mut seen) = (Instant::now(), 0);
    while seen < changes && started.elapsed() < WATCHED_MAX && !data.join("server.json").exists() {
        let now = looks(data);
        seen += usize::from(now != before);
        before = now;
        std::thread::yield_now();
    }
    child.kill().expect("the server runs");
    child.wait().expect("the server ends");
    // It tells where it listens last, and cannot take that back.
    fs::remove_file(data.join("server.json")).ok();
}

/// Everything of the fixture is here, and what this node and its older names wrote is proven; how many deltas there are by now.
fn deltas_of_whole(data: &Path) -> u64 {
    let server = Launch::on(data).with(&LISTEN).start();
    let mut client = server.client();
    let rows = client.rows("SELECT id, body FROM notes ORDER BY id");
    let expected = [("a1", "first of a"), ("a2", "edited by b"), ("a4", "private of a"), ("b1", "edited at home")];
    let expected = expected.into_iter().chain([("b2", "second of b")]);
    assert_eq!(rows, expected.map(|(id, body)| vec![Some(id.to_string()), Some(body.to_string())]).collect::<Vec<_>>());
    drop(client);
    assert!(server.stop().success());
    let database = Database::open(&DatabaseOptions {
        data_directory: data.to_path_buf(),
        key_directory: data.join("keys"),
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: false,
        clock: Clock::System,
        row_compiler: nebulusdb::db::no_row_compiler,
    })
    .expect("the store opens");
    let catalog = database.catalog();
    let notes = catalog.expect_collection("notes").expect("the table").id;
    let maker = |id: &str| {
        let mut key = Vec::new();
        encode_key(&[Value::text(id)], &mut key).expect("a key");
        database.replica().entry_maker(notes, &key).expect("it can be read")
    };
    assert!(maker("a1").is_some(), "its own entry is proven");
    assert_eq!(maker("b2"), None, "nothing proves what another wrote");
    let network = catalog.network("old").expect("the network").id;
    let heads = database.replica().heads(network).expect("they can be read");
    database.shutdown().expect("an orderly end");
    drop(database);
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    heads.iter().map(|head| head.seq).sum()
}

#[test]
fn a_server_killed_while_it_takes_an_older_store_over_ends_that_at_its_next_start() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1");
    let taken_over = |kills: &[usize]| {
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("data");
        copy(&fixture, &data);
        kills.iter().for_each(|changes| start_and_kill(&data, *changes));
        deltas_of_whole(&data)
    };
    let deltas = taken_over(&[]);
    for changes in KILLS {
        assert_eq!(
            taken_over(&[changes]),
            deltas,
            "what was killed after {changes} changes has posted something twice"
        );
    }
    assert_eq!(taken_over(&KILLS), deltas, "and so has what was killed over and over");
}

/// A server on a copy of the store of format 2.
fn of_format_2(data: &Path) -> crate::harness::Server {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-2"), data);
    Launch::on(data).with(&LISTEN).start()
}

#[test]
fn a_store_of_before_columns_had_ids_is_read_and_its_columns_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = of_format_2(&data);
    let mut client = server.client();
    let shown = |client: &mut crate::client::Client, sql: &str| -> Vec<String> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "null".to_string());
        client.rows(sql).into_iter().map(|row| row.into_iter().map(text).collect::<Vec<_>>().join("|")).collect()
    };
    let items = "SELECT id, name, price, tags, v FROM item ORDER BY id";
    let expected = ["1|one|1.50|{\"a\": 1}|[1,0]", "2|two|2.25|null|[0,1]", "3|three|3.00|[]|null"];
    assert_eq!(shown(&mut client, items), expected);
    assert_eq!(shown(&mut client, "SELECT metadata, vector FROM memory"), ["{\"n\": 7, \"topic\": \"x\"}|[1,2,3]"]);
    // Entries of both formats stand side by side.
    client.run("INSERT INTO item (name, price, v) VALUES ('four', 4, '[2,2]')");
    client.run("UPDATE item SET price = 5 WHERE name = 'three'");
    client.run("ALTER TABLE item RENAME COLUMN name TO title");
    client.run("ALTER TABLE plain RENAME COLUMN word TO n2");
    client.run("ALTER TABLE item DROP COLUMN tags");
    client.run("ALTER TABLE item ADD COLUMN tags text");
    client.run("ALTER TABLE plain ADD COLUMN word int");
    let items = "SELECT id, title, price, v, tags FROM item ORDER BY id";
    let expected =
        ["1|one|1.50|[1,0]|null", "2|two|2.25|[0,1]|null", "3|three|5.00|null|null", "4|four|4.00|[2,2]|null"];
    assert_eq!(shown(&mut client, items), expected, "what was dropped does not come back under its name");
    assert_eq!(shown(&mut client, "SELECT n, n2, word FROM plain ORDER BY n"), ["1|a|null", "2|b|null"]);
    assert_eq!(shown(&mut client, "SELECT metadata FROM item WHERE metadata IS NOT NULL"), Vec::<String>::new());
    drop(client);
    assert!(server.stop().success());
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let server = Launch::on(&data).with(&LISTEN).start();
    let mut client = server.client();
    assert_eq!(shown(&mut client, items), expected);
    assert_eq!(shown(&mut client, "SELECT id FROM item WHERE title = 'two'"), ["2"]);
    assert_eq!(shown(&mut client, "SELECT id FROM item ORDER BY v <-> '[0,0.9]' LIMIT 1"), ["2"]);
    assert_eq!(
        shown(&mut client, "SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 3"),
        ["made|5", "v|6", "tags|7"]
    );
}
