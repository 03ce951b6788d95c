//! The specification's suite `NetworkManager`, by its own names, through the wire.

use super::nodes::{Consortium, NETWORK, Node};

fn before_each() -> Consortium {
    Consortium::apart(&["a"])
}

fn create(node: &mut Node, network: &str) {
    node.run(&format!("CREATE NETWORK \"{network}\" WITH (replication = 'full', mdns = false)"));
}

fn collections(node: &mut Node, network: &str) -> String {
    node.value(&format!("SELECT collections FROM nebulus.networks WHERE name = '{network}'"))
}

#[test]
fn should_initialize_network_manager() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    assert!(!a.peer_id().is_empty());
    assert_eq!(a.value("SELECT nebulus_peer_id()"), a.peer_id());
}

#[test]
fn should_create_a_new_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "test-network");
    assert_eq!(a.column("SELECT name FROM nebulus.networks"), ["test-network"]);
    assert_eq!(a.error_code("CREATE NETWORK \"test-network\""), "42710");
}

#[test]
fn should_add_collection_to_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "test-network");
    a.run("CREATE TABLE users (id text PRIMARY KEY)");
    a.attach("users", "test-network");
    assert_eq!(collections(a, "test-network"), "{users}");
}

#[test]
fn should_remove_collection_from_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "test-network");
    a.run("CREATE TABLE users (id text PRIMARY KEY)");
    a.attach("users", "test-network");
    a.run("DETACH COLLECTION users FROM NETWORK \"test-network\"");
    assert_eq!(collections(a, "test-network"), "{}");
}

#[test]
fn should_leave_a_network() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "test-network");
    a.run("LEAVE NETWORK \"test-network\"");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.networks"), "0");
    assert_eq!(a.error_code("LEAVE NETWORK \"test-network\""), "42704");
}

#[test]
fn should_get_network_statistics() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "test-network");
    let statistics = "SELECT network, connected_peers, operations_sent, operations_received FROM nebulus.network_stats";
    let row = &a.client().rows(statistics)[0];
    let row: Vec<&str> = row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(row, ["test-network", "0", "0", "0"]);
}

// The heartbeat between two nodes is what the suite emits by hand: its trace is that each knows when it last saw the other.
#[test]
fn should_register_and_handle_message() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    for node in [&mut *a, &mut *b] {
        node.wait_for_value("SELECT count(*) FROM nebulus.peers WHERE connected AND last_seen IS NOT NULL", "1");
        node.wait_for_value("SELECT count(*) FROM nebulus.peers WHERE latency_ms >= 0", "1");
    }
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    a.wait_for_value("SELECT operations_sent >= 1 FROM nebulus.network_stats", "t");
    b.wait_for_value("SELECT operations_received >= 1 FROM nebulus.network_stats", "t");
    b.wait_for_value("SELECT bytes_transferred > 0 FROM nebulus.network_stats", "t");
}

// An event is a line of the log here, and a row of a table that everybody can watch.
#[test]
fn should_emit_network_created_event() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, NETWORK);
    assert_eq!(a.column("SELECT name FROM nebulus.networks"), [NETWORK]);
    a.wait_for_value("SELECT running FROM nebulus.node", "t");
    assert!(!a.address_by("/udp/").is_empty(), "it listens as soon as there is a network");
}

#[test]
fn should_handle_multiple_networks() {
    let mut consortium = before_each();
    let [a] = consortium.each();
    create(a, "network1");
    create(a, "network2");
    assert_eq!(a.column("SELECT name FROM nebulus.networks ORDER BY name"), ["network1", "network2"]);
    let shown = a.client().rows("SHOW NETWORKS");
    assert_eq!(shown.len(), 2, "{shown:?}");
}
