//! Who belongs to the network: everybody who ever proved its key here or at a member, unless removed.

use std::collections::BTreeMap;

use crate::model::PeerId;
use crate::sync::message::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, MemberNews, NETWORK_MEMBERS_MAX};
use crate::sync::work::Member;

/// The members of a network, this node among them.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<PeerId, Known>,
    /// Goes up with every change; a session remembers up to which its peer has been told.
    latest_change: u64,
    member_by_change: BTreeMap<u64, PeerId>,
    digest: u64,
}

#[derive(Debug)]
struct Known {
    addresses: Vec<String>,
    named_ms: u64,
    acknowledged: BTreeMap<PeerId, u64>,
    last_seen_ms: u64,
    change: u64,
}

impl Roster {
    pub fn new(this: &PeerId, members: Vec<Member>, removed: &[PeerId]) -> Self {
        let mut roster = Roster::default();
        roster.meet(this, Vec::new(), 0);
        for member in members.into_iter().filter(|member| !removed.contains(&member.peer)) {
            roster.meet(&member.peer, member.addresses, member.named_ms);
            if let Some(known) = roster.members.get_mut(&member.peer) {
                known.acknowledged = member.acknowledged.into_iter().collect();
                known.last_seen_ms = member.last_seen_ms;
            }
        }
        roster
    }

    /// Takes a member and its addresses. What it named itself replaces what it named before; hearsay (0) fills a gap, so
    /// that two members who heard different things do not correct each other for ever.
    pub fn meet(&mut self, peer: &PeerId, addresses: Vec<String>, named_ms: u64) -> Met {
        let mut addresses = addresses;
        addresses.retain(|address| !address.is_empty() && address.len() <= ADDRESS_BYTES_MAX);
        addresses.truncate(ADDRESSES_MAX);
        let is_full = self.members.len() >= NETWORK_MEMBERS_MAX;
        let met = match self.members.get_mut(peer) {
            Some(known) => {
                let fills_gap = named_ms == 0 && known.addresses.is_empty() && !addresses.is_empty();
                if named_ms <= known.named_ms && !fills_gap {
                    return Met::Known;
                }
                known.named_ms = named_ms.max(known.named_ms);
                if known.addresses == addresses {
                    return Met::Known;
                }
                known.addresses = addresses;
                Met::Moved
            }
            None if is_full => return Met::Refused,
            None => {
                let known = Known { addresses, named_ms, acknowledged: BTreeMap::new(), last_seen_ms: 0, change: 0 };
                self.members.insert(peer.clone(), known);
                self.digest ^= name_hash(peer);
                Met::New
            }
        };
        self.latest_change += 1;
        if let Some(known) = self.members.get_mut(peer) {
            self.member_by_change.remove(&known.change);
            known.change = self.latest_change;
            self.member_by_change.insert(self.latest_change, peer.clone());
        }
        met
    }

    pub fn remove(&mut self, peer: &PeerId) {
        if let Some(known) = self.members.remove(peer) {
            self.member_by_change.remove(&known.change);
            self.digest ^= name_hash(peer);
        }
    }

    pub fn contains(&self, peer: &PeerId) -> bool {
        self.members.contains_key(peer)
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn peers(&self) -> impl Iterator<Item = &PeerId> {
        self.members.keys()
    }

    /// Over the ids of all members.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn latest_change(&self) -> u64 {
        self.latest_change
    }

    /// Members that changed after a change, oldest first, each with the number of its last change.
    pub fn changed_since(&self, told: u64) -> impl Iterator<Item = (u64, MemberNews)> {
        self.member_by_change.range(told.saturating_add(1)..).filter_map(|(number, peer)| {
            let known = self.members.get(peer)?;
            let (addresses, named_ms) = (known.addresses.clone(), known.named_ms);
            Some((*number, MemberNews { peer: peer.clone(), named_ms, addresses }))
        })
    }

    pub fn addresses(&self, peer: &PeerId) -> &[String] {
        self.members.get(peer).map(|known| known.addresses.as_slice()).unwrap_or_default()
    }

    pub fn seen(&mut self, peer: &PeerId, now_ms: u64) {
        if let Some(known) = self.members.get_mut(peer) {
            known.last_seen_ms = known.last_seen_ms.max(now_ms);
        }
    }

    pub fn acknowledge(&mut self, peer: &PeerId, known_heads: &BTreeMap<PeerId, u64>) {
        if let Some(known) = self.members.get_mut(peer) {
            known.acknowledged.clone_from(known_heads);
        }
    }

    pub fn acknowledged(&self, peer: &PeerId) -> Option<&BTreeMap<PeerId, u64>> {
        self.members.get(peer).map(|known| &known.acknowledged)
    }

    pub fn last_seen_ms(&self, peer: &PeerId) -> Option<u64> {
        self.members.get(peer).map(|known| known.last_seen_ms).filter(|seen_ms| *seen_ms > 0)
    }

    /// A member as it is kept.
    pub fn member(&self, peer: &PeerId) -> Option<Member> {
        self.members.get(peer).map(|known| Member {
            peer: peer.clone(),
            addresses: known.addresses.clone(),
            named_ms: known.named_ms,
            acknowledged: known.acknowledged.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect(),
            last_seen_ms: known.last_seen_ms,
        })
    }
}

/// What [`Roster::meet`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    New,
    /// With new addresses.
    Moved,
    Known,
    /// The network has as many members as it may.
    Refused,
}

fn name_hash(peer: &PeerId) -> u64 {
    let hash = blake3::hash(peer.as_str().as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosters_with_the_same_members_have_the_same_digest() {
        let [a, b, c] = ["a", "b", "c"].map(PeerId::new);
        let mut one = Roster::new(&a, Vec::new(), &[]);
        let mut two = Roster::new(&b, Vec::new(), &[]);
        one.meet(&b, vec!["/ip4/127.0.0.1/tcp/1".into()], 0);
        two.meet(&c, Vec::new(), 0);
        two.meet(&a, Vec::new(), 0);
        assert_ne!(one.digest(), two.digest());
        two.remove(&c);
        two.remove(&c);
        assert_eq!(one.digest(), two.digest());
        assert_eq!(one.len(), 2);
    }

    #[test]
    fn a_member_is_the_authority_on_its_addresses() {
        let [a, b] = ["a", "b"].map(PeerId::new);
        let mut roster = Roster::new(&a, Vec::new(), &[]);
        let address = |name: &str| vec![format!("/memory/{name}"), "x".repeat(ADDRESS_BYTES_MAX + 1)];
        assert_eq!(roster.meet(&b, Vec::new(), 0), Met::New);
        let told = roster.latest_change();
        assert_eq!(roster.meet(&b, Vec::new(), 0), Met::Known);
        assert_eq!(roster.changed_since(told).count(), 0);
        assert_eq!(roster.meet(&b, address("heard"), 0), Met::Moved);
        assert_eq!(roster.meet(&b, address("other"), 0), Met::Known, "hearsay does not correct hearsay");
        assert_eq!(roster.meet(&b, address("named"), 20), Met::Moved);
        assert_eq!(roster.meet(&b, address("older"), 10), Met::Known);
        let news: Vec<_> = roster.changed_since(told).map(|(_, news)| news).collect();
        assert_eq!(news, [MemberNews { peer: b, named_ms: 20, addresses: vec!["/memory/named".into()] }]);
    }
}
