//! The bytes under a connection, and on which terms it may be one: TCP, TLS, a pipe inside of this process; waiting rooms and places.

pub(super) mod admission;
pub(super) mod door;
pub(super) mod endpoint;
pub(super) mod places;
pub(super) mod tls;
pub(super) mod transport;
pub(super) mod waiting;
pub(super) mod wire;
