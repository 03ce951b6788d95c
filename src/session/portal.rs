//! A portal: a bound statement or a cursor, and its result as far as it was fetched.

use std::sync::Arc;

use crate::db::{ListedCursor, Row};
use crate::error::Result;
use crate::model::{OutputColumn, Reservation};
use crate::session::scroll::Scroll;
use crate::session::statement::outcome::ResultRows;
use crate::session::statement::prepared::Prepared;
use crate::statement::RowsTag;
use crate::types::Value;

/// Bytes that a portal takes besides its parameters and rows.
pub(super) const PORTAL_BYTES: usize = 1024;
/// Bytes that a stored row takes besides its values.
pub(super) const ROW_BYTES: usize = size_of::<Row>();

/// Which columns of a result are binary.
#[derive(Clone, Debug, PartialEq)]
pub enum Formats {
    Text,
    Binary,
    /// For each column whether it is binary.
    Each(Vec<bool>),
}

/// A bound statement or a cursor.
pub struct Portal {
    /// What was bound; `None` for a cursor of DECLARE.
    pub(super) prepared: Option<Arc<Prepared>>,
    pub(super) columns: Option<Arc<[OutputColumn]>>,
    pub(super) formats: Formats,
    pub(super) state: PortalState,
    /// Its place among all that the session opened.
    pub(super) number: u64,
    /// Lives on after its transaction.
    pub(super) is_held: bool,
    /// All of its rows wait: nothing stands behind them any more.
    pub(super) is_stored: bool,
    /// Its rows, where it goes both ways.
    pub(super) scroll: Option<Scroll>,
    /// How many rows it has passed, where it goes forward alone.
    pub(super) passed: u64,
    /// What it takes besides its rows, and its stored rows.
    pub(super) memory: Reservation,
    pub(super) _listed: Option<ListedCursor>,
}

pub(super) enum PortalState {
    /// With its parameters.
    Bound(Vec<Value>),
    Open(PortalRows),
    /// Everything was fetched, or there was nothing to fetch.
    Done,
}

/// A result that is being fetched.
pub struct PortalRows {
    pub(super) rows: ResultRows,
    /// Rows that were read and not fetched; `rows` accounts for them, unless they are stored.
    pub(super) waiting: std::vec::IntoIter<Row>,
    tag: RowsTag,
}

impl Formats {
    pub fn is_binary(&self, column: usize) -> bool {
        match self {
            Formats::Text => false,
            Formats::Binary => true,
            Formats::Each(each) => each.get(column).copied().unwrap_or(false),
        }
    }
}

impl PortalRows {
    pub fn new(rows: ResultRows, tag: RowsTag) -> Self {
        PortalRows { rows, waiting: Vec::new().into_iter(), tag }
    }

    pub fn columns(&self) -> Arc<[OutputColumn]> {
        self.rows.columns()
    }

    pub fn tag(&self) -> RowsTag {
        self.tag
    }

    /// The next of the rows that were read already.
    pub fn next_waiting(&mut self) -> Option<Row> {
        self.waiting.next()
    }

    /// Reads more rows; whether there were any.
    ///
    /// # Errors
    /// As [`ResultRows::next_chunk`].
    pub async fn read_on(&mut self) -> Result<bool> {
        let chunk = self.rows.next_chunk().await?;
        let is_there = chunk.is_some();
        self.waiting = chunk.unwrap_or_default().into_iter();
        Ok(is_there)
    }

    /// The next row.
    ///
    /// # Errors
    /// As [`ResultRows::next_chunk`].
    pub(super) async fn next(&mut self) -> Result<Option<Row>> {
        loop {
            match self.waiting.next() {
                Some(row) => return Ok(Some(row)),
                None if self.read_on().await? => {}
                None => return Ok(None),
            }
        }
    }
}

impl Portal {
    pub fn prepared(&self) -> Option<&Arc<Prepared>> {
        self.prepared.as_ref()
    }

    pub fn columns(&self) -> Option<&Arc<[OutputColumn]>> {
        self.columns.as_ref()
    }

    pub fn formats(&self) -> &Formats {
        &self.formats
    }

    /// The parameters of a statement that has not run yet.
    pub fn parameters(&self) -> &[Value] {
        match &self.state {
            PortalState::Bound(parameters) => parameters,
            PortalState::Open(_) | PortalState::Done => &[],
        }
    }

    /// The rows that it is at, once it runs, and how they are sent.
    pub fn rows(&mut self) -> Option<(&mut PortalRows, &Formats)> {
        match &mut self.state {
            PortalState::Open(rows) => Some((rows, &self.formats)),
            PortalState::Bound(_) | PortalState::Done => None,
        }
    }

    /// It has been read to its end: what stood behind it is let go.
    pub fn finish(&mut self) {
        self.state = PortalState::Done;
    }

    /// Reads everything that is left.
    ///
    /// # Errors
    /// What reading fails with, and 53200 where the rows are more than the session may hold.
    pub(super) async fn store(&mut self) -> Result<()> {
        self.is_stored = true;
        if self.scroll.is_some() {
            return self.store_scroll().await;
        }
        let PortalState::Open(open) = &mut self.state else { return Ok(()) };
        let mut rows: Vec<Row> = std::mem::take(&mut open.waiting).collect();
        let mut bytes: usize = rows.iter().flatten().map(Value::bytes).sum();
        while let Some(chunk) = open.rows.next_chunk().await? {
            bytes += chunk.iter().flatten().map(Value::bytes).sum::<usize>() + chunk.len() * ROW_BYTES;
            self.memory.resize(PORTAL_BYTES + bytes)?;
            rows.extend(chunk);
        }
        open.waiting = rows.into_iter();
        Ok(())
    }
}
