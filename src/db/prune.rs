//! Which deltas the log can do without. Pruning loses nothing: a peer that is older than the log is reconciled instead.

use std::collections::BTreeMap;

use crate::db::public_view::heads_in;
use crate::error::Result;
use crate::model::{NetworkId, NetworkOptions, PeerId};
use crate::store::{DeltaBody, KeyRange, RecordView, Snapshot, delta_seq};

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
    let mut total_bytes = 0_u64;
    let mut by_age: Vec<Posting> = Vec::new();
    let mut places = Vec::new();
    // What waits for the end of its posting is nowhere else.
    let applied: BTreeMap<PeerId, u64> =
        heads_in(snapshot, network)?.into_iter().map(|head| (head.origin, head.seq)).collect();
    // Of each origin only a beginning goes, so that what is left can be read to its end.
    let mut current = Origin::default();
    let mut log = snapshot.scan(&KeyRange::deltas(network).uncached());
    while let Some((place, entry)) = log.next()? {
        let origin = origin_of(place);
        let applied_seq = origin.as_ref().and_then(|origin| applied.get(origin)).copied();
        if delta_seq(place) > applied_seq {
            continue;
        }
        if origin != current.peer {
            current = Origin { peer: origin, ..Origin::default() };
        }
        let (ends, written_ms) = end_and_time(entry);
        let posting = &mut current.posting;
        posting.millis = written_ms.max(posting.millis);
        posting.bytes += (place.len() + entry.len()) as u64;
        posting.places.push(place.to_vec());
        if !ends {
            continue;
        }
        let posting = std::mem::replace(posting, Posting { millis: posting.millis, ..Posting::default() });
        let known = current.peer.as_ref().and_then(|origin| acknowledged.get(origin)).copied();
        let is_old = known >= delta_seq(place) && posting.millis < oldest_ms && places.len() < DELTAS_PER_RUN_MAX;
        if is_old && !current.is_kept {
            places.extend(posting.places);
            continue;
        }
        current.is_kept = true;
        total_bytes += posting.bytes;
        by_age.push(posting);
    }
    if total_bytes > options.log_bytes_max {
        by_age.sort_unstable_by(|a, b| (a.millis, a.places.first()).cmp(&(b.millis, b.places.first())));
        for posting in by_age {
            if total_bytes <= options.log_bytes_max || places.len() >= DELTAS_PER_RUN_MAX {
                break;
            }
            total_bytes -= posting.bytes;
            places.extend(posting.places);
        }
    }
    Ok(places)
}

/// The origin whose deltas are being looked at.
#[derive(Default)]
struct Origin {
    peer: Option<PeerId>,
    /// Its deltas since the last end of a posting.
    posting: Posting,
    /// A delta of it stays, and so all behind that.
    is_kept: bool,
}

/// Deltas that were posted together.
#[derive(Default)]
struct Posting {
    /// The greatest time of a write up to here, so that times go up with numbers.
    millis: u64,
    bytes: u64,
    places: Vec<Vec<u8>>,
}

/// Whether a delta ends its posting, and the milliseconds since 1970 of the last write in it: 0 where that cannot be read.
fn end_and_time(entry: &[u8]) -> (bool, u64) {
    let Ok((end, body)) = crate::db::post::decode_log_entry(entry) else { return (true, 0) };
    let written_ms = DeltaBody::parse(body)
        .and_then(|body| RecordView::parse(body.state).map(|record| record.timestamp().millis()))
        .unwrap_or(0);
    (end.is_some(), written_ms)
}

fn origin_of(place: &[u8]) -> Option<PeerId> {
    let origin = place.get(..place.len().checked_sub(9)?)?;
    std::str::from_utf8(origin).ok().map(PeerId::new)
}
