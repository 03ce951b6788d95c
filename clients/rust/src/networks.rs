//! Networks of peers. Nothing leaves a node that was not staged.

use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::compile::Parameters;
use crate::database::Database;
use crate::error::{Error, Result};

/// Options of a network by their names in KNIRVQL: `sync_interval_ms`, `replication`, `mdns`, …
pub type Options = Map<String, Value>;

/// The networks of a node.
#[derive(Clone, Copy)]
pub struct Networks<'a> {
    database: &'a Database,
}

/// This node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeInfo {
    /// Its id, which others know it by.
    pub peer_id: String,
    /// Where others join.
    pub addresses: Vec<String>,
    /// Whether it is in a network, and listens.
    pub is_running: bool,
}

/// A member of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerInfo {
    /// The network.
    pub network: String,
    /// Its id.
    pub peer_id: String,
    /// Whether there is a connection to it.
    pub is_connected: bool,
    /// How long a message takes to it and back.
    pub latency_ms: Option<f64>,
    /// How many of its changes are not here.
    pub behind_deltas: Option<i64>,
}

/// What went to and came from a network since the node started.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkStats {
    /// The network.
    pub network: String,
    /// Members with a connection.
    pub connected_peers: i64,
    /// Members that are known.
    pub total_peers: i64,
    /// Collections that are attached.
    pub collections_shared: i64,
    /// Changes sent.
    pub operations_sent: i64,
    /// Changes received.
    pub operations_received: i64,
    /// Bytes in both directions.
    pub bytes_transferred: i64,
}

/// How much of one peer's writing in one collection is here.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncState {
    /// The network.
    pub network: String,
    /// The collection.
    pub collection: String,
    /// Who wrote it; nothing where nobody has yet.
    pub origin: Option<String>,
    /// The number of its last change that is here.
    pub sequence: Option<i64>,
    /// Entries that wait for the next sync.
    pub staged_entries: i64,
    /// Whether a sync runs.
    pub is_syncing: bool,
}

/// What a sync did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncReport {
    /// Networks that it looked at.
    pub networks: u64,
    /// Peers that were connected.
    pub peers: u64,
    /// Entries that were posted.
    pub posted: u64,
    /// Entries that came.
    pub received: u64,
    /// Where nobody was connected, and what an endpoint refused.
    pub notices: Vec<String>,
}

impl<'a> Networks<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Networks { database }
    }

    /// Founds a network. Without a secret it gets a random one, which [`Networks::secret`] tells.
    ///
    /// Returns an error when there is one of the name.
    pub async fn create(&self, name: &str, secret: Option<&str>, options: Options) -> Result<()> {
        self.call("nebulus_create_network", [name], Some(with_secret(secret, options))).await?;
        Ok(())
    }

    /// Joins a network at the addresses of some of its members, which [`Networks::node`] tells there.
    ///
    /// Returns an error when an address cannot be read. Whether a member let this node in, `nebulus.networks` says later.
    pub async fn join(&self, name: &str, addresses: &[&str], secret: &str, options: Options) -> Result<()> {
        if addresses.is_empty() || addresses.iter().any(|address| address.contains(',')) {
            return Err(Error::input("join() takes the addresses of members, each as a text of its own"));
        }
        let addresses = addresses.join(", ");
        self.call("nebulus_join_network", [name, &addresses], Some(with_secret(Some(secret), options))).await?;
        Ok(())
    }

    /// Leaves a network. Its collections stay here, as they are.
    ///
    /// Returns an error when there is none of the name.
    pub async fn leave(&self, name: &str) -> Result<()> {
        self.call("nebulus_leave_network", [name], None).await?;
        Ok(())
    }

    /// Attaches a collection to a network: what is staged in it from now on is posted there.
    ///
    /// Returns an error when it is attached already.
    pub async fn attach(&self, collection: &str, network: &str) -> Result<()> {
        self.call("nebulus_attach", [collection, network], None).await?;
        Ok(())
    }

    /// Ends the sharing of a collection.
    ///
    /// Returns an error when it is not attached.
    pub async fn detach(&self, collection: &str, network: &str) -> Result<()> {
        self.call("nebulus_detach", [collection, network], None).await?;
        Ok(())
    }

    /// Changes options of a network.
    ///
    /// Returns an error for an option that there is not.
    pub async fn alter(&self, name: &str, options: Options) -> Result<()> {
        self.call("nebulus_alter_network", [name], Some(options)).await?;
        Ok(())
    }

    /// Shuts a peer out: the others get a new key.
    ///
    /// Returns an error when it is no member.
    pub async fn remove_peer(&self, name: &str, peer_id: &str) -> Result<()> {
        self.call("nebulus_remove_peer", [name, peer_id], None).await?;
        Ok(())
    }

    /// Gives the network this secret and a new key.
    ///
    /// Returns an error when there is no network of the name.
    pub async fn rotate_secret(&self, name: &str, secret: &str) -> Result<()> {
        self.call("nebulus_rotate_secret", [name, secret], None).await?;
        Ok(())
    }

    /// The secret of a network: the invitation, for its owner.
    ///
    /// Returns an error when there is no network of the name.
    pub async fn secret(&self, name: &str) -> Result<String> {
        let rows = self.call("nebulus_network_secret", [name], None).await?;
        one(&rows, |row| Ok(row.try_get(0)?))
    }

    /// Posts what is staged and fetches what is missing now, for one network or for all.
    ///
    /// Returns an error when there is no network of the name.
    pub async fn sync(&self, name: Option<&str>) -> Result<SyncReport> {
        self.database.notices().await;
        let rows = match name {
            Some(name) => self.call("nebulus_sync", [name], None).await?,
            None => self.database.client().query_typed("SELECT nebulus_sync()", &[]).await?,
        };
        let said: Value = one(&rows, |row| Ok(row.try_get(0)?))?;
        let number = |name: &str| said.get(name).and_then(Value::as_u64).unwrap_or_default();
        Ok(SyncReport {
            networks: number("networks"),
            peers: number("peers"),
            posted: number("posted"),
            received: number("received"),
            notices: self.database.notices().await,
        })
    }

    /// This node: its id, and the addresses at which others join.
    ///
    /// Returns an error when the connection broke.
    pub async fn node(&self) -> Result<NodeInfo> {
        let rows =
            self.database.client().query_typed("SELECT peer_id, addresses, running FROM nebulus.node", &[]).await?;
        one(&rows, |row| {
            Ok(NodeInfo {
                peer_id: row.try_get(0)?,
                addresses: row.try_get::<_, Option<_>>(1)?.unwrap_or_default(),
                is_running: row.try_get(2)?,
            })
        })
    }

    /// The members of a network, or of all of them.
    ///
    /// Returns an error when the connection broke.
    pub async fn peers(&self, network: Option<&str>) -> Result<Vec<PeerInfo>> {
        let rows = self.table("network, peer_id, connected, latency_ms, behind_deltas", "peers", network).await?;
        let peer = |row: &Row| {
            Ok(PeerInfo {
                network: row.try_get(0)?,
                peer_id: row.try_get(1)?,
                is_connected: row.try_get(2)?,
                latency_ms: row.try_get(3)?,
                behind_deltas: row.try_get(4)?,
            })
        };
        rows.iter().map(peer).collect()
    }

    /// What went to and came from a network, or all of them.
    ///
    /// Returns an error when the connection broke.
    pub async fn stats(&self, network: Option<&str>) -> Result<Vec<NetworkStats>> {
        let columns = "network, connected_peers, total_peers, collections_shared, operations_sent, operations_received, \
                       bytes_transferred";
        let rows = self.table(columns, "network_stats", network).await?;
        let stats = |row: &Row| {
            Ok(NetworkStats {
                network: row.try_get(0)?,
                connected_peers: row.try_get(1)?,
                total_peers: row.try_get(2)?,
                collections_shared: row.try_get(3)?,
                operations_sent: row.try_get(4)?,
                operations_received: row.try_get(5)?,
                bytes_transferred: row.try_get(6)?,
            })
        };
        rows.iter().map(stats).collect()
    }

    /// How much of each peer's writing is here, by collection.
    ///
    /// Returns an error when the connection broke.
    pub async fn sync_state(&self, network: Option<&str>) -> Result<Vec<SyncState>> {
        let columns = "network, collection, origin, seq, staged_entries, sync_in_progress";
        let rows = self.table(columns, "sync_state", network).await?;
        let state = |row: &Row| {
            Ok(SyncState {
                network: row.try_get(0)?,
                collection: row.try_get(1)?,
                origin: row.try_get(2)?,
                sequence: row.try_get(3)?,
                staged_entries: row.try_get(4)?,
                is_syncing: row.try_get(5)?,
            })
        };
        rows.iter().map(state).collect()
    }

    async fn table(&self, columns: &str, table: &str, network: Option<&str>) -> Result<Vec<Row>> {
        let client = self.database.client();
        let text = format!("SELECT {columns} FROM nebulus.{table}");
        Ok(match network {
            None => client.query_typed(&text, &[]).await?,
            Some(name) => client.query_typed(&format!("{text} WHERE network = $1"), &[(&name, Type::TEXT)]).await?,
        })
    }

    async fn call<const N: usize>(
        &self,
        function: &str,
        texts: [&str; N],
        options: Option<Options>,
    ) -> Result<Vec<Row>> {
        let mut parameters = Parameters::default();
        let mut marks: Vec<String> = texts.iter().map(|text| parameters.text(*text)).collect();
        if let Some(options) = options {
            marks.push(parameters.json(Value::Object(options)));
        }
        let text = format!("SELECT {function}({})", marks.join(", "));
        Ok(self.database.client().query_typed(&text, &parameters.typed()).await?)
    }
}

fn with_secret(secret: Option<&str>, mut options: Options) -> Options {
    if let Some(secret) = secret {
        options.insert("secret".to_string(), json!(secret));
    }
    options
}

/// What the only row of an answer says.
fn one<T>(rows: &[Row], read: impl FnOnce(&Row) -> Result<T>) -> Result<T> {
    let row = rows.first().ok_or_else(|| Error::input("the server's answer has no row where it always has one"))?;
    read(row)
}
