//! Liars on the stage of a simulation: what leaves them, what they do of their own accord, and what is demanded of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::ErrorKind;
use crate::model::{Buckets, PeerId, Stage};
use crate::store::{decode_key, decode_state};
use crate::sync::engine::io::{EngineEvent, EngineInput};
use crate::sync::protocol::message::{Message, NETWORK_MEMBERS_MAX};
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Departures;
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::liars::adversary::Adversary;
use crate::sync::simulation::liars::bodies::{BAITS, bait_id, taken_from_others};
use crate::sync::simulation::liars::inventions::INVENTED_ADDRESSES;
use crate::sync::simulation::liars::lies::Lie;
use crate::sync::simulation::node::{COLLECTIONS, MEMORY, NETWORK, Node, put};
use crate::sync::simulation::plan::{between, one_in};
use crate::sync::simulation::world::{Event, World};
use crate::types::ColumnType;

/// Honest nodes beside liars.
const HONEST: usize = 3;
/// How far a liar's clock is ahead where it lies about the time.
const CLOCK_MS: i64 = 10 * 365 * 24 * 3_600_000;
/// How long honest nodes and liars are together once nothing keeps them apart.
const MEETING_MS: u64 = 20_000;
/// Heads that one peer may have an engine keep.
const HEADS_TOLD_MAX: usize = 4_096;
/// Members that liars may have an engine keep, and pieces of work that may wait.
const MEMBERS_MAX: usize = 2_200;
const REQUESTS_MAX: usize = 256;

/// The liars of a simulation, by node.
#[derive(Default)]
pub(in crate::sync::simulation) struct Liars {
    pub(super) adversaries: BTreeMap<usize, Adversary>,
    /// Names that liars had before.
    former: BTreeSet<PeerId>,
    /// Private blobs whose names the liars spread: only the names are known elsewhere.
    pub named_blobs: BTreeSet<String>,
    /// How often each lie was told, by its name.
    pub told: BTreeMap<String, u64>,
}

impl World {
    /// A world in which the last node lies, or the last two.
    pub(super) fn with_liars(seed: u64, directory: &Path, is_loud: bool) -> World {
        let mut random = Random::new(seed ^ 0x11A2);
        let count = if one_in(&mut random, 4) { 2 } else { 1 };
        let mut world = World::new(seed, Some(HONEST + count), directory, is_loud);
        let plan = &mut world.plan;
        (plan.restores, plan.removals, plan.rotations, plan.has_newcomer, plan.has_tables) = (0, 0, 0, false, false);
        (plan.copies, plan.departures, plan.skew_ms) = (None, Departures::default(), 100);
        plan.all_may_delete = false;
        plan.loss = plan.loss.min(50);
        plan.operations = u32::try_from(between(&mut random, 6, 16)).unwrap();
        plan.operation_gap_ms = plan.operation_gap_ms.max(400);
        plan.tuning.audit_interval_ms = if one_in(&mut random, 3) { 20_000 } else { 4_000 };
        for node in &mut world.nodes {
            node.copies = None;
            node.skew_ms = node.skew_ms.clamp(-100, 100);
            node.is_founder = false;
        }
        world.nodes[0].is_founder = true;
        for node in HONEST..HONEST + count {
            let lies = Lie::choose(&mut random);
            if lies.contains(&Lie::Clock) {
                world.nodes[node].skew_ms = CLOCK_MS;
            }
            world.nodes[node].is_liar = true;
            world.tell(|_| format!("node {node} lies: {lies:?}"));
            let adversary = Adversary::new(random.next(), lies, world.nodes[node].identity(), NETWORK);
            world.liars.adversaries.insert(node, adversary);
            let at_ms = between(&mut random, 500, 4_000);
            world.schedule_at(at_ms, Event::Lie { node });
        }
        world
    }

    pub fn has_liars(&self) -> bool {
        !self.liars.adversaries.is_empty()
    }

    /// The node that a peer id is of, where it is a liar's.
    fn liar_of(&self, peer: &PeerId) -> Option<usize> {
        let is_of = |node: &usize| self.nodes[*node].running.as_ref().is_some_and(|running| running.peer == *peer);
        self.liars.adversaries.keys().copied().find(is_of)
    }

    /// A liar hears what is said to it.
    pub fn overhear(&mut self, peer: &PeerId, message: &Message, frames: &[Vec<u8>]) {
        if let Some(hearer) = self.liar_of(peer)
            && let Some(adversary) = self.liars.adversaries.get_mut(&hearer)
        {
            adversary.hear(message, frames);
        }
    }

    /// Puts on its way what a liar makes of a message of its engine.
    pub fn send_lies(&mut self, node: usize, peer: &PeerId, message: &Message, (session, frames): (u64, Vec<Vec<u8>>)) {
        self.brief_liar(node);
        let Some(adversary) = self.liars.adversaries.get_mut(&node) else { return };
        let frames = adversary.distort(message, frames);
        let bytes = frames.iter().map(Vec::len).sum();
        for frame in frames {
            self.put_on_way(session, node, frame);
        }
        self.handle(node, EngineInput::Sent { peer: peer.clone(), bytes });
    }

    /// What a liar knows of the world.
    fn brief_liar(&mut self, node: usize) {
        if !self.liars.adversaries.contains_key(&node) {
            return;
        }
        let peers: Vec<PeerId> = self.running().map(|running| running.peer.clone()).collect();
        let now_ms = self.nodes[node].wall.load(std::sync::atomic::Ordering::Relaxed);
        let adversary = &self.liars.adversaries[&node];
        let spreads = adversary.tells(Lie::Bait) || adversary.tells(Lie::OwnBait);
        if spreads {
            self.liars.named_blobs.extend(std::mem::take(&mut self.ledger.secrets));
        }
        let blobs = self.liars.named_blobs.iter().cloned().collect();
        if let Some(adversary) = self.liars.adversaries.get_mut(&node) {
            (adversary.peers, adversary.blobs, adversary.now_ms) = (peers, blobs, now_ms);
        }
    }

    /// A liar does something of its own accord.
    pub fn lie(&mut self, node: usize) {
        if self.nodes[node].is_removed {
            return;
        }
        let in_ms = self.between(100, 1_500);
        self.schedule(in_ms, Event::Lie { node });
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        let Some(running) = &self.nodes[node].running else { return };
        let sessions: Vec<u64> = running.sessions.values().copied().collect();
        self.brief_liar(node);
        for session in sessions {
            let Some(adversary) = self.liars.adversaries.get_mut(&node) else { return };
            let frames = adversary.speak();
            for frame in frames {
                self.put_on_way(session, node, frame);
            }
        }
        if one_in(&mut self.random, 3) {
            self.write_as_liar(node);
        }
        self.post_own_bait(node);
    }

    /// A posting that no program of ours would make.
    fn post_own_bait(&mut self, node: usize) {
        let Some((key, state)) = self.liars.adversaries.get_mut(&node).and_then(Adversary::own_bait) else { return };
        let Some(running) = &self.nodes[node].running else { return };
        let replica = running.database.replica();
        let posted = replica.post_raw(running.network, MEMORY, key, (decode_state(&state).unwrap(), false));
        let head = self.runtime.block_on(posted).unwrap();
        self.handle(node, EngineInput::HeadsMoved { heads: vec![head] });
    }

    /// A posting like any member's.
    fn write_as_liar(&mut self, node: usize) {
        let number = self.new_name();
        if self.liars.adversaries[&node].tells(Lie::Deletes) {
            self.delete_as_liar(node);
        }
        let running = self.nodes[node].running.as_ref().unwrap();
        let memory = running.collection(MEMORY);
        let mut transaction = running.database.begin();
        put(
            &mut transaction,
            &memory,
            &format!("liar{}", number % 5),
            &[(format!("lie{number}"), "x".into())],
            Some(Stage::PostPending),
        );
        self.runtime.block_on(transaction.commit()).unwrap();
        self.follow_changes(node);
    }

    /// Signs deltas that delete what others made, put something else in its place, or say that it was the liar's before.
    fn delete_as_liar(&mut self, node: usize) {
        // Whoever does not have an entry yet and hears of its end first makes it anew, as one of a later life.
        let is_everywhere = |place: &Place| {
            let honest = self.nodes.iter().filter(|node| !node.is_liar);
            let mut running = honest.map(|node| node.running.as_ref());
            running.all(|running| running.is_some_and(|running| running.knows_beginning(place.0, &place.1)))
        };
        let facts = self.ledger.facts.iter().map(|fact| fact.place.clone());
        let mut victims: Vec<Place> = facts.filter(|place| place.0 == MEMORY && is_everywhere(place)).collect();
        victims.dedup();
        let now_ms = self.nodes[node].wall.load(std::sync::atomic::Ordering::Relaxed);
        let running = self.nodes[node].running.as_ref().unwrap();
        let (database, network) = (running.database.clone(), running.network);
        let memory = running.collection(MEMORY);
        let keys: Vec<_> = victims.iter().map(|place| running.key(&memory, &place.1)).collect();
        for (place, key) in victims.iter().zip(keys) {
            // What its author may delete is to go all the same, and anybody may make one anew that is gone.
            let is_mortal = self.ledger.mortals.contains(place);
            let Some(adversary) = self.liars.adversaries.get_mut(&node) else { return };
            let lie = taken_from_others(adversary.identity.peer_id(), now_ms, !is_mortal, &mut adversary.random);
            adversary.has_told(Lie::Deletes);
            self.runtime.block_on(database.replica().post_raw(network, MEMORY, key.as_bytes().to_vec(), lie)).unwrap();
        }
    }

    /// An honest user comes upon an entry that a liar invented, and writes to it as to any other: deletes it, makes it anew.
    pub fn take_bait(&mut self, node: usize) {
        let id = bait_id(self.random.below(BAITS));
        let running = self.nodes[node].running.as_ref().unwrap();
        if !running.exists(MEMORY, &id) {
            return;
        }
        let memory = running.collection(MEMORY);
        let key = running.key(&memory, &id);
        let number = self.last_name;
        for step in 0..2 {
            let mut transaction = running.database.begin();
            if step == 0 {
                if transaction
                    .delete(&memory, &key)
                    .is_err_and(|error| error.kind() == ErrorKind::InsufficientPrivilege)
                {
                    return;
                }
            } else {
                let facts = [(format!("taken{number}"), "x".to_string())];
                put(&mut transaction, &memory, &id, &facts, Some(Stage::PostPending));
            }
            self.runtime.block_on(transaction.commit()).unwrap();
        }
        self.tell(|world| format!("{} took the bait {id}", world.name(node)));
    }

    /// Beside liars an engine may refuse things; it must not blame honest nodes for them.
    pub fn bear_with(&mut self, node: usize, event: &EngineEvent) {
        if self.nodes[node].is_liar {
            return;
        }
        match event {
            EngineEvent::Forged { peer, .. } | EngineEvent::Banned { peer, .. } => {
                assert!(self.is_known_liar(peer), "an honest node is blamed: {event:?}");
            }
            EngineEvent::Forked { origin, .. } => {
                // Whoever passes deltas on can change a body below its origin's true signature; see `lies`.
                let accuses = |lie| self.liars.adversaries.values().any(|adversary| adversary.tells(lie));
                let is_accused = [Lie::Deltas, Lie::Damaged, Lie::Heads].into_iter().any(accuses);
                *self.happened.entry("honest nodes accused").or_default() += u64::from(is_accused);
                assert!(is_accused || self.is_known_liar(origin), "an honest node is said to have forked: {event:?}");
            }
            EngineEvent::WorkFailed { what, error } => {
                assert!(!error.contains("internal error"), "work failed on node {node}: {what}: {error}");
                *self.happened.entry("pieces of work refused").or_default() += 1;
            }
            _ => {}
        }
    }

    /// Whether a node has removed a peer, or one of the names that liars had before: they go on under others when they are told that
    /// what they post is dated ahead, out of the network as well.
    pub fn has_shut_out(&self, member: &Node, peer: &PeerId) -> bool {
        let was_liar = self.is_known_liar(peer);
        member.has_removed(peer) || (was_liar && self.liars.former.iter().any(|former| member.has_removed(former)))
    }

    /// Whether what a peer posts may be dated years ahead: it waits where it came as a delta, and is known to have been posted where
    /// it was left out of a comparison.
    pub fn may_be_ahead(&self, peer: &PeerId) -> bool {
        self.liars.adversaries.values().any(|adversary| adversary.tells(Lie::Clock)) && self.is_known_liar(peer)
    }

    fn is_known_liar(&self, peer: &PeerId) -> bool {
        let mut adversaries = self.liars.adversaries.values();
        adversaries.any(|adversary| adversary.identity.peer_id() == peer) || self.liars.former.contains(peer)
    }

    /// A liar that posts from the future is told so, and goes on under another name as any node does.
    pub fn liar_renewed(&mut self, node: usize) {
        let identity = self.nodes[node].identity();
        if let Some(adversary) = self.liars.adversaries.get_mut(&node) {
            let former = std::mem::replace(&mut adversary.identity, identity);
            self.liars.former.insert(former.peer_id().clone());
        }
    }

    /// What an honest engine keeps in memory because somebody said something.
    pub fn check_burden(&self, node: usize) {
        if !self.has_liars() || self.nodes[node].is_liar {
            return;
        }
        let Some(running) = &self.nodes[node].running else { return };
        let burden = running.engine.burden();
        assert!(MEMBERS_MAX < NETWORK_MEMBERS_MAX && burden.members <= MEMBERS_MAX, "node {node}: {burden:?}");
        assert!(burden.heads_told <= HEADS_TOLD_MAX && burden.requests <= REQUESTS_MAX, "node {node}: {burden:?}");
        assert!(burden.origins <= HEADS_TOLD_MAX && burden.queued_bytes <= 1 << 24, "node {node}: {burden:?}");
    }

    /// An honest member removes every liar, once all have met.
    pub fn expel_liars(&mut self) {
        self.play_until(self.now_ms + MEETING_MS);
        for liar in self.liars.adversaries.keys().copied().collect::<Vec<_>>() {
            let peer = self.nodes[liar].running.as_ref().unwrap().peer.clone();
            let is_gone = (0..HONEST).any(|node| self.expel(node, &peer));
            assert!(is_gone, "no member can remove a liar");
            self.tell(|_| format!("node {liar} is removed"));
            self.nodes[liar].is_removed = true;
            // Old frames go on for a moment; it says nothing new.
            self.end_sessions_of(liar);
        }
        self.join_anew();
        for node in 0..HONEST {
            self.write_last(node);
        }
        for (lie, count) in self.liars.adversaries.values().flat_map(|adversary| adversary.told.clone()) {
            *self.liars.told.entry(lie.name()).or_default() += count;
        }
    }

    fn expel(&mut self, node: usize, peer: &PeerId) -> bool {
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        let Some(running) = &self.nodes[node].running else { return false };
        let mut transaction = running.database.begin();
        let removed = transaction.remove_peer(NETWORK, peer.as_str());
        let is_removed = removed.is_ok_and(|()| self.runtime.block_on(transaction.commit()).is_ok());
        self.follow_changes(node);
        is_removed
    }

    /// One more posting, to see what the clock of a node has become.
    fn write_last(&mut self, node: usize) {
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        let running = self.nodes[node].running.as_ref().unwrap();
        let memory = running.collection(MEMORY);
        let mut transaction = running.database.begin();
        let facts = [("last".to_string(), "word".to_string())];
        put(&mut transaction, &memory, &format!("last{node}"), &facts, Some(Stage::PostPending));
        self.runtime.block_on(transaction.commit()).unwrap();
        self.follow_changes(node);
    }

    /// What is demanded of honest nodes beside liars, besides all that is demanded of them anyway.
    pub fn check_beside_liars(&self) {
        for (node, one) in self.nodes.iter().enumerate().filter(|(_, node)| node.is_member()) {
            let running = one.running.as_ref().unwrap();
            let wall_ms = one.wall.load(std::sync::atomic::Ordering::Relaxed);
            let latest_ms = wall_ms + self.plan.options.max_clock_drift_ms;
            let view = running.database.replica().public_view(running.network).unwrap();
            for name in COLLECTIONS.into_iter().filter(|name| running.has_attached(name)) {
                let everything = Buckets::all();
                let page = view.entries_after(name, &everything, None, usize::MAX).unwrap();
                for entry in page.entries {
                    let key = decode_key(&[ColumnType::Text], &entry.key);
                    assert!(key.is_ok_and(|key| key.len() == 1), "node {node} holds a key of another type");
                    let state = decode_state(&entry.body).unwrap();
                    let time_ms = state.timestamp.millis();
                    assert!(
                        time_ms <= latest_ms,
                        "node {node} took a time over that is {} ms ahead",
                        time_ms - wall_ms
                    );
                }
            }
            for hash in self.liars.named_blobs.iter().chain(&self.ledger.secrets) {
                let is_public =
                    running.database.replica().is_blob_public(running.network, &hash.parse().unwrap()).unwrap();
                assert!(!is_public, "node {node} would give the private blob {hash} away");
            }
            for peer in running.engine.status(self.now_ms).peers {
                let is_true = !peer.addresses.iter().any(|address| INVENTED_ADDRESSES.contains(&address.as_str()));
                assert!(is_true, "node {node} would dial {} where it never was: {:?}", peer.peer, peer.addresses);
            }
            let last = running.facts(MEMORY, &format!("last{node}")).unwrap();
            assert_eq!(last.get("last").and_then(|word| word.as_str()), Some("word"));
            assert!(running.is_public(MEMORY, &format!("last{node}")), "node {node} cannot post any more");
        }
    }
}
