//! What records keep fields under, and what that is to a collection: a column has an id in records and a name in states.

use std::collections::BTreeMap;

use crate::model::collection::{Collection, CollectionKind};
use crate::model::column::ColumnId;

/// Under what a record keeps a field: what a table declares under the column's id, everything else under its name in states.
/// Columns come before facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKey<'a> {
    Column(ColumnId),
    Fact(&'a str),
}

impl<'a> From<&'a str> for FieldKey<'a> {
    fn from(name: &'a str) -> Self {
        FieldKey::Fact(name)
    }
}

impl Collection {
    /// The position of the column that a field of a state is shown in.
    pub fn column_of_field(&self, field: &str) -> Option<usize> {
        (0..self.columns.len()).find(|position| self.field_name(*position) == Some(field))
    }

    /// What a record written now keeps a field of a state under.
    pub fn key_of_field<'a>(&self, field: &'a str) -> FieldKey<'a> {
        if self.kind != CollectionKind::Table {
            return FieldKey::Fact(field);
        }
        let declared = self.columns.iter().find(|column| column.field == field).map(|column| column.id);
        let dropped = || self.dropped.iter().find(|dropped| dropped.field == field).map(|dropped| dropped.id);
        declared.or_else(dropped).map_or(FieldKey::Fact(field), FieldKey::Column)
    }

    /// Fields of a state by what a record written now keeps them under, in the order of a record.
    pub fn by_key<'a, V>(&'a self, fields: &'a BTreeMap<String, V>) -> Vec<(FieldKey<'a>, &'a V)> {
        let mut keyed = Vec::with_capacity(fields.len());
        if self.kind == CollectionKind::Table {
            let declared = self.columns.iter().filter_map(|column| Some((column, fields.get(&column.field)?)));
            keyed.extend(declared.map(|(column, value)| (FieldKey::Column(column.id), value)));
        }
        if keyed.len() < fields.len() {
            let is_declared = |key: FieldKey<'_>| matches!(key, FieldKey::Column(id) if self.position_of(id).is_some());
            let others = fields.iter().map(|(name, value)| (self.key_of_field(name), value));
            keyed.extend(others.filter(|(key, _)| !is_declared(*key)));
            keyed.sort_unstable_by_key(|(key, _)| *key);
        }
        keyed
    }

    /// The name in states of what a record keeps; `None` for a column that is no more.
    pub fn field_of_key<'a>(&'a self, key: FieldKey<'a>) -> Option<&'a str> {
        let id = match key {
            FieldKey::Column(id) => id,
            FieldKey::Fact(name) => return Some(name),
        };
        if let Some(column) = self.position_of(id).and_then(|position| self.columns.get(position)) {
            return Some(&column.field);
        }
        let renewed = self.columns.iter().find(|column| column.former.contains(&id)).map(|column| &column.field);
        let dropped = || self.dropped.iter().find(|dropped| dropped.id == id).map(|dropped| &dropped.field);
        renewed.or_else(dropped).map(String::as_str)
    }

    /// Whether a record keeps what a dropped column had under a key.
    pub fn is_dropped(&self, key: FieldKey<'_>) -> bool {
        matches!(key, FieldKey::Column(id) if self.dropped.iter().any(|dropped| dropped.id == id))
    }

    /// Whether a field of a state shows as a fact that nothing declares.
    pub fn is_undeclared(&self, field: &str) -> bool {
        self.column_of_field(field).is_none() && !self.dropped.iter().any(|dropped| dropped.field == field)
    }

    /// What a record written now keeps a field of an older one under: a fact may have become a column since, and what is left of a
    /// column that is no more goes.
    pub fn present_key<'a>(&self, key: FieldKey<'a>) -> Option<FieldKey<'a>> {
        match key {
            FieldKey::Column(id) if self.position_of(id).is_some() => Some(key),
            FieldKey::Column(id) => {
                let renewed = self.columns.iter().find(|column| column.former.contains(&id));
                let is_dropped = || self.dropped.iter().any(|dropped| dropped.id == id);
                let renewed = renewed.map(|column| FieldKey::Column(column.id));
                renewed.or_else(|| is_dropped().then_some(key))
            }
            FieldKey::Fact(name) => Some(self.key_of_field(name)),
        }
    }
}
