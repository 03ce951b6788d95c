//! Posting what is staged, in intervals and when asked; and SYNC, which waits for the round trip.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{Head, PeerId};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::dispatch::heartbeat::Asides;
use crate::sync::engine::io::{EngineAction, EngineEvent, ExchangeReport};
use crate::sync::engine::limits::{LOOK_AT_STAGED_MS, POSTING_MS_MIN, SYNC_ASK_MS, SYNC_WAIT_MS_MAX, SYNCS_MAX};
use crate::sync::engine::requests::PostStaged;

/// Postings, and those that wait for an exchange.
#[derive(Debug)]
pub(in crate::sync::engine) struct SyncExchange {
    /// When the last posting began, or this engine.
    last_post_ms: u64,
    /// Something may be staged that no posting has seen.
    has_staged: bool,
    is_posting: bool,
    /// The own number when the posting under way began.
    from_seq: u64,
    /// Something was staged that the posting under way may have missed.
    posts_again: bool,
    syncs: VecDeque<Sync>,
}

/// A SYNC under way.
#[derive(Debug)]
struct Sync {
    number: u64,
    end_ms: u64,
    posted: u64,
    /// Of the counter, when it began.
    received_before: u64,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The posting under way began before this SYNC.
    PostsNext,
    Posts,
    /// Everything is posted, up to this own number; it goes out.
    Pushes {
        own_seq: u64,
    },
    /// Peers have been asked whether they have it.
    Asks {
        own_seq: u64,
        asked: BTreeMap<PeerId, Asked>,
        answered: u64,
    },
    /// What they had shown by then is pulled.
    Pulls {
        targets: BTreeMap<PeerId, u64>,
        answered: u64,
    },
}

/// A peer that has not answered yet.
#[derive(Debug)]
struct Asked {
    /// 0 while there is none under way.
    ask: u64,
    /// Not before then: it answered that it had not applied our deltas yet.
    again_ms: u64,
}

impl SyncExchange {
    pub fn new(now_ms: u64) -> Self {
        SyncExchange {
            last_post_ms: now_ms,
            has_staged: true,
            is_posting: false,
            from_seq: 0,
            posts_again: false,
            syncs: VecDeque::new(),
        }
    }

    pub fn is_syncing(&self) -> bool {
        !self.syncs.is_empty()
    }

    /// A peer answers an ask, and with it all earlier ones.
    pub fn answered(&mut self, peer: &PeerId, number: u64) {
        for sync in &mut self.syncs {
            if let Phase::Asks { asked, .. } = &mut sync.phase
                && let Some(asked) = asked.get_mut(peer).filter(|asked| asked.ask > 0 && asked.ask <= number)
            {
                asked.ask = 0;
            }
        }
    }

    fn posted(&mut self, count: u64, own_seq: u64) {
        for sync in &mut self.syncs {
            match sync.phase {
                Phase::PostsNext => sync.phase = Phase::Posts,
                Phase::Posts => sync.phase = Phase::Pushes { own_seq },
                _ => continue,
            }
            sync.posted += count;
        }
    }
}

impl Engine {
    /// Posts what is staged; while that is under way, once more after it.
    pub(in crate::sync::engine) fn post(&mut self) {
        if self.core.config.options.posting_url.is_some() {
            // Somebody else posts, to an endpoint.
            return;
        }
        if self.exchange.is_posting {
            self.exchange.posts_again = true;
            return;
        }
        self.exchange.is_posting = true;
        self.exchange.has_staged = false;
        self.exchange.last_post_ms = self.core.now_ms;
        self.exchange.from_seq = self.core.heads.seq(&self.core.config.this);
        self.core.request(PostStaged {}, Engine::on_post_staged_done);
    }

    fn on_post_staged_done(&mut self, result: Result<Option<Head>>) {
        self.exchange.is_posting = false;
        match result {
            Ok(Some(head)) => {
                self.core.event(EngineEvent::Posted { seq: head.seq });
                self.on_heads_moved(vec![head]);
            }
            Ok(None) => {}
            Err(error) => {
                self.exchange.has_staged = true;
                self.core.failed("posting", &error);
            }
        }
        let own_seq = self.core.heads.seq(&self.core.config.this);
        self.exchange.posted(own_seq.saturating_sub(self.exchange.from_seq), own_seq);
        if std::mem::take(&mut self.exchange.posts_again) {
            self.post();
        }
        self.post_if_due();
        self.check_exchanges();
    }

    pub(in crate::sync::engine) fn tick_exchange(&mut self) {
        // What was staged before its collection was attached, or while it could not be posted, is told by nobody.
        if self.core.config.options.posting_url.is_none() {
            let look_ms = self.exchange.last_post_ms.saturating_add(LOOK_AT_STAGED_MS);
            if self.core.now_ms >= look_ms {
                self.exchange.has_staged = true;
            } else {
                self.core.wake_at(look_ms);
            }
        }
        self.post_if_due();
        self.check_exchanges();
    }

    /// Something was staged: it is posted when the interval since the last posting is over.
    pub(in crate::sync::engine) fn on_staged(&mut self) {
        self.exchange.has_staged = true;
        self.post_if_due();
    }

    pub(in crate::sync::engine) fn post_if_due(&mut self) {
        if !self.exchange.has_staged || self.exchange.is_posting {
            return;
        }
        let interval_ms = self.core.config.options.sync_interval_ms.max(POSTING_MS_MIN);
        let due_ms = self.exchange.last_post_ms.saturating_add(interval_ms);
        if self.core.now_ms >= due_ms {
            self.post();
        } else {
            self.core.wake_at(due_ms);
        }
    }

    pub(in crate::sync::engine) fn on_sync_requested(&mut self, number: u64) {
        if self.exchange.syncs.len() >= SYNCS_MAX {
            return self.core.actions.push(EngineAction::SyncDone { number, report: ExchangeReport::default() });
        }
        let phase = if self.core.config.options.posting_url.is_some() {
            Phase::Pushes { own_seq: self.core.heads.seq(&self.core.config.this) }
        } else if self.exchange.is_posting {
            Phase::PostsNext
        } else {
            Phase::Posts
        };
        let end_ms = self.core.now_ms.saturating_add(SYNC_WAIT_MS_MAX);
        let received_before = self.core.counters.deltas_received;
        self.exchange.syncs.push_back(Sync { number, end_ms, posted: 0, received_before, phase });
        self.core.wake_at(end_ms);
        self.post();
        self.check_exchanges();
    }

    /// This node goes on under another peer id, with other engines.
    pub(in crate::sync::engine) fn retire(&mut self) {
        self.core.is_retired = true;
        for sync in std::mem::take(&mut self.exchange.syncs) {
            let report = ExchangeReport { posted: sync.posted, ..ExchangeReport::default() };
            self.core.actions.push(EngineAction::SyncDone { number: sync.number, report });
        }
    }

    /// Brings every SYNC as far as it goes.
    pub(in crate::sync::engine) fn check_exchanges(&mut self) {
        let mut syncs = std::mem::take(&mut self.exchange.syncs);
        syncs.retain_mut(|sync| !self.further(sync));
        // Nothing of the above begins another.
        self.exchange.syncs = syncs;
    }

    /// Whether a SYNC is done; then it is answered.
    fn further(&mut self, sync: &mut Sync) -> bool {
        if let Phase::Pushes { own_seq } = sync.phase
            && (self.push.has_pushed(own_seq) || self.core.peers.is_empty())
        {
            let asked =
                self.core.active_peers().into_iter().map(|peer| (peer, Asked { ask: 0, again_ms: 0 })).collect();
            sync.phase = Phase::Asks { own_seq, asked, answered: 0 };
        }
        if let Phase::Asks { own_seq, asked, answered } = &mut sync.phase {
            self.ask_all(*own_seq, asked, answered);
            if asked.is_empty() {
                sync.phase = Phase::Pulls { targets: self.lacked(), answered: *answered };
            }
        }
        let is_pulled = match &sync.phase {
            Phase::Pulls { targets, .. } => {
                targets.iter().all(|(origin, seq)| self.log.is_pulled(&self.core, origin, *seq))
            }
            _ => false,
        };
        if !is_pulled && self.core.now_ms < sync.end_ms {
            self.core.wake_at(sync.end_ms);
            return false;
        }
        let peers = match sync.phase {
            Phase::Asks { answered, .. } | Phase::Pulls { answered, .. } => answered,
            _ => 0,
        };
        let received = self.core.counters.deltas_received.saturating_sub(sync.received_before);
        let report = ExchangeReport { posted: sync.posted, peers, received };
        self.core.actions.push(EngineAction::SyncDone { number: sync.number, report });
        true
    }

    /// Asks those who are to be asked, takes off those who have answered that they hold everything of ours, or are gone.
    fn ask_all(&mut self, own_seq: u64, asked: &mut BTreeMap<PeerId, Asked>, answered: &mut u64) {
        let now_ms = self.core.now_ms;
        asked.retain(|peer, waiting| {
            let Some(session) = self.core.active(peer) else { return false };
            if waiting.ask > 0 {
                return true;
            }
            let was_asked = waiting.again_ms > 0;
            if was_asked && session.known_seq(&self.core.config.this) >= own_seq {
                *answered += 1;
                return false;
            }
            if was_asked && now_ms < waiting.again_ms {
                self.core.wake_at(waiting.again_ms);
                return true;
            }
            waiting.ask = self.ask(peer);
            waiting.again_ms = now_ms.saturating_add(SYNC_ASK_MS);
            true
        });
    }

    /// Sends an ask now.
    fn ask(&mut self, peer: &PeerId) -> u64 {
        let (now_ms, number) = (self.core.now_ms, self.core.next_number());
        if let Some(session) = self.core.peers.get_mut(peer) {
            session.ask = Some((number, now_ms));
        }
        self.send_heads(peer, Asides { ask: number, ..Asides::default() });
        number
    }

    /// What connected peers are known to have and this node lacks.
    fn lacked(&self) -> BTreeMap<PeerId, u64> {
        let mut lacked: BTreeMap<PeerId, u64> = BTreeMap::new();
        for session in self.core.peers.values().filter(|session| !session.is_outdated) {
            for (origin, seq) in &session.known {
                if *seq > self.core.heads.seq(origin) && *origin != self.core.config.this {
                    let most = lacked.entry(origin.clone()).or_default();
                    *most = (*most).max(*seq);
                }
            }
        }
        lacked
    }
}
