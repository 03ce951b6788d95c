//! What must be true: at every look, and when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Head, PeerId};
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::node::{COLLECTIONS, NETWORK, Running};
use crate::sync::simulation::workload::GROUP_FACT;
use crate::sync::simulation::world::World;

/// How long the nodes may take to agree once nothing disturbs them any more.
const QUIET_MS_MAX: u64 = 45 * 60 * 1_000;
/// How often it is looked whether they do.
const LOOK_MS: u64 = 2_000;

impl World {
    /// Looks at a node as a reader would.
    pub fn look(&mut self, node: usize) {
        self.note_share(node);
        let Some(running) = &self.nodes[node].running else { return };
        // Who takes a share over shows what has come of it so far.
        let is_filling = self.nodes[node].copies.is_some() && running.engine.is_filling();
        // A member that shows what it does not give can have others compare before the logs have given everything.
        let is_misled = self.has_liars() && self.plan.audits_often();
        if self.plan.is_always_whole() && !is_filling && !is_misled {
            for places in self.ledger.groups.values() {
                let values: Vec<Option<String>> =
                    self.held_of(node, places).map(|(collection, id)| group_value(running, collection, id)).collect();
                let is_whole = values.windows(2).all(|pair| pair[0] == pair[1]);
                assert!(is_whole, "node {node} shows a part of a transaction: {values:?}");
            }
        }
        let mut seen = Vec::new();
        for place in &self.ledger.mortals {
            seen.push((place.clone(), running.exists(place.0, &place.1)));
        }
        let has_share = self.nodes[node].copies.is_some();
        let local = &mut self.nodes[node].local;
        for (place, is_alive) in seen {
            let is_uncertain = self.ledger.deleted.contains_key(&place) && !self.ledger.is_surely_deleted(&place);
            if is_alive && !is_uncertain {
                assert!(!local.dead.contains(&place), "{place:?} came back to life on node {node}");
                local.alive.insert(place);
            } else if !is_alive && local.alive.contains(&place) && (!has_share || self.ledger.is_surely_deleted(&place))
            {
                // What is not here of a share may only have been dropped.
                local.dead.insert(place);
            }
        }
    }

    /// Those entries that a node has to hold.
    fn held_of<'a>(&'a self, node: usize, places: &'a [Place]) -> impl Iterator<Item = &'a Place> {
        places.iter().filter(move |place| self.is_in_share(node, place))
    }

    /// Ends all misfortunes and waits until the nodes agree.
    pub fn come_to_rest(&mut self) {
        self.tell(|_| "everything heals".to_string());
        self.parts.fill(0);
        self.plan.loss = 0;
        self.end_departures();
        let newcomer = self.nodes.iter().position(|node| node.boot == 0).filter(|_| self.plan.copies.is_some());
        self.bring_back(newcomer);
        if newcomer.is_some() {
            // Whoever comes now finds everything with those who hold it, and nobody who holds all.
            self.play_until_spread();
            self.bring_back(None);
        }
        let end_ms = self.now_ms + QUIET_MS_MAX;
        if self.has_liars() {
            self.expel_liars();
        }
        self.play_until_agreed();
        if self.has_liars() {
            self.check_beside_liars();
        } else {
            self.tombstones_go(end_ms, LOOK_MS);
        }
        self.check_all();
        if self.plan.copies.is_some() {
            self.play_until_spread();
            self.lose_holders();
            self.read_everything();
        }
    }

    /// # Panics
    /// Where the nodes do not agree in time.
    pub fn play_until_agreed(&mut self) {
        let end_ms = self.now_ms + QUIET_MS_MAX;
        while self.now_ms < end_ms {
            self.play_until(self.now_ms + LOOK_MS);
            (0..self.nodes.len()).for_each(|node| self.note_share(node));
            if self.agree() {
                return;
            }
        }
        panic!("the nodes do not agree: {}", self.differences());
    }

    /// Starts all that do not run, and has them take part in everything, but for one.
    fn bring_back(&mut self, but: Option<usize>) {
        for node in (0..self.nodes.len()).filter(|node| Some(*node) != but) {
            self.nodes[node].skew_ms = self.nodes[node].skew_ms.clamp(-1_000, 1_000);
            if self.nodes[node].running.is_none() && !self.nodes[node].is_away {
                self.start(node);
            }
            if !self.nodes[node].is_removed {
                self.attach(node);
            }
        }
        self.join_anew();
    }

    /// Whoever missed a new secret and is known to nobody who has it stays outside, until its user leaves the network and
    /// joins it by that secret. Whom only such a node has removed is removed by a member first.
    pub fn join_anew(&mut self) {
        let (inside, strangers) = self.strangers();
        let Some(member) = inside.first().copied().filter(|_| !strangers.is_empty()) else { return };
        self.has_strangers = true;
        let removed = self.nodes.iter().filter(|node| node.is_removed).filter_map(|node| node.running.as_ref());
        let removed: Vec<PeerId> = removed.map(|running| running.peer.clone()).collect();
        let owner = inside.iter().copied().find(|node| self.nodes[*node].is_owner()).unwrap_or(member);
        for peer in removed.iter().filter(|peer| !self.nodes[owner].has_removed(peer)) {
            let running = self.nodes[owner].running.as_ref().unwrap();
            let mut transaction = running.database.begin();
            transaction.remove_peer(NETWORK, peer.as_str()).unwrap();
            self.runtime.block_on(transaction.commit()).unwrap();
        }
        self.follow_changes(owner);
        for node in self.strangers().1 {
            self.leave(node);
            self.come_back(node);
            *self.happened.entry("strangers joined anew").or_default() += 1;
        }
    }

    /// The members that know the newest secret, and those whom none of them lets in.
    fn strangers(&self) -> (Vec<usize>, Vec<usize>) {
        let Some(newest) = self.newest_secret() else { return (Vec::new(), Vec::new()) };
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..self.nodes.len())
            .filter(|node| self.nodes[*node].is_member() && self.nodes[*node].running.is_some())
            .partition(|node| self.nodes[*node].epochs().contains_key(newest.as_str()));
        let is_stranger = |node: &usize| inside.iter().all(|member| self.common_epoch(*member, *node).is_none());
        let strangers = outside.into_iter().filter(is_stranger).collect();
        (inside, strangers)
    }

    /// The members that run.
    pub fn running(&self) -> impl Iterator<Item = &Running> {
        self.nodes.iter().filter(|node| node.is_member()).filter_map(|node| node.running.as_ref())
    }

    /// Whether all nodes have posted everything and hold the same.
    fn agree(&self) -> bool {
        let Some(first) = self.running().next() else { return false };
        let heads_of = |running: &Running| -> Vec<Head> {
            running.heads().into_iter().filter(|head| !self.may_be_ahead(&head.origin)).collect()
        };
        let heads = heads_of(first);
        let have_posted = self.running().all(|running| {
            running.database.view().staged(Some(running.network)).unwrap().is_empty() && heads_of(running) == heads
        });
        have_posted
            && self.know_the_same_removed()
            && self.is_nobody_excused()
            && self.tables_agree()
            && match self.plan.copies {
                None => COLLECTIONS.into_iter().all(|name| self.agree_on(name)),
                Some(_) => self.shares_agree(),
            }
    }

    fn know_the_same_removed(&self) -> bool {
        let removed = |running: &Running| -> BTreeSet<PeerId> {
            running
                .database
                .catalog()
                .network(NETWORK)
                .map(|network| network.removed.iter().cloned().collect())
                .unwrap()
        };
        let mut all = self.running().map(removed);
        all.next().is_none_or(|first| all.all(|other| other == first))
    }

    /// Whether all that have a collection attached hold the same of it.
    fn agree_on(&self, name: &str) -> bool {
        let mut digests = self.running().filter(|running| running.has_attached(name)).map(|one| digest(one, name));
        digests.next().is_none_or(|first| digests.all(|other| other == first))
    }

    fn differences(&self) -> String {
        let mut lines = Vec::new();
        for (number, running) in self.running().enumerate() {
            let heads: BTreeMap<_, _> = running
                .heads()
                .into_iter()
                .map(|head| (super::story::short(&head.origin).to_string(), (head.seq, head.hash[0])))
                .collect();
            let staged = running.database.view().staged(Some(running.network)).unwrap().len();
            let digests = COLLECTIONS.map(|name| {
                if running.has_attached(name) { format!("{:x}", digest(running, name) >> 96) } else { String::new() }
            });
            lines.push(format!("node {number}: heads {heads:?}, {staged} staged, digests {digests:?}"));
        }
        lines.join("\n")
    }

    /// Everything that was promised.
    pub fn check_all(&mut self) {
        self.check_removed();
        self.check_excuses();
        self.check_tables();
        self.check_blobs();
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_member() {
                continue;
            }
            self.look(node);
            let running = self.nodes[node].running.as_ref().unwrap();
            let set_aside = running.database.view().set_aside(running.network).unwrap();
            assert!(set_aside.is_empty() || self.has_liars(), "node {node} set deltas aside: {set_aside:?}");
            for fact in &self.ledger.facts {
                let Some(posting) = fact.posted.as_ref().filter(|posting| !posting.is_uncertain) else { continue };
                let is_held = running.has_attached(fact.place.0) && self.is_in_share(node, &fact.place);
                if self.ledger.mortals.contains(&fact.place) || !is_held {
                    continue;
                }
                let (collection, id) = &fact.place;
                let facts = running.facts(collection, id).unwrap_or_default();
                let value = facts.get(&fact.name).and_then(|value| value.as_str());
                assert_eq!(value, Some(fact.value.as_str()), "node {node} lost {fact:?} of {posting:?}");
            }
            for (place, posting) in &self.ledger.deleted {
                let is_copy = self.nodes[node].local.kept.contains(place) || !running.has_attached(place.0);
                let is_alive = running.exists(place.0, &place.1) && !is_copy;
                assert!(
                    !is_alive || !self.ledger.is_surely_deleted(place),
                    "node {node} still shows {place:?}, deleted in {posting:?}"
                );
            }
            for places in self.ledger.groups.values() {
                let values: Vec<Option<String>> =
                    self.held_of(node, places).map(|(collection, id)| group_value(running, collection, id)).collect();
                let is_whole = values.windows(2).all(|pair| pair[0] == pair[1]);
                assert!(is_whole || self.plan.restores > 0, "node {node} has a part of a transaction: {values:?}");
            }
        }
    }
}

impl World {
    /// What the removed ones posted and no member has heard of is theirs alone, and so is the network's key the members'.
    fn check_removed(&mut self) {
        for removed in 0..self.nodes.len() {
            if !self.nodes[removed].is_removed {
                continue;
            }
            let peer = self.nodes[removed].running.as_ref().unwrap().peer.clone();
            let held = self.held(&peer);
            self.ledger.doubt(&peer, held);
            let secrets = self.nodes[removed].secrets.clone();
            for member in self.nodes.iter().filter(|node| node.is_member()) {
                assert!(self.has_shut_out(member, &peer), "a member does not know who was removed");
                let running = member.running.as_ref().unwrap();
                let newest = running.database.replica().epoch_secret(running.network).unwrap().unwrap();
                let is_known = secrets.contains(&(newest.epoch, newest.secret.to_string()));
                assert!(!is_known, "who was removed knows the secret of epoch {}", newest.epoch);
            }
        }
    }
}

fn group_value(running: &Running, collection: &str, id: &str) -> Option<String> {
    running.facts(collection, id)?.get(GROUP_FACT)?.as_str().map(str::to_string)
}

fn digest(running: &Running, collection: &str) -> u128 {
    running.digest(collection).unwrap()
}
