//! Secrets of the vault family: sealed when they are written, opened for the reader who asked.

use parking_lot::RwLock;

use crate::db::vault::network_keys::{NETWORK_SECRETS, NetworkSecrets};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AUTH, NetworkId};
use crate::store::{Key, NameHash, SealedSecret, Snapshot, Vault, decode_key_part};
use crate::types::{ColumnType, Value};

/// The vault of a database.
pub(crate) struct Secrets(RwLock<Vault>);

impl Secrets {
    pub fn new(vault: Vault) -> Self {
        Secrets(RwLock::new(vault))
    }

    /// The name and the text of a sealed secret.
    pub(in crate::db) fn open(&self, hash: &[u8; 32], bytes: &[u8]) -> Result<(String, String)> {
        let opened = self.0.read().open(AUTH, hash, bytes)?;
        let text =
            std::str::from_utf8(&opened.value).map_err(|_| Error::new(ErrorKind::Corrupted, "a secret is no text"))?;
        Ok((opened.name.to_string(), text.to_string()))
    }

    /// Seals the secrets of a network.
    ///
    /// # Errors
    /// 54000 for secrets that are too large to encrypt, XX000 where the system has no randomness.
    pub fn seal_network(&self, network: NetworkId, secrets: &NetworkSecrets, version: u64) -> Result<Vec<u8>> {
        let text = secrets.to_text()?;
        let sealed = self.0.read().seal(NETWORK_SECRETS, &network.0.to_string(), text.as_bytes(), version)?;
        Ok([sealed.name_hash.as_slice(), &sealed.bytes].concat())
    }

    /// The secrets of a network, as [`seal_network`](Self::seal_network) left them.
    ///
    /// # Errors
    /// XX001 for bytes that were cut off or changed, or are under another key.
    pub fn open_network(&self, sealed: &[u8]) -> Result<NetworkSecrets> {
        let cut = || Error::new(ErrorKind::Corrupted, "the secrets of a network are cut off");
        let (hash, bytes) = sealed.split_first_chunk().ok_or_else(cut)?;
        NetworkSecrets::from_text(&self.0.read().open(NETWORK_SECRETS, hash, bytes)?.value)
    }

    /// The name under which a secret is stored.
    pub(in crate::db) fn hash(&self, name: &str) -> Result<NameHash> {
        self.0.read().name_hash(AUTH, name)
    }

    /// A secret as it is stored with a commit of that version.
    pub(in crate::db) fn seal(&self, name: &str, secret: &str, version: u64) -> Result<SealedSecret> {
        self.0.read().seal(AUTH, name, secret.as_bytes(), version)
    }
}

/// The version of a secret in a snapshot; `None` where there is none.
pub(in crate::db) fn committed_version(snapshot: &Snapshot, hash: &NameHash) -> Result<Option<u64>> {
    snapshot.get(&Key::Secret(hash))?.map(|sealed| Vault::version_of(&sealed)).transpose()
}

/// The name of a secret from its encoded key.
pub(crate) fn secret_name(key: &[u8]) -> Result<String> {
    match decode_key_part(key, 0, &ColumnType::Text)? {
        Value::Text(name) => Ok(name.into()),
        _ => Err(Error::internal("the key of an AUTH entry is no text")),
    }
}

/// # Errors
/// 42501 for somebody from whom secrets are hidden.
pub(crate) fn check_visible(hides_secrets: bool) -> Result<()> {
    if !hides_secrets {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InsufficientPrivilege, "secrets are hidden from this session").with_hint(
        "It was opened with nebulus.secrets = off, which holds until it ends: connect without that option to see them.",
    ))
}
