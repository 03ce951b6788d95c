//! UPDATE, planned: by the key of one row where WHERE fixes it, otherwise by a SELECT that finds keys and new values.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SetExpr, TableFactor, TableWithJoins, Update, UpdateTableFromKind, With};

use crate::db::{EntryKey, Gathered, RowsMemory, mode_of_update};
use crate::error::{Error, Result};
use crate::expr::{self, ParameterTypes, ValueRow};
use crate::model::{Collection, OutputColumn};
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::unread;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::key_lookup::KeyLookup;
use crate::sql::write::on_conflict::{SetDefault, default_of};
use crate::sql::write::returned::Others;
use crate::sql::write::returning::{Returning, Versions};
use crate::sql::write::row_assignments::of_single_columns;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::view_target::{RowChecks, Verb, WriteTarget, names_columns};
use crate::sql::write::write_plan::{Changes, WritePlan, key_expression, relation_of, typed_for};
use crate::sql::write::write_target::{WritePlace, assigned_names, assignments, check_assignable, is_default};
use crate::statement::{CommandTag, WriteRun, Written, key_of_value};
use crate::types::Value;

/// A planned UPDATE.
pub struct UpdatePlan {
    collection: Arc<Collection>,
    method: Method,
    returning: Option<Returning>,
    checks: RowChecks,
}

enum Method {
    Key {
        lookup: KeyLookup,
        assignments: Vec<(WritePlace, expr::Expr)>,
        reads_row: bool,
    },
    /// Each row is a key and then the new values of `places`.
    Select {
        plan: ReadPlan,
        places: Vec<WritePlace>,
        defaults: Vec<(WritePlace, expr::Expr)>,
    },
}

/// What happens to one entry.
struct Change {
    key: EntryKey,
    changes: Changes,
    /// What RETURNING shows of the other relations.
    beside: Vec<Value>,
}

/// Plans UPDATE; `with` stands before it.
///
/// # Errors
/// 42601 for a form that is not PostgreSQL's, 0A000 for UPDATE of what is no table, 42804 for a value of another type; as
/// [`WriteTarget::find`], [`assignments`], [`default_of`], [`Compiler::try_assign`], [`KeyLookup::plan`], [`plan_query`] and
/// [`Returning::plan`].
pub fn plan_update(
    update: &Update,
    with: Option<&With>,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    unread::update(update)?;
    let (target, relation) = updated_table(&update.table, context)?;
    let reads = update.returning.is_some()
        || update.from.is_some()
        || update.selection.as_ref().is_some_and(names_columns)
        || update.assignments.iter().any(|assignment| names_columns(&assignment.value));
    if reads {
        target.note_read(context);
    }
    let collection = Arc::clone(&target.named);
    for name in assigned_names(&update.assignments) {
        target.check_assigned(name, Verb::Update)?;
    }
    let single = of_single_columns(&update.assignments)?;
    let list = assignments(&single, &collection, context)?;
    let others: &[TableWithJoins] = match &update.from {
        Some(UpdateTableFromKind::AfterSet(tables)) => tables,
        Some(UpdateTableFromKind::BeforeSet(_)) => {
            return Err(Error::syntax("FROM stands behind SET", None)
                .with_hint("UPDATE table SET ... [FROM ...] [WHERE ...] [RETURNING ...]"));
        }
        None => &[],
    };
    let beside = match &update.returning {
        Some(_) if !others.is_empty() => Others::of(&update.table, others, with, parameters, context)?,
        _ => Others::default(),
    };
    let direct = match (with, others) {
        (None, []) if target.is_whole() => plan_direct(update, &list, &collection, &relation, parameters, context)?,
        _ => None,
    };
    let method = match direct {
        Some(method) => method,
        None => {
            let reads = (others, &beside);
            plan_select(update, with, reads, &list, (&collection, &relation), parameters, context)?
        }
    };
    let beside = beside.with_versions(update.returning.as_deref(), &collection, &relation);
    let items = target.returned(update.returning.as_deref(), &relation, &beside)?;
    let returning = Returning::plan(items.as_deref(), (&collection, &relation), (beside, with), parameters, context)?;
    let checks = target.checks();
    Ok(WritePlan::Update(Box::new(UpdatePlan { collection: target.stored, method, returning, checks })))
}

/// The table of an UPDATE and what the statement calls it.
fn updated_table(table: &TableWithJoins, context: &PlanContext<'_>) -> Result<(WriteTarget, String)> {
    let TableFactor::Table { name, args: None, .. } = &table.relation else {
        return Err(Error::unsupported("UPDATE of a subquery or function is not offered", "Name a table."));
    };
    if !table.joins.is_empty() {
        return Err(Error::syntax("UPDATE of a join is not PostgreSQL's", None)
            .with_hint("Use UPDATE table SET ... FROM other WHERE ..."));
    }
    let target = WriteTarget::find(name, Verb::Update, context)?;
    let relation = relation_of(&table.relation, &target.named);
    Ok((target, relation))
}

fn plan_direct(
    update: &Update,
    list: &[(WritePlace, &Expr)],
    collection: &Collection,
    relation: &str,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Option<Method>> {
    let mut compiler = Compiler::new(collection, relation, Visible::Row, parameters, context);
    let mut compiled = Vec::with_capacity(list.len());
    for (place, expr) in list {
        let value = if is_default(expr) {
            match default_of(*place, collection, context)? {
                SetDefault::Computed(value) => Some(value),
                SetDefault::Written(_) => None,
            }
        } else {
            compiler.try_assign(expr, *place)?
        };
        let Some(value) = value else { return Ok(None) };
        compiled.push((*place, value));
    }
    let Some(lookup) = KeyLookup::plan(update.selection.as_ref(), &mut compiler)? else { return Ok(None) };
    let reads_row = lookup.has_filter() || compiled.iter().any(|(_, value)| value.reads_row());
    Ok(Some(Method::Key { lookup, assignments: compiled, reads_row }))
}

fn plan_select(
    update: &Update,
    with: Option<&With>,
    (others, beside): (&[TableWithJoins], &Others),
    list: &[(WritePlace, &Expr)],
    (collection, relation): (&Collection, &str),
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Method> {
    let mut items = vec![key_expression(collection, relation)];
    let (mut places, mut defaults) = (Vec::new(), Vec::new());
    for (place, expr) in list {
        let default = if is_default(expr) { Some(default_of(*place, collection, context)?) } else { None };
        let value = match default {
            Some(SetDefault::Computed(value)) => {
                defaults.push((*place, value));
                continue;
            }
            Some(SetDefault::Written(written)) => typed_for(&written, &place.ty(collection), parameters),
            None => typed_for(expr, &place.ty(collection), parameters),
        };
        places.push(*place);
        items.push(value);
    }
    items.extend(beside.items());
    let mut query = select_of(items)?;
    query.with = with.cloned();
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.from = std::iter::once(&update.table).chain(others).cloned().collect();
        select.selection.clone_from(&update.selection);
    }
    let plan = plan_query(&query, parameters, context)?;
    for (column, place) in plan.columns().iter().skip(1).zip(&places) {
        check_assignable(collection, *place, &column.ty)?;
    }
    Ok(Method::Select { plan, places, defaults })
}

impl UpdatePlan {
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        self.returning.as_ref().map(|returning| Arc::clone(&returning.columns))
    }

    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    pub fn source_plan(&self) -> Option<&ReadPlan> {
        match &self.method {
            Method::Key { .. } => None,
            Method::Select { plan, .. } => Some(plan),
        }
    }

    /// Changes the rows; the command tag and the rows of RETURNING.
    ///
    /// # Errors
    /// As [`KeyLookup::key`] and [`KeyLookup::holds`], or as [`ReadPlan::execute`]; as [`expr::Expr::evaluate`],
    /// [`Changes::put`], [`Changes::apply`], [`RowChecks::check`] and [`Returning::row`]; 53200 where there is no memory for the rows; 57014 and 57P01
    /// when the statement is cancelled.
    pub async fn execute(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let (mut count, mut shown) = (0_u64, Gathered::new(&run.settings.memory));
        let view = self.returning.as_ref().and_then(|returning| returning.view(run));
        let mark = run.transaction.lock_mark();
        let (all, mut memory) = self.changes(run).await?;
        for (done, Change { key, changes, beside }) in all.into_iter().enumerate() {
            run.cancel.check()?;
            memory.release(done);
            let shows_versions = self.returning.as_ref().is_some_and(Returning::shows_versions);
            let old = if shows_versions { run.transaction.view().row(&self.collection, &key)? } else { None };
            let Some(after) = changes.apply(run, &self.collection, &key).await? else { continue };
            if !self.checks.is_empty() {
                let row = run.transaction.view().row(&self.collection, &after)?.unwrap_or_default();
                self.checks.check(&row, &run.environment())?;
            }
            count += 1;
            if let Some(returning) = &self.returning {
                let mut row = run.transaction.view().row(&self.collection, &after)?.unwrap_or_default();
                let new = shows_versions.then(|| row.clone());
                row.extend(beside);
                let versions = Versions { old: old.as_deref(), new: new.as_deref() };
                shown.push(returning.row(run, view.as_ref(), &row, versions).await?)?;
            }
        }
        if count == 0 && matches!(self.method, Method::Key { .. }) {
            run.transaction.unlock_to(mark);
        }
        Ok(Written { tag: CommandTag::counted("UPDATE", count), rows: shown })
    }

    /// The entries to change with their new values, locked, as they are once nobody else changes them.
    async fn changes(&self, run: &mut WriteRun<'_>) -> Result<(Vec<Change>, RowsMemory)> {
        match &self.method {
            Method::Key { lookup, assignments, reads_row } => {
                let positions: Vec<usize> = assignments.iter().filter_map(|(place, _)| place.position()).collect();
                let mode = mode_of_update(&self.collection, &positions);
                let Some(key) = lookup.lock(run, &self.collection, mode).await? else {
                    return Ok((Vec::new(), RowsMemory::default()));
                };
                let changes = self.keyed_change(run, (lookup, key), assignments, *reads_row)?;
                Ok((changes.into_iter().collect(), RowsMemory::default()))
            }
            Method::Select { plan, places, defaults } => {
                let positions: Vec<usize> = places
                    .iter()
                    .chain(defaults.iter().map(|(place, _)| place))
                    .filter_map(|place| place.position())
                    .collect();
                let mode = mode_of_update(&self.collection, &positions);
                let (found, memory) = self.selected_changes(run, plan, places, defaults).await?;
                let keys = found.iter().map(|change| &change.key);
                if !run.lock_found(&self.collection, keys, mode).await? {
                    return Ok((found, memory));
                }
                let locked: HashSet<EntryKey> = found.into_iter().map(|change| change.key).collect();
                drop(memory);
                let (mut again, memory) = self.selected_changes(run, plan, places, defaults).await?;
                again.retain(|change| locked.contains(&change.key));
                Ok((again, memory))
            }
        }
    }

    /// What happens to the entry of a key; `None` where it is not there, or the rest of the condition does not hold.
    fn keyed_change(
        &self,
        run: &WriteRun<'_>,
        (lookup, key): (&KeyLookup, EntryKey),
        assignments: &[(WritePlace, expr::Expr)],
        reads_row: bool,
    ) -> Result<Option<Change>> {
        let environment = run.environment();
        if !run.sees(&self.collection, &key)? {
            return Ok(None);
        }
        let mut row = Vec::new();
        if reads_row {
            let Some(found) = run.view().row(&self.collection, &key)? else { return Ok(None) };
            row = found;
            if !lookup.holds(&row, &environment)? {
                return Ok(None);
            }
        }
        let row = ValueRow { row: &row, ..ValueRow::default() };
        let mut changes = Changes::default();
        for (place, value) in assignments {
            changes.put(*place, value.evaluate(&environment, &row)?)?;
        }
        Ok(Some(Change { key, changes, beside: Vec::new() }))
    }

    /// What happens to the entries that a query finds, as the present snapshot has them.
    async fn selected_changes(
        &self,
        run: &WriteRun<'_>,
        plan: &ReadPlan,
        places: &[WritePlace],
        defaults: &[(WritePlace, expr::Expr)],
    ) -> Result<(Vec<Change>, RowsMemory)> {
        let environment = run.environment();
        let view = run.view();
        let rows = plan.execute(view, run.parameters, run.settings, run.cancel).await?.collect();
        let (rows, memory) = rows.await?;
        let mut seen = HashSet::with_capacity(rows.len());
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let mut values = row.into_iter();
            let key = values.next().unwrap_or_default();
            let key = key_of_value(run.transaction, &self.collection, key)?;
            // A row that joins with several is changed once.
            if !seen.insert(key.clone()) {
                continue;
            }
            let mut changes = Changes::default();
            for (place, value) in places.iter().zip(values.by_ref()) {
                changes.put(*place, fitted(value, *place, &self.collection, run.settings)?)?;
            }
            for (place, value) in defaults {
                changes.put(*place, value.evaluate(&environment, &ValueRow::default())?)?;
            }
            all.push(Change { key, changes, beside: values.collect() });
        }
        Ok((all, memory))
    }
}

/// The value as its place keeps it, declared lengths enforced.
fn fitted(value: Value, place: WritePlace, collection: &Collection, settings: &Settings) -> Result<Value> {
    value.cast_in(settings.text_style(), &place.ty(collection), false)
}
