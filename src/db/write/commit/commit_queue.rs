//! The way to the committer: what it is asked to do, and by whom it is done.
//!
//! Jobs wait for the committer's thread, which takes those that wait together as one group. A small commit that comes while nothing
//! else runs or waits is done where it is asked for, under the committer's lock: two hand-overs between threads cost as much as all
//! else of it but the disk. Whoever comes meanwhile waits in the queue, so that nothing is published out of turn, and commits of
//! many still share their writes.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use futures::executor::block_on;
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot};

use crate::db::pending::write_set::WriteSet;
use crate::db::state::index_builds::Build;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_terms::CommitTerms;
use crate::db::write::commit::committer::Committer;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::index::backfill::BuildStep;
use crate::db::write::index::index_build::IndexBuild;
use crate::error::Result;
use crate::health::answered;
use crate::store::Batch;

/// Commits that may wait for the committer; more make their senders wait.
pub(crate) const COMMITS_WAITING_MAX: usize = 1024;
/// What the committer is asked to do.
pub(crate) enum Job {
    Commit {
        writes: Arc<WriteSet>,
        /// Commits up to this number are in the snapshot that it was checked in.
        seen: u64,
        catalog_version: u64,
        /// Ordered indexes that the transaction has built; those in its catalog stay.
        builds: Vec<IndexBuild>,
        terms: Box<CommitTerms>,
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
    committer: Arc<OnceLock<Arc<Mutex<Committer>>>>,
}

impl CommitQueue {
    /// A queue, and the end that [`Committer::new`] takes. More than [`COMMITS_WAITING_MAX`] jobs make their senders wait.
    pub fn channel() -> (mpsc::Sender<Job>, mpsc::Receiver<Job>) {
        mpsc::channel(COMMITS_WAITING_MAX)
    }

    pub fn new(state: Arc<DbState>, jobs: mpsc::Sender<Job>) -> Self {
        CommitQueue { state, jobs, committer: Arc::default() }
    }

    /// From now on small commits may be done where they are asked for, by this committer.
    pub fn share(&self, committer: &Arc<Mutex<Committer>>) {
        drop(self.committer.set(Arc::clone(committer)));
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
        self.answered(answer).await
    }

    /// As [`CommitQueue::encode`], on a thread that may block.
    ///
    /// # Errors
    /// As [`CommitQueue::encode`].
    pub fn encode_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut CommitEncoder<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.wait(encoding(work))
    }

    /// Gives the committer a job and waits for its answer, on a thread that may block.
    ///
    /// # Errors
    /// As [`CommitQueue::ask`].
    pub fn ask_blocking<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.wait((job(reply), answer))
    }

    fn wait<T>(&self, (job, answer): (Job, oneshot::Receiver<Result<T>>)) -> Result<T> {
        self.jobs.blocking_send(job).map_err(|_| self.state.no_committer())?;
        block_on(self.answered(answer))
    }

    async fn answered<T>(&self, answer: oneshot::Receiver<Result<T>>) -> Result<T> {
        answered(&self.jobs, answer).await.ok_or_else(|| self.state.no_committer())?
    }

    /// Gives the committer a job and waits for its answer.
    ///
    /// # Errors
    /// What the job is answered with; 57P01 once the database goes down, XX000 where the committer has died.
    pub async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        if let Err(job) = self.commit_alone(job(reply)) {
            self.jobs.send(job).await.map_err(|_| self.state.no_committer())?;
        }
        self.answered(answer).await
    }

    /// Does a small commit here, where nobody else runs or waits and another thread serves whoever comes; gives the job back where it
    /// is for the committer's thread.
    fn commit_alone(&self, job: Job) -> std::result::Result<(), Job> {
        let is_small = matches!(&job, Job::Commit { writes, builds, .. } if builds.is_empty() && writes.is_small());
        let waits = self.jobs.capacity() < self.jobs.max_capacity();
        let Some(committer) = self.committer.get().filter(|_| is_small && !waits && has_other_workers()) else {
            return Err(job);
        };
        if !self.state.activity.has_one_at_most() {
            return Err(job);
        }
        let Some(mut committer) = committer.try_lock() else { return Err(job) };
        let is_more_left = committer.commit_alone(job)?;
        drop(committer);
        if is_more_left {
            // Where the queue is full the committer has something to do in any case.
            drop(self.jobs.try_send(Job::Sweep));
        }
        Ok(())
    }
}

impl Job {
    pub fn ends_builds(&self) -> bool {
        matches!(self, Job::Commit { builds, .. } if !builds.is_empty())
    }
}

/// Whether threads besides this one run what is asynchronous.
fn has_other_workers() -> bool {
    Handle::try_current().is_ok_and(|runtime| {
        runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1
    })
}

/// The job that does some work of encoding, and where its answer comes.
fn encoding<T: Send + 'static>(
    work: impl FnOnce(&mut CommitEncoder<'_>) -> Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T>>) {
    let (reply, answer) = oneshot::channel();
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

/// Answers a waiting client; one that went away meanwhile needs no answer.
pub(in crate::db::write) fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    drop(reply.send(result));
}
