//! Portals: bound statements and cursors under one set of names, as in PostgreSQL, each with its result as far as it was fetched.
//!
//! Bind and DECLARE make one, Execute and FETCH read on in either, Close and CLOSE end it. They read as they are fetched, and go
//! forward unless they were declared with SCROLL. A portal ends with its transaction. One WITH HOLD is read to its end when its transaction commits: what it fails
//! with fails the COMMIT, and afterwards it stands on nothing but its rows, which are drawn from the session's memory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::db::{CursorKind, Gathered, Row, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::model::OutputColumn;
use crate::session::portal::{Formats, PORTAL_BYTES, Portal, PortalRows, PortalState};
use crate::session::scroll::Scroll;
use crate::session::session::{Session, in_failed_transaction};
use crate::session::statement::outcome::{ResultRows, StatementOutcome};
use crate::session::statement::prepared::Prepared;
use crate::session::transaction::TransactionStatus;
use crate::statement::{CursorFetch, RowsTag};
use crate::types::{Value, quote_identifier};

/// Most open portals of one session, besides the unnamed one.
const PORTALS_MAX: usize = 1000;
/// Most rows of one FETCH with a count.
const FETCH_ROWS_MAX: u64 = 100_000;
/// The tag behind the rows of a cursor, and behind those of a portal that has no more.
const SELECTED: RowsTag = RowsTag::Counted("SELECT");

/// The open portals of a session.
#[derive(Default)]
pub(super) struct Portals {
    unnamed: Option<Portal>,
    named: HashMap<String, Portal>,
    /// How many were opened so far.
    opened: u64,
    /// How many of them before the present transaction.
    settled: u64,
}

/// A moment of a transaction: the portals that were open then are older.
#[derive(Clone, Copy)]
pub(super) struct PortalMark(u64);

impl Portals {
    fn get(&self, name: &str) -> Option<&Portal> {
        if name.is_empty() { self.unnamed.as_ref() } else { self.named.get(name) }
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Portal> {
        if name.is_empty() { self.unnamed.as_mut() } else { self.named.get_mut(name) }
    }

    fn take(&mut self, name: &str) -> Option<Portal> {
        if name.is_empty() { self.unnamed.take() } else { self.named.remove(name) }
    }

    fn put(&mut self, name: &str, portal: Portal) {
        if name.is_empty() {
            self.unnamed = Some(portal);
        } else {
            self.named.insert(name.to_string(), portal);
        }
    }

    /// # Errors
    /// 42P03 for a name that is taken, 54000 over the limit.
    fn check_name(&self, name: &str) -> Result<()> {
        if self.named.contains_key(name) {
            return Err(Error::new(ErrorKind::DuplicateCursor, format!("cursor \"{name}\" already exists")));
        }
        if self.named.len() >= PORTALS_MAX && !name.is_empty() {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("more than {PORTALS_MAX} open portals"))
                .with_hint("CLOSE cursors that are no longer needed, or end the transaction."));
        }
        Ok(())
    }

    fn next_number(&mut self) -> u64 {
        self.opened = self.opened.saturating_add(1);
        self.opened
    }

    fn retain(&mut self, keeps: impl Fn(&Portal) -> bool) {
        self.unnamed.take_if(|portal| !keeps(portal));
        if !self.named.is_empty() {
            self.named.retain(|_, portal| keeps(portal));
        }
    }

    /// Whether one of them still reads from the data.
    pub fn hold_snapshot(&self) -> bool {
        self.unnamed.iter().chain(self.named.values()).any(|portal| !portal.is_stored)
    }

    /// The transaction is about to commit: those WITH HOLD are read to their end.
    ///
    /// # Errors
    /// What reading fails with, and 53200 where the rows are more than the session may hold; the transaction cannot commit
    /// then.
    pub async fn store_held(&mut self) -> Result<()> {
        for portal in self.named.values_mut().filter(|portal| portal.is_held && !portal.is_stored) {
            portal.store().await?;
        }
        Ok(())
    }

    pub fn clear(&mut self) {
        self.retain(|_| false);
    }

    pub fn mark(&self) -> PortalMark {
        PortalMark(self.opened)
    }

    /// The transaction is about to commit, or was none: the others end, and with them the work behind them.
    pub fn close_others(&mut self) {
        self.retain(|portal| portal.is_held);
    }

    /// The transaction has committed: those WITH HOLD live on.
    pub fn commit(&mut self) {
        self.close_others();
        self.settled = self.opened;
    }

    /// The transaction was rolled back: of those WITH HOLD its own are gone as well.
    pub fn roll_back(&mut self) {
        let settled = self.settled;
        self.retain(|portal| portal.is_held && portal.number <= settled);
        self.settled = self.opened;
    }

    /// What came after `mark` was rolled back, the transaction goes on.
    pub fn close_since(&mut self, mark: PortalMark) {
        self.retain(|portal| portal.number <= mark.0);
    }
}

impl Session {
    /// Binds a statement to its parameters, under a name that no other portal has; the unnamed one replaces the one before.
    ///
    /// # Errors
    /// 42P03 for a name that is taken, 54000 over the limit, 53200 without memory for it.
    pub fn bind(
        &mut self,
        name: &str,
        prepared: Arc<Prepared>,
        parameters: Vec<Value>,
        formats: Formats,
    ) -> Result<()> {
        self.portals.check_name(name)?;
        let bytes: usize = parameters.iter().map(Value::held_bytes).sum();
        let memory = self.memory.reserve(PORTAL_BYTES + bytes)?;
        let number = self.portals.next_number();
        // The unnamed one is there for the statement that runs, which others see as such.
        let listed = (!name.is_empty())
            .then(|| self.activity.list_cursor(number, name, CursorKind::default(), Some(&prepared.shown)));
        let portal = Portal {
            columns: prepared.columns.clone(),
            prepared: Some(prepared),
            formats,
            state: PortalState::Bound(parameters),
            number,
            is_held: false,
            is_stored: false,
            scroll: None,
            passed: 0,
            memory,
            _listed: listed,
        };
        self.portals.put(name, portal);
        Ok(())
    }

    /// Opens a cursor over rows.
    ///
    /// # Errors
    /// 42P03 for a name that is taken, 54000 over the limit, 53200 without memory for it.
    pub(super) fn open_cursor(&mut self, name: &str, rows: ResultRows, kind: CursorKind) -> Result<()> {
        self.portals.check_name(name)?;
        let memory = self.memory.reserve(PORTAL_BYTES)?;
        let number = self.portals.next_number();
        let portal = Portal {
            prepared: None,
            columns: Some(rows.columns()),
            formats: Formats::Text,
            state: PortalState::Open(PortalRows::new(rows, SELECTED)),
            number,
            is_held: kind.is_held,
            is_stored: false,
            scroll: kind.is_scrollable.then(Scroll::default),
            passed: 0,
            memory,
            _listed: Some(self.activity.list_cursor(number, name, kind, None)),
        };
        self.portals.put(name, portal);
        Ok(())
    }

    /// The portal of a name.
    ///
    /// # Errors
    /// 34000 where there is none.
    pub fn portal(&self, name: &str) -> Result<&Portal> {
        self.portals.get(name).ok_or_else(|| no_portal(name))
    }

    /// Takes a portal out to run it; [`Session::put_portal`] puts it back, and one that has failed is gone.
    ///
    /// # Errors
    /// 34000 where there is none.
    pub fn take_portal(&mut self, name: &str) -> Result<Portal> {
        self.portals.take(name).ok_or_else(|| no_portal(name))
    }

    /// Puts back what was taken out.
    ///
    /// # Errors
    /// 53200 without memory for it.
    pub fn put_portal(&mut self, name: &str, mut portal: Portal) -> Result<()> {
        if portal.prepared.is_some() {
            let bytes: usize = portal.parameters().iter().map(Value::held_bytes).sum();
            portal.memory.resize(PORTAL_BYTES + bytes)?;
        }
        self.portals.put(name, portal);
        Ok(())
    }

    /// Closes a portal; whether there was one of that name.
    pub fn drop_portal(&mut self, name: &str) -> bool {
        self.portals.take(name).is_some()
    }

    /// Runs a portal that was taken out, or lets it go on: afterwards it has [`Portal::rows`], or this gives what came of a
    /// statement that has none.
    ///
    /// # Errors
    /// 25P02 in a failed transaction, 34000 for a statement without rows that has run already; as [`Session::execute`].
    pub async fn run_portal(
        &mut self,
        name: &str,
        portal: &mut Portal,
        is_alone: bool,
    ) -> Result<Option<StatementOutcome>> {
        match (std::mem::replace(&mut portal.state, PortalState::Done), &portal.prepared) {
            (PortalState::Bound(parameters), Some(prepared)) => {
                match self.execute(prepared, parameters, is_alone).await? {
                    StatementOutcome::Rows { rows, tag } => {
                        portal.state = PortalState::Open(PortalRows::new(rows, tag));
                        return Ok(None);
                    }
                    outcome => return Ok(Some(outcome)),
                }
            }
            (PortalState::Open(rows), _) => portal.state = PortalState::Open(rows),
            (PortalState::Done | PortalState::Bound(_), _) => {
                let Some(columns) = &portal.columns else {
                    let text = format!("portal \"{name}\" cannot be run");
                    return Err(Error::new(ErrorKind::UndefinedCursor, text));
                };
                portal.state = PortalState::Open(PortalRows::new(self.no_rows(columns), SELECTED));
            }
        }
        match &portal.prepared {
            Some(prepared) => {
                self.check_allowed(prepared)?;
                self.start(prepared);
            }
            None if self.status() == TransactionStatus::Failed => return Err(in_failed_transaction()),
            None => self.begin_statement(&format!("FETCH FROM {}", quote_identifier(name)).into()),
        }
        Ok(None)
    }

    /// The columns of a portal that gives rows.
    ///
    /// # Errors
    /// 34000 where there is none of that name, 0A000 for one that gives no rows.
    pub(super) fn cursor_columns(&self, name: &str) -> Result<Arc<[OutputColumn]>> {
        let portal = self.portals.get(name).ok_or_else(|| no_cursor(name))?;
        portal.columns.clone().ok_or_else(|| {
            Error::unsupported(
                format!("portal \"{name}\" has a statement that gives no rows"),
                "Execute it; FETCH is for queries.",
            )
        })
    }

    fn no_rows(&self, columns: &Arc<[OutputColumn]>) -> ResultRows {
        ResultRows::new(Arc::clone(columns), RowStream::from_rows(Vec::new()), &self.cancel)
    }

    /// Runs a bound statement for FETCH.
    async fn open_bound(&mut self, name: &str) -> Result<()> {
        let is_bound = |portal: &&mut Portal| matches!(portal.state, PortalState::Bound(_));
        let Some(portal) = self.portals.get_mut(name).filter(is_bound) else { return Ok(()) };
        let PortalState::Bound(parameters) = &portal.state else { return Ok(()) };
        let (parameters, Some(prepared)) = (parameters.clone(), portal.prepared.clone()) else { return Ok(()) };
        let outcome = Box::pin(self.execute_once(&prepared, &parameters, false)).await?;
        if let (StatementOutcome::Rows { rows, tag }, Some(portal)) = (outcome, self.portals.get_mut(name)) {
            portal.state = PortalState::Open(PortalRows::new(rows, tag));
        }
        Ok(())
    }

    /// FETCH: reads rows of a cursor.
    ///
    /// # Errors
    /// 34000 when there is none of that name, 54000 for more than `FETCH_ROWS_MAX`, 55000 to go back without SCROLL, 53200 without
    /// memory; as its query.
    pub(super) async fn fetch(&mut self, name: &str, fetch: CursorFetch) -> Result<StatementOutcome> {
        let columns = self.cursor_columns(name)?;
        if let Some(count) = fetch.count().filter(|count| *count > FETCH_ROWS_MAX) {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("FETCH of {count} rows is over the limit of {FETCH_ROWS_MAX}"),
            )
            .with_hint("FETCH fewer rows at a time, or FETCH ALL."));
        }
        self.open_bound(name).await?;
        let nothing = self.no_rows(&columns);
        let mut fetched = Gathered::new(&self.memory);
        let portal = self.portals.get_mut(name).ok_or_else(|| no_cursor(name))?;
        let tag = RowsTag::Counted("FETCH");
        if portal.scroll.is_some() {
            if let Err(error) = portal.scroll(fetch, &mut |row: &Row| fetched.push(row.clone())).await {
                self.drop_portal(name);
                return Err(error);
            }
            let rows = ResultRows::new(columns, RowStream::from_gathered(fetched), &self.cancel);
            return Ok(StatementOutcome::Rows { rows, tag });
        }
        let (before, count) = portal.only_forward(fetch)?;
        let rows = match (&mut portal.state, count) {
            (PortalState::Open(open), None) => {
                // Everything that is left is streamed; the cursor stays, at its end.
                let PortalRows { rows, waiting, .. } = std::mem::replace(open, PortalRows::new(nothing, SELECTED));
                rows.behind(waiting, portal.memory.split_above(PORTAL_BYTES))
            }
            (PortalState::Open(open), Some(count)) => {
                if let Err(error) = fetch_into(open, (before, count), &mut fetched, &mut portal.passed).await {
                    // What comes behind a row that cannot be computed is nothing that anybody may take for the rest.
                    self.drop_portal(name);
                    return Err(error);
                }
                ResultRows::new(columns, RowStream::from_gathered(fetched), &self.cancel)
            }
            (PortalState::Bound(_) | PortalState::Done, _) => nothing,
        };
        Ok(StatementOutcome::Rows { rows, tag })
    }

    /// MOVE: goes where FETCH would; how many rows that would have taken.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub(super) async fn pass(&mut self, name: &str, fetch: CursorFetch) -> Result<u64> {
        self.cursor_columns(name)?;
        self.open_bound(name).await?;
        let portal = self.portals.get_mut(name).ok_or_else(|| no_cursor(name))?;
        let passed = match portal.scroll.is_some() {
            true => portal.scroll(fetch, &mut |_: &Row| Ok(())).await,
            false => {
                let (before, count) = portal.only_forward(fetch)?;
                portal.pass_over(before, count).await
            }
        };
        if passed.is_err() {
            self.drop_portal(name);
        }
        passed
    }

    /// # Errors
    /// 34000 when there is none of that name.
    pub(super) fn close_cursor(&mut self, name: &str) -> Result<()> {
        if self.drop_portal(name) { Ok(()) } else { Err(no_cursor(name)) }
    }
}

/// Passes over rows, and takes some behind them.
async fn fetch_into(
    open: &mut PortalRows,
    (before, count): (u64, u64),
    fetched: &mut Gathered,
    passed: &mut u64,
) -> Result<()> {
    for place in 0..before.saturating_add(count) {
        let Some(row) = open.next().await? else { break };
        *passed += 1;
        if place >= before {
            fetched.push(row)?;
        }
    }
    Ok(())
}

fn no_cursor(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedCursor, format!("cursor \"{name}\" does not exist"))
}

fn no_portal(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedCursor, format!("portal \"{name}\" does not exist"))
        .with_hint("A portal lives until its transaction ends.")
}
