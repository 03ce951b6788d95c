//! FOREIGN KEY constraints of CREATE TABLE and ALTER TABLE: read, and resolved against the tables that there are when the
//! statement runs.

use datafusion::sql::sqlparser::ast::{
    ConstraintCharacteristics, ConstraintReferenceMatchKind, DeferrableInitial, ForeignKeyConstraint, Ident,
    ObjectName, ReferentialAction as WrittenAction, Spanned,
};

use crate::db::{Cancel, Transaction, check_persistence};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CheckTime, Collection, ColumnId, ForeignKey, ReferentialAction, RelationName};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::check::is_taken;
use crate::sql::define::index::generated_name;
use crate::sql::parse::names::folded;
use crate::sql::pg_catalog::find_stored;
use crate::sql::write::write_target::{located, new_name};

/// A reference to another table, to be added.
#[derive(Clone, Debug)]
pub struct ForeignKeyRequest {
    name: Option<String>,
    columns: Vec<String>,
    parent: RelationName,
    /// Empty for its primary key.
    parent_columns: Vec<String>,
    on_delete: ReferentialAction,
    on_update: ReferentialAction,
    timing: CheckTime,
    validated: bool,
}

impl ForeignKeyRequest {
    /// The table that it refers to.
    pub fn parent(&self) -> &RelationName {
        &self.parent
    }

    /// Reads a constraint of a table that is there or being made; `column` is the one that it stands behind, `name` what CONSTRAINT
    /// gives it.
    ///
    /// # Errors
    /// 42601 for a clause that is not PostgreSQL's and for contradictions, 0A000 for MATCH FULL and PARTIAL and NOT ENFORCED; as
    /// [`new_name`].
    pub fn plan(
        constraint: &ForeignKeyConstraint,
        (name, column): (Option<&Ident>, Option<&str>),
        validated: bool,
        table: &Collection,
        context: &PlanContext<'_>,
    ) -> Result<ForeignKeyRequest> {
        let ForeignKeyConstraint {
            name: own,
            index_name,
            columns,
            foreign_table,
            referred_columns,
            on_delete,
            on_update,
            match_kind,
            characteristics,
        } = constraint;
        if index_name.is_some() {
            return Err(Error::syntax("FOREIGN KEY names no index", None)
                .with_hint("FOREIGN KEY (columns) REFERENCES table (columns)"));
        }
        match match_kind {
            None | Some(ConstraintReferenceMatchKind::Simple) => {}
            Some(ConstraintReferenceMatchKind::Full) => {
                return Err(Error::unsupported("MATCH FULL is not offered", "Declare the columns NOT NULL."));
            }
            Some(ConstraintReferenceMatchKind::Partial) => {
                return Err(Error::unsupported("MATCH PARTIAL is not offered", "Nor is it in PostgreSQL."));
            }
        }
        let columns = match column {
            Some(column) => vec![column.to_string()],
            None => columns.iter().map(folded).collect(),
        };
        Ok(ForeignKeyRequest {
            name: name.or(own.as_ref()).map(folded),
            columns,
            parent: parent_name(foreign_table, table, context)?,
            parent_columns: referred_columns.iter().map(folded).collect(),
            on_delete: action(on_delete.as_ref()),
            on_update: action(on_update.as_ref()),
            timing: timing(characteristics.as_ref())?,
            validated,
        })
    }

    /// The constraint, for a table as it is now; one without a name gets one that is free.
    ///
    /// # Errors
    /// 42P01 for a table that is not there, 42809 for a view, 42703 for a column, 42704 for a table without a primary key.
    pub fn constraint(&self, table: &Collection, transaction: &Transaction) -> Result<ForeignKey> {
        let parent = match self.parent == table.relation() {
            true => table,
            false => transaction.catalog().expect_collection(&self.parent)?,
        };
        check_persistence(table, parent)?;
        if parent.materialized.is_some() {
            let message = format!("referenced relation \"{}\" is not a table", parent.name);
            return Err(Error::new(ErrorKind::WrongObjectType, message));
        }
        let columns = ids_of(&self.columns, table)?;
        let parent_columns = match self.parent_columns.as_slice() {
            [] if parent.primary_key.is_empty() => {
                let message = format!("there is no primary key for referenced table \"{}\"", parent.name);
                return Err(Error::new(ErrorKind::UndefinedObject, message));
            }
            [] => parent.key_columns(),
            named => ids_of(named, parent)?,
        };
        let name = self.name.clone().unwrap_or_else(|| {
            let parts: Vec<&str> = self.columns.iter().map(String::as_str).collect();
            generated_name(&table.name, &parts, "fkey", &|name| is_taken(name, table, transaction))
        });
        Ok(ForeignKey {
            id: transaction.new_id(),
            name,
            columns,
            parent: parent.id,
            parent_columns,
            on_delete: self.on_delete,
            on_update: self.on_update,
            timing: self.timing,
            validated: self.validated,
        })
    }

    /// Adds the constraint to a table that is there.
    ///
    /// # Errors
    /// As [`ForeignKeyRequest::constraint`] and [`Transaction::add_foreign_key`].
    pub fn add(&self, table: &RelationName, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        let collection = transaction.catalog().expect_collection(table)?;
        let foreign_key = self.constraint(collection, transaction)?;
        transaction.add_foreign_key(table, foreign_key, cancel)
    }
}

/// The table that is referred to: one that is there, else the one that the statement makes.
fn parent_name(name: &ObjectName, table: &Collection, context: &PlanContext<'_>) -> Result<RelationName> {
    // Temporary tables come before others of their names.
    if let [part] = name.0.as_slice()
        && table.is_temporary()
        && part.as_ident().is_some_and(|name| folded(name) == table.name)
    {
        return Ok(table.relation());
    }
    match find_stored(name, context)? {
        Some(relation) => Ok(relation),
        None => match new_name(name, false, context) {
            Err(error) if error.kind() == ErrorKind::InsufficientPrivilege => {
                let message = format!("referenced relation \"{name}\" is not a table");
                Err(located(Error::new(ErrorKind::WrongObjectType, message), context.text, name.span().start))
            }
            other => other,
        },
    }
}

fn ids_of(names: &[String], table: &Collection) -> Result<Vec<ColumnId>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let column = table.column(name).and_then(|position| table.columns.get(position));
        let Some(column) = column else {
            let message = format!("column \"{name}\" referenced in foreign key constraint does not exist");
            return Err(Error::new(ErrorKind::UndefinedColumn, message));
        };
        if ids.contains(&column.id) {
            let message = format!("foreign key names the column \"{name}\" more than once");
            return Err(Error::new(ErrorKind::InvalidForeignKey, message));
        }
        ids.push(column.id);
    }
    Ok(ids)
}

fn action(written: Option<&WrittenAction>) -> ReferentialAction {
    match written {
        None | Some(WrittenAction::NoAction) => ReferentialAction::NoAction,
        Some(WrittenAction::Restrict) => ReferentialAction::Restrict,
        Some(WrittenAction::Cascade) => ReferentialAction::Cascade,
        Some(WrittenAction::SetNull) => ReferentialAction::SetNull,
        Some(WrittenAction::SetDefault) => ReferentialAction::SetDefault,
    }
}

fn timing(given: Option<&ConstraintCharacteristics>) -> Result<CheckTime> {
    let Some(ConstraintCharacteristics { deferrable, initially, enforced }) = given else {
        return Ok(CheckTime::Statement);
    };
    if *enforced == Some(false) {
        return Err(Error::unsupported(
            "foreign keys that are NOT ENFORCED are not offered",
            "NOT VALID leaves the rows that are there alone, and binds those to come.",
        ));
    }
    match (deferrable, initially) {
        (Some(false), Some(DeferrableInitial::Deferred)) => {
            Err(Error::syntax("constraint declared INITIALLY DEFERRED must be DEFERRABLE", None))
        }
        (_, Some(DeferrableInitial::Deferred)) => Ok(CheckTime::Deferred),
        (Some(true), _) => Ok(CheckTime::Deferrable),
        (Some(false) | None, _) => Ok(CheckTime::Statement),
    }
}
