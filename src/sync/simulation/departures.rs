//! Departures: a node takes a collection out of the network and puts it back, or leaves the network and joins it anew.
//!
//! What such a node writes meanwhile carries the canary, so that it must stay where it is. Whoever remains agrees as ever, and
//! forgets the tombstones of a node that has left once a member has removed it.

use std::collections::BTreeSet;

use crate::model::{PeerId, Stage};
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::ledger::{Ledger, Local, Place};
use crate::sync::simulation::node::{COLLECTIONS, NETWORK, TABLE, private_by_default};
use crate::sync::simulation::plan::{Plan, one_in};
use crate::sync::simulation::workload::CANARY;
use crate::sync::simulation::world::{Event, World};
use crate::types::Value;

/// Who departs, from what, and whether for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Departures {
    /// A node and the collection that it detaches.
    pub detacher: Option<(usize, &'static str)>,
    pub attaches_again: bool,
    pub leaver: Option<usize>,
    pub returns: bool,
    /// Where it does not come back, a member removes it after all.
    pub is_removed: bool,
}

/// One step of a departure.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Detach {
        node: usize,
        collection: &'static str,
    },
    /// A write that is nobody else's business.
    WriteAlone {
        node: usize,
        collection: &'static str,
    },
    Attach {
        node: usize,
        collection: &'static str,
    },
    Leave {
        node: usize,
    },
    Return {
        node: usize,
    },
    /// A member removes the one that has left.
    Remove {
        node: usize,
    },
}

impl Departures {
    /// The last of the nodes that start first stays, so that somebody always holds everything. Nothing is played where copies
    /// are put back or members removed: those may take the only holder of something away.
    pub fn new(random: &mut Random, plan: &Plan) -> Departures {
        let stayer = plan.nodes.saturating_sub(1 + usize::from(plan.has_newcomer));
        let is_possible = plan.restores == 0 && plan.removals == 0 && stayer > 0;
        let node = |random: &mut Random| usize::try_from(random.below(stayer.max(1) as u64)).unwrap();
        let (detacher, leaver) = (node(random), node(random));
        let count = if plan.has_tables { COLLECTIONS.len() } else { COLLECTIONS.len() - 1 };
        let collection = COLLECTIONS[usize::try_from(random.below(count as u64)).unwrap()];
        Departures {
            detacher: (one_in(random, 3) && is_possible).then_some((detacher, collection)),
            attaches_again: !one_in(random, 4),
            leaver: (one_in(random, 5) && is_possible).then_some(leaver),
            returns: one_in(random, 2),
            is_removed: !one_in(random, 3),
        }
    }

    /// Whether a node comes back under numbers that it has used before.
    pub fn comes_back(&self) -> bool {
        self.leaver.is_some() && self.returns
    }

    /// Whether all whom the members know take part in the end, so that tombstones can go.
    fn is_roster_complete(&self) -> bool {
        self.leaver.is_none() || (!self.returns && self.is_removed)
    }
}

impl World {
    pub fn plan_departures(&mut self, length_ms: u64) {
        let departures = self.plan.departures.clone();
        if let Some((node, collection)) = departures.detacher {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Departure(Step::Detach { node, collection }));
            let again_ms = at_ms + self.between(1_000, length_ms + 20_000);
            for _ in 0..3 {
                let write_ms = self.between(at_ms, again_ms);
                self.schedule_at(write_ms, Event::Departure(Step::WriteAlone { node, collection }));
            }
            if departures.attaches_again {
                self.schedule_at(again_ms, Event::Departure(Step::Attach { node, collection }));
            }
        }
        if let Some(node) = departures.leaver {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Departure(Step::Leave { node }));
            let then_ms = at_ms + self.between(1_000, length_ms + 20_000);
            if departures.returns {
                self.schedule_at(then_ms, Event::Departure(Step::Return { node }));
            } else if departures.is_removed {
                self.schedule_at(then_ms, Event::Departure(Step::Remove { node }));
            }
        }
    }

    pub fn depart(&mut self, step: Step) {
        self.tell(|_| format!("{step:?}"));
        match step {
            Step::Detach { node, collection } => self.detach(node, collection),
            Step::WriteAlone { node, collection } => self.write_alone(node, collection),
            Step::Attach { node, collection } => self.attach_again(node, collection),
            Step::Leave { node } => self.leave(node),
            Step::Return { node } => self.come_back(node),
            Step::Remove { node } => self.remove_departed(node),
        }
    }

    /// Who is going to come back does so now, and who is to be removed is.
    pub fn end_departures(&mut self) {
        let departures = self.plan.departures.clone();
        if let Some((node, collection)) = departures.detacher.filter(|_| departures.attaches_again) {
            self.attach_again(node, collection);
        }
        let Some(node) = departures.leaver else { return };
        if departures.returns {
            self.come_back(node);
        } else if departures.is_removed {
            self.remove_departed(node);
        }
    }

    fn detach(&mut self, node: usize, collection: &'static str) {
        if self.nodes[node].is_away {
            return;
        }
        if self.nodes[node].running.is_none() {
            self.start(node);
        }
        self.nodes[node].detached.insert(collection);
        let Some(running) = self.nodes[node].running.as_ref().filter(|running| running.has_attached(collection)) else {
            return;
        };
        let mut transaction = running.database.begin();
        transaction.detach_collection(collection, NETWORK).unwrap();
        if self.plan.is_log_small {
            self.doubt_what_only(node, collection);
        }
        self.runtime.block_on(transaction.commit()).unwrap();
        let running = self.nodes[node].running.as_ref().unwrap();
        assert!(!running.has_attached(collection));
        *self.happened.entry("collections detached").or_default() += 1;
        self.keep_as_private(node, collection);
        self.follow_changes(node);
        self.write_alone(node, collection);
    }

    fn attach_again(&mut self, node: usize, collection: &'static str) {
        if self.nodes[node].is_away || !self.nodes[node].detached.remove(collection) {
            return;
        }
        if self.nodes[node].running.is_none() {
            self.start(node);
        }
        let running = self.nodes[node].running.as_ref().unwrap();
        if running.has_attached(collection) {
            return;
        }
        let mut transaction = running.database.begin();
        transaction.attach_collection(collection, NETWORK, private_by_default(collection)).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.nodes[node].local.forget_lives(collection);
        self.follow_changes(node);
    }

    /// Leaves the network; the data directory rests until the node comes back.
    pub fn leave(&mut self, node: usize) {
        if self.nodes[node].running.is_none() {
            self.start(node);
        }
        for collection in COLLECTIONS {
            self.doubt_what_only(node, collection);
        }
        let running = self.nodes[node].running.as_ref().unwrap();
        let peer = running.peer.clone();
        let mut transaction = running.database.begin();
        transaction.leave_network(NETWORK).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        assert!(self.nodes[node].running.as_ref().unwrap().database.catalog().network(NETWORK).is_none());
        for collection in COLLECTIONS {
            self.keep_as_private(node, collection);
            self.write_alone(node, collection);
        }
        let is_kill = one_in(&mut self.random, 2);
        self.stop(node, is_kill);
        let departed = &mut self.nodes[node];
        (departed.is_away, departed.left_as) = (true, Some(peer));
        departed.has_left = true;
        departed.secrets.clear();
        departed.detached.clear();
        departed.life += 1;
        *self.happened.entry("networks left").or_default() += 1;
    }

    /// Joins the network that it has left as if it were new.
    pub fn come_back(&mut self, node: usize) {
        if !std::mem::take(&mut self.nodes[node].is_away) {
            return;
        }
        for collection in COLLECTIONS {
            self.nodes[node].local.forget_lives(collection);
        }
        self.start(node);
    }

    /// The member that always stays removes the one that has left.
    fn remove_departed(&mut self, node: usize) {
        let Some(peer) = self.nodes[node].left_as.take() else { return };
        let stayer = self.nodes.len() - 1 - usize::from(self.plan.has_newcomer);
        if self.nodes[stayer].running.is_none() {
            self.start(stayer);
        }
        let running = self.nodes[stayer].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        transaction.remove_peer(NETWORK, peer.as_str()).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.follow_changes(stayer);
    }

    /// An entry with a canary in a collection that takes part in no network. On the stage as well where it never will again.
    fn write_alone(&mut self, node: usize, collection: &'static str) {
        let is_attached = self.nodes[node].running.as_ref().is_none_or(|running| running.has_attached(collection));
        if is_attached || (collection == TABLE && !self.plan.has_tables) {
            return;
        }
        let departures = &self.plan.departures;
        // Where secrets change, any node may have to join anew.
        let may_join_anew =
            self.plan.rotations + self.plan.removals > 0 || (departures.leaver.is_some() && departures.is_removed);
        let returns = may_join_anew || (departures.leaver == Some(node) && departures.returns);
        let attaches = departures.detacher == Some((node, collection)) && departures.attaches_again;
        let stage = (!returns && !attaches && one_in(&mut self.random, 2)).then_some(Stage::PostPending);
        let place = (collection, format!("alone{}", self.new_name()));
        if collection == TABLE {
            self.put_thing(node, &place, (1, Value::text(CANARY)), stage);
        } else {
            self.put_canary(node, &place, stage);
        }
        self.nodes[node].local.guarded.insert(place);
    }

    /// What the node knew by a collection's network is its own from now on.
    fn keep_as_private(&mut self, node: usize, collection: &'static str) {
        let running = self.nodes[node].running.as_ref().unwrap();
        let mortals = self.ledger.mortals.iter().filter(|place| place.0 == collection);
        let kept: Vec<Place> = mortals.filter(|place| running.exists(place.0, &place.1)).cloned().collect();
        let local = &mut self.nodes[node].local;
        local.forget_lives(collection);
        // Tombstones that were not posted are nobody's now.
        local.deleted.retain(|place| place.0 != collection);
        for place in kept {
            if local.staged.contains(&place) {
                self.ledger.revived.insert(place.clone());
            }
            local.kept.insert(place);
        }
    }

    /// What nobody else who is there holds of a collection may go with a node's log and public states.
    fn doubt_what_only(&mut self, node: usize, collection: &'static str) {
        let holders =
            self.nodes.iter().enumerate().filter(|(number, _)| *number != node && self.nodes[*number].is_member());
        let holders = holders.filter_map(|(_, node)| node.running.as_ref());
        let holds = |running: &&super::node::Running| {
            let partial = running.database.replica().partial_collections(running.network).unwrap();
            running.has_attached(collection) && !partial.iter().any(|name| name == collection)
        };
        let heads: Vec<_> = holders.filter(holds).flat_map(|running| running.heads()).collect();
        for origin in self.ledger.origins() {
            let held = heads.iter().filter(|head| head.origin == origin).map(|head| head.seq).max();
            self.ledger.doubt_in(collection, &origin, held.unwrap_or(0));
        }
    }

    /// Everything that is on the stage of a node's attached collections has gone out.
    pub fn posted(&mut self, node: usize, origin: &PeerId, seq: u64) {
        let posted_by = (node, self.nodes[node].life);
        let running = self.nodes[node].running.as_ref().unwrap();
        let attached: Vec<&str> = COLLECTIONS.into_iter().filter(|name| running.has_attached(name)).collect();
        let local = &mut self.nodes[node].local;
        let is_out = |place: &Place| !attached.contains(&place.0);
        let waiting: BTreeSet<Place> = local.staged.extract_if(.., is_out).collect();
        self.ledger.posted(local, origin, seq, posted_by);
        local.staged.extend(waiting);
    }

    /// Once all members agree, and all whom they know are there, no tombstone stays for ever.
    pub fn tombstones_go(&mut self, until_ms: u64, look_ms: u64) {
        let departures = &self.plan.departures;
        if self.has_strangers || self.plan.restores > 0 || self.plan.removals > 0 || !departures.is_roster_complete() {
            return;
        }
        while self.now_ms < until_ms {
            let left: usize = self.running().map(|running| running.tombstones()).sum();
            if left == 0 {
                return;
            }
            self.play_until(self.now_ms + look_ms);
        }
        let left: Vec<usize> = self.running().map(|running| running.tombstones()).collect();
        panic!("tombstones that everybody knows stay: {left:?}");
    }
}

impl Local {
    /// Whether an entry was seen says nothing any more about whether it may be seen again.
    fn forget_lives(&mut self, collection: &str) {
        self.alive.retain(|place| place.0 != collection);
        self.dead.retain(|place| place.0 != collection);
    }
}

impl Ledger {
    /// What an origin posted above a number in a collection is uncertain from now on.
    fn doubt_in(&mut self, collection: &str, origin: &PeerId, above_seq: u64) {
        let facts = self.facts.iter_mut().filter(|fact| fact.place.0 == collection);
        let facts = facts.filter_map(|fact| fact.posted.as_mut());
        let deleted = self.deleted.iter_mut().filter(|(place, _)| place.0 == collection);
        for posting in facts.chain(deleted.map(|(_, posting)| posting)) {
            posting.is_uncertain |= posting.origin == *origin && posting.seq > above_seq;
        }
    }

    /// Whether a deletion was posted and everybody must follow it.
    pub fn is_surely_deleted(&self, place: &Place) -> bool {
        let is_certain = self.deleted.get(place).is_some_and(|posting| !posting.is_uncertain);
        is_certain && !self.revived.contains(place)
    }
}
