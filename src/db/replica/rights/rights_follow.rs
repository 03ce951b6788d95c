//! Weighing the entries of a collection anew, once rights or owners of its network have changed.
//!
//! What follows from a changed charter is done in steps of the committer, and noted when it is done, so that a stop in between is
//! taken up again by the next start.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::replica::rights::excuse::{follow_excuse, is_excuse_noted};
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::{following, is_of_one_entry};
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::error::{Error, Result};
use crate::merge::{is_settled, weigh};
use crate::model::{Network, NetworkId};
use crate::store::{Key, KeyRange, decode_with_aside};

/// Names of the records of the rights by which the entries of a collection were weighed.
const WEIGHED: &str = "weighed/";
/// Entries of one step; fewer in tests, so that few entries take several.
const ENTRIES_PER_STEP: usize = if cfg!(test) { 40 } else { 2_000 };

fn record_name(shared_name: &str) -> String {
    format!("{WEIGHED}{shared_name}")
}

/// What is noted of the rights in a collection.
fn digest_of(network: &Network, shared_name: &str) -> Result<[u8; 32]> {
    let json = serde_json::to_vec(&network.rights(shared_name)).map_err(|error| Error::internal(error.to_string()))?;
    Ok(*blake3::hash(&json).as_bytes())
}

/// Names of the collections whose entries were weighed by other rights, with what is to be noted.
fn behind(shared: &DbState, network: &Network) -> Result<Vec<(String, [u8; 32])>> {
    let snapshot = shared.store.snapshot();
    let mut found = Vec::new();
    for attachment in network.attachments.iter().filter(|attachment| !attachment.detaching) {
        let digest = digest_of(network, &attachment.shared_name)?;
        let noted = snapshot.get(&Key::SyncRecord(network.id, &record_name(&attachment.shared_name)))?;
        if noted.is_none_or(|noted| *noted != digest) {
            found.push((attachment.shared_name.clone(), digest));
        }
    }
    Ok(found)
}

/// Whether something follows from the charter that has not been done: entries have to be weighed anew, say.
pub(crate) fn is_behind(shared: &DbState, network: &Network) -> Result<bool> {
    Ok(!is_excuse_noted(shared, network)? || !behind(shared, network)?.is_empty())
}

/// Weighs the entries anew of those collections of a network whose rights have changed.
pub(crate) async fn follow_rights(queue: &CommitQueue, network: &Network) -> Result<()> {
    let shared = queue.state();
    let id = network.id;
    follow_excuse(queue, network).await?;
    for (shared_name, digest) in behind(shared, network)? {
        let mut after = Bound::Unbounded;
        loop {
            let name = shared_name.clone();
            match queue.encode(move |apply| apply.weigh_step(id, &name, &after)).await? {
                ControlFlow::Continue(key) => after = Bound::Excluded(key),
                ControlFlow::Break(()) => break,
            }
        }
        let note = move |apply: &mut CommitEncoder<'_>| {
            if apply.current_catalog().network_by_id(id).is_some() {
                apply.effects.batch.put(&Key::SyncRecord(id, &record_name(&shared_name)), &digest);
            }
            Ok(())
        };
        queue.encode(note).await?;
    }
    Ok(())
}

impl CommitEncoder<'_> {
    /// Weighs the next entries behind `after`; where to go on, or the end.
    fn weigh_step(
        &mut self,
        id: NetworkId,
        shared_name: &str,
        after: &Bound<Vec<u8>>,
    ) -> Result<ControlFlow<(), Vec<u8>>> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else {
            return Ok(ControlFlow::Break(()));
        };
        let attachment = network.attachment_named(shared_name).filter(|attachment| attachment.takes());
        let collection =
            attachment.and_then(|attachment| self.current_catalog().collection_by_id(attachment.collection).cloned());
        let Some(collection) = collection else { return Ok(ControlFlow::Break(())) };
        self.origin = Some(ChangeOrigin::of_network(&network));
        let rights = self.rights_in(&network, shared_name);
        let snapshot = Arc::clone(&self.group.snapshot);
        let range = KeyRange::contributions(collection.id).from(after.as_ref().map(Vec::as_slice)).uncached();
        let mut stored = snapshot.scan(&range);
        let (mut seen, mut last) = (0, None);
        while seen < ENTRIES_PER_STEP
            && let Some((key, bytes)) = stored.next()?
        {
            seen += 1;
            last = Some(key.to_vec());
            let (contributions, aside) = decode_with_aside(bytes)?;
            if is_settled(&rights, &contributions, &aside) {
                continue;
            }
            let old = self.entry_states(&collection, key)?;
            let mut known = old.known();
            weigh(&rights, &mut known);
            if (&known.contributions, &known.aside) == (&old.contributions, &old.aside) {
                continue;
            }
            let visible = following(&collection, &old.visible, &old.public, &known.state);
            match self.put_known(&collection, key, &old, (&visible, &known), old.stage) {
                Err(error) if is_of_one_entry(&error) => {
                    self.set_aside_entry(&network, collection.id, &(old.public.peer_id.clone(), 0), &error)?;
                }
                written => {
                    written?;
                    self.note_aside(&network, shared_name, &old.aside, &known.aside)?;
                }
            }
        }
        Ok(match last {
            Some(key) if seen == ENTRIES_PER_STEP => ControlFlow::Continue(key),
            _ => ControlFlow::Break(()),
        })
    }
}
