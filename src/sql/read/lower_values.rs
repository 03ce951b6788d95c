//! What is computed of values on the short path: arithmetic, casts, `coalesce`, `round` and time buckets of what an entry or a group
//! has. The types are PostgreSQL's, and numerics are computed to the digit.

use datafusion::sql::sqlparser::ast::{BinaryOperator, CastKind, Expr, UnaryOperator};

use crate::expr::{self, Arithmetic, Scalar, unmodified};
use crate::sql::analyze::analyzer::wider;
use crate::sql::arrow::arithmetic_functions::{checked_float_function, checked_function};
use crate::sql::arrow::cast_functions::cast_target;
use crate::sql::functions::{
    NAMED, NUMBER_KEPT, NUMBER_NEGATED, NUMBER_OF, NUMBER_ROUND, NUMERIC_KEY, TIMESTAMP_BIN, TIMESTAMP_TRUNC,
    TIMESTAMPTZ_BIN, TIMESTAMPTZ_TRUNC, plain_function,
};
use crate::sql::parse::operators::called;
use crate::sql::parse::trees::{number, number_of};
use crate::sql::read::lower_query::Lowering;
use crate::sql::read::roundings::rounded;
use crate::sql::read::truncations::truncation;
use crate::sql::relational::pushdown::is_comparable;
use crate::types::{ColumnType, Value};

/// Computations within one another, at most; what goes deeper is left to the planner.
const DEPTH_MAX: usize = 64;

/// A value and its type.
pub type TypedValue = (expr::Expr, ColumnType);

/// Finds the parts that values are computed of: columns of an entry, or groups and aggregates. What is no such part gives `None`.
pub type FindPart<'p> = dyn FnMut(&Expr) -> Option<TypedValue> + 'p;

impl Lowering<'_> {
    /// A value that is made of parts; `None` for what has no exact counterpart.
    pub fn computed(&self, expr: &Expr, part: &mut FindPart<'_>) -> Option<TypedValue> {
        self.computed_within(expr, part, DEPTH_MAX)
    }

    fn computed_within(&self, expr: &Expr, part: &mut FindPart<'_>, depth: usize) -> Option<TypedValue> {
        let depth = depth.checked_sub(1)?;
        if let Some(found) = part(expr) {
            return Some(found);
        }
        if let Some((scalar, ty)) = self.constant(expr) {
            return Some((expr::Expr::Scalar(scalar), ty));
        }
        match expr {
            Expr::Nested(inner) => self.computed_within(inner, part, depth),
            Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None } => {
                let to = ColumnType::parse(&data_type.to_string()).ok()?;
                Some(converted(self.computed_within(expr, part, depth)?.0, to))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => negated(self.computed_within(expr, part, depth)?),
            Expr::BinaryOp { left, op, right } => {
                let operator = Arithmetic::of(&op.to_string())?;
                arithmetic(
                    self.computed_within(left, part, depth)?,
                    operator,
                    self.computed_within(right, part, depth)?,
                )
            }
            _ => self.called_value(expr, part, depth),
        }
    }

    fn called_value(&self, expr: &Expr, part: &mut FindPart<'_>, depth: usize) -> Option<TypedValue> {
        let (name, arguments) = called(expr)?;
        match (name, arguments.as_slice()) {
            (NUMBER_NEGATED, [inner]) => negated(self.computed_within(inner, part, depth)?),
            (NAMED, [inner, ..]) | (NUMBER_KEPT | NUMERIC_KEY, [inner]) => self.computed_within(inner, part, depth),
            ("coalesce", list) => self.first_value(list, part, depth),
            (TIMESTAMP_TRUNC | TIMESTAMPTZ_TRUNC | TIMESTAMP_BIN | TIMESTAMPTZ_BIN, list) => {
                let list = list.iter().map(|each| match self.scalar(each) {
                    Some((scalar, _)) => Some(expr::Expr::Scalar(scalar)),
                    None => Some(self.computed_within(each, part, depth)?.0),
                });
                typed(truncation(name, list.collect::<Option<Vec<_>>>()?)?)
            }
            (NUMBER_OF, [text]) => match self.scalar(text) {
                Some((Scalar::Value(Value::Text(text)), _)) => {
                    typed(expr::Expr::constant(Value::Numeric(text.parse().ok()?)))
                }
                _ => Some(converted(self.computed_within(text, part, depth)?.0, ColumnType::Numeric(None))),
            },
            ("round" | NUMBER_ROUND, [inner, rest @ ..]) => {
                let digits = match rest {
                    [] => 0,
                    [digits] => self.whole_number(digits)?,
                    _ => return None,
                };
                let (inner, ty) = self.computed_within(inner, part, depth)?;
                matches!(ty, ColumnType::Numeric(_)).then(|| (rounded(inner, digits), ColumnType::Numeric(None)))
            }
            (name, [left, right]) => {
                let operators =
                    [BinaryOperator::Plus, BinaryOperator::Minus, BinaryOperator::Multiply, BinaryOperator::Divide];
                let checked = operators.into_iter().find(|operator| {
                    [checked_function(operator), checked_float_function(operator)].contains(&Some(name))
                });
                let operator = match checked {
                    Some(operator) => Arithmetic::of(&operator.to_string())?,
                    None => Arithmetic::of(plain_function(name)?)?,
                };
                arithmetic(
                    self.computed_within(left, part, depth)?,
                    operator,
                    self.computed_within(right, part, depth)?,
                )
            }
            (name, [inner]) => Some(converted(self.computed_within(inner, part, depth)?.0, cast_target(name)?)),
            _ => None,
        }
    }

    /// `coalesce` of values of one type, of whole numbers beside numerics too.
    fn first_value(&self, list: &[&Expr], part: &mut FindPart<'_>, depth: usize) -> Option<TypedValue> {
        let values = list.iter().map(|each| self.computed_within(each, part, depth)).collect::<Option<Vec<_>>>()?;
        let ty = unmodified(&values.first()?.1);
        let mut list = Vec::with_capacity(values.len());
        for (value, own) in values {
            list.push(match value {
                value if unmodified(&own) == ty || (own.is_text() && ty.is_text()) => value,
                expr::Expr::Scalar(Scalar::Value(value)) if own.is_integer() && is_exact(&ty) => {
                    expr::Expr::constant(value.cast(&ty, false).ok()?)
                }
                _ => return None,
            });
        }
        is_comparable(&ty).then_some((expr::Expr::Coalesce { list, ty: ty.clone() }, ty))
    }

    /// A constant whole number, plain or as a numeric.
    fn whole_number(&self, expr: &Expr) -> Option<i32> {
        if let Some((NUMBER_OF, [inner])) = called(expr).as_ref().map(|(name, list)| (*name, list.as_slice())) {
            return self.whole_number(inner);
        }
        match self.constant(expr)?.0 {
            Scalar::Value(Value::Text(text)) => text.parse().ok(),
            Scalar::Value(Value::Numeric(number)) => i32::try_from(number.to_i64()?).ok(),
            Scalar::Value(value) => i32::try_from(value.as_i64()?).ok(),
            Scalar::Parameter(..) => None,
        }
    }

    /// A constant, a parameter or a number as it is written.
    pub fn constant(&self, expr: &Expr) -> Option<(Scalar, ColumnType)> {
        if let Some((text, is_negative)) = number_of(expr) {
            let value = number(text, is_negative)?;
            let ty = value.column_type();
            return Some((Scalar::Value(value), ty));
        }
        self.scalar(expr)
    }
}

/// A number with the other sign.
fn negated((number, ty): TypedValue) -> Option<TypedValue> {
    let minus_one = Value::Int4(-1).cast(&unmodified(&ty), false).ok().filter(|_| is_computed(&ty))?;
    arithmetic((number, ty.clone()), Arithmetic::Multiply, (expr::Expr::constant(minus_one), ty))
}

fn typed(value: expr::Expr) -> Option<TypedValue> {
    let ty = value.ty();
    Some((value, ty))
}

fn converted(inner: expr::Expr, to: ColumnType) -> TypedValue {
    (expr::Expr::Convert { inner: Box::new(inner), to: to.clone(), explicit: true }, to)
}

/// Whether a type is an integer or numeric.
pub fn is_exact(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric(_))
}

fn is_computed(ty: &ColumnType) -> bool {
    is_exact(ty) || matches!(ty, ColumnType::Float4 | ColumnType::Float8)
}

fn arithmetic(left: TypedValue, operator: Arithmetic, right: TypedValue) -> Option<TypedValue> {
    let ((left, left_type), (right, right_type)) = (left, right);
    if !is_computed(&left_type) || !is_computed(&right_type) {
        return None;
    }
    let ty = wider(&unmodified(&left_type), &unmodified(&right_type));
    let value = expr::Expr::Arithmetic { operator, left: Box::new(left), right: Box::new(right), ty: ty.clone() };
    Some((value, ty))
}
