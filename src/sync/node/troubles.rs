//! What keeps this node from the members of a network, in words for people. Pure.
//!
//! Each address or peer that a network names has at most one reason, its last. They are shown as long as no member is
//! connected: with one, a network works, and the dialler goes on quietly. No reason holds a secret: a node does not even
//! know whose network's key a peer holds.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use libp2p::core::transport::TransportError;
use libp2p::swarm::DialError;

use crate::model::NetworkId;

/// Addresses and peers of one network that a reason is kept of, at most: a JOIN names no more.
const REASONS_MAX: usize = 64;
/// How the resolver begins to say that a name has no address; behind it comes its query as a structure, which nobody wants to read.
/// Its errors have no type that could be asked for here.
const NAME_UNKNOWN: &str = "no records found";
/// Addresses of one peer whose reasons are told.
const ADDRESSES_TOLD_MAX: usize = 3;

/// What keeps this node from the members of its networks.
#[derive(Default)]
pub struct Troubles {
    networks: BTreeMap<NetworkId, Trouble>,
}

#[derive(Default)]
struct Trouble {
    /// By whom or what could not be reached.
    reasons: BTreeMap<String, String>,
    /// The last of them.
    last: String,
}

impl Troubles {
    /// Something or somebody of a network could not be reached. True where the reason is a new one.
    pub fn note(&mut self, network: NetworkId, whom: &str, reason: &str) -> bool {
        let trouble = self.networks.entry(network).or_default();
        if !trouble.reasons.contains_key(whom) && trouble.reasons.len() >= REASONS_MAX {
            return false;
        }
        // Most reasons name the address that they are about.
        trouble.last = if reason.contains(whom) { reason.to_string() } else { format!("{whom}: {reason}") };
        let before = trouble.reasons.insert(whom.to_string(), reason.to_string());
        before.as_deref() != Some(reason)
    }

    /// A member of the network is connected, or the network is gone.
    pub fn forget(&mut self, network: NetworkId) {
        self.networks.remove(&network);
    }

    /// The last reason.
    pub fn of(&self, network: NetworkId) -> Option<&str> {
        self.networks.get(&network).map(|trouble| trouble.last.as_str())
    }
}

/// Why nobody could be reached there.
pub fn reason_of(error: &DialError) -> String {
    match error {
        DialError::LocalPeerId { .. } => "the address leads to this node itself".to_string(),
        DialError::WrongPeerId { obtained, .. } => format!("another peer answers there, {obtained}"),
        DialError::NoAddresses => "no address is known".to_string(),
        DialError::Transport(tried) => {
            let told = tried.iter().take(ADDRESSES_TOLD_MAX).map(|(address, error)| match error {
                TransportError::MultiaddrNotSupported(_) => format!("{address} is of no kind that can be dialled"),
                TransportError::Other(error) => unanswered(&address.to_string(), error),
            });
            told.collect::<Vec<_>>().join(", ")
        }
        error => format!("the connection was given up ({})", root_of(error)),
    }
}

/// Why an address was in vain: there is nobody, or somebody else.
fn unanswered(address: &str, error: &(dyn std::error::Error + 'static)) -> String {
    let root = root_of(error);
    if root.starts_with(NAME_UNKNOWN) {
        return format!("no name server knows the host of {address}");
    }
    let mut chain = std::iter::successors(Some(error), |error| wrapped(*error));
    let speaks_otherwise = |error: &(dyn std::error::Error + 'static)| {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(kind, Some(ErrorKind::InvalidData | ErrorKind::UnexpectedEof))
    };
    // Some errors of the transports show the kind alone.
    let is_shown = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof].iter().any(|kind| root == kind.to_string());
    if is_shown || chain.any(speaks_otherwise) {
        return format!(
            "what answers at {address} does not speak as peers do: is it the port of a peer, and not that of clients?"
        );
    }
    format!("nobody answers at {address} ({root})")
}

/// What an error wraps; of one of input and output this is not its source.
fn wrapped<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a (dyn std::error::Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// The innermost reason of an error.
pub fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_otherwise_is_told_from_silence() {
        let address: libp2p::Multiaddr = "/ip4/127.0.0.1/tcp/5433".parse().expect("an address");
        let said = |error: std::io::Error| {
            reason_of(&DialError::Transport(vec![(address.clone(), TransportError::Other(error))]))
        };
        let refused = said(ErrorKind::ConnectionRefused.into());
        assert_eq!(refused, "nobody answers at /ip4/127.0.0.1/tcp/5433 (connection refused)");
        for other in [ErrorKind::InvalidData, ErrorKind::UnexpectedEof] {
            let told = said(std::io::Error::other(std::io::Error::from(other)));
            assert!(told.starts_with("what answers at /ip4/127.0.0.1/tcp/5433 does not speak"), "{told}");
        }
        let unknown = said(std::io::Error::other("no records found for Query { name: Name(\"a.example.\") }"));
        assert_eq!(unknown, "no name server knows the host of /ip4/127.0.0.1/tcp/5433");
    }

    #[test]
    fn an_address_is_named_once() {
        let network = NetworkId(1);
        let mut troubles = Troubles::default();
        troubles.note(network, "/ip4/1.2.3.4/tcp/1", "nobody answers at /ip4/1.2.3.4/tcp/1 (refused)");
        assert_eq!(troubles.of(network), Some("nobody answers at /ip4/1.2.3.4/tcp/1 (refused)"));
    }

    #[test]
    fn the_last_reason_is_shown_until_somebody_is_connected() {
        let (one, other) = (NetworkId(1), NetworkId(2));
        let mut troubles = Troubles::default();
        assert!(troubles.note(one, "/ip4/1.2.3.4/tcp/1", "refused"));
        assert!(!troubles.note(one, "/ip4/1.2.3.4/tcp/1", "refused"), "nothing new");
        assert!(troubles.note(one, "peer A", "gone"));
        assert!(troubles.note(one, "/ip4/1.2.3.4/tcp/1", "timed out"));
        assert_eq!(troubles.of(one), Some("/ip4/1.2.3.4/tcp/1: timed out"));
        assert_eq!(troubles.of(other), None);
        troubles.forget(one);
        assert_eq!(troubles.of(one), None);
    }
}
