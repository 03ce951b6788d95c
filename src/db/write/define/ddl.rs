//! Data definition inside a transaction: collections and indexes made and dropped.

use std::sync::Arc;

use crate::db::catalog::catalog::{Catalog, check_collection, check_identifier};
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::sequences::{keep_sequence_names, name_own_sequences};
use crate::db::state::cancel::Cancel;
use crate::db::write::index::secondary_index::{first_state, implementation};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, CollectionKind, Index, IndexOrigin, RelationName, RelationRef, UserType};

impl Transaction {
    /// A number for a new collection or index.
    pub fn new_id(&self) -> CollectionId {
        self.shared.new_id()
    }

    /// Makes a collection. Its id and those of its indexes come from [`Transaction::new_id`].
    ///
    /// # Errors
    /// 42P07, 42701, 54000, 0A000 for a column type that cannot be stored.
    pub fn create_collection(&mut self, mut collection: Collection) -> Result<()> {
        name_own_sequences(self.catalog(), &mut collection);
        check_collection(self.catalog(), &collection)?;
        if let Some(kept) = &collection.materialized {
            self.note_uses(&collection.name, &kept.uses)?;
        }
        for index in &collection.indexes {
            check_index(self.catalog(), &collection, index)?;
        }
        self.check_room_for(collection.schema)?;
        self.note_schema(collection.schema);
        self.writes().note_made(collection.id);
        let id = collection.id;
        self.change_catalog(CatalogChange::Put(Arc::new(collection)));
        self.own(id);
        Ok(())
    }

    /// Drops a collection with its entries and indexes.
    ///
    /// # Errors
    /// 42P01, 42501 for a built-in one; 2BP01 where views read it, and where others refer to it that are not dropped `with` it, unless `cascade` is said.
    pub fn drop_collection(&mut self, name: &RelationName, with: &[CollectionId], cascade: bool) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(name)?);
        if collection.kind != CollectionKind::Table {
            return Err(Error::new(
                ErrorKind::InsufficientPrivilege,
                format!("cannot drop table {name} because it is a default collection"),
            )
            .with_hint(format!("DELETE FROM {name} empties it.")));
        }
        if let Some((network, _)) = self.catalog().network_of(collection.id) {
            return Err(Error::new(
                ErrorKind::ObjectInUse,
                format!("cannot drop table {name} because it is attached to network \"{}\"", network.name),
            )
            .with_hint(format!("DETACH COLLECTION {name} FROM NETWORK \"{}\" first.", network.name)));
        }
        self.drop_above(&[collection.id], false)?;
        self.free_table(&collection, with, cascade)?;
        self.drop_owned_sequences(collection.id, None, cascade)?;
        self.writes().rows.remove(&collection.id);
        self.change_catalog(CatalogChange::Drop(collection.id));
        Ok(())
    }

    /// Adds an index to a collection. An ordered one is filled at once, though nobody else sees it before the commit; a
    /// nearest-neighbour graph is built after the commit.
    ///
    /// # Errors
    /// 42P01, 42P07, 42703, 22023 for parameters out of range, 23505 where entries have the same values in a unique index,
    /// 57014.
    pub async fn create_index(&mut self, collection: &RelationName, index: Index, cancel: &Cancel) -> Result<()> {
        let mut changed = (**self.catalog().expect_collection(collection)?).clone();
        if changed.kind == CollectionKind::Auth {
            return Err(Error::unsupported("secrets cannot be indexed", "Their keys are looked up by hash already."));
        }
        check_index(self.catalog(), &changed, &index)?;
        if index.kind.is_unique() && self.catalog().network_of(changed.id).is_some() {
            return Err(Error::unsupported(
                format!("collection \"{collection}\" is attached to a network and cannot have a unique index"),
                "Peers write at the same time, so only the primary key can be unique there.",
            ));
        }
        changed.indexes.push(index);
        self.put_new_indexes(changed, 1, cancel).await
    }

    /// Builds indexes of a collection anew: the one of a name, or all. Each gets another number; the old ones serve whoever reads an
    /// older state, and go with the commit.
    ///
    /// # Errors
    /// 42P01 and 42704 for what is not there; 23505 where entries have the same values in a unique index; as
    /// [`Transaction::create_index`] builds it.
    pub async fn rebuild_indexes(
        &mut self,
        collection: &RelationName,
        name: Option<&str>,
        cancel: &Cancel,
    ) -> Result<()> {
        let mut changed = (**self.catalog().expect_collection(collection)?).clone();
        let is_meant = |index: &Index| name.is_none_or(|name| index.name == name);
        let (mut rebuilt, kept): (Vec<Index>, Vec<Index>) = changed.indexes.into_iter().partition(is_meant);
        if let Some(name) = name.filter(|_| rebuilt.is_empty()) {
            return Err(Error::new(ErrorKind::UndefinedObject, format!("index \"{name}\" does not exist")));
        }
        rebuilt.iter_mut().for_each(|index| index.id = self.new_id());
        let count = rebuilt.len();
        changed.indexes = kept.into_iter().chain(rebuilt).collect();
        self.put_new_indexes(changed, count, cancel).await
    }

    /// Puts a collection into the catalog whose last `count` indexes are new, and fills those that a commit needs whole.
    async fn put_new_indexes(&mut self, mut collection: Collection, count: usize, cancel: &Cancel) -> Result<()> {
        let first = collection.indexes.len().saturating_sub(count);
        collection.indexes.iter_mut().skip(first).for_each(|index| index.state = first_state(index));
        let new: Vec<Index> = collection.indexes.iter().skip(first).cloned().collect();
        let collection = Arc::new(collection);
        self.change_catalog(CatalogChange::Put(Arc::clone(&collection)));
        for index in new.iter().filter(|index| implementation(index).is_filled_before_commit()) {
            self.fill_index(&collection, index, cancel).await?;
        }
        Ok(())
    }

    /// # Errors
    /// 42704 when there is no index of that name, 2BP01 when a constraint stands on it: its own, or a foreign key of others unless
    /// `cascade` is said.
    pub fn drop_index(&mut self, relation: &RelationName, cascade: bool) -> Result<()> {
        let name = &*relation.name;
        let Some((collection, index)) = self.catalog().index_by_name(relation) else {
            return Err(Error::new(ErrorKind::UndefinedObject, format!("index \"{name}\" does not exist")));
        };
        // One that was stored without its origin goes by either statement.
        if index.origin == IndexOrigin::Constraint {
            return Err(constraint_needs_index(name, &collection.name));
        }
        let id = collection.id;
        self.free_key(&Arc::clone(collection), name, cascade)?;
        if let Some(collection) = self.catalog().collection_by_id(id).cloned() {
            self.remove_index(&collection, name);
        }
        Ok(())
    }

    fn remove_index(&mut self, collection: &Collection, name: &str) {
        let mut changed = collection.clone();
        changed.indexes.retain(|index| index.name != name);
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
    }

    /// Gives a collection another name.
    ///
    /// # Errors
    /// 42P01, 42P07, 0A000 for a default collection and for one that views read.
    pub fn rename_collection(&mut self, from: &RelationName, to: &str) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(from)?);
        if current.kind != CollectionKind::Table {
            return Err(Error::unsupported(format!("\"{from}\" keeps its name"), "It is a default collection."));
        }
        check_identifier(to)?;
        self.check_name_unused(current.id, current.kind_name(), &from.name)?;
        if self.catalog().is_taken(RelationRef { schema: from.schema, name: to }) {
            return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{to}\" already exists")));
        }
        self.check_row_type(RelationRef { schema: from.schema, name: to })?;
        let mut changed = (*current).clone();
        keep_sequence_names(&mut changed);
        changed.name = to.to_string();
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    pub(crate) fn change_catalog(&mut self, change: CatalogChange) {
        if let Some(id) = change.collection() {
            let before = self.view.catalog.standing_of(id);
            self.writes().note_standing(id, before);
        }
        // Whoever drops a type of its columns meanwhile has not seen them.
        let types = match &change {
            CatalogChange::Put(collection) => collection.user_types(),
            CatalogChange::PutView(view) => {
                view.columns.iter().filter_map(|column| UserType::id_of(&column.ty)).collect()
            }
            _ => Vec::new(),
        };
        for ty in types {
            let before = self.view.catalog.standing_of(ty);
            self.writes().note_standing(ty, before);
        }
        let mut catalog = (*self.view.catalog).clone();
        change.apply(&mut catalog);
        self.view.catalog = Arc::new(catalog);
        self.writes().catalog.push(change);
    }
}

/// DROP INDEX of what a constraint stands on.
pub fn constraint_needs_index(name: &str, table: &str) -> Error {
    let message = format!("cannot drop index {name} because constraint {name} on table {table} requires it");
    let error = Error::new(ErrorKind::DependentObjects, message);
    error.with_hint(format!("You can drop constraint {name} on table {table} instead."))
}

fn check_index(catalog: &Catalog, collection: &Collection, index: &Index) -> Result<()> {
    check_identifier(&index.name)?;
    let name = RelationRef { schema: collection.schema, name: &index.name };
    if catalog.is_taken(name) || index.name == collection.name {
        return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{}\" already exists", index.name)));
    }
    implementation(index).check(collection, index)
}
