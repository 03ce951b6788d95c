//! Who belongs to the network: everybody who ever proved its key here, or whom a member has told of with a signature of its
//! own, unless removed.
//!
//! Whoever knows the secret can make as many keys as it likes and sign for each of them. So one member can introduce a
//! bounded number of others; who is met here, or told of by a second member, does not count for its bound any more.

use std::collections::BTreeMap;

use crate::model::{Bytes, PeerId};
use crate::sync::engine::io::Member;
use crate::sync::engine::limits::{INTRODUCED_MAX, INTRODUCED_PER_MEMBER_MAX};
use crate::sync::protocol::message::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, MemberNews, NETWORK_MEMBERS_MAX};

/// The members of a network, this node among them.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Roster {
    members: BTreeMap<PeerId, Known>,
    /// Goes up with every change of what members have signed; a session remembers up to which its peer has been told.
    latest_change: u64,
    member_by_change: BTreeMap<u64, PeerId>,
    digest: u64,
    /// How many members each member alone has told of.
    introduced: BTreeMap<PeerId, usize>,
}

#[derive(Debug, Default)]
struct Known {
    /// What it has signed of itself; of no signature where it has only been met.
    news: Option<News>,
    /// Addresses at which it was reached from here.
    reached: Vec<String>,
    /// It was never met here, and this member alone has told of it.
    introduced_by: Option<PeerId>,
    acknowledged: BTreeMap<PeerId, u64>,
    last_seen_ms: u64,
    change: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct News {
    named_ms: u64,
    addresses: Vec<String>,
    signature: Bytes,
}

impl Roster {
    pub fn new(this: &PeerId, members: Vec<Member>, removed: &[PeerId]) -> Self {
        let mut roster = Roster::default();
        roster.upsert(this, Vec::new());
        for member in members.into_iter().filter(|member| member.is_of_now(removed)) {
            let Member {
                peer, addresses, named_ms, signature, reached, introduced_by, acknowledged, last_seen_ms, ..
            } = member;
            // What was kept before members signed says where they were reached, or were said to be.
            let is_signed = !signature.is_empty();
            let reached = if is_signed { reached } else { addresses.clone() };
            if roster.upsert(&peer, reached) != MemberUpdate::Added {
                continue;
            }
            if let Some(introducer) = &introduced_by {
                *roster.introduced.entry(introducer.clone()).or_default() += 1;
            }
            if let Some(known) = roster.members.get_mut(&peer) {
                known.acknowledged = acknowledged.into_iter().collect();
                known.last_seen_ms = last_seen_ms;
                known.introduced_by = introduced_by;
            }
            if is_signed {
                roster.put_news(&peer, News { named_ms, addresses, signature: Bytes::new(signature) });
            }
        }
        roster
    }

    /// Takes a member that has proved the network's key here, and the addresses at which it was reached.
    pub fn upsert(&mut self, peer: &PeerId, reached: Vec<String>) -> MemberUpdate {
        let mut reached = reached;
        reached.retain(|address| !address.is_empty() && address.len() <= ADDRESS_BYTES_MAX);
        reached.truncate(ADDRESSES_MAX);
        if !self.members.contains_key(peer) {
            if self.members.len() >= NETWORK_MEMBERS_MAX {
                return MemberUpdate::Full;
            }
            self.members.insert(peer.clone(), Known { reached, ..Known::default() });
            self.digest ^= name_hash(peer);
            return MemberUpdate::Added;
        }
        self.confirm(peer);
        match self.members.get_mut(peer) {
            Some(known) if !reached.is_empty() && known.reached != reached => {
                known.reached = reached;
                MemberUpdate::Readdressed
            }
            _ => MemberUpdate::Unchanged,
        }
    }

    /// Whether what a member passes on is worth looking at its signature: it is news, and the sender has room for it.
    pub fn is_wanted(&self, sender: &PeerId, news: &MemberNews) -> bool {
        match self.members.get(&news.peer) {
            Some(known) => known.news.as_ref().is_none_or(|old| old.named_ms < news.named_ms),
            None => self.may_introduce(sender),
        }
    }

    /// A second member tells the same of somebody: its word need not be taken on trust in one alone. Whether that is new.
    pub fn heard_again(&mut self, sender: &PeerId, news: &MemberNews) -> bool {
        let Some(known) = self.members.get(&news.peer) else { return false };
        let is_same = known.news.as_ref().is_some_and(|old| old.signature == news.signature);
        let is_other = known.introduced_by.as_ref().is_some_and(|first| first != sender);
        is_same && is_other && self.confirm(&news.peer)
    }

    /// Takes what a member has signed of itself, whose signature has been looked at.
    pub fn take(&mut self, sender: &PeerId, news: MemberNews) -> MemberUpdate {
        if !self.is_wanted(sender, &news) {
            return if self.members.contains_key(&news.peer) { MemberUpdate::Unchanged } else { MemberUpdate::Full };
        }
        let is_new = !self.members.contains_key(&news.peer);
        if is_new {
            let introduced_by = Some(sender.clone());
            self.members.insert(news.peer.clone(), Known { introduced_by, ..Known::default() });
            self.digest ^= name_hash(&news.peer);
            *self.introduced.entry(sender.clone()).or_default() += 1;
        }
        let is_other = |known: &Known| known.introduced_by.as_ref().is_some_and(|first| first != sender);
        if self.members.get(&news.peer).is_some_and(is_other) {
            self.confirm(&news.peer);
        }
        let MemberNews { peer, named_ms, addresses, signature } = news;
        self.put_news(&peer, News { named_ms, addresses, signature });
        if is_new { MemberUpdate::Added } else { MemberUpdate::Readdressed }
    }

    fn put_news(&mut self, peer: &PeerId, news: News) {
        self.latest_change += 1;
        if let Some(known) = self.members.get_mut(peer) {
            known.news = Some(news);
            self.member_by_change.remove(&known.change);
            known.change = self.latest_change;
            self.member_by_change.insert(self.latest_change, peer.clone());
        }
    }

    /// What this node has signed of itself.
    pub fn put_own(&mut self, news: MemberNews) {
        let MemberNews { peer, named_ms, addresses, signature } = news;
        self.put_news(&peer, News { named_ms, addresses, signature });
    }

    /// When a member named its addresses last; 0 where it never has.
    pub fn named_ms(&self, peer: &PeerId) -> u64 {
        self.members.get(peer).and_then(|known| known.news.as_ref()).map_or(0, |news| news.named_ms)
    }

    fn may_introduce(&self, sender: &PeerId) -> bool {
        let by_sender = self.introduced.get(sender).copied().unwrap_or(0);
        let by_all = self.introduced.values().sum::<usize>();
        self.members.len() < NETWORK_MEMBERS_MAX && by_sender < INTRODUCED_PER_MEMBER_MAX && by_all < INTRODUCED_MAX
    }

    /// Whether the member counted for somebody's bound until now.
    fn confirm(&mut self, peer: &PeerId) -> bool {
        let introducer = self.members.get_mut(peer).and_then(|known| known.introduced_by.take());
        let Some(introducer) = introducer else { return false };
        if let Some(count) = self.introduced.get_mut(&introducer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.introduced.remove(&introducer);
            }
        }
        true
    }

    /// Takes out a member, and whomever it alone has told of.
    pub fn remove(&mut self, peer: &PeerId) {
        let is_introduced = |known: &Known| known.introduced_by.as_ref() == Some(peer);
        let with_it = self.members.iter().filter(|(_, known)| is_introduced(known)).map(|(other, _)| other.clone());
        for peer in with_it.chain([peer.clone()]).collect::<Vec<_>>() {
            self.confirm(&peer);
            if let Some(known) = self.members.remove(&peer) {
                self.member_by_change.remove(&known.change);
                self.digest ^= name_hash(&peer);
            }
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

    /// What members have signed after a change, oldest first, each with the number of its last change.
    pub fn changed_since(&self, told: u64) -> impl Iterator<Item = (u64, MemberNews)> {
        self.member_by_change.range(told.saturating_add(1)..).filter_map(|(number, peer)| {
            let news = self.members.get(peer)?.news.as_ref()?;
            let (addresses, named_ms, signature) = (news.addresses.clone(), news.named_ms, news.signature.clone());
            Some((*number, MemberNews { peer: peer.clone(), named_ms, addresses, signature }))
        })
    }

    /// Where a member says it is, or else where it was reached.
    pub fn addresses(&self, peer: &PeerId) -> &[String] {
        let Some(known) = self.members.get(peer) else { return &[] };
        let named = known.news.as_ref().map(|news| news.addresses.as_slice()).unwrap_or_default();
        if named.is_empty() { &known.reached } else { named }
    }

    pub fn seen(&mut self, peer: &PeerId, now_ms: u64) {
        if let Some(known) = self.members.get_mut(peer) {
            known.last_seen_ms = known.last_seen_ms.max(now_ms);
        }
    }

    pub fn acknowledge(&mut self, peer: &PeerId, known_heads: BTreeMap<PeerId, u64>) {
        if let Some(known) = self.members.get_mut(peer) {
            known.acknowledged = known_heads;
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
            addresses: known.news.as_ref().map_or_else(|| known.reached.clone(), |news| news.addresses.clone()),
            named_ms: self.named_ms(peer),
            signature: known.news.as_ref().map(|news| news.signature.to_vec()).unwrap_or_default(),
            reached: known.reached.clone(),
            introduced_by: known.introduced_by.clone(),
            acknowledged: known.acknowledged.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect(),
            last_seen_ms: known.last_seen_ms,
            signed: None,
        })
    }
}

/// What [`Roster::upsert`] or [`Roster::take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync::engine) enum MemberUpdate {
    Added,
    /// With new addresses.
    Readdressed,
    Unchanged,
    /// The network has as many members as it may, or the sender has told of as many as it may.
    Full,
}

fn name_hash(peer: &PeerId) -> u64 {
    let hash = blake3::hash(peer.as_str().as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
