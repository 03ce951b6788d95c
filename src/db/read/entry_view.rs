//! One entry as a reader sees it: its key, its committed record, and the own uncommitted changes over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::pending::write_set::Pending;
use crate::db::read::view::ReadView;
use crate::db::records::posted_entry::PostedEntry;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Operand, PathBase, PathResult, RowAccess};
use crate::model::{Collection, CollectionKind, Column, EntryType, Stage, SystemColumn};
use crate::store::{Key, Publicity, RecordView, Stored, ValueRef, decode_key_part, posted_place};
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, RangeKind, Value, join_object, json_text_of_value};

/// Borrowed view of one entry; reads only what is asked for.
pub(crate) struct EntryView<'a> {
    pub view: &'a ReadView,
    pub collection: &'a Collection,
    pub key: &'a [u8],
    /// Committed version; absent for an entry that the own transaction made.
    pub record: Option<RecordView<'a>>,
    pub pending: Option<&'a Pending>,
}

impl<'a> EntryView<'a> {
    /// The same entry, read by another definition of its collection.
    pub fn of(&self, collection: &'a Collection) -> EntryView<'a> {
        EntryView { collection, ..*self }
    }

    pub fn is_alive(&self) -> bool {
        match self.pending {
            Some(pending) => pending.alive,
            None => self.record.as_ref().is_some_and(RecordView::is_alive),
        }
    }

    /// The record, unless the own transaction replaced it whole.
    fn base(&self) -> Option<&RecordView<'a>> {
        match self.pending {
            Some(pending) if pending.replaced => None,
            _ => self.record.as_ref(),
        }
    }

    /// The value of a column by its `position`, or of a fact by its name; a column goes by its name as well.
    ///
    /// # Errors
    /// XX001 for a damaged record or vector, 58030 where the store cannot be read, XX000 for a vector without its column.
    pub fn field(&self, name: &str, position: Option<usize>) -> Result<Option<Value>> {
        let Some((name, column)) = self.place(name, position) else { return Ok(None) };
        if let Some(change) = self.pending.and_then(|pending| pending.changes.get(name)) {
            // Its type may have got other labels since it was written.
            return match (change.clone(), column) {
                (Some(value), Some(column)) => value.of_column(&column.ty).map(Some),
                (change, _) => Ok(change),
            };
        }
        let Some(record) = self.base() else { return Ok(None) };
        let stored = match column {
            Some(column) => record.column_ref(column)?,
            None => record.get_ref(name)?,
        };
        match stored.map(ValueRef::to_stored).transpose()? {
            None | Some(Stored::Removed) => Ok(None),
            Some(Stored::Value(value)) => match column {
                Some(column) => value.of_column(&column.ty).map(Some),
                None => Ok(Some(value)),
            },
            Some(Stored::Vector { .. }) => {
                let position = position.or_else(|| self.collection.column_of_field(name));
                let position = position.ok_or_else(|| Error::internal("a vector is read without its column"))?;
                self.view.vector(self.collection.id, self.collection.column_id(position)?, self.key)
            }
        }
    }

    /// The name in states, and the column of a table, that a name or position means; `None` for what states have under a name that
    /// means nothing here: that of a column with another name, or of one that was dropped.
    fn place<'n>(&'n self, name: &'n str, position: Option<usize>) -> Option<(&'n str, Option<&'n Column>)> {
        if self.collection.kind != CollectionKind::Table {
            return Some((name, None));
        }
        let position = position.or_else(|| self.collection.column(name));
        match position.and_then(|position| self.collection.columns.get(position)) {
            Some(column) => Some((&column.field, Some(column))),
            None => self.collection.is_undeclared(name).then_some((name, None)),
        }
    }

    /// The value of a declared column; NULL when the entry has none.
    ///
    /// # Errors
    /// As [`EntryView::field`]; XX001 for a damaged key, XX000 for a position beyond the columns.
    pub fn column(&self, position: usize) -> Result<Value> {
        let Some(column) = self.collection.columns.get(position) else {
            return Err(Error::internal(format!("column {position} of {} is read", self.collection.name)));
        };
        if let Some(part) = key_part(self.collection, position) {
            return decode_key_part(self.key, part, &column.ty);
        }
        if self.collection.kind == CollectionKind::Memory && column.name == "metadata" {
            return self.metadata();
        }
        let name = self.collection.field_name(position).unwrap_or(&column.name);
        Ok(self.field(name, Some(position))?.unwrap_or(Value::Null))
    }

    /// The whole declared row.
    ///
    /// # Errors
    /// As [`EntryView::column`].
    pub fn row(&self) -> Result<Vec<Value>> {
        (0..self.collection.columns.len()).map(|position| self.column(position)).collect()
    }

    /// The facts as one JSON object: all of a memory, the undeclared ones of a table.
    ///
    /// # Errors
    /// XX001 for a damaged record.
    pub fn metadata(&self) -> Result<Value> {
        let facts = self.fields(&|name| self.is_fact(name))?;
        if facts.is_empty() && self.collection.kind == CollectionKind::Table {
            return Ok(Value::Null);
        }
        let facts = facts.iter().filter_map(|(name, value)| Some((fact_key(name), value.as_ref()?)));
        Ok(Value::Json(join_object(facts)))
    }

    /// The wanted fields that have a value, by name, declared or not; committed vectors, which lie elsewhere, are left out.
    ///
    /// # Errors
    /// XX001 for a damaged record.
    pub fn fields(&self, is_wanted: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, Option<Value>>> {
        let mut fields = BTreeMap::new();
        if let Some(record) = self.base() {
            for field in record.fields() {
                let (key, field) = field?;
                let Some(name) = self.collection.field_of_key(key) else { continue };
                if let (true, Stored::Value(value)) = (is_wanted(name), field.stored) {
                    fields.insert(name.to_string(), Some(value));
                }
            }
        }
        for (name, change) in self.pending.iter().flat_map(|pending| &pending.changes) {
            match change {
                Some(value) if is_wanted(name) => fields.insert(name.clone(), Some(value.clone())),
                _ => fields.remove(name),
            };
        }
        Ok(fields)
    }

    /// The mark of the stage, with the own changes.
    pub fn stage(&self) -> Option<Stage> {
        self.pending.and_then(|pending| pending.stage).or_else(|| self.base().map(RecordView::stage))
    }

    fn is_fact(&self, name: &str) -> bool {
        match self.collection.kind {
            CollectionKind::Memory => !name.starts_with('$') || name.starts_with("$$"),
            CollectionKind::Table | CollectionKind::Auth => self.collection.is_undeclared(name),
        }
    }

    /// The value of a column that every collection has.
    ///
    /// # Errors
    /// XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn system(&self, column: SystemColumn) -> Result<Value> {
        Ok(match column {
            SystemColumn::EntryType => Value::text(match self.collection.kind {
                CollectionKind::Auth => EntryType::Auth.name(),
                CollectionKind::Memory | CollectionKind::Table => EntryType::Memory.name(),
            }),
            SystemColumn::Metadata => self.metadata()?,
            SystemColumn::Stage => self.stage().and_then(Stage::name).map_or(Value::Null, Value::text),
            SystemColumn::Publicity => Value::text(self.publicity().name()),
            SystemColumn::Public => {
                let is_public = self.publicity() != Publicity::Private;
                let network = self.view.catalog.network_of(self.collection.id).filter(|_| is_public);
                let names = network.map(|(network, _)| Value::text(network.name.as_str()));
                Value::Array(Box::new(ColumnType::Text), names.into_iter().collect())
            }
            SystemColumn::Edited => {
                Value::Bool(matches!(self.publicity(), Publicity::PostedAndEdited | Publicity::PostedAndReplaced))
            }
            SystemColumn::PostedAt => self.posted_at()?,
            SystemColumn::Timestamp => {
                self.base().map_or(Value::Null, |record| Value::TimestampTz(record.timestamp().micros()))
            }
            SystemColumn::PeerId => match self.base() {
                Some(record) => Value::text(record.peer_id_str()?),
                None => Value::text(self.view.peer_id().as_str()),
            },
            SystemColumn::VectorClock => {
                let Some(record) = self.base() else { return Ok(Value::Json("{}".into())) };
                let counts: Vec<(String, Value)> = record
                    .clock()?
                    .iter()
                    .map(|(peer, count)| {
                        (peer.as_str().to_string(), Value::Int8(i64::try_from(count).unwrap_or(i64::MAX)))
                    })
                    .collect();
                Value::Json(join_object(counts.iter().map(|(peer, count)| (peer.as_str(), count))))
            }
        })
    }

    /// When this node posted the entry to its network; NULL where it never did, as of one that others made.
    fn posted_at(&self) -> Result<Value> {
        if self.publicity() == Publicity::Private {
            return Ok(Value::Null);
        }
        let Some((network, _)) = self.view.catalog.network_of(self.collection.id) else { return Ok(Value::Null) };
        let place = posted_place(self.collection.id, self.key);
        let stored = self.view.snapshot.get(&Key::PostedEntry(network.id, &place))?;
        let posted = stored.map(|bytes| PostedEntry::from_bytes(&bytes)).transpose()?;
        let micros = posted.and_then(|posted| i64::try_from(posted.at_ms).ok()?.checked_mul(1000));
        Ok(micros.map_or(Value::Null, Value::TimestampTz))
    }

    /// How much of the entry its network knows; what the own transaction has changed it does not.
    fn publicity(&self) -> Publicity {
        let stored = self.base().map_or(Publicity::Private, RecordView::publicity);
        match self.pending {
            Some(pending) if stored == Publicity::Posted && !pending.changes.is_empty() => Publicity::PostedAndEdited,
            _ => stored,
        }
    }

    /// The value of an operand.
    ///
    /// # Errors
    /// As [`EntryView::column`] and [`EntryView::field`]; 22P05 for an escape of a document that stands for no character.
    pub fn operand(&self, operand: &Operand) -> Result<Value> {
        match operand {
            Operand::Column(position) => self.column(*position),
            Operand::System(system) => self.system(*system),
            Operand::Key => Ok(Value::Bytea(self.key.into())),
            Operand::Path { base, path, result } => self.path(*base, path, *result),
            Operand::Computed(key) => key.value(self),
        }
    }

    fn serves_facts(&self, base: PathBase) -> bool {
        match base {
            PathBase::Facts => true,
            PathBase::Column(position) => {
                self.collection.kind == CollectionKind::Memory
                    && self.collection.columns.get(position).is_some_and(|column| column.name == "metadata")
            }
        }
    }

    fn path(&self, base: PathBase, path: &[PathStep], result: PathResult) -> Result<Value> {
        if !self.serves_facts(base) {
            let PathBase::Column(position) = base else { return Ok(Value::Null) };
            let document = self.column(position)?;
            return Ok(match document.as_str() {
                Some(text) => result.of_json(jsonb::get_path(text, path))?,
                None => Value::Null,
            });
        }
        let Some((PathStep::Key(key), rest)) = path.split_first() else {
            return if path.is_empty() { self.metadata() } else { Ok(Value::Null) };
        };
        let Some(fact) = self.field(&fact_name(key), None)? else { return Ok(Value::Null) };
        if rest.is_empty() {
            return Ok(match result {
                PathResult::Typed => match fact {
                    Value::Json(text) => result.of_json(Some(&text))?,
                    typed => typed,
                },
                PathResult::Json => Value::Json(json_text_of_value(&fact)),
                PathResult::Text => match fact {
                    Value::Json(text) => result.of_json(Some(&text))?,
                    typed => Value::text(typed.to_text()),
                },
            });
        }
        Ok(match fact {
            Value::Json(text) => result.of_json(jsonb::get_path(&text, rest))?,
            _ => Value::Null,
        })
    }
}

impl RowAccess for EntryView<'_> {
    fn value(&self, operand: &Operand) -> Result<Value> {
        self.operand(operand)
    }

    fn stored_text(&self, operand: &Operand) -> Result<Option<&str>> {
        let (name, position) = match operand {
            Operand::Column(position) if key_part(self.collection, *position).is_none() => {
                (self.collection.field_name(*position), Some(*position))
            }
            Operand::Path { base, path, result: PathResult::Typed | PathResult::Text } if self.serves_facts(*base) => {
                (single_key(path), None)
            }
            _ => (None, None),
        };
        let place = name.and_then(|name| self.place(name, position));
        let (Some((name, column)), Some(record), None) = (place, &self.record, self.pending) else { return Ok(None) };
        let stored = match column {
            Some(column) => record.column_ref(column)?,
            None => record.get_ref(name)?,
        };
        Ok(match stored {
            Some(ValueRef::Text(text)) => Some(text),
            _ => None,
        })
    }
}

fn single_key(path: &[PathStep]) -> Option<&str> {
    match path {
        [PathStep::Key(key)] if !key.starts_with('$') => Some(key),
        _ => None,
    }
}

/// The field that holds the fact of a metadata key: keys that start with `$` are kept apart from the system's own.
pub(crate) fn fact_name(key: &str) -> String {
    if key.starts_with('$') { format!("${key}") } else { key.to_string() }
}

/// The metadata key of a fact's field.
pub(crate) fn fact_key(name: &str) -> &str {
    if name.starts_with("$$") { name.get(1..).unwrap_or(name) } else { name }
}

/// Where in the encoded key a column lies; the key form of numerics and of their ranges loses scales, so that these are read from their
/// fields.
pub(crate) fn key_part(collection: &Collection, position: usize) -> Option<usize> {
    let part = collection.primary_key.iter().position(|column| *column == position)?;
    match collection.columns.get(position)?.ty {
        ColumnType::Numeric(_) | ColumnType::Range(RangeKind::Numeric) | ColumnType::Multirange(RangeKind::Numeric) => {
            None
        }
        _ => Some(part),
    }
}

/// # Errors
/// 22000 for a dimension that differs from the column's, naming both.
pub(crate) fn check_dimension(column: &str, declared: Option<u32>, vector: &Arc<[f32]>) -> Result<()> {
    match declared {
        Some(dimension) if vector.len() != dimension as usize => {
            Err(Error::new(ErrorKind::DataException, format!("expected {dimension} dimensions, not {}", vector.len()))
                .with_detail(format!("Column \"{column}\" holds vectors of {dimension} dimensions.")))
        }
        _ => Ok(()),
    }
}
