//! What a transaction has changed and not yet committed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::catalog_change::{CatalogChange, SeenCollection};
use crate::db::pending::references::References;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AclItem, Collection, CollectionId, ColumnId, IndexKind, MemoryAccount, Notification, RelationRef, Reservation,
    Role, RoleId, SchemaId, SequenceCount, SequencePlace, Stage,
};
use crate::store::{Key, KeyRange};
use crate::types::Value;
use crate::types::limits::{TRANSACTION_BYTES_MAX, TRANSACTION_WRITES_MAX};

/// Bytes that a transaction may write without taking them from the budget; most transactions are smaller.
const BYTES_FREE: usize = 16 * 1024;
/// Bytes that are taken from the budget at a time.
const BYTES_TAKEN: usize = 64 * 1024;
/// Bytes that a written row takes besides its key and its values: its place in the tree, its flags, and its lock.
const ROW_BYTES: usize = 128;

/// Rows of a transaction that is committed by whoever asks for it, at most.
const SMALL_WRITES_MAX: usize = 32;

/// Sequences that a transaction has made or begun anew: it draws from counts of its own until it commits.
pub(crate) type Restarts = BTreeMap<SequencePlace, OwnCount>;

/// How far a transaction has come with a sequence. Copies for savepoints and readers share it: no number is given twice.
#[derive(Clone, Debug)]
pub(crate) struct OwnCount(pub(in crate::db) Arc<Mutex<SequenceCount>>);

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

    /// The entry made new: these are all its fields.
    pub fn renewed(self, changes: BTreeMap<String, Option<Value>>, stage: Stage) -> Self {
        Pending { alive: true, replaced: true, changes, stage: Some(stage), reverted: false, base: self.base }
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
    /// The collections that `catalog` is about, as they were before.
    standings: BTreeMap<CollectionId, SeenCollection>,
    /// Collections that the transaction has made: nothing of them is committed.
    made: HashSet<CollectionId>,
    /// Ordered indexes that the transaction has made over collections that were there before it. Its snapshot holds no
    /// entries of theirs, so no plan may use them.
    unfilled: HashSet<CollectionId>,
    /// The entries that ordered indexes have for the changed rows, as whole keys of the store. What a row held earlier in
    /// the transaction stays among them: whoever finds a row by one looks at the row.
    index_keys: BTreeSet<Vec<u8>>,
    /// Values of unique indexes under which ON CONFLICT has inserted a row, since nobody had them.
    arbitrated: HashSet<(CollectionId, Vec<u8>)>,
    /// Columns that hold none but vectors of this transaction, of another dimension than the committed one.
    pub dimensions: BTreeMap<(CollectionId, ColumnId), u32>,
    pub restarts: Restarts,
    /// Of entries to one another.
    pub references: References,
    /// What NOTIFY sends with the commit.
    pub notifications: Arc<[Notification]>,
    writes: usize,
    bytes: usize,
    /// What it takes from the budget of its connection. Copies for savepoints and readers share it.
    memory: Option<Arc<Mutex<Reservation>>>,
}

/// A nearest-neighbour index that a transaction adds to a collection that was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddedGraph {
    pub collection: CollectionId,
    pub index: CollectionId,
}

impl WriteSet {
    /// The nearest-neighbour indexes that the transaction adds, where it does nothing else.
    pub fn added_graphs(&self) -> Option<Vec<AddedGraph>> {
        let has_entries = self.rows.values().any(|rows| !rows.is_empty()) || !self.secrets.is_empty();
        if has_entries || !self.restarts.is_empty() || !self.notifications.is_empty() {
            return None;
        }
        let mut latest = BTreeMap::new();
        for change in &self.catalog {
            let CatalogChange::Put(collection) = change else { return None };
            latest.insert(collection.id, collection);
        }
        let mut added = Vec::new();
        for collection in latest.into_values() {
            let before = self.standings.get(&collection.id)?.collection.as_ref()?;
            let mut others = (**collection).clone();
            others.indexes.retain(|index| {
                let is_new = !before.indexes.iter().any(|known| known.id == index.id);
                let is_added = is_new && matches!(index.kind, IndexKind::Nearest { .. });
                if is_added {
                    added.push(AddedGraph { collection: collection.id, index: index.id });
                }
                !is_added
            });
            if others != **before {
                return None;
            }
        }
        Some(added).filter(|added| !added.is_empty())
    }

    /// Whether it takes microseconds to encode.
    pub fn is_small(&self) -> bool {
        self.writes <= SMALL_WRITES_MAX
            && self.bytes <= BYTES_FREE
            && self.catalog.is_empty()
            && self.secrets.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.secrets.is_empty() && self.catalog.is_empty() && self.restarts.is_empty()
    }

    /// Whether it has definitions of its own, so that the catalog of its transaction is another than the committed one.
    pub fn defines(&self) -> bool {
        !self.catalog.is_empty() || !self.dimensions.is_empty()
    }

    pub fn row(&self, collection: CollectionId, key: &[u8]) -> Option<&Pending> {
        self.rows.get(&collection)?.get(key)
    }

    /// The changed entries of one collection in key order.
    pub fn rows_of(&self, collection: CollectionId) -> Option<&BTreeMap<EntryKey, Pending>> {
        self.rows.get(&collection).filter(|rows| !rows.is_empty())
    }

    /// From now on what is written is taken from a budget.
    pub fn charge_to(&mut self, account: &MemoryAccount) {
        self.memory = Some(Arc::new(Mutex::new(account.nothing())));
    }

    fn charge(&self) -> Result<()> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let bytes = self.bytes + self.writes * ROW_BYTES;
        let mut memory = memory.lock();
        if bytes <= BYTES_FREE || bytes <= memory.bytes() { Ok(()) } else { memory.resize(bytes + BYTES_TAKEN) }
    }

    /// # Errors
    /// 54000 when the transaction holds more than a named number of rows or bytes, 53200 when the budget has no more.
    pub fn put(&mut self, collection: CollectionId, key: EntryKey, pending: Pending) -> Result<()> {
        let changes = pending.changes.iter();
        let bytes: usize = changes.map(|(name, value)| name.len() + value.as_ref().map_or(0, Value::bytes)).sum();
        self.count(key.as_bytes().len() + bytes)?;
        self.rows.entry(collection).or_default().insert(key, pending);
        Ok(())
    }

    /// Takes a field out of everything that was written to a collection.
    pub fn forget_field(&mut self, collection: CollectionId, field: &str) {
        for pending in self.rows.get_mut(&collection).into_iter().flat_map(BTreeMap::values_mut) {
            pending.changes.remove(field);
        }
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
        self.charge()
    }

    /// Notes that an ordered index has an entry for a changed row: its encoded columns, then the row's key.
    pub fn note_index_key(&mut self, index: CollectionId, columns: &[u8], row: &EntryKey) {
        let suffix = [columns, row.as_bytes()].concat();
        let mut key = Vec::new();
        Key::Index(index, &suffix).write_to(&mut key);
        self.bytes += key.len();
        self.index_keys.insert(key);
    }

    /// Notes an entry whose references are looked at when its statement ends, and once more for the commit.
    pub fn note_written(&mut self, collection: CollectionId, key: &EntryKey) {
        // Its key is kept twice, and what it refers to once.
        self.bytes += 3 * key.as_bytes().len() + ROW_BYTES;
        self.references.note_written(collection, key.clone());
    }

    /// What follows the prefix of a range of an ordered index, for the changed rows.
    pub fn index_suffixes<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = &'a [u8]> {
        let bounds = range.bounds().filter(|_| !self.index_keys.is_empty());
        let keys = bounds.map(|bounds| self.index_keys.range::<[u8], _>(bounds));
        keys.into_iter().flatten().map(|key| range.suffix(key))
    }

    /// Notes what a collection was before the transaction changed it; only the first time counts.
    pub fn note_standing(&mut self, collection: CollectionId, standing: SeenCollection) {
        self.standings.entry(collection).or_insert(standing);
    }

    /// Whether it may change a catalog although it began with an older one: the collections that it changes are as it saw them, and
    /// the names that it gives are free. Changes of networks are made to the catalog as a whole.
    pub fn is_admitted_by(&self, catalog: &Catalog) -> bool {
        let is_as_seen = self.standings().iter().all(|(id, seen)| seen.is_still(&catalog.standing_of(*id)));
        let seen = |id: CollectionId| self.standings.contains_key(&id);
        let is_free = |schema: SchemaId, name: &str| {
            let takes = |other: &Collection| other.name == name || other.indexes.iter().any(|index| index.name == name);
            let relation = RelationRef { schema, name };
            !catalog.collections_of(schema).any(|other| takes(other) && !seen(other.id))
                && catalog.view(relation).is_none_or(|view| seen(view.id))
                && catalog.sequence(relation).is_none_or(|sequence| seen(sequence.id))
        };
        // Made by this transaction, or there still.
        let has_schema = |schema: SchemaId| match schema {
            SchemaId::Public | SchemaId::Temporary(_) => true,
            SchemaId::Made(id) => seen(id) || catalog.schema_by_id(id).is_some(),
        };
        is_as_seen
            && self.catalog.iter().all(|change| match change {
                CatalogChange::Put(new) => {
                    has_schema(new.schema)
                        && is_free(new.schema, &new.name)
                        && new.indexes.iter().all(|index| is_free(new.schema, &index.name))
                        && catalog.views_hold(new.id, Some(new), seen)
                }
                // What the view reads is as it was: that stands among the standings.
                CatalogChange::PutView(view) => has_schema(view.schema) && is_free(view.schema, &view.name),
                CatalogChange::PutSequence(sequence) => {
                    has_schema(sequence.schema) && is_free(sequence.schema, &sequence.name)
                }
                CatalogChange::PutType(ty) => {
                    let other = catalog.user_type(&ty.relation());
                    has_schema(ty.schema) && other.is_none_or(|other| seen(other.id))
                }
                // No column of it has come that the transaction did not see.
                CatalogChange::DropType(id) => {
                    let mut having = catalog.collections().filter(|other| other.user_types().contains(id));
                    having.all(|other| seen(other.id))
                }
                CatalogChange::PutSchema(schema) => {
                    catalog.schemas().all(|other| other.name != schema.name || seen(other.id))
                }
                // Nothing has come into it that the transaction does not drop.
                CatalogChange::DropSchema(id) => {
                    let schema = SchemaId::Made(*id);
                    catalog.collections_of(schema).all(|collection| seen(collection.id))
                        && catalog.views_in(schema).all(|view| seen(view.id))
                        && catalog.sequences_in(schema).all(|sequence| seen(sequence.id))
                        && catalog.user_types_in(schema).all(|ty| seen(ty.id))
                }
                CatalogChange::PutRole(role) => catalog.role(&role.name).is_none_or(|other| seen(other.id.object())),
                // Nothing has become its own, was given to it, or has made another its member.
                CatalogChange::DropRole(id) => {
                    let is_member = |role: &Role| role.member_of.iter().any(|membership| membership.role == *id);
                    catalog.acls().all(|(object, acl)| !acl.names(*id) || seen(object))
                        && catalog.roles().all(|role| !is_member(role) || seen(role.id.object()))
                }
                CatalogChange::PutAcl(_, acl) => {
                    let is_there = |role: RoleId| catalog.role_by_id(role).is_some() || seen(role.object());
                    let is_whole = |item: &AclItem| is_there(item.grantor) && item.grantee.is_none_or(is_there);
                    is_there(acl.owner) && acl.all_items().all(is_whole)
                }
                CatalogChange::PutComments(..) | CatalogChange::DropSequence(_) => true,
                CatalogChange::Drop(id) | CatalogChange::DropView(id) => catalog.views_hold(*id, None, seen),
                CatalogChange::PutNetwork(_) | CatalogChange::PutSecrets(..) | CatalogChange::DropNetwork(_) => false,
            })
    }

    pub fn standings(&self) -> &BTreeMap<CollectionId, SeenCollection> {
        &self.standings
    }

    /// The collections of which it changes entries or the definition, in order.
    pub fn collections(&self) -> impl Iterator<Item = CollectionId> + use<> {
        let changed: BTreeSet<CollectionId> = self.rows.keys().chain(self.standings.keys()).copied().collect();
        changed.into_iter()
    }

    pub fn note_made(&mut self, collection: CollectionId) {
        self.made.insert(collection);
    }

    /// Whether the transaction has made a collection itself.
    pub fn has_made(&self, collection: CollectionId) -> bool {
        self.made.contains(&collection)
    }

    pub fn note_unfilled(&mut self, index: CollectionId) {
        self.unfilled.insert(index);
    }

    /// Whether the transaction's snapshot lacks the entries of an index.
    pub fn is_unfilled(&self, index: CollectionId) -> bool {
        self.unfilled.contains(&index)
    }

    /// Notes that ON CONFLICT has inserted a row since nobody had its values in a unique index.
    pub fn note_arbitrated(&mut self, index: CollectionId, columns: &[u8]) {
        self.arbitrated.insert((index, columns.to_vec()));
    }

    /// Whether ON CONFLICT decides about these values of a unique index: then somebody else's row that came meanwhile is no
    /// duplicate, but a reason to look again.
    pub fn is_arbitrated(&self, index: CollectionId, columns: &[u8]) -> bool {
        !self.arbitrated.is_empty() && self.arbitrated.contains(&(index, columns.to_vec()))
    }
}
