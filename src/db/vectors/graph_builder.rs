//! The background thread that links new vectors into their graphs and saves the graphs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::db::vectors::vector_indexes::VectorIndex;
use crate::error::{Error, ErrorKind, Result};
use crate::model::give_back_free_memory;
use crate::vector::{BuildScope, NearestIndex, Priority};

/// Time between two saves of graphs that changed.
const SAVE_INTERVAL: Duration = Duration::from_secs(300);
/// How long the thread sleeps at most before it looks around by itself.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// A build waits until no vectors have come for this long: what pours in is linked once and not in a dozen builds, and comes
/// in faster without them.
const CALM: Duration = Duration::from_millis(250);
/// It waits at least so long where they go on coming.
const CALM_WAIT_MIN: Duration = Duration::from_secs(5);
/// It waits no longer than this, or searches would have too much to scan.
const CALM_WAIT_MAX: Duration = Duration::from_secs(30);
/// Rows a second that a build links, about, on few cores.
const ROWS_PER_SECOND: u64 = 2_000;

/// The graphs of a database, where they are saved, and the number of the last commit that is in them.
#[derive(Clone, Copy)]
pub(crate) struct Graphs<'a> {
    /// Those that hold every committed vector.
    pub ready: &'a dyn Fn() -> Vec<Arc<VectorIndex>>,
    pub directory: &'a Path,
    pub version: &'a dyn Fn() -> u64,
}

/// Commits that bring vectors, as a thread without a runtime waits for them.
pub(crate) struct Arrivals {
    vectors: watch::Receiver<u64>,
    runtime: Runtime,
}

impl Arrivals {
    /// # Errors
    /// 58030 where the system gives no timer.
    pub fn new(vectors: watch::Receiver<u64>) -> Result<Arrivals> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Arrivals { vectors, runtime })
    }

    /// Waits for the next commit that brings vectors, up to `longest`; whether one came. Those that came together count once.
    fn wait(&mut self, longest: Duration) -> bool {
        // The sender is there as long as the database, which the thread holds.
        let Arrivals { vectors, runtime } = self;
        let arrived = runtime.block_on(async { tokio::time::timeout(longest, vectors.changed()).await });
        matches!(arrived, Ok(Ok(())))
    }
}

/// The vector of a key that an index holds, as the store has it.
pub(crate) type StoredVector<'a> = dyn Fn(&VectorIndex, &[u8]) -> Result<Option<Arc<[f32]>>> + 'a;

/// Runs until `stop` is set and the thread is woken.
pub(crate) fn run(graphs: Graphs<'_>, stored: &StoredVector<'_>, arrivals: &mut Arrivals, stop: &AtomicBool) {
    let mut saved = Instant::now();
    let mut failed: Option<Instant> = None;
    while !stop.load(Ordering::Acquire) {
        // That none came for so long is as good a reason to look.
        arrivals.wait(LOOK_INTERVAL);
        wait_for_calm(graphs, arrivals, stop);
        for index in (graphs.ready)() {
            if let Err(error) = heal_damaged(&index, stored, stop).and_then(|()| build_due(&index, stop)) {
                tracing::warn!(index = index.id.0, %error, "linking new vectors failed; searches measure them instead");
            }
            let may_save = failed.is_none_or(|failed| failed.elapsed() >= SAVE_INTERVAL);
            if may_save && index.has_unsaved_segments() && !stop.load(Ordering::Acquire) {
                failed = (!save_one(graphs, &index)).then(Instant::now);
                // What the build took, and the vectors that are read from a file now, lay between what stays.
                give_back_free_memory();
            }
        }
        if saved.elapsed() >= SAVE_INTERVAL && !stop.load(Ordering::Acquire) {
            saved = Instant::now();
            save(graphs, true);
        }
    }
}

/// Puts builds off while vectors come in.
fn wait_for_calm(graphs: Graphs<'_>, arrivals: &mut Arrivals, stop: &AtomicBool) {
    let started = Instant::now();
    while let Some(rows) = rows_due(graphs)
        && started.elapsed() < calm_wait(rows)
        && !stop.load(Ordering::Acquire)
        && arrivals.wait(CALM)
    {}
}

/// The most rows outside of graphs that an index has which is due to be built; `None` where none is.
fn rows_due(graphs: Graphs<'_>) -> Option<usize> {
    let indexes = (graphs.ready)();
    indexes.iter().filter_map(|index| graph_due(index)).map(NearestIndex::tail_len).max()
}

/// How long a build of so many rows is put off: about as long as it takes. Searches measure its rows until its end in any case,
/// and what comes in meanwhile would have it done once more, with all of them.
fn calm_wait(rows: usize) -> Duration {
    let build_ms = u64::try_from(rows).unwrap_or(u64::MAX).saturating_mul(1000) / ROWS_PER_SECOND;
    Duration::from_millis(build_ms).clamp(CALM_WAIT_MIN, CALM_WAIT_MAX)
}

/// The graph of an index, where it has vectors to link.
fn graph_due(index: &VectorIndex) -> Option<&NearestIndex> {
    index.graph().filter(|graph| graph.needs_build())
}

fn build_due(index: &VectorIndex, stop: &AtomicBool) -> Result<()> {
    let Some(graph) = graph_due(index) else { return Ok(()) };
    let started = Instant::now();
    let told = index.progress.begin(None);
    let built = graph.build(BuildScope::Due, Priority::Background, &mut |progress| {
        told.graph(progress);
        !stop.load(Ordering::Acquire)
    });
    drop(told);
    if stop.load(Ordering::Acquire) {
        return Ok(());
    }
    built?;
    tracing::info!(
        index = index.id.0,
        vectors = graph.len(),
        elapsed_ms = started.elapsed().as_millis(),
        "graph built"
    );
    Ok(())
}

/// Saves every graph. A failure costs only time at the next start.
pub(crate) fn save_all(graphs: Graphs<'_>) {
    save(graphs, false);
}

fn save(graphs: Graphs<'_>, only_changed: bool) {
    for index in (graphs.ready)().iter().filter(|index| !only_changed || index.has_changed()) {
        save_one(graphs, index);
    }
}

/// Whether it went well.
fn save_one(graphs: Graphs<'_>, index: &VectorIndex) -> bool {
    // Read before the graph is written: what comes in meanwhile is caught up with at the next start.
    let watermark = (graphs.version)();
    let saved = index.save(graphs.directory, watermark);
    if let Err(error) = &saved {
        tracing::warn!(index = index.id.0, %error, "saving a graph failed; the next start builds it again");
    }
    saved.is_ok()
}

/// Takes the vectors of damaged files from the store. They are linked anew by the build that follows, and measured until then.
fn heal_damaged(index: &VectorIndex, stored: &StoredVector<'_>, stop: &AtomicBool) -> Result<()> {
    let Some(graph) = index.graph().filter(|graph| graph.is_damaged()) else { return Ok(()) };
    tracing::warn!(index = index.id.0, "a damaged graph is built again from the stored vectors");
    graph.heal(&mut |key| match stop.load(Ordering::Acquire) {
        true => Err(Error::new(ErrorKind::Shutdown, "the server stops")),
        false => stored(index, key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_put_off_for_about_as_long_as_it_takes() {
        let seconds = [0, 9_000, 30_000, 60_000, usize::MAX].map(|rows| calm_wait(rows).as_secs());
        assert_eq!(seconds, [5, 5, 15, 30, 30]);
    }
}
