//! How far this node has come, origin by origin, and what of that a peer has not been told yet.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{Head, PeerId};
use crate::sync::protocol::message::{HeadsDigest, head_digest, xor};

/// Moves of heads that are remembered with their time, to say how old what a peer lacks is.
const MOVES_MAX: usize = 1024;

/// The applied heads of this node. They only go up.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Heads {
    heads: BTreeMap<PeerId, Head>,
    digest: HeadsDigest,
    /// Goes up with every move; a session remembers up to which move its peer has been told.
    latest_move: u64,
    origin_by_move: BTreeMap<u64, PeerId>,
    move_by_origin: BTreeMap<PeerId, u64>,
    recent: VecDeque<Move>,
}

#[derive(Debug)]
struct Move {
    at_ms: u64,
    origin: PeerId,
    seq: u64,
}

impl Heads {
    pub fn new(heads: Vec<Head>, now_ms: u64) -> Self {
        let mut all = Heads::default();
        for head in heads {
            all.advance(head, now_ms);
        }
        all
    }

    /// Takes a head that is further than the present one, or tells another story of the same length that goes before it; the
    /// number that the origin had before, if so.
    pub fn advance(&mut self, head: Head, now_ms: u64) -> Option<u64> {
        let old = self.heads.get(&head.origin);
        let old_seq = old.map_or(0, |old| old.seq);
        let lost_fork = old.is_some_and(|old| old.seq == head.seq && old.hash < head.hash);
        if head.seq <= old_seq && !lost_fork {
            return None;
        }
        let old_digest = old.map_or([0; 16], head_digest);
        self.digest = xor(xor(self.digest, old_digest), head_digest(&head));
        self.latest_move += 1;
        if let Some(number) = self.move_by_origin.insert(head.origin.clone(), self.latest_move) {
            self.origin_by_move.remove(&number);
        }
        self.origin_by_move.insert(self.latest_move, head.origin.clone());
        if self.recent.len() == MOVES_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Move { at_ms: now_ms, origin: head.origin.clone(), seq: head.seq });
        invariant!(head.seq >= old_seq, "heads never go back");
        self.heads.insert(head.origin.clone(), head);
        invariant!(self.origin_by_move.len() == self.heads.len(), "each head has one last move");
        Some(old_seq)
    }

    pub fn get(&self, origin: &PeerId) -> Option<&Head> {
        self.heads.get(origin)
    }

    /// The number of the last applied delta of an origin; 0 for none.
    pub fn seq(&self, origin: &PeerId) -> u64 {
        self.heads.get(origin).map_or(0, |head| head.seq)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Head> {
        self.heads.values()
    }

    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub fn digest(&self) -> HeadsDigest {
        self.digest
    }

    pub fn latest_move(&self) -> u64 {
        self.latest_move
    }

    /// Heads that moved after a move, oldest first, each with the number of its last move.
    pub fn moved_since(&self, told: u64) -> impl Iterator<Item = (u64, &Head)> {
        self.origin_by_move
            .range(told.saturating_add(1)..)
            .filter_map(|(number, origin)| Some((*number, self.heads.get(origin)?)))
    }

    /// Deltas here that somebody with these numbers lacks, and the age of the oldest of them.
    pub fn behind(&self, known: &BTreeMap<PeerId, u64>, now_ms: u64) -> (u64, u64) {
        let known_seq = |origin: &PeerId| known.get(origin).copied().unwrap_or(0);
        let lacking = |head: &Head| head.seq.saturating_sub(known_seq(&head.origin));
        let deltas = self.heads.values().map(lacking).fold(0, u64::saturating_add);
        let oldest = self.recent.iter().find(|moved| moved.seq > known_seq(&moved.origin));
        (deltas, oldest.map_or(0, |moved| now_ms.saturating_sub(moved.at_ms)))
    }

    /// Deltas that somebody with these numbers has and this node lacks.
    pub fn ahead(&self, known: &BTreeMap<PeerId, u64>) -> u64 {
        known.iter().map(|(origin, seq)| seq.saturating_sub(self.seq(origin))).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bytes;

    fn head(origin: &str, seq: u64) -> Head {
        Head { origin: PeerId::new(origin), seq, hash: [0; 32], signature: Bytes::new([0; 64]) }
    }

    #[test]
    fn heads_only_go_up_and_equal_heads_have_equal_digests() {
        let mut one = Heads::new(vec![head("a", 1), head("b", 2)], 0);
        let mut two = Heads::default();
        for each in [head("b", 1), head("b", 2), head("a", 1), head("b", 1)] {
            two.advance(each, 0);
        }
        assert_eq!(one.digest(), two.digest());
        assert_eq!(one.advance(head("a", 5), 0), Some(1));
        assert_eq!(one.advance(head("a", 4), 0), None);
        assert_ne!(one.digest(), two.digest());
    }

    #[test]
    fn a_head_that_moved_twice_is_told_once() {
        let mut heads = Heads::new(vec![head("a", 1), head("b", 1)], 0);
        let told = heads.latest_move();
        heads.advance(head("a", 2), 10);
        heads.advance(head("a", 3), 20);
        let moved: Vec<_> = heads.moved_since(told).map(|(_, head)| (head.origin.as_str(), head.seq)).collect();
        assert_eq!(moved, [("a", 3)]);
        assert_eq!(heads.moved_since(heads.latest_move()).count(), 0);
    }

    #[test]
    fn lag_counts_deltas_and_the_age_of_the_oldest() {
        let mut heads = Heads::new(vec![head("a", 5)], 0);
        heads.advance(head("a", 7), 100);
        heads.advance(head("b", 4), 300);
        let known = BTreeMap::from([(PeerId::new("a"), 5), (PeerId::new("c"), 9)]);
        assert_eq!(heads.behind(&known, 1100), (6, 1000));
        assert_eq!(heads.ahead(&known), 9);
    }
}
