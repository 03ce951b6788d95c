//! Nodes of a dependent join that choose rows by their place, or that put rows together.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    Distinct, DistinctOn, Expr, ExprFunctionExt, Limit, LogicalPlan, LogicalPlanBuilder, Projection, Sort, Union,
    Values, Window, cast, lit,
};

use crate::sql::arrow::walks::TreeWalks;
use crate::sql::planner::subqueries::dependent_join::{Unnested, Unnesting, correlated};

impl Unnesting<'_> {
    /// Windows look at the rows of one value.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn window(&mut self, window: Window) -> Result<Unnested> {
        let input = self.unnested(Arc::unwrap_or_clone(window.input))?;
        let names = NamePreserver::new_for_projection();
        let mut exprs = Vec::with_capacity(window.window_expr.len());
        for expr in window.window_expr {
            let name = names.save(&expr);
            let expr = self.replaced(expr, &input.values)?;
            let expr = expr.map_up(|part| match part {
                Expr::WindowFunction(mut function) => {
                    function.params.partition_by.extend(input.value_exprs());
                    if function.params.order_by.is_empty() {
                        let order = input.order.iter().map(|order| Expr::Column(order.clone()).sort(true, false));
                        function.params.order_by.extend(order);
                    }
                    Ok(Transformed::yes(Expr::WindowFunction(function)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            exprs.push(name.restore(expr.data));
        }
        let plan = LogicalPlan::Window(Window::try_new(exprs, Arc::new(input.plan))?);
        Ok(Unnested { plan, values: input.values, order: None })
    }

    /// ORDER BY numbers the rows of each value.
    ///
    /// # Errors
    /// 0A000 for a sort with a limit of its own; as [`Unnesting::unnested`].
    pub fn sort(&mut self, sort: Sort) -> Result<Unnested> {
        if sort.fetch.is_some() {
            return Err(correlated());
        }
        let input = self.unnested(Arc::unwrap_or_clone(sort.input))?;
        let keys = self.sort_keys(sort.expr, &input.values)?;
        let (plan, order) = self.numbered(input.plan, &input.values, keys)?;
        let by = Expr::Column(order.clone()).sort(true, false);
        let plan = LogicalPlanBuilder::from(plan).sort(vec![by])?.build()?;
        Ok(Unnested { plan, values: input.values, order: Some(order) })
    }

    fn sort_keys(&self, keys: Vec<SortExpr>, values: &[Column]) -> Result<Vec<SortExpr>> {
        keys.into_iter().map(|key| Ok(SortExpr { expr: self.replaced(key.expr, values)?, ..key })).collect()
    }

    /// A column that numbers the rows of each value from 1.
    fn numbered(&mut self, plan: LogicalPlan, values: &[Column], by: Vec<SortExpr>) -> Result<(LogicalPlan, Column)> {
        let number = Column::new_unqualified(format!("$number{}", self.fresh()));
        let values: Vec<Expr> = values.iter().cloned().map(Expr::Column).collect();
        let mut function = row_number().partition_by(values);
        if !by.is_empty() {
            function = function.order_by(by);
        }
        let numbers = function.build()?.alias(&number.name);
        let plan = LogicalPlan::Window(Window::try_new(vec![numbers], Arc::new(plan))?);
        Ok((plan, number))
    }

    /// LIMIT and OFFSET count the rows of each value.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn limit(&mut self, limit: Limit) -> Result<Unnested> {
        let input = self.unnested(Arc::unwrap_or_clone(limit.input))?;
        let by = input.order.iter().map(|order| Expr::Column(order.clone()).sort(true, false)).collect();
        let (plan, number) = self.numbered(input.plan, &input.values, by)?;
        let number = cast(Expr::Column(number), DataType::Int64);
        let mut plan = LogicalPlanBuilder::from(plan);
        let skip = match limit.skip {
            Some(skip) => Some(coalesce(vec![cast(self.replaced(*skip, &input.values)?, DataType::Int64), lit(0_i64)])),
            None => None,
        };
        if let Some(skip) = &skip {
            plan = plan.filter(number.clone().gt(skip.clone()))?;
        }
        if let Some(fetch) = limit.fetch {
            let fetch = cast(self.replaced(*fetch, &input.values)?, DataType::Int64);
            let counted = match skip {
                Some(skip) => number - skip,
                None => number,
            };
            plan = plan.filter(fetch.clone().is_null().or(counted.lt_eq(fetch)))?;
        }
        Ok(Unnested { plan: plan.build()?, ..input })
    }

    /// DISTINCT leaves one of the rows of each value that are the same.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn distinct(&mut self, distinct: Distinct) -> Result<Unnested> {
        match distinct {
            Distinct::All(input) => {
                let width = input.schema().fields().len();
                let plan = self.shaped(Arc::unwrap_or_clone(input))?;
                let values = plan.schema().columns().into_iter().skip(width).collect();
                let plan = LogicalPlan::Distinct(Distinct::All(Arc::new(plan)));
                Ok(Unnested { plan, values, order: None })
            }
            Distinct::On(DistinctOn { on_expr, select_expr, sort_expr, input, .. }) => {
                let input = self.unnested(Arc::unwrap_or_clone(input))?;
                let mut on: Vec<Expr> = input.value_exprs().collect();
                for expr in on_expr {
                    on.push(self.replaced(expr, &input.values)?);
                }
                let mut shown = self.renamed(select_expr, &input.values)?;
                shown.extend(input.value_exprs());
                let order = match sort_expr {
                    Some(keys) => {
                        let by_value = input.value_exprs().map(|value| value.sort(true, false));
                        Some(by_value.chain(self.sort_keys(keys, &input.values)?).collect())
                    }
                    None => None,
                };
                let distinct = DistinctOn::try_new(on, shown, order, Arc::new(input.plan))?;
                let plan = LogicalPlan::Distinct(Distinct::On(distinct));
                Ok(Unnested { plan, values: input.values, order: None })
            }
        }
    }

    /// The branches give their columns by place, the values last.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn union(&mut self, union: Union) -> Result<Unnested> {
        let columns = union.schema.columns();
        let inputs = union.inputs.into_iter();
        let inputs = inputs.map(|input| self.shaped(Arc::unwrap_or_clone(input))).collect::<Result<Vec<_>>>()?;
        self.united(inputs, columns)
    }

    fn united(&mut self, mut inputs: Vec<LogicalPlan>, columns: Vec<Column>) -> Result<Unnested> {
        let plan = match inputs.len() {
            1 => inputs.remove(0),
            _ => LogicalPlan::Union(Union::try_new_with_loose_types(inputs.into_iter().map(Arc::new).collect())?),
        };
        let number = self.fresh();
        let (mut exprs, mut values) = (Vec::new(), Vec::new());
        for (place, column) in plan.schema().columns().into_iter().enumerate() {
            exprs.push(match columns.get(place) {
                Some(name) if *name == column => Expr::Column(column),
                Some(name) => Expr::Column(column).alias_qualified(name.relation.clone(), name.name.clone()),
                None => {
                    let name = format!("${number}_{place}");
                    values.push(Column::new_unqualified(name.clone()));
                    Expr::Column(column).alias(name)
                }
            });
        }
        let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(plan))?);
        Ok(Unnested { plan, values, order: None })
    }

    /// Rows that are written down.
    ///
    /// # Errors
    /// None but a defect of the rewrite: a node that the planner cannot build.
    pub fn rows(&mut self, rows: Values) -> Result<Unnested> {
        let columns = rows.schema.columns();
        let mut inputs = Vec::with_capacity(rows.values.len());
        for row in rows.values {
            let values = self.values()?;
            let mut exprs = Vec::with_capacity(row.len());
            for ((expr, column), field) in row.into_iter().zip(&columns).zip(rows.schema.fields()) {
                let expr = self.replaced(expr, &values.values)?;
                exprs.push(cast(expr, field.data_type().clone()).alias(&column.name));
            }
            exprs.extend(values.value_exprs());
            inputs.push(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(values.plan))?));
        }
        self.united(inputs, columns)
    }

    /// The values of a full join: of the side that has the row.
    ///
    /// # Errors
    /// None but a defect of the rewrite: a node that the planner cannot build.
    pub fn either(&mut self, plan: LogicalPlan, left: Vec<Column>, right: Vec<Column>) -> Result<Unnested> {
        let number = self.fresh();
        let (carried, own): (Vec<Column>, Vec<Column>) =
            plan.schema().columns().into_iter().partition(|column| left.contains(column) || right.contains(column));
        debug_assert_eq!(carried.len(), left.len() + right.len());
        let mut exprs: Vec<Expr> = own.into_iter().map(Expr::Column).collect();
        let mut values = Vec::with_capacity(left.len());
        for (place, (left, right)) in left.into_iter().zip(right).enumerate() {
            let name = format!("${number}_{place}");
            values.push(Column::new_unqualified(name.clone()));
            exprs.push(coalesce(vec![Expr::Column(left), Expr::Column(right)]).alias(name));
        }
        let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(plan))?);
        Ok(Unnested { plan, values, order: None })
    }
}
