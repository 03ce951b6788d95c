//! The run-time settings of a connection: the list of them, the values that each takes, and what SET has changed.

pub(super) mod list;
pub(super) mod setting;
pub(super) mod settings;
pub(super) mod special_settings;
