//! Filling new indexes with the entries that were there before them.
//!
//! Ordered indexes are filled by the committer in steps between commits, so that a step never races with a write; until the
//! last step no plan uses the index. Nearest-neighbour indexes are filled from a snapshot on another thread while the
//! committer adds what is new, and used once they hold everything.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::Cancel;
use crate::db::apply::{building_name, is_ordered};
use crate::db::change::CatalogChange;
use crate::db::commit::Job;
use crate::db::constraints::unique_violation;
use crate::db::index_keys::{index_prefix, indexed_operands, unique_prefix};
use crate::db::scan::{Span, visit_entries};
use crate::db::shared::Shared;
use crate::db::vector_indexes::VectorIndex;
use crate::db::view::vector_slot;
use crate::db::write_set::WriteSet;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, IndexKind};
use crate::store::{Batch, Key, KeyRange, RecordView, skip_key_parts, vector_of_bytes};
use crate::vector::BuildScope;

/// Entries that one step of the committer indexes.
const ENTRIES_PER_STEP: usize = 2_000;

/// What a step leaves to be done.
#[derive(Debug)]
pub(crate) enum BuildStep {
    /// Go on behind this key.
    More(Vec<u8>),
    Done,
}

/// Fills the indexes of a collection that are new: all of a new collection's are empty and ready at once.
pub(crate) async fn build_new_indexes(shared: &Arc<Shared>, collection: &Collection) -> Result<()> {
    for index in &collection.indexes {
        if !is_ordered(index) {
            let Some(graph) = shared.vector_index(index.id) else { continue };
            if !graph.is_ready() {
                let shared = Arc::clone(shared);
                tokio::task::spawn_blocking(move || fill_graph(&shared, &graph, true))
                    .await
                    .map_err(|error| Error::internal(format!("building an index stopped: {error}")))??;
            }
        } else if shared.store.snapshot().get(&Key::Meta(&building_name(index.id)))?.is_some()
            && let Err(error) = fill_ordered(shared, collection.id, index.id).await
        {
            drop_failed(shared, collection.id, index.id).await?;
            return Err(error);
        }
    }
    Ok(())
}

/// Fills an ordered index, step by step.
pub(crate) async fn fill_ordered(shared: &Arc<Shared>, collection: CollectionId, index: CollectionId) -> Result<()> {
    let mut after = Bound::Unbounded;
    loop {
        match shared.ask(|reply| Job::Build { collection, index, after, reply }).await? {
            BuildStep::More(key) => after = Bound::Excluded(key),
            BuildStep::Done => return Ok(()),
        }
    }
}

/// Takes an index that could not be filled out of the catalog again.
async fn drop_failed(shared: &Arc<Shared>, collection: CollectionId, index: CollectionId) -> Result<()> {
    let catalog = shared.catalog();
    let Some(current) = catalog.collection_by_id(collection) else { return Ok(()) };
    let mut changed = (**current).clone();
    changed.indexes.retain(|known| known.id != index);
    let mut writes = WriteSet::default();
    writes.catalog.push(CatalogChange::Put(Arc::new(changed)));
    let writes = Arc::new(writes);
    let catalog_version = catalog.version();
    shared.ask(|reply| Job::Commit { writes, catalog_version, reply }).await?;
    shared.building.write().remove(&index);
    Ok(())
}

/// One step on the committer's thread.
pub(crate) fn build_step(
    shared: &Arc<Shared>,
    collection: CollectionId,
    index: CollectionId,
    after: &Bound<Vec<u8>>,
) -> Result<BuildStep> {
    let view = shared.view(Arc::new(WriteSet::default()));
    let Some(collection) = view.catalog.collection_by_id(collection).cloned() else { return Ok(BuildStep::Done) };
    let Some(definition) = collection.indexes.iter().find(|known| known.id == index) else {
        return Ok(BuildStep::Done);
    };
    let operands = indexed_operands(&collection, definition);
    let is_unique = matches!(definition.kind, IndexKind::Ordered { unique: true, .. });
    let span = Span { lower: after.clone(), upper: Bound::Unbounded, reverse: false };
    let mut batch = Batch::new();
    let mut last = None;
    let mut in_step = std::collections::HashSet::new();
    visit_entries(&view, &collection, &span, &Cancel::new(), &mut |entry| {
        if is_unique && let Some(prefix) = unique_prefix(entry, &operands)? {
            let mut taken = view.snapshot.scan(&KeyRange::index(index).starting_with(&prefix));
            while let Some((key, _)) = taken.next()? {
                if skip_key_parts(key, operands.len())? != entry.key {
                    return unique_violation(definition, &operands, entry);
                }
            }
            if !in_step.insert(prefix) {
                return unique_violation(definition, &operands, entry);
            }
        }
        let mut key = index_prefix(entry, &operands)?;
        key.extend_from_slice(entry.key);
        batch.put(&Key::Index(index, &key), &[]);
        last = Some(entry.key.to_vec());
        Ok(if batch.len() >= ENTRIES_PER_STEP { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let step = match last {
        Some(key) if batch.len() >= ENTRIES_PER_STEP => BuildStep::More(key),
        _ => BuildStep::Done,
    };
    if matches!(step, BuildStep::Done) {
        batch.delete(&Key::Meta(&building_name(index)));
    }
    shared.store.write(batch)?;
    if matches!(step, BuildStep::Done) {
        shared.building.write().remove(&index);
    }
    Ok(step)
}

/// Puts every committed vector of an index's column into its graph and declares it ready. `build` links them at once;
/// without it the background thread does so later, and searches measure those that are not linked yet.
pub(crate) fn fill_graph(shared: &Arc<Shared>, index: &Arc<VectorIndex>, build: bool) -> Result<()> {
    let slot = vector_slot(index.column)?;
    let snapshot = shared.store.snapshot();
    let mut vectors = snapshot.scan(&KeyRange::vectors(index.collection, slot).uncached());
    while let Some((key, bytes)) = vectors.next()? {
        index.insert_if_absent(key, &vector_of_bytes(bytes)?)?;
    }
    drop(vectors);
    // What was deleted while the scan ran may have been put back by it.
    let now = shared.store.snapshot();
    let mut before = snapshot.scan(&KeyRange::vectors(index.collection, slot).uncached());
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
