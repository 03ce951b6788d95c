//! EXPLAIN: the plan of a statement as lines of text, with what running it took for ANALYZE.

use std::sync::Arc;
use std::time::Instant;

use crate::db::{Gathered, Row, RowStream};
use crate::error::Result;
use crate::metrics::StatementKind;
use crate::model::OutputColumn;
use crate::statement::change::{Change, Written};
use crate::statement::command_tag::{CommandTag, RowsTag};
use crate::statement::explain_formats::{xml, yaml};
use crate::statement::explain_json::document;
use crate::statement::planned::Statement;
use crate::statement::row_source::RowSource;
use crate::statement::run::{ReadRun, Work, WriteRun, later};
use crate::types::{ColumnType, Value};

const TAG: CommandTag = CommandTag::of("EXPLAIN");

/// EXPLAIN of a statement. With ANALYZE of one that changes something it is a change itself: it takes effect.
pub struct Explain {
    pub analyze: bool,
    /// Whether the times of planning and running are told.
    pub summary: bool,
    pub format: ExplainFormat,
    pub inner: Box<Statement>,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainFormat {
    Text,
    Json,
    Yaml,
    Xml,
}

impl Explain {
    /// As text, with the times where it runs.
    pub fn new(analyze: bool, inner: Statement) -> Explain {
        Explain { analyze, summary: analyze, format: ExplainFormat::Text, inner: Box::new(inner) }
    }

    pub fn columns(&self) -> Arc<[OutputColumn]> {
        let ty = if self.format == ExplainFormat::Json { ColumnType::Json } else { ColumnType::Text };
        [OutputColumn::computed("QUERY PLAN", ty)].into()
    }

    /// Whether running it changes what it explains.
    pub fn changes(&self) -> bool {
        self.analyze && matches!(&*self.inner, Statement::Change(_))
    }

    async fn read(&self, run: ReadRun<'_>) -> Result<RowStream> {
        let started = Instant::now();
        let mut lines = self.inner.explain(run).await?;
        let mut totals = Totals { started, planned: Instant::now(), rows: None };
        if let (true, Statement::Read(source)) = (self.analyze, &*self.inner) {
            let mut stream = source.open(run).await?;
            let mut count = 0;
            while let Some(chunk) = stream.next_chunk().await? {
                count += chunk.len() as u64;
            }
            lines.extend(stream.report());
            totals.rows = Some(count);
        }
        Ok(RowStream::from_rows(self.rows(lines, &totals)))
    }

    async fn write(&self, run: WriteRun<'_>) -> Result<Written> {
        let started = Instant::now();
        let lines = self.inner.explain(run.reading()).await?;
        let mut totals = Totals { started, planned: Instant::now(), rows: None };
        if let Some(change) = self.inner.as_change() {
            // A tag without a count is that of a definition, of a table that was there already, or of one thing that is set.
            totals.rows = change.execute(run).await?.tag.count();
        }
        Ok(Written { tag: TAG, rows: Gathered::from(self.rows(lines, &totals)) })
    }

    /// The rows that tell of a plan; its run ends now.
    fn rows(&self, mut lines: Vec<String>, totals: &Totals) -> Vec<Row> {
        let ended = Instant::now();
        let millis = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1000.0;
        let times = [
            Some(("Planning Time", millis(totals.started, totals.planned))).filter(|_| self.summary),
            Some(("Execution Time", millis(totals.planned, ended))).filter(|_| self.summary && self.analyze),
        ];
        let times = times.into_iter().flatten();
        match self.format {
            ExplainFormat::Text => {
                lines.extend(totals.rows.map(|count| format!("Rows: {count}")));
                lines.extend(times.map(|(name, millis)| format!("{name}: {millis:.3} ms")));
                lines.into_iter().map(|line| vec![Value::text(line)]).collect()
            }
            ExplainFormat::Json | ExplainFormat::Yaml | ExplainFormat::Xml => {
                let rows = totals.rows.map(|count| ("Actual Rows".to_string(), count.into()));
                let times = times.map(|(name, millis)| (name.to_string(), (millis * 1000.0).round() / 1000.0));
                let times = times.map(|(name, millis)| (name, millis.into()));
                let document = document(&lines, rows.into_iter().chain(times));
                vec![vec![match self.format {
                    ExplainFormat::Yaml => Value::text(yaml(&document)),
                    ExplainFormat::Xml => Value::text(xml(&document)),
                    ExplainFormat::Text | ExplainFormat::Json => Value::Json(format!("{document:#}").into()),
                }]]
            }
        }
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
struct Totals {
    started: Instant,
    planned: Instant,
    rows: Option<u64>,
}
