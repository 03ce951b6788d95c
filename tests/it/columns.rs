//! Columns that change while others read and write the table, and what a restart finds of them.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Launch, Server, run_program};

/// Set when it is dropped, whether the test has failed or not.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_was_written_with_other_columns_in_mind_is_refused() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TABLE t (id int PRIMARY KEY, a int, b int)");
    first.run("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)");
    for (change, write) in [
        ("ALTER TABLE t DROP COLUMN b", "INSERT INTO t VALUES (3, 3, 3)"),
        ("ALTER TABLE t ALTER a TYPE text", "UPDATE t SET a = 7 WHERE id = 1"),
        ("ALTER TABLE t ALTER a TYPE int USING a::int", "INSERT INTO t VALUES (4, 'x')"),
    ] {
        second.run("BEGIN");
        second.run(write);
        first.run(change);
        assert_eq!(second.error("COMMIT").code, "40001", "{write} beside {change}");
    }
    // And the other way round: what came meanwhile has no value of the new type.
    first.run("BEGIN");
    first.run("ALTER TABLE t ALTER a TYPE bigint");
    second.run("INSERT INTO t VALUES (5, 5)");
    assert_eq!(first.error("COMMIT").code, "40001");
    // A name is nobody's concern.
    second.run("BEGIN");
    second.run("UPDATE t SET a = 9 WHERE id = 1");
    first.run("ALTER TABLE t RENAME COLUMN a TO z");
    second.run("COMMIT");
    assert_eq!(first.column("SELECT id || ' ' || z FROM t ORDER BY id"), ["1 9", "2 2", "5 5"]);
}

#[test]
fn rows_that_come_beside_a_new_column_get_its_default_or_are_refused() {
    let server = Server::start();
    let (mut first, mut second) = (server.client(), server.client());
    first.run("CREATE TABLE t (id int PRIMARY KEY, a int)");
    first.run("INSERT INTO t VALUES (1, 1)");
    for (number, column) in ["b int DEFAULT 5", "c bigserial", "d text DEFAULT 'x' || 'y'"].into_iter().enumerate() {
        let id = number + 2;
        second.run("BEGIN");
        second.run(&format!("INSERT INTO t (id, a) VALUES ({id}, {id})"));
        first.run(&format!("ALTER TABLE t ADD COLUMN {column}"));
        assert_eq!(second.error("COMMIT").code, "40001", "{column}");
        second.run(&format!("INSERT INTO t (id, a) VALUES ({id}, {id})"));
    }
    // And the other way round.
    first.run("BEGIN");
    first.run("ALTER TABLE t ADD COLUMN e int DEFAULT 7");
    second.run("INSERT INTO t (id, a) VALUES (5, NULL)");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("ALTER TABLE t ADD COLUMN e int DEFAULT 7");
    assert_eq!(first.value("SELECT count(*) FROM t WHERE b IS NULL OR c IS NULL OR d IS NULL OR e IS NULL"), "0");
    // Another key, a column without a default and another table are nobody's concern.
    second.run("BEGIN");
    second.run("UPDATE t SET id = 9, b = NULL WHERE id = 1");
    second.run("INSERT INTO t (id, b) VALUES (10, NULL)");
    first.run("ALTER TABLE t ADD COLUMN f int");
    first.run("CREATE TABLE other (id int PRIMARY KEY, g int DEFAULT 1)");
    second.run("COMMIT");
    assert_eq!(first.column("SELECT id FROM t WHERE b IS NULL ORDER BY id"), ["9", "10"]);
}

#[test]
fn the_default_of_a_new_column_is_any_expression() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY)");
    client.run("INSERT INTO t SELECT i FROM generate_series(1, 50) AS s(i)");
    for (column, each, distinct) in [
        ("a text DEFAULT 'x' || 'y'", "a = 'xy'", "1"),
        ("b varchar(3) DEFAULT CASE WHEN 1 < 2 THEN 'yes' ELSE 'no' END", "b = 'yes'", "1"),
        ("c int DEFAULT CASE WHEN 1 < 2 THEN 5 ELSE 6 END", "c = 5", "1"),
        ("d date DEFAULT now() + interval '1 day'", "d > current_date", "1"),
        ("e text NOT NULL DEFAULT CASE WHEN random() < 2 THEN 'r' || random() ELSE '' END", "e LIKE 'r%'", "50"),
        ("f text DEFAULT coalesce(NULL, md5('x'))", "f = md5('x')", "1"),
    ] {
        let name = &column[..1];
        client.run(&format!("ALTER TABLE t ADD COLUMN {column}"));
        assert_eq!(client.value(&format!("SELECT count(*) FROM t WHERE {each}")), "50", "{column}");
        assert_eq!(client.value(&format!("SELECT count(DISTINCT {name}) FROM t")), distinct, "{column}");
    }
    client.run("INSERT INTO t (id) VALUES (51)");
    assert_eq!(client.value("SELECT a || b || c || f = 'xyyes5' || md5('x') FROM t WHERE id = 51"), "t");
    // Whoever sets it means the same.
    client.run("UPDATE t SET a = NULL, e = '', c = 0");
    client.run("UPDATE t SET a = DEFAULT WHERE id = 51");
    client.run("UPDATE t SET c = DEFAULT, e = DEFAULT WHERE id <> 51");
    client.run("INSERT INTO t (id) VALUES (51) ON CONFLICT (id) DO UPDATE SET c = DEFAULT, b = 'no'");
    assert_eq!(client.value("SELECT a || b || c FROM t WHERE id = 51"), "xyno5");
    assert_eq!(client.value("SELECT count(DISTINCT e) || ' ' || count(a) || ' ' || sum(c) FROM t"), "51 1 255");
    // What is the same for all is computed where there is nobody to take it, and nothing is left of what fails.
    client.run("CREATE TABLE empty (id int PRIMARY KEY)");
    for table in ["t", "empty"] {
        let failure = client.error(&format!("ALTER TABLE {table} ADD COLUMN g int DEFAULT ('x' || 'y')::int"));
        assert_eq!(failure.code, "22P02", "{table}");
        assert_eq!(client.error(&format!("SELECT g FROM {table}")).code, "42703");
    }
}

#[test]
fn a_column_changes_its_type_beside_those_who_write_all_the_time() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a int, n int)");
    client.run("INSERT INTO t SELECT i, i, 0 FROM generate_series(1, 2000) AS s(i)");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        for writer in 1..=3 {
            let (server, is_over) = (&server, &is_over);
            scope.spawn(move || {
                let mut client = server.client();
                while !is_over.load(Ordering::Relaxed) {
                    client.run(&format!("UPDATE t SET n = n + 1 WHERE id = {writer}"));
                }
            });
        }
        for change in ["ALTER a TYPE text", "ADD COLUMN b int DEFAULT 3", "ALTER a TYPE int USING a::int + 1"] {
            client.run(&format!("ALTER TABLE t {change}"));
        }
    });
    assert_eq!(client.value("SELECT count(*) FROM t WHERE a = id + 1 AND b = 3"), "2000");
    assert_eq!(client.value("SELECT count(*) FROM t WHERE n > 0"), "3", "who wrote was let through");
}

#[test]
fn prepared_statements_follow_the_columns_or_say_that_their_result_changed() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int)");
    client.run("INSERT INTO t VALUES (1, 10, 'x', 20)");
    client.run("PREPARE some AS SELECT c, b FROM t WHERE c > 1");
    client.run("PREPARE every AS SELECT * FROM t");
    client.run("PREPARE writing AS UPDATE t SET c = c + 1");
    let mut reader = server.client();
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(reader.value("SELECT c FROM t"), "20");
    server.client().run("ALTER TABLE t DROP COLUMN a");
    client.run("EXECUTE writing");
    assert_eq!(client.rows("EXECUTE some"), [[Some("21".to_string()), Some("x".to_string())]]);
    let changed = client.error("EXECUTE every");
    assert_eq!((changed.code.as_str(), changed.message.as_str()), ("0A000", "cached plan must not change result type"));
    server.client().run("ALTER TABLE t RENAME COLUMN b TO d");
    assert_eq!(client.error("EXECUTE some").code, "42703");
    server.client().run("ALTER TABLE t ALTER COLUMN c TYPE text");
    client.run("DEALLOCATE some");
    // A snapshot has the columns that it had.
    assert_eq!(reader.rows("SELECT a, b, c FROM t"), [["10", "x", "20"].map(|value| Some(value.to_string()))]);
    reader.run("COMMIT");
    assert_eq!(reader.value("SELECT c || d FROM t"), "21x");
}

#[test]
fn a_restart_finds_columns_as_they_were_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id bigserial PRIMARY KEY, gone text, v vector(2), old_name int UNIQUE, kind int)");
    client.run("CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops)");
    client.run("INSERT INTO t (gone, v, old_name, kind) VALUES ('x', '[1,0]', 1, 1), ('y', '[0,1]', 2, NULL)");
    client.run("ALTER TABLE t RENAME COLUMN old_name TO new_name");
    client.run("ALTER TABLE t DROP COLUMN gone, ALTER COLUMN kind TYPE text USING 'k' || kind");
    client.run("ALTER TABLE t ADD COLUMN gone bool");
    client.run("INSERT INTO t (v, new_name, gone) VALUES ('[2,2]', 3, true)");
    drop(client);
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    let shown = "SELECT concat_ws(' ', id, v, new_name, kind, gone) FROM t ORDER BY id";
    assert_eq!(client.column(shown), ["1 [1,0] 1 k1", "2 [0,1] 2", "3 [2,2] 3 t"]);
    assert_eq!(client.value("SELECT id FROM t ORDER BY v <-> '[0,2]' LIMIT 1"), "2");
    assert_eq!(client.value("SELECT id FROM t WHERE new_name = 3"), "3");
    assert_eq!(client.error("INSERT INTO t (new_name) VALUES (2)").code, "23505");
    client.run("INSERT INTO t (new_name) VALUES (4)");
    drop(client);
    assert!(server.stop().success());
    let check = run_program(&["check", "--data-dir", &data.to_string_lossy()]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn a_fact_does_not_take_the_place_of_a_column_that_had_its_name() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id text PRIMARY KEY, a text)");
    client.run("INSERT INTO t VALUES ('1', 'column')");
    client.run("ALTER TABLE t RENAME COLUMN a TO b");
    let fact = client.error("SET MEMORY IN t id = '1' metadata = {a: \"fact\"}");
    assert_eq!(fact.code, "42701", "{}", fact.message);
    assert_eq!(client.rows("SELECT b, metadata->>'a' FROM t"), [[Some("column".to_string()), None]]);
}
