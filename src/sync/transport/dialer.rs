//! Whom to dial and when: the addresses that networks name, and those of their members. Pure.
//!
//! Nothing else is ever dialled. A target is a peer with the addresses it is known by, or an address that does not say who
//! answers there. Each is tried again with growing delays for as long as a network names it and nobody answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};

use crate::model::NetworkId;
use crate::sync::transport::address::{is_loopback, split_peer};
use crate::sync::transport::backoff::{Backoff, Delays};

/// Addresses that are kept of one peer, at most.
const ADDRESSES_MAX: usize = 16;
/// Connections that are being made, at most.
const UNDER_WAY_MAX: usize = 32;
/// Peers met by multicast DNS that are kept, at most.
const NEIGHBOURS_MAX: usize = 256;
const DELAYS: Delays = Delays { first_ms: 500, longest_ms: 60_000 };

/// The book of whom to dial.
pub struct Dialer {
    this: PeerId,
    targets: BTreeMap<Target, Entry>,
    under_way: HashMap<ConnectionId, Target>,
    /// Peers seen on the local network, and where.
    neighbours: BTreeMap<PeerId, BTreeSet<Multiaddr>>,
    /// Networks that look for members among them.
    looking: BTreeSet<NetworkId>,
    /// Where the random parts of delays come from.
    random: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Peer(PeerId),
    Address(Multiaddr),
}

#[derive(Default)]
struct Entry {
    /// Last heard of first.
    addresses: Vec<Multiaddr>,
    /// Networks whose options name it.
    named_by: BTreeSet<NetworkId>,
    /// Networks it is a member of.
    member_of: BTreeSet<NetworkId>,
    /// Networks that look for members among neighbours.
    neighbour_for: BTreeSet<NetworkId>,
    backoff: Backoff,
    is_under_way: bool,
    /// Who answered at an address.
    answered: Option<PeerId>,
}

impl Entry {
    fn is_wanted(&self) -> bool {
        !(self.named_by.is_empty() && self.member_of.is_empty() && self.neighbour_for.is_empty())
    }

    fn networks(&self) -> impl Iterator<Item = NetworkId> {
        self.named_by.iter().chain(&self.member_of).chain(&self.neighbour_for).copied()
    }

    fn learn(&mut self, addresses: impl IntoIterator<Item = Multiaddr>) {
        for address in addresses {
            self.addresses.retain(|known| *known != address);
            self.addresses.insert(0, address);
        }
        self.addresses.truncate(ADDRESSES_MAX);
    }
}

impl Dialer {
    pub fn new(this: PeerId, seed: u64) -> Self {
        Dialer {
            this,
            targets: BTreeMap::new(),
            under_way: HashMap::new(),
            neighbours: BTreeMap::new(),
            looking: BTreeSet::new(),
            random: seed | 1,
        }
    }

    /// Says what a network names: its bootstrap addresses, and its members with theirs.
    pub fn set_network(&mut self, network: NetworkId, bootstrap: &[Multiaddr], members: &[(PeerId, Vec<Multiaddr>)]) {
        for entry in self.targets.values_mut() {
            entry.named_by.remove(&network);
            entry.member_of.remove(&network);
        }
        for address in bootstrap {
            match split_peer(address.clone()) {
                (address, Some(peer)) => {
                    let entry = self.targets.entry(Target::Peer(peer)).or_default();
                    entry.named_by.insert(network);
                    entry.learn([address]);
                }
                (address, None) => {
                    self.targets.entry(Target::Address(address)).or_default().named_by.insert(network);
                }
            }
        }
        for (peer, addresses) in members {
            let entry = self.targets.entry(Target::Peer(*peer)).or_default();
            entry.member_of.insert(network);
            entry.learn(addresses.iter().cloned());
        }
        self.forget_unwanted();
    }

    pub fn remove_network(&mut self, network: NetworkId) {
        self.set_network(network, &[], &[]);
        self.looking.remove(&network);
        self.look_again();
    }

    /// These networks, and no others, look for members on the local network.
    pub fn look_among_neighbours(&mut self, networks: BTreeSet<NetworkId>) {
        if self.looking != networks {
            self.looking = networks;
            self.look_again();
        }
    }

    /// A peer was seen on the local network. It is told once, so it is kept for networks that look there later.
    pub fn neighbour(&mut self, peer: PeerId, address: Multiaddr) {
        if !self.neighbours.contains_key(&peer) && self.neighbours.len() >= NEIGHBOURS_MAX {
            return;
        }
        let addresses = self.neighbours.entry(peer).or_default();
        if addresses.len() < ADDRESSES_MAX {
            addresses.insert(address);
        }
        self.look_again();
    }

    pub fn is_neighbour(&self, peer: &PeerId) -> bool {
        self.neighbours.contains_key(peer)
    }

    /// A peer is not there on the local network any more.
    pub fn neighbour_left(&mut self, peer: PeerId, address: &Multiaddr) {
        let Some(addresses) = self.neighbours.get_mut(&peer) else { return };
        addresses.remove(address);
        if addresses.is_empty() {
            self.neighbours.remove(&peer);
        }
        self.look_again();
    }

    /// Makes targets of the neighbours for those who look, and for nobody else.
    fn look_again(&mut self) {
        for (target, entry) in &mut self.targets {
            let is_neighbour = matches!(target, Target::Peer(peer) if self.neighbours.contains_key(peer));
            entry.neighbour_for = if is_neighbour { self.looking.clone() } else { BTreeSet::new() };
        }
        for (peer, addresses) in self.neighbours.iter().filter(|_| !self.looking.is_empty()) {
            let entry = self.targets.entry(Target::Peer(*peer)).or_default();
            entry.neighbour_for.clone_from(&self.looking);
            let news = addresses.iter().filter(|address| !entry.addresses.contains(address));
            let news: Vec<_> = news.cloned().collect();
            entry.learn(news);
        }
        self.forget_unwanted();
    }

    /// A peer has these addresses, too; of no interest where no network wants it.
    pub fn learn(&mut self, peer: PeerId, addresses: impl IntoIterator<Item = Multiaddr>) {
        if let Some(entry) = self.targets.get_mut(&Target::Peer(peer)) {
            entry.learn(addresses);
        }
    }

    /// Networks that want this peer: that name it or an address where it answered, or that it is a member of.
    pub fn networks_of(&self, peer: PeerId) -> BTreeSet<NetworkId> {
        let is_it = |target: &Target, entry: &Entry| *target == Target::Peer(peer) || entry.answered == Some(peer);
        self.targets
            .iter()
            .filter(|(target, entry)| is_it(target, entry))
            .flat_map(|(_, entry)| entry.networks())
            .collect()
    }

    /// Connections to begin now. `has_enough` says of which networks no more members are needed.
    pub fn due(
        &mut self,
        now_ms: u64,
        is_connected: impl Fn(&PeerId) -> bool,
        has_enough: impl Fn(NetworkId) -> bool,
    ) -> Vec<DialOpts> {
        let mut dials = Vec::new();
        for (target, entry) in &mut self.targets {
            let answered = match target {
                Target::Peer(peer) => Some(peer),
                Target::Address(_) => entry.answered.as_ref(),
            };
            let is_needed = !entry.named_by.is_empty() || entry.networks().any(|network| !has_enough(network));
            let is_idle = !entry.is_under_way && entry.backoff.is_due(now_ms) && entry.is_wanted();
            if !is_needed || !is_idle || answered.is_some_and(|peer| is_connected(peer) || *peer == self.this) {
                continue;
            }
            if self.under_way.len() >= UNDER_WAY_MAX {
                break;
            }
            let Some(dial) = target.dial(&entry.addresses) else { continue };
            entry.is_under_way = true;
            self.under_way.insert(dial.connection_id(), target.clone());
            dials.push(dial);
        }
        dials
    }

    /// A connection is there.
    pub fn established(&mut self, connection: ConnectionId, peer: PeerId) {
        if let Some(target) = self.under_way.remove(&connection)
            && let Some(entry) = self.targets.get_mut(&target)
        {
            entry.is_under_way = false;
            entry.answered = Some(peer);
            entry.backoff.succeeded();
        }
        if let Some(entry) = self.targets.get_mut(&Target::Peer(peer)) {
            entry.backoff.succeeded();
        }
    }

    /// A dial has failed; `is_this` where the answer came from this node itself. Whom it was for: in words, with the networks
    /// that name it or have it for a member.
    pub fn failed(
        &mut self,
        connection: ConnectionId,
        is_this: bool,
        now_ms: u64,
    ) -> Option<(String, BTreeSet<NetworkId>)> {
        let random = self.next_random();
        let target = self.under_way.remove(&connection)?;
        let entry = self.targets.get_mut(&target)?;
        entry.is_under_way = false;
        if is_this {
            entry.answered = Some(self.this);
        }
        entry.backoff.failed(now_ms, DELAYS, random);
        let whom = match &target {
            Target::Peer(peer) => format!("peer {peer}"),
            Target::Address(address) => address.to_string(),
        };
        Some((whom, entry.named_by.union(&entry.member_of).copied().collect()))
    }

    /// The last connection with a peer is gone.
    pub fn disconnected(&mut self, peer: PeerId, now_ms: u64) {
        let random = self.next_random();
        for (target, entry) in &mut self.targets {
            if *target == Target::Peer(peer) || entry.answered == Some(peer) {
                entry.backoff.failed(now_ms, DELAYS, random);
            }
        }
    }

    /// Members whose every address has failed for a while: somebody else may know where they are.
    pub fn lost(&self, failures_min: u32) -> Vec<PeerId> {
        let is_lost = |entry: &Entry| !entry.member_of.is_empty() && entry.backoff.failures() >= failures_min;
        let lost = self.targets.iter().filter(|(_, entry)| is_lost(entry));
        lost.filter_map(|(target, _)| match target {
            Target::Peer(peer) => Some(*peer),
            Target::Address(_) => None,
        })
        .collect()
    }

    fn forget_unwanted(&mut self) {
        self.targets.retain(|_, entry| entry.is_wanted() || entry.is_under_way);
    }

    fn next_random(&mut self) -> u64 {
        // xorshift64: enough to scatter delays.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

impl Target {
    fn dial(&self, addresses: &[Multiaddr]) -> Option<DialOpts> {
        match self {
            Target::Address(address) => Some(DialOpts::unknown_peer_id().address(address.clone()).build()),
            Target::Peer(peer) => {
                let mut addresses = addresses.to_vec();
                // A peer's own loopback address leads to somebody else, unless it is on this machine.
                addresses.sort_by_key(is_loopback);
                let dial = DialOpts::peer_id(*peer).condition(PeerCondition::DisconnectedAndNotDialing);
                (!addresses.is_empty()).then(|| dial.addresses(addresses).build())
            }
        }
    }
}

#[cfg(test)]
#[path = "dialer_tests.rs"]
mod tests;
