//! The SQL text of indexes, constraints and defaults, as `pg_get_indexdef` and its siblings print it.

use crate::db::{Catalog, SearchPath, shown_expression};
use crate::model::{Collection, DefaultValue, Index, IndexKey, IndexKind, Sequence};
use crate::sql::pg_catalog::kept_texts::expression_in;
use crate::sql::pg_catalog::lookup::written_name;
use crate::sql::pg_catalog::names::extension_schema;
use crate::sql::pg_catalog::oids::Object;
use crate::sql::pg_catalog::sequences::drawn_text;
use crate::sql::pg_catalog::user_types::shown_type;
use crate::types::{ColumnType, IndexTerms, quote_identifier};

/// `CREATE INDEX …` for the index of that OID; `None` when there is none.
pub fn index_definition((catalog, path): (&Catalog, &SearchPath), oid: u32) -> Option<String> {
    let (collection, name, unique, method, keys) = match Object::find(catalog, oid)? {
        Object::PrimaryKey(collection) => {
            let keys = column_list(&collection, &collection.primary_key);
            let name = format!("{}_pkey", collection.name);
            (collection, name, true, "btree", keys)
        }
        Object::Index(collection, index) => {
            let keys = index_keys(&collection, &index, (catalog, path));
            let (unique, method) = (index.kind.is_unique(), index.kind.access_method().name());
            (collection, index.name, unique, method, keys)
        }
        _ => return None,
    };
    let unique = if unique { "UNIQUE " } else { "" };
    let name = quote_identifier(&name);
    let table = written_name(&collection.relation(), catalog);
    Some(format!("CREATE {unique}INDEX {name} ON {table} USING {method} ({keys}){}", options((catalog, path), oid)))
}

fn options((catalog, path): (&Catalog, &SearchPath), oid: u32) -> String {
    match Object::find(catalog, oid) {
        Some(Object::Index(_, Index { kind: IndexKind::Nearest { lists: Some(lists), .. }, .. })) => {
            format!(" WITH (lists='{lists}')")
        }
        Some(Object::Index(_, Index { kind: IndexKind::Nearest { m, ef_construction, .. }, .. })) => {
            format!(" WITH (m='{m}', ef_construction='{ef_construction}')")
        }
        Some(Object::Index(_, index)) => {
            let nulls = if index.kind.counts_nulls() { " NULLS NOT DISTINCT" } else { "" };
            let condition = index_condition(&index);
            let condition = condition.map(|condition| format!(" WHERE {}", expression_in(&condition, path, catalog)));
            format!("{nulls}{}", condition.unwrap_or_default())
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
            IndexKind::Nearest { column, .. } if position == 0 => column_name(&collection, *column),
            IndexKind::Keys(keys) => {
                key_text(&collection, keys.keys.get(position)?, (catalog, &SearchPath::of_definitions()))
            }
            IndexKind::Fact { path } if position == 0 => Some(fact_expression(path)),
            IndexKind::Nearest { .. } | IndexKind::Fact { .. } => None,
        },
        _ => None,
    }
}

fn index_keys(collection: &Collection, index: &Index, (catalog, path): (&Catalog, &SearchPath)) -> String {
    match &index.kind {
        IndexKind::Ordered { columns, .. } => column_list(collection, columns),
        IndexKind::Keys(keys) => {
            let class = if keys.terms == Some(IndexTerms::Paths) { " jsonb_path_ops" } else { "" };
            let texts = keys.keys.iter().filter_map(|key| key_text(collection, key, (catalog, path)));
            texts.collect::<Vec<_>>().join(", ") + class
        }
        IndexKind::Fact { path } => fact_expression(path),
        IndexKind::Nearest { column, operator_class, lists, .. } => {
            let column = column_name(collection, *column).unwrap_or_default();
            // pgvector has a default class for lists of vectors alone, which is not named.
            match lists.is_some() && operator_class == "vector_l2_ops" {
                true => column,
                false => format!("{column} {}{operator_class}", extension_schema(path)),
            }
        }
    }
}

/// One key of an index: a column, or an expression in parentheses where it is no call.
fn key_text(collection: &Collection, key: &IndexKey, (catalog, path): (&Catalog, &SearchPath)) -> Option<String> {
    match key {
        IndexKey::Column(position) => column_name(collection, *position),
        IndexKey::Expression(expression) => Some(shown_expression(&expression_in(&expression.text, path, catalog))),
    }
}

/// The expressions among the keys of an index, as `pg_index.indexprs` has them.
pub fn index_expressions(index: &Index) -> Option<String> {
    match &index.kind {
        IndexKind::Fact { path } => Some(fact_expression(path)),
        IndexKind::Keys(keys) => {
            let texts = keys.keys.iter().filter_map(|key| match key {
                IndexKey::Column(_) => None,
                IndexKey::Expression(expression) => Some(shown_expression(&expression.text)),
            });
            let texts: Vec<String> = texts.collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        IndexKind::Ordered { .. } | IndexKind::Nearest { .. } => None,
    }
}

/// The condition on the rows that an index holds.
pub fn index_condition(index: &Index) -> Option<String> {
    match &index.kind {
        IndexKind::Keys(keys) => keys.condition.as_ref().map(|condition| format!("({})", condition.text)),
        IndexKind::Ordered { .. } | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => None,
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
pub fn default_expression(
    collection: &Collection,
    position: usize,
    (catalog, path): (&Catalog, &SearchPath),
) -> Option<String> {
    let column = collection.columns.get(position).filter(|column| column.identity().is_none())?;
    match column.default.as_ref()? {
        DefaultValue::Sequence => Some(drawn_text(&Sequence::of_column(collection, position)?, (catalog, path))),
        DefaultValue::Drawn(sequence) => Some(drawn_text(catalog.sequence_by_id(*sequence)?, (catalog, path))),
        DefaultValue::GeneratedId => Some("uuidv7()".to_string()),
        DefaultValue::Expression(text) => {
            let text = expression_in(text, path, catalog);
            Some(default_text(&text, &collection.columns.get(position)?.ty, (catalog, path)))
        }
        DefaultValue::Identity => None,
        DefaultValue::Computed(computed) => Some(shown_expression(&expression_in(&computed.text, path, catalog))),
    }
}

/// A default as it is shown: a label, or the text of an array of labels, alone with its type.
fn default_text(text: &str, ty: &ColumnType, (catalog, path): (&Catalog, &SearchPath)) -> String {
    let is_label = |text: &str| text.len() > 1 && text.starts_with('\'') && text.find("'::").is_none();
    if ty.enumerated().is_none() || !is_label(text) || !text.ends_with('\'') {
        return text.to_string();
    }
    let shown = shown_type(Some(ty.oid()), None, (catalog, path)).unwrap_or_default();
    format!("{text}::{shown}")
}
