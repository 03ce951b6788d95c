//! Conditions of the short path: WHERE as an expression of `db`.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};

use crate::db::Within;
use crate::expr::{self, Comparison, Scalar, Test, unmodified};
use crate::sql::parse::operators::called;
use crate::sql::parse::trees::{conjuncts, unnested};
use crate::sql::planner::subqueries::quantified::{DIFFERS_FROM_ALL, EQUALS_ANY};
use crate::sql::read::lower_query::{Distance, Lowering};
use crate::sql::relational::collection_table::TableColumn;
use crate::sql::relational::pushdown::{fit, is_comparable, test_of};
use crate::types::{ColumnType, Value};

impl Lowering<'_> {
    /// WHERE as a filter, and the bounds on the distance that it sets. `None` where either has no counterpart.
    pub fn filter(&self, condition: &Expr, nearest: Option<&Distance>) -> Option<(Option<expr::Expr>, Vec<Within>)> {
        let mut conditions = Vec::new();
        let mut within = Vec::new();
        for conjunct in conjuncts(condition) {
            match nearest.and_then(|nearest| self.bound(conjunct).filter(|(distance, _)| distance == nearest)) {
                Some((_, bound)) => within.push(bound),
                None => conditions.push(self.condition(conjunct)?),
            }
        }
        Some((expr::Expr::all(conditions), within))
    }

    /// The distance that WHERE bounds first, where the table has an index for it.
    pub fn range(&self, condition: &Expr) -> Option<Distance> {
        let bounded = conjuncts(condition).into_iter().filter_map(|conjunct| self.bound(conjunct));
        bounded.map(|(distance, _)| distance).find(|distance| self.is_indexed(distance))
    }

    /// `distance < constant` in its four forms.
    fn bound(&self, condition: &Expr) -> Option<(Distance, Within)> {
        let Expr::BinaryOp { left, op, right } = unnested(condition) else { return None };
        let (distance, constant, is_strict) = match op {
            BinaryOperator::Lt => (left, right, true),
            BinaryOperator::LtEq => (left, right, false),
            BinaryOperator::Gt => (right, left, true),
            BinaryOperator::GtEq => (right, left, false),
            _ => return None,
        };
        let distance = self.distance(distance)?;
        let (bound, _) = self.scalar(constant).filter(|(_, ty)| ty.is_number())?;
        let bound = match bound {
            Scalar::Value(value) => Scalar::Value(value.cast(&ColumnType::Float8, false).ok()?),
            parameter => parameter,
        };
        Some((distance, Within { distance: bound, is_strict }))
    }

    fn condition(&self, condition: &Expr) -> Option<expr::Expr> {
        match condition {
            Expr::Nested(inner) => self.condition(inner),
            Expr::BinaryOp { left, op, right } => self.binary_condition(left, op, right),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Some(self.condition(expr)?.negated_if(true)),
            Expr::IsNull(inner) => Some(self.column(inner)?.expr().is_null()),
            Expr::IsNotNull(inner) => Some(self.column(inner)?.expr().is_null().negated_if(true)),
            Expr::IsTrue(inner) => self.truth(inner, true),
            Expr::IsFalse(inner) => self.truth(inner, false),
            Expr::IsNotTrue(inner) => Some(self.truth(inner, true)?.negated_if(true)),
            Expr::IsNotFalse(inner) => Some(self.truth(inner, false)?.negated_if(true)),
            Expr::InList { expr, list, negated } => {
                let column = self.column(expr).filter(|column| is_comparable(&column.ty))?;
                let list = list.iter().map(|each| self.comparand(each, column)).collect::<Option<_>>()?;
                Some(expr::Expr::In { left: Box::new(column.expr()), list }.negated_if(*negated))
            }
            Expr::Between { expr, negated, low, high } => {
                let column = self.column(expr)?;
                let inside = expr::Expr::And(vec![
                    self.compare(column, Comparison::GreaterOrEqual, low)?,
                    self.compare(column, Comparison::LessOrEqual, high)?,
                ]);
                Some(inside.negated_if(*negated))
            }
            Expr::Like { negated, expr, pattern, escape_char: None, any: false } => {
                Some(self.pattern(expr, Test::Like { case_insensitive: false }, pattern)?.negated_if(*negated))
            }
            Expr::ILike { negated, expr, pattern, escape_char: None, any: false } => {
                Some(self.pattern(expr, Test::Like { case_insensitive: true }, pattern)?.negated_if(*negated))
            }
            Expr::Function(_) => self.function_condition(condition),
            Expr::Value(value) => match value.value {
                Literal::Boolean(truth) => Some(expr::Expr::constant(Value::Bool(truth))),
                _ => match self.scalar(condition)? {
                    (Scalar::Value(Value::Null), _) => Some(expr::Expr::constant(Value::Null)),
                    _ => None,
                },
            },
            _ => self.column(condition).filter(|column| column.ty == ColumnType::Bool).map(TableColumn::expr),
        }
    }

    /// `x IS TRUE` or `x IS FALSE`: never unknown.
    fn truth(&self, inner: &Expr, wanted: bool) -> Option<expr::Expr> {
        let column = self.column(inner).filter(|column| column.ty == ColumnType::Bool)?;
        Some(expr::Expr::And(vec![column.expr().negated_if(!wanted), column.expr().is_null().negated_if(true)]))
    }

    fn binary_condition(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<expr::Expr> {
        let matches = |case_insensitive| self.pattern(left, Test::Matches { case_insensitive }, right);
        match op {
            BinaryOperator::And => return Some(expr::Expr::And(vec![self.condition(left)?, self.condition(right)?])),
            BinaryOperator::Or => return Some(expr::Expr::Or(vec![self.condition(left)?, self.condition(right)?])),
            BinaryOperator::PGRegexMatch => return matches(false),
            BinaryOperator::PGRegexIMatch => return matches(true),
            BinaryOperator::PGRegexNotMatch => return Some(matches(false)?.negated_if(true)),
            BinaryOperator::PGRegexNotIMatch => return Some(matches(true)?.negated_if(true)),
            _ => {}
        }
        let operator = Comparison::of(&op.to_string())?;
        match (self.column(left), self.column(right)) {
            (Some(a), Some(b)) if unmodified(&a.ty) == unmodified(&b.ty) && is_comparable(&a.ty) => {
                Some(expr::Expr::compare(a.expr(), operator, b.expr()))
            }
            (Some(column), None) => self.compare(column, operator, right),
            (None, Some(column)) => self.compare(column, operator.flip(), left),
            _ => None,
        }
    }

    fn compare(&self, column: &TableColumn, operator: Comparison, right: &Expr) -> Option<expr::Expr> {
        if !is_comparable(&column.ty) {
            return None;
        }
        Some(expr::Expr::compare(column.expr(), operator, self.comparand(right, column)?))
    }

    /// What a column is compared with, in the column's type; a whole number of another width compares as it is.
    fn comparand(&self, expr: &Expr, column: &TableColumn) -> Option<expr::Expr> {
        let (scalar, ty) = self.scalar(expr)?;
        match scalar {
            Scalar::Value(value) => fit(value, &column.ty).map(expr::Expr::constant),
            Scalar::Parameter(position, _) if ty.is_integer() && column.ty.is_integer() => {
                Some(expr::Expr::parameter(position, ty))
            }
            Scalar::Parameter(position, _) => {
                let wanted = unmodified(&column.ty);
                let fits = ty == wanted || (ty.is_text() && wanted.is_text());
                fits.then_some(expr::Expr::parameter(position, wanted))
            }
        }
    }

    fn text(&self, expr: &Expr) -> Option<expr::Expr> {
        self.scalar(expr).filter(|(_, ty)| ty.is_text()).map(|(scalar, _)| expr::Expr::Scalar(scalar))
    }

    fn pattern(&self, expr: &Expr, test: Test, pattern: &Expr) -> Option<expr::Expr> {
        let column = self.column(expr).filter(|column| column.ty.is_text())?;
        Some(expr::Expr::test(column.expr(), test, self.text(pattern)?))
    }

    fn function_condition(&self, expr: &Expr) -> Option<expr::Expr> {
        let (name, arguments) = called(expr)?;
        let [first, second] = arguments.as_slice() else { return None };
        let column = self.column(first)?;
        if matches!(name, EQUALS_ANY | DIFFERS_FROM_ALL) {
            let (values, ty) = self.scalar(second)?;
            let ColumnType::Array(element) = ty else { return None };
            let fits = unmodified(&element) == unmodified(&column.ty)
                || (element.is_integer() && column.ty.is_integer())
                || (element.is_text() && column.ty.is_text());
            let array = Box::new(expr::Expr::Scalar(values));
            let found = expr::Expr::InArray { left: Box::new(column.expr()), array };
            return (fits && is_comparable(&column.ty)).then(|| found.negated_if(name == DIFFERS_FROM_ALL));
        }
        let (test, is_negated) = test_of(name, &column.ty)?;
        let right = match test {
            Test::JsonContains => match self.scalar(second)? {
                (scalar, ColumnType::Jsonb) => expr::Expr::Scalar(scalar),
                _ => return None,
            },
            Test::FullText => match self.scalar(second)? {
                (scalar, ColumnType::TsQuery) => expr::Expr::Scalar(scalar),
                _ => return None,
            },
            _ => self.text(second)?,
        };
        Some(expr::Expr::test(column.expr(), test, right).negated_if(is_negated))
    }
}
