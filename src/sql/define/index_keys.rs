//! Keys of an ordered index that are more than columns, and the condition on the rows that it holds.

use datafusion::sql::sqlparser::ast::{CreateIndex, Expr, IndexColumn, NullsDistinctOption, UniqueConstraint};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, Column, ColumnId, IndexKey, IndexKeys, IndexKind, StoredExpression};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::index::{check_ordered, known_column};
use crate::sql::define::table::check_of_one_row;
use crate::sql::parse::names::column_name;
use crate::sql::parse::trees::unnested;
use crate::sql::write::kept_expression::{KeptExpression, kept};
use crate::sql::write::stored_expression::{StoredUse, compile_expression};

/// The kind of an ordered index, and what its name is made of.
///
/// # Errors
/// 42703 for a column that is not there, 42704 for a key of a type without an order, 42P17 for functions that are not immutable,
/// 0A000 for expressions over a default collection; as [`check_of_one_row`] and [`compile_expression`].
pub fn ordered_keys(
    index: &CreateIndex,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<(IndexKind, Vec<String>)> {
    let (mut keys, mut name_parts) = (Vec::new(), Vec::new());
    for column in &index.columns {
        let (key, part) = key_of(column, collection, context)?;
        let repeated = name_parts.iter().filter(|name: &&String| name.starts_with(&part)).count();
        name_parts.push(if repeated == 0 || part != "expr" { part } else { format!("{part}{repeated}") });
        keys.push(key);
    }
    let predicate = index.predicate.as_ref();
    let condition = predicate.map(|expr| stored(expr, Stored::Predicate, collection, context)).transpose()?;
    let counts_nulls = index.nulls_distinct == Some(false) && index.unique;
    Ok((kind_of(keys, index.unique, counts_nulls, condition), name_parts))
}

/// An index over plain columns is kept as one, whatever wrote it.
fn kind_of(keys: Vec<IndexKey>, unique: bool, counts_nulls: bool, condition: Option<StoredExpression>) -> IndexKind {
    let columns: Option<Vec<usize>> = keys
        .iter()
        .map(|key| match key {
            IndexKey::Column(position) => Some(*position),
            IndexKey::Expression(_) => None,
        })
        .collect();
    match (columns, counts_nulls, &condition) {
        (Some(columns), false, None) => IndexKind::Ordered { columns, unique },
        _ => IndexKind::Keys(IndexKeys { keys, unique, counts_nulls, condition }),
    }
}

/// The index of a UNIQUE constraint over the columns at these positions.
pub fn unique_kind(constraint: &UniqueConstraint, columns: Vec<usize>) -> IndexKind {
    let counts_nulls = matches!(constraint.nulls_distinct, NullsDistinctOption::NotDistinct);
    kind_of(columns.into_iter().map(IndexKey::Column).collect(), true, counts_nulls, None)
}

fn key_of(column: &IndexColumn, collection: &Collection, context: &PlanContext<'_>) -> Result<(IndexKey, String)> {
    if let Expr::Identifier(ident) = &column.column.expr {
        let (position, known) = known_column(ident, collection, context)?;
        check_ordered(known)?;
        return Ok((IndexKey::Column(position), known.name.clone()));
    }
    let expr = unnested(&column.column.expr);
    if let Expr::Identifier(ident) = expr {
        let (position, known) = known_column(ident, collection, context)?;
        check_ordered(known)?;
        return Ok((IndexKey::Column(position), known.name.clone()));
    }
    let stored = stored(expr, Stored::Key, collection, context)?;
    check_ordered(&Column::new("expr", stored.ty.clone()))?;
    let name = match column_name(expr) {
        name if name == "?column?" => "expr".to_string(),
        name => name,
    };
    Ok((IndexKey::Expression(stored), name))
}

/// What an expression of an index is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    Key,
    Predicate,
}

fn stored(expr: &Expr, what: Stored, collection: &Collection, context: &PlanContext<'_>) -> Result<StoredExpression> {
    let (name, used) = match what {
        Stored::Key => ("index expression", StoredUse::Value),
        Stored::Predicate => ("index predicate", StoredUse::Condition("WHERE")),
    };
    if collection.kind != CollectionKind::Table {
        return Err(Error::unsupported(
            format!("an {name} over a default collection is not offered"),
            "An ordered index serves one fact: CREATE INDEX ON memory ((metadata->>'key')).",
        ));
    }
    check_of_one_row(expr, name, "Use the columns of the row, constants and immutable functions.")?;
    let KeptExpression { expr, columns, is_immutable } = kept(unnested(expr), (name, None), collection, context)?;
    let compiled = compile_expression(&expr, used, collection, context)?;
    if !compiled.is_immutable || !is_immutable {
        let message = format!("functions in {name} must be marked IMMUTABLE");
        return Err(Error::new(ErrorKind::InvalidObjectDefinition, message));
    }
    let positions = columns.iter().filter_map(|column| collection.column(column));
    let columns: Vec<ColumnId> =
        positions.filter_map(|position| collection.columns.get(position)).map(|column| column.id).collect();
    Ok(StoredExpression { text: expr.to_string(), columns, ty: compiled.ty })
}
