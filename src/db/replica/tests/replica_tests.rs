//! Two and three databases that exchange deltas by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::database::Database;
use crate::db::open::load::DatabaseOptions;
use crate::db::pending::on_conflict::OnConflict;
use crate::db::pending::write_set::EntryKey;
use crate::db::records::origin;
use crate::db::replica::posting::own_chain::OwnChain;
use crate::db::replica::posting::repost;
use crate::db::replica::receiving::public_view::PublicPage;
use crate::db::replica::receiving::verify_states::OfferedStates;
use crate::db::replica::rights::charter::CharterNews;
use crate::db::state::clock::Clock;
use crate::error::ErrorKind;
use crate::model::{
    AdoptedHeads, Adoption, Buckets, Bytes, Head, HeadAdoption, LogRead, NetworkId, NetworkOptions, Run, Shares, Stage,
    Verdict, Who,
};
use crate::store::KeySource;
use crate::types::Value;

#[path = "charter_tests.rs"]
mod charter;
#[path = "drops_tests.rs"]
mod drops;
#[path = "faults_tests.rs"]
mod faults;
#[path = "format_tests.rs"]
mod format;
#[path = "held_share_tests.rs"]
mod held_share;
#[path = "lies_tests.rs"]
mod lies;
#[path = "own_stamps_tests.rs"]
mod own_stamps;
#[path = "rebirth_tests.rs"]
mod rebirth;
#[path = "renewal_tests.rs"]
mod renewal;
#[path = "stops_tests.rs"]
mod stops;

const SECRET: &str = "a secret for tests";
const START_MS: u64 = 1_700_000_000_000;

/// Entries as a member sends them.
fn offered(page: PublicPage) -> OfferedStates {
    OfferedStates { entries: page.entries, postings: page.postings, ..OfferedStates::default() }
}

struct Node {
    runtime: tokio::runtime::Runtime,
    database: Database,
    wall: Arc<AtomicU64>,
    directory: tempfile::TempDir,
}

fn open(directory: &Path, wall: &Arc<AtomicU64>) -> Database {
    Database::open(&DatabaseOptions {
        data_directory: directory.join("data"),
        key_directory: directory.join("keys"),
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: false,
        clock: Clock::Manual(Arc::clone(wall)),
        row_compiler: crate::db::no_row_compiler,
    })
    .unwrap()
}

impl Node {
    /// A node in network "n" with the collection "memory" attached, where all members may delete what others made.
    fn new() -> Node {
        let node = Node::unattached();
        node.define(|transaction| {
            transaction.attach_collection("memory", "n", None).unwrap();
            transaction.set_rights("n", "memory", (None, Some(Who::Members))).unwrap();
        });
        node
    }

    fn unattached() -> Node {
        let node = Node::alone();
        node.define(|transaction| {
            transaction.create_network("n", NetworkOptions::default(), Some(SECRET), Vec::new(), None).unwrap();
        });
        node
    }

    /// A node that has joined "n" and was told its charter by a member.
    fn member_of(other: &Node) -> Node {
        let node = Node::joining(None);
        assert_eq!(node.hear(other.told()), Ok(Adoption::News));
        node
    }

    /// A node that has joined "n" and met nobody.
    fn joining(founder: Option<&str>) -> Node {
        let node = Node::alone();
        node.define(|transaction| {
            let bootstrap = vec!["/ip4/127.0.0.1/tcp/1".to_string()];
            transaction.create_network("n", NetworkOptions::default(), Some(SECRET), bootstrap, founder).unwrap();
            transaction.attach_collection("memory", "n", None).unwrap();
        });
        node
    }

    /// What it tells others of its charter, with the secret of the present epoch.
    fn told(&self) -> CharterNews {
        self.database.replica().charter_news(self.network()).unwrap().unwrap()
    }

    fn hear(&self, news: CharterNews) -> Result<Adoption, ErrorKind> {
        self.runtime.block_on(self.database.replica().adopt_charter(self.network(), news)).map_err(|error| error.kind())
    }

    fn alone() -> Node {
        let directory = tempfile::tempdir().unwrap();
        let wall = Arc::new(AtomicU64::new(START_MS));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let database = open(directory.path(), &wall);
        Node { runtime, database, wall, directory }
    }

    /// The node after a stop and a start.
    fn restarted(self) -> Node {
        let Node { database, directory, wall, runtime } = self;
        database.shutdown().unwrap();
        drop(database);
        Node { database: open(directory.path(), &wall), directory, wall, runtime }
    }

    fn define(&self, change: impl FnOnce(&mut crate::db::write::transaction::transaction::Transaction)) {
        let mut transaction = self.database.begin();
        change(&mut transaction);
        self.runtime.block_on(transaction.commit()).unwrap();
    }

    fn network(&self) -> NetworkId {
        self.database.catalog().network("n").unwrap().id
    }

    fn key(&self, id: &str) -> EntryKey {
        let transaction = self.database.begin();
        let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
        transaction.key(&collection, vec![Value::text(id)]).unwrap()
    }

    /// Inserts or updates an entry and puts it on the stage, or not.
    fn write(&self, id: &str, metadata: &str, stage: Stage) {
        self.write_all(&[(id, metadata)], stage);
    }

    fn write_all(&self, entries: &[(&str, &str)], stage: Stage) {
        self.define(|transaction| {
            let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
            for (id, metadata) in entries {
                let key = transaction.key(&collection, vec![Value::text(*id)]).unwrap();
                let metadata = Value::Json((*metadata).into());
                if transaction.view().exists(&collection, &key).unwrap() {
                    transaction.update(&collection, &key, vec![(1, metadata)]).unwrap();
                } else {
                    let vector = Value::Vector(vec![1.0, 2.0, 3.0].into());
                    let row = vec![Some(Value::text(*id)), Some(metadata), Some(vector), None, None, None];
                    transaction.insert(&collection, row, OnConflict::Fail).unwrap();
                }
                if stage == Stage::PostPending {
                    transaction.set_stage(&collection, &key, stage).unwrap();
                }
            }
        });
    }

    fn delete(&self, id: &str) {
        let key = self.key(id);
        self.define(|transaction| {
            let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
            assert!(transaction.delete(&collection, &key).unwrap());
        });
    }

    fn post(&self) -> u64 {
        let head = self.runtime.block_on(self.database.replica().post_staged(self.network())).unwrap();
        head.map_or(0, |head| head.seq)
    }

    /// Everything that `self` has of every origin and `other` lacks, in runs of at most `bytes`.
    fn send_to(&self, other: &Node, bytes: usize) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for head in self.database.replica().heads(self.network()).unwrap() {
            let mut next = 1;
            while next <= head.seq {
                let read = self.database.replica().read_log(self.network(), &head.origin, next, bytes).unwrap();
                let LogRead::Deltas(deltas) = read else { panic!("the log is pruned") };
                next = deltas.last().unwrap().seq + 1;
                verdicts.push(other.apply(Run { origin: head.origin.clone(), deltas }));
            }
        }
        verdicts
    }

    fn apply(&self, run: Run) -> Verdict {
        self.runtime.block_on(self.database.replica().apply_run(self.network(), run, None)).unwrap().verdict
    }

    fn metadata(&self, id: &str) -> Option<String> {
        let view = self.database.view();
        let collection = Arc::clone(view.catalog().expect_collection("memory").unwrap());
        let row = view.row(&collection, &self.key(id)).unwrap()?;
        row.get(1).and_then(Value::as_str).map(str::to_string)
    }

    fn fingerprint(&self) -> Vec<[u8; 16]> {
        self.database.replica().public_view(self.network()).unwrap().fingerprints("memory").unwrap()
    }

    /// All bodies that the log holds, one after the other.
    fn log(&self) -> Vec<u8> {
        let me = self.database.peer_id();
        match self.database.replica().read_log(self.network(), &me, 1, usize::MAX).unwrap() {
            LogRead::Deltas(deltas) => deltas.iter().flat_map(|delta| delta.body.to_vec()).collect(),
            LogRead::Pruned { .. } => panic!("the log is pruned"),
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn only_what_was_staged_is_posted_and_arrives_alike() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"topic": "weather"}"#, Stage::PostPending);
    a.write("two", r#"{"topic": "canary-private"}"#, Stage::Private);
    assert_eq!(a.post(), 1);
    assert_eq!(a.post(), 0, "nothing is left on the stage");
    assert!(contains(&a.log(), "weather") && !contains(&a.log(), "canary-private"));
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Applied]);
    assert_eq!(b.metadata("one").unwrap(), r#"{"topic": "weather"}"#);
    assert_eq!(b.metadata("two"), None);
    assert_eq!(a.fingerprint(), b.fingerprint());
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Applied], "a second time changes nothing");
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_private_edit_of_a_posted_entry_stays_here_and_merges_with_what_comes() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1, "y": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    b.wall.fetch_add(1000, Ordering::Relaxed);
    b.write("one", r#"{"x": 2, "y": 1}"#, Stage::Private);
    assert_eq!(a.fingerprint(), b.fingerprint(), "the public state is what it was");
    a.wall.fetch_add(2000, Ordering::Relaxed);
    a.write("one", r#"{"x": 1, "y": 3}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 2, "y": 3}"#);
    assert_eq!(a.fingerprint(), b.fingerprint());
    b.define(|transaction| {
        let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
        let key = transaction.key(&collection, vec![Value::text("one")]).unwrap();
        assert!(transaction.revert(&collection, &key).unwrap());
    });
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 1, "y": 3}"#);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn both_sides_write_and_end_alike() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"from": "a", "a": 1}"#, Stage::PostPending);
    b.wall.fetch_add(5, Ordering::Relaxed);
    b.write("one", r#"{"from": "b", "b": 1}"#, Stage::PostPending);
    a.post();
    b.post();
    a.send_to(&b, usize::MAX);
    b.send_to(&a, usize::MAX);
    assert_eq!(a.metadata("one"), b.metadata("one"));
    assert_eq!(a.metadata("one").unwrap(), r#"{"a": 1, "b": 1, "from": "b"}"#);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn deleting_a_posted_entry_posts_its_tombstone_and_it_does_not_come_back() {
    let (a, b, c) = (Node::new(), Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    a.send_to(&c, usize::MAX);
    a.delete("one");
    assert_eq!(a.post(), 2);
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one"), None);
    // The peer that was away sends what it has.
    assert!(c.send_to(&b, usize::MAX).iter().all(|verdict| *verdict == Verdict::Applied));
    assert_eq!(b.metadata("one"), None);
    a.send_to(&c, usize::MAX);
    assert_eq!(c.fingerprint(), a.fingerprint());
    let heads = a.database.replica().heads(a.network()).unwrap();
    let stable: Vec<_> = heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
    let collect =
        |node: &Node| node.runtime.block_on(node.database.replica().collect_tombstones(node.network(), stable.clone()));
    assert_eq!((collect(&a).unwrap(), collect(&b).unwrap(), collect(&c).unwrap()), (1, 1, 1));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_posting_in_pieces_shows_at_once() {
    let (a, b) = (Node::new(), Node::new());
    let ids: Vec<String> = (0..20).map(|number| format!("entry-{number:02}")).collect();
    let entries: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), r#"{"x": 1}"#)).collect();
    a.write_all(&entries, Stage::PostPending);
    assert_eq!(a.post(), 20);
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 1, usize::MAX).unwrap()
    else {
        panic!("pruned");
    };
    let (first, rest) = deltas.split_at(7);
    let run = |deltas: &[crate::model::Delta]| Run { origin: a.database.peer_id(), deltas: deltas.to_vec() };
    assert_eq!(b.apply(run(rest)), Verdict::Gap);
    assert_eq!(b.apply(run(first)), Verdict::Applied);
    assert_eq!(b.metadata("entry-00"), None);
    assert_eq!(b.database.replica().heads(b.network()).unwrap()[0].seq, 0);
    assert_eq!(b.apply(run(rest)), Verdict::Applied);
    assert!(ids.iter().all(|id| b.metadata(id).is_some()));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn forged_and_forked_runs_change_nothing() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 1, usize::MAX).unwrap()
    else {
        panic!("pruned");
    };
    let origin = a.database.peer_id();
    for at in 0..3 {
        let mut changed = deltas.clone();
        let delta = &mut changed[0];
        let mut bytes = if at == 0 { delta.body.to_vec() } else { delta.signature.as_ref().unwrap().to_vec() };
        let position = if at == 2 { 5 } else { bytes.len() - 1 };
        bytes[position] ^= 1;
        if at == 0 {
            delta.body = Bytes::new(bytes);
        } else {
            delta.signature = Some(Bytes::new(bytes));
        }
        let verdict = b.apply(Run { origin: origin.clone(), deltas: changed });
        // A changed body under the origin's true signature cannot be told from a fork: neither is taken.
        assert!(matches!(verdict, Verdict::Forged { .. } | Verdict::Fork { .. }), "{verdict:?}");
        assert_eq!(b.metadata("one"), None);
    }
    assert_eq!(b.apply(Run { origin, deltas }), Verdict::Applied);
}

#[test]
fn a_stamp_from_the_future_waits_until_it_is_due() {
    let (a, b) = (Node::new(), Node::new());
    a.write("now", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.wall.fetch_add(3_600_000, Ordering::Relaxed);
    a.write("later", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    let due_ms = START_MS + 3_600_000 - 300_000;
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Early { due_ms }]);
    assert!(b.metadata("now").is_some() && b.metadata("later").is_none());
    b.wall.store(due_ms, Ordering::Relaxed);
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Applied]);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn detaching_makes_everything_private_again() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    b.define(|transaction| transaction.leave_network("n").unwrap());
    assert!(b.database.catalog().network("n").is_none());
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 1}"#);
    b.define(|transaction| {
        transaction.create_network("n", NetworkOptions::default(), Some(SECRET), Vec::new(), None).unwrap();
        transaction.attach_collection("memory", "n", None).unwrap();
    });
    assert_eq!(b.fingerprint(), Node::new().fingerprint(), "nothing is public after a new start");
    a.send_to(&b, usize::MAX);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn what_came_before_a_collection_was_attached_shows_afterwards() {
    let (a, b) = (Node::new(), Node::unattached());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one"), None);
    b.define(|transaction| transaction.attach_collection("memory", "n", None).unwrap());
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 1}"#);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn states_travel_without_the_log() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    let view = a.database.replica().public_view(a.network()).unwrap();
    let first = view.entries_after("memory", &Buckets::all(), None, 1).unwrap();
    let second = view.entries_after("memory", &Buckets::all(), first.next.as_deref(), usize::MAX).unwrap();
    assert_eq!((first.entries.len(), second.entries.len(), &second.next), (1, 1, &None));
    for page in [first, second] {
        let replica = b.database.replica();
        let merged = replica.merge_states(b.network(), "memory".to_string(), offered(page), false);
        assert_eq!(b.runtime.block_on(merged).unwrap().news, 1);
    }
    let known = vec!["memory".to_string()];
    let adoption = HeadAdoption { heads: view.heads().to_vec(), partial: Vec::new(), known };
    let adopted = b.runtime.block_on(b.database.replica().adopt_heads(b.network(), adoption)).unwrap();
    assert_eq!(adopted, AdoptedHeads { heads: view.heads().to_vec(), partial: Vec::new() });
    assert_eq!(a.fingerprint(), b.fingerprint());
    a.write("three", r#"{"x": 3}"#, Stage::PostPending);
    a.post();
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 3, usize::MAX).unwrap()
    else {
        panic!("pruned");
    };
    assert_eq!(b.apply(Run { origin: a.database.peer_id(), deltas }), Verdict::Applied);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_small_log_loses_postings_as_a_whole() {
    let node = Node::new();
    node.write_all(&[("one", r#"{"x": 1}"#), ("two", r#"{"x": 2}"#), ("three", r#"{"x": 3}"#)], Stage::PostPending);
    assert_eq!(node.post(), 3);
    node.write("four", r#"{"x": 4}"#, Stage::PostPending);
    assert_eq!(node.post(), 4);
    let mut floors = Vec::new();
    for log_bytes_max in (0..2_000).rev().step_by(10) {
        let options = NetworkOptions { log_bytes_max, ..NetworkOptions::default() };
        node.define(|transaction| transaction.alter_network("n", options).unwrap());
        node.runtime.block_on(node.database.replica().prune_log(node.network(), Vec::new())).unwrap();
        let read = node.database.replica().read_log(node.network(), &node.database.peer_id(), 1, usize::MAX).unwrap();
        floors.push(match read {
            LogRead::Deltas(_) => 1,
            LogRead::Pruned { floor } => floor,
        });
    }
    floors.dedup();
    assert_eq!(floors, [1, 4, 5]);
}

#[test]
fn what_is_posted_once_more_comes_under_the_numbers_of_who_does_it() {
    let (a, b, c) = (Node::new(), Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    b.write("private", r#"{"x": 3}"#, Stage::Private);
    let view = b.database.replica().public_view(b.network()).unwrap();
    let page = view.entries_after("memory", &Buckets::all(), None, usize::MAX).unwrap();
    let mut keys: Vec<Bytes> = page.entries.into_iter().map(|entry| entry.key).collect();
    let private = b.key("private");
    keys.push(Bytes::new(private.as_bytes()));
    let reposted = b.runtime.block_on(b.database.replica().repost(b.network(), "memory".to_string(), keys)).unwrap();
    assert_eq!(reposted, 2, "and nothing that is private");
    let LogRead::Deltas(deltas) =
        b.database.replica().read_log(b.network(), &b.database.peer_id(), 1, usize::MAX).unwrap()
    else {
        panic!("the log is pruned")
    };
    assert_eq!(c.apply(Run { origin: b.database.peer_id(), deltas }), Verdict::Applied);
    assert_eq!((c.metadata("one"), c.metadata("two")), (a.metadata("one"), a.metadata("two")));
    assert_eq!(c.metadata("private"), None);
    // Who knew them by the other numbers agrees in the end.
    a.send_to(&c, usize::MAX);
    b.send_to(&a, usize::MAX);
    assert_eq!(a.fingerprint(), c.fingerprint());
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn auth_entries_and_unique_indexes_stay_out_of_networks() {
    let a = Node::new();
    let mut transaction = a.database.begin();
    let refused = transaction.attach_collection("auth", "n", None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InsufficientPrivilege);
    let twice = transaction.attach_collection("memory", "n", None).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::ObjectInUse);
    let unknown = transaction.attach_collection("memory", "m", None).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::UndefinedObject);
}
