//! `WHERE id = $1`: conditions that fix the whole primary key, so that no scan has to look for the row.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};

use crate::db::{EntryKey, LockMode, Row, Transaction};
use crate::error::Result;
use crate::expr::{self, Environment, Operand, Scalar, ValueRow, unmodified};
use crate::model::Collection;
use crate::settings::Settings;
use crate::sql::parse::trees::conjuncts;
use crate::sql::write::row_compiler::{Compiler, Typed};
use crate::sql::write::write_target::WritePlace;
use crate::statement::WriteRun;
use crate::types::{ColumnType, Value};

/// A row found by its key, with what else must hold of it.
pub struct KeyLookup {
    /// The parts of the key, in its order.
    parts: Vec<expr::Expr>,
    filter: Option<expr::Expr>,
}

impl KeyLookup {
    /// The lookup that a condition amounts to; `None` when it needs a scan.
    ///
    /// # Errors
    /// As [`Compiler::typed`], [`Compiler::adopt`] and [`Compiler::try_condition`].
    pub fn plan(condition: Option<&Expr>, compiler: &mut Compiler<'_>) -> Result<Option<KeyLookup>> {
        let Some(condition) = condition else { return Ok(None) };
        if compiler.collection.primary_key.is_empty() {
            return Ok(None);
        }
        let conjuncts = conjuncts(condition);
        let mut parts: Vec<Option<expr::Expr>> = vec![None; compiler.collection.primary_key.len()];
        let mut filters = Vec::new();
        let of = if conjuncts.len() == 1 { "WHERE" } else { "AND" };
        for conjunct in conjuncts {
            let found = key_part(conjunct, compiler)?;
            if let Some((part, value)) = found
                && let Some(slot @ None) = parts.get_mut(part)
            {
                *slot = Some(value);
                continue;
            }
            let Some(condition) = compiler.try_condition(conjunct, of)? else { return Ok(None) };
            filters.push(condition);
        }
        let parts: Option<Vec<expr::Expr>> = parts.into_iter().collect();
        Ok(parts.map(|parts| KeyLookup { parts, filter: expr::Expr::all(filters) }))
    }

    /// The key that these parameters name; `None` where a part is NULL, which equals nothing.
    ///
    /// # Errors
    /// Where the entry has to be fetched from another member first.
    pub fn key(
        &self,
        transaction: &Transaction,
        collection: &Collection,
        environment: &Environment<'_>,
        settings: &Settings,
    ) -> Result<Option<EntryKey>> {
        let value = |part: &expr::Expr| part.evaluate(environment, &ValueRow::default());
        let parts = self.parts.iter().map(value).collect::<Result<Vec<Value>>>()?;
        if parts.iter().any(Value::is_null) {
            return Ok(None);
        }
        let key = transaction.key(collection, parts)?;
        transaction.view().check_key(collection, &key, settings)?;
        Ok(Some(key))
    }

    /// Locks the entry that these parameters name and sees it as it is then; `None` where they name none, and where another
    /// transaction has it and the rest of the condition does not even hold of what was there before that.
    ///
    /// # Errors
    /// As [`KeyLookup::key`], [`KeyLookup::holds`] and `WriteRun::lock_newest`.
    pub async fn lock(
        &self,
        run: &mut WriteRun<'_>,
        collection: &Collection,
        mode: LockMode,
    ) -> Result<Option<EntryKey>> {
        let Some(key) = self.key(run.transaction, collection, &run.environment(), run.settings)? else {
            return Ok(None);
        };
        if run.transaction.try_lock_entry(collection, &key, mode)? {
            run.transaction.see_newest(collection, &key)?;
            return Ok(Some(key));
        }
        let row = run.transaction.view().row(collection, &key)?;
        let holds = row.map(|row| self.holds(&row, &run.environment())).transpose()?;
        if holds != Some(true) {
            return Ok(None);
        }
        run.lock_newest(collection, &key, mode).await?;
        Ok(Some(key))
    }

    /// Whether more than the key decides.
    pub fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether the row passes.
    ///
    /// # Errors
    /// As [`expr::Expr::accepts`].
    pub fn holds(&self, row: &Row, environment: &Environment<'_>) -> Result<bool> {
        let row = ValueRow { row, ..ValueRow::default() };
        self.filter.as_ref().map_or(Ok(true), |filter| filter.accepts(environment, &row))
    }
}

/// The part of the key that `column = constant` fixes, with its value.
fn key_part(condition: &Expr, compiler: &mut Compiler<'_>) -> Result<Option<(usize, expr::Expr)>> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return Ok(None) };
    for (column, value) in [(left, right), (right, left)] {
        if !matches!(column.as_ref(), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        let Some(Typed { expression: expr::Expr::Field(Operand::Column(position), _), .. }) = compiler.typed(column)?
        else {
            continue;
        };
        let Some(part) = compiler.collection.primary_key.iter().position(|key| *key == position) else { continue };
        let ty = WritePlace::Column(position).ty(compiler.collection);
        let Some(mut typed) = compiler.typed(value)? else { return Ok(None) };
        compiler.adopt(&mut typed, &ty)?;
        let is_constant = !typed
            .expression
            .any(&|each| each.varies() || matches!(each, expr::Expr::Field(..) | expr::Expr::Planned(_)));
        let from = typed.ty.as_ref().map(unmodified);
        if is_constant && from.is_some_and(|from| keeps_value(&typed.expression, &from, &ty)) {
            return Ok(Some((part, typed.expression)));
        }
        return Ok(None);
    }
    Ok(None)
}

/// Whether a value can be looked up as a key of type `to` without changing which rows are equal to it.
pub fn keeps_value(value: &expr::Expr, from: &ColumnType, to: &ColumnType) -> bool {
    if *from == unmodified(to) {
        return !matches!(to, ColumnType::Char(_) | ColumnType::Varchar(Some(_)) | ColumnType::Numeric(_));
    }
    match value {
        expr::Expr::Scalar(Scalar::Value(value)) => {
            from.is_integer() && to.is_integer() && value.clone().cast(to, false).is_ok()
        }
        _ => false,
    }
}
