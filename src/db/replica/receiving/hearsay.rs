//! Deltas that wait for the end of their posting, and that nobody has signed yet.
//!
//! Whoever relays a long posting sends it in parts, and only the last is signed. So a part may have been made up; the origin's
//! signature over another continuation tells, and then the part goes and what the origin signed is asked for. So does a head that
//! the origin signed within the part: there a posting ends that ends nowhere in what waits.

use std::ops::Bound;

use crate::db::records::stored_head::StoredHead;
use crate::db::replica::handle::Replica;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::Result;
use crate::model::{Delta, NetworkId, PeerId, Verdict};
use crate::store::{KeyRange, delta_place};

/// Whether what waits behind `head` is what the origin's signature speaks against: it covers another chain from the last signed
/// delta on. Behind an end that fits it would be the origin that tells two stories.
pub(crate) fn is_hearsay(head: &StoredHead, fresh: &[Delta], verdict: &Verdict) -> bool {
    let first_end = fresh.iter().find(|delta| delta.signature.is_some()).map(|delta| delta.seq);
    let is_first = matches!(verdict, Verdict::Fork { seq } if first_end == Some(*seq));
    head.received > head.seq && is_first
}

impl Replica {
    /// Drops what waits of an origin for the end of its posting, since the origin has signed an end within it; the number of the
    /// last delta that is left in the log. What ends at a signature stays.
    ///
    /// # Errors
    /// XX001 for a damaged head; 53100 and 58030 where the store cannot be written or read; 57P01 once the database goes down,
    /// XX000 where the committer has died.
    pub async fn drop_unsigned(&self, network: NetworkId, origin: PeerId) -> Result<u64> {
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                let head = apply.head(&network, &origin)?;
                Ok(apply.drop_hearsay(network.id, &origin, head)?.received)
            })
            .await
    }
}

impl CommitEncoder<'_> {
    /// Drops what waits of an origin; its head, which is the last signed delta again.
    ///
    /// # Errors
    /// None today; nothing is read for it.
    pub fn drop_hearsay(&mut self, network: NetworkId, origin: &PeerId, mut head: StoredHead) -> Result<StoredHead> {
        if head.received == head.seq {
            return Ok(head);
        }
        let last = delta_place(origin, head.seq);
        let waiting = KeyRange::deltas_of(network, origin).from(Bound::Excluded(&last));
        self.effects.batch.delete_range(&waiting);
        (head.received, head.received_hash) = (head.seq, head.hash);
        self.put_head(network, origin.clone(), head.clone());
        Ok(head)
    }
}
