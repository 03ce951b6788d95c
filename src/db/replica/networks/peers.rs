//! What statements ask of peers, and what the sync task shows of them.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::db::database::Database;
use crate::db::read::view::ReadView;
use crate::db::records::peers_status::{SyncCommand, SyncReport, SyncStatus};
use crate::db::state::state::DbState;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bytes, Collection, ListingPage, ListingPlace, NetworkId, PeerId};
use crate::store::BlobHash;

impl DbState {
    async fn fetch_blob(&self, collection: &Collection, hash: &str) -> Result<()> {
        let hash: BlobHash = hash.parse()?;
        if self.blobs.size(&hash).is_ok() {
            return Ok(());
        }
        let catalog = self.catalog();
        let Some((network, _)) = catalog.network_of(collection.id) else {
            return Err(Error::new(
                ErrorKind::Io,
                format!("the file of blob {hash} is not here, and \"{}\" is in no network", collection.name),
            )
            .with_hint("Restore it from a backup, or store the blob again."));
        };
        let network = network.id;
        self.peers.command(|reply| SyncCommand::FetchBlob { network, hash, size: None, reply }).await
    }
}

impl Database {
    /// Posts what is staged and exchanges deltas with all connected members.
    ///
    /// # Errors
    /// 55006 while no sync task runs.
    pub async fn request_sync(&self, network: Option<NetworkId>) -> Result<SyncReport> {
        self.shared().peers.command(|reply| SyncCommand::Sync { network, reply }).await
    }

    /// Brings the blob that an entry of a collection names to this node.
    ///
    /// # Errors
    /// 22P02 for a text that is no hash; 58030 for a collection in no network, or naming who was asked when nobody has it; 55006
    /// while no sync task runs, 54000 while too many wait for it.
    pub async fn fetch_blob(&self, collection: &Collection, hash: &str) -> Result<()> {
        self.shared().fetch_blob(collection, hash).await
    }

    /// Brings what other members hold of these entries to this node; the keys of those that nobody holds.
    ///
    /// # Errors
    /// 58030 naming who was asked where nobody that may hold one has answered.
    pub async fn fetch_entries(
        &self,
        network: NetworkId,
        collection: &str,
        keys: Vec<Bytes>,
        holder: Option<PeerId>,
    ) -> Result<Vec<Bytes>> {
        let collection = collection.to_string();
        self.shared()
            .peers
            .command(|reply| SyncCommand::FetchEntries { network, collection, keys, holder, reply })
            .await
    }

    /// The next keys of a collection that other members hold and this node need not. What is here is not dropped for a minute.
    ///
    /// # Errors
    /// 58030 naming who was asked where some have been told by nobody.
    pub async fn list_keys(&self, network: NetworkId, collection: &str, place: ListingPlace) -> Result<ListingPage> {
        let collection = collection.to_string();
        self.shared().peers.command(|reply| SyncCommand::ListKeys { network, collection, place, reply }).await
    }

    pub fn sync_status(&self) -> Arc<SyncStatus> {
        self.shared().peers.status()
    }

    /// The status now, and each later one.
    pub fn sync_status_changes(&self) -> watch::Receiver<Arc<SyncStatus>> {
        self.shared().peers.status_changes()
    }

    /// Shows what the sync task knows.
    pub fn publish_sync_status(&self, status: SyncStatus) {
        self.shared().peers.publish_status(status);
    }

    /// The commands for the sync task; the first caller gets them.
    pub fn take_sync_commands(&self) -> Option<mpsc::Receiver<SyncCommand>> {
        self.shared().peers.take_commands()
    }
}

impl ReadView {
    pub fn sync_status(&self) -> Arc<SyncStatus> {
        self.database.peers.status()
    }

    /// As [`Database::fetch_blob`], for who holds a view alone.
    ///
    /// # Errors
    /// As [`Database::fetch_blob`].
    pub async fn fetch_blob(&self, collection: &Collection, hash: &str) -> Result<()> {
        self.database.fetch_blob(collection, hash).await
    }
}
