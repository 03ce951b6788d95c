//! Looking into many small ranges of one snapshot, one after the other.
//!
//! Making an iterator costs more than a seek by it, so a [`Probe`] has one for all looks. It remembers between which keys the last
//! look has found none: rows that come into a new index, or behind its end, are looked up without a seek.

use std::ops::ControlFlow;

use rocksdb::{DB, DBRawIterator, ReadOptions};

use crate::error::Result;
use crate::store::key::family::Family;
use crate::store::key::key::KeyRange;
use crate::store::rocks::column_families::store_error;
use crate::store::rocks::snapshot::Snapshot;

/// One iterator over a family of a snapshot, which it holds. It keeps what it reads from being freed: not for long.
pub struct Probe {
    /// Dropped before the snapshot that it points at.
    iterator: DBRawIterator<'static>,
    family: Family,
    /// There are no keys from the first on up to the second, or up to the end of the family where there is no second.
    gap: Option<(Vec<u8>, Option<Vec<u8>>)>,
    _snapshot: Snapshot,
}

impl Probe {
    /// For ranges of the family of `range`.
    ///
    /// # Errors
    /// XX000 for a family that an older store lacks.
    pub fn new(snapshot: &Snapshot, range: &KeyRange) -> Result<Probe> {
        let snapshot = snapshot.clone();
        let database = snapshot.database();
        let db: *const DB = &raw const database.db;
        // SAFETY: `db` lies in the allocation of an `Arc<RocksDatabase>` that `snapshot` keeps a counted reference of, which does
        // not move and to which nobody has `&mut` access. `Probe` drops `iterator` before `snapshot` and lends neither, nor
        // anything that borrows from them, beyond its own lifetime.
        let db: &'static DB = unsafe { &*db };
        let mut options = ReadOptions::default();
        options.set_snapshot(snapshot.rocksdb());
        let iterator = db.raw_iterator_cf_opt(database.family(range.family())?, options);
        Ok(Probe { iterator, family: range.family(), gap: None, _snapshot: snapshot })
    }

    /// Calls `visit` with each key of a range, without its prefix, in order until it breaks.
    ///
    /// # Errors
    /// As [`Snapshot::get`]; what `visit` returns.
    ///
    /// # Panics
    /// For a range of another family.
    pub fn visit(&mut self, range: &KeyRange, visit: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>) -> Result<()> {
        assert_eq!(range.family(), self.family, "a probe looks into one family");
        if range.is_empty() || self.is_in_gap(range) {
            return Ok(());
        }
        self.iterator.seek(range.lower());
        let mut is_first = true;
        while let Some(key) = self.iterator.key() {
            if range.upper().is_some_and(|upper| key >= upper) {
                if is_first {
                    self.gap = Some((range.lower().to_vec(), Some(key.to_vec())));
                }
                return Ok(());
            }
            is_first = false;
            if visit(range.suffix(key))?.is_break() {
                return Ok(());
            }
            self.iterator.next();
        }
        self.iterator.status().map_err(|error| store_error(&error))?;
        if is_first {
            self.gap = Some((range.lower().to_vec(), None));
        }
        Ok(())
    }

    fn is_in_gap(&self, range: &KeyRange) -> bool {
        let Some((lower, upper)) = &self.gap else { return false };
        lower.as_slice() <= range.lower()
            && match (upper, range.upper()) {
                (None, _) => true,
                (Some(end), Some(upper)) => upper <= end.as_slice(),
                (Some(_), None) => false,
            }
    }
}
