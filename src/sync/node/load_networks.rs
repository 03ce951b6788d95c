//! What a node reads of its networks when the catalog has changed, and what it remembers from one start to the next.
//!
//! Reading happens on a blocking thread: stretching a secret into a key takes a tenth of a second. Keys are kept for as long
//! as their secrets stay the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::Multiaddr;
use parking_lot::Mutex;

use crate::db::{Catalog, Database, EpochSecret, NetworkKey};
use crate::error::Result;
use crate::model::{Head, Network, NetworkId};
use crate::sync::engine::Tuning;
use crate::sync::engine::io::{EngineConfig, Member};
use crate::sync::node::executor::Executor;
use crate::sync::transport::address;

/// What survives a restart of the node inside the process.
#[derive(Clone, Default)]
pub struct Memory {
    keys: Arc<Mutex<BTreeMap<NetworkId, KnownKeys>>>,
    /// A node ran before in this process, and may not have let go of its ports yet.
    pub is_restart: bool,
    /// Multicast DNS is not to be had on this machine.
    pub is_mdns_refused: bool,
}

/// The keys of a network, as long as its newest secret is this one.
struct KnownKeys {
    newest: EpochSecret,
    keys: Vec<NetworkKey>,
}

/// All networks as the catalog has them.
pub struct NetworkSnapshot {
    /// Number of the catalog that was read.
    pub version: u64,
    pub networks: Vec<LoadedNetwork>,
}

/// A network among peers.
pub struct LoadedPeering {
    pub name: String,
    pub config: EngineConfig,
    /// Newest first.
    pub keys: Vec<NetworkKey>,
    pub bootstrap: Vec<Multiaddr>,
    pub heads: Vec<Head>,
    pub members: Vec<Member>,
}

/// A network that posts to an HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedPosting {
    pub url: String,
    pub interval_ms: u64,
}

pub struct LoadedNetwork {
    pub id: NetworkId,
    pub name: String,
    pub kind: LoadedKind,
}

pub enum LoadedKind {
    Peering(Box<LoadedPeering>),
    Posting(LoadedPosting),
}

/// Whether a node would do anything for this network.
pub fn is_live(network: &Network) -> bool {
    !network.leaving
}

/// Whether it is a network among peers.
pub fn is_peering(network: &Network) -> bool {
    is_live(network) && network.options.posting_url.is_none()
}

impl Memory {
    /// Whether some network looks for members on the local network.
    pub fn wants_mdns(&self, catalog: &Catalog) -> bool {
        !self.is_mdns_refused && catalog.networks().any(|network| is_peering(network) && network.options.mdns)
    }

    /// Reads all networks. Blocking.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(&self, database: &Database, seed: u64) -> Result<NetworkSnapshot> {
        let catalog = database.catalog();
        let live: Vec<&Arc<Network>> = catalog.networks().filter(|network| is_live(network)).collect();
        self.keys.lock().retain(|id, _| live.iter().any(|network| network.id == *id));
        let mut networks = Vec::new();
        for network in live {
            let kind = match &network.options.posting_url {
                Some(url) => LoadedKind::Posting(LoadedPosting {
                    url: url.clone(),
                    interval_ms: network.options.sync_interval_ms,
                }),
                None => LoadedKind::Peering(Box::new(self.load_peering(database, network, seed)?)),
            };
            networks.push(LoadedNetwork { id: network.id, name: network.name.clone(), kind });
        }
        Ok(NetworkSnapshot { version: catalog.version(), networks })
    }

    fn load_peering(&self, database: &Database, network: &Network, seed: u64) -> Result<LoadedPeering> {
        let executor = Executor::new(database.replica(), network.id);
        let read = |text: &String| match address::parse(text) {
            Ok(address) => Some(address),
            Err(error) => {
                tracing::warn!(network = network.id.0, %error, "an address of a network is not used");
                None
            }
        };
        Ok(LoadedPeering {
            name: network.name.clone(),
            keys: self.keys(database, network)?,
            config: executor.config(Tuning::default(), seed ^ u64::from(network.id.0))?,
            bootstrap: network.bootstrap.iter().filter_map(read).collect(),
            heads: executor.heads()?,
            members: executor.members()?,
        })
    }

    fn keys(&self, database: &Database, network: &Network) -> Result<Vec<NetworkKey>> {
        let newest = database.replica().epoch_secret(network.id)?;
        if let Some(newest) = &newest
            && let Some(known) = self.keys.lock().get(&network.id)
            && known.newest.epoch == newest.epoch
            && known.newest.secret == newest.secret
        {
            return Ok(known.keys.clone());
        }
        let keys = database.replica().network_keys(network)?;
        if let Some(newest) = newest {
            self.keys.lock().insert(network.id, KnownKeys { newest, keys: keys.clone() });
        }
        Ok(keys)
    }
}
