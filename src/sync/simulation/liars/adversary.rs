//! What one liar makes of the messages that its engine sends, and what it says unasked.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value as Tree;

use crate::model::PeerId;
use crate::store::Identity;
use crate::sync::protocol::message::Message;
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::liars::bodies::{Bait, twisted};
use crate::sync::simulation::liars::lies::Lie;
use crate::sync::simulation::liars::tree::{Parts, bytes_in, bytes_of, message_of, other_bytes, places, tree_of};

/// Messages that can be said again.
const HEARD_MAX: usize = 64;
/// How often a change is tried until it makes a message that is read.
const TRIES: usize = 6;
/// Longest message that is taken apart, in bytes.
const BYTES_MAX: usize = 128 * 1024;

/// The mind of a liar. It knows all messages that it has sent or heard, and the key of its node.
pub(in crate::sync::simulation) struct Adversary {
    pub(super) random: Random,
    pub(super) lies: Vec<Lie>,
    /// Messages in a hundred that it lies in.
    chance: u64,
    parts: Parts,
    heard: VecDeque<Vec<Vec<u8>>>,
    /// The last message of each kind, to be told with other contents.
    pub(super) templates: BTreeMap<&'static str, Tree>,
    pub(super) identity: Identity,
    pub(super) network: String,
    pub(super) peers: Vec<PeerId>,
    /// Names of private blobs of others. How it came to know them is its own affair.
    pub(super) blobs: Vec<String>,
    /// Its clock, in milliseconds since 1970.
    pub(super) now_ms: u64,
    /// How often it told each lie.
    pub(super) told: BTreeMap<Lie, u64>,
}

impl Adversary {
    pub fn new(seed: u64, lies: Vec<Lie>, identity: Identity, network: &str) -> Adversary {
        let mut random = Random::new(seed);
        let chance = [3, 10, 30, 70][usize::try_from(random.below(4)).unwrap()];
        Adversary {
            random,
            lies,
            chance,
            parts: Parts::default(),
            heard: VecDeque::new(),
            templates: BTreeMap::new(),
            identity,
            network: network.to_string(),
            peers: Vec::new(),
            blobs: Vec::new(),
            now_ms: 0,
            told: BTreeMap::new(),
        }
    }

    /// Remembers a message that was sent here, or that its own engine sends.
    pub fn hear(&mut self, message: &Message, frames: &[Vec<u8>]) {
        if frames.iter().map(Vec::len).sum::<usize>() > BYTES_MAX {
            return;
        }
        let tree = tree_of(message);
        self.parts.learn(&tree);
        self.templates.insert(message.message_type().name(), tree);
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(frames.to_vec());
    }

    pub fn tells(&self, lie: Lie) -> bool {
        self.lies.contains(&lie)
    }

    /// Whether it lies this time.
    pub(super) fn feels_like(&mut self, lie: Lie) -> bool {
        self.tells(lie) && self.random.below(100) < self.chance
    }

    /// An entry that nobody wrote, for the liar to post, where it tells such lies: its key and its state.
    pub(super) fn own_bait(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        if !self.feels_like(Lie::OwnBait) {
            return None;
        }
        self.has_told(Lie::OwnBait);
        let bait = Bait::choose(&mut self.random);
        let at = usize::try_from(self.random.below(self.blobs.len() as u64)).unwrap();
        let (blob, number) = (self.blobs.get(at).cloned(), self.random.next());
        let author = self.identity.peer_id().clone();
        Some(bait.entry(number, (&author, self.now_ms), blob.as_deref(), &mut self.random))
    }

    pub(super) fn has_told(&mut self, lie: Lie) {
        *self.told.entry(lie).or_default() += 1;
    }

    /// The frames that go out in place of those of a message.
    pub fn distort(&mut self, message: &Message, frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        self.hear(message, &frames);
        if frames.iter().map(Vec::len).sum::<usize>() > BYTES_MAX {
            return frames;
        }
        if self.feels_like(Lie::Withheld) {
            self.has_told(Lie::Withheld);
            return Vec::new();
        }
        let mut tree = tree_of(message);
        let mut is_changed = false;
        for lie in [Lie::Absence, Lie::Bait, Lie::Forged, Lie::Pruned, Lie::Deltas] {
            if self.feels_like(lie) {
                let is_told = self.rewrite(lie, &mut tree);
                is_changed |= is_told;
                if is_told {
                    self.has_told(lie);
                }
            }
        }
        if let Some(changed) = self.change(&tree) {
            (tree, is_changed) = (changed, true);
        }
        let frames = match is_changed.then(|| message_of(tree)).flatten() {
            Some((_, frames)) => frames,
            None => frames,
        };
        self.damage(frames)
    }

    fn damage(&mut self, mut frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        // Rarely, since whoever does it is shut out for a while.
        if self.tells(Lie::Damaged) && self.random.below(200) < self.chance {
            let frame = frames.pop().unwrap_or_default();
            frames.push(other_bytes(frame, &mut self.random));
            self.has_told(Lie::Damaged);
        }
        frames
    }

    /// The message with one field or more changed, of those that a lie of this seed is about.
    fn change(&mut self, tree: &Tree) -> Option<Tree> {
        let places: Vec<_> = places(tree).into_iter().filter(|place| self.tells(Lie::about(&place.pointer))).collect();
        if places.is_empty() || self.random.below(100) >= self.chance {
            return None;
        }
        let mut changed = tree.clone();
        let mut has_changed = false;
        for _ in 0..=self.random.below(2) {
            for _ in 0..TRIES {
                let at = usize::try_from(self.random.below(places.len() as u64)).unwrap();
                let (place, lie) = (&places[at], Lie::about(&places[at].pointer));
                let old = changed.pointer(&place.pointer).and_then(bytes_of);
                let state = old.and_then(|bytes| twisted(&bytes, &self.peers, &mut self.random));
                let value = match state {
                    Some(state) => Some(bytes_in(&state)),
                    None => self.parts.changed(&changed, place, &mut self.random),
                };
                let mut tried = changed.clone();
                let Some((slot, value)) = tried.pointer_mut(&place.pointer).zip(value) else { continue };
                *slot = value;
                if message_of(tried.clone()).is_some() {
                    (changed, has_changed) = (tried, true);
                    self.has_told(lie);
                    break;
                }
            }
        }
        has_changed.then_some(changed)
    }

    /// Something to say to a peer that did not ask; nothing where this liar only changes what it is asked for.
    pub fn speak(&mut self) -> Vec<Vec<u8>> {
        let mut lies = self.lies.clone();
        self.random.choose(&mut lies, 1);
        let Some(lie) = lies.first().copied() else { return Vec::new() };
        if lie == Lie::Replayed {
            let at = usize::try_from(self.random.below(self.heard.len() as u64)).unwrap();
            let Some(frames) = self.heard.get(at).cloned() else { return Vec::new() };
            self.has_told(lie);
            return frames;
        }
        let mut frames = Vec::new();
        for tree in self.invent(lie) {
            if let Some((_, invented)) = message_of(tree) {
                frames.extend(invented);
                self.has_told(lie);
            }
        }
        frames
    }
}
