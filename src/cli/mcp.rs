//! `nebulusdb mcp`: serves one agent over standard input and output, as a client of a server.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::client::{route, url_or_near};
use crate::error::Result;
use crate::mcp::{Rules, serve_stdio};

/// The options of `nebulusdb mcp`.
#[derive(Debug, clap::Args)]
pub struct McpArgs {
    /// The server; without it the one of this user's data directory. A missing password is taken from NEBULUSDB_PASSWORD, or from the file that a first start has left
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// The user, in place of the URL's
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Let the agent read only: it can neither remember nor forget nor share
    #[arg(long, env = "NEBULUSDB_MCP_READ_ONLY")]
    pub read_only: bool,
    /// Let the agent run statements that write by the tool query, where the call asks for it
    #[arg(long, env = "NEBULUSDB_MCP_ALLOW_WRITES", conflicts_with = "read_only")]
    pub allow_writes: bool,
    /// Keep the agent from sharing memories with peers
    #[arg(long, env = "NEBULUSDB_MCP_NO_SHARE")]
    pub no_share: bool,
    /// Let the agent have AUTH entries and the secrets of networks, by the tool query
    #[arg(long, env = "NEBULUSDB_MCP_ALLOW_SECRETS")]
    pub allow_secrets: bool,
}

/// Serves until standard input ends.
///
/// # Errors
/// F0000 for a URL that cannot be read, 58030 where standard error cannot be written; as `serve_stdio`.
pub async fn run(args: &McpArgs) -> Result<ExitCode> {
    if std::io::stdin().is_terminal() {
        writeln!(
            std::io::stderr(),
            "nebulusdb mcp speaks with an agent that starts it: put the command into the agent's settings (docs/agents.md)"
        )?;
    }
    let mut route = route(&url_or_near(args.url.as_deref()))?;
    if let Some(user) = &args.user {
        route.config.user(user);
    }
    let rules = Rules {
        is_read_only: args.read_only,
        may_write_by_query: args.allow_writes,
        may_share: !args.no_share,
        sees_secrets: args.allow_secrets,
    };
    serve_stdio(route, rules).await?;
    Ok(ExitCode::SUCCESS)
}
