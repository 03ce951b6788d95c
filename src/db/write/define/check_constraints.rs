//! CHECK: conditions that no row may make false. A row for which one is unknown passes.
//!
//! They are looked at with every row that is written here, whatever the statement, before it comes into the write set. What
//! peers send is taken as it is: they may not have the condition, and a merge is never refused. Their rows are looked at when
//! they are changed here the next time, and by VALIDATE CONSTRAINT.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::read::scan::{ScanSpan, visit_entries};
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::define::column_rules::{changeable_rows, changed_meanwhile};
use crate::db::write::index::ordered_indexes::with_failing_row;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Environment, RowAccess, RowExpression, ValueRow};
use crate::model::{Check, Collection, RelationName};
use crate::types::Value;

impl Transaction {
    /// Refuses a row that makes one of the conditions of its collection false.
    ///
    /// # Errors
    /// 23514 in PostgreSQL's words; what computing a condition reports.
    pub(in crate::db::write) fn check_conditions(&self, collection: &Collection, row: &[Value]) -> Result<()> {
        if collection.checks.is_empty() {
            return Ok(());
        }
        let rules = self.shared.row_rules.of(&self.view, collection)?;
        let (environment, values) = (self.view.stored_environment(), ValueRow { row, ..ValueRow::default() });
        for (check, condition) in collection.checks.iter().zip(&rules.checks) {
            if is_false(condition.as_ref(), &environment, &values)? {
                let (table, name) = (&collection.name, &check.name);
                let message = format!("new row for relation \"{table}\" violates check constraint \"{name}\"");
                let error = Error::new(ErrorKind::CheckViolation, message).of_constraint(collection, name);
                return Err(with_failing_row(error, collection, row));
            }
        }
        Ok(())
    }

    /// Adds a condition to a table. Where it is `validated`, all of its rows keep it.
    ///
    /// # Errors
    /// 42710 for a name that a constraint of the table has; 23514 for a row that makes it false; 0A000 for a default collection;
    /// what computing it reports; 57014.
    pub fn add_check(&mut self, table: &RelationName, check: Check, cancel: &Cancel) -> Result<()> {
        let current = Arc::clone(self.catalog().expect_collection(table)?);
        changeable_rows(&current)?;
        check_constraint_name(&current, &check.name)?;
        let mut changed = (*current).clone();
        let name = check.name.clone();
        changed.checks.push(check);
        changed.checks.sort_by(|a, b| a.name.cmp(&b.name));
        if changed.checks.iter().any(|check| check.name == name && check.validated) {
            self.check_rows(&changed, &name, cancel)?;
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Looks at all rows that were there before a condition.
    ///
    /// # Errors
    /// As [`Transaction::add_check`].
    pub(in crate::db::write) fn validate_check(
        &mut self,
        current: &Collection,
        name: &str,
        cancel: &Cancel,
    ) -> Result<()> {
        let mut changed = current.clone();
        let Some(check) = changed.checks.iter_mut().find(|check| check.name == name) else { return Ok(()) };
        if check.validated {
            return Ok(());
        }
        check.validated = true;
        self.check_rows(&changed, name, cancel)?;
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    pub(in crate::db::write) fn check_rows(&self, collection: &Collection, name: &str, cancel: &Cancel) -> Result<()> {
        let rules = self.shared.row_rules.of(&self.view, collection)?;
        let environment = self.view.stored_environment();
        let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
        for (_, condition) in collection.checks.iter().zip(&rules.checks).filter(|(check, _)| check.name == name) {
            visit_entries(&self.view, collection, &span, cancel, &mut |entry| match is_false(
                condition.as_ref(),
                &environment,
                entry,
            )? {
                true => Err(is_violated(collection, name)),
                false => Ok(ControlFlow::Continue(())),
            })?;
        }
        Ok(())
    }
}

impl CommitEncoder<'_> {
    /// Conditions that rows keep from this commit on: nobody may have committed one that makes them false since the statement
    /// looked.
    ///
    /// # Errors
    /// 40001 when somebody has; what computing a condition reports.
    pub fn check_new_conditions(&mut self, old: Option<&Collection>, new: &Collection) -> Result<()> {
        let was_kept = |check: &Check| {
            let known = old.iter().flat_map(|old| &old.checks);
            known.into_iter().any(|known| known.id == check.id && known.validated)
        };
        if new.checks.iter().all(|check| !check.validated || was_kept(check)) {
            return Ok(());
        }
        let rules = self.shared.row_rules.of(&self.view, new)?;
        let environment = self.view.stored_environment();
        for (_, condition) in new.checks.iter().zip(&rules.checks).filter(|(check, _)| !was_kept(check)) {
            if self.has_entry(new, &|entry| is_false(condition.as_ref(), &environment, entry))? {
                return Err(changed_meanwhile(new));
            }
        }
        Ok(())
    }
}

fn is_false(condition: &dyn RowExpression, environment: &Environment<'_>, row: &dyn RowAccess) -> Result<bool> {
    Ok(condition.value(environment, row)? == Value::Bool(false))
}

fn is_violated(collection: &Collection, name: &str) -> Error {
    let table = &collection.name;
    let message = format!("check constraint \"{name}\" of relation \"{table}\" is violated by some row");
    Error::new(ErrorKind::CheckViolation, message).of_constraint(collection, name)
}

/// # Errors
/// 42710 for a name that a constraint of the table has.
pub(crate) fn check_constraint_name(collection: &Collection, name: &str) -> Result<()> {
    if collection.has_constraint(name) {
        let message = format!("constraint \"{name}\" for relation \"{}\" already exists", collection.name);
        return Err(Error::new(ErrorKind::DuplicateObject, message));
    }
    Ok(())
}
