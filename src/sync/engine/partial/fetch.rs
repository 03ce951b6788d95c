//! Fetching: entries that are read here and that other members hold.
//!
//! Members are asked one after the other, those first whose share an entry falls into. One that finds it in its share, or
//! finds that it is not there, settles the matter.

use std::collections::{BTreeMap, VecDeque};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bytes, Head, PeerId, PostingProof, PublicEntry, bucket_of, by_weight, hash_of_key};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::core::InService;
use crate::sync::engine::io::EngineAction;
use crate::sync::engine::limits::{
    FETCH_MS_MAX, FETCH_TIMEOUT_MS, FETCH_TRIES_MAX, FETCHES_MAX, FETCHES_PER_PEER_MAX, POINTS_FLOOD,
    SERVED_KEYS_BYTES_MAX, SERVES_PER_PEER_MAX,
};
use crate::sync::engine::partial::eviction::Eviction;
use crate::sync::engine::requests::EngineOffer;
use crate::sync::engine::requests::{MergeFetched, ReadEntries};
use crate::sync::protocol::message::{
    FETCH_KEYS_MAX, FetchAnswer, FetchRequest, FetchResponse, Message, VIEW_HEADS_MAX,
};

/// Said of a member that holds nothing and cannot vouch for there being nothing.
const NOT_HELD: &str = "it does not hold it";

/// Fetches under way, by the number that they have in messages.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Fetches {
    running: BTreeMap<u64, Fetch>,
    /// Those that wait until whom they would ask has less to do.
    waiting: VecDeque<u64>,
    /// How many requests of each peer are being answered.
    served: InService,
}

#[derive(Debug)]
struct Fetch {
    /// That of the input.
    number: u64,
    collection: String,
    /// Who is asked first.
    holder: Option<PeerId>,
    /// Keys that are still open.
    left: Vec<Bytes>,
    /// Keys of entries that there are not.
    nowhere: Vec<Bytes>,
    /// Who is being asked, until when.
    asked: Option<(PeerId, u64)>,
    /// Keys that are settled once the database has taken in what came, and whether there is an entry.
    merging: Vec<(Bytes, bool)>,
    /// What somebody had that need not hold it, with the heads there: for want of anything better.
    doubtful: Option<(EngineOffer, Vec<Head>)>,
    /// Who is of no more use, and why.
    said: Vec<(PeerId, &'static str)>,
    /// How often what came was behind what is known here.
    tries: u32,
    end_ms: u64,
}

/// The node stops, or goes on under another id.
pub(in crate::sync::engine) fn interrupted() -> Error {
    Error::new(ErrorKind::ObjectInUse, "the network is starting anew").with_hint("Run the statement again.")
}

impl Fetches {
    pub fn on_fetch_requested(
        &mut self,
        core: &mut EngineCore,
        eviction: &mut Eviction,
        number: u64,
        collection: String,
        keys: Vec<Bytes>,
        holder: Option<PeerId>,
    ) {
        if holder.is_some() {
            eviction.keep_what_is_read(core);
        }
        let (nowhere, left): (Vec<Bytes>, Vec<Bytes>) =
            keys.into_iter().partition(|key| core.would_hold(&collection, key));
        if left.is_empty() {
            return core.actions.push(EngineAction::FetchDone { number, result: Ok(nowhere) });
        }
        if self.running.len() >= FETCHES_MAX || left.len() > FETCH_KEYS_MAX {
            let error = Error::new(ErrorKind::LimitExceeded, "too many entries are being fetched from other members")
                .with_hint(format!("At most {FETCHES_MAX} statements fetch at a time, {FETCH_KEYS_MAX} entries each."));
            return core.actions.push(EngineAction::FetchDone { number, result: Err(error) });
        }
        let id = core.next_number();
        let end_ms = core.now_ms.saturating_add(FETCH_MS_MAX);
        let (asked, merging, doubtful, said) = (None, Vec::new(), None, Vec::new());
        let tries = 0;
        let fetch = Fetch { number, collection, holder, left, nowhere, asked, merging, doubtful, said, tries, end_ms };
        self.running.insert(id, fetch);
        self.ask_next(core, id);
    }

    /// Asks the next member for what is left, or ends the fetch where nothing is, or nobody.
    fn ask_next(&mut self, core: &mut EngineCore, id: u64) {
        let now_ms = core.now_ms;
        let Some(fetch) = self.running.get(&id) else { return };
        let Some(first) = fetch.left.first() else { return self.end_fetch(core, id) };
        let is_able = |peer: &PeerId| {
            let session = core.peers.get(peer);
            session.is_some_and(|session| !session.is_outdated && session.collections.contains(&fetch.collection))
                && !fetch.said.iter().any(|(asked, _)| asked == peer)
        };
        let bucket = bucket_of(&hash_of_key(first));
        let by_weight = by_weight(bucket, core.roster.peers());
        let peer = fetch.holder.iter().chain(by_weight).find(|peer| is_able(peer)).cloned();
        match peer {
            Some(peer) if now_ms < fetch.end_ms => {
                let is_asked = |fetch: &Fetch| {
                    fetch.asked.as_ref().is_some_and(|(asked, until_ms)| *asked == peer && *until_ms < u64::MAX)
                };
                let asked = self.running.values().filter(|fetch| is_asked(fetch)).count();
                if asked < FETCHES_PER_PEER_MAX {
                    self.send_fetch_request(core, id, &peer);
                } else if !self.waiting.contains(&id) {
                    self.waiting.push_back(id);
                }
            }
            _ => self.make_do(core, id),
        }
    }

    /// Somebody has answered, or will not: whoever waited for that has its turn.
    fn resume_fetches(&mut self, core: &mut EngineCore) {
        for id in std::mem::take(&mut self.waiting) {
            self.ask_next(core, id);
        }
    }

    /// Whether every other member has said that it does not hold what is left.
    fn have_all_answered(&self, core: &EngineCore, id: u64) -> bool {
        let Some(fetch) = self.running.get(&id) else { return false };
        let has_answered = |peer: &PeerId| fetch.said.iter().any(|(asked, why)| asked == peer && *why == NOT_HELD);
        core.roster.peers().filter(|peer| **peer != core.config.this).all(has_answered)
    }

    /// Nobody is left to ask: takes what somebody had, or ends the fetch in vain.
    fn make_do(&mut self, core: &mut EngineCore, id: u64) {
        let Some(fetch) = self.running.get_mut(&id) else { return };
        match fetch.doubtful.take() {
            Some((mut offer, heads)) => {
                offer.entries.retain(|entry| fetch.left.contains(&entry.key));
                fetch.merging = offer.entries.iter().map(|entry| (entry.key.clone(), true)).collect();
                let collection = fetch.collection.clone();
                let request = MergeFetched { collection, offer, absent: Vec::new(), heads };
                core.request(request, move |engine, reply| {
                    engine.fetches.on_merge_fetched_done(&mut engine.core, id, reply)
                });
            }
            None if self.have_all_answered(core, id) => {
                // While members fill their shares nobody vouches alone; together they do.
                if let Some(fetch) = self.running.get_mut(&id) {
                    fetch.nowhere.append(&mut fetch.left);
                }
                self.end_fetch(core, id);
            }
            None => {
                let error = self.nobody(core, id);
                self.fail_fetch(core, id, error);
            }
        }
    }

    fn send_fetch_request(&mut self, core: &mut EngineCore, id: u64, peer: &PeerId) {
        let until_ms = core.now_ms.saturating_add(FETCH_TIMEOUT_MS);
        let Some(fetch) = self.running.get_mut(&id) else { return };
        fetch.asked = Some((peer.clone(), until_ms));
        let request = FetchRequest { number: id, collection: fetch.collection.clone(), keys: fetch.left.clone() };
        core.wake_at(until_ms);
        core.send(peer, Message::FetchRequest(request));
    }

    fn end_fetch(&mut self, core: &mut EngineCore, id: u64) {
        if let Some(Fetch { number, nowhere, .. }) = self.running.remove(&id) {
            core.actions.push(EngineAction::FetchDone { number, result: Ok(nowhere) });
        }
    }

    fn fail_fetch(&mut self, core: &mut EngineCore, id: u64, error: Error) {
        if let Some(Fetch { number, .. }) = self.running.remove(&id) {
            core.actions.push(EngineAction::FetchDone { number, result: Err(error) });
        }
    }

    /// Who was asked in vain.
    fn nobody(&self, core: &EngineCore, id: u64) -> Error {
        let fetch = self.running.get(&id);
        let said = fetch.map(|fetch| fetch.said.as_slice()).unwrap_or_default();
        let asked = |peer: &PeerId| said.iter().find(|(asked, _)| asked == peer).map(|(_, why)| *why);
        let others = core.roster.peers().filter(|peer| **peer != core.config.this);
        let told = others.map(|peer| format!("{peer}: {}.", asked(peer).unwrap_or("not connected")));
        let told: Vec<String> = told.collect();
        let name = fetch.map_or("", |fetch| fetch.collection.as_str());
        Error::new(
            ErrorKind::Io,
            format!("an entry of \"{name}\" is not held here, and no member that holds it answered"),
        )
        .with_detail(if told.is_empty() { "No other member is known.".to_string() } else { told.join(" ") })
        .with_hint("SET nebulus.fetch = off reads what is here alone.")
    }

    /// The member that is being asked is of no more use.
    fn give_up_on(&mut self, core: &mut EngineCore, id: u64, peer: PeerId, why: &'static str) {
        if let Some(fetch) = self.running.get_mut(&id) {
            fetch.asked = None;
            fetch.said.push((peer, why));
            self.ask_next(core, id);
        }
        self.resume_fetches(core);
    }

    /// A response, which may be one to a challenge: no statement has made that request.
    pub fn on_fetch_response(
        &mut self,
        core: &mut EngineCore,
        eviction: &mut Eviction,
        peer: &PeerId,
        response: FetchResponse,
    ) {
        let id = response.number;
        let Some(fetch) = self.running.get_mut(&id) else {
            return eviction.on_challenge_response(core, peer, &response);
        };
        if fetch.asked.take_if(|(asked, _)| asked == peer).is_none() {
            return;
        }
        let (mut entries, mut absent, mut doubtful, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (key, answer) in fetch.left.iter().zip(&response.answers) {
            match answer {
                FetchAnswer::Found { body, contributions, is_whole } => {
                    let (body, contributions) = (body.clone(), contributions.clone());
                    let entry = PublicEntry { key: key.clone(), body, contributions };
                    unknown += usize::from(!is_whole);
                    if *is_whole { entries.push(entry) } else { doubtful.push(entry) }
                }
                FetchAnswer::Absent => absent.push(key.clone()),
                FetchAnswer::Unknown => unknown += 1,
            }
        }
        if fetch.doubtful.is_none() && !doubtful.is_empty() {
            let offer = EngineOffer { entries: doubtful, postings: response.postings.clone() };
            fetch.doubtful = Some((offer, response.heads.clone()));
        }
        if response.answers.len() == unknown {
            return self.give_up_on(core, id, peer.clone(), NOT_HELD);
        }
        let found = entries.iter().map(|entry| (entry.key.clone(), true));
        fetch.merging = found.chain(absent.iter().map(|key| (key.clone(), false))).collect();
        let known: BTreeMap<&PeerId, u64> = response.heads.iter().map(|head| (&head.origin, head.seq)).collect();
        let is_ahead = core.heads.iter().all(|head| known.get(&head.origin).is_some_and(|seq| *seq >= head.seq));
        if entries.is_empty() && is_ahead {
            self.on_merge_fetched_done(core, id, Ok(0));
            return self.resume_fetches(core);
        }
        let collection = fetch.collection.clone();
        let heads: Vec<Head> = response.heads;
        // Who answered is asked for the rest.
        fetch.asked = Some((peer.clone(), u64::MAX));
        let offer = EngineOffer { entries, postings: response.postings };
        let request = MergeFetched { collection, offer, absent, heads };
        core.request(request, move |engine, reply| engine.fetches.on_merge_fetched_done(&mut engine.core, id, reply));
        self.resume_fetches(core);
    }

    fn on_merge_fetched_done(&mut self, core: &mut EngineCore, id: u64, result: Result<u64>) {
        let Some(fetch) = self.running.get_mut(&id) else { return };
        let merged = std::mem::take(&mut fetch.merging);
        let peer = fetch.asked.take().map(|(peer, _)| peer);
        match result {
            Ok(_) => {
                for (key, is_found) in merged {
                    fetch.left.retain(|left| *left != key);
                    fetch.nowhere.extend(Some(key).filter(|_| !is_found));
                }
                self.ask_next(core, id);
            }
            Err(error) if error.kind() == ErrorKind::ObjectInUse && fetch.tries < FETCH_TRIES_MAX => {
                fetch.tries += 1;
                match peer.filter(|peer| core.peers.contains_key(peer)) {
                    Some(peer) => self.send_fetch_request(core, id, &peer),
                    None => self.ask_next(core, id),
                }
            }
            // What it sent is not proven: somebody else may have it.
            Err(error) if error.kind() == ErrorKind::Corrupted => match peer {
                Some(peer) => self.give_up_on(core, id, peer, "what it sent is not proven"),
                None => self.fail_fetch(core, id, error),
            },
            Err(error) => self.fail_fetch(core, id, error),
        }
    }

    /// Answers a peer that reads what it does not hold; where `is_closed` says so, that nothing is known of it here: a node that
    /// returns may hold entries whose tombstones are gone.
    pub fn on_fetch_request(&mut self, core: &mut EngineCore, peer: &PeerId, request: FetchRequest, is_closed: bool) {
        if self.served.count(peer) >= SERVES_PER_PEER_MAX {
            return core.penalise(peer, POINTS_FLOOD, "asked for too many entries at once");
        }
        let bytes: usize = request.keys.iter().map(|key| key.len()).sum();
        let is_attached = core.has_attached(&request.collection);
        if is_closed || !is_attached || bytes > SERVED_KEYS_BYTES_MAX {
            let answers = vec![FetchAnswer::Unknown; request.keys.len()];
            return self.send_fetch_response(core, peer, request.number, Vec::new(), (answers, Vec::new()));
        }
        let (collection, keys) = (request.collection.clone(), request.keys.clone());
        self.served.begin(peer);
        let peer = peer.clone();
        core.request(ReadEntries { collection, keys }, move |engine, reply| {
            engine.fetches.on_read_entries_done(&mut engine.core, &peer, &request, reply);
        });
    }

    fn on_read_entries_done(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        request: &FetchRequest,
        result: Result<(Vec<Head>, EngineOffer)>,
    ) {
        self.served.end(peer);
        let (heads, EngineOffer { entries, postings }) = match result {
            Ok(read) => read,
            Err(error) => {
                core.failed("reading entries for a peer", &error);
                (Vec::new(), EngineOffer::default())
            }
        };
        let mut found: BTreeMap<Bytes, PublicEntry> =
            entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        let (mut answers, mut bytes) = (Vec::new(), 0);
        for key in &request.keys {
            if bytes >= core.config.tuning.batch_bytes {
                break;
            }
            let state = found.remove(key);
            bytes += state.as_ref().map_or(0, PublicEntry::bytes);
            let is_whole = !heads.is_empty() && core.would_hold(&request.collection, key);
            answers.push(match state {
                Some(PublicEntry { body, contributions, .. }) => FetchAnswer::Found { body, contributions, is_whole },
                None if is_whole => FetchAnswer::Absent,
                None => FetchAnswer::Unknown,
            });
        }
        self.send_fetch_response(core, peer, request.number, heads, (answers, postings));
    }

    fn send_fetch_response(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        number: u64,
        mut heads: Vec<Head>,
        (answers, postings): (Vec<FetchAnswer>, Vec<PostingProof>),
    ) {
        heads.retain(|head| head.seq > 0);
        heads.truncate(VIEW_HEADS_MAX);
        if core.active(peer).is_some() {
            core.send(peer, Message::FetchResponse(FetchResponse { number, heads, answers, postings }));
        }
    }

    pub fn on_session_ended(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let is_asked =
            |fetch: &Fetch| fetch.merging.is_empty() && fetch.asked.as_ref().is_some_and(|(asked, _)| asked == peer);
        let ended: Vec<u64> = self.running.iter().filter(|(_, fetch)| is_asked(fetch)).map(|(id, _)| *id).collect();
        for id in ended {
            self.give_up_on(core, id, peer.clone(), "it is gone");
        }
    }

    pub fn tick_fetches(&mut self, core: &mut EngineCore) {
        let now_ms = core.now_ms;
        let asked = |fetch: &Fetch| fetch.asked.clone().filter(|(_, until_ms)| *until_ms <= now_ms);
        let late: Vec<(u64, PeerId)> =
            self.running.iter().filter_map(|(id, fetch)| Some((*id, asked(fetch)?.0))).collect();
        for (id, peer) in late {
            self.give_up_on(core, id, peer, "it did not answer in time");
        }
        let next = self.running.values().filter_map(|fetch| fetch.asked.as_ref()).map(|(_, until_ms)| *until_ms);
        if let Some(until_ms) = next.min() {
            core.wake_at(until_ms);
        }
    }
}
