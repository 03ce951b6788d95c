//! The nearest-neighbour indexes of a node: one for each HNSW index of the catalog that is not invalid, kept in step by the
//! committer, grown by a background thread, saved beside the store. Which of them hold every committed vector, and may be
//! searched and saved, their states in the catalog say.
//!
//! An index is a cache of the store and a moment ahead of it: it changes before the commit is durable. So candidates are
//! checked against the snapshot of the reader, and the keys whose vectors were replaced or removed lately are remembered:
//! a reader of an older snapshot measures those by itself.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use crate::db::columns::part_ordinals::PartOrdinals;
use crate::db::vectors::build_progress::BuildProgress;
use crate::db::vectors::graph_files::GraphFiles;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, ColumnId, Index as IndexDefinition, IndexKind};
use crate::vector::{Metric, NearestIndex, Parameters};

/// Replaced and removed vectors that an index remembers. A reader whose snapshot is older than all of them measures every
/// entry instead.
const CHANGES_MAX: usize = 8192;

/// Keys whose vectors were replaced or removed, with the number of the commit, oldest first.
#[derive(Default)]
struct Changes {
    recent: VecDeque<(u64, Box<[u8]>)>,
    /// Number of the last commit of which a change was forgotten.
    forgotten: u64,
}

/// One index of the catalog with its graph.
pub(crate) struct VectorIndex {
    pub id: CollectionId,
    pub collection: CollectionId,
    pub column: ColumnId,
    pub metric: Metric,
    parameters: Parameters,
    /// Made with the first vector, which brings the dimension.
    graph: OnceLock<NearestIndex>,
    /// Somebody fills it with what was there before it.
    is_claimed: AtomicBool,
    /// Why it cannot follow what is committed while it is filled.
    failure: OnceLock<Error>,
    /// Number of the last commit that changed it.
    applied: AtomicU64,
    changes: Mutex<Changes>,
    /// How far its builds are.
    pub progress: BuildProgress,
    /// [Changes](Index::changes) of the graph that the saved file has.
    saved: AtomicU64,
    /// Held while its files are written, so that there is one at a time.
    saving: Mutex<()>,
    /// It is dropped: nothing of it is saved any more.
    is_removed: AtomicBool,
    /// Which rows of the graph are which ordinals of the collection's columns.
    pub ordinals: PartOrdinals,
}

impl VectorIndex {
    /// The empty index of a definition; `None` for an index of another kind.
    ///
    /// # Errors
    /// 42704 for an operator class that is none, 22023 for parameters out of bounds, XX000 for a column that is not there.
    pub fn new(collection: &Collection, definition: &IndexDefinition) -> Option<Result<Self>> {
        let IndexKind::Nearest { column, operator_class, m, ef_construction, .. } = &definition.kind else {
            return None;
        };
        Some(operator_class.parse().and_then(|metric| {
            Ok(VectorIndex {
                id: definition.id,
                collection: collection.id,
                column: collection.column_id(*column)?,
                metric,
                parameters: Parameters::new(usize::from(*m), usize::from(*ef_construction))?,
                graph: OnceLock::new(),
                is_claimed: AtomicBool::new(false),
                failure: OnceLock::new(),
                applied: AtomicU64::new(0),
                changes: Mutex::default(),
                progress: BuildProgress::default(),
                saved: AtomicU64::new(0),
                saving: Mutex::default(),
                is_removed: AtomicBool::new(false),
                ordinals: PartOrdinals::default(),
            })
        }))
    }

    /// Marks an index as complete from a commit on: its column holds no vectors before it. Readers of older snapshots measure
    /// every entry.
    pub fn begin_anew(&self, version: u64) {
        self.touch(version);
        self.changes.lock().forgotten = version;
    }

    /// Whether the caller is the one who fills it: nobody else has said so before.
    pub fn claim(&self) -> bool {
        !self.is_claimed.swap(true, Ordering::AcqRel)
    }

    /// Notes why it cannot take a vector that was committed while it is filled. Whoever fills it ends with that.
    pub fn fail(&self, error: Error) {
        // The first reason is as good as those that follow from it.
        drop(self.failure.set(error));
    }

    pub fn failure(&self) -> Option<&Error> {
        self.failure.get()
    }

    /// The graph, when any vector was ever stored.
    pub fn graph(&self) -> Option<&NearestIndex> {
        self.graph.get()
    }

    /// Whether nothing newer than `version` has touched the index: then it agrees with a snapshot of that version.
    pub fn agrees_with(&self, version: u64) -> bool {
        self.applied.load(Ordering::Acquire) <= version
    }

    /// Notes that commit `version` is about to change the index.
    pub fn touch(&self, version: u64) {
        self.applied.fetch_max(version, Ordering::AcqRel);
    }

    /// Notes that commit `version` is about to replace or remove the vector of a key, when there is one.
    pub fn note(&self, version: u64, key: &[u8]) {
        self.touch(version);
        if !self.graph().is_some_and(|graph| graph.contains(key)) {
            return;
        }
        let mut changes = self.changes.lock();
        if changes.recent.len() >= CHANGES_MAX
            && let Some((version, _)) = changes.recent.pop_front()
        {
            changes.forgotten = version;
        }
        changes.recent.push_back((version, key.into()));
    }

    /// The keys whose vectors were replaced or removed by commits after `version`; `None` when too many were, and where the graph
    /// is damaged: whoever has searched it asks afterwards, and has to measure then.
    pub fn changed_since(&self, version: u64) -> Option<HashSet<Box<[u8]>>> {
        if self.graph().is_some_and(NearestIndex::is_damaged) {
            return None;
        }
        if self.agrees_with(version) {
            return Some(HashSet::new());
        }
        let changes = self.changes.lock();
        let newer = changes.recent.iter().rev().take_while(|(changed, _)| *changed > version);
        (changes.forgotten <= version).then(|| newer.map(|(_, key)| key.clone()).collect())
    }

    /// Stores a vector under a key, in place of an older one.
    ///
    /// # Errors
    /// 22000 for another dimension than the index has and for components that are not finite, 54000 for more components than
    /// one takes and where memory runs short.
    pub fn insert(&self, key: &[u8], vector: &[f32]) -> Result<()> {
        self.graph.get_or_init(|| NearestIndex::new(self.metric, vector.len(), self.parameters)).insert(key, vector)
    }

    /// Like [`VectorIndex::insert`], unless the key has a vector already, which is then newer.
    ///
    /// # Errors
    /// As [`VectorIndex::insert`].
    pub fn insert_if_absent(&self, key: &[u8], vector: &[f32]) -> Result<()> {
        let graph = self.graph.get_or_init(|| NearestIndex::new(self.metric, vector.len(), self.parameters));
        graph.insert_if_absent(key, vector).map(|_| ())
    }

    pub fn delete(&self, key: &[u8]) {
        if let Some(graph) = self.graph() {
            graph.delete(key);
        }
    }

    /// Reads the saved graph; the number of the commit it is current to, or why it cannot be used. `None` where it is of
    /// another dimension than its column.
    ///
    /// # Errors
    /// 58030 for a file that cannot be read, XX001 for one that is damaged or of another format, 53200 where memory runs short.
    pub fn load(&self, directory: &Path, dimension: Option<u32>) -> Result<Option<u64>> {
        let Some((graph, watermark)) = self.files(directory).load()? else { return Ok(None) };
        let fits = dimension.is_some_and(|dimension| dimension as usize == graph.dimension());
        if !fits || graph.metric() != self.metric || graph.parameters() != self.parameters {
            return Ok(None);
        }
        self.touch(watermark);
        self.saved.store(graph.changes(), Ordering::Release);
        Ok(self.graph.set(graph).is_ok().then_some(watermark))
    }

    /// Saves the graph, whose sealed segments are read from their files from there on and take no memory of their own. One that is
    /// damaged is removed, so that the next start builds it again.
    ///
    /// # Errors
    /// 53100 and 58030 where a file cannot be written, 54000 for more rows than it can tell.
    pub fn save(&self, directory: &Path, watermark: u64) -> Result<()> {
        let _alone = self.saving.lock();
        let Some(graph) = self.graph().filter(|_| !self.is_removed.load(Ordering::Acquire)) else { return Ok(()) };
        if graph.is_damaged() {
            return self.files(directory).remove();
        }
        let changes = graph.changes();
        self.files(directory).save(graph, watermark)?;
        self.saved.store(changes, Ordering::Release);
        Ok(())
    }

    /// Whether segments were made that are in no file yet.
    pub fn has_unsaved_segments(&self) -> bool {
        self.graph().is_some_and(|graph| !graph.unsaved_segments().is_empty())
    }

    /// Whether the graph is another one than the last that was saved since the start.
    pub fn has_changed(&self) -> bool {
        self.graph().is_some_and(|graph| graph.changes() != self.saved.load(Ordering::Acquire))
    }

    /// Removes the files of the saved graph where there are some; it is not saved any more.
    ///
    /// # Errors
    /// 58030 where one is there and stays.
    pub fn remove_files(&self, directory: &Path) -> Result<()> {
        let _alone = self.saving.lock();
        self.is_removed.store(true, Ordering::Release);
        self.files(directory).remove()
    }

    fn files<'a>(&self, directory: &'a Path) -> GraphFiles<'a> {
        GraphFiles { directory, index: self.id }
    }
}

/// The indexes by their ids.
#[derive(Default)]
pub(crate) struct VectorIndexes(RwLock<HashMap<CollectionId, Arc<VectorIndex>>>);

impl VectorIndexes {
    pub fn get(&self, id: CollectionId) -> Option<Arc<VectorIndex>> {
        self.0.read().get(&id).cloned()
    }

    pub fn all(&self) -> Vec<Arc<VectorIndex>> {
        self.0.read().values().cloned().collect()
    }

    /// Puts an index in the place of the one with its id, which it gives back.
    pub fn replace(&self, index: Arc<VectorIndex>) -> Option<Arc<VectorIndex>> {
        self.0.write().insert(index.id, index)
    }

    pub fn put(&self, index: VectorIndex) -> Arc<VectorIndex> {
        let index = Arc::new(index);
        self.0.write().insert(index.id, Arc::clone(&index));
        index
    }

    pub fn remove(&self, id: CollectionId) -> Option<Arc<VectorIndex>> {
        self.0.write().remove(&id)
    }
}
