//! SET CONSTRAINTS: when a transaction looks at its deferrable foreign keys.

use crate::db::state::cancel::Cancel;
use crate::db::write::transaction::foreign_key_errors::still_referenced;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, ForeignKey};

impl Transaction {
    /// Whether a foreign key waits for the commit.
    pub(in crate::db::write) fn is_deferred(&self, foreign_key: &ForeignKey) -> bool {
        self.view.writes.references.is_deferred(foreign_key)
    }

    /// Does what SET CONSTRAINTS says of foreign keys, of all without `names`: those that are not to wait any more are looked at.
    ///
    /// # Errors
    /// 42704 for a name that no constraint has, 42809 for a constraint that cannot wait; 23503 for references that do not hold; as
    /// [`Transaction::end_statement`].
    pub fn set_constraints(&mut self, names: Option<&[String]>, is_deferred: bool, cancel: &Cancel) -> Result<()> {
        let mut chosen = Vec::new();
        for name in names.unwrap_or_default() {
            chosen.extend(self.deferrable(name)?);
        }
        let references = &mut self.writes().references;
        match names {
            None => references.defer(None, is_deferred),
            Some(_) => chosen.iter().for_each(|foreign_key| references.defer(Some(*foreign_key), is_deferred)),
        }
        if is_deferred {
            return Ok(());
        }
        let is_meant = |foreign_key: &ForeignKey| {
            foreign_key.timing.is_deferrable() && (names.is_none() || chosen.contains(&foreign_key.id))
        };
        let (written, gone) = references.all();
        for (collection, key) in written {
            cancel.check()?;
            self.check_entry(collection, &key, |_, foreign_key| is_meant(foreign_key))?;
        }
        for gone in gone {
            cancel.check()?;
            let Some((child, foreign_key, parent)) = self.reference(&gone).filter(|(_, known, _)| is_meant(known))
            else {
                continue;
            };
            if !self.has_key(&parent, &foreign_key.parent_columns, &gone.values)?
                && !self.referring(&child, &foreign_key, &gone.values, cancel)?.is_empty()
            {
                return Err(still_referenced(&child, &foreign_key, &parent, &gone.values));
            }
        }
        Ok(())
    }

    /// The foreign keys of a name, which can all wait.
    fn deferrable(&self, name: &str) -> Result<Vec<CollectionId>> {
        let mut found = Vec::new();
        let mut is_there = false;
        for collection in self.catalog().collections() {
            for foreign_key in collection.foreign_keys.iter().filter(|foreign_key| foreign_key.name == name) {
                if !foreign_key.timing.is_deferrable() {
                    return Err(not_deferrable(name));
                }
                found.push(foreign_key.id);
            }
            is_there |= collection.has_constraint(name);
        }
        match (found.is_empty(), is_there) {
            (false, _) => Ok(found),
            (true, true) => Err(not_deferrable(name)),
            (true, false) => {
                Err(Error::new(ErrorKind::UndefinedObject, format!("constraint \"{name}\" does not exist")))
            }
        }
    }
}

fn not_deferrable(name: &str) -> Error {
    Error::new(ErrorKind::WrongObjectType, format!("constraint \"{name}\" is not deferrable"))
}
