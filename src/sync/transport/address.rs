//! Multiaddresses: read, taken apart, and judged.

use std::io;
use std::net::{IpAddr, TcpListener};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::error::{Error, ErrorKind, Result};
use crate::model;

/// Longest multiaddress that is taken from a peer, in bytes of text.
const ADDRESS_BYTES_MAX: usize = 256;

/// A multiaddress that a person wrote.
///
/// # Errors
/// 22023, naming the text.
pub fn parse(text: &str) -> Result<Multiaddr> {
    text.parse().map_err(|error| {
        Error::new(ErrorKind::InvalidParameterValue, format!("{text:?} is not a multiaddress: {error}"))
            .with_hint("An address looks like /ip4/192.0.2.1/udp/4001/quic-v1 or /dns4/example.org/tcp/4001.")
    })
}

/// An address without the peer it ends with, and that peer.
pub fn split_peer(mut address: Multiaddr) -> (Multiaddr, Option<PeerId>) {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => {
            address.pop();
            (address, Some(peer))
        }
        _ => (address, None),
    }
}

/// Whether the address leads through a relay.
pub fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::P2pCircuit))
}

/// Whether nobody listens on a TCP port yet. The transport listens in a way that lets processes of one user share a port, so
/// that who dials it would reach any of them.
///
/// # Errors
/// What taking the port fails with.
pub fn check_port(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 && !is_relayed(address) => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// An address that a peer told of: one that may be dialled, without the peer at its end; `None` for anything else.
pub fn from_peer(text: &str) -> Option<Multiaddr> {
    if text.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let (address, _) = split_peer(text.parse().ok()?);
    is_dialable(&address).then_some(address)
}

/// Whether one of the transports here could lead there.
pub fn is_dialable(address: &Multiaddr) -> bool {
    if is_relayed(address) {
        return true;
    }
    let mut parts = address.iter();
    let is_host = match parts.next() {
        Some(Protocol::Ip4(ip)) => !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_multicast(),
        Some(Protocol::Ip6(ip)) => !ip.is_unspecified() && !ip.is_multicast(),
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_)) => true,
        _ => false,
    };
    is_host
        && match (parts.next(), parts.next()) {
            (Some(Protocol::Tcp(port)), None | Some(Protocol::Ws(_) | Protocol::Wss(_) | Protocol::Tls)) => port != 0,
            (Some(Protocol::Udp(port)), Some(Protocol::QuicV1)) => port != 0,
            _ => false,
        }
}

/// Whether the address leads to this machine.
pub fn is_loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback(),
        _ => false,
    }
}

/// The peer id as the database knows it.
pub fn peer_here(peer: &PeerId) -> model::PeerId {
    model::PeerId::new(peer.to_base58())
}

/// The peer id as the transport knows it; `None` for text that is none.
pub fn peer_there(peer: &model::PeerId) -> Option<PeerId> {
    peer.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEER: &str = "12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu";
    const OTHER: &str = "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE";

    #[test]
    fn the_peer_at_the_end_is_the_one_that_is_meant() {
        let (address, peer) = split_peer(parse(&format!("/ip4/127.0.0.1/tcp/4001/p2p/{PEER}")).unwrap());
        assert_eq!((address.to_string(), peer.unwrap().to_base58()), ("/ip4/127.0.0.1/tcp/4001".into(), PEER.into()));
        let relayed = format!("/ip4/127.0.0.1/tcp/4001/p2p/{OTHER}/p2p-circuit");
        let (address, peer) = split_peer(parse(&format!("{relayed}/p2p/{PEER}")).unwrap());
        assert_eq!((address.to_string(), peer.unwrap().to_base58()), (relayed, PEER.into()));
        assert!(is_relayed(&address));
        assert_eq!(split_peer(parse("/dns4/example.org/udp/4001/quic-v1").unwrap()).1, None);
        assert_eq!(peer_there(&peer_here(&PEER.parse().unwrap())), PEER.parse().ok());
    }

    #[test]
    fn only_addresses_that_lead_somewhere_are_taken_from_peers() {
        for good in [
            "/ip4/10.0.0.1/tcp/4001",
            "/ip6/::1/udp/9/quic-v1",
            "/dns/a.example/tcp/80/ws",
            "/ip4/1.2.3.4/tcp/443/tls/ws",
        ] {
            assert!(from_peer(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "x",
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/1.2.3.4/tcp/0",
            "/ip4/1.2.3.4",
            "/ip4/1.2.3.4/udp/53",
            "/ip4/224.0.0.1/tcp/1",
            "/unix/a",
        ] {
            assert!(from_peer(bad).is_none(), "{bad}");
        }
        assert!(from_peer(&format!("/dns4/{}/tcp/1", "a".repeat(300))).is_none());
    }

    #[test]
    fn a_wrong_address_is_named() {
        let error = parse("10.0.0.1:4001").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(error.message().contains("10.0.0.1:4001"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_none(text in ".*", parts in prop::collection::vec("[a-z0-9.:]{0,12}", 0..8)) {
            from_peer(&text);
            from_peer(&format!("/{}", parts.join("/")));
        }
    }

    #[tokio::test]
    async fn a_port_that_others_would_share_is_taken() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = |port: u16| parse(&format!("/ip4/127.0.0.1/tcp/{port}")).unwrap();
        let taken = address(listener.local_addr().unwrap().port());
        assert_eq!(check_port(&taken).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        check_port(&taken).unwrap();
        check_port(&address(0)).unwrap();
    }
}
