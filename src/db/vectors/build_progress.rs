//! How far the build of a graph is, for those who look from another connection.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::vector::{BuildPhase, Progress};

/// What a build is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphBuildPhase {
    /// Reading the vectors that are stored.
    Loading,
    Graph(BuildPhase),
}

/// A build that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphBuild {
    /// The connection that waits for it; `None` for one in the background.
    pub connection: Option<i32>,
    pub phase: GraphBuildPhase,
    /// Vectors of the phase. Those that are stored are not counted before they are read.
    pub done: u64,
    pub total: u64,
}

/// The builds of one index that go on. One waits for another.
#[derive(Default)]
pub(crate) struct BuildProgress(Mutex<Builds>);

#[derive(Default)]
struct Builds {
    begun: u64,
    going_on: BTreeMap<u64, GraphBuild>,
}

/// Ends with the build.
pub(crate) struct BuildHold<'a>(&'a BuildProgress, u64);

impl BuildProgress {
    /// A build begins, by reading.
    pub fn begin(&self, connection: Option<i32>) -> BuildHold<'_> {
        let mut builds = self.0.lock();
        builds.begun += 1;
        let number = builds.begun;
        let build = GraphBuild { connection, phase: GraphBuildPhase::Loading, done: 0, total: 0 };
        builds.going_on.insert(number, build);
        BuildHold(self, number)
    }

    pub fn current(&self) -> Vec<GraphBuild> {
        self.0.lock().going_on.values().copied().collect()
    }
}

impl BuildHold<'_> {
    /// So many vectors are read.
    pub fn loaded(&self, done: usize) {
        self.change(|build| build.done = done as u64);
    }

    /// The graph is so far.
    pub fn graph(&self, progress: Progress) {
        self.change(|build| {
            build.phase = GraphBuildPhase::Graph(progress.phase);
            (build.done, build.total) = (progress.done as u64, progress.total as u64);
        });
    }

    fn change(&self, change: impl FnOnce(&mut GraphBuild)) {
        if let Some(build) = self.0.0.lock().going_on.get_mut(&self.1) {
            change(build);
        }
    }
}

impl Drop for BuildHold<'_> {
    fn drop(&mut self) {
        self.0.0.lock().going_on.remove(&self.1);
    }
}
