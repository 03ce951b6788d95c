//! Row expressions that only the planner can compute, as one SELECT of constants and parameters.
//!
//! Every name that means a column of the row becomes a parameter behind the statement's own, so that the SELECT needs no
//! table and the same plan serves each row. What an unqualified name means inside a subquery, only the walk over it knows:
//! those that may be columns of the row are columns of a relation around it, which holds the parameters.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, Spanned, TableFactor, TableWithJoins, Value as Literal, VisitorMut,
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
use crate::sql::write::returned::relations;
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

/// A column of the row, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Column(usize),
    Excluded(usize),
}

impl Input {
    pub fn position(self) -> usize {
        let (Input::Column(position) | Input::Excluded(position)) = self;
        position
    }
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
        let written = move |input: usize| Expr::value(Literal::Placeholder(format!("${}", count + input + 1)));
        let RowItems { items, inputs, around } = self.row_items(&written);
        let mut query = select_of(items)?;
        query.with = self.with.cloned();
        if let SetExpr::Select(select) = query.body.as_mut() {
            let expressions = |inputs: Vec<usize>| inputs.into_iter().map(written).collect();
            select.from = rows_around(around.into_iter().map(|(name, inputs)| (name, expressions(inputs))).collect())?;
        }
        let mut types: Vec<Option<ColumnType>> = (0..count).map(|at| self.parameters.get(at).cloned()).collect();
        types.extend(inputs.iter().map(|input| Some(self.input_type(*input))));
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

    /// What was left to the planner, with the columns of the row as `written` has the inputs of these numbers.
    pub fn row_items(&self, written: &dyn Fn(usize) -> Expr) -> RowItems {
        let mut found =
            Inputs { compiler: self, written, inputs: Vec::new(), relations: Vec::new(), around: Vec::new() };
        let mut items: Vec<Expr> = self.hard.iter().map(|(expr, _)| expr.clone()).collect();
        for item in &mut items {
            let walked = visit_mut(item, &mut found);
            debug_assert!(walked.is_continue());
        }
        let Inputs { inputs, around, .. } = found;
        RowItems { items, inputs, around }
    }

    /// The type of a column of the row.
    pub fn input_type(&self, input: Input) -> ColumnType {
        let position = input.position();
        match self.others.at(position, self.collection) {
            Some(other) => other.ty.clone(),
            None => WritePlace::Column(position).ty(self.collection),
        }
    }

    /// The column of the row that a name means; `relations` has those of the queries around it, from the outermost one.
    fn input(&self, expr: &Expr, relations: &[Vec<String>]) -> Option<Input> {
        match expr {
            Expr::Identifier(ident) if relations.is_empty() => self.unqualified(&folded(ident)).into_iter().next(),
            Expr::CompoundIdentifier(parts) => {
                let (schema, relation, name) = qualified(parts)?;
                if relations.iter().flatten().any(|nearer| *nearer == relation) {
                    return None;
                }
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
        let own = self.collection.column(name).filter(|_| self.visible != Visible::Nothing);
        let others = self.others.named(None, name, self.collection).map(|(position, _)| position);
        own.into_iter().chain(others).map(Input::Column).collect()
    }

    /// The column of another relation that a name means.
    fn other(&self, relation: Option<&str>, name: &str) -> Option<Input> {
        self.others.named(relation, name, self.collection).next().map(|(position, _)| Input::Column(position))
    }
}

/// What the planner computes of a row.
pub struct RowItems {
    pub items: Vec<Expr>,
    /// The columns of the row in it, in the order of their numbers.
    pub inputs: Vec<Input>,
    /// Names in subqueries that may mean columns of the row, with the numbers of those that each may mean.
    pub around: Vec<(String, Vec<usize>)>,
}

/// Replaces the names of columns of the row by inputs.
struct Inputs<'a, 'b> {
    compiler: &'a Compiler<'b>,
    written: &'a dyn Fn(usize) -> Expr,
    inputs: Vec<Input>,
    /// The names of the relations of each query around the expression.
    relations: Vec<Vec<String>>,
    around: Vec<(String, Vec<usize>)>,
}

impl Inputs<'_, '_> {
    fn number(&mut self, input: Input) -> usize {
        self.inputs.iter().position(|other| *other == input).unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        })
    }

    fn surround(&mut self, name: String) {
        if self.around.iter().any(|(known, _)| *known == name) {
            return;
        }
        let meant = self.compiler.unqualified(&name);
        let meant: Vec<usize> = meant.into_iter().map(|input| self.number(input)).collect();
        self.around.push((name, meant));
    }
}

impl VisitorMut for Inputs<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        // What is sorted by stands outside of the SELECT whose relations it names.
        self.relations.push(query.body.as_select().map(relations_of).unwrap_or_default());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.relations.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.relations.push(relations_of(select));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &mut Select) -> ControlFlow<()> {
        self.relations.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(input) = self.compiler.input(expr, &self.relations) {
            let number = self.number(input);
            *expr = (self.written)(number);
        } else if let (Expr::Identifier(ident), false) = (&*expr, self.relations.is_empty()) {
            self.surround(folded(ident));
        }
        ControlFlow::Continue(())
    }
}

/// The names of the relations of a SELECT, which hide those of the row.
fn relations_of(select: &Select) -> Vec<String> {
    select.from.iter().flat_map(relations).collect()
}

/// Relations of one row around subqueries: one for each column that a name may mean, so that one of several is ambiguous.
///
/// # Errors
/// As [`select_of`].
pub fn rows_around(names: Vec<(String, Vec<Expr>)>) -> Result<Vec<TableWithJoins>> {
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
        self.inputs.iter().map(|input| input.position()).collect()
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
