//! The door of the server: who waits before it, how many come in, what they may make it hold, and what lies behind it.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::TcpSocket;
use tokio_postgres::NoTls;

use crate::client::{Answer, Client, put_bind, put_message, put_parse};
use crate::harness::{Launch, Server};
use crate::secrets::files_below;

/// More silent connections than a server of so few places holds.
const SILENT: usize = 300;
const PASSWORD: &str = "correct horse battery staple";

fn launch(arguments: &[&str]) -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Launch::on(&directory.path().join("data")).with(arguments).start();
    (directory, server)
}

fn with_password(arguments: &[&str]) -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut launch = Launch::on(&directory.path().join("data")).with(arguments);
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), PASSWORD.to_string()));
    (directory, launch.start())
}

#[test]
fn silent_connections_keep_nobody_out() {
    let (_directory, server) = launch(&["--max-connections", "5"]);
    let silent: Vec<TcpStream> =
        (0..SILENT).map(|_| TcpStream::connect(server.address).expect("the server listens")).collect();
    let clients: Vec<Client> = (0..5).map(|_| server.client()).collect();
    assert_eq!(Client::connect_as(server.address, "nebulus", "nebulus").err().expect("no place").code, "53300");
    drop((silent, clients));
}

#[test]
fn the_oldest_silent_connection_goes_for_the_newest() {
    let (_directory, server) = launch(&["--max-connections", "5"]);
    let mut first = TcpStream::connect(server.address).expect("the server listens");
    let _silent: Vec<TcpStream> =
        (0..SILENT).map(|_| TcpStream::connect(server.address).expect("the server listens")).collect();
    // It has sent nothing, so that only the server can end it.
    assert_eq!(first.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_login_has_a_short_time() {
    let (_directory, server) = launch(&["--login-time-max-s", "1"]);
    let mut silent = TcpStream::connect(server.address).expect("the server listens");
    assert_eq!(silent.read(&mut [0]).expect("an end"), 0);
    let mut slow = Client::open(server.address).expect("the server listens");
    slow.write(&[0, 0, 0, 50, 0, 3]).expect("a part of a startup message");
    assert!(slow.read_message().is_err());
}

#[test]
fn a_few_places_are_kept_for_the_owner() {
    let (_directory, server) = launch(&["--max-connections", "2"]);
    let connect = |options: &str| {
        let parameters = ["user", "nebulus", "database", "nebulus", "options", options];
        Client::connect_with(server.address, &parameters).map_err(Box::new)
    };
    let all = [connect("").expect("a place"), connect("").expect("a place")];
    let refused = connect("").err().expect("no place");
    assert_eq!(refused.code, "53300");
    let hint = refused.hint.expect("what to do");
    assert!(hint.contains("-c nebulus.reserved=on"), "{hint}");
    let mut owner = connect("-c nebulus.reserved=on").expect("a place that is kept");
    assert_eq!(owner.value("SELECT count(*) FROM pg_stat_activity"), "3");
    drop(all);
}

/// Logs in from a loopback address of its own: whether it was let in, or the detail of the refusal.
async fn log_in(from: &str, to: SocketAddr, password: &str) -> Result<(), Option<String>> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(from.parse().expect("an address")).expect("a loopback address");
    let stream = socket.connect(to).await.expect("the server listens");
    let mut config = tokio_postgres::Config::new();
    config.user("nebulus").dbname("nebulus").password(password);
    match config.connect_raw(stream, NoTls).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let report = error.as_db_error().expect("the server says why");
            assert_eq!(report.code().code(), "28P01");
            Err(report.detail().map(str::to_string))
        }
    }
}

#[test]
fn guessing_is_slow_and_the_owner_does_not_notice() {
    let (_directory, server) = with_password(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let address = server.address;
        for _ in 0..3 {
            log_in("127.0.0.1:0", address, "wrong").await.expect_err("a wrong password");
        }
        let guesses = (0..40).map(|_| tokio::spawn(log_in("127.0.0.1:0", address, "wrong")));
        let answers = futures::future::join_all(guesses).await.into_iter().map(|answer| answer.expect("an answer"));
        let unseen = answers.filter(|answer| matches!(answer, Err(Some(detail)) if detail.contains("not looked at")));
        assert!(unseen.count() > 20, "most passwords that come at once are not looked at");
        assert_eq!(log_in("127.0.0.2:0", address, PASSWORD).await, Ok(()), "another address");
    });
}

#[test]
fn who_guesses_on_the_owners_own_address_does_not_lock_the_owner_out() {
    let (_directory, server) = with_password(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let address = server.address;
        log_in("127.0.0.1:0", address, PASSWORD).await.expect("the owner's address");
        log_in("127.0.0.1:0", address, "wrong").await.expect_err("a wrong password");
        let guesses: Vec<_> = (0..30).map(|_| tokio::spawn(log_in("127.0.0.1:0", address, "wrong"))).collect();
        // They wait for their turns when the first of the next has been refused.
        log_in("127.0.0.1:0", address, "wrong").await.expect_err("a wrong password");
        assert_eq!(log_in("127.0.0.1:0", address, PASSWORD).await, Ok(()));
        for guess in guesses {
            assert_eq!(guess.await.expect("an answer"), Err(None), "each one was looked at");
        }
    });
}

#[test]
fn a_message_over_the_budget_is_refused_and_the_connection_goes_on() {
    let (_directory, server) = launch(&["--memory-mb", "16"]);
    let mut greedy = server.client();
    // Longer than what one connection may have, shorter than the longest statement.
    let long = format!("SELECT '{}'", "x".repeat(15 * 1024 * 1024));
    let refused = greedy.error(&long);
    assert_eq!(refused.code, "53200", "{refused:?}");
    assert_eq!(greedy.value("SELECT 1"), "1");
    let mut messages = Vec::new();
    put_parse(&mut messages, &long);
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'S', &[]);
    greedy.write(&messages).expect("messages are sent");
    assert_eq!(greedy.read_reply().expect("an answer").failure().expect("a refusal").code, "53200");
    assert_eq!(greedy.value("SELECT 2"), "2");
    greedy.run("CREATE TABLE t (id int8 PRIMARY KEY, x text)");
    greedy.send_query("COPY t FROM STDIN").expect("the query is sent");
    greedy.send(b'd', &vec![b'x'; 40 * 1024 * 1024]).expect("data is sent");
    greedy.send(b'c', &[]).expect("the end is sent");
    assert_eq!(greedy.read_reply().expect("an answer").failure().expect("a refusal").code, "53200");
    assert_eq!(greedy.value("SELECT count(*) FROM t"), "0");
}

#[test]
fn unfinished_messages_of_many_leave_room_for_others() {
    let (_directory, server) = launch(&["--memory-mb", "16"]);
    // Each announces a quarter of a gigabyte, sends four megabytes and says nothing any more.
    let mut unfinished: Vec<Client> = (0..12).map(|_| server.client()).collect();
    for client in &mut unfinished {
        client.write(&[b'Q', 0x0f, 0xff, 0xff, 0xff]).expect("a header is sent");
        client.write(&vec![b'x'; 4 * 1024 * 1024]).expect("a part is sent");
    }
    let mut other = server.client();
    assert_eq!(other.value(&format!("SELECT length('{}')", "x".repeat(200_000))), "200000");
    drop(unfinished);
}

#[test]
fn prepared_statements_portals_and_cursors_draw_from_one_budget() {
    let (_directory, server) = launch(&["--memory-mb", "16"]);
    let mut greedy = server.client();
    let list = vec!["1"; 2_000].join(",");
    let refused = (0..100).find_map(|number| {
        let reply = greedy.query(&format!("PREPARE p{number} AS SELECT 1 WHERE 2 IN ({list})"));
        reply.failure().cloned()
    });
    assert_eq!(refused.expect("a hundred are too many").code, "53200");
    assert_eq!(server.client().value("SELECT 1"), "1");
    greedy.run("DEALLOCATE ALL");
    greedy.run(&format!("PREPARE p AS SELECT 1 WHERE 2 IN ({list})"));
    greedy.run("DEALLOCATE ALL");
    // Portals keep their parameters.
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT length($1::text)");
    for number in 0..40 {
        let mut body = format!("portal{number}\0").into_bytes();
        body.extend_from_slice(&[0, 0, 0, 0, 1]);
        body.extend_from_slice(&500_000_u32.to_be_bytes());
        body.extend_from_slice(&[b'x'; 500_000]);
        body.extend_from_slice(&[0, 0]);
        put_message(&mut messages, b'B', &body);
    }
    put_message(&mut messages, b'S', &[]);
    greedy.write(&messages).expect("messages are sent");
    assert_eq!(greedy.read_reply().expect("an answer").failure().expect("a refusal").code, "53200");
    // Cursors keep the rows that were read with those that were asked for.
    greedy.run("BEGIN");
    let refused = (0..100).find_map(|number| {
        greedy.run("SAVEPOINT s");
        greedy.run(&format!("DECLARE c{number} CURSOR FOR SELECT repeat('x', 1000) FROM generate_series(1, 5000)"));
        greedy.query(&format!("FETCH 1 FROM c{number}")).failure().cloned()
    });
    assert_eq!(refused.expect("a hundred are too many").code, "53200");
    greedy.run("ROLLBACK");
    assert_eq!(greedy.value("SELECT 1"), "1");
}

#[test]
fn what_a_transaction_writes_draws_from_the_budget() {
    let (_directory, server) = launch(&["--memory-mb", "16"]);
    let mut greedy = server.client();
    greedy.run("CREATE TABLE t (id int8 PRIMARY KEY, x text)");
    let insert = "INSERT INTO t SELECT n, repeat('x', 10000) FROM generate_series(1, 5000) g(n)";
    assert_eq!(greedy.error(insert).code, "53200");
    assert_eq!(greedy.run(&insert.replace("5000", "100")), "INSERT 0 100");
    assert_eq!(greedy.value("SELECT count(*) FROM t"), "100");
}

#[test]
fn a_transaction_does_not_wait_for_its_client_for_ever() {
    let (_directory, server) = launch(&["--idle-transaction-max-s", "1"]);
    let mut forgotten = server.client();
    forgotten.run("SET idle_in_transaction_session_timeout = 0");
    forgotten.run("BEGIN");
    forgotten.run("SELECT count(*) FROM memory");
    assert_eq!(forgotten.read_end().code, "25P03");
    // A pipeline that never comes to its Sync has a transaction, too.
    let mut pipeline = server.client();
    let mut messages = Vec::new();
    put_parse(&mut messages, "SELECT count(*) FROM memory");
    put_bind(&mut messages, &[]);
    put_message(&mut messages, b'E', &[0, 0, 0, 0, 0]);
    put_message(&mut messages, b'H', &[]);
    pipeline.write(&messages).expect("messages are sent");
    assert_eq!(pipeline.read_end().code, "25P03");
    // A cursor that outlives its transaction was read to its end, and stays like a session without anything open.
    let mut held = server.client();
    held.run("BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 7; COMMIT");
    let mut copying = server.client();
    copying.run("CREATE TABLE t (id int8 PRIMARY KEY)");
    copying.send_query("COPY t FROM STDIN").expect("the query is sent");
    assert_eq!(copying.read_end().code, "25P03");
    assert_eq!(held.value("FETCH ALL FROM c"), "7");
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let (_directory, server) = launch(&["--idle-transaction-max-s", "1"]);
    let (mut stalled, mut watcher) = (server.client(), server.client());
    stalled.send_query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)").expect("the query is sent");
    // Each question takes a moment, in the server.
    let is_gone = |watcher: &mut Client| watcher.value("SELECT count(*), pg_sleep(0.05) FROM pg_stat_activity") == "1";
    assert!((0..1000).any(|_| is_gone(&mut watcher)), "its snapshot would stay for ever");
}

/// What of a folder its group or others can reach, the folder itself included.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut all = files_below(folder);
    let folders = all.iter().flat_map(|file| file.ancestors().take_while(|path| *path != folder).skip(1));
    let folders: Vec<PathBuf> = folders.map(Path::to_path_buf).collect();
    all.extend(folders);
    all.push(folder.to_path_buf());
    // A running server drops files between the list and the look: what is gone is open to nobody.
    all.retain(|path| match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o077 != 0,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => panic!("{}: {error}", path.display()),
    });
    all.sort();
    all.dedup();
    all
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode is set");
}

#[test]
fn what_lies_on_the_disk_is_the_owners_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    std::fs::create_dir(&data).expect("a directory");
    set_mode(&data, 0o755);
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("SET MEMORY id = 'a' vector = [1, 2, 3] blob = 'bytes'");
    client
        .run("CREATE TABLE item (id int8 PRIMARY KEY, v vector(2)); CREATE INDEX ON item USING hnsw (v vector_l2_ops)");
    client.run("INSERT INTO item VALUES (1, '[1,2]')");
    assert!(server.stop().success());
    let folders = ["blobs", "keys", "rocksdb", "vectors"].map(|name| data.join(name));
    assert_eq!(folders.iter().flat_map(|folder| open_to_others(folder)).collect::<Vec<_>>(), Vec::<PathBuf>::new());
    assert!(files_below(&data.join("blobs")).len() == 1 && !files_below(&data.join("vectors")).is_empty());
    assert_eq!(
        std::fs::metadata(&data).expect("a directory").permissions().mode() & 0o777,
        0o755,
        "its owner's choice"
    );
    // As an older version left them.
    let blob = files_below(&data.join("blobs")).remove(0);
    for (path, mode) in folders.iter().map(|folder| (folder.as_path(), 0o755)).chain([(blob.as_path(), 0o644)]) {
        set_mode(path, mode);
    }
    let server = Launch::on(&data).start();
    assert!(server.log().contains("others could enter this folder"), "{}", server.log());
    assert_eq!(folders.iter().flat_map(|folder| open_to_others(folder)).collect::<Vec<_>>(), Vec::<PathBuf>::new());
    assert_eq!(server.client().value("SELECT blob(id) = 'bytes'::bytea FROM memory"), "t");
}

#[test]
fn activity_shows_statements_but_no_secrets() {
    let (_directory, server) = launch(&[]);
    let (mut client, mut watcher) = (server.client(), server.client());
    client.run("SET application_name = 'author'");
    let shown = |client: &mut Client, watcher: &mut Client, text: &str| {
        let reply = client.query(text);
        assert!(!reply.answers.iter().any(|answer| matches!(answer, Answer::Failed(_))), "{text}: {reply:?}");
        watcher.value("SELECT query FROM pg_stat_activity WHERE application_name = 'author'")
    };
    for text in ["SELECT 'auth' AS author", "SELECT 'password', 'secret' AS secret", "BEGIN", "COMMIT"] {
        assert_eq!(shown(&mut client, &mut watcher, text), text);
    }
    for text in [
        "INSERT INTO auth (key, value) VALUES ('k', 'hush')",
        "SET AUTH key = \"k\" value = \"hush\"",
        "PREPARE put AS INSERT INTO auth (key, value) VALUES ($1, $2)",
        "EXECUTE put ('k2', 'hush')",
        "SELECT nebulus_create_network('n', '{\"secret\": \"hush hush hush hush\"}')",
        "ALTER ROLE nebulus PASSWORD 'hush'",
    ] {
        let shown = shown(&mut client, &mut watcher, text);
        assert!(!shown.contains("hush") && !shown.is_empty(), "{text}: {shown}");
    }
    client.run("BEGIN");
    let state = "SELECT state FROM pg_stat_activity WHERE application_name = 'author'";
    assert_eq!(watcher.value(state), "idle in transaction");
    client.error("SELECT nothing");
    assert_eq!(watcher.value(state), "idle in transaction (aborted)");
    assert_eq!(watcher.value("SELECT state FROM pg_stat_activity WHERE pid = pg_backend_pid()"), "active");
}
