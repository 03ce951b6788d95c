//! The HTTP port of a node: `/healthz` and `/readyz` for supervisors, `/metrics` for Prometheus, and whatever else the server
//! mounts beside them.
//!
//! [`serve`] bounds what anybody can make it hold, whatever the pages are: connections, the size and the time of requests, and
//! answers that go on for long. A client that is slow, or says nothing, holds nobody up. The pages of this module show
//! numbers only: no statement, no name of a collection or secret, no value.

mod bodies;
mod connection;
mod health;
mod listener;
mod numbers;
mod pages;
mod process;
mod subject;

pub use listener::serve;
pub use pages::router;
pub use subject::{PageSubject, Phase};
