//! Reading the name of a type as SQL writes it: the inverse of [`ColumnType`]'s `Display`, and every synonym besides.
//!
//! Names are case-insensitive, may carry the schema `pg_catalog` or `public`, modifiers in parentheses and array brackets.
//! Precisions of times are accepted and mean nothing: times are kept to the microsecond.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::enum_type::EnumType;
use crate::types::limits::{BITS_MAX, SPARSE_DIMENSION_MAX, VECTOR_DIMENSION_MAX};
use crate::types::ranges::kind::RangeKind;
use crate::types::{ColumnType, RegKind};

/// The type `bit` in quotes, which says nothing of a length.
const QUOTED_BIT: &str = "\"bit\"";
/// PostgreSQL's longest declared `varchar` and `char`.
const LENGTH_MAX: i64 = 10_485_760;
/// Largest declared precision of `numeric`.
const PRECISION_MAX: i64 = 1_000;
/// Largest declared scale of `numeric`, either way.
const SCALE_MAX: i64 = 1_000;

impl ColumnType {
    /// The name of the type without its modifiers, as `regtype` shows it.
    pub fn base_name(&self) -> String {
        match self {
            ColumnType::Varchar(_) => ColumnType::Varchar(None).to_string(),
            ColumnType::Char(_) => "character".to_string(),
            ColumnType::Numeric(_) => ColumnType::Numeric(None).to_string(),
            ColumnType::Vector(_) => ColumnType::Vector(None).to_string(),
            ColumnType::Halfvec(_) => ColumnType::Halfvec(None).to_string(),
            ColumnType::Sparsevec(_) => ColumnType::Sparsevec(None).to_string(),
            ColumnType::Bit(_) => "bit".to_string(),
            ColumnType::Varbit(_) => ColumnType::Varbit(None).to_string(),
            ColumnType::Array(element) => format!("{}[]", element.base().base_name()),
            ty => ty.to_string(),
        }
    }

    /// The name by which [`ColumnType::parse`] finds the type again in this process: the one that SQL shows, but for types that have
    /// been made.
    pub fn spelled(&self) -> String {
        match (self, self.base()) {
            (ColumnType::Array(_), ColumnType::Enum(ty)) => format!("{}[]", ty.spelling()),
            (_, ColumnType::Enum(ty)) => ty.spelling(),
            _ => self.to_string(),
        }
    }

    /// The name that is stored: of a type that has been made, it says which one and no more.
    pub fn stored_name(&self) -> String {
        match (self, self.base()) {
            (ColumnType::Array(_), ColumnType::Enum(ty)) => format!("{}[]", ty.stored_spelling()),
            (_, ColumnType::Enum(ty)) => ty.stored_spelling(),
            _ => self.to_string(),
        }
    }

    /// The enumerated type that it is, or is an array of.
    pub fn enumerated(&self) -> Option<&Arc<EnumType>> {
        match self.base() {
            ColumnType::Enum(ty) => Some(ty),
            _ => None,
        }
    }

    /// The same type with another definition of the enumerated type that it is, or is an array of.
    #[must_use]
    pub fn with_enumerated(&self, ty: &Arc<EnumType>) -> ColumnType {
        match self {
            ColumnType::Enum(own) if own == ty => ColumnType::Enum(Arc::clone(ty)),
            ColumnType::Array(element) if element.enumerated() == Some(ty) => {
                // As deep as the type is nested, which its text bounds.
                ColumnType::Array(Box::new(element.with_enumerated(ty)))
            }
            other => other.clone(),
        }
    }

    /// `atttypmod`: the declared modifier in PostgreSQL's encoding, -1 for none.
    pub fn modifier(&self) -> i32 {
        let signed = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        match self {
            ColumnType::Varchar(Some(length)) | ColumnType::Char(length) => signed(*length).saturating_add(4),
            ColumnType::Numeric(Some((precision, scale))) => {
                ((i32::from(*precision) << 16) | (i32::from(*scale) & 0x7ff)) + 4
            }
            ColumnType::Vector(Some(dimension))
            | ColumnType::Halfvec(Some(dimension))
            | ColumnType::Sparsevec(Some(dimension)) => signed(*dimension),
            ColumnType::Bit(Some(length)) | ColumnType::Varbit(Some(length)) => signed(*length),
            // That of its elements.
            ColumnType::Array(element) => element.modifier(),
            _ => -1,
        }
    }

    /// The type that SQL calls `name`; 42704 when there is none.
    ///
    /// # Errors
    /// 42704 for an unknown name, 22023 for a modifier out of bounds, 42601 for one that the type does not take.
    pub fn parse(name: &str) -> Result<ColumnType> {
        let (bare, is_array) = name.strip_suffix("[]").map_or((name, false), |bare| (bare, true));
        if let Some(ty) = EnumType::spelled(bare).map(ColumnType::Enum) {
            return Ok(if is_array { ColumnType::Array(Box::new(ty)) } else { ty });
        }
        let spelling = Spelling::read(name).ok_or_else(|| unknown_type(name))?;
        let mut ty = if spelling.quoted_char {
            ColumnType::CatalogChar
        } else {
            scalar(&spelling.words, spelling.modifiers.as_deref())?.ok_or_else(|| unknown_type(name))?
        };
        if spelling.is_array {
            ty = ColumnType::Array(Box::new(ty));
        }
        Ok(ty)
    }
}

fn unknown_type(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedObject, format!("type \"{}\" does not exist", name.trim()))
}

/// A type name taken apart: lower-case words separated by one blank, the numbers in parentheses, brackets seen.
struct Spelling {
    words: String,
    modifiers: Option<Vec<i64>>,
    is_array: bool,
    /// `"char"` in quotes is another type than `char`.
    quoted_char: bool,
}

impl Spelling {
    fn read(name: &str) -> Option<Spelling> {
        let mut rest = name.trim();
        let mut is_array = false;
        while let Some(inner) = rest.strip_suffix(']') {
            let open = inner.rfind('[')?;
            let (before, bounds) = inner.split_at_checked(open)?;
            if !bounds.get(1..)?.trim().bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            rest = before.trim_end();
            is_array = true;
        }
        let mut modifiers = None;
        let mut text = rest.to_string();
        if let Some((before, after)) = rest.split_once('(') {
            let (inside, after) = after.split_once(')')?;
            let numbers: Option<Vec<i64>> = inside.split(',').map(|number| number.trim().parse().ok()).collect();
            modifiers = Some(numbers?);
            text = format!("{before} {after}");
        }
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(element) = words.strip_suffix(" array") {
            words = element.to_string();
            is_array = true;
        }
        for schema in ["pg_catalog.", "public.", "\"pg_catalog\".", "\"public\"."] {
            if let Some(bare) = words.strip_prefix(schema) {
                words = bare.trim_start().to_string();
            }
        }
        if let Some(bare) = words.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
            // In quotes it has no length; the key word has one.
            words = if bare == "bit" { QUOTED_BIT.to_string() } else { bare.to_string() };
            if words == "char" {
                return Some(Spelling { words, modifiers, is_array, quoted_char: true });
            }
        }
        if let Some(element) = words.strip_prefix('_') {
            words = element.to_string();
            is_array = true;
            if words == "char" {
                return Some(Spelling { words, modifiers, is_array, quoted_char: true });
            }
        }
        Some(Spelling { words, modifiers, is_array, quoted_char: false })
    }
}

/// The type of a spelling without array brackets; `None` when there is none of that name.
fn scalar(words: &str, modifiers: Option<&[i64]>) -> Result<Option<ColumnType>> {
    let ty = match words {
        "varchar"
        | "character varying"
        | "char varying"
        | "nchar varying"
        | "national character varying"
        | "national char varying" => ColumnType::Varchar(length("varchar", modifiers)?),
        "char" | "character" | "nchar" | "national character" | "national char" => {
            ColumnType::Char(length("char", modifiers)?.unwrap_or(1))
        }
        // Without a length it is text of any length, blank-padding aside.
        "bpchar" => match length("char", modifiers)? {
            Some(length) => ColumnType::Char(length),
            None => ColumnType::Varchar(None),
        },
        "numeric" | "decimal" | "dec" => ColumnType::Numeric(precision_and_scale(modifiers)?),
        "float" => float(modifiers)?,
        "vector" => ColumnType::Vector(dimension("vector", VECTOR_DIMENSION_MAX, modifiers)?),
        "halfvec" => ColumnType::Halfvec(dimension("halfvec", VECTOR_DIMENSION_MAX, modifiers)?),
        "sparsevec" => ColumnType::Sparsevec(dimension(
            "sparsevec",
            usize::try_from(SPARSE_DIMENSION_MAX).unwrap_or(0),
            modifiers,
        )?),
        "bit" => ColumnType::Bit(Some(bits("bit", modifiers)?.unwrap_or(1))),
        QUOTED_BIT => ColumnType::Bit(bits("bit", modifiers)?),
        "varbit" | "bit varying" => ColumnType::Varbit(bits("varbit", modifiers)?),
        "time" | "time without time zone" => timed(ColumnType::Time, modifiers)?,
        "timestamp" | "timestamp without time zone" => timed(ColumnType::Timestamp, modifiers)?,
        "timestamptz" | "timestamp with time zone" => timed(ColumnType::TimestampTz, modifiers)?,
        "interval" => timed(ColumnType::Interval, modifiers)?,
        other => match (unmodified(other), modifiers) {
            (Some(ty), None) => ty,
            (Some(_), Some(_)) => {
                return Err(Error::syntax(format!("type modifier is not allowed for type \"{other}\""), None));
            }
            (None, _) => return Ok(None),
        },
    };
    Ok(Some(ty))
}

fn unmodified(words: &str) -> Option<ColumnType> {
    let ty = match words {
        "bool" | "boolean" => ColumnType::Bool,
        "int2" | "smallint" => ColumnType::Int2,
        "int4" | "int" | "integer" => ColumnType::Int4,
        "int8" | "bigint" => ColumnType::Int8,
        "float4" | "real" => ColumnType::Float4,
        "float8" | "double precision" => ColumnType::Float8,
        "text" => ColumnType::Text,
        "bytea" => ColumnType::Bytea,
        "json" => ColumnType::Json,
        "jsonb" => ColumnType::Jsonb,
        "date" => ColumnType::Date,
        "uuid" => ColumnType::Uuid,
        "oid" => ColumnType::Oid,
        "int2vector" => ColumnType::Int2Vector,
        "oidvector" => ColumnType::OidVector,
        "name" => ColumnType::Name,
        "jsonpath" => ColumnType::Jsonpath,
        "tsvector" => ColumnType::TsVector,
        "tsquery" => ColumnType::TsQuery,
        "regconfig" => ColumnType::Reg(RegKind::Config),
        "regclass" => ColumnType::Reg(RegKind::Class),
        "regtype" => ColumnType::Reg(RegKind::Type),
        "regproc" | "regprocedure" => ColumnType::Reg(RegKind::Proc),
        "regnamespace" => ColumnType::Reg(RegKind::Namespace),
        "void" => ColumnType::Void,
        "unknown" => ColumnType::Unknown,
        word => return RangeKind::type_named(word),
    };
    Some(ty)
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
}

/// The single modifier, where one was written.
fn only(modifiers: Option<&[i64]>) -> Result<Option<i64>> {
    match modifiers {
        None => Ok(None),
        Some([one]) => Ok(Some(*one)),
        Some(_) => Err(invalid("invalid type modifier".to_string())),
    }
}

fn length(name: &str, modifiers: Option<&[i64]>) -> Result<Option<u32>> {
    let Some(length) = only(modifiers)? else { return Ok(None) };
    if length < 1 {
        return Err(invalid(format!("length for type {name} must be at least 1")));
    }
    if length > LENGTH_MAX {
        return Err(invalid(format!("length for type {name} cannot exceed {LENGTH_MAX}")));
    }
    Ok(u32::try_from(length).ok())
}

fn precision_and_scale(modifiers: Option<&[i64]>) -> Result<Option<(u16, i16)>> {
    let (precision, scale) = match modifiers {
        None => return Ok(None),
        Some([precision]) => (*precision, 0),
        Some([precision, scale]) => (*precision, *scale),
        Some(_) => return Err(invalid("invalid NUMERIC type modifier".to_string())),
    };
    if !(1..=PRECISION_MAX).contains(&precision) {
        return Err(invalid(format!("NUMERIC precision {precision} must be between 1 and {PRECISION_MAX}")));
    }
    if !(-SCALE_MAX..=SCALE_MAX).contains(&scale) {
        return Err(invalid(format!("NUMERIC scale {scale} must be between -{SCALE_MAX} and {SCALE_MAX}")));
    }
    Ok(u16::try_from(precision).ok().zip(i16::try_from(scale).ok()))
}

fn float(modifiers: Option<&[i64]>) -> Result<ColumnType> {
    match only(modifiers)? {
        None | Some(25..=53) => Ok(ColumnType::Float8),
        Some(1..=24) => Ok(ColumnType::Float4),
        Some(bits) if bits < 1 => Err(invalid("precision for type float must be at least 1 bit".to_string())),
        Some(_) => Err(invalid("precision for type float must be less than 54 bits".to_string())),
    }
}

fn dimension(name: &str, most: usize, modifiers: Option<&[i64]>) -> Result<Option<u32>> {
    let Some(dimension) = only(modifiers)? else { return Ok(None) };
    if dimension < 1 {
        return Err(invalid(format!("dimensions for type {name} must be at least 1")));
    }
    match u32::try_from(dimension) {
        Ok(small) if usize::try_from(dimension).is_ok_and(|count| count <= most) => Ok(Some(small)),
        _ => Err(invalid(format!("dimensions for type {name} cannot exceed {most}"))),
    }
}

fn bits(name: &str, modifiers: Option<&[i64]>) -> Result<Option<u32>> {
    let Some(length) = only(modifiers)? else { return Ok(None) };
    if length < 1 {
        return Err(invalid(format!("length for type {name} must be at least 1")));
    }
    match u32::try_from(length) {
        Ok(length) if length <= BITS_MAX => Ok(Some(length)),
        _ => Err(invalid(format!("length for type {name} cannot exceed {BITS_MAX}"))),
    }
}

fn timed(ty: ColumnType, modifiers: Option<&[i64]>) -> Result<ColumnType> {
    match only(modifiers)? {
        None | Some(0..=6) => Ok(ty),
        Some(digits) => Err(invalid(format!("precision {digits} of type {ty} must be between 0 and 6"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_read_as_their_type() {
        let cases = [
            ("int", ColumnType::Int4),
            ("INTEGER", ColumnType::Int4),
            ("pg_catalog.int8", ColumnType::Int8),
            ("character varying(10)", ColumnType::Varchar(Some(10))),
            ("varchar", ColumnType::Varchar(None)),
            ("numeric(10, 2)", ColumnType::Numeric(Some((10, 2)))),
            ("numeric(5)", ColumnType::Numeric(Some((5, 0)))),
            ("decimal", ColumnType::Numeric(None)),
            ("timestamp(3) with time zone", ColumnType::TimestampTz),
            ("TIMESTAMP  WITHOUT TIME ZONE", ColumnType::Timestamp),
            ("timestamptz", ColumnType::TimestampTz),
            ("vector(384)", ColumnType::Vector(Some(384))),
            ("public.vector", ColumnType::Vector(None)),
            ("double precision", ColumnType::Float8),
            ("float(24)", ColumnType::Float4),
            ("\"char\"", ColumnType::CatalogChar),
            ("char", ColumnType::Char(1)),
            ("text[]", ColumnType::Array(Box::new(ColumnType::Text))),
            ("int[3]", ColumnType::Array(Box::new(ColumnType::Int4))),
            ("_text", ColumnType::Array(Box::new(ColumnType::Text))),
            ("varchar(5)[]", ColumnType::Array(Box::new(ColumnType::Varchar(Some(5))))),
        ];
        for (name, ty) in cases {
            assert_eq!(ColumnType::parse(name).unwrap(), ty, "{name}");
        }
    }

    #[test]
    fn parse_inverts_display() {
        let mut types = ColumnType::catalogued();
        types.extend([
            ColumnType::Numeric(Some((10, -2))),
            ColumnType::Varchar(Some(7)),
            ColumnType::Vector(Some(3)),
            ColumnType::Array(Box::new(ColumnType::TimestampTz)),
            ColumnType::Array(Box::new(ColumnType::CatalogChar)),
        ]);
        for ty in types {
            assert_eq!(ColumnType::parse(&ty.to_string()).unwrap(), ty);
            let internal = ty.internal_name();
            // Without quotes they have a length.
            let has_length = matches!(&ty, ColumnType::CatalogChar | ColumnType::Char(_) | ColumnType::Bit(_));
            if !has_length && ty.modifier() == -1 {
                assert_eq!(ColumnType::parse(&internal).unwrap(), ty, "{internal}");
            }
        }
    }

    #[test]
    fn unknown_names_and_bad_modifiers_are_refused() {
        let error = ColumnType::parse("serial").unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("42704", "type \"serial\" does not exist"));
        for name in ["", "[]", "int]", "int[x]", "varchar(", "varchar(x)", "time with time zone", "()", "é(1)[]"] {
            assert!(ColumnType::parse(name).is_err(), "{name}");
        }
        for name in ["varchar(0)", "numeric(0)", "vector(0)", "vector(16001)", "float(54)", "timestamp(7)"] {
            assert_eq!(ColumnType::parse(name).unwrap_err().sqlstate(), "22023", "{name}");
        }
    }
}
