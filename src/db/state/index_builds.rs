//! Ordered indexes that open transactions are building.
//!
//! The entries of such an index lie in the store, but no catalog names it before its transaction commits, so nobody reads
//! it. The committer fills it in steps between commits and, from before the first step, lets it follow every commit: after
//! the last step it holds what the table holds. COMMIT puts it into the catalog together with everything else that the
//! transaction did. Where the transaction ends in another way, or the server with it, the entries go: a marker in the
//! store names every index that is being built, and a start removes what it finds marked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Index};

/// Values of one unique index that several entries had at some time of its build, at most.
const SUSPECTS_MAX: usize = 100_000;

/// An index that is being built, as the committer knows it.
pub(crate) struct Build {
    /// The collection as the transaction has it.
    pub collection: Arc<Collection>,
    pub index: Index,
    is_filled: AtomicBool,
    /// Its transaction has ended.
    is_released: AtomicBool,
    /// Encoded values that more than one entry had when somebody looked. The commit looks again.
    suspects: Mutex<BTreeSet<Vec<u8>>>,
    /// Why it cannot follow what others have committed.
    failure: Mutex<Option<Error>>,
}

impl Build {
    pub fn new(collection: &Arc<Collection>, index: &Index) -> Build {
        Build {
            collection: Arc::clone(collection),
            index: index.clone(),
            is_filled: AtomicBool::new(false),
            is_released: AtomicBool::new(false),
            suspects: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    pub fn is_unique(&self) -> bool {
        self.index.kind.is_unique()
    }

    /// Whether it holds everything that is committed.
    pub fn is_filled(&self) -> bool {
        self.is_filled.load(Ordering::Acquire)
    }

    pub fn set_filled(&self) {
        self.is_filled.store(true, Ordering::Release);
    }

    /// Its transaction has ended, with the index or without it.
    pub fn release(&self) {
        self.is_released.store(true, Ordering::Release);
    }

    pub fn is_released(&self) -> bool {
        self.is_released.load(Ordering::Acquire)
    }

    /// Notes values that more than one entry has.
    pub fn suspect(&self, columns: &[u8]) {
        let mut suspects = self.suspects.lock();
        // One more than allowed says that there were too many.
        if suspects.len() <= SUSPECTS_MAX {
            suspects.insert(columns.to_vec());
        }
    }

    /// Notes why it cannot follow a commit: the transaction that builds it fails with that, not the one that wrote.
    pub fn fail(&self, error: Error) {
        self.failure.lock().get_or_insert(error);
    }

    /// The values to look at again.
    ///
    /// # Errors
    /// 40001 when they were too many to remember; what [`Build::fail`] has noted.
    pub fn suspects(&self) -> Result<Vec<Vec<u8>>> {
        if let Some(error) = &*self.failure.lock() {
            return Err(error.clone());
        }
        let suspects = self.suspects.lock();
        if suspects.len() > SUSPECTS_MAX {
            let error = format!(
                "could not serialize access: more than {SUSPECTS_MAX} values were not unique while index \"{}\" was built",
                self.index.name
            );
            return Err(Error::new(ErrorKind::SerializationFailure, error).with_hint("Run the transaction again."));
        }
        Ok(suspects.iter().cloned().collect())
    }
}

/// All builds of a database. Only the committer adds and removes.
#[derive(Default)]
pub(crate) struct Builds(Mutex<Vec<Arc<Build>>>);

impl Builds {
    pub fn add(&self, build: Arc<Build>) {
        self.0.lock().push(build);
    }

    pub fn all(&self) -> Vec<Arc<Build>> {
        self.0.lock().clone()
    }

    /// The index is in the catalog, or gone with the commit that made it.
    pub fn finish(&self, index: CollectionId) {
        self.0.lock().retain(|build| build.index.id != index);
    }

    /// Those whose transactions have ended without them.
    pub fn take_released(&self) -> Vec<Arc<Build>> {
        let mut builds = self.0.lock();
        let (released, going_on) = std::mem::take(&mut *builds).into_iter().partition(|build| build.is_released());
        *builds = going_on;
        released
    }
}
