//! Views: named queries. They belong to one node, and no member of a network hears of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::model::collection::{Collection, CollectionId};
use crate::model::column::ColumnId;
use crate::model::schema::{RelationName, SchemaId};
use crate::types::ColumnType;

/// One view. Names and types of its columns are those of its query when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Shares the number space of collections.
    pub id: CollectionId,
    /// Left out of what is stored where it is `public`.
    #[serde(default, skip_serializing_if = "SchemaId::is_public")]
    pub schema: SchemaId,
    pub name: String,
    pub columns: Vec<ViewColumn>,
    /// The text of its query, `*` written out. A name in it without a schema is one of `public`.
    pub query: String,
    /// What the query reads.
    pub uses: Vec<ViewUse>,
    /// Whether rows written through it have to be rows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckOption>,
    /// Whether it reads with the rights of whoever reads it, and not of its owner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security_invoker: bool,
}

/// One column of a view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewColumn {
    pub name: String,
    #[serde(with = "crate::types::column_type::as_text")]
    pub ty: ColumnType,
}

/// A collection or view that a view reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewUse {
    pub relation: CollectionId,
    /// The columns of it that the query names; of a view their places, from 0.
    pub columns: Vec<ColumnId>,
}

/// What a collection is made of that is a materialised view; its columns are those of the collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Materialized {
    /// As that of a [`View`].
    pub query: String,
    pub uses: Vec<ViewUse>,
    /// Whether it holds the rows that its query had at some time, and may be read.
    pub is_populated: bool,
}

/// WITH CHECK OPTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckOption {
    /// Of the conditions of this view alone, and of those below that say so themselves.
    Local,
    /// Of all views below as well.
    Cascaded,
}

impl fmt::Display for CheckOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CheckOption::Local => "local",
            CheckOption::Cascaded => "cascaded",
        })
    }
}

impl View {
    /// Its name with its schema.
    pub fn relation(&self) -> RelationName {
        RelationName::new(self.schema, self.name.as_str())
    }

    /// The OID that the catalogs show for this view.
    pub fn oid(&self) -> u32 {
        self.id.oid()
    }

    /// Whether its query reads a collection or view.
    pub fn reads(&self, relation: CollectionId) -> bool {
        self.uses.iter().any(|used| used.relation == relation)
    }

    /// Whether its query names a column of a collection or view.
    pub fn reads_column(&self, relation: CollectionId, column: ColumnId) -> bool {
        self.uses.iter().any(|used| used.relation == relation && used.columns.contains(&column))
    }
}

impl Collection {
    /// The view of which the collection keeps the rows; `None` for a table.
    pub fn as_view(&self) -> Option<View> {
        let kept = self.materialized.as_ref()?;
        let columns = self.columns.iter();
        Some(View {
            id: self.id,
            schema: self.schema,
            name: self.name.clone(),
            columns: columns.map(|column| ViewColumn { name: column.name.clone(), ty: column.ty.clone() }).collect(),
            query: kept.query.clone(),
            uses: kept.uses.clone(),
            check: None,
            security_invoker: false,
        })
    }

    /// What statements call its kind.
    pub fn kind_name(&self) -> &'static str {
        if self.materialized.is_some() { "materialized view" } else { "table" }
    }

    /// Refuses to change rows that follow from a query.
    ///
    /// # Errors
    /// 42809 for a materialised view.
    pub fn check_changeable(&self) -> Result<()> {
        match self.materialized {
            None => Ok(()),
            Some(_) => {
                let message = format!("cannot change materialized view \"{}\"", self.name);
                Err(Error::new(ErrorKind::WrongObjectType, message))
            }
        }
    }

    /// Refuses to show others what each node makes for itself.
    ///
    /// # Errors
    /// 0A000 for a materialised view.
    pub fn check_shared(&self) -> Result<()> {
        match self.materialized {
            None => Ok(()),
            Some(_) => Err(Error::unsupported(
                format!("materialized view \"{}\" takes part in no network", self.name),
                "Its rows follow from others: share those, and make the view on each node.",
            )),
        }
    }

    /// Refuses to read what has no rows yet.
    ///
    /// # Errors
    /// 55000 for a materialised view that is not populated.
    pub fn check_populated(&self) -> Result<()> {
        match &self.materialized {
            Some(kept) if !kept.is_populated => {
                let message = format!("materialized view \"{}\" has not been populated", self.name);
                let error = Error::new(ErrorKind::NotInPrerequisiteState, message);
                Err(error.with_hint("Use the REFRESH MATERIALIZED VIEW command."))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This definition lies in data directories: it is read for ever.
    const STORED: &str = concat!(
        r#"{"id":30,"name":"recent","columns":[{"name":"id","ty":"bigint"},{"name":"v","ty":"vector(3)"}],"#,
        r#""query":"SELECT \"t\".\"id\", v FROM t","uses":[{"relation":17,"columns":[0,2]}],"check":"Local"}"#,
    );

    #[test]
    fn a_stored_view_is_read_and_written_as_it_was() {
        let view: View = serde_json::from_str(STORED).unwrap();
        assert_eq!(view.columns[1].ty, ColumnType::Vector(Some(3)));
        assert!(view.reads(CollectionId(17)) && !view.reads(CollectionId(30)));
        assert!(view.reads_column(CollectionId(17), ColumnId(2)) && !view.reads_column(CollectionId(17), ColumnId(1)));
        assert_eq!(serde_json::to_string(&view).unwrap(), STORED);
        let plain: View = serde_json::from_str(&STORED.replace(r#","check":"Local""#, "")).unwrap();
        assert_eq!(plain.check, None);
    }
}
