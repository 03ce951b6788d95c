//! Who this node is: an Ed25519 key pair in a private file, and the peer id made from its public half.
//!
//! The peer id is the one that libp2p prints for the same key (libp2p specification, "Peer Ids and Keys"): base58btc of the
//! identity multihash of the public key in its protobuf form. Dealing with a copied data directory is left to the caller.

use std::fmt;
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::model::PeerId;
use crate::store::files::private_file;

const SEED_BYTES: usize = 32;
/// Identity multihash of 36 bytes: key type 1 (Ed25519), then 32 bytes of key.
const PEER_ID_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The key pair of this node. The secret half is wiped on drop and never printed.
pub struct Identity {
    signing_key: SigningKey,
    peer_id: PeerId,
}

impl Identity {
    /// The identity kept in `path`, made on the first call.
    ///
    /// # Errors
    /// As [`Identity::load`] and [`Identity::create`].
    pub fn load_or_create(path: &Path) -> Result<Identity> {
        match Identity::load(path)? {
            Some(identity) => Ok(identity),
            None => Identity::create(path),
        }
    }

    /// The identity kept in `path`; `None` where there is none. A file that others can read or that holds something else
    /// is an [`ErrorKind::Configuration`] error.
    ///
    /// # Errors
    /// F0000 for a file that others can read or of another length, 58030 where it cannot be read.
    pub fn load(path: &Path) -> Result<Option<Identity>> {
        let Some(bytes) = private_file::read(path, SEED_BYTES)? else {
            return Ok(None);
        };
        match <&[u8; SEED_BYTES]>::try_from(bytes.as_slice()) {
            Ok(seed) => Ok(Some(Identity::from_seed(seed))),
            Err(_) => Err(Error::new(
                ErrorKind::Configuration,
                format!("{} holds {} bytes, an identity has {SEED_BYTES}", path.display(), bytes.len()),
            )
            .with_hint("Restore it from a backup, or remove it so that this node gets a new peer id.")),
        }
    }

    /// Makes a new identity and keeps it in `path`, which must not exist.
    ///
    /// # Errors
    /// 55006 where `path` exists, 53100 and 58030 where it cannot be written, XX000 where the system gives no randomness.
    pub fn create(path: &Path) -> Result<Identity> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| Error::internal(format!("no randomness: {error}")))?;
        #[cfg(test)]
        tests::take_chosen_seed(path, &mut seed);
        private_file::create(path, seed.as_slice())?;
        Ok(Identity::from_seed(&seed))
    }

    fn from_seed(seed: &[u8; SEED_BYTES]) -> Identity {
        let signing_key = SigningKey::from_bytes(seed);
        let peer_id = peer_id_of(signing_key.verifying_key().as_bytes());
        Identity { signing_key, peer_id }
    }

    pub fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    pub fn public_key(&self) -> [u8; 32] {
        self.signing_key.verifying_key().to_bytes()
    }

    /// The Ed25519 signature (RFC 8032) of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing_key.sign(message).to_bytes()
    }

    /// Secret and public half, as a transport takes them to prove this identity.
    pub fn keypair_bytes(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.signing_key.to_keypair_bytes())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}

/// The peer id of an Ed25519 public key.
pub fn peer_id_of(public_key: &[u8; 32]) -> PeerId {
    let mut multihash = PEER_ID_PREFIX.to_vec();
    multihash.extend_from_slice(public_key);
    PeerId::new(bs58::encode(multihash).into_string())
}

/// Whether an id names an Ed25519 key, as those of all nodes do.
pub fn is_peer_id(peer: &PeerId) -> bool {
    key_of(peer).is_some()
}

/// Whether `signature` is that of the peer over `message`. False as well for an id that names no Ed25519 key.
pub fn verify_signature(peer: &PeerId, message: &[u8], signature: &[u8]) -> bool {
    let (Some(key), Ok(signature)) = (key_of(peer), <&[u8; 64]>::try_from(signature)) else { return false };
    key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
}

fn key_of(peer: &PeerId) -> Option<VerifyingKey> {
    let mut bytes = [0; PEER_ID_PREFIX.len() + SEED_BYTES];
    let is_whole = bs58::decode(peer.as_str()).onto(bytes.as_mut_slice()) == Ok(bytes.len());
    let (prefix, key) = bytes.split_first_chunk()?;
    let key = <&[u8; 32]>::try_from(key).ok().filter(|_| is_whole && *prefix == PEER_ID_PREFIX)?;
    VerifyingKey::from_bytes(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A simulation that must play the same twice chooses the identities that are still to come by a file beside this one.
    pub(super) fn take_chosen_seed(path: &Path, seed: &mut [u8; SEED_BYTES]) {
        let next = path.with_extension("next");
        let Ok(chosen) = std::fs::read(&next) else { return };
        seed.copy_from_slice(&chosen);
        std::fs::write(&next, blake3::hash(&chosen).as_bytes()).unwrap();
    }

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_peer_id_is_the_one_that_libp2p_prints() {
        // A key pair with its peer id, in libp2p's protobuf form: four bytes of header, 32 of seed, 32 of public key.
        let protobuf = STANDARD
            .decode("CAESQL6vdKQuznQosTrW7FWI9At+XX7EBf0BnZLhb6w+N+XSQSdfInl6c7U4NuxXJlhKcRBlBw9d0tj2dfBIVf6mcPA=")
            .unwrap();
        let identity = Identity::from_seed(protobuf[4..36].try_into().unwrap());
        assert_eq!(identity.public_key(), protobuf[36..68]);
        assert_eq!(identity.peer_id().as_str(), "12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu");
    }

    #[test]
    fn an_identity_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.key");
        assert!(Identity::load(&path).unwrap().is_none());
        let first = Identity::load_or_create(&path).unwrap();
        let again = Identity::load_or_create(&path).unwrap();
        assert_eq!(first.peer_id(), again.peer_id());
        assert!(first.peer_id().as_str().starts_with("12D3KooW"));
        assert_eq!(Identity::create(&path).unwrap_err().kind(), ErrorKind::ObjectInUse);
    }

    #[test]
    fn a_signature_verifies_under_the_public_key() {
        let identity = Identity::from_seed(&[7; SEED_BYTES]);
        let key = VerifyingKey::from_bytes(&identity.public_key()).unwrap();
        let signature = Signature::from_bytes(&identity.sign(b"delta"));
        assert!(key.verify_strict(b"delta", &signature).is_ok());
        assert!(key.verify_strict(b"another", &signature).is_err());
        assert!(verify_signature(identity.peer_id(), b"delta", &signature.to_bytes()));
        assert!(!verify_signature(identity.peer_id(), b"another", &signature.to_bytes()));
        assert!(!verify_signature(&PeerId::new("QmNoKey"), b"delta", &signature.to_bytes()));
        assert!(!verify_signature(identity.peer_id(), b"delta", &[0; 12]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_debug_shows_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.key");
        private_file::create(&path, b"short").unwrap();
        assert_eq!(Identity::load(&path).unwrap_err().kind(), ErrorKind::Configuration);
        let text = format!("{:?}", Identity::from_seed(&[7; SEED_BYTES]));
        assert!(text.starts_with("Identity { peer_id: 12D3KooW") && !text.contains("signing_key"), "{text}");
    }
}
