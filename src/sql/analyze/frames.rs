//! The frames of windows: which there are (PostgreSQL's `gram.y` and `parse_clause.c`), and their offsets.

use datafusion::sql::sqlparser::ast::{
    Expr, Interval, Spanned, Value as Literal, WindowFrame, WindowFrameBound, WindowFrameUnits,
};

use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::patterns::literal_text;
use crate::sql::parse::trees::{number, number_of};
use crate::sql::parse::visit::has_expression;
use crate::types::{ColumnType, Numeric, Value};

/// The types of the offsets of a frame, and the offsets themselves where one of them is no constant.
pub type FrameOffsets = (Vec<Option<ColumnType>>, Option<Vec<Expr>>);

/// Whether a frame is bounded by what is computed of the order's value.
pub fn has_range_offset(frame: &WindowFrame) -> bool {
    let is_offset = |bound: &WindowFrameBound| {
        matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_)))
    };
    frame.units == WindowFrameUnits::Range
        && (is_offset(&frame.start_bound) || frame.end_bound.as_ref().is_some_and(is_offset))
}

/// Where the first offset of a frame stands.
pub fn offset_place(frame: &WindowFrame) -> Location {
    let place = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset)) => {
            Some(offset.span().start)
        }
        _ => None,
    };
    let end = || frame.end_bound.as_ref().and_then(place);
    place(&frame.start_bound).or_else(end).unwrap_or_else(Location::empty)
}

/// Refuses bounds that stand in no order.
fn check_bounds(frame: &WindowFrame) -> Result<()> {
    use WindowFrameBound::{CurrentRow, Following, Preceding};
    let message = match (&frame.start_bound, &frame.end_bound) {
        (Following(None), _) => "frame start cannot be UNBOUNDED FOLLOWING",
        (Following(Some(_)), None) => "frame starting from following row cannot end with current row",
        (_, Some(Preceding(None))) => "frame end cannot be UNBOUNDED PRECEDING",
        (CurrentRow, Some(Preceding(Some(_)))) => "frame starting from current row cannot have preceding rows",
        (Following(Some(_)), Some(Preceding(Some(_)) | CurrentRow)) => {
            "frame starting from following row cannot have preceding rows"
        }
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::Windowing, message))
}

/// Refuses an order that a frame with an offset cannot be found in, and offsets that are none of its type.
///
/// # Errors
/// 0A000 for a type that PostgreSQL has no frames of, or not with such an offset.
pub fn check_offsets(order: Option<&ColumnType>, offsets: &[Option<ColumnType>]) -> Result<()> {
    use ColumnType::{Date, Float4, Float8, Int2, Int4, Int8, Interval, Numeric, Time, Timestamp, TimestampTz};
    let Some(order) = order else { return Ok(()) };
    let name = shown(order);
    let is_taken: fn(&ColumnType) -> bool = match order {
        Int2 | Int4 | Int8 => |offset| matches!(offset, Int2 | Int4 | Int8),
        Float4 | Float8 => |offset| offset.is_number(),
        Numeric(_) => |offset| matches!(offset, Int2 | Int4 | Int8 | Numeric(_)),
        Date | Time | Timestamp | TimestampTz | Interval => |offset| *offset == Interval,
        _ => {
            let message = format!("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {name}");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    };
    match offsets.iter().flatten().find(|offset| !is_taken(offset)) {
        None => Ok(()),
        Some(offset) => {
            let message = format!(
                "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {name} and offset type {}",
                offset.spelled()
            );
            Err(Error::unsupported(message, "Cast the offset value to an appropriate type."))
        }
    }
}

/// A type as messages name it.
fn shown(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Range(_) => "anyrange".to_string(),
        ColumnType::Multirange(_) => "anymultirange".to_string(),
        ColumnType::Enum(of) => of.name().to_string(),
        other => other.spelled(),
    }
}

/// Puts another frame in the place of one that no row is in, since it ends before it begins; whether it did.
pub fn emptied(frame: &mut WindowFrame) -> bool {
    use WindowFrameBound::{Following, Preceding};
    let offset = |expr: &Expr| number_of(expr).and_then(|(text, _)| text.parse::<Numeric>().ok());
    let is_empty = match (&frame.start_bound, &frame.end_bound) {
        (Preceding(Some(start)), Some(Preceding(Some(end)))) => {
            offset(start).zip(offset(end)).is_some_and(|(start, end)| start < end)
        }
        (Following(Some(start)), Some(Following(Some(end)))) => {
            offset(start).zip(offset(end)).is_some_and(|(start, end)| start > end)
        }
        _ => false,
    };
    if is_empty {
        let row = WindowFrameBound::CurrentRow;
        *frame = WindowFrame { units: WindowFrameUnits::Rows, start_bound: row, end_bound: None };
    }
    is_empty
}

impl Analyzer<'_> {
    /// Walks a frame over an order of so many values; the types of its offsets, and both where one is no constant: zero stands in
    /// its place.
    ///
    /// # Errors
    /// 42P20 for bounds that stand in no order, and for an order that has too many or too few values; 22013 and 22004 for an offset
    /// below zero or NULL, 42P10 for one that names a column, 0A000 for one of RANGE that is no constant.
    pub fn frame(&mut self, frame: &mut WindowFrame, order: usize) -> Result<FrameOffsets> {
        check_bounds(frame)?;
        if has_range_offset(frame) && order != 1 {
            let message = "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column";
            return Err(Error::new(ErrorKind::Windowing, message));
        }
        if frame.units == WindowFrameUnits::Groups && order == 0 {
            return Err(Error::new(ErrorKind::Windowing, "GROUPS mode requires an ORDER BY clause"));
        }
        let units = frame.units;
        let none = || Expr::value(Literal::Null);
        let mut computed = vec![none(), none()];
        let mut types = Vec::with_capacity(computed.len());
        let bounds = std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound);
        for ((bound, place), computed) in bounds.zip(["starting", "ending"]).zip(&mut computed) {
            types.push(self.bound(bound, units, place, computed)?);
        }
        let is_computed = computed.iter().any(|offset| *offset != none());
        if is_computed {
            // Both, so that those that stand in their places are in order.
            let bounds = std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound);
            for (bound, computed) in bounds.zip(&mut computed).filter(|(_, computed)| **computed == none()) {
                if let WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset)) = bound {
                    *computed = std::mem::replace(offset, zero());
                }
            }
        }
        Ok((types, is_computed.then_some(computed)))
    }

    /// An offset that is no constant: how many rows, or groups.
    fn computed_offset(&mut self, offset: &mut Expr, units: WindowFrameUnits) -> Result<Expr> {
        let name = match units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Groups => "GROUPS",
            WindowFrameUnits::Range => {
                let message = "the offset of a RANGE frame that is no constant is not offered";
                return Err(Error::unsupported(message, "Write a number or an interval."));
            }
        };
        let mut names_column = false;
        let is_column = |part: &Expr| matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if !matches!(offset, Expr::Subquery(_)) {
            names_column = has_expression(offset, is_column);
        }
        if names_column {
            let message = format!("argument of {name} must not contain variables");
            return Err(self.at(Error::new(ErrorKind::InvalidColumnReference, message), offset.span().start));
        }
        Ok(std::mem::replace(offset, zero()))
    }

    /// Reads the offset of a bound, which the planner takes as a number or an interval that is written as such. Its type.
    fn bound(
        &mut self,
        bound: &mut WindowFrameBound,
        units: WindowFrameUnits,
        place: &str,
        computed: &mut Expr,
    ) -> Result<Option<ColumnType>> {
        let (WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset))) = bound else {
            return Ok(None);
        };
        // A text that takes the type of the order, or an interval.
        if let Expr::Interval(literal) = offset.as_ref() {
            let is_infinite = literal_text(&literal.value).is_some_and(is_infinite);
            return if is_infinite { Err(infinite_offset()) } else { Ok(None) };
        }
        let value = match number_of(offset) {
            Some((text, is_negative)) => number(text, is_negative),
            None => {
                if units != WindowFrameUnits::Range {
                    self.adopt(offset, &ColumnType::Int8)?;
                }
                self.expr(offset)?;
                let mut plain = offset.as_ref();
                while let Expr::Nested(inner) | Expr::Cast { expr: inner, .. } = plain {
                    plain = inner;
                }
                match plain {
                    Expr::Value(value) if value.value == Literal::Null => Some(Value::Null),
                    other => match number_of(other) {
                        Some((text, is_negative)) => number(text, is_negative),
                        None => self.constant_value(other).cloned(),
                    },
                }
            }
        };
        let value = match value {
            // What counts rows and groups is a bigint.
            Some(value @ (Value::Numeric(_) | Value::Float4(_) | Value::Float8(_)))
                if units != WindowFrameUnits::Range =>
            {
                Some(value.cast(&ColumnType::Int8, false)?)
            }
            other => other,
        };
        let (read, ty) = match value {
            Some(value @ Value::Interval(_)) => (interval(&value), ColumnType::Interval),
            Some(Value::Null) => {
                let message = format!("frame {place} offset must not be null");
                return Err(Error::new(ErrorKind::NullNotAllowed, message));
            }
            Some(Value::Int2(n)) => (offset_text(&Value::Int2(n), units, place)?, ColumnType::Int2),
            Some(Value::Int4(n)) => (offset_text(&Value::Int4(n), units, place)?, ColumnType::Int4),
            Some(Value::Int8(n)) => (offset_text(&Value::Int8(n), units, place)?, ColumnType::Int8),
            Some(value @ Value::Float4(_)) => (offset_text(&value, units, place)?, ColumnType::Float4),
            Some(value @ Value::Float8(_)) => (offset_text(&value, units, place)?, ColumnType::Float8),
            Some(value @ Value::Numeric(_)) => (offset_text(&value, units, place)?, ColumnType::Numeric(None)),
            _ => {
                *computed = self.computed_offset(offset, units)?;
                return Ok(None);
            }
        };
        **offset = read;
        Ok(Some(ty))
    }
}

/// A number that is not below zero, as it is written.
fn offset_text(value: &Value, units: WindowFrameUnits, place: &str) -> Result<Expr> {
    let text = value.to_text();
    if is_infinite(&text) {
        return Err(infinite_offset());
    }
    if !text.starts_with('-') {
        return Ok(Expr::value(Literal::Number(text, false)));
    }
    let message = match units {
        WindowFrameUnits::Range => "invalid preceding or following size in window function".to_string(),
        _ => format!("frame {place} offset must not be negative"),
    };
    Err(Error::new(ErrorKind::InvalidFrame, message))
}

fn is_infinite(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']).to_ascii_lowercase();
    text == "inf" || text == "infinity"
}

fn infinite_offset() -> Error {
    Error::unsupported("an infinite offset of a RANGE frame is not offered", "Use UNBOUNDED PRECEDING or FOLLOWING.")
}

fn zero() -> Expr {
    Expr::value(Literal::Number("0".to_string(), false))
}

fn interval(value: &Value) -> Expr {
    Expr::Interval(Interval {
        value: Box::new(Expr::value(Literal::SingleQuotedString(value.to_text()))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })
}
