//! This program as a client of a server: what the command line, the console and agents' protocol speak through, so that users,
//! roles, limits and cancelling are those of every client.

mod connection;
mod report;
mod route;
mod tls;
mod tls_options;

pub use connection::{ClientSession, URL_DEFAULT, route, route_to_holder, url_or_near};
pub use report::{describe, failure, reason};
pub use route::{Canceller, Route, RouteWire};
