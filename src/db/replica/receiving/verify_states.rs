//! Verifying what a member says outside of the log: states of entries by their contributions, heads by their signatures.
//!
//! A state is taken for what signed postings prove of it. What it holds beyond that can only come from a time before postings had
//! trees: it is taken from those alone who posted at that time, and never in place of anything proven.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::db::records::stored_head::{LEGACY_UNKNOWN, StoredHead};
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::receive::Touched;
use crate::db::state::state::DbState;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::defence::is_down;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{
    Posting, contribution_digest, merge_contributions, merge_into, proven_state, signed_message, signed_posting,
};
use crate::model::{
    Bytes, Contribution, DeltaDigest, FACT_BLOB_HASH, Given, Head, Network, NetworkId, PeerId, PostingProof,
    PublicEntry, State,
};
use crate::store::{Key, KeyRange, Snapshot, decode_contributions, decode_state, posting_place, verify_signature};

/// Heads of one network whose signatures are remembered as verified; more are verified again.
const HEADS_REMEMBERED_MAX: usize = 65_536;
/// Leaves of a posting up to which it is looked for among those that were verified before.
const KNOWN_LEAVES_MAX: u64 = 1024;
/// Bytes of the signature of a head.
const SIGNATURE_BYTES: usize = 64;

/// Entries that a member offers, with what proves them.
#[derive(Clone, Debug, Default)]
pub struct OfferedStates {
    pub entries: Vec<PublicEntry>,
    pub postings: Vec<PostingProof>,
    /// Origins that, by heads that they signed, had not begun to make trees.
    pub legacy: Arc<BTreeSet<PeerId>>,
}

/// Heads that their origins signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedHeads {
    pub heads: Vec<Head>,
    /// Those origins among them whose postings have no trees yet.
    pub legacy: BTreeSet<PeerId>,
    /// Others were among them, that nobody signed.
    pub is_forged: bool,
}

/// Whether the origin signed a head.
pub(crate) fn is_signed(network: &Network, head: &Head) -> bool {
    signed_with_tree(network, head).is_some()
}

/// How an origin signed a head: with a tree or without. `None` where it did not.
pub(crate) fn signed_with_tree(network: &Network, head: &Head) -> Option<bool> {
    let Head { origin, seq, hash, signature } = head;
    let is_over = |message: [u8; 32]| verify_signature(origin, &message, signature);
    if signature.len() != SIGNATURE_BYTES {
        None
    } else if is_over(signed_posting(&network.name, origin, *seq, hash)) {
        Some(true)
    } else {
        is_over(signed_message(&network.name, origin, *seq, hash)).then_some(false)
    }
}

impl Replica {
    /// Those of some heads that their origins signed. A head that was verified before costs nothing.
    ///
    /// # Errors
    /// None today; a head that was not signed is left out.
    pub fn verify_heads(&self, id: NetworkId, heads: Vec<Head>) -> Result<VerifiedHeads> {
        let catalog = self.catalog();
        let Some(network) = catalog.network_by_id(id) else { return Ok(VerifiedHeads::default()) };
        let mut verified = VerifiedHeads::default();
        for head in heads {
            match self.shared().head_is_signed(network, &head) {
                None => verified.is_forged = true,
                Some(has_tree) => {
                    if !has_tree {
                        verified.legacy.insert(head.origin.clone());
                    }
                    verified.heads.push(head);
                }
            }
        }
        Ok(verified)
    }
}

impl DbState {
    /// [`signed_with_tree`], remembered.
    pub fn head_is_signed(&self, network: &Network, head: &Head) -> Option<bool> {
        let place = (network.id, head.origin.clone());
        if let Some((seen, has_tree)) = self.heads_seen.lock().get(&place)
            && seen == head
        {
            return Some(*has_tree);
        }
        let is_believed = is_down("signatures of heads").then_some(true);
        let has_tree = signed_with_tree(network, head).or(is_believed)?;
        let mut seen = self.heads_seen.lock();
        if seen.len() >= HEADS_REMEMBERED_MAX && !seen.contains_key(&place) {
            seen.pop_first();
        }
        seen.insert(place, (head.clone(), has_tree));
        Some(has_tree)
    }
}

/// States that have been verified.
#[derive(Default)]
pub(crate) struct VerifiedStates {
    pub states: Vec<VerifiedState>,
    /// The postings that prove them.
    pub postings: Vec<(PeerId, Posting)>,
    /// Entries of which something is not proven and was left out.
    pub unproven: u64,
    /// What a proof does not fit: nothing is taken then.
    pub forged: Option<&'static str>,
}

/// What of a state may be merged.
pub(crate) struct VerifiedState {
    pub key: Bytes,
    /// What is proven; nothing where its causal length is 0.
    pub proven: State,
    pub contributions: Vec<Contribution>,
    /// All of it, where it holds more, which may come from a time before there were proofs.
    pub legacy: Option<State>,
}

impl VerifiedState {
    /// The state as far as it may be taken.
    pub fn state(&self) -> &State {
        self.legacy.as_ref().unwrap_or(&self.proven)
    }
}

/// Postings by their origins, in order of their last delta: a page of entries can have as many as it has entries.
struct Proofs<'a>(BTreeMap<&'a PeerId, Vec<&'a Posting>>);

impl<'a> Proofs<'a> {
    fn of(postings: &'a [(PeerId, Posting)]) -> Self {
        let mut proofs: BTreeMap<&PeerId, Vec<&Posting>> = BTreeMap::new();
        for (origin, posting) in postings {
            proofs.entry(origin).or_default().push(posting);
        }
        proofs.values_mut().for_each(|postings| postings.sort_by_key(|posting| posting.tree.last()));
        Proofs(proofs)
    }

    /// The leaves of a delta: of several postings where its origin told several stories.
    fn leaves(&self, origin: &PeerId, seq: u64) -> impl Iterator<Item = &DeltaDigest> {
        let postings = self.0.get(origin).map_or(&[][..], Vec::as_slice);
        let from = postings.partition_point(|posting| posting.tree.last() < seq);
        postings.iter().skip(from).filter_map(move |posting| posting.tree.leaf(seq))
    }
}

/// What states are verified against.
pub(crate) struct Verifier<'a> {
    pub snapshot: &'a Snapshot,
    pub network: &'a Network,
    pub collection: &'a str,
}

impl Verifier<'_> {
    /// Verifies offered states; not for an async thread.
    ///
    /// # Errors
    /// `Corrupted` or 22000 for a state that no write makes.
    pub fn verify(&self, offered: OfferedStates) -> Result<VerifiedStates> {
        let mut verified = VerifiedStates::default();
        for proof in offered.postings {
            match self.posting(&proof) {
                Ok(posting) => verified.postings.push((proof.origin, posting)),
                Err(why) => return Ok(VerifiedStates { forged: Some(why), ..VerifiedStates::default() }),
            }
        }
        let proofs = Proofs::of(&verified.postings);
        for entry in offered.entries {
            match self.state(entry, &proofs, &offered.legacy)? {
                Ok((state, is_whole)) => {
                    verified.unproven += u64::from(!is_whole);
                    if state.state().causal_length > 0 {
                        verified.states.push(state);
                    }
                }
                Err(why) => return Ok(VerifiedStates { forged: Some(why), ..VerifiedStates::default() }),
            }
        }
        Ok(verified)
    }

    /// A posting whose tree has the root that its origin signed.
    fn posting(&self, proof: &PostingProof) -> Result<Posting, &'static str> {
        let mut posting = Posting::parse(&proof.record).map_err(|_| "a proof is malformed")?;
        if posting.tree.last() != proof.last || !posting.is_sound() {
            return Err("a proof does not have its root");
        }
        let end = posting.end();
        let place = posting_place(&proof.origin, proof.last, &end.hash);
        // What is kept here was verified when it came; to read a long posting costs more than to verify it once more.
        let known = match posting.tree.count() <= KNOWN_LEAVES_MAX {
            true => self.snapshot.get(&Key::Posting(self.network.id, &place)).ok().flatten(),
            false => None,
        };
        if let Some(signature) = known.and_then(|known| Posting::signature_in(&known, &proof.record)) {
            posting.signature = signature;
            return Ok(posting);
        }
        let message = end.signed_message(&self.network.name, &proof.origin, proof.last);
        match verify_signature(&proof.origin, &message, &end.signature) || is_down("proofs of states") {
            true => Ok(posting),
            false => Err("the signature of a proof is wrong"),
        }
    }

    /// What of a state may be taken, and whether that is all; why it is forged where it is.
    fn state(
        &self,
        entry: PublicEntry,
        proofs: &Proofs<'_>,
        legacy: &BTreeSet<PeerId>,
    ) -> Result<Result<(VerifiedState, bool), &'static str>> {
        let mut state = decode_state(&entry.body)?;
        let given = match entry.contributions.is_empty() {
            true => Ok(Vec::new()),
            false => decode_contributions(&entry.contributions),
        };
        let Ok(mut given) = given else { return Ok(Err("the contributions to an entry are malformed")) };
        if is_down("proofs of states") {
            let taken = VerifiedState { key: entry.key, proven: state, contributions: given, legacy: None };
            return Ok(Ok((taken, true)));
        }
        let mut is_forged = false;
        given.retain(|contribution| {
            let digest = contribution_digest(self.collection, &entry.key, contribution, &state);
            let mut leaves = proofs.leaves(&contribution.origin, contribution.seq).peekable();
            let has_leaves = leaves.peek().is_some();
            let is_proven = digest.as_ref().is_some_and(|digest| leaves.any(|leaf| leaf == digest));
            is_forged |= digest.is_some() && !is_proven && has_leaves;
            is_proven
        });
        if is_forged {
            return Ok(Err("an entry is not what its origin posted"));
        }
        let proven = proven_state(&given, &state);
        if !given.is_empty() {
            // What is proven counts, whatever the state says.
            merge_into(&mut state, proven.clone());
        }
        let is_whole = !given.is_empty()
            && proven.has_fields_of(&state)
            && (proven.causal_length, proven.timestamp) == (state.causal_length, state.timestamp)
            && (&proven.peer_id, &proven.clock) == (&state.peer_id, &state.clock);
        let empty = State::empty(proven.peer_id.clone());
        let contributions = merge_contributions((&given, &proven), (&[], &empty), &proven);
        let is_taken = !is_whole && self.may_be_legacy(&proven, &state, legacy)?;
        let verified = VerifiedState { key: entry.key, proven, contributions, legacy: is_taken.then_some(state) };
        Ok(Ok((verified, is_whole || is_taken)))
    }

    /// Whether what `state` holds beyond what is proven can be of a time before there were proofs.
    fn may_be_legacy(&self, proven: &State, state: &State, legacy: &BTreeSet<PeerId>) -> Result<bool> {
        let unproven = state.fields.iter().filter(|(name, field)| proven.fields.get(*name) != Some(*field));
        let is_last_proven = proven.causal_length == state.causal_length
            && (proven.timestamp, &proven.peer_id) == (state.timestamp, &state.peer_id);
        let last = Some((&state.peer_id, 1)).filter(|_| !is_last_proven);
        let writers = unproven.map(|(_, field)| (&field.stamp.peer_id, 1)).chain(last);
        let counted = state.clock.iter().filter(|(origin, seq)| *seq > proven.clock.get(origin));
        for (origin, seq) in writers.chain(counted) {
            if self.legacy_end_of(origin, legacy)?.is_none_or(|legacy_end| seq > legacy_end) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An origin's last delta without a proof: 0 where all have one, `None` where nothing is known of it.
    fn legacy_end_of(&self, origin: &PeerId, legacy: &BTreeSet<PeerId>) -> Result<Option<u64>> {
        let stored = self.snapshot.get(&Key::Head(self.network.id, origin.as_str()))?;
        let head = stored.map(|bytes| StoredHead::from_bytes(&bytes)).transpose()?;
        match head.filter(|head| head.seq > 0).map(|head| (head.seq, head.legacy_end)) {
            Some((_, Some(LEGACY_UNKNOWN))) | None => {
                let mut postings = self.snapshot.scan(&KeyRange::postings_of(self.network.id, origin));
                if let Some((_, record)) = postings.next()? {
                    return Ok(Some(Posting::parse(record)?.legacy_end));
                }
                Ok(legacy.contains(origin).then_some(u64::MAX))
            }
            Some((_, Some(legacy_end))) => Ok(Some(legacy_end)),
            Some((_, None)) => Ok(Some(u64::MAX)),
        }
    }
}

impl CommitEncoder<'_> {
    /// Merges what of a state has been verified; whether anything was news.
    ///
    /// # Errors
    /// As [`CommitEncoder::merge_public`].
    pub fn merge_verified(
        &mut self,
        network: &Arc<Network>,
        shared_name: &str,
        verified: VerifiedState,
        touched: &mut Touched,
    ) -> Result<bool> {
        let VerifiedState { key, proven, contributions, legacy } = verified;
        let mut is_news = false;
        // A blob that this node posted before it left and came back is one that it gives to others.
        let (me, names_blob) = (self.shared.peer_id(), Given::Live(FACT_BLOB_HASH.to_string()));
        if contributions.iter().any(|given| given.origin == me && given.fields.contains(&names_blob)) {
            self.note_posted_blob(network.id, &proven);
        }
        if proven.causal_length > 0 {
            is_news |= self.merge_public(network, shared_name, &key, (proven, contributions), touched)?;
        }
        let Some(mut state) = legacy else { return Ok(is_news) };
        // Nothing that is proven here gives way to what is not.
        let known = self.proven_here(network, shared_name, &key, touched)?;
        if known.causal_length > 0 && state.causal_length > known.causal_length {
            return Ok(is_news);
        }
        state.fields.retain(|name, _| !known.fields.contains_key(name));
        Ok(self.merge_public(network, shared_name, &key, (state, Vec::new()), touched)? || is_news)
    }

    fn proven_here(&self, network: &Network, shared_name: &str, key: &[u8], touched: &Touched) -> Result<State> {
        let nothing = || State::empty(self.shared.peer_id());
        let Some(attachment) = network.attachment_named(shared_name) else { return Ok(nothing()) };
        if let Some(entry) = touched.get(&(attachment.collection, key.to_vec())) {
            return Ok(entry.proven());
        }
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            return Ok(nothing());
        };
        let states = self.entry_states(&collection, key)?;
        Ok(proven_state(&states.contributions, &states.public))
    }
}

/// What is said of a forged proof.
pub(crate) fn forged_error(why: &str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("a member's entries are refused: {why}"))
}
