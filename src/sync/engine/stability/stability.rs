//! Stability: rounds in which all members say once what they hold, so that tombstones and old deltas can go.
//!
//! A round goes around by word of mouth. Each member adds its heads once, and keeps the least and the greatest number of
//! each origin. When all have, each looks whether that is true of itself, and signs it (`votes`): nobody's word counts for
//! another. When all have signed, the least are applied by everybody, and whatever anybody posted without having applied
//! them lies below the greatest. So a tombstone that the least of one round cover can go once the least of a later round
//! have reached the greatest of that one: nothing can arrive any more that was written without knowing of it.
//!
//! Whoever is excused takes no part, connected or not, until it is called back: were its contribution taken by those alone whom it
//! reaches before they have everybody else's, members would vote on different things, and no round would come to its end.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{
    STABILITY_FANOUT, STABILITY_GOSSIP_MS, STABILITY_MS_PER_MEMBER, STABILITY_REPEAT_MS, STABILITY_ROUND_MS_MIN,
    STABILITY_VOTES_MS_MAX, Tuning, VOTES_UNASKED_MAX,
};
use crate::sync::engine::partial::eviction::Eviction;
use crate::sync::engine::requests::{CollectTombstones, PruneLog};
use crate::sync::engine::stability::votes::Ballot;
use crate::sync::protocol::message::{HeadsDigest, MARKS_MAX, Message, Stability, StabilityMark};
use crate::sync::protocol::statement::VoteDigest;

/// The present round and what the ones before it came to.
///
/// Its methods are one a message and a deadline of a round; they are in two files, votes apart.
#[derive(Debug)]
pub(in crate::sync::engine) struct StabilityRounds {
    pub(super) number: u64,
    /// Over epoch, members, and which of them are excused.
    pub(super) members: u64,
    contributed: Vec<u8>,
    pub(super) marks: BTreeMap<PeerId, Mark>,
    /// Collections that every contributor holds its whole share of, in order.
    pub(super) whole: Vec<String>,
    /// What this node has contributed; `None` before it has.
    pub(super) contribution: Option<BTreeMap<PeerId, u64>>,
    /// The votes, once all have contributed: from then on nothing is added.
    pub(super) ballot: Option<Ballot>,
    pub(super) is_complete: bool,
    /// By peer, whose votes it has in a round, a bit each, as far as is known.
    pub(super) signers_seen: BTreeMap<PeerId, (VoteDigest, Vec<u8>)>,
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
pub(super) struct Mark {
    pub least: u64,
    pub greatest: u64,
}

impl StabilityRounds {
    pub fn new(tuning: &Tuning, now_ms: u64) -> Self {
        StabilityRounds {
            number: 0,
            members: 0,
            contributed: Vec::new(),
            marks: BTreeMap::new(),
            whole: Vec::new(),
            contribution: None,
            ballot: None,
            is_complete: true,
            signers_seen: BTreeMap::new(),
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

    pub fn forget_peer(&mut self, peer: &PeerId) {
        self.signers_seen.remove(peer);
    }

    /// The number of the present round, and what is voted on in it.
    #[cfg(test)]
    pub fn round(&self) -> (u64, Option<VoteDigest>) {
        (self.number, self.ballot.as_ref().map(|ballot| ballot.digest))
    }

    /// The least number of an origin that a contributor has applied.
    #[cfg(test)]
    pub fn least(&self, origin: &PeerId) -> Option<u64> {
        self.marks.get(origin).map(|mark| mark.least)
    }

    /// What everybody was last known to have applied.
    pub fn acknowledged(&self) -> &BTreeMap<PeerId, u64> {
        &self.acknowledged
    }

    /// Collections that every contributor of the round holds its whole share of, in order.
    pub fn whole(&self) -> &[String] {
        &self.whole
    }

    fn has(&self, position: usize) -> bool {
        has(&self.contributed, position)
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

impl StabilityRounds {
    /// The greatest number that a round can have by now.
    fn round_max(&self, core: &EngineCore) -> u64 {
        core.now_ms.saturating_add(core.config.options.max_clock_drift_ms) / STABILITY_ROUND_MS_MIN
    }

    /// The number of a round that this node begins.
    fn next_number(&self, core: &EngineCore) -> u64 {
        self.number.saturating_add(1).min(self.round_max(core)).max(self.number)
    }

    /// When the next round is due: the larger the network, the later.
    fn next_round_ms(&self, core: &EngineCore) -> u64 {
        let members = u64::try_from(core.roster.len()).unwrap_or(u64::MAX);
        let interval_ms = members.saturating_mul(STABILITY_MS_PER_MEMBER).max(core.config.tuning.stability_interval_ms);
        core.now_ms.saturating_add(interval_ms)
    }

    fn begin_round(&mut self, core: &mut EngineCore, eviction: &Eviction, number: u64) {
        invariant!(number >= self.number, "rounds never go back");
        invariant!(takes_part(core), "an excused member begins no round");
        self.begin(number, core.round_members(), core.roster.len());
        self.contribute(core, eviction);
    }

    pub fn on_stability(&mut self, core: &mut EngineCore, eviction: &Eviction, peer: &PeerId, stability: Stability) {
        let is_ours = stability.members == core.round_members()
            && stability.contributed.len() == core.roster.len().div_ceil(8)
            && takes_part(core);
        if !is_ours || stability.round > self.round_max(core) || has_excused(core, &stability.contributed) {
            return;
        }
        self.check_members(core);
        if stability.round < self.number {
            return self.send_round(core, peer);
        }
        if stability.round > self.number || self.contribution.is_none() {
            self.begin_round(core, eviction, stability.round);
        }
        let lacks_ours = self.contributed.as_slice() != &*stability.contributed;
        if self.ballot.is_some() {
            if lacks_ours {
                self.send_round(core, peer);
            }
            return;
        }
        let marks = stability.marks.into_iter();
        let marks = marks
            .map(|mark| (mark.origin, Mark { least: mark.least, greatest: mark.greatest }))
            .collect::<BTreeMap<_, _>>();
        let is_news = self.merge(&stability.contributed, &marks, &stability.whole);
        let lacks_ours = self.contributed.as_slice() != &*stability.contributed;
        if is_news {
            self.gossip_soon(core);
        } else if lacks_ours {
            self.send_round(core, peer);
        }
        self.consider_voting(core, eviction);
    }

    /// A round over other members than the present ones, or other excused ones, is void.
    pub(super) fn check_members(&mut self, core: &mut EngineCore) {
        let members = core.round_members();
        if self.members != members {
            let number = self.number;
            self.begin(number, members, core.roster.len());
            // Nothing is under way until one begins, here or at another member.
            self.is_complete = true;
        }
    }

    /// Adds our bit and our heads to a round that has just begun.
    fn contribute(&mut self, core: &mut EngineCore, eviction: &Eviction) {
        let mut contributed = vec![0_u8; core.roster.len().div_ceil(8)];
        let position = core.roster.peers().position(|peer| *peer == core.config.this);
        if let Some(position) = position
            && let Some(byte) = contributed.get_mut(position / 8)
        {
            *byte |= 1 << (position % 8);
        }
        let heads = core.heads.iter().filter(|head| head.seq > 0);
        let heads: BTreeMap<PeerId, u64> = heads.map(|head| (head.origin.clone(), head.seq)).collect();
        let marks = heads.iter().map(|(origin, seq)| (origin.clone(), Mark { least: *seq, greatest: *seq })).collect();
        let whole = eviction.whole_collections(core);
        self.merge(&contributed, &marks, &whole);
        self.contribution = Some(heads);
        self.gossip_soon(core);
        self.consider_voting(core, eviction);
    }

    /// Whether everybody has contributed whose vote is waited for.
    pub(super) fn have_all_contributed(&self, core: &EngineCore) -> bool {
        let peers = core.roster.peers().enumerate();
        peers.into_iter().all(|(position, peer)| self.has(position) || core.config.excused.contains(peer))
    }

    pub(super) fn gossip_soon(&mut self, core: &mut EngineCore) {
        let at_ms = core.now_ms.saturating_add(STABILITY_GOSSIP_MS);
        let gossip_ms = self.gossip_ms.map_or(at_ms, |earlier_ms| earlier_ms.min(at_ms));
        self.gossip_ms = Some(gossip_ms);
        self.repeat_ms = core.now_ms.saturating_add(STABILITY_REPEAT_MS);
        core.wake_at(gossip_ms);
    }

    /// How far the round has come here; a peer that is further answers.
    pub(super) fn send_round(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let mark = |(origin, mark): (&PeerId, &Mark)| StabilityMark {
            origin: origin.clone(),
            least: mark.least,
            greatest: mark.greatest,
        };
        let stability = Stability {
            round: self.number,
            members: self.members,
            contributed: Bytes::new(self.contributed.as_slice()),
            marks: self.marks.iter().map(mark).collect(),
            whole: self.whole.clone(),
        };
        core.send(peer, Message::Stability(stability));
    }

    /// Everybody has signed: what that says is acted on, by [`act_on_round`](StabilityRounds::act_on_round) here.
    pub(super) fn complete_round(&mut self, core: &mut EngineCore) {
        self.is_complete = true;
        self.next_ms = self.next_round_ms(core);
        core.wake_at(self.next_ms);
        self.acknowledged = self.marks.iter().map(|(origin, mark)| (origin.clone(), mark.least)).collect();
        invariant!(self.is_within_contribution(), "what this node has signed is true of it");
    }

    /// Whether no least number is beyond what this node had applied when it contributed.
    fn is_within_contribution(&self) -> bool {
        let own = |origin: &PeerId| self.contribution.as_ref().and_then(|own| own.get(origin)).copied().unwrap_or(0);
        self.marks.iter().all(|(origin, mark)| mark.least <= own(origin))
    }

    /// Drops what a completed round says that everybody has.
    pub fn act_on_round(&mut self, core: &mut EngineCore) {
        let marks = self.marks.clone();
        let least = |origin: &PeerId| marks.get(origin).map_or(0, |mark| mark.least);
        let frontier = self.frontier.take();
        let is_reached = frontier
            .as_ref()
            .is_some_and(|frontier| frontier.iter().all(|(origin, mark)| least(origin) >= mark.greatest));
        match frontier {
            Some(frontier) if is_reached => {
                // Two rounds that found everybody with the same: what they cover is collected with this.
                let is_settled = frontier == marks
                    && marks.values().all(|mark| mark.least == mark.greatest)
                    && core.heads.iter().all(|head| least(&head.origin) == head.seq);
                self.settled = is_settled.then(|| (core.heads.digest(), self.members));
                let stable: Vec<(PeerId, u64)> =
                    frontier.into_iter().map(|(origin, mark)| (origin, mark.least)).collect();
                let is_held = |(origin, seq): &(PeerId, u64)| *seq <= least(origin);
                invariant!(stable.iter().all(is_held), "what is stable everybody has applied");
                core.request(CollectTombstones { stable }, |engine, reply| {
                    on_collect_tombstones_done(&mut engine.core, reply);
                });
                self.frontier = Some(marks);
            }
            Some(frontier) => self.frontier = Some(frontier),
            None => self.frontier = Some(marks),
        }
        self.prune(core);
        // Nobody who lacks some is to begin another round without having ended this one.
        self.send_votes_to_all(core);
    }

    /// Drops the old part of the log. What everybody has is the greater of what the last round says and of what members
    /// have told this node.
    fn prune(&mut self, core: &mut EngineCore) {
        let mut acknowledged = acknowledged_by_all(core);
        for (origin, seq) in &self.acknowledged {
            let known = acknowledged.entry(origin.clone()).or_default();
            *known = (*known).max(*seq);
        }
        let acknowledged = acknowledged.into_iter().filter(|(_, seq)| *seq > 0).collect();
        core.request(PruneLog { acknowledged }, |engine, reply| on_prune_log_done(&mut engine.core, reply));
    }

    pub fn tick_stability(&mut self, core: &mut EngineCore, eviction: &Eviction) {
        let now_ms = core.now_ms;
        self.check_members(core);
        if now_ms >= self.next_ms {
            self.next_ms = self.next_round_ms(core);
            let is_settled = self.settled == Some((core.heads.digest(), self.members)) && eviction.is_settled();
            if self.is_complete && !is_settled && core.heads.len() <= MARKS_MAX && takes_part(core) {
                self.begin_round(core, eviction, self.next_number(core));
            } else {
                self.prune(core);
            }
        }
        let votes_end_ms = self.ballot.as_ref().filter(|_| !self.is_complete);
        let votes_end_ms = votes_end_ms.map(|ballot| ballot.began_ms.saturating_add(STABILITY_VOTES_MS_MAX));
        if votes_end_ms.is_some_and(|end_ms| now_ms >= end_ms) {
            self.begin_round(core, eviction, self.next_number(core));
        }
        if !self.is_complete && now_ms >= self.repeat_ms {
            self.gossip_soon(core);
        }
        if self.gossip_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.gossip_ms = None;
            let mut peers = core.active_peers();
            core.random.choose(&mut peers, STABILITY_FANOUT);
            for peer in peers {
                match self.ballot {
                    Some(_) => self.send_votes(core, &peer, VOTES_UNASKED_MAX),
                    None if self.contribution.is_some() => self.send_round(core, &peer),
                    None => {}
                }
            }
        }
        let repeat_ms = if self.is_complete { u64::MAX } else { self.repeat_ms };
        let repeat_ms = repeat_ms.min(votes_end_ms.filter(|end_ms| *end_ms > now_ms).unwrap_or(u64::MAX));
        core.wake_at(self.next_ms.min(repeat_ms).min(self.gossip_ms.unwrap_or(u64::MAX)));
    }
}

/// Whether this node is waited for, and so says in rounds what it holds.
pub(super) fn takes_part(core: &EngineCore) -> bool {
    !core.is_excused(&core.config.this)
}

/// Whether an excused member is said to have contributed.
fn has_excused(core: &EngineCore, contributed: &[u8]) -> bool {
    !core.config.excused.is_empty()
        && core.roster.peers().enumerate().any(|(position, peer)| has(contributed, position) && core.is_excused(peer))
}

/// Whether the bit of the member at a position is set.
fn has(contributed: &[u8], position: usize) -> bool {
    contributed.get(position / 8).is_some_and(|byte| byte & (1 << (position % 8)) != 0)
}

/// Tombstones that everybody has are gone.
fn on_collect_tombstones_done(core: &mut EngineCore, result: Result<u64>) {
    match result {
        Ok(0) => {}
        Ok(count) => core.event(EngineEvent::TombstonesCollected { count }),
        Err(error) => core.failed("collecting tombstones", &error),
    }
}

fn on_prune_log_done(core: &mut EngineCore, result: Result<u64>) {
    match result {
        Ok(0) => {}
        Ok(count) => core.event(EngineEvent::LogPruned { count }),
        Err(error) => core.failed("pruning the log", &error),
    }
}

/// What all members whose acknowledgement is waited for have told that they have applied.
fn acknowledged_by_all(core: &EngineCore) -> BTreeMap<PeerId, u64> {
    let mut least: BTreeMap<PeerId, u64> = core.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
    for peer in core.roster.peers().filter(|peer| **peer != core.config.this && !core.is_excused(peer)) {
        let session = core.peers.get(peer).filter(|session| !session.is_outdated);
        let known = session.map(|session| &session.known).or_else(|| core.roster.acknowledged(peer));
        least.retain(|origin, seq| {
            *seq = (*seq).min(known.and_then(|known| known.get(origin)).copied().unwrap_or(0));
            *seq > 0
        });
    }
    least
}
