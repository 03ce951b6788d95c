//! Statements that change rows, as plans: what they share, and how a session runs them.
//!
//! A plan is made once and run by each Execute inside the caller's transaction. Where the key of the row is known from the
//! statement (`INSERT`, `WHERE id = $1`) nothing is planned or scanned at run time; otherwise the rows are found by a
//! [`ReadPlan`](crate::sql::read::read_plan::ReadPlan) in the statement's snapshot first and changed after.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, TableFactor, Value as Literal};

use crate::db::{EntryKey, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::model::{Collection, CollectionKind, OutputColumn, Stage};
use crate::sql::analyze::literals::{placeholder, string_of};
use crate::sql::parse::names::exact;
use crate::sql::read::read_plan::ReadPlan;
use crate::sql::relational::collection_table::KEY_COLUMN;
use crate::sql::write::delete::DeletePlan;
use crate::sql::write::insert::InsertPlan;
use crate::sql::write::merge::merge_plan::MergePlan;
use crate::sql::write::update::UpdatePlan;
use crate::sql::write::write_target::WritePlace;
use crate::statement::{Change, ReadRun, RowSource, Work, WriteRun, Written, at_once, later};
use crate::types::{ColumnType, Value};

/// A planned INSERT, UPDATE, DELETE or MERGE.
pub enum WritePlan {
    Insert(Box<InsertPlan>),
    Update(Box<UpdatePlan>),
    Delete(Box<DeletePlan>),
    Merge(Box<MergePlan>),
}

impl WritePlan {
    /// The columns of RETURNING.
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        match self {
            WritePlan::Insert(plan) => plan.columns(),
            WritePlan::Update(plan) => plan.columns(),
            WritePlan::Delete(plan) => plan.columns(),
            WritePlan::Merge(plan) => plan.columns(),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// As [`Change::execute`].
    pub async fn run(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        match self {
            WritePlan::Insert(plan) => plan.execute(run).await,
            WritePlan::Update(plan) => plan.execute(run).await,
            WritePlan::Delete(plan) => plan.execute(run).await,
            WritePlan::Merge(plan) => plan.execute(run).await,
        }
    }

    fn collection(&self) -> &Arc<Collection> {
        match self {
            WritePlan::Insert(plan) => plan.collection(),
            WritePlan::Update(plan) => plan.collection(),
            WritePlan::Delete(plan) => plan.collection(),
            WritePlan::Merge(plan) => &plan.collection,
        }
    }

    /// What finds or makes the rows, where that is a query.
    fn source_plan(&self) -> Option<&ReadPlan> {
        match self {
            WritePlan::Insert(plan) => plan.source_plan(),
            WritePlan::Update(plan) => plan.source_plan(),
            WritePlan::Delete(plan) => plan.source_plan(),
            WritePlan::Merge(plan) => Some(plan.source_plan()),
        }
    }

    /// The lines over those of its query.
    fn lines(&self, inner: Option<Vec<String>>) -> Vec<String> {
        let (verb, direct) = match self {
            WritePlan::Insert(_) => ("Insert", "Values"),
            WritePlan::Update(_) => ("Update", "Key lookup"),
            WritePlan::Delete(_) => ("Delete", "Key lookup"),
            WritePlan::Merge(_) => ("Merge", "Key lookup"),
        };
        let name = &self.collection().name;
        let mut lines = vec![format!("{verb} on {name}")];
        if let WritePlan::Merge(plan) = self
            && plan.is_keyed()
        {
            lines.push(format!("  Key lookup on {name} for each row"));
        }
        match inner {
            None => lines.push(format!("  ->  {direct}")),
            Some(inner) => {
                let indented = inner.iter().enumerate();
                lines.extend(indented.map(|(at, line)| format!("{}{line}", if at == 0 { "  ->  " } else { "      " })));
            }
        }
        lines
    }
}

impl Change for WritePlan {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        later(async move { self.run(&mut run).await })
    }

    fn explain<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        let Some(plan) = self.source_plan() else { return at_once(Ok(self.lines(None))) };
        later(async move { Ok(self.lines(Some(RowSource::explain(plan, run).await?))) })
    }

    fn steps<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        let Some(plan) = self.source_plan() else { return at_once(Ok(self.lines(None))) };
        later(async move { Ok(self.lines(Some(RowSource::steps(plan, run).await?))) })
    }

    fn is_short(&self) -> bool {
        match self {
            WritePlan::Insert(plan) => plan.is_short(),
            WritePlan::Update(plan) => plan.source_plan().is_none(),
            WritePlan::Delete(plan) => plan.source_plan().is_none(),
            WritePlan::Merge(_) => false,
        }
    }

    fn kind(&self) -> StatementKind {
        match self {
            WritePlan::Insert(_) => StatementKind::Insert,
            WritePlan::Update(_) => StatementKind::Update,
            WritePlan::Delete(_) => StatementKind::Delete,
            WritePlan::Merge(_) => StatementKind::Merge,
        }
    }
}

/// The expression that reads the key of an entry of `relation`; secrets have no stored key and are found by their name.
pub fn key_expression(collection: &Collection, relation: &str) -> Expr {
    let column = if collection.kind == CollectionKind::Auth { "key" } else { KEY_COLUMN };
    Expr::CompoundIdentifier(vec![exact(relation), exact(column)])
}

/// The name that the rest of the statement uses for its table.
pub fn relation_of(factor: &TableFactor, collection: &Collection) -> String {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } => crate::sql::parse::names::folded(&alias.name),
        _ => collection.name.clone(),
    }
}

/// Prepares the value of a place for a SELECT: a bare parameter or literal takes the type of its place.
pub fn typed_for(expr: &Expr, ty: &ColumnType, parameters: &mut ParameterTypes) -> Expr {
    use datafusion::sql::sqlparser::ast::{CastKind, DataType, ObjectName};
    if let Expr::Value(value) = expr {
        match &value.value {
            Literal::Placeholder(name) => {
                if let Some(position) = placeholder(name) {
                    parameters.suggest(position, ty);
                }
            }
            literal if string_of(literal).is_some() || matches!(literal, Literal::Null) => {
                let name = datafusion::sql::sqlparser::ast::Ident::new(ty.spelled());
                return Expr::Cast {
                    kind: CastKind::DoubleColon,
                    expr: Box::new(expr.clone()),
                    data_type: DataType::Custom(ObjectName::from(vec![name]), Vec::new()),
                    array: false,
                    format: None,
                };
            }
            _ => {}
        }
    }
    expr.clone()
}

/// The stage that a value of `_stage` means.
///
/// # Errors
/// 22023 for another text.
pub fn stage_of(value: &Value) -> Result<Stage> {
    match value {
        Value::Null => Ok(Stage::Private),
        Value::Text(text) if **text == *"post-pending" => Ok(Stage::PostPending),
        other => Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("invalid value for _stage: \"{}\"", other.to_text()),
        )
        .with_hint("'post-pending' marks the entry for publication, NULL takes the mark back.")),
    }
}

/// New values for an entry, ready for the transaction.
#[derive(Default)]
pub struct Changes {
    pub columns: Vec<(usize, Value)>,
    pub stage: Option<Stage>,
}

impl Changes {
    /// Notes the new value of a place.
    ///
    /// # Errors
    /// As [`stage_of`].
    pub fn put(&mut self, place: WritePlace, value: Value) -> Result<()> {
        match place {
            WritePlace::Column(position) => self.columns.push((position, value)),
            WritePlace::Stage => self.stage = Some(stage_of(&value)?),
        }
        Ok(())
    }

    /// Changes the entry, which is locked; gives its key after the change, `None` when there is no such entry.
    ///
    /// # Errors
    /// 23502 and 23505 for what the table does not allow, 42501 for the stage of a secret, 54000 above the limits of a
    /// transaction; as `Transaction::update_waiting`.
    pub async fn apply(
        self,
        run: &mut WriteRun<'_>,
        collection: &Arc<Collection>,
        key: &EntryKey,
    ) -> Result<Option<EntryKey>> {
        let waits = run.waits();
        let transaction: &mut Transaction = run.transaction;
        let moved = self.columns.iter().any(|(position, _)| collection.primary_key.contains(position));
        let mut after = key.clone();
        if moved {
            let Some(mut row) = transaction.view().row(collection, key)? else { return Ok(None) };
            for (position, value) in &self.columns {
                if let Some(slot) = row.get_mut(*position) {
                    slot.clone_from(value);
                }
            }
            let parts = collection.primary_key.iter().filter_map(|position| row.get(*position)).cloned();
            let parts: Vec<Value> = parts.collect();
            // A NULL in the key is refused by the update itself.
            if !parts.iter().any(Value::is_null) {
                after = transaction.key(collection, parts)?;
            }
        }
        let is_there = if self.columns.is_empty() {
            transaction.view().exists(collection, key)?
        } else {
            transaction.update_waiting(collection, key, self.columns, &waits).await?
        };
        if !is_there {
            return Ok(None);
        }
        match self.stage {
            Some(Stage::Private) => drop(transaction.unstage(collection, &after)?),
            Some(stage) => drop(transaction.set_stage(collection, &after, stage)?),
            None => {}
        }
        Ok(Some(after))
    }
}
