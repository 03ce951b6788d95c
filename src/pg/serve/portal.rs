//! Portals: a bound statement, and its result as far as it was fetched.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::model::Reservation;
use crate::pg::messages::output::{Formats, PORTAL_SUSPENDED};
use crate::pg::serve::connection::{Connection, Failure};
use crate::session::{Prepared, ResultRows};
use crate::statement::RowsTag;
use crate::types::Value;

/// Most open portals of one connection.
pub(super) const PORTALS_MAX: usize = 1000;

/// A bound statement.
pub(in crate::pg) struct Portal {
    pub prepared: Arc<Prepared>,
    pub formats: Formats,
    pub state: PortalState,
    /// What it takes of the session's memory, with its parameters; its rows account for themselves.
    pub memory: Reservation,
}

pub(in crate::pg) enum PortalState {
    /// With its parameters.
    Bound(Vec<Value>),
    Running(RunningPortal),
    /// Everything was fetched.
    Done,
}

/// A result that is being fetched.
pub(in crate::pg) struct RunningPortal {
    rows: ResultRows,
    /// Rows that were read and not sent yet; `rows` accounts for them.
    waiting: std::vec::IntoIter<Vec<Value>>,
    tag: RowsTag,
}

impl RunningPortal {
    pub fn new(rows: ResultRows, tag: RowsTag) -> Self {
        RunningPortal { rows, waiting: Vec::new().into_iter(), tag }
    }
}

impl Portal {
    /// The parameters of a statement that has not run yet.
    pub fn parameters(&self) -> &[Value] {
        match &self.state {
            PortalState::Bound(parameters) => parameters,
            PortalState::Running(_) | PortalState::Done => &[],
        }
    }
}

impl PortalState {
    /// Bytes of the parameters, which wait for the statement.
    pub fn bytes(&self) -> usize {
        match self {
            PortalState::Bound(parameters) => parameters.iter().map(Value::held_bytes).sum(),
            PortalState::Running(_) | PortalState::Done => 0,
        }
    }
}

impl Connection {
    /// Sends rows, at most `rows_max`. Gives the portal's next state: still running when the limit was met.
    ///
    /// # Errors
    /// What the statement fails with, and what a row cannot be sent for; as `ClientOutput::data_row` and `Connection::flush`.
    pub async fn send_rows(
        &mut self,
        mut running: RunningPortal,
        formats: &Formats,
        rows_max: Option<u64>,
    ) -> Result<(PortalState, u64), Failure> {
        let mut sent = 0;
        let columns = running.rows.columns();
        loop {
            while rows_max.is_none_or(|max| sent < max) {
                let Some(row) = running.waiting.next() else { break };
                self.output.data_row(&row, &columns, formats)?;
                sent += 1;
                if self.output.is_full() {
                    self.flush().await?;
                }
            }
            if rows_max.is_some_and(|max| sent >= max) {
                // As in PostgreSQL, a portal that has given exactly the rows asked for is suspended, even if none follow.
                return Ok((PortalState::Running(running), sent));
            }
            match running.rows.next_chunk().await? {
                Some(chunk) => running.waiting = chunk.into_iter(),
                None => return Ok((PortalState::Done, sent)),
            }
        }
    }

    /// Sends rows and what closes them: CommandComplete or PortalSuspended.
    ///
    /// # Errors
    /// As [`Connection::send_rows`] and `Connection::tell_changes`.
    pub async fn fetch(
        &mut self,
        running: RunningPortal,
        formats: &Formats,
        rows_max: Option<u64>,
    ) -> Result<PortalState, Failure> {
        let tag = running.tag;
        let (state, sent) = self.send_rows(running, formats, rows_max).await?;
        self.tell_changes()?;
        match state {
            PortalState::Running(_) => self.output.empty(PORTAL_SUSPENDED),
            PortalState::Bound(_) | PortalState::Done => self.rows_complete(tag, sent),
        }
        Ok(state)
    }

    pub fn rows_complete(&mut self, tag: RowsTag, sent: u64) {
        match tag {
            RowsTag::Counted(word) => self.output.command_complete(format_args!("{word} {sent}")),
            RowsTag::Fixed(tag) => self.output.command_complete(format_args!("{tag}")),
        }
    }

    /// Takes a portal out, to be put back by [`Connection::put_portal`].
    ///
    /// # Errors
    /// 34000 where there is none.
    pub fn take_portal(&mut self, name: &str) -> Result<Portal, Failure> {
        let portal = if name.is_empty() { self.unnamed_portal.take() } else { self.portals.remove(name) };
        portal.ok_or_else(|| no_portal(name).into())
    }

    /// The portal of a name.
    ///
    /// # Errors
    /// 34000 where there is none.
    pub fn portal(&self, name: &str) -> Result<&Portal, Failure> {
        let portal = if name.is_empty() { self.unnamed_portal.as_ref() } else { self.portals.get(name) };
        portal.ok_or_else(|| no_portal(name).into())
    }

    pub fn put_portal(&mut self, name: &str, portal: Portal) {
        if name.is_empty() {
            self.unnamed_portal = Some(portal);
        } else {
            self.portals.insert(name.to_string(), portal);
        }
    }
}

fn no_portal(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedCursor, format!("portal \"{name}\" does not exist"))
        .with_hint("A portal lives until its transaction ends.")
}
