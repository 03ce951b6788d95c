//! A page server as small as its job: one GET a connection, bounded in size, time and number.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::admin::health;
use crate::db::Database;
use crate::metrics;
use crate::model::Budget;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// How long a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(2);
/// Requests at the same time; while there are as many, the next ones wait in the listener's queue.
const REQUESTS_MAX: usize = 64;
/// Pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// What the page tells about.
#[derive(Clone)]
pub struct Subject {
    pub database: Database,
    /// What clients make the server hold.
    pub memory: Arc<Budget>,
}

/// Serves until told to stop.
pub async fn serve(listener: TcpListener, subject: Subject, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(REQUESTS_MAX));
    let mut requests = JoinSet::new();
    loop {
        // A client that says nothing gives its place back after the time of a request: this never waits for long.
        let place = tokio::select! {
            place = Arc::clone(&room).acquire_owned() => place,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let Ok(place) = place else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        while let Some(ended) = requests.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a request for the metrics page failed");
            }
        }
        match accepted {
            Ok((stream, _)) => {
                let subject = subject.clone();
                requests.spawn(async move {
                    let answered = tokio::time::timeout(REQUEST_TIME_MAX, answer(stream, &subject)).await;
                    if let Ok(Err(error)) = answered {
                        tracing::debug!(%error, "a request for the metrics page failed");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the metrics page could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, subject: &Subject) -> std::io::Result<()> {
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
        (Some(b"GET"), Some(b"/healthz")) => health::answer(&subject.database),
        (Some(b"GET"), Some(b"/metrics")) => ("200 OK", render(subject)),
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

fn render(subject: &Subject) -> String {
    let Subject { database, memory } = subject;
    let statistics = database.statistics();
    let mut page = metrics::render();
    for (name, kind, value) in [
        ("nebulusdb_commit_number", "counter", database.version()),
        ("nebulusdb_store_keys", "gauge", statistics.keys),
        ("nebulusdb_store_bytes", "gauge", statistics.bytes),
        ("nebulusdb_collections", "gauge", database.catalog().collections().count() as u64),
        ("nebulusdb_client_memory_bytes", "gauge", memory.bytes() as u64),
        ("nebulusdb_client_memory_bytes_max", "gauge", memory.bytes_max() as u64),
    ] {
        page.push_str(&format!("# TYPE {name} {kind}\n{name} {value}\n"));
    }
    page
}
