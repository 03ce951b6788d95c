//! How many requests of each peer are being answered.

use std::collections::BTreeMap;

use crate::model::PeerId;

/// Counts of what has begun and not ended, by peer.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct InService {
    counts: BTreeMap<PeerId, usize>,
}

impl InService {
    pub fn begin(&mut self, peer: &PeerId) {
        *self.counts.entry(peer.clone()).or_default() += 1;
    }

    pub fn end(&mut self, peer: &PeerId) {
        let count = self.counts.get_mut(peer);
        invariant!(count.is_some(), "nothing ends that has not begun");
        if let Some(count) = count {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(peer);
            }
        }
    }

    pub fn count(&self, peer: &PeerId) -> usize {
        self.counts.get(peer).copied().unwrap_or(0)
    }
}
