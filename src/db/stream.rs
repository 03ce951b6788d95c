//! Rows on their way from an executor to the wire, in chunks, with bounded memory.

use std::any::Any;

use tokio::sync::mpsc;

use crate::db::{Cancel, Cursor, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::model::limits::{ROWS_PER_CHUNK, TRANSACTION_WRITES_MAX};

/// Chunks that may wait between an executor and its reader.
const CHUNKS_IN_FLIGHT: usize = 2;

/// A result's rows. Dropping it stops the work behind it at its next chunk.
pub struct RowStream(Source);

enum Source {
    Rows(std::vec::IntoIter<Row>),
    Cursor(Option<Box<Cursor>>),
    Channel(Channel),
}

/// Rows that somebody else makes.
struct Channel {
    receiver: mpsc::Receiver<Message>,
    cancel: Cancel,
    is_done: bool,
    /// What ends the work when it is dropped.
    work: Option<Box<dyn Any + Send + Sync>>,
}

/// The end is said: a channel that only closes has lost its sender on the way.
enum Message {
    Chunk(Result<Vec<Row>>),
    End,
}

/// The sending side of [`RowStream::channel`]. The rows are complete when [`RowSender::finish`] says so, and not before.
pub struct RowSender(mpsc::Sender<Message>);

impl RowSender {
    /// Waits for room; `false` when the reader is gone and the work should stop.
    pub async fn send(&self, chunk: Result<Vec<Row>>) -> bool {
        self.0.send(Message::Chunk(chunk)).await.is_ok()
    }

    /// The rows sent so far are all there are.
    pub async fn finish(self) {
        // A reader that has gone waits for no end.
        drop(self.0.send(Message::End).await);
    }
}

impl Channel {
    async fn next(&mut self) -> Result<Option<Vec<Row>>> {
        if self.is_done {
            return Ok(None);
        }
        let receiver = &mut self.receiver;
        let message = self.cancel.guard(async { Ok(receiver.recv().await) }).await?;
        match message {
            Some(Message::Chunk(Ok(chunk))) => return Ok(Some(chunk)),
            Some(Message::Chunk(Err(error))) => {
                self.is_done = true;
                self.work = None;
                return Err(error);
            }
            Some(Message::End) => {}
            None => {
                self.is_done = true;
                return Err(Error::internal("the work behind the statement ended before its last row")
                    .with_hint("Nothing of the statement remains. Please report the defect."));
            }
        }
        self.is_done = true;
        self.work = None;
        Ok(None)
    }
}

impl RowStream {
    pub fn from_rows(rows: Vec<Row>) -> Self {
        RowStream(Source::Rows(rows.into_iter()))
    }

    pub fn from_cursor(cursor: Cursor) -> Self {
        RowStream(Source::Cursor(Some(Box::new(cursor))))
    }

    /// Rows that are sent; reading them gives up when `cancel` is set.
    pub fn channel(cancel: &Cancel) -> (RowSender, RowStream) {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let channel = Channel { receiver, cancel: cancel.clone(), is_done: false, work: None };
        (RowSender(sender), RowStream(Source::Channel(channel)))
    }

    /// Keeps `work` until the rows are read or given up; dropping it has to end what sends them.
    #[must_use]
    pub fn ending(mut self, work: impl Any + Send + Sync) -> Self {
        if let Source::Channel(channel) = &mut self.0 {
            channel.work = Some(Box::new(work));
        }
        self
    }

    /// The next rows, `None` at the end. A chunk is never empty and holds at most a named number of rows for cursors.
    ///
    /// # Errors
    /// What the work failed with; XX000 where it vanished before it said that it was done.
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
            Source::Channel(channel) => channel.next().await,
        }
    }

    /// All rows, for callers that need them at once: the rows that an UPDATE or DELETE changes, the arguments of a call.
    ///
    /// # Errors
    /// 54000 for more rows than a transaction may change.
    pub async fn collect(mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            rows.extend(chunk);
            if rows.len() > TRANSACTION_WRITES_MAX {
                return Err(Error::new(
                    ErrorKind::LimitExceeded,
                    format!("the statement changes more than {TRANSACTION_WRITES_MAX} rows"),
                )
                .with_hint("Change them in several transactions."));
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[tokio::test]
    async fn rows_end_where_their_sender_says_so() {
        let (sender, mut rows) = RowStream::channel(&Cancel::new());
        assert!(sender.send(Ok(vec![vec![Value::Int4(1)]])).await);
        sender.finish().await;
        assert_eq!(rows.next_chunk().await.unwrap().map(|chunk| chunk.len()), Some(1));
        assert!(rows.next_chunk().await.unwrap().is_none() && rows.next_chunk().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn rows_whose_sender_vanishes_are_no_result() {
        let (sender, rows) = RowStream::channel(&Cancel::new());
        assert!(sender.send(Ok(vec![vec![Value::Int4(1)]])).await);
        drop(sender);
        assert_eq!(rows.collect().await.unwrap_err().sqlstate(), "XX000");
    }

    #[tokio::test]
    async fn rows_that_nobody_sends_are_given_up_when_the_statement_is() {
        let cancel = Cancel::new();
        let (_sender, mut rows) = RowStream::channel(&cancel);
        cancel.time_out();
        assert_eq!(rows.next_chunk().await.unwrap_err().sqlstate(), "57014");
    }
}
