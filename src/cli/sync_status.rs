//! `nebulusdb sync-status`: a server's networks, their peers and how far each is behind, for a terminal.
//!
//! Asks the tables of the schema `nebulus` as any client would, once or every few seconds until it is interrupted. On a terminal
//! the picture is drawn over the one before; a server that goes away is waited for.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use crate::cli::table::Table;
use crate::client::{ClientSession, describe, reason, url_or_near};
use crate::error::{Error, ErrorKind, Result};

/// Clears a terminal.
const CLEAR: &str = "\x1b[2J";
/// Moves the cursor to the upper left corner; long lines are cut at the edge from here on.
const BEGIN: &str = "\x1b[H\x1b[?7l";
/// Clears the rest of a line, without the flicker of a cleared screen.
const END_OF_LINE: &str = "\x1b[K\n";
/// Clears what is below; long lines go on in the next one again.
const END: &str = "\x1b[J\x1b[?7h";
/// Lines of a terminal that does not say how many it has.
const TERMINAL_LINES: usize = 24;

const NODE: &str = "SELECT peer_id, running FROM nebulus.node";
// One a line, to be copied: what another node joins at.
const ADDRESSES: &str = "SELECT unnest(addresses) AS address FROM nebulus.node";
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
    /// Ask again every so many seconds, two where no number follows, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
}

/// Prints the state, once or again and again.
///
/// # Errors
/// As `Session::connect`; 58030 where the server refuses or standard output cannot be written. While it watches, what the
/// server fails with is shown, and tried again.
pub async fn run(args: &SyncStatusArgs) -> Result<ExitCode> {
    let session = ClientSession::connect(&url_or_near(args.url.as_deref())).await?;
    if let Some(seconds) = args.watch {
        return watch(args, session, seconds).await;
    }
    std::io::stdout().write_all(state(&session).await?.as_bytes())?;
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Draws until it is interrupted.
async fn watch(args: &SyncStatusArgs, session: ClientSession, seconds: u64) -> Result<ExitCode> {
    let mut session = Some(session);
    let is_terminal = std::io::stdout().is_terminal();
    if is_terminal {
        std::io::stdout().write_all(CLEAR.as_bytes())?;
    }
    loop {
        let text = match look(args, &mut session).await {
            Ok(text) => text,
            Err(error) => format!("{}; trying again\n", error.message()),
        };
        let text = if is_terminal {
            let now = chrono::Local::now().format("%H:%M:%S");
            let unit = if seconds == 1 { "second" } else { "seconds" };
            picture(&format!("{now}, every {seconds} {unit}; Ctrl-C ends\n\n{text}"), terminal_lines())
        } else {
            text
        };
        let mut output = std::io::stdout().lock();
        output.write_all(text.as_bytes())?;
        output.flush()?;
        drop(output);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

/// The state, over a new connection where the one before is gone.
async fn look(args: &SyncStatusArgs, session: &mut Option<ClientSession>) -> Result<String> {
    let connected = match session.take() {
        Some(connected) => connected,
        None => ClientSession::connect(&url_or_near(args.url.as_deref())).await?,
    };
    let text = state(&connected).await?;
    *session = Some(connected);
    Ok(text)
}

/// A text drawn over what a terminal of so many lines shows.
fn picture(text: &str, lines_max: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let room = lines_max.saturating_sub(1);
    let mut drawn = BEGIN.to_string();
    let is_cut = lines.len() > room;
    for line in lines.iter().take(if is_cut { room.saturating_sub(1) } else { room }) {
        drawn.push_str(line);
        drawn.push_str(END_OF_LINE);
    }
    if is_cut {
        let more = lines.len() + 1 - room;
        drawn.push_str(&format!("… {more} more lines{END_OF_LINE}"));
    }
    drawn.push_str(END);
    drawn
}

/// How many lines the terminal has now; it may be made larger or smaller.
#[cfg(target_os = "linux")]
fn terminal_lines() -> usize {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` to where it is told, and there is one that lives through the call.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if result == 0 && size.ws_row > 0 { usize::from(size.ws_row) } else { TERMINAL_LINES }
}

#[cfg(not(target_os = "linux"))]
fn terminal_lines() -> usize {
    TERMINAL_LINES
}

/// The tables with a heading each; what is empty is left out, but for the networks.
async fn state(session: &ClientSession) -> Result<String> {
    let mut text = String::new();
    for (heading, query, is_optional) in [
        ("Node", NODE, false),
        ("Addresses", ADDRESSES, true),
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

async fn table(session: &ClientSession, query: &str) -> Result<Table> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_fits_the_terminal() {
        let text = "one\ntwo\nthree\nfour\n";
        assert_eq!(
            picture(text, 5),
            format!("{BEGIN}one{END_OF_LINE}two{END_OF_LINE}three{END_OF_LINE}four{END_OF_LINE}{END}")
        );
        let cut = format!("{BEGIN}one{END_OF_LINE}two{END_OF_LINE}… 2 more lines{END_OF_LINE}{END}");
        assert_eq!(picture(text, 4), cut);
    }
}
