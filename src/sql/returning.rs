//! RETURNING: what a statement that writes shows of each row it changed.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SelectItemQualifiedWildcardKind, Spanned};

use crate::db::Row;
use crate::error::{Error, Result};
use crate::model::{Collection, ColumnType, OutputColumn};
use crate::sql::context::PlanContext;
use crate::sql::names;
use crate::sql::parameters::ParameterTypes;
use crate::sql::row_compile::{Compiler, Visible};
use crate::sql::row_expression::{RowExpression, RowInput};
use crate::sql::row_plan::RowPlan;
use crate::sql::scope::{folded, no_relation};
use crate::sql::target::{located, relation_name};
use crate::sql::write::Run;

/// A planned RETURNING clause.
pub struct Returning {
    pub columns: Arc<[OutputColumn]>,
    expressions: Vec<RowExpression>,
    planned: Option<RowPlan>,
}

impl Returning {
    /// Plans the clause; `relation` is what the statement calls its table.
    pub fn plan(
        items: Option<&[SelectItem]>,
        collection: &Collection,
        relation: &str,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Option<Returning>> {
        let Some(items) = items else { return Ok(None) };
        let mut compiler = Compiler::new(collection, relation, Visible::Row, parameters, context);
        let mut columns: Vec<OutputColumn> = Vec::new();
        let mut expressions = Vec::new();
        for item in items {
            match item {
                SelectItem::Wildcard(_) => all_columns(collection, &mut columns, &mut expressions),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let (schema, wanted) = relation_name(name)?;
                    if !compiler.is_row(schema.as_deref(), &wanted) {
                        return Err(located(no_relation(&wanted), context.text, name.span().start));
                    }
                    all_columns(collection, &mut columns, &mut expressions);
                }
                SelectItem::UnnamedExpr(expr) => {
                    let name = names::column_name(expr);
                    output(expr, name, &mut compiler, &mut columns, &mut expressions)?;
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    output(expr, folded(alias), &mut compiler, &mut columns, &mut expressions)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
                | SelectItem::ExprWithAliases { .. } => {
                    return Err(Error::unsupported("this item of RETURNING is not offered", "Name the columns."));
                }
            }
        }
        let planned = compiler.finish()?;
        for (column, expression) in columns.iter_mut().zip(&expressions) {
            if let (RowExpression::Planned(position), Some(plan)) = (expression, &planned)
                && let Some(found) = plan.column(*position)
            {
                column.ty = found.ty;
            }
        }
        Ok(Some(Returning { columns: columns.into(), expressions, planned }))
    }

    /// What is shown of one row.
    pub async fn row(&self, run: &Run<'_>, row: &[crate::model::Value]) -> Result<Row> {
        let mut input = RowInput { row, parameters: run.parameters, now: run.now, ..RowInput::default() };
        let planned = match &self.planned {
            Some(plan) => plan.values(run, run.transaction.view(), input).await?,
            None => Vec::new(),
        };
        input.planned = &planned;
        self.expressions.iter().map(|expression| expression.evaluate(&input)).collect()
    }
}

fn all_columns(collection: &Collection, columns: &mut Vec<OutputColumn>, expressions: &mut Vec<RowExpression>) {
    for position in 0..collection.columns.len() {
        if let Some(column) = stored_column(collection, position) {
            columns.push(column);
            expressions.push(RowExpression::Column(position));
        }
    }
}

fn stored_column(collection: &Collection, position: usize) -> Option<OutputColumn> {
    let column = collection.columns.get(position)?;
    Some(OutputColumn {
        name: column.name.clone(),
        ty: column.ty.clone(),
        table_oid: collection.oid(),
        attribute: i16::try_from(position + 1).unwrap_or(0),
    })
}

fn output(
    expr: &Expr,
    name: String,
    compiler: &mut Compiler<'_>,
    columns: &mut Vec<OutputColumn>,
    expressions: &mut Vec<RowExpression>,
) -> Result<()> {
    let (expression, ty) = match compiler.typed(expr)? {
        Some(mut typed) => {
            compiler.adopt(&mut typed, &ColumnType::Text)?;
            (typed.expression, typed.ty.unwrap_or(ColumnType::Text))
        }
        None => (compiler.plan_later(expr), ColumnType::Unknown),
    };
    let column = match &expression {
        RowExpression::Column(position) => {
            stored_column(compiler.collection, *position).map(|column| OutputColumn { name: name.clone(), ..column })
        }
        _ => None,
    };
    columns.push(column.unwrap_or_else(|| OutputColumn::computed(name, ty)));
    expressions.push(expression);
    Ok(())
}
