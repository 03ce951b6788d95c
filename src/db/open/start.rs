//! Starting a database: its threads, and whatever a stop interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::db::database::{Database, graphs_of};
use crate::db::open::load::{DatabaseOptions, LoadedDatabase, load};
use crate::db::replica::networks::attach::follow_network_change;
use crate::db::replica::posting::{prove_own, repost};
use crate::db::replica::rights::authors::warn_unvouched;
use crate::db::replica::rights::rights_follow::is_behind;
use crate::db::vectors::graph_builder;
use crate::db::write::backfill::fill_graph;
use crate::db::write::committer::Committer;
use crate::error::{Error, Result};

impl Database {
    /// Opens a data directory, or makes a new one. Graphs that cannot be loaded are made in the background; queries measure
    /// all vectors until then.
    ///
    /// # Errors
    /// 55006 when another server holds it, F0000 for a newer format or a wrong vault key, XX001, 53100.
    pub fn open(options: &DatabaseOptions) -> Result<Database> {
        let LoadedDatabase { queue, jobs, signals, hlc, unfilled } = load(options)?;
        let shared = queue.state();
        let stop = Arc::new(AtomicBool::new(false));
        let committer = Committer::new(Arc::clone(shared), jobs, hlc);
        let vital = shared.health.watch("committer");
        let mut threads = vec![spawn("committer", move || {
            committer.run();
            vital.end();
        })?];
        let (builder_shared, builder_stop) = (Arc::clone(shared), Arc::clone(&stop));
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
            let version = || builder_shared.version();
            graph_builder::run(graphs_of(&builder_shared, &version), &signals, &builder_stop);
            vital.end();
        })?);
        let database = Database::running(queue, stop, threads);
        database.resume()?;
        Ok(database)
    }

    /// Goes on with what a stop interrupted: taking back what an older origin posted, proving what was posted from here before
    /// there were proofs, attaching and detaching collections.
    fn resume(&self) -> Result<()> {
        let (shared, queue) = (self.shared(), self.queue());
        if repost::is_unfinished(shared)? {
            tracing::info!("going on to post anew what an older peer id posted");
            wait(repost::finish(queue))?;
        }
        prove_own::note_legacy(shared)?;
        if prove_own::is_unfinished(shared)? {
            tracing::info!("proving what was posted from here before there were proofs");
            wait(prove_own::finish(queue))?;
        }
        if let Some(mended) = self.replica().mended_charters()? {
            wait(async move { mended.commit().await.map(drop) })?;
        }
        warn_unvouched(shared)?;
        let catalog = shared.catalog();
        for network in catalog.networks() {
            let is_changing = network.leaving || network.attachments.iter().any(|attachment| !attachment.is_shown());
            if !is_changing && !is_behind(shared, network)? {
                continue;
            }
            tracing::info!(network = network.name, "going on to attach and detach collections");
            // Until it is done nothing of the collection comes in or goes out, so that a server may as well serve the rest.
            if let Err(error) = wait(follow_network_change(queue, network)) {
                tracing::error!(network = network.name, %error, "it stays unfinished; the next start tries again");
            }
        }
        Ok(())
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
        let queue = database.queue();
        let fallen: Result<()> = queue.encode(|_| panic!("a commit that falls")).await;
        assert_eq!(fallen.unwrap_err().sqlstate(), "XX000");
        let refused = queue.encode(|_| Ok(())).await.unwrap_err();
        assert!(refused.message().starts_with("nothing can be written any more"), "{refused:?}");
        let fell = || database.health().dead() == ["committer"];
        while !fell() {
            tokio::task::yield_now().await;
        }
        assert!(database.view().catalog().collections().count() > 0, "reads go on");
        database.shutdown().unwrap();
    }
}
