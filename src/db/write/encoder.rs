//! Turning one transaction's write set into bytes: verified against what is committed, stamped by the laws of merging.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::pending::write_set::{EntryKey, Pending, WriteSet};
use crate::db::read::entry_view::{EntryView, check_dimension};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::state::state::DbState;
use crate::db::write::commit_group::{CommitEffects, CommitGroup, VectorChange};
use crate::db::write::entry_states::fitting;
use crate::db::write::feed_draft::{ChangeOrigin, FeedDraft};
use crate::db::write::ordered_indexes::Constraints;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, CollectionKind, ColumnId, FieldKey, Hlc, NetworkId, Rights, Shares, Stage, Stamp,
};
use crate::store::{
    Key, Publicity, RecordField, RecordHeader, RecordView, Stored, bytes_of_vector, encode_sorted_record,
};
use crate::types::{ColumnType, Value};

/// One commit, posting or receipt being verified and encoded on top of its group.
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
    /// Set when whoever waits for it gives it up.
    pub cancel: Cancel,
    /// Where the entries come from; `None` for what is written here.
    pub origin: Option<ChangeOrigin>,
    /// Who may do what in collections of networks, as far as it was asked for.
    pub rights: BTreeMap<(NetworkId, String), Arc<Rights>>,
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
            hides_secrets: false,
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
            cancel,
            origin: None,
            rights,
        }
    }

    pub fn finish(self) -> (CommitEffects, Hlc) {
        (self.effects, self.hlc)
    }

    /// Verifies and encodes the write set of a transaction.
    ///
    /// # Errors
    /// 40001 when another commit changed one of its entries first, 23505 for a unique index, 22000 for a vector of the wrong
    /// dimension, 54000 for an entry over its limits, 57014 and 57P01 where it is given up.
    pub fn commit(&mut self) -> Result<()> {
        let encoded = self.encode_writes().and_then(|()| self.check_builds());
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
        for ((collection, column), next) in &writes.restarts {
            // One that was dropped in the same transaction has no numbers any more.
            let known = self.current_catalog().collection_by_id(*collection);
            if known.is_some_and(|known| known.position_of(*column).is_some()) {
                self.effects.batch.put(&Key::Sequence(*collection, *column), &next.to_le_bytes());
                self.effects.restarts.insert((*collection, *column), *next);
            }
        }
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
        let facts = rows.values().filter(|pending| pending.alive).map(|pending| pending.changes.iter());
        if collection.kind == CollectionKind::Memory {
            for changes in facts {
                self.shared.facts.note(id, changes, self.effects.facts.entry(id).or_default());
            }
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
        let current = self.current(collection.id, key)?;
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
        let view = self.view.clone();
        let old = EntryView { view: &view, collection, key, record: base, pending: None };
        let new = EntryView { view: &view, collection, key, record: base, pending: Some(pending) };
        let old = base_alive.then_some(&old);
        let new = pending.alive.then_some(&new);
        let mut constraints =
            Constraints { group: self.group, view: &view, effects: &mut self.effects, check_unique: true };
        constraints.update_indexes(collection, key, old, new)?;
        self.count_blobs(collection, old, new)?;
        if let Some(base) = &base
            && base.publicity() == Publicity::Posted
            && (pending.replaced || !pending.changes.is_empty())
        {
            self.keep_public(collection, key, base)?;
        }
        self.vectors(collection, key, pending, base.as_ref())?;
        let stage = self.stage_of(collection, key, pending, base.as_ref(), new)?;
        let record = self.record(collection, pending, base.as_ref(), (stage, public_length))?;
        let was_on_stage = base.as_ref().is_some_and(RecordView::is_on_stage);
        let is_on_stage = record.as_deref().map(RecordView::parse).transpose()?.is_some_and(|new| new.is_on_stage());
        self.mark_stage(collection.id, key, was_on_stage, is_on_stage)?;
        if pending.changes_state() {
            self.tell_written(collection, key, (base_alive, pending.alive));
        }
        self.put_record(collection.id, key, record);
        Ok(())
    }

    pub fn put_record(&mut self, id: CollectionId, key: &[u8], record: Option<Vec<u8>>) {
        match &record {
            Some(record) => self.effects.batch.put(&Key::Entry(id, key), record),
            None => self.effects.batch.delete(&Key::Entry(id, key)),
        }
        self.effects.overlay.records.insert((id, key.to_vec()), record.map(Arc::from));
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
        for (name, change) in &pending.changes {
            let key = collection.key_of_field(name);
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

    /// Writes and removes vectors, and notes them for the nearest-neighbour indexes.
    fn vectors(
        &mut self,
        collection: &Collection,
        key: &[u8],
        pending: &Pending,
        base: Option<&RecordView<'_>>,
    ) -> Result<()> {
        for position in collection.vector_columns() {
            let Some(column) = collection.columns.get(position) else { continue };
            let change = pending.changes.get(column.field.as_str());
            let had = base.map(|base| base.column_ref(column)).transpose()?.flatten().is_some();
            let vector = match change {
                Some(Some(Value::Vector(vector))) if pending.alive => Some(vector),
                Some(_) => None,
                None if pending.alive && !pending.replaced => continue,
                None => None,
            };
            if vector.is_none() && !had {
                continue;
            }
            let declared = match collection.columns.get(position).map(|column| (&column.name, &column.ty)) {
                Some((name, ColumnType::Vector(dimension))) => Some((name, *dimension)),
                _ => None,
            };
            if let (Some(vector), Some((name, dimension))) = (vector, declared) {
                check_dimension(name, dimension, vector)?;
            }
            self.put_vector(collection.id, collection.column_id(position)?, key, vector)?;
        }
        Ok(())
    }

    /// Writes or removes one vector, in the store and in the nearest-neighbour indexes.
    ///
    /// # Errors
    /// 22000 for a dimension that differs from the column's; 53200 where the index gets no memory.
    pub fn put_vector(
        &mut self,
        collection: CollectionId,
        column: ColumnId,
        key: &[u8],
        vector: Option<&Arc<[f32]>>,
    ) -> Result<()> {
        match vector {
            Some(vector) => self.effects.batch.put(&Key::Vector(collection, column, key), &bytes_of_vector(vector)),
            None => {
                self.effects.batch.delete(&Key::Vector(collection, column, key));
                self.effects.lost_vectors.insert((collection, column));
            }
        }
        self.effects.overlay.components.insert((collection, column, key.to_vec()), vector.cloned());
        for index in self.vector_indexes(collection) {
            if index.column == column {
                self.effects.vectors.push(VectorChange { index, key: key.to_vec(), vector: vector.cloned() });
            }
        }
        Ok(())
    }
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

fn version_of(record: Option<&[u8]>) -> Result<Option<u64>> {
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
