//! The log of slow statements: their form and their plan, and nothing that somebody wrote into them.

use crate::harness::{Launch, Server};

fn start(arguments: &[&str]) -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Launch::on(&directory.path().join("data")).with(arguments).start();
    (directory, server)
}

/// The lines about slow statements.
fn slow(server: &Server) -> Vec<String> {
    server.log().lines().filter(|line| line.contains("slow statement")).map(str::to_string).collect()
}

#[test]
fn slow_statements_are_logged_with_their_plan_and_without_values() {
    let (_directory, server) = start(&["--slow-statement", "20"]);
    let mut client = server.client();
    client.run("CREATE TABLE book (id int PRIMARY KEY, title text)");
    client.run("INSERT INTO book VALUES (1, 'hush'), (2, 'other')");
    let before = slow(&server).len();
    client
        .run("SELECT id /* hush */ FROM book WHERE title <> 'hush' AND id IN (1, 2, 3) AND pg_sleep(0.05) IS NOT NULL");
    client.run_with("SELECT count(*) FROM book WHERE title = $1 AND pg_sleep(0.05) IS NOT NULL", &["hush"]);
    client.run("UPDATE book SET title = 'hush2' WHERE title = 'hush' AND pg_sleep(0.05) IS NOT NULL");
    client.error("SELECT 1 / id, 'hush' FROM (SELECT 0 AS id) z WHERE pg_sleep(0.05) IS NOT NULL");
    let lines = slow(&server).split_off(before);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(!lines.concat().contains("hush"), "{lines:?}");
    for (line, parts) in lines.iter().zip([
        [
            "kind=\"select\"",
            "SELECT id FROM book WHERE title <> ? AND id IN (?, …) AND pg_sleep(?) IS NOT NULL",
            "on book",
        ],
        ["kind=\"select\"", "SELECT count(*) FROM book WHERE title = $1", "on book"],
        ["kind=\"update\"", "UPDATE book SET title = ? WHERE title = ?", "Update on book"],
        ["kind=\"select\"", "SELECT ? / id, ? FROM (SELECT ? AS id) z", "plan="],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
    }
}

#[test]
fn statements_on_secrets_are_not_logged_at_all() {
    let (_directory, server) = start(&["--slow-statement", "20"]);
    let mut client = server.client();
    client.run("SET AUTH key = 'hushkey' value = 'hushvalue'");
    client.run("SELECT value, pg_sleep(0.05) FROM auth WHERE key = 'hushkey'");
    client.run(
        "PREPARE hushed (text) AS SELECT value, pg_sleep(0.05) FROM auth WHERE key = $1; EXECUTE hushed ('hushkey')",
    );
    client.run("SELECT pg_sleep(0.05)");
    let lines = slow(&server);
    assert!(lines.iter().any(|line| line.contains("SELECT pg_sleep(?)")), "{lines:?}");
    assert!(!lines.concat().contains("hush") && !lines.concat().contains("auth"), "{lines:?}");
}

#[test]
fn unless_asked_for_nothing_is_logged() {
    let (_directory, server) = start(&[]);
    server.client().run("SELECT pg_sleep(0.05)");
    assert_eq!(slow(&server), [""; 0]);
}
