//! Correlated subqueries of any form, computed once for each combination of the outer values that they name.
//!
//! This is the dependent join of Neumann and Kemper, "Unnesting Arbitrary Queries" (BTW 2015). The *domain* of a subquery
//! holds the distinct values of the outer columns that it names. Walking down, each node learns to compute its rows for all
//! values of the domain at once and to carry these along as further columns: what does not name an outer column is crossed
//! with the domain, aggregates group by it, windows are partitioned by it, LIMIT counts within it, joins of two sides that
//! depend on it compare it. What is left at the top names no outer column; `mark_joins` joins it with the outer query where
//! the values are the same, NULL included.
//!
//! `dependent_nodes` holds the nodes that choose rows by their number or come from several inputs; `domain` finds the values.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, TableReference};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::count::count_all_window;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr, ExprFunctionExt, Join, LogicalPlan, LogicalPlanBuilder, Operator, Projection,
    SubqueryAlias, lit,
};

use crate::error::Error;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::walks::TreeWalks;
use crate::sql::planner::subqueries::dependent_recursion::Recursion;
use crate::sql::planner::subqueries::domain::Domain;
use crate::sql::planner::subqueries::reached::is_fallible;

/// A subquery for all values of the outer columns that it names.
pub struct Independent {
    pub plan: LogicalPlan,
    /// Values of the outer query, and the columns of `plan` that hold them.
    pub pairs: Vec<(Expr, Column)>,
}

/// The subquery without references to columns of `outer`, its own columns first.
///
/// # Errors
/// 0A000 for a subquery, or an outer query, that cannot be computed so.
pub fn independent(subquery: &LogicalPlan, outer: &LogicalPlan, names: &mut usize) -> Result<Independent> {
    independent_where(subquery, outer, Vec::new(), names)
}

/// The same, computed for the rows of `outer` that meet the conditions only: for others it has no rows, and does not fail.
///
/// # Errors
/// As [`independent`].
pub fn independent_where(
    subquery: &LogicalPlan,
    outer: &LogicalPlan,
    reached: Vec<Expr>,
    names: &mut usize,
) -> Result<Independent> {
    let mut columns: Vec<Column> = Vec::new();
    for reference in subquery.all_out_ref_exprs() {
        if let Expr::OuterReferenceColumn(_, column) = reference
            && outer.schema().has_column(&column)
            && !columns.contains(&column)
        {
            columns.push(column);
        }
    }
    let is_bounded = !reached.is_empty();
    if columns.is_empty() && !is_bounded {
        return Ok(Independent { plan: subquery.clone(), pairs: Vec::new() });
    }
    let domain = Domain::of(columns, outer, reached)?;
    let mut unnesting = Unnesting { domain, is_bounded, recursions: Vec::new(), names };
    let width = subquery.schema().fields().len();
    let plan = unnesting.shaped(subquery.clone())?;
    let values = plan.schema().columns().into_iter().skip(width);
    let pairs = unnesting.domain.outer.into_iter().zip(values).collect();
    Ok(Independent { plan, pairs })
}

/// The subquery with how many rows there are for each value of the domain, cut to one of them.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn counted(subquery: Independent) -> Result<(Independent, Column)> {
    let Independent { plan, pairs } = subquery;
    let by: Vec<Expr> = pairs.iter().map(|(_, value)| Expr::Column(value.clone())).collect();
    let (rows, number) = (Column::new_unqualified("$rows"), Column::new_unqualified("$number"));
    let windows = vec![
        count_all_window().partition_by(by.clone()).build()?.alias(&rows.name),
        row_number().partition_by(by).build()?.alias(&number.name),
    ];
    let plan = LogicalPlanBuilder::from(plan).window(windows)?.filter(Expr::Column(number).eq(lit(1_u64)))?.build()?;
    Ok((Independent { plan, pairs }, rows))
}

/// 0A000 for what cannot be joined with its outer query.
pub fn not_offered(message: &str) -> DataFusionError {
    to_datafusion(Error::unsupported(message, "Write it as a join, or as a subquery in FROM."))
}

pub fn correlated() -> DataFusionError {
    not_offered("this subquery refers to the outer query in a way that is not offered")
}

/// Equal, or NULL both.
pub fn same(left: Expr, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), Operator::IsNotDistinctFrom, Box::new(right)))
}

/// A plan that yields the rows of a node for each value of the domain.
pub struct Unnested {
    pub plan: LogicalPlan,
    /// The columns that hold the value, in the domain's order.
    pub values: Vec<Column>,
    /// The column that numbers the rows of each value, where they are ordered.
    pub order: Option<Column>,
}

impl Unnested {
    pub fn value_exprs(&self) -> impl Iterator<Item = Expr> + '_ {
        self.values.iter().cloned().map(Expr::Column)
    }

    /// Where the values of two plans are the same.
    pub fn same_values(&self, other: &Unnested) -> Vec<Expr> {
        self.value_exprs().zip(other.value_exprs()).map(|(left, right)| same(left, right)).collect()
    }
}

/// One walk down a subquery. Its methods lie by kind of node in the files of this folder: each node holds others, of any kind.
pub struct Unnesting<'a> {
    pub domain: Domain,
    /// Whether what can fail must see no more than the values of the domain.
    pub is_bounded: bool,
    /// The recursive queries around.
    pub recursions: Vec<Recursion>,
    /// Counts the names given.
    pub names: &'a mut usize,
}

impl Unnesting<'_> {
    pub fn fresh(&mut self) -> usize {
        *self.names += 1;
        *self.names
    }

    /// Whether a plan is computed for each value of the domain: where it names columns of it, or may fail for others.
    pub fn is_dependent(&self, plan: &LogicalPlan) -> bool {
        let is_named = plan.all_out_ref_exprs().iter().any(|reference| self.place(reference).is_some());
        is_named || self.reads_recursion(plan) || (self.is_bounded && is_fallible(plan))
    }

    fn place(&self, reference: &Expr) -> Option<usize> {
        match reference {
            Expr::OuterReferenceColumn(_, column) => self.domain.columns.iter().position(|other| other == column),
            _ => None,
        }
    }

    /// The expression with the values of the domain in place of outer columns.
    ///
    /// # Errors
    /// None but a defect of the planner's walk.
    pub fn replaced(&self, expr: Expr, values: &[Column]) -> Result<Expr> {
        let replaced = expr.map_up(|part| {
            Ok(match self.place(&part).and_then(|place| values.get(place)) {
                Some(value) => Transformed::yes(Expr::Column(value.clone())),
                None => Transformed::no(part),
            })
        })?;
        Ok(replaced.data)
    }

    /// [`Unnesting::replaced`] for expressions that give columns their names.
    ///
    /// # Errors
    /// As [`Unnesting::replaced`].
    pub fn renamed(&self, exprs: Vec<Expr>, values: &[Column]) -> Result<Vec<Expr>> {
        let names = NamePreserver::new_for_projection();
        let renamed = exprs.into_iter().map(|expr| {
            let name = names.save(&expr);
            Ok(name.restore(self.replaced(expr, values)?))
        });
        renamed.collect()
    }

    /// The domain itself, under names of its own.
    ///
    /// # Errors
    /// As [`Domain::instance`].
    pub fn values(&mut self) -> Result<Unnested> {
        let number = self.fresh();
        let (plan, values) = self.domain.instance(number)?;
        Ok(Unnested { plan, values, order: None })
    }

    /// A plan that does not depend on the domain, for each of its values.
    ///
    /// # Errors
    /// None but a defect of the rewrite: a node that the planner cannot build.
    pub fn crossed(&mut self, plan: LogicalPlan) -> Result<Unnested> {
        let values = self.values()?;
        if matches!(&plan, LogicalPlan::EmptyRelation(nothing) if nothing.produce_one_row) {
            return Ok(values);
        }
        let plan = LogicalPlanBuilder::from(plan).cross_join(values.plan)?.build()?;
        Ok(Unnested { plan, ..values })
    }

    /// The plan's own columns in their order, then the values.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn shaped(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let columns = plan.schema().columns();
        let unnested = self.unnested(plan)?;
        let columns = columns.into_iter().chain(unnested.values).map(Expr::Column).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(unnested.plan))?))
    }

    /// The rows of a plan for each value of the domain.
    ///
    /// # Errors
    /// 0A000 for a node that cannot be computed so: grouping sets, an aggregate of outer columns alone, a sort with a limit of
    /// its own, and what is none of the nodes known here.
    pub fn unnested(&mut self, plan: LogicalPlan) -> Result<Unnested> {
        if !self.is_dependent(&plan) && !is_ordered(&plan) {
            return self.crossed(plan);
        }
        match plan {
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => {
                let input = self.unnested(Arc::unwrap_or_clone(filter.input))?;
                let predicate = self.replaced(filter.predicate, &input.values)?;
                let plan = LogicalPlanBuilder::from(input.plan).filter(predicate)?.build()?;
                Ok(Unnested { plan, ..input })
            }
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Window(window) => self.window(window),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Distinct(distinct) => self.distinct(distinct),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Values(values) => self.rows(values),
            LogicalPlan::RecursiveQuery(query) => self.recursive(query),
            LogicalPlan::TableScan(scan) => self.last_round(&scan),
            LogicalPlan::Unnest(unnest) => {
                let input = self.unnested(Arc::unwrap_or_clone(unnest.input))?;
                let plan = LogicalPlanBuilder::from(input.plan)
                    .unnest_columns_with_options(unnest.exec_columns, unnest.options)?
                    .build()?;
                Ok(Unnested { plan, order: None, ..input })
            }
            // What names none of the relations beside it.
            LogicalPlan::Subquery(subquery) => self.unnested(Arc::unwrap_or_clone(subquery.subquery)),
            _ => Err(correlated()),
        }
    }

    fn projection(&mut self, projection: Projection) -> Result<Unnested> {
        let input = self.unnested(Arc::unwrap_or_clone(projection.input))?;
        let mut exprs = self.renamed(projection.expr, &input.values)?;
        exprs.extend(input.value_exprs().chain(input.order.clone().map(Expr::Column)));
        let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input.plan))?);
        Ok(Unnested { plan, values: input.values, order: input.order })
    }

    fn alias(&mut self, alias: SubqueryAlias) -> Result<Unnested> {
        let columns = alias.input.schema().columns();
        let input = self.unnested(Arc::unwrap_or_clone(alias.input))?;
        let carried = input.values.iter().chain(&input.order).cloned();
        let columns = columns.into_iter().chain(carried).map(Expr::Column).collect();
        let plan = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(input.plan))?);
        let called = |column: Column| Column::new(Some(alias.alias.clone()), column.name);
        Ok(Unnested {
            values: input.values.into_iter().map(called).collect(),
            order: input.order.map(called),
            plan: LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(plan), alias.alias.clone())?),
        })
    }

    fn aggregate(&mut self, aggregate: Aggregate) -> Result<Unnested> {
        let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
        if group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
            return Err(not_offered("grouping sets in a subquery that refers to the outer query are not offered"));
        }
        if aggr_expr.iter().any(is_outer_aggregate) {
            return Err(not_offered("an aggregate of the outer query's columns alone is not offered in a subquery"));
        }
        let mut input = self.unnested(Arc::unwrap_or_clone(input))?;
        let mut groups = self.renamed(group_expr, &input.values)?;
        let mut aggregates = self.renamed(aggr_expr, &input.values)?;
        if groups.is_empty() {
            let (with_empty, is_row) = self.with_empty(input)?;
            input = with_empty;
            let filtered = aggregates.into_iter().map(|expr| of_rows(expr, &is_row));
            aggregates = filtered.collect::<Result<_>>()?;
        }
        groups.extend(input.value_exprs());
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input.plan), groups, aggregates)?);
        Ok(Unnested { plan, values: input.values, order: None })
    }

    /// The rows, and one that is none for each value of the domain, so that aggregates of no rows find their values too.
    /// The column tells rows from what is none.
    fn with_empty(&mut self, rows: Unnested) -> Result<(Unnested, Expr)> {
        let is_row = Column::new_unqualified(format!("$row{}", self.fresh()));
        let mut columns: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        columns.push(lit(true).alias(&is_row.name));
        let all = self.values()?;
        let same = all.same_values(&rows);
        let rows = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(rows.plan))?);
        let plan = LogicalPlanBuilder::from(all.plan).join_on(rows, JoinType::Left, same)?.build()?;
        Ok((Unnested { plan, values: all.values, order: None }, Expr::Column(is_row)))
    }

    fn join(&mut self, join: Join) -> Result<Unnested> {
        let (left, right) = (self.is_dependent(&join.left), self.is_dependent(&join.right));
        let (left, right) = match join.join_type {
            JoinType::Inner => (left || !right, right),
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (true, right),
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (left, true),
            JoinType::Full => (true, true),
        };
        let of_left = self.side(join.left, left, join.join_type == JoinType::RightMark)?;
        let of_right = self.side(join.right, right, join.join_type == JoinType::LeftMark)?;
        let mut conditions = match (left, right) {
            (true, true) => of_left.same_values(&of_right),
            _ => Vec::new(),
        };
        let shows_right =
            matches!(join.join_type, JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark);
        let is_of_left = left && !shows_right;
        let values = if is_of_left { of_left.values.clone() } else { of_right.values.clone() };
        let mut on = Vec::with_capacity(join.on.len());
        for (one, other) in join.on {
            on.push((self.replaced(one, &values)?, self.replaced(other, &values)?));
        }
        if let Some(filter) = join.filter {
            conditions.push(self.replaced(filter, &values)?);
        }
        let other_values = of_right.values;
        let plan = LogicalPlan::Join(Join::try_new(
            Arc::new(of_left.plan),
            Arc::new(of_right.plan),
            on,
            conjunction(conditions),
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?);
        match join.join_type {
            JoinType::Full => self.either(plan, values, other_values),
            _ => Ok(Unnested { plan, values, order: None }),
        }
    }

    fn side(&mut self, plan: Arc<LogicalPlan>, is_unnested: bool, is_marked: bool) -> Result<Unnested> {
        let plan = Arc::unwrap_or_clone(plan);
        if !is_unnested {
            return Ok(Unnested { plan, values: Vec::new(), order: None });
        }
        let columns = plan.schema().columns();
        let unnested = self.unnested(plan)?;
        match columns.first().and_then(|column| column.relation.clone()) {
            Some(relation) if is_marked => called(unnested, columns, &relation),
            _ => Ok(unnested),
        }
    }
}

/// Some columns of a plan and the values, all of one relation: a mark is called after the relation of all columns that it
/// stands for.
fn called(unnested: Unnested, columns: Vec<Column>, relation: &TableReference) -> Result<Unnested> {
    let mut exprs: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
    let mut values = Vec::with_capacity(unnested.values.len());
    for value in unnested.values {
        values.push(Column::new(Some(relation.clone()), value.name.clone()));
        exprs.push(Expr::Column(value.clone()).alias_qualified(Some(relation.clone()), value.name));
    }
    let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(unnested.plan))?);
    Ok(Unnested { plan, values, order: None })
}

/// Whether an aggregate reads outer columns only: in PostgreSQL it is one of the outer query then.
fn is_outer_aggregate(expr: &Expr) -> bool {
    let is_outer = |part: &Expr| match part {
        Expr::AggregateFunction(function) => {
            let params = &function.params;
            let read = || params.args.iter().chain(params.filter.as_deref());
            read().any(Expr::contains_outer) && read().all(|expr| expr.column_refs().is_empty())
        }
        _ => false,
    };
    expr.any_part(|part| Ok(is_outer(part))).unwrap_or(true)
}

/// The aggregate of the rows for which `is_row` is true.
fn of_rows(expr: Expr, is_row: &Expr) -> Result<Expr> {
    let names = NamePreserver::new_for_projection();
    let name = names.save(&expr);
    let filtered = expr.map_up(|part| match part {
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            let filter = match params.filter.take() {
                Some(filter) => is_row.clone().and(*filter),
                None => is_row.clone(),
            };
            params.filter = Some(Box::new(filter));
            Ok(Transformed::yes(Expr::AggregateFunction(AggregateFunction { func, params })))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(name.restore(filtered.data))
}

/// Whether the rows of a plan come in an order that somebody above may look at.
fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(sort) => sort.fetch.is_none(),
        LogicalPlan::Projection(projection) => is_ordered(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_ordered(&alias.input),
        LogicalPlan::Filter(filter) => is_ordered(&filter.input),
        _ => false,
    }
}
