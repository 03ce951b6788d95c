//! Adopting heads: what a comparison with a peer has come to becomes one commit.
//!
//! Heads say that everything up to them is here, but for the collections that are called partial. Both are written together, and
//! for the collections that are attached at that moment: one that was attached while the comparison went on has been compared
//! with nobody.

use crate::db::records::stored_head::{LEGACY_UNKNOWN, StoredHead};
use crate::db::replica::handle::Replica;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AdoptedHeads, Head, HeadAdoption, Network, NetworkId};
use crate::store::{Key, KeyRange, Snapshot};

/// Name of the record with the partial collections.
pub(crate) const PARTIAL: &str = "partial";

impl Replica {
    /// After a comparison with a peer: everything up to these heads is here, but for what is partial. Heads with wrong signatures
    /// are left out. Of two heads with one number, by an origin that forked, the greater hash wins everywhere. Gives back the
    /// heads that moved and what is partial now.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing has changed then.
    pub async fn adopt_heads(&self, network: NetworkId, adoption: HeadAdoption) -> Result<AdoptedHeads> {
        self.queue().encode(move |apply| apply.adopt(network, adoption)).await
    }
}

impl CommitEncoder<'_> {
    fn adopt(&mut self, id: NetworkId, adoption: HeadAdoption) -> Result<AdoptedHeads> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else {
            return Ok(AdoptedHeads::default());
        };
        let mut moved = Vec::new();
        for head in adoption.heads {
            if self.adopt_head(&network, &head)? {
                moved.push(head);
            }
        }
        let before = self.partial(id)?;
        let is_partial = |name: &String| match adoption.known.contains(name) {
            true => adoption.partial.contains(name),
            false => !moved.is_empty() || before.contains(name),
        };
        let attached = network.attachments.iter().filter(|attachment| !attachment.detaching);
        let partial: Vec<String> =
            attached.map(|attachment| attachment.shared_name.clone()).filter(is_partial).collect();
        if partial != before {
            self.put_partial(id, &partial)?;
        }
        Ok(AdoptedHeads { heads: moved, partial })
    }

    /// Whether the head is further than the one here.
    fn adopt_head(&mut self, network: &Network, head: &Head) -> Result<bool> {
        let known = self.head(network, &head.origin)?;
        let is_rival = head.seq == known.seq && head.hash > known.hash;
        if head.seq <= known.seq && !is_rival {
            return Ok(false);
        }
        let Some(has_tree) = self.shared.head_is_signed(network, head) else { return Ok(false) };
        if is_rival {
            // It tells the other story.
            self.effects.batch.delete_range(&KeyRange::deltas_of(network.id, &head.origin));
        }
        // What nobody has signed must not become part of the log because a later head is taken over.
        let known = self.drop_hearsay(network.id, &head.origin, known)?;
        let (seq, hash, signature) = (head.seq, head.hash, head.signature.to_vec());
        let legacy_end = known.legacy_end.or_else(|| has_tree.then_some(LEGACY_UNKNOWN));
        let stored = StoredHead { seq, hash, signature, received: seq, received_hash: hash, legacy_end };
        self.put_head(network.id, head.origin.clone(), stored);
        Ok(true)
    }

    /// Attached collections, by their shared names, of which something up to the heads may be lacking.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged list.
    pub fn partial(&self, id: NetworkId) -> Result<Vec<String>> {
        if let Some(names) = self.partial_in_group(id) {
            return Ok(names.clone());
        }
        partial_in(&self.group.snapshot, id)
    }

    /// As [`CommitEncoder::partial`], where that has changed behind the snapshot.
    pub fn partial_in_group(&self, id: NetworkId) -> Option<&Vec<String>> {
        self.effects.overlay.partial.get(&id).or_else(|| self.group.overlay.partial.get(&id))
    }

    /// Notes of which attached collections something may be lacking.
    ///
    /// # Errors
    /// None today; XX000 for names that cannot be written as JSON.
    pub fn put_partial(&mut self, id: NetworkId, names: &[String]) -> Result<()> {
        let json = serde_json::to_vec(names).map_err(|error| Error::internal(error.to_string()))?;
        self.effects.batch.put(&Key::SyncRecord(id, PARTIAL), &json);
        self.effects.overlay.partial.insert(id, names.to_vec());
        Ok(())
    }
}

/// As [`CommitEncoder::partial`], of what is stored.
pub(crate) fn partial_in(snapshot: &Snapshot, id: NetworkId) -> Result<Vec<String>> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "the list of partial collections cannot be read");
    let record = snapshot.get(&Key::SyncRecord(id, PARTIAL))?;
    record.map_or(Ok(Vec::new()), |json| serde_json::from_slice(&json).map_err(damaged))
}
