//! Expressions as SQL writes them, for golden files and whoever looks into a plan. Constants are shown: do not log conditions of
//! secrets.

use std::fmt::{self, Display, Formatter};

use crate::expr::tree::{Expr, Operand, PathBase, PathResult, Scalar};
use crate::model::Collection;
use crate::types::json::jsonb::PathStep;
use crate::types::{Value, quote_identifier};

/// An expression over rows of a collection, to be shown.
struct Shown<'a> {
    expr: &'a Expr,
    collection: &'a Collection,
}

impl Expr {
    /// The expression as SQL, with the names of a collection's columns.
    pub fn shown<'a>(&'a self, collection: &'a Collection) -> impl Display + 'a {
        Shown { expr: self, collection }
    }

    fn is_leaf(&self) -> bool {
        matches!(
            self,
            Expr::Scalar(_)
                | Expr::Field(..)
                | Expr::Excluded(..)
                | Expr::Planned(_)
                | Expr::Coalesce { .. }
                | Expr::Call { .. }
        )
    }
}

impl Shown<'_> {
    /// A part of it.
    fn part<'b>(&'b self, expr: &'b Expr) -> Shown<'b> {
        Shown { expr, collection: self.collection }
    }

    /// A part of it, in parentheses where it has operators.
    fn operand(&self, f: &mut Formatter<'_>, expr: &Expr) -> fmt::Result {
        if expr.is_leaf() { write!(f, "{}", self.part(expr)) } else { write!(f, "({})", self.part(expr)) }
    }

    fn binary(&self, f: &mut Formatter<'_>, left: &Expr, symbol: &str, right: &Expr) -> fmt::Result {
        self.operand(f, left)?;
        write!(f, " {symbol} ")?;
        self.operand(f, right)
    }

    fn joined(&self, f: &mut Formatter<'_>, list: &[Expr], by: &str) -> fmt::Result {
        for (position, each) in list.iter().enumerate() {
            if position > 0 {
                f.write_str(by)?;
            }
            if by == ", " { write!(f, "{}", self.part(each))? } else { self.operand(f, each)? }
        }
        Ok(())
    }

    fn column(&self, f: &mut Formatter<'_>, position: usize) -> fmt::Result {
        match self.collection.columns.get(position) {
            Some(column) => f.write_str(&quote_identifier(&column.name)),
            None => write!(f, "column{position}"),
        }
    }

    fn field(&self, f: &mut Formatter<'_>, operand: &Operand) -> fmt::Result {
        let Operand::Path { base, path, result } = operand else {
            return match operand {
                Operand::Column(position) => self.column(f, *position),
                Operand::System(system) => f.write_str(system.name()),
                Operand::Computed(key) => write!(f, "({})", key.text()),
                Operand::Key | Operand::Path { .. } => f.write_str("_key"),
            };
        };
        match base {
            PathBase::Column(position) => self.column(f, *position)?,
            PathBase::Facts => f.write_str("_metadata")?,
        }
        for (position, step) in path.iter().enumerate() {
            match (result, step) {
                // As KNIRVQL writes it: the value has the type of the part.
                (PathResult::Typed, PathStep::Key(key)) => write!(f, ".{}", quote_identifier(key))?,
                (PathResult::Typed, PathStep::Index(index)) => write!(f, "[{index}]")?,
                (_, step) => {
                    let is_text = *result == PathResult::Text && position + 1 == path.len();
                    f.write_str(if is_text { " ->> " } else { " -> " })?;
                    match step {
                        PathStep::Key(key) => quoted(f, key)?,
                        PathStep::Index(index) => write!(f, "{index}")?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.expr {
            Expr::Scalar(scalar) => scalar.fmt(f),
            Expr::Field(operand, _) => self.field(f, operand),
            Expr::Excluded(position, _) => {
                f.write_str("excluded.")?;
                self.column(f, *position)
            }
            Expr::Planned(position) => write!(f, "planned{position}"),
            Expr::And(list) => self.joined(f, list, " AND "),
            Expr::Or(list) => self.joined(f, list, " OR "),
            Expr::Not(inner) => {
                f.write_str("NOT ")?;
                self.operand(f, inner)
            }
            Expr::IsNull(inner) => {
                self.operand(f, inner)?;
                f.write_str(" IS NULL")
            }
            Expr::Compare { operator, left, right } => self.binary(f, left, operator.symbol(), right),
            Expr::Test { test, left, right } => self.binary(f, left, test.symbol(), right),
            Expr::Arithmetic { operator, left, right, .. } => self.binary(f, left, operator.symbol(), right),
            Expr::In { left, list } => {
                self.operand(f, left)?;
                f.write_str(" IN (")?;
                self.joined(f, list, ", ")?;
                f.write_str(")")
            }
            Expr::InArray { left, array } => {
                self.operand(f, left)?;
                write!(f, " = ANY ({})", self.part(array))
            }
            Expr::Coalesce { list, .. } => {
                f.write_str("COALESCE(")?;
                self.joined(f, list, ", ")?;
                f.write_str(")")
            }
            Expr::Convert { inner, to, .. } => {
                self.operand(f, inner)?;
                write!(f, "::{to}")
            }
            Expr::Call { function, arguments } => {
                // A name that is nobody's to write begins with a dollar sign.
                write!(f, "{}(", function.name.trim_start_matches('$'))?;
                self.joined(f, arguments, ", ")?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Scalar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Parameter(position, _) => write!(f, "${}", position.saturating_add(1)),
            Scalar::Value(Value::Null) => f.write_str("NULL"),
            Scalar::Value(value @ Value::Bool(_)) => {
                f.write_str(if *value == Value::Bool(true) { "true" } else { "false" })
            }
            Scalar::Value(value) if value.column_type().is_number() => f.write_str(&value.to_text()),
            Scalar::Value(Value::Text(text)) => quoted(f, text),
            Scalar::Value(value) => {
                quoted(f, &value.to_text())?;
                write!(f, "::{}", value.column_type())
            }
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "'{}'", text.replace('\'', "''"))
}
