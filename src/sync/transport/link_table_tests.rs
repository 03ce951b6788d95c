//! Links go up with both halves and down with either.

use super::*;
use crate::model::PeerId;

const NETWORK: NetworkId = NetworkId(3);
const NOW: u64 = 1_000_000;

fn key() -> LinkKey {
    LinkKey { peer: PeerId::new("P"), network: NETWORK }
}

/// Opens the stream of this side and lets the peer accept it.
fn prove_outgoing(links: &mut Links, epochs: &[u64]) -> (Proving, LinkChange) {
    assert_eq!(links.to_open(NOW), vec![key()]);
    links.opening(&key());
    assert!(links.to_open(NOW).is_empty(), "one at a time");
    let proving = links.opened(&key(), epochs).unwrap();
    let (_, change) = links.outgoing_proven(proving.id, NOW).unwrap();
    (proving, change)
}

fn prove_incoming(links: &mut Links, epoch: u64) -> (EndId, LinkChange, oneshot::Receiver<()>) {
    let (start, started) = oneshot::channel();
    let id = links.new_end();
    let change = links.incoming_proven(id, &key(), epoch, start, NOW);
    (id, change, started)
}

fn up() -> (Links, Proving, EndId) {
    let mut links = Links::default();
    links.want(key());
    let (proving, _) = prove_outgoing(&mut links, &[1]);
    let (incoming, change, _started) = prove_incoming(&mut links, 1);
    assert_eq!(change.went_up, Some(1));
    (links, proving, incoming)
}

#[test]
fn a_link_is_up_when_both_halves_are_proven() {
    let mut links = Links::default();
    assert!(links.to_open(NOW).is_empty());
    links.want(key());
    let (_, change) = prove_outgoing(&mut links, &[1]);
    assert_eq!(change, LinkChange::default());
    assert!(links.send(&key(), Message::CollectionRequest).is_ok() && !links.is_up(&key()));
    let (_, change, mut started) = prove_incoming(&mut links, 1);
    assert_eq!(change, LinkChange { went_up: Some(1), ..LinkChange::default() });
    assert!(links.is_up(&key()) && started.try_recv().is_ok());
    assert_eq!(links.up_in(NETWORK).count(), 1);
}

#[test]
fn a_peer_that_proves_itself_is_answered_in_its_epoch() {
    let mut links = Links::default();
    let (_, change, mut started) = prove_incoming(&mut links, 4);
    assert_eq!(change, LinkChange::default());
    assert!(started.try_recv().is_err(), "nothing is read before the link is up");
    let (proving, change) = prove_outgoing(&mut links, &[5, 4]);
    assert_eq!((proving.epoch, change.went_up), (4, Some(4)));
    assert_eq!(links.of_other_epochs(NETWORK, 5), vec![key()]);
    assert!(links.of_other_epochs(NETWORK, 4).is_empty());
}

#[test]
fn a_link_goes_with_either_half_and_comes_back_later() {
    for half in 0..2 {
        let (mut links, proving, incoming) = up();
        let id = [proving.id, incoming][half];
        let (ended, change) = links.ended(id, NOW, 0).unwrap();
        assert_eq!((ended, change), (key(), LinkChange { went_down: true, went_up: None, stop: Some(incoming) }));
        assert!(!links.is_up(&key()) && links.ends.is_empty());
        assert!(links.ended(proving.id, NOW, 0).is_none(), "the other half has nothing to say any more");
        assert!(links.to_open(NOW).is_empty());
        assert_eq!(links.to_open(NOW + 1000), vec![key()]);
    }
}

#[test]
fn a_new_stream_of_the_peer_replaces_the_link() {
    let (mut links, proving, incoming) = up();
    let (_, change, _started) = prove_incoming(&mut links, 1);
    assert_eq!(change, LinkChange { went_down: true, went_up: None, stop: Some(incoming) });
    assert!(links.ended(proving.id, NOW, 0).is_none());
    let (_, change) = prove_outgoing(&mut links, &[1]);
    assert_eq!(change.went_up, Some(1));
}

#[test]
fn epochs_take_turns_when_a_peer_refuses() {
    let mut links = Links::default();
    links.want(key());
    let mut now = NOW;
    for expected in [9, 8, 9] {
        assert_eq!(links.to_open(now), vec![key()]);
        links.opening(&key());
        let proving = links.opened(&key(), &[9, 8]).unwrap();
        assert_eq!(proving.epoch, expected);
        links.ended(proving.id, now, 0).unwrap();
        now += 300_000;
    }
}

#[test]
fn a_half_that_waits_too_long_is_given_up() {
    let mut links = Links::default();
    let (incoming, ..) = prove_incoming(&mut links, 1);
    assert!(links.half_for_too_long(NOW + HALF_MS_MAX).is_empty());
    assert_eq!(links.half_for_too_long(NOW + HALF_MS_MAX + 1), vec![incoming]);
    let (links, ..) = up();
    assert!(links.half_for_too_long(u64::MAX).is_empty());
}

#[test]
fn a_stream_that_never_comes_is_asked_for_again() {
    let mut links = Links::default();
    links.want(key());
    links.opening(&key());
    links.open_failed(&key(), NOW, 0);
    assert!(links.to_open(NOW).is_empty());
    assert_eq!(links.to_open(NOW + 1000), vec![key()]);
    assert!(links.opened(&key(), &[1]).is_none(), "nobody asked for this one");
}
