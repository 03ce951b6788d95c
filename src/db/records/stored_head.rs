//! How far each origin's deltas have come on this node, as it is stored.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::merge::chain_start;
use crate::model::{Bytes, ChainHash, Head, NetworkId, PeerId};
use crate::store::{KeyRange, Snapshot};

const SIGNATURE_BYTES: usize = 64;
const STORED_BYTES: usize = 8 + 32 + 8 + 32;

/// The head of an origin, and the part of a posting behind it whose end has not come yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredHead {
    /// The last delta that was applied: always the end of a posting.
    pub seq: u64,
    pub hash: ChainHash,
    /// The origin's, over `hash`; empty where `seq` is 0.
    pub signature: Vec<u8>,
    /// The last delta in the log.
    pub received: u64,
    pub received_hash: ChainHash,
    /// The origin's last delta that no tree covers; `None` while none of its postings had one.
    pub legacy_end: Option<u64>,
}

/// Said of an origin whose postings have trees, where the first of them is not known here.
pub(crate) const LEGACY_UNKNOWN: u64 = u64::MAX;

impl StoredHead {
    /// The head of an origin of which nothing has come.
    pub fn start(network: &str, origin: &PeerId) -> Self {
        let hash = chain_start(network, origin);
        StoredHead { seq: 0, hash, signature: Vec::new(), received: 0, received_hash: hash, legacy_end: None }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STORED_BYTES + SIGNATURE_BYTES);
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.hash);
        bytes.extend_from_slice(&self.received.to_le_bytes());
        bytes.extend_from_slice(&self.received_hash);
        bytes.extend_from_slice(&self.signature);
        if let Some(legacy_end) = self.legacy_end {
            bytes.extend_from_slice(&legacy_end.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`StoredHead::to_bytes`] wrote, in this version or an older one.
    ///
    /// # Errors
    /// XX001 for bytes that are cut off.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let damaged = || Error::new(ErrorKind::Corrupted, "the head of an origin cannot be read");
        let (seq, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let (hash, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (received, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (received_hash, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        // In format 1 nothing follows the signature, which is empty where nothing has come.
        let (signature, legacy_end) = match rest.len() {
            0 | SIGNATURE_BYTES => (rest, None),
            _ => {
                let (signature, legacy_end) = rest.split_last_chunk().ok_or_else(damaged)?;
                (signature, Some(u64::from_le_bytes(*legacy_end)))
            }
        };
        Ok(StoredHead {
            seq: u64::from_le_bytes(*seq),
            hash: *hash,
            signature: signature.to_vec(),
            received: u64::from_le_bytes(*received),
            received_hash: *received_hash,
            legacy_end,
        })
    }

    /// Whether a delta of the log, up to this head, is covered by the tree of its posting.
    pub fn is_proven(&self, seq: u64) -> bool {
        self.legacy_end.is_some_and(|legacy_end| legacy_end != LEGACY_UNKNOWN && seq > legacy_end)
    }

    pub fn head(&self, origin: PeerId) -> Head {
        Head { origin, seq: self.seq, hash: self.hash, signature: Bytes::new(self.signature.as_slice()) }
    }
}

/// The heads of a network in a snapshot, in order of origin.
pub(crate) fn heads_in(snapshot: &Snapshot, network: NetworkId) -> Result<Vec<Head>> {
    let mut heads = Vec::new();
    let mut stored = snapshot.scan(&KeyRange::heads(network));
    while let Some((origin, head)) = stored.next()? {
        let origin = std::str::from_utf8(origin)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the name of an origin is damaged"))?;
        heads.push(StoredHead::from_bytes(head)?.head(PeerId::new(origin)));
    }
    Ok(heads)
}

/// The last head of each origin that was verified, by network, and whether its posting has a tree.
pub(crate) type HeadsSeen = BTreeMap<(NetworkId, PeerId), (Head, bool)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back() {
        let mut head = StoredHead::start("n", &PeerId::new("a"));
        assert_eq!(StoredHead::from_bytes(&head.to_bytes()).unwrap(), head);
        head = StoredHead { seq: 7, signature: vec![1; SIGNATURE_BYTES], received: 9, ..head };
        assert_eq!(StoredHead::from_bytes(&head.to_bytes()).unwrap(), head);
        head.legacy_end = Some(3);
        assert_eq!(StoredHead::from_bytes(&head.to_bytes()).unwrap(), head);
        assert!(!head.is_proven(3) && head.is_proven(4));
        head = StoredHead { legacy_end: Some(0), ..StoredHead::start("n", &PeerId::new("a")) };
        assert_eq!(StoredHead::from_bytes(&head.to_bytes()).unwrap(), head);
        assert!(StoredHead::from_bytes(b"short").is_err());
    }
}
