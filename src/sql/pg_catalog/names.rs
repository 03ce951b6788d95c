//! From names to OIDs and back, for `regclass`, `regtype` and `regnamespace`.
//!
//! Names without a schema are looked for by `search_path`; names print with their schema only where that would not find them.

use datafusion::sql::sqlparser::ast::ObjectName;

use crate::db::{Catalog, SYSTEM_SCHEMAS, SchemaPlace, SearchPath, no_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::model::SchemaId;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::relation_name;
use crate::sql::pg_catalog::lookup::{find_object, is_visible};
use crate::sql::pg_catalog::oids::{Object, namespace_of, schema_oid};
use crate::sql::pg_catalog::types::is_of_extension;
use crate::sql::registry::PSEUDO_TYPES;
use crate::types::{ColumnType, quote_identifier};

/// The schemas with their OIDs.
pub fn namespaces(catalog: &Catalog) -> Vec<(String, u32)> {
    let system = SYSTEM_SCHEMAS.map(|name| (name.to_string(), namespace_of(SchemaPlace::System(name))));
    let made = catalog.schemas().map(|schema| SchemaId::Made(schema.id)).chain(catalog.temporary_schemas());
    let stored = std::iter::once(SchemaId::Public).chain(made);
    let stored = stored.map(|schema| (catalog.schema_name(schema).into_owned(), schema_oid(schema)));
    system.into_iter().chain(stored).collect()
}

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

/// Checks that a name that begins with a database means the one that the session is connected to.
///
/// # Errors
/// 0A000 for another database, 42601 for a name of more than three parts.
pub fn check_database(name: &str, database: &str) -> Result<()> {
    let parts = parts(name);
    match parts.as_slice() {
        [other, _, _] if other != database => {
            let message = format!("cross-database references are not implemented: \"{}\"", parts.join("."));
            Err(Error::new(ErrorKind::Unsupported, message))
        }
        [_, _, _, _, ..] => {
            let message = format!("improper relation name (too many dotted names): {}", parts.join("."));
            Err(Error::syntax(message, None))
        }
        _ => Ok(()),
    }
}

/// The relation of that name; `None` when there is none.
pub fn find_class(catalog: &Catalog, path: &SearchPath, name: &str) -> Option<u32> {
    if let Ok(oid) = name.trim().parse::<u32>() {
        return Some(oid);
    }
    let parts = parts(name);
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] | [_, schema, name] => (Some(schema.as_str()), name),
        _ => return None,
    };
    find_object(schema, name, path, catalog).map(|object| object.oid())
}

/// The name that `regclass` prints for an OID: the number itself when nothing has it.
pub fn class_name(catalog: &Catalog, path: &SearchPath, oid: u32) -> String {
    match Object::find(catalog, oid) {
        None if oid == 0 => "-".to_string(),
        None => oid.to_string(),
        Some(object) if !is_visible(&object, path, catalog) => {
            let schema = namespace_name(catalog, object.namespace());
            format!("{}.{}", quote_identifier(&schema), quote_identifier(&object.name()))
        }
        Some(object) => quote_identifier(&object.name()).to_string(),
    }
}

/// The schema of that name.
///
/// # Errors
/// 3F000 where there is none.
pub fn find_namespace(catalog: &Catalog, path: &SearchPath, name: &str) -> Result<u32> {
    let part = parts(name).into_iter().next().unwrap_or_default();
    catalog.schema(&part, path.own()).map(namespace_of).ok_or_else(|| no_schema(&part))
}

/// Refuses a name in a schema that does not exist.
///
/// # Errors
/// 3F000.
pub fn check_schema(name: &ObjectName, context: &PlanContext<'_>) -> Result<()> {
    let own = SchemaId::Temporary(context.settings.backend_id);
    match relation_name(name)?.0.filter(|schema| context.view.catalog().schema(schema, own).is_none()) {
        Some(schema) => Err(no_schema(&schema)),
        None => Ok(()),
    }
}

/// Whether a name has a schema before it that CREATE SCHEMA has made: there are no functions in it.
pub fn is_in_made_schema(name: &ObjectName, context: &PlanContext<'_>) -> bool {
    let schema = relation_name(name).ok().and_then(|(schema, _)| schema);
    let place = schema.and_then(|schema| context.view.catalog().schema(&schema, SchemaId::Public));
    matches!(place, Some(SchemaPlace::Stored(SchemaId::Made(_) | SchemaId::Temporary(_))))
}

pub fn namespace_name(catalog: &Catalog, oid: u32) -> String {
    let known = namespaces(catalog).into_iter().find(|(_, known)| *known == oid);
    known.map_or_else(|| oid.to_string(), |(name, _)| name)
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

/// What is written before a name that came with the extension: its schema, where the path does not lead there.
pub fn extension_schema(path: &SearchPath) -> &'static str {
    if path.places().contains(&SchemaPlace::Stored(SchemaId::Public)) { "" } else { "public." }
}

/// As [`format_type`], with the schema that the path asks for.
pub fn format_type_in(path: &SearchPath, oid: Option<u32>, modifier: Option<i32>) -> Option<String> {
    let is_of_extension = oid.and_then(ColumnType::from_oid).is_some_and(|ty| is_of_extension(&ty));
    let schema = if is_of_extension { extension_schema(path) } else { "" };
    format_type(oid, modifier).map(|name| format!("{schema}{name}"))
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
        let (catalog, path) = (Catalog::default(), SearchPath::of_definitions());
        assert_eq!(find_class(&catalog, &path, "pg_catalog.pg_extension"), Some(3079));
        assert_eq!(class_name(&catalog, &path, 3079), "pg_extension");
        assert_eq!(find_class(&catalog, &path, "nothing"), None);
    }
}
