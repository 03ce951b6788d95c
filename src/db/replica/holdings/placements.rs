//! How the collections of a network were last spread over its members, as it is remembered.

use crate::db::replica::handle::Replica;
use crate::db::state::state::DbState;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetworkId, Placement};
use crate::store::Key;

/// Name of the record of the last placement.
pub(crate) const PLACEMENT: &str = "placement";

impl DbState {
    pub(super) fn placement(&self, network: NetworkId) -> Result<Placement> {
        let snapshot = self.store.snapshot();
        let record = snapshot.get(&Key::SyncRecord(network, PLACEMENT))?;
        record.map_or(Ok(Placement::default()), |json| placement_of(&json))
    }
}

impl Replica {
    /// How collections of a network were last spread; empty where they never were.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged placement.
    pub fn placement(&self, network: NetworkId) -> Result<Placement> {
        self.shared().placement(network)
    }

    /// Remembers how collections of a network are spread now.
    ///
    /// # Errors
    /// As [`Replica::put_sync_record`].
    pub async fn put_placement(&self, network: NetworkId, placement: &Placement) -> Result<()> {
        let json = serde_json::to_vec(placement).map_err(|error| Error::internal(error.to_string()))?;
        let is_empty = placement.collections.is_empty();
        self.put_sync_record(network, PLACEMENT, Some(json).filter(|_| !is_empty)).await
    }
}

impl CommitEncoder<'_> {
    /// A collection is detached: nothing of it is spread any more.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged placement.
    pub fn forget_placement(&mut self, id: NetworkId, shared_name: &str) -> Result<()> {
        let Some(json) = self.group.snapshot.get(&Key::SyncRecord(id, PLACEMENT))? else { return Ok(()) };
        let mut placement = placement_of(&json)?;
        placement.collections.retain(|name| name != shared_name);
        let json = serde_json::to_vec(&placement).map_err(|error| Error::internal(error.to_string()))?;
        self.effects.batch.put(&Key::SyncRecord(id, PLACEMENT), &json);
        Ok(())
    }
}

/// A placement as it is stored.
fn placement_of(json: &[u8]) -> Result<Placement> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "the placement of a network cannot be read");
    serde_json::from_slice(json).map_err(damaged)
}
