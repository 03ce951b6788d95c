//! Golden transcripts of the protocol: one scenario a file under `tests/golden/protocol`, with who says what in it.
//! `UPDATE_GOLDEN=1` writes what is said now.

use std::path::Path;

use super::fake::head;
use super::heartbeat;
use super::world::{MEMORY, World, epoch, tuning};
use crate::model::{Buckets, Bytes, NetworkOptions, PeerId, Placement, Replication};
use crate::sync::engine::io::EngineInput;
use crate::sync::engine::limits::Tuning;
use crate::sync::engine::requests::OwnHead;
use crate::sync::protocol::message::{Heartbeat, Message};

/// Compares what was said since the last mark with the golden file of this name.
fn check(world: &World, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/protocol").join(name).with_extension("txt");
    let said: String = world.transcript.iter().map(|line| format!("{line}\n")).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        return std::fs::write(&path, said).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = golden.lines().zip(said.lines()).position(|(golden, said)| golden != said);
    assert!(golden == said, "{} differs from line {:?} on:\n{said}", path.display(), differing.map(|line| line + 1));
}

/// Stability rounds stay out of scenarios that are not about them.
fn without_rounds() -> Tuning {
    Tuning { stability_interval_ms: 600_000, ..tuning() }
}

fn world(count: usize) -> World {
    World::with(count, &without_rounds(), &NetworkOptions::default())
}

#[test]
fn a_posting_reaches_a_member() {
    let mut world = world(3);
    world.mark("three members meet");
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        world.connect(one, two);
    }
    world.run_for(1_500);
    world.mark("peer0 writes");
    world.write(0, 1, Some(1));
    world.run_for(1_000);
    world.mark("SYNC at peer2");
    world.stage(2, 2, Some(2));
    world.input(2, EngineInput::SyncRequested { number: 9 });
    world.run_for(200);
    assert!((0..3).all(|node| world.values(node).len() == 2));
    check(&world, "posting");
}

#[test]
fn a_member_that_was_away_catches_up_from_the_log() {
    let mut world = world(2);
    world.connect(0, 1);
    world.run_for(2_000);
    world.disconnect(0, 1);
    for key in 0..300 {
        world.write(0, key, Some(key));
    }
    world.write(1, 1_000, Some(1));
    world.run_for(3_000);
    world.transcript.clear();
    world.mark("peer1 comes back");
    world.connect(0, 1);
    world.run_for(1_500);
    assert_eq!(world.values(1).len(), 301);
    check(&world, "catching-up");
}

#[test]
fn what_no_log_holds_is_taken_from_states() {
    let mut world = world(2);
    world.connect(0, 1);
    for key in 0..40 {
        world.write(0, key, Some(key));
    }
    world.run_for(3_000);
    world.disconnect(0, 1);
    for key in 20..60 {
        world.write(0, key, Some(key + 100));
    }
    world.run_for(3_000);
    let origin = world.peer(0);
    world.nodes[0].database.prune(&origin, 75);
    world.transcript.clear();
    world.mark("peer1 comes back, and the log of peer0 begins too late");
    world.connect(0, 1);
    world.run_for(1_500);
    assert_eq!(world.values(1), world.values(0));
    check(&world, "reconciliation");
}

#[test]
fn a_newcomer_takes_page_by_page() {
    let mut world =
        World::with(2, &Tuning { snapshot_deltas_min: 100, ..without_rounds() }, &NetworkOptions::default());
    for key in 0..200 {
        world.write(0, key, Some(key));
    }
    world.run_for(3_000);
    world.transcript.clear();
    world.mark("a newcomer meets peer0");
    world.connect(0, 1);
    world.run_for(1_500);
    assert_eq!(world.values(1), world.values(0));
    check(&world, "snapshot");
}

#[test]
fn a_round_of_stability_collects_tombstones() {
    let mut world = World::new(3);
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        world.connect(one, two);
    }
    world.write(0, 1, Some(1));
    world.run_for(1_200);
    world.write(0, 1, None);
    world.run_for(100);
    world.transcript.clear();
    world.mark("everybody has the tombstone");
    world.run_for(3_500);
    assert!((0..3).all(|node| world.nodes[node].database.tombstones() == 0));
    check(&world, "stability");
}

#[test]
fn a_member_is_removed_and_the_secret_changes() {
    let mut world = world(3);
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        world.connect(one, two);
    }
    world.run_for(2_000);
    world.transcript.clear();
    world.mark("peer0 removes peer2 and begins an epoch");
    let removed = world.peer(2);
    world.nodes[0].epoch = epoch(2, "second");
    let decree = |config: &mut crate::sync::engine::io::EngineConfig| {
        (config.epoch, config.charter.edicts, config.removed) = (2, 2, vec![removed.clone()]);
    };
    world.reconfigure(0, decree);
    world.run_for(20);
    world.mark("the database of peer1 has taken it in");
    world.reconfigure(1, decree);
    world.run_for(20);
    world.mark("they meet by the new secret, and peer2 comes by the old one");
    world.connect_with(0, 1, 2);
    world.connect_with(0, 2, 1);
    world.write(0, 1, Some(1));
    world.run_for(1_500);
    assert_eq!((world.values(1).len(), world.values(2).len()), (1, 0));
    check(&world, "removal");
}

#[test]
fn an_absent_entry_is_fetched() {
    let options =
        NetworkOptions { replication: Replication::Partial, replication_factor: 1, ..NetworkOptions::default() };
    let mut world = World::with(2, &without_rounds(), &options);
    let members = vec![world.peer(0), world.peer(1)];
    for node in 0..2 {
        let placement = Placement {
            peer: Some(world.peer(node)),
            copies: 1,
            members: members.clone(),
            collections: vec![MEMORY.into()],
        };
        world.start_anew(node, |config| config.placement = placement);
    }
    let held = Buckets::held_by(&members[0], members.iter(), 1);
    let keys: Vec<u64> = (0..100).filter(|key: &u64| held.hold(&key.to_be_bytes())).take(2).collect();
    world.connect(0, 1);
    world.write(0, keys[0], Some(7));
    world.run_for(2_000);
    world.nodes[1].database.forget(keys[0]);
    world.transcript.clear();
    world.mark("peer1 reads two entries of which peer0 holds the share; the second was never made");
    let keys_read = keys.iter().map(|key| Bytes::new(key.to_be_bytes())).collect();
    let input = EngineInput::FetchRequested { number: 5, collection: MEMORY.into(), keys: keys_read, holder: None };
    world.input(1, input);
    world.run_for(100);
    assert_eq!(world.values(1).get(&keys[0]), Some(&7));
    check(&world, "fetch");
}

#[test]
fn an_old_copy_renews_its_identity() {
    let mut world = world(2);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(2_000);
    world.transcript.clear();
    world.mark("peer1 shows a head of peer0 that peer0 does not know");
    let (this, renewed) = (world.peer(0), PeerId::new("another name"));
    world.nodes[0].own_heads.push_back(Ok(OwnHead::Renewed(renewed)));
    let Message::Heartbeat(shown) = heartbeat() else { unreachable!() };
    let shown = Heartbeat { digest: [9; 16], heads: vec![head(&this, 7, [3; 32])], ..shown };
    world.deliver(1, 0, Message::Heartbeat(shown));
    world.run_for(50);
    world.mark("from here on it is silent");
    world.write(0, 2, Some(2));
    world.input(0, EngineInput::SyncRequested { number: 9 });
    world.run_for(100);
    assert_eq!(world.nodes[0].renewed.len(), 1);
    check(&world, "renewal");
}
