//! Engines that talk to each other.

mod attaching;
mod fake;
mod lying;
mod one_word;
mod own_heads;
mod paging;
mod scenarios;
mod standstill;
mod transcript;
mod world;

use crate::model::{Adoption, Bytes, CharterDigest, Delta, NetworkOptions, Run};
use crate::sync::engine::io::{EngineEvent, EngineInput};
use crate::sync::engine::limits::Tuning;
use crate::sync::protocol::message::{Heartbeat, Message, Operation};
use crate::sync::protocol::seeded_random::Random;
use world::{World, epoch, tuning};

fn heartbeat() -> Message {
    Message::Heartbeat(Heartbeat {
        digest: [0; 16],
        heads: Vec::new(),
        complete: false,
        wants_heads: false,
        collections: 0,
        members: 0,
        charter: CharterDigest { founding: 1, edicts: 1 },
        ask: 0,
        answer: 0,
        clock_ms: 0,
        early: None,
    })
}

#[test]
fn a_push_arrives_at_once_and_once() {
    let mut world = World::new(3);
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        world.connect(one, two);
    }
    world.run_for(3_000);
    world.write(0, 1, Some(10));
    world.run_for(20);
    assert!((0..3).all(|node| world.values(node).get(&1) == Some(&10)));
    assert_eq!(world.sent(0, "operation"), 2);
    assert_eq!(world.sent(1, "operation") + world.sent(2, "operation"), 0, "they know that the other was sent it");
    world.write(1, 1, Some(11));
    world.run_for(20);
    assert!((0..3).all(|node| world.values(node).get(&1) == Some(&11)));
}

#[test]
fn staged_entries_are_posted_by_the_interval() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.run_for(3_000);
    world.write(0, 4, Some(40));
    world.run_for(20);
    assert_eq!(world.values(1).get(&4), Some(&40), "the interval was over");
    world.write(0, 5, Some(50));
    world.run_for(500);
    assert_eq!(world.values(1).get(&5), None, "it has begun anew");
    world.run_for(600);
    assert_eq!(world.values(1).get(&5), Some(&50));
}

#[test]
fn a_chain_passes_on_what_it_hears() {
    let mut world = World::new(4);
    for (one, two) in [(0, 1), (1, 2), (2, 3)] {
        world.connect(one, two);
    }
    world.run_for(1_000);
    world.write(0, 1, Some(1));
    world.write(3, 2, Some(2));
    world.run_for(3_000);
    assert!((0..4).all(|node| world.values(node).len() == 2));
}

#[test]
fn an_absent_member_pulls_what_it_missed() {
    let mut world = World::new(3);
    world.connect(0, 1);
    for key in 0..400 {
        world.write(0, key, Some(key));
        world.write(1, 1_000 + key, Some(key));
    }
    world.run_for(5_000);
    world.connect(1, 2);
    world.run_for(3_000);
    assert_eq!(world.values(2).len(), 800);
    assert!(world.sent(2, "sync_request") > 2, "in batches");
    world.disconnect(1, 2);
    world.write(0, 7_000, Some(7));
    world.run_for(2_000);
    world.connect(0, 2);
    world.run_for(2_000);
    assert_eq!(world.values(2).get(&7_000), Some(&7));
    assert_eq!(world.nodes[2].engine.status(world.now_ms).peers.len(), 2);
}

#[test]
fn a_gap_is_filled() {
    let mut world = World::new(2);
    for key in 0..3 {
        world.write(0, key, Some(key));
    }
    world.run_for(100);
    world.connect(0, 1);
    // A push that comes before anything else was told.
    let body = Bytes::new([9]);
    let delta = Delta { seq: 9, signature: Some(Bytes::new([1; 96])), body };
    let run = Run { origin: world.peer(0), deltas: vec![delta] };
    world.deliver(0, 1, Message::Operation(Operation { runs: vec![run], pushed_to: Vec::new() }));
    world.run_for(3_000);
    assert_eq!(world.values(1).len(), 3);
    assert!(world.nodes[1].disconnects.is_empty());
}

#[test]
fn sync_waits_for_the_round_trip() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.connect(0, 2);
    world.run_for(30_000);
    world.stage(0, 1, Some(1));
    world.stage(0, 2, Some(2));
    world.stage(1, 3, Some(3));
    world.input(0, EngineInput::SyncRequested { number: 77 });
    world.run_for(300);
    let (number, report) = world.nodes[0].reports[0];
    assert_eq!((number, report.posted, report.peers), (77, 2, 2));
    assert!((1..3).all(|node| world.values(node).contains_key(&2)));
    world.input(1, EngineInput::SyncRequested { number: 1 });
    world.run_for(300);
    assert_eq!((world.nodes[1].reports[0].1.posted, world.nodes[1].reports[0].1.peers), (1, 1));
    assert_eq!(world.values(0).get(&3), Some(&3));
    // What comes to a node that lacks it is counted.
    world.disconnect(0, 2);
    world.write(0, 4, Some(4));
    world.run_for(1_000);
    world.connect(0, 2);
    world.input(2, EngineInput::SyncRequested { number: 5 });
    world.run_for(500);
    assert_eq!(world.nodes[2].reports[0].1.received, 1);
}

#[test]
fn a_sync_alone_and_one_with_a_silent_peer_end() {
    let mut world = World::new(2);
    world.input(0, EngineInput::SyncRequested { number: 1 });
    world.run_for(10);
    assert_eq!(world.nodes[0].reports[0].1.peers, 0);
    let peer = world.peer(1);
    world.input(0, EngineInput::PeerUp { peer, epoch: 1, addresses: Vec::new() });
    world.input(0, EngineInput::SyncRequested { number: 2 });
    world.run_for(4_900);
    assert_eq!(world.nodes[0].reports.len(), 1);
    world.run_for(200);
    assert_eq!(world.nodes[0].reports.len(), 2);
}

#[test]
fn what_no_log_holds_is_reconciled() {
    let mut world = World::new(3);
    world.connect(0, 1);
    for key in 0..300 {
        world.write(0, key, Some(key));
    }
    world.run_for(3_000);
    // The third knows a part, then it is away while the log is pruned, entries go and others change.
    world.connect(0, 2);
    world.run_for(3_000);
    assert_eq!(world.values(2).len(), 300);
    world.disconnect(0, 2);
    world.write(2, 900, Some(900));
    for key in 0..50 {
        world.write(0, key, Some(key + 1_000));
    }
    world.write(0, 200, None);
    world.run_for(1_000);
    let origin = world.peer(0);
    for node in 0..2 {
        world.nodes[node].database.prune(&origin, 330);
    }
    world.connect(0, 2);
    world.run_for(20_000);
    assert_eq!(world.values(2), world.values(0));
    assert_eq!(world.values(2).get(&49), Some(&1_049));
    assert_eq!(world.values(1).get(&900), Some(&900));
    assert!(!world.values(2).contains_key(&200), "its tombstone is taken over as well");
    let ended = world.nodes[2].events.iter().find_map(|event| match event {
        EngineEvent::ReconciliationEnded { entries, whole, .. } => Some((*entries, *whole)),
        _ => None,
    });
    assert!(ended.is_some_and(|(entries, whole)| (51..100).contains(&entries) && whole), "{ended:?}");
    assert_eq!(world.nodes[2].database.seq(&origin), 351);
    // And after it the log is enough again.
    world.write(0, 5, Some(5_555));
    world.run_for(100);
    assert_eq!(world.values(2).get(&5), Some(&5_555));
}

#[test]
fn a_newcomer_takes_a_snapshot() {
    let mut world = World::new(2);
    for key in 0..2_000 {
        world.write(0, key, Some(key));
    }
    world.run_for(1_000);
    world.connect(0, 1);
    world.run_for(10_000);
    assert_eq!(world.values(1), world.values(0));
    assert_eq!(world.nodes[1].database.seq(&world.peer(0)), 2_000);
    assert_eq!(world.sent(1, "sync_request"), 0);
    assert!(world.sent(1, "reconcile_request") > 10);
    // Whoever made all of it is no newcomer, although it has nothing of others.
    assert_eq!(world.sent(0, "reconcile_request"), 0);
}

#[test]
fn an_audit_finds_what_is_missing() {
    let tuning = Tuning { audit_interval_ms: 10_000, ..tuning() };
    let mut world = World::with(2, &tuning, &NetworkOptions::default());
    world.connect(0, 1);
    for key in 0..100 {
        world.write(0, key, Some(key));
    }
    world.run_for(2_000);
    assert_eq!(world.values(1).len(), 100);
    world.run_for(60_000);
    let audits = |world: &World, node: usize| {
        let is_audit = |event: &&EngineEvent| matches!(event, EngineEvent::ReconciliationEnded { .. });
        world.nodes[node].events.iter().filter(is_audit).count()
    };
    assert!(audits(&world, 0) >= 2 && audits(&world, 1) >= 2);
    assert_eq!(world.values(1), world.values(0));
}

#[test]
fn a_flood_is_banned() {
    let options = NetworkOptions { messages_per_second_max: 50, ..NetworkOptions::default() };
    let mut world = World::with(2, &tuning(), &options);
    for round in 0..4 {
        world.connect(0, 1);
        for _ in 0..200 {
            world.deliver(0, 1, heartbeat());
        }
        world.run_for(500);
        assert!(!world.nodes[1].disconnects.is_empty(), "round {round}");
    }
    let banned = world.nodes[1].events.iter().any(|event| matches!(event, EngineEvent::Banned { .. }));
    let (_, until_ms, _) = world.nodes[1].disconnects.last().unwrap().clone();
    assert!(banned && until_ms > world.now_ms + 30_000);
    world.connect(0, 1);
    assert_eq!(world.nodes[1].engine.status(world.now_ms).connected_peers, 0, "refused while banned");
}

#[test]
fn forged_deltas_are_refused() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.run_for(1_000);
    for _ in 0..3 {
        let delta = Delta { seq: 1, signature: Some(Bytes::new([2; 96])), body: Bytes::new([1]) };
        let run = Run { origin: world.peer(2), deltas: vec![delta.clone()] };
        world.deliver(0, 1, Message::Operation(Operation { runs: vec![run], pushed_to: Vec::new() }));
        world.run_for(100);
    }
    assert!(world.nodes[1].events.iter().any(|event| matches!(event, EngineEvent::Forged { .. })));
    assert!(world.values(1).is_empty());
}

#[test]
fn an_old_epoch_gets_the_new_one_and_nothing_else() {
    let mut world = World::new(2);
    world.write(0, 1, Some(1));
    world.run_for(10);
    world.nodes[0].epoch = epoch(2, "second");
    world.reconfigure(0, |config| config.epoch = 2);
    world.connect_with(0, 1, 1);
    world.run_for(2_000);
    assert_eq!(world.nodes[1].saved_epochs, [2]);
    assert_eq!(world.nodes[0].sent.iter().map(|(_, kind)| *kind).collect::<Vec<_>>(), ["epoch"]);
    assert!(world.values(1).is_empty());
    // The other side learns that its own epoch is over, says so, and both begin anew.
    world.reconfigure(1, |config| config.epoch = 2);
    world.run_for(100);
    assert!(!world.nodes[0].disconnects.is_empty(), "ended early");
    world.connect_with(0, 1, 2);
    world.run_for(2_000);
    assert_eq!(world.values(1).get(&1), Some(&1));
}

#[test]
fn a_changed_charter_is_told_to_members_that_are_there_without_the_secret() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.run_for(2_000);
    assert_eq!(world.sent(0, "epoch") + world.sent(1, "epoch"), 0, "both show the same");
    world.reconfigure(0, |config| config.charter.edicts = 2);
    world.run_for(2_000);
    assert_eq!((world.sent(0, "epoch"), &world.nodes[1].saved_epochs[..]), (1, &[0][..]), "no secret came with it");
    world.reconfigure(1, |config| config.charter.edicts = 2);
    world.run_for(60_000);
    assert_eq!(world.sent(0, "epoch"), 1);
    assert_eq!(world.nodes[0].engine.status(world.now_ms).connected_peers, 1);
}

#[test]
fn two_networks_of_one_name_and_secret_do_not_mix() {
    let mut world = World::new(2);
    world.write(0, 1, Some(1));
    world.reconfigure(1, |config| config.charter.founding = 2);
    world.run_for(1_000);
    world.connect(0, 1);
    world.run_for(5_000);
    assert!(world.values(1).is_empty());
    let status = world.nodes[1].engine.status(world.now_ms);
    assert_eq!(status.connected_peers, 0);
    let said = status.last_error.unwrap();
    assert!(said.contains("peer0") && said.contains("founded"), "{said}");
}

#[test]
fn a_charter_that_nobody_signed_costs_its_sender_the_session() {
    let mut world = World::new(2);
    world.connect(0, 1);
    for _ in 0..3 {
        let forged = Adoption::Forged(world.peer(0));
        world.nodes[1].adoptions.push_back(forged);
        world.deliver(0, 1, Message::Epoch(epoch(9, "forged")));
        world.run_for(100);
    }
    assert!(world.nodes[1].events.iter().any(|event| matches!(event, EngineEvent::Banned { .. })));
}

#[test]
fn a_removed_peer_is_put_out() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.connect(0, 2);
    world.run_for(1_000);
    let removed = world.peer(2);
    world.reconfigure(0, |config| config.removed = vec![removed.clone()]);
    assert!(world.nodes[0].disconnects.iter().any(|(peer, until_ms, _)| *peer == removed && *until_ms == u64::MAX));
    world.connect(0, 2);
    world.run_for(1_000);
    let status = world.nodes[0].engine.status(world.now_ms);
    assert_eq!((status.connected_peers, status.total_peers), (1, 2));
}

#[test]
fn tombstones_go_when_everybody_has_them_and_not_before() {
    let mut world = World::new(3);
    for (one, two) in [(0, 1), (1, 2)] {
        world.connect(one, two);
    }
    for key in 0..20 {
        world.write(0, key, Some(key));
    }
    world.run_for(5_000);
    world.disconnect(1, 2);
    world.write(0, 3, None);
    world.run_for(60_000);
    assert_eq!(world.nodes[0].database.tombstones(), 1, "one member has not seen it");
    world.connect(1, 2);
    world.run_for(60_000);
    assert!((0..3).all(|node| world.nodes[node].database.tombstones() == 0));
    assert!((0..3).all(|node| world.values(node).len() == 19));
    let before = world.sent(1, "stability");
    world.run_for(60_000);
    assert!(world.sent(1, "stability") - before < 10, "a network at rest has nothing to agree on");
}

#[test]
fn status_tells_how_far_a_peer_is_behind() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(5_000);
    let status = world.nodes[0].engine.status(world.now_ms);
    assert_eq!((status.connected_peers, status.total_peers, status.peers[0].behind_deltas), (1, 2, 0));
    assert!(status.last_sync_ms.is_some() && status.peers[0].latency_ms.is_some());
    assert_eq!(status.peers[0].collections, ["memory"]);
    world.disconnect(0, 1);
    world.write(0, 2, Some(2));
    world.run_for(3_000);
    let status = world.nodes[0].engine.status(world.now_ms);
    assert_eq!((status.connected_peers, status.peers[0].behind_deltas), (0, 1));
    assert!(status.peers[0].behind_ms >= 2_900);
}

/// Members come and go, write and delete, and forget parts of their logs.
fn live(seed: u64) -> World {
    let mut random = Random::new(seed);
    let tuning = Tuning { snapshot_deltas_min: 40, audit_interval_ms: 30_000, ..tuning() };
    let mut world = World::with(5, &tuning, &NetworkOptions::default());
    for step in 0..300 {
        let node = usize::try_from(random.below(5)).unwrap();
        let other = usize::try_from(random.below(5)).unwrap();
        match random.below(10) {
            0..5 => {
                let value = (random.below(3) > 0).then_some(step);
                world.write(node, random.below(30), value);
            }
            5 | 6 if node != other => world.connect(node, other),
            7 if node != other => world.disconnect(node, other),
            8 if step % 10 == 0 => {
                let origin = world.peer(other);
                let seq = world.nodes[node].database.seq(&origin);
                world.nodes[node].database.prune(&origin, seq);
            }
            _ => {}
        }
        world.run_for(random.below(2_000));
    }
    world
}

#[test]
fn whatever_happens_members_end_up_with_the_same() {
    let mut reconciled = 0;
    for seed in 0..12 {
        let mut world = live(seed);
        for node in 0..4 {
            world.connect(node, node + 1);
        }
        world.run_for(120_000);
        for node in 1..5 {
            assert_eq!(world.values(node), world.values(0), "seed {seed}, node {node}");
            assert_eq!(world.nodes[node].database.heads(), world.nodes[0].database.heads(), "seed {seed}, node {node}");
        }
        let tombstones: usize = world.nodes.iter().map(|node| node.database.tombstones()).sum();
        assert_eq!(tombstones, 0, "seed {seed}");
        let is_end = |event: &&EngineEvent| matches!(event, EngineEvent::ReconciliationEnded { entries: 1.., .. });
        reconciled += world.nodes.iter().flat_map(|node| &node.events).filter(is_end).count();
    }
    assert!(reconciled > 0, "no log was ever too short");
}
