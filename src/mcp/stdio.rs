//! One agent over standard input and output: what desktop and editor agents start as a process of their own.
//!
//! Standard output carries messages of the protocol and nothing else.

use crate::client::Route;
use crate::error::{Error, ErrorKind, Result};
use crate::mcp::handler::{McpHandler, Source};
use crate::mcp::pool::Pool;
use crate::mcp::rules::Rules;
use rmcp::ServiceExt;
use rmcp::transport::stdio;

/// Serves one agent until its input ends. The server need not run yet: calls say so until it does.
///
/// # Errors
/// 58030 where the other side does not speak the protocol.
pub async fn serve_stdio(route: Route, rules: Rules) -> Result<()> {
    let handler = McpHandler { source: Source::Own(Pool::new(route, rules)), rules };
    let running = match handler.serve(stdio()).await {
        Ok(running) => running,
        // Whoever closes its end before it has said anything has asked for nothing.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(Error::new(ErrorKind::Io, format!("the agent does not begin as MCP does: {error}"))),
    };
    running.waiting().await.map_err(|error| Error::internal(format!("serving the agent stopped: {error}")))?;
    Ok(())
}
