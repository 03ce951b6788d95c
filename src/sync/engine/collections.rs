//! Collections: telling peers which ones are attached and how they look, and taking in how theirs look.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::Engine;
use crate::sync::engine::machine::Task;
use crate::sync::message::{COLLECTIONS_MAX, CollectionAnnounce, CollectionSchema, Message};
use crate::sync::work::{Event, Work};

/// Differences that are kept for people to see, of one peer.
const CONFLICTS_MAX: usize = 256;
/// Peers whose differences are kept.
const CONFLICT_PEERS_MAX: usize = 64;

/// The attached collections, and what is known of those of others.
#[derive(Debug)]
pub(super) struct Schemas {
    own: Vec<CollectionSchema>,
    digest: u64,
    /// Whose announcement the database is taking in.
    merging: Option<PeerId>,
    /// The last announcement of each peer that waits for that.
    waiting: BTreeMap<PeerId, Vec<CollectionSchema>>,
    conflicts: BTreeMap<PeerId, Vec<String>>,
}

impl Schemas {
    pub fn new(collections: &[CollectionSchema]) -> Self {
        let own = in_order(collections);
        let digest = digest(&own);
        Schemas { own, digest, merging: None, waiting: BTreeMap::new(), conflicts: BTreeMap::new() }
    }

    /// Over the announcement that peers get.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Takes over changed collections; false where they are the same.
    fn replace(&mut self, collections: &[CollectionSchema]) -> bool {
        let own = in_order(collections);
        let has_changed = own != self.own;
        self.digest = digest(&own);
        self.own = own;
        has_changed
    }

    /// Each difference once.
    pub fn conflicts(&self) -> Vec<String> {
        let mut all: Vec<String> = self.conflicts.values().flatten().cloned().collect();
        all.sort_unstable();
        all.dedup();
        all.truncate(CONFLICTS_MAX);
        all
    }

    fn has_attached(&self, name: &str) -> bool {
        self.own.iter().any(|collection| collection.name == name)
    }
}

fn in_order(collections: &[CollectionSchema]) -> Vec<CollectionSchema> {
    let mut collections = collections.to_vec();
    collections.sort_by(|a, b| a.name.cmp(&b.name));
    collections.truncate(COLLECTIONS_MAX);
    collections
}

fn digest(collections: &[CollectionSchema]) -> u64 {
    let bytes = postcard::to_allocvec(collections).unwrap_or_default();
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(&bytes).as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

impl Engine {
    pub(super) fn announce_collections(&mut self, peer: &PeerId) {
        let collections = self.schemas.own.clone();
        self.send(peer, Message::CollectionAnnounce(CollectionAnnounce { collections }));
    }

    pub(super) fn collections_announced(&mut self, peer: &PeerId, announce: CollectionAnnounce) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.collections_digest = digest(&announce.collections);
        session.collections = announce.collections.iter().map(|collection| collection.name.clone()).collect();
        let mut shared = announce.collections;
        shared.retain(|collection| self.schemas.has_attached(&collection.name));
        if shared.iter().all(|collection| self.schemas.own.contains(collection)) {
            self.schemas.conflicts.remove(peer);
            self.schemas.waiting.remove(peer);
        } else {
            self.schemas.waiting.insert(peer.clone(), shared);
            self.merge_schemas();
        }
        self.consider_reconciling();
    }

    /// Has the next announcement taken in: one after the other, since each may change what the next is compared with.
    fn merge_schemas(&mut self) {
        if self.schemas.merging.is_some() {
            return;
        }
        let Some((peer, collections)) = self.schemas.waiting.pop_first() else { return };
        self.schemas.merging = Some(peer);
        self.work(Task::MergeSchema, Work::MergeSchema { collections });
    }

    pub(super) fn schema_merged(&mut self, result: Result<Vec<String>>) {
        let Some(peer) = self.schemas.merging.take() else { return };
        match result {
            Ok(mut differences) => {
                differences.truncate(CONFLICTS_MAX);
                self.conflicts_found(peer, differences);
            }
            Err(error) => self.failed("merging columns", &error),
        }
        self.merge_schemas();
    }

    fn conflicts_found(&mut self, peer: PeerId, differences: Vec<String>) {
        if differences.is_empty() {
            self.schemas.conflicts.remove(&peer);
            return;
        }
        let is_known = self.schemas.conflicts.get(&peer).is_some_and(|known| *known == differences);
        let has_room = self.schemas.conflicts.len() < CONFLICT_PEERS_MAX || self.schemas.conflicts.contains_key(&peer);
        if is_known || !has_room {
            return;
        }
        self.schemas.conflicts.insert(peer, differences);
        let count = u64::try_from(self.schemas.conflicts().len()).unwrap_or(u64::MAX);
        self.event(Event::SchemaConflicts { count });
    }

    /// Forgets what waits of a peer that is gone.
    pub(super) fn forget_schemas_of(&mut self, peer: &PeerId) {
        self.schemas.waiting.remove(peer);
        if !self.roster.contains(peer) {
            self.schemas.conflicts.remove(peer);
        }
    }

    /// Collections were attached, detached or altered here: everybody is told, and those that they contradicted are asked
    /// again whether they still do.
    pub(super) fn collections_changed(&mut self) {
        if !self.schemas.replace(&self.config.collections) {
            return;
        }
        // What is attached may have waited on the stage, and the log may have brought tombstones back that all others have
        // forgotten.
        self.staged();
        self.round.unsettle();
        for peer in self.active_peers() {
            self.announce_collections(&peer);
            // Columns of a collection attached just now have not been compared with anybody's.
            self.send(&peer, Message::CollectionRequest);
        }
    }
}
