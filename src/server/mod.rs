//! A running server: database, listener, signals, and an orderly end.

mod bind;
mod first_start;
mod logging;
mod pages;
mod reload;
mod run;
mod trim;

pub use logging::{LogFilter, start_logging};
pub use run::run;
