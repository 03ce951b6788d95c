//! The health and metrics page of a node: `/healthz` for supervisors, `/metrics` for Prometheus. Off unless asked for.
//!
//! It shows numbers only: no statement, no name of a collection or secret, no value. One client that is slow, or says nothing,
//! holds nobody up.

mod health;
mod page;

pub use page::{Subject, serve};
