//! Which rows of a nearest-neighbour index are which ordinals of columns.
//!
//! The rows of a part never change their order or their keys, and the ordinals of columns stay as long as their origin does: what
//! was looked up once is kept, and only rows and ordinals that are new are looked up. So are the rows of the selections that came
//! last, as long as it is the same selection: a filter that comes again costs nothing here either.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::columns::bitmap::{Bitmap, WORD_BITS};
use crate::db::columns::columns::Columns;
use crate::vector::{PartId, PartKeys, RowBitmap};

/// Stands for a row whose key has no ordinal, and for an ordinal that has no row.
const NONE: u32 = u32::MAX;
/// Parts of one index that are known, at most.
const PARTS_MAX: usize = 512;
/// Selections of sealed parts that are kept, at most.
const SELECTIONS_MAX: usize = 16;
/// One in so many rows is selected at most where the ordinals are gone through instead of the rows.
const ROWS_PER_SELECTED: usize = 8;

/// The ordinals of the rows of one index, by part.
#[derive(Debug, Default)]
pub(crate) struct PartOrdinals {
    known: Mutex<Known>,
    /// Newest last.
    kept: Mutex<VecDeque<KeptSelection>>,
}

/// Which rows of a part a selection of ordinals came to.
#[derive(Debug)]
struct KeptSelection {
    part: PartId,
    selected: Arc<Bitmap>,
    rows: RowBitmap,
}

/// A selection of ordinals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrdinalSelection<'a> {
    pub ordinals: &'a Bitmap,
    /// How many there are.
    pub count: usize,
    /// The same, where others may come with it again.
    pub shared: Option<&'a Arc<Bitmap>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The origin of the ordinals.
    origin: u64,
    parts: HashMap<PartId, Arc<OrdinalsOfPart>>,
}

/// The ordinals of the rows of one part.
#[derive(Clone, Debug, Default)]
struct OrdinalsOfPart {
    /// By row.
    ordinals: Vec<u32>,
    /// Rows without an ordinal.
    missing: Vec<u32>,
    /// How many ordinals there were.
    ordinals_known: usize,
    /// By ordinal, where the part gets no more rows and has each key once.
    rows: Option<Vec<u32>>,
}

impl PartOrdinals {
    /// The rows of a part whose ordinals are among those selected.
    pub fn select(&self, part: &PartKeys<'_>, columns: &Columns, selection: OrdinalSelection<'_>) -> RowBitmap {
        let shared = selection.shared.filter(|_| part.is_sealed());
        if let Some(kept) = shared.and_then(|selected| self.kept(part.part(), selected)) {
            return kept;
        }
        let rows = self.of(part, columns).select(part.len(), selection);
        if let Some(selected) = shared {
            let mut kept = self.kept.lock();
            if kept.len() >= SELECTIONS_MAX {
                kept.pop_front();
            }
            let (part, selected) = (part.part(), Arc::clone(selected));
            kept.push_back(KeptSelection { part, selected, rows: rows.clone() });
        }
        rows
    }

    fn kept(&self, part: PartId, selected: &Arc<Bitmap>) -> Option<RowBitmap> {
        let mut kept = self.kept.lock();
        let place = kept.iter().position(|kept| kept.part == part && Arc::ptr_eq(&kept.selected, selected))?;
        let found = kept.remove(place)?;
        let rows = found.rows.clone();
        kept.push_back(found);
        Some(rows)
    }

    fn of(&self, part: &PartKeys<'_>, columns: &Columns) -> Arc<OrdinalsOfPart> {
        let mut known = self.known.lock();
        if known.origin != columns.origin() {
            *known = Known { origin: columns.origin(), parts: HashMap::new() };
        }
        let old = known.parts.get(&part.part());
        if let Some(old) = old.filter(|old| old.is_current(part, columns)) {
            // A reader of an older state of the same columns knows fewer ordinals; those behind are not among its selected.
            return Arc::clone(old);
        }
        let mut new = old.map(|old| OrdinalsOfPart::clone(old)).unwrap_or_default();
        new.look_up(part, columns);
        let new = Arc::new(new);
        if known.parts.len() >= PARTS_MAX {
            known.parts.clear();
        }
        known.parts.insert(part.part(), Arc::clone(&new));
        new
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let selections = self.kept.lock().iter().map(|kept| kept.selected.bytes() + kept.rows.bytes()).sum::<usize>();
        let known = self.known.lock();
        let numbers = |part: &Arc<OrdinalsOfPart>| {
            part.ordinals.capacity() + part.missing.capacity() + part.rows.as_ref().map_or(0, Vec::capacity)
        };
        known.parts.values().map(numbers).sum::<usize>() * size_of::<u32>() + selections
    }
}

impl OrdinalsOfPart {
    /// Which of so many rows are selected.
    fn select(&self, len: usize, selection: OrdinalSelection<'_>) -> RowBitmap {
        let OrdinalSelection { ordinals: selected, count, .. } = selection;
        if let Some(rows) = self.rows.as_ref().filter(|_| count < len / ROWS_PER_SELECTED) {
            let mut bitmap = RowBitmap::none(len);
            let rows = selected.ordinals().filter_map(|ordinal| rows.get(ordinal as usize));
            rows.filter(|row| **row != NONE).for_each(|row| bitmap.set(*row));
            return bitmap;
        }
        let known = self.ordinals.get(..len).unwrap_or(&self.ordinals);
        let words = known.chunks(WORD_BITS).map(|ordinals| {
            let bits = ordinals.iter().enumerate();
            bits.fold(0, |word, (bit, ordinal)| word | u64::from(selected.contains(*ordinal)) << bit)
        });
        RowBitmap::from_words(len, words.collect())
    }

    fn is_current(&self, part: &PartKeys<'_>, columns: &Columns) -> bool {
        let has_ordinals = self.missing.is_empty() || self.ordinals_known >= columns.len();
        self.ordinals.len() >= part.len() && has_ordinals
    }

    fn look_up(&mut self, part: &PartKeys<'_>, columns: &Columns) {
        let known = self.ordinals.len();
        self.missing.retain(|row| {
            let found = columns.ordinal(part.key(*row));
            if let (Some(place), Some(ordinal)) = (self.ordinals.get_mut(*row as usize), found) {
                *place = ordinal;
            }
            found.is_none()
        });
        for (row, key) in (0_u32..).zip(part.keys()).skip(known) {
            let ordinal = columns.ordinal(key).unwrap_or(NONE);
            self.ordinals.push(ordinal);
            if ordinal == NONE {
                self.missing.push(row);
            }
        }
        self.ordinals_known = columns.len();
        self.rows = part.is_sealed().then(|| self.by_ordinal(columns.len())).flatten();
    }

    /// The row of each ordinal; `None` where two rows have the same.
    fn by_ordinal(&self, len: usize) -> Option<Vec<u32>> {
        let mut rows = vec![NONE; len];
        for (row, ordinal) in (0_u32..).zip(&self.ordinals) {
            if let Some(place) = rows.get_mut(*ordinal as usize) {
                if *place != NONE {
                    return None;
                }
                *place = row;
            }
        }
        Some(rows)
    }
}
