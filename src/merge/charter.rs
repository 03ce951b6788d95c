//! The law of a network's charter: which of its edicts are in force, what they say together, and how two charters merge.
//!
//! Edicts are reckoned by rank: all of the founder's first, then those of its successors and of the owners that it made, in the
//! order in which it made them, and so on. A decision about an owner stands against everybody of lower rank, so that two
//! owners who drop each other at the same time end alike everywhere: the senior one stays. Of other decisions that contradict
//! each other the one with the greater number counts, which was made in knowledge of the others, and of one number, which is to
//! say at the same moment, the senior owner's. What an owner decreed counts until
//! somebody of higher rank (or who made it one) drops it; of that one's edicts only those count from then on that the drop
//! names, so that a key that was lost decrees nothing under an earlier number. An edict that is not in force is not kept.
//!
//! A charter is a set of edicts, a merge is the union of what is in force: members that were told the same, in any order, hold
//! the same. The bytes that are hashed here are part of the replication protocol: they never change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::defence::is_down;
use crate::merge::authors::{certificate_id, merge_certificates};
use crate::model::{
    Act, Charter, CharterDigest, EDICTS_MAX, Edict, EdictId, EntryRights, Founding, NAMED_MAX, OWNERS_MAX, PeerId,
    PresentEpoch, REMOVED_MAX, RightsEra, Standing,
};

const FOUNDING_CONTEXT: &str = "nebulusdb 2026 charter founding";
const EDICT_CONTEXT: &str = "nebulusdb 2026 charter edict";
const SECRET_CONTEXT: &str = "nebulusdb 2026 charter epoch secret";
const REMOVED_CONTEXT: &str = "nebulusdb 2026 charter removed peers";
/// The greatest number of an epoch: exact in every client, and far beyond what rotations lead to.
pub const EPOCH_MAX: u64 = 1 << 53;
/// The greatest number of an edict or a certificate.
pub(crate) const NUMBER_MAX: u64 = 1 << 53;
/// Epochs of one owner that are kept though they are over and shut nobody out.
const OLD_EPOCHS_MAX: usize = 16;

/// Why a charter is not merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CharterRefusal {
    /// It is of another network of the same name, which this peer founded.
    OtherFounding(PeerId),
    /// Something in it was not signed by whom it names.
    Forged(PeerId),
}

/// What the founder signs, and what names the charter in everything that is signed later.
pub fn charter_id(network: &str, founding: &Founding) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(FOUNDING_CONTEXT);
    write(&mut hasher, network.as_bytes());
    write(&mut hasher, founding.founder.as_str().as_bytes());
    hasher.update(&founding.nonce);
    *hasher.finalize().as_bytes()
}

/// What an owner signs.
pub fn edict_message(charter: &[u8; 32], number: u64, signer: &PeerId, act: &Act) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(EDICT_CONTEXT);
    hasher.update(charter);
    hasher.update(&number.to_be_bytes());
    write(&mut hasher, signer.as_str().as_bytes());
    match act {
        Act::AddOwner { peer } => {
            hasher.update(&[1]);
            write(&mut hasher, peer.as_str().as_bytes());
        }
        Act::DropOwner { peer, keeps, posted } => {
            hasher.update(&[2]);
            write(&mut hasher, peer.as_str().as_bytes());
            hasher.update(keeps.as_flattened());
            hasher.update(&posted.to_be_bytes());
        }
        Act::Succeed { peer } => {
            hasher.update(&[3]);
            write(&mut hasher, peer.as_str().as_bytes());
        }
        Act::Epoch { number, commitment, removed, known } => {
            hasher.update(&[4]);
            hasher.update(&number.to_be_bytes());
            hasher.update(commitment);
            hasher.update(known);
            removed.iter().for_each(|peer| write(&mut hasher, peer.as_str().as_bytes()));
        }
        Act::Rights { collection, rights, before } => {
            hasher.update(&[5]);
            write(&mut hasher, collection.as_bytes());
            [rights.writers, rights.deleters].iter().for_each(|who| write(&mut hasher, who.name().as_bytes()));
            for (peer, seq) in before {
                write(&mut hasher, peer.as_str().as_bytes());
                hasher.update(&seq.to_be_bytes());
            }
        }
        Act::Excuse { peer, is_excused } => {
            hasher.update(&[6, u8::from(*is_excused)]);
            write(&mut hasher, peer.as_str().as_bytes());
        }
        Act::Revoke { peer, keeps } => {
            hasher.update(&[32]);
            write(&mut hasher, peer.as_str().as_bytes());
            hasher.update(keeps.as_flattened());
        }
    }
    *hasher.finalize().as_bytes()
}

/// The name of an edict.
pub fn edict_id(charter: &[u8; 32], edict: &Edict) -> EdictId {
    first_half(&edict_message(charter, edict.number, &edict.signer, &edict.act))
}

/// What an epoch's edict says of its secret. The salt travels with the secret, so that whoever sees the charter alone cannot
/// try out secrets.
pub fn commitment(charter: &[u8; 32], epoch: u64, salt: &[u8; 16], secret: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(SECRET_CONTEXT);
    hasher.update(charter);
    hasher.update(&epoch.to_be_bytes());
    hasher.update(salt);
    write(&mut hasher, secret.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Over all peers that are removed, in order.
pub fn digest_of_removed<'a>(removed: impl IntoIterator<Item = &'a PeerId>) -> EdictId {
    let mut hasher = blake3::Hasher::new_derive_key(REMOVED_CONTEXT);
    removed.into_iter().for_each(|peer| write(&mut hasher, peer.as_str().as_bytes()));
    first_half(hasher.finalize().as_bytes())
}

/// What is told of a charter in a few bytes.
pub fn charter_digest(network: &str, charter: &Charter) -> CharterDigest {
    let id = charter_id(network, &charter.founding);
    let number = |half: EdictId| u64::from_be_bytes(*half.first_chunk().unwrap_or(&[0; 8]));
    let edicts = charter.edicts.iter().map(|edict| number(edict_id(&id, edict)));
    let certificates = charter.certificates.iter().map(|certificate| number(certificate_id(&id, certificate)));
    let edicts = edicts.chain(certificates).fold(0, |sum, each| sum ^ each);
    CharterDigest { founding: number(first_half(&id)).max(1), edicts }
}

/// The number of an owner's next edict; `None` where it has used them up.
pub fn next_number(charter: &Charter, signer: &PeerId) -> Option<u64> {
    let next = |greatest: Option<u64>| greatest.unwrap_or(0).checked_add(1).filter(|number| *number <= NUMBER_MAX);
    let own = charter.edicts.iter().filter(|edict| edict.signer == *signer);
    next(charter.edicts.iter().map(|edict| edict.number).max()).or_else(|| next(own.map(|edict| edict.number).max()))
}

/// What a charter says. Edicts that are not in force change nothing of it.
pub fn standing(network: &str, charter: &Charter) -> Standing {
    Reckoning::of(&charter_id(network, &charter.founding), charter).standing()
}

/// The union of two charters, as far as it is in force. `verify` says whether a peer signed a message; it is asked for what is
/// not in `ours` alone.
///
/// # Errors
/// What is forged is not merged, nor anything that came with it.
pub fn merge_charters(
    network: &str,
    ours: Option<&Charter>,
    theirs: &Charter,
    verify: impl Fn(&PeerId, &[u8], &[u8]) -> bool,
) -> Result<Charter, CharterRefusal> {
    let (founding, id) = (&theirs.founding, charter_id(network, &theirs.founding));
    match ours {
        Some(ours) if charter_id(network, &ours.founding) != id => {
            return Err(CharterRefusal::OtherFounding(founding.founder.clone()));
        }
        None if !verify(&founding.founder, &id, &founding.signature) => {
            return Err(CharterRefusal::Forged(founding.founder.clone()));
        }
        _ => {}
    }
    let founding = ours.map_or(founding, |ours| &ours.founding).clone();
    let mut edicts: BTreeMap<EdictId, Edict> = BTreeMap::new();
    let known: BTreeSet<EdictId> =
        ours.iter().flat_map(|ours| &ours.edicts).map(|edict| edict_id(&id, edict)).collect();
    for edict in ours.iter().flat_map(|ours| &ours.edicts).chain(&theirs.edicts) {
        edicts.entry(edict_id(&id, edict)).or_insert_with(|| edict.clone());
    }
    let merged = Charter { edicts: edicts.into_values().collect(), ..Charter::new(founding) };
    let reckoning = Reckoning::of(&id, &merged);
    let in_force = reckoning.in_force.clone();
    let says = reckoning.standing();
    let certified = ours.map_or(&[][..], |ours| &ours.certificates);
    let certificates = merge_certificates(&id, &says, certified, &theirs.certificates, &verify)?;
    let mut kept: Vec<(EdictId, Edict)> = Vec::new();
    for (place, edict) in merged.edicts.into_iter().enumerate() {
        let edict_id = edict_id(&id, &edict);
        if !in_force.contains(&place) {
            continue;
        }
        if !known.contains(&edict_id) {
            let message = edict_message(&id, edict.number, &edict.signer, &edict.act);
            if !verify(&edict.signer, &message, &edict.signature) {
                return Err(CharterRefusal::Forged(edict.signer));
            }
        }
        kept.push((edict_id, edict));
    }
    forget_old_epochs(&mut kept);
    kept.sort_unstable_by(|(a_id, a), (b_id, b)| (&a.signer, a.number, a_id).cmp(&(&b.signer, b.number, b_id)));
    let edicts = kept.into_iter().map(|(_, edict)| edict).collect();
    Ok(Charter { founding: merged.founding, edicts, certificates })
}

/// Drops each owner's oldest epochs that shut nobody out.
fn forget_old_epochs(edicts: &mut Vec<(EdictId, Edict)>) {
    let mut of_owners: BTreeMap<PeerId, Vec<(u64, EdictId)>> = BTreeMap::new();
    for (id, edict) in edicts.iter() {
        if let Act::Epoch { number, removed, .. } = &edict.act
            && removed.is_empty()
        {
            of_owners.entry(edict.signer.clone()).or_default().push((*number, *id));
        }
    }
    let mut forgotten = BTreeSet::new();
    for epochs in of_owners.values_mut() {
        epochs.sort_unstable_by(|a, b| b.cmp(a));
        forgotten.extend(epochs.iter().skip(OLD_EPOCHS_MAX).map(|(_, id)| *id));
    }
    edicts.retain(|(id, _)| !forgotten.contains(id));
}

/// Whether a peer is an owner, and who decided it.
struct Decision {
    /// The rank of the owner that decided: the founder's is 0.
    rank: usize,
    /// `None` for an owner; of one that was dropped the edicts that stay in force.
    keeps: Option<BTreeSet<EdictId>>,
    /// The number of its last delta that counts as an owner's.
    posted: u64,
}

/// The order of decisions that contradict each other, of which the last one counts: by the edict's number, and of one number by the
/// rank of its signer, the most senior owner last.
type Precedence = (u64, Reverse<usize>);

/// Rights that were set, in the order in which they count.
struct SetRights<'a> {
    order: Precedence,
    collection: &'a str,
    rights: EntryRights,
    before: &'a [(PeerId, u64)],
}

/// An epoch that was begun.
struct Begun<'a> {
    signer: &'a PeerId,
    rank: usize,
    number: u64,
    commitment: [u8; 32],
    known: EdictId,
}

/// A charter being reckoned through, owner by owner.
struct Reckoning<'a> {
    of_signers: BTreeMap<&'a PeerId, Vec<(u64, EdictId, usize)>>,
    edicts: &'a [Edict],
    /// Whoever was an owner at any time, most senior first.
    ranks: Vec<&'a PeerId>,
    decisions: BTreeMap<&'a PeerId, Decision>,
    /// Owners that dropped themselves, with the number of their last delta.
    resigned: BTreeMap<&'a PeerId, u64>,
    removed: BTreeSet<&'a PeerId>,
    /// Certificates of removed peers that stay in force.
    kept: BTreeSet<EdictId>,
    /// Names in the lists of removed peers.
    shut_out: usize,
    /// And in those of edicts that stay in force.
    named: usize,
    epochs: Vec<Begun<'a>>,
    rights: Vec<SetRights<'a>>,
    /// Who was excused or called back, with the order in which it counts.
    excuses: Vec<(Precedence, &'a PeerId, bool)>,
    /// Places of the edicts that are in force.
    in_force: BTreeSet<usize>,
}

impl<'a> Reckoning<'a> {
    fn of(id: &[u8; 32], charter: &'a Charter) -> Self {
        let mut of_signers: BTreeMap<&PeerId, Vec<_>> = BTreeMap::new();
        for (place, edict) in charter.edicts.iter().enumerate() {
            of_signers.entry(&edict.signer).or_default().push((edict.number, edict_id(id, edict), place));
        }
        of_signers.values_mut().for_each(|edicts| edicts.sort_unstable());
        let mut reckoning = Reckoning {
            of_signers,
            edicts: &charter.edicts,
            ranks: vec![&charter.founding.founder],
            decisions: BTreeMap::new(),
            resigned: BTreeMap::new(),
            removed: BTreeSet::new(),
            kept: BTreeSet::new(),
            shut_out: 0,
            named: 0,
            epochs: Vec::new(),
            rights: Vec::new(),
            excuses: Vec::new(),
            in_force: BTreeSet::new(),
        };
        reckoning.decisions.insert(&charter.founding.founder, Decision { rank: 0, keeps: None, posted: u64::MAX });
        let mut rank = 0;
        while let Some(owner) = reckoning.ranks.get(rank).copied() {
            reckoning.count(rank, owner);
            rank += 1;
        }
        if is_down("owners") {
            let others: Vec<&PeerId> = reckoning.of_signers.keys().copied().collect();
            others.into_iter().for_each(|other| reckoning.count(rank, other));
        }
        reckoning
    }

    /// Counts the edicts of one owner, in the order in which it signed them.
    fn count(&mut self, rank: usize, owner: &'a PeerId) {
        let keeps = self.decisions.get(owner).and_then(|decision| decision.keeps.clone());
        for (number, id, place) in self.of_signers.remove(owner).unwrap_or_default() {
            let is_kept = keeps.as_ref().is_none_or(|keeps| keeps.contains(&id));
            let Some(edict) = self.edicts.get(place).filter(|_| is_kept && (1..=NUMBER_MAX).contains(&number)) else {
                continue;
            };
            let has_room = self.in_force.len() < EDICTS_MAX && self.named + edict.act.named() <= NAMED_MAX;
            if has_room && self.enforce((number, rank), owner, &edict.act) {
                self.named += edict.act.named();
                self.in_force.insert(place);
            }
            if self.resigned.contains_key(owner) {
                return;
            }
        }
    }

    /// Puts one edict in force; false, and without any effect, for one that its signer has no right to.
    fn enforce(&mut self, (number, rank): (u64, usize), owner: &'a PeerId, act: &'a Act) -> bool {
        match act {
            Act::AddOwner { peer } => self.decide(rank, peer, None, self.ranks.len()),
            Act::Succeed { peer } => self.decide(rank, peer, None, rank.saturating_add(1)),
            Act::DropOwner { peer, posted, .. } if peer == owner => {
                self.resigned.insert(owner, *posted);
                true
            }
            Act::DropOwner { peer, keeps, posted } => {
                let keeps = keeps.iter().copied().collect();
                self.decide(rank, peer, Some((keeps, *posted)), self.ranks.len())
            }
            Act::Rights { collection, rights, before } => {
                let order = (number, Reverse(rank));
                self.rights.push(SetRights { order, collection, rights: *rights, before });
                true
            }
            Act::Excuse { peer, is_excused } => {
                self.excuses.push(((number, Reverse(rank)), peer, *is_excused));
                true
            }
            Act::Epoch { number, commitment, removed, known } => {
                if !(1..=EPOCH_MAX).contains(number) || self.shut_out + removed.len() > REMOVED_MAX {
                    return false;
                }
                self.shut_out += removed.len();
                let gone: Vec<&PeerId> = removed.iter().filter(|peer| self.may_remove(rank, peer)).collect();
                self.removed.extend(gone);
                let (number, commitment, known) = (*number, *commitment, *known);
                self.epochs.push(Begun { signer: owner, rank, number, commitment, known });
                true
            }
            Act::Revoke { peer, keeps } => {
                let may_revoke = self.may_remove(rank, peer);
                self.kept.extend(keeps.iter().filter(|_| may_revoke).copied());
                may_revoke
            }
        }
    }

    /// Nobody removes whom it could not drop.
    fn may_remove(&self, rank: usize, peer: &PeerId) -> bool {
        let mut seniors = self.ranks.iter().take(rank + 1).filter(|senior| !self.resigned.contains_key(**senior));
        seniors.all(|senior| *senior != peer)
    }

    /// Decides whether a peer is an owner, where nobody of higher rank has.
    fn decide(&mut self, rank: usize, peer: &'a PeerId, dropped: Option<(BTreeSet<EdictId>, u64)>, at: usize) -> bool {
        let is_decided = self.decisions.get(peer).is_some_and(|decision| decision.rank < rank);
        let is_senior = self.ranks.iter().take(rank + 1).any(|senior| *senior == peer);
        let is_ranked = self.ranks.contains(&peer);
        if is_decided || is_senior || (!is_ranked && self.ranks.len() >= OWNERS_MAX) {
            return false;
        }
        if !is_ranked {
            self.ranks.insert(at.min(self.ranks.len()), peer);
        }
        let (keeps, posted) = match dropped {
            Some((keeps, posted)) => (Some(keeps), posted),
            None => (None, u64::MAX),
        };
        self.decisions.insert(peer, Decision { rank, keeps, posted });
        true
    }

    fn is_dropped(&self, peer: &PeerId) -> bool {
        self.decisions.get(peer).is_some_and(|decision| decision.keeps.is_some())
    }

    /// What was set of each collection, the last one counting; of several in one order all nodes take the same one first.
    fn rights(&self) -> BTreeMap<String, Vec<RightsEra>> {
        let mut set: Vec<&SetRights<'_>> = self.rights.iter().collect();
        set.sort_by_key(|set| set.order);
        let mut rights: BTreeMap<String, Vec<RightsEra>> = BTreeMap::new();
        for set in set {
            let before = set.before.iter().cloned().collect();
            rights.entry(set.collection.to_string()).or_default().push(RightsEra { rights: set.rights, before });
        }
        rights
    }

    /// Who is excused; of several edicts about one peer the last one counts.
    fn excused(&self) -> Vec<PeerId> {
        let mut excuses = self.excuses.clone();
        excuses.sort();
        let last: BTreeMap<&PeerId, bool> =
            excuses.into_iter().map(|(_, peer, is_excused)| (peer, is_excused)).collect();
        let excused = last.into_iter().filter(|(peer, is_excused)| *is_excused && !self.removed.contains(*peer));
        excused.map(|(peer, _)| peer.clone()).collect()
    }

    /// Everybody who was ever an owner, and the number of the last delta that counts as an owner's.
    fn rightful(&self) -> BTreeMap<PeerId, u64> {
        let last = |peer: &PeerId| {
            let decided = self.decisions.get(peer).map_or(0, |decision| decision.posted);
            self.resigned.get(peer).map_or(decided, |posted| decided.min(*posted))
        };
        self.ranks.iter().map(|peer| ((*peer).clone(), last(peer))).collect()
    }

    fn standing(self) -> Standing {
        let (rights, rightful, excused) = (self.rights(), self.rightful(), self.excused());
        let is_owner = |peer: &&&PeerId| {
            !self.is_dropped(peer) && !self.resigned.contains_key(**peer) && !self.removed.contains(**peer)
        };
        let owners = self.ranks.iter().filter(is_owner).map(|peer| (*peer).clone()).collect();
        let known = digest_of_removed(self.removed.iter().copied());
        // Whatever a dropped owner began counts where nothing else was begun.
        let order =
            |epoch: &&Begun<'_>| (!self.is_dropped(epoch.signer), epoch.number, Reverse(epoch.rank), epoch.commitment);
        let epoch = self.epochs.iter().max_by_key(order).map(|epoch| PresentEpoch {
            number: epoch.number,
            commitment: epoch.commitment,
            is_aware: epoch.known == known,
        });
        let removed = self.removed.iter().map(|peer| (*peer).clone()).collect();
        let kept = self.kept.into_iter().collect();
        Standing { owners, removed, kept, epoch, excused, rights, rightful }
    }
}

pub(super) fn first_half(hash: &[u8; 32]) -> EdictId {
    let (first, _) = hash.split_at(16);
    first.try_into().unwrap_or_default()
}

pub(super) fn write(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
#[path = "charter_tests.rs"]
mod tests;
