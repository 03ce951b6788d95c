//! Enumerated types over a restart, between two transactions, for KNIRVQL and networks, and with statements that are kept.

use crate::harness::{Launch, Server};

#[test]
fn enums_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        client.run("CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('sad', 'happy')");
        client.run("CREATE TABLE t (m s.mood PRIMARY KEY, list s.mood[])");
        client.run("INSERT INTO t VALUES ('happy', '{happy,sad}'), ('sad', NULL)");
        client.run("ALTER TYPE s.mood ADD VALUE 'ok' BEFORE 'happy'; ALTER TYPE s.mood RENAME VALUE 'sad' TO 'blue'");
        client.run("CREATE VIEW v AS SELECT m FROM t");
    }
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("INSERT INTO t VALUES ('ok', '{ok}')");
    assert_eq!(client.column("SELECT m FROM t ORDER BY m").join(","), "blue,ok,happy");
    assert_eq!(client.column("SELECT m FROM v ORDER BY m DESC").join(","), "happy,ok,blue");
    assert_eq!(client.value("SELECT list FROM t WHERE m = 'happy'"), "{happy,blue}");
    assert_eq!(client.error("INSERT INTO t VALUES ('sad')").code, "22P02");
    assert_eq!(client.error("INSERT INTO t VALUES ('ok')").code, "23505");
    assert_eq!(client.error("DROP TYPE s.mood").code, "2BP01");
}

#[test]
fn a_type_is_not_dropped_under_a_column_that_comes() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TYPE mood AS ENUM ('sad', 'happy')");
    first.run("BEGIN; CREATE TABLE t (m mood)");
    second.run("DROP TYPE mood");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("ROLLBACK; CREATE TYPE mood AS ENUM ('sad', 'happy')");
    first.run("BEGIN; DROP TYPE mood");
    second.run("CREATE TABLE t (m mood)");
    assert_eq!(first.error("COMMIT").code, "40001");
    second.run("INSERT INTO t VALUES ('happy')");
    assert_eq!(second.value("SELECT m FROM t"), "happy");
}

#[test]
fn a_label_of_another_transaction_is_seen_once_that_commits() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (m mood)");
    second.run("PREPARE q (mood) AS SELECT count(*) FROM t WHERE m = $1");
    assert_eq!(second.value("EXECUTE q('happy')"), "0");
    first.run("BEGIN; ALTER TYPE mood ADD VALUE 'ok' AFTER 'sad'; INSERT INTO t VALUES ('ok')");
    assert_eq!(second.error("INSERT INTO t VALUES ('ok')").code, "22P02");
    assert_eq!(second.error("EXECUTE q('ok')").code, "22P02");
    first.run("COMMIT");
    assert_eq!(second.value("EXECUTE q('ok')"), "1");
    assert_eq!(second.value("SELECT m FROM t WHERE m < 'happy'"), "ok");
}

#[test]
fn knirvql_reads_and_writes_labels_and_networks_do_not_take_them() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (id text PRIMARY KEY, m mood)");
    client.run(r#"SET MEMORY IN t ID = "a" METADATA = {"m": "happy"}"#);
    assert_eq!(client.error(r#"SET MEMORY IN t ID = "b" METADATA = {"m": "glad"}"#).code, "22P02");
    assert_eq!(client.value("SELECT m FROM t WHERE m = 'happy'"), "happy");
    assert_eq!(client.rows(r#"GET MEMORY IN t WHERE m = "happy""#).len(), 1);
    assert_eq!(client.error(r#"GET MEMORY IN t WHERE m = "glad""#).code, "22P02");
    client.run("CREATE NETWORK team");
    let refused = client.error("ATTACH COLLECTION t TO NETWORK team");
    assert_eq!(refused.code, "0A000", "{}", refused.message);
}
