//! COPY between the client and a transaction.
//!
//! Rows from the client go into the open transaction, or into one of their own that the end of the data commits; rows to
//! the client are read and written chunk by chunk.

use bytes::{Bytes, BytesMut};

use crate::db::Transaction;
use crate::error::{Error, Result};
use crate::session::session::Session;
use crate::session::statement::execute::end_statement;
use crate::session::statement::outcome::{ResultRows, StatementOutcome, cancellable};
use crate::statement::{CommandTag, CopyIn, CopyInPlan, CopyOut, CopyOutPlan, ReadRun, WriteRun};

/// A COPY that takes the client's data.
pub struct SessionCopyIn {
    copy: CopyIn,
    /// The transaction of its own; `None` within an open one.
    own: Option<Box<Transaction>>,
}

/// A COPY that gives data to the client.
pub struct SessionCopyOut {
    copy: CopyOut,
    rows: ResultRows,
    state: CopyState,
    /// Bytes that belong to the piece that comes next.
    next_piece: BytesMut,
}

#[derive(Clone, Copy, PartialEq)]
enum CopyState {
    Begin,
    Rows,
    Done,
}

impl SessionCopyIn {
    pub fn is_binary(&self) -> bool {
        self.copy.is_binary()
    }

    pub fn columns(&self) -> usize {
        self.copy.columns()
    }
}

impl SessionCopyOut {
    pub fn is_binary(&self) -> bool {
        self.copy.is_binary()
    }

    pub fn columns(&self) -> usize {
        self.copy.columns()
    }

    /// The next pieces of data, each one row as a rule; `None` at the end. The header of the binary format lies in one
    /// piece with the first row, or with the trailer: drivers read as far as the first row from the first message.
    ///
    /// # Errors
    /// As `ResultRows::next_chunk`; what a value cannot be written for in the binary format.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>> {
        let mut pieces = Vec::new();
        match self.state {
            CopyState::Begin => {
                self.copy.begin(&mut self.next_piece);
                self.state = CopyState::Rows;
                if !self.copy.is_binary() && !self.next_piece.is_empty() {
                    pieces.push(self.next_piece.split().freeze());
                }
            }
            CopyState::Rows => match self.rows.next_chunk().await? {
                Some(chunk) => {
                    for row in &chunk {
                        self.copy.row(row, &mut self.next_piece)?;
                        pieces.push(self.next_piece.split().freeze());
                    }
                }
                None => {
                    self.copy.end(&mut self.next_piece);
                    self.state = CopyState::Done;
                    if !self.next_piece.is_empty() {
                        pieces.push(self.next_piece.split().freeze());
                    }
                }
            },
            CopyState::Done => return Ok(None),
        }
        Ok(Some(pieces))
    }

    pub fn tag(&self) -> CommandTag {
        self.copy.tag()
    }
}

impl Session {
    /// Begins to take rows.
    pub(super) fn copy_in(&mut self, plan: &CopyInPlan, is_alone: bool) -> StatementOutcome {
        let own = match self.writing(is_alone) {
            Some(_) => None,
            None => Some(Box::new(self.new_transaction(self.lone_isolation()))),
        };
        StatementOutcome::CopyIn(SessionCopyIn { copy: plan.start(self.codec), own })
    }

    /// Begins to give rows.
    pub(super) async fn copy_out(&self, plan: &CopyOutPlan, run: ReadRun<'_>) -> Result<StatementOutcome> {
        let (copy, next_piece) = (plan.start(self.codec, run.settings.text_style()), BytesMut::new());
        let stream = cancellable(plan.rows().open(run), &self.cancel).await?;
        let rows = ResultRows::new(plan.columns(), stream, &self.cancel);
        Ok(StatementOutcome::CopyOut(SessionCopyOut { copy, rows, state: CopyState::Begin, next_piece }))
    }

    /// Takes data of the client.
    ///
    /// # Errors
    /// What a row is refused for; the copy is over then.
    pub async fn copy_data(&mut self, copy: &mut SessionCopyIn, bytes: &[u8]) -> Result<()> {
        let (settings, cancel) = (std::sync::Arc::clone(self.settings.effective()), self.cancel.clone());
        let transaction = match &mut copy.own {
            Some(own) => own,
            None => self.writing(false).ok_or_else(|| Error::internal("COPY has lost its transaction"))?,
        };
        copy.copy.feed(bytes, WriteRun::new(transaction, &[], &settings, &cancel)).await
    }

    /// The data is complete: its command tag, once it is committed where it stands alone.
    ///
    /// # Errors
    /// 22P04 for data that breaks off, what a row is refused for, and what the commit fails with.
    pub async fn copy_finish(&mut self, copy: SessionCopyIn) -> Result<CommandTag> {
        let (settings, cancel) = (std::sync::Arc::clone(self.settings.effective()), self.cancel.clone());
        let SessionCopyIn { copy, own } = copy;
        let tag = match own {
            Some(mut own) => {
                let tag = copy.finish(WriteRun::new(&mut own, &[], &settings, &cancel)).await?;
                end_statement(&mut own, &cancel)?;
                own.heed(&cancel, self.activity.id());
                own.settle_temporary(self.temporary_schema())?;
                let unfinished = own.commit().await?;
                self.warn_unfinished(unfinished);
                tag
            }
            None => {
                let transaction =
                    self.writing(false).ok_or_else(|| Error::internal("COPY has lost its transaction"))?;
                let tag = copy.finish(WriteRun::new(transaction, &[], &settings, &cancel)).await?;
                end_statement(transaction, &cancel)?;
                tag
            }
        };
        self.stop_clock();
        Ok(tag)
    }
}
