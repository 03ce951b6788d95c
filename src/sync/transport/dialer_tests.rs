//! Only what networks name is dialled, again and again, until it answers.

use super::*;

const ALPHA: NetworkId = NetworkId(1);
const BETA: NetworkId = NetworkId(2);

fn address(port: u16) -> Multiaddr {
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

fn dialer() -> Dialer {
    Dialer::new(PeerId::random(), 42)
}

fn due(dialer: &mut Dialer, now_ms: u64) -> Vec<DialOpts> {
    dialer.due(now_ms, |_| false, |_| false)
}

#[test]
fn bootstrap_addresses_and_members_are_dialled_once_at_a_time() {
    let (mut dialer, peer, member) = (dialer(), PeerId::random(), PeerId::random());
    let named = address(1).with_p2p(peer).unwrap();
    dialer.set_network(ALPHA, &[named, address(2)], &[(member, vec![address(3)])]);
    let dials = due(&mut dialer, 0);
    assert_eq!(dials.len(), 3);
    assert!(due(&mut dialer, 0).is_empty(), "all are under way");
    let failed = dials.iter().filter_map(|dial| dialer.failed(dial.connection_id(), false, 0));
    let mut whom: Vec<_> = failed.map(|(whom, networks)| (whom, networks.len())).collect();
    whom.sort();
    let mut expected = [address(2).to_string(), format!("peer {peer}"), format!("peer {member}")].map(|whom| (whom, 1));
    expected.sort();
    assert_eq!(whom, expected);
    assert!(due(&mut dialer, 0).is_empty(), "none is due yet");
    assert_eq!(due(&mut dialer, 500).len(), 3);
}

#[test]
fn connected_peers_and_this_node_are_not_dialled() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    let this = dialer.this;
    dialer.set_network(ALPHA, &[address(1)], &[(peer, vec![address(3)]), (this, vec![address(4)])]);
    let dials = due(&mut dialer, 0);
    assert_eq!(dials.len(), 2);
    let at_address = dials.iter().find(|dial| dial.get_peer_id().is_none()).unwrap().connection_id();
    dialer.established(at_address, peer);
    let to_member = dials.iter().find(|dial| dial.get_peer_id() == Some(peer)).unwrap().connection_id();
    dialer.failed(to_member, false, 0);
    assert!(dialer.due(60_000, |other| *other == peer, |_| false).is_empty());
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([ALPHA]));
    dialer.disconnected(peer, 60_000);
    assert!(due(&mut dialer, 60_000).is_empty());
    assert_eq!(due(&mut dialer, 200_000).len(), 2);
}

#[test]
fn an_address_where_this_node_answers_is_left_alone() {
    let mut dialer = dialer();
    dialer.set_network(ALPHA, &[address(1)], &[]);
    let dials = due(&mut dialer, 0);
    dialer.failed(dials[0].connection_id(), true, 0);
    assert!(due(&mut dialer, 1_000_000).is_empty());
}

#[test]
fn what_no_network_names_is_forgotten() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    dialer.learn(peer, [address(1)]);
    assert!(due(&mut dialer, 0).is_empty(), "nobody wants it");
    dialer.set_network(ALPHA, &[], &[(peer, vec![address(1)])]);
    dialer.set_network(BETA, &[], &[(peer, vec![address(2)])]);
    dialer.remove_network(ALPHA);
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([BETA]));
    dialer.remove_network(BETA);
    assert!(due(&mut dialer, 0).is_empty() && dialer.targets.is_empty());
}

#[test]
fn members_beyond_need_are_not_dialled_but_bootstrap_addresses_are() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    dialer.set_network(ALPHA, &[address(1)], &[(peer, vec![address(2)])]);
    let dials = dialer.due(0, |_| false, |_| true);
    assert_eq!(dials.len(), 1);
    assert_eq!(dials[0].get_peer_id(), None);
}

#[test]
fn neighbours_come_and_go() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    dialer.neighbour(peer, address(1));
    assert!(due(&mut dialer, 0).is_empty() && dialer.targets.is_empty(), "no network looks for neighbours");
    dialer.look_among_neighbours(BTreeSet::from([ALPHA]));
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([ALPHA]));
    dialer.look_among_neighbours(BTreeSet::from([ALPHA, BETA]));
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([ALPHA, BETA]), "it was there before BETA looked");
    dialer.remove_network(ALPHA);
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([BETA]));
    dialer.neighbour(peer, address(2));
    dialer.neighbour_left(peer, &address(1));
    assert_eq!(dialer.networks_of(peer), BTreeSet::from([BETA]), "it is at the other address");
    dialer.neighbour_left(peer, &address(2));
    assert!(due(&mut dialer, 0).is_empty() && dialer.targets.is_empty());
}

#[test]
fn neighbours_are_bounded() {
    let mut dialer = dialer();
    dialer.look_among_neighbours(BTreeSet::from([ALPHA]));
    for _ in 0..2 * NEIGHBOURS_MAX {
        dialer.neighbour(PeerId::random(), address(1));
    }
    assert_eq!(dialer.targets.len(), NEIGHBOURS_MAX);
    assert_eq!(due(&mut dialer, 0).len(), UNDER_WAY_MAX);
}

#[test]
fn addresses_of_one_peer_are_bounded_and_the_latest_stay() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    dialer.set_network(ALPHA, &[], &[(peer, vec![])]);
    assert!(due(&mut dialer, 0).is_empty(), "no address is known");
    for port in 1..100 {
        dialer.learn(peer, [address(port)]);
    }
    let entry = &dialer.targets[&Target::Peer(peer)];
    assert_eq!((entry.addresses.len(), &entry.addresses[0]), (ADDRESSES_MAX, &address(99)));
}

#[test]
fn a_member_that_never_answers_is_lost() {
    let (mut dialer, peer) = (dialer(), PeerId::random());
    dialer.set_network(ALPHA, &[], &[(peer, vec![address(1)])]);
    for round in 1..4 {
        let dials = due(&mut dialer, round * 100_000);
        dialer.failed(dials[0].connection_id(), false, round * 100_000);
    }
    assert_eq!(dialer.lost(3), vec![peer]);
    assert!(dialer.lost(4).is_empty());
}
