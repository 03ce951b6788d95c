//! Dates and times as PostgreSQL reads them, and what it refuses.

use proptest::prelude::*;

use super::*;
use crate::types::datetime::calendar::{write_date, write_timestamp};

fn date(text: &str) -> String {
    let mut out = Vec::new();
    write_date(parse_date(text, TextStyle::CANONICAL).unwrap(), &mut out);
    String::from_utf8(out).unwrap()
}

fn timestamptz(text: &str) -> String {
    let mut out = Vec::new();
    write_timestamp(parse_timestamptz(text, TextStyle::CANONICAL).unwrap(), b' ', b"+00", &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn dates_of_the_documentation() {
    // Table 8.10 of PostgreSQL's manual, month before day.
    for text in [
        "1999-01-08",
        "January 8, 1999",
        "1/8/1999",
        "1999-Jan-08",
        "Jan-08-1999",
        "08-Jan-1999",
        "19990108",
        "990108",
        "1999.008",
        "Fri Jan 8 1999",
        "8 Jan 1999",
        "01/08/99",
        "1999-01-08 10:00",
    ] {
        assert_eq!(date(text), "1999-01-08", "{text}");
    }
    assert_eq!(date("0044-03-15 BC"), "0044-03-15 BC");
    assert_eq!(date("infinity"), "infinity");
    assert_eq!(date("epoch"), "1970-01-01");
    assert_eq!(date("12345-06-07"), "12345-06-07");
}

#[test]
fn timestamps_with_zones() {
    for (text, expected) in [
        ("2024-01-02T03:04:05.6Z", "2024-01-02 03:04:05.6+00"),
        ("2024-01-02 03:04:05+02:30", "2024-01-02 00:34:05+00"),
        ("2024-01-02 03:04:05-08", "2024-01-02 11:04:05+00"),
        ("2024-01-02 03:04:05", "2024-01-02 03:04:05+00"),
        ("2024-01-02", "2024-01-02 00:00:00+00"),
        ("2024-07-02 12:00 America/New_York", "2024-07-02 16:00:00+00"),
        ("2024-01-02 12:00 est", "2024-01-02 17:00:00+00"),
        ("20240102T030405", "2024-01-02 03:04:05+00"),
        ("2024-01-02 03:04:05.1234567", "2024-01-02 03:04:05.123457+00"),
        ("2024-01-02 12:30 AM", "2024-01-02 00:30:00+00"),
        ("2024-01-02 12:30 PM", "2024-01-02 12:30:00+00"),
        ("2024-01-01 24:00:00", "2024-01-02 00:00:00+00"),
        ("Wed Dec 17 07:37:16 1997 PST", "1997-12-17 15:37:16+00"),
    ] {
        assert_eq!(timestamptz(text), expected, "{text}");
    }
}

#[test]
fn a_day_may_have_a_zone_without_a_time() {
    for text in
        ["2024-02-29 +00", "2024-02-29 -11:30", "2024-02-29+00", "20240229 +05", "Feb 29 2024 +00", "+05 2024-02-29"]
    {
        assert_eq!(date(text), "2024-02-29", "{text}");
    }
    assert_eq!(timestamptz("2024-02-29 +05"), "2024-02-28 19:00:00+00");
    assert_eq!(timestamptz("2024-02-29 +00:00:30"), "2024-02-28 23:59:30+00");
    assert_eq!(parse_date("2024-02-29 +99", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22008");
    for text in ["+05", "2024-02-29 +00 +01", "infinity +00", "infinity Z", "2024-02-29 5"] {
        assert_eq!(parse_date(text, TextStyle::CANONICAL).unwrap_err().sqlstate(), "22007", "{text}");
    }
    assert_eq!(parse_time("2024-02-29 +05", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22007");
}

#[test]
fn errors_are_postgresqls() {
    for text in ["", "x", "2024", "2024-01", "2024-01-02x", "now", "2024-01-02 1:2:3:4", "2024-01-02 +", "1.2.3.4", "é"]
    {
        let error = parse_timestamp(text, TextStyle::CANONICAL).unwrap_err();
        assert_eq!(error.sqlstate(), "22007", "{text}");
        assert_eq!(error.message(), format!("invalid input syntax for type timestamp: \"{text}\""));
    }
    for text in ["2024-13-01", "2023-02-29", "0000-01-01", "2024-01-01 25:00", "2024-01-01 10:60", "99999999-01-01"] {
        assert_eq!(parse_timestamp(text, TextStyle::CANONICAL).unwrap_err().sqlstate(), "22008", "{text}");
    }
    assert_eq!(parse_timestamp("300000-01-01", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22008");
    assert_eq!(parse_time("24:00:01", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22008");
    assert_eq!(parse_time("24:00", TextStyle::CANONICAL).unwrap(), MICROS_PER_DAY);
    assert_eq!(parse_time("2024-01-01", TextStyle::CANONICAL).unwrap_err().sqlstate(), "22007");
}

proptest! {
    #[test]
    fn never_panics(text in "[-+:./0-9a-zT ]{0,30}|\\PC{0,20}") {
        for sqlstate in [parse_date(&text, TextStyle::CANONICAL).err(), parse_time(&text, TextStyle::CANONICAL).err(), parse_timestamptz(&text, TextStyle::CANONICAL).err()]
            .into_iter()
            .flatten()
            .map(|error| error.sqlstate())
        {
            prop_assert!(sqlstate.starts_with("22") || sqlstate == "0A000", "{sqlstate}");
        }
    }

    #[test]
    fn timestamps_round_trip(micros in -200_000_000_000_000_000i64..9_000_000_000_000_000_000) {
        let mut out = Vec::new();
        write_timestamp(micros, b' ', b"+00", &mut out);
        prop_assert_eq!(parse_timestamptz(std::str::from_utf8(&out).unwrap(), TextStyle::CANONICAL).unwrap(), micros);
    }
}
