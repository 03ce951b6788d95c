//! CREATE TABLE … (LIKE table INCLUDING …): the columns of another table, and what is said of them.

use std::sync::Arc;

use crate::db::no_schema;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, Column, DefaultValue, DimensionOrigin, IndexKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::table_text::LikeClause;
use crate::sql::pg_catalog::{Meant, find_by_path, path_of};
use crate::statement::Privilege;

/// What a LIKE clause brings along.
pub struct Likeness {
    pub columns: Vec<Column>,
    /// Positions in `columns`; empty where there is no key, or it is left out.
    pub primary_key: Vec<usize>,
    /// Constraints by the positions of their columns.
    pub unique: Vec<Vec<usize>>,
    /// Other indexes, over positions in `columns`.
    pub indexes: Vec<IndexKind>,
}

impl Likeness {
    /// Looks the table or view up.
    ///
    /// # Errors
    /// 42P01 and 3F000 for what is not there.
    pub fn of(like: &LikeClause, context: &PlanContext<'_>) -> Result<Likeness> {
        let (catalog, path) = (context.view.catalog(), path_of(context));
        if let Some(schema) = like.schema.as_deref().filter(|schema| catalog.schema(schema, path.own()).is_none()) {
            return Err(no_schema(schema));
        }
        let found = match find_by_path(like.schema.as_deref(), &like.table, &path, catalog) {
            Some(Meant::Stored(relation)) => Some(relation),
            Some(Meant::System(_)) | None => None,
        };
        if let Some(view) = found.as_ref().and_then(|relation| catalog.view(relation)) {
            let columns = view.columns.iter().map(|column| Column::new(column.name.clone(), column.ty.clone()));
            let (primary_key, unique, indexes) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Likeness { columns: columns.collect(), primary_key, unique, indexes });
        }
        let Some(source) = found.as_ref().and_then(|relation| catalog.collection(relation)).map(Arc::clone) else {
            let message = format!("relation \"{}\" does not exist", like.table);
            return Err(Error::new(ErrorKind::UndefinedTable, message));
        };
        context.notes.touch_collection(&source, Privilege::Select);
        let is_computed = source.columns.iter().any(|column| column.computation().is_some());
        let has_keys = source.indexes.iter().any(|index| matches!(index.kind, IndexKind::Keys(_)));
        if (like.generated && is_computed) || (like.indexes && has_keys) {
            return Err(Error::unsupported(
                "LIKE with generated columns, and with indexes over expressions or with WHERE, is not offered",
                "Leave out INCLUDING GENERATED and INDEXES, and declare them.",
            ));
        }
        let columns = (0..source.columns.len()).filter_map(|position| column_like(&source, position, like)).collect();
        let (mut primary_key, mut unique, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
        if like.indexes {
            primary_key.clone_from(&source.primary_key);
            for index in &source.indexes {
                match &index.kind {
                    IndexKind::Ordered { columns, unique: true } if index.is_constraint() => {
                        unique.push(columns.clone())
                    }
                    kind => indexes.push(kind.clone()),
                }
            }
        }
        Ok(Likeness { columns, primary_key, unique, indexes })
    }
}

fn column_like(source: &Collection, position: usize, like: &LikeClause) -> Option<Column> {
    let known = source.columns.get(position)?;
    let default = known.default.as_ref().filter(|default| match default {
        // A serial column has its sequence for a default, an identity column has none.
        DefaultValue::Sequence if known.is_identity_by_default => like.identity,
        DefaultValue::Sequence => like.defaults || like.identity,
        DefaultValue::Identity => like.identity,
        DefaultValue::GeneratedId | DefaultValue::Expression(_) | DefaultValue::Drawn(_) => like.defaults,
        // It names columns by their numbers in the other table.
        DefaultValue::Computed(_) => false,
    });
    // What a column has learned is not declared.
    let learns = source.learns_dimension(position);
    let ty = if learns { known.ty.with_dimension(None) } else { known.ty.clone() };
    let dimension_origin = if learns { DimensionOrigin::default() } else { known.dimension_origin };
    let column = Column::new(known.name.clone(), ty);
    let numbering = if default.is_some() { known.numbering } else { column.numbering };
    let is_identity_by_default = known.is_identity_by_default && default.is_some();
    let default = default.cloned();
    let not_null = known.not_null;
    let domain = known.domain.clone();
    Some(Column { not_null, default, numbering, is_identity_by_default, dimension_origin, domain, ..column })
}
