//! Constraints beside other transactions and after a restart: references that two clients take and use at once, conditions that
//! come while a client writes.

use crate::client::Client;
use crate::harness::{Launch, Server};

/// Statements of two blocks of which one takes a key that the other refers to.
const RACES: [(&str, &str); 5] = [
    ("DELETE FROM p WHERE id = 1", "INSERT INTO c VALUES (1, 1, NULL)"),
    ("DELETE FROM p WHERE id = 1", "INSERT INTO c VALUES (1, 2, 11)"),
    ("UPDATE p SET u = 99 WHERE id = 1", "INSERT INTO c VALUES (1, NULL, 11)"),
    ("UPDATE p SET id = 5 WHERE id = 1", "INSERT INTO c VALUES (1, 1, NULL)"),
    ("TRUNCATE p CASCADE", "INSERT INTO c VALUES (1, 1, 11)"),
];

fn tables() -> (Server, Client, Client) {
    let server = Server::start();
    let (mut first, second) = (server.client(), server.client());
    first.run("CREATE TABLE p (id int PRIMARY KEY, u int UNIQUE)");
    first.run("CREATE TABLE c (id int, pid int REFERENCES p, pu int REFERENCES p (u))");
    (server, first, second)
}

#[test]
fn of_two_that_take_and_use_a_key_one_fails() {
    let (_server, mut first, mut second) = tables();
    for (takes, uses) in RACES {
        for is_taken_first in [true, false] {
            first.run("DELETE FROM c; DELETE FROM p; INSERT INTO p VALUES (1, 11), (2, 12)");
            first.run(&format!("BEGIN; {takes}"));
            second.run(&format!("BEGIN; {uses}"));
            let (winner, loser) = if is_taken_first { (&mut first, &mut second) } else { (&mut second, &mut first) };
            winner.run("COMMIT");
            assert_eq!(loser.error("COMMIT").code, "40001", "{takes}, {uses}, {is_taken_first}");
            let orphans = "SELECT count(*) FROM c WHERE pid NOT IN (SELECT id FROM p) OR pu NOT IN (SELECT u FROM p)";
            assert_eq!(first.value(orphans), "0", "{takes}, {uses}, {is_taken_first}");
        }
    }
    // Keys that are not the same disturb nobody.
    first.run("DELETE FROM c; DELETE FROM p; INSERT INTO p VALUES (1, 11), (2, 12)");
    first.run("BEGIN; DELETE FROM p WHERE id = 2");
    second.run("BEGIN; INSERT INTO c VALUES (1, 1, 11)");
    first.run("COMMIT");
    second.run("COMMIT");
    // A statement by itself is run again and learns what has happened.
    second.run("BEGIN; INSERT INTO c VALUES (2, 1, 11); COMMIT");
    assert_eq!(first.error("DELETE FROM p WHERE id = 1").code, "23503");
    first.run("DELETE FROM c; DELETE FROM p");
    assert_eq!(second.error("INSERT INTO c VALUES (3, 1, 11)").code, "23503");
}

#[test]
fn a_constraint_that_comes_while_somebody_writes_holds_for_both() {
    let (_server, mut first, mut second) = tables();
    first.run("CREATE TABLE t (id int PRIMARY KEY, a int)");
    // What was prepared without the constraint and commits after it.
    second.run("BEGIN; INSERT INTO t VALUES (1, -1)");
    first.run("ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)");
    assert_eq!(second.error("COMMIT").code, "40001");
    second.run("BEGIN; INSERT INTO t VALUES (1, 7)");
    first.run("ALTER TABLE t ADD CONSTRAINT refers FOREIGN KEY (a) REFERENCES p");
    assert_eq!(second.error("COMMIT").code, "40001");
    // What commits while the constraint is being added.
    first.run("ALTER TABLE t DROP CONSTRAINT positive, DROP CONSTRAINT refers");
    first.run("BEGIN; ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)");
    second.run("INSERT INTO t VALUES (2, -2)");
    assert_eq!(first.error("COMMIT").code, "40001");
    assert_eq!(first.error("ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)").code, "23514");
    first.run("BEGIN; DELETE FROM t; ALTER TABLE t ADD CONSTRAINT refers FOREIGN KEY (a) REFERENCES p");
    second.run("INSERT INTO t VALUES (3, 3)");
    assert_eq!(first.error("COMMIT").code, "40001");
    // What a foreign key refers to goes while it is being added.
    first.run("DELETE FROM t");
    first.run("BEGIN; ALTER TABLE t ADD CONSTRAINT refers FOREIGN KEY (a) REFERENCES p (u)");
    second.run("ALTER TABLE p DROP CONSTRAINT p_u_key CASCADE");
    assert_eq!(first.error("COMMIT").code, "40001");
    first.run("BEGIN; ALTER TABLE t ADD CONSTRAINT refers FOREIGN KEY (a) REFERENCES p");
    second.run("DROP TABLE p CASCADE");
    assert_eq!(first.error("COMMIT").code, "40001");
}

#[test]
fn constraints_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    {
        let server = Launch::on(&data).start();
        let mut client = server.client();
        client.run("CREATE TABLE p (id int PRIMARY KEY)");
        client.run("CREATE TABLE c (a int REFERENCES p ON DELETE CASCADE, b text CHECK (length(b) < 3))");
        client.run("INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 'x')");
    }
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.error("INSERT INTO c VALUES (1, 'xyz')").code, "23514");
    assert_eq!(client.error("INSERT INTO c VALUES (2, 'x')").code, "23503");
    client.run("DELETE FROM p");
    assert_eq!(client.value("SELECT count(*) FROM c"), "0");
}

#[test]
fn both_languages_and_copy_keep_conditions() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1)");
    client.run("CREATE TABLE t (id text PRIMARY KEY, a int CHECK (a < 10) REFERENCES p)");
    assert_eq!(client.error(r#"SET MEMORY IN t ID = "x" METADATA = {"a": 10}"#).code, "23514");
    assert_eq!(client.error(r#"SET MEMORY IN t ID = "x" METADATA = {"a": 2}"#).code, "23503");
    client.run(r#"SET MEMORY IN t ID = "x" METADATA = {"a": 1}"#);
    assert_eq!(client.error(r#"SET MEMORY IN t ID = "x" METADATA = {"a": 11}"#).code, "23514");
    assert_eq!(client.error("DELETE MEMORY IN p WHERE id = 1").code, "23503");
    assert_eq!(client.error("INSERT INTO t SELECT 'y', 12").code, "23514");
    assert_eq!(client.value("SELECT a FROM t"), "1");
}
