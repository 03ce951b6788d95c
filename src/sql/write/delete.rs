//! DELETE, planned: by the key of one row where WHERE fixes it, otherwise by a SELECT that finds keys.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Delete, FromTable, SetExpr, TableFactor, With};

use crate::db::{EntryKey, Gathered, LockMode, RowsMemory};
use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, OutputColumn};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::unread;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::key_lookup::KeyLookup;
use crate::sql::write::returned::Others;
use crate::sql::write::returning::{Returning, Versions};
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::view_target::{Verb, WriteTarget, names_columns};
use crate::sql::write::write_plan::{WritePlan, key_expression, relation_of};
use crate::statement::{CommandTag, WriteRun, Written, key_of_value};
use crate::types::Value;

/// A planned DELETE.
pub struct DeletePlan {
    collection: Arc<Collection>,
    method: Method,
    returning: Option<Returning>,
}

/// An entry to delete, and what RETURNING shows of the other relations.
type FoundEntry = (EntryKey, Vec<Value>);

enum Method {
    Key(KeyLookup),
    /// Each row is a key.
    Select(ReadPlan),
}

/// Plans DELETE; `with` stands before it.
///
/// # Errors
/// 42601 for a form that is not PostgreSQL's, 0A000 for DELETE from what is no table; as [`WriteTarget::find`], [`KeyLookup::plan`],
/// [`plan_query`] and [`Returning::plan`].
pub fn plan_delete(
    delete: &Delete,
    with: Option<&With>,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    let FromTable::WithFromKeyword(tables) = &delete.from else {
        return Err(Error::syntax("DELETE needs FROM", None).with_hint("DELETE FROM table [WHERE ...]"));
    };
    unread::delete(delete)?;
    let [table] = tables.as_slice() else {
        return Err(Error::syntax("this form of DELETE is not PostgreSQL's", None)
            .with_hint("DELETE FROM table [USING ...] [WHERE ...] [RETURNING ...]"));
    };
    let TableFactor::Table { name, args: None, .. } = &table.relation else {
        return Err(Error::unsupported("DELETE from a subquery or function is not offered", "Name a table."));
    };
    let target = WriteTarget::find(name, Verb::Delete, context)?;
    if delete.returning.is_some() || delete.using.is_some() || delete.selection.as_ref().is_some_and(names_columns) {
        target.note_read(context);
    }
    let collection = Arc::clone(&target.named);
    let relation = relation_of(&table.relation, &collection);
    let others = delete.using.as_deref().unwrap_or_default();
    let beside = match &delete.returning {
        Some(_) if !others.is_empty() => Others::of(table, others, with, parameters, context)?,
        _ => Others::default(),
    };
    let mut lookup = None;
    if with.is_none() && delete.using.is_none() && table.joins.is_empty() && target.is_whole() {
        let mut compiler = Compiler::new(&collection, &relation, Visible::Row, parameters, context);
        lookup = KeyLookup::plan(delete.selection.as_ref(), &mut compiler)?;
    }
    let method = match lookup {
        Some(lookup) => Method::Key(lookup),
        None => {
            let items = std::iter::once(key_expression(&collection, &relation)).chain(beside.items());
            let mut query = select_of(items.collect())?;
            query.with = with.cloned();
            if let SetExpr::Select(select) = query.body.as_mut() {
                select.from = std::iter::once(table).chain(others).cloned().collect();
                select.selection.clone_from(&delete.selection);
            }
            Method::Select(plan_query(&query, parameters, context)?)
        }
    };
    let beside = beside.with_versions(delete.returning.as_deref(), &collection, &relation);
    let items = target.returned(delete.returning.as_deref(), &relation, &beside)?;
    let returning = Returning::plan(items.as_deref(), (&collection, &relation), (beside, with), parameters, context)?;
    Ok(WritePlan::Delete(Box::new(DeletePlan { collection: target.stored, method, returning })))
}

impl DeletePlan {
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        self.returning.as_ref().map(|returning| Arc::clone(&returning.columns))
    }

    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    pub fn source_plan(&self) -> Option<&ReadPlan> {
        match &self.method {
            Method::Key(_) => None,
            Method::Select(plan) => Some(plan),
        }
    }

    /// Deletes the rows; the command tag and the rows of RETURNING.
    ///
    /// # Errors
    /// As [`KeyLookup::key`] and [`KeyLookup::holds`], or as [`ReadPlan::execute`]; as `Transaction::delete` and
    /// [`Returning::row`]; 53200 where there is no memory for the rows; 57014 and 57P01 when the statement is cancelled.
    pub async fn execute(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let (mut count, mut shown) = (0_u64, Gathered::new(&run.settings.memory));
        let view = self.returning.as_ref().and_then(|returning| returning.view(run));
        let mark = run.transaction.lock_mark();
        let (keys, mut memory) = self.keys(run).await?;
        for (done, (key, beside)) in keys.into_iter().enumerate() {
            run.cancel.check()?;
            memory.release(done);
            let row = match &self.returning {
                Some(_) => run.transaction.view().row(&self.collection, &key)?,
                None => None,
            };
            if let (Some(returning), Some(mut row)) = (&self.returning, row) {
                let old = returning.shows_versions().then(|| row.clone());
                row.extend(beside);
                let versions = Versions { old: old.as_deref(), new: None };
                shown.push(returning.row(run, view.as_ref(), &row, versions).await?)?;
            }
            if run.transaction.delete(&self.collection, &key)? {
                count += 1;
            }
        }
        if count == 0 && matches!(self.method, Method::Key(_)) {
            run.transaction.unlock_to(mark);
        }
        Ok(Written { tag: CommandTag::counted("DELETE", count), rows: shown })
    }

    /// The entries to delete, locked, with what RETURNING shows of the other relations.
    async fn keys(&self, run: &mut WriteRun<'_>) -> Result<(Vec<FoundEntry>, RowsMemory)> {
        let none = || (Vec::new(), RowsMemory::default());
        match &self.method {
            Method::Key(lookup) => {
                let Some(key) = lookup.lock(run, &self.collection, LockMode::Update).await? else { return Ok(none()) };
                if !run.sees(&self.collection, &key)? {
                    return Ok(none());
                }
                if lookup.has_filter() {
                    let Some(row) = run.view().row(&self.collection, &key)? else {
                        return Ok(none());
                    };
                    if !lookup.holds(&row, &run.environment())? {
                        return Ok(none());
                    }
                }
                Ok((vec![(key, Vec::new())], RowsMemory::default()))
            }
            Method::Select(plan) => {
                let (found, memory) = self.selected_keys(run, plan).await?;
                if !run.lock_found(&self.collection, found.iter().map(|(key, _)| key), LockMode::Update).await? {
                    return Ok((found, memory));
                }
                let locked: HashSet<EntryKey> = found.into_iter().map(|(key, _)| key).collect();
                drop(memory);
                let (mut again, memory) = self.selected_keys(run, plan).await?;
                again.retain(|(key, _)| locked.contains(key));
                Ok((again, memory))
            }
        }
    }

    /// The entries that a query finds in the present snapshot.
    async fn selected_keys(&self, run: &WriteRun<'_>, plan: &ReadPlan) -> Result<(Vec<FoundEntry>, RowsMemory)> {
        let view = run.view();
        let rows = plan.execute(view, run.parameters, run.settings, run.cancel).await?.collect();
        let (rows, memory) = rows.await?;
        let mut seen = HashSet::with_capacity(rows.len());
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let mut values = row.into_iter();
            let key = key_of_value(run.transaction, &self.collection, values.next().unwrap_or_default())?;
            if seen.insert(key.clone()) {
                keys.push((key, values.collect()));
            }
        }
        Ok((keys, memory))
    }
}
