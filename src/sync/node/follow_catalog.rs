//! When the catalog has changed: networks begin and end, and keys, members and options are brought up to date.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use libp2p::Multiaddr;

use crate::error::{Error, Result};
use crate::model::NetworkId;
use crate::sync::engine::io::EngineInput;
use crate::sync::node::load_networks::{LoadedKind, LoadedPeering, LoadedPosting, NetworkSnapshot};
use crate::sync::node::node::{Node, Stopped};
use crate::sync::node::posting::EndpointPosting;
use crate::sync::node::running_network::RunningNetwork;
use crate::sync::protocol::proof::{EPOCHS_MAX, Keyring, NetworkEpoch};
use crate::sync::transport::address::{from_peer, peer_there};
use crate::sync::transport::reach::{NAMED_MAX, Reach};

/// How long members that proved an older epoch are told of the new one before their links end, in milliseconds.
const OLD_EPOCH_MS: u64 = 1_500;

impl Node {
    /// Reads the catalog and what belongs to it, elsewhere; [`apply_loaded`](Node::apply_loaded) follows.
    pub fn reload(&mut self) {
        if self.is_loading {
            self.is_outdated = true;
            return;
        }
        self.is_loading = true;
        self.is_outdated = false;
        let (memory, database, loaded) = (self.memory.clone(), self.database.clone(), self.loaded.clone());
        let seed = self.next_random();
        drop(tokio::task::spawn_blocking(move || {
            let read = catch_unwind(AssertUnwindSafe(|| memory.load(&database, seed)));
            let read = read.unwrap_or_else(|_| Err(Error::internal("reading the networks broke off")));
            // The task is gone when the node has stopped.
            drop(loaded.blocking_send(read));
        }));
    }

    pub fn apply_loaded(&mut self, loaded: Result<NetworkSnapshot>) {
        self.is_loading = false;
        match loaded {
            Ok(loaded) => self.set_networks(loaded),
            // The catalog changed while it was read, or the disk failed; the next look comes with the next change.
            Err(error) => tracing::warn!(%error, "the networks could not be read"),
        }
        if self.is_outdated {
            return self.reload();
        }
        for command in std::mem::take(&mut self.delayed) {
            self.command(command);
        }
    }

    fn set_networks(&mut self, loaded: NetworkSnapshot) {
        self.version = loaded.version;
        let wants_mdns = self.memory.wants_mdns(&self.database.catalog());
        if wants_mdns != self.has_mdns || self.database.peer_id() != self.this {
            self.stopped = Some(Stopped::Restart);
            return;
        }
        if loaded.networks.is_empty() && self.listen.is_empty() {
            self.stopped = Some(Stopped::Idle);
            return;
        }
        let (mut peerings, mut postings) = (BTreeMap::new(), BTreeMap::new());
        for network in loaded.networks {
            match network.kind {
                LoadedKind::Peering(peering) => drop(peerings.insert(network.id, peering)),
                LoadedKind::Posting(posting) => drop(postings.insert(network.id, (network.name, posting))),
            }
        }
        self.set_postings(postings);
        let gone: Vec<NetworkId> = self.networks.keys().filter(|id| !peerings.contains_key(id)).copied().collect();
        for id in gone {
            self.remove_network(id);
        }
        for (id, peering) in peerings {
            self.set_peering(id, *peering);
        }
        let looking = self.networks.iter().filter(|(_, running)| running.config.options.mdns);
        self.dialer.look_among_neighbours(looking.map(|(id, _)| *id).collect());
        self.remake_keyring();
        self.has_new_members = true;
        self.tell_members();
        // Not before members are known: who connects earlier would be a stranger to Kademlia and AutoNAT until the next time.
        let begins = !self.listening.has_begun();
        if !self.networks.is_empty() || !self.listen.is_empty() {
            self.listen();
        }
        self.end_unadmitted();
        let now_ms = self.now_ms();
        if !begins {
            // Else a moment later, from the ports that are listened on, so that others see those.
            self.dial(now_ms);
        }
        self.want_links();
        self.open_links(now_ms);
        self.has_news = true;
        self.publish_status(now_ms);
    }

    fn set_postings(&mut self, loaded: BTreeMap<NetworkId, (String, LoadedPosting)>) {
        let is_kept =
            |id: &NetworkId, posting: &EndpointPosting| loaded.get(id).is_some_and(|(_, new)| posting.is_as(new));
        let gone: Vec<NetworkId> =
            self.postings.iter().filter(|(id, posting)| !is_kept(id, posting)).map(|(id, _)| *id).collect();
        for id in gone {
            self.postings.remove(&id);
            self.end_syncs_of(id);
        }
        for (id, (name, options)) in loaded {
            if self.postings.contains_key(&id) {
                continue;
            }
            let seed = self.next_random();
            match EndpointPosting::start(&self.database, id, &name, options, seed) {
                Ok(posting) => drop(self.postings.insert(id, posting)),
                Err(error) => tracing::error!(network = id.0, %error, "a network cannot be posted to"),
            }
        }
    }

    fn set_peering(&mut self, id: NetworkId, loaded: LoadedPeering) {
        let now_ms = self.now_ms();
        let Some(running) = self.networks.get_mut(&id) else {
            tracing::info!(network = id.0, members = loaded.members.len(), "network begins");
            self.networks.insert(id, RunningNetwork::new(&self.database, loaded, now_ms));
            if !self.addresses.is_empty() {
                self.feed(id, EngineInput::Addresses { addresses: self.addresses.clone() });
            }
            return;
        };
        let LoadedPeering { mut config, keys, bootstrap, .. } = loaded;
        // Its randomness has begun already.
        config.seed = running.config.seed;
        let has_new_epoch = config.epoch != running.config.epoch;
        let has_changed = config != running.config;
        running.keys = keys;
        running.bootstrap = bootstrap;
        running.config = config.clone();
        running.members.retain(|_, member| member.is_of_now(&config.removed));
        if has_changed {
            self.feed(id, EngineInput::Reconfigured(Box::new(config)));
        }
        if has_new_epoch {
            self.epochs_end.insert(id, now_ms.saturating_add(OLD_EPOCH_MS));
        }
    }

    fn remove_network(&mut self, id: NetworkId) {
        tracing::info!(network = id.0, "network ends");
        self.networks.remove(&id);
        self.troubles.forget(id);
        self.epochs_end.remove(&id);
        for key in self.links.keys_of(id) {
            let change = self.links.take_down(&key);
            self.stop_receiving(&change);
        }
        self.links.remove_network(id);
        self.dialer.remove_network(id);
        self.bans.retain(|(_, _, network)| *network != Some(id));
        self.end_syncs_of(id);
    }

    /// Puts the keys of all networks into a new keyring.
    pub fn remake_keyring(&mut self) {
        let mut epochs = Vec::new();
        for (id, running) in &self.networks {
            let removed: BTreeSet<_> = running.config.removed.iter().cloned().collect();
            for (age, key) in running.keys.iter().take(EPOCHS_MAX).enumerate() {
                epochs.push(NetworkEpoch {
                    network: *id,
                    name: running.name.clone(),
                    epoch: key.epoch,
                    key: key.key.clone(),
                    only: (age > 0).then(|| running.members.keys().cloned().collect()),
                    removed: removed.clone(),
                });
            }
        }
        match Keyring::new(epochs) {
            Ok(mut keyring) => {
                for (_, peer, network) in &self.bans {
                    if let Some(network) = network {
                        keyring.set_banned(peer, *network, true);
                    }
                }
                self.keyring = Arc::new(keyring);
            }
            Err(error) => tracing::error!(%error, "the keys of networks cannot be used"),
        }
    }

    /// Ends links with peers that may not take part any more.
    fn end_unadmitted(&mut self) {
        let ids: Vec<NetworkId> = self.networks.keys().copied().collect();
        for id in ids {
            let epochs = self.keyring.epochs(id);
            for key in self.links.keys_of(id) {
                let is_admitted = epochs.iter().any(|epoch| self.keyring.admits(id, *epoch, &key.peer));
                if !is_admitted {
                    let change = self.links.take_down(&key);
                    self.changed(&key, &change);
                }
            }
        }
    }

    /// Tells everybody here who is a member of what, where that has changed.
    pub fn tell_members(&mut self) {
        if !std::mem::take(&mut self.has_new_members) {
            return;
        }
        let (mut of_some, mut of_all) = (HashSet::new(), None::<HashSet<_>>);
        let mut confirmed = HashSet::new();
        let listened: Vec<Multiaddr> = self.swarm.listeners().cloned().collect();
        let mut reach_of_all = Reach::default();
        for (id, running) in &self.networks {
            let reach = Reach::new(running.bootstrap.iter().chain(&self.listen), &listened);
            let mut members = Vec::new();
            for member in running.members.values() {
                let Some(peer) = peer_there(&member.peer) else { continue };
                if member.is_confirmed() {
                    confirmed.insert(peer);
                }
                let named = member.addresses.iter().filter_map(|text| from_peer(text));
                let named = named.filter(|address| reach.permits(address)).take(NAMED_MAX);
                let reached = member.reached.iter().filter_map(|text| from_peer(text));
                members.push((peer, named.chain(reached).collect::<Vec<_>>()));
            }
            reach_of_all = reach_of_all.or(reach);
            self.dialer.set_network(*id, &running.bootstrap, &members);
            let peers: HashSet<_> = members.into_iter().map(|(peer, _)| peer).collect();
            of_some.extend(peers.iter().copied());
            of_all = Some(match of_all {
                None => peers,
                Some(others) => others.intersection(&peers).copied().collect(),
            });
        }
        self.reach = reach_of_all;
        let behaviour = self.swarm.behaviour_mut();
        behaviour.set_reach(&self.reach);
        let outdated = behaviour.set_members(confirmed, of_some, of_all.unwrap_or_default());
        for peer in outdated {
            if self.connections.is_connected(&peer) && !self.has_link_with(&peer) {
                // Where it has gone meanwhile, nothing is left to do.
                self.swarm.disconnect_peer_id(peer).unwrap_or_default();
            }
        }
        if self.networks.values().any(|running| running.keys.len() > 1) {
            self.remake_keyring();
        }
    }
}
