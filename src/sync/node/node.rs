//! The one task that owns the swarm: what it knows, and the loop in which everything meets.
//!
//! It turns events of the swarm, of links, of the database and of statements into inputs of the engines, and carries out
//! what they ask for. It never waits: reading and writing, encoding and sealing, and all work on the database happen in
//! other tasks, which report to it through bounded channels.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, Stream, Swarm};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::db::{Clock, Database, DatabaseChanges, SYNC_COMMANDS_MAX, SyncCommand, SyncReport};
use crate::error::Result;
use crate::model::{NetworkId, PeerId};
use crate::store::BlobHash;
use crate::sync::blobs::fetch::{Fetched, Fetcher, OpenBlobStream};
use crate::sync::blobs::serve::BlobServer;
use crate::sync::engine::io::Member;
use crate::sync::node::commands::EntryReply;
use crate::sync::node::drive::stopping;
use crate::sync::node::load_networks::{Memory, NetworkSnapshot};
use crate::sync::node::posting::EndpointPosting;
use crate::sync::node::running_network::{Done, RunningNetwork};
use crate::sync::node::supervisor::SyncOptions;
use crate::sync::node::troubles::{Troubles, root_of};
use crate::sync::protocol::proof::Keyring;
use crate::sync::protocol::versions::Refused;
use crate::sync::transport::address::{check_port, peer_there};
use crate::sync::transport::behaviour::Behaviour;
use crate::sync::transport::connections::Connections;
use crate::sync::transport::dialer::Dialer;
use crate::sync::transport::link_table::Links;
use crate::sync::transport::link_tasks::{EndId, LinkContext, LinkEvent, LinkKey};
use crate::sync::transport::listeners::Listeners;
use crate::sync::transport::proof_limiter::ProofLimiter;
use crate::sync::transport::reach::Reach;
use crate::sync::transport::swarm;

/// Events of links that wait for the task.
const LINK_EVENTS_MAX: usize = 1024;
/// Finished work that waits for the task.
const DONE_MAX: usize = 1024;
/// Blob streams that are asked for.
const BLOB_STREAMS_MAX: usize = 64;
/// How often the task looks after what no event tells it.
const HOUSEKEEPING: Duration = Duration::from_millis(250);
/// How far the clock may be set back, in milliseconds, before all timers begin anew: they would stand still for so long.
const CLOCK_BACK_MS: u64 = 60_000;

/// Why a node stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The server goes down.
    Shutdown,
    /// No network is left.
    Idle,
    /// It has to start again: under a new identity, or with other protocols.
    Restart,
}

/// A stream that was asked for.
pub(in crate::sync) enum Opening {
    Link(LinkKey),
    Blob(oneshot::Sender<Result<Stream>>),
}

/// SYNC in several networks.
pub(in crate::sync) struct SyncWait {
    /// Networks that have not answered.
    pub left: BTreeSet<NetworkId>,
    pub report: SyncReport,
    pub reply: oneshot::Sender<Result<SyncReport>>,
}

/// A node on its networks.
///
/// Its fields are the swarm, the networks and who waits for what, all of one task; its methods lie by source of events (swarm, links,
/// commands, catalog, requests) in the files of this folder, and what networks decide is in their `Engine`.
pub(in crate::sync) struct Node {
    pub database: Database,
    pub this: PeerId,
    pub clock: Clock,
    /// The latest time that housekeeping has seen.
    greatest_ms: u64,
    pub swarm: Swarm<Behaviour>,
    pub has_mdns: bool,
    /// Where to listen; the default addresses where it is empty.
    pub listen: Vec<Multiaddr>,
    pub listening: Listeners,
    /// Where peers can dial this node, without its peer id.
    pub addresses: Vec<String>,
    pub networks: BTreeMap<NetworkId, RunningNetwork>,
    /// Networks that are HTTP endpoints.
    pub postings: BTreeMap<NetworkId, EndpointPosting>,
    /// Number of the catalog that was last read.
    pub version: u64,
    pub memory: Memory,
    pub keyring: Arc<Keyring>,
    pub links: Links,
    pub troubles: Troubles,
    pub refused_versions: Refused,
    pub dialer: Dialer,
    /// Where others may send this node.
    pub reach: Reach,
    pub door: ProofLimiter,
    pub connections: Connections,
    pub opening: HashMap<u64, (ConnectionId, Opening)>,
    pub last_number: u64,
    /// Tasks that receive.
    pub receiving: HashMap<EndId, AbortHandle>,
    /// When peers are let in again: (milliseconds since 1970, peer, its network or all).
    pub bans: BTreeSet<(u64, PeerId, Option<NetworkId>)>,
    /// When links of older epochs than the newest end.
    pub epochs_end: BTreeMap<NetworkId, u64>,
    pub context: LinkContext,
    pub done: mpsc::Sender<Done>,
    pub loaded: mpsc::Sender<Result<NetworkSnapshot>>,
    pub is_loading: bool,
    pub is_outdated: bool,
    /// Commands that wait until the catalog is read.
    pub delayed: VecDeque<SyncCommand>,
    /// Members or their addresses have changed since the dialler was told.
    pub has_new_members: bool,
    pub server: Arc<BlobServer>,
    pub fetcher: Arc<Fetcher>,
    pub fetched: mpsc::Sender<(NetworkId, BlobHash, Fetched)>,
    pub fetches: HashMap<(NetworkId, BlobHash), Vec<oneshot::Sender<Result<()>>>>,
    pub syncs: HashMap<u64, SyncWait>,
    /// Who waits for entries, by the number of the input.
    pub entry_replies: HashMap<u64, (NetworkId, EntryReply)>,
    pub last_published_ms: u64,
    pub has_news: bool,
    pub last_lookup_ms: u64,
    pub last_sweep_ms: u64,
    pub random: u64,
    pub stopped: Option<Stopped>,
}

/// The receiving ends of what other tasks report.
struct Reports {
    links: mpsc::Receiver<LinkEvent>,
    done: mpsc::Receiver<Done>,
    loaded: mpsc::Receiver<Result<NetworkSnapshot>>,
    blob_streams: mpsc::Receiver<OpenBlobStream>,
    fetched: mpsc::Receiver<(NetworkId, BlobHash, Fetched)>,
}

/// Runs a node until it stops.
///
/// # Errors
/// What keeps the swarm from being built.
pub(in crate::sync) async fn run(
    database: &Database,
    options: &SyncOptions,
    memory: &Memory,
    waiting: &mut VecDeque<SyncCommand>,
    commands: &mut mpsc::Receiver<SyncCommand>,
    stopping: &mut watch::Receiver<bool>,
) -> Result<Stopped> {
    let (mut node, mut reports) = Node::new(database, options, memory)?;
    node.delayed.append(waiting);
    let mut changes = database.replica().changes();
    node.reload();
    let stopped = node.work(&mut reports, &mut changes, commands, stopping).await;
    node.end();
    Ok(stopped)
}

impl Node {
    fn new(database: &Database, options: &SyncOptions, memory: &Memory) -> Result<(Node, Reports)> {
        let identity = database.replica().identity();
        let this = identity.peer_id().clone();
        let has_mdns = memory.wants_mdns(&database.catalog());
        let swarm = swarm::build(&identity, has_mdns)?;
        let (link_events, links) = mpsc::channel(LINK_EVENTS_MAX);
        let (done_sender, done) = mpsc::channel(DONE_MAX);
        let (loaded_sender, loaded) = mpsc::channel(1);
        let (blob_streams_sender, blob_streams) = mpsc::channel(BLOB_STREAMS_MAX);
        let (fetched_sender, fetched) = mpsc::channel(BLOB_STREAMS_MAX);
        let public = database.clone();
        let is_public = Arc::new(move |network, hash: &BlobHash| public.replica().is_blob_public(network, hash));
        let random =
            getrandom::u64().map_err(|error| crate::error::Error::internal(format!("no randomness: {error}")))?;
        let node = Node {
            database: database.clone(),
            this: this.clone(),
            clock: options.clock.clone(),
            greatest_ms: 0,
            has_mdns,
            listen: options.listen.clone(),
            listening: Listeners::default(),
            addresses: Vec::new(),
            networks: BTreeMap::new(),
            postings: BTreeMap::new(),
            version: 0,
            memory: memory.clone(),
            keyring: Arc::new(Keyring::new([])?),
            links: Links::default(),
            troubles: Troubles::default(),
            refused_versions: Refused::default(),
            dialer: Dialer::new(*swarm.local_peer_id(), random),
            reach: Reach::default(),
            swarm,
            door: ProofLimiter::default(),
            connections: Connections::default(),
            opening: HashMap::new(),
            last_number: 0,
            receiving: HashMap::new(),
            bans: BTreeSet::new(),
            epochs_end: BTreeMap::new(),
            context: LinkContext::new(this.clone(), link_events),
            done: done_sender,
            loaded: loaded_sender,
            is_loading: false,
            is_outdated: false,
            delayed: VecDeque::new(),
            has_new_members: false,
            server: Arc::new(BlobServer::new(database.replica().blobs().clone(), is_public)),
            fetcher: Arc::new(Fetcher::new(this, database.replica().blobs().clone(), blob_streams_sender)),
            fetched: fetched_sender,
            fetches: HashMap::new(),
            syncs: HashMap::new(),
            entry_replies: HashMap::new(),
            last_published_ms: 0,
            has_news: true,
            last_lookup_ms: 0,
            last_sweep_ms: 0,
            random: random | 1,
            stopped: None,
        };
        Ok((node, Reports { links, done, loaded, blob_streams, fetched }))
    }

    async fn work(
        &mut self,
        reports: &mut Reports,
        changes: &mut DatabaseChanges,
        commands: &mut mpsc::Receiver<SyncCommand>,
        stopping: &mut watch::Receiver<bool>,
    ) -> Stopped {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if let Some(stopped) = self.stopped {
                return stopped;
            }
            let wake = tokio::time::sleep(self.until_next_tick());
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return Stopped::Shutdown,
                Some(event) = reports.links.recv() => self.link_event(event),
                Some(done) = reports.done.recv() => self.request_done(done),
                event = self.swarm.select_next_some() => self.swarm_event(event),
                Ok(()) = changes.posted.changed() => self.heads_moved(),
                Ok(()) = changes.staged.changed() => self.staged(),
                Ok(()) = changes.catalog.changed() => self.reload(),
                Some(loaded) = reports.loaded.recv() => self.apply_loaded(loaded),
                Some(command) = commands.recv(), if self.delayed.len() < SYNC_COMMANDS_MAX => self.command(command),
                Some(request) = reports.blob_streams.recv() => self.open_blob_stream(request),
                Some((network, hash, fetched)) = reports.fetched.recv() => self.blob_fetched(network, hash, fetched),
                _ = housekeeping.tick() => self.keep_house(),
                () = wake => self.tick(),
            }
        }
    }

    /// Ends everything in order: what waits is answered, what runs is stopped. Streams end with the swarm.
    fn end(&mut self) {
        for (_, task) in self.receiving.drain() {
            task.abort();
        }
        self.context.received_bytes.close();
        self.delayed.drain(..).for_each(|command| command.fail(stopping()));
        for (_, wait) in self.syncs.drain() {
            // Whoever asked may have gone.
            drop(wait.reply.send(Err(stopping())));
        }
        for (_, (_, reply)) in self.entry_replies.drain() {
            reply.fail(stopping());
        }
        for reply in self.fetches.drain().flat_map(|(_, replies)| replies) {
            drop(reply.send(Err(stopping())));
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.millis()
    }

    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Scatters what must not happen everywhere at once.
    pub fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Listens wherever it should and does not yet.
    pub fn listen(&mut self) {
        if !self.listening.has_begun() {
            self.listening.want(&self.listen, self.memory.is_restart);
        }
        let (now_ms, random) = (self.now_ms(), self.next_random());
        let swarm = &mut self.swarm;
        self.listening.listen(now_ms, random, |address| {
            check_port(&address).map_err(|error| error.to_string())?;
            swarm.listen_on(address).map_err(|error| root_of(&error))
        });
    }

    /// Whether a peer is known as a member of some network here, on more than the word of one member.
    pub fn is_member(&self, peer: &PeerId) -> bool {
        self.networks.values().any(|running| running.members.get(peer).is_some_and(Member::is_confirmed))
    }

    fn keep_house(&mut self) {
        let now_ms = self.now_ms();
        if now_ms.saturating_add(CLOCK_BACK_MS) < self.greatest_ms {
            let back_s = self.greatest_ms.saturating_sub(now_ms) / 1000;
            tracing::warn!(back_s, "the clock of this machine was set back: the node starts again");
            self.stopped = Some(Stopped::Restart);
            return;
        }
        self.greatest_ms = self.greatest_ms.max(now_ms);
        self.end_bans(now_ms);
        self.tell_members();
        if self.listening.has_begun() {
            self.listen();
        }
        self.end_half_links(now_ms);
        self.end_old_epochs(now_ms);
        self.dial(now_ms);
        self.open_links(now_ms);
        self.look_for_lost(now_ms);
        self.send_visitors_away(now_ms);
        self.publish_status(now_ms);
    }

    fn end_bans(&mut self, now_ms: u64) {
        while self.bans.first().is_some_and(|(until_ms, ..)| *until_ms <= now_ms) {
            let Some((_, peer, network)) = self.bans.pop_first() else { return };
            match network {
                Some(network) => Arc::make_mut(&mut self.keyring).set_banned(&peer, network, false),
                None => {
                    if let Some(there) = peer_there(&peer) {
                        self.swarm.behaviour_mut().blocked.unblock_peer(there);
                    }
                }
            }
        }
    }
}
