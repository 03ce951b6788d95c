//! Loading a database: the store, the identity, the vault, the catalog, and the graphs that lie beside them.

use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::backup::remove_left_over;
use crate::db::catalog::catalog::{Catalog, FIRST_FREE_ID, default_collections};
use crate::db::open::load_roles::load_roles;
use crate::db::read::ordered_keys::stored_prefixes;
use crate::db::read::view::ReadView;
use crate::db::records::origin::open_identity;
use crate::db::replica::posting::repost_floor::load_first_heads;
use crate::db::replica::receiving::shapes::claim_announced;
use crate::db::state::cancel::Cancel;
use crate::db::state::clock::Clock;
use crate::db::state::row_rules::RowCompiler;
use crate::db::state::spill_folder;
use crate::db::state::state::{DbState, StateParts};
use crate::db::vault::secrets::Secrets;
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::catalog_changes::{delete_collection, delete_sequence};
use crate::db::write::commit::commit_group::{load_progress, put_definition};
use crate::db::write::commit::commit_queue::CommitQueue;
use crate::db::write::commit::committer::facts_name;
use crate::db::write::index::backfill::{BuildStep, check_duplicates, fill_step};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Hlc, Index, IndexState, Schema, Sequence, UserType, View};
use crate::store::{
    Argon2Cost, Batch, BlobStore, Key, KeyDirectory, KeyRange, KeySource, RecordView, Snapshot, Store, StoreOptions,
    Vault, build_marker, close_private_folder, make_or_close_private_folder, make_private_folder, marked_index,
    vector_of_bytes,
};

/// Name of the singleton by which the vault recognises its key.
pub(in crate::db) const VAULT_VERIFIER: &str = "vault_verifier";
/// Name of the file that the first start writes a random password to, among the keys.
pub const PASSWORD_FILE: &str = "password";
/// Name of the singleton with the next free collection number.
const NEXT_ID: &str = "next_id";
/// Collection numbers that a start skips, so that none given out before a crash is given out again.
const IDS_PER_START: u32 = 4096;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    pub data_directory: PathBuf,
    /// Where the vault's key lies; apart from the data, so that a copy of the data alone reveals nothing.
    pub key_directory: PathBuf,
    pub key_source: KeySource,
    /// Bytes of RocksDB's block cache.
    pub cache_bytes: usize,
    /// Whether a commit is on disk when it returns. Without it, power loss may take the last commits.
    pub sync: bool,
    pub clock: Clock,
    /// Who reads the expressions that definitions keep as text.
    pub row_compiler: RowCompiler,
}

/// A loaded database before its threads run.
pub(super) struct LoadedDatabase {
    pub queue: CommitQueue,
    pub jobs: mpsc::Receiver<crate::db::write::commit::commit_queue::Job>,
    pub hlc: Hlc,
    /// Graphs that must be made anew, which the background does.
    pub unfilled: Vec<Arc<VectorIndex>>,
}

/// Loads a data directory, or makes a new one. What is written meanwhile is written here: the committer, which writes everything
/// else, runs once this is done.
///
/// # Errors
/// Those of [`Database::open`](crate::db::Database::open).
pub(super) fn load(options: &DatabaseOptions) -> Result<LoadedDatabase> {
    let directory = &options.data_directory;
    make_private_folder(directory)?;
    if options.key_directory.starts_with(directory) {
        close_private_folder(&options.key_directory)?;
    }
    let store_options = StoreOptions { read_only: false, cache_bytes: options.cache_bytes, sync: options.sync };
    let store = Store::open(directory, &store_options)?;
    remove_left_over(directory)?;
    spill_folder::remove(directory)?;
    let identity = open_identity(&store, directory)?;
    let vault = open_vault(&store, options)?;
    let blobs = BlobStore::open_directory(directory.join("blobs"))?;
    let vector_directory = directory.join("vectors");
    make_or_close_private_folder(&vector_directory)?;
    let snapshot = store.snapshot();
    let collections = remove_temporary(&store, &snapshot, load_collections(&store, &snapshot)?)?;
    let collections = forget_dimensions(&store, collections)?;
    let (version, hlc) = load_progress(&snapshot)?;
    let next_id = reserve_ids(&store, &snapshot)?;
    let (jobs_sender, jobs) = CommitQueue::channel();
    let catalog = load_views(&snapshot, load_networks(&snapshot, Catalog::new(collections))?)?;
    let mut claims = Batch::new();
    claim_announced(&snapshot, &mut claims, &catalog, (options.clock.millis(), &identity))?;
    if !claims.is_empty() {
        store.write(claims)?;
    }
    let first_heads = load_first_heads(&snapshot, &catalog, identity.peer_id())?;
    let shared = Arc::new(DbState::new(StateParts {
        store,
        clock: options.clock.clone(),
        identity,
        first_heads,
        vector_directory,
        password_file: options.key_directory.join(PASSWORD_FILE),
        key_directory: options.key_directory.clone(),
        secrets: Secrets::new(vault),
        blobs,
        catalog,
        version,
        next_id,
        row_compiler: options.row_compiler,
    }));
    collect_blobs(&shared, &snapshot)?;
    shared.note_posted_blobs()?;
    load_facts(&shared, &snapshot)?;
    end_builds(&shared, &snapshot)?;
    let unfilled = load_graphs(&shared, &snapshot)?;
    let queue = CommitQueue::new(shared, jobs_sender);
    Ok(LoadedDatabase { queue, jobs, hlc, unfilled })
}

/// Where the keys of a vault lie.
pub(crate) fn key_directory(options: &DatabaseOptions) -> KeyDirectory {
    KeyDirectory::new(&options.key_directory, Argon2Cost::default())
}

fn open_vault(store: &Store, options: &DatabaseOptions) -> Result<Vault> {
    let keys = key_directory(options);
    let verifier = store.snapshot().get(&Key::Meta(VAULT_VERIFIER))?.map(|bytes| bytes.to_vec());
    let vault = Vault::unlock(&keys, &options.key_source, verifier.as_deref())?;
    if verifier.is_none() {
        let mut batch = Batch::new();
        batch.put(&Key::Meta(VAULT_VERIFIER), &vault.verifier()?);
        store.write(batch)?;
    }
    vault.finish_rotation(&keys)?;
    Ok(vault)
}

fn load_collections(store: &Store, snapshot: &Snapshot) -> Result<Vec<Collection>> {
    let collections = stored_collections(snapshot)?;
    if !collections.is_empty() {
        return Ok(collections);
    }
    let mut batch = Batch::new();
    let defaults = default_collections();
    for collection in &defaults {
        put_definition(&mut batch, collection)?;
    }
    store.write(batch)?;
    Ok(defaults)
}

/// The collections of a store, those of `public` first.
///
/// # Errors
/// XX001 for one that cannot be read.
pub(in crate::db) fn stored_collections(snapshot: &Snapshot) -> Result<Vec<Collection>> {
    let mut collections = Vec::new();
    for range in [KeyRange::collections(), KeyRange::collections_beyond()] {
        let mut stored = snapshot.scan(&range);
        while let Some((_, json)) = stored.next()? {
            let collection = serde_json::from_slice(json)
                .map_err(|error| Error::new(ErrorKind::Corrupted, format!("the catalog cannot be read: {error}")))?;
            collections.push(collection);
        }
    }
    Ok(collections)
}

/// Removes what sessions have left that did not come to their end: their temporary tables with all that is in them, views, and
/// sequences with the defaults that draw from these.
fn remove_temporary(store: &Store, snapshot: &Snapshot, collections: Vec<Collection>) -> Result<Vec<Collection>> {
    let (left, mut kept): (Vec<Collection>, Vec<Collection>) =
        collections.into_iter().partition(|collection| collection.is_temporary());
    let mut batch = Batch::new();
    for collection in &left {
        delete_collection(&mut batch, collection.id);
        collection.indexes.iter().for_each(|index| batch.delete_range(&KeyRange::index(index.id)));
        batch.delete(&Key::Meta(&facts_name(collection.id)));
    }
    let mut stored = snapshot.scan(&KeyRange::views_beyond());
    while let Some((_, json)) = stored.next()? {
        let view: View = serde_json::from_slice(json).map_err(|error| unreadable("a view", &error))?;
        if view.schema.is_temporary() {
            batch.delete(&Key::ViewBeyond(view.id));
            batch.delete(&Key::Comments(view.id));
            batch.delete(&Key::Acl(view.id));
        }
    }
    let mut stored = snapshot.scan(&KeyRange::sequence_definitions());
    while let Some((_, json)) = stored.next()? {
        let sequence: Sequence = serde_json::from_slice(json).map_err(|error| unreadable("a sequence", &error))?;
        if sequence.schema.is_temporary() {
            delete_sequence(&mut batch, sequence.id);
            for collection in &mut kept {
                if forget_default(collection, sequence.id) {
                    put_definition(&mut batch, collection)?;
                }
            }
        }
    }
    if !batch.is_empty() {
        tracing::info!(tables = left.len(), "temporary tables of sessions that never ended are removed");
        store.write(batch)?;
    }
    Ok(kept)
}

/// Takes back the defaults that draw from a sequence; whether there are any.
fn forget_default(collection: &mut Collection, sequence: CollectionId) -> bool {
    let drawing = collection.columns.iter_mut().filter(|column| column.drawn_from() == Some(sequence));
    let count = drawing.map(|column| column.default = None).count();
    count > 0
}

/// XX001 for a definition that is no JSON of its kind.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Corrupted, format!("{what} cannot be read: {error}"))
}

/// Collections that older versions left with the dimension of a vector that is gone forget it.
fn forget_dimensions(store: &Store, mut collections: Vec<Collection>) -> Result<Vec<Collection>> {
    let snapshot = store.snapshot();
    let mut batch = Batch::new();
    for collection in &mut collections {
        let before = collection.clone();
        for position in before.vector_columns().filter(|position| before.learns_dimension(*position)) {
            let id = before.column_id(position)?;
            if snapshot.scan(&KeyRange::vectors(before.id, id).uncached()).next()?.is_none()
                && let Some(column) = collection.columns.get_mut(position)
            {
                column.ty = column.ty.with_dimension(None);
            }
        }
        if *collection != before {
            put_definition(&mut batch, collection)?;
        }
    }
    if !batch.is_empty() {
        store.write(batch)?;
    }
    Ok(collections)
}

fn load_networks(snapshot: &Snapshot, mut catalog: Catalog) -> Result<Catalog> {
    let mut stored = snapshot.scan(&KeyRange::networks());
    while let Some((_, json)) = stored.next()? {
        let network = serde_json::from_slice(json)
            .map_err(|error| Error::new(ErrorKind::Corrupted, format!("a network cannot be read: {error}")))?;
        catalog.put_network(Arc::new(network));
    }
    Ok(catalog)
}

fn load_views(snapshot: &Snapshot, mut catalog: Catalog) -> Result<Catalog> {
    for range in [KeyRange::views(), KeyRange::views_beyond()] {
        let mut stored = snapshot.scan(&range);
        while let Some((_, json)) = stored.next()? {
            let view: View = serde_json::from_slice(json).map_err(|error| unreadable("a view", &error))?;
            if !view.schema.is_temporary() {
                catalog.put_view(Arc::new(view));
            }
        }
    }
    let mut stored = snapshot.scan(&KeyRange::schemas());
    while let Some((_, json)) = stored.next()? {
        let schema: Schema = serde_json::from_slice(json).map_err(|error| unreadable("a schema", &error))?;
        catalog.put_schema(Arc::new(schema));
    }
    let mut stored = snapshot.scan(&KeyRange::sequence_definitions());
    while let Some((_, json)) = stored.next()? {
        let sequence: Sequence = serde_json::from_slice(json).map_err(|error| unreadable("a sequence", &error))?;
        if !sequence.schema.is_temporary() {
            catalog.put_sequence(Arc::new(sequence));
        }
    }
    let mut stored = snapshot.scan(&KeyRange::user_types());
    while let Some((_, json)) = stored.next()? {
        let ty: UserType = serde_json::from_slice(json).map_err(|error| unreadable("a type", &error))?;
        catalog.put_user_type(Arc::new(ty));
    }
    let mut stored = snapshot.scan(&KeyRange::comments());
    while let Some((id, json)) = stored.next()? {
        let relation = <[u8; 4]>::try_from(id).map(|id| CollectionId(u32::from_be_bytes(id)));
        let (Ok(relation), Ok(comments)) = (relation, serde_json::from_slice(json)) else {
            return Err(Error::new(ErrorKind::Corrupted, "the comments on a relation cannot be read"));
        };
        catalog.put_comments(relation, Arc::new(comments));
    }
    load_roles(snapshot, catalog)
}

fn reserve_ids(store: &Store, snapshot: &Snapshot) -> Result<u32> {
    let next = match snapshot.get(&Key::Meta(NEXT_ID))? {
        None => FIRST_FREE_ID,
        Some(bytes) => (&*bytes)
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the next collection number cannot be read"))?,
    };
    let mut batch = Batch::new();
    batch.put(&Key::Meta(NEXT_ID), &next.saturating_add(IDS_PER_START).to_le_bytes());
    store.write(batch)?;
    Ok(next)
}

/// Removes blob files that no entry refers to: left-overs of transactions that never committed, and of deleted entries.
fn collect_blobs(shared: &Arc<DbState>, snapshot: &Snapshot) -> Result<()> {
    let collected = shared.blobs.collect(|hash| Ok(snapshot.get(&Key::Blob(hash.as_bytes()))?.is_some()))?;
    tracing::debug!(?collected, "blobs collected");
    Ok(())
}

fn load_facts(shared: &Arc<DbState>, snapshot: &Snapshot) -> Result<()> {
    for collection in shared.catalog().collections() {
        if let Some(bytes) = snapshot.get(&Key::Meta(&facts_name(collection.id)))? {
            shared.facts.load(collection.id, &bytes)?;
        }
    }
    Ok(())
}

/// Ends the builds of ordered indexes that a stop interrupted. Their transactions were not committed, so what is there of
/// them goes. Older versions put an index into the catalog before it was filled, and a repair has all filled again: such a one is
/// filled now, and left invalid with a warning where that cannot be done. No index keeps a server from starting.
fn end_builds(shared: &Arc<DbState>, snapshot: &Snapshot) -> Result<()> {
    let mut marked = Vec::new();
    let mut metas = snapshot.scan(&KeyRange::metas());
    while let Some((name, _)) = metas.next()? {
        marked.extend(marked_index(name));
    }
    for id in marked {
        let catalog = shared.catalog();
        let found =
            catalog.collections().find_map(|collection| Some((Arc::clone(collection), collection.index(id)?.clone())));
        let mut batch = Batch::new();
        batch.delete_range(&KeyRange::index(id));
        let Some((collection, index)) = found else {
            batch.delete(&Key::Meta(&build_marker(id)));
            tracing::info!(index = id.0, "an index whose transaction never committed is removed");
            shared.store.write(batch)?;
            continue;
        };
        if !index.state.is_followed() {
            continue;
        }
        shared.store.write(batch)?;
        tracing::info!(index = %index.name, "filling an index that was interrupted");
        let mut batch = Batch::new();
        match fill_whole(shared, &collection, &index) {
            Ok(()) => {
                batch.delete(&Key::Meta(&build_marker(id)));
                put_states(shared, batch, &[(collection.id, id, IndexState::Ready)])?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::DiskFull) => return Err(error),
            Err(error) => {
                // The mark stays: versions that know no invalid index would take it for a whole one.
                batch.delete_range(&KeyRange::index(id));
                put_states(shared, batch, &[(collection.id, id, IndexState::Invalid)])?;
                let (detail, table) = (error.detail().unwrap_or_default(), &collection.name);
                tracing::warn!(index = %index.name, %table, %error, detail, "an index that cannot be filled is invalid");
            }
        }
    }
    Ok(())
}

/// Says in the catalog how far indexes are built, before there is a committer.
fn put_states(
    shared: &Arc<DbState>,
    mut batch: Batch,
    states: &[(CollectionId, CollectionId, IndexState)],
) -> Result<()> {
    let mut catalog = (*shared.catalog()).clone();
    for (collection, index, state) in states {
        if let Some(changed) = catalog.set_index_state(*collection, *index, *state) {
            put_definition(&mut batch, &changed)?;
        }
    }
    if batch.is_empty() {
        return Ok(());
    }
    shared.publish(shared.version(), Some(Arc::new(catalog)), || shared.store.write(batch))
}

fn fill_whole(shared: &Arc<DbState>, collection: &Collection, index: &Index) -> Result<()> {
    let view = ReadView::of(shared, Arc::default());
    let mut after = Bound::Unbounded;
    loop {
        let (batch, step) = fill_step(&view, (collection, index), &after, stored_prefixes)?;
        shared.store.write(batch)?;
        match step {
            BuildStep::More(key) => after = Bound::Excluded(key),
            BuildStep::Done => break,
        }
    }
    if !index.kind.is_unique() {
        return Ok(());
    }
    check_duplicates(&view, collection, index, &shared.store.snapshot(), &Cancel::new(), &mut |_| {})
}

/// Loads the graphs; gives back those that are to be built: what is missing or of no use, and what was being built at the stop.
fn load_graphs(shared: &Arc<DbState>, snapshot: &Snapshot) -> Result<Vec<Arc<VectorIndex>>> {
    let catalog = shared.catalog();
    shared.register_vector_indexes(&catalog)?;
    let (mut unfilled, mut states) = (Vec::new(), Vec::new());
    for index in shared.vector_indexes.all() {
        let was_ready = catalog.index_state(index.collection, index.id).is_some_and(|state| state.is_ready());
        if was_ready && load_saved(shared, snapshot, &index) {
            continue;
        }
        let index = if index.graph().is_some() {
            shared.vector_indexes.remove(index.id);
            shared.register_vector_indexes(&catalog)?;
            let Some(fresh) = shared.vector_index(index.id) else { continue };
            fresh
        } else {
            index
        };
        let is_empty = snapshot.scan(&KeyRange::vectors(index.collection, index.column)).next()?.is_none();
        let state = if is_empty { IndexState::Ready } else { IndexState::Building };
        states.push((index.collection, index.id, state));
        unfilled.extend((!is_empty).then_some(index));
    }
    put_states(shared, Batch::new(), &states)?;
    Ok(unfilled)
}

/// Whether the saved graph of an index holds what the store holds by now.
fn load_saved(shared: &Arc<DbState>, snapshot: &Snapshot, index: &Arc<VectorIndex>) -> bool {
    let started = Instant::now();
    let loaded = index.load(&shared.vector_directory, dimension_of(&shared.catalog(), index));
    match loaded.and_then(|at| at.map_or(Ok(false), |watermark| catch_up(shared, snapshot, index, watermark))) {
        Ok(is_whole) => {
            if is_whole {
                let vectors = index.graph().map_or(0, |graph| graph.len());
                tracing::info!(index = index.id.0, vectors, elapsed_ms = started.elapsed().as_millis(), "graph loaded");
            }
            is_whole
        }
        Err(error) => {
            tracing::warn!(index = index.id.0, %error, "a saved graph is of no use and is built again");
            false
        }
    }
}

fn dimension_of(catalog: &Catalog, index: &VectorIndex) -> Option<u32> {
    let collection = catalog.collection_by_id(index.collection)?;
    collection.columns.get(collection.position_of(index.column)?)?.ty.dimension()
}

/// Brings a loaded graph up to the store: commits after `watermark` are looked up in the records. False when the graph
/// holds entries that no longer exist and must be made anew.
fn catch_up(shared: &Arc<DbState>, snapshot: &Snapshot, index: &Arc<VectorIndex>, watermark: u64) -> Result<bool> {
    if watermark >= shared.version() {
        return Ok(watermark == shared.version());
    }
    let Some(graph) = index.graph() else { return Ok(false) };
    let mut live = 0;
    let mut records = snapshot.scan(&KeyRange::entries(index.collection));
    while let Some((key, bytes)) = records.next()? {
        let record = RecordView::parse(bytes)?;
        let is_new = record.version() > watermark;
        if !is_new {
            live += usize::from(graph.contains(key));
            continue;
        }
        match snapshot.get(&Key::Vector(index.collection, index.column, key))?.filter(|_| record.is_alive()) {
            Some(bytes) => {
                index.insert(key, &vector_of_bytes(&bytes)?)?;
                live += usize::from(graph.contains(key));
            }
            None => index.delete(key),
        }
    }
    Ok(live == graph.len())
}
