//! Rules of columns against what others write at the same moment.

use crate::harness::Server;

#[test]
fn what_was_written_without_the_rule_does_not_commit_after_it() {
    let server = Server::start();
    let (mut writer, mut owner) = (server.client(), server.client());
    owner.run("CREATE TABLE item (id int PRIMARY KEY, name text)");
    writer.run("BEGIN; INSERT INTO item VALUES (1, NULL)");
    owner.run("ALTER TABLE item ALTER COLUMN name SET NOT NULL");
    assert_eq!(writer.error("COMMIT").code, "40001");
    assert_eq!(writer.error("INSERT INTO item VALUES (1, NULL)").code, "23502");
    writer.run("INSERT INTO item VALUES (1, 'a')");
    assert_eq!(owner.value("SELECT count(*) FROM item"), "1");
}

#[test]
fn a_rule_does_not_commit_after_what_breaks_it() {
    let server = Server::start();
    let (mut writer, mut owner) = (server.client(), server.client());
    owner.run("CREATE TABLE item (id int PRIMARY KEY, name text)");
    owner.run("BEGIN; ALTER TABLE item ALTER COLUMN name SET NOT NULL");
    writer.run("INSERT INTO item VALUES (1, NULL)");
    assert_eq!(owner.error("COMMIT").code, "40001");
    let failure = owner.error("ALTER TABLE item ALTER COLUMN name SET NOT NULL");
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("23502", "column \"name\" of relation \"item\" contains null values")
    );
    assert_eq!(
        owner.value("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'name'"),
        "f"
    );
}

#[test]
fn an_entry_that_comes_with_a_new_column_gets_its_default() {
    let server = Server::start();
    let (mut writer, mut owner) = (server.client(), server.client());
    owner.run("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)");
    writer.run("BEGIN; INSERT INTO item VALUES (2)");
    owner.run("ALTER TABLE item ADD COLUMN state text NOT NULL DEFAULT 'new'");
    assert_eq!(writer.error("COMMIT").code, "40001");
    writer.run("INSERT INTO item VALUES (2)");
    assert_eq!(owner.value("SELECT string_agg(id || state, ' ' ORDER BY id) FROM item"), "1new 2new");
}

#[test]
fn a_failed_change_leaves_nothing_of_its_statement() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, NULL)");
    client.run("BEGIN; SAVEPOINT before");
    let failure = client.error("ALTER TABLE item ADD COLUMN a int DEFAULT 1, ALTER COLUMN name SET NOT NULL");
    assert_eq!(failure.code, "23502");
    client.run("ROLLBACK TO before; ALTER TABLE item ADD COLUMN b int NOT NULL DEFAULT 2; COMMIT");
    let columns = "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'item'";
    assert_eq!(client.value(columns), "id name b");
    assert_eq!(client.value("SELECT b FROM item"), "2");
}

#[test]
fn a_primary_key_is_added_to_what_is_there() {
    let server = Server::start();
    let (mut writer, mut owner) = (server.client(), server.client());
    owner.run("CREATE TABLE item (id int, name text, v vector(2)); CREATE INDEX names ON item (name)");
    owner.run("INSERT INTO item VALUES (2, 'b', '[1,2]'), (1, 'a', NULL), (2, 'c', NULL)");
    let failure = owner.error("ALTER TABLE item ADD PRIMARY KEY (id)");
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("23505", "could not create unique index \"item_pkey\"")
    );
    assert_eq!(failure.detail.as_deref(), Some("Key (id)=(2) is duplicated."));
    owner.run("UPDATE item SET id = 3 WHERE name = 'c'");
    owner.run("BEGIN; ALTER TABLE item ADD PRIMARY KEY (id)");
    writer.run("INSERT INTO item VALUES (4, 'd', NULL)");
    assert_eq!(owner.error("COMMIT").code, "40001", "an entry came that was not moved");
    writer.run("BEGIN; INSERT INTO item VALUES (5, 'e', NULL)");
    owner.run("ALTER TABLE item ADD CONSTRAINT key PRIMARY KEY (id)");
    assert_eq!(writer.error("COMMIT").code, "40001", "an entry was prepared without the key");
    assert_eq!(writer.error("INSERT INTO item VALUES (4, 'x', NULL)").code, "23505");
    writer.run("INSERT INTO item VALUES (5, 'e', NULL)");
    assert_eq!(owner.value("SELECT string_agg(id || name, ' ' ORDER BY id) FROM item"), "1a 2b 3c 4d 5e");
    assert_eq!(owner.value("SELECT v FROM item WHERE id = 2"), "[1,2]");
    assert_eq!(owner.value("SELECT id FROM item WHERE name = 'c'"), "3");
    assert_eq!(owner.error("ALTER TABLE item ADD PRIMARY KEY (name)").code, "42P16");
}

#[test]
fn changes_of_one_statement_take_place_in_the_order_that_postgresql_has() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE item (id int PRIMARY KEY, c text DEFAULT 'one', d int NOT NULL, e int)");
    client.run("INSERT INTO item VALUES (1, '7', 2, 3)");
    // The old default is no value of the new type, and the new one none of the old.
    let failure = client.error("ALTER TABLE item ALTER c TYPE int USING c::int, ALTER c SET DEFAULT 5");
    assert_eq!(failure.code, "42804");
    client.run("ALTER TABLE item ALTER c SET DEFAULT 5, ALTER c TYPE int USING c::int, ALTER c DROP DEFAULT");
    client.run("ALTER TABLE item ALTER c DROP DEFAULT, ALTER c TYPE bigint, ALTER c SET DEFAULT 8000000000");
    client.run("ALTER TABLE item ADD f int DEFAULT 1, ADD g int, ALTER f SET NOT NULL, ALTER d DROP NOT NULL, DROP e, ADD e text");
    client.run("ALTER TABLE item ALTER g SET DEFAULT 4, ALTER g SET NOT NULL, ALTER g TYPE text USING 'g'");
    client.run("INSERT INTO item (id) VALUES (2)");
    let rows = client.column("SELECT concat_ws(' ', id, c, d, f, g, e) FROM item ORDER BY id");
    assert_eq!(rows, ["1 7 2 1 g", "2 8000000000 1 4"]);
    assert_eq!(client.error("INSERT INTO item (id, g) VALUES (3, NULL)").code, "23502");
    // Types change before columns come.
    assert_eq!(client.error("ALTER TABLE item ADD h int, ALTER h TYPE text").code, "42703");
}

#[test]
fn no_column_has_the_name_of_one_that_every_table_has_in_postgresql() {
    let server = Server::start();
    let mut client = server.client();
    client.run("CREATE TABLE item (id int PRIMARY KEY, a int)");
    for name in ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"] {
        for statement in [
            format!("ALTER TABLE item RENAME COLUMN a TO {name}"),
            format!("ALTER TABLE item ADD COLUMN {name} int"),
            format!("CREATE TABLE other ({name} int)"),
            format!("CREATE TABLE other AS SELECT 1 AS {name}"),
        ] {
            let failure = client.error(&statement);
            let message = format!("column name \"{name}\" conflicts with a system column name");
            assert_eq!((failure.code.as_str(), failure.message), ("42701", message), "{statement}");
        }
    }
    client.run("ALTER TABLE item RENAME COLUMN a TO oid");
}
