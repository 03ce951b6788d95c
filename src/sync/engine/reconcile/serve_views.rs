//! The serving side of a reconciliation: a peer asks step by step what one view of the public states holds.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{Buckets, Bytes, EntryDigest, Fingerprint, Head, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::core::InService;
use crate::sync::engine::limits::{VIEW_AGE_MS_MAX, VIEW_IDLE_MS_MAX, VIEW_TURN_MS, VIEWS_MAX};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::fingerprint_tree::Tree;
use crate::sync::engine::requests::{CloseView, OpenView, ReadDigests, ReadFingerprints, ReadPage};
use crate::sync::engine::requests::{EngineOffer, EngineView};
use crate::sync::protocol::message::{
    CLOCK_MAX, CLOCK_PAIRS_MAX, Digests, ENTRIES_MAX, Message, ReconcileAnswer, ReconcileAsk, ReconcileRequest,
    ReconcileResponse, VIEW_HEADS_MAX, WireDigest,
};

/// Requests of one reconciliation that wait.
const WAITING_MAX: usize = 4;

/// The views that are kept for peers: one for each.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct ServedViews {
    views: BTreeMap<PeerId, ServedView>,
    /// How many views of each peer are being closed.
    closing: InService,
}

/// A view that is kept for a peer.
#[derive(Debug)]
struct ServedView {
    /// No other view, of the same peer or of another one, has it.
    number: u64,
    /// The peer's last view is being closed, which the next one waits for.
    is_waiting: bool,
    opened_ms: u64,
    used_ms: u64,
    /// The collection whose tree is at hand.
    tree: Option<(String, Tree)>,
    /// The first is under way.
    requests: VecDeque<ReconcileRequest>,
    /// What the peer is told of: its share, or all where the lists of members differ.
    within: Buckets,
    /// Where the page after the last one begins; `None` where there is none.
    following: Option<PagePlace>,
    /// The page that the peer will ask for next.
    ahead: Option<Ahead>,
}

/// A page that is read before it is asked for, while the one before is on its way.
#[derive(Debug)]
struct Ahead {
    place: PagePlace,
    /// `None` while it is being read.
    page: Option<Page>,
}

/// A page by its collection and the key that it begins behind.
type PagePlace = (String, Bytes);

/// Entries, and the key to go on after.
type Page = (EngineOffer, Option<Bytes>);

impl ServedViews {
    /// A request of a peer; where `is_closed` says so, no view is given.
    pub fn on_reconcile_request(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        request: ReconcileRequest,
        is_closed: bool,
    ) {
        let (now_ms, number) = (core.now_ms, request.number);
        if request.ask == ReconcileAsk::Close {
            return self.drop_view(core, peer);
        }
        if let ReconcileAsk::Open { members, copies, is_filling } = request.ask {
            // Opening replaces an older view of the same peer; closing that one as well could come later.
            self.views.remove(peer);
            // Nobody is to take over what this node may be the last to hold because it slept.
            if is_closed || !self.make_room(core) {
                return Self::answer(core, peer, number, ReconcileAnswer::Refused);
            }
            let within = Self::told_of(core, peer, members, copies, is_filling);
            let view = ServedView {
                number: core.next_number(),
                is_waiting: self.closing.count(peer) > 0,
                opened_ms: now_ms,
                used_ms: now_ms,
                tree: None,
                requests: VecDeque::from([request]),
                within,
                following: None,
                ahead: None,
            };
            self.views.insert(peer.clone(), view);
            invariant!(self.views.len() <= VIEWS_MAX, "a bounded number of views is kept, one for each peer");
            core.wake_at(now_ms.saturating_add(VIEW_IDLE_MS_MAX));
            return self.look(core, peer);
        }
        let Some(view) = self.views.get_mut(peer).filter(|view| view.requests.len() < WAITING_MAX) else {
            return Self::answer(core, peer, number, ReconcileAnswer::Refused);
        };
        view.used_ms = now_ms;
        view.requests.push_back(request);
        if view.requests.len() == 1 {
            self.look(core, peer);
        }
    }

    /// Whether there is a place for one more view: the oldest has to make room once it has had its turn, so that nobody is kept from
    /// being compared with this node by members that always ask for more.
    fn make_room(&mut self, core: &mut EngineCore) -> bool {
        if self.views.len() < VIEWS_MAX {
            return true;
        }
        let had_turn = |view: &ServedView| core.now_ms >= view.opened_ms.saturating_add(VIEW_TURN_MS);
        let oldest = self.views.iter().filter(|(_, view)| had_turn(view)).min_by_key(|(_, view)| view.opened_ms);
        let Some(oldest) = oldest.map(|(peer, _)| peer.clone()) else { return false };
        self.drop_view(core, &oldest);
        true
    }

    /// The buckets that a peer is told of: those that it has to hold where it fills them, else those that both hold.
    fn told_of(core: &mut EngineCore, peer: &PeerId, members: u64, copies: u32, is_filling: bool) -> Buckets {
        if members != core.electorate() {
            return Buckets::all();
        }
        let share = core.share_of(peer, copies);
        if is_filling { share } else { share.and(&core.own_share()) }
    }

    /// Requests are not answered in order, and the next view of the peer is not to be closed for this one: it has waited.
    fn on_close_view_done(&mut self, core: &mut EngineCore, peer: &PeerId) {
        self.closing.end(peer);
        if self.closing.count(peer) > 0 {
            return;
        }
        if let Some(view) = self.views.get_mut(peer).filter(|view| view.is_waiting) {
            view.is_waiting = false;
            self.look(core, peer);
        }
    }

    /// Has done what the first request of a peer needs.
    fn look(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let Some(view) = self.views.get_mut(peer).filter(|view| !view.is_waiting) else { return };
        let number = view.number;
        let Some(request) = view.requests.front_mut() else { return };
        if let ReconcileAsk::NextPage { collection } = &request.ask {
            let Some((collection, after)) = view.following.take_if(|(following, _)| following == collection) else {
                return self.answer_first(core, peer, entries_answer((EngineOffer::default(), None)));
            };
            request.ask = ReconcileAsk::Page { collection, after: Some(after) };
        }
        let (asking, source) = (peer.clone(), Some(peer.clone()));
        let bytes_max = core.config.tuning.batch_bytes;
        match request.ask.clone() {
            ReconcileAsk::Tree { collection, level, nodes } => {
                if let Some((_, tree)) = view.tree.as_ref().filter(|(name, _)| *name == collection) {
                    let children = nodes.iter().flat_map(|node| tree.children(level, *node)).copied().collect();
                    return self.answer_first(core, peer, ReconcileAnswer::Tree { children });
                }
                let request = ReadFingerprints { view: source, collection: collection.clone() };
                core.request(request, move |engine, reply| {
                    engine.views.on_read_served_fingerprints_done(&mut engine.core, &asking, number, collection, reply);
                });
            }
            ReconcileAsk::Digests { collection, buckets, after, until } => {
                let count_max = core.config.tuning.digests_at_once();
                let request = ReadDigests { view: source, collection, buckets, after, until, count_max };
                core.request(request, move |engine, reply| {
                    engine.views.on_view_read(&mut engine.core, &asking, number, reply.map(digests_answer));
                });
            }
            ReconcileAsk::Entries { collection, key_hashes, after } => {
                let (view, within) = (peer.clone(), Buckets::all());
                let request = ReadPage { view, collection, key_hashes: Some(key_hashes), within, after, bytes_max };
                core.request(request, move |engine, reply| {
                    engine.views.on_view_read(&mut engine.core, &asking, number, reply.map(entries_answer));
                });
            }
            ReconcileAsk::Page { collection, after } => {
                let is_this =
                    |ahead: &&mut Ahead| ahead.place.0 == collection && Some(&ahead.place.1) == after.as_ref();
                if let Some(ahead) = view.ahead.as_mut().filter(is_this) {
                    if let Some(page) = ahead.page.take() {
                        self.answer_page(core, peer, page);
                    }
                    return;
                }
                view.ahead = None;
                let (view, within) = (peer.clone(), view.within.clone());
                let request = ReadPage { view, collection, key_hashes: None, within, after, bytes_max };
                core.request(request, move |engine, reply| {
                    engine.views.on_read_page_done(&mut engine.core, &asking, number, reply)
                });
            }
            ReconcileAsk::Open { .. } => {
                core.request(OpenView { peer: peer.clone() }, move |engine, reply| {
                    let read = reply.map(|opened| view_answer(&engine.core, &engine.log, &asking, opened));
                    engine.views.on_view_read(&mut engine.core, &asking, number, read);
                });
            }
            ReconcileAsk::Close | ReconcileAsk::NextPage { .. } => {}
        }
    }

    /// Whether a view is still there: what was read of one that has been replaced meanwhile is of no use.
    fn has_view(&self, peer: &PeerId, number: u64) -> bool {
        self.views.get(peer).is_some_and(|view| view.number == number)
    }

    fn on_read_served_fingerprints_done(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        number: u64,
        collection: String,
        read: Result<Vec<Fingerprint>>,
    ) {
        let view = self.views.get_mut(peer).filter(|view| view.number == number);
        match (read, view) {
            (Ok(buckets), Some(view)) => {
                view.tree = Some((collection, Tree::new(buckets, &view.within)));
                self.look(core, peer);
            }
            (Err(error), _) => self.on_view_read(core, peer, number, Err(error)),
            (Ok(_), None) => {}
        }
    }

    fn on_read_page_done(&mut self, core: &mut EngineCore, peer: &PeerId, number: u64, read: Result<Page>) {
        match read {
            Ok(page) if self.has_view(peer, number) => self.answer_page(core, peer, page),
            Ok(_) => {}
            Err(error) => self.on_view_read(core, peer, number, Err(error)),
        }
    }

    /// Answers with a page, and begins to read the next one.
    fn answer_page(&mut self, core: &mut EngineCore, peer: &PeerId, page: Page) {
        let bytes_max = core.config.tuning.batch_bytes;
        let answer = entries_answer(page);
        let Some(view) = self.views.get_mut(peer) else { return };
        (view.following, view.ahead) = (None, None);
        if let ReconcileAnswer::Entries { next: Some(after), .. } = &answer
            && let Some(ReconcileAsk::Page { collection, .. }) = view.requests.front().map(|request| &request.ask)
        {
            let place = (collection.clone(), after.clone());
            view.following = Some(place.clone());
            view.ahead = Some(Ahead { place: place.clone(), page: None });
            let (number, within) = (view.number, view.within.clone());
            let (collection, after) = (place.0.clone(), Some(place.1.clone()));
            let request = ReadPage { view: peer.clone(), collection, key_hashes: None, within, after, bytes_max };
            let asking = peer.clone();
            core.request(request, move |engine, reply| {
                engine.views.on_read_ahead_done(&mut engine.core, &asking, number, &place, reply)
            });
        }
        self.answer_first(core, peer, answer);
    }

    /// A page that nobody had asked for when its reading began.
    fn on_read_ahead_done(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        number: u64,
        place: &PagePlace,
        read: Result<Page>,
    ) {
        let Some(view) = self.views.get_mut(peer).filter(|view| view.number == number) else { return };
        let Some(ahead) = view.ahead.as_mut().filter(|ahead| ahead.place == *place) else { return };
        let front = view.requests.front().map(|request| &request.ask);
        let is_waited_for = matches!(front, Some(ReconcileAsk::Page { collection, after })
            if *collection == place.0 && after.as_ref() == Some(&place.1));
        match read {
            Ok(page) => ahead.page = Some(page),
            // It is read again when it is asked for, and fails then.
            Err(_) => view.ahead = None,
        }
        if is_waited_for {
            self.look(core, peer);
        }
    }

    /// What the first request of a peer asks for has been read.
    fn on_view_read(&mut self, core: &mut EngineCore, peer: &PeerId, number: u64, read: Result<ReconcileAnswer>) {
        if !self.has_view(peer, number) {
            return;
        }
        match read {
            Ok(answer) => self.answer_first(core, peer, answer),
            Err(error) => {
                core.failed("reading public states", &error);
                self.answer_first(core, peer, ReconcileAnswer::Refused);
                self.drop_view(core, peer);
            }
        }
    }

    fn answer_first(&mut self, core: &mut EngineCore, peer: &PeerId, answer: ReconcileAnswer) {
        let now_ms = core.now_ms;
        let Some(view) = self.views.get_mut(peer) else { return };
        view.used_ms = now_ms;
        let Some(request) = view.requests.pop_front() else { return };
        Self::answer(core, peer, request.number, answer);
        self.look(core, peer);
    }

    fn answer(core: &mut EngineCore, peer: &PeerId, number: u64, answer: ReconcileAnswer) {
        core.send(peer, Message::ReconcileResponse(ReconcileResponse { number, answer }));
    }

    pub fn drop_view(&mut self, core: &mut EngineCore, peer: &PeerId) {
        if self.views.remove(peer).is_some() {
            self.closing.begin(peer);
            let closed = peer.clone();
            core.request(CloseView { peer: peer.clone() }, move |engine, ()| {
                engine.views.on_close_view_done(&mut engine.core, &closed)
            });
        }
    }

    pub fn tick_views(&mut self, core: &mut EngineCore) {
        let now_ms = core.now_ms;
        let end_ms = |view: &ServedView| {
            view.opened_ms.saturating_add(VIEW_AGE_MS_MAX).min(view.used_ms.saturating_add(VIEW_IDLE_MS_MAX))
        };
        let old: Vec<PeerId> =
            self.views.iter().filter(|(_, view)| end_ms(view) <= now_ms).map(|(peer, _)| peer.clone()).collect();
        for peer in old {
            self.drop_view(core, &peer);
        }
        if let Some(wake_ms) = self.views.values().map(end_ms).min() {
            core.wake_at(wake_ms);
        }
    }
}

/// What a peer is told of a view that was opened for it.
fn view_answer(core: &EngineCore, log: &Log, peer: &PeerId, view: EngineView) -> ReconcileAnswer {
    let is_partial = |name: &String| core.config.partial.contains(name);
    let (partial, whole) = view.collections.into_iter().partition(is_partial);
    let mut heads: Vec<Head> = view.heads;
    // Of an origin that forked our numbers may mean other deltas than the peer's, and it may not know yet.
    let is_frozen = |origin: &PeerId| log.is_frozen(origin);
    let known_seq = |origin: &PeerId| core.peers.get(peer).map_or(0, |session| session.known_seq(origin));
    let is_doubtful = |head: &Head| log.is_forked(&head.origin) && known_seq(&head.origin) > head.seq;
    heads.retain(|head| head.seq > 0 && !is_frozen(&head.origin) && !is_doubtful(head));
    heads.truncate(VIEW_HEADS_MAX);
    let (members, copies) = (core.electorate(), core.copies().unwrap_or(0));
    ReconcileAnswer::View { heads, whole, partial, members, copies }
}

fn entries_answer((EngineOffer { mut entries, postings }, next): Page) -> ReconcileAnswer {
    let next = match entries.get(ENTRIES_MAX - 1) {
        Some(last) if entries.len() > ENTRIES_MAX => Some(last.key.clone()),
        _ => next,
    };
    entries.truncate(ENTRIES_MAX);
    ReconcileAnswer::Entries { entries, postings, next }
}

/// Clocks name origins by position, since most entries name the same few.
fn digests_answer((mut digests, mut is_more): (Vec<EntryDigest>, bool)) -> ReconcileAnswer {
    for entry in digests.iter_mut().filter(|entry| entry.clock.len() > CLOCK_MAX) {
        // More have written to it than a message tells of: one that nobody has heard of has it asked for.
        entry.clock.truncate(1);
        entry.clock.iter_mut().for_each(|(_, seq)| *seq = u64::MAX);
    }
    // A message holds a bounded number of parts of clocks: the others go with the next.
    let mut parts = 0;
    let mut fits = |entry: &EntryDigest| {
        parts += entry.clock.len();
        parts <= CLOCK_PAIRS_MAX
    };
    let fitting = digests.iter().take_while(|entry| fits(entry)).count().max(1);
    is_more |= fitting < digests.len();
    digests.truncate(fitting);
    let next = digests.last().map(|entry| entry.key.clone()).filter(|_| is_more);
    let mut positions: BTreeMap<PeerId, u32> = BTreeMap::new();
    let mut origins = Vec::new();
    let mut position_of = |origin: PeerId| {
        *positions.entry(origin).or_insert_with_key(|origin| {
            origins.push(origin.clone());
            u32::try_from(origins.len() - 1).unwrap_or(u32::MAX)
        })
    };
    let digests = digests
        .into_iter()
        .map(|entry| WireDigest {
            bucket: entry.bucket,
            key_hash: entry.key_hash,
            digest: entry.digest,
            clock: entry.clock.into_iter().map(|(origin, seq)| (position_of(origin), seq)).collect(),
        })
        .collect();
    ReconcileAnswer::Digests(Digests { origins, digests, next })
}
