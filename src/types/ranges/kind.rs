//! Which ranges there are: `pg_range`.

use crate::types::ColumnType;

/// What the bounds of a range are, for each of PostgreSQL's range types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RangeKind {
    Int4,
    Int8,
    Numeric,
    Date,
    Timestamp,
    TimestampTz,
}

impl RangeKind {
    pub const ALL: [RangeKind; 6] = [
        RangeKind::Int4,
        RangeKind::Int8,
        RangeKind::Numeric,
        RangeKind::Date,
        RangeKind::Timestamp,
        RangeKind::TimestampTz,
    ];

    /// The type of the bounds.
    pub fn element(self) -> ColumnType {
        match self {
            RangeKind::Int4 => ColumnType::Int4,
            RangeKind::Int8 => ColumnType::Int8,
            RangeKind::Numeric => ColumnType::Numeric(None),
            RangeKind::Date => ColumnType::Date,
            RangeKind::Timestamp => ColumnType::Timestamp,
            RangeKind::TimestampTz => ColumnType::TimestampTz,
        }
    }

    /// Whether between a value and the next one there is none, so that a range has one form.
    pub fn is_discrete(self) -> bool {
        matches!(self, RangeKind::Int4 | RangeKind::Int8 | RangeKind::Date)
    }

    /// The name of the type of ranges.
    pub fn range_name(self) -> &'static str {
        match self {
            RangeKind::Int4 => "int4range",
            RangeKind::Int8 => "int8range",
            RangeKind::Numeric => "numrange",
            RangeKind::Date => "daterange",
            RangeKind::Timestamp => "tsrange",
            RangeKind::TimestampTz => "tstzrange",
        }
    }

    /// The name of the type of multiranges.
    pub fn multirange_name(self) -> &'static str {
        match self {
            RangeKind::Int4 => "int4multirange",
            RangeKind::Int8 => "int8multirange",
            RangeKind::Numeric => "nummultirange",
            RangeKind::Date => "datemultirange",
            RangeKind::Timestamp => "tsmultirange",
            RangeKind::TimestampTz => "tstzmultirange",
        }
    }

    /// The OID of the type of ranges; that of arrays of them is the next one.
    pub fn range_oid(self) -> u32 {
        match self {
            RangeKind::Int4 => 3904,
            RangeKind::Numeric => 3906,
            RangeKind::Timestamp => 3908,
            RangeKind::TimestampTz => 3910,
            RangeKind::Date => 3912,
            RangeKind::Int8 => 3926,
        }
    }

    /// The OID of the type of multiranges, and that of arrays of them.
    pub fn multirange_oids(self) -> (u32, u32) {
        match self {
            RangeKind::Int4 => (4451, 6150),
            RangeKind::Numeric => (4532, 6151),
            RangeKind::Timestamp => (4533, 6152),
            RangeKind::TimestampTz => (4534, 6153),
            RangeKind::Date => (4535, 6155),
            RangeKind::Int8 => (4536, 6157),
        }
    }

    /// The type of ranges or of multiranges that has that name.
    pub fn type_named(name: &str) -> Option<ColumnType> {
        let named = |kind: &RangeKind| match name {
            _ if kind.range_name() == name => Some(ColumnType::Range(*kind)),
            _ if kind.multirange_name() == name => Some(ColumnType::Multirange(*kind)),
            _ => None,
        };
        RangeKind::ALL.iter().find_map(named)
    }
}

impl ColumnType {
    /// What the bounds of a type of ranges or multiranges are; `None` for other types.
    pub fn ranged(&self) -> Option<RangeKind> {
        match self {
            ColumnType::Range(kind) | ColumnType::Multirange(kind) => Some(*kind),
            _ => None,
        }
    }
}
