//! Secrets in the vault family: entries of AUTH, and the keys of networks.

pub(super) mod network_keys;
pub(super) mod secrets;
