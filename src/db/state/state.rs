//! What all transactions and the background threads of one database share.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::row_ids::RowIds;
use crate::db::columns::column_store::ColumnStores;
use crate::db::feed::feed::{FEED_BYTES_MAX, Feed};
use crate::db::locks::lock_table::LockTable;
use crate::db::pending::fact_types::FactTypes;
use crate::db::pending::references::RecentReferences;
use crate::db::pending::write_set::WriteSet;
use crate::db::records::stored_head::{HeadsSeen, StoredHead};
use crate::db::state::activity::Activity;
use crate::db::state::clock::Clock;
use crate::db::state::dimension_witnesses::Witnesses;
use crate::db::state::fillers::Fillers;
use crate::db::state::index_builds::Builds;
use crate::db::state::peers::Peers;
use crate::db::state::row_rules::{KnownRules, RowCompiler};
use crate::db::state::running_backup::RunningBackup;
use crate::db::state::sequences::Sequences;
use crate::db::state::sweeping::Sweeping;
use crate::db::state::turns::Turns;
use crate::db::vault::network_keys::NetworkSecrets;
use crate::db::vault::secrets::Secrets;
use crate::db::vectors::vector_indexes::{VectorIndex, VectorIndexes};
use crate::error::{Error, ErrorKind, Result};
use crate::health::{Health, Stopwatch};
use crate::model::{CollectionId, NetworkId, PeerId};
use crate::store::{BlobHash, BlobStore, Identity, Key, Snapshot, Store};
use crate::types::ColumnType;

/// The parts of an open database.
///
/// Its fields are the parts themselves, each a type with its own lock, which `read`, `write` and `replica` take what they need of.
pub(crate) struct DbState {
    pub store: Store,
    pub clock: Clock,
    /// What is told of commits and networks.
    pub feed: Feed,
    pub health: Health,
    /// Runs while a batch is being written to the disk.
    pub writing: Stopwatch,
    /// The database was told to stop.
    pub is_stopping: AtomicBool,
    pub peers: Peers,
    /// Who is connected.
    pub activity: Activity,
    identity: RwLock<Arc<Identity>>,
    /// Dropping of postings that nothing needs.
    pub sweeping: Mutex<Sweeping>,
    /// Heads whose signatures were verified.
    pub heads_seen: Mutex<HeadsSeen>,
    /// Up to where the own postings are surely no other copy's: see `repost_floor`.
    pub first_heads: BTreeMap<NetworkId, StoredHead>,
    pub vector_indexes: VectorIndexes,
    /// Facts of many entries in memory.
    pub columns: ColumnStores,
    /// The threads that make columns of large collections.
    pub fillers: Fillers,
    pub witnesses: Witnesses,
    pub vector_directory: PathBuf,
    /// Where the first password may lie.
    pub password_file: PathBuf,
    pub key_directory: PathBuf,
    /// The backup that is being made.
    pub backup: RunningBackup,
    pub facts: FactTypes,
    pub sequences: Sequences,
    pub row_ids: RowIds,
    pub secrets: Secrets,
    pub blobs: BlobStore,
    pub builds: Builds,
    /// Which keys were referred to lately.
    pub recent_references: Mutex<RecentReferences>,
    /// What definitions say of rows, compiled.
    pub row_rules: KnownRules,
    /// Rows that transactions have locked.
    pub locks: Arc<LockTable>,
    /// Of statements that came too late.
    pub turns: Arc<Turns>,
    catalog: RwLock<Arc<Catalog>>,
    version: AtomicU64,
    next_id: AtomicU32,
}

/// What [`DbState`] is made of at the start.
pub(crate) struct StateParts {
    pub store: Store,
    pub clock: Clock,
    pub identity: Identity,
    pub first_heads: BTreeMap<NetworkId, StoredHead>,
    pub vector_directory: PathBuf,
    pub password_file: PathBuf,
    pub key_directory: PathBuf,
    pub secrets: Secrets,
    pub blobs: BlobStore,
    pub catalog: Catalog,
    pub version: u64,
    pub next_id: u32,
    pub row_compiler: RowCompiler,
}

impl DbState {
    pub fn new(parts: StateParts) -> Self {
        DbState {
            store: parts.store,
            clock: parts.clock,
            feed: Feed::new(FEED_BYTES_MAX),
            health: Health::default(),
            writing: Stopwatch::default(),
            is_stopping: AtomicBool::new(false),
            peers: Peers::new(),
            activity: Activity::default(),
            identity: RwLock::new(Arc::new(parts.identity)),
            sweeping: Mutex::default(),
            heads_seen: Mutex::default(),
            first_heads: parts.first_heads,
            vector_indexes: VectorIndexes::default(),
            columns: ColumnStores::default(),
            fillers: Fillers::default(),
            witnesses: Witnesses::default(),
            vector_directory: parts.vector_directory,
            password_file: parts.password_file,
            key_directory: parts.key_directory,
            backup: RunningBackup::default(),
            facts: FactTypes::default(),
            sequences: Sequences::default(),
            row_ids: RowIds::default(),
            secrets: parts.secrets,
            blobs: parts.blobs,
            builds: Builds::default(),
            recent_references: Mutex::default(),
            row_rules: KnownRules::new(parts.row_compiler),
            locks: Arc::default(),
            turns: Arc::default(),
            catalog: RwLock::new(Arc::new(parts.catalog)),
            version: AtomicU64::new(parts.version),
            next_id: AtomicU32::new(parts.next_id),
        }
    }

    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read())
    }

    /// Number of the last commit.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.read())
    }

    /// From now on this node writes and posts under another identity.
    pub fn set_identity(&self, identity: Identity) {
        *self.identity.write() = Arc::new(identity);
    }

    pub fn peer_id(&self) -> PeerId {
        self.identity.read().peer_id().clone()
    }

    /// The secrets of a network's epochs.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for secrets that cannot be opened.
    pub fn network_secrets(&self, id: NetworkId) -> Result<NetworkSecrets> {
        match self.store.snapshot().get(&Key::NetworkSecret(id))? {
            Some(sealed) => self.secrets.open_network(&sealed),
            None => Ok(NetworkSecrets::default()),
        }
    }

    /// A number for a new collection or index; never given twice.
    pub fn new_id(&self) -> CollectionId {
        CollectionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// What readers of this moment see: the catalog, the snapshot that was written with it, and the number of the last commit
    /// that is in the snapshot for certain.
    pub fn moment(&self) -> (Arc<Catalog>, Snapshot, u64) {
        // Under the lock, so that the catalog is the one the snapshot was written with. The version is read first: what
        // commits in between is in the snapshot without being counted, which readers of the indexes allow for.
        let catalog = self.catalog.read();
        let version = self.version();
        (Arc::clone(&catalog), self.store.snapshot(), version)
    }

    /// Makes a commit visible: `write` has made it durable when it returns. A changed catalog shows at the same moment.
    ///
    /// # Errors
    /// What `write` fails with, or what cannot be made of the catalog: nothing is written then. Nothing fails after it.
    pub fn publish(
        &self,
        version: u64,
        catalog: Option<Arc<Catalog>>,
        write: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        match catalog {
            None => write()?,
            Some(catalog) => {
                let added = self.new_vector_indexes(&catalog)?;
                let mut current = self.catalog.write();
                write()?;
                self.replace_vector_indexes(&catalog, added);
                self.columns.retain(|id| catalog.collection_by_id(id).is_some());
                *current = catalog;
            }
        }
        debug_assert!(version >= self.version(), "the numbers of commits go back");
        self.version.store(version, Ordering::Release);
        Ok(())
    }

    /// The nearest-neighbour indexes that hold every committed vector.
    pub fn ready_graphs(&self) -> Vec<Arc<VectorIndex>> {
        let catalog = self.catalog();
        let is_ready = |index: &Arc<VectorIndex>| {
            catalog.index_state(index.collection, index.id).is_some_and(|state| state.is_ready())
        };
        self.vector_indexes.all().into_iter().filter(is_ready).collect()
    }

    /// Makes the nearest-neighbour indexes that the catalog names, and drops those it no longer names or that are invalid.
    ///
    /// # Errors
    /// As [`VectorIndex::new`].
    pub fn register_vector_indexes(&self, catalog: &Catalog) -> Result<()> {
        let added = self.new_vector_indexes(catalog)?;
        self.replace_vector_indexes(catalog, added);
        Ok(())
    }

    fn new_vector_indexes(&self, catalog: &Catalog) -> Result<Vec<VectorIndex>> {
        let definitions = catalog
            .collections()
            .flat_map(|collection| collection.indexes.iter().map(move |definition| (collection, definition)));
        definitions
            .filter(|(_, definition)| definition.state.is_followed())
            .filter(|(_, definition)| self.vector_indexes.get(definition.id).is_none())
            .filter_map(|(collection, definition)| VectorIndex::new(collection, definition))
            .collect()
    }

    fn replace_vector_indexes(&self, catalog: &Catalog, added: Vec<VectorIndex>) {
        for index in added {
            self.vector_indexes.put(index);
        }
        let named: HashSet<CollectionId> = catalog
            .collections()
            .flat_map(|collection| collection.indexes.iter().filter(|definition| definition.state.is_followed()))
            .map(|definition| definition.id)
            .collect();
        for index in self.vector_indexes.all() {
            if !named.contains(&index.id) {
                self.vector_indexes.remove(index.id);
                // Its number is never given again, so that nobody takes the file for another index's.
                if let Err(error) = index.remove_files(&self.vector_directory) {
                    tracing::warn!(index = index.id.0, %error, "a file of a dropped graph stays");
                }
            }
        }
    }

    pub fn vector_index(&self, id: CollectionId) -> Option<Arc<VectorIndex>> {
        self.vector_indexes.get(id)
    }

    pub fn fact_columns(&self, collection: CollectionId, writes: &WriteSet) -> Vec<(String, ColumnType)> {
        self.facts.columns(collection, writes)
    }

    /// The bytes of a blob, verified.
    ///
    /// # Errors
    /// 22P02 for a text that is no hash, 42704 where its file is not here, 58030 where that cannot be read, XX001 where it holds
    /// other bytes.
    pub fn read_blob(&self, hash: &str) -> Result<Vec<u8>> {
        let hash: BlobHash = hash.parse()?;
        let mut bytes = Vec::new();
        self.blobs.open(&hash)?.read_to_end(&mut bytes)?;
        if BlobHash::of(&bytes) != hash {
            return Err(Error::new(ErrorKind::Corrupted, format!("the file of blob {hash} holds other bytes"))
                .with_hint("Restore it from a backup, or store the blob again."));
        }
        Ok(bytes)
    }

    /// Why the committer does not answer: it was told to stop, or it died and nothing can be written any more.
    pub fn no_committer(&self) -> Error {
        if self.is_stopping.load(Ordering::Acquire) {
            return Error::new(ErrorKind::Shutdown, "the database is shutting down");
        }
        Error::internal("nothing can be written any more: the task that commits has died")
            .with_detail("Whether the transaction that was committed at that moment is kept shows after a restart.")
            .with_hint("Restart the server, and report the defect. Reads go on.")
    }
}
