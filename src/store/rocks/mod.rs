//! RocksDB behind one door: column families, batches, snapshots, faults, and the check of everything that lies in it.

pub(super) mod batch;
pub(super) mod check;
pub(super) mod column_families;
pub(super) mod poison;
pub(super) mod probe;
pub(super) mod snapshot;
pub(super) mod store;
pub(super) mod tuning;
