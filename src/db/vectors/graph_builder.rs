//! The background thread that links new vectors into their graphs and saves the graphs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::db::vectors::vector_indexes::{VectorIndex, VectorIndexes};
use crate::error::Result;
use crate::vector::{BuildScope, NearestIndex};

/// Time between two saves of graphs that changed.
const SAVE_INTERVAL: Duration = Duration::from_secs(300);
/// How long the thread sleeps at most before it looks around by itself.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// A build waits until no vectors have come for this long: what pours in is linked once and not in a dozen builds, and comes
/// in faster without them.
const CALM: Duration = Duration::from_millis(250);
/// It waits no longer than this, or searches would have too much to scan.
const CALM_WAIT_MAX: Duration = Duration::from_secs(5);

/// The graphs of a database, where they are saved, and the number of the last commit that is in them.
#[derive(Clone, Copy)]
pub(crate) struct Graphs<'a> {
    pub indexes: &'a VectorIndexes,
    pub directory: &'a Path,
    pub version: &'a dyn Fn() -> u64,
}

/// Runs until `stop` is set and the thread is woken.
pub(crate) fn run(graphs: Graphs<'_>, signals: &Receiver<()>, stop: &AtomicBool) {
    let mut saved = Instant::now();
    while !stop.load(Ordering::Acquire) {
        // A timeout is as good a reason to look as a signal.
        if signals.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        if graphs.indexes.all().iter().any(|index| graph_due(index).is_some()) {
            wait_for_calm(signals, stop);
        }
        for index in graphs.indexes.all() {
            if let Err(error) = build_due(&index, stop) {
                tracing::warn!(index = index.id.0, %error, "linking new vectors failed; searches measure them instead");
            }
        }
        if saved.elapsed() >= SAVE_INTERVAL && !stop.load(Ordering::Acquire) {
            saved = Instant::now();
            save_all(graphs);
        }
    }
}

/// Each signal is a commit that brought vectors.
fn wait_for_calm(signals: &Receiver<()>, stop: &AtomicBool) {
    let started = Instant::now();
    while started.elapsed() < CALM_WAIT_MAX && !stop.load(Ordering::Acquire) && signals.recv_timeout(CALM).is_ok() {}
}

/// The graph of an index, where it has vectors to link.
fn graph_due(index: &VectorIndex) -> Option<&NearestIndex> {
    index.graph().filter(|graph| index.is_ready() && graph.needs_build())
}

fn build_due(index: &VectorIndex, stop: &AtomicBool) -> Result<()> {
    let Some(graph) = graph_due(index) else { return Ok(()) };
    let started = Instant::now();
    let built = graph.build(BuildScope::Due, &mut |_| !stop.load(Ordering::Acquire));
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
    for index in graphs.indexes.all().iter().filter(|index| index.is_ready()) {
        // Read before the graph is written: what comes in meanwhile is caught up with at the next start.
        let watermark = (graphs.version)();
        if let Err(error) = index.save(graphs.directory, watermark) {
            tracing::warn!(index = index.id.0, %error, "saving a graph failed; the next start builds it again");
        }
    }
}
