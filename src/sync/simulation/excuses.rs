//! Members that are silent for long: one is down until an owner excuses it, and comes back later, or just then.
//!
//! Meanwhile nobody waits for it: what was deleted is forgotten without it. In the end it holds what the others hold, and an owner's
//! node has called it back.

use std::collections::BTreeSet;

use crate::model::PeerId;
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Departures;
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::node::NETWORK;
use crate::sync::simulation::plan::{Plan, one_in};
use crate::sync::simulation::world::{Event, World};

/// Sets this part's choices apart from all others, which stay as they are.
const APART: u64 = 0x4558_4355_5345;
/// Seeds among which one plays a silence, of those that can.
const ONE_IN: u64 = 6;
/// After how long a member is called silent, in seconds.
const TIMEOUT_S: u64 = 5;

/// One step of a silence.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Begin {
        node: usize,
    },
    /// An owner says that nobody waits for it.
    Excuse {
        node: usize,
    },
    End {
        node: usize,
    },
}

/// Whether a seed plays a silence. Nothing of the kind is played where others depart, copies are put back or dropped, or secrets
/// change: what an excused member alone holds may go with those.
pub(super) fn choose(seed: u64, plan: &mut Plan) -> bool {
    let is_possible = plan.nodes >= 3
        && (plan.restores, plan.removals, plan.rotations) == (0, 0, 0)
        && !plan.departures.are_played()
        && plan.copies.is_none();
    let is_played = one_in(&mut Random::new(seed ^ APART), ONE_IN) && is_possible;
    if is_played {
        plan.options.stability_timeout_s = TIMEOUT_S;
    }
    is_played
}

impl Departures {
    fn are_played(&self) -> bool {
        self.detacher.is_some() || self.leaver.is_some()
    }
}

impl World {
    pub fn plan_silence(&mut self, length_ms: u64) {
        if !self.plan.has_silence {
            return;
        }
        let late = usize::from(self.plan.has_newcomer);
        let can_fall_silent = |node: &usize| !self.nodes[*node].is_founder && !self.nodes[*node].is_liar;
        let candidates: Vec<usize> = (0..self.nodes.len() - late).filter(can_fall_silent).collect();
        let at = usize::try_from(self.random.below(candidates.len() as u64)).unwrap();
        let node = candidates[at];
        let begins_ms = self.between(0, length_ms);
        self.schedule_at(begins_ms, Event::Silence(Step::Begin { node }));
        let excused_ms = begins_ms + self.between(1_000, 20_000);
        self.schedule_at(excused_ms, Event::Silence(Step::Excuse { node }));
        // Long enough for two rounds without it, or too early.
        let ends_ms = excused_ms + self.between(0, length_ms + 60_000);
        self.schedule_at(ends_ms, Event::Silence(Step::End { node }));
    }

    pub fn keep_silent(&mut self, step: Step) {
        self.tell(|_| format!("{step:?}"));
        match step {
            Step::Begin { node } => {
                if self.nodes[node].running.is_some() {
                    let is_kill = one_in(&mut self.random, 2);
                    self.stop(node, is_kill);
                }
            }
            Step::Excuse { node } => self.excuse(node),
            Step::End { node } => {
                self.expect_revivals(node);
                if self.nodes[node].running.is_none() {
                    self.start(node);
                }
            }
        }
    }

    fn excuse(&mut self, node: usize) {
        let Some(owner) = self.running_owner().filter(|owner| *owner != node) else { return };
        let peer = self.nodes[node].identity().peer_id().clone();
        let running = self.nodes[owner].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        transaction.excuse_peer(NETWORK, peer.as_str()).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        *self.happened.entry("members excused").or_default() += 1;
        self.follow_changes(owner);
        self.expect_revivals(node);
    }

    /// What a member has written that nobody has seen stays when it comes back, and its entries with it: they may have been deleted
    /// and forgotten meanwhile.
    fn expect_revivals(&mut self, node: usize) {
        let peer = self.nodes[node].identity().peer_id().clone();
        let others = self.nodes.iter().enumerate().filter(|(number, one)| *number != node && one.is_member());
        let held = others.filter_map(|(_, one)| one.running.as_ref()).flat_map(|running| running.heads());
        let held = held.filter(|head| head.origin == peer).map(|head| head.seq).max().unwrap_or(0);
        let is_unseen = |origin: &PeerId, seq: u64| *origin == peer && seq > held;
        let facts = self.ledger.facts.iter();
        let unseen = facts.filter(|fact| fact.posted.as_ref().is_some_and(|one| is_unseen(&one.origin, one.seq)));
        let mut places: BTreeSet<Place> = unseen.map(|fact| fact.place.clone()).collect();
        places.extend(self.nodes[node].local.unposted.keys().cloned());
        self.ledger.revived.extend(places);
    }

    /// Whether everybody who takes part is waited for.
    pub fn is_nobody_excused(&self) -> bool {
        let is_excused = |peer: &PeerId| self.running().any(|one| one.network().standing().excused.contains(peer));
        !self.running().any(|running| is_excused(&running.peer))
    }

    /// Whoever was excused is waited for again.
    pub fn check_excuses(&mut self) {
        assert!(self.is_nobody_excused(), "a member that is here is excused");
        let was_excused = self.happened.contains_key("members excused");
        *self.happened.entry("excused members called back").or_default() += u64::from(was_excused);
    }
}
