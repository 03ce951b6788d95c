//! Columns that stand for subqueries: marks, and the values of scalar ones, joined to the plan whose rows ask for them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, ScalarValue, Spans, TableReference};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Case, Exists, InSubquery, ScalarFunction, SetComparison, SetQuantifier};
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_binary_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, not, when};

use crate::sql::arrow::walks::TreeWalks;
use crate::sql::functions::one_row;
use crate::sql::planner::semantics::attempt::attempt;
use crate::sql::planner::subqueries::dependent_join::{
    Independent, correlated, counted, independent, independent_where, same,
};
use crate::sql::planner::subqueries::domain::is_steady;
use crate::sql::planner::subqueries::planner_joins::{
    Pulled, has_subquery, is_correlated, is_scalar_join, pulled_up, yields_one_row,
};
use crate::sql::planner::subqueries::reached::{Reached, has_guarded, is_fallible, is_fallible_scalar};

/// What [`SubqueryMarks::contents`] says of a subquery without rows, and of one with a NULL among its values.
const IS_EMPTY: i64 = 0;
const HAS_VALUES_ONLY: i64 = 1;
const HAS_NULL: i64 = 2;

/// The expression whose subqueries say which outer columns they name now that those in them are joins.
///
/// # Errors
/// None but a defect of the planner's walk.
pub fn correlations_named(expr: Expr) -> Result<Transformed<Expr>> {
    expr.map_up(|part| match part {
        Expr::ScalarSubquery(subquery) => {
            let outer_ref_columns = subquery.subquery.all_out_ref_exprs();
            let is_changed = outer_ref_columns != subquery.outer_ref_columns;
            let part = Expr::ScalarSubquery(Subquery { outer_ref_columns, ..subquery });
            Ok(if is_changed { Transformed::yes(part) } else { Transformed::no(part) })
        }
        other => Ok(Transformed::no(other)),
    })
}

/// A plan that grows a column for each question asked of a subquery.
pub struct SubqueryMarks<'a> {
    pub plan: LogicalPlan,
    /// What it grew from, whose columns are those that subqueries name.
    outer: LogicalPlan,
    /// The planner joins scalar subqueries of some forms where the expression stands.
    keeps_scalars: bool,
    /// The rows that reach what is being resolved.
    reached: Reached,
    names: &'a mut usize,
}

/// A subquery as the right side of a join: what it yields, and what ties it to the outer query.
struct Inner {
    plan: LogicalPlan,
    /// Its first column.
    value: Expr,
    correlation: Option<Expr>,
}

impl SubqueryMarks<'_> {
    pub fn new(plan: LogicalPlan, keeps_scalars: bool, names: &mut usize) -> SubqueryMarks<'_> {
        SubqueryMarks { outer: plan.clone(), plan, keeps_scalars, reached: Reached::default(), names }
    }

    /// The expression with columns in place of its subqueries.
    ///
    /// # Errors
    /// 0A000 for a subquery that refers to the outer query in a way that no join can express.
    pub fn resolved(&mut self, expr: Expr) -> Result<Expr> {
        let keeps_scalars = self.keeps_scalars;
        // What guards a subquery is asked of the rows before it is computed: there it has to be a column.
        self.keeps_scalars &= !has_guarded(&expr);
        let resolved = self.parted(expr);
        self.keeps_scalars = keeps_scalars;
        resolved
    }

    fn parted(&mut self, expr: Expr) -> Result<Expr> {
        if !has_subquery(&expr) {
            return Ok(expr);
        }
        match expr {
            Expr::Case(case) => self.case(case),
            Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => self.decided(expr, op),
            Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "coalesce" => {
                let mut missing: Vec<Expr> = Vec::with_capacity(args.len());
                let mut resolved = Vec::with_capacity(args.len());
                for argument in args {
                    let argument = self.within(&missing, argument)?;
                    missing.push(argument.clone().is_null());
                    resolved.push(argument);
                }
                Ok(Expr::ScalarFunction(ScalarFunction { func, args: resolved }))
            }
            other => {
                // An operand stands in the condition of a join, where the planner has no joins of its own.
                let keeps_scalars = self.keeps_scalars;
                self.keeps_scalars &= !matches!(other, Expr::InSubquery(_) | Expr::SetComparison(_));
                let parts = other.map_children(|part| self.parted(part).map(Transformed::yes));
                self.keeps_scalars = keeps_scalars;
                self.joined(parts?.data)
            }
        }
    }

    /// AND and OR, whose parts are asked in turn until one decides.
    fn decided(&mut self, expr: Expr, op: Operator) -> Result<Expr> {
        let mut open: Vec<Expr> = Vec::new();
        let mut whole: Option<Expr> = None;
        for part in split_binary_owned(expr, op) {
            let part = self.within(&open, part)?;
            open.push(if op == Operator::And { part.clone().is_not_false() } else { part.clone().is_not_true() });
            whole = Some(match whole {
                Some(before) => Expr::BinaryExpr(BinaryExpr::new(Box::new(before), op, Box::new(part))),
                None => part,
            });
        }
        whole.ok_or_else(correlated)
    }

    /// CASE, whose conditions are asked in turn until one is true.
    fn case(&mut self, case: Case) -> Result<Expr> {
        let operand = case.expr.map(|operand| self.parted(*operand)).transpose()?;
        let mut conditions: Vec<Expr> = Vec::with_capacity(case.when_then_expr.len());
        let mut branches = Vec::with_capacity(case.when_then_expr.len());
        for (condition, result) in case.when_then_expr {
            let condition = self.within(&conditions, *condition)?;
            let test = match &operand {
                Some(operand) => operand.clone().eq(condition.clone()),
                None => condition.clone(),
            };
            conditions.push(test.clone().is_true());
            let result = self.within(&conditions, *result)?;
            conditions.pop();
            conditions.push(test.is_not_true());
            branches.push((Box::new(condition), Box::new(result)));
        }
        let otherwise = case.else_expr.map(|otherwise| self.within(&conditions, *otherwise)).transpose()?;
        Ok(Expr::Case(Case::new(operand.map(Box::new), branches, otherwise.map(Box::new))))
    }

    /// A part that those rows reach of which the conditions are true.
    fn within(&mut self, conditions: &[Expr], part: Expr) -> Result<Expr> {
        if conditions.is_empty() || !has_subquery(&part) {
            return self.parted(part);
        }
        let inside = self.reached.and(conditions);
        let around = std::mem::replace(&mut self.reached, inside);
        let resolved = self.parted(part);
        self.reached = around;
        resolved
    }

    /// A subquery whose own operands are resolved.
    fn joined(&mut self, expr: Expr) -> Result<Expr> {
        match expr {
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let found = self.contains(*expr, &subquery)?;
                Ok(if negated { not(found) } else { found })
            }
            Expr::Exists(Exists { subquery, negated }) => {
                let found = self.exists(&subquery)?;
                Ok(if negated { not(found) } else { found })
            }
            Expr::SetComparison(comparison) => self.compared(comparison),
            Expr::ScalarSubquery(subquery) => self.scalar(subquery),
            other => Ok(other),
        }
    }

    /// A subquery for all values of the outer columns, or for those whose rows reach it, where it can fail for others.
    fn independent(&mut self, subquery: &Subquery, is_fallible: bool) -> Result<Option<Independent>> {
        if self.reached.is_always() || !is_fallible {
            return Ok(None);
        }
        let reads_outer =
            |condition: &Expr| condition.column_refs().into_iter().all(|column| self.outer.schema().has_column(column));
        let conditions = self.reached.over(&self.plan);
        let base = if conditions.iter().all(reads_outer) { &self.outer } else { &self.plan };
        if conditions.is_empty() || !is_steady(base) {
            return Ok(None);
        }
        // A form that cannot be bounded is computed for all rows, or says itself why it is not offered.
        Ok(independent_where(&subquery.subquery, base, conditions, self.names).ok())
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
            return Ok(value.eq(self.scalar(subquery.clone())?));
        }
        let is_found = self.any(&value, Operator::Eq, subquery, |equal| equal)?;
        let is_bounded = !self.reached.is_always() && is_fallible(&subquery.subquery);
        if is_bounded || is_correlated(subquery) {
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
                let only = self.scalar(subquery)?;
                return Ok(Expr::BinaryExpr(BinaryExpr::new(expr, op, Box::new(only))));
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

    /// The value of a scalar subquery.
    fn scalar(&mut self, subquery: Subquery) -> Result<Expr> {
        let bounded = self.independent(&subquery, is_fallible_scalar(&subquery))?;
        let is_planned =
            !is_correlated(&subquery) || (self.keeps_scalars && is_scalar_join(&subquery, self.outer.schema()));
        if is_planned && bounded.is_none() {
            return correlations_named(Expr::ScalarSubquery(subquery)).map(|named| named.data);
        }
        let is_single = yields_one_row(&subquery.subquery);
        let mut inner = match bounded {
            Some(bounded) => bounded,
            None => independent(&subquery.subquery, &self.outer, self.names)?,
        };
        let Some(value) = inner.plan.schema().columns().into_iter().next() else { return Err(correlated()) };
        let mut rows = None;
        if !is_single {
            let (single, column) = counted(inner)?;
            inner = single;
            rows = Some(column);
        }
        let relation = self.relation();
        let name = |name: &str| Column::new(Some(relation.clone()), name);
        let named = |column: Column, called: &str| {
            Expr::Column(column).alias_qualified(Some(relation.clone()), called.to_string())
        };
        let mut columns = vec![named(value, "value")];
        columns.extend(rows.clone().map(|rows| named(rows, "rows")));
        let mut conditions = Vec::with_capacity(inner.pairs.len());
        for (place, (outer, own)) in inner.pairs.into_iter().enumerate() {
            let called = format!("c{place}");
            columns.push(named(own, &called));
            conditions.push(same(outer, Expr::Column(name(&called))));
        }
        let right = LogicalPlanBuilder::from(inner.plan).project(columns)?.build()?;
        let condition = conjunction(conditions).unwrap_or_else(|| lit(true));
        let left = std::mem::take(&mut self.plan);
        self.plan = LogicalPlanBuilder::from(left).join_on(right, JoinType::Left, Some(condition))?.build()?;
        let value = Expr::Column(name("value"));
        Ok(match rows {
            Some(_) => one_row(value, Expr::Column(name("rows"))),
            None => value,
        })
    }

    fn relation(&mut self) -> TableReference {
        *self.names += 1;
        TableReference::bare(format!("$mark{}", self.names))
    }

    /// The subquery without references to the outer query, its columns under names of their own.
    fn inner(&mut self, subquery: &Subquery, is_exists: bool) -> Result<Inner> {
        if let Some(bounded) = self.independent(subquery, is_fallible(&subquery.subquery))? {
            return self.unnested(bounded);
        }
        match pulled_up(&subquery.subquery, is_exists, self.outer.schema()) {
            Some(pulled) => self.pulled(pulled),
            None => {
                let inner = independent(&subquery.subquery, &self.outer, self.names)?;
                self.unnested(inner)
            }
        }
    }

    /// A subquery of which the conditions on outer columns were taken.
    fn pulled(&mut self, pulled: Pulled) -> Result<Inner> {
        let Pulled { plan, conditions } = pulled;
        let relation = self.relation();
        let name = |position: usize| Column::new(Some(relation.clone()), format!("c{position}"));
        let columns = plan.schema().columns();
        let renamed = columns.iter().enumerate().map(|(position, column)| {
            Expr::Column(column.clone()).alias_qualified(Some(relation.clone()), name(position).name)
        });
        let renamed: Vec<Expr> = renamed.collect();
        let inner: Vec<Column> = conditions.correlated_subquery_cols_map.values().flatten().cloned().collect();
        let correlation = conjunction(conditions.join_filters).map(|filter| {
            filter.map_up(|part| match part {
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

    /// A subquery that is computed for all values of the outer columns.
    fn unnested(&mut self, inner: Independent) -> Result<Inner> {
        let relation = self.relation();
        let name = |position: usize| Column::new(Some(relation.clone()), format!("c{position}"));
        let columns = inner.plan.schema().columns();
        let mut conditions = Vec::with_capacity(inner.pairs.len());
        for (outer, own) in inner.pairs {
            let position = columns.iter().position(|column| *column == own).ok_or_else(correlated)?;
            conditions.push(same(outer, Expr::Column(name(position))));
        }
        let renamed = columns.into_iter().enumerate().map(|(position, column)| {
            Expr::Column(column).alias_qualified(Some(relation.clone()), name(position).name)
        });
        let plan = LogicalPlanBuilder::from(inner.plan).project(renamed.collect::<Vec<_>>())?.build()?;
        Ok(Inner { plan, value: Expr::Column(name(0)), correlation: conjunction(conditions) })
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
