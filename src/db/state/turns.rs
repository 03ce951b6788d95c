//! Turns of statements that come too late again and again.
//!
//! A statement that computes a value for every entry it sees is refused where somebody has written another one meanwhile, and run again.
//! Beside clients that write all the time that would have no end: then it takes its turn. From then on commits that write to the
//! collection wait until it has ended, in the order in which they came, as statements do that wait for a lock of a table in
//! PostgreSQL. Whoever waits waits for one statement, and stops waiting when its own is cancelled.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::model::CollectionId;

/// The collections in which a statement has its turn, or waits for it.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    gates: Mutex<BTreeMap<CollectionId, Arc<RwLock<()>>>>,
}

/// The turn of one statement. Whoever waits goes on when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    /// `None` while it is being dropped.
    gate: Option<OwnedRwLockWriteGuard<()>>,
}

/// Keeps statements that want their turn waiting, until a commit has ended.
pub(crate) type Passed = Vec<OwnedRwLockReadGuard<()>>;

impl Turns {
    /// Waits for the turn of a statement that writes to a collection.
    pub async fn take(self: &Arc<Self>, collection: CollectionId) -> Turn {
        let gate = Arc::clone(self.gates.lock().entry(collection).or_default());
        let gate = Some(gate.write_owned().await);
        Turn { turns: Arc::clone(self), gate }
    }

    /// Waits until nobody has a turn in these collections.
    pub async fn pass(&self, collections: impl Iterator<Item = CollectionId>) -> Passed {
        let gates: Vec<Arc<RwLock<()>>> = {
            let known = self.gates.lock();
            collections.filter_map(|collection| known.get(&collection).cloned()).collect()
        };
        let mut passed = Vec::with_capacity(gates.len());
        for gate in gates {
            passed.push(gate.read_owned().await);
        }
        passed
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.gate.take());
        self.turns.gates.lock().retain(|_, gate| Arc::strong_count(gate) > 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn commits_wait_for_the_statement_whose_turn_it_is_and_it_waits_for_those_before_it() {
        let turns = Arc::new(Turns::default());
        let (table, other) = (CollectionId(7), CollectionId(8));
        assert!(turns.pass([table, other].into_iter()).await.is_empty(), "nobody wants a turn");
        let turn = turns.take(table).await;
        let mut first = Box::pin(turns.pass([table, other].into_iter()));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(turns.pass([other].into_iter()).await.is_empty(), "another collection is nobody's concern");
        let mut second = Box::pin(turns.take(table));
        assert!(second.as_mut().now_or_never().is_none());
        let mut late = Box::pin(turns.pass([table].into_iter()));
        assert!(late.as_mut().now_or_never().is_none());
        drop(turn);
        let passed = first.now_or_never().expect("it is the first that waited");
        assert!(second.as_mut().now_or_never().is_none(), "that commit has not ended");
        drop(passed);
        let turn = second.now_or_never().expect("then the next statement");
        assert!(late.as_mut().now_or_never().is_none());
        drop(turn);
        drop(late.now_or_never().expect("then who came last"));
        drop(turns.take(table).await);
        assert!(turns.gates.lock().is_empty(), "nothing is left of it");
    }
}
