//! Nearest-neighbour graphs at commit: they follow the vectors of their column, and are filled after the commit that makes them.
//!
//! A graph is a cache of the store. It is filled from a snapshot on another thread while the committer adds what is new, and
//! used once it holds everything, which the state of the index in the catalog says. A start goes on with what a stop interrupted,
//! and makes a graph anew that was not saved. One that cannot be built leaves its index invalid, until REINDEX.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::db::feed::signals::Changed;
use crate::db::pending::write_set::AddedGraph;
use crate::db::state::cancel::CommitClient;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::commit_group::VectorChange;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::index::secondary_index::{SecondaryIndex, SeenChange};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, DrawnNumbers, Index, IndexKind, IndexState, RelationName};
use crate::store::{Key, KeyRange, Snapshot, vector_of_bytes};
use crate::vector::{BuildScope, DIMENSION_MAX, Metric, Parameters, Priority};

/// Entries without a vector that one job of the committer takes out of a graph, at most.
const LOST_AT_ONCE: usize = 1000;

/// Vectors between two looks at whether a graph is still wanted.
const VECTORS_PER_CHECK: usize = 1024;

/// The indexes that are graphs of near vectors.
pub(crate) struct VectorGraphs;

impl SecondaryIndex for VectorGraphs {
    fn check(&self, collection: &Collection, index: &Index) -> Result<()> {
        let IndexKind::Nearest { column, operator_class, m, ef_construction, .. } = &index.kind else { return Ok(()) };
        operator_class.parse::<Metric>()?;
        Parameters::new(usize::from(*m), usize::from(*ef_construction))?;
        match collection.columns.get(*column).map(|column| &column.ty) {
            Some(ty) if ty.is_dense_vector() && ty.dimension().is_none_or(|n| n as usize <= DIMENSION_MAX) => Ok(()),
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
/// As [`fill_graph`], of the first that fails; 57014 where the client gives it up.
pub(crate) async fn fill_new_graphs(queue: &CommitQueue, collection: &Collection, client: &CommitClient) -> Result<()> {
    let catalog = queue.state().catalog();
    let is_new = |index: &&Index| catalog.index_state(collection.id, index.id) == Some(IndexState::Building);
    let new = collection.indexes.iter().filter(is_new).filter_map(|index| queue.state().vector_index(index.id));
    let new: Vec<Arc<VectorIndex>> = new.collect();
    if new.is_empty() {
        return Ok(());
    }
    let (queue, client) = (queue.clone(), client.clone());
    // On one thread whatever becomes of who waits for it: each comes to an end that the catalog knows.
    tokio::task::spawn_blocking(move || {
        let check = || client.cancel.check();
        let run = GraphRun { connection: client.connection, priority: Priority::Foreground, check: &check };
        let filled: Vec<Result<()>> = new.iter().map(|graph| fill_graph(&queue, graph, run)).collect();
        filled.into_iter().collect()
    })
    .await
    .map_err(|error| Error::internal(format!("building an index stopped: {error}")))?
}

/// Builds the graph of an index that is being built, and says in the catalog how that has ended: beside the committer, on a thread
/// that may block. Nothing happens where somebody else does so already.
///
/// # Errors
/// XX001 for a damaged vector, 22000 for one of another dimension, 53200 where memory runs short, what the run's `check` says, and
/// the index is invalid then; 58030 where the store cannot be read or written; 57P01 once the database or the connection goes down,
/// and the next start goes on.
pub(crate) fn fill_graph(queue: &CommitQueue, index: &Arc<VectorIndex>, run: GraphRun<'_>) -> Result<()> {
    if !index.claim() {
        return Ok(());
    }
    let built = build_graph(queue, index, run);
    if built.as_ref().is_err_and(|error| error.kind() == ErrorKind::Shutdown) {
        return built;
    }
    let (graph, has_failed) = (Arc::clone(index), built.is_err());
    let is_renewed = queue.encode_blocking(move |encoder| {
        // One that began anew meanwhile holds everything from its beginning on.
        let is_renewed = encoder.vector_index(graph.id).is_some_and(|now| !Arc::ptr_eq(&now, &graph));
        let state = if has_failed && !is_renewed { IndexState::Invalid } else { IndexState::Ready };
        encoder.end_building(graph.collection, graph.id, state)?;
        Ok(is_renewed)
    })?;
    // No vector is new; but the graph is, and is to be brought to the disk, which frees the memory that it takes.
    queue.state().feed.publish(Changed { vectors: true, ..Changed::default() }, Vec::new());
    if is_renewed { Ok(()) } else { built }
}

/// Puts every committed vector of an index's column into its graph, and links them.
///
/// # Errors
/// As [`fill_graph`].
fn build_graph(queue: &CommitQueue, index: &Arc<VectorIndex>, run: GraphRun<'_>) -> Result<()> {
    let state = queue.state();
    let check = || match index.failure() {
        _ if state.is_stopping.load(Ordering::Acquire) => Err(state.no_committer()),
        Some(error) => Err(error.clone()),
        None => (run.check)(),
    };
    let told = index.progress.begin(run.connection);
    let before = state.store.snapshot();
    put_vectors(&before, index, &|read| {
        told.loaded(read);
        check()
    })?;
    take_out_lost(queue, index, &before, &check)?;
    let linked = index.graph().map_or(Ok(()), |graph| {
        graph.build(BuildScope::Everything, run.priority, &mut |progress| {
            told.graph(progress);
            check().is_ok()
        })
    });
    // The graph knows that it was stopped, and not why.
    check()?;
    linked
}

/// Takes back the indexes that a transaction has added and that could not be filled.
///
/// # Errors
/// 40001 where their collections have been changed since; those of a commit.
pub(in crate::db) async fn drop_graphs(queue: &CommitQueue, added: &[AddedGraph]) -> Result<()> {
    let mut transaction = Transaction::begin(queue, (false, DrawnNumbers::default()), 0);
    for AddedGraph { collection, index } in added {
        let found = transaction.catalog().collection_by_id(*collection);
        let found = found.and_then(|collection| {
            let index = collection.indexes.iter().find(|known| known.id == *index)?;
            Some(RelationName::new(collection.schema, index.name.as_str()))
        });
        if let Some(name) = found {
            transaction.drop_index(&name, false)?;
        }
    }
    transaction.commit_writes().await.map(drop)
}

/// Takes out of a graph what has lost its vector since the snapshot that it was filled from, and may have been put back by that.
///
/// # Errors
/// As [`fill_graph`].
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
