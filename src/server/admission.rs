//! From options to the terms on which clients are let in.

use crate::config::{Options, TlsMode};
use crate::pg::{Admission, TlsRule};

/// On which terms clients are let in under these options.
pub(super) fn admission(options: &Options) -> Admission {
    Admission {
        tls_rule: match options.tls_mode {
            TlsMode::Off | TlsMode::Allow => TlsRule::Allow,
            TlsMode::Remote => TlsRule::RequireRemote,
            TlsMode::Require => TlsRule::Require,
        },
        trust_local: options.trust_local,
        login_time_max: options.login_time_max,
        idle_transaction_max: options.idle_transaction_max,
    }
}
