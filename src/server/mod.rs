//! A running server: database, listener, signals, and an orderly end.

mod first_start;
mod logging;
mod reload;
mod run;
mod trim;

pub use logging::{LogFilter, start_logging};
pub use run::run;
