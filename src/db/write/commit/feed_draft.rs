//! What a commit that is being encoded notes for the change feed: the entries that a reader sees differ, and what happens in
//! networks. While nobody listens nothing is noted.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::feed::event::{
    ChangeSource, ChangedEntry, CollectionChange, CommitEvent, EntryOperation, FeedEvent, Happened, NetworkEvent,
};
use crate::db::feed::feed::Feed;
use crate::db::pending::write_set::WriteSet;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::error::Result;
use crate::model::{AUTH, Attachment, Collection, CollectionId, Network, Notification, PeerId};
use crate::store::{RecordView, encode_key};
use crate::types::Value;

/// Changed entries that one commit tells of one by one; of collections with more it tells how many.
const CHANGED_ENTRIES_MAX: usize = 256;

/// What a commit that is being encoded will be told of.
#[derive(Debug, Default)]
pub(crate) struct FeedDraft {
    /// Whether somebody listens to changed entries.
    wants_changes: bool,
    changes: BTreeMap<CollectionId, CollectionChange>,
    entries: usize,
    networks: Vec<NetworkEvent>,
    notifications: Arc<[Notification]>,
}

impl FeedDraft {
    /// What a commit with these writes begins to tell; `None` while nobody listens.
    pub fn begin(feed: &Feed, writes: &WriteSet) -> Option<FeedDraft> {
        let (is_heard, wants_changes) = feed.listened_to();
        let notifications = Arc::clone(&writes.notifications);
        is_heard.then(|| FeedDraft { wants_changes, notifications, ..FeedDraft::default() })
    }

    pub fn note_change(
        &mut self,
        collection: &Arc<Collection>,
        key: &[u8],
        operation: EntryOperation,
        source: Option<ChangeSource>,
    ) {
        if !self.wants_changes {
            return;
        }
        let change = self.changes.entry(collection.id).or_insert_with(|| CollectionChange {
            collection: Arc::clone(collection),
            entries: Vec::new(),
            count: 0,
        });
        change.count += 1;
        let is_whole = change.entries.len() + 1 == change.count;
        if is_whole && self.entries < CHANGED_ENTRIES_MAX {
            self.entries += 1;
            change.entries.push(ChangedEntry { operation, key: key.into(), source });
        } else {
            // Part of a commit is of no use to anybody.
            self.entries -= change.entries.len();
            change.entries = Vec::new();
        }
    }

    pub fn note_network(&mut self, network: &str, happened: Happened) {
        self.networks.push(NetworkEvent { network: network.to_string(), happened });
    }

    /// What listeners are told once the commit is durable.
    pub fn into_events(self, version: u64) -> impl Iterator<Item = FeedEvent> {
        let FeedDraft { changes, notifications, networks, .. } = self;
        let changes: Vec<CollectionChange> = changes.into_values().collect();
        let is_empty = changes.is_empty() && notifications.is_empty();
        let commit = (!is_empty).then_some(FeedEvent::Commit(CommitEvent { version, changes, notifications }));
        commit.into_iter().chain(networks.into_iter().map(FeedEvent::Network))
    }
}

/// Where entries come from that others wrote.
#[derive(Clone, Debug)]
pub(crate) struct ChangeOrigin {
    network: Arc<str>,
    /// Who posted them; `None` where each entry says who wrote it.
    peer: Option<PeerId>,
    reason: Reason,
}

/// Why entries are written that others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// Others changed them.
    News,
    /// Somebody here reads them: one that was not here before is no news.
    Fetched,
    /// Others hold them from now on: for readers nothing changes.
    Evicted,
}

impl ChangeOrigin {
    /// Others changed them; each entry says who wrote it.
    pub fn of_network(network: &Network) -> Self {
        ChangeOrigin { network: network.name.as_str().into(), peer: None, reason: Reason::News }
    }

    pub fn posted_by(self, peer: &PeerId) -> Self {
        ChangeOrigin { peer: Some(peer.clone()), ..self }
    }

    pub fn fetched(self) -> Self {
        ChangeOrigin { reason: Reason::Fetched, ..self }
    }

    pub fn evicted(self) -> Self {
        ChangeOrigin { reason: Reason::Evicted, ..self }
    }
}

impl CommitEncoder<'_> {
    /// Notes what became of an AUTH entry, by its name alone.
    ///
    /// # Errors
    /// 54000 for a name that is too long for a key, which no secret has.
    pub fn tell_secret(&mut self, name: &str, (had, has): (bool, bool)) -> Result<()> {
        let Some(collection) = self.current_catalog().collection(AUTH).filter(|_| self.effects.feed.is_some()) else {
            return Ok(());
        };
        let collection = Arc::clone(collection);
        let mut key = Vec::new();
        encode_key(&[Value::text(name)], &mut key)?;
        if let (Some(feed), Some(operation)) = (self.effects.feed.as_mut(), EntryOperation::between(had, has)) {
            feed.note_change(&collection, &key, operation, None);
        }
        Ok(())
    }

    /// Notes that a reader sees another state of an entry than before. `author` is who wrote last of what its network knows.
    pub fn tell_entry(
        &mut self,
        collection: &Arc<Collection>,
        key: &[u8],
        (before, after): (Option<&RecordView<'_>>, Option<&RecordView<'_>>),
        author: Option<&PeerId>,
    ) {
        let Some(feed) = self.effects.feed.as_mut() else { return };
        let [lived, lives] = [before, after].map(|record| record.is_some_and(RecordView::is_alive));
        let Some(operation) = EntryOperation::between(lived, lives) else { return };
        let source = match &self.origin {
            None => None,
            Some(ChangeOrigin { reason: Reason::Evicted, .. }) => return,
            Some(ChangeOrigin { reason: Reason::Fetched, .. }) if before.is_none() => return,
            Some(ChangeOrigin { network, peer, .. }) => {
                let peer = peer.as_ref().or(author).cloned();
                Some(ChangeSource { network: Arc::clone(network), peer })
            }
        };
        feed.note_change(collection, key, operation, source);
    }

    /// Notes that so many entries were received.
    pub fn tell_received(&mut self, entries: usize) {
        let origin = self.origin.as_ref().filter(|origin| origin.reason == Reason::News && entries > 0);
        if let (Some(feed), Some(origin)) = (self.effects.feed.as_mut(), origin) {
            feed.note_network(&origin.network, Happened::Received(origin.peer.clone(), entries as u64));
        }
    }

    /// Notes that so many entries were posted.
    pub fn tell_posted(&mut self, network: &Network, entries: u64) {
        if let Some(feed) = self.effects.feed.as_mut() {
            feed.note_network(&network.name, Happened::Posted(entries));
        }
    }
}

/// What a change of the catalog means in networks.
pub(crate) fn catalog_events(before: &Catalog, after: &Catalog) -> Vec<FeedEvent> {
    let mut events = Vec::new();
    let mut tell = |network: &Network, happened| {
        events.push(FeedEvent::Network(NetworkEvent { network: network.name.clone(), happened }));
    };
    for network in before.networks().filter(|network| !network.leaving) {
        let now = after.network_by_id(network.id).filter(|now| !now.leaving);
        for name in shown(network) {
            if now.is_none_or(|now| !shown(now).any(|known| known == name)) {
                tell(network, Happened::CollectionRemoved(name.to_string()));
            }
        }
        if now.is_none() {
            tell(network, Happened::Left);
        }
    }
    for network in after.networks().filter(|network| !network.leaving) {
        let old = before.network_by_id(network.id).filter(|old| !old.leaving);
        if old.is_none() {
            tell(network, Happened::Joined);
        }
        for name in shown(network) {
            if old.is_none_or(|old| !shown(old).any(|known| known == name)) {
                tell(network, Happened::CollectionAdded(name.to_string()));
            }
        }
    }
    events
}

/// The collections that take part in a network.
fn shown(network: &Network) -> impl Iterator<Item = &str> {
    let is_attached = |attachment: &&Attachment| !attachment.detaching && !attachment.attaching;
    network.attachments.iter().filter(is_attached).map(|attachment| &*attachment.shared_name)
}
