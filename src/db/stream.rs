//! Rows on their way from an executor to the wire, in chunks, with bounded memory.

use tokio::sync::mpsc;

use crate::db::{Cursor, Row};
use crate::error::{Error, Result};
use crate::model::limits::ROWS_PER_CHUNK;

/// Chunks that may wait between an executor and its reader.
const CHUNKS_IN_FLIGHT: usize = 2;

/// A result's rows. Dropping it stops the work behind it at its next chunk.
pub struct RowStream(Source);

enum Source {
    Rows(std::vec::IntoIter<Row>),
    Cursor(Option<Box<Cursor>>),
    Channel(mpsc::Receiver<Result<Vec<Row>>>),
}

/// The sending side of [`RowStream::channel`].
pub struct RowSender(mpsc::Sender<Result<Vec<Row>>>);

impl RowSender {
    /// Waits for room; `false` when the reader is gone and the work should stop.
    pub async fn send(&self, chunk: Result<Vec<Row>>) -> bool {
        self.0.send(chunk).await.is_ok()
    }
}

impl RowStream {
    pub fn from_rows(rows: Vec<Row>) -> Self {
        RowStream(Source::Rows(rows.into_iter()))
    }

    pub fn from_cursor(cursor: Cursor) -> Self {
        RowStream(Source::Cursor(Some(Box::new(cursor))))
    }

    pub fn channel() -> (RowSender, RowStream) {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        (RowSender(sender), RowStream(Source::Channel(receiver)))
    }

    /// The next rows, `None` at the end. A chunk is never empty and holds at most a named number of rows for cursors.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        match &mut self.0 {
            Source::Rows(rows) => {
                let chunk: Vec<Row> = rows.take(ROWS_PER_CHUNK).collect();
                Ok(if chunk.is_empty() { None } else { Some(chunk) })
            }
            Source::Cursor(slot) => {
                let Some(mut cursor) = slot.take() else { return Ok(None) };
                // A short read is done where it is; a long one must not hold up the other connections of this thread.
                let (cursor, chunk) = if cursor.is_short() {
                    let chunk = cursor.next_chunk();
                    (cursor, chunk)
                } else {
                    tokio::task::spawn_blocking(move || {
                        let chunk = cursor.next_chunk();
                        (cursor, chunk)
                    })
                    .await
                    .map_err(|error| Error::internal(format!("a scan stopped: {error}")))?
                };
                if matches!(chunk, Ok(Some(_))) && !cursor.is_done() {
                    *slot = Some(cursor);
                }
                chunk
            }
            Source::Channel(receiver) => match receiver.recv().await {
                Some(chunk) => chunk.map(Some),
                None => Ok(None),
            },
        }
    }

    /// All rows, for callers that need them at once (RETURNING, INSERT … SELECT).
    pub async fn collect(mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            rows.extend(chunk);
        }
        Ok(rows)
    }
}
