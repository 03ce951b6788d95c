//! Where this node may be sent: which addresses that others name are dialled.
//!
//! A member may name any address for itself, and a node that dialled whatever it hears would knock at doors of its own
//! machine and of its own local network for whoever asks. So the addresses of this machine and of private networks are
//! dialled on the word of others only where the network lives at such an address anyway: it was joined at one, or this node
//! listens there. What the network's own definition names, and what this node was told by hand, is not asked about here.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// Ports below this are those of other services; others may name only the two of the web, where WebSocket is behind proxies.
const PORT_MIN: u16 = 1024;
const WEB_PORTS: [u16; 2] = [80, 443];
/// Addresses of one peer that are dialled on its word, at most: two transports on two interfaces, by IPv4 and IPv6.
pub const NAMED_MAX: usize = 8;

/// A range of addresses that means something else on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    Loopback,
    /// 10/8, 172.16/12, 192.168/16 (RFC 1918), 100.64/10 (RFC 6598).
    Private10,
    Private172,
    Private192,
    Shared100,
    /// 169.254/16 and fe80::/10.
    LinkLocal,
    /// fc00::/7 (RFC 4193).
    UniqueLocal,
}

/// Where a network lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    ranges: BTreeSet<Range>,
    /// Names of hosts: where they lead is known when they are dialled, and to whoever owns the name.
    hosts: BTreeSet<String>,
}

impl Reach {
    /// By the addresses that a network was joined at, or that are configured here, and those that this node listens on.
    /// A node that listens everywhere listens on loopback as well, which says nothing of where its network is: that counts
    /// where it listens nowhere else.
    pub fn new<'a>(
        joined: impl IntoIterator<Item = &'a Multiaddr>,
        listened: impl IntoIterator<Item = &'a Multiaddr>,
    ) -> Reach {
        let mut reach = Reach::default();
        for address in joined {
            match address.iter().next() {
                Some(Protocol::Dns(host) | Protocol::Dns4(host) | Protocol::Dns6(host) | Protocol::Dnsaddr(host)) => {
                    reach.hosts.insert(host.to_ascii_lowercase());
                }
                _ => reach.ranges.extend(ip_of(address).and_then(range_of)),
            }
        }
        let listened: Vec<IpAddr> = listened.into_iter().filter_map(ip_of).collect();
        let is_elsewhere = listened.iter().any(|ip| range_of(*ip) != Some(Range::Loopback));
        let ranges = listened.into_iter().filter_map(range_of);
        reach.ranges.extend(ranges.filter(|range| *range != Range::Loopback || !is_elsewhere));
        reach
    }

    /// The reach of several networks.
    pub fn or(mut self, other: Reach) -> Reach {
        self.ranges.extend(other.ranges);
        self.hosts.extend(other.hosts);
        self
    }

    /// Whether an address is dialled that others have named. Of one through a relay it is the relay that is dialled.
    pub fn permits(&self, address: &Multiaddr) -> bool {
        let mut parts = address.iter();
        let is_host = match parts.next() {
            Some(Protocol::Ip4(ip)) => self.permits_ip(ip.into()),
            Some(Protocol::Ip6(ip)) => self.permits_ip(ip.into()),
            Some(Protocol::Dns(host) | Protocol::Dns4(host) | Protocol::Dns6(host) | Protocol::Dnsaddr(host)) => {
                self.hosts.contains(&host.to_ascii_lowercase())
            }
            _ => false,
        };
        let is_port = match parts.next() {
            Some(Protocol::Tcp(port) | Protocol::Udp(port)) => port >= PORT_MIN || WEB_PORTS.contains(&port),
            // A relay may be named by its peer id alone.
            other => other.is_none(),
        };
        is_host && is_port
    }

    fn permits_ip(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        !ip.is_unspecified() && range_of(ip).is_none_or(|range| self.ranges.contains(&range))
    }
}

fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(ip.into()),
        Some(Protocol::Ip6(ip)) => Some(IpAddr::from(ip).to_canonical()),
        _ => None,
    }
}

fn range_of(ip: IpAddr) -> Option<Range> {
    match ip {
        IpAddr::V4(ip) => range_of_v4(ip),
        IpAddr::V6(ip) => range_of_v6(ip),
    }
}

fn range_of_v4(ip: Ipv4Addr) -> Option<Range> {
    match ip.octets() {
        [127, ..] => Some(Range::Loopback),
        [10, ..] => Some(Range::Private10),
        [172, 16..=31, ..] => Some(Range::Private172),
        [192, 168, ..] => Some(Range::Private192),
        [100, 64..=127, ..] => Some(Range::Shared100),
        [169, 254, ..] => Some(Range::LinkLocal),
        _ => None,
    }
}

fn range_of_v6(ip: Ipv6Addr) -> Option<Range> {
    // An address of IPv4 inside (6to4, NAT64 and those that only look like IPv6) leads to that one.
    let [first, second, third, ..] = ip.segments();
    let inner = match (first, second) {
        (0x2002, _) => Some(embedded(second, third)),
        (0x0064, 0xff9b) => ip.segments().last_chunk().map(|[high, low]| embedded(*high, *low)),
        _ => None,
    };
    match first {
        _ if ip.is_loopback() => Some(Range::Loopback),
        _ if inner.is_some() => inner.and_then(range_of_v4),
        0xfc00..=0xfdff => Some(Range::UniqueLocal),
        0xfe80..=0xfebf => Some(Range::LinkLocal),
        _ => None,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn reach(joined: &[&str], listened: &[&str]) -> Reach {
        Reach::new(&addresses(joined), &addresses(listened))
    }

    fn permits(reach: &Reach, text: &str) -> bool {
        reach.permits(&text.parse().unwrap())
    }

    #[test]
    fn nobody_is_sent_to_this_machine_or_a_private_network_by_others() {
        let outside = reach(&["/ip4/198.51.100.7/tcp/4001"], &["/ip4/203.0.113.5/tcp/4001", "/ip4/127.0.0.1/tcp/4001"]);
        for bad in [
            "/ip4/127.0.0.1/tcp/5432",
            "/ip4/127.8.8.8/udp/4001/quic-v1",
            "/ip6/::1/tcp/4001",
            "/ip6/::ffff:127.0.0.1/tcp/4001",
            "/ip6/2002:7f00:1::/tcp/4001",
            "/ip6/64:ff9b::a00:1/tcp/4001",
            "/ip4/10.0.0.1/tcp/4001",
            "/ip4/172.31.0.1/tcp/4001",
            "/ip4/192.168.1.1/tcp/8080",
            "/ip4/100.100.100.200/tcp/4001",
            "/ip4/169.254.169.254/tcp/4001",
            "/ip6/fd00::1/tcp/4001",
            "/ip6/fe80::1/tcp/4001",
            "/dns4/localhost/tcp/4001",
            "/dns/rebound.example/tcp/4001",
            "/ip4/0.0.0.0/tcp/4001",
        ] {
            assert!(!permits(&outside, bad), "{bad}");
        }
        for good in ["/ip4/198.51.100.200/udp/4001/quic-v1", "/ip6/2001:db8::1/tcp/4001", "/ip4/8.8.8.8/tcp/443/tls/ws"]
        {
            assert!(permits(&outside, good), "{good}");
        }
        for port in [22, 25, 53, 1023] {
            assert!(!permits(&outside, &format!("/ip4/198.51.100.200/tcp/{port}")), "the port of another service");
        }
    }

    #[test]
    fn a_network_that_lives_there_is_reached_there() {
        let here = reach(&["/ip4/127.0.0.1/tcp/4001"], &["/ip4/203.0.113.5/tcp/1"]);
        assert!(permits(&here, "/ip4/127.0.0.1/tcp/5001") && !permits(&here, "/ip4/10.0.0.1/tcp/4001"));
        assert!(
            permits(&reach(&[], &["/ip4/127.0.0.1/tcp/4001"]), "/ip4/127.0.0.1/tcp/5001"),
            "it listens nowhere else"
        );
        let office = reach(&[], &["/ip4/192.168.1.5/tcp/4001", "/ip4/127.0.0.1/tcp/4001"]);
        assert!(permits(&office, "/ip4/192.168.1.6/tcp/4001") && !permits(&office, "/ip4/127.0.0.1/tcp/5001"));
        assert!(!permits(&office, "/ip4/10.0.0.1/tcp/4001"));
        let named = reach(&["/dns4/Hub.example/tcp/4001"], &[]);
        assert!(permits(&named, "/dns4/hub.example/tcp/4002") && !permits(&named, "/dns4/other.example/tcp/4001"));
        assert!(permits(&here.clone().or(office), "/ip4/192.168.1.6/tcp/4001"));
    }
}
