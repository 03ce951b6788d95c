//! A transaction's hold on an index that it builds.

use std::sync::Arc;

use crate::db::state::index_builds::Build;
use crate::db::write::commit::commit_queue::{CommitQueue, Job};
use crate::model::CollectionId;
use crate::store::Snapshot;

/// A transaction's hold on an index that it builds. When it is dropped before a commit, the entries go.
pub(crate) struct IndexBuild {
    build: Arc<Build>,
    queue: CommitQueue,
    /// The store when the index held everything.
    filled: Option<Snapshot>,
}

impl IndexBuild {
    pub fn new(queue: &CommitQueue, build: &Arc<Build>) -> IndexBuild {
        IndexBuild { build: Arc::clone(build), queue: queue.clone(), filled: None }
    }

    pub fn index(&self) -> CollectionId {
        self.build.index.id
    }

    pub fn build(&self) -> &Arc<Build> {
        &self.build
    }

    pub fn set_filled(&mut self, snapshot: Snapshot) {
        self.filled = Some(snapshot);
    }

    /// The index's entries when it had just been filled.
    pub fn filled(&self) -> Option<&Snapshot> {
        self.filled.as_ref()
    }
}

impl Drop for IndexBuild {
    fn drop(&mut self) {
        self.build.release();
        // Where no place is free, the job that has it makes the committer look as well; a committer that is gone has left
        // the marker for the next start.
        drop(self.queue.try_send(Job::Sweep));
    }
}
