//! What SIGHUP does: the options are read again, and what can change while the server runs is changed.
//!
//! That is the certificate with its key, and the log filter. Of other options that have changed the log says that they count
//! from the next start on. What is wrong leaves everything as it was.

use crate::config::{Flags, Options};
use crate::error::Result;
use crate::pg::{TlsSlot, load_tls};
use crate::server::logging::LogFilter;

/// What can be changed, and where the options come from.
pub(crate) struct Reload {
    flags: Flags,
    options: Options,
    tls: TlsSlot,
    log: LogFilter,
}

impl Reload {
    pub fn new(flags: &Flags, options: &Options, tls: &TlsSlot, log: LogFilter) -> Self {
        Reload { flags: flags.clone(), options: options.clone(), tls: tls.clone(), log }
    }

    /// Reads the options again, and says in the log what came of it.
    pub fn run(&mut self) {
        match self.apply() {
            Ok(done) => tracing::info!(changes = %done.join(", "), "SIGHUP: the configuration was read again"),
            Err(error) => tracing::error!(%error, "SIGHUP: nothing was changed, since the configuration is wrong"),
        }
    }

    /// What was done, in words.
    fn apply(&mut self) -> Result<Vec<String>> {
        let options = Options::resolve(&self.flags)?;
        let tls = options.tls.as_ref().map(|(certificate, key)| load_tls(certificate, key)).transpose()?;
        let mut done = Vec::new();
        if options.log != self.options.log {
            self.log.change(&options.log)?;
            done.push(format!("the log filter is \"{}\" now", options.log));
            self.options.log.clone_from(&options.log);
        }
        match tls {
            Some(tls) if self.tls.is_filled() => {
                self.tls.exchange(tls);
                done.push("new connections get the certificate as it is in its file now".to_string());
            }
            // Plaintext and TLS do not change places while clients are connected.
            None if !self.tls.is_filled() => {}
            Some(_) => done.push("TLS begins with the next start".to_string()),
            None => done.push("TLS ends with the next start".to_string()),
        }
        for name in self.options.fixed_differences(&options) {
            done.push(format!("{name} counts from the next start on"));
        }
        if done.is_empty() {
            done.push("nothing has changed".to_string());
        }
        Ok(done)
    }
}
