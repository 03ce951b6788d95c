//! INSERT, planned: where each column's value comes from, and what happens when the key exists.
//!
//! Rows of VALUES are bound and handed to the transaction one by one, with no planner in between; `INSERT … SELECT` reads
//! its rows from a [`ReadPlan`]. `on_conflict` holds ON CONFLICT.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Insert, ObjectName, ObjectNamePart, OnConflictAction, OnInsert, Query, SelectItem, SetExpr, Spanned,
    TableObject, With,
};

use crate::db::{EntryKey, Gathered, Inserted, OnConflict, ReadView};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, ParameterTypes, ValueRow};
use crate::model::{Collection, OutputColumn};
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::folded;
use crate::sql::parse::rewrite_tokens::{Overriding, overriding};
use crate::sql::parse::unread;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::column_defaults::Defaults;
use crate::sql::write::on_conflict::{Conflict, ResolvedConflict, Seen};
use crate::sql::write::returned::Others;
use crate::sql::write::returning::{Returning, Versions};
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::view_target::{RowChecks, Verb, WriteTarget};
use crate::sql::write::write_plan::{WritePlan, stage_of, typed_for};
use crate::sql::write::write_target::{
    WritePlace, check_assignable, check_insertable, check_not_computed, is_default, located,
};
use crate::statement::{CommandTag, WriteRun, Written};
use crate::types::Value;

/// Most rows of VALUES that are inserted without leaving the connection's thread.
const SHORT_ROWS_MAX: usize = 64;

/// A planned INSERT.
pub struct InsertPlan {
    collection: Arc<Collection>,
    source: Source,
    /// Expression defaults of the columns that the source leaves out.
    defaults: Defaults,
    conflict: Option<Conflict>,
    returning: Option<Returning>,
    checks: RowChecks,
}

enum Source {
    /// Rows of VALUES: one expression for each declared column and `_stage`; `None` takes the default.
    Rows { rows: Vec<Slots>, planned: Option<RowPlan> },
    Query {
        plan: ReadPlan,
        /// Where each column goes; nowhere, where its place takes the default all the same.
        places: Vec<Option<WritePlace>>,
    },
}

struct Slots {
    columns: Vec<Option<expr::Expr>>,
    stage: Option<expr::Expr>,
}

/// A row on its way in: a value for each declared column, `None` for the default that `db` makes.
pub struct NewRow {
    pub columns: Vec<Option<Value>>,
    pub stage: Option<Value>,
}

/// Plans INSERT; `with` stands before it.
///
/// # Errors
/// 42601 for a form that is not PostgreSQL's and for rows that do not fit the columns, 42701 for a column that is named twice,
/// 428C9 for a value of an identity column, 42804 for one of another type, 0A000 for INSERT into what is no table; as
/// [`WriteTarget::find`], [`plan_query`], [`Compiler::assign`], [`Defaults::plan`], [`Conflict::plan`] and [`Returning::plan`].
pub fn plan_insert(
    insert: &Insert,
    with: Option<&With>,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    unread::insert(insert)?;
    let TableObject::TableName(name) = &insert.table else {
        return Err(Error::unsupported("INSERT into a function or query is not offered", "Name a table."));
    };
    let target = WriteTarget::find(name, Verb::Insert, context)?;
    if insert.returning.is_some() {
        target.note_read(context);
    }
    if let Some(OnInsert::OnConflict(on)) = &insert.on {
        if on.conflict_target.is_some() {
            target.note_read(context);
        }
        if matches!(on.action, OnConflictAction::DoUpdate(_)) {
            WriteTarget::find(name, Verb::Update, context)?;
        }
    }
    let collection = Arc::clone(&target.named);
    let relation = insert.table_alias.as_ref().map_or_else(|| collection.name.clone(), |alias| folded(&alias.alias));
    let places = target_places(&insert.columns, (&target, Verb::Insert), context)?;
    let source = plan_source(insert, with, (places, &target), parameters, context)?;
    let defaults = Defaults::plan(&collection, context)?;
    let conflict = match &insert.on {
        None => None,
        Some(OnInsert::OnConflict(on)) => Some(Conflict::plan(on, &collection, &relation, parameters, context)?),
        Some(_) => {
            return Err(Error::syntax("ON DUPLICATE KEY UPDATE is not PostgreSQL's", None)
                .with_hint("Use ON CONFLICT (key) DO UPDATE."));
        }
    };
    let beside = Others::default().with_versions(insert.returning.as_deref(), &collection, &relation);
    let items = target.returned(insert.returning.as_deref(), &relation, &beside)?;
    let returning = Returning::plan(items.as_deref(), (&collection, &relation), (beside, with), parameters, context)?;
    let (collection, checks) = (Arc::clone(&target.stored), target.checks());
    Ok(WritePlan::Insert(Box::new(InsertPlan { collection, source, defaults, conflict, returning, checks })))
}

/// The places that a list of columns names, for INSERT and for MERGE.
///
/// # Errors
/// 42601 for what is no name of a column, 42701 for one that is named twice; as [`WriteTarget::check_assigned`] and [`WritePlace::of`].
pub fn target_places(
    names: &[ObjectName],
    (target, verb): (&WriteTarget, Verb),
    context: &PlanContext<'_>,
) -> Result<Vec<WritePlace>> {
    let collection = target.named.as_ref();
    let mut places: Vec<WritePlace> = Vec::with_capacity(names.len());
    for name in names {
        let [ObjectNamePart::Identifier(column)] = name.0.as_slice() else {
            return Err(located(
                Error::syntax(format!("\"{name}\" is no column name"), None),
                context.text,
                name.span().start,
            ));
        };
        target.check_assigned(column, verb)?;
        let place = WritePlace::of(collection, column, context)?;
        if places.contains(&place) {
            let message = format!("column \"{}\" specified more than once", place.name(collection));
            return Err(located(Error::new(ErrorKind::DuplicateColumn, message), context.text, column.span.start));
        }
        places.push(place);
    }
    Ok(places)
}

fn plan_source(
    insert: &Insert,
    with: Option<&With>,
    (mut places, target): (Vec<WritePlace>, &WriteTarget),
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Source> {
    let collection = target.named.as_ref();
    let has_list = !places.is_empty();
    let overriding = overriding(context.text);
    let check = |place: WritePlace| match overriding {
        Overriding::Nothing => check_insertable(collection, place),
        Overriding::System | Overriding::User => check_not_computed(collection, place),
    };
    let is_ignored = |place: WritePlace| overriding == Overriding::User && is_identity(collection, place);
    let Some(query) = insert.source.as_deref() else {
        let slots = Slots { columns: vec![None; collection.columns.len()], stage: None };
        return Ok(Source::Rows { rows: vec![slots], planned: None });
    };
    if !has_list {
        places = target.places();
    }
    if let (SetExpr::Values(values), true) = (query.body.as_ref(), with.is_none() && is_bare(query)) {
        let mut compiler = Compiler::new(collection, &collection.name, Visible::Nothing, parameters, context);
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            if row.content.len() != width {
                let error = Error::syntax("VALUES lists must all be the same length", None);
                let at = row.content.first().map(|expr| expr.span().start);
                return Err(at.map_or(error.clone(), |at| located(error, context.text, at)));
            }
            check_width(&row.content, places.len(), has_list, context)?;
            let given = row.content.iter().zip(&places).filter(|(expr, _)| !is_default(expr));
            given.into_iter().try_for_each(|(_, place)| check(*place))?;
            rows.push(slots_of(&row.content, &places, &is_ignored, &mut compiler)?);
        }
        let planned = compiler.finish()?;
        return Ok(Source::Rows { rows, planned });
    }
    let mut query = query.clone();
    if query.with.is_none() {
        query.with = with.cloned();
    }
    if let SetExpr::Select(select) = query.body.as_mut() {
        for (item, place) in select.projection.iter_mut().zip(&places) {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                *expr = typed_for(expr, &place.ty(collection), parameters);
            }
        }
    }
    let plan = plan_query(&query, parameters, context)?;
    let columns = plan.columns();
    if columns.len() > places.len() {
        return Err(Error::syntax("INSERT has more expressions than target columns", None));
    }
    if has_list && columns.len() < places.len() {
        return Err(Error::syntax("INSERT has more target columns than expressions", None));
    }
    places.truncate(columns.len());
    for (column, place) in columns.iter().zip(&places) {
        check(*place)?;
        check_assignable(collection, *place, &column.ty)?;
    }
    let places = places.into_iter().map(|place| (!is_ignored(place)).then_some(place)).collect();
    Ok(Source::Query { plan, places })
}

/// Whether a place is an identity column.
fn is_identity(collection: &Collection, place: WritePlace) -> bool {
    let column = place.position().and_then(|position| collection.columns.get(position));
    column.is_some_and(|column| column.identity().is_some())
}

fn is_bare(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none()
}

/// Refuses a row that does not fit as many targets.
///
/// # Errors
/// 42601.
pub fn check_width(row: &[Expr], targets: usize, has_list: bool, context: &PlanContext<'_>) -> Result<()> {
    if let Some(extra) = row.get(targets) {
        let error = Error::syntax("INSERT has more expressions than target columns", None);
        return Err(located(error, context.text, extra.span().start));
    }
    if has_list && row.len() < targets {
        return Err(Error::syntax("INSERT has more target columns than expressions", None));
    }
    Ok(())
}

fn slots_of(
    row: &[Expr],
    places: &[WritePlace],
    is_ignored: &dyn Fn(WritePlace) -> bool,
    compiler: &mut Compiler<'_>,
) -> Result<Slots> {
    let mut slots = Slots { columns: vec![None; compiler.collection.columns.len()], stage: None };
    for (expr, place) in row.iter().zip(places) {
        if is_default(expr) {
            continue;
        }
        let value = compiler.assign(expr, *place)?;
        if is_ignored(*place) {
            continue;
        }
        match place {
            WritePlace::Stage => slots.stage = Some(value),
            WritePlace::Column(position) => {
                if let Some(slot) = slots.columns.get_mut(*position) {
                    *slot = Some(value);
                }
            }
        }
    }
    Ok(slots)
}

impl InsertPlan {
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        self.returning.as_ref().map(|returning| Arc::clone(&returning.columns))
    }

    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    pub fn is_short(&self) -> bool {
        matches!(&self.source, Source::Rows { rows, planned: None } if rows.len() <= SHORT_ROWS_MAX)
    }

    pub fn source_plan(&self) -> Option<&ReadPlan> {
        match &self.source {
            Source::Rows { .. } => None,
            Source::Query { plan, .. } => Some(plan),
        }
    }

    /// Inserts the rows; the command tag and the rows of RETURNING.
    ///
    /// # Errors
    /// 23505 for a key that exists, 22023 for a stage that does not; as [`expr::Expr::evaluate`], [`ReadPlan::execute`],
    /// [`Defaults::fill`], `Transaction::insert`, [`Conflict::insert`], [`RowChecks::check`] and [`Returning::row`]; 53200 where there is no memory for
    /// the rows; 57014 and 57P01 when the statement is cancelled.
    pub async fn execute(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let reads_before = self.conflict.as_ref().is_some_and(Conflict::has_subqueries);
        let view = match &self.returning {
            _ if reads_before => Some(run.transaction.view().clone()),
            returning => returning.as_ref().and_then(|returning| returning.view(run)),
        };
        let mut rows = Rows { written: 0, shown: Gathered::new(&run.settings.memory), seen: HashSet::new(), view };
        match &self.source {
            Source::Rows { rows: list, planned } => {
                let planned = match planned {
                    Some(plan) => plan.values(run, run.view(), ValueRow::default()).await?,
                    None => Vec::new(),
                };
                let is_single = list.len() == 1;
                for slots in list {
                    run.cancel.check()?;
                    let row = slots.evaluate(run, &planned)?;
                    self.insert_row(run, row, is_single, &mut rows).await?;
                }
            }
            Source::Query { plan, places } => {
                let view = run.view().clone();
                let mut stream = plan.execute(&view, run.parameters, run.settings, run.cancel).await?;
                drop(view);
                while let Some(chunk) = stream.next_chunk().await? {
                    run.cancel.check()?;
                    for values in chunk {
                        let row = self.selected_row(values, places, run.settings)?;
                        self.insert_row(run, row, false, &mut rows).await?;
                    }
                }
            }
        }
        Ok(Written { tag: CommandTag::counted("INSERT 0", rows.written), rows: rows.shown })
    }

    fn selected_row(&self, values: Vec<Value>, places: &[Option<WritePlace>], settings: &Settings) -> Result<NewRow> {
        let mut row = NewRow { columns: vec![None; self.collection.columns.len()], stage: None };
        for (value, place) in values.into_iter().zip(places) {
            let Some(place) = place else { continue };
            match place {
                WritePlace::Stage => row.stage = Some(value),
                WritePlace::Column(position) => {
                    let value = value.cast_in(settings.text_style(), &place.ty(&self.collection), false)?;
                    if let Some(slot) = row.columns.get_mut(*position) {
                        *slot = Some(value);
                    }
                }
            }
        }
        Ok(row)
    }

    async fn insert_row(
        &self,
        run: &mut WriteRun<'_>,
        mut row: NewRow,
        is_single: bool,
        rows: &mut Rows,
    ) -> Result<()> {
        self.defaults.fill(run, &mut row.columns).await?;
        let keeps_old = self.returning.as_ref().is_some_and(Returning::shows_versions);
        let mut old = None;
        let key = match &self.conflict {
            None => insert_new(run, &self.collection, row.columns).await?,
            Some(conflict) => {
                let seen = if is_single { None } else { Some(&mut rows.seen) };
                match conflict.insert(run, &self.collection, row.columns, (seen, rows.view.as_ref()), keeps_old).await?
                {
                    ResolvedConflict::Inserted(key) => key,
                    ResolvedConflict::Updated(key, before) => {
                        old = before;
                        row.stage = None;
                        key
                    }
                    ResolvedConflict::Skipped => return Ok(()),
                }
            }
        };
        if let Some(stage) = &row.stage {
            run.transaction.set_stage(&self.collection, &key, stage_of(stage)?)?;
        }
        if !self.checks.is_empty() {
            let stored = run.transaction.view().row(&self.collection, &key)?.unwrap_or_default();
            self.checks.check(&stored, &run.environment())?;
        }
        rows.written += 1;
        if let Some(returning) = &self.returning {
            let stored = run.transaction.view().row(&self.collection, &key)?.unwrap_or_default();
            let versions = Versions { old: old.as_deref(), new: Some(&stored) };
            rows.shown.push(returning.row(run, rows.view.as_ref(), &stored, versions).await?)?;
        }
        Ok(())
    }
}

/// Inserts a row whose defaults are filled in, and gives its key.
///
/// # Errors
/// 23505 for a key that exists; as `Transaction::insert`.
pub async fn insert_new(
    run: &mut WriteRun<'_>,
    collection: &Arc<Collection>,
    columns: Vec<Option<Value>>,
) -> Result<EntryKey> {
    match run.insert(collection, columns, OnConflict::Fail).await? {
        Inserted::New(key) => Ok(key),
        Inserted::Conflict { constraint, .. } => Err(Error::new(
            ErrorKind::UniqueViolation,
            format!("duplicate key value violates unique constraint \"{constraint}\""),
        )
        .of_constraint(&**collection, &constraint)),
    }
}

/// What came of the rows so far.
struct Rows {
    written: u64,
    shown: Gathered,
    seen: Seen,
    /// What subqueries of RETURNING and of ON CONFLICT read.
    view: Option<ReadView>,
}

impl Slots {
    fn evaluate(&self, run: &WriteRun<'_>, planned: &[Value]) -> Result<NewRow> {
        let (environment, row) = (run.environment(), ValueRow { planned, ..ValueRow::default() });
        let value = |slot: &Option<expr::Expr>| slot.as_ref().map(|each| each.evaluate(&environment, &row)).transpose();
        Ok(NewRow { columns: self.columns.iter().map(value).collect::<Result<_>>()?, stage: value(&self.stage)? })
    }
}
