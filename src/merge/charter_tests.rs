//! What edicts mean together, whoever hears of them in whatever order.

use super::*;
use crate::merge::named_charters::{NETWORK, founded, peer, verify};
use crate::model::{Bytes, Who};

/// A charter with one edict more, as its signer sees it.
fn with(charter: &Charter, signer: &str, act: Act) -> Charter {
    let number = next_number(charter, &peer(signer)).unwrap();
    signed(charter, signer, number, act)
}

fn signed(charter: &Charter, signer: &str, number: u64, act: Act) -> Charter {
    let edict = Edict { number, signer: peer(signer), act, signature: Bytes::new(signer.as_bytes()) };
    let alone = Charter { edicts: vec![edict], ..Charter::new(charter.founding.clone()) };
    merge(charter, &alone)
}

fn merge(one: &Charter, other: &Charter) -> Charter {
    let merged = merge_charters(NETWORK, Some(one), other, verify).unwrap();
    let back = merge_charters(NETWORK, Some(other), one, verify).unwrap();
    assert_eq!(charter_digest(NETWORK, &merged), charter_digest(NETWORK, &back), "whoever hears of it first");
    assert_eq!(merge_charters(NETWORK, Some(&merged), other, verify).unwrap(), merged);
    merged
}

fn add(name: &str) -> Act {
    Act::AddOwner { peer: peer(name) }
}

fn drop_all(name: &str) -> Act {
    Act::DropOwner { peer: peer(name), keeps: Vec::new(), posted: 0 }
}

fn epoch(charter: &Charter, number: u64, removed: &[&str]) -> Act {
    let removed: Vec<PeerId> = removed.iter().map(|name| peer(name)).collect();
    let mut known: BTreeSet<PeerId> = standing(NETWORK, charter).removed.into_iter().collect();
    known.extend(removed.iter().cloned());
    let commitment = *blake3::hash(&number.to_be_bytes()).as_bytes();
    Act::Epoch { number, commitment, removed, known: digest_of_removed(&known) }
}

fn owners(charter: &Charter) -> Vec<String> {
    standing(NETWORK, charter).owners.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_member_decrees_is_not_in_force() {
    let charter = founded();
    for act in [add("member"), drop_all("founder"), epoch(&charter, 2, &["founder"]), Act::Succeed { peer: peer("x") }]
    {
        let decreed = with(&charter, "member", act);
        assert_eq!(decreed, charter, "nothing of it is kept");
    }
    assert_eq!(owners(&charter), ["founder"]);
}

#[test]
fn an_edict_in_an_owners_name_that_it_did_not_sign_is_refused_with_all_that_came_with_it() {
    let charter = founded();
    let mut forged = with(&charter, "founder", add("thief"));
    forged.edicts[0].signature = Bytes::new(*b"thief");
    assert_eq!(merge_charters(NETWORK, Some(&charter), &forged, verify), Err(CharterRefusal::Forged(peer("founder"))));
    let mut founding = charter.clone();
    founding.founding.signature = Bytes::new(*b"thief");
    assert!(matches!(merge_charters(NETWORK, None, &founding, verify), Err(CharterRefusal::Forged(_))));
    let mut other = charter.clone();
    other.founding.nonce = [2; 16];
    assert!(matches!(merge_charters(NETWORK, Some(&charter), &other, verify), Err(CharterRefusal::OtherFounding(_))));
}

#[test]
fn of_two_owners_who_drop_each_other_the_senior_one_stays() {
    let charter = with(&with(&founded(), "founder", add("b")), "founder", add("c"));
    let (b, c) = (with(&charter, "b", drop_all("c")), with(&charter, "c", drop_all("b")));
    assert_eq!((b.clone(), c), (charter.clone(), charter.clone()), "the founder made them owners, and it drops them");
    let (one, other) = (with(&charter, "founder", drop_all("b")), with(&charter, "b", drop_all("founder")));
    assert_eq!(owners(&merge(&one, &other)), ["founder", "c"]);
    // Below the founder as well.
    let charter = with(&charter, "b", add("d"));
    let (one, other) = (with(&charter, "b", drop_all("d")), with(&charter, "d", drop_all("b")));
    assert_eq!(owners(&merge(&one, &other)), ["founder", "b", "c"]);
}

#[test]
fn a_dropped_owner_decrees_nothing_under_an_earlier_number() {
    let charter = with(&founded(), "founder", add("b"));
    let known = with(&charter, "b", add("d"));
    let id = charter_id(NETWORK, &known.founding);
    let of_b = known.edicts.iter().find(|edict| edict.signer == peer("b")).unwrap();
    let keeps = vec![edict_id(&id, of_b)];
    let dropped = with(&known, "founder", Act::DropOwner { peer: peer("b"), keeps, posted: 0 });
    assert_eq!(owners(&dropped), ["founder", "d"], "what it did before counts");
    for number in [1, 2, 99] {
        assert_eq!(signed(&dropped, "b", number, add("e")), dropped);
        assert_eq!(signed(&dropped, "b", number, epoch(&dropped, 7, &["d"])), dropped);
    }
    // Somebody had heard of such a thing before the drop.
    let early = signed(&known, "b", 1, add("e"));
    assert_eq!(owners(&early), ["founder", "b", "e", "d"]);
    assert_eq!(owners(&merge(&early, &dropped)), ["founder", "d"]);
    assert_eq!(owners(&with(&dropped, "founder", add("b"))), ["founder", "b", "d"], "it may become one again");
}

#[test]
fn two_epochs_at_once_end_alike_and_whoever_knew_of_everybody_is_told() {
    let charter = with(&founded(), "founder", add("b"));
    let one = with(&charter, "founder", epoch(&charter, 2, &["x"]));
    let other = with(&charter, "b", epoch(&charter, 2, &["y"]));
    assert!(standing(NETWORK, &one).epoch.unwrap().is_aware);
    let both = standing(NETWORK, &merge(&one, &other));
    assert_eq!(both.removed, [peer("x"), peer("y")]);
    assert!(!both.epoch.unwrap().is_aware, "one of them may know its secret");
    let merged = merge(&one, &other);
    let third = with(&merged, "b", epoch(&merged, 3, &[]));
    let third = standing(NETWORK, &third).epoch.unwrap();
    assert_eq!((third.number, third.is_aware), (3, true));
}

#[test]
fn nobody_removes_a_senior_owner_and_a_successor_has_the_rank_of_its_predecessor() {
    let charter = with(&with(&founded(), "founder", add("b")), "founder", add("c"));
    let decreed = with(&charter, "b", epoch(&charter, 2, &["founder", "x"]));
    assert_eq!(standing(NETWORK, &decreed).removed, [peer("x")]);
    let renewed = with(&charter, "b", Act::Succeed { peer: peer("b2") });
    assert_eq!(owners(&renewed), ["founder", "b", "b2", "c"]);
}

#[test]
fn an_epoch_that_nothing_can_follow_ends_with_the_owner_that_began_it() {
    let charter = with(&founded(), "founder", add("b"));
    let charter = with(&charter, "founder", epoch(&charter, 2, &[]));
    assert_eq!(with(&charter, "b", epoch(&charter, EPOCH_MAX + 1, &[])), charter);
    assert_eq!(signed(&charter, "b", u64::MAX, epoch(&charter, 3, &[])), charter);
    let last = with(&charter, "b", epoch(&charter, EPOCH_MAX, &[]));
    assert_eq!(standing(NETWORK, &last).epoch.unwrap().number, EPOCH_MAX);
    let dropped = with(&last, "founder", drop_all("b"));
    assert_eq!(standing(NETWORK, &dropped).epoch.unwrap().number, 2);
}

#[test]
fn a_charter_stays_within_its_bounds_whatever_an_owner_decrees() {
    let mut charter = with(&founded(), "founder", add("b"));
    for number in 2..60 {
        charter = with(&charter, "founder", epoch(&charter, number, &[]));
    }
    assert_eq!(charter.edicts.len(), 1 + OLD_EPOCHS_MAX, "epochs that are over are forgotten");
    let acts = (0..EDICTS_MAX + 50).map(|number| epoch(&charter, 100, &[&format!("x{number}")]));
    let edicts =
        (1..).zip(acts).map(|(number, act)| Edict { number, signer: peer("b"), act, signature: Bytes::new(*b"b") });
    let flood = Charter { edicts: edicts.collect(), ..Charter::new(charter.founding.clone()) };
    let flooded = merge_charters(NETWORK, Some(&charter), &flood, verify).unwrap();
    assert_eq!(flooded.edicts.len(), EDICTS_MAX);
    assert!(standing(NETWORK, &flooded).removed.len() <= REMOVED_MAX);
    let dropped = with(&flooded, "founder", drop_all("b"));
    assert!(standing(NETWORK, &dropped).removed.is_empty(), "a senior owner always has room");
    let owners = (0..100).fold(charter, |charter, number| with(&charter, "founder", add(&format!("o{number}"))));
    assert_eq!(standing(NETWORK, &owners).owners.len(), OWNERS_MAX);
}

#[test]
fn of_owners_who_contradict_each_other_at_the_same_moment_the_senior_one_counts() {
    let charter = with(&with(&founded(), "founder", add("b")), "founder", add("c"));
    let rights = |writers| Act::Rights {
        collection: "notes".into(),
        rights: EntryRights { writers, deleters: Who::Author },
        before: Vec::new(),
    };
    let excuse = |is_excused| Act::Excuse { peer: peer("x"), is_excused };
    let begin = |commitment| Act::Epoch { number: 2, commitment, removed: Vec::new(), known: digest_of_removed([]) };
    // Each knows the same of the charter, so that their edicts have one number. What counts is not who comes last in any other order.
    for (senior, junior) in [("founder", "b"), ("founder", "c"), ("b", "c")] {
        for [first, second] in [[Who::Author, Who::Members], [Who::Members, Who::Author]] {
            let both = merge(&with(&charter, senior, rights(first)), &with(&charter, junior, rights(second)));
            let last = standing(NETWORK, &both).rights["notes"].last().unwrap().rights;
            assert_eq!(last.writers, first, "{senior} before {junior}");
        }
        for is_excused in [true, false] {
            let both = merge(&with(&charter, senior, excuse(is_excused)), &with(&charter, junior, excuse(!is_excused)));
            let excused = standing(NETWORK, &both).excused;
            assert_eq!(excused.contains(&peer("x")), is_excused, "{senior} before {junior}");
        }
        for [first, second] in [[[1; 32], [2; 32]], [[2; 32], [1; 32]]] {
            let both = merge(&with(&charter, senior, begin(first)), &with(&charter, junior, begin(second)));
            assert_eq!(standing(NETWORK, &both).epoch.unwrap().commitment, first, "{senior} before {junior}");
        }
    }
    // Whoever knew of the other's decision was not of the same moment.
    let known = with(&charter, "founder", rights(Who::Author));
    let later = with(&known, "c", rights(Who::Members));
    assert_eq!(standing(NETWORK, &later).rights["notes"].last().unwrap().rights.writers, Who::Members);
}
