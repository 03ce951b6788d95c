//! One run-time setting: the values it takes, what they do here, and how they are read and shown.
//!
//! Values are read and shown as PostgreSQL does ("Setting Parameters" in its documentation): booleans by any unique
//! beginning, numbers with units. They are kept in one canonical form: `on` and `off`, numbers in the setting's own unit,
//! words in lower case.

use crate::error::{Error, ErrorKind, Result};

/// A setting.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// In canonical form.
    pub default: &'static str,
    pub kind: SettingKind,
    pub effect: Effect,
    /// A change is told to the client in a ParameterStatus message.
    pub is_reported: bool,
}

/// The values that a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum SettingKind {
    Bool,
    Integer { min: i64, max: i64, unit: Unit },
    Real { min: f64, max: f64 },
    Enum(&'static [&'static str]),
    Text,
}

/// What the numbers of a setting count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Kilobytes,
    /// Of 8 kB.
    Blocks,
    Milliseconds,
}

/// What a setting does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What it says is done.
    Obeyed,
    /// Only these values are taken, since they say what is done anyway; the hint says what to do instead of another.
    Only { values: &'static [&'static str], hint: &'static str },
    /// As [`Effect::Only`], for values with a syntax of their own (`special_settings`).
    Fixed,
    /// Taken and shown. In PostgreSQL it can only change how fast a statement runs or what the server logs.
    Inert,
    /// Tells of the server, and cannot be changed.
    Preset,
    /// Obeyed where the startup message has it, and fixed from then on.
    Startup,
}

impl Effect {
    /// What `SHOW ALL` and `pg_settings` say of it.
    pub fn description(&self) -> &'static str {
        match self {
            Effect::Obeyed => "",
            Effect::Only { .. } | Effect::Fixed => "Only values that say what the server does are accepted.",
            Effect::Inert => "Accepted without effect: in PostgreSQL it changes no result.",
            Effect::Preset => "Tells of the server and cannot be changed.",
            Effect::Startup => "Chosen when the connection starts, and fixed from then on.",
        }
    }

    /// The category in `pg_settings`.
    pub fn category(&self) -> &'static str {
        match self {
            Effect::Obeyed => "Client Connection Defaults",
            Effect::Only { .. } | Effect::Fixed => "Fixed",
            Effect::Inert => "Without Effect",
            Effect::Preset => "Preset Options",
            Effect::Startup => "Connections and Authentication",
        }
    }
}

/// The units of a number, largest first, with what each is in the smallest of its kind.
const MEMORY: [(&str, f64); 5] =
    [("TB", 1_099_511_627_776.0), ("GB", 1_073_741_824.0), ("MB", 1_048_576.0), ("kB", 1024.0), ("B", 1.0)];
const TIME: [(&str, f64); 6] = [
    ("d", 86_400_000_000.0),
    ("h", 3_600_000_000.0),
    ("min", 60_000_000.0),
    ("s", 1_000_000.0),
    ("ms", 1000.0),
    ("us", 1.0),
];

impl Unit {
    fn names(self) -> &'static [(&'static str, f64)] {
        match self {
            Unit::Count => &[],
            Unit::Kilobytes | Unit::Blocks => &MEMORY,
            Unit::Milliseconds => &TIME,
        }
    }

    /// One of the unit in the smallest of its kind.
    fn size(self) -> f64 {
        match self {
            Unit::Count => 1.0,
            Unit::Kilobytes => 1024.0,
            Unit::Blocks => 8192.0,
            Unit::Milliseconds => 1000.0,
        }
    }

    /// As `pg_settings` names it.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Unit::Count => None,
            Unit::Kilobytes => Some("kB"),
            Unit::Blocks => Some("8kB"),
            Unit::Milliseconds => Some("ms"),
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Unit::Count => "A number without a unit.",
            Unit::Kilobytes | Unit::Blocks => {
                "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\"."
            }
            Unit::Milliseconds => {
                "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."
            }
        }
    }
}

impl Setting {
    /// The canonical form of a value.
    ///
    /// # Errors
    /// 22023 for what is no value of the setting, 0A000 for one that PostgreSQL would obey and this server does not.
    pub fn read(&self, text: &str) -> Result<String> {
        let value = match self.kind {
            SettingKind::Bool => {
                let truth = boolean(text).ok_or_else(|| {
                    let message = format!("parameter \"{}\" requires a Boolean value", self.name);
                    Error::new(ErrorKind::InvalidParameterValue, message)
                })?;
                if truth { "on" } else { "off" }.to_string()
            }
            SettingKind::Integer { min, max, unit } => self.read_integer(text, (min, max), unit)?,
            SettingKind::Real { min, max } => {
                let number: f64 = text.trim().parse().map_err(|_| self.invalid(text))?;
                if number.is_nan() || number < min || number > max {
                    return Err(self.out_of_range(&shown_bound(number), &shown_bound(min), &shown_bound(max), ""));
                }
                number.to_string()
            }
            SettingKind::Enum(values) => {
                let lower = text.trim().to_ascii_lowercase();
                if !values.contains(&lower.as_str()) {
                    return Err(self.invalid(text).with_hint(format!("Available values: {}.", values.join(", "))));
                }
                lower
            }
            SettingKind::Text => text.to_string(),
        };
        match self.effect {
            Effect::Only { values, hint } if !values.contains(&value.as_str()) => {
                Err(self.unsupported(&self.shown(&value), hint))
            }
            _ => Ok(value),
        }
    }

    /// Whether it tells of the server.
    pub fn is_preset(&self) -> bool {
        self.effect == Effect::Preset
    }

    /// A canonical value as SHOW prints it: in the largest unit that leaves a whole number.
    pub fn shown(&self, value: &str) -> String {
        let SettingKind::Integer { unit, .. } = self.kind else { return value.to_string() };
        match value.parse::<f64>() {
            Ok(number) if number > 0.0 && unit != Unit::Count => {
                let amount = number * unit.size();
                let name = unit.names().iter().find(|(_, size)| amount % size == 0.0);
                name.map_or_else(|| value.to_string(), |(name, size)| format!("{}{name}", amount / size))
            }
            _ => value.to_string(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates, and the range is checked behind it")]
    fn read_integer(&self, text: &str, (min, max): (i64, i64), unit: Unit) -> Result<String> {
        let trimmed = text.trim();
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        let digits = trimmed.find(|c| !is_number(c)).unwrap_or(trimmed.len());
        let (number, name) = trimmed.split_at_checked(digits).unwrap_or((trimmed, ""));
        let number: f64 = number.parse().map_err(|_| self.invalid(text))?;
        let factor = match name.trim() {
            "" => 1.0,
            name => {
                let known = unit.names().iter().find(|(known, _)| *known == name);
                known.ok_or_else(|| self.invalid(text).with_hint(unit.hint()))?.1 / unit.size()
            }
        };
        let whole = (number * factor).round_ties_even() as i64;
        if !(min..=max).contains(&whole) {
            let unit = unit.name().map(|name| format!(" {name}")).unwrap_or_default();
            return Err(self.out_of_range(&whole.to_string(), &min.to_string(), &max.to_string(), &unit));
        }
        Ok(whole.to_string())
    }

    fn out_of_range(&self, value: &str, min: &str, max: &str, unit: &str) -> Error {
        let message = format!(
            "{value}{unit} is outside the valid range for parameter \"{}\" ({min}{unit} .. {max}{unit})",
            self.name
        );
        Error::new(ErrorKind::InvalidParameterValue, message)
    }

    /// 22023 for what is no value of the setting.
    pub fn invalid(&self, text: &str) -> Error {
        let message = format!("invalid value for parameter \"{}\": \"{text}\"", self.name);
        Error::new(ErrorKind::InvalidParameterValue, message)
    }

    /// 0A000 for a value that would not be obeyed.
    pub fn unsupported(&self, text: &str, hint: impl Into<String>) -> Error {
        Error::unsupported(format!("parameter \"{}\" cannot be \"{text}\" here", self.name), hint)
    }
}

/// The bound of a real setting, with six digits as C's `%g` prints it.
pub fn shown_bound(number: f64) -> String {
    if number.abs() < 1e6 {
        return number.to_string();
    }
    format!("{number:.5e}").replacen('e', "e+", 1)
}

/// A boolean by any unique beginning of its names.
pub fn boolean(text: &str) -> Option<bool> {
    let lower = text.trim().to_ascii_lowercase();
    let begins = |name: &str, least: usize| lower.len() >= least && name.starts_with(&lower);
    if lower == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2) {
        Some(true)
    } else if lower == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(min: i64, max: i64, unit: Unit) -> Setting {
        Setting {
            name: "x",
            default: "0",
            kind: SettingKind::Integer { min, max, unit },
            effect: Effect::Inert,
            is_reported: false,
        }
    }

    #[test]
    fn numbers_have_units_and_bounds() {
        let time = integer(0, 2_147_483_647, Unit::Milliseconds);
        for (text, value, shown) in [
            ("3000", "3000", "3s"),
            ("77", "77", "77ms"),
            ("0", "0", "0"),
            ("1.5 s", "1500", "1500ms"),
            ("2min", "120000", "2min"),
            ("1500us", "2", "2ms"),
            ("1d", "86400000", "1d"),
        ] {
            assert_eq!(time.read(text).unwrap(), value, "{text}");
            assert_eq!(time.shown(value), shown, "{text}");
        }
        for text in ["", "x", "3 weeks", "-1", "9999999999", "1MB", "NaN"] {
            assert_eq!(time.read(text).unwrap_err().sqlstate(), "22023", "{text}");
        }
        let memory = integer(64, 2_147_483_647, Unit::Kilobytes);
        assert_eq!(memory.shown(&memory.read("4MB").unwrap()), "4MB");
        assert_eq!(memory.shown(&memory.read("100").unwrap()), "100kB");
        let error = memory.read("1kB").unwrap_err();
        let expected = "1 kB is outside the valid range for parameter \"x\" (64 kB .. 2147483647 kB)";
        assert_eq!(error.message(), expected);
        assert_eq!(integer(0, 9, Unit::Blocks).shown("2"), "16kB");
    }

    #[test]
    fn booleans_have_many_spellings() {
        assert!(["on", "T", "yes", "1", "tr", " true "].iter().all(|text| boolean(text) == Some(true)));
        assert!(["off", "f", "NO", "0", "of"].iter().all(|text| boolean(text) == Some(false)));
        assert!(["", "o", "2", "onn", "maybe"].iter().all(|text| boolean(text).is_none()));
    }
}
