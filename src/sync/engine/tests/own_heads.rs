//! Heads of a node's own origin that peers show, and origins that told two stories.

use super::fake::head;
use super::heartbeat;
use super::world::World;
use crate::error::Error;
use crate::model::{Bytes, Delta, Head, PeerId, Run, Verdict};
use crate::sync::engine::io::{EngineEvent, EngineInput};
use crate::sync::engine::requests::OwnHead;
use crate::sync::protocol::message::{Heartbeat, Message, Operation};

/// Two nodes, of which the second shows the first a head of the first one's origin.
fn shown(world: &mut World, shown: Head) {
    let Message::Heartbeat(heartbeat) = heartbeat() else { unreachable!() };
    let heartbeat = Heartbeat { digest: [9; 16], heads: vec![shown], ..heartbeat };
    world.deliver(1, 0, Message::Heartbeat(heartbeat));
    world.run_for(50);
}

fn connected() -> World {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(3_000);
    assert_eq!(world.values(1).get(&1), Some(&1));
    world
}

#[test]
fn a_head_that_an_older_copy_cannot_know_gives_it_another_name() {
    let mut world = connected();
    assert!(world.nodes[0].shown_heads.is_empty(), "what the log knows is not looked up");
    let (this, other) = (world.peer(0), PeerId::new("another name"));
    world.nodes[0].own_heads.push_back(Ok(OwnHead::Renewed(other.clone())));
    let later = head(&this, 7, [3; 32]);
    shown(&mut world, later.clone());
    assert_eq!(world.nodes[0].shown_heads, [later]);
    assert_eq!(world.nodes[0].renewed.as_slice(), std::slice::from_ref(&other));
    assert!(world.nodes[0].events.contains(&EngineEvent::Renewed { peer: other }));
    // From here on the engine is silent, but whoever waits for a SYNC is answered.
    let sent = world.nodes[0].sent.len();
    world.write(0, 2, Some(2));
    world.input(0, EngineInput::SyncRequested { number: 5 });
    world.run_for(60_000);
    assert_eq!(world.nodes[0].sent.len(), sent);
    assert_eq!(world.nodes[0].reports.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [5]);
    assert_eq!(world.nodes[0].engine.next_tick_ms(), u64::MAX);
    assert_eq!(world.nodes[0].renewed.len(), 1);
}

#[test]
fn another_story_under_a_used_number_is_looked_up_once_a_session() {
    let mut world = World::new(2);
    world.write(0, 1, Some(1));
    world.write(0, 2, Some(2));
    world.run_for(3_000);
    let this = world.peer(0);
    world.connect(0, 1);
    for _ in 0..3 {
        shown(&mut world, head(&this, 1, [8; 32]));
    }
    assert_eq!(world.nodes[0].shown_heads, [head(&this, 1, [8; 32])]);
    assert!(world.nodes[0].renewed.is_empty());
}

#[test]
fn own_heads_that_nobody_signed_end_in_a_ban() {
    let mut world = connected();
    let this = world.peer(0);
    for seq in 5..8 {
        world.nodes[0].own_heads.push_back(Ok(OwnHead::Forged));
        shown(&mut world, head(&this, seq, [8; 32]));
    }
    assert!(world.nodes[0].events.iter().any(|event| matches!(event, EngineEvent::Banned { .. })));
    assert!(world.nodes[0].renewed.is_empty());
}

#[test]
fn a_posting_that_the_engine_has_not_heard_of_is_no_older_copy() {
    let mut world = connected();
    let this = world.peer(0);
    let posted = head(&this, 2, [8; 32]);
    world.nodes[0].own_heads.push_back(Ok(OwnHead::Known(vec![posted.clone()])));
    shown(&mut world, posted.clone());
    shown(&mut world, posted);
    assert_eq!(world.nodes[0].shown_heads.len(), 1, "it is known from then on");
    assert!(world.nodes[0].renewed.is_empty());
}

/// What was posted at once with a commit is told to the engine by another way than what became of a run.
#[test]
fn what_was_posted_before_a_run_came_is_known_with_the_run() {
    let mut world = connected();
    let (this, now_ms) = (world.peer(0), world.now_ms);
    world.stage(0, 2, Some(2));
    world.nodes[0].database.post(&this, now_ms).unwrap();
    world.run_for(1_000);
    assert_eq!(world.values(1).get(&2), None, "nobody has heard of it");
    world.write(1, 3, Some(3));
    world.run_for(3_000);
    assert_eq!(world.values(0).get(&3), Some(&3));
    assert_eq!(world.values(1).get(&2), Some(&2));
}

#[test]
fn an_own_head_that_could_not_be_looked_up_is_looked_up_again() {
    let mut world = connected();
    let this = world.peer(0);
    world.nodes[0].own_heads.push_back(Err(Error::internal("the disk is gone")));
    for _ in 0..2 {
        shown(&mut world, head(&this, 7, [8; 32]));
    }
    assert_eq!(world.nodes[0].shown_heads.len(), 2);
    assert!(world.nodes[0].events.iter().any(|event| matches!(event, EngineEvent::WorkFailed { .. })));
}

/// A member that is shown a second story, which then goes with the only one who told it.
#[test]
fn a_story_that_nobody_tells_any_more_keeps_nothing_from_newcomers() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(3_000);
    let origin = world.peer(0);
    world.nodes[1].verdict = Some(Verdict::Fork { seq: 2 });
    let delta = Delta { seq: 2, signature: Some(Bytes::new([1; 96])), body: Bytes::new([9]) };
    let run = Run { origin: origin.clone(), deltas: vec![delta] };
    world.deliver(0, 1, Message::Operation(Operation { runs: vec![run], pushed_to: Vec::new() }));
    world.run_for(100);
    assert!(world.nodes[1].events.iter().any(|event| matches!(event, EngineEvent::Forked { .. })));
    world.disconnect(0, 1);
    world.nodes[1].database.prune(&origin, 1);
    world.run_for(60_000);
    world.connect(1, 2);
    world.run_for(60_000);
    assert_eq!(world.nodes[2].database.seq(&origin), 1);
    assert_eq!(world.values(2), world.values(1));
    let began = world.nodes[2].events.iter().filter(|event| matches!(event, EngineEvent::ReconciliationBegan { .. }));
    assert!(began.count() < 5);
}

#[test]
fn heads_that_nobody_signed_are_not_believed_and_count_against_who_shows_them() {
    let mut world = connected();
    let signed = head(&PeerId::new("somebody"), 9, [3; 32]);
    let forged = Head { signature: Bytes::new([0; 64]), ..head(&PeerId::new("nobody"), 1 << 40, [3; 32]) };
    let asked = |world: &World| world.sent(0, "sync_request");
    let before = asked(&world);
    for _ in 0..2 {
        shown(&mut world, forged.clone());
        assert_eq!(asked(&world), before, "nothing is asked for that nobody posted");
    }
    shown(&mut world, signed);
    assert!(asked(&world) > before);
    shown(&mut world, forged);
    assert!(world.nodes[0].events.iter().any(|event| matches!(event, EngineEvent::Banned { .. })));
}
