//! Constraints by their names, whichever kind they are: dropped, renamed, and looked at for the rows that were there before.

use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::state::cancel::Cancel;
use crate::db::write::define::check_constraints::check_constraint_name;
use crate::db::write::define::column_rules::changeable_rows;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, RelationName, RelationRef};

impl Transaction {
    /// Drops a constraint; a UNIQUE one with the index that it stands on.
    ///
    /// # Errors
    /// 42P01; 42704 when the table has no constraint of that name; 0A000 for its primary key; as `Transaction::free_key` where
    /// others refer to it.
    pub fn drop_constraint(&mut self, table: &RelationName, name: &str, cascade: bool) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        if !collection.has_constraint(name) {
            return Err(no_constraint(&collection, name));
        }
        if !collection.primary_key.is_empty() && name == collection.primary_key_name() {
            return Err(Error::unsupported(
                "dropping a primary key is not offered",
                "Make a table without one, then INSERT ... SELECT.",
            ));
        }
        self.free_key(&collection, name, cascade)?;
        // One that goes with others may have changed the table.
        let mut changed = (**self.catalog().expect_collection(table)?).clone();
        changed.checks.retain(|check| check.name != name);
        changed.foreign_keys.retain(|key| key.name != name);
        changed.indexes.retain(|index| index.name != name || !index.is_constraint());
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Gives a constraint another name, and with a UNIQUE one its index.
    ///
    /// # Errors
    /// 42P01; 42704 when the table has no constraint of that name; 42710 and 42P07 for a name that is taken, 54000 for one that is
    /// too long; 0A000 for its primary key and for a default collection.
    pub fn rename_constraint(&mut self, table: &RelationName, from: &str, to: &str) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        changeable_rows(&current)?;
        if !current.has_constraint(from) {
            let message = format!("constraint \"{from}\" for table \"{table}\" does not exist");
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
        if !current.primary_key.is_empty() && from == current.primary_key_name() {
            return Err(Error::unsupported(
                "another name for a primary key is not offered",
                "It is called after its table: RENAME TO gives both another name.",
            ));
        }
        check_identifier(to)?;
        check_constraint_name(&current, to)?;
        let mut changed = (*current).clone();
        for index in changed.indexes.iter_mut().filter(|index| index.name == from && index.is_constraint()) {
            if self.catalog().is_taken(RelationRef { schema: table.schema, name: to }) {
                return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{to}\" already exists")));
            }
            index.name = to.to_string();
        }
        let checks = changed.checks.iter_mut().map(|check| &mut check.name);
        let keys = changed.foreign_keys.iter_mut().map(|key| &mut key.name);
        checks.chain(keys).filter(|name| *name == from).for_each(|name| *name = to.to_string());
        changed.checks.sort_by(|a, b| a.name.cmp(&b.name));
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Looks at the rows that were there before a constraint.
    ///
    /// # Errors
    /// 42P01; 42704 when the table has no constraint of that name, 42809 for one that always held; 23503 and 23514 for a row that
    /// breaks it; 57014.
    pub fn validate_constraint(&mut self, table: &RelationName, name: &str, cancel: &Cancel) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        if current.checks.iter().any(|check| check.name == name) {
            return self.validate_check(&current, name, cancel);
        }
        if current.foreign_keys.iter().any(|key| key.name == name) {
            return self.validate_foreign_key(&current, name, cancel);
        }
        if !current.has_constraint(name) {
            return Err(no_constraint(&current, name));
        }
        let message = format!("cannot validate constraint \"{name}\" of relation \"{table}\"");
        Err(Error::new(ErrorKind::WrongObjectType, message)
            .with_detail("This operation is not supported for this type of constraint."))
    }
}

fn no_constraint(collection: &Collection, name: &str) -> Error {
    let message = format!("constraint \"{name}\" of relation \"{}\" does not exist", collection.name);
    Error::new(ErrorKind::UndefinedObject, message)
}
