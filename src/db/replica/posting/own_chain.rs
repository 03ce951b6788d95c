//! Whether a head of this node's own origin, shown by a peer, is one that this database gave out.
//!
//! A peer that has more of us than we have ourselves, or another story under the same number, has met a later life of this
//! data directory: the one here is an older copy.

use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::verify_states::is_signed;
use crate::error::Result;
use crate::model::{Head, NetworkId};
use crate::store::{Key, delta_place};

/// What a head of the own origin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnChain {
    /// The end of one of our postings.
    Known,
    /// Nobody with our key signed it.
    Forged,
    /// Signed with our key, and not in our log.
    Unknown,
}

impl Replica {
    /// Looks a head of the own origin up. What the log has dropped counts as known.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head or delta of the log.
    pub fn check_own_head(&self, network: NetworkId, head: &Head) -> Result<OwnChain> {
        let catalog = self.catalog();
        let Some(definition) = catalog.network_by_id(network) else { return Ok(OwnChain::Forged) };
        if head.origin != self.peer_id() || !is_signed(definition, head) {
            return Ok(OwnChain::Forged);
        }
        let snapshot = self.shared().store.snapshot();
        let stored = snapshot.get(&Key::Head(network, head.origin.as_str()))?;
        let ours = match stored {
            Some(bytes) => StoredHead::from_bytes(&bytes)?,
            None => return Ok(OwnChain::Unknown),
        };
        if head.seq >= ours.seq {
            let is_same = head.seq == ours.seq && head.hash == ours.hash;
            return Ok(if is_same { OwnChain::Known } else { OwnChain::Unknown });
        }
        let place = delta_place(&head.origin, head.seq);
        let Some(entry) = snapshot.get(&Key::Delta(network, &place))? else { return Ok(OwnChain::Known) };
        let (end, _) = decode_log_entry(&entry)?;
        let is_known = end.is_some_and(|end| end.hash == head.hash);
        Ok(if is_known { OwnChain::Known } else { OwnChain::Unknown })
    }
}
