//! A running server: database, listener, signals, and an orderly end.

mod admission;
mod bind;
mod checks;
mod first_start;
mod logging;
mod pages;
mod reload;
mod run;
mod trim;

pub use checks::problems_of;
pub use logging::{LogFilter, start_logging};
pub use run::run;
