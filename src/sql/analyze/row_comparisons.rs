//! Comparisons of rows, written out in their columns: `(a, b) < (1, 2)` is `a < 1 OR (a = 1 AND b < 2)`.
//!
//! AND and OR have the three truth values that PostgreSQL's comparison of rows has: the first pair that differs decides, a
//! NULL before it makes the answer unknown.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, SelectItem, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator, Value as Literal,
};

use crate::error::{Error, Result};
use crate::sql::analyze::binary::binary;
use crate::sql::analyze::scope::column_of;
use crate::sql::parse::names::{exact, last_part};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::trees::unnested;
use crate::sql::parse::visit::has_expression;
use crate::sql::relational::engine::is_aggregate;
use crate::sql::rewrite::expressions::kept_rows;

/// The columns of a row that is written down: `(a, b)` or `ROW(a, b)`.
pub fn row_values(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Nested(inner) => row_values(inner),
        Expr::Tuple(values) => Some(values.clone()),
        Expr::Function(function) if last_part(&function.name).as_deref() == Some("row") => match &function.args {
            FunctionArguments::List(list) => {
                let values = list.args.iter().map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                    _ => None,
                });
                values.collect()
            }
            _ => None,
        },
        _ => None,
    }
}

/// What stands for an expression about rows; `None` for one that is about none.
///
/// # Errors
/// 42601 for rows of different lengths.
pub fn without_rows(expr: &Expr) -> Result<Option<Expr>> {
    Ok(match expr {
        Expr::BinaryOp { left, op, right } => match (row_values(left), row_values(right)) {
            (Some(left), Some(right)) => compared(op, left, right)?,
            (Some(left), None) => match subquery_of(right) {
                Some(subquery) => compared_with_row(op, left, subquery)?,
                None => None,
            },
            _ => None,
        },
        Expr::AnyOp { left, compare_op, right, .. } => match (row_values(left), kept_rows(unnested(right))) {
            (Some(row), Some(subquery)) => quantified(&row, compare_op, subquery, false)?,
            _ => None,
        },
        Expr::AllOp { left, compare_op, right } => match (row_values(left), kept_rows(unnested(right))) {
            (Some(row), Some(subquery)) => quantified(&row, compare_op, subquery, true)?,
            _ => None,
        },
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            let is_negated = matches!(expr, Expr::IsDistinctFrom(..));
            let (Some(left), Some(right)) = (row_values(left), row_values(right)) else { return Ok(None) };
            let pairs =
                pairs(left, right)?.map(|(left, right)| Expr::IsNotDistinctFrom(Box::new(left), Box::new(right)));
            all(pairs).map(|same| negated(same, is_negated))
        }
        Expr::IsNull(row) => {
            row_values(row).and_then(|row| all(row.into_iter().map(|value| Expr::IsNull(Box::new(value)))))
        }
        Expr::IsNotNull(row) => {
            row_values(row).and_then(|row| all(row.into_iter().map(|value| Expr::IsNotNull(Box::new(value)))))
        }
        Expr::InList { expr: row, list, negated: is_negated } => {
            let Some(row) = row_values(row) else { return Ok(None) };
            let mut equal = Vec::with_capacity(list.len());
            for other in list {
                let Some(other) = row_values(other) else { return Ok(None) };
                equal.extend(compared(&BinaryOperator::Eq, row.clone(), other)?);
            }
            any(equal).map(|found| negated(found, *is_negated))
        }
        Expr::InSubquery { expr: row, subquery, negated: is_negated } => match row_values(row) {
            Some(row) => {
                quantified(&row, &BinaryOperator::Eq, subquery, false)?.map(|among| negated(among, *is_negated))
            }
            None => None,
        },
        _ => None,
    })
}

fn compared(operator: &BinaryOperator, left: Vec<Expr>, right: Vec<Expr>) -> Result<Option<Expr>> {
    let pairs = pairs(left, right)?;
    let strict = match operator {
        BinaryOperator::Eq => return Ok(all(pairs.map(|(left, right)| binary(left, BinaryOperator::Eq, right)))),
        BinaryOperator::NotEq => {
            return Ok(any(pairs.map(|(left, right)| binary(left, BinaryOperator::NotEq, right))));
        }
        BinaryOperator::Lt | BinaryOperator::LtEq => BinaryOperator::Lt,
        BinaryOperator::Gt | BinaryOperator::GtEq => BinaryOperator::Gt,
        _ => return Ok(None),
    };
    let pairs: Vec<(Expr, Expr)> = pairs.collect();
    let mut ordered: Option<Expr> = None;
    for (left, right) in pairs.into_iter().rev() {
        ordered = Some(match ordered {
            None => binary(left, operator.clone(), right),
            Some(rest) => {
                let decides = binary(left.clone(), strict.clone(), right.clone());
                let equal = binary(left, BinaryOperator::Eq, right);
                nested(binary(decides, BinaryOperator::Or, nested(binary(equal, BinaryOperator::And, rest))))
            }
        });
    }
    Ok(ordered.map(nested))
}

fn pairs(left: Vec<Expr>, right: Vec<Expr>) -> Result<impl Iterator<Item = (Expr, Expr)>> {
    if left.len() != right.len() {
        return Err(Error::syntax("unequal number of entries in row expressions", None));
    }
    Ok(left.into_iter().zip(right))
}

/// The rows of a subquery of one column by their sort keys.
///
/// # Errors
/// XX000 when the SELECT around it cannot be made.
pub fn keyed_rows(subquery: &Query, key: &str) -> Result<Query> {
    select_from(subquery, &[exact("$row0")], call(key, vec![column_of("$rows", "$row0")]))
}

/// A subquery in FROM under the name `$rows`.
pub fn rows_of(subquery: &Query, columns: &[Ident]) -> TableWithJoins {
    let columns = columns.iter().map(|name| TableAliasColumnDef { name: name.clone(), data_type: None }).collect();
    let alias = TableAlias { explicit: true, name: exact("$rows"), columns, at: None };
    let relation =
        TableFactor::Derived { lateral: false, subquery: Box::new(subquery.clone()), alias: Some(alias), sample: None };
    TableWithJoins { relation, joins: Vec::new() }
}

/// The columns of a subquery that stands for the right side of a comparison of rows.
fn columns_of(row: &[Expr]) -> Vec<Ident> {
    (0..row.len()).map(|position| exact(format!("$row{position}"))).collect()
}

fn values_of(columns: &[Ident]) -> Vec<Expr> {
    columns.iter().map(|column| Expr::CompoundIdentifier(vec![exact("$rows"), column.clone()])).collect()
}

/// A SELECT of one expression from the rows of a subquery.
fn select_from(subquery: &Query, columns: &[Ident], value: Expr) -> Result<Query> {
    let mut query = select_of(vec![value])?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.from = vec![rows_of(subquery, columns)];
    }
    Ok(query)
}

/// 42601 for a subquery that plainly has another number of columns than the row that it is compared with.
fn check_columns(row: &[Expr], subquery: &Query) -> Result<()> {
    let SetExpr::Select(select) = subquery.body.as_ref() else { return Ok(()) };
    let is_one = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if !select.projection.iter().all(is_one) {
        return Ok(());
    }
    match select.projection.len().cmp(&row.len()) {
        Ordering::Less => Err(Error::syntax("subquery has too few columns", None)),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Error::syntax("subquery has too many columns", None)),
    }
}

/// `row op (subquery)`: the comparison is computed for the row that the subquery yields. A row of aggregates and windows
/// stays where it is, and each of its columns is compared with a subquery of its own.
fn compared_with_row(operator: &BinaryOperator, row: Vec<Expr>, subquery: &Query) -> Result<Option<Expr>> {
    check_columns(&row, subquery)?;
    let columns = columns_of(&row);
    let values = values_of(&columns);
    if row.iter().any(is_of_rows) {
        let values = values
            .into_iter()
            .map(|value| select_from(subquery, &columns, value).map(|query| Expr::Subquery(Box::new(query))));
        return compared(operator, row, values.collect::<Result<_>>()?);
    }
    match compared(operator, row, values)? {
        Some(comparison) => Ok(Some(Expr::Subquery(Box::new(select_from(subquery, &columns, comparison)?)))),
        None => Ok(None),
    }
}

/// Whether an expression is computed of several rows of its query.
fn is_of_rows(expr: &Expr) -> bool {
    has_expression(expr, |part| match part {
        Expr::Function(function) => {
            function.over.is_some() || last_part(&function.name).is_some_and(|name| is_aggregate(&name))
        }
        _ => false,
    })
}

/// `row op ANY (subquery)` and `row op ALL (subquery)`: one row decides, otherwise one whose comparison is unknown makes
/// it unknown.
fn quantified(row: &[Expr], operator: &BinaryOperator, subquery: &Query, is_all: bool) -> Result<Option<Expr>> {
    check_columns(row, subquery)?;
    let columns = columns_of(row);
    let Some(comparison) = compared(operator, row.to_vec(), values_of(&columns))? else { return Ok(None) };
    let exists = |condition: Expr| -> Result<Expr> {
        let mut query = select_from(subquery, &columns, Expr::value(Literal::Number("1".to_string(), false)))?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.selection = Some(condition);
        }
        Ok(Expr::Exists { subquery: Box::new(query), negated: false })
    };
    let when = |condition, result| CaseWhen { condition, result };
    let truth = |truth| Expr::value(Literal::Boolean(truth));
    let unknown = exists(Expr::IsNull(Box::new(comparison.clone())))?;
    let decided = exists(negated(comparison, is_all))?;
    Ok(Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![when(decided, truth(!is_all)), when(unknown, Expr::value(Literal::Null))],
        else_result: Some(Box::new(truth(is_all))),
    }))
}

fn subquery_of(expr: &Expr) -> Option<&Query> {
    match unnested(expr) {
        Expr::Subquery(query) => Some(query),
        _ => None,
    }
}

fn all(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| binary(left, BinaryOperator::And, right)).map(nested)
}

fn any(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| binary(left, BinaryOperator::Or, right)).map(nested)
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn negated(expr: Expr, is_negated: bool) -> Expr {
    if is_negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(nested(expr)) } } else { expr }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn written_out(text: &str) -> String {
        let expr = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).unwrap().parse_expr().unwrap();
        match without_rows(&expr) {
            Ok(expr) => expr.unwrap().to_string(),
            Err(error) => format!("{}: {}", error.sqlstate(), error.message()),
        }
    }

    #[test]
    fn rows_are_compared_column_by_column() {
        assert_eq!(written_out("(a, b) = (1, 2)"), "(a = 1 AND b = 2)");
        assert_eq!(written_out("ROW(a, b) <> (1, 2)"), "(a <> 1 OR b <> 2)");
        assert_eq!(written_out("(a, b) <= ROW(1, 2)"), "((a < 1 OR (a = 1 AND b <= 2)))");
        assert_eq!(written_out("(a, b) IN ((1, 2), (3, 4))"), "((a = 1 AND b = 2) OR (a = 3 AND b = 4))");
        assert_eq!(written_out("(a, b) IS NOT NULL"), "(a IS NOT NULL AND b IS NOT NULL)");
        assert_eq!(written_out("(a, b) = (1, 2, 3)"), "42601: unequal number of entries in row expressions");
    }
}
