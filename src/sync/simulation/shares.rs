//! Nodes that hold a share of what is posted: what must be true of them, and reading what others hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::model::{Buckets, Bytes, ListingPage, ListingPlace, NetworkOptions, Replication};
use crate::store::decode_state;
use crate::sync::engine::io::EngineInput;
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Departures;
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::node::{COLLECTIONS, Running};
use crate::sync::simulation::plan::{Plan, between, one_in};
use crate::sync::simulation::world::World;

/// Sets this part's choices apart from all others, which stay as they are.
const APART: u64 = 0x5348_4152_4553;
/// How often what is missing is fetched: it may be dropped again before it is looked at.
const READS_MAX: u32 = 3;
/// Members that are removed at the end, of those that hold two copies and more of everything.
const HOLDERS_LOST: usize = 2;
/// How long entries may take to come.
const FETCH_MS_MAX: u64 = 120_000;

/// Chooses whether nodes of a simulation hold shares, and which.
pub(super) fn choose(seed: u64, plan: &mut Plan) -> Vec<Option<u32>> {
    let mut random = Random::new(seed ^ APART);
    let is_wanted = one_in(&mut random, 3) || std::env::var_os("NEBULUSDB_SIM_SHARES").is_some();
    let is_played = is_wanted && plan.restores == 0 && plan.departures == Departures::default();
    if !is_played {
        return vec![None; plan.nodes];
    }
    // Who removes a member takes what that one alone holds from the network.
    let least = if plan.removals > 0 { 2 } else { 1 };
    plan.copies = Some(u32::try_from(between(&mut random, least, 3)).unwrap());
    plan.has_tables = false;
    (0..plan.nodes).map(|_| plan.copies.filter(|_| !one_in(&mut random, 4))).collect()
}

/// The options of a node's network.
pub(super) fn options(plan: &Plan, copies: Option<u32>) -> NetworkOptions {
    match copies {
        None => plan.options.clone(),
        Some(copies) => {
            let replication = Replication::Partial;
            NetworkOptions { replication, replication_factor: copies, keep_own: false, ..plan.options.clone() }
        }
    }
}

/// Where an entry lies here, and what a peer would compare it by.
fn digests(running: &Running, collection: &str) -> BTreeMap<Vec<u8>, (u16, [u8; 16])> {
    let view = running.database.replica().public_view(running.network).unwrap();
    let (entries, _) = view.digests_in(collection, &Buckets::all(), (None, None), usize::MAX).unwrap();
    entries.into_iter().map(|entry| (entry.key.to_vec(), (entry.bucket, entry.digest))).collect()
}

impl World {
    /// Works out anew what a node has to hold.
    pub fn note_share(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        if let Some(running) = node.running.as_mut().filter(|_| node.copies.is_some()) {
            node.share = running.engine.own_share();
        }
    }

    /// Whether a node has to hold an entry.
    pub fn is_in_share(&self, node: usize, place: &Place) -> bool {
        let share = &self.nodes[node].share;
        let Some(running) = self.nodes[node].running.as_ref().filter(|_| !share.are_all()) else { return true };
        share.hold(running.key(&running.collection(place.0), &place.1).as_bytes())
    }

    /// Whether all that have to hold an entry hold the same of it.
    pub fn shares_agree(&self) -> bool {
        COLLECTIONS.into_iter().all(|name| {
            let members = self.nodes.iter().filter(|node| node.is_member());
            let held: Vec<_> = members
                .filter_map(|node| Some((node.running.as_ref()?, &node.share)))
                .filter(|(running, _)| running.has_attached(name))
                .map(|(running, share)| (digests(running, name), share))
                .collect();
            let keys: BTreeSet<&Vec<u8>> = held.iter().flat_map(|(entries, _)| entries.keys()).collect();
            keys.into_iter().all(|key| {
                let holders = held.iter().filter(|(_, share)| share.hold(key));
                let mut found = holders.map(|(entries, _)| entries.get(key));
                let first = found.next().flatten();
                first.is_some() && found.all(|other| other == first)
            })
        })
    }

    /// Whether an entry that others may know is not here: a user reads it before writing to it.
    pub fn reads_first(&mut self, node: usize, places: &[Place]) -> bool {
        if self.nodes[node].copies.is_none() {
            return false;
        }
        let running = self.nodes[node].running.as_ref().unwrap();
        let is_known = |place: &&Place| self.ledger.facts.iter().any(|fact| fact.place == **place);
        let missing: Vec<Place> =
            places.iter().filter(is_known).filter(|place| !running.exists(place.0, &place.1)).cloned().collect();
        for place in &missing {
            self.fetch(node, place);
        }
        !missing.is_empty()
    }

    fn fetch(&mut self, node: usize, place: &Place) {
        let running = self.nodes[node].running.as_ref().unwrap();
        let key = running.key(&running.collection(place.0), &place.1);
        let (collection, keys) = (place.0.to_string(), vec![Bytes::new(key.as_bytes())]);
        let number = self.new_name();
        self.nodes[node].fetching.insert(number);
        self.tell(|world| format!("{} fetches {place:?}", world.name(node)));
        self.handle(node, EngineInput::FetchRequested { number, collection, keys, holder: None });
    }

    pub fn fetched(&mut self, node: usize, number: u64, result: &Result<Vec<Bytes>>) {
        *self.happened.entry(if result.is_ok() { "fetches" } else { "fetches in vain" }).or_default() += 1;
        self.tell(|world| format!("{} has fetched: {result:?}", world.name(node)));
        assert!(self.nodes[node].fetching.remove(&number), "a fetch is answered twice");
        let is_quiet = self.nodes[node].must_fetch;
        assert!(result.is_ok() || !is_quiet, "a fetch fails while everybody is there: {result:?}");
    }

    /// A page of a listing has come.
    pub fn listed(&mut self, node: usize, number: u64, result: Result<ListingPage>) {
        let page = result.expect("keys are not told while everybody is there");
        assert_eq!(self.nodes[node].listing.replace((number, Some(page))), Some((number, None)), "told twice");
    }

    /// The keys that a node is told of what others hold of a collection.
    fn list(&mut self, node: usize, collection: &str) -> BTreeSet<Bytes> {
        let (mut keys, mut place) = (BTreeSet::new(), ListingPlace::default());
        let until_ms = self.now_ms + FETCH_MS_MAX;
        loop {
            let number = self.new_name();
            self.nodes[node].listing = Some((number, None));
            self.handle(node, EngineInput::KeysRequested { number, collection: collection.to_string(), place });
            let page = loop {
                if let Some((_, Some(page))) = self.nodes[node].listing.take_if(|(_, page)| page.is_some()) {
                    break page;
                }
                assert!(self.now_ms < until_ms, "keys do not come");
                self.play_until(self.now_ms + 500);
            };
            keys.extend(page.keys);
            match page.next {
                Some(next) => place = next,
                None => return keys,
            }
        }
    }

    /// At rest: whoever reads all of a collection is told of each living entry that is not here.
    fn check_listing(&mut self, node: usize) {
        for name in COLLECTIONS {
            if !self.nodes[node].running.as_ref().unwrap().has_attached(name) {
                continue;
            }
            let listed = self.list(node, name);
            let running = self.nodes[node].running.as_ref().unwrap();
            let collection = running.collection(name);
            let mut places: Vec<&Place> =
                self.ledger.facts.iter().map(|fact| &fact.place).filter(|place| place.0 == name).collect();
            places.dedup();
            for place in places.into_iter().filter(|place| !running.exists(place.0, &place.1)) {
                let key = Bytes::new(running.key(&collection, &place.1).as_bytes());
                let lives_at = |other: &Running| {
                    let view = other.database.replica().public_view(other.network).unwrap();
                    let found = view.entries_of(name, std::slice::from_ref(&key)).unwrap();
                    found.entries.iter().any(|entry| decode_state(&entry.body).unwrap().is_alive())
                };
                let members =
                    self.nodes.iter().filter(|node| node.is_member()).filter_map(|node| node.running.as_ref());
                let lives = members.filter(|other| other.has_attached(name)).any(lives_at);
                assert!(!lives || listed.contains(&key), "node {node} is not told of {place:?}");
                *self.happened.entry("keys told of what others hold").or_default() += u64::from(lives);
            }
        }
    }

    /// Plays until what others hold is gone.
    pub fn play_until_spread(&mut self) {
        self.play_until(self.now_ms + 3 * self.plan.tuning.stability_interval_ms + 60_000);
    }

    /// Members are removed one after the other, each when everything is spread. Nothing goes with the first, since there are
    /// other copies, and nothing with the second, since the others have made new ones.
    pub fn lose_holders(&mut self) {
        (0..self.nodes.len()).for_each(|node| self.note_share(node));
        assert!(self.shares_agree(), "holders have dropped what they have to hold");
        if self.plan.copies.is_none_or(|copies| copies < 2) {
            return;
        }
        for _ in 0..HOLDERS_LOST {
            let mut members: Vec<usize> = (0..self.nodes.len()).filter(|node| self.nodes[*node].is_member()).collect();
            if members.len() < 2 {
                return;
            }
            self.random.choose(&mut members, 2);
            self.shut_out(members[0], members[1]);
            self.play_until_agreed();
            self.check_all();
            self.play_until_spread();
        }
    }

    /// At rest: everything can be read anywhere.
    pub fn read_everything(&mut self) {
        let Some(copies) = self.plan.copies else { return };
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_member() || self.nodes[node].copies.is_none() {
                continue;
            }
            self.check_listing(node);
            self.nodes[node].must_fetch = true;
            let places: BTreeSet<Place> = self.ledger.facts.iter().map(|fact| fact.place.clone()).collect();
            let mut read = BTreeSet::new();
            for _ in 0..READS_MAX {
                let running = self.nodes[node].running.as_ref().unwrap();
                let is_missing = |place: &&Place| running.has_attached(place.0) && !running.exists(place.0, &place.1);
                let missing: Vec<Place> = places.iter().filter(is_missing).cloned().collect();
                missing.iter().for_each(|place| self.fetch(node, place));
                read.extend(missing);
                let until_ms = self.now_ms + FETCH_MS_MAX;
                while !self.nodes[node].fetching.is_empty() {
                    assert!(self.now_ms < until_ms, "entries do not come, of {copies} copies");
                    self.play_until(self.now_ms + 500);
                }
            }
            *self.happened.entry("entries held elsewhere").or_default() += read.len() as u64;
            self.check_facts(node, &read);
        }
    }

    /// All that was posted of these entries shows on a node.
    fn check_facts(&self, node: usize, places: &BTreeSet<Place>) {
        let running = self.nodes[node].running.as_ref().unwrap();
        for fact in self.ledger.facts.iter().filter(|fact| places.contains(&fact.place)) {
            let Some(posting) = fact.posted.as_ref().filter(|posting| !posting.is_uncertain) else { continue };
            let (collection, id) = &fact.place;
            if self.ledger.mortals.contains(&fact.place) && !running.exists(collection, id) {
                continue;
            }
            let facts = running.facts(collection, id).unwrap_or_default();
            let value = facts.get(&fact.name).and_then(|value| value.as_str());
            assert_eq!(value, Some(fact.value.as_str()), "node {node} reads {fact:?} of {posting:?} otherwise");
        }
    }
}
