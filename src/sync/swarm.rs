//! The swarm: the node's identity, its transports, and the addresses it listens on.
//!
//! QUIC, TCP and WebSocket with Noise and Yamux, and circuits through relays. TLS and QUIC use ring. Yamux grows its
//! windows with the connection's delay and throughput by itself, up to 1 GiB for all streams of a connection; a stream
//! that nobody reads never holds more than 256 KiB, and the number of streams is limited here. QUIC's windows are fixed
//! and are set here to what a fast local link needs. The limits of a relayed circuit (by default 128 KiB and two minutes)
//! are the relay's to set: such a connection serves to agree on a direct one.

use std::time::Duration;

use futures::io::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{Boxed, OrTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::{Keypair, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::Config;
use libp2p::{Multiaddr, PeerId, Swarm, Transport, dns, noise, quic, relay, tcp, websocket, yamux};

use crate::error::{Error, ErrorKind, Result};
use crate::store::Identity;
use crate::sync::behaviour::Behaviour;

/// Where a node listens when nothing else was said.
const LISTEN_DEFAULT: [&str; 2] = ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"];
/// How long a connection may take to be made.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection without streams is kept. Members always have one; this is for those who have just met, or whose
/// proofs wait for their next attempt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Streams of one connection, at most, both sides counted.
const STREAMS_MAX: usize = 256;
/// Streams of one connection whose protocol is being agreed on, at most.
const NEGOTIATING_MAX: usize = 32;
/// Unread bytes of one stream and of one connection over QUIC.
const QUIC_STREAM_BYTES: u32 = 8 * 1024 * 1024;
const QUIC_CONNECTION_BYTES: u32 = 16 * 1024 * 1024;
const QUIC_IDLE_MS: u32 = 30_000;

/// A swarm for this identity, which listens nowhere yet.
///
/// # Errors
/// F0000 where mDNS is wanted and not to be had; XX000 for a key that the transport refuses.
pub fn build(identity: &Identity, wants_mdns: bool) -> Result<Swarm<Behaviour>> {
    let keypair = ed25519::Keypair::try_from_bytes(identity.keypair_bytes().as_mut_slice())
        .map(Keypair::from)
        .map_err(|error| Error::internal(format!("the node's key: {error}")))?;
    let this = keypair.public().to_peer_id();
    let (relay_transport, relay) = relay::client::new(this);
    let transport = transport(&keypair, relay_transport)?;
    let behaviour = Behaviour::new(&keypair, relay, wants_mdns)?;
    let config = Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_TIMEOUT)
        .with_max_negotiating_inbound_streams(NEGOTIATING_MAX);
    Ok(Swarm::new(transport, behaviour, this, config))
}

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

fn transport(keypair: &Keypair, relay: relay::client::Transport) -> Result<Connections> {
    let direct = || -> Result<Connections> {
        let tcp = secured(tcp::tokio::Transport::new(tcp_config()), keypair)?;
        let mut config = quic::Config::new(keypair);
        config.max_stream_data = QUIC_STREAM_BYTES;
        config.max_connection_data = QUIC_CONNECTION_BYTES;
        config.max_idle_timeout = QUIC_IDLE_MS;
        let quic = quic::tokio::Transport::new(config).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
        Ok(either(quic.boxed(), tcp))
    };
    // A machine without a resolver still reaches addresses.
    let direct = match dns::tokio::Transport::system(direct()?) {
        Ok(resolving) => resolving.boxed(),
        Err(error) => {
            tracing::warn!(%error, "no DNS configuration: peers are reached by their IP addresses only");
            direct()?
        }
    };
    let websocket = match dns::tokio::Transport::system(tcp::tokio::Transport::new(tcp_config())) {
        Ok(resolving) => secured(websocket::Config::new(resolving), keypair)?,
        Err(_) => secured(websocket::Config::new(tcp::tokio::Transport::new(tcp_config())), keypair)?,
    };
    let all = either(secured(relay, keypair)?, either(websocket, direct));
    Ok(TransportTimeout::new(all, HANDSHAKE_TIMEOUT).boxed())
}

fn tcp_config() -> tcp::Config {
    tcp::Config::default().nodelay(true)
}

fn either(first: Connections, second: Connections) -> Connections {
    OrTransport::new(first, second).map(|either, _| either.into_inner()).boxed()
}

/// Noise, so that both ends know each other's peer id, and Yamux above it.
fn secured<T>(transport: T, keypair: &Keypair) -> Result<Connections>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    let noise = noise::Config::new(keypair).map_err(|error| Error::internal(format!("the node's key: {error}")))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(STREAMS_MAX);
    Ok(transport.upgrade(Version::V1Lazy).authenticate(noise).multiplex(yamux).boxed())
}

/// Listens on these addresses, or where there are none on the default ones. What cannot be listened on is logged; a default
/// port that is taken is replaced by a free one.
pub fn listen(swarm: &mut Swarm<Behaviour>, addresses: &[Multiaddr]) {
    for address in addresses {
        if let Err(error) = swarm.listen_on(address.clone()) {
            tracing::error!(%address, %error, "cannot listen for peers there");
        }
    }
    if !addresses.is_empty() {
        return;
    }
    for text in LISTEN_DEFAULT {
        let Ok(address) = text.parse::<Multiaddr>() else { continue };
        if let Err(error) = swarm.listen_on(address.clone()) {
            tracing::warn!(%address, %error, "cannot listen for peers there; taking a free port");
            if let Err(error) = swarm.listen_on(with_free_port(&address)) {
                tracing::error!(%address, %error, "cannot listen for peers");
            }
        }
    }
}

fn with_free_port(address: &Multiaddr) -> Multiaddr {
    address
        .iter()
        .map(|part| match part {
            Protocol::Tcp(_) => Protocol::Tcp(0),
            Protocol::Udp(_) => Protocol::Udp(0),
            other => other,
        })
        .collect()
}

/// Reads the addresses to listen on.
///
/// # Errors
/// F0000, naming the one that is no address.
pub fn listen_addresses(texts: &[String]) -> Result<Vec<Multiaddr>> {
    let parse = |text: &String| {
        text.parse().map_err(|error| {
            Error::new(ErrorKind::Configuration, format!("{text:?} is no multiaddress to listen on: {error}"))
                .with_hint("Write it like /ip4/0.0.0.0/udp/4001/quic-v1 or /ip4/127.0.0.1/tcp/0.")
        })
    };
    texts.iter().map(parse).collect()
}
