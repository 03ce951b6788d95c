//! An open database: its threads, and the door to transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::roles::{OWNER, ScramVerifier};
use crate::db::feed::event::{FeedEvent, NetworkEvent};
use crate::db::feed::feed::FeedReceiver;
use crate::db::open::{DatabaseOptions, Opened, open};
use crate::db::pending::write_set::WriteSet;
use crate::db::read::view::ReadView;
use crate::db::state::activity::Activity;
use crate::db::state::state::Shared;
use crate::db::vectors::graph_builder;
use crate::db::write::backfill::fill_graph;
use crate::db::write::committer::{Committer, Job};
use crate::db::write::transaction::Transaction;
use crate::error::{Error, Result};
use crate::model::{MemoryAccount, PeerId};
use crate::store::{Batch, BlobHash, Key};

/// A database. Clones share it; the last one dropped, or [`Database::shutdown`], stops it.
#[derive(Clone)]
pub struct Database(Arc<Running>, Secrecy);

/// Whether whoever has this handle of a database may have its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Open,
    Hidden,
}

/// The threads of a database, stopped when this is dropped.
struct Running {
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Database {
    /// Opens a data directory, or makes a new one. Graphs that cannot be loaded are made in the background; queries measure
    /// all vectors until then.
    ///
    /// # Errors
    /// 55006 when another server holds it, F0000 for a newer format or a wrong vault key, XX001, 53100.
    pub fn open(options: &DatabaseOptions) -> Result<Database> {
        let Opened { shared, jobs, signals, hlc, unfilled } = open(options)?;
        let stop = Arc::new(AtomicBool::new(false));
        let committer = Committer::new(Arc::clone(&shared), jobs, hlc);
        let vital = shared.health.watch("committer");
        let mut threads = vec![spawn("committer", move || {
            committer.run();
            vital.end();
        })?];
        let (builder_shared, builder_stop) = (Arc::clone(&shared), Arc::clone(&stop));
        let vital = shared.health.watch("graphs");
        threads.push(spawn("graphs", move || {
            for index in unfilled {
                if builder_stop.load(Ordering::Acquire) {
                    break;
                }
                tracing::info!(index = index.id.0, "building a graph from the stored vectors");
                if let Err(error) = fill_graph(&builder_shared, &index, true) {
                    tracing::warn!(index = index.id.0, %error, "building a graph failed; searches measure all vectors");
                }
            }
            graph_builder::run(&builder_shared, &signals, &builder_stop);
            vital.end();
        })?);
        let database = Database(Arc::new(Running { shared, stop, threads: Mutex::new(threads) }), Secrecy::Open);
        database.resume()?;
        Ok(database)
    }

    /// Goes on with what a stop interrupted: taking back what an older origin posted, proving what was posted from here before
    /// there were proofs, attaching and detaching collections.
    fn resume(&self) -> Result<()> {
        let shared = &self.0.shared;
        if crate::db::replica::posting::repost::is_unfinished(shared)? {
            tracing::info!("going on to post anew what an older peer id posted");
            wait(crate::db::replica::posting::repost::finish(shared))?;
        }
        crate::db::replica::posting::prove_own::note_legacy(shared)?;
        if crate::db::replica::posting::prove_own::is_unfinished(shared)? {
            tracing::info!("proving what was posted from here before there were proofs");
            wait(crate::db::replica::posting::prove_own::finish(shared))?;
        }
        if let Some(mended) = self.mended_charters()? {
            wait(async move { mended.commit().await.map(drop) })?;
        }
        crate::db::replica::rights::authors::warn_unvouched(shared)?;
        let catalog = shared.catalog();
        for network in catalog.networks() {
            let is_changing = network.leaving || network.attachments.iter().any(|attachment| !attachment.is_shown());
            if !is_changing && !crate::db::replica::rights::rights_follow::is_behind(shared, network)? {
                continue;
            }
            tracing::info!(network = network.name, "going on to attach and detach collections");
            // Until it is done nothing of the collection comes in or goes out, so that a server may as well serve the rest.
            if let Err(error) = wait(crate::db::replica::networks::attach::follow_network_change(shared, network)) {
                tracing::error!(network = network.name, %error, "it stays unfinished; the next start tries again");
            }
        }
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// The same database for somebody who shall not have its secrets: AUTH entries and those of networks are refused with
    /// 42501 to what is begun or read by the handle. Nothing gives them back to it.
    #[must_use]
    pub fn without_secrets(&self) -> Database {
        Database(Arc::clone(&self.0), Secrecy::Hidden)
    }

    pub(crate) fn hides_secrets(&self) -> bool {
        self.1 == Secrecy::Hidden
    }

    /// A transaction on the present state.
    pub fn begin(&self) -> Transaction {
        Transaction::begin(&self.0.shared, self.hides_secrets())
    }

    /// As [`Database::begin`]; what the transaction writes is taken from a connection's account.
    pub fn begin_for(&self, account: &MemoryAccount) -> Transaction {
        let mut transaction = self.begin();
        transaction.writes().charge_to(account);
        transaction
    }

    /// The present state, for reading.
    pub fn view(&self) -> ReadView {
        ReadView { hides_secrets: self.hides_secrets(), ..self.0.shared.view(Arc::new(WriteSet::default())) }
    }

    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.shared.catalog()
    }

    pub fn peer_id(&self) -> PeerId {
        self.0.shared.peer_id()
    }

    /// Who is connected to it, and what runs.
    pub fn activity(&self) -> &Activity {
        &self.0.shared.activity
    }

    /// Listens to the change feed from now on.
    pub fn listen(&self) -> FeedReceiver {
        self.0.shared.feed.subscribe()
    }

    /// Waits until what the committer had begun is visible, or has failed: who listens from now on then misses nothing that it
    /// does not see.
    pub async fn pass_committer(&self) {
        // The commits before it tell their own errors; a server without a committer has no commits to miss.
        drop(self.0.shared.encode(|_| Ok(())).await);
    }

    /// Tells listeners of something that happened in a network. Never waits.
    pub fn tell_network(&self, event: NetworkEvent) {
        self.0.shared.feed.publish(FeedEvent::Network(event));
    }

    /// Number of the last commit.
    pub fn version(&self) -> u64 {
        self.0.shared.version()
    }

    /// The verifier of a user's password, when one was set.
    pub fn password(&self, user: &str) -> Result<Option<ScramVerifier>> {
        match self.0.shared.store.snapshot().get(&Key::Role(user))? {
            None => Ok(None),
            Some(bytes) => ScramVerifier::from_bytes(&bytes).map(Some),
        }
    }

    /// Sets the owner's password.
    pub fn set_password(&self, verifier: &ScramVerifier) -> Result<()> {
        let mut batch = Batch::new();
        batch.put(&Key::Role(OWNER), &verifier.to_bytes()?);
        let (reply, answer) = tokio::sync::oneshot::channel();
        let stopped = || self.0.shared.no_committer();
        self.0.shared.jobs.try_send(Job::Raw { batch, reply }).map_err(|_| stopped())?;
        // A oneshot's blocking receive must not run on an async thread; this is one write at a start.
        std::thread::scope(|scope| {
            scope.spawn(|| answer.blocking_recv()).join().map_err(|_| stopped())?.map_err(|_| stopped())?
        })
    }

    /// Removes blob files that no entry refers to any more; how many bytes that freed.
    pub fn collect_blobs(&self) -> Result<u64> {
        let shared = &self.0.shared;
        let is_referenced = |hash: &BlobHash| Ok(shared.store.snapshot().get(&Key::Blob(hash.as_bytes()))?.is_some());
        Ok(shared.blobs.collect(is_referenced)?.bytes)
    }

    /// Waits for the commits under way, saves the graphs, and closes the store. Later calls do nothing.
    pub fn shutdown(&self) -> Result<()> {
        self.0.shutdown()
    }
}

impl Running {
    fn shutdown(&self) -> Result<()> {
        let threads = std::mem::take(&mut *self.threads.lock());
        if threads.is_empty() {
            return Ok(());
        }
        self.stop.store(true, Ordering::Release);
        self.shared.is_stopping.store(true, Ordering::Release);
        self.shared.wake_builder();
        let mut waiting = Job::Stop;
        while let Err(tokio::sync::mpsc::error::TrySendError::Full(job)) = self.shared.jobs.try_send(waiting) {
            waiting = job;
            std::thread::yield_now();
        }
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a database thread had panicked");
            }
        }
        graph_builder::save_all(&self.shared);
        let mut batch = Batch::new();
        self.shared.sequences.release(&mut batch);
        self.shared.row_ids.release(&mut batch);
        let released = if batch.is_empty() { Ok(()) } else { self.shared.store.write(batch) };
        self.shared.store.close();
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

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    Ok(std::thread::Builder::new().name(format!("nebulus-{name}")).spawn(run)?)
}

/// Waits for work of a start on a thread of its own, since the caller may stand on an async one.
fn wait(work: impl Future<Output = Result<()>> + Send) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join())
        .map_err(|_| Error::internal("going on with what a stop interrupted has failed"))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::state::clock::Clock;
    use crate::store::KeySource;

    #[tokio::test]
    async fn nothing_is_written_behind_a_committer_that_died() {
        let directory = tempfile::tempdir().unwrap();
        let options = DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
        };
        let database = Database::open(&options).unwrap();
        assert!(database.health().dead().is_empty());
        let shared = Arc::clone(database.shared());
        let fallen: Result<()> = shared.encode(|_| panic!("a commit that falls")).await;
        assert_eq!(fallen.unwrap_err().sqlstate(), "XX000");
        let refused = shared.encode(|_| Ok(())).await.unwrap_err();
        assert!(refused.message().starts_with("nothing can be written any more"), "{refused:?}");
        let thread = database.0.threads.lock().remove(0);
        assert!(thread.join().is_err(), "the committer fell");
        assert_eq!(database.health().dead(), ["committer"]);
        assert!(database.view().catalog().collections().count() > 0, "reads go on");
        database.shutdown().unwrap();
    }
}
