//! Who is asked for keys, what counts as having answered, and how many fetches one member is asked for at a time.

use std::collections::BTreeMap;

use crate::error::{ErrorKind, Result};
use crate::model::{
    Buckets, Bytes, CharterDigest, ListingPage, ListingPlace, NetworkId, NetworkOptions, PeerId, Placement, Replication,
};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::io::{EngineAction, EngineConfig, EngineInput, Member, PendingRequest};
use crate::sync::engine::limits::Tuning;
use crate::sync::engine::limits::{FETCHES_PER_PEER_MAX, GATHERED_MS_MIN, LISTING_TIMEOUT_MS, LISTINGS_MAX};
use crate::sync::engine::requests::Drawn;
use crate::sync::engine::requests::{EngineReply, EngineRequest, ListKeys};
use crate::sync::protocol::message::{
    CollectionSchema, FetchAnswer, FetchRequest, FetchResponse, KeysRequest, KeysResponse, Message,
};

#[path = "challenges_tests.rs"]
mod challenges;

const NOW_MS: u64 = 1_000;
/// The number of each input.
const NUMBER: u64 = 77;

fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

/// "a" among members that each hold one of `copies`; those in `connected` are there.
fn engine(members: &[&str], connected: &[&str], copies: u32) -> Engine {
    let everybody: Vec<PeerId> = ["a"].iter().chain(members).map(|name| peer(name)).collect();
    let config = EngineConfig {
        this: peer("a"),
        network: NetworkId(1),
        options: NetworkOptions {
            replication: Replication::Partial,
            replication_factor: copies,
            ..NetworkOptions::default()
        },
        epoch: 1,
        removed: Vec::new(),
        charter: CharterDigest::default(),
        excused: Vec::new(),
        is_owner: false,
        owners: Vec::new(),
        awaits_founder: false,
        collections: vec![CollectionSchema {
            name: "memory".into(),
            is_table: false,
            columns: Vec::new(),
            primary_key: Vec::new(),
        }],
        shapes: Vec::new(),
        partial: Vec::new(),
        placement: Placement { peer: Some(peer("a")), copies, members: everybody, collections: vec!["memory".into()] },
        is_returning: false,
        tuning: Tuning::default(),
        seed: 7,
    };
    let member = |name: &&str| Member {
        peer: peer(name),
        addresses: Vec::new(),
        named_ms: 0,
        signature: Vec::new(),
        reached: Vec::new(),
        introduced_by: None,
        acknowledged: Vec::new(),
        last_seen_ms: 0,
        signed: None,
    };
    let mut engine = Engine::new(config, Vec::new(), members.iter().map(member).collect(), NOW_MS);
    for name in connected {
        feed(&mut engine, NOW_MS, EngineInput::PeerUp { peer: peer(name), epoch: 1, addresses: Vec::new() });
        engine.core.peers.get_mut(&peer(name)).unwrap().collections.push("memory".into());
    }
    engine.core.actions.clear();
    engine
}

fn feed(engine: &mut Engine, now_ms: u64, input: EngineInput) {
    let mut actions = std::mem::take(&mut engine.core.actions);
    engine.handle(now_ms, input, &mut actions);
    engine.core.actions = actions;
}

fn ask(engine: &mut Engine, place: ListingPlace) {
    feed(engine, NOW_MS, EngineInput::KeysRequested { number: NUMBER, collection: "memory".into(), place });
}

/// The keys that were asked for since the last look, and of whom.
fn asked(engine: &mut Engine) -> Vec<(PeerId, KeysRequest)> {
    let of = |action| match action {
        EngineAction::Send { peer, message: Message::KeysRequest(request) } => Some((peer, request)),
        _ => None,
    };
    std::mem::take(&mut engine.core.actions).into_iter().filter_map(of).collect()
}

fn listed(engine: &mut Engine) -> Result<ListingPage> {
    let of = |action| match action {
        EngineAction::KeysListed { number: NUMBER, result } => Some(result),
        _ => None,
    };
    std::mem::take(&mut engine.core.actions).into_iter().find_map(of).expect("an answer")
}

fn tell(engine: &mut Engine, from: &PeerId, message: Message) {
    feed(engine, NOW_MS, EngineInput::Received { peer: from.clone(), message, bytes: 100 });
}

/// A round has found these collections whole everywhere.
fn evict(engine: &mut Engine, stable: &BTreeMap<PeerId, u64>, whole: &[String]) {
    engine.eviction.evict(&mut engine.core, stable, whole, false);
}

/// The last thing that the engine has asked of the database.
fn database_request(engine: &mut Engine) -> PendingRequest {
    match engine.core.actions.pop() {
        Some(EngineAction::Request(pending)) => pending,
        other => panic!("nothing is asked of the database: {other:?}"),
    }
}

fn reply(engine: &mut Engine, pending: PendingRequest, reply: EngineReply) {
    feed(engine, NOW_MS, EngineInput::Done(pending.answer_with(|_| reply)));
}

fn answer(engine: &mut Engine, from: &PeerId, number: u64, copies: Option<u32>, keys: &[u8], is_more: bool) {
    let keys = keys.iter().map(|key| Bytes::new(vec![*key])).collect();
    tell(engine, from, Message::KeysResponse(KeysResponse { number, copies, keys, is_more }));
}

#[test]
fn each_member_is_asked_for_what_nobody_has_answered_for() {
    let mut engine = engine(&["b", "c"], &["b", "c"], 1);
    ask(&mut engine, ListingPlace::default());
    let (first, request) = asked(&mut engine).pop().unwrap();
    let own = engine.own_share();
    assert_eq!(request.within, Buckets::all().without(&own));
    answer(&mut engine, &first, request.number, Some(1), &[1, 2], true);
    let page = listed(&mut engine).unwrap();
    assert_eq!((page.keys.len(), page.holder), (2, Some(first.clone())));
    // The same one goes on behind its last key.
    ask(&mut engine, page.next.unwrap());
    let (again, request) = asked(&mut engine).pop().unwrap();
    assert_eq!((&again, request.after), (&first, Some(Bytes::new(vec![2]))));
    answer(&mut engine, &first, request.number, Some(1), &[3], false);
    let page = listed(&mut engine).unwrap();
    ask(&mut engine, page.next.unwrap());
    let (second, request) = asked(&mut engine).pop().unwrap();
    assert_ne!(second, first);
    assert_eq!(request.within, engine.core.share_of(&second, 1), "what is left is what this one holds");
    answer(&mut engine, &second, request.number, Some(1), &[], false);
    assert_eq!(listed(&mut engine).unwrap().next, None);
}

#[test]
fn a_node_that_returns_neither_lists_nor_gives_what_it_holds() {
    let mut engine = engine(&["b"], &["b"], 1);
    engine.core.config.is_returning = true;
    let (members, collection) = (engine.core.electorate(), "memory".to_string());
    let request =
        KeysRequest { number: 3, collection: collection.clone(), members, within: Buckets::all(), after: None };
    tell(&mut engine, &peer("b"), Message::KeysRequest(request));
    let request = FetchRequest { number: 4, collection, keys: vec![Bytes::new(vec![1])] };
    tell(&mut engine, &peer("b"), Message::FetchRequest(request));
    let (mut listed, mut fetched) = (Vec::new(), Vec::new());
    for action in std::mem::take(&mut engine.core.actions) {
        match action {
            EngineAction::Send { message: Message::KeysResponse(response), .. } => listed.push(response),
            EngineAction::Send { message: Message::FetchResponse(response), .. } => fetched.push(response.answers),
            _ => {}
        }
    }
    assert_eq!(listed, [KeysResponse { number: 3, copies: None, keys: Vec::new(), is_more: false }]);
    assert_eq!(fetched, [vec![FetchAnswer::Unknown]]);
}

#[test]
fn what_nobody_answers_for_is_an_error_that_names_who_is_missing() {
    let mut engine = engine(&["b", "c"], &["b"], 1);
    ask(&mut engine, ListingPlace::default());
    let (first, request) = asked(&mut engine).pop().unwrap();
    answer(&mut engine, &first, request.number, Some(1), &[1], false);
    let page = listed(&mut engine).unwrap();
    ask(&mut engine, page.next.unwrap());
    let error = listed(&mut engine).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.detail(), Some("b: it told what it holds. c: not connected."));
}

#[test]
fn where_nobody_vouches_all_have_to_answer() {
    let mut engine = engine(&["b", "c"], &["b", "c"], 1);
    ask(&mut engine, ListingPlace::default());
    let (first, request) = asked(&mut engine).pop().unwrap();
    answer(&mut engine, &first, request.number, None, &[1], false);
    let next = listed(&mut engine).unwrap().next.unwrap();
    ask(&mut engine, next.clone());
    let (second, _) = asked(&mut engine).pop().unwrap();
    feed(&mut engine, NOW_MS, EngineInput::PeerDown { peer: second.clone() });
    assert_eq!(listed(&mut engine).unwrap_err().kind(), ErrorKind::Io);
    feed(&mut engine, NOW_MS, EngineInput::PeerUp { peer: second.clone(), epoch: 1, addresses: Vec::new() });
    engine.core.peers.get_mut(&second).unwrap().collections.push("memory".into());
    engine.core.actions.clear();
    ask(&mut engine, next);
    let (_, request) = asked(&mut engine).pop().unwrap();
    answer(&mut engine, &second, request.number, None, &[2], false);
    let next = listed(&mut engine).unwrap().next.unwrap();
    ask(&mut engine, next);
    assert_eq!(listed(&mut engine).unwrap(), ListingPage::default());
}

#[test]
fn a_member_that_is_late_or_goes_round_in_circles_is_left_out() {
    let mut engine = engine(&["b"], &["b"], 1);
    ask(&mut engine, ListingPlace::default());
    assert_eq!(asked(&mut engine).len(), 1);
    feed(&mut engine, NOW_MS + LISTING_TIMEOUT_MS, EngineInput::Tick);
    assert_eq!(listed(&mut engine).unwrap_err().detail(), Some("b: it did not answer in time."));
    let place = ListingPlace { left: None, member: Some((peer("b"), Bytes::new(vec![5]))), asked: Vec::new() };
    ask(&mut engine, place);
    let (_, request) = asked(&mut engine).pop().unwrap();
    answer(&mut engine, &peer("b"), request.number, Some(1), &[4, 5], true);
    assert_eq!(listed(&mut engine).unwrap_err().detail(), Some("b: it told keys out of order."));
}

#[test]
fn a_member_tells_what_it_can_vouch_for_and_else_whatever_lies_there() {
    let mut engine = engine(&["b", "c"], &["b"], 1);
    let (members, own) = (engine.core.electorate(), engine.own_share());
    for (their_members, within, copies) in [(members, own, Some(1)), (members + 1, Buckets::all(), None)] {
        let request = KeysRequest {
            number: 5,
            collection: "memory".into(),
            members: their_members,
            within: Buckets::all(),
            after: None,
        };
        tell(&mut engine, &peer("b"), Message::KeysRequest(request));
        let listed = database_request(&mut engine);
        let EngineRequest::ListKeys(ListKeys { within: read, .. }) = listed.request() else {
            panic!("{:?}", engine.core.actions)
        };
        assert_eq!(*read, within);
        let keys = vec![Bytes::new(vec![9])];
        reply(&mut engine, listed, EngineReply::ListKeys(Ok((keys, false))));
        let Some(EngineAction::Send { message: Message::KeysResponse(response), .. }) = engine.core.actions.pop()
        else {
            panic!("{:?}", engine.core.actions)
        };
        assert_eq!((response.number, response.copies, response.keys.len()), (5, copies, 1));
    }
}

#[test]
fn what_is_being_read_is_not_dropped() {
    let mut engine = engine(&["b"], &["b"], 1);
    ask(&mut engine, ListingPlace::default());
    engine.core.actions.clear();
    let stable = [(peer("b"), 3)].into_iter().collect();
    evict(&mut engine, &stable, &["memory".into()]);
    assert!(engine.core.actions.is_empty(), "{:?}", engine.core.actions);
    feed(&mut engine, NOW_MS + GATHERED_MS_MIN, EngineInput::Tick);
    engine.core.actions.clear();
    evict(&mut engine, &stable, &["memory".into()]);
    assert!(
        matches!(&engine.core.actions[..], [EngineAction::Request(kept)] if matches!(kept.request(), EngineRequest::KeepPlacement(_))),
        "{:?}",
        engine.core.actions
    );
}

#[test]
fn a_listing_waits_until_what_others_hold_has_been_dropped() {
    let mut engine = engine(&["b"], &["b"], 1);
    let stable = [(peer("b"), 3)].into_iter().collect();
    evict(&mut engine, &stable, &["memory".into()]);
    let kept = database_request(&mut engine);
    ask(&mut engine, ListingPlace::default());
    assert!(asked(&mut engine).is_empty());
    reply(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    let drawn = database_request(&mut engine);
    assert!(matches!(drawn.request(), EngineRequest::DrawEvictable(_)), "{drawn:?}");
    assert!(asked(&mut engine).is_empty());
    reply(&mut engine, drawn, EngineReply::DrawEvictable(Ok(Drawn::default())));
    assert_eq!(asked(&mut engine).len(), 1);
}

#[test]
fn there_are_so_many_listings_and_no_more() {
    let mut engine = engine(&["b"], &["b"], 1);
    (0..LISTINGS_MAX).for_each(|_| ask(&mut engine, ListingPlace::default()));
    assert_eq!(asked(&mut engine).len(), LISTINGS_MAX);
    ask(&mut engine, ListingPlace::default());
    assert_eq!(listed(&mut engine).unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn fetches_wait_until_the_member_that_they_ask_has_less_to_do() {
    let mut engine = engine(&["b"], &["b"], 1);
    let theirs = Buckets::all().without(&engine.own_share());
    let keys: Vec<Bytes> = (0..u16::MAX)
        .map(|number| Bytes::new(number.to_be_bytes().to_vec()))
        .filter(|key| theirs.hold(key))
        .take(FETCHES_PER_PEER_MAX + 5)
        .collect();
    for key in &keys {
        let (collection, keys) = ("memory".to_string(), vec![key.clone()]);
        feed(&mut engine, NOW_MS, EngineInput::FetchRequested { number: NUMBER, collection, keys, holder: None });
    }
    let mut done = 0;
    let mut under_way = Vec::new();
    while done < keys.len() {
        for action in std::mem::take(&mut engine.core.actions) {
            match action {
                EngineAction::Send { message: Message::FetchRequest(request), .. } => under_way.push(request.number),
                EngineAction::FetchDone { result, .. } => done += result.unwrap().len(),
                _ => {}
            }
        }
        assert!(under_way.len() <= FETCHES_PER_PEER_MAX, "{} at once", under_way.len());
        if let Some(number) = under_way.pop() {
            let answers = vec![FetchAnswer::Absent];
            tell(
                &mut engine,
                &peer("b"),
                Message::FetchResponse(FetchResponse { number, heads: Vec::new(), answers, postings: Vec::new() }),
            );
        }
    }
    assert!(under_way.is_empty());
}
