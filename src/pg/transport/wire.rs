//! The two ends of a connection: what comes, what goes, and what carries both.

use std::sync::Arc;

use crate::pg::messages::input::ClientInput;
use crate::pg::messages::output::ClientOutput;
use crate::pg::transport::transport::Transport;

/// The two ends of a connection before it has a session.
pub(in crate::pg) struct Wire {
    pub transport: Transport,
    pub input: ClientInput,
    pub output: ClientOutput,
    /// What TLS binds a login to.
    pub end_point: Option<Arc<[u8]>>,
}
