//! What statements ask of the node: SYNC, entries that others hold, and blobs.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;

use crate::db::{ListingReply, NowhereReply, SyncCommand, SyncReport};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bytes, ListingPage, NetworkId};
use crate::store::BlobHash;
use crate::sync::blobs::fetch::{BlobFetch, Fetched, OpenBlobStream};
use crate::sync::engine::io::EngineInput;
use crate::sync::node::node::{Node, Opening, SyncWait};
use crate::sync::protocol::versions::StreamKind;
use crate::sync::transport::address::peer_there;

/// SYNCs that wait, at most.
const SYNCS_MAX: usize = 1024;
/// Statements that wait for one blob, at most.
const FETCH_WAITS_MAX: usize = 1024;

/// Who waits for entries that other members hold.
pub enum EntryReply {
    Fetched(NowhereReply),
    Listed(ListingReply),
}

impl EntryReply {
    pub fn fail(self, error: Error) {
        // Whoever asked may have gone.
        match self {
            EntryReply::Fetched(reply) => drop(reply.send(Err(error))),
            EntryReply::Listed(reply) => drop(reply.send(Err(error))),
        }
    }
}

impl Node {
    pub fn command(&mut self, command: SyncCommand) {
        // A network that was made a moment ago must be among those that are synced.
        if self.is_loading || self.database.catalog().version() != self.version {
            self.delayed.push_back(command);
            return self.reload_once();
        }
        match command {
            SyncCommand::Sync { network, reply } => self.sync(network, reply),
            SyncCommand::FetchEntries { network, collection, keys, holder, reply } => {
                let number = self.next_number();
                let request = EngineInput::FetchRequested { number, collection, keys, holder };
                self.ask_members(number, network, request, EntryReply::Fetched(reply));
            }
            SyncCommand::ListKeys { network, collection, place, reply } => {
                let number = self.next_number();
                let request = EngineInput::KeysRequested { number, collection, place };
                self.ask_members(number, network, request, EntryReply::Listed(reply));
            }
            SyncCommand::FetchBlob { network, hash, size, reply } => self.fetch_blob(network, hash, size, reply),
        }
    }

    fn reload_once(&mut self) {
        if !self.is_loading {
            self.reload();
        }
    }

    fn sync(&mut self, network: Option<NetworkId>, reply: oneshot::Sender<Result<SyncReport>>) {
        if self.syncs.len() >= SYNCS_MAX {
            let error = Error::new(ErrorKind::LimitExceeded, format!("{SYNCS_MAX} SYNCs are waiting already"));
            // Whoever asked may have gone.
            return drop(reply.send(Err(error)));
        }
        let is_asked = |id: &&NetworkId| network.is_none_or(|network| network == **id);
        let peerings: Vec<NetworkId> = self.networks.keys().filter(is_asked).copied().collect();
        let postings: Vec<NetworkId> = self.postings.keys().filter(is_asked).copied().collect();
        let left: BTreeSet<NetworkId> = peerings.iter().chain(&postings).copied().collect();
        if left.is_empty() {
            return drop(reply.send(Ok(SyncReport::of_no_network())));
        }
        let number = self.next_number();
        self.syncs.insert(number, SyncWait { left, report: SyncReport::default(), reply });
        for id in postings {
            if let Some(posting) = self.postings.get(&id) {
                posting.post_now(id, number, &self.done);
            }
        }
        for id in peerings {
            self.feed(id, EngineInput::SyncRequested { number });
        }
    }

    /// A network has answered a SYNC.
    pub fn sync_done(&mut self, number: u64, network: NetworkId, result: Result<SyncReport>) {
        self.has_news = true;
        let Some(wait) = self.syncs.get_mut(&number) else { return };
        if !wait.left.remove(&network) {
            return;
        }
        match result {
            Ok(report) => {
                wait.report.networks += report.networks;
                wait.report.posted += report.posted;
                wait.report.peers += report.peers;
                wait.report.received += report.received;
                wait.report.notices.extend(report.notices);
            }
            Err(error) => {
                if let Some(wait) = self.syncs.remove(&number) {
                    drop(wait.reply.send(Err(error)));
                }
                return;
            }
        }
        if wait.left.is_empty()
            && let Some(wait) = self.syncs.remove(&number)
        {
            let now_ms = self.now_ms();
            self.publish_status(now_ms);
            drop(wait.reply.send(Ok(wait.report)));
        }
    }

    /// A network is gone: nobody waits for it any more.
    pub fn end_syncs_of(&mut self, network: NetworkId) {
        self.entry_replies.retain(|_, (waiting, _)| *waiting != network);
        let waiting = self.syncs.iter().filter(|(_, wait)| wait.left.contains(&network)).map(|(number, _)| *number);
        for number in waiting.collect::<Vec<_>>() {
            self.sync_done(number, network, Ok(SyncReport::default()));
        }
    }

    fn ask_members(&mut self, number: u64, network: NetworkId, request: EngineInput, reply: EntryReply) {
        if !self.networks.contains_key(&network) {
            let error = Error::new(ErrorKind::ObjectInUse, "the network is not running on this server");
            return reply.fail(error.with_hint("SET nebulus.fetch = off reads what is here alone."));
        }
        self.entry_replies.insert(number, (network, reply));
        self.feed(network, request);
    }

    pub fn entries_fetched(&mut self, number: u64, result: Result<Vec<Bytes>>) {
        if let Some((_, EntryReply::Fetched(reply))) = self.entry_replies.remove(&number) {
            // Whoever asked may have gone.
            drop(reply.send(result));
        }
    }

    pub fn keys_listed(&mut self, number: u64, result: Result<ListingPage>) {
        if let Some((_, EntryReply::Listed(reply))) = self.entry_replies.remove(&number) {
            drop(reply.send(result));
        }
    }

    fn fetch_blob(
        &mut self,
        network: NetworkId,
        hash: BlobHash,
        size: Option<u64>,
        reply: oneshot::Sender<Result<()>>,
    ) {
        let waiting = self.fetches.entry((network, hash)).or_default();
        if waiting.len() >= FETCH_WAITS_MAX {
            let error = Error::new(ErrorKind::LimitExceeded, "too many statements wait for this blob");
            return drop(reply.send(Err(error)));
        }
        waiting.push(reply);
        if waiting.len() > 1 {
            return;
        }
        let mut holders: Vec<_> = self.links.up_in(network).map(|key| key.peer.clone()).collect();
        holders.sort_by_key(|peer| peer_there(peer).map_or(u64::MAX, |peer| self.connections.delay(&peer)));
        let fetch = BlobFetch { network, hash, size, holders, keyring: Arc::clone(&self.keyring) };
        let (fetcher, fetched) = (Arc::clone(&self.fetcher), self.fetched.clone());
        let database = self.database.clone();
        tokio::spawn(async move {
            let outcome = AssertUnwindSafe(fetcher.fetch(fetch)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Fetched {
                result: Err(Error::internal("fetching the blob broke off")),
                has_come: false,
                liars: Vec::new(),
            });
            if outcome.has_come
                && let Err(error) = database.replica().note_fetched_blob(network, &hash).await
            {
                // Others get it from whoever this node has it from.
                tracing::warn!(%error, network = network.0, "a blob came that this node will not give on");
            }
            // The node's task is gone when the node has stopped; whoever asked was answered then.
            drop(fetched.send((network, hash, outcome)).await);
        });
    }

    pub fn blob_fetched(&mut self, network: NetworkId, hash: BlobHash, fetched: Fetched) {
        for peer in fetched.liars {
            tracing::warn!(%peer, network = network.0, "a member sent a blob with another hash");
        }
        for reply in self.fetches.remove(&(network, hash)).into_iter().flatten() {
            drop(reply.send(fetched.result.clone()));
        }
    }

    pub fn open_blob_stream(&mut self, request: OpenBlobStream) {
        let connection = peer_there(&request.peer).and_then(|peer| Some((peer, self.connections.best(&peer)?)));
        let Some((peer, connection)) = connection else {
            return drop(request.reply.send(Err(Error::new(ErrorKind::Io, "it is not connected"))));
        };
        let number = self.next_number();
        self.opening.insert(number, (connection, Opening::Blob(request.reply)));
        self.swarm.behaviour_mut().streams.open(peer, connection, StreamKind::Blob.protocols(), number);
    }
}
