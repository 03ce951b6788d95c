//! A running server: database, listener, signals, and an orderly end.

mod first_start;
mod logging;
mod run;

pub use logging::start_logging;
pub use run::run;
