//! AUTH entries: secrets that lie sealed in the vault family and are opened only for the reader who asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use parking_lot::RwLock;

use crate::db::network_secrets::{NETWORK_SECRETS, NetworkSecrets};
use crate::db::row::EntryView;
use crate::db::write_set::Pending;
use crate::db::{AUTH, ReadView};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, ColumnType, NetworkId, Value};
use crate::store::{Batch, Key, KeyRange, Vault, decode_key_part, encode_key};

/// Longest name of a secret, in bytes.
pub(crate) const SECRET_NAME_BYTES_MAX: usize = 1024;
/// Longest secret, in bytes.
pub(crate) const SECRET_BYTES_MAX: usize = 1024 * 1024;

/// The vault of a database.
pub(crate) struct Secrets(RwLock<Vault>);

impl Secrets {
    pub fn new(vault: Vault) -> Self {
        Secrets(RwLock::new(vault))
    }

    /// Adds a write or a deletion of a secret to a batch.
    pub fn put(&self, batch: &mut Batch, name: &str, secret: Option<&str>, version: u64) -> Result<()> {
        let vault = self.0.read();
        match secret {
            Some(secret) => {
                let sealed = vault.seal(AUTH, name, secret.as_bytes(), version)?;
                batch.put(&Key::Secret(&sealed.name_hash), &sealed.bytes);
            }
            None => batch.delete(&Key::Secret(&vault.name_hash(AUTH, name)?)),
        }
        Ok(())
    }

    /// The name and the text of a sealed secret.
    fn open(&self, hash: &[u8; 32], bytes: &[u8]) -> Result<(String, String)> {
        let opened = self.0.read().open(AUTH, hash, bytes)?;
        let text =
            std::str::from_utf8(&opened.value).map_err(|_| Error::new(ErrorKind::Corrupted, "a secret is no text"))?;
        Ok((opened.name.to_string(), text.to_string()))
    }

    /// Seals the secrets of a network.
    pub fn seal_network(&self, network: NetworkId, secrets: &NetworkSecrets, version: u64) -> Result<Vec<u8>> {
        let text = secrets.to_text()?;
        let sealed = self.0.read().seal(NETWORK_SECRETS, &network.0.to_string(), text.as_bytes(), version)?;
        Ok([sealed.name_hash.as_slice(), &sealed.bytes].concat())
    }

    /// The secrets of a network, as [`seal_network`](Self::seal_network) left them.
    pub fn open_network(&self, sealed: &[u8]) -> Result<NetworkSecrets> {
        let cut = || Error::new(ErrorKind::Corrupted, "the secrets of a network are cut off");
        let (hash, bytes) = sealed.split_first_chunk().ok_or_else(cut)?;
        NetworkSecrets::from_text(&self.0.read().open(NETWORK_SECRETS, hash, bytes)?.value)
    }

    fn hash(&self, name: &str) -> Result<[u8; 32]> {
        self.0.read().name_hash(AUTH, name)
    }
}

/// Calls `visit` with each secret, or with the one of that name, as an entry with the columns `key` and `value`.
pub(crate) fn visit(
    view: &ReadView,
    collection: &Collection,
    key: Option<&str>,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let secrets = &view.database.secrets;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    match key {
        Some(name) => {
            let hash = secrets.hash(name)?;
            if let Some(bytes) = view.snapshot.get(&Key::Secret(&hash))? {
                found.extend([secrets.open(&hash, &bytes)?]);
            }
        }
        None => {
            let mut sealed = view.snapshot.scan(&KeyRange::secrets());
            while let Some((hash, bytes)) = sealed.next()? {
                let hash = hash.try_into().map_err(|_| Error::new(ErrorKind::Corrupted, "a vault key is cut off"))?;
                found.extend([secrets.open(hash, bytes)?]);
            }
        }
    }
    for (name, pending) in &view.writes.secrets {
        match &pending.0 {
            Some(text) if key.is_none_or(|key| key == name) => {
                found.insert(name.clone(), text.to_string());
            }
            _ => {
                found.remove(name);
            }
        }
    }
    for (name, text) in found {
        let mut key = Vec::new();
        encode_key(&[Value::text(name)], &mut key)?;
        let pending = Pending {
            base: None,
            alive: true,
            replaced: true,
            changes: BTreeMap::from([("value".to_string(), Some(Value::text(text)))]),
            stage: None,
            reverted: false,
        };
        let entry = EntryView { view, collection, key: &key, record: None, pending: Some(&pending) };
        if visit(&entry)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The name of a secret from its encoded key.
pub(crate) fn secret_name(key: &[u8]) -> Result<String> {
    match decode_key_part(key, 0, &ColumnType::Text)? {
        Value::Text(name) => Ok(name.into()),
        _ => Err(Error::internal("the key of an AUTH entry is no text")),
    }
}

/// Checks a secret before it is taken.
pub(crate) fn check_secret(name: &str, secret: &str) -> Result<()> {
    for (what, length, max) in [("key", name.len(), SECRET_NAME_BYTES_MAX), ("value", secret.len(), SECRET_BYTES_MAX)] {
        if length > max {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("the {what} of an AUTH entry has {length} bytes, allowed are {max}"),
            ));
        }
    }
    if name.is_empty() {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "the key of an AUTH entry must not be empty"));
    }
    Ok(())
}
