//! Opening, locking, formats, atomic batches, snapshots, scans and checks on a real database.

use std::collections::BTreeMap;
use std::ops::Bound;

use tempfile::TempDir;

use super::*;
use crate::model::{
    Collection, CollectionId, CollectionKind, Column, ColumnId, Hlc, Index, IndexKind, IndexOrigin, PeerId, Stage,
    VectorClock,
};
use crate::store::key::key::KeyRange;
use crate::store::key::key_codec::encode_key;
use crate::store::record::record::{Publicity, RecordField, RecordHeader, encode_record};
use crate::store::record::value_codec::{Stored, bytes_of_vector};
use crate::types::{ColumnType, Value};

const ID: CollectionId = CollectionId(1);
const INDEX: CollectionId = CollectionId(2);

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn options() -> StoreOptions {
    StoreOptions { cache_bytes: 8 * 1024 * 1024, ..StoreOptions::default() }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), &options()).unwrap()
}

fn put(store: &Store, key: &Key<'_>, value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(key, value);
    store.write(batch).unwrap();
}

fn value(snapshot: &Snapshot, key: &Key<'_>) -> Option<Vec<u8>> {
    snapshot.get(key).unwrap().map(|bytes| bytes.to_vec())
}

fn keys(snapshot: &Snapshot, range: &KeyRange) -> Vec<Vec<u8>> {
    let mut scan = snapshot.scan(range);
    let mut keys = Vec::new();
    while let Some((key, _)) = scan.next().unwrap() {
        keys.push(key.to_vec());
    }
    assert_eq!(scan.next().unwrap(), None);
    keys
}

#[test]
fn second_server_is_refused_and_the_lock_goes_with_the_store() {
    let dir = directory();
    let store = open(&dir);
    let error = Store::open(dir.path(), &options()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ObjectInUse);
    assert!(error.message().contains(&dir.path().display().to_string()) && error.hint().is_some());
    drop(store);
    open(&dir);
}

#[test]
fn newer_format_is_refused() {
    let dir = directory();
    let store = open(&dir);
    put(&store, &FORMAT_KEY, b"7");
    drop(store);
    let error = Store::open(dir.path(), &options()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("format 7") && error.message().contains("up to 3"));
}

#[test]
fn read_only_needs_a_database_and_refuses_writes() {
    let dir = directory();
    let read_only = StoreOptions { read_only: true, ..options() };
    let error = Store::open(dir.path(), &read_only).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let store = open(&dir);
    put(&store, &Key::Role("ann"), b"{}");
    drop(store);
    let store = Store::open(dir.path(), &read_only).unwrap();
    assert_eq!(value(&store.snapshot(), &Key::Role("ann")), Some(b"{}".to_vec()));
    let mut batch = Batch::new();
    batch.delete(&Key::Role("ann"));
    assert!(store.write(batch).is_err());
}

#[test]
fn writes_survive_reopening_with_and_without_close() {
    let dir = directory();
    for (round, close) in [(1_u8, false), (2, true), (3, false)] {
        let store = open(&dir);
        assert_eq!(keys(&store.snapshot(), &KeyRange::entries(ID)).len(), usize::from(round) - 1);
        put(&store, &Key::Entry(ID, &[round]), b"x");
        if close {
            store.close();
            let mut batch = Batch::new();
            batch.put(&Key::Entry(ID, b"late"), b"x");
            assert_eq!(store.write(batch).unwrap_err().kind(), ErrorKind::Shutdown);
        }
    }
}

#[test]
fn batch_spans_families_and_snapshots_do_not_move() {
    let dir = directory();
    let store = open(&dir);
    let before = store.snapshot();
    let mut batch = Batch::new();
    batch.put(&Key::Entry(ID, b"k"), b"entry");
    batch.put(&Key::Vector(ID, ColumnId(0), b"k"), b"vector");
    batch.put(&Key::Index(INDEX, b"vk"), b"");
    store.write(batch).unwrap();
    let after = store.snapshot();
    assert_eq!(value(&before, &Key::Entry(ID, b"k")), None);
    assert_eq!(value(&before, &Key::Vector(ID, ColumnId(0), b"k")), None);
    assert_eq!(value(&after, &Key::Entry(ID, b"k")), Some(b"entry".to_vec()));
    assert_eq!(value(&after, &Key::Vector(ID, ColumnId(0), b"k")), Some(b"vector".to_vec()));
    assert_eq!(value(&after, &Key::Index(INDEX, b"vk")), Some(Vec::new()));
    assert_eq!(store.snapshot().sequence_number(), after.sequence_number());

    let mut batch = Batch::new();
    batch.delete_range(&KeyRange::entries(ID));
    store.write_unsynced(batch).unwrap();
    assert_eq!(value(&store.snapshot(), &Key::Entry(ID, b"k")), None);
    assert_eq!(value(&after, &Key::Entry(ID, b"k")), Some(b"entry".to_vec()));
}

#[test]
fn snapshot_keeps_the_database_open() {
    let dir = directory();
    let store = open(&dir);
    put(&store, &Key::Entry(ID, b"k"), b"v");
    let snapshot = store.snapshot();
    drop(store);
    let mut scan = snapshot.scan(&KeyRange::entries(ID));
    assert_eq!(scan.next().unwrap(), Some((b"k".as_slice(), b"v".as_slice())));
    assert_eq!(value(&snapshot, &Key::Entry(ID, b"k")), Some(b"v".to_vec()));
}

#[test]
fn growing_keys_are_found_in_a_walk() {
    let dir = directory();
    let store = open(&dir);
    let mut batch = Batch::new();
    for key in (0..200u8).step_by(2) {
        batch.put(&Key::Entry(ID, &[key]), &[key]);
    }
    batch.put(&Key::Entry(CollectionId(2), &[250]), b"another collection's");
    store.write(batch).unwrap();
    let snapshot = store.snapshot();
    // One by one, with gaps between, far apart, and behind the last.
    for asked in [(0..=255).collect::<Vec<u8>>(), vec![3, 4, 5, 6, 150, 151, 152], vec![199], vec![198, 250, 251]] {
        let mut walk = snapshot.scan(&KeyRange::entries(ID).uncached());
        for key in asked {
            let there = (key < 200 && key % 2 == 0).then_some([key]);
            assert_eq!(walk.find(&[key]).unwrap(), there.as_ref().map(<[u8; 1]>::as_slice), "{key}");
        }
    }
    let from = KeyRange::entries(ID).from(Bound::Excluded(&[10]));
    assert_eq!(snapshot.scan(&from).find(&[10]).unwrap(), None);
    assert_eq!(snapshot.scan(&from).find(&[12]).unwrap(), Some([12].as_slice()));
}

#[test]
fn scans_stay_in_their_range() {
    let dir = directory();
    let store = open(&dir);
    for id in [CollectionId(0), ID, CollectionId(2), CollectionId(u32::MAX)] {
        for key in [b"a", b"b", b"c"] {
            put(&store, &Key::Entry(id, key), b"v");
        }
    }
    let snapshot = store.snapshot();
    let range = KeyRange::entries(ID);
    assert_eq!(keys(&snapshot, &range), [b"a", b"b", b"c"]);
    assert_eq!(keys(&snapshot, &range.clone().reversed()), [b"c", b"b", b"a"]);
    assert_eq!(keys(&snapshot, &range.clone().from(Bound::Excluded(b"a"))), [b"b", b"c"]);
    assert_eq!(keys(&snapshot, &range.clone().to(Bound::Excluded(b"c")).reversed()), [b"b", b"a"]);
    assert_eq!(keys(&snapshot, &range.clone().starting_with(b"b")), [b"b"]);
    assert!(keys(&snapshot, &range.to(Bound::Excluded(b"a"))).is_empty());
    assert_eq!(keys(&snapshot, &KeyRange::entries(CollectionId(u32::MAX))).len(), 3);
    assert!(store.statistics().keys >= 12);
}

fn collection() -> Collection {
    let column = |name: &str, ty: ColumnType| Column::new(name, ty);
    let columns = vec![
        column("id", ColumnType::Int8),
        column("name", ColumnType::Text),
        column("v", ColumnType::Vector(Some(2))),
    ];
    Collection {
        primary_key: vec![0],
        indexes: vec![Index::new(
            INDEX,
            "items_name",
            IndexKind::Ordered { columns: vec![1], unique: false },
            IndexOrigin::Statement,
        )],
        ..Collection::new(ID, "items", CollectionKind::Table, columns)
    }
}

/// One entry with its vector and its index entry; `skip` leaves one of the three out.
fn sound_entry(batch: &mut Batch, id: i64, skip: Option<Family>) {
    let header = RecordHeader {
        version: 1,
        causal_length: 1,
        timestamp: Hlc::new(1, 0),
        peer_id: PeerId::new("ann"),
        stage: Stage::Private,
        publicity: Publicity::Private,
    };
    let field = |stored| RecordField { stored, stamp: header.stamp() };
    let name = Value::text(format!("name {id}"));
    let fields = BTreeMap::from([
        ("name".to_string(), field(Stored::Value(name.clone()))),
        ("v".to_string(), field(Stored::Vector { dimension: 2 })),
    ]);
    let record = encode_record(&header, &VectorClock::new(), &fields).unwrap();
    let (mut key, mut index_key) = (Vec::new(), Vec::new());
    encode_key(&[Value::Int8(id)], &mut key).unwrap();
    encode_key(&[name, Value::Int8(id)], &mut index_key).unwrap();
    let vector = bytes_of_vector(&[1.0, 2.0]);
    let parts = [
        (Key::Entry(ID, &key), record.as_slice()),
        (Key::Vector(ID, ColumnId(2), &key), &vector),
        (Key::Index(INDEX, &index_key), b""),
    ];
    for (key, value) in parts.iter().filter(|(key, _)| Some(key.family()) != skip) {
        batch.put(key, value);
    }
}

fn problems_with(skip: Option<Family>) -> CheckReport {
    let dir = directory();
    let store = open(&dir);
    let mut batch = Batch::new();
    batch.put(&Key::Collection(ID), &serde_json::to_vec(&collection()).unwrap());
    sound_entry(&mut batch, 1, None);
    sound_entry(&mut batch, 2, skip);
    store.write(batch).unwrap();
    store.check().unwrap()
}

#[test]
fn check_finds_nothing_in_a_sound_store() {
    let report = problems_with(None);
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.collections, report.entries, report.vectors, report.index_entries), (1, 2, 2, 2));
}

#[test]
fn check_finds_what_is_missing() {
    let report = problems_with(Some(Family::Vectors));
    assert!(report.problems.iter().any(|problem| problem.contains("column v has 2 dimensions")), "{report:?}");
    let report = problems_with(Some(Family::Indexes));
    assert!(report.problems.iter().any(|problem| problem.contains("missing in index items_name")), "{report:?}");
    let report = problems_with(Some(Family::Entries));
    assert_eq!(report.problem_count, 2, "{report:?}");
}

#[test]
fn check_finds_damaged_records() {
    let dir = directory();
    let store = open(&dir);
    put(&store, &Key::Collection(ID), b"{");
    put(&store, &Key::Entry(ID, b"k"), b"garbage");
    let report = store.check().unwrap();
    assert_eq!(report.problem_count, 2, "{report:?}");
}

#[test]
fn damaged_table_file_is_corrupted_not_garbage() {
    let dir = directory();
    let store = open(&dir);
    for n in 0..100_u8 {
        put(&store, &Key::Entry(ID, &[n]), &[n; 500]);
    }
    store.close();
    drop(store);
    for file in std::fs::read_dir(dir.path().join("rocksdb")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sst") {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[20] ^= 0x55;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let refused = match Store::open(dir.path(), &options()) {
        Ok(store) => !store.check().unwrap().is_sound(),
        Err(error) => error.kind() == ErrorKind::Corrupted,
    };
    assert!(refused);
}
