//! Statements that give rows.

use std::any::Any;

use crate::db::{AggregateQuery, Query, Row, RowStream};
use crate::metrics::StatementKind;
use crate::statement::command_tag::RowsTag;
use crate::statement::run::{ReadRun, Work, at_once};

/// A statement that gives rows: of a query, or of what is known already.
pub trait RowSource: Any + Send + Sync {
    /// Opens its rows in a view.
    ///
    /// # Errors
    /// 42P02 for a parameter without a value, 58030 where an entry has to be fetched first, and what planning at run time
    /// reports. What the rows fail with, the stream says.
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream>;

    /// Its steps, outermost first, as EXPLAIN shows them.
    ///
    /// # Errors
    /// As [`RowSource::open`].
    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>>;

    /// As [`RowSource::explain`], without the values of the statement.
    ///
    /// # Errors
    /// As [`RowSource::open`].
    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        self.explain(run)
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Select
    }

    fn tag(&self) -> RowsTag {
        RowsTag::Counted("SELECT")
    }
}

/// A query that needs no planner at run time.
impl RowSource for Query {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        let bound = self.bind(&run.view.environment(run.parameters, run.settings));
        let cursor = bound.and_then(|query| run.view.query(query, run.settings, run.cancel));
        at_once(cursor.map(RowStream::from_cursor))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(
            self.bind(&run.view.environment(run.parameters, run.settings))
                .and_then(|query| run.view.explain(&query, run.settings)),
        )
    }

    fn kind(&self) -> StatementKind {
        if self.nearest.is_some() { StatementKind::Nearest } else { StatementKind::Select }
    }
}

/// A query of groups that needs no planner at run time.
impl RowSource for AggregateQuery {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        let bound = self.bind(&run.view.environment(run.parameters, run.settings));
        let cursor = bound.and_then(|query| run.view.aggregate(query, run.settings, run.cancel));
        at_once(cursor.map(RowStream::from_groups))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(run.view.explain_aggregate(self, run.parameters, run.settings))
    }
}

/// Rows that were known when the statement was planned.
#[derive(Debug)]
pub struct KnownRows(pub Vec<Row>);

impl RowSource for KnownRows {
    fn open<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, RowStream> {
        at_once(Ok(RowStream::from_rows(self.0.clone())))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec!["Result".to_string()]))
    }
}
