//! What must not hold a network up: members that are excused, logs that were too short once, heads that could not be looked at.

use super::world::World;
use crate::sync::engine::io::EngineInput;

#[test]
fn rounds_come_to_their_end_while_an_excused_member_is_connected() {
    let mut world = World::new(3);
    let (waited_for, excused) = ([0, 2], 1);
    // It is between the others in every order, and heard by one of them alone.
    world.connect(0, 1);
    world.connect(0, 2);
    for key in 0..20 {
        world.write(0, key, Some(key));
    }
    world.run_for(5_000);
    let peer = world.peer(excused);
    (0..3).for_each(|node| world.reconfigure(node, |config| config.excused = vec![peer.clone()]));
    world.write(0, 3, None);
    world.run_for(30_000);
    assert!(waited_for.iter().all(|node| world.nodes[*node].database.tombstones() == 0), "nobody waits for it");
    assert_eq!(world.nodes[excused].collected, 0, "nor does it act on what the others have agreed on");
    let rounds = world.nodes[0].engine.stability.round().0;
    world.run_for(60_000);
    assert!(world.nodes[0].engine.stability.round().0 <= rounds + 2, "a network at rest has nothing to agree on");
    // What it says of the others' round changes nothing of it.
    (0..3).for_each(|node| world.reconfigure(node, |config| config.excused = Vec::new()));
    world.write(0, 4, None);
    world.run_for(30_000);
    assert!((0..3).all(|node| world.nodes[node].database.tombstones() == 0), "it takes part again");
    assert!((0..3).all(|node| world.values(node).len() == 18));
}

#[test]
fn a_log_that_did_not_reach_back_is_asked_again_for_what_it_has() {
    let mut world = World::new(3);
    world.connect(0, 1);
    for key in 0..60 {
        world.write(0, key, Some(key));
    }
    world.run_for(3_000);
    let origin = world.peer(0);
    world.nodes[1].database.prune(&origin, 50);
    world.connect(1, 2);
    world.connect(0, 2);
    world.run_for(3_000);
    assert_eq!(world.values(2).len(), 60);
    let between = world.peer(1);
    assert!(world.nodes[2].sent.contains(&(between, "sync_request")), "its log did not reach back");
    world.disconnect(0, 2);
    // Nothing comes of itself.
    world.nodes[1].never_sends = Some("operation");
    world.write(0, 100, Some(100));
    world.run_for(5_000);
    assert_eq!(world.values(2).get(&100), Some(&100));
    assert_eq!(world.sent(2, "reconcile_request"), 0, "its log has what is lacking");
}

#[test]
fn what_a_heartbeat_says_besides_heads_holds_although_they_could_not_be_looked_at() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.run_for(30_000);
    world.nodes[0].never_sends = Some("operation");
    world.nodes[1].failing_looks = 1;
    world.stage(0, 1, Some(1));
    world.input(0, EngineInput::SyncRequested { number: 7 });
    world.run_for(300);
    assert_eq!(world.nodes[1].failing_looks, 0);
    let answered = world.nodes[0].reports.iter().map(|(number, report)| (*number, report.peers)).collect::<Vec<_>>();
    assert_eq!(answered, [(7, 1)]);
    world.run_for(20_000);
    assert_eq!(world.values(1).get(&1), Some(&1), "its heads were asked for once more");
}
