//! Domains in the catalogs: their types, conditions, and what the standard says of them.

use crate::db::{Catalog, SearchPath};
use crate::model::{Column, DomainType, UserType};
use crate::settings::Settings;
use crate::sql::pg_catalog::information::type_cells;
use crate::sql::pg_catalog::kept_texts::expression_in;
use crate::sql::pg_catalog::oids::{constraint_oid, schema_oid};
use crate::sql::pg_catalog::procedures;
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::types::type_row;
use crate::types::{ColumnType, Value};

/// A domain, and the type of its arrays.
pub(super) fn domain_rows(ty: &UserType, domain: &DomainType, catalog: &Catalog, path: &SearchPath) -> [CatalogRow; 2] {
    let array = ColumnType::Array(Box::new(domain.base.clone()));
    let default = domain.default.as_ref().map(|text| expression_in(text, path, catalog));
    let is_of_base =
        ["typlen", "typbyval", "typcategory", "typoutput", "typsend", "typalign", "typstorage", "typcollation"];
    let common = |ty: &ColumnType| -> CatalogRow {
        let row = type_row(ty, false).into_iter();
        row.filter(|(name, _)| is_of_base.contains(name)).collect()
    };
    let mut own = common(&domain.base);
    own.extend([
        ("oid", oid(ty.oid())),
        ("typname", text(ty.name())),
        ("typnamespace", oid(schema_oid(ty.schema))),
        ("typowner", oid(catalog.owner(ty.id).oid())),
        ("typtype", text("d")),
        ("typisdefined", Value::Bool(true)),
        ("typdelim", text(",")),
        ("typarray", oid(ty.definition.array_oid())),
        ("typinput", oid(procedures::find("domain_in").unwrap_or(0))),
        ("typreceive", oid(procedures::find("domain_recv").unwrap_or(0))),
        ("typnotnull", Value::Bool(domain.not_null)),
        ("typbasetype", oid(domain.base.oid())),
        ("typtypmod", Value::Int4(domain.base.modifier())),
        // Without it a default is read as a literal.
        ("typdefaultbin", default.as_ref().map_or(Value::Null, text)),
        ("typdefault", default.map_or(Value::Null, text)),
    ]);
    let mut of_arrays = type_row(&array, false);
    of_arrays.retain(|(name, _)| !["oid", "typname", "typnamespace", "typelem", "typowner"].contains(name));
    of_arrays.extend([
        ("oid", oid(ty.definition.array_oid())),
        ("typname", text(format!("_{}", ty.name()))),
        ("typnamespace", oid(schema_oid(ty.schema))),
        ("typowner", oid(catalog.owner(ty.id).oid())),
        ("typelem", oid(ty.oid())),
    ]);
    [own, of_arrays]
}

/// The rows of `pg_constraint` that are conditions of domains.
pub fn domain_constraints(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for ty in catalog.user_types() {
        let Some(domain) = &ty.domain else { continue };
        let row = |number: u32, name: String, kind: &str, validated: bool| -> CatalogRow {
            vec![
                ("oid", oid(number)),
                ("conname", text(name)),
                ("connamespace", oid(schema_oid(ty.schema))),
                ("contype", text(kind)),
                ("conenforced", Value::Bool(true)),
                ("convalidated", Value::Bool(validated)),
                ("contypid", oid(ty.oid())),
                ("conislocal", Value::Bool(true)),
                ("confupdtype", text(" ")),
                ("confdeltype", text(" ")),
                ("confmatchtype", text(" ")),
            ]
        };
        rows.extend(domain.not_null.then(|| row(constraint_oid(ty.id), format!("{}_not_null", ty.name()), "n", true)));
        let checks = domain.checks.iter();
        rows.extend(checks.map(|check| row(constraint_oid(check.id), check.name.clone(), "c", check.validated)));
    }
    rows
}

/// The text of a condition of a domain, as `pg_get_constraintdef` shows it.
pub fn domain_constraint(number: u32, is_pretty: bool, path: &SearchPath, catalog: &Catalog) -> Option<String> {
    catalog.user_types().find_map(|ty| {
        let domain = ty.domain.as_ref()?;
        if domain.not_null && constraint_oid(ty.id) == number {
            return Some("NOT NULL".to_string());
        }
        let check = domain.checks.iter().find(|check| constraint_oid(check.id) == number)?;
        let suffix = if check.validated { "" } else { " NOT VALID" };
        let condition = expression_in(&check.expression, path, catalog);
        let condition = if is_pretty { condition } else { format!("({condition})") };
        Some(format!("CHECK ({condition}){suffix}"))
    })
}

/// The cells of `information_schema.columns` that name the domain of a column.
pub fn column_cells(column: &Column, (catalog, settings): (&Catalog, &Settings)) -> CatalogRow {
    match column.domain_type() {
        None => Vec::new(),
        Some(ty) => named("domain", ty.name(), ty, (catalog, settings)),
    }
}

/// Three cells that name something in the schema of a domain.
fn named(what: &str, name: &str, ty: &UserType, (catalog, settings): (&Catalog, &Settings)) -> CatalogRow {
    let names = match what {
        "domain" => ["domain_catalog", "domain_schema", "domain_name"],
        _ => ["constraint_catalog", "constraint_schema", "constraint_name"],
    };
    let values = [text(&settings.database), text(catalog.schema_name(ty.schema)), text(name)];
    names.into_iter().zip(values).collect()
}

/// `information_schema.domains`.
pub fn domains(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let path = SearchPath::of(settings, catalog);
    let mut rows = Vec::new();
    for ty in catalog.user_types() {
        let Some(domain) = &ty.domain else { continue };
        let mut row = named("domain", ty.name(), ty, (catalog, settings));
        row.extend(type_cells(&domain.base, (catalog, settings)));
        row.push(("dtd_identifier", text("1")));
        let default = domain.default.as_ref().map(|default| expression_in(default, &path, catalog));
        row.push(("domain_default", default.map_or(Value::Null, text)));
        rows.push(row);
    }
    rows
}

/// `information_schema.domain_constraints`.
pub fn constraints(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for ty in catalog.user_types() {
        let Some(domain) = &ty.domain else { continue };
        let not_null = domain.not_null.then(|| format!("{}_not_null", ty.name()));
        for name in domain.checks.iter().map(|check| check.name.clone()).chain(not_null) {
            let mut row = named("constraint", &name, ty, (catalog, settings));
            row.extend(named("domain", ty.name(), ty, (catalog, settings)));
            row.extend([("is_deferrable", text("NO")), ("initially_deferred", text("NO"))]);
            rows.push(row);
        }
    }
    rows
}

/// `information_schema.column_domain_usage`.
pub fn usage(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for table in catalog.collections() {
        for column in &table.columns {
            let Some(ty) = column.domain_type() else { continue };
            let mut row = named("domain", ty.name(), ty, (catalog, settings));
            row.extend([
                ("table_catalog", text(&settings.database)),
                ("table_schema", text(catalog.schema_name(table.schema))),
                ("table_name", text(&table.name)),
                ("column_name", text(&column.name)),
            ]);
            rows.push(row);
        }
    }
    rows
}
