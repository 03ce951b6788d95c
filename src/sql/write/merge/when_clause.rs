//! A WHEN clause of MERGE, planned: which rows it is for, what has to hold of them, and what is done with them.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr, MergeInsertKind, MergeUpdateExpr, Spanned, With,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::db::{LockMode, mode_of_update};
use crate::error::Result;
use crate::expr::{self, ParameterTypes, no_condition};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::merge_text::{DEFAULT_VALUES, NOTHING, OVERRIDING_SYSTEM, is_stand_in};
use crate::sql::rewrite::expressions::check_one_row;
use crate::sql::write::insert::{check_width, target_places};
use crate::sql::write::merge::row_layout::{RowKind, RowLayout};
use crate::sql::write::on_conflict::{SetDefault, default_of};
use crate::sql::write::row_assignments::of_single_columns;
use crate::sql::write::row_compiler::Compiler;
use crate::sql::write::row_expressions::RowExpressions;
use crate::sql::write::view_target::{Verb, WriteTarget};
use crate::sql::write::write_target::{
    WritePlace, assigned_names, assignments, check_assignable, check_insertable, check_not_computed, is_default,
    located,
};
use crate::types::ColumnType;

/// A planned clause.
pub struct WhenClause {
    pub kind: RowKind,
    /// One expression.
    pub condition: Option<RowExpressions>,
    pub action: Action,
}

/// What a clause does with its rows.
pub enum Action {
    Nothing,
    Delete,
    Update { assigned: PlacedValues, mode: LockMode },
    Insert(PlacedValues),
}

/// Expressions, and where their values go.
pub struct PlacedValues {
    pub places: Vec<WritePlace>,
    pub values: RowExpressions,
}

/// What the clauses of a statement are planned with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub target: &'a WriteTarget,
    pub layout: &'a RowLayout,
    pub with: Option<&'a With>,
    pub context: &'a PlanContext<'a>,
}

impl<'a> Surroundings<'a> {
    fn compiler(self, kind: RowKind, parameters: &'a mut ParameterTypes) -> Compiler<'a> {
        let mut compiler = self.layout.compiler(kind, parameters, self.context);
        compiler.with = self.with;
        compiler
    }
}

/// Which rows a clause is for.
pub fn kind_of(clause: &MergeClause) -> RowKind {
    match clause.clause_kind {
        MergeClauseKind::Matched => RowKind::Matched,
        MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => RowKind::NotMatched,
        MergeClauseKind::NotMatchedBySource => RowKind::NotMatchedBySource,
    }
}

/// What a clause does to the target; `None` for DO NOTHING.
pub fn verb_of(clause: &MergeClause) -> Option<Verb> {
    match &clause.action {
        MergeAction::Delete { .. } => Some(Verb::Delete),
        MergeAction::Update(update) => {
            let is_nothing =
                update.assignments.iter().any(|assignment| assignment.target.to_string() == format!("\"{NOTHING}\""));
            if is_nothing { None } else { Some(Verb::Update) }
        }
        MergeAction::Insert(insert) => {
            let is_nothing = row_of(insert).iter().any(|value| is_stand_in(value, NOTHING));
            if is_nothing { None } else { Some(Verb::Insert) }
        }
    }
}

/// The row of VALUES.
fn row_of(insert: &MergeInsertExpr) -> &[Expr] {
    match &insert.kind {
        MergeInsertKind::Values(values) => values.rows.first().map(|row| row.content.as_slice()).unwrap_or_default(),
        MergeInsertKind::Row => &[],
    }
}

impl WhenClause {
    /// Plans a clause.
    ///
    /// # Errors
    /// 42601 for values that do not fit the columns, 42P01 and 42703 for what the clause does not see, 42803 and 42P20 for functions over
    /// several rows, 42804 for a value of another type and for what is no condition, 428C9 for a value of a generated column; as
    /// [`assignments`], [`target_places`], [`Compiler::assign`] and [`RowExpressions::new`].
    pub fn plan(clause: &MergeClause, around: Surroundings<'_>, parameters: &mut ParameterTypes) -> Result<WhenClause> {
        let kind = kind_of(clause);
        let planned = |parameters: &mut ParameterTypes| {
            let condition = clause.predicate.as_ref();
            let condition = condition.map(|expr| condition_of(expr, kind, around, parameters)).transpose()?;
            let action = match (&clause.action, verb_of(clause)) {
                (_, None) => Action::Nothing,
                (MergeAction::Delete { .. }, _) => Action::Delete,
                (MergeAction::Update(update), _) => update_of(update, kind, around, parameters)?,
                (MergeAction::Insert(insert), _) => insertion_of(insert, kind, around, parameters)?,
            };
            Ok(WhenClause { kind, condition, action })
        };
        planned(parameters).map_err(|error| around.layout.explained(error, kind))
    }

    /// The positions of the columns of the joined rows that it reads.
    pub fn columns_read(&self) -> Vec<usize> {
        let mut read = self.condition.as_ref().map(RowExpressions::columns_read).unwrap_or_default();
        if let Action::Update { assigned: values, .. } | Action::Insert(values) = &self.action {
            read.extend(values.values.columns_read());
        }
        read
    }
}

fn condition_of(
    expr: &Expr,
    kind: RowKind,
    around: Surroundings<'_>,
    parameters: &mut ParameterTypes,
) -> Result<RowExpressions> {
    check_one_row(expr, "MERGE WHEN conditions", around.context.text)?;
    let mut compiler = around.compiler(kind, parameters);
    let condition = match compiler.try_condition(expr, "WHEN")? {
        Some(condition) => condition,
        None => compiler.plan_later(expr),
    };
    let condition = RowExpressions::new(vec![condition], compiler)?;
    match condition.planned_type(0) {
        None | Some(ColumnType::Bool | ColumnType::Unknown) => Ok(condition),
        Some(ty) => Err(located(no_condition("WHEN", &ty), around.context.text, expr.span().start)),
    }
}

fn update_of(
    update: &MergeUpdateExpr,
    kind: RowKind,
    around: Surroundings<'_>,
    parameters: &mut ParameterTypes,
) -> Result<Action> {
    let (collection, context) = (Arc::clone(&around.layout.collection), around.context);
    for name in assigned_names(&update.assignments) {
        around.target.check_assigned(name, Verb::Merge)?;
    }
    let single = of_single_columns(&update.assignments)?;
    let mut placed = Placing::new(around.compiler(kind, parameters));
    for (place, expr) in assignments(&single, &collection, context)? {
        check_one_row(expr, "UPDATE", context.text)?;
        let default = if is_default(expr) { Some(default_of(place, &collection, context)?) } else { None };
        match default {
            Some(SetDefault::Computed(value)) => placed.push(place, value, None),
            Some(SetDefault::Written(written)) => placed.assign(place, &written)?,
            None => placed.assign(place, expr)?,
        }
    }
    let positions: Vec<usize> = placed.places.iter().filter_map(|place| place.position()).collect();
    let mode = mode_of_update(&around.target.stored, &positions);
    Ok(Action::Update { assigned: placed.finish(around)?, mode })
}

fn insertion_of(
    insert: &MergeInsertExpr,
    kind: RowKind,
    around: Surroundings<'_>,
    parameters: &mut ParameterTypes,
) -> Result<Action> {
    let (collection, context) = (Arc::clone(&around.layout.collection), around.context);
    let has_list = !insert.columns.is_empty();
    let mut places = target_places(&insert.columns, (around.target, Verb::Merge), context)?;
    if !has_list {
        places = around.target.places();
    }
    let (overrides, row) = match row_of(insert) {
        [first, row @ ..] if is_stand_in(first, OVERRIDING_SYSTEM) => (true, around.layout.with_columns(row)),
        row => (false, around.layout.with_columns(row)),
    };
    let has_values = !row.iter().any(|value| is_stand_in(value, DEFAULT_VALUES));
    let row = if has_values { row } else { Vec::new() };
    if has_values {
        check_width(&row, places.len(), has_list, context)?;
    }
    let mut placed = Placing::new(around.compiler(kind, parameters));
    for (expr, place) in row.iter().zip(places).filter(|(expr, _)| !is_default(expr)) {
        check_one_row(expr, "VALUES", context.text)?;
        match overrides {
            true => check_not_computed(&collection, place)?,
            false => check_insertable(&collection, place)?,
        }
        placed.assign(place, expr)?;
    }
    Ok(Action::Insert(placed.finish(around)?))
}

/// Values on their way to their places.
struct Placing<'a> {
    compiler: Compiler<'a>,
    places: Vec<WritePlace>,
    values: Vec<expr::Expr>,
    /// Where in the text the values stand that somebody has written.
    written: Vec<Option<Location>>,
}

impl<'a> Placing<'a> {
    fn new(compiler: Compiler<'a>) -> Self {
        Placing { compiler, places: Vec::new(), values: Vec::new(), written: Vec::new() }
    }

    fn push(&mut self, place: WritePlace, value: expr::Expr, written: Option<Location>) {
        self.places.push(place);
        self.values.push(value);
        self.written.push(written);
    }

    fn assign(&mut self, place: WritePlace, expr: &Expr) -> Result<()> {
        let value = self.compiler.assign(expr, place)?;
        self.push(place, value, Some(expr.span().start));
        Ok(())
    }

    /// # Errors
    /// 42804 for a value that the planner computes, of a type that its place does not take; as [`RowExpressions::new`].
    fn finish(self, around: Surroundings<'_>) -> Result<PlacedValues> {
        let Placing { compiler, places, values, written } = self;
        let values = RowExpressions::new(values, compiler)?;
        for (at, (place, written)) in places.iter().zip(written).enumerate() {
            let Some(ty) = values.planned_type(at) else { continue };
            let checked = check_assignable(&around.layout.collection, *place, &ty);
            checked.map_err(|error| match written {
                Some(location) => located(error, around.context.text, location),
                None => error,
            })?;
        }
        Ok(PlacedValues { places, values })
    }
}
