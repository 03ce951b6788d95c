//! An open database: its threads, and the door to transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::roles::OWNER;
use crate::db::feed::event::{FeedEvent, NetworkEvent};
use crate::db::feed::feed::FeedReceiver;
use crate::db::feed::signals::Changed;
use crate::db::pending::write_set::WriteSet;
use crate::db::read::view::ReadView;
use crate::db::state::activity::Activity;
use crate::db::state::state::DbState;
use crate::db::state::turns::Turn;
use crate::db::vectors::graph_builder::{self, Graphs};
use crate::db::write::commit::commit_queue::{CommitQueue, Job};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::Result;
use crate::model::{CollectionId, DrawnNumbers, MemoryAccount, PeerId, Role, ScramVerifier};
use crate::store::{Batch, BlobHash, Key};

/// A database. Clones share it; the last one dropped, or [`Database::shutdown`], stops it.
///
/// Its methods are the doors of its parts (views, transactions, locks, feed, backups, repairs), a few lines each, in the files of those.
#[derive(Clone)]
pub struct Database {
    running: Arc<Running>,
    secrecy: Secrecy,
    /// What whoever has this handle, and clones of it, has drawn from sequences.
    drawn: DrawnNumbers,
}

/// Whether whoever has this handle of a database may have its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Open,
    Hidden,
}

/// The threads of a database, stopped when this is dropped.
struct Running {
    queue: CommitQueue,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Database {
    /// A database of what was loaded, with the threads that run on it.
    pub(in crate::db) fn running(queue: CommitQueue, stop: Arc<AtomicBool>, threads: Vec<JoinHandle<()>>) -> Database {
        let running = Arc::new(Running { queue, stop, threads: Mutex::new(threads) });
        Database { running, secrecy: Secrecy::Open, drawn: DrawnNumbers::default() }
    }

    pub(crate) fn shared(&self) -> &Arc<DbState> {
        self.running.queue.state()
    }

    /// The way to the committer.
    pub(in crate::db) fn queue(&self) -> &CommitQueue {
        &self.running.queue
    }

    /// The same database for somebody who shall not have its secrets: AUTH entries and those of networks are refused with
    /// 42501 to what is begun or read by the handle. Nothing gives them back to it.
    #[must_use]
    pub fn without_secrets(&self) -> Database {
        Database { secrecy: Secrecy::Hidden, ..self.clone() }
    }

    /// The same database for a session, which knows what it has drawn from sequences and nothing of what others have.
    #[must_use]
    pub fn for_session(&self) -> Database {
        Database { drawn: DrawnNumbers::default(), ..self.clone() }
    }

    /// What was drawn from sequences by this handle.
    pub fn drawn(&self) -> &DrawnNumbers {
        &self.drawn
    }

    pub(crate) fn hides_secrets(&self) -> bool {
        self.secrecy == Secrecy::Hidden
    }

    /// A transaction on the present state.
    pub fn begin(&self) -> Transaction {
        Transaction::begin(self.queue(), (self.hides_secrets(), self.drawn.clone()), 0)
    }

    /// As [`Database::begin`]; what the transaction writes is taken from a connection's account, and what it locks is the
    /// connection's.
    pub fn begin_for(&self, account: &MemoryAccount, connection: i32) -> Transaction {
        let who = (self.hides_secrets(), self.drawn.clone());
        let mut transaction = Transaction::begin(self.queue(), who, connection);
        transaction.writes().charge_to(account);
        transaction
    }

    /// The present state, for reading.
    pub fn view(&self) -> ReadView {
        let (hides_secrets, drawn) = (self.hides_secrets(), self.drawn.clone());
        ReadView { hides_secrets, drawn, ..ReadView::of(self.shared(), Arc::new(WriteSet::default())) }
    }

    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared().catalog()
    }

    pub fn peer_id(&self) -> PeerId {
        self.shared().peer_id()
    }

    /// Who is connected to it, and what runs.
    pub fn activity(&self) -> &Activity {
        &self.shared().activity
    }

    /// Listens to the change feed from now on.
    pub fn listen(&self) -> FeedReceiver {
        self.shared().feed.subscribe()
    }

    /// Waits until what the committer had begun is visible, or has failed: who listens from now on then misses nothing that it
    /// does not see.
    pub async fn pass_committer(&self) {
        // The commits before it tell their own errors; a server without a committer has no commits to miss.
        drop(self.running.queue.encode(|_| Ok(())).await);
    }

    /// Waits for the turn to write to a collection. Until it is dropped others' commits there wait, but for those of a transaction that
    /// [holds](Transaction::hold) a turn.
    pub(crate) async fn take_turn(&self, collection: CollectionId) -> Arc<Turn> {
        let turn = self.shared().turns.take(collection).await;
        // Those that were on their way.
        self.pass_committer().await;
        Arc::new(turn)
    }

    /// Tells listeners of something that happened in a network. Never waits.
    pub fn tell_network(&self, event: NetworkEvent) {
        self.shared().feed.tell(vec![FeedEvent::Network(event)]);
    }

    /// Number of the last commit.
    pub fn version(&self) -> u64 {
        self.shared().version()
    }

    /// The verifier of a user's password, when one was set and it counts still.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a stored verifier that is none.
    pub fn password(&self, user: &str) -> Result<Option<ScramVerifier>> {
        if user != OWNER {
            let catalog = self.catalog();
            let now = i64::try_from(self.shared().clock.millis()).unwrap_or(i64::MAX).saturating_mul(1_000);
            let counts = |role: &&Arc<Role>| role.valid_until.is_none_or(|end| end > now);
            return Ok(catalog.role(user).filter(counts).and_then(|role| role.verifier.clone()));
        }
        match self.shared().store.snapshot().get(&Key::Role(user))? {
            None => Ok(None),
            Some(bytes) => ScramVerifier::from_bytes(&bytes).map(Some),
        }
    }

    /// Sets the owner's password.
    ///
    /// # Errors
    /// 53100 and 58030 where the store cannot be written, 57P01 once the database goes down, XX000 where the committer has died.
    pub fn set_password(&self, verifier: &ScramVerifier) -> Result<()> {
        let mut batch = Batch::new();
        batch.put(&Key::Role(OWNER), &verifier.to_bytes()?);
        // Nothing that blocks may run on an async thread, and the queue may be full; this is one write at a start.
        let write = || self.running.queue.ask_blocking(|reply| Job::Raw { batch, reply });
        std::thread::scope(|scope| scope.spawn(write).join().map_err(|_| self.shared().no_committer())?)
    }

    /// Removes blob files that no entry refers to any more; how many bytes that freed.
    ///
    /// # Errors
    /// 58030 where the blobs or the store cannot be read, or a file cannot be removed.
    pub fn collect_blobs(&self) -> Result<u64> {
        let shared = self.shared();
        let is_referenced = |hash: &BlobHash| Ok(shared.store.snapshot().get(&Key::Blob(hash.as_bytes()))?.is_some());
        Ok(shared.blobs.collect(is_referenced)?.bytes)
    }

    /// Waits for the commits under way, saves the graphs, and closes the store. Later calls do nothing.
    ///
    /// # Errors
    /// 53100 and 58030 where numbers that were reserved and not given out cannot be written back; it is down all the same.
    pub fn shutdown(&self) -> Result<()> {
        self.running.shutdown()
    }
}

impl Running {
    fn shutdown(&self) -> Result<()> {
        let threads = std::mem::take(&mut *self.threads.lock());
        if threads.is_empty() {
            return Ok(());
        }
        let shared = self.queue.state();
        self.stop.store(true, Ordering::Release);
        shared.is_stopping.store(true, Ordering::Release);
        // Nothing has changed: it wakes the builder, which sees that it is to stop.
        shared.feed.publish(Changed { vectors: true, ..Changed::default() }, Vec::new());
        let mut waiting = Job::Stop;
        while let Err(tokio::sync::mpsc::error::TrySendError::Full(job)) = self.queue.try_send(waiting) {
            waiting = job;
            std::thread::yield_now();
        }
        shared.fillers.stop();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a database thread had panicked");
            }
        }
        let (version, ready) = (|| shared.version(), || shared.ready_graphs());
        graph_builder::save_all(Graphs { ready: &ready, directory: &shared.vector_directory, version: &version });
        let mut batch = Batch::new();
        shared.sequences.release(&mut batch);
        shared.row_ids.release(&mut batch);
        let released = if batch.is_empty() { Ok(()) } else { shared.store.write(batch) };
        shared.store.close();
        released
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.shutdown() {
            tracing::warn!(%error, "the database did not close cleanly; the next start replays its log");
        }
    }
}
