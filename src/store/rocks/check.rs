//! Verifying a store: every block is read (RocksDB checks its checksum), every record parsed, and what refers to something
//! is looked up in both directions: entries and their vectors, entries and their index entries.
//!
//! A problem names the collection and the start of the key in hexadecimal, never a value.

use std::collections::HashMap;
use std::fmt::Write;

use crate::error::{Error, Result};
use crate::merge::Posting;
use crate::model::{Collection, CollectionId, CollectionKind, ColumnId, Index, IndexKind};
use crate::store::key::build_marker::build_marker;
use crate::store::key::family::Family;
use crate::store::key::key::{CONTRIBUTIONS, Key, KeyRange, POSTED_ENTRY, POSTING};
use crate::store::key::key_codec::{decode_key_part, encode_key, skip_key_parts};
use crate::store::record::contributions::decode_with_aside;
use crate::store::record::record_view::RecordView;
use crate::store::record::value_codec::{Stored, ValueRef};
use crate::store::rocks::snapshot::Snapshot;
use crate::types::Value;

/// The least that says when an entry was posted, and how much of it.
const POSTED_ENTRY_BYTES: usize = 16;

/// Problems that are described; more are only counted.
const PROBLEMS_DESCRIBED_MAX: usize = 100;
/// Bytes of a key that a problem shows.
const KEY_BYTES_SHOWN: usize = 24;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    pub collections: u64,
    pub entries: u64,
    pub vectors: u64,
    pub index_entries: u64,
    /// Keys of all kinds.
    pub keys: u64,
    /// Bytes of all keys and values.
    pub bytes: u64,
    pub problem_count: u64,
    /// The first problems, described.
    pub problems: Vec<String>,
}

impl CheckReport {
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, text: String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_DESCRIBED_MAX {
            self.problems.push(text);
        }
    }
}

/// Checks everything that a snapshot sees.
pub(super) fn check_snapshot(snapshot: &Snapshot) -> Result<CheckReport> {
    let mut check =
        Check { snapshot, collections: HashMap::new(), indexes: HashMap::new(), report: CheckReport::default() };
    check.read_collections();
    for family in Family::ALL.into_iter().filter(|family| snapshot.has_family(*family)) {
        check.read_family(family);
    }
    Ok(check.report)
}

struct Check<'a> {
    snapshot: &'a Snapshot,
    collections: HashMap<CollectionId, Collection>,
    /// The collection of each index, and its place there.
    indexes: HashMap<CollectionId, (CollectionId, usize)>,
    report: CheckReport,
}

impl Check<'_> {
    fn read_collections(&mut self) {
        for range in [KeyRange::collections(), KeyRange::collections_beyond()] {
            self.read_collections_in(&range);
        }
    }

    fn read_collections_in(&mut self, range: &KeyRange) {
        let mut scan = self.snapshot.scan(range);
        // An unreadable block is reported when the whole family is read.
        while let Ok(Some((key, value))) = scan.next() {
            match serde_json::from_slice::<Collection>(value) {
                Ok(collection) if key == collection.id.0.to_be_bytes() => {
                    self.report.collections += 1;
                    for (position, index) in collection.indexes.iter().enumerate() {
                        self.indexes.insert(index.id, (collection.id, position));
                    }
                    self.collections.insert(collection.id, collection);
                }
                Ok(collection) => {
                    self.report.problem(format!("collection {} lies under another id", collection.name));
                }
                Err(error) => {
                    self.report.problem(format!("collection with key {} does not parse: {error}", shown(key)));
                }
            }
        }
    }

    fn read_family(&mut self, family: Family) {
        let snapshot = self.snapshot;
        let mut scan = snapshot.scan(&KeyRange::family_of(family).uncached());
        loop {
            match scan.next() {
                Ok(Some((key, value))) => {
                    self.report.keys += 1;
                    self.report.bytes += u64::try_from(key.len() + value.len()).unwrap_or(u64::MAX);
                    if let Err(problem) = self.check_key(family, key, value) {
                        self.report.problem(format!("{} {}: {problem}", family.name(), shown(key)));
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // Without the hint, which says to do what is being done.
                    let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
                    self.report.problem(format!("{}: {}{detail}", family.name(), error.message()));
                    return;
                }
            }
        }
    }

    /// An error is the problem with this key.
    fn check_key(&mut self, family: Family, key: &[u8], value: &[u8]) -> Result<(), String> {
        match family {
            Family::Catalog | Family::DeltaLog | Family::Staging | Family::Vault => Ok(()),
            Family::Entries => {
                self.report.entries += 1;
                let (collection, entry_key) = self.owner(key)?;
                self.check_entry(collection, entry_key, value)
            }
            Family::Public => {
                self.owner(key)?;
                parse_whole(value).map(drop)
            }
            Family::Vectors => {
                self.report.vectors += 1;
                self.check_vector(key, value)
            }
            Family::Indexes => {
                self.report.index_entries += 1;
                self.check_index_entry(key)
            }
            Family::Proofs => self.check_proof(key, value),
        }
    }

    /// A proof is whole, and that of an entry is one of something that is there.
    fn check_proof(&self, key: &[u8], value: &[u8]) -> Result<(), String> {
        match key.split_first() {
            Some((&CONTRIBUTIONS, place)) => {
                let (collection, entry_key) = self.owner(place)?;
                decode_with_aside(value).map_err(|error| error.message().to_string())?;
                let entry = self.snapshot.get(&Key::Entry(collection.id, entry_key));
                match entry.map_err(|error| error.to_string())? {
                    Some(_) => Ok(()),
                    None => Err(format!("proves an entry of {} that is not there", collection.name)),
                }
            }
            Some((&POSTING, _)) => {
                let posting = Posting::parse(value).map_err(|error| error.message().to_string())?;
                if posting.is_sound() { Ok(()) } else { Err("its tree does not have its root".to_string()) }
            }
            Some((&POSTED_ENTRY, _)) if value.len() >= POSTED_ENTRY_BYTES => Ok(()),
            Some((&POSTED_ENTRY, _)) => Err("is cut off".to_string()),
            _ => Err("is of no known kind".to_string()),
        }
    }

    /// The collection that a key belongs to, and what follows its id.
    fn owner<'k>(&self, key: &'k [u8]) -> Result<(&Collection, &'k [u8]), String> {
        let (id, rest) = split_id(key)?;
        let collection = self.collections.get(&id).ok_or_else(|| format!("collection {} does not exist", id.0))?;
        Ok((collection, rest))
    }

    fn check_entry(&self, collection: &Collection, key: &[u8], value: &[u8]) -> Result<(), String> {
        let view = parse_whole(value)?;
        if !view.is_alive() {
            return Ok(());
        }
        for column in collection.vector_columns() {
            let Some(column) = collection.columns.get(column) else { continue };
            if let Some(ValueRef::Vector { dimension }) = view.column_ref(column).map_err(text)? {
                let place = Key::Vector(collection.id, column.id, key);
                let bytes = self.snapshot.get(&place).map_err(text)?.map(|bytes| bytes.len() as u64);
                if bytes != Some(u64::from(dimension) * 4) {
                    let found = bytes.map_or("is missing".to_string(), |bytes| format!("has {bytes} bytes"));
                    return Err(format!("column {} has {dimension} dimensions, but its vector {found}", column.name));
                }
            }
        }
        for index in collection.indexes.iter().filter(|index| index.state.is_followed()) {
            if let Some(expected) = index_key(collection, index, key, &view)? {
                let found = self.snapshot.get(&Key::Index(index.id, &expected)).map_err(text)?;
                if found.is_none() {
                    return Err(format!("it is missing in index {}", index.name));
                }
            }
        }
        Ok(())
    }

    fn check_vector(&self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let (collection, rest) = self.owner(key)?;
        let (column, entry_key) = rest.split_first_chunk().ok_or("the key is cut off")?;
        let column = collection.position_of(ColumnId(u16::from_be_bytes(*column)));
        let column = column.and_then(|position| collection.columns.get(position)).ok_or("its column does not exist")?;
        let entry = self.snapshot.get(&Key::Entry(collection.id, entry_key)).map_err(text)?;
        let entry = entry.ok_or("its entry does not exist")?;
        let view = RecordView::parse(&entry).map_err(text)?;
        match view.column_ref(column).map_err(text)? {
            Some(ValueRef::Vector { dimension })
                if u32::try_from(value.len() / 4) == Ok(dimension) && value.len().is_multiple_of(4) =>
            {
                Ok(())
            }
            Some(ValueRef::Vector { dimension }) => {
                Err(format!("{} bytes are no vector of {dimension} dimensions", value.len()))
            }
            _ => Err(format!("its entry has no vector in column {}", column.name)),
        }
    }

    fn check_index_entry(&self, key: &[u8]) -> Result<(), String> {
        let (id, rest) = split_id(key)?;
        let place = self.indexes.get(&id).and_then(|(owner, place)| {
            let collection = self.collections.get(owner)?;
            Some((collection, collection.indexes.get(*place)?))
        });
        // What a server that died while it built an index has left goes at its next start.
        if place.is_none() && self.snapshot.get(&Key::Meta(&build_marker(id))).map_err(text)?.is_some() {
            return Ok(());
        }
        let (collection, index) = place.ok_or_else(|| format!("index {} does not exist", id.0))?;
        let parts = match &index.kind {
            IndexKind::Ordered { columns, .. } => columns.len(),
            IndexKind::Keys(keys) => keys.keys.len(),
            IndexKind::Fact { .. } => 1,
            IndexKind::Nearest { .. } => return Err(format!("index {} is not ordered", index.name)),
        };
        let entry_key = skip_key_parts(rest, parts).map_err(text)?;
        let entry = self.snapshot.get(&Key::Entry(collection.id, entry_key)).map_err(text)?;
        let entry = entry.ok_or_else(|| format!("index {} points to an entry that does not exist", index.name))?;
        let view = RecordView::parse(&entry).map_err(text)?;
        if !view.is_alive() {
            return Err(format!("index {} points to a deleted entry", index.name));
        }
        match index_key(collection, index, entry_key, &view)? {
            Some(expected) if expected != rest => Err(format!("index {} holds an outdated value", index.name)),
            _ => Ok(()),
        }
    }
}

/// The index key that an entry must have; `None` for an index whose keys are not made of columns.
fn index_key(
    collection: &Collection,
    index: &Index,
    key: &[u8],
    view: &RecordView<'_>,
) -> Result<Option<Vec<u8>>, String> {
    let IndexKind::Ordered { columns, .. } = &index.kind else {
        return Ok(None);
    };
    if collection.kind == CollectionKind::Auth {
        return Ok(None);
    }
    let values = columns
        .iter()
        .map(|column| column_value(collection, *column, key, view))
        .collect::<Result<Vec<Value>, String>>()?;
    let mut expected = Vec::new();
    encode_key(&values, &mut expected).map_err(text)?;
    expected.extend_from_slice(key);
    Ok(Some(expected))
}

fn column_value(collection: &Collection, column: usize, key: &[u8], view: &RecordView<'_>) -> Result<Value, String> {
    if let Some(position) = collection.primary_key.iter().position(|part| *part == column) {
        let declared = collection.columns.get(column).ok_or("the primary key names a column that does not exist")?;
        return decode_key_part(key, position, &declared.ty).map_err(text);
    }
    let column = collection.columns.get(column).ok_or("an index names a column that does not exist")?;
    Ok(match view.column_ref(column).map_err(text)?.map(ValueRef::to_stored).transpose().map_err(text)? {
        Some(Stored::Value(value)) => value,
        Some(Stored::Vector { .. } | Stored::Removed) | None => Value::Null,
    })
}

/// Parses a record and decodes all of it.
fn parse_whole(bytes: &[u8]) -> Result<RecordView<'_>, String> {
    let view = RecordView::parse(bytes).map_err(text)?;
    view.header().map_err(text)?;
    view.clock().map_err(text)?;
    for field in view.fields() {
        field.map_err(text)?;
    }
    Ok(view)
}

fn split_id(key: &[u8]) -> Result<(CollectionId, &[u8]), String> {
    let (id, rest) = key.split_first_chunk().ok_or("the key is cut off")?;
    Ok((CollectionId(u32::from_be_bytes(*id)), rest))
}

fn shown(key: &[u8]) -> String {
    let mut out = String::new();
    for byte in key.iter().take(KEY_BYTES_SHOWN) {
        // Writing to a String cannot fail.
        write!(out, "{byte:02x}").unwrap_or_default();
    }
    if key.len() > KEY_BYTES_SHOWN {
        out.push('…');
    }
    out
}

fn text(error: Error) -> String {
    error.message().to_string()
}
