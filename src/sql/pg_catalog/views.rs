//! The views over the catalogs that people read: `pg_tables`, `pg_indexes`, `pg_views`, `pg_matviews`.

use crate::db::{Catalog, SearchPath};
use crate::settings::Settings;
use crate::sql::pg_catalog::definitions::index_definition;
use crate::sql::pg_catalog::kept_texts::query_in;
use crate::sql::pg_catalog::names::namespace_name;
use crate::sql::pg_catalog::oids::Object;
use crate::sql::pg_catalog::relation::{CatalogRow, text};
use crate::sql::pg_catalog::roles::owner_of;
use crate::types::Value;

/// What the view `memory_facts` shows, in words of SQL.
pub const MEMORY_FACTS_DEFINITION: &str =
    " SELECT id, metadata.* AS one column for each fact that occurs\n   FROM memory;";

pub fn tables(catalog: &Catalog) -> Vec<CatalogRow> {
    let objects = Object::all(catalog);
    let tables = objects.iter().filter(|object| object.kind() == "r");
    tables
        .map(|object| {
            let indexed = match object {
                Object::Table(collection) => !collection.indexes.is_empty() || !collection.primary_key.is_empty(),
                _ => false,
            };
            vec![
                ("schemaname", text(namespace_name(catalog, object.namespace()))),
                ("tablename", text(object.name())),
                ("tableowner", text(catalog.role_name(owner_of(catalog, object)))),
                ("hasindexes", Value::Bool(indexed)),
                ("hasrules", Value::Bool(false)),
                ("hastriggers", Value::Bool(false)),
                ("rowsecurity", Value::Bool(false)),
            ]
        })
        .collect()
}

pub fn views(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let objects = Object::all(catalog);
    let views = objects.iter().filter(|object| object.kind() == "v");
    views
        .map(|object| {
            vec![
                ("schemaname", text(namespace_name(catalog, object.namespace()))),
                ("viewname", text(object.name())),
                ("viewowner", text(catalog.role_name(owner_of(catalog, object)))),
                ("definition", view_definition(object, &path, catalog).map_or(Value::Null, text)),
            ]
        })
        .collect()
}

pub fn materialized_views(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let Object::Table(collection) = &object else { continue };
        let Some(kept) = &collection.materialized else { continue };
        rows.push(vec![
            ("schemaname", text(namespace_name(catalog, object.namespace()))),
            ("matviewname", text(object.name())),
            ("matviewowner", text(catalog.role_name(owner_of(catalog, &object)))),
            ("hasindexes", Value::Bool(!collection.indexes.is_empty())),
            ("ispopulated", Value::Bool(kept.is_populated)),
            ("definition", view_definition(&object, &path, catalog).map_or(Value::Null, text)),
        ]);
    }
    rows
}

/// The text of a view; those of the information schema are made, not defined.
pub fn view_definition(object: &Object, path: &SearchPath, catalog: &Catalog) -> Option<String> {
    match object {
        Object::MemoryFacts => Some(MEMORY_FACTS_DEFINITION.to_string()),
        Object::View(view) => Some(format!(" {};", query_in(&view.query, path, catalog))),
        Object::Table(collection) => {
            collection.materialized.as_ref().map(|kept| format!(" {};", query_in(&kept.query, path, catalog)))
        }
        _ => None,
    }
}

pub fn indexes(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let (Object::PrimaryKey(collection) | Object::Index(collection, _)) = &object else { continue };
        rows.push(vec![
            ("schemaname", text(catalog.schema_name(collection.schema))),
            ("tablename", text(&collection.name)),
            ("indexname", text(object.name())),
            ("indexdef", index_definition((catalog, &path), object.oid()).map_or(Value::Null, text)),
        ]);
    }
    rows
}
