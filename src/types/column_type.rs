//! The types of columns, parameters and results, with PostgreSQL's names and OIDs.

use std::fmt;
use std::sync::Arc;

use crate::types::enum_type::EnumType;
use crate::types::ranges::kind::RangeKind;
use crate::types::text::text::quote_identifier;

/// A type of the SQL surface. OIDs are PostgreSQL's (`pg_type.dat`); `vector` has none of its own and takes one above
/// PostgreSQL's reserved range, the same on every node.
/// Its methods are one a property, each an exhaustive match, so that a new type is asked about each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// Precision and scale, where declared.
    Numeric(Option<(u16, i16)>),
    Text,
    /// Declared length in characters, where there is one.
    Varchar(Option<u32>),
    /// Blank-padded text of a fixed length.
    Char(u32),
    Bytea,
    Json,
    Jsonb,
    /// A path of SQL/JSON. Its values are texts in the form in which PostgreSQL prints them.
    Jsonpath,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    /// Declared dimension, where there is one.
    Vector(Option<u32>),
    /// A vector whose components are IEEE 754 halves. Its values are vectors all of whose components are.
    Halfvec(Option<u32>),
    /// A vector of which only what is not 0 is kept.
    Sparsevec(Option<u32>),
    /// Bits of a declared number; `None` for those of an expression.
    Bit(Option<u32>),
    TsVector,
    TsQuery,
    /// A type that CREATE TYPE has made.
    Enum(Arc<EnumType>),
    /// What lies between two bounds.
    Range(RangeKind),
    /// Several such parts in one value.
    Multirange(RangeKind),
    /// Bits up to a declared number, where there is one.
    Varbit(Option<u32>),
    /// `oid`, for the catalogs.
    Oid,
    /// `name`, for the catalogs.
    Name,
    /// `"char"`, for the catalogs.
    CatalogChar,
    /// `regclass`, `regtype` and the like, whose values print as names.
    Reg(RegKind),
    Array(Box<ColumnType>),
    /// `int2vector`, for the catalogs: numbers at positions from 0. Its values are arrays that name it as their element.
    Int2Vector,
    /// `oidvector`, for the catalogs, likewise.
    OidVector,
    Void,
    /// A literal or NULL whose type nobody said.
    Unknown,
}

/// The object kinds of PostgreSQL's name-printing OID types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegKind {
    Class,
    Type,
    Proc,
    Namespace,
    /// A configuration of full text; its values are names.
    Config,
}

/// OID of the type `vector`.
pub const VECTOR_OID: u32 = 16_385;
/// OID of the type `vector[]`.
pub const VECTOR_ARRAY_OID: u32 = 16_386;
const HALFVEC_OID: u32 = 16_387;
const HALFVEC_ARRAY_OID: u32 = 16_388;
const SPARSEVEC_OID: u32 = 16_389;
const SPARSEVEC_ARRAY_OID: u32 = 16_390;

impl ColumnType {
    /// The OID that RowDescription and ParameterDescription carry.
    pub fn oid(&self) -> u32 {
        match self {
            ColumnType::Bool => 16,
            ColumnType::Bytea => 17,
            ColumnType::CatalogChar => 18,
            ColumnType::Name => 19,
            ColumnType::Int8 => 20,
            ColumnType::Int2 => 21,
            ColumnType::Int2Vector => 22,
            ColumnType::Int4 => 23,
            ColumnType::Reg(RegKind::Proc) => 24,
            ColumnType::Text => 25,
            ColumnType::Oid => 26,
            ColumnType::OidVector => 30,
            ColumnType::Json => 114,
            ColumnType::Float4 => 700,
            ColumnType::Float8 => 701,
            ColumnType::Unknown => 705,
            ColumnType::Char(_) => 1042,
            ColumnType::Varchar(_) => 1043,
            ColumnType::Date => 1082,
            ColumnType::Time => 1083,
            ColumnType::Timestamp => 1114,
            ColumnType::TimestampTz => 1184,
            ColumnType::Interval => 1186,
            ColumnType::Bit(_) => 1560,
            ColumnType::Varbit(_) => 1562,
            ColumnType::Numeric(_) => 1700,
            ColumnType::Reg(RegKind::Class) => 2205,
            ColumnType::Reg(RegKind::Type) => 2206,
            ColumnType::Void => 2278,
            ColumnType::Uuid => 2950,
            ColumnType::Jsonb => 3802,
            ColumnType::Jsonpath => 4072,
            ColumnType::TsVector => 3614,
            ColumnType::TsQuery => 3615,
            ColumnType::Reg(RegKind::Config) => 3734,
            ColumnType::Reg(RegKind::Namespace) => 4089,
            ColumnType::Vector(_) => VECTOR_OID,
            ColumnType::Halfvec(_) => HALFVEC_OID,
            ColumnType::Sparsevec(_) => SPARSEVEC_OID,
            ColumnType::Enum(ty) => ty.oid(),
            ColumnType::Range(kind) => kind.range_oid(),
            ColumnType::Multirange(kind) => kind.multirange_oids().0,
            ColumnType::Array(element) => element.array_oid(),
        }
    }

    /// The OID of the array type over this type; an array of arrays is the same array type, as in PostgreSQL.
    pub fn array_oid(&self) -> u32 {
        match self {
            ColumnType::Bool => 1000,
            ColumnType::Bytea => 1001,
            ColumnType::CatalogChar => 1002,
            ColumnType::Name => 1003,
            ColumnType::Int2 => 1005,
            ColumnType::Int2Vector => 1006,
            ColumnType::Int4 => 1007,
            ColumnType::Reg(RegKind::Proc) => 1008,
            ColumnType::Text | ColumnType::Unknown | ColumnType::Void => 1009,
            ColumnType::Char(_) => 1014,
            ColumnType::Varchar(_) => 1015,
            ColumnType::Int8 => 1016,
            ColumnType::Float4 => 1021,
            ColumnType::Float8 => 1022,
            ColumnType::OidVector => 1013,
            ColumnType::Oid => 1028,
            ColumnType::Timestamp => 1115,
            ColumnType::Date => 1182,
            ColumnType::Time => 1183,
            ColumnType::TimestampTz => 1185,
            ColumnType::Interval => 1187,
            ColumnType::Numeric(_) => 1231,
            ColumnType::Bit(_) => 1561,
            ColumnType::Varbit(_) => 1563,
            ColumnType::Json => 199,
            ColumnType::Reg(RegKind::Class) => 2210,
            ColumnType::Reg(RegKind::Type) => 2211,
            ColumnType::Uuid => 2951,
            ColumnType::Jsonb => 3807,
            ColumnType::Jsonpath => 4073,
            ColumnType::TsVector => 3643,
            ColumnType::TsQuery => 3645,
            ColumnType::Reg(RegKind::Config) => 3735,
            ColumnType::Reg(RegKind::Namespace) => 4090,
            ColumnType::Vector(_) => VECTOR_ARRAY_OID,
            ColumnType::Halfvec(_) => HALFVEC_ARRAY_OID,
            ColumnType::Sparsevec(_) => SPARSEVEC_ARRAY_OID,
            ColumnType::Enum(ty) => ty.array_oid(),
            ColumnType::Range(kind) => kind.range_oid().saturating_add(1),
            ColumnType::Multirange(kind) => kind.multirange_oids().1,
            ColumnType::Array(element) => element.array_oid(),
        }
    }

    /// The type a client names by OID in Parse or a catalog query; `None` for one this server does not know.
    pub fn from_oid(oid: u32) -> Option<ColumnType> {
        let scalars = ColumnType::catalogued();
        scalars.iter().find(|ty| ty.oid() == oid).cloned().or_else(|| {
            scalars
                .into_iter()
                .find(|ty| ty.has_array() && ty.array_oid() == oid)
                .map(|ty| ColumnType::Array(Box::new(ty)))
        })
    }

    /// Whether values of the array type over this type can be told from others.
    fn has_array(&self) -> bool {
        !matches!(self, ColumnType::Unknown | ColumnType::Void) && !self.is_number_vector()
    }

    /// One of each scalar type, without modifiers, as `pg_type` lists them.
    pub fn catalogued() -> Vec<ColumnType> {
        let mut types = vec![
            ColumnType::Bool,
            ColumnType::Bytea,
            ColumnType::CatalogChar,
            ColumnType::Name,
            ColumnType::Int8,
            ColumnType::Int2,
            ColumnType::Int4,
            ColumnType::Reg(RegKind::Proc),
            ColumnType::Text,
            ColumnType::Oid,
            ColumnType::Json,
            ColumnType::Float4,
            ColumnType::Float8,
            ColumnType::Unknown,
            ColumnType::Char(1),
            ColumnType::Varchar(None),
            ColumnType::Date,
            ColumnType::Time,
            ColumnType::Timestamp,
            ColumnType::TimestampTz,
            ColumnType::Interval,
            ColumnType::Numeric(None),
            ColumnType::Reg(RegKind::Class),
            ColumnType::Reg(RegKind::Type),
            ColumnType::Void,
            ColumnType::Uuid,
            ColumnType::Jsonb,
            ColumnType::Jsonpath,
            ColumnType::Reg(RegKind::Namespace),
            ColumnType::Int2Vector,
            ColumnType::OidVector,
            ColumnType::Vector(None),
            ColumnType::Halfvec(None),
            ColumnType::Sparsevec(None),
            ColumnType::Bit(None),
            ColumnType::Varbit(None),
            ColumnType::TsVector,
            ColumnType::TsQuery,
            ColumnType::Reg(RegKind::Config),
        ];
        types.extend(RangeKind::ALL.map(ColumnType::Range));
        types.extend(RangeKind::ALL.map(ColumnType::Multirange));
        types
    }

    /// `typlen` of `pg_type`: bytes of a fixed-length type, -1 for a variable one.
    pub fn length(&self) -> i16 {
        match self {
            ColumnType::Bool | ColumnType::CatalogChar => 1,
            ColumnType::Int2 => 2,
            ColumnType::Int4 | ColumnType::Float4 | ColumnType::Date | ColumnType::Oid | ColumnType::Reg(_) => 4,
            ColumnType::Void | ColumnType::Enum(_) => 4,
            ColumnType::Int8
            | ColumnType::Float8
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::TimestampTz => 8,
            ColumnType::Interval | ColumnType::Uuid => 16,
            ColumnType::Name => 64,
            ColumnType::Unknown => -2,
            ColumnType::Text
            | ColumnType::Varchar(_)
            | ColumnType::Char(_)
            | ColumnType::Bytea
            | ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Jsonpath
            | ColumnType::Numeric(_)
            | ColumnType::Vector(_)
            | ColumnType::Halfvec(_)
            | ColumnType::Sparsevec(_)
            | ColumnType::Bit(_)
            | ColumnType::Varbit(_)
            | ColumnType::TsVector
            | ColumnType::TsQuery
            | ColumnType::Int2Vector
            | ColumnType::OidVector
            | ColumnType::Range(_)
            | ColumnType::Multirange(_)
            | ColumnType::Array(_) => -1,
        }
    }

    /// `typname` of `pg_type`.
    pub fn internal_name(&self) -> String {
        let name = match self {
            ColumnType::Bool => "bool",
            ColumnType::Int2 => "int2",
            ColumnType::Int4 => "int4",
            ColumnType::Int8 => "int8",
            ColumnType::Float4 => "float4",
            ColumnType::Float8 => "float8",
            ColumnType::Numeric(_) => "numeric",
            ColumnType::Text => "text",
            ColumnType::Varchar(_) => "varchar",
            ColumnType::Char(_) => "bpchar",
            ColumnType::Bytea => "bytea",
            ColumnType::Json => "json",
            ColumnType::Jsonb => "jsonb",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::TimestampTz => "timestamptz",
            ColumnType::Interval => "interval",
            ColumnType::Uuid => "uuid",
            ColumnType::Vector(_) => "vector",
            ColumnType::Halfvec(_) => "halfvec",
            ColumnType::Sparsevec(_) => "sparsevec",
            ColumnType::Bit(_) => "bit",
            ColumnType::Varbit(_) => "varbit",
            ColumnType::Oid => "oid",
            ColumnType::Name => "name",
            ColumnType::Jsonpath => "jsonpath",
            ColumnType::CatalogChar => "char",
            ColumnType::Reg(RegKind::Class) => "regclass",
            ColumnType::Reg(RegKind::Type) => "regtype",
            ColumnType::Reg(RegKind::Proc) => "regproc",
            ColumnType::Reg(RegKind::Namespace) => "regnamespace",
            ColumnType::Reg(RegKind::Config) => "regconfig",
            ColumnType::TsVector => "tsvector",
            ColumnType::TsQuery => "tsquery",
            ColumnType::Int2Vector => "int2vector",
            ColumnType::OidVector => "oidvector",
            ColumnType::Void => "void",
            ColumnType::Enum(ty) => ty.name(),
            ColumnType::Range(kind) => kind.range_name(),
            ColumnType::Multirange(kind) => kind.multirange_name(),
            ColumnType::Unknown => "unknown",
            ColumnType::Array(element) if matches!(**element, ColumnType::Array(_)) => return element.internal_name(),
            ColumnType::Array(element) => return format!("_{}", element.internal_name()),
        };
        name.to_string()
    }

    /// The type of what stands in the innermost braces of an array; the type itself where it is none.
    pub fn base(&self) -> &ColumnType {
        match self {
            ColumnType::Array(element) => element.base(),
            ty => ty,
        }
    }

    /// How many dimensions the values of an array type have, as far as the type says it; 0 for other types.
    pub fn dimensions(&self) -> usize {
        match self {
            // Six lie in one another at most.
            ColumnType::Array(element) => 1 + element.dimensions(),
            _ => 0,
        }
    }

    /// The same array type with as many dimensions as another one where that has more; other types as they are.
    #[must_use]
    pub fn with_dimensions_of(&self, other: &ColumnType) -> ColumnType {
        let own = self.dimensions();
        let missing = if own == 0 { 0 } else { other.dimensions().saturating_sub(own) };
        (0..missing).fold(self.clone(), |ty, _| ColumnType::Array(Box::new(ty)))
    }

    /// The type of the elements of an array, and of the catalogs' vectors of numbers.
    pub fn element(&self) -> Option<ColumnType> {
        match self {
            ColumnType::Array(element) => Some((**element).clone()),
            ColumnType::Int2Vector => Some(ColumnType::Int2),
            ColumnType::OidVector => Some(ColumnType::Oid),
            _ => None,
        }
    }

    /// Whether it is one of the catalogs' vectors of numbers: positions count from 0, and the text is `1 2`.
    pub fn is_number_vector(&self) -> bool {
        matches!(self, ColumnType::Int2Vector | ColumnType::OidVector)
    }

    pub fn is_text(&self) -> bool {
        matches!(
            self,
            ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Name | ColumnType::Unknown
        )
    }

    /// Whether its values are vectors with all their components, whole ones or halves: what an `hnsw` index is over.
    pub fn is_dense_vector(&self) -> bool {
        matches!(self, ColumnType::Vector(_) | ColumnType::Halfvec(_))
    }

    /// Whether its values are bit strings.
    pub fn is_bits(&self) -> bool {
        matches!(self, ColumnType::Bit(_) | ColumnType::Varbit(_))
    }

    /// The same type of bit strings with another length; other types as they are.
    #[must_use]
    pub fn with_length(&self, length: Option<u32>) -> ColumnType {
        match self {
            ColumnType::Bit(_) => ColumnType::Bit(length),
            ColumnType::Varbit(_) => ColumnType::Varbit(length),
            other => other.clone(),
        }
    }

    /// The declared dimension of a type of dense vectors.
    pub fn dimension(&self) -> Option<u32> {
        match self {
            ColumnType::Vector(dimension) | ColumnType::Halfvec(dimension) => *dimension,
            _ => None,
        }
    }

    /// The same type of dense vectors with another dimension; other types as they are.
    #[must_use]
    pub fn with_dimension(&self, dimension: Option<u32>) -> ColumnType {
        match self {
            ColumnType::Vector(_) => ColumnType::Vector(dimension),
            ColumnType::Halfvec(_) => ColumnType::Halfvec(dimension),
            other => other.clone(),
        }
    }

    pub fn is_integer(&self) -> bool {
        matches!(self, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid)
    }

    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric(_))
    }
}

impl fmt::Display for ColumnType {
    /// `format_type`: the name that SQL shows, with its modifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Bool => f.write_str("boolean"),
            ColumnType::Int2 => f.write_str("smallint"),
            ColumnType::Int4 => f.write_str("integer"),
            ColumnType::Int8 => f.write_str("bigint"),
            ColumnType::Float4 => f.write_str("real"),
            ColumnType::Float8 => f.write_str("double precision"),
            ColumnType::Numeric(Some((precision, scale))) => write!(f, "numeric({precision},{scale})"),
            ColumnType::Varchar(None) => f.write_str("character varying"),
            ColumnType::Varchar(Some(length)) => write!(f, "character varying({length})"),
            ColumnType::Char(length) => write!(f, "character({length})"),
            ColumnType::Time => f.write_str("time without time zone"),
            ColumnType::Timestamp => f.write_str("timestamp without time zone"),
            ColumnType::TimestampTz => f.write_str("timestamp with time zone"),
            ColumnType::Vector(Some(dimension)) => write!(f, "vector({dimension})"),
            ColumnType::Halfvec(Some(dimension)) => write!(f, "halfvec({dimension})"),
            ColumnType::Sparsevec(Some(dimension)) => write!(f, "sparsevec({dimension})"),
            ColumnType::Bit(Some(length)) => write!(f, "bit({length})"),
            // As PostgreSQL writes it, since `bit` alone means `bit(1)`.
            ColumnType::Bit(None) => f.write_str("\"bit\""),
            ColumnType::Varbit(Some(length)) => write!(f, "bit varying({length})"),
            ColumnType::Varbit(None) => f.write_str("bit varying"),
            ColumnType::CatalogChar => f.write_str("\"char\""),
            ColumnType::Enum(ty) => f.write_str(&quote_identifier(ty.name())),
            // Dimensions are the values' and not the types'.
            ColumnType::Array(element) if matches!(**element, ColumnType::Array(_)) => write!(f, "{element}"),
            ColumnType::Array(element) => write!(f, "{element}[]"),
            other => f.write_str(&other.internal_name()),
        }
    }
}

/// Serde form of a type: the name that SQL shows.
pub mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::types::ColumnType;

    /// Writes the name of a type.
    ///
    /// # Errors
    /// That of the serializer.
    pub fn serialize<S: Serializer>(ty: &ColumnType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&ty.stored_name())
    }

    /// Reads the name of a type.
    ///
    /// # Errors
    /// That of the deserializer, also for what [`ColumnType::parse`] refuses.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ColumnType, D::Error> {
        let text = String::deserialize(deserializer)?;
        ColumnType::parse(&text).map_err(serde::de::Error::custom)
    }
}
