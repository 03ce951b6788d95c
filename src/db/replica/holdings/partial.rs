//! What a node keeps of a collection that is spread over the members of its network: dropping what others hold, taking in
//! what is read all the same, and remembering whose share lies here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::db::database::Database;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::access_path;
use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::query::{BoundQuery, Target};
use crate::db::read::view::{ReadView, Sought};
use crate::db::records::log_entry::decode_log_entry;
use crate::db::records::peers_status::FETCH_KEYS_MAX;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::public_view::{PublicPage, PublicView, covers};
use crate::db::replica::receiving::receive::Touched;
use crate::db::replica::receiving::verify_run::ReadDelta;
use crate::db::replica::receiving::verify_states::{OfferedStates, VerifiedHeads, VerifiedStates, forged_error};
use crate::db::state::state::DbState;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::feed_draft::ChangeOrigin;
use crate::error::{Absent, Error, ErrorKind, Result};
use crate::model::{
    Buckets, Bytes, Collection, CollectionId, FACT_BLOB_HASH, Head, ListingPage, ListingPlace, Network, NetworkId,
    PeerId, Stage,
};
use crate::settings::Settings;
use crate::store::{
    BlobHash, DeltaBody, Key, KeyRange, Publicity, RecordView, Stored, delta_place, delta_seq, encode_sought,
    is_storable,
};
use crate::types::Value;

/// Entries that are dropped in one commit; fewer in tests, so that few entries take several.
const ENTRIES_PER_STEP: usize = if cfg!(test) { 40 } else { 1_000 };
/// Fetches of one statement that are under way at a time.
const FETCHES_AT_ONCE: usize = 8;
/// Deltas by which a holder may be behind what is here while an entry is fetched from it.
const DELTAS_BEHIND_MAX: u64 = 10_000;

/// Numbers by origin.
type Numbers = BTreeMap<PeerId, u64>;

impl Replica {
    /// The origin whose entries are kept whatever others say that they hold.
    pub(crate) fn kept_own(&self, network: NetworkId) -> Option<PeerId> {
        self.catalog().network_by_id(network).and_then(|network| kept_own(network, self.shared()))
    }

    /// Drops public entries outside of `shares` of which everything that `stable` covers is held by other members. An entry
    /// stays that was edited here, is on the stage, or has its blob here. How many went.
    ///
    /// # Errors
    /// 54000 where they are too many to go at once: none goes then ([`Replica::begin_drop`]).
    pub async fn evict(
        &self,
        network: NetworkId,
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
    ) -> Result<u64> {
        let stable: Arc<Numbers> = Arc::new(stable.into_iter().collect());
        let (view, shared, covered) = (self.public_view(network)?, Arc::clone(self.shared()), Arc::clone(&stable));
        let kept = self.kept_own(network);
        let find = move || {
            let mut found = Vec::new();
            for (name, share) in &shares {
                let keys = view.evictable(name, share, &covered, &shared, kept.as_ref())?;
                found.extend(keys.into_iter().map(|key| (name.clone(), key)));
            }
            Ok::<_, Error>(found)
        };
        let found = tokio::task::spawn_blocking(find)
            .await
            .map_err(|error| Error::internal(format!("looking for entries that others hold stopped: {error}")))??;
        self.begin_drop(network, "copies that others hold", found.len() as u64).await?;
        let mut dropped = 0;
        for step in found.chunks(ENTRIES_PER_STEP) {
            let (step, stable) = (step.to_vec(), Arc::clone(&stable));
            dropped += self
                .queue()
                .encode(move |apply| {
                    let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                    let mut dropped = 0;
                    for (name, key) in &step {
                        dropped += u64::from(apply.evict(&network, name, key, &stable)?);
                    }
                    // Others hold the vectors: their dimension stays.
                    apply.effects.lost_vectors.clear();
                    Ok(dropped)
                })
                .await?;
        }
        Ok(dropped)
    }

    /// Takes in entries that a holder with these heads has sent, or said that it has not, because they are read here. Deltas
    /// that have come here since and that the holder had not applied are merged as well. How many were news.
    ///
    /// # Errors
    /// 55006 where what the holder lacks is not at hand: it has to be asked again. `Corrupted` where what it sent is not proven.
    pub async fn merge_fetched(
        &self,
        network: NetworkId,
        collection: String,
        offered: OfferedStates,
        absent: Vec<Bytes>,
        heads: Vec<Head>,
    ) -> Result<u64> {
        let VerifiedHeads { heads, legacy, .. } = self.verify_heads(network, heads)?;
        let held: Numbers = heads.into_iter().map(|head| (head.origin, head.seq)).collect();
        let verified =
            self.verify_states(network, &collection, OfferedStates { legacy: Arc::new(legacy), ..offered })?;
        if let Some(why) = verified.forged {
            return Err(forged_error(why));
        }
        if verified.unproven > 0 {
            return Err(forged_error("nothing proves them"));
        }
        let VerifiedStates { states, postings, .. } = verified;
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                apply.origin = Some(ChangeOrigin::of_network(&network).fetched());
                let mut touched = Touched::new();
                let mut news = 0;
                let keys: BTreeSet<Bytes> = states.iter().map(|state| &state.key).chain(&absent).cloned().collect();
                for verified in states {
                    if !apply.observe_state(&network, verified.state()) {
                        return Err(Error::new(ErrorKind::ObjectInUse, "an entry was written ahead of the clock here"));
                    }
                    apply.check_key_of(&network, &collection, &verified.key)?;
                    news += u64::from(apply.merge_verified(&network, &collection, verified, &mut touched)?);
                }
                for (origin, posting) in postings {
                    apply.put_posting(network.id, &origin, posting)?;
                }
                let keys: BTreeSet<&[u8]> = keys.iter().map(|key| &**key).collect();
                apply.catch_up(&network, &collection, &keys, &held, &mut touched)?;
                apply.write_touched(&network, touched)?;
                Ok(news)
            })
            .await
    }
}

impl ReadView {
    /// Whether this node holds a share of a collection, so that entries may be elsewhere, and the session wants them.
    fn holds_share(&self, id: CollectionId, settings: &Settings) -> bool {
        let found = self.catalog.network_of(id).filter(|(_, attachment)| attachment.takes());
        found.is_some_and(|(network, _)| network.options.copies().is_some()) && settings.fetches()
    }

    /// Whether what a query names by key is here, or known to be nowhere.
    pub(crate) fn check_held(&self, query: &BoundQuery, plan: &AccessPlan, settings: &Settings) -> Result<()> {
        let id = query.collection.id;
        if !self.holds_share(id, settings) {
            return Ok(());
        }
        let mut named = match &plan.access {
            Access::Keys(keys) => keys.clone(),
            _ if settings.fetches_all() => return self.check_gathered(id),
            _ => Vec::new(),
        };
        if let Some(Target::Entry(id)) = query.nearest.as_ref().map(|nearest| &nearest.target) {
            let mut key = Vec::new();
            encode_sought(std::slice::from_ref(&id.bind(&[])?), &mut key)?;
            named.extend(is_storable(&key).then_some(key));
        }
        self.check_keys(id, named)
    }

    /// [`ReadView::check_held`] of a query that is run later.
    ///
    /// # Errors
    /// [`ErrorKind::NotHeld`] with those entries that other members may hold.
    pub fn check(&self, query: &BoundQuery, settings: &Settings) -> Result<()> {
        if !self.holds_share(query.collection.id, settings) {
            return Ok(());
        }
        self.check_held(query, &access_path::choose(self, query, settings)?, settings)
    }

    /// Whether an entry that a statement names by its key is here, or known to be nowhere.
    ///
    /// # Errors
    /// [`ErrorKind::NotHeld`] where other members may hold it.
    pub fn check_key(&self, collection: &Collection, key: &EntryKey, settings: &Settings) -> Result<()> {
        match self.holds_share(collection.id, settings) {
            true => self.check_keys(collection.id, vec![key.as_bytes().to_vec()]),
            false => Ok(()),
        }
    }

    fn check_keys(&self, id: CollectionId, named: Vec<Vec<u8>>) -> Result<()> {
        let own = self.writes.rows_of(id);
        let mut absent = Vec::new();
        for key in named {
            let is_own = own.is_some_and(|own| own.keys().any(|own| own.as_bytes() == key));
            if is_own || self.snapshot.get(&Key::Entry(id, &key))?.is_some() {
                continue;
            }
            let place = (id.0, key);
            if !self.sought.as_ref().is_some_and(|sought| sought.nowhere.contains(&place)) {
                absent.push(place.1);
            }
        }
        if absent.is_empty() || !self.is_spread(id)? {
            return Ok(());
        }
        Err(Error::not_held(Absent { collection: id.0, keys: Some(absent) }))
    }

    /// Whether all of a collection is here, or was brought here for this statement.
    fn check_gathered(&self, id: CollectionId) -> Result<()> {
        let is_gathered = self.sought.as_ref().is_some_and(|sought| sought.gathered.contains(&id.0));
        if is_gathered || !self.is_spread(id)? {
            return Ok(());
        }
        Err(Error::not_held(Absent { collection: id.0, keys: None }))
    }

    /// Whether other members hold entries of a collection that are not here.
    fn is_spread(&self, id: CollectionId) -> Result<bool> {
        let Some((network, attachment)) = self.catalog.network_of(id) else { return Ok(false) };
        let (id, name) = (network.id, &attachment.shared_name);
        Ok(self.database.placement(id)?.collections.contains(name)
            || self.database.partial_collections(id)?.contains(name))
    }
}

impl Database {
    /// Brings entries that a statement reads and that are not here from the members that hold them; adds to what it has
    /// sought.
    ///
    /// # Errors
    /// 58030 naming who was asked where nobody that may hold one has answered.
    pub async fn fetch_absent(&self, absent: &Absent, sought: &mut Sought) -> Result<()> {
        let collection = CollectionId(absent.collection);
        let catalog = self.catalog();
        let attached =
            catalog.network_of(collection).map(|(network, attachment)| (network.id, &attachment.shared_name));
        let Some(keys) = &absent.keys else {
            if let Some((network, name)) = attached {
                self.gather(network, name, collection).await?;
            }
            sought.gathered.insert(collection.0);
            return Ok(());
        };
        let keys: Vec<Bytes> = keys.iter().map(|key| Bytes::new(key.as_slice())).collect();
        let nowhere = match attached {
            Some((network, name)) => self.fetch_from(network, name, &keys, None).await?,
            None => keys,
        };
        sought.nowhere.extend(nowhere.iter().map(|key| (collection.0, key.to_vec())));
        Ok(())
    }

    /// Brings everything of a collection here that other members hold. It stays for a while, and goes with the next
    /// [`Replica::evict`] after that.
    async fn gather(&self, network: NetworkId, shared_name: &str, collection: CollectionId) -> Result<()> {
        let mut place = ListingPlace::default();
        loop {
            let ListingPage { keys, holder, next } = self.list_keys(network, shared_name, place).await?;
            let view = self.view();
            let absent = move || {
                let is_absent = |key: &Bytes| Ok(view.snapshot.get(&Key::Entry(collection, key))?.is_none());
                keys.into_iter()
                    .filter_map(|key| is_absent(&key).map(|is_absent| is_absent.then_some(key)).transpose())
                    .collect::<Result<Vec<Bytes>>>()
            };
            let absent = tokio::task::spawn_blocking(absent)
                .await
                .map_err(|error| Error::internal(format!("looking for keys stopped: {error}")))??;
            self.fetch_from(network, shared_name, &absent, holder.as_ref()).await?;
            match next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
    }

    /// Fetches any number of entries, `holder` being asked first; the keys of those that there are not.
    async fn fetch_from(
        &self,
        network: NetworkId,
        shared_name: &str,
        keys: &[Bytes],
        holder: Option<&PeerId>,
    ) -> Result<Vec<Bytes>> {
        let mut nowhere = Vec::new();
        for keys in keys.chunks(FETCH_KEYS_MAX * FETCHES_AT_ONCE) {
            let fetches = keys
                .chunks(FETCH_KEYS_MAX)
                .map(|keys| self.fetch_entries(network, shared_name, keys.to_vec(), holder.cloned()));
            nowhere.extend(futures::future::try_join_all(fetches).await?.into_iter().flatten());
        }
        Ok(nowhere)
    }
}

impl PublicView {
    /// The public states of these keys that are here, in the same order, with what proves them.
    ///
    /// # Errors
    /// 42P01 for a collection that is not attached any more; XX001 for a damaged state or proof, 58030 where the store cannot be
    /// read.
    pub fn entries_of(&self, shared_name: &str, keys: &[Bytes]) -> Result<PublicPage> {
        let entries = keys.iter().map(|key| self.entry(shared_name, key));
        let entries: Vec<_> = entries.filter_map(Result::transpose).collect::<Result<_>>()?;
        self.prove(entries)
    }

    /// Keys of public entries that live and fall into some buckets, in order, from behind `after` on, and whether there are
    /// more: at most `count_max`, and about `bytes_max`.
    ///
    /// # Errors
    /// 42P01 for a collection that is not attached any more; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn keys_after(
        &self,
        shared_name: &str,
        within: &Buckets,
        after: Option<&[u8]>,
        (count_max, bytes_max): (usize, usize),
    ) -> Result<(Vec<Bytes>, bool)> {
        let (mut keys, mut bytes) = (Vec::new(), 0);
        let (snapshot, collection) = self.parts(shared_name)?;
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut records = snapshot.scan(&KeyRange::entries(collection.id).from(after).uncached());
        while let Some((key, record)) = records.next()? {
            let record = RecordView::parse(record)?;
            let is_alive = match record.publicity() {
                Publicity::Private => false,
                Publicity::Posted => record.is_alive(),
                // Its public state lies elsewhere; a key too many is no harm.
                Publicity::PostedAndEdited | Publicity::PostedAndReplaced => true,
            };
            if !is_alive || !within.hold(key) {
                continue;
            }
            if keys.len() >= count_max || bytes >= bytes_max {
                return Ok((keys, true));
            }
            bytes += key.len();
            keys.push(Bytes::new(key));
        }
        Ok((keys, false))
    }

    /// Keys of entries that [`Replica::evict`] may drop.
    pub(crate) fn evictable(
        &self,
        shared_name: &str,
        share: &Buckets,
        stable: &Numbers,
        shared: &DbState,
        kept: Option<&PeerId>,
    ) -> Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        let (snapshot, collection) = self.parts(shared_name)?;
        let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
        while let Some((key, bytes)) = records.next()? {
            if !share.hold(key) && is_evictable(&RecordView::parse(bytes)?, stable, shared, kept)? {
                found.push(key.to_vec());
            }
        }
        Ok(found)
    }
}

/// The origin whose entries are kept whatever others say that they hold: this node's own, unless it wants to drop them.
fn kept_own(network: &Network, shared: &DbState) -> Option<PeerId> {
    network.options.keep_own.then(|| shared.identity().peer_id().clone())
}

/// Whether an entry is only what the network knows of it, all of that is stable, and nothing of it lies here alone or was
/// written by `kept`.
fn is_evictable(record: &RecordView<'_>, stable: &Numbers, shared: &DbState, kept: Option<&PeerId>) -> Result<bool> {
    let is_public_alone =
        record.is_alive() && record.publicity() == Publicity::Posted && record.stage() == Stage::Private;
    let clock = record.clock()?;
    if !is_public_alone
        || !covers(stable, &clock)
        || kept.is_some_and(|kept| clock.iter().any(|(origin, _)| origin == kept))
    {
        return Ok(false);
    }
    let Some(Stored::Value(Value::Text(hash))) = record.get(FACT_BLOB_HASH)? else { return Ok(true) };
    // The file of a blob is where it was made: it goes with the last entry here that names it.
    match hash.parse::<BlobHash>() {
        Ok(hash) => Ok(!shared.blobs.is_here(&hash)?),
        Err(_) => Ok(true),
    }
}

impl CommitEncoder<'_> {
    fn evict(&mut self, network: &Network, shared_name: &str, key: &[u8], stable: &Numbers) -> Result<bool> {
        let Some(attachment) = network.attachment_named(shared_name).filter(|attachment| !attachment.detaching) else {
            return Ok(false);
        };
        let Some(collection) = self.current_catalog().collection_by_id(attachment.collection).cloned() else {
            return Ok(false);
        };
        let Some(bytes) = self.current(collection.id, key)? else { return Ok(false) };
        let kept = kept_own(network, self.shared);
        if !is_evictable(&RecordView::parse(&bytes)?, stable, self.shared, kept.as_ref())? {
            return Ok(false);
        }
        self.origin = Some(ChangeOrigin::of_network(network).evicted());
        self.drop_public(network, shared_name, key, stable)
    }

    /// Merges those deltas of some entries that this node has logged and a holder with these heads has not applied.
    fn catch_up(
        &mut self,
        network: &Arc<Network>,
        shared_name: &str,
        keys: &BTreeSet<&[u8]>,
        held: &Numbers,
        touched: &mut Touched,
    ) -> Result<()> {
        let again = || Error::new(ErrorKind::ObjectInUse, "who sent an entry is behind what is known here");
        let snapshot = Arc::clone(&self.group.snapshot);
        for head in crate::db::records::stored_head::heads_in(&snapshot, network.id)? {
            // What came in the present group is not in the snapshot yet.
            let stored = self.head(network, &head.origin)?;
            let known = stored.seq;
            let from = held.get(&head.origin).copied().unwrap_or(0);
            if known > head.seq || head.seq.saturating_sub(from) > DELTAS_BEHIND_MAX {
                return Err(again());
            }
            if from >= head.seq {
                continue;
            }
            let start = delta_place(&head.origin, from);
            let range = KeyRange::deltas_of(network.id, &head.origin).from(Bound::Excluded(&start));
            let mut log = snapshot.scan(&range);
            let mut next = from + 1;
            while next <= head.seq
                && let Some((place, entry)) = log.next()?
            {
                if delta_seq(place) != Some(next) {
                    break;
                }
                let (_, body) = decode_log_entry(entry)?;
                let is_wanted =
                    DeltaBody::parse(body).is_ok_and(|body| body.collection == shared_name && keys.contains(body.key));
                if is_wanted {
                    let delta = ReadDelta::new(&head.origin, next, body, stored.is_proven(next));
                    self.apply_delta(network, &head.origin, delta, touched)?;
                }
                next += 1;
            }
            if next <= head.seq {
                return Err(again());
            }
        }
        Ok(())
    }
}
