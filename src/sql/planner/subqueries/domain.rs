//! The domain of a dependent join: the distinct values of the outer columns that a subquery names.
//!
//! Values that are equal and look different (0 and -0, `1 mon` and `30 days`, JSON's 1 and 1.0) are several, since a subquery may
//! show them: what tells them apart is carried along as one more value.
//!
//! It is read from a copy of the outer query. A value too many costs time, one too few makes answers wrong, so the copy
//! leaves out what only drops rows and may drop others the second time (LIMIT), or what does not concern the columns (marks
//! and outer joins, sorts, other columns), and an outer query that is volatile is refused.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, LogicalPlanBuilder, Projection, lit};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::representation;
use crate::sql::planner::semantics::float_keys::has_key;
use crate::sql::planner::subqueries::dependent_join::not_offered;
use crate::sql::planner::subqueries::planner_joins::has_subquery;

pub struct Domain {
    /// The outer columns.
    pub columns: Vec<Column>,
    /// What the values are in the outer query: its columns, and what tells equal values of them apart.
    pub outer: Vec<Expr>,
    /// Their values, under their places as names.
    source: LogicalPlan,
}

impl Domain {
    /// The domain of columns of `outer`, of the rows that meet the conditions.
    ///
    /// # Errors
    /// 0A000 where the values would be others when they are computed again.
    pub fn of(columns: Vec<Column>, outer: &LogicalPlan, reached: Vec<Expr>) -> Result<Domain> {
        let mut wanted: Vec<Expr> = columns.iter().cloned().map(Expr::Column).collect();
        let shown = wanted.iter().filter(|column| has_key(column, outer.schema())).cloned().map(representation);
        wanted.extend(shown.collect::<Vec<_>>());
        let values = wanted.clone();
        if wanted.is_empty() {
            // One value where any row is reached.
            wanted.push(lit(true));
        }
        let Source { plan, exprs, conditions } = Source { plan: outer, exprs: wanted, conditions: reached }.deepest();
        if is_unsteady(plan) || exprs.iter().chain(&conditions).any(Expr::is_volatile) {
            return Err(not_offered(
                "a subquery that refers to columns of a volatile or limited query is not offered in this form",
            ));
        }
        let mut source = LogicalPlanBuilder::from(plan.clone());
        if let Some(condition) = conjunction(conditions) {
            source = source.filter(condition)?;
        }
        let named = exprs.into_iter().enumerate().map(|(place, expr)| expr.alias(format!("${place}")));
        let source = source.project(named.collect::<Vec<_>>())?.distinct()?.build()?;
        Ok(Domain { columns, outer: values, source })
    }

    /// The values under names that no other instance has.
    ///
    /// # Errors
    /// None but a defect of the rewrite: a node that the planner cannot build.
    pub fn instance(&self, number: usize) -> Result<(LogicalPlan, Vec<Column>)> {
        let relation = TableReference::bare(format!("$domain{number}"));
        let (mut exprs, mut values) = (Vec::new(), Vec::new());
        for (place, column) in self.source.schema().columns().into_iter().enumerate() {
            let name = format!("${number}_{place}");
            exprs.push(Expr::Column(column).alias_qualified(Some(relation.clone()), name.clone()));
            values.push(Column::new(Some(relation.clone()), name));
        }
        let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(self.source.clone()))?);
        Ok((plan, values))
    }
}

/// Where the values come from: expressions over the rows of a plan that meet the conditions.
struct Source<'a> {
    plan: &'a LogicalPlan,
    exprs: Vec<Expr>,
    conditions: Vec<Expr>,
}

impl<'a> Source<'a> {
    /// The same values, or more, from as deep as they can be read.
    fn deepest(mut self) -> Source<'a> {
        loop {
            self = match self.deeper() {
                Ok(deeper) => deeper,
                Err(deepest) => return deepest,
            };
        }
    }

    fn deeper(self) -> std::result::Result<Source<'a>, Source<'a>> {
        match self.plan {
            LogicalPlan::Projection(projection) => {
                self.through(&projection.input, &projection.schema, &projection.expr)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let columns: Vec<Expr> = alias.input.schema().columns().into_iter().map(Expr::Column).collect();
                self.through(&alias.input, &alias.schema, &columns)
            }
            LogicalPlan::Sort(sort) => Ok(self.over(&sort.input)),
            LogicalPlan::Limit(limit) => Ok(self.over(&limit.input)),
            LogicalPlan::Distinct(Distinct::All(input)) => Ok(self.over(input)),
            LogicalPlan::Window(window) if self.reads_only(window.input.schema()) => Ok(self.over(&window.input)),
            LogicalPlan::Aggregate(aggregate) if !aggregate.group_expr.is_empty() => {
                let groups = &aggregate.group_expr;
                let is_plain = !groups.iter().any(|group| matches!(group, Expr::GroupingSet(_)));
                if is_plain { self.through(&aggregate.input, &aggregate.schema, groups) } else { Err(self) }
            }
            LogicalPlan::Filter(filter) => {
                let conditions = split_conjunction(&filter.predicate).into_iter().filter(|part| is_kept(part)).cloned();
                let conditions: Vec<Expr> = self.conditions.iter().cloned().chain(conditions).collect();
                Ok(Source { plan: &filter.input, exprs: self.exprs, conditions })
            }
            LogicalPlan::Join(join) => {
                let of_left = self.reads_only(join.left.schema());
                let of_right = self.reads_only(join.right.schema());
                let is_unsteady = || is_unsteady(self.plan);
                match join.join_type {
                    JoinType::Left | JoinType::LeftMark if of_left => Ok(self.over(&join.left)),
                    JoinType::Right | JoinType::RightMark if of_right => Ok(self.over(&join.right)),
                    JoinType::Inner | JoinType::LeftSemi | JoinType::LeftAnti if of_left && is_unsteady() => {
                        Ok(self.over(&join.left))
                    }
                    JoinType::Inner if of_right && is_unsteady() => Ok(self.over(&join.right)),
                    _ => Err(self),
                }
            }
            _ => Err(self),
        }
    }

    fn over(self, input: &'a LogicalPlan) -> Source<'a> {
        Source { plan: input, ..self }
    }

    fn reads_only(&self, schema: &DFSchema) -> bool {
        let columns = self.exprs.iter().chain(&self.conditions).flat_map(Expr::column_refs);
        columns.into_iter().all(|column| schema.has_column(column))
    }

    /// The same with what a node computes in place of its columns.
    fn through(
        self,
        input: &'a LogicalPlan,
        schema: &DFSchema,
        computed: &[Expr],
    ) -> std::result::Result<Source<'a>, Source<'a>> {
        let places = |expr: &Expr| substituted(expr, schema, computed);
        let exprs = self.exprs.iter().map(places).collect::<Option<Vec<Expr>>>();
        let conditions = self.conditions.iter().map(places).collect::<Option<Vec<Expr>>>();
        match (exprs, conditions) {
            (Some(exprs), Some(conditions)) => Ok(Source { plan: input, exprs, conditions }),
            _ => Err(self),
        }
    }
}

/// The expression in terms of a node's input; `None` where that would compute something again that it must not.
fn substituted(expr: &Expr, schema: &DFSchema, computed: &[Expr]) -> Option<Expr> {
    let mut is_known = true;
    let replaced = expr.clone().map_up(|part| {
        let Expr::Column(column) = &part else { return Ok(Transformed::no(part)) };
        let value = schema.maybe_index_of_column(column).and_then(|place| computed.get(place));
        Ok(match value {
            Some(value) if !value.is_volatile() && !has_subquery(value) => {
                Transformed::new(value.clone().unalias(), true, TreeNodeRecursion::Jump)
            }
            _ => {
                is_known = false;
                Transformed::no(part)
            }
        })
    });
    replaced.ok().filter(|_| is_known).map(|replaced| replaced.data)
}

/// Whether a condition is computed for the domain again: none of marks, none that needs joins or further outer columns.
fn is_kept(condition: &Expr) -> bool {
    let is_own =
        |column: &&Column| column.relation.as_ref().is_some_and(|relation| relation.table().starts_with("$mark"));
    let is_simple = !has_subquery(condition) && !condition.contains_outer() && !condition.is_volatile();
    is_simple && !condition.column_refs().iter().any(is_own)
}

/// Whether a plan yields the same rows whenever it runs.
pub fn is_steady(plan: &LogicalPlan) -> bool {
    !is_unsteady(plan)
}

/// Whether a plan may yield other rows when it runs again.
fn is_unsteady(plan: &LogicalPlan) -> bool {
    let found = plan.each_with_subqueries(|node| {
        let is_limit = matches!(node, LogicalPlan::Limit(_));
        let is_unsteady = is_limit || node.expressions().iter().any(Expr::is_volatile);
        Ok(if is_unsteady { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    !matches!(found, Ok(TreeNodeRecursion::Continue))
}
