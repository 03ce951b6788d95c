//! AUTH entries: secrets that lie sealed in the vault family and are opened only for the reader who asked.
//!
//! They are written as other entries are: a transaction keeps the version of each secret that it saw, and the committer
//! refuses it where another commit has changed one of them since.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::RwLock;
use zeroize::Zeroizing;

use crate::db::catalog::catalog::AUTH;
use crate::db::pending::on_conflict::{Inserted, OnConflict};
use crate::db::pending::write_set::EntryKey;
use crate::db::pending::write_set::{Pending, PendingSecret};
use crate::db::read::entry_view::EntryView;
use crate::db::read::view::ReadView;
use crate::db::vault::network_keys::{NETWORK_SECRETS, NetworkSecrets};
use crate::db::write::encoder::{Apply, conflict};
use crate::db::write::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, NetworkId};
use crate::store::{Key, KeyRange, NameHash, SealedSecret, Snapshot, Vault, decode_key_part, encode_key};
use crate::types::{ColumnType, Value};

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

    fn hash(&self, name: &str) -> Result<NameHash> {
        self.0.read().name_hash(AUTH, name)
    }

    fn seal(&self, name: &str, secret: &str, version: u64) -> Result<SealedSecret> {
        self.0.read().seal(AUTH, name, secret.as_bytes(), version)
    }
}

impl Apply<'_> {
    /// Verifies and encodes one write or deletion of a secret. Its version is that of the commit that sealed it last.
    ///
    /// # Errors
    /// 40001 when another commit wrote or deleted the secret after the transaction saw it.
    pub fn secret(&mut self, name: &str, pending: &PendingSecret) -> Result<()> {
        let hash = self.shared.secrets.hash(name)?;
        if self.secret_version(&hash)? != pending.base {
            return Err(conflict("another transaction changed the same AUTH entry"));
        }
        match &pending.text {
            Some(secret) => {
                let sealed = self.shared.secrets.seal(name, secret, self.version)?;
                self.effects.batch.put(&Key::Secret(&sealed.name_hash), &sealed.bytes);
            }
            None => self.effects.batch.delete(&Key::Secret(&hash)),
        }
        self.effects.overlay.secrets.insert(hash, pending.text.as_ref().map(|_| self.version));
        self.tell_secret(name, (pending.base.is_some(), pending.text.is_some()))
    }

    /// The version of a secret at this point, the group's own commits included; `None` where there is none.
    fn secret_version(&self, hash: &NameHash) -> Result<Option<u64>> {
        match self.group.overlay.secrets.get(hash) {
            Some(version) => Ok(*version),
            None => committed_version(&self.group.snapshot, hash),
        }
    }
}

impl Transaction {
    /// Writes a secret, over an older one of the same name.
    ///
    /// # Errors
    /// 54000 over the limits of a secret or of a transaction, 22023 for an empty name.
    pub fn set_secret(&mut self, name: &str, secret: &str) -> Result<()> {
        check_secret(name, secret)?;
        self.keep_secret(name, Some(Zeroizing::new(secret.to_string())))
    }

    pub(crate) fn insert_secret(
        &mut self,
        collection: &Collection,
        row: &[Value],
        on_conflict: OnConflict<'_>,
    ) -> Result<Inserted> {
        let (Some(Value::Text(name)), Some(Value::Text(secret))) = (row.first(), row.get(1)) else {
            return Err(Error::internal("an AUTH entry needs a key and a value"));
        };
        let key = self.key_of(collection, row)?;
        if self.has_secret(collection, name)? {
            return self.conflict_with(collection, key, row.get(..1).unwrap_or_default(), on_conflict);
        }
        self.set_secret(name, secret)?;
        Ok(Inserted::New(key))
    }

    pub(crate) fn update_secret(
        &mut self,
        collection: &Arc<Collection>,
        key: &EntryKey,
        changes: &[(usize, Value)],
    ) -> Result<bool> {
        let name = secret_name(key.as_bytes())?;
        if !self.has_secret(collection, &name)? {
            return Ok(false);
        }
        for (position, value) in changes {
            match (position, value) {
                (1, Value::Text(secret)) => self.set_secret(&name, secret)?,
                (0, Value::Text(new)) if **new == *name => {}
                _ => {
                    return Err(Error::unsupported(
                        "only the value of an AUTH entry can be changed, to a text",
                        "Delete the entry and set it again under the other key.",
                    ));
                }
            }
        }
        Ok(true)
    }

    pub(crate) fn delete_secret(&mut self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        let name = secret_name(key.as_bytes())?;
        let found = self.has_secret(collection, &name)?;
        if found {
            self.keep_secret(&name, None)?;
        }
        Ok(found)
    }

    fn has_secret(&self, collection: &Collection, name: &str) -> Result<bool> {
        let mut found = false;
        visit(&self.view, collection, Some(name), &mut |_| {
            found = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Keeps a write or a deletion, with the version of the secret that this transaction sees.
    fn keep_secret(&mut self, name: &str, text: Option<Zeroizing<String>>) -> Result<()> {
        check_visible(self.view.hides_secrets)?;
        let base = match self.view.writes.secrets.get(name) {
            Some(known) => known.base,
            None => committed_version(&self.view.snapshot, &self.shared.secrets.hash(name)?)?,
        };
        self.writes().put_secret(name.to_string(), PendingSecret { base, text })
    }
}

/// The version of a secret in a snapshot; `None` where there is none.
fn committed_version(snapshot: &Snapshot, hash: &NameHash) -> Result<Option<u64>> {
    snapshot.get(&Key::Secret(hash))?.map(|sealed| Vault::version_of(&sealed)).transpose()
}

/// Calls `visit` with each secret, or with the one of that name, as an entry with the columns `key` and `value`.
pub(crate) fn visit(
    view: &ReadView,
    collection: &Collection,
    key: Option<&str>,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    check_visible(view.hides_secrets)?;
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
        match &pending.text {
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

/// Checks a secret before it is taken.
fn check_secret(name: &str, secret: &str) -> Result<()> {
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
