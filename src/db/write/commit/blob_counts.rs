//! How many entries refer to each blob, and how many public states: a file that nobody refers to goes, and members get those
//! that were posted.

use crate::db::state::state::DbState;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, FACT_BLOB_HASH, FieldKey, NetworkId, PeerId, State};
use crate::store::{Batch, BlobHash, Key, KeyRange, Publicity, RecordView, Stored, ValueRef};
use crate::types::Value;

/// Names of the records of blobs that were posted from here or came from the network: a peer that names the hash of another
/// one in an entry of its own must not get it.
const SERVABLE: &str = "blob/";

/// Name of the record of a blob that members may have.
pub(in crate::db) fn servable_name(hash: &BlobHash) -> String {
    format!("{SERVABLE}{hash}")
}

/// Name of the singleton that says that the records of blobs posted from here are complete.
const SOURCES_KNOWN: &str = "blob_sources";

impl DbState {
    /// Older versions did not remember which blobs were posted from here: it is read once from the public states.
    ///
    /// # Errors
    /// XX001 for a damaged record; 53100 and 58030 where the store cannot be written or read.
    pub fn note_posted_blobs(&self) -> Result<()> {
        let snapshot = self.store.snapshot();
        if snapshot.get(&Key::Meta(SOURCES_KNOWN))?.is_some() {
            return Ok(());
        }
        let (me, catalog) = (self.peer_id(), self.catalog());
        let mut batch = Batch::new();
        for network in catalog.networks() {
            for attachment in &network.attachments {
                let id = attachment.collection;
                if snapshot.scan(&KeyRange::public_blobs(id)).next()?.is_none() {
                    continue;
                }
                let mut records = snapshot.scan(&KeyRange::entries(id).uncached());
                while let Some((key, bytes)) = records.next()? {
                    let hash = match RecordView::parse(bytes)?.publicity() {
                        Publicity::Private => None,
                        Publicity::Posted => blob_written_by(&me, bytes)?,
                        Publicity::PostedAndEdited | Publicity::PostedAndReplaced => {
                            let public = snapshot.get(&Key::Public(id, key))?;
                            public.map(|public| blob_written_by(&me, &public)).transpose()?.flatten()
                        }
                    };
                    if let Some(hash) = hash {
                        batch.put(&Key::SyncRecord(network.id, &servable_name(&hash)), &[]);
                    }
                }
            }
        }
        batch.put(&Key::Meta(SOURCES_KNOWN), &[]);
        self.store.write(batch)
    }
}

/// The blob that a record names, where this origin wrote the name.
fn blob_written_by(me: &PeerId, record: &[u8]) -> Result<Option<BlobHash>> {
    for field in RecordView::parse(record)?.fields() {
        let (key, field) = field?;
        if key == FieldKey::Fact(FACT_BLOB_HASH)
            && field.stamp.peer_id == *me
            && let Stored::Value(Value::Text(hash)) = field.stored
        {
            return Ok(hash.parse().ok());
        }
    }
    Ok(None)
}

/// A number of references as it is stored.
fn count_of(bytes: &[u8]) -> Result<u64> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "a reference count of a blob cannot be read");
    bytes.try_into().map(u64::from_le_bytes).map_err(damaged)
}

/// A number of references with one more, or one less.
fn moved(count: u64, added: bool) -> u64 {
    debug_assert!(added || count > 0, "a reference goes that was never counted");
    if added { count + 1 } else { count.saturating_sub(1) }
}

impl CommitEncoder<'_> {
    /// Keeps the number of entries that refer to each blob. A text that is no hash, which only a member can have sent, refers to
    /// none: what is written here was checked by its statement.
    ///
    /// # Errors
    /// XX001 for a damaged record or count, 58030 where the store cannot be read.
    pub fn count_blobs(
        &mut self,
        collection: &Collection,
        old: Option<&RecordView<'_>>,
        new: Option<&RecordView<'_>>,
    ) -> Result<()> {
        if collection.kind != CollectionKind::Memory {
            return Ok(());
        }
        let hash = |record: Option<&RecordView<'_>>| -> Result<Option<BlobHash>> {
            match record.map(|record| record.get_ref(FACT_BLOB_HASH)).transpose()?.flatten() {
                Some(ValueRef::Text(text)) => Ok(text.parse().ok()),
                _ => Ok(None),
            }
        };
        let (old, new) = (hash(old)?, hash(new)?);
        if old == new {
            return Ok(());
        }
        for (hash, added) in [(old, false), (new, true)] {
            let Some(hash) = hash else { continue };
            let count = moved(self.blob_count(hash.as_bytes())?, added);
            match count {
                0 => self.effects.batch.delete(&Key::Blob(hash.as_bytes())),
                count => self.effects.batch.put(&Key::Blob(hash.as_bytes()), &count.to_le_bytes()),
            }
            self.effects.overlay.blobs.insert(*hash.as_bytes(), count);
        }
        Ok(())
    }

    fn blob_count(&self, hash: &[u8; 32]) -> Result<u64> {
        if let Some(count) = self.effects.overlay.blobs.get(hash).or_else(|| self.group.overlay.blobs.get(hash)) {
            return Ok(*count);
        }
        match self.group.snapshot.get(&Key::Blob(hash))? {
            None => Ok(0),
            Some(bytes) => count_of(&bytes),
        }
    }

    /// Remembers that a blob was posted from here, where a delta of this node's own names one. Who a state says that it was
    /// written by proves nothing: members send states that nobody signed.
    pub fn note_posted_blob(&mut self, network: NetworkId, news: &State) {
        if let Some(Value::Text(text)) = news.value(FACT_BLOB_HASH)
            && let Ok(hash) = text.parse::<BlobHash>()
        {
            self.effects.batch.put(&Key::SyncRecord(network, &servable_name(&hash)), &[]);
        }
    }

    /// Keeps the number of public states that refer to each blob: what members of the network may fetch.
    ///
    /// # Errors
    /// XX001 for a damaged count, 58030 where the store cannot be read.
    pub fn count_public_blob(&mut self, collection: &Collection, old: &State, new: &State) -> Result<()> {
        let hash = |state: &State| match state.value(FACT_BLOB_HASH) {
            Some(Value::Text(text)) if state.is_alive() => text.parse::<BlobHash>().ok(),
            _ => None,
        };
        let (old, new) = (hash(old), hash(new));
        if collection.kind != CollectionKind::Memory || old == new {
            return Ok(());
        }
        for (hash, added) in [(old, false), (new, true)] {
            let Some(hash) = hash else { continue };
            let place = (collection.id, *hash.as_bytes());
            let overlay = &self.effects.overlay.public_blobs;
            let count = match overlay.get(&place).or_else(|| self.group.overlay.public_blobs.get(&place)) {
                Some(count) => *count,
                None => match self.group.snapshot.get(&Key::PublicBlob(collection.id, hash.as_bytes()))? {
                    Some(bytes) => count_of(&bytes)?,
                    None => 0,
                },
            };
            let count = moved(count, added);
            let key = Key::PublicBlob(collection.id, hash.as_bytes());
            match count {
                0 => self.effects.batch.delete(&key),
                count => self.effects.batch.put(&key, &count.to_le_bytes()),
            }
            self.effects.overlay.public_blobs.insert(place, count);
        }
        Ok(())
    }
}
