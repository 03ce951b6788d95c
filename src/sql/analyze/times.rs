//! Dates beside timestamps, and intervals of declared fields.
//!
//! A date becomes a timestamp by PostgreSQL's cast, which keeps infinity.
//! The planner would count nanoseconds, for which the far ends of time have no number.

use datafusion::sql::sqlparser::ast::{DataType, DateTimeField, Expr, Interval, IntervalFields};

use crate::error::{Error, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::literals::string_of;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{INTERVAL_FITTED, MOMENT_OF_LOCAL, OVERLAPS};
use crate::sql::parse::operators::call;
use crate::types::{ColumnType, IntervalField, Value};

/// The type that values of both types are compared as, where they are times of different types.
pub fn common_time(left: Option<&ColumnType>, right: Option<&ColumnType>) -> Option<ColumnType> {
    use ColumnType::{Date, Timestamp, TimestampTz};
    match (left?, right?) {
        (Date | Timestamp, TimestampTz) | (TimestampTz, Date | Timestamp) => Some(TimestampTz),
        (Date, Timestamp) | (Timestamp, Date) => Some(Timestamp),
        _ => None,
    }
}

/// The type that all times among some types share; `None` where no two of them differ.
pub fn common_time_of<'t>(types: impl IntoIterator<Item = &'t Option<ColumnType>>) -> Option<ColumnType> {
    let mut shared: Option<ColumnType> = None;
    let mut differ = false;
    for ty in types.into_iter().flatten() {
        if !is_time(ty) {
            return None;
        }
        let common = common_time(shared.as_ref(), Some(ty));
        differ |= common.is_some();
        shared = common.or(shared).or_else(|| Some(ty.clone()));
    }
    shared.filter(|_| differ)
}

fn is_time(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz)
}

/// The last of the fields that an interval is declared with, and the decimals of its seconds.
type Declared = (IntervalField, Option<u32>);

/// The last field of `first TO last`.
fn last_field(first: &DateTimeField, last: Option<&DateTimeField>) -> Option<IntervalField> {
    Some(match (first, last.unwrap_or(first)) {
        (_, DateTimeField::Year) => IntervalField::Year,
        (_, DateTimeField::Month) => IntervalField::Month,
        (_, DateTimeField::Day) => IntervalField::Day,
        (_, DateTimeField::Hour) => IntervalField::Hour,
        (_, DateTimeField::Minute) => IntervalField::Minute,
        (DateTimeField::Minute, DateTimeField::Second) => IntervalField::MinuteSecond,
        (_, DateTimeField::Second) => IntervalField::Second,
        _ => return None,
    })
}

/// What `interval` was declared with, as in `interval day to hour` or `interval(3)`; `None` where nothing was.
pub fn declared_interval(ty: &DataType) -> Option<Declared> {
    let (fields, precision) = match ty {
        DataType::Interval { fields, precision } => (fields, *precision),
        _ => return None,
    };
    let last = fields.as_ref().map(|fields| match fields {
        IntervalFields::Year => IntervalField::Year,
        IntervalFields::Month | IntervalFields::YearToMonth => IntervalField::Month,
        IntervalFields::Day => IntervalField::Day,
        IntervalFields::Hour | IntervalFields::DayToHour => IntervalField::Hour,
        IntervalFields::Minute | IntervalFields::DayToMinute | IntervalFields::HourToMinute => IntervalField::Minute,
        IntervalFields::MinuteToSecond => IntervalField::MinuteSecond,
        IntervalFields::Second | IntervalFields::DayToSecond | IntervalFields::HourToSecond => IntervalField::Second,
    });
    let decimals = precision.and_then(|precision| u32::try_from(precision).ok());
    (last.is_some() || decimals.is_some()).then(|| (last.unwrap_or(IntervalField::Second), decimals))
}

impl Analyzer<'_> {
    /// AT TIME ZONE: of a moment what clocks show there, of a local time its moment.
    ///
    /// # Errors
    /// As [`Analyzer::adopt`] and [`Analyzer::expr`].
    pub fn at_time_zone(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::AtTimeZone { timestamp, time_zone } = expr else { return Ok(None) };
        self.adopt(timestamp, &ColumnType::TimestampTz)?;
        let mut ty = self.expr(timestamp)?;
        if ty == Some(ColumnType::Date) {
            self.as_time(timestamp, ty.as_ref(), &ColumnType::TimestampTz)?;
            ty = Some(ColumnType::TimestampTz);
        }
        self.adopt(time_zone, &ColumnType::Text)?;
        self.argument(time_zone)?;
        let (name, zoned) = match ty {
            Some(ColumnType::Timestamp) => (MOMENT_OF_LOCAL, ColumnType::TimestampTz),
            _ => ("timezone", ColumnType::Timestamp),
        };
        *expr = call(name, vec![time_zone.as_ref().clone(), timestamp.as_ref().clone()]);
        Ok(Some(zoned))
    }

    /// The constant of an interval literal.
    ///
    /// # Errors
    /// 42601 for fields that an interval has not; what its input reports of the text.
    pub fn interval_literal(&mut self, interval: &Interval) -> Result<Expr> {
        match interval.value.as_ref() {
            Expr::Value(value) if interval.leading_field.is_none() => {
                let mut literal = Expr::Value(value.clone());
                self.adopt(&mut literal, &ColumnType::Interval)?;
                Ok(literal)
            }
            _ => self.interval_of_fields(interval),
        }
    }

    /// `interval '1' year`: the fields say what a number counts, and what is cut off.
    ///
    /// # Errors
    /// 42601 for fields that an interval has not; what its input reports of the text.
    fn interval_of_fields(&mut self, interval: &Interval) -> Result<Expr> {
        let wrong = || Error::syntax("syntax error in the fields of an interval", None);
        let Expr::Value(value) = interval.value.as_ref() else { return Err(wrong()) };
        let text = string_of(&value.value).ok_or_else(wrong)?;
        let first = interval.leading_field.as_ref().ok_or_else(wrong)?;
        let last = last_field(first, interval.last_field.as_ref()).ok_or_else(wrong)?;
        let decimals = interval.fractional_seconds_precision.or(interval.leading_precision);
        let decimals = decimals.and_then(|decimals| u32::try_from(decimals).ok());
        let read = last.parse(text, self.context.settings.text_style());
        let read = read.map_err(|error| self.at(error, value.span.start))?.fitted(last, decimals);
        self.note_literal(value, text, &Value::Interval(read));
        Ok(self.constant(Value::Interval(read), &ColumnType::Interval))
    }

    /// `(start, end) OVERLAPS (start, end)`.
    ///
    /// # Errors
    /// 42601 for sides that are no pairs; what a type's input says of a text; as [`Analyzer::expr`].
    pub fn overlaps(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(None) };
        let mut given: Vec<Expr> = Vec::new();
        for side in [left, right] {
            match side.as_mut() {
                Expr::Tuple(pair) if pair.len() == 2 => given.append(pair),
                _ => {
                    let message = "wrong number of parameters on a side of OVERLAPS expression";
                    return Err(Error::syntax(message, None));
                }
            }
        }
        let mut types = Vec::with_capacity(given.len());
        for each in &mut given {
            types.push(self.expr(each)?);
        }
        let shared = types.iter().flatten().find(|ty| is_time(ty) || **ty == ColumnType::Time).cloned();
        let shared = shared.unwrap_or(ColumnType::TimestampTz);
        for (each, ty) in given.iter_mut().zip(&types) {
            if ty.is_none() {
                self.adopt(each, &shared)?;
            }
        }
        if shared == ColumnType::TimestampTz && types.iter().flatten().any(|ty| *ty != shared) {
            self.note_unsteady();
        }
        *expr = call(OVERLAPS, given);
        Ok(Some(ColumnType::Bool))
    }

    /// An interval as it was declared: constants are fitted here, others by a function.
    ///
    /// # Errors
    /// What its input reports of a text.
    pub fn fitted_interval(&mut self, expr: &mut Expr, (last, decimals): Declared) -> Result<()> {
        if let Expr::Value(value) = &*expr
            && let Some(text) = string_of(&value.value)
        {
            let read = last.parse(text, self.context.settings.text_style());
            let read = read.map_err(|error| self.at(error, value.span.start))?.fitted(last, decimals);
            self.note_literal(value, text, &Value::Interval(read));
            *expr = self.constant(Value::Interval(read), &ColumnType::Interval);
            return Ok(());
        }
        self.adopt(expr, &ColumnType::Interval)?;
        let from = self.expr(expr)?;
        let mut value = std::mem::replace(expr, Expr::Tuple(Vec::new()));
        if from != Some(ColumnType::Interval) {
            value = call(&cast_name(&ColumnType::Interval), vec![value]);
        }
        let last = self.constant(Value::Int4(last.number()), &ColumnType::Int4);
        let decimals = decimals.and_then(|decimals| i32::try_from(decimals).ok()).unwrap_or(-1);
        let decimals = self.constant(Value::Int4(decimals), &ColumnType::Int4);
        *expr = call(INTERVAL_FITTED, vec![value, last, decimals]);
        Ok(())
    }

    /// A time in another type; what has it already stays.
    ///
    /// # Errors
    /// 22008 for a constant date that no timestamp holds.
    pub fn as_time(&mut self, expr: &mut Expr, from: Option<&ColumnType>, ty: &ColumnType) -> Result<()> {
        if from == Some(ty) || from.is_none_or(|from| !is_time(from)) {
            return Ok(());
        }
        self.note_cast(from, ty);
        *expr = match self.constant_value(expr).cloned() {
            Some(value) => {
                let value = value.cast_in(self.context.settings.text_style(), ty, false)?;
                self.constant(value, ty)
            }
            None => call(&cast_name(ty), vec![std::mem::replace(expr, Expr::Tuple(Vec::new()))]),
        };
        Ok(())
    }
}
