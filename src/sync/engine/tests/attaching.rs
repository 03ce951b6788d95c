//! Collections that are attached and detached while an engine runs.

use super::world::{MEMORY, World, schema, tuning};
use crate::model::NetworkOptions;
use crate::sync::engine::limits::Tuning;
use crate::sync::protocol::message::CollectionSchema;

#[test]
fn what_waited_on_the_stage_is_posted_once_its_collection_is_attached() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.run_for(3_000);
    world.stage(0, 4, Some(40));
    world.run_for(30_000);
    assert_eq!(world.values(1).get(&4), None, "nobody has said that something is staged");
    let things = CollectionSchema { name: "things".into(), ..schema() };
    world.reconfigure(0, |config| config.collections.push(things));
    world.run_for(1_100);
    assert_eq!(world.values(1).get(&4), Some(&40));
}

#[test]
fn tombstones_that_a_replayed_log_brings_back_go_again() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(3_000);
    world.write(0, 1, None);
    world.run_for(60_000);
    assert!(world.nodes.iter().all(|node| node.database.tombstones() == 0));
    world.nodes[1].database.replay();
    assert_eq!(world.nodes[1].database.tombstones(), 1);
    let things = CollectionSchema { name: "things".into(), ..schema() };
    world.reconfigure(1, |config| config.collections.push(things));
    world.run_for(20_000);
    assert_eq!(world.nodes[1].database.tombstones(), 0);
}

#[test]
fn a_newcomer_pulls_what_its_peer_has_posted_and_detached_since() {
    let tuning = Tuning { snapshot_deltas_min: 10, ..tuning() };
    let mut world = World::with(2, &tuning, &NetworkOptions::default());
    for key in 0..30 {
        world.write(0, key, Some(key));
    }
    world.run_for(5_000);
    let things = CollectionSchema { name: "things".into(), ..schema() };
    world.reconfigure(0, |config| config.collections = vec![things.clone()]);
    world.reconfigure(1, |config| config.collections.push(things));
    world.connect(0, 1);
    world.run_for(10_000);
    assert_eq!(world.values(1).len(), 30);
    assert_eq!(world.sent(1, "reconcile_request"), 0, "states of the collection are not to be had there");
}

/// Whoever joins a network and attaches a collection at once does so while heads are adopted.
#[test]
fn what_is_attached_while_heads_are_adopted_does_not_wait() {
    let tuning = Tuning { snapshot_deltas_min: 10, ..tuning() };
    let mut world = World::with(2, &tuning, &NetworkOptions::default());
    for key in 0..30 {
        world.write(0, key, Some(key));
    }
    world.run_for(5_000);
    world.reconfigure(1, |config| config.collections = Vec::new());
    world.nodes[1].attached_here = vec![MEMORY.into()];
    world.connect(0, 1);
    while world.nodes[1].database.seq(&world.peer(0)) < 30 {
        world.run_for(1);
    }
    world.run_for(20);
    world.reconfigure(1, |config| (config.collections, config.partial) = (vec![schema()], vec![MEMORY.into()]));
    world.run_for(1_000);
    assert_eq!(world.values(1).len(), 30);
    assert!(world.sent(1, "reconcile_request") < 20, "nor is it asked for before it is known");
}

/// A gap is filled by a peer that holds everything up to where it ends; after a second time of being detached it ends later.
#[test]
fn a_gap_is_as_great_as_the_last_time_of_being_detached_left_it() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.write(0, 1, Some(1));
    world.run_for(2_000);
    world.disconnect(0, 1);
    for node in [1, 2] {
        world.reconfigure(node, |config| config.partial = vec![MEMORY.into()]);
    }
    world.connect(1, 2);
    world.run_for(20_000);
    world.disconnect(1, 2);
    // Until node 1 would ask node 2 again.
    world.run_for(650_000);
    for node in [1, 2] {
        world.reconfigure(node, |config| (config.collections, config.partial) = (Vec::new(), Vec::new()));
    }
    world.connect(0, 1);
    world.write(0, 2, Some(2));
    world.run_for(2_000);
    world.disconnect(0, 1);
    let origin = world.peer(0);
    world.nodes[1].database.forget(2);
    world.nodes[1].database.prune(&origin, 2);
    world.reconfigure(1, |config| (config.collections, config.partial) = (vec![schema()], vec![MEMORY.into()]));
    // It holds everything of its heads, and has not heard of the second delta.
    world.reconfigure(2, |config| config.collections = vec![schema()]);
    assert_eq!(world.nodes[2].database.seq(&origin), 1);
    world.connect(1, 2);
    world.run_for(10_000);
    world.disconnect(1, 2);
    world.connect(0, 1);
    world.run_for(30_000);
    assert_eq!(world.values(1).get(&2), Some(&2), "node 0 is asked as well");
}

/// Whoever has left the network and joined it anew keeps its numbers and nothing else: what it has posted itself comes as states.
fn joined_anew() -> World {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.write(1, 1_000, Some(1));
    world.write(0, 1, Some(1));
    world.run_for(2_000);
    world.disconnect(0, 1);
    let (other, this) = (world.peer(0), world.peer(1));
    let database = &mut world.nodes[1].database;
    [1, 1_000].into_iter().for_each(|key| database.forget(key));
    database.heads.remove(&other);
    database.log.clear();
    assert_eq!(database.seq(&this), 1);
    world.start_anew(1, |config| config.partial = vec![MEMORY.into()]);
    for key in 0..500 {
        world.write(0, key, Some(key + 7));
    }
    world.run_for(2_000);
    world
}

#[test]
fn what_logs_give_comes_by_the_log_before_the_rest_is_taken_as_states() {
    let mut world = joined_anew();
    world.connect(0, 1);
    world.run_for(20_000);
    assert_eq!(world.values(1), world.values(0));
    assert_eq!(world.values(1).get(&1_000), Some(&1), "no log gives a node what it has posted itself");
    assert!(!world.nodes[1].engine.is_filling());
    assert_eq!(world.nodes[1].early_states, 0, "a state that runs ahead of the heads may be a part of what was posted");
}

/// A member whose view counts more than it gives keeps nobody from taking over what it holds.
#[test]
fn deltas_that_are_shown_and_not_given_are_waited_for_once() {
    let mut world = joined_anew();
    world.nodes[0].never_sends = Some("sync_response");
    world.connect(0, 1);
    world.run_for(60_000);
    assert_eq!(world.values(1), world.values(0));
    assert_eq!(world.nodes[1].database.seq(&world.peer(0)), 0, "its log gives nothing");
}
