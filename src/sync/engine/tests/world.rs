//! A few engines with databases in memory, joined by links that take a millisecond.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AdoptedHeads, Adoption, Applied, Bytes, Charter, CharterDigest, Founding, Head, MergedStates, NetworkId,
    NetworkOptions, PeerId, Placement, Verdict,
};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::io::{EngineAction, EngineConfig, EngineEvent, EngineInput, ExchangeReport, PendingRequest};
use crate::sync::engine::limits::Tuning;
use crate::sync::engine::requests::{
    AdoptHeads, ApplyRun, CheckOwnHead, CloseView, CollectTombstones, DropCollected, DropUnsigned, EngineReply,
    EngineRequest, MergeFetched, MergeStates, OpenView, ReadDigests, ReadEntries, ReadFingerprints, ReadLog, ReadPage,
    SaveEpoch, SaveMembers, SignStatement, VerifyHeads, VerifyStatements,
};
use crate::sync::engine::requests::{EngineView, MergedSchema, OwnHead, VerifiedHeads};
use crate::sync::engine::tests::fake::{Fake, State, hash_of, key_of};
use crate::sync::engine::tests::transcript;
use crate::sync::protocol::encoding::{Assembler, encode};
use crate::sync::protocol::message::{CollectionSchema, EpochKey, EpochNews, Message, WireSecret};
use crate::sync::protocol::statement::{MemberStatement, Signed};

pub(super) const MEMORY: &str = "memory";
/// When a world begins.
const START_MS: u64 = 1_000_000;

pub(super) struct Node {
    pub peer: PeerId,
    pub engine: Engine,
    pub config: EngineConfig,
    pub database: Fake,
    views: BTreeMap<PeerId, Fake>,
    requests: VecDeque<PendingRequest>,
    pub epoch: EpochNews,
    pub saved_epochs: Vec<u64>,
    /// What the database says of charters that it is told; news for those that it says nothing of.
    pub adoptions: VecDeque<Adoption>,
    pub reports: Vec<(u64, ExchangeReport)>,
    pub events: Vec<EngineEvent>,
    pub disconnects: Vec<(PeerId, u64, &'static str)>,
    pub sent: Vec<(PeerId, &'static str)>,
    pub collected: u64,
    /// States that were merged and count deltas of others beyond the heads.
    pub early_states: usize,
    /// Messages of this kind are never sent.
    pub never_sends: Option<&'static str>,
    /// What the database says of heads of the own origin, and what it was asked; nothing for ones that it knows.
    pub own_heads: VecDeque<Result<OwnHead>>,
    pub shown_heads: Vec<Head>,
    pub renewed: Vec<PeerId>,
    /// The next run is judged so, whatever it is.
    pub verdict: Option<Verdict>,
    /// When members were kept, and how many.
    pub saves: Vec<(u64, usize)>,
    /// Signatures that were looked at.
    pub verified: usize,
    /// How many of the next looks at heads fail.
    pub failing_looks: usize,
    /// Collections that are attached, whether the engine has heard of it or not.
    pub attached_here: Vec<String>,
}

pub(super) struct World {
    pub now_ms: u64,
    /// Who said what, a line each.
    pub transcript: Vec<String>,
    pub nodes: Vec<Node>,
    links: BTreeSet<(usize, usize)>,
    under_way: VecDeque<(u64, usize, usize, Vec<Vec<u8>>)>,
}

/// What stands for a signature here: nobody else makes the same by accident.
pub(super) fn sign(peer: &PeerId, statement: &MemberStatement) -> Bytes {
    let hash = *blake3::hash(&statement.message("network", peer)).as_bytes();
    Bytes::new([hash, hash].concat())
}

pub(super) fn tuning() -> Tuning {
    Tuning { snapshot_deltas_min: 1_000, stability_interval_ms: 1_000, batch_bytes: 4_096, ..Tuning::default() }
}

/// What is told of an epoch.
pub(super) fn epoch(number: u64, secret: &str) -> EpochNews {
    let founding = Founding { founder: PeerId::new("peer0"), nonce: [1; 16], signature: Bytes::new([1; 64]) };
    let secret = WireSecret(secret.into());
    EpochNews { charter: Charter::new(founding), secret: Some(EpochKey { epoch: number, salt: [0; 16], secret }) }
}

pub(super) fn schema() -> CollectionSchema {
    CollectionSchema { name: MEMORY.into(), is_table: false, columns: Vec::new(), primary_key: Vec::new() }
}

impl Node {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of request")]
    fn answer(&mut self, request: EngineRequest, now_ms: u64) -> EngineReply {
        let database = &mut self.database;
        match request {
            EngineRequest::PostStaged(_) if database.staged.is_empty() => EngineReply::PostStaged(Ok(None)),
            EngineRequest::PostStaged(_) => EngineReply::PostStaged(Ok(database.post(&self.peer, now_ms))),
            EngineRequest::ReadLog(ReadLog { origin, from_seq, bytes_max }) => {
                EngineReply::ReadLog(Ok(database.read(&origin, from_seq, bytes_max)))
            }
            EngineRequest::ApplyRun(ApplyRun { run, .. }) => EngineReply::ApplyRun(Ok(match self.verdict.take() {
                Some(verdict) => {
                    let head = database.heads[&run.origin].clone();
                    Applied { received: head.seq, head, verdict, own: None }
                }
                None => Applied { own: database.heads.get(&self.peer).cloned(), ..database.apply(&run) },
            })),
            EngineRequest::DropUnsigned(DropUnsigned { origin }) => {
                EngineReply::DropUnsigned(Ok(database.seq(&origin)))
            }
            EngineRequest::OpenView(OpenView { peer }) => {
                self.views.insert(peer, database.clone());
                let heads = database.heads.values().cloned().collect();
                EngineReply::OpenView(Ok(EngineView { heads, collections: vec![MEMORY.into()] }))
            }
            EngineRequest::CloseView(CloseView { peer }) => {
                self.views.remove(&peer);
                EngineReply::CloseView(())
            }
            EngineRequest::ReadFingerprints(ReadFingerprints { view, .. }) => {
                let database = view.map_or(&*database, |peer| &self.views[&peer]);
                EngineReply::ReadFingerprints(Ok(database.fingerprints()))
            }
            EngineRequest::ReadDigests(ReadDigests { view, buckets, after, until, count_max, .. }) => {
                let database = view.map_or(&*database, |peer| &self.views[&peer]);
                let mut digests = database.digests();
                digests.retain(|entry| {
                    let is_behind = after.as_ref().is_none_or(|after| entry.key > *after);
                    let is_within = until.as_ref().is_none_or(|until| entry.key <= *until);
                    is_behind && is_within && buckets.contains(entry.bucket)
                });
                let is_more = digests.len() > count_max;
                digests.truncate(count_max);
                EngineReply::ReadDigests(Ok((digests, is_more)))
            }
            EngineRequest::ReadPage(ReadPage { view, key_hashes, after, bytes_max, .. }) => {
                EngineReply::ReadPage(Ok(self.views[&view].entries(key_hashes.as_deref(), after.as_ref(), bytes_max)))
            }
            EngineRequest::MergeStates(MergeStates { offer, .. }) => {
                let mut news = 0;
                for entry in &offer.entries {
                    let state: State = postcard::from_bytes(&entry.body).unwrap();
                    let is_early = |(origin, seq): (&PeerId, &u64)| *origin != self.peer && *seq > database.seq(origin);
                    self.early_states += usize::from(state.clock.iter().any(is_early));
                    news += u64::from(database.merge(key_of(&entry.key), state));
                }
                EngineReply::MergeStates(Ok(MergedStates { news, ..MergedStates::default() }))
            }
            EngineRequest::DropCollected(DropCollected { keys, .. }) => {
                keys.iter().for_each(|key| database.forget(key_of(key)));
                EngineReply::DropCollected(Ok(keys.len() as u64))
            }
            EngineRequest::AdoptHeads(AdoptHeads { adoption, .. }) => {
                for head in adoption.heads {
                    if head.seq > database.seq(&head.origin) {
                        database.log.remove(&head.origin);
                        database.heads.insert(head.origin.clone(), head);
                    }
                }
                let heads = database.heads.values().cloned().collect();
                let unheard = self.attached_here.iter().filter(|name| !adoption.known.contains(name)).cloned();
                let partial = adoption.partial.iter().cloned().chain(unheard).collect();
                EngineReply::AdoptHeads(Ok(AdoptedHeads { heads, partial }))
            }
            EngineRequest::CollectTombstones(CollectTombstones { stable }) => {
                let count = database.collect(&stable.into_iter().collect());
                self.collected += count;
                EngineReply::CollectTombstones(Ok(count))
            }
            EngineRequest::PruneLog(_) => EngineReply::PruneLog(Ok(0)),
            EngineRequest::VerifyHeads(_) if self.failing_looks > 0 => {
                self.failing_looks -= 1;
                EngineReply::VerifyHeads(Err(Error::new(ErrorKind::Io, "the store cannot be read")))
            }
            EngineRequest::VerifyHeads(VerifyHeads { heads }) => {
                let (heads, forged): (Vec<Head>, Vec<Head>) =
                    heads.into_iter().partition(|head| *head.signature != [0; 64]);
                let is_forged = !forged.is_empty();
                EngineReply::VerifyHeads(Ok(VerifiedHeads { heads, is_forged, ..VerifiedHeads::default() }))
            }
            EngineRequest::RepostEntries(_) => unreachable!("nobody forks here"),
            EngineRequest::KeepPlacement(_)
            | EngineRequest::DrawEvictable(_)
            | EngineRequest::EvictEntries(_)
            | EngineRequest::ListKeys(_) => unreachable!("nothing is dropped or listed here"),
            EngineRequest::ReadEntries(ReadEntries { keys, .. }) => {
                let hashes: Vec<_> = keys.iter().map(|key| hash_of(key_of(key))).collect();
                EngineReply::ReadEntries(Ok((database.heads(), database.entries(Some(&hashes), None, usize::MAX).0)))
            }
            EngineRequest::MergeFetched(MergeFetched { offer, .. }) => {
                let states = offer.entries.iter();
                let states = states.map(|entry| (key_of(&entry.key), postcard::from_bytes(&entry.body).unwrap()));
                let merged = states.filter(|(key, state): &(u64, State)| database.merge(*key, state.clone())).count();
                EngineReply::MergeFetched(Ok(merged as u64))
            }
            EngineRequest::SaveMembers(SaveMembers { members }) => {
                self.saves.push((now_ms, members.len()));
                EngineReply::SaveMembers(Ok(()))
            }
            EngineRequest::SignStatement(SignStatement { statement }) => {
                EngineReply::SignStatement(Ok(sign(&self.peer, &statement)))
            }
            EngineRequest::VerifyStatements(VerifyStatements { signed }) => {
                let is_right = |signed: &Signed| sign(&signed.peer, &signed.statement) == signed.signature;
                self.verified += signed.len();
                EngineReply::VerifyStatements(Ok(signed.iter().map(is_right).collect()))
            }
            EngineRequest::ReadEpoch(_) => EngineReply::ReadEpoch(Ok(Some(Box::new(self.epoch.clone())))),
            EngineRequest::SaveEpoch(SaveEpoch { news }) => {
                let number = |news: &EpochNews| news.secret.as_ref().map_or(0, |key| key.epoch);
                self.saved_epochs.push(number(&news));
                if number(&news) > number(&self.epoch) {
                    self.epoch = *news;
                }
                EngineReply::SaveEpoch(Ok(self.adoptions.pop_front().unwrap_or(Adoption::News)))
            }
            EngineRequest::CheckOwnHead(CheckOwnHead { head }) => {
                self.shown_heads.push(head);
                EngineReply::CheckOwnHead(self.own_heads.pop_front().unwrap_or(Ok(OwnHead::Known(Vec::new()))))
            }
            EngineRequest::RenewEarlyOrigin(_) => EngineReply::RenewEarlyOrigin(Ok(None)),
            EngineRequest::CallMemberBack(_) => EngineReply::CallMemberBack(Ok(())),
            EngineRequest::MergeSchemas(_) => EngineReply::MergeSchemas(Ok(MergedSchema::default())),
        }
    }
}

impl World {
    pub fn new(count: usize) -> World {
        World::with(count, &tuning(), &NetworkOptions::default())
    }

    pub fn with(count: usize, tuning: &Tuning, options: &NetworkOptions) -> World {
        let mut world = World {
            now_ms: START_MS,
            transcript: Vec::new(),
            nodes: Vec::new(),
            links: BTreeSet::new(),
            under_way: VecDeque::new(),
        };
        for number in 0..count {
            let config = EngineConfig {
                this: PeerId::new(format!("peer{number}")),
                network: NetworkId(1),
                options: options.clone(),
                epoch: 1,
                removed: Vec::new(),
                charter: CharterDigest { founding: 1, edicts: 1 },
                excused: Vec::new(),
                is_owner: false,
                owners: Vec::new(),
                awaits_founder: false,
                collections: vec![schema()],
                shapes: Vec::new(),
                partial: Vec::new(),
                placement: Placement::default(),
                is_returning: false,
                tuning: tuning.clone(),
                seed: number as u64,
            };
            world.nodes.push(Node {
                peer: config.this.clone(),
                engine: Engine::new(config.clone(), Vec::new(), Vec::new(), world.now_ms),
                config,
                database: Fake::default(),
                views: BTreeMap::new(),
                requests: VecDeque::new(),
                epoch: epoch(1, "first"),
                saved_epochs: Vec::new(),
                adoptions: VecDeque::new(),
                reports: Vec::new(),
                events: Vec::new(),
                disconnects: Vec::new(),
                sent: Vec::new(),
                collected: 0,
                early_states: 0,
                never_sends: None,
                own_heads: VecDeque::new(),
                shown_heads: Vec::new(),
                renewed: Vec::new(),
                verdict: None,
                saves: Vec::new(),
                verified: 0,
                failing_looks: 0,
                attached_here: Vec::new(),
            });
        }
        world
    }

    /// A new engine on what the database of a node holds.
    pub fn start_anew(&mut self, node: usize, change: impl FnOnce(&mut EngineConfig)) {
        let node = &mut self.nodes[node];
        change(&mut node.config);
        node.requests.clear();
        node.engine = Engine::new(node.config.clone(), node.database.heads(), Vec::new(), self.now_ms);
    }

    pub fn peer(&self, node: usize) -> PeerId {
        self.nodes[node].peer.clone()
    }

    pub fn input(&mut self, node: usize, input: EngineInput) {
        let mut actions = Vec::new();
        self.nodes[node].engine.handle(self.now_ms, input, &mut actions);
        for action in actions {
            self.act(node, action);
        }
    }

    /// A line that says what comes next.
    pub fn mark(&mut self, what: &str) {
        self.transcript.push(format!("# {what}"));
    }

    fn tell(&mut self, what: &str) {
        self.transcript.push(format!("{:>6} {what}", self.now_ms - START_MS));
    }

    fn act(&mut self, node: usize, action: EngineAction) {
        if let Some(what) = transcript::action(&action) {
            self.tell(&format!("{} {what}", self.peer(node)));
        }
        match action {
            EngineAction::Send { peer, message } => {
                let other = self.nodes.iter().position(|other| other.peer == peer).unwrap();
                let kind = message.message_type().name();
                if self.nodes[node].never_sends == Some(kind) {
                    return;
                }
                self.tell(&format!("{} -> {peer} {}", self.peer(node), transcript::message(&message)));
                self.nodes[node].sent.push((peer, kind));
                let frames = encode(&message).unwrap();
                self.under_way.push_back((self.now_ms + 1, node, other, frames));
            }
            EngineAction::Request(pending) => self.nodes[node].requests.push_back(pending),
            EngineAction::Disconnect { peer, until_ms, reason } => {
                self.nodes[node].disconnects.push((peer.clone(), until_ms, reason));
                let other = self.nodes.iter().position(|other| other.peer == peer).unwrap();
                self.disconnect(node, other);
            }
            EngineAction::FetchDone { .. } | EngineAction::KeysListed { .. } => {}
            EngineAction::SyncDone { number, report } => self.nodes[node].reports.push((number, report)),
            EngineAction::Renewed { peer } => self.nodes[node].renewed.push(peer),
            EngineAction::Event(event) => self.nodes[node].events.push(event),
        }
    }

    pub fn connect(&mut self, one: usize, two: usize) {
        self.connect_with(one, two, 1);
    }

    /// Both prove the key of an epoch.
    pub fn connect_with(&mut self, one: usize, two: usize, epoch: u64) {
        if self.links.contains(&(one, two)) {
            return;
        }
        self.links.extend([(one, two), (two, one)]);
        for (node, other) in [(one, two), (two, one)] {
            let peer = self.peer(other);
            self.input(node, EngineInput::PeerUp { peer, epoch, addresses: Vec::new() });
        }
    }

    pub fn disconnect(&mut self, one: usize, two: usize) {
        self.links.remove(&(one, two));
        self.links.remove(&(two, one));
        let is_between = |from: usize, to: usize| [(one, two), (two, one)].contains(&(from, to));
        self.under_way.retain(|(_, from, to, _)| !is_between(*from, *to));
        for (node, other) in [(one, two), (two, one)] {
            let peer = self.peer(other);
            self.input(node, EngineInput::PeerDown { peer });
        }
    }

    pub fn deliver(&mut self, from: usize, to: usize, message: Message) {
        let frames = encode(&message).unwrap();
        self.under_way.push_back((self.now_ms + 1, from, to, frames));
    }

    /// Stages an entry and tells nobody: whoever posts finds it.
    pub fn stage(&mut self, node: usize, key: u64, value: Option<u64>) {
        self.nodes[node].database.staged.push_back((key, value));
    }

    /// Stages an entry: the engine posts it when its interval is over.
    pub fn write(&mut self, node: usize, key: u64, value: Option<u64>) {
        self.stage(node, key, value);
        self.input(node, EngineInput::Staged);
    }

    pub fn run_for(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        loop {
            self.answer_requests();
            let delivery = self.under_way.front().map_or(u64::MAX, |(at_ms, ..)| *at_ms);
            let ticks = (0..self.nodes.len()).map(|node| (self.nodes[node].engine.next_tick_ms(), node));
            let (tick_ms, ticking) = ticks.min().unwrap();
            let next_ms = delivery.min(tick_ms).max(self.now_ms);
            if next_ms > end_ms {
                break;
            }
            self.now_ms = next_ms;
            if delivery <= tick_ms {
                let Some((_, from, to, frames)) = self.under_way.pop_front() else { break };
                self.arrive(from, to, &frames);
            } else {
                self.input(ticking, EngineInput::Tick);
            }
        }
        self.now_ms = end_ms;
    }

    fn arrive(&mut self, from: usize, to: usize, frames: &[Vec<u8>]) {
        if !self.links.contains(&(from, to)) {
            return;
        }
        let mut assembler = Assembler::new();
        let bytes = frames.iter().map(Vec::len).sum();
        let message = frames.iter().filter_map(|frame| assembler.push(frame).unwrap()).last().unwrap();
        let peer = self.peer(from);
        self.input(to, EngineInput::Received { peer, message, bytes });
    }

    fn answer_requests(&mut self) {
        while let Some(node) = (0..self.nodes.len()).find(|node| !self.nodes[*node].requests.is_empty()) {
            let pending = self.nodes[node].requests.pop_front().unwrap();
            let what = transcript::request(pending.request());
            let completed = pending.answer_with(|request| self.nodes[node].answer(request, self.now_ms));
            self.tell(&format!("{} {what} = {}", self.peer(node), transcript::reply(completed.reply())));
            self.input(node, EngineInput::Done(completed));
        }
    }

    pub fn values(&self, node: usize) -> BTreeMap<u64, u64> {
        self.nodes[node].database.values()
    }

    /// How many messages of a kind a node has sent.
    pub fn sent(&self, node: usize, kind: &str) -> usize {
        self.nodes[node].sent.iter().filter(|(_, sent)| *sent == kind).count()
    }

    pub fn reconfigure(&mut self, node: usize, change: impl FnOnce(&mut EngineConfig)) {
        change(&mut self.nodes[node].config);
        let config = self.nodes[node].config.clone();
        self.input(node, EngineInput::Reconfigured(Box::new(config)));
    }
}
