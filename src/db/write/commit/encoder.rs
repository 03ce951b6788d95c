//! Turning one transaction's write set into bytes: verified against what is committed, stamped by the laws of merging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Utc;

use crate::db::pending::write_set::{EntryKey, Pending, WriteSet};
use crate::db::read::entry_view::check_dimension;
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::state::sequences::encode;
use crate::db::state::state::DbState;
use crate::db::write::commit::commit_group::{CommitEffects, CommitGroup};
use crate::db::write::commit::entry_change::{EntryChange, ProofsChange, PublicChange, WrittenFields};
use crate::db::write::commit::entry_states::fitting;
use crate::db::write::commit::feed_draft::{ChangeOrigin, FeedDraft};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, DrawnNumbers, FieldKey, Hlc, NetworkId, Rights, Shares, Stage, Stamp};
use crate::store::{Key, Publicity, RecordField, RecordHeader, RecordView, Stored, encode_sorted_record};
use crate::types::Value;

/// One commit, posting or receipt being verified and encoded on top of its group.
///
/// Its methods lie by subject in the files of `write` and `replica`. They are of one type, since whatever they encode goes into one set of
/// effects over one snapshot; none but this file makes or ends one, and entries change through `put` alone (`entry_change`).
pub(crate) struct CommitEncoder<'a> {
    pub shared: &'a Arc<DbState>,
    pub group: &'a CommitGroup,
    pub view: ReadView,
    pub version: u64,
    pub hlc: Hlc,
    pub effects: CommitEffects,
    /// What is held here of collections that are spread over the members; deltas of other entries are not merged.
    pub shares: Option<Shares>,
    /// The entries were prepared with an older catalog.
    pub is_behind: bool,
    /// Collections that nobody has changed since the transaction has checked its rows.
    pub untouched: BTreeSet<CollectionId>,
    /// Set when whoever waits for it gives it up.
    pub cancel: Cancel,
    /// Where the entries come from; `None` for what is written here.
    pub origin: Option<ChangeOrigin>,
    /// Who may do what in collections of networks, as far as it was asked for.
    pub rights: BTreeMap<(NetworkId, String), Arc<Rights>>,
    /// How many deltas were put on record as set aside.
    pub set_aside: usize,
}

impl<'a> CommitEncoder<'a> {
    pub fn new(
        shared: &'a Arc<DbState>,
        group: &'a CommitGroup,
        writes: Arc<WriteSet>,
        version: u64,
        hlc: Hlc,
    ) -> Self {
        let view = ReadView {
            database: Arc::clone(shared),
            snapshot: Arc::clone(&group.snapshot),
            catalog: Arc::clone(&group.catalog),
            writes,
            version,
            sought: None,
            reads: None,
            hides_secrets: false,
            drawn: DrawnNumbers::default(),
            began: Utc::now().timestamp_micros(),
        };
        let effects = CommitEffects { feed: FeedDraft::begin(&shared.feed, &view.writes), ..CommitEffects::default() };
        let cancel = Cancel::new();
        let rights = BTreeMap::new();
        CommitEncoder {
            shared,
            group,
            view,
            version,
            hlc,
            effects,
            shares: None,
            is_behind: false,
            untouched: BTreeSet::new(),
            cancel,
            origin: None,
            rights,
            set_aside: 0,
        }
    }

    pub fn finish(self) -> (CommitEffects, Hlc) {
        (self.effects, self.hlc)
    }

    /// Verifies and encodes the write set of a transaction that began with the catalog of a version.
    ///
    /// # Errors
    /// 40001 when another commit changed one of its entries first, 23505 for a unique index, 22000 for a vector of the wrong
    /// dimension, 54000 for an entry over its limits, 57014 and 57P01 where it is given up.
    pub fn commit(&mut self, catalog_version: u64) -> Result<()> {
        self.check_bindings(catalog_version)?;
        let encoded = self.encode_writes().and_then(|()| self.check_builds()).and_then(|()| self.check_references());
        if encoded.as_ref().is_err_and(|error| error.kind() == ErrorKind::UniqueViolation) {
            // Where rows were changed by others as well, what the transaction knew of them is no reason to refuse it.
            self.check_versions()?;
        }
        encoded
    }

    fn encode_writes(&mut self) -> Result<()> {
        let writes = Arc::clone(&self.view.writes);
        self.check_wanted()?;
        self.catalog(&writes.catalog)?;
        for ((id, column), dimension) in &writes.dimensions {
            self.relearn_dimension(*id, *column, *dimension)?;
        }
        for (id, rows) in &writes.rows {
            self.collection(*id, rows)?;
        }
        for (name, pending) in &writes.secrets {
            self.secret(name, pending)?;
        }
        for ((id, column), own) in &writes.restarts {
            // One that was dropped in the same transaction has no numbers any more.
            let catalog = self.current_catalog();
            let has_column = |known: &Arc<Collection>| known.position_of(*column).is_some();
            if catalog.collection_by_id(*id).is_some_and(has_column) || catalog.sequence_by_id(*id).is_some() {
                self.effects.batch.put(&Key::Sequence(*id, *column), &encode(own.count()));
                self.effects.restarts.insert((*id, *column), own.clone());
            }
        }
        self.check_new_references()?;
        self.check_changed_dimensions()?;
        self.forget_dimensions()?;
        self.post_at_once()
    }

    /// Whether it should go on. A commit whose client has only gone was asked for all the same.
    fn check_wanted(&self) -> Result<()> {
        match self.cancel.check() {
            Err(error) if error.kind() != ErrorKind::ConnectionLost => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn check_versions(&self) -> Result<()> {
        for (id, rows) in &self.view.writes.rows {
            for (key, pending) in rows {
                let place = (*id, key.as_bytes().to_vec());
                let version = match self.group.overlay.records.get(&place) {
                    Some(record) => version_of(record.as_deref())?,
                    None => version_of(self.group.snapshot.get(&Key::Entry(*id, key.as_bytes()))?.as_deref())?,
                };
                if version != version_of(pending.base.as_deref())? {
                    return Err(conflict("another transaction changed the same entry"));
                }
            }
        }
        Ok(())
    }
}

impl CommitEncoder<'_> {
    fn collection(&mut self, id: CollectionId, rows: &BTreeMap<EntryKey, Pending>) -> Result<()> {
        let Some(collection) = self.current_catalog().collection_by_id(id).cloned() else {
            return Err(conflict("its table was dropped"));
        };
        let collection = self.learn_dimensions(collection, rows)?;
        for (key, pending) in rows {
            self.check_wanted()?;
            if self.is_behind {
                self.check_rules(&collection, key, pending)?;
            }
            self.entry(&collection, key.as_bytes(), pending)?;
        }
        Ok(())
    }

    /// The committed record of an entry, the group's own commits included.
    ///
    /// # Errors
    /// 58030 where the store cannot be read.
    pub fn current(&self, id: CollectionId, key: &[u8]) -> Result<Option<Arc<[u8]>>> {
        let place = (id, key.to_vec());
        match self.effects.overlay.records.get(&place).or_else(|| self.group.overlay.records.get(&place)) {
            Some(record) => Ok(record.clone()),
            None => Ok(self.group.snapshot.get(&Key::Entry(id, key))?.map(|bytes| Arc::from(&*bytes))),
        }
    }

    fn entry(&mut self, collection: &Arc<Collection>, key: &[u8], pending: &Pending) -> Result<()> {
        let current = match self.untouched.contains(&collection.id) {
            true => pending.base.clone(),
            false => self.current(collection.id, key)?,
        };
        if version_of(current.as_deref())? != version_of(pending.base.as_deref())? {
            return Err(conflict("another transaction changed the same entry"));
        }
        if pending.stage == Some(Stage::Private)
            && is_staged(pending.base.as_deref())?
            && !is_staged(current.as_deref())?
        {
            return Err(conflict("what was to be taken off the stage has been posted"));
        }
        // The record of now, not the one the transaction saw: of the same version, but it may have been posted meanwhile.
        let base = current.as_deref().map(RecordView::parse).transpose()?;
        if pending.reverted {
            let old = self.entry_states(collection, key)?;
            if old.publicity == Publicity::Private {
                return Err(conflict("its collection was detached from the network"));
            }
            let visible = fitting(collection, old.public.clone());
            return self.put_states(collection, key, &old, (&visible, &old.public), Stage::Private);
        }
        let base_alive = base.as_ref().is_some_and(RecordView::is_alive);
        if !pending.alive && !base_alive {
            return Ok(());
        }
        let is_end = pending.replaced || !pending.alive;
        let public_length = if is_end { self.public_length(collection.id, key, base.as_ref())? } else { 0 };
        if !pending.alive && public_length > 0 && public_length % 2 == 0 {
            // The network knows that an earlier life has ended, and nothing of this one: it goes without a trace.
            let old = self.entry_states(collection, key)?;
            return self.put_states(collection, key, &old, (&old.public, &old.public), Stage::Private);
        }
        let stage = self.stage_of(collection, key, pending, base.as_ref())?;
        check_vectors(collection, pending)?;
        let record = self.record(collection, pending, base.as_ref(), (stage, public_length))?;
        self.put(EntryChange {
            collection,
            key,
            before: base,
            record,
            is_visible: pending.changes_state(),
            written: WrittenFields::Changes(&pending.changes),
            public: PublicChange::Stays,
            proofs: ProofsChange::Stay,
            is_own: true,
        })
    }

    /// The bytes of the new version; `None` for the deletion of an entry that nobody else has ever seen. `public_length` is
    /// the causal length of what the network knows, where a life ends with this write.
    fn record(
        &self,
        collection: &Collection,
        pending: &Pending,
        base: Option<&RecordView<'_>>,
        (stage, public_length): (Stage, u64),
    ) -> Result<Option<Vec<u8>>> {
        let base_header = base.map(RecordView::header).transpose()?;
        if let (Some(base), Some(header), false) = (base, &base_header, pending.changes_state()) {
            // Only the mark of the stage changes: the entry stays the version that it was.
            let header = RecordHeader { version: self.version, stage, ..header.clone() };
            let fields = base.fields().collect::<Result<Vec<_>>>()?;
            return encode_sorted_record(&header, &base.clock()?, &fields).map(Some);
        }
        let publicity = base_header.as_ref().map_or(Publicity::Private, |header| header.publicity);
        let seen = base_header.as_ref().map_or(0, |header| header.causal_length);
        if !pending.alive && publicity == Publicity::Private {
            return Ok(None);
        }
        let (causal_length, next_publicity) = next_life(pending, publicity, seen, public_length);
        let peer_id = self.shared.peer_id();
        // The clock goes back where it stood wrong; a write is later than the one before it all the same.
        let hlc = base_header.as_ref().map_or(self.hlc, |header| self.hlc.max(header.timestamp.next(0)));
        let stamp = Stamp { causal_length, hlc, peer_id: peer_id.clone() };
        let mut fields: BTreeMap<FieldKey<'_>, RecordField> = BTreeMap::new();
        if let (Some(base), false) = (base, pending.replaced || !pending.alive) {
            for field in base.fields() {
                let (key, field) = field?;
                if let Some(key) = collection.present_key(key) {
                    fields.insert(key, field);
                }
            }
        }
        for (key, change) in collection.by_key(&pending.changes) {
            let stored = match change {
                Some(Value::Null) | None => match publicity {
                    Publicity::Private => {
                        fields.remove(&key);
                        continue;
                    }
                    Publicity::Posted | Publicity::PostedAndEdited | Publicity::PostedAndReplaced => Stored::Removed,
                },
                Some(Value::Vector(vector)) => Stored::Vector {
                    dimension: u32::try_from(vector.len()).map_err(|_| Error::internal("a vector is too long"))?,
                },
                Some(value) => Stored::Value(value.clone()),
            };
            fields.insert(key, RecordField { stored, stamp: stamp.clone() });
        }
        let mut clock = base.map(RecordView::clock).transpose()?.unwrap_or_default();
        clock.increment(&peer_id);
        let header = RecordHeader {
            version: self.version,
            causal_length,
            timestamp: hlc,
            peer_id,
            stage,
            publicity: next_publicity,
        };
        let fields: Vec<(FieldKey<'_>, RecordField)> = fields.into_iter().collect();
        encode_sorted_record(&header, &clock, &fields)
            .map(Some)
            .map_err(|error| error.with_detail(format!("The entry is in \"{}\".", collection.name)))
    }
}

/// Checks the dimensions of the vectors that a transaction writes: another one may have changed those of the columns.
fn check_vectors(collection: &Collection, pending: &Pending) -> Result<()> {
    for position in collection.vector_columns().filter(|_| pending.alive) {
        if let Some(name) = collection.field_name(position)
            && let Some(Some(Value::Vector(vector))) = pending.changes.get(name)
            && let Some(column) = collection.columns.get(position)
        {
            check_dimension(&column.name, column.ty.dimension(), vector)?;
        }
    }
    Ok(())
}

/// The causal length of an entry after a write over one that has `seen` so much, and what its network knows of it then.
fn next_life(pending: &Pending, publicity: Publicity, seen: u64, public_length: u64) -> (u64, Publicity) {
    let causal_length = match (pending.alive, pending.replaced) {
        (false, _) => public_length + 1,
        (true, false) => seen,
        // Lives that nobody else has seen do not count.
        (true, true) if publicity != Publicity::Private => public_length + 1 + public_length % 2,
        (true, true) => seen + 1 + seen % 2,
    };
    let ends_public = pending.replaced && public_length % 2 == 1;
    let publicity = match publicity {
        Publicity::Private => Publicity::Private,
        _ if pending.alive && ends_public => Publicity::PostedAndReplaced,
        Publicity::PostedAndReplaced if !pending.replaced => Publicity::PostedAndReplaced,
        Publicity::Posted | Publicity::PostedAndEdited | Publicity::PostedAndReplaced => Publicity::PostedAndEdited,
    };
    (causal_length, publicity)
}

/// The number of the commit that wrote a record.
///
/// # Errors
/// XX001 for a damaged one.
pub(crate) fn version_of(record: Option<&[u8]>) -> Result<Option<u64>> {
    record.map(|bytes| RecordView::parse(bytes).map(|record| record.version())).transpose()
}

fn is_staged(record: Option<&[u8]>) -> Result<bool> {
    let stage = record.map(|bytes| RecordView::parse(bytes).map(|record| record.stage())).transpose()?;
    Ok(stage == Some(Stage::PostPending))
}

pub(crate) fn conflict(reason: &str) -> Error {
    Error::new(
        ErrorKind::SerializationFailure,
        format!("could not serialize access due to concurrent update: {reason}"),
    )
    .with_hint("Run the transaction again.")
}
