//! What is noted of a query or an expression that a definition keeps: literals that other sessions would read differently, and
//! whether anything in it has another value at another moment or in another session, as PostgreSQL's catalogs tell it.

use datafusion::sql::sqlparser::ast::ValueWithSpan;

use crate::expr::Volatility;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::functions::function;
use crate::sql::registry::{self, FunctionEntry, OperatorEntry};
use crate::types::{ColumnType, Value};

/// How `pg_proc` marks what depends on its arguments alone.
const IMMUTABLE: char = 'i';

impl Analyzer<'_> {
    /// A literal was read as a value.
    pub fn note_literal(&mut self, literal: &ValueWithSpan, text: &str, value: &Value) {
        let Some(notes) = self.views.own_notes() else { return };
        if is_read_by_style(&value.column_type()) {
            let canonical = value.to_text();
            if canonical != text {
                notes.note_literal(literal.span.start, literal.span.end, canonical);
            }
        }
    }

    /// A value is cast.
    pub fn note_cast(&mut self, from: Option<&ColumnType>, to: &ColumnType) {
        if from.is_some_and(|from| !is_steady_cast(from, to)) {
            self.note_unsteady();
        }
    }

    /// An operator was chosen for sides of these types.
    pub fn note_operator(&mut self, operator: &OperatorEntry, sides: [Option<&ColumnType>; 2]) {
        if matches!(operator.function, "anytextcat" | "textanycat") {
            // They cast what is no text, and join texts.
            sides.into_iter().for_each(|side| self.note_cast(side, &ColumnType::Text));
        } else if !is_steady_operator(operator.function) {
            self.note_unsteady();
        }
    }

    /// A form of a function was chosen, or none by its name.
    pub fn note_function(&mut self, name: &str, form: Option<&FunctionEntry>) {
        let is_immutable = |form: &&FunctionEntry| form.volatility == IMMUTABLE;
        let is_steady = match form {
            Some(form) => is_immutable(&form),
            None if registry::forms(name).is_empty() => {
                function(name).is_none_or(|function| function.volatility == Volatility::Immutable)
            }
            None => registry::forms(name).iter().all(is_immutable),
        };
        if !is_steady {
            self.note_unsteady();
        }
    }

    pub fn note_unsteady(&mut self) {
        if let Some(notes) = self.views.own_notes() {
            notes.note_unsteady();
        }
    }
}

/// Whether settings of a session decide what a text means as a value of the type.
fn is_read_by_style(ty: &ColumnType) -> bool {
    matches!(ty.base(), ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Interval)
}

/// Whether a cast gives the same in every session: `pg_cast`, and the input and output functions of types in `pg_type`.
fn is_steady_cast(from: &ColumnType, to: &ColumnType) -> bool {
    if from.is_text() && to.is_text() {
        return true;
    }
    if from.is_text() {
        return !is_read_by_style(to) && !matches!(to, ColumnType::Time | ColumnType::Array(_));
    }
    if to.is_text() {
        return !is_read_by_style(from) && !matches!(from, ColumnType::Array(_));
    }
    match (from.base(), to.base()) {
        (ColumnType::TimestampTz, to) => matches!(to, ColumnType::TimestampTz),
        (_, ColumnType::TimestampTz) => false,
        _ => true,
    }
}

/// Whether an operator is computed by a function that `pg_proc` marks as immutable; it marks those of moments beside other times
/// as stable.
fn is_steady_operator(function: &str) -> bool {
    let is_of_others = ["interval", "date"].iter().any(|other| function.contains(other));
    let is_mixed = is_of_others || function.starts_with("timestamp_") || function.ends_with("_timestamp");
    !(function.contains("timestamptz") && is_mixed)
}
