//! A member that signs that it holds its share, and gives nothing of it: what others would drop for its word stays with them.

use std::path::Path;
use std::process::Command;

use crate::sync::protocol::message::{FetchAnswer, FetchResponse, Message};
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Departures;
use crate::sync::simulation::plan::Plan;
use crate::sync::simulation::shares;
use crate::sync::simulation::world::{Event, World};

/// Networks that are played.
const SEEDS: u64 = 12;
const NODES: usize = 3;
/// The member that holds nothing; it writes as the others do.
const HOLLOW: usize = 1;

/// What it says of what it is asked for.
pub(super) fn hollow(message: &Message) -> Option<Message> {
    let Message::FetchResponse(response) = message else { return None };
    let answers = response.answers.iter().map(|_| FetchAnswer::Unknown).collect();
    Some(Message::FetchResponse(FetchResponse { answers, postings: Vec::new(), ..response.clone() }))
}

/// A network without misfortunes in which all hold shares, and each entry lies with one member.
fn make(seed: u64, directory: &Path) -> World {
    let mut world = World::new(seed, Some(NODES), directory, false);
    let calm = Plan::new(&mut Random::new(seed), Some(NODES));
    world.plan = Plan {
        loss: 0,
        duplicates: 0,
        delay_ms: 5,
        work_ms: 0,
        partitions: 0,
        crashes: 0,
        restores: 0,
        skew_ms: 100,
        rotations: 0,
        removals: 0,
        has_newcomer: false,
        attaches_late: false,
        has_tables: false,
        departures: Departures::default(),
        copies: Some(1),
        ..calm
    };
    let plan = &world.plan;
    world.plan.options = shares::options(plan, Some(1));
    for (number, node) in world.nodes.iter_mut().enumerate() {
        (node.copies, node.is_hollow, node.skew_ms) = (Some(1), number == HOLLOW, 0);
        node.is_founder = number == 0;
    }
    world
}

/// How many entries that honest members posted lie with no honest member any more, and how many were dropped.
fn lost(seed: u64) -> (usize, u64, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut world = make(seed, directory.path());
    (0..NODES).for_each(|node| world.start(node));
    world.schedule(100, Event::Operation);
    let length_ms = 2 * u64::from(world.plan.operations) * world.plan.operation_gap_ms;
    world.play_until(length_ms + 5_000);
    world.play_until_agreed();
    for _ in 0..3 {
        world.play_until_spread();
    }
    let mut lost = 0;
    for fact in &world.ledger.facts {
        let is_honest = fact.posted.as_ref().is_some_and(|posting| posting.posted_by.0 != HOLLOW);
        if !is_honest || world.ledger.mortals.contains(&fact.place) {
            continue;
        }
        let mut honest = world.nodes.iter().filter(|node| !node.is_hollow).filter_map(|node| node.running.as_ref());
        lost += usize::from(!honest.any(|running| running.exists(fact.place.0, &fact.place.1)));
    }
    let count = |name| world.happened.get(name).copied().unwrap_or(0);
    (lost, count("entries dropped that others hold"), count("holders that failed a challenge"))
}

#[test]
fn nothing_is_lost_to_a_member_that_holds_nothing() {
    let (mut dropped, mut failed) = (0, 0);
    for seed in 0..SEEDS {
        let (lost, gone, found) = lost(seed);
        assert_eq!(lost, 0, "seed {seed}: entries that nobody honest holds any more");
        dropped += gone;
        failed += found;
    }
    assert!(failed > 0, "it was not found out");
    assert!(dropped > 0, "what honest members hold is dropped by the others");
}

/// In a process of its own, since the defence is down for all of it.
#[test]
fn without_challenges_it_is() {
    let played = Command::new(std::env::current_exe().unwrap())
        .args(["sync::simulation::holders::nothing_is_lost_to_a_member_that_holds_nothing", "--exact"])
        .env("NEBULUSDB_SIM_DOWN", "challenges")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(
        printed.contains("entries that nobody honest holds any more"),
        "nothing shows what challenges are for: {printed}"
    );
}
