//! Collections that are spread over the members: shares, reading what others hold, and members that come and go.

use super::nodes::{NETWORK, Node, SECRET, wait_for};
use tempfile::TempDir;

/// Members that hold shares, so many copies of each entry; `memory` is attached on each.
struct Spread {
    nodes: Vec<Node>,
    directory: TempDir,
}

impl Spread {
    fn start(names: &[&'static str], copies: u32) -> Spread {
        Spread::keeping(names, copies, "off")
    }

    /// Where nodes keep what they have written themselves, or do not.
    fn keeping(names: &[&'static str], copies: u32, keep_own: &str) -> Spread {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut nodes: Vec<Node> = names.iter().map(|name| Node::start(directory.path(), name)).collect();
        let options = format!(
            "secret = '{SECRET}', sync_interval_ms = 50, replication = 'partial', replication_factor = {copies}, \
             keep_own = '{keep_own}'"
        );
        nodes[0].run(&format!("CREATE NETWORK \"{NETWORK}\" WITH ({options})"));
        nodes[0].attach("memory", NETWORK);
        let address = nodes[0].address_by("/udp/");
        for node in &mut nodes[1..] {
            node.run(&format!("JOIN NETWORK \"{NETWORK}\" AT \"{address}\" WITH ({options})"));
            node.attach("memory", NETWORK);
        }
        for node in &mut nodes {
            node.wait_for_peers(NETWORK, names.len() - 1);
        }
        Spread { nodes, directory }
    }

    /// Posts entries on the first node.
    fn post(&mut self, count: usize) {
        let first = &mut self.nodes[0];
        for number in 0..count {
            first.save(&id(number), "spread", &format!("text {number}"));
        }
        first.stage("metadata.topic = \"spread\"");
    }

    /// Waits until there are as many copies as wanted and no more.
    fn wait_for_copies(&mut self, copies: usize) -> Vec<usize> {
        let mut held = Vec::new();
        wait_for(|| {
            held = self.nodes.iter_mut().map(held_here).collect();
            let sum: usize = held.iter().sum();
            if sum == copies { Ok(()) } else { Err(format!("{held:?} entries are held, {sum} in all, not {copies}")) }
        });
        held
    }
}

fn id(number: usize) -> String {
    format!("spread-{number}")
}

fn held_here(node: &mut Node) -> usize {
    node.value("SELECT count(*) FROM memory").parse().expect("a count")
}

fn text_of(node: &mut Node, number: usize) -> String {
    node.value(&format!("SELECT metadata->>'text' FROM memory WHERE id = '{}'", id(number)))
}

/// An entry that a node does not hold.
fn missing_on(node: &mut Node, count: usize) -> usize {
    let held = node.column("SELECT id FROM memory");
    (0..count).find(|number| !held.contains(&id(*number))).expect("others hold something")
}

/// Most of each is waiting for the members to agree on what all of them hold, so they run side by side.
#[test]
fn entries_are_spread_over_members_that_hold_shares() {
    let stories: [(&str, fn()); 6] = [
        ("keeping one's own", what_was_written_here_stays_here),
        ("reading and writing", entries_are_spread_and_can_be_read_and_written_everywhere),
        ("reading everything", statements_that_name_no_entry_can_fetch_the_whole_collection),
        ("nobody to ask", what_nobody_reachable_holds_is_an_error_that_names_who_was_asked),
        ("a member removed", those_who_stay_take_over_what_a_removed_member_held),
        ("a full member", a_member_that_holds_everything_gets_it_from_those_that_hold_shares),
    ];
    let threads = stories.map(|(name, story)| (name, std::thread::Builder::new().name(name.into()).spawn(story)));
    for (name, thread) in threads {
        assert!(thread.expect("a thread").join().is_ok(), "the story of {name} failed, see above");
    }
}

fn entries_are_spread_and_can_be_read_and_written_everywhere() {
    const COUNT: usize = 60;
    let mut spread = Spread::start(&["a", "b", "c"], 1);
    spread.nodes[0].run(&format!("ALTER NETWORK \"{NETWORK}\" ALTER COLLECTION memory SET (deleters = 'members')"));
    for node in &mut spread.nodes {
        node.wait_for_value("SELECT rights->'memory'->>'deleters' FROM nebulus.networks", "members");
    }
    spread.post(COUNT);
    let held = spread.wait_for_copies(COUNT);
    assert!(held.iter().all(|count| (1..COUNT).contains(count)), "{held:?}");

    // Each form of a statement that names an entry finds it, and so does a nearest search from one.
    let c = &mut spread.nodes[2];
    let number = missing_on(c, COUNT);
    assert_eq!(text_of(c, number), format!("text {number}"));
    let number = missing_on(c, COUNT);
    let rows = c.client().rows(&format!("GET MEMORY FIELDS metadata.text WHERE id = \"{}\"", id(number)));
    assert_eq!(rows, [[Some(format!("\"text {number}\""))]]);
    let number = missing_on(c, COUNT);
    assert_eq!(c.value(&format!("SELECT count(*) FROM memory WHERE id IN ('{}', 'never')", id(number))), "1");
    let number = missing_on(c, COUNT);
    let joined = format!(
        "SELECT m.metadata->>'text' FROM memory m JOIN (VALUES (1)) AS one(n) ON n = 1 WHERE m.id = '{}'",
        id(number)
    );
    assert_eq!(c.value(&joined), format!("text {number}"));
    let number = missing_on(c, COUNT);
    assert!(!c.client().rows(&format!("GET MEMORY SIMILAR TO ENTRY \"{}\" LIMIT 3", id(number))).is_empty());
    let number = missing_on(c, COUNT);
    c.run(&format!("BEGIN; SELECT * FROM memory WHERE id = '{}'; COMMIT", id(number)));

    // A write to one that is held elsewhere arrives there, and a deletion too.
    let changed = missing_on(c, COUNT);
    assert_eq!(
        c.run(&format!("UPDATE memory SET metadata = '{{\"text\": \"new\"}}' WHERE id = '{}'", id(changed))),
        "UPDATE 1"
    );
    c.stage(&format!("id = \"{}\"", id(changed)));
    let deleted = missing_on(c, COUNT);
    assert_eq!(c.run(&format!("DELETE FROM memory WHERE id = '{}'", id(deleted))), "DELETE 1");
    c.run("SYNC");
    for node in &mut spread.nodes {
        node.wait_for_text(&id(changed), "new");
        node.wait_for_text(&id(deleted), "no entry");
        assert_eq!(node.value("SELECT count(*) FROM memory WHERE id = 'never'"), "0");
        for number in (0..COUNT).filter(|number| ![changed, deleted].contains(number)) {
            assert_eq!(text_of(node, number), format!("text {number}"), "{}", node.name);
        }
    }
}

fn what_was_written_here_stays_here() {
    const COUNT: usize = 60;
    let mut spread = Spread::keeping(&["a", "b", "c"], 1, "on");
    spread.post(COUNT);
    let [a, b, c] = spread.nodes.as_mut_slice() else { panic!("three nodes") };
    wait_for(|| match held_here(b) + held_here(c) {
        held if (1..COUNT).contains(&held) => Ok(()),
        held => Err(format!("{held} entries are held by those who have not written them")),
    });
    assert_eq!(held_here(a), COUNT, "whoever wrote them keeps them");
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (keep_own = 'off')"));
    spread.wait_for_copies(COUNT);
}

fn statements_that_name_no_entry_can_fetch_the_whole_collection() {
    const COUNT: usize = 120;
    const READERS: usize = 40;
    let mut spread = Spread::start(&["a", "b", "c"], 1);
    let values = (0..COUNT).map(|number| {
        format!("('{}', '{{\"topic\": \"spread\", \"text\": \"text {number}\"}}', '[{number}, 1, 0]')", id(number))
    });
    let values: Vec<String> = values.collect();
    spread.nodes[0].run(&format!("INSERT INTO memory (id, metadata, vector) VALUES {}", values.join(", ")));
    spread.nodes[0].stage("metadata.topic = \"spread\"");
    spread.wait_for_copies(COUNT);
    let [a, b, c] = spread.nodes.as_mut_slice() else { panic!("three nodes") };

    // Without one of those that hold a part there is no answer, and an error that names who is missing.
    let peer = c.peer_id();
    c.stop();
    b.run("SET nebulus.fetch = 'all'");
    let error = b.client().error("SELECT count(*) FROM memory");
    assert_eq!(error.code, "58030");
    assert!(error.detail.unwrap_or_default().contains(&peer), "who was asked is named");
    c.restart();
    b.wait_for_peers(NETWORK, 2);
    a.wait_for_peers(NETWORK, 2);
    wait_for(|| match b.client().query("SELECT count(*) FROM memory").failure() {
        None => Ok(()),
        Some(failure) => Err(failure.message.clone()),
    });
    assert_eq!(b.value("SELECT count(*) FROM memory"), COUNT.to_string());
    assert_eq!(b.value("SELECT count(DISTINCT metadata->>'text') FROM memory"), COUNT.to_string());

    // Many who read entries by their keys at the same time are no flood for whoever holds them.
    let held = a.column("SELECT id FROM memory");
    let missing: Vec<usize> = (0..COUNT).filter(|number| !held.contains(&id(*number))).take(READERS).collect();
    assert!(missing.len() == READERS, "{} entries are held by others", missing.len());
    let clients: Vec<_> = missing.iter().map(|_| a.server().client()).collect();
    std::thread::scope(|scope| {
        for (number, mut client) in missing.iter().zip(clients) {
            scope.spawn(move || {
                let text = client.value(&format!("SELECT metadata->>'text' FROM memory WHERE id = '{}'", id(*number)));
                assert_eq!(text, format!("text {number}"));
            });
        }
    });

    // Filters, nearest and writes see what is held elsewhere.
    let number = missing_on(a, COUNT);
    a.run("SET nebulus.fetch = 'all'");
    assert_eq!(a.column(&format!("SELECT id FROM memory WHERE metadata->>'text' = 'text {number}'")), [id(number)]);
    a.run("SET nebulus.fetch = on");
    let [_, _, c] = spread.nodes.as_mut_slice() else { panic!("three nodes") };
    let number = missing_on(c, COUNT);
    c.run("SET nebulus.fetch = 'all'");
    // A transaction that has read already sees it the next time.
    c.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM memory WHERE id = 'never'");
    let nearest = format!("SELECT id FROM memory ORDER BY vector <-> '[{number}, 1, 0]' LIMIT 1");
    assert_eq!(c.error_code(&nearest), "40001");
    c.run("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM memory WHERE id = 'never'");
    assert_eq!(c.value(&nearest), id(number));
    c.run("ROLLBACK");
    let rows = c.client().rows(&format!("GET MEMORY FIELDS metadata.text SIMILAR TO [{number}, 1, 0] LIMIT 1"));
    assert_eq!(rows, [[Some(format!("\"text {number}\""))]]);
    // What was gathered for the transaction is not taken for everything there is later on.
    const LATER: usize = 12;
    let [a, _, c] = spread.nodes.as_mut_slice() else { panic!("three nodes") };
    for number in COUNT..COUNT + LATER {
        a.save(&id(number), "later", &format!("text {number}"));
    }
    a.stage("metadata.topic = \"later\"");
    let update = "UPDATE memory SET metadata = metadata || '{\"seen\": true}'";
    assert_eq!(c.run(update), format!("UPDATE {}", COUNT + LATER));
}

fn what_nobody_reachable_holds_is_an_error_that_names_who_was_asked() {
    const COUNT: usize = 24;
    let mut spread = Spread::start(&["a", "b"], 1);
    spread.post(COUNT);
    spread.wait_for_copies(COUNT);
    let [a, b] = spread.nodes.as_mut_slice() else { panic!("two nodes") };
    let peer = b.peer_id();
    let number = missing_on(a, COUNT);
    // A snapshot that has been read from goes on seeing what it saw; the entry is here for the next one.
    a.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM memory");
    let select = |number: usize| format!("SELECT metadata->>'text' FROM memory WHERE id = '{}'", id(number));
    assert_eq!(a.error_code(&select(number)), "40001");
    a.run("ROLLBACK");
    assert_eq!(a.value(&select(number)), format!("text {number}"));
    b.stop();
    let number = missing_on(a, COUNT);
    let error = a.client().error(&select(number));
    assert_eq!(error.code, "58030");
    assert!(error.detail.unwrap_or_default().contains(&peer), "who was asked is named");
    a.run("SET nebulus.fetch = off");
    assert_eq!(a.client().rows(&select(number)).len(), 0);
    a.run("SET nebulus.fetch = on");
    assert_eq!(a.value("SELECT count(*) > 0 FROM memory"), "t", "what is held here is read as ever");
    b.restart();
    a.wait_for_peers(NETWORK, 1);
    wait_for(|| match a.client().query(&select(number)).failure() {
        None => Ok(()),
        Some(failure) => Err(failure.message.clone()),
    });
    assert_eq!(a.value(&select(number)), format!("text {number}"));
}

fn those_who_stay_take_over_what_a_removed_member_held() {
    const COUNT: usize = 40;
    let mut spread = Spread::start(&["a", "b", "c"], 2);
    spread.post(COUNT);
    spread.wait_for_copies(2 * COUNT);
    let peer = spread.nodes[2].peer_id();
    let mut gone = spread.nodes.pop().expect("three nodes");
    gone.stop();
    spread.nodes[0].run(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER \"{peer}\""));
    // Two copies on two members: each holds everything, without anybody reading anything.
    spread.wait_for_copies(2 * COUNT);
    for node in &mut spread.nodes {
        assert_eq!(held_here(node), COUNT);
    }
}

fn a_member_that_holds_everything_gets_it_from_those_that_hold_shares() {
    const COUNT: usize = 30;
    let mut spread = Spread::start(&["a", "b"], 1);
    // The log does not reach back: what comes later comes from the members' entries.
    for node in &mut spread.nodes {
        node.run(&format!("ALTER NETWORK \"{NETWORK}\" SET (log_bytes_max = 4096)"));
    }
    spread.post(COUNT);
    spread.wait_for_copies(COUNT);
    let address = spread.nodes[0].address_by("/udp/");
    let mut full = Node::start(spread.directory.path(), "full");
    full.join_network(NETWORK, SECRET, &[address]);
    full.attach("memory", NETWORK);
    full.wait_for_value("SELECT count(*) FROM memory", &COUNT.to_string());
    for number in 0..COUNT {
        assert_eq!(text_of(&mut full, number), format!("text {number}"));
    }
}
