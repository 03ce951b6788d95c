//! Proofs of public states, as they are kept: which deltas an entry is made of, and the trees of the postings that those were in.
//!
//! The contributions to an entry lie beside it, written in the batch that changes its public state. Postings are kept apart from
//! the log, which is pruned: as long as an entry needs a delta of theirs, they prove it to others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::db::read::view::ReadView;
use crate::db::replica::handle::Replica;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::Result;
use crate::merge::{Posting, TreeHashes, maker_of};
use crate::model::{Bytes, CollectionId, Contribution, EntryMaker, NetworkId, PeerId, Piece, PostingProof};
use crate::store::{Key, KeyRange, Snapshot, decode_contributions, decode_with_aside, delta_place, posting_place};

/// Postings in which one delta is looked for: more than one cover a number only where an origin told several stories.
const STORIES_MAX: usize = 4;

/// Bytes of a posting from which on a view keeps it at hand: shorter ones are read again as quickly.
const PROVER_BYTES_MIN: usize = 2048;
/// Bytes of all postings that a view keeps at hand, unless one alone has more.
const PROVERS_BYTES_MAX: usize = 8 << 20;

/// Deltas of one posting among those of one page from which on all of its tree goes with that page: the pages behind it need more.
const WHOLE_NEEDED_MIN: usize = 64;
/// Bytes of whole trees that go with one page.
const WHOLE_BYTES_MAX: usize = 4 << 20;

/// Numbers of deltas by origin.
pub(crate) type Numbers = BTreeMap<PeerId, BTreeSet<u64>>;

impl CommitEncoder<'_> {
    /// The deltas that an entry's public state is known to be made of, and those that do not count.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 or 22000 for damaged contributions.
    pub fn contributions_to(&self, id: CollectionId, key: &[u8]) -> Result<(Vec<Contribution>, Vec<Piece>)> {
        let place = (id, key.to_vec());
        let overlay = &self.effects.overlay.contributions;
        if let Some(known) = overlay.get(&place).or_else(|| self.group.overlay.contributions.get(&place)) {
            return known.as_deref().map_or(Ok(Default::default()), decode_with_aside);
        }
        let stored = self.group.snapshot.get(&Key::Contributions(id, key))?;
        stored.map_or(Ok(Default::default()), |bytes| decode_with_aside(&bytes))
    }

    /// Keeps what an entry's public state is made of and what does not count, encoded; forgets both where there is nothing.
    pub fn put_proofs(&mut self, id: CollectionId, key: &[u8], bytes: Option<Vec<u8>>) {
        match &bytes {
            Some(bytes) => self.effects.batch.put(&Key::Contributions(id, key), bytes),
            None => self.effects.batch.delete(&Key::Contributions(id, key)),
        }
        self.effects.overlay.contributions.insert((id, key.to_vec()), bytes.map(Arc::from));
    }

    /// Keeps a posting, or what it knows more than what is kept of it.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged posting in its place.
    pub fn put_posting(&mut self, network: NetworkId, origin: &PeerId, mut posting: Posting) -> Result<()> {
        let place = posting_place(origin, posting.tree.last(), &posting.hash());
        {
            let mut sweeping = self.shared.sweeping.lock();
            sweeping.note_put(network, &place);
            if sweeping.is_whole(network, &place) {
                return Ok(());
            }
        }
        let slot = (network, place.clone());
        let overlay = &self.effects.overlay.postings;
        // Page after page of entries may need one long posting, all of which came with the first of them.
        let parse_part = |bytes: &[u8]| match posting.is_whole_in(bytes) {
            true => Ok(None),
            false => Posting::parse(bytes).map(Some),
        };
        let known = match overlay.get(&slot).or_else(|| self.group.overlay.postings.get(&slot)) {
            Some(known) => known.as_deref().map(parse_part),
            None => self.group.snapshot.get(&Key::Posting(network, &place))?.map(|bytes| parse_part(&bytes)),
        };
        let known = match known.transpose()? {
            Some(None) => {
                if !overlay.contains_key(&slot) && !self.group.overlay.postings.contains_key(&slot) {
                    self.shared.sweeping.lock().note_whole(network, slot.1);
                }
                return Ok(());
            }
            known => known.flatten(),
        };
        if let Some(known) = known.filter(|known| known.is_same_as(&posting)) {
            if posting.tree.is_within(&known.tree) {
                return Ok(());
            }
            posting.tree.join(known.tree);
            // Of what is known the signature was not verified again.
            posting.signature = known.signature;
        }
        let bytes: Arc<[u8]> = posting.to_bytes().into();
        self.effects.batch.put(&Key::Posting(network, &place), &bytes);
        self.effects.overlay.postings.insert(slot, Some(bytes));
        Ok(())
    }
}

impl ReadView {
    /// Who made the present life of a public entry: whose signature covers the delta that began it. `None` where nothing proves
    /// that: of a private entry, and of what was posted before there were proofs.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 or 22000 for damaged contributions.
    pub fn entry_maker(&self, id: CollectionId, key: &[u8]) -> Result<Option<EntryMaker>> {
        let stored = self.snapshot.get(&Key::Contributions(id, key))?;
        let (contributions, _) = stored.map_or(Ok(Default::default()), |bytes| decode_with_aside(&bytes))?;
        Ok(maker_of(&contributions))
    }
}

impl Replica {
    /// [`ReadView::entry_maker`] at this moment.
    ///
    /// # Errors
    /// As [`ReadView::entry_maker`].
    pub fn entry_maker(&self, id: CollectionId, key: &[u8]) -> Result<Option<EntryMaker>> {
        self.view().entry_maker(id, key)
    }
}

/// Adds the deltas of an entry's contributions to those that need a proof; how many there are.
pub(crate) fn note_needed(contributions: &[u8], needed: &mut Numbers) -> Result<usize> {
    if contributions.is_empty() {
        return Ok(0);
    }
    let contributions = decode_contributions(contributions)?;
    let count = contributions.len();
    for Contribution { origin, seq, .. } in contributions {
        needed.entry(origin).or_default().insert(seq);
    }
    Ok(count)
}

/// What proves these deltas, as far as it is here. The view of the snapshot keeps the provers. For who takes everything, page by
/// page, long postings go as a whole with the first page that needs much of them: whoever takes a posting in parts writes all that
/// it knows of it anew with each.
pub(crate) fn proofs_of(
    snapshot: &Snapshot,
    network: NetworkId,
    needed: &Numbers,
    (provers, takes_all): (&mut Provers, bool),
) -> Result<Vec<PostingProof>> {
    let mut proofs = Vec::new();
    let mut whole_bytes = if takes_all { WHOLE_BYTES_MAX } else { 0 };
    for (origin, numbers) in needed {
        let mut numbers: Vec<u64> = numbers.iter().copied().collect();
        while let Some(first) = numbers.first().copied() {
            let mut proven_to = first;
            let from = delta_place(origin, first);
            let mut stored = snapshot.scan(&KeyRange::postings_of(network, origin).from(Bound::Included(&from)));
            let mut stories = 0;
            while stories < STORIES_MAX
                && let Some((place, record)) = stored.next()?
            {
                let (begin, last) = Posting::range_in(record)?;
                if begin > first {
                    break;
                }
                stories += 1;
                proven_to = proven_to.max(last);
                let here = numbers.partition_point(|seq| *seq <= last);
                let is_whole = here >= WHOLE_NEEDED_MIN && record.len() <= whole_bytes && provers.tell_whole(place);
                let record = match is_whole {
                    true => Bytes::new(record),
                    false => Bytes::new(provers.prove(place, record, &numbers)?.to_bytes()),
                };
                whole_bytes = whole_bytes.saturating_sub(if is_whole { record.len() } else { 0 });
                proofs.push(PostingProof { origin: origin.clone(), last, record });
            }
            numbers.drain(..numbers.partition_point(|seq| *seq <= proven_to));
        }
    }
    Ok(proofs)
}

/// The long postings that the pages of one view have been proven from, those used last at the end: reading and hashing them again
/// for each page would cost more than the pages. A view has one snapshot, so that they do not change.
#[derive(Default)]
pub(crate) struct Provers {
    kept: Vec<Prover>,
    /// Places of postings that were told as a whole.
    told: BTreeSet<Vec<u8>>,
}

/// A posting by its place, with what is known of the hashes in its tree.
struct Prover {
    place: Vec<u8>,
    posting: Posting,
    hashes: TreeHashes,
    bytes: usize,
}

impl Provers {
    /// Whether a posting has not been told as a whole; from now on it has.
    fn tell_whole(&mut self, place: &[u8]) -> bool {
        self.told.insert(place.to_vec())
    }

    /// That part of a posting that proves these numbers, which are in order.
    fn prove(&mut self, place: &[u8], record: &[u8], numbers: &[u64]) -> Result<Posting> {
        let mut prover = match self.kept.iter().position(|known| known.place == place) {
            Some(at) => self.kept.remove(at),
            None => {
                let (place, posting) = (place.to_vec(), Posting::parse(record)?);
                Prover { place, posting, hashes: TreeHashes::default(), bytes: record.len() }
            }
        };
        let part = prover.posting.prove_with(numbers, &mut prover.hashes);
        if prover.bytes >= PROVER_BYTES_MIN {
            self.kept.push(prover);
            while self.kept.len() > 1 && self.kept.iter().map(|prover| prover.bytes).sum::<usize>() > PROVERS_BYTES_MAX
            {
                self.kept.remove(0);
            }
        }
        Ok(part)
    }
}
