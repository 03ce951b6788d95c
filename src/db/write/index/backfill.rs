//! Filling new ordered indexes with the entries that were there before them.
//!
//! The committer fills them in steps between commits, so that a step never races with a write, before their transaction
//! commits: see `index_builds`.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::read::entry_view::EntryView;
use crate::db::read::ordered_keys::{index_prefixes, unique_prefix};
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::state::index_builds::Build;
use crate::db::state::row_rules::IndexRules;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::{CommitQueue, Job};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::index::index_build::IndexBuild;
use crate::db::write::index::ordered_indexes::not_unique;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, Index};
use crate::store::{Batch, Key, KeyRange, Snapshot, build_marker, has_null_part, skip_key_parts};

/// Entries that one step of the committer indexes.
const ENTRIES_PER_STEP: usize = 2_000;
/// Bytes of index entries after which a step ends, however few entries they are of.
const STEP_BYTES_MAX: usize = 8 << 20;
/// Index entries between two looks at the cancel flag.
const ENTRIES_PER_CHECK: usize = 1_024;

/// What a step leaves to be done.
#[derive(Debug)]
pub(crate) enum BuildStep {
    /// Go on behind this key.
    More(Vec<u8>),
    Done,
}

impl IndexBuild {
    /// Builds an ordered index over what is committed. It then follows every commit until it is dropped or committed itself.
    ///
    /// # Errors
    /// 57014, 57P01, 53100, 54000 for values that are too long for an index. Nothing stays then.
    pub async fn run(
        queue: &CommitQueue,
        collection: &Arc<Collection>,
        index: &Index,
        cancel: &Cancel,
    ) -> Result<IndexBuild> {
        let build = Arc::new(Build::new(collection, index));
        let mut held = IndexBuild::new(queue, &build);
        queue.ask(|reply| Job::BeginBuild { build: Arc::clone(&build), reply }).await?;
        let mut after = Bound::Unbounded;
        loop {
            cancel.check()?;
            match queue.ask(|reply| Job::Build { build: Arc::clone(&build), after, reply }).await? {
                BuildStep::More(key) => after = Bound::Excluded(key),
                BuildStep::Done => break,
            }
        }
        held.set_filled(queue.state().store.snapshot());
        Ok(held)
    }
}

/// Begins a build, on the committer's thread: every commit from now on counts.
pub(crate) fn begin_build(shared: &DbState, build: Arc<Build>) -> Result<()> {
    let mut batch = Batch::new();
    batch.put(&Key::Meta(&build_marker(build.index.id)), &[]);
    // Unsynced, as the entries are: the log keeps the order, so that no entry can be left without the marker.
    shared.store.write_unsynced(batch)?;
    shared.builds.add(build);
    Ok(())
}

/// One step on the committer's thread.
pub(crate) fn build_step(shared: &Arc<DbState>, build: &Build, after: &Bound<Vec<u8>>) -> Result<BuildStep> {
    let view = ReadView::of(shared, Arc::default());
    let (batch, step) = fill_step(&view, (&build.collection, &build.index), after, index_prefixes)?;
    shared.store.write_unsynced(batch)?;
    if matches!(step, BuildStep::Done) {
        build.set_filled();
    }
    Ok(step)
}

/// Removes what is left of builds whose transactions ended without them, on the committer's thread.
pub(crate) fn sweep_builds(shared: &DbState) {
    for build in shared.builds.take_released() {
        let mut batch = Batch::new();
        batch.delete_range(&KeyRange::index(build.index.id));
        batch.delete(&Key::Meta(&build_marker(build.index.id)));
        if let Err(error) = shared.store.write_unsynced(batch) {
            tracing::warn!(index = %build.index.name, %error, "an index that was given up is removed at the next start");
        }
    }
}

impl CommitEncoder<'_> {
    /// Ordered indexes over entries that were there before are filled already, by their builds. One that the transaction has
    /// dropped again is not in `last`, the collection as it leaves it: its build goes with the transaction.
    ///
    /// # Errors
    /// XX000 for an index that was not filled.
    pub fn take_over_builds(
        &mut self,
        old: Option<&Collection>,
        new: &Collection,
        last: Option<&Collection>,
    ) -> Result<()> {
        let Some(old) = old else { return Ok(()) };
        let stays = |index: &&Index| last.is_some_and(|last| last.indexes.iter().any(|kept| kept.id == index.id));
        for index in new.indexes.iter().filter(|index| index.kind.is_ordered()).filter(stays) {
            if old.indexes.iter().any(|known| known.id == index.id) || self.fills_indexes_of(new.id) {
                continue;
            }
            if !self.group.builds.iter().any(|build| build.index.id == index.id && build.is_filled()) {
                return Err(Error::internal(format!(
                    "index \"{}\" is committed without having been filled",
                    index.name
                )));
            }
            self.effects.batch.delete(&Key::Meta(&build_marker(index.id)));
            self.effects.built.push(index.id);
        }
        Ok(())
    }

    /// Whether all entries of a collection are of this commit, so that it fills the ordered indexes that it makes.
    fn fills_indexes_of(&self, collection: CollectionId) -> bool {
        self.view.writes.has_made(collection) || self.effects.rekeyed.contains(&collection)
    }

    /// Unique indexes that this commit makes hold each value once, whatever was written while they were built.
    ///
    /// # Errors
    /// As [`CommitEncoder::check_build`].
    pub fn check_builds(&self) -> Result<()> {
        for id in &self.effects.built {
            let Some(build) = self.group.builds.iter().find(|build| build.index.id == *id) else { continue };
            let collection = self.current_catalog().collection_by_id(build.collection.id);
            // It may have been dropped again in the same transaction.
            let Some(collection) = collection.filter(|now| now.indexes.iter().any(|index| index.id == *id)) else {
                continue;
            };
            self.check_build(collection, build)?;
        }
        Ok(())
    }
}

/// The encoded columns of an entry in an index: [`index_prefixes`] or
/// [`stored_prefixes`](crate::db::read::ordered_keys::stored_prefixes).
pub(crate) type Prefixes = fn(&EntryView<'_>, &IndexRules) -> Result<Vec<Vec<u8>>>;

/// The entries that an ordered index has for the next entries of a view behind `after`.
pub(crate) fn fill_step(
    view: &ReadView,
    (collection, index): (&Collection, &Index),
    after: &Bound<Vec<u8>>,
    prefixes: Prefixes,
) -> Result<(Batch, BuildStep)> {
    let rules = view.index_rules(collection, index)?;
    let span = ScanSpan { lower: after.clone(), upper: Bound::Unbounded, reverse: false };
    let mut batch = Batch::new();
    let (mut last, mut visited, mut is_full) = (None, 0, false);
    visit_entries(view, collection, &span, &Cancel::new(), &mut |entry| {
        for mut key in prefixes(entry, &rules)? {
            key.extend_from_slice(entry.key);
            batch.put(&Key::Index(index.id, &key), &[]);
        }
        last = Some(entry.key.to_vec());
        visited += 1;
        is_full = visited >= ENTRIES_PER_STEP || batch.bytes() >= STEP_BYTES_MAX;
        Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let step = match last {
        Some(key) if is_full => BuildStep::More(key),
        _ => BuildStep::Done,
    };
    Ok((batch, step))
}

/// Looks through a filled unique index for values that several entries have, and calls `suspect` with them.
///
/// # Errors
/// 23505 where `view` has them, too: it may have changed one of the entries, or not see it yet.
pub(crate) fn check_duplicates(
    view: &ReadView,
    collection: &Collection,
    index: &Index,
    filled: &Snapshot,
    cancel: &Cancel,
    suspect: &mut dyn FnMut(&[u8]),
) -> Result<()> {
    let rules = view.index_rules(collection, index)?;
    let (parts, counts_nulls) = (rules.operands.len(), index.kind.counts_nulls());
    let holds = |key: &[u8], columns: &[u8]| {
        let is_held = visit_key(view, collection, key, |entry| {
            Ok(unique_prefix(entry, &rules, counts_nulls)?.as_deref() == Some(columns))
        })?;
        Ok::<bool, Error>(is_held == Some(true))
    };
    let (mut columns, mut first, mut holders, mut visited) = (Vec::new(), Vec::new(), None, 0_usize);
    let mut entries = filled.scan(&KeyRange::index(index.id).uncached());
    while let Some((key, _)) = entries.next()? {
        visited += 1;
        if visited.is_multiple_of(ENTRIES_PER_CHECK) {
            cancel.check()?;
        }
        let row = skip_key_parts(key, parts)?;
        let now = key.get(..key.len() - row.len()).unwrap_or_default();
        if now != columns {
            (columns, first, holders) = (now.to_vec(), row.to_vec(), None);
            continue;
        }
        if !counts_nulls && has_null_part(now, parts)? {
            continue;
        }
        let before = match holders {
            Some(count) => count,
            None => {
                suspect(now);
                usize::from(holds(&first, now)?)
            }
        };
        let count = before + usize::from(holds(row, now)?);
        if count > 1 {
            let error = visit_key(view, collection, row, |entry| not_unique(index, &rules.operands, entry))?;
            return Err(error.unwrap_or_else(|| Error::internal("a duplicate has vanished from its snapshot")));
        }
        holders = Some(count);
    }
    Ok(())
}
