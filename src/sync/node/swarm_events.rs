//! What the swarm tells, and what is done with connections: dialling, looking for the lost, sending visitors away.

use libp2p::core::ConnectedPoint;
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, autonat, identify, kad, mdns};

use crate::db::Happened;
use crate::sync::engine::io::EngineInput;
use crate::sync::node::node::Node;
use crate::sync::node::troubles::reason_of;
use crate::sync::protocol::versions::refusal;
use crate::sync::transport::address::{is_dialable, is_relayed, peer_here, split_peer};
use crate::sync::transport::behaviour::BehaviourEvent;
use crate::sync::transport::connections::PeerConnection;
use crate::sync::transport::link_tasks::LinkKey;
use crate::sync::transport::raw_streams;
use crate::sync::transport::reach::NAMED_MAX;

/// Connected members of a network beyond which no more are dialled, but for those that its definition names.
const MEMBERS_ENOUGH: usize = 24;
/// Failed dials after which a member counts as lost.
const LOST_FAILURES: u32 = 5;
/// Between two searches for lost members, in milliseconds, and members that are looked for at a time.
const LOOKUP_MS: u64 = 60_000;
const LOOKUPS_MAX: usize = 8;
/// How long a connection may be of no use, in milliseconds, and how often that is looked at.
const VISIT_MS_MAX: u64 = 30_000;
const SWEEP_MS: u64 = 5_000;

impl Node {
    pub fn swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.behaviour_event(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, .. } => self.disconnected(peer_id, connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, peer_id } => {
                tracing::debug!(peer = ?peer_id, %error, "a peer could not be reached");
                self.dial_failed(connection_id, &error);
            }
            SwarmEvent::NewListenAddr { address, listener_id } => {
                tracing::info!(%address, "listening for peers");
                self.listening.works(listener_id);
                self.addresses_changed();
            }
            SwarmEvent::ExternalAddrConfirmed { address } => {
                tracing::info!(%address, "peers reach this node there");
                self.addresses_changed();
            }
            SwarmEvent::ExpiredListenAddr { .. } | SwarmEvent::ExternalAddrExpired { .. } => self.addresses_changed(),
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                let (now_ms, random) = (self.now_ms(), self.next_random());
                if let Some(address) = self.listening.closed(listener_id, now_ms, random) {
                    tracing::warn!(%address, ?reason, "not listening for peers there; it is tried again");
                }
                self.addresses_changed();
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "listening for peers"),
            event => tracing::trace!(?event, "swarm"),
        }
    }

    fn behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(raw_streams::StreamEvent::Inbound { peer, protocol, stream, .. }) => {
                self.stream_arrived(peer, &protocol, stream);
            }
            BehaviourEvent::Streams(raw_streams::StreamEvent::Opened { number, protocol, stream }) => {
                self.stream_opened(number, &protocol, stream)
            }
            BehaviourEvent::Streams(raw_streams::StreamEvent::Failed { number }) => self.stream_failed(number),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                let addresses = self.dialable(info.listen_addrs);
                let refusal = refusal(info.protocols.iter().map(AsRef::as_ref), &info.agent_version);
                self.version_told(peer_id, refusal, addresses.clone());
                self.dialer.learn(peer_id, addresses.iter().cloned());
                let behaviour = self.swarm.behaviour_mut();
                if behaviour.kademlia.served().contains(&peer_id) {
                    for address in addresses {
                        behaviour.kademlia.inner_mut().add_address(&peer_id, address);
                    }
                }
            }
            BehaviourEvent::Ping(ping) => {
                if let Ok(delay) = ping.result {
                    self.connections.set_delay(ping.peer, u64::try_from(delay.as_micros()).unwrap_or(u64::MAX));
                }
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(neighbours)) => {
                for (peer, address) in neighbours {
                    let is_new = !self.dialer.is_neighbour(&peer);
                    self.dialer.neighbour(peer, split_peer(address).0);
                    if is_new {
                        self.neighbour_found(&peer_here(&peer));
                    }
                    if self.connections.is_connected(&peer) {
                        self.want_links_with(peer);
                    }
                }
            }
            BehaviourEvent::Mdns(mdns::Event::Expired(neighbours)) => {
                for (peer, address) in neighbours {
                    self.dialer.neighbour_left(peer, &split_peer(address).0);
                }
            }
            BehaviourEvent::Autonat(autonat::v2::client::Event { tested_addr, result: Err(error), .. }) => {
                tracing::info!(address = %tested_addr, %error, "a member could not reach this node there");
            }
            BehaviourEvent::Kademlia(kad::Event::OutboundQueryProgressed {
                result: kad::QueryResult::GetClosestPeers(Ok(found)),
                ..
            }) => {
                for peer in found.peers {
                    self.dialer.learn(peer.peer_id, self.dialable(peer.addrs));
                }
            }
            event => tracing::trace!(?event, "behaviour"),
        }
    }

    /// Remembers whether a peer speaks a version that is spoken here.
    fn version_told(&mut self, peer: PeerId, refusal: Option<String>, addresses: Vec<Multiaddr>) {
        let reason = refusal.clone();
        if self.refused_versions.note(peer, refusal, addresses) {
            self.has_news = true;
            let reason = reason.unwrap_or_default();
            tracing::warn!(%peer, "a peer is refused: {reason}");
            for network in self.dialer.networks_of(peer) {
                self.trouble(network, &format!("peer {peer}"), &reason);
            }
        }
    }

    /// Tells listeners of a peer on the local network that may be a member of those networks that look for them there.
    fn neighbour_found(&self, peer: &crate::model::PeerId) {
        let looking = self.networks.iter().filter(|(_, running)| running.config.options.mdns);
        for (network, _) in looking.filter(|(_, running)| !running.members.contains_key(peer)) {
            self.tell(*network, Happened::PeerDiscovered(peer.clone()));
        }
    }

    fn connected(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        let now_ms = self.now_ms();
        let address = match endpoint {
            ConnectedPoint::Dialer { address, .. } => Some(split_peer(address.clone()).0),
            ConnectedPoint::Listener { .. } => None,
        };
        let connection = PeerConnection {
            id,
            is_relayed: endpoint.is_relayed(),
            is_dialled: address.is_some(),
            address,
            since_ms: now_ms,
        };
        let is_relayed = connection.is_relayed;
        let was_relayed = self.connections.add(peer, connection);
        self.dialer.established(id, peer);
        self.want_links_with(peer);
        if was_relayed && !is_relayed {
            tracing::info!(%peer, "a peer that was reached through a relay is reached directly now");
            self.move_links(peer);
        }
        self.open_links(now_ms);
    }

    /// There is a direct connection now: links are made anew over that.
    fn move_links(&mut self, peer: PeerId) {
        let here = peer_here(&peer);
        let networks: Vec<_> = self.networks.keys().copied().collect();
        for network in networks {
            let key = LinkKey { peer: here.clone(), network };
            if self.links.is_up(&key) {
                let change = self.links.take_down(&key);
                self.changed(&key, &change);
            }
        }
    }

    fn disconnected(&mut self, peer: PeerId, connection: ConnectionId) {
        self.streams_lost(connection);
        if self.connections.remove(peer, connection) {
            let now_ms = self.now_ms();
            self.dialer.disconnected(peer, now_ms);
        }
        self.has_news = true;
    }

    /// Tells members and the status where this node can be dialled.
    fn addresses_changed(&mut self) {
        let mut addresses: Vec<Multiaddr> = Vec::new();
        for address in self.swarm.external_addresses().chain(self.swarm.listeners()) {
            let (address, _) = split_peer(address.clone());
            if is_dialable(&address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        if addresses == self.addresses {
            return;
        }
        self.addresses = addresses;
        // Where others may send this node depends on where it is.
        self.has_new_members = true;
        let networks: Vec<_> = self.networks.keys().copied().collect();
        for network in networks {
            self.feed(network, EngineInput::Addresses { addresses: self.addresses.clone() });
        }
        self.has_news = true;
        let now_ms = self.now_ms();
        self.publish_status(now_ms);
    }

    pub fn dial(&mut self, now_ms: u64) {
        let (connections, links) = (&self.connections, &self.links);
        let due = self.dialer.due(
            now_ms,
            |peer| connections.is_connected(peer),
            |network| links.up_in(network).take(MEMBERS_ENOUGH).count() >= MEMBERS_ENOUGH,
        );
        for dial in due {
            let id = dial.connection_id();
            self.swarm.behaviour_mut().dials.begin_own(id);
            if let Err(error) = self.swarm.dial(dial) {
                tracing::debug!(%error, "a peer cannot be dialled");
                self.dial_failed(id, &error);
            }
        }
    }

    fn dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        let now_ms = self.now_ms();
        let is_this = matches!(error, DialError::LocalPeerId { .. });
        // The dial that a behaviour wanted by itself is nobody's trouble, nor one that was not needed any more.
        let Some((whom, networks)) = self.dialer.failed(connection, is_this, now_ms) else { return };
        if matches!(error, DialError::DialPeerConditionFalse(_) | DialError::Aborted) {
            return;
        }
        let reason = reason_of(error);
        for network in networks {
            self.trouble(network, &whom, &reason);
        }
    }

    /// Asks members where those are whose every address fails.
    pub fn look_for_lost(&mut self, now_ms: u64) {
        if now_ms < self.last_lookup_ms.saturating_add(LOOKUP_MS) {
            return;
        }
        self.last_lookup_ms = now_ms;
        for peer in self.dialer.lost(LOST_FAILURES).into_iter().take(LOOKUPS_MAX) {
            self.swarm.behaviour_mut().kademlia.inner_mut().get_closest_peers(peer);
        }
    }

    /// Ends connections from outside that have proved nothing for a while.
    pub fn send_visitors_away(&mut self, now_ms: u64) {
        if now_ms < self.last_sweep_ms.saturating_add(SWEEP_MS) {
            return;
        }
        self.last_sweep_ms = now_ms;
        for peer in self.connections.visitors_since(now_ms.saturating_sub(VISIT_MS_MAX)) {
            if !self.is_member(&peer_here(&peer)) && !self.has_link_with(&peer) {
                // Where it has gone meanwhile, nothing is left to do.
                self.swarm.disconnect_peer_id(peer).unwrap_or_default();
            }
        }
    }

    /// Addresses that a peer named of itself or of others, as far as they may be dialled.
    fn dialable(&self, addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
        let bare = addresses.into_iter().map(|address| split_peer(address).0);
        let is_good = |address: &Multiaddr| is_dialable(address) && !is_relayed(address) && self.reach.permits(address);
        bare.filter(is_good).take(NAMED_MAX).collect()
    }
}
