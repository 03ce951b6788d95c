//! Listing: the keys of what other members hold of a collection and this node does not, for statements that read all of it.
//!
//! Members are asked one after the other, page by page, each for those buckets that nobody has answered for yet. A page goes
//! to whoever asked, who comes back for the next one: nothing is kept here in between.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Buckets, Bytes, ListingPage, ListingPlace, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::core::InService;
use crate::sync::engine::io::EngineAction;
use crate::sync::engine::limits::{LISTING_TIMEOUT_MS, LISTINGS_MAX, POINTS_FLOOD, SERVES_PER_PEER_MAX};
use crate::sync::engine::partial::eviction::Eviction;
use crate::sync::engine::partial::fetch::interrupted;
use crate::sync::engine::requests::ListKeys;
use crate::sync::protocol::message::{KEYS_MAX, KeysRequest, KeysResponse, Message};

/// Said of a member that has told everything it holds of what it was asked for.
const TOLD: &str = "it told what it holds";

/// Listings under way, by the number that they have in messages.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Listings {
    running: BTreeMap<u64, Listing>,
    /// Those that wait until what others hold has been dropped: what is here meanwhile goes.
    waiting: Vec<(u64, String, ListingPlace)>,
    /// How many requests of each peer are being answered.
    served: InService,
}

#[derive(Debug)]
struct Listing {
    /// That of the input.
    number: u64,
    collection: String,
    /// Buckets that nobody has answered for.
    left: Buckets,
    /// Who is being asked, and the last key that it told.
    member: Option<(PeerId, Option<Bytes>)>,
    asked: Vec<(PeerId, &'static str)>,
    /// When the member is late.
    until_ms: u64,
}

impl Listings {
    pub fn on_keys_requested(
        &mut self,
        core: &mut EngineCore,
        eviction: &mut Eviction,
        number: u64,
        collection: String,
        place: ListingPlace,
    ) {
        if core.is_retired {
            return core.actions.push(EngineAction::KeysListed { number, result: Err(interrupted()) });
        }
        eviction.keep_what_is_read(core);
        if self.running.len() + self.waiting.len() >= LISTINGS_MAX {
            let error = Error::new(ErrorKind::LimitExceeded, "too many statements fetch whole collections")
                .with_hint(format!("At most {LISTINGS_MAX} of a network do so at a time."));
            return core.actions.push(EngineAction::KeysListed { number, result: Err(error) });
        }
        if eviction.is_evicting() {
            return self.waiting.push((number, collection, place));
        }
        let left = place.left.unwrap_or_else(|| self.not_held(core, &collection));
        let member = place.member.map(|(peer, after)| (peer, Some(after)));
        let listing = Listing { number, collection, left, member, asked: place.asked, until_ms: u64::MAX };
        let id = core.next_number();
        self.running.insert(id, listing);
        self.send_keys_request(core, id);
    }

    /// What others hold has been dropped, or will not be.
    pub fn resume_listings(&mut self, core: &mut EngineCore, eviction: &mut Eviction) {
        for (number, collection, place) in std::mem::take(&mut self.waiting) {
            self.on_keys_requested(core, eviction, number, collection, place);
        }
    }

    /// The buckets of a collection of which entries may be elsewhere alone.
    fn not_held(&self, core: &mut EngineCore, collection: &str) -> Buckets {
        let is_in = |names: &[String]| names.iter().any(|name| name == collection);
        if is_in(&core.config.partial) {
            return Buckets::all();
        }
        if is_in(&core.config.placement.collections) {
            return Buckets::all().without(&core.placed_share());
        }
        Buckets::none()
    }

    /// Asks the member that is being asked for its next keys, or the next member, or ends the listing.
    fn send_keys_request(&mut self, core: &mut EngineCore, id: u64) {
        let (now_ms, members) = (core.now_ms, core.electorate());
        let Some(listing) = self.running.get_mut(&id) else { return };
        if listing.left.are_none() {
            return self.end_listing(core, id, Ok(ListingPage::default()));
        }
        let able = core.peers.iter().filter(|(peer, session)| {
            let is_known = !session.is_outdated && session.collections.contains(&listing.collection);
            is_known && !listing.asked.iter().any(|(asked, _)| asked == *peer)
        });
        let mut able: Vec<PeerId> = able.map(|(peer, _)| peer.clone()).collect();
        let (peer, after) = match listing.member.take() {
            Some((peer, after)) if able.contains(&peer) => (peer, after),
            // Where it goes on at another member is not known.
            Some((peer, _)) => {
                listing.asked.push((peer, "it is gone"));
                return self.send_keys_request(core, id);
            }
            None => {
                core.random.choose(&mut able, 1);
                let Some(peer) = able.pop() else { return self.conclude_listing(core, id) };
                (peer, None)
            }
        };
        listing.member = Some((peer.clone(), after.clone()));
        listing.until_ms = now_ms.saturating_add(LISTING_TIMEOUT_MS);
        let (collection, within, until_ms) = (listing.collection.clone(), listing.left.clone(), listing.until_ms);
        core.wake_at(until_ms);
        core.send(&peer, Message::KeysRequest(KeysRequest { number: id, collection, members, within, after }));
    }

    /// Nobody is left to ask. While members fill their shares nobody vouches alone; together they do.
    fn conclude_listing(&mut self, core: &mut EngineCore, id: u64) {
        let Some(listing) = self.running.get(&id) else { return };
        let said = |peer: &PeerId| listing.asked.iter().find(|(asked, _)| asked == peer).map(|(_, why)| *why);
        let others: Vec<&PeerId> = core.roster.peers().filter(|peer| **peer != core.config.this).collect();
        if others.iter().all(|peer| said(peer) == Some(TOLD)) {
            return self.end_listing(core, id, Ok(ListingPage::default()));
        }
        let told = others.iter().map(|peer| format!("{peer}: {}.", said(peer).unwrap_or("not connected")));
        let told: Vec<String> = told.collect();
        let error = Error::new(
            ErrorKind::Io,
            format!("a part of \"{}\" is not held here, and no member that holds it answered", listing.collection),
        )
        .with_detail(if told.is_empty() { "No other member is known.".to_string() } else { told.join(" ") })
        .with_hint("SET nebulus.fetch = on reads what is here alone, but for entries that a statement names.");
        self.end_listing(core, id, Err(error));
    }

    fn end_listing(&mut self, core: &mut EngineCore, id: u64, result: Result<ListingPage>) {
        if let Some(Listing { number, .. }) = self.running.remove(&id) {
            core.actions.push(EngineAction::KeysListed { number, result });
        }
    }

    pub fn on_keys_response(&mut self, core: &mut EngineCore, peer: &PeerId, response: KeysResponse) {
        let id = response.number;
        let is_asked = |listing: &Listing| listing.member.as_ref().is_some_and(|(asked, _)| asked == peer);
        let Some(listing) = self.running.get(&id).filter(|listing| is_asked(listing)) else { return };
        let before = listing.member.as_ref().and_then(|(_, after)| after.as_ref());
        let (mut left, mut asked) = (listing.left.clone(), listing.asked.clone());
        let last = response.keys.last().cloned().filter(|_| response.is_more);
        if let (Some(last), Some(before)) = (&last, before)
            && last <= before
        {
            // What does not go on would never end.
            return self.give_up_listing(core, id, "it told keys out of order");
        }
        let member = last.map(|last| (peer.clone(), last));
        if member.is_none() {
            asked.push((peer.clone(), TOLD));
            if let Some(copies) = response.copies {
                left = left.without(&core.share_of(peer, copies));
            }
        }
        let next = (!left.are_none()).then_some(ListingPlace { left: Some(left), member, asked });
        self.end_listing(core, id, Ok(ListingPage { keys: response.keys, holder: Some(peer.clone()), next }));
    }

    /// The member that is being asked is of no more use.
    fn give_up_listing(&mut self, core: &mut EngineCore, id: u64, why: &'static str) {
        let Some(listing) = self.running.get_mut(&id) else { return };
        listing.asked.extend(listing.member.take().map(|(peer, _)| (peer, why)));
        self.send_keys_request(core, id);
    }

    /// Tells a peer the keys of what lies here; where it is closed, none, and vouches for nothing: a node that returns may hold
    /// entries whose tombstones are gone.
    pub fn on_keys_request(
        &mut self,
        core: &mut EngineCore,
        eviction: &Eviction,
        peer: &PeerId,
        (request, is_closed): (KeysRequest, bool),
    ) {
        if self.served.count(peer) >= SERVES_PER_PEER_MAX {
            return core.penalise(peer, POINTS_FLOOD, "asked for too many keys at once");
        }
        let KeysRequest { number, collection, members, within, after } = request;
        if is_closed || !core.has_attached(&collection) {
            return self.send_keys_response(
                core,
                peer,
                KeysResponse { number, copies: None, keys: Vec::new(), is_more: false },
            );
        }
        let is_vouched = members == core.electorate() && eviction.whole_collections(core).contains(&collection);
        let copies = is_vouched.then(|| core.copies().unwrap_or(0));
        let within = if is_vouched { within.and(&core.own_share()) } else { within };
        let (count_max, bytes_max) = (KEYS_MAX, core.config.tuning.batch_bytes);
        self.served.begin(peer);
        let peer = peer.clone();
        let request = ListKeys { collection, within, after, count_max, bytes_max };
        core.request(request, move |engine, reply| {
            engine.listings.on_list_keys_done(&mut engine.core, &peer, (number, copies), reply);
        });
    }

    fn on_list_keys_done(
        &mut self,
        core: &mut EngineCore,
        peer: &PeerId,
        (number, copies): (u64, Option<u32>),
        result: Result<(Vec<Bytes>, bool)>,
    ) {
        self.served.end(peer);
        match result {
            Ok((keys, is_more)) => self.send_keys_response(core, peer, KeysResponse { number, copies, keys, is_more }),
            // No answer is better than a wrong one.
            Err(error) => core.failed("listing keys for a peer", &error),
        }
    }

    fn send_keys_response(&mut self, core: &mut EngineCore, peer: &PeerId, response: KeysResponse) {
        if core.active(peer).is_some() {
            core.send(peer, Message::KeysResponse(response));
        }
    }

    pub fn on_session_ended(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let is_asked = |listing: &Listing| listing.member.as_ref().is_some_and(|(asked, _)| asked == peer);
        let ended = self.running.iter().filter(|(_, listing)| is_asked(listing)).map(|(id, _)| *id);
        for id in ended.collect::<Vec<u64>>() {
            self.give_up_listing(core, id, "it is gone");
        }
    }

    pub fn tick_listings(&mut self, core: &mut EngineCore) {
        let late = self.running.iter().filter(|(_, listing)| listing.until_ms <= core.now_ms).map(|(id, _)| *id);
        for id in late.collect::<Vec<u64>>() {
            self.give_up_listing(core, id, "it did not answer in time");
        }
        if let Some(until_ms) = self.running.values().map(|listing| listing.until_ms).min() {
            core.wake_at(until_ms);
        }
    }
}

#[cfg(test)]
#[path = "key_listing_tests.rs"]
mod tests;
