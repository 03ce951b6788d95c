//! What is shared and what is not: staging, unstaging, private edits, REVERT, deletes, transactions, secrets.

use super::nodes::{Consortium, NETWORK, Node, wait_for};

/// In what is never staged; stands nowhere else.
const CANARY: &str = "CaNaRy-8c31-never-staged";

#[test]
fn a_staged_entry_is_seen_on_every_node_with_all_its_facts() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.save("w1", "weather", "rain");
    a.save("w2", "weather", "sun");
    a.save("n1", "news", "none");
    assert_eq!(a.run("STAGE MEMORY WHERE metadata.topic = \"weather\""), "STAGE 2");
    a.run("SYNC");
    for node in [&mut *b, &mut *c] {
        node.wait_for_text("w1", "rain");
        node.wait_for_text("w2", "sun");
        let nearest = node
            .client()
            .rows("GET MEMORY FIELDS id IN memory WHERE metadata.topic = \"weather\" SIMILAR TO [1, 2, 3] LIMIT 5");
        assert_eq!(nearest.len(), 2, "{nearest:?}");
        assert_eq!(node.value("SELECT vector FROM memory WHERE id = 'w1'"), "[1,2,3]");
    }
    let origin = a.peer_id();
    assert_eq!(b.value("SELECT _peer_id FROM memory WHERE id = 'w1'"), origin);
    assert_eq!(a.value("SELECT _stage FROM memory WHERE id = 'w1'"), "NULL", "posting clears the stage");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.staged"), "0");
    let clock = "SELECT _vector_clock FROM memory WHERE id = 'w1'";
    assert_eq!(a.value(clock), b.value(clock));
}

#[test]
fn without_sync_the_interval_posts() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.save("w1", "weather", "rain");
    a.run("STAGE MEMORY WHERE id = \"w1\"");
    b.wait_for_entry("w1");
}

#[test]
fn a_stage_by_update_and_by_function_posts_too() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.save("u1", "update", "one");
    a.save("f1", "function", "one");
    a.run("UPDATE memory SET _stage = 'post-pending' WHERE id = 'u1'");
    assert_eq!(a.value("SELECT nebulus_stage('memory', 'metadata.topic = \"function\"')"), "1");
    a.run(&format!("SELECT nebulus_sync('{NETWORK}')"));
    b.wait_for_entry("u1");
    b.wait_for_entry("f1");
}

#[test]
fn what_is_not_staged_never_leaves() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.save(&format!("id-{CANARY}"), CANARY, CANARY);
    a.run(&format!("SET AUTH key = \"{CANARY}\" value = \"{CANARY}\""));
    a.run(&format!("CREATE TABLE notes (id text PRIMARY KEY, body text); INSERT INTO notes VALUES ('1', '{CANARY}')"));
    // Private edits of a posted entry, before, between and after postings.
    a.post("shared", "weather", "rain");
    a.run(&format!(
        "UPDATE memory SET metadata = '{{\"topic\": \"weather\", \"text\": \"{CANARY}\"}}' WHERE id = 'shared'"
    ));
    a.run(&format!("SET MEMORY id = \"taken-back\" metadata = {{\"text\": \"{CANARY}\"}}"));
    a.run("BEGIN; STAGE MEMORY WHERE id = \"taken-back\"; UNSTAGE MEMORY WHERE id = \"taken-back\"; COMMIT");
    a.run(&format!("BEGIN; SET MEMORY id = \"rolled-back\" metadata = {{\"text\": \"{CANARY}\"}}"));
    a.run("STAGE MEMORY WHERE id = \"rolled-back\"; ROLLBACK");
    a.post("later", "weather", "sun");
    for node in [&mut *b, &mut *c] {
        node.wait_for_entry("later");
        node.wait_for_text("shared", "rain");
        assert_eq!(node.column("SELECT id FROM memory ORDER BY id"), ["later", "shared"]);
        assert_eq!(node.value("SELECT count(*) FROM auth"), "0");
        let log = node.log();
        node.stop();
        assert_eq!(node.files_with(CANARY), Vec::<std::path::PathBuf>::new(), "{}", node.name);
        assert!(!log.contains(CANARY), "{}", node.name);
    }
    assert_eq!(a.value("SELECT metadata->>'text' FROM memory WHERE id = 'shared'"), CANARY, "it is still there");
    assert!(!a.log().contains(CANARY), "nor in the own log");
}

#[test]
fn private_writes_leave_no_gap_in_the_numbers_that_peers_see() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let origin = a.peer_id();
    for round in 1..=3 {
        for step in 0..10 {
            a.save(&format!("private-{round}-{step}"), "private", "edit");
        }
        a.post(&format!("posted-{round}"), "weather", "rain");
        b.wait_for_entry(&format!("posted-{round}"));
        let seq = format!("SELECT max(seq) FROM nebulus.sync_state WHERE origin = '{origin}'");
        b.wait_for_value(&seq, &round.to_string());
    }
}

#[test]
fn revert_drops_private_edits_of_a_posted_entry() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.post("w1", "weather", "rain");
    b.wait_for_text("w1", "rain");
    a.save("w1", "weather", "a private thought");
    a.post("barrier", "weather", "x");
    b.wait_for_entry("barrier");
    b.wait_for_text("w1", "rain");
    assert_eq!(a.run("REVERT MEMORY WHERE id = \"w1\""), "REVERT 1");
    a.wait_for_text("w1", "rain");
    // What is posted next is the reverted version with the new edit over it.
    a.post("w1", "weather", "sun");
    b.wait_for_text("w1", "sun");
    assert!(b.files_with("a private thought").is_empty());
}

#[test]
fn an_edit_of_a_peers_entry_is_private_until_it_is_staged() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    b.save("w1", "weather", "snow");
    b.post("barrier", "weather", "x");
    a.wait_for_entry("barrier");
    a.wait_for_text("w1", "rain");
    b.stage("id = \"w1\"");
    for node in [a, c] {
        node.wait_for_text("w1", "snow");
    }
}

#[test]
fn a_deleted_posted_entry_is_gone_everywhere() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    consortium.let_all_delete();
    let [a, b, c] = consortium.each();
    a.post("w1", "weather", "rain");
    for node in [&mut *b, &mut *c] {
        node.wait_for_entry("w1");
    }
    assert_eq!(b.run("DELETE WHERE id = \"w1\""), "DELETE 1");
    b.run("SYNC");
    for node in [&mut *a, &mut *b, &mut *c] {
        node.wait_for_value("SELECT count(*) FROM memory WHERE id = 'w1'", "0");
        assert_eq!(node.client().rows("GET MEMORY WHERE metadata.topic = \"weather\" SIMILAR TO [1, 2, 3]").len(), 0);
    }
    // A new life under the same id shows nothing of the old one.
    c.run("SET MEMORY id = \"w1\" metadata = {\"text\": \"reborn\"}");
    c.stage("id = \"w1\"");
    for node in [a, b] {
        node.wait_for_text("w1", "reborn");
        assert_eq!(node.value("SELECT metadata->>'topic' FROM memory WHERE id = 'w1'"), "NULL");
    }
}

#[test]
fn inserting_a_deleted_entry_again_does_not_call_its_deletion_back() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let statements = [
        "DELETE WHERE id = \"{id}\"; SET MEMORY id = \"{id}\" metadata = {\"text\": \"{new}\"}",
        "BEGIN; DELETE FROM memory WHERE id = '{id}'; \
         INSERT INTO memory (id, metadata) VALUES ('{id}', '{\"text\": \"{new}\"}'); COMMIT",
    ];
    for (id, statement) in ["w1", "w2"].into_iter().zip(statements) {
        // Long enough between two looks at the stage that both statements come before the next one.
        a.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (sync_interval_ms = 600000)"));
        a.post(id, "weather", "rain");
        b.wait_for_text(id, "rain");
        a.run(&statement.replace("{id}", id).replace("{new}", CANARY));
        assert_eq!(a.value(&format!("SELECT _stage FROM memory WHERE id = '{id}'")), "NULL", "the new life is private");
        assert_eq!(a.column("SELECT id FROM nebulus.staged"), [id], "the deletion waits");
        a.kill();
        a.restart();
        a.run("SYNC");
        b.wait_for_value(&format!("SELECT count(*) FROM memory WHERE id = '{id}'"), "0");
        assert_eq!(a.value(&format!("SELECT metadata->>'text' FROM memory WHERE id = '{id}'")), CANARY);
        assert_eq!(a.value("SELECT count(*) FROM nebulus.staged"), "0");
    }
    assert_eq!(b.files_with(CANARY), Vec::<std::path::PathBuf>::new());
    // The new life is shared when its owner says so.
    a.stage("id = \"w1\"");
    b.wait_for_text("w1", CANARY);
}

#[test]
fn a_member_that_empties_its_memory_takes_the_dimension_of_the_others() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    b.run("SET MEMORY id = \"own\" metadata = {} vector = [1, 2]");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    assert_eq!(b.value("SELECT vector FROM memory WHERE id = 'w1'"), "NULL", "it does not fit here");
    b.run("DELETE WHERE id = \"own\"");
    // As text: the column's type changes with its dimension, and with it what a prepared statement answers.
    b.wait_for_value("SELECT vector::text FROM memory WHERE id = 'w1'", "[1,2,3]");
    assert_eq!(b.column("SELECT id FROM memory ORDER BY vector <=> '[1,2,3]' LIMIT 1"), ["w1"]);
    // Tombstones of others empty it, too.
    a.run("DELETE WHERE id = \"w1\"");
    a.run("SYNC");
    b.wait_for_value("SELECT count(*) FROM memory", "0");
    b.run("SET MEMORY id = \"own\" metadata = {} vector = [1, 2]");
}

#[test]
fn deleting_what_was_never_posted_tells_nobody() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let origin = a.peer_id();
    a.save("p1", "private", "x");
    a.run("DELETE WHERE id = \"p1\"");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    b.wait_for_value(&format!("SELECT max(seq) FROM nebulus.sync_state WHERE origin = '{origin}'"), "1");
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    const BATCHES: usize = 8;
    const ROWS: usize = 400;
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let watched = b.server().address;
    let watcher = std::thread::spawn(move || {
        let mut client = crate::client::Client::connect(watched);
        let mut partial = Vec::new();
        let mut looks = 0_u64;
        wait_for(|| {
            looks += 1;
            let rows = client.rows("SELECT metadata->>'batch', count(*) FROM memory GROUP BY 1 ORDER BY 1");
            partial.extend(rows.iter().filter(|row| row[1].as_deref() != Some("400")).cloned());
            if rows.len() == BATCHES { Ok(()) } else { Err(format!("{} batches", rows.len())) }
        });
        (partial, looks)
    });
    for batch in 0..BATCHES {
        let rows = (0..ROWS).map(|row| {
            format!("('{batch}-{row}', '{{\"batch\": \"{batch}\", \"text\": \"{}\"}}')", "word ".repeat(40))
        });
        a.run(&format!(
            "BEGIN; INSERT INTO memory (id, metadata) VALUES {}; UPDATE memory SET _stage = 'post-pending' \
             WHERE metadata->>'batch' = '{batch}'; COMMIT",
            rows.collect::<Vec<_>>().join(", ")
        ));
        a.run("SYNC");
    }
    let (partial, looks) = watcher.join().expect("the watcher sees all batches");
    assert!(partial.is_empty(), "in {looks} looks: {partial:?}");
    consortium.wait_until_equal();
}

#[test]
fn classified_entries_are_staged_when_they_are_written() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (auto_post_classifications = 'Error,Context,Idea')"));
    for (id, classification) in [("e", "Error"), ("c", "Context"), ("i", "Idea"), ("o", "Other")] {
        a.run(&format!("SET MEMORY id = \"{id}\" metadata = {{\"classification\": \"{classification}\"}}"));
    }
    a.run("SYNC");
    a.post("barrier", "weather", "x");
    b.wait_for_entry("barrier");
    b.wait_for_value("SELECT string_agg(id, ',' ORDER BY id) FROM memory", "barrier,c,e,i");
}

#[test]
fn an_attachment_that_is_not_private_posts_every_commit() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.create_network(NETWORK, super::nodes::SECRET);
    let address = a.address_by("/udp/");
    b.join_network(NETWORK, super::nodes::SECRET, &[address]);
    for node in [&mut *a, &mut *b] {
        node.run(&format!("ATTACH COLLECTION memory TO NETWORK \"{NETWORK}\" WITH (private_by_default = false)"));
    }
    a.save("w1", "weather", "rain");
    b.wait_for_text("w1", "rain");
    b.save("w1", "weather", "snow");
    a.wait_for_text("w1", "snow");
    a.run("DELETE WHERE id = \"w1\"");
    b.wait_for_value("SELECT count(*) FROM memory", "0");
}

#[test]
fn networks_of_one_node_do_not_mix() {
    let mut consortium = Consortium::apart(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.run("CREATE TABLE plans (id text PRIMARY KEY, body text)");
    b.run("CREATE TABLE plans (id text PRIMARY KEY, body text)");
    c.run("CREATE TABLE plans (id text PRIMARY KEY, body text)");
    a.create_network("first", "secret of the first");
    a.create_network("second", "secret of the second");
    a.attach("memory", "first");
    a.attach("plans", "second");
    let address = a.address_by("/udp/");
    b.join_network("first", "secret of the first", std::slice::from_ref(&address));
    c.join_network("second", "secret of the second", &[address]);
    for node in [&mut *b, &mut *c] {
        let network = if node.name == "b" { "first" } else { "second" };
        let own = if node.name == "b" { "memory" } else { "plans" };
        node.attach(own, network);
        node.wait_for_peers(network, 1);
    }
    a.run("INSERT INTO plans VALUES ('p1', 'rule the world')");
    a.run("UPDATE plans SET _stage = 'post-pending'");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    c.wait_for_value("SELECT count(*) FROM plans", "1");
    assert_eq!(b.value("SELECT count(*) FROM plans"), "0");
    assert_eq!(c.value("SELECT count(*) FROM memory"), "0");
    for (node, network) in [(b, "second"), (c, "first")] {
        assert!(node.column("SELECT network FROM nebulus.peers").iter().all(|each| each != network), "{}", node.name);
    }
}

/// What repeats is compressed on its way.
#[test]
fn a_posting_of_text_that_repeats_takes_a_tenth_of_its_bytes() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let text = "it rains, and it will rain again. ".repeat(30_000);
    let sent = |node: &mut Node| -> usize {
        let stats =
            node.value(&format!("SELECT bytes_transferred FROM nebulus.network_stats WHERE network = '{NETWORK}'"));
        stats.parse().expect("a number of bytes")
    };
    let before = sent(a);
    a.post("long", "weather", &text);
    b.wait_for_entry("long");
    assert_eq!(
        b.value("SELECT md5(metadata->>'text') FROM memory WHERE id = 'long'"),
        a.value(&format!("SELECT md5('{text}')"))
    );
    let taken = sent(a) - before;
    assert!(taken > 0 && taken < text.len() / 10, "{taken} bytes for {}", text.len());
}
