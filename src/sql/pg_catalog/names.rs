//! From names to OIDs and back, for `regclass`, `regtype` and `regnamespace`.
//!
//! Names without a schema are looked for in `public` and `pg_catalog`; names print with their schema only where those two
//! would not find them.

use datafusion::sql::sqlparser::ast::ObjectName;

use crate::db::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::names::relation_name;
use crate::sql::pg_catalog::oids::{
    NAMESPACE_CATALOG, NAMESPACE_INFORMATION, NAMESPACE_NEBULUS, NAMESPACE_PUBLIC, Object,
};
use crate::sql::registry::PSEUDO_TYPES;
use crate::types::{ColumnType, quote_identifier};

/// Schema names with their OIDs.
pub const NAMESPACES: [(&str, u32); 4] = [
    ("pg_catalog", NAMESPACE_CATALOG),
    ("public", NAMESPACE_PUBLIC),
    ("information_schema", NAMESPACE_INFORMATION),
    ("nebulus", NAMESPACE_NEBULUS),
];

/// The parts of a dotted, possibly quoted name; unquoted parts in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut characters = name.trim().chars().peekable();
    while let Some(character) = characters.next() {
        let Some(part) = parts.last_mut() else { break };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            other if quoted => part.push(other),
            other => part.extend(other.to_lowercase()),
        }
    }
    parts
}

/// The relation of that name; `None` when there is none.
pub fn find_class(catalog: &Catalog, name: &str) -> Option<u32> {
    if let Ok(oid) = name.trim().parse::<u32>() {
        return Some(oid);
    }
    let parts = parts(name);
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] | [_, schema, name] => (Some(namespace_oid(schema)?), name),
        _ => return None,
    };
    let objects = Object::all(catalog);
    let visible = |object: &Object| match schema {
        Some(schema) => object.namespace() == schema,
        None => object.is_visible(),
    };
    objects.iter().find(|object| visible(object) && object.name() == *name).map(Object::oid)
}

/// The name that `regclass` prints for an OID: the number itself when nothing has it.
pub fn class_name(catalog: &Catalog, oid: u32) -> String {
    match Object::find(catalog, oid) {
        None if oid == 0 => "-".to_string(),
        None => oid.to_string(),
        Some(object) if !object.is_visible() => {
            format!("{}.{}", namespace_name(object.namespace()), quote_identifier(&object.name()))
        }
        Some(object) => quote_identifier(&object.name()).to_string(),
    }
}

fn namespace_oid(name: &str) -> Option<u32> {
    NAMESPACES.iter().find(|(known, _)| *known == name).map(|(_, oid)| *oid)
}

/// The schema of that name.
///
/// # Errors
/// 3F000 where there is none.
pub fn find_namespace(name: &str) -> Result<u32> {
    let part = parts(name).into_iter().next().unwrap_or_default();
    namespace_oid(&part)
        .ok_or_else(|| Error::new(ErrorKind::UndefinedSchema, format!("schema \"{part}\" does not exist")))
}

/// Refuses a name in a schema that does not exist.
///
/// # Errors
/// 3F000.
pub fn check_schema(name: &ObjectName) -> Result<()> {
    let schema = relation_name(name)?.0;
    match schema.filter(|schema| namespace_oid(schema).is_none()) {
        Some(schema) => Err(Error::new(ErrorKind::UndefinedSchema, format!("schema \"{schema}\" does not exist"))),
        None => Ok(()),
    }
}

pub fn namespace_name(oid: u32) -> String {
    NAMESPACES.iter().find(|(_, known)| *known == oid).map_or_else(|| oid.to_string(), |(name, _)| (*name).to_string())
}

/// The type of that name; `None` when there is none.
pub fn find_type(name: &str) -> Option<u32> {
    match name.trim().parse::<u32>() {
        Ok(oid) => Some(oid),
        Err(_) => {
            let name = name.trim().trim_start_matches("pg_catalog.");
            match PSEUDO_TYPES.iter().find(|(_, pseudo, _)| *pseudo == name.trim_matches('"')) {
                Some((oid, ..)) => Some(*oid),
                None => ColumnType::parse(name).ok().map(|ty| ty.oid()),
            }
        }
    }
}

/// The name that `regtype` prints.
pub fn type_name(oid: u32) -> String {
    match oid {
        0 => "-".to_string(),
        _ => format_type(Some(oid), None).unwrap_or_else(|| oid.to_string()),
    }
}

/// `format_type(oid, typmod)`: the SQL name of a type with its modifier.
pub fn format_type(oid: Option<u32>, modifier: Option<i32>) -> Option<String> {
    let oid = oid?;
    if oid == 0 {
        return Some("-".to_string());
    }
    if let Some((_, name, _)) = PSEUDO_TYPES.iter().find(|(pseudo, ..)| *pseudo == oid) {
        // A word of the grammar.
        return Some(if *name == "any" { "\"any\"".to_string() } else { (*name).to_string() });
    }
    let Some(ty) = ColumnType::from_oid(oid) else { return Some("???".to_string()) };
    let modifier = modifier.filter(|modifier| *modifier >= 0);
    Some(match (&ty, modifier) {
        (ColumnType::Char(_), None) => "character".to_string(),
        (ColumnType::Bit(_), None) => "bit".to_string(),
        (_, None) => ty.to_string(),
        (ColumnType::Array(element), Some(modifier)) => format!("{}[]", with_modifier(element, modifier)),
        (scalar, Some(modifier)) => with_modifier(scalar, modifier),
    })
}

fn with_modifier(ty: &ColumnType, modifier: i32) -> String {
    let length = u32::try_from(modifier.saturating_sub(4)).ok();
    match ty {
        ColumnType::Varchar(_) => ColumnType::Varchar(length).to_string(),
        ColumnType::Char(_) => ColumnType::Char(length.unwrap_or(1)).to_string(),
        ColumnType::Vector(_) => ColumnType::Vector(u32::try_from(modifier).ok()).to_string(),
        ColumnType::Halfvec(_) => ColumnType::Halfvec(u32::try_from(modifier).ok()).to_string(),
        ColumnType::Sparsevec(_) => ColumnType::Sparsevec(u32::try_from(modifier).ok()).to_string(),
        ColumnType::Bit(_) => ColumnType::Bit(u32::try_from(modifier).ok()).to_string(),
        ColumnType::Varbit(_) => ColumnType::Varbit(u32::try_from(modifier).ok()).to_string(),
        ColumnType::Numeric(_) => {
            let packed = modifier.saturating_sub(4);
            let scale = ((packed & 0x7ff) ^ 1024) - 1024;
            format!("numeric({},{scale})", (packed >> 16) & 0xffff)
        }
        ColumnType::Time => format!("time({modifier}) without time zone"),
        ColumnType::Timestamp => format!("timestamp({modifier}) without time zone"),
        ColumnType::TimestampTz => format!("timestamp({modifier}) with time zone"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_at_dots_outside_quotes() {
        assert_eq!(parts("Public.\"My.Table\""), ["public", "My.Table"]);
        assert_eq!(parts("\"a\"\"b\""), ["a\"b"]);
    }

    #[test]
    fn types_print_with_their_modifiers() {
        assert_eq!(format_type(Some(1043), Some(24)).as_deref(), Some("character varying(20)"));
        assert_eq!(format_type(Some(1700), Some(((10 << 16) | 2) + 4)).as_deref(), Some("numeric(10,2)"));
        assert_eq!(format_type(Some(23), Some(-1)).as_deref(), Some("integer"));
        assert_eq!(format_type(Some(16_385), Some(3)).as_deref(), Some("vector(3)"));
    }

    #[test]
    fn system_catalogs_are_found_by_name() {
        let catalog = Catalog::default();
        assert_eq!(find_class(&catalog, "pg_catalog.pg_extension"), Some(3079));
        assert_eq!(class_name(&catalog, 3079), "pg_extension");
        assert_eq!(find_class(&catalog, "nothing"), None);
    }
}
