//! Nearest-neighbour graphs at commit: they follow the vectors of their column, and are filled after the commit that makes them.
//!
//! A graph is a cache of the store. It is filled from a snapshot on another thread while the committer adds what is new, and
//! used once it holds everything; a start makes one anew that was not saved.

use std::sync::Arc;

use crate::db::pending::write_set::AddedGraph;
use crate::db::state::cancel::CommitClient;
use crate::db::state::state::DbState;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit_group::VectorChange;
use crate::db::write::committer::CommitQueue;
use crate::db::write::encoder::CommitEncoder;
use crate::db::write::secondary_index::{SecondaryIndex, SeenChange};
use crate::db::write::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Index, IndexKind};
use crate::store::{Key, KeyRange, Snapshot, vector_of_bytes};
use crate::types::ColumnType;
use crate::vector::{BuildScope, DIMENSION_MAX, Metric, Parameters, Priority};

/// Entries without a vector that one job of the committer takes out of a graph, at most.
const LOST_AT_ONCE: usize = 1000;

/// Vectors between two looks at whether a graph is still wanted.
const VECTORS_PER_CHECK: usize = 1024;

/// The indexes that are graphs of near vectors.
pub(crate) struct VectorGraphs;

impl SecondaryIndex for VectorGraphs {
    fn check(&self, collection: &Collection, index: &Index) -> Result<()> {
        let IndexKind::Hnsw { column, operator_class, m, ef_construction } = &index.kind else { return Ok(()) };
        operator_class.parse::<Metric>()?;
        Parameters::new(usize::from(*m), usize::from(*ef_construction))?;
        match collection.columns.get(*column).map(|column| &column.ty) {
            Some(ColumnType::Vector(dimension)) if dimension.is_none_or(|n| n as usize <= DIMENSION_MAX) => Ok(()),
            _ => {
                let message = format!("operator class \"{operator_class}\" does not accept the column's type");
                Err(Error::new(ErrorKind::DatatypeMismatch, message)
                    .with_hint("An hnsw index stands on a vector column."))
            }
        }
    }

    fn follow(&self, encoder: &mut CommitEncoder<'_>, index: &Index, change: &SeenChange<'_>) -> Result<()> {
        let column = index.kind.vector_column().and_then(|position| change.collection.columns.get(position));
        let Some(column) = column else { return Ok(()) };
        let Some(vector) = change.vector(column)? else { return Ok(()) };
        // One that is not there yet is filled once it is.
        if let Some(index) = encoder.vector_index(index.id) {
            encoder.effects.vectors.push(VectorChange { index, key: change.key.to_vec(), vector: vector.cloned() });
        }
        Ok(())
    }

    fn is_filled_before_commit(&self) -> bool {
        false
    }
}

impl CommitEncoder<'_> {
    /// A nearest-neighbour index as it will be.
    fn vector_index(&self, id: CollectionId) -> Option<Arc<VectorIndex>> {
        let now = self.shared.vector_index(id)?;
        let mut renewed = self.effects.renewed.iter().rev().chain(self.group.renewed.iter().rev());
        Some(renewed.find(|index| index.id == id).cloned().unwrap_or(now))
    }
}

/// For whom a graph is filled and built, and whether it is still wanted.
#[derive(Clone, Copy)]
pub(crate) struct GraphRun<'a> {
    /// `None` in the background.
    pub connection: Option<i32>,
    pub priority: Priority,
    pub check: &'a dyn Fn() -> Result<()>,
}

/// Builds the graphs of a collection's new nearest-neighbour indexes. Until one is built, searches measure all vectors.
///
/// # Errors
/// As [`build_graph`]; 57014 where the client gives it up.
pub(crate) async fn fill_new_graphs(queue: &CommitQueue, collection: &Collection, client: &CommitClient) -> Result<()> {
    for index in &collection.indexes {
        let Some(graph) = queue.state().vector_index(index.id).filter(|graph| !graph.is_ready()) else { continue };
        let (queue, client) = (queue.clone(), client.clone());
        let build = move || {
            let check = || client.cancel.check();
            let run = GraphRun { connection: client.connection, priority: Priority::Foreground, check: &check };
            build_graph(&queue, &graph, run)
        };
        tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| Error::internal(format!("building an index stopped: {error}")))??;
    }
    Ok(())
}

/// Puts every committed vector of an index's column into its graph, links them, and declares it ready: beside the committer, on a
/// thread that may block.
///
/// # Errors
/// XX001 for a damaged vector, 22000 for one of another dimension, 53200 where the system has no memory for it, 58030 where the
/// store cannot be read, 57P01 once the database goes down; what the run's `check` says.
pub(crate) fn build_graph(queue: &CommitQueue, index: &Arc<VectorIndex>, run: GraphRun<'_>) -> Result<()> {
    let told = index.progress.begin(run.connection);
    let before = queue.state().store.snapshot();
    put_vectors(&before, index, &|read| {
        told.loaded(read);
        (run.check)()
    })?;
    take_out_lost(queue, index, &before, run.check)?;
    if let Some(graph) = index.graph() {
        let built = graph.build(BuildScope::Everything, run.priority, &mut |progress| {
            told.graph(progress);
            (run.check)().is_ok()
        });
        // The graph knows that it was stopped, and not why.
        (run.check)()?;
        built?;
    }
    index.set_ready();
    Ok(())
}

/// Takes back the indexes that a transaction has added and that could not be filled.
///
/// # Errors
/// 40001 where their collections have been changed since; those of a commit.
pub(in crate::db) async fn drop_graphs(queue: &CommitQueue, added: &[AddedGraph]) -> Result<()> {
    let mut transaction = Transaction::begin(queue, false);
    for AddedGraph { collection, index } in added {
        let found = transaction.catalog().collection_by_id(*collection);
        let found = found.and_then(|collection| collection.indexes.iter().find(|known| known.id == *index));
        if let Some(name) = found.map(|index| index.name.clone()) {
            transaction.drop_index(&name)?;
        }
    }
    transaction.commit_writes().await.map(drop)
}

/// Takes out of a graph what has lost its vector since the snapshot that it was filled from, and may have been put back by that.
///
/// # Errors
/// As [`build_graph`].
pub(crate) fn take_out_lost(
    queue: &CommitQueue,
    index: &Arc<VectorIndex>,
    before: &Snapshot,
    check: &dyn Fn() -> Result<()>,
) -> Result<()> {
    // Whoever had told the graph of it before the filling was over is durable then, and in the snapshot.
    queue.encode_blocking(|_| Ok(()))?;
    let now = queue.state().store.snapshot();
    if now.sequence_number() == before.sequence_number() {
        return Ok(());
    }
    let mut looked_at = 0usize;
    let mut vectors = before.scan(&KeyRange::vectors(index.collection, index.column).uncached());
    let mut lost: Vec<Vec<u8>> = Vec::new();
    while let Some((key, _)) = vectors.next()? {
        looked_at += 1;
        if looked_at.is_multiple_of(VECTORS_PER_CHECK) {
            check()?;
        }
        if now.get(&Key::Vector(index.collection, index.column, key))?.is_none() {
            lost.push(key.to_vec());
        }
    }
    // The committer decides, since it may just be bringing another vector.
    for keys in lost.chunks(LOST_AT_ONCE) {
        let (index, keys) = (Arc::clone(index), keys.to_vec());
        queue.encode_blocking(move |encoder| {
            for key in keys {
                if encoder.components(index.collection, index.column, &key)?.is_none() {
                    index.delete(&key);
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Puts every committed vector of an index's column into its graph and declares it ready, before there is a committer. The
/// background thread links them later, and searches measure those that are not linked yet.
///
/// # Errors
/// XX001 for a damaged vector, 22000 for one of another dimension, 58030 where the store cannot be read.
pub(crate) fn load_graph(shared: &DbState, index: &Arc<VectorIndex>) -> Result<()> {
    put_vectors(&shared.store.snapshot(), index, &|_| Ok(()))?;
    index.set_ready();
    Ok(())
}

/// Puts the vectors of a snapshot into a graph; `told` hears now and then how many there were, and may end it.
fn put_vectors(snapshot: &Snapshot, index: &VectorIndex, told: &dyn Fn(usize) -> Result<()>) -> Result<()> {
    let mut vectors = snapshot.scan(&KeyRange::vectors(index.collection, index.column).uncached());
    let mut read = 0usize;
    while let Some((key, bytes)) = vectors.next()? {
        if read.is_multiple_of(VECTORS_PER_CHECK) {
            told(read)?;
        }
        index.insert_if_absent(key, &vector_of_bytes(bytes)?)?;
        read += 1;
    }
    Ok(())
}
