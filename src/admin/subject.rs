//! What the pages tell about.

use std::sync::Arc;

use tokio::sync::watch;

use crate::db::Database;
use crate::model::Budget;

/// What the pages tell about.
#[derive(Clone)]
pub struct PageSubject {
    pub database: Database,
    /// What clients make the server hold.
    pub memory: Arc<Budget>,
    /// Where the server stands between its start and its end.
    pub phase: watch::Receiver<Phase>,
}

/// Where a server stands between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It takes no clients yet.
    Starting,
    /// It takes clients.
    Serving,
    /// It takes no new clients any more.
    Stopping,
}
