//! Who wrote when: peer ids, hybrid logical time, stamps and vector clocks.
//!
//! A [`Stamp`] orders two writes of one field; a [`VectorClock`] says whether one version of an entry has seen another.
//! Hybrid logical clocks follow Kulkarni et al., "Logical Physical Clocks", 2014.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The id of a node: the base58 form of the multihash of its public key, as libp2p prints it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(Arc<str>);

impl PeerId {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        PeerId(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hybrid logical time: 48 bits of milliseconds since 1970, then a 16-bit counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(u64);

impl Hlc {
    const COUNTER_BITS: u32 = 16;

    pub fn new(millis: u64, counter: u16) -> Self {
        Hlc((millis << Self::COUNTER_BITS) | u64::from(counter))
    }

    pub fn from_bits(bits: u64) -> Self {
        Hlc(bits)
    }

    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0 >> Self::COUNTER_BITS
    }

    /// The next local time: the wall clock if it has moved past `self`, else the next tick after `self`.
    #[must_use]
    pub fn next(self, wall_millis: u64) -> Self {
        Hlc::new(wall_millis, 0).max(Hlc(self.0.saturating_add(1)))
    }

    /// Microseconds since 1970, as `timestamptz` holds them.
    pub fn micros(self) -> i64 {
        i64::try_from(self.millis().saturating_mul(1000)).unwrap_or(i64::MAX)
    }
}

/// What orders two writes of one field: causal length, then time, then peer; equal stamps fall back to the value's hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    pub causal_length: u64,
    pub hlc: Hlc,
    pub peer_id: PeerId,
}

/// How many writes of each peer a version has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VectorClock(BTreeMap<PeerId, u64>);

impl VectorClock {
    pub fn new() -> Self {
        VectorClock::default()
    }

    pub fn get(&self, peer: &PeerId) -> u64 {
        self.0.get(peer).copied().unwrap_or(0)
    }

    pub fn set(&mut self, peer: PeerId, count: u64) {
        self.0.insert(peer, count);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PeerId, u64)> {
        self.0.iter().map(|(peer, count)| (peer, *count))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(PeerId, u64)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (PeerId, u64)>>(counts: I) -> Self {
        VectorClock(counts.into_iter().collect())
    }
}
