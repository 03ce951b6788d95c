//! What waits to be posted, for people who look and for the poster of a network that is an HTTP endpoint.

use std::ops::Bound;
use std::sync::Arc;

use crate::db::pending::write_set::EntryKey;
use crate::db::read::view::ReadView;
use crate::db::replica::handle::Replica;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_group::CommitGroup;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::EntryStates;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::merge::{delta, merge, tick};
use crate::model::{Attachment, Collection, CollectionId, Member, NetworkId, Stage, State};
use crate::store::{Key, KeyRange, Publicity, RecordView, decode_key, encode_body};

/// An entry on the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedEntry {
    pub collection: String,
    /// The text of its primary key; parts of a composite one are joined by commas.
    pub id: String,
    /// The network that it will be posted to, where its collection is attached to one.
    pub network: Option<String>,
}

/// An entry that is to be posted to an HTTP endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedForPosting {
    pub collection: CollectionId,
    pub collection_name: String,
    pub key: EntryKey,
    pub id: String,
    /// Number of the commit that last changed it.
    pub version: u64,
    /// What a reader here sees, and with the posting the network.
    pub state: State,
    /// Whether an earlier version was posted.
    pub was_posted: bool,
}

impl Transaction {
    /// What the client is to be told of the statement that has ended.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.probes.clear();
        let count = std::mem::take(&mut self.public_already);
        if count > 0 {
            let (subject, object) =
                if count == 1 { ("1 entry is", "it") } else { (&*format!("{count} entries are"), "them") };
            let notice = Error::new(ErrorKind::Success, format!("{subject} public already"))
                .with_detail(
                    "What was posted stays with the members of the network; later changes are private until staged.",
                )
                .with_hint(format!("DELETE {object} to have the members delete {object}, too."));
            self.notices.push(Notice::of(notice));
        }
        std::mem::take(&mut self.notices)
    }

    /// Takes an entry off the stage; whether it was on it. Of one that is public already, posted then or before, the client
    /// is told.
    ///
    /// # Errors
    /// 54000 and 53200 for a transaction that holds too much; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn unstage(&mut self, collection: &Arc<Collection>, key: &EntryKey) -> Result<bool> {
        let pending = self.view.writes.row(collection.id, key.as_bytes());
        let (base, stage) = match pending {
            Some(pending) => (pending.base.clone(), pending.stage),
            None => {
                let stored = self.view.snapshot.get(&Key::Entry(collection.id, key.as_bytes()))?;
                (stored.map(|bytes| Arc::from(&*bytes)), None)
            }
        };
        let record = base.as_deref().map(RecordView::parse).transpose()?;
        let stage = stage.or(record.as_ref().map(RecordView::stage)).unwrap_or_default();
        self.public_already += u64::from(record.is_some_and(|record| record.publicity() != Publicity::Private));
        let was_staged = stage == Stage::PostPending;
        if was_staged {
            self.set_stage(collection, key, Stage::Private)?;
        }
        Ok(was_staged)
    }
}

impl ReadView {
    /// What is on the stage, of one network's collections or of all.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged key.
    pub fn staged(&self, network: Option<NetworkId>) -> Result<Vec<StagedEntry>> {
        let mut staged = Vec::new();
        for collection in self.catalog.collections() {
            let attached = self.catalog.network_of(collection.id);
            if network.is_some() && attached.map(|(attached, _)| attached.id) != network {
                continue;
            }
            let mut stored = self.snapshot.scan(&KeyRange::staged(collection.id));
            while let Some((key, _)) = stored.next()? {
                staged.push(StagedEntry {
                    collection: collection.name.clone(),
                    id: id_text(collection, key)?,
                    network: attached.map(|(network, _)| network.name.clone()),
                });
            }
        }
        Ok(staged)
    }
}

impl ReadView {
    /// How many entries of a collection are on the stage.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn staged_count(&self, collection: CollectionId) -> Result<u64> {
        let mut stored = self.snapshot.scan(&KeyRange::staged(collection));
        let mut count = 0;
        while stored.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

impl ReadView {
    /// The members of a network that were ever met, those that were shut out among them.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged record of a member.
    pub fn members(&self, id: NetworkId) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        let mut stored = self.snapshot.scan(&KeyRange::sync_records(id).starting_with(Member::RECORDS.as_bytes()));
        while let Some((_, json)) = stored.next()? {
            members.push(Member::from_record(json)?);
        }
        Ok(members)
    }
}

impl Replica {
    /// Entries on the stage of a network, in order of (collection, key), behind `after`, at most `limit`, with what would
    /// be posted of them.
    ///
    /// # Errors
    /// XX001 or 22000 for a damaged entry, 58030 where the store cannot be read.
    pub async fn staged_entries(
        &self,
        network: NetworkId,
        after: Option<(CollectionId, EntryKey)>,
        limit: usize,
    ) -> Result<Vec<StagedForPosting>> {
        let state = Arc::clone(self.shared());
        let listed = tokio::task::spawn_blocking(move || staged_entries(&state, network, after.as_ref(), limit));
        listed.await.map_err(|error| Error::internal(format!("looking through the stage stopped: {error}")))?
    }

    /// Takes entries off the stage that were posted to an HTTP endpoint, unless they have changed since; how many it were.
    ///
    /// # Errors
    /// As [`Replica::staged_entries`]; 54000 for an entry over its limits; 53100 and 58030 where the store cannot be written; 57P01
    /// once the database goes down, XX000 where the committer has died.
    pub async fn mark_posted(&self, network: NetworkId, posted: Vec<(CollectionId, EntryKey, u64)>) -> Result<u64> {
        self.queue()
            .encode(move |apply| {
                let Some(network) = apply.current_catalog().network_by_id(network).cloned() else { return Ok(0) };
                let me = apply.shared.peer_id();
                let mut head = apply.head(&network, &me)?;
                let mut count = 0;
                for (id, key, version) in &posted {
                    let collection = apply.current_catalog().collection_by_id(*id).cloned();
                    let Some(collection) = collection.filter(|_| network.attachment(*id).is_some()) else { continue };
                    let old = apply.entry_states(&collection, key.as_bytes())?;
                    if old.version != *version || old.record.is_none() {
                        continue;
                    }
                    let Some(posted) = old.to_post(apply.hlc, &me) else { continue };
                    head.seq += 1;
                    let mut news = delta(&old.public, &posted);
                    news.clock = [(me.clone(), head.seq)].into_iter().collect();
                    let public = merge(&old.public, &news);
                    let body = encode_body(&collection.name, key.as_bytes(), &news)?;
                    apply.note_posted_entry(network.id, (*id, key.as_bytes()), body.len());
                    apply.put_states(&collection, key.as_bytes(), &old, (&old.visible, &public), Stage::Private)?;
                    count += 1;
                }
                if count > 0 {
                    head.received = head.seq;
                    apply.put_head(network.id, me, head);
                    apply.tell_posted(&network, count);
                }
                Ok(count)
            })
            .await
    }
}

/// What is committed on the stage of a network, as [`Database::staged_entries`] gives it.
fn staged_entries(
    state: &Arc<DbState>,
    network: NetworkId,
    after: Option<&(CollectionId, EntryKey)>,
    limit: usize,
) -> Result<Vec<StagedForPosting>> {
    let group = CommitGroup::over_committed(state)?;
    let now = tick(group.hlc, state.clock.millis());
    let reader = CommitEncoder::new(state, &group, Arc::default(), group.version, now);
    let Some(network) = group.catalog.network_by_id(network) else { return Ok(Vec::new()) };
    let mut staged = Vec::new();
    let is_ahead = |attachment: &&Attachment| {
        !attachment.detaching && after.is_none_or(|(last, _)| *last <= attachment.collection)
    };
    let mut attachments: Vec<&Attachment> = network.attachments.iter().filter(is_ahead).collect();
    attachments.sort_by_key(|attachment| attachment.collection);
    for attachment in attachments {
        let Some(collection) = group.catalog.collection_by_id(attachment.collection) else { continue };
        let mut range = KeyRange::staged(collection.id);
        if let Some((_, key)) = after.filter(|(last, _)| *last == collection.id) {
            range = range.from(Bound::Excluded(key.as_bytes()));
        }
        let mut stored = group.snapshot.scan(&range);
        while staged.len() < limit
            && let Some((key, _)) = stored.next()?
        {
            let states = reader.entry_states(collection, key)?;
            let posted = states.to_post(now, &state.peer_id());
            let EntryStates { record, publicity, version, .. } = states;
            if let (Some(_), Some(state)) = (record, posted) {
                staged.push(StagedForPosting {
                    collection: collection.id,
                    collection_name: attachment.shared_name.clone(),
                    key: EntryKey::from_bytes(key),
                    id: id_text(collection, key)?,
                    version,
                    state,
                    was_posted: publicity != Publicity::Private,
                });
            }
        }
    }
    Ok(staged)
}

/// The text of an entry's primary key.
pub(crate) fn id_text(collection: &Collection, key: &[u8]) -> Result<String> {
    let parts = decode_key(&collection.key_types(), key)?;
    Ok(parts.iter().map(|part| part.to_text()).collect::<Vec<_>>().join(","))
}
