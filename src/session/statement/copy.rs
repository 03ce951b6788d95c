//! COPY between the client and a transaction.
//!
//! Rows from the client go into the open transaction, or into one of their own that the end of the data commits; rows to
//! the client are read and written chunk by chunk.

use bytes::{Bytes, BytesMut};

use crate::db::Transaction;
use crate::error::{Error, Result};
use crate::session::session::Session;
use crate::session::statement::outcome::{ResultRows, StatementOutcome, cancellable};
use crate::session::statement::prepared::{Prepared, PreparedWork};
use crate::sql::{self, SqlAction};
use crate::types::Value;

/// A COPY that takes the client's data.
pub struct SessionCopyIn {
    copy: sql::CopyIn,
    /// The transaction of its own; `None` within an open one.
    own: Option<Transaction>,
}

/// A COPY that gives data to the client.
pub struct SessionCopyOut {
    copy: sql::CopyOut,
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

    pub fn tag(&self) -> String {
        self.copy.tag()
    }
}

impl Session {
    pub(in crate::session) async fn copy(
        &mut self,
        prepared: &Prepared,
        parameters: &[Value],
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let codec = self.codec;
        let view = match is_alone {
            true => self.planning_view(),
            false => self.view(false),
        };
        let plan = self.current_plan(prepared, &view)?;
        let PreparedWork::Sql(planned) = &plan.work else { return Err(Error::internal("no COPY")) };
        match &planned.action {
            SqlAction::CopyIn(plan) => {
                drop(view);
                let own = match self.writing(is_alone)? {
                    Some(_) => None,
                    None => Some(self.database.begin_for(&self.memory)),
                };
                Ok(StatementOutcome::CopyIn(SessionCopyIn { copy: plan.start(codec), own }))
            }
            SqlAction::CopyOut(plan) => {
                let settings = self.settings.effective();
                let run = plan.plan.execute(&view, parameters, settings, &self.cancel);
                let stream = cancellable(run, &self.cancel).await?;
                let rows = ResultRows::new(plan.plan.columns(), stream, &self.cancel);
                let (copy, next_piece) = (plan.start(codec), BytesMut::new());
                Ok(StatementOutcome::CopyOut(SessionCopyOut { copy, rows, state: CopyState::Begin, next_piece }))
            }
            _ => Err(Error::internal("no COPY")),
        }
    }

    /// Takes data of the client.
    ///
    /// # Errors
    /// What a row is refused for; the copy is over then.
    pub async fn copy_data(&mut self, copy: &mut SessionCopyIn, bytes: &[u8]) -> Result<()> {
        let (settings, cancel) = (std::sync::Arc::clone(self.settings.effective()), self.cancel.clone());
        let transaction = match &mut copy.own {
            Some(own) => own,
            None => self.writing(false)?.ok_or_else(|| Error::internal("COPY has lost its transaction"))?,
        };
        copy.copy.feed(bytes, transaction, &settings, &cancel).await
    }

    /// The data is complete: its command tag, once it is committed where it stands alone.
    ///
    /// # Errors
    /// 22P04 for data that breaks off, what a row is refused for, and what the commit fails with.
    pub async fn copy_finish(&mut self, copy: SessionCopyIn) -> Result<String> {
        let (settings, cancel) = (std::sync::Arc::clone(self.settings.effective()), self.cancel.clone());
        let SessionCopyIn { copy, own } = copy;
        let tag = match own {
            Some(mut own) => {
                let tag = copy.finish(&mut own, &settings, &cancel).await?;
                own.heed(&cancel);
                let unfinished = own.commit().await?;
                self.warn_unfinished(unfinished);
                tag
            }
            None => {
                let transaction =
                    self.writing(false)?.ok_or_else(|| Error::internal("COPY has lost its transaction"))?;
                copy.finish(transaction, &settings, &cancel).await?
            }
        };
        self.stop_clock();
        Ok(tag)
    }
}
