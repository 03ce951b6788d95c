//! Which members of a network hold which entries, where not all of them hold all.
//!
//! An entry falls into one of 65,536 buckets by the hash of its key. Of each bucket every member has a weight, and those with
//! the greatest weights hold it (rendezvous hashing, Thaler and Ravishankar, "Using name-based mappings to increase hit
//! rates", 1998): a member that comes takes buckets over from others and gives nobody new ones, and the buckets of one
//! that goes fall to the next in weight. Every member finds the same without asking anybody.
//!
//! The weights are part of the replication protocol: they never change.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::clock::PeerId;

/// Buckets of a collection: one for each start of 16 bits.
pub const BUCKETS: usize = 1 << 16;

/// The start of BLAKE3(key).
pub type KeyHash = [u8; 8];

/// The start of the hash of an encoded primary key.
pub fn hash_of_key(key: &[u8]) -> KeyHash {
    blake3::hash(key).as_bytes().first_chunk().copied().unwrap_or_default()
}

/// The bucket of a key with this hash.
pub fn bucket_of(hash: &KeyHash) -> u16 {
    u16::from_be_bytes([hash[0], hash[1]])
}

/// By the shared names of collections that not all members hold whole: the buckets that this node holds.
pub type Shares = Arc<BTreeMap<String, Buckets>>;

/// How the collections of a network were last spread over its members, as this node remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Whose share is held here, and of how many copies. It is this node's unless that has got another id.
    pub peer: Option<PeerId>,
    pub copies: u32,
    /// The members that all had their shares.
    pub members: Vec<PeerId>,
    /// Shared names of collections of which entries outside of the share may have been dropped here.
    pub collections: Vec<String>,
}

impl Placement {
    /// Whether what is held here is at least the share of `this` today.
    pub fn covers_share_of(&self, this: &PeerId, copies: Option<u32>, removed: &[PeerId]) -> bool {
        let is_smaller = copies.is_some_and(|copies| copies <= self.copies);
        let is_whole = self.collections.is_empty();
        is_whole
            || (self.peer.as_ref() == Some(this)
                && is_smaller
                && !removed.iter().any(|peer| self.members.contains(peer)))
    }
}

/// A set of buckets. Copies share their memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// A bit for each bucket; `None` for all of them.
    bits: Option<Arc<[u64]>>,
}

impl Buckets {
    pub fn all() -> Buckets {
        Buckets { bits: None }
    }

    pub fn none() -> Buckets {
        Buckets::of(|_| false)
    }

    /// Those in which `this` is among the `copies` members of greatest weight. A member that is not in the list counts as if
    /// it were.
    pub fn held_by<'a>(this: &PeerId, members: impl Iterator<Item = &'a PeerId>, copies: u32) -> Buckets {
        let others: Vec<u64> = members.filter(|member| *member != this).map(name_hash).collect();
        let copies = usize::try_from(copies).unwrap_or(usize::MAX);
        if others.len() < copies {
            return Buckets::all();
        }
        let own = name_hash(this);
        let is_held = |bucket: u64| {
            let weight = weight_of(own, bucket);
            // Two of the same weight have the same name.
            others.iter().filter(|other| weight_of(**other, bucket) > weight).nth(copies.saturating_sub(1)).is_none()
        };
        Buckets::of(is_held)
    }

    /// Exactly these.
    pub fn listed(buckets: &[u16]) -> Buckets {
        let mut words = vec![0_u64; BUCKETS / 64];
        for bucket in buckets {
            if let Some(word) = words.get_mut(usize::from(*bucket) / 64) {
                *word |= 1 << (bucket % 64);
            }
        }
        Buckets { bits: Some(words.into()) }
    }

    fn of(is_in: impl Fn(u64) -> bool) -> Buckets {
        let words = (0..BUCKETS as u64)
            .step_by(64)
            .map(|first| (0..64).filter(|bit| is_in(first + bit)).fold(0_u64, |word, bit| word | 1 << bit));
        Buckets { bits: Some(words.collect()) }
    }

    pub fn contains(&self, bucket: u16) -> bool {
        match &self.bits {
            None => true,
            Some(bits) => bits.get(usize::from(bucket) / 64).is_some_and(|word| word & (1 << (bucket % 64)) != 0),
        }
    }

    /// Whether the entry with this encoded key falls into one of them.
    pub fn hold(&self, key: &[u8]) -> bool {
        self.bits.is_none() || self.contains(bucket_of(&hash_of_key(key)))
    }

    pub fn are_all(&self) -> bool {
        self.bits.is_none()
    }

    /// Whether all of `other` are in these.
    pub fn cover(&self, other: &Buckets) -> bool {
        match (&self.bits, &other.bits) {
            (None, _) => true,
            (Some(bits), None) => bits.iter().all(|word| *word == u64::MAX),
            (Some(bits), Some(others)) => bits.iter().zip(others.iter()).all(|(word, other)| other & !word == 0),
        }
    }

    pub fn and(&self, other: &Buckets) -> Buckets {
        self.combine(other, |one, two| one & two)
    }

    pub fn or(&self, other: &Buckets) -> Buckets {
        self.combine(other, |one, two| one | two)
    }

    /// Those that are not among `other`.
    pub fn without(&self, other: &Buckets) -> Buckets {
        self.combine(other, |one, two| one & !two)
    }

    pub fn are_none(&self) -> bool {
        self.bits.as_ref().is_some_and(|bits| bits.iter().all(|word| *word == 0))
    }

    fn combine(&self, other: &Buckets, combine: impl Fn(u64, u64) -> u64) -> Buckets {
        let word = |buckets: &Buckets, at: usize| {
            buckets.bits.as_ref().map_or(u64::MAX, |bits| bits.get(at).copied().unwrap_or_default())
        };
        let words = (0..BUCKETS / 64).map(|at| combine(word(self, at), word(other, at)));
        let words: Arc<[u64]> = words.collect();
        Buckets { bits: Some(words).filter(|words| words.iter().any(|word| *word != u64::MAX)) }
    }
}

impl Serialize for Buckets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bits.as_deref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Buckets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Buckets, D::Error> {
        let bits = Option::<Words>::deserialize(deserializer)?;
        Ok(Buckets { bits: bits.map(|Words(bits)| bits) })
    }
}

/// A bit for each bucket.
struct Words(Arc<[u64]>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        deserializer.deserialize_seq(WordsVisitor).map(Words)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Arc<[u64]>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a bit for each of {BUCKETS} buckets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Arc<[u64]>, A::Error> {
        let mut words = Vec::with_capacity(BUCKETS / 64);
        while let Some(word) = seq.next_element()? {
            words.push(word);
            if words.len() > BUCKETS / 64 {
                break;
            }
        }
        match words.len() == BUCKETS / 64 {
            true => Ok(words.into()),
            false => Err(serde::de::Error::invalid_length(words.len(), &self)),
        }
    }
}

/// The members in order of their weight in a bucket, those who hold it first.
pub fn by_weight<'a>(bucket: u16, members: impl Iterator<Item = &'a PeerId>) -> Vec<&'a PeerId> {
    let mut members: Vec<&PeerId> = members.collect();
    members.sort_by_cached_key(|member| std::cmp::Reverse(weight_of(name_hash(member), u64::from(bucket))));
    members
}

fn name_hash(peer: &PeerId) -> u64 {
    blake3::hash(peer.as_str().as_bytes()).as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes)
}

/// SplitMix64's finalizer over name and bucket; the name itself decides between equal weights.
fn weight_of(name: u64, bucket: u64) -> (u64, u64) {
    let mut mixed = name ^ bucket.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: usize) -> Vec<PeerId> {
        (0..count).map(|number| PeerId::new(format!("member{number}"))).collect()
    }

    fn held(this: &PeerId, members: &[PeerId], copies: u32) -> Buckets {
        Buckets::held_by(this, members.iter(), copies)
    }

    #[test]
    fn every_bucket_has_as_many_holders_as_there_are_copies() {
        let members = members(7);
        for copies in [1, 2, 3, 7, 9] {
            let all: Vec<Buckets> = members.iter().map(|member| held(member, &members, copies)).collect();
            for bucket in 0..=u16::MAX {
                let holders = all.iter().filter(|buckets| buckets.contains(bucket)).count();
                assert_eq!(holders, (copies as usize).min(7));
            }
        }
    }

    #[test]
    fn a_member_that_comes_gives_nobody_new_buckets() {
        let all = members(6);
        for member in &all[..5] {
            let (before, after) = (held(member, &all[..5], 2), held(member, &all, 2));
            assert!(before.cover(&after) && before != after);
        }
    }

    #[test]
    fn those_of_greatest_weight_are_the_holders() {
        let members = members(5);
        for bucket in [0, 1, 77, 65_535] {
            let order = by_weight(bucket, members.iter());
            for (rank, member) in order.iter().enumerate() {
                assert_eq!(held(member, &members, 2).contains(bucket), rank < 2);
            }
        }
    }

    #[test]
    fn buckets_are_spread_evenly() {
        let members = members(4);
        for member in &members {
            let buckets = held(member, &members, 1);
            let count = (0..=u16::MAX).filter(|bucket| buckets.contains(*bucket)).count();
            assert!((15_000..18_000).contains(&count), "{count}");
        }
    }

    #[test]
    fn sets_are_joined_cut_and_compared() {
        let (even, low) = (Buckets::of(|bucket| bucket % 2 == 0), Buckets::of(|bucket| bucket < 100));
        let both = even.and(&low);
        assert!(both.contains(98) && !both.contains(99) && !both.contains(200));
        let any = even.or(&low);
        assert!(any.contains(99) && any.contains(200) && !any.contains(201));
        assert!(any.cover(&even) && even.cover(&both) && !even.cover(&low) && !low.cover(&Buckets::all()));
        assert!(Buckets::of(|_| true).cover(&Buckets::all()) && Buckets::all().cover(&low));
        assert_eq!(Buckets::all().and(&low), low);
        assert_eq!(any.without(&low), even.without(&both));
        assert_eq!(Buckets::listed(&[98, 0, 98, 65_535]).and(&low), Buckets::listed(&[0, 98]));
        assert!(low.without(&Buckets::all()).are_none() && !low.are_none() && !Buckets::all().are_none());
        assert!(even.or(&Buckets::all().without(&even)).are_all());
    }

    #[test]
    fn sets_travel_and_others_are_refused() {
        for buckets in [Buckets::all(), Buckets::none(), held(&members(3)[0], &members(3), 1)] {
            let bytes = postcard::to_allocvec(&buckets).unwrap();
            assert_eq!(postcard::from_bytes::<Buckets>(&bytes).unwrap(), buckets);
        }
        for length in [0, 1, BUCKETS / 64 - 1, BUCKETS / 64 + 1] {
            let bytes = postcard::to_allocvec(&Some(vec![1_u64; length])).unwrap();
            assert!(postcard::from_bytes::<Buckets>(&bytes).is_err(), "{length}");
        }
    }

    #[test]
    fn weights_never_change() {
        let names: Vec<String> = by_weight(4711, members(4).iter()).iter().map(|peer| peer.to_string()).collect();
        assert_eq!(names, ["member0", "member1", "member3", "member2"]);
    }
}
