//! Change feeds: what happens in a collection or in a network, as it happens, by the server's LISTEN.

use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client};

use crate::compile::identifier;
use crate::connection::{Connector, Opened};
use crate::error::Result;

/// How an entry changed, as a reader here sees it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// It is new.
    Insert,
    /// It is another one.
    Update,
    /// It is gone.
    Delete,
}

/// One message about a collection.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// One entry changed.
    Entry {
        /// How.
        operation: Operation,
        /// Its id; nothing where the message would be too long.
        id: Option<String>,
        /// `local`, or the peer that wrote it.
        origin: Option<String>,
        /// The network that it came through.
        network: Option<String>,
    },
    /// One commit changed many entries: read the collection again.
    Many(u64),
    /// This listener was too slow, and messages are lost: read the collection again.
    Lost,
}

/// One message about a network.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct NetworkEvent {
    /// `network:joined`, `network:left`, `collection:added`, `collection:removed`, `peer:discovered`, `peer:connected`, `peer:disconnected`,
    /// `entries:posted`, `entries:received`; `lost` where this listener was too slow.
    pub event: String,
    /// The network.
    #[serde(default)]
    pub network: Option<String>,
    /// The peer.
    #[serde(default)]
    pub peer: Option<String>,
    /// The collection.
    #[serde(default)]
    pub collection: Option<String>,
    /// How many entries were posted or received.
    #[serde(default)]
    pub entries: Option<u64>,
}

/// What a notification says.
pub(crate) trait FromPayload {
    fn from_payload(text: &str) -> Self;
}

#[derive(Deserialize)]
struct Payload {
    operation: Option<Operation>,
    key: Option<serde_json::Value>,
    origin: Option<String>,
    network: Option<String>,
    changed: Option<u64>,
}

impl FromPayload for Change {
    fn from_payload(text: &str) -> Self {
        // What is no such message is a loss, since nobody knows what it said.
        match serde_json::from_str(text) {
            Ok(Payload { operation: Some(operation), key, origin, network, .. }) => {
                let id = key.map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_string));
                Change::Entry { operation, id: id.filter(|id| id != "null"), origin, network }
            }
            Ok(Payload { changed: Some(count), .. }) => Change::Many(count),
            Ok(_) | Err(_) => Change::Lost,
        }
    }
}

impl FromPayload for NetworkEvent {
    fn from_payload(text: &str) -> Self {
        let lost = || NetworkEvent { event: "lost".to_string(), ..NetworkEvent::default() };
        serde_json::from_str(text).unwrap_or_else(|_| lost())
    }
}

/// Messages from the moment it was opened. It ends when it is dropped.
pub struct Subscription<T> {
    // Dropping it ends the connection.
    _client: Client,
    messages: mpsc::Receiver<AsyncMessage>,
    kind: PhantomData<fn() -> T>,
}

#[expect(private_bounds, reason = "nobody else makes messages")]
impl<T: FromPayload> Subscription<T> {
    pub(crate) async fn open(connector: &Connector, channel: String) -> Result<Self> {
        let Opened { client, messages } = connector.open().await?;
        client.batch_execute(&format!("LISTEN {}", identifier(&channel))).await?;
        Ok(Subscription { _client: client, messages, kind: PhantomData })
    }

    /// Waits for the next message; nothing when the connection has ended.
    pub async fn next(&mut self) -> Option<T> {
        loop {
            match self.messages.recv().await? {
                AsyncMessage::Notification(notification) => return Some(T::from_payload(notification.payload())),
                // A warning that messages are lost comes with a message that says so.
                _ => continue,
            }
        }
    }

    /// Waits for the next message so long at most.
    pub async fn next_within(&mut self, time: Duration) -> Option<T> {
        timeout(time, self.next()).await.ok().flatten()
    }
}
