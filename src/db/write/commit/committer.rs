//! The one that changes the store of an open database: a thread, and whoever has its lock for a small commit while nobody else
//! commits (`commit_queue`). Reservations of numbers alone are written where a statement waits for them, each under a lock of its
//! own: see `sequences` and `row_ids`.
//!
//! It takes the commits that wait, verifies and encodes each one on top of those before it, writes them as one batch with
//! one fsync, publishes the catalog and the vectors, and only then answers. A commit that fails its checks leaves no trace
//! and does not disturb the others of its group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::db::catalog::catalog::Catalog;
use crate::db::feed::signals::Changed;
use crate::db::pending::write_set::WriteSet;
use crate::db::state::state::DbState;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::commit_group::{CommitGroup, PROGRESS, VectorChange};
use crate::db::write::commit::commit_queue::{CommitAnswer, Encode, Job, answer};
use crate::db::write::commit::commit_terms::{ChangedCollections, CommitTerms};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::feed_draft::catalog_events;
use crate::db::write::commit::last_changes::LastChanges;
use crate::db::write::index::backfill::{begin_build, build_step, sweep_builds};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{MAX_CLOCK_DRIFT_MILLIS, rein, tick};
use crate::metrics;
use crate::model::{CollectionId, Hlc, IndexState};
use crate::store::Key;

/// Commits written with one fsync, at most.
const GROUP_COMMITS_MAX: usize = 256;
/// Bytes of a group's batch beyond which it takes no further commit.
const GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The committer's own state, which whoever commits has a lock on.
pub(crate) struct Committer {
    shared: Arc<DbState>,
    hlc: Hlc,
    /// Collections that are looked through for values of peers that fit by now, each with the key to go on after.
    showing: BTreeMap<CollectionId, Option<Vec<u8>>>,
    changes: LastChanges,
    changed: ChangedCollections,
    /// Nothing is committed any more: its thread has ended, or a commit has not come to its end.
    is_over: bool,
}

impl Committer {
    pub fn new(shared: Arc<DbState>, hlc: Hlc) -> Self {
        let (changes, changed) = (LastChanges::after(shared.version()), ChangedCollections::default());
        Committer { shared, hlc, showing: BTreeMap::new(), changes, changed, is_over: false }
    }

    /// Runs on the committer's thread until [`Job::Stop`] or until nobody can send any more.
    ///
    /// # Panics
    /// Where a commit on another thread has not come to its end.
    pub fn run(committer: &Mutex<Committer>, mut jobs: mpsc::Receiver<Job>) {
        let _end = End(committer);
        let mut next = None;
        while let Some(job) = next.take().or_else(|| Committer::next_job(committer, &mut jobs)) {
            let mut committer = committer.lock();
            assert!(!committer.is_over, "a commit on the thread of a statement has not come to its end");
            sweep_builds(&committer.shared);
            match job {
                Job::Stop => break,
                Job::Sweep => {}
                Job::BeginBuild { build, reply } => answer(reply, begin_build(&committer.shared, build)),
                Job::Build { build, after, reply } => answer(reply, build_step(&committer.shared, &build, &after)),
                Job::Raw { batch, reply } => answer(reply, committer.shared.store.write(batch)),
                job @ (Job::Commit { .. } | Job::Encode(_)) => {
                    next = committer.commit_group(job, &mut || jobs.try_recv().ok());
                }
            }
            committer.show_next();
        }
    }

    /// The next job; what is to be shown is gone through until one comes.
    fn next_job(committer: &Mutex<Committer>, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        while !committer.lock().showing.is_empty() {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(_) => committer.lock().show_next(),
            }
        }
        jobs.blocking_recv()
    }

    /// Runs one commit on the thread of who asks for it; gives it back where nothing is committed any more. Whether something is left
    /// that the committer's thread has to go on with.
    ///
    /// # Errors
    /// The job.
    pub fn commit_alone(&mut self, job: Job) -> std::result::Result<bool, Job> {
        if self.is_over {
            return Err(job);
        }
        // Where it ends by a panic, nobody goes on with what it leaves.
        self.is_over = true;
        sweep_builds(&self.shared);
        let next = self.commit_group(job, &mut || None);
        self.is_over = false;
        next.map_or(Ok(!self.showing.is_empty()), Err)
    }

    /// Shows the next entries of a collection whose values fit by now.
    fn show_next(&mut self) {
        let Some((collection, after)) = self.showing.pop_first() else { return };
        let snapshot = Arc::new(self.shared.store.snapshot());
        let builds = self.shared.builds.all();
        let mut group = CommitGroup::new(snapshot, self.shared.catalog(), builds, self.shared.version(), self.hlc);
        let version = group.version + 1;
        let hlc = self.next_time(&group);
        let mut apply = CommitEncoder::new(&self.shared, &group, Arc::default(), version, hlc);
        let step = apply.show_step(collection, after.as_deref());
        let (effects, hlc) = apply.finish();
        let shown = step.and_then(|next| {
            group.accept(effects, version, hlc);
            self.write(group).map(|()| next)
        });
        match shown {
            Ok(Some(next)) => drop(self.showing.insert(collection, Some(next))),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(collection = collection.0, %error, "values of peers that fit by now are not shown");
            }
        }
    }

    /// Commits this one and those that wait behind it, as `more` gives them; gives back the first job that is no commit.
    fn commit_group(&mut self, first: Job, more: &mut dyn FnMut() -> Option<Job>) -> Option<Job> {
        let snapshot = Arc::new(self.shared.store.snapshot());
        let builds = self.shared.builds.all();
        let mut group = CommitGroup::new(snapshot, self.shared.catalog(), builds, self.shared.version(), self.hlc);
        let (mut waiting, mut held) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                // What others of the group have written into its index must be in the snapshot.
                job @ Job::Commit { .. } if job.ends_builds() && !waiting.is_empty() => {
                    next = Some(job);
                    break;
                }
                Job::Commit { writes, seen, catalog_version, builds, terms, reply } => {
                    // One that has built an index was checked in later snapshots, too.
                    let is_plain = builds.is_empty() && catalog_version == group.catalog.version();
                    let untouched = self.changes.untouched(&writes, seen, &group).filter(|_| is_plain).collect();
                    self.add(&mut group, &writes, (catalog_version, terms, untouched), reply, &mut waiting);
                    held.extend(builds);
                }
                Job::Encode(encode) => waiting.extend(self.encode(&mut group, encode)),
                other => {
                    next = Some(other);
                    break;
                }
            }
            if waiting.len() < GROUP_COMMITS_MAX && group.batch.bytes() < GROUP_BYTES_MAX {
                next = more();
            }
        }
        let result = self.write(group);
        if result.is_ok() {
            metrics::COMMITS.add(waiting.len() as u64);
        }
        // Not earlier: what is dropped and not in the catalog goes.
        drop(held);
        for answer in waiting {
            answer(result.clone());
        }
        next
    }

    /// Verifies and encodes one commit; one that fails is answered at once and changes nothing.
    fn add(
        &self,
        group: &mut CommitGroup,
        writes: &Arc<WriteSet>,
        (catalog_version, terms, untouched): (u64, Box<CommitTerms>, BTreeSet<CollectionId>),
        reply: oneshot::Sender<Result<u64>>,
        waiting: &mut Vec<CommitAnswer>,
    ) {
        let is_older = catalog_version != group.catalog.version();
        if !writes.catalog.is_empty() && is_older && !writes.is_admitted_by(&group.catalog) {
            let error = Error::new(
                ErrorKind::SerializationFailure,
                "could not serialize access: another transaction changed the catalog",
            );
            return answer(reply, Err(error.with_hint("Run the transaction again.")));
        }
        let version = group.version + 1;
        let hlc = self.next_time(group);
        let mut apply = CommitEncoder::new(&self.shared, group, Arc::clone(writes), version, hlc);
        apply.is_behind = catalog_version != group.catalog.version();
        apply.cancel = terms.cancel.clone();
        apply.untouched = untouched;
        let encoded = terms.check_reads(&self.changed, group).and_then(|()| apply.commit(catalog_version));
        let locks = terms.locks;
        match encoded {
            Ok(()) => {
                self.shared.recent_references.lock().note(&writes.references.held, version);
                let (effects, hlc) = apply.finish();
                group.accept(effects, version, hlc);
                waiting.push(Box::new(move |written| {
                    drop(locks);
                    answer(reply, written.map(|()| version));
                }));
            }
            Err(error) => {
                drop(locks);
                answer(reply, Err(error));
            }
        }
    }

    /// The time of what is encoded next. A clock that a wrong wall clock has moved far ahead goes back to the right one.
    fn next_time(&self, group: &CommitGroup) -> Hlc {
        let wall = self.shared.clock.millis();
        let drifts = group.catalog.networks().map(|network| network.options.max_clock_drift_ms);
        let last = rein(group.hlc, wall, drifts.fold(MAX_CLOCK_DRIFT_MILLIS, u64::max));
        if last < group.hlc {
            let ahead_s = group.hlc.millis().saturating_sub(wall) / 1000;
            tracing::warn!(ahead_s, "stamps here ran ahead of the clock of this machine and go back to it");
        }
        tick(last, wall)
    }

    fn encode(&self, group: &mut CommitGroup, encode: Encode) -> Option<CommitAnswer> {
        let version = group.version + 1;
        let hlc = self.next_time(group);
        let mut apply = CommitEncoder::new(&self.shared, group, Arc::default(), version, hlc);
        let answer = encode(&mut apply)?;
        if let Err(error) = apply.forget_dimensions() {
            answer(Err(error));
            return None;
        }
        let (effects, hlc) = apply.finish();
        group.accept(effects, version, hlc);
        Some(answer)
    }

    /// Makes the group durable and visible.
    fn write(&mut self, mut group: CommitGroup) -> Result<()> {
        if group.batch.is_empty() && !group.catalog_changed {
            // Messages alone leave nothing behind.
            self.shared.feed.publish(Changed::default(), group.events);
            return Ok(());
        }
        let progress = [group.version.to_le_bytes(), group.hlc.to_bits().to_le_bytes()].concat();
        group.batch.put(&Key::Meta(PROGRESS), &progress);
        for (collection, news) in &group.facts {
            group.batch.put(&Key::Meta(&facts_name(*collection)), &self.shared.facts.encode(*collection, news)?);
        }
        self.hlc = group.hlc;
        group.changed.iter().for_each(|collection| self.changes.note(*collection, group.version));
        self.changed.note(&group);
        let before = self.shared.catalog();
        let renewed = self.renew_indexes(&group);
        let places = group.overlay.records.keys().map(|(collection, key)| (*collection, key.as_slice()));
        self.shared.columns.begin_write(group.version, places);
        let applied = apply_vectors(&mut group, &before);
        let batch = std::mem::take(&mut group.batch);
        let catalog = group.catalog_changed.then(|| Arc::clone(&group.catalog));
        let before = catalog.is_some().then_some(before);
        let written = applied.and_then(|()| {
            self.shared.publish(group.version, catalog, || {
                self.shared.sequences.restart(&group.restarts, || {
                    let _timer = metrics::BATCH_SECONDS.start();
                    self.shared.writing.run(|| self.shared.store.write(batch))
                })
            })
        });
        self.shared.columns.end_write();
        if let Err(error) = written {
            for index in renewed {
                drop(self.shared.vector_indexes.replace(index));
            }
            self.restore_vectors(&group);
            return Err(error);
        }
        metrics::BATCHES.add(1);
        group.facts.iter().for_each(|(collection, news)| self.shared.facts.add(*collection, news));
        for index in &group.built {
            self.shared.builds.finish(*index);
        }
        self.showing.extend(group.hidden.iter().map(|collection| (*collection, None)));
        self.tell(group, before.as_deref());
        Ok(())
    }

    /// Tells everybody what a durable group has changed; `before` is the catalog before it, where that changed.
    fn tell(&self, group: CommitGroup, before: Option<&Catalog>) {
        let changed = Changed {
            catalog: group.catalog_changed,
            stage: group.has_staged,
            heads: group.has_posted,
            vectors: !group.vectors.is_empty(),
        };
        let mut events = match before.filter(|_| self.shared.feed.listened_to().0) {
            Some(before) => catalog_events(before, &group.catalog),
            None => Vec::new(),
        };
        events.extend(group.events);
        self.shared.feed.publish(changed, events);
    }

    /// Puts the indexes that begin anew in the place of the old ones, which it gives back.
    fn renew_indexes(&self, group: &CommitGroup) -> Vec<Arc<VectorIndex>> {
        let replace = |index: &Arc<VectorIndex>| self.shared.vector_indexes.replace(Arc::clone(index));
        let mut old: Vec<Arc<VectorIndex>> = group.renewed.iter().filter_map(replace).collect();
        // One that was renewed twice comes back as it was at first.
        old.reverse();
        old
    }

    /// Puts the vectors of a group that could not be written back to what the store holds. An index of which that fails is invalid
    /// from now on, as far as this process knows: searches measure all vectors, and the next start builds it again.
    fn restore_vectors(&self, group: &CommitGroup) {
        let is_renewed =
            |change: &&VectorChange| group.renewed.iter().any(|renewed| Arc::ptr_eq(renewed, &change.index));
        for change in group.vectors.iter().filter(|change| !is_renewed(change)) {
            if let Err(error) = restore_vector(group, change) {
                let index = change.index.id.0;
                tracing::error!(index, %error, "an index is not used until the next start: it could not be put back");
                self.forget_graph(&change.index);
            }
        }
    }

    fn forget_graph(&self, index: &VectorIndex) {
        let mut catalog = (*self.shared.catalog()).clone();
        if catalog.set_index_state(index.collection, index.id, IndexState::Invalid).is_some()
            && let Err(error) = self.shared.publish(self.shared.version(), Some(Arc::new(catalog)), || Ok(()))
        {
            tracing::error!(index = index.id.0, %error, "an index that could not be put back is still used");
        }
    }
}

/// The end of the committer's thread.
struct End<'a>(&'a Mutex<Committer>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
    }
}

/// Puts the vectors of a group into the indexes, before they are in the store: a reader of the new snapshot must find what
/// it holds and no more. Readers of older ones check candidates against their snapshot, and measure what was noted here.
///
/// # Errors
/// As [`VectorIndex::insert`]. An index that was still being built before the group, which is in the catalog `before`, is given up
/// instead: no commit fails because of it.
fn apply_vectors(group: &mut CommitGroup, before: &Catalog) -> Result<()> {
    let mut given_up = BTreeSet::new();
    for change in &group.vectors {
        let index = &change.index;
        index.note(group.version, &change.key);
        let applied = match &change.vector {
            Some(vector) => index.insert(&change.key, vector),
            None => {
                index.delete(&change.key);
                Ok(())
            }
        };
        if let Err(error) = applied {
            if before.index_state(index.collection, index.id) != Some(IndexState::Building) {
                return Err(error);
            }
            index.fail(error);
            given_up.insert((index.collection, index.id));
        }
    }
    given_up.into_iter().try_for_each(|(collection, index)| group.invalidate(collection, index))
}

fn restore_vector(group: &CommitGroup, change: &VectorChange) -> Result<()> {
    match group.snapshot.get(&Key::Vector(change.index.collection, change.index.column, &change.key))? {
        Some(bytes) => change.index.insert(&change.key, &crate::store::vector_of_bytes(&bytes)?),
        None => {
            change.index.delete(&change.key);
            Ok(())
        }
    }
}

/// Name of the singleton that lists the facts of a collection.
pub(crate) fn facts_name(collection: CollectionId) -> String {
    format!("facts:{}", collection.0)
}
