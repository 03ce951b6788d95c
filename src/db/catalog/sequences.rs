//! Sequences in the catalog: those that CREATE SEQUENCE makes, and the columns' own, which are named after these.

use std::collections::BTreeSet;
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
        let stem = name.name.strip_suffix(SEQUENCE_SUFFIX);
        self.collections_of(name.schema).find_map(|collection| {
            let mut columns = collection.columns.iter().filter(|column| column.has_sequence());
            let own = columns.find(|column| match &column.sequence {
                Some(own) => own == name.name,
                None => {
                    stem.and_then(|stem| stem.strip_prefix(collection.name.as_str())?.strip_prefix('_'))
                        == Some(column.name.as_str())
                }
            });
            Some((collection, collection.column(&own?.name)?))
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
        self.forget(id);
        self.note_change();
    }
}

/// Checks that the sequences of a collection's own columns have names that nothing else has in a catalog without it.
///
/// # Errors
/// 42P07 for a name that another relation has.
pub(crate) fn check_own_sequences(catalog: &Catalog, collection: &Collection) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in Sequence::names_in(collection) {
        let relation = RelationRef { schema: collection.schema, name: &name };
        if catalog.is_taken(relation) || name == collection.name || !seen.insert(name.clone()) {
            return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{name}\" already exists")));
        }
    }
    Ok(())
}

/// Gives the sequences that columns have of their own, and that nobody named, names that nothing else has in a catalog without
/// the collection: the usual ones, behind which a number stands where they are taken.
pub(crate) fn name_own_sequences(catalog: &Catalog, collection: &mut Collection) {
    for position in 0..collection.columns.len() {
        let Some(column) = collection.columns.get(position).filter(|column| column.draws_own()) else { continue };
        if column.sequence.is_some() {
            continue;
        }
        let usual = Sequence::usual_name(&collection.name, &column.name);
        let is_free = |name: &str| {
            let relation = RelationRef { schema: collection.schema, name };
            let others = (0..collection.columns.len()).filter(|other| *other != position);
            let mut others = others.filter_map(|other| Sequence::of_column(collection, other));
            !catalog.is_taken(relation) && name != collection.name && others.all(|other| other.name != name)
        };
        let name = std::iter::once(usual.clone()).chain((1_u32..).map(|number| format!("{usual}{number}")));
        let name = name.into_iter().find(|name| is_free(name)).filter(|name| *name != usual);
        if let Some(column) = collection.columns.get_mut(position) {
            column.sequence = name;
        }
    }
}

/// Has the sequences that columns have of their own keep their names, whatever their table and they are called next.
pub(crate) fn keep_sequence_names(collection: &mut Collection) {
    let names: Vec<(usize, String)> = (0..collection.columns.len())
        .filter_map(|position| Some((position, Sequence::of_column(collection, position)?.name)))
        .collect();
    for (position, name) in names {
        if let Some(column) = collection.columns.get_mut(position) {
            column.sequence = Some(name);
        }
    }
}
