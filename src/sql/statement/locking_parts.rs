//! Statements with queries inside that lock rows: `UPDATE … WHERE id IN (SELECT … FOR UPDATE SKIP LOCKED)`, WITH, INSERT … SELECT.
//!
//! Such a query runs first, and by itself: its rows are locked and stand in its place as constants when the statement around it is
//! planned, at each execution, and then run in the snapshot that the locks were taken in.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as Tree, VisitorMut};

use crate::db::{Gathered, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::model::OutputColumn;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::parse::parse;
use crate::sql::parse::visit::visit_mut;
use crate::sql::statement::plan::{BodyWithColumns, plan_statement};
use crate::sql::write::locking_read::LockingRead;
use crate::statement::{
    Change, CommandTag, PlanNotes, QueryFunction, ReadRun, Statement, Work, WriteRun, Written, at_once, later,
};
use crate::types::{ColumnType, Value};

/// Most rows that a query inside of a statement locks.
const LOCKED_ROWS_MAX: u64 = 10_000;

/// A statement whose locking queries run before it.
pub struct LockingParts {
    tree: Tree,
    text: Arc<str>,
    parts: Vec<LockingRead>,
    parameters: Vec<ColumnType>,
    query_function: Option<Arc<QueryFunction>>,
    kind: StatementKind,
}

impl LockingParts {
    /// Plans a statement that has such queries; `None` where it has none. Its own parameters get their types.
    ///
    /// # Errors
    /// 0A000 for a locking query that names something outside of itself; as [`LockingRead::plan`] and [`plan_statement`].
    pub fn plan(
        tree: &Tree,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Option<BodyWithColumns>> {
        // Where a query names itself, planning says what may stand in it.
        let is_recursive = matches!(tree, Tree::Query(query) if query.with.as_ref().is_some_and(|with| with.recursive));
        if is_recursive || !mentions_row_locks(context.text) {
            return Ok(None);
        }
        let mut without = tree.clone();
        let queries = take_locking_queries(&mut without, |_| Ok(None))?;
        if queries.is_empty() {
            return Ok(None);
        }
        let mut parts = Vec::with_capacity(queries.len());
        for query in &queries {
            let part = LockingRead::plan(query, parameters, context).map_err(|error| match error.kind() {
                ErrorKind::UndefinedColumn | ErrorKind::UndefinedTable => {
                    let message = "a query that locks rows and names something outside of itself is not offered";
                    Error::unsupported(message, "Lock the rows by a SELECT ... FOR UPDATE of its own.")
                        .with_detail(error.message().to_string())
                }
                _ => error,
            })?;
            let Some(part) = part else {
                return Err(Error::unsupported(
                    "a query inside of a statement locks rows of no table",
                    "Leave FOR UPDATE or FOR SHARE out there.",
                ));
            };
            parts.push(part);
        }
        let mut columns = parts.iter().map(LockingRead::columns);
        take_locking_queries(&mut without, |_| {
            columns.next().map(|columns| constants(&columns, Vec::new())).transpose()
        })?;
        let (body, columns) = plan_statement(&without, parameters, context)?;
        if !matches!(&body, Statement::Change(_) | Statement::Read(_)) {
            return Err(Error::unsupported(
                "a query that locks rows inside of COPY, EXPLAIN or a cursor is not offered",
                "Lock the rows by a SELECT ... FOR UPDATE of its own.",
            ));
        }
        let kind = body.kind().unwrap_or(StatementKind::Other);
        let planned = LockingParts {
            tree: tree.clone(),
            text: context.text.into(),
            parts,
            parameters: parameters.finish(),
            query_function: context.query_function.cloned(),
            kind,
        };
        Ok(Some((Statement::Change(Box::new(planned)), columns)))
    }

    async fn run(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let mut found = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (rows, count) = part.rows(run).await?;
            if count > LOCKED_ROWS_MAX {
                let message =
                    format!("a query inside of a statement locks {count} rows, {LOCKED_ROWS_MAX} are the most");
                return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("Give it a LIMIT."));
            }
            found.push(constants(&part.columns(), rows.into_rows())?);
        }
        let body = {
            let mut tree = self.tree.clone();
            let mut found = found.into_iter();
            take_locking_queries(&mut tree, |_| Ok(found.next()))?;
            let view = run.transaction.view().clone();
            let notes = PlanNotes::default();
            let context = PlanContext {
                view: &view,
                settings: run.settings,
                text: &self.text,
                query_function: self.query_function.as_ref(),
                cancel: run.cancel,
                notes: &notes,
                given: &[],
                refreshed: None,
            };
            let declared: Vec<Option<ColumnType>> = self.parameters.iter().cloned().map(Some).collect();
            let mut parameters = ParameterTypes::new(&declared, declared.len());
            plan_statement(&tree, &mut parameters, &context)?.0
        };
        let settings = run.settings;
        let inner = run.again();
        match &body {
            Statement::Change(change) => change.execute(inner).await,
            Statement::Read(source) => {
                let mut shown = Gathered::new(&settings.memory);
                let mut stream = source.open(inner.reading()).await?;
                let mut count = 0_u64;
                while let Some(chunk) = stream.next_chunk().await? {
                    run.cancel.check()?;
                    for row in chunk {
                        count = count.saturating_add(1);
                        shown.push(row)?;
                    }
                }
                Ok(Written { tag: CommandTag::counted("SELECT", count), rows: shown })
            }
            _ => Err(Error::internal("a statement with locking queries is neither a query nor a change")),
        }
    }
}

impl Change for LockingParts {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move { self.run(&mut run).await })
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec![format!("Planned when its {} locking queries have run", self.parts.len())]))
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        self.kind
    }
}

/// Whether a text may lock rows: FOR with one of the words that follow it there.
fn mentions_row_locks(text: &str) -> bool {
    let mut words =
        text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("for") {
            let next = words.clone().next().unwrap_or_default();
            if ["update", "share", "no", "key"].iter().any(|wanted| next.eq_ignore_ascii_case(wanted)) {
                return true;
            }
        }
    }
    false
}

/// The locking queries of a statement, in order, but for that of the statement itself; `instead` gives what comes into their place.
fn take_locking_queries(tree: &mut Tree, instead: impl FnMut(&Query) -> Result<Option<Query>>) -> Result<Vec<Query>> {
    let own = usize::from(matches!(tree, Tree::Query(_)));
    let mut taking = Taking { own, instead: Box::new(instead), taken: Vec::new(), failed: None };
    let walked = visit_mut(tree, &mut taking);
    match taking.failed {
        Some(error) => Err(error),
        None => {
            debug_assert!(walked.is_continue());
            Ok(taking.taken)
        }
    }
}

/// What stands for a query, if anything does.
type Instead<'a> = dyn FnMut(&Query) -> Result<Option<Query>> + 'a;

struct Taking<'a> {
    /// How many of the queries that come next are the statement's own.
    own: usize,
    instead: Box<Instead<'a>>,
    taken: Vec<Query>,
    failed: Option<Error>,
}

impl VisitorMut for Taking<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if self.own > 0 {
            self.own -= 1;
            return ControlFlow::Continue(());
        }
        if query.locks.is_empty() {
            return ControlFlow::Continue(());
        }
        self.taken.push(query.clone());
        match (self.instead)(query) {
            Ok(Some(instead)) => *query = instead,
            Ok(None) => {}
            Err(error) => {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// A query of constants that gives these rows.
fn constants(columns: &[OutputColumn], rows: Vec<Row>) -> Result<Query> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let items = |value: &dyn Fn(usize) -> String| {
        let all = columns.iter().enumerate();
        let items = all.map(|(at, column)| format!("{}::{} AS {}", value(at), column.ty, quoted(&column.name)));
        items.collect::<Vec<String>>().join(", ")
    };
    let text = if rows.is_empty() {
        format!("SELECT {} WHERE false", items(&|_| "NULL".to_string()))
    } else {
        let literal = |value: Value| match value {
            Value::Null => "NULL".to_string(),
            value => format!("'{}'", value.to_text().replace('\'', "''")),
        };
        let row = |row: Row| format!("({})", row.into_iter().map(literal).collect::<Vec<String>>().join(", "));
        let rows = rows.into_iter().map(row).collect::<Vec<String>>().join(", ");
        let names = (0..columns.len()).map(|at| format!("c{at}")).collect::<Vec<String>>().join(", ");
        format!("SELECT {} FROM (VALUES {rows}) AS locked ({names})", items(&|at| format!("c{at}")))
    };
    match parse(&text)?.statement {
        Some(Tree::Query(query)) if !matches!(query.body.as_ref(), SetExpr::Query(_)) => Ok(*query),
        _ => Err(Error::internal("rows that were locked cannot be read as a query")),
    }
}
