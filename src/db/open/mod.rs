//! Opening a data directory: what lies there is loaded, the threads begin, and what a stop interrupted goes on.

pub(super) mod load;
mod load_roles;
pub(super) mod start;
