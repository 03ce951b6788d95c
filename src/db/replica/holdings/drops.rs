//! Careful drops: what goes from here for a reason that came from outside goes in small parts, or with somebody's leave.
//!
//! Copies that others say they hold (partial replication), entries that a member has seen deleted while this directory was away,
//! tombstones of what others have deleted: within an hour at most [`DROP_PERCENT_MAX`] percent of what is held here go, or fewer
//! than [`DROPS_FREE`] entries. What would be more stops and is shown, in the log, as the network's last error, in
//! `nebulus.quarantine` and by `/healthz`, until somebody says ALTER NETWORK … ALLOW DROP, which lets one such drop through, or the hour is over and
//! it has become small. What a user of this node asks for (LEAVE, DETACH, DELETE, partial replication where there was none) is no
//! such drop.

use std::collections::BinaryHeap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::read::view::ReadView;
use crate::db::records::origin::own_ids;
use crate::db::replica::handle::Replica;
use crate::db::replica::receiving::public_view::PublicView;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Buckets, Bytes, Network, NetworkId, PeerId};
use crate::store::{Key, KeyRange, Publicity, RecordView, decode_contributions};

/// Of a hundred entries held here, so many go within an hour without anybody's leave.
pub const DROP_PERCENT_MAX: u64 = 10;
/// Fewer than so many go whatever share they are.
pub const DROPS_FREE: u64 = 100;
/// How long a drop counts.
const DROP_WINDOW_MS: u64 = 3_600_000;
/// Name of the record of what was dropped.
const DROPS: &str = "drops";

/// What was dropped of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Drops {
    /// When the hour began, in milliseconds since 1970, and how many entries were held then.
    from_ms: u64,
    held: u64,
    dropped: u64,
    /// What has stopped, for people.
    stopped: Option<String>,
}

/// Entries drawn at random from those that are going to be dropped.
#[derive(Clone, Debug, Default)]
pub struct DrawnEntries {
    /// Collection, key, and the BLAKE3 hash of the public state as it travels.
    pub entries: Vec<(String, Bytes, [u8; 32])>,
    /// There are no others.
    pub are_all: bool,
}

impl Transaction {
    /// Lets one drop through that would be too large.
    ///
    /// # Errors
    /// 42704.
    pub fn allow_drop(&mut self, name: &str) -> Result<()> {
        let mut network = (**self.catalog().expect_network(name)?).clone();
        network.drop_allowed = true;
        self.change_catalog(CatalogChange::PutNetwork(Arc::new(network)));
        Ok(())
    }
}

impl Replica {
    /// Whether so many entries may be dropped now; they count as dropped then.
    ///
    /// # Errors
    /// 54000 where that is too many: none may.
    pub(crate) async fn begin_drop(&self, id: NetworkId, what: &'static str, count: u64) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let catalog = self.catalog();
        let Some(network) = catalog.network_by_id(id) else { return Ok(()) };
        let now_ms = self.shared().clock.millis();
        let known = drops_in(&self.view(), id)?;
        let mut drops = known.clone();
        if now_ms < drops.from_ms || now_ms - drops.from_ms >= DROP_WINDOW_MS {
            let view = self.public_view(id)?;
            let held = tokio::task::spawn_blocking(move || view.held())
                .await
                .map_err(|error| Error::internal(format!("counting entries stopped: {error}")))??;
            drops = Drops { from_ms: now_ms, held, dropped: 0, stopped: drops.stopped };
        }
        let all = drops.dropped.saturating_add(count);
        let is_small = all < DROPS_FREE || all <= drops.held.saturating_mul(DROP_PERCENT_MAX) / 100;
        if is_small || network.drop_allowed {
            drops.stopped = None;
            if is_small {
                drops.dropped = all;
            } else {
                tracing::warn!(network = network.name, count, held = drops.held, "a large drop was allowed: {what}");
                self.end_leave_to_drop(id).await?;
            }
            return self.put_drops(id, &drops).await;
        }
        let (name, held) = (&network.name, drops.held);
        let message =
            format!("{count} {what} of network \"{name}\" would go, of {held} entries here: too many at once");
        if drops.stopped.as_ref() != Some(&message) {
            tracing::error!(
                network = network.name,
                count,
                held,
                dropped = drops.dropped,
                "a large drop was stopped: {what}"
            );
            drops.stopped = Some(message.clone());
        }
        if drops != known {
            self.put_drops(id, &drops).await?;
        }
        let hint = format!(
            "Within an hour {DROP_PERCENT_MAX} % go, or fewer than {DROPS_FREE}. ALTER NETWORK \"{name}\" ALLOW DROP lets it through once."
        );
        Err(Error::new(ErrorKind::LimitExceeded, message).with_hint(hint))
    }

    async fn put_drops(&self, id: NetworkId, drops: &Drops) -> Result<()> {
        let json = serde_json::to_vec(drops).map_err(|error| Error::internal(error.to_string()))?;
        self.put_sync_record(id, DROPS, Some(json)).await
    }

    /// A leave lets one drop through.
    async fn end_leave_to_drop(&self, id: NetworkId) -> Result<()> {
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(id).cloned() else { return Ok(()) };
                let changed = Network { drop_allowed: false, ..(*network).clone() };
                apply.catalog(&[CatalogChange::PutNetwork(Arc::new(changed))])
            })
            .await
    }

    /// Draws entries at random from those that [`Replica::evict`] would drop, in a random order that follows from the seed.
    ///
    /// # Errors
    /// 42704 for a network that is gone, 42P01 for a collection that is not attached any more; XX001 for a damaged record or
    /// state, 58030 where the store cannot be read; XX000 where the work broke off.
    pub async fn draw_evictable(
        &self,
        network: NetworkId,
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
        seed: u64,
        count_max: usize,
    ) -> Result<DrawnEntries> {
        let (view, shared, stable) =
            (self.public_view(network)?, Arc::clone(self.shared()), stable.into_iter().collect());
        let kept = self.kept_own(network);
        let draw = move || {
            let mut drawn: BinaryHeap<([u8; 32], String, Vec<u8>)> = BinaryHeap::new();
            let mut are_all = true;
            for (name, share) in &shares {
                for key in view.evictable(name, share, &stable, &shared, kept.as_ref())? {
                    let mut hasher = blake3::Hasher::new();
                    hasher.update(&seed.to_be_bytes()).update(name.as_bytes()).update(&[0]).update(&key);
                    drawn.push((*hasher.finalize().as_bytes(), name.clone(), key));
                    if drawn.len() > count_max {
                        drawn.pop();
                        are_all = false;
                    }
                }
            }
            let mut entries = Vec::with_capacity(drawn.len());
            for (_, name, key) in drawn.into_sorted_vec() {
                let key = Bytes::new(key);
                for entry in view.entries_of(&name, std::slice::from_ref(&key))?.entries {
                    entries.push((name.clone(), entry.key, *blake3::hash(&entry.body).as_bytes()));
                }
            }
            Ok::<_, Error>(DrawnEntries { entries, are_all })
        };
        tokio::task::spawn_blocking(draw)
            .await
            .map_err(|error| Error::internal(format!("drawing entries stopped: {error}")))?
    }

    /// How many of these tombstones others have made.
    pub(crate) fn buried_by_others(&self, id: NetworkId, found: &[(String, Vec<u8>)]) -> Result<u64> {
        let shared = self.shared();
        let own = own_ids(shared.store.directory(), &shared.peer_id())?;
        let catalog = self.catalog();
        let Some(network) = catalog.network_by_id(id) else { return Ok(0) };
        let snapshot = shared.store.snapshot();
        let mut count = 0;
        for (name, key) in found {
            let Some(attachment) = network.attachment_named(name) else { continue };
            let stored = snapshot.get(&Key::Contributions(attachment.collection, key))?;
            let contributions = stored.map_or(Ok(Vec::new()), |bytes| decode_contributions(&bytes))?;
            let last = contributions.iter().map(|each| each.causal_length).max();
            let is_own =
                contributions.iter().any(|each| Some(each.causal_length) == last && own.contains(&each.origin));
            count += u64::from(!is_own);
        }
        Ok(count)
    }
}

impl PublicView {
    /// How many entries and tombstones are held here of all attached collections that the network knows of.
    fn held(&self) -> Result<u64> {
        let mut count = 0;
        for name in self.collections() {
            let (snapshot, collection) = self.parts(&name)?;
            let mut records = snapshot.scan(&KeyRange::entries(collection.id).uncached());
            while let Some((_, bytes)) = records.next()? {
                count += u64::from(RecordView::parse(bytes)?.publicity() != Publicity::Private);
            }
        }
        Ok(count)
    }
}

impl ReadView {
    /// Why a drop has stopped, where nobody has allowed it since.
    pub(crate) fn stopped_drop(&self, network: &Network) -> Result<Option<String>> {
        if network.drop_allowed {
            return Ok(None);
        }
        Ok(drops_in(self, network.id)?.stopped)
    }
}

fn drops_in(view: &ReadView, id: NetworkId) -> Result<Drops> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, "the record of what was dropped cannot be read");
    let record = view.snapshot.get(&Key::SyncRecord(id, DROPS))?;
    record.map_or(Ok(Drops::default()), |json| serde_json::from_slice(&json).map_err(damaged))
}
