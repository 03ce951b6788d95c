//! Who is one author, whoever hears of which certificate in whatever order.

use proptest::prelude::*;

use super::*;
use crate::merge::charter::{charter_id, merge_charters, standing};
use crate::merge::named_charters::{NETWORK, founded, peer, verify};
use crate::model::{Act, Bytes, Charter, Edict};

const PEERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn says(signer: &str, subject: &str, number: u64, claim: Claim) -> Certificate {
    let signature = Bytes::new(signer.as_bytes());
    Certificate { signer: peer(signer), subject: peer(subject), number, claim, signature }
}

fn both(one: &str, other: &str) -> [Certificate; 2] {
    [says(one, other, 1, Claim::Linked), says(other, one, 1, Claim::Linked)]
}

/// `new` goes on in the place of `old`.
fn renewed(old: &str, new: &str) -> [Certificate; 2] {
    [says(old, new, 1, Claim::SucceededBy { posted: 7 }), says(new, old, 1, Claim::Succeeds)]
}

fn heard(charter: &Charter, certificates: &[Certificate]) -> Charter {
    let told = Charter { certificates: certificates.to_vec(), ..Charter::new(charter.founding.clone()) };
    merge_charters(NETWORK, Some(charter), &told, verify).unwrap()
}

fn authors(charter: &Charter) -> Authors {
    Authors::of(&charter.certificates, &standing(NETWORK, charter).removed)
}

/// Removes a peer, as the founder does that holds this charter.
fn remove(charter: &Charter, name: &str) -> Charter {
    let id = charter_id(NETWORK, &charter.founding);
    let certified = charter.certificates.iter().filter(|each| each.signer == peer(name));
    let keeps = certified.map(|each| certificate_id(&id, each)).collect();
    let shut_out = Act::Epoch { number: 2, commitment: [0; 32], removed: vec![peer(name)], known: [0; 16] };
    let acts = [Act::Revoke { peer: peer(name), keeps }, shut_out];
    let signature = Bytes::new(*b"founder");
    let edicts = acts.into_iter().zip(1..);
    let edicts =
        edicts.map(|(act, number)| Edict { number, signer: peer("founder"), act, signature: signature.clone() });
    let told = Charter { edicts: edicts.collect(), ..Charter::new(charter.founding.clone()) };
    merge_charters(NETWORK, Some(charter), &told, verify).unwrap()
}

#[test]
fn one_key_alone_makes_nobody_its_author() {
    let charter = heard(&founded(), &[says("a", "b", 1, Claim::Linked)]);
    assert!(
        !authors(&charter).same_author(&peer("a"), &peer("b"))
            && !authors(&charter).same_author(&peer("b"), &peer("a"))
    );
    let charter =
        heard(&charter, &[says("a", "c", 1, Claim::Succeeds), says("d", "a", 1, Claim::SucceededBy { posted: 1 })]);
    for other in ["b", "c", "d"] {
        assert!(!authors(&charter).same_author(&peer("a"), &peer(other)), "{other}");
        assert!(!authors(&charter).same_author(&peer(other), &peer("a")), "{other}");
    }
}

#[test]
fn keys_that_certify_each_other_are_one_author_through_chains_and_cycles() {
    let ties = [renewed("a", "b"), renewed("b", "c"), both("c", "d"), both("d", "a")].concat();
    let authors = authors(&heard(&founded(), &ties));
    for one in ["a", "b", "c", "d"] {
        for other in ["a", "b", "c", "d"] {
            assert!(authors.same_author(&peer(one), &peer(other)), "{one} {other}");
        }
        assert_eq!(authors.author_of(&peer(one)), &peer("a"));
    }
    assert_eq!(authors.author_of(&peer("x")), &peer("x"));
}

#[test]
fn either_ends_a_tie_and_what_was_said_before_is_not_said_again() {
    let charter = heard(&founded(), &both("a", "b"));
    let ended = heard(&charter, &[says("b", "a", 2, Claim::Unlinked { ours: 0, theirs: 0 })]);
    assert!(!authors(&ended).same_author(&peer("a"), &peer("b")));
    // Replayed, in any company.
    assert_eq!(heard(&ended, &both("a", "b")), ended);
    assert_eq!(heard(&founded(), &[&ended.certificates[..], &both("b", "a")].concat()), ended);
    let again = heard(&ended, &[says("b", "a", 3, Claim::Linked)]);
    assert!(authors(&again).same_author(&peer("a"), &peer("b")));
    // Of two stories under one number the end counts.
    let split = heard(&again, &[says("b", "a", 3, Claim::Unlinked { ours: 0, theirs: 0 })]);
    assert!(!authors(&split).same_author(&peer("a"), &peer("b")));
    assert_eq!(heard(&split, &again.certificates), split);
}

#[test]
fn what_was_done_while_two_keys_were_tied_counts_on() {
    let reached = |charter: &Charter, actor: &str, maker: &str| {
        let reached = authors(charter).reached();
        reached.get(&peer(actor)).and_then(|makers| makers.get(&peer(maker))).copied()
    };
    let charter = heard(&founded(), &both("a", "b"));
    assert_eq!((reached(&charter, "a", "b"), reached(&charter, "b", "a")), (Some(u64::MAX), Some(u64::MAX)));
    let ended = heard(&charter, &[says("b", "a", 2, Claim::Unlinked { ours: 5, theirs: 7 })]);
    assert_eq!((reached(&ended, "a", "b"), reached(&ended, "b", "a")), (Some(7), Some(5)));
    // Neither gives itself more than the other does.
    let both_ended = heard(&ended, &[says("a", "b", 2, Claim::Unlinked { ours: 90, theirs: 4 })]);
    assert_eq!((reached(&both_ended, "a", "b"), reached(&both_ended, "b", "a")), (Some(7), Some(4)));
    let one_sided = heard(&founded(), &[says("x", "a", 1, Claim::Unlinked { ours: 9, theirs: 9 })]);
    assert_eq!(reached(&one_sided, "x", "a"), None);
    // What a removed key has changed before counts as it did.
    assert_eq!(reached(&remove(&charter, "b"), "b", "a"), Some(u64::MAX));
}

#[test]
fn what_its_signer_did_not_sign_is_refused_with_all_that_came_with_it() {
    let charter = heard(&founded(), &both("a", "b"));
    for signature in [&b"thief"[..], b"", b"b-"] {
        let mut forged = says("b", "thief", 1, Claim::Linked);
        forged.signature = Bytes::new(signature);
        let certificates = [&both("a", "c")[..], &[forged]].concat();
        let told = Charter { certificates, ..Charter::new(charter.founding.clone()) };
        let refused = merge_charters(NETWORK, Some(&charter), &told, verify);
        assert_eq!(refused, Err(CharterRefusal::Forged(peer("b"))));
    }
    for number in [0, NUMBER_MAX + 1, u64::MAX] {
        assert_eq!(
            heard(&charter, &[says("a", "b", number, Claim::Unlinked { ours: 0, theirs: 0 })]),
            charter,
            "{number} is no number"
        );
    }
    assert_eq!(heard(&charter, &[says("a", "a", 1, Claim::Linked)]), charter);
    let id = charter_id(NETWORK, &charter.founding);
    let (one, other) = (says("a", "b", 1, Claim::Linked), says("b", "a", 1, Claim::Linked));
    assert_ne!(certificate_message(&id, &one), certificate_message(&id, &other));
    assert_ne!(certificate_message(&id, &one), certificate_message(&[0; 32], &one), "it is of one network");
}

#[test]
fn a_removed_key_acts_as_nobody_and_what_it_made_stays_its_authors() {
    let ties = [renewed("old", "phone"), both("phone", "laptop"), both("phone", "thief")].concat();
    let charter = remove(&heard(&founded(), &ties), "phone");
    let after = authors(&charter);
    for other in ["laptop", "old", "thief"] {
        assert!(!after.same_author(&peer("phone"), &peer(other)), "{other}");
    }
    assert!(after.same_author(&peer("laptop"), &peer("phone")) && after.same_author(&peer("laptop"), &peer("old")));
    assert!(!after.same_author(&peer("thief"), &peer("laptop")) && !after.same_author(&peer("laptop"), &peer("thief")));
    assert_eq!(after.author_of(&peer("phone")), &peer("laptop"));
    // What the key that was lost signs afterwards counts nowhere, under whatever number, nor does it take anything back.
    for late in
        [says("phone", "x", 1, Claim::Linked), says("phone", "laptop", 9, Claim::Unlinked { ours: 0, theirs: 0 })]
    {
        assert_eq!(heard(&charter, &[late, says("x", "phone", 1, Claim::Linked)]).certificates.len(), 1 + ties.len());
        let early =
            heard(&heard(&founded(), &ties), &[says("phone", "laptop", 9, Claim::Unlinked { ours: 0, theirs: 0 })]);
        let merged = merge_charters(NETWORK, Some(&early), &charter, verify).unwrap();
        assert!(authors(&merged).same_author(&peer("laptop"), &peer("phone")));
    }
    // The other device vouches for a new one.
    let charter = heard(&charter, &both("laptop", "new"));
    assert!(authors(&charter).same_author(&peer("new"), &peer("phone")));
    // A link that was made with it alone is no way to others.
    let cut = heard(&charter, &[says("laptop", "phone", 2, Claim::Unlinked { ours: 0, theirs: 0 })]);
    assert!(!authors(&cut).same_author(&peer("new"), &peer("phone")));
}

#[test]
fn chains_and_floods_of_certificates_are_bounded() {
    let ties: Vec<Certificate> =
        (0..10_000).flat_map(|number| renewed(&format!("k{number:05}"), &format!("k{:05}", number + 1))).collect();
    let charter = heard(&founded(), &ties);
    assert_eq!(charter.certificates.len(), CERTIFICATES_MAX);
    let authors = authors(&charter);
    let keys = authors.keys_of(charter.certificates.first().map(|first| &first.signer).unwrap()).len();
    assert!((2..=AUTHOR_KEYS_MAX).contains(&keys), "{keys}");
    for certificate in &charter.certificates {
        assert!(authors.keys_of(&certificate.signer).len() <= AUTHOR_KEYS_MAX);
    }
    let one: Vec<Certificate> = (0..1_000).map(|number| says("a", &format!("x{number}"), 1, Claim::Linked)).collect();
    let flooded = heard(&founded(), &one);
    assert_eq!(flooded.certificates.len(), AUTHOR_KEYS_MAX);
    let other = heard(&heard(&founded(), &one[500..]), &one[..500]);
    assert_eq!(other, flooded, "what is left out is the same everywhere");
}

fn any_certificate() -> impl Strategy<Value = Certificate> {
    let claim = prop_oneof![
        4 => Just(Claim::Linked),
        2 => (0u64..3).prop_map(|posted| Claim::SucceededBy { posted }),
        2 => Just(Claim::Succeeds),
        1 => (0..3_u64, 0..3_u64).prop_map(|(ours, theirs)| Claim::Unlinked { ours, theirs }),
    ];
    (0..PEERS.len(), 0..PEERS.len(), 0u64..4, claim)
        .prop_map(|(signer, subject, number, claim)| says(PEERS[signer], PEERS[subject], number, claim))
}

proptest! {
    #[test]
    fn any_order_of_certificates_gives_the_same_classes(
        certificates in prop::collection::vec(any_certificate(), 0..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        parts in 1usize..7,
        removed in prop::option::of(0..PEERS.len()),
    ) {
        let mut shuffled = certificates.clone();
        for (place, other) in order.iter().enumerate().take(shuffled.len()) {
            let other = other.index(shuffled.len());
            shuffled.swap(place, other);
        }
        // The founder hears of the first part before it removes somebody.
        let known = heard(&founded(), &certificates[..certificates.len() / 2]);
        let known = removed.map_or(known.clone(), |removed| remove(&known, PEERS[removed]));
        let one = heard(&known, &certificates);
        let other = shuffled.chunks(parts).fold(founded(), |charter, part| heard(&charter, part));
        let other = merge_charters(NETWORK, Some(&other), &known, verify).unwrap();
        let other = heard(&other, &shuffled);
        prop_assert_eq!(&one.certificates, &other.certificates);
        let (one, other) = (authors(&one), authors(&other));
        for actor in PEERS.map(peer) {
            for maker in PEERS.map(peer) {
                prop_assert_eq!(one.same_author(&actor, &maker), other.same_author(&actor, &maker));
            }
            prop_assert_eq!(one.author_of(&actor), other.author_of(&actor));
            let is_removed = removed.is_some_and(|removed| actor == peer(PEERS[removed]));
            prop_assert!(!is_removed || one.keys_of(&actor).len() == 1);
        }
    }
}
