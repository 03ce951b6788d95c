//! `WITH x AS (INSERT … RETURNING …) SELECT …`: statements that write, and one that reads what they return.
//!
//! All of them see the data as it was before the statement, and one another's rows through RETURNING alone (PostgreSQL's
//! documentation, section 7.8.4). Each that writes runs once and to its end, in the order in which they are written, whether
//! or not its rows are read.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::sql::sqlparser::ast::{self, Cte, Query, SetExpr, Spanned, With};
use tokio::sync::Mutex;

use crate::db::Gathered;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::model::OutputColumn;
use crate::sql::analyze::analyzer::check_renames;
use crate::sql::arrow::context::{GivenTable, PlanContext};
use crate::sql::parse::names::folded;
use crate::sql::parse::parse::character;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::relational::given_rows::GivenRows;
use crate::sql::write::delete::plan_delete;
use crate::sql::write::insert::plan_insert;
use crate::sql::write::merge::merge_plan::plan_merge;
use crate::sql::write::update::plan_update;
use crate::sql::write::write_plan::WritePlan;
use crate::statement::{Change, CommandTag, ReadRun, RowSource, Work, WriteRun, Written, later};

/// Statements that write within one.
const WRITES_MAX: usize = 100;

/// A planned statement with others in front of it that write.
pub struct WithWrites {
    writes: Vec<NamedWrite>,
    body: Body,
    /// One run at a time: the rows that the writes return lie in tables of the plan.
    turn: Mutex<()>,
}

/// A statement of WITH that writes.
struct NamedWrite {
    name: String,
    plan: WritePlan,
    /// Where the others find its rows, if it returns any.
    rows: Option<Arc<GivenRows>>,
}

enum Body {
    Read(ReadPlan),
    Write(WritePlan),
}

/// Plans a statement whose WITH clause writes; `None` where it does not.
///
/// # Errors
/// 42712 for a name that is there twice, 42P10 for more names of columns than there are, 54000 above [`WRITES_MAX`]; as planning
/// each of the statements.
pub fn plan_with_writes(
    query: &Query,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Option<WithWrites>> {
    let Some(with) = query.with.as_ref().filter(|with| with.cte_tables.iter().any(writes)) else { return Ok(None) };
    let mut plain = With { cte_tables: Vec::new(), ..with.clone() };
    let (mut writes_, mut given): (Vec<NamedWrite>, Vec<GivenTable>) = (Vec::new(), Vec::new());
    let mut names: Vec<String> = Vec::new();
    for cte in &with.cte_tables {
        let name = folded(&cte.alias.name);
        if names.contains(&name) {
            let message = format!("WITH query name \"{name}\" specified more than once");
            let error = Error::new(ErrorKind::DuplicateAlias, message);
            let position = character(context.text, cte.alias.name.span.start);
            return Err(position.map_or(error.clone(), |position| error.with_position(position)));
        }
        names.push(name.clone());
        if !writes(cte) {
            plain.cte_tables.push(cte.clone());
            continue;
        }
        if writes_.len() == WRITES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("WITH holds at most {WRITES_MAX} statements that write"),
            ));
        }
        let around = PlanContext { given: &given, ..*context };
        let plan = plan_write(&cte.query, &plain, parameters, &around)?;
        let columns = plan.columns().map(|columns| named_columns(cte, &columns)).transpose()?;
        let rows = columns.as_deref().map(|columns| Arc::new(GivenRows::new(columns)));
        let table = rows.clone().map(|rows| rows as Arc<dyn TableProvider>);
        given.push(GivenTable { name: name.clone(), table });
        writes_.push(NamedWrite { name, plan, rows });
    }
    let around = PlanContext { given: &given, ..*context };
    let body = match query.body.as_ref() {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Body::Write(plan_write(query, &plain, parameters, &around)?)
        }
        _ => {
            let with = (!plain.cte_tables.is_empty()).then_some(plain);
            Body::Read(plan_query(&Query { with, ..query.clone() }, parameters, &around)?)
        }
    };
    Ok(Some(WithWrites { writes: writes_, body, turn: Mutex::new(()) }))
}

/// Whether a part of WITH writes.
fn writes(cte: &Cte) -> bool {
    matches!(cte.query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
}

/// Plans a statement that writes, with what stands in WITH before it and in its own.
fn plan_write(
    query: &Query,
    before: &With,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    let mut with = before.clone();
    let own = query.with.as_ref().map(|with| with.cte_tables.as_slice()).unwrap_or_default();
    let is_new = |cte: &&Cte| !with.cte_tables.iter().any(|other| other.alias.name == cte.alias.name);
    let added: Vec<Cte> = own.iter().filter(|cte| !writes(cte)).filter(is_new).cloned().collect();
    with.cte_tables.extend(added);
    let with = (!with.cte_tables.is_empty()).then_some(&with);
    match query.body.as_ref() {
        SetExpr::Insert(ast::Statement::Insert(insert)) => plan_insert(insert, with, parameters, context),
        SetExpr::Update(ast::Statement::Update(update)) => plan_update(update, with, parameters, context),
        SetExpr::Delete(ast::Statement::Delete(delete)) => plan_delete(delete, with, parameters, context),
        SetExpr::Merge(ast::Statement::Merge(merge)) => plan_merge(merge, with, parameters, context),
        other => {
            let error = Error::syntax("WITH takes SELECT, INSERT, UPDATE, DELETE and MERGE", None);
            let position = character(context.text, other.span().start);
            Err(position.map_or(error.clone(), |position| error.with_position(position)))
        }
    }
}

/// The columns of RETURNING under the names that WITH gives them.
fn named_columns(cte: &Cte, columns: &[OutputColumn]) -> Result<Vec<OutputColumn>> {
    let mut columns = columns.to_vec();
    let name = folded(&cte.alias.name);
    check_renames(&format!("WITH query \"{name}\""), columns.len(), cte.alias.columns.len())?;
    for (column, alias) in columns.iter_mut().zip(&cte.alias.columns) {
        column.name = folded(&alias.name);
    }
    Ok(columns)
}

impl WithWrites {
    /// The columns of its rows; `None` for a statement that returns none.
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        match &self.body {
            Body::Read(plan) => Some(plan.columns()),
            Body::Write(plan) => plan.columns(),
        }
    }

    async fn run(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let _turn = self.turn.lock().await;
        run.keep_snapshot();
        // Held until the statement ends: what the tables hold is of their size.
        let mut held = Vec::with_capacity(self.writes.len());
        let mut result = Ok(());
        for write in &self.writes {
            result = match write.plan.run(run).await {
                Ok(written) => {
                    let put = write.rows.as_ref().map_or(Ok(()), |rows| rows.put(written.rows.rows()));
                    held.push(written);
                    put
                }
                Err(error) => Err(error),
            };
            if result.is_err() {
                break;
            }
        }
        let written = match (result, &self.body) {
            (Err(error), _) => Err(error),
            (Ok(()), Body::Write(plan)) => plan.run(run).await,
            (Ok(()), Body::Read(plan)) => read(plan, run).await,
        };
        for rows in self.writes.iter().filter_map(|write| write.rows.as_ref()) {
            rows.put(&[])?;
        }
        written
    }

    fn lines(&self, body: Vec<String>, inner: Vec<Vec<String>>) -> Vec<String> {
        let mut lines = body;
        for (write, inner) in self.writes.iter().zip(inner) {
            lines.push(format!("  CTE {}", write.name));
            lines.extend(inner.into_iter().map(|line| format!("    {line}")));
        }
        lines
    }
}

/// Runs the statement that reads.
async fn read(plan: &ReadPlan, run: &WriteRun<'_>) -> Result<Written> {
    let mut rows = Gathered::new(&run.settings.memory);
    let mut stream = plan.execute(run.view(), run.parameters, run.settings, run.cancel).await?;
    let mut count = 0;
    while let Some(chunk) = stream.next_chunk().await? {
        run.cancel.check()?;
        for row in chunk {
            rows.push(row)?;
            count += 1;
        }
    }
    Ok(Written { tag: CommandTag::counted("SELECT", count), rows })
}

impl Change for WithWrites {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move { self.run(&mut run).await })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let body = match &self.body {
                Body::Read(plan) => RowSource::explain(plan, run).await?,
                Body::Write(plan) => Change::explain(plan, run).await?,
            };
            let mut inner = Vec::with_capacity(self.writes.len());
            for write in &self.writes {
                inner.push(Change::explain(&write.plan, run).await?);
            }
            Ok(self.lines(body, inner))
        })
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let body = match &self.body {
                Body::Read(plan) => RowSource::steps(plan, run).await?,
                Body::Write(plan) => Change::steps(plan, run).await?,
            };
            let mut inner = Vec::with_capacity(self.writes.len());
            for write in &self.writes {
                inner.push(Change::steps(&write.plan, run).await?);
            }
            Ok(self.lines(body, inner))
        })
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        match &self.body {
            Body::Read(_) => StatementKind::Select,
            Body::Write(plan) => plan.kind(),
        }
    }
}
