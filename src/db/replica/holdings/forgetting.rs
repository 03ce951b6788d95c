//! What goes from here because the network has forgotten it: tombstones that every member has seen, and what a copy of this
//! directory still holds of entries that were deleted while it was away.
//!
//! Absence is not deletion. That a member lacks an entry, whatever it says it has seen, takes nothing away here: an entry goes
//! by a delta that deletes it, and its tombstone by rounds in which this node has taken part itself. A node that comes back under
//! another identity, from a copy that slept through such rounds, is the one that holds what nobody can tell it to delete any
//! more; until it has been compared with a member, it takes that member's word for it, and gives nothing of its own away.

use std::collections::BTreeMap;

use crate::db::records::origin::RETURNING;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::public_view::covers;
use crate::db::replica::receiving::verify_states::is_signed;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::defence::is_down;
use crate::error::{Error, Result};
use crate::model::{Bytes, Head, Network, NetworkId, PeerId, State};
use crate::store::{Publicity, RecordView};

impl Replica {
    /// Whether this node holds what it held under an older identity and has not been compared with a member since, or is excused:
    /// then others do not wait for it, and may have collected what it holds.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn is_returning(&self, network: NetworkId) -> Result<bool> {
        let catalog = self.catalog();
        let excused = catalog.network_by_id(network).map(|network| network.standing().excused).unwrap_or_default();
        Ok(self.sync_record(network, RETURNING)?.is_some() || excused.contains(&self.peer_id()))
    }

    /// This node has been compared with a member: from now on it believes nobody who lacks an entry.
    ///
    /// # Errors
    /// As [`Replica::put_sync_record`].
    pub async fn end_return(&self, network: NetworkId) -> Result<()> {
        self.put_sync_record(network, RETURNING, None).await
    }

    /// Drops public entries that a peer with these heads does not hold although it has seen all their deltas: tombstones
    /// that were collected there, and what they buried. Only for a node that [returns](Replica::is_returning). Heads that
    /// their origin did not sign prove nothing. Private edits stay, as private entries.
    ///
    /// # Errors
    /// 54000 where they are too many to go at once: none goes then.
    pub async fn drop_collected(
        &self,
        network: NetworkId,
        collection: String,
        keys: Vec<Bytes>,
        heads: Vec<Head>,
    ) -> Result<u64> {
        if !self.is_returning(network)? && !is_down("absence") {
            return Ok(0);
        }
        if !is_down("absence") {
            self.begin_drop(network, "entries that a member has seen deleted", keys.len() as u64).await?;
        }
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                apply.origin = Some(ChangeOrigin::of_network(&network));
                let signed = heads.iter().filter(|head| is_signed(&network, head));
                let seen: BTreeMap<PeerId, u64> = signed.map(|head| (head.origin.clone(), head.seq)).collect();
                let mut dropped = 0;
                for key in &keys {
                    dropped += u64::from(apply.drop_public(&network, &collection, key, &seen)?);
                }
                tracing::warn!(
                    network = network.name,
                    dropped,
                    "entries went that a member has seen deleted while this directory was away"
                );
                Ok(dropped)
            })
            .await
    }

    /// Removes tombstones whose deltas are all covered by `stable`: numbers by origin that every member has acknowledged.
    ///
    /// # Errors
    /// 54000 where too many of them are of what others have deleted: none goes then, so that somebody can look first.
    pub async fn collect_tombstones(&self, network: NetworkId, stable: Vec<(PeerId, u64)>) -> Result<u64> {
        let stable: BTreeMap<PeerId, u64> = stable.into_iter().collect();
        let view = self.public_view(network)?;
        let covered = stable.clone();
        let database = self.clone();
        let find = move || {
            let found = view.collectable(&covered)?;
            let of_others = database.buried_by_others(network, &found)?;
            Ok::<_, Error>((found, of_others))
        };
        let (found, of_others) = tokio::task::spawn_blocking(find)
            .await
            .map_err(|error| Error::internal(format!("looking for tombstones stopped: {error}")))??;
        if found.is_empty() {
            return Ok(0);
        }
        self.begin_drop(network, "tombstones of what others have deleted", of_others).await?;
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                let mut removed = 0;
                for (collection, key) in &found {
                    removed += u64::from(apply.collect_tombstone(&network, collection, key, &stable)?);
                }
                apply.note_collected(&network, &stable)?;
                Ok(removed)
            })
            .await
    }
}

impl CommitEncoder<'_> {
    /// Whether a state that a member offers is of a life that ended here, with its tombstone gone: an entry that lives, of which
    /// nothing is here, and all of whose deltas lie below what was removed.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn was_collected(
        &self,
        network: &Network,
        (shared_name, key): (&str, &[u8]),
        state: &State,
        collected: &BTreeMap<PeerId, u64>,
    ) -> Result<bool> {
        let Some(attachment) = network.attachment_named(shared_name) else { return Ok(false) };
        let is_below = state.is_alive() && !state.clock.is_empty() && covers(collected, &state.clock);
        Ok(is_below && self.current(attachment.collection, key)?.is_none())
    }

    /// Forgets the public state of an entry whose deltas are all covered by `seen`.
    ///
    /// # Errors
    /// As [`CommitEncoder::entry_states`] and [`CommitEncoder::put_states`].
    pub fn drop_public(
        &mut self,
        network: &Network,
        shared_name: &str,
        key: &[u8],
        seen: &BTreeMap<PeerId, u64>,
    ) -> Result<bool> {
        let Some(attachment) = network.attachment_named(shared_name) else { return Ok(false) };
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            return Ok(false);
        };
        let old = self.entry_states(&collection, key)?;
        if old.publicity == Publicity::Private || !covers(seen, &old.public.clock) {
            return Ok(false);
        }
        if old.publicity.has_copy() && old.visible.is_alive() {
            // What was written here alone is not the network's to take.
            let empty = State::empty(self.shared.peer_id());
            self.put_states(&collection, key, &old, (&old.visible, &empty), old.stage)?;
            return Ok(true);
        }
        self.remove_states(&collection, key, &old)?;
        Ok(true)
    }

    fn collect_tombstone(
        &mut self,
        network: &Network,
        shared_name: &str,
        key: &[u8],
        stable: &BTreeMap<PeerId, u64>,
    ) -> Result<bool> {
        let Some(attachment) = network.attachment_named(shared_name) else { return Ok(false) };
        let Some(bytes) = self.current(attachment.collection, key)? else { return Ok(false) };
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            return Ok(false);
        };
        let record = RecordView::parse(&bytes)?;
        match record.publicity() {
            Publicity::Private => Ok(false),
            Publicity::Posted if record.is_alive() || !covers(stable, &record.clock()?) => Ok(false),
            Publicity::Posted => {
                let old = self.entry_states(&collection, key)?;
                self.remove_states(&collection, key, &old)?;
                Ok(true)
            }
            // A later life that was not posted lies over the tombstone: it stays, as a private entry.
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => {
                let old = self.entry_states(&collection, key)?;
                if old.public.is_alive() || !covers(stable, &old.public.clock) {
                    return Ok(false);
                }
                let empty = State::empty(self.shared.peer_id());
                self.put_states(&collection, key, &old, (&old.visible, &empty), old.stage)?;
                Ok(true)
            }
        }
    }
}
