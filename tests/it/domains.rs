//! Domains over a restart, beside other transactions, and for what is written in other ways than by INSERT.

use crate::harness::{Launch, Server};

#[test]
fn domains_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        client.run("CREATE SCHEMA s; CREATE DOMAIN s.pos AS int DEFAULT 7 CONSTRAINT above CHECK (VALUE > 0)");
        client.run("CREATE TABLE t (id int PRIMARY KEY, n s.pos); INSERT INTO t VALUES (1)");
        client.run(
            "ALTER DOMAIN s.pos ADD CONSTRAINT below CHECK (VALUE < 9) NOT VALID; ALTER DOMAIN s.pos SET DEFAULT 8",
        );
    }
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("INSERT INTO t VALUES (2)");
    assert_eq!(client.column("SELECT n FROM t ORDER BY id").join(","), "7,8");
    assert_eq!(client.error("INSERT INTO t VALUES (3, 0)").code, "23514");
    assert_eq!(client.error("SELECT 9::s.pos").code, "23514");
    assert_eq!(client.error("DROP DOMAIN s.pos").code, "2BP01");
    client.run("ALTER DOMAIN s.pos RENAME TO small");
    assert_eq!(
        client.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'n'"),
        "s.small"
    );
}

#[test]
fn a_condition_and_a_value_do_not_pass_each_other() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE DOMAIN d AS int; CREATE TABLE t (n d)");
    first.run("BEGIN; ALTER DOMAIN d ADD CHECK (VALUE > 0)");
    second.run("INSERT INTO t VALUES (-1)");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("DELETE FROM t");
    first.run("BEGIN; INSERT INTO t VALUES (-2)");
    second.run("ALTER DOMAIN d ADD CHECK (VALUE > 0)");
    assert_eq!(first.error("COMMIT").code, "40001");
    assert_eq!(first.value("SELECT count(*) FROM t"), "0");
    first.run("BEGIN; CREATE TABLE u (n d)");
    second.run("CREATE TABLE v (n int); ALTER DOMAIN d SET NOT NULL");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("BEGIN; DROP TABLE t; DROP DOMAIN d");
    second.run("ALTER TABLE v ADD COLUMN m d DEFAULT 1");
    assert_eq!(first.error("COMMIT").code, "40001");
}

#[test]
fn what_is_kept_and_prepared_follows_a_domain() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE DOMAIN d AS text CHECK (VALUE <> 'a'); CREATE TABLE t (id text PRIMARY KEY, n d)");
    second.run("PREPARE w AS INSERT INTO t VALUES ($1, $2); PREPARE r AS SELECT $1::d");
    second.run("EXECUTE w('1', 'b')");
    assert_eq!(second.error("EXECUTE w('2', 'a')").code, "23514");
    assert_eq!(second.value("EXECUTE r('b')"), "b");
    first.run("ALTER DOMAIN d DROP CONSTRAINT d_check; ALTER DOMAIN d ADD CHECK (VALUE <> 'c')");
    second.run("EXECUTE w('2', 'a')");
    assert_eq!(second.error("EXECUTE w('3', 'c')").code, "23514");
    assert_eq!(second.error("EXECUTE r('c')").code, "23514");
    assert_eq!(second.error("UPDATE t SET n = 'c'").code, "23514");
    assert_eq!(second.error("INSERT INTO t VALUES ('1', 'z') ON CONFLICT (id) DO UPDATE SET n = 'c'").code, "23514");
    assert_eq!(
        second
            .error(
                "MERGE INTO t USING (SELECT '9' AS id) s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c')"
            )
            .code,
        "23514"
    );
    assert_eq!(second.error("SET MEMORY IN t id = \"5\" metadata = {\"n\": \"c\"}").code, "23514");
}
