//! How far a backup or a restore is, for whoever watches, and how it is told to stop.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::error::Result;

/// What a backup does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupPhase {
    /// Waits for RocksDB's checkpoint.
    Checkpoint,
    /// Reads files, and copies those that are new.
    Copying,
    /// Writes the manifest and removes what is no longer kept.
    Finishing,
}

/// How far it is. Shared between who works and who watches.
pub struct BackupProgress {
    phase: AtomicU8,
    bytes: AtomicU64,
    done: AtomicU64,
    stop: Box<dyn Fn() -> Result<()> + Send + Sync>,
}

impl BackupProgress {
    /// `stop` is asked every few hundred kilobytes; its error ends the work.
    pub fn new(stop: impl Fn() -> Result<()> + Send + Sync + 'static) -> BackupProgress {
        BackupProgress {
            phase: AtomicU8::new(0),
            bytes: AtomicU64::new(0),
            done: AtomicU64::new(0),
            stop: Box::new(stop),
        }
    }

    pub fn phase(&self) -> BackupPhase {
        match self.phase.load(Ordering::Relaxed) {
            0 => BackupPhase::Checkpoint,
            1 => BackupPhase::Copying,
            _ => BackupPhase::Finishing,
        }
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that are read, or known to be there already.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, phase: BackupPhase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn expect(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// # Errors
    /// What ends the work.
    pub(super) fn check(&self) -> Result<()> {
        (self.stop)()
    }
}
