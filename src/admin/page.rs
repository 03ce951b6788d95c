//! A page server as small as its job: one GET a connection, bounded in size and time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::db::Database;
use crate::metrics;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// How long a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);

/// Serves until told to stop.
pub async fn serve(listener: TcpListener, database: Database, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        // One at a time: a page for people and scrapers needs no more, and cannot be flooded into more.
        if let Ok((stream, _)) = accepted
            && let Ok(Err(error)) = tokio::time::timeout(REQUEST_TIME_MAX, answer(stream, &database)).await
        {
            tracing::debug!(%error, "a request for the metrics page failed");
        }
    }
}

async fn answer(mut stream: TcpStream, database: &Database) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (status, body) = match (words.next(), words.next()) {
        (Some(b"GET"), Some(b"/healthz")) => health(database),
        (Some(b"GET"), Some(b"/metrics")) => ("200 OK", render(database)),
        (Some(b"GET"), Some(_)) => ("404 Not Found", "there are /healthz and /metrics\n".to_string()),
        _ => ("405 Method Not Allowed", "only GET\n".to_string()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Well, or which tasks have died.
fn health(database: &Database) -> (&'static str, String) {
    let dead = database.health().dead();
    if dead.is_empty() {
        return ("200 OK", "ok\n".to_string());
    }
    ("503 Service Unavailable", format!("died: {}; restart the server\n", dead.join(", ")))
}

fn render(database: &Database) -> String {
    let statistics = database.statistics();
    let mut page = metrics::render();
    for (name, kind, value) in [
        ("nebulusdb_commit_number", "counter", database.version()),
        ("nebulusdb_store_keys", "gauge", statistics.keys),
        ("nebulusdb_store_bytes", "gauge", statistics.bytes),
        ("nebulusdb_collections", "gauge", database.catalog().collections().count() as u64),
    ] {
        page.push_str(&format!("# TYPE {name} {kind}\n{name} {value}\n"));
    }
    page
}
