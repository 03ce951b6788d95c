//! `pg_depend`: what goes with what, and `pg_rewrite`, whose rules stand there for the queries of views. Objects of PostgreSQL's own
//! are pinned and stand nowhere in it.

use crate::db::{AUTH, Catalog, SYSTEM_SCHEMAS, SchemaPlace};
use crate::model::{DefaultValue, ViewUse};
use crate::sql::pg_catalog::oids::{self, NAMESPACE_PUBLIC, Object, VECTOR_EXTENSION};
use crate::sql::pg_catalog::relation::{self, CatalogRow, NEBULUS_SCHEMA, oid, text};
use crate::sql::pg_catalog::{procedures, sequences, types};
use crate::types::Value;

const PG_TYPE: u32 = 1247;
const PG_PROC: u32 = 1255;
const PG_CLASS: u32 = 1259;
const PG_AM: u32 = 2601;
const PG_ATTRDEF: u32 = 2604;
const PG_CAST: u32 = 2605;
const PG_NAMESPACE: u32 = 2615;
const PG_OPCLASS: u32 = 2616;
const PG_OPERATOR: u32 = 2617;
const PG_REWRITE: u32 = 2618;
const PG_OPFAMILY: u32 = 2753;
const PG_EXTENSION: u32 = 3079;

pub fn depend(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = sequences::depend(catalog);
    rows.extend(defaults(catalog));
    rows.extend(views(catalog));
    rows.extend(
        members()
            .into_iter()
            .chain(built_in(catalog))
            .map(|(class, object)| dependency((class, object), (PG_EXTENSION, i64::from(VECTOR_EXTENSION), 0), "e")),
    );
    rows
}

/// The rule that a view is of: its query.
pub fn rewrite_rules(catalog: &Catalog) -> Vec<CatalogRow> {
    let rule = |object: &Object| -> CatalogRow {
        vec![
            ("oid", oid(object.oid())),
            ("rulename", text("_RETURN")),
            ("ev_class", oid(object.oid())),
            ("ev_type", text("1")),
            ("ev_enabled", text("O")),
            ("is_instead", Value::Bool(true)),
            ("ev_qual", text("<>")),
        ]
    };
    Object::all(catalog).iter().filter(|object| read_by(object).is_some()).map(rule).collect()
}

/// What the query of a view reads; `None` of what has none.
fn read_by(object: &Object) -> Option<&[ViewUse]> {
    match object {
        Object::View(view) => Some(&view.uses),
        Object::Table(collection) => collection.materialized.as_ref().map(|kept| kept.uses.as_slice()),
        _ => None,
    }
}

/// `on` is the class, the OID, and the column of what the object needs.
fn dependency((class, object): (u32, i64), on: (u32, i64, i32), kind: &str) -> CatalogRow {
    vec![
        ("classid", oid(class)),
        ("objid", Value::Int8(object)),
        ("refclassid", oid(on.0)),
        ("refobjid", Value::Int8(on.1)),
        ("refobjsubid", Value::Int4(on.2)),
        ("deptype", text(kind)),
    ]
}

/// Defaults belong to their columns, and need the sequences that they draw from.
fn defaults(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections() {
        for (position, column) in collection.columns.iter().enumerate() {
            let own = i64::from(oids::column_oid(collection, position));
            let sequence = match &column.default {
                None | Some(DefaultValue::Identity) => continue,
                Some(DefaultValue::Sequence) => Some(own),
                Some(DefaultValue::Drawn(id)) => catalog.sequence_by_id(*id).map(|sequence| i64::from(sequence.oid())),
                Some(_) => None,
            };
            let place = i32::from(oids::attribute_number(Some(collection), position));
            rows.push(dependency((PG_ATTRDEF, own), (PG_CLASS, i64::from(collection.oid()), place), "a"));
            rows.extend(sequence.map(|sequence| dependency((PG_ATTRDEF, own), (PG_CLASS, sequence, 0), "n")));
        }
    }
    rows
}

/// The queries of views need the relations that they read.
fn views(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for object in Object::all(catalog) {
        let Some(uses) = read_by(&object) else { continue };
        let own = i64::from(object.oid());
        rows.push(dependency((PG_REWRITE, own), (PG_CLASS, own, 0), "i"));
        let read = uses.iter().map(|used| (PG_CLASS, i64::from(used.relation.oid()), 0));
        rows.extend(read.map(|read| dependency((PG_REWRITE, own), read, "n")));
    }
    rows
}

/// What every server has of its own, and no dump is to make anew: the schema `nebulus`, the facts as columns, and secrets, which
/// leave a server only where somebody asks for them.
fn built_in(catalog: &Catalog) -> Vec<(u32, i64)> {
    let schema = SYSTEM_SCHEMAS.into_iter().find(|schema| *schema == NEBULUS_SCHEMA);
    let schema = schema.map(|schema| (PG_NAMESPACE, i64::from(oids::namespace_of(SchemaPlace::System(schema)))));
    let tables = relation::all().iter().filter(|table| table.schema == NEBULUS_SCHEMA);
    let tables = tables.map(|table| (PG_CLASS, i64::from(table.oid)));
    let auth = catalog.collection(AUTH).map(|auth| (PG_CLASS, i64::from(auth.oid())));
    let facts = (PG_CLASS, i64::from(Object::MemoryFacts.oid()));
    schema.into_iter().chain(tables).chain(auth).chain([facts]).collect()
}

/// What came with the extension: all that lies in `public` without being a table of somebody's, its casts and its access method.
fn members() -> Vec<(u32, i64)> {
    let in_public = |row: &CatalogRow, namespace: &str| number(row, namespace) == Some(i64::from(NAMESPACE_PUBLIC));
    let mut found = Vec::new();
    let mut note = |class: u32, rows: Vec<CatalogRow>, is_member: &dyn Fn(&CatalogRow) -> bool| {
        found.extend(rows.iter().filter(|row| is_member(row)).filter_map(|row| Some((class, number(row, "oid")?))));
    };
    note(PG_TYPE, types::own_types(), &|row| in_public(row, "typnamespace"));
    note(PG_PROC, procedures::procedures(), &|row| in_public(row, "pronamespace"));
    note(PG_OPERATOR, types::operator(), &|row| in_public(row, "oprnamespace"));
    note(PG_OPCLASS, types::opclass(), &|row| in_public(row, "opcnamespace"));
    note(PG_OPFAMILY, types::opfamily(), &|row| in_public(row, "opfnamespace"));
    note(PG_AM, types::access_method(), &|row| number(row, "oid") >= Some(i64::from(VECTOR_EXTENSION)));
    let is_own = |ty: Option<i64>| ty >= Some(i64::from(VECTOR_EXTENSION));
    note(PG_CAST, types::cast(), &|row| is_own(number(row, "castsource")) || is_own(number(row, "casttarget")));
    found
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
        let of = |class: u32| members.iter().filter(|(member, _)| *member == class).count();
        assert_eq!(of(PG_TYPE), 6);
        assert_eq!(of(PG_AM), 2);
        assert!(of(PG_PROC) > 90 && of(PG_OPERATOR) > 30 && of(PG_CAST) > 10 && of(PG_OPCLASS) > 7);
    }
}
