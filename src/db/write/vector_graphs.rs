//! Nearest-neighbour graphs at commit: they follow the vectors of their column, and are filled after the commit that makes them.
//!
//! A graph is a cache of the store. It is filled from a snapshot on another thread while the committer adds what is new, and
//! used once it holds everything; a start makes one anew that was not saved.

use std::sync::Arc;

use crate::db::state::state::DbState;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit_group::VectorChange;
use crate::db::write::encoder::CommitEncoder;
use crate::db::write::secondary_index::{SecondaryIndex, SeenChange};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Index, IndexKind};
use crate::store::{Key, KeyRange, RecordView, vector_of_bytes};
use crate::types::ColumnType;
use crate::vector::{BuildScope, DIMENSION_MAX, Metric, Parameters};

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

/// Builds the graphs of a collection's new nearest-neighbour indexes. Until one is built, searches measure all vectors.
pub(crate) async fn fill_new_graphs(shared: &Arc<DbState>, collection: &Collection) -> Result<()> {
    for index in &collection.indexes {
        let Some(graph) = shared.vector_index(index.id).filter(|graph| !graph.is_ready()) else { continue };
        let shared = Arc::clone(shared);
        tokio::task::spawn_blocking(move || fill_graph(&shared, &graph, true))
            .await
            .map_err(|error| Error::internal(format!("building an index stopped: {error}")))??;
    }
    Ok(())
}

/// Puts every committed vector of an index's column into its graph and declares it ready. `build` links them at once;
/// without it the background thread does so later, and searches measure those that are not linked yet.
pub(crate) fn fill_graph(shared: &Arc<DbState>, index: &Arc<VectorIndex>, build: bool) -> Result<()> {
    let snapshot = shared.store.snapshot();
    let mut vectors = snapshot.scan(&KeyRange::vectors(index.collection, index.column).uncached());
    while let Some((key, bytes)) = vectors.next()? {
        index.insert_if_absent(key, &vector_of_bytes(bytes)?)?;
    }
    drop(vectors);
    // What was deleted while the scan ran may have been put back by it.
    let now = shared.store.snapshot();
    let mut before = snapshot.scan(&KeyRange::vectors(index.collection, index.column).uncached());
    while shared.version() != 0
        && let Some((key, _)) = before.next()?
    {
        let record = now.get(&Key::Entry(index.collection, key))?;
        let alive = record.as_deref().map(RecordView::parse).transpose()?.is_some_and(|record| record.is_alive());
        if !alive {
            index.delete(key);
        }
    }
    if let (true, Some(graph)) = (build, index.graph()) {
        graph.build(BuildScope::Everything, &mut |_| true)?;
    }
    index.set_ready();
    Ok(())
}
