//! How many entries refer to each blob, and how many public states: a file that nobody refers to goes.

use crate::db::apply::Apply;
use crate::db::row::EntryView;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, FACT_BLOB_HASH, State, Value};
use crate::store::{BlobHash, Key};

impl Apply<'_> {
    /// Keeps the number of entries that refer to each blob.
    pub fn count_blobs(
        &mut self,
        collection: &Collection,
        old: Option<&EntryView<'_>>,
        new: Option<&EntryView<'_>>,
    ) -> Result<()> {
        if collection.kind != CollectionKind::Memory {
            return Ok(());
        }
        let hash = |entry: Option<&EntryView<'_>>| -> Result<Option<BlobHash>> {
            match entry.map(|entry| entry.field(FACT_BLOB_HASH, None)).transpose()?.flatten() {
                Some(Value::Text(text)) => text.parse().map(Some),
                _ => Ok(None),
            }
        };
        let (old, new) = (hash(old)?, hash(new)?);
        if old == new {
            return Ok(());
        }
        for (hash, added) in [(old, false), (new, true)] {
            let Some(hash) = hash else { continue };
            let count = self.blob_count(hash.as_bytes())?;
            let count = if added { count + 1 } else { count.saturating_sub(1) };
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
            Some(bytes) => (&*bytes)
                .try_into()
                .map(u64::from_le_bytes)
                .map_err(|_| Error::new(ErrorKind::Corrupted, "a reference count of a blob cannot be read")),
        }
    }

    /// Keeps the number of public states that refer to each blob: what members of the network may fetch.
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
                    Some(bytes) => (&*bytes).try_into().map_or(0, u64::from_le_bytes),
                    None => 0,
                },
            };
            let count = if added { count + 1 } else { count.saturating_sub(1) };
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
