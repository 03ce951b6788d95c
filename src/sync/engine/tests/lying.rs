//! A member that says what is not true, and what that comes to.

use std::collections::BTreeSet;

use crate::model::HeadTime;
use crate::model::{Bytes, CharterDigest, Head, PeerId};
use crate::sync::engine::io::{EngineConfig, EngineEvent, EngineInput};
use crate::sync::engine::limits::{
    HEAD_TIME_MS, INTRODUCED_PER_MEMBER_MAX, QUICK_SAVES_MAX, SAVE_MEMBERS_MS_MIN, STRANGE_ORIGINS_MAX,
};
use crate::sync::engine::tests::fake::head;
use crate::sync::engine::tests::world::{MEMORY, World, sign};
use crate::sync::protocol::message::{
    HeadTimes, Heartbeat, MEMBERS_PER_MESSAGE_MAX, MemberNews, Members, Message, Stability, StabilityMark, Vote, Votes,
};
use crate::sync::protocol::statement::MemberStatement;

const LIAR: usize = 0;
const VICTIM: usize = 1;
const ABSENT: usize = 2;

/// The victim has deleted an entry, and the absent member has not heard of it.
fn with_an_absent_member() -> World {
    let mut world = World::new(3);
    for (one, two) in [(LIAR, VICTIM), (VICTIM, ABSENT), (LIAR, ABSENT)] {
        world.connect(one, two);
    }
    for key in 0..5 {
        world.write(VICTIM, key, Some(key));
    }
    world.run_for(5_000);
    world.disconnect(VICTIM, ABSENT);
    world.disconnect(LIAR, ABSENT);
    world.write(VICTIM, 3, None);
    world.run_for(2_000);
    assert_eq!(world.nodes[VICTIM].database.tombstones(), 1);
    world
}

/// "Everybody has everything that you have."
fn everybody_has_everything(world: &World) -> Message {
    let engine = &world.nodes[VICTIM].engine;
    let mark = |head: &Head| StabilityMark { origin: head.origin.clone(), least: head.seq, greatest: head.seq };
    Message::Stability(Stability {
        round: engine.stability.round().0 + 1,
        members: engine.core.round_members(),
        contributed: Bytes::new([0b111]),
        marks: engine.core.heads.iter().map(mark).collect(),
        whole: vec![MEMORY.into()],
    })
}

#[test]
fn nobody_completes_a_round_for_somebody_else() {
    let mut world = with_an_absent_member();
    for _ in 0..20 {
        let lie = everybody_has_everything(&world);
        world.deliver(LIAR, VICTIM, lie);
        world.run_for(3_000);
        assert!(world.nodes[VICTIM].engine.stability.round().1.is_some(), "there is something to vote on");
    }
    assert_eq!(world.nodes[VICTIM].collected, 0, "the absent member has not signed");
    assert_eq!(world.nodes[VICTIM].database.tombstones(), 1);
    world.connect(VICTIM, ABSENT);
    world.run_for(200_000);
    assert!(world.nodes.iter().all(|node| node.database.tombstones() == 0), "and now it has");
}

#[test]
fn a_vote_that_its_member_has_not_signed_is_none() {
    let mut world = with_an_absent_member();
    let lie = everybody_has_everything(&world);
    world.deliver(LIAR, VICTIM, lie);
    world.run_for(100);
    for _ in 0..3 {
        let engine = &world.nodes[VICTIM].engine;
        let (round, digest) = engine.stability.round();
        let digest = digest.unwrap();
        let statement = MemberStatement::Vote { epoch: 1, round, digest };
        // The liar signs by its own name, and says that it is the absent member's.
        let votes = vec![Vote { position: 2, signature: sign(&world.peer(LIAR), &statement) }];
        let members = engine.core.round_members();
        let signers = Bytes::new([0b111]);
        world.deliver(LIAR, VICTIM, Message::Votes(Votes { round, members, digest, signers, votes }));
        world.run_for(10);
    }
    world.run_for(10_000);
    assert_eq!(world.nodes[VICTIM].collected, 0);
    assert!(world.nodes[VICTIM].events.iter().any(|event| matches!(event, EngineEvent::Banned { .. })));
}

#[test]
fn a_round_that_says_too_much_of_this_node_is_not_signed() {
    let mut world = with_an_absent_member();
    let mut lie = everybody_has_everything(&world);
    if let Message::Stability(stability) = &mut lie {
        stability.marks.retain(|mark| mark.origin != world.peer(VICTIM));
        stability.marks.push(StabilityMark { origin: PeerId::new("q"), least: 7, greatest: 7 });
        stability.contributed = Bytes::new([0b111]);
    }
    world.deliver(LIAR, VICTIM, lie);
    world.run_for(10);
    let stability = &world.nodes[VICTIM].engine.stability;
    assert_eq!(stability.least(&PeerId::new("q")), Some(0), "this node has nothing of it");
    assert_eq!(stability.least(&world.peer(VICTIM)), Some(0), "and somebody has nothing of this node's");
    // The last number that there is would be the last round.
    let mut last = everybody_has_everything(&world);
    if let Message::Stability(stability) = &mut last {
        stability.round = u64::MAX - 1;
    }
    let before = world.nodes[VICTIM].engine.stability.round().0;
    world.deliver(LIAR, VICTIM, last);
    world.run_for(10);
    assert_eq!(world.nodes[VICTIM].engine.stability.round().0, before);
}

#[test]
fn a_large_network_votes_and_each_signature_is_looked_at_once() {
    let count = 60;
    let mut world = World::new(count);
    for node in 1..count {
        world.connect(0, node);
    }
    world.write(7, 1, Some(1));
    world.run_for(5_000);
    world.write(7, 1, None);
    world.run_for(120_000);
    assert!(world.nodes.iter().all(|node| node.database.tombstones() == 0));
    let rounds = usize::try_from(world.nodes[0].engine.stability.round().0).unwrap();
    let times = usize::try_from(125_000 / HEAD_TIME_MS).unwrap() + 1;
    // The addresses of each member, its head with the time now and then, and its vote in each round.
    let most = world.nodes.iter().map(|node| node.verified).max().unwrap();
    assert!(most <= count * (rounds + times + 2), "{most} signatures in {rounds} rounds");
}

fn news(peer: &str, named_ms: u64, address: &str) -> MemberNews {
    let (peer, addresses) = (PeerId::new(peer), vec![address.to_string()]);
    let statement = MemberStatement::Addresses { named_ms, addresses: addresses.clone() };
    let signature = sign(&peer, &statement);
    MemberNews { peer, named_ms, addresses, signature }
}

#[test]
fn what_a_member_has_not_signed_changes_nothing() {
    let mut world = World::new(2);
    world.connect(LIAR, VICTIM);
    world.run_for(5_000);
    let genuine = news("peer9", 900_000, "/ip4/192.0.2.1/tcp/4001");
    world.deliver(LIAR, VICTIM, Message::Members(Members { members: vec![genuine.clone()] }));
    world.run_for(10);
    let status = world.nodes[VICTIM].engine.status(world.now_ms);
    let shown = |world: &World, peer: &str| {
        let status = world.nodes[VICTIM].engine.status(world.now_ms);
        status.peers.into_iter().find(|shown| shown.peer.as_str() == peer).map(|shown| shown.addresses)
    };
    assert_eq!((status.total_peers, shown(&world, "peer9")), (3, Some(genuine.addresses.clone())));
    // Other addresses, an older date, a member that does not exist, and this node itself.
    let mut moved = MemberNews { named_ms: 950_000, ..genuine.clone() };
    moved.addresses = vec!["/ip4/127.0.0.1/tcp/22".into()];
    let invented = MemberNews { peer: PeerId::new("nobody"), ..genuine.clone() };
    let of_victim = MemberNews { peer: world.peer(VICTIM), named_ms: world.now_ms + 1, ..genuine.clone() };
    let late = news("late", world.now_ms + 10_000_000, "/ip4/192.0.2.7/tcp/4001");
    for lie in [moved, invented, of_victim] {
        world.deliver(LIAR, VICTIM, Message::Members(Members { members: vec![late.clone(), lie] }));
        world.run_for(10);
    }
    assert_eq!(
        (shown(&world, "peer9"), shown(&world, "nobody"), shown(&world, "late")),
        (Some(genuine.addresses), None, None)
    );
    assert_eq!(world.nodes[VICTIM].engine.status(world.now_ms).total_peers, 3);
    assert!(world.nodes[VICTIM].disconnects.iter().any(|(_, until_ms, _)| *until_ms > world.now_ms), "it is kept out");
}

#[test]
fn invented_members_are_bounded_and_kept_in_few_writes() {
    let mut world = World::new(2);
    world.connect(LIAR, VICTIM);
    world.run_for(5_000);
    let (saves, began_ms) = (world.nodes[VICTIM].saves.len(), world.now_ms);
    for batch in 0..40 {
        let name = |number: usize| format!("invented{batch}x{number}");
        let members = (0..MEMBERS_PER_MESSAGE_MAX).map(|number| news(&name(number), 1, "/ip4/192.0.2.1/tcp/4001"));
        world.deliver(LIAR, VICTIM, Message::Members(Members { members: members.collect() }));
        world.run_for(50);
    }
    world.run_for(3_000);
    let total = world.nodes[VICTIM].engine.status(world.now_ms).total_peers;
    assert_eq!(total, u64::try_from(2 + INTRODUCED_PER_MEMBER_MAX).unwrap());
    let writes = world.nodes[VICTIM].saves.len() - saves;
    let seconds = usize::try_from((world.now_ms - began_ms) / SAVE_MEMBERS_MS_MIN).unwrap();
    let most = seconds + 1 + usize::try_from(QUICK_SAVES_MAX).unwrap();
    assert!(writes <= most, "{writes} writes in {seconds} seconds");
    let kept: usize = world.nodes[VICTIM].saves.iter().map(|(_, members)| members).sum();
    assert!(kept >= INTRODUCED_PER_MEMBER_MAX, "{kept}");
}

#[test]
fn who_withholds_deltas_is_named() {
    let mut world = World::new(3);
    world.connect(LIAR, VICTIM);
    world.run_for(3_000);
    // The liar shows a head that the absent member has signed, and has nothing to give.
    let origin = world.peer(ABSENT);
    let Message::Heartbeat(mut heartbeat) = heads(0) else { panic!("a heartbeat") };
    heartbeat.heads = vec![head(&origin, 3, [9; 32])];
    world.deliver(LIAR, VICTIM, Message::Heartbeat(heartbeat));
    world.run_for(30_000);
    let withheld = |world: &World| {
        let waits = world.nodes[VICTIM].engine.status(world.now_ms).waits;
        waits.into_iter().filter(|wait| wait.reason.contains("withheld")).collect::<Vec<_>>()
    };
    assert!(withheld(&world).is_empty(), "not at once");
    world.run_for(60_000);
    let shown = withheld(&world);
    assert_eq!((shown.len(), &shown[0].origin, shown[0].seq), (1, &origin, 1));
    assert!(shown[0].reason.contains(world.peer(LIAR).as_str()), "{}", shown[0].reason);
    let is_named =
        |event: &EngineEvent| matches!(event, EngineEvent::Withheld { peer, seq: 3, .. } if *peer == world.peer(LIAR));
    assert_eq!(world.nodes[VICTIM].events.iter().filter(|event| is_named(event)).count(), 1);
    // Whoever gives them ends it.
    for key in 0..3 {
        world.write(ABSENT, key, Some(key));
    }
    world.run_for(5_000);
    world.connect(VICTIM, ABSENT);
    world.run_for(5_000);
    assert!(withheld(&world).is_empty());
}

fn signed_time(origin: &PeerId, seq: u64, at_ms: u64) -> HeadTime {
    let hash = [9; 32];
    let signature = sign(origin, &MemberStatement::Head { seq, hash, at_ms });
    HeadTime { origin: origin.clone(), seq, hash, at_ms, signature }
}

#[test]
fn a_member_is_heard_of_through_others_and_its_silence_shows() {
    let mut world = World::new(3);
    world.connect(LIAR, VICTIM);
    world.connect(LIAR, ABSENT);
    let signed_ms = |world: &World| {
        let status = world.nodes[VICTIM].engine.status(world.now_ms);
        let absent = world.peer(ABSENT);
        status.peers.into_iter().find(|peer| peer.peer == absent).and_then(|peer| peer.signed_ms)
    };
    world.run_for(200_000);
    let heard_ms = signed_ms(&world).expect("the one between has passed it on");
    assert!(world.now_ms - heard_ms < 90_000, "and goes on doing so: {heard_ms} at {}", world.now_ms);
    // Whoever stands between says nothing of it any more, or it has gone: nobody can tell, and everybody sees since when.
    world.disconnect(LIAR, ABSENT);
    world.run_for(400_000);
    let last_ms = signed_ms(&world).expect("what was signed stays");
    assert!(world.now_ms - last_ms > 300_000);
    // Nobody else can say that it is alive.
    for (at_ms, signer) in [(world.now_ms, world.peer(LIAR)), (world.now_ms + 40_000, world.peer(VICTIM))] {
        let mut forged = signed_time(&signer, 3, at_ms);
        forged.origin = world.peer(ABSENT);
        world.deliver(LIAR, VICTIM, Message::HeadTimes(HeadTimes { times: vec![forged] }));
        world.run_for(100);
    }
    assert_eq!(signed_ms(&world), Some(last_ms));
    // Nor can it say so of tomorrow.
    let tomorrow = signed_time(&world.peer(ABSENT), 3, world.now_ms + 86_400_000);
    world.deliver(LIAR, VICTIM, Message::HeadTimes(HeadTimes { times: vec![tomorrow] }));
    world.run_for(100);
    assert_eq!(signed_ms(&world), Some(last_ms));
    let now = signed_time(&world.peer(ABSENT), 0, world.now_ms);
    world.deliver(LIAR, VICTIM, Message::HeadTimes(HeadTimes { times: vec![now.clone()] }));
    world.run_for(100);
    assert_eq!(signed_ms(&world), Some(now.at_ms));
}

#[test]
fn deltas_that_an_origin_has_signed_and_nobody_gives_are_told_of() {
    let mut world = World::new(3);
    for (one, two) in [(LIAR, VICTIM), (VICTIM, ABSENT), (LIAR, ABSENT)] {
        world.connect(one, two);
    }
    world.run_for(5_000);
    world.disconnect(VICTIM, ABSENT);
    world.disconnect(LIAR, ABSENT);
    world.run_for(30_000);
    let origin = world.peer(ABSENT);
    let times = vec![signed_time(&origin, 3, world.now_ms)];
    world.deliver(LIAR, VICTIM, Message::HeadTimes(HeadTimes { times }));
    world.run_for(30_000);
    let told = |world: &World| {
        let waits = world.nodes[VICTIM].engine.status(world.now_ms).waits;
        waits.into_iter().map(|wait| (wait.origin, wait.seq, wait.reason.into_owned())).collect::<Vec<_>>()
    };
    assert!(told(&world).is_empty(), "not at once");
    world.run_for(60_000);
    let reason =
        format!("its origin has signed deltas up to 3 that no connected member gives; told by {}", world.peer(LIAR));
    assert_eq!(told(&world), [(origin.clone(), 1, reason)]);
    let is_told = |event: &&EngineEvent| matches!(event, EngineEvent::Unavailable { seq: 3, .. });
    assert_eq!(world.nodes[VICTIM].events.iter().filter(is_told).count(), 1);
    let is_blamed = |event: &EngineEvent| matches!(event, EngineEvent::Withheld { .. });
    assert!(!world.nodes[VICTIM].events.iter().any(is_blamed), "who passes it on has shown nothing of it");
    for key in 0..3 {
        world.write(ABSENT, key, Some(key));
    }
    world.run_for(5_000);
    world.connect(VICTIM, ABSENT);
    world.run_for(5_000);
    assert!(told(&world).is_empty());
}

#[test]
fn nothing_is_given_or_taken_before_the_founder_is_met() {
    let mut world = World::new(2);
    let met = world.nodes[VICTIM].config.clone();
    let awaiting = EngineConfig { awaits_founder: true, charter: CharterDigest::default(), ..met.clone() };
    world.input(VICTIM, EngineInput::Reconfigured(Box::new(awaiting)));
    world.write(VICTIM, 1, Some(1));
    world.write(LIAR, 2, Some(2));
    world.connect(LIAR, VICTIM);
    world.run_for(40_000);
    let peer = world.peer(LIAR);
    let session = &world.nodes[VICTIM].engine.core.peers[&peer];
    assert!(session.collections.is_empty(), "no announcement is taken");
    assert_eq!(world.values(VICTIM).len(), 1);
    assert_eq!(world.values(LIAR).len(), 1, "and nothing was given");
    let said: BTreeSet<&str> = world.nodes[VICTIM].sent.iter().map(|(_, kind)| *kind).collect();
    assert!(said.is_subset(&BTreeSet::from(["heartbeat", "members", "epoch"])), "{said:?}");
    let shown = &world.nodes[LIAR].engine.core.peers[&world.peer(VICTIM)];
    assert!(shown.known.is_empty() && shown.collections.is_empty(), "it shows no heads and names no table");
    world.input(VICTIM, EngineInput::Reconfigured(Box::new(met)));
    world.run_for(5_000);
    assert_eq!((world.values(VICTIM).len(), world.values(LIAR).len()), (2, 2));
    assert!(!world.nodes[VICTIM].engine.core.peers[&peer].collections.is_empty());
}

fn heads(batch: usize) -> Message {
    let of = |number: usize| head(&PeerId::new(format!("invented{batch}x{number}")), 9, [0; 32]);
    Message::Heartbeat(Heartbeat {
        digest: [1; 16],
        heads: (0..1_000).map(of).collect(),
        complete: true,
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
fn invented_heads_cost_nothing_lasting() {
    let mut world = World::new(3);
    world.connect(LIAR, VICTIM);
    world.connect(VICTIM, ABSENT);
    world.run_for(3_000);
    for batch in 0..50 {
        world.deliver(LIAR, VICTIM, heads(batch));
        world.run_for(20);
    }
    let engine = &world.nodes[VICTIM].engine;
    let known = engine.core.peers[&world.peer(LIAR)].known.len();
    assert!(known <= STRANGE_ORIGINS_MAX + 3, "{known} origins are remembered");
    // Those that are being asked for stay until the answer.
    let most = 2 * STRANGE_ORIGINS_MAX;
    assert!(engine.burden().origins <= most);
    // What is true goes through all the same.
    world.write(ABSENT, 1, Some(1));
    world.write(LIAR, 2, Some(2));
    world.run_for(5_000);
    assert_eq!(world.values(VICTIM).len(), 2);
    world.disconnect(LIAR, VICTIM);
    world.run_for(100);
    let engine = &world.nodes[VICTIM].engine;
    assert!(engine.burden().origins <= 3 && !engine.log.is_wanting(), "nothing is left of it");
    let member = engine.core.roster.member(&world.peer(LIAR)).unwrap();
    assert!(member.acknowledged.len() <= 3, "{:?}", member.acknowledged.len());
}
