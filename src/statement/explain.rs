//! EXPLAIN: the plan of a statement as lines of text, with what running it took for ANALYZE.

use std::sync::Arc;
use std::time::Instant;

use crate::db::{Gathered, Row, RowStream};
use crate::error::Result;
use crate::metrics::StatementKind;
use crate::model::OutputColumn;
use crate::statement::change::{Change, Written};
use crate::statement::command_tag::{CommandTag, RowsTag};
use crate::statement::planned::Statement;
use crate::statement::row_source::RowSource;
use crate::statement::run::{ReadRun, Work, WriteRun, later};
use crate::types::{ColumnType, Value};

const TAG: CommandTag = CommandTag::of("EXPLAIN");

/// EXPLAIN of a statement. With ANALYZE of one that changes something it is a change itself: it takes effect.
pub struct Explain {
    pub analyze: bool,
    pub inner: Box<Statement>,
}

impl Explain {
    pub fn columns() -> Arc<[OutputColumn]> {
        [OutputColumn::computed("QUERY PLAN", ColumnType::Text)].into()
    }

    /// Whether running it changes what it explains.
    pub fn changes(&self) -> bool {
        self.analyze && matches!(&*self.inner, Statement::Change(_))
    }

    async fn read(&self, run: ReadRun<'_>) -> Result<RowStream> {
        let started = Instant::now();
        let mut lines = self.inner.explain(run).await?;
        let planned = Instant::now();
        if let (true, Statement::Read(source)) = (self.analyze, &*self.inner) {
            let mut stream = source.open(run).await?;
            let mut count = 0;
            while let Some(chunk) = stream.next_chunk().await? {
                count += chunk.len() as u64;
            }
            lines.extend(stream.report());
            lines.extend(analyzed(Some(count), started, planned));
        }
        Ok(RowStream::from_rows(rows(lines)))
    }

    async fn write(&self, run: WriteRun<'_>) -> Result<Written> {
        let started = Instant::now();
        let mut lines = self.inner.explain(run.reading()).await?;
        let planned = Instant::now();
        if let Some(change) = self.inner.as_change() {
            // A tag without a count is that of a definition, of a table that was there already, or of one thing that is set.
            let count = change.execute(run).await?.tag.count();
            lines.extend(analyzed(count, started, planned));
        }
        Ok(Written { tag: TAG, rows: Gathered::from(rows(lines)) })
    }
}

impl RowSource for Explain {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        later(self.read(run))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(self.inner.explain(run))
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(self.inner.steps(run))
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Explain
    }

    fn tag(&self) -> RowsTag {
        RowsTag::Fixed(TAG)
    }
}

impl Change for Explain {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        later(self.write(run))
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        RowSource::explain(self, run)
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Explain
    }
}

/// What running a statement has shown; of one that counts no rows nothing is said of any.
fn analyzed(count: Option<u64>, started: Instant, planned: Instant) -> impl Iterator<Item = String> {
    let millis = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1000.0;
    let times = [
        format!("Planning Time: {:.3} ms", millis(started, planned)),
        format!("Execution Time: {:.3} ms", millis(planned, Instant::now())),
    ];
    count.map(|count| format!("Rows: {count}")).into_iter().chain(times)
}

fn rows(lines: Vec<String>) -> Vec<Row> {
    lines.into_iter().map(|line| vec![Value::text(line)]).collect()
}
