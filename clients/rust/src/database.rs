//! A connection to a server, and transactions.

use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, IsolationLevel, NoTls, Socket};

use crate::changes::{Change, NetworkEvent, Subscription};
use crate::collection::Collection;
use crate::compile::identifier;
use crate::connection::{Connector, Opened, configuration};
use crate::embedded::{Embedded, Server};
use crate::entry::Found;
use crate::error::Result;
use crate::networks::Networks;
use crate::search::Metric;
use crate::secrets::Secrets;

/// A connection to a server, and with [`Database::embedded`] the server itself.
///
/// Tasks may share it: their statements take turns. Transactions need it for themselves; for several at once open several.
pub struct Database {
    client: Client,
    connector: Connector,
    messages: tokio::sync::Mutex<mpsc::Receiver<AsyncMessage>>,
    server: Option<Server>,
}

impl Database {
    /// Connects to a server. Without a URL that is `NEBULUSDB_URL`, or port 5433 of this machine; without a password in it that is
    /// `NEBULUSDB_PASSWORD`, or the one that the first start of this machine's server left in a file of this user.
    ///
    /// Returns an error when the URL cannot be read, nobody listens there, or the password is another one.
    pub async fn connect(url: Option<&str>) -> Result<Self> {
        Self::over(Connector::new(url)?, None).await
    }

    /// Connects with TLS, by a connector for tokio-postgres such as those of `postgres-native-tls` and `tokio-postgres-rustls`.
    ///
    /// Errors are those of [`Database::connect`].
    pub async fn connect_with_tls<T>(url: Option<&str>, tls: T) -> Result<Self>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self::over(Connector::with(configuration(url)?, tls), None).await
    }

    /// Starts a server of this program's own and connects to it. It ends with [`Database::close`], with this value, or with the program.
    ///
    /// Returns [`crate::Error::Embedded`] with the server's last words when it does not start.
    pub async fn embedded(embedded: Embedded) -> Result<Self> {
        let server = embedded.start().await?;
        let mut config: tokio_postgres::Config = server.url.parse()?;
        if let Some(password) = &server.password {
            config.password(password);
        }
        Self::over(Connector::with(config, NoTls), Some(server)).await
    }

    async fn over(connector: Connector, server: Option<Server>) -> Result<Self> {
        let Opened { client, messages } = connector.open().await?;
        Ok(Database { client, connector, messages: tokio::sync::Mutex::new(messages), server })
    }

    /// A second connection to the same server, which does not keep an embedded one alive.
    ///
    /// Errors are those of [`Database::connect`].
    pub async fn another(&self) -> Result<Self> {
        Self::over(self.connector.clone(), None).await
    }

    /// tokio-postgres' own client, for all of SQL and KNIRVQL.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where the embedded server listens and where its data are, if there is one.
    #[must_use]
    pub fn server(&self) -> Option<(&str, &std::path::Path)> {
        self.server.as_ref().map(|server| (server.url.as_str(), server.data_dir.as_path()))
    }

    /// The collection `memory`, which KNIRVQL uses unless a statement says another one.
    #[must_use]
    pub fn memory(&self) -> Collection<'_> {
        self.collection("memory")
    }

    /// The collection of this name. It is not made by this: [`Database::create_collection`] does.
    #[must_use]
    pub fn collection(&self, name: &str) -> Collection<'_> {
        Collection::new(&self.client, name)
    }

    /// Makes a collection unless there is one of the name: an id, facts, and vectors of this dimension with an index for the metric.
    ///
    /// Returns an error when the server refuses the name or the dimension.
    pub async fn create_collection(&self, name: &str, dimensions: u32, metric: Metric) -> Result<Collection<'_>> {
        let (table, index) = (identifier(name), identifier(&format!("{name}_vector_idx")));
        let class = metric.word();
        self.client
            .batch_execute(&format!(
                "CREATE TABLE IF NOT EXISTS {table} (id text PRIMARY KEY, metadata jsonb NOT NULL DEFAULT '{{}}', \
                 vector vector({dimensions})); \
                 CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw (vector vector_{class}_ops)"
            ))
            .await?;
        Ok(self.collection(name))
    }

    /// Drops a collection with its entries.
    ///
    /// Returns an error when there is none.
    pub async fn drop_collection(&self, name: &str) -> Result<()> {
        Ok(self.client.batch_execute(&format!("DROP TABLE {}", identifier(name))).await?)
    }

    /// Runs a statement of KNIRVQL or SQL whose first two columns are an id and facts, as `GET MEMORY FIELDS id, metadata` is. For
    /// others use [`Database::client`].
    ///
    /// Returns [`crate::Error::Facts`] for facts that are not of the type.
    pub async fn entries<F: DeserializeOwned>(&self, statement: &str) -> Result<Vec<Found<F>>> {
        let rows = self.client.query_typed(statement, &[]).await?;
        rows.iter().map(Found::from_row).collect()
    }

    /// Begins a transaction. It is rolled back when it is dropped before [`Transaction::commit`].
    ///
    /// Returns an error when the connection broke.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>> {
        // Whoever was slower is told so, rather than goes on with what the other one has written.
        let level = IsolationLevel::RepeatableRead;
        Ok(Transaction { inner: self.client.build_transaction().isolation_level(level).start().await? })
    }

    /// The networks of this node.
    #[must_use]
    pub fn networks(&self) -> Networks<'_> {
        Networks::new(self)
    }

    /// The encrypted entries that never leave this node.
    #[must_use]
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets::new(&self.client)
    }

    /// Listens to the changes of a collection, local ones and those of peers, over a connection of its own. What is committed
    /// after this returns is told.
    ///
    /// Returns an error when the collection is not there.
    pub async fn subscribe(&self, collection: &str) -> Result<Subscription<Change>> {
        Subscription::open(&self.connector, format!("changes:{collection}")).await
    }

    /// Listens to what happens in a network, or in all of them.
    ///
    /// Returns an error when the network is not there.
    pub async fn subscribe_to_networks(&self, network: Option<&str>) -> Result<Subscription<NetworkEvent>> {
        let channel = network.map_or_else(|| "networks".to_string(), |name| format!("network:{name}"));
        Subscription::open(&self.connector, channel).await
    }

    /// What the server said beside its answers since this was last called.
    pub(crate) async fn notices(&self) -> Vec<String> {
        let mut messages = self.messages.lock().await;
        let mut notices = Vec::new();
        while let Ok(message) = messages.try_recv() {
            if let AsyncMessage::Notice(notice) = message {
                notices.push(notice.message().to_string());
            }
        }
        notices
    }

    /// Ends the connection, and the embedded server in order, if there is one.
    ///
    /// Returns [`crate::Error::Embedded`] when the server does not end in time.
    pub async fn close(self) -> Result<()> {
        drop(self.client);
        match self.server {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}

/// Statements that happen together or not at all. It sees one state of everything, and its own changes.
pub struct Transaction<'a> {
    inner: tokio_postgres::Transaction<'a>,
}

impl Transaction<'_> {
    /// The collection `memory` in this transaction.
    #[must_use]
    pub fn memory(&self) -> Collection<'_> {
        self.collection("memory")
    }

    /// The collection of this name in this transaction.
    #[must_use]
    pub fn collection(&self, name: &str) -> Collection<'_> {
        Collection::new(self.inner.client(), name)
    }

    /// tokio-postgres' own client, for all of SQL and KNIRVQL in this transaction.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.inner.client()
    }

    /// Makes it true.
    ///
    /// Returns an error of code 40001 ([`crate::Error::is_conflict`]) when another writer was first: run all of it again.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    /// Takes it back.
    ///
    /// Returns an error when the connection broke.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").field("server", &self.server()).finish_non_exhaustive()
    }
}
