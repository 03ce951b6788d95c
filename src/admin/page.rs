//! A page server as small as its job: one GET a connection, bounded in size, time and number.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use crate::admin::health;
use crate::db::Database;
use crate::metrics;
use crate::model::Budget;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// How long a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// Connections at the same time; beyond them the oldest goes that has not asked for anything yet.
const CONNECTIONS_MAX: usize = 64;
/// Pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// What the page tells about.
#[derive(Clone)]
pub struct Subject {
    pub database: Database,
    /// What clients make the server hold.
    pub memory: Arc<Budget>,
}

/// A connection that is open.
struct Visitor {
    /// Its request has come, so that it is about to go by itself.
    has_asked: Arc<AtomicBool>,
    task: AbortHandle,
}

/// Makes room for a connection: the oldest goes that says nothing. Without effect where all have asked.
fn make_room(visitors: &mut VecDeque<Visitor>) {
    visitors.retain(|visitor| !visitor.task.is_finished());
    if visitors.len() < CONNECTIONS_MAX {
        return;
    }
    let silent = visitors.iter().position(|visitor| !visitor.has_asked.load(Ordering::Relaxed));
    if let Some(visitor) = silent.and_then(|position| visitors.remove(position)) {
        visitor.task.abort();
    }
}

/// Serves until told to stop.
pub async fn serve(listener: TcpListener, subject: Subject, mut stopping: watch::Receiver<bool>) {
    let mut visitors = VecDeque::new();
    let mut requests = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // All are being answered: that takes no time, but whoever does not read gives its place back in the end.
            Some(ended) = requests.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept(), if requests.len() < CONNECTIONS_MAX * 2 => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                make_room(&mut visitors);
                let (subject, has_asked) = (subject.clone(), Arc::new(AtomicBool::new(false)));
                let asked = Arc::clone(&has_asked);
                let task = requests.spawn(async move {
                    let answered = tokio::time::timeout(REQUEST_TIME_MAX, answer(stream, &subject, &asked)).await;
                    if let Ok(Err(error)) = answered {
                        tracing::debug!(%error, "a request for the metrics page failed");
                    }
                });
                visitors.push_back(Visitor { has_asked, task });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the metrics page could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn report(ended: Result<(), JoinError>) {
    // Those that were sent away were cancelled.
    if let Err(error) = ended
        && !error.is_cancelled()
    {
        tracing::error!(%error, "a request for the metrics page failed");
    }
}

async fn answer(mut stream: TcpStream, subject: &Subject, has_asked: &AtomicBool) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    has_asked.store(true, Ordering::Relaxed);
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
