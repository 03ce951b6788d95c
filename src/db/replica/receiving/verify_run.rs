//! Verifying a run of one origin's deltas: numbers, hash chain, trees and signature, before anything of it is taken.
//!
//! Each delta is read once: for its leaf in the tree of its posting, and for what is merged of it later.

use std::sync::Arc;

use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::stored_head::{LEGACY_UNKNOWN, StoredHead};
use crate::db::write::commit::encoder::CommitEncoder;
use crate::defence::is_down;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{Posting, PostingEnd, PostingTree, chain_fold, chain_next, delta_digest, unreadable_digest};
use crate::model::{ChainHash, Delta, DeltaDigest, Network, PeerId, Run, State, Verdict};
use crate::store::{DeltaBody, KeyRange, decode_state, delta_place, delta_seq, verify_signature};

/// The end of a posting in a run: its signature covers everything up to `seq`.
pub(crate) struct End {
    pub seq: u64,
    pub end: PostingEnd,
}

impl End {
    pub fn is_signed(&self, network: &Network, origin: &PeerId) -> bool {
        let message = self.end.signed_message(&network.name, origin, self.seq);
        verify_signature(origin, &message, &self.end.signature)
    }
}

/// A delta that has been read.
pub(crate) struct ReadDelta<'a> {
    pub seq: u64,
    /// Of whose entry it is, and what it says; its clock is its number.
    pub read: Result<(DeltaBody<'a>, State)>,
    /// The tree of its posting covers it.
    pub is_proven: bool,
}

impl<'a> ReadDelta<'a> {
    pub fn new(origin: &PeerId, seq: u64, body: &'a [u8], is_proven: bool) -> ReadDelta<'a> {
        ReadDelta { seq, read: decode_delta(origin, seq, body), is_proven }
    }

    fn digest(&self, body: &[u8]) -> DeltaDigest {
        match &self.read {
            Ok((place, state)) => delta_digest(place.collection, place.key, state, place.begins),
            Err(_) => unreadable_digest(body),
        }
    }
}

/// A run whose chain and trees fit.
pub(crate) struct CheckedRun<'a> {
    /// The end of the last complete posting.
    pub end: Option<End>,
    /// The hash at the end of the run.
    pub tail_hash: ChainHash,
    /// The deltas of complete postings, those included that had waited in the log.
    pub deltas: Vec<ReadDelta<'a>>,
    /// Those of the complete postings that have trees.
    pub postings: Vec<Posting>,
}

impl CheckedRun<'_> {
    /// Leaves out what comes behind a number, at which a posting ends.
    pub fn cut(&mut self, seq: u64) {
        self.deltas.truncate(self.deltas.partition_point(|delta| delta.seq <= seq));
        self.postings.retain(|posting| posting.tree.last() <= seq);
    }
}

/// A delta of a posting that waits for its end, by number.
pub(crate) type WaitingDeltas = (u64, Vec<u8>);

/// Follows the chain over fresh deltas and verifies the last signature, which covers all before it.
pub(crate) fn check_run<'a>(
    network: &Network,
    origin: &PeerId,
    before: &StoredHead,
    waiting: &'a [WaitingDeltas],
    fresh: &'a [Delta],
) -> Result<CheckedRun<'a>, Verdict> {
    let forged = |reason: &str| Verdict::Forged { reason: reason.to_string() };
    let complete = fresh.iter().rposition(|delta| delta.signature.is_some()).map_or(0, |position| position + 1);
    let mut chain = Chain { hash: before.received_hash, legacy_end: before.legacy_end, ..Chain::default() };
    let mut run = CheckedRun { end: None, tail_hash: before.received_hash, deltas: Vec::new(), postings: Vec::new() };
    for (seq, body) in waiting {
        chain.read(&mut run.deltas, ReadDelta::new(origin, *seq, body, false), body);
    }
    let mut seq = before.received;
    for (position, delta) in fresh.iter().enumerate() {
        seq += 1;
        if delta.seq != seq {
            return Err(forged("the deltas of a run are not numbered one after the other"));
        }
        if position < complete {
            chain.read(&mut run.deltas, ReadDelta::new(origin, seq, &delta.body, false), &delta.body);
        }
        chain.hash = chain_next(&chain.hash, seq, delta.signature.is_some(), &delta.body);
        let Some(signature) = &delta.signature else { continue };
        let Some(end) = PostingEnd::parse(signature) else {
            return Err(forged("the signature of a posting has the wrong length"));
        };
        let here = End { seq, end };
        let posting = match chain.close(&end, &mut run.deltas) {
            Ok(posting) => posting,
            // Behind what somebody else has made up nothing fits; the origin's signature tells.
            Err(_) if !waiting.is_empty() && here.is_signed(network, origin) => return Err(Verdict::Fork { seq }),
            Err(why) => return Err(forged(why)),
        };
        if end.hash != chain.hash {
            // Signed by the origin all the same: then it is the origin that tells two stories.
            let is_story = here.is_signed(network, origin);
            return Err(if is_story { Verdict::Fork { seq } } else { forged("wrong hash") });
        }
        run.postings.extend(posting);
        run.end = Some(here);
    }
    run.tail_hash = chain.hash;
    match &run.end {
        Some(end) if !end.is_signed(network, origin) => Err(forged("the signature of a posting is wrong")),
        _ => Ok(run),
    }
}

/// Where the check of a run stands.
#[derive(Default)]
struct Chain {
    hash: ChainHash,
    legacy_end: Option<u64>,
    /// Of the posting that has not ended: the number of its first delta, and its leaves.
    first: u64,
    leaves: Vec<DeltaDigest>,
}

impl Chain {
    fn read<'a>(&mut self, deltas: &mut Vec<ReadDelta<'a>>, delta: ReadDelta<'a>, body: &[u8]) {
        if self.leaves.is_empty() {
            self.first = delta.seq;
        }
        self.leaves.push(delta.digest(body));
        deltas.push(delta);
    }

    /// Takes in the end of a posting; what is wrong with it where it does not fit.
    fn close(&mut self, end: &PostingEnd, deltas: &mut [ReadDelta<'_>]) -> Result<Option<Posting>, &'static str> {
        let leaves = std::mem::take(&mut self.leaves);
        let known = self.legacy_end;
        let Some(legacy_end) = end.legacy_end else {
            return match known {
                None => Ok(None),
                Some(_) => Err("a posting has no tree although its origin has begun to make them"),
            };
        };
        let is_elsewhere = known.is_none() && legacy_end.checked_add(1) != Some(self.first);
        if is_elsewhere || known.is_some_and(|known| known != legacy_end && known != LEGACY_UNKNOWN) {
            return Err("a posting says that its origin began to make trees elsewhere");
        }
        let (first, count) = (self.first, leaves.len());
        let tree = PostingTree::new(first, leaves).filter(|_| first > legacy_end).ok_or("a posting has no deltas")?;
        let (link, root) = (self.hash, tree.root());
        self.hash = chain_fold(&link, (first, tree.last()), legacy_end, &root);
        self.legacy_end = Some(legacy_end);
        deltas.iter_mut().rev().take(count).for_each(|delta| delta.is_proven = true);
        Ok(Some(Posting { legacy_end, link, root, signature: end.signature, tree }))
    }
}

/// Ends of postings that one thread verifies: some milliseconds.
const ENDS_PER_THREAD: usize = 128;
/// Threads that verify the ends of one run, at most.
const THREADS_MAX: usize = 4;

/// Whether the origin signed every end of a posting in a run. The last signature alone would cover the deltas, but each is kept
/// as the proof of its posting: one that does not hold would make whoever passes it on look like the forger. Verifying takes its time:
/// not for an async thread.
pub(crate) fn are_ends_signed(network: &Network, run: &Run) -> bool {
    let is_signed = |(seq, bytes): &(u64, &[u8])| {
        PostingEnd::parse(bytes).is_some_and(|end| End { seq: *seq, end }.is_signed(network, &run.origin))
    };
    let ends: Vec<(u64, &[u8])> =
        run.deltas.iter().filter_map(|delta| Some((delta.seq, delta.signature.as_deref()?))).collect();
    if is_down("ends inside of runs") {
        return true;
    }
    if ends.len() <= ENDS_PER_THREAD {
        return ends.iter().all(is_signed);
    }
    std::thread::scope(|scope| {
        let parts = ends.chunks(ends.len().div_ceil(THREADS_MAX).max(ENDS_PER_THREAD));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().all(is_signed))).collect();
        threads.into_iter().all(|thread| thread.join().unwrap_or(false))
    })
}

/// The end of the last complete posting among deltas whose chain was checked.
pub(crate) fn last_end(deltas: &[Delta], is_checked: bool) -> Option<End> {
    let position = deltas.iter().rposition(|delta| delta.signature.is_some()).filter(|_| is_checked)?;
    let delta = deltas.get(position)?;
    Some(End { seq: delta.seq, end: PostingEnd::parse(delta.signature.as_deref()?)? })
}

/// A delta's parts; its clock is the number that it came under.
fn decode_delta<'a>(origin: &PeerId, seq: u64, body: &'a [u8]) -> Result<(DeltaBody<'a>, State)> {
    let body = DeltaBody::parse(body)?;
    let mut state = decode_state(body.state)?;
    state.clock = [(origin.clone(), seq)].into_iter().collect();
    Ok((body, state))
}

impl CommitEncoder<'_> {
    /// The deltas of a posting that wait in the log for its end.
    ///
    /// # Errors
    /// 55006 where the first of them came in this very group; 58030 where the store cannot be read, XX001 for a damaged log.
    pub fn waiting(&self, network: &Network, origin: &PeerId, before: &StoredHead) -> Result<Vec<WaitingDeltas>> {
        let mut waiting = Vec::new();
        if before.received == before.seq {
            return Ok(waiting);
        }
        let snapshot = Arc::clone(&self.group.snapshot);
        let start = delta_place(origin, before.seq);
        let range = KeyRange::deltas_of(network.id, origin).from(std::ops::Bound::Excluded(&start));
        let mut log = snapshot.scan(&range);
        let mut next = before.seq + 1;
        while next <= before.received
            && let Some((place, entry)) = log.next()?
        {
            if delta_seq(place) != Some(next) {
                break;
            }
            let (_, body) = decode_log_entry(entry)?;
            waiting.push((next, body.to_vec()));
            next += 1;
        }
        if next <= before.received {
            // The first part came in this very group: it is not in the snapshot yet.
            return Err(Error::new(ErrorKind::ObjectInUse, "the beginning of a posting is being written"));
        }
        Ok(waiting)
    }
}
