//! IN, ANY, ALL and EXISTS over subqueries, with SQL's three truth values, wherever an expression may stand.
//!
//! The planner turns `WHERE x IN (SELECT …)` and `WHERE EXISTS (…)` into semi joins, which is right and fast: a row that is
//! not found and one of which that is unknown are both left out. Of `WHERE column NOT IN (SELECT …)` it makes an anti join
//! that minds NULL. Everywhere else (other forms of NOT IN, under OR and NOT, in the select list, in CASE, SET, HAVING and
//! ON) false and unknown differ, and the planner's own form knows two values only. There a subquery becomes a mark join: a
//! column that says whether some row of it makes the comparison true. What makes it unknown is looked up once for a
//! subquery of its own (whether it is empty, whether it holds a NULL), and by a second mark join for one that refers to the
//! outer query.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue, Spans, TableReference};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Filter, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, not, when,
};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use crate::error::Error;
use crate::sql::attempt::attempt;
use crate::sql::errors::to_datafusion;

/// What [`Marks::contents`] says of a subquery without rows, and of one with a NULL among its values.
const IS_EMPTY: i64 = 0;
const HAS_VALUES_ONLY: i64 = 1;
const HAS_NULL: i64 = 2;

/// The plan with mark joins for the subqueries that the planner would give two truth values, or no place.
///
/// # Errors
/// 0A000 for a subquery that refers to the outer query in a way that no join can express.
pub fn with_mark_joins(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut names = 0;
    plan.transform_up_with_subqueries(|plan| rewritten(plan, &mut names)).map(|transformed| transformed.data)
}

fn rewritten(plan: LogicalPlan, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(filter) => filtered(filter, names),
        LogicalPlan::Join(join) if join.filter.as_ref().is_some_and(has_membership) => joined(join, names),
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_)
            if plan.expressions().iter().any(has_membership) =>
        {
            computed(plan, names)
        }
        other => Ok(Transformed::no(other)),
    }
}

fn has_membership(expr: &Expr) -> bool {
    let found = expr.exists(|part| Ok(matches!(part, Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_))));
    found.unwrap_or(true)
}

/// WHERE and HAVING: conditions that the planner joins by itself stay, the others get marks.
fn filtered(filter: Filter, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    if !has_membership(&filter.predicate) {
        return Ok(Transformed::no(LogicalPlan::Filter(filter)));
    }
    let shown = filter.input.schema().columns();
    let mut marks = Marks { plan: Arc::unwrap_or_clone(filter.input), names };
    let mut conditions = Vec::new();
    for condition in split_conjunction_owned(filter.predicate) {
        let condition = membership_of(condition);
        conditions.push(if is_semi_join(&condition) { condition } else { marks.resolved(condition)? });
    }
    let width = marks.plan.schema().fields().len();
    let mut plan = LogicalPlanBuilder::from(marks.plan);
    if let Some(condition) = conjunction(conditions) {
        plan = plan.filter(condition)?;
    }
    if width != shown.len() {
        plan = plan.project(shown.into_iter().map(Expr::Column))?;
    }
    plan.build().map(Transformed::yes)
}

/// `x = ANY (SELECT …)` as the IN that it is, `x <> ALL (SELECT …)` as NOT IN.
fn membership_of(condition: Expr) -> Expr {
    match condition {
        Expr::SetComparison(SetComparison { expr, subquery, op: Operator::NotEq, quantifier: SetQuantifier::All }) => {
            Expr::InSubquery(InSubquery { expr, subquery, negated: true })
        }
        Expr::SetComparison(SetComparison { expr, subquery, op: Operator::Eq, quantifier: SetQuantifier::Any }) => {
            Expr::InSubquery(InSubquery { expr, subquery, negated: false })
        }
        other => other,
    }
}

/// Whether a condition of WHERE only wants to know what is true, of a subquery that may yield any number of rows.
fn is_semi_join(condition: &Expr) -> bool {
    match condition {
        Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => {
            !has_membership(expr) && !yields_one_row(&subquery.subquery)
        }
        // The planner's anti join minds NULL where one column is looked up in a subquery of its own.
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) => {
            matches!(expr.as_ref(), Expr::Column(_))
                && subquery.outer_ref_columns.is_empty()
                && !yields_one_row(&subquery.subquery)
        }
        Expr::Exists(Exists { subquery, .. }) => !yields_one_row(&subquery.subquery),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::InSubquery(InSubquery { expr, subquery, negated: true }) => {
                !has_membership(expr) && !yields_one_row(&subquery.subquery)
            }
            Expr::Exists(_) => is_semi_join(inner),
            _ => false,
        },
        _ => false,
    }
}

/// Select lists, groups, sorts and windows: the marks are joined to the input, and left out of the result.
fn computed(plan: LogicalPlan, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let shown = plan.schema().columns();
    let adds_input = matches!(plan, LogicalPlan::Sort(_) | LogicalPlan::Window(_));
    let Some(input) = plan.inputs().first().map(|input| (*input).clone()) else { return Ok(Transformed::no(plan)) };
    let mut marks = Marks { plan: input, names };
    let preserver = NamePreserver::new(&plan);
    let is_sort = matches!(plan, LogicalPlan::Sort(_));
    let mut expressions = Vec::new();
    for expr in plan.expressions() {
        let name = preserver.save(&expr);
        let resolved = marks.resolved(expr)?;
        expressions.push(if is_sort { resolved } else { name.restore(resolved) });
    }
    let plan = plan.with_new_exprs(expressions, vec![marks.plan])?;
    if !adds_input {
        return Ok(Transformed::yes(plan));
    }
    LogicalPlanBuilder::from(plan).project(shown.into_iter().map(Expr::Column))?.build().map(Transformed::yes)
}

/// ON: of an inner join a condition on subqueries is a filter above it, of others the side that it speaks of gets the marks.
fn joined(join: Join, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let shown = join.schema.columns();
    let Some(filter) = join.filter.clone() else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
    let (with_subquery, mut conditions): (Vec<Expr>, Vec<Expr>) =
        split_conjunction_owned(filter).into_iter().partition(has_membership);
    if join.join_type == JoinType::Inner {
        let plan = LogicalPlan::Join(Join { filter: conjunction(conditions), ..join });
        let condition = conjunction(with_subquery).unwrap_or_else(|| lit(true));
        return filtered(Filter::try_new(condition, Arc::new(plan))?, names).map(|done| Transformed::yes(done.data));
    }
    let (mut left, mut right) = (Arc::unwrap_or_clone(join.left), Arc::unwrap_or_clone(join.right));
    for condition in with_subquery {
        let of_side =
            |side: &LogicalPlan| outer_columns(&condition).iter().all(|column| side.schema().has_column(column));
        let side = if of_side(&right) {
            &mut right
        } else if of_side(&left) {
            &mut left
        } else {
            return Err(not_offered("a subquery that compares both sides of an outer join is not offered"));
        };
        let mut marks = Marks { plan: side.clone(), names: &mut *names };
        conditions.push(marks.resolved(condition)?);
        *side = marks.plan;
    }
    let plan = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        join.on,
        conjunction(conditions),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    let plan = LogicalPlanBuilder::from(LogicalPlan::Join(plan)).project(shown.into_iter().map(Expr::Column))?;
    plan.build().map(Transformed::yes)
}

/// The columns of the query around that a condition and its subqueries name.
fn outer_columns(condition: &Expr) -> Vec<Column> {
    let mut columns: Vec<Column> = condition.column_refs().into_iter().cloned().collect();
    let walked = condition.apply(|part| {
        let subquery = match part {
            Expr::InSubquery(part) => &part.subquery,
            Expr::Exists(part) => &part.subquery,
            Expr::SetComparison(part) => &part.subquery,
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        columns.extend(subquery.outer_ref_columns.iter().filter_map(|outer| match outer {
            Expr::OuterReferenceColumn(_, column) => Some(column.clone()),
            _ => None,
        }));
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok());
    columns
}

/// A plan that grows a column for each question asked of a subquery.
struct Marks<'a> {
    plan: LogicalPlan,
    names: &'a mut usize,
}

/// A subquery as the right side of a join: what it yields, and what ties it to the outer query.
struct Inner {
    plan: LogicalPlan,
    /// Its first column.
    value: Expr,
    correlation: Option<Expr>,
}

impl Marks<'_> {
    /// The expression with columns in place of its subqueries.
    fn resolved(&mut self, expr: Expr) -> Result<Expr> {
        let resolved = expr.transform_up(|part| match part {
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let found = self.contains(*expr, &subquery)?;
                Ok(Transformed::yes(if negated { not(found) } else { found }))
            }
            Expr::Exists(Exists { subquery, negated }) => {
                let found = self.exists(&subquery)?;
                Ok(Transformed::yes(if negated { not(found) } else { found }))
            }
            Expr::SetComparison(comparison) => self.compared(comparison).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(resolved.data)
    }

    fn exists(&mut self, subquery: &Subquery) -> Result<Expr> {
        if yields_one_row(&subquery.subquery) {
            return Ok(lit(true));
        }
        let mut inner = self.inner(subquery, true)?;
        if inner.correlation.is_none() {
            inner.plan = LogicalPlanBuilder::from(inner.plan).limit(0, Some(1))?.build()?;
        }
        self.mark(inner.plan, inner.correlation.unwrap_or_else(|| lit(true)))
    }

    /// `value IN (subquery)`.
    fn contains(&mut self, value: Expr, subquery: &Subquery) -> Result<Expr> {
        if yields_one_row(&subquery.subquery) {
            return Ok(value.eq(Expr::ScalarSubquery(subquery.clone())));
        }
        let is_found = self.any(&value, Operator::Eq, subquery, |equal| equal)?;
        if !subquery.outer_ref_columns.is_empty() {
            let is_unknown = self.any(&value, Operator::Eq, subquery, Expr::is_null)?;
            return decided(is_found, true, value, is_unknown);
        }
        let contents = contents(subquery)?;
        when(is_found, lit(true))
            .when(contents.clone().eq(lit(IS_EMPTY)), lit(false))
            .when(value.is_null(), unknown())
            .when(contents.eq(lit(HAS_NULL)), unknown())
            .otherwise(lit(false))
    }

    /// `value op ANY (subquery)` and `value op ALL (subquery)`.
    fn compared(&mut self, comparison: SetComparison) -> Result<Expr> {
        let SetComparison { expr, subquery, op, quantifier } = comparison;
        match (op, quantifier) {
            (Operator::Eq, SetQuantifier::Any) => return self.contains(*expr, &subquery),
            (Operator::NotEq, SetQuantifier::All) => return self.contains(*expr, &subquery).map(not),
            _ if yields_one_row(&subquery.subquery) => {
                return Ok(Expr::BinaryExpr(BinaryExpr::new(expr, op, Box::new(Expr::ScalarSubquery(subquery)))));
            }
            _ => {}
        }
        let (decides, decision): (fn(Expr) -> Expr, bool) = match quantifier {
            SetQuantifier::Any => (|holds| holds, true),
            SetQuantifier::All => (not, false),
        };
        let is_decided = self.any(&expr, op, &subquery, decides)?;
        let is_unknown = self.any(&expr, op, &subquery, Expr::is_null)?;
        decided(is_decided, decision, *expr, is_unknown)
    }

    /// Whether some row of the subquery makes `wanted(value op row)` true.
    fn any(
        &mut self,
        value: &Expr,
        op: Operator,
        subquery: &Subquery,
        wanted: impl FnOnce(Expr) -> Expr,
    ) -> Result<Expr> {
        let inner = self.inner(subquery, false)?;
        // Joins compare all rows, also those that a CASE around keeps from `value`: its errors are left to that.
        let comparison = BinaryExpr::new(Box::new(attempt(value.clone())), op, Box::new(inner.value));
        let condition = wanted(Expr::BinaryExpr(comparison));
        self.mark(inner.plan, inner.correlation.into_iter().fold(condition, Expr::and))
    }

    /// The subquery without references to the outer query, its columns under names of their own.
    fn inner(&mut self, subquery: &Subquery, is_exists: bool) -> Result<Inner> {
        let mut pulled = PullUpCorrelatedExpr::new().with_exists_sub_query(is_exists);
        let plan = subquery.subquery.as_ref().clone().rewrite(&mut pulled)?.data;
        let is_offered = pulled.can_pull_up && !pulled.pulled_up_scalar_agg && plan.all_out_ref_exprs().is_empty();
        if !is_offered {
            return Err(correlated());
        }
        *self.names += 1;
        let relation = TableReference::bare(format!("$mark{}", self.names));
        let name = |position: usize| Column::new(Some(relation.clone()), format!("c{position}"));
        let columns = plan.schema().columns();
        let renamed = columns.iter().enumerate().map(|(position, column)| {
            Expr::Column(column.clone()).alias_qualified(Some(relation.clone()), name(position).name)
        });
        let renamed: Vec<Expr> = renamed.collect();
        let inner: Vec<Column> = pulled.correlated_subquery_cols_map.values().flatten().cloned().collect();
        let correlation = conjunction(pulled.join_filters).map(|filter| {
            filter.transform(|part| match part {
                Expr::Column(column) if inner.contains(&column) => {
                    let exact = columns.iter().position(|other| *other == column);
                    let position = exact.or_else(|| columns.iter().position(|other| other.name == column.name));
                    position.map(|position| Transformed::yes(Expr::Column(name(position)))).ok_or_else(correlated)
                }
                other => Ok(Transformed::no(other)),
            })
        });
        let correlation = correlation.transpose()?.map(|transformed| transformed.data);
        let plan = LogicalPlanBuilder::from(plan).project(renamed)?.build()?;
        Ok(Inner { plan, value: Expr::Column(name(0)), correlation })
    }

    /// Joins the mark; its column.
    fn mark(&mut self, right: LogicalPlan, condition: Expr) -> Result<Expr> {
        let schema = merge_schema(&[&self.plan, &right]);
        if !condition.column_refs().into_iter().all(|column| schema.has_column(column)) {
            return Err(correlated());
        }
        let left = std::mem::take(&mut self.plan);
        let plan = LogicalPlanBuilder::from(left).join_on(right, JoinType::LeftMark, Some(condition))?.build()?;
        let (relation, field) = plan.schema().qualified_field(plan.schema().fields().len() - 1);
        let mark = Column::new(relation.cloned(), field.name());
        self.plan = plan;
        Ok(Expr::Column(mark))
    }
}

/// Whether a subquery that does not look at the outer query is empty, holds a NULL, or neither: computed once.
fn contents(subquery: &Subquery) -> Result<Expr> {
    let plan = subquery.subquery.as_ref().clone();
    let value = Expr::Column(Column::from(plan.schema().qualified_field(0)));
    let (rows, values) = (count(lit(1_i64)).alias("rows"), count(value).alias("values"));
    let column = |name: &str| Expr::Column(Column::from_name(name));
    let contents = when(column("rows").eq(lit(0_i64)), lit(IS_EMPTY))
        .when(column("rows").gt(column("values")), lit(HAS_NULL))
        .otherwise(lit(HAS_VALUES_ONLY))?;
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(Vec::<Expr>::new(), vec![rows, values])?
        .project(vec![contents.alias("contents")])?
        .build()?;
    Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns: Vec::new(), spans: Spans::new() }))
}

/// The truth of a comparison with a correlated subquery. `value` is asked again, so that its error is reported, but only
/// where the expression is evaluated.
fn decided(is_decided: Expr, decision: bool, value: Expr, is_unknown: Expr) -> Result<Expr> {
    when(is_decided, lit(decision))
        .when(value.is_null().and(is_unknown.clone()), unknown())
        .when(is_unknown, unknown())
        .otherwise(lit(!decision))
}

fn unknown() -> Expr {
    Expr::Literal(ScalarValue::Boolean(None), None)
}

/// Whether a query aggregates without groups: it yields one row whatever there is to read.
fn yields_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => yields_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => yields_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}

fn correlated() -> DataFusionError {
    not_offered("this subquery refers to the outer query in a way that is not offered")
}

fn not_offered(message: &str) -> DataFusionError {
    to_datafusion(Error::unsupported(message, "Write it as a join, or as a subquery in FROM."))
}
