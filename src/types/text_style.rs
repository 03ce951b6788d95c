//! How a session reads and shows values: its time zone, `DateStyle`, `IntervalStyle`, `bytea_output`, `extra_float_digits`.
//!
//! Values themselves know no style. What is stored, compared, indexed and sent to peers is written canonically
//! ([`TextStyle::CANONICAL`]: ISO, UTC, hex, the shortest digits); a style is at work where a client reads and writes texts.

use bytes::BufMut;

use crate::error::Result;
use crate::types::datetime::time_zone::Zone;
use crate::types::{ColumnType, Value};

/// How dates and timestamps are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateStyle {
    #[default]
    Iso,
    Sql,
    Postgres,
    German,
}

/// Which of the numbers of a date comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    #[default]
    Mdy,
    Dmy,
    Ymd,
}

/// How intervals are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IntervalStyle {
    #[default]
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// How texts of values are read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextStyle {
    pub zone: Zone,
    pub dates: DateStyle,
    pub order: DateOrder,
    pub intervals: IntervalStyle,
    /// `bytea_output = escape`.
    pub escapes_bytes: bool,
    /// `extra_float_digits`; above 0 floats have the shortest digits that are exact.
    pub float_digits: i8,
}

impl TextStyle {
    pub const CANONICAL: &'static TextStyle = &TextStyle {
        zone: Zone::UTC,
        dates: DateStyle::Iso,
        order: DateOrder::Mdy,
        intervals: IntervalStyle::Postgres,
        escapes_bytes: false,
        float_digits: 1,
    };

    /// Reads a value, as [`Value::parse_text`] does in the canonical style.
    ///
    /// # Errors
    /// As [`Value::parse_text`].
    pub fn parse(&self, ty: &ColumnType, text: &str) -> Result<Value> {
        Value::parse_in(self, ty, text)
    }

    /// Appends the text form, as [`Value::write_text`] does in the canonical style.
    pub fn write(&self, value: &Value, out: &mut impl BufMut) {
        value.write_in(self, out);
    }

    /// The text form; empty for NULL.
    pub fn text_of(&self, value: &Value) -> String {
        let mut out = Vec::new();
        value.write_in(self, &mut out);
        // Every writer appends UTF-8.
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Default for TextStyle {
    fn default() -> Self {
        TextStyle::CANONICAL.clone()
    }
}
