//! The one thread that changes the store.
//!
//! It takes the commits that wait, verifies and encodes each one on top of those before it, writes them as one batch with
//! one fsync, publishes the catalog and the vectors, and only then answers. A commit that fails its checks leaves no trace
//! and does not disturb the others of its group.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use crate::db::Catalog;
use crate::db::apply::{Effects, apply};
use crate::db::index_build::{BuildStep, build_step};
use crate::db::shared::Shared;
use crate::db::vector_indexes::VectorIndex;
use crate::db::write_set::WriteSet;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::tick;
use crate::metrics;
use crate::model::{CollectionId, Hlc};
use crate::store::{Batch, Key, Snapshot};

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
    Stop,
}

/// Records by collection and encoded key; `None` for one that was removed.
pub(crate) type Records = HashMap<(CollectionId, Vec<u8>), Option<Arc<[u8]>>>;

/// Commits that are verified and encoded, but not yet written.
pub(crate) struct Group {
    pub snapshot: Arc<Snapshot>,
    pub catalog: Arc<Catalog>,
    pub catalog_changed: bool,
    pub batch: Batch,
    /// Number of the last commit in the group.
    pub version: u64,
    pub hlc: Hlc,
    /// Records written by the group; `None` for one that was removed.
    pub records: Records,
    /// Keys that the group gave out in unique indexes.
    pub unique: HashMap<(CollectionId, Vec<u8>), Vec<u8>>,
    /// Reference counts of blobs that the group changed.
    pub blobs: HashMap<[u8; 32], u64>,
    pub vectors: Vec<VectorChange>,
    pub facts: Vec<CollectionId>,
}

/// A change of a nearest-neighbour index.
pub(crate) struct VectorChange {
    pub index: Arc<VectorIndex>,
    pub key: Vec<u8>,
    /// The new vector; `None` when the entry has none any more.
    pub vector: Option<Arc<[f32]>>,
}

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
                Job::Commit { writes, catalog_version, reply } => {
                    next = self.commit_group(writes, catalog_version, reply);
                }
            }
        }
    }

    /// Commits this one and those that wait behind it; gives back the first job that is no commit.
    fn commit_group(
        &mut self,
        writes: Arc<WriteSet>,
        catalog_version: u64,
        reply: oneshot::Sender<Result<u64>>,
    ) -> Option<Job> {
        let mut group = self.new_group();
        let mut waiting = Vec::new();
        self.add(&mut group, &writes, catalog_version, reply, &mut waiting);
        let mut next = None;
        while waiting.len() < GROUP_COMMITS_MAX && group.batch.bytes() < GROUP_BYTES_MAX {
            match self.jobs.try_recv() {
                Ok(Job::Commit { writes, catalog_version, reply }) => {
                    self.add(&mut group, &writes, catalog_version, reply, &mut waiting);
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let result = self.write(group);
        if result.is_ok() {
            metrics::COMMITS.add(waiting.len() as u64);
        }
        for (reply, version) in waiting {
            answer(reply, result.clone().map(|()| version));
        }
        next
    }

    fn new_group(&self) -> Group {
        Group {
            snapshot: Arc::new(self.shared.store.snapshot()),
            catalog: self.shared.catalog(),
            catalog_changed: false,
            batch: Batch::new(),
            version: self.shared.version(),
            hlc: self.hlc,
            records: HashMap::new(),
            unique: HashMap::new(),
            blobs: HashMap::new(),
            vectors: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Verifies and encodes one commit; one that fails is answered at once and changes nothing.
    fn add(
        &self,
        group: &mut Group,
        writes: &Arc<WriteSet>,
        catalog_version: u64,
        reply: oneshot::Sender<Result<u64>>,
        waiting: &mut Vec<(oneshot::Sender<Result<u64>>, u64)>,
    ) {
        if !writes.catalog.is_empty() && catalog_version != group.catalog.version() {
            let error = Error::new(
                ErrorKind::SerializationFailure,
                "could not serialize access: another transaction changed the catalog",
            );
            return answer(reply, Err(error.with_hint("Run the transaction again.")));
        }
        let version = group.version + 1;
        let hlc = tick(group.hlc, wall_millis());
        match apply(&self.shared, group, writes, version, hlc) {
            Ok(effects) => {
                group.accept(effects, version, hlc);
                waiting.push((reply, version));
            }
            Err(error) => answer(reply, Err(error)),
        }
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

impl Group {
    fn accept(&mut self, effects: Effects, version: u64, hlc: Hlc) {
        self.batch.append_batch(&effects.batch);
        self.records.extend(effects.records);
        self.unique.extend(effects.unique);
        self.blobs.extend(effects.blobs);
        self.vectors.extend(effects.vectors);
        self.facts.extend(effects.facts);
        if let Some(catalog) = effects.catalog {
            self.catalog = catalog;
            self.catalog_changed = true;
        }
        self.version = version;
        self.hlc = hlc;
    }
}

/// Name of the singleton that lists the facts of a collection.
pub(crate) fn facts_name(collection: CollectionId) -> String {
    format!("facts:{}", collection.0)
}

/// The wall clock in milliseconds since 1970.
pub(crate) fn wall_millis() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Answers a waiting client; one that went away meanwhile needs no answer.
fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    drop(reply.send(result));
}
