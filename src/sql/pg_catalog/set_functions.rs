//! Functions of PostgreSQL that return the rows of a catalog, for use in FROM: they are relations that no catalog lists.

use std::sync::LazyLock;

use datafusion::catalog::MemTable;

use crate::error::Result;
use crate::sql::arrow::context::ReadContext;
use crate::sql::pg_catalog::relation::{self, CatalogRelation, CatalogRow, text};
use crate::sql::pg_catalog::{cluster, schema};
use crate::types::Value;

/// Functions that a view of `pg_catalog` is made of, with all of its columns.
const VIEWS: &[(&str, &str)] = &[
    ("pg_cursor", "pg_cursors"),
    ("pg_lock_status", "pg_locks"),
    ("pg_prepared_statement", "pg_prepared_statements"),
    ("pg_show_all_settings", "pg_settings"),
    ("pg_timezone_abbrevs", "pg_timezone_abbrevs"),
    ("pg_timezone_names", "pg_timezone_names"),
];

/// Functions with columns of their own, in the form of `columns.txt`.
const OWN: &[&str] = &[
    "pg_catalog.pg_available_extensions name:name default_version:text comment:text",
    "pg_catalog.pg_get_keywords word:text catcode:char barelabel:bool catdesc:text baredesc:text",
];

static RELATIONS: LazyLock<Vec<CatalogRelation>> =
    LazyLock::new(|| OWN.iter().filter_map(|line| relation::parse(0, line)).collect());

/// Whether a function of that name is one of these.
pub fn is_set_function(name: &str) -> bool {
    VIEWS.iter().any(|(function, _)| *function == name) || RELATIONS.iter().any(|relation| relation.name == name)
}

/// The names of these functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    VIEWS.iter().map(|(function, _)| *function).chain(RELATIONS.iter().map(|relation| relation.name))
}

/// What the function returns for this statement; `None` for another function.
///
/// # Errors
/// As [`CatalogRelation::table`].
pub fn set_function(name: &str, context: &ReadContext) -> Result<Option<MemTable>> {
    if let Some((_, view)) = VIEWS.iter().find(|(function, _)| *function == name) {
        let Some(relation) = relation::find("pg_catalog", view) else { return Ok(None) };
        return relation.table(schema::catalog_rows(view, context)).map(Some);
    }
    let Some(relation) = RELATIONS.iter().find(|relation| relation.name == name) else { return Ok(None) };
    let rows = if name == "pg_get_keywords" { keywords() } else { available_extensions() };
    relation.table(rows).map(Some)
}

fn available_extensions() -> Vec<CatalogRow> {
    let shown = |row: CatalogRow| row.into_iter().filter(|(column, _)| *column != "installed_version").collect();
    cluster::available_extensions().into_iter().map(shown).collect()
}

/// The words of PostgreSQL 18's grammar, each with its category and whether it can be a label without AS.
fn keywords() -> Vec<CatalogRow> {
    let row = |line: &'static str| -> Option<CatalogRow> {
        let mut parts = line.split(' ');
        let (word, category, label) = (parts.next()?, parts.next()?, parts.next()?);
        let is_label = label == "t";
        let description = match category {
            "U" => "unreserved",
            "C" => "unreserved (cannot be function or type name)",
            "T" => "reserved (can be function or type name)",
            _ => "reserved",
        };
        Some(vec![
            ("word", text(word)),
            ("catcode", text(category)),
            ("barelabel", Value::Bool(is_label)),
            ("catdesc", text(description)),
            ("baredesc", text(if is_label { "can be bare label" } else { "requires AS" })),
        ])
    };
    include_str!("keywords.txt").lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_relation() {
        assert_eq!(RELATIONS.len(), OWN.len());
        for (function, view) in VIEWS {
            assert!(relation::find("pg_catalog", view).is_some(), "{function}");
        }
        assert_eq!(keywords().len(), include_str!("keywords.txt").lines().count());
    }
}
