//! Commits that are verified and encoded but not yet written, and what one more adds to them.
//!
//! Whoever encodes a commit reads through [`CommitEncoder`](crate::db::write::commit::encoder::CommitEncoder): its own effects first, then the group's, then
//! the snapshot that both stand on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::feed::event::FeedEvent;
use crate::db::pending::fact_types::FactKinds;
use crate::db::pending::write_set::Restarts;
use crate::db::records::stage_marks::{EntryPlace, StagedAt};
use crate::db::records::stored_head::StoredHead;
use crate::db::state::index_builds::Build;
use crate::db::state::state::DbState;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::feed_draft::FeedDraft;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, ColumnId, Hlc, IndexState, NetworkId, PeerId};
use crate::store::{Batch, Key, NameHash, Snapshot};

/// Name of the singleton that holds the number and the time of the last commit.
pub(crate) const PROGRESS: &str = "progress";

/// The vector of an entry in a column: its collection, its column and the encoded key of its entry.
pub(crate) type VectorPlace = (CollectionId, ColumnId, Vec<u8>);

/// A posting: its network and its place.
pub(crate) type PostingPlace = (NetworkId, Vec<u8>);

/// What was written and is not in the snapshot yet; `None` for what was removed.
#[derive(Default)]
pub(crate) struct PendingWrites {
    pub records: HashMap<EntryPlace, Option<Arc<[u8]>>>,
    /// Public states of entries that were edited after they were posted.
    pub publics: HashMap<EntryPlace, Option<Arc<[u8]>>>,
    /// What public states are made of.
    pub contributions: HashMap<EntryPlace, Option<Arc<[u8]>>>,
    /// Postings by their place.
    pub postings: HashMap<PostingPlace, Option<Arc<[u8]>>>,
    /// Vectors by collection, column and key.
    pub components: HashMap<VectorPlace, Option<Arc<[f32]>>>,
    /// Entries put on the stage or taken off it.
    pub staged: HashMap<EntryPlace, Option<StagedAt>>,
    pub heads: HashMap<(NetworkId, PeerId), StoredHead>,
    /// Attached collections that are partial.
    pub partial: HashMap<NetworkId, Vec<String>>,
    /// Keys that were given out in unique indexes.
    pub unique: HashMap<EntryPlace, Vec<u8>>,
    /// Reference counts of blobs.
    pub blobs: HashMap<[u8; 32], u64>,
    pub public_blobs: HashMap<(CollectionId, [u8; 32]), u64>,
    /// Versions of secrets by the hash of their name.
    pub secrets: HashMap<NameHash, Option<u64>>,
}

impl PendingWrites {
    fn extend(&mut self, other: PendingWrites) {
        join(&mut self.records, other.records);
        join(&mut self.publics, other.publics);
        join(&mut self.contributions, other.contributions);
        join(&mut self.postings, other.postings);
        join(&mut self.components, other.components);
        join(&mut self.staged, other.staged);
        join(&mut self.heads, other.heads);
        join(&mut self.partial, other.partial);
        join(&mut self.unique, other.unique);
        join(&mut self.blobs, other.blobs);
        join(&mut self.public_blobs, other.public_blobs);
        join(&mut self.secrets, other.secrets);
    }
}

/// Adds what a later commit has written. The first one of a group, which may be large, is taken as it is.
fn join<K: Eq + Hash, V>(all: &mut HashMap<K, V>, more: HashMap<K, V>) {
    if all.is_empty() {
        *all = more;
    } else {
        all.extend(more);
    }
}

/// What one commit adds to its group.
#[derive(Default)]
pub(crate) struct CommitEffects {
    pub batch: Batch,
    pub overlay: PendingWrites,
    /// Collections of which it changes entries.
    pub changed: BTreeSet<CollectionId>,
    pub vectors: Vec<VectorChange>,
    /// Facts that are in no stored list yet.
    pub facts: BTreeMap<CollectionId, FactKinds>,
    pub catalog: Option<Arc<Catalog>>,
    /// Ordered indexes whose builds end with this commit.
    pub built: Vec<CollectionId>,
    /// Collections whose entries all move to other keys, and with them into new ordered indexes.
    pub rekeyed: BTreeSet<CollectionId>,
    /// Columns that lost a vector, by collection: with the last one the dimension goes that it brought.
    pub lost_vectors: BTreeSet<(CollectionId, ColumnId)>,
    /// Columns whose dimension this commit changes: no vector of another one may be left at its end.
    pub new_dimensions: BTreeSet<(CollectionId, ColumnId)>,
    /// Collections of which values of peers may fit now that were hidden before.
    pub hidden: BTreeSet<CollectionId>,
    /// Nearest-neighbour indexes that begin anew, since the dimension of their column changed.
    pub renewed: Vec<Arc<VectorIndex>>,
    pub restarts: Restarts,
    /// Entries to be posted with this very commit.
    pub to_post: Vec<(NetworkId, EntryPlace)>,
    /// Whether something was put on the stage, and whether the heads moved: sync is told.
    pub has_staged: bool,
    pub has_posted: bool,
    /// What the change feed is told; `None` while nobody listens.
    pub feed: Option<FeedDraft>,
}

/// A change of a nearest-neighbour index.
pub(crate) struct VectorChange {
    pub index: Arc<VectorIndex>,
    pub key: Vec<u8>,
    /// The new vector; `None` when the entry has none any more.
    pub vector: Option<Arc<[f32]>>,
}

/// Commits that are verified and encoded, but not yet written.
pub(crate) struct CommitGroup {
    pub snapshot: Arc<Snapshot>,
    pub catalog: Arc<Catalog>,
    pub catalog_changed: bool,
    /// Ordered indexes that transactions are building, and those of them that come into the catalog with the group.
    pub builds: Vec<Arc<Build>>,
    pub built: Vec<CollectionId>,
    pub batch: Batch,
    /// Number of the last commit in the group.
    pub version: u64,
    pub hlc: Hlc,
    pub overlay: PendingWrites,
    /// Collections of which entries change.
    pub changed: BTreeSet<CollectionId>,
    pub vectors: Vec<VectorChange>,
    pub renewed: Vec<Arc<VectorIndex>>,
    pub hidden: BTreeSet<CollectionId>,
    pub restarts: Restarts,
    pub facts: BTreeMap<CollectionId, FactKinds>,
    pub has_staged: bool,
    pub has_posted: bool,
    /// What listeners are told once it is durable.
    pub events: Vec<FeedEvent>,
}

impl CommitGroup {
    pub fn new(
        snapshot: Arc<Snapshot>,
        catalog: Arc<Catalog>,
        builds: Vec<Arc<Build>>,
        version: u64,
        hlc: Hlc,
    ) -> Self {
        CommitGroup {
            snapshot,
            catalog,
            catalog_changed: false,
            builds,
            built: Vec::new(),
            batch: Batch::new(),
            version,
            hlc,
            overlay: PendingWrites::default(),
            changed: BTreeSet::new(),
            vectors: Vec::new(),
            renewed: Vec::new(),
            hidden: BTreeSet::new(),
            restarts: Restarts::new(),
            facts: BTreeMap::new(),
            has_staged: false,
            has_posted: false,
            events: Vec::new(),
        }
    }

    /// The group over what is committed at this moment, for readers of what an encoder would find: they add nothing to it.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged number of the last commit.
    pub fn over_committed(state: &DbState) -> Result<CommitGroup> {
        let (catalog, snapshot, _) = state.moment();
        let (version, hlc) = load_progress(&snapshot)?;
        Ok(CommitGroup::new(Arc::new(snapshot), catalog, Vec::new(), version, hlc))
    }

    pub fn accept(&mut self, effects: CommitEffects, version: u64, hlc: Hlc) {
        if self.batch.is_empty() {
            self.batch = effects.batch;
        } else {
            self.batch.append_batch(&effects.batch);
        }
        self.overlay.extend(effects.overlay);
        self.changed.extend(effects.changed);
        self.vectors.extend(effects.vectors);
        self.renewed.extend(effects.renewed);
        self.hidden.extend(effects.hidden);
        self.restarts.extend(effects.restarts);
        for (collection, news) in effects.facts.into_iter().filter(|(_, news)| !news.is_empty()) {
            let facts = self.facts.entry(collection).or_default();
            news.into_iter().for_each(|(name, kinds)| *facts.entry(name).or_default() |= kinds);
        }
        if let Some(catalog) = effects.catalog {
            self.catalog = catalog;
            self.catalog_changed = true;
        }
        self.built.extend(effects.built);
        self.has_staged |= effects.has_staged;
        self.has_posted |= effects.has_posted;
        self.events.extend(effects.feed.into_iter().flat_map(|feed| feed.into_events(version)));
        self.version = version;
        self.hlc = hlc;
    }
}

impl CommitGroup {
    /// Gives an index up: it is invalid once the group is written.
    ///
    /// # Errors
    /// As [`put_definition`].
    pub fn invalidate(&mut self, collection: CollectionId, index: CollectionId) -> Result<()> {
        let mut catalog = (*self.catalog).clone();
        if let Some(changed) = catalog.set_index_state(collection, index, IndexState::Invalid) {
            put_definition(&mut self.batch, &changed)?;
            self.catalog = Arc::new(catalog);
            self.catalog_changed = true;
        }
        Ok(())
    }
}

/// Writes the definition of a collection.
///
/// # Errors
/// XX000 for one that cannot be written as JSON.
pub(crate) fn put_definition(batch: &mut Batch, collection: &Collection) -> Result<()> {
    let json = serde_json::to_vec(collection).map_err(|error| Error::internal(error.to_string()))?;
    // It may have come from another schema.
    let (own, other) = match collection.schema.is_public() {
        true => (Key::Collection(collection.id), Key::CollectionBeyond(collection.id)),
        false => (Key::CollectionBeyond(collection.id), Key::Collection(collection.id)),
    };
    batch.put(&own, &json);
    batch.delete(&other);
    Ok(())
}

/// Number and time of the last commit.
///
/// # Errors
/// 58030 where the store cannot be read, XX001 where they are damaged.
pub(crate) fn load_progress(snapshot: &Snapshot) -> Result<(u64, Hlc)> {
    let Some(bytes) = snapshot.get(&Key::Meta(PROGRESS))? else { return Ok((0, Hlc::default())) };
    match bytes.as_chunks::<8>() {
        ([version, hlc], []) => Ok((u64::from_le_bytes(*version), Hlc::from_bits(u64::from_le_bytes(*hlc)))),
        _ => Err(Error::new(ErrorKind::Corrupted, "the number of the last commit cannot be read")),
    }
}
