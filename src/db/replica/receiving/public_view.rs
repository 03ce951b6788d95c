//! Public states as peers compare them: fingerprints of buckets, digests of entries, the entries themselves.
//!
//! An entry falls into one of 65,536 buckets by the hash of its key. The fingerprint of a bucket is the XOR of its entries'
//! digests, so two peers find what differs by comparing sums, at a cost that grows with the difference (after Meyer,
//! "Range-Based Set Reconciliation", 2023, with ranges of hashes).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::catalog::catalog::Catalog;
use crate::db::records::stored_head::heads_in;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::proofs::{Numbers, Provers, note_needed, proofs_of};
use crate::db::state::state::DbState;
use crate::db::write::commit::entry_states::state_of_record;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::digest;
use crate::model::{
    BUCKETS, Buckets, Bytes, Collection, ColumnId, EntryDigest, Fingerprint, Head, KeyHash, Network, NetworkId, PeerId,
    PostingProof, PublicEntry, State, VectorClock, bucket_of, hash_of_key,
};
use crate::store::{
    Key, KeyRange, Publicity, RecordView, Snapshot, counted_part, decode_state, encode_state, vector_of_bytes,
};

/// Bytes that the proof of a delta takes, about, where few deltas of a posting are asked for.
const PROOF_BYTES: usize = 256;

/// Some public entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicPage {
    pub entries: Vec<PublicEntry>,
    /// What proves them.
    pub postings: Vec<PostingProof>,
    /// The key to go on after; `None` at the end.
    pub next: Option<Bytes>,
}

/// Whether an entry with this encoded key is asked for.
type IsWanted<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// The public states of a network at one moment.
#[derive(Clone)]
pub struct PublicView {
    snapshot: Snapshot,
    catalog: Arc<Catalog>,
    network: Arc<Network>,
    heads: Vec<Head>,
    provers: Arc<Mutex<Provers>>,
}

impl Replica {
    /// A consistent view of a network's public states. It holds a snapshot: keep it briefly.
    ///
    /// # Errors
    /// 42704 when the network is gone.
    pub fn public_view(&self, id: NetworkId) -> Result<PublicView> {
        let view = self.view();
        let network = view
            .catalog
            .network_by_id(id)
            .cloned()
            .ok_or_else(|| Error::new(ErrorKind::UndefinedObject, "the network does not exist any more"))?;
        let heads = heads_in(&view.snapshot, id)?;
        Ok(PublicView {
            snapshot: (*view.snapshot).clone(),
            catalog: view.catalog,
            network,
            heads,
            provers: Arc::default(),
        })
    }
}

impl PublicView {
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The names that attached collections have in the network.
    pub fn collections(&self) -> Vec<String> {
        let attached = self.network.attachments.iter().filter(|attachment| attachment.is_shown());
        attached.map(|attachment| attachment.shared_name.clone()).collect()
    }

    /// The fingerprints of all buckets. One scan: not for an async thread.
    ///
    /// # Errors
    /// 42P01 for a collection that is not attached any more; XX001 or 22000 for a damaged entry, XX000 for a public state or
    /// vector that is missing; 58030 where the store cannot be read.
    pub fn fingerprints(&self, collection: &str) -> Result<Vec<Fingerprint>> {
        let mut fingerprints = vec![Fingerprint::default(); BUCKETS];
        self.visit_after(collection, None, None, &mut |key, state| {
            let (bucket, _, digest) = identify(key, &state);
            if let Some(fingerprint) = fingerprints.get_mut(usize::from(bucket)) {
                xor(fingerprint, &digest);
            }
            Ok(true)
        })?;
        Ok(fingerprints)
    }

    /// The entries of some buckets by what they are compared with, in order of key from behind the first end of `range` up to
    /// and with the second, at most `count_max`, and whether there are more.
    ///
    /// # Errors
    /// As [`PublicView::fingerprints`].
    pub fn digests_in(
        &self,
        collection: &str,
        buckets: &Buckets,
        (after, until): (Option<&[u8]>, Option<&[u8]>),
        count_max: usize,
    ) -> Result<(Vec<EntryDigest>, bool)> {
        let mut digests = Vec::new();
        let mut is_more = false;
        let is_wanted = |key: &[u8]| until.is_some_and(|until| key > until) || buckets.hold(key);
        self.visit_after(collection, after, Some(&is_wanted), &mut |key, state| {
            if until.is_some_and(|until| key > until) {
                return Ok(false);
            }
            if digests.len() >= count_max {
                is_more = true;
                return Ok(false);
            }
            let (bucket, key_hash, digest) = identify(key, &state);
            let clock = state.clock.iter().map(|(peer, seq)| (peer.clone(), seq)).collect();
            digests.push(EntryDigest { bucket, key_hash, digest, key: Bytes::new(key), clock });
            Ok(true)
        })?;
        Ok((digests, is_more))
    }

    /// Entries of some buckets in order of key, at most about `bytes_max` (at least one), and the key to go on after; `None`
    /// at the end.
    ///
    /// # Errors
    /// As [`PublicView::fingerprints`]; XX001 for damaged contributions and postings.
    pub fn entries_after(
        &self,
        collection: &str,
        within: &Buckets,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<PublicPage> {
        self.page(collection, &|key| within.hold(key), after, (usize::MAX, bytes_max, true))
    }

    /// As [`PublicView::entries_after`], of those whose keys have these hashes. Ends where all are found.
    ///
    /// # Errors
    /// As [`PublicView::entries_after`].
    pub fn entries_with(
        &self,
        collection: &str,
        key_hashes: &[KeyHash],
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<PublicPage> {
        let wanted: HashSet<KeyHash> = key_hashes.iter().copied().collect();
        self.page(collection, &|key| wanted.contains(&hash_of_key(key)), after, (wanted.len(), bytes_max, false))
    }

    fn page(
        &self,
        collection: &str,
        wanted: &IsWanted<'_>,
        after: Option<&[u8]>,
        (count_max, bytes_max, takes_all): (usize, usize, bool),
    ) -> Result<PublicPage> {
        let id = self.collection(collection)?.id;
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut proofs = self.snapshot.scan(&KeyRange::contributions(id).from(from).uncached());
        let mut entries = Vec::new();
        let mut needed = Numbers::new();
        let mut bytes = 0;
        let mut is_more = false;
        self.visit_after(collection, after, Some(wanted), &mut |key, state| {
            if bytes >= bytes_max {
                is_more = true;
                return Ok(false);
            }
            let contributions = Bytes::new(counted_part(proofs.find(key)?.unwrap_or_default())?);
            let entry = PublicEntry { key: Bytes::new(key), body: Bytes::new(encode_state(&state)?), contributions };
            let proofs = note_needed(&entry.contributions, &mut needed)?;
            bytes += entry.key.len() + entry.body.len() + entry.contributions.len() + proofs * PROOF_BYTES;
            entries.push(entry);
            Ok(entries.len() < count_max)
        })?;
        let next = entries.last().map(|entry| entry.key.clone()).filter(|_| is_more);
        let postings = self.proofs_of(&needed, takes_all)?;
        Ok(PublicPage { entries, postings, next })
    }

    fn proofs_of(&self, needed: &Numbers, takes_all: bool) -> Result<Vec<PostingProof>> {
        proofs_of(&self.snapshot, self.network.id, needed, (&mut self.provers.lock(), takes_all))
    }

    /// Adds to entries what proves them.
    pub(crate) fn prove(&self, entries: Vec<PublicEntry>) -> Result<PublicPage> {
        let mut needed = Numbers::new();
        for entry in &entries {
            note_needed(&entry.contributions, &mut needed)?;
        }
        let postings = self.proofs_of(&needed, false)?;
        Ok(PublicPage { entries, postings, next: None })
    }

    /// Each tombstone whose deltas are all covered by `stable`.
    pub(crate) fn collectable(&self, stable: &BTreeMap<PeerId, u64>) -> Result<Vec<(String, Vec<u8>)>> {
        let mut found = Vec::new();
        for name in self.collections() {
            let collection = self.collection(&name)?;
            let mut records = self.snapshot.scan(&KeyRange::entries(collection.id).uncached());
            while let Some((key, bytes)) = records.next()? {
                let record = RecordView::parse(bytes)?;
                let is_collectable = match record.publicity() {
                    Publicity::Private => false,
                    Publicity::Posted => !record.is_alive() && covers(stable, &record.clock()?),
                    Publicity::PostedAndEdited | Publicity::PostedAndReplaced => {
                        let public = self.public_copy(collection, key)?;
                        !public.is_alive() && covers(stable, &public.clock)
                    }
                };
                if is_collectable {
                    found.push((name.clone(), key.to_vec()));
                }
            }
        }
        Ok(found)
    }

    /// The snapshot and an attached collection.
    pub(crate) fn parts(&self, shared_name: &str) -> Result<(&Snapshot, &Arc<Collection>)> {
        Ok((&self.snapshot, self.collection(shared_name)?))
    }

    /// The public state of one entry.
    pub(crate) fn entry(&self, shared_name: &str, key: &[u8]) -> Result<Option<PublicEntry>> {
        let collection = self.collection(shared_name)?;
        let Some(bytes) = self.snapshot.get(&Key::Entry(collection.id, key))? else { return Ok(None) };
        let record = RecordView::parse(&bytes)?;
        if record.publicity() == Publicity::Private {
            return Ok(None);
        }
        let state = self.public_state(collection, key, &record, &mut |column| {
            let place = Key::Vector(collection.id, column, key);
            self.snapshot.get(&place)?.map(|bytes| vector_of_bytes(&bytes)).transpose()
        })?;
        let contributions = self.snapshot.get(&Key::Contributions(collection.id, key))?;
        let contributions = Bytes::new(counted_part(contributions.as_deref().unwrap_or_default())?);
        Ok(Some(PublicEntry { key: Bytes::new(key), body: Bytes::new(encode_state(&state)?), contributions }))
    }

    /// `vector` reads the components of a vector column.
    fn public_state(
        &self,
        collection: &Collection,
        key: &[u8],
        record: &RecordView<'_>,
        vector: &mut dyn FnMut(ColumnId) -> Result<Option<Arc<[f32]>>>,
    ) -> Result<State> {
        if record.publicity() == Publicity::Posted {
            return state_of_record(collection, record, vector);
        }
        self.public_copy(collection, key)
    }

    fn public_copy(&self, collection: &Collection, key: &[u8]) -> Result<State> {
        match self.snapshot.get(&Key::Public(collection.id, key))? {
            Some(copy) => decode_state(&copy),
            None => Err(Error::internal("the public state of an edited entry is missing")),
        }
    }

    fn collection(&self, shared_name: &str) -> Result<&Arc<Collection>> {
        let gone = || Error::new(ErrorKind::UndefinedTable, format!("\"{shared_name}\" is not attached any more"));
        let attachment = self.network.attachment_named(shared_name).ok_or_else(gone)?;
        self.catalog.collection_by_id(attachment.collection).ok_or_else(gone)
    }

    /// Calls `visit` with each public state behind a key, until it says no.
    fn visit_after(
        &self,
        shared_name: &str,
        after: Option<&[u8]>,
        wanted: Option<&IsWanted<'_>>,
        visit: &mut dyn FnMut(&[u8], State) -> Result<bool>,
    ) -> Result<()> {
        let collection = self.collection(shared_name)?;
        let after = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut records = self.snapshot.scan(&KeyRange::entries(collection.id).from(after).uncached());
        // Vectors lie in the order of their entries: walking along costs less than looking each one up.
        let mut vectors = BTreeMap::new();
        for position in collection.vector_columns() {
            let column = collection.column_id(position)?;
            let range = KeyRange::vectors(collection.id, column).from(after).uncached();
            vectors.insert(column, self.snapshot.scan(&range));
        }
        while let Some((key, bytes)) = records.next()? {
            let record = RecordView::parse(bytes)?;
            if record.publicity() == Publicity::Private || wanted.is_some_and(|wanted| !wanted(key)) {
                continue;
            }
            let state = self.public_state(collection, key, &record, &mut |column| {
                let Some(vectors) = vectors.get_mut(&column) else { return Ok(None) };
                vectors.find(key)?.map(vector_of_bytes).transpose()
            })?;
            if !visit(key, state)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether every delta that a clock counts is among those of `stable`.
pub(crate) fn covers(stable: &BTreeMap<PeerId, u64>, clock: &VectorClock) -> bool {
    clock.iter().all(|(peer, seq)| stable.get(peer).is_some_and(|known| *known >= seq))
}

fn identify(key: &[u8], state: &State) -> (u16, KeyHash, Fingerprint) {
    let hash = hash_of_key(key);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&digest(state)).update(key);
    let digest = hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default();
    (bucket_of(&hash), hash, digest)
}

fn xor(sum: &mut Fingerprint, digest: &Fingerprint) {
    for (byte, other) in sum.iter_mut().zip(digest) {
        *byte ^= other;
    }
}

impl DbState {
    /// Heads of a network now.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn heads(&self, network: NetworkId) -> Result<Vec<Head>> {
        heads_in(&self.store.snapshot(), network)
    }
}
