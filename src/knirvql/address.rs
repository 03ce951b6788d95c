//! Addresses of peers: whether a text has the shape of a multiaddress that a peer could listen on.
//!
//! A multiaddress (<https://github.com/multiformats/multiaddr>) is a path of protocols, each with or without a value:
//! `/ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooW…`. What is found wrong here is told with the statement; whether the
//! network layer can dial an address is for it to say.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{Error, ErrorKind, Result};

/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 512;
/// Most protocols of one address.
const PROTOCOLS_MAX: usize = 16;
/// Longest name of a host (RFC 1035), in bytes.
const HOST_BYTES_MAX: usize = 253;

/// Codes of the multihashes that are ids of peers, and the longest of these: a key of up to 42 bytes is its own.
const IDENTITY: u8 = 0x00;
const SHA2_256: u8 = 0x12;
const MULTIHASH_BYTES_MAX: usize = 2 + 42;

/// What stands behind a protocol's name.
enum Operand {
    Nothing,
    Ip4,
    Ip6,
    Host,
    Port,
    /// The id of a peer.
    Peer,
    /// Some encoding in letters and digits.
    Word,
}

fn operand(protocol: &str) -> Option<Operand> {
    Some(match protocol {
        "ip4" => Operand::Ip4,
        "ip6" => Operand::Ip6,
        "dns" | "dns4" | "dns6" | "dnsaddr" | "sni" => Operand::Host,
        "tcp" | "udp" => Operand::Port,
        "p2p" | "ipfs" => Operand::Peer,
        "certhash" | "ip6zone" => Operand::Word,
        "quic" | "quic-v1" | "ws" | "wss" | "tls" | "noise" | "webrtc-direct" | "webtransport" | "p2p-circuit" => {
            Operand::Nothing
        }
        _ => return None,
    })
}

/// Checks the shape of an address.
///
/// # Errors
/// 22023, saying what is wrong with it.
pub fn check_address(address: &str) -> Result<()> {
    if address.len() > ADDRESS_BYTES_MAX {
        let message = format!("an address of {} bytes is over the limit of {ADDRESS_BYTES_MAX}", address.len());
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    let Some(path) = address.strip_prefix('/') else {
        return Err(invalid(address, "it does not begin with a slash"));
    };
    let mut parts = path.split('/');
    let mut protocols: Vec<&str> = Vec::new();
    while let Some(protocol) = parts.next() {
        let Some(wanted) = operand(protocol) else {
            return Err(invalid(address, &format!("\"{protocol}\" is no protocol known here")));
        };
        if !matches!(wanted, Operand::Nothing) {
            let value = parts.next().unwrap_or_default();
            check_operand(&wanted, value).map_err(|what| invalid(address, &format!("{protocol} takes {what}")))?;
        }
        protocols.push(protocol);
        if protocols.len() > PROTOCOLS_MAX {
            return Err(invalid(address, &format!("it names more than {PROTOCOLS_MAX} protocols")));
        }
    }
    let has = |wanted: &[&str]| protocols.iter().any(|protocol| wanted.contains(protocol));
    if has(&["tcp", "udp", "dnsaddr", "p2p-circuit"]) { Ok(()) } else { Err(invalid(address, "it names no port")) }
}

/// What the operand should have been, where it is something else.
fn check_operand(wanted: &Operand, value: &str) -> Result<(), &'static str> {
    let (fits, what) = match wanted {
        Operand::Nothing => (true, "nothing"),
        Operand::Ip4 => (value.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        Operand::Ip6 => (value.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        Operand::Host => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            (!value.is_empty() && value.len() <= HOST_BYTES_MAX && value.bytes().all(is_plain), "the name of a host")
        }
        Operand::Port => (value.parse::<u16>().is_ok(), "a port from 0 to 65535"),
        Operand::Peer => (is_peer(value), "the id of a peer, as 12D3KooW… with 52 characters"),
        Operand::Word => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (!value.is_empty() && value.bytes().all(is_plain), "letters and digits")
        }
    };
    if fits { Ok(()) } else { Err(what) }
}

/// Whether a text is the id of a peer of any kind of key: the multihash of its public key, or the key itself in one, in
/// base58 (libp2p's peer id specification).
fn is_peer(text: &str) -> bool {
    let mut bytes = [0; MULTIHASH_BYTES_MAX];
    let Ok(length) = bs58::decode(text).onto(bytes.as_mut_slice()) else { return false };
    match bytes.get(..length) {
        Some([SHA2_256, digest_bytes, digest @ ..]) => *digest_bytes == 32 && digest.len() == 32,
        Some([IDENTITY, key_bytes, key @ ..]) => usize::from(*key_bytes) == key.len() && !key.is_empty(),
        _ => false,
    }
}

fn invalid(address: &str, reason: &str) -> Error {
    Error::new(
        ErrorKind::InvalidParameterValue,
        format!("\"{}\" is no address of a peer: {}", address.escape_default(), reason.escape_default()),
    )
    .with_hint(
        "An address is written as /ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooW…; nebulus.node shows a peer's own.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_peers_listen_on_is_an_address() {
        for address in [
            "/ip4/127.0.0.1/tcp/4001",
            "/ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu",
            "/ip4/203.0.113.7/tcp/4001/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
            "/ip6/::1/udp/0/quic-v1",
            "/dns4/peer.example/tcp/443/tls/ws",
            "/dnsaddr/bootstrap.example",
            "/ip4/10.0.0.1/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE/p2p-circuit\
             /p2p/12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu",
        ] {
            check_address(address).unwrap();
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (address, reason) in [
            ("", "slash"),
            ("localhost:4001", "slash"),
            ("/", "no protocol"),
            ("/ip4/300.0.0.1/tcp/1", "IPv4"),
            ("/ip4", "IPv4"),
            ("/ip6/nowhere/tcp/1", "IPv6"),
            ("/ip4/127.0.0.1/tcp/70000", "port"),
            ("/ip4/127.0.0.1/tcp", "port"),
            ("/ip4/127.0.0.1", "names no port"),
            ("/dns4//tcp/1", "host"),
            ("/ip4/127.0.0.1/tcp/1/", "no protocol"),
            ("/ip4/127.0.0.1/carrier-pigeon", "no protocol"),
            ("/ip4/127.0.0.1/tcp/1/p2p/", "id of a peer"),
            ("/ip4/127.0.0.1/tcp/1/p2p/nobody", "id of a peer"),
            ("/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGzh", "id of a peer"),
            ("/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu1", "id of a peer"),
            ("/ip4/127.0.0.1/tcp/1/tls/certhash/", "letters"),
        ] {
            let error = check_address(address).unwrap_err();
            assert_eq!(error.sqlstate(), "22023");
            assert!(error.message().contains(reason), "{address}: {error}");
        }
        assert!(check_address(&format!("/dns4/{}/tcp/1", "a".repeat(600))).unwrap_err().message().contains("limit"));
        assert!(check_address(&"/ws".repeat(20)).unwrap_err().message().contains("more than"));
    }
}
