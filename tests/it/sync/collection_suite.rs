//! The specification's suite `DistributedCollection`, by its own names, through the wire.
//!
//! A collection of the specification is a table here, attached so that every commit is posted, as `attachToNetwork` there
//! broadcasts every operation. A second node shows that what is tracked also arrives.

use super::nodes::{Consortium, Node, SECRET};

const NETWORK: &str = "test-network";

/// Two nodes in the network, each with the collection `users`, not attached yet.
fn before_each() -> Consortium {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    for node in [&mut *a, &mut *b] {
        node.run("CREATE TABLE users (id text PRIMARY KEY DEFAULT gen_random_uuid()::text, name text, age int)");
    }
    a.create_network(NETWORK, SECRET);
    b.join_network(NETWORK, SECRET, &[a.address_by("/udp/")]);
    a.wait_for_peers(NETWORK, 1);
    consortium
}

fn attach(node: &mut Node) {
    node.run(&format!("ATTACH COLLECTION users TO NETWORK \"{NETWORK}\" WITH (private_by_default = false)"));
}

fn attach_to_both(consortium: &mut Consortium) {
    consortium.nodes.iter_mut().for_each(attach);
}

const SYNC_STATE: &str = "SELECT DISTINCT network FROM nebulus.sync_state WHERE collection = 'users'";

#[test]
fn should_create_a_distributed_collection() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    let shown = format!("{:?}", a.client().rows("SHOW COLLECTIONS"));
    assert!(shown.contains("\"users\""), "{shown}");
}

#[test]
fn should_attach_collection_to_network() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    attach(a);
    assert_eq!(a.column(SYNC_STATE), [NETWORK]);
}

#[test]
fn should_detach_collection_from_network() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    attach(a);
    a.run(&format!("DETACH COLLECTION users FROM NETWORK \"{NETWORK}\""));
    assert_eq!(a.column(SYNC_STATE), Vec::<String>::new());
}

#[test]
fn should_insert_document_and_track_in_operation_log() {
    let mut consortium = before_each();
    attach_to_both(&mut consortium);
    let [a, b] = consortium.each();
    let rows = a.client().rows("INSERT INTO users (name, age) VALUES ('Alice', 30) RETURNING id, name, age");
    let [id, name, age] = &rows[0][..] else { panic!("{rows:?}") };
    assert!(id.as_ref().is_some_and(|id| !id.is_empty()));
    assert_eq!((name.as_deref(), age.as_deref()), (Some("Alice"), Some("30")));
    let origin = a.peer_id();
    a.wait_for_value(&format!("SELECT seq FROM nebulus.sync_state WHERE origin = '{origin}'"), "1");
    b.wait_for_value("SELECT string_agg(name || age::text, ',') FROM users", "Alice30");
}

#[test]
fn should_update_document_with_distributed_tracking() {
    let mut consortium = before_each();
    attach_to_both(&mut consortium);
    let [a, b] = consortium.each();
    let id = a.value("INSERT INTO users (name, age) VALUES ('Bob', 25) RETURNING id");
    assert_eq!(a.run(&format!("UPDATE users SET age = 26 WHERE id = '{id}'")), "UPDATE 1");
    assert_eq!(a.value(&format!("SELECT age FROM users WHERE id = '{id}'")), "26");
    b.wait_for_value("SELECT coalesce(max(age), 0) FROM users", "26");
}

#[test]
fn should_delete_document_with_distributed_tracking() {
    let mut consortium = before_each();
    attach_to_both(&mut consortium);
    let [a, b] = consortium.each();
    let id = a.value("INSERT INTO users (name, age) VALUES ('Charlie', 35) RETURNING id");
    b.wait_for_value("SELECT count(*) FROM users", "1");
    assert_eq!(a.run(&format!("DELETE FROM users WHERE id = '{id}'")), "DELETE 1");
    assert_eq!(a.value("SELECT count(*) FROM users"), "0");
    b.wait_for_value("SELECT count(*) FROM users", "0");
}

#[test]
fn should_maintain_local_functionality_without_network() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    let id = a.value("INSERT INTO users (name, age) VALUES ('Dave', 40) RETURNING id");
    assert_eq!(a.value(&format!("SELECT name FROM users WHERE id = '{id}'")), "Dave");
}

#[test]
fn should_throw_error_when_attaching_to_non_existent_network() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    assert_eq!(a.error_code("ATTACH COLLECTION users TO NETWORK \"non-existent-network\""), "42704");
}

#[test]
fn should_throw_error_when_already_attached() {
    let mut consortium = before_each();
    let [a, _] = consortium.each();
    attach(a);
    let failure = a.client().error(&format!("ATTACH COLLECTION users TO NETWORK \"{NETWORK}\""));
    assert!(failure.message.contains("already attached") || failure.message.contains("is attached"), "{failure:?}");
    assert_eq!(a.column(SYNC_STATE), [NETWORK]);
}

#[test]
fn should_handle_batch_operations() {
    let mut consortium = before_each();
    attach_to_both(&mut consortium);
    let [a, b] = consortium.each();
    let inserted = a
        .client()
        .rows("INSERT INTO users (name, age) VALUES ('User1', 20), ('User2', 30), ('User3', 40) RETURNING id");
    assert_eq!(inserted.len(), 3);
    assert_eq!(a.value("SELECT count(*) FROM users"), "3");
    b.wait_for_value("SELECT string_agg(name, ',' ORDER BY name) FROM users", "User1,User2,User3");
}

#[test]
fn should_force_synchronization() {
    let mut consortium = before_each();
    attach_to_both(&mut consortium);
    let [a, _] = consortium.each();
    a.run(&format!("SYNC NETWORK \"{NETWORK}\""));
    let last_sync = "SELECT last_sync IS NOT NULL FROM nebulus.networks";
    a.wait_for_value(last_sync, "t");
    assert_eq!(a.error_code("SYNC NETWORK \"non-existent-network\""), "42704");
}
