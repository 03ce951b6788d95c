//! Sending the rows of portals.

use std::sync::Arc;

use crate::pg::messages::output::PORTAL_SUSPENDED;
use crate::pg::serve::connection::{Connection, Failure};
use crate::session::{Formats, Portal, PortalRows};
use crate::statement::RowsTag;

impl Connection {
    /// Sends rows, at most `rows_max`: how many, and whether there are no more.
    ///
    /// # Errors
    /// What the statement fails with, and what a row cannot be sent for; as `ClientOutput::data_row` and `Connection::flush`.
    pub async fn send_rows(
        &mut self,
        rows: &mut PortalRows,
        formats: &Formats,
        rows_max: Option<u64>,
    ) -> Result<(u64, bool), Failure> {
        let mut sent = 0;
        let columns = rows.columns();
        let style = Arc::clone(self.session.settings().text_style());
        loop {
            while rows_max.is_none_or(|max| sent < max) {
                let Some(row) = rows.next_waiting() else { break };
                self.output.data_row(&row, &columns, formats, &style)?;
                sent += 1;
                if self.output.is_full() {
                    self.flush().await?;
                }
            }
            if rows_max.is_some_and(|max| sent >= max) {
                // As in PostgreSQL, a portal that has given exactly the rows asked for is suspended, even if none follow.
                return Ok((sent, false));
            }
            if !rows.read_on().await? {
                return Ok((sent, true));
            }
        }
    }

    /// Sends rows of a portal and what closes them: CommandComplete or PortalSuspended.
    ///
    /// # Errors
    /// As [`Connection::send_rows`] and `Connection::tell_changes`.
    pub async fn fetch(&mut self, portal: &mut Portal, rows_max: Option<u64>) -> Result<(), Failure> {
        let Some((rows, formats)) = portal.rows() else { return Ok(()) };
        let tag = rows.tag();
        let (sent, is_done) = self.send_rows(rows, formats, rows_max).await?;
        self.tell_changes()?;
        if is_done {
            portal.finish();
            self.rows_complete(tag, sent);
        } else {
            self.output.empty(PORTAL_SUSPENDED);
        }
        Ok(())
    }

    pub fn rows_complete(&mut self, tag: RowsTag, sent: u64) {
        match tag {
            RowsTag::Counted(word) => self.output.command_complete(format_args!("{word} {sent}")),
            RowsTag::Fixed(tag) => self.output.command_complete(format_args!("{}", tag.behind_rows(sent))),
        }
    }
}
