//! What the information schema says of constraints.

use crate::db::Catalog;
use crate::model::{CheckTime, Collection, SchemaId};
use crate::settings::Settings;
use crate::sql::pg_catalog::constraints::{Constraint, ConstraintKind, constraints, unique_key};
use crate::sql::pg_catalog::relation::{CatalogRow, text, yes_or_no};
use crate::types::Value;

fn count(number: usize) -> Value {
    Value::Int4(i32::try_from(number).unwrap_or(i32::MAX))
}

/// The three names of a constraint.
fn named(constraint: &Constraint<'_>, of: &Collection, (catalog, settings): (&Catalog, &Settings)) -> CatalogRow {
    vec![
        ("constraint_catalog", text(&settings.database)),
        ("constraint_schema", text(catalog.schema_name(of.schema))),
        ("constraint_name", text(&constraint.name)),
    ]
}

/// The three names of a table.
fn of_table(collection: &Collection, (catalog, settings): (&Catalog, &Settings)) -> CatalogRow {
    vec![
        ("table_catalog", text(&settings.database)),
        ("table_schema", text(catalog.schema_name(collection.schema))),
        ("table_name", text(&collection.name)),
    ]
}

pub fn table_constraints(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            let timing = constraint.kind.timing();
            let mut row = named(&constraint, collection, (catalog, settings));
            row.extend(of_table(collection, (catalog, settings)));
            row.extend([
                ("constraint_type", text(constraint.kind.name())),
                ("is_deferrable", yes_or_no(timing.is_deferrable())),
                ("initially_deferred", yes_or_no(timing == CheckTime::Deferred)),
                ("enforced", yes_or_no(true)),
            ]);
            if constraint.kind.is_key() {
                let counts_nulls =
                    matches!(constraint.kind, ConstraintKind::Unique(index) if index.kind.counts_nulls());
                row.push(("nulls_distinct", yes_or_no(!counts_nulls)));
            }
            rows.push(row);
        }
    }
    rows
}

pub fn check_constraints(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            if let ConstraintKind::Check(check) = constraint.kind {
                let mut row = named(&constraint, collection, (catalog, settings));
                row.push(("check_clause", text(format!("({})", check.expression))));
                rows.push(row);
            }
        }
    }
    rows
}

pub fn referential_constraints(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            let ConstraintKind::Foreign(key) = constraint.kind else { continue };
            let mut row = named(&constraint, collection, (catalog, settings));
            if let Some((name, _)) = unique_key(catalog, key) {
                let schema = catalog.collection_by_id(key.parent).map_or(SchemaId::Public, |parent| parent.schema);
                row.extend([
                    ("unique_constraint_catalog", text(&settings.database)),
                    ("unique_constraint_schema", text(catalog.schema_name(schema))),
                    ("unique_constraint_name", text(name)),
                ]);
            }
            row.extend([
                ("match_option", text("NONE")),
                ("update_rule", text(key.on_update.name())),
                ("delete_rule", text(key.on_delete.name())),
            ]);
            rows.push(row);
        }
    }
    rows
}

/// One row for each column of each key.
pub fn key_column_usage(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            if matches!(constraint.kind, ConstraintKind::Check(_)) {
                continue;
            }
            for (place, position) in constraint.columns.iter().enumerate() {
                let Some(column) = collection.columns.get(*position) else { continue };
                let mut row = named(&constraint, collection, (catalog, settings));
                row.extend(of_table(collection, (catalog, settings)));
                row.extend([("column_name", text(&column.name)), ("ordinal_position", count(place + 1))]);
                if let ConstraintKind::Foreign(key) = constraint.kind
                    && let Some(parent) = catalog.collection_by_id(key.parent)
                    && let Some((_, places)) = parent.unique_key_over(&key.parent_columns)
                    && let Some(theirs) = places.iter().position(|each| *each == place)
                {
                    row.push(("position_in_unique_constraint", count(theirs + 1)));
                }
                rows.push(row);
            }
        }
    }
    rows
}

/// One row for each column that a constraint names: of a foreign key those that it refers to.
pub fn constraint_column_usage(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            let (table, columns) = match constraint.kind {
                ConstraintKind::Foreign(key) => match catalog.collection_by_id(key.parent) {
                    Some(parent) => (parent, parent.positions_of(&key.parent_columns)),
                    None => continue,
                },
                _ => (collection, constraint.columns.clone()),
            };
            for column in columns.iter().filter_map(|position| table.columns.get(*position)) {
                let mut row = named(&constraint, collection, (catalog, settings));
                row.extend(of_table(table, (catalog, settings)));
                row.push(("column_name", text(&column.name)));
                rows.push(row);
            }
        }
    }
    rows
}

/// One row for each table that a key or foreign key names: of a foreign key the one that it refers to.
pub fn constraint_table_usage(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections_shown(SchemaId::Temporary(settings.backend_id)) {
        for constraint in constraints(collection) {
            let table = match constraint.kind {
                ConstraintKind::Foreign(key) => catalog.collection_by_id(key.parent),
                ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) => Some(collection),
                ConstraintKind::Check(_) => None,
            };
            if let Some(table) = table {
                let mut row = named(&constraint, collection, (catalog, settings));
                row.extend(of_table(table, (catalog, settings)));
                rows.push(row);
            }
        }
    }
    rows
}
