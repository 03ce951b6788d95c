//! AUTH entries that are written. They are written as other entries are: a transaction keeps the version of each secret that it
//! saw, and the committer refuses it where another commit has changed one of them since.

use std::ops::ControlFlow;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::db::pending::on_conflict::{Inserted, OnConflict};
use crate::db::pending::write_set::{EntryKey, PendingSecret};
use crate::db::read::secrets::visit;
use crate::db::vault::secrets::{check_visible, committed_version, secret_name};
use crate::db::write::commit::encoder::{CommitEncoder, conflict};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Collection;
use crate::store::{Key, NameHash};
use crate::types::Value;

/// Longest name of a secret, in bytes.
pub(crate) const SECRET_NAME_BYTES_MAX: usize = 1024;
/// Longest secret, in bytes.
pub(crate) const SECRET_BYTES_MAX: usize = 1024 * 1024;

impl CommitEncoder<'_> {
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
