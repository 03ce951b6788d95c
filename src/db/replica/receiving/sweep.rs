//! Dropping postings that prove nothing any more: no entry is made of a delta of theirs, and the log has gone past them.
//!
//! What is found on a snapshot is dropped in a commit of its own. A posting that was put meanwhile, because an entry has come that
//! needs it, stays: whoever puts one while a sweep is under way notes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::records::stored_head::heads_in;
use crate::db::replica::handle::Replica;
use crate::error::{Error, Result};
use crate::merge::Posting;
use crate::model::{Network, NetworkId, PeerId};
use crate::store::{Key, KeyRange, Snapshot, decode_with_aside, delta_seq};

/// A sweep looks at every entry: not more often than this.
const SWEEP_MS_MIN: u64 = 3_600_000;
/// Bytes of a hash behind a posting's number in its place.
const STORY_BYTES: usize = 4;

impl Replica {
    /// Drops postings of a network that nothing needs, unless that was done a short while ago or is being done; how many.
    pub(crate) async fn sweep_postings(&self, id: NetworkId) -> Result<u64> {
        let shared = Arc::clone(self.shared());
        let now_ms = shared.clock.millis();
        {
            let mut sweeping = shared.sweeping.lock();
            if !sweeping.begin(now_ms, SWEEP_MS_MIN) {
                return Ok(0);
            }
        }
        let swept = self.sweep_now(id).await;
        shared.sweeping.lock().end();
        swept
    }

    async fn sweep_now(&self, id: NetworkId) -> Result<u64> {
        let catalog = self.catalog();
        let Some(network) = catalog.network_by_id(id).cloned() else { return Ok(0) };
        let snapshot = self.shared().store.snapshot();
        let found = tokio::task::spawn_blocking(move || unneeded(&snapshot, &network))
            .await
            .map_err(|error| Error::internal(format!("looking through proofs stopped: {error}")))??;
        if found.is_empty() {
            return Ok(0);
        }
        self.queue()
            .encode(move |apply| {
                let shared = Arc::clone(apply.shared);
                let mut sweeping = shared.sweeping.lock();
                let mut dropped = 0;
                for place in found {
                    if sweeping.is_needed(id, &place) {
                        continue;
                    }
                    sweeping.forget_whole(id, &place);
                    apply.effects.batch.delete(&Key::Posting(id, &place));
                    apply.effects.overlay.postings.insert((id, place), None);
                    dropped += 1;
                }
                Ok(dropped)
            })
            .await
    }
}

/// A posting that is kept.
struct Kept {
    first: u64,
    last: u64,
    place: Vec<u8>,
    is_needed: bool,
}

/// Places of the postings that no entry and no log needs; of each origin they lie in order of their last delta.
fn unneeded(snapshot: &Snapshot, network: &Network) -> Result<Vec<Vec<u8>>> {
    let mut postings: BTreeMap<PeerId, Vec<Kept>> = BTreeMap::new();
    let mut stored = snapshot.scan(&KeyRange::postings(network.id).uncached());
    while let Some((place, record)) = stored.next()? {
        let origin = place.len().checked_sub(9 + STORY_BYTES).and_then(|end| place.get(..end));
        let Some(origin) = origin.and_then(|origin| std::str::from_utf8(origin).ok()) else { continue };
        let (first, last) = Posting::range_in(record)?;
        let kept = Kept { first, last, place: place.to_vec(), is_needed: false };
        postings.entry(PeerId::new(origin)).or_default().push(kept);
    }
    let mut need = |origin: &PeerId, seq: u64| {
        let Some(of_origin) = postings.get_mut(origin) else { return };
        let from = of_origin.partition_point(|kept| kept.last < seq);
        let covering = of_origin.iter_mut().skip(from).take_while(|kept| kept.first <= seq);
        covering.for_each(|kept| kept.is_needed = true);
    };
    for attachment in &network.attachments {
        let mut stored = snapshot.scan(&KeyRange::contributions(attachment.collection).uncached());
        while let Some((_, bytes)) = stored.next()? {
            let (counted, aside) = decode_with_aside(bytes)?;
            let all = counted.iter().chain(aside.iter().map(|piece| &piece.given));
            all.for_each(|given| need(&given.origin, given.seq));
        }
    }
    for head in heads_in(snapshot, network.id)? {
        let mut log = snapshot.scan(&KeyRange::deltas_of(network.id, &head.origin).uncached());
        let Some(oldest) = log.next()?.and_then(|(place, _)| delta_seq(place)) else { continue };
        let of_origin = postings.get_mut(&head.origin).into_iter().flatten();
        of_origin.filter(|kept| kept.last >= oldest).for_each(|kept| kept.is_needed = true);
    }
    let all = postings.into_values().flatten();
    Ok(all.filter(|kept| !kept.is_needed).map(|kept| kept.place).collect())
}
