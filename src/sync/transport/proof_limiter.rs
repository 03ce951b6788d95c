//! Who may knock: counts what peers that have proved nothing cost, and keeps those out that go on. Pure.
//!
//! A peer that opens streams and proves no network's key is answered by resets; after [`FAILURES_MAX`] of them it is
//! disconnected and refused for a minute, twice as long each further time, up to an hour; an hour of quiet forgets one of
//! them. Peers that are members of some network here are never kept out this way, since a network that only one side has
//! left makes honest failures.

use std::collections::HashMap;

use crate::model::PeerId;

/// Streams without a proof that are borne before a peer is kept out; forgotten one every [`FAILURE_FORGOTTEN_MS`].
const FAILURES_MAX: u32 = 8;
const FAILURE_FORGOTTEN_MS: u64 = 10_000;
/// Proofs under way with one peer, at most.
const UNDER_WAY_PER_PEER_MAX: u32 = 16;
/// Proofs under way with all peers, at most: as many as all strangers that have a place (64, see `visitors`) can have, so
/// that they leave room for one more.
const UNDER_WAY_MAX: u32 = 72 * UNDER_WAY_PER_PEER_MAX;
/// How long a peer is kept out the first time, in milliseconds.
const BAN_MS: u64 = 60_000;
const BAN_MS_MAX: u64 = 3_600_000;
/// Peers that are remembered, at most.
const PEERS_MAX: usize = 8192;

/// The memory of the door.
#[derive(Default)]
pub struct ProofLimiter {
    visitors: HashMap<PeerId, Visitor>,
    under_way: u32,
}

#[derive(Clone, Copy, Default)]
struct Visitor {
    under_way: u32,
    failures: Fading,
    bans: Fading,
    banned_until_ms: u64,
}

/// A count that goes down by one in each of some intervals.
#[derive(Clone, Copy, Default)]
struct Fading {
    count: u32,
    since_ms: u64,
}

impl ProofLimiter {
    /// Whether a peer may begin a proof now; a member always may. Each `true` is followed by one
    /// [`ended`](ProofLimiter::ended).
    pub fn admits(&mut self, peer: &PeerId, is_member: bool, now_ms: u64) -> bool {
        let has_room = self.visitors.contains_key(peer) || self.has_room(now_ms);
        if !is_member && (self.under_way >= UNDER_WAY_MAX || !has_room) {
            return false;
        }
        let visitor = self.visitors.entry(peer.clone()).or_default();
        if !is_member && (visitor.banned_until_ms > now_ms || visitor.under_way >= UNDER_WAY_PER_PEER_MAX) {
            return false;
        }
        visitor.under_way += 1;
        self.under_way += 1;
        true
    }

    /// A proof has ended. Until when (milliseconds since 1970) the peer is to be kept out, where that begins now.
    pub fn ended(&mut self, peer: &PeerId, proven: bool, is_member: bool, now_ms: u64) -> Option<u64> {
        self.under_way = self.under_way.saturating_sub(1);
        let visitor = self.visitors.get_mut(peer)?;
        visitor.under_way = visitor.under_way.saturating_sub(1);
        if proven || is_member {
            return None;
        }
        if visitor.failures.add(now_ms, FAILURE_FORGOTTEN_MS) < FAILURES_MAX || visitor.banned_until_ms > now_ms {
            return None;
        }
        let bans = visitor.bans.add(now_ms, BAN_MS_MAX);
        let ban_ms = (BAN_MS << bans.saturating_sub(1).min(8)).min(BAN_MS_MAX);
        visitor.failures = Fading::default();
        visitor.banned_until_ms = now_ms.saturating_add(ban_ms);
        Some(visitor.banned_until_ms)
    }

    #[cfg(test)]
    fn is_banned(&self, peer: &PeerId, now_ms: u64) -> bool {
        self.visitors.get(peer).is_some_and(|visitor| visitor.banned_until_ms > now_ms)
    }

    /// Makes room for one more peer by forgetting those that have nothing to be remembered for.
    fn has_room(&mut self, now_ms: u64) -> bool {
        if self.visitors.len() >= PEERS_MAX {
            self.visitors.retain(|_, visitor| {
                let failures = visitor.failures.count_at(now_ms, FAILURE_FORGOTTEN_MS);
                let bans = visitor.bans.count_at(now_ms, BAN_MS_MAX);
                visitor.under_way > 0 || failures > 0 || bans > 0
            });
        }
        if self.visitors.len() >= PEERS_MAX {
            // Keys cost nothing: whoever comes under thousands of names loses what is remembered of them, and keeps nobody out.
            let idle = self.visitors.iter().filter(|(_, visitor)| visitor.under_way == 0);
            let least = |(_, visitor): &(&PeerId, &Visitor)| (visitor.banned_until_ms, visitor.failures.count);
            if let Some(peer) = idle.min_by_key(least).map(|(peer, _)| peer.clone()) {
                self.visitors.remove(&peer);
            }
        }
        self.visitors.len() < PEERS_MAX
    }
}

impl Fading {
    fn count_at(&self, now_ms: u64, interval_ms: u64) -> u32 {
        let forgotten = now_ms.saturating_sub(self.since_ms) / interval_ms;
        self.count.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// The count with one more.
    fn add(&mut self, now_ms: u64, interval_ms: u64) -> u32 {
        let left = self.count_at(now_ms, interval_ms);
        let kept_ms = now_ms.saturating_sub(self.since_ms) % interval_ms;
        // What has passed of the present interval counts, unless the count stood at zero.
        self.since_ms = if left == 0 { now_ms } else { now_ms - kept_ms };
        self.count = left + 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn fail(door: &mut ProofLimiter, peer: &PeerId, now_ms: u64) -> Option<u64> {
        assert!(door.admits(peer, false, now_ms));
        door.ended(peer, false, false, now_ms)
    }

    #[test]
    fn repeated_failures_are_banned_for_longer_each_time() {
        let (mut door, peer) = (ProofLimiter::default(), PeerId::new("P"));
        let mut now = NOW;
        for expected in [60_000, 120_000, 240_000] {
            for _ in 1..FAILURES_MAX {
                assert_eq!(fail(&mut door, &peer, now), None);
            }
            assert_eq!(fail(&mut door, &peer, now), Some(now + expected));
            assert!(!door.admits(&peer, false, now + expected - 1) && door.is_banned(&peer, now));
            now += expected;
        }
        assert!(door.admits(&PeerId::new("Q"), false, now), "others are not concerned");
    }

    #[test]
    fn time_forgets_failures_and_bans() {
        let (mut door, peer) = (ProofLimiter::default(), PeerId::new("P"));
        let mut now = NOW;
        for _ in 0..100 {
            assert_eq!(fail(&mut door, &peer, now), None);
            now += FAILURE_FORGOTTEN_MS;
        }
        let ban = |door: &mut ProofLimiter, now| (0..FAILURES_MAX).find_map(|_| fail(door, &peer, now)).unwrap();
        assert_eq!(ban(&mut door, now), now + BAN_MS);
        now += 2 * BAN_MS_MAX;
        assert_eq!(ban(&mut door, now), now + BAN_MS, "the first one is forgotten");
    }

    #[test]
    fn members_and_proofs_are_not_held_against_a_peer() {
        let (mut door, peer) = (ProofLimiter::default(), PeerId::new("P"));
        for _ in 0..100 {
            assert!(door.admits(&peer, true, NOW));
            assert_eq!(door.ended(&peer, false, true, NOW), None);
            assert!(door.admits(&peer, false, NOW));
            assert_eq!(door.ended(&peer, true, false, NOW), None);
        }
    }

    #[test]
    fn proofs_under_way_and_peers_remembered_are_bounded() {
        let mut door = ProofLimiter::default();
        let peer = PeerId::new("P");
        for _ in 0..UNDER_WAY_PER_PEER_MAX {
            assert!(door.admits(&peer, false, NOW));
        }
        assert!(!door.admits(&peer, false, NOW));
        assert!(door.admits(&peer, true, NOW), "a member always may");
        for number in 0..2 * PEERS_MAX {
            let other = PeerId::new(format!("Q{number}"));
            if door.admits(&other, false, NOW) {
                door.ended(&other, false, false, NOW);
            }
        }
        assert_eq!(door.visitors.len(), PEERS_MAX);
        assert!(door.admits(&PeerId::new("R"), false, NOW), "whoever comes under many names keeps nobody out");
    }
}
