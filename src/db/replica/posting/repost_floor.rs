//! How far the own postings are safe from having been numbered by an older copy of this data directory.
//!
//! A copy that is put back posts under numbers that its later life gave to other deltas, and nothing tells a start that it
//! runs on a copy. What every member has acknowledged, as this directory knows it, was posted before any copy of it began a
//! life of its own. All that lies above may have to be taken back, over as many starts as it takes until a peer shows it.
//!
//! Members are remembered now and then. What they had acknowledged when a tombstone was collected is remembered with its
//! removal: what the tombstone buried must not be taken back and come again without it.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::db::catalog::catalog::Catalog;
use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::stored_head::StoredHead;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::PostingEnd;
use crate::model::{Member, Network, NetworkId, PeerId};
use crate::store::{Key, KeyRange, Snapshot, delta_place, delta_seq};

/// The heads of `me` up to which nothing is ever taken back, by network.
pub(crate) fn load_first_heads(
    snapshot: &Snapshot,
    catalog: &Catalog,
    me: &PeerId,
) -> Result<BTreeMap<NetworkId, StoredHead>> {
    let mut heads = BTreeMap::new();
    for network in catalog.networks() {
        if let Some(bytes) = snapshot.get(&Key::Head(network.id, me.as_str()))? {
            let last = StoredHead::from_bytes(&bytes)?;
            let acknowledged = acknowledged_by_all(snapshot, network, me)?;
            heads.insert(network.id, first_head(snapshot, network, me, acknowledged, last)?);
        }
    }
    Ok(heads)
}

impl CommitEncoder<'_> {
    /// Remembers which deltas all members had when tombstones were removed: what the own of them buried must not be taken
    /// back, and what is offered of the others' has been here.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged record of what was collected.
    pub fn note_collected(&mut self, network: &Network, stable: &BTreeMap<PeerId, u64>) -> Result<()> {
        for (origin, seq) in stable {
            if *seq > collected(&self.group.snapshot, network, origin)? {
                self.effects.batch.put(&Key::SyncRecord(network.id, &collected_name(origin)), &seq.to_le_bytes());
            }
        }
        Ok(())
    }
}

/// Names of the records of what was collected, by origin.
const COLLECTED: &str = "collected/";

fn collected_name(origin: &PeerId) -> String {
    format!("{COLLECTED}{origin}")
}

fn collected(snapshot: &Snapshot, network: &Network, origin: &PeerId) -> Result<u64> {
    let stored = snapshot.get(&Key::SyncRecord(network.id, &collected_name(origin)))?;
    stored.map_or(Ok(0), |bytes| collected_seq(&bytes))
}

fn collected_seq(bytes: &[u8]) -> Result<u64> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "the record of what was collected cannot be read");
    bytes.try_into().map(u64::from_le_bytes).map_err(damaged)
}

/// Numbers by origin up to which tombstones were removed here.
pub(crate) fn collected_in(snapshot: &Snapshot, network: NetworkId) -> Result<Vec<(PeerId, u64)>> {
    let mut found = Vec::new();
    let mut stored = snapshot.scan(&KeyRange::sync_records(network).starting_with(COLLECTED.as_bytes()));
    while let Some((name, seq)) = stored.next()? {
        let name = String::from_utf8_lossy(name);
        found.push((PeerId::new(name.trim_start_matches(COLLECTED)), collected_seq(seq)?));
    }
    Ok(found)
}

/// The last of the own deltas that all members had when they were last seen, or when tombstones were collected; 0 where no
/// member was ever met.
fn acknowledged_by_all(snapshot: &Snapshot, network: &Network, me: &PeerId) -> Result<u64> {
    let mut least = None;
    let mut stored = snapshot.scan(&KeyRange::sync_records(network.id).starting_with(Member::RECORDS.as_bytes()));
    while let Some((_, json)) = stored.next()? {
        let member = Member::from_record(json)?;
        if network.removed.contains(&member.peer) || member.peer == *me {
            continue;
        }
        let known = member.acknowledged.iter().find(|(origin, _)| origin == me).map_or(0, |(_, seq)| *seq);
        least = Some(least.map_or(known, |least: u64| least.min(known)));
    }
    Ok(least.unwrap_or(0).max(collected(snapshot, network, me)?))
}

/// The first end of a posting at `acknowledged` or behind it that the log still has; the start, where it has everything.
fn first_head(
    snapshot: &Snapshot,
    network: &Network,
    me: &PeerId,
    acknowledged: u64,
    last: StoredHead,
) -> Result<StoredHead> {
    if acknowledged >= last.seq {
        return Ok(last);
    }
    let from = delta_place(me, acknowledged.max(1));
    let mut log = snapshot.scan(&KeyRange::deltas_of(network.id, me).from(Bound::Included(&from)));
    while let Some((place, entry)) = log.next()? {
        let Some(seq) = delta_seq(place).filter(|seq| *seq <= last.seq) else { break };
        if acknowledged == 0 && seq == 1 {
            return Ok(StoredHead::start(&network.name, me));
        }
        let (Some(end), _) = decode_log_entry(entry)? else { continue };
        let PostingEnd { hash, signature, legacy_end } = end;
        let signature = signature.to_vec();
        return Ok(StoredHead { seq, hash, signature, received: seq, received_hash: hash, legacy_end });
    }
    Ok(last)
}
