//! What a node holds of a collection that is spread over the members, and what it drops.

use super::*;

#[test]
fn nobody_is_told_of_an_attached_collection_before_the_log_is_applied() {
    let (a, b) = (Node::new(), Node::unattached());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    // The commit of ATTACH alone, as a stop right behind it leaves it.
    let mut transaction = b.database.begin();
    transaction.attach_collection("memory", "n", None).unwrap();
    let attached = Arc::clone(transaction.catalog().network("n").unwrap());
    drop(transaction);
    let queue = b.database.queue();
    let commit = queue
        .encode(move |apply| apply.catalog(&[crate::db::catalog::catalog_change::CatalogChange::PutNetwork(attached)]));
    b.runtime.block_on(commit).unwrap();
    assert_eq!(b.metadata("one"), None);
    assert!(b.database.replica().public_view(b.network()).unwrap().collections().is_empty());
    let Node { database, directory, wall, runtime } = b;
    database.shutdown().unwrap();
    drop(database);
    let b = Node { database: open(directory.path(), &wall), directory, wall, runtime };
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 1}"#);
    assert_eq!(b.database.replica().public_view(b.network()).unwrap().collections(), ["memory"]);
    assert!(b.database.replica().partial_collections(b.network()).unwrap().is_empty());
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn a_collection_attached_behind_a_gap_of_the_log_is_partial() {
    let (a, b) = (Node::new(), Node::unattached());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    // The second delta never comes: its number is covered by a head that a peer showed.
    let heads = a.database.replica().heads(a.network()).unwrap();
    b.runtime
        .block_on(b.database.replica().adopt_heads(b.network(), HeadAdoption { heads, ..HeadAdoption::default() }))
        .unwrap();
    a.write("three", r#"{"x": 3}"#, Stage::PostPending);
    a.post();
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 3, usize::MAX).unwrap()
    else {
        panic!("the log is pruned");
    };
    assert_eq!(b.apply(Run { origin: a.database.peer_id(), deltas }), Verdict::Applied);
    b.define(|transaction| transaction.attach_collection("memory", "n", None).unwrap());
    assert_eq!((b.metadata("one").is_some(), b.metadata("two"), b.metadata("three").is_some()), (true, None, true));
    assert_eq!(b.database.replica().partial_collections(b.network()).unwrap(), ["memory"]);
}

#[test]
fn a_collection_attached_while_a_comparison_goes_on_is_partial() {
    let (a, b) = (Node::new(), Node::unattached());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    // What compares has begun before there was anything to compare, and comes to its end behind the attaching.
    b.define(|transaction| transaction.attach_collection("memory", "n", None).unwrap());
    assert!(b.database.replica().partial_collections(b.network()).unwrap().is_empty(), "nothing is known here");
    let heads = a.database.replica().heads(a.network()).unwrap();
    let adopt = |heads: &[Head], known: &[&str]| {
        let known = known.iter().map(ToString::to_string).collect();
        let adoption = HeadAdoption { heads: heads.to_vec(), partial: Vec::new(), known };
        b.runtime.block_on(b.database.replica().adopt_heads(b.network(), adoption)).unwrap()
    };
    assert_eq!(adopt(&heads, &[]), AdoptedHeads { heads: heads.clone(), partial: vec!["memory".to_string()] });
    assert_eq!(b.database.replica().partial_collections(b.network()).unwrap(), ["memory"]);
    // Nor does another that has not heard of it say that it is whole; one that has compared it does.
    assert_eq!(adopt(&heads, &[]).partial, ["memory"]);
    assert_eq!(adopt(&heads, &["memory"]).partial, Vec::<String>::new());
    assert!(b.database.replica().partial_collections(b.network()).unwrap().is_empty());
}

#[test]
fn what_others_hold_is_dropped_and_what_lies_here_alone_stays() {
    let a = Node::new();
    for id in ["plain", "edited", "staged", "late"] {
        a.write(id, r#"{"x": 1}"#, Stage::PostPending);
        a.post();
    }
    a.write("private", r#"{"x": 1}"#, Stage::Private);
    a.write("edited", r#"{"x": 2}"#, Stage::Private);
    a.write("staged", r#"{"x": 2}"#, Stage::PostPending);
    a.define(|transaction| {
        let options = NetworkOptions { keep_own: false, ..NetworkOptions::default() };
        transaction.alter_network("n", options).unwrap();
    });
    let evict = |shares: Buckets| {
        let stable = vec![(a.database.peer_id(), 3)];
        a.runtime
            .block_on(a.database.replica().evict(a.network(), vec![("memory".to_string(), shares)], stable))
            .unwrap()
    };
    assert_eq!(evict(Buckets::all()), 0, "the own share stays");
    assert_eq!(evict(Buckets::none()), 1, "the fourth posting is not known to be held by others");
    let is_here = ["plain", "edited", "staged", "late", "private"].map(|id| a.metadata(id).is_some());
    assert_eq!(is_here, [false, true, true, true, true]);
    assert_eq!(a.metadata("edited").unwrap(), r#"{"x": 2}"#);
}

#[test]
fn an_entry_with_its_blob_is_not_dropped() {
    let a = Node::new();
    a.define(|transaction| {
        let collection = Arc::clone(transaction.catalog().expect_collection("memory").unwrap());
        let (hash, size) = transaction.put_blob(b"only here").unwrap();
        let size = Value::Int8(i64::try_from(size).unwrap());
        let row = vec![Some(Value::text("blob")), None, None, Some(Value::text(hash)), Some(size), None];
        transaction.insert(&collection, row, OnConflict::Fail).unwrap();
        let key = transaction.key(&collection, vec![Value::text("blob")]).unwrap();
        transaction.set_stage(&collection, &key, Stage::PostPending).unwrap();
    });
    a.post();
    let stable = vec![(a.database.peer_id(), 1)];
    let shares = vec![("memory".to_string(), Buckets::none())];
    assert_eq!(a.runtime.block_on(a.database.replica().evict(a.network(), shares, stable)).unwrap(), 0);
}

#[test]
fn deltas_outside_of_the_share_are_logged_and_reach_an_entry_that_is_fetched() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1, "kept": true}"#, Stage::PostPending);
    a.post();
    let view = a.database.replica().public_view(a.network()).unwrap();
    let key = Bytes::new(a.key("one").as_bytes());
    let page = view.entries_of("memory", std::slice::from_ref(&key)).unwrap();
    a.write("one", r#"{"x": 2, "kept": true}"#, Stage::PostPending);
    a.post();
    let shares: Shares = Arc::new([("memory".to_string(), Buckets::none())].into_iter().collect());
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 1, usize::MAX).unwrap()
    else {
        panic!("the log is pruned");
    };
    let run = Run { origin: a.database.peer_id(), deltas };
    let applied = b.runtime.block_on(b.database.replica().apply_run(b.network(), run, Some(shares))).unwrap();
    assert_eq!((applied.verdict, applied.head.seq), (Verdict::Applied, 2));
    assert_eq!(b.metadata("one"), None);
    a.send_to(&b, usize::MAX);
    assert_eq!(b.metadata("one"), None, "what was logged is not merged later by itself");
    // The holder had applied the first delta only.
    let replica = b.database.replica();
    let fetched =
        replica.merge_fetched(b.network(), "memory".to_string(), offered(page), Vec::new(), view.heads().to_vec());
    assert_eq!(b.runtime.block_on(fetched).unwrap(), 1);
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 2, "kept": true}"#);
    assert_eq!(a.fingerprint(), b.fingerprint());
    // And where it had applied none, and said that there is no such entry.
    let c = Node::new();
    let LogRead::Deltas(deltas) =
        a.database.replica().read_log(a.network(), &a.database.peer_id(), 1, usize::MAX).unwrap()
    else {
        panic!("the log is pruned");
    };
    let shares: Shares = Arc::new([("memory".to_string(), Buckets::none())].into_iter().collect());
    let run = Run { origin: a.database.peer_id(), deltas };
    c.runtime.block_on(c.database.replica().apply_run(c.network(), run, Some(shares))).unwrap();
    let replica = c.database.replica();
    let absent =
        replica.merge_fetched(c.network(), "memory".to_string(), OfferedStates::default(), vec![key], Vec::new());
    c.runtime.block_on(absent).unwrap();
    assert_eq!(a.fingerprint(), c.fingerprint());
}
