//! RETURNING: what a statement that writes shows of each row it changed.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SelectItemQualifiedWildcardKind, Spanned, With};

use crate::db::{ReadView, Row};
use crate::error::{Error, Result};
use crate::expr::{self, Operand, ParameterTypes, ValueRow};
use crate::model::{Collection, OutputColumn};
use crate::sql::analyze::scope::no_relation;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::rewrite::expressions::check_one_row;
use crate::sql::write::returned::Others;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_expressions::columns_read;
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::write_target::located;
use crate::statement::WriteRun;
use crate::types::{ColumnType, Value};

/// A planned RETURNING clause.
pub struct Returning {
    pub columns: Arc<[OutputColumn]>,
    expressions: Vec<expr::Expr>,
    planned: Option<RowPlan>,
    /// How many columns each version of the row has behind the others; 0 where none is shown.
    version_columns: usize,
}

/// A row before and after its change, as far as there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Versions<'r> {
    pub old: Option<&'r [Value]>,
    pub new: Option<&'r [Value]>,
}

impl Returning {
    /// Plans the clause; `relation` is what the statement calls its table, `others` are the columns of what it reads beside, `with`
    /// stands before it.
    ///
    /// # Errors
    /// 42P01 for `t.*` of a relation that is not there, 0A000 for items that are not offered; as
    /// [`Compiler::typed`], [`Compiler::adopt`] and [`Compiler::finish`].
    pub fn plan(
        items: Option<&[SelectItem]>,
        (collection, relation): (&Collection, &str),
        (others, with): (Others, Option<&With>),
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Option<Returning>> {
        let Some(items) = items else { return Ok(None) };
        let mut compiler = Compiler::new(collection, relation, Visible::Row, parameters, context);
        compiler.others = others.clone();
        compiler.with = with;
        let mut columns: Vec<OutputColumn> = Vec::new();
        let mut expressions = Vec::new();
        for item in items {
            check_one_row(item, "RETURNING", context.text)?;
            match item {
                SelectItem::Wildcard(_) if others.come_first => {
                    other_columns(collection, &others, None, &mut columns, &mut expressions);
                    all_columns(collection, &mut columns, &mut expressions);
                }
                SelectItem::Wildcard(_) => {
                    all_columns(collection, &mut columns, &mut expressions);
                    other_columns(collection, &others, None, &mut columns, &mut expressions);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let (schema, wanted) = relation_name(name)?;
                    if compiler.is_row(schema.as_deref(), &wanted) {
                        all_columns(collection, &mut columns, &mut expressions);
                    } else if others.has_relation(&wanted) {
                        other_columns(collection, &others, Some(&wanted), &mut columns, &mut expressions);
                    } else {
                        return Err(located(no_relation(&wanted), context.text, name.span().start));
                    }
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
            if let (expr::Expr::Planned(position), Some(plan)) = (expression, &planned)
                && let Some(found) = plan.column(*position)
            {
                column.ty = found.ty;
            }
        }
        let version_columns = if others.has_versions() { collection.columns.len() } else { 0 };
        Ok(Some(Returning { columns: columns.into(), expressions, planned, version_columns }))
    }

    /// The positions of the columns that it reads.
    pub fn columns_read(&self) -> Vec<usize> {
        let mut read: Vec<usize> = self.expressions.iter().flat_map(columns_read).collect();
        read.extend(self.planned.iter().flat_map(RowPlan::columns_read));
        read
    }

    /// Whether it shows the row as it was, or as it is, by those names.
    pub fn shows_versions(&self) -> bool {
        self.version_columns > 0
    }

    /// The view that its subqueries read: the statement's, before it changes anything.
    pub fn view(&self, run: &WriteRun<'_>) -> Option<ReadView> {
        self.planned.is_some().then(|| run.view().clone())
    }

    /// What is shown of one row; `view` is what [`Returning::view`] gave before the first change.
    ///
    /// # Errors
    /// As [`expr::Expr::evaluate`] and [`RowPlan::values`].
    pub async fn row(
        &self,
        run: &WriteRun<'_>,
        view: Option<&ReadView>,
        row: &[Value],
        versions: Versions<'_>,
    ) -> Result<Row> {
        let whole: Vec<Value>;
        let mut row = ValueRow { row, ..ValueRow::default() };
        if self.shows_versions() {
            let absent = vec![Value::Null; self.version_columns];
            let version = |values: Option<&[Value]>| values.unwrap_or(&absent).to_vec();
            whole = [row.row.to_vec(), version(versions.old), version(versions.new)].concat();
            row.row = &whole;
        }
        let planned = match &self.planned {
            Some(plan) => plan.values(run, view.unwrap_or_else(|| run.transaction.view()), row).await?,
            None => Vec::new(),
        };
        row.planned = &planned;
        let environment = run.environment();
        self.expressions.iter().map(|expression| expression.evaluate(&environment, &row)).collect()
    }
}

fn all_columns(collection: &Collection, columns: &mut Vec<OutputColumn>, expressions: &mut Vec<expr::Expr>) {
    for position in 0..collection.columns.len() {
        if let Some(column) = stored_column(collection, position) {
            expressions.push(expr::Expr::column(position, column.ty.clone()));
            columns.push(column);
        }
    }
}

fn other_columns(
    collection: &Collection,
    others: &Others,
    relation: Option<&str>,
    columns: &mut Vec<OutputColumn>,
    expressions: &mut Vec<expr::Expr>,
) {
    for (position, column) in others.of_star(relation) {
        columns.push(column.clone());
        let position = collection.columns.len().saturating_add(position);
        expressions.push(expr::Expr::column(position, column.ty.clone()));
    }
}

fn stored_column(collection: &Collection, position: usize) -> Option<OutputColumn> {
    let column = collection.columns.get(position)?;
    Some(OutputColumn {
        name: column.name.clone(),
        ty: column.ty.clone(),
        table_oid: collection.oid(),
        attribute: column.id.attribute(),
    })
}

fn output(
    expr: &Expr,
    name: String,
    compiler: &mut Compiler<'_>,
    columns: &mut Vec<OutputColumn>,
    expressions: &mut Vec<expr::Expr>,
) -> Result<()> {
    let (expression, ty) = match compiler.typed(expr)? {
        Some(mut typed) => {
            compiler.adopt(&mut typed, &ColumnType::Text)?;
            (typed.expression, typed.ty.unwrap_or(ColumnType::Text))
        }
        None => (compiler.plan_later(expr), ColumnType::Unknown),
    };
    let column = match &expression {
        expr::Expr::Field(Operand::Column(position), _) => {
            let other = compiler.others.at(*position, compiler.collection).cloned();
            let column = other.or_else(|| stored_column(compiler.collection, *position));
            column.map(|column| OutputColumn { name: name.clone(), ..column })
        }
        _ => None,
    };
    columns.push(column.unwrap_or_else(|| OutputColumn::computed(name, ty)));
    expressions.push(expression);
    Ok(())
}
