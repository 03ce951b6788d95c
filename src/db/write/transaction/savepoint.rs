//! Points in a transaction to go back to: what it had changed there, and its catalog.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::pending::write_set::WriteSet;
use crate::db::write::transaction::transaction::Transaction;

/// A point in a transaction to roll back to.
#[derive(Clone)]
pub struct Savepoint {
    writes: Arc<WriteSet>,
    catalog: Arc<Catalog>,
    /// Up to which lock.
    pub(in crate::db::write) locks: usize,
}

impl Transaction {
    /// The present point.
    pub fn savepoint(&self) -> Savepoint {
        let (writes, catalog) = (Arc::clone(&self.view.writes), Arc::clone(&self.view.catalog));
        Savepoint { writes, catalog, locks: self.locks.mark() }
    }

    /// Takes everything back that was changed since a point of this transaction.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) {
        self.view.writes = Arc::clone(&savepoint.writes);
        // The catalog of then is an old one where newer snapshots were taken since.
        let catalog = if savepoint.writes.defines() { &savepoint.catalog } else { &self.committed };
        self.view.catalog = Arc::clone(catalog);
        let writes = &self.view.writes;
        self.builds.retain(|build| writes.is_unfilled(build.index()));
        self.locks.release_to(savepoint.locks);
    }
}
