//! Texts that are intervals, and texts that are none.

use proptest::prelude::*;

use super::*;
use crate::types::datetime::calendar::write_interval;

fn printed(interval: Interval) -> String {
    let mut out = Vec::new();
    write_interval(interval, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn intervals_of_the_documentation() {
    for (text, expected) in [
        ("1-2", "1 year 2 mons"),
        ("3 4:05:06", "3 days 04:05:06"),
        ("1 year 2 months 3 days 4 hours 5 minutes 6 seconds", "1 year 2 mons 3 days 04:05:06"),
        ("P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"),
        ("@ 1 minute ago", "-00:01:00"),
        ("1.5 hours", "01:30:00"),
        ("1.5 years", "1 year 6 mons"),
        ("1.5 mons", "1 mon 15 days"),
        ("1.5 weeks", "10 days 12:00:00"),
        ("-1 years -2 mons +3 days -04:05:06", "-1 years -2 mons +3 days -04:05:06"),
        ("5", "00:00:05"),
        ("1h30m", "01:30:00"),
        ("200 ms", "00:00:00.2"),
        ("1 day -00:00:01", "1 day -00:00:01"),
        ("PT0.5S", "00:00:00.5"),
        ("-1-2", "-1 years -2 mons"),
        ("P2W", "14 days"),
        ("PT", "00:00:00"),
        ("P1YT", "1 year"),
        ("1 month - 1 second", "1 mon -00:00:01"),
        ("@ 1 hour @ 42 minutes @ 20 seconds", "01:42:20"),
        ("2 3 hours", "2 days 03:00:00"),
        ("1 millenniums 2 microsecondsssss", "1000 years 00:00:00.000002"),
        ("P00021015T103020", "2 years 10 mons 15 days 10:30:20"),
        ("P0002-10-15T10:30:20", "2 years 10 mons 15 days 10:30:20"),
        ("P0002-10T1S", "2 years 10 mons 00:00:01"),
        ("PT10:30", "10:30:00"),
        ("PT10.5", "10:30:00"),
    ] {
        assert_eq!(printed(parse_interval(text, TextStyle::CANONICAL).unwrap()), expected, "{text}");
    }
}

#[test]
fn others_are_refused() {
    for text in [
        "",
        "x",
        "1 x",
        "day",
        "1 2",
        "P",
        "1:2:3:4",
        "P1H",
        "P1Y2",
        "P1-2-3-4",
        "PT1:2:3:4",
        "1 x 2",
        "1 2 days",
        "1 2 3 hours",
        "- day",
        "ago",
        "1 day ago x",
        "-",
        "é",
        "1 day 2 day",
        "1-2 3-4",
        "1 hour 2:00",
        "inf",
    ] {
        assert_eq!(parse_interval(text, TextStyle::CANONICAL).unwrap_err().sqlstate(), "22007", "{text}");
    }
    assert_eq!(parse_interval("99999999999 years", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22015");
    assert_eq!(parse_interval("99999999999999999999999 days", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22015");
}

proptest! {
    #[test]
    fn text_round_trips(months: i32, days: i32, micros in -1i64 << 62..1i64 << 62) {
        let interval = Interval { months, days, micros };
        prop_assert_eq!(parse_interval(&printed(interval), TextStyle::CANONICAL).unwrap(), interval);
    }

    #[test]
    fn never_panics(text in "[-+:.0-9PTYMWDHSa-z@ ]{0,30}|\\PC{0,20}") {
        let parsed = parse_interval(&text, TextStyle::CANONICAL);
        prop_assert!(parsed.is_ok() || parsed.is_err());
    }
}
