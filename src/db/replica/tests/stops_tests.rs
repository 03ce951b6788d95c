//! Stops between any two batches of the store, as a kill makes them: what the next start makes of work that was half done.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use super::*;
use crate::error::Result;
use crate::model::EntryRights;

/// Entries that take several batches of any work on all of them.
const MANY: usize = 150;
/// The rights that are set here.
const AUTHORS: EntryRights = EntryRights { writers: Who::Author, deleters: Who::Members };
/// More batches than any work here takes.
const BATCHES_MAX: u64 = 60;

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Does work until the store has taken so many batches more; how many it took, where it has come to its end before. (A work of as
/// many batches may come to its end or be stopped just before, as the threads run: only what the store counts is the same each time.)
async fn up_to(database: &Database, batches: u64, work: impl Future) -> Option<u64> {
    let (mut work, first) = (pin!(work), database.version());
    std::future::poll_fn(|context| {
        if database.version() >= first + batches {
            return Poll::Ready(None);
        }
        context.waker().wake_by_ref();
        work.as_mut().poll(context).map(|_| Some(database.version() - first))
    })
    .await
}

/// Entries by the name of their number.
fn name(number: usize) -> String {
    format!("entry-{number:04}")
}

impl Node {
    /// The node after a stop and a start, with something done to its store in between.
    fn meanwhile(self, change: impl FnOnce(&Path)) -> Node {
        let Node { database, directory, wall, runtime } = self;
        database.shutdown().unwrap();
        drop(database);
        change(&directory.path().join("data").join("rocksdb"));
        Node { database: open(directory.path(), &wall), directory, wall, runtime }
    }

    fn saved(self, folder: &Path) -> Node {
        self.meanwhile(|store| copy_folder(store, folder))
    }

    /// The node with its store as it was when it was saved.
    fn rewound(self, folder: &Path) -> Node {
        self.meanwhile(|store| {
            std::fs::remove_dir_all(store).unwrap();
            copy_folder(folder, store);
        })
    }

    fn fill(&self, from: usize, metadata: &str) {
        let ids: Vec<String> = (from..from + MANY).map(name).collect();
        let entries: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), metadata)).collect();
        self.write_all(&entries, Stage::PostPending);
        self.post();
    }

    fn held(&self) -> usize {
        (0..MANY).filter(|number| self.metadata(&name(*number)).is_some()).count()
    }

    /// Drops all copies, as others were found to hold them; how many went.
    async fn drop_copies(&self) -> Result<u64> {
        let heads = self.database.replica().heads(self.network())?;
        let stable = heads.into_iter().map(|head| (head.origin, head.seq)).collect();
        self.database.replica().evict(self.network(), vec![("memory".to_string(), Buckets::none())], stable).await
    }

    fn stopped(&self) -> bool {
        !self.database.awaited_words().unwrap().is_empty()
    }
}

/// Does the same work from the same store again and again, each time with one batch more before the stop, until it comes to its end;
/// the number of batches that it takes. What the next start makes of each stop is for `check`.
fn after_each_stop(node: Node, work: impl AsyncFn(&Node), check: impl Fn(&Node, bool)) -> u64 {
    let saved = tempfile::tempdir().unwrap();
    let mut node = node.saved(saved.path());
    for batches in 0..BATCHES_MAX {
        let taken = node.runtime.block_on(up_to(&node.database, batches, work(&node)));
        node = node.restarted();
        check(&node, taken.is_some());
        if let Some(taken) = taken {
            return taken;
        }
        node = node.rewound(saved.path());
    }
    panic!("the work has no end");
}

/// Two nodes that know of the same entries; the second one has edited them all, and the first has said that this is for authors,
/// before it heard of that.
fn at_odds() -> (Node, Node) {
    let a = Node::new();
    let b = Node::member_of(&a);
    a.fill(0, r#"{"by": "a"}"#);
    a.send_to(&b, usize::MAX);
    b.fill(0, r#"{"by": "a", "also": "b"}"#);
    a.define(|transaction| transaction.set_rights("n", "memory", (Some(Who::Author), None)).unwrap());
    (a, b)
}

#[test]
fn entries_are_weighed_by_the_rights_of_now_whenever_a_server_stops_meanwhile() {
    let (a, b) = at_odds();
    let (news, saved) = (a.told(), tempfile::tempdir().unwrap());
    let b = b.saved(saved.path());
    let (before, written) = (b.fingerprint(), b.metadata(&name(MANY - 1)));
    assert_eq!(b.hear(news.clone()), Ok(Adoption::News));
    let (expected, counted) = (b.fingerprint(), b.metadata(&name(MANY - 1)));
    assert!(before != expected && written != counted, "an edit by no author is set aside");
    let b = b.rewound(saved.path());
    let hear = async |b: &Node| {
        b.database.replica().adopt_charter(b.network(), news.clone()).await.unwrap();
    };
    let check = |b: &Node, _: bool| {
        let record = b.database.catalog().network("n").unwrap().standing();
        let is_heard = record.rights.iter().any(|(_, eras)| eras.iter().any(|era| era.rights == AUTHORS));
        assert_eq!(b.fingerprint() == expected, is_heard, "as the charter says that is here");
        if !is_heard {
            assert!(b.fingerprint() == before);
            assert_eq!(b.hear(news.clone()), Ok(Adoption::News));
            assert!(b.fingerprint() == expected);
        }
        assert_eq!(b.metadata(&name(MANY - 1)), counted);
        assert!(!b.database.view().set_aside(b.network()).unwrap().is_empty(), "and it is shown");
    };
    let batches = after_each_stop(b, hear, check);
    assert!(batches >= 4, "the charter, steps and what is noted: {batches} batches");
}

/// A node that would drop all it holds for the word of others.
fn dropping() -> Node {
    let node = Node::new();
    let options = NetworkOptions { keep_own: false, ..NetworkOptions::default() };
    node.define(|transaction| transaction.alter_network("n", options).unwrap());
    node.fill(0, r#"{"x": 1}"#);
    node
}

#[test]
fn a_drop_that_is_stopped_stays_so_whenever_a_server_stops_meanwhile() {
    let refused = async |node: &Node| assert_eq!(node.drop_copies().await.unwrap_err().sqlstate(), "54000");
    let check = |node: &Node, has_ended: bool| {
        assert_eq!(node.held(), MANY);
        assert!(node.stopped() || !has_ended);
        node.runtime.block_on(refused(node));
        assert!(node.stopped());
        assert_eq!(node.held(), MANY);
    };
    assert!(after_each_stop(dropping(), refused, check) > 0);
}

#[test]
fn a_leave_to_drop_lets_no_more_than_one_through_whenever_a_server_stops_meanwhile() {
    let node = dropping();
    assert!(node.runtime.block_on(node.drop_copies()).is_err());
    node.define(|transaction| transaction.allow_drop("n").unwrap());
    let drop_all = async |node: &Node| {
        assert_eq!(node.drop_copies().await.unwrap(), MANY as u64);
    };
    let check = |node: &Node, has_ended: bool| {
        let held = node.held();
        assert!(!has_ended || held == 0);
        let is_allowed = node.database.catalog().network("n").unwrap().drop_allowed;
        assert!(held == MANY || !is_allowed, "{held} are left, and the leave stands");
        // What was begun goes on by the same leave where it has not begun, as a small drop, or by another leave.
        if node.runtime.block_on(node.drop_copies()).is_err() {
            assert!(node.stopped() && node.held() == held && held >= 100 && !is_allowed);
            node.define(|transaction| transaction.allow_drop("n").unwrap());
            assert!(!node.stopped());
            assert_eq!(node.runtime.block_on(node.drop_copies()).unwrap(), held as u64);
        }
        assert_eq!(node.held(), 0);
        node.fill(MANY, r#"{"x": 2}"#);
        assert!(node.runtime.block_on(node.drop_copies()).is_err(), "once");
        assert!(node.stopped());
    };
    let batches = after_each_stop(node, drop_all, check);
    assert!(batches >= 4, "the leave, what is noted and steps: {batches} batches");
}
