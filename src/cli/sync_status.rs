//! `nebulusdb sync-status`: a server's networks, their peers and how far each is behind, for a terminal.
//!
//! Asks the tables of the schema `nebulus` as any client would, once or every few seconds until it is interrupted.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use crate::cli::client::{Session, describe, reason, url_or_near};
use crate::cli::table::Table;
use crate::error::{Error, ErrorKind, Result};

/// Moves the cursor of a terminal to its upper left corner and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

const NODE: &str = "SELECT peer_id, running, array_to_string(addresses, ' ') AS addresses FROM nebulus.node";
const NETWORKS: &str = "SELECT name AS network, epoch, array_to_string(collections, ', ') AS collections, \
    connected_peers AS connected, total_peers AS members, staged, last_sync, last_error \
    FROM nebulus.networks ORDER BY name";
const PEERS: &str = "SELECT network, peer_id, connected, round(latency_ms::numeric, 1) AS latency_ms, \
    behind_deltas AS behind, round(behind_ms / 1000.0, 1) AS behind_s, ahead_deltas AS ahead, last_seen, \
    CASE WHEN removed THEN 'removed' WHEN banned_until IS NOT NULL THEN 'banned' END AS note \
    FROM nebulus.peers ORDER BY network, peer_id";
const STAGED: &str = "SELECT coalesce(network, '') AS network, collection, count(*) AS staged FROM nebulus.staged \
    GROUP BY 1, 2 ORDER BY 1, 2";
const QUARANTINE: &str =
    "SELECT network, origin, seq, reason, due FROM nebulus.quarantine ORDER BY network, origin, seq";

/// The options of `nebulusdb sync-status`.
#[derive(Debug, clap::Args)]
pub struct SyncStatusArgs {
    /// The server; by default the one that holds the data directory. A missing password is taken from NEBULUSDB_PASSWORD
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// Ask again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
}

/// Prints the state, once or again and again.
pub async fn run(args: &SyncStatusArgs) -> Result<ExitCode> {
    let session = Session::connect(&url_or_near(args.url.as_deref())).await?;
    loop {
        let text = state(&session).await?;
        let mut output = std::io::stdout().lock();
        if args.watch.is_some() && output.is_terminal() {
            output.write_all(CLEAR.as_bytes())?;
        }
        output.write_all(text.as_bytes())?;
        output.flush()?;
        drop(output);
        let Some(seconds) = args.watch else { break };
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// The tables with a heading each; what is empty is left out, but for the networks.
async fn state(session: &Session) -> Result<String> {
    let mut text = String::new();
    for (heading, query, is_optional) in [
        ("Node", NODE, false),
        ("Networks", NETWORKS, false),
        ("Peers", PEERS, true),
        ("Staged", STAGED, true),
        ("Quarantine", QUARANTINE, true),
    ] {
        let table = table(session, query).await?;
        if !is_optional || !table.rows.is_empty() {
            text.push_str(&format!("{heading}\n{}\n", table.aligned(None)));
        }
    }
    Ok(text)
}

async fn table(session: &Session, query: &str) -> Result<Table> {
    let messages = session.client.simple_query(query).await.map_err(|error| match error.as_db_error() {
        Some(report) => Error::new(ErrorKind::Io, describe(report, query)),
        None => Error::new(ErrorKind::Io, reason(&error)),
    })?;
    let mut table = Table { columns: Vec::new(), rows: Vec::new() };
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                table.columns = columns.iter().map(|column| column.name().to_string()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                table.rows.push((0..row.len()).map(|index| row.get(index).map(str::to_string)).collect());
            }
            _ => {}
        }
    }
    Ok(table)
}
