//! Serving one connection that has logged in: the simple and the extended protocol, portals, COPY, cancellation.

pub(super) mod connection;
pub(super) mod copy;
pub(super) mod extended;
pub(super) mod portal;
pub(super) mod simple;
