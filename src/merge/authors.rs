//! Who is one author: which keys belong together by what they have certified, and how two sets of certificates merge.
//!
//! Two keys are tied while each claims something of the other that is not the end of it: one alone says nothing, so that nobody
//! becomes the author of what another has written by naming it. Ties chain, up to [`AUTHOR_KEYS_MAX`] keys.
//!
//! A key that an owner has removed acts as nobody any more. What it made stays its author's: whoever is tied to it, by what it
//! had certified when it was removed, edits that as before, and so it does with what the keys made that this one succeeded. No
//! other way leads through a removed key, so that two devices are not one author because both knew a third that was stolen.
//!
//! Sets merge by union. Of what a signer says of a subject the greatest number counts, and beyond the bounds pairs of keys are
//! left out by their order: members that were told the same, in any order, hold the same. The bytes that are hashed here are part
//! of the replication protocol: they never change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::merge::charter::{CharterRefusal, NUMBER_MAX, first_half, write};
use crate::model::{AUTHOR_KEYS_MAX, CERTIFICATES_MAX, Certificate, Claim, EdictId, PeerId, Standing};

const CERTIFICATE_CONTEXT: &str = "nebulusdb 2026 charter certificate";

/// What the signer of a certificate signs.
pub fn certificate_message(charter: &[u8; 32], certificate: &Certificate) -> [u8; 32] {
    let Certificate { signer, subject, number, claim, signature: _ } = certificate;
    let mut hasher = blake3::Hasher::new_derive_key(CERTIFICATE_CONTEXT);
    hasher.update(charter);
    hasher.update(&number.to_be_bytes());
    write(&mut hasher, signer.as_str().as_bytes());
    write(&mut hasher, subject.as_str().as_bytes());
    match claim {
        Claim::Linked => hasher.update(&[1]),
        Claim::SucceededBy { posted } => hasher.update(&[2]).update(&posted.to_be_bytes()),
        Claim::Succeeds => hasher.update(&[3]),
        Claim::Unlinked { ours, theirs } => {
            hasher.update(&[4]).update(&ours.to_be_bytes()).update(&theirs.to_be_bytes())
        }
    };
    *hasher.finalize().as_bytes()
}

/// The name of a certificate.
pub fn certificate_id(charter: &[u8; 32], certificate: &Certificate) -> EdictId {
    first_half(&certificate_message(charter, certificate))
}

/// The number of what `signer` certifies next of `subject`; `None` where it has used them up.
pub fn next_certificate_number(certificates: &[Certificate], signer: &PeerId, subject: &PeerId) -> Option<u64> {
    let of_pair = certificates.iter().filter(|each| each.signer == *signer && each.subject == *subject);
    let greatest = of_pair.map(|each| each.number).max().unwrap_or(0);
    greatest.checked_add(1).filter(|number| *number <= NUMBER_MAX)
}

/// The union of two sets of certificates, as far as it counts by what the charter says, in order of signer and subject.
///
/// # Errors
/// [`CharterRefusal::Forged`] where one that would count was not signed by its signer; `verify` is asked for what is not in
/// `ours` alone.
pub(super) fn merge_certificates(
    charter: &[u8; 32],
    says: &Standing,
    ours: &[Certificate],
    theirs: &[Certificate],
    verify: impl Fn(&PeerId, &[u8], &[u8]) -> bool,
) -> Result<Vec<Certificate>, CharterRefusal> {
    let mut newest: BTreeMap<(&PeerId, &PeerId), Numbered<'_>> = BTreeMap::new();
    for (certificate, is_known) in ours.iter().map(|each| (each, true)).chain(theirs.iter().map(|each| (each, false))) {
        let id = certificate_id(charter, certificate);
        let is_kept = says.removed.binary_search(&certificate.signer).is_err() || says.kept.binary_search(&id).is_ok();
        if !is_kept || certificate.signer == certificate.subject || !(1..=NUMBER_MAX).contains(&certificate.number) {
            continue;
        }
        // Of two under one number the end of a tie counts: whoever has a key that was copied cannot hide it.
        let order = (certificate.number, certificate.claim.is_end(), id);
        let pair = (&certificate.signer, &certificate.subject);
        if newest.get(&pair).is_none_or(|known| known.order < order) {
            newest.insert(pair, Numbered { order, certificate, is_known });
        }
    }
    let mut merged = Vec::new();
    let mut of_signer: (Option<&PeerId>, usize) = (None, 0);
    for ((signer, _), Numbered { certificate, is_known, .. }) in newest {
        let count = if of_signer.0 == Some(signer) { of_signer.1 + 1 } else { 1 };
        of_signer = (Some(signer), count);
        if count > AUTHOR_KEYS_MAX {
            continue;
        }
        if merged.len() == CERTIFICATES_MAX {
            break;
        }
        if !is_known && !verify(signer, &certificate_message(charter, certificate), &certificate.signature) {
            return Err(CharterRefusal::Forged(signer.clone()));
        }
        merged.push(certificate.clone());
    }
    Ok(merged)
}

struct Numbered<'a> {
    order: (u64, bool, EdictId),
    certificate: &'a Certificate,
    is_known: bool,
}

/// Which keys are one author, by the certificates of a network.
#[derive(Clone, Debug, Default)]
pub struct Authors {
    /// By key: those that it is tied to, and whether it was that one before.
    ties: BTreeMap<PeerId, BTreeMap<PeerId, bool>>,
    /// Ties that are over: up to which of its deltas the first key was the author of what the second one made.
    ended: BTreeMap<(PeerId, PeerId), u64>,
    removed: BTreeSet<PeerId>,
}

impl Authors {
    /// What certificates that were merged say together.
    pub fn of(certificates: &[Certificate], removed: &[PeerId]) -> Authors {
        let claims: BTreeMap<(&PeerId, &PeerId), Claim> =
            certificates.iter().map(|each| ((&each.signer, &each.subject), each.claim)).collect();
        let removed = removed.iter().cloned().collect();
        let mut authors = Authors { ties: BTreeMap::new(), ended: BTreeMap::new(), removed };
        let mut chains = Chains::default();
        for ((signer, subject), claim) in &claims {
            let Some(other) = claims.get(&(*subject, *signer)).filter(|_| signer < subject) else { continue };
            if claim.is_end() || other.is_end() {
                let [(ours, theirs), (theirs_too, ours_too)] = [claim.lasts(), other.lasts()];
                authors.ended.insert(((*signer).clone(), (*subject).clone()), ours.min(ours_too));
                authors.ended.insert(((*subject).clone(), (*signer).clone()), theirs.min(theirs_too));
                continue;
            }
            if !chains.join(signer, subject) {
                continue;
            }
            let is_heir =
                |claim: &Claim, other: &Claim| *claim == Claim::Succeeds && matches!(other, Claim::SucceededBy { .. });
            let mut tie = |one: &PeerId, two: &PeerId, succeeds| {
                authors.ties.entry(one.clone()).or_default().insert(two.clone(), succeeds);
            };
            tie(signer, subject, is_heir(claim, other));
            tie(subject, signer, is_heir(other, claim));
        }
        authors
    }

    /// Whether `actor` may do as its author what only the author of what `maker` made may do.
    pub fn same_author(&self, actor: &PeerId, maker: &PeerId) -> bool {
        actor == maker || self.reach(actor).contains(maker)
    }

    /// For each key whose author has more than one: those that made what it has changed as with its own. A removed key may change
    /// nothing any more, and what it changed before counts as it did. With the number of its last delta for which this holds.
    pub fn reached(&self) -> BTreeMap<PeerId, BTreeMap<PeerId, u64>> {
        let found = |key: &PeerId| {
            let found = self.walk(key, |passed, is_heir| is_heir || passed == key || !self.removed.contains(passed));
            found.into_iter().map(|maker| (maker.clone(), u64::MAX)).collect()
        };
        let mut reached: BTreeMap<PeerId, BTreeMap<PeerId, u64>> =
            self.ties.keys().map(|key| (key.clone(), found(key))).collect();
        for ((actor, maker), last) in self.ended.iter().filter(|(_, last)| **last > 0) {
            reached.entry(actor.clone()).or_default().entry(maker.clone()).or_insert(*last);
        }
        reached
    }

    /// Whether both keys claim to be one author's, and neither was removed.
    pub fn are_tied(&self, one: &PeerId, other: &PeerId) -> bool {
        let is_tied = self.ties.get(one).is_some_and(|ties| ties.contains_key(other));
        is_tied && !self.removed.contains(one) && !self.removed.contains(other)
    }

    /// The keys of which an author is made, as whoever acts with `peer` has it, that one among them, in order.
    pub fn keys_of<'a>(&'a self, peer: &'a PeerId) -> BTreeSet<&'a PeerId> {
        let mut keys = self.reach(peer);
        keys.insert(peer);
        keys
    }

    /// What names the author that a key belongs to: the least of the keys that may act in its name, or the key itself where there
    /// is none.
    pub fn author_of<'a>(&'a self, peer: &'a PeerId) -> &'a PeerId {
        let actors = |of: &'a PeerId| self.keys_of(of).into_iter().filter(|key| !self.removed.contains(*key)).min();
        if !self.removed.contains(peer) {
            return actors(peer).unwrap_or(peer);
        }
        // It is its author's still, where one is left.
        let heirs = self.connected(peer).into_iter().filter(|key| self.same_author(key, peer));
        heirs.filter_map(actors).min().unwrap_or(peer)
    }

    /// The keys that made what `actor` may do with as with its own, itself aside.
    fn reach<'a>(&'a self, actor: &'a PeerId) -> BTreeSet<&'a PeerId> {
        if self.removed.contains(actor) {
            return BTreeSet::new();
        }
        self.walk(actor, |key, is_heir| is_heir || !self.removed.contains(key))
    }

    /// All keys that any tie leads to.
    fn connected<'a>(&'a self, peer: &'a PeerId) -> BTreeSet<&'a PeerId> {
        self.walk(peer, |_, _| true)
    }

    /// The keys that ties lead to from one, itself aside, where `passes` says whether a way leads on from a key by a tie.
    fn walk<'a>(&'a self, from: &'a PeerId, passes: impl Fn(&PeerId, bool) -> bool) -> BTreeSet<&'a PeerId> {
        let (mut found, mut next) = (BTreeSet::from([from]), VecDeque::from([from]));
        while let Some(key) = next.pop_front() {
            for (tied, is_heir) in self.ties.get(key).into_iter().flatten() {
                if passes(key, *is_heir) && found.insert(tied) {
                    next.push_back(tied);
                }
            }
        }
        found.remove(from);
        found
    }
}

/// Chains of keys while they are joined: the number of each key's chain, and the keys of each.
#[derive(Default)]
struct Chains<'a> {
    of_keys: BTreeMap<&'a PeerId, usize>,
    keys: BTreeMap<usize, Vec<&'a PeerId>>,
}

impl<'a> Chains<'a> {
    /// Makes one chain of those of two keys; false where it would have more keys than an author may.
    fn join(&mut self, one: &'a PeerId, other: &'a PeerId) -> bool {
        let (one, other) = (self.chain_of(one), self.chain_of(other));
        if one == other {
            return true;
        }
        let count = |chain| self.keys.get(&chain).map_or(0, Vec::len);
        let (counts, both) = ((count(one), count(other)), count(one) + count(other));
        if both > AUTHOR_KEYS_MAX {
            return false;
        }
        let (kept, gone) = if counts.0 >= counts.1 { (one, other) } else { (other, one) };
        let moved = self.keys.remove(&gone).unwrap_or_default();
        for key in &moved {
            self.of_keys.insert(key, kept);
        }
        self.keys.entry(kept).or_default().extend(moved);
        true
    }

    fn chain_of(&mut self, key: &'a PeerId) -> usize {
        let next = self.of_keys.len();
        let chain = *self.of_keys.entry(key).or_insert(next);
        self.keys.entry(chain).or_insert_with(|| vec![key]);
        chain
    }
}

#[cfg(test)]
#[path = "authors_tests.rs"]
mod tests;
