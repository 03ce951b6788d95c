//! What is taken over on the word of one member, and what many keys, which cost nothing, come to.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::fake::{State, head};
use super::world::{MEMORY, World, tuning};
use crate::model::{NetworkOptions, PeerId};
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{ORIGINS_MAX, Tuning, VIEWS_MAX};
use crate::sync::protocol::message::{CLOCK_MAX, Message, ReconcileAsk, ReconcileRequest};

const AUTHOR: usize = 0;
const VICTIM: usize = 1;
const LIAR: usize = 2;

/// The victim was away while an entry was deleted, and then meets the liar first, which shows the author's head, has no log
/// any more, and keeps the deletion back.
fn deceived() -> World {
    let mut world = World::new(3);
    for (one, two) in [(AUTHOR, VICTIM), (AUTHOR, LIAR), (VICTIM, LIAR)] {
        world.connect(one, two);
    }
    world.write(AUTHOR, 1, Some(1));
    world.write(AUTHOR, 2, Some(2));
    world.run_for(5_000);
    world.disconnect(AUTHOR, VICTIM);
    world.disconnect(VICTIM, LIAR);
    let before = world.nodes[LIAR].database.entries.clone();
    world.write(AUTHOR, 1, None);
    world.run_for(3_000);
    let author = world.peer(AUTHOR);
    let liar = &mut world.nodes[LIAR].database;
    liar.entries = before;
    liar.prune(&author, 3);
    world.connect(VICTIM, LIAR);
    world.run_for(3_000);
    assert_eq!(world.nodes[VICTIM].database.seq(&author), 3, "it goes by what the liar shows");
    assert_eq!(world.values(VICTIM).get(&1), Some(&1), "and has not heard of the deletion");
    world
}

#[test]
fn a_deletion_that_one_member_keeps_back_is_heard_of_before_its_tombstone_goes() {
    let mut world = deceived();
    world.run_for(60_000);
    assert_eq!(world.nodes[AUTHOR].collected, 0, "the victim vouches for nothing that the liar alone has told");
    world.connect(AUTHOR, VICTIM);
    world.run_for(30_000);
    assert_eq!(world.values(VICTIM), BTreeMap::from([(2, 2)]));
}

/// In a process of its own, since the defence is down for all of it.
#[test]
fn without_others_to_confirm_it_the_entry_lives_for_ever() {
    let name =
        "sync::engine::tests::one_word::a_deletion_that_one_member_keeps_back_is_heard_of_before_its_tombstone_goes";
    let played = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact"])
        .env("NEBULUSDB_SIM_DOWN", "confirmed heads")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(printed.contains("the victim vouches for nothing"), "nothing shows what it is for: {printed}");
}

#[test]
fn an_entry_that_more_have_written_than_a_message_tells_of_is_taken_over() {
    let tuning = Tuning { audit_interval_ms: 2_000, ..tuning() };
    let mut world = World::with(2, &tuning, &NetworkOptions::default());
    world.write(0, 1, Some(1));
    world.connect(0, 1);
    world.run_for(3_000);
    let clock = (0..=CLOCK_MAX).map(|number| (PeerId::new(format!("key{number}")), 1)).collect();
    world.nodes[0].database.entries.insert(9, State { stamp: 1, value: Some(9), clock });
    world.run_for(20_000);
    let is_banned = |event: &EngineEvent| matches!(event, EngineEvent::Banned { .. });
    assert!(!world.nodes.iter().flat_map(|node| &node.events).any(is_banned), "an honest member is shut out");
    assert_eq!(world.values(1), BTreeMap::from([(1, 1), (9, 9)]));
}

#[test]
fn keys_that_are_no_members_are_bounded_and_members_are_not_kept_out() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.run_for(3_000);
    let engine = &mut world.nodes[1].engine;
    let now_ms = engine.core.now_ms;
    let members: BTreeSet<PeerId> = engine.core.roster.peers().cloned().collect();
    let mut number = 0;
    while engine.core.origins_left() > 0 {
        engine.core.heads.advance(head(&PeerId::new(format!("key{number}")), 1, [1; 32]), now_ms);
        number += 1;
    }
    assert!((ORIGINS_MAX..=ORIGINS_MAX + members.len()).contains(&number), "{number}");
    let peer = world.peer(0);
    let engine = &mut world.nodes[1].engine;
    assert!(!engine.core.takes_word_of(&peer, &PeerId::new("onemore")));
    assert!(engine.core.takes_word_of(&peer, &PeerId::new("key1")), "what is here goes on");
    assert!(members.iter().all(|member| engine.core.takes_word_of(&peer, member)));
    world.connect(1, 2);
    world.write(2, 5, Some(5));
    world.run_for(3_000);
    assert_eq!(world.values(1).get(&5), Some(&5), "a member that posts for the first time");
}

/// A few members that always ask for more have views of a node, one each, and keep a newcomer from it no longer than for a turn.
#[test]
fn members_that_hold_on_to_views_keep_no_newcomer_out() {
    let tuning = Tuning { snapshot_deltas_min: 10, ..tuning() };
    let (holders, newcomer) = (1..=VIEWS_MAX, VIEWS_MAX + 1);
    let mut world = World::with(newcomer + 1, &tuning, &NetworkOptions::default());
    for key in 0..30 {
        world.write(0, key, Some(key));
    }
    for holder in holders.clone() {
        world.connect(0, holder);
    }
    world.run_for(20_000);
    let author = world.peer(0);
    world.nodes[0].database.prune(&author, 30);
    let (members, number) = (world.nodes[0].engine.core.electorate(), 1 << 40);
    for holder in holders.clone() {
        let ask = ReconcileAsk::Open { members, copies: 0, is_filling: false };
        world.deliver(holder, 0, Message::ReconcileRequest(ReconcileRequest { number, ask }));
    }
    world.run_for(1_000);
    world.connect(0, newcomer);
    for turn in 0..12 {
        for holder in holders.clone() {
            let ask = ReconcileAsk::Tree { collection: MEMORY.into(), level: 0, nodes: vec![0] };
            world.deliver(holder, 0, Message::ReconcileRequest(ReconcileRequest { number: number + turn, ask }));
        }
        world.run_for(10_000);
    }
    assert_eq!(world.values(newcomer).len(), 30);
}
