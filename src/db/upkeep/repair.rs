//! Making anew what follows from the entries: ordered indexes, counts of blobs, lists of facts, marks of the stage, graphs, and
//! vectors that no entry has.
//!
//! What the entries themselves say is never changed, and what cannot be read stops the repair: that is for a backup. Each step
//! is one the next start would go on with, so a repair that was interrupted is run again.

use std::collections::HashMap;
use std::ops::Bound;
use std::path::Path;

use crate::db::database::Database;
use crate::db::open::load::{DatabaseOptions, stored_collections};
use crate::db::pending::fact_types::{FactKinds, FactTypes};
use crate::db::records::stage_marks::StagedAt;
use crate::db::write::commit::commit_group::put_definition;
use crate::db::write::commit::committer::facts_name;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, CollectionKind, ColumnId, FACT_BLOB_HASH, FieldKey, IndexState};
use crate::store::{
    Batch, BlobHash, Family, Key, KeyRange, Publicity, RecordView, Snapshot, Store, StoreOptions, ValueRef,
    build_marker, decode_with_aside, file_error,
};
use crate::types::Value;

/// Bytes of changes that are written at once.
const BATCH_BYTES: usize = 4 << 20;

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Ordered indexes that were filled anew, with their collections.
    pub indexes: Vec<String>,
    /// Those that cannot be filled, a unique one over values that are there twice, and are invalid.
    pub invalid_indexes: Vec<String>,
    /// Indexes of which entries were left, though they are in no catalog.
    pub stray_indexes: u64,
    pub stray_vectors: u64,
    pub blob_counts: u64,
    pub public_blob_counts: u64,
    pub fact_lists: u64,
    pub stage_marks: u64,
    /// Proofs of entries that are not there, or that cannot be read: members bring them again.
    pub stray_proofs: u64,
    /// Saved graphs that were removed: the next start builds them.
    pub graphs: u64,
}

/// Repairs a data directory that no server has open.
///
/// # Errors
/// 55006 while a server has it, XX001 where entries cannot be read, F0000 without the vault's key, 53100, 58030.
pub fn repair(options: &DatabaseOptions) -> Result<RepairReport> {
    let store_options = StoreOptions { read_only: false, cache_bytes: options.cache_bytes, sync: true };
    let store = Store::open(&options.data_directory, &store_options)?;
    let snapshot = store.snapshot();
    let collections = stored_collections(&snapshot)?;
    let mut repair =
        Repair { store: &store, snapshot: &snapshot, batch: Batch::new(), report: RepairReport::default() };
    let mut blobs = HashMap::new();
    for collection in &collections {
        repair.entries(collection, &mut blobs)?;
    }
    repair.blob_counts(&blobs)?;
    repair.vectors(&collections)?;
    repair.mark_indexes(&collections)?;
    repair.write()?;
    let mut report = repair.report;
    drop(snapshot);
    store.close();
    drop(store);
    report.graphs = remove_graphs(&options.data_directory.join("vectors"))?;
    // A start fills the indexes that are marked.
    let database = Database::open(options)?;
    let catalog = database.catalog();
    database.shutdown()?;
    for (collection, index, name) in ordered_indexes(&collections) {
        let is_whole = catalog.index_state(collection, index).is_some_and(|state| state.is_ready());
        let list = if is_whole { &mut report.indexes } else { &mut report.invalid_indexes };
        list.push(name);
    }
    Ok(report)
}

struct Repair<'a> {
    store: &'a Store,
    snapshot: &'a Snapshot,
    batch: Batch,
    report: RepairReport,
}

impl Repair<'_> {
    /// Looks at all entries of a collection: what follows from them within it is compared and set right.
    fn entries(&mut self, collection: &Collection, blobs: &mut HashMap<[u8; 32], u64>) -> Result<()> {
        let is_memory = collection.kind == CollectionKind::Memory;
        let (none, mut facts) = (FactTypes::default(), FactKinds::new());
        let mut public = HashMap::new();
        let snapshot = self.snapshot;
        let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
        while let Some((key, bytes)) = records.next()? {
            let record = RecordView::parse(bytes)?;
            self.stage_mark(collection.id, key, &record)?;
            if !is_memory {
                continue;
            }
            if record.is_alive() {
                if let Some(hash) = blob_of(&record)? {
                    *blobs.entry(hash).or_insert(0) += 1;
                }
                let keys = record.keys().collect::<Result<Vec<FieldKey<'_>>>>()?;
                let known = keys.iter().filter_map(|key| match key {
                    FieldKey::Fact(name) => Some(record.get_value(*key).map(|value| ((*name).to_string(), value))),
                    FieldKey::Column(_) => None,
                });
                let known = known.collect::<Result<Vec<(String, Option<Value>)>>>()?;
                none.note(collection.id, known.iter().map(|(name, value)| (name, value)), &mut facts);
            }
            if let Some(hash) = self.public_blob(collection.id, key, &record)? {
                *public.entry(hash).or_insert(0) += 1;
            }
        }
        drop(records);
        self.stray_stage_marks(collection.id)?;
        self.stray_proofs(collection.id)?;
        if is_memory {
            self.public_counts(collection.id, &public)?;
            self.fact_list(collection.id, &facts)?;
        }
        Ok(())
    }

    /// An entry that waits to be posted is on the stage, and no other.
    fn stage_mark(&mut self, collection: CollectionId, key: &[u8], record: &RecordView<'_>) -> Result<()> {
        let place = Key::Staged(collection, key);
        let mark = self.snapshot.get(&place)?;
        match (record.is_on_stage(), mark.map(|bytes| StagedAt::from_bytes(&bytes))) {
            (true, Some(Ok(_))) | (false, None) => return Ok(()),
            (true, None | Some(Err(_))) => {
                let at = StagedAt { first: record.version(), last: record.version() };
                self.batch.put(&place, &at.to_bytes());
            }
            (false, Some(_)) => self.batch.delete(&place),
        }
        self.report.stage_marks += 1;
        self.write_full()
    }

    fn stray_stage_marks(&mut self, collection: CollectionId) -> Result<()> {
        let snapshot = self.snapshot;
        let mut marks = snapshot.scan(&KeyRange::staged(collection).uncached());
        while let Some((key, _)) = marks.next()? {
            if snapshot.get(&Key::Entry(collection, key))?.is_none() {
                self.batch.delete(&Key::Staged(collection, key));
                self.report.stage_marks += 1;
                self.write_full()?;
            }
        }
        Ok(())
    }

    fn stray_proofs(&mut self, collection: CollectionId) -> Result<()> {
        let snapshot = self.snapshot;
        let mut proofs = snapshot.scan(&KeyRange::contributions(collection).uncached());
        while let Some((key, bytes)) = proofs.next()? {
            let is_good = decode_with_aside(bytes).is_ok();
            if !is_good || snapshot.get(&Key::Entry(collection, key))?.is_none() {
                self.batch.delete(&Key::Contributions(collection, key));
                self.report.stray_proofs += 1;
                self.write_full()?;
            }
        }
        Ok(())
    }

    /// The blob of what the network knows of an entry.
    fn public_blob(&self, collection: CollectionId, key: &[u8], record: &RecordView<'_>) -> Result<Option<[u8; 32]>> {
        match record.publicity() {
            Publicity::Private => Ok(None),
            Publicity::Posted if record.is_alive() => blob_of(record),
            Publicity::Posted => Ok(None),
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => {
                let Some(bytes) = self.snapshot.get(&Key::Public(collection, key))? else { return Ok(None) };
                let state = RecordView::parse(&bytes)?;
                if state.is_alive() { blob_of(&state) } else { Ok(None) }
            }
        }
    }

    fn public_counts(&mut self, collection: CollectionId, true_counts: &HashMap<[u8; 32], u64>) -> Result<()> {
        let snapshot = self.snapshot;
        let mut stored = snapshot.scan(&KeyRange::public_blobs(collection));
        while let Some((hash, _)) = stored.next()? {
            let hash = hash_of(hash)?;
            if !true_counts.contains_key(&hash) {
                self.batch.delete(&Key::PublicBlob(collection, &hash));
                self.report.public_blob_counts += 1;
            }
        }
        for (hash, count) in true_counts {
            if self.set_count(&Key::PublicBlob(collection, hash), *count)? {
                self.report.public_blob_counts += 1;
            }
        }
        self.write_full()
    }

    fn blob_counts(&mut self, true_counts: &HashMap<[u8; 32], u64>) -> Result<()> {
        let snapshot = self.snapshot;
        let mut stored = snapshot.scan(&KeyRange::blobs());
        while let Some((hash, _)) = stored.next()? {
            let hash = hash_of(hash)?;
            if !true_counts.contains_key(&hash) {
                self.batch.delete(&Key::Blob(&hash));
                self.report.blob_counts += 1;
            }
        }
        for (hash, count) in true_counts {
            if self.set_count(&Key::Blob(hash), *count)? {
                self.report.blob_counts += 1;
            }
        }
        self.write_full()
    }

    /// Sets a count right; whether it was not.
    fn set_count(&mut self, key: &Key<'_>, count: u64) -> Result<bool> {
        let wanted = count.to_le_bytes();
        let is_right = self.snapshot.get(key)?.is_some_and(|stored| *stored == wanted);
        if !is_right {
            self.batch.put(key, &wanted);
        }
        Ok(!is_right)
    }

    /// The list may name facts that no entry has any more; it must name all that one has.
    fn fact_list(&mut self, collection: CollectionId, facts: &FactKinds) -> Result<()> {
        let name = facts_name(collection);
        let wanted = FactTypes::default().encode(collection, facts)?;
        let stored = self.snapshot.get(&Key::Meta(&name))?;
        if stored.is_some_and(|stored| *stored == *wanted) || facts.is_empty() {
            return Ok(());
        }
        self.batch.put(&Key::Meta(&name), &wanted);
        self.report.fact_lists += 1;
        Ok(())
    }

    /// Removes vectors that no entry has.
    fn vectors(&mut self, collections: &[Collection]) -> Result<()> {
        let known: HashMap<CollectionId, &Collection> = collections.iter().map(|each| (each.id, each)).collect();
        let snapshot = self.snapshot;
        let mut vectors = snapshot.scan(&KeyRange::family_of(Family::Vectors).uncached());
        while let Some((place, _)) = vectors.next()? {
            let cut = || Error::new(ErrorKind::Corrupted, "the key of a vector is cut off");
            let (id, rest) = place.split_first_chunk().ok_or_else(cut)?;
            let (column, key) = rest.split_first_chunk().ok_or_else(cut)?;
            let (id, column) = (CollectionId(u32::from_be_bytes(*id)), ColumnId(u16::from_be_bytes(*column)));
            let declared =
                known.get(&id).and_then(|collection| collection.columns.get(collection.position_of(column)?));
            let entry = snapshot.get(&Key::Entry(id, key))?;
            let has_vector = match (declared, &entry) {
                (Some(declared), Some(bytes)) => {
                    let stored = RecordView::parse(bytes)?.column_ref(declared)?;
                    matches!(stored, Some(ValueRef::Vector { .. }))
                }
                _ => false,
            };
            if !has_vector {
                self.batch.delete(&Key::Vector(id, column, key));
                self.report.stray_vectors += 1;
                self.write_full()?;
            }
        }
        Ok(())
    }

    /// Marks every ordered index as one whose filling was interrupted, and those that are in no catalog as well.
    fn mark_indexes(&mut self, collections: &[Collection]) -> Result<()> {
        let known: Vec<CollectionId> = ordered_indexes(collections).into_iter().map(|(_, index, _)| index).collect();
        for index in &known {
            self.batch.put(&Key::Meta(&build_marker(*index)), &[]);
        }
        for collection in collections {
            let mut changed = collection.clone();
            let invalid =
                changed.indexes.iter_mut().filter(|index| index.kind.is_ordered() && !index.state.is_followed());
            invalid.for_each(|index| index.state = IndexState::Building);
            if changed != *collection {
                put_definition(&mut self.batch, &changed)?;
            }
        }
        let snapshot = self.snapshot;
        let mut after = None;
        // From one index to the next, without reading what lies in them.
        while let Some(id) = next_index(snapshot, after)? {
            if !known.contains(&id) {
                self.batch.put(&Key::Meta(&build_marker(id)), &[]);
                self.report.stray_indexes += 1;
            }
            after = Some(id);
        }
        Ok(())
    }

    fn write_full(&mut self) -> Result<()> {
        if self.batch.bytes() >= BATCH_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.store.write(std::mem::replace(&mut self.batch, Batch::new()))
    }
}

/// The first index behind `after` that has entries.
fn next_index(snapshot: &Snapshot, after: Option<CollectionId>) -> Result<Option<CollectionId>> {
    let from = match after {
        None => 0,
        Some(CollectionId(u32::MAX)) => return Ok(None),
        Some(id) => id.0 + 1,
    };
    let from = from.to_be_bytes();
    let range = KeyRange::family_of(Family::Indexes).from(Bound::Included(from.as_slice()));
    let mut scan = snapshot.scan(&range);
    let Some((key, _)) = scan.next()? else { return Ok(None) };
    let id = key.first_chunk().ok_or_else(|| Error::new(ErrorKind::Corrupted, "the key of an index is cut off"))?;
    Ok(Some(CollectionId(u32::from_be_bytes(*id))))
}

/// Collection, index and both names of each ordered index.
fn ordered_indexes(collections: &[Collection]) -> Vec<(CollectionId, CollectionId, String)> {
    let of = |collection: &Collection| {
        let ordered = collection.indexes.iter().filter(|index| index.kind.is_ordered());
        let named = |name: &str| format!("{name} on {}", collection.name);
        ordered.map(|index| (collection.id, index.id, named(&index.name))).collect::<Vec<_>>()
    };
    collections.iter().flat_map(of).collect()
}

/// The blob that a record names; a member may have sent a text that is no hash.
fn blob_of(record: &RecordView<'_>) -> Result<Option<[u8; 32]>> {
    let hash = record.get_str(FACT_BLOB_HASH)?.and_then(|text| text.parse::<BlobHash>().ok());
    Ok(hash.map(|hash| *hash.as_bytes()))
}

fn hash_of(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::new(ErrorKind::Corrupted, "a reference count belongs to no blob"))
}

/// Removes the saved graphs; how many there were.
fn remove_graphs(folder: &Path) -> Result<u64> {
    let named = |error| file_error(folder, error);
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        read => read.map_err(named)?,
    };
    let mut count = 0;
    for entry in entries {
        let path = entry.map_err(named)?.path();
        let is_index = path.extension().is_some_and(|extension| extension == "hnsw");
        if is_index || path.extension().is_some_and(|extension| extension == "segment") {
            std::fs::remove_file(&path).map_err(|error| file_error(&path, error))?;
            count += u64::from(is_index);
        }
    }
    Ok(count)
}
