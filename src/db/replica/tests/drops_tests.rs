//! What goes from here for a reason that came from outside goes in small parts, or with somebody's leave.

use super::*;
use crate::db::replica::networks::network_tables::NetworkTable;

const MANY: usize = 150;

/// A node with so many posted entries that it would drop for the word of others.
fn holding(count: usize) -> Node {
    let node = Node::new();
    let options = NetworkOptions { keep_own: false, ..NetworkOptions::default() };
    node.define(|transaction| transaction.alter_network("n", options).unwrap());
    fill(&node, 0, count);
    node
}

fn fill(node: &Node, from: usize, count: usize) {
    let ids: Vec<String> = (from..from + count).map(|number| format!("entry-{number:04}")).collect();
    let entries: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), r#"{"x": 1}"#)).collect();
    node.write_all(&entries, Stage::PostPending);
    node.post();
}

fn stable(node: &Node) -> Vec<(crate::model::PeerId, u64)> {
    node.database.replica().heads(node.network()).unwrap().into_iter().map(|head| (head.origin, head.seq)).collect()
}

fn evict(node: &Node) -> Result<u64, String> {
    let shares = vec![("memory".to_string(), Buckets::none())];
    let evicted = node.runtime.block_on(node.database.replica().evict(node.network(), shares, stable(node)));
    evicted.map_err(|error| format!("{} {error}", error.sqlstate()))
}

/// What the network's rows say of it: last error, trouble of SHOW SYNC, quarantine.
fn shown(node: &Node) -> [Option<String>; 3] {
    let view = node.database.view();
    let text = |table: NetworkTable, column: &str| {
        let place = table.columns().iter().position(|(name, _)| *name == column).unwrap();
        let rows = table.rows(&view).unwrap();
        rows.first().and_then(|row| row[place].as_str().map(str::to_string))
    };
    [
        text(NetworkTable::Networks, "last_error"),
        text(NetworkTable::SyncState, "trouble"),
        text(NetworkTable::Quarantine, "reason"),
    ]
}

#[test]
fn a_large_drop_stops_and_tells_until_it_is_allowed_once() {
    let a = holding(MANY);
    for _ in 0..2 {
        let error = evict(&a).unwrap_err();
        assert!(error.starts_with("54000") && error.contains("150 copies that others hold"), "{error}");
        assert!(a.metadata("entry-0000").is_some());
    }
    for told in shown(&a) {
        assert!(told.as_ref().is_some_and(|told| told.contains("too many at once")), "{told:?}");
    }
    // A stop and a start change nothing of that, nor does the hour.
    let a = a.restarted();
    assert!(evict(&a).is_err());
    a.wall.fetch_add(3_600_000, Ordering::Relaxed);
    assert!(evict(&a).is_err());
    a.define(|transaction| transaction.allow_drop("n").unwrap());
    assert_eq!(shown(&a), [None, None, None]);
    assert_eq!(evict(&a), Ok(MANY as u64));
    assert_eq!(a.metadata("entry-0000"), None);
    fill(&a, MANY, MANY);
    assert!(evict(&a).is_err(), "once");
}

#[test]
fn small_drops_go_unasked_and_add_up_within_an_hour() {
    let a = holding(60);
    assert_eq!(evict(&a), Ok(60));
    fill(&a, 100, 60);
    assert!(evict(&a).is_err(), "60 and 60");
    a.wall.fetch_add(3_600_000, Ordering::Relaxed);
    assert_eq!(evict(&a), Ok(60));
}

#[test]
fn whoever_asks_for_fewer_copies_allows_what_follows() {
    let a = holding(MANY);
    let partial = NetworkOptions {
        replication: crate::model::Replication::Partial,
        keep_own: false,
        ..NetworkOptions::default()
    };
    a.define(|transaction| transaction.alter_network("n", partial.clone()).unwrap());
    assert_eq!(evict(&a), Ok(MANY as u64));
    fill(&a, MANY, MANY);
    a.define(|transaction| transaction.alter_network("n", partial).unwrap());
    assert!(evict(&a).is_err(), "nothing has changed");
}

#[test]
fn tombstones_of_many_that_others_have_deleted_stay_until_somebody_has_looked() {
    let (a, b) = (Node::new(), Node::new());
    fill(&a, 0, MANY);
    a.send_to(&b, usize::MAX);
    let ids: Vec<String> = (0..MANY).map(|number| format!("entry-{number:04}")).collect();
    b.define(|transaction| {
        let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
        for id in &ids {
            let key = transaction.key(&collection, vec![Value::text(id.as_str())]).unwrap();
            assert!(transaction.delete(&collection, &key).unwrap());
        }
    });
    b.post();
    b.send_to(&a, usize::MAX);
    assert_eq!(a.metadata("entry-0000"), None);
    let stable = stable(&b);
    let collect =
        |node: &Node| node.runtime.block_on(node.database.replica().collect_tombstones(node.network(), stable.clone()));
    assert_eq!(collect(&b).unwrap(), MANY as u64, "who has deleted them knows");
    assert_eq!(collect(&a).unwrap_err().sqlstate(), "54000");
    a.define(|transaction| transaction.allow_drop("n").unwrap());
    assert_eq!(collect(&a).unwrap(), MANY as u64);
}

#[test]
fn what_is_drawn_is_of_what_goes_and_random() {
    let a = holding(40);
    let draw = |seed, count_max| {
        let shares = vec![("memory".to_string(), Buckets::none())];
        let replica = a.database.replica();
        let drawn = replica.draw_evictable(a.network(), shares, stable(&a), seed, count_max);
        a.runtime.block_on(drawn).unwrap()
    };
    let all = draw(1, 40);
    assert!(all.are_all && all.entries.len() == 40);
    let (some, others) = (draw(1, 8), draw(2, 8));
    assert!(!some.are_all && some.entries.len() == 8 && some.entries != others.entries);
    assert_eq!(some.entries, all.entries[..8]);
    let key = &some.entries[0].1;
    let page =
        a.database.replica().public_view(a.network()).unwrap().entries_of("memory", std::slice::from_ref(key)).unwrap();
    assert_eq!(*blake3::hash(&page.entries[0].body).as_bytes(), some.entries[0].2);
}
