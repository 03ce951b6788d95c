//! The information schema: the standard's view of tables, columns and constraints.

use crate::db::{Catalog, ReadView, SearchPath};
use crate::model::{Collection, CollectionKind, Column, IdentityKind};
use crate::settings::Settings;
use crate::sql::pg_catalog::definitions::default_expression;
use crate::sql::pg_catalog::domains::column_cells;
use crate::sql::pg_catalog::names::{format_type, namespace_name, namespaces};
use crate::sql::pg_catalog::oids::{Object, attribute_number};
use crate::sql::pg_catalog::plain_view::written_table;
use crate::sql::pg_catalog::relation::{CatalogRow, text, yes_or_no};
use crate::sql::pg_catalog::relations;
use crate::sql::pg_catalog::roles::{is_shown_to, schema_acl};
use crate::sql::pg_catalog::user_types;
use crate::sql::pg_catalog::views::view_definition;
use crate::types::{ColumnType, Value};

pub fn schemata(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    namespaces(catalog)
        .into_iter()
        .map(|(name, _)| {
            let (owner, _) = schema_acl(catalog, &name);
            vec![
                ("catalog_name", text(&settings.database)),
                ("schema_name", text(name)),
                ("schema_owner", text(catalog.role_name(owner))),
            ]
        })
        .collect()
}

pub fn catalog_name(settings: &Settings) -> Vec<CatalogRow> {
    vec![vec![("catalog_name", text(&settings.database))]]
}

pub fn tables(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let objects = Object::shown(catalog, settings);
    let who = settings.identity().current;
    let tables =
        objects.iter().filter(|object| matches!(object.kind(), "r" | "v") && is_shown_to(catalog, who, object));
    tables
        .map(|object| {
            let is_table = matches!(object, Object::Table(_));
            vec![
                ("table_catalog", text(&settings.database)),
                ("table_schema", text(namespace_name(catalog, object.namespace()))),
                ("table_name", text(object.name())),
                ("table_type", text(if object.kind() == "r" { "BASE TABLE" } else { "VIEW" })),
                ("is_insertable_into", yes_or_no(is_table || is_updatable(object, catalog))),
                ("is_typed", yes_or_no(false)),
            ]
        })
        .collect()
}

/// Whether rows can be written through a view.
fn is_updatable(object: &Object, catalog: &Catalog) -> bool {
    let Object::View(view) = object else { return false };
    written_table(view, catalog).is_some_and(|table| table.kind != CollectionKind::Auth)
}

pub fn views(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let objects = Object::shown(catalog, settings);
    let who = settings.identity().current;
    let views = objects.iter().filter(|object| object.kind() == "v" && is_shown_to(catalog, who, object));
    views
        .map(|object| {
            vec![
                ("table_catalog", text(&settings.database)),
                ("table_schema", text(namespace_name(catalog, object.namespace()))),
                ("table_name", text(object.name())),
                ("view_definition", view_definition(object, &path, catalog).map_or(Value::Null, text)),
                ("check_option", text(check_option(object))),
                ("is_updatable", yes_or_no(is_updatable(object, catalog))),
                ("is_insertable_into", yes_or_no(is_updatable(object, catalog))),
                ("is_trigger_updatable", yes_or_no(false)),
                ("is_trigger_deletable", yes_or_no(false)),
                ("is_trigger_insertable_into", yes_or_no(false)),
            ]
        })
        .collect()
}

fn check_option(object: &Object) -> String {
    let check = match object {
        Object::View(view) => view.check,
        _ => None,
    };
    check.map_or_else(|| "NONE".to_string(), |check| check.to_string().to_uppercase())
}

pub fn columns(view: &ReadView, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, view.catalog());
    let mut rows = Vec::new();
    for object in Object::shown(view.catalog(), settings) {
        let is_shown = is_shown_to(view.catalog(), settings.identity().current, &object);
        if !matches!(object.kind(), "r" | "v") || !is_shown {
            continue;
        }
        let collection = match &object {
            Object::Table(collection) => Some(collection.as_ref()),
            _ => None,
        };
        for (position, (name, ty, not_null)) in relations::columns(&object, view).into_iter().enumerate() {
            let number = i32::from(attribute_number(collection, position));
            let mut row = vec![
                ("table_catalog", text(&settings.database)),
                ("table_schema", text(namespace_name(view.catalog(), object.namespace()))),
                ("table_name", text(object.name())),
                ("column_name", text(name)),
                ("ordinal_position", Value::Int4(number)),
                ("is_nullable", yes_or_no(!not_null && !is_of_not_null(collection, position))),
                ("is_self_referencing", yes_or_no(false)),
                ("is_updatable", yes_or_no(collection.is_some())),
                ("dtd_identifier", text(number.to_string())),
            ];
            row.extend(type_cells(&ty, (view.catalog(), settings)));
            if let Some(column) = collection.and_then(|collection| collection.columns.get(position)) {
                row.extend(column_cells(column, (view.catalog(), settings)));
            }
            row.extend(default_cells(collection, position, (view.catalog(), &path)));
            rows.push(row);
        }
    }
    rows
}

/// Whether the domain of a column has no NULL.
fn is_of_not_null(collection: Option<&Collection>, position: usize) -> bool {
    let column = collection.and_then(|collection| collection.columns.get(position));
    let domain = column.and_then(Column::domain_type).and_then(|ty| ty.domain.as_ref());
    domain.is_some_and(|domain| domain.not_null)
}

/// What the standard says of a column's type.
pub(super) fn type_cells(ty: &ColumnType, (catalog, settings): (&Catalog, &Settings)) -> CatalogRow {
    let data_type = match ty {
        ty if ty.element().is_some() => "ARRAY".to_string(),
        ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_) | ColumnType::Enum(_) => {
            "USER-DEFINED".to_string()
        }
        other => format_type(Some(other.oid()), None).unwrap_or_default(),
    };
    let schema = if matches!(ty, ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_)) {
        "public"
    } else {
        "pg_catalog"
    };
    let mut row = vec![
        ("data_type", text(data_type)),
        ("udt_catalog", text(&settings.database)),
        ("udt_schema", text(user_types::schema_of(ty, catalog).unwrap_or_else(|| schema.to_string()))),
        ("udt_name", text(ty.internal_name())),
    ];
    let number = |n: i32| Value::Int4(n);
    match ty {
        ColumnType::Varchar(Some(length)) | ColumnType::Char(length) => {
            let length = i32::try_from(*length).unwrap_or(i32::MAX);
            row.push(("character_maximum_length", number(length)));
            row.push(("character_octet_length", number(length.saturating_mul(4))));
        }
        ColumnType::Text | ColumnType::Varchar(None) => row.push(("character_octet_length", number(1 << 30))),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            row.push(("numeric_precision", number(i32::from(ty.length()) * 8)));
            row.push(("numeric_precision_radix", number(2)));
            row.push(("numeric_scale", number(0)));
        }
        ColumnType::Float4 | ColumnType::Float8 => {
            row.push(("numeric_precision", number(if *ty == ColumnType::Float4 { 24 } else { 53 })));
            row.push(("numeric_precision_radix", number(2)));
        }
        ColumnType::Numeric(declared) => {
            row.push(("numeric_precision_radix", number(10)));
            if let Some((precision, scale)) = declared {
                row.push(("numeric_precision", number(i32::from(*precision))));
                row.push(("numeric_scale", number(i32::from(*scale))));
            }
        }
        ColumnType::Date => row.push(("datetime_precision", number(0))),
        ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Interval => {
            row.push(("datetime_precision", number(6)));
        }
        _ => {}
    }
    row
}

fn default_cells(collection: Option<&Collection>, position: usize, names: (&Catalog, &SearchPath)) -> CatalogRow {
    let Some(collection) = collection else {
        return vec![("is_identity", yes_or_no(false)), ("is_generated", text("NEVER"))];
    };
    let default = default_expression(collection, position, names).map_or(Value::Null, text);
    let column = collection.columns.get(position);
    let identity = column.and_then(Column::identity);
    if column.is_some_and(|column| column.computation().is_some()) {
        return vec![
            ("is_identity", yes_or_no(false)),
            ("identity_cycle", yes_or_no(false)),
            ("is_generated", text("ALWAYS")),
            ("generation_expression", default),
        ];
    }
    let mut cells = vec![
        ("is_generated", text("NEVER")),
        ("is_identity", yes_or_no(identity.is_some())),
        ("column_default", default),
    ];
    // Beside NO for columns that are none, as there.
    let numbers = column.filter(|_| identity.is_some()).map(Column::sequence_numbers);
    cells.push(("identity_cycle", yes_or_no(numbers.is_some_and(|numbers| numbers.cycle))));
    if let (Some(identity), Some(numbers)) = (identity, numbers) {
        let generation = if identity == IdentityKind::Always { "ALWAYS" } else { "BY DEFAULT" };
        cells.extend([
            ("identity_generation", text(generation)),
            ("identity_start", text(numbers.start.to_string())),
            ("identity_increment", text(numbers.increment.to_string())),
            ("identity_maximum", text(numbers.max.to_string())),
            ("identity_minimum", text(numbers.min.to_string())),
        ]);
    }
    cells
}

pub fn character_sets(settings: &Settings) -> Vec<CatalogRow> {
    vec![vec![
        ("character_set_name", text("UTF8")),
        ("character_repertoire", text("UCS")),
        ("form_of_use", text("UTF8")),
        ("default_collate_catalog", text(&settings.database)),
        ("default_collate_schema", text("pg_catalog")),
        ("default_collate_name", text("C")),
    ]]
}
