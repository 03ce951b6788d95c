//! Misfortunes: cut networks, crashes, clocks that jump, old copies put back, secrets changed.

use crate::error::ErrorKind;
use crate::model::PeerId;
use crate::sync::simulation::node::{LIVE, NETWORK};
use crate::sync::simulation::plan::one_in;
use crate::sync::simulation::world::{Event, World};

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The network falls into two parts.
    Part,
    Heal,
    Crash {
        is_kill: bool,
    },
    Start {
        node: usize,
    },
    /// A clock jumps.
    Skew,
    BackUp {
        node: usize,
    },
    /// The copy is put back.
    Restore {
        node: usize,
    },
    /// A node attaches the second collection where it has not.
    Attach {
        node: usize,
    },
    /// An owner begins a new epoch.
    Rotate,
    /// An owner removes a member.
    Remove,
}

impl World {
    /// Decides what will go wrong, and when.
    pub fn plan_faults(&mut self) {
        let length_ms = u64::from(self.plan.operations) * self.plan.operation_gap_ms;
        for _ in 0..self.plan.partitions {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::Part));
            let healed_ms = at_ms + self.between(500, 60_000);
            self.schedule_at(healed_ms, Event::Fault(Fault::Heal));
        }
        for _ in 0..self.plan.crashes {
            let is_kill = one_in(&mut self.random, 2);
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::Crash { is_kill }));
        }
        for _ in 0..self.plan.restores {
            let node = usize::try_from(self.random.below(self.plan.nodes as u64)).unwrap();
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::BackUp { node }));
            let restored_ms = at_ms + self.between(1_000, length_ms + 2_000);
            self.schedule_at(restored_ms, Event::Fault(Fault::Restore { node }));
        }
        for _ in 0..self.plan.rotations {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::Rotate));
        }
        for _ in 0..self.plan.removals {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::Remove));
        }
        if self.plan.attaches_late {
            let at_ms = self.between(0, 2 * length_ms);
            self.nodes[0].attaches_late = true;
            self.schedule_at(at_ms, Event::Fault(Fault::Attach { node: 0 }));
        }
        self.plan_tables();
        self.plan_departures(length_ms);
        self.plan_silence(length_ms);
        if self.plan.skew_ms > 1_000 {
            let at_ms = self.between(0, length_ms);
            self.schedule_at(at_ms, Event::Fault(Fault::Skew));
        }
    }

    pub fn befall(&mut self, fault: Fault) {
        self.tell(|_| format!("{fault:?}"));
        match fault {
            Fault::Part => {
                for node in 0..self.nodes.len() {
                    self.parts[node] = usize::from(one_in(&mut self.random, 2));
                }
                let cut: Vec<u64> = self
                    .linked
                    .iter()
                    .filter(|((a, b), _)| self.parts[*a] != self.parts[*b])
                    .map(|(_, session)| *session)
                    .collect();
                cut.into_iter().for_each(|session| self.break_session(session));
            }
            Fault::Heal => self.parts.fill(0),
            Fault::Crash { is_kill } => {
                let Some(node) = self.running_node() else { return };
                self.stop(node, is_kill);
                let in_ms = self.between(100, 30_000);
                self.schedule(in_ms, Event::Fault(Fault::Start { node }));
            }
            Fault::Start { node } => {
                if self.nodes[node].running.is_none() && !self.nodes[node].is_away {
                    self.start(node);
                }
            }
            Fault::Skew => {
                let Some(node) = self.running_node() else { return };
                let span = 2 * self.plan.skew_ms;
                let skew_ms =
                    i64::try_from(self.random.below(span)).unwrap() - i64::try_from(self.plan.skew_ms).unwrap();
                self.nodes[node].skew_ms = skew_ms;
            }
            Fault::BackUp { node } => self.nodes[node].back_up(),
            Fault::Restore { node } => self.restore(node),
            Fault::Attach { node } => self.attach(node),
            Fault::Rotate => self.rotate(),
            Fault::Remove => self.remove(),
        }
    }

    /// A node that runs, by chance.
    pub fn running_node(&mut self) -> Option<usize> {
        let running: Vec<usize> = (0..self.nodes.len())
            .filter(|node| self.nodes[*node].running.is_some() && !self.nodes[*node].is_liar)
            .collect();
        let at = usize::try_from(self.random.below(running.len() as u64)).unwrap();
        running.get(at).copied()
    }

    pub fn stop(&mut self, node: usize, is_kill: bool) {
        self.tell(|world| format!("node {node} ({}) stops{}", world.name(node), if is_kill { " at once" } else { "" }));
        self.end_sessions_of(node);
        self.nodes[node].stop(is_kill);
    }

    /// Puts an older copy of a data directory in place of the present one.
    fn restore(&mut self, node: usize) {
        let Some(backup) = self.nodes[node].backup.as_ref().filter(|_| !self.nodes[node].is_unaware) else { return };
        let (local, secrets, heads) = (backup.local.clone(), backup.secrets.clone(), backup.heads.clone());
        if self.nodes[node].running.is_some() {
            self.stop(node, false);
        }
        // What only this node held since the copy, its own or somebody else's, is gone.
        for origin in self.ledger.origins() {
            let kept = heads.iter().find(|head| head.origin == origin).map_or(0, |head| head.seq);
            let held = self.held(&origin);
            self.ledger.doubt(&origin, kept.max(held));
        }
        self.nodes[node].is_unaware = self.plan.are_restores_in_place;
        self.nodes[node].restore(self.plan.are_restores_in_place);
        // Private entries of the copy may be older than a deletion that the network has forgotten meanwhile.
        for place in local.unposted.keys() {
            if let Some(posting) = self.ledger.deleted.get_mut(place) {
                posting.is_uncertain = true;
            }
        }
        (self.nodes[node].local, self.nodes[node].secrets) = (local, secrets);
        self.start(node);
    }

    /// The number of the last delta of an origin that a running member holds.
    pub fn held(&self, origin: &PeerId) -> u64 {
        let heads = self.running().flat_map(|running| running.heads()).filter(|head| head.origin == *origin);
        heads.map(|head| head.seq).max().unwrap_or(0)
    }

    pub fn attach(&mut self, node: usize) {
        if self.nodes[node].is_away || self.nodes[node].detached.contains(LIVE) {
            return;
        }
        let Some(running) = self.nodes[node].running.as_ref().filter(|running| !running.has_attached(LIVE)) else {
            return;
        };
        let mut transaction = running.database.begin();
        transaction.attach_collection(LIVE, NETWORK, Some(false)).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.follow_changes(node);
    }

    fn remove(&mut self) {
        let (Some(node), Some(other)) = (self.running_owner(), self.running_node()) else { return };
        if node == other || self.nodes[node].is_removed || self.nodes[other].is_removed {
            return;
        }
        self.shut_out(node, other);
    }

    /// An owner removes a member, where that is no owner of higher rank.
    pub fn shut_out(&mut self, node: usize, other: usize) {
        let peer = self.nodes[other].running.as_ref().unwrap().peer.clone();
        self.tell(|world| format!("{} removes {}", world.name(node), world.name(other)));
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        match transaction.remove_peer(NETWORK, peer.as_str()) {
            Err(error) if error.kind() == ErrorKind::InsufficientPrivilege => return,
            removed => removed.unwrap(),
        }
        self.runtime.block_on(transaction.commit()).unwrap();
        self.nodes[other].is_removed = true;
        *self.happened.entry("members removed").or_default() += 1;
        self.follow_changes(node);
    }

    fn rotate(&mut self) {
        let Some(node) = self.running_owner() else { return };
        if one_in(&mut self.random, 2) {
            self.add_owner(node);
        }
        let secret = format!("a secret of number {}", self.new_name());
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        transaction.rotate_secret(NETWORK, Some(&secret)).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
        self.follow_changes(node);
    }
}
