//! Views and comments: what a restart finds of them, what others may do meanwhile, and what no view reads.

use crate::harness::{Launch, Server, run_program};

#[test]
fn a_restart_finds_views_and_comments() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, name text, n int)");
    client.run("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20)");
    client.run("CREATE VIEW v AS SELECT * FROM t WHERE n > 10 WITH LOCAL CHECK OPTION");
    client.run("CREATE VIEW w (label) AS SELECT name FROM v");
    client.run("CREATE VIEW gone AS SELECT 1 AS x");
    client.run("COMMENT ON TABLE t IS 'all of it'");
    client.run("COMMENT ON COLUMN w.label IS 'of a view'");
    client.run("COMMENT ON COLUMN t.n IS 'first'");
    client.run("COMMENT ON COLUMN t.n IS NULL");
    client.run("COMMENT ON VIEW gone IS 'goes along'");
    client.run("DROP VIEW gone");
    drop(client);
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("ALTER TABLE t ADD COLUMN later int");
    assert_eq!(client.column("SELECT concat_ws(' ', id, name, n) FROM v"), ["2 b 20"]);
    assert_eq!(client.column("SELECT label FROM w"), ["b"]);
    assert_eq!(client.error("INSERT INTO v VALUES (3, 'c', 3)").code, "44000");
    assert_eq!(client.error("DROP TABLE t").code, "2BP01");
    assert_eq!(client.error("SELECT * FROM gone").code, "42P01");
    assert_eq!(client.value("SELECT obj_description('t'::regclass, 'pg_class')"), "all of it");
    assert_eq!(client.value("SELECT col_description('w'::regclass, 1)"), "of a view");
    assert_eq!(client.value("SELECT count(*) FROM pg_description WHERE classoid = 'pg_class'::regclass"), "2");
    drop(client);
    assert!(server.stop().success());
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn a_view_and_a_change_of_its_table_do_not_pass_each_other() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    for (name, change) in [
        ("a", "DROP TABLE t"),
        ("b", "ALTER TABLE t DROP COLUMN n"),
        ("c", "ALTER TABLE t RENAME COLUMN n TO m"),
        ("d", "ALTER TABLE t RENAME TO u"),
    ] {
        first.run("CREATE TABLE t (id int PRIMARY KEY, n int)");
        let view = format!("CREATE VIEW {name} AS SELECT n FROM t");
        first.run("BEGIN");
        first.run(change);
        second.run(&view);
        assert_eq!(first.error("COMMIT").code, "40001", "{change} behind {view}");
        second.run(&format!("DROP VIEW {name}"));
        first.run("BEGIN");
        first.run(&view);
        second.run(change);
        assert_eq!(first.error("COMMIT").code, "40001", "{view} behind {change}");
        second.run("DROP TABLE IF EXISTS t, u");
    }
    // Two views of one name, and a view beside a table of its name.
    for other in ["CREATE VIEW v AS SELECT 2 AS x", "CREATE TABLE v (x int)"] {
        first.run("BEGIN");
        first.run("CREATE VIEW v AS SELECT 1 AS x");
        second.run(other);
        assert_eq!(first.error("COMMIT").code, "40001", "beside {other}");
        second.run(if other.contains("TABLE") { "DROP TABLE v" } else { "DROP VIEW v" });
    }
}

#[test]
fn a_statement_that_was_prepared_notices_another_view() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    client.run("CREATE TABLE t (id int PRIMARY KEY, n int)");
    client.run("INSERT INTO t VALUES (1, 10), (2, 20)");
    client.run("CREATE VIEW v AS SELECT id, n FROM t");
    client.run("PREPARE p AS SELECT n FROM v WHERE id = $1");
    assert_eq!(client.value("EXECUTE p(2)"), "20");
    other.run("CREATE OR REPLACE VIEW v AS SELECT id, n * 2 AS n FROM t");
    assert_eq!(client.value("EXECUTE p(2)"), "40");
    client.run("PREPARE q AS SELECT * FROM v");
    other.run("CREATE OR REPLACE VIEW v AS SELECT id, n * 2 AS n, 'x' AS more FROM t");
    let error = client.error("EXECUTE q");
    assert_eq!((error.code.as_str(), error.message.as_str()), ("0A000", "cached plan must not change result type"));
    // Writing as well.
    other.run("CREATE VIEW w AS SELECT id, n FROM t WHERE id < 2");
    client.run("PREPARE d AS DELETE FROM w");
    other.run("CREATE OR REPLACE VIEW w AS SELECT id, n FROM t WHERE id > 1");
    assert_eq!(client.run("EXECUTE d"), "DELETE 1");
    assert_eq!(client.column("SELECT id FROM t"), ["1"]);
}

#[test]
fn no_view_reads_secrets() {
    let server = Server::start();
    let mut client = server.client();
    client.run("SET AUTH key = \"k\" value = \"secret\"");
    // A statement on such a view would not mention what it is about, and be shown to everybody.
    for query in [
        "SELECT key, value FROM auth",
        "SELECT 1 AS x WHERE EXISTS (SELECT * FROM auth)",
        "WITH a AS (SELECT value FROM public.auth) SELECT count(*) AS n FROM a",
        "SELECT * FROM knirvql('GET AUTH WHERE key = \"k\"')",
    ] {
        assert_eq!(client.error(&format!("CREATE VIEW v AS {query}")).code, "0A000", "{query}");
    }
}

#[test]
fn views_within_views_are_bounded() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (n int)");
    client.run("INSERT INTO t VALUES (7)");
    client.run("CREATE VIEW v0 AS SELECT n FROM t");
    let mut last = 0;
    let refused = loop {
        let reply = client.query(&format!("CREATE VIEW v{} AS SELECT n FROM v{last} WHERE n > 0", last + 1));
        match reply.failure() {
            Some(failure) => break failure.clone(),
            None => last += 1,
        }
        assert!(last < 100, "a chain without an end");
    };
    assert_eq!(refused.code, "54001");
    assert!(last >= 16, "{last} views deep");
    assert_eq!(client.value(&format!("SELECT n FROM v{last}")), "7");
    assert_eq!(client.run(&format!("UPDATE v{last} SET n = 8")), "UPDATE 1");
    assert_eq!(client.error("CREATE OR REPLACE VIEW v0 AS SELECT n FROM v3").code, "42P17");
    // Each twice the one before: few levels stand for very many queries.
    client.run("CREATE VIEW w0 AS SELECT a.n FROM t a, t b");
    let mut width = 0;
    let refused = loop {
        let text = format!("CREATE VIEW w{} AS SELECT a.n FROM w{width} a, w{width} b", width + 1);
        match client.query(&text).failure() {
            Some(failure) => break failure.clone(),
            None => width += 1,
        }
        assert!(width < 20, "no bound");
    };
    assert_eq!(refused.code, "54000");
}
