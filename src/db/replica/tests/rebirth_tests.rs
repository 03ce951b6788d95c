//! Entries that were posted, deleted and inserted again: the deletion is posted, the new life is private.

use super::*;

const NEW: &str = r#"{"x": "canary-new"}"#;

impl Node {
    fn insert_again(transaction: &mut crate::db::write::transaction::transaction::Transaction, id: &str) {
        let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
        let row = vec![Some(Value::text(id)), Some(Value::Json(NEW.into())), None, None, None, None];
        transaction.insert(&collection, row, OnConflict::Fail).unwrap();
    }

    fn change(
        &self,
        id: &str,
        change: impl FnOnce(
            &mut crate::db::write::transaction::transaction::Transaction,
            &Arc<crate::model::Collection>,
            &EntryKey,
        ),
    ) {
        let key = self.key(id);
        self.define(|transaction| {
            let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
            change(transaction, &collection, &key);
        });
    }

    /// Ends the life of an entry and begins another, in one transaction or in two.
    fn replace(&self, id: &str, in_one: bool) {
        if !in_one {
            self.delete(id);
        }
        self.change(id, |transaction, collection, key| {
            if in_one {
                assert!(transaction.delete(collection, key).unwrap());
            }
            Node::insert_again(transaction, id);
        });
    }

    fn stage(&self, id: &str, stage: Stage) {
        self.change(id, |transaction, collection, key| {
            assert!(transaction.set_stage(collection, key, stage).unwrap());
        });
    }

    fn staged(&self) -> usize {
        self.database.view().staged(Some(self.network())).unwrap().len()
    }
}

/// Two nodes that both know one posted entry.
fn pair() -> (Node, Node) {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": "old", "y": 1}"#, Stage::PostPending);
    assert_eq!(a.post(), 1);
    a.send_to(&b, usize::MAX);
    assert!(b.metadata("one").is_some());
    (a, b)
}

#[test]
fn the_deletion_is_posted_and_the_new_life_stays_private() {
    for in_one in [false, true] {
        let (a, b) = pair();
        a.replace("one", in_one);
        assert_eq!(a.staged(), 1, "the deletion waits");
        // In between a stop.
        let a = a.restarted();
        assert_eq!(a.staged(), 1);
        assert_eq!(a.post(), 2);
        assert_eq!((a.post(), a.staged()), (0, 0), "once");
        a.send_to(&b, usize::MAX);
        assert_eq!(b.metadata("one"), None);
        assert_eq!(a.metadata("one").as_deref(), Some(NEW));
        assert!(!contains(&a.log(), "canary-new"));
        assert_eq!(a.fingerprint(), b.fingerprint());
        // The new life takes its own way to the others.
        a.stage("one", Stage::PostPending);
        assert_eq!(a.post(), 3);
        a.send_to(&b, usize::MAX);
        assert_eq!(b.metadata("one").as_deref(), Some(NEW));
        assert_eq!(a.fingerprint(), b.fingerprint());
    }
}

#[test]
fn a_new_life_that_is_staged_before_the_sync_takes_the_deletion_along() {
    for in_one in [false, true] {
        let (a, b) = pair();
        a.replace("one", in_one);
        a.stage("one", Stage::PostPending);
        assert_eq!(a.post(), 2, "both in one delta");
        a.send_to(&b, usize::MAX);
        assert_eq!(b.metadata("one").as_deref(), Some(NEW), "nothing of the old life shows");
        assert_eq!(a.fingerprint(), b.fingerprint());
    }
}

#[test]
fn taking_the_new_life_off_the_stage_leaves_the_deletion_on_it() {
    let (a, b) = pair();
    a.replace("one", false);
    a.stage("one", Stage::PostPending);
    a.stage("one", Stage::Private);
    a.write("one", NEW, Stage::Private);
    assert_eq!(a.staged(), 1);
    assert_eq!(a.post(), 2);
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one"), None);
    assert!(!contains(&a.log(), "canary-new"));
}

#[test]
fn revert_before_the_sync_brings_the_posted_life_back() {
    let (a, b) = pair();
    a.replace("one", false);
    a.change("one", |transaction, collection, key| assert!(transaction.revert(collection, key).unwrap()));
    assert_eq!(a.staged(), 0);
    assert_eq!(a.post(), 0, "there is nothing to post");
    assert_eq!(a.metadata("one"), b.metadata("one"));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_new_life_that_ends_again_tells_nobody_that_it_was() {
    let (a, b) = pair();
    a.replace("one", true);
    a.delete("one");
    assert_eq!((a.staged(), a.post()), (1, 2));
    a.send_to(&b, usize::MAX);
    assert_eq!((a.metadata("one"), b.metadata("one")), (None, None));
    // A life after the posted deletion leaves no trace either.
    a.change("one", |transaction, _, _| Node::insert_again(transaction, "one"));
    a.replace("one", true);
    a.delete("one");
    assert_eq!((a.staged(), a.post()), (0, 0));
    assert_eq!(a.fingerprint(), b.fingerprint());
    let (heads, other) =
        (a.database.replica().heads(a.network()).unwrap(), b.database.replica().heads(b.network()).unwrap());
    assert_eq!(heads, other);
}

#[test]
fn an_attachment_that_posts_at_once_posts_the_new_life() {
    let (a, b) = (Node::unattached(), Node::new());
    a.define(|transaction| transaction.attach_collection("memory", "n", Some(false)).unwrap());
    a.write("one", r#"{"x": "old"}"#, Stage::Private);
    a.replace("one", true);
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one").as_deref(), Some(NEW));
    assert_eq!(a.staged(), 0);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn what_a_peer_does_meanwhile_settles_the_deletion() {
    let (a, b) = pair();
    a.replace("one", false);
    b.delete("one");
    b.post();
    b.send_to(&a, usize::MAX);
    assert_eq!((a.staged(), a.post()), (0, 0), "the peer has told it");
    assert_eq!(a.metadata("one").as_deref(), Some(NEW));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_tombstone_under_a_private_life_is_collected() {
    let (a, b) = pair();
    a.replace("one", false);
    a.post();
    a.send_to(&b, usize::MAX);
    let heads = a.database.replica().heads(a.network()).unwrap();
    let stable: Vec<_> = heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
    let collect =
        |node: &Node| node.runtime.block_on(node.database.replica().collect_tombstones(node.network(), stable.clone()));
    assert_eq!((collect(&a).unwrap(), collect(&b).unwrap()), (1, 1));
    assert_eq!(a.metadata("one").as_deref(), Some(NEW));
    assert_eq!(a.fingerprint(), b.fingerprint());
    a.stage("one", Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one").as_deref(), Some(NEW));
}

#[test]
fn detaching_ends_what_was_to_be_taken_back() {
    let (a, _) = pair();
    a.replace("one", false);
    a.define(|transaction| transaction.detach_collection("memory", "n").unwrap());
    assert_eq!(a.metadata("one").as_deref(), Some(NEW));
    assert!(a.database.view().staged(None).unwrap().is_empty());
}
