//! The rows of a nearest search: whether they need the entries at all, and whether they come in microseconds.

use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::column_reading::ColumnReading;
use crate::db::read::entry_view::key_part;
use crate::db::read::query::{BoundQuery, Output};
use crate::db::read::view::ReadView;
use crate::expr::Operand;
use crate::model::CollectionKind;
use crate::types::limits::ROWS_PER_CHUNK;
use crate::vector::{selected_micros, walk_micros};

/// A search that is expected to take no longer may run on an async thread.
const SHORT_MICROS: usize = 300;

/// Rows of columns of which some are selected by comparing numbers in tens of microseconds.
const SELECTED_OF_MAX: usize = 262_144;

/// What reading an entry takes that was read a moment ago.
const READ_MICROS: usize = 3;

/// Whether the rows of a search are made of nothing but keys and distances, so that no entry has to be read: the search has
/// seen to it that each one is there. A column of the key is read from the key in any case, where its value has but one form.
pub(crate) fn shows_keys(query: &BoundQuery) -> bool {
    let is_in_key = |output: &Output| match output {
        Output::Operand(Operand::Column(position)) => key_part(&query.collection, *position).is_some(),
        Output::Operand(operand) => *operand == Operand::Key,
        Output::Distance | Output::LinearDistance { .. } | Output::Constant(_) => true,
    };
    query.nearest.is_some() && query.collection.kind != CollectionKind::Auth && query.output.iter().all(is_in_key)
}

/// Whether a search of the graph with walks of width `ef`, for so many rows, comes in microseconds.
pub(crate) fn is_short_search(view: &ReadView, query: &BoundQuery, plan: &AccessPlan, rows: usize) -> bool {
    search_micros(view, query, plan, rows).is_some_and(|micros| micros <= SHORT_MICROS)
}

/// What a search and its rows are expected to take; `None` where nobody knows: a filter that is asked of each candidate may
/// reject any number of them. Where the rows that a filter selects are counted beforehand, measuring them all is the bound.
fn search_micros(view: &ReadView, query: &BoundQuery, plan: &AccessPlan, rows: usize) -> Option<usize> {
    let Access::Graph { id, ef, .. } = &plan.access else { return None };
    // For more rows than one walk gives all may have to be put in order.
    if rows > ROWS_PER_CHUNK.min(*ef) || query.sorts_within_reach() {
        return None;
    }
    let read = if shows_keys(query) { 0 } else { rows * READ_MICROS };
    let Some(filter) = &query.filter else { return Some(walk_micros(rows, *ef) + read) };
    if !plan.reads_columns {
        return None;
    }
    let selected = ColumnReading::count_at_hand(view, &query.collection, filter, SELECTED_OF_MAX)?;
    let indexed = view.database.vector_index(*id)?.graph()?.len();
    Some(selected_micros(rows, *ef, selected.rows, indexed) + selected.by_row * READ_MICROS + read)
}
