//! Sequences: those that CREATE SEQUENCE makes, and those of columns. They belong to one node: members of a network count for themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::model::collection::{Collection, CollectionId};
use crate::model::column::ColumnId;
use crate::model::permission::{AclTarget, ObjectKind};
use crate::model::schema::{RelationName, SchemaId};
use crate::types::ColumnType;

/// What the names of columns' own sequences end with, behind those of the table and the column.
pub const SEQUENCE_SUFFIX: &str = "_seq";

/// Where the count of a sequence lies: at the column whose it is, or at its own number and no column.
pub type SequencePlace = (CollectionId, ColumnId);

/// One sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Shares the number space of collections; of a column's own sequence the number of its collection.
    pub id: CollectionId,
    /// Left out of what is stored where it is `public`.
    #[serde(default, skip_serializing_if = "SchemaId::is_public")]
    pub schema: SchemaId,
    pub name: String,
    pub numbers: SequenceNumbers,
    /// The column with which it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<SequencePlace>,
    /// The column that it is a part of, where nobody made it by itself. Such a one is never stored.
    #[serde(skip)]
    pub column: Option<ColumnId>,
}

/// Which numbers a sequence gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceNumbers {
    pub kind: SequenceKind,
    pub start: i64,
    /// Never 0.
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    /// Behind the last number the first one comes again.
    pub cycle: bool,
    /// How many a session may take at a time. They are given out one by one all the same.
    pub cache: i64,
}

/// The type of a sequence's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SequenceKind {
    Int2,
    Int4,
    Int8,
}

/// How far a sequence has come: `last_value` and `is_called`, as PostgreSQL keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceCount {
    pub last: i64,
    /// Whether `last` was given out; otherwise it is the next one.
    pub is_called: bool,
}

/// Most sequences of which a session remembers what it drew.
const DRAWN_MAX: usize = 4096;

/// What a session has drawn from sequences: its `currval` and `lastval`. Copies share it.
#[derive(Clone, Default)]
pub struct DrawnNumbers(Arc<Mutex<Drawn>>);

#[derive(Default)]
struct Drawn {
    numbers: BTreeMap<SequencePlace, i64>,
    last: Option<SequencePlace>,
}

impl fmt::Debug for DrawnNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DrawnNumbers({})", self.0.lock().numbers.len())
    }
}

impl DrawnNumbers {
    /// The session drew a number.
    pub fn note(&self, place: SequencePlace, number: i64) {
        let mut drawn = self.0.lock();
        drawn.put(place, number);
        drawn.last = Some(place);
    }

    /// What `setval` said: it counts for `currval` alone.
    pub fn note_set(&self, place: SequencePlace, number: i64) {
        self.0.lock().put(place, number);
    }

    pub fn of(&self, place: SequencePlace) -> Option<i64> {
        self.0.lock().numbers.get(&place).copied()
    }

    /// What `lastval` returns, and from where it was drawn.
    pub fn last(&self) -> Option<(SequencePlace, i64)> {
        let drawn = self.0.lock();
        drawn.last.and_then(|place| Some((place, *drawn.numbers.get(&place)?)))
    }

    /// DISCARD SEQUENCES.
    pub fn forget(&self) {
        *self.0.lock() = Drawn::default();
    }
}

impl Drawn {
    fn put(&mut self, place: SequencePlace, number: i64) {
        if self.numbers.len() >= DRAWN_MAX && !self.numbers.contains_key(&place) {
            self.numbers.pop_first();
        }
        self.numbers.insert(place, number);
    }
}

impl Sequence {
    /// What the privileges on it are kept with: those of a column's with its table.
    pub fn acl_target(&self) -> AclTarget {
        AclTarget { kind: ObjectKind::Sequence, object: self.id, column: self.column }
    }
}

impl SequenceKind {
    pub fn ty(self) -> ColumnType {
        match self {
            SequenceKind::Int2 => ColumnType::Int2,
            SequenceKind::Int4 => ColumnType::Int4,
            SequenceKind::Int8 => ColumnType::Int8,
        }
    }

    /// The kind of a type of whole numbers; `None` for any other.
    pub fn of(ty: &ColumnType) -> Option<SequenceKind> {
        match ty {
            ColumnType::Int2 => Some(SequenceKind::Int2),
            ColumnType::Int4 => Some(SequenceKind::Int4),
            ColumnType::Int8 => Some(SequenceKind::Int8),
            _ => None,
        }
    }

    /// The least and the greatest number of the type.
    pub fn bounds(self) -> (i64, i64) {
        match self {
            SequenceKind::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
            SequenceKind::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            SequenceKind::Int8 => (i64::MIN, i64::MAX),
        }
    }
}

impl SequenceNumbers {
    /// Those of a type that go up from 1, or down from -1.
    pub fn new(kind: SequenceKind, increment: i64) -> SequenceNumbers {
        let (least, greatest) = kind.bounds();
        let (min, max) = if increment < 0 { (least, -1) } else { (1, greatest) };
        let start = if increment < 0 { max } else { min };
        SequenceNumbers { kind, start, increment, min, max, cycle: false, cache: 1 }
    }

    /// The number that comes behind the last one where they go round.
    pub fn first(&self) -> i64 {
        if self.increment < 0 { self.max } else { self.min }
    }

    /// Whether a number is within the bounds.
    pub fn holds(&self, number: i64) -> bool {
        (self.min..=self.max).contains(&number)
    }

    /// The count before the first number.
    pub fn beginning(&self) -> SequenceCount {
        SequenceCount { last: self.start, is_called: false }
    }

    /// How many numbers come behind one before the sequence ends or goes round, `most` at most.
    pub fn room_behind(&self, number: i64, most: u32) -> u32 {
        let end = if self.increment < 0 { self.min } else { self.max };
        let steps = (i128::from(end) - i128::from(number)) / i128::from(self.increment);
        u32::try_from(steps.max(0)).map_or(most, |steps| steps.min(most))
    }
}

impl SequenceCount {
    /// The number that comes next; `None` at the end of a sequence that does not go round.
    pub fn next(self, numbers: &SequenceNumbers) -> Option<i64> {
        if !self.is_called {
            return Some(self.last);
        }
        // Only the end that it goes towards counts: a bound may have been drawn behind it.
        let next = self.last.checked_add(numbers.increment);
        let is_within = |next: &i64| if numbers.increment < 0 { *next >= numbers.min } else { *next <= numbers.max };
        next.filter(is_within).or_else(|| numbers.cycle.then(|| numbers.first()))
    }
}

impl Sequence {
    /// The sequence that a column draws from by itself; `None` for a column that has none.
    pub fn of_column(collection: &Collection, position: usize) -> Option<Sequence> {
        let column = collection.columns.get(position).filter(|column| column.has_sequence())?;
        Some(Sequence {
            id: collection.id,
            schema: collection.schema,
            name: column.sequence.clone().unwrap_or_else(|| Sequence::usual_name(&collection.name, &column.name)),
            numbers: column.sequence_numbers(),
            owner: Some((collection.id, column.id)),
            column: Some(column.id),
        })
    }

    /// What the sequence of a column is called where nobody says otherwise.
    pub fn usual_name(table: &str, column: &str) -> String {
        format!("{table}_{column}{SEQUENCE_SUFFIX}")
    }

    /// The names of the sequences that columns of a collection have of their own.
    pub fn names_in(collection: &Collection) -> impl Iterator<Item = String> {
        let own = (0..collection.columns.len()).filter_map(|position| Sequence::of_column(collection, position));
        own.map(|sequence| sequence.name)
    }

    /// Its name with its schema.
    pub fn relation(&self) -> RelationName {
        RelationName::new(self.schema, self.name.as_str())
    }

    /// The OID that the catalogs show for a sequence that was made by itself.
    pub fn oid(&self) -> u32 {
        self.id.oid()
    }

    /// Where its count lies.
    pub fn place(&self) -> SequencePlace {
        (self.id, self.column.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_sequence_is_read_and_written_as_it_was() {
        let stored = concat!(
            r#"{"id":40,"name":"s","numbers":{"kind":"Int4","start":5,"increment":-1,"min":-10,"max":5,"cycle":true,"#,
            r#""cache":1},"owner":[17,2]}"#
        );
        let sequence: Sequence = serde_json::from_str(stored).unwrap();
        assert_eq!((sequence.owner, sequence.numbers.first()), (Some((CollectionId(17), ColumnId(2))), 5));
        assert_eq!(serde_json::to_string(&sequence).unwrap(), stored);
        let elsewhere = Sequence { schema: SchemaId::Made(CollectionId(30)), ..sequence };
        let json = serde_json::to_string(&elsewhere).unwrap();
        assert_eq!(serde_json::from_str::<Sequence>(&json).unwrap(), elsewhere);
    }

    #[test]
    fn numbers_end_or_go_round_at_their_bounds() {
        let mut numbers = SequenceNumbers { max: 5, ..SequenceNumbers::new(SequenceKind::Int8, 2) };
        let after = |last, numbers: &SequenceNumbers| SequenceCount { last, is_called: true }.next(numbers);
        assert_eq!(numbers.beginning().next(&numbers), Some(1));
        assert_eq!((after(1, &numbers), after(3, &numbers), after(5, &numbers)), (Some(3), Some(5), None));
        assert_eq!((numbers.room_behind(1, 31), numbers.room_behind(4, 31), numbers.room_behind(9, 31)), (2, 0, 0));
        numbers.cycle = true;
        assert_eq!(after(5, &numbers), Some(1));
        let down = SequenceNumbers::new(SequenceKind::Int8, i64::MIN);
        assert_eq!((down.start, after(-1, &down), down.room_behind(-1, 31)), (-1, None, 0));
        let last = SequenceNumbers::new(SequenceKind::Int8, 1);
        assert_eq!((after(i64::MAX, &last), last.room_behind(1, 31)), (None, 31));
    }

    #[test]
    fn a_session_remembers_what_it_drew() {
        let drawn = DrawnNumbers::default();
        let place = |id| (CollectionId(id), ColumnId(0));
        assert_eq!((drawn.last(), drawn.of(place(1))), (None, None));
        drawn.note(place(1), 7);
        drawn.clone().note(place(2), 9);
        drawn.note_set(place(1), 8);
        assert_eq!((drawn.last(), drawn.of(place(1))), (Some((place(2), 9)), Some(8)));
        drawn.forget();
        assert_eq!(drawn.last(), None);
    }
}
