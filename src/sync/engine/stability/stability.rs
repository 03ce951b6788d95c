//! Stability: rounds in which all members say once what they hold, so that tombstones and old deltas can go.
//!
//! A round goes around by word of mouth. Each member adds its heads once, and keeps the least and the greatest number of
//! each origin. When all have, each looks whether that is true of itself, and signs it (`votes`): nobody's word counts for
//! another. When all have signed, the least are applied by everybody, and whatever anybody posted without having applied
//! them lies below the greatest. So a tombstone that the least of one round cover can go once the least of a later round
//! have reached the greatest of that one: nothing can arrive any more that was written without knowing of it.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{
    STABILITY_FANOUT, STABILITY_GOSSIP_MS, STABILITY_MS_PER_MEMBER, STABILITY_REPEAT_MS, STABILITY_ROUND_MS_MIN,
    STABILITY_VOTES_MS_MAX, Tuning, VOTES_UNASKED_MAX,
};
use crate::sync::engine::requests::{CollectTombstones, PruneLog};
use crate::sync::engine::stability::votes::Ballot;
use crate::sync::protocol::message::{HeadsDigest, MARKS_MAX, Message, Stability, StabilityMark};

/// The present round and what the ones before it came to.
#[derive(Debug)]
pub(in crate::sync::engine) struct StabilityRound {
    pub number: u64,
    /// Over epoch and members.
    pub members: u64,
    contributed: Vec<u8>,
    pub marks: BTreeMap<PeerId, Mark>,
    /// Collections that every contributor holds its whole share of, in order.
    pub whole: Vec<String>,
    /// What this node has contributed; `None` before it has.
    pub contribution: Option<BTreeMap<PeerId, u64>>,
    /// The votes, once all have contributed: from then on nothing is added.
    pub ballot: Option<Ballot>,
    pub is_complete: bool,
    /// When the next one begins, or the log is looked through again.
    next_ms: u64,
    repeat_ms: u64,
    gossip_ms: Option<u64>,
    /// An earlier round over the same members whose greatest numbers have not been reached by all yet.
    frontier: Option<BTreeMap<PeerId, Mark>>,
    /// What everybody was last known to have applied.
    acknowledged: BTreeMap<PeerId, u64>,
    /// Heads and members after which another round would come to nothing new.
    settled: Option<(HeadsDigest, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync::engine) struct Mark {
    pub least: u64,
    pub greatest: u64,
}

impl StabilityRound {
    pub fn new(tuning: &Tuning, now_ms: u64) -> Self {
        StabilityRound {
            number: 0,
            members: 0,
            contributed: Vec::new(),
            marks: BTreeMap::new(),
            whole: Vec::new(),
            contribution: None,
            ballot: None,
            is_complete: true,
            next_ms: now_ms.saturating_add(tuning.stability_interval_ms),
            repeat_ms: u64::MAX,
            gossip_ms: None,
            frontier: None,
            acknowledged: BTreeMap::new(),
            settled: None,
        }
    }

    /// Another round may come to something new, although no head has moved.
    pub fn unsettle(&mut self) {
        self.settled = None;
    }

    fn has(&self, position: usize) -> bool {
        self.contributed.get(position / 8).is_some_and(|byte| byte & (1 << (position % 8)) != 0)
    }

    fn begin(&mut self, number: u64, members: u64, count: usize) {
        if self.members != members {
            self.frontier = None;
            self.settled = None;
            self.acknowledged.clear();
        }
        self.number = number;
        self.members = members;
        self.contributed = vec![0; count.div_ceil(8)];
        self.marks.clear();
        self.whole.clear();
        self.contribution = None;
        self.ballot = None;
        self.is_complete = false;
    }

    /// Adds what others have contributed; whether that was news.
    fn merge(&mut self, contributed: &[u8], marks: &BTreeMap<PeerId, Mark>, whole: &[String]) -> bool {
        let is_news = contributed.iter().zip(&self.contributed).any(|(theirs, ours)| theirs & !ours != 0);
        let is_first = self.contributed.iter().all(|byte| *byte == 0);
        let are_none = contributed.iter().all(|byte| *byte == 0);
        if are_none {
            return false;
        }
        for (ours, theirs) in self.contributed.iter_mut().zip(contributed) {
            *ours |= theirs;
        }
        if is_first {
            self.whole = whole.to_vec();
        }
        self.whole.retain(|name| whole.contains(name));
        // Who does not name an origin has applied nothing of it.
        for (origin, mark) in &mut self.marks {
            if !marks.contains_key(origin) {
                mark.least = 0;
            }
        }
        for (origin, theirs) in marks {
            if self.marks.len() >= MARKS_MAX && !self.marks.contains_key(origin) {
                continue;
            }
            let absent = Mark { least: if is_first { theirs.least } else { 0 }, greatest: theirs.greatest };
            let ours = self.marks.entry(origin.clone()).or_insert(absent);
            ours.least = ours.least.min(theirs.least);
            ours.greatest = ours.greatest.max(theirs.greatest);
        }
        is_news
    }
}

impl Engine {
    /// Over epoch and member list: rounds of different ones do not mix.
    pub(in crate::sync::engine) fn electorate(&self) -> u64 {
        self.roster.digest() ^ self.config.epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// The greatest number that a round can have by now.
    fn round_max(&self) -> u64 {
        self.now_ms.saturating_add(self.config.options.max_clock_drift_ms) / STABILITY_ROUND_MS_MIN
    }

    /// When the next round is due: the larger the network, the later.
    fn next_round_ms(&self) -> u64 {
        let members = u64::try_from(self.roster.len()).unwrap_or(u64::MAX);
        let interval_ms = members.saturating_mul(STABILITY_MS_PER_MEMBER).max(self.config.tuning.stability_interval_ms);
        self.now_ms.saturating_add(interval_ms)
    }

    fn begin_round(&mut self, number: u64) {
        self.round.begin(number, self.electorate(), self.roster.len());
        self.contribute();
    }

    pub(in crate::sync::engine) fn stability(&mut self, peer: &PeerId, stability: Stability) {
        let is_ours =
            stability.members == self.electorate() && stability.contributed.len() == self.roster.len().div_ceil(8);
        if !is_ours || stability.round > self.round_max() {
            return;
        }
        self.check_electorate();
        if stability.round < self.round.number {
            return self.tell_round(peer);
        }
        if stability.round > self.round.number || self.round.contribution.is_none() {
            self.begin_round(stability.round);
        }
        let lacks_ours = self.round.contributed.as_slice() != &*stability.contributed;
        if self.round.ballot.is_some() {
            if lacks_ours {
                self.tell_round(peer);
            }
            return;
        }
        let marks = stability.marks.into_iter();
        let marks = marks
            .map(|mark| (mark.origin, Mark { least: mark.least, greatest: mark.greatest }))
            .collect::<BTreeMap<_, _>>();
        let is_news = self.round.merge(&stability.contributed, &marks, &stability.whole);
        let lacks_ours = self.round.contributed.as_slice() != &*stability.contributed;
        if is_news {
            self.gossip_soon();
        } else if lacks_ours {
            self.tell_round(peer);
        }
        self.consider_voting();
    }

    /// A round over other members than the present ones is void.
    pub(super) fn check_electorate(&mut self) {
        let members = self.electorate();
        if self.round.members != members {
            let number = self.round.number;
            self.round.begin(number, members, self.roster.len());
            // Nothing is under way until one begins, here or at another member.
            self.round.is_complete = true;
        }
    }

    /// Adds our bit and our heads to a round that has just begun.
    fn contribute(&mut self) {
        let mut contributed = vec![0_u8; self.roster.len().div_ceil(8)];
        let position = self.roster.peers().position(|peer| *peer == self.config.this);
        if let Some(position) = position
            && let Some(byte) = contributed.get_mut(position / 8)
        {
            *byte |= 1 << (position % 8);
        }
        let heads = self.heads.iter().filter(|head| head.seq > 0);
        let heads: BTreeMap<PeerId, u64> = heads.map(|head| (head.origin.clone(), head.seq)).collect();
        let marks = heads.iter().map(|(origin, seq)| (origin.clone(), Mark { least: *seq, greatest: *seq })).collect();
        let whole = self.whole_collections();
        self.round.merge(&contributed, &marks, &whole);
        self.round.contribution = Some(heads);
        self.gossip_soon();
        self.consider_voting();
    }

    /// Whether everybody has contributed whose vote is waited for.
    pub(super) fn have_all_contributed(&self) -> bool {
        let peers = self.roster.peers().enumerate();
        peers.into_iter().all(|(position, peer)| self.round.has(position) || self.config.excused.contains(peer))
    }

    pub(super) fn gossip_soon(&mut self) {
        let at_ms = self.now_ms.saturating_add(STABILITY_GOSSIP_MS);
        let gossip_ms = self.round.gossip_ms.map_or(at_ms, |earlier_ms| earlier_ms.min(at_ms));
        self.round.gossip_ms = Some(gossip_ms);
        self.round.repeat_ms = self.now_ms.saturating_add(STABILITY_REPEAT_MS);
        self.wake_at(gossip_ms);
    }

    /// How far the round has come here; a peer that is further answers.
    pub(super) fn tell_round(&mut self, peer: &PeerId) {
        let mark = |(origin, mark): (&PeerId, &Mark)| StabilityMark {
            origin: origin.clone(),
            least: mark.least,
            greatest: mark.greatest,
        };
        let stability = Stability {
            round: self.round.number,
            members: self.round.members,
            contributed: Bytes::new(self.round.contributed.as_slice()),
            marks: self.round.marks.iter().map(mark).collect(),
            whole: self.round.whole.clone(),
        };
        self.send(peer, Message::Stability(stability));
    }

    /// Everybody has signed: acts on it.
    pub(super) fn complete_round(&mut self) {
        self.round.is_complete = true;
        self.round.next_ms = self.next_round_ms();
        self.wake_at(self.round.next_ms);
        let marks = self.round.marks.clone();
        self.round.acknowledged = marks.iter().map(|(origin, mark)| (origin.clone(), mark.least)).collect();
        self.evict(&self.round.acknowledged.clone(), &self.round.whole.clone());
        let least = |origin: &PeerId| marks.get(origin).map_or(0, |mark| mark.least);
        let frontier = self.round.frontier.take();
        let is_reached = frontier
            .as_ref()
            .is_some_and(|frontier| frontier.iter().all(|(origin, mark)| least(origin) >= mark.greatest));
        match frontier {
            Some(frontier) if is_reached => {
                // Two rounds that found everybody with the same: what they cover is collected with this.
                let is_settled = frontier == marks
                    && marks.values().all(|mark| mark.least == mark.greatest)
                    && self.heads.iter().all(|head| least(&head.origin) == head.seq);
                self.round.settled = is_settled.then(|| (self.heads.digest(), self.round.members));
                let stable = frontier.into_iter().map(|(origin, mark)| (origin, mark.least)).collect();
                self.request(CollectTombstones { stable }, Engine::on_collect_tombstones_done);
                self.round.frontier = Some(marks);
            }
            Some(frontier) => self.round.frontier = Some(frontier),
            None => self.round.frontier = Some(marks),
        }
        self.prune();
    }

    /// Tombstones that everybody has are gone.
    fn on_collect_tombstones_done(&mut self, result: Result<u64>) {
        match result {
            Ok(0) => {}
            Ok(count) => self.event(EngineEvent::TombstonesCollected { count }),
            Err(error) => self.failed("collecting tombstones", &error),
        }
    }

    /// Drops the old part of the log. What everybody has is the greater of what the last round says and of what members
    /// have told this node.
    fn prune(&mut self) {
        let mut acknowledged = self.acknowledged_by_all();
        for (origin, seq) in &self.round.acknowledged {
            let known = acknowledged.entry(origin.clone()).or_default();
            *known = (*known).max(*seq);
        }
        let acknowledged = acknowledged.into_iter().filter(|(_, seq)| *seq > 0).collect();
        self.request(PruneLog { acknowledged }, Engine::on_prune_log_done);
    }

    fn on_prune_log_done(&mut self, result: Result<u64>) {
        match result {
            Ok(0) => {}
            Ok(count) => self.event(EngineEvent::LogPruned { count }),
            Err(error) => self.failed("pruning the log", &error),
        }
    }

    fn acknowledged_by_all(&self) -> BTreeMap<PeerId, u64> {
        let mut least: BTreeMap<PeerId, u64> = self.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
        for peer in self.roster.peers().filter(|peer| **peer != self.config.this && !self.is_excused(peer)) {
            let session = self.sessions.get(peer).filter(|session| !session.is_outdated);
            let known = session.map(|session| &session.known).or_else(|| self.roster.acknowledged(peer));
            least.retain(|origin, seq| {
                *seq = (*seq).min(known.and_then(|known| known.get(origin)).copied().unwrap_or(0));
                *seq > 0
            });
        }
        least
    }

    pub(in crate::sync::engine) fn tick_stability(&mut self) {
        let now_ms = self.now_ms;
        self.tick_silence();
        self.check_electorate();
        if now_ms >= self.round.next_ms {
            self.round.next_ms = self.next_round_ms();
            let is_settled =
                self.round.settled == Some((self.heads.digest(), self.round.members)) && self.share.is_settled;
            if self.round.is_complete && !is_settled && self.heads.len() <= MARKS_MAX {
                self.begin_round(self.round.number.saturating_add(1).min(self.round_max()));
            } else {
                self.prune();
            }
        }
        let votes_end_ms = self.round.ballot.as_ref().filter(|_| !self.round.is_complete);
        let votes_end_ms = votes_end_ms.map(|ballot| ballot.began_ms.saturating_add(STABILITY_VOTES_MS_MAX));
        if votes_end_ms.is_some_and(|end_ms| now_ms >= end_ms) {
            self.begin_round(self.round.number.saturating_add(1).min(self.round_max()));
        }
        if !self.round.is_complete && now_ms >= self.round.repeat_ms {
            self.gossip_soon();
        }
        if self.round.gossip_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.round.gossip_ms = None;
            let mut peers = self.active_peers();
            self.random.choose(&mut peers, STABILITY_FANOUT);
            for peer in peers {
                match self.round.ballot {
                    Some(_) => self.tell_votes(&peer, VOTES_UNASKED_MAX),
                    None if self.round.contribution.is_some() => self.tell_round(&peer),
                    None => {}
                }
            }
        }
        let repeat_ms = if self.round.is_complete { u64::MAX } else { self.round.repeat_ms };
        let repeat_ms = repeat_ms.min(votes_end_ms.filter(|end_ms| *end_ms > now_ms).unwrap_or(u64::MAX));
        self.wake_at(self.round.next_ms.min(repeat_ms).min(self.round.gossip_ms.unwrap_or(u64::MAX)));
    }
}
