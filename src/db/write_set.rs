//! What a transaction has changed and not yet committed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::db::change::CatalogChange;
use crate::db::sequence::Restarts;
use crate::error::{Error, ErrorKind, Result};
use crate::model::limits::{TRANSACTION_BYTES_MAX, TRANSACTION_WRITES_MAX};
use crate::model::{CollectionId, Stage, Value};

/// The key of an entry inside its collection: its primary key in the order-preserving encoding of `store`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(Box<[u8]>);

impl EntryKey {
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        EntryKey(bytes.into())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for EntryKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// One entry as the transaction leaves it.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The committed record that the transaction saw; `None` when there was none.
    pub base: Option<Arc<[u8]>>,
    pub alive: bool,
    /// Made new by this transaction: no field of `base` shows through.
    pub replaced: bool,
    /// Fields written, by name; `None` removes one.
    pub changes: BTreeMap<String, Option<Value>>,
    pub stage: Option<Stage>,
    /// What was not posted is dropped; nothing else changes.
    pub reverted: bool,
}

impl Pending {
    /// A committed entry that is alive, before any change.
    pub fn of(base: Arc<[u8]>) -> Self {
        Pending {
            base: Some(base),
            alive: true,
            replaced: false,
            changes: BTreeMap::new(),
            stage: None,
            reverted: false,
        }
    }

    /// Whether more than the mark of the stage changes.
    pub fn changes_state(&self) -> bool {
        !self.alive || self.replaced || !self.changes.is_empty()
    }
}

/// A secret to be written (`Some`) or deleted. The text is wiped when dropped and never printed.
#[derive(Clone)]
pub(crate) struct PendingSecret {
    /// Version of the committed secret of that name that the transaction saw; `None` when there was none.
    pub base: Option<u64>,
    pub text: Option<Zeroizing<String>>,
}

impl fmt::Debug for PendingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_some() { "set" } else { "deleted" })
    }
}

/// All changes of a transaction. Cloned for savepoints and for readers of the own writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteSet {
    pub rows: BTreeMap<CollectionId, BTreeMap<EntryKey, Pending>>,
    pub secrets: BTreeMap<String, PendingSecret>,
    pub catalog: Vec<CatalogChange>,
    /// Columns that hold none but vectors of this transaction, of another dimension than the committed one, by position.
    pub dimensions: BTreeMap<(CollectionId, usize), u32>,
    pub restarts: Restarts,
    writes: usize,
    bytes: usize,
}

impl WriteSet {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.secrets.is_empty() && self.catalog.is_empty() && self.restarts.is_empty()
    }

    pub fn row(&self, collection: CollectionId, key: &[u8]) -> Option<&Pending> {
        self.rows.get(&collection)?.get(key)
    }

    /// The changed entries of one collection in key order.
    pub fn rows_of(&self, collection: CollectionId) -> Option<&BTreeMap<EntryKey, Pending>> {
        self.rows.get(&collection).filter(|rows| !rows.is_empty())
    }

    /// # Errors
    /// 54000 when the transaction holds more than a named number of rows or bytes.
    pub fn put(&mut self, collection: CollectionId, key: EntryKey, pending: Pending) -> Result<()> {
        let changes = pending.changes.iter();
        let bytes: usize = changes.map(|(name, value)| name.len() + value.as_ref().map_or(0, Value::bytes)).sum();
        self.count(key.as_bytes().len() + bytes)?;
        self.rows.entry(collection).or_default().insert(key, pending);
        Ok(())
    }

    /// # Errors
    /// As [`WriteSet::put`].
    pub fn put_secret(&mut self, name: String, pending: PendingSecret) -> Result<()> {
        self.count(name.len() + pending.text.as_ref().map_or(0, |text| text.len()))?;
        self.secrets.insert(name, pending);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        self.writes += 1;
        self.bytes += bytes;
        if self.writes > TRANSACTION_WRITES_MAX || self.bytes > TRANSACTION_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "the transaction changes {} rows with {} bytes; allowed are {TRANSACTION_WRITES_MAX} rows and \
                     {TRANSACTION_BYTES_MAX} bytes",
                    self.writes, self.bytes
                ),
            )
            .with_hint("Commit in smaller steps."));
        }
        Ok(())
    }
}
