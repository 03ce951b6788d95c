//! Parts of values: subscripts of arrays, and the fields of rows.

use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, Expr, Ident, Spanned, Subscript, Value as Literal};

use crate::error::{Error, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::casts::keep_type;
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::call;
use crate::types::ColumnType;

/// The planner's function that takes a field out of a row.
const FIELD: &str = "get_field";

impl Analyzer<'_> {
    /// `a[1]`, `a[1:2]` and `(row).field`, any number of them.
    ///
    /// # Errors
    /// 42601 for a field that is no name and a slice with a step, 22P02 for a position whose text is no number;
    /// as [`Analyzer::expr`].
    pub fn access(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let location = expr.span().start;
        let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(None) };
        let mut value = root.as_ref().clone();
        if let Some(AccessExpr::Dot(Expr::Identifier(field))) = access_chain.first()
            && let Some(column) = self.field_of_row(&value, field)?
        {
            value = column;
            access_chain.remove(0);
        }
        let mut ty = self.expr(&mut value)?;
        for access in std::mem::take(access_chain) {
            match access {
                AccessExpr::Subscript(mut subscript) => {
                    self.subscript(&mut subscript, ty.as_ref())?;
                    let is_element = matches!(subscript, Subscript::Index { .. });
                    ty = if is_element { ty.and_then(|ty| ty.element()) } else { ty };
                    let access_chain = vec![AccessExpr::Subscript(subscript)];
                    value = Expr::CompoundFieldAccess { root: Box::new(value), access_chain };
                }
                AccessExpr::Dot(Expr::Identifier(name)) => {
                    value = call(FIELD, vec![value, field_name(&name)]);
                    ty = None;
                }
                AccessExpr::Dot(_) => {
                    return Err(self.at(Error::syntax("a field is a name", None), location));
                }
            }
        }
        *expr = value;
        if ty.as_ref().is_some_and(|ty| *ty.base() == ColumnType::Numeric(None)) {
            keep_type(expr, ty.as_ref());
        }
        Ok(ty)
    }

    /// Positions count from 1; those of the catalogs' vectors of numbers from 0.
    fn subscript(&mut self, subscript: &mut Subscript, of: Option<&ColumnType>) -> Result<()> {
        let from_zero = of.is_some_and(ColumnType::is_number_vector);
        let bounds: Vec<&mut Expr> = match subscript {
            Subscript::Index { index } => vec![index],
            Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                lower_bound.iter_mut().chain(upper_bound.iter_mut()).collect()
            }
            Subscript::Slice { .. } => return Err(Error::syntax("a slice has two bounds", None)),
        };
        for bound in bounds {
            self.adopt(bound, &ColumnType::Int4)?;
            if from_zero {
                let one = Expr::value(Literal::Number("1".to_string(), false));
                let position = Expr::Nested(Box::new(bound.clone()));
                *bound = Expr::BinaryOp { left: Box::new(position), op: BinaryOperator::Plus, right: Box::new(one) };
            }
            self.argument(bound)?;
        }
        Ok(())
    }
}

/// The name of a field as the planner's function takes it.
fn field_name(name: &Ident) -> Expr {
    Expr::value(Literal::SingleQuotedString(folded(name)))
}
