//! The run-time settings of one connection: what SET changes and SHOW shows.
//!
//! Names are case-insensitive, as in PostgreSQL. A setting this server does not know is refused, except a custom one with a
//! dot in its name, which PostgreSQL keeps for applications. `list` holds those that are known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, Severity};
use crate::model::{MemoryAccount, Notifications};
use crate::settings::identity::SessionIdentity;
use crate::settings::list::{SEARCH_PATH_DEFAULT, SETTINGS};
use crate::settings::setting::{Effect, Setting};
use crate::settings::special_settings;
use crate::settings::text_settings::{is_of_texts, text_style};
use crate::types::TextStyle;
use crate::vector::Parameters;

/// Default of `hnsw.ef_search`: candidates a graph walk keeps.
pub const EF_SEARCH_DEFAULT: usize = Parameters::EF_SEARCH_DEFAULT;
/// Values of `hnsw.iterative_scan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IterativeScan {
    Off,
    StrictOrder,
    RelaxedOrder,
}

/// Largest `hnsw.ef_search`, as in pgvector.
pub const EF_SEARCH_MAX: usize = Parameters::EF_SEARCH_MAX;
/// Most custom settings of one connection.
pub const CUSTOM_SETTINGS_MAX: usize = 256;
/// What the names of custom settings cannot begin with: names behind it are the server's.
const RESERVED_PREFIXES: [&str; 3] = ["hnsw", "ivfflat", "nebulus"];

/// Settings that tell who the session is: SET and RESET of them go by the catalog.
const OF_IDENTITY: [&str; 3] = ["role", "session_authorization", "is_superuser"];

/// The settings of one connection.
///
/// Its methods are one a kind of value, and those that a transaction takes back what was set by.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Lower-cased name to value, for those that differ from their default.
    changed: BTreeMap<String, String>,
    /// The name that was logged in with.
    pub user: String,
    identity: SessionIdentity,
    pub database: String,
    /// The number by which a client would cancel the session; 0 outside of one.
    pub backend_id: i32,
    /// What statements take of the server's memory.
    pub memory: MemoryAccount,
    /// What the session listens to and sends.
    pub notifications: Notifications,
    /// What the settings say of texts; the canonical style where they say nothing.
    style: Arc<TextStyle>,
}

/// A setting and its value, as `pg_settings` shows them.
pub struct SettingValue<'a> {
    pub name: &'a str,
    /// In canonical form.
    pub value: &'a str,
    pub is_changed: bool,
    /// `None` for a custom setting.
    pub setting: Option<&'static Setting>,
}

impl Settings {
    pub fn new(user: &str, database: &str) -> Self {
        Settings { user: user.to_string(), database: database.to_string(), ..Settings::default() }
    }

    /// As whom statements run.
    pub fn identity(&self) -> &SessionIdentity {
        &self.identity
    }

    /// Becomes somebody else: `role` is what `SHOW role` says, `session` the name of the session's user.
    pub fn become_identity(&mut self, identity: SessionIdentity, (role, session, is_superuser): (&str, &str, bool)) {
        self.identity = identity;
        let is_superuser = if is_superuser { "on" } else { "off" };
        for (name, value) in OF_IDENTITY.into_iter().zip([role, session, is_superuser]) {
            match known(name).is_some_and(|setting| setting.default == value) {
                true => self.changed.remove(name),
                false => self.changed.insert(name.to_string(), value.to_string()),
            };
        }
    }

    /// Stays who somebody else is.
    fn stay(&mut self, other: &Settings) {
        self.identity = other.identity;
        for name in OF_IDENTITY {
            match other.changed.get(name) {
                Some(value) => self.changed.insert(name.to_string(), value.clone()),
                None => self.changed.remove(name),
            };
        }
    }

    /// These settings for whoever another one is: RESET ALL changes nobody.
    #[must_use]
    pub fn for_identity_of(&self, other: &Settings) -> Settings {
        let mut settings = self.clone();
        settings.stay(other);
        settings
    }

    /// The values that differ from their defaults, by name.
    pub fn changed(&self) -> &BTreeMap<String, String> {
        &self.changed
    }

    /// The value of a setting, in canonical form.
    ///
    /// # Errors
    /// 42704 for a name that is neither known nor set.
    pub fn get(&self, name: &str) -> Result<&str> {
        if let Some(value) = self.changed.get(&name.to_ascii_lowercase()) {
            return Ok(value);
        }
        known(name).map(|setting| setting.default).ok_or_else(|| unknown(name))
    }

    /// The value of a setting as SHOW prints it: `3s` for 3000 milliseconds.
    ///
    /// # Errors
    /// 42704 for a name that is neither known nor set.
    pub fn shown(&self, name: &str) -> Result<String> {
        let value = self.get(name)?;
        Ok(known(name).map_or_else(|| value.to_string(), |setting| setting.shown(value)))
    }

    /// The display name of a setting, e.g. `TimeZone` for `timezone`.
    pub fn canonical_name(name: &str) -> String {
        known(name).map_or_else(|| name.to_ascii_lowercase(), |setting| setting.name.to_string())
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// 42704 for an unknown name, 22023 for a value it cannot take, 0A000 for one that would not be obeyed, 55P02 for a
    /// setting that tells of the server, 42602 for a custom name behind a reserved prefix.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let lower = name.to_ascii_lowercase();
        let value = match known(name) {
            Some(setting) if setting.is_preset() || OF_IDENTITY.contains(&setting.name) => {
                let message = format!("parameter \"{}\" cannot be changed", setting.name);
                return Err(Error::new(ErrorKind::FixedParameter, message));
            }
            Some(setting) if setting.effect == Effect::Startup => {
                let message = format!("parameter \"{}\" cannot be set after connection start", setting.name);
                return Err(Error::new(ErrorKind::FixedParameter, message));
            }
            Some(setting) => {
                let current = self.changed.get(&lower).map_or(setting.default, String::as_str);
                special_settings::read(setting, value, current).unwrap_or_else(|| setting.read(value))?
            }
            None => {
                self.check_custom(&lower)?;
                value.to_string()
            }
        };
        let is_of_texts = is_of_texts(&lower);
        self.changed.insert(lower, value);
        if is_of_texts {
            self.style = Arc::new(text_style(self));
        }
        Ok(())
    }

    /// How texts are read and shown: `TimeZone`, `DateStyle`, `IntervalStyle`, `bytea_output`, `extra_float_digits`.
    pub fn text_style(&self) -> &Arc<TextStyle> {
        &self.style
    }

    /// A setting of the startup message.
    ///
    /// # Errors
    /// As [`Settings::set`], but for those that can be chosen there alone.
    pub fn set_at_start(&mut self, name: &str, value: &str) -> Result<()> {
        match known(name).filter(|setting| setting.effect == Effect::Startup) {
            Some(setting) => {
                self.changed.insert(name.to_ascii_lowercase(), setting.read(value)?);
                Ok(())
            }
            None => self.set(name, value),
        }
    }

    /// `nebulus.secrets = off`: the session has no use for AUTH entries and the secrets of networks.
    pub fn hides_secrets(&self) -> bool {
        self.get("nebulus.secrets").is_ok_and(|value| value == "off")
    }

    fn check_custom(&self, lower: &str) -> Result<()> {
        let Some((prefix, _)) = lower.split_once('.') else { return Err(unknown(lower)) };
        if RESERVED_PREFIXES.contains(&prefix) {
            let message = format!("invalid configuration parameter name \"{lower}\"");
            return Err(
                Error::new(ErrorKind::InvalidName, message).with_detail(format!("\"{prefix}\" is a reserved prefix."))
            );
        }
        if self.changed.len() >= CUSTOM_SETTINGS_MAX && !self.changed.contains_key(lower) {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("more than {CUSTOM_SETTINGS_MAX} settings in one connection"),
            )
            .with_hint("RESET ALL drops those that are set."));
        }
        Ok(())
    }

    /// Puts a setting back to its default.
    ///
    /// # Errors
    /// 42704 for a name that is neither known nor set.
    pub fn reset(&mut self, name: &str) -> Result<()> {
        let lower = name.to_ascii_lowercase();
        if known(name).is_none() && !self.changed.contains_key(&lower) {
            return Err(unknown(name));
        }
        if OF_IDENTITY.contains(&lower.as_str()) {
            let message = format!("parameter \"{lower}\" cannot be changed");
            return Err(Error::new(ErrorKind::FixedParameter, message));
        }
        self.changed.remove(&lower);
        self.style = Arc::new(text_style(self));
        Ok(())
    }

    pub fn reset_all(&mut self) {
        self.changed.retain(|name, _| OF_IDENTITY.contains(&name.as_str()));
        self.style = Arc::default();
    }

    /// Every known setting and every custom one that is set, with its value, in order of name.
    pub fn all(&self) -> Vec<SettingValue<'_>> {
        let known_ones = SETTINGS.iter().map(|setting| {
            let own = self.changed.get(&setting.name.to_ascii_lowercase());
            let value = own.map_or(setting.default, String::as_str);
            SettingValue { name: setting.name, value, is_changed: own.is_some(), setting: Some(setting) }
        });
        let custom = self.changed.iter().filter(|(name, _)| known(name).is_none());
        let custom = custom.map(|(name, value)| SettingValue { name, value, is_changed: true, setting: None });
        let mut all: Vec<SettingValue<'_>> = known_ones.chain(custom).collect();
        all.sort_by_key(|each| each.name.to_ascii_lowercase());
        all
    }

    /// The settings whose values every client is told when it connects.
    pub fn reported(&self) -> Vec<(String, String)> {
        let told = SETTINGS.iter().filter(|setting| setting.is_reported);
        told.map(|setting| (setting.name.to_string(), self.get(setting.name).unwrap_or(setting.default).to_string()))
            .collect()
    }

    /// `search_path`, a list of names of schemas; `None` where it has its default value.
    pub fn search_path(&self) -> Option<&str> {
        self.changed.get("search_path").map(String::as_str).filter(|path| *path != SEARCH_PATH_DEFAULT)
    }

    /// `nebulus.columns`: whether statements may read facts of many entries from columns in memory. No answer depends on it.
    pub fn reads_columns(&self) -> bool {
        self.get("nebulus.columns").is_ok_and(|value| value != "off")
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

    /// `hnsw.iterative_scan`.
    pub fn iterative_scan(&self) -> IterativeScan {
        match self.get("hnsw.iterative_scan") {
            Ok("strict_order") => IterativeScan::StrictOrder,
            Ok("relaxed_order") => IterativeScan::RelaxedOrder,
            _ => IterativeScan::Off,
        }
    }

    /// `hnsw.max_scan_tuples`.
    pub fn max_scan_tuples(&self) -> usize {
        self.get("hnsw.max_scan_tuples").ok().and_then(|value| value.parse().ok()).unwrap_or(usize::MAX)
    }

    /// The bytes that a widened walk may take: `hnsw.scan_mem_multiplier` times `work_mem`.
    pub fn scan_memory_bytes(&self) -> usize {
        let number = |name| self.get(name).ok().and_then(|value| value.parse::<f64>().ok());
        let bytes = number("hnsw.scan_mem_multiplier")
            .zip(number("work_mem"))
            .map(|(times, kilobytes)| times * kilobytes * 1024.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are positive, and a number beyond usize becomes its greatest"
        )]
        bytes.map_or(usize::MAX, |bytes| bytes as usize)
    }

    /// `client_min_messages`: the least severity that the client wants to be told.
    pub fn least_severity(&self) -> Severity {
        match self.get("client_min_messages") {
            Ok("error") => Severity::Info,
            Ok("warning") => Severity::Warning,
            Ok("log") => Severity::Log,
            Ok(debug) if debug.starts_with("debug") => Severity::Debug,
            _ => Severity::Notice,
        }
    }

    /// `statement_timeout`; `None` when it is off.
    pub fn statement_timeout(&self) -> Option<Duration> {
        self.milliseconds("statement_timeout")
    }

    /// `lock_timeout`; `None` when it is off.
    pub fn lock_timeout(&self) -> Option<Duration> {
        self.milliseconds("lock_timeout")
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

fn known(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name))
}

fn unknown(name: &str) -> Error {
    let error = Error::new(ErrorKind::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""));
    // What other databases list by SHOW.
    match name.to_ascii_lowercase().as_str() {
        "tables" | "databases" | "schemas" | "columns" => error.with_hint(
            "SHOW COLLECTIONS lists the tables; \\d of psql, and of `nebulusdb shell`, the columns of each.",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_obeyed_or_refused() {
        let mut settings = Settings::new("nebulus", "nebulus");
        let mut set = |name: &str, value: &str| settings.set(name, value).map_err(|error| error.sqlstate());
        for (name, value) in [
            ("intervalstyle", "POSTGRES"),
            ("Bytea_Output", "hex"),
            ("enable_sort", "off"),
            ("random_page_cost", "1.1"),
            ("hnsw.iterative_scan", "strict_order"),
            ("row_security", "off"),
            ("default_tablespace", ""),
            ("transaction_timeout", "0"),
            ("myapp.user", "anything"),
        ] {
            assert_eq!(set(name, value), Ok(()), "{name} {value}");
        }
        for (name, value, sqlstate) in [
            ("intervalstyle", "nonsense", "22023"),
            ("standard_conforming_strings", "off", "0A000"),
            ("default_tablespace", "fast", "0A000"),
            ("transaction_timeout", "1s", "0A000"),
            ("transaction_isolation", "snapshot", "22023"),
            ("enable_sort", "maybe", "22023"),
            ("hnsw.max_scan_tuples", "0", "22023"),
            ("hnsw.ef_search", "1001", "22023"),
            ("work_mem", "63", "22023"),
            ("max_index_keys", "32", "55P02"),
            ("nebulus.secrets", "on", "55P02"),
            ("hnsw.nonsense", "1", "42602"),
            ("nebulus.backend_pid", "1", "42602"),
            ("nonsense", "1", "42704"),
        ] {
            assert_eq!(set(name, value), Err(sqlstate), "{name} {value}");
        }
        assert_eq!(settings.get("ENABLE_SORT").unwrap(), "off");
    }

    #[test]
    fn numbers_are_shown_with_their_units() {
        let mut settings = Settings::new("nebulus", "nebulus");
        for (value, shown) in [("3000", "3s"), ("77", "77ms"), ("5min", "5min"), ("0", "0")] {
            settings.set("statement_timeout", value).unwrap();
            assert_eq!(settings.shown("statement_timeout").unwrap(), shown);
        }
        assert_eq!(settings.shown("work_mem").unwrap(), "4MB");
        assert_eq!(settings.shown("hnsw.ef_search").unwrap(), EF_SEARCH_DEFAULT.to_string());
        assert_eq!(settings.shown("effective_cache_size").unwrap(), "4GB");
    }

    #[test]
    fn bounds_of_iterative_scans_have_their_units() {
        let mut settings = Settings::new("nebulus", "nebulus");
        assert_eq!((settings.iterative_scan(), settings.max_scan_tuples()), (IterativeScan::Off, 20_000));
        assert_eq!(settings.scan_memory_bytes(), 4 << 20);
        settings.set("hnsw.iterative_scan", "relaxed_order").unwrap();
        settings.set("hnsw.max_scan_tuples", "77").unwrap();
        settings.set("hnsw.scan_mem_multiplier", "2.5").unwrap();
        settings.set("work_mem", "2MB").unwrap();
        assert_eq!((settings.iterative_scan(), settings.max_scan_tuples()), (IterativeScan::RelaxedOrder, 77));
        assert_eq!(settings.scan_memory_bytes(), 5 << 20);
    }

    #[test]
    fn client_min_messages_is_obeyed() {
        let mut settings = Settings::new("nebulus", "nebulus");
        assert_eq!(settings.least_severity(), Severity::Notice);
        settings.set("client_min_messages", "WARNING").unwrap();
        assert_eq!(settings.least_severity(), Severity::Warning);
        settings.set("client_min_messages", "error").unwrap();
        assert_eq!(settings.least_severity(), Severity::Info);
        settings.set("client_min_messages", "debug3").unwrap();
        assert_eq!(settings.least_severity(), Severity::Debug);
    }
}
