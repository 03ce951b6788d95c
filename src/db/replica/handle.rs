//! The door through which sync comes: a handle that has what replication needs, and of a database nothing else.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::database::Database;
use crate::db::read::view::ReadView;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::transaction::transaction::Transaction;
use crate::model::PeerId;

/// A database as its networks see it: heads, log, public states, members and charters, each of one network. Clones share the
/// database.
///
/// Whoever holds it cannot begin a transaction with it, nor read what was never staged.
///
/// Its methods lie by subject in the files of this folder: one a request of an engine of sync, and those of a node about its networks.
#[derive(Clone)]
pub struct Replica {
    database: Database,
}

impl Database {
    /// The database as sync reads and writes it.
    pub fn replica(&self) -> Replica {
        Replica { database: self.clone() }
    }
}

impl Replica {
    /// What this node is called in its networks now.
    pub fn peer_id(&self) -> PeerId {
        self.database.peer_id()
    }

    /// The collections and networks of now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.database.catalog()
    }

    pub(in crate::db) fn view(&self) -> ReadView {
        self.database.view()
    }

    pub(in crate::db) fn begin(&self) -> Transaction {
        self.database.begin()
    }

    pub(in crate::db) fn hides_secrets(&self) -> bool {
        self.database.hides_secrets()
    }

    pub(in crate::db) fn shared(&self) -> &Arc<DbState> {
        self.database.shared()
    }

    /// The way to the committer.
    pub(in crate::db) fn queue(&self) -> &CommitQueue {
        self.database.queue()
    }
}
