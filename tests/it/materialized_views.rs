//! Materialised views over a restart, beside other transactions, and for KNIRVQL and networks.

use crate::harness::{Launch, Server, run_program};

#[test]
fn materialized_views_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE SCHEMA s; CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 10), (2, 20)");
    client.run("CREATE MATERIALIZED VIEW s.kept AS SELECT id, n * 2 AS twice FROM t");
    client.run("CREATE UNIQUE INDEX ON s.kept (id)");
    client.run("CREATE MATERIALIZED VIEW empty AS SELECT twice FROM s.kept WITH NO DATA");
    client.run("INSERT INTO t VALUES (3, 30)");
    drop(client);
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.column("SELECT twice FROM s.kept ORDER BY id").join(","), "20,40");
    assert_eq!(client.error("SELECT * FROM empty").code, "55000");
    assert_eq!(client.error("INSERT INTO s.kept VALUES (9, 9)").code, "42809");
    assert_eq!(client.error("DROP TABLE t").code, "2BP01");
    client.run("REFRESH MATERIALIZED VIEW CONCURRENTLY s.kept; REFRESH MATERIALIZED VIEW empty");
    assert_eq!(client.column("SELECT twice FROM empty ORDER BY 1").join(","), "20,40,60");
    assert_eq!(client.column("SELECT twice FROM s.kept WHERE id = 3").join(","), "60");
    drop(client);
    assert!(server.stop().success());
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn a_refresh_and_its_readers_do_not_see_halves_of_one_another() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TABLE t (n int); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS SELECT n FROM t");
    second.run("PREPARE q AS SELECT count(*) FROM m");
    assert_eq!(second.value("EXECUTE q"), "1");
    first.run("INSERT INTO t VALUES (2); BEGIN; REFRESH MATERIALIZED VIEW m");
    assert_eq!((first.value("SELECT count(*) FROM m"), second.value("EXECUTE q")), ("2".into(), "1".into()));
    first.run("COMMIT");
    assert_eq!(second.value("EXECUTE q"), "2");
    first.run("REFRESH MATERIALIZED VIEW m WITH NO DATA");
    assert_eq!(second.error("EXECUTE q").code, "55000");
    // A table does not go from under a view that comes.
    first.run("CREATE TABLE u (n int)");
    first.run("BEGIN; CREATE MATERIALIZED VIEW mu AS SELECT n FROM u");
    second.run("DROP TABLE u");
    assert_eq!(first.error("COMMIT").code, "40001");
}

#[test]
fn no_network_and_no_statement_of_knirvql_changes_one() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id text PRIMARY KEY, n int); INSERT INTO t VALUES ('a', 1)");
    client.run("CREATE MATERIALIZED VIEW m AS SELECT id, n FROM t; CREATE NETWORK home");
    assert_eq!(client.error("ATTACH COLLECTION m TO NETWORK home").code, "0A000");
    assert_eq!(client.error("STAGE MEMORY IN m WHERE n = 1").code, "0A000");
    assert_eq!(client.error("UPDATE m SET _stage = 'post-pending'").code, "42809");
    assert_eq!(client.error("SET MEMORY IN m id = \"b\" metadata = {}").code, "42809");
    assert_eq!(client.error("DELETE IN m WHERE n = 1").code, "42809");
    client.run("DELETE WHERE id = \"a\"");
    assert_eq!(
        (client.value("SELECT count(*) FROM t"), client.value("SELECT count(*) FROM m")),
        ("0".into(), "1".into())
    );
    client.run("SELECT * FROM auth");
    assert_eq!(client.error("CREATE MATERIALIZED VIEW secrets AS SELECT * FROM auth").code, "0A000");
    assert_eq!(
        client.error("CREATE MATERIALIZED VIEW s AS SELECT * FROM knirvql('GET AUTH WHERE key = \"a\"')").code,
        "0A000"
    );
}
