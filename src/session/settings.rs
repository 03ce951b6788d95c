//! The settings of a session through transactions: what SET changes, what SET LOCAL hides, what ROLLBACK takes back.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::settings::Settings;

/// The settings of a session.
pub(super) struct SessionSettings {
    /// What statements see.
    effective: Arc<Settings>,
    /// What remains when the transaction commits.
    lasting: Arc<Settings>,
    /// What the client was told.
    told: Arc<Settings>,
    /// What the server started the session with; RESET goes back to it.
    initial: Arc<Settings>,
    /// As they were before an implicit transaction changed them; `None` where none has.
    before_implicit: Option<SettingsMark>,
    statement_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

/// The settings at one moment of a transaction.
#[derive(Clone)]
pub(super) struct SettingsMark {
    effective: Arc<Settings>,
    lasting: Arc<Settings>,
}

impl SessionSettings {
    pub fn new(settings: Settings) -> Self {
        let settings = Arc::new(settings);
        SessionSettings {
            effective: Arc::clone(&settings),
            lasting: Arc::clone(&settings),
            told: Arc::clone(&settings),
            initial: settings,
            before_implicit: None,
            statement_timeout: None,
            idle_timeout: None,
        }
    }

    pub fn effective(&self) -> &Arc<Settings> {
        &self.effective
    }

    pub fn statement_timeout(&self) -> Option<Duration> {
        self.statement_timeout
    }

    pub fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout
    }

    /// A setting of the startup message: RESET goes back to it.
    ///
    /// # Errors
    /// As `Settings::set_at_start`.
    pub fn set_initial(&mut self, name: &str, value: &str) -> Result<()> {
        Arc::make_mut(&mut self.initial).set_at_start(name, value)?;
        self.effective = Arc::clone(&self.initial);
        self.lasting = Arc::clone(&self.initial);
        self.told = Arc::clone(&self.initial);
        self.refresh();
        Ok(())
    }

    /// What the session of a role begins with.
    pub fn begin_with(&mut self, settings: Settings) {
        self.initial = Arc::new(settings);
        self.effective = Arc::clone(&self.initial);
        self.lasting = Arc::clone(&self.initial);
        self.told = Arc::clone(&self.initial);
        self.refresh();
    }

    /// The session is somebody else; with `is_local`, until the transaction ends.
    pub fn become_someone(&mut self, is_local: bool, change: impl Fn(&mut Settings)) {
        change(Arc::make_mut(&mut self.effective));
        if !is_local {
            change(Arc::make_mut(&mut self.lasting));
        }
    }

    /// Changes a setting; with `is_local`, until the transaction ends.
    ///
    /// # Errors
    /// As `Settings::set`.
    pub fn set(&mut self, name: &str, value: &str, is_local: bool) -> Result<()> {
        Arc::make_mut(&mut self.effective).set(name, value)?;
        if !is_local {
            Arc::make_mut(&mut self.lasting).set(name, value)?;
        }
        self.refresh();
        Ok(())
    }

    /// Puts a setting back to what the session started with; with `is_local`, until the transaction ends.
    ///
    /// # Errors
    /// 42704 for an unknown name; as `Settings::set` where the session started with another value than the default.
    pub fn reset(&mut self, name: &str, is_local: bool) -> Result<()> {
        let own = self.initial.get(name).map(str::to_string);
        let default = Settings::default();
        let is_default = default.get(name).ok().map(str::to_string) == own.as_ref().ok().cloned();
        let lasting = (!is_local).then_some(&mut self.lasting);
        for settings in std::iter::once(&mut self.effective).chain(lasting) {
            let settings = Arc::make_mut(settings);
            match &own {
                Ok(value) if !is_default => settings.set(name, value)?,
                _ => settings.reset(name)?,
            }
        }
        self.refresh();
        Ok(())
    }

    /// As RESET ALL: whoever the session is, it stays.
    pub fn reset_all(&mut self) {
        self.effective = Arc::new(self.initial.for_identity_of(&self.effective));
        self.lasting = Arc::new(self.initial.for_identity_of(&self.lasting));
        self.refresh();
    }

    pub fn mark(&self) -> SettingsMark {
        SettingsMark { effective: Arc::clone(&self.effective), lasting: Arc::clone(&self.lasting) }
    }

    /// An implicit transaction is about to change settings: what it changes ends with it, or is taken back with it.
    pub fn begin_implicit(&mut self) {
        if self.before_implicit.is_none() {
            self.before_implicit = Some(self.mark());
        }
    }

    /// Whether an implicit transaction has changed settings.
    pub fn is_implicit(&self) -> bool {
        self.before_implicit.is_some()
    }

    /// How they were before the transaction that is open, which becomes a block.
    pub fn take_before(&mut self) -> SettingsMark {
        self.before_implicit.take().unwrap_or_else(|| self.mark())
    }

    /// The implicit transaction has failed: what it changed is taken back.
    pub fn roll_back_implicit(&mut self) {
        if let Some(mark) = self.before_implicit.take() {
            self.go_back(&mark);
        }
    }

    pub fn go_back(&mut self, mark: &SettingsMark) {
        self.effective = Arc::clone(&mark.effective);
        self.lasting = Arc::clone(&mark.lasting);
        self.refresh();
    }

    /// The transaction has committed: what was local is gone.
    pub fn commit(&mut self) {
        self.before_implicit = None;
        if !Arc::ptr_eq(&self.effective, &self.lasting) {
            self.effective = Arc::clone(&self.lasting);
            self.refresh();
        }
    }

    pub fn has_news(&self) -> bool {
        !Arc::ptr_eq(&self.effective, &self.told)
    }

    /// Reported settings that differ from what the client was told last.
    pub fn take_changed(&mut self) -> Vec<(String, String)> {
        let told = std::mem::replace(&mut self.told, Arc::clone(&self.effective)).reported();
        self.effective.reported().into_iter().filter(|setting| !told.contains(setting)).collect()
    }

    fn refresh(&mut self) {
        self.statement_timeout = self.effective.statement_timeout();
        self.idle_timeout = self.effective.idle_in_transaction_timeout();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SessionSettings {
        SessionSettings::new(Settings::new("nebulus", "nebulus"))
    }

    #[test]
    fn local_settings_end_with_their_transaction() {
        let mut settings = settings();
        settings.set("application_name", "a", false).unwrap();
        settings.set("application_name", "b", true).unwrap();
        assert_eq!(settings.take_changed(), [("application_name".to_string(), "b".to_string())]);
        settings.commit();
        assert_eq!(settings.effective().get("application_name").unwrap(), "a");
        assert_eq!(settings.take_changed(), [("application_name".to_string(), "a".to_string())]);
        assert!(!settings.has_news());
    }

    #[test]
    fn an_implicit_transaction_takes_back_what_it_changed() {
        let mut settings = settings();
        settings.begin_implicit();
        settings.set("application_name", "a", false).unwrap();
        settings.begin_implicit();
        settings.set("application_name", "b", true).unwrap();
        settings.roll_back_implicit();
        assert_eq!(settings.effective().get("application_name").unwrap(), "");
        settings.set("application_name", "c", false).unwrap();
        settings.roll_back_implicit();
        assert_eq!(settings.effective().get("application_name").unwrap(), "c", "it was over");
    }

    #[test]
    fn a_rollback_takes_settings_back() {
        let mut settings = settings();
        let mark = settings.mark();
        settings.set("statement_timeout", "5s", false).unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(5)));
        settings.go_back(&mark);
        assert_eq!(settings.statement_timeout(), None);
    }

    #[test]
    fn reset_goes_back_to_the_startup_message() {
        let mut settings = settings();
        settings.set_initial("application_name", "psql").unwrap();
        settings.set("application_name", "x", false).unwrap();
        settings.reset("application_name", false).unwrap();
        assert_eq!(settings.effective().get("application_name").unwrap(), "psql");
        settings.set("application_name", "x", false).unwrap();
        settings.reset_all();
        assert_eq!(settings.effective().get("application_name").unwrap(), "psql");
        assert!(settings.reset("nonsense", false).is_err());
    }
}
