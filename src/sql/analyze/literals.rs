//! Literals and parameters take the type of their place.
//!
//! A literal of a type that the planner could not make of its text becomes a constant: a parameter behind the statement's
//! own, with its value, so that `'[1,2,3]'`, `'2024-01-01'` and `'5'` are read once, by the types' own input functions, and
//! a wrong one is an error at its position.

use datafusion::sql::sqlparser::ast::{Expr, Value as Literal};

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::present_words::read_constant;
use crate::sql::parse::trees::number_of;
use crate::types::{ColumnType, Numeric, Value};

impl Analyzer<'_> {
    /// Whether the expression has no type of its own: a string literal, NULL, or a parameter without a type.
    pub fn is_adoptable(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Nested(inner) => self.is_adoptable(inner),
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => {
                    placeholder(name).is_some_and(|position| self.parameter_type(position).is_none())
                }
                other => string_of(other).is_some() || matches!(other, Literal::Null),
            },
            _ => false,
        }
    }

    /// Gives a literal or parameter without a type the type of its place; leaves everything else alone.
    ///
    /// # Errors
    /// What the type's input function says of the text, at the literal.
    pub fn adopt(&mut self, expr: &mut Expr, ty: &ColumnType) -> Result<()> {
        match expr {
            Expr::Nested(inner) => self.adopt(inner, ty),
            Expr::Array(array) => {
                if let ColumnType::Array(element) = ty {
                    for each in &mut array.elem {
                        self.adopt(each, element)?;
                    }
                }
                Ok(())
            }
            Expr::Value(value) => {
                if let Literal::Placeholder(name) = &value.value {
                    if let Some(position) = placeholder(name)
                        && position < self.first_constant
                    {
                        self.parameters.suggest(position, ty);
                    }
                    return Ok(());
                }
                if matches!(value.value, Literal::Null) && !matches!(ty, ColumnType::Unknown) {
                    *expr = self.constant(Value::Null, ty);
                    return Ok(());
                }
                let Some(text) = string_of(&value.value) else { return Ok(()) };
                if matches!(ty, ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Name | ColumnType::Unknown) {
                    return Ok(());
                }
                let location = value.span.start;
                let typed = read_constant(Value::text(text), ty, true, self.context);
                let typed = typed.map_err(|error| self.at(error, location))?;
                self.note_literal(value, text, &typed);
                *expr = self.constant(typed, ty);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Suggests a type for a parameter; leaves literals alone.
    pub fn adopt_parameter(&mut self, expr: &Expr, ty: &ColumnType) {
        if let Expr::Value(value) = expr
            && let Literal::Placeholder(name) = &value.value
            && let Some(position) = placeholder(name)
            && position < self.first_constant
        {
            self.parameters.suggest(position, ty);
        }
    }

    /// A number literal next to a value of a wider numeric type takes that type, so that the column needs no cast.
    pub fn adopt_number(&mut self, expr: &mut Expr, ty: &ColumnType) {
        let Some(value) = self.constant_value(expr).cloned() else { return };
        let is_narrower = match (&value, ty) {
            (Value::Int2(_) | Value::Int4(_) | Value::Int8(_), wide) => {
                wide.is_integer() || matches!(wide, ColumnType::Float8 | ColumnType::Float4)
            }
            (Value::Numeric(_), wide) => matches!(wide, ColumnType::Float8),
            _ => false,
        };
        let is_exact = |float: &Value| match (float, value.as_i64()) {
            (Value::Float4(_), Some(n)) => n.unsigned_abs() < 1 << 24,
            _ => true,
        };
        if is_narrower
            && let Ok(typed) = value.clone().cast(ty, false)
            && is_exact(&typed)
        {
            *expr = self.constant(typed, ty);
        }
    }

    /// The value behind an expression that is a constant.
    pub fn constant_value(&self, expr: &Expr) -> Option<&Value> {
        match expr {
            Expr::Nested(inner) => self.constant_value(inner),
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => {
                    let position = placeholder(name)?.checked_sub(self.first_constant)?;
                    self.constants.get(position).map(|(value, _)| value)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The type of an expression that is a constant, with the dimensions of its value.
    pub fn constant_type(&self, expr: &Expr) -> Option<ColumnType> {
        match expr {
            Expr::Nested(inner) => self.constant_type(inner),
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => {
                    let position = placeholder(name)?.checked_sub(self.first_constant)?;
                    self.constants.get(position).map(|(_, ty)| ty.clone())
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A number as it is written as an `integer`.
    pub fn as_int4(&mut self, expr: &mut Expr) {
        let number = number_of(expr).and_then(|(digits, is_negative)| {
            let sign = if is_negative { "-" } else { "" };
            format!("{sign}{digits}").parse::<i32>().ok()
        });
        if let Some(number) = number {
            *expr = self.constant(Value::Int4(number), &ColumnType::Int4);
        }
    }

    /// The type of a parameter or constant.
    pub fn parameter_type(&self, position: usize) -> Option<&ColumnType> {
        match position.checked_sub(self.first_constant) {
            None => self.parameters.get(position),
            Some(constant) => self.constants.get(constant).map(|(_, ty)| ty),
        }
    }

    /// An expression for a value; identical values are one constant, so that equal expressions stay equal.
    pub fn constant(&mut self, value: Value, ty: &ColumnType) -> Expr {
        let ty = match (&value, ty) {
            // The planner's lists have the dimensions that a type of PostgreSQL's does not tell.
            (Value::Array(_, elements), ColumnType::Array(element)) => of_dimensions(elements, element),
            (_, ty) => ty.clone(),
        };
        let places = self.constant_places.entry(value.to_text()).or_default();
        let is_same = |place: &usize| {
            self.constants
                .get(*place)
                .is_some_and(|(known, known_type)| known.is_identical(&value) && *known_type == ty)
        };
        let position = places.iter().copied().find(is_same).unwrap_or_else(|| {
            places.push(self.constants.len());
            self.constants.push((value, ty));
            self.constants.len() - 1
        });
        Expr::value(Literal::Placeholder(format!("${}", self.first_constant + position + 1)))
    }

    /// A number literal as a constant of the type PostgreSQL gives it: int4, int8 or numeric.
    ///
    /// # Errors
    /// 22003 for a number that no numeric holds.
    pub fn number(&mut self, text: &str, negative: bool) -> Result<(Expr, ColumnType)> {
        let digits = if negative { format!("-{text}") } else { text.to_string() };
        let digits = digits.replace('_', "");
        if let Ok(small) = digits.parse::<i32>() {
            return Ok((self.constant(Value::Int4(small), &ColumnType::Int4), ColumnType::Int4));
        }
        if let Ok(large) = digits.parse::<i64>() {
            return Ok((self.constant(Value::Int8(large), &ColumnType::Int8), ColumnType::Int8));
        }
        let number: Numeric = digits.parse()?;
        let ty = ColumnType::Numeric(None);
        Ok((self.constant(Value::Numeric(number), &ty), ty))
    }
}

/// The type of an array with a list for each dimension of its value, which are six at most.
fn of_dimensions(elements: &[Value], element: &ColumnType) -> ColumnType {
    let inner = match (elements.first(), element) {
        (Some(Value::Array(_, inner)), ColumnType::Array(element)) => of_dimensions(inner, element),
        (Some(Value::Array(_, inner)), element) => of_dimensions(inner, element),
        _ => element.clone(),
    };
    ColumnType::Array(Box::new(inner))
}

/// The 0-based position of `$n`.
pub fn placeholder(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The digits of a bit string, and how many bits each of them is.
pub fn bit_digits(literal: &Literal) -> Option<(&str, u32)> {
    match literal {
        Literal::SingleQuotedByteStringLiteral(digits) => Some((digits, 1)),
        Literal::HexStringLiteral(digits) => Some((digits, 4)),
        _ => None,
    }
}

/// The text of a string literal of unknown type.
pub fn string_of(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::SingleQuotedString(text)
        | Literal::EscapedStringLiteral(text)
        | Literal::UnicodeStringLiteral(text)
        | Literal::NationalStringLiteral(text) => Some(text),
        Literal::DollarQuotedString(quoted) => Some(&quoted.value),
        _ => None,
    }
}
