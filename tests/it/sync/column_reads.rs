//! Columns in memory beside what members send: an entry that a delta changes, brings or takes away is read as it is.

use super::nodes::{Consortium, Node, wait_for};

/// Entries that are posted, of which one in fifty is looked for.
const ENTRIES: usize = 300;

/// What a filter finds with and without columns, in one snapshot.
fn found(node: &mut Node) -> Vec<String> {
    let query = "SELECT id FROM memory WHERE metadata->>'topic' = 'rare' ORDER BY id";
    node.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    let with = node.column(query);
    node.run("SET nebulus.columns = off");
    let without = node.column(query);
    node.run("SET nebulus.columns = on");
    node.run("COMMIT");
    assert_eq!(with, without);
    with
}

#[test]
fn what_members_send_is_in_the_columns_of_whoever_reads() {
    let mut consortium = Consortium::start(&["a", "b"]);
    consortium.let_all_delete();
    let [a, b] = consortium.each();
    for number in 0..ENTRIES {
        let topic = if number % 50 == 7 { "rare" } else { "plain" };
        a.save(&format!("e{number:03}"), topic, "text");
    }
    a.stage("metadata.text = \"text\"");
    b.wait_for_value("SELECT count(*) FROM memory", &ENTRIES.to_string());
    assert_eq!(found(b).len(), ENTRIES / 50);
    let used = b.column("EXPLAIN ANALYZE SELECT id FROM memory WHERE metadata->>'topic' = 'rare'").join("\n");
    assert!(used.contains("Columns: 6 of 300 rows"), "{used}");
    // Each round changes, brings and takes away entries; the reader looks while that comes in.
    for round in 0..5 {
        let (first, second) = (format!("e{:03}", round * 11), format!("e{:03}", round * 50 + 7));
        a.run(&format!("SET MEMORY id = \"{first}\" metadata = {{\"topic\": \"rare\", \"text\": \"text\"}}"));
        a.run(&format!("DELETE MEMORY WHERE id = \"{second}\""));
        a.save(&format!("new{round}"), "rare", "text");
        a.stage("metadata.text = \"text\"");
        let wanted = found(a);
        wait_for(|| {
            let seen = found(b);
            if seen == wanted { Ok(()) } else { Err(format!("round {round}: {seen:?}, not {wanted:?}")) }
        });
    }
}
