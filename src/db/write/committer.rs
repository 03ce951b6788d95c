//! The one thread that changes the store of an open database. Reservations of numbers alone are written where a statement waits
//! for them, each under a lock of its own: see `sequences` and `row_ids`.
//!
//! It takes the commits that wait, verifies and encodes each one on top of those before it, writes them as one batch with
//! one fsync, publishes the catalog and the vectors, and only then answers. A commit that fails its checks leaves no trace
//! and does not disturb the others of its group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::db::catalog::catalog::Catalog;
use crate::db::feed::signals::Changed;
use crate::db::pending::write_set::WriteSet;
use crate::db::state::index_builds::Build;
use crate::db::state::state::DbState;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::backfill::{BuildStep, begin_build, build_step, sweep_builds};
use crate::db::write::commit_group::{CommitGroup, PROGRESS, VectorChange};
use crate::db::write::commit_terms::{ChangedCollections, CommitTerms};
use crate::db::write::encoder::CommitEncoder;
use crate::db::write::feed_draft::catalog_events;
use crate::db::write::index_build::IndexBuild;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{MAX_CLOCK_DRIFT_MILLIS, rein, tick};
use crate::metrics;
use crate::model::{CollectionId, Hlc, IndexState};
use crate::store::{Batch, Key};

/// Commits that may wait for the committer; more make their senders wait.
pub(crate) const COMMITS_WAITING_MAX: usize = 1024;
/// Commits written with one fsync, at most.
const GROUP_COMMITS_MAX: usize = 256;
/// Bytes of a group's batch beyond which it takes no further commit.
const GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the committer is asked to do.
pub(crate) enum Job {
    Commit {
        writes: Arc<WriteSet>,
        catalog_version: u64,
        /// Ordered indexes that the transaction has built; those in its catalog stay.
        builds: Vec<IndexBuild>,
        terms: CommitTerms,
        reply: oneshot::Sender<Result<u64>>,
    },
    /// An ordered index is going to be filled: it follows every commit from now on.
    BeginBuild {
        build: Arc<Build>,
        reply: oneshot::Sender<Result<()>>,
    },
    /// One step of filling an ordered index with the entries that were there before it.
    Build {
        build: Arc<Build>,
        after: Bound<Vec<u8>>,
        reply: oneshot::Sender<Result<BuildStep>>,
    },
    /// A transaction has ended without an index that it had begun to build.
    Sweep,
    /// A batch made elsewhere that no entry depends on: passwords, rotated secrets.
    Raw {
        batch: Batch,
        reply: oneshot::Sender<Result<()>>,
    },
    /// What is encoded on top of the commits before it without being one: postings, what peers sent.
    Encode(Encode),
    Stop,
}

/// Encodes something; gives back whom to tell once it is durable, or nobody where it failed and its client knows already.
pub(crate) type Encode = Box<dyn FnOnce(&mut CommitEncoder<'_>) -> Option<CommitAnswer> + Send>;

/// Tells a client that its work is durable, or why not.
pub(crate) type CommitAnswer = Box<dyn FnOnce(Result<()>) + Send>;

/// The way to the committer. Clones lead to the same one.
#[derive(Clone)]
pub(crate) struct CommitQueue {
    state: Arc<DbState>,
    jobs: mpsc::Sender<Job>,
}

impl CommitQueue {
    /// A queue, and the end that [`Committer::new`] takes. More than [`COMMITS_WAITING_MAX`] jobs make their senders wait.
    pub fn channel() -> (mpsc::Sender<Job>, mpsc::Receiver<Job>) {
        mpsc::channel(COMMITS_WAITING_MAX)
    }

    pub fn new(state: Arc<DbState>, jobs: mpsc::Sender<Job>) -> Self {
        CommitQueue { state, jobs }
    }

    /// What the committer's database shares.
    pub fn state(&self) -> &Arc<DbState> {
        &self.state
    }

    /// Puts a job into the queue where there is a free place.
    ///
    /// # Errors
    /// The job, where the queue is full or the committer is gone.
    pub fn try_send(&self, job: Job) -> std::result::Result<(), mpsc::error::TrySendError<Job>> {
        self.jobs.try_send(job)
    }

    /// Puts a job into the queue and waits for a free place: not for an async thread.
    ///
    /// # Errors
    /// The job, where the committer is gone.
    pub fn blocking_send(&self, job: Job) -> std::result::Result<(), mpsc::error::SendError<Job>> {
        self.jobs.blocking_send(job)
    }

    /// Has the committer encode something on top of the commits before it, and waits until it is durable.
    ///
    /// # Errors
    /// What `work` returns, which changes nothing then; 53100 and 58030 where the store cannot be written; 57P01 once the
    /// database goes down, XX000 where the committer has died.
    pub async fn encode<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut CommitEncoder<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = encoding(work);
        self.jobs.send(job).await.map_err(|_| self.state.no_committer())?;
        answer.await.map_err(|_| self.state.no_committer())?
    }

    /// As [`CommitQueue::encode`], on a thread that may block.
    ///
    /// # Errors
    /// As [`CommitQueue::encode`].
    pub fn encode_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut CommitEncoder<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = encoding(work);
        self.jobs.blocking_send(job).map_err(|_| self.state.no_committer())?;
        answer.blocking_recv().map_err(|_| self.state.no_committer())?
    }

    /// Gives the committer a job and waits for its answer.
    ///
    /// # Errors
    /// What the job is answered with; 57P01 once the database goes down, XX000 where the committer has died.
    pub async fn ask<T>(&self, job: impl FnOnce(tokio::sync::oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| self.state.no_committer())?;
        answer.await.map_err(|_| self.state.no_committer())?
    }
}

/// The committer's own state.
pub(crate) struct Committer {
    shared: Arc<DbState>,
    jobs: mpsc::Receiver<Job>,
    hlc: Hlc,
    /// Collections that are looked through for values of peers that fit by now, each with the key to go on after.
    showing: BTreeMap<CollectionId, Option<Vec<u8>>>,
    changed: ChangedCollections,
}

impl Committer {
    pub fn new(shared: Arc<DbState>, jobs: mpsc::Receiver<Job>, hlc: Hlc) -> Self {
        Committer { shared, jobs, hlc, showing: BTreeMap::new(), changed: ChangedCollections::default() }
    }

    /// Runs until [`Job::Stop`] or until nobody can send any more.
    pub fn run(mut self) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| self.next_job()) {
            sweep_builds(&self.shared);
            match job {
                Job::Stop => break,
                Job::Sweep => {}
                Job::BeginBuild { build, reply } => answer(reply, begin_build(&self.shared, build)),
                Job::Build { build, after, reply } => answer(reply, build_step(&self.shared, &build, &after)),
                Job::Raw { batch, reply } => answer(reply, self.shared.store.write(batch)),
                job @ (Job::Commit { .. } | Job::Encode(_)) => next = self.commit_group(job),
            }
            self.show_next();
        }
    }

    /// The next job; what is to be shown is gone through until one comes.
    fn next_job(&mut self) -> Option<Job> {
        while !self.showing.is_empty() {
            match self.jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(_) => self.show_next(),
            }
        }
        self.jobs.blocking_recv()
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

    /// Commits this one and those that wait behind it; gives back the first job that is no commit.
    fn commit_group(&mut self, first: Job) -> Option<Job> {
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
                Job::Commit { writes, catalog_version, builds, terms, reply } => {
                    self.add(&mut group, &writes, (catalog_version, terms), reply, &mut waiting);
                    held.extend(builds);
                }
                Job::Encode(encode) => waiting.extend(self.encode(&mut group, encode)),
                other => {
                    next = Some(other);
                    break;
                }
            }
            if waiting.len() < GROUP_COMMITS_MAX && group.batch.bytes() < GROUP_BYTES_MAX {
                next = self.jobs.try_recv().ok();
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
        (catalog_version, terms): (u64, CommitTerms),
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
        let encoded = terms.check_reads(&self.changed, group).and_then(|()| apply.commit());
        let locks = terms.locks;
        match encoded {
            Ok(()) => {
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

/// The job that does some work of encoding, and where its answer comes.
fn encoding<T: Send + 'static>(
    work: impl FnOnce(&mut CommitEncoder<'_>) -> Result<T> + Send + 'static,
) -> (Job, tokio::sync::oneshot::Receiver<Result<T>>) {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let encode: Encode = Box::new(move |apply| match work(apply) {
        Ok(value) => {
            let answer: CommitAnswer = Box::new(move |written| drop(reply.send(written.map(|()| value))));
            Some(answer)
        }
        Err(error) => {
            // Who asked has gone away, or is told.
            drop(reply.send(Err(error)));
            None
        }
    });
    (Job::Encode(encode), answer)
}

impl Job {
    fn ends_builds(&self) -> bool {
        matches!(self, Job::Commit { builds, .. } if !builds.is_empty())
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

/// Answers a waiting client; one that went away meanwhile needs no answer.
fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    drop(reply.send(result));
}
