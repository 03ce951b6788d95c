//! Upkeep of a data directory: backup and restore, repair of what is derived, a new vault key, how a database is, and the end of temporary relations.

pub(super) mod backup;
pub(super) mod password_file;
pub(super) mod repair;
pub(super) mod rotate_vault;
pub(super) mod temporary;
pub(super) mod vitals;
