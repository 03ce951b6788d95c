//! Expressions over many rows: what the small language has is computed row by row, and what it lacks by the planner for all of
//! them at once.
//!
//! The planner gets the rows as a table of its own, with a column for each column of the row that an expression names and one
//! for the row's number, by which its values come back to their rows.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::sql::sqlparser::ast::{Expr, SetExpr, TableWithJoins, Value as Literal};
use tokio::sync::Mutex;

use crate::db::{ReadView, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, Operand, PathBase, ValueRow};
use crate::model::OutputColumn;
use crate::sql::analyze::from::{plain_table, table_alias};
use crate::sql::analyze::scope::column_of;
use crate::sql::arrow::context::{GivenTable, PlanContext};
use crate::sql::parse::trees::select_of;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::relational::given_rows::GivenRows;
use crate::sql::write::row_compiler::Compiler;
use crate::sql::write::row_subplan::{Input, RowItems, rows_around};
use crate::statement::WriteRun;
use crate::types::{ColumnType, Value};

/// The table of the rows, for the planner.
const ROWS: &str = "$rows";
/// Its column with their numbers.
const NUMBER: &str = "$number";

/// Compiled expressions of one place, ready for rows.
pub struct RowExpressions {
    expressions: Vec<expr::Expr>,
    planned: Option<PlannedRows>,
}

/// The planner's part of them.
struct PlannedRows {
    plan: ReadPlan,
    inputs: Vec<Input>,
    /// Of each further column of the table the input that it repeats, under a name of the statement.
    repeated: Vec<usize>,
    /// One run at a time: the rows lie in a table of the plan.
    table: Mutex<Arc<GivenRows>>,
}

impl RowExpressions {
    /// The expressions that a compiler has compiled.
    ///
    /// # Errors
    /// As [`plan_query`].
    pub fn new(expressions: Vec<expr::Expr>, compiler: Compiler<'_>) -> Result<RowExpressions> {
        let planned = if compiler.hard.is_empty() { None } else { Some(PlannedRows::plan(compiler)?) };
        Ok(RowExpressions { expressions, planned })
    }

    /// The type of an expression that the planner computes, or converts from; `None` for others.
    pub fn planned_type(&self, position: usize) -> Option<ColumnType> {
        let planned = self.planned.as_ref()?;
        let expression = match self.expressions.get(position)? {
            expr::Expr::Convert { inner, .. } => inner.as_ref(),
            other => other,
        };
        let expr::Expr::Planned(column) = expression else { return None };
        // The number of the row comes first.
        planned.plan.columns().get(column.saturating_add(1)).map(|column| column.ty.clone())
    }

    /// The positions of the columns that are read.
    pub fn columns_read(&self) -> Vec<usize> {
        let mut read: Vec<usize> = self.expressions.iter().flat_map(columns_read).collect();
        read.extend(self.planned.iter().flat_map(|planned| &planned.inputs).map(|input| input.position()));
        read
    }

    /// The values for each of the rows; subqueries read `view`.
    ///
    /// # Errors
    /// What an expression fails with; as [`ReadPlan::execute`].
    pub async fn evaluate(&self, run: &WriteRun<'_>, view: &ReadView, rows: &[&[Value]]) -> Result<Vec<Row>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let planned = match &self.planned {
            Some(planned) => planned.values(run, view, rows).await?,
            None => Vec::new(),
        };
        let environment = run.environment();
        let mut values = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let planned = planned.get(at).map(Vec::as_slice).unwrap_or_default();
            let row = ValueRow { row, planned, ..ValueRow::default() };
            let of_row = self.expressions.iter().map(|expression| expression.evaluate(&environment, &row));
            values.push(of_row.collect::<Result<Row>>()?);
        }
        Ok(values)
    }
}

/// The positions of the columns that an expression reads by itself.
pub fn columns_read(expression: &expr::Expr) -> Vec<usize> {
    let read = RefCell::new(Vec::new());
    // Nothing is looked for: each part is seen.
    let is_found = expression.any(&|part| {
        if let expr::Expr::Field(operand, _) = part
            && let Operand::Column(position) | Operand::Path { base: PathBase::Column(position), .. } = operand
        {
            read.borrow_mut().push(*position);
        }
        false
    });
    debug_assert!(!is_found);
    read.into_inner()
}

impl PlannedRows {
    fn plan(compiler: Compiler<'_>) -> Result<PlannedRows> {
        let name_of = |input: usize| format!("${input}");
        let written = |input: usize| column_of(ROWS, &name_of(input));
        let RowItems { items, inputs, around } = compiler.row_items(&written);
        let column = |name: String, ty: ColumnType| OutputColumn::computed(name, ty);
        let mut columns = vec![column(NUMBER.to_string(), ColumnType::Int8)];
        columns.extend(inputs.iter().enumerate().map(|(at, input)| column(name_of(at), compiler.input_type(*input))));
        let (mut repeated, mut ambiguous) = (Vec::new(), Vec::new());
        for (name, meant) in around {
            let Some((first, others)) = meant.split_first() else { continue };
            let Some(input) = inputs.get(*first) else { continue };
            repeated.push(*first);
            columns.push(column(name.clone(), compiler.input_type(*input)));
            if !others.is_empty() {
                ambiguous.push((name, vec![Expr::value(Literal::Null)]));
            }
        }
        let rows = Arc::new(GivenRows::new(&columns));
        let table: Arc<dyn TableProvider> = Arc::clone(&rows) as Arc<dyn TableProvider>;
        let mut given = compiler.context.given.to_vec();
        given.push(GivenTable { name: ROWS.to_string(), table: Some(table) });
        let context = PlanContext { given: &given, ..*compiler.context };
        let mut query = select_of(std::iter::once(column_of(ROWS, NUMBER)).chain(items).collect())?;
        query.with = compiler.with.cloned();
        if let SetExpr::Select(select) = query.body.as_mut() {
            let rows = TableWithJoins { relation: plain_table(ROWS, table_alias(ROWS)), joins: Vec::new() };
            select.from = std::iter::once(rows).chain(rows_around(ambiguous)?).collect();
        }
        let plan = plan_query(&query, compiler.parameters, &context)?;
        Ok(PlannedRows { plan, inputs, repeated, table: Mutex::new(rows) })
    }

    /// The planner's values for each of the rows.
    async fn values(&self, run: &WriteRun<'_>, view: &ReadView, rows: &[&[Value]]) -> Result<Vec<Row>> {
        let table = self.table.lock().await;
        let given = rows.iter().enumerate().map(|(number, row)| {
            let value = |input: &Input| row.get(input.position()).cloned().unwrap_or_default();
            let inputs: Vec<Value> = self.inputs.iter().map(value).collect();
            let repeated: Vec<Value> = self.repeated.iter().filter_map(|at| inputs.get(*at)).cloned().collect();
            let number = Value::Int8(i64::try_from(number).unwrap_or(i64::MAX));
            [vec![number], inputs, repeated].concat()
        });
        table.put(&given.collect::<Vec<Row>>())?;
        let computed = self.computed(run, view).await;
        table.put(&[])?;
        let mut values: Vec<Option<Row>> = vec![None; rows.len()];
        let several = || Error::new(ErrorKind::Cardinality, "an expression of one row gave none or several");
        for mut row in computed? {
            let number = if row.is_empty() { Value::Null } else { row.remove(0) };
            let Value::Int8(number) = number else { return Err(several()) };
            let slot = usize::try_from(number).ok().and_then(|number| values.get_mut(number));
            match slot {
                Some(slot @ None) => *slot = Some(row),
                _ => return Err(several()),
            }
        }
        values.into_iter().collect::<Option<Vec<Row>>>().ok_or_else(several)
    }

    async fn computed(&self, run: &WriteRun<'_>, view: &ReadView) -> Result<Vec<Row>> {
        let rows = self.plan.execute(view, run.parameters, run.settings, run.cancel).await?;
        Ok(rows.collect().await?.0)
    }
}
