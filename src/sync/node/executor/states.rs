//! Requests about public states: the views that peers are answered from, what is merged, and what is kept of a share.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::db::{OfferedStates, PublicPage, PublicView};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Bytes, EntryDigest, Fingerprint, Head, MergedStates, PeerId};
use crate::sync::engine::requests::{
    Answers, CloseView, DrawEvictable, DropCollected, EvictEntries, KeepPlacement, ListKeys, MergeFetched, MergeStates,
    OpenView, ReadDigests, ReadEntries, ReadFingerprints, ReadPage, RepostEntries,
};
use crate::sync::engine::requests::{Drawn, DrawnEntry, EngineOffer, EngineView};
use crate::sync::node::executor::executor::{Executor, wait};

/// Views pinned for peers that reconcile; the oldest goes for one more.
const VIEWS_MAX: usize = 4;
/// A pinned view keeps old versions of entries on the disk: none is kept longer.
const VIEW_AGE_MAX: Duration = Duration::from_secs(1_800);

/// A view that a peer's questions are answered from.
pub(super) struct Pinned {
    view: PublicView,
    opened: Instant,
}

impl Executor {
    /// The view pinned for a peer, or one of now.
    fn view_of(&self, peer: Option<&PeerId>) -> Result<PublicView> {
        let Some(peer) = peer else { return self.replica.public_view(self.network) };
        let mut views = self.views.lock();
        drop_old(&mut views);
        let pinned = views.get(peer).map(|pinned| pinned.view.clone());
        pinned.ok_or_else(|| Error::new(ErrorKind::UndefinedObject, "the view of a reconciliation is closed"))
    }
}

fn drop_old(views: &mut BTreeMap<PeerId, Pinned>) {
    views.retain(|_, pinned| pinned.opened.elapsed() < VIEW_AGE_MAX);
}

/// Entries of the database as they travel, and the key to go on after.
fn offer_of(page: PublicPage) -> (EngineOffer, Option<Bytes>) {
    (EngineOffer { entries: page.entries, postings: page.postings }, page.next)
}

fn to_database(offer: EngineOffer) -> OfferedStates {
    OfferedStates { entries: offer.entries, postings: offer.postings, ..OfferedStates::default() }
}

impl Answers<OpenView> for &Executor {
    fn answer(self, OpenView { peer }: OpenView) -> Result<EngineView> {
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
}

impl Answers<CloseView> for &Executor {
    fn answer(self, CloseView { peer }: CloseView) {
        self.views.lock().remove(&peer);
    }
}

impl Answers<ReadFingerprints> for &Executor {
    fn answer(self, ReadFingerprints { view, collection }: ReadFingerprints) -> Result<Vec<Fingerprint>> {
        self.view_of(view.as_ref())?.fingerprints(&collection)
    }
}

impl Answers<ReadDigests> for &Executor {
    fn answer(self, request: ReadDigests) -> Result<(Vec<EntryDigest>, bool)> {
        let ReadDigests { view, collection, buckets, after, until, count_max } = request;
        let range = (after.as_deref(), until.as_deref());
        self.view_of(view.as_ref())?.digests_in(&collection, &buckets, range, count_max)
    }
}

impl Answers<ReadPage> for &Executor {
    fn answer(self, request: ReadPage) -> Result<(EngineOffer, Option<Bytes>)> {
        let ReadPage { view, collection, key_hashes, within, after, bytes_max } = request;
        let view = self.view_of(Some(&view))?;
        let page = match &key_hashes {
            Some(key_hashes) => view.entries_with(&collection, key_hashes, after.as_deref(), bytes_max)?,
            None => view.entries_after(&collection, &within, after.as_deref(), bytes_max)?,
        };
        Ok(offer_of(page))
    }
}

impl Answers<MergeStates> for &Executor {
    fn answer(self, MergeStates { collection, offer, legacy, is_partial }: MergeStates) -> Result<MergedStates> {
        let offered = OfferedStates { legacy, ..to_database(offer) };
        wait(self.replica.merge_states(self.network, collection, offered, is_partial))
    }
}

impl Answers<DropCollected> for &Executor {
    fn answer(self, DropCollected { collection, keys, heads }: DropCollected) -> Result<u64> {
        wait(self.replica.drop_collected(self.network, collection, keys, heads))
    }
}

impl Answers<RepostEntries> for &Executor {
    fn answer(self, RepostEntries { collection, keys }: RepostEntries) -> Result<u64> {
        wait(self.replica.repost(self.network, collection, keys))
    }
}

impl Answers<KeepPlacement> for &Executor {
    fn answer(self, KeepPlacement { placement }: KeepPlacement) -> Result<()> {
        wait(self.replica.put_placement(self.network, &placement))
    }
}

impl Answers<DrawEvictable> for &Executor {
    fn answer(self, DrawEvictable { shares, stable, seed, count_max }: DrawEvictable) -> Result<Drawn> {
        let drawn = wait(self.replica.draw_evictable(self.network, shares, stable, seed, count_max))?;
        let entries = drawn.entries.into_iter().map(|(collection, key, hash)| DrawnEntry { collection, key, hash });
        Ok(Drawn { entries: entries.collect(), are_all: drawn.are_all })
    }
}

impl Answers<EvictEntries> for &Executor {
    fn answer(self, EvictEntries { shares, stable }: EvictEntries) -> Result<u64> {
        wait(self.replica.evict(self.network, shares, stable))
    }
}

impl Answers<ReadEntries> for &Executor {
    fn answer(self, ReadEntries { collection, keys }: ReadEntries) -> Result<(Vec<Head>, EngineOffer)> {
        let view = self.replica.public_view(self.network)?;
        Ok((view.heads().to_vec(), offer_of(view.entries_of(&collection, &keys)?).0))
    }
}

impl Answers<ListKeys> for &Executor {
    fn answer(self, request: ListKeys) -> Result<(Vec<Bytes>, bool)> {
        let ListKeys { collection, within, after, count_max, bytes_max } = request;
        let view = self.replica.public_view(self.network)?;
        view.keys_after(&collection, &within, after.as_deref(), (count_max, bytes_max))
    }
}

impl Answers<MergeFetched> for &Executor {
    fn answer(self, MergeFetched { collection, offer, absent, heads }: MergeFetched) -> Result<u64> {
        wait(self.replica.merge_fetched(self.network, collection, to_database(offer), absent, heads))
    }
}
