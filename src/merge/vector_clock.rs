//! Operations of vector clocks (Fidge 1988, Mattern 1989): tick, join and causal order.
//!
//! A peer that a clock does not name counts as zero, so clocks compare by what they have seen, not by whom they list.

use crate::model::{PeerId, VectorClock};

/// How one version stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Causality {
    /// The other has seen everything of this one, and more.
    Before,
    /// This one has seen everything of the other, and more.
    After,
    /// Each has seen something that the other has not.
    Concurrent,
    Equal,
}

impl VectorClock {
    /// Counts one more write of `peer`.
    pub fn increment(&mut self, peer: &PeerId) {
        self.set(peer.clone(), self.get(peer).saturating_add(1));
    }

    /// Sees everything that `other` has seen: the pointwise maximum.
    pub fn merge(&mut self, other: &VectorClock) {
        for (peer, count) in other.iter() {
            if count > self.get(peer) {
                self.set(peer.clone(), count);
            }
        }
    }

    pub fn compare(&self, other: &VectorClock) -> Causality {
        let ahead = self.iter().any(|(peer, count)| count > other.get(peer));
        let behind = other.iter().any(|(peer, count)| count > self.get(peer));
        match (ahead, behind) {
            (false, false) => Causality::Equal,
            (false, true) => Causality::Before,
            (true, false) => Causality::After,
            (true, true) => Causality::Concurrent,
        }
    }

    /// Whether `other` has seen everything of this clock, and more.
    #[cfg(test)]
    pub fn happens_before(&self, other: &VectorClock) -> bool {
        self.compare(other) == Causality::Before
    }
}
