//! Generated columns of CREATE TABLE and ALTER TABLE.

use datafusion::sql::sqlparser::ast::{ColumnDef, ColumnOption, Expr, GeneratedAs, GeneratedExpressionMode};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, ColumnId, Computation};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::write::kept_expression::{KeptExpression, kept};
use crate::sql::write::stored_expression::{StoredUse, compile_expression};
use crate::sql::write::write_target::{is_assignable, located};

/// The expression of a column that is generated: what it says of the columns of its table, which are known by now.
///
/// # Errors
/// 42601 for one that is not GENERATED ALWAYS, 42P17 for an expression that names a generated column or is not immutable, 42804
/// for a value of another type; as [`check_of_one_row`] and [`compile_expression`].
pub fn computation(
    definition: &ColumnDef,
    position: usize,
    table: &Collection,
    context: &PlanContext<'_>,
) -> Result<Option<Computation>> {
    let Some((expr, is_virtual)) = expression_of(definition)? else { return Ok(None) };
    let of = "column generation expression";
    check_of_one_row(expr, of, "Use the other columns of the row, constants and immutable functions.")?;
    let at = |error| located(error, context.text, definition.name.span.start);
    let ty = table.columns.get(position).map(|column| &column.ty);
    let KeptExpression { expr, columns, is_immutable } = kept(expr, (of, ty), table, context)?;
    let mut ids: Vec<ColumnId> = Vec::with_capacity(columns.len());
    for name in columns {
        let Some(place) = table.column(&name) else { continue };
        let Some(column) = table.columns.get(place) else { continue };
        if place == position || column.computation().is_some() {
            let message = format!("cannot use generated column \"{name}\" in {of}");
            return Err(at(Error::new(ErrorKind::InvalidObjectDefinition, message)
                .with_detail("A generated column cannot reference another generated column.")));
        }
        ids.push(column.id);
    }
    let Some(column) = table.columns.get(position) else { return Ok(None) };
    let compiled = compile_expression(&expr, StoredUse::Column(position), table, context)?;
    if !compiled.is_immutable || !is_immutable {
        return Err(Error::new(ErrorKind::InvalidObjectDefinition, "generation expression is not immutable"));
    }
    if !is_assignable(&compiled.ty, &column.ty) {
        let (name, ty, from) = (&column.name, &column.ty, &compiled.ty);
        let message = format!("column \"{name}\" is of type {ty} but default expression is of type {from}");
        return Err(Error::new(ErrorKind::DatatypeMismatch, message)
            .with_hint("You will need to rewrite or cast the expression."));
    }
    Ok(Some(Computation { text: expr.to_string(), columns: ids, is_virtual }))
}

/// The expression of a column's definition, and whether it is virtual, as it is where nothing else is said.
///
/// # Errors
/// 42601 for one that is not GENERATED ALWAYS.
pub fn expression_of(definition: &ColumnDef) -> Result<Option<(&Expr, bool)>> {
    for option in &definition.options {
        if let ColumnOption::Generated {
            generated_as,
            generation_expr: Some(expr),
            generation_expr_mode,
            generated_keyword: true,
            ..
        } = &option.option
        {
            if matches!(generated_as, GeneratedAs::ByDefault) {
                let message = "for a generated column, GENERATED ALWAYS must be specified";
                return Err(Error::syntax(message, None));
            }
            return Ok(Some((expr, !matches!(generation_expr_mode, Some(GeneratedExpressionMode::Stored)))));
        }
    }
    Ok(None)
}
