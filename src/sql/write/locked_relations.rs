//! Which tables of a query FOR UPDATE locks, by PostgreSQL's rules (`transformLockingClause`).

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, JoinOperator, Query, Select, SetExpr, TableFactor, TableWithJoins,
};

use crate::db::{BusyRow, LockMode};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::row_locks::{RowLock, clause_name, row_lock};
use crate::sql::parse::visit::has_expression;
use crate::sql::pg_catalog::find_stored;
use crate::sql::rewrite::expressions::has_aggregate;
use crate::sql::write::locking_read::LockedTable;

/// What a relation of FROM is to a lock.
enum Source {
    Table(Arc<Collection>),
    /// A query behind WITH, or a function: passed over unless it is named.
    Passed(&'static str),
    /// What has rows of tables that could be locked, and cannot be here.
    Refused(&'static str),
}

struct Relation {
    name: String,
    source: Source,
    /// On the side of an outer join that may have no row.
    is_nullable: bool,
}

/// The tables that the clauses at the end of a query lock, each with its strongest lock.
///
/// # Errors
/// 0A000 for a query of which the rows are of no table: one with DISTINCT, GROUP BY, HAVING, aggregates, windows or set operations; for
/// the nullable side of an outer join, and for what is no table; 42P01 for a name that FROM does not have.
pub fn locked_relations(query: &Query, context: &PlanContext<'_>) -> Result<Vec<LockedTable>> {
    let locks = query.locks.iter().map(row_lock).collect::<Result<Vec<RowLock>>>()?;
    let Some(first) = locks.first() else { return Ok(Vec::new()) };
    let select = lockable_select(query, first.mode)?;
    let ctes: Vec<String> =
        query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| folded(&cte.alias.name)).collect();
    let mut relations = Vec::new();
    for item in &select.from {
        gather(item, false, &ctes, context, &mut relations)?;
    }
    let mut tables: Vec<LockedTable> = Vec::new();
    for lock in &locks {
        let clause = clause_name(lock.mode);
        for name in &lock.of {
            if !relations.iter().any(|relation| relation.name == *name) {
                let message = format!("relation \"{name}\" in {clause} clause not found in FROM clause");
                return Err(Error::new(ErrorKind::UndefinedTable, message));
            }
        }
        for relation in relations.iter().filter(|relation| lock.of.is_empty() || lock.of.contains(&relation.name)) {
            let collection = match &relation.source {
                Source::Table(collection) => collection,
                Source::Passed(_) if lock.of.is_empty() => continue,
                Source::Passed(what) | Source::Refused(what) => {
                    return Err(refused(format!("{clause} cannot be applied to {what}")));
                }
            };
            if relation.is_nullable {
                return Err(refused(format!("{clause} cannot be applied to the nullable side of an outer join")));
            }
            match tables.iter_mut().find(|known| known.relation == relation.name) {
                Some(known) => {
                    known.mode = known.mode.max(lock.mode);
                    known.busy = stricter(known.busy, lock.busy);
                }
                None => tables.push(LockedTable {
                    collection: Arc::clone(collection),
                    relation: relation.name.clone(),
                    mode: lock.mode,
                    busy: lock.busy,
                }),
            }
        }
    }
    Ok(tables)
}

/// Of two ways to treat a locked row: NOWAIT before SKIP LOCKED before waiting.
fn stricter(one: BusyRow, other: BusyRow) -> BusyRow {
    match (one, other) {
        (BusyRow::Refuse, _) | (_, BusyRow::Refuse) => BusyRow::Refuse,
        (BusyRow::Skip, _) | (_, BusyRow::Skip) => BusyRow::Skip,
        (BusyRow::Wait, BusyRow::Wait) => BusyRow::Wait,
    }
}

/// The SELECT of a query whose rows are rows of its tables.
fn lockable_select(query: &Query, mode: LockMode) -> Result<&Select> {
    let clause = clause_name(mode);
    let not_with = |what: &str| Err(refused(format!("{clause} is not allowed with {what}")));
    let select = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { .. } => return not_with("UNION/INTERSECT/EXCEPT"),
        SetExpr::Values(_) => return Err(refused(format!("{clause} cannot be applied to VALUES"))),
        _ => return Err(refused(format!("{clause} cannot be applied to a query in parentheses"))),
    };
    if select.distinct.is_some() {
        return not_with("DISTINCT clause");
    }
    let is_grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(list, _) => !list.is_empty(),
    };
    if is_grouped {
        return not_with("GROUP BY clause");
    }
    if select.having.is_some() {
        return not_with("HAVING clause");
    }
    if has_aggregate(select) {
        return not_with("aggregate functions");
    }
    let is_window = |expr: &Expr| matches!(expr, Expr::Function(function) if function.over.is_some());
    if has_expression(&select.projection, is_window) {
        return not_with("window functions");
    }
    Ok(select)
}

fn gather(
    item: &TableWithJoins,
    is_nullable: bool,
    ctes: &[String],
    context: &PlanContext<'_>,
    relations: &mut Vec<Relation>,
) -> Result<()> {
    let begins = relations.len();
    factor(&item.relation, is_nullable, ctes, context, relations)?;
    for join in &item.joins {
        let (left, right) = match &join.join_operator {
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => (false, true),
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (true, false),
            JoinOperator::FullOuter(_) => (true, true),
            _ => (false, false),
        };
        if left {
            relations.iter_mut().skip(begins).for_each(|relation| relation.is_nullable = true);
        }
        factor(&join.relation, is_nullable || right, ctes, context, relations)?;
    }
    Ok(())
}

fn factor(
    factor: &TableFactor,
    is_nullable: bool,
    ctes: &[String],
    context: &PlanContext<'_>,
    relations: &mut Vec<Relation>,
) -> Result<()> {
    let alias_of =
        |alias: &Option<datafusion::sql::sqlparser::ast::TableAlias>| alias.as_ref().map(|alias| folded(&alias.name));
    let (name, source) = match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => {
            return gather(table_with_joins, is_nullable, ctes, context, relations);
        }
        TableFactor::Table { name, alias, args: None, .. } => {
            let (schema, table) = relation_name(name)?;
            let found = find_stored(name, context)?;
            let source = match found.as_ref().and_then(|relation| context.view.catalog().collection(relation)) {
                _ if schema.is_none() && ctes.contains(&table) => Source::Passed("a WITH query"),
                Some(collection) if collection.kind == CollectionKind::Auth => Source::Refused("secrets"),
                Some(collection) if collection.materialized.is_some() => {
                    let message = format!("cannot lock rows in materialized view \"{}\"", collection.name);
                    return Err(Error::new(ErrorKind::WrongObjectType, message));
                }
                Some(collection) => Source::Table(Arc::clone(collection)),
                None => Source::Refused("a view or a system catalog"),
            };
            (alias_of(alias).unwrap_or(table), source)
        }
        TableFactor::Table { alias, .. } | TableFactor::Function { alias, .. } | TableFactor::UNNEST { alias, .. } => {
            (alias_of(alias).unwrap_or_default(), Source::Passed("a function"))
        }
        TableFactor::Derived { alias, .. } => {
            (alias_of(alias).unwrap_or_default(), Source::Refused("a subquery of FROM"))
        }
        _ => (String::new(), Source::Refused("what is no table")),
    };
    relations.push(Relation { name, source, is_nullable });
    Ok(())
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}
