//! Types and domains that somebody has made, in the catalogs: `pg_type` and `pg_enum`, and their names.

use std::sync::Arc;

use crate::db::{Catalog, SearchPath};
use crate::error::Result;
use crate::model::{SchemaId, UserType};
use crate::settings::identifiers;
use crate::sql::pg_catalog::domains::domain_rows;
use crate::sql::pg_catalog::lookup::{find_user_type, made_type_named, type_of_oid};
use crate::sql::pg_catalog::names::{find_type, format_type_in};
use crate::sql::pg_catalog::oids::schema_oid;
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::types::type_row;
use crate::types::{ColumnType, EnumType, Value, quote_identifier};

/// OIDs of labels are above those of types, each with room for all labels that a type may have.
const LABEL_OID_FIRST: u32 = 0x2000_0000;
const LABELS_ROOM: u32 = 16_384;

/// The rows of `pg_type`: each type, and that of its arrays.
pub fn types(catalog: &Catalog, path: &SearchPath) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for ty in catalog.user_types() {
        let namespace = schema_oid(ty.schema);
        if let Some(domain) = &ty.domain {
            rows.extend(domain_rows(ty, domain, catalog, path));
            continue;
        }
        let own = ty.column_type();
        let array = ColumnType::Array(Box::new(own.clone()));
        for (ty, has_array) in [(own, true), (array, false)] {
            let mut row = type_row(&ty, has_array);
            for (name, value) in &mut row {
                if *name == "typnamespace" {
                    *value = oid(namespace);
                }
            }
            rows.push(row);
        }
    }
    rows
}

/// The rows of `pg_enum`: the labels of each type in their order.
pub fn labels(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for (place, ty) in (0_u32..).zip(catalog.user_types()) {
        let first = LABEL_OID_FIRST.saturating_add(place.saturating_mul(LABELS_ROOM));
        for (number, label) in (1_u16..).zip(ty.definition.labels()) {
            rows.push(vec![
                ("oid", oid(first.saturating_add(u32::from(number)))),
                ("enumtypid", oid(ty.oid())),
                ("enumsortorder", Value::Float4(label.sort_order())),
                ("enumlabel", text(&label.name)),
            ]);
        }
    }
    rows
}

/// `format_type(oid, typmod)`, of types that were made as well: with the schema where a name alone does not find one.
pub fn shown_type(oid: Option<u32>, modifier: Option<i32>, (catalog, path): (&Catalog, &SearchPath)) -> Option<String> {
    let Some(ty) = oid.and_then(|oid| catalog.user_type_by_oid(oid)) else {
        return format_type_in(path, oid, modifier);
    };
    let name = shown_name_of(ty, path, catalog);
    Some(if oid.and_then(EnumType::element_of).is_some() { format!("{name}[]") } else { name })
}

fn shown_name_of(ty: &Arc<UserType>, path: &SearchPath, catalog: &Catalog) -> String {
    let name = quote_identifier(ty.name());
    let found = find_user_type(None, ty.name(), path, catalog);
    match found.is_some_and(|found| found.id == ty.id) {
        true => name,
        false => format!("{}.{name}", quote_identifier(&catalog.schema_name(ty.schema))),
    }
}

/// Whether a name without a schema finds the type of an OID; `None` for a type of the system.
pub fn is_type_visible(oid: u32, path: &SearchPath, catalog: &Catalog) -> Option<bool> {
    let ty = catalog.user_type_by_oid(oid)?;
    Some(find_user_type(None, ty.name(), path, catalog).is_some_and(|found| found.id == ty.id))
}

/// The type of a name as `regtype` reads it.
pub fn find_any_type(name: &str, path: &SearchPath, catalog: &Catalog) -> Option<u32> {
    if let Some(found) = find_type(name).filter(|oid| EnumType::number_of(*oid).is_none()) {
        return Some(found);
    }
    if let Ok(oid) = name.trim().parse::<u32>() {
        return Some(oid);
    }
    let (bare, is_array) = name.trim().strip_suffix("[]").map_or((name.trim(), false), |bare| (bare, true));
    let parts = identifiers(&bare.replace('.', ","))?;
    let (found, is_of_arrays) = match parts.as_slice() {
        [name] => made_type_named(None, name, path, catalog),
        [schema, name] => made_type_named(Some(schema), name, path, catalog),
        _ => None,
    }?;
    Some(if is_array || is_of_arrays { found.definition.array_oid() } else { found.oid() })
}

/// The type of a name with its modifiers, as a text has it.
///
/// # Errors
/// 42704 for a type that does not exist, 22023 for a modifier out of range.
pub fn type_named(name: &str, path: &SearchPath, catalog: &Catalog) -> Result<ColumnType> {
    ColumnType::parse(name).or_else(|error| {
        let found = find_any_type(name, path, catalog).and_then(|oid| type_of_oid(oid, catalog));
        found.ok_or(error)
    })
}

/// The schema of a type, as the information schema names it.
pub fn schema_of(ty: &ColumnType, catalog: &Catalog) -> Option<String> {
    let ty = catalog.user_type_by_oid(ty.enumerated()?.oid())?;
    Some(match ty.schema {
        SchemaId::Public => "public".to_string(),
        schema => catalog.schema_name(schema).into_owned(),
    })
}
