//! The settings that say how texts are read and shown, as one [`TextStyle`].

use crate::settings::Settings;
use crate::types::{DateOrder, DateStyle, IntervalStyle, TextStyle, Zone};

const NAMES: [&str; 5] = ["timezone", "datestyle", "intervalstyle", "bytea_output", "extra_float_digits"];

/// Whether a setting, by its name in lower case, is one of them.
pub(super) fn is_of_texts(lower: &str) -> bool {
    NAMES.contains(&lower)
}

/// The style that the settings say. Their values are in canonical form.
pub(super) fn text_style(settings: &Settings) -> TextStyle {
    let value = |name| settings.get(name).unwrap_or_default();
    let (dates, order) = value("datestyle").split_once(", ").unwrap_or_default();
    TextStyle {
        zone: Zone::of_setting(value("timezone")).unwrap_or(Zone::UTC),
        dates: match dates {
            "SQL" => DateStyle::Sql,
            "Postgres" => DateStyle::Postgres,
            "German" => DateStyle::German,
            _ => DateStyle::Iso,
        },
        order: match order {
            "DMY" => DateOrder::Dmy,
            "YMD" => DateOrder::Ymd,
            _ => DateOrder::Mdy,
        },
        intervals: match value("intervalstyle") {
            "postgres_verbose" => IntervalStyle::PostgresVerbose,
            "sql_standard" => IntervalStyle::SqlStandard,
            "iso_8601" => IntervalStyle::Iso8601,
            _ => IntervalStyle::Postgres,
        },
        escapes_bytes: value("bytea_output") == "escape",
        float_digits: value("extra_float_digits").parse().unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_make_a_style() {
        let mut settings = Settings::default();
        assert_eq!(**settings.text_style(), TextStyle::default());
        for (name, value) in [
            ("TimeZone", "europe/zurich"),
            ("DateStyle", "German"),
            ("IntervalStyle", "ISO_8601"),
            ("bytea_output", "escape"),
            ("extra_float_digits", "-2"),
        ] {
            settings.set(name, value).unwrap();
        }
        let style = settings.text_style();
        assert_eq!(style.zone.name(), "Europe/Zurich");
        assert_eq!((style.dates, style.order), (DateStyle::German, DateOrder::Dmy));
        assert_eq!((style.intervals, style.escapes_bytes, style.float_digits), (IntervalStyle::Iso8601, true, -2));
        settings.reset("DateStyle").unwrap();
        assert_eq!(settings.text_style().dates, DateStyle::Iso);
        settings.reset_all();
        assert_eq!(**settings.text_style(), TextStyle::default());
    }
}
