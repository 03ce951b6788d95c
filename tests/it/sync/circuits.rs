//! Members that reach each other through a relay: over a circuit while there is no other way, directly where there is one.

use libp2p::identity::Keypair;

use super::lab::{Lab, LabNode};
use super::nodes::wait_for;
use super::relay::{Relay, circuit_at};

/// Where the relay listens, in the first namespace.
const RELAY: &str = "/ip4/10.213.0.1/tcp/4001";

/// Listens directly and at the relay.
fn launch_at_relay(node: &mut LabNode, key: &Keypair) {
    let listen: Vec<String> = node.listen_directly().into_iter().chain([circuit_at(RELAY, key)]).collect();
    node.launch(&listen);
}

#[test]
fn members_that_both_reach_nobody_but_a_relay_share_entries_and_blobs() {
    let test = "members_that_both_reach_nobody_but_a_relay_share_entries_and_blobs";
    let Some(mut lab) = Lab::cables(test, 3) else { return };
    lab.keep_apart(1, 2);
    let key = Keypair::generate_ed25519();
    let relay = Relay::start(&lab.nodes[0].namespace, RELAY, &key);
    launch_at_relay(&mut lab.nodes[1], &key);
    let directly = lab.nodes[2].listen_directly();
    lab.nodes[2].launch(&directly);
    let [_, b, c] = &lab.nodes[..] else { panic!("three") };
    b.create("");
    c.join(&b.address_by("/p2p-circuit"), "");
    b.wait_for_peers(1);
    c.wait_for_peers(1);
    assert!(relay.circuits() > 0);
    b.post("from b", "rain");
    c.post("from c", "sun");
    c.wait_for_text("from b", "rain");
    b.wait_for_text("from c", "sun");
    b.run("SET MEMORY id = \"picture\" metadata = {\"topic\": \"pictures\"} blob = 'far beyond one message'");
    b.run("STAGE MEMORY WHERE id = \"picture\"");
    b.run("SYNC");
    c.wait_for_value("SELECT count(*) FROM memory WHERE id = 'picture'", "1");
    let blob = "SELECT blob(id) FROM memory WHERE id = 'picture'";
    assert_eq!(c.value(blob), b.value(blob));
}

#[test]
fn a_node_listens_at_its_relay_again_when_that_comes_back() {
    let Some(mut lab) = Lab::cables("a_node_listens_at_its_relay_again_when_that_comes_back", 3) else { return };
    lab.keep_apart(1, 2);
    let key = Keypair::generate_ed25519();
    launch_at_relay(&mut lab.nodes[1], &key);
    let directly = lab.nodes[2].listen_directly();
    lab.nodes[2].launch(&directly);
    let [hub, b, c] = &lab.nodes[..] else { panic!("three") };
    b.create("");
    b.address_by("/tcp/");
    // It was not there when the node started.
    let relay = Relay::start(&hub.namespace, RELAY, &key);
    let address = b.address_by("/p2p-circuit");
    drop(relay);
    let query = "SELECT array_to_string(addresses, ' ') LIKE '%p2p-circuit%' FROM nebulus.node";
    b.wait_for_value(query, "f");
    let _relay = Relay::start(&hub.namespace, RELAY, &key);
    b.wait_for_value(query, "t");
    c.join(&address, "");
    b.post("w1", "rain");
    c.wait_for_text("w1", "rain");
}

#[test]
fn members_that_met_at_a_relay_and_reach_each_other_do_so_directly() {
    let test = "members_that_met_at_a_relay_and_reach_each_other_do_so_directly";
    let Some(mut lab) = Lab::cables(test, 3) else { return };
    let key = Keypair::generate_ed25519();
    let relay = Relay::start(&lab.nodes[0].namespace, RELAY, &key);
    for node in &mut lab.nodes[1..] {
        launch_at_relay(node, &key);
    }
    let [_, b, c] = &lab.nodes[..] else { panic!("three") };
    b.create("");
    c.join(&b.address_by("/p2p-circuit"), "");
    b.wait_for_peers(1);
    assert!(relay.circuits() > 0);
    for node in [b, c] {
        wait_for(|| {
            let log = node.log();
            log.contains("directly now").then_some(()).ok_or_else(|| format!("{} never says so", node.namespace))
        });
    }
    b.post("w1", "rain");
    c.wait_for_text("w1", "rain");
}
