//! A node whose data directory was copied or put back: it posts under another name, and takes back what it lost.

use super::*;

#[test]
fn a_copied_directory_posts_as_another_origin() {
    let a = Node::new();
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    let Node { database, directory, wall, runtime } = a;
    let old = database.peer_id();
    database.shutdown().unwrap();
    drop(database);
    let copy = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp").arg("-a").arg(directory.path().join(".")).arg(copy.path()).status();
    assert!(copied.unwrap().success());
    let original = Node { database: open(directory.path(), &wall), runtime, wall: Arc::clone(&wall), directory };
    assert_eq!(original.database.peer_id(), old, "a restart keeps the identity");
    let database = open(copy.path(), &wall);
    assert_ne!(database.peer_id(), old);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let copy = Node { runtime, database, wall, directory: copy };
    copy.write("two", r#"{"x": 2}"#, Stage::PostPending);
    assert_eq!(copy.post(), 1);
    copy.send_to(&original, usize::MAX);
    assert_eq!(copy.fingerprint(), original.fingerprint());
    // Both are the author of what either wrote; nothing is taken from the old key.
    assert_eq!(original.hear(copy.told()), Ok(Adoption::News));
    let new = copy.database.peer_id();
    for node in [&copy, &original] {
        let authors = node.database.catalog().network("n").unwrap().authors();
        assert!(authors.same_author(&old, &new) && authors.same_author(&new, &old));
        let view = node.database.view();
        let collection = view.catalog().expect_collection("memory").unwrap().id;
        for (id, maker) in [("one", &old), ("two", &new)] {
            let key = node.key(id);
            let made_by = view.entry_maker(collection, key.as_bytes()).unwrap().unwrap().origin;
            assert_eq!(&made_by, maker);
            assert_eq!(*authors.author_of(&made_by), old.clone().min(new.clone()));
        }
    }
    // What either has ended is not certified again by a start.
    original.define(|transaction| transaction.unlink_peer("n", new.as_str()).unwrap());
    assert_eq!(copy.hear(original.told()), Ok(Adoption::News));
    let copy = copy.restarted();
    assert!(!copy.database.catalog().network("n").unwrap().authors().same_author(&old, &new));
}

#[test]
fn an_old_copy_put_back_posts_again_what_all_its_starts_have_posted() {
    an_old_copy_is_taken_back(|copy| {
        copy.runtime.block_on(copy.database.replica().renew_origin()).unwrap();
        copy
    });
}

#[test]
fn a_renewal_that_a_stop_interrupts_goes_on_at_the_next_start() {
    for steps in 0..3 {
        an_old_copy_is_taken_back(|copy| {
            let shared = copy.database.shared();
            let data = copy.directory.path().join("data");
            repost::note_outdated(shared, &copy.database.peer_id()).unwrap();
            if steps > 0 {
                origin::renew(&data).unwrap();
            }
            if steps > 1 {
                shared.store.write(origin::place_batch(&data, &shared.store.snapshot()).unwrap()).unwrap();
            }
            let copy = copy.restarted();
            assert!(!repost::is_unfinished(copy.database.shared()).unwrap());
            if steps == 0 {
                copy.runtime.block_on(copy.database.replica().renew_origin()).unwrap();
            }
            copy
        });
    }
}

/// All members had it, whatever this node remembers of them: it would come again without its tombstone.
#[test]
fn what_a_collected_tombstone_buried_is_not_taken_back() {
    let (a, b) = (Node::new(), Node::new());
    let old = a.database.peer_id();
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    assert_eq!(a.post(), 1);
    a.send_to(&b, usize::MAX);
    b.delete("one");
    assert_eq!(b.post(), 1);
    b.send_to(&a, usize::MAX);
    let stable = vec![(old.clone(), 1), (b.database.peer_id(), 1)];
    let collect =
        |node: &Node| node.runtime.block_on(node.database.replica().collect_tombstones(node.network(), stable.clone()));
    assert_eq!((collect(&a).unwrap(), collect(&b).unwrap()), (1, 1));
    let a = a.restarted();
    a.runtime.block_on(a.database.replica().renew_origin()).unwrap();
    let heads = a.database.replica().heads(a.network()).unwrap();
    assert_eq!(heads.iter().find(|head| head.origin == old).map(|head| head.seq), Some(1));
    b.send_to(&a, usize::MAX);
    assert_eq!(a.metadata("one"), None);
    assert_eq!(a.fingerprint(), b.fingerprint());
}

/// An old copy of a directory posts under numbers that were used, and gets a new identity from `renew`.
fn an_old_copy_is_taken_back(renew: impl FnOnce(Node) -> Node) {
    let copy_folder = |from: &Path, to: &Path| {
        let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    };
    let (a, b) = (Node::new(), Node::new());
    let old = a.database.peer_id();
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    assert_eq!(a.post(), 1);
    a.send_to(&b, usize::MAX);
    // What `b` has is known before the copy is made.
    let member = format!(r#"{{"peer": "{}", "acknowledged": [["{old}", 1]]}}"#, b.database.peer_id());
    let name = format!("member/{}", b.database.peer_id());
    let replica = a.database.replica();
    let kept = replica.put_sync_record(a.network(), &name, Some(member.into_bytes()));
    a.runtime.block_on(kept).unwrap();
    drop(replica);
    let Node { database, directory, wall, runtime } = a;
    let (store, backup) = (directory.path().join("data/rocksdb"), directory.path().join("backup"));
    database.shutdown().unwrap();
    drop(database);
    copy_folder(&store, &backup);
    let life = Node { database: open(directory.path(), &wall), directory, wall, runtime };
    life.write("two", r#"{"x": 2}"#, Stage::PostPending);
    assert_eq!(life.post(), 2);
    life.send_to(&b, usize::MAX);
    let lost = life.database.replica().heads(life.network()).unwrap();
    let Node { database: last, directory, wall, runtime } = life;
    last.shutdown().unwrap();
    drop(last);
    std::fs::remove_dir_all(&store).unwrap();
    copy_folder(&backup, &store);
    // The copy runs twice before it meets anybody.
    let database = open(directory.path(), &wall);
    let copy = Node { database, directory, wall, runtime };
    copy.write("three", r#"{"x": 3}"#, Stage::PostPending);
    assert_eq!(copy.post(), 2);
    let Node { database, directory, wall, runtime } = copy;
    database.shutdown().unwrap();
    drop(database);
    let copy = Node { database: open(directory.path(), &wall), directory, wall, runtime };
    copy.write("four", r#"{"x": 4}"#, Stage::PostPending);
    assert_eq!(copy.post(), 3);
    assert_eq!(copy.database.peer_id(), old);
    let shown = copy.database.replica().check_own_head(copy.network(), &lost[0]).unwrap();
    assert_eq!(shown, OwnChain::Unknown);
    let copy = renew(copy);
    let heads = copy.database.replica().heads(copy.network()).unwrap();
    assert_eq!(heads.iter().find(|head| head.origin == old).map(|head| head.seq), Some(1));
    assert_eq!(heads.iter().find(|head| head.origin != old).map(|head| head.seq), Some(2), "three and four");
    assert!(copy.send_to(&b, usize::MAX).iter().all(|verdict| *verdict == Verdict::Applied));
    b.send_to(&copy, usize::MAX);
    assert_eq!(copy.fingerprint(), b.fingerprint());
    for id in ["one", "two", "three", "four"] {
        assert!(b.metadata(id).is_some() && copy.metadata(id).is_some(), "{id}");
    }
}
