//! The catalogs of the server itself: databases, schemas, extensions, settings, languages.
//!
//! There is one database.

use chrono::Utc;

use crate::db::Catalog;
use crate::settings::{Setting, SettingKind, SettingValue, Settings, shown_bound};
use crate::sql::pg_catalog::comments::{EXTENSION_CATALOG, NAMESPACE_CLASS, comment_on};
use crate::sql::pg_catalog::names::namespaces;
use crate::sql::pg_catalog::oids::{
    COLLATION_DEFAULT, DATABASE_OID, NAMESPACE_CATALOG, NAMESPACE_PUBLIC, OWNER_OID, VECTOR_EXTENSION,
};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::roles::{database_acl, schema_acl};
use crate::types::{ColumnType, Interval, Value, Zone};

/// The version of pgvector whose SQL this server speaks.
pub const VECTOR_VERSION: &str = "0.8.1";
const UTF8: i32 = 6;
const TABLESPACE_DEFAULT: u32 = 1663;
const LANGUAGE_INTERNAL: u32 = 12;
const LANGUAGE_SQL: u32 = 14;

/// Name, version, OID, schema, what it is.
const EXTENSIONS: [(&str, &str, u32, u32, &str); 2] = [
    ("plpgsql", "1.0", 12_771, NAMESPACE_CATALOG, "PL/pgSQL procedural language"),
    ("vector", VECTOR_VERSION, VECTOR_EXTENSION, NAMESPACE_PUBLIC, "vector data type and hnsw access method"),
];

pub fn namespace(catalog: &Catalog) -> Vec<CatalogRow> {
    namespaces(catalog)
        .into_iter()
        .map(|(name, number)| {
            let (owner, acl) = schema_acl(catalog, &name);
            vec![("oid", oid(number)), ("nspname", text(name)), ("nspowner", oid(owner.oid())), ("nspacl", acl)]
        })
        .collect()
}

pub fn database(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let (owner, acl) = database_acl(catalog);
    vec![vec![
        ("oid", oid(DATABASE_OID)),
        ("datname", text(&settings.database)),
        ("datdba", oid(owner.oid())),
        ("datacl", acl),
        ("encoding", Value::Int4(UTF8)),
        ("datlocprovider", text("b")),
        ("datallowconn", Value::Bool(true)),
        ("datconnlimit", Value::Int4(-1)),
        ("dattablespace", oid(TABLESPACE_DEFAULT)),
        ("datcollate", text("C")),
        ("datctype", text("C")),
        ("datlocale", text("C.UTF-8")),
    ]]
}

pub fn tablespace() -> Vec<CatalogRow> {
    [(TABLESPACE_DEFAULT, "pg_default"), (1664, "pg_global")]
        .into_iter()
        .map(|(number, name)| vec![("oid", oid(number)), ("spcname", text(name)), ("spcowner", oid(OWNER_OID))])
        .collect()
}

pub fn settings(settings: &Settings) -> Vec<CatalogRow> {
    settings.all().iter().map(setting).collect()
}

fn setting(each: &SettingValue<'_>) -> CatalogRow {
    let (mut unit, mut bounds, mut words) = (None, None, None);
    let kind = match each.setting.map(|setting| setting.kind) {
        Some(SettingKind::Bool) => "bool",
        Some(SettingKind::Integer { min, max, unit: counted }) => {
            unit = counted.name();
            bounds = Some((min.to_string(), max.to_string()));
            "integer"
        }
        Some(SettingKind::Real { min, max }) => {
            bounds = Some((shown_bound(min), shown_bound(max)));
            "real"
        }
        Some(SettingKind::Enum(values)) => {
            words = Some(values.iter().map(text).collect());
            "enum"
        }
        Some(SettingKind::Text) | None => "string",
    };
    let (min, max) = bounds.unzip();
    let optional = |value: Option<&str>| value.map_or(Value::Null, text);
    let default = each.setting.map_or("", |setting| setting.default);
    vec![
        ("name", text(each.name)),
        ("setting", text(each.value)),
        ("unit", optional(unit)),
        ("category", text(each.setting.map_or("Customized Options", |setting| setting.effect.category()))),
        ("short_desc", text(each.setting.map_or("", |setting| setting.effect.description()))),
        ("context", text(if each.setting.is_some_and(Setting::is_preset) { "internal" } else { "user" })),
        ("vartype", text(kind)),
        ("source", text(if each.is_changed { "session" } else { "default" })),
        ("min_val", optional(min.as_deref())),
        ("max_val", optional(max.as_deref())),
        ("enumvals", words.map_or(Value::Null, |words| Value::Array(Box::new(ColumnType::Text), words))),
        ("boot_val", text(default)),
        ("reset_val", text(default)),
        ("pending_restart", Value::Bool(false)),
    ]
}

pub fn extension() -> Vec<CatalogRow> {
    let row = |(name, version, number, schema, _): (&str, &str, u32, u32, &str)| -> CatalogRow {
        vec![
            ("oid", oid(number)),
            ("extname", text(name)),
            ("extowner", oid(OWNER_OID)),
            ("extnamespace", oid(schema)),
            ("extrelocatable", Value::Bool(false)),
            ("extversion", text(version)),
        ]
    };
    EXTENSIONS.into_iter().map(row).collect()
}

pub fn available_extensions() -> Vec<CatalogRow> {
    let row = |(name, version, _, _, comment): (&str, &str, u32, u32, &str)| -> CatalogRow {
        vec![
            ("name", text(name)),
            ("default_version", text(version)),
            ("installed_version", text(version)),
            ("comment", text(comment)),
        ]
    };
    EXTENSIONS.into_iter().map(row).collect()
}

pub fn available_extension_versions() -> Vec<CatalogRow> {
    let row = |(name, version, _, _, comment): (&str, &str, u32, u32, &str)| -> CatalogRow {
        vec![
            ("name", text(name)),
            ("version", text(version)),
            ("installed", Value::Bool(true)),
            ("superuser", Value::Bool(true)),
            ("trusted", Value::Bool(true)),
            ("relocatable", Value::Bool(false)),
            ("comment", text(comment)),
        ]
    };
    EXTENSIONS.into_iter().map(row).collect()
}

/// The OID of an extension that is here.
pub fn extension_oid(name: &str) -> Option<u32> {
    EXTENSIONS.into_iter().find(|(known, ..)| *known == name).map(|(_, _, number, ..)| number)
}

/// The comments that a new server has, on its extensions and on `public`, as long as nobody says others.
pub fn description(catalog: &Catalog) -> Vec<CatalogRow> {
    let row = |class: u32, number: u32, comment: &str| -> CatalogRow {
        vec![
            ("objoid", oid(number)),
            ("classoid", oid(class)),
            ("objsubid", Value::Int4(0)),
            ("description", text(comment)),
        ]
    };
    let own =
        EXTENSIONS.into_iter().map(|(_, _, number, _, comment)| (EXTENSION_CATALOG, "pg_extension", number, comment));
    let public = (NAMESPACE_CLASS, "pg_namespace", NAMESPACE_PUBLIC, "standard public schema");
    let unchanged =
        own.chain([public]).filter(|(_, of, number, _)| comment_on(catalog, *number, 0, Some(of)).is_none());
    unchanged.map(|(class, _, number, comment)| row(class, number, comment)).collect()
}

pub fn collation() -> Vec<CatalogRow> {
    [(COLLATION_DEFAULT, "default", "d", -1), (950, "C", "c", -1), (951, "POSIX", "c", -1)]
        .into_iter()
        .map(|(number, name, provider, encoding)| {
            vec![
                ("oid", oid(number)),
                ("collname", text(name)),
                ("collnamespace", oid(NAMESPACE_CATALOG)),
                ("collowner", oid(OWNER_OID)),
                ("collprovider", text(provider)),
                ("collisdeterministic", Value::Bool(true)),
                ("collencoding", Value::Int4(encoding)),
                ("collcollate", text("C")),
                ("collctype", text("C")),
            ]
        })
        .collect()
}

pub fn language() -> Vec<CatalogRow> {
    [(LANGUAGE_INTERNAL, "internal"), (LANGUAGE_SQL, "sql")]
        .into_iter()
        .map(|(number, name)| {
            vec![
                ("oid", oid(number)),
                ("lanname", text(name)),
                ("lanowner", oid(OWNER_OID)),
                ("lanpltrusted", Value::Bool(true)),
            ]
        })
        .collect()
}

/// The time zones that there are, as their clocks go now.
pub fn timezone_names() -> Vec<CatalogRow> {
    let now = Utc::now().timestamp_micros();
    let row = |zone: Zone| -> CatalogRow {
        let offset = Interval { micros: zone.offset_from(now), ..Interval::default() };
        vec![
            ("name", text(zone.name())),
            ("abbrev", text(zone.abbreviation_at(now))),
            ("utc_offset", Value::Interval(offset)),
            ("is_dst", Value::Bool(zone.is_summer_at(now))),
        ]
    };
    Zone::all().map(row).collect()
}
