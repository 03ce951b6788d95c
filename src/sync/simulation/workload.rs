//! What users do: they write, stage, take back, delete and keep secrets, on any node that runs.

use crate::db::EntryKey;
use crate::error::ErrorKind;
use crate::model::Stage;
use crate::sync::simulation::ledger::Place;
use crate::sync::simulation::node::{LIVE, MEMORY, put};
use crate::sync::simulation::plan::one_in;
use crate::sync::simulation::world::{Event, World};

/// Stands in every value that must not leave its node.
pub(super) const CANARY: &str = "CANARY";
/// Entries that everybody writes to.
const SHARED: u64 = 5;
/// Groups of entries that are written together, and entries in one.
const GROUPS: u64 = 2;
const GROUP_ENTRIES: u64 = 3;
/// The fact that all entries of a group have in common.
pub(super) const GROUP_FACT: &str = "group";

impl World {
    /// The next thing that a user does.
    pub fn operate(&mut self) {
        self.operations_left = self.operations_left.saturating_sub(1);
        if self.operations_left > 0 {
            let in_ms = self.between(0, 2 * self.plan.operation_gap_ms);
            self.schedule(in_ms, Event::Operation);
        }
        let Some(node) = self.running_node() else { return };
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        if self.has_liars() && one_in(&mut self.random, 8) {
            self.take_bait(node);
            return self.follow_changes(node);
        }
        match self.random.below(if self.plan.has_tables { 125 } else { 106 }) {
            0..25 => self.write(node, true),
            25..35 => self.write(node, false),
            35..45 => self.write_live(node),
            45..55 => self.write_group(node),
            55..64 => self.make_mortal(node),
            64..72 => self.edit_mortal(node),
            72..80 => self.delete_mortal(node),
            80..85 => self.stage_and_take_back(node),
            85..90 => self.guard(node),
            90..95 => self.revert(node),
            95..100 => self.keep_secret(node),
            100..106 => self.write_blob(node),
            _ => self.write_thing(node),
        }
        self.follow_changes(node);
    }

    fn shared_place(&mut self) -> Place {
        (MEMORY, format!("shared{}", self.random.below(SHARED)))
    }

    /// A new fact in an entry, committed.
    fn put_fact(&mut self, node: usize, place: &Place, stage: Option<Stage>) {
        if self.reads_first(node, std::slice::from_ref(place)) {
            return;
        }
        let number = self.new_name();
        let (name, value) = (format!("fact{number}"), format!("value{number}"));
        self.put(node, std::slice::from_ref(place), &name, &value, stage);
        self.ledger.write(&mut self.nodes[node].local, place, name, value);
        match stage {
            Some(Stage::PostPending) => drop(self.nodes[node].local.staged.insert(place.clone())),
            Some(Stage::Private) => drop(self.nodes[node].local.staged.remove(place)),
            None => {}
        }
    }

    /// A canary in an entry.
    pub fn put_canary(&mut self, node: usize, place: &Place, stage: Option<Stage>) {
        self.put(node, std::slice::from_ref(place), "secret", CANARY, stage);
    }

    fn put(&mut self, node: usize, places: &[Place], name: &str, value: &str, stage: Option<Stage>) {
        self.tell(|world| format!("{} puts {name} into {places:?}, {stage:?}", world.name(node)));
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        for (collection, id) in places {
            let collection = running.collection(collection);
            put(&mut transaction, &collection, id, &[(name.to_string(), value.to_string())], stage);
        }
        self.runtime.block_on(transaction.commit()).unwrap();
    }

    fn write(&mut self, node: usize, is_staged: bool) {
        let place = self.shared_place();
        let is_guarded = self.nodes[node].local.guarded.contains(&place);
        let stage = (is_staged && !is_guarded).then_some(Stage::PostPending);
        self.put_fact(node, &place, stage);
    }

    /// A commit that is posted with itself.
    fn write_live(&mut self, node: usize) {
        let place = (LIVE, format!("live{}", self.random.below(SHARED)));
        if !self.nodes[node].running.as_ref().is_some_and(|running| running.has_attached(LIVE)) {
            return;
        }
        if self.reads_first(node, std::slice::from_ref(&place)) {
            return;
        }
        self.put_fact(node, &place, None);
        let running = self.nodes[node].running.as_ref().unwrap();
        let (origin, seq) = (running.peer.clone(), running.own_seq());
        let posted_by = (node, self.nodes[node].life);
        let local = &mut self.nodes[node].local;
        let mut alone = std::mem::take(&mut local.staged);
        let deleted = std::mem::take(&mut local.deleted);
        local.staged.insert(place);
        self.ledger.posted(local, &origin, seq, posted_by);
        local.staged.append(&mut alone);
        local.deleted = deleted;
    }

    /// Several entries in one transaction, staged with it.
    fn write_group(&mut self, node: usize) {
        let group = self.random.below(GROUPS);
        let places: Vec<Place> = (0..GROUP_ENTRIES).map(|entry| (MEMORY, format!("group{group}-{entry}"))).collect();
        if self.reads_first(node, &places) {
            return;
        }
        let value = self.new_name().to_string();
        self.put(node, &places, GROUP_FACT, &value, Some(Stage::PostPending));
        self.nodes[node].local.staged.extend(places.iter().cloned());
        self.ledger.groups.insert(group, places);
    }

    fn make_mortal(&mut self, node: usize) {
        let place = (MEMORY, format!("mortal{}", self.new_name()));
        self.put_fact(node, &place, Some(Stage::PostPending));
        self.ledger.mortals.push(place);
        self.look(node);
    }

    /// An entry that may be deleted and is seen here.
    fn mortal(&mut self, node: usize) -> Option<Place> {
        let running = self.nodes[node].running.as_ref()?;
        let mortals = self.ledger.mortals.iter();
        let alive: Vec<Place> = mortals.filter(|(collection, id)| running.exists(collection, id)).cloned().collect();
        let at = usize::try_from(self.random.below(alive.len() as u64)).ok()?;
        alive.get(at).cloned()
    }

    /// Writes to an entry that somebody may be deleting at the same time: then it is gone all the same.
    fn edit_mortal(&mut self, node: usize) {
        if let Some(place) = self.mortal(node) {
            self.put_fact(node, &place, Some(Stage::PostPending));
            // On an old copy it is made anew where everybody else has forgotten that it was deleted.
            let is_copy = self.nodes[node].life > 0;
            if self.nodes[node].local.kept.contains(&place) {
                self.ledger.revived.insert(place.clone());
            }
            if let Some(posting) = self.ledger.deleted.get_mut(&place).filter(|_| is_copy) {
                posting.is_uncertain = true;
            }
        }
    }

    /// Deletes an entry that is seen here; its network hears of it where it knows it.
    fn delete_mortal(&mut self, node: usize) {
        let Some(place) = self.mortal(node) else { return };
        self.tell(|world| format!("{} deletes {place:?}", world.name(node)));
        let running = self.nodes[node].running.as_ref().unwrap();
        // A copy from before the node left is its own, until what the network knows of the entry has come.
        let is_own = self.nodes[node].local.kept.contains(&place) && !running.is_public(place.0, &place.1);
        let is_known = running.has_attached(place.0) && !is_own;
        let (collection, key) = self.key(node, &place);
        let mut transaction = running.database.begin();
        match transaction.delete(&collection, &key) {
            // Also where all may, as long as the node has not heard so.
            Err(error) if error.kind() == ErrorKind::InsufficientPrivilege => {
                *self.happened.entry("deletions refused").or_default() += 1;
                return;
            }
            deleted => assert!(deleted.unwrap()),
        }
        self.runtime.block_on(transaction.commit()).unwrap();
        let local = &mut self.nodes[node].local;
        local.staged.remove(&place);
        local.unposted.remove(&place);
        if is_own {
            local.alive.remove(&place);
        }
        if is_known {
            local.deleted.insert(place);
        }
        self.look(node);
    }

    fn key(&self, node: usize, place: &Place) -> (std::sync::Arc<crate::model::Collection>, EntryKey) {
        let running = self.nodes[node].running.as_ref().unwrap();
        let collection = running.collection(place.0);
        let key = running.key(&collection, &place.1);
        (collection, key)
    }

    /// A canary that is on the stage for a moment, and not when a posting could see it.
    fn stage_and_take_back(&mut self, node: usize) {
        let place = (MEMORY, format!("taken-back{}", self.new_name()));
        self.put(node, std::slice::from_ref(&place), "secret", CANARY, Some(Stage::PostPending));
        self.put(node, std::slice::from_ref(&place), "more", CANARY, Some(Stage::Private));
        self.nodes[node].local.guarded.insert(place);
    }

    /// A private edit of an entry that others know, or of one that nobody knows.
    fn guard(&mut self, node: usize) {
        let place = self.shared_place();
        if self.nodes[node].local.staged.contains(&place) {
            return;
        }
        if self.reads_first(node, std::slice::from_ref(&place)) {
            return;
        }
        let name = format!("secret{}", self.new_name());
        self.put(node, std::slice::from_ref(&place), &name, CANARY, None);
        self.nodes[node].local.guarded.insert(place);
    }

    /// Drops what was written here to a posted entry since it was posted.
    fn revert(&mut self, node: usize) {
        let place = self.shared_place();
        let (collection, key) = self.key(node, &place);
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        if !transaction.revert(&collection, &key).unwrap() {
            return;
        }
        self.tell(|world| format!("{} reverts {place:?}", world.name(node)));
        self.runtime.block_on(transaction.commit()).unwrap();
        let local = &mut self.nodes[node].local;
        local.unposted.remove(&place);
        local.staged.remove(&place);
        local.guarded.remove(&place);
    }

    fn keep_secret(&mut self, node: usize) {
        let number = self.new_name();
        let running = self.nodes[node].running.as_ref().unwrap();
        let mut transaction = running.database.begin();
        transaction.set_secret(&format!("{CANARY}-name-{number}"), &format!("{CANARY}-{number}")).unwrap();
        self.runtime.block_on(transaction.commit()).unwrap();
    }
}
