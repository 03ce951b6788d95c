//! The sweep of postings that nothing needs, while it is under way; and which long ones are known to be kept as a whole.

use std::collections::{BTreeSet, HashSet};

use crate::model::NetworkId;

/// Postings that are remembered to be kept as a whole.
const WHOLE_MAX: usize = 64;

/// A sweep under way, and when the last one began.
#[derive(Default)]
pub(crate) struct Sweeping {
    /// Postings all of whose leaves are in the store: some megabytes each, which need not be read to know that.
    whole: BTreeSet<(NetworkId, Vec<u8>)>,
    /// Postings that were put since it began; `None` while none is under way.
    put: Option<HashSet<(NetworkId, Vec<u8>)>>,
    last_ms: u64,
}

impl Sweeping {
    /// Begins one at `now_ms`; false where one is under way, or began less than `pause_ms` ago.
    pub fn begin(&mut self, now_ms: u64, pause_ms: u64) -> bool {
        let is_early = self.last_ms > 0 && now_ms < self.last_ms.saturating_add(pause_ms);
        if is_early || self.put.is_some() {
            return false;
        }
        self.last_ms = now_ms;
        self.put = Some(HashSet::new());
        true
    }

    /// The sweep is over.
    pub fn end(&mut self) {
        self.put = None;
    }

    /// Notes that a posting is needed, whatever a sweep under way has seen.
    pub fn note_put(&mut self, network: NetworkId, place: &[u8]) {
        if let Some(put) = &mut self.put {
            put.insert((network, place.to_vec()));
        }
    }

    /// Notes that all of a posting is in the store.
    pub fn note_whole(&mut self, network: NetworkId, place: Vec<u8>) {
        if self.whole.len() >= WHOLE_MAX {
            self.whole.pop_first();
        }
        self.whole.insert((network, place));
    }

    pub fn is_whole(&self, network: NetworkId, place: &[u8]) -> bool {
        !self.whole.is_empty() && self.whole.contains(&(network, place.to_vec()))
    }

    /// A posting goes.
    pub fn forget_whole(&mut self, network: NetworkId, place: &[u8]) {
        self.whole.remove(&(network, place.to_vec()));
    }

    /// Whether a posting stays: it was put since the sweep began, or none is under way.
    pub fn is_needed(&self, network: NetworkId, place: &[u8]) -> bool {
        self.put.as_ref().is_none_or(|put| put.contains(&(network, place.to_vec())))
    }
}
