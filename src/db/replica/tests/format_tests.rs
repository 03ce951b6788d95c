//! Stores of older formats, as the versions that wrote them left them.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::merge::proven_state;
use crate::model::{CollectionId, Hlc, PeerId, PublicEntry, State};
use crate::store::{decode_contributions, decode_state, encode_state};

const NOTES: &str = "notes";

/// A copy of a fixture that belongs to nobody else.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// The first member of the network "old", as format 1 kept it.
fn format_1() -> (Database, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1");
    copy(&fixture, &directory.path().join("data"));
    (open_again(&directory), directory)
}

fn open_again(directory: &tempfile::TempDir) -> Database {
    let data = directory.path().join("data");
    Database::open(&DatabaseOptions {
        key_directory: data.join("keys"),
        data_directory: data,
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: false,
        clock: Clock::System,
        row_compiler: crate::db::no_row_compiler,
    })
    .unwrap()
}

/// The public entries of the notes, by id: the state, and what of it is proven.
fn notes(database: &Database) -> std::collections::BTreeMap<String, (State, State)> {
    let network = database.catalog().network("old").unwrap().id;
    let view = database.replica().public_view(network).unwrap();
    let page = view.entries_after(NOTES, &Buckets::all(), None, usize::MAX).unwrap();
    let read = |entry: crate::model::PublicEntry| {
        let state = decode_state(&entry.body).unwrap();
        let given = if entry.contributions.is_empty() {
            Vec::new()
        } else {
            decode_contributions(&entry.contributions).unwrap()
        };
        let key = crate::store::decode_key(&[crate::types::ColumnType::Text], &entry.key).unwrap();
        (key[0].to_text(), (state.clone(), proven_state(&given, &state)))
    };
    page.entries.into_iter().map(read).collect()
}

fn body(state: &State) -> String {
    state.value("body").map(|value| value.to_text()).unwrap_or_default()
}

#[test]
fn a_store_of_format_1_is_taken_over_and_its_own_entries_are_proven() {
    let (database, directory) = format_1();
    let entries = notes(&database);
    // The copy goes on under another name, and vouches for what it wrote under the old one.
    let (me, old) = (database.peer_id(), entries["a1"].0.peer_id.clone());
    assert_ne!(me, old);
    let shown: Vec<(&str, String)> = entries.iter().map(|(id, (state, _))| (id.as_str(), body(state))).collect();
    let expected =
        [("a1", "first of a"), ("a2", "edited by b"), ("a3", ""), ("b1", "first of b"), ("b2", "second of b")];
    assert_eq!(shown, expected.map(|(id, body)| (id, body.to_string())));
    let is_whole = |id: &str| {
        let (state, proven) = &entries[id];
        state.has_fields_of(proven) && state.causal_length == proven.causal_length
    };
    assert!(is_whole("a1") && is_whole("a3"), "its own, the tombstone among them: {entries:?}");
    assert!(!entries["a3"].0.is_alive());
    for id in ["a2", "b1", "b2"] {
        assert_eq!(entries[id].1.causal_length, 0, "nothing proves what others wrote");
    }
    assert_eq!(entries["a1"].1.fields["body"].stamp.peer_id, old, "with the stamps that it had");
    // What was written here and not posted is as it was.
    let view = database.view();
    let collection = Arc::clone(view.catalog.expect_collection(NOTES).unwrap());
    let text = |id: &str| {
        let key = database.begin().key(&collection, vec![Value::text(id)]).unwrap();
        view.row(&collection, &key).unwrap().map(|row| row.get(1).unwrap().to_text())
    };
    assert_eq!(text("b1").as_deref(), Some("edited at home"));
    assert_eq!(text("a4").as_deref(), Some("private of a"));
    assert_eq!(text("a3"), None);
    let maker = database.replica().entry_maker(collection_id(&database), &key_of(&database, "a1")).unwrap().unwrap();
    assert_eq!(maker.origin, me);
    assert!(database.shared().store.check().unwrap().is_sound());
    let heads = database.replica().heads(database.catalog().network("old").unwrap().id).unwrap();
    database.shutdown().unwrap();
    drop((view, database));
    // A second start proves nothing again.
    let database = open_again(&directory);
    assert_eq!(database.replica().heads(database.catalog().network("old").unwrap().id).unwrap(), heads);
}

#[test]
fn what_nothing_proves_is_taken_from_those_alone_who_posted_before_there_were_proofs() {
    let (database, _directory) = format_1();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let network = database.catalog().network("old").unwrap().id;
    let offer = |id: &str, state: &State| {
        let key = Bytes::new(key_of(&database, id));
        let body = Bytes::new(encode_state(state).unwrap());
        let entries = vec![PublicEntry { key, body, contributions: Bytes::new([]) }];
        let offered = OfferedStates { entries, ..OfferedStates::default() };
        runtime.block_on(database.replica().merge_states(network, NOTES.to_string(), offered, false)).unwrap()
    };
    let written = |from: &State, text: &str, by: &PeerId| {
        let mut state = from.clone();
        let later = Hlc::new(from.timestamp.millis() + 5, 0);
        let field = state.fields.get_mut("body").unwrap();
        (field.value, field.stamp.hlc, field.stamp.peer_id) = (Some(Value::text(text)), later, by.clone());
        (state.timestamp, state.peer_id) = (later, by.clone());
        state
    };
    let before = notes(&database);
    let (a1, b2) = (&before["a1"].0, &before["b2"].0);
    let other = b2.peer_id.clone();
    assert_eq!(offer("b2", &written(b2, "edited before", &other)).news, 1);
    assert_eq!(body(&notes(&database)["b2"].0), "edited before");
    offer("a1", &written(a1, "overruled", &other));
    assert_eq!(body(&notes(&database)["a1"].0), "first of a", "it does not give way to what is not proven");
    let ended = State { causal_length: 2, fields: Default::default(), ..written(a1, "", &other) };
    offer("a1", &ended);
    assert_eq!(body(&notes(&database)["a1"].0), "first of a", "and is not deleted by it");
    // This node has begun to prove what it posts, and a stranger has never posted.
    for by in [database.peer_id(), PeerId::new("stranger")] {
        let beyond = State { clock: [(by.clone(), 1 << 40)].into_iter().collect(), ..written(b2, "forged", &by) };
        let merged = offer("new", &beyond);
        assert_eq!((merged.news, merged.unproven), (0, 1), "{by}");
    }
    assert!(!notes(&database).contains_key("new"));
}

fn collection_id(database: &Database) -> CollectionId {
    database.catalog().expect_collection(NOTES).unwrap().id
}

fn key_of(database: &Database, id: &str) -> Vec<u8> {
    let transaction = database.begin();
    let collection = Arc::clone(transaction.catalog().expect_collection(NOTES).unwrap());
    transaction.key(&collection, vec![Value::text(id)]).unwrap().as_bytes().to_vec()
}
