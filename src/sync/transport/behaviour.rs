//! The protocols of a node, and with whom each is spoken.
//!
//! | protocol | with | for |
//! |---|---|---|
//! | `/nebulusdb/sync/N.0.0`, `/nebulusdb/blob/N.0.0` for each version N that is spoken (`versions`) | anybody, who then proves a network's key | everything of a network |
//! | identify, ping | anybody | addresses, whether the connection lives |
//! | relay (client), DCUtR | anybody that the configuration names | a way through NAT |
//! | AutoNAT (client) | anybody | which of the own addresses the world reaches |
//! | AutoNAT (server) | members | the same for them |
//! | Kademlia | members of all networks of this node | new addresses of members that have moved |
//! | mDNS | the local network, where a network has `mdns = true` | members there |
//!
//! A network is named in none of them: protocol names are the same on all nodes, and what would tell of networks or members
//! is not even offered to strangers. Kademlia asks for more than membership in one network, because its answers do not
//! know which network a peer belongs to. gossipsub and request-response are not here. Deltas go over one ordered, sealed
//! stream for each member and network, which has backpressure, needs no second round for what did not fit into 64 KiB,
//! and sends nothing twice; gossipsub would flood them to strangers that subscribe to a topic, and request-response would
//! read whole bodies into memory.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use libp2p::allow_block_list::{self, BlockedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::identity::Keypair;
use libp2p::kad::store::MemoryStore;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, StreamProtocol, autonat, dcutr, identify, kad, mdns, ping, relay};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::protocol::versions::{NEWEST, StreamKind};
use crate::sync::transport::member_gate::MembersOnly;
use crate::sync::transport::reach::Reach;
use crate::sync::transport::{named_dials, raw_streams, visitors};

const KADEMLIA_PROTOCOL: StreamProtocol = StreamProtocol::new("/nebulusdb/kad/1.0.0");
const AGENT_VERSION: &str = concat!("nebulusdb/", env!("CARGO_PKG_VERSION"));

/// Connections with one peer that is not known as a member, at most.
const PER_PEER_MAX: u32 = 4;
/// How often a connection that says nothing is tried.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long the answer may take.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Peers asked when one is looked for.
const KADEMLIA_CLOSEST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
const KADEMLIA_QUERY_TIMEOUT: Duration = Duration::from_secs(20);

/// All protocols of a node.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    // Those that refuse connections come first, so that no other sets up anything for a connection that is refused.
    pub limits: connection_limits::Behaviour,
    pub visitors: visitors::VisitorBehaviour,
    pub dials: named_dials::NamedDialBehaviour,
    pub blocked: allow_block_list::Behaviour<BlockedPeers>,
    pub streams: raw_streams::RawStreamBehaviour,
    pub identify: identify::Behaviour,
    pub ping: ping::Behaviour,
    pub kademlia: MembersOnly<kad::Behaviour<MemoryStore>>,
    pub mdns: Toggle<mdns::tokio::Behaviour>,
    pub autonat: autonat::v2::client::Behaviour,
    pub autonat_server: MembersOnly<autonat::v2::server::Behaviour>,
    pub relay: relay::client::Behaviour,
    pub dcutr: dcutr::Behaviour,
}

impl Behaviour {
    /// # Errors
    /// F0000 where mDNS is wanted and its socket cannot be had.
    pub fn new(keypair: &Keypair, relay: relay::client::Behaviour, wants_mdns: bool) -> Result<Behaviour> {
        let this = keypair.public().to_peer_id();
        let mdns = match wants_mdns {
            false => None,
            true => Some(mdns::tokio::Behaviour::new(mdns::Config::default(), this).map_err(|error| {
                Error::new(ErrorKind::Configuration, format!("multicast DNS cannot be used: {error}"))
                    .with_hint("Set mdns = false on the networks that have it.")
            })?),
        };
        let limits = ConnectionLimits::default().with_max_established_per_peer(Some(PER_PEER_MAX));
        let identify = identify::Config::new(format!("nebulusdb/{NEWEST}.0.0"), keypair.public())
            .with_agent_version(AGENT_VERSION.to_string())
            .with_push_listen_addr_updates(true)
            .with_cache_size(0);
        Ok(Behaviour {
            limits: connection_limits::Behaviour::new(limits),
            visitors: visitors::VisitorBehaviour::default(),
            dials: named_dials::NamedDialBehaviour::default(),
            blocked: allow_block_list::Behaviour::default(),
            streams: raw_streams::RawStreamBehaviour::new(
                [StreamKind::Sync, StreamKind::Blob].iter().flat_map(|kind| kind.protocols()).collect(),
            ),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT)),
            kademlia: MembersOnly::new(kademlia(this)),
            mdns: Toggle::from(mdns),
            autonat: autonat::v2::client::Behaviour::default(),
            autonat_server: MembersOnly::new(autonat::v2::server::Behaviour::default()),
            relay,
            dcutr: dcutr::Behaviour::new(this),
        })
    }

    /// Where others may send this node.
    pub fn set_reach(&mut self, reach: &Reach) {
        self.kademlia.set_reach(reach.clone());
        self.dials.set_reach(reach.clone());
    }

    /// Whom more than one member knows as a member of some network here, who is said to be one, and who of all of them. Whoever is offered more than before gets it with the
    /// next connection. Connections whose peers are offered less are to be made anew: whose they are is returned.
    pub fn set_members(
        &mut self,
        confirmed: HashSet<PeerId>,
        of_some: HashSet<PeerId>,
        of_all: HashSet<PeerId>,
    ) -> Vec<PeerId> {
        let mut outdated: Vec<_> = self.kademlia.served().difference(&of_all).copied().collect();
        outdated.extend(self.autonat_server.served().difference(&of_some));
        confirmed.iter().for_each(|peer| self.limits.bypass_peer_id(peer));
        self.visitors.set_members(confirmed);
        self.kademlia.set_members(of_all);
        self.autonat_server.set_members(of_some);
        outdated
    }
}

/// Kademlia that keeps no records and puts only those peers into its table that it is told of.
fn kademlia(this: PeerId) -> kad::Behaviour<MemoryStore> {
    let mut config = kad::Config::new(KADEMLIA_PROTOCOL);
    config
        .set_query_timeout(KADEMLIA_QUERY_TIMEOUT)
        .set_replication_factor(KADEMLIA_CLOSEST)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_periodic_bootstrap_interval(None);
    // Without a mode set, it serves others once this node is known to be reachable.
    kad::Behaviour::with_config(this, MemoryStore::new(this), config)
}
