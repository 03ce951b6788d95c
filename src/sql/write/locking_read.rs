//! SELECT … FOR UPDATE and its kin: a query whose rows are locked as they come.
//!
//! Each locked table gives its key along with the row. A row is locked before it is counted for LIMIT, so that SKIP LOCKED fills the
//! limit with rows that are free. One that has changed since the snapshot begins the query anew with a newer one (READ COMMITTED),
//! which keeps what is locked by then, except with SKIP LOCKED.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, LimitClause, Query, SelectItem, SetExpr, Value as Literal,
};

use crate::db::{BusyRow, Gathered, Isolation, LockMode, RowLocked};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::model::{Collection, OutputColumn};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::exact;
use crate::sql::parse::trees::select_of;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::locked_relations::locked_relations;
use crate::sql::write::write_plan::{key_expression, typed_for};
use crate::statement::{
    Change, CommandTag, Privilege, ReadRun, RowSource, Work, WriteRun, Written, key_of_value, later,
};
use crate::types::{ColumnType, Value};

/// Rows that are asked for beyond LIMIT at first, in the place of those that others have locked.
const SPARE_ROWS: i64 = 32;
/// How much further a query that has found too few free rows looks each time.
const WIDENING: i64 = 8;
/// How often a query begins anew because a row has changed. Each time somebody has committed.
const TRIES_MAX: usize = 1_000;

/// A table of which a query locks rows.
pub struct LockedTable {
    pub collection: Arc<Collection>,
    /// What the query calls it.
    pub relation: String,
    pub mode: LockMode,
    pub busy: BusyRow,
}

/// A planned query that locks rows.
pub struct LockingRead {
    /// Its columns, and then a key for each locked table.
    plan: ReadPlan,
    columns: Arc<[OutputColumn]>,
    tables: Vec<LockedTable>,
    /// LIMIT and OFFSET; the plan has a last parameter in the place of both.
    window: Option<ReadPlan>,
}

/// What came of locking a row of the result.
#[derive(PartialEq, Eq)]
enum RowOutcome {
    Locked,
    Skipped,
    /// Somebody has changed it since the snapshot.
    Changed,
}

impl LockingRead {
    /// Plans a query that ends in FOR UPDATE or another such clause; `None` where it reads no table that could be locked.
    ///
    /// # Errors
    /// 0A000 for a form of which the rows are of no table; as [`locked_relations`] and [`plan_query`].
    pub fn plan(
        query: &Query,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Option<LockingRead>> {
        let tables = locked_relations(query, context)?;
        if tables.is_empty() {
            return Ok(None);
        }
        for table in &tables {
            context.notes.touch_collection(&table.collection, Privilege::Update);
        }
        let mut query = query.clone();
        query.locks.clear();
        let window = Self::plan_window(&mut query, parameters, context)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            let keys = tables.iter().enumerate().map(|(at, table)| SelectItem::ExprWithAlias {
                expr: key_expression(&table.collection, &table.relation),
                alias: exact(format!("$lock{at}")),
            });
            select.projection.extend(keys);
        }
        let plan = match &window {
            None => plan_query(&query, parameters, context)?,
            Some(_) => {
                let given = parameters.count();
                let mut with_limit = parameters.clone();
                with_limit.suggest(given, &ColumnType::Int8);
                let limit = Expr::value(Literal::Placeholder(format!("${}", given + 1)));
                query.limit_clause =
                    Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by: Vec::new() });
                let plan = plan_query(&query, &mut with_limit, context)?;
                for position in 0..given {
                    if let Some(ty) = with_limit.get(position) {
                        parameters.suggest(position, ty);
                    }
                }
                plan
            }
        };
        let all = plan.columns();
        let columns = all.iter().take(all.len().saturating_sub(tables.len())).cloned().collect();
        Ok(Some(LockingRead { plan, columns, tables, window }))
    }

    /// Takes LIMIT and OFFSET out of a query; the plan of both, in whose place the query gets one parameter.
    fn plan_window(
        query: &mut Query,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Option<ReadPlan>> {
        let fetched = query.fetch.take();
        if fetched.as_ref().is_some_and(|fetch| fetch.with_ties || fetch.percent) {
            return Err(Error::unsupported("FETCH ... WITH TIES and PERCENT are not offered", "Use LIMIT."));
        }
        let one = || Expr::value(Literal::Number("1".to_string(), false));
        let fetched = fetched.map(|fetch| fetch.quantity.unwrap_or_else(one));
        let (limit, offset) = match query.limit_clause.take() {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit, offset.map(|offset| offset.value)),
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let limit = limit.or(fetched);
        if limit.is_none() && offset.is_none() {
            return Ok(None);
        }
        let null = || Expr::value(Literal::Null);
        let bounds = [limit.unwrap_or_else(null), offset.unwrap_or_else(null)];
        let items = bounds.map(|bound| Expr::Cast {
            kind: CastKind::DoubleColon,
            expr: Box::new(typed_for(&bound, &ColumnType::Int8, parameters)),
            data_type: DataType::BigInt(None),
            array: false,
            format: None,
        });
        let window = plan_query(&select_of(items.to_vec())?, parameters, context)?;
        Ok(Some(window))
    }
}

impl LockingRead {
    pub fn columns(&self) -> Arc<[OutputColumn]> {
        Arc::clone(&self.columns)
    }

    /// The rows that are locked now, in the order of the query, and how many.
    ///
    /// # Errors
    /// 55P03 for NOWAIT, 2201W and 2201X for a negative LIMIT and OFFSET, 40001 for a row that has changed where the level of isolation
    /// does not show it; as [`ReadPlan::execute`] and `Transaction::lock_entry`.
    pub async fn rows(&self, run: &mut WriteRun<'_>) -> Result<(Gathered, u64)> {
        let (limit, offset) = self.window_of(run).await?;
        let mark = run.transaction.lock_mark();
        for _ in 0..TRIES_MAX {
            if let Some(rows) = self.attempt(run, limit, offset).await? {
                return Ok(rows);
            }
            if self.tables.iter().any(|table| table.busy == BusyRow::Skip) {
                run.transaction.unlock_to(mark);
            }
            if !run.transaction.renew() {
                break;
            }
        }
        Err(Error::new(ErrorKind::SerializationFailure, "could not serialize access due to concurrent update")
            .with_hint("Run the transaction again."))
    }

    /// How many rows are wanted, and how many of the first are locked and left out.
    async fn window_of(&self, run: &WriteRun<'_>) -> Result<(Option<i64>, i64)> {
        let Some(window) = &self.window else { return Ok((None, 0)) };
        let view = run.transaction.view();
        let stream = window.execute(view, run.parameters, run.settings, run.cancel).await?;
        let (rows, _memory) = stream.collect().await?;
        let bounds: Vec<Value> = rows.into_iter().flatten().collect();
        let bound = |at: usize| match bounds.get(at) {
            Some(Value::Int8(count)) => Ok(Some(*count)),
            Some(Value::Null) | None => Ok(None),
            Some(_) => Err(Error::internal("a count of rows is no bigint")),
        };
        let (limit, offset) = (bound(0)?, bound(1)?);
        if limit.is_some_and(|limit| limit < 0) {
            return Err(Error::new(ErrorKind::InvalidLimit, "LIMIT must not be negative"));
        }
        if offset.is_some_and(|offset| offset < 0) {
            return Err(Error::new(ErrorKind::InvalidOffset, "OFFSET must not be negative"));
        }
        Ok((limit, offset.unwrap_or(0)))
    }

    /// Runs the query once and locks its rows; `None` where one has changed meanwhile.
    async fn attempt(
        &self,
        run: &mut WriteRun<'_>,
        limit: Option<i64>,
        offset: i64,
    ) -> Result<Option<(Gathered, u64)>> {
        let wanted = limit.map(|limit| limit.saturating_add(offset));
        let mut asked = wanted.map(|wanted| wanted.saturating_add(SPARE_ROWS));
        loop {
            let mut shown = Gathered::new(&run.settings.memory);
            let (mut seen, mut locked) = (0_i64, 0_i64);
            let mut parameters = run.parameters.to_vec();
            if self.window.is_some() {
                parameters.push(asked.map_or(Value::Null, Value::Int8));
            }
            let view = run.transaction.view().clone();
            let mut stream = self.plan.execute(&view, &parameters, run.settings, run.cancel).await?;
            drop(view);
            let is_full = |locked: i64| wanted.is_some_and(|wanted| locked >= wanted);
            while !is_full(locked)
                && let Some(chunk) = stream.next_chunk().await?
            {
                for mut row in chunk {
                    run.cancel.check()?;
                    if is_full(locked) {
                        break;
                    }
                    seen = seen.saturating_add(1);
                    let keys = row.split_off(self.columns.len().min(row.len()));
                    match self.lock_row(run, keys).await? {
                        RowOutcome::Changed => return Ok(None),
                        RowOutcome::Skipped => continue,
                        RowOutcome::Locked => locked = locked.saturating_add(1),
                    }
                    if locked > offset {
                        shown.push(row)?;
                    }
                }
            }
            match asked {
                // There may be more, and what was found was not enough.
                Some(so_far) if !is_full(locked) && seen >= so_far => asked = Some(so_far.saturating_mul(WIDENING)),
                _ => return Ok(Some((shown, u64::try_from(locked.saturating_sub(offset)).unwrap_or(0)))),
            }
        }
    }

    /// Locks the entries that a row is made of.
    async fn lock_row(&self, run: &mut WriteRun<'_>, keys: Vec<Value>) -> Result<RowOutcome> {
        for (table, key) in self.tables.iter().zip(keys) {
            let key = key_of_value(run.transaction, &table.collection, key)?;
            let waits = run.waits().for_busy(table.busy);
            if run.transaction.lock_entry(&table.collection, &key, table.mode, &waits).await? == RowLocked::Skipped {
                return Ok(RowOutcome::Skipped);
            }
            if run.transaction.is_changed(&table.collection, &key)? {
                if run.transaction.isolation() != Isolation::ReadCommitted {
                    run.transaction.see_newest(&table.collection, &key)?;
                }
                return Ok(RowOutcome::Changed);
            }
        }
        Ok(RowOutcome::Locked)
    }

    /// The lines of EXPLAIN over those of its query.
    fn lines(inner: Vec<String>) -> Vec<String> {
        let mut lines = vec!["LockRows".to_string()];
        let below = inner.into_iter().enumerate();
        lines.extend(below.map(|(at, line)| format!("{}{line}", if at == 0 { "  ->  " } else { "      " })));
        lines
    }

    /// The values of the query for EXPLAIN, with the limit that it begins with.
    fn explained(&self, parameters: &[Value]) -> Vec<Value> {
        let mut parameters = parameters.to_vec();
        if self.window.is_some() {
            parameters.push(Value::Int8(SPARE_ROWS));
        }
        parameters
    }
}

impl Change for LockingRead {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move {
            let (rows, count) = self.rows(&mut run).await?;
            Ok(Written { tag: CommandTag::counted("SELECT", count), rows })
        })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let parameters = self.explained(run.parameters);
            Ok(Self::lines(RowSource::explain(&self.plan, ReadRun { parameters: &parameters, ..run }).await?))
        })
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        later(async move {
            let parameters = self.explained(run.parameters);
            Ok(Self::lines(RowSource::steps(&self.plan, ReadRun { parameters: &parameters, ..run }).await?))
        })
    }

    fn is_short(&self) -> bool {
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Select
    }
}
