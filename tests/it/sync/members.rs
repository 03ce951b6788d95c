//! Who takes part: removing a peer, a new secret, leaving, detaching, and coming back.

use super::nodes::{Consortium, NETWORK, SECRET};

#[test]
fn a_removed_peer_gets_nothing_more() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.post("before", "weather", "rain");
    b.wait_for_entry("before");
    c.wait_for_entry("before");
    let removed = c.peer_id();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER \"{removed}\""));
    let epoch = a.value("SELECT epoch FROM nebulus.networks");
    b.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    for node in [&mut *a, &mut *b] {
        node.wait_for_value(&format!("SELECT removed FROM nebulus.peers WHERE peer_id = '{removed}'"), "t");
    }
    a.post("after", "weather", "for members only");
    b.wait_for_entry("after");
    c.save("from outside", "weather", "x");
    c.run("STAGE MEMORY WHERE id = \"from outside\"");
    c.run("SYNC");
    b.post("later", "weather", "rain");
    a.wait_for_entry("later");
    assert!(!c.has_entry("after") && !c.has_entry("later"));
    assert!(!a.has_entry("from outside") && !b.has_entry("from outside"));
    assert!(c.has_entry("before"), "what it had stays with it");
    // A restart changes nothing of that.
    b.kill();
    b.restart();
    b.wait_for_peers(NETWORK, 1);
    a.post("after the restart", "weather", "x");
    b.wait_for_entry("after the restart");
    assert!(!c.has_entry("after the restart"));
    assert!(c.files_with("for members only").is_empty());
}

#[test]
fn a_removed_peer_cannot_come_back_with_the_old_secret() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    let removed = c.peer_id();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER \"{removed}\""));
    let epoch = a.value("SELECT epoch FROM nebulus.networks");
    b.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    c.run(&format!("LEAVE NETWORK \"{NETWORK}\""));
    c.join_network(NETWORK, SECRET, &[a.address_by("/udp/"), b.address_by("/udp/")]);
    c.attach("memory", NETWORK);
    c.run("SYNC");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    c.run("SYNC");
    assert!(!c.has_entry("w1"));
}

#[test]
fn only_owners_remove_peers_and_change_the_secret_and_make_owners() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    let (owner, other, peer) = (a.peer_id(), b.peer_id(), c.peer_id());
    let owners = "SELECT founder, array_to_string(owners, ','), is_owner FROM nebulus.networks";
    b.wait_for_value("SELECT array_to_string(owners, ',') FROM nebulus.networks", &owner);
    for (node, is_owner) in [(&mut *a, "t"), (&mut *b, "f")] {
        let row: Vec<_> = node.client().rows(owners).remove(0).into_iter().flatten().collect();
        assert_eq!(row, [owner.as_str(), &owner, is_owner]);
    }
    for change in [format!("REMOVE PEER '{peer}'"), "ROTATE SECRET".into(), format!("ADD OWNER '{other}'")] {
        let failure = b.client().error(&format!("ALTER NETWORK \"{NETWORK}\" {change}"));
        assert_eq!(failure.code, "42501", "{failure:?}");
        assert!(failure.hint.is_some_and(|hint| hint.contains(&owner)));
    }
    assert_eq!(a.value("SELECT epoch FROM nebulus.networks"), "1");
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" ADD OWNER '{other}'"));
    b.wait_for_value("SELECT is_owner FROM nebulus.networks", "t");
    assert_eq!(b.error_code(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER '{owner}'")), "42501");
    b.run(&format!("ALTER NETWORK \"{NETWORK}\" REMOVE PEER '{peer}'"));
    a.wait_for_value(&format!("SELECT removed FROM nebulus.peers WHERE peer_id = '{peer}'"), "t");
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" DROP OWNER '{other}'"));
    b.wait_for_value("SELECT is_owner FROM nebulus.networks", "f");
    assert_eq!(b.error_code(&format!("ALTER NETWORK \"{NETWORK}\" ROTATE SECRET")), "42501");
    let epoch = a.value("SELECT epoch FROM nebulus.networks");
    b.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
}

#[test]
fn whoever_names_the_founder_joins_no_other_network_of_that_name() {
    let mut consortium = Consortium::apart(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.create_network(NETWORK, SECRET);
    b.create_network(NETWORK, SECRET);
    for node in [&mut *a, &mut *b] {
        node.attach("memory", NETWORK);
    }
    let (address, founder) = (b.address_by("/udp/"), a.peer_id());
    let options = format!("secret = '{SECRET}', owner = '{founder}', sync_interval_ms = 50");
    c.run(&format!("JOIN NETWORK \"{NETWORK}\" AT \"{address}\" WITH ({options})"));
    c.attach("memory", NETWORK);
    b.post("w1", "weather", "rain");
    let refused =
        format!("SELECT last_error LIKE '%somebody else has founded, by {}%' FROM nebulus.networks", b.peer_id());
    c.wait_for_value(&refused, "t");
    assert!(!c.has_entry("w1"));
    c.run(&format!("LEAVE NETWORK \"{NETWORK}\""));
    let address = a.address_by("/udp/");
    c.run(&format!("JOIN NETWORK \"{NETWORK}\" AT \"{address}\" WITH ({options})"));
    c.attach("memory", NETWORK);
    a.post("w2", "weather", "sun");
    c.wait_for_entry("w2");
    assert_eq!(c.value("SELECT founder FROM nebulus.networks"), founder);
}

#[test]
fn a_new_secret_reaches_members_and_shuts_out_the_old_one() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let (mut old, mut new) = (consortium.stranger("old"), consortium.stranger("new"));
    let [a, b] = consortium.each();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" ROTATE SECRET 'a better one'"));
    let epoch = a.value("SELECT epoch FROM nebulus.networks");
    b.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    let address = a.address_by("/udp/");
    old.join_network(NETWORK, SECRET, std::slice::from_ref(&address));
    new.join_network(NETWORK, "a better one", &[address]);
    for node in [&mut old, &mut new] {
        node.attach("memory", NETWORK);
    }
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    new.wait_for_entry("w1");
    old.run("SYNC");
    assert!(!old.has_entry("w1"));
    assert_eq!(old.value("SELECT connected_peers FROM nebulus.networks"), "0");
}

#[test]
fn a_member_that_was_away_during_a_rotation_is_told_by_another_one() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    c.kill();
    a.run(&format!("ALTER NETWORK \"{NETWORK}\" ROTATE SECRET"));
    let epoch = a.value("SELECT epoch FROM nebulus.networks");
    b.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    a.kill();
    c.restart();
    c.wait_for_value("SELECT epoch FROM nebulus.networks", &epoch);
    b.post("w1", "weather", "rain");
    c.wait_for_entry("w1");
}

#[test]
fn the_secret_is_told_to_its_owner_and_to_nobody_else() {
    const OWN: &str = "CaNaRy-secret-of-a-network";
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    a.create_network("own", OWN);
    a.run("CREATE NETWORK \"random\"");
    assert_eq!(a.value("SELECT nebulus_network_secret('own')"), OWN);
    let random = a.value("SELECT nebulus_network_secret('random')");
    assert!(random.len() >= 32, "{random}");
    for table in ["node", "networks", "peers", "sync_state", "network_stats", "staged", "quarantine"] {
        let shown = format!("{:?}", a.client().rows(&format!("SELECT * FROM nebulus.{table}")));
        assert!(!shown.contains(OWN) && !shown.contains(&random), "{table}: {shown}");
    }
    let log = a.log();
    assert!(!log.contains(OWN) && !log.contains(&random));
    a.stop();
    assert!(a.files_with(OWN).is_empty(), "it lies sealed");
}

#[test]
fn after_leaving_entries_stay_and_nothing_comes_or_goes() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.post("before", "weather", "rain");
    b.wait_for_entry("before");
    b.run(&format!("LEAVE NETWORK \"{NETWORK}\""));
    assert_eq!(b.value("SELECT count(*) FROM nebulus.networks"), "0");
    a.wait_for_value("SELECT connected_peers FROM nebulus.networks", "0");
    a.post("after", "weather", "rain");
    b.save("before", "weather", "edited alone");
    assert!(b.has_entry("before") && !b.has_entry("after"));
    b.join_network(NETWORK, SECRET, &[a.address_by("/udp/")]);
    b.attach("memory", NETWORK);
    b.wait_for_entry("after");
    a.wait_for_text("before", "rain");
}

#[test]
fn after_detaching_a_collection_is_private_again() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.post("before", "weather", "rain");
    b.wait_for_entry("before");
    b.run(&format!("DETACH COLLECTION memory FROM NETWORK \"{NETWORK}\""));
    b.wait_for_value("SELECT count(*) FROM nebulus.sync_state", "0");
    a.post("after", "weather", "rain");
    b.run("SYNC");
    assert!(b.has_entry("before"), "entries stay");
    assert!(!b.has_entry("after"));
    b.attach("memory", NETWORK);
    b.wait_for_entry("after");
    consortium.wait_until_equal();
}

#[test]
fn declared_columns_are_announced_and_contradictions_are_shown() {
    let mut consortium = Consortium::apart(&["a", "b"]);
    let [a, b] = consortium.each();
    a.run("CREATE TABLE users (id text PRIMARY KEY, name text, age int, note text)");
    b.run("CREATE TABLE users (id text PRIMARY KEY, name text, age text)");
    a.create_network(NETWORK, SECRET);
    a.attach("users", NETWORK);
    b.join_network(NETWORK, SECRET, &[a.address_by("/udp/")]);
    b.attach("users", NETWORK);
    b.wait_for_peers(NETWORK, 1);
    a.run("INSERT INTO users VALUES ('1', 'Alice', 30, 'tall')");
    a.run("UPDATE users SET _stage = 'post-pending'");
    a.run("SYNC");
    b.wait_for_value("SELECT coalesce(max(name), 'nobody') FROM users", "Alice");
    b.wait_for_value("SELECT schema_conflicts::text LIKE '%age%' FROM nebulus.networks", "t");
    // The column that only a had has come, too.
    b.wait_for_value("SELECT coalesce(max(note), 'none') FROM users", "tall");
}
