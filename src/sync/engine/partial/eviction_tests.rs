//! What a node with a share vouches for, and when it drops what others hold.

use std::collections::BTreeMap;

use crate::model::{
    Buckets, Bytes, CharterDigest, Delta, NetworkId, NetworkOptions, PeerId, Placement, Replication, Run,
};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::io::{EngineAction, EngineConfig, EngineInput, Member, PendingRequest};
use crate::sync::engine::limits::Tuning;
use crate::sync::engine::requests::{Drawn, DrawnEntry};
use crate::sync::engine::requests::{EngineReply, EngineRequest, EvictEntries, KeepPlacement};
use crate::sync::protocol::message::CollectionSchema;

const NOW_MS: u64 = 1_000;

fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

fn collection(name: &str) -> CollectionSchema {
    CollectionSchema { name: name.into(), is_table: false, columns: Vec::new(), primary_key: Vec::new() }
}

fn config(copies: u32) -> EngineConfig {
    EngineConfig {
        this: peer("a"),
        network: NetworkId(1),
        options: NetworkOptions {
            replication: Replication::Partial,
            replication_factor: copies,
            ..NetworkOptions::default()
        },
        epoch: 1,
        removed: Vec::new(),
        charter: CharterDigest::default(),
        excused: Vec::new(),
        is_owner: false,
        owners: Vec::new(),
        awaits_founder: false,
        collections: vec![collection("memory"), collection("notes")],
        shapes: Vec::new(),
        partial: Vec::new(),
        placement: Placement::default(),
        is_returning: false,
        tuning: Tuning::default(),
        seed: 7,
    }
}

/// "a" among "a", "b" and "c".
fn engine(config: EngineConfig) -> Engine {
    let member = |name: &&str| Member {
        peer: peer(name),
        addresses: Vec::new(),
        named_ms: 0,
        signature: Vec::new(),
        reached: Vec::new(),
        introduced_by: None,
        acknowledged: Vec::new(),
        last_seen_ms: 0,
        signed: None,
    };
    Engine::new(config, Vec::new(), ["b", "c"].iter().map(member).collect(), NOW_MS)
}

fn stable() -> BTreeMap<PeerId, u64> {
    BTreeMap::from([(peer("b"), 3)])
}

/// What the engine has asked of the database since the last look.
fn requests(engine: &mut Engine) -> Vec<PendingRequest> {
    let actions = std::mem::take(&mut engine.core.actions).into_iter();
    let pending = |action| match action {
        EngineAction::Request(pending) => Some(pending),
        _ => None,
    };
    actions.filter_map(pending).collect()
}

fn done(engine: &mut Engine, pending: PendingRequest, reply: EngineReply) {
    let mut actions = Vec::new();
    engine.handle(NOW_MS, EngineInput::Done(pending.answer_with(|_| reply)), &mut actions);
    engine.core.actions = actions;
}

/// A round has found these collections whole everywhere.
fn evict(engine: &mut Engine, stable: &BTreeMap<PeerId, u64>, whole: &[String]) {
    engine.eviction.evict(&mut engine.core, stable, whole, false);
}

/// Takes the one request there is, which keeps a placement.
fn place(engine: &mut Engine) -> (PendingRequest, Placement) {
    let mut requests = requests(engine);
    let pending = requests.pop().expect("a placement is kept");
    assert!(requests.is_empty(), "{requests:?}");
    let EngineRequest::KeepPlacement(KeepPlacement { placement }) = pending.request() else { panic!("{pending:?}") };
    let placement = placement.clone();
    (pending, placement)
}

/// An entry is drawn of what is going to be dropped; nobody is there to be asked for it.
fn draw(engine: &mut Engine) {
    let mut requests = requests(engine).into_iter();
    let drawn = requests.find(|pending| matches!(pending.request(), EngineRequest::DrawEvictable(_)));
    let drawn = drawn.expect("entries are drawn first");
    let entry = DrawnEntry { collection: "memory".into(), key: Bytes::new([1]), hash: [0; 32] };
    done(engine, drawn, EngineReply::DrawEvictable(Ok(Drawn { entries: vec![entry], are_all: true })));
}

#[test]
fn a_node_vouches_for_what_it_holds_whole_and_for_nothing_while_it_drops() {
    let mut engine = engine(EngineConfig { partial: vec!["notes".into()], ..config(1) });
    assert_eq!(engine.eviction.whole_collections(&engine.core), ["memory"]);
    evict(&mut engine, &stable(), &["memory".into(), "notes".into()]);
    assert!(engine.eviction.whole_collections(&engine.core).is_empty());
    let (kept, placement) = place(&mut engine);
    assert_eq!(placement.collections, ["memory"], "what is partial here is not spread");
    done(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    draw(&mut engine);
    assert!(engine.eviction.whole_collections(&engine.core).is_empty());
    let evict = requests(&mut engine).pop().unwrap();
    assert!(
        matches!(evict.request(), EngineRequest::EvictEntries(EvictEntries { shares, .. }) if shares.len() == 1 && shares[0].0 == "memory"),
        "{evict:?}"
    );
    assert!(engine.eviction.whole_collections(&engine.core).is_empty());
    done(&mut engine, evict, EngineReply::EvictEntries(Ok(5)));
    assert_eq!(engine.eviction.whole_collections(&engine.core), ["memory"]);
}

#[test]
fn what_somebody_does_not_hold_whole_stays() {
    let mut engine = engine(config(1));
    evict(&mut engine, &stable(), &[]);
    assert!(requests(&mut engine).is_empty());
    evict(&mut engine, &stable(), &["notes".into()]);
    assert_eq!(place(&mut engine).1.collections, ["notes"]);
}

#[test]
fn nothing_goes_by_a_placement_before_it_is_kept() {
    let mut engine = engine(config(1));
    evict(&mut engine, &stable(), &["memory".into()]);
    let (kept, _) = place(&mut engine);
    assert_eq!(engine.core.shares(), None, "deltas are merged as before");
    done(&mut engine, kept, EngineReply::KeepPlacement(Err(crate::error::Error::internal("the disk is full"))));
    assert_eq!(engine.core.shares(), None);
    assert!(requests(&mut engine).is_empty(), "nothing is dropped");
    evict(&mut engine, &stable(), &["memory".into()]);
    let (kept, _) = place(&mut engine);
    done(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    let shares = engine.core.shares().unwrap();
    assert_eq!(shares.get("memory"), Some(&engine.own_share()));
    assert!(!engine.own_share().are_all());
}

#[test]
fn entries_go_when_no_older_run_is_being_applied() {
    let mut engine = engine(config(1));
    let deltas = vec![Delta { seq: 1, signature: None, body: Bytes::new([1]) }];
    let run = Run { origin: peer("b"), deltas };
    engine.log.queue_run(&mut engine.core, &peer("b"), run);
    let applying = requests(&mut engine).pop().unwrap();
    evict(&mut engine, &stable(), &["memory".into()]);
    let (kept, _) = place(&mut engine);
    done(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    assert!(requests(&mut engine).is_empty());
    done(&mut engine, applying, EngineReply::ApplyRun(Err(crate::error::Error::internal("whatever became of it"))));
    draw(&mut engine);
    assert!(requests(&mut engine).iter().any(|pending| matches!(pending.request(), EngineRequest::EvictEntries(_))));
}

#[test]
fn a_removed_member_is_not_told_that_a_comparison_with_it_ends() {
    let placement = Placement {
        peer: Some(peer("a")),
        copies: 1,
        members: ["a", "b", "c"].map(peer).to_vec(),
        collections: vec!["memory".into()],
    };
    let mut engine = engine(EngineConfig { placement: placement.clone(), partial: vec!["notes".into()], ..config(1) });
    let mut actions = Vec::new();
    engine.handle(NOW_MS, EngineInput::PeerUp { peer: peer("c"), epoch: 1, addresses: Vec::new() }, &mut actions);
    engine.core.peers.get_mut(&peer("c")).unwrap().has_told_all = true;
    engine.consider_reconciling();
    assert!(engine.reconciliation.is_with(&peer("c")));
    actions.clear();
    let removed = EngineConfig { placement, removed: vec![peer("c")], ..config(1) };
    engine.handle(NOW_MS, EngineInput::Reconfigured(Box::new(removed)), &mut actions);
    assert!(!engine.reconciliation.is_running());
    let is_to_c = |action: &EngineAction| matches!(action, EngineAction::Send { peer: to, .. } if *to == peer("c"));
    assert!(!actions.iter().any(is_to_c), "{actions:?}");
}

#[test]
fn a_removed_member_leaves_a_share_that_has_to_be_filled() {
    let placement = Placement {
        peer: Some(peer("a")),
        copies: 1,
        members: ["a", "b", "c"].map(peer).to_vec(),
        collections: vec!["memory".into()],
    };
    let mut engine = engine(EngineConfig { placement: placement.clone(), ..config(1) });
    let before = engine.own_share();
    evict(&mut engine, &stable(), &["memory".into()]);
    let (kept, _) = place(&mut engine);
    let mut actions = Vec::new();
    let removed = EngineConfig { placement, removed: vec![peer("c")], ..config(1) };
    engine.handle(NOW_MS, EngineInput::Reconfigured(Box::new(removed)), &mut actions);
    done(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    assert!(
        requests(&mut engine).iter().all(|pending| !matches!(
            pending.request(),
            EngineRequest::DrawEvictable(_) | EngineRequest::EvictEntries(_)
        )),
        "by the old list"
    );
    let after = engine.own_share();
    assert!(after.cover(&before) && after != before);
    assert_eq!(engine.eviction.whole_collections(&engine.core), ["notes"]);
    assert_eq!(engine.core.shares().unwrap().get("memory").map(|share| share.cover(&after)), Some(true));
    assert!(!engine.core.would_hold("memory", b"anything"));
    assert_ne!(after, Buckets::all());
}
