//! Statements and functions on networks through the wire, on a node that is alone: parameters, transactions, secrets, blobs
//! that are nowhere, and `sync-status`.

use crate::harness::{Launch, Server, run_program};

/// Text that stands nowhere else.
const CANARY: &str = "CaNaRy-n3tw0rk-do-not-leak";

/// A network that nobody posts to while a test runs.
fn found(server: &Server, name: &str) {
    server.client().run(&format!("CREATE NETWORK \"{name}\" WITH (sync_interval_ms = 86400000)"));
}

#[test]
fn parameters_name_networks_and_carry_secrets() {
    let server = Server::start();
    let mut client = server.client();
    let create = client.run_with("SELECT nebulus_create_network($1, $2)", &["team", r#"{"secret": "a long secret"}"#]);
    assert_eq!(create.failure(), None);
    assert_eq!(client.value("SELECT nebulus_network_secret('team')"), "a long secret");
    assert_eq!(client.run_with("SELECT nebulus_rotate_secret($1, $2)", &["team", "another secret"]).failure(), None);
    assert_eq!(client.value("SELECT nebulus_network_secret('team')"), "another secret");
    assert_eq!(client.value("SELECT epoch FROM nebulus.networks"), "2");
    let attach = client.run_with("SELECT nebulus_attach($1, $2)", &["memory", "team"]);
    assert_eq!(attach.failure(), None);
    client.run("INSERT INTO memory (id) VALUES ('a'), ('b')");
    let staged = client.run_with("SELECT nebulus_stage($1, $2)", &["memory", "id = 'a'"]);
    assert_eq!(staged.failure(), None);
    assert_eq!(client.value("SELECT id FROM nebulus.staged"), "a");
}

#[test]
fn networks_are_made_and_rolled_back_with_their_transaction() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    client.run("BEGIN");
    client.run("CREATE NETWORK team WITH (sync_interval_ms = 86400000)");
    client.run("ATTACH COLLECTION memory TO NETWORK team");
    assert_eq!(client.value("SELECT count(*) FROM nebulus.networks"), "1");
    assert_eq!(other.value("SELECT count(*) FROM nebulus.networks"), "0", "what is not committed is nobody else's");
    client.run("ROLLBACK");
    assert_eq!(client.value("SELECT count(*) FROM nebulus.networks"), "0");
    client.run("BEGIN; CREATE NETWORK team WITH (sync_interval_ms = 86400000); COMMIT");
    assert_eq!(other.value("SELECT count(*) FROM nebulus.networks"), "1");
    other.run("BEGIN READ ONLY");
    assert_eq!(other.error("LEAVE NETWORK team").code, "25006");
    other.run("ROLLBACK");
    client.run("BEGIN");
    assert_eq!(client.error("SYNC").code, "25001");
    client.run("ROLLBACK");
}

#[test]
fn networks_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    server.client().run(
        "CREATE NETWORK team WITH (secret = 'a long secret', sync_interval_ms = 86400000, auto_post_classifications = 'Error')",
    );
    server.client().run("ATTACH COLLECTION memory TO NETWORK team");
    assert!(server.stop().success());
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.value("SELECT nebulus_network_secret('team')"), "a long secret");
    let row = client.rows("SELECT name, collections, options->>'auto_post_classifications' FROM nebulus.networks");
    let row: Vec<_> = row[0].iter().flatten().map(String::as_str).collect();
    assert_eq!(row, ["team", "{memory}", "[\"Error\"]"]);
}

#[test]
fn no_secret_of_a_network_is_readable_in_files_logs_or_errors() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).with(&["--log", "trace"]).start();
    let mut client = server.client();
    let statements = [
        format!("CREATE NETWORK one WITH (secret = '{CANARY}', sync_interval_ms = 86400000)"),
        format!("ALTER NETWORK one ROTATE SECRET '{CANARY}-2'"),
        format!(r#"SELECT nebulus_create_network('two', '{{"secret": "{CANARY}", "sync_interval_ms": 86400000}}')"#),
        format!("SELECT nebulus_rotate_secret('two', '{CANARY}-3')"),
    ];
    let mut watcher = server.client();
    for statement in &statements {
        client.run(statement);
        for question in ["SELECT * FROM pg_stat_activity", "SELECT * FROM nebulus.networks", "SHOW NETWORKS"] {
            let shown = format!("{:?}", watcher.query(question).answers);
            assert!(!shown.contains(CANARY), "{question}: {shown}");
        }
    }
    let wrong = [
        format!("CREATE NETWORK one WITH (secret = '{CANARY}')"),
        format!("CREATE NETWORK three WITH (secret = '{CANARY}', nothing = 1)"),
        format!("CREATE NETWORK three WITH (secret = '{CANARY}' nothing)"),
        format!("CREATE NETWORK three WITH (secret = '{CANARY}"),
        format!("CREATE NETWORK three WITH (secret = '{}')", CANARY.repeat(100)),
        format!("JOIN NETWORK three AT 'nowhere' WITH (secret = '{CANARY}')"),
        format!("ALTER NETWORK three ROTATE SECRET '{CANARY}'"),
        format!("ALTER NETWORK one ROTATE SECRET '{CANARY}' nothing"),
        format!("ALTER NETWORK one SET (secret = '{CANARY}')"),
        format!(r#"SELECT nebulus_create_network('one', '{{"secret": "{CANARY}"}}')"#),
        format!(r#"SELECT nebulus_create_network('three', '{{"secret": "{CANARY}", "nothing": 1}}')"#),
        format!(r#"SELECT nebulus_create_network('three', '{{"secret": "{CANARY}" oops}}')"#),
        format!(r#"SELECT nebulus_create_network('three', '{{"secret": {CANARY}}}')"#),
        format!("SELECT nebulus_rotate_secret('three', '{CANARY}')"),
    ];
    for statement in &wrong {
        let reply = client.query(statement);
        let failure = reply.failure().unwrap_or_else(|| panic!("{statement} should fail"));
        let texts = [Some(&failure.message), failure.detail.as_ref(), failure.hint.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| !text.contains(CANARY)), "{statement}: {failure:?}");
    }
    let explained =
        format!("{:?}", client.query(&format!("EXPLAIN ALTER NETWORK one ROTATE SECRET '{CANARY}'")).answers);
    assert!(!explained.contains(CANARY), "{explained}");
    assert_eq!(client.value("SELECT nebulus_network_secret('one')"), format!("{CANARY}-2"), "its owner may know");
    let log = server.log();
    assert!(server.stop().success());
    for (number, line) in log.lines().enumerate() {
        assert!(!line.contains(CANARY), "log line {}: {line}", number + 1);
    }
    for file in crate::secrets::files_below(&data) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(!crate::secrets::contains(&bytes, CANARY), "{} holds a secret", file.display());
    }
}

#[test]
fn a_blob_that_is_nowhere_is_an_error_that_names_it() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET MEMORY id = 'a' blob = 'hello'");
    assert_eq!(client.value("SELECT blob('a')"), "\\x68656c6c6f");
    let hash = client.value("SELECT blob_hash FROM memory");
    let file = crate::secrets::files_below(&server.data.join("blobs")).pop().expect("a blob's file");
    std::fs::remove_file(file).expect("the file goes");
    for query in
        ["SELECT blob(id) FROM memory", "SELECT blob('a')", "SELECT length(blob(id)) FROM memory WHERE id = 'a'"]
    {
        let failure = client.error(query);
        assert!(failure.code == "58030" && failure.message.contains(&hash[..8]), "{query}: {failure:?}");
    }
    assert_eq!(client.value("SELECT count(*) FROM memory"), "1");
}

#[test]
fn sync_status_prints_networks_and_what_waits() {
    let server = Server::start();
    found(&server, "team");
    let mut client = server.client();
    client.run("ATTACH COLLECTION memory TO NETWORK team");
    client.run("INSERT INTO memory (id) VALUES ('a')");
    client.run("STAGE MEMORY WHERE id = 'a'");
    let url = format!("postgresql://nebulus@{}/nebulus", server.address);
    let output = run_program(&["sync-status", "--url", &url]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for part in ["Node\n", &client.value("SELECT nebulus_peer_id()"), "Networks\n", " team ", " memory ", "Staged\n"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let nobody = run_program(&["sync-status", "--url", "postgresql://nebulus@127.0.0.1:1/nebulus"]);
    assert!(!nobody.status.success());
}

#[test]
fn joining_where_nobody_answers_is_said_by_the_statement_and_is_done() {
    let server = Server::start();
    let mut client = server.client();
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port").port();
    let join = format!("JOIN NETWORK team AT '/ip4/127.0.0.1/tcp/{port}' WITH (secret = 'correct horse battery')");
    let said = |reply: crate::client::Reply| {
        assert!(reply.failure().is_none(), "{reply:?}");
        reply.notices.into_iter().map(|notice| (notice.message, notice.hint.unwrap_or_default())).collect::<Vec<_>>()
    };
    for (statements, leaves) in [(vec![join.as_str()], true), (vec!["BEGIN", join.as_str(), "COMMIT"], false)] {
        let notices: Vec<_> = statements.iter().flat_map(|statement| said(client.query(statement))).collect();
        let [(message, hint)] = notices.as_slice() else { panic!("{notices:?}") };
        assert!(message.starts_with("no member of network \"team\" has answered yet: "), "{message}");
        assert!(hint.contains("goes on trying") && hint.contains("nebulus.networks.last_error"), "{hint}");
        assert_eq!(client.value("SELECT count(*) FROM nebulus.networks"), "1");
        if leaves {
            client.run("LEAVE NETWORK team");
        }
    }
    // What is rolled back is waited for by nobody.
    client.run("LEAVE NETWORK team");
    let notices = ["BEGIN", &join, "ROLLBACK"].iter().flat_map(|statement| said(client.query(statement))).count();
    assert_eq!(notices, 0);
}
