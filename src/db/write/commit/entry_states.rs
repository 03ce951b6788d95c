//! The two states of an entry, what its network knows and what a reader here sees, read and written while encoding.
//!
//! A record holds what a reader sees. It is the public state as well while it is `Posted`; once it is edited, the public
//! state lies in a copy of its own, with all values inside.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::pending::write_set::Pending;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_change::{EntryChange, ProofsChange, PublicChange, WrittenFields};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{Known, delta, merge};
use crate::model::{
    Collection, CollectionId, ColumnId, Contribution, Field, FieldKey, Hlc, PeerId, Piece, Stage, State,
};
use crate::store::{
    Key, Publicity, RecordField, RecordHeader, RecordView, Stored, decode_state, encode_sorted_record,
    encode_with_aside, vector_of_bytes,
};
use crate::types::{ColumnType, Value};

/// An entry as it is before a change.
pub(crate) struct EntryStates {
    pub record: Option<Arc<[u8]>>,
    pub stage: Stage,
    pub publicity: Publicity,
    /// Number of the commit that last changed what a reader sees.
    pub version: u64,
    pub visible: State,
    pub public: State,
    /// The deltas that `public` is known to be made of.
    pub contributions: Vec<Contribution>,
    /// Those that do not count.
    pub aside: Vec<Piece>,
}

impl EntryStates {
    /// What becomes of the proofs where the public state goes.
    fn without_proofs(&self) -> ProofsChange {
        let has_proofs = !self.contributions.is_empty() || !self.aside.is_empty();
        if has_proofs { ProofsChange::Become(None) } else { ProofsChange::Stay }
    }

    /// What is known of the entry in its network.
    pub fn known(&self) -> Known {
        let (contributions, aside) = (self.contributions.clone(), self.aside.clone());
        Known { state: self.public.clone(), contributions, aside }
    }

    /// What the next posting makes public: what a reader here sees where that is staged, and of a life that nobody staged
    /// only that the one before it, which the network knows, has ended. `None` where nothing waits. `now` is the time that
    /// the end is told under: that of the new life is nobody's business.
    pub fn to_post(&self, now: Hlc, me: &PeerId) -> Option<State> {
        match (self.stage, self.publicity) {
            (Stage::PostPending, _) => Some(self.visible.clone()),
            (Stage::Private, Publicity::PostedAndReplaced) => {
                Some(State { causal_length: self.public.causal_length + 1, timestamp: now, ..State::empty(me.clone()) })
            }
            (Stage::Private, Publicity::Private | Publicity::Posted | Publicity::PostedAndEdited) => None,
        }
    }
}

/// Whether an entry lives here again after the life that its network knows.
fn is_later_life(visible: &State, public: &State) -> bool {
    visible.is_alive() && public.is_alive() && visible.causal_length > public.causal_length
}

impl CommitEncoder<'_> {
    /// Both states of an entry; empty ones where there is none.
    ///
    /// # Errors
    /// XX001 or 22000 for a damaged record, state, vector or list of contributions, F0000 for a record of a newer format, XX000
    /// for a public state or vector that is missing; 58030 where the store cannot be read.
    pub fn entry_states(&self, collection: &Collection, key: &[u8]) -> Result<EntryStates> {
        let record = self.current(collection.id, key)?;
        let Some(bytes) = &record else {
            let empty = State::empty(self.shared.peer_id());
            return Ok(EntryStates {
                record: None,
                stage: Stage::Private,
                publicity: Publicity::Private,
                version: 0,
                visible: empty.clone(),
                public: empty,
                contributions: Vec::new(),
                aside: Vec::new(),
            });
        };
        let view = RecordView::parse(bytes)?;
        let publicity = view.publicity();
        let visible = self.state_of(collection, key, &view)?;
        let public = match publicity {
            Publicity::Private => State::empty(self.shared.peer_id()),
            Publicity::Posted => visible.clone(),
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => self.public_copy(collection.id, key)?,
        };
        let (contributions, aside) = match publicity {
            Publicity::Private => Default::default(),
            _ => self.contributions_to(collection.id, key)?,
        };
        let (stage, version) = (view.stage(), view.version());
        Ok(EntryStates { stage, publicity, version, visible, public, record, contributions, aside })
    }

    /// The state that a record holds, its vectors included.
    ///
    /// # Errors
    /// XX001 for a damaged record or vector, XX000 for a vector that is missing; 58030 where the store cannot be read.
    pub fn state_of(&self, collection: &Collection, key: &[u8], record: &RecordView<'_>) -> Result<State> {
        state_of_record(collection, record, &mut |column| self.components(collection.id, column, key))
    }

    /// The vector of an entry in a column, the group's own commits included.
    ///
    /// # Errors
    /// XX001 for a damaged vector, 58030 where the store cannot be read.
    pub fn components(&self, id: CollectionId, column: ColumnId, key: &[u8]) -> Result<Option<Arc<[f32]>>> {
        let place = (id, column, key.to_vec());
        let overlay = &self.effects.overlay.components;
        match overlay.get(&place).or_else(|| self.group.overlay.components.get(&place)) {
            Some(vector) => Ok(vector.clone()),
            None => {
                let stored = self.group.snapshot.get(&Key::Vector(id, column, key))?;
                stored.map(|bytes| vector_of_bytes(&bytes)).transpose()
            }
        }
    }

    /// What the network of an entry knows that was edited here since.
    ///
    /// # Errors
    /// XX001 or 22000 for a damaged state, XX000 for one that is missing; 58030 where the store cannot be read.
    pub fn public_copy(&self, id: CollectionId, key: &[u8]) -> Result<State> {
        let place = (id, key.to_vec());
        match self.effects.overlay.publics.get(&place).or_else(|| self.group.overlay.publics.get(&place)) {
            Some(Some(bytes)) => decode_state(bytes),
            Some(None) => Err(Error::internal("the public state of an edited entry is gone")),
            None => match self.group.snapshot.get(&Key::Public(id, key))? {
                Some(bytes) => decode_state(&bytes),
                None => Err(Error::internal("the public state of an edited entry is missing")),
            },
        }
    }

    /// The causal length of what the network knows of an entry; 0 where it knows nothing.
    ///
    /// # Errors
    /// XX001 or 22000 for a damaged public state, XX000 for one that is missing; 58030 where the store cannot be read.
    pub fn public_length(&self, id: CollectionId, key: &[u8], base: Option<&RecordView<'_>>) -> Result<u64> {
        let Some(base) = base else { return Ok(0) };
        match base.publicity() {
            Publicity::Private => Ok(0),
            Publicity::Posted => Ok(base.causal_length()),
            Publicity::PostedAndEdited | Publicity::PostedAndReplaced => Ok(self.public_copy(id, key)?.causal_length),
        }
    }

    /// Writes both states of an entry over `old`, and what the public one is made of.
    ///
    /// # Errors
    /// As [`CommitEncoder::put_states`]; 54000 where there are more deltas or fields than can be told apart. Nothing of the entry
    /// is written where the fault [lies in it](is_of_one_entry).
    pub fn put_known(
        &mut self,
        collection: &Arc<Collection>,
        key: &[u8],
        old: &EntryStates,
        (visible, known): (&State, &Known),
        stage: Stage,
    ) -> Result<()> {
        let proofs = encode_proofs(&known.contributions, &known.aside)?;
        let is_unchanged = (&known.contributions, &known.aside) == (&old.contributions, &old.aside);
        let proofs = match is_unchanged && known.state.causal_length > 0 {
            true => ProofsChange::Stay,
            false => ProofsChange::Become(proofs),
        };
        self.change_states(collection, key, old, (visible, &known.state), (stage, proofs))
    }

    /// Writes both states of an entry over `old`. What a reader sees keeps its version where it does not change. Values of peers
    /// that are too long for an ordered index [are hidden](CommitEncoder::with_room).
    ///
    /// # Errors
    /// 54000 for an entry over its limits, 0A000 for an array: nothing of the entry is written then. XX001 for a damaged record,
    /// mark or count, 58030 where the store cannot be read.
    pub fn put_states(
        &mut self,
        collection: &Arc<Collection>,
        key: &[u8],
        old: &EntryStates,
        (visible, public): (&State, &State),
        stage: Stage,
    ) -> Result<()> {
        let proofs = if public.causal_length > 0 { ProofsChange::Stay } else { old.without_proofs() };
        self.change_states(collection, key, old, (visible, public), (stage, proofs))
    }

    fn change_states(
        &mut self,
        collection: &Arc<Collection>,
        key: &[u8],
        old: &EntryStates,
        (visible, public): (&State, &State),
        (stage, proofs): (Stage, ProofsChange),
    ) -> Result<()> {
        let with_room = self.with_room(collection, key, visible, public)?;
        let visible = with_room.as_ref().unwrap_or(visible);
        let is_same = visible.causal_length == public.causal_length && visible.has_fields_of(public);
        let visible = if is_same { public } else { visible };
        let publicity = match (public.causal_length > 0, is_same) {
            (false, _) => Publicity::Private,
            (true, true) => Publicity::Posted,
            (true, false) if old.publicity == Publicity::PostedAndReplaced && is_later_life(visible, public) => {
                Publicity::PostedAndReplaced
            }
            (true, false) => Publicity::PostedAndEdited,
        };
        let is_unchanged = old.record.is_some()
            && old.visible.has_fields_of(visible)
            && old.visible.causal_length == visible.causal_length;
        let header = RecordHeader {
            version: if is_unchanged { old.version } else { self.version },
            causal_length: visible.causal_length,
            timestamp: visible.timestamp,
            peer_id: visible.peer_id.clone(),
            stage,
            publicity,
        };
        self.put(EntryChange {
            collection,
            key,
            before: old.record.as_deref().map(RecordView::parse).transpose()?,
            record: Some(encode_visible(collection, &header, visible)?),
            is_visible: !is_unchanged,
            written: WrittenFields::States { before: &old.visible, now: visible },
            public: PublicChange::Becomes { before: &old.public, now: public },
            proofs,
            is_own: false,
        })
    }

    /// Removes an entry with both its states and every trace of it.
    ///
    /// # Errors
    /// XX001 for a damaged record, mark or count, 58030 where the store cannot be read.
    pub fn remove_states(&mut self, collection: &Arc<Collection>, key: &[u8], old: &EntryStates) -> Result<()> {
        let nothing = State::empty(self.shared.peer_id());
        self.put(EntryChange {
            collection,
            key,
            before: old.record.as_deref().map(RecordView::parse).transpose()?,
            record: None,
            is_visible: true,
            written: WrittenFields::States { before: &old.visible, now: &nothing },
            public: PublicChange::Becomes { before: &old.public, now: &nothing },
            proofs: old.without_proofs(),
            is_own: false,
        })
    }

    /// Whether an entry is on the stage after a local write: as the statement says, and as its network's rules say.
    ///
    /// # Errors
    /// XX001 for a damaged record.
    pub fn stage_of(
        &mut self,
        collection: &Collection,
        key: &[u8],
        pending: &Pending,
        base: Option<&RecordView<'_>>,
    ) -> Result<Stage> {
        let asked = pending.stage.or(base.map(RecordView::stage)).unwrap_or_default();
        let is_posted = base.is_some_and(|base| base.publicity() != Publicity::Private);
        let catalog = Arc::clone(self.current_catalog());
        let Some((network, attachment)) = catalog.network_of(collection.id).filter(|_| pending.changes_state()) else {
            return Ok(asked);
        };
        if network.posts_at_once(attachment) && (pending.alive || is_posted) {
            if network.options.posting_url.is_some() || !attachment.posts() {
                return Ok(Stage::PostPending);
            }
            self.effects.to_post.push((network.id, (collection.id, key.to_vec())));
            return Ok(Stage::Private);
        }
        // The others learn that a posted entry is gone without being asked: they hold it because of us.
        if !pending.alive && is_posted {
            return Ok(Stage::PostPending);
        }
        let classes = &network.options.auto_post_classifications;
        if !classes.is_empty() && pending.stage != Some(Stage::PostPending) {
            let class = match (pending.changes.get("classification"), base) {
                (Some(change), _) => change.as_ref().and_then(Value::as_str),
                (None, Some(base)) if pending.alive && !pending.replaced => base.get_str("classification")?,
                (None, _) => None,
            };
            if let Some(class) = class
                && classes.iter().any(|known| known.eq_ignore_ascii_case(class.trim_matches('"')))
            {
                return Ok(Stage::PostPending);
            }
        }
        Ok(asked)
    }
}

/// Whether writing an entry failed for a reason that lies in it, so that others can be written without it: it is over its
/// limits, or holds what cannot be stored. What is damaged in the store is no such reason.
pub(crate) fn is_of_one_entry(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::LimitExceeded | ErrorKind::Unsupported)
}

/// What is stored of what an entry is made of; `None` where there is nothing.
///
/// # Errors
/// 54000 where there are more deltas or fields than can be told apart.
fn encode_proofs(contributions: &[Contribution], aside: &[Piece]) -> Result<Option<Vec<u8>>> {
    let is_empty = contributions.is_empty() && aside.is_empty();
    (!is_empty).then(|| encode_with_aside(contributions, aside)).transpose()
}

/// The state that a record holds; `vector` reads the components of a vector column.
pub(crate) fn state_of_record(
    collection: &Collection,
    record: &RecordView<'_>,
    vector: &mut dyn FnMut(ColumnId) -> Result<Option<Arc<[f32]>>>,
) -> Result<State> {
    let mut fields = BTreeMap::new();
    for field in record.fields() {
        let (key, RecordField { stored, stamp }) = field?;
        let Some(name) = collection.field_of_key(key) else { continue };
        let value = match stored {
            Stored::Removed => None,
            Stored::Value(value) => Some(value),
            Stored::Vector { .. } => {
                let position =
                    collection.vector_columns().find(|position| collection.field_name(*position) == Some(name));
                let position = position.ok_or_else(|| Error::internal("a vector lies outside of any column"))?;
                let components = vector(collection.column_id(position)?)?;
                Some(Value::Vector(components.ok_or_else(|| Error::internal("the vector of an entry is missing"))?))
            }
        };
        fields.insert(name.to_string(), Field { value, stamp });
    }
    Ok(State {
        causal_length: record.causal_length(),
        fields,
        clock: record.clock()?,
        timestamp: record.timestamp(),
        peer_id: record.peer_id()?,
    })
}

fn encode_visible(collection: &Collection, header: &RecordHeader, visible: &State) -> Result<Vec<u8>> {
    let vector_keys: Vec<FieldKey<'_>> = collection
        .vector_columns()
        .filter_map(|position| Some(collection.key_of_field(collection.field_name(position)?)))
        .collect();
    let mut fields = Vec::with_capacity(visible.fields.len());
    for (key, field) in collection.by_key(&visible.fields) {
        let stored = match &field.value {
            None => Stored::Removed,
            Some(Value::Vector(vector)) if vector_keys.contains(&key) => Stored::Vector {
                dimension: u32::try_from(vector.len()).map_err(|_| Error::internal("a vector is too long"))?,
            },
            Some(value) => Stored::Value(value.clone()),
        };
        fields.push((key, RecordField { stored, stamp: field.stamp.clone() }));
    }
    encode_sorted_record(header, &visible.clock, &fields)
}

/// Whether a value that a peer wrote fits the column of that name here. What does not fit stays in the public state and
/// shows nowhere until the columns agree.
pub(crate) fn fits(collection: &Collection, name: &str, value: Option<&Value>) -> bool {
    let Some(value) = value else { return true };
    let mut columns = collection.columns.iter().enumerate();
    match columns.find(|(position, _)| collection.field_name(*position) == Some(name)) {
        None => !matches!(
            value,
            Value::Vector(_)
                | Value::Sparse(_)
                | Value::Bits(_)
                | Value::TsVector(_)
                | Value::TsQuery(_)
                | Value::Enum(_)
                | Value::Range(_)
                | Value::Multirange(_)
                | Value::Array(..)
        ),
        Some((_, column)) => match (&column.ty, value) {
            (ColumnType::Vector(Some(dimension)), Value::Vector(vector)) => vector.len() == *dimension as usize,
            (ColumnType::Halfvec(Some(dimension)), Value::Vector(vector)) => {
                vector.len() == *dimension as usize && value.is_of(&column.ty)
            }
            (ColumnType::Sparsevec(Some(dimension)), Value::Sparse(vector)) => vector.dimension() == *dimension,
            (ColumnType::Bit(Some(length)), Value::Bits(bits)) => bits.length() == *length,
            (ColumnType::Varbit(Some(length)), Value::Bits(bits)) => bits.length() <= *length,
            (ty, value) => value.is_of(ty),
        },
    }
}

/// What of a state a reader here can be shown.
pub(crate) fn fitting(collection: &Collection, mut state: State) -> State {
    state.fields.retain(|name, field| fits(collection, name, field.value.as_ref()));
    state
}

/// What a reader sees once the public state is `now`: that, and whatever was written here and not posted.
pub(crate) fn following(collection: &Collection, visible: &State, before: &State, now: &State) -> State {
    let now = fitting(collection, now.clone());
    let is_posted =
        visible.causal_length == before.causal_length && visible.has_fields_of(&fitting(collection, before.clone()));
    if is_posted { now } else { merge(&now, &delta(before, visible)) }
}
