//! The statistics views. What this server does not count is zero or NULL, never invented.

use crate::db::{Catalog, Settings};
use crate::model::Value;
use crate::sql::pg_catalog::names::namespace_name;
use crate::sql::pg_catalog::oids::{DATABASE_OID, OWNER_OID, Object};
use crate::sql::pg_catalog::relation::{Row, oid, text};

/// The own session: others are shown by the administration page.
pub fn activity(settings: &Settings, backend: i32) -> Vec<Row> {
    vec![vec![
        ("datid", oid(DATABASE_OID)),
        ("datname", text(&settings.database)),
        ("pid", Value::Int4(backend)),
        ("usesysid", oid(OWNER_OID)),
        ("usename", text(&settings.user)),
        ("application_name", text(settings.get("application_name").unwrap_or(""))),
        ("state", text("active")),
        ("backend_type", text("client backend")),
    ]]
}

/// One row for each table: all of them, those of users, or those of the system.
pub fn tables(catalog: &Catalog, user: bool, system: bool) -> Vec<Row> {
    let objects = Object::all(catalog);
    let wanted = objects.iter().filter(|object| match object {
        Object::Table(_) => user,
        Object::System(_) => system && object.kind() == "r",
        _ => false,
    });
    wanted
        .map(|object| {
            vec![
                ("relid", oid(object.oid())),
                ("schemaname", text(namespace_name(object.namespace()))),
                ("relname", text(object.name())),
            ]
        })
        .collect()
}

/// One row for each index of a user's table.
pub fn indexes(catalog: &Catalog) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let (Object::PrimaryKey(collection) | Object::Index(collection, _)) = &object else { continue };
        rows.push(vec![
            ("relid", oid(collection.oid())),
            ("indexrelid", oid(object.oid())),
            ("schemaname", text("public")),
            ("relname", text(&collection.name)),
            ("indexrelname", text(object.name())),
        ]);
    }
    rows
}

pub fn databases(settings: &Settings) -> Vec<Row> {
    vec![vec![("datid", oid(DATABASE_OID)), ("datname", text(&settings.database))]]
}
