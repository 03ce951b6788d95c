//! WITH RECURSIVE: where a query may name itself, by PostgreSQL's rules (`parse_cte.c`).
//!
//! What they refuse has no meaning that a fixed point gives, and mostly no end: each round of a limited, sorted or
//! aggregated term makes new rows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, ObjectName, Query, Select, SetExpr, SetOperator,
    SetQuantifier, TableFactor, TableWithJoins, Visit, Visitor,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::visit::visit;
use crate::sql::rewrite::expressions::has_aggregate;

/// Refuses a query of WITH RECURSIVE that names itself where it may not; whether it names itself.
///
/// # Errors
/// 42P19 for the place, 0A000 for a clause that PostgreSQL does not offer in such a query.
pub fn check_recursion(cte: &Cte) -> Result<bool> {
    let name = folded(&cte.alias.name);
    let query = cte.query.as_ref();
    if !names(query, &name) {
        return Ok(false);
    }
    let SetExpr::SetOperation { left, op: SetOperator::Union, right, .. } = query.body.as_ref() else {
        let message =
            format!("recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term");
        return Err(Error::new(ErrorKind::InvalidRecursion, message));
    };
    check_clauses(query)?;
    let mut term = Term { name: &name, seen: 0 };
    if names(left.as_ref(), &name) {
        return Err(term.misplaced("within its non-recursive term"));
    }
    term.body(right, None)?;
    Ok(true)
}

/// Hides a query that does not name itself from the planner, which takes every union in WITH RECURSIVE for a recursive one
/// and drops what stands behind it.
pub fn shield(cte: &mut Cte) {
    let inner = cte.query.clone();
    let outer = cte.query.as_mut();
    outer.with = None;
    outer.order_by = None;
    outer.limit_clause = None;
    outer.fetch = None;
    outer.locks.clear();
    *outer.body = SetExpr::Query(inner);
}

/// What may not stand behind the whole of a recursive query.
fn check_clauses(query: &Query) -> Result<()> {
    let (limit, offset) = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit.is_some(), offset.is_some()),
        Some(LimitClause::OffsetCommaLimit { .. }) => (true, true),
        None => (false, false),
    };
    let clauses = [
        (query.order_by.is_some(), "ORDER BY"),
        (offset, "OFFSET"),
        (limit || query.fetch.is_some(), "LIMIT"),
        (!query.locks.is_empty(), "FOR UPDATE/SHARE"),
    ];
    match clauses.into_iter().find(|(is_there, _)| *is_there) {
        None => Ok(()),
        Some((_, clause)) => Err(Error::unsupported(
            format!("{clause} in a recursive query is not implemented"),
            "Write it in the query that reads from this one.",
        )),
    }
}

/// Whether a part of a query reads a relation of that name.
fn names(part: &impl Visit, name: &str) -> bool {
    visit(part, &mut Named(name)).is_break()
}

struct Named<'a>(&'a str);

impl Visitor for Named<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if is_named(relation, self.0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn is_named(relation: &ObjectName, name: &str) -> bool {
    relation.0.len() == 1 && last_part(relation).as_deref() == Some(name)
}

/// The recursive term on its walk.
struct Term<'a> {
    name: &'a str,
    /// How often the query was named.
    seen: usize,
}

impl Term<'_> {
    fn misplaced(&self, place: &str) -> Error {
        let message = format!("recursive reference to query \"{}\" must not appear {place}", self.name);
        Error::new(ErrorKind::InvalidRecursion, message)
    }

    /// `forbidden` is why the query may not be named there.
    fn body(&mut self, body: &SetExpr, forbidden: Option<&str>) -> Result<()> {
        match body {
            SetExpr::Select(select) => self.select(select, forbidden),
            SetExpr::Query(query) => self.query(query, forbidden),
            SetExpr::SetOperation { left, op, right, set_quantifier } => {
                let is_all = *set_quantifier == SetQuantifier::All;
                let (of_left, of_right) = match op {
                    SetOperator::Intersect if is_all => (Some("within INTERSECT"), Some("within INTERSECT")),
                    SetOperator::Union | SetOperator::Intersect => (forbidden, forbidden),
                    SetOperator::Except | SetOperator::Minus => {
                        (if is_all { Some("within EXCEPT") } else { forbidden }, Some("within EXCEPT"))
                    }
                };
                self.body(left, of_left)?;
                self.body(right, of_right)
            }
            other => self.not_within(other, "within a subquery"),
        }
    }

    fn query(&mut self, query: &Query, forbidden: Option<&str>) -> Result<()> {
        if let Some(with) = &query.with {
            self.not_within(with, "within a subquery")?;
        }
        if !query.locks.is_empty() && names(query, self.name) {
            return check_clauses(&Query { order_by: None, limit_clause: None, fetch: None, ..query.clone() });
        }
        self.body(&query.body, forbidden)
    }

    fn select(&mut self, select: &Select, forbidden: Option<&str>) -> Result<()> {
        let before = self.seen;
        for item in &select.from {
            self.joined(item, forbidden)?;
        }
        self.not_within(&select.projection, "within a subquery")?;
        self.not_within(&select.selection, "within a subquery")?;
        self.not_within(&select.having, "within a subquery")?;
        if let GroupByExpr::Expressions(list, _) = &select.group_by {
            self.not_within(list, "within a subquery")?;
        }
        if self.seen > before && aggregates(select) {
            let message = "aggregate functions are not allowed in a recursive query's recursive term";
            return Err(Error::new(ErrorKind::InvalidRecursion, message));
        }
        Ok(())
    }

    fn joined(&mut self, item: &TableWithJoins, forbidden: Option<&str>) -> Result<()> {
        const OUTER: Option<&str> = Some("within an outer join");
        let is_outer_left = |operator: &JoinOperator| {
            matches!(operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_))
        };
        let first = if item.joins.iter().any(|join| is_outer_left(&join.join_operator)) { OUTER } else { forbidden };
        self.factor(&item.relation, first)?;
        for (position, join) in item.joins.iter().enumerate() {
            let is_outer = matches!(
                join.join_operator,
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_) | JoinOperator::FullOuter(_)
            );
            let mut later = item.joins.iter().skip(position.saturating_add(1));
            let is_outer = is_outer || later.any(|join| is_outer_left(&join.join_operator));
            self.factor(&join.relation, if is_outer { OUTER } else { forbidden })?;
            if let Some(condition) = condition(&join.join_operator) {
                self.not_within(condition, "within a subquery")?;
            }
        }
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, forbidden: Option<&str>) -> Result<()> {
        match factor {
            TableFactor::Table { name, args: None, .. } if is_named(name, self.name) => {
                if let Some(place) = forbidden {
                    return Err(self.misplaced(place));
                }
                self.seen = self.seen.saturating_add(1);
                if self.seen > 1 { Err(self.misplaced("more than once")) } else { Ok(()) }
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery, forbidden),
            TableFactor::NestedJoin { table_with_joins, .. } => self.joined(table_with_joins, forbidden),
            other => self.not_within(other, "within a subquery"),
        }
    }

    fn not_within(&self, part: &impl Visit, place: &str) -> Result<()> {
        if names(part, self.name) { Err(self.misplaced(place)) } else { Ok(()) }
    }
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(condition))
        | JoinOperator::Inner(JoinConstraint::On(condition))
        | JoinOperator::Left(JoinConstraint::On(condition))
        | JoinOperator::LeftOuter(JoinConstraint::On(condition))
        | JoinOperator::Right(JoinConstraint::On(condition))
        | JoinOperator::RightOuter(JoinConstraint::On(condition))
        | JoinOperator::FullOuter(JoinConstraint::On(condition)) => Some(condition),
        _ => None,
    }
}

/// Whether a SELECT calls an aggregate of its own; grouping alone does not count.
fn aggregates(select: &Select) -> bool {
    let ungrouped = Select { group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()), ..select.clone() };
    has_aggregate(&ungrouped)
}
