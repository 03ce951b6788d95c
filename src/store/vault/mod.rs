//! Secrets under AES-256-GCM, and the master keys that open them.

pub(super) mod master_key;
pub(super) mod vault;
