//! Rows on their way from an executor to the wire, in chunks, with bounded memory.
//!
//! What a chunk takes is reserved from the account of its statement before it waits for its reader, and given back when the
//! reader asks for the next one: until then he has rows of it. So cursors and portals that are read in part, and results of
//! clients that do not read, hold what is accounted.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::db::read::aggregate::cursor::AggregateCursor;
use crate::db::read::cursor::{Cursor, Row, rows_bytes};
use crate::db::read::run_report::RunReport;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{MemoryAccount, Reservation};
use crate::types::limits::{ROWS_PER_CHUNK, TRANSACTION_WRITES_MAX};

/// Chunks that may wait between an executor and its reader.
const CHUNKS_IN_FLIGHT: usize = 2;

/// A result's rows. Dropping it stops the work behind it at its next chunk.
pub struct RowStream {
    source: Source,
    /// What the rows that were given last take, or all of them where all are there.
    memory: Option<Reservation>,
    /// How the query behind it goes.
    report: Option<Arc<RunReport>>,
}

/// Rows, and what they take of the memory of their statement's account.
pub type HeldRows = (Vec<Row>, Reservation);

/// What collected rows take of the memory of their statement's account, to be kept as long as they are.
#[derive(Debug, Default)]
pub struct RowsMemory {
    /// For each chunk how many rows there are up to its end.
    chunks: VecDeque<(usize, Reservation)>,
}

impl RowsMemory {
    /// So many of the first rows are used up.
    pub fn release(&mut self, rows: usize) {
        while self.chunks.front().is_some_and(|(end, _)| *end <= rows) {
            self.chunks.pop_front();
        }
    }
}

enum Source {
    Rows(std::vec::IntoIter<Row>),
    Reader(Option<Reader>),
    Channel(Channel),
}

/// What reads the rows of one collection.
enum Reader {
    Query(Box<Cursor>),
    Groups(Box<AggregateCursor>),
}

impl Reader {
    /// Whether a chunk takes microseconds.
    fn is_short(&self) -> bool {
        match self {
            Reader::Query(cursor) => cursor.is_short(),
            Reader::Groups(cursor) => cursor.is_short(),
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Reader::Query(cursor) => cursor.is_done(),
            Reader::Groups(cursor) => cursor.is_done(),
        }
    }

    fn account(&self) -> &MemoryAccount {
        match self {
            Reader::Query(cursor) => cursor.account(),
            Reader::Groups(cursor) => cursor.account(),
        }
    }

    fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        match self {
            Reader::Query(cursor) => cursor.next_chunk(),
            Reader::Groups(cursor) => cursor.next_chunk(),
        }
    }
}

/// Rows that somebody else makes.
struct Channel {
    receiver: mpsc::Receiver<Message>,
    cancel: Cancel,
    is_done: bool,
    /// What ends the work when it is dropped.
    work: Option<Box<dyn Any + Send + Sync>>,
}

/// Bytes that gathered rows take of their account's memory at a time.
const GATHERED_BYTES_TAKEN: usize = 64 * 1024;

/// Rows that are all there before the first one is sent, and are accounted as they come.
#[derive(Debug, Default)]
pub struct Gathered {
    rows: Vec<Row>,
    bytes: usize,
    /// `None` for a few rows, which are not worth it.
    memory: Option<Reservation>,
}

impl Gathered {
    /// None yet, to be taken from an account.
    pub fn new(account: &MemoryAccount) -> Gathered {
        Gathered { rows: Vec::new(), bytes: 0, memory: Some(account.nothing()) }
    }

    /// # Errors
    /// 53200 where the account has no memory for the row.
    pub fn push(&mut self, row: Row) -> Result<()> {
        self.bytes = self.bytes.saturating_add(rows_bytes(std::slice::from_ref(&row)));
        if let Some(memory) = self.memory.as_mut().filter(|memory| self.bytes > memory.bytes()) {
            memory.resize(self.bytes.saturating_add(GATHERED_BYTES_TAKEN))?;
        }
        self.rows.push(row);
        Ok(())
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows, which nobody accounts for any more.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

/// A few rows that nobody accounts for.
impl From<Vec<Row>> for Gathered {
    fn from(rows: Vec<Row>) -> Self {
        Gathered { rows, ..Gathered::default() }
    }
}

/// The end is said: a channel that only closes has lost its sender on the way.
enum Message {
    Chunk(Result<HeldRows>),
    End,
}

/// The sending side of [`RowStream::channel`]. The rows are complete when [`RowSender::finish`] says so, and not before.
pub struct RowSender(mpsc::Sender<Message>);

impl RowSender {
    /// Waits for room; `false` when the reader is gone and the work should stop.
    pub async fn send(&self, chunk: Result<HeldRows>) -> bool {
        self.0.send(Message::Chunk(chunk)).await.is_ok()
    }

    /// The rows sent so far are all there are.
    pub async fn finish(self) {
        // A reader that has gone waits for no end.
        drop(self.0.send(Message::End).await);
    }
}

impl Channel {
    async fn next(&mut self) -> Result<Option<HeldRows>> {
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
        RowStream::of(Source::Rows(rows.into_iter()), None)
    }

    pub fn from_gathered(gathered: Gathered) -> Self {
        RowStream::of(Source::Rows(gathered.rows.into_iter()), gathered.memory)
    }

    pub fn from_cursor(cursor: Cursor) -> Self {
        let report = Some(Arc::clone(cursor.report()));
        RowStream { report, ..RowStream::of(Source::Reader(Some(Reader::Query(Box::new(cursor)))), None) }
    }

    pub fn from_groups(cursor: AggregateCursor) -> Self {
        let report = Some(Arc::clone(cursor.report()));
        RowStream { report, ..RowStream::of(Source::Reader(Some(Reader::Groups(Box::new(cursor)))), None) }
    }

    fn of(source: Source, memory: Option<Reservation>) -> Self {
        RowStream { source, memory, report: None }
    }

    /// Rows that are sent; reading them gives up when `cancel` is set.
    pub fn channel(cancel: &Cancel) -> (RowSender, RowStream) {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let channel = Channel { receiver, cancel: cancel.clone(), is_done: false, work: None };
        (RowSender(sender), RowStream::of(Source::Channel(channel), None))
    }

    /// Lines about how the query behind it went, as far as only running it tells.
    pub fn report(&self) -> Vec<String> {
        self.report.as_ref().map(|report| report.lines()).unwrap_or_default()
    }

    /// Keeps `work` until the rows are read or given up; dropping it has to end what sends them.
    #[must_use]
    pub fn ending(mut self, work: impl Any + Send + Sync) -> Self {
        if let Source::Channel(channel) = &mut self.source {
            channel.work = Some(Box::new(work));
        }
        self
    }

    /// The next rows, `None` at the end. A chunk is never empty, and bounded in rows and, as far as a row is not longer by
    /// itself, in bytes. Whoever asks for it has no more use for the chunk before.
    ///
    /// # Errors
    /// What the work failed with; 53200 where there is no memory for the rows; XX000 where the work vanished before it said
    /// that it was done.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        match &mut self.source {
            Source::Rows(rows) => {
                let chunk: Vec<Row> = rows.take(ROWS_PER_CHUNK).collect();
                Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
            }
            Source::Reader(slot) => {
                self.memory = None;
                let Some((rows, memory)) = next_of_reader(slot).await? else { return Ok(None) };
                self.memory = Some(memory);
                Ok(Some(rows))
            }
            Source::Channel(channel) => {
                self.memory = None;
                let Some((rows, memory)) = channel.next().await? else { return Ok(None) };
                self.memory = Some(memory);
                Ok(Some(rows))
            }
        }
    }

    /// All rows, for callers that need them at once: the rows that an UPDATE or DELETE changes, the arguments of a call. What
    /// they take stays accounted until the memory beside them is dropped.
    ///
    /// # Errors
    /// 54000 for more rows than a transaction may change, 53200 for more than there is memory for.
    pub async fn collect(mut self) -> Result<(Vec<Row>, RowsMemory)> {
        let (mut rows, mut memory) = (Vec::new(), RowsMemory::default());
        while let Some(chunk) = self.next_chunk().await? {
            rows.extend(chunk);
            // Rows that were all there are accounted as one.
            let end = if matches!(self.source, Source::Rows(_)) { usize::MAX } else { rows.len() };
            memory.chunks.extend(self.memory.take().map(|held| (end, held)));
            if rows.len() > TRANSACTION_WRITES_MAX {
                return Err(Error::new(
                    ErrorKind::LimitExceeded,
                    format!("the statement changes more than {TRANSACTION_WRITES_MAX} rows"),
                )
                .with_hint("Change them in several transactions."));
            }
        }
        Ok((rows, memory))
    }
}

/// The next rows of a reader, which is gone from its slot after the last ones.
async fn next_of_reader(slot: &mut Option<Reader>) -> Result<Option<HeldRows>> {
    let Some(mut reader) = slot.take() else { return Ok(None) };
    // A short read is done where it is; a long one must not hold up the other connections of this thread.
    let (reader, chunk) = if reader.is_short() {
        let chunk = reader.next_chunk();
        (reader, chunk)
    } else {
        tokio::task::spawn_blocking(move || {
            let chunk = reader.next_chunk();
            (reader, chunk)
        })
        .await
        .map_err(|error| Error::internal(format!("a scan stopped: {error}")))?
    };
    let Some(rows) = chunk? else { return Ok(None) };
    let memory = reader.account().reserve(rows_bytes(&rows))?;
    if !reader.is_done() {
        *slot = Some(reader);
    }
    Ok(Some((rows, memory)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;
    use crate::types::Value;

    fn one_row(account: &MemoryAccount) -> HeldRows {
        let rows = vec![vec![Value::Int4(1)]];
        let memory = account.reserve(rows_bytes(&rows)).unwrap();
        (rows, memory)
    }

    #[tokio::test]
    async fn rows_end_where_their_sender_says_so() {
        let (sender, mut rows) = RowStream::channel(&Cancel::new());
        assert!(sender.send(Ok(one_row(&MemoryAccount::default()))).await);
        sender.finish().await;
        assert_eq!(rows.next_chunk().await.unwrap().map(|chunk| chunk.len()), Some(1));
        assert!(rows.next_chunk().await.unwrap().is_none() && rows.next_chunk().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn rows_whose_sender_vanishes_are_no_result() {
        let (sender, rows) = RowStream::channel(&Cancel::new());
        assert!(sender.send(Ok(one_row(&MemoryAccount::default()))).await);
        drop(sender);
        assert_eq!(rows.collect().await.unwrap_err().sqlstate(), "XX000");
    }

    #[tokio::test]
    async fn rows_are_accounted_until_the_next_ones_are_asked_for() {
        let budget = Budget::new(1_000_000, 1);
        let account = budget.account();
        let (sender, mut rows) = RowStream::channel(&Cancel::new());
        let row = one_row(&account).1.bytes();
        for _ in 0..2 {
            assert!(sender.send(Ok(one_row(&account))).await);
        }
        assert_eq!(budget.bytes(), 2 * row, "what waits in the channel");
        rows.next_chunk().await.unwrap();
        assert_eq!(budget.bytes(), 2 * row, "what the reader has");
        rows.next_chunk().await.unwrap();
        assert_eq!(budget.bytes(), row);
        drop(rows);
        assert_eq!(budget.bytes(), 0);
        let (sender, rows) = RowStream::channel(&Cancel::new());
        assert!(sender.send(Ok(one_row(&account))).await);
        sender.finish().await;
        let (collected, memory) = rows.collect().await.unwrap();
        assert_eq!((collected.len(), budget.bytes()), (1, row), "they live on");
        drop(memory);
        assert_eq!(budget.bytes(), 0);
    }

    #[tokio::test]
    async fn collected_rows_are_given_back_as_they_are_used_up() {
        let budget = Budget::new(1_000_000, 1);
        let account = budget.account();
        let (sender, rows) = RowStream::channel(&Cancel::new());
        let row = one_row(&account).1.bytes();
        let sending = async {
            for _ in 0..2 {
                assert!(sender.send(Ok(one_row(&account))).await);
            }
            sender.finish().await;
        };
        // The channel holds fewer than these: somebody has to read meanwhile.
        let ((), collected) = tokio::join!(sending, rows.collect());
        let (collected, mut memory) = collected.unwrap();
        assert_eq!((collected.len(), budget.bytes()), (2, 2 * row));
        memory.release(1);
        assert_eq!(budget.bytes(), row);
        memory.release(2);
        assert_eq!(budget.bytes(), 0);
    }

    #[tokio::test]
    async fn rows_that_nobody_sends_are_given_up_when_the_statement_is() {
        let cancel = Cancel::new();
        let (_sender, mut rows) = RowStream::channel(&cancel);
        cancel.time_out();
        assert_eq!(rows.next_chunk().await.unwrap_err().sqlstate(), "57014");
    }
}
