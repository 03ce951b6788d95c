//! Postings of a clock that stood wrong, and numbers past LEAVE NETWORK.

use super::*;

const THREE_YEARS_MS: u64 = 3 * 365 * 86_400_000;

#[test]
fn what_was_posted_three_years_ahead_goes_out_again_with_stamps_of_now() {
    let (a, b) = (Node::new(), Node::new());
    a.write("before", r#"{"x": 0}"#, Stage::PostPending);
    assert_eq!(a.post(), 1);
    a.wall.fetch_add(THREE_YEARS_MS, Ordering::Relaxed);
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.write("before", r#"{"x": 2}"#, Stage::PostPending);
    assert_eq!(a.post(), 3);
    // Written then, staged and not posted.
    a.write("two", r#"{"x": 1}"#, Stage::PostPending);
    for node in [&a, &b] {
        node.wall.store(START_MS + 1_000, Ordering::Relaxed);
    }
    a.write("three", r#"{"x": 1}"#, Stage::PostPending);
    assert!(matches!(*a.send_to(&b, usize::MAX), [Verdict::Early { .. }]));
    assert_eq!((b.metadata("before").as_deref(), b.metadata("one")), (Some(r#"{"x": 0}"#), None), "a is mute");
    let old = a.database.peer_id();
    let renewed = a.runtime.block_on(a.database.replica().renew_early_origin()).unwrap();
    assert!(renewed.is_some_and(|renewed| renewed != old));
    assert!(a.post() > 0);
    assert!(a.send_to(&b, usize::MAX).iter().all(|verdict| *verdict == Verdict::Applied));
    for (id, metadata) in [("before", 2), ("one", 1), ("two", 1), ("three", 1)] {
        let expected = format!("{{\"x\": {metadata}}}");
        assert_eq!((a.metadata(id), b.metadata(id)), (Some(expected.clone()), Some(expected)), "{id}");
    }
    // Its entries can be written by others again.
    b.wall.fetch_add(1_000, Ordering::Relaxed);
    a.wall.fetch_add(1_000, Ordering::Relaxed);
    b.write("one", r#"{"x": 5}"#, Stage::PostPending);
    b.post();
    b.send_to(&a, usize::MAX);
    assert_eq!(a.metadata("one").as_deref(), Some(r#"{"x": 5}"#));
    assert_eq!(a.runtime.block_on(a.database.replica().renew_early_origin()).unwrap(), None, "once");
}

#[test]
fn what_was_written_three_years_ahead_is_posted_with_stamps_of_now() {
    let (a, b) = (Node::new(), Node::new());
    a.wall.fetch_add(THREE_YEARS_MS, Ordering::Relaxed);
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.wall.store(START_MS + 1_000, Ordering::Relaxed);
    let a = a.restarted();
    assert_eq!(a.post(), 1);
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Applied]);
    a.write("one", r#"{"x": 2}"#, Stage::PostPending);
    assert_eq!(a.post(), 2);
    assert_eq!(a.send_to(&b, usize::MAX), [Verdict::Applied]);
    assert_eq!(b.metadata("one").as_deref(), Some(r#"{"x": 2}"#));
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn numbers_go_on_past_leave_and_join() {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    assert_eq!(a.post(), 1);
    a.send_to(&b, usize::MAX);
    a.define(|transaction| transaction.leave_network("n").unwrap());
    a.define(|transaction| {
        transaction.create_network("n", NetworkOptions::default(), Some(SECRET), Vec::new(), None).unwrap();
        transaction.attach_collection("memory", "n", None).unwrap();
    });
    let a = a.restarted();
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    assert_eq!(a.post(), 2);
    let me = a.database.peer_id();
    let LogRead::Deltas(deltas) = a.database.replica().read_log(a.network(), &me, 2, usize::MAX).unwrap() else {
        panic!("the log has it")
    };
    assert_eq!(b.apply(Run { origin: me, deltas }), Verdict::Applied);
    assert_eq!(b.metadata("two").as_deref(), Some(r#"{"x": 2}"#));
}
