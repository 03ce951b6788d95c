//! The fields of a time that was read by a template, and the time that they are (`do_to_timestamp` of PostgreSQL's
//! `formatting.c`).

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    MICROS_PER_MINUTE, MICROS_PER_SECOND, civil_from_days, days_from_civil, days_in_month, is_date, is_timestamp,
    join_timestamp,
};
use crate::types::datetime::time_zone::Zone;
use crate::types::formats::time_template::Calendar;
use crate::types::formats::time_text::{JULIAN_EPOCH, iso_year_start};

/// Hours that an offset has at most.
const OFFSET_HOURS_MAX: i64 = 15;
/// 2000-01-01 in microseconds since 1970.
const MICROS_OF_2000: i64 = 946_684_800 * MICROS_PER_SECOND;
/// Largest Julian day that is looked at; dates end far before it.
const DAY_NUMBER_MAX: i64 = 2_147_483_647;

/// A date and a time that were read: days since 1970, microseconds of the day, and how far east of UTC they are.
#[derive(Clone, Debug)]
pub struct ReadTime {
    days: Option<i32>,
    micros: i64,
    /// `None` where the text names no zone.
    zone_micros: Option<i64>,
    /// Digits of the second's fraction, where the template has so many.
    precision: Option<u8>,
}

/// A time that was read as standard SQL does, and what its template has of it.
#[derive(Clone, Debug)]
pub struct StandardTime {
    pub time: ReadTime,
    pub is_dated: bool,
    pub is_timed: bool,
    pub is_zoned: bool,
}

impl ReadTime {
    /// Microseconds of the day, and how far east of UTC they are.
    pub fn clock(&self) -> (i64, Option<i64>) {
        (self.micros, self.zone_micros)
    }

    /// Digits of the second's fraction, where the template has so many.
    pub fn precision(&self) -> Option<u8> {
        self.precision
    }

    /// The date.
    ///
    /// # Errors
    /// 22008 beyond the range of dates.
    pub fn date(&self, text: &str) -> Result<i32> {
        self.days
            .filter(is_date)
            .ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, format!("date out of range: \"{text}\"")))
    }

    /// The moment, in microseconds since 1970; a time without a zone is of the session's.
    ///
    /// # Errors
    /// 22008 beyond the range of timestamps.
    pub fn timestamp(&self, session: &Zone) -> Result<i64> {
        let out_of_range = || Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range");
        let local = join_timestamp(self.days.ok_or_else(out_of_range)?, self.micros)?;
        let offset = self.zone_micros.unwrap_or_else(|| session.offset_at(local));
        let moment = local.checked_sub(offset).filter(is_timestamp);
        let moment = moment.ok_or_else(out_of_range)?;
        let Some(digits) = self.precision.filter(|digits| *digits < 6) else { return Ok(moment) };
        let unit = 10_i64.pow(6 - u32::from(digits));
        // Half a unit goes away from the year 2000.
        let since = moment.checked_sub(MICROS_OF_2000).ok_or_else(out_of_range)?;
        let rounded = since.signum() * (since.abs().saturating_add(unit / 2) / unit * unit);
        Ok(rounded.saturating_add(MICROS_OF_2000))
    }
}

/// What was read; 0 for what was not.
#[derive(Clone, Debug, Default)]
pub struct TimeFields {
    pub calendar: Calendar,
    pub hour: i64,
    pub is_late: i64,
    pub minute: i64,
    pub second: i64,
    pub day_second: i64,
    pub week_day: i64,
    pub day: i64,
    pub year_day: i64,
    pub month: i64,
    pub millis: i64,
    pub year: i64,
    pub is_before_christ: i64,
    pub week: i64,
    pub month_week: i64,
    pub century: i64,
    pub julian: i64,
    pub micros: i64,
    pub year_digits: u8,
    pub is_half_day: bool,
    pub zone_sign: i64,
    pub zone_hour: i64,
    pub zone_minute: i64,
    pub zone: Option<i64>,
    pub precision: Option<u8>,
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidDatetimeFormat, message)
}

impl TimeFields {
    fn out_of_range(text: &str) -> Error {
        let message = format!("date/time field value out of range: \"{}\"", text);
        Error::new(ErrorKind::DatetimeOutOfRange, message)
    }

    /// Hours, minutes and seconds as they were given.
    fn clock(&self) -> Result<[i64; 3]> {
        let fields = self;
        let (mut hour, mut minute, mut second) =
            (fields.day_second / 3600, fields.day_second % 3600 / 60, fields.day_second % 60);
        for (slot, value) in [(&mut hour, fields.hour), (&mut minute, fields.minute), (&mut second, fields.second)] {
            if value != 0 {
                *slot = value;
            }
        }
        if fields.is_half_day {
            if !(1..=12).contains(&hour) {
                return Err(wrong(format!("hour \"{hour}\" is invalid for the 12-hour clock"))
                    .with_hint("Use the 24-hour clock, or give an hour between 1 and 12."));
            }
            if fields.is_late != 0 && hour < 12 {
                hour += 12;
            } else if fields.is_late == 0 && hour == 12 {
                hour = 0;
            }
        }
        Ok([hour, minute, second])
    }

    /// Hours, minutes, seconds and their fraction, in microseconds.
    fn time(&self, text: &str, [hour, minute, second]: [i64; 3]) -> Result<i64> {
        let fraction = self.millis.saturating_mul(1000).saturating_add(self.micros);
        let fits = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..MICROS_PER_SECOND).contains(&fraction);
        if !fits {
            return Err(Self::out_of_range(text));
        }
        Ok((hour * 60 + minute) * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + fraction)
    }

    fn year(&self) -> Option<i64> {
        let fields = self;
        let century = if fields.is_before_christ != 0 { -fields.century } else { fields.century };
        if fields.year != 0 {
            if fields.century != 0 && fields.year_digits <= 2 {
                let year = fields.year % 100;
                return Some(match (year, century) {
                    (0, 0..) => century * 100,
                    (0, _) => century * 100 + 1,
                    (_, 0..) => year + (century - 1) * 100,
                    _ => (century + 1) * 100 - year + 1,
                });
            }
            let year = if fields.is_before_christ != 0 { -fields.year } else { fields.year };
            return Some(if year < 0 { year + 1 } else { year });
        }
        (fields.century != 0).then(|| if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 })
    }

    fn civil(text: &str, days: i64) -> Result<(i64, i64, i64)> {
        let days = i32::try_from(days).map_err(|_| Self::out_of_range(text))?;
        Ok(civil_from_days(days))
    }

    /// Year, month and day, checked as far as they were given.
    fn date(&self, text: &str) -> Result<(i64, i64, i64)> {
        let fields = self;
        let (mut year, mut month, mut day) = (0, 1, 1);
        let (mut has_year, mut has_month, mut has_day) = (false, false, false);
        if let Some(given) = self.year() {
            (year, has_year) = (given, true);
        }
        let mut year_day = fields.year_day;
        if fields.julian != 0 {
            (year, month, day) = Self::civil(text, fields.julian.min(DAY_NUMBER_MAX) - JULIAN_EPOCH)?;
            (has_year, has_month, has_day) = (true, true, true);
        }
        if fields.week != 0 {
            if fields.calendar == Calendar::IsoWeek {
                let in_week = match fields.week_day {
                    0 => 0,
                    1 => 6,
                    later => later - 2,
                };
                (year, month, day) = Self::civil(text, iso_year_start(year) + (fields.week - 1) * 7 + in_week)?;
                (has_year, has_month, has_day) = (true, true, true);
            } else {
                year_day = (fields.week - 1) * 7 + 1;
            }
        }
        let given_day = if fields.month_week != 0 { (fields.month_week - 1) * 7 + 1 } else { fields.day };
        if given_day != 0 {
            (day, has_day) = (given_day, true);
        }
        if fields.month != 0 {
            (month, has_month) = (fields.month, true);
        }
        if year_day != 0 && (month <= 1 || day <= 1) {
            if year == 0 && fields.is_before_christ == 0 {
                return Err(wrong("cannot calculate day of year without year information".to_string()));
            }
            if fields.calendar == Calendar::IsoWeek {
                (year, month, day) = Self::civil(text, iso_year_start(year) - 1 + year_day)?;
                (has_year, has_month, has_day) = (true, true, true);
            } else {
                let (in_month, in_day) = month_of_year_day(year, year_day);
                month = if month <= 1 { in_month } else { month };
                day = if day <= 1 { in_day } else { day };
                (has_month, has_day) = (true, true);
            }
        }
        let is_month = !has_month || (1..=12).contains(&month);
        let is_day = !has_day || (1..=31).contains(&day);
        if !is_month || !is_day || has_year && has_month && has_day && day > days_in_month(year, month) {
            return Err(Self::out_of_range(text));
        }
        Ok((year, month, day))
    }

    /// The time that the fields are.
    ///
    /// # Errors
    /// 22007 and 22008 for fields that are no time together, or out of range; 22009 for a zone too far from UTC.
    pub fn finish(&self, text: &str) -> Result<ReadTime> {
        let clock = self.clock()?;
        let (year, month, day) = self.date(text)?;
        let micros = self.time(text, clock)?;
        // A day that its month has not goes on into the next one.
        let first = || days_from_civil(year, month, 1);
        let days = days_from_civil(year, month, day)
            .or_else(|| first().and_then(|first| first.checked_add(i32::try_from(day - 1).ok()?)));
        let fields = self;
        let zone_micros = if fields.zone_sign != 0 {
            let fits = (0..=OFFSET_HOURS_MAX).contains(&fields.zone_hour) && (0..60).contains(&fields.zone_minute);
            if !fits {
                let message = format!("time zone displacement out of range: \"{}\"", text);
                return Err(Error::new(ErrorKind::ZoneDisplacement, message));
            }
            Some(fields.zone_sign * (fields.zone_hour * 60 + fields.zone_minute) * MICROS_PER_MINUTE)
        } else {
            fields.zone
        };
        Ok(ReadTime { days, micros, zone_micros, precision: fields.precision })
    }
}

/// A month and a day by the number of the day in its year; behind the year's end there is none.
fn month_of_year_day(year: i64, year_day: i64) -> (i64, i64) {
    let mut left = year_day;
    for month in 1..=12 {
        let length = days_in_month(year, month);
        if left <= length {
            return (month, left);
        }
        left -= length;
    }
    (13, left)
}
