//! Concurrent edits: all nodes end with the same entries, and with those that the laws of merging name.

use std::time::Duration;

use super::nodes::{Consortium, Node, wait_for};

/// Stamps count milliseconds, so that writes that lie this far apart never have equal ones.
const BETWEEN_WRITES: Duration = Duration::from_millis(2);

/// Writes on several nodes, one after the other, while none has seen the others', then lets them meet.
fn apart_then_together(consortium: &mut Consortium, write: impl Fn(usize, &mut Node)) {
    for (position, node) in consortium.nodes.iter_mut().enumerate() {
        write(position, node);
        std::thread::sleep(BETWEEN_WRITES);
    }
    for node in &mut consortium.nodes {
        node.run("STAGE MEMORY WHERE metadata.topic = \"shared\"");
    }
    for node in &mut consortium.nodes {
        node.run("SYNC");
    }
    consortium.wait_until_equal();
}

#[test]
fn different_fields_of_one_entry_are_both_kept() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.nodes[0].post("w1", "shared", "first");
    consortium.wait_until_equal();
    apart_then_together(&mut consortium, |position, node| {
        node.run(&format!(
            "UPDATE memory SET metadata = metadata || '{{\"by_{}\": {position}}}'::jsonb WHERE id = 'w1'",
            node.name
        ));
    });
    for node in &mut consortium.nodes {
        wait_for(|| {
            let seen = node.value("SELECT metadata FROM memory WHERE id = 'w1'");
            let has_all = ["by_a", "by_b", "by_c"].iter().all(|name| seen.contains(name));
            if has_all { Ok(()) } else { Err(format!("{}: {seen}", node.name)) }
        });
    }
}

#[test]
fn update_memory_leaves_the_facts_that_others_change() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.nodes[0].post("w1", "shared", "first");
    consortium.nodes[0].run("UPDATE MEMORY SET metadata.old = 1 WHERE id = \"w1\"");
    consortium.nodes[0].run("STAGE MEMORY WHERE id = \"w1\"");
    consortium.nodes[0].run("SYNC");
    consortium.wait_until_equal();
    apart_then_together(&mut consortium, |position, node| {
        let fact = format!("metadata.by_{}", node.name);
        node.run(&format!("UPDATE MEMORY SET {fact} = coalesce({fact}, 0) + {position} WHERE id = \"w1\""));
        if node.name == "b" {
            node.run("UPDATE MEMORY UNSET metadata.old WHERE id = \"w1\"");
        }
        if node.name == "c" {
            node.run("SET MEMORY MERGE id = \"w1\" metadata = {merged: true}");
        }
    });
    let wanted = r#"{"by_a": 0, "by_b": 1, "by_c": 2, "text": "first", "topic": "shared", "merged": true}"#;
    for node in &mut consortium.nodes {
        node.wait_for_value("SELECT metadata FROM memory WHERE id = 'w1'", wanted);
    }
}

#[test]
fn the_later_write_of_one_field_wins_everywhere() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.nodes[0].post("w1", "shared", "first");
    consortium.wait_until_equal();
    // Written one after the other on one machine, so that the last one is the latest by every clock.
    apart_then_together(&mut consortium, |_, node| node.save("w1", "shared", &format!("by {}", node.name)));
    for node in &mut consortium.nodes {
        node.wait_for_text("w1", "by c");
    }
}

#[test]
fn a_concurrent_delete_wins_over_an_update() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.let_all_delete();
    consortium.nodes[0].post("w1", "shared", "first");
    consortium.wait_until_equal();
    let [a, b, c] = consortium.each();
    b.run("DELETE WHERE id = \"w1\"");
    a.save("w1", "shared", "later than the delete");
    a.run("STAGE MEMORY WHERE id = \"w1\"");
    b.run("SYNC");
    a.run("SYNC");
    for node in [a, b, c] {
        node.wait_for_value("SELECT count(*) FROM memory WHERE id = 'w1'", "0");
    }
    consortium.wait_until_equal();
}

#[test]
fn the_same_id_made_on_all_nodes_becomes_one_entry() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    apart_then_together(&mut consortium, |_, node| node.save("same", "shared", &format!("by {}", node.name)));
    for node in &mut consortium.nodes {
        assert_eq!(node.value("SELECT count(*) FROM memory"), "1");
        node.wait_for_text("same", "by c");
    }
}

#[test]
fn a_storm_of_edits_from_all_sides_converges() {
    const ROUNDS: usize = 15;
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.let_all_delete();
    for round in 0..ROUNDS {
        for (position, node) in consortium.nodes.iter_mut().enumerate() {
            for step in 0..4 {
                let id = (round + position + step) % 7;
                if (round * 5 + step * 3 + position) % 11 == 0 {
                    node.run(&format!("DELETE WHERE id = \"e{id}\""));
                } else {
                    node.save(&format!("e{id}"), "shared", &format!("{}-{round}-{step}", node.name));
                }
            }
            node.run("STAGE MEMORY WHERE metadata.topic = \"shared\"");
            if (round + position) % 3 == 0 {
                node.run("SYNC");
            }
        }
    }
    for node in &mut consortium.nodes {
        node.run("SYNC");
    }
    consortium.wait_until_equal();
    let clocks = "SELECT id, _vector_clock, _timestamp, _peer_id FROM memory ORDER BY id";
    let first = consortium.nodes[0].client().rows(clocks);
    for node in &mut consortium.nodes[1..] {
        assert_eq!(node.client().rows(clocks), first, "{}", node.name);
    }
}
