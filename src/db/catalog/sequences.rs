//! Sequences in the catalog: those that CREATE SEQUENCE makes, and the columns' own, which are named after these.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, RelationRef, SEQUENCE_SUFFIX, SchemaId, Sequence};

impl Catalog {
    /// Sequences apart from those of columns: those of `public` first, each schema's in order of name.
    pub fn sequences(&self) -> impl Iterator<Item = &Arc<Sequence>> {
        self.sequences.values()
    }

    /// Those of one schema, in order of name.
    pub fn sequences_in(&self, schema: SchemaId) -> impl Iterator<Item = &Arc<Sequence>> {
        self.sequences.of_schema(schema)
    }

    /// The sequence of a name; a plain text means one of `public`.
    pub fn sequence<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<&Arc<Sequence>> {
        self.sequences.get(name.into())
    }

    pub fn sequence_by_id(&self, id: CollectionId) -> Option<&Arc<Sequence>> {
        self.sequences.values().find(|sequence| sequence.id == id)
    }

    /// The column of whose own sequence this is the name, by its position.
    pub fn column_sequence<'n>(&self, name: impl Into<RelationRef<'n>>) -> Option<(&Arc<Collection>, usize)> {
        let name = name.into();
        // Most names end otherwise.
        let stem = name.name.strip_suffix(SEQUENCE_SUFFIX)?;
        self.collections_of(name.schema).find_map(|collection| {
            let column = stem.strip_prefix(collection.name.as_str())?.strip_prefix('_')?;
            let position = collection.column(column)?;
            let has_sequence = collection.columns.get(position)?.has_sequence();
            has_sequence.then_some((collection, position))
        })
    }

    /// Whether a name is that of a sequence, a column's own included.
    pub fn is_sequence<'n>(&self, name: impl Into<RelationRef<'n>>) -> bool {
        let name = name.into();
        self.sequence(name).is_some() || self.column_sequence(name).is_some()
    }

    /// The sequences that go with a collection, besides the columns' own.
    pub fn sequences_owned_by(&self, collection: CollectionId) -> impl Iterator<Item = &Arc<Sequence>> {
        self.sequences().filter(move |sequence| sequence.owner.is_some_and(|(owner, _)| owner == collection))
    }

    /// Adds a sequence or replaces the one of the same id.
    pub(crate) fn put_sequence(&mut self, sequence: Arc<Sequence>) {
        let old = self.sequence_by_id(sequence.id).map(|old| old.relation());
        if old.as_ref() != Some(&sequence.relation()) {
            self.take_sequence(sequence.id);
            self.note_names(sequence.schema);
        }
        self.sequences.insert((&sequence.relation()).into(), sequence);
        self.note_change();
    }

    fn take_sequence(&mut self, id: CollectionId) {
        if let Some(old) = self.sequence_by_id(id).cloned() {
            self.sequences.remove((&old.relation()).into());
            self.note_names(old.schema);
        }
    }

    pub(crate) fn remove_sequence(&mut self, id: CollectionId) {
        self.take_sequence(id);
        self.remove_comments(id);
        self.note_change();
    }
}

/// Checks that the sequences of a collection's own columns have names that nothing else has in a catalog without it.
///
/// # Errors
/// 42P07 for a name that another relation has: the sequences of columns are called after them.
pub(crate) fn check_own_sequences(catalog: &Catalog, collection: &Collection) -> Result<()> {
    let mut own = (0..collection.columns.len()).filter_map(|position| Sequence::of_column(collection, position));
    match own.find(|sequence| catalog.is_taken(&sequence.relation())) {
        None => Ok(()),
        Some(sequence) => {
            let message = format!("relation \"{}\" already exists", sequence.name);
            Err(Error::new(ErrorKind::DuplicateTable, message).with_hint(
                "A sequence is called after its table and its column: give one of these, or what has the name, another one.",
            ))
        }
    }
}
