//! The run-time settings of one connection: what SET changes and SHOW shows.
//!
//! Names are case-insensitive, as in PostgreSQL. A setting this server does not know is refused, except a custom one with a
//! dot in its name, which PostgreSQL keeps for applications.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, Severity};
use crate::vector::Parameters;

/// Default of `hnsw.ef_search`: candidates a graph walk keeps.
pub const EF_SEARCH_DEFAULT: usize = Parameters::EF_SEARCH_DEFAULT;
/// Largest `hnsw.ef_search`, as in pgvector.
pub const EF_SEARCH_MAX: usize = Parameters::EF_SEARCH_MAX;
/// Most custom settings of one connection.
pub const CUSTOM_SETTINGS_MAX: usize = 256;

/// Settings with their defaults: name, default, whether a client may change it, whether a change is reported to it.
const KNOWN: &[(&str, &str, bool, bool)] = &[
    ("application_name", "", true, true),
    ("bytea_output", "hex", true, false),
    ("client_encoding", "UTF8", true, true),
    ("client_min_messages", "notice", true, false),
    ("DateStyle", "ISO, MDY", true, true),
    ("default_transaction_isolation", "repeatable read", true, false),
    ("default_transaction_read_only", "off", true, true),
    ("enable_indexscan", "on", true, false),
    ("enable_seqscan", "on", true, false),
    ("extra_float_digits", "1", true, false),
    ("hnsw.ef_search", "80", true, false),
    ("hnsw.iterative_scan", "off", true, false),
    ("hnsw.max_scan_tuples", "20000", true, false),
    ("idle_in_transaction_session_timeout", "0", true, false),
    ("in_hot_standby", "off", false, true),
    ("integer_datetimes", "on", false, true),
    ("IntervalStyle", "postgres", true, true),
    ("is_superuser", "on", false, true),
    ("jit", "off", true, false),
    ("lock_timeout", "0", true, false),
    ("maintenance_work_mem", "65536", true, false),
    ("max_identifier_length", "63", false, false),
    ("max_parallel_maintenance_workers", "2", true, false),
    ("max_parallel_workers_per_gather", "2", true, false),
    ("nebulus.fetch", "on", true, false),
    ("row_security", "on", true, false),
    ("search_path", "\"$user\", public", true, true),
    ("server_encoding", "UTF8", false, true),
    ("server_version", "18.0 (NebulusDB)", false, true),
    ("server_version_num", "180000", false, false),
    ("session_authorization", "nebulus", false, true),
    ("standard_conforming_strings", "on", true, true),
    ("statement_timeout", "0", true, false),
    ("synchronous_commit", "on", true, false),
    ("TimeZone", "UTC", true, true),
    ("transaction_isolation", "repeatable read", true, false),
    ("transaction_read_only", "off", true, false),
    ("work_mem", "4096", true, false),
];

/// The settings of one connection.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Lower-cased name to value, for those that differ from their default.
    changed: BTreeMap<String, String>,
    pub user: String,
    pub database: String,
}

impl Settings {
    pub fn new(user: &str, database: &str) -> Self {
        Settings { changed: BTreeMap::new(), user: user.to_string(), database: database.to_string() }
    }

    /// The value of a setting.
    ///
    /// # Errors
    /// 42704 for a name that is neither known nor set.
    pub fn get(&self, name: &str) -> Result<&str> {
        if let Some(value) = self.changed.get(&name.to_ascii_lowercase()) {
            return Ok(value);
        }
        known(name).map(|(_, default, _, _)| *default).ok_or_else(|| unknown(name))
    }

    /// The display name of a setting, e.g. `TimeZone` for `timezone`.
    pub fn canonical_name(name: &str) -> String {
        known(name).map_or_else(|| name.to_ascii_lowercase(), |(canonical, _, _, _)| (*canonical).to_string())
    }

    /// Whether a change of the setting is told to the client in a ParameterStatus message.
    pub fn is_reported(name: &str) -> bool {
        known(name).is_some_and(|(_, _, _, reported)| *reported)
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// 42704 for an unknown name, 22023 for a value it cannot take, 55P02's role is played by 42501 for a fixed one.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let lower = name.to_ascii_lowercase();
        match known(name) {
            Some((canonical, _, false, _)) => {
                return Err(Error::new(
                    ErrorKind::InsufficientPrivilege,
                    format!("parameter \"{canonical}\" cannot be changed"),
                ));
            }
            Some(_) => {}
            None if lower.contains('.') => {
                if self.changed.len() >= CUSTOM_SETTINGS_MAX && !self.changed.contains_key(&lower) {
                    return Err(Error::new(
                        ErrorKind::LimitExceeded,
                        format!("more than {CUSTOM_SETTINGS_MAX} settings in one connection"),
                    )
                    .with_hint("RESET ALL drops those that are set."));
                }
            }
            None => return Err(unknown(name)),
        }
        let value = check(&lower, value)?;
        self.changed.insert(lower, value);
        Ok(())
    }

    /// Puts a setting back to its default.
    pub fn reset(&mut self, name: &str) -> Result<()> {
        let lower = name.to_ascii_lowercase();
        if known(name).is_none() && !self.changed.contains_key(&lower) {
            return Err(unknown(name));
        }
        self.changed.remove(&lower);
        Ok(())
    }

    pub fn reset_all(&mut self) {
        self.changed.clear();
    }

    /// Every known setting with its value, in order of name.
    pub fn all(&self) -> Vec<(String, String)> {
        let mut all: BTreeMap<String, String> =
            KNOWN.iter().map(|(name, default, _, _)| ((*name).to_string(), (*default).to_string())).collect();
        for (name, value) in &self.changed {
            all.insert(Settings::canonical_name(name), value.clone());
        }
        all.into_iter().collect()
    }

    /// The settings whose values every client is told when it connects.
    pub fn reported(&self) -> Vec<(String, String)> {
        self.all().into_iter().filter(|(name, _)| Settings::is_reported(name)).collect()
    }

    /// `nebulus.fetch`: whether entries that a statement names are fetched from the members that hold them.
    pub fn fetches(&self) -> bool {
        self.get("nebulus.fetch").is_ok_and(|value| value != "off")
    }

    /// `nebulus.fetch = all`: whether a statement that names none fetches all of the collection.
    pub fn fetches_all(&self) -> bool {
        self.get("nebulus.fetch").is_ok_and(|value| value == "all")
    }

    /// `hnsw.ef_search`.
    pub fn ef_search(&self) -> usize {
        self.get("hnsw.ef_search").ok().and_then(|value| value.parse().ok()).unwrap_or(EF_SEARCH_DEFAULT)
    }

    /// `client_min_messages`: the least severity that the client wants to be told; `None` wants errors only.
    pub fn least_severity(&self) -> Option<Severity> {
        match self.get("client_min_messages") {
            Ok("error") => None,
            Ok("warning") => Some(Severity::Warning),
            _ => Some(Severity::Notice),
        }
    }

    /// `statement_timeout`; `None` when it is off.
    pub fn statement_timeout(&self) -> Option<Duration> {
        self.milliseconds("statement_timeout")
    }

    /// `idle_in_transaction_session_timeout`; `None` when it is off.
    pub fn idle_in_transaction_timeout(&self) -> Option<Duration> {
        self.milliseconds("idle_in_transaction_session_timeout")
    }

    fn milliseconds(&self, name: &str) -> Option<Duration> {
        match self.get(name).ok().and_then(|value| value.parse::<u64>().ok()) {
            None | Some(0) => None,
            Some(millis) => Some(Duration::from_millis(millis)),
        }
    }
}

fn known(name: &str) -> Option<&'static (&'static str, &'static str, bool, bool)> {
    KNOWN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""))
}

/// The value in the form it is kept, or an error naming what is allowed.
fn check(lower: &str, value: &str) -> Result<String> {
    let invalid = |hint: String| {
        Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("invalid value for parameter \"{lower}\": \"{value}\""),
        )
        .with_hint(hint))
    };
    match lower {
        "hnsw.ef_search" => match value.parse::<usize>() {
            Ok(ef) if (1..=EF_SEARCH_MAX).contains(&ef) => Ok(ef.to_string()),
            _ => invalid(format!("A whole number from 1 to {EF_SEARCH_MAX}.")),
        },
        "nebulus.fetch" => match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".to_string()),
            "off" | "false" | "no" | "0" => Ok("off".to_string()),
            "all" => Ok("all".to_string()),
            _ => invalid(
                "on, off, or all, which fetches whole collections for statements that name no entry.".to_string(),
            ),
        },
        "statement_timeout" | "lock_timeout" | "idle_in_transaction_session_timeout" => match milliseconds(value) {
            Some(millis) => Ok(millis.to_string()),
            None => invalid("Milliseconds, or a number with ms, s, min, h or d.".to_string()),
        },
        "client_min_messages" => match value.to_ascii_lowercase().as_str() {
            level @ ("debug5" | "debug4" | "debug3" | "debug2" | "debug1" | "log" | "notice" | "warning" | "error") => {
                Ok(level.to_string())
            }
            _ => invalid("debug5 to debug1, log, notice, warning or error.".to_string()),
        },
        "client_encoding" => match value.trim_matches('\'').to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" | "unicode" => Ok("UTF8".to_string()),
            _ => invalid("This server speaks UTF8 only.".to_string()),
        },
        "timezone" => match value.to_ascii_lowercase().as_str() {
            "utc" | "gmt" | "etc/utc" | "default" => Ok("UTC".to_string()),
            _ => invalid("This server shows times in UTC; use AT TIME ZONE to convert.".to_string()),
        },
        "standard_conforming_strings" => match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" => Ok("on".to_string()),
            _ => invalid("Backslashes in ordinary strings are plain characters here; use E'…'.".to_string()),
        },
        "default_transaction_isolation" | "transaction_isolation" => match value.to_ascii_lowercase().as_str() {
            level @ ("read uncommitted" | "read committed" | "repeatable read") => Ok(level.to_string()),
            "serializable" => Err(Error::unsupported(
                "isolation level SERIALIZABLE is not offered",
                "Use REPEATABLE READ: snapshot isolation, the first committer wins.",
            )),
            _ => invalid("read committed or repeatable read.".to_string()),
        },
        _ => Ok(value.to_string()),
    }
}

/// A duration as PostgreSQL writes it, in milliseconds.
fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
