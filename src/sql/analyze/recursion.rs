//! WITH RECURSIVE: where a query may name itself, by PostgreSQL's rules (`parse_cte.c`).
//!
//! What they refuse has no meaning that a fixed point gives, and mostly no end: each round of a limited, sorted or
//! aggregated term makes new rows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, ObjectName, Query, Select, SetExpr, SetOperator,
    SetQuantifier, TableFactor, TableWithJoins, Visit, Visitor,
};

use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::{Analyzer, renamed};
use crate::sql::analyze::from::name_rest;
use crate::sql::analyze::numbers::cast_branch;
use crate::sql::analyze::scope::WithQuery;
use crate::sql::analyze::search_cycle::with_hidden_depth;
use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::visit::visit;
use crate::sql::rewrite::expressions::has_aggregate;
use crate::types::ColumnType;

impl Analyzer<'_> {
    /// Walks a query of WITH, which can be named from then on; the first `visible` ones that can be are of queries around.
    /// Without that number, the planner has it under a name of its own.
    ///
    /// # Errors
    /// As [`check_recursion`], [`Analyzer::clauses_of`], [`Analyzer::write_out_clauses`] and [`Analyzer::query`].
    /// `recursive` says so of its own WITH, and of the one that the planner finds it in.
    pub fn with_query(
        &mut self,
        cte: &mut Cte,
        (recursive, is_planned_so): (bool, bool),
        visible: Option<usize>,
    ) -> Result<()> {
        let name = folded(&cte.alias.name);
        let mut around_it = self.ctes.iter().take(visible.unwrap_or_default());
        let is_inner = visible.is_none() || around_it.any(|outer| outer.name == name);
        let planner_name = self.views.query_name(&name, is_inner);
        let is_union = matches!(cte.query.body.as_ref(), SetExpr::SetOperation { .. });
        let is_recursive = recursive && check_recursion(cte)?;
        let clauses = self.clauses_of(cte, is_recursive)?;
        if is_planned_so && !is_recursive && is_union {
            shield(cte);
        }
        let around = self.ctes.len();
        let what = format!("WITH query \"{name}\"");
        let renames: Vec<String> = cte.alias.columns.iter().map(|column| folded(&column.name)).collect();
        if recursive && let Some(columns) = self.first_columns(cte, &renames, &what)? {
            let columns = match &clauses {
                None => columns,
                Some(clauses) => {
                    self.write_out_clauses(cte, clauses, &columns)?;
                    self.first_columns(cte, &renames, &what)?.unwrap_or_default()
                }
            };
            self.ctes.push(WithQuery { name: name.clone(), planner_name: planner_name.clone(), columns });
        }
        let columns = self.query(&mut cte.query, false)?;
        if let (true, SetExpr::SetOperation { left, right, .. }) = (is_recursive, cte.query.body.as_mut()) {
            // The planner wants the elements of both to be told alike.
            let is_array = |ty: &ColumnType| matches!(ty, ColumnType::Array(_));
            let casts: Vec<_> = columns.iter().map(|column| column.ty.clone().filter(is_array)).collect();
            cast_branch(left, &columns, &casts)?;
            cast_branch(right, &columns, &casts)?;
        }
        cte.alias.name = exact(planner_name.clone());
        self.with_names.push(planner_name.clone());
        let columns = with_hidden_depth(renamed(columns, &renames, &what)?);
        name_rest(&mut cte.alias, &columns);
        self.ctes.truncate(around);
        self.ctes.push(WithQuery { name, planner_name, columns });
        Ok(())
    }

    /// Walks the queries of a WITH within one of WITH RECURSIVE that names itself, which stand beside it for the planner: it does not
    /// look at a WITH there. They can be named until that one is walked.
    ///
    /// # Errors
    /// As [`Analyzer::with_query`].
    pub fn queries_within(&mut self, cte: &mut Cte, recursive: bool) -> Result<Vec<Cte>> {
        if !recursive || cte.query.with.is_none() || !check_recursion(cte)? {
            return Ok(Vec::new());
        }
        let Some(mut with) = cte.query.with.take() else { return Ok(Vec::new()) };
        if with.recursive {
            in_order_of_use(&mut with.cte_tables).map_err(|(error, place)| self.at(error, place))?;
        }
        for inner in &mut with.cte_tables {
            self.with_query(inner, (with.recursive, true), None)?;
        }
        Ok(with.cte_tables)
    }
}

/// Refuses a query of WITH RECURSIVE that names itself where it may not; whether it names itself.
///
/// # Errors
/// 42P19 for the place, 0A000 for a clause that PostgreSQL does not offer in such a query.
fn check_recursion(cte: &Cte) -> Result<bool> {
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
fn shield(cte: &mut Cte) {
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

/// Brings the queries of a WITH RECURSIVE into an order in which each reads only those before it, and itself (PostgreSQL's
/// `TopologicalSort`).
///
/// # Errors
/// 0A000 for queries that read one another, with the place of the first.
pub fn in_order_of_use(ctes: &mut [Cte]) -> std::result::Result<(), (Error, Location)> {
    let known: Vec<String> = ctes.iter().map(|cte| folded(&cte.alias.name)).collect();
    let reads = |cte: &Cte| {
        let own = folded(&cte.alias.name);
        known.iter().filter(|name| **name != own && names(cte.query.as_ref(), name)).cloned().collect::<Vec<_>>()
    };
    let mut waits: Vec<Vec<String>> = ctes.iter().map(reads).collect();
    for place in 0..ctes.len() {
        let free = waits.iter().skip(place).position(Vec::is_empty);
        let Some(free) = free else {
            let message = "mutual recursion between WITH items is not implemented";
            let error =
                Error::unsupported(message, "Write them as one query, with a column that tells their rows apart.");
            let first = ctes.get(place).map_or_else(Location::empty, |cte| cte.alias.name.span.start);
            return Err((error, first));
        };
        ctes.swap(place, place + free);
        waits.swap(place, place + free);
        let settled = ctes.get(place).map(|cte| folded(&cte.alias.name)).unwrap_or_default();
        waits.iter_mut().for_each(|names| names.retain(|name| *name != settled));
    }
    Ok(())
}

/// Whether a part of a query reads a relation of that name which is not one of a WITH within it.
fn names(part: &impl Visit, name: &str) -> bool {
    visit(part, &mut Named { name, hidden: 0 }).is_break()
}

struct Named<'a> {
    name: &'a str,
    /// The queries around that have a query of that name in their own WITH.
    hidden: usize,
}

impl Named<'_> {
    fn is_hidden_in(&self, query: &Query) -> bool {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        ctes.into_iter().any(|cte| folded(&cte.alias.name) == self.name)
    }
}

impl Visitor for Named<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.hidden += usize::from(self.is_hidden_in(query));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.hidden -= usize::from(self.is_hidden_in(query));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let is_found = self.hidden == 0 && is_named(relation, self.name);
        if is_found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Whether a relation is called by that name alone.
pub fn is_named(relation: &ObjectName, name: &str) -> bool {
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
