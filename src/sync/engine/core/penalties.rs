//! Protection: how much a peer may send, and what becomes of one that sends what it must not.

use std::collections::BTreeMap;

use crate::model::PeerId;
use crate::sync::engine::limits::{BAN_HALF_LIFE_MS, BAN_MS_MAX, BAN_MS_MIN, BAN_POINTS, BANS_MAX};

/// A token bucket: fills with `per_second` tokens, holds those of one second.
#[derive(Clone, Debug)]
pub(in crate::sync::engine) struct TokenBucket {
    per_second: u64,
    /// Thousandths of tokens.
    tokens: u64,
    filled_ms: u64,
}

impl TokenBucket {
    pub fn new(per_second: u64, now_ms: u64) -> Self {
        TokenBucket { per_second, tokens: per_second.saturating_mul(1000), filled_ms: now_ms }
    }

    /// Takes tokens; false where there are not enough, and then none are taken.
    pub fn take(&mut self, count: u64, now_ms: u64) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.filled_ms);
        self.filled_ms = self.filled_ms.max(now_ms);
        let full = self.per_second.saturating_mul(1000);
        self.tokens = self.tokens.saturating_add(elapsed_ms.saturating_mul(self.per_second)).min(full);
        match self.tokens.checked_sub(count.saturating_mul(1000)) {
            Some(rest) => {
                self.tokens = rest;
                true
            }
            None => false,
        }
    }
}

/// Points of peers that misbehaved.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Penalties {
    peers: BTreeMap<PeerId, Record>,
}

#[derive(Debug)]
struct Record {
    points: u64,
    counted_ms: u64,
    bans: u32,
    until_ms: u64,
}

impl Penalties {
    /// Adds points; until when the peer is banned, if they are enough.
    pub fn add(&mut self, peer: &PeerId, points: u64, now_ms: u64) -> Option<u64> {
        if self.peers.len() >= BANS_MAX && !self.peers.contains_key(peer) {
            self.forget_one(now_ms);
        }
        let record =
            self.peers.entry(peer.clone()).or_insert(Record { points: 0, counted_ms: now_ms, bans: 0, until_ms: 0 });
        record.points = record.points_at(now_ms).saturating_add(points);
        record.counted_ms = now_ms;
        if record.points < BAN_POINTS {
            return None;
        }
        let ban_ms = BAN_MS_MIN.saturating_mul(1 << record.bans.min(16)).min(BAN_MS_MAX);
        record.bans += 1;
        record.points = 0;
        record.until_ms = now_ms.saturating_add(ban_ms);
        Some(record.until_ms)
    }

    /// Until when a peer is banned, if it is.
    pub fn banned_until(&self, peer: &PeerId, now_ms: u64) -> Option<u64> {
        self.peers.get(peer).map(|record| record.until_ms).filter(|until_ms| *until_ms > now_ms)
    }

    /// Makes room by forgetting the peer with the fewest points that is not banned, else the one banned shortest.
    fn forget_one(&mut self, now_ms: u64) {
        let least = |(_, record): &(&PeerId, &Record)| (record.until_ms.max(now_ms), record.points_at(now_ms));
        if let Some(peer) = self.peers.iter().min_by_key(least).map(|(peer, _)| peer.clone()) {
            self.peers.remove(&peer);
        }
    }
}

impl Record {
    fn points_at(&self, now_ms: u64) -> u64 {
        let halvings = now_ms.saturating_sub(self.counted_ms) / BAN_HALF_LIFE_MS;
        u32::try_from(halvings).ok().and_then(|halvings| self.points.checked_shr(halvings)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_fills_with_time() {
        let mut bucket = TokenBucket::new(10, 1_000);
        assert!(bucket.take(10, 1_000));
        assert!(!bucket.take(1, 1_050));
        assert!(bucket.take(1, 1_100));
        assert!(!bucket.take(11, 60_000), "never more than one second's");
        assert!(bucket.take(10, 60_000));
        assert!(!bucket.take(1, 0), "a clock that goes back fills nothing");
    }

    #[test]
    fn points_halve_and_bans_grow() {
        let (mut strikes, peer) = (Penalties::default(), PeerId::new("p"));
        assert_eq!(strikes.add(&peer, 60, 0), None);
        assert_eq!(strikes.add(&peer, 60, 2 * BAN_HALF_LIFE_MS), None, "15 are left of 60");
        let now_ms = 2 * BAN_HALF_LIFE_MS + 1;
        assert_eq!(strikes.add(&peer, 60, now_ms), Some(now_ms + BAN_MS_MIN));
        assert_eq!(strikes.banned_until(&peer, now_ms), Some(now_ms + BAN_MS_MIN));
        assert_eq!(strikes.banned_until(&peer, now_ms + BAN_MS_MIN), None);
        assert_eq!(strikes.add(&peer, 100, now_ms), Some(now_ms + 2 * BAN_MS_MIN));
    }

    #[test]
    fn the_memory_of_strikes_is_bounded() {
        let mut strikes = Penalties::default();
        for number in 0..BANS_MAX + 10 {
            strikes.add(&PeerId::new(format!("p{number}")), 1, 0);
        }
        assert_eq!(strikes.peers.len(), BANS_MAX);
    }
}
