//! The vault through the wire and the command line: keys, passphrases, rotation, and that no secret is ever readable
//! anywhere but in the answer to GET AUTH.

use std::path::{Path, PathBuf};

use crate::client::{Answer, Client};
use crate::harness::{Launch, Server, run_program};

/// Text that stands nowhere else.
const CANARY: &str = "CaNaRy-5e77-do-not-leak";
const CANARY_NAME: &str = "NaMe-of-the-canary-9b1";

fn set(client: &mut Client, key: &str, value: &str) {
    client.run(&format!(r#"SET AUTH key = "{key}" value = "{value}""#));
}

fn get(client: &mut Client, key: &str) -> String {
    client.value(&format!(r#"SELECT value FROM auth WHERE key = '{key}'"#))
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

pub fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

#[test]
fn no_secret_is_readable_in_files_logs_or_errors() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).with(&["--log", "trace"]).start();
    let mut client = server.client();
    let set_statement = format!(r#"SET AUTH key = "{CANARY_NAME}" value = "{CANARY}";"#);
    client.run(&set_statement);
    assert_eq!(client.run_with("SET AUTH key = 'by parameter' value = $1", &[CANARY]).failure(), None);
    client.run(&format!("INSERT INTO auth (key, value) VALUES ('by insert', '{CANARY}')"));
    client.run(&format!("UPDATE auth SET value = '{CANARY}-2' WHERE key = 'by insert'"));
    assert_eq!(get(&mut client, "by insert"), format!("{CANARY}-2"));
    // Errors of all kinds, each with the value in its statement.
    let wrong = [
        format!(r#"SET AUTH key = "x" value = "{CANARY}" nonsense"#),
        format!(r#"SET AUTH key = "x" value "{CANARY}""#),
        format!(r#"SET AUTH key = "x" value = "{CANARY}"#),
        format!("INSERT INTO auth (key, value) VALUES ('x', '{CANARY}', 1)"),
        format!("INSERT INTO auth (key, value) VALUES ('by insert', '{CANARY}')"),
        format!("INSERT INTO auth (key, value) VALUES (NULL, '{CANARY}')"),
        format!("UPDATE auth SET nothing = '{CANARY}'"),
    ];
    for statement in &wrong {
        let reply = client.query(statement);
        let failure = reply.failure().unwrap_or_else(|| panic!("{statement} should fail"));
        let texts = [Some(&failure.message), failure.detail.as_ref(), failure.hint.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| !text.contains(CANARY)), "{failure:?}");
    }
    let mut watcher = server.client();
    for question in
        ["SELECT * FROM pg_stat_activity", "SHOW COLLECTIONS", "SELECT * FROM memory", "SELECT * FROM memory_facts"]
    {
        let shown = format!("{:?}", watcher.query(question).answers);
        assert!(!shown.contains(CANARY) && !shown.contains(CANARY_NAME), "{question}: {shown}");
    }
    for question in [set_statement.as_str(), "GET AUTH WHERE key = 'by insert'"] {
        let shown = format!("{:?}", watcher.query(&format!("EXPLAIN {question}")).answers);
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let log = server.log();
    assert!(server.stop().success());
    assert!(!log.is_empty(), "trace logs something");
    for (number, line) in log.lines().enumerate() {
        assert!(!line.contains(CANARY) && !line.contains(CANARY_NAME), "log line {}: {line}", number + 1);
    }
    for file in files_below(&data) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(!contains(&bytes, CANARY), "{} holds a value", file.display());
        assert!(!contains(&bytes, CANARY_NAME), "{} holds a name", file.display());
    }
}

/// Whoever is kept from secrets is told why, whatever the statement was, and has no right to them.
#[test]
fn a_session_without_secrets_is_told_so() {
    let server = Server::start();
    set(&mut server.client(), "k", "hush");
    let startup = ["user", "nebulus", "database", "nebulus", "options", "-c nebulus.secrets=off"];
    let mut client = Client::connect_with(server.address, &startup).expect("the server lets loopback in");
    for text in [
        "SELECT * FROM auth",
        "INSERT INTO auth VALUES ('l', 'x')",
        "UPDATE auth SET value = 'x' WHERE key = 'k'",
        "DELETE FROM auth WHERE key = 'k'",
        "GET AUTH WHERE key = 'k'",
        "SET AUTH key = 'l' value = 'x'",
    ] {
        let refused = client.error(text);
        assert_eq!(
            (refused.code.as_str(), refused.message.as_str()),
            ("42501", "secrets are hidden from this session")
        );
        let hint = refused.hint.unwrap_or_default();
        assert!(hint.contains("connect without that option") && !hint.contains("DELETE"), "{text}: {hint}");
    }
    assert_eq!(client.value("SELECT has_table_privilege('auth', 'select, insert')"), "f");
    assert_eq!(client.value("SELECT has_table_privilege('memory', 'select')"), "t");
    let granted = "SELECT count(*) FROM information_schema.table_privileges WHERE table_name = 'auth'";
    assert_eq!(client.value(granted), "0");
    assert_eq!(server.client().value(granted), "7");
}

#[test]
fn key_and_password_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    assert!(Launch::on(&data).start().stop().success());
    let files = files_below(&data.join("keys"));
    assert!(files.len() >= 2, "a key and a password: {files:?}");
    for file in files {
        let mode = std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{} has mode {mode:o}", file.display());
    }
}

#[test]
fn a_wrong_key_is_an_error_at_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let (data, other) = (directory.path().join("data"), directory.path().join("other"));
    for path in [&data, &other] {
        let server = Launch::on(path).start();
        set(&mut server.client(), "name", "value");
        assert!(server.stop().success());
    }
    let foreign_keys = other.join("keys");
    let said = Launch::on(&data).with(&["--key-dir", &foreign_keys.to_string_lossy()]).try_start().err();
    let said = said.expect("the key is another one");
    assert!(said.contains("key"), "{said}");
    let no_keys = directory.path().join("nothing");
    std::fs::create_dir(&no_keys).expect("a directory");
    let said = Launch::on(&data).with(&["--key-dir", &no_keys.to_string_lossy()]).try_start().err();
    assert!(said.expect("the key is gone").contains("key"));
    let server = Launch::on(&data).start();
    assert_eq!(get(&mut server.client(), "name"), "value", "the right key still opens");
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let (right, wrong) = (write("right", "open sesame\n"), write("wrong", "open barley\n"));
    let server = Launch::on(&data).with(&["--vault-passphrase-file", &right]).start();
    set(&mut server.client(), "name", "value");
    assert!(server.stop().success());
    let said =
        Launch::on(&data).with(&["--vault-passphrase-file", &wrong]).try_start().err().expect("a wrong passphrase");
    assert!(said.contains("passphrase"), "{said}");
    assert!(!said.contains("barley") && !said.contains("sesame"), "{said}");
    let said = Launch::on(&data).with(&["--vault-passphrase-file", "/nonexistent"]).try_start().err();
    assert!(said.expect("no passphrase").contains("/nonexistent"));
    let server = Launch::on(&data).with(&["--vault-passphrase-file", &right]).start();
    assert_eq!(get(&mut server.client(), "name"), "value");
}

#[test]
fn rotation_keeps_every_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let data_text = data.to_string_lossy().into_owned();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    for number in 0..30 {
        set(&mut client, &format!("name {number}"), &format!("value {number}"));
    }
    let refused = run_program(&["vault", "rotate", "--data-dir", &data_text]);
    assert!(!refused.status.success(), "a running server holds the directory");
    assert!(server.stop().success());
    let keys_before =
        files_below(&data.join("keys")).iter().map(|file| std::fs::read(file).expect("a key")).collect::<Vec<_>>();
    let rotated = run_program(&["vault", "rotate", "--data-dir", &data_text]);
    let said = String::from_utf8_lossy(&rotated.stdout).into_owned();
    assert!(rotated.status.success() && said.contains("30 secrets"), "{said}");
    let keys_after =
        files_below(&data.join("keys")).iter().map(|file| std::fs::read(file).expect("a key")).collect::<Vec<_>>();
    assert_ne!(keys_before, keys_after, "there is a new key");
    let passphrase = directory.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse").expect("a file");
    let passphrase = passphrase.to_string_lossy().into_owned();
    for source in [None, Some(&passphrase)] {
        let arguments: Vec<&str> = source.iter().flat_map(|path| ["--vault-passphrase-file", path.as_str()]).collect();
        let server = Launch::on(&data).with(&arguments).start();
        let mut client = server.client();
        for number in 0..30 {
            assert_eq!(get(&mut client, &format!("name {number}")), format!("value {number}"));
        }
        assert!(server.stop().success());
        if source.is_none() {
            let output =
                run_program(&["vault", "rotate", "--data-dir", &data_text, "--new-passphrase-file", &passphrase]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn secrets_stay_out_of_other_collections() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Launch::on(&directory.path().join("data")).start();
    let mut client = server.client();
    set(&mut client, "name", "value");
    set(&mut client, "name", "newer");
    assert_eq!(get(&mut client, "name"), "newer", "SET AUTH replaces");
    assert_eq!(client.value("SELECT count(*) FROM auth"), "1");
    assert!(matches!(client.query("STAGE MEMORY IN auth WHERE key = 'name'").answers.last(), Some(Answer::Failed(_))));
    client.run("DELETE AUTH WHERE key = 'name'");
    assert_eq!(client.value("SELECT count(*) FROM auth"), "0");
}

#[test]
fn the_name_of_a_secret_is_in_no_error() {
    let server = Server::start();
    let mut client = server.client();
    set(&mut client, CANARY_NAME, "value");
    let failure = client.error(&format!("INSERT INTO auth VALUES ('{CANARY_NAME}', 'other')"));
    assert_eq!((failure.code.as_str(), failure.detail), ("23505", None));
    assert!(!failure.message.contains(CANARY_NAME), "{}", failure.message);
}
