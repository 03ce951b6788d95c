//! Carries an engine's [`EngineWork`] out on a database.
//!
//! One executor serves one network. Work is synchronous and may take its time: it belongs on blocking threads. Several
//! pieces of work may run side by side; the engine orders those that must not.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::db::{
    CharterNews, DrawnEntries, EpochSecret, OfferedStates, OwnChain, PublicPage, PublicView, Replica, ShapeClaim,
    SharedColumn, SharedSchema,
};
use crate::defence::is_down;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AdoptedHeads, Adoption, Applied, Buckets, Bytes, CollectionKind, EntryDigest, Head, HeadAdoption, KeyHash,
    NetworkId, PeerId, Placement, Verdict,
};
use crate::store::verify_signature;
use crate::sync::engine::Tuning;
use crate::sync::engine::io::{
    Drawn, DrawnEntry, EngineConfig, EngineOffer, EngineOutcome, EngineView, EngineWork, Member, MergedSchema, OwnHead,
};
use crate::sync::protocol::message::{ClaimedShape, CollectionSchema, ColumnSchema, EpochKey, EpochNews, WireSecret};
use crate::sync::protocol::statement::{MemberStatement, Signed};
use {EngineOutcome as Outcome, EngineWork as Work};

/// Views pinned for peers that reconcile; the oldest goes for one more.
pub const VIEWS_MAX: usize = 4;
/// A pinned view keeps old versions of entries on the disk: none is kept longer.
pub const VIEW_AGE_MAX: Duration = Duration::from_secs(1_800);
/// Names of the records of members, as `db` reads them.
const MEMBER: &str = "member/";
/// Longest record of a member, in bytes; without room for what it has acknowledged, that is left out.
const MEMBER_BYTES_MAX: usize = 512 * 1024;
/// How often something is tried again when somebody else changes the catalog at the same moment.
const TRIES_MAX: usize = 8;

/// Does the work of one network's engine.
pub struct Executor {
    replica: Replica,
    network: NetworkId,
    views: Mutex<BTreeMap<PeerId, Pinned>>,
}

/// Entries that a peer asks for.
enum Chosen<'a> {
    Hashes(&'a [KeyHash]),
    Within(&'a Buckets),
}

/// A view that a peer's questions are answered from.
struct Pinned {
    view: PublicView,
    opened: Instant,
}

impl Executor {
    pub fn new(replica: Replica, network: NetworkId) -> Executor {
        Executor { replica, network, views: Mutex::default() }
    }

    /// What an engine of this network has to know of it now.
    ///
    /// # Errors
    /// 42704 when the network is gone.
    pub fn config(&self, tuning: Tuning, seed: u64) -> Result<EngineConfig> {
        let catalog = self.replica.catalog();
        let network = catalog.network_by_id(self.network).ok_or_else(gone)?;
        let attached = network.attachments.iter().filter(|attachment| attachment.is_shown());
        let collections = attached.filter_map(|attachment| {
            let collection = catalog.collection_by_id(attachment.collection)?;
            let columns = collection.columns.iter().map(|column| ColumnSchema {
                name: column.field.clone(),
                type_name: column.ty.to_string(),
                not_null: column.not_null,
            });
            Some(CollectionSchema {
                name: attachment.shared_name.clone(),
                is_table: collection.kind == CollectionKind::Table,
                columns: columns.collect(),
                primary_key: collection.primary_key.iter().filter_map(|place| u16::try_from(*place).ok()).collect(),
            })
        });
        let placement = self.replica.placement(self.network)?;
        let mut partial = self.replica.partial_collections(self.network)?;
        let this = self.replica.peer_id();
        if !placement.covers_share_of(&this, network.options.copies(), &network.removed) {
            // What lies here is the share of another id, or too small a one.
            let known = partial.clone();
            partial.extend(placement.collections.iter().filter(|name| !known.contains(name)).cloned());
        }
        let says = network.standing();
        Ok(EngineConfig {
            is_owner: says.owners.contains(&this),
            this,
            network: self.network,
            options: network.options.clone(),
            epoch: network.epoch,
            removed: network.removed.clone(),
            charter: network.charter_digest(),
            excused: says.excused,
            awaits_founder: network.founder.is_some() && network.charter.is_none(),
            collections: collections.collect(),
            shapes: self.shapes()?,
            partial,
            placement,
            is_returning: self.replica.is_returning(self.network)?,
            tuning,
            seed,
        })
    }

    /// The heads that an engine starts with.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged head.
    pub fn heads(&self) -> Result<Vec<Head>> {
        self.replica.heads(self.network)
    }

    /// The members that an engine starts with. A record that cannot be read is left out: members are met again.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged block.
    pub fn members(&self) -> Result<Vec<Member>> {
        let records = self.replica.sync_records(self.network, MEMBER)?;
        Ok(records.iter().filter_map(|(_, json)| serde_json::from_slice(json).ok()).collect())
    }

    /// Does one piece of work. Must not be called on an async thread.
    pub fn run(&self, work: EngineWork) -> EngineOutcome {
        let (replica, network) = (&self.replica, self.network);
        match work {
            Work::Post => Outcome::Posted(wait(replica.post_staged(network))),
            Work::ReadLog { origin, from_seq, bytes_max } => {
                Outcome::LogRead(replica.read_log(network, &origin, from_seq, bytes_max))
            }
            Work::Apply { run, shares } => {
                Outcome::Applied(wait(replica.apply_run(network, run, shares)).inspect(tell_refused))
            }
            Work::DropUnsigned { origin } => Outcome::UnsignedDropped(wait(replica.drop_unsigned(network, origin))),
            Work::OpenView { peer } => Outcome::ViewOpened(self.open_view(peer)),
            Work::CloseView { peer } => {
                self.views.lock().remove(&peer);
                Outcome::ViewClosed
            }
            Work::Fingerprints { view, collection } => {
                Outcome::Fingerprints(self.view_of(view.as_ref()).and_then(|view| view.fingerprints(&collection)))
            }
            Work::DigestsIn { view, collection, buckets, after, until, count_max } => {
                let range = (after.as_deref(), until.as_deref());
                Outcome::Digests(self.digests(view.as_ref(), &collection, &buckets, range, count_max))
            }
            Work::Entries { view, collection, key_hashes, within, after, bytes_max } => {
                let chosen = key_hashes.as_deref().map_or(Chosen::Within(&within), Chosen::Hashes);
                Outcome::Entries(self.entries(&view, &collection, &chosen, after.as_deref(), bytes_max))
            }
            Work::MergeStates { collection, offer, legacy, is_partial } => {
                let offered = OfferedStates { legacy, ..to_database(offer) };
                Outcome::Merged(wait(replica.merge_states(network, collection, offered, is_partial)))
            }
            Work::VerifyHeads { heads } => Outcome::HeadsVerified(replica.verify_heads(network, heads)),
            Work::DropCollected { collection, keys, heads } => {
                Outcome::Dropped(wait(replica.drop_collected(network, collection, keys, heads)))
            }
            Work::Repost { collection, keys } => Outcome::Reposted(wait(replica.repost(network, collection, keys))),
            Work::AdoptHeads { adoption, placement, ends_return } => {
                Outcome::HeadsAdopted(self.adopt_heads(adoption, placement.as_ref(), ends_return))
            }
            Work::CollectTombstones { stable } => Outcome::Collected(wait(replica.collect_tombstones(network, stable))),
            Work::Place { placement } => Outcome::Placed(wait(replica.put_placement(network, &placement))),
            Work::Draw { shares, stable, seed, count_max } => {
                let drawn = wait(replica.draw_evictable(network, shares, stable, seed, count_max));
                Outcome::Drawn(drawn.map(drawn_of))
            }
            Work::Evict { shares, stable } => Outcome::Evicted(wait(replica.evict(network, shares, stable))),
            Work::ReadEntries { collection, keys } => Outcome::EntriesRead(self.read_entries(&collection, &keys)),
            Work::ListKeys { collection, within, after, count_max, bytes_max } => {
                let limits = (count_max, bytes_max);
                let view = replica.public_view(network);
                Outcome::KeysListed(
                    view.and_then(|view| view.keys_after(&collection, &within, after.as_deref(), limits)),
                )
            }
            Work::MergeFetched { collection, offer, absent, heads } => {
                let offered = to_database(offer);
                Outcome::FetchMerged(wait(replica.merge_fetched(network, collection, offered, absent, heads)))
            }
            Work::PruneLog { acknowledged } => Outcome::Pruned(wait(replica.prune_log(network, acknowledged))),
            Work::SaveMembers(members) => Outcome::MembersSaved(self.save_members(members)),
            Work::Sign { statement } => Outcome::Signed(self.sign(&statement)),
            Work::Verify { signed } => Outcome::Verified(self.verify(&signed)),
            Work::ReadEpoch => Outcome::EpochRead(self.read_epoch()),
            Work::SaveEpoch { news } => Outcome::EpochSaved(self.save_epoch(&news)),
            Work::CheckOwnHead { head } => Outcome::OwnHeadChecked(self.check_own_head(&head)),
            Work::RenewEarly => Outcome::EarlyRenewed(wait(replica.renew_early_origin())),
            Work::CallBack { peer } => Outcome::CalledBack(wait(replica.call_back(network, &peer))),
            Work::MergeSchema { collections, shapes } => Outcome::SchemaMerged(self.merge_schema(collections, shapes)),
        }
    }

    fn merge_schema(&self, collections: Vec<CollectionSchema>, shapes: Vec<ClaimedShape>) -> Result<MergedSchema> {
        let (replica, network) = (&self.replica, self.network);
        wait(replica.learn_shapes(network, shapes.into_iter().map(shape_to_database).collect()))?;
        let schemas: Vec<SharedSchema> = collections.into_iter().map(schema_to_database).collect();
        let differences = wait(replica.merge_schemas(network, &schemas))?;
        Ok(MergedSchema { differences, shapes: self.shapes()? })
    }

    fn shapes(&self) -> Result<Vec<ClaimedShape>> {
        let claims = self.replica.shape_claims(self.network)?;
        Ok(claims.into_iter().map(shape_from_database).collect())
    }

    fn read_entries(&self, collection: &str, keys: &[Bytes]) -> Result<(Vec<Head>, EngineOffer)> {
        let view = self.replica.public_view(self.network)?;
        Ok((view.heads().to_vec(), offer_of(view.entries_of(collection, keys)?).0))
    }

    fn open_view(&self, peer: PeerId) -> Result<EngineView> {
        let view = self.replica.public_view(self.network)?;
        let shown = EngineView { heads: view.heads().to_vec(), collections: view.collections() };
        let mut views = self.views.lock();
        views.remove(&peer);
        drop_old(&mut views);
        while views.len() >= VIEWS_MAX {
            let oldest = views.iter().min_by_key(|(_, pinned)| pinned.opened).map(|(peer, _)| peer.clone());
            let Some(oldest) = oldest else { break };
            views.remove(&oldest);
        }
        views.insert(peer, Pinned { view, opened: Instant::now() });
        Ok(shown)
    }

    /// The view pinned for a peer, or one of now.
    fn view_of(&self, peer: Option<&PeerId>) -> Result<PublicView> {
        let Some(peer) = peer else { return self.replica.public_view(self.network) };
        let mut views = self.views.lock();
        drop_old(&mut views);
        let pinned = views.get(peer).map(|pinned| pinned.view.clone());
        pinned.ok_or_else(|| Error::new(ErrorKind::UndefinedObject, "the view of a reconciliation is closed"))
    }

    fn digests(
        &self,
        view: Option<&PeerId>,
        collection: &str,
        buckets: &Buckets,
        range: (Option<&[u8]>, Option<&[u8]>),
        count_max: usize,
    ) -> Result<(Vec<EntryDigest>, bool)> {
        self.view_of(view)?.digests_in(collection, buckets, range, count_max)
    }

    fn entries(
        &self,
        peer: &PeerId,
        collection: &str,
        chosen: &Chosen<'_>,
        after: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<(EngineOffer, Option<Bytes>)> {
        let view = self.view_of(Some(peer))?;
        let page = match chosen {
            Chosen::Hashes(key_hashes) => view.entries_with(collection, key_hashes, after, bytes_max)?,
            Chosen::Within(buckets) => view.entries_after(collection, buckets, after, bytes_max)?,
        };
        Ok(offer_of(page))
    }

    fn adopt_heads(
        &self,
        adoption: HeadAdoption,
        placement: Option<&Placement>,
        ends_return: bool,
    ) -> Result<AdoptedHeads> {
        if let Some(placement) = placement {
            wait(self.replica.put_placement(self.network, placement))?;
        }
        let partial = wait(self.replica.adopt_heads(self.network, adoption))?.partial;
        if ends_return {
            wait(self.replica.end_return(self.network))?;
        }
        Ok(AdoptedHeads { heads: self.heads()?, partial })
    }

    fn save_members(&self, members: Vec<Member>) -> Result<()> {
        let json = |member: &Member| serde_json::to_vec(member).map_err(|error| Error::internal(error.to_string()));
        let mut records = Vec::new();
        for mut member in members {
            let mut record = json(&member)?;
            if record.len() > MEMBER_BYTES_MAX {
                member.acknowledged.clear();
                record = json(&member)?;
            }
            records.push((format!("{MEMBER}{}", member.peer), Some(record)));
        }
        wait(self.replica.put_sync_records(self.network, records))
    }

    fn sign(&self, statement: &MemberStatement) -> Result<Bytes> {
        let identity = self.replica.identity();
        Ok(Bytes::new(identity.sign(&statement.message(&self.network_name()?, identity.peer_id()))))
    }

    fn verify(&self, signed: &[Signed]) -> Result<Vec<bool>> {
        let network = self.network_name()?;
        let is_right = |Signed { peer, statement, signature }: &Signed| {
            verify_signature(peer, &statement.message(&network, peer), signature) || is_down(statement.defence())
        };
        Ok(signed.iter().map(is_right).collect())
    }

    fn network_name(&self) -> Result<String> {
        Ok(self.replica.catalog().network_by_id(self.network).ok_or_else(gone)?.name.clone())
    }

    fn read_epoch(&self) -> Result<Option<Box<EpochNews>>> {
        let news = self.replica.charter_news(self.network)?;
        Ok(news.map(|CharterNews { charter, secret }| {
            let secret = secret.map(|EpochSecret { epoch, salt, secret }| {
                let secret = WireSecret(secret.to_string());
                EpochKey { epoch, salt, secret }
            });
            Box::new(EpochNews { charter, secret })
        }))
    }

    fn save_epoch(&self, news: &EpochNews) -> Result<Adoption> {
        let secret = news.secret.as_ref().map(|key| EpochSecret {
            epoch: key.epoch,
            salt: key.salt,
            secret: Zeroizing::new(key.secret.0.clone()),
        });
        let news = CharterNews { charter: news.charter.clone(), secret };
        let mut tries = 0;
        loop {
            tries += 1;
            match wait(self.replica.adopt_charter(self.network, news.clone())) {
                Err(error) if error.kind() == ErrorKind::SerializationFailure && tries < TRIES_MAX => {}
                result => return result,
            }
        }
    }

    fn check_own_head(&self, head: &Head) -> Result<OwnHead> {
        match self.replica.check_own_head(self.network, head)? {
            OwnChain::Known => {
                let mut heads = self.heads()?;
                heads.retain(|known| known.origin == head.origin);
                Ok(OwnHead::Known(heads))
            }
            OwnChain::Forged => Ok(OwnHead::Forged),
            OwnChain::Unknown => wait(self.replica.renew_origin()).map(OwnHead::Renewed),
        }
    }
}

fn drawn_of(drawn: DrawnEntries) -> Drawn {
    let entries = drawn.entries.into_iter().map(|(collection, key, hash)| DrawnEntry { collection, key, hash });
    Drawn { entries: entries.collect(), are_all: drawn.are_all }
}

fn gone() -> Error {
    Error::new(ErrorKind::UndefinedObject, "the network does not exist any more")
}

fn drop_old(views: &mut BTreeMap<PeerId, Pinned>) {
    views.retain(|_, pinned| pinned.opened.elapsed() < VIEW_AGE_MAX);
}

/// Waits for the database on this thread.
fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) => handle.block_on(future),
        Err(_) => tokio::runtime::Builder::new_current_thread().build()?.block_on(future),
    }
}

/// Tells why a run was refused.
fn tell_refused(applied: &Applied) {
    if let Verdict::Forged { reason } = &applied.verdict {
        tracing::debug!(origin = %applied.head.origin, reason, "deltas were refused");
    }
}

/// Entries of the database as they travel, and the key to go on after.
fn offer_of(page: PublicPage) -> (EngineOffer, Option<Bytes>) {
    (EngineOffer { entries: page.entries, postings: page.postings }, page.next)
}

fn to_database(offer: EngineOffer) -> OfferedStates {
    OfferedStates { entries: offer.entries, postings: offer.postings, ..OfferedStates::default() }
}

fn shape_to_database(shape: ClaimedShape) -> ShapeClaim {
    ShapeClaim {
        collection: shape.collection,
        is_table: shape.is_table,
        columns: shape.columns,
        primary_key: shape.primary_key,
        claimed_ms: shape.claimed_ms,
        peer: shape.peer,
        signature: shape.signature.to_vec(),
    }
}

fn shape_from_database(claim: ShapeClaim) -> ClaimedShape {
    ClaimedShape {
        collection: claim.collection,
        is_table: claim.is_table,
        columns: claim.columns,
        primary_key: claim.primary_key,
        claimed_ms: claim.claimed_ms,
        peer: claim.peer,
        signature: Bytes::new(claim.signature),
    }
}

fn schema_to_database(schema: CollectionSchema) -> SharedSchema {
    let columns = schema.columns.into_iter();
    SharedSchema {
        name: schema.name,
        is_table: schema.is_table,
        columns: columns.map(|column| SharedColumn { name: column.name, type_name: column.type_name }).collect(),
        primary_key: schema.primary_key.into_iter().map(usize::from).collect(),
    }
}
