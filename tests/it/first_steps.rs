//! What a newcomer meets: each mistake with what it is about and what to do, before anything is stored.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::client::Client;
use crate::harness::{Launch, Server};

/// What a server says that does not start.
fn refusal(launch: Launch) -> String {
    match launch.try_start() {
        Ok(_) => panic!("the server has started"),
        Err(said) => said,
    }
}

#[test]
fn a_data_directory_that_is_a_file_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("notes.txt");
    std::fs::write(&file, "x").expect("a file");
    for data in [file.clone(), file.join("data")] {
        // The log of the test stands beside the data, which is no place here.
        let output = crate::harness::run_program(&[
            "serve",
            "--data-dir",
            data.to_str().expect("a path"),
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "off",
        ]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("{} is a file", file.display())), "{said}");
        assert!(said.contains("hint: Name another directory") && !said.contains("os error"), "{said}");
        assert!(!output.status.success());
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), "x");
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named_with_its_option() {
    let directory = tempfile::tempdir().expect("a directory");
    let launch = || Launch::on(&directory.path().join("data"));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let said = refusal(launch().with(&["--admin", &address]));
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert!(said.contains("Another program listens there") && said.contains("with --admin"), "{said}");
    let said = refusal(launch().with(&["--admin", "127.0.0.1"]));
    assert!(said.contains("--admin takes an address and a port, e.g."), "{said}");
    launch().start();
}

#[test]
fn a_port_of_another_kind_is_no_servers() {
    let directory = tempfile::tempdir().expect("a directory");
    let console = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").to_string();
    let server = Launch::on(&directory.path().join("data")).with(&["--admin", &console]).start();
    let url = format!("postgresql://nebulus:x@{console}/nebulus");
    let output = crate::harness::run_program(&["query", "--url", &url, "SELECT 1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("does not speak PostgreSQL's protocol"), "{said}");
    let clients = server.address.port();
    let mut client = server.client();
    client.run(&format!("JOIN NETWORK team AT '/ip4/127.0.0.1/tcp/{clients}' WITH (secret = 'correct horse battery')"));
    let shown = client.value("SELECT last_error FROM nebulus.networks");
    assert!(shown.contains("does not speak as peers do"), "{shown}");
}

#[test]
fn facts_that_are_taken_for_columns_are_pointed_at() {
    let server = Server::start();
    let mut client = server.client();
    for text in ["SELECT title FROM memory", "SELECT m.title FROM memory m WHERE m.id = 'x'"] {
        let hint = client.error(text).hint.unwrap_or_default();
        assert!(hint.contains("metadata->>'title'") && hint.contains("memory_facts"), "{text}: {hint}");
    }
    let hint = client.error("INSERT INTO memory (id, title) VALUES ('x', 'y')").hint.unwrap_or_default();
    assert!(hint.contains("metadata"), "{hint}");
    client.run("CREATE TABLE book (id int PRIMARY KEY)");
    assert_eq!(client.error("SELECT zzz FROM book").hint, None);
}

#[test]
fn a_wrong_password_is_told_where_the_right_one_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut launch = Launch::on(&directory.path().join("data"));
    launch.trust_local = false;
    let server: Server = launch.start();
    let text = format!("host=127.0.0.1 port={} user=nebulus dbname=nebulus password=wrong", server.address.port());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let refused = runtime.block_on(tokio_postgres::connect(&text, tokio_postgres::NoTls)).err().expect("a refusal");
    let report = refused.as_db_error().expect("the server says why");
    assert_eq!(report.code().code(), "28P01");
    assert!(report.hint().is_some_and(|hint| hint.contains("keys/password")), "{report:?}");
    let password = std::fs::read_to_string(server.data.join("keys/password")).expect("it is there");
    let text = text.replace("password=wrong", &format!("password={}", password.trim()));
    drop(runtime.block_on(tokio_postgres::connect(&text, tokio_postgres::NoTls)).expect("it lets in"));
}

/// What clients of this machine take for the password is the password, or not there.
#[test]
fn the_file_with_the_first_password_goes_when_the_password_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let file = data.join("keys/password");
    let first = std::fs::read_to_string(&file).expect("it is there");
    let mut client = server.client();
    let told = client.query("ALTER USER nebulus PASSWORD 'one of my own'").notices;
    let told = told.first().expect("a notice").message.clone();
    assert!(told.contains(&file.display().to_string()) && told.contains("is removed"), "{told}");
    assert!(!file.exists());
    let told = client.query("ALTER USER nebulus PASSWORD 'another'").notices;
    assert!(told.is_empty(), "{told:?}");
    drop(server);
    // What comes back with an old copy of the keys is taken away at the start.
    std::fs::write(&file, first).expect("a file");
    let mut launch = Launch::on(&data);
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), "hush".to_string()));
    let server = launch.start();
    assert!(!file.exists());
    let log = server.log();
    assert!(log.contains("NEBULUSDB_PASSWORD is not the password of this server and does not count"), "{log}");
    assert!(!log.contains("hush"), "{log}");
    drop(server);
    std::fs::write(&file, "another\n").expect("a file");
    let mut launch = Launch::on(&data);
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), "another".to_string()));
    let server = launch.start();
    assert_eq!(server.log().matches("does not count").count(), 1, "the right one is nothing to speak of");
    assert!(file.exists());
}

#[test]
fn libraries_do_not_talk_of_what_they_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let peers = ["--p2p-listen", "/ip4/127.0.0.1/tcp/0"];
    let server = Launch::on(&directory.path().join("data")).with(&peers).start();
    server.client().run("CREATE NETWORK talk WITH (secret = 'a long enough one')");
    server.client().value("SELECT count(*) FROM nebulus.node");
    for line in server.log().lines().filter(|line| line.contains(" INFO ")) {
        assert!(line.contains(" nebulusdb::"), "{line}");
    }
}

/// No secret is repeated to the client that sent it, since clients print the line that an error points into.
#[test]
fn errors_of_statements_on_secrets_repeat_nothing() {
    let server = Server::start();
    let mut client: Client = server.client();
    for text in [
        "SET AUTH key = 'k' valu = 'hush'",
        "SET AUTH hush",
        "INSERT INTO auth VALUES ('k' 'hush')",
        "INSERT INTO auth (key, value) VALUES ('k', 'hush'::int)",
        "UPDATE auth SET value = 'hush'::uuid",
        "SELECT nope FROM auth WHERE key = 'hush'",
        "ALTER USER nebulus PASSWORD hush",
        "CREATE USER x PASSWORD 'hush' y",
        "CREATE NETWORK n WITH (secret = hush)",
        "JOIN NETWORK n SECRET 'hush' AT 'x'",
        "SELECT nebulus_join_network('n', 'x' 'hush')",
        "SET AUTH key = 'k' value = 'kept'; SELECT nope",
    ] {
        let simple = client.error(text);
        let extended = client.run_with(text, &[]);
        let extended = extended.failure().expect("it fails").clone();
        for failure in [simple, extended] {
            assert_eq!(failure.position, None, "{text}");
            assert!(!format!("{failure:?}").contains("hush"), "{text}: {failure:?}");
        }
    }
    assert!(client.error("SELECT nope FROM memory").position.is_some());
    assert!(!server.log().contains("hush"));
    let shown = client.column("SELECT query FROM pg_stat_activity").concat();
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn a_server_that_runs_is_found_by_its_data_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let near = |arguments: &[&str]| {
        let mut command = crate::harness::program();
        command.args(arguments).env("NEBULUSDB_DATA_DIR", &data).env_remove("NEBULUSDB_URL");
        command.stdin(std::process::Stdio::null()).output().expect("the program runs")
    };
    let output = near(&["query", "--plain", "SELECT 'found' AS found"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("found"), "{output:?}");
    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(data.join("server.json")).expect("it tells of itself")).expect("JSON");
    assert_eq!(told["listen"].as_str(), Some(server.address.to_string().as_str()));
    // Another one on the same directory is told who holds it, whichever address it wants.
    let held = format!("process {}, which listens on {}", told["pid"], server.address);
    for listen in ["127.0.0.1:0".to_string(), server.address.to_string()] {
        let output = near(&["serve", "--admin", "off", "--listen", &listen]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(&held), "{said}");
        assert!(said.contains("another server holds the data directory"), "{said}");
    }
    assert!(data.join("server.json").exists(), "who was refused takes nothing away");
    assert!(server.stop().success());
    assert!(!data.join("server.json").exists());
    // One that was killed leaves its file behind; the next one is not misled.
    Launch::on(&data).start().kill();
    assert!(data.join("server.json").exists());
    Launch::on(&data).start();
}

#[test]
fn a_reader_that_goes_away_ends_a_command_without_a_word() {
    let server = Server::start();
    let url = format!("postgresql://nebulus@{}/nebulus", server.address);
    let mut command = crate::harness::program();
    command.args(["query", "--plain", "--url", &url, "SELECT * FROM generate_series(1, 200000)"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    assert_eq!(first, "1\n");
    // Its end of the pipe is closed.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
