//! Members: who is met, what they sign of themselves, and what is kept of that.
//!
//! Each member signs where it can be dialled, with the time, and whoever knows that passes it on. What is not signed by the
//! member itself changes nothing. Signatures are looked at off the engine, a bounded number at a time. What is kept of
//! members is written together, at most once in [`SAVE_MEMBERS_MS_MIN`].

use std::collections::BTreeSet;

use crate::error::Result;
use crate::model::Member;
use crate::model::{Bytes, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::core::MemberUpdate;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{
    ACKNOWLEDGE_MS, HEARTBEAT_MS_MIN, NEWS_BATCHES_MAX, POINTS_FORGED, QUICK_SAVES_MAX, RETRY_MS, SAVE_MEMBERS_MS,
    SAVE_MEMBERS_MS_MIN, SAVED_AT_ONCE_MAX, SMALL_NETWORK_MAX,
};
use crate::sync::engine::members::head_times::SignedTimes;
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

impl Membership {
    /// Takes in a member that is met here, and keeps it where that is news.
    pub fn upsert_member(&mut self, core: &mut EngineCore, peer: &PeerId, reached: Vec<String>) {
        if core.config.removed.contains(peer) {
            return;
        }
        match core.roster.upsert(peer, reached) {
            MemberUpdate::Added => {
                core.event(EngineEvent::MemberMet { peer: peer.clone() });
                self.save_soon(core, peer);
            }
            MemberUpdate::Readdressed => self.save_soon(core, peer),
            MemberUpdate::Unchanged | MemberUpdate::Full => self.touch(peer),
        }
    }

    /// What a member passes on of others.
    pub fn on_members(&mut self, core: &mut EngineCore, sender: &PeerId, members: Members) {
        let latest_ms = core.now_ms.saturating_add(core.config.options.max_clock_drift_ms);
        let mut wanted = Vec::new();
        for news in members.members {
            if core.config.removed.contains(&news.peer) || news.named_ms > latest_ms {
                continue;
            }
            if news.peer == core.config.this {
                if news.named_ms > self.named_ms {
                    wanted.push(news);
                }
            } else if core.roster.is_wanted(sender, &news) {
                wanted.push(news);
            } else if core.roster.heard_again(sender, &news) {
                self.touch(&news.peer);
            }
        }
        let Some(session) = core.peers.get_mut(sender) else { return };
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
        core.request(request, move |engine, reply| {
            engine.membership.on_verify_members_done(&mut engine.core, &sender, wanted, reply)
        });
    }

    fn on_verify_members_done(
        &mut self,
        core: &mut EngineCore,
        sender: &PeerId,
        news: Vec<MemberNews>,
        result: Result<Vec<bool>>,
    ) {
        if let Some(session) = core.peers.get_mut(sender) {
            session.news_verifying = session.news_verifying.saturating_sub(1);
        }
        let right = match result {
            Ok(right) => right,
            Err(error) => return core.failed("looking at signatures of members", &error),
        };
        let is_forged = right.iter().any(|is_right| !is_right);
        let (mut has_news, mut is_own_news) = (false, false);
        for (news, _) in news.into_iter().zip(right).filter(|(_, is_right)| *is_right) {
            if news.peer == core.config.this {
                // It was signed here when this clock was further on.
                is_own_news |= news.named_ms > self.named_ms;
                self.named_ms = self.named_ms.max(news.named_ms);
                continue;
            }
            if core.config.removed.contains(&news.peer) {
                continue;
            }
            let peer = news.peer.clone();
            match core.roster.take(sender, news) {
                MemberUpdate::Added => core.event(EngineEvent::MemberMet { peer: peer.clone() }),
                MemberUpdate::Readdressed => {}
                MemberUpdate::Unchanged | MemberUpdate::Full => continue,
            }
            has_news = true;
            self.save_soon(core, &peer);
        }
        if is_own_news {
            self.is_unsigned = true;
            self.sign_own(core);
        }
        if has_news {
            tell_members_soon(core);
        }
        if is_forged {
            core.penalise(sender, POINTS_FORGED, "told of members what they have not signed");
        }
    }

    pub fn on_addresses(&mut self, core: &mut EngineCore, addresses: Vec<String>) {
        if self.addresses != addresses {
            self.addresses = addresses;
            self.is_unsigned = true;
        }
        if !core.peers.is_empty() {
            self.sign_own(core);
        }
    }

    /// Signs where this node can be dialled, where that has not been done.
    pub fn sign_own(&mut self, core: &mut EngineCore) {
        if self.is_signing || !self.is_unsigned {
            return;
        }
        (self.is_signing, self.is_unsigned) = (true, false);
        let named_ms = core.now_ms.max(self.named_ms.saturating_add(1));
        self.named_ms = named_ms;
        let addresses = self.addresses.clone();
        let statement = MemberStatement::Addresses { named_ms, addresses: addresses.clone() };
        core.request(SignStatement { statement }, move |engine, reply| {
            engine.membership.on_sign_addresses_done(&mut engine.core, named_ms, addresses, reply);
        });
    }

    fn on_sign_addresses_done(
        &mut self,
        core: &mut EngineCore,
        named_ms: u64,
        addresses: Vec<String>,
        result: Result<Bytes>,
    ) {
        self.is_signing = false;
        match result {
            Ok(signature) => {
                let peer = core.config.this.clone();
                core.roster.put_own(MemberNews { peer, named_ms, addresses, signature });
                tell_members_soon(core);
            }
            Err(error) => {
                core.failed("signing addresses", &error);
                self.is_unsigned = true;
                core.wake_at(core.now_ms.saturating_add(RETRY_MS));
                return;
            }
        }
        self.sign_own(core);
    }

    fn save_soon(&mut self, core: &mut EngineCore, peer: &PeerId) {
        self.touch(peer);
        let save_ms = self.save_ms.min(core.now_ms.max(self.rest_ms));
        self.save_ms = save_ms;
        core.wake_at(save_ms);
    }

    pub fn tick_members(&mut self, core: &mut EngineCore, head_times: &SignedTimes) {
        let now_ms = core.now_ms;
        if now_ms >= self.gather_ms {
            self.gather_ms = now_ms.saturating_add(SAVE_MEMBERS_MS);
            self.quick_saves = QUICK_SAVES_MAX;
            for peer in core.peers.keys().cloned().collect::<Vec<_>>() {
                core.acknowledge(&peer);
            }
            self.save_ms = now_ms;
        }
        if now_ms >= self.save_ms && !self.is_saving {
            self.save_members(core, head_times);
        }
        let save_ms = if self.is_saving { u64::MAX } else { self.save_ms };
        core.wake_at(self.gather_ms.min(save_ms));
        if !core.peers.is_empty() {
            self.sign_own(core);
        }
    }

    fn save_members(&mut self, core: &mut EngineCore, head_times: &SignedTimes) {
        self.save_ms = u64::MAX;
        let this = &core.config.this;
        let mut members = Vec::new();
        while members.len() < SAVED_AT_ONCE_MAX
            && let Some(peer) = self.dirty.pop_first()
        {
            let member = core.roster.member(&peer).filter(|member| member.peer != *this);
            members.extend(member.map(|member| Member { signed: head_times.of(&peer).cloned(), ..member }));
        }
        if members.is_empty() {
            return;
        }
        self.is_saving = true;
        let peers = members.iter().map(|member| member.peer.clone()).collect();
        core.request(SaveMembers { members }, |engine, reply| {
            engine.membership.on_save_members_done(&mut engine.core, peers, reply)
        });
    }

    fn on_save_members_done(&mut self, core: &mut EngineCore, peers: Vec<PeerId>, result: Result<()>) {
        self.is_saving = false;
        if let Err(error) = result {
            core.failed("keeping members", &error);
            let kept = peers.into_iter().filter(|peer| core.roster.contains(peer));
            self.dirty.extend(kept);
        }
        // What changes until then goes with these.
        let is_quick = self.quick_saves > 0;
        self.quick_saves = self.quick_saves.saturating_sub(1);
        let rest_ms = if is_quick { 0 } else { SAVE_MEMBERS_MS_MIN };
        let save_ms = core.now_ms.saturating_add(rest_ms);
        self.save_ms = if self.dirty.is_empty() { u64::MAX } else { save_ms };
        self.rest_ms = save_ms;
        core.wake_at(self.save_ms);
    }
}

/// Members are told at once in a small network, so that they find each other; in a large one many newcomers are told together.
fn tell_members_soon(core: &mut EngineCore) {
    let is_small = core.roster.len() <= SMALL_NETWORK_MAX;
    core.schedule_heartbeats(if is_small { ACKNOWLEDGE_MS } else { HEARTBEAT_MS_MIN });
}
