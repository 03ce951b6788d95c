//! Members that say they hold what this one drops are asked for some of it first.

use super::*;
use crate::sync::engine::limits::{CHALLENGE_KEYS_MAX, CHALLENGE_MS_MAX};
use crate::sync::engine::requests::DrawnEntry;
use crate::sync::engine::requests::{EngineReply, EngineRequest, EvictEntries};
use crate::sync::protocol::message::FetchRequest;

const ENTRIES: u8 = 200;

fn body(key: u8) -> Bytes {
    Bytes::new([b'v', key])
}

/// "a" has begun to drop what "b" and "c" hold, and asks which entries that is.
fn dropping(members: &[&str], connected: &[&str]) -> (Engine, PendingRequest) {
    let mut engine = engine(members, connected, 1);
    evict(&mut engine, &[(peer("b"), 3)].into_iter().collect(), &["memory".into()]);
    let kept = database_request(&mut engine);
    reply(&mut engine, kept, EngineReply::KeepPlacement(Ok(())));
    let drawn = database_request(&mut engine);
    assert!(matches!(drawn.request(), EngineRequest::DrawEvictable(_)), "{drawn:?}");
    (engine, drawn)
}

fn draw(engine: &mut Engine, pending: PendingRequest) -> Vec<(PeerId, FetchRequest)> {
    let own = engine.own_share();
    let keys = (0..ENTRIES).map(|key| (key, Bytes::new([key]))).filter(|(_, key)| !own.hold(key));
    let entries = keys.map(|(key, encoded)| DrawnEntry {
        collection: "memory".into(),
        key: encoded,
        hash: *blake3::hash(&body(key)).as_bytes(),
    });
    let drawn = Drawn { entries: entries.collect(), are_all: true };
    reply(engine, pending, EngineReply::DrawEvictable(Ok(drawn)));
    requests(engine)
}

fn requests(engine: &mut Engine) -> Vec<(PeerId, FetchRequest)> {
    let of = |action: &EngineAction| match action {
        EngineAction::Send { peer, message: Message::FetchRequest(request) } => Some((peer.clone(), request.clone())),
        _ => None,
    };
    engine.core.actions.iter().filter_map(of).collect()
}

/// Answers a request with what `answer` makes of a key.
fn give(engine: &mut Engine, from: &PeerId, request: &FetchRequest, answer: impl Fn(u8) -> FetchAnswer) {
    let answers = request.keys.iter().map(|key| answer(key[0])).collect();
    let response = FetchResponse { number: request.number, heads: Vec::new(), answers, postings: Vec::new() };
    engine.core.actions.clear();
    tell(engine, from, Message::FetchResponse(response));
}

fn found(key: u8) -> FetchAnswer {
    FetchAnswer::Found { body: body(key), contributions: Bytes::new([]), is_whole: true }
}

/// What is dropped, once everybody has answered.
fn dropped(engine: &Engine) -> Option<Buckets> {
    engine.core.actions.iter().find_map(|action| match action {
        EngineAction::Request(pending) => match pending.request() {
            EngineRequest::EvictEntries(EvictEntries { shares, .. }) => Some(Buckets::all().without(&shares[0].1)),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn copies_go_when_those_that_hold_them_have_given_some() {
    let (mut engine, drawn) = dropping(&["b", "c"], &["b", "c"]);
    let asked = draw(&mut engine, drawn);
    assert_eq!(asked.len(), 2);
    for (peer, request) in &asked {
        let share = engine.core.share_of(peer, 1);
        assert_eq!(request.keys.len(), CHALLENGE_KEYS_MAX);
        assert!(request.keys.iter().all(|key| share.hold(key)), "each is asked for its own");
        assert_eq!(dropped(&engine), None);
        give(&mut engine, peer, request, found);
    }
    assert_eq!(dropped(&engine), Some(Buckets::all().without(&engine.own_share())));
}

#[test]
fn nothing_goes_for_the_word_of_who_holds_nothing() {
    let other = |key: u8| FetchAnswer::Found { body: body(key + 1), contributions: Bytes::new([]), is_whole: true };
    let lies: [&dyn Fn(u8) -> FetchAnswer; 3] = [&|_| FetchAnswer::Absent, &|_| FetchAnswer::Unknown, &other];
    for lie in lies {
        let (mut engine, drawn) = dropping(&["b", "c"], &["b", "c"]);
        let asked = draw(&mut engine, drawn);
        let answer = |peer: &PeerId| asked.iter().find(|(asked, _)| asked == peer).map(|(_, request)| request).unwrap();
        give(&mut engine, &peer("c"), answer(&peer("c")), found);
        // Others cannot answer for it, nor can it for others.
        give(&mut engine, &peer("c"), answer(&peer("b")), found);
        assert_eq!(dropped(&engine), None);
        give(&mut engine, &peer("b"), answer(&peer("b")), lie);
        let (share, own) = (engine.core.share_of(&peer("b"), 1), engine.own_share());
        assert_eq!(dropped(&engine), Some(Buckets::all().without(&own).without(&share)));
        assert!(engine.core.counters.last_error.as_ref().is_some_and(|error| error.starts_with("b did not give")));
        assert!(!engine.eviction.is_settled, "it is asked again in the next round");
    }
}

#[test]
fn time_that_passes_before_anything_is_drawn_ends_nothing() {
    let (mut engine, drawn) = dropping(&["b", "c"], &["b", "c"]);
    for later_ms in 1..4 {
        feed(&mut engine, NOW_MS + later_ms, EngineInput::Tick);
        assert_eq!(dropped(&engine), None);
    }
    engine.core.actions.clear();
    assert_eq!(draw(&mut engine, drawn).len(), 2);
}

#[test]
fn one_wrong_answer_of_several_is_enough_and_short_answers_are_asked_on() {
    let (mut engine, drawn) = dropping(&["b"], &["b"]);
    let (from, request) = draw(&mut engine, drawn).remove(0);
    let last = request.keys.last().unwrap()[0];
    let short = FetchRequest { keys: request.keys[..3].to_vec(), ..request.clone() };
    give(&mut engine, &from, &short, found);
    let (_, rest) = requests(&mut engine).remove(0);
    assert_eq!(rest.keys, request.keys[3..]);
    give(&mut engine, &from, &rest, |key| if key == last { FetchAnswer::Absent } else { found(key) });
    assert!(dropped(&engine).unwrap().are_none());
    // No answer at all is none.
    let (mut engine, drawn) = dropping(&["b"], &["b"]);
    let (from, request) = draw(&mut engine, drawn).remove(0);
    give(&mut engine, &from, &FetchRequest { keys: Vec::new(), ..request }, found);
    assert!(dropped(&engine).unwrap().are_none());
}

#[test]
fn who_is_silent_or_away_holds_nothing() {
    let (mut engine, drawn) = dropping(&["b", "c"], &["b"]);
    let asked = draw(&mut engine, drawn);
    assert_eq!(asked.len(), 1, "c is away");
    engine.core.actions.clear();
    feed(&mut engine, NOW_MS + CHALLENGE_MS_MAX, EngineInput::Tick);
    assert!(dropped(&engine).unwrap().are_none());
    give(&mut engine, &asked[0].0, &asked[0].1, found);
    assert_eq!(dropped(&engine), None, "it comes too late");
}
