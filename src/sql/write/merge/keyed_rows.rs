//! The rows of a MERGE whose condition fixes the whole primary key of the target by values of the source: `ON t.id = s.id`.
//!
//! The source is read alone, and each of its rows looks for its row of the target by the key, as UPDATE and DELETE do where WHERE
//! fixes it. Rows of the target that the source does not know are never seen, so that no clause may ask for them.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Merge, With};

use crate::db::{EntryKey, ReadView, Row};
use crate::error::Result;
use crate::expr::{self, Operand, ParameterTypes, ValueRow, unmodified};
use crate::model::{Collection, CollectionKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::trees::conjuncts;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::key_lookup::keeps_value;
use crate::sql::write::merge::row_layout::{RowKind, RowKinds, RowLayout};
use crate::sql::write::row_compiler::{Compiler, Typed};
use crate::sql::write::row_expressions::columns_read;
use crate::sql::write::write_target::WritePlace;
use crate::statement::WriteRun;
use crate::types::{ColumnType, Value};

/// How rows of the target are found by the source's.
pub struct KeyedRows {
    /// Reads the columns of the source at `positions`.
    pub source: ReadPlan,
    positions: Vec<usize>,
    on: KeyCondition,
    width: usize,
}

/// A condition that fixes a key.
pub struct KeyCondition {
    /// The values of the key's columns, in its order.
    parts: Vec<expr::Expr>,
    /// What else has to hold of both rows.
    rest: Option<expr::Expr>,
}

impl KeyCondition {
    /// The condition of a statement, where it fixes the key; `None` where the rows have to be joined.
    pub fn of(
        merge: &Merge,
        layout: &RowLayout,
        kinds: RowKinds,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Option<KeyCondition> {
        let collection = &layout.collection;
        if kinds.without_source || collection.primary_key.is_empty() || collection.kind == CollectionKind::Auth {
            return None;
        }
        let mut compiler = layout.compiler(RowKind::Matched, parameters, context);
        let mut parts: Vec<Option<expr::Expr>> = vec![None; collection.primary_key.len()];
        let mut rest = Vec::new();
        // What it does not compile is left to the join, which says what is wrong with it.
        for conjunct in conjuncts(&merge.on) {
            match key_part(conjunct, layout, &mut compiler).ok()? {
                Some((part, value)) if parts.get(part).is_some_and(Option::is_none) => {
                    *parts.get_mut(part)? = Some(value);
                }
                _ => rest.push(compiler.try_condition(conjunct, "AND").ok()??),
            }
        }
        let parts: Vec<expr::Expr> = parts.into_iter().collect::<Option<_>>()?;
        let condition = KeyCondition { parts, rest: expr::Expr::all(rest) };
        condition.columns_read().iter().all(|position| *position < layout.first_further()).then_some(condition)
    }

    /// The positions of the columns that it reads.
    pub fn columns_read(&self) -> Vec<usize> {
        self.parts.iter().chain(&self.rest).flat_map(columns_read).collect()
    }

    /// The key that a row of the source names; `None` where a part is NULL, or no value of the key's column.
    fn key(&self, run: &WriteRun<'_>, collection: &Collection, row: &[Value]) -> Result<Option<EntryKey>> {
        let (environment, row) = (run.environment(), ValueRow { row, ..ValueRow::default() });
        let mut values = Vec::with_capacity(self.parts.len());
        for (part, position) in self.parts.iter().zip(&collection.primary_key) {
            let value = part.evaluate(&environment, &row)?;
            // Of whole numbers one may be too large for the column: then no row has it.
            let ty = WritePlace::Column(*position).ty(collection);
            match value.cast(&ty, false) {
                Ok(value) if !value.is_null() => values.push(value),
                _ => return Ok(None),
            }
        }
        run.transaction.key(collection, values).map(Some)
    }
}

/// The part of the key that `column = value of the source` fixes, with the value.
fn key_part(condition: &Expr, layout: &RowLayout, compiler: &mut Compiler<'_>) -> Result<Option<(usize, expr::Expr)>> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return Ok(None) };
    for (column, value) in [(left, right), (right, left)] {
        let Some(Typed { expression: expr::Expr::Field(Operand::Column(position), _), .. }) = compiler.typed(column)?
        else {
            continue;
        };
        let Some(part) = layout.collection.primary_key.iter().position(|key| *key == position) else { continue };
        let ty = WritePlace::Column(position).ty(&layout.collection);
        let Some(mut typed) = compiler.typed(value)? else { return Ok(None) };
        compiler.adopt(&mut typed, &ty)?;
        let expression = typed.expression;
        let is_of_source = columns_read(&expression).iter().all(|position| layout.is_of_source(*position));
        let reads_other = |each: &expr::Expr| {
            each.varies()
                || matches!(each, expr::Expr::Planned(_))
                || matches!(each, expr::Expr::Field(operand, _) if !matches!(operand, Operand::Column(_)))
        };
        let from = typed.ty.as_ref().map(unmodified);
        let fits = from.is_some_and(|from| fits_key(&expression, &from, &ty));
        return Ok((is_of_source && fits && !expression.any(&reads_other)).then_some((part, expression)));
    }
    Ok(None)
}

/// Whether values may be looked up as keys of type `to` without changing which rows are equal to them.
fn fits_key(value: &expr::Expr, from: &ColumnType, to: &ColumnType) -> bool {
    (from.is_integer() && to.is_integer()) || keeps_value(value, from, to)
}

impl KeyedRows {
    /// Plans the reading of the source; `positions` are the columns that anything reads.
    ///
    /// # Errors
    /// As [`RowLayout::source_query`] and [`plan_query`].
    pub fn plan(
        (merge, with): (&Merge, Option<&With>),
        on: KeyCondition,
        layout: &RowLayout,
        positions: &[usize],
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<KeyedRows> {
        let of_source = positions.iter().copied().filter(|position| layout.is_of_source(*position));
        let positions: Vec<usize> = of_source.collect();
        let source = plan_query(&layout.source_query(merge, with, &positions)?, parameters, context)?;
        Ok(KeyedRows { source, positions, on, width: layout.width() })
    }

    /// The rows of the join for rows of the source: the key of the target's row, and the columns at `positions`.
    ///
    /// # Errors
    /// 58030 where an entry has to be fetched first; what an expression fails with, and reading the store.
    pub fn joined(
        &self,
        run: &WriteRun<'_>,
        view: &ReadView,
        (collection, positions): (&Collection, &[usize]),
        rows: Vec<Row>,
    ) -> Result<Vec<Row>> {
        let mut joined = Vec::with_capacity(rows.len());
        for row in rows {
            run.cancel.check()?;
            let mut full = vec![Value::Null; self.width];
            for (position, value) in self.positions.iter().zip(row) {
                if let Some(slot) = full.get_mut(*position) {
                    *slot = value;
                }
            }
            let found = match self.on.key(run, collection, &full)? {
                Some(key) => self.found(run, view, (collection, key), &mut full)?,
                None => None,
            };
            let key = found.map_or(Value::Null, |key| Value::Bytea(key.as_bytes().into()));
            let columns = positions.iter().map(|position| full.get(*position).cloned().unwrap_or_default());
            joined.push(std::iter::once(key).chain(columns).collect());
        }
        Ok(joined)
    }

    /// The key of the target's row, whose columns come into the joined row; `None` where there is none that the condition lets pass.
    fn found(
        &self,
        run: &WriteRun<'_>,
        view: &ReadView,
        (collection, key): (&Collection, EntryKey),
        full: &mut Row,
    ) -> Result<Option<EntryKey>> {
        view.check_key(collection, &key, run.settings)?;
        let Some(target) = view.row(collection, &key)? else { return Ok(None) };
        let count = target.len();
        let unmatched: Row = full.splice(..count, target).collect();
        let environment = run.environment();
        let row = ValueRow { row: full.as_slice(), ..ValueRow::default() };
        let holds = self.on.rest.as_ref().map_or(Ok(true), |rest| rest.accepts(&environment, &row))?;
        if !holds {
            full.splice(..count, unmatched);
        }
        Ok(holds.then_some(key))
    }
}
