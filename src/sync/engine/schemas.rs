//! Collections: telling peers which ones are attached and how they look, and taking in how theirs look.
//!
//! The shapes of all collections of the network that are known here travel along, signed by whoever claimed them, so that a
//! newcomer can compare what it attaches whomever it meets.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::Engine;
use crate::sync::engine::io::{EngineEvent, MergedSchema};
use crate::sync::engine::requests::MergeSchemas;
use crate::sync::protocol::message::{
    COLLECTIONS_MAX, ClaimedShape, CollectionAnnounce, CollectionSchema, Message, SYNC_BATCH_BYTES,
};

/// Differences that are kept for people to see, of one peer.
const CONFLICTS_MAX: usize = 256;
/// Peers whose differences are kept.
const CONFLICT_PEERS_MAX: usize = 64;

/// The attached collections, and what is known of those of others.
#[derive(Debug)]
pub(super) struct Schemas {
    own: Vec<CollectionSchema>,
    /// The shapes that are known, as many as are told.
    shapes: Vec<ClaimedShape>,
    digest: u64,
    /// Whose announcement the database is taking in.
    merging: Option<PeerId>,
    /// The last announcement of each peer that waits for that.
    waiting: BTreeMap<PeerId, CollectionAnnounce>,
    conflicts: BTreeMap<PeerId, Vec<String>>,
}

impl Schemas {
    pub fn new(collections: &[CollectionSchema], shapes: &[ClaimedShape]) -> Self {
        let (own, shapes) = (in_order(collections), told(shapes));
        let digest = digest(&own, &shapes);
        Schemas { own, shapes, digest, merging: None, waiting: BTreeMap::new(), conflicts: BTreeMap::new() }
    }

    /// Over the announcement that peers get.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Takes over changed collections; false where they are the same.
    fn replace(&mut self, collections: &[CollectionSchema]) -> bool {
        let own = in_order(collections);
        let has_changed = own != self.own;
        self.digest = digest(&own, &self.shapes);
        self.own = own;
        has_changed
    }

    /// Takes over what is known of shapes; false where that is the same.
    fn replace_shapes(&mut self, shapes: &[ClaimedShape]) -> bool {
        let shapes = told(shapes);
        let has_changed = shapes != self.shapes;
        self.digest = digest(&self.own, &shapes);
        self.shapes = shapes;
        has_changed
    }

    /// The differences that each peer's announcement has shown.
    pub fn conflicts_by_peer(&self) -> impl Iterator<Item = (&PeerId, &String)> {
        self.conflicts.iter().flat_map(|(peer, differences)| differences.iter().map(move |text| (peer, text)))
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

/// Shapes in order of name, as many as fit into a message.
fn told(shapes: &[ClaimedShape]) -> Vec<ClaimedShape> {
    let mut shapes = shapes.to_vec();
    shapes.sort_by(|a, b| a.collection.cmp(&b.collection));
    shapes.truncate(COLLECTIONS_MAX);
    let mut bytes = 0;
    shapes.retain(|shape| {
        bytes += postcard::to_allocvec(shape).map_or(SYNC_BATCH_BYTES, |encoded| encoded.len());
        bytes <= SYNC_BATCH_BYTES
    });
    shapes
}

fn digest(collections: &[CollectionSchema], shapes: &[ClaimedShape]) -> u64 {
    let bytes = postcard::to_allocvec(&(collections, shapes)).unwrap_or_default();
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(&bytes).as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

impl Engine {
    pub(super) fn announce_collections(&mut self, peer: &PeerId) {
        let (collections, shapes) = (self.schemas.own.clone(), self.schemas.shapes.clone());
        self.send(peer, Message::CollectionAnnounce(CollectionAnnounce { collections, shapes }));
    }

    pub(super) fn collections_announced(&mut self, peer: &PeerId, announce: CollectionAnnounce) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.collections_digest = digest(&announce.collections, &announce.shapes);
        session.collections = announce.collections.iter().map(|collection| collection.name.clone()).collect();
        let CollectionAnnounce { mut collections, mut shapes } = announce;
        collections.retain(|collection| self.schemas.has_attached(&collection.name));
        shapes.retain(|shape| !self.schemas.shapes.contains(shape));
        let is_alike = collections.iter().all(|collection| self.schemas.own.contains(collection));
        if is_alike {
            self.schemas.conflicts.remove(peer);
        }
        if is_alike && shapes.is_empty() {
            self.schemas.waiting.remove(peer);
        } else {
            self.schemas.waiting.insert(peer.clone(), CollectionAnnounce { collections, shapes });
            self.merge_schemas();
        }
        self.consider_reconciling();
    }

    /// Looks at the shapes anew that are known: whoever was removed decides none any more.
    pub(super) fn review_shapes(&mut self) {
        let nothing = CollectionAnnounce { collections: Vec::new(), shapes: Vec::new() };
        self.schemas.waiting.insert(self.config.this.clone(), nothing);
        self.merge_schemas();
    }

    /// Has the next announcement taken in: one after the other, since each may change what the next is compared with.
    fn merge_schemas(&mut self) {
        if self.schemas.merging.is_some() {
            return;
        }
        let Some((peer, announce)) = self.schemas.waiting.pop_first() else { return };
        self.schemas.merging = Some(peer);
        let CollectionAnnounce { collections, shapes } = announce;
        self.request(MergeSchemas { collections, shapes }, Engine::on_merge_schemas_done);
    }

    fn on_merge_schemas_done(&mut self, result: Result<MergedSchema>) {
        let Some(peer) = self.schemas.merging.take() else { return };
        match result {
            Ok(MergedSchema { mut differences, shapes }) => {
                differences.truncate(CONFLICTS_MAX);
                self.conflicts_found(peer, differences);
                self.shapes_changed(&shapes);
            }
            Err(error) => self.failed("merging columns", &error),
        }
        self.merge_schemas();
    }

    /// Members are told of shapes that were not known.
    fn shapes_changed(&mut self, shapes: &[ClaimedShape]) {
        if self.schemas.replace_shapes(shapes) {
            for peer in self.active_peers() {
                self.announce_collections(&peer);
            }
        }
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
        self.event(EngineEvent::SchemaConflicts { count });
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
        let mut shapes = std::mem::take(&mut self.config.shapes);
        // What was read of the database may be older than what this engine has heard since.
        let is_newer = |ours: &&ClaimedShape| {
            let read = shapes.iter().find(|read| read.collection == ours.collection);
            !self.config.removed.contains(&ours.peer)
                && read.is_none_or(|read| (ours.claimed_ms, &ours.peer) < (read.claimed_ms, &read.peer))
        };
        let newer: Vec<ClaimedShape> = self.schemas.shapes.iter().filter(is_newer).cloned().collect();
        shapes.retain(|read| !newer.iter().any(|ours| ours.collection == read.collection));
        shapes.extend(newer);
        let has_shapes = self.schemas.replace_shapes(&shapes);
        if !self.schemas.replace(&self.config.collections) {
            if has_shapes {
                self.active_peers().iter().for_each(|peer| self.announce_collections(peer));
            }
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
