//! One node: a data directory that outlives crashes, and what runs on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::{Clock, Database, DatabaseChanges, DatabaseOptions, EntryKey, OnConflict, Transaction};
use crate::error::Result;
use crate::model::{
    Buckets, Collection, CollectionKind, Column, FACT_BLOB_HASH, Head, ListingPage, Network, NetworkId, NetworkOptions,
    PeerId, Stage, Who,
};
use crate::store::{Identity, KeySource};
use crate::sync::engine::{Engine, Tuning};
use crate::sync::node::executor::Executor;
use crate::sync::simulation::ledger::Local;
use crate::sync::simulation::plan::Plan;
use crate::sync::simulation::shares;
use crate::sync::simulation::tables::found_table;
use crate::types::Value;

/// The network that everything happens in.
pub(super) const NETWORK: &str = "simulated";
/// The secret of its first epoch.
const SECRET: &str = "the first secret";
/// What is staged by hand.
pub(super) const MEMORY: &str = "memory";
/// What is posted by every commit.
pub(super) const LIVE: &str = "live";
/// A table, which is not there in every simulation.
pub(super) const TABLE: &str = "things";
/// Everything that takes part in the network.
pub(super) const COLLECTIONS: [&str; 3] = [MEMORY, LIVE, TABLE];
const CACHE_BYTES: usize = 1 << 20;
/// True time at the start of a simulation, in milliseconds since 1970.
pub(super) const START_MS: u64 = 1_700_000_000_000;

pub(super) struct Node {
    directory: PathBuf,
    pub wall: Arc<AtomicU64>,
    /// How far its clock is ahead of the true time.
    pub skew_ms: i64,
    /// Number of the present or last start.
    pub boot: u64,
    /// Goes up with every old copy that is put back, and with every new identity: what one life posted is posted again together.
    pub life: u64,
    pub running: Option<Running>,
    /// What its user did and expects.
    pub local: Local,
    pub backup: Option<Backup>,
    /// Secrets of the network by epoch that were ever known here.
    pub secrets: BTreeSet<(u64, String)>,
    /// The secret that a member tells somebody who joins.
    pub invitation: Option<String>,
    /// An older copy was put in place here and no peer has shown it yet. A second copy in this state is not played: what the
    /// first one posted is lost with it.
    pub is_unaware: bool,
    /// Copies of an entry, of which it holds its share; all entries without.
    pub copies: Option<u32>,
    /// The share, as last looked at.
    pub share: Buckets,
    /// Numbers of fetches under way; everything is there to be fetched at the end.
    pub fetching: BTreeSet<u64>,
    /// The number of the listing under way, and its page once that has come.
    pub listing: Option<(u64, Option<ListingPage>)>,
    pub must_fetch: bool,
    /// A member removed it: it goes on, and what it does is its own affair.
    pub is_removed: bool,
    /// It founds the network; the others join it. Who always stays does.
    pub is_founder: bool,
    /// It attaches the second collection later.
    pub attaches_late: bool,
    /// The columns of its table; none where there is no table.
    pub columns: Vec<Column>,
    /// Collections that it has taken out of the network.
    pub detached: BTreeSet<&'static str>,
    /// It has left the network and rests.
    pub is_away: bool,
    /// It has left the network at least once.
    pub has_left: bool,
    /// Under which peer id it left.
    pub left_as: Option<PeerId>,
    /// What leaves it is forged: see [`liars`](super::liars).
    pub is_liar: bool,
    /// It gives nothing of what it says it holds: see [`holders`](super::holders).
    pub is_hollow: bool,
}

/// What is gone with a crash.
pub(super) struct Running {
    pub database: Database,
    pub executor: Executor,
    pub engine: Engine,
    pub changes: DatabaseChanges,
    pub peer: PeerId,
    pub network: NetworkId,
    /// The engine's clock runs ahead of the true time by so much: it follows the wall clock of the start.
    pub engine_ahead_ms: i64,
    /// When the next tick is to come, by the true time.
    pub tick_ms: u64,
    /// Open sessions by peer.
    pub sessions: BTreeMap<PeerId, u64>,
    /// Peers that the engine wants nothing of until then, by its own clock.
    pub banned: BTreeMap<PeerId, u64>,
}

/// An older copy of a data directory.
pub(super) struct Backup {
    pub local: Local,
    pub heads: Vec<Head>,
    pub secrets: BTreeSet<(u64, String)>,
}

impl Node {
    /// A node with an empty directory and an identity that its seed decides.
    pub fn new(directory: PathBuf, seed: u64, skew_ms: i64) -> Node {
        let data = directory.join("data");
        std::fs::create_dir_all(&data).unwrap();
        for (name, number) in [("identity.key", 0_u64), ("identity.next", 1)] {
            let hash = blake3::hash(&[seed.to_le_bytes(), number.to_le_bytes()].concat());
            write_private(&data.join(name), hash.as_bytes());
        }
        Node {
            directory,
            wall: Arc::new(AtomicU64::new(START_MS)),
            skew_ms,
            boot: 0,
            life: 0,
            running: None,
            local: Local::default(),
            backup: None,
            secrets: BTreeSet::new(),
            invitation: None,
            is_unaware: false,
            copies: None,
            share: Buckets::all(),
            fetching: BTreeSet::new(),
            listing: None,
            must_fetch: false,
            is_removed: false,
            is_founder: false,
            attaches_late: false,
            columns: Vec::new(),
            detached: BTreeSet::new(),
            is_away: false,
            has_left: false,
            left_as: None,
            is_liar: false,
            is_hollow: false,
        }
    }

    /// Its key, for a liar that signs with it.
    pub fn identity(&self) -> Identity {
        Identity::load(&self.data().join("identity.key")).unwrap().unwrap()
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub fn set_time(&self, now_ms: u64) {
        let wall_ms = (START_MS + now_ms).checked_add_signed(self.skew_ms).unwrap();
        self.wall.store(wall_ms, Ordering::Relaxed);
    }

    /// Starts, the first time with a new network.
    pub fn start(&mut self, now_ms: u64, plan: &Plan, seed: u64, runtime: &tokio::runtime::Runtime) {
        self.set_time(now_ms);
        let database = Database::open(&DatabaseOptions {
            data_directory: self.data(),
            key_directory: self.directory.join("keys"),
            key_source: KeySource::File,
            cache_bytes: CACHE_BYTES,
            sync: false,
            clock: Clock::Manual(Arc::clone(&self.wall)),
            row_compiler: crate::db::no_row_compiler,
        })
        .unwrap();
        if database.catalog().network(NETWORK).is_none() {
            let mut transaction = database.begin();
            let secret = self.invitation.as_deref().unwrap_or(SECRET);
            let is_founder = self.is_founder && !self.has_left;
            found(&mut transaction, shares::options(plan, self.copies), secret, is_founder);
            if is_founder && plan.all_may_delete {
                transaction.set_rights(NETWORK, MEMORY, (None, Some(Who::Members))).unwrap();
            }
            if !self.columns.is_empty() {
                found_table(&mut transaction, &self.columns);
            }
            if !self.attaches_late {
                transaction.attach_collection(LIVE, NETWORK, private_by_default(LIVE)).unwrap();
            }
            runtime.block_on(transaction.commit()).unwrap();
        }
        self.boot += 1;
        self.run(database, &plan.tuning, seed);
    }

    /// Makes a new engine on an open database.
    pub fn run(&mut self, database: Database, tuning: &Tuning, seed: u64) {
        let network = database.catalog().network(NETWORK).unwrap().id;
        let executor = Executor::new(database.replica(), network);
        let config = executor.config(tuning.clone(), seed).unwrap();
        let heads = executor.heads().unwrap();
        let members = executor.members().unwrap();
        let engine = Engine::new(config, heads, members, self.wall.load(Ordering::Relaxed));
        self.running = Some(Running {
            changes: database.replica().changes(),
            peer: database.peer_id(),
            database,
            executor,
            engine,
            network,
            engine_ahead_ms: self.skew_ms,
            tick_ms: u64::MAX,
            sessions: BTreeMap::new(),
            banned: BTreeMap::new(),
        });
        self.note_secret();
    }

    /// Remembers the secret of the present epoch, as a key ring would.
    pub fn note_secret(&mut self) {
        let running = self.running.as_ref().unwrap();
        let secret = running.database.replica().epoch_secret(running.network).unwrap().unwrap();
        self.secrets.insert((secret.epoch, secret.secret.to_string()));
    }

    /// The secrets known here, each with the last number it had.
    pub fn epochs(&self) -> BTreeMap<&str, u64> {
        self.secrets.iter().map(|(epoch, secret)| (secret.as_str(), *epoch)).collect()
    }

    /// Whether a peer is let in by a secret: by an older one only whoever is known as a member.
    pub fn admits(&self, secret: &str, peer: &PeerId) -> bool {
        let Some(running) = &self.running else { return false };
        let newest = running.database.replica().epoch_secret(running.network).unwrap().unwrap();
        let is_known = || running.executor.members().unwrap().iter().any(|member| member.peer == *peer);
        newest.secret.as_str() == secret || is_known()
    }

    /// Whether it runs and is an owner, as far as it knows.
    pub fn is_owner(&self) -> bool {
        let Some(running) = self.running.as_ref().filter(|_| self.is_member()) else { return false };
        let catalog = running.database.catalog();
        catalog.network(NETWORK).is_some_and(|network| network.standing().is_owner(&running.peer))
    }

    /// Whether it takes part, and honestly: neither removed nor gone, and no liar.
    pub fn is_member(&self) -> bool {
        !self.is_removed && !self.is_away && !self.is_liar
    }

    /// Whether this node knows that a peer was removed.
    pub fn has_removed(&self, peer: &PeerId) -> bool {
        let catalog = self.running.as_ref().map(|running| running.database.catalog());
        let network = catalog.as_ref().and_then(|catalog| catalog.network(NETWORK));
        network.is_some_and(|network| network.removed.contains(peer))
    }

    /// Stops, in good order or as with a power cut: then what the closing writes is undone.
    pub fn stop(&mut self, is_kill: bool) {
        self.fetching.clear();
        self.listing = None;
        let Some(Running { database, executor, engine, .. }) = self.running.take() else { return };
        let (store, copy) = (self.data().join("rocksdb"), self.data().join("rocksdb.killed"));
        if is_kill {
            copy_folder(&store, &copy);
        }
        drop((executor, engine));
        database.shutdown().unwrap();
        drop(database);
        if is_kill {
            std::fs::remove_dir_all(&store).unwrap();
            std::fs::rename(&copy, &store).unwrap();
        }
    }

    /// Copies the store away.
    pub fn back_up(&mut self) {
        let Some(running) = &self.running else { return };
        let target = self.directory.join("backup");
        if target.exists() {
            std::fs::remove_dir_all(&target).unwrap();
        }
        copy_folder(&self.data().join("rocksdb"), &target);
        std::fs::copy(self.data().join("identity.key"), target.join("identity.key")).unwrap();
        let heads = running.heads();
        let (local, secrets) = (self.local.clone(), self.secrets.clone());
        self.backup = Some(Backup { local, heads, secrets });
    }

    /// Puts the copy back while nothing runs. In place nothing gives it away but what peers know.
    pub fn restore(&mut self, is_in_place: bool) {
        self.life += 1;
        let (store, source) = (self.data().join("rocksdb"), self.directory.join("backup"));
        std::fs::remove_dir_all(&store).unwrap();
        copy_folder(&source, &store);
        let identity = std::fs::read(store.join("identity.key")).unwrap();
        let path = self.data().join("identity.key");
        if !is_in_place {
            std::fs::remove_file(&path).unwrap();
        }
        write_private(&path, &identity);
    }
}

impl Running {
    /// The number of the last own posting.
    pub fn own_seq(&self) -> u64 {
        self.heads().iter().find(|head| head.origin == self.peer).map_or(0, |head| head.seq)
    }

    pub fn network(&self) -> Arc<Network> {
        Arc::clone(self.database.catalog().network(NETWORK).unwrap())
    }

    /// Those that count something: the head of an older life may be back at its beginning, and nobody is told of it.
    pub fn heads(&self) -> Vec<Head> {
        let mut heads = self.database.replica().heads(self.network).unwrap();
        heads.retain(|head| head.seq > 0);
        heads
    }

    pub fn has_attached(&self, name: &str) -> bool {
        let catalog = self.database.catalog();
        catalog.expect_collection(name).is_ok_and(|collection| catalog.network_of(collection.id).is_some())
    }

    pub fn collection(&self, name: &str) -> Arc<Collection> {
        Arc::clone(self.database.catalog().expect_collection(name).unwrap())
    }

    pub fn key(&self, collection: &Collection, id: &str) -> EntryKey {
        self.database.begin().key(collection, vec![Value::text(id)]).unwrap()
    }

    pub fn exists(&self, collection: &str, id: &str) -> bool {
        let collection = self.collection(collection);
        self.database.view().exists(&collection, &self.key(&collection, id)).unwrap()
    }

    /// Whether the network's state of an entry is known here, of a collection that is attached.
    pub fn is_public(&self, collection: &str, id: &str) -> bool {
        let key = self.key(&self.collection(collection), id);
        let view = self.database.replica().public_view(self.network).unwrap();
        self.has_attached(collection) && view.entry(collection, key.as_bytes()).unwrap().is_some()
    }

    /// Whether it is known here who made an entry: until then a deletion by anybody hides it.
    pub fn knows_beginning(&self, collection: &str, id: &str) -> bool {
        let collection = self.collection(collection);
        self.database.replica().knows_beginning(collection.id, self.key(&collection, id).as_bytes())
    }

    /// The facts of an entry, as a reader here sees them.
    pub fn facts(&self, collection: &str, id: &str) -> Option<BTreeMap<String, serde_json::Value>> {
        let collection = self.collection(collection);
        let row = self.database.view().row(&collection, &self.key(&collection, id)).unwrap()?;
        if collection.kind == CollectionKind::Table {
            let texts =
                collection.columns.iter().zip(&row).filter_map(|(column, value)| Some((column, value.as_str()?)));
            return Some(texts.map(|(column, text)| (column.name.clone(), text.into())).collect());
        }
        let metadata = row.get(1).and_then(Value::as_str).unwrap_or("{}");
        let mut facts: BTreeMap<String, serde_json::Value> = serde_json::from_str(metadata).unwrap();
        let hash = row.get(3).and_then(Value::as_str);
        facts.extend(hash.map(|hash| (FACT_BLOB_HASH.to_string(), hash.into())));
        Some(facts)
    }

    /// Tombstones that the network could forget.
    pub fn tombstones(&self) -> usize {
        let everything = self.heads().into_iter().map(|head| (head.origin, u64::MAX)).collect();
        self.database.replica().public_view(self.network).unwrap().collectable(&everything).unwrap().len()
    }

    /// XOR of the fingerprints of a collection.
    pub fn digest(&self, collection: &str) -> Result<u128> {
        let fingerprints = self.database.replica().public_view(self.network)?.fingerprints(collection)?;
        Ok(fingerprints.into_iter().map(u128::from_le_bytes).fold(0, |sum, each| sum ^ each))
    }
}

fn found(transaction: &mut Transaction, options: NetworkOptions, secret: &str, is_founder: bool) {
    if transaction.catalog().expect_collection(LIVE).is_err() {
        let memory = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let id = transaction.new_id();
        let live = Collection { id, name: LIVE.to_string(), indexes: Vec::new(), ..(*memory).clone() };
        assert_eq!(live.kind, CollectionKind::Memory);
        transaction.create_collection(live).unwrap();
    }
    // Nobody dials here: an address makes the difference between founding and joining.
    let bootstrap = if is_founder { Vec::new() } else { vec!["/ip4/127.0.0.1/tcp/1".to_string()] };
    transaction.create_network(NETWORK, options, Some(secret), bootstrap, None).unwrap();
    transaction.attach_collection(MEMORY, NETWORK, None).unwrap();
}

/// How a collection is attached.
pub(super) fn private_by_default(collection: &str) -> Option<bool> {
    (collection == LIVE).then_some(false)
}

/// Puts facts into an entry, which is made where it does not exist, and marks or unmarks it.
pub(super) fn put(
    transaction: &mut Transaction,
    collection: &Arc<Collection>,
    id: &str,
    facts: &[(String, String)],
    stage: Option<Stage>,
) {
    let key = transaction.key(collection, vec![Value::text(id)]).unwrap();
    if !transaction.view().exists(collection, &key).unwrap() {
        let row = vec![Some(Value::text(id)), None, None, None, None, None];
        transaction.insert(collection, row, OnConflict::Fail).unwrap();
    }
    let facts = facts.iter().map(|(name, value)| (name.clone(), Some(Value::text(value.as_str())))).collect();
    assert!(transaction.set_facts(collection, &key, facts).unwrap());
    if let Some(stage) = stage {
        assert!(transaction.set_stage(collection, &key, stage).unwrap());
    }
}

fn write_private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Copies the files of a folder. The store tidies up in the background: where a file goes meanwhile, all are copied anew.
fn copy_folder(from: &Path, to: &Path) {
    while let Err(error) = try_copy_folder(from, to) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        std::fs::remove_dir_all(to).unwrap();
    }
}

fn try_copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
