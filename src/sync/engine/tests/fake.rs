//! A database of one collection in memory.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{
    Applied, BUCKETS, Bytes, Delta, EntryDigest, Fingerprint, Head, KeyHash, LogRead, PeerId, PublicEntry, Run, Verdict,
};
use crate::sync::engine::requests::EngineOffer;
use crate::sync::protocol::message::xor;

/// What an entry is here: the last value wins, and everybody who wrote it is counted.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct State {
    pub stamp: u64,
    /// `None` is a tombstone.
    pub value: Option<u64>,
    pub clock: BTreeMap<PeerId, u64>,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Change {
    pub key: u64,
    pub stamp: u64,
    pub value: Option<u64>,
}

/// A database of one collection.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub log: BTreeMap<PeerId, BTreeMap<u64, Delta>>,
    pub heads: BTreeMap<PeerId, Head>,
    pub staged: VecDeque<(u64, Option<u64>)>,
    pub entries: BTreeMap<u64, State>,
}

pub(super) fn hash_of(key: u64) -> KeyHash {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(&key.to_be_bytes()).as_bytes();
    [a, b, c, d, e, f, g, h]
}

pub(super) fn head(origin: &PeerId, seq: u64, hash: [u8; 32]) -> Head {
    Head { origin: origin.clone(), seq, hash, signature: Bytes::new([7; 64]) }
}

impl Fake {
    pub fn merge(&mut self, key: u64, other: State) -> bool {
        let old = self.entries.get(&key).cloned();
        let state = self.entries.entry(key).or_insert_with(|| other.clone());
        if (other.stamp, other.value) > (state.stamp, state.value) {
            (state.stamp, state.value) = (other.stamp, other.value);
        }
        for (origin, seq) in other.clock {
            let known = state.clock.entry(origin).or_default();
            *known = (*known).max(seq);
        }
        old.as_ref() != Some(state)
    }

    pub fn take(&mut self, origin: &PeerId, delta: &Delta) {
        let change: Change = postcard::from_bytes(&delta.body).unwrap();
        let clock = BTreeMap::from([(origin.clone(), delta.seq)]);
        self.merge(change.key, State { stamp: change.stamp, value: change.value, clock });
        self.log.entry(origin.clone()).or_default().insert(delta.seq, delta.clone());
        let before = self.heads.get(origin).map_or([0; 32], |head| head.hash);
        let hash = *blake3::hash(&[before.as_slice(), &delta.body].concat()).as_bytes();
        self.heads.insert(origin.clone(), head(origin, delta.seq, hash));
    }

    pub fn seq(&self, origin: &PeerId) -> u64 {
        self.heads.get(origin).map_or(0, |head| head.seq)
    }

    pub fn heads(&self) -> Vec<Head> {
        self.heads.values().cloned().collect()
    }

    pub fn post(&mut self, this: &PeerId, now_ms: u64) -> Option<Head> {
        while let Some((key, value)) = self.staged.pop_front() {
            let seq = self.seq(this) + 1;
            let stamp = now_ms * 1_000_000 + seq;
            let body = Bytes::new(postcard::to_allocvec(&Change { key, stamp, value }).unwrap());
            self.take(this, &Delta { seq, signature: Some(Bytes::new([1; 96])), body });
        }
        self.heads.get(this).cloned()
    }

    pub fn apply(&mut self, run: &Run) -> Applied {
        let have = self.seq(&run.origin);
        let mut verdict = Verdict::Applied;
        if run.deltas[0].seq > have + 1 {
            verdict = Verdict::Gap;
        } else if run.deltas.iter().any(|delta| delta.signature.as_deref() != Some(&[1; 96])) {
            verdict = Verdict::Forged { reason: "a wrong signature".to_string() };
        } else {
            for delta in run.deltas.iter().filter(|delta| delta.seq > have) {
                self.take(&run.origin, delta);
            }
        }
        let none = head(&run.origin, 0, [0; 32]);
        let head = self.heads.get(&run.origin).cloned().unwrap_or(none);
        Applied { received: head.seq, head, verdict, own: None }
    }

    pub fn read(&self, origin: &PeerId, from_seq: u64, bytes_max: usize) -> LogRead {
        if from_seq > self.seq(origin) {
            return LogRead::Deltas(Vec::new());
        }
        let log = self.log.get(origin).cloned().unwrap_or_default();
        if !log.contains_key(&from_seq) {
            let floor = log.keys().next().copied().unwrap_or(self.seq(origin) + 1);
            return LogRead::Pruned { floor };
        }
        let mut bytes = 0;
        let fits = |delta: &&Delta| {
            let has_room = bytes < bytes_max;
            bytes += delta.bytes();
            has_room
        };
        LogRead::Deltas(log.range(from_seq..).map(|(_, delta)| delta).take_while(fits).cloned().collect())
    }

    pub fn digests(&self) -> Vec<EntryDigest> {
        let of = |(key, state): (&u64, &State)| {
            let bytes = postcard::to_allocvec(&(key, state)).unwrap();
            let [a, b, ..] = hash_of(*key);
            EntryDigest {
                bucket: u16::from_be_bytes([a, b]),
                key_hash: hash_of(*key),
                digest: *blake3::hash(&bytes).as_bytes().first_chunk().unwrap(),
                key: Bytes::new(key.to_be_bytes()),
                clock: state.clock.clone().into_iter().collect(),
            }
        };
        self.entries.iter().map(of).collect()
    }

    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        let mut buckets = vec![Fingerprint::default(); BUCKETS];
        for entry in self.digests() {
            let bucket = &mut buckets[usize::from(entry.bucket)];
            *bucket = xor(*bucket, entry.digest);
        }
        buckets
    }

    pub fn entries(
        &self,
        hashes: Option<&[KeyHash]>,
        after: Option<&Bytes>,
        bytes_max: usize,
    ) -> (EngineOffer, Option<Bytes>) {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (key, state) in &self.entries {
            let key_bytes = Bytes::new(key.to_be_bytes());
            let is_behind = after.is_none_or(|after| key_bytes > *after);
            if !is_behind || hashes.is_some_and(|hashes| !hashes.contains(&hash_of(*key))) {
                continue;
            }
            if bytes >= bytes_max {
                let next = entries.last().map(|entry: &PublicEntry| entry.key.clone());
                return (EngineOffer { entries, postings: Vec::new() }, next);
            }
            let body = Bytes::new(postcard::to_allocvec(state).unwrap());
            let entry = PublicEntry { key: key_bytes, body, contributions: Bytes::new([]) };
            bytes += entry.bytes();
            entries.push(entry);
        }
        (EngineOffer { entries, postings: Vec::new() }, None)
    }

    /// What a reader sees.
    pub fn values(&self) -> BTreeMap<u64, u64> {
        self.entries.iter().filter_map(|(key, state)| Some((*key, state.value?))).collect()
    }

    pub fn tombstones(&self) -> usize {
        self.entries.values().filter(|state| state.value.is_none()).count()
    }

    /// Forgets the log up to a number.
    pub fn prune(&mut self, origin: &PeerId, up_to: u64) {
        if let Some(log) = self.log.get_mut(origin) {
            log.retain(|seq, _| *seq > up_to);
        }
    }

    /// Drops tombstones that these numbers cover; how many.
    pub fn collect(&mut self, stable: &BTreeMap<PeerId, u64>) -> u64 {
        let before = self.entries.len();
        let is_covered = |state: &State| {
            state.clock.iter().all(|(origin, seq)| stable.get(origin).is_some_and(|known| known >= seq))
        };
        self.entries.retain(|_, state| state.value.is_some() || !is_covered(state));
        (before - self.entries.len()) as u64
    }

    /// Applies the log once more, as attaching a collection does.
    pub fn replay(&mut self) {
        for (origin, log) in self.log.clone() {
            for delta in log.values() {
                let change: Change = postcard::from_bytes(&delta.body).unwrap();
                let clock = BTreeMap::from([(origin.clone(), delta.seq)]);
                self.merge(change.key, State { stamp: change.stamp, value: change.value, clock });
            }
        }
    }

    pub fn forget(&mut self, key: u64) {
        self.entries.remove(&key);
    }
}

pub(super) fn key_of(bytes: &Bytes) -> u64 {
    u64::from_be_bytes(<[u8; 8]>::try_from(&**bytes).unwrap())
}
