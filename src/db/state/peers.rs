//! Where database and sync task meet: the status that one shows, the commands that the other takes.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::db::records::peers_status::{SYNC_COMMANDS_MAX, SyncCommand, SyncStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::health::answered;

/// The sync task as the database sees it.
pub(crate) struct Peers {
    status: watch::Sender<Arc<SyncStatus>>,
    commands: mpsc::Sender<SyncCommand>,
    /// Until the sync task takes it.
    receiver: Mutex<Option<mpsc::Receiver<SyncCommand>>>,
}

impl Peers {
    pub fn new() -> Self {
        let (commands, receiver) = mpsc::channel(SYNC_COMMANDS_MAX);
        Peers { status: watch::Sender::default(), commands, receiver: Mutex::new(Some(receiver)) }
    }

    /// What the sync task shows now.
    pub fn status(&self) -> Arc<SyncStatus> {
        Arc::clone(&self.status.borrow())
    }

    /// The status now, and each later one.
    pub fn status_changes(&self) -> watch::Receiver<Arc<SyncStatus>> {
        self.status.subscribe()
    }

    /// Shows what the sync task knows.
    pub fn publish_status(&self, status: SyncStatus) {
        self.status.send_replace(Arc::new(status));
    }

    /// The commands for the sync task; the first caller gets them.
    pub fn take_commands(&self) -> Option<mpsc::Receiver<SyncCommand>> {
        self.receiver.lock().take()
    }

    /// Asks the sync task for something and waits for its answer.
    ///
    /// # Errors
    /// 55006 while no sync task runs; what the command fails with.
    pub async fn command<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T>>) -> SyncCommand) -> Result<T> {
        let off = || {
            Error::new(ErrorKind::ObjectInUse, "networks are not running on this server")
                .with_hint("They start with the server; see its log for why they did not.")
        };
        if !self.status().running {
            return Err(off());
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| off())?;
        answered(&self.commands, answer).await.ok_or_else(off)?
    }
}
