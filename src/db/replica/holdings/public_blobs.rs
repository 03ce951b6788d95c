//! Which blobs members of a network may have of this node.

use crate::db::replica::handle::Replica;
use crate::db::write::commit::blob_counts::servable_name;
use crate::defence::is_down;
use crate::error::Result;
use crate::model::NetworkId;
use crate::store::{BlobHash, Key};

impl Replica {
    /// Whether members of a network may have a blob of this node: one that was posted from here or came from there, and that a
    /// public state refers to.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn is_blob_public(&self, network: NetworkId, hash: &BlobHash) -> Result<bool> {
        if self.sync_record(network, &servable_name(hash))?.is_none() && !is_down("blobs posted from here") {
            return Ok(false);
        }
        let view = self.view();
        let Some(network) = view.catalog.network_by_id(network) else { return Ok(false) };
        for attachment in network.attachments.iter().filter(|attachment| !attachment.detaching) {
            if view.snapshot.get(&Key::PublicBlob(attachment.collection, hash.as_bytes()))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Remembers that a blob came from a network.
    ///
    /// # Errors
    /// As [`Replica::put_sync_record`].
    pub async fn note_fetched_blob(&self, network: NetworkId, hash: &BlobHash) -> Result<()> {
        self.put_sync_record(network, &servable_name(hash), Some(Vec::new())).await
    }
}
