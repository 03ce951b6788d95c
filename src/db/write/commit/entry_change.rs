//! The one way in which an entry changes, whoever wrote it.
//!
//! An entry is two states: what a reader here sees, which its record holds, and what its network knows, which the record holds
//! as well while both are the same and a copy of its own from then on. A transaction of this node and a delta of a peer
//! both come to an [`EntryChange`]: the record before, the record after it, and what becomes of the public state.
//! [`CommitEncoder::put`] writes it, in this order:
//!
//! 1. what the network knows: its copy, the proofs of what it is made of;
//! 2. where a reader sees another state than before, what follows from that: every [secondary index](crate::db::write::secondary_index),
//!    which may refuse it, then the numbers of references to blobs, the components of vectors, the list of facts, the change feed;
//! 3. the number of public states that refer to a blob;
//! 4. the mark of the stage;
//! 5. the record.
//!
//! A record is encoded before its change is put, so that a fault which lies in the entry alone leaves nothing of it behind.
//! Every step writes to the batch and to the overlay that later commits of the group read, in one function each.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::records::stage_marks::StagedAt;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::index::secondary_index::SeenChange;
use crate::error::Result;
use crate::model::{Collection, CollectionId, CollectionKind, Column, ColumnId, PeerId, State};
use crate::store::{Key, Publicity, RecordView, ValueRef, bytes_of_vector, encode_state};
use crate::types::Value;

/// One entry as it was and as it is from now on.
pub(crate) struct EntryChange<'a> {
    pub collection: &'a Arc<Collection>,
    pub key: &'a [u8],
    pub before: Option<RecordView<'a>>,
    /// The record from now on; `None` for an entry of which nothing stays.
    pub record: Option<Vec<u8>>,
    /// Whether a reader sees another state than before, not only another mark.
    pub is_visible: bool,
    pub written: WrittenFields<'a>,
    pub public: PublicChange<'a>,
    pub proofs: ProofsChange,
    /// Written here: values that another entry has in a unique index, or that are too long for one, are refused. What peers
    /// sent is taken as it is: attached collections have no unique indexes, and values too long are hidden before.
    pub is_own: bool,
}

/// The values that a change writes. The record does not have the components of vectors.
#[derive(Clone, Copy)]
pub(crate) enum WrittenFields<'a> {
    /// Those that a transaction has changed.
    Changes(&'a BTreeMap<String, Option<Value>>),
    /// A whole state in the place of another one.
    States { before: &'a State, now: &'a State },
}

/// What becomes of the state that an entry's network knows.
#[derive(Clone, Copy)]
pub(crate) enum PublicChange<'a> {
    /// It stays. Where the record held it and holds another state now, it gets a copy.
    Stays,
    Becomes {
        before: &'a State,
        now: &'a State,
    },
    /// The collection leaves its network, and what is counted of public states goes with it.
    Forgotten,
}

/// What becomes of the proofs of a public state.
pub(crate) enum ProofsChange {
    Stay,
    /// `None` where nothing is proven.
    Become(Option<Vec<u8>>),
}

impl CommitEncoder<'_> {
    /// Writes the change of an entry with everything that follows from it.
    ///
    /// # Errors
    /// 23505 and 40001 for unique indexes, 54000 for values too long for an index, of what was written here; 54000 for a public
    /// state over the limits of an entry; XX001 for a damaged record, mark or count, 58030 where the store cannot be read.
    pub fn put(&mut self, change: EntryChange<'_>) -> Result<()> {
        let EntryChange { collection, key, before, record, is_visible, written, public, proofs, is_own } = change;
        let after = record.as_deref().map(RecordView::parse).transpose()?;
        check_marks(before.as_ref(), after.as_ref(), is_visible, public);
        self.put_public(collection, key, (before.as_ref(), after.as_ref()), public)?;
        if let ProofsChange::Become(proofs) = proofs {
            self.put_proofs(collection.id, key, proofs);
        }
        if is_visible {
            let (seen_before, seen_after) = (before.filter(RecordView::is_alive), after.filter(RecordView::is_alive));
            let seen = SeenChange { collection, key, before: seen_before, after: seen_after, written, is_own };
            self.follow(&seen)?;
            self.tell_entry(collection, key, (before.as_ref(), after.as_ref()), public.author());
        }
        if let PublicChange::Becomes { before, now } = public {
            self.count_public_blob(collection, before, now)?;
        }
        let was_on_stage = before.as_ref().is_some_and(RecordView::is_on_stage);
        let is_on_stage = after.as_ref().is_some_and(RecordView::is_on_stage);
        // Its mark says by which commits an entry was staged: leaving the network is none.
        if !is_on_stage || !matches!(public, PublicChange::Forgotten) {
            self.mark_stage(collection.id, key, was_on_stage, is_on_stage)?;
        }
        self.put_record(collection.id, key, record);
        Ok(())
    }

    /// Keeps the copy of the public state in step with the record: it is there while the record is of another state.
    fn put_public(
        &mut self,
        collection: &Collection,
        key: &[u8],
        (before, after): (Option<&RecordView<'_>>, Option<&RecordView<'_>>),
        public: PublicChange<'_>,
    ) -> Result<()> {
        let had_copy = before.is_some_and(|before| before.publicity().has_copy());
        let has_copy = after.is_some_and(|after| after.publicity().has_copy());
        let copy = match (public, before) {
            (PublicChange::Becomes { now, .. }, _) if has_copy => Some(encode_state(now)?),
            (PublicChange::Stays, Some(before)) if has_copy && !had_copy => {
                Some(encode_state(&self.state_of(collection, key, before)?)?)
            }
            // The copy that there is holds it.
            (PublicChange::Stays, _) if has_copy => {
                debug_assert!(self.public_copy(collection.id, key).is_ok(), "the copy of a public state is missing");
                return Ok(());
            }
            _ => None,
        };
        if had_copy || has_copy {
            self.put_public_copy(collection.id, key, copy);
        }
        Ok(())
    }

    /// What follows where a reader sees another state than before.
    fn follow(&mut self, change: &SeenChange<'_>) -> Result<()> {
        let collection = change.collection;
        self.follow_indexes(change)?;
        self.count_blobs(collection, change.before.as_ref(), change.after.as_ref())?;
        for position in collection.vector_columns() {
            let Some(column) = collection.columns.get(position) else { continue };
            if let Some(vector) = change.vector(column)? {
                self.put_vector(collection.id, column.id, change.key, vector);
            }
        }
        if collection.kind == CollectionKind::Memory && change.after.is_some() {
            let (facts, id) = (&self.shared.facts, collection.id);
            let news = self.effects.facts.entry(id).or_default();
            match change.written {
                WrittenFields::Changes(changes) => facts.note(id, changes.iter(), news),
                WrittenFields::States { now, .. } => {
                    facts.note(id, now.fields.iter().map(|(name, field)| (name, &field.value)), news);
                }
            }
        }
        Ok(())
    }

    /// Writes or removes the components of one vector.
    fn put_vector(&mut self, collection: CollectionId, column: ColumnId, key: &[u8], vector: Option<&Arc<[f32]>>) {
        match vector {
            Some(vector) => self.effects.batch.put(&Key::Vector(collection, column, key), &bytes_of_vector(vector)),
            None => {
                self.effects.batch.delete(&Key::Vector(collection, column, key));
                self.effects.lost_vectors.insert((collection, column));
            }
        }
        self.effects.overlay.components.insert((collection, column, key.to_vec()), vector.cloned());
    }

    /// Puts an entry on the stage, keeps it there, or takes it off.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged mark.
    pub fn mark_stage(&mut self, id: CollectionId, key: &[u8], was_on_stage: bool, is_on_stage: bool) -> Result<()> {
        if !is_on_stage {
            if was_on_stage {
                self.effects.batch.delete(&Key::Staged(id, key));
                self.effects.overlay.staged.insert((id, key.to_vec()), None);
            }
            debug_assert!(self.staged_at(id, key).is_ok_and(|at| at.is_none()), "what is not on the stage has a mark");
            return Ok(());
        }
        let known = self.staged_at(id, key)?;
        let at = StagedAt { first: known.map_or(self.version, |known| known.first), last: self.version };
        self.effects.batch.put(&Key::Staged(id, key), &at.to_bytes());
        self.effects.overlay.staged.insert((id, key.to_vec()), Some(at));
        self.effects.has_staged = true;
        Ok(())
    }

    fn staged_at(&self, id: CollectionId, key: &[u8]) -> Result<Option<StagedAt>> {
        let place = (id, key.to_vec());
        let overlay = &self.effects.overlay.staged;
        if let Some(known) = overlay.get(&place).or_else(|| self.group.overlay.staged.get(&place)) {
            return Ok(*known);
        }
        let stored = self.group.snapshot.get(&Key::Staged(id, key))?;
        stored.map(|bytes| StagedAt::from_bytes(&bytes)).transpose()
    }

    fn put_public_copy(&mut self, id: CollectionId, key: &[u8], bytes: Option<Vec<u8>>) {
        match &bytes {
            Some(bytes) => self.effects.batch.put(&Key::Public(id, key), bytes),
            None => self.effects.batch.delete(&Key::Public(id, key)),
        }
        self.effects.overlay.publics.insert((id, key.to_vec()), bytes.map(Arc::from));
    }

    fn put_record(&mut self, id: CollectionId, key: &[u8], record: Option<Vec<u8>>) {
        match &record {
            Some(record) => self.effects.batch.put(&Key::Entry(id, key), record),
            None => self.effects.batch.delete(&Key::Entry(id, key)),
        }
        self.effects.changed.insert(id);
        self.effects.overlay.records.insert((id, key.to_vec()), record.map(Arc::from));
    }
}

impl<'a> WrittenFields<'a> {
    /// The vector that the change brings under a name; `None` where it brings none or the one that is there.
    fn vector(self, name: &str) -> Option<&'a Arc<[f32]>> {
        match self {
            WrittenFields::Changes(changes) => match changes.get(name) {
                Some(Some(Value::Vector(vector))) => Some(vector),
                _ => None,
            },
            WrittenFields::States { before, now } => {
                vector_in(now, name).filter(|vector| vector_in(before, name) != Some(vector))
            }
        }
    }
}

impl<'a> PublicChange<'a> {
    /// Who wrote what the network knows last, where the change says so.
    fn author(self) -> Option<&'a PeerId> {
        match self {
            PublicChange::Becomes { now, .. } if now.causal_length > 0 => Some(&now.peer_id),
            PublicChange::Becomes { .. } | PublicChange::Stays | PublicChange::Forgotten => None,
        }
    }
}

fn vector_in<'a>(state: &'a State, name: &str) -> Option<&'a Arc<[f32]>> {
    match state.value(name) {
        Some(Value::Vector(vector)) if state.is_alive() => Some(vector),
        _ => None,
    }
}

impl<'a> SeenChange<'a> {
    /// What becomes of the vector in a column: another one, none any more (`Some(None)`), or nothing.
    ///
    /// # Errors
    /// XX001 for a damaged record.
    pub fn vector(&self, column: &Column) -> Result<Option<Option<&'a Arc<[f32]>>>> {
        if has_vector(self.after.as_ref(), column)? {
            return Ok(self.written.vector(&column.field).map(Some));
        }
        Ok(has_vector(self.before.as_ref(), column)?.then_some(None))
    }
}

fn has_vector(record: Option<&RecordView<'_>>, column: &Column) -> Result<bool> {
    let stored = record.map(|record| record.column_ref(column)).transpose()?.flatten();
    Ok(matches!(stored, Some(ValueRef::Vector { .. })))
}

/// What holds of every change: numbers of commits only grow, and a record is public in full only where it is the public state.
fn check_marks(
    before: Option<&RecordView<'_>>,
    after: Option<&RecordView<'_>>,
    is_visible: bool,
    public: PublicChange<'_>,
) {
    let versions = before.zip(after).map(|(before, after)| (before.version(), after.version()));
    debug_assert!(
        versions.is_none_or(|(before, after)| before <= after),
        "an older commit is written over a newer one"
    );
    let publicity = after.map_or(Publicity::Private, RecordView::publicity);
    let is_posted = publicity == Publicity::Posted;
    match public {
        PublicChange::Stays => {
            let was = before.map_or(Publicity::Private, RecordView::publicity);
            debug_assert!(!(is_posted && is_visible), "a state that the network does not know is marked as known");
            debug_assert_eq!(was == Publicity::Private, publicity == Publicity::Private, "publicity comes and goes");
        }
        PublicChange::Becomes { now, .. } => {
            debug_assert_eq!(
                now.causal_length > 0,
                publicity != Publicity::Private,
                "publicity without a public state"
            );
            let is_same =
                after.is_none_or(|after| after.causal_length() == now.causal_length && after.len() == now.fields.len());
            debug_assert!(!is_posted || is_same, "what is marked as posted differs from the public state");
        }
        PublicChange::Forgotten => debug_assert_eq!(publicity, Publicity::Private, "a forgotten state is public"),
    }
}
