//! How a database is: what is wrong with it, and the figures that only it knows.

use std::time::Duration;

use crate::db::columns::column_store::ColumnsStatus;
use crate::db::database::Database;
use crate::db::read::view::ReadView;
use crate::db::vectors::build_progress::GraphBuild;
use crate::error::Result;
use crate::health::Health;
use crate::model::{CollectionId, Index, IndexKind, IndexState};
use crate::store::{DiskSpace, StoreStatistics, disk_space};
use crate::types::quote_identifier;
use crate::vector::Metric;

/// Free bytes below which writes are about to fail: RocksDB needs room for its largest write buffer, 64 MiB, and more.
const DISK_FREE_BYTES_MIN: u64 = 80 * 1024 * 1024;
/// A write to the disk that takes longer has got stuck.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);

/// All graphs of nearest-neighbour indexes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphStatus {
    pub indexes: u64,
    /// Those that do not hold all vectors of their column yet: searches measure every vector until then.
    pub building: u64,
    pub vectors: u64,
    /// Vectors that are measured beside the graph until they are linked.
    pub waiting: u64,
    /// Bytes of memory.
    pub bytes: u64,
}

/// One nearest-neighbour index, as it is.
#[derive(Clone, Debug)]
pub struct VectorIndexStatus {
    pub collection: CollectionId,
    pub index: CollectionId,
    pub metric: Metric,
    /// Whether it holds all vectors of its column.
    pub is_ready: bool,
    /// Its graph; `None` before the first vector.
    pub graph: Option<VectorGraphStatus>,
    /// The builds that go on.
    pub builds: Vec<GraphBuild>,
}

/// The vectors of a nearest-neighbour index, in the graph and beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorGraphStatus {
    pub dimension: usize,
    pub vectors: usize,
    /// Vectors that are measured beside the graph until they are linked.
    pub waiting: usize,
    pub segments: usize,
    /// The share of what is near that walks find, as it was measured when the graph was built, the least of all segments.
    pub recall: Option<f64>,
    /// Bytes of memory.
    pub bytes: usize,
}

impl ReadView {
    /// All nearest-neighbour indexes of the catalog, in the order of their numbers.
    pub fn vector_indexes(&self) -> Vec<VectorIndexStatus> {
        let collections = self.catalog().collections();
        let mut indexes: Vec<VectorIndexStatus> = collections
            .flat_map(|collection| collection.indexes.iter().map(|index| (collection.id, index)))
            .filter_map(|(collection, index)| self.vector_index(collection, index))
            .collect();
        indexes.sort_unstable_by_key(|status| status.index);
        indexes
    }

    /// `None` for an index of another kind.
    fn vector_index(&self, collection: CollectionId, index: &Index) -> Option<VectorIndexStatus> {
        let IndexKind::Nearest { operator_class, .. } = &index.kind else { return None };
        // One that is invalid, or not committed, has no graph.
        let built = self.database.vector_index(index.id);
        let graph = built.as_ref().and_then(|built| built.graph());
        Some(VectorIndexStatus {
            collection,
            index: index.id,
            metric: operator_class.parse().ok()?,
            is_ready: index.state.is_ready(),
            graph: graph.map(|graph| VectorGraphStatus {
                dimension: graph.dimension(),
                vectors: graph.len(),
                waiting: graph.tail_len(),
                segments: graph.segment_count(),
                recall: graph.recall(),
                bytes: graph.bytes(),
            }),
            builds: built.as_ref().map(|built| built.progress.current()).unwrap_or_default(),
        })
    }
}

impl Database {
    /// What is wrong with it: the name of what has failed, and how. Nothing while all goes well.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let shared = self.shared();
        let mut problems = Vec::new();
        if let Some(error) = shared.store.failure() {
            problems.push(("store", error.to_string()));
        }
        if let Some(took) = shared.writing.running_for().filter(|took| *took >= WRITE_TIME_MAX) {
            let seconds = took.as_secs();
            problems.push(("store", format!("a write to the disk has not ended for {seconds} s; look at the disk")));
        }
        match self.disk() {
            Some(disk) if disk.is_read_only => {
                problems.push((
                    "disk",
                    "the file system of the data directory is read-only; mount it writable".to_string(),
                ));
            }
            Some(disk) if disk.free_bytes < DISK_FREE_BYTES_MIN => {
                let (free, least) = (disk.free_bytes >> 20, DISK_FREE_BYTES_MIN >> 20);
                let text =
                    format!("{free} MiB are free under the data directory, and writes need {least}; free some space");
                problems.push(("disk", text));
            }
            _ => {}
        }
        problems
            .extend(shared.health.dead().into_iter().map(|task| (task, "has died; restart the server".to_string())));
        problems
    }

    /// Bytes that the store's files take on disk, blobs and saved graphs aside.
    ///
    /// # Errors
    /// 58030 where its directory cannot be read.
    pub fn stored_bytes(&self) -> Result<u64> {
        self.shared().store.file_bytes()
    }

    /// What waits for the word of this node's owner, though nothing is wrong with the node: drops that were stopped since they are
    /// large. Other members can bring about such a thing.
    ///
    /// # Errors
    /// XX001 for a record that cannot be read; those of the store.
    pub fn awaited_words(&self) -> Result<Vec<String>> {
        let view = self.view();
        let mut awaited = Vec::new();
        for network in view.catalog().networks() {
            if let Some(stopped) = view.stopped_drop(network)? {
                let name = quote_identifier(&network.name);
                awaited.push(format!("{stopped}; look at why, ALTER NETWORK {name} ALLOW DROP lets it through once"));
            }
        }
        Ok(awaited)
    }

    pub fn statistics(&self) -> StoreStatistics {
        self.shared().store.statistics()
    }

    /// Whether the tasks live that the database cannot do without.
    pub fn health(&self) -> &Health {
        &self.shared().health
    }

    /// The disk under the data directory; `None` where the system does not say.
    pub fn disk(&self) -> Option<DiskSpace> {
        disk_space(self.shared().store.directory())
    }

    /// What columns of facts take.
    pub fn columns(&self) -> ColumnsStatus {
        self.shared().columns.status()
    }

    pub fn graphs(&self) -> GraphStatus {
        let mut status = GraphStatus::default();
        let catalog = self.catalog();
        for index in self.shared().vector_indexes.all() {
            status.indexes += 1;
            let state = catalog.index_state(index.collection, index.id);
            status.building += u64::from(state == Some(IndexState::Building));
            if let Some(graph) = index.graph() {
                status.vectors += graph.len() as u64;
                status.waiting += graph.tail_len() as u64;
                status.bytes += (graph.bytes() + index.ordinals.bytes()) as u64;
            }
        }
        status
    }
}
