//! Reading by columns: what a view may take of them, and what it has to read from its snapshot.
//!
//! Columns stand at a commit of their own. A view of commit v that reads columns of commit V takes no entry from them that any
//! commit after the lesser of both has changed, or that its own transaction has: those it reads from its snapshot, one by one. It
//! does not matter which of both is older, or that a snapshot may hold commits after its number. Where the changes since then are
//! not known any more, the columns are no help.
//!
//! Columns are made by the first statement that wants them, in one scan of its collection, or in the background where the
//! collection is large; they are brought up to date by a statement that finds many changes.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::changed_keys::KeySet;
use crate::db::columns::column_builder::{ColumnBuilder, apart_value};
use crate::db::columns::column_store::{COLUMNS_BYTES_MAX, ColumnStore, is_read_alike};
use crate::db::columns::columns::{Columns, RowChange};
use crate::db::columns::conditions::{self, SelectedOrdinals};
use crate::db::columns::part_ordinals::OrdinalSelection;
use crate::db::columns::row_keys::SortedKeys;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::entry_view::EntryView;
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::state::state::DbState;
use crate::error::Result;
use crate::expr::{Operand, Program};
use crate::model::{Collection, CollectionKind};
use crate::types::{ColumnType, Value};

/// Entries of a collection up to which a statement waits for its columns; those of a larger one are made in the background.
const FOREGROUND_ROWS_MAX: usize = 200_000;
/// Changes since the columns beyond which a reader brings them up to date first.
const STALE_CHANGES_MAX: usize = 128;
/// Changes beyond which columns are no help: so many entries would be read one by one.
pub(super) const PATCH_CHANGES_MAX: usize = 8192;
/// What looking an entry up by its key costs, against passing one in a scan.
pub(crate) const LOOK_UP_COST: usize = 12;
/// Rows between two looks at what columns take while they are made.
const ROWS_PER_BUDGET_CHECK: usize = 4096;

/// Columns for one view, and the entries that it may not take from them.
#[derive(Debug)]
pub(crate) struct ColumnReading {
    pub columns: Arc<Columns>,
    store: Arc<ColumnStore>,
    /// Encoded primary keys of entries that may differ between the columns and the view, its own changes among them.
    pub patch: KeySet,
    /// The ordinals of those keys.
    patched: Bitmap,
}

/// The entries that a filter selects, as far as columns tell.
#[derive(Debug)]
pub(crate) struct SelectedRows {
    /// The ordinals that pass: exactly those where `has_rest` is false, and otherwise those that may.
    pub rows: Bitmap,
    pub count: usize,
    /// The same as `rows`, where the next statement with the same conditions gets them, too.
    pub shared: Option<Arc<Bitmap>>,
    /// Keys of entries of which the view has to decide by itself, by the whole filter.
    pub by_row: KeySet,
    /// Whether parts of the filter remain to be asked of each of the rows.
    pub has_rest: bool,
    /// How many conditions of the filter were evaluated over columns.
    pub conditions: usize,
}

/// What a filter selects, counted beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SelectedCount {
    /// Rows that come from columns.
    pub rows: usize,
    /// Entries that are read one by one, at most.
    pub by_row: usize,
}

impl SelectedRows {
    /// The rows for an index to look among.
    pub fn selection(&self) -> OrdinalSelection<'_> {
        OrdinalSelection { ordinals: &self.rows, count: self.count, shared: self.shared.as_ref() }
    }
}

impl ColumnReading {
    /// Columns of operands of a collection for a view; `None` where it has to read entry by entry.
    ///
    /// # Errors
    /// As [`Cancel::check`]; 58030, XX001 and F0000 where stored entries cannot be read, are damaged or of a newer format.
    pub fn open(
        view: &ReadView,
        collection: &Arc<Collection>,
        operands: &[&Operand],
        cancel: &Cancel,
    ) -> Result<Option<ColumnReading>> {
        if collection.kind == CollectionKind::Auth || operands.is_empty() {
            return Ok(None);
        }
        if !operands.iter().all(|operand| is_columnar(collection, operand)) {
            return Ok(None);
        }
        let state = &view.database;
        let store = state.columns.store(collection.id);
        if state.columns.want(&store, operands).len() < operands.len() {
            return Ok(None);
        }
        let has_all = |columns: &Arc<Columns>| operands.iter().all(|operand| columns.column(operand).is_some());
        let known = store.columns(collection).filter(|columns| store.changed().remembers(columns.version()));
        let columns = match known.filter(has_all) {
            Some(columns) => refreshed(state, &store, columns)?,
            None => fill(state, &store, collection, operands, cancel)?,
        };
        let Some(columns) = columns.filter(has_all) else { return Ok(None) };
        let Some(mut patch) = store.changed().after(columns.version().min(view.version), PATCH_CHANGES_MAX) else {
            return Ok(None);
        };
        if let Some(own) = view.writes.rows_of(collection.id) {
            if own.len() > PATCH_CHANGES_MAX {
                return Ok(None);
            }
            patch.extend(own.keys().map(EntryKey::as_bytes).map(Box::from));
        }
        let mut patched = Bitmap::none(columns.len());
        patch.iter().filter_map(|key| columns.ordinal(key)).for_each(|ordinal| patched.insert(ordinal));
        Ok(Some(ColumnReading { columns, store, patch, patched }))
    }

    /// Columns of all the operands, where they are there, have at most so many rows, and need nothing done before they are read.
    pub fn at_hand(
        view: &ReadView,
        collection: &Arc<Collection>,
        operands: &[&Operand],
        rows_max: usize,
    ) -> Option<Arc<Columns>> {
        let store = view.database.columns.get(collection.id)?;
        let columns = store.columns(collection).filter(|columns| {
            columns.len() <= rows_max && operands.iter().all(|operand| columns.column(operand).is_some())
        })?;
        store.changed().after(columns.version(), STALE_CHANGES_MAX).is_some().then_some(columns)
    }

    /// How many entries a filter selects, where columns of at most so many rows are at hand that tell it whole, in microseconds.
    pub fn count_at_hand(
        view: &ReadView,
        collection: &Arc<Collection>,
        filter: &Program,
        rows_max: usize,
    ) -> Option<SelectedCount> {
        let operands = conditions::servable_operands(filter);
        if operands.is_empty() || !operands.iter().all(|operand| is_columnar(collection, operand)) {
            return None;
        }
        let columns = ColumnReading::at_hand(view, collection, &operands, rows_max)?;
        let store = view.database.columns.get(collection.id)?;
        if !conditions::is_quick(&columns, filter, &store.selected) {
            return None;
        }
        let patch = store.changed().after(columns.version().min(view.version), STALE_CHANGES_MAX)?.len();
        let selected = conditions::select(&columns, filter, &store.selected).ok().flatten()?;
        let own = view.writes.rows_of(collection.id).map_or(0, |own| own.len());
        let apart = selected.apart.as_ref().map_or(0, Bitmap::count);
        (!selected.has_rest).then(|| SelectedCount { rows: selected.rows.count(), by_row: patch + own + apart })
    }

    /// Whether there are columns of all the operands, up to date or not.
    pub fn are_there(view: &ReadView, collection: &Arc<Collection>, operands: &[&Operand]) -> bool {
        let columns = view.database.columns.get(collection.id).and_then(|store| store.columns(collection));
        columns.is_some_and(|columns| operands.iter().all(|operand| columns.column(operand).is_some()))
    }

    /// The ordinals of living entries that the view may take from the columns.
    pub fn unchanged(&self) -> Bitmap {
        let mut rows = self.columns.live().clone();
        rows.leave_out(&self.patched);
        rows
    }

    /// What a filter selects; `None` where no part of it can be evaluated over columns, or where it fails on some row: then the
    /// entries are read one by one.
    pub fn select(&self, filter: &Program) -> Option<SelectedRows> {
        // Whether the reader comes to the row that a condition fails on is for his own way through the entries to say.
        let selected = conditions::select(&self.columns, filter, &self.store.selected).ok().flatten()?;
        let SelectedOrdinals { rows: shared, apart, has_rest, conditions } = selected;
        let mut rows = Bitmap::clone(&shared);
        rows.leave_out(&self.patched);
        let mut by_row = self.patch.clone();
        if let Some(apart) = apart {
            by_row.extend(apart.ordinals().filter_map(|ordinal| self.columns.key(ordinal)).map(Box::from));
        }
        let count = rows.count();
        let shared = (self.patched.count() == 0).then_some(shared);
        Some(SelectedRows { rows, count, shared, by_row, has_rest, conditions })
    }
}

impl ColumnReading {
    /// The ordinals that a filter selects and whose values all lie in the columns of `operands`, and the keys of the entries that are
    /// read one by one beside them; `None` where columns do not say exactly which those are.
    pub fn exact_rows(&self, filter: Option<&Program>, operands: &[&Operand]) -> Option<(Bitmap, KeySet)> {
        let (mut rows, mut by_row) = match filter {
            None => (self.unchanged(), self.patch.clone()),
            Some(filter) => {
                let selected = self.select(filter).filter(|selected| !selected.has_rest)?;
                (selected.rows, selected.by_row)
            }
        };
        let columns = &self.columns;
        for column in operands.iter().filter_map(|operand| columns.column(operand)).filter(|column| column.apart() > 0)
        {
            let mut apart = column.apart_rows();
            apart.keep(&rows);
            rows.leave_out(&apart);
            by_row.extend(apart.ordinals().filter_map(|ordinal| columns.key(ordinal)).map(Box::from));
        }
        Some((rows, by_row))
    }
}

/// What the filter of a query selects of a collection by columns; `None` where it has to be asked of each entry.
///
/// # Errors
/// As [`ColumnReading::open`].
pub(crate) fn select_by_columns(
    view: &ReadView,
    collection: &Arc<Collection>,
    filter: &Program,
    cancel: &Cancel,
) -> Result<Option<(ColumnReading, SelectedRows)>> {
    if collection.kind == CollectionKind::Auth {
        return Ok(None);
    }
    let mut operands = conditions::servable_operands(filter);
    operands.retain(|operand| is_columnar(collection, operand));
    if operands.is_empty() {
        return Ok(None);
    }
    let state = &view.database;
    let store = state.columns.store(collection.id);
    let operands = state.columns.want(&store, &operands);
    let Some(reading) = ColumnReading::open(view, collection, &operands, cancel)? else { return Ok(None) };
    let selected = reading.select(filter);
    Ok(selected.map(|selected| (reading, selected)))
}

/// The keys of the entries that a filter may let through, in order, where they are so few that looking them up is better than a
/// scan; the filter is to be asked of each of them again. `None` where it is not, or not known to be.
///
/// # Errors
/// As [`ColumnReading::open`].
pub(crate) fn few_selected_keys(
    view: &ReadView,
    collection: &Arc<Collection>,
    filter: &Program,
    (cancel, report): (&Cancel, &RunReport),
) -> Result<Option<Vec<Vec<u8>>>> {
    let Some((reading, selected)) = select_by_columns(view, collection, filter, cancel)? else { return Ok(None) };
    let looked_up = selected.count + selected.by_row.len();
    if looked_up.saturating_mul(LOOK_UP_COST) > reading.columns.len() + reading.patch.len() {
        return Ok(None);
    }
    report.note_selection(&reading, &selected);
    let ordinals = selected.rows.ordinals().filter_map(|ordinal| reading.columns.key(ordinal));
    let mut keys: Vec<Vec<u8>> = ordinals.chain(selected.by_row.iter().map(|key| &**key)).map(<[u8]>::to_vec).collect();
    keys.sort_unstable();
    Ok(Some(keys))
}

/// Whether the values of an operand may go into a column: whole documents, vectors and bytes do not, nor what every entry has
/// besides its fields.
pub(crate) fn is_columnar(collection: &Collection, operand: &Operand) -> bool {
    match operand {
        Operand::Column(position) => collection.columns.get(*position).is_some_and(|column| {
            !column.ty.is_dense_vector()
                && !matches!(
                    column.ty,
                    ColumnType::Json
                        | ColumnType::Jsonb
                        | ColumnType::Sparsevec(_)
                        | ColumnType::Bytea
                        | ColumnType::TsVector
                        | ColumnType::TsQuery
                        | ColumnType::Enum(_)
                        | ColumnType::Range(_)
                        | ColumnType::Multirange(_)
                        | ColumnType::Array(_)
                )
        }),
        Operand::Path { path, .. } => !path.is_empty(),
        Operand::System(_) | Operand::Key | Operand::Computed(_) => false,
    }
}

/// Columns as they are or newer: many changes are applied first, where nobody else is at it.
fn refreshed(state: &Arc<DbState>, store: &ColumnStore, columns: Arc<Columns>) -> Result<Option<Arc<Columns>>> {
    if store.changed().after(columns.version(), STALE_CHANGES_MAX).is_some() {
        return Ok(Some(columns));
    }
    let Some(_work) = store.try_work() else { return Ok(Some(columns)) };
    let Some(columns) = store.columns(columns.collection()) else { return Ok(None) };
    let view = ReadView::of(state, Arc::default());
    if !is_current(&view, columns.collection()) {
        return Ok(None);
    }
    // After the snapshot was taken: what it holds was noted before.
    let Some(changed) = store.changed().after(columns.version(), usize::MAX) else { return Ok(None) };
    let operands: Vec<Operand> = columns.operands().cloned().collect();
    let mut changes: BTreeMap<Box<[u8]>, RowChange> = BTreeMap::new();
    for key in changed {
        let values = visit_key(&view, columns.collection(), &key, |entry| {
            operands.iter().map(|operand| column_value(entry, operand)).collect::<Result<Vec<Value>>>()
        })?;
        changes.insert(key, values);
    }
    let new = columns.with_changes(view.version, changes).filter(|new| !new.is_worn());
    let Some(new) = new else {
        store.clear();
        return Ok(None);
    };
    let new = Arc::new(new);
    let spoilt: Vec<&Operand> = new.operands().filter(|operand| is_spoilt(&new, operand)).collect();
    spoilt.iter().for_each(|operand| store.set_mixed(operand));
    let new = if spoilt.is_empty() { new } else { Arc::new(new.without(&|operand| spoilt.contains(&operand))) };
    store.put(Arc::clone(&new));
    Ok(Some(new))
}

/// Whether too many values of an operand are not in its column.
fn is_spoilt(columns: &Columns, operand: &Operand) -> bool {
    const ROWS_PER_APART: usize = 8;
    columns.column(operand).is_some_and(|column| column.apart() > columns.len() / ROWS_PER_APART)
}

/// The value of an entry as it goes into a column. Where reading it fails by what it is, its row is apart.
fn column_value(entry: &EntryView<'_>, operand: &Operand) -> Result<Value> {
    match entry.operand(operand) {
        Err(error) if error.sqlstate().starts_with("22") => Ok(apart_value()),
        value => value,
    }
}

/// Makes columns of operands, and of those that there are columns of already; `None` where that is done in the background, by
/// somebody else, or not at all.
fn fill(
    state: &Arc<DbState>,
    store: &Arc<ColumnStore>,
    collection: &Arc<Collection>,
    operands: &[&Operand],
    cancel: &Cancel,
) -> Result<Option<Arc<Columns>>> {
    let wanted = with_known(store, collection, operands);
    if store.is_large() {
        fill_later(state, store, collection, wanted);
        return Ok(None);
    }
    let Some(_work) = store.try_work() else { return Ok(None) };
    // Somebody may just have made them.
    let has_all = |columns: &Arc<Columns>| operands.iter().all(|operand| columns.column(operand).is_some());
    let known = store.columns(collection).filter(|columns| store.changed().remembers(columns.version()));
    if let Some(columns) = known.filter(has_all) {
        return Ok(Some(columns));
    }
    match scan(state, store, collection, &wanted, FOREGROUND_ROWS_MAX, cancel)? {
        Scanned::Columns(columns) => Ok(Some(columns)),
        Scanned::TooManyRows => {
            store.set_large(true);
            fill_later(state, store, collection, wanted);
            Ok(None)
        }
        Scanned::Nothing => Ok(None),
    }
}

/// Has columns of operands made on a thread of its own, beside those that there are already, where they can be had.
pub(super) fn fill_behind(
    state: &Arc<DbState>,
    store: &Arc<ColumnStore>,
    collection: &Arc<Collection>,
    operands: &[&Operand],
) {
    if state.columns.want(store, operands).len() < operands.len() {
        return;
    }
    let wanted = with_known(store, collection, operands);
    fill_later(state, store, collection, wanted);
}

/// The operands, and those that there are columns of already.
fn with_known(store: &ColumnStore, collection: &Arc<Collection>, operands: &[&Operand]) -> Vec<Operand> {
    let mut wanted: Vec<Operand> = operands.iter().map(|operand| (*operand).clone()).collect();
    if let Some(columns) = store.columns(collection) {
        wanted.extend(columns.operands().filter(|operand| !operands.contains(operand)).cloned());
    }
    wanted
}

/// Makes columns on a thread of its own, unless one does already.
fn fill_later(state: &Arc<DbState>, store: &Arc<ColumnStore>, collection: &Arc<Collection>, wanted: Vec<Operand>) {
    if !store.begin_filling() {
        return;
    }
    let (own_state, own_store, collection) = (Arc::clone(state), Arc::clone(store), Arc::clone(collection));
    let filling = move |cancel: &Cancel| {
        let Some(_work) = own_store.try_work() else { return own_store.end_filling() };
        if let Err(error) = scan(&own_state, &own_store, &collection, &wanted, usize::MAX, cancel) {
            tracing::debug!(collection = collection.id.0, %error, "columns were not made; entries are read one by one");
        }
        own_store.end_filling();
    };
    if !state.fillers.run(filling) {
        store.end_filling();
    }
}

/// What a scan for columns came to.
enum Scanned {
    Columns(Arc<Columns>),
    TooManyRows,
    /// They cannot be had now.
    Nothing,
}

/// Whether entries are read by a definition as by the one of the moment; by another one they may be others.
fn is_current(view: &ReadView, collection: &Arc<Collection>) -> bool {
    view.catalog.collection_by_id(collection.id).is_some_and(|current| is_read_alike(current, collection))
}

fn scan(
    state: &Arc<DbState>,
    store: &Arc<ColumnStore>,
    collection: &Arc<Collection>,
    wanted: &[Operand],
    rows_max: usize,
    cancel: &Cancel,
) -> Result<Scanned> {
    state.columns.listen(store, || state.version());
    let view = ReadView::of(state, Arc::default());
    if !is_current(&view, collection) || !store.changed().remembers(view.version) {
        return Ok(Scanned::Nothing);
    }
    let mut keys = SortedKeys::default();
    let mut builders: Vec<ColumnBuilder> = wanted.iter().map(|_| ColumnBuilder::default()).collect();
    let (mut is_too_long, mut is_too_big) = (false, false);
    let everything = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
    visit_entries(&view, collection, &everything, cancel, &mut |entry| {
        if keys.len() >= rows_max {
            is_too_long = true;
            return Ok(ControlFlow::Break(()));
        }
        if keys.len().is_multiple_of(ROWS_PER_BUDGET_CHECK) {
            let bytes = builders.iter().map(ColumnBuilder::bytes).sum::<usize>() + keys.bytes();
            is_too_big = bytes > COLUMNS_BYTES_MAX;
            if is_too_big {
                return Ok(ControlFlow::Break(()));
            }
        }
        keys.push(entry.key)?;
        for (operand, builder) in wanted.iter().zip(&mut builders) {
            builder.push(column_value(entry, operand)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if is_too_long {
        return Ok(Scanned::TooManyRows);
    }
    if is_too_big {
        // The one that takes the most is to be had no more; the others may be without it.
        let sizes = wanted.iter().zip(&builders).map(|(operand, builder)| (builder.bytes(), operand));
        if let Some((_, largest)) = sizes.max_by_key(|(bytes, _)| *bytes) {
            store.set_mixed(largest);
        }
        if store.columns(collection).is_none() {
            store.clear();
        }
        return Ok(Scanned::Nothing);
    }
    let mut columns = Vec::with_capacity(wanted.len());
    for (operand, builder) in wanted.iter().zip(builders) {
        match builder.finish() {
            Some(column) => columns.push((operand.clone(), Arc::new(column))),
            None => store.set_mixed(operand),
        }
    }
    if columns.is_empty() {
        store.clear();
        return Ok(Scanned::Nothing);
    }
    store.set_large(keys.len() > FOREGROUND_ROWS_MAX);
    let columns = Arc::new(Columns::new(view.version, Arc::clone(collection), keys, columns));
    store.put(Arc::clone(&columns));
    state.columns.keep_to_budget(store);
    Ok(Scanned::Columns(columns))
}

#[cfg(test)]
#[path = "column_reading_tests.rs"]
mod tests;
