//! The keys that commits have changed lately: what may differ between columns and a reader's snapshot.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

/// Changes that are remembered. Who asks for what happened before them reads entry by entry.
pub(crate) const CHANGED_KEYS_MAX: usize = 1 << 16;
/// Bytes of keys that are remembered.
const CHANGED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Encoded primary keys that a reader may not take from columns.
pub(crate) type KeySet = HashSet<Box<[u8]>>;

/// Keys that commits were about to change, with the number of the commit, oldest first.
#[derive(Debug)]
pub(crate) struct ChangedKeys(Mutex<Recent>);

#[derive(Debug)]
struct Recent {
    /// Whether changes are noted.
    is_listening: bool,
    /// They never are any more: nobody would tell it of them.
    is_closed: bool,
    keys: VecDeque<(u64, Box<[u8]>)>,
    bytes: usize,
    /// Number of the last commit of which a change may have been missed, since nobody listened yet.
    missed: u64,
    /// Number of the last commit of which a change was forgotten.
    forgotten: u64,
}

impl Recent {
    fn nothing() -> Recent {
        Recent {
            is_listening: false,
            is_closed: false,
            keys: VecDeque::new(),
            bytes: 0,
            missed: u64::MAX,
            forgotten: 0,
        }
    }

    /// Whether all changes of commits after `version` are there.
    fn has_all_after(&self, version: u64) -> bool {
        self.missed.max(self.forgotten) <= version
    }
}

impl ChangedKeys {
    /// None, and nothing is known of any commit until [`ChangedKeys::begin`].
    pub fn new() -> ChangedKeys {
        ChangedKeys(Mutex::new(Recent::nothing()))
    }

    /// From now on changes are noted; whether they were not before. What commits have changed up to now is known no sooner than
    /// [`ChangedKeys::begin`] says from where on.
    pub fn listen(&self) -> bool {
        let mut recent = self.0.lock();
        !recent.is_closed && !std::mem::replace(&mut recent.is_listening, true)
    }

    /// Notes nothing any more, and knows of no commit.
    pub fn stop(&self) {
        let mut recent = self.0.lock();
        *recent = Recent { is_closed: recent.is_closed, ..Recent::nothing() };
    }

    /// As [`ChangedKeys::stop`], for ever.
    pub fn close(&self) {
        *self.0.lock() = Recent { is_closed: true, ..Recent::nothing() };
    }

    /// All is noted that commits after `missed` change, unless it was stopped meanwhile.
    pub fn begin(&self, missed: u64) {
        let mut recent = self.0.lock();
        if recent.is_listening {
            recent.missed = missed;
        }
    }

    /// Notes keys that commit `version` is about to change.
    pub fn note<'k>(&self, version: u64, keys: impl Iterator<Item = &'k [u8]>) {
        let mut recent = self.0.lock();
        if !recent.is_listening {
            return;
        }
        for key in keys {
            recent.bytes += key.len();
            recent.keys.push_back((version, key.into()));
            while recent.keys.len() > CHANGED_KEYS_MAX || recent.bytes > CHANGED_BYTES_MAX {
                let Some((version, key)) = recent.keys.pop_front() else { break };
                recent.bytes -= key.len();
                recent.forgotten = recent.forgotten.max(version);
            }
        }
    }

    /// Whether what commits after `version` have changed is known.
    pub fn remembers(&self, version: u64) -> bool {
        self.0.lock().has_all_after(version)
    }

    /// The keys that commits after `version` have changed or are about to; `None` where not all of them are known, or where
    /// they are more than `most`, each counted as often as it was changed.
    pub fn after(&self, version: u64, most: usize) -> Option<KeySet> {
        let recent = self.0.lock();
        if !recent.has_all_after(version) {
            return None;
        }
        let newer = || recent.keys.iter().rev().take_while(|(changed, _)| *changed > version);
        (newer().take(most.saturating_add(1)).count() <= most).then(|| newer().map(|(_, key)| key.clone()).collect())
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let recent = self.0.lock();
        recent.bytes + recent.keys.capacity() * size_of::<(u64, Box<[u8]>)>()
    }
}
