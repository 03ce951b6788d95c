//! Answers what an engine asks of the database.

mod executor;
mod log;
mod members;
mod states;

pub use executor::Executor;
