//! Own postings whose stamps lie in the future: a clock that stood wrong when they were made.
//!
//! Members set them aside until their own clocks have come so far, and with them all that follows under the same origin. What
//! was posted cannot be changed, since a number is never given twice. So the origin ends before the first of them: what they
//! held goes out once more under a new peer id, with stamps of the present (see `repost`).

use std::sync::Arc;

use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::stored_head::StoredHead;
use crate::db::replica::handle::Replica;
use crate::db::replica::posting::repost::note_taken_back;
use crate::db::state::state::DbState;
use crate::error::{Error, Result};
use crate::merge::{Drift, PostingEnd, check_drift};
use crate::model::{Network, NetworkId, PeerId};
use crate::store::{DeltaBody, Key, KeyRange, RecordView, delta_seq};

impl Replica {
    /// Goes on under a new peer id where the log holds own postings with stamps beyond what their networks' members take,
    /// by the clock here; those are posted anew with stamps of now. The new id, or `None` where there is nothing of that kind.
    ///
    /// # Errors
    /// As [`Replica::renew_origin`]; XX001 for a damaged head or delta of the log, F0000 for a delta of a newer format.
    pub async fn renew_early_origin(&self) -> Result<Option<PeerId>> {
        let shared = Arc::clone(self.shared());
        let found = tokio::task::spawn_blocking(move || early_heads(&shared));
        let early =
            found.await.map_err(|error| Error::internal(format!("looking at own postings stopped: {error}")))??;
        if early.is_empty() {
            return Ok(None);
        }
        self.renew_with(move |shared, old| note_taken_back(shared, old, &early)).await.map(Some)
    }
}

/// The last own head before the first early posting, by network; networks without one are left out.
fn early_heads(shared: &DbState) -> Result<Vec<(NetworkId, StoredHead)>> {
    let me = shared.peer_id();
    let mut heads = Vec::new();
    for network in shared.catalog().networks() {
        if let Some(head) = head_before_early(shared, network, &me)? {
            heads.push((network.id, head));
        }
    }
    Ok(heads)
}

fn head_before_early(shared: &DbState, network: &Network, me: &PeerId) -> Result<Option<StoredHead>> {
    let snapshot = shared.store.snapshot();
    let Some(stored) = snapshot.get(&Key::Head(network.id, me.as_str()))? else { return Ok(None) };
    let last = StoredHead::from_bytes(&stored)?;
    let (wall, drift) = (shared.clock.millis(), network.options.max_clock_drift_ms);
    let mut log = snapshot.scan(&KeyRange::deltas_of(network.id, me));
    let mut before = None;
    while let Some((place, entry)) = log.next()? {
        let Some(seq) = delta_seq(place).filter(|seq| *seq <= last.seq) else { break };
        if seq == 1 {
            before = Some(StoredHead::start(&network.name, me));
        }
        let (end, body) = decode_log_entry(entry)?;
        let timestamp = RecordView::parse(DeltaBody::parse(body)?.state)?.timestamp();
        if check_drift(timestamp, wall, drift) != Drift::Within {
            // What the log has dropped before is the same for all: without an end to go back to nothing can be taken back.
            return Ok(before);
        }
        if let Some(end) = end {
            let PostingEnd { hash, signature, legacy_end } = end;
            let signature = signature.to_vec();
            before = Some(StoredHead { seq, hash, signature, received: seq, received_hash: hash, legacy_end });
        }
    }
    Ok(None)
}
