//! Who owns the simulated network, and what all charters together say its secret is.

use crate::db::EpochSecret;
use crate::error::ErrorKind;
use crate::merge::{charter_id, commitment, merge_charters, standing};
use crate::sync::simulation::node::{NETWORK, Running};
use crate::sync::simulation::world::World;

impl World {
    /// What a member would tell whoever joins now.
    pub fn newest_secret(&self) -> Option<String> {
        let mut charters = self.running().filter_map(|running| running.network().charter.clone());
        let merged = charters.next().map(|first| {
            charters.fold(first, |one, other| merge_charters(NETWORK, Some(&one), &other, |_, _, _| true).unwrap())
        });
        let is_present = |known: &EpochSecret| {
            let (Some(charter), id) = (&merged, merged.as_ref().map(|merged| charter_id(NETWORK, &merged.founding)))
            else {
                return false;
            };
            let present = standing(NETWORK, charter).epoch.map(|epoch| epoch.commitment);
            id.map(|id| commitment(&id, known.epoch, &known.salt, &known.secret)) == present
        };
        let newest = |running: &Running| running.database.replica().epoch_secret(running.network).unwrap();
        let newest = self.running().filter_map(newest).max_by_key(|known| (is_present(known), known.epoch))?;
        Some(newest.secret.to_string())
    }

    /// An owner that runs, by chance.
    pub fn running_owner(&mut self) -> Option<usize> {
        let owners: Vec<usize> = (0..self.nodes.len()).filter(|node| self.nodes[*node].is_owner()).collect();
        let at = usize::try_from(self.random.below(owners.len().max(1) as u64)).unwrap();
        owners.get(at).copied()
    }

    /// An owner makes a member another one.
    pub fn add_owner(&mut self, node: usize) {
        let Some(other) = self.running_node().filter(|other| self.nodes[*other].is_member()) else { return };
        let peer = self.nodes[other].running.as_ref().unwrap().peer.clone();
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        match transaction.add_owner(NETWORK, peer.as_str()) {
            Err(error) if matches!(error.kind(), ErrorKind::DuplicateObject | ErrorKind::InsufficientPrivilege) => {
                return;
            }
            added => added.unwrap(),
        }
        self.runtime.block_on(transaction.commit()).unwrap();
        *self.happened.entry("owners added").or_default() += 1;
        self.follow_changes(node);
    }
}
