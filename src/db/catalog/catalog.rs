//! The catalog: which collections and indexes exist. An immutable snapshot that a statement holds on to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::catalog::by_name::ByName;
use crate::db::catalog::catalog_change::SeenCollection;
use crate::db::catalog::roles::Roles;
use crate::db::catalog::sequences::check_own_sequences;
use crate::db::catalog::user_types::check_new_relation;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AUTH, Attachment, Collection, CollectionId, CollectionKind, Column, Comments, DefaultValue, FACT_BLOB_HASH,
    FACT_BLOB_SIZE, FACT_BLOB_TYPE, FACT_VECTOR, ForeignKey, Index, IndexKind, IndexOrigin, IndexState, MEMORY,
    Network, NetworkId, RelationRef, RoleId, Schema, SchemaId, Sequence, SystemColumn, UserType, View,
};
use crate::types::ColumnType;
use crate::types::limits::{COLUMNS_MAX, IDENTIFIER_BYTES_MAX};

/// Gives each change of names a number of its own, whichever catalog it is made in: those of transactions are many at a time.
static NAMES_CHANGES: AtomicU64 = AtomicU64::new(1);

/// Every collection by name and by id. Cloning is cheap enough for DDL, which is rare.
///
/// Its methods lie by kind of object in the files of this folder; they are of one type, since all objects share one space of names.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    by_name: ByName<Collection>,
    by_id: HashMap<CollectionId, Arc<Collection>>,
    networks: BTreeMap<String, Arc<Network>>,
    /// By name, which no collection of the schema has.
    views: ByName<View>,
    /// The views of which collections keep the rows, by the numbers of these.
    pub(super) kept_views: BTreeMap<CollectionId, Arc<View>>,
    /// Those that CREATE SCHEMA has made.
    pub(super) schemas: BTreeMap<String, Arc<Schema>>,
    /// Which change of names was the last one of each temporary schema, and of all others under `Public`.
    names_versions: BTreeMap<SchemaId, u64>,
    comments: BTreeMap<CollectionId, Arc<Comments>>,
    /// Those that CREATE SEQUENCE makes.
    pub(super) sequences: ByName<Sequence>,
    /// Those that CREATE TYPE makes, which share no names with sequences and indexes.
    pub(super) user_types: ByName<UserType>,
    pub(super) roles: Arc<Roles>,
    /// Collections that refer to others.
    referring: BTreeSet<CollectionId>,
    /// The version in which constraints have last changed.
    bound_version: u64,
    /// Goes up with every change, so that prepared statements know when they are stale.
    version: u64,
}

impl Catalog {
    pub fn new(collections: Vec<Collection>) -> Self {
        let mut catalog = Catalog::default();
        for collection in collections {
            catalog.put(Arc::new(collection));
        }
        catalog
    }

    /// The catalog with one more network.
    #[must_use]
    pub fn with_network(mut self, network: Network) -> Self {
        self.put_network(Arc::new(network));
        self
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    /// The version in which constraints of some collection have last changed.
    pub(crate) fn bound_version(&self) -> u64 {
        self.bound_version
    }

    /// The collections that refer to others, in the order of their numbers.
    pub(crate) fn referring(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.referring.iter().filter_map(|id| self.by_id.get(id))
    }

    /// The foreign keys that refer to a collection, each with the collection that it is of.
    pub fn references_to(&self, parent: CollectionId) -> Vec<(Arc<Collection>, ForeignKey)> {
        let mut found = Vec::new();
        for child in self.referring() {
            let keys = child.foreign_keys.iter().filter(|key| key.parent == parent);
            found.extend(keys.map(|key| (Arc::clone(child), key.clone())));
        }
        found
    }

    /// Networks in order of name.
    pub fn networks(&self) -> impl Iterator<Item = &Arc<Network>> {
        self.networks.values()
    }

    pub fn network(&self, name: &str) -> Option<&Arc<Network>> {
        self.networks.get(name)
    }

    /// # Errors
    /// 42704 when there is none of that name.
    pub fn expect_network(&self, name: &str) -> Result<&Arc<Network>> {
        self.network(name).ok_or_else(|| {
            Error::new(ErrorKind::UndefinedObject, format!("network \"{name}\" does not exist"))
                .with_hint("SHOW NETWORKS lists those of this node; CREATE NETWORK and JOIN NETWORK add one.")
        })
    }

    pub fn network_by_id(&self, id: NetworkId) -> Option<&Arc<Network>> {
        self.networks.values().find(|network| network.id == id)
    }

    /// The network that a collection takes part in; none while it is being detached.
    pub fn network_of(&self, collection: CollectionId) -> Option<(&Arc<Network>, &Attachment)> {
        self.networks.values().find_map(|network| {
            let attachment = network.attachment(collection).filter(|attachment| !attachment.detaching)?;
            Some((network, attachment))
        })
    }

    pub(crate) fn put_network(&mut self, network: Arc<Network>) {
        self.networks.retain(|_, known| known.id != network.id);
        self.networks.insert(network.name.clone(), network);
        self.version += 1;
    }

    pub(crate) fn remove_network(&mut self, id: NetworkId) {
        self.networks.retain(|_, known| known.id != id);
        self.version += 1;
    }

    /// The collection of a name; a plain text means one of `public`.
    pub fn collection<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<&Arc<Collection>> {
        self.by_name.get(name.into())
    }

    /// # Errors
    /// 42P01 when there is none of that name, 42809 where a view has it.
    pub fn expect_collection<'n>(&self, name: impl Into<RelationRef<'n>>) -> Result<&Arc<Collection>> {
        let name = name.into();
        self.collection(name).ok_or_else(|| {
            if self.view(name).is_some() {
                let error = Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is not a table"));
                return error.with_hint("It is a view: SELECT reads it.");
            }
            if self.is_sequence(name) {
                return Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is not a table"));
            }
            let mut known = self.by_name.of_schema(name.schema).map(|known| &known.name);
            let near = known.find(|known| known.eq_ignore_ascii_case(name.name));
            let error = Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist"));
            match near {
                Some(near) => error.with_hint(format!("There is a relation \"{near}\".")),
                None => error,
            }
        })
    }

    pub fn collection_by_id(&self, id: CollectionId) -> Option<&Arc<Collection>> {
        self.by_id.get(&id)
    }

    /// All collections: those of `public` first, each schema's in order of name.
    pub fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.by_name.values()
    }

    /// The collections of one schema, in order of name.
    pub fn collections_of(&self, schema: SchemaId) -> impl Iterator<Item = &Arc<Collection>> {
        self.by_name.of_schema(schema)
    }

    /// An index, which is in the schema of its collection.
    pub fn index_by_name<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<(&Arc<Collection>, &Index)> {
        let name = name.into();
        self.by_name.of_schema(name.schema).find_map(|collection| {
            collection.indexes.iter().find(|index| index.name == name.name).map(|index| (collection, index))
        })
    }

    /// How far an index of a collection is built; `None` where it is not there.
    pub(crate) fn index_state(&self, collection: CollectionId, index: CollectionId) -> Option<IndexState> {
        self.by_id.get(&collection)?.index(index).map(|index| index.state)
    }

    /// Gives an index another state. The collection as it is then; `None` where nothing changes.
    pub(crate) fn set_index_state(
        &mut self,
        collection: CollectionId,
        index: CollectionId,
        state: IndexState,
    ) -> Option<Arc<Collection>> {
        let mut changed = (**self.by_id.get(&collection)?).clone();
        if !changed.set_index_state(index, state) {
            return None;
        }
        let changed = Arc::new(changed);
        // Nothing is defined otherwise: who changes a network meanwhile, or a table, need not look again.
        self.replace(Arc::clone(&changed));
        Some(changed)
    }

    /// Adds a collection or replaces the one of the same id.
    pub(crate) fn put(&mut self, collection: Arc<Collection>) {
        let known = self.by_id.get(&collection.id);
        let is_bound_anew = match known {
            Some(known) => !known.is_bound_as(&collection),
            None => collection.has_conditions(),
        };
        self.replace(collection);
        self.version += 1;
        if is_bound_anew {
            self.bound_version = self.version;
        }
    }

    pub(super) fn replace(&mut self, collection: Arc<Collection>) {
        let collection = self.with_types(collection);
        match collection.as_view() {
            Some(view) => drop(self.kept_views.insert(collection.id, Arc::new(view))),
            None => drop(self.kept_views.remove(&collection.id)),
        }
        match collection.foreign_keys.is_empty() {
            true => self.referring.remove(&collection.id),
            false => self.referring.insert(collection.id),
        };
        let old = self.by_id.insert(collection.id, Arc::clone(&collection));
        match &old {
            Some(old) => {
                self.by_name.remove((&old.relation()).into());
                if old.relation() != collection.relation()
                    || !Sequence::names_in(old).eq(Sequence::names_in(&collection))
                {
                    self.note_names(old.schema);
                    self.note_names(collection.schema);
                }
            }
            None => self.note_names(collection.schema),
        }
        self.by_name.insert((&collection.relation()).into(), collection);
    }

    /// The names of a schema are others from now on.
    pub(super) fn note_names(&mut self, schema: SchemaId) {
        let schema = if schema.is_temporary() { schema } else { SchemaId::Public };
        self.names_versions.insert(schema, NAMES_CHANGES.fetch_add(1, Ordering::Relaxed));
    }

    /// Which change of the names that a session with these temporary relations finds was the last one.
    pub fn names_version(&self, temporary: SchemaId) -> (u64, u64) {
        let version = |schema: SchemaId| self.names_versions.get(&schema).copied().unwrap_or_default();
        (version(SchemaId::Public), version(temporary))
    }

    pub(crate) fn remove(&mut self, id: CollectionId) {
        if let Some(old) = self.by_id.remove(&id) {
            self.by_name.remove((&old.relation()).into());
            self.note_names(old.schema);
        }
        self.forget(id);
        self.referring.remove(&id);
        self.kept_views.remove(&id);
        self.version += 1;
    }

    /// The same without a collection, whose names are free in it.
    pub(crate) fn without(&self, id: CollectionId) -> Catalog {
        let mut catalog = self.clone();
        catalog.remove(id);
        catalog
    }

    pub(crate) fn standing_of(&self, id: CollectionId) -> SeenCollection {
        let network = self.network_of(id).map(|(network, _)| network.id);
        let view = self.view_by_id(id).cloned();
        let comments = self.comments_on(id).cloned();
        let schema = self.schema_by_id(id).cloned();
        let sequence = self.sequence_by_id(id).cloned();
        let user_type = self.user_type_by_id(id).cloned();
        let collection = self.collection_by_id(id).cloned();
        let (role, acl) = (self.role_by_id(RoleId(id.0)).cloned(), self.stored_acl(id).cloned());
        SeenCollection { collection, network, view, schema, comments, sequence, user_type, role, acl }
    }

    /// What is said of relations and their parts, in order of their numbers.
    pub fn comments(&self) -> impl Iterator<Item = (CollectionId, &Arc<Comments>)> {
        self.comments.iter().map(|(relation, comments)| (*relation, comments))
    }

    /// What is said of a relation and its parts.
    pub fn comments_on(&self, relation: CollectionId) -> Option<&Arc<Comments>> {
        self.comments.get(&relation)
    }

    /// Forgets what is said of an object that is gone: comments, its owner, and who may do what with it.
    pub(super) fn forget(&mut self, object: CollectionId) {
        self.comments.remove(&object);
        self.remove_acl(object);
    }

    pub(crate) fn put_comments(&mut self, relation: CollectionId, comments: Arc<Comments>) {
        self.comments.insert(relation, comments);
        self.version += 1;
    }

    /// All views: those of `public` first, each schema's in order of name.
    pub fn views(&self) -> impl Iterator<Item = &Arc<View>> {
        self.views.values()
    }

    /// The view of a name; a plain text means one of `public`.
    pub fn view<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<&Arc<View>> {
        self.views.get(name.into())
    }

    pub fn view_by_id(&self, id: CollectionId) -> Option<&Arc<View>> {
        self.views.values().find(|view| view.id == id)
    }

    /// Adds a view or replaces the one of the same id.
    pub(crate) fn put_view(&mut self, view: Arc<View>) {
        let view = self.view_with_types(view);
        self.take_view(view.id);
        self.note_names(view.schema);
        self.views.insert((&view.relation()).into(), view);
        self.version += 1;
    }

    fn take_view(&mut self, id: CollectionId) {
        if let Some(old) = self.view_by_id(id).cloned() {
            self.views.remove((&old.relation()).into());
            self.note_names(old.schema);
        }
    }

    pub(crate) fn remove_view(&mut self, id: CollectionId) {
        self.take_view(id);
        self.forget(id);
        self.version += 1;
    }

    /// Whether a name is taken by a collection, an index, a view or a sequence.
    pub fn is_taken<'n>(&self, name: impl Into<RelationRef<'n>>) -> bool {
        let name = name.into();
        (name.schema.is_public() && name.name == "memory_facts")
            || self.collection(name).is_some()
            || self.view(name).is_some()
            || self.is_sequence(name)
            || self.index_by_name(name).is_some()
    }

    /// The schemas that have collections, views, sequences or types.
    pub(super) fn schemas_in_use(&self) -> BTreeSet<SchemaId> {
        self.by_name
            .schemas()
            .chain(self.views.schemas())
            .chain(self.sequences.schemas())
            .chain(self.user_types.schemas())
            .collect()
    }

    /// Whether a schema has collections, views, sequences or types.
    pub fn has_relations(&self, schema: SchemaId) -> bool {
        self.by_name.of_schema(schema).next().is_some()
            || self.views.of_schema(schema).next().is_some()
            || self.sequences.of_schema(schema).next().is_some()
            || self.user_types.of_schema(schema).next().is_some()
    }

    /// The views of one schema, in order of name.
    pub fn views_in(&self, schema: SchemaId) -> impl Iterator<Item = &Arc<View>> {
        self.views.of_schema(schema)
    }

    /// Says that a schema has come, gone, or got another name.
    pub(super) fn note_schemas(&mut self) {
        self.note_names(SchemaId::Public);
        self.note_change();
    }

    /// Says that something is defined otherwise.
    pub(super) fn note_change(&mut self) {
        self.version += 1;
    }

    /// Says that rows of some collection are written by other conditions.
    pub(super) fn note_bound(&mut self) {
        self.bound_version = self.version;
    }
}

/// The collections that every node has from its first start.
pub(crate) fn default_collections() -> Vec<Collection> {
    let column = |name: &str, ty: ColumnType, not_null: bool, default: Option<DefaultValue>| Column {
        not_null,
        default,
        ..Column::new(name, ty)
    };
    let named = |name: &str, field: &str, ty: ColumnType| Column { field: field.to_string(), ..Column::new(name, ty) };
    let columns = vec![
        column("id", ColumnType::Text, true, Some(DefaultValue::GeneratedId)),
        column("metadata", ColumnType::Jsonb, false, None),
        named("vector", FACT_VECTOR, ColumnType::Vector(None)),
        named("blob_hash", FACT_BLOB_HASH, ColumnType::Text),
        named("blob_size", FACT_BLOB_SIZE, ColumnType::Int8),
        named("blob_type", FACT_BLOB_TYPE, ColumnType::Text),
    ];
    let operator_class = "vector_cosine_ops".to_string();
    let nearest = IndexKind::Nearest { column: 2, operator_class, m: 16, ef_construction: 64, lists: None };
    let memory = Collection {
        primary_key: vec![0],
        indexes: vec![Index::new(CollectionId(3), "memory_vector_idx", nearest, IndexOrigin::Statement)],
        ..Collection::new(CollectionId(1), MEMORY, CollectionKind::Memory, columns)
    };
    let columns = vec![column("key", ColumnType::Text, true, None), column("value", ColumnType::Text, true, None)];
    let auth =
        Collection { primary_key: vec![0], ..Collection::new(CollectionId(2), AUTH, CollectionKind::Auth, columns) };
    vec![memory, auth]
}

/// The first number that collections and indexes made by a user take.
pub(crate) const FIRST_FREE_ID: u32 = 16;

/// Checks a collection that CREATE TABLE is about to make, or that a statement changes, by a catalog without it.
pub(crate) fn check_collection(catalog: &Catalog, collection: &Collection) -> Result<()> {
    check_identifier(&collection.name)?;
    if catalog.is_taken(&collection.relation()) {
        return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{}\" already exists", collection.name)));
    }
    check_new_relation(catalog, &collection.relation())?;
    check_own_sequences(catalog, collection)?;
    check_columns(collection)
}

/// Columns that every table has in PostgreSQL: clients ask for them by these names, and none is called so.
const POSTGRESQL_SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Checks the columns of a collection: their number, names and types.
pub(crate) fn check_columns(collection: &Collection) -> Result<()> {
    if usize::from(collection.next_column) > COLUMNS_MAX {
        let dropped = usize::from(collection.next_column).saturating_sub(collection.columns.len());
        let error = Error::new(
            ErrorKind::LimitExceeded,
            format!("tables can have at most {COLUMNS_MAX} columns, this one has {}", collection.columns.len()),
        );
        return Err(if dropped == 0 {
            error
        } else {
            error.with_detail(format!("{dropped} were dropped, and count."))
        });
    }
    for (position, column) in collection.columns.iter().enumerate() {
        check_identifier(&column.name)?;
        let is_system =
            SystemColumn::ALL.iter().any(|system| *system != SystemColumn::Metadata && system.name() == column.name);
        if is_system || POSTGRESQL_SYSTEM_COLUMNS.contains(&&*column.name) || column.name.starts_with('$') {
            return Err(Error::new(
                ErrorKind::DuplicateColumn,
                format!("column name \"{}\" conflicts with a system column name", column.name),
            ));
        }
        if collection.columns.iter().take(position).any(|other| other.name == column.name) {
            return Err(Error::new(
                ErrorKind::DuplicateColumn,
                format!("column \"{}\" specified more than once", column.name),
            ));
        }
        if matches!(column.ty.base(), ColumnType::Unknown | ColumnType::Void) {
            return Err(Error::new(
                ErrorKind::InvalidTableDefinition,
                format!("column \"{}\" has pseudo-type {}", column.name, column.ty),
            ));
        }
    }
    Ok(())
}

/// # Errors
/// 42622's role is played by 54000: names are refused, not cut off.
pub(crate) fn check_identifier(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > IDENTIFIER_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("identifier \"{name}\" has {} bytes, allowed are 1 to {IDENTIFIER_BYTES_MAX}", name.len()),
        ));
    }
    Ok(())
}
