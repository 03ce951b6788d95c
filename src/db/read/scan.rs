//! Visiting the live entries of a collection in key order, with the own uncommitted changes merged in.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::db::pending::write_set::EntryKey;
use crate::db::read::entry_view::EntryView;
use crate::db::read::index_path::{IndexAccess, PrimaryKeyBounds};
use crate::db::read::secrets;
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::vault::secrets::secret_name;
use crate::error::Result;
use crate::model::{Collection, CollectionKind};
use crate::store::{Key, KeyRange, RecordView, skip_key_parts};

/// Entries between two looks at the cancel flag.
const ENTRIES_PER_CHECK: usize = 256;
/// Entries up to which looking at each is faster than reading what other parts of an index say of them.
const FEW_KEYS: usize = 64;

/// A range of encoded keys.
#[derive(Clone, Debug)]
pub(crate) struct ScanSpan {
    pub lower: Bound<Vec<u8>>,
    pub upper: Bound<Vec<u8>>,
    pub reverse: bool,
}

/// Calls `visit` with each live entry of the span in order until it breaks.
pub(crate) fn visit_entries(
    view: &ReadView,
    collection: &Collection,
    span: &ScanSpan,
    cancel: &Cancel,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut range = KeyRange::entries(collection.id).from(as_slice(&span.lower)).to(as_slice(&span.upper));
    if span.reverse {
        range = range.reversed();
    }
    let mut committed = view.snapshot.scan(&range);
    let own: Vec<&EntryKey> = match view.writes.rows_of(collection.id) {
        None => Vec::new(),
        Some(rows) => {
            let inside = rows.range::<[u8], _>((as_slice(&span.lower), as_slice(&span.upper))).map(|(key, _)| key);
            if span.reverse { inside.rev().collect() } else { inside.collect() }
        }
    };
    let mut own = own.into_iter().peekable();
    let mut visited = 0_usize;
    while let Some((key, record)) = committed.next()? {
        visited += 1;
        if visited.is_multiple_of(ENTRIES_PER_CHECK) {
            cancel.check()?;
        }
        while let Some(mine) = own.peek().copied() {
            let comes_first = if span.reverse { mine.as_bytes() > key } else { mine.as_bytes() < key };
            if !comes_first {
                break;
            }
            own.next();
            if visit_own(view, collection, mine, visit)?.is_break() {
                return Ok(());
            }
        }
        let mut pending = None;
        if own.peek().is_some_and(|mine| mine.as_bytes() == key) {
            own.next();
            pending = view.writes.row(collection.id, key);
        }
        let entry = EntryView { view, collection, key, record: Some(RecordView::parse(record)?), pending };
        if entry.is_alive() && visit(&entry)?.is_break() {
            return Ok(());
        }
    }
    for mine in own {
        if visit_own(view, collection, mine, visit)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// Visits an entry of the own transaction that has no committed record in the snapshot.
fn visit_own(
    view: &ReadView,
    collection: &Collection,
    key: &EntryKey,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    let pending = view.writes.row(collection.id, key.as_bytes());
    let entry = EntryView { view, collection, key: key.as_bytes(), record: None, pending };
    if entry.is_alive() { visit(&entry) } else { Ok(ControlFlow::Continue(())) }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    match bound {
        Bound::Included(key) => Bound::Included(key.as_slice()),
        Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// Keys of entries that an index names in each of its parts, in order and without repetition, and those that it names for the
/// changes of the own transaction, which the committer has not seen yet; `None` for more than `keys_max`.
pub(crate) fn index_keys(view: &ReadView, access: &IndexAccess, keys_max: usize) -> Result<Option<Vec<Vec<u8>>>> {
    let mut found: Option<BTreeSet<Vec<u8>>> = None;
    for spans in &access.parts {
        // Of few entries it is faster to look at each than to read what else the index says of them.
        if found.as_ref().is_some_and(|found| found.len() <= FEW_KEYS) {
            break;
        }
        let Some(keys) = keys_of(view, access, spans, keys_max)? else { continue };
        found = Some(match found {
            None => keys,
            Some(found) => found.intersection(&keys).cloned().collect(),
        });
    }
    Ok(found.map(|keys| keys.into_iter().collect()))
}

/// Keys of entries that an index names in one of these spans; `None` for more than `keys_max`.
fn keys_of(
    view: &ReadView,
    access: &IndexAccess,
    spans: &[PrimaryKeyBounds],
    keys_max: usize,
) -> Result<Option<BTreeSet<Vec<u8>>>> {
    let mut keys = BTreeSet::new();
    for (lower, upper) in spans {
        let range = KeyRange::index(access.id).from(as_slice(lower)).to(as_slice(upper));
        for suffix in view.writes.index_suffixes(&range) {
            keys.insert(skip_key_parts(suffix, access.columns)?.to_vec());
            if keys.len() > keys_max {
                return Ok(None);
            }
        }
        let mut entries = view.snapshot.scan(&range);
        while let Some((suffix, _)) = entries.next()? {
            keys.insert(skip_key_parts(suffix, access.columns)?.to_vec());
            if keys.len() > keys_max {
                return Ok(None);
            }
        }
    }
    Ok(Some(keys))
}

/// One entry by its key, `None` when it is not alive in the view.
pub(crate) fn visit_key<T>(
    view: &ReadView,
    collection: &Collection,
    key: &[u8],
    visit: impl FnOnce(&EntryView<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if view.reads.is_some() {
        view.mark_key(collection, key)?;
    }
    if collection.kind == CollectionKind::Auth {
        let name = secret_name(key)?;
        let (mut visit, mut result) = (Some(visit), None);
        secrets::visit(view, collection, Some(&name), &mut |entry| {
            if let Some(visit) = visit.take() {
                result = Some(visit(entry)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        return Ok(result);
    }
    let bytes = view.snapshot.get(&Key::Entry(collection.id, key))?;
    let record = bytes.as_deref().map(RecordView::parse).transpose()?;
    let entry = EntryView { view, collection, key, record, pending: view.writes.row(collection.id, key) };
    if entry.is_alive() { visit(&entry).map(Some) } else { Ok(None) }
}
