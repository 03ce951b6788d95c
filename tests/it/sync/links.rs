//! Slow links and links that break: everything still arrives, once, and whole.

use super::forwarder::Forwarder;
use super::nodes::{Consortium, NETWORK, SECRET, wait_for};

/// Two nodes, the second of which joined the first through a forwarder.
fn through_a_forwarder() -> (Consortium, Forwarder) {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, SECRET);
    a.attach("memory", NETWORK);
    let forwarder = Forwarder::to(a.socket_by("/tcp/"));
    b.join_network(NETWORK, SECRET, &[forwarder.address_of(&a.peer_id())]);
    b.attach("memory", NETWORK);
    b.wait_for_peers(NETWORK, 1);
    assert!(forwarder.connections() > 0, "the only address that b was given");
    (consortium, forwarder)
}

#[test]
fn a_slow_link_delivers_everything() {
    let (mut consortium, forwarder) = through_a_forwarder();
    forwarder.delay(15);
    let [a, b] = consortium.each();
    for number in 0..40 {
        a.save(&format!("a-{number}"), "weather", &"rain ".repeat(30));
        b.save(&format!("b-{number}"), "weather", &"sun ".repeat(30));
    }
    a.stage("metadata.topic = \"weather\"");
    b.stage("metadata.topic = \"weather\"");
    b.wait_for_entry("a-39");
    a.wait_for_entry("b-39");
    consortium.wait_until_equal();
    assert!(forwarder.bytes() > 0);
}

#[test]
fn a_link_that_breaks_again_and_again_delivers_everything() {
    let (mut consortium, forwarder) = through_a_forwarder();
    forwarder.delay(2);
    for round in 0..12 {
        let [a, b] = consortium.each();
        for number in 0..5 {
            a.save(&format!("a-{round}-{number}"), "weather", &"rain ".repeat(200));
            b.save(&format!("b-{round}-{number}"), "weather", &"sun ".repeat(200));
        }
        for node in [&mut *a, &mut *b] {
            node.run("STAGE MEMORY WHERE metadata.topic = \"weather\"");
        }
        forwarder.break_connections();
    }
    consortium.wait_until_equal();
    let [a, _] = consortium.each();
    assert_eq!(a.value("SELECT count(*) FROM memory"), "120");
}

#[test]
fn a_node_that_cannot_be_reached_blocks_nothing_and_is_found_again() {
    let (mut consortium, forwarder) = through_a_forwarder();
    let [a, b] = consortium.each();
    a.post("before", "weather", "rain");
    b.wait_for_entry("before");
    // b is gone and the link is cut: a works on, and SYNC comes back.
    forwarder.cut();
    b.kill();
    a.wait_for_value("SELECT connected_peers FROM nebulus.networks", "0");
    a.post("meanwhile", "weather", "sun");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.staged"), "0", "posting needs nobody");
    // b comes up and writes; they find each other again by the link, or by addresses that they have learnt meanwhile.
    b.restart();
    b.post("also meanwhile", "weather", "snow");
    forwarder.heal();
    a.wait_for_entry("also meanwhile");
    b.wait_for_entry("meanwhile");
}

#[test]
fn lag_is_shown_while_a_peer_is_away_and_gone_afterwards() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.post("before", "weather", "rain");
    b.wait_for_entry("before");
    let peer = b.peer_id();
    let behind = format!("SELECT behind_deltas FROM nebulus.peers WHERE peer_id = '{peer}'");
    a.wait_for_value(&behind, "0");
    b.kill();
    for number in 0..5 {
        a.save(&format!("away-{number}"), "weather", "rain");
    }
    a.stage("metadata.topic = \"weather\"");
    a.wait_for_value(&behind, "5");
    let connected = format!("SELECT connected FROM nebulus.peers WHERE peer_id = '{peer}'");
    a.wait_for_value(&connected, "f");
    b.restart();
    a.wait_for_value(&connected, "t");
    a.wait_for_value(&behind, "0");
    wait_for(|| {
        let shown = a.client().rows("SHOW PEERS");
        if shown.len() == 1 { Ok(()) } else { Err(format!("SHOW PEERS: {shown:?}")) }
    });
}
