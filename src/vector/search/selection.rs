//! A selection of rows made by the caller: what it is told of each part of an index, and the bitmap it answers with.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a bitmap is as long as its part, which is asserted"
)]

use crate::vector::segment::keyed_vectors::Entries;

/// Rows in a word of a bitmap.
const WORD_ROWS: usize = u64::BITS as usize;

/// Names a part of one index for as long as the index is open. The rows of a part never change their order or their keys:
/// those of a sealed part are all there, others may get more rows behind. Another index, also one that was read from the
/// file of this one, gives the same names to other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartId {
    pub(super) unit: u32,
    /// For a block of a tail, which of them.
    pub(super) block: u32,
}

/// The keys of one part, shown to the caller so that it says which rows it wants.
pub struct PartKeys<'a> {
    part: PartId,
    is_sealed: bool,
    entries: &'a Entries,
}

impl<'a> PartKeys<'a> {
    pub(super) fn new(part: PartId, is_sealed: bool, entries: &'a Entries) -> PartKeys<'a> {
        PartKeys { part, is_sealed, entries }
    }

    /// Which part it is.
    pub fn part(&self) -> PartId {
        self.part
    }

    /// Whether the part gets no more rows, so that what belongs to its rows is worth keeping.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// Rows of the part, deleted ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of a row below [`PartKeys::len`].
    pub fn key(&self, row: u32) -> &'a [u8] {
        self.entries.key(row)
    }

    /// The keys in the order of the rows, those of deleted rows included.
    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.entries.keys()
    }

    /// Whether a row is the current one of its key. Rows that are not are left out of any selection by the search.
    pub fn is_live(&self, row: u32) -> bool {
        self.entries.is_live(row)
    }
}

/// Rows of one part that may be returned: one bit a row, in the order of the part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBitmap {
    rows: usize,
    words: Box<[u64]>,
}

impl RowBitmap {
    /// No row of so many.
    pub fn none(rows: usize) -> RowBitmap {
        RowBitmap { rows, words: vec![0; rows.div_ceil(WORD_ROWS)].into() }
    }

    /// Every row of so many.
    pub fn all(rows: usize) -> RowBitmap {
        RowBitmap::from_words(rows, vec![u64::MAX; rows.div_ceil(WORD_ROWS)].into())
    }

    /// The rows whose bits are set, row 0 in the lowest bit of the first word; bits beyond the last row are cleared.
    ///
    /// # Panics
    /// When there is not one word for each 64 rows begun.
    pub fn from_words(rows: usize, mut words: Box<[u64]>) -> RowBitmap {
        assert_eq!(words.len(), rows.div_ceil(WORD_ROWS), "a bitmap has a bit for each row");
        let beyond = rows % WORD_ROWS;
        if let Some(last) = words.last_mut().filter(|_| beyond > 0) {
            *last &= (1 << beyond) - 1;
        }
        RowBitmap { rows, words }
    }

    /// The rows for which `is_selected` is true, asked in order.
    pub fn from_fn(rows: usize, mut is_selected: impl FnMut(u32) -> bool) -> RowBitmap {
        let mut next = 0u32;
        let words = (0..rows.div_ceil(WORD_ROWS)).map(|word| {
            (0..WORD_ROWS.min(rows - word * WORD_ROWS)).fold(0u64, |bits, bit| {
                let selected = is_selected(next);
                next += 1;
                bits | u64::from(selected) << bit
            })
        });
        RowBitmap { rows, words: words.collect() }
    }

    /// Adds a row below [`RowBitmap::rows`].
    pub fn set(&mut self, row: u32) {
        assert!((row as usize) < self.rows, "row {row} of {}", self.rows);
        self.words[row as usize / WORD_ROWS] |= 1 << (row as usize % WORD_ROWS);
    }

    /// Whether a row below [`RowBitmap::rows`] is selected.
    #[inline(always)]
    pub fn is_set(&self, row: u32) -> bool {
        self.words[row as usize / WORD_ROWS] & (1 << (row as usize % WORD_ROWS)) != 0
    }

    /// How many rows it is about.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows are selected.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// The selected rows in order.
    pub fn selected(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).step_by(WORD_ROWS).zip(&self.words).flat_map(|(first, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                (left != 0).then(|| {
                    left &= left - 1;
                    first + bit
                })
            })
        })
    }

    /// Takes out the rows that are not live.
    pub(super) fn keep_live(&mut self, entries: &Entries) {
        for (word, deleted) in self.words.iter_mut().zip(entries.deleted.words()) {
            *word &= !deleted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_counts_and_lists_its_rows() {
        for rows in [0, 1, 63, 64, 65, 1_000] {
            assert_eq!((RowBitmap::none(rows).count(), RowBitmap::all(rows).count()), (0, rows));
            assert_eq!(RowBitmap::all(rows).selected().count(), rows);
            let thirds = RowBitmap::from_fn(rows, |row| row % 3 == 0);
            let mut set = RowBitmap::none(rows);
            (0u32..).take(rows).filter(|row| row % 3 == 0).for_each(|row| set.set(row));
            assert_eq!(thirds, set);
            assert_eq!(RowBitmap::from_words(rows, set.words.clone()), set);
            assert!(thirds.selected().eq((0u32..).take(rows).filter(|row| row % 3 == 0)));
            assert!((0u32..).take(rows).all(|row| thirds.is_set(row) == (row % 3 == 0)));
        }
    }
}
