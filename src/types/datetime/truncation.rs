//! Timestamps cut down to a unit, as `date_trunc` cuts them.

use crate::error::{Error, ErrorKind, Result};
use crate::types::Interval;
use crate::types::datetime::calendar::{
    MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, civil_from_days, days_from_civil, is_timestamp,
    join_timestamp, split_timestamp,
};
use crate::types::datetime::time_zone::Zone;

const DAYS_PER_WEEK: i64 = 7;
/// The weekday of 1970-01-01, a Thursday, counted from Monday.
const FIRST_WEEKDAY: i64 = 3;

/// What a timestamp is cut down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    /// From Monday, as ISO 8601 counts.
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
}

impl TimeUnit {
    /// The unit of that name, in whichever case.
    pub fn named(name: &str) -> Option<TimeUnit> {
        Some(match name.to_ascii_lowercase().as_str() {
            "us" | "usec" | "usecs" | "useconds" | "microsecond" | "microseconds" | "microsecon" => {
                TimeUnit::Microsecond
            }
            "ms" | "msec" | "msecs" | "mseconds" | "millisecond" | "milliseconds" | "millisecon" => {
                TimeUnit::Millisecond
            }
            "s" | "sec" | "secs" | "second" | "seconds" => TimeUnit::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => TimeUnit::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => TimeUnit::Hour,
            "d" | "day" | "days" => TimeUnit::Day,
            "w" | "week" | "weeks" => TimeUnit::Week,
            "mon" | "mons" | "month" | "months" => TimeUnit::Month,
            "qtr" | "quarter" => TimeUnit::Quarter,
            "y" | "yr" | "yrs" | "year" | "years" => TimeUnit::Year,
            "dec" | "decs" | "decade" | "decades" => TimeUnit::Decade,
            "c" | "cent" | "century" | "centuries" => TimeUnit::Century,
            "mil" | "mils" | "millennia" | "millennium" => TimeUnit::Millennium,
            _ => return None,
        })
    }

    /// Whether it is a part of a day, which has the offset of its day's time.
    fn is_within_day(self) -> bool {
        matches!(
            self,
            TimeUnit::Microsecond | TimeUnit::Millisecond | TimeUnit::Second | TimeUnit::Minute | TimeUnit::Hour
        )
    }

    /// The beginning of the unit that a moment lies in, as the clocks and the calendar of a zone show it.
    ///
    /// # Errors
    /// As [`TimeUnit::beginning`].
    pub fn beginning_in(self, zone: &Zone, micros: i64) -> Result<i64> {
        if !is_timestamp(&micros) {
            return Ok(micros);
        }
        let local = zone.local_time(micros)?;
        let beginning = self.beginning(local)?;
        if self.is_within_day() { Ok(micros - (local - beginning)) } else { zone.moment_of(beginning) }
    }

    /// An interval with nothing below the unit; `None` for weeks, of which months have no whole number.
    pub fn cut(self, interval: Interval) -> Option<Interval> {
        let months = |length: i32| Interval { months: interval.months / length * length, days: 0, micros: 0 };
        let micros = |length: i64| Interval { micros: interval.micros / length * length, ..interval };
        Some(match self {
            TimeUnit::Microsecond => interval,
            TimeUnit::Millisecond => micros(MICROS_PER_SECOND / 1000),
            TimeUnit::Second => micros(MICROS_PER_SECOND),
            TimeUnit::Minute => micros(MICROS_PER_MINUTE),
            TimeUnit::Hour => micros(MICROS_PER_HOUR),
            TimeUnit::Day => Interval { micros: 0, ..interval },
            TimeUnit::Week => return None,
            TimeUnit::Month => months(1),
            TimeUnit::Quarter => months(3),
            TimeUnit::Year => months(12),
            TimeUnit::Decade => months(120),
            TimeUnit::Century => months(1200),
            TimeUnit::Millennium => months(12_000),
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
        // Centuries and millennia begin with the year 1, decades with the year 0.
        let first_of = |years: i64| (year - 1).div_euclid(years) * years + 1;
        match self {
            TimeUnit::Microsecond => Ok(micros),
            TimeUnit::Millisecond => whole(MICROS_PER_SECOND / 1000),
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
            TimeUnit::Decade => civil(year.div_euclid(10) * 10, 1),
            TimeUnit::Century => civil(first_of(100), 1),
            TimeUnit::Millennium => civil(first_of(1000), 1),
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
        assert_eq!(TimeUnit::named("fortnight"), None);
    }
}
