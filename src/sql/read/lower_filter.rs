//! Conditions of the short path: WHERE as a predicate of `db`.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};

use crate::db::{Comparison, Predicate, Scalar};
use crate::sql::analyze::parameter_types::unmodified;
use crate::sql::parse::operators::called;
use crate::sql::read::lower_query::{Distance, Lowering, unnested};
use crate::sql::relational::collection_table::TableColumn;
use crate::sql::relational::pushdown::{fit, flip, is_comparable};
use crate::sql::subqueries::quantified::{DIFFERS_FROM_ALL, EQUALS_ANY};
use crate::types::{ColumnType, Value};

impl Lowering<'_> {
    /// WHERE as a filter, and the bound on the distance that it sets. `None` where either has no counterpart.
    pub fn filter(&self, condition: &Expr, nearest: Option<&Distance>) -> Option<(Option<Predicate>, Option<Scalar>)> {
        let mut conjuncts = Vec::new();
        split(condition, &mut conjuncts);
        let mut predicates = Vec::with_capacity(conjuncts.len());
        let mut within: Option<f64> = None;
        for conjunct in conjuncts {
            match nearest.and_then(|nearest| self.bound(conjunct, nearest)) {
                Some(bound) => within = Some(within.map_or(bound, |other| other.min(bound))),
                None => predicates.push(self.predicate(conjunct)?),
            }
        }
        let filter = match predicates.len() {
            0 => None,
            1 => predicates.pop(),
            _ => Some(Predicate::And(predicates)),
        };
        Some((filter, within.map(|bound| Scalar::Value(Value::Float8(bound)))))
    }

    /// The largest distance that `distance < constant` lets pass.
    fn bound(&self, condition: &Expr, nearest: &Distance) -> Option<f64> {
        let Expr::BinaryOp { left, op, right } = unnested(condition) else { return None };
        let (distance, constant, is_strict) = match op {
            BinaryOperator::Lt => (left, right, true),
            BinaryOperator::LtEq => (left, right, false),
            BinaryOperator::Gt => (right, left, true),
            BinaryOperator::GtEq => (right, left, false),
            _ => return None,
        };
        if self.distance(distance).as_ref() != Some(nearest) {
            return None;
        }
        // Every number is less than NaN, which is no bound of the search.
        let bound = self.number(constant).filter(|bound| !bound.is_nan())?;
        Some(if is_strict { bound.next_down() } else { bound })
    }

    pub fn predicate(&self, condition: &Expr) -> Option<Predicate> {
        match condition {
            Expr::Nested(inner) => self.predicate(inner),
            Expr::BinaryOp { left, op, right } => self.binary_predicate(left, op, right),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Some(Predicate::Not(Box::new(self.predicate(expr)?))),
            Expr::IsNull(inner) => Some(Predicate::IsNull(self.column(inner)?.operand.clone())),
            Expr::IsNotNull(inner) => Some(negated(Predicate::IsNull(self.column(inner)?.operand.clone()), true)),
            Expr::IsTrue(inner) => self.truth(inner, true),
            Expr::IsFalse(inner) => self.truth(inner, false),
            Expr::IsNotTrue(inner) => Some(negated(self.truth(inner, true)?, true)),
            Expr::IsNotFalse(inner) => Some(negated(self.truth(inner, false)?, true)),
            Expr::InList { expr, list, negated: is_negated } => {
                let column = self.column(expr).filter(|column| is_comparable(&column.ty))?;
                let values = list.iter().map(|each| self.comparand(each, column)).collect::<Option<_>>()?;
                Some(negated(Predicate::In { left: column.operand.clone(), values }, *is_negated))
            }
            Expr::Between { expr, negated: is_negated, low, high } => {
                let column = self.column(expr)?;
                let inside = Predicate::And(vec![
                    self.compare(column, Comparison::GreaterOrEqual, low)?,
                    self.compare(column, Comparison::LessOrEqual, high)?,
                ]);
                Some(negated(inside, *is_negated))
            }
            Expr::Like { negated: is_negated, expr, pattern, escape_char: None, any: false } => {
                Some(negated(self.like(expr, pattern, false)?, *is_negated))
            }
            Expr::ILike { negated: is_negated, expr, pattern, escape_char: None, any: false } => {
                Some(negated(self.like(expr, pattern, true)?, *is_negated))
            }
            Expr::Function(_) => self.function_predicate(condition),
            Expr::Value(value) => match value.value {
                Literal::Boolean(truth) => Some(Predicate::Constant(Some(truth))),
                _ => match self.scalar(condition)? {
                    (Scalar::Value(Value::Null), _) => Some(Predicate::Constant(None)),
                    _ => None,
                },
            },
            _ => {
                let column = self.column(condition)?;
                (column.ty == ColumnType::Bool).then(|| Predicate::IsTrue(column.operand.clone()))
            }
        }
    }

    /// `x IS TRUE` or `x IS FALSE`: never unknown.
    fn truth(&self, inner: &Expr, wanted: bool) -> Option<Predicate> {
        let column = self.column(inner).filter(|column| column.ty == ColumnType::Bool)?;
        Some(Predicate::And(vec![
            negated(Predicate::IsTrue(column.operand.clone()), !wanted),
            negated(Predicate::IsNull(column.operand.clone()), true),
        ]))
    }

    fn binary_predicate(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Predicate> {
        let operator = match op {
            BinaryOperator::And => return Some(Predicate::And(vec![self.predicate(left)?, self.predicate(right)?])),
            BinaryOperator::Or => return Some(Predicate::Or(vec![self.predicate(left)?, self.predicate(right)?])),
            BinaryOperator::PGRegexMatch => return self.matches(left, right, false),
            BinaryOperator::PGRegexIMatch => return self.matches(left, right, true),
            BinaryOperator::PGRegexNotMatch => return Some(negated(self.matches(left, right, false)?, true)),
            BinaryOperator::PGRegexNotIMatch => return Some(negated(self.matches(left, right, true)?, true)),
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            _ => return None,
        };
        match (self.column(left), self.column(right)) {
            (Some(a), Some(b)) if unmodified(&a.ty) == unmodified(&b.ty) && is_comparable(&a.ty) => {
                Some(Predicate::CompareOperands { left: a.operand.clone(), operator, right: b.operand.clone() })
            }
            (Some(column), None) => self.compare(column, operator, right),
            (None, Some(column)) => self.compare(column, flip(operator), left),
            _ => None,
        }
    }

    fn compare(&self, column: &TableColumn, operator: Comparison, right: &Expr) -> Option<Predicate> {
        if !is_comparable(&column.ty) {
            return None;
        }
        let right = self.comparand(right, column)?;
        Some(Predicate::Compare { left: column.operand.clone(), operator, right })
    }

    /// What a column is compared with, in the column's type.
    fn comparand(&self, expr: &Expr, column: &TableColumn) -> Option<Scalar> {
        let (scalar, ty) = self.scalar(expr)?;
        match scalar {
            Scalar::Value(value) => Some(Scalar::Value(fit(value, &column.ty)?)),
            // Binding fits whole numbers to the column where nothing is lost (`settle` in `read`).
            Scalar::Parameter(position, _) if ty.is_integer() && column.ty.is_integer() => {
                Some(Scalar::Parameter(position, ty))
            }
            Scalar::Parameter(position, _) => {
                let wanted = unmodified(&column.ty);
                (ty == wanted || (ty.is_text() && wanted.is_text())).then_some(Scalar::Parameter(position, wanted))
            }
        }
    }

    fn text(&self, expr: &Expr) -> Option<Scalar> {
        match self.scalar(expr)? {
            (scalar, ty) if ty.is_text() => Some(scalar),
            _ => None,
        }
    }

    fn like(&self, expr: &Expr, pattern: &Expr, case_insensitive: bool) -> Option<Predicate> {
        let column = self.column(expr).filter(|column| column.ty.is_text())?;
        Some(Predicate::Like { left: column.operand.clone(), pattern: self.text(pattern)?, case_insensitive })
    }

    fn matches(&self, expr: &Expr, pattern: &Expr, case_insensitive: bool) -> Option<Predicate> {
        let column = self.column(expr).filter(|column| column.ty.is_text())?;
        Some(Predicate::Matches { left: column.operand.clone(), pattern: self.text(pattern)?, case_insensitive })
    }

    fn function_predicate(&self, expr: &Expr) -> Option<Predicate> {
        let (name, arguments) = called(expr)?;
        let [first, second] = arguments.as_slice() else { return None };
        match name {
            "starts_with" => {
                let column = self.column(first).filter(|column| column.ty.is_text())?;
                Some(Predicate::StartsWith { left: column.operand.clone(), prefix: self.text(second)? })
            }
            "jsonb_contains" => {
                let column = self.column(first).filter(|column| column.ty == ColumnType::Jsonb)?;
                let (value, ty) = self.scalar(second)?;
                (ty == ColumnType::Jsonb).then(|| Predicate::JsonContains { left: column.operand.clone(), value })
            }
            "jsonb_exists" => {
                let column = self.column(first).filter(|column| column.ty == ColumnType::Jsonb)?;
                Some(Predicate::JsonHasKey { left: column.operand.clone(), key: self.text(second)? })
            }
            EQUALS_ANY | DIFFERS_FROM_ALL => {
                let column = self.column(first).filter(|column| is_comparable(&column.ty))?;
                let (values, ty) = self.scalar(second)?;
                let ColumnType::Array(element) = ty else { return None };
                let fits = unmodified(&element) == unmodified(&column.ty)
                    || (element.is_integer() && column.ty.is_integer())
                    || (element.is_text() && column.ty.is_text());
                // Binding spreads the array out.
                let found = Predicate::In { left: column.operand.clone(), values: vec![values] };
                fits.then(|| negated(found, name == DIFFERS_FROM_ALL))
            }
            _ => None,
        }
    }
}

fn negated(predicate: Predicate, is_negated: bool) -> Predicate {
    if is_negated { Predicate::Not(Box::new(predicate)) } else { predicate }
}

fn split<'e>(condition: &'e Expr, conjuncts: &mut Vec<&'e Expr>) {
    match condition {
        Expr::Nested(inner) => split(inner, conjuncts),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            split(left, conjuncts);
            split(right, conjuncts);
        }
        other => conjuncts.push(other),
    }
}
