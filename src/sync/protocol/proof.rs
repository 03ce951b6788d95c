//! The mutual proof of a network's key, which comes before any message. Pure: bytes in, bytes out.
//!
//! The transport has already proved who the two peers are. What is proved here is that both hold the same network's key:
//!
//! ```text
//! initiator -> responder   hello: nonce_i (32)  HMAC-SHA256(hello key, "initiator", purpose, both ids, nonce_i) (32)
//! responder -> initiator   reply: nonce_r (32)  HMAC-SHA256(hello key, "responder", purpose, both ids, nonce_i, nonce_r) (32)
//! initiator -> responder   the first sealed frame, under a session key of the network key and both nonces
//! ```
//!
//! Nothing in a hello names the network: to whoever lacks the key it is 64 random bytes. The responder compares it with
//! the keys of all its networks and epochs, and with so many that belong to nobody that the work does not tell how many it
//! has; a hello that fits none is answered by a reset, whatever the reason. Tags are bound to both peer ids, their roles and
//! the purpose, so that none can be used by or against another peer, turned around, or carried from one protocol to the
//! other. A recorded hello leads nowhere: the session keys depend on the responder's fresh nonce.
//!
//! Keys are derived from the network's key by HKDF-SHA256 (RFC 5869), with its name. The number of the epoch is not among
//! it, since whoever joins by the secret of a later epoch does not know its number; the first frame tells it.

use std::collections::{BTreeSet, HashSet};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::model::{NetworkId, PeerId};

/// Bytes of a hello and of a reply.
pub const PROOF_BYTES: usize = 64;
/// Bytes of a nonce and of a tag.
const HALF_BYTES: usize = PROOF_BYTES / 2;
/// The number of keys that a hello is compared with is a multiple of this.
const KEYS_TRIED_STEP: usize = 16;
/// Newest epochs of a network that a proof is accepted for.
pub const EPOCHS_MAX: usize = 8;

/// Random bytes that are never used again.
pub type Nonce = [u8; HALF_BYTES];
/// A hello or a reply.
pub type Proof = [u8; PROOF_BYTES];
/// A key of a session or of a network.
pub type SecretKey = Zeroizing<[u8; 32]>;

/// What a stream is for: a proof for one is none for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Sync,
    Blob,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Purpose::Sync => b"sync",
            Purpose::Blob => b"blob",
        }
    }
}

/// One epoch of a network: what a [`Keyring`] is made of.
pub struct NetworkEpoch {
    pub network: NetworkId,
    /// The network's name, the same on all members.
    pub name: String,
    pub epoch: u64,
    pub key: SecretKey,
    /// `None` in the newest epoch, where the key is enough. In an older one only these peers are let in: whoever was
    /// removed keeps the old key, and must not come back under a new peer id.
    pub only: Option<BTreeSet<PeerId>>,
    /// These are never let in.
    pub removed: BTreeSet<PeerId>,
}

/// The keys of all networks and epochs of this node.
#[derive(Clone, Default)]
pub struct Keyring {
    entries: Vec<Entry>,
    /// Keys that nobody has, to make up the numbers.
    decoys: Vec<Hmac<Sha256>>,
    /// Peers that are kept out of a network for a while.
    banned: HashSet<(PeerId, NetworkId)>,
}

#[derive(Clone)]
struct Entry {
    network: NetworkId,
    epoch: u64,
    /// Keyed with the hello key.
    tags: Hmac<Sha256>,
    sessions: SecretKey,
    only: Option<BTreeSet<PeerId>>,
    removed: BTreeSet<PeerId>,
}

/// The keys of one proven stream, one for each direction.
#[derive(Clone)]
pub struct SessionKeys {
    pub to_responder: SecretKey,
    pub to_initiator: SecretKey,
}

/// Who talks to whom.
#[derive(Clone, Copy)]
pub struct Parties<'a> {
    pub purpose: Purpose,
    pub initiator: &'a PeerId,
    pub responder: &'a PeerId,
}

/// An initiator that has said hello and waits for the reply.
pub struct Hello {
    pub bytes: Proof,
    /// The epoch as this node counts.
    pub epoch: u64,
    tag_of_reply: Hmac<Sha256>,
    sessions: SecretKey,
    context: Vec<u8>,
    nonce: Nonce,
}

/// What a responder found a hello to prove.
pub struct ProofAnswer {
    pub network: NetworkId,
    pub epoch: u64,
    pub reply: Proof,
    pub keys: SessionKeys,
}

impl Keyring {
    /// A keyring of these epochs.
    ///
    /// # Errors
    /// Only for a defect of the key derivation.
    pub fn new(epochs: impl IntoIterator<Item = NetworkEpoch>) -> Result<Keyring> {
        let entries = epochs.into_iter().map(Entry::new).collect::<Result<Vec<_>>>()?;
        let tried = entries.len().max(1).next_multiple_of(KEYS_TRIED_STEP);
        let decoy = keyed(&[0; 32])?;
        let decoys = vec![decoy; tried - entries.len()];
        Ok(Keyring { entries, decoys, banned: HashSet::new() })
    }

    /// Keeps a peer out of a network, or lets it in again.
    pub fn set_banned(&mut self, peer: &PeerId, network: NetworkId, banned: bool) {
        if banned {
            self.banned.insert((peer.clone(), network));
        } else {
            self.banned.remove(&(peer.clone(), network));
        }
    }

    /// Epochs of a network that there are keys for, newest first.
    pub fn epochs(&self, network: NetworkId) -> Vec<u64> {
        let mut epochs: Vec<_> =
            self.entries.iter().filter(|entry| entry.network == network).map(|entry| entry.epoch).collect();
        epochs.sort_unstable_by(|a, b| b.cmp(a));
        epochs
    }

    /// Whether a peer may take part in this epoch of this network, as far as its id decides.
    pub fn admits(&self, network: NetworkId, epoch: u64, peer: &PeerId) -> bool {
        self.entry(network, epoch).is_some_and(|entry| self.lets_in(entry, peer))
    }

    /// The initiator's opening; `None` where there is no such epoch here or the peer is kept out of it.
    pub fn hello(&self, network: NetworkId, epoch: u64, parties: Parties<'_>, nonce: Nonce) -> Option<Hello> {
        let entry = self.entry(network, epoch).filter(|entry| self.lets_in(entry, parties.responder))?;
        let context = context(parties);
        let tag = tag(&entry.tags, &[b"initiator", &context, &nonce]);
        Some(Hello {
            epoch,
            bytes: join(&nonce, &tag),
            tag_of_reply: entry.tags.clone(),
            sessions: entry.sessions.clone(),
            context,
            nonce,
        })
    }

    /// The responder's side: which network a hello proves, and the answer to it. `None`, after the same work, for one that
    /// proves nothing here.
    pub fn answer(&self, parties: Parties<'_>, hello: &Proof, nonce: Nonce) -> Option<ProofAnswer> {
        let context = context(parties);
        let (nonce_of_initiator, claimed) = halves(hello);
        let message: [&[u8]; 3] = [b"initiator", &context, &nonce_of_initiator];
        let mut found = None;
        for entry in &self.entries {
            if matches(&entry.tags, &message, &claimed) {
                found = Some(entry);
            }
        }
        for decoy in &self.decoys {
            std::hint::black_box(matches(decoy, &message, &claimed));
        }
        let entry = found.filter(|entry| self.lets_in(entry, parties.initiator))?;
        let tag = tag(&entry.tags, &[b"responder", &context, &nonce_of_initiator, &nonce]);
        let keys = session_keys(&entry.sessions, &context, &nonce_of_initiator, &nonce)?;
        Some(ProofAnswer { network: entry.network, epoch: entry.epoch, reply: join(&nonce, &tag), keys })
    }

    fn entry(&self, network: NetworkId, epoch: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.network == network && entry.epoch == epoch)
    }

    fn lets_in(&self, entry: &Entry, peer: &PeerId) -> bool {
        !entry.removed.contains(peer)
            && entry.only.as_ref().is_none_or(|only| only.contains(peer))
            && !self.banned.contains(&(peer.clone(), entry.network))
    }
}

impl Hello {
    /// Checks the responder's reply; `None` where it does not know the key.
    pub fn finish(&self, reply: &Proof) -> Option<SessionKeys> {
        let (nonce_of_responder, claimed) = halves(reply);
        let message: [&[u8]; 4] = [b"responder", &self.context, &self.nonce, &nonce_of_responder];
        if !matches(&self.tag_of_reply, &message, &claimed) {
            return None;
        }
        session_keys(&self.sessions, &self.context, &self.nonce, &nonce_of_responder)
    }
}

impl Entry {
    fn new(epoch: NetworkEpoch) -> Result<Entry> {
        let hkdf = Hkdf::<Sha256>::new(None, epoch.key.as_slice());
        let derive = |label: &[u8]| -> Result<SecretKey> {
            let mut key = SecretKey::default();
            hkdf.expand_multi_info(&[label, epoch.name.as_bytes()], key.as_mut_slice())
                .map_err(|error| Error::internal(format!("key derivation: {error}")))?;
            Ok(key)
        };
        Ok(Entry {
            network: epoch.network,
            epoch: epoch.epoch,
            tags: keyed(&*derive(b"nebulusdb network 1 hello")?)?,
            sessions: derive(b"nebulusdb network 1 session")?,
            only: epoch.only,
            removed: epoch.removed,
        })
    }
}

/// Purpose and ids, each with its length before it.
fn context(parties: Parties<'_>) -> Vec<u8> {
    let parts = [parties.purpose.label(), parties.initiator.as_str().as_bytes(), parties.responder.as_str().as_bytes()];
    let mut context = Vec::new();
    for part in parts {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part);
    }
    context
}

fn session_keys(sessions: &SecretKey, context: &[u8], initiator: &Nonce, responder: &Nonce) -> Option<SessionKeys> {
    let hkdf = Hkdf::<Sha256>::new(Some(&join(initiator, responder)), sessions.as_slice());
    let derive = |label: &[u8]| {
        let mut key = SecretKey::default();
        hkdf.expand_multi_info(&[label, context], key.as_mut_slice()).ok()?;
        Some(key)
    };
    Some(SessionKeys { to_responder: derive(b"to responder")?, to_initiator: derive(b"to initiator")? })
}

fn keyed(key: &[u8; 32]) -> Result<Hmac<Sha256>> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key)
        .map_err(|error| Error::internal(format!("message authentication: {error}")))
}

fn tag(keyed: &Hmac<Sha256>, message: &[&[u8]]) -> [u8; HALF_BYTES] {
    let mut mac = keyed.clone();
    message.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Compares in constant time.
fn matches(keyed: &Hmac<Sha256>, message: &[&[u8]], claimed: &[u8; HALF_BYTES]) -> bool {
    let mut mac = keyed.clone();
    message.iter().for_each(|part| mac.update(part));
    mac.verify_slice(claimed).is_ok()
}

fn join(first: &[u8; HALF_BYTES], second: &[u8; HALF_BYTES]) -> Proof {
    let mut joined = [0; PROOF_BYTES];
    let (head, tail) = joined.split_at_mut(HALF_BYTES);
    head.copy_from_slice(first);
    tail.copy_from_slice(second);
    joined
}

fn halves(proof: &Proof) -> ([u8; HALF_BYTES], [u8; HALF_BYTES]) {
    let (mut first, mut second) = ([0; HALF_BYTES], [0; HALF_BYTES]);
    let (head, tail) = proof.split_at(HALF_BYTES);
    first.copy_from_slice(head);
    second.copy_from_slice(tail);
    (first, second)
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
