//! The port of the pages: where it listens, and everything that is mounted on it.

use std::io::ErrorKind as IoErrorKind;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokio::net::TcpListener;

use crate::admin;
use crate::config::AdminAddress;
use crate::console::{self, ConsoleOptions};
use crate::error::Result;
use crate::mcp::{self, HttpOptions, Rules};
use crate::server::bind::{bind, cannot_listen};

/// The listener of the pages; `None` where they are off, and where the place that nobody chose is taken.
///
/// Every node has its pages at the same port unless told otherwise. The second node of a machine goes on without them, and says
/// so: whoever starts two nodes for the first time shall have two nodes. A place that somebody chose is another matter.
///
/// # Errors
/// F0000 for a chosen address that cannot be listened on.
pub(crate) async fn listen(admin: Option<&AdminAddress>) -> Result<Option<TcpListener>> {
    let Some(admin) = admin else { return Ok(None) };
    let address = &admin.address;
    let listener = if admin.is_chosen {
        bind("--admin", address).await?
    } else {
        match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) => {
                let why = match error.kind() {
                    IoErrorKind::AddrInUse => {
                        "another program listens there, perhaps another node of this machine".to_string()
                    }
                    _ => cannot_listen("--admin", address, &error).to_string(),
                };
                tracing::warn!(
                    address,
                    "this node has no health and metrics page: {why}. --admin HOST:PORT puts it elsewhere, --admin off does without"
                );
                return Ok(None);
            }
        }
    };
    tracing::info!(address = %listener.local_addr()?, "health and metrics page");
    Ok(Some(listener))
}

/// All pages of a node, the console and agents' protocol among them.
///
/// # Errors
/// XX000 where the system has no random numbers.
pub(crate) fn pages(subject: admin::PageSubject, console: ConsoleOptions) -> Result<Router> {
    let agents = mcp::router(HttpOptions { door: console.door.clone(), rules: Rules::DEFAULT })?;
    Ok(admin::router(subject).merge(console::router(console)).merge(agents).fallback(nothing_there))
}

async fn nothing_there() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "there are /console/, /healthz, /readyz and /metrics, and /mcp for agents\n")
}
