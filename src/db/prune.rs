//! Which deltas the log can do without. Pruning loses nothing: a peer that is older than the log is reconciled instead.

use std::collections::BTreeMap;

use crate::db::public_view::heads_in;
use crate::error::Result;
use crate::model::{NetworkId, NetworkOptions, PeerId};
use crate::store::{DeltaBody, KeyRange, RecordView, Snapshot, delta_seq};

/// Deltas that one run removes, at most.
const DELTAS_PER_RUN_MAX: usize = 200_000;

/// Places of the deltas to be dropped.
pub(crate) fn prunable(
    snapshot: &Snapshot,
    network: NetworkId,
    options: &NetworkOptions,
    acknowledged: &BTreeMap<PeerId, u64>,
    now_ms: u64,
) -> Result<Vec<Vec<u8>>> {
    let oldest_ms = now_ms.saturating_sub(options.log_age_max_s.saturating_mul(1000));
    let mut total_bytes = 0_u64;
    let mut by_age: Vec<(u64, Vec<u8>, u64)> = Vec::new();
    let mut places = Vec::new();
    // What waits for the end of its posting is nowhere else.
    let applied: BTreeMap<PeerId, u64> =
        heads_in(snapshot, network)?.into_iter().map(|head| (head.origin, head.seq)).collect();
    // Of each origin only a beginning goes, so that what is left can be read to its end.
    let mut current = Origin::default();
    let mut log = snapshot.scan(&KeyRange::deltas(network).uncached());
    while let Some((place, entry)) = log.next()? {
        let bytes = (place.len() + entry.len()) as u64;
        let origin = origin_of(place);
        let applied_seq = origin.as_ref().and_then(|origin| applied.get(origin)).copied();
        if delta_seq(place) > applied_seq {
            continue;
        }
        if origin != current.peer {
            current = Origin { peer: origin, ..Origin::default() };
        }
        let millis = written_ms(entry).max(current.millis);
        current.millis = millis;
        let known = current.peer.as_ref().and_then(|origin| acknowledged.get(origin)).copied();
        let is_old = known >= delta_seq(place) && millis < oldest_ms && places.len() < DELTAS_PER_RUN_MAX;
        if is_old && !current.is_kept {
            places.push(place.to_vec());
            continue;
        }
        current.is_kept = true;
        total_bytes += bytes;
        by_age.push((millis, place.to_vec(), bytes));
    }
    if total_bytes > options.log_bytes_max {
        by_age.sort_unstable_by(|(a_ms, a, _), (b_ms, b, _)| (a_ms, a).cmp(&(b_ms, b)));
        for (_, place, bytes) in by_age {
            if total_bytes <= options.log_bytes_max || places.len() >= DELTAS_PER_RUN_MAX {
                break;
            }
            total_bytes -= bytes;
            places.push(place);
        }
    }
    Ok(places)
}

/// The origin whose deltas are being looked at.
#[derive(Default)]
struct Origin {
    peer: Option<PeerId>,
    /// The greatest time so far, so that times go up with numbers.
    millis: u64,
    /// A delta of it stays, and so all behind that.
    is_kept: bool,
}

/// Milliseconds since 1970 of the last write in a delta; 0 where it cannot be read.
fn written_ms(entry: &[u8]) -> u64 {
    crate::db::post::decode_log_entry(entry)
        .and_then(|(_, body)| DeltaBody::parse(body))
        .and_then(|body| RecordView::parse(body.state).map(|record| record.timestamp().millis()))
        .unwrap_or(0)
}

fn origin_of(place: &[u8]) -> Option<PeerId> {
    let origin = place.get(..place.len().checked_sub(9)?)?;
    std::str::from_utf8(origin).ok().map(PeerId::new)
}
