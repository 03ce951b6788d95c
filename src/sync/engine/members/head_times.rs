//! When each member last said how far it has come: heads with their time, signed by their origin and passed on by all.
//!
//! A head alone proves that deltas exist, and nothing of when. Whoever passes nothing on of an origin looks like one to whom the
//! origin says nothing. So each member signs its head with the time now and then, whether it moved or not, and everybody passes
//! the newest on: people see of each member when it was last heard of, whoever stands between, and deltas that an origin has
//! signed and nobody gives are told of ([`withheld`](super::withheld)). Only members are listened to, and no more often than they
//! may sign, so that what is kept and sent is bounded by their number.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::HeadTime;
use crate::model::Member;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::limits::{
    HEAD_TIME_MS, HEAD_TIME_MS_MIN, HEAD_TIME_MS_PER_MEMBER, NEWS_BATCHES_MAX, POINTS_FORGED, RETRY_MS,
};
use crate::sync::engine::requests::{SignStatement, VerifyStatements};
use crate::sync::protocol::message::{HEAD_TIMES_MAX, HeadTimes, Message};
use crate::sync::protocol::statement::{MemberStatement, Signed};

/// The last that is known of each member.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct SignedTimes {
    known: BTreeMap<PeerId, Known>,
    /// Goes up with every change; a session remembers up to which its peer has been told.
    latest_change: u64,
    origin_by_change: BTreeMap<u64, PeerId>,
    /// When this node signs again.
    due_ms: u64,
    /// The last time that it signed.
    last_ms: u64,
    is_signing: bool,
}

#[derive(Debug)]
struct Known {
    time: HeadTime,
    change: u64,
    /// Who told it first; nobody where it is our own, or was kept.
    teller: Option<PeerId>,
}

impl SignedTimes {
    /// What was kept of members.
    pub fn new(members: &[Member]) -> SignedTimes {
        let mut times = SignedTimes::default();
        members.iter().filter_map(|member| member.signed.clone()).for_each(|time| times.put(time, None));
        times
    }

    /// What a member signed last.
    pub fn of(&self, origin: &PeerId) -> Option<&HeadTime> {
        self.known.get(origin).map(|known| &known.time)
    }

    /// When a member signed last, in milliseconds since 1970.
    pub fn at_ms(&self, origin: &PeerId) -> Option<u64> {
        self.of(origin).map(|time| time.at_ms)
    }

    /// Whether a time is news, and not sooner after the last one than members sign.
    fn is_wanted(&self, time: &HeadTime) -> bool {
        self.at_ms(&time.origin).is_none_or(|known_ms| time.at_ms >= known_ms.saturating_add(HEAD_TIME_MS_MIN))
    }

    fn put(&mut self, time: HeadTime, teller: Option<PeerId>) {
        self.latest_change += 1;
        let (origin, change) = (time.origin.clone(), self.latest_change);
        self.origin_by_change.insert(change, origin.clone());
        if let Some(before) = self.known.insert(origin, Known { time, change, teller }) {
            self.origin_by_change.remove(&before.change);
        }
    }

    fn forget(&mut self, origin: &PeerId) {
        if let Some(known) = self.known.remove(origin) {
            self.origin_by_change.remove(&known.change);
        }
    }

    /// What changed after a change and a peer does not know by itself, oldest first, each with its change.
    fn changed_since<'a>(&'a self, told: u64, peer: &'a PeerId) -> impl Iterator<Item = (u64, &'a HeadTime)> {
        let changed = self.origin_by_change.range(told.saturating_add(1)..);
        let known = changed.filter_map(|(change, origin)| Some((*change, self.known.get(origin)?)));
        let is_news =
            move |(_, known): &(u64, &Known)| known.time.origin != *peer && known.teller.as_ref() != Some(peer);
        known.filter(is_news).map(|(change, known)| (change, &known.time))
    }
}

impl SignedTimes {
    /// How far apart a member's times are: the more members, the farther, so that what each sends stays the same.
    fn head_time_ms(&self, core: &EngineCore) -> u64 {
        let members = u64::try_from(core.roster.len()).unwrap_or(u64::MAX);
        HEAD_TIME_MS.max(members.saturating_mul(HEAD_TIME_MS_PER_MEMBER))
    }

    pub fn tick_head_times(&mut self, core: &mut EngineCore) {
        if core.peers.is_empty() || core.config.awaits_founder {
            return;
        }
        if core.now_ms >= self.due_ms && !self.is_signing {
            self.sign_head_time(core);
        }
        if !self.is_signing {
            core.wake_at(self.due_ms);
        }
    }

    fn sign_head_time(&mut self, core: &mut EngineCore) {
        let (seq, hash) = core.heads.get(&core.config.this).map_or((0, [0; 32]), |head| (head.seq, head.hash));
        let at_ms = core.now_ms.max(self.last_ms.saturating_add(1));
        (self.is_signing, self.last_ms) = (true, at_ms);
        let statement = MemberStatement::Head { seq, hash, at_ms };
        core.request(SignStatement { statement }, move |engine, reply| {
            engine.head_times.on_sign_head_time_done(&mut engine.core, (seq, hash, at_ms), reply);
        });
    }

    fn on_sign_head_time_done(
        &mut self,
        core: &mut EngineCore,
        (seq, hash, at_ms): (u64, [u8; 32], u64),
        result: Result<Bytes>,
    ) {
        self.is_signing = false;
        let wait_ms = match result {
            Ok(signature) => {
                let origin = core.config.this.clone();
                self.put(HeadTime { origin, seq, hash, at_ms, signature }, None);
                self.head_time_ms(core)
            }
            Err(error) => {
                core.failed("signing the own head", &error);
                RETRY_MS
            }
        };
        self.due_ms = core.now_ms.saturating_add(wait_ms);
        core.wake_at(self.due_ms);
    }

    /// Tells a peer the times that it has not been told.
    pub fn send_head_times(&mut self, core: &mut EngineCore, peer: &PeerId) {
        loop {
            let latest_change = self.latest_change;
            let Some(session) = core.peers.get_mut(peer) else { return };
            let changed = self.changed_since(session.told_times, peer).take(HEAD_TIMES_MAX);
            let (changes, times): (Vec<u64>, Vec<HeadTime>) =
                changed.map(|(change, time)| (change, time.clone())).unzip();
            let is_full = times.len() == HEAD_TIMES_MAX;
            let told = changes.last().copied().filter(|_| is_full);
            session.told_times = told.unwrap_or(latest_change);
            if !times.is_empty() {
                core.send(peer, Message::HeadTimes(HeadTimes { times }));
            }
            if !is_full {
                return;
            }
        }
    }

    pub fn on_head_times(&mut self, core: &mut EngineCore, sender: &PeerId, told: HeadTimes) {
        let latest_ms = core.now_ms.saturating_add(core.config.options.max_clock_drift_ms);
        let mut wanted = told.times;
        wanted.retain(|time| {
            let is_member = time.origin != core.config.this && core.roster.contains(&time.origin);
            is_member && time.at_ms <= latest_ms && self.is_wanted(time)
        });
        let Some(session) = core.peers.get_mut(sender) else { return };
        if wanted.is_empty() || session.news_verifying >= NEWS_BATCHES_MAX {
            return;
        }
        session.news_verifying += 1;
        let signed = wanted.iter().map(|time| Signed {
            peer: time.origin.clone(),
            statement: MemberStatement::Head { seq: time.seq, hash: time.hash, at_ms: time.at_ms },
            signature: time.signature.clone(),
        });
        let (request, sender) = (VerifyStatements { signed: signed.collect() }, sender.clone());
        core.request(request, move |engine, reply| {
            let news = engine.head_times.on_verify_head_times_done(&mut engine.core, &sender, wanted, reply);
            news.iter().for_each(|(origin, seq)| engine.head_time_shown(&sender, origin, *seq));
        });
    }

    /// How far origins have come, as far as that is news.
    fn on_verify_head_times_done(
        &mut self,
        core: &mut EngineCore,
        sender: &PeerId,
        times: Vec<HeadTime>,
        result: Result<Vec<bool>>,
    ) -> Vec<(PeerId, u64)> {
        if let Some(session) = core.peers.get_mut(sender) {
            session.news_verifying = session.news_verifying.saturating_sub(1);
        }
        let right = match result {
            Ok(right) => right,
            Err(error) => {
                core.failed("looking at signatures of heads", &error);
                return Vec::new();
            }
        };
        if right.iter().any(|is_right| !is_right) {
            core.penalise(sender, POINTS_FORGED, "told of heads with times that their origins did not sign");
        }
        let mut news = Vec::new();
        for (time, _) in times.into_iter().zip(right).filter(|(_, is_right)| *is_right) {
            if core.roster.contains(&time.origin) && self.is_wanted(&time) {
                news.push((time.origin.clone(), time.seq));
                self.put(time, Some(sender.clone()));
            }
        }
        news
    }

    /// Who was removed is not heard of any more.
    pub fn forget_removed(&mut self, core: &EngineCore) {
        for peer in &core.config.removed {
            self.forget(peer);
        }
    }
}
