//! Keys of ordered and inverted indexes that are more than columns, and the condition on the rows that it holds.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CreateIndex, Expr, IndexColumn, NullsDistinctOption, UniqueConstraint,
};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, Column, ColumnId, IndexKey, IndexKeys, IndexKind, StoredExpression};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::index::{check_ordered, known_column};
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::parse::names::{column_name, last_part};
use crate::sql::parse::trees::unnested;
use crate::sql::write::kept_expression::{KeptExpression, kept};
use crate::sql::write::stored_expression::{StoredUse, compile_expression};
use crate::types::{ColumnType, IndexTerms};

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
        let (key, part) = key_of(column, check_ordered, collection, context)?;
        let repeated = name_parts.iter().filter(|name: &&String| name.starts_with(&part)).count();
        name_parts.push(if repeated == 0 || part != "expr" { part } else { format!("{part}{repeated}") });
        keys.push(key);
    }
    let predicate = index.predicate.as_ref();
    let condition = predicate.map(|expr| stored(expr, Stored::Predicate, collection, context)).transpose()?;
    let counts_nulls = index.nulls_distinct == Some(false) && index.unique;
    Ok((kind_of(keys, index.unique, counts_nulls, condition), name_parts))
}

/// The kind of an inverted index (GIN), and what its name is made of.
///
/// # Errors
/// 0A000 for a unique one, one over several columns, with an order or over a default collection, and for types other than `jsonb`
/// and `tsvector` that PostgreSQL has such indexes over; 42704 for other types and operator classes, 22023 for a storage parameter; as
/// [`ordered_keys`].
pub fn inverted_keys(
    index: &CreateIndex,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<(IndexKind, Vec<String>)> {
    let refused = |what: &str, hint: &str| {
        Err(Error::unsupported(format!("access method \"gin\" does not support {what}"), hint))
    };
    if index.unique {
        return refused("unique indexes", "Use an ordered index: leave out USING gin.");
    }
    for option in &index.with {
        let name = match option {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, .. } => column_name(left),
            other => other.to_string(),
        };
        // They tune how PostgreSQL gathers entries before it sorts them in.
        if !matches!(name.as_str(), "fastupdate" | "gin_pending_list_limit") {
            return Err(Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized parameter \"{name}\"")));
        }
    }
    let [column] = index.columns.as_slice() else {
        let hint = "Make an index of each column: the one that finds least is used.";
        return Err(Error::unsupported("a gin index over several columns is not offered", hint));
    };
    let order = &column.column.options;
    let unordered = [(order.asc.is_some(), "ASC/DESC"), (order.nulls_first.is_some(), "NULLS FIRST/LAST")];
    if let Some((_, what)) = unordered.iter().find(|(is_there, _)| *is_there) {
        return refused(&format!("{what} options"), "Leave them out.");
    }
    if collection.kind != CollectionKind::Table {
        return Err(Error::unsupported(
            "a gin index over a default collection is not offered",
            "Its facts are kept in columns, which find them without one; an ordered index serves one fact: CREATE INDEX ON memory \
             ((metadata->>'key')).",
        ));
    }
    let class = column.operator_class.as_ref().map(|class| last_part(class).unwrap_or_default());
    let terms = match class.as_deref() {
        None => None,
        Some("jsonb_ops") => Some(IndexTerms::PathsAndKeys),
        Some("jsonb_path_ops") => Some(IndexTerms::Paths),
        Some("tsvector_ops") => Some(IndexTerms::Lexemes),
        Some("array_ops" | "gin_trgm_ops") => return Err(not_inverted()),
        Some(name) => {
            let message = format!("operator class \"{name}\" does not exist for access method \"gin\"");
            return Err(Error::new(ErrorKind::UndefinedObject, message));
        }
    };
    let (key, part) = key_of(column, check_inverted, collection, context)?;
    let ty = match &key {
        IndexKey::Column(position) => collection.columns.get(*position).map(|column| &column.ty),
        IndexKey::Expression(expression) => Some(&expression.ty),
    };
    let ty = ty.unwrap_or(&ColumnType::Unknown);
    let of_type = IndexTerms::ALL.into_iter().find(|terms| terms.is_default() && terms.ty() == *ty);
    let terms = terms.or(of_type).filter(|terms| terms.ty() == *ty).ok_or_else(|| {
        let class = class.as_deref().unwrap_or_default();
        let message = format!("operator class \"{class}\" does not accept data type {ty}");
        Error::new(ErrorKind::DatatypeMismatch, message)
    })?;
    let predicate = index.predicate.as_ref();
    let condition = predicate.map(|expr| stored(expr, Stored::Predicate, collection, context)).transpose()?;
    let (unique, counts_nulls, terms) = (false, false, Some(terms));
    Ok((IndexKind::Keys(IndexKeys { keys: vec![key], unique, counts_nulls, terms, condition }), vec![part]))
}

/// # Errors
/// 42704, as PostgreSQL, for a type that has no inverted index; 0A000 for one that has none here.
fn check_inverted(column: &Column) -> Result<()> {
    match &column.ty {
        ColumnType::Jsonb | ColumnType::TsVector => Ok(()),
        ColumnType::Array(_) => Err(not_inverted()),
        ty => {
            let message = format!("data type {ty} has no default operator class for access method \"gin\"");
            Err(Error::new(ErrorKind::UndefinedObject, message))
        }
    }
}

fn not_inverted() -> Error {
    Error::unsupported(
        "a gin index over another type than jsonb and tsvector is not offered",
        "Leave the index out: filters read every row.",
    )
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
        _ => IndexKind::Keys(IndexKeys { keys, unique, counts_nulls, terms: None, condition }),
    }
}

/// The index of a UNIQUE constraint over the columns at these positions.
pub fn unique_kind(constraint: &UniqueConstraint, columns: Vec<usize>) -> IndexKind {
    let counts_nulls = matches!(constraint.nulls_distinct, NullsDistinctOption::NotDistinct);
    kind_of(columns.into_iter().map(IndexKey::Column).collect(), true, counts_nulls, None)
}

/// A key of an index, and what the index is named by for it; `check` refuses a type that the index cannot be over.
fn key_of(
    column: &IndexColumn,
    check: fn(&Column) -> Result<()>,
    collection: &Collection,
    context: &PlanContext<'_>,
) -> Result<(IndexKey, String)> {
    let expr = unnested(&column.column.expr);
    if let Expr::Identifier(ident) = expr {
        let (position, known) = known_column(ident, collection, context)?;
        check(known)?;
        return Ok((IndexKey::Column(position), known.name.clone()));
    }
    let stored = stored(expr, Stored::Key, collection, context)?;
    check(&Column::new("expr", stored.ty.clone()))?;
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
