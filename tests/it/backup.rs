//! Backups and restores through the program: under load, incremental, damaged, interrupted, on full disks, with and without
//! keys; and the repair of what follows from the entries.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nebulusdb::store::{Batch, Family, Key, KeyRange, Store, StoreOptions};

use crate::full_disk::SmallDisk;
use crate::harness::{Launch, Server, program, run_program};
use crate::secrets::files_below;

const SECRET: &str = "the secret of the backup";
/// Longest wait for a process to come as far as a test wants to interrupt it.
const PROCESS_SECONDS_MAX: u64 = 60;

/// A server with a bit of everything.
fn filled(folder: &Path) -> Server {
    let server = Launch::on(&folder.join("data")).start();
    let mut client = server.client();
    client.run(&format!("SET AUTH key = 'k' value = '{SECRET}'"));
    client.run("CREATE TABLE words (id int PRIMARY KEY, word text, v vector(3))");
    client.run("CREATE INDEX words_word ON words (word)");
    client.run("INSERT INTO words SELECT i, 'word ' || i, '[1,2,3]' FROM generate_series(1, 500) AS g(i)");
    client.run("SET MEMORY id = 'a' metadata = {topic: \"x\"} vector = [1, 2] blob = 'bytes of the blob'");
    server
}

fn url(server: &Server) -> String {
    format!("postgresql://nebulus@127.0.0.1:{}/nebulus", server.address.port())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours is UTF-8")
}

/// Backs up a running server.
fn back_up(server: &Server, folder: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["backup", text(folder), "--url"];
    let url = url(server);
    arguments.push(&url);
    arguments.extend(more);
    run_program(&arguments)
}

fn restore(folder: &Path, data: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["restore", text(folder), "--data-dir", text(data)];
    arguments.extend(more);
    run_program(&arguments)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    said(output)
}

/// What was said by a command that must fail.
fn failed(output: &Output) -> String {
    assert!(!output.status.success(), "it must fail: {}", said(output));
    said(output)
}

fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_below(&folder.join("manifests"));
    found.sort();
    found
}

/// The files of a backup, with the place of what they hold.
fn files(folder: &Path, manifest: &Path) -> Vec<(String, PathBuf)> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let files = json["backup"]["files"].as_array().unwrap().iter();
    let hash = |file: &serde_json::Value| file["blake3"].as_str().unwrap().to_string();
    let object = |hash: String| folder.join("objects").join(&hash[..2]).join(hash);
    files.map(|file| (file["path"].as_str().unwrap().to_string(), object(hash(file)))).collect()
}

/// The keys of a node go where a restored one looks for them.
fn give_keys(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in files_below(from).iter().filter(|file| text(file).contains("vault.")) {
        std::fs::copy(file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Without `--offline` the directory names the server that holds it, and the password is the one that lies among its keys.
#[test]
fn a_data_directory_names_the_server_to_back_up() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, data) = (directory.path().join("backups"), directory.path().join("data"));
    let back_up = |more: &[&str]| run_program(&[&["backup", text(&folder), "--data-dir", text(&data)], more].concat());
    assert!(failed(&back_up(&[])).contains("no server is known to hold the data directory"));
    let mut launch = Launch::on(&data);
    launch.trust_local = false;
    let server = launch.start();
    assert!(well(&back_up(&[])).contains("backup 000001-"));
    assert_eq!(manifests(&folder).len(), 1);
    drop(server);
    let told = failed(&back_up(&[]));
    assert!(told.contains("no server is known to hold") && told.contains("--offline"), "{told}");
    assert!(well(&back_up(&["--offline"])).contains("backup 000002-"));
}

/// What would have no effect is refused, by its name.
#[test]
fn options_that_mean_nothing_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, data) = (directory.path().join("backups"), directory.path().join("data"));
    let (folder, data) = (text(&folder), text(&data));
    let url = "postgresql://nebulus@127.0.0.1:1/nebulus";
    for (arguments, option) in [
        (vec!["backup", folder, "--cache-mb", "64"], "--cache-mb"),
        (vec!["backup", folder, "--data-dir", data, "--vault-passphrase-file", "p"], "--vault-passphrase-file"),
        (vec!["backup", folder, "--url", url, "--data-dir", data], "--data-dir"),
        (vec!["backup", folder, "--offline", "--data-dir", data, "--url", url], "--url"),
        (vec!["backup", folder, "--list", "--data-dir", data], "--data-dir"),
        (vec!["backup", folder, "--verify", "--url", url], "--url"),
        (vec!["restore", folder, "--data-dir", data, "--cache-mb", "64"], "--cache-mb"),
        (vec!["check", "--data-dir", data, "--key-dir", data], "--key-dir"),
        (vec!["query", "--url", url, "--output", "csv", "--width", "9", "SELECT 1"], "--width"),
    ] {
        let told = failed(&run_program(&arguments));
        let is_told = told.contains(&format!("{option} has no effect")) || told.contains("unexpected argument");
        assert!(is_told && told.contains(option), "{arguments:?}: {told}");
    }
}

#[test]
fn a_backup_under_load_restores_what_was_committed() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, restored) = (directory.path().join("backups"), directory.path().join("restored"));
    let server = filled(directory.path());
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let (before, backup) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut client = server.client();
            while !is_over.load(Ordering::Relaxed) {
                let number = acknowledged.load(Ordering::Relaxed) + 1;
                client.run(&format!(
                    "SET MEMORY id = 'load-{number}' metadata = {{load: {number}}} vector = [1, {number}] blob = 'blob {number}'"
                ));
                acknowledged.store(number, Ordering::Relaxed);
            }
        });
        while acknowledged.load(Ordering::Relaxed) < 20 {
            std::thread::yield_now();
        }
        let before = acknowledged.load(Ordering::Relaxed);
        let backup = back_up(&server, &folder, &[]);
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        (before, backup)
    });
    assert!(well(&backup).contains("The vault's key is not in it"));
    assert!(!server.data.join("checkpoint.tmp").exists());
    let written = acknowledged.load(Ordering::Relaxed);
    server.kill();

    let told = well(&restore(&folder, &restored, &[]));
    assert!(told.contains("before you start it, copy vault.*.key"), "{told}");
    let refused = Launch::on(&restored).try_start().err().expect("nothing opens without the key");
    assert!(refused.contains("the vault's key is missing"), "{refused}");
    give_keys(&directory.path().join("data/keys"), &restored.join("keys"));
    assert!(well(&run_program(&["check", "--data-dir", text(&restored)])).contains("sound"));
    let server = Launch::on(&restored).start();
    let mut client = server.client();
    assert_eq!(client.value("SELECT value FROM auth WHERE key = 'k'"), SECRET);
    assert_eq!(client.value("SELECT count(*) FROM words WHERE word = 'word 77'"), "1");
    // What had been acknowledged is there, and what came later is there up to one moment.
    let count: u64 = client.value("SELECT count(*) FROM memory WHERE id LIKE 'load-%'").parse().unwrap();
    assert!((before..=written).contains(&count), "{before} <= {count} <= {written}");
    assert_eq!(client.value("SELECT max((metadata->>'load')::int) FROM memory"), count.to_string());
    let blobs = "SELECT count(*) FROM memory WHERE blob(id) = ('blob ' || (metadata->>'load'))::bytea";
    assert_eq!(client.value(blobs), count.to_string());
    assert_eq!(client.value("SELECT blob('a') = 'bytes of the blob'::bytea"), "t");
    assert_eq!(
        client.value("SELECT id FROM memory WHERE id LIKE 'load-%' ORDER BY vector <-> '[1,1]' LIMIT 1"),
        "load-1"
    );
}

#[test]
fn later_backups_copy_what_is_new_and_old_ones_go() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("backups");
    let server = filled(directory.path());
    server
        .client()
        .run("INSERT INTO words SELECT i, repeat(md5(i::text), 20), NULL FROM generate_series(1000, 9000) AS g(i)");
    for number in 0..10 {
        let blob = digits(number).repeat(16_000);
        server.client().run(&format!("SET MEMORY id = 'b{number}' blob = '{blob}'"));
    }
    let reported = |more: &str| -> serde_json::Value {
        let call = format!("SELECT nebulus_backup('{}', '{more}')", text(&folder));
        serde_json::from_str(&server.client().value(&call)).unwrap()
    };
    let first = reported("{}");
    assert_eq!((&first["new_files"], &first["new_bytes"]), (&first["files"], &first["bytes"]));
    server.client().run("INSERT INTO words VALUES (1, 'x', NULL) ON CONFLICT (id) DO UPDATE SET word = 'x'");
    let before: Vec<PathBuf> = files_below(&folder.join("objects"));
    let second = reported("{}");
    let share = second["new_bytes"].as_f64().unwrap() / second["bytes"].as_f64().unwrap();
    assert!(share < 0.5, "{second}");
    assert!(before.iter().all(|object| object.exists()), "earlier backups stay");
    let list = well(&run_program(&["backup", text(&folder), "--list"]));
    assert!(list.contains(first["id"].as_str().unwrap()) && list.contains("(2 rows)"), "{list}");

    let third = reported("{\"keep\": 1}");
    assert_eq!(third["removed"], serde_json::json!([first["id"], second["id"]]));
    assert_eq!(manifests(&folder).len(), 1);
    let needed: std::collections::BTreeSet<PathBuf> =
        files(&folder, &manifests(&folder)[0]).into_iter().map(|(_, object)| object).collect();
    assert_eq!(files_below(&folder.join("objects")).into_iter().collect::<std::collections::BTreeSet<_>>(), needed);
    assert!(well(&run_program(&["backup", text(&folder), "--verify"])).contains("0 problems"));
    let restored = directory.path().join("restored");
    well(&restore(&folder, &restored, &["--at", third["id"].as_str().unwrap()]));
    assert!(failed(&restore(&folder, &directory.path().join("other"), &["--at", "000001-x"])).contains("There are: "));
}

#[test]
fn a_damaged_backup_is_refused_whatever_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("backups");
    let server = filled(directory.path());
    // What is written behind the checkpoint's flush is in the log.
    well(&back_up(&server, &folder, &["--with-keys"]));
    server.kill();
    let manifest = manifests(&folder).remove(0);
    let files = files(&folder, &manifest);
    let kinds = ["rocksdb/CURRENT", "rocksdb/MANIFEST", "rocksdb/OPTIONS", ".sst", "blobs/", "keys/"];
    let target = directory.path().join("restored");
    let refused = |wanted: &str| {
        let told = failed(&restore(&folder, &target, &[]));
        assert!(told.contains(wanted), "{wanted}: {told}");
        assert!(!target.exists() && !directory.path().join("restored.restoring").exists(), "{told}");
    };
    for kind in kinds {
        let (path, object) = files.iter().find(|(path, _)| path.contains(kind)).unwrap_or_else(|| panic!("{kind}"));
        let whole = std::fs::read(object).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [Some(&flipped[..]), Some(&whole[..whole.len() - 1]), None] {
            match damaged {
                Some(bytes) => std::fs::write(object, bytes).unwrap(),
                None => std::fs::remove_file(object).unwrap(),
            }
            refused(path);
            let told = failed(&run_program(&["backup", text(&folder), "--verify"]));
            assert!(told.contains("1 problem"), "{told}");
        }
        std::fs::write(object, &whole).unwrap();
    }
    let whole = std::fs::read(&manifest).unwrap();
    let mut flipped = whole.clone();
    let place = whole.windows(9).position(|window| window == b"\"bytes\":1").unwrap() + 8;
    flipped[place] = b'2';
    for damaged in [&flipped[..], &whole[..whole.len() / 2], b""] {
        std::fs::write(&manifest, damaged).unwrap();
        refused("is damaged");
        failed(&run_program(&["backup", text(&folder), "--list"]));
    }
    std::fs::write(&manifest, &whole).unwrap();
    well(&restore(&folder, &target, &[]));
    Launch::on(&target).start();
}

#[test]
fn what_cannot_be_is_refused_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("backups");
    let server = filled(directory.path());
    let mut client = server.client();
    let call = format!("SELECT nebulus_backup('{}')", text(&folder));
    for (statement, code) in [
        ("SELECT nebulus_backup('relative/place')".to_string(), "22023"),
        (format!("SELECT nebulus_backup('{}', '{{\"kepe\": 1}}')", text(&folder)), "22023"),
        (format!("SELECT nebulus_backup('{}', '{{\"keep\": 0}}')", text(&folder)), "22023"),
        (format!("SELECT nebulus_backup('{}')", text(&server.data.join("x"))), "F0000"),
        (format!("SELECT 1, nebulus_backup('{}')", text(&folder)), "0A000"),
    ] {
        assert_eq!(client.error(&statement).code, code, "{statement}");
    }
    client.run("SET default_transaction_read_only = on");
    assert_eq!(client.error(&call).code, "25006");
    client.run("SET default_transaction_read_only = off");
    client.run("BEGIN");
    assert_eq!(client.error(&call).code, "25001");
    client.run("ROLLBACK");
    assert!(!folder.exists(), "nothing was begun");

    let others = directory.path().join("others");
    std::fs::create_dir(&others).unwrap();
    std::fs::write(others.join("letter"), "dear").unwrap();
    assert!(failed(&back_up(&server, &others, &[])).contains("is not empty"));
    assert!(failed(&restore(&others, &directory.path().join("new"), &[])).contains("there are no backups in"));
    let data = server.data.clone();
    let offline = ["backup", text(&folder), "--offline", "--data-dir", text(&data)];
    assert!(failed(&run_program(&offline)).contains("another server holds the data directory"));
    well(&back_up(&server, &folder, &[]));
    assert!(failed(&restore(&folder, &others, &[])).contains("is not empty"));
    assert_eq!(std::fs::read(others.join("letter")).unwrap(), b"dear");
    assert!(failed(&restore(&folder, &server.data, &[])).contains("is not empty"));
    // Without a server, and without one that was.
    assert!(server.stop().success());
    well(&run_program(&offline));
    assert_eq!(manifests(&folder).len(), 2);
    let nowhere = ["backup", text(&folder), "--offline", "--data-dir", text(&others)];
    assert!(failed(&run_program(&nowhere)).contains("there is no database in"));
}

#[test]
fn keys_are_in_a_backup_only_where_they_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let (without, with) = (directory.path().join("without"), directory.path().join("with"));
    let server = filled(directory.path());
    well(&back_up(&server, &without, &[]));
    assert!(well(&back_up(&server, &with, &["--with-keys"])).contains("can read all secrets"));
    let key = std::fs::read(server.data.join("keys/vault.1.key")).unwrap();
    let identity = std::fs::read(server.data.join("identity.key")).unwrap();
    let password = std::fs::read(server.data.join("keys/password")).unwrap();
    let holds = |folder: &Path, wanted: &[u8]| {
        let has = |bytes: Vec<u8>| bytes.windows(wanted.len()).any(|window| window == wanted);
        files_below(folder).iter().any(|file| has(std::fs::read(file).unwrap()))
    };
    for asked in [&key, &identity] {
        assert!(!holds(&without, asked) && holds(&with, asked));
    }
    for folder in [&without, &with] {
        assert!(!holds(folder, &password) && !holds(folder, SECRET.as_bytes()));
    }
    let (restored, keys) = (directory.path().join("restored"), directory.path().join("apart"));
    let told = well(&restore(&with, &restored, &["--key-dir", text(&keys)]));
    assert!(told.contains("The vault's key is restored as well"), "{told}");
    // The old key lies beside a new one, and is nobody's present key.
    assert_ne!(std::fs::read(restored.join("identity.key")).unwrap(), identity);
    assert!(holds(&restored, &identity));
    assert_eq!(std::fs::read(keys.join("vault.1.key")).unwrap(), key);
    assert!(!restored.join("keys").exists() || files_below(&restored.join("keys")).is_empty());
    let server = Launch::on(&restored).with(&["--key-dir", text(&keys)]).start();
    assert_eq!(server.client().value("SELECT value FROM auth WHERE key = 'k'"), SECRET);
    // Another node's key is in the way.
    std::fs::write(keys.join("vault.1.key"), [7; 32]).unwrap();
    let told = failed(&restore(&with, &directory.path().join("again"), &["--key-dir", text(&keys)]));
    assert!(told.contains("is another key") && !directory.path().join("again").exists(), "{told}");
}

#[test]
fn a_full_disk_leaves_no_backup_and_no_restored_directory() {
    let directory = tempfile::tempdir().unwrap();
    let test = "a_full_disk_leaves_no_backup_and_no_restored_directory";
    let Some(disk) = SmallDisk::mount(test, &directory.path().join("disk"), 4) else { return };
    let server = filled(directory.path());
    let mut client = server.client();
    // Much that cannot be compressed.
    for number in 0..8 {
        let blob: Vec<String> = (0..64_000_u32).map(|at| digits(number * 64_000 + at)).collect();
        client.run(&format!("SET MEMORY id = 'big-{number}' blob = '{}'", blob.concat()));
    }
    let (small, roomy) = (disk.0.join("backups"), directory.path().join("backups"));
    let told = failed(&back_up(&server, &small, &[]));
    assert!(told.contains("No space left") && told.contains("Free some space"), "{told}");
    assert!(well(&run_program(&["backup", text(&small), "--list"])).contains("(0 rows)"));
    client.run("INSERT INTO words VALUES (100000, 'the server goes on', NULL)");
    assert!(!server.data.join("checkpoint.tmp").exists());
    well(&back_up(&server, &roomy, &[]));
    std::fs::remove_dir_all(&small).unwrap();
    let told = failed(&restore(&roomy, &disk.0.join("data"), &[]));
    assert!(told.contains("No space left"), "{told}");
    assert_eq!(std::fs::read_dir(&disk.0).unwrap().count(), 0, "nothing is left");
    disk.resize(256);
    well(&back_up(&server, &small, &[]));
    well(&restore(&small, &disk.0.join("data"), &[]));
}

/// 16 digits that follow from nothing but the number.
fn digits(number: u32) -> String {
    let mixed = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    format!("{:016x}", mixed ^ (mixed >> 32))
}

/// Starts a command and ends it by SIGKILL as soon as `has_begun`, or lets it end by itself.
fn kill_when(arguments: &[&str], has_begun: impl Fn() -> bool) {
    let mut child =
        program().args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(PROCESS_SECONDS_MAX);
    while child.try_wait().unwrap().is_none() && !has_begun() {
        assert!(Instant::now() < deadline, "{arguments:?} never began");
        std::thread::yield_now();
    }
    child.kill().ok();
    child.wait().unwrap();
}

#[test]
fn killed_in_the_middle_a_backup_is_none_and_a_restore_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, target) = (directory.path().join("backups"), directory.path().join("restored"));
    let server = filled(directory.path());
    for number in 0..40 {
        server.client().run(&format!("SET MEMORY id = 'b{number}' blob = '{}'", digits(number).repeat(8_000)));
    }
    let data = server.data.clone();
    assert!(server.stop().success());
    let offline = ["backup", text(&folder), "--offline", "--data-dir", text(&data)];
    let objects = folder.join("objects");
    kill_when(&offline, || objects.exists() && files_below(&objects).len() > 3);
    let before = manifests(&folder).len();
    assert!(before <= 1);
    // A server that is started in between takes nothing of it for its own, and leaves nothing of it.
    let server = Launch::on(&data).start();
    assert!(!data.join("checkpoint.tmp").exists());
    well(&back_up(&server, &folder, &[]));
    assert_eq!(manifests(&folder).len(), before + 1);
    server.kill();
    assert!(well(&run_program(&["backup", text(&folder), "--verify"])).contains("0 problems"));

    let restoring = directory.path().join("restored.restoring");
    let arguments = ["restore", text(&folder), "--data-dir", text(&target)];
    kill_when(&arguments, || restoring.join("rocksdb").exists());
    if !target.exists() {
        well(&run_program(&arguments));
    }
    assert!(!restoring.exists());
    give_keys(&data.join("keys"), &target.join("keys"));
    let server = Launch::on(&target).start();
    assert_eq!(server.client().value("SELECT count(*) FROM memory WHERE length(blob(id)) > 100000"), "40");
}

#[test]
fn a_backup_is_cancelled_as_any_statement() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("backups");
    let server = filled(directory.path());
    let mut client = server.client();
    client.run("SET statement_timeout = '1ms'");
    let call = format!("SELECT nebulus_backup('{}')", text(&folder));
    assert_eq!(client.error(&call).code, "57014");
    assert_eq!(manifests(&folder).len(), 0);
    client.run("SET statement_timeout = 0");
    client.run(&call);
    assert_eq!(client.value("SELECT count(*) FROM pg_stat_progress_basebackup"), "0");
}

#[test]
fn check_reads_blobs_where_it_is_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    let server = filled(directory.path());
    let data = server.data.clone();
    assert!(server.stop().success());
    let check = |more: &[&str]| run_program(&[&["check", "--data-dir", text(&data)], more].concat());
    assert!(well(&check(&["--blobs"])).contains("1 blobs with 17 bytes read, 0 of them damaged"));
    let [blob] = files_below(&data.join("blobs")).try_into().expect("one blob");
    std::fs::write(&blob, b"bytes of the bl0b").unwrap();
    well(&check(&[]));
    let told = failed(&check(&["--blobs"]));
    assert!(told.contains("problem: ") && told.contains(text(&blob)) && told.contains("1 of them damaged"), "{told}");
}

#[test]
fn check_repairs_what_follows_from_the_entries_and_nothing_without_being_asked() {
    let directory = tempfile::tempdir().unwrap();
    let server = filled(directory.path());
    let data = server.data.clone();
    assert!(server.stop().success());
    let check = |more: &[&str]| {
        let mut arguments = vec!["check", "--data-dir", text(&data)];
        arguments.extend(more);
        run_program(&arguments)
    };
    well(&check(&[]));
    {
        let store = Store::open(&data, &StoreOptions::default()).unwrap();
        let snapshot = store.snapshot();
        let mut batch = Batch::new();
        let mut entries = snapshot.scan(&KeyRange::family_of(Family::Indexes));
        let (key, _) = entries.next().unwrap().unwrap();
        let (index, rest) = key.split_first_chunk().unwrap();
        let index = nebulusdb::model::CollectionId(u32::from_be_bytes(*index));
        batch.delete(&Key::Index(index, rest));
        batch.put(&Key::Index(index, b"nonsense"), b"");
        batch.put(&Key::Vector(nebulusdb::model::CollectionId(1), nebulusdb::model::ColumnId(2), b"nobody"), &[0; 8]);
        let mut blobs = snapshot.scan(&KeyRange::blobs());
        let (hash, _) = blobs.next().unwrap().unwrap();
        batch.put(&Key::Blob(hash.try_into().unwrap()), &9_u64.to_le_bytes());
        drop((entries, blobs));
        store.write(batch).unwrap();
        store.close();
    }
    let before = failed(&check(&[]));
    assert!(before.contains("problem: ") && before.contains("words_word"), "{before}");
    assert_eq!(failed(&check(&[])), before, "nothing is changed without --repair");
    let told = well(&check(&["--repair"]));
    for done in ["filled index words_word on words anew", "1 vectors that no entry has", "1 counts of blobs", "\nsound"]
    {
        assert!(told.contains(done), "{done}: {told}");
    }
    assert!(well(&check(&[])).contains("sound"));
    let server = Launch::on(&data).start();
    assert_eq!(server.client().value("SELECT count(*) FROM words WHERE word LIKE 'word 1%'"), "111");
    server.client().run("DELETE FROM memory WHERE id = 'a'");
    assert!(failed(&check(&["--repair"])).contains("another server holds"));
}
