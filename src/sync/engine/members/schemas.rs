//! Collections: telling peers which ones are attached and how they look, and taking in how theirs look.
//!
//! The shapes of all collections of the network that are known here travel along, signed by whoever claimed them, so that a
//! newcomer can compare what it attaches whomever it meets.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::requests::MergeSchemas;
use crate::sync::engine::requests::MergedSchema;
use crate::sync::protocol::message::{
    COLLECTIONS_MAX, ClaimedShape, CollectionAnnounce, CollectionSchema, Message, SYNC_BATCH_BYTES,
};

/// Differences that are kept for people to see, of one peer.
const CONFLICTS_MAX: usize = 256;
/// Peers whose differences are kept.
const CONFLICT_PEERS_MAX: usize = 64;

/// The attached collections, and what is known of those of others.
#[derive(Debug)]
pub(in crate::sync::engine) struct Schemas {
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

impl Schemas {
    pub fn send_collections(&self, core: &mut EngineCore, peer: &PeerId) {
        let (collections, shapes) = (self.own.clone(), self.shapes.clone());
        core.send(peer, Message::CollectionAnnounce(CollectionAnnounce { collections, shapes }));
    }

    pub fn on_collection_announce(&mut self, core: &mut EngineCore, peer: &PeerId, announce: CollectionAnnounce) {
        let Some(session) = core.peers.get_mut(peer) else { return };
        session.collections_digest = digest(&announce.collections, &announce.shapes);
        session.collections = announce.collections.iter().map(|collection| collection.name.clone()).collect();
        let CollectionAnnounce { mut collections, mut shapes } = announce;
        collections.retain(|collection| self.has_attached(&collection.name));
        shapes.retain(|shape| !self.shapes.contains(shape));
        let is_alike = collections.iter().all(|collection| self.own.contains(collection));
        if is_alike {
            self.conflicts.remove(peer);
        }
        if is_alike && shapes.is_empty() {
            self.waiting.remove(peer);
        } else {
            self.waiting.insert(peer.clone(), CollectionAnnounce { collections, shapes });
            self.merge_schemas(core);
        }
    }

    /// Looks at the shapes anew that are known: whoever was removed decides none any more.
    pub fn review_shapes(&mut self, core: &mut EngineCore) {
        let nothing = CollectionAnnounce { collections: Vec::new(), shapes: Vec::new() };
        self.waiting.insert(core.config.this.clone(), nothing);
        self.merge_schemas(core);
    }

    /// Has the next announcement taken in: one after the other, since each may change what the next is compared with.
    fn merge_schemas(&mut self, core: &mut EngineCore) {
        if self.merging.is_some() {
            return;
        }
        let Some((peer, announce)) = self.waiting.pop_first() else { return };
        self.merging = Some(peer);
        let CollectionAnnounce { collections, shapes } = announce;
        core.request(MergeSchemas { collections, shapes }, |engine, reply| {
            engine.schemas.on_merge_schemas_done(&mut engine.core, reply)
        });
    }

    fn on_merge_schemas_done(&mut self, core: &mut EngineCore, result: Result<MergedSchema>) {
        let Some(peer) = self.merging.take() else { return };
        match result {
            Ok(MergedSchema { mut differences, shapes }) => {
                differences.truncate(CONFLICTS_MAX);
                self.conflicts_found(core, peer, differences);
                self.shapes_changed(core, &shapes);
            }
            Err(error) => core.failed("merging columns", &error),
        }
        self.merge_schemas(core);
    }

    /// Members are told of shapes that were not known.
    fn shapes_changed(&mut self, core: &mut EngineCore, shapes: &[ClaimedShape]) {
        if self.replace_shapes(shapes) {
            for peer in core.active_peers() {
                self.send_collections(core, &peer);
            }
        }
    }

    fn conflicts_found(&mut self, core: &mut EngineCore, peer: PeerId, differences: Vec<String>) {
        if differences.is_empty() {
            self.conflicts.remove(&peer);
            return;
        }
        let is_known = self.conflicts.get(&peer).is_some_and(|known| *known == differences);
        let has_room = self.conflicts.len() < CONFLICT_PEERS_MAX || self.conflicts.contains_key(&peer);
        if is_known || !has_room {
            return;
        }
        self.conflicts.insert(peer, differences);
        let count = u64::try_from(self.conflicts().len()).unwrap_or(u64::MAX);
        core.event(EngineEvent::SchemaConflicts { count });
    }

    /// Forgets what waits of a peer that is gone.
    pub fn on_session_ended(&mut self, core: &EngineCore, peer: &PeerId) {
        self.waiting.remove(peer);
        if !core.roster.contains(peer) {
            self.conflicts.remove(peer);
        }
    }

    /// Takes over what is attached here now, and what is known of shapes; whether collections were attached, detached or
    /// altered. Where not, members are told of new shapes at once.
    pub fn update(&mut self, core: &mut EngineCore) -> bool {
        let mut shapes = std::mem::take(&mut core.config.shapes);
        // What was read of the database may be older than what this engine has heard since.
        let owners = core.config.owners.clone();
        let order = |shape: &ClaimedShape| (!owners.contains(&shape.peer), shape.claimed_ms, shape.peer.clone());
        let is_newer = |ours: &&ClaimedShape| {
            let read = shapes.iter().find(|read| read.collection == ours.collection);
            !core.config.removed.contains(&ours.peer) && read.is_none_or(|read| order(ours) < order(read))
        };
        let newer: Vec<ClaimedShape> = self.shapes.iter().filter(is_newer).cloned().collect();
        shapes.retain(|read| !newer.iter().any(|ours| ours.collection == read.collection));
        shapes.extend(newer);
        let has_shapes = self.replace_shapes(&shapes);
        let has_changed = self.replace(&core.config.collections);
        if has_shapes && !has_changed {
            core.active_peers().iter().for_each(|peer| self.send_collections(core, peer));
        }
        has_changed
    }

    /// Everybody is told what is attached here now, and those that it contradicted are asked again whether they still do.
    pub fn announce(&mut self, core: &mut EngineCore) {
        for peer in core.active_peers() {
            self.send_collections(core, &peer);
            // Columns of a collection attached just now have not been compared with anybody's.
            core.send(&peer, Message::CollectionRequest);
        }
    }
}
