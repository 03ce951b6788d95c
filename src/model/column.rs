//! Columns: declared facts of a collection, with their types, defaults and numbers.

use serde::{Deserialize, Serialize};

use crate::model::collection::CollectionId;
use crate::model::sequence::{SequenceKind, SequenceNumbers};
use crate::types::ColumnType;

/// The number of a column within its collection: part of keys and records, never given to another column. `attnum - 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnId(pub u16);

/// A column that is no more here, and that members of a network may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedColumn {
    pub id: ColumnId,
    pub field: String,
}

/// One declared column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    #[serde(default)]
    pub id: ColumnId,
    pub name: String,
    /// Its name in the states of entries, by which members of a network know it. Another name of the column leaves it alone.
    #[serde(default)]
    pub field: String,
    #[serde(with = "crate::types::column_type::as_text")]
    pub ty: ColumnType,
    pub not_null: bool,
    pub default: Option<DefaultValue>,
    /// What the numbers of its own sequence are, where it has one.
    #[serde(default, skip_serializing_if = "Numbering::is_plain")]
    pub numbering: Numbering,
    /// Of a vector column.
    #[serde(default, skip_serializing_if = "DimensionOrigin::is_unstated")]
    pub dimension_origin: DimensionOrigin,
    /// Ids of dropped columns of its field, in whose place it stands: older entries have its values there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<ColumnId>,
}

/// Where a vector column has its dimension from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DimensionOrigin {
    /// Not noted: declared where CREATE TABLE made the column, learned where it is the one of a default collection.
    #[default]
    Unstated,
    /// The first vector brought it; an emptied column forgets it.
    Learned,
    /// `vector(n)`: it stays.
    Declared,
}

impl DimensionOrigin {
    fn is_unstated(&self) -> bool {
        *self == DimensionOrigin::Unstated
    }
}

/// The numbers of a column's sequence: where it begins and how far it goes at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbering {
    pub start: i64,
    /// Never 0.
    pub increment: i64,
    /// The least and the greatest number, where they are not those of the column's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<(i64, i64)>,
    /// Behind the last number the first one comes again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cycle: bool,
    /// As [`SequenceNumbers::cache`].
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub cache: i64,
}

fn one() -> i64 {
    1
}

fn is_one(cache: &i64) -> bool {
    *cache == 1
}

impl Default for Numbering {
    fn default() -> Self {
        Numbering { start: 1, increment: 1, bounds: None, cycle: false, cache: 1 }
    }
}

impl Numbering {
    /// What a column keeps of the numbers of its sequence; their type is its own.
    pub fn of(numbers: &SequenceNumbers) -> Numbering {
        let SequenceNumbers { kind, start, increment, min, max, cycle, cache } = *numbers;
        let plain = SequenceNumbers::new(kind, increment);
        let bounds = ((min, max) != (plain.min, plain.max)).then_some((min, max));
        Numbering { start, increment, bounds, cycle, cache }
    }

    fn is_plain(&self) -> bool {
        *self == Numbering::default()
    }
}

/// What a column takes when INSERT names no value for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// The next number of the column's own sequence (`bigserial`, identity BY DEFAULT).
    Sequence,
    /// A fresh UUIDv7 in text form.
    GeneratedId,
    /// An SQL expression, kept as its text and evaluated once a row.
    Expression(String),
    /// The next number of the column's own sequence, and no other value: identity ALWAYS.
    Identity,
    /// The next number of a sequence that was made by itself: `nextval('…')`.
    Drawn(CollectionId),
    /// What is computed of the other columns of the row whenever it is written, and no other value.
    Computed(Box<Computation>),
}

/// The expression of a generated column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Computation {
    /// By the names that the columns have now.
    pub text: String,
    /// The columns that it names.
    pub columns: Vec<ColumnId>,
    /// Declared VIRTUAL. It is kept with the row all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_virtual: bool,
}

impl Column {
    /// A nullable column without a default, which its collection numbers.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        let name = name.into();
        Column {
            id: ColumnId::default(),
            field: name.clone(),
            name,
            ty,
            not_null: false,
            default: None,
            numbering: Numbering::default(),
            dimension_origin: DimensionOrigin::default(),
            former: Vec::new(),
        }
    }

    /// The expression that it is computed by, where it is a generated column.
    pub fn computation(&self) -> Option<&Computation> {
        match &self.default {
            Some(DefaultValue::Computed(computation)) => Some(computation),
            _ => None,
        }
    }

    /// The numbers of its own sequence, where it has one.
    pub fn sequence_numbers(&self) -> SequenceNumbers {
        let Numbering { start, increment, bounds, cycle, cache } = self.numbering;
        let plain = SequenceNumbers::new(SequenceKind::of(&self.ty).unwrap_or(SequenceKind::Int8), increment);
        let (min, max) = bounds.unwrap_or((plain.min, plain.max));
        SequenceNumbers { start, min, max, cycle, cache, ..plain }
    }

    /// The sequence that was made by itself from which its default draws.
    pub fn drawn_from(&self) -> Option<CollectionId> {
        match &self.default {
            Some(DefaultValue::Drawn(sequence)) => Some(*sequence),
            _ => None,
        }
    }

    /// Whether the column has a sequence of its own.
    pub fn has_sequence(&self) -> bool {
        matches!(self.default, Some(DefaultValue::Sequence | DefaultValue::Identity))
    }
}

impl ColumnId {
    /// The column's number in the catalogs and in descriptions of results.
    pub fn attribute(self) -> i16 {
        i16::try_from(self.0).unwrap_or(i16::MAX).saturating_add(1)
    }
}
