//! Runs the node of a server: starts it when there is a network, starts it again under a new identity, and answers for it
//! while there is none.

use std::collections::VecDeque;
use std::time::Duration;

use libp2p::Multiaddr;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::db::{Clock, Database, SyncCommand, SyncReport, SyncStatus};
use crate::error::{Error, ErrorKind};
use crate::sync::node::load_networks::Memory;
use crate::sync::node::node::Stopped;
use crate::sync::node::{load_networks, node};

/// How long to wait before a node that could not start is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// How a server takes part in networks.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// Where peers connect; by default all interfaces, once there is a network.
    pub listen: Vec<Multiaddr>,
    pub clock: Clock,
}

/// Begins to take part in the networks of a database; ends soon after `stopping` becomes true. From now on SYNC is answered.
pub fn start(database: Database, options: SyncOptions, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    let commands = database.take_sync_commands();
    if commands.is_some() {
        database.publish_sync_status(SyncStatus { running: true, ..SyncStatus::default() });
    }
    tokio::spawn(async move {
        match commands {
            Some(commands) => {
                let vital = database.health().watch("sync").abortable();
                supervise(&database, &options, commands, stopping).await;
                vital.end();
            }
            None => tracing::error!("the networks of this database are run by somebody else"),
        }
    })
}

async fn supervise(
    database: &Database,
    options: &SyncOptions,
    mut commands: mpsc::Receiver<SyncCommand>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut memory = Memory::default();
    let mut waiting = VecDeque::new();
    loop {
        if options.listen.is_empty() && !idle(database, &mut commands, &mut waiting, &mut stopping).await {
            break;
        }
        let wants_mdns = memory.wants_mdns(&database.catalog());
        let ended = node::run(database, options, &memory, &mut waiting, &mut commands, &mut stopping).await;
        memory.is_restart = true;
        match ended {
            Ok(Stopped::Shutdown) => break,
            Ok(Stopped::Idle) => tracing::info!("no network is left"),
            Ok(Stopped::Restart) => tracing::info!("the node starts again"),
            Err(error) if wants_mdns && error.kind() == ErrorKind::Configuration => {
                tracing::warn!(%error, "members on the local network are not looked for");
                memory.is_mdns_refused = true;
            }
            Err(error) => {
                tracing::error!(%error, "the node cannot start; it is tried again");
                if !wait(&mut commands, &mut stopping, &error).await {
                    break;
                }
            }
        }
    }
    database.publish_sync_status(SyncStatus::default());
}

/// Waits for a network; false where the server goes down first.
async fn idle(
    database: &Database,
    commands: &mut mpsc::Receiver<SyncCommand>,
    waiting: &mut VecDeque<SyncCommand>,
    stopping: &mut watch::Receiver<bool>,
) -> bool {
    let mut catalog = database.replica().changes().catalog;
    database.publish_sync_status(SyncStatus { running: true, ..SyncStatus::default() });
    loop {
        if database.catalog().networks().any(|network| load_networks::is_live(network)) {
            return !*stopping.borrow();
        }
        // What came before the network did.
        for command in waiting.drain(..) {
            match command {
                SyncCommand::Sync { reply, .. } => drop(reply.send(Ok(SyncReport::of_no_network()))),
                command => command.fail(no_network()),
            }
        }
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return false,
            changed = catalog.changed() => if changed.is_err() { return false },
            // Where a network is newer than the last look, the node answers.
            Some(command) = commands.recv() => waiting.push_back(command),
        }
    }
}

/// Waits before the next try; false where the server goes down first.
async fn wait(
    commands: &mut mpsc::Receiver<SyncCommand>,
    stopping: &mut watch::Receiver<bool>,
    reason: &Error,
) -> bool {
    let until = tokio::time::sleep(RETRY);
    tokio::pin!(until);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return false,
            () = &mut until => return true,
            Some(command) = commands.recv() => command.fail(reason.clone()),
        }
    }
}

fn no_network() -> Error {
    Error::new(ErrorKind::Io, "it is not here, and this node is in no network")
}
