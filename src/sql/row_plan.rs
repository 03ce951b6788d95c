//! Row expressions that only the planner can compute, as one SELECT of constants and parameters.
//!
//! Every name that means a column of the row becomes a parameter behind the statement's own, so that the SELECT needs no
//! table and the same plan serves each row. Inside a subquery only qualified names do: unqualified ones are its own.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, Value as Literal, VisitorMut};

use crate::db::ReadView;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ColumnType, OutputColumn, Value};
use crate::sql::parameters::ParameterTypes;
use crate::sql::read::{ReadPlan, plan_query};
use crate::sql::row_compile::{Compiler, Visible};
use crate::sql::row_expression::RowInput;
use crate::sql::scope::{folded, qualified};
use crate::sql::target::Place;
use crate::sql::walk::visit_mut;
use crate::sql::write::{Run, select_of};

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
    pub fn finish(self) -> Result<Option<RowPlan>> {
        if self.hard.is_empty() {
            return Ok(None);
        }
        let count = self.parameters.len();
        let mut inputs: Vec<Input> = Vec::new();
        let mut items = self.hard.clone();
        for item in &mut items {
            let walked = visit_mut(item, &mut Inputs { compiler: &self, count, inputs: &mut inputs, depth: 0 });
            debug_assert!(walked.is_continue());
        }
        let mut types: Vec<Option<ColumnType>> = (0..count).map(|at| self.parameters.get(at).cloned()).collect();
        types.extend(inputs.iter().map(|input| {
            let (Input::Column(position) | Input::Excluded(position)) = input;
            Some(match self.others.at(*position, self.collection) {
                Some(other) => other.ty.clone(),
                None => Place::Column(*position).ty(self.collection),
            })
        }));
        let mut planned_types = ParameterTypes::new(&types, types.len());
        let plan = plan_query(&select_of(items)?, &mut planned_types, self.context)?;
        for at in 0..count {
            if let Some(ty) = planned_types.get(at) {
                self.parameters.suggest(at, ty);
            }
        }
        Ok(Some(RowPlan { plan, inputs }))
    }

    /// The column of the row that a name means.
    fn input(&self, expr: &Expr, is_in_subquery: bool) -> Option<Input> {
        match expr {
            Expr::Identifier(ident) if self.visible != Visible::Nothing && !is_in_subquery => {
                let name = folded(ident);
                let own = self.collection.column(&name).map(Input::Column);
                own.or_else(|| self.other(None, &name))
            }
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
    inputs: &'a mut Vec<Input>,
    /// Subqueries around the expression.
    depth: usize,
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
            let known = self.inputs.iter().position(|other| *other == input).unwrap_or_else(|| {
                self.inputs.push(input);
                self.inputs.len() - 1
            });
            *expr = Expr::value(Literal::Placeholder(format!("${}", self.count + known + 1)));
        }
        ControlFlow::Continue(())
    }
}

impl RowPlan {
    /// Name and type of each planned expression.
    pub fn column(&self, position: usize) -> Option<OutputColumn> {
        self.plan.columns().get(position).cloned()
    }

    /// Whether it gives the same values for every row of a statement.
    pub fn is_constant(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The values of the planned expressions for one row.
    pub async fn values(&self, run: &Run<'_>, view: &ReadView, input: RowInput<'_>) -> Result<Vec<Value>> {
        let mut parameters = run.parameters.to_vec();
        for each in &self.inputs {
            let (row, position) = match each {
                Input::Column(position) => (input.row, position),
                Input::Excluded(position) => (input.excluded, position),
            };
            parameters.push(row.get(*position).cloned().unwrap_or_default());
        }
        let (rows, _memory) = self.plan.execute(view, &parameters, run.settings, run.cancel).await?.collect().await?;
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            _ => Err(Error::new(ErrorKind::Cardinality, "an expression of one row gave none or several")),
        }
    }
}
