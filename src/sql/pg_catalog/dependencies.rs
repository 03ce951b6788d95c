//! `pg_depend`: what goes with what. Objects of PostgreSQL's own are pinned and stand nowhere in it.

use crate::db::Catalog;
use crate::sql::pg_catalog::oids::{NAMESPACE_PUBLIC, VECTOR_EXTENSION};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::{procedures, sequences, types};
use crate::types::Value;

const PG_TYPE: u32 = 1247;
const PG_PROC: u32 = 1255;
const PG_AM: u32 = 2601;
const PG_CAST: u32 = 2605;
const PG_OPCLASS: u32 = 2616;
const PG_OPERATOR: u32 = 2617;
const PG_OPFAMILY: u32 = 2753;
const PG_EXTENSION: u32 = 3079;

pub fn depend(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = sequences::depend(catalog);
    rows.extend(members());
    rows
}

/// What came with the extension: all that lies in `public` without being a table of somebody's, its casts and its access method.
fn members() -> Vec<CatalogRow> {
    let in_public = |row: &CatalogRow, namespace: &str| number(row, namespace) == Some(i64::from(NAMESPACE_PUBLIC));
    let mut found = Vec::new();
    let mut note = |class: u32, rows: Vec<CatalogRow>, is_member: &dyn Fn(&CatalogRow) -> bool| {
        found.extend(rows.iter().filter(|row| is_member(row)).filter_map(|row| Some((class, number(row, "oid")?))));
    };
    note(PG_TYPE, types::types(), &|row| in_public(row, "typnamespace"));
    note(PG_PROC, procedures::procedures(), &|row| in_public(row, "pronamespace"));
    note(PG_OPERATOR, types::operator(), &|row| in_public(row, "oprnamespace"));
    note(PG_OPCLASS, types::opclass(), &|row| in_public(row, "opcnamespace"));
    note(PG_OPFAMILY, types::opfamily(), &|row| in_public(row, "opfnamespace"));
    note(PG_AM, types::access_method(), &|row| number(row, "oid") >= Some(i64::from(VECTOR_EXTENSION)));
    let is_own = |ty: Option<i64>| ty >= Some(i64::from(VECTOR_EXTENSION));
    note(PG_CAST, types::cast(), &|row| is_own(number(row, "castsource")) || is_own(number(row, "casttarget")));
    let member = |(class, object): (u32, i64)| {
        vec![
            ("classid", oid(class)),
            ("objid", Value::Int8(object)),
            ("refclassid", oid(PG_EXTENSION)),
            ("refobjid", oid(VECTOR_EXTENSION)),
            ("deptype", text("e")),
        ]
    };
    found.into_iter().map(member).collect()
}

fn number(row: &CatalogRow, column: &str) -> Option<i64> {
    row.iter().find(|(name, _)| *name == column).and_then(|(_, value)| value.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_and_function_of_the_extension_is_its_member() {
        let members = members();
        let of = |class: u32| members.iter().filter(|row| number(row, "classid") == Some(i64::from(class))).count();
        assert_eq!(of(PG_TYPE), 6);
        assert_eq!(of(PG_AM), 1);
        assert!(of(PG_PROC) > 90 && of(PG_OPERATOR) > 30 && of(PG_CAST) > 10 && of(PG_OPCLASS) > 7);
    }
}
