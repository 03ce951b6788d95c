//! What a proof lets through and what it keeps out.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NETWORK: NetworkId = NetworkId(3);

fn peer(name: &str) -> PeerId {
    PeerId::new(name)
}

fn epoch(name: &str, epoch: u64, key: u8) -> NetworkEpoch {
    NetworkEpoch {
        network: NETWORK,
        name: name.to_string(),
        epoch,
        key: Zeroizing::new([key; 32]),
        only: None,
        removed: BTreeSet::new(),
    }
}

fn ring(epochs: impl IntoIterator<Item = NetworkEpoch>) -> Keyring {
    Keyring::new(epochs).unwrap()
}

/// Runs the whole exchange between two keyrings; the keys of both sides where it succeeds.
fn exchange(initiator: &Keyring, responder: &Keyring, epoch: u64) -> Option<(SessionKeys, ProofAnswer)> {
    let (a, b) = (peer("A"), peer("B"));
    let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
    let hello = initiator.hello(NETWORK, epoch, parties, [1; 32]).unwrap();
    let answer = responder.answer(parties, &hello.bytes, [2; 32])?;
    Some((hello.finish(&answer.reply)?, answer))
}

#[test]
fn members_agree_on_network_epoch_and_keys() {
    let (one, two) = (ring([epoch("alpha", 1, 7)]), ring([epoch("beta", 1, 9), epoch("alpha", 1, 7)]));
    let (keys, answer) = exchange(&one, &two, 1).unwrap();
    assert_eq!((answer.network, answer.epoch), (NETWORK, 1));
    assert_eq!(keys.to_initiator, answer.keys.to_initiator);
    assert_eq!(keys.to_responder, answer.keys.to_responder);
    assert_ne!(keys.to_initiator, keys.to_responder);
}

#[test]
fn another_key_or_name_proves_nothing() {
    let one = ring([epoch("alpha", 1, 7)]);
    assert!(exchange(&one, &ring([epoch("alpha", 1, 8)]), 1).is_none());
    assert!(exchange(&one, &ring([epoch("beta", 1, 7)]), 1).is_none());
    let (_, answer) = exchange(&one, &ring([epoch("alpha", 2, 7)]), 1).unwrap();
    assert_eq!(answer.epoch, 2, "the responder's own number for the same key");
    assert!(exchange(&one, &ring([]), 1).is_none());
}

#[test]
fn a_hello_is_good_for_its_peers_roles_and_purpose_alone() {
    let keys = ring([epoch("alpha", 1, 7)]);
    let (a, b, c) = (peer("A"), peer("B"), peer("C"));
    let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
    let hello = keys.hello(NETWORK, 1, parties, [1; 32]).unwrap();
    let answered = |parties| keys.answer(parties, &hello.bytes, [2; 32]).is_some();
    assert!(answered(parties));
    assert!(!answered(Parties { initiator: &c, ..parties }), "used by another peer");
    assert!(!answered(Parties { responder: &c, ..parties }), "passed on to another peer");
    assert!(!answered(Parties { initiator: &b, responder: &a, ..parties }), "turned around");
    assert!(!answered(Parties { purpose: Purpose::Blob, ..parties }), "for another protocol");
    // A responder that only sends the hello back has not proved anything either.
    assert!(hello.finish(&hello.bytes).is_none());
}

#[test]
fn a_replayed_hello_meets_other_session_keys() {
    let keys = ring([epoch("alpha", 1, 7)]);
    let (a, b) = (peer("A"), peer("B"));
    let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
    let hello = keys.hello(NETWORK, 1, parties, [1; 32]).unwrap();
    let first = keys.answer(parties, &hello.bytes, [2; 32]).unwrap();
    let again = keys.answer(parties, &hello.bytes, [3; 32]).unwrap();
    assert_ne!(first.keys.to_responder, again.keys.to_responder);
    assert_ne!(first.keys.to_initiator, again.keys.to_initiator);
}

#[test]
fn removed_and_banned_peers_are_strangers() {
    let one = ring([epoch("alpha", 1, 7)]);
    let removed = NetworkEpoch { removed: BTreeSet::from([peer("A")]), ..epoch("alpha", 1, 7) };
    assert!(exchange(&one, &ring([removed]), 1).is_none());

    let mut two = ring([epoch("alpha", 1, 7)]);
    two.set_banned(&peer("A"), NETWORK, true);
    assert!(exchange(&one, &two, 1).is_none());
    two.set_banned(&peer("A"), NETWORK, false);
    assert!(exchange(&one, &two, 1).is_some());
}

#[test]
fn an_old_epoch_lets_in_only_whom_it_knew() {
    let stale = ring([epoch("alpha", 1, 7)]);
    let renewed = |known: &str| {
        let old = NetworkEpoch { only: Some(BTreeSet::from([peer(known)])), ..epoch("alpha", 1, 7) };
        ring([epoch("alpha", 2, 8), old])
    };
    let (_, answer) = exchange(&stale, &renewed("A"), 1).unwrap();
    assert_eq!(answer.epoch, 1);
    assert!(exchange(&stale, &renewed("Z"), 1).is_none());
    assert_eq!(renewed("A").epochs(NETWORK), vec![2, 1]);
}

#[test]
fn the_work_does_not_depend_on_the_number_of_networks() {
    let tried = |keys: &Keyring| keys.entries.len() + keys.decoys.len();
    assert_eq!(tried(&ring([])), KEYS_TRIED_STEP);
    assert_eq!(tried(&ring([epoch("alpha", 1, 7)])), KEYS_TRIED_STEP);
    assert_eq!(tried(&ring((0..17).map(|key| epoch("alpha", 1, key)))), 2 * KEYS_TRIED_STEP);
}

proptest! {
    #[test]
    fn arbitrary_bytes_prove_nothing(bytes in prop::collection::vec(any::<u8>(), PROOF_BYTES)) {
        let keys = ring([epoch("alpha", 1, 7), epoch("beta", 4, 9)]);
        let proof: Proof = bytes.try_into().unwrap();
        let (a, b) = (peer("A"), peer("B"));
        let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
        prop_assert!(keys.answer(parties, &proof, [2; 32]).is_none());
        let hello = keys.hello(NETWORK, 1, parties, [1; 32]).unwrap();
        prop_assert!(hello.finish(&proof).is_none());
    }

    #[test]
    fn one_flipped_bit_breaks_hello_and_reply(bit in 0..PROOF_BYTES * 8) {
        let keys = ring([epoch("alpha", 1, 7)]);
        let (a, b) = (peer("A"), peer("B"));
        let parties = Parties { purpose: Purpose::Sync, initiator: &a, responder: &b };
        let hello = keys.hello(NETWORK, 1, parties, [1; 32]).unwrap();
        let answer = keys.answer(parties, &hello.bytes, [2; 32]).unwrap();
        let flip = |proof: &Proof| {
            let mut flipped = *proof;
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        };
        prop_assert!(keys.answer(parties, &flip(&hello.bytes), [2; 32]).is_none());
        prop_assert!(hello.finish(&flip(&answer.reply)).is_none());
    }
}
