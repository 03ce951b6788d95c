//! What conditions have selected of a state of columns lately, so that a filter that comes again costs nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::columns::bitmap::Bitmap;

/// Bitmaps of one collection that are kept.
const BITMAPS_MAX: usize = 16;
/// Bytes of a condition's text beyond which its bitmap is not kept.
const CONDITION_BYTES_MAX: usize = 4096;

/// The bitmaps of the conditions that were asked last, newest last.
#[derive(Debug, Default)]
pub(crate) struct SelectedCache(Mutex<VecDeque<Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    state: u64,
    condition: Arc<str>,
    rows: Arc<Bitmap>,
}

impl SelectedCache {
    /// The rows of a state of columns for which a condition holds, as far as they were kept.
    pub fn get(&self, state: u64, condition: &str) -> Option<Arc<Bitmap>> {
        let mut kept = self.0.lock();
        let place = kept.iter().position(|kept| kept.state == state && *kept.condition == *condition)?;
        let found = kept.remove(place)?;
        let rows = Arc::clone(&found.rows);
        kept.push_back(found);
        Some(rows)
    }

    /// Keeps the rows of a condition.
    pub fn keep(&self, state: u64, condition: &str, rows: &Arc<Bitmap>) {
        if condition.len() > CONDITION_BYTES_MAX {
            return;
        }
        let mut kept = self.0.lock();
        // No reader comes back to a state that was replaced, but for those that have it already.
        kept.retain(|kept| kept.state >= state);
        if kept.len() >= BITMAPS_MAX {
            kept.pop_front();
        }
        kept.push_back(Kept { state, condition: condition.into(), rows: Arc::clone(rows) });
    }

    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.0.lock().iter().map(|kept| kept.condition.len() + kept.rows.bytes() + size_of::<Kept>()).sum()
    }
}
