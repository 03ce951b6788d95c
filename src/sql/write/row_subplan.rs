//! Row expressions that only the planner can compute, as one SELECT of constants and parameters.
//!
//! Every name that means a column of the row becomes a parameter behind the statement's own, so that the SELECT needs no
//! table and the same plan serves each row. What an unqualified name means inside a subquery, only the walk over it knows:
//! those that may be columns of the row are columns of a relation around it, which holds the parameters.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, SelectItem, SetExpr, Spanned, TableFactor, TableWithJoins, Value as Literal, VisitorMut,
};

use crate::db::ReadView;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ParameterTypes, ValueRow};
use crate::model::OutputColumn;
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::scope::qualified;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::visit_mut;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::write_target::{WritePlace, check_assignable, located};
use crate::statement::WriteRun;
use crate::types::{ColumnType, Value};

/// The planner's part of a set of row expressions.
pub struct RowPlan {
    plan: ReadPlan,
    /// What the parameters behind the statement's own are.
    inputs: Vec<Input>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Column(usize),
    Excluded(usize),
}

impl Compiler<'_> {
    /// Plans what the small language lacked; `None` when it lacked nothing.
    ///
    /// # Errors
    /// As [`plan_query`].
    pub fn finish(self) -> Result<Option<RowPlan>> {
        if self.hard.is_empty() {
            return Ok(None);
        }
        let count = self.parameters.count();
        let mut found = Inputs { compiler: &self, count, inputs: Vec::new(), depth: 0, around: Vec::new() };
        let mut items: Vec<Expr> = self.hard.iter().map(|(expr, _)| expr.clone()).collect();
        for item in &mut items {
            let walked = visit_mut(item, &mut found);
            debug_assert!(walked.is_continue());
        }
        let Inputs { inputs, around, .. } = found;
        let mut query = select_of(items)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.from = rows_around(around)?;
        }
        let mut types: Vec<Option<ColumnType>> = (0..count).map(|at| self.parameters.get(at).cloned()).collect();
        types.extend(inputs.iter().map(|input| {
            let (Input::Column(position) | Input::Excluded(position)) = input;
            Some(match self.others.at(*position, self.collection) {
                Some(other) => other.ty.clone(),
                None => WritePlace::Column(*position).ty(self.collection),
            })
        }));
        let mut planned_types = ParameterTypes::new(&types, types.len()).with_columns_from(count);
        let plan = plan_query(&query, &mut planned_types, self.context)?;
        for at in 0..count {
            if let Some(ty) = planned_types.get(at) {
                self.parameters.suggest(at, ty);
            }
        }
        for (column, (expr, place)) in plan.columns().iter().zip(&self.hard) {
            if let Some(place) = place {
                let fits = check_assignable(self.collection, *place, &column.ty);
                fits.map_err(|error| located(error, self.context.text, expr.span().start))?;
            }
        }
        Ok(Some(RowPlan { plan, inputs }))
    }

    /// The column of the row that a name means.
    fn input(&self, expr: &Expr, is_in_subquery: bool) -> Option<Input> {
        match expr {
            Expr::Identifier(ident) if !is_in_subquery => self.unqualified(&folded(ident)).into_iter().next(),
            Expr::CompoundIdentifier(parts) => {
                let (schema, relation, name) = qualified(parts)?;
                if let Some(other) = self.other(Some(&relation), &name) {
                    return Some(other);
                }
                let position = self.collection.column(&name)?;
                if self.is_excluded(schema.as_deref(), &relation) {
                    Some(Input::Excluded(position))
                } else if self.is_row(schema.as_deref(), &relation) {
                    Some(Input::Column(position))
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

impl Compiler<'_> {
    /// The columns of the row that a name by itself may mean.
    fn unqualified(&self, name: &str) -> Vec<Input> {
        if self.visible == Visible::Nothing {
            return Vec::new();
        }
        let own = self.collection.column(name);
        let others = self.others.named(None, name, self.collection).map(|(position, _)| position);
        own.into_iter().chain(others).map(Input::Column).collect()
    }

    /// The column of another relation that a name means.
    fn other(&self, relation: Option<&str>, name: &str) -> Option<Input> {
        self.others.named(relation, name, self.collection).next().map(|(position, _)| Input::Column(position))
    }
}

/// Replaces the names of columns of the row by parameters.
struct Inputs<'a, 'b> {
    compiler: &'a Compiler<'b>,
    /// The statement's own parameters.
    count: usize,
    inputs: Vec<Input>,
    /// Subqueries around the expression.
    depth: usize,
    /// Names in subqueries that may mean the row's columns: what each of them may be.
    around: Vec<(String, Vec<Expr>)>,
}

impl Inputs<'_, '_> {
    fn parameter(&mut self, input: Input) -> Expr {
        let known = self.inputs.iter().position(|other| *other == input).unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        });
        Expr::value(Literal::Placeholder(format!("${}", self.count + known + 1)))
    }

    fn surround(&mut self, name: String) {
        if self.around.iter().any(|(known, _)| *known == name) {
            return;
        }
        let meant = self.compiler.unqualified(&name);
        let meant: Vec<Expr> = meant.into_iter().map(|input| self.parameter(input)).collect();
        self.around.push((name, meant));
    }
}

impl VisitorMut for Inputs<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(input) = self.compiler.input(expr, self.depth > 0) {
            *expr = self.parameter(input);
        } else if let (Expr::Identifier(ident), true) = (&*expr, self.depth > 0) {
            self.surround(folded(ident));
        }
        ControlFlow::Continue(())
    }
}

/// Relations of one row around subqueries: one for each column that a name may mean, so that one of several is ambiguous.
fn rows_around(names: Vec<(String, Vec<Expr>)>) -> Result<Vec<TableWithJoins>> {
    let mut relations: Vec<Vec<SelectItem>> = Vec::new();
    for (name, meant) in names {
        for (place, expr) in meant.into_iter().enumerate() {
            if relations.len() <= place {
                relations.push(Vec::new());
            }
            if let Some(relation) = relations.get_mut(place) {
                relation.push(SelectItem::ExprWithAlias { expr, alias: exact(name.clone()) });
            }
        }
    }
    let mut rows = Vec::with_capacity(relations.len());
    for (place, items) in relations.into_iter().enumerate() {
        let mut query = select_of(Vec::new())?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.projection = items;
        }
        let alias = Some(table_alias(&format!("$row{place}")));
        let relation = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
        rows.push(TableWithJoins { relation, joins: Vec::new() });
    }
    Ok(rows)
}

impl RowPlan {
    /// The query of the planned expressions.
    pub fn query(&self) -> &ReadPlan {
        &self.plan
    }

    /// The positions of the columns of the row that are its parameters, in their order.
    pub fn columns_read(&self) -> Vec<usize> {
        let position = |input: &Input| match input {
            Input::Column(position) | Input::Excluded(position) => *position,
        };
        self.inputs.iter().map(position).collect()
    }

    /// Name and type of each planned expression.
    pub fn column(&self, position: usize) -> Option<OutputColumn> {
        self.plan.columns().get(position).cloned()
    }

    /// Whether it gives the same values for every row of a statement.
    pub fn is_constant(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Whether it may give other values each time that it runs.
    pub fn varies(&self) -> bool {
        !self.plan.is_steady()
    }

    /// The values of the planned expressions for one row.
    ///
    /// # Errors
    /// 21000 where the plan gives no row or several; as [`ReadPlan::execute`], and what the row fails with.
    pub async fn values(&self, run: &WriteRun<'_>, view: &ReadView, row: ValueRow<'_>) -> Result<Vec<Value>> {
        let mut parameters = run.parameters.to_vec();
        for each in &self.inputs {
            let (values, position) = match each {
                Input::Column(position) => (row.row, position),
                Input::Excluded(position) => (row.excluded, position),
            };
            parameters.push(values.get(*position).cloned().unwrap_or_default());
        }
        let (rows, _memory) = self.plan.execute(view, &parameters, run.settings, run.cancel).await?.collect().await?;
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            _ => Err(Error::new(ErrorKind::Cardinality, "an expression of one row gave none or several")),
        }
    }
}
