//! Versions of the protocol between members: which are spoken here, and what becomes of peers that speak none of them. Pure.
//!
//! Each version has a name of its own for streams, so that two peers agree on the newest that both speak before either says
//! a word, and a message of one version is never read as one of another. A peer that speaks none is not heard any further;
//! what it speaks it has told by identify, and so people are told which side to update.

use std::collections::BTreeMap;

use libp2p::{Multiaddr, PeerId, StreamProtocol};

use crate::sync::protocol::encoding::PROTOCOL_VERSION;

/// The newest version that this program speaks: that of the frames.
pub const NEWEST: u8 = PROTOCOL_VERSION;
/// The oldest version that this program still speaks: as the newest, without compressed parts.
pub const OLDEST: u8 = 5;
const _: () = assert!(OLDEST <= NEWEST, "a program speaks its own version");
/// Versions up to 4 all had streams of this number, and found out by their frames.
const UNNUMBERED: u32 = 1;

/// Peers of other versions that are shown, at most; the oldest goes for one more.
const REFUSED_MAX: usize = 64;
/// Addresses of one of them that are shown, at most.
const ADDRESSES_MAX: usize = 4;
/// Longest name of another program that is shown, in characters.
const AGENT_CHARS_MAX: usize = 64;

const SYNC: &str = "/nebulusdb/sync/";
const BLOB: &str = "/nebulusdb/blob/";

/// What a stream between members is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Messages of a network.
    Sync,
    Blob,
}

impl StreamKind {
    fn prefix(self) -> &'static str {
        match self {
            StreamKind::Sync => SYNC,
            StreamKind::Blob => BLOB,
        }
    }

    /// The names of its streams in all versions that are spoken here, newest first.
    pub fn protocols(self) -> Vec<StreamProtocol> {
        let named = |version| StreamProtocol::try_from_owned(format!("{}{version}.0.0", self.prefix())).ok();
        (OLDEST..=NEWEST).rev().filter_map(named).collect()
    }

    /// What a stream of this name is for, and in which version.
    pub fn of(protocol: &str) -> Option<(StreamKind, u32)> {
        let version = |kind: StreamKind| Some((kind, version_in(protocol.strip_prefix(kind.prefix())?)?));
        [StreamKind::Sync, StreamKind::Blob].into_iter().find_map(version)
    }
}

/// The version of a stream of this name, where it is one that is spoken here.
pub fn spoken_version(protocol: &str) -> Option<u8> {
    let (_, version) = StreamKind::of(protocol)?;
    u8::try_from(version).ok().filter(|version| (OLDEST..=NEWEST).contains(version))
}

/// The first number of a version.
fn version_in(text: &str) -> Option<u32> {
    text.split('.').next()?.parse().ok()
}

/// Why a peer is refused that offers these protocols, in words for people; `None` where it speaks a version that is spoken
/// here, or is no node of this kind at all.
pub fn refusal<'a>(protocols: impl IntoIterator<Item = &'a str>, agent: &str) -> Option<String> {
    let offered = protocols.into_iter().filter_map(StreamKind::of).filter(|(kind, _)| *kind == StreamKind::Sync);
    let versions: Vec<u32> = offered.map(|(_, version)| version).collect();
    let newest = versions.iter().copied().max()?;
    let (oldest_here, newest_here) = (u32::from(OLDEST), u32::from(NEWEST));
    if versions.iter().any(|version| (oldest_here..=newest_here).contains(version)) {
        return None;
    }
    let agent: String = agent.chars().filter(|c| c.is_ascii_graphic()).take(AGENT_CHARS_MAX).collect();
    let spoken = if OLDEST == NEWEST { format!("{NEWEST}") } else { format!("{OLDEST} to {NEWEST}") };
    let theirs = if newest == UNNUMBERED { "4 or an older one".to_string() } else { newest.to_string() };
    let what_to_do = if newest < oldest_here { "update that node" } else { "update this node" };
    Some(format!(
        "it speaks version {theirs} of the protocol ({agent}), this node version {spoken}: {what_to_do} to bring them together"
    ))
}

/// Peers that speak no version that is spoken here.
#[derive(Default)]
pub struct Refused {
    peers: BTreeMap<PeerId, RefusedHere>,
    last: u64,
}

/// One of them.
pub struct RefusedHere {
    number: u64,
    pub reason: String,
    pub addresses: Vec<Multiaddr>,
}

impl Refused {
    /// What identify told of a peer. True where its reason is a new one.
    pub fn note(&mut self, peer: PeerId, refusal: Option<String>, mut addresses: Vec<Multiaddr>) -> bool {
        let Some(reason) = refusal else {
            self.peers.remove(&peer);
            return false;
        };
        if !self.peers.contains_key(&peer) && self.peers.len() >= REFUSED_MAX {
            let oldest = self.peers.iter().min_by_key(|(_, known)| known.number).map(|(peer, _)| *peer);
            oldest.and_then(|oldest| self.peers.remove(&oldest));
        }
        self.last += 1;
        addresses.truncate(ADDRESSES_MAX);
        let number = self.last;
        let before = self.peers.insert(peer, RefusedHere { number, reason: reason.clone(), addresses });
        before.is_none_or(|before| before.reason != reason)
    }

    pub fn reason(&self, peer: &PeerId) -> Option<&str> {
        self.peers.get(peer).map(|known| known.reason.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PeerId, &RefusedHere)> {
        self.peers.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: u32 = NEWEST as u32;

    fn names(versions: &[u32]) -> Vec<String> {
        versions.iter().map(|version| format!("{SYNC}{version}.0.0")).collect()
    }

    fn refusal_of(versions: &[u32]) -> Option<String> {
        refusal(names(versions).iter().map(String::as_str), "nebulusdb/9.9.9")
    }

    #[test]
    fn a_peer_is_refused_that_speaks_no_common_version() {
        assert_eq!(refusal_of(&[HERE]), None);
        assert_eq!(refusal_of(&[HERE + 1, HERE]), None, "they agree on the older");
        assert_eq!(refusal(["/ipfs/id/1.0.0"], "a relay"), None);
        let newer = refusal_of(&[HERE + 1]).unwrap();
        assert!(newer.contains(&format!("version {} of", HERE + 1)) && newer.contains("update this node"), "{newer}");
        let older = refusal_of(&[1]).unwrap();
        assert!(older.contains("update that node") && older.contains("nebulusdb/9.9.9"), "{older}");
    }

    #[test]
    fn names_tell_kind_and_version() {
        for kind in [StreamKind::Sync, StreamKind::Blob] {
            let newest = kind.protocols().first().cloned().unwrap();
            assert_eq!(StreamKind::of(newest.as_ref()), Some((kind, HERE)));
        }
        assert_eq!(StreamKind::of("/nebulusdb/kad/1.0.0"), None);
        assert_eq!(StreamKind::of("/nebulusdb/sync/x"), None);
    }

    #[test]
    fn no_more_are_kept_than_the_bound() {
        let mut refused = Refused::default();
        let peers: Vec<PeerId> = (0..=REFUSED_MAX).map(|_| PeerId::random()).collect();
        for peer in &peers {
            assert!(refused.note(*peer, Some("other".to_string()), Vec::new()));
        }
        assert_eq!(refused.iter().count(), REFUSED_MAX);
        assert_eq!(refused.reason(&peers[0]), None);
        let last = peers[REFUSED_MAX];
        assert!(!refused.note(last, Some("other".to_string()), Vec::new()));
        assert!(!refused.note(last, None, Vec::new()));
        assert_eq!(refused.reason(&last), None);
    }
}
