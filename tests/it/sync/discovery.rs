//! How nodes find each other: by multicast on the local network where that was asked for, and by what a third member knows.
//!
//! Multicast is used inside network namespaces alone, so that nothing of it reaches the machine's own network.

use super::lab::{Lab, LabNode};
use super::nodes::{Consortium, NETWORK, wait_for};

/// Where nobody is.
const NOWHERE: &str = "/ip4/10.213.0.250/udp/4001/quic-v1";

#[test]
fn members_find_each_other_on_the_local_network() {
    let Some(lab) = Lab::start("members_find_each_other_on_the_local_network", 3) else { return };
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    a.create("mdns = true");
    b.join(NOWHERE, "mdns = true");
    c.join(NOWHERE, "mdns = true");
    for node in [a, b, c] {
        node.wait_for_peers(2);
    }
    a.post("from a", "rain");
    c.post("from c", "sun");
    b.wait_for_text("from a", "rain");
    b.wait_for_text("from c", "sun");
    a.wait_for_text("from c", "sun");
}

#[test]
fn who_does_not_look_for_members_on_the_local_network_is_not_found_there() {
    let Some(lab) = Lab::start("who_does_not_look_for_members_on_the_local_network_is_not_found_there", 3) else {
        return;
    };
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    b.join(NOWHERE, "");
    a.create("mdns = true");
    // Long enough for b, too: what a says on the local network reaches it no later than c.
    c.join(NOWHERE, "mdns = true");
    a.wait_for_peers(1);
    a.post("from a", "rain");
    c.wait_for_text("from a", "rain");
    assert_eq!(b.value("SELECT connected_peers FROM nebulus.networks"), "0");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.peers"), "1");
    assert_eq!(b.value("SELECT count(*) FROM memory"), "0");
    // It is found once it looks.
    b.run(&format!("ALTER NETWORK \"{}\" SET (mdns = true)", NETWORK));
    b.wait_for_text("from a", "rain");
    // Its node started again for that, on the port that it had.
    b.address_by("/udp/4001/");
}

#[test]
fn a_network_that_begins_later_finds_its_members_on_the_local_network_too() {
    const LATER: &str = "a network that begins later";
    let test = "a_network_that_begins_later_finds_its_members_on_the_local_network_too";
    let Some(lab) = Lab::start(test, 2) else { return };
    let [a, b] = &lab.nodes[..] else { panic!("two nodes") };
    // Neighbours that are in different networks have seen each other and are nothing to each other.
    a.create("mdns = true");
    b.run("CREATE NETWORK \"of b alone\" WITH (mdns = true)");
    let met = |one: &LabNode, other: &LabNode| {
        let peer = one.value("SELECT peer_id FROM nebulus.node");
        other.log().contains(&format!("no connection with peer {peer}"))
    };
    wait_for(|| (met(a, b) || met(b, a)).then_some(()).ok_or_else(|| b.log()));
    b.run("CREATE TABLE later (id text PRIMARY KEY, word text)");
    a.run("CREATE TABLE later (id text PRIMARY KEY, word text)");
    let options = "WITH (secret = 'a secret of both', sync_interval_ms = 50, mdns = true)";
    a.run(&format!("CREATE NETWORK \"{LATER}\" {options}"));
    b.run(&format!("JOIN NETWORK \"{LATER}\" AT \"{NOWHERE}\" {options}"));
    for node in [a, b] {
        node.run(&format!("ATTACH COLLECTION later TO NETWORK \"{LATER}\""));
    }
    a.run("INSERT INTO later VALUES ('1', 'found')");
    a.run("UPDATE later SET _stage = 'post-pending'");
    a.run("SYNC");
    b.wait_for_value("SELECT coalesce(max(word), 'nothing') FROM later", "found");
    assert_eq!(b.value(&format!("SELECT count(*) FROM nebulus.networks WHERE name = '{NETWORK}'")), "0");
}

#[test]
fn members_that_moved_at_once_find_each_other_through_a_third() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    // Both come back under ports that nobody knows, and each knows of the other but where it was. Only a stayed.
    b.stop();
    c.stop();
    b.forget_ports();
    c.forget_ports();
    b.restart();
    c.restart();
    for node in [&mut *b, &mut *c] {
        node.wait_for_peers(NETWORK, 2);
    }
    // Directly: what one posts reaches the other with the third away.
    a.kill();
    b.post("from b", "weather", "rain");
    c.wait_for_text("from b", "rain");
    c.post("from c", "weather", "sun");
    b.wait_for_text("from c", "sun");
}

#[test]
fn a_node_learns_from_a_member_that_it_can_be_reached() {
    let Some(mut lab) = Lab::start("a_node_learns_from_a_member_that_it_can_be_reached", 2) else { return };
    lab.bring_together();
    // Only members are told, and a connection is with a member where it began as one.
    lab.nodes[1].wait_for_value("SELECT count(*) FROM nebulus.peers", "1");
    lab.nodes[1].stop();
    let directly = lab.nodes[1].listen_directly();
    lab.nodes[1].launch(&directly);
    let [a, b] = &lab.nodes[..] else { panic!("two nodes") };
    // Whoever dialled asks the other one to try.
    wait_for(|| {
        let has_learnt = |node: &LabNode| {
            let log = node.log();
            log.lines().any(|line| line.contains("peers reach this node there") && line.contains(&node.address))
        };
        if has_learnt(a) || has_learnt(b) { Ok(()) } else { Err(format!("{}\n{}", a.log(), b.log())) }
    });
    a.post("from a", "rain");
    b.post("from b", "sun");
    b.wait_for_text("from a", "rain");
    a.wait_for_text("from b", "sun");
}
