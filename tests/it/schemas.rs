//! Schemas and temporary tables: what several sessions see of them, what a restart finds, and what no network takes.

use crate::harness::{Launch, Server, run_program};

#[test]
fn a_restart_finds_schemas_and_what_is_in_them_and_nothing_of_sessions() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE SCHEMA ai");
    client.run("CREATE SCHEMA other");
    client.run("COMMENT ON SCHEMA ai IS 'of agents'");
    for schema in ["public", "ai", "other"] {
        client.run(&format!(
            "CREATE TABLE {schema}.t (id serial PRIMARY KEY, name text CONSTRAINT name_{schema} UNIQUE)"
        ));
        client.run(&format!("INSERT INTO {schema}.t (name) VALUES ('{schema}')"));
    }
    client.run("SET search_path = ai");
    client.run("CREATE VIEW v AS SELECT name FROM t");
    client.run("ALTER TABLE other.t RENAME TO u");
    client.run("ALTER SEQUENCE other.t_id_seq RENAME TO u_id_seq");
    client.run("ALTER TABLE other.u SET SCHEMA ai");
    client.run("CREATE TEMP TABLE t (id int PRIMARY KEY, n int)");
    client.run("CREATE INDEX ON t (n)");
    client.run("INSERT INTO t VALUES (1, 1)");
    client.run("CREATE TEMP VIEW seen AS SELECT * FROM t");
    client.run("CREATE SEQUENCE ai.q START 7");
    client.run("CREATE TEMP SEQUENCE passing");
    client.run("CREATE TABLE ai.drawn (id bigint DEFAULT nextval('passing'), n bigint DEFAULT nextval('ai.q'))");
    assert_eq!(client.value("SELECT count(*) FROM seen"), "1");
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.column("SELECT name FROM t"), ["public"]);
    assert_eq!(client.column("SELECT name FROM ai.t"), ["ai"]);
    assert_eq!(client.column("SELECT name FROM ai.u"), ["other"]);
    assert_eq!(client.column("SELECT name FROM ai.v"), ["ai"], "a view reads what it was made over");
    assert_eq!(client.error("INSERT INTO ai.u (name) VALUES ('other')").code, "23505");
    assert_eq!(client.value("SELECT obj_description('ai'::regnamespace, 'pg_namespace')"), "of agents");
    assert_eq!(client.value("SELECT count(*) FROM pg_class WHERE relpersistence = 't'"), "0");
    assert_eq!(client.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg_temp%'"), "0");
    assert_eq!(
        client.column("SELECT sequencename FROM pg_sequences ORDER BY 1"),
        ["q", "t_id_seq", "t_id_seq", "u_id_seq"]
    );
    client.run("INSERT INTO ai.drawn DEFAULT VALUES");
    assert_eq!(
        client.column("SELECT n FROM ai.drawn WHERE id IS NULL"),
        ["7"],
        "a default goes with what it draws from"
    );
    client.run("DROP SCHEMA other");
    drop(client);
    assert!(server.stop().success());
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn temporary_tables_are_one_sessions_and_go_with_it() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TABLE t (a int)");
    for (client, number) in [(&mut first, 1), (&mut second, 2)] {
        client.run("CREATE TEMP TABLE t (a int)");
        client.run(&format!("INSERT INTO t VALUES ({number})"));
        client.run("CREATE TEMP VIEW v AS SELECT a + 10 AS a FROM t");
    }
    assert_eq!((first.value("SELECT a FROM t"), second.value("SELECT a FROM t")), ("1".into(), "2".into()));
    assert_eq!((first.value("SELECT a FROM v"), second.value("SELECT a FROM v")), ("11".into(), "12".into()));
    assert_eq!(first.value("SELECT count(*) FROM public.t"), "0");
    let listed = "SELECT count(*) FROM information_schema.tables WHERE table_name IN ('t', 'v')";
    assert_eq!(second.value(listed), "3", "what others have is not listed");
    drop(first);
    let left = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname = 't'";
    while second.value(left) != "1" {
        std::thread::yield_now();
    }
    assert_eq!(second.value("SELECT a FROM t"), "2");
}

#[test]
fn a_prepared_statement_follows_the_path_of_its_session() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE SCHEMA a");
    for schema in ["public", "a"] {
        client.run(&format!("CREATE TABLE {schema}.t (name text)"));
        client.run(&format!("INSERT INTO {schema}.t VALUES ('{schema}')"));
    }
    client.run("PREPARE q AS SELECT name FROM t");
    client.run("PREPARE w AS UPDATE t SET name = name || '!' RETURNING name");
    assert_eq!(client.value("EXECUTE q"), "public");
    client.run("SET search_path = a, public");
    assert_eq!(client.value("EXECUTE q"), "a");
    assert_eq!(client.value("EXECUTE w"), "a!");
    client.run("DROP TABLE a.t");
    assert_eq!(client.value("EXECUTE q"), "public");
    client.run("CREATE TABLE a.t AS SELECT 'anew' AS name");
    assert_eq!(client.value("EXECUTE q"), "anew", "a table that comes before the one that was found");
    client.run("RESET search_path");
    assert_eq!(client.value("EXECUTE q"), "public");
    client.run("CREATE TEMP TABLE t AS SELECT 'own' AS name");
    assert_eq!(client.value("EXECUTE q"), "own");
    client.run("PREPARE named AS SELECT name FROM a.t");
    client.run("ALTER SCHEMA a RENAME TO b");
    assert_eq!(client.error("EXECUTE named").code, "42P01");
}

#[test]
fn a_schema_and_what_is_made_in_it_do_not_pass_each_other() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    for made in ["CREATE TABLE s.t (a int)", "CREATE VIEW s.v AS SELECT 1 AS one", "CREATE SEQUENCE s.q"] {
        first.run("CREATE SCHEMA s");
        first.run("BEGIN");
        first.run("DROP SCHEMA s");
        second.run(made);
        assert_eq!(first.error("COMMIT").code, "40001", "{made}");
        second.run("DROP SCHEMA s CASCADE");
        first.run("CREATE SCHEMA s");
        first.run("BEGIN");
        first.run(made);
        second.run("DROP SCHEMA s");
        assert_eq!(first.error("COMMIT").code, "40001", "{made}");
    }
    first.run("BEGIN");
    first.run("CREATE SCHEMA s");
    second.run("CREATE SCHEMA s");
    assert_eq!(first.error("COMMIT").code, "40001");
}

#[test]
fn networks_and_knirvql_know_the_tables_of_public() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE NETWORK team");
    client.run("CREATE SCHEMA s");
    client.run("CREATE TABLE s.notes (id text PRIMARY KEY)");
    client.run("INSERT INTO s.notes VALUES ('kept')");
    let refused = client.error("ATTACH COLLECTION notes TO NETWORK team");
    assert_eq!(refused.code, "0A000", "{refused:?}");
    client.run("DELETE WHERE id = \"kept\"");
    assert_eq!(client.value("SELECT count(*) FROM s.notes"), "1", "a table that KNIRVQL does not know stays as it is");
    client.run("ALTER TABLE s.notes SET SCHEMA public");
    client.run("ATTACH COLLECTION notes TO NETWORK team");
    assert_eq!(client.error("ALTER TABLE notes SET SCHEMA s").code, "0A000");
    client.run("CREATE TABLE s.notes (id int PRIMARY KEY)");
    client.run("INSERT INTO s.notes VALUES (2)");
    assert_eq!(client.column("SELECT id FROM notes"), ["kept"]);
    assert_eq!(client.error("DROP SCHEMA public CASCADE").code, "0A000");
}
