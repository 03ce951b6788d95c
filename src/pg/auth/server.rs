//! What connections are served with, and what all of them share.

use std::sync::Arc;

use tokio::sync::watch;

use crate::db::Database;
use crate::model::Budget;
use crate::pg::auth::cancel::CancelRegistry;
use crate::pg::auth::guesses::Guesses;
use crate::pg::transport::admission::AdmissionSlot;
use crate::pg::transport::places::Places;
use crate::pg::transport::tls::TlsSlot;
use crate::session::SlowLog;

/// What connections are served with.
#[derive(Clone)]
pub struct ServerContext {
    pub database: Database,
    /// Certificate and key; while it is empty connections are in plaintext.
    pub tls: TlsSlot,
    /// On which terms clients are let in.
    pub admission: AdmissionSlot,
    /// Clients that are served at once.
    pub connections_max: usize,
    /// What all clients together may make the server hold.
    pub memory: Arc<Budget>,
    /// From how long on statements are logged.
    pub slow_log: SlowLog,
}

/// What all connections share.
pub(in crate::pg) struct ServerState {
    pub context: ServerContext,
    pub cancels: CancelRegistry,
    pub places: Places,
    pub guesses: Guesses,
    /// Makes mock verifiers that stay the same while the server runs.
    pub mock_secret: [u8; 32],
    pub shutdown: watch::Receiver<bool>,
}

/// Waits until the server is to go down, or nobody is left who could say so.
pub(in crate::pg) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}
