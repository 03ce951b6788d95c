//! Columns of tables that come, go, and get other names and types.
//!
//! What lies on disk and what members of a network agree on is known by the ids and fields of columns, so that a name is
//! a matter of the definition alone.

use std::sync::Arc;

use crate::db::catalog::catalog::{check_collection, check_columns};
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::row_ids::check_draws_apart;
use crate::db::catalog::sequences::{keep_sequence_names, name_own_sequences};
use crate::db::pending::write_set::EntryKey;
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::define::column_rules::changeable;
use crate::db::write::define::foreign_key_rules::check_foreign_key;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionKind, Column, ColumnDomain, ColumnId, DefaultValue, DroppedColumn, IndexKind, IndexState,
    RelationName,
};
use crate::store::{Key, KeyRange, RecordView};
use crate::types::{ColumnType, Value};

impl Transaction {
    /// Adds a column that existing entries have no value for.
    ///
    /// # Errors
    /// 42701; 54000 for one more than a table can have; 55006 while the collection is being detached; 0A000 for a default collection, and for a sequence of less than eight
    /// bytes in an attached one.
    pub fn add_column(&mut self, collection: &RelationName, column: Column) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(collection)?);
        if current.kind != CollectionKind::Table {
            return Err(Error::unsupported(
                format!("columns cannot be added to \"{collection}\""),
                "Put facts into its metadata.",
            ));
        }
        if column.not_null {
            return Err(Error::internal("a column of no values yet forbids NULL"));
        }
        if self.catalog().network_of(current.id).is_some() {
            check_draws_apart(&current.name, &column)?;
        }
        let mut changed = (*current).clone();
        let field = column.field.clone();
        let is_of_field = |dropped: &DroppedColumn| dropped.field == field;
        let former: Vec<ColumnId> =
            changed.dropped.extract_if(.., |dropped| is_of_field(dropped)).map(|dropped| dropped.id).collect();
        if !former.is_empty() && !self.is_attached(&current)? {
            // What a network had there is not what this column is of.
            self.forget_field(&current, &field, &Cancel::new())?;
            changed.push_column(column);
        } else {
            changed.push_column(Column { former, ..column });
        }
        let others = self.catalog().without(current.id);
        name_own_sequences(&others, &mut changed);
        check_collection(&others, &changed)?;
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Gives a column another name. In states of entries, and so for members of a network, it keeps the one that it had. `renamed` is
    /// the text of a condition in which it has the new one.
    ///
    /// # Errors
    /// 42703; 42701 for a name that another column or a system column has; 54000 for one that is too long; 0A000 for a default
    /// collection, and for a column that views name.
    pub fn rename_column(
        &mut self,
        table: &RelationName,
        (from, to): (&str, &str),
        renamed: &dyn Fn(&str) -> Result<String>,
    ) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&current, from).map_err(|error| match error.kind() {
            ErrorKind::UndefinedColumn => {
                Error::new(ErrorKind::UndefinedColumn, format!("column \"{from}\" does not exist"))
            }
            _ => error,
        })?;
        self.catalog().check_column_of_views(&current, position, "change the name")?;
        if current.column(to).is_some() {
            let message = format!("column \"{to}\" of relation \"{table}\" already exists");
            return Err(Error::new(ErrorKind::DuplicateColumn, message));
        }
        let mut changed = (*current).clone();
        keep_sequence_names(&mut changed);
        if let Some(column) = changed.columns.get_mut(position) {
            column.name = to.to_string();
        }
        let id = changed.column_id(position)?;
        for check in changed.checks.iter_mut().filter(|check| check.columns.contains(&id)) {
            check.expression = renamed(&check.expression)?;
        }
        for column in &mut changed.columns {
            if let Some(DefaultValue::Computed(computed)) = &mut column.default
                && computed.columns.contains(&id)
            {
                computed.text = renamed(&computed.text)?;
            }
        }
        for index in &mut changed.indexes {
            let IndexKind::Keys(keys) = &mut index.kind else { continue };
            for expression in keys.expressions_mut().filter(|expression| expression.columns.contains(&id)) {
                expression.text = renamed(&expression.text)?;
            }
        }
        check_columns(&changed)?;
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Drops a column with its values, its sequence and the indexes over it. Of a collection that is attached to a network its
    /// values go on to the members and come from them, and show nowhere here until a column of that name is added.
    ///
    /// # Errors
    /// 42703; 2BP01 where others refer to it and where views name it, unless `cascade` is said; 0A000 for a column of the primary key, for a vector column of
    /// an attached collection, and for a default collection; 55006 while the collection is being detached; 54000 where more entries of an older version hold a value there than a
    /// transaction changes; 57014; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn drop_column(&mut self, table: &RelationName, column: &str, cascade: bool, cancel: &Cancel) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&current, column)?;
        let id = current.column_id(position)?;
        self.free_column(&current, id, cascade)?;
        self.drop_computed(&current, id, cascade, cancel)?;
        // A foreign key of its own table may have gone, and a column that was computed of it.
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&current, column)?;
        self.drop_above_column(table, column, false)?;
        if current.primary_key.contains(&position) {
            return Err(Error::unsupported(
                format!("column \"{column}\" is in the primary key of \"{table}\" and cannot be dropped"),
                "Make a table without it, then INSERT ... SELECT.",
            ));
        }
        let is_attached = self.is_attached(&current)?;
        if is_attached && current.vector_columns().any(|vector| vector == position) {
            return Err(Error::unsupported(
                format!("collection \"{table}\" is attached to a network and keeps its vector column \"{column}\""),
                "Members go on writing vectors there: DETACH COLLECTION first.",
            ));
        }
        self.drop_owned_sequences(current.id, Some(id), cascade)?;
        let field = current.columns.get(position).map(|column| column.field.clone()).unwrap_or_default();
        // A default that drew from one of them may have gone.
        let mut changed = (**self.catalog().expect_collection(table)?).clone();
        changed.remove_column(position, is_attached);
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        if is_attached { Ok(()) } else { self.forget_field(&current, &field, cancel) }
    }

    /// Whether a column may have another type.
    ///
    /// # Errors
    /// 42703; 22023 for an identity column that would hold no integers; 0A000 for a type that no column has, for vectors, for a
    /// column of the primary key, for one that views name, for an attached collection, and for a default collection.
    pub fn check_new_type(&self, table: &RelationName, column: &str, ty: &ColumnType) -> Result<()> {
        let collection = self.catalog().expect_collection(table)?;
        let position = changeable(collection, column)?;
        let Some(known) = collection.columns.get(position) else { return Ok(()) };
        self.catalog().check_column_of_views(collection, position, "alter type")?;
        if known.ty.is_dense_vector() || ty.is_dense_vector() {
            return Err(Error::unsupported(
                format!("the type of a column cannot be changed from {} to {ty}", known.ty),
                "Of vectors only the dimension can; otherwise make a new table and INSERT ... SELECT.",
            ));
        }
        if collection.primary_key.contains(&position) {
            return Err(Error::unsupported(
                format!("column \"{column}\" is in the primary key of \"{table}\" and keeps its type"),
                "Make a table with a key of that type, then INSERT ... SELECT.",
            ));
        }
        if self.is_attached(collection)? {
            return Err(Error::unsupported(
                format!("collection \"{table}\" is attached to a network and its columns keep their types"),
                "Members write values of that type: add a column of the other type, or DETACH COLLECTION first.",
            ));
        }
        let id = collection.column_id(position)?;
        let names = |other: &&Column| other.computation().is_some_and(|computed| computed.columns.contains(&id));
        if let Some(other) = collection.columns.iter().find(names) {
            let message = "cannot alter type of a column used by a generated column";
            let detail = format!("Column \"{column}\" is used by generated column \"{}\".", other.name);
            return Err(Error::new(ErrorKind::Unsupported, message).with_detail(detail));
        }
        let computed =
            collection.indexes.iter().find(|index| matches!(&index.kind, IndexKind::Keys(keys) if keys.names(id)));
        if let Some(index) = computed {
            return Err(Error::unsupported(
                format!("the type of a column that an expression of index \"{}\" names cannot be changed", index.name),
                "DROP INDEX first, and make it again afterwards.",
            ));
        }
        let is_integer = matches!(ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8);
        if known.draws_own() && !is_integer {
            let message = "identity column type must be smallint, integer, or bigint";
            let error = Error::new(ErrorKind::InvalidParameterValue, message);
            return Err(error.with_hint("Its values come from a sequence: ALTER COLUMN ... DROP DEFAULT first."));
        }
        check_columns(&Collection::new(
            collection.id,
            &*table.name,
            collection.kind,
            vec![Column::new(column, ty.clone())],
        ))
    }

    /// Gives a column another type, and every entry the value of it that stands beside its key. Ordered indexes are made anew.
    ///
    /// # Errors
    /// 42703; 23502 for a NULL where the column forbids it; 23502 and 23514 by its domain; 23505 where entries have the same values in a unique index now; 54000
    /// for a value too long for an index and for more entries than a transaction changes; 58030 where the store cannot be read.
    pub fn set_column_type(
        &mut self,
        table: &RelationName,
        column: &str,
        (ty, domain): (ColumnType, Option<ColumnDomain>),
        values: Vec<(EntryKey, Value)>,
        cancel: &Cancel,
    ) -> Result<()> {
        let old = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&old, column)?;
        let mut changed = (*old).clone();
        let Some(known) = changed.columns.get_mut(position) else { return Ok(()) };
        let (field, not_null, is_same) = (known.field.clone(), known.not_null, known.ty == ty);
        (known.ty, known.domain) = (ty, domain);
        // All entries are written anew: those of the old indexes go with their numbers, and the commit fills the new ones. Where only
        // the values change, the indexes follow them as they follow an UPDATE.
        for index in changed.indexes.iter_mut().filter(|index| index.kind.is_ordered() && !is_same) {
            (index.id, index.state) = (self.new_id(), IndexState::Ready);
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        let new = Arc::clone(self.catalog().expect_collection(table)?);
        let domain = new.columns.get(position).and_then(Column::domain_type);
        for (key, value) in values {
            if let Some(domain) = domain {
                self.view.check_domain(domain, &self.shown_domain(domain), &value)?;
            }
            if not_null && value.is_null() {
                let message = format!("column \"{column}\" of relation \"{table}\" contains null values");
                return Err(Error::new(ErrorKind::NotNullViolation, message).of_column(&*new, column));
            }
            let mut pending = self.pending(&new, &key)?;
            pending.changes.insert(field.clone(), (!value.is_null()).then_some(value));
            self.writes().put(new.id, key, pending)?;
        }
        for index in new.indexes.iter().filter(|index| index.is_ordered_and_followed()) {
            self.index_own_rows(&new, index)?;
        }
        self.check_retyped(&new, position, cancel)
    }

    /// Constraints over a column that has another type: conditions mean what they say of the new one, and foreign keys still compare
    /// what they compare.
    fn check_retyped(&self, collection: &Collection, position: usize, cancel: &Cancel) -> Result<()> {
        let id = collection.column_id(position)?;
        for check in collection.checks.iter().filter(|check| check.columns.contains(&id) && check.validated) {
            self.check_rows(collection, &check.name, cancel)?;
        }
        for foreign_key in collection.foreign_keys.iter().filter(|key| key.columns.contains(&id)) {
            if let Some(parent) = self.catalog().collection_by_id(foreign_key.parent) {
                check_foreign_key(collection, foreign_key, parent)?;
            }
        }
        for (child, foreign_key) in self.catalog().references_to(collection.id) {
            if foreign_key.parent_columns.contains(&id) {
                check_foreign_key(&child, &foreign_key, collection)?;
            }
        }
        Ok(())
    }

    /// Whether members of a network have the collection.
    fn is_attached(&self, collection: &Collection) -> Result<bool> {
        let catalog = self.catalog();
        if catalog.network_of(collection.id).is_some() {
            return Ok(true);
        }
        match catalog.networks().find(|network| network.attachment(collection.id).is_some()) {
            None => Ok(false),
            Some(network) => {
                let (name, network) = (&collection.name, &network.name);
                let message = format!("collection \"{name}\" is being detached from network \"{network}\"");
                Err(Error::new(ErrorKind::ObjectInUse, message).with_hint("Try again in a moment."))
            }
        }
    }

    /// Takes a field away from what this transaction has written, and from the entries that have it by name: those of the store's
    /// formats before columns had ids, and facts from members of a network. Under the column's id nobody finds it any more.
    fn forget_field(&mut self, collection: &Collection, field: &str, cancel: &Cancel) -> Result<()> {
        self.writes().forget_field(collection.id, field);
        let snapshot = Arc::clone(&self.view.snapshot);
        let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
        while let Some((key, record)) = records.next()? {
            cancel.check()?;
            if RecordView::parse(record)?.get_ref(field)?.is_none() {
                continue;
            }
            let key = EntryKey::from_bytes(key);
            let mut pending = self.pending(collection, &key)?;
            if pending.alive && !pending.replaced {
                pending.changes.insert(field.to_string(), None);
                self.writes().put(collection.id, key, pending)?;
            }
        }
        Ok(())
    }
}

impl CommitEncoder<'_> {
    /// Removes what lies beside the entries of columns that a change leaves out.
    pub fn drop_columns(&mut self, old: &Collection, new: &Collection) {
        for column in old.columns.iter().filter(|column| new.position_of(column.id).is_none()) {
            self.effects.batch.delete(&Key::Sequence(new.id, column.id));
            self.effects.batch.delete_range(&KeyRange::vectors(new.id, column.id));
        }
        if new.columns.iter().any(|column| old.position_of(column.id).is_none()) {
            // Entries may have facts of its name, and of another type.
            self.note_hidden(new.id);
        }
    }
}
