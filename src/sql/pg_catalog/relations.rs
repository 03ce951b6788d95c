//! The catalogs of relations: `pg_class`, `pg_attribute`, `pg_attrdef`, `pg_index`, `pg_constraint`.

use crate::db::{Catalog, MEMORY, ReadView, SearchPath};
use crate::model::{Collection, Column, DefaultValue, IdentityKind, IndexKeys, IndexKind, IndexState, RoleId};
use crate::sql::pg_catalog::constraints::has_references;
use crate::sql::pg_catalog::definitions;
use crate::sql::pg_catalog::oids::{self, COLLATION_DEFAULT, METHOD_GIN, METHOD_HNSW, METHOD_IVFFLAT, Object};
use crate::sql::pg_catalog::relation::{CatalogRow, numbers, oid, oids as oid_array, small, text};
use crate::sql::pg_catalog::roles::{acl, owner_of, reads_facts, target_of};
use crate::sql::pg_catalog::types;
use crate::types::{ColumnType, Value};

/// The columns of a relation; those of `memory_facts` are the facts that occur.
pub fn columns(object: &Object, view: &ReadView) -> Vec<(String, ColumnType, bool)> {
    match (object, view.catalog().collection(MEMORY)) {
        (Object::MemoryFacts, Some(memory)) => {
            let id = ("id".to_string(), ColumnType::Text, false);
            let facts = view.fact_columns(memory).into_iter().map(|(name, ty)| (name, ty, false));
            std::iter::once(id).chain(facts).collect()
        }
        _ => object.columns(),
    }
}

pub fn class(view: &ReadView, who: RoleId) -> Vec<CatalogRow> {
    let objects = Object::all(view.catalog());
    let shows_facts = reads_facts(view.catalog(), who);
    objects.iter().map(|object| class_row(object, view, shows_facts)).collect()
}

fn class_row(object: &Object, view: &ReadView, shows_facts: bool) -> CatalogRow {
    // Whoever may not read the facts is not told how many there are.
    let is_told = shows_facts || !matches!(object, Object::MemoryFacts);
    let count = if is_told { columns(object, view).len() } else { 0 };
    let has_index = match object {
        Object::Table(collection) => !collection.indexes.is_empty() || !collection.primary_key.is_empty(),
        _ => false,
    };
    let options = match object {
        Object::Index(_, index) => match &index.kind {
            IndexKind::Nearest { lists: Some(lists), .. } => {
                Value::Array(Box::new(ColumnType::Text), vec![text(format!("lists={lists}"))])
            }
            IndexKind::Nearest { m, ef_construction, .. } => Value::Array(
                Box::new(ColumnType::Text),
                vec![text(format!("m={m}")), text(format!("ef_construction={ef_construction}"))],
            ),
            _ => Value::Null,
        },
        _ => Value::Null,
    };
    let (checks, has_references) = match object {
        Object::Table(collection) => (collection.checks.len(), has_references(view.catalog(), collection)),
        _ => (0, false),
    };
    let kept = match object {
        Object::Table(collection) => collection.materialized.as_deref(),
        _ => None,
    };
    vec![
        ("oid", oid(object.oid())),
        ("relname", text(object.name())),
        ("relnamespace", oid(object.namespace())),
        ("relowner", oid(owner_of(view.catalog(), object).oid())),
        ("relacl", acl_of(view.catalog(), object)),
        ("relam", oid(object.access_method())),
        ("relfilenode", oid(object.oid())),
        ("reltuples", Value::Float4(-1.0)),
        ("relhasindex", Value::Bool(has_index)),
        ("relpersistence", text(if object.is_temporary() { "t" } else { "p" })),
        ("relkind", text(object.kind())),
        ("relnatts", small(count)),
        ("relhasrules", Value::Bool(matches!(object, Object::View(..)) || kept.is_some())),
        ("relchecks", small(checks)),
        // Foreign keys are triggers in PostgreSQL, and clients look for them only where there are some.
        ("relhastriggers", Value::Bool(has_references)),
        ("relispopulated", Value::Bool(kept.is_none_or(|kept| kept.is_populated))),
        ("relreplident", text(if matches!(object.kind(), "r" | "m") { "d" } else { "n" })),
        ("reloptions", options),
    ]
}

/// What was granted on a relation; NULL where nothing was, and of an index.
fn acl_of(catalog: &Catalog, object: &Object) -> Value {
    match object {
        Object::PrimaryKey(_) | Object::Index(..) => Value::Null,
        object => target_of(object).map_or(Value::Null, |target| acl(catalog, target)),
    }
}

pub fn attribute(view: &ReadView, who: RoleId) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    let shows_facts = reads_facts(view.catalog(), who);
    for object in Object::all(view.catalog()) {
        if matches!(object, Object::MemoryFacts) && !shows_facts {
            continue;
        }
        let collection = match &object {
            Object::Table(collection) => Some(collection.as_ref()),
            _ => None,
        };
        for (position, (name, ty, not_null)) in columns(&object, view).into_iter().enumerate() {
            let column = collection.and_then(|collection| collection.columns.get(position));
            let number = oids::attribute_number(collection, position);
            rows.push(attribute_row(object.oid(), number, &name, &ty, not_null, column));
        }
    }
    rows
}

fn attribute_row(
    relation: u32,
    number: i16,
    name: &str,
    ty: &ColumnType,
    not_null: bool,
    column: Option<&Column>,
) -> CatalogRow {
    let default = column.and_then(|column| column.default.as_ref());
    let identity = match column.and_then(Column::identity) {
        Some(IdentityKind::Always) => "a",
        Some(IdentityKind::ByDefault) => "d",
        None => "",
    };
    let generated = match default {
        Some(DefaultValue::Computed(computed)) if computed.is_virtual => "v",
        Some(DefaultValue::Computed(_)) => "s",
        _ => "",
    };
    let is_of_domain = column.is_some_and(|column| column.domain.is_some());
    let collation = if types::is_collatable(ty) { COLLATION_DEFAULT } else { 0 };
    let dimensions = i16::from(ty.element().is_some());
    vec![
        ("attrelid", oid(relation)),
        ("attname", text(name)),
        ("atttypid", oid(column.and_then(Column::domain_type).map_or(ty.oid(), |domain| domain.oid()))),
        ("attlen", Value::Int2(ty.length())),
        ("attnum", Value::Int2(number)),
        ("atttypmod", Value::Int4(if is_of_domain { -1 } else { ty.modifier() })),
        ("attndims", Value::Int2(dimensions)),
        ("attbyval", Value::Bool(types::is_by_value(ty))),
        ("attalign", text(types::alignment(ty))),
        ("attstorage", text(types::storage(ty))),
        ("attnotnull", Value::Bool(not_null)),
        ("atthasdef", Value::Bool(default.is_some() && identity.is_empty())),
        ("attidentity", text(identity)),
        ("attgenerated", text(generated)),
        ("attislocal", Value::Bool(true)),
        ("attcollation", oid(collation)),
    ]
}

pub fn attribute_default(catalog: &Catalog, path: &SearchPath) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections() {
        for position in 0..collection.columns.len() {
            if let Some(expression) = definitions::default_expression(collection, position, (catalog, path)) {
                rows.push(vec![
                    ("oid", oid(oids::column_oid(collection, position))),
                    ("adrelid", oid(collection.oid())),
                    ("adnum", Value::Int2(oids::attribute_number(Some(collection), position))),
                    ("adbin", text(expression)),
                ]);
            }
        }
    }
    rows
}

pub fn index(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections() {
        if !collection.primary_key.is_empty() {
            let keys: Vec<Option<usize>> = collection.primary_key.iter().copied().map(Some).collect();
            let (key, state) = (oids::primary_key_oid(collection), IndexState::Ready);
            rows.push(index_row(collection, (key, state), &keys, true, true, None, None));
        }
        for index in &collection.indexes {
            let class = match &index.kind {
                IndexKind::Nearest { operator_class, lists, .. } => {
                    Some((if lists.is_some() { METHOD_IVFFLAT } else { METHOD_HNSW }, operator_class.as_str()))
                }
                IndexKind::Keys(IndexKeys { terms: Some(terms), .. }) => Some((METHOD_GIN, terms.operator_class())),
                IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } => None,
            };
            let keys = index.kind.key_positions();
            let own = (index.id.oid(), index.state);
            let expressions = definitions::index_expressions(index);
            let mut row = index_row(collection, own, &keys, index.kind.is_unique(), false, class, expressions);
            row.push(("indpred", definitions::index_condition(index).map_or(Value::Null, text)));
            row.push(("indnullsnotdistinct", Value::Bool(index.kind.counts_nulls())));
            rows.push(row);
        }
    }
    rows
}

fn index_row(
    collection: &Collection,
    (index, state): (u32, IndexState),
    keys: &[Option<usize>],
    unique: bool,
    primary: bool,
    class: Option<(u32, &str)>,
    expression: Option<String>,
) -> CatalogRow {
    let column_types: Vec<ColumnType> = keys
        .iter()
        .map(|key| key.and_then(|key| collection.columns.get(key)).map_or(ColumnType::Text, |column| column.ty.clone()))
        .collect();
    let collations = column_types.iter().map(|ty| if types::is_collatable(ty) { COLLATION_DEFAULT } else { 0 });
    let attributes = keys.iter().map(|key| key.map_or(0, |key| oids::attribute_number(Some(collection), key)));
    vec![
        ("indexrelid", oid(index)),
        ("indrelid", oid(collection.oid())),
        ("indnatts", small(keys.len())),
        ("indnkeyatts", small(keys.len())),
        ("indisunique", Value::Bool(unique)),
        ("indisprimary", Value::Bool(primary)),
        ("indimmediate", Value::Bool(true)),
        ("indisvalid", Value::Bool(state.is_ready())),
        ("indisready", Value::Bool(state.is_followed())),
        ("indislive", Value::Bool(true)),
        ("indkey", numbers(attributes)),
        ("indcollation", oid_array(collations)),
        ("indclass", oid_array(column_types.iter().map(|ty| types::operator_class(ty, class)))),
        ("indoption", numbers(keys.iter().map(|_| 0))),
        ("indexprs", expression.map_or(Value::Null, text)),
    ]
}
