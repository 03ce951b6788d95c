//! Columns that depend on a primary key by which a query groups: PostgreSQL lets them stand outside of aggregates.
//!
//! All rows of a group are one row of such a table, or none beside an outer join, so that its other columns may be grouped by,
//! too, and nothing changes. The planner asks for just that.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, OrderByExpr, Select, Visit, Visitor};

use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::jsonb::{is_aggregate, ordinal, value};
use crate::sql::analyze::scope::{self, FoundColumn, Scope};
use crate::sql::parse::names::folded;
use crate::sql::parse::visit::visit;
use crate::sql::relational::collection_table::StatementTable;
use crate::types::ColumnType;

impl Analyzer<'_> {
    /// Groups by the columns, too, that depend on those that a query groups by. Its clauses were walked already; `types` are those of
    /// the items of GROUP BY.
    pub fn group_by_dependent(
        &self,
        select: &mut Select,
        order: Option<&[OrderByExpr]>,
        types: &mut Vec<Option<ColumnType>>,
    ) {
        let GroupByExpr::Expressions(list, modifiers) = &select.group_by else { return };
        if list.is_empty() || !modifiers.is_empty() {
            return;
        }
        let written = |list: &[Expr]| -> BTreeSet<(String, String)> {
            let outputs = list.iter().map(|item| match ordinal(item).and_then(|place| select.projection.get(place)) {
                Some(output) => value(output).unwrap_or(item),
                None => item,
            });
            outputs.filter_map(|item| self.own_column(item)).collect()
        };
        // A key has to be in each of several sets.
        let grouped = match list.as_slice() {
            [Expr::GroupingSets(sets)] => {
                sets.iter().map(|set| written(set)).reduce(|all, set| &all & &set).unwrap_or_default()
            }
            list => written(list),
        };
        let keyed: Vec<&str> = self.keyed_relations(&grouped);
        if keyed.is_empty() {
            return;
        }
        let mut search = Dependent { analyzer: self, keyed, grouped, found: Vec::new(), aggregates: 0 };
        for item in &select.projection {
            search.look(item);
        }
        select.having.iter().for_each(|condition| search.look(condition));
        order.unwrap_or_default().iter().for_each(|item| search.look(&item.expr));
        let found = search.found;
        if let GroupByExpr::Expressions(list, _) = &mut select.group_by {
            for (column, ty) in found {
                match list.as_mut_slice() {
                    [Expr::GroupingSets(sets)] => sets.iter_mut().for_each(|set| set.push(column.clone())),
                    _ => {
                        list.push(column);
                        types.push(ty);
                    }
                }
            }
        }
    }

    /// The relations of this query whose whole primary keys are grouped by.
    fn keyed_relations(&self, grouped: &BTreeSet<(String, String)>) -> Vec<&str> {
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let is_keyed = |relation: &&scope::Relation| {
            let table = relation.table.as_ref().and_then(|key| self.tables.get(key));
            let Some(StatementTable::Collection(table)) = table else { return false };
            let key = &table.collection.primary_key;
            // An alias may have renamed them: what stands in their place counts.
            let name = |position: &usize| relation.columns.get(*position).map(|column| column.name.clone());
            let is_grouped =
                |position| name(position).is_some_and(|column| grouped.contains(&(relation.name.clone(), column)));
            !key.is_empty() && key.iter().all(is_grouped)
        };
        scope.relations.iter().filter(is_keyed).map(|relation| relation.name.as_str()).collect()
    }

    /// The relation and the name of a column of this query's own FROM.
    fn own_column(&self, expr: &Expr) -> Option<(String, String)> {
        let found = found(&self.scopes, expr)?;
        (found.depth + 1 == self.scopes.len()).then_some((found.relation, found.column.name))
    }
}

/// The column that a name means, where it means one.
fn found(scopes: &[Scope], expr: &Expr) -> Option<FoundColumn> {
    match expr {
        Expr::Nested(inner) => found(scopes, inner),
        Expr::Identifier(name) => scope::resolve(scopes, None, &folded(name)).ok().flatten(),
        Expr::CompoundIdentifier(parts) => scope::resolve_qualified(scopes, parts).ok().flatten(),
        _ => None,
    }
    .filter(|column| column.merged.is_none())
}

/// Whether an expression is an aggregate of a group, and not over a window.
fn is_of_groups(expr: &Expr) -> bool {
    is_aggregate(expr) && matches!(expr, Expr::Function(function) if function.over.is_none())
}

/// Looks for columns of keyed relations outside of aggregates. One too many does no harm.
struct Dependent<'a, 'c> {
    analyzer: &'a Analyzer<'c>,
    keyed: Vec<&'a str>,
    grouped: BTreeSet<(String, String)>,
    found: Vec<(Expr, Option<ColumnType>)>,
    /// How many aggregates the walk is inside of.
    aggregates: usize,
}

impl Dependent<'_, '_> {
    fn look(&mut self, part: &impl Visit) {
        let walked = visit(part, self);
        debug_assert!(walked.is_continue());
    }
}

impl Visitor for Dependent<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.aggregates += usize::from(is_of_groups(expr));
        if self.aggregates > 0 || !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            return ControlFlow::Continue(());
        }
        if let Some(column) = found(&self.analyzer.scopes, expr)
            && column.depth + 1 == self.analyzer.scopes.len()
            && self.keyed.contains(&column.relation.as_str())
            && !self.grouped.contains(&(column.relation.clone(), column.column.name.clone()))
            && !self.found.iter().any(|(known, _)| known == expr)
        {
            self.found.push((expr.clone(), column.column.ty));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.aggregates = self.aggregates.saturating_sub(usize::from(is_of_groups(expr)));
        ControlFlow::Continue(())
    }
}
