//! Tables in a network: keys that must agree, columns that need not, and numbers of sequences that nobody else gives out.

use super::nodes::{Consortium, NETWORK, Node, SECRET, wait_for};

/// The table whose shape is the network's.
const RIGHT: &str = "CREATE TABLE pairs (x bigint, y bigint, note text, PRIMARY KEY (x, y))";

fn stage(node: &mut Node, table: &str) {
    node.run(&format!("UPDATE {table} SET _stage = 'post-pending'"));
    node.run("SYNC");
}

/// Waits until a node knows how a collection looks in the network: attaching another shape fails then.
fn wait_for_refusal(node: &mut Node, table: &str) -> String {
    let attach = format!("ATTACH COLLECTION {table} TO NETWORK \"{NETWORK}\"");
    wait_for(|| match node.client().query(&attach).failure() {
        Some(error) if error.code == "42P16" => Ok(error.message.clone()),
        Some(error) => panic!("{} {}", error.code, error.message),
        None => {
            node.run(&format!("DETACH COLLECTION {table} FROM NETWORK \"{NETWORK}\""));
            Err(format!("{} attached another shape", node.name))
        }
    })
}

#[test]
fn a_table_with_another_primary_key_is_refused() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.run(RIGHT);
    a.attach("pairs", NETWORK);
    a.run("INSERT INTO pairs VALUES (1, 2, 'one')");
    stage(a, "pairs");
    let wrong = [
        "x bigint, y text, PRIMARY KEY (x, y)",
        "x int, y bigint, PRIMARY KEY (x, y)",
        "x bigint, y bigint, PRIMARY KEY (y, x)",
        "x bigint PRIMARY KEY, y bigint",
        "x bigint, z bigint, PRIMARY KEY (x, z)",
        "x bigint, y bigint",
    ];
    for columns in wrong {
        b.run(&format!("CREATE TABLE pairs ({columns})"));
        let message = wait_for_refusal(b, "pairs");
        assert!(message.contains("the primary key (x bigint, y bigint) in the network"), "{message}");
        assert!(message.contains(" here and "), "{message}");
        b.run("DROP TABLE pairs");
    }
    // Columns besides the key may differ, and that is told.
    b.run("CREATE TABLE pairs (x bigint, y bigint, note int, PRIMARY KEY (x, y))");
    b.attach("pairs", NETWORK);
    b.wait_for_value("SELECT count(*) FROM pairs", "1");
    let differs = "SELECT count(*) > 0 FROM nebulus.quarantine WHERE reason LIKE '%\"pairs\".\"note\"%'";
    b.wait_for_value(differs, "t");
    b.wait_for_value("SELECT bool_or(trouble LIKE '%note%') FROM nebulus.sync_state WHERE collection = 'pairs'", "t");
}

#[test]
fn of_two_shapes_that_were_attached_apart_the_first_is_the_networks() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    b.kill();
    a.run(RIGHT);
    a.attach("pairs", NETWORK);
    a.run("INSERT INTO pairs VALUES (1, 2, 'of a')");
    stage(a, "pairs");
    a.kill();
    b.restart();
    // As many columns of the same types: what b posts can be read as a key of a's.
    b.run("CREATE TABLE pairs (y bigint, x bigint, note text, PRIMARY KEY (y, x))");
    b.attach("pairs", NETWORK);
    b.run("INSERT INTO pairs VALUES (3, 4, 'of b')");
    stage(b, "pairs");
    a.restart();
    let halted = "SELECT bool_and(trouble LIKE '%primary key (y bigint, x bigint) here%') FROM nebulus.sync_state \
                  WHERE collection = 'pairs'";
    b.wait_for_value(halted, "t");
    b.wait_for_value("SELECT last_error LIKE '%primary key%' FROM nebulus.networks", "t");
    b.wait_for_value("SELECT count(*) > 0 FROM nebulus.quarantine WHERE reason LIKE '%primary key%'", "t");
    let (of_b, name) = (b.peer_id(), b.name);
    let posted = format!("origin = '{of_b}' AND reason LIKE '%was posted from a table%'");
    a.wait_for_value(&format!("SELECT count(*) FROM nebulus.quarantine WHERE {posted}"), "1");
    // Everything else goes on, and nothing is lost.
    b.post("w1", "weather", "rain");
    a.wait_for_entry("w1");
    assert_eq!(a.column("SELECT note FROM pairs"), ["of a"]);
    assert_eq!(b.column("SELECT note FROM pairs"), ["of b"], "{name}");
    b.run("INSERT INTO pairs VALUES (5, 6, 'later')");
    b.run("UPDATE pairs SET _stage = 'post-pending' WHERE note = 'later'");
    b.run("SYNC");
    assert_eq!(b.value("SELECT count(*) FROM nebulus.staged"), "1", "it waits");
    b.kill();
    b.restart();
    b.wait_for_value(halted, "t");
    assert_eq!(b.value("SELECT count(*) FROM pairs"), "2");
    // With the right shape all of it comes together.
    b.run(&format!("DETACH COLLECTION pairs FROM NETWORK \"{NETWORK}\""));
    b.run("ALTER TABLE pairs RENAME TO old_pairs");
    b.run(RIGHT);
    b.attach("pairs", NETWORK);
    b.run("INSERT INTO pairs SELECT x, y, note FROM old_pairs");
    stage(b, "pairs");
    a.wait_for_value("SELECT string_agg(note, ', ' ORDER BY note) FROM pairs", "later, of a, of b");
    b.wait_for_value("SELECT string_agg(note, ', ' ORDER BY note) FROM pairs", "later, of a, of b");
}

#[test]
fn members_hear_of_a_table_with_its_first_posting() {
    const COLUMN: &str = "canary_column_5e1f";
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    a.run(&format!("CREATE TABLE plans (id text PRIMARY KEY, {COLUMN} text)"));
    a.attach("plans", NETWORK);
    a.run("INSERT INTO plans VALUES ('private', 'x')");
    a.post("w1", "weather", "rain");
    b.wait_for_entry("w1");
    b.run("SYNC");
    let announced = "SELECT coalesce(bool_or('plans' = ANY(collections)), false) FROM nebulus.peers";
    assert_eq!(b.value(announced), "f");
    a.run("INSERT INTO plans VALUES ('posted', 'y')");
    a.run("UPDATE plans SET _stage = 'post-pending' WHERE id = 'posted'");
    a.run("SYNC");
    b.wait_for_value(announced, "t");
    b.run("CREATE TABLE plans (id text PRIMARY KEY)");
    b.attach("plans", NETWORK);
    b.wait_for_value("SELECT string_agg(id, ',') FROM plans", "posted");
}

#[test]
fn numbers_that_two_nodes_give_out_apart_are_disjoint() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    for node in [&mut *a, &mut *b] {
        node.run("CREATE TABLE items (id bigserial PRIMARY KEY, title text)");
    }
    a.run("INSERT INTO items (title) VALUES ('of before')");
    for node in [&mut *a, &mut *b] {
        node.attach("items", NETWORK);
    }
    b.kill();
    a.run("INSERT INTO items (title) VALUES ('a1'), ('a2')");
    stage(a, "items");
    a.kill();
    b.restart();
    b.run("INSERT INTO items (title) VALUES ('b1'), ('b2')");
    stage(b, "items");
    a.restart();
    let titles = "SELECT string_agg(title, ', ' ORDER BY title) FROM items";
    for node in [&mut *a, &mut *b] {
        node.wait_for_value(titles, "a1, a2, b1, b2, of before");
        assert_eq!(node.value("SELECT min(id) FROM items"), "1", "what there was keeps its number");
        assert_eq!(node.value("SELECT count(*) FROM items WHERE id > 1048576"), "4");
    }
    // A number is as sensible after a crash, and goes up.
    let last = a.value("SELECT max(id) FROM items WHERE title LIKE 'a%'");
    a.kill();
    a.restart();
    let next = a.value("INSERT INTO items (title) VALUES ('a3') RETURNING id");
    assert!(next.parse::<i64>().unwrap() > last.parse::<i64>().unwrap());
}

#[test]
fn a_sequence_of_four_bytes_cannot_be_attached() {
    let mut consortium = Consortium::apart(&["a"]);
    let [a] = consortium.each();
    a.create_network(NETWORK, SECRET);
    a.run("CREATE TABLE small (id serial PRIMARY KEY, title text)");
    let error = a.client().error(&format!("ATTACH COLLECTION small TO NETWORK \"{NETWORK}\""));
    assert_eq!(error.code, "0A000");
    assert!(error.message.contains("\"id\"") && error.message.contains("integer"), "{}", error.message);
    a.run("CREATE TABLE plain (id text PRIMARY KEY)");
    a.attach("plain", NETWORK);
    assert_eq!(a.error_code("ALTER TABLE plain ADD COLUMN number serial"), "0A000");
    a.run("ALTER TABLE plain ADD COLUMN number bigserial");
    a.run("INSERT INTO plain (id) VALUES ('x')");
    assert_eq!(a.value("SELECT number > 1048576 FROM plain"), "t");
}

#[test]
fn who_leaves_and_joins_again_goes_on_with_its_numbers() {
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    let id = b.peer_id();
    b.post("first", "weather", "rain");
    a.wait_for_entry("first");
    b.run(&format!("LEAVE NETWORK \"{NETWORK}\""));
    let addresses = [a.address_by("/udp/"), a.address_by("/tcp/")];
    b.join_network(NETWORK, SECRET, &addresses);
    b.attach("memory", NETWORK);
    b.post("second", "weather", "sun");
    a.wait_for_entry("second");
    let own = format!("SELECT max(seq) FROM nebulus.sync_state WHERE origin = '{id}'");
    a.wait_for_value(&own, "2");
    assert_eq!(a.value("SELECT count(*) FROM nebulus.quarantine"), "0");
    assert_eq!(b.peer_id(), id);
}

#[test]
fn a_column_gets_another_name_and_goes_on_one_side_and_the_other_side_has_it_as_before() {
    const TABLE: &str = "CREATE TABLE notes (id text PRIMARY KEY, body text, mood text, stars int)";
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    for node in [&mut *a, &mut *b] {
        node.run(TABLE);
        node.attach("notes", NETWORK);
    }
    a.run("INSERT INTO notes VALUES ('n1', 'first', 'glad', 1)");
    stage(a, "notes");
    b.wait_for_value("SELECT max(mood) FROM notes WHERE id = 'n1'", "glad");
    b.run("ALTER TABLE notes RENAME COLUMN body TO words");
    b.run("ALTER TABLE notes RENAME COLUMN id TO key");
    b.run("ALTER TABLE notes DROP COLUMN mood");
    let shown = "SELECT words || ' ' || stars FROM notes WHERE key = 'n1'";
    assert_eq!(b.value(shown), "first 1");
    assert_eq!(b.value("SELECT metadata IS NULL FROM notes WHERE key = 'n1'"), "t", "it shows nowhere");
    // What b writes is read by a under the names that both know, and a's values of the column pass through b whole.
    b.run("UPDATE notes SET words = 'of b' WHERE key = 'n1'");
    b.run("INSERT INTO notes VALUES ('n2', 'second', 2)");
    stage(b, "notes");
    a.wait_for_value("SELECT string_agg(body || coalesce(mood, '-'), ' ' ORDER BY id) FROM notes", "of bglad second-");
    a.run("UPDATE notes SET mood = 'sad', stars = 5 WHERE id = 'n2'");
    stage(a, "notes");
    b.wait_for_value("SELECT stars FROM notes WHERE key = 'n2'", "5");
    b.kill();
    b.restart();
    assert_eq!(b.value(shown), "of b 1");
    assert_eq!(b.value("SELECT count(*) FROM information_schema.columns WHERE table_name = 'notes'"), "3");
    // Its types stay, for the sake of what others read.
    let refused = b.client().query("ALTER TABLE notes ALTER COLUMN stars TYPE text");
    assert_eq!(refused.failure().map(|error| error.code.clone()).as_deref(), Some("0A000"));
    // A column of that name shows what the network has.
    b.run("ALTER TABLE notes ADD COLUMN mood text");
    assert_eq!(b.value("SELECT string_agg(mood, ' ' ORDER BY key) FROM notes"), "glad sad");
    b.run("UPDATE notes SET mood = 'calm' WHERE key = 'n1'");
    stage(b, "notes");
    a.wait_for_value("SELECT mood FROM notes WHERE id = 'n1'", "calm");
    a.wait_for_value("SELECT count(*) FROM nebulus.quarantine", "0");
}

#[test]
fn columns_of_all_kinds_reach_the_other_side_and_outlast_a_kill() {
    const TABLE: &str = "CREATE TABLE kinds (id int PRIMARY KEY, tags text[], counts bigint[], span interval, \
                         half halfvec(2), sparse sparsevec(5), flags bit(3), bits bit varying, parts vector[])";
    const SHOWN: &str =
        "SELECT concat_ws(' ', tags, counts, span, half, sparse, flags, bits, parts) FROM kinds WHERE id = 1";
    let mut consortium = Consortium::start(&["a", "b"]);
    let [a, b] = consortium.each();
    for node in [&mut *a, &mut *b] {
        node.run(TABLE);
        node.attach("kinds", NETWORK);
    }
    a.run(
        "INSERT INTO kinds VALUES (1, '{a,NULL,\"b c\"}', '{1,-2}', '1 mon 02:00', '[0.1,2]', '{2:1.5}/5', '101', '', \
         ARRAY['[1]', '[2,3]']::vector[])",
    );
    stage(a, "kinds");
    let expected = "{a,NULL,\"b c\"} {1,-2} 1 mon 02:00:00 [0.099975586,2] {2:1.5}/5 101  {[1],\"[2,3]\"}";
    assert_eq!(a.value(SHOWN), expected);
    b.wait_for_value(SHOWN, expected);
    b.run("UPDATE kinds SET tags = array_append(tags, 'd'), flags = ~flags, sparse = '{}/5' WHERE id = 1");
    stage(b, "kinds");
    let changed = "{a,NULL,\"b c\",d} {1,-2} 1 mon 02:00:00 [0.099975586,2] {}/5 010  {[1],\"[2,3]\"}";
    a.wait_for_value(SHOWN, changed);
    a.kill();
    a.restart();
    assert_eq!(a.value(SHOWN), changed);
    assert_eq!(a.value("SELECT count(*) FROM nebulus.quarantine"), "0");
}
