//! Connections that are being made from outside: a bounded number, of which the oldest goes for one more.
//!
//! Before the handshake nobody has a name, and whoever connects and says nothing holds a place until a timeout. Refusing the
//! next one would keep members out for as long as somebody likes. So each newcomer gets a place, and where there is none,
//! the oldest loses it among those from the address that has most of them: a handshake that goes on takes a few round trips.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{AbortHandle, Abortable, BoxFuture};
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, Transport};
use parking_lot::Mutex;

/// Connections that are being made from outside, at most: a member's handshake ends long before so many others have begun.
pub const PENDING_MAX: usize = 128;

/// Where a connection comes from: an address of IPv4, or the first 64 bits of one of IPv6, of which one household has all.
/// What comes through a relay is one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnockSource(Option<u128>);

/// The source that an address stands for.
pub fn source_of(remote: &Multiaddr) -> KnockSource {
    let ip = match remote.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(IpAddr::from(ip)),
        Some(Protocol::Ip6(ip)) => Some(IpAddr::from(ip).to_canonical()),
        _ => None,
    };
    let is_relayed = remote.iter().any(|part| matches!(part, Protocol::P2pCircuit));
    KnockSource(ip.filter(|_| !is_relayed).map(|ip| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits() >> 64 << 64,
    }))
}

/// A transport whose listeners bound what is under way.
pub struct Knocking<O> {
    inner: Boxed<O>,
    pending: Arc<Mutex<Pending>>,
}

/// Connections under way by number, which goes up with time.
#[derive(Default)]
struct Pending {
    last_number: u64,
    places: BTreeMap<u64, (KnockSource, AbortHandle)>,
}

/// Taken until it is dropped.
struct Place {
    number: u64,
    pending: Arc<Mutex<Pending>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pending.lock().places.remove(&self.number);
    }
}

impl Pending {
    /// Takes a place, from somebody else where there is none left.
    fn enter(&mut self, source: KnockSource, handle: AbortHandle) -> u64 {
        if self.places.len() >= PENDING_MAX {
            self.end_one();
        }
        self.last_number += 1;
        self.places.insert(self.last_number, (source, handle));
        self.last_number
    }

    fn end_one(&mut self) {
        let mut counts: BTreeMap<KnockSource, usize> = BTreeMap::new();
        for (source, _) in self.places.values() {
            *counts.entry(*source).or_default() += 1;
        }
        let most = counts.values().copied().max().unwrap_or(0);
        let is_crowded = |source: &KnockSource| counts.get(source).copied() == Some(most);
        let oldest = self.places.iter().find(|(_, (source, _))| is_crowded(source)).map(|(number, _)| *number);
        if let Some((_, handle)) = oldest.and_then(|number| self.places.remove(&number)) {
            handle.abort();
        }
    }
}

impl<O> Knocking<O> {
    pub fn new(inner: Boxed<O>) -> Self {
        Knocking { inner, pending: Arc::default() }
    }
}

impl<O: Send + 'static> Transport for Knocking<O> {
    type Output = O;
    type Error = io::Error;
    type ListenerUpgrade = BoxFuture<'static, io::Result<O>>;
    type Dial = <Boxed<O> as Transport>::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        let pending = Arc::clone(&self.pending);
        Pin::new(&mut self.inner).poll(context).map(|event| {
            let source = match &event {
                TransportEvent::Incoming { send_back_addr, .. } => source_of(send_back_addr),
                _ => KnockSource(None),
            };
            event.map_upgrade(|upgrade| -> Self::ListenerUpgrade { Box::pin(bounded(upgrade, source, pending)) })
        })
    }
}

/// Makes a connection unless its place goes to another one.
fn bounded<O>(
    upgrade: impl Future<Output = io::Result<O>> + Send,
    source: KnockSource,
    pending: Arc<Mutex<Pending>>,
) -> impl Future<Output = io::Result<O>> + Send {
    let (handle, registration) = AbortHandle::new_pair();
    let number = pending.lock().enter(source, handle);
    let place = Place { number, pending };
    async move {
        let outcome = Abortable::new(upgrade, registration).await;
        drop(place);
        outcome.unwrap_or_else(|_| Err(io::Error::other("it said nothing, and others wanted its place")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> KnockSource {
        source_of(&text.parse().unwrap())
    }

    #[test]
    fn one_more_takes_the_place_of_the_oldest_from_where_most_come() {
        let mut pending = Pending::default();
        let enter = |pending: &mut Pending, from: &str| {
            let (handle, _) = AbortHandle::new_pair();
            pending.enter(source(from), handle.clone());
            handle
        };
        let member = enter(&mut pending, "/ip4/192.0.2.1/tcp/1");
        let silent: Vec<_> = (0..300).map(|_| enter(&mut pending, "/ip4/198.51.100.7/tcp/1")).collect();
        assert_eq!(pending.places.len(), PENDING_MAX);
        assert!(!member.is_aborted(), "whoever comes from elsewhere stays");
        let left = PENDING_MAX - 1;
        assert!(silent[..300 - left].iter().all(AbortHandle::is_aborted));
        assert!(!silent[300 - left..].iter().any(AbortHandle::is_aborted));
        let newcomer = enter(&mut pending, "/ip4/198.51.100.7/tcp/1");
        assert!(!newcomer.is_aborted() && silent[300 - left].is_aborted(), "it has the same address as the flood");
    }

    #[test]
    fn a_household_is_one_source() {
        assert_eq!(source("/ip6/2001:db8::1/tcp/1"), source("/ip6/2001:db8::2/tcp/9"));
        assert_ne!(source("/ip6/2001:db8::1/tcp/1"), source("/ip6/2001:db8:0:1::1/tcp/1"));
        assert_eq!(source("/ip6/::ffff:192.0.2.1/tcp/1"), source("/ip4/192.0.2.1/udp/1/quic-v1"));
        assert_ne!(source("/ip4/192.0.2.1/tcp/1"), source("/ip4/192.0.2.2/tcp/1"));
    }
}
