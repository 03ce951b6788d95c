//! Who may change and delete what others made, by the owners' word; and what an owner undoes.

use super::nodes::{Consortium, NETWORK};

fn alter(change: &str) -> String {
    format!("ALTER NETWORK \"{NETWORK}\" {change}")
}

#[test]
fn nobody_deletes_what_others_made_but_authors_and_owners() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    let author = b.peer_id();
    b.post("of b", "weather", "rain");
    c.wait_for_entry("of b");
    a.wait_for_entry("of b");
    let failure = c.client().error("DELETE FROM memory WHERE id = 'of b'");
    assert_eq!(failure.code, "42501", "{failure:?}");
    assert!(failure.detail.is_some_and(|detail| detail.contains(&author)));
    assert!(failure.hint.is_some_and(|hint| hint.contains("deleters = 'members'")));
    // Members edit, by default.
    c.run("UPDATE memory SET metadata = '{\"weather\": \"sun\"}' WHERE id = 'of b'");
    c.run("STAGE MEMORY WHERE id = \"of b\"");
    b.wait_for_value("SELECT metadata->>'weather' FROM memory WHERE id = 'of b'", "sun");
    b.run("DELETE FROM memory WHERE id = 'of b'");
    c.wait_for_value("SELECT count(*) FROM memory WHERE id = 'of b'", "0");
    b.post("second", "weather", "rain");
    a.wait_for_entry("second");
    c.wait_for_entry("second");
    a.run("DELETE FROM memory WHERE id = 'second'");
    c.wait_for_value("SELECT count(*) FROM memory WHERE id = 'second'", "0");
    b.wait_for_value("SELECT count(*) FROM memory WHERE id = 'second'", "0");
}

#[test]
fn owners_say_who_may_write_and_delete() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    b.post("of b", "weather", "rain");
    a.wait_for_entry("of b");
    c.wait_for_entry("of b");
    assert_eq!(b.error_code(&alter("ALTER COLLECTION memory SET (writers = 'author')")), "42501");
    assert_eq!(a.error_code(&alter("ALTER COLLECTION memory SET (writers = 'nobody')")), "22023");
    assert_eq!(a.error_code(&alter("ALTER COLLECTION auth SET (writers = 'author')")), "42704");
    a.run(&alter("ALTER COLLECTION memory SET (writers = 'author')"));
    let rights = "SELECT rights->'memory'->>'writers' FROM nebulus.networks";
    for node in [&mut *b, &mut *c] {
        node.wait_for_value(rights, "author");
    }
    let edit = "UPDATE memory SET metadata = '{\"weather\": \"snow\"}' WHERE id = 'of b'";
    let failure = c.client().error(edit);
    assert_eq!(failure.code, "42501", "{failure:?}");
    b.run(edit);
    b.run("STAGE MEMORY WHERE id = \"of b\"");
    c.wait_for_value("SELECT metadata->>'weather' FROM memory WHERE id = 'of b'", "snow");
    a.run(&format!("SELECT nebulus_set_rights('{NETWORK}', 'memory', '{{\"deleters\": \"members\"}}')"));
    c.wait_for_value("SELECT rights->'memory'->>'deleters' FROM nebulus.networks", "members");
    c.run("DELETE FROM memory WHERE id = 'of b'");
    b.wait_for_value("SELECT count(*) FROM memory WHERE id = 'of b'", "0");
    assert_eq!(b.value("SELECT count(*) FROM nebulus.quarantine"), "0");
}

#[test]
fn what_a_member_wrote_is_undone() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.post("kept", "weather", "rain");
    a.post("edited", "weather", "rain");
    b.wait_for_entry("edited");
    a.run(&alter("ALTER COLLECTION memory SET (deleters = 'members')"));
    b.wait_for_value("SELECT rights->'memory'->>'deleters' FROM nebulus.networks", "members");
    let since = b.value("SELECT now()");
    b.run("DELETE FROM memory WHERE id = 'kept'");
    b.run("UPDATE memory SET metadata = '{\"weather\": \"lies\", \"more\": \"lies\"}' WHERE id = 'edited'");
    b.run("STAGE MEMORY WHERE id = \"edited\"");
    b.post("made", "weather", "lies");
    for node in [&mut *a, &mut *c] {
        node.wait_for_entry("made");
        node.wait_for_value("SELECT count(*) FROM memory WHERE id = 'kept'", "0");
    }
    let peer = b.peer_id();
    assert_eq!(c.error_code(&alter(&format!("REVERT PEER '{peer}' SINCE '{since}'"))), "42501");
    assert_eq!(a.error_code(&alter(&format!("REVERT PEER '{peer}' SINCE 'sometime'"))), "22007");
    a.run(&alter(&format!("REVERT PEER '{peer}' SINCE '{since}'")));
    for node in [&mut *a, &mut *b, &mut *c] {
        node.wait_for_value("SELECT count(*) FROM memory WHERE id = 'made'", "0");
        node.wait_for_value(
            "SELECT metadata FROM memory WHERE id = 'kept'",
            "{\"text\": \"rain\", \"topic\": \"weather\"}",
        );
        node.wait_for_value(
            "SELECT metadata FROM memory WHERE id = 'edited'",
            "{\"text\": \"rain\", \"topic\": \"weather\"}",
        );
    }
}

#[test]
fn a_silent_member_is_excused_and_comes_back() {
    let mut consortium = Consortium::start(&["a", "b", "c"]);
    let [a, b, c] = consortium.each();
    a.post("gone", "weather", "rain");
    c.wait_for_entry("gone");
    b.wait_for_entry("gone");
    let away = c.peer_id();
    c.save("of c", "weather", "fog");
    c.kill();
    a.run(&alter("SET (stability_timeout_s = 1)"));
    let told = format!("SELECT last_error LIKE '%{away}%EXCUSE PEER%' FROM nebulus.networks");
    a.wait_for_value(&told, "t");
    assert_eq!(b.error_code(&alter(&format!("EXCUSE PEER '{away}'"))), "42501");
    a.run(&alter(&format!("EXCUSE PEER '{away}'")));
    assert_eq!(a.error_code(&alter(&format!("EXCUSE PEER '{away}'"))), "42710");
    b.wait_for_value("SELECT array_to_string(excused, ',') FROM nebulus.networks", &away);
    a.run("DELETE FROM memory WHERE id = 'gone'");
    b.wait_for_value("SELECT count(*) FROM memory WHERE id = 'gone'", "0");
    c.restart();
    c.run("STAGE MEMORY WHERE id = \"of c\"");
    a.wait_for_entry("of c");
    c.wait_for_value("SELECT count(*) FROM memory WHERE id = 'gone'", "0");
    // It has all that the others have: an owner's node calls it back.
    for node in [&mut *a, &mut *b, &mut *c] {
        node.wait_for_value("SELECT array_to_string(excused, ',') FROM nebulus.networks", "");
    }
}
