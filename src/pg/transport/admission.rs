//! On which terms clients are let in, which may change while the server runs.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use crate::pg::transport::tls::TlsRule;

/// The terms.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    pub tls_rule: TlsRule,
    /// Whether connections over the loopback interface need no password.
    pub trust_local: bool,
    /// Time from the first byte to a checked password.
    pub login_time_max: Duration,
    /// How long a client may leave a transaction waiting; `None` for ever.
    pub idle_transaction_max: Option<Duration>,
}

/// Where they stand. Clones share it.
#[derive(Clone, Debug)]
pub struct AdmissionSlot(Arc<RwLock<Admission>>);

impl AdmissionSlot {
    pub fn new(admission: Admission) -> Self {
        AdmissionSlot(Arc::new(RwLock::new(admission)))
    }

    /// From now on connections are let in on these terms; those that are there keep theirs.
    pub fn exchange(&self, admission: Admission) {
        *self.0.write() = admission;
    }

    pub fn get(&self) -> Admission {
        *self.0.read()
    }
}
