//! The SQL text of indexes, constraints and defaults, as `pg_get_indexdef` and its siblings print it.

use crate::db::Catalog;
use crate::model::{Collection, DefaultValue, Index, IndexKind};
use crate::sql::pg_catalog::oids::{self, Object};
use crate::types::quote_identifier;

/// `CREATE INDEX …` for the index of that OID; `None` when there is none.
pub fn index_definition(catalog: &Catalog, oid: u32) -> Option<String> {
    let (collection, name, unique, method, keys) = match Object::find(catalog, oid)? {
        Object::PrimaryKey(collection) => {
            let keys = column_list(&collection, &collection.primary_key);
            let name = format!("{}_pkey", collection.name);
            (collection, name, true, "btree", keys)
        }
        Object::Index(collection, index) => {
            let keys = index_keys(&collection, &index);
            let (unique, method) = (index.kind.is_unique(), index.kind.access_method().name());
            (collection, index.name, unique, method, keys)
        }
        _ => return None,
    };
    let unique = if unique { "UNIQUE " } else { "" };
    let name = quote_identifier(&name);
    let table = quote_identifier(&collection.name);
    Some(format!("CREATE {unique}INDEX {name} ON public.{table} USING {method} ({keys}){}", options(catalog, oid)))
}

fn options(catalog: &Catalog, oid: u32) -> String {
    match Object::find(catalog, oid) {
        Some(Object::Index(_, Index { kind: IndexKind::Hnsw { m, ef_construction, .. }, .. })) => {
            format!(" WITH (m='{m}', ef_construction='{ef_construction}')")
        }
        _ => String::new(),
    }
}

/// The nth key of an index (from 1), as `pg_get_indexdef(oid, n, pretty)` prints it.
pub fn index_column(catalog: &Catalog, oid: u32, number: usize) -> Option<String> {
    let position = number.checked_sub(1)?;
    match Object::find(catalog, oid)? {
        Object::PrimaryKey(collection) => column_name(&collection, *collection.primary_key.get(position)?),
        Object::Index(collection, index) => match &index.kind {
            IndexKind::Ordered { columns, .. } => column_name(&collection, *columns.get(position)?),
            IndexKind::Hnsw { column, .. } if position == 0 => column_name(&collection, *column),
            IndexKind::Fact { path } if position == 0 => Some(fact_expression(path)),
            IndexKind::Hnsw { .. } | IndexKind::Fact { .. } => None,
        },
        _ => None,
    }
}

fn index_keys(collection: &Collection, index: &Index) -> String {
    match &index.kind {
        IndexKind::Ordered { columns, .. } => column_list(collection, columns),
        IndexKind::Fact { path } => fact_expression(path),
        IndexKind::Hnsw { column, operator_class, .. } => {
            format!("{} {operator_class}", column_name(collection, *column).unwrap_or_default())
        }
    }
}

/// The expression of an index over a fact.
pub fn fact_expression(path: &[String]) -> String {
    let steps: Vec<String> = path.iter().map(|step| step.replace('\'', "''")).collect();
    match steps.as_slice() {
        [key] => format!("((metadata ->> '{key}'::text))"),
        _ => format!("((metadata #>> '{{{}}}'::text[]))", steps.join(",")),
    }
}

pub fn column_list(collection: &Collection, positions: &[usize]) -> String {
    let names: Vec<String> = positions.iter().filter_map(|position| column_name(collection, *position)).collect();
    names.join(", ")
}

fn column_name(collection: &Collection, position: usize) -> Option<String> {
    collection.columns.get(position).map(|column| quote_identifier(&column.name).to_string())
}

/// The text of a column's default; an identity column has none.
pub fn default_expression(collection: &Collection, position: usize) -> Option<String> {
    match collection.columns.get(position)?.default.as_ref()? {
        DefaultValue::Sequence => {
            let sequence = quote_identifier(&oids::sequence_name(collection, position)).to_string();
            Some(format!("nextval('{}'::regclass)", sequence.replace('\'', "''")))
        }
        DefaultValue::GeneratedId => Some("uuidv7()".to_string()),
        DefaultValue::Expression(text) => Some(text.clone()),
        DefaultValue::Identity => None,
    }
}
