//! Links that are really cut, between nodes in network namespaces of their own.

use super::lab::Lab;
use super::nodes::NETWORK;

#[test]
fn nodes_that_were_cut_off_work_on_and_converge_when_the_link_heals() {
    let Some(lab) = Lab::start("nodes_that_were_cut_off_work_on_and_converge_when_the_link_heals", 3) else { return };
    lab.bring_together();
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" ALTER COLLECTION memory SET (deleters = 'members')"));
    c.wait_for_value("SELECT rights->'memory'->>'deleters' FROM nebulus.networks", "members");
    a.post("w1", "before");
    b.wait_for_text("w1", "before");
    c.wait_for_text("w1", "before");
    lab.cut(2);
    // Both sides write and post; the one side hears nothing of the other.
    a.post("w2", "by the two");
    b.wait_for_text("w2", "by the two");
    c.post("w3", "by the one");
    c.run("DELETE WHERE id = \"w1\"");
    c.run("SYNC");
    b.run("UPDATE memory SET metadata = '{\"text\": \"edited\"}' WHERE id = 'w1'");
    b.run("STAGE MEMORY WHERE id = \"w1\"");
    b.run("SYNC");
    a.wait_for_text("w1", "edited");
    assert_eq!(a.value("SELECT count(*) FROM memory WHERE id = 'w3'"), "0");
    assert_eq!(c.value("SELECT count(*) FROM memory WHERE id = 'w2'"), "0");
    lab.heal(2);
    for node in [a, b, c] {
        node.wait_for_text("w2", "by the two");
        node.wait_for_text("w3", "by the one");
        node.wait_for_text("w1", "no entry");
    }
}

#[test]
fn two_that_cannot_see_each_other_converge_through_a_third() {
    let Some(lab) = Lab::start("two_that_cannot_see_each_other_converge_through_a_third", 3) else { return };
    lab.bring_together();
    let [a, b, c] = &lab.nodes[..] else { panic!("three nodes") };
    // b and c know a alone: each drops what the other sends.
    lab.keep_apart(1, 2);
    b.post("from b", "rain");
    c.post("from c", "sun");
    a.wait_for_text("from b", "rain");
    a.wait_for_text("from c", "sun");
    b.wait_for_text("from c", "sun");
    c.wait_for_text("from b", "rain");
}

#[test]
fn a_network_that_is_down_blocks_no_statement() {
    let Some(lab) = Lab::start("a_network_that_is_down_blocks_no_statement", 2) else { return };
    lab.bring_together();
    let [a, b] = &lab.nodes[..] else { panic!("two nodes") };
    lab.cut(0);
    let started = std::time::Instant::now();
    for number in 0..10 {
        a.post(&format!("down-{number}"), "rain");
    }
    // Ten SYNCs that nobody answers, each bounded, and the statements of a client process each.
    assert!(started.elapsed() < std::time::Duration::from_secs(150), "{:?}", started.elapsed());
    lab.heal(0);
    b.wait_for_text("down-9", "rain");
}
