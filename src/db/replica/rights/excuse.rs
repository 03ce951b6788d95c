//! Members that an owner has excused, since they are silent for long: nobody waits for them.
//!
//! Whoever is excused holds what others may have collected meanwhile: when it comes back it is compared with a member as a node that
//! [returns](Replica::is_returning).

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::records::origin::RETURNING;
use crate::db::replica::handle::Replica;
use crate::db::replica::rights::charter::checked_peer;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Act, Network, NetworkId, PeerId};
use crate::store::Key;

/// Name of the record that this node is excused.
const EXCUSED: &str = "excused";

impl Transaction {
    /// Says that nobody waits for a peer any more that has been silent for long; once it is back and holds what the others hold,
    /// an owner's node calls it back of its own accord.
    ///
    /// # Errors
    /// 42704, 42501; 22023 for what is no peer id and for this node itself; 42710 for one that is excused.
    pub fn excuse_peer(&mut self, name: &str, peer: &str) -> Result<()> {
        let peer = checked_peer(peer)?;
        let mut network = self.owned(name, "excuse a peer of")?;
        if peer == self.shared.peer_id() {
            let message = "a node that says so is not silent";
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        if network.standing().excused.contains(&peer) {
            let message = format!("{peer} is excused in network \"{name}\" already");
            return Err(Error::new(ErrorKind::DuplicateObject, message));
        }
        self.decree(&mut network, Act::Excuse { peer, is_excused: true })?;
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }
}

impl Replica {
    /// Decrees that an excused member is waited for again; nothing for one that is not excused.
    ///
    /// # Errors
    /// 42501 for a node that is no owner; as [`Transaction::commit`].
    pub(crate) async fn call_back(&self, id: NetworkId, peer: &PeerId) -> Result<()> {
        let mut transaction = self.begin();
        let Some(network) = transaction.catalog().network_by_id(id).cloned() else { return Ok(()) };
        if !network.standing().excused.contains(peer) {
            return Ok(());
        }
        let mut network = transaction.owned(&network.name, "call a peer back to")?;
        transaction.decree(&mut network, Act::Excuse { peer: peer.clone(), is_excused: false })?;
        transaction.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        transaction.commit().await.map(drop)
    }
}

/// Whether it is noted whether this node is excused.
pub(crate) fn is_excuse_noted(shared: &DbState, network: &Network) -> Result<bool> {
    let is_excused = network.standing().excused.contains(&shared.peer_id());
    Ok(is_excused == shared.store.snapshot().get(&Key::SyncRecord(network.id, EXCUSED))?.is_some())
}

/// A node that learns that it is excused has to be compared with a member, even where it is called back before.
pub(crate) async fn follow_excuse(queue: &CommitQueue, network: &Network) -> Result<()> {
    let shared = queue.state();
    if is_excuse_noted(shared, network)? {
        return Ok(());
    }
    let (id, is_excused) = (network.id, network.standing().excused.contains(&shared.peer_id()));
    let note = move |apply: &mut CommitEncoder<'_>| {
        if apply.current_catalog().network_by_id(id).is_none() {
            return Ok(());
        }
        if is_excused {
            apply.effects.batch.put(&Key::SyncRecord(id, EXCUSED), &[]);
            apply.effects.batch.put(&Key::SyncRecord(id, RETURNING), &[]);
        } else {
            apply.effects.batch.delete(&Key::SyncRecord(id, EXCUSED));
        }
        Ok(())
    };
    queue.encode(note).await
}
