//! Members: who is met, what they sign of themselves, and what is kept of that.
//!
//! Each member signs where it can be dialled, with the time, and whoever knows that passes it on. What is not signed by the
//! member itself changes nothing. Signatures are looked at off the engine, a bounded number at a time. What is kept of
//! members is written together, at most once in [`SAVE_MEMBERS_MS_MIN`].

use std::collections::BTreeSet;

use crate::error::Result;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{
    NEWS_BATCHES_MAX, POINTS_FORGED, QUICK_SAVES_MAX, RETRY_MS, SAVE_MEMBERS_MS, SAVE_MEMBERS_MS_MIN, SAVED_AT_ONCE_MAX,
};
use crate::sync::engine::member::Member;
use crate::sync::engine::members::roster::MemberUpdate;
use crate::sync::engine::requests::{SaveMembers, SignStatement, VerifyStatements};
use crate::sync::protocol::message::{MemberNews, Members};
use crate::sync::protocol::statement::{MemberStatement, Signed};

/// What is under way about members.
#[derive(Debug)]
pub(in crate::sync::engine) struct Membership {
    /// What is known of them has changed since it was kept.
    dirty: BTreeSet<PeerId>,
    is_saving: bool,
    /// When they are kept next, and before when they are not.
    save_ms: u64,
    rest_ms: u64,
    /// Saves that need not wait, until members are gathered again: of few members, what is new is kept at once.
    quick_saves: u32,
    /// When what sessions have told is kept next.
    gather_ms: u64,
    /// Where this node can be dialled.
    addresses: Vec<String>,
    /// The last time that was signed with them, and whether they have changed since.
    named_ms: u64,
    is_unsigned: bool,
    is_signing: bool,
    /// The newest epoch is being read, to be told.
    pub(super) is_reading_epoch: bool,
}

impl Membership {
    pub fn new(now_ms: u64) -> Self {
        Membership {
            dirty: BTreeSet::new(),
            is_saving: false,
            save_ms: u64::MAX,
            rest_ms: 0,
            quick_saves: QUICK_SAVES_MAX,
            gather_ms: now_ms.saturating_add(SAVE_MEMBERS_MS),
            addresses: Vec::new(),
            named_ms: 0,
            is_unsigned: true,
            is_signing: false,
            is_reading_epoch: false,
        }
    }

    /// What is known of a member is kept with the next others.
    pub fn touch(&mut self, peer: &PeerId) {
        self.dirty.insert(peer.clone());
    }

    pub fn forget(&mut self, peer: &PeerId) {
        self.dirty.remove(peer);
    }
}

impl Engine {
    /// Takes in a member that is met here, and keeps it where that is news.
    pub(in crate::sync::engine) fn meet(&mut self, peer: &PeerId, reached: Vec<String>) {
        if self.config.removed.contains(peer) {
            return;
        }
        match self.roster.meet(peer, reached) {
            MemberUpdate::New => {
                self.event(EngineEvent::MemberMet { peer: peer.clone() });
                self.save_soon(peer);
            }
            MemberUpdate::Moved => self.save_soon(peer),
            MemberUpdate::Known | MemberUpdate::Refused => self.membership.touch(peer),
        }
    }

    /// What a member passes on of others.
    pub(in crate::sync::engine) fn members_told(&mut self, sender: &PeerId, members: Members) {
        let latest_ms = self.now_ms.saturating_add(self.config.options.max_clock_drift_ms);
        let mut wanted = Vec::new();
        for news in members.members {
            if self.config.removed.contains(&news.peer) || news.named_ms > latest_ms {
                continue;
            }
            if news.peer == self.config.this {
                if news.named_ms > self.membership.named_ms {
                    wanted.push(news);
                }
            } else if self.roster.is_wanted(sender, &news) {
                wanted.push(news);
            } else if self.roster.heard_again(sender, &news) {
                self.membership.touch(&news.peer);
            }
        }
        let Some(session) = self.sessions.get_mut(sender) else { return };
        // Who tells more at a time is told later that the lists still differ.
        if wanted.is_empty() || session.news_verifying >= NEWS_BATCHES_MAX {
            return;
        }
        session.news_verifying += 1;
        let signed = wanted.iter().map(|news| Signed {
            peer: news.peer.clone(),
            statement: MemberStatement::Addresses { named_ms: news.named_ms, addresses: news.addresses.clone() },
            signature: news.signature.clone(),
        });
        let (request, sender) = (VerifyStatements { signed: signed.collect() }, sender.clone());
        self.request(request, move |engine, reply| engine.on_verify_members_done(&sender, wanted, reply));
    }

    fn on_verify_members_done(&mut self, sender: &PeerId, news: Vec<MemberNews>, result: Result<Vec<bool>>) {
        if let Some(session) = self.sessions.get_mut(sender) {
            session.news_verifying = session.news_verifying.saturating_sub(1);
        }
        let right = match result {
            Ok(right) => right,
            Err(error) => return self.failed("looking at signatures of members", &error),
        };
        let is_forged = right.iter().any(|is_right| !is_right);
        let (mut has_news, mut is_own_news) = (false, false);
        for (news, _) in news.into_iter().zip(right).filter(|(_, is_right)| *is_right) {
            if news.peer == self.config.this {
                // It was signed here when this clock was further on.
                is_own_news |= news.named_ms > self.membership.named_ms;
                self.membership.named_ms = self.membership.named_ms.max(news.named_ms);
                continue;
            }
            if self.config.removed.contains(&news.peer) {
                continue;
            }
            let peer = news.peer.clone();
            match self.roster.take(sender, news) {
                MemberUpdate::New => self.event(EngineEvent::MemberMet { peer: peer.clone() }),
                MemberUpdate::Moved => {}
                MemberUpdate::Known | MemberUpdate::Refused => continue,
            }
            has_news = true;
            self.save_soon(&peer);
        }
        if is_own_news {
            self.membership.is_unsigned = true;
            self.sign_own();
        }
        if has_news {
            self.tell_members_soon();
        }
        if is_forged {
            self.strike(sender, POINTS_FORGED, "told of members what they have not signed");
        }
    }

    pub(in crate::sync::engine) fn own_addresses(&mut self, addresses: Vec<String>) {
        if self.membership.addresses != addresses {
            self.membership.addresses = addresses;
            self.membership.is_unsigned = true;
        }
        if !self.sessions.is_empty() {
            self.sign_own();
        }
    }

    /// Signs where this node can be dialled, where that has not been done.
    pub(in crate::sync::engine) fn sign_own(&mut self) {
        if self.membership.is_signing || !self.membership.is_unsigned {
            return;
        }
        (self.membership.is_signing, self.membership.is_unsigned) = (true, false);
        let named_ms = self.now_ms.max(self.membership.named_ms.saturating_add(1));
        self.membership.named_ms = named_ms;
        let addresses = self.membership.addresses.clone();
        let statement = MemberStatement::Addresses { named_ms, addresses: addresses.clone() };
        let done = move |engine: &mut Engine, reply| engine.on_sign_addresses_done(named_ms, addresses, reply);
        self.request(SignStatement { statement }, done);
    }

    fn on_sign_addresses_done(&mut self, named_ms: u64, addresses: Vec<String>, result: Result<Bytes>) {
        self.membership.is_signing = false;
        match result {
            Ok(signature) => {
                let peer = self.config.this.clone();
                self.roster.put_own(MemberNews { peer, named_ms, addresses, signature });
                self.tell_members_soon();
            }
            Err(error) => {
                self.failed("signing addresses", &error);
                self.membership.is_unsigned = true;
                self.wake_at(self.now_ms.saturating_add(RETRY_MS));
                return;
            }
        }
        self.sign_own();
    }

    fn save_soon(&mut self, peer: &PeerId) {
        self.membership.touch(peer);
        let save_ms = self.membership.save_ms.min(self.now_ms.max(self.membership.rest_ms));
        self.membership.save_ms = save_ms;
        self.wake_at(save_ms);
    }

    pub(in crate::sync::engine) fn tick_members(&mut self) {
        let now_ms = self.now_ms;
        if now_ms >= self.membership.gather_ms {
            self.membership.gather_ms = now_ms.saturating_add(SAVE_MEMBERS_MS);
            self.membership.quick_saves = QUICK_SAVES_MAX;
            for peer in self.sessions.keys().cloned().collect::<Vec<_>>() {
                self.acknowledge(&peer);
            }
            self.membership.save_ms = now_ms;
        }
        if now_ms >= self.membership.save_ms && !self.membership.is_saving {
            self.save_members();
        }
        let save_ms = if self.membership.is_saving { u64::MAX } else { self.membership.save_ms };
        self.wake_at(self.membership.gather_ms.min(save_ms));
        if !self.sessions.is_empty() {
            self.sign_own();
        }
    }

    /// What a connected member has told of itself is what is known of it.
    pub(in crate::sync::engine) fn acknowledge(&mut self, peer: &PeerId) {
        let Some(session) = self.sessions.get(peer) else { return };
        // Origins that nobody has proved to be any are forgotten with the session.
        let is_any = |origin: &PeerId| self.heads.get(origin).is_some() || self.roster.contains(origin);
        let known = session.known.iter().filter(|(origin, _)| is_any(origin));
        let known = known.map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let seen_ms = session.seen_ms;
        self.roster.acknowledge(peer, known);
        self.roster.seen(peer, seen_ms);
    }

    fn save_members(&mut self) {
        self.membership.save_ms = u64::MAX;
        let this = &self.config.this;
        let mut members = Vec::new();
        while members.len() < SAVED_AT_ONCE_MAX
            && let Some(peer) = self.membership.dirty.pop_first()
        {
            let member = self.roster.member(&peer).filter(|member| member.peer != *this);
            members.extend(member.map(|member| Member { signed: self.signed_times.of(&peer).cloned(), ..member }));
        }
        if members.is_empty() {
            return;
        }
        self.membership.is_saving = true;
        let peers = members.iter().map(|member| member.peer.clone()).collect();
        self.request(SaveMembers { members }, |engine, reply| engine.on_save_members_done(peers, reply));
    }

    fn on_save_members_done(&mut self, peers: Vec<PeerId>, result: Result<()>) {
        self.membership.is_saving = false;
        if let Err(error) = result {
            self.failed("keeping members", &error);
            let kept = peers.into_iter().filter(|peer| self.roster.contains(peer));
            self.membership.dirty.extend(kept);
        }
        // What changes until then goes with these.
        let is_quick = self.membership.quick_saves > 0;
        self.membership.quick_saves = self.membership.quick_saves.saturating_sub(1);
        let rest_ms = if is_quick { 0 } else { SAVE_MEMBERS_MS_MIN };
        let save_ms = self.now_ms.saturating_add(rest_ms);
        self.membership.save_ms = if self.membership.dirty.is_empty() { u64::MAX } else { save_ms };
        self.membership.rest_ms = save_ms;
        self.wake_at(self.membership.save_ms);
    }
}
