//! The dimension of a vector column: learned, forgotten with the last vector, declared by ALTER TABLE; its indexes follow.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::harness::{Launch, Server};

const NEAREST: &str = "SELECT id FROM memory ORDER BY vector <=> '[1,0]' LIMIT 2";
const TYPE: &str = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute \
                    WHERE attrelid = 'memory'::regclass AND attname = 'vector'";

fn save(client: &mut Client, id: &str, vector: &str) {
    client.run(&format!("SET MEMORY id = '{id}' metadata = {{}} vector = {vector}"));
}

#[test]
fn an_emptied_collection_forgets_its_dimension() {
    let server = Server::start();
    let mut client = server.client();
    for empties in [
        "DELETE FROM memory",
        "TRUNCATE memory",
        "DELETE MEMORY WHERE id IS NOT NULL",
        "UPDATE memory SET vector = NULL",
    ] {
        save(&mut client, "a", "[0.45, 0.12, 0.80]");
        save(&mut client, "b", "[0.45, 0.12, 0.81]");
        assert_eq!(client.value(TYPE), "vector(3)");
        client.run("DELETE FROM memory WHERE id = 'a'");
        assert_eq!(client.error("SET MEMORY id = 'c' vector = [1, 2]").code, "22000", "one vector is left");
        client.run(empties);
        assert_eq!(client.value(TYPE), "vector", "{empties}");
        save(&mut client, "c", "[1, 0]");
        save(&mut client, "d", "[0, 1]");
        assert_eq!(client.value(TYPE), "vector(2)");
        assert_eq!(client.column(NEAREST), ["c", "d"]);
        assert!(client.column(&format!("EXPLAIN {NEAREST}")).concat().contains("memory_vector_idx"));
        client.run("DELETE FROM memory");
    }
}

#[test]
fn a_transaction_that_empties_may_bring_another_dimension() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    save(&mut client, "a", "[1, 2, 3]");
    client.run(
        "BEGIN; DELETE FROM memory; INSERT INTO memory (id, vector) VALUES ('b', '[1,0]'), ('c', '[0,1]'); COMMIT",
    );
    assert_eq!(client.column(NEAREST), ["b", "c"]);
    client.run("BEGIN; TRUNCATE memory; SAVEPOINT s");
    save(&mut client, "x", "[1, 2, 3]");
    client.run("ROLLBACK TO s");
    save(&mut client, "y", "[1, 2, 3, 4]");
    // Somebody else stores a vector of the old dimension meanwhile.
    save(&mut other, "late", "[5, 5]");
    assert_eq!(client.error("COMMIT").code, "40001");
    assert_eq!(client.column("SELECT id FROM memory ORDER BY id"), ["b", "c", "late"]);
    assert_eq!(client.column(NEAREST), ["b", "late"]);
    let failure = client
        .error("BEGIN; DELETE FROM memory WHERE id = 'b'; INSERT INTO memory (id, vector) VALUES ('z', '[1,2,3]')");
    assert_eq!(failure.code, "22000");
    client.run("ROLLBACK");
}

#[test]
fn a_block_searches_by_the_dimension_that_it_has_brought() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    save(&mut client, "a", "[1, 2, 3]");
    save(&mut client, "b", "[3, 2, 1]");
    client.run("BEGIN; DELETE FROM memory");
    assert_eq!(client.column(NEAREST), Vec::<String>::new(), "nothing is left to be measured");
    client.run("INSERT INTO memory (id, vector) VALUES ('c', '[0,1]'), ('d', '[1,0]')");
    assert_eq!(client.column("SELECT id FROM memory ORDER BY vector <-> '[1,0.1]'"), ["d", "c"]);
    assert_eq!(client.column("SELECT id FROM memory ORDER BY vector <=> '[1,0.1]' LIMIT 1"), ["d"]);
    assert_eq!(client.column("GET MEMORY SIMILAR TO [0, 1] LIMIT 1"), ["c"]);
    assert_eq!(client.error("SELECT id FROM memory ORDER BY vector <-> '[1,2,3]' LIMIT 1").code, "22000");
    // The others go on with theirs.
    assert_eq!(other.column("SELECT id FROM memory ORDER BY vector <-> '[1,2,3]' LIMIT 1"), ["a"]);
    assert_eq!(other.error(NEAREST).code, "22000");
    client.run("ROLLBACK; BEGIN; DELETE FROM memory WHERE id = 'a'");
    assert_eq!(client.error(NEAREST).code, "22000", "one vector is left");
    client.run("ROLLBACK");
    assert_eq!(client.column("SELECT id FROM memory ORDER BY vector <-> '[1,2,3]' LIMIT 1"), ["a"]);
}

#[test]
fn alter_type_changes_a_dimension_where_the_rows_allow_it() {
    let server = Server::start();
    let mut client = server.client();
    client.run(
        "CREATE TABLE items (id int PRIMARY KEY, v vector(3)); CREATE INDEX ON items USING hnsw (v vector_l2_ops)",
    );
    client.run("INSERT INTO items VALUES (1, '[1,2,3]'), (2, '[4,5,6]'), (3, NULL)");
    let failure = client.error("ALTER TABLE items ALTER COLUMN v TYPE vector(2)");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("22000", "expected 2 dimensions, not 3"));
    assert!(format!("{failure:?}").contains("2 entries hold vectors of 3 dimensions"), "{failure:?}");
    client.run("ALTER TABLE items ALTER COLUMN v TYPE vector(3)");
    client
        .run("BEGIN; DELETE FROM items WHERE v IS NOT NULL; ALTER TABLE items ALTER COLUMN v SET DATA TYPE vector(2)");
    client.run("INSERT INTO items VALUES (4, '[1,0]'), (5, '[0,1]'); COMMIT");
    assert_eq!(client.column("SELECT id FROM items ORDER BY v <-> '[1,0]' LIMIT 2"), ["4", "5"]);
    assert_eq!(client.error("INSERT INTO items VALUES (6, '[1,2,3]')").code, "22000");
    // A declared dimension stays when the last vector goes; one that is not declared does not.
    client.run("DELETE FROM items");
    assert_eq!(client.error("INSERT INTO items VALUES (6, '[1,2,3]')").code, "22000");
    client.run("ALTER TABLE items ALTER COLUMN v TYPE vector; INSERT INTO items VALUES (6, '[1,2,3]')");
    assert_eq!(client.error("INSERT INTO items VALUES (7, '[1,2]')").code, "22000");
    client.run("DELETE FROM items; INSERT INTO items VALUES (7, '[1,2]')");
    client.run("BEGIN; ALTER TABLE items ALTER COLUMN v TYPE vector(2); ROLLBACK; DELETE FROM items");
    client.run("INSERT INTO items VALUES (8, '[1]')");
    let refused = [
        ("ALTER TABLE items ALTER COLUMN id TYPE bigint", "0A000"),
        ("ALTER TABLE items ALTER COLUMN v TYPE text", "0A000"),
        ("ALTER TABLE items ALTER COLUMN nothing TYPE vector(2)", "42703"),
        ("ALTER TABLE items ALTER COLUMN v TYPE vector(2) USING NULL", "0A000"),
    ];
    for (statement, code) in refused {
        assert_eq!(client.error(statement).code, code, "{statement}");
    }
}

#[test]
fn memory_can_declare_its_dimension() {
    let server = Server::start();
    let mut client = server.client();
    save(&mut client, "a", "[1, 2, 3]");
    assert_eq!(client.error("ALTER TABLE memory ALTER COLUMN vector TYPE vector(2)").code, "22000");
    client.run("DELETE FROM memory; ALTER TABLE memory ALTER COLUMN vector TYPE vector(2)");
    assert_eq!(client.error("SET MEMORY id = 'a' vector = [1, 2, 3]").code, "22000");
    save(&mut client, "b", "[1, 0]");
    client.run("DELETE FROM memory");
    assert_eq!(client.value(TYPE), "vector(2)", "it was declared");
}

/// Saved graphs of an older dimension are of no use, whether they were saved before or after.
#[test]
fn the_index_of_another_dimension_survives_a_stop_and_a_crash() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    save(&mut client, "a", "[1, 2, 3]");
    save(&mut client, "b", "[3, 2, 1]");
    server.stop();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("DELETE FROM memory");
    save(&mut client, "c", "[1, 0]");
    save(&mut client, "d", "[0, 1]");
    assert_eq!(client.column(NEAREST), ["c", "d"]);
    // The graph of three dimensions is the one on disk.
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.column(NEAREST), ["c", "d"]);
    wait_for_index(&mut client);
    client.run("DELETE FROM memory");
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    assert_eq!(client.value(TYPE), "vector");
    save(&mut client, "e", "[1, 2, 3, 4]");
    server.stop();
    let server = Launch::on(&data).start();
    assert_eq!(server.client().column("SELECT id FROM memory ORDER BY vector <=> '[1,2,3,4]' LIMIT 1"), ["e"]);
}

/// A start that finds no graph of use makes one beside the statements: waits until plans use it.
fn wait_for_index(client: &mut Client) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !client.column(&format!("EXPLAIN {NEAREST}")).concat().contains("memory_vector_idx") {
        assert!(Instant::now() < patience, "the index is not used");
        std::thread::sleep(Duration::from_millis(10));
    }
}
