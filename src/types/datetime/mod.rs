//! Dates, times and intervals: the calendar, zones, arithmetic, and PostgreSQL's input syntax.

pub(super) mod calendar;
pub(super) mod datetime_text;
mod datetime_words;
pub(super) mod interval;
pub(super) mod interval_fields;
mod interval_iso;
pub(super) mod interval_text;
pub(super) mod posix_zone;
pub(super) mod styled_text;
pub(super) mod time_zone;
pub(super) mod truncation;
mod zone_abbreviations;
