//! Timestamps cut down to a unit, as `date_trunc` cuts them.

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, civil_from_days, days_from_civil, is_timestamp,
    join_timestamp, split_timestamp,
};

const DAYS_PER_WEEK: i64 = 7;
/// The weekday of 1970-01-01, a Thursday, counted from Monday.
const FIRST_WEEKDAY: i64 = 3;

/// What a timestamp is cut down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    /// From Monday, as ISO 8601 counts.
    Week,
    Month,
    Quarter,
    Year,
}

impl TimeUnit {
    /// The unit of that name, in whichever case; `None` for others, those among them that only the planner knows.
    pub fn named(name: &str) -> Option<TimeUnit> {
        Some(match name.to_ascii_lowercase().as_str() {
            "second" => TimeUnit::Second,
            "minute" => TimeUnit::Minute,
            "hour" => TimeUnit::Hour,
            "day" => TimeUnit::Day,
            "week" => TimeUnit::Week,
            "month" => TimeUnit::Month,
            "quarter" => TimeUnit::Quarter,
            "year" => TimeUnit::Year,
            _ => return None,
        })
    }

    /// The beginning of the unit that a timestamp lies in, in microseconds since 1970; the infinities stay.
    ///
    /// # Errors
    /// 22008 for a beginning beyond the range of timestamps.
    pub fn beginning(self, micros: i64) -> Result<i64> {
        if !is_timestamp(&micros) {
            return Ok(micros);
        }
        let (days, time) = split_timestamp(micros);
        let whole = |length: i64| Ok(micros - time.rem_euclid(length));
        let civil = |year, month| {
            let first = days_from_civil(year, month, 1);
            let first = first.ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range"))?;
            join_timestamp(first, 0)
        };
        let (year, month, _) = civil_from_days(days);
        match self {
            TimeUnit::Second => whole(MICROS_PER_SECOND),
            TimeUnit::Minute => whole(MICROS_PER_MINUTE),
            TimeUnit::Hour => whole(MICROS_PER_HOUR),
            TimeUnit::Day => join_timestamp(days, 0),
            TimeUnit::Week => {
                let weekday = (i64::from(days) + FIRST_WEEKDAY).rem_euclid(DAYS_PER_WEEK);
                join_timestamp(days.saturating_sub(i32::try_from(weekday).unwrap_or(0)), 0)
            }
            TimeUnit::Month => civil(year, month),
            TimeUnit::Quarter => civil(year, (month - 1) / 3 * 3 + 1),
            TimeUnit::Year => civil(year, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ColumnType, Value};

    #[test]
    fn timestamps_are_cut_as_in_postgresql() {
        for (unit, from, to) in [
            ("second", "2024-02-29 23:59:59.999999", "2024-02-29 23:59:59"),
            ("MINUTE", "1969-12-31 23:59:59.5", "1969-12-31 23:59:00"),
            ("hour", "1969-12-31 23:59:59.5", "1969-12-31 23:00:00"),
            ("day", "1969-12-31 23:59:59.5", "1969-12-31 00:00:00"),
            ("week", "2024-03-03 12:00:00", "2024-02-26 00:00:00"),
            ("week", "1969-12-31 23:59:59.5", "1969-12-29 00:00:00"),
            ("month", "2024-02-29 23:59:59", "2024-02-01 00:00:00"),
            ("quarter", "2024-06-30 00:00:00", "2024-04-01 00:00:00"),
            ("quarter", "2024-12-31 00:00:00", "2024-10-01 00:00:00"),
            ("year", "0001-05-05 00:00:00", "0001-01-01 00:00:00"),
            ("year", "infinity", "infinity"),
            ("day", "-infinity", "-infinity"),
        ] {
            let Value::Timestamp(micros) = Value::parse_text(&ColumnType::Timestamp, from).unwrap() else {
                panic!("a timestamp");
            };
            let beginning = TimeUnit::named(unit).unwrap().beginning(micros).unwrap();
            assert_eq!(Value::Timestamp(beginning).to_text(), to, "{unit} of {from}");
        }
        assert_eq!(TimeUnit::named("decade"), None);
    }
}
