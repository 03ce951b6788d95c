//! Writes the statements about entries in canonical form.

use std::fmt::{self, Display, Formatter};

use crate::expr::Arithmetic;
use crate::knirvql::ast::{
    Assignment, AstAggregate, AstAggregateFunction, AstEntry, AstEntryType, AstExpression, AstField, AstFieldValue,
    Bindable, Delete, GetMemory, OrderKey, SetMemory, SetMode, UpdateMemory,
};
use crate::knirvql::print::{Components, In, comma_separated, json_object, json_value};

impl Display for GetMemory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("GET MEMORY")?;
        if !self.fields.is_empty() {
            f.write_str(" FIELDS ")?;
            comma_separated(f, &self.fields)?;
        }
        In(self.collection.as_deref()).fmt(f)?;
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        if let Some(similar) = &self.similar {
            write!(f, " {similar}")?;
        }
        if !self.groups.is_empty() {
            f.write_str(" GROUP BY ")?;
            comma_separated(f, &self.groups)?;
        }
        if !self.order.is_empty() {
            f.write_str(" ORDER BY ")?;
            comma_separated(f, &self.order)?;
        }
        if let Some(limit) = &self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        if let Some(offset) = &self.offset {
            write!(f, " OFFSET {offset}")?;
        }
        Ok(())
    }
}

impl Display for OrderKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, if self.descending { " DESC" } else { "" })
    }
}

impl Display for SetMemory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (verb, mode) = match self.mode {
            SetMode::Parts => ("SET", ""),
            SetMode::Merge => ("SET", " MERGE"),
            SetMode::Replace => ("SET", " REPLACE"),
            SetMode::Insert => ("INSERT", ""),
            SetMode::InsertIfAbsent => ("INSERT", " IF ABSENT"),
        };
        write!(f, "{verb} MEMORY{}{mode}", In(self.collection.as_deref()))?;
        for (position, entry) in self.entries.iter().enumerate() {
            write!(f, "{}{entry}", if position > 0 { "," } else { "" })?;
        }
        Returning(&self.returning).fmt(f)
    }
}

impl Display for UpdateMemory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "UPDATE MEMORY{}", In(self.collection.as_deref()))?;
        if !self.assignments.is_empty() {
            f.write_str(" SET ")?;
            comma_separated(f, &self.assignments)?;
        }
        if !self.unset.is_empty() {
            f.write_str(" UNSET ")?;
            comma_separated(f, &self.unset)?;
        }
        write!(f, " WHERE {}{}", self.condition, Returning(&self.returning))
    }
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Assignment::Vector(None) => f.write_str("vector = null"),
            Assignment::Vector(Some(Bindable::Value(components))) => write!(f, "vector = {}", Components(components)),
            Assignment::Blob(None) => f.write_str("blob = null"),
            Assignment::Blob(Some(Bindable::Value(bytes))) => write!(f, "blob = {}", Hex(bytes)),
            Assignment::Vector(Some(Bindable::Parameter(number))) => write!(f, "vector = ${number}"),
            Assignment::Blob(Some(Bindable::Parameter(number))) => write!(f, "blob = ${number}"),
            Assignment::Path(path, value) => write!(f, "{path} = {value}"),
        }
    }
}

impl Display for AstExpression {
    /// Recursion ends: the parser bounds the nesting, and what is not nested binds from the left.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            AstExpression::Literal(literal) => literal.fmt(f),
            AstExpression::Json(value) => json_value(f, value),
            AstExpression::Path(path) => path.fmt(f),
            AstExpression::Arithmetic { operator, left, right } => {
                let strength = strength(*operator);
                let is_weaker = |side: &AstExpression, least: u8| match side {
                    AstExpression::Arithmetic { operator, .. } => self::strength(*operator) < least,
                    _ => false,
                };
                for (side, least) in [(left, strength), (right, strength + 1)] {
                    if std::ptr::eq(side, right) {
                        write!(f, " {} ", operator.symbol())?;
                    }
                    if is_weaker(side, least) { write!(f, "({side})") } else { side.fmt(f) }?;
                }
                Ok(())
            }
            AstExpression::Coalesce(list) => {
                f.write_str("coalesce(")?;
                comma_separated(f, list)?;
                f.write_str(")")
            }
        }
    }
}

/// How strongly an operator binds.
fn strength(operator: Arithmetic) -> u8 {
    match operator {
        Arithmetic::Add | Arithmetic::Subtract => 1,
        Arithmetic::Multiply | Arithmetic::Divide => 2,
    }
}

impl Display for AstField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            AstField::All => f.write_str("*"),
            AstField::Named { value, name: None } => value.fmt(f),
            AstField::Named { value, name: Some(name) } => write!(f, "{value} AS {name}"),
        }
    }
}

impl Display for AstFieldValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            AstFieldValue::Path(path) => path.fmt(f),
            AstFieldValue::Aggregate(AstAggregate { function, path: None, .. }) => write!(f, "{function}(*)"),
            AstFieldValue::Aggregate(AstAggregate { function, is_distinct, path: Some(path) }) => {
                write!(f, "{function}({}{path})", if *is_distinct { "DISTINCT " } else { "" })
            }
        }
    }
}

impl Display for AstAggregateFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AstAggregateFunction::Count => "count",
            AstAggregateFunction::Sum => "sum",
            AstAggregateFunction::Average => "avg",
            AstAggregateFunction::Min => "min",
            AstAggregateFunction::Max => "max",
        })
    }
}

/// ` RETURNING …`, or nothing.
struct Returning<'a>(&'a [AstField]);

impl Display for Returning<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        f.write_str(" RETURNING ")?;
        comma_separated(f, self.0)
    }
}

/// `'\\x…'`
struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("'\\x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("'")
    }
}

/// The parts, each with a blank before it.
impl Display for AstEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(id) = &self.id {
            write!(f, " id = {id}")?;
        }
        match &self.metadata {
            Some(Bindable::Value(metadata)) => {
                f.write_str(" metadata = ")?;
                json_object(f, metadata)?;
            }
            Some(Bindable::Parameter(number)) => write!(f, " metadata = ${number}")?,
            None => {}
        }
        match &self.vector {
            Some(Bindable::Value(components)) => write!(f, " vector = {}", Components(components))?,
            Some(Bindable::Parameter(number)) => write!(f, " vector = ${number}")?,
            None => {}
        }
        match &self.blob {
            Some(Bindable::Value(bytes)) => write!(f, " blob = {}", Hex(bytes)),
            Some(Bindable::Parameter(number)) => write!(f, " blob = ${number}"),
            None => Ok(()),
        }
    }
}

impl Display for Delete {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("DELETE")?;
        match self.entry_type {
            Some(AstEntryType::Memory) => f.write_str(" MEMORY")?,
            Some(AstEntryType::Auth) => f.write_str(" AUTH")?,
            None => {}
        }
        let returning = Returning(&self.returning);
        write!(f, "{} WHERE {}{returning}", In(self.collection.as_deref()), self.condition)
    }
}
