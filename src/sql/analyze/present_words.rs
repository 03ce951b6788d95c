//! `now`, `today`, `tomorrow` and `yesterday` in literals of times, which mean the moment and the day on which their transaction began.
//!
//! Reading a text never asks a clock: the words are replaced before, and the plan holds for its moment alone. A definition keeps what
//! they meant when it was made, as in PostgreSQL.

use std::borrow::Cow;

use crate::error::Result;
use crate::sql::arrow::context::PlanContext;
use crate::statement::DependsOn;
use crate::types::{ColumnType, TextStyle, Value, split_timestamp};

/// A constant in a type: a text as the literal that it is for the session, anything else by its cast.
///
/// # Errors
/// What the type's input function says of a text; as [`Value::cast`].
pub fn read_constant(value: Value, to: &ColumnType, explicit: bool, context: &PlanContext<'_>) -> Result<Value> {
    let value = match &value {
        Value::Text(text) => Value::text(present_text(text, to, context)?),
        _ => value,
    };
    value.cast_in(context.settings.text_style(), to, explicit)
}

/// The text of a literal of a type, without these words.
///
/// # Errors
/// 22008 where the clocks of the session's zone show no time that a timestamp holds.
fn present_text<'t>(text: &'t str, ty: &ColumnType, context: &PlanContext<'_>) -> Result<Cow<'t, str>> {
    let is_clock = *ty == ColumnType::Time;
    let is_time = is_clock || matches!(ty, ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz);
    let days_ahead = |word: &str| match word.to_ascii_lowercase().as_str() {
        "today" if !is_clock => Some(0),
        "tomorrow" if !is_clock => Some(1),
        "yesterday" if !is_clock => Some(-1),
        _ => None,
    };
    let is_now = |word: &str| word.eq_ignore_ascii_case("now");
    if !is_time || !text.split_ascii_whitespace().any(|word| is_now(word) || days_ahead(word).is_some()) {
        return Ok(Cow::Borrowed(text));
    }
    context.notes.depend_on(DependsOn::Moment);
    let began = context.view.began();
    let local = context.settings.text_style().zone.local_time(began)?;
    let canonical = |value: Value| TextStyle::CANONICAL.text_of(&value);
    let words = text.split_ascii_whitespace().map(|word| match days_ahead(word) {
        Some(ahead) => Cow::Owned(canonical(Value::Date(split_timestamp(local).0.saturating_add(ahead)))),
        None if is_now(word) && *ty == ColumnType::TimestampTz => Cow::Owned(canonical(Value::TimestampTz(began))),
        None if is_now(word) && is_clock => Cow::Owned(canonical(Value::Time(split_timestamp(local).1))),
        None if is_now(word) => Cow::Owned(canonical(Value::Timestamp(local))),
        None => Cow::Borrowed(word),
    });
    Ok(Cow::Owned(words.collect::<Vec<_>>().join(" ")))
}
