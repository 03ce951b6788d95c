//! Which deltas the log can do without. Pruning loses nothing: a peer that is older than the log is reconciled instead.

use std::collections::BTreeMap;

use crate::db::records::stored_head::heads_in;
use crate::error::Result;
use crate::model::{NetworkId, NetworkOptions, PeerId};
use crate::store::{DeltaBody, KeyRange, RecordView, Snapshot, delta_place, delta_seq};

/// Deltas that one run removes, at most.
const DELTAS_PER_RUN_MAX: usize = 200_000;

/// Places of the deltas to be dropped. A posting goes as a whole, since what is left of the log may be applied anew.
pub(crate) fn prunable(
    snapshot: &Snapshot,
    network: NetworkId,
    options: &NetworkOptions,
    acknowledged: &BTreeMap<PeerId, u64>,
    now_ms: u64,
) -> Result<Vec<Vec<u8>>> {
    let oldest_ms = now_ms.saturating_sub(options.log_age_max_s.saturating_mul(1000));
    let (mut kept, mut places): (Vec<Posting>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    // Of each origin only a beginning goes, so that what is left can be read to its end.
    for posting in postings(snapshot, network)? {
        let follows_kept = kept.last().is_some_and(|last| last.origin == posting.origin);
        let is_known = acknowledged.get(&posting.origin).is_some_and(|seq| *seq >= posting.last);
        let is_old = is_known && posting.millis < oldest_ms && places.len() < DELTAS_PER_RUN_MAX;
        if is_old && !follows_kept {
            places.extend(posting.places());
        } else {
            kept.push(posting);
        }
    }
    let mut total_bytes: u64 = kept.iter().map(|posting| posting.bytes).sum();
    kept.sort_unstable_by(|a, b| (a.millis, &a.origin, a.first).cmp(&(b.millis, &b.origin, b.first)));
    for posting in kept {
        if total_bytes <= options.log_bytes_max || places.len() >= DELTAS_PER_RUN_MAX {
            break;
        }
        total_bytes -= posting.bytes;
        places.extend(posting.places());
    }
    Ok(places)
}

/// Deltas of one origin that were posted together, or what a gap in the log has left of them.
struct Posting {
    origin: PeerId,
    first: u64,
    last: u64,
    /// The greatest time of a write up to here, so that times go up with numbers.
    millis: u64,
    bytes: u64,
}

impl Posting {
    fn places(&self) -> impl Iterator<Item = Vec<u8>> {
        (self.first..=self.last).map(|seq| delta_place(&self.origin, seq))
    }
}

/// What the log holds of postings that have been applied, in order of origin and number. What waits for the end of its
/// posting is nowhere else.
fn postings(snapshot: &Snapshot, network: NetworkId) -> Result<Vec<Posting>> {
    let applied: BTreeMap<PeerId, u64> =
        heads_in(snapshot, network)?.into_iter().map(|head| (head.origin, head.seq)).collect();
    let mut found: Vec<Posting> = Vec::new();
    let mut has_ended = true;
    let mut log = snapshot.scan(&KeyRange::deltas(network).uncached());
    while let Some((place, entry)) = log.next()? {
        let (Some(origin), Some(seq)) = (origin_of(place), delta_seq(place)) else { continue };
        if applied.get(&origin).is_none_or(|applied| seq > *applied) {
            continue;
        }
        let before = found.last().filter(|last| last.origin == origin);
        let millis = before.map_or(0, |last| last.millis);
        if has_ended || before.is_none_or(|last| last.last + 1 != seq) {
            found.push(Posting { origin, first: seq, last: seq, millis, bytes: 0 });
        }
        let (ends, written_ms) = end_and_time(entry);
        if let Some(posting) = found.last_mut() {
            posting.last = seq;
            posting.millis = posting.millis.max(written_ms);
            posting.bytes += (place.len() + entry.len()) as u64;
        }
        has_ended = ends;
    }
    Ok(found)
}

/// Whether a delta ends its posting, and the milliseconds since 1970 of the last write in it: 0 where that cannot be read.
fn end_and_time(entry: &[u8]) -> (bool, u64) {
    let Ok((end, body)) = crate::db::records::log_entry::decode_log_entry(entry) else { return (true, 0) };
    let written_ms = DeltaBody::parse(body)
        .and_then(|body| RecordView::parse(body.state).map(|record| record.timestamp().millis()))
        .unwrap_or(0);
    (end.is_some(), written_ms)
}

fn origin_of(place: &[u8]) -> Option<PeerId> {
    let origin = place.get(..place.len().checked_sub(9)?)?;
    std::str::from_utf8(origin).ok().map(PeerId::new)
}
