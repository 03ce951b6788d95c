//! The run-time settings of a connection: the list of them, the values that each takes, and what SET has changed.

mod identity;
mod list;
mod setting;
mod settings;
mod special_settings;
mod text_settings;

pub use identity::SessionIdentity;
pub use setting::{Effect, Setting, SettingKind, shown_bound};
pub use settings::{EF_SEARCH_DEFAULT, EF_SEARCH_MAX, IterativeScan, SettingValue, Settings};
pub use special_settings::identifiers;
