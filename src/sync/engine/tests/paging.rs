//! The pages of a snapshot.

use super::world::{MEMORY, World, tuning};
use crate::model::NetworkOptions;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::Tuning;
use crate::sync::protocol::message::{Message, ReconcileAsk, ReconcileRequest};

const ENTRIES: u64 = 300;

/// Node 0 holds entries that are many pages; node 1 holds nothing.
fn world() -> World {
    let tuning = Tuning { snapshot_deltas_min: 10, batch_bytes: 256, ..tuning() };
    let mut world = World::with(2, &tuning, &NetworkOptions::default());
    for key in 0..ENTRIES {
        world.write(0, key, Some(key));
    }
    world.run_for(5_000);
    world
}

fn has_ended(world: &World) -> bool {
    world.nodes[1].events.iter().any(|event| matches!(event, EngineEvent::ReconciliationEnded { .. }))
}

#[test]
fn pages_follow_one_another_without_a_pause() {
    let mut world = world();
    world.connect(0, 1);
    let (mut steps, mut began) = (0, None);
    while !has_ended(&world) && steps < 10_000 {
        world.run_for(1);
        steps += 1;
        began = began.or(Some(steps).filter(|_| world.sent(1, "reconcile_request") > 0));
    }
    assert_eq!(world.values(1), world.values(0));
    let pages = world.sent(0, "reconcile_response") - 1;
    assert!(pages >= 20, "{pages} pages");
    // Question and answer take two milliseconds.
    let taken = steps - began.unwrap();
    assert!(taken < pages * 3 / 2, "{pages} pages took {taken} ms");
    assert_eq!(world.sent(1, "reconcile_request"), pages + 2, "one for each, to open and to close");
}

#[test]
fn whoever_asks_for_a_page_behind_none_is_answered() {
    let mut world = world();
    world.connect(0, 1);
    world.run_for(20_000);
    assert!(has_ended(&world));
    let answered = world.sent(0, "reconcile_response");
    let ask = |number, ask| Message::ReconcileRequest(ReconcileRequest { number, ask });
    let next_page = || ReconcileAsk::NextPage { collection: MEMORY.into() };
    world.deliver(1, 0, ask(900, next_page()));
    world.deliver(1, 0, ask(901, ReconcileAsk::Open { members: 0, copies: 0, is_filling: true }));
    for number in 902..905 {
        world.deliver(1, 0, ask(number, next_page()));
    }
    world.run_for(100);
    assert_eq!(world.sent(0, "reconcile_response"), answered + 5);
    assert!(world.nodes[0].disconnects.is_empty() && world.nodes[1].disconnects.is_empty());
    world.write(0, ENTRIES, Some(1));
    world.run_for(3_000);
    assert_eq!(world.values(1), world.values(0), "nothing is in the way of what comes next");
}
