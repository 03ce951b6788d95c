//! The one thread that changes the store.
//!
//! It takes the commits that wait, verifies and encodes each one on top of those before it, writes them as one batch with
//! one fsync, publishes the catalog and the vectors, and only then answers. A commit that fails its checks leaves no trace
//! and does not disturb the others of its group.

use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::db::apply::Apply;
use crate::db::group::Group;
use crate::db::index_build::{BuildStep, build_step};
use crate::db::shared::Shared;
use crate::db::write_set::WriteSet;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::tick;
use crate::metrics;
use crate::model::{CollectionId, Hlc};
use crate::store::{Batch, Key};

/// Commits that may wait for the committer; more make their senders wait.
pub(crate) const COMMITS_WAITING_MAX: usize = 1024;
/// Commits written with one fsync, at most.
const GROUP_COMMITS_MAX: usize = 256;
/// Bytes of a group's batch beyond which it takes no further commit.
const GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Name of the singleton that holds the number and the time of the last commit.
pub(crate) const PROGRESS: &str = "progress";

/// What the committer is asked to do.
pub(crate) enum Job {
    Commit {
        writes: Arc<WriteSet>,
        catalog_version: u64,
        reply: oneshot::Sender<Result<u64>>,
    },
    /// One step of filling an ordered index with the entries that were there before it.
    Build {
        collection: CollectionId,
        index: CollectionId,
        after: Bound<Vec<u8>>,
        reply: oneshot::Sender<Result<BuildStep>>,
    },
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
pub(crate) type Encode = Box<dyn FnOnce(&mut Apply<'_>) -> Option<Answer> + Send>;

/// Tells a client that its work is durable, or why not.
pub(crate) type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// The committer's own state.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    hlc: Hlc,
}

impl Committer {
    pub fn new(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>, hlc: Hlc) -> Self {
        Committer { shared, jobs, hlc }
    }

    /// Runs until [`Job::Stop`] or until nobody can send any more.
    pub fn run(mut self) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| self.jobs.blocking_recv()) {
            match job {
                Job::Stop => break,
                Job::Build { collection, index, after, reply } => {
                    answer(reply, build_step(&self.shared, collection, index, &after));
                }
                Job::Raw { batch, reply } => answer(reply, self.shared.store.write(batch)),
                job @ (Job::Commit { .. } | Job::Encode(_)) => next = self.commit_group(job),
            }
        }
    }

    /// Commits this one and those that wait behind it; gives back the first job that is no commit.
    fn commit_group(&mut self, first: Job) -> Option<Job> {
        let snapshot = Arc::new(self.shared.store.snapshot());
        let mut group = Group::new(snapshot, self.shared.catalog(), self.shared.version(), self.hlc);
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Commit { writes, catalog_version, reply } => {
                    self.add(&mut group, &writes, catalog_version, reply, &mut waiting);
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
        for answer in waiting {
            answer(result.clone());
        }
        next
    }

    /// Verifies and encodes one commit; one that fails is answered at once and changes nothing.
    fn add(
        &self,
        group: &mut Group,
        writes: &Arc<WriteSet>,
        catalog_version: u64,
        reply: oneshot::Sender<Result<u64>>,
        waiting: &mut Vec<Answer>,
    ) {
        if !writes.catalog.is_empty() && catalog_version != group.catalog.version() {
            let error = Error::new(
                ErrorKind::SerializationFailure,
                "could not serialize access: another transaction changed the catalog",
            );
            return answer(reply, Err(error.with_hint("Run the transaction again.")));
        }
        let version = group.version + 1;
        let hlc = tick(group.hlc, self.shared.clock.millis());
        let mut apply = Apply::new(&self.shared, group, Arc::clone(writes), version, hlc);
        apply.is_behind = catalog_version != group.catalog.version();
        match apply.commit() {
            Ok(()) => {
                let (effects, hlc) = apply.finish();
                group.accept(effects, version, hlc);
                waiting.push(Box::new(move |written| answer(reply, written.map(|()| version))));
            }
            Err(error) => answer(reply, Err(error)),
        }
    }

    fn encode(&self, group: &mut Group, encode: Encode) -> Option<Answer> {
        let version = group.version + 1;
        let hlc = tick(group.hlc, self.shared.clock.millis());
        let mut apply = Apply::new(&self.shared, group, Arc::default(), version, hlc);
        let answer = encode(&mut apply)?;
        let (effects, hlc) = apply.finish();
        group.accept(effects, version, hlc);
        Some(answer)
    }

    /// Makes the group durable and visible.
    fn write(&mut self, mut group: Group) -> Result<()> {
        if group.batch.is_empty() && !group.catalog_changed {
            return Ok(());
        }
        let progress = [group.version.to_le_bytes(), group.hlc.to_bits().to_le_bytes()].concat();
        group.batch.put(&Key::Meta(PROGRESS), &progress);
        for collection in &group.facts {
            group.batch.put(&Key::Meta(&facts_name(*collection)), &self.shared.facts.encode(*collection)?);
        }
        self.hlc = group.hlc;
        metrics::BATCHES.add(1);
        // Into the indexes before the store: a reader of the new snapshot must find what it holds and no more. Readers of
        // older ones check candidates against their snapshot, and measure what was noted here.
        for change in &group.vectors {
            change.index.note(group.version, &change.key);
            match &change.vector {
                Some(vector) => change.index.insert(&change.key, vector)?,
                None => change.index.delete(&change.key),
            }
        }
        let batch = std::mem::take(&mut group.batch);
        let written =
            self.shared.publish(group.version, group.catalog_changed.then(|| Arc::clone(&group.catalog)), || {
                self.shared.store.write(batch)
            });
        if let Err(error) = written {
            self.restore_vectors(&group)?;
            return Err(error);
        }
        if !group.vectors.is_empty() {
            self.shared.wake_builder();
        }
        self.shared.signals.tell(&group);
        Ok(())
    }

    /// Puts the vectors of a group that could not be written back to what the store holds.
    fn restore_vectors(&self, group: &Group) -> Result<()> {
        for change in &group.vectors {
            let slot = crate::db::view::vector_slot(change.index.column)?;
            match group.snapshot.get(&Key::Vector(change.index.collection, slot, &change.key))? {
                Some(bytes) => change.index.insert(&change.key, &crate::store::vector_of_bytes(&bytes)?)?,
                None => change.index.delete(&change.key),
            }
        }
        Ok(())
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
