//! The part of the feed for those who look for themselves: that something changed, not what. They cannot lag, since what counts
//! is the last state.

use tokio::sync::watch;

/// Counters that go up with each change; watching one costs the writer next to nothing.
pub(crate) struct Signals {
    catalog: watch::Sender<u64>,
    staged: watch::Sender<u64>,
    posted: watch::Sender<u64>,
    vectors: watch::Sender<u64>,
}

/// What a group of commits has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changed {
    pub catalog: bool,
    pub stage: bool,
    pub heads: bool,
    pub vectors: bool,
}

/// The receiving ends.
#[derive(Clone, Debug)]
pub struct DatabaseChanges {
    /// Networks, attachments or collections changed.
    pub catalog: watch::Receiver<u64>,
    /// Something was put on the stage.
    pub staged: watch::Receiver<u64>,
    /// The heads of a network moved.
    pub posted: watch::Receiver<u64>,
}

impl Signals {
    pub fn new() -> Self {
        let [catalog, staged, posted, vectors] = [0; 4].map(watch::Sender::new);
        Signals { catalog, staged, posted, vectors }
    }

    /// Tells what has changed, after it has become durable.
    pub fn tell(&self, changed: Changed) {
        let signals = [
            (changed.catalog, &self.catalog),
            (changed.stage, &self.staged),
            (changed.heads, &self.posted),
            (changed.vectors, &self.vectors),
        ];
        for (has_changed, signal) in signals {
            if has_changed {
                signal.send_modify(|count| *count += 1);
            }
        }
    }

    pub fn subscribe(&self) -> DatabaseChanges {
        DatabaseChanges {
            catalog: self.catalog.subscribe(),
            staged: self.staged.subscribe(),
            posted: self.posted.subscribe(),
        }
    }

    /// What changes when vectors have changed that an index holds.
    pub fn vectors(&self) -> watch::Receiver<u64> {
        self.vectors.subscribe()
    }
}
