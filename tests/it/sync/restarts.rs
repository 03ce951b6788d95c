//! Nodes that crash, are away and come back: nothing acknowledged is lost, nothing deleted comes back, nothing is asked of
//! anybody to make them whole again.

use super::nodes::{Consortium, NETWORK};

#[test]
fn a_killed_node_catches_up_and_its_own_postings_arrive() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.post("before", "weather", "rain");
    c.wait_for_entry("before");
    // Posted by SYNC, acknowledged, and killed before anybody is known to have it.
    b.post("last words", "weather", "sun");
    b.kill();
    for number in 0..50 {
        a.save(&format!("away-{number}"), "weather", "rain");
    }
    a.stage("metadata.topic = \"weather\"");
    a.run("DELETE WHERE id = \"before\"");
    a.run("SYNC");
    c.wait_for_entry("away-49");
    b.restart();
    b.wait_for_entry("away-49");
    b.wait_for_value("SELECT count(*) FROM memory WHERE id = 'before'", "0");
    a.wait_for_entry("last words");
    c.wait_for_entry("last words");
    consortium.wait_until_equal();
}

#[test]
fn a_stage_survives_a_kill_and_is_posted_afterwards() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    b.kill();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (sync_interval_ms = 3600000)"));
    a.save("w1", "weather", "rain");
    a.run("STAGE MEMORY WHERE id = \"w1\"");
    a.kill();
    a.restart();
    assert_eq!(a.value("SELECT id FROM nebulus.staged"), "w1");
    assert_eq!(a.value("SELECT _stage FROM memory WHERE id = 'w1'"), "post-pending");
    b.restart();
    a.run("SYNC");
    b.wait_for_entry("w1");
}

#[test]
fn networks_attachments_and_members_survive_a_restart() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let queries = [
        "SELECT name, epoch, options, collections FROM nebulus.networks",
        "SELECT network, peer_id, removed FROM nebulus.peers ORDER BY peer_id",
        "SELECT peer_id FROM nebulus.node",
    ];
    let before: Vec<_> = queries.iter().map(|query| b.client().rows(query)).collect();
    b.stop();
    b.restart();
    for (query, before) in queries.iter().zip(&before) {
        assert_eq!(&b.client().rows(query), before, "{query}");
    }
    b.wait_for_peers(NETWORK, 1);
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
}

#[test]
fn a_node_that_was_away_brings_nothing_back() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    for id in ["w1", "w2"] {
        a.post(id, "weather", "rain");
        b.wait_for_entry(id);
        c.wait_for_entry(id);
    }
    // It has an unposted edit of what will be deleted, too.
    c.save("w2", "weather", "edited while away");
    c.run("STAGE MEMORY WHERE id = \"w2\"");
    c.kill();
    a.run("DELETE WHERE metadata.topic = \"weather\"");
    a.run("SYNC");
    for node in [&mut *a, &mut *b] {
        node.wait_for_value("SELECT count(*) FROM memory", "0");
    }
    c.restart();
    c.wait_for_value("SELECT count(*) FROM memory WHERE metadata->>'topic' = 'weather'", "0");
    // When this has come from it, everything else that it knew has come as well.
    c.post("I am back", "notes", "x");
    for node in [&mut *a, &mut *b] {
        node.wait_for_entry("I am back");
    }
    consortium.wait_until_equal();
    for node in &mut consortium.nodes {
        assert_eq!(node.column("SELECT id FROM memory"), ["I am back"], "{}", node.name);
    }
}

#[test]
fn a_node_older_than_the_log_is_made_equal_by_reconciliation() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    for number in 0..20 {
        a.save(&format!("old-{number}"), "weather", "rain");
    }
    a.stage("metadata.topic = \"weather\"");
    c.wait_for_entry("old-19");
    c.kill();
    for node in [&mut *a, &mut *b] {
        node.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (log_bytes_max = 4096, log_age_max_s = 1)"));
    }
    for number in 0..300 {
        a.save(&format!("new-{number}"), "news", &"word ".repeat(50));
    }
    a.run("DELETE WHERE id = \"old-3\"");
    a.stage("metadata.topic = \"news\"");
    b.wait_for_entry("new-299");
    b.save("old-4", "weather", "changed");
    b.stage("id = \"old-4\"");
    a.wait_for_text("old-4", "changed");
    c.restart();
    c.wait_for_entry("new-299");
    c.wait_for_text("old-4", "changed");
    c.wait_for_value("SELECT count(*) FROM memory WHERE id = 'old-3'", "0");
    consortium.wait_until_equal();
}

#[test]
fn a_newcomer_gets_everything_at_once() {
    const ENTRIES: usize = 2_000;
    let mut consortium = Consortium::start(&["a", "b"]);
    let mut newcomer = consortium.stranger("newcomer");
    let [a, b] = consortium.each();
    for part in 0..ENTRIES / 500 {
        let rows = (0..500)
            .map(|row| format!("('{part}-{row}', '{{\"topic\": \"weather\", \"number\": {row}}}', '[1,2,{row}]')"));
        a.run(&format!("INSERT INTO memory (id, metadata, vector) VALUES {}", rows.collect::<Vec<_>>().join(", ")));
    }
    a.stage("metadata.topic = \"weather\"");
    b.wait_for_value("SELECT count(*) FROM memory", &ENTRIES.to_string());
    // It joins at one that made none of them.
    newcomer.join_network(NETWORK, super::nodes::SECRET, &[b.address_by("/udp/")]);
    newcomer.attach("memory", NETWORK);
    newcomer.wait_for_value("SELECT count(*) FROM memory", &ENTRIES.to_string());
    newcomer.post("hello", "notes", "x");
    consortium.nodes.push(newcomer);
    for node in &mut consortium.nodes {
        node.wait_for_entry("hello");
    }
    consortium.wait_until_equal();
}

#[test]
fn kills_in_the_middle_of_traffic_lose_nothing() {
    const ROUNDS: usize = 3;
    let mut consortium = Consortium::start(&["a", "b"]);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let [a, b] = consortium.each();
        for number in 0..20 {
            let id = format!("{round}-{number}");
            a.save(&id, "weather", "rain");
            a.run(&format!("STAGE MEMORY WHERE id = \"{id}\""));
            acknowledged.push(id);
            if number % 7 == 3 {
                a.run("SYNC");
            }
        }
        let victim = if round % 2 == 0 { &mut *b } else { &mut *a };
        victim.kill();
        victim.restart();
    }
    let [a, b] = consortium.each();
    a.run("SYNC");
    for id in &acknowledged {
        b.wait_for_entry(id);
        assert!(a.has_entry(id), "{id}");
    }
    consortium.wait_until_equal();
}
