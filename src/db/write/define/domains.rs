//! Domains inside a transaction: made, changed, and what is looked at of the values that are there; types (`user_types`) do the rest.
//!
//! A value is looked at when it is written here: on its way into a column that is declared with the domain, whatever the statement, and
//! by casts. What peers send is taken as it is, as with CHECK.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::catalog::catalog::{Catalog, check_identifier};
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::read::entry_view::EntryView;
use crate::db::read::scan::{ScanSpan, visit_entries};
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::define::column_rules::changed_meanwhile;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, Column, DomainCheck, DomainType, RelationName, UserType};
use crate::types::Value;
use crate::types::limits::{DOMAIN_CHECKS_MAX, USER_TYPES_MAX};

impl Transaction {
    /// Makes a domain.
    ///
    /// # Errors
    /// 42710 for a name that is taken; 54000 for one that is too long, above `DOMAIN_CHECKS_MAX`, and above `USER_TYPES_MAX`.
    pub fn create_domain(&mut self, name: &RelationName, domain: DomainType) -> Result<()> {
        self.check_type_name(name)?;
        if self.catalog().user_types().count() >= USER_TYPES_MAX {
            let message = format!("a database can have at most {USER_TYPES_MAX} types of its own");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        check_checks(&domain)?;
        self.note_schema(name.schema);
        let ty = UserType::of_domain(self.new_id(), name.clone(), domain);
        let id = ty.id;
        self.change_catalog(CatalogChange::PutType(Arc::new(ty)));
        self.own(id);
        Ok(())
    }

    /// The domain of a name.
    ///
    /// # Errors
    /// 42704 where there is none, 42809 for a type that is no domain.
    pub fn expect_domain(&self, name: &RelationName) -> Result<(Arc<UserType>, DomainType)> {
        let ty = self.expect_type(name)?;
        match &ty.domain {
            Some(domain) => Ok((Arc::clone(&ty), (**domain).clone())),
            None => Err(Error::new(ErrorKind::WrongObjectType, format!("\"{}\" is not a domain", ty.name()))),
        }
    }

    /// Defines a domain otherwise. What of that binds values from now on is looked at for those that are there.
    ///
    /// # Errors
    /// 42710 for two conditions of one name, 54000 above `DOMAIN_CHECKS_MAX`; 23502 and 23514 for values that are there; 57014.
    pub fn change_domain(&mut self, ty: &UserType, domain: DomainType, cancel: &Cancel) -> Result<()> {
        check_checks(&domain)?;
        let changed = Arc::new(UserType::of_domain(ty.id, ty.relation(), domain));
        if let Some(bound) = newly_bound(Some(ty), &changed) {
            self.check_values(&bound, cancel)?;
        }
        for (table, _) in self.columns_of_type(ty.id) {
            let before = self.view.catalog.standing_of(table.id);
            self.writes().note_standing(table.id, before);
        }
        self.change_catalog(CatalogChange::PutType(changed));
        Ok(())
    }

    /// Looks at the values that are there.
    fn check_values(&self, ty: &Arc<UserType>, cancel: &Cancel) -> Result<()> {
        let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
        for (table, column) in self.columns_of_type(ty.id) {
            let Some(position) = table.column(&column) else { continue };
            visit_entries(&self.view, &table, &span, cancel, &mut |entry| {
                let value = entry.row()?.into_iter().nth(position).unwrap_or_default();
                match self.view.check_domain(ty, ty.name(), &value) {
                    Ok(()) => Ok(ControlFlow::Continue(())),
                    Err(error) => Err(of_values(&error, &table, &column)),
                }
            })?;
        }
        Ok(())
    }

    /// A domain as messages name it: with its schema where the path of the session does not lead there.
    pub(in crate::db::write) fn shown_domain(&self, ty: &UserType) -> String {
        self.catalog().shown_type(ty, self.naming.as_ref())
    }

    /// Refuses a row whose values are none of the domains of their columns; those `written` are looked at, or all.
    ///
    /// # Errors
    /// As `ReadView::check_domain`.
    pub(in crate::db::write) fn check_domains(
        &self,
        collection: &Collection,
        row: &[Value],
        written: Option<&[(usize, Value)]>,
    ) -> Result<()> {
        for (position, (column, value)) in collection.columns.iter().zip(row).enumerate() {
            let Some(ty) = column.domain_type() else { continue };
            let is_written = |written: &[(usize, Value)]| written.iter().any(|(at, _)| *at == position);
            if column.computation().is_some() || written.is_none_or(is_written) {
                let shown = self.shown_domain(ty);
                self.view.check_domain(ty, &shown, value)?;
            }
        }
        Ok(())
    }

    /// Refuses a domain for a column that comes into a table with rows, all of which have NULL there.
    ///
    /// # Errors
    /// As [`Transaction::check_domains`]; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn check_absent(&self, table: &RelationName, column: &str, cancel: &Cancel) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let Some(position) = collection.column(column) else { return Ok(()) };
        let Some(ty) = collection.columns.get(position).and_then(|column| column.domain_type()) else { return Ok(()) };
        let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
        visit_entries(&self.view, &collection, &span, cancel, &mut |entry| {
            let value = entry.row()?.into_iter().nth(position).unwrap_or_default();
            self.view.check_domain(ty, &self.shown_domain(ty), &value)?;
            Ok(ControlFlow::Continue(()))
        })
    }
}

impl CommitEncoder<'_> {
    /// Values of a domain that bind from this commit on: nobody may have committed others since the statement looked.
    ///
    /// # Errors
    /// 40001 when somebody has; what computing a condition reports.
    pub fn check_new_domain(&self, catalog: &Catalog, ty: &UserType) -> Result<()> {
        let old = catalog.user_type_by_id(ty.id);
        let Some(bound) = newly_bound(old.map(Arc::as_ref), ty) else { return Ok(()) };
        for table in catalog.collections() {
            let is_of = |column: &Column| column.domain.as_ref().is_some_and(|own| own.id == ty.id);
            let positions = table.columns.iter().enumerate().filter(|(_, column)| is_of(column));
            let positions: Vec<usize> = positions.map(|(position, _)| position).collect();
            if positions.is_empty() {
                continue;
            }
            let is_wanted = |entry: &EntryView<'_>| {
                let row = entry.row()?;
                let mut values = positions.iter().filter_map(|position| row.get(*position));
                Ok(values.any(|value| self.view.check_domain(&bound, bound.name(), value).is_err()))
            };
            if self.has_entry(table, &is_wanted)? {
                return Err(changed_meanwhile(table));
            }
        }
        Ok(())
    }
}

/// What a definition asks of values that another one has not asked; `None` where that is nothing.
fn newly_bound(old: Option<&UserType>, new: &UserType) -> Option<Arc<UserType>> {
    let domain = new.domain.as_deref()?;
    // Nothing is there of one that is new.
    let old = old?.domain.as_deref()?;
    let was_kept = |check: &DomainCheck| old.checks.iter().any(|known| known.id == check.id && known.validated);
    let checks: Vec<DomainCheck> =
        domain.checks.iter().filter(|check| check.validated && !was_kept(check)).cloned().collect();
    let not_null = domain.not_null && !old.not_null;
    if checks.is_empty() && !not_null {
        return None;
    }
    let bound = DomainType { not_null, checks, ..domain.clone() };
    Some(Arc::new(UserType::of_domain(new.id, new.relation(), bound)))
}

fn of_values(error: &Error, table: &Collection, column: &str) -> Error {
    let name = &table.name;
    let message = match error.kind() {
        ErrorKind::NotNullViolation => format!("column \"{column}\" of table \"{name}\" contains null values"),
        ErrorKind::CheckViolation => {
            format!("column \"{column}\" of table \"{name}\" contains values that violate the new constraint")
        }
        _ => return error.clone(),
    };
    Error::new(error.kind(), message).of_column(table, column)
}

fn check_checks(domain: &DomainType) -> Result<()> {
    if domain.checks.len() > DOMAIN_CHECKS_MAX {
        let message = format!("a domain can have at most {DOMAIN_CHECKS_MAX} conditions");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    domain.checks.iter().try_for_each(|check| check_identifier(&check.name))
}
