//! Foreign keys as definitions: added, looked at for the rows that were there before, and what hangs on the keys they refer to.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::read::scan::{ScanSpan, visit_entries};
use crate::db::state::cancel::Cancel;
use crate::db::write::define::check_constraints::check_constraint_name;
use crate::db::write::define::column_rules::changeable_rows;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Collection, CollectionId, ColumnId, ForeignKey, RelationName};
use crate::types::Value;

impl Transaction {
    /// Adds a foreign key to a table. Where it is `validated`, all of its rows refer to something.
    ///
    /// # Errors
    /// 42710 for a name that a constraint of the table has; 23503 for a row that refers to nothing; 0A000 for default collections;
    /// as [`check_foreign_key`]; 57014.
    pub fn add_foreign_key(&mut self, table: &RelationName, foreign_key: ForeignKey, cancel: &Cancel) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        changeable_rows(&current)?;
        check_constraint_name(&current, &foreign_key.name)?;
        let parent = Arc::clone(self.parent_of(&current, &foreign_key)?);
        changeable_rows(&parent)?;
        check_foreign_key(&current, &foreign_key, &parent)?;
        let mut changed = (*current).clone();
        changed.foreign_keys.push(foreign_key.clone());
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        if foreign_key.validated {
            let changed = Arc::clone(self.catalog().expect_collection(table)?);
            self.check_rows_refer(&changed, &foreign_key, cancel)?;
        }
        Ok(())
    }

    fn parent_of(&self, child: &Collection, foreign_key: &ForeignKey) -> Result<&Arc<Collection>> {
        self.catalog().collection_by_id(foreign_key.parent).ok_or_else(|| {
            let message = format!("\"{}\" refers to a relation that does not exist", child.name);
            Error::new(ErrorKind::UndefinedTable, message)
        })
    }

    /// Looks at all rows that were there before a foreign key.
    pub(in crate::db::write) fn validate_foreign_key(
        &mut self,
        current: &Collection,
        name: &str,
        cancel: &Cancel,
    ) -> Result<()> {
        let mut changed = current.clone();
        let Some(foreign_key) = changed.foreign_keys.iter_mut().find(|key| key.name == name) else { return Ok(()) };
        if foreign_key.validated {
            return Ok(());
        }
        foreign_key.validated = true;
        let foreign_key = foreign_key.clone();
        self.check_rows_refer(&changed, &foreign_key, cancel)?;
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    fn check_rows_refer(&self, child: &Collection, foreign_key: &ForeignKey, cancel: &Cancel) -> Result<()> {
        let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
        visit_entries(&self.view, child, &span, cancel, &mut |entry| {
            let row = (0..child.columns.len()).map(|position| entry.column(position));
            self.check_reference(child, foreign_key, &row.collect::<Result<Vec<Value>>>()?)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// A UNIQUE constraint or index is going to be dropped: where foreign keys stand on it, they go first, or it stays.
    ///
    /// # Errors
    /// 2BP01 where one does and `cascade` is not said.
    pub(in crate::db::write) fn free_key(&mut self, collection: &Collection, name: &str, cascade: bool) -> Result<()> {
        let mut without = collection.clone();
        without.indexes.retain(|index| index.name != name);
        let stands = |key: &ForeignKey| without.unique_key_over(&key.parent_columns).is_none();
        let table = &collection.name;
        let is_constraint = collection.indexes.iter().any(|index| index.name == name && index.is_constraint());
        let what = match is_constraint {
            true => format!("constraint {name} on table {table}"),
            false => format!("index {name}"),
        };
        self.free(collection.id, &stands, (&what, &format!("index {name}")), cascade)
    }

    /// A column is going to be dropped.
    ///
    /// # Errors
    /// As [`Transaction::free_key`].
    pub(in crate::db::write) fn free_column(
        &mut self,
        collection: &Collection,
        column: ColumnId,
        cascade: bool,
    ) -> Result<()> {
        let name = collection.position_of(column).and_then(|position| collection.columns.get(position));
        let name = name.map_or("", |column| column.name.as_str());
        let what = format!("column {name} of table {}", collection.name);
        self.free(collection.id, &|key| key.parent_columns.contains(&column), (&what, &what), cascade)
    }

    /// A table is going to be dropped, and others with it.
    ///
    /// # Errors
    /// As [`Transaction::free_key`].
    pub(in crate::db::write) fn free_table(
        &mut self,
        collection: &Collection,
        with: &[CollectionId],
        cascade: bool,
    ) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        let others = |key: &ForeignKey| {
            let child = catalog.referring().find(|child| child.foreign_keys.iter().any(|known| known.id == key.id));
            child.is_some_and(|child| child.id != collection.id && !with.contains(&child.id))
        };
        let what = self.described(&catalog, collection.id);
        self.free(collection.id, &others, (&what, &what), cascade)
    }

    /// Drops the foreign keys that refer to a collection in a certain way, or says which they are.
    fn free(
        &mut self,
        parent: CollectionId,
        is_meant: &dyn Fn(&ForeignKey) -> bool,
        (dropped, needed): (&str, &str),
        cascade: bool,
    ) -> Result<()> {
        let meant = self.catalog().references_to(parent).into_iter().filter(|(_, key)| is_meant(key));
        let meant: Vec<(Arc<Collection>, ForeignKey)> = meant.collect();
        if meant.is_empty() {
            return Ok(());
        }
        let catalog = Arc::clone(self.catalog());
        let constraint = |(child, key): &(Arc<Collection>, ForeignKey)| {
            format!("constraint {} on {}", key.name, self.described(&catalog, child.id))
        };
        if !cascade {
            let lines = meant.iter().map(|each| format!("{} depends on {needed}", constraint(each)));
            let message = format!("cannot drop {dropped} because other objects depend on it");
            return Err(Error::new(ErrorKind::DependentObjects, message)
                .with_detail(lines.collect::<Vec<_>>().join("\n"))
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        let lines: Vec<String> = meant.iter().map(|each| format!("drop cascades to {}", constraint(each))).collect();
        self.notices.push(match lines.as_slice() {
            [one] => Notice::new(one.clone()),
            more => Notice::of(
                Error::new(ErrorKind::Success, format!("drop cascades to {} other objects", more.len()))
                    .with_detail(more.join("\n")),
            ),
        });
        for (child, key) in meant {
            let Some(child) = self.catalog().collection_by_id(child.id) else { continue };
            let mut changed = (**child).clone();
            changed.foreign_keys.retain(|known| known.id != key.id);
            self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        }
        Ok(())
    }
}

/// Refuses a reference between two tables of which one goes with its session and the other one stays.
///
/// # Errors
/// 42P16.
pub fn check_persistence(child: &Collection, parent: &Collection) -> Result<()> {
    let message = match (child.is_temporary(), parent.is_temporary()) {
        (true, false) => "constraints on temporary tables may reference only temporary tables",
        (false, true) => "constraints on permanent tables may reference only permanent tables",
        (true, true) | (false, false) => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidTableDefinition, message))
}

/// Whether a foreign key can stand between two collections.
///
/// # Errors
/// 42830 where the columns are not as many, or are no key of the other collection; 42804 for types that are not compared.
pub(crate) fn check_foreign_key(child: &Collection, foreign_key: &ForeignKey, parent: &Collection) -> Result<()> {
    if foreign_key.columns.len() != foreign_key.parent_columns.len() {
        let message = "number of referencing and referenced columns for foreign key disagree";
        return Err(Error::new(ErrorKind::InvalidForeignKey, message));
    }
    if parent.unique_key_over(&foreign_key.parent_columns).is_none() {
        let message =
            format!("there is no unique constraint matching given keys for referenced table \"{}\"", parent.name);
        return Err(Error::new(ErrorKind::InvalidForeignKey, message));
    }
    let (own, theirs) = (child.positions_of(&foreign_key.columns), parent.positions_of(&foreign_key.parent_columns));
    for (own, theirs) in own.into_iter().zip(theirs) {
        let (Some(own), Some(theirs)) = (child.columns.get(own), parent.columns.get(theirs)) else { continue };
        let is_same = own.ty.base() == theirs.ty.base()
            || (own.ty.is_integer() && theirs.ty.is_integer())
            || (own.ty.is_text() && theirs.ty.is_text());
        if !is_same {
            let message = format!("foreign key constraint \"{}\" cannot be implemented", foreign_key.name);
            return Err(Error::new(ErrorKind::DatatypeMismatch, message).with_detail(format!(
                "Key columns \"{}\" of the referencing table and \"{}\" of the referenced table are of incompatible \
                 types: {} and {}.",
                own.name, theirs.name, own.ty, theirs.ty
            )));
        }
    }
    Ok(())
}
