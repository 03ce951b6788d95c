//! Aggregates of an outer query inside its subqueries: `SELECT (SELECT max(u.m) FROM u WHERE u.k < sum(t.k)) FROM t`.
//!
//! An aggregate belongs to the innermost query of which it reads a column. The walk notes those that belong to a query
//! around theirs, and the outer columns beside them. The planner looks for the aggregates of a query outside of its
//! subqueries only, so such a query is written as two, and walked again: the inner one groups and aggregates, the outer one
//! selects from its rows, whose columns stand for aggregates and grouped expressions wherever these stood.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, OrderByExpr, Query, Select, SelectItem, SetExpr, Spanned, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::{Analyzer, is_ordinal};
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::jsonb::ordinal;
use crate::sql::analyze::scope;
use crate::sql::analyze::scope::{FoundColumn, column_of};
use crate::sql::parse::names;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::{has_expression, visit_mut};
use crate::sql::relational::engine;

/// The relation that the outer one of the two queries reads.
const GROUPS: &str = "$groups";

/// What the queries inside of one use of it.
#[derive(Clone, Debug, Default)]
pub struct InnerUses {
    /// Where its aggregates stand in them.
    pub aggregates: Vec<Location>,
    /// Where its columns stand in them: relation and name.
    columns: Vec<(Location, (String, String))>,
}

impl InnerUses {
    /// Where the queries inside of a query name its columns.
    pub fn columns(&self) -> impl Iterator<Item = &Location> {
        self.columns.iter().map(|(location, _)| location)
    }
}

/// The level of what an aggregate reads, as far as it was walked.
#[derive(Clone, Copy, Debug)]
pub struct AggregateLevel {
    /// The query that it stands in, by its place among the scopes.
    own: usize,
    innermost: Option<usize>,
}

/// A select with its order, as they were before the walk.
pub type Original = (Select, Option<Vec<OrderByExpr>>);

/// The select as it is, where subqueries in it may hold aggregates of it.
pub fn original(select: &Select, order: Option<&Vec<OrderByExpr>>) -> Option<Original> {
    let is_subquery = |expr: &Expr| match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
        Expr::Function(function) => names::last_part(&function.name).is_some_and(|name| name.starts_with("$rows_of")),
        _ => false,
    };
    let has_subquery = select.projection.iter().any(|item| has_expression(item, is_subquery))
        || select.having.iter().any(|condition| has_expression(condition, is_subquery))
        || order.into_iter().flatten().any(|item| has_expression(item, is_subquery));
    has_subquery.then(|| (select.clone(), order.cloned()))
}

impl Analyzer<'_> {
    /// Begins an aggregate, whose columns [`Analyzer::note_column`] sees.
    pub fn begin_aggregate(&mut self) {
        let own = self.scopes.len().saturating_sub(1);
        self.levels.push(AggregateLevel { own, innermost: None });
    }

    /// Ends the aggregate, and notes it in the query that it belongs to where that is one around its own.
    ///
    /// # Errors
    /// 42803 where an aggregate of that query is around it.
    pub fn end_aggregate(&mut self, location: Location) -> Result<()> {
        let Some(AggregateLevel { own, innermost: Some(level) }) = self.levels.pop() else { return Ok(()) };
        if level < own && self.levels.iter().any(|around| around.own == level) {
            let message = "aggregate function calls cannot be nested";
            return Err(self.at(Error::new(ErrorKind::Grouping, message), location));
        }
        if level < own
            && location.line > 0
            && let Some(scope) = self.scopes.get_mut(level)
        {
            scope.inner.aggregates.push(location);
        }
        Ok(())
    }

    /// Notes where a column was found.
    pub fn note_column(&mut self, found: &FoundColumn, location: Location) {
        for level in &mut self.levels {
            if found.depth <= level.own {
                level.innermost = level.innermost.max(Some(found.depth));
            }
        }
        let is_inner = found.depth.saturating_add(1) < self.scopes.len();
        if is_inner && let Some(scope) = self.scopes.get_mut(found.depth) {
            scope.inner.columns.push((location, (found.relation.clone(), found.column.name.clone())));
        }
    }

    /// Refuses aggregates in a clause that is computed before groups are made.
    ///
    /// # Errors
    /// 42803 where one of its subqueries holds an aggregate of the query.
    pub fn check_no_aggregates(&self, clause: &str) -> Result<()> {
        match self.scopes.last().and_then(|scope| scope.inner.aggregates.first()) {
            Some(location) => {
                let message = format!("aggregate functions are not allowed in {clause}");
                Err(self.at(Error::new(ErrorKind::Grouping, message), *location))
            }
            None => Ok(()),
        }
    }

    /// Takes the aggregates that the innermost scope has so far.
    pub fn take_aggregates(&mut self) -> Vec<Location> {
        self.scopes.last_mut().map(|scope| std::mem::take(&mut scope.inner.aggregates)).unwrap_or_default()
    }

    /// Puts back what [`Analyzer::take_aggregates`] took.
    pub fn restore_aggregates(&mut self, aggregates: Vec<Location>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.inner.aggregates = aggregates;
        }
    }

    /// The select of the innermost scope as one of groups that another query makes.
    ///
    /// # Errors
    /// 0A000 for `*` in its list.
    pub fn of_groups(&self, (mut select, mut order): Original) -> Result<Original> {
        let inner = self.scopes.last().map(|scope| scope.inner.clone()).unwrap_or_default();
        for item in &mut select.projection {
            let name = match item {
                SelectItem::UnnamedExpr(expr) => names::column_name(expr),
                SelectItem::ExprWithAlias { .. } => continue,
                _ => {
                    let message = "* beside an aggregate in a subquery is not offered";
                    return Err(Error::unsupported(message, "Name the columns."));
                }
            };
            if let SelectItem::UnnamedExpr(expr) = item.clone() {
                *item = SelectItem::ExprWithAlias { expr, alias: exact(name) };
            }
        }
        let mut groups = Groups { analyzer: self, inner, depth: 0, items: Vec::new() };
        groups.group(&mut select);
        let outputs: Vec<String> = select.projection.iter().filter_map(output_name).collect();
        for item in &mut select.projection {
            groups.replace(item);
        }
        let mut condition = select.having.take();
        groups.replace_all(condition.iter_mut());
        for item in order.iter_mut().flatten() {
            let is_output = match &item.expr {
                Expr::Identifier(ident) => outputs.contains(&folded(ident)),
                other => is_ordinal(other),
            };
            if !is_output {
                groups.replace(&mut item.expr);
            }
        }
        if let Some(Distinct::On(list)) = &mut select.distinct {
            groups.replace_all(list.iter_mut().filter(|expr| !is_ordinal(expr)));
        }
        for window in &mut select.named_window {
            groups.replace(window);
        }
        let rows = groups.query(&mut select)?;
        let alias = Some(table_alias(GROUPS));
        let relation = TableFactor::Derived { lateral: false, subquery: Box::new(rows), alias, sample: None };
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        select.selection = condition;
        Ok((select, order))
    }

    /// HAVING of a query that neither groups nor aggregates: its one group is a row, whatever it reads. Whether it stands in the
    /// place of WHERE now.
    pub fn one_group(&self, select: &mut Select) -> bool {
        let is_of_rows = |expr: &Expr| match expr {
            Expr::Function(function) => {
                let name = names::last_part(&function.name);
                function.over.is_none() && name.is_some_and(|name| engine::is_aggregate(&name))
            }
            other => self.meaning(other).is_some(),
        };
        let is_plain = matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
        if !is_plain
            || select.having.as_ref().is_none_or(|having| has_expression(having, is_of_rows))
            || select.projection.iter().any(|item| has_expression(item, is_of_rows))
        {
            return false;
        }
        select.from.clear();
        select.selection = select.having.take();
        true
    }

    fn meaning(&self, expr: &Expr) -> Option<(String, String)> {
        let found = match expr {
            Expr::Nested(inner) => return self.meaning(inner),
            Expr::Identifier(ident) => scope::resolve(&self.scopes, None, &folded(ident)),
            Expr::CompoundIdentifier(parts) => scope::resolve_qualified(&self.scopes, parts),
            _ => return None,
        };
        let found = found.ok().flatten()?;
        if let Some(merged) = &found.merged {
            return self.meaning(merged);
        }
        let is_own = found.depth.saturating_add(1) == self.scopes.len();
        is_own.then_some((found.relation, found.column.name))
    }
}

fn output_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        _ => None,
    }
}

/// A column of the inner query.
struct Item {
    expr: Expr,
    /// The column of FROM that it is.
    column: Option<(String, String)>,
}

/// Puts columns of the inner query in the place of what it computes.
struct Groups<'a, 'b> {
    analyzer: &'a Analyzer<'b>,
    inner: InnerUses,
    /// Subqueries around the expression.
    depth: usize,
    items: Vec<Item>,
}

impl Groups<'_, '_> {
    /// The grouped expressions, written out.
    fn group(&mut self, select: &mut Select) {
        let outputs = select.projection.clone();
        let GroupByExpr::Expressions(list, _) = &mut select.group_by else { return };
        for expr in list {
            match expr {
                Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                    sets.iter_mut().flatten().for_each(|expr| self.grouped(expr, &outputs));
                }
                expr => self.grouped(expr, &outputs),
            }
        }
    }

    fn grouped(&mut self, expr: &mut Expr, outputs: &[SelectItem]) {
        let output = match &*expr {
            Expr::Identifier(ident) if self.analyzer.meaning(expr).is_none() => {
                outputs.iter().find(|item| output_name(item) == Some(folded(ident)))
            }
            other => ordinal(other).and_then(|position| outputs.get(position)),
        };
        if let Some(SelectItem::ExprWithAlias { expr: meant, .. }) = output {
            *expr = meant.clone();
        }
        self.item(expr.clone());
    }

    /// The column that stands for an expression.
    fn item(&mut self, expr: Expr) -> Expr {
        let column = self.analyzer.meaning(&expr);
        self.item_of(expr, column)
    }

    fn item_of(&mut self, expr: Expr, column: Option<(String, String)>) -> Expr {
        let known =
            self.items.iter().position(|item| if column.is_some() { item.column == column } else { item.expr == expr });
        let place = known.unwrap_or_else(|| {
            self.items.push(Item { expr, column });
            self.items.len() - 1
        });
        column_of(GROUPS, &format!("${place}"))
    }

    fn replace(&mut self, node: &mut impl VisitMut) {
        let walked = visit_mut(node, self);
        debug_assert!(walked.is_continue());
    }

    fn replace_all<'e>(&mut self, exprs: impl Iterator<Item = &'e mut Expr>) {
        exprs.for_each(|expr| self.replace(expr));
    }

    fn is_own_aggregate(&self, function: &Function) -> bool {
        let Some(name) = names::last_part(&function.name) else { return false };
        let is_aggregate = function.over.is_none() && (engine::is_aggregate(&name) || name == "grouping");
        let location = function.name.span().start;
        is_aggregate && (self.depth == 0 || self.inner.aggregates.contains(&location))
    }

    /// The query that groups, of what `select` read.
    fn query(self, select: &mut Select) -> Result<Query> {
        let mut query = select_of(Vec::new())?;
        if let SetExpr::Select(groups) = query.body.as_mut() {
            groups.from = std::mem::take(&mut select.from);
            groups.selection = select.selection.take();
            let none = GroupByExpr::Expressions(Vec::new(), Vec::new());
            groups.group_by = std::mem::replace(&mut select.group_by, none);
            let items = self.items.into_iter().enumerate();
            let items = items
                .map(|(place, item)| SelectItem::ExprWithAlias { expr: item.expr, alias: exact(format!("${place}")) });
            groups.projection = items.collect();
        }
        Ok(query)
    }
}

impl VisitorMut for Groups<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth = self.depth.saturating_add(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let replaced = match &*expr {
            Expr::Function(function) if self.is_own_aggregate(function) => Some(self.item(expr.clone())),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) if self.depth > 0 => {
                let location = expr.span().start;
                let used = self.inner.columns.iter().find(|(place, _)| *place == location && location.line > 0);
                used.map(|(_, column)| column.clone()).map(|column| self.item_of(expr.clone(), Some(column)))
            }
            Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|part| part.value == GROUPS) => None,
            Expr::Value(_) => None,
            other if self.depth == 0 => {
                let column = self.analyzer.meaning(other);
                let is_grouped = self.items.iter().any(|item| item.expr == *other);
                (column.is_some() || is_grouped).then(|| self.item_of(other.clone(), column))
            }
            _ => None,
        };
        if let Some(replaced) = replaced {
            *expr = replaced;
        }
        ControlFlow::Continue(())
    }
}
