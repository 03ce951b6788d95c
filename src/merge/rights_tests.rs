//! The law of rights, on random histories: whatever the order in which deltas, charters and states come, nodes that have exchanged what
//! counts hold the same, and no entry is gone or changed by one who may not.

use proptest::prelude::*;

use super::*;
use crate::merge::contributions::contribution_of;
use crate::merge::digest::digest;
use crate::model::{EntryRights, Field, RightsEra, Stamp, Who};
use crate::types::Value;

const OWNER: &str = "owner";
const HONEST: [&str; 3] = [OWNER, "ann", "bob"];
const LIAR: &str = "liar";
const ALL: [&str; 4] = [OWNER, "ann", "bob", LIAR];

/// A delta as it is posted.
#[derive(Clone, Debug)]
struct Posted {
    state: State,
    given: Contribution,
}

#[derive(Clone, Debug)]
enum Deed {
    /// Inserts, changes or deletes, as far as it sees the entry and may.
    Write { field: usize, deletes: bool },
    /// What a liar signs.
    Lie { causal_length: u64, begins: bool, millis: u64, field: usize },
    /// A node takes the next delta of an origin.
    Take { origin: usize },
}

fn any_deed() -> impl Strategy<Value = (usize, Deed)> {
    let deed = prop_oneof![
        4 => (0..2usize, prop::bool::weighted(0.3)).prop_map(|(field, deletes)| Deed::Write { field, deletes }),
        2 => (1..5u64, any::<bool>(), 0..60u64, 0..2usize).prop_map(|(causal_length, begins, millis, field)| {
            Deed::Lie { causal_length, begins, millis, field }
        }),
        6 => (0..ALL.len()).prop_map(|origin| Deed::Take { origin }),
    ];
    (0..HONEST.len(), deed)
}

fn delta_of(peer: &str, causal_length: u64, millis: u64, field: Option<usize>) -> State {
    let (hlc, peer_id) = (Hlc::new(millis, 0), PeerId::new(peer));
    let stamp = Stamp { causal_length, hlc, peer_id: peer_id.clone() };
    let named = |field: usize| {
        let value = Some(Value::text(format!("{peer} {millis}")));
        (format!("f{field}"), Field { value, stamp: stamp.clone() })
    };
    let fields = field.filter(|_| causal_length % 2 == 1).map(named).into_iter().collect();
    State { causal_length, fields, clock: Default::default(), timestamp: hlc, peer_id }
}

fn post(log: &mut Vec<Posted>, peer: &str, delta: State, begins: bool) {
    let seq = log.len() as u64 + 1;
    let peer = PeerId::new(peer);
    let state = State { clock: [(peer.clone(), seq)].into_iter().collect(), ..delta };
    log.push(Posted { given: contribution_of(&peer, seq, &state, begins), state });
}

fn rights_with(writers: Who, deleters: Who, before: &[(&str, u64)]) -> Rights {
    let before = before.iter().map(|(peer, seq)| (PeerId::new(*peer), *seq)).collect();
    Rights {
        eras: vec![RightsEra { rights: EntryRights { writers, deleters }, before }],
        owners: [(PeerId::new(OWNER), u64::MAX)].into_iter().collect(),
        reached: BTreeMap::new(),
    }
}

fn nothing() -> Known {
    Known { state: State::empty(PeerId::new("")), contributions: Vec::new(), aside: Vec::new() }
}

/// Nodes, each with what it knows of one entry.
struct World {
    rights: Rights,
    logs: BTreeMap<&'static str, Vec<Posted>>,
    nodes: Vec<Known>,
    /// How many deltas of each origin a node has taken.
    taken: Vec<BTreeMap<&'static str, usize>>,
    millis: u64,
}

impl World {
    fn new(rights: Rights) -> World {
        World {
            rights,
            logs: ALL.into_iter().map(|peer| (peer, Vec::new())).collect(),
            nodes: HONEST.iter().map(|_| nothing()).collect(),
            taken: vec![BTreeMap::new(); HONEST.len()],
            millis: 10,
        }
    }

    fn take(&mut self, node: usize, origin: &'static str) -> bool {
        let next = self.taken[node].entry(origin).or_default();
        let Some(posted) = self.logs[origin].get(*next) else { return false };
        *next += 1;
        join(&self.rights, &mut self.nodes[node], &posted.state, std::slice::from_ref(&posted.given));
        true
    }

    fn play(&mut self, node: usize, deed: &Deed) {
        self.millis += 1;
        let me = HONEST[node];
        match deed {
            Deed::Lie { causal_length, begins, millis, field } => {
                let delta = delta_of(LIAR, *causal_length, *millis, Some(*field));
                post(self.logs.get_mut(LIAR).unwrap(), LIAR, delta, *begins && causal_length % 2 == 1);
            }
            Deed::Take { origin } => drop(self.take(node, ALL[*origin])),
            Deed::Write { field, deletes } => {
                let known = &self.nodes[node];
                let (life, is_alive) = (known.state.causal_length, known.state.is_alive());
                let authors = authors_of(&self.rights, known.contributions.iter(), life);
                let is_author = authors.is_empty() || authors.contains(&&PeerId::new(me));
                let peer = PeerId::new(me);
                let may = match (is_alive, deletes) {
                    (false, _) => !deletes,
                    (true, true) => is_author || self.rights.may_end_any(&peer, u64::MAX),
                    (true, false) => is_author || self.rights.may_edit_any(&peer, u64::MAX),
                };
                if !may {
                    return;
                }
                let (length, field) = match (is_alive, deletes) {
                    (false, _) => (life + 1, Some(*field)),
                    (true, true) => (life + 1, None),
                    (true, false) => (life, Some(*field)),
                };
                let delta = delta_of(me, length, self.millis, field);
                post(self.logs.get_mut(me).unwrap(), me, delta, !is_alive);
                self.take(node, me);
            }
        }
    }

    /// Every node takes every delta, and then all compare what they hold until nothing changes.
    fn come_to_rest(&mut self) {
        for node in 0..HONEST.len() {
            for turn in 0..ALL.len() {
                while self.take(node, ALL[(node + turn) % ALL.len()]) {}
            }
        }
        for _ in 0..12 {
            let mut is_quiet = true;
            for (one, other) in [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)] {
                if digest(&self.nodes[one].state) != digest(&self.nodes[other].state) {
                    is_quiet = false;
                    let told = self.nodes[other].clone();
                    join(&self.rights, &mut self.nodes[one], &told.state, &told.contributions);
                }
            }
            if is_quiet {
                return;
            }
        }
    }
}

fn any_who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Author), Just(Who::Members)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nodes_agree_whatever_the_order(
        deeds in prop::collection::vec(any_deed(), 0..30),
        writers in any_who(),
        deleters in any_who(),
        known in 0..4u64,
    ) {
        let known_of_liar = if deleters == Who::Members { 0 } else { known / 2 };
        let rights = rights_with(writers, deleters, &[("ann", known), (LIAR, known_of_liar)]);
        let mut world = World::new(rights);
        for (node, deed) in &deeds {
            world.play(*node, deed);
        }
        world.come_to_rest();
        for node in &world.nodes[1..] {
            prop_assert_eq!(digest(&node.state), digest(&world.nodes[0].state), "{:?} {:?}", node, &world.nodes[0]);
        }
        for node in &world.nodes {
            prop_assert_eq!(digest(&proven_state(&node.contributions, &node.state)), digest(&node.state));
            let mut weighed = node.clone();
            weigh(&world.rights, &mut weighed);
            prop_assert_eq!(digest(&weighed.state), digest(&node.state));
        }
    }

    // Whoever has no right to an entry of a first life cannot make it go, whatever it signs and however early it says it was.
    #[test]
    fn no_entry_goes_by_a_liar(
        lies in prop::collection::vec((1..6u64, any::<bool>(), 0..60u64, 0..2usize), 0..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 9),
        writers in any_who(),
    ) {
        let rights = rights_with(writers, Who::Author, &[("ann", 1)]);
        let (mut of_ann, mut of_liar) = (Vec::new(), Vec::new());
        post(&mut of_ann, "ann", delta_of("ann", 1, 30, Some(0)), true);
        for (causal_length, begins, millis, field) in lies {
            let delta = delta_of(LIAR, causal_length, millis, Some(field));
            post(&mut of_liar, LIAR, delta, begins && causal_length % 2 == 1);
        }
        let mut all: Vec<Posted> = of_ann.into_iter().chain(of_liar).collect();
        let mut known = nothing();
        for index in order {
            if !all.is_empty() {
                let posted = all.remove(index.index(all.len()));
                join(&rights, &mut known, &posted.state, &[posted.given]);
            }
        }
        prop_assert_eq!(known.state.causal_length, 1);
        prop_assert!(known.state.fields.contains_key("f0"));
        if writers == Who::Author {
            // An owner knew of it when it said so: who says to have begun it as well came later.
            prop_assert_eq!(known.state.value("f0"), Some(&Value::text("ann 30")));
        }
    }

    // Rights that come later than what they are about: whoever hears of them first.
    #[test]
    fn nodes_agree_whenever_they_hear_of_rights(deeds in prop::collection::vec(any_deed(), 0..24), writers in any_who()) {
        let rights = rights_with(writers, Who::Author, &[]);
        let mut world = World::new(rights.clone());
        world.rights.eras.clear();
        for (node, deed) in &deeds {
            world.play(*node, deed);
        }
        // The owner's node has known them from the beginning; the others weigh what they have when they hear of them.
        world.nodes[0] = nothing();
        world.taken[0].clear();
        world.rights = rights;
        for node in 1..HONEST.len() {
            weigh(&world.rights, &mut world.nodes[node]);
        }
        world.come_to_rest();
        for node in &world.nodes[1..] {
            prop_assert_eq!(digest(&node.state), digest(&world.nodes[0].state));
        }
    }
}

#[test]
fn two_who_began_an_entry_delete_it_together() {
    let rights = Rights::default();
    let (mut of_ann, mut of_bob) = (Vec::new(), Vec::new());
    post(&mut of_ann, "ann", delta_of("ann", 1, 20, Some(0)), true);
    post(&mut of_ann, "ann", delta_of("ann", 2, 40, None), false);
    post(&mut of_bob, "bob", delta_of("bob", 1, 30, Some(1)), true);
    post(&mut of_bob, "bob", delta_of("bob", 2, 50, None), false);
    let mut known = nothing();
    let mut lives = Vec::new();
    for posted in [&of_ann[0], &of_bob[0], &of_ann[1], &of_bob[1]] {
        join(&rights, &mut known, &posted.state, std::slice::from_ref(&posted.given));
        lives.push((known.state.causal_length, known.aside.len()));
    }
    assert_eq!(lives, [(1, 0), (1, 0), (1, 1), (2, 0)]);
}

/// Keys cost nothing: what thousands of them sign in vain is bounded, and does not crowd out what an author has said.
#[test]
fn what_does_not_count_is_bounded_and_an_authors_end_is_kept() {
    let rights = Rights::default();
    let (mut of_ann, mut of_bob) = (Vec::new(), Vec::new());
    post(&mut of_ann, "ann", delta_of("ann", 1, 20, Some(0)), true);
    post(&mut of_ann, "ann", delta_of("ann", 2, 40, None), false);
    post(&mut of_bob, "bob", delta_of("bob", 1, 30, Some(1)), true);
    post(&mut of_bob, "bob", delta_of("bob", 2, 50, None), false);
    let mut known = nothing();
    let mut take = |posted: &Posted| {
        join(&rights, &mut known, &posted.state, std::slice::from_ref(&posted.given));
        let bytes: usize = known.aside.iter().map(Piece::bytes).sum();
        (known.state.causal_length, known.aside.len(), bytes)
    };
    for posted in [&of_ann[0], &of_bob[0], &of_ann[1]] {
        take(posted);
    }
    let mut most = (0, 0);
    for number in 0..24 {
        let mut log = Vec::new();
        let mut lie = delta_of(&format!("a liar {number}"), 3, 60, Some(0));
        lie.fields.values_mut().for_each(|field| field.value = Some(Value::text("x".repeat(1 << 19))));
        post(&mut log, &format!("a liar {number}"), lie, true);
        let (life, count, bytes) = take(&log[0]);
        assert_eq!(life, 1);
        most = most.max((count, bytes));
    }
    assert!(most.0 > 4 && most.0 < 12 && most.1 <= 4 << 20, "{most:?}");
    assert_eq!(take(&of_bob[1]).0, 3, "both have ended it, and what came behind that counts");
}

#[test]
fn an_owner_deletes_whatever_others_made() {
    let rights = rights_with(Who::Author, Who::Author, &[]);
    let (mut of_ann, mut of_owner, mut of_bob) = (Vec::new(), Vec::new(), Vec::new());
    post(&mut of_ann, "ann", delta_of("ann", 1, 20, Some(0)), true);
    post(&mut of_bob, "bob", delta_of("bob", 2, 30, None), false);
    post(&mut of_owner, OWNER, delta_of(OWNER, 2, 40, None), false);
    let mut known = nothing();
    for (posted, expected) in [(&of_ann[0], 1), (&of_bob[0], 1), (&of_owner[0], 2)] {
        join(&rights, &mut known, &posted.state, std::slice::from_ref(&posted.given));
        assert_eq!(known.state.causal_length, expected);
    }
    assert!(known.aside.is_empty(), "what it did not let count is over as well");
}
