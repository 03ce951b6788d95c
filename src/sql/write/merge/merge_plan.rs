//! MERGE, planned.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, Merge, MergeClause, OutputClause, SelectItem, TableFactor, With,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, OutputColumn};
use crate::sql::analyze::scope::column_of;
use crate::sql::analyze::special_calls::MERGE_ACTION;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::merge_text::check_merge;
use crate::sql::parse::names::last_part;
use crate::sql::parse::visit::change_expressions;
use crate::sql::pg_catalog::find_stored;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::rewrite::expressions::check_one_row;
use crate::sql::write::column_defaults::Defaults;
use crate::sql::write::merge::keyed_rows::{KeyCondition, KeyedRows};
use crate::sql::write::merge::row_layout::{ACTION, RowKinds, RowLayout};
use crate::sql::write::merge::when_clause::{Action, Surroundings, WhenClause, kind_of, verb_of};
use crate::sql::write::returning::Returning;
use crate::sql::write::view_target::{RowChecks, Verb, WriteTarget};
use crate::sql::write::write_plan::{WritePlan, relation_of};

/// WHEN clauses of a statement: each is planned by itself, and asked about each row.
const CLAUSES_MAX: usize = 250;

/// What finds the rows: each is the key of the target's row, whether the source has one where `kinds` ask, and the columns at
/// `positions`.
pub enum MergeRows {
    Joined(ReadPlan),
    Keyed(KeyedRows),
}

/// A planned MERGE.
pub struct MergePlan {
    pub collection: Arc<Collection>,
    pub rows: MergeRows,
    pub kinds: RowKinds,
    pub positions: Vec<usize>,
    /// How many columns a row of the join has, those included that nothing reads.
    pub width: usize,
    pub clauses: Vec<WhenClause>,
    /// Where a clause inserts.
    pub defaults: Option<Defaults>,
    pub checks: RowChecks,
    pub returning: Option<Returning>,
}

/// Plans MERGE; `with` stands before it.
///
/// # Errors
/// As [`MergePlan::plan`].
pub fn plan_merge(
    merge: &Merge,
    with: Option<&With>,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<WritePlan> {
    Ok(WritePlan::Merge(Box::new(MergePlan::plan(merge, with, parameters, context)?)))
}

impl MergePlan {
    /// Plans the statement; `with` stands before it.
    ///
    /// # Errors
    /// 42601 for a form that is not PostgreSQL's and for a WHEN clause that no row comes to, 54000 above [`CLAUSES_MAX`]; as [`WriteTarget::find`], [`RowLayout::plan`],
    /// [`WhenClause::plan`], [`Defaults::plan`], [`Returning::plan`] and [`plan_query`].
    pub fn plan(
        merge: &Merge,
        with: Option<&With>,
        parameters: &mut ParameterTypes,
        context: &PlanContext<'_>,
    ) -> Result<MergePlan> {
        check_merge(merge)?;
        check_clauses(&merge.clauses)?;
        check_one_row(merge.on.as_ref(), "JOIN conditions", context.text)?;
        let target = target_of(merge, context)?;
        target.note_read(context);
        let relation = relation_of(&merge.table, &target.named);
        let layout = RowLayout::plan(merge, (&target, relation.clone()), with, parameters, context)?;
        let mut kinds = RowKinds::default();
        merge.clauses.iter().for_each(|clause| kinds.add(kind_of(clause)));
        if parameters.has_unknown() {
            // Parameters have their types of source and condition first.
            plan_query(&layout.query(merge, with, kinds, &[])?, parameters, context)?;
        }
        let around = Surroundings { target: &target, layout: &layout, with, context };
        let clauses: Vec<WhenClause> =
            merge.clauses.iter().map(|clause| WhenClause::plan(clause, around, parameters)).collect::<Result<_>>()?;
        let inserts = clauses.iter().any(|clause| matches!(clause.action, Action::Insert(_)));
        let defaults = if inserts { Some(Defaults::plan(&target.named, context)?) } else { None };
        let items = returned_items(merge);
        let beside = layout.returned(items.as_deref());
        let items = target.returned(items.as_deref(), &relation, &beside)?;
        let returning =
            Returning::plan(items.as_deref(), (&target.named, &relation), (beside, with), parameters, context)?;
        let on = match target.is_whole() {
            true => KeyCondition::of(merge, &layout, kinds, parameters, context),
            false => None,
        };
        let mut positions: Vec<usize> = clauses.iter().flat_map(WhenClause::columns_read).collect();
        // Of the target it shows what is stored.
        let shown = target.named.columns.len()..layout.width();
        let returned = returning.iter().flat_map(Returning::columns_read);
        positions.extend(returned.filter(|position| shown.contains(position)));
        positions.extend(on.iter().flat_map(KeyCondition::columns_read));
        positions.sort_unstable();
        positions.dedup();
        // The lookup reads no further columns.
        let on = on.filter(|_| positions.iter().all(|position| *position < layout.first_further()));
        let rows = match on {
            Some(on) => MergeRows::Keyed(KeyedRows::plan((merge, with), on, &layout, &positions, parameters, context)?),
            None => {
                let query = layout.query(merge, with, kinds, &positions)?;
                MergeRows::Joined(plan_query(&query, parameters, context)?)
            }
        };
        let (width, checks) = (layout.width(), target.checks());
        let collection = Arc::clone(&target.stored);
        Ok(MergePlan { collection, rows, kinds, positions, width, clauses, defaults, checks, returning })
    }

    /// What reads the rows: the join, or the source alone.
    pub fn source_plan(&self) -> &ReadPlan {
        match &self.rows {
            MergeRows::Joined(plan) => plan,
            MergeRows::Keyed(keyed) => &keyed.source,
        }
    }

    /// Whether rows of the target are looked up by their keys.
    pub fn is_keyed(&self) -> bool {
        matches!(self.rows, MergeRows::Keyed(_))
    }

    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        self.returning.as_ref().map(|returning| Arc::clone(&returning.columns))
    }
}

/// Refuses a clause behind one of the same rows that takes all of them, and more clauses than [`CLAUSES_MAX`].
fn check_clauses(clauses: &[MergeClause]) -> Result<()> {
    if clauses.len() > CLAUSES_MAX {
        return Err(Error::new(ErrorKind::LimitExceeded, format!("MERGE has at most {CLAUSES_MAX} WHEN clauses")));
    }
    for (at, clause) in clauses.iter().enumerate() {
        let takes_all = |before: &MergeClause| kind_of(before) == kind_of(clause) && before.predicate.is_none();
        if clauses.iter().take(at).any(takes_all) {
            return Err(Error::syntax("unreachable WHEN clause specified after unconditional WHEN clause", None));
        }
    }
    Ok(())
}

/// The table, which can take each of the actions.
fn target_of(merge: &Merge, context: &PlanContext<'_>) -> Result<WriteTarget> {
    let TableFactor::Table { name, args: None, .. } = &merge.table else {
        return Err(Error::syntax("MERGE takes rows for a table", None).with_hint("MERGE INTO table USING source ..."));
    };
    let found = find_stored(name, context)?;
    let table = found.as_ref().and_then(|relation| context.view.catalog().collection(relation));
    if let Some(table) = table.filter(|table| table.materialized.is_some()) {
        let message = format!("cannot execute MERGE on relation \"{}\"", table.name);
        let error = Error::new(ErrorKind::Unsupported, message);
        return Err(error.with_detail("This operation is not supported for materialized views."));
    }
    let mut target = None;
    // What rows have to be that come in is known of the others alone.
    for verb in [Verb::Delete, Verb::Update, Verb::Insert] {
        if merge.clauses.iter().any(|clause| verb_of(clause) == Some(verb)) {
            target = Some(WriteTarget::find(name, verb, context)?);
        }
    }
    target.map_or_else(|| WriteTarget::find(name, Verb::Merge, context), Ok)
}

/// The items of RETURNING, with `merge_action()` as the column that it is.
fn returned_items(merge: &Merge) -> Option<Vec<SelectItem>> {
    let Some(OutputClause::Returning { returning_token: _, select_items }) = &merge.output else { return None };
    let mut items = select_items.clone();
    change_expressions(&mut items, |expr| {
        let Expr::Function(function) = &*expr else { return };
        let takes_nothing = match &function.args {
            FunctionArguments::List(list) => list.args.is_empty() && list.clauses.is_empty(),
            FunctionArguments::None | FunctionArguments::Subquery(_) => false,
        };
        if takes_nothing && last_part(&function.name).as_deref() == Some(MERGE_ACTION) {
            *expr = column_of(ACTION, MERGE_ACTION);
        }
    });
    Some(items)
}
