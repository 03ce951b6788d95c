//! Who is taken in as a member, on whose word.

use super::*;

fn news(peer: &PeerId, named_ms: u64, address: &str) -> MemberNews {
    let signature = Bytes::new(format!("{peer} {named_ms} {address}").into_bytes());
    MemberNews { peer: peer.clone(), named_ms, addresses: vec![address.to_string()], signature }
}

#[test]
fn rosters_with_the_same_members_have_the_same_digest() {
    let [a, b, c] = ["a", "b", "c"].map(PeerId::new);
    let mut one = Roster::new(&a, Vec::new(), &[]);
    let mut two = Roster::new(&b, Vec::new(), &[]);
    one.upsert(&b, vec!["/ip4/127.0.0.1/tcp/1".into()]);
    two.upsert(&c, Vec::new());
    two.upsert(&a, Vec::new());
    assert_ne!(one.digest(), two.digest());
    two.remove(&c);
    two.remove(&c);
    assert_eq!(one.digest(), two.digest());
    assert_eq!(one.len(), 2);
}

#[test]
fn a_member_is_the_authority_on_its_addresses() {
    let [a, b, c] = ["a", "b", "c"].map(PeerId::new);
    let mut roster = Roster::new(&a, Vec::new(), &[]);
    let too_long = "x".repeat(ADDRESS_BYTES_MAX + 1);
    assert_eq!(roster.upsert(&b, vec!["/memory/reached".into(), too_long]), MemberUpdate::Added);
    assert_eq!(roster.changed_since(0).count(), 0, "where it was reached is told to nobody");
    assert_eq!(roster.addresses(&b), ["/memory/reached"]);
    assert_eq!(roster.take(&c, news(&b, 20, "/memory/named")), MemberUpdate::Readdressed);
    assert_eq!(roster.take(&c, news(&b, 10, "/memory/older")), MemberUpdate::Unchanged);
    assert_eq!(roster.take(&c, news(&b, 20, "/memory/other")), MemberUpdate::Unchanged);
    assert_eq!(roster.addresses(&b), ["/memory/named"]);
    let told: Vec<_> = roster.changed_since(0).map(|(_, news)| news).collect();
    assert_eq!(told, [news(&b, 20, "/memory/named")]);
    let kept = vec![roster.member(&b).unwrap()];
    let again = Roster::new(&a, kept.clone(), &[]);
    assert_eq!(again.changed_since(0).map(|(_, news)| news).collect::<Vec<_>>(), told);
    assert_eq!(again.member(&b), kept.into_iter().next());
}

#[test]
fn one_member_cannot_invent_a_network() {
    let [this, liar, honest] = ["this", "liar", "honest"].map(PeerId::new);
    let mut roster = Roster::new(&this, Vec::new(), &[]);
    roster.upsert(&liar, Vec::new());
    roster.upsert(&honest, Vec::new());
    let invented = |number: usize| news(&PeerId::new(format!("invented{number}")), 1, "/memory/1");
    for number in 0..NETWORK_MEMBERS_MAX {
        roster.take(&liar, invented(number));
    }
    assert_eq!(roster.len(), 3 + INTRODUCED_PER_MEMBER_MAX);
    assert!(!roster.is_wanted(&liar, &invented(NETWORK_MEMBERS_MAX)) && roster.is_wanted(&honest, &invented(20_000)));
    // Who turns out to be there does not count any more.
    assert!(!roster.heard_again(&liar, &invented(0)), "its own word twice is one word");
    assert!(roster.heard_again(&honest, &invented(0)) && !roster.heard_again(&honest, &invented(0)));
    assert_eq!(roster.upsert(&PeerId::new("invented1"), Vec::new()), MemberUpdate::Unchanged);
    let more = (20_000..20_010).filter(|number| roster.take(&liar, invented(*number)) == MemberUpdate::Added).count();
    assert_eq!(more, 2);
    // The bound survives a restart, and who was told of by a removed member alone goes with it.
    let kept = roster.peers().filter(|peer| **peer != this).filter_map(|peer| roster.member(peer)).collect();
    let mut again = Roster::new(&this, kept, &[]);
    assert!(!again.is_wanted(&liar, &invented(30_000)));
    again.remove(&liar);
    assert_eq!(again.len(), 4, "this, honest, and the two that others have met");
    for sender in 0..=INTRODUCED_MAX / INTRODUCED_PER_MEMBER_MAX {
        let sender = PeerId::new(format!("sender{sender}"));
        for number in 0..INTRODUCED_PER_MEMBER_MAX {
            again.take(&sender, news(&PeerId::new(format!("{sender} {number}")), 1, "/memory/1"));
        }
    }
    assert_eq!(again.len(), 4 + INTRODUCED_MAX);
}
