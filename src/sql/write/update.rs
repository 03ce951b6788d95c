//! UPDATE, planned: by the key of one row where WHERE fixes it, otherwise by a SELECT that finds keys and new values.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SetExpr, TableFactor, TableWithJoins, Update, UpdateTableFromKind, With};

use crate::db::{EntryKey, Gathered, RowsMemory};
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
use crate::sql::write::returning::Returning;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::write_plan::{Changes, WritePlan, key_expression, relation_of, typed_for};
use crate::sql::write::write_target::{WritePlace, assignments, check_assignable, is_default, writable};
use crate::statement::{CommandTag, Privilege, WriteRun, Written, key_of_value};
use crate::types::Value;

/// A planned UPDATE.
pub struct UpdatePlan {
    collection: Arc<Collection>,
    method: Method,
    returning: Option<Returning>,
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
/// [`writable`], [`assignments`], [`default_of`], [`Compiler::try_assign`], [`KeyLookup::plan`], [`plan_query`] and
/// [`Returning::plan`].
pub fn plan_update(
    update: &Update,
    with: Option<&With>,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    unread::update(update)?;
    let (collection, relation) = updated_table(&update.table, context)?;
    let list = assignments(&update.assignments, &collection, context)?;
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
        (None, []) => plan_direct(update, &list, &collection, &relation, parameters, context)?,
        _ => None,
    };
    let method = match direct {
        Some(method) => method,
        None => {
            let reads = (others, &beside);
            plan_select(update, with, reads, &list, (&collection, &relation), parameters, context)?
        }
    };
    let returning =
        Returning::plan(update.returning.as_deref(), (&collection, &relation), beside, parameters, context)?;
    Ok(WritePlan::Update(Box::new(UpdatePlan { collection, method, returning })))
}

/// The table of an UPDATE and what the statement calls it.
fn updated_table(table: &TableWithJoins, context: &PlanContext<'_>) -> Result<(Arc<Collection>, String)> {
    let TableFactor::Table { name, args: None, .. } = &table.relation else {
        return Err(Error::unsupported("UPDATE of a subquery or function is not offered", "Name a table."));
    };
    if !table.joins.is_empty() {
        return Err(Error::syntax("UPDATE of a join is not PostgreSQL's", None)
            .with_hint("Use UPDATE table SET ... FROM other WHERE ..."));
    }
    let collection = writable(name, context)?;
    context.notes.touch_collection(&collection, Privilege::Update);
    let relation = relation_of(&table.relation, &collection);
    Ok((collection, relation))
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
    /// [`Changes::put`], [`Changes::apply`] and [`Returning::row`]; 53200 where there is no memory for the rows; 57014 and 57P01
    /// when the statement is cancelled.
    pub async fn execute(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let (mut count, mut shown) = (0_u64, Gathered::new(&run.settings.memory));
        let view = self.returning.as_ref().and_then(|returning| returning.view(run));
        let (all, mut memory) = self.changes(run).await?;
        for (done, Change { key, changes, beside }) in all.into_iter().enumerate() {
            run.cancel.check()?;
            memory.release(done);
            let Some(after) = changes.apply(run.transaction, &self.collection, &key)? else { continue };
            count += 1;
            if let Some(returning) = &self.returning {
                let mut row = run.transaction.view().row(&self.collection, &after)?.unwrap_or_default();
                row.extend(beside);
                shown.push(returning.row(run, view.as_ref(), &row).await?)?;
            }
        }
        Ok(Written { tag: CommandTag::counted("UPDATE", count), rows: shown })
    }

    /// The entries to change with their new values, as the statement's snapshot has them.
    async fn changes(&self, run: &WriteRun<'_>) -> Result<(Vec<Change>, RowsMemory)> {
        let none = || (Vec::new(), RowsMemory::default());
        let environment = run.environment();
        match &self.method {
            Method::Key { lookup, assignments, reads_row } => {
                let Some(key) = lookup.key(run.transaction, &self.collection, &environment, run.settings)? else {
                    return Ok(none());
                };
                let mut row = Vec::new();
                if *reads_row {
                    let Some(found) = run.transaction.view().row(&self.collection, &key)? else {
                        return Ok(none());
                    };
                    row = found;
                    if !lookup.holds(&row, &environment)? {
                        return Ok(none());
                    }
                }
                let row = ValueRow { row: &row, ..ValueRow::default() };
                let mut changes = Changes::default();
                for (place, value) in assignments {
                    changes.put(*place, value.evaluate(&environment, &row)?)?;
                }
                Ok((vec![Change { key, changes, beside: Vec::new() }], RowsMemory::default()))
            }
            Method::Select { plan, places, defaults } => {
                let view = run.transaction.view();
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
    }
}

/// The value as its place keeps it, declared lengths enforced.
fn fitted(value: Value, place: WritePlace, collection: &Collection, settings: &Settings) -> Result<Value> {
    value.cast_in(settings.text_style(), &place.ty(collection), false)
}
