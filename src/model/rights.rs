//! Who may do what with entries of a collection that others made.
//!
//! Plain data, as the charter says it. What follows for an entry is `merge`'s business.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::clock::PeerId;

/// Who has a right to an entry. Owners of the network always have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Whoever began its life.
    Author,
    /// Everybody who takes part.
    Members,
}

impl Who {
    pub fn name(self) -> &'static str {
        match self {
            Who::Author => "author",
            Who::Members => "members",
        }
    }

    pub fn of_name(name: &str) -> Option<Who> {
        [Who::Author, Who::Members].into_iter().find(|who| who.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who may change the entries of a collection that others made, and who may delete them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryRights {
    pub writers: Who,
    pub deleters: Who,
}

impl Default for EntryRights {
    fn default() -> Self {
        EntryRights { writers: Who::Members, deleters: Who::Author }
    }
}

/// Rights that were set, and what was posted before that: by each origin the number of its last delta, as the owner knew it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RightsEra {
    pub rights: EntryRights,
    pub before: BTreeMap<PeerId, u64>,
}

impl RightsEra {
    fn is_behind(&self, origin: &PeerId, seq: u64) -> bool {
        self.before.get(origin).is_none_or(|last| seq > *last)
    }
}

/// All that a charter says of the entries of one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// In order; before the first one the [default](EntryRights::default) holds.
    pub eras: Vec<RightsEra>,
    /// Everybody who was ever an owner, and the number of the last delta that counts as an owner's.
    pub owners: BTreeMap<PeerId, u64>,
    /// For each key whose author has, or had, more than one: the others that made what it changes as with its own, with the number of
    /// the last delta for which that holds.
    pub reached: BTreeMap<PeerId, BTreeMap<PeerId, u64>>,
}

impl Rights {
    /// The rights that hold for what is posted from now on.
    pub fn latest(&self) -> EntryRights {
        self.eras.last().map(|era| era.rights).unwrap_or_default()
    }

    /// The rights that hold for a delta: the last ones that were not set after it.
    fn rights_of(&self, origin: &PeerId, seq: u64) -> EntryRights {
        let era = self.eras.iter().rev().find(|era| era.is_behind(origin, seq));
        era.map(|era| era.rights).unwrap_or_default()
    }

    /// How many times rights were set before an owner knew of a delta: what an owner has known of earlier is older, whatever
    /// time it claims.
    pub fn age_of(&self, origin: &PeerId, seq: u64) -> usize {
        self.eras.iter().take_while(|era| era.is_behind(origin, seq)).count()
    }

    fn is_owners(&self, origin: &PeerId, seq: u64) -> bool {
        self.owners.get(origin).is_some_and(|last| seq <= *last)
    }

    /// Whether what one key does with an entry by a delta is done as its author, where another has made it.
    pub fn is_author(&self, actor: &PeerId, seq: u64, maker: &PeerId) -> bool {
        let last = || self.reached.get(actor).and_then(|makers| makers.get(maker));
        actor == maker || last().is_some_and(|last| seq <= *last)
    }

    /// Whether a delta may change entries of others.
    pub fn may_edit_any(&self, origin: &PeerId, seq: u64) -> bool {
        self.rights_of(origin, seq).writers == Who::Members || self.is_owners(origin, seq)
    }

    /// Whether a delta may delete entries of others.
    pub fn may_end_any(&self, origin: &PeerId, seq: u64) -> bool {
        self.rights_of(origin, seq).deleters == Who::Members || self.is_owners(origin, seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_hold_for_what_was_posted_after_they_were_known() {
        let (a, b) = (PeerId::new("a"), PeerId::new("b"));
        let era = |writers, deleters, before: &[(&PeerId, u64)]| RightsEra {
            rights: EntryRights { writers, deleters },
            before: before.iter().map(|(peer, seq)| ((*peer).clone(), *seq)).collect(),
        };
        let rights = Rights {
            eras: vec![era(Who::Author, Who::Author, &[(&a, 3)]), era(Who::Members, Who::Members, &[(&a, 5), (&b, 2)])],
            owners: [(PeerId::new("o"), 7)].into_iter().collect(),
            reached: BTreeMap::new(),
        };
        let edits: Vec<bool> = (1..=6).map(|seq| rights.may_edit_any(&a, seq)).collect();
        assert_eq!(edits, [true, true, true, false, false, true]);
        assert!(!rights.may_edit_any(&b, 1) && rights.may_end_any(&b, 3));
        assert_eq!([rights.age_of(&a, 3), rights.age_of(&a, 4), rights.age_of(&a, 6)], [0, 1, 2]);
        let owner = PeerId::new("o");
        assert!(Rights { eras: Vec::new(), ..rights.clone() }.may_end_any(&owner, 7));
        assert!(!Rights { eras: Vec::new(), ..rights }.may_end_any(&owner, 8));
        assert_eq!(Rights::default().latest(), EntryRights { writers: Who::Members, deleters: Who::Author });
        assert_eq!([Who::of_name("AUTHOR"), Who::of_name("x")], [Some(Who::Author), None]);
    }
}
