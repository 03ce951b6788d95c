//! Links from the node's side: streams become ends, ends become links, and what links tell goes to the engines.

use std::sync::Arc;

use libp2p::swarm::ConnectionId;
use libp2p::{Stream, StreamProtocol};
use tokio::time::timeout;

use crate::db::{Happened, NetworkEvent};
use crate::error::{Error, ErrorKind};
use crate::metrics;
use crate::model::{NetworkId, PeerId};
use crate::sync::blobs::serve::BlobServer;
use crate::sync::engine::io::EngineInput;
use crate::sync::node::node::{Node, Opening};
use crate::sync::protocol::proof::{Keyring, Parties, Purpose};
use crate::sync::protocol::versions::{StreamKind, spoken_version};
use crate::sync::transport::address::{peer_here, peer_there};
use crate::sync::transport::link_table::LinkChange;
use crate::sync::transport::link_tasks::{
    EndId, LinkContext, LinkEnd, LinkEvent, LinkKey, PROOF_TIMEOUT, answer, fresh_nonce, run_incoming, run_outgoing,
};

impl Node {
    pub fn link_event(&mut self, event: LinkEvent) {
        let now_ms = self.now_ms();
        match event {
            LinkEvent::OutgoingProven { id } => {
                if let Some((key, change)) = self.links.outgoing_proven(id, now_ms) {
                    self.changed(&key, &change);
                }
            }
            LinkEvent::OutgoingRefused { id, reason } => {
                let key = self.links.key_of(id).cloned();
                self.end_of(id);
                if let Some(key) = key {
                    self.link_refused(&key, reason);
                }
            }
            LinkEvent::IncomingProven { id, key, epoch, said_epoch, start } => {
                let is_member = self.is_member(&key.peer);
                self.door.ended(&key.peer, true, is_member, now_ms);
                // The keys may have changed since the proof began.
                if !self.keyring.admits(key.network, epoch, &key.peer) {
                    self.receiving.remove(&id);
                    return;
                }
                self.links.said_epoch(&key, said_epoch);
                let change = self.links.incoming_proven(id, &key, epoch, start, now_ms);
                self.changed(&key, &change);
                self.open_links(now_ms);
            }
            LinkEvent::IncomingRefused { id, peer } => {
                self.receiving.remove(&id);
                self.refused(&peer);
            }
            LinkEvent::BlobAsked { peer, is_proven: true } => {
                let is_member = self.is_member(&peer);
                self.door.ended(&peer, true, is_member, now_ms);
            }
            LinkEvent::BlobAsked { peer, is_proven: false } => self.refused(&peer),
            LinkEvent::Received { id, message, bytes, permit } => {
                let Some(key) = self.links.key_of(id).filter(|key| self.links.is_up(key)).cloned() else { return };
                metrics::SYNC_MESSAGES_RECEIVED.add(1);
                metrics::SYNC_DELTAS_RECEIVED.add(message.deltas());
                metrics::SYNC_BYTES_RECEIVED.add(u64::try_from(bytes).unwrap_or(u64::MAX));
                self.feed(key.network, EngineInput::Received { peer: key.peer, message, bytes });
                drop(permit);
            }
            LinkEvent::Sent { id, bytes } => {
                if let Some(key) = self.links.key_of(id).cloned() {
                    self.feed(key.network, EngineInput::Sent { peer: key.peer, bytes });
                }
            }
            LinkEvent::Closed { id, error } => {
                let is_incoming = self.receiving.remove(&id).is_some();
                self.malformed(id, is_incoming, error.as_ref());
                self.end_of(id);
            }
        }
    }

    /// Counts bytes that are no message against whoever sent them.
    fn malformed(&mut self, id: EndId, is_incoming: bool, error: Option<&Error>) {
        let Some(error) = error else { return };
        let Some(key) = self.links.key_of(id).cloned() else { return };
        tracing::debug!(peer = %key.peer, network = key.network.0, %error, "a link is gone");
        if is_incoming && error.kind() == ErrorKind::ProtocolViolation && self.links.is_up(&key) {
            self.feed(key.network, EngineInput::Malformed { peer: key.peer });
        }
    }

    /// Somebody has proved nothing: whoever goes on like that is kept out.
    fn refused(&mut self, peer: &PeerId) {
        metrics::SYNC_PROOFS_REJECTED.add(1);
        let (now_ms, is_member) = (self.now_ms(), self.is_member(peer));
        let Some(until_ms) = self.door.ended(peer, false, is_member, now_ms) else { return };
        tracing::warn!(%peer, until_ms, "a peer that proves no network's key is kept out");
        metrics::SYNC_BANS.add(1);
        if let Some(there) = peer_there(peer) {
            self.swarm.behaviour_mut().blocked.block_peer(there);
            self.bans.insert((until_ms, peer.clone(), None));
        }
    }

    fn end_of(&mut self, id: EndId) {
        let (now_ms, random) = (self.now_ms(), self.next_random());
        if let Some((key, change)) = self.links.ended(id, now_ms, random) {
            self.changed(&key, &change);
        }
    }

    /// A peer proves a network's key in no epoch that both may be in.
    fn link_refused(&mut self, key: &LinkKey, reason: &str) {
        let refusal = peer_there(&key.peer).and_then(|peer| self.refused_versions.reason(&peer).map(String::from));
        if let Some(refusal) = refusal {
            return self.trouble(key.network, &format!("peer {}", key.peer), &refusal);
        }
        let epochs = self.epochs_with(key.network, &key.peer).len();
        if usize::try_from(self.links.failures(key)).is_ok_and(|failures| failures >= epochs) {
            self.trouble(key.network, &format!("peer {}", key.peer), reason);
        }
    }

    /// Something keeps this node from a network: said once, and shown until a member is connected.
    pub fn trouble(&mut self, network: NetworkId, whom: &str, reason: &str) {
        let Some(running) = self.networks.get(&network) else { return };
        if self.links.up_in(network).next().is_some() {
            return;
        }
        if self.troubles.note(network, whom, reason) {
            tracing::warn!(network = running.name, "no connection with {whom}: {reason}");
        }
        self.has_news = true;
    }

    /// Tells the engine what became of a link.
    pub fn changed(&mut self, key: &LinkKey, change: &LinkChange) {
        self.stop_receiving(change);
        if change.went_down {
            self.has_news = true;
            self.feed(key.network, EngineInput::PeerDown { peer: key.peer.clone() });
        }
        if let Some(epoch) = change.went_up {
            self.has_news = true;
            self.troubles.forget(key.network);
            let there = peer_there(&key.peer);
            if let Some(there) = there {
                self.swarm.behaviour_mut().visitors.admit(there);
            }
            let addresses = there.map(|peer| self.connections.addresses(&peer)).unwrap_or_default();
            let addresses = addresses.iter().map(ToString::to_string).collect();
            tracing::info!(peer = %key.peer, network = key.network.0, epoch, "a member is connected");
            self.feed(key.network, EngineInput::PeerUp { peer: key.peer.clone(), epoch, addresses });
        }
        if change.went_down || change.went_up.is_some() {
            // Before it is told: whoever hears of it on a channel finds it in the tables.
            let now_ms = self.now_ms();
            self.publish_status(now_ms);
        }
        if change.went_down {
            self.tell(key.network, Happened::PeerDisconnected(key.peer.clone()));
        }
        if change.went_up.is_some() {
            self.tell(key.network, Happened::PeerConnected(key.peer.clone()));
        }
    }

    /// Tells whoever listens to a network.
    pub fn tell(&self, network: NetworkId, happened: Happened) {
        if let Some(running) = self.networks.get(&network) {
            self.database.tell_network(NetworkEvent { network: running.name.clone(), happened });
        }
    }

    pub fn stop_receiving(&mut self, change: &LinkChange) {
        if let Some(task) = change.stop.and_then(|id| self.receiving.remove(&id)) {
            task.abort();
        }
    }

    pub fn has_link_with(&self, peer: &libp2p::PeerId) -> bool {
        let here = peer_here(peer);
        self.networks.keys().any(|network| self.links.is_up(&LinkKey { peer: here.clone(), network: *network }))
    }

    /// Wants a link with each connected peer in each network that named it or has it for a member.
    pub fn want_links(&mut self) {
        for peer in self.connections.peers() {
            self.want_links_with(peer);
        }
    }

    pub fn want_links_with(&mut self, peer: libp2p::PeerId) {
        let here = peer_here(&peer);
        let mut networks = self.dialer.networks_of(peer);
        networks
            .extend(self.networks.iter().filter(|(_, network)| network.members.contains_key(&here)).map(|(id, _)| *id));
        for network in networks.into_iter().filter(|network| self.networks.contains_key(network)) {
            self.links.want(LinkKey { peer: here.clone(), network });
        }
    }

    /// Asks for the streams that links lack.
    pub fn open_links(&mut self, now_ms: u64) {
        for key in self.links.to_open(now_ms) {
            let Some(peer) = peer_there(&key.peer) else { continue };
            let Some(connection) = self.connections.best(&peer) else { continue };
            if self.epochs_with(key.network, &key.peer).is_empty() {
                continue;
            }
            let number = self.next_number();
            self.links.opening(&key);
            self.opening.insert(number, (connection, Opening::Link(key)));
            self.swarm.behaviour_mut().streams.open(peer, connection, StreamKind::Sync.protocols(), number);
        }
    }

    /// Epochs of a network that a peer may take part in, newest first.
    fn epochs_with(&self, network: NetworkId, peer: &PeerId) -> Vec<u64> {
        let mut epochs = self.keyring.epochs(network);
        epochs.retain(|epoch| self.keyring.admits(network, *epoch, peer));
        epochs
    }

    /// A stream that was asked for is there.
    pub fn stream_opened(&mut self, number: u64, protocol: &StreamProtocol, stream: Stream) {
        let Some((_, opening)) = self.opening.remove(&number) else { return };
        let key = match opening {
            // Whoever asked may have given up.
            Opening::Blob(reply) => return drop(reply.send(Ok(stream))),
            Opening::Link(key) => key,
        };
        let epochs = self.epochs_with(key.network, &key.peer);
        let Some(proving) = self.links.opened(&key, &epochs) else { return };
        // A peer agrees on no other.
        let Some(version) = spoken_version(protocol.as_ref()) else { return self.end_of(proving.id) };
        let parties = Parties { purpose: Purpose::Sync, initiator: &self.this, responder: &key.peer };
        let hello = fresh_nonce().map(|nonce| self.keyring.hello(key.network, proving.epoch, parties, nonce));
        match hello {
            Ok(Some(hello)) => {
                let end = LinkEnd { id: proving.id, version };
                drop(tokio::spawn(run_outgoing(self.context.clone(), end, stream, hello, proving.queued)));
            }
            Ok(None) => self.end_of(proving.id),
            Err(error) => {
                tracing::error!(%error, "no proof can be begun");
                self.end_of(proving.id);
            }
        }
    }

    /// There will be no stream for this number.
    pub fn stream_failed(&mut self, number: u64) {
        let Some((_, opening)) = self.opening.remove(&number) else { return };
        match opening {
            Opening::Blob(reply) => drop(reply.send(Err(Error::new(ErrorKind::Io, "it opens no stream")))),
            Opening::Link(key) => {
                let (now_ms, random) = (self.now_ms(), self.next_random());
                self.links.open_failed(&key, now_ms, random);
                self.link_refused(&key, "it opens no stream for a network");
            }
        }
    }

    /// Streams that were asked for on a connection that is gone.
    pub fn streams_lost(&mut self, connection: ConnectionId) {
        let lost = self.opening.iter().filter(|(_, (on, _))| *on == connection).map(|(number, _)| *number);
        for number in lost.collect::<Vec<_>>() {
            self.stream_failed(number);
        }
    }

    /// A peer has opened a stream: it may prove itself.
    pub fn stream_arrived(&mut self, peer: libp2p::PeerId, protocol: &StreamProtocol, stream: Stream) {
        let here = peer_here(&peer);
        let (now_ms, is_member) = (self.now_ms(), self.is_member(&here));
        if !self.door.admits(&here, is_member, now_ms) {
            return;
        }
        let (context, keyring) = (self.context.clone(), Arc::clone(&self.keyring));
        if StreamKind::of(protocol.as_ref()).is_some_and(|(kind, _)| kind == StreamKind::Blob) {
            drop(tokio::spawn(serve_blob(context, Arc::clone(&self.server), here, keyring, stream)));
            return;
        }
        let Some(version) = spoken_version(protocol.as_ref()) else { return };
        let id = self.links.new_end();
        let task = tokio::spawn(run_incoming(context, LinkEnd { id, version }, here, keyring, stream));
        self.receiving.insert(id, task.abort_handle());
    }

    pub fn end_half_links(&mut self, now_ms: u64) {
        for id in self.links.half_for_too_long(now_ms) {
            self.end_of(id);
        }
    }

    /// Ends links of epochs that are over; their peers have been told of the new one.
    pub fn end_old_epochs(&mut self, now_ms: u64) {
        let over = self.epochs_end.iter().filter(|(_, end_ms)| **end_ms <= now_ms).map(|(id, _)| *id);
        for id in over.collect::<Vec<_>>() {
            self.epochs_end.remove(&id);
            let Some(epoch) = self.networks.get(&id).map(|running| running.config.epoch) else { continue };
            for key in self.links.of_other_epochs(id, epoch) {
                let change = self.links.take_down(&key);
                self.changed(&key, &change);
            }
        }
    }
}

/// Lets a peer prove a network's key on a stream, and gives it the blob that it asks for.
async fn serve_blob(
    context: LinkContext,
    server: Arc<BlobServer>,
    peer: PeerId,
    keyring: Arc<Keyring>,
    stream: Stream,
) {
    let parties = Parties { purpose: Purpose::Blob, initiator: &peer, responder: &context.this };
    let proven = timeout(PROOF_TIMEOUT, answer(stream, parties, &keyring)).await;
    drop(keyring);
    let is_proven = matches!(proven, Ok(Ok(_)));
    // The node's task is gone when the node has stopped.
    drop(context.events.send(LinkEvent::BlobAsked { peer: peer.clone(), is_proven }).await);
    if let Ok(Ok((answer, frames))) = proven
        && let Err(error) = server.serve(answer.network, &peer, frames, &answer.keys.to_initiator).await
    {
        tracing::debug!(%peer, network = answer.network.0, %error, "serving a blob ended early");
    }
}
