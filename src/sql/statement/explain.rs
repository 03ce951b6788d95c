//! EXPLAIN: the plan of a statement as lines of text, with what running it took for ANALYZE.

use std::sync::Arc;
use std::time::Instant;

use datafusion::sql::sqlparser::ast::{AnalyzeFormat, AnalyzeFormatKind, Expr, Statement, UtilityOption};

use crate::db::{Cancel, ReadView, Row, Settings, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::OutputColumn;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::parse::names::folded;
use crate::sql::statement::plan::{Planned, SqlAction, plan_statement};
use crate::types::{ColumnType, Value};

/// A planned EXPLAIN.
pub struct Explain {
    analyze: bool,
    inner: Box<Planned>,
}

/// Plans EXPLAIN with the statement that it explains.
///
/// # Errors
/// 42601 for an option that does not exist and for a statement that has no plan, 22023 for a switch that is neither on nor
/// off, 0A000 for another format than text; as [`plan_statement`].
pub fn plan_explain(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Explain> {
    let Statement::Explain { analyze, statement, format, options, .. } = statement else {
        return Err(Error::internal("no EXPLAIN is planned as one"));
    };
    let mut analyze = *analyze;
    if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format
        && !matches!(format, AnalyzeFormat::TEXT)
    {
        return Err(only_text(&format.to_string()));
    }
    for option in options.iter().flatten() {
        match folded(&option.name).as_str() {
            "analyze" => analyze = is_on(option)?,
            "format" => {
                let format = option.arg.as_ref().map(ToString::to_string).unwrap_or_default();
                if !format.trim_matches('\'').eq_ignore_ascii_case("text") {
                    return Err(only_text(&format));
                }
            }
            "verbose" | "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" | "generic_plan" | "memory" => {
                is_on(option)?;
            }
            name => return Err(Error::syntax(format!("unrecognized EXPLAIN option \"{name}\""), None)),
        }
    }
    let inner = plan_statement(statement, parameters, context)?;
    match &inner.action {
        SqlAction::Read(_) | SqlAction::Write(_) | SqlAction::Define(DataDefinition::CreateTableAs { .. }) => {
            Ok(Explain { analyze, inner: Box::new(inner) })
        }
        _ => Err(Error::syntax("EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, VALUES and CREATE TABLE AS", None)),
    }
}

fn only_text(format: &str) -> Error {
    Error::unsupported(format!("EXPLAIN (FORMAT {format}) is not offered"), "Use FORMAT TEXT.")
}

/// The value of a switch; one without a value is on.
fn is_on(option: &UtilityOption) -> Result<bool> {
    let Some(argument) = &option.arg else { return Ok(true) };
    let text = match argument {
        Expr::Identifier(ident) => folded(ident),
        other => other.to_string().trim_matches('\'').to_ascii_lowercase(),
    };
    match text.as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" | "none" => Ok(false),
        _ => Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("{} requires a Boolean value", folded(&option.name)),
        )),
    }
}

impl Explain {
    pub fn columns() -> Arc<[OutputColumn]> {
        [OutputColumn::computed("QUERY PLAN", ColumnType::Text)].into()
    }

    pub fn inner(&self) -> &Planned {
        &self.inner
    }

    /// Whether it needs a transaction that may change rows.
    pub fn writes(&self) -> bool {
        !matches!(self.inner.action, SqlAction::Read(_))
    }

    /// Explains a query.
    ///
    /// # Errors
    /// XX000 for a statement that writes; as `ReadPlan::explain`, with ANALYZE as `ReadPlan::execute` and what the rows fail
    /// with.
    pub async fn run(
        &self,
        view: &ReadView,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Vec<Row>> {
        let SqlAction::Read(plan) = &self.inner.action else {
            return Err(Error::internal("a statement that writes is explained without a transaction"));
        };
        let started = Instant::now();
        let mut lines = plan.explain(view, parameters, settings, cancel).await?;
        let planned = Instant::now();
        if self.analyze {
            let mut stream = plan.execute(view, parameters, settings, cancel).await?;
            let mut count = 0_usize;
            while let Some(chunk) = stream.next_chunk().await? {
                cancel.check()?;
                count += chunk.len();
            }
            lines.push(format!("Rows: {count}"));
            lines.extend(times(started, planned));
        }
        Ok(rows(lines))
    }

    /// Explains a statement that writes; with ANALYZE it takes effect.
    ///
    /// # Errors
    /// As `WritePlan::explain` and [`Explain::run`], with ANALYZE as `WritePlan::execute` and [`DataDefinition::execute`].
    pub async fn run_writing(
        &self,
        transaction: &mut Transaction,
        parameters: &[Value],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Vec<Row>> {
        let started = Instant::now();
        let mut lines = match &self.inner.action {
            SqlAction::Write(plan) => plan.explain(transaction, parameters, settings, cancel).await?,
            SqlAction::Define(DataDefinition::CreateTableAs { plan, .. }) => {
                plan.explain(transaction.view(), parameters, settings, cancel).await?
            }
            _ => {
                let view = transaction.view().clone();
                return self.run(&view, parameters, settings, cancel).await;
            }
        };
        let planned = Instant::now();
        if self.analyze {
            let tag = match &self.inner.action {
                SqlAction::Write(plan) => plan.execute(transaction, parameters, settings, cancel).await?.tag,
                SqlAction::Define(definition) => definition.execute(transaction, parameters, settings, cancel).await?,
                _ => String::new(),
            };
            // A tag without a count is that of a table that was there already.
            let count = tag.rsplit(' ').next().and_then(|last| last.parse::<u64>().ok()).unwrap_or(0);
            lines.push(format!("Rows: {count}"));
            lines.extend(times(started, planned));
        }
        Ok(rows(lines))
    }
}

fn times(started: Instant, planned: Instant) -> [String; 2] {
    let millis = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1000.0;
    [
        format!("Planning Time: {:.3} ms", millis(started, planned)),
        format!("Execution Time: {:.3} ms", millis(planned, Instant::now())),
    ]
}

fn rows(lines: Vec<String>) -> Vec<Row> {
    lines.into_iter().map(|line| vec![Value::text(line)]).collect()
}
