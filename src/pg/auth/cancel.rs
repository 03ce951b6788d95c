//! What ends a statement from outside: cancel requests, clients that went away, the end of the server.
//!
//! A request comes over a connection of its own (PostgreSQL documentation, section 54.2.9) and is never answered, so that it
//! tells nothing about which ids exist. While a statement runs nobody reads from its connection; that its client is still
//! there is looked at here, a few times a second, as PostgreSQL's `client_connection_check_interval` does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::db::Cancel;
use crate::error::Result;
use crate::pg::auth::scram::is_equal;
use crate::pg::transport::transport::SocketWatch;
use crate::session::fill_random;

/// Bytes of a secret of protocol 3.0.
const SHORT_SECRET_BYTES: usize = 4;
/// Bytes of a secret of protocol 3.2, PostgreSQL's choice.
const LONG_SECRET_BYTES: usize = 32;
/// How often clients are looked after.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The connections that can be cancelled.
#[derive(Clone, Default)]
pub(in crate::pg) struct CancelRegistry(Arc<Registry>);

#[derive(Default)]
struct Registry {
    next: AtomicI32,
    connections: Mutex<HashMap<i32, Entry>>,
}

struct Entry {
    secret: Vec<u8>,
    cancel: Cancel,
    socket: SocketWatch,
}

/// A connection's place in the registry; dropping it gives the place back.
pub(in crate::pg) struct Registration {
    registry: CancelRegistry,
    pub id: i32,
    pub secret: Vec<u8>,
    pub cancel: Cancel,
}

impl CancelRegistry {
    /// Registers a connection, with a long secret where its protocol has room for one.
    ///
    /// # Errors
    /// XX000 where the system gives no randomness.
    pub fn register(&self, is_long: bool, socket: SocketWatch) -> Result<Registration> {
        let mut secret = vec![0; if is_long { LONG_SECRET_BYTES } else { SHORT_SECRET_BYTES }];
        fill_random(&mut secret)?;
        let cancel = Cancel::new();
        let mut connections = self.0.connections.lock();
        let id = loop {
            let id = self.0.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            if id != 0 && !connections.contains_key(&id) {
                break id;
            }
        };
        connections.insert(id, Entry { secret: secret.clone(), cancel: cancel.clone(), socket });
        drop(connections);
        Ok(Registration { registry: self.clone(), id, secret, cancel })
    }

    /// Cancels what the connection runs, if the secret is its own.
    pub fn cancel(&self, id: i32, secret: &[u8]) {
        if let Some(entry) = self.0.connections.lock().get(&id)
            && is_equal(&entry.secret, secret)
        {
            entry.cancel.cancel();
        }
    }

    /// Ends what runs for clients that have gone, for as long as it is polled.
    pub async fn look_after_clients(&self) {
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            // A connection at rest finds out by itself; to it the flag makes no difference.
            let connections = self.0.connections.lock();
            connections.values().filter(|entry| entry.socket.is_left()).for_each(|entry| entry.cancel.leave());
        }
    }

    /// Stops everything that runs, for good.
    pub fn shut_down(&self) {
        self.0.connections.lock().values().for_each(|entry| entry.cancel.shut_down());
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.0.connections.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_secret_cancels() {
        let registry = CancelRegistry::default();
        let (short, long) = (
            registry.register(false, SocketWatch::default()).unwrap(),
            registry.register(true, SocketWatch::default()).unwrap(),
        );
        assert_eq!((short.secret.len(), long.secret.len()), (4, 32));
        assert_ne!(short.id, long.id);
        registry.cancel(short.id, &long.secret);
        registry.cancel(short.id, b"");
        assert!(short.cancel.check().is_ok());
        registry.cancel(short.id, &short.secret);
        assert_eq!(short.cancel.check().unwrap_err().sqlstate(), "57014");
        assert!(long.cancel.check().is_ok());
        let id = short.id;
        drop(short);
        assert!(!registry.0.connections.lock().contains_key(&id));
    }
}
