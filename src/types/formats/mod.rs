//! Templates of `to_char`, `to_number`, `to_date` and `to_timestamp` (PostgreSQL's documentation, section 9.8; its `formatting.c`).
//!
//! `number_template` and `time_template` read a template, `number_text` and `time_text` write values by it, `number_input` and
//! `time_input` read values by it. Names of months, and the signs of numbers, are those of the locale C.

mod number_input;
mod number_template;
mod number_text;
mod roman;
mod time_fields;
mod time_input;
mod time_template;
mod time_text;

pub use number_input::{NumberText, number_of_text};
pub use number_text::{FormattedNumber, number_text};
pub use time_fields::{ReadTime, StandardTime};
pub use time_input::{standard_time, time_of_text};
pub use time_text::{BrokenTime, JULIAN_EPOCH, ShownZone, interval_text, time_text};
