//! Taking a collection out of its network, and giving one that is attached late what came before.
//!
//! Detaching walks over the entries in steps of the committer: public states are forgotten, tombstones go, marks of the
//! stage are kept. Until the last step nothing goes out or comes in. Attaching applies what the log holds; until its last step
//! no peer is told of the collection. A stop in between is taken up again at the next start.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::records::set_aside::SET_ASIDE;
use crate::db::records::stored_head::heads_in;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::receive::Touched;
use crate::db::replica::receiving::shapes::ShapeClaim;
use crate::db::replica::receiving::verify_run::ReadDelta;
use crate::db::replica::rights::rights_follow::follow_rights;
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_change::{EntryChange, ProofsChange, PublicChange, WrittenFields};
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::error::Result;
use crate::model::{Collection, CollectionId, FieldKey, Network, NetworkId, PeerId};
use crate::store::{
    Key, KeyRange, Publicity, RecordField, RecordHeader, RecordView, Snapshot, delta_seq, encode_sorted_record,
};

/// Entries of one step.
const ENTRIES_PER_STEP: usize = 2_000;
/// Deltas of one step of replaying the log.
const DELTAS_PER_STEP: usize = 10_000;

impl CommitEncoder<'_> {
    /// Makes the next entries behind `after` private; where to go on, or the end.
    fn detach_step(&mut self, id: CollectionId, after: &Bound<Vec<u8>>) -> Result<ControlFlow<(), Vec<u8>>> {
        let Some(collection) = self.current_catalog().collection_by_id(id).cloned() else {
            return Ok(ControlFlow::Break(()));
        };
        let snapshot = Arc::clone(&self.group.snapshot);
        let mut records = snapshot.scan(&KeyRange::entries(id).from(after.as_ref().map(Vec::as_slice)));
        let mut last = None;
        let mut seen = 0;
        while seen < ENTRIES_PER_STEP
            && let Some((key, _)) = records.next()?
        {
            seen += 1;
            last = Some(key.to_vec());
            let Some(bytes) = self.current(id, key)? else { continue };
            let before = RecordView::parse(&bytes)?;
            if before.publicity() == Publicity::Private && collection.dropped.is_empty() {
                continue;
            }
            // What only has to be taken back from the network has nobody to tell it to any more.
            let record = before.is_alive().then(|| {
                let header = RecordHeader { publicity: Publicity::Private, ..before.header()? };
                let stays = |field: &Result<(FieldKey<'_>, RecordField)>| match field {
                    Ok((key, _)) => collection.present_key(*key).is_some_and(|key| !collection.is_dropped(key)),
                    Err(_) => true,
                };
                let fields = before.fields().filter(stays).collect::<Result<Vec<_>>>()?;
                encode_sorted_record(&header, &before.clock()?, &fields)
            });
            self.put(EntryChange {
                collection: &collection,
                key,
                before: Some(before),
                record: record.transpose()?,
                is_visible: false,
                written: WrittenFields::Changes(&BTreeMap::new()),
                public: PublicChange::Forgotten,
                proofs: ProofsChange::Stay,
                is_own: false,
            })?;
        }
        Ok(match last {
            Some(key) if seen == ENTRIES_PER_STEP => ControlFlow::Continue(key),
            _ => ControlFlow::Break(()),
        })
    }

    /// The last step: the attachment goes, and the network with it where it is being left.
    fn end_detach(&mut self, id: NetworkId, collection: Option<CollectionId>) -> Result<()> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
        let mut changed = (*network).clone();
        let detached = network.attachments.iter().find(|attachment| Some(attachment.collection) == collection);
        if let Some(detached) = detached {
            self.forget_placement(id, &detached.shared_name)?;
            self.forget_set_aside(id, &detached.shared_name)?;
        }
        changed.attachments.retain(|attachment| Some(attachment.collection) != collection);
        if let Some(collection) = collection {
            self.effects.batch.delete_range(&KeyRange::public_blobs(collection));
            self.effects.batch.delete_range(&KeyRange::public(collection));
            self.effects.batch.delete_range(&KeyRange::contributions(collection));
        }
        let is_gone = changed.leaving && changed.attachments.is_empty();
        let mut changes =
            vec![if is_gone { CatalogChange::DropNetwork(id) } else { CatalogChange::PutNetwork(Arc::new(changed)) }];
        let collection = collection.and_then(|id| self.current_catalog().collection_by_id(id));
        if let Some(collection) = collection.filter(|collection| !collection.dropped.is_empty()) {
            // Nobody is left whose values the dropped columns keep.
            changes.push(CatalogChange::Put(Arc::new(Collection { dropped: Vec::new(), ..(**collection).clone() })));
        }
        self.catalog(&changes)
    }

    /// What was set aside of a collection is looked at anew when it is attached again.
    fn forget_set_aside(&mut self, id: NetworkId, shared_name: &str) -> Result<()> {
        let snapshot = Arc::clone(&self.group.snapshot);
        let about = format!("\"{shared_name}\"");
        let mut stored = snapshot.scan(&KeyRange::sync_records(id).starting_with(SET_ASIDE.as_bytes()));
        while let Some((name, reason)) = stored.next()? {
            if String::from_utf8_lossy(reason).contains(&about) {
                self.effects.batch.delete(&Key::SyncRecord(id, &String::from_utf8_lossy(name)));
            }
        }
        Ok(())
    }

    /// Applies what the log holds of a collection from behind `after` on; where to go on, or the end.
    fn replay_step(
        &mut self,
        network: &Arc<Network>,
        shared_name: &str,
        after: &Bound<Vec<u8>>,
    ) -> Result<ControlFlow<(), Vec<u8>>> {
        self.origin = Some(ChangeOrigin::of_network(network));
        let snapshot = Arc::clone(&self.group.snapshot);
        let mut log = snapshot.scan(&KeyRange::deltas(network.id).from(after.as_ref().map(Vec::as_slice)));
        let mut touched = Touched::new();
        let (mut last, mut seen) = (None, 0);
        while seen < DELTAS_PER_STEP
            && let Some((place, entry)) = log.next()?
        {
            seen += 1;
            last = Some(place.to_vec());
            let Some((origin, seq)) = split_place(place) else { continue };
            let (_, body) = crate::db::records::log_entry::decode_log_entry(entry)?;
            let is_wanted = crate::store::DeltaBody::parse(body).is_ok_and(|body| body.collection == shared_name);
            if !is_wanted {
                continue;
            }
            let head = self.head(network, &origin)?;
            if seq <= head.seq {
                let delta = ReadDelta::new(&origin, seq, body, head.is_proven(seq));
                self.apply_delta(network, &origin, delta, &mut touched)?;
            }
        }
        self.write_touched(network, touched)?;
        Ok(match last {
            Some(place) if seen == DELTAS_PER_STEP => ControlFlow::Continue(place),
            _ => ControlFlow::Break(()),
        })
    }
}

impl CommitEncoder<'_> {
    /// The last step of attaching: peers are told. The collection is partial where the log does not reach back to the
    /// beginning of what has been applied.
    fn end_attach(&mut self, id: NetworkId, shared_name: &str) -> Result<()> {
        let Some(network) = self.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
        let mut changed = (*network).clone();
        let attaching = changed.attachments.iter_mut().filter(|found| found.attaching);
        for attachment in attaching.filter(|found| found.shared_name == shared_name) {
            attachment.attaching = false;
        }
        if changed == *network {
            return Ok(());
        }
        let snapshot = Arc::clone(&self.group.snapshot);
        // Heads that were adopted a moment ago are not in the snapshot, and have called it partial.
        let is_behind = self.partial_in_group(id).is_some_and(|names| names.iter().any(|name| name == shared_name));
        let mut names = self.partial(id)?;
        names.retain(|name| name != shared_name);
        if is_behind || !is_log_whole(&snapshot, id)? {
            names.push(shared_name.to_string());
        }
        self.put_partial(id, &names)?;
        self.catalog(&[CatalogChange::PutNetwork(Arc::new(changed))])
    }
}

/// Whether the log holds every delta that has been applied. Heads that were adopted from a peer leave gaps behind an older
/// beginning.
fn is_log_whole(snapshot: &Snapshot, id: NetworkId) -> Result<bool> {
    for head in heads_in(snapshot, id)? {
        let mut log = snapshot.scan(&KeyRange::deltas_of(id, &head.origin).uncached());
        let mut next = 1;
        while next <= head.seq
            && let Some((place, _)) = log.next()?
            && delta_seq(place) == Some(next)
        {
            next += 1;
        }
        if next <= head.seq {
            return Ok(false);
        }
    }
    Ok(true)
}

fn split_place(place: &[u8]) -> Option<(PeerId, u64)> {
    let origin = place.get(..place.len().checked_sub(9)?)?;
    Some((PeerId::new(std::str::from_utf8(origin).ok()?), delta_seq(place)?))
}

impl Replica {
    /// Takes in what members claim, as far as it is the network's shape by what is known; collections of other shapes here
    /// stop, and those that fit go on.
    ///
    /// # Errors
    /// XX001 for a damaged claim, and what detaching collections and merging the log fail with, as [`Replica::apply_run`]; 53100
    /// and 58030 where the store cannot be written or read.
    pub async fn learn_shapes(&self, network: NetworkId, claims: Vec<ShapeClaim>) -> Result<()> {
        let changed = self.queue().encode(move |apply| apply.learn_shapes(network, claims)).await?;
        match changed {
            Some(network) => follow_network_change(self.queue(), &network).await,
            None => Ok(()),
        }
    }
}

/// Does what follows from committed changes of networks: detaches what is being detached, brings what was attached up to
/// the log.
pub(crate) async fn follow_network_change(queue: &CommitQueue, now: &Network) -> Result<()> {
    let _shared = queue.state();
    for attachment in &now.attachments {
        if attachment.detaching {
            detach(queue, now.id, attachment.collection).await?;
        } else if attachment.attaching {
            replay(queue, now.id, &attachment.shared_name).await?;
        }
    }
    follow_rights(queue, now).await?;
    if now.leaving && now.attachments.is_empty() {
        let id = now.id;
        queue.encode(move |apply| apply.end_detach(id, None)).await?;
    }
    Ok(())
}

async fn detach(queue: &CommitQueue, network: NetworkId, collection: CollectionId) -> Result<()> {
    let mut after = Bound::Unbounded;
    loop {
        let step = queue.encode(move |apply| apply.detach_step(collection, &after)).await?;
        match step {
            ControlFlow::Continue(key) => after = Bound::Excluded(key),
            ControlFlow::Break(()) => break,
        }
    }
    queue.encode(move |apply| apply.end_detach(network, Some(collection))).await
}

async fn replay(queue: &CommitQueue, id: NetworkId, shared_name: &str) -> Result<()> {
    let mut after = Bound::Unbounded;
    loop {
        let shared_name = shared_name.to_string();
        let step = queue.encode(move |apply| match apply.current_catalog().network_by_id(id).cloned() {
            Some(network) => apply.replay_step(&network, &shared_name, &after),
            None => Ok(ControlFlow::Break(())),
        });
        match step.await? {
            ControlFlow::Continue(place) => after = Bound::Excluded(place),
            ControlFlow::Break(()) => break,
        }
    }
    let shared_name = shared_name.to_string();
    queue.encode(move |apply| apply.end_attach(id, &shared_name)).await
}
