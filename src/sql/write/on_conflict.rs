//! ON CONFLICT: what INSERT does about a row whose key exists.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    ConflictTarget, Expr as Tree, OnConflict as OnConflictClause, OnConflictAction, Value as Literal,
};

use crate::db::{Arbiters, EntryKey, Inserted, LockMode, OnConflict, ReadView, Row, RowLocked};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, ParameterTypes, ValueRow};
use crate::model::{Collection, DefaultValue, IndexKind, Sequence};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::operators::call;
use crate::sql::parse::rewrite_tokens::CONFLICT_TARGET;
use crate::sql::pg_catalog::written_name;
use crate::sql::write::column_defaults::{Defaults, default_expression};
use crate::sql::write::conflict_target::computed_arbiters;
use crate::sql::write::row_assignments::of_single_columns;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::write_plan::Changes;
use crate::sql::write::write_target::{WritePlace, assignments, is_default, located};
use crate::statement::WriteRun;
use crate::types::Value;

/// The entries that a statement has written so far.
pub type Seen = HashSet<EntryKey>;

/// A planned ON CONFLICT clause.
pub struct Conflict {
    /// The constraints it is about.
    arbiters: Arbiters,
    /// `None` for DO NOTHING.
    update: Option<ConflictUpdate>,
}

struct ConflictUpdate {
    assignments: Vec<(WritePlace, Expr)>,
    filter: Option<Expr>,
    planned: Option<RowPlan>,
    /// Whether anything looks at the existing entry.
    reads_row: bool,
}

/// What came of a row.
pub enum ResolvedConflict {
    Inserted(EntryKey),
    /// The key of the entry from now on, and what was there before where that was asked for.
    Updated(EntryKey, Option<Row>),
    Skipped,
}

impl Conflict {
    /// Plans the clause; `relation` is what the statement calls its table.
    ///
    /// # Errors
    /// 42601 for DO UPDATE without a target, 42P10 for columns that no unique constraint has, 42704 for a constraint that is not
    /// there; as [`assignments`], [`default_of`], [`Compiler::assign`], [`Compiler::condition`] and [`Compiler::finish`].
    pub fn plan(
        clause: &OnConflictClause,
        collection: &Collection,
        relation: &str,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<Conflict> {
        let arbiters = match &clause.conflict_target {
            Some(target) => arbiters(target, collection, context)?,
            None => Arbiters::all(collection),
        };
        let OnConflictAction::DoUpdate(update) = &clause.action else {
            return Ok(Conflict { arbiters, update: None });
        };
        if clause.conflict_target.is_none() {
            return Err(Error::syntax(
                "ON CONFLICT DO UPDATE requires inference specification or constraint name",
                None,
            )
            .with_hint("For example, ON CONFLICT (column_name)."));
        }
        let mut compiler = Compiler::new(collection, relation, Visible::RowAndExcluded, parameters, context);
        let mut list = Vec::with_capacity(update.assignments.len());
        let single = of_single_columns(&update.assignments)?;
        for (place, expr) in assignments(&single, collection, context)? {
            let value = match is_default(expr) {
                false => compiler.assign(expr, place)?,
                true => match default_of(place, collection, context)? {
                    SetDefault::Computed(value) => value,
                    SetDefault::Written(expr) => compiler.assign(&expr, place)?,
                },
            };
            list.push((place, value));
        }
        let filter = update.selection.as_ref().map(|expr| compiler.condition(expr)).transpose()?;
        let planned = compiler.finish()?;
        let reads_row = planned.as_ref().is_some_and(|plan| !plan.is_constant())
            || list.iter().any(|(_, value)| value.reads_row())
            || filter.as_ref().is_some_and(Expr::reads_row);
        Ok(Conflict { arbiters, update: Some(ConflictUpdate { assignments: list, filter, planned, reads_row }) })
    }

    /// Whether subqueries are computed for a row that is there already.
    pub fn has_subqueries(&self) -> bool {
        self.update.as_ref().is_some_and(|update| update.planned.is_some())
    }

    /// Inserts a row or does what the clause says. `seen` is given where a statement may meet a row twice; `before` is what
    /// subqueries read, the statement's view before it changed anything.
    ///
    /// # Errors
    /// 21000 for a row that the statement has written already, 23505 for a constraint that the clause is not about; as
    /// `Transaction::insert`, [`Expr::evaluate`], [`RowPlan::values`] and [`Changes::apply`].
    pub async fn insert(
        &self,
        run: &mut WriteRun<'_>,
        collection: &Arc<Collection>,
        row: Vec<Option<Value>>,
        (seen, before): (Option<&mut Seen>, Option<&ReadView>),
        keeps_old: bool,
    ) -> Result<ResolvedConflict> {
        let mark = run.transaction.lock_mark();
        let (key, proposed) = loop {
            let (key, proposed) = match run.insert(collection, row.clone(), OnConflict::Report(&self.arbiters)).await? {
                Inserted::New(key) => {
                    if let Some(seen) = seen {
                        seen.insert(key.clone());
                    }
                    return Ok(ResolvedConflict::Inserted(key));
                }
                Inserted::Conflict { key, row, .. } => (key, row),
            };
            if self.update.is_none() {
                break (key, proposed);
            }
            let waits = run.waits();
            if run.transaction.lock_entry(collection, &key, LockMode::Update, &waits).await? == RowLocked::Before {
                break (key, proposed);
            }
            // It may have changed before it was locked, and so may whether it is in the way.
            run.transaction.see_newest(collection, &key)?;
        };
        let Some(update) = &self.update else {
            run.transaction.unlock_to(mark);
            return Ok(ResolvedConflict::Skipped);
        };
        if seen.as_ref().is_some_and(|seen| seen.contains(&key)) {
            return Err(Error::new(
                ErrorKind::Cardinality,
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
            )
            .with_hint(
                "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
            ));
        }
        let excluded = proposed.unwrap_or_else(|| row.into_iter().map(Option::unwrap_or_default).collect());
        let old = if keeps_old { run.transaction.view().row(collection, &key)? } else { None };
        let Some(after) = update.apply(run, collection, &key, (&excluded, before)).await? else {
            return Ok(ResolvedConflict::Skipped);
        };
        if let Some(seen) = seen {
            seen.insert(after.clone());
        }
        Ok(ResolvedConflict::Updated(after, old))
    }
}

impl ConflictUpdate {
    /// Changes the existing entry; `None` when the condition does not hold.
    async fn apply(
        &self,
        run: &mut WriteRun<'_>,
        collection: &Arc<Collection>,
        key: &EntryKey,
        (excluded, before): (&[Value], Option<&ReadView>),
    ) -> Result<Option<EntryKey>> {
        let row = match self.reads_row {
            true => run.transaction.view().row(collection, key)?.unwrap_or_default(),
            false => Vec::new(),
        };
        let mut row = ValueRow { row: &row, excluded, planned: &[] };
        let planned = match &self.planned {
            Some(plan) => plan.values(run, before.unwrap_or_else(|| run.transaction.view()), row).await?,
            None => Vec::new(),
        };
        row.planned = &planned;
        let environment = run.environment();
        if let Some(filter) = &self.filter
            && !filter.accepts(&environment, &row)?
        {
            return Ok(None);
        }
        let mut changes = Changes::default();
        for (place, expression) in &self.assignments {
            changes.put(*place, expression.evaluate(&environment, &row)?)?;
        }
        changes.apply(run, collection, key).await
    }
}

/// What `SET column = DEFAULT` means.
pub enum SetDefault {
    Computed(Expr),
    /// What only the planner computes, as it was written. It names no columns, and so means the same wherever it stands.
    Written(Box<Tree>),
}

/// What `SET column = DEFAULT` means for a place.
///
/// # Errors
/// 0A000 for a default that the server makes; as [`Defaults::plan`] and [`default_expression`].
pub fn default_of(place: WritePlace, collection: &Collection, context: &PlanContext<'_>) -> Result<SetDefault> {
    let none = || SetDefault::Computed(Expr::constant(Value::Null));
    let WritePlace::Column(position) = place else { return Ok(none()) };
    let Some(column) = collection.columns.get(position) else { return Ok(none()) };
    match column.default.as_ref() {
        // What is computed is computed whatever stands here.
        None if column.default_text().is_none() => Ok(none()),
        Some(DefaultValue::Computed(_)) => Ok(none()),
        Some(DefaultValue::Expression(_)) | None => {
            let text = column.default_text().unwrap_or_default();
            let defaults = Defaults::plan(collection, context)?;
            match defaults.of(position) {
                Some(expression) if !expression.any(&|each| matches!(each, Expr::Planned(_))) => {
                    Ok(SetDefault::Computed(expression.clone()))
                }
                _ => Ok(SetDefault::Written(Box::new(default_expression(text, context)?))),
            }
        }
        Some(DefaultValue::Sequence | DefaultValue::Identity) => {
            next_number(Sequence::of_column(collection, position).as_ref(), context)
        }
        Some(DefaultValue::Drawn(sequence)) => {
            next_number(context.view.catalog().sequence_by_id(*sequence).map(AsRef::as_ref), context)
        }
        Some(DefaultValue::GeneratedId) => Err(no_default(place, collection)),
    }
}

/// The next number of a sequence, as a call that only the planner computes.
fn next_number(sequence: Option<&Sequence>, context: &PlanContext<'_>) -> Result<SetDefault> {
    let sequence = sequence.ok_or_else(|| Error::internal("a default draws from a sequence that is not there"))?;
    let name = written_name(&sequence.relation(), context.view.catalog());
    let text = Literal::SingleQuotedString(name);
    Ok(SetDefault::Written(Box::new(call("nextval", vec![Tree::value(text)]))))
}

fn no_default(place: WritePlace, collection: &Collection) -> Error {
    Error::unsupported(
        format!("SET {} = DEFAULT is not offered for a generated default", place.name(collection)),
        "Assign a value.",
    )
}

/// The unique constraints that a conflict target means: the one of a name, or all over the same columns.
fn arbiters(target: &ConflictTarget, collection: &Collection, context: &PlanContext<'_>) -> Result<Arbiters> {
    match target {
        ConflictTarget::OnConstraint(name) => {
            let (_, wanted) = crate::sql::parse::names::relation_name(name)?;
            let index = collection.indexes.iter().find(|index| index.name == wanted && index.is_constraint());
            if let Some(index) = index {
                if !index.is_enforced() {
                    let message = format!("constraint \"{wanted}\" has no valid index");
                    return Err(Error::new(ErrorKind::InvalidColumnReference, message)
                        .with_hint(format!("REINDEX INDEX {wanted} builds it again.")));
                }
                return Ok(Arbiters { primary_key: false, indexes: vec![index.id] });
            }
            if wanted == format!("{}_pkey", collection.name) && !collection.primary_key.is_empty() {
                return Ok(Arbiters { primary_key: true, indexes: Vec::new() });
            }
            Err(Error::new(
                ErrorKind::UndefinedObject,
                format!("constraint \"{wanted}\" for table \"{}\" does not exist", collection.name),
            ))
        }
        ConflictTarget::Columns(columns) if matches!(columns.as_slice(), [one] if one.value == CONFLICT_TARGET) => {
            computed_arbiters(collection, context)
        }
        ConflictTarget::Columns(columns) => {
            let mut wanted = Vec::with_capacity(columns.len());
            for column in columns {
                match WritePlace::of(collection, column, context)? {
                    WritePlace::Column(position) if !wanted.contains(&position) => wanted.push(position),
                    _ => {}
                }
            }
            let is_same =
                |positions: &[usize]| positions.len() == wanted.len() && positions.iter().all(|at| wanted.contains(at));
            let found = Arbiters {
                primary_key: !collection.primary_key.is_empty() && is_same(&collection.primary_key),
                indexes: collection
                    .indexes
                    .iter()
                    .filter(|index| index.is_enforced())
                    .filter_map(|index| match &index.kind {
                        IndexKind::Ordered { columns, .. } if is_same(columns) => Some(index.id),
                        IndexKind::Keys(keys) if keys.condition.is_none() => {
                            let columns: Option<Vec<usize>> = index.kind.key_positions().into_iter().collect();
                            columns.is_some_and(|columns| is_same(&columns)).then_some(index.id)
                        }
                        _ => None,
                    })
                    .collect(),
            };
            if found != Arbiters::default() {
                return Ok(found);
            }
            let error = Error::new(
                ErrorKind::InvalidColumnReference,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification",
            );
            Err(match columns.first() {
                Some(column) => located(error, context.text, column.span.start),
                None => error,
            })
        }
    }
}
