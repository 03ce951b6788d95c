//! Statements that change rows or definitions inside a transaction.

use std::any::Any;

use futures::future::BoxFuture;

use crate::db::Gathered;
use crate::error::Result;
use crate::metrics::StatementKind;
use crate::statement::command_tag::CommandTag;
use crate::statement::run::{ReadRun, Work, WriteRun};
use crate::types::Value;

/// A statement that changes rows or definitions. It runs in its caller's transaction, who commits.
pub trait Change: Any + Send + Sync {
    /// Makes the change. On an error the caller rolls back to where the statement began.
    ///
    /// # Errors
    /// What the rows or the catalog do not allow, what computing values reports, 54000 above the limits of a transaction, 53200
    /// where there is no memory, 58030 where an entry has to be fetched first, 57014 and 57P01 when the statement is stopped.
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written>;

    /// The lines of EXPLAIN.
    ///
    /// # Errors
    /// As [`RowSource::explain`](crate::statement::RowSource::explain), where a query finds the rows.
    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>>;

    /// As [`Change::explain`], without the values of the statement.
    ///
    /// # Errors
    /// As [`Change::explain`].
    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        self.explain(run)
    }

    /// Whether it changes a known handful of rows, without a scan, a planner or a file: it may run on an async thread.
    fn is_short(&self) -> bool;

    fn kind(&self) -> StatementKind;

    /// Whether it looks at every entry of a table, or writes it anew, so that it comes too late beside others who write there.
    fn rewrites(&self) -> bool {
        false
    }
}

/// What a change gives back.
#[derive(Debug)]
pub struct Written {
    pub tag: CommandTag,
    /// Rows of RETURNING.
    pub rows: Gathered,
}

impl Written {
    /// A change that gives no rows.
    pub fn only(tag: CommandTag) -> Written {
        Written { tag, rows: Gathered::default() }
    }
}

/// The defaults of a collection's columns that are expressions.
pub trait ColumnDefaults: Send + Sync {
    /// Fills in those that a row lacks; `None` in its place stands for the default that `db` makes.
    ///
    /// # Errors
    /// What computing them fails with.
    fn fill<'a>(&'a self, run: &'a WriteRun<'_>, columns: &'a mut [Option<Value>]) -> BoxFuture<'a, Result<()>>;
}
