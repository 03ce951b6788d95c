//! The specification's suite `DistributedDatabase`, by its own names, through the wire.

use super::nodes::{Consortium, Node};

fn before_each() -> Consortium {
    Consortium::apart(&["a"])
}

fn networks(node: &mut Node) -> Vec<String> {
    node.column("SELECT name FROM nebulus.networks ORDER BY name")
}

fn has_collection(node: &mut Node, network: &str, collection: &str) -> bool {
    node.value(&format!("SELECT '{collection}' = ANY(collections) FROM nebulus.networks WHERE name = '{network}'"))
        == "t"
}

fn create_collection(node: &mut Node, name: &str) {
    node.run(&format!("CREATE TABLE {name} (id text PRIMARY KEY DEFAULT gen_random_uuid()::text, name text, age int)"));
}

#[test]
fn should_create_a_distributed_database() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    assert!(a.peer_id().starts_with("12D3KooW"));
}

#[test]
fn should_create_a_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    assert_eq!(a.run("CREATE NETWORK \"new-network\""), "CREATE NETWORK");
    assert_eq!(networks(a), ["new-network"]);
}

#[test]
fn should_create_distributed_collections() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create_collection(a, "users");
    assert_eq!(a.value("SELECT count(*) FROM users"), "0");
}

#[test]
fn should_add_collection_to_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"test-network\"");
    create_collection(a, "users");
    a.attach("users", "test-network");
    assert!(has_collection(a, "test-network", "users"));
}

#[test]
fn should_remove_collection_from_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"test-network\"");
    create_collection(a, "users");
    a.attach("users", "test-network");
    a.run("DETACH COLLECTION users FROM NETWORK \"test-network\"");
    assert!(!has_collection(a, "test-network", "users"));
}

#[test]
fn should_handle_multiple_collections_in_different_networks() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK network1");
    a.run("CREATE NETWORK network2");
    create_collection(a, "users");
    create_collection(a, "posts");
    a.attach("users", "network1");
    a.attach("posts", "network2");
    assert!(has_collection(a, "network1", "users") && !has_collection(a, "network1", "posts"));
    assert!(has_collection(a, "network2", "posts") && !has_collection(a, "network2", "users"));
}

#[test]
fn should_work_without_distributed_mode() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create_collection(a, "users");
    a.run("INSERT INTO users (name) VALUES ('Alice')");
    assert_eq!(a.value("SELECT count(*) FROM users"), "1");
    assert_eq!(networks(a), Vec::<String>::new());
}

#[test]
fn should_join_existing_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    // Nobody is there, and that is no error: it is looked for again.
    let nobody = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu";
    a.run(&format!("JOIN NETWORK \"external-network\" AT \"{nobody}\" WITH (secret = 'known to both')"));
    assert_eq!(networks(a), ["external-network"]);
    assert_eq!(a.value("SELECT connected_peers FROM nebulus.networks"), "0");
}

#[test]
fn should_leave_a_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"temp-network\"");
    a.run("LEAVE NETWORK \"temp-network\"");
    assert_eq!(networks(a), Vec::<String>::new());
}

#[test]
fn should_throw_error_when_adding_non_existent_collection_to_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"test-network\"");
    assert_eq!(a.error_code("ATTACH COLLECTION \"non-existent\" TO NETWORK \"test-network\""), "42P01");
}

// Not in the suite: secrets are no collection that could be shared.
#[test]
fn should_throw_error_when_adding_secrets_to_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"test-network\"");
    let failure = a.client().error("ATTACH COLLECTION auth TO NETWORK \"test-network\"");
    assert_ne!(failure.code, "XX000", "{failure:?}");
    assert!(!has_collection(a, "test-network", "auth"));
}

#[test]
fn should_maintain_data_integrity_across_operations() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    a.run("CREATE NETWORK \"test-db-network\"");
    create_collection(a, "users");
    a.attach("users", "test-db-network");
    a.run("INSERT INTO users (name, age) VALUES ('Alice', 30)");
    a.run("INSERT INTO users (name, age) VALUES ('Bob', 25)");
    assert_eq!(a.value("SELECT count(*) FROM users"), "2");
    a.run("UPDATE users SET age = 31 WHERE name = 'Alice'");
    assert_eq!(a.value("SELECT age FROM users WHERE name = 'Alice'"), "31");
    a.run("DELETE FROM users WHERE name = 'Bob'");
    assert_eq!(a.column("SELECT name FROM users"), ["Alice"]);
}
