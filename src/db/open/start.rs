//! Starting a database: its threads, and whatever a stop interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::db::database::Database;
use crate::db::open::load::{DatabaseOptions, LoadedDatabase, load};
use crate::db::replica::networks::attach::follow_network_change;
use crate::db::replica::posting::{prove_own, repost};
use crate::db::replica::rights::authors::warn_unvouched;
use crate::db::replica::rights::rights_follow::is_behind;
use crate::db::vectors::graph_builder::{self, Arrivals, Graphs};
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::db::write::commit::committer::Committer;
use crate::db::write::index::vector_graphs::{GraphRun, fill_graph};
use crate::error::{Error, Result};
use crate::store::{Key, vector_of_bytes};
use crate::vector::Priority;

impl Database {
    /// Opens a data directory, or makes a new one. Graphs that cannot be loaded are made in the background; queries measure
    /// all vectors until then.
    ///
    /// # Errors
    /// 55006 when another server holds it, F0000 for a newer format or a wrong vault key, XX001, 53100.
    pub fn open(options: &DatabaseOptions) -> Result<Database> {
        let LoadedDatabase { queue, jobs, hlc, unfilled } = load(options)?;
        let shared = queue.state();
        let stop = Arc::new(AtomicBool::new(false));
        let committer = Arc::new(Mutex::new(Committer::new(Arc::clone(shared), hlc)));
        queue.share(&committer);
        let vital = shared.health.watch("committer");
        let mut threads = vec![spawn("committer", move || {
            Committer::run(&committer, jobs);
            vital.end();
        })?];
        let (builder_shared, builder_stop) = (Arc::clone(shared), Arc::clone(&stop));
        let vital = shared.health.watch("graphs");
        let mut arrivals = Arrivals::new(shared.feed.signals().vectors())?;
        let builder_queue = queue.clone();
        threads.push(spawn("graphs", move || {
            for index in unfilled {
                if builder_stop.load(Ordering::Acquire) {
                    break;
                }
                tracing::info!(index = index.id.0, "building a graph from the stored vectors");
                let run = GraphRun { connection: None, priority: Priority::Background, check: &|| Ok(()) };
                if let Err(error) = fill_graph(&builder_queue, &index, run) {
                    tracing::warn!(index = index.id.0, %error, "building a graph failed; searches measure all vectors");
                }
            }
            // The committer ends with the last queue.
            drop(builder_queue);
            let (version, ready) = (|| builder_shared.version(), || builder_shared.ready_graphs());
            let graphs = Graphs { ready: &ready, directory: &builder_shared.vector_directory, version: &version };
            let stored = |index: &VectorIndex, key: &[u8]| {
                let now = builder_shared.store.snapshot();
                let bytes = now.get(&Key::Vector(index.collection, index.column, key))?;
                bytes.map(|bytes| vector_of_bytes(&bytes)).transpose()
            };
            graph_builder::run(graphs, &stored, &mut arrivals, &builder_stop);
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
        wait(prove_own::note_legacy(queue))?;
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
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        // It is dropped here as well: that waits, which no async thread may.
        runtime.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(run).join())
        .map_err(|_| Error::internal("going on with what a stop interrupted has failed"))?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::pending::on_conflict::OnConflict;
    use crate::db::state::clock::Clock;
    use crate::db::write::index::vector_graphs::take_out_lost;
    use crate::model::IndexState;
    use crate::store::KeySource;
    use crate::types::Value;

    fn opened(directory: &std::path::Path) -> Database {
        let options = DatabaseOptions {
            data_directory: directory.join("data"),
            key_directory: directory.join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::db::no_row_compiler,
        };
        Database::open(&options).unwrap()
    }

    /// What hangs for ever says where.
    async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(300), work).await.unwrap_or_else(|_| panic!("{what} has no end"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_graph_keeps_no_vector_that_was_lost_while_it_was_filled() {
        let directory = tempfile::tempdir().unwrap();
        let database = opened(directory.path());
        let memory = Arc::clone(database.catalog().expect_collection("memory").unwrap());
        let vector = memory.column("vector").unwrap();
        let mut transaction = database.begin();
        let keys = ["kept", "emptied", "changed"].map(|id| {
            let row = memory.columns.iter().map(|column| match column.name.as_str() {
                "id" => Some(Value::text(id)),
                "vector" => Some(Value::Vector([1.0, 2.0].into())),
                _ => None,
            });
            transaction.insert(&memory, row.collect(), OnConflict::Fail).unwrap();
            transaction.key(&memory, vec![Value::text(id)]).unwrap()
        });
        transaction.commit().await.unwrap();
        let index =
            database.shared().vector_indexes.all().into_iter().find(|each| each.collection == memory.id).unwrap();
        let before = database.shared().store.snapshot();
        let mut transaction = database.begin();
        transaction.update(&memory, &keys[1], vec![(vector, Value::Null)]).unwrap();
        transaction.update(&memory, &keys[2], vec![(vector, Value::Vector([3.0, 4.0].into()))]).unwrap();
        transaction.commit().await.unwrap();
        // As by a scan of the snapshot that comes to it only now.
        index.insert_if_absent(keys[1].as_bytes(), &[1.0, 2.0]).unwrap();
        let queue = database.queue().clone();
        let taken_out = Arc::clone(&index);
        tokio::task::spawn_blocking(move || take_out_lost(&queue, &taken_out, &before, &|| Ok(())))
            .await
            .unwrap()
            .unwrap();
        let held = keys.map(|key| index.graph().unwrap().contains(key.as_bytes()));
        assert_eq!(held, [true, false, true]);
        database.shutdown().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_commit_fails_because_of_a_graph_that_is_being_built() {
        for (state, outcome) in [(IndexState::Building, Ok(())), (IndexState::Ready, Err("22000"))] {
            let directory = tempfile::tempdir().unwrap();
            let database = opened(directory.path());
            let shared = database.shared();
            let memory = Arc::clone(database.catalog().expect_collection("memory").unwrap());
            let index = shared.vector_indexes.all().into_iter().find(|each| each.collection == memory.id).unwrap();
            let mut catalog = (*shared.catalog()).clone();
            catalog.set_index_state(memory.id, index.id, state);
            shared.publish(shared.version(), Some(Arc::new(catalog)), || Ok(())).unwrap();
            // Nothing of this dimension is stored: it cannot take what is.
            index.insert(b"stray", &[1.0, 2.0, 3.0]).unwrap();
            let mut transaction = database.begin();
            let row = memory.columns.iter().map(|column| match column.name.as_str() {
                "id" => Some(Value::text("a")),
                "vector" => Some(Value::Vector([1.0, 2.0].into())),
                _ => None,
            });
            transaction.insert(&memory, row.collect(), OnConflict::Fail).unwrap();
            let key = transaction.key(&memory, vec![Value::text("a")]).unwrap();
            let committed = transaction.commit().await;
            assert_eq!(committed.map(drop).map_err(|error| error.sqlstate()), outcome, "{state:?}");
            assert_eq!(database.view().exists(&memory, &key).unwrap(), outcome.is_ok());
            let is_given_up = outcome.is_ok();
            let now = if is_given_up { IndexState::Invalid } else { state };
            assert_eq!(database.catalog().index_state(memory.id, index.id), Some(now));
            assert_eq!(shared.vector_index(index.id).is_none(), is_given_up);
            assert_eq!(index.failure().is_some(), is_given_up, "whoever fills it ends with that");
            database.shutdown().unwrap();
        }
    }

    #[tokio::test]
    async fn nothing_is_written_behind_a_committer_that_died() {
        let directory = tempfile::tempdir().unwrap();
        let database = opened(directory.path());
        assert!(database.health().dead().is_empty());
        let queue = database.queue();
        let fallen: Result<()> = in_time("the one that falls", queue.encode(|_| panic!("a commit that falls"))).await;
        assert_eq!(fallen.unwrap_err().sqlstate(), "XX000");
        let refused = in_time("the one behind it", queue.encode(|_| Ok(()))).await.unwrap_err();
        assert!(refused.message().starts_with("nothing can be written any more"), "{refused:?}");
        let seen = async {
            while database.health().dead().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        in_time("the sign of its death", seen).await;
        assert_eq!(database.health().dead(), ["committer"]);
        assert!(database.view().catalog().collections().count() > 0, "reads go on");
        database.shutdown().unwrap();
    }
}
