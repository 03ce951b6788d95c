//! Read challenges: before copies go that other members say they hold, each of those is asked for some of them.
//!
//! All members have signed that they hold their shares when it comes to this (`votes`); a member that signs what is not true
//! would have the others drop what it never kept. So a few entries of each member's share are drawn at random from those that
//! would go, and it is asked for them as for any others that are read: it cannot tell, and what it sends has to be what lies
//! here. Copies of a member that does not answer, or not with that, do not count, and what it has to hold stays here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::defence::is_down;
use crate::error::Result;
use crate::model::{Buckets, PeerId};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{CHALLENGE_KEYS_MAX, CHALLENGE_MS_MAX, DRAWN_MAX};
use crate::sync::engine::partial::eviction::{Eviction, PlannedEviction};
use crate::sync::engine::requests::DrawEvictable;
use crate::sync::engine::requests::{Drawn, DrawnEntry};
use crate::sync::protocol::message::{FetchAnswer, FetchRequest, FetchResponse, Message};

/// Members that are being asked for what they say they hold.
#[derive(Debug)]
pub(in crate::sync::engine) struct Challenge {
    planned: PlannedEviction,
    /// Before entries are drawn nobody is asked, and nothing is over.
    is_drawn: bool,
    /// By member, what it is to be asked for next, collection by collection.
    left: BTreeMap<PeerId, VecDeque<Part>>,
    /// By the number of the request.
    asked: BTreeMap<u64, Asked>,
    /// Whose copies do not count.
    failed: BTreeSet<PeerId>,
}

/// A request that is under way.
#[derive(Debug)]
struct Asked {
    peer: PeerId,
    part: Part,
    until_ms: u64,
}

/// Entries of one collection, with what they are here.
#[derive(Debug)]
struct Part {
    collection: String,
    entries: Vec<DrawnEntry>,
}

impl Eviction {
    /// Has entries drawn of those that are going to be dropped.
    pub(super) fn challenge_holders(&mut self, core: &mut EngineCore, planned: PlannedEviction) {
        let (shares, stable) = (planned.shares.clone(), planned.stable.clone());
        if is_down("challenges") {
            return self.evict_entries(core, shares, stable);
        }
        let seed = core.random.next();
        let (left, asked, failed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        self.challenge = Some(Challenge { planned, is_drawn: false, left, asked, failed });
        self.requests += 1;
        let request = DrawEvictable { shares, stable, seed, count_max: DRAWN_MAX };
        core.request(request, |engine, reply| engine.eviction.on_draw_evictable_done(&mut engine.core, reply));
    }

    fn on_draw_evictable_done(&mut self, core: &mut EngineCore, result: Result<Drawn>) {
        self.requests -= 1;
        self.check(core);
        // A list of members that has changed since ends it; who waited for it goes on.
        let Some(mut challenge) = self.challenge.take() else { return self.end(core, Ok(0)) };
        let drawn = match result {
            Ok(drawn) => drawn,
            Err(error) => return self.end(core, Err(error)),
        };
        if drawn.entries.is_empty() {
            return self.end(core, Ok(0));
        }
        challenge.is_drawn = true;
        let copies = challenge.planned.placement.copies;
        for peer in core.roster.peers().filter(|peer| **peer != core.config.this).cloned().collect::<Vec<_>>() {
            let share = core.share_of(&peer, copies);
            let parts = parts_of(&drawn, &share);
            if !parts.is_empty() {
                challenge.left.insert(peer, parts);
            } else if !drawn.are_all {
                challenge.failed.insert(peer);
            }
        }
        let peers: Vec<PeerId> = challenge.left.keys().cloned().collect();
        self.challenge = Some(challenge);
        for peer in peers {
            self.send_next_challenge(core, &peer);
        }
        self.conclude_challenge(core);
    }

    /// Asks a member for the next part.
    fn send_next_challenge(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let number = core.next_number();
        let Some(challenge) = &mut self.challenge else { return };
        let Some(part) = challenge.left.get_mut(peer).and_then(VecDeque::pop_front) else {
            challenge.left.remove(peer);
            return;
        };
        if !core.active(peer).is_some_and(|session| session.collections.contains(&part.collection)) {
            challenge.left.remove(peer);
            challenge.failed.insert(peer.clone());
            return;
        }
        let keys = part.entries.iter().map(|entry| entry.key.clone()).collect();
        let request = FetchRequest { number, collection: part.collection.clone(), keys };
        let until_ms = core.now_ms.saturating_add(CHALLENGE_MS_MAX);
        challenge.asked.insert(number, Asked { peer: peer.clone(), part, until_ms });
        core.wake_at(until_ms);
        core.send(peer, Message::FetchRequest(request));
    }

    /// A member has answered a request that no statement made.
    pub fn on_challenge_response(&mut self, core: &mut EngineCore, peer: &PeerId, response: &FetchResponse) {
        let Some(challenge) = &mut self.challenge else { return };
        if challenge.asked.get(&response.number).is_none_or(|asked| asked.peer != *peer) {
            return;
        }
        let Some(Asked { mut part, .. }) = challenge.asked.remove(&response.number) else { return };
        let is_right = |(answer, drawn): (&FetchAnswer, &DrawnEntry)| match answer {
            FetchAnswer::Found { body, .. } => *blake3::hash(body).as_bytes() == drawn.hash,
            FetchAnswer::Absent | FetchAnswer::Unknown => false,
        };
        let count = response.answers.len();
        let are_right =
            (1..=part.entries.len()).contains(&count) && response.answers.iter().zip(&part.entries).all(is_right);
        if are_right {
            // Long ones come in several answers.
            part.entries.drain(..count);
            let left = challenge.left.entry(peer.clone()).or_default();
            if !part.entries.is_empty() {
                left.push_front(part);
            }
            self.send_next_challenge(core, peer);
        } else {
            challenge.left.remove(peer);
            challenge.failed.insert(peer.clone());
        }
        self.conclude_challenge(core);
    }

    /// Once everybody has answered, or will not: drops what those hold that did.
    fn conclude_challenge(&mut self, core: &mut EngineCore) {
        let is_over =
            |challenge: &mut Challenge| challenge.is_drawn && challenge.asked.is_empty() && challenge.left.is_empty();
        let Some(Challenge { planned, failed, .. }) = self.challenge.take_if(is_over) else { return };
        let copies = planned.placement.copies;
        let kept = failed.iter().fold(Buckets::none(), |kept, peer| kept.or(&core.share_of(peer, copies)));
        if !failed.is_empty() {
            let peers: Vec<String> = failed.iter().map(ToString::to_string).collect();
            let reason = "did not give what it is to hold: no copy here goes for its word";
            core.counters.last_error = Some(format!("{} {reason}", peers.join(", ")));
            self.is_settled = false;
            core.effect(EngineEffect::RoundsUnsettled);
            core.event(EngineEvent::HoldersFailed { peers: failed.into_iter().collect() });
        }
        let shares = planned.shares.into_iter().map(|(name, share)| (name, share.or(&kept))).collect();
        self.evict_entries(core, shares, planned.stable);
    }

    pub fn tick_eviction(&mut self, core: &mut EngineCore) {
        self.check(core);
        let now_ms = core.now_ms;
        let Some(challenge) = &mut self.challenge else { return };
        for Asked { peer, .. } in
            challenge.asked.extract_if(.., |_, asked| asked.until_ms <= now_ms).map(|(_, asked)| asked)
        {
            challenge.left.remove(&peer);
            challenge.failed.insert(peer);
        }
        if let Some(until_ms) = challenge.asked.values().map(|asked| asked.until_ms).min() {
            core.wake_at(until_ms);
        }
        self.conclude_challenge(core);
    }
}

/// What a member with this share is asked for, by collection.
fn parts_of(drawn: &Drawn, share: &Buckets) -> VecDeque<Part> {
    let mut parts: VecDeque<Part> = VecDeque::new();
    for entry in drawn.entries.iter().filter(|entry| share.hold(&entry.key)).take(CHALLENGE_KEYS_MAX) {
        match parts.iter_mut().find(|part| part.collection == entry.collection) {
            Some(part) => part.entries.push(entry.clone()),
            None => parts.push_back(Part { collection: entry.collection.clone(), entries: vec![entry.clone()] }),
        }
    }
    parts
}
