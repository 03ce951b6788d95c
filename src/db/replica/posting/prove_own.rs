//! Proving what was posted before there were proofs: at its first start with a store of the new format a node posts once more what
//! it wrote itself, under whichever name, with the same stamps, so that nothing changes but the proof.
//!
//! What others wrote stays unproven here until they have done the same. How far the walk has come is kept, so that a stop in
//! between is taken up again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::db::records::origin::own_ids;
use crate::db::replica::posting::post::Drafted;
use crate::db::replica::receiving::shapes::tagged_name;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_queue::{CommitQueue, Job};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::EntryStates;
use crate::error::Result;
use crate::merge::{merge, proven_state};
use crate::model::{CollectionId, Field, NetworkId, PeerId, State};
use crate::store::{Batch, Key, KeyRange, LEGACY_STORE, Publicity, RecordView};

/// Name of the record of how far the walk through a network's entries has come.
const PROVE_OWN: &str = "prove own";
/// Entries of one step.
const ENTRIES_PER_STEP: usize = 2_000;

/// Notes for each network that a store of an older format was opened.
pub(crate) async fn note_legacy(queue: &CommitQueue) -> Result<()> {
    let shared = queue.state();
    let snapshot = shared.store.snapshot();
    if snapshot.get(&LEGACY_STORE)?.is_none() {
        return Ok(());
    }
    let mut batch = Batch::new();
    for network in shared.catalog().networks() {
        batch.put(
            &Key::SyncRecord(network.id, PROVE_OWN),
            &Place { collection: CollectionId(0), after: Vec::new() }.to_bytes(),
        );
    }
    batch.delete(&LEGACY_STORE);
    queue.ask(|reply| Job::Raw { batch, reply }).await
}

/// Whether something was noted and is not done.
pub(crate) fn is_unfinished(shared: &DbState) -> Result<bool> {
    let snapshot = shared.store.snapshot();
    for network in shared.catalog().networks() {
        if snapshot.get(&Key::SyncRecord(network.id, PROVE_OWN))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Posts once more whatever was noted and is not done.
pub(crate) async fn finish(queue: &CommitQueue) -> Result<()> {
    let shared = queue.state();
    let ids = Arc::new(own_ids(shared.store.directory(), &shared.peer_id())?);
    for network in shared.catalog().networks() {
        let id = network.id;
        let mut posted = 0;
        loop {
            let ids = Arc::clone(&ids);
            let Some(count) = queue.encode(move |apply| apply.prove_own_step(id, &ids)).await? else { break };
            posted += count;
        }
        if posted > 0 {
            tracing::info!(network = network.name, posted, "what was posted from here has a proof now");
        }
    }
    Ok(())
}

/// Behind which entry a walk goes on.
struct Place {
    collection: CollectionId,
    after: Vec<u8>,
}

impl Place {
    fn to_bytes(&self) -> Vec<u8> {
        [self.collection.0.to_be_bytes().as_slice(), &self.after].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Place {
        let (collection, after) =
            bytes.split_first_chunk().map_or((0, [].as_slice()), |(id, after)| (u32::from_be_bytes(*id), after));
        Place { collection: CollectionId(collection), after: after.to_vec() }
    }
}

impl CommitEncoder<'_> {
    /// The next entries of a network; how many were posted, `None` where all is done.
    fn prove_own_step(&mut self, id: NetworkId, ids: &BTreeSet<PeerId>) -> Result<Option<u64>> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(None) };
        let record = Key::SyncRecord(id, PROVE_OWN);
        let Some(place) = self.group.snapshot.get(&record)?.map(|bytes| Place::from_bytes(&bytes)) else {
            return Ok(None);
        };
        let attachments = network.attachments.iter().filter(|attachment| !attachment.detaching);
        let attachment = attachments
            .filter(|attachment| attachment.collection >= place.collection)
            .min_by_key(|attachment| attachment.collection);
        let Some(attachment) = attachment.filter(|_| network.options.posting_url.is_none()) else {
            self.effects.batch.delete(&record);
            return Ok(None);
        };
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            self.effects.batch.delete(&record);
            return Ok(None);
        };
        let is_begun = attachment.collection == place.collection && !place.after.is_empty();
        let from = if is_begun { Bound::Excluded(place.after.as_slice()) } else { Bound::Unbounded };
        let (me, snapshot) = (self.shared.peer_id(), Arc::clone(&self.group.snapshot));
        let head = self.head(&network, &me)?;
        let (mut drafted, mut seen, mut last) = (Vec::new(), 0, None);
        let mut records = snapshot.scan(&KeyRange::entries(collection.id).from(from).uncached());
        while seen < ENTRIES_PER_STEP
            && let Some((key, _)) = records.next()?
        {
            seen += 1;
            last = Some(key.to_vec());
            let Some(bytes) = self.current(collection.id, key)? else { continue };
            if RecordView::parse(&bytes)?.publicity() == Publicity::Private {
                continue;
            }
            let states = self.entry_states(&collection, key)?;
            let Some(mut news) = own_unproven(&states, ids) else { continue };
            let seq = head.seq + drafted.len() as u64 + 1;
            news.clock.set(me.clone(), seq);
            let begins = is_own_life(&states, ids);
            let visible = merge(&states.visible, &news);
            let shared_name = &attachment.shared_name;
            let joined = self.joined(&network, shared_name, &states, (&news, begins, seq))?;
            let Some(known) = joined else { continue };
            drafted.push(Drafted::new(&tagged_name(shared_name, &collection), key, &news, begins)?);
            self.put_known(&collection, key, &states, (&visible, &known), states.stage)?;
        }
        let place = match last.filter(|_| seen == ENTRIES_PER_STEP) {
            Some(after) => Place { collection: collection.id, after },
            None => Place { collection: CollectionId(collection.id.0.saturating_add(1)), after: Vec::new() },
        };
        self.effects.batch.put(&Key::SyncRecord(id, PROVE_OWN), &place.to_bytes());
        if !drafted.is_empty() {
            self.log_posting(&network, head, &drafted)?;
        }
        Ok(Some(drafted.len() as u64))
    }
}

/// Whether a node with these names wrote the first of what an entry holds, so that it will have begun its life.
pub(crate) fn is_own_life(states: &EntryStates, ids: &BTreeSet<PeerId>) -> bool {
    let stamps = states.public.fields.values().map(|field| (field.stamp.hlc, &field.stamp.peer_id));
    states.public.is_alive() && stamps.min().is_some_and(|(_, peer)| ids.contains(peer))
}

/// What a node with these names wrote of an entry and nothing proves.
fn own_unproven(states: &EntryStates, ids: &BTreeSet<PeerId>) -> Option<State> {
    let public = &states.public;
    let proven = proven_state(&states.contributions, public);
    let is_own = |name: &String, field: &Field| {
        ids.contains(&field.stamp.peer_id) && proven.fields.get(name).is_none_or(|known| known.stamp != field.stamp)
    };
    let own = public.fields.iter().filter(|(name, field)| is_own(name, field));
    let fields: BTreeMap<String, Field> = own.map(|(name, field)| (name.clone(), field.clone())).collect();
    let is_last_own = ids.contains(&public.peer_id);
    let is_last_proven = (proven.timestamp, &proven.peer_id) == (public.timestamp, &public.peer_id);
    if fields.is_empty() && (!is_last_own || is_last_proven) {
        return None;
    }
    let latest = fields.values().map(|field| (field.stamp.hlc, &field.stamp.peer_id)).max();
    let last = if is_last_own { Some((public.timestamp, &public.peer_id)) } else { latest };
    let (timestamp, peer_id) = last.map(|(time, peer)| (time, peer.clone()))?;
    Some(State { causal_length: public.causal_length, fields, clock: Default::default(), timestamp, peer_id })
}
