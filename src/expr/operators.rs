//! Operators of expressions: comparisons, arithmetic and tests, each with its one evaluator.
//!
//! NULL on either side makes the result unknown. Facts have no declared type: values of different kinds are unequal and have
//! no order.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::patterns::{compile_regex, contains, text_of};
use crate::types::full_text::matching::matches;
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value, like_matches, never};

/// An order or an equality that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a computation does with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A question about two values that has a truth for an answer, and is no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// A text is like a pattern with `%` and `_`.
    Like {
        case_insensitive: bool,
    },
    /// A regular expression (of an engine that takes linear time) matches somewhere in a text.
    Matches {
        case_insensitive: bool,
    },
    StartsWith,
    /// KNIRVQL's CONTAINS: a text contains a text, a JSON array a value, an object a key.
    Contains,
    /// jsonb contains jsonb.
    JsonContains,
    /// jsonb has a key.
    JsonHasKey,
    /// A document matches a query of full text.
    FullText,
}

impl Comparison {
    /// The comparison that a symbol stands for.
    pub fn of(symbol: &str) -> Option<Comparison> {
        Some(match symbol {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// The comparison that holds with the sides exchanged.
    #[must_use]
    pub fn flip(self) -> Comparison {
        match self {
            Comparison::Equal | Comparison::NotEqual => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }

    /// Whether it holds of two values that stand so to one another.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Whether it holds of two values; `None` where one is NULL, or where they have no order and one is asked for.
    pub fn compare(self, left: &Value, right: &Value) -> Option<bool> {
        if left.is_null() || right.is_null() {
            return None;
        }
        match (left.compare(right), self) {
            (Some(order), _) => Some(self.holds(order)),
            (None, Comparison::Equal) => Some(false),
            (None, Comparison::NotEqual) => Some(true),
            (None, _) => None,
        }
    }
}

impl Test {
    pub fn symbol(self) -> &'static str {
        match self {
            Test::Like { case_insensitive: false } => "LIKE",
            Test::Like { case_insensitive: true } => "ILIKE",
            Test::Matches { case_insensitive: false } => "~",
            Test::Matches { case_insensitive: true } => "~*",
            Test::StartsWith => "^@",
            Test::Contains => "CONTAINS",
            Test::JsonContains => "@>",
            Test::JsonHasKey => "?",
            Test::FullText => "@@",
        }
    }

    /// The answer; `None` is unknown. A program asks with a right side that it has looked at before where that is constant.
    ///
    /// # Errors
    /// 22025 for a pattern of LIKE that ends in a backslash, where the match comes to it; 2201B for a regular expression that is
    /// wrong or too large, 54000 for one that takes too long.
    pub fn answer(self, left: &Value, right: &Value) -> Result<Option<bool>> {
        if left.is_null() {
            return Ok(None);
        }
        if self == Test::Contains {
            return Ok(if right.is_null() { None } else { contains(left, right) });
        }
        if self == Test::FullText {
            return Ok(match (left, right) {
                (Value::TsVector(vector), Value::TsQuery(query)) => Some(matches(vector, query)),
                _ => None,
            });
        }
        let Some(right) = text_of(right) else { return Ok(None) };
        Ok(match (self, left) {
            (Test::JsonContains, Value::Json(document)) => Some(jsonb::contains(document, &right)),
            (Test::JsonHasKey, Value::Json(document)) => Some(jsonb::has_key(document, &right)),
            (Test::JsonContains | Test::JsonHasKey, _) => None,
            (_, left) => match text_of(left) {
                None => None,
                Some(text) => Some(match self {
                    Test::Like { case_insensitive } => like_matches(&text, &right, case_insensitive)?,
                    Test::Matches { case_insensitive } => {
                        compile_regex(&right, case_insensitive)?.is_match(&text, &never)?
                    }
                    _ => text.starts_with(right.as_ref()),
                }),
            },
        })
    }
}

impl Arithmetic {
    /// The computation that a symbol stands for.
    pub fn of(symbol: &str) -> Option<Arithmetic> {
        Some(match symbol {
            "+" => Arithmetic::Add,
            "-" => Arithmetic::Subtract,
            "*" => Arithmetic::Multiply,
            "/" => Arithmetic::Divide,
            _ => return None,
        })
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
        }
    }

    /// Computes with two values in type `ty`.
    ///
    /// # Errors
    /// 22003 for a result that is out of range, 22012 for a division by zero; as [`Value::cast`] for values that are none of
    /// the type.
    pub fn apply(self, left: Value, right: Value, ty: &ColumnType) -> Result<Value> {
        if left.is_null() || right.is_null() {
            return Ok(Value::Null);
        }
        let out_of_range = || Error::new(ErrorKind::NumericOutOfRange, format!("{ty} out of range"));
        let (left, right) = (left.cast(ty, false)?, right.cast(ty, false)?);
        if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
            let result = match self {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
                Arithmetic::Divide if right == 0 => return Err(by_zero()),
                Arithmetic::Divide => left.checked_div(right),
            };
            return Value::Int8(result.ok_or_else(out_of_range)?).cast(ty, false);
        }
        match (left, right) {
            (Value::Numeric(left), Value::Numeric(right)) => {
                let result = match self {
                    Arithmetic::Add => left.plus(&right),
                    Arithmetic::Subtract => left.minus(&right),
                    Arithmetic::Multiply => left.times(&right),
                    Arithmetic::Divide => left.over(&right),
                };
                result.map(Value::Numeric)
            }
            (Value::Float8(left), Value::Float8(right)) => Ok(Value::float8(self.apply_float(left, right)?)),
            (Value::Float4(left), Value::Float4(right)) => {
                Value::float8(self.apply_float(f64::from(left), f64::from(right))?).cast(ty, false)
            }
            (left, right) => {
                Err(Error::internal(format!("arithmetic between {} and {}", left.column_type(), right.column_type())))
            }
        }
    }

    fn apply_float(self, left: f64, right: f64) -> Result<f64> {
        let computed = match self {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
        };
        self.check_floats(left, right, computed).map(|()| computed)
    }

    /// Refuses what PostgreSQL has no result for.
    ///
    /// # Errors
    /// 22012 for a divisor of zero, 22003 for a result of finite numbers that is infinite, and for a product or quotient of others
    /// than zero that is zero.
    pub fn check_floats(self, left: f64, right: f64, computed: f64) -> Result<()> {
        let out_of_range =
            |how: &str| Err(Error::new(ErrorKind::NumericOutOfRange, format!("value out of range: {how}")));
        if self == Arithmetic::Divide && right == 0.0 && !left.is_nan() {
            return Err(by_zero());
        }
        let is_of_finite = left.is_finite() && (right.is_finite() || self == Arithmetic::Divide);
        if computed.is_infinite() && is_of_finite {
            return out_of_range("overflow");
        }
        let is_lost = match self {
            Arithmetic::Multiply => left != 0.0 && right != 0.0,
            Arithmetic::Divide => left != 0.0 && !right.is_infinite(),
            Arithmetic::Add | Arithmetic::Subtract => false,
        };
        if computed == 0.0 && is_lost {
            return out_of_range("underflow");
        }
        Ok(())
    }
}

fn by_zero() -> Error {
    Error::new(ErrorKind::DivisionByZero, "division by zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_checked() {
        use Arithmetic::{Add, Divide, Multiply, Subtract};
        let int4 = |operator: Arithmetic, a, b| operator.apply(Value::Int4(a), Value::Int4(b), &ColumnType::Int4);
        assert_eq!(int4(Add, 2, 3).unwrap(), Value::Int4(5));
        assert_eq!(int4(Divide, -7, 2).unwrap(), Value::Int4(-3));
        assert_eq!(int4(Divide, 1, 0).unwrap_err().sqlstate(), "22012");
        assert_eq!(int4(Multiply, i32::MAX, 2).unwrap_err().message(), "integer out of range");
        let wide = Subtract.apply(Value::Int8(i64::MIN), Value::Int4(1), &ColumnType::Int8);
        assert_eq!(wide.unwrap_err().message(), "bigint out of range");
        let mixed = Add.apply(Value::Numeric("1.5".parse().unwrap()), Value::Int4(1), &ColumnType::Numeric(None));
        assert_eq!(mixed.unwrap().to_text(), "2.5");
        let float = Multiply.apply(Value::Float8(1e300), Value::Float8(1e300), &ColumnType::Float8);
        assert_eq!(float.unwrap_err().sqlstate(), "22003");
        assert_eq!(Add.apply(Value::Null, Value::Int4(1), &ColumnType::Int4).unwrap(), Value::Null);
    }

    #[test]
    fn comparisons_turn_round_and_have_symbols() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for comparison in [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual] {
            assert_eq!(Comparison::of(comparison.symbol()), Some(comparison));
            let (one, two) = (Value::Int4(1), Value::Float8(2.5));
            assert_eq!(comparison.compare(&one, &two), comparison.flip().compare(&two, &one));
            assert_eq!(comparison.compare(&one, &Value::Null), None);
        }
        assert_eq!(Less.compare(&Value::Int4(1), &Value::text("a")), None);
        assert_eq!(NotEqual.compare(&Value::Int4(1), &Value::text("a")), Some(true));
    }
}
