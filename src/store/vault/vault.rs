//! The vault: secrets under AES-256-GCM, named by keyed hashes.
//!
//! A secret's name and value are encrypted together under a random 96-bit nonce (NIST SP 800-38D; one key is good for 2^32
//! of them), with its collection, the keyed hash of its name and its version as associated data, so that no sealed bytes
//! can be moved, renamed or taken for another version. Encryption, name hashes and the verifier have keys of their own,
//! derived from the generation's master key by HKDF-SHA256 (RFC 5869).
//!
//! The store keeps three things: per secret its name hash (the key of the row) and the sealed bytes (the row), and once the
//! [`verifier`](Vault::verifier). The verifier says which generation of the key the rows are under and whether the key at
//! hand is that one, so a wrong key is an error at start. A rotation writes resealed rows and the new verifier in one batch:
//!
//! ```text
//! begin_rotation    new key file, durable     | interrupted here: the verifier still names the old generation
//! reseal each row, Rotation::to.verifier()    | one batch
//! finish_rotation   old key file removed      | interrupted here: called again at the next start
//! ```
//!
//! Whoever rotates holds the data directory for writing; unlocking changes no existing file and may be done by a reader.
//!
//! Sealed bytes: format 1, generation (u32), version (u64), nonce (12), ciphertext, tag (16); numbers are big-endian.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::store::vault::master_key::{KeyDirectory, KeySource, MasterKey, fill_random};

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 12;
const FIRST_GENERATION: u32 = 1;
/// Format and generation, which a verifier begins with.
const VERIFIER_HEAD_BYTES: usize = 5;

type Key = Zeroizing<[u8; 32]>;

/// The keyed hash of a secret's collection and name: where its row stands.
pub type NameHash = [u8; 32];

/// A secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    pub name_hash: NameHash,
    pub bytes: Vec<u8>,
}

/// A secret as its owner knows it. Wiped on drop, never printed.
pub struct OpenedSecret {
    pub name: Zeroizing<String>,
    pub value: Zeroizing<Vec<u8>>,
    pub version: u64,
}

impl fmt::Debug for OpenedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedSecret").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Seals and opens secrets with one generation of the key. Keys are wiped on drop and never printed.
pub struct Vault {
    generation: u32,
    encryption_key: Key,
    name_key: Key,
    verifier_key: Key,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// The start of sealed bytes, and what follows it.
struct Envelope<'a> {
    generation: u32,
    version: u64,
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

impl Vault {
    /// A vault with a key of which nothing is verified yet: for a new generation.
    ///
    /// # Errors
    /// None today; the keys that it derives are shorter than what HKDF gives.
    pub fn new(generation: u32, master: &MasterKey) -> Result<Vault> {
        let hkdf = Hkdf::<Sha256>::new(None, master.as_bytes());
        let derive = |label: &str| -> Result<Key> {
            let mut key = Key::default();
            let generation = generation.to_be_bytes();
            hkdf.expand_multi_info(&[label.as_bytes(), &generation], key.as_mut_slice())
                .map_err(|error| Error::internal(format!("key derivation: {error}")))?;
            Ok(key)
        };
        Ok(Vault {
            generation,
            encryption_key: derive("nebulusdb vault 1 encryption")?,
            name_key: derive("nebulusdb vault 1 names")?,
            verifier_key: derive("nebulusdb vault 1 verifier")?,
        })
    }

    /// The vault of a database: the key that `verifier` asks for, checked against it, or for a database that has no verifier
    /// yet the first key. [`ErrorKind::Configuration`] where the key is missing or wrong. The caller stores the
    /// [`verifier`](Vault::verifier) of a new vault before it stores a secret.
    ///
    /// # Errors
    /// XX001 for a damaged verifier; as [`KeyDirectory::load_or_create`] without one, else as [`KeyDirectory::load`] and
    /// [`Vault::verify`].
    pub fn unlock(directory: &KeyDirectory, source: &KeySource, verifier: Option<&[u8]>) -> Result<Vault> {
        let Some(verifier) = verifier else {
            return Vault::new(FIRST_GENERATION, &directory.load_or_create(FIRST_GENERATION, source)?);
        };
        let generation = verified_generation(verifier)?;
        let vault = Vault::new(generation, &directory.load(generation, source)?)?;
        vault.verify(verifier)?;
        Ok(vault)
    }

    /// Fails with [`ErrorKind::Configuration`] unless `verifier` was made by a vault with this key and generation.
    ///
    /// # Errors
    /// XX001 for a damaged verifier, F0000 for that of another key or generation.
    pub fn verify(&self, verifier: &[u8]) -> Result<()> {
        let generation = verified_generation(verifier)?;
        let (head, tag) = verifier.split_at(VERIFIER_HEAD_BYTES.min(verifier.len()));
        if generation == self.generation && mac(&self.verifier_key, &[head])?.verify_slice(tag).is_ok() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Configuration,
            format!("wrong vault key: the stored secrets are under another key of generation {generation}"),
        )
        .with_hint("Start with the key file or the passphrase that this data directory was used with last."))
    }

    /// What the store keeps to recognise the right key by; it reveals nothing of the key.
    ///
    /// # Errors
    /// None today; its HMAC takes keys of any length.
    pub fn verifier(&self) -> Result<Vec<u8>> {
        let mut verifier = vec![FORMAT];
        verifier.extend_from_slice(&self.generation.to_be_bytes());
        let tag = mac(&self.verifier_key, &[&verifier])?.finalize().into_bytes();
        verifier.extend_from_slice(&tag);
        Ok(verifier)
    }

    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Where the secret of that name stands. It differs from generation to generation.
    ///
    /// # Errors
    /// None today; its HMAC takes keys of any length.
    pub fn name_hash(&self, collection: &str, name: &str) -> Result<NameHash> {
        let length = (collection.len() as u64).to_be_bytes();
        let hash = mac(&self.name_key, &[&length, collection.as_bytes(), name.as_bytes()])?.finalize().into_bytes();
        Ok(hash.into())
    }

    /// Encrypts a secret. `version` grows with each write of the secret; [`open`](Vault::open) gives it back.
    ///
    /// # Errors
    /// 54000 for a name of 4 GiB and for a secret beyond what the cipher takes, XX000 where the system gives no randomness.
    pub fn seal(&self, collection: &str, name: &str, value: &[u8], version: u64) -> Result<SealedSecret> {
        let name_hash = self.name_hash(collection, name)?;
        let length = u32::try_from(name.len())
            .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the name of a secret must be shorter than 4 GiB"))?;
        // Of full size from the start, so that growing leaves no copy behind.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(size_of::<u32>() + name.len() + value.len()));
        plaintext.extend_from_slice(&length.to_be_bytes());
        plaintext.extend_from_slice(name.as_bytes());
        plaintext.extend_from_slice(value);
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let aad = associated_data(collection, &name_hash, version);
        let payload = Payload { msg: plaintext.as_slice(), aad: &aad };
        let ciphertext = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the secret is too large to encrypt"))?;
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(SealedSecret { name_hash, bytes })
    }

    /// Decrypts what stands at `name_hash`. [`ErrorKind::Corrupted`] where the bytes were changed, belong elsewhere or are
    /// under another generation.
    ///
    /// # Errors
    /// XX001 for these, and for bytes that are cut short or of another format.
    pub fn open(&self, collection: &str, name_hash: &NameHash, bytes: &[u8]) -> Result<OpenedSecret> {
        let envelope = parse(bytes)?;
        if envelope.generation != self.generation {
            return Err(corrupted(&format!(
                "it is under key generation {}, the vault is at {}",
                envelope.generation, self.generation
            )));
        }
        let aad = associated_data(collection, name_hash, envelope.version);
        let plaintext = self
            .cipher()
            .decrypt(&Nonce::from(envelope.nonce), Payload { msg: envelope.ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| corrupted("it does not decrypt"))?;
        let malformed = || corrupted("what it decrypts to is malformed");
        let (length, rest) = plaintext.split_first_chunk().ok_or_else(malformed)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| malformed())?;
        let (name, value) = rest.split_at_checked(length).ok_or_else(malformed)?;
        let name = std::str::from_utf8(name).map_err(|_| malformed())?;
        Ok(OpenedSecret {
            name: Zeroizing::new(name.to_string()),
            value: Zeroizing::new(value.to_vec()),
            version: envelope.version,
        })
    }

    /// The version that a sealed secret was given, without opening it.
    ///
    /// # Errors
    /// XX001 for bytes that are cut short or of another format.
    pub fn version_of(bytes: &[u8]) -> Result<u64> {
        parse(bytes).map(|envelope| envelope.version)
    }

    /// Begins to replace this vault's key: makes the next generation's. Until [`finish_rotation`](Vault::finish_rotation)
    /// nothing is lost by stopping.
    ///
    /// # Errors
    /// As [`KeyDirectory::retain`] and [`KeyDirectory::create`]; XX000 where the numbers of generations have come to their end.
    pub fn begin_rotation(self, directory: &KeyDirectory, source: &KeySource) -> Result<Rotation> {
        directory.retain(self.generation)?;
        let generation = self.generation.checked_add(1).ok_or_else(|| Error::internal("no key generation is left"))?;
        let to = Vault::new(generation, &directory.create(generation, source)?)?;
        Ok(Rotation { from: self, to })
    }

    /// Removes all keys but this vault's: once the batch with its verifier is durable, and at each start for writing, where
    /// it clears what an interrupted rotation left.
    ///
    /// # Errors
    /// As [`KeyDirectory::retain`].
    pub fn finish_rotation(&self, directory: &KeyDirectory) -> Result<()> {
        directory.retain(self.generation)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.encryption_key).into())
    }
}

/// Both generations while secrets move from one key to the next.
#[derive(Debug)]
pub struct Rotation {
    pub from: Vault,
    pub to: Vault,
}

impl Rotation {
    /// The secret under the new key, and at its new name hash. Bytes that are under it already come back as they are.
    ///
    /// # Errors
    /// As [`Vault::open`] and [`Vault::seal`].
    pub fn reseal(&self, collection: &str, name_hash: &NameHash, bytes: &[u8]) -> Result<SealedSecret> {
        if parse(bytes)?.generation == self.to.generation {
            self.to.open(collection, name_hash, bytes)?;
            return Ok(SealedSecret { name_hash: *name_hash, bytes: bytes.to_vec() });
        }
        let secret = self.from.open(collection, name_hash, bytes)?;
        self.to.seal(collection, &secret.name, &secret.value, secret.version)
    }
}

/// The generation that a verifier names; whether it is genuine is not looked at.
fn verified_generation(verifier: &[u8]) -> Result<u32> {
    match verifier.split_first_chunk() {
        Some((&[FORMAT, a, b, c, d], _)) => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(Error::new(ErrorKind::Corrupted, "the verifier of the vault's key is damaged or of a newer format")
            .with_hint("Restore the data directory from a backup.")),
    }
}

fn parse(bytes: &[u8]) -> Result<Envelope<'_>> {
    let malformed = || corrupted("its bytes are cut short");
    let (format, rest) = bytes.split_first().ok_or_else(malformed)?;
    if *format != FORMAT {
        return Err(corrupted(&format!("its format is {format}, this version reads {FORMAT}")));
    }
    let (generation, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let (version, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or_else(malformed)?;
    Ok(Envelope {
        generation: u32::from_be_bytes(*generation),
        version: u64::from_be_bytes(*version),
        nonce: *nonce,
        ciphertext,
    })
}

fn associated_data(collection: &str, name_hash: &NameHash, version: u64) -> Vec<u8> {
    let mut data = Vec::with_capacity(collection.len() + 48);
    data.extend_from_slice(&(collection.len() as u64).to_be_bytes());
    data.extend_from_slice(collection.as_bytes());
    data.extend_from_slice(name_hash);
    data.extend_from_slice(&version.to_be_bytes());
    data
}

fn mac(key: &Key, parts: &[&[u8]]) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_slice())
        .map_err(|error| Error::internal(format!("message authentication: {error}")))?;
    parts.iter().for_each(|part| mac.update(part));
    Ok(mac)
}

fn corrupted(what: &str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("a stored secret cannot be opened: {what}"))
        .with_hint("Restore the data directory from a backup, or set the secret again.")
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
