//! Whether columns of facts or an ordered index lead to what a filter selects, where both could.
//!
//! Columns at hand count what a filter selects of them in microseconds, so that no index is read to find out; an index answers with
//! few keys in as little, and needs no columns at all. Between them the entries decide that would be read one by one. An index
//! that keeps being read where columns would spare it pays rent: once that adds up to what it costs to make the columns, they are
//! made, on a thread of their own.

use std::sync::Arc;

use crate::db::columns::column_store::ColumnStore;
use crate::db::columns::columns::Columns;
use crate::db::read::column_reading::{
    ColumnReading, LOOK_UP_COST, PATCH_CHANGES_MAX, SelectedCount, fill_behind, is_columnar,
};
use crate::db::read::query::BoundQuery;
use crate::db::read::top_rows::{KEPT_ROWS_MAX, operands_of};
use crate::db::read::view::ReadView;
use crate::error::Result;
use crate::expr::{Operand, Program};

/// Keys up to which reading the entries that an index names is as good as columns of which it is not known yet what they select.
const FEW_KEYS: usize = 64;
/// Rows of columns of which a filter selects some in microseconds.
const COUNTED_ROWS_MAX: usize = 262_144;
/// Entries that are read one by one beside columns, at most, for columns to be preferred to an index.
const BY_ROW_MAX: usize = 2_048;
/// Entries that are read by an index in the place of columns before those are made: what passing 200,000 entries in a scan costs.
const RENT_MAX: usize = if cfg!(test) { 1_000 } else { 200_000 / LOOK_UP_COST };

/// What columns may spare a query.
#[derive(Debug)]
pub(crate) enum ColumnDemand<'q> {
    /// Nothing that they are worth.
    Nothing,
    /// They say which entries are read.
    Keys,
    /// They have all that the query reads of entries but of those `shown`.
    Whole { operands: Vec<&'q Operand>, shown: usize },
}

impl<'q> ColumnDemand<'q> {
    /// Of a query for rows, which walks a graph so wide where it is a nearest search that has one.
    ///
    /// # Errors
    /// As [`BoundQuery::window`].
    pub fn of_rows(query: &'q BoundQuery, walk: Option<usize>, is_in_key_order: bool) -> Result<ColumnDemand<'q>> {
        let Some(filter) = &query.filter else { return Ok(ColumnDemand::Nothing) };
        if query.nearest.is_some() {
            let (limit, offset) = query.nearest_window()?;
            let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_add(offset));
            return Ok(match walk {
                Some(width) if wanted <= width => ColumnDemand::Whole { operands: filter.operands(), shown: 0 },
                _ => ColumnDemand::Keys,
            });
        }
        let (limit, offset) = query.window()?;
        let Some(shown) = limit else { return Ok(ColumnDemand::Keys) };
        // A scan in the wanted order may stop early.
        if is_in_key_order {
            return Ok(ColumnDemand::Nothing);
        }
        Ok(match operands_of(query).filter(|_| shown.saturating_add(offset) <= KEPT_ROWS_MAX) {
            Some(operands) => ColumnDemand::Whole { operands, shown },
            None => ColumnDemand::Keys,
        })
    }
}

/// How columns stand to a query whose filter they can evaluate whole.
enum Standing {
    /// They are at hand, and this is what the filter selects of so many rows.
    Counted {
        selected: SelectedCount,
        rows: usize,
    },
    /// They are there; what the filter selects takes a look at each of them, or bringing them up to date.
    There,
    Missing,
}

/// How an ordered index compares with columns for one query.
pub(crate) struct ColumnChoice<'a> {
    view: &'a ReadView,
    query: &'a BoundQuery,
    demand: &'a ColumnDemand<'a>,
    standing: Standing,
}

impl<'a> ColumnChoice<'a> {
    /// `None` where columns are no help for the query.
    pub fn of(view: &'a ReadView, query: &'a BoundQuery, demand: &'a ColumnDemand<'a>) -> Option<ColumnChoice<'a>> {
        let shown = match demand {
            ColumnDemand::Nothing => return None,
            ColumnDemand::Keys => 0,
            ColumnDemand::Whole { shown, .. } => *shown,
        };
        let standing = standing(view, query, demand.operands())?;
        let is_worth_it = match &standing {
            Standing::Counted { selected, rows } => {
                selected.by_row <= BY_ROW_MAX && (shown + selected.by_row).saturating_mul(LOOK_UP_COST) <= *rows
            }
            Standing::There | Standing::Missing => true,
        };
        is_worth_it.then_some(ColumnChoice { view, query, demand, standing })
    }

    /// Keys up to which an index is the better way, as far as looking for so many costs nothing that matters; `None` where it is not
    /// to be looked at for so few.
    pub fn few_keys(&self) -> Option<usize> {
        match (&self.standing, self.demand) {
            (Standing::Counted { selected, .. }, ColumnDemand::Whole { .. }) => {
                Some(selected.by_row).filter(|by_row| *by_row > 0)
            }
            (Standing::There, ColumnDemand::Whole { .. }) | (Standing::Counted { .. }, _) => Some(FEW_KEYS),
            // Columns would not spare the index in any case.
            (Standing::Missing, _) | (Standing::There, _) => None,
        }
    }

    /// Keys up to which an index is the better way, `most` at most, where it names more than a few; `None` where it is not.
    pub fn many_keys(&self, most: usize) -> Option<usize> {
        match (&self.standing, self.demand) {
            (Standing::Missing, _) | (Standing::There, ColumnDemand::Keys) => Some(most),
            (Standing::Counted { selected, rows }, ColumnDemand::Keys) => {
                let looked_up = selected.rows + selected.by_row;
                if looked_up.saturating_mul(LOOK_UP_COST) <= *rows {
                    Some(most.min(looked_up))
                } else {
                    // It names at least these.
                    Some(most).filter(|most| selected.rows <= *most)
                }
            }
            _ => None,
        }
    }

    /// Notes that so many entries are read by an index.
    pub fn pay(&self, keys: usize) {
        let (ColumnDemand::Whole { operands, .. }, Standing::Missing) = (self.demand, &self.standing) else { return };
        let state = &self.view.database;
        let Some(store) = state.columns.store_if_room(self.query.collection.id) else { return };
        // Of a large collection few keys are no more than columns of it would cost.
        if (store.is_large() && keys <= FEW_KEYS) || store.pay_rent(keys) < RENT_MAX {
            return;
        }
        store.forget_rent();
        let filtered = self.query.filter.as_ref().map(Program::operands).unwrap_or_default();
        fill_behind(state, &store, &self.query.collection, &joined(operands, &filtered));
    }
}

impl ColumnDemand<'_> {
    fn operands(&self) -> &[&Operand] {
        match self {
            ColumnDemand::Whole { operands, .. } => operands,
            ColumnDemand::Nothing | ColumnDemand::Keys => &[],
        }
    }
}

/// Whether columns that are there have all that the filter of a query asks for, so that it is evaluated over them.
pub(crate) fn is_filtered_by_columns(view: &ReadView, query: &BoundQuery) -> bool {
    matches!(standing(view, query, &[]), Some(Standing::Counted { .. } | Standing::There))
}

/// How columns of these operands and of those of the filter stand; `None` where they cannot be had, or do not say all of what the
/// filter says.
fn standing(view: &ReadView, query: &BoundQuery, operands: &[&Operand]) -> Option<Standing> {
    let collection = &query.collection;
    let filter = query.filter.as_ref()?;
    // What may fail fails by one way and not by the other, as they come to different entries.
    if !filter.conjuncts().iter().all(|condition| condition.never_fails()) {
        return None;
    }
    let operands = joined(operands, &filter.operands());
    if operands.is_empty() || !operands.iter().all(|operand| is_columnar(collection, operand)) {
        return None;
    }
    if view.writes.rows_of(collection.id).is_some_and(|own| own.len() > BY_ROW_MAX) {
        return None;
    }
    let Some(store) = view.database.columns.get(collection.id) else { return Some(Standing::Missing) };
    if !operands.iter().all(|operand| store.may_have(operand)) {
        return None;
    }
    let Some(columns) = usable_columns(view, query, &store, &operands) else { return Some(Standing::Missing) };
    if operands.iter().filter_map(|operand| columns.column(operand)).map(|column| column.apart()).sum::<usize>()
        > BY_ROW_MAX
    {
        return None;
    }
    let is_at_hand = ColumnReading::at_hand(view, collection, &operands, COUNTED_ROWS_MAX).is_some();
    let selected = match is_at_hand {
        true => ColumnReading::count_at_hand(view, collection, filter, COUNTED_ROWS_MAX),
        false => None,
    };
    Some(match selected {
        Some(selected) => Standing::Counted { selected, rows: columns.len() },
        None => Standing::There,
    })
}

/// Columns of all the operands whose changes since then are known and not so many that making them anew is as good.
fn usable_columns(
    view: &ReadView,
    query: &BoundQuery,
    store: &Arc<ColumnStore>,
    operands: &[&Operand],
) -> Option<Arc<Columns>> {
    let columns = store.columns(&query.collection)?;
    let has_all = operands.iter().all(|operand| columns.column(operand).is_some());
    let known = has_all && store.changed().after(columns.version().min(view.version), PATCH_CHANGES_MAX).is_some();
    known.then_some(columns)
}

fn joined<'q>(one: &[&'q Operand], other: &[&'q Operand]) -> Vec<&'q Operand> {
    let mut joined = one.to_vec();
    other.iter().for_each(|operand| {
        if !joined.contains(operand) {
            joined.push(*operand);
        }
    });
    joined
}
