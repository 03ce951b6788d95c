//! What SIGHUP does: the options are read again, and what can change while the server runs is changed.
//!
//! That is the certificate with its key, who has to use TLS, who needs no password, how long clients may take, the log filter,
//! and which statements are slow. Of other options that have changed the log says that they count from the next start on. What
//! is wrong leaves everything as it was.

use crate::config::{Flags, Options};
use crate::error::Result;
use crate::pg::{AdmissionSlot, TlsSlot, load_tls};
use crate::server::admission::admission;
use crate::server::logging::LogFilter;
use crate::session::SlowLog;

/// What can be changed, and where the options come from.
pub(crate) struct Reload {
    flags: Flags,
    options: Options,
    tls: TlsSlot,
    admission: AdmissionSlot,
    slow_log: SlowLog,
    log: LogFilter,
}

impl Reload {
    pub fn new(
        flags: &Flags,
        options: &Options,
        (tls, admission): (&TlsSlot, &AdmissionSlot),
        slow_log: &SlowLog,
        log: LogFilter,
    ) -> Self {
        Reload {
            flags: flags.clone(),
            options: options.clone(),
            tls: tls.clone(),
            admission: admission.clone(),
            slow_log: slow_log.clone(),
            log,
        }
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
        done.extend(self.admit(&options));
        if options.slow_statement_ms != self.options.slow_statement_ms {
            self.slow_log.set(options.slow_statement_ms);
            done.push(format!("slow_statement_ms is {} now", options.slow_statement_ms));
        }
        for name in self.options.fixed_differences(&options) {
            done.push(format!("{name} counts from the next start on"));
        }
        self.options.take_changeable(&options);
        if done.is_empty() {
            done.push("nothing has changed".to_string());
        }
        Ok(done)
    }

    /// Changes the terms on which clients are let in; what changed, in words.
    fn admit(&self, options: &Options) -> Vec<String> {
        let mut done = Vec::new();
        let now = &self.options;
        if now.trust_local != options.trust_local {
            done.push(format!("trust_local is {} now", options.trust_local));
        }
        if now.tls_mode != options.tls_mode && self.tls.is_filled() {
            done.push(format!("tls is \"{}\" now", format!("{:?}", options.tls_mode).to_lowercase()));
        }
        if now.login_time_max != options.login_time_max {
            done.push(format!("login_time_max_s is {} now", options.login_time_max.as_secs()));
        }
        if now.idle_transaction_max != options.idle_transaction_max {
            let seconds = options.idle_transaction_max.map_or(0, |most| most.as_secs());
            done.push(format!("idle_transaction_max_s is {seconds} now, for new connections"));
        }
        if !done.is_empty() {
            self.admission.exchange(admission(options));
        }
        done
    }
}
