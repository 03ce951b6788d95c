//! When each member last said how far it has come: heads with their time, signed by their origin and passed on by all.
//!
//! A head alone proves that deltas exist, and nothing of when. Whoever passes nothing on of an origin looks like one to whom the
//! origin says nothing. So each member signs its head with the time now and then, whether it moved or not, and everybody passes
//! the newest on: people see of each member when it was last heard of, whoever stands between, and deltas that an origin has
//! signed and nobody gives are told of ([`withheld`](super::withheld)). Only members are listened to, and no more often than they
//! may sign, so that what is kept and sent is bounded by their number.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::limits::{
    HEAD_TIME_MS, HEAD_TIME_MS_MIN, HEAD_TIME_MS_PER_MEMBER, NEWS_BATCHES_MAX, POINTS_FORGED, RETRY_MS,
};
use crate::sync::engine::member::Member;
use crate::sync::engine::requests::{SignStatement, VerifyStatements};
use crate::sync::protocol::message::{HEAD_TIMES_MAX, HeadTime, HeadTimes, Message};
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

impl Engine {
    /// How far apart a member's times are: the more members, the farther, so that what each sends stays the same.
    fn head_time_ms(&self) -> u64 {
        let members = u64::try_from(self.roster.len()).unwrap_or(u64::MAX);
        HEAD_TIME_MS.max(members.saturating_mul(HEAD_TIME_MS_PER_MEMBER))
    }

    pub(in crate::sync::engine) fn tick_head_times(&mut self) {
        if self.sessions.is_empty() || self.config.awaits_founder {
            return;
        }
        if self.now_ms >= self.signed_times.due_ms && !self.signed_times.is_signing {
            self.sign_head_time();
        }
        if !self.signed_times.is_signing {
            self.wake_at(self.signed_times.due_ms);
        }
    }

    fn sign_head_time(&mut self) {
        let (seq, hash) = self.heads.get(&self.config.this).map_or((0, [0; 32]), |head| (head.seq, head.hash));
        let at_ms = self.now_ms.max(self.signed_times.last_ms.saturating_add(1));
        (self.signed_times.is_signing, self.signed_times.last_ms) = (true, at_ms);
        let statement = MemberStatement::Head { seq, hash, at_ms };
        let done = move |engine: &mut Engine, reply| engine.on_sign_head_time_done((seq, hash, at_ms), reply);
        self.request(SignStatement { statement }, done);
    }

    fn on_sign_head_time_done(&mut self, (seq, hash, at_ms): (u64, [u8; 32], u64), result: Result<Bytes>) {
        self.signed_times.is_signing = false;
        let wait_ms = match result {
            Ok(signature) => {
                let origin = self.config.this.clone();
                self.signed_times.put(HeadTime { origin, seq, hash, at_ms, signature }, None);
                self.head_time_ms()
            }
            Err(error) => {
                self.failed("signing the own head", &error);
                RETRY_MS
            }
        };
        self.signed_times.due_ms = self.now_ms.saturating_add(wait_ms);
        self.wake_at(self.signed_times.due_ms);
    }

    /// Tells a peer the times that it has not been told.
    pub(super) fn tell_head_times(&mut self, peer: &PeerId) {
        loop {
            let latest_change = self.signed_times.latest_change;
            let Some(session) = self.sessions.get_mut(peer) else { return };
            let changed = self.signed_times.changed_since(session.told_times, peer).take(HEAD_TIMES_MAX);
            let (changes, times): (Vec<u64>, Vec<HeadTime>) =
                changed.map(|(change, time)| (change, time.clone())).unzip();
            let is_full = times.len() == HEAD_TIMES_MAX;
            let told = changes.last().copied().filter(|_| is_full);
            session.told_times = told.unwrap_or(latest_change);
            if !times.is_empty() {
                self.send(peer, Message::HeadTimes(HeadTimes { times }));
            }
            if !is_full {
                return;
            }
        }
    }

    pub(in crate::sync::engine) fn head_times_told(&mut self, sender: &PeerId, told: HeadTimes) {
        let latest_ms = self.now_ms.saturating_add(self.config.options.max_clock_drift_ms);
        let mut wanted = told.times;
        wanted.retain(|time| {
            let is_member = time.origin != self.config.this && self.roster.contains(&time.origin);
            is_member && time.at_ms <= latest_ms && self.signed_times.is_wanted(time)
        });
        let Some(session) = self.sessions.get_mut(sender) else { return };
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
        self.request(request, move |engine, reply| engine.on_verify_head_times_done(&sender, wanted, reply));
    }

    fn on_verify_head_times_done(&mut self, sender: &PeerId, times: Vec<HeadTime>, result: Result<Vec<bool>>) {
        if let Some(session) = self.sessions.get_mut(sender) {
            session.news_verifying = session.news_verifying.saturating_sub(1);
        }
        let right = match result {
            Ok(right) => right,
            Err(error) => return self.failed("looking at signatures of heads", &error),
        };
        let is_forged = right.iter().any(|is_right| !is_right);
        for (time, _) in times.into_iter().zip(right).filter(|(_, is_right)| *is_right) {
            let (origin, seq) = (time.origin.clone(), time.seq);
            if self.roster.contains(&origin) && self.signed_times.is_wanted(&time) {
                self.signed_times.put(time, Some(sender.clone()));
                self.membership.touch(&origin);
                self.signed_head_shown(&origin, seq);
                self.not_given(sender, &origin, seq);
            }
        }
        if is_forged {
            self.strike(sender, POINTS_FORGED, "told of heads with times that their origins did not sign");
        }
    }

    /// Who was removed is not heard of any more.
    pub(in crate::sync::engine) fn forget_head_times(&mut self) {
        for peer in &self.config.removed {
            self.signed_times.forget(peer);
        }
    }
}
