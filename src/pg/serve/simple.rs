//! The simple protocol: a text with any number of statements, executed and sent one after another.
//!
//! All statements are parsed before the first one runs, as in PostgreSQL. Several of them are one implicit transaction,
//! which is committed before the last one is reported complete.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::messages::input::{Fields, Frame};
use crate::pg::messages::output::{EMPTY_QUERY, row_description};
use crate::pg::serve::connection::{Connection, Failure};
use crate::session::{Formats, Parsed, PortalRows, Prepared, StatementOutcome};
use crate::telemetry::{Attribute, Span, SpanName};

impl Connection {
    /// Query: runs all statements of a text.
    ///
    /// # Errors
    /// What ends the connection, and XX000 where a message cannot be encoded; what a statement fails with is told to the
    /// client.
    pub async fn query(&mut self, frame: &Frame) -> Result<(), Failure> {
        // PostgreSQL drops the unnamed statement and portal with every simple query.
        self.session.drop_portal("");
        self.session.drop_statement("");
        let run = match &frame.refused {
            Some(error) => Err(error.clone().into()),
            None => self.run_script(&frame.body).await,
        };
        match run {
            Ok(()) => {}
            Err(Failure::Statement(error)) => {
                self.session.fail();
                self.tell_changes()?;
                self.output.error("ERROR", &error)?;
                self.session.end_implicit().await?;
            }
            Err(failure) => return Err(failure),
        }
        Ok(self.ready()?)
    }

    async fn run_script(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let text = fields.text()?;
        fields.finish()?;
        self.run_text(text).await.map_err(|failure| failure.guarded(text))
    }

    async fn run_text(&mut self, text: &str) -> Result<(), Failure> {
        let script = self.session.parse_script(text)?;
        let Some((last, others)) = script.split_last() else {
            self.output.empty(EMPTY_QUERY);
            return Ok(());
        };
        for parsed in others {
            self.run_parsed(parsed, false).await.map_err(|failure| placed(failure, parsed))?;
        }
        // Alone, the last statement is committed by the session before it answers; behind others it ends their transaction.
        self.run_parsed(last, true).await.map_err(|failure| placed(failure, last))
    }

    async fn run_parsed(&mut self, parsed: &Parsed, is_last: bool) -> Result<(), Failure> {
        let began = Instant::now();
        let span = Span::begin(SpanName::Statement);
        let prepared = self.session.prepare_parsed(parsed, &[]);
        let prepared = prepared.inspect_err(|error| span.say(Attribute::Failed(error.sqlstate())))?;
        let ran = span.around(self.run_prepared(&prepared, is_last)).await;
        self.trace(&span, &prepared, ran.as_ref().err());
        self.session.observe(&prepared, &[], began.elapsed()).await;
        ran
    }

    async fn run_prepared(&mut self, prepared: &Arc<Prepared>, is_last: bool) -> Result<(), Failure> {
        let outcome = self.session.execute(prepared, Vec::new(), is_last).await?;
        match outcome {
            StatementOutcome::Rows { rows, tag } => {
                self.output.encoded(&row_description(&rows.columns(), &Formats::Text)?);
                let (sent, _) = self.send_rows(&mut PortalRows::new(rows, tag), &Formats::Text, None).await?;
                self.end_if_last(is_last).await?;
                self.rows_complete(tag, sent);
            }
            StatementOutcome::CopyOut(copy) => {
                let tag = self.copy_out(copy).await?;
                self.end_if_last(is_last).await?;
                self.output.command_complete(format_args!("{tag}"));
            }
            StatementOutcome::CopyIn(copy) => {
                let tag = self.copy_in(copy).await?;
                self.end_if_last(is_last).await?;
                self.output.command_complete(format_args!("{tag}"));
            }
            other => {
                self.end_if_last(is_last).await?;
                self.finish(other).await?;
            }
        }
        Ok(())
    }

    /// Says in the span of a statement what it was and how it went.
    pub fn trace(&self, span: &Span, prepared: &Prepared, failure: Option<&Failure>) {
        if !span.is_traced() {
            return;
        }
        if let Some(kind) = prepared.kind_name() {
            span.say(Attribute::Kind(kind));
        }
        match failure {
            None => self.output.rows_told().into_iter().for_each(|rows| span.say(Attribute::Rows(rows))),
            Some(Failure::Statement(error) | Failure::Connection(error)) => {
                span.say(Attribute::Failed(error.sqlstate()));
            }
            Some(Failure::IdleTimeout | Failure::Stalled) => {
                span.say(Attribute::Failed(ErrorKind::ConnectionLost.sqlstate()));
            }
        }
    }

    async fn end_if_last(&mut self, is_last: bool) -> Result<(), Failure> {
        if is_last {
            self.session.end_implicit().await?;
        }
        self.tell_changes()?;
        Ok(())
    }
}

/// Moves the position of an error from its statement to the whole text.
fn placed(failure: Failure, parsed: &Parsed) -> Failure {
    match failure {
        Failure::Statement(error) => Failure::Statement(shifted(error, parsed.characters_before)),
        other => other,
    }
}

fn shifted(error: Error, characters: usize) -> Error {
    match error.position() {
        Some(position) if characters > 0 => error.with_position(position + characters),
        _ => error,
    }
}
