//! What fails on the way, and what is damaged in the store: told as what it is, and without a trace elsewhere.

use super::*;
use crate::db::catalog::roles::OWNER;
use crate::db::replica::holdings::placements::PLACEMENT;
use crate::db::write::commit::commit_queue::Job;
use crate::error::Error;
use crate::model::ScramVerifier;
use crate::model::{Collection, CollectionKind, Column, DefaultValue, Numbering};
use crate::store::{Batch, Key};
use crate::types::ColumnType;

impl Node {
    fn facts(&self) -> Vec<String> {
        let view = self.database.view();
        let collection = Arc::clone(view.catalog().expect_collection("memory").unwrap());
        view.fact_columns(&collection).into_iter().map(|(name, _)| name).collect()
    }

    fn damage(&self, key: &Key<'_>) {
        let mut batch = Batch::new();
        batch.put(key, b"dam");
        self.database.shared().store.write(batch).unwrap();
    }
}

#[test]
fn a_fact_whose_first_commit_failed_is_listed_after_a_restart() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"topic": "weather"}"#, Stage::PostPending);
    a.post();
    let origin = a.database.peer_id();
    let LogRead::Deltas(deltas) = a.database.replica().read_log(a.network(), &origin, 1, usize::MAX).unwrap() else {
        panic!("the log is pruned")
    };
    let (network, run) = (b.network(), Run { origin, deltas });
    let failed = b.database.queue().encode(move |apply| {
        apply.receive(network, &run, (None, true))?;
        Err::<(), _>(Error::new(ErrorKind::Io, "the disk is gone"))
    });
    assert_eq!(b.runtime.block_on(failed).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(b.facts(), Vec::<String>::new());
    a.send_to(&b, usize::MAX);
    assert_eq!(b.facts(), ["topic"]);
    let b = b.restarted();
    assert_eq!(b.facts(), ["topic"]);
    assert_eq!(b.metadata("one").unwrap(), r#"{"topic": "weather"}"#);
}

#[test]
fn a_damaged_placement_is_not_taken_for_none() {
    let node = Node::new();
    node.damage(&Key::SyncRecord(node.network(), PLACEMENT));
    let network = node.network();
    let forgotten = node.database.queue().encode(move |apply| apply.forget_placement(network, "memory"));
    assert_eq!(node.runtime.block_on(forgotten).unwrap_err().kind(), ErrorKind::Corrupted);
}

#[test]
fn a_damaged_count_of_public_blobs_is_not_taken_for_0() {
    let node = Node::new();
    let mut transaction = node.database.begin();
    let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
    let (hash, size) = transaction.put_blob(b"a photo").unwrap();
    let size = Value::Int8(i64::try_from(size).unwrap());
    let row = vec![Some(Value::text("one")), None, None, Some(Value::text(hash.as_str())), Some(size), None];
    transaction.insert(&collection, row, OnConflict::Fail).unwrap();
    node.runtime.block_on(transaction.commit()).unwrap();
    let hash: crate::store::BlobHash = hash.parse().unwrap();
    node.damage(&Key::PublicBlob(collection.id, hash.as_bytes()));
    let key = node.key("one");
    let written = node.database.queue().encode(move |apply| {
        let old = apply.entry_states(&collection, key.as_bytes())?;
        apply.put_states(&collection, key.as_bytes(), &old, (&old.visible, &old.visible), Stage::Private)
    });
    assert_eq!(node.runtime.block_on(written).unwrap_err().kind(), ErrorKind::Corrupted);
}

#[test]
fn a_blob_whose_file_cannot_be_looked_at_is_not_taken_for_absent() {
    let node = Node::new();
    let absent = "ab".repeat(32);
    assert!(!node.database.view().has_blob(&absent).unwrap());
    // A file where the folder of such hashes would be: it can be no folder, and no file is found in it.
    let blobs = node.directory.path().join("data/blobs");
    std::fs::write(blobs.join("ab"), b"").unwrap();
    assert_eq!(node.database.view().has_blob(&absent).unwrap_err().sqlstate(), "58030");
}

#[test]
fn a_sequence_gives_out_its_last_number_and_no_other_behind_it() {
    let node = Node::alone();
    node.define(|transaction| {
        let id = transaction.new_id();
        let numbering = Numbering { start: i64::MAX - 2, ..Numbering::default() };
        let column = Column { default: Some(DefaultValue::Identity), numbering, ..Column::new("id", ColumnType::Int8) };
        let (name, kind, columns) = ("numbered".to_string(), CollectionKind::Table, vec![column]);
        let table = Collection { primary_key: vec![0], ..Collection::new(id, name, kind, columns) };
        transaction.create_collection(table).unwrap();
    });
    let next = |node: &Node| {
        let transaction = node.database.begin();
        let table = Arc::clone(transaction.catalog().expect_collection("numbered").unwrap());
        transaction.next_number_of(&table, 0).map_err(|error| error.sqlstate().to_string())
    };
    assert_eq!([next(&node), next(&node), next(&node)], [i64::MAX - 2, i64::MAX - 1, i64::MAX].map(Ok));
    assert_eq!(next(&node), Err("2200H".to_string()));
    let node = node.restarted();
    assert_eq!(next(&node), Err("2200H".to_string()), "that is remembered");
}

#[test]
fn a_password_waits_for_a_place_in_the_queue() {
    let node = Node::alone();
    let ((begin, begun), (release, released)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let held = node.database.queue().encode(move |_| {
        begin.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    });
    let verifier = ScramVerifier { iterations: 1, salt: Vec::new(), stored_key: Vec::new(), server_key: Vec::new() };
    let database = node.database.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| node.runtime.block_on(held).unwrap());
        begun.recv().unwrap();
        while database.queue().try_send(Job::Sweep).is_ok() {}
        let written = scope.spawn(|| database.set_password(&verifier));
        release.send(()).unwrap();
        written.join().unwrap().unwrap();
    });
    assert_eq!(node.database.password(OWNER).unwrap().unwrap().iterations, 1);
}

#[test]
fn what_waits_to_be_posted_is_listed_while_the_committer_is_busy() {
    let node = Node::new();
    node.write("one", "{}", Stage::PostPending);
    let ((begin, begun), (release, released)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let held = node.database.queue().encode(move |_| {
        begin.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    });
    let listed = std::thread::scope(|scope| {
        scope.spawn(|| node.runtime.block_on(held).unwrap());
        begun.recv().unwrap();
        let listed = node.runtime.block_on(node.database.replica().staged_entries(node.network(), None, 10)).unwrap();
        release.send(()).unwrap();
        listed
    });
    assert_eq!(listed.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["one"]);
}
